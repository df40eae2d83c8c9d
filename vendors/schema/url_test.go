package schema

import (
	"testing"

	"pgregory.net/rapid"
)

func TestPlainURLsAreURLs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`https?://[a-zA-Z0-9._/-]{0,12}`), rapid.StringMatching(`[htps:/.a@%? ]{0,12}`),
			rapid.Map(rapid.String(), func(s string) string { return "http://" + s })).Draw(t, "text")
		if isPlainURL([]byte(text)) && !isURL(text) {
			t.Fatalf("%q is plain, but no URL", text)
		}
	})
}

func TestURL(t *testing.T) {
	for text, want := range map[string]bool{
		"https://a.example/1.jpg": true, "http://a.example": true, "https://a.example:8080/x?y=%20#z": true,
		"HTTPS://A.example/x": true, "https://é.example/ü.jpg": true,
		"": false, "https://": false, "https:///x": false, "ftp://a.example/x": false, "a.example/x": false,
		"//a.example/x": false, "https://a.example/a b": false, "https://a.example/%zz": false, "mailto:a@a.example": false,
	} {
		if got := URL.fault([]byte(text)) == ""; got != want {
			t.Errorf("%q is a URL: %v, want %v", text, got, want)
		}
	}
}
