package pace

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"bulkload/vendors"
)

func open(t *testing.T, o Options) *Pace {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func status(code int) error { return &vendors.APIError{Status: code} }

func asked(code, seconds int) error {
	return &vendors.APIError{Status: code, RetryAfter: time.Duration(seconds) * time.Second}
}

var cut = &vendors.TransportError{Method: "PUT", Path: "/a", Err: io.ErrUnexpectedEOF}

// end lets a request leave that ends so.
func end(t *testing.T, p *Pace, err error) {
	t.Helper()
	ended, wrong := p.Slot(t.Context(), vendors.Writing)
	if wrong != nil {
		t.Fatal(wrong)
	}
	ended(err)
}

// most is the largest number of times within a while.
func most(times []time.Time, while time.Duration) int {
	largest, from := 0, 0
	for i := range times {
		for times[i].Sub(times[from]) >= while {
			from++
		}
		largest = max(largest, i-from+1)
	}
	return largest
}

// TestRateIsNeverPassed has workers that take their time, and a process that is stopped now and then:
// what leaves late must not lead to more requests in any while than the rate allows.
func TestRateIsNeverPassed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rate := rapid.Float64Range(0.5, 400).Draw(r, "rate")
		workers := rapid.IntRange(1, 12).Draw(r, "workers")
		seed := rapid.Uint64().Draw(r, "seed")
		requests := min(400, int(25*rate))
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			var mu sync.Mutex
			var left []time.Time
			var stopped atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(stopped.Load())) }
			p := open(t, Options{Rate: rate, Now: now})
			var running sync.WaitGroup
			for range workers {
				running.Go(func() {
					for range requests / workers {
						ended, err := p.Slot(t.Context(), vendors.Writing)
						if err != nil {
							t.Error(err)
							return
						}
						mu.Lock()
						left = append(left, now())
						late := time.Duration(random.ExpFloat64() * float64(30*time.Millisecond))
						if random.IntN(20) == 0 {
							stopped.Add(int64(time.Duration(random.IntN(2000)) * time.Millisecond))
						}
						mu.Unlock()
						time.Sleep(late)
						ended(nil)
					}
				})
			}
			running.Wait()
			slices.SortFunc(left, time.Time.Compare)
			if got, allowed := most(left, 10*time.Second), max(1, int(math.Ceil(10*rate))); got > allowed {
				t.Errorf("%d requests in ten seconds at %g/s with %d workers and seed %d", got, rate, workers, seed)
			}
		})
	})
}

// TestRateIsReached has more workers than needed: nearly all of the rate is used, in any ten seconds.
func TestRateIsReached(t *testing.T) {
	for _, rate := range []float64{20, 100, 500} {
		synctest.Test(t, func(t *testing.T) {
			p := open(t, Options{Rate: rate, InFlight: 40})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var mu sync.Mutex
			var left []time.Time
			var running sync.WaitGroup
			for range 40 {
				running.Go(func() {
					for {
						ended, err := p.Slot(ctx, vendors.Writing)
						if err != nil {
							return
						}
						mu.Lock()
						left = append(left, time.Now())
						mu.Unlock()
						time.Sleep(40 * time.Millisecond)
						ended(nil)
					}
				})
			}
			running.Wait()
			slices.SortFunc(left, time.Time.Compare)
			allowed := 10 * rate
			for from, to := 0, 0; ; from++ {
				for to < len(left) && left[to].Sub(left[from]) < 10*time.Second {
					to++
				}
				if to == len(left) {
					break
				}
				if got := float64(to - from); got < 0.985*allowed || got > allowed {
					t.Fatalf("%g requests in ten seconds, want %g to %g", got, 0.985*allowed, allowed)
				}
			}
		})
	}
}

func TestNoLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: math.Inf(1)})
		start := time.Now()
		for range 5000 {
			end(t, p, nil)
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("5000 requests without a limit took %v, want no time", took)
		}
		if got := p.Learned(); got != "" {
			t.Errorf("Learned() = %q of a vendor that throttled nothing", got)
		}
	})
}

func TestRetryAfterStopsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: math.Inf(1)})
		var ends []func(error)
		for range 2 {
			ended, err := p.Slot(t.Context(), vendors.Writing)
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, ended)
		}
		ends[0](asked(503, 5))
		ends[1](asked(429, 2)) // a shorter one does not shorten it
		start := time.Now()
		var running sync.WaitGroup
		for _, class := range []string{vendors.Reading, vendors.Writing, vendors.Reading} {
			running.Go(func() {
				ended, err := p.Slot(t.Context(), class)
				if err != nil || time.Since(start) < 5*time.Second || time.Since(start) > 6*time.Second {
					t.Errorf("%s: Slot = %v after %v, want nil after 5s", class, err, time.Since(start))
				}
				ended(nil)
			})
		}
		running.Wait()
	})
}

// TestHangingRequestKeepsNobodyBack lets one request hang while the vendor fails, so that there is one place
// left: the others wait for it no longer than for a long answer, and never exceed what the account may have.
func TestHangingRequestKeepsNobodyBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: math.Inf(1), InFlight: 4})
		slot := func() func(error) {
			t.Helper()
			ended, err := p.Slot(t.Context(), vendors.Writing)
			if err != nil {
				t.Fatal(err)
			}
			return ended
		}
		first := slot()
		for range 2 { // four places, then two, then one
			slot()(cut)
			time.Sleep(time.Millisecond)
		}
		start := time.Now()
		second := slot() // one place, and the first request has it
		if waited := time.Since(start); waited > longAnswer || waited < longAnswer-time.Second {
			t.Errorf("waited %v for a request that hangs, want about %v", waited, longAnswer)
		}
		third, fourth := slot(), slot()
		if waited := time.Since(start); waited < 3*longAnswer-time.Second {
			t.Errorf("four are on their way after %v, which is sooner than one place allows", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := p.Slot(ctx, vendors.Writing); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a fifth request of four: %v", err)
		}
		for _, ended := range []func(error){first, second, third, fourth} {
			ended(nil)
		}
	})
}

func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: math.Inf(1), InFlight: 8})
		answer := func(error) {}
		var inFlight, largest atomic.Int64
		run := func(requests int, err error) int64 {
			largest.Store(0)
			var running sync.WaitGroup
			for range requests {
				running.Go(func() {
					ended, wrong := p.Slot(t.Context(), vendors.Writing)
					if wrong != nil {
						t.Error(wrong)
						return
					}
					if n := inFlight.Add(1); n > largest.Load() {
						largest.Store(n)
					}
					time.Sleep(100 * time.Millisecond)
					inFlight.Add(-1)
					ended(err)
				})
				time.Sleep(time.Millisecond)
			}
			running.Wait()
			return largest.Load()
		}
		answer(nil)
		for _, step := range []struct {
			name     string
			requests int
			err      error
			want     int64
		}{
			{"all places", 40, nil, 8}, {"a fault", 1, cut, 1}, {"half of them", 4, nil, 4}, {"one", 1, status(502), 1},
			{"a cancelled one says nothing", 1, errors.New("disk full"), 1}, {"half again", 2, nil, 2}, {"back to all", 60, nil, 8},
		} {
			if got := run(step.requests, step.err); got != step.want {
				t.Errorf("%s: %d in flight, want %d", step.name, got, step.want)
			}
		}
	})
}

func TestStop(t *testing.T) {
	tests := []struct {
		name  string
		rate  float64
		begin func(t *testing.T, p *Pace)
		want  error
	}{
		{"a free slot is given", math.Inf(1), func(*testing.T, *Pace) {}, nil},
		{"a slot that comes soon is given", 4, func(t *testing.T, p *Pace) { end(t, p, nil) }, nil},
		{"a slot that comes late is not", 0.1, func(t *testing.T, p *Pace) { end(t, p, nil) }, ErrStopped},
		{"the vendor wants a pause", 100, func(t *testing.T, p *Pace) { end(t, p, asked(429, 3600)) }, ErrStopped},
		{"the vendor fails", 100, func(t *testing.T, p *Pace) {
			for range mostFaults {
				end(t, p, cut)
			}
			p.breaker.until = p.breaker.until.Add(time.Minute)
		}, ErrStopped},
		{"all places are taken", 100, func(t *testing.T, p *Pace) {
			for range 8 {
				if _, err := p.Slot(t.Context(), vendors.Writing); err != nil {
					t.Fatal(err)
				}
			}
		}, ErrStopped},
	}
	for _, test := range tests {
		for _, before := range []bool{true, false} {
			synctest.Test(t, func(t *testing.T) {
				stop := make(chan struct{})
				p := open(t, Options{Rate: test.rate, InFlight: 8, Stop: stop})
				test.begin(t, p)
				start := time.Now()
				if before {
					close(stop)
				} else {
					time.AfterFunc(time.Millisecond, func() { close(stop) })
				}
				var running sync.WaitGroup
				for range 2 {
					running.Go(func() {
						_, err := p.Slot(t.Context(), vendors.Writing)
						if !errors.Is(err, test.want) || test.want != nil && time.Since(start) > time.Millisecond {
							t.Errorf("%s: Slot = %v after %v, want %v at once", test.name, err, time.Since(start), test.want)
						}
					})
				}
				running.Wait()
			})
		}
	}
}

func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: 1})
		end(t, p, asked(429, 60))
		for _, wait := range []time.Duration{0, time.Second} {
			gone := errors.New("gone")
			ctx, cancel := context.WithTimeoutCause(t.Context(), wait, gone)
			start := time.Now()
			var running sync.WaitGroup
			for range 3 {
				running.Go(func() {
					if _, err := p.Slot(ctx, vendors.Writing); err == nil || time.Since(start) != wait {
						t.Errorf("Slot = %v after %v, want an error after %v", err, time.Since(start), wait)
					}
				})
			}
			running.Wait()
			cancel()
		}
	})
}

// TestBreaker lets a vendor fail for a while: everybody waits, and one after the other finds out.
func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: math.Inf(1), InFlight: 16, Random: func() float64 { return 1 }})
		start := time.Now()
		down, wanted := 10*time.Second, []time.Duration{0, 1, 3, 7, 15}
		var mu sync.Mutex
		var failed []time.Duration
		var running sync.WaitGroup
		for range 16 {
			running.Go(func() {
				for {
					ended, err := p.Slot(t.Context(), vendors.Writing)
					if err != nil {
						t.Error(err)
						return
					}
					since := time.Since(start)
					time.Sleep(10 * time.Millisecond)
					if since > down {
						ended(nil)
						return
					}
					mu.Lock()
					failed = append(failed, since.Truncate(time.Second))
					mu.Unlock()
					ended(cut)
				}
			})
		}
		running.Wait()
		var first int
		for first < len(failed) && failed[first] == 0 {
			first++
		}
		var probes []time.Duration
		for _, at := range failed[first:] {
			probes = append(probes, at/time.Second)
		}
		if first != 16 || !slices.Equal(probes, wanted[1:4]) {
			t.Errorf("%d failed at once and others after %v s, want 16 and %v", first, probes, wanted[1:4])
		}
		if took := time.Since(start).Truncate(time.Second); took != wanted[4]*time.Second {
			t.Errorf("all passed after %v, want %v", took, wanted[4]*time.Second)
		}
	})
}

func TestBreakerCountsFaultsInARow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, test := range []struct {
			name   string
			errs   []error
			passes bool
		}{
			{"faults of all kinds", []error{cut, status(500), status(502), status(503), status(504), status(408), cut, cut}, false},
			{"a refusal shows that the vendor works", []error{cut, cut, cut, cut, status(400), cut, cut, cut, cut}, true},
			{"and so does a throttled one", []error{cut, cut, cut, cut, status(429), cut, cut, cut, cut}, true},
			{"what never left is no fault", []error{cut, cut, cut, cut, cut, cut, cut, context.Canceled, errors.New("x")}, true},
			{"501 is the vendor's word", slices.Repeat([]error{status(501)}, 9), true},
		} {
			p := open(t, Options{Rate: math.Inf(1)})
			for _, err := range test.errs {
				end(t, p, err)
			}
			if _, passes := p.breaker.pass(time.Now()); passes != test.passes {
				t.Errorf("%s: the next one passes: %v, want %v", test.name, passes, test.passes)
			}
		}
	})
}

func TestProbeThatNeverLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: math.Inf(1)})
		for range mostFaults {
			end(t, p, cut)
		}
		end(t, p, errors.New("disk full"))
		start := time.Now()
		end(t, p, nil)
		end(t, p, nil)
		if took := time.Since(start); took != 0 {
			t.Errorf("the next ones waited %v, want not at all", took)
		}
	})
}

func TestGivingUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: math.Inf(1), Patience: 10 * time.Second, Random: func() float64 { return 0 }})
		start := time.Now()
		for {
			ended, err := p.Slot(t.Context(), vendors.Writing)
			var down *DownError
			if errors.As(err, &down) {
				if !errors.Is(err, cut) || down.Since != start || !strings.Contains(err.Error(), "has only failed since") {
					t.Errorf("Slot = %v, want the last failure and since when", err)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			ended(cut)
		}
		if took := time.Since(start); took < 10*time.Second || took > 20*time.Second {
			t.Errorf("given up after %v, want soon after 10s", took)
		}
	})
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, o := range []Options{{Rate: -1}, {Rate: math.NaN()}, {InFlight: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) = nil, want an error", o)
		}
	}
}
