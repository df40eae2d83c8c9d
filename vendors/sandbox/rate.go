package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Change sets another rate.
type Change struct {
	After time.Duration // the first request
	Rate  float64       // requests a second
}

const (
	rateHelp = `write a rate such as 50/s, 600/m or 50, and after commas what it becomes and when, counted from the first request: 50/s,5/s@20s,80/s@40s`
	mostRate = 1e9
)

// ParseRate reads a rate and how it moves: "50/s,5/s@20s,80/s@40s". Empty: not limited.
func ParseRate(text string) (perSecond float64, changes []Change, err error) {
	if strings.TrimSpace(text) == "" {
		return 0, nil, nil
	}
	for i, item := range strings.Split(text, ",") {
		number, after, moves := strings.Cut(strings.TrimSpace(item), "@")
		c := Change{}
		c.Rate, err = parsePerSecond(number)
		if err == nil && moves {
			c.After, err = time.ParseDuration(after)
		}
		if err != nil || moves != (i > 0) {
			return 0, nil, fmt.Errorf("rate: %q cannot be read; %s", item, rateHelp)
		}
		if i == 0 {
			perSecond = c.Rate
		} else {
			changes = append(changes, c)
		}
	}
	return perSecond, changes, checkRate(perSecond, changes)
}

func parsePerSecond(text string) (float64, error) {
	number, unit, _ := strings.Cut(text, "/")
	per, ok := map[string]float64{"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err == nil && !ok {
		err = errors.New("there is no such unit")
	}
	return n / per, err
}

func checkRate(perSecond float64, changes []Change) error {
	if !(perSecond >= 0 && perSecond <= mostRate) {
		return errors.New("the sandbox's rate must not be negative")
	}
	for _, c := range changes {
		if !(c.Rate > 0 && c.Rate <= mostRate) || perSecond == 0 {
			return errors.New("a rate that moves must be above 0 at all times")
		}
	}
	if !slices.IsSortedFunc(changes, func(a, b Change) int { return int(a.After - b.After) }) || len(changes) > 0 && changes[0].After < 0 {
		return errors.New("the changes of a rate must stand in the order of their times")
	}
	return nil
}

// pace decides which requests are within a rate that moves. It holds over a second: so many requests may
// come at once after a second's rest, and in the long run there are never more. Its zero value has no limit.
type pace struct {
	mu      sync.Mutex
	limiter *rate.Limiter // nil: not limited
	changes []Change      // to come
	first   time.Time     // request
}

func newPace(perSecond float64, changes []Change) *pace {
	p := &pace{changes: changes}
	if perSecond > 0 {
		p.limiter = rate.NewLimiter(rate.Limit(perSecond), burst(perSecond))
	}
	return p
}

func burst(perSecond float64) int { return max(1, int(perSecond)) }

// wait returns how long a client had to wait for its request to be within the rate, 0 when it is, and
// the rate.
func (p *pace) wait(now time.Time) (time.Duration, float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limiter == nil {
		return 0, 0
	}
	if p.first.IsZero() {
		p.first = now
	}
	for len(p.changes) > 0 && now.Sub(p.first) >= p.changes[0].After {
		at, to := p.first.Add(p.changes[0].After), p.changes[0].Rate
		p.limiter.SetLimitAt(at, rate.Limit(to))
		p.limiter.SetBurstAt(at, burst(to))
		p.changes = p.changes[1:]
	}
	limit := float64(p.limiter.Limit())
	if p.limiter.AllowN(now, 1) {
		return 0, limit
	}
	slot := p.limiter.ReserveN(now, 1)
	defer slot.CancelAt(now)
	return max(slot.DelayFrom(now), time.Nanosecond), limit
}
