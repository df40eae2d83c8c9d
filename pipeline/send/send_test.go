package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
)

// desk is a Work, a Settled and a State for tests.
type desk struct {
	mu      sync.Mutex
	waiting []*vendors.Entity
	settled map[string]vendors.Outcome
	known   []string
	past    map[string]Past
	holds   bool     // the vendor has everything as it would be sent
	left    []string // "key attempt", of those that left
	full    error    // of Leave: nothing can be written down
	batch   int      // entities in one call; 0: one
}

func newDesk(keys ...string) *desk {
	d := &desk{settled: make(map[string]vendors.Outcome)}
	for _, key := range keys {
		d.waiting = append(d.waiting, &vendors.Entity{Key: key})
	}
	return d
}

func (d *desk) Next(context.Context) ([]*vendors.Entity, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.waiting) == 0 {
		return nil, io.EOF
	}
	n := min(max(1, d.batch), len(d.waiting))
	next := d.waiting[:n:n]
	d.waiting = d.waiting[n:]
	return next, nil
}

func (d *desk) Settle(entities []*vendors.Entity) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range entities {
		d.settled[e.Key] = e.Outcome
	}
	return nil
}

func (d *desk) Leave(_ context.Context, entities []*vendors.Entity, attempt int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, e := range entities {
		if d.full == nil {
			d.left = append(d.left, fmt.Sprint(e.Key, " ", attempt))
		}
	}
	return d.full
}

func (d *desk) Recall(e *vendors.Entity) error { return d.Settle([]*vendors.Entity{e}) }

func (d *desk) Holds(*vendors.Entity) (bool, error) { return d.holds, nil }

func (d *desk) Past(key string) (Past, error) { return d.past[key], nil }

func (d *desk) Has(key string) bool { return slices.Contains(d.known, key) }

// attempts is a resource whose Upload gives the errors of its list, then succeeds.
func attempts(repeat vendors.Repeat, errs ...error) (*vendors.Resource, *int) {
	calls := 0
	return &vendors.Resource{Name: "things", Batch: 1, Repeat: repeat,
		Upload: func(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
			if err := client.Leaving(ctx); err != nil {
				return err
			}
			calls++
			if u.Attempt <= len(errs) && errs[u.Attempt-1] != nil {
				return errs[u.Attempt-1]
			}
			for _, e := range u.Entities {
				e.Outcome = vendors.Created
				if e.Known {
					e.Outcome = vendors.Updated
				}
			}
			return nil
		}}, &calls
}

func sender(d *desk, r *vendors.Resource) *Sender {
	counts := &Counts{}
	return &Sender{Resource: r, Client: &vendors.Client{}, Work: d, Settled: d, State: d, Workers: 1,
		Retry: Retry{Attempts: 4, First: time.Second, Longest: 3 * time.Second, Random: func() float64 { return 1 }, Counts: counts}}
}

var (
	cut     = &vendors.TransportError{Method: "PUT", Err: io.ErrUnexpectedEOF}
	refused = &vendors.TransportError{Method: "PUT", Err: &net.OpError{Op: "dial", Err: errors.New("connection refused")}}
)

func status(code int) error { return &vendors.APIError{Status: code} }

func TestOutcomes(t *testing.T) {
	tests := []struct {
		name   string
		repeat vendors.Repeat
		errs   []error
		want   vendors.Outcome
		calls  int
		waits  time.Duration
	}{
		{"at once", vendors.Harmless, nil, vendors.Created, 1, 0},
		{"after a cut line", vendors.Harmless, []error{cut}, vendors.Created, 2, time.Second},
		{"after 503 and 500", vendors.Harmless, []error{status(503), status(500)}, vendors.Created, 3, 3 * time.Second},
		{"never again after 400", vendors.Harmless, []error{status(400)}, vendors.Refused, 1, 0},
		{"never again after 409", vendors.ByToken, []error{status(409)}, vendors.Refused, 1, 0},
		{"501 is final", vendors.Harmless, []error{status(501)}, vendors.Refused, 1, 0},
		{"cut line where repeating is unsafe", vendors.Unsafe, []error{cut}, vendors.Unknown, 1, 0},
		{"500 where repeating is unsafe", vendors.Unsafe, []error{status(500)}, vendors.Unknown, 1, 0},
		{"no connection where repeating is unsafe", vendors.Unsafe, []error{refused}, vendors.Created, 2, time.Second},
		{"429 where repeating is unsafe", vendors.Unsafe, []error{status(429)}, vendors.Created, 2, time.Second},
		{"always 503", vendors.Harmless, []error{status(503), status(503), status(503), status(503)}, vendors.Unknown, 4, 6 * time.Second},
		{"always 429", vendors.Harmless, []error{status(429), status(429), status(429), status(429)}, vendors.Skipped, 4, 6 * time.Second},
		{"never a connection", vendors.Harmless, []error{refused, refused, refused, refused}, vendors.Skipped, 4, 6 * time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk("a")
				resource, calls := attempts(test.repeat, test.errs...)
				start := time.Now()
				if err := sender(d, resource).Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if got := d.settled["a"]; got != test.want || *calls != test.calls || time.Since(start) != test.waits {
					t.Errorf("outcome %v after %d calls and %v, want %v after %d and %v",
						got, *calls, time.Since(start), test.want, test.calls, test.waits)
				}
			})
		})
	}
}

// TestRefusedCallsAreSplit sends eight entities in one call to a vendor that refuses every call with b
// or g in it, and cuts the line at the first call with e but no g.
func TestRefusedCallsAreSplit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk("a", "b", "c", "d", "e", "f", "g", "h")
		d.batch = 8
		var calls []string
		cutOnce := false
		resource := &vendors.Resource{Batch: 8, Splits: true, Repeat: vendors.Harmless,
			Upload: func(_ context.Context, _ *vendors.Client, u vendors.Upload) error {
				keys := ""
				for _, e := range u.Entities {
					keys += e.Key
				}
				calls = append(calls, keys)
				switch {
				case strings.ContainsAny(keys, "bg"):
					return status(404)
				case strings.Contains(keys, "e") && !cutOnce:
					cutOnce = true
					return cut
				}
				for _, e := range u.Entities {
					e.Outcome = vendors.Created
				}
				return nil
			}}
		if err := sender(d, resource).Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := map[string]vendors.Outcome{"b": vendors.Refused, "g": vendors.Refused}
		for _, key := range []string{"a", "c", "d", "e", "f", "h"} {
			want[key] = vendors.Created
		}
		if diff := cmp.Diff(want, d.settled); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"abcdefgh", "abcd", "ab", "a", "b", "cd", "efgh", "ef", "ef", "gh", "g", "h"}, calls); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
}

// TestTurnedAwayWhileSplitting ends a run in the middle of a call's parts: all of them are settled.
func TestTurnedAwayWhileSplitting(t *testing.T) {
	d := newDesk("a", "b", "c", "d")
	d.batch = 4
	resource := &vendors.Resource{Batch: 4, Splits: true,
		Upload: func(_ context.Context, _ *vendors.Client, u vendors.Upload) error {
			return map[int]error{4: status(400), 2: status(401)}[len(u.Entities)]
		}}
	if err := sender(d, resource).Run(t.Context()); !errors.Is(err, ErrUnauthorised) {
		t.Errorf("Run = %v, want ErrUnauthorised", err)
	}
	for _, key := range []string{"a", "b", "c", "d"} {
		if d.settled[key] != vendors.Skipped {
			t.Errorf("%s is %v, want skipped", key, d.settled[key])
		}
	}
}

// TestWithoutToken loses the first answer of entities that a vendor knows no token of.
func TestWithoutToken(t *testing.T) {
	for _, test := range []struct {
		name  string
		adds  bool
		want  vendors.Outcome
		calls int
	}{
		{"the same state results", false, vendors.Created, 2},
		{"it adds", true, vendors.Unknown, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk("a")
				d.waiting[0].Adds = test.adds
				resource, calls := attempts(vendors.ByToken, cut)
				if err := sender(d, resource).Run(t.Context()); err != nil || d.settled["a"] != test.want || *calls != test.calls {
					t.Errorf("Run = %v, %v after %d calls, want %v after %d", err, d.settled["a"], *calls, test.want, test.calls)
				}
			})
		})
	}
}

func TestKnownEntitiesAreUpdated(t *testing.T) {
	d := newDesk("a", "b")
	d.known = []string{"b"}
	resource, _ := attempts(vendors.Harmless)
	if err := sender(d, resource).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := map[string]vendors.Outcome{"a": vendors.Created, "b": vendors.Updated}
	if diff := cmp.Diff(want, d.settled); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

func TestRunEndsWhenTurnedAway(t *testing.T) {
	d := newDesk("a", "b", "c")
	resource, calls := attempts(vendors.Harmless, status(401))
	err := sender(d, resource).Run(t.Context())
	if !errors.Is(err, ErrUnauthorised) || *calls != 1 || d.settled["a"] != vendors.Skipped {
		t.Errorf("Run = %v after %d calls, a is %v; want ErrUnauthorised after 1, skipped", err, *calls, d.settled["a"])
	}
}

func TestRunEndsWhenVendorFailsAgainAndAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys []string
		for i := range 30 {
			keys = append(keys, fmt.Sprint(i))
		}
		d := newDesk(keys...)
		resource, _ := attempts(vendors.Harmless, cut, cut, cut, cut)
		if err := sender(d, resource).Run(t.Context()); !errors.Is(err, ErrUnreachable) || len(d.settled) != tolerated {
			t.Errorf("Run = %v with %d settled, want ErrUnreachable with %d", err, len(d.settled), tolerated)
		}
	})
}

func TestUploadThatForgetsAnEntityIsAnError(t *testing.T) {
	resource := &vendors.Resource{Upload: func(context.Context, *vendors.Client, vendors.Upload) error { return nil }}
	if err := sender(newDesk("a"), resource).Run(t.Context()); err == nil {
		t.Error("Run gave no error for an entity without an outcome")
	}
}

func TestStopEndsRetrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk("a")
		resource, calls := attempts(vendors.Harmless, cut, cut)
		s := sender(d, resource)
		stop := make(chan struct{})
		close(stop)
		s.Retry.Stop = stop
		if err := s.Run(t.Context()); err != nil || *calls != 1 || d.settled["a"] != vendors.Unknown {
			t.Errorf("Run = %v after %d calls, a is %v; want unknown after 1", err, *calls, d.settled["a"])
		}
	})
}

func TestAttemptThatNeverLeavesKeepsTheEarlierError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk("a")
		resource, _ := attempts(vendors.Harmless, cut, fmt.Errorf("wait for a slot: %w", context.Canceled))
		if err := sender(d, resource).Run(t.Context()); err != nil || d.settled["a"] != vendors.Unknown {
			t.Errorf("Run = %v, a is %v; want unknown, since the first request may have been applied", err, d.settled["a"])
		}
	})
}

func TestAgainIsForWhatPasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retry := sender(newDesk(), nil).Retry
		start := time.Now()
		if !retry.Again(t.Context(), 1, status(429)) || retry.Again(t.Context(), 1, status(404)) || retry.Again(t.Context(), 4, status(503)) {
			t.Error("Again took 404 or a fourth failure, or refused 429")
		}
		if time.Since(start) != time.Second {
			t.Errorf("waited %v, want 1s", time.Since(start))
		}
	})
}

func TestCounting(t *testing.T) {
	counts := &Counts{}
	statuses := []int{200, 429, 503}
	transport := Counting(roundTrip(func(*http.Request) (*http.Response, error) {
		code := statuses[0]
		statuses = statuses[1:]
		return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(""))}, nil
	}), counts)
	for range 3 {
		if _, err := transport.RoundTrip(&http.Request{}); err != nil {
			t.Fatal(err)
		}
	}
	if counts.Sent.Load() != 3 || counts.Throttled.Load() != 1 {
		t.Errorf("counted %d sent and %d throttled, want 3 and 1", counts.Sent.Load(), counts.Throttled.Load())
	}
}

var (
	old   = vendors.HashOf([]byte("old"))
	fresh = vendors.HashOf([]byte("new"))
)

// TestRecall has entities with a past: what is sent, and what is taken as settled.
func TestRecall(t *testing.T) {
	refusal := &vendors.APIError{Status: 400, Message: "no"}
	absent := func(context.Context, *vendors.Client, *vendors.Entity) error { return nil }
	there := func(_ context.Context, _ *vendors.Client, e *vendors.Entity) error {
		e.Outcome = vendors.Created
		return nil
	}
	silent := func(context.Context, *vendors.Client, *vendors.Entity) error { return cut }
	tests := []struct {
		name   string
		repeat vendors.Repeat
		past   Past
		holds  bool
		read   func(context.Context, *vendors.Client, *vendors.Entity) error
		again  bool
		want   vendors.Outcome
		left   []string
	}{
		{"never seen", vendors.Harmless, Past{}, false, nil, false, vendors.Created, []string{"a 1"}},
		{"created by this run", vendors.Harmless, Past{Attempts: 1, Hash: fresh, ThisRun: true, Outcome: vendors.Created}, false, nil, false, vendors.Created, nil},
		{"refused by this run", vendors.Harmless, Past{Attempts: 1, Hash: fresh, ThisRun: true, Outcome: vendors.Refused, Answer: refusal}, false, nil, false, vendors.Refused, nil},
		{"refused, then put right", vendors.Harmless, Past{Attempts: 1, Hash: old, ThisRun: true, Outcome: vendors.Refused}, false, nil, false, vendors.Created, []string{"a 2"}},
		{"created, then changed", vendors.Harmless, Past{Attempts: 1, Hash: old, ThisRun: true, Outcome: vendors.Created}, false, nil, false, vendors.Updated, []string{"a 2"}},
		{"kept back by this run", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, ThisRun: true, Outcome: vendors.Skipped}, false, nil, false, vendors.Created, []string{"a 2"}},
		{"in the air, harmless", vendors.Harmless, Past{Attempts: 2, Hash: fresh, ThisRun: true, InAir: true}, false, nil, false, vendors.Created, []string{"a 3"}},
		{"in the air, harmless, changed", vendors.Harmless, Past{Attempts: 1, Hash: old, ThisRun: true, InAir: true}, false, nil, false, vendors.Created, []string{"a 2"}},
		{"in the air, same token and body", vendors.ByToken, Past{Attempts: 1, Hash: fresh, Token: "t", InAir: true}, false, nil, false, vendors.Created, []string{"a 2"}},
		{"in the air, same token, changed body", vendors.ByToken, Past{Attempts: 1, Hash: old, Token: "t", InAir: true}, false, nil, false, vendors.Unknown, nil},
		{"in the air, another token", vendors.ByToken, Past{Attempts: 1, Hash: fresh, Token: "u", InAir: true}, false, absent, false, vendors.Created, []string{"a 2"}},
		{"in the air, unsafe", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, InAir: true}, false, nil, false, vendors.Unknown, nil},
		{"in the air, unsafe, read back and there", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, InAir: true}, false, there, false, vendors.Created, nil},
		{"in the air, unsafe, read back and not there", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, InAir: true}, false, absent, false, vendors.Created, []string{"a 2"}},
		{"in the air, unsafe, no answer to the reading", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, InAir: true}, false, silent, false, vendors.Unknown, nil},
		{"unknown, unsafe", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, Outcome: vendors.Unknown}, false, nil, false, vendors.Unknown, nil},
		{"stored yesterday, unsafe", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, Outcome: vendors.Created}, false, nil, false, vendors.Unchanged, nil},
		{"stored yesterday, unsafe, asked for again", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, Outcome: vendors.Created}, false, nil, true, vendors.Created, []string{"a 2"}},
		{"unknown, unsafe, asked for again", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, Outcome: vendors.Unknown}, false, nil, true, vendors.Created, []string{"a 2"}},
		{"stored yesterday, unsafe, changed", vendors.Unsafe, Past{Attempts: 1, Hash: old, Outcome: vendors.Created}, false, nil, false, vendors.Created, []string{"a 2"}},
		{"held, never seen", vendors.Harmless, Past{}, true, nil, false, vendors.Unchanged, nil},
		{"held, in the air of this run", vendors.Harmless, Past{Attempts: 1, Hash: fresh, ThisRun: true, InAir: true}, true, nil, false, vendors.Created, nil},
		{"held, in the air of this run, replaced", vendors.Harmless, Past{Attempts: 1, Hash: fresh, ThisRun: true, Known: true, InAir: true}, true, nil, false, vendors.Updated, nil},
		{"held, created by this run", vendors.Harmless, Past{Attempts: 1, Hash: fresh, ThisRun: true, Outcome: vendors.Created}, true, nil, false, vendors.Created, nil},
		{"held, unknown of an earlier run, unsafe", vendors.Unsafe, Past{Attempts: 1, Hash: fresh, Outcome: vendors.Unknown}, true, nil, false, vendors.Unchanged, nil},
		{"stored yesterday, harmless", vendors.Harmless, Past{Attempts: 1, Hash: fresh, Outcome: vendors.Created}, false, nil, false, vendors.Created, []string{"a 2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDesk("a")
			d.waiting[0].Hash, d.waiting[0].Token = fresh, "t"
			d.past, d.holds = map[string]Past{"a": test.past}, test.holds
			resource, _ := attempts(test.repeat)
			resource.ReadBack = test.read
			s := sender(d, resource)
			s.Again = test.again
			if err := s.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(map[string]vendors.Outcome{"a": test.want}, d.settled); diff != "" {
				t.Errorf("outcome (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.left, d.left); diff != "" {
				t.Errorf("what left (-want +got):\n%s", diff)
			}
		})
	}
}

func TestNothingLeavesThatCannotBeWrittenDown(t *testing.T) {
	d := newDesk("a", "b")
	d.full = errors.New("no space left")
	resource, calls := attempts(vendors.Harmless)
	err := sender(d, resource).Run(t.Context())
	var keep *KeepError
	if !errors.As(err, &keep) || *calls != 0 || d.settled["a"] != vendors.Skipped {
		t.Errorf("Run = %v after %d calls, a is %v; want a KeepError after none, skipped", err, *calls, d.settled["a"])
	}
}

func TestReadingBackWhenTurnedAwayEndsTheRun(t *testing.T) {
	d := newDesk("a")
	d.past = map[string]Past{"a": {Attempts: 1, InAir: true}}
	resource, _ := attempts(vendors.Unsafe)
	resource.ReadBack = func(context.Context, *vendors.Client, *vendors.Entity) error { return status(401) }
	if err := sender(d, resource).Run(t.Context()); !errors.Is(err, ErrUnauthorised) || d.settled["a"] != vendors.Unknown {
		t.Errorf("Run = %v, a is %v; want ErrUnauthorised, unknown", err, d.settled["a"])
	}
}
