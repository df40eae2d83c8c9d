package send

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync/atomic"

	"bulkload/vendors"
)

// An Asker puts questions to a vendor, each again when that is safe, and says when the run must end. Its
// pace is the client's. It is used by many goroutines.
type Asker struct {
	Resource *vendors.Resource
	Client   *vendors.Client
	Retry    Retry
	// Leave makes lasting that a question is about to leave which must not be put twice. An error keeps it
	// back and ends the run.
	Leave func(context.Context, *vendors.Entity) error

	failures atomic.Int64 // in a row
}

// Ask puts the question that an entity is, and returns the answer. Without one, the entity has the outcome
// that follows: Refused, Unknown or Skipped. The error is that of a run which must end.
func (a *Asker) Ask(ctx context.Context, e *vendors.Entity) (answer []byte, err error) {
	answer, asking := a.ask(ctx, e)
	if asking != nil {
		e.Outcome, e.Answer = outcome(asking)
		answer = nil
	}
	var panicked *PanicError
	if errors.Is(asking, errUnnoted) || errors.As(asking, &panicked) {
		e.Outcome = vendors.Unknown
		return nil, asking
	}
	return answer, (&Sender{}).consequence(asking, &a.failures)
}

// ask puts the question until there is an answer, or none is to be had.
func (a *Asker) ask(ctx context.Context, e *vendors.Entity) ([]byte, error) {
	client := *a.Client
	client.Again = nil // a question that reads would be repeated twice over
	var earlier error  // of the attempt before: if this one never leaves, that is what counts
	for attempt := 1; ; attempt++ {
		left := false
		client.Leaving = a.leaving(e, &left)
		var answer []byte
		err := guard("asking about "+strconv.Quote(e.Key), func() (err error) {
			if answer, err = a.Resource.Ask(ctx, &client, e); err == nil {
				err = a.read(answer, left)
			}
			return err
		})
		if earlier != nil && !answered(err) {
			return nil, earlier
		}
		earlier = err
		if err == nil || !Passing(err) || a.unsafe() && mayHaveActed(err) || !a.Retry.wait(ctx, attempt, err) {
			return answer, err
		}
	}
}

// unsafe reports whether a question must not be put twice.
func (a *Asker) unsafe() bool { return a.Resource.Repeat == vendors.Unsafe }

func (a *Asker) leaving(e *vendors.Entity, left *bool) func(context.Context) error {
	return func(ctx context.Context) error {
		if *left || !a.unsafe() {
			return nil
		}
		*left = true
		if err := a.Leave(ctx, e); err != nil {
			return &KeepError{err}
		}
		return nil
	}
}

var errUnnoted = errors.New("a question that must not be put twice was put without being noted: this is a bug of the resource")

// read makes sure that an answer can be read, and that it was noted that its question left. What no document
// knows is no answer, though the vendor has given one: asking again would not make it another.
func (a *Asker) read(answer []byte, left bool) error {
	if a.unsafe() && !left {
		return errUnnoted
	}
	if _, err := a.Resource.Answer(answer); err != nil {
		return &vendors.APIError{Status: http.StatusOK, Message: a.Client.Redact(fmt.Sprintf("the answer cannot be read: %v", err))}
	}
	return nil
}
