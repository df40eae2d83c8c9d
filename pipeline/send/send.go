// Package send brings entities to a vendor: paced, in parallel, again when that is safe. It takes
// its work, its pace, what is settled and what is known of the account through small interfaces,
// and does not know where it runs.
package send

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"bulkload/vendors"
)

// Work gives out the entities that are to be sent, at most as many as one call takes.
// It returns io.EOF when there will be no more. It is used by many goroutines.
type Work interface {
	Next(ctx context.Context) ([]*vendors.Entity, error)
}

// Settled keeps what happens to entities. It is used by many goroutines.
type Settled interface {
	// Leave makes lasting that entities are about to leave, for how often they did then. An error
	// keeps them back and ends the run.
	Leave(ctx context.Context, entities []*vendors.Entity, attempt int) error
	// Settle takes entities whose outcome stands.
	Settle(entities []*vendors.Entity) error
	// Recall takes an entity that does not leave: what earlier processes wrote down of it stands.
	Recall(e *vendors.Entity) error
}

// State is what is known of the account before anything is sent. It is used by many goroutines.
type State interface {
	// Has reports whether the vendor has an entity of this key.
	Has(key string) bool
	// Holds reports whether the vendor has the entity as it would be sent.
	Holds(e *vendors.Entity) (bool, error)
	// Past tells what earlier processes did with an entity of this key.
	Past(key string) (Past, error)
}

// A Sender sends what Work gives it. Its pace is the client's.
type Sender struct {
	Resource   *vendors.Resource
	Client     *vendors.Client
	Work       Work
	Settled    Settled
	State      State
	Retry      Retry
	Workers    int  // calls in flight at once
	CreateOnly bool // never replace what the vendor has
	Rehearse   bool // let the vendor check without storing
	Again      bool // send what an earlier run stored, also where that stores it twice

	Recalled atomic.Int64 // entities that an earlier process of the run had settled
}

// KeepError ends a run: that entities leave could not be written down, so they were kept back.
type KeepError struct{ Err error }

// Error tells why.
func (e *KeepError) Error() string { return "write down what is about to be sent: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *KeepError) Unwrap() error { return e.Err }

// ErrUnauthorised ends a run: the vendor turned the account away.
var ErrUnauthorised = errors.New("the vendor turned the account away")

// ErrUnreachable ends a run: the vendor failed for too many entities in a row.
var ErrUnreachable = errors.New("the vendor does not answer as it should")

// tolerated is how many entities in a row may fail for a passing reason before the run ends.
const tolerated = 10

// Run sends until there is no more work. When the vendor turns the account away, or fails again
// and again, it stops and returns ErrUnauthorised or ErrUnreachable with the vendor's words.
// Every entity that was taken from Work is settled when Run returns.
func (s *Sender) Run(ctx context.Context) error {
	running, going := errgroup.WithContext(ctx)
	var failures atomic.Int64
	for range max(1, s.Workers) {
		running.Go(func() error {
			return guard("settling what was sent", func() error { return s.work(ctx, going, &failures) })
		})
	}
	return running.Wait()
}

// work sends until going ends. What was begun then is still finished: only ctx cuts it off.
func (s *Sender) work(ctx, going context.Context, failures *atomic.Int64) error {
	for going.Err() == nil {
		entities, err := s.Work.Next(going)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		entities, before, err := s.remember(ctx, entities)
		if err != nil {
			return err
		}
		if len(entities) == 0 {
			continue
		}
		if err := s.deliver(ctx, going, entities, before, failures); err != nil {
			return err
		}
	}
	return nil
}

// before is what is known of entities that are about to be sent.
type before struct {
	attempts int                      // how often one of them left
	doubts   map[*vendors.Entity]bool // those that the vendor may have as they are, since they left then
}

// notTried is the outcome of an entity that this process does not bring to the vendor. One that the vendor
// may have nevertheless stays in doubt.
func (b *before) notTried(e *vendors.Entity) vendors.Outcome {
	if b.doubts[e] {
		return vendors.Unknown
	}
	return vendors.Skipped
}

// deliver uploads entities and settles them. A call that is refused is split, where the resource says
// so, until what it was refused for stands alone; when going has ended, the rest of it is left.
func (s *Sender) deliver(ctx, going context.Context, entities []*vendors.Entity, was *before, failures *atomic.Int64) error {
	acted, sendErr := s.upload(ctx, entities, was.attempts)
	if s.Resource.Splits && len(entities) > 1 && refusal(sendErr) {
		half := len(entities) / 2
		next := &before{was.attempts + 1, was.doubts}
		err := s.deliver(ctx, going, entities[:half], next, failures)
		if err != nil || going.Err() != nil {
			for _, e := range entities[half:] {
				e.Outcome = was.notTried(e)
			}
			return errors.Join(err, s.Settled.Settle(entities[half:]))
		}
		return s.deliver(ctx, going, entities[half:], next, failures)
	}
	if err := s.judge(entities, sendErr, acted, was); err != nil {
		return err
	}
	if err := s.Settled.Settle(entities); err != nil {
		return err
	}
	return s.consequence(sendErr, failures)
}

// refusal reports whether the vendor read what was sent and did not take it.
func refusal(err error) bool {
	var answer *vendors.APIError
	return errors.As(err, &answer) && !answer.Temporary() && !answer.Unauthorised()
}

// remember gives back the entities that are to be sent, and what is known of them. The others are settled
// by their past. When it fails, none is left unsettled.
func (s *Sender) remember(ctx context.Context, entities []*vendors.Entity) (unsent []*vendors.Entity, was *before, err error) {
	was = &before{doubts: make(map[*vendors.Entity]bool)}
	for i, e := range entities {
		if s.Resource.Amend == nil {
			e.Known = s.State.Has(e.Key)
		}
		settled, attempts, doubt, err := s.recall(ctx, e)
		if doubt {
			was.doubts[e] = true
		}
		if err != nil {
			rest := entities[i:]
			if settled {
				rest = rest[1:]
			}
			return nil, nil, errors.Join(err, s.keepBack(append(unsent, rest...), was))
		}
		if !settled {
			was.attempts = max(was.attempts, attempts)
			unsent = append(unsent, e)
		}
	}
	return unsent, was, nil
}

// keepBack settles entities that do not leave. Nothing is written down of them: an earlier process may have
// left them in doubt.
func (s *Sender) keepBack(entities []*vendors.Entity, was *before) (err error) {
	for _, e := range entities {
		e.Outcome = was.notTried(e)
		err = errors.Join(err, s.Settled.Recall(e))
	}
	return err
}

// judge gives the entities the outcome that follows from an error of their upload. acted: though it ended
// with that error, the vendor may have taken them.
func (s *Sender) judge(entities []*vendors.Entity, err error, acted bool, was *before) error {
	for _, e := range entities {
		if err == nil {
			if e.Outcome == vendors.Unsettled {
				return fmt.Errorf("%s was sent, but its outcome was not told", e.Key)
			}
			continue
		}
		e.Outcome, e.Answer = outcome(err)
		switch {
		case e.Outcome != vendors.Skipped:
		case acted:
			e.Outcome = vendors.Unknown
		default:
			e.Outcome = was.notTried(e)
		}
	}
	return nil
}

// outcome says what became of an entity whose upload ended with an error.
func outcome(err error) (vendors.Outcome, *vendors.APIError) {
	var answer *vendors.APIError
	var transport *vendors.TransportError
	switch {
	case neverLeft(err):
		return vendors.Skipped, nil
	case errors.As(err, &answer) && answer.Unauthorised():
		return vendors.Skipped, answer
	case errors.As(err, &answer) && answer.Temporary() && answer.Status < 500:
		return vendors.Skipped, answer
	case errors.As(err, &answer) && answer.Temporary():
		return vendors.Unknown, answer
	case errors.As(err, &answer):
		return vendors.Refused, answer
	case errors.As(err, &transport):
		return vendors.Unknown, nil
	default:
		return vendors.Skipped, nil
	}
}

// consequence says whether an upload's error ends the run.
func (s *Sender) consequence(err error, failures *atomic.Int64) error {
	var answer *vendors.APIError
	var keep *KeepError
	var panicked *PanicError
	isAnswer := errors.As(err, &answer)
	switch {
	case errors.As(err, &keep), errors.As(err, &panicked):
		return err
	case err == nil || isAnswer && !answer.Temporary() && !answer.Unauthorised():
		failures.Store(0)
		return nil
	case isAnswer && answer.Unauthorised():
		return fmt.Errorf("%w: %w", ErrUnauthorised, err)
	case failures.Add(1) >= tolerated:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return nil
}
