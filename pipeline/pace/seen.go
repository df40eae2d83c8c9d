package pace

import "time"

// The recent past of a class is counted in ticks.
const (
	tick   = 50 * time.Millisecond
	ticks  = 24
	second = int64(time.Second / tick)
)

// seen counts the requests of the last second that the vendor took, by the time they left.
type seen struct {
	Last   int64          `json:"last"`   // the newest tick, since 1970
	Counts [ticks]float64 `json:"counts"` // of tick t at t modulo ticks
}

// of is the count of a tick; 0 when it is too old or too new to be known.
func (s *seen) of(t int64) float64 {
	if t <= s.Last-ticks || t > s.Last || t < 0 {
		return 0
	}
	return s.Counts[t%ticks]
}

func (s *seen) add(left time.Time, requests float64) {
	t := left.UnixNano() / int64(tick)
	if t <= s.Last-ticks || t < 0 {
		return
	}
	for s.Last = max(s.Last, t-ticks); s.Last < t; {
		s.Last++
		s.Counts[s.Last%ticks] = 0
	}
	s.Counts[t%ticks] += requests
}

// merge adds the counts of another.
func (s *seen) merge(o *seen) {
	for t := o.Last - ticks + 1; t <= o.Last; t++ {
		if n := o.of(t); n > 0 {
			s.add(time.Unix(0, t*int64(tick)), n)
		}
	}
}

// enough requests were seen to make a rate of their number.
const enough = 3

// rate is how many requests were taken of those that left in the second before a time; 0 when they are
// too few to tell. When that time is when a throttled request left, the answers to earlier ones have
// mostly come, however long the vendor takes.
func (s *seen) rate(before time.Time) float64 {
	t, into := before.UnixNano()/int64(tick), float64(before.UnixNano()%int64(tick))/float64(tick)
	sum := (1 - into) * s.of(t-second)
	for i := t - second + 1; i <= t; i++ {
		sum += s.of(i)
	}
	if sum < enough {
		return 0
	}
	return sum
}

// drain is how long nothing may leave, so that from then on, at a rate, no second sees more than that
// rate: what left in the last second counts too.
func (s *seen) drain(now time.Time, rate float64) time.Duration {
	t := now.UnixNano() / int64(tick)
	sum, longest := 0., 0.
	for i := range second {
		sum += s.of(t - i)
		// When all but the last i+1 ticks are a second old, those still count.
		longest = max(longest, sum/rate-float64(i+1)*tick.Seconds())
	}
	return min(time.Second, tick+time.Duration(longest*float64(time.Second)))
}
