package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/send"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// ask reads the feed once more and puts the questions that are to be put, as many at once as there are
// workers. What is on its way when the run ends is still waited for.
func (a *asking) ask(ctx context.Context) error {
	if a.todo.Len() == 0 {
		return nil
	}
	asker := &send.Asker{Resource: a.Resource, Client: a.Client, Retry: a.Retry, Leave: a.leave}
	waiting := make(chan question, 2*max(1, a.Workers))
	running, going := errgroup.WithContext(ctx)
	running.Go(func() error {
		defer close(waiting)
		return a.handOut(going, waiting)
	})
	var done atomic.Int64
	for range max(1, a.Workers) {
		running.Go(func() error { return a.work(ctx, going, asker, waiting, &done) })
	}
	err := running.Wait()
	for q := range waiting {
		q.release()
	}
	a.asked = done.Load()
	if err == nil && a.Feed.Unchanged() != nil {
		err = &StaleError{Err: a.Feed.Unchanged()}
	}
	return err
}

// A question is an entity that is one, on its way to the vendor.
type question struct {
	*unit
	was stateKind // lost: an earlier process has put it
}

// handOut gives the entities whose questions are to be put to the workers, in the order of the feed.
func (a *asking) handOut(ctx context.Context, waiting chan<- question) error {
	next, stop := iter.Pull2(a.todo.Sorted())
	defer stop()
	head, err, more := next()
	readErr := a.each(ctx, func(number uint64, u *unit) error {
		if err != nil || !more || head.Key.High != number {
			u.release()
			return err
		}
		if err := sameQuestion(u, head); err != nil {
			u.release()
			return err
		}
		was := stateKind(head.Data[len(vendors.Hash{})])
		if head, err, more = next(); u.entity.Outcome != vendors.Unsettled { // Amend has found something wrong
			u.release()
			return err
		}
		select {
		case waiting <- question{u, was}:
			return nil
		case <-a.Stop:
		case <-ctx.Done():
		}
		u.release()
		return ErrInterrupted
	})
	return broken(ctx, readErr)
}

// sameQuestion makes sure that a reading of the feed gives the question of the reading before.
func sameQuestion(u *unit, record spill.Record) error {
	if question := questionOf(&u.entity); string(question[:]) == string(record.Data[:len(question)]) {
		return nil
	}
	return &StaleError{Err: fmt.Errorf("%s is not what it was when the feed was checked", u.rows[0].Place())}
}

// work puts questions until there are no more, or going ends. What was begun then is still finished: only
// ctx cuts it off.
func (a *asking) work(ctx, going context.Context, asker *send.Asker, waiting <-chan question, done *atomic.Int64) error {
	for q := range waiting {
		err := ErrInterrupted
		if going.Err() == nil && !a.stopped() {
			err = a.put(ctx, asker, q)
			a.progress("asking", done.Add(1), a.todo.Len())
		}
		q.release()
		if err != nil {
			return err
		}
	}
	return nil
}

// put puts one question and keeps what comes of it. One that was lost is not found by what does not come now.
func (a *asking) put(ctx context.Context, asker *send.Asker, q question) error {
	e := &q.entity
	question := questionOf(e)
	body, endErr := asker.Ask(ctx, e)
	if e.Outcome == vendors.Skipped && q.was == lost {
		e.Outcome = vendors.Unknown
	}
	var err error
	if e.Outcome == vendors.Unsettled && endErr == nil {
		err = a.kept.Keep(journal.Answer{Question: question, Body: []byte(a.Client.Redact(string(body)))})
	} else {
		o := journal.Outcome{Hash: question, Outcome: e.Outcome}
		if e.Answer != nil {
			o.Status, o.Code, o.Message = e.Answer.Status, e.Answer.Code, e.Answer.Message
		}
		err = a.kept.Settle(o)
	}
	return errors.Join(endErr, err)
}

// leave writes down, before it happens, that a question leaves which must not be put twice.
func (a *asking) leave(ctx context.Context, e *vendors.Entity) error {
	return a.kept.Intend(ctx, journal.Intent{Hash: questionOf(e), Attempt: 1})
}
