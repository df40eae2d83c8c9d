// Package pace decides when requests to an account may leave: within its rate, and held back as long
// as the vendor asks for that.
package pace

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"bulkload/vendors"
)

// Options say how fast an account may be called. The zero value sets no limit.
type Options struct {
	Rate float64 // requests a second at most; 0: not limited
	// Stop is closed when the run is to end: who waits for the vendor to take requests again is told so.
	Stop <-chan struct{}
}

// Pace is the pace of one account. It is used by many goroutines.
type Pace struct {
	limiter *rate.Limiter
	stop    <-chan struct{}
	mu      sync.Mutex
	until   time.Time // no slot before
}

var _ vendors.Pace = (*Pace)(nil)

// ErrStopped is given to whoever waits for a slot when the run is stopped.
var ErrStopped = fmt.Errorf("the run is being stopped: %w", context.Canceled)

// New makes a pace.
func New(o Options) (*Pace, error) {
	limit := rate.Inf
	if o.Rate > 0 {
		limit = rate.Limit(o.Rate)
	}
	return &Pace{limiter: rate.NewLimiter(limit, 1), stop: o.Stop}, nil
}

// Close ends the use of a pace.
func (p *Pace) Close() error { return nil }

// Slot waits until one more request may leave.
func (p *Pace) Slot(ctx context.Context, _ string) (ended func(error), err error) {
	for {
		pause := time.Until(p.heldUntil())
		if pause <= 0 {
			return p.ended, p.limiter.Wait(ctx)
		}
		if err := p.sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// ended takes what an answer says about the vendor's limits.
func (p *Pace) ended(err error) {
	var answer *vendors.APIError
	if errors.As(err, &answer) && answer.Temporary() {
		p.hold(answer.RetryAfter)
	}
}

func (p *Pace) sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.stop:
		return ErrStopped
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Pace) heldUntil() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until
}

// hold gives no slot for a while. The longest of several holds counts.
func (p *Pace) hold(pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(pause); until.After(p.until) {
		p.until = until
	}
}
