package fashiontrade

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestParseInstant(t *testing.T) {
	for text, want := range map[string]string{
		"1989-02-17T00:00:00Z":                "1989-02-17T00:00:00Z",
		"1989-02-17T00:00:00+01:00":           "1989-02-16T23:00:00Z",
		"1989-02-17T00:00:00-09:30":           "1989-02-17T09:30:00Z",
		"2024-02-29T23:59:59.5Z":              "2024-02-29T23:59:59.5Z",
		"2024-02-29T23:59:59.123456789+00:00": "2024-02-29T23:59:59.123456789Z",
		"0001-01-01T00:00:00Z":                "0001-01-01T00:00:00Z",
	} {
		if got, ok := parseInstant([]byte(text)); !ok || got.Format(time.RFC3339Nano) != want {
			t.Errorf("parseInstant(%q) = %v, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "Z", "2026-03-01", "2026-03-01T00:00:00", "2026-03-01T00:00Z", "2026-3-01T00:00:00Z",
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z",
		"2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01 00:00:00Z",
		"2026-01-01t00:00:00z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00.0123456789Z", "2026-01-01T00:00:00,5Z",
		"2026-01-01T00:00:00+0100", "2026-01-01T00:00:00+1:00", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00+01:60",
		"2026-01-01T00:00:00 +01:00", "+2026-01-01T00:00:00Z", "2026-01-01T00:00:00ZZ", "2026-01-01T00:00:00+aa:00"} {
		if got, ok := parseInstant([]byte(text)); ok {
			t.Errorf("parseInstant(%q) = %v, want none", text, got)
		}
	}
}

// TestInstantsAreThoseOfTime writes random instants in random zones and reads them back.
func TestInstantsAreThoseOfTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(-60e9, 250e9).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nano"))
		at = at.In(time.FixedZone("", 60*rapid.IntRange(-23*60, 23*60).Draw(t, "offset")))
		if at.Year() < 0 || at.Year() > 9999 {
			t.Skip("no four digits")
		}
		text := at.Format(time.RFC3339Nano)
		if got, ok := parseInstant([]byte(text)); !ok || !got.Equal(at) {
			t.Fatalf("parseInstant(%q) = %v, %v", text, got, ok)
		}
	})
}

// FuzzInstants holds parseInstant against the standard library, which takes more.
func FuzzInstants(f *testing.F) {
	f.Add("1989-02-17T00:00:00+01:00")
	f.Add("2024-02-29T23:59:59.999999999Z")
	f.Fuzz(func(t *testing.T, text string) {
		got, ok := parseInstant([]byte(text))
		if want, err := time.Parse(time.RFC3339Nano, text); ok && (err != nil || !got.Equal(want)) {
			t.Errorf("parseInstant(%q) = %v, the standard library says %v, %v", text, got, want, err)
		}
		if ok && withoutZone([]byte(text)) {
			t.Errorf("%q has a zone and lacks it", text)
		}
	})
}

func TestDatesAreExplained(t *testing.T) {
	for _, test := range []struct{ text, rule, suggestion string }{
		{"2026-03-01T00:00:00Z", "", ""},
		{"2026-03-01", "date.zone", "2026-03-01T23:59:59Z"},
		{"2026-03-01T08:30", "date.zone", "2026-03-01T08:30:00Z"},
		{"2026-03-01 08:30:15", "date.zone", "2026-03-01T08:30:15Z"},
		{"2026-03-01T08:30:15.25", "date.zone", "2026-03-01T08:30:15.25Z"},
		{"2026-03-01 08:30:15Z", "date.format", "2026-03-01T08:30:15Z"},
		{"2026-03-01 08:30:15 +01:00", "date.format", "2026-03-01T08:30:15+01:00"},
		{"2026-03-01T08:30:15+0100", "date.format", "2026-03-01T08:30:15+01:00"},
		{"2026-03-01t08:30:15z", "date.format", "2026-03-01T08:30:15Z"},
		{"2026-03-01 08:30:15 UTC", "date.format", "2026-03-01T08:30:15Z"},
		{"2026-02-30", "date.format", ""},
		{"01.03.2026", "date.format", ""},
		{"03/01/2026", "date.format", ""},
		{strings.Repeat("2", 4000), "date.format", ""},
	} {
		rule, suggestion := "", ""
		for _, check := range dateChecks("T23:59:59Z") {
			if !check.OK([]byte(test.text)) {
				rule = check.Rule.ID
				_, suggestion = check.Explain(test.text)
			}
		}
		if rule != test.rule || suggestion != test.suggestion {
			t.Errorf("%q: %s, %q, want %s, %q", test.text, rule, suggestion, test.rule, test.suggestion)
		}
	}
}

func TestDatesAreCheckedWithoutAllocation(t *testing.T) {
	values := [][]byte{[]byte("2026-03-01T00:00:00+01:00"), []byte("2026-03-01"), []byte("soon")}
	checks := dateChecks("T00:00:00Z")
	if n := testing.AllocsPerRun(100, func() {
		for _, value := range values {
			for i := range checks {
				checks[i].OK(value)
			}
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCanonicalWindows(t *testing.T) {
	w := DateRange{StartDate: "2026-03-01T00:00:00.500+01:00", EndDate: "never", Type: "ClosedDateRange"}
	w.canonical()
	want := DateRange{StartDate: "2026-02-28T23:00:00.5Z", EndDate: "never", Type: "ClosedDateRange"}
	if diff := cmp.Diff(want, w); diff != "" {
		t.Error(diff)
	}
}
