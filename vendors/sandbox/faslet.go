package sandbox

import "net/http"

// faslet plays Faslet's API.
var faslet = &vendor{
	name: "faslet",
	path: "/faslet/public",
	play: func(s *stage) func(*call) answer {
		return func(*call) answer { return message(http.StatusNotFound, "not found") }
	},
}
