package send

import (
	"context"
	"errors"
	"fmt"

	"bulkload/vendors"
)

// Past is what earlier processes did with an entity of the same key. The zero value: nothing.
type Past struct {
	Attempts int          // how often it left
	Hash     vendors.Hash // of what left, the last time
	Token    string       // that it left with
	Known    bool         // the vendor had an entity of this key before it first left
	InAir    bool         // it left and nobody wrote down how that ended
	ThisRun  bool         // the run that goes on now sent it, not an earlier one
	Outcome  vendors.Outcome
	ID       string            // the vendor's
	Status   int               // of the answer
	Answer   *vendors.APIError // the vendor's words when it refused
}

// recall decides by an entity's past whether it is sent. It is not when this run settled it as it
// is, when an earlier run did and sending it again would store it twice, or when nobody knows
// whether it was stored and the vendor cannot tell. Then its outcome is set.
func (s *Sender) recall(ctx context.Context, e *vendors.Entity) (attempts int, err error) {
	past, err := s.State.Past(e.Key)
	if err != nil || past.Attempts == 0 {
		return 0, err
	}
	if past.ThisRun {
		e.Known = past.Known
	}
	same := past.Hash == e.Hash
	switch {
	case past.InAir || past.Outcome == vendors.Unknown:
		return past.Attempts, s.settleDoubt(ctx, e, same && past.Token == e.Token)
	case past.ThisRun && same && lasting(past.Outcome):
		e.Outcome, e.ID, e.Status, e.Answer = past.Outcome, past.ID, past.Status, past.Answer
	case s.Resource.Repeat == vendors.Unsafe && same && stored(past.Outcome) && !s.Again:
		e.Outcome, e.ID = vendors.Unchanged, past.ID
	case past.ThisRun && stored(past.Outcome):
		e.Known = true // what changed since replaces what this run has stored
	}
	return past.Attempts, nil
}

// settleDoubt treats an entity that may be stored or not: what can be sent again without harm is,
// for the rest the vendor is asked. same: what would be sent is what was sent.
func (s *Sender) settleDoubt(ctx context.Context, e *vendors.Entity, same bool) error {
	switch {
	case s.Resource.Repeat == vendors.Harmless,
		s.Resource.Repeat == vendors.ByToken && same,
		s.Resource.Repeat == vendors.Unsafe && s.Again:
		return nil
	case s.Resource.ReadBack == nil:
		e.Outcome = vendors.Unknown
		return nil
	}
	err := s.Resource.ReadBack(ctx, s.Client, e)
	var answer *vendors.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer) && answer.Unauthorised():
		return fmt.Errorf("%w: %w", ErrUnauthorised, err)
	}
	e.Outcome, e.Answer = vendors.Unknown, answer
	return nil
}

// lasting reports whether an outcome stands when the run goes on: the vendor has decided.
func lasting(o vendors.Outcome) bool { return stored(o) || o == vendors.Refused }

// stored reports whether the vendor has an entity of this outcome as it was sent.
func stored(o vendors.Outcome) bool {
	return o == vendors.Created || o == vendors.Updated || o == vendors.Unchanged
}
