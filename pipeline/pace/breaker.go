package pace

import (
	"fmt"
	"time"
)

// breaker keeps everybody back while an account only fails, and lets one request at a time find out
// whether it works again. Its zero value lets all pass.
type breaker struct {
	faults  int // in a row
	began   time.Time
	pause   time.Duration
	until   time.Time  // nobody passes before; zero: all pass
	probing bool       // the one is on its way
	down    *DownError // nobody is let pass any more; nil: not so
}

const (
	mostFaults   = 8 // in a row, before everybody is kept back
	firstRetreat = time.Second
	longestWait  = 30 * time.Second
)

// A DownError tells that an account failed for so long that it is not asked any more.
type DownError struct {
	Since time.Time
	Err   error // the last failure
}

// Error tells since when and how.
func (e *DownError) Error() string {
	return fmt.Sprintf("the vendor has only failed since %s: %v", e.Since.Format(time.TimeOnly), e.Err)
}

// Unsent reports that the request which was given this in place of a slot never left, though others did.
func (e *DownError) Unsent() bool { return true }

// Unwrap returns the last failure.
func (e *DownError) Unwrap() error { return e.Err }

// pass tells whether a request may pass, and if not, when to ask again; zero: when something changes.
func (b *breaker) pass(now time.Time) (again time.Time, ok bool) {
	switch {
	case b.until.IsZero():
		return again, true
	case b.probing:
		return again, false
	}
	return b.until, !b.until.After(now)
}

// leave counts a request that passes, and tells whether it is the one that finds out.
func (b *breaker) leave() (probe bool) {
	b.probing = !b.until.IsZero()
	return b.probing
}

// fail counts a fault. Those of requests that had left before everybody was kept back change nothing.
func (b *breaker) fail(probe bool, now time.Time, random float64, patience time.Duration, err error) {
	if b.faults++; b.faults == 1 {
		b.began = now
	}
	open := !b.until.IsZero()
	if b.faults < mostFaults || open && !probe {
		return
	}
	b.pause = min(2*b.pause, longestWait)
	if !open {
		b.pause = firstRetreat
	}
	b.probing, b.until = false, now.Add(equalJitter(b.pause, random))
	if now.Sub(b.began) > patience {
		b.down = &DownError{b.began, err}
	}
}

// cancel lets another request find out: of the one, nothing was learned.
func (b *breaker) cancel(probe bool) {
	if probe {
		b.probing = false
	}
}

// work lets all pass: the vendor works.
func (b *breaker) work() { *b = breaker{down: b.down} }
