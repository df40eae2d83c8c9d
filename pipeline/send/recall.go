package send

import (
	"context"
	"errors"
	"fmt"
	"strconv"

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

// Settles gives an entity the outcome that an earlier process of the run wrote down of it, and reports
// whether there is one that stands for it as it is now.
func (p Past) Settles(e *vendors.Entity) bool {
	if !p.ThisRun || p.InAir || p.Hash != e.Hash || !lasting(p.Outcome) {
		return false
	}
	e.Outcome, e.ID, e.Status, e.Answer = p.Outcome, p.ID, p.Status, p.Answer
	return true
}

// InDoubt reports whether the vendor may have, or not, what left for an entity.
func (p Past) InDoubt() bool { return p.InAir || p.Outcome == vendors.Unknown }

// recall decides, by an entity's past and by what the vendor holds, whether it is sent. If not, it is
// settled, and must not be looked at any more. attempts is how often it left before; doubt tells that the
// vendor may have it as it is since then.
func (s *Sender) recall(ctx context.Context, e *vendors.Entity) (settled bool, attempts int, doubt bool, err error) {
	past, err := s.State.Past(e.Key)
	if err != nil {
		return false, 0, false, err
	}
	same, doubt := past.Hash == e.Hash, past.InDoubt()
	if past.ThisRun && s.Resource.Amend == nil { // Amend has decided by what the vendor has now
		e.Known = past.Known
	}
	if past.Settles(e) {
		s.Recalled.Add(1)
		return true, 0, false, s.Settled.Recall(e)
	}
	holds, err := s.State.Holds(e)
	switch {
	case err != nil:
		return false, 0, doubt && same, err
	case holds && doubt && past.ThisRun:
		e.Outcome = landed(past) // what was in doubt has arrived
	case holds, s.Resource.Repeat == vendors.Unsafe && same && stored(past.Outcome) && !s.Again:
		e.Outcome, e.ID = vendors.Unchanged, past.ID
	case doubt:
		doubt, err = s.settleDoubt(ctx, e, same && past.Token == e.Token)
	case past.ThisRun && stored(past.Outcome):
		e.Known = true // what changed since replaces what this run has stored
	}
	if err != nil || e.Outcome == vendors.Unsettled {
		return false, past.Attempts, doubt && same, err
	}
	if past.Attempts == 0 { // it never left, so nothing is written down of it
		return true, 0, false, s.Settled.Recall(e)
	}
	return true, 0, false, s.Settled.Settle([]*vendors.Entity{e})
}

// landed is the outcome of an entity that the vendor holds since this run sent it.
func landed(past Past) vendors.Outcome {
	if past.Known {
		return vendors.Updated
	}
	return vendors.Created
}

// settleDoubt treats an entity that may be stored or not: what can be sent again without harm is,
// for the rest the vendor is asked. same: what would be sent is what was sent. doubt tells that it is still
// in doubt afterwards.
func (s *Sender) settleDoubt(ctx context.Context, e *vendors.Entity, same bool) (doubt bool, err error) {
	switch {
	case s.Resource.Repeat == vendors.Harmless,
		s.Resource.Repeat == vendors.ByToken && e.Token != "" && same,
		s.Resource.Repeat == vendors.ByToken && e.Token == "" && !e.Adds,
		s.Resource.Repeat == vendors.Unsafe && s.Again:
		return true, nil
	case s.Resource.ReadBack == nil:
		e.Outcome = vendors.Unknown
		return true, nil
	}
	err = guard("reading back "+strconv.Quote(e.Key), func() error { return s.Resource.ReadBack(ctx, s.Client, e) })
	var answer *vendors.APIError
	var panicked *PanicError
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &panicked):
		return true, err
	case errors.As(err, &answer) && answer.Unauthorised():
		return true, fmt.Errorf("%w: %w", ErrUnauthorised, err)
	}
	e.Outcome, e.Answer = vendors.Unknown, answer
	return true, nil
}

// lasting reports whether an outcome stands when the run goes on: the vendor has decided.
func lasting(o vendors.Outcome) bool { return stored(o) || o == vendors.Refused }

// stored reports whether the vendor has an entity of this outcome as it was sent.
func stored(o vendors.Outcome) bool {
	return o == vendors.Created || o == vendors.Updated || o == vendors.Unchanged
}
