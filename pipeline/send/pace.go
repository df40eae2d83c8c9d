package send

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"bulkload/vendors"
)

// Pace gives slots at a hard rate to all workers of an account in this process.
type Pace struct {
	limiter *rate.Limiter
	stop    <-chan struct{}
	mu      sync.Mutex
	until   time.Time // no slot before
}

var _ vendors.Pace = (*Pace)(nil)

// NewPace makes a pace of at most perSecond requests a second, 0 for no limit. When stop is
// closed, whoever waits for the vendor to take requests again is told so instead.
func NewPace(perSecond float64, stop <-chan struct{}) *Pace {
	limit := rate.Inf
	if perSecond > 0 {
		limit = rate.Limit(perSecond)
	}
	return &Pace{limiter: rate.NewLimiter(limit, 1), stop: stop}
}

// Slot waits until one more request may leave.
func (p *Pace) Slot(ctx context.Context) error {
	for {
		pause := time.Until(p.heldUntil())
		if pause <= 0 {
			break
		}
		if err := p.sleep(ctx, pause); err != nil {
			return err
		}
	}
	return p.limiter.Wait(ctx)
}

func (p *Pace) sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-p.stop:
		return context.Canceled
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (p *Pace) heldUntil() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.until
}

// Hold gives no slot for a while. The longest of several holds counts.
func (p *Pace) Hold(pause time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if until := time.Now().Add(pause); until.After(p.until) {
		p.until = until
	}
}

// Counts counts the calls of a run. It is used by many goroutines.
type Counts struct {
	Sent, Retried, Throttled atomic.Int64
}

// Counting counts requests and throttled answers on their way through next.
func Counting(next http.RoundTripper, counts *Counts) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		counts.Sent.Add(1)
		answer, err := next.RoundTrip(r)
		if err == nil && answer.StatusCode == http.StatusTooManyRequests {
			counts.Throttled.Add(1)
		}
		return answer, err
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
