package pace

import (
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"bulkload/vendors"
)

// TestCalmBeforeAClimb has an account that was not in use for a day: what was learned holds for a while.
func TestCalmBeforeAClimb(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{})
		c := p.state.class(vendors.Writing, 0)
		c.Rate, c.Top, c.Climb, c.Since, c.Rests = 50, 51, 0, time.Now(), time.Now()
		time.Sleep(24 * time.Hour)
		for _, test := range []struct {
			requests int
			climbs   bool
		}{{75, false}, {300, true}} {
			for range test.requests {
				end(t, p, nil)
			}
			if climbs := c.Climb > 0; climbs != test.climbs {
				t.Errorf("after %d requests more the rate climbs: %v, want %v", test.requests, climbs, test.climbs)
			}
		}
	})
}

// TestRateOfNoUse has a rate that nothing waits for: it stays as it is.
func TestRateOfNoUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{})
		for range 100 {
			end(t, p, nil)
			time.Sleep(200 * time.Millisecond)
		}
		if got := p.state.Classes[vendors.Writing].Rate; got != firstRate {
			t.Errorf("a rate of %d, of which 5 were used, became %g", firstRate, got)
		}
	})
}

// TestStatedRateIsTheCeiling has a vendor that takes less than the account states, then more.
func TestStatedRateIsTheCeiling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: 100})
		for range 100 {
			end(t, p, nil)
		}
		end(t, p, status(429))
		c := p.state.Classes[vendors.Writing]
		if c.Rate > 97 || c.Rate < 80 {
			t.Errorf("a rate of 100 that was throttled became %g, want a little less", c.Rate)
		}
		start := time.Now()
		for range 6000 {
			end(t, p, nil)
		}
		if took := time.Since(start); took < 60*time.Second || took > 70*time.Second || c.Rate != 100 {
			t.Errorf("6000 requests at a stated rate of 100/s took %v and then %g/s", took, c.Rate)
		}
	})
}

// TestSeen compares the count of the last second with the times themselves.
func TestSeen(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		var all []time.Time
		var whole, late seen
		at := noon.Add(time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "start")))
		for range rapid.IntRange(0, 200).Draw(t, "requests") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(100*time.Millisecond)).Draw(t, "after")))
			all = append(all, at)
			if rapid.Bool().Draw(t, "told later") {
				late.add(at, 1)
			} else {
				whole.add(at, 1)
			}
		}
		whole.merge(&late)
		exact, atEdge := 0., 0.
		for _, left := range all {
			switch d := at.Sub(left); {
			case d <= time.Second-tick:
				exact++
			case d <= time.Second+tick:
				atEdge++
			}
		}
		got := whole.rate(at)
		if got != 0 && (got < exact || got > exact+atEdge) || got == 0 && exact >= enough {
			t.Fatalf("%g in the last second, want %g and at most %g more", got, exact, atEdge)
		}
		if drain := whole.drain(at, 1000); drain < 0 || drain > time.Second {
			t.Fatalf("drain %v", drain)
		}
	})
}
