package sandbox

import "net/http"

// faire plays Faire's API.
var faire = &vendor{
	name: "faire",
	path: "/external-api/v2",
	play: func(s *stage) func(*call) answer {
		return func(*call) answer { return message(http.StatusNotFound, "not found") }
	},
}
