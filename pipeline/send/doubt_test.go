package send

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline/pace"
	"bulkload/vendors"
)

// notebook is a desk that also notes what is written down of entities, apart from what is only reported.
type notebook struct {
	*desk
	noted []string
}

func (n *notebook) Settle(entities []*vendors.Entity) error {
	for _, e := range entities {
		n.noted = append(n.noted, fmt.Sprint(e.Key, " ", e.Outcome))
	}
	return n.desk.Settle(entities)
}

// TestDoubtOutlastsWhatFails has entities that an earlier process left in doubt, and an error that keeps this process from
// settling them. "Skipped" must not be written down: the process after this one would take them for not sent.
func TestDoubtOutlastsWhatFails(t *testing.T) {
	inAir := Past{Attempts: 1, Hash: fresh, Token: "t", ThisRun: true, InAir: true}
	stopped := fmt.Errorf("wait for a slot: %w", context.Canceled)
	for _, test := range []struct {
		name   string
		repeat vendors.Repeat
		again  bool
		past   Past
		err    error // of the upload
		read   error // of reading back
		want   vendors.Outcome
		noted  []string
	}{
		{"throttled", vendors.Harmless, false, inAir, status(429), nil, vendors.Unknown, []string{"a unknown"}},
		{"no slot", vendors.ByToken, false, inAir, stopped, nil, vendors.Unknown, []string{"a unknown"}},
		{"no connection", vendors.ByToken, false, inAir, refused, nil, vendors.Unknown, []string{"a unknown"}},
		{"turned away", vendors.ByToken, false, inAir, status(401), nil, vendors.Unknown, []string{"a unknown"}},
		{"sent again on purpose, no slot", vendors.Unsafe, true, inAir, stopped, nil, vendors.Unknown, []string{"a unknown"}},
		{"turned away when reading back", vendors.Unsafe, false, inAir, nil, status(401), vendors.Unknown, nil},
		{"it was other rows that left", vendors.Harmless, false, Past{Attempts: 1, Hash: old, ThisRun: true, InAir: true}, status(429), nil, vendors.Skipped, []string{"a skipped"}},
		{"refused", vendors.Harmless, false, inAir, status(400), nil, vendors.Refused, []string{"a refused"}},
		{"never left", vendors.Harmless, false, Past{}, status(429), nil, vendors.Skipped, []string{"a skipped"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			n := &notebook{desk: newDesk("a")}
			n.waiting[0].Hash, n.waiting[0].Token = fresh, "t"
			n.past = map[string]Past{"a": test.past}
			resource, _ := attempts(test.repeat, slices.Repeat([]error{test.err}, 9)...)
			resource.ReadBack = func(context.Context, *vendors.Client, *vendors.Entity) error { return test.read }
			s := sender(n.desk, resource)
			s.Settled, s.Again, s.Retry.Attempts = n, test.again, 1
			s.Run(t.Context())
			if n.settled["a"] != test.want {
				t.Errorf("the outcome is %v, want %v", n.settled["a"], test.want)
			}
			if diff := cmp.Diff(test.noted, n.noted); diff != "" {
				t.Errorf("what is written down (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOthersOfACallKeepTheirDoubt has the second of three entities fail to be remembered.
func TestOthersOfACallKeepTheirDoubt(t *testing.T) {
	n := &notebook{desk: newDesk("a", "b", "c")}
	n.batch = 3
	n.past = make(map[string]Past)
	for _, key := range []string{"a", "b", "c"} {
		n.past[key] = Past{Attempts: 1, ThisRun: true, InAir: true}
	}
	resource, _ := attempts(vendors.Unsafe)
	resource.ReadBack = func(_ context.Context, _ *vendors.Client, e *vendors.Entity) error {
		if e.Key == "b" {
			return status(401)
		}
		return nil
	}
	s := sender(n.desk, resource)
	s.Settled = n
	if err := s.Run(t.Context()); !errors.Is(err, ErrUnauthorised) || len(n.settled) != 3 || n.noted != nil {
		t.Errorf("Run = %v, settled %v, written down %q; want ErrUnauthorised, all three, nothing", err, n.settled, n.noted)
	}
}

// TestWhatMayHaveActedIsNotSkipped lets an upload end with an error that says that nothing was stored, after
// a request of it that may have been: "skipped" would say that it was not sent.
func TestWhatMayHaveActedIsNotSkipped(t *testing.T) {
	down := fmt.Errorf("wait for a slot: %w", &pace.DownError{Err: status(503)})
	for _, test := range []struct {
		name string
		errs []error
		want vendors.Outcome
	}{
		{"a cut line, then throttled", []error{cut, status(429), status(429), status(429)}, vendors.Unknown},
		{"a cut line, then nobody there", []error{cut, refused, refused, refused}, vendors.Unknown},
		{"500, then turned away", []error{status(500), status(401)}, vendors.Unknown},
		{"a cut line, then no slot", []error{cut, down}, vendors.Unknown},
		{"throttled, then nobody there", []error{status(429), refused, refused, refused}, vendors.Skipped},
		{"a cut line, then refused", []error{cut, status(400)}, vendors.Refused},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk("a")
				resource, _ := attempts(vendors.Harmless, test.errs...)
				sender(d, resource).Run(t.Context())
				if d.settled["a"] != test.want {
					t.Errorf("the outcome is %v, want %v", d.settled["a"], test.want)
				}
			})
		})
	}
}

// TestPartsOfACallMayHaveActed has an upload of several requests fail at a later one.
func TestPartsOfACallMayHaveActed(t *testing.T) {
	stopped := fmt.Errorf("wait for a slot: %w", context.Canceled)
	for _, test := range []struct {
		name   string
		repeat vendors.Repeat
		leaves int // requests
		err    error
		want   vendors.Outcome
		calls  int
	}{
		{"the first has no slot", vendors.Harmless, 0, stopped, vendors.Skipped, 1},
		{"the first is throttled", vendors.Harmless, 1, status(429), vendors.Skipped, 4},
		{"the second has no slot", vendors.Harmless, 1, stopped, vendors.Unknown, 1},
		{"the second is throttled", vendors.Harmless, 2, status(429), vendors.Unknown, 4},
		{"the second finds nobody", vendors.Harmless, 2, refused, vendors.Unknown, 4},
		{"the second is throttled, where repeating the first is unsafe", vendors.Unsafe, 2, status(429), vendors.Unknown, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, calls := newDesk("a"), 0
				resource := &vendors.Resource{Repeat: test.repeat, Upload: func(ctx context.Context, client *vendors.Client, _ vendors.Upload) error {
					calls++
					for range test.leaves {
						if err := client.Leaving(ctx); err != nil {
							return err
						}
					}
					return test.err
				}}
				if err := sender(d, resource).Run(t.Context()); err != nil || d.settled["a"] != test.want || calls != test.calls {
					t.Errorf("Run = %v, %v after %d uploads, want %v after %d", err, d.settled["a"], calls, test.want, test.calls)
				}
				if len(d.left) != min(test.leaves, 1)*test.calls {
					t.Errorf("what left was told as %q", d.left)
				}
			})
		})
	}
}

// TestWhoHasNoSlotWasNotSent has the pace give an account up: what it says has the failure of another
// request in it, but this one never left.
func TestWhoHasNoSlotWasNotSent(t *testing.T) {
	for _, failure := range []error{status(503), cut, refused} {
		down := fmt.Errorf("wait for a slot: %w", &pace.DownError{Err: failure})
		d := newDesk("a")
		resource := &vendors.Resource{Repeat: vendors.Unsafe,
			Upload: func(context.Context, *vendors.Client, vendors.Upload) error { return down }}
		s := sender(d, resource)
		s.Retry.Attempts = 1
		if err := s.Run(t.Context()); err != nil || d.settled["a"] != vendors.Skipped {
			t.Errorf("after %v: Run = %v, %v, want skipped", failure, err, d.settled["a"])
		}
		e := &vendors.Entity{}
		a := &Asker{Resource: &vendors.Resource{Ask: func(context.Context, *vendors.Client, *vendors.Entity) ([]byte, error) { return nil, down }},
			Client: &vendors.Client{}, Retry: s.Retry}
		if _, err := a.Ask(t.Context(), e); err != nil || e.Outcome != vendors.Skipped {
			t.Errorf("after %v: Ask = %v, %v, want skipped", failure, err, e.Outcome)
		}
	}
}

// TestPanicsEndTheRun has a vendor's code panic when it reads back, and when it asks.
func TestPanicsEndTheRun(t *testing.T) {
	d := newDesk("a", "b")
	d.past = map[string]Past{"a": {Attempts: 1, InAir: true}}
	resource, calls := attempts(vendors.Unsafe)
	resource.ReadBack = func(context.Context, *vendors.Client, *vendors.Entity) error { panic("oops") }
	var panicked *PanicError
	if err := sender(d, resource).Run(t.Context()); !errors.As(err, &panicked) || *calls != 0 || d.settled["a"] != vendors.Unknown {
		t.Errorf("Run = %v after %d calls, %v, want the panic told, none, and what was in doubt left so", err, *calls, d.settled)
	}
	for _, part := range []func(*vendors.Resource){
		func(r *vendors.Resource) {
			r.Ask = func(context.Context, *vendors.Client, *vendors.Entity) ([]byte, error) { panic("oops") }
		},
		func(r *vendors.Resource) { r.Answer = func([]byte) ([]map[string]string, error) { panic("oops") } },
	} {
		a, e := (&oracle{errs: []error{nil}}).asker(vendors.Unsafe, false), &vendors.Entity{}
		part(a.Resource)
		if _, err := a.Ask(t.Context(), e); !errors.As(err, &panicked) || e.Outcome != vendors.Unknown {
			t.Errorf("Ask = %v, %v, want the panic told, unknown", err, e.Outcome)
		}
	}
}
