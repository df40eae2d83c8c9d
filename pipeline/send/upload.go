package send

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strconv"

	"bulkload/vendors"
)

// upload sends entities, again when the failure is a passing one and sending twice does no harm.
// Before a request leaves, Settled is told; attempts were made by earlier processes. acted tells that the
// vendor may have taken entities, or a part of them, before the error with which it ended.
func (s *Sender) upload(ctx context.Context, entities []*vendors.Entity, attempts int) (acted bool, err error) {
	client := *s.Client
	upload := vendors.Upload{Entities: entities, CreateOnly: s.CreateOnly, Rehearse: s.Rehearse}
	var earlier error // of the attempt before: if this one never leaves, that is what counts
	for attempt := 1; ; attempt++ {
		upload.Attempt = attempts + attempt
		left := 0
		client.Leaving = s.leaving(entities, upload.Attempt, &left)
		err := guard("sending "+strconv.Quote(entities[0].Key), func() error { return s.Resource.Upload(ctx, &client, upload) })
		acted = acted || left > 1 || left == 1 && !answered(err)
		if earlier != nil && !answered(err) && !isKeepError(err) {
			return acted, earlier
		}
		earlier = err
		if err == nil || !Passing(err) || !s.repeatable(entities) && (acted || mayHaveActed(err)) {
			return acted, err
		}
		if !s.Retry.wait(ctx, attempt, err) {
			return acted, err
		}
		acted = acted || mayHaveActed(err)
	}
}

// A PanicError is a panic of a vendor's code, a bug. It ends the run: a program that dies of it would tell
// neither what was sent nor that it did not come to its end.
type PanicError struct {
	Doing string
	Value any
	Stack []byte // where it happened
}

// Error tells what was being done.
func (e *PanicError) Error() string { return fmt.Sprintf("%s failed: %v", e.Doing, e.Value) }

// guard calls a vendor's code.
func guard(doing string, call func() error) (err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = &PanicError{doing, trouble, debug.Stack()}
		}
	}()
	return call()
}

// repeatable reports whether entities may leave again when the vendor may have applied them.
func (s *Sender) repeatable(entities []*vendors.Entity) bool {
	for _, e := range entities {
		if s.Resource.Repeat == vendors.Unsafe || s.Resource.Repeat == vendors.ByToken && e.Token == "" && e.Adds {
			return false
		}
	}
	return true
}

// leaving tells Settled when the first request of an attempt that writes is about to leave, and counts them.
func (s *Sender) leaving(entities []*vendors.Entity, attempt int, left *int) func(context.Context) error {
	return func(ctx context.Context) error {
		if *left == 0 {
			if err := s.Settled.Leave(ctx, entities, attempt); err != nil {
				return &KeepError{err}
			}
		}
		*left++
		return nil
	}
}

func isKeepError(err error) bool {
	var keep *KeepError
	return errors.As(err, &keep)
}

// answered reports whether an upload's error came after a request had left, or found nobody; nil counts as such.
func answered(err error) bool {
	var answer *vendors.APIError
	var transport *vendors.TransportError
	return err == nil || !held(err) && (errors.As(err, &answer) || errors.As(err, &transport))
}

// held reports whether a request had no slot because the account only fails. The error that says so has
// the failure of another request in it.
func held(err error) bool {
	var e interface{ Unsent() bool }
	if !errors.As(err, &e) {
		return false
	}
	_, left := e.(*vendors.TransportError)
	return !left && e.Unsent()
}

// mayHaveActed reports whether the vendor may have applied a request that failed so.
func mayHaveActed(err error) bool {
	if neverLeft(err) {
		return false
	}
	var answer *vendors.APIError
	if errors.As(err, &answer) {
		return answer.Status >= 500
	}
	var transport *vendors.TransportError
	return errors.As(err, &transport)
}

// neverLeft reports whether an error itself says that its request surely never left.
func neverLeft(err error) bool {
	var e interface{ Unsent() bool }
	return errors.As(err, &e) && e.Unsent()
}
