package pace

import (
	"math"
	"time"
)

// How a limit is learned: docs/decisions tells why so. Rates are in requests a second.
const (
	firstRate = 20      // before anything is known
	leastRate = 1. / 60 // however often the vendor throttles
	mostRate  = 1e6     // beyond it nothing is paced

	margin      = 0.97 // of the rate that the vendor was seen to take
	deepest     = 0.5  // of the rate, in one decrease
	deepestSlow = 0.8  // the same, of one below slowRate, of which few requests tell little
	slowRate    = 4
	episode     = 2 * time.Second // after a decrease, in which another shows that it was not enough

	plateau  = 0.99 // of the rate that is known to be throttled, what a resting rate approaches
	approach = 6.   // seconds in which it goes two thirds of that way
	same     = 1.1  // times that rate: when less was taken during a climb, the limit is the old one

	unmistakable = 2.5 // times that rate: more is no burst that a vendor takes after a calm second

	leastRest     = 2 * time.Second       // before a climb
	restPerRate   = 50 * time.Millisecond // longer for each request a second: a low rate has more to win
	mostRest      = 10 * time.Second      // when a climb can be afforded
	longestRest   = 30 * time.Second      // when it cannot
	restSlots     = 10                    // requests in a rest at least
	longRestSlots = 200                   // in the longest

	doubling      = 0.7 // seconds of climbing until a rate has doubled; after twice that it is 16 times as high
	doublingTrips = 10  // the same in times that an answer takes, when that is longer
	steepest      = 1.5 // factor of one step

	// What climbs may cost is counted in requests: throttled ones, times throttledCost, and those
	// that could not be sent while the vendor wanted to be left alone.
	earned        = 0.04 // for each request that was taken
	firstSpare    = 100
	mostSpare     = 200
	affordable    = 0.25 // of what is spare, for one climb; less of it below slowRate, which earns little
	throttledCost = 4
	countedLate   = 2 // throttled requests that had left before a decrease, of each decrease
	firstCost     = 2 * throttledCost

	firstPause   = 500 * time.Millisecond // after the vendor took nothing at all since a decrease; then doubled
	longestPause = 30 * time.Second
	mostRefused  = 10
)

// class is what is known of the limit of one class of requests. A rate rests, or climbs to find out
// whether the limit is higher; a throttled request ends a climb and decreases the rate.
type class struct {
	Rate  float64   `json:"rate"`            // requests a second that may leave now
	Top   float64   `json:"top"`             // that was throttled last; 0: the vendor has shown no limit
	Next  time.Time `json:"next,omitzero"`   // of the next slot, at the earliest
	Rests time.Time `json:"rests,omitzero"`  // since when the rate rests
	Climb float64   `json:"climb,omitempty"` // seconds of the present climb; 0: the rate rests
	Base  float64   `json:"base,omitempty"`  // rate before the present climb, or the last

	BaseTop float64 `json:"base_top,omitempty"` // Top at that time

	Since    time.Time     `json:"since,omitzero"`     // of the last decrease: what left before it tells nothing new
	Taken    float64       `json:"taken,omitempty"`    // requests that the vendor took since then
	Late     int           `json:"late,omitempty"`     // throttled since then, that had left before
	Refused  int           `json:"refused,omitempty"`  // decreases in a row between which nothing was taken
	Hold     time.Duration `json:"hold,omitempty"`     // that the vendor asked for at the last decrease
	Climbing bool          `json:"climbing,omitempty"` // the last episode of decreases ended a climb from a known limit
	Cost     float64       `json:"cost"`               // of that episode
	Spare    float64       `json:"spare"`              // what climbs may cost

	Delay float64 `json:"delay"` // seconds that an answer takes
	Seen  seen    `json:"seen"`
}

// taken are requests that the vendor did not throttle.
type taken struct {
	requests float64
	waited   float64 // of these, those that had waited for their slot: the rate held them back
	delay    float64 // seconds, of all their answers
	left     seen
}

// take learns from requests that were taken. A rate that held none of them back is not raised.
func (c *class) take(t *taken, most float64, now time.Time) {
	c.Taken += t.requests
	c.Spare = min(mostSpare, c.Spare+earned*t.requests)
	c.Delay += (t.delay/t.requests - c.Delay) * min(1, t.requests/20)
	c.Seen.merge(&t.left)
	if t.waited == 0 || c.Rate >= most {
		return
	}
	passed := t.waited / c.Rate
	if c.Climb == 0 && !c.rested(now) {
		c.Rate += max(0, plateau*c.Top-c.Rate) * (1 - math.Exp(-passed/approach))
	} else {
		c.climb(passed)
	}
	c.Rate = min(most, c.Rate)
}

// rested reports whether a rate may climb again: after a while when that can be afforded, else after a
// long while.
func (c *class) rested(now time.Time) bool {
	least := max(c.Hold/2+min(mostRest, leastRest+time.Duration(c.Rate*float64(restPerRate))), restSlots*interval(c.Rate))
	rest := now.Sub(c.Rests)
	return rest >= least && c.Cost <= affordable*min(1, c.Rate/slowRate)*c.Spare || rest >= max(longestRest, longRestSlots*interval(c.Rate))
}

// climb raises a rate, slowly at first and ever faster. The time that has passed is what the requests
// took at that rate, so that a climb never runs ahead of the vendor's answers.
func (c *class) climb(passed float64) {
	if c.Climb == 0 {
		c.Base, c.BaseTop = c.Rate, c.Top
	}
	from, double := c.Climb, max(doubling, doublingTrips*c.Delay)
	c.Climb += passed
	c.Rate *= min(steepest, math.Exp2((c.Climb*c.Climb-from*from)/(double*double)))
}

// throttle learns from a request that was throttled, when it left, and for how long the vendor wants to
// be left alone. Random is from 0 to 1.
func (c *class) throttle(left, now time.Time, hold time.Duration, random float64) {
	if left.Before(c.Since) {
		if c.Late = min(c.Late+1, countedLate+1); c.Late <= countedLate {
			c.charge(throttledCost)
		}
		return
	}
	seen, pause := c.Seen.rate(left), time.Duration(0)
	if now.Sub(c.Since) < max(episode, 4*interval(c.Rate)) {
		pause = c.again(random)
	} else {
		c.Climbing, c.Cost = c.Climb > 0 && c.Top > 0, 0
		c.Top = c.top(seen)
	}
	if seen > 0 {
		c.Rate = min(c.Rate, seen)
	}
	c.Rate = max(leastRate, margin*c.Rate)
	c.charge(throttledCost + hold.Seconds()*c.Rate)
	if c.Climbing && c.Rate < c.Base/2 { // the limit fell, which was not the climb's doing
		c.Spare, c.Climbing = min(mostSpare, c.Spare+c.Cost), false
	}
	c.Since, c.Rests, c.Hold, c.Climb, c.Taken, c.Late = now, now, hold, 0, 0, 0
	c.Next = now.Add(max(interval(c.Rate), c.Seen.drain(now, c.Rate), pause))
}

// top is the rate that is known to be throttled, after one that rested or climbed was. What was taken
// in the last second of a climb is near the limit, which the rate itself has long passed.
func (c *class) top(seen float64) float64 {
	switch {
	case c.Climb == 0 || seen == 0:
		return c.Rate
	case seen < same*c.Top:
		return c.Top
	default:
		return seen
	}
}

// again decreases a rate that was decreased a moment ago, by the part that was throttled. A climb is
// given up. When nothing was taken at all, the vendor is left alone for a while.
func (c *class) again(random float64) (pause time.Duration) {
	if c.Climbing && c.Taken < restSlots && c.Rate > c.Base && c.Top < unmistakable*c.BaseTop {
		c.Rate, c.Top = c.Base, c.BaseTop
		return 0
	}
	c.Top = c.Rate
	if c.Taken > 0 {
		c.Rate *= max(c.deepest(), c.Taken/(c.Taken+1))
		c.Refused = 0
		return 0
	}
	if c.Refused = min(c.Refused+1, mostRefused); c.Refused > 1 {
		c.Rate *= c.deepest()
	}
	longest := min(firstPause<<(c.Refused-1), longestPause)
	return equalJitter(longest, random)
}

// deepest is by what a rate is decreased at most. Of a low one, few requests tell little.
func (c *class) deepest() float64 {
	if c.Rate < slowRate {
		return deepestSlow
	}
	return deepest
}

// charge counts what an episode of decreases costs. It is paid for when a climb has led to it.
func (c *class) charge(requests float64) {
	c.Cost += requests
	if c.Climbing {
		c.Spare = max(0, c.Spare-requests)
	}
}

// equalJitter is a random time from half of the longest to all of it.
func equalJitter(longest time.Duration, random float64) time.Duration {
	return longest/2 + time.Duration(random*float64(longest)/2)
}

func interval(rate float64) time.Duration {
	return time.Duration(float64(time.Second) / rate)
}
