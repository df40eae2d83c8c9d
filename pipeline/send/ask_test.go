package send

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
)

// oracle is a resource that is asked. Each call is answered by the next of the errors, and the last one for good.
type oracle struct {
	errs  []error
	calls int
	left  int
	body  string
}

func (o *oracle) asker(repeat vendors.Repeat, quiet bool) *Asker {
	resource := &vendors.Resource{Repeat: repeat,
		Ask: func(ctx context.Context, client *vendors.Client, _ *vendors.Entity) ([]byte, error) {
			o.calls++
			if client.Again != nil {
				return nil, errors.New("the client repeats by itself")
			}
			err := o.errs[min(o.calls, len(o.errs))-1]
			var transport *vendors.TransportError
			if !quiet && !(errors.As(err, &transport) && transport.Unsent()) {
				if err := client.Leaving(ctx); err != nil {
					return nil, err
				}
			}
			return []byte(o.body), err
		},
		Answer: func(body []byte) ([]map[string]string, error) {
			if string(body) == "nonsense" {
				return nil, errors.New("not an answer")
			}
			return nil, nil
		}}
	counts := &Counts{}
	client := &vendors.Client{Account: &vendors.Account{}, Again: func(context.Context, int, error) bool { return true }}
	return &Asker{Resource: resource, Client: client, Retry: DefaultRetry(nil, counts),
		Leave: func(context.Context, *vendors.Entity) error { o.left++; return nil }}
}

var unsent = &vendors.TransportError{Err: &net.OpError{Op: "dial", Err: errors.New("refused")}}

func TestAsk(t *testing.T) {
	type result struct {
		Calls, Left int
		Outcome     vendors.Outcome
		Ends        bool
	}
	for _, test := range []struct {
		name   string
		repeat vendors.Repeat
		body   string
		errs   []error
		want   result
	}{
		{"answered", vendors.Harmless, "ok", []error{nil}, result{Calls: 1}},
		{"answered, unsafe", vendors.Unsafe, "ok", []error{nil}, result{Calls: 1, Left: 1}},
		{"cut once", vendors.Harmless, "ok", []error{cut, nil}, result{Calls: 2}},
		{"cut once, unsafe", vendors.Unsafe, "ok", []error{cut, nil}, result{Calls: 1, Left: 1, Outcome: vendors.Unknown}},
		{"cut always", vendors.Harmless, "ok", []error{cut}, result{Calls: 6, Outcome: vendors.Unknown}},
		{"failed, unsafe", vendors.Unsafe, "ok", []error{status(503)}, result{Calls: 1, Left: 1, Outcome: vendors.Unknown}},
		{"throttled, unsafe", vendors.Unsafe, "ok", []error{status(429), status(429), nil}, result{Calls: 3, Left: 3}},
		{"throttled always", vendors.Harmless, "ok", []error{status(429)}, result{Calls: 6, Outcome: vendors.Skipped}},
		{"nobody there at first, unsafe", vendors.Unsafe, "ok", []error{unsent, nil}, result{Calls: 2, Left: 1}},
		{"nobody there", vendors.Unsafe, "ok", []error{unsent}, result{Calls: 6, Outcome: vendors.Skipped}},
		{"throttled, then nobody there: what came counts", vendors.Unsafe, "ok", []error{status(429), context.Canceled}, result{Calls: 2, Left: 2, Outcome: vendors.Skipped}},
		{"refused", vendors.Harmless, "ok", []error{status(422)}, result{Calls: 1, Outcome: vendors.Refused}},
		{"turned away", vendors.Harmless, "ok", []error{status(401)}, result{Calls: 1, Outcome: vendors.Skipped, Ends: true}},
		{"unreadable", vendors.Harmless, "nonsense", []error{nil}, result{Calls: 1, Outcome: vendors.Refused}},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := &oracle{errs: test.errs, body: test.body}
			e := &vendors.Entity{Key: "q"}
			answer, err := o.asker(test.repeat, false).Ask(t.Context(), e)
			if (e.Outcome == vendors.Unsettled) != (string(answer) == "ok") {
				t.Errorf("%s: answer %q with outcome %v", test.name, answer, e.Outcome)
			}
			if diff := cmp.Diff(test.want, result{o.calls, o.left, e.Outcome, err != nil}); diff != "" {
				t.Errorf("%s: %v (-want +got):\n%s", test.name, err, diff)
			}
		})
	}
}

// TestAskingEnds makes sure that a run ends when the vendor fails question after question, when it cannot be
// written down that a question leaves, and when it was not.
func TestAskingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := &oracle{errs: []error{status(503)}}
		a := o.asker(vendors.Unsafe, false)
		for n := 1; ; n++ {
			if _, err := a.Ask(t.Context(), &vendors.Entity{}); err != nil {
				if !errors.Is(err, ErrUnreachable) || n != tolerated {
					t.Errorf("after %d questions: %v, want ErrUnreachable after %d", n, err, tolerated)
				}
				break
			}
		}
		full := errors.New("no space left")
		a = o.asker(vendors.Unsafe, false)
		a.Leave = func(context.Context, *vendors.Entity) error { return full }
		e := &vendors.Entity{}
		var keep *KeepError
		if _, err := a.Ask(t.Context(), e); !errors.As(err, &keep) || e.Outcome != vendors.Skipped {
			t.Errorf("Ask = %v, %v, want a KeepError, skipped", err, e.Outcome)
		}
		o = &oracle{errs: []error{nil}}
		if _, err := o.asker(vendors.Unsafe, true).Ask(t.Context(), e); !errors.Is(err, errUnnoted) || e.Outcome != vendors.Unknown {
			t.Errorf("Ask = %v, %v, want the bug told, unknown", err, e.Outcome)
		}
	})
}

// TestUnreadableAnswersShowNoToken has a vendor repeat the token where nothing can be read.
func TestUnreadableAnswersShowNoToken(t *testing.T) {
	a := (&oracle{errs: []error{nil}}).asker(vendors.Harmless, false)
	a.Client.Account.Token = vendors.NewSecret("s3cret-token")
	a.Resource.Answer = func([]byte) ([]map[string]string, error) { return nil, errors.New("what is s3cret-token?") }
	e := &vendors.Entity{}
	if _, err := a.Ask(t.Context(), e); err != nil || e.Answer == nil || e.Answer.Status != http.StatusOK ||
		e.Answer.Message != "the answer cannot be read: what is ***?" {
		t.Errorf("Ask = %v, %v", e.Answer, err)
	}
}
