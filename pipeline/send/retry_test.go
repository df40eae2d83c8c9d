package send

import (
	"testing"
	"testing/synctest"
	"time"

	"bulkload/vendors"
)

func TestPauses(t *testing.T) {
	r := Retry{Attempts: 6, First: time.Second, Longest: 3 * time.Second}
	for _, test := range []struct {
		name          string
		attempt       int
		err           error
		least, middle time.Duration
		most          time.Duration
	}{
		{"a fault: all of it is random", 1, cut, 0, time.Second / 2, time.Second},
		{"a fault again: doubled", 2, status(503), 0, time.Second, 2 * time.Second},
		{"bounded", 5, status(500), 0, 1500 * time.Millisecond, 3 * time.Second},
		{"throttled: half of it is random", 1, status(429), time.Second / 2, 750 * time.Millisecond, time.Second},
		{"throttled again", 2, status(429), time.Second, 1500 * time.Millisecond, 2 * time.Second},
		{"the vendor says how long", 3, &vendors.APIError{Status: 503, RetryAfter: time.Minute}, 0, 0, 0},
	} {
		var got [3]time.Duration
		for i, x := range []float64{0, 0.5, 1} {
			r.Random = func() float64 { return x }
			got[i] = r.pause(test.attempt, test.err)
		}
		if want := [3]time.Duration{test.least, test.middle, test.most}; got != want {
			t.Errorf("%s: pauses %v, want %v", test.name, got, want)
		}
	}
}

// TestRepetitionsAreATenth lets every request fail, and then every twentieth.
func TestRepetitionsAreATenth(t *testing.T) {
	for _, test := range []struct {
		name    string
		every   int // request that fails
		retried int64
	}{{"all fail", 1, 5 + 111}, {"a twentieth fails", 20, 50}} {
		synctest.Test(t, func(t *testing.T) {
			r := DefaultRetry(nil, &Counts{})
			r.Free = 5
			for i := range 1000 {
				for attempt := 1; ; attempt++ {
					r.Counts.Sent.Add(1)
					if attempt == 1 && i%test.every != 0 || attempt > 1 && test.every > 1 || !r.Again(t.Context(), attempt, cut) {
						break
					}
				}
			}
			if got := r.Counts.Retried.Load(); got != test.retried {
				t.Errorf("%s: %d repetitions of %d requests, want %d", test.name, got, r.Counts.Sent.Load(), test.retried)
			}
		})
	}
}
