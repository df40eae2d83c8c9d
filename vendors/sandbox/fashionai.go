package sandbox

import "net/http"

// fashionAI plays Fashion.AI's API.
var fashionAI = &vendor{
	name: "fashionai",
	path: "/fashionai/recommendation",
	play: func(s *stage) func(*call) answer {
		return func(*call) answer { return message(http.StatusNotFound, "not found") }
	},
}
