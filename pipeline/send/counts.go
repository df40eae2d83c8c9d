package send

import (
	"net/http"
	"sync/atomic"

	"bulkload/formats/crash"
)

// Counts counts the calls of a run. It is used by many goroutines.
type Counts struct {
	Sent, Retried, Throttled atomic.Int64
}

// Counting counts requests and throttled answers on their way through next. The instants before and
// behind it are those at which tests kill the program.
func Counting(next http.RoundTripper, counts *Counts) http.RoundTripper {
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		counts.Sent.Add(1)
		before, after := "request.write.before", "request.write.answered"
		if r.Method == http.MethodGet {
			before, after = "request.read.before", "request.read.answered"
		}
		crash.Point(before)
		answer, err := next.RoundTrip(r)
		crash.Point(after)
		if err == nil && answer.StatusCode == http.StatusTooManyRequests {
			counts.Throttled.Add(1)
		}
		return answer, err
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

// RoundTrip calls the function.
func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
