package send

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"bulkload/vendors"
)

// Retry says how often, and how soon, what failed is sent again.
type Retry struct {
	Attempts int           // of one upload, the first included
	First    time.Duration // the longest pause before the second attempt; doubled for each further one
	Longest  time.Duration // of all pauses
	Random   func() float64
	Stop     <-chan struct{} // closed when the run is to end: nothing is tried again
	Counts   *Counts
}

// DefaultRetry tries six times, over about a minute.
func DefaultRetry(stop <-chan struct{}, counts *Counts) Retry {
	return Retry{Attempts: 6, First: time.Second, Longest: 30 * time.Second, Random: rand.Float64, Stop: stop, Counts: counts}
}

// upload sends entities, again when the failure is a passing one and sending twice does no harm.
func (r *Retry) upload(ctx context.Context, resource *vendors.Resource, client *vendors.Client, upload vendors.Upload) error {
	var earlier error // of the attempt before: if this one never leaves, that is what counts
	for attempt := 1; ; attempt++ {
		upload.Attempt = attempt
		err := resource.Upload(ctx, client, upload)
		if earlier != nil && !answered(err) {
			return earlier
		}
		earlier = err
		if err == nil || !Passing(err) || resource.Repeat == vendors.Unsafe && mayHaveActed(err) {
			return err
		}
		if !r.wait(ctx, client.Pace, attempt, err) {
			return err
		}
	}
}

// Again is a vendors.Client's Again: it repeats what failed for a passing reason.
func (r *Retry) Again(pace vendors.Pace) func(ctx context.Context, attempt int, err error) bool {
	return func(ctx context.Context, attempt int, err error) bool {
		return Passing(err) && r.wait(ctx, pace, attempt, err)
	}
}

// answered reports whether an upload's error came after a request had left; nil counts as such.
func answered(err error) bool {
	var answer *vendors.APIError
	var transport *vendors.TransportError
	return err == nil || errors.As(err, &answer) || errors.As(err, &transport)
}

// Passing reports whether the same request may succeed later.
func Passing(err error) bool {
	var answer *vendors.APIError
	if errors.As(err, &answer) {
		return answer.Temporary()
	}
	var transport *vendors.TransportError
	return errors.As(err, &transport)
}

// mayHaveActed reports whether the vendor may have applied a request that failed so.
func mayHaveActed(err error) bool {
	var answer *vendors.APIError
	if errors.As(err, &answer) {
		return answer.Status >= 500
	}
	var transport *vendors.TransportError
	return errors.As(err, &transport) && !transport.Unsent()
}

// wait pauses before the next attempt: a random part of a time that doubles, so that workers do
// not come back together. When the vendor throttles without saying for how long, all wait; when it
// says so, the pace already holds everybody. It returns false when there is no next attempt.
func (r *Retry) wait(ctx context.Context, pace vendors.Pace, attempt int, err error) bool {
	if attempt >= r.Attempts {
		return false
	}
	r.Counts.Retried.Add(1)
	pause := time.Duration(r.Random() * float64(min(r.First<<(attempt-1), r.Longest)))
	var answer *vendors.APIError
	if errors.As(err, &answer) {
		if answer.RetryAfter > 0 {
			return r.stillRunning(ctx)
		}
		if answer.Status == 429 && pace != nil {
			pace.Hold(pause)
			return r.stillRunning(ctx)
		}
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Stop:
		return false
	case <-ctx.Done():
		return false
	}
}

func (r *Retry) stillRunning(ctx context.Context) bool {
	select {
	case <-r.Stop:
		return false
	default:
		return ctx.Err() == nil
	}
}
