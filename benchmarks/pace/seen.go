package main

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"bulkload/vendors/sandbox"
)

// seen is what a sandbox saw: when requests came, and which it throttled.
type seen struct {
	mu  sync.Mutex
	all []arrival
}

type arrival struct {
	at        time.Time
	throttled bool
}

// serve starts a sandbox whose requests are seen.
func serve(o sandbox.Options) (s *seen, address string, stop func(), err error) {
	box, err := sandbox.New(o)
	if err != nil {
		return nil, "", nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		box.Close()
		return nil, "", nil, err
	}
	s = &seen{}
	server := &http.Server{Handler: s.watch(box)}
	var running sync.WaitGroup
	running.Go(func() { server.Serve(listener) })
	return s, "http://" + listener.Addr().String() + box.BaseURL("fashiontrade"), func() {
		server.Close()
		running.Wait()
		box.Close()
	}, nil
}

// watch notes the requests to a handler in the order in which they came.
func (s *seen) watch(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		number := len(s.all)
		s.all = append(s.all, arrival{at: time.Now()})
		s.mu.Unlock()
		next.ServeHTTP(&watched{w, s, number}, r)
	})
}

type watched struct {
	http.ResponseWriter
	seen   *seen
	number int
}

// WriteHeader notes a status on its way.
func (w *watched) WriteHeader(status int) {
	w.seen.mu.Lock()
	w.seen.all[w.number].throttled = status == http.StatusTooManyRequests
	w.seen.mu.Unlock()
	w.ResponseWriter.WriteHeader(status)
}

// span is a time during which so many requests a second are taken.
type span struct {
	lasts time.Duration
	rate  float64
}

// verdict is how a loader did.
type verdict struct {
	used      float64 // of the requests that the limit allowed, those that were taken
	throttled float64 // of all answers
	requests  int
	recovered []string // how long after the begin of each span; "not" when it was not
}

// verdict looks at the spans, which begin with the first request.
func (s *seen) verdict(spans []span) verdict {
	v := verdict{requests: len(s.all), throttled: float64(s.throttled()) / float64(max(1, len(s.all)))}
	allowed := 0.
	for from, i := s.first(), 0; i < len(spans); i++ {
		span := spans[i]
		allowed += span.rate * span.lasts.Seconds()
		v.recovered = append(v.recovered, s.recovered(from, span))
		from = from.Add(span.lasts)
	}
	v.used = float64(len(s.all)-s.throttled()) / allowed
	return v
}

func (s *seen) first() time.Time {
	if len(s.all) == 0 {
		return time.Time{}
	}
	return s.all[0].at
}

func (s *seen) throttled() (n int) {
	for _, a := range s.all {
		if a.throttled {
			n++
		}
	}
	return n
}

// recovered is how long after its begin a span's rate was used: the begin of the first second in which
// nine tenths of it were taken, and no more than a tenth of all was throttled.
func (s *seen) recovered(begin time.Time, span span) string {
	const step = 100 * time.Millisecond
	for after := time.Duration(0); after+time.Second <= span.lasts; after += step {
		taken, throttled := s.second(begin.Add(after))
		if float64(taken) >= 0.9*span.rate-0.5 && 10*throttled <= taken+throttled {
			return fmt.Sprintf("%.1f s", after.Seconds())
		}
	}
	return "not"
}

// second counts the requests that came in a second.
func (s *seen) second(from time.Time) (taken, throttled int) {
	for _, a := range s.all {
		switch d := a.at.Sub(from); {
		case d < 0 || d >= time.Second:
		case a.throttled:
			throttled++
		default:
			taken++
		}
	}
	return taken, throttled
}

// within is the least and the largest number of requests in any while between the first and the last.
func (s *seen) within(while time.Duration) (least, most int) {
	least = len(s.all)
	for from, to := 0, 0; from < len(s.all); from++ {
		for to < len(s.all) && s.all[to].at.Sub(s.all[from].at) < while {
			to++
		}
		most = max(most, to-from)
		if to < len(s.all) {
			least = min(least, to-from)
		}
	}
	return least, most
}
