package vendors

import (
	"regexp"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestIsInstant(t *testing.T) {
	for text, want := range map[string]bool{
		"2026-03-01T18:40:00Z": true, "2026-03-01T18:40:00.5Z": true, "2026-03-01T18:40:00.123456789+01:00": true, "2024-02-29T00:00:00-23:59": true,
		"2026-02-29T00:00:00Z": false, "2026-13-01T00:00:00Z": false, "2026-03-01T24:00:00Z": false, "2026-03-01T9:40:00Z": false,
		"2026-03-01T9:40:00+01:00": false, "2026-03-01T18:40:00,5Z": false, "2026-03-01T18:40:00.Z": false, "2026-03-01T18:40:00.1234567890Z": false,
		"2026-03-01T18:40:00+24:00": false, "2026-03-01T18:40:00+01:60": false, "2026-03-01T18:40:00+0100": false, "2026-03-01T18:40:00+01": false,
		"2026-03-01t18:40:00z": false, "2026-03-01 18:40:00Z": false, "2026-03-01T18:40Z": false, "2026-03-01": false, "": false,
		"2026-03-01T18:40:00": false, "２026-03-01T18:40:00Z": false,
	} {
		if got := IsInstant([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if text := []byte("2026-03-01T18:40:00.123+01:00"); testing.AllocsPerRun(100, func() { IsInstant(text) }) > 0 {
		t.Error("it allocates")
	}
}

// TestIsInstantIsNarrowerThanTime compares it with a pattern and the package time.
func TestIsInstantIsNarrowerThanTime(t *testing.T) {
	form := regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`(19|20)\d\d-[01]\d-[0-3]\d[Tt ]\d?\d:[0-6]\d:[0-6]\d([.,]\d{0,10})?(Z|z|[+-][0-3]\d:?[0-7]\d)?`).Draw(t, "text")
		_, err := time.Parse(time.RFC3339, text)
		if got, want := IsInstant([]byte(text)), err == nil && form.MatchString(text); got != want {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	})
}
