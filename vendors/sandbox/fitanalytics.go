package sandbox

import "net/http"

// fitAnalytics plays Fit Analytics's API.
var fitAnalytics = &vendor{
	name: "fitanalytics",
	path: "/fitanalytics",
	play: func(s *stage) func(*call) answer {
		return func(*call) answer { return message(http.StatusNotFound, "not found") }
	},
}
