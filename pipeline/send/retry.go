package send

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"time"

	"bulkload/vendors"
)

// Retry says how often, and how soon, what failed is sent again.
type Retry struct {
	Attempts int           // of one upload, the first included
	First    time.Duration // the longest pause before the second attempt; doubled for each further one
	Longest  time.Duration // of all pauses
	Random   func() float64
	Share    float64         // of the requests that may be repetitions, apart from the first Free; 0: all
	Free     int64           // repetitions that a run has in any case, so that a small one can repeat at all
	Stop     <-chan struct{} // closed when the run is to end: nothing is tried again
	Counts   *Counts
}

// DefaultRetry tries six times, over about a minute, and lets a tenth of the requests be repetitions.
func DefaultRetry(stop <-chan struct{}, counts *Counts) Retry {
	return Retry{Attempts: 6, First: time.Second, Longest: 30 * time.Second, Random: rand.Float64, Share: 0.1, Free: 50,
		Stop: stop, Counts: counts}
}

// Again is a vendors.Client's Again: it repeats what failed for a passing reason.
func (r *Retry) Again(ctx context.Context, attempt int, err error) bool {
	return Passing(err) && r.wait(ctx, attempt, err)
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

// wait pauses before the next attempt, for a part of a time that doubles. It returns false when there
// is no next attempt.
func (r *Retry) wait(ctx context.Context, attempt int, err error) bool {
	if attempt >= r.Attempts || r.stopped(ctx) || !r.spend() {
		return false
	}
	timer := time.NewTimer(r.pause(attempt, err))
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

func (r *Retry) stopped(ctx context.Context) bool {
	select {
	case <-r.Stop:
		return true
	default:
		return ctx.Err() != nil
	}
}

// spend counts a repetition, when there may be one more.
func (r *Retry) spend() bool {
	repeated := r.Counts.Retried.Add(1)
	if r.Share > 0 && float64(repeated-r.Free) > r.Share*float64(r.Counts.Sent.Load()) {
		r.Counts.Retried.Add(-1)
		return false
	}
	return true
}

// pause is a random part of a time that doubles, so that workers do not come back together: the whole
// of it is random after a fault, half of it when the vendor throttles, which wants some rest for sure.
// When the vendor says how long to wait, the pace holds everybody back, and nobody rests longer.
func (r *Retry) pause(attempt int, err error) time.Duration {
	longest := float64(min(r.First<<(attempt-1), r.Longest))
	var answer *vendors.APIError
	switch {
	case !errors.As(err, &answer):
	case answer.RetryAfter > 0:
		return 0
	case answer.Status == http.StatusTooManyRequests:
		return time.Duration(longest/2 + r.Random()*longest/2)
	}
	return time.Duration(r.Random() * longest)
}
