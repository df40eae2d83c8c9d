package send

import (
	"context"
	"errors"

	"bulkload/vendors"
)

// upload sends entities, again when the failure is a passing one and sending twice does no harm.
// Before a request leaves, Settled is told; before attempts were made by earlier processes.
func (s *Sender) upload(ctx context.Context, entities []*vendors.Entity, before int) error {
	client := *s.Client
	upload := vendors.Upload{Entities: entities, CreateOnly: s.CreateOnly, Rehearse: s.Rehearse}
	var earlier error // of the attempt before: if this one never leaves, that is what counts
	for attempt := 1; ; attempt++ {
		upload.Attempt = before + attempt
		client.Leaving = s.leaving(entities, upload.Attempt)
		err := s.Resource.Upload(ctx, &client, upload)
		if earlier != nil && !answered(err) {
			return earlier
		}
		earlier = err
		if err == nil || !Passing(err) || !s.repeatable(entities) && mayHaveActed(err) {
			return err
		}
		if !s.Retry.wait(ctx, attempt, err) {
			return err
		}
	}
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

// leaving tells Settled when the first request of an attempt that writes is about to leave.
func (s *Sender) leaving(entities []*vendors.Entity, attempt int) func(context.Context) error {
	told := false
	return func(ctx context.Context) error {
		if told {
			return nil
		}
		told = true
		if err := s.Settled.Leave(ctx, entities, attempt); err != nil {
			return &KeepError{err}
		}
		return nil
	}
}

// answered reports whether an upload's error came after a request had left; nil counts as such.
func answered(err error) bool {
	var answer *vendors.APIError
	var transport *vendors.TransportError
	return err == nil || errors.As(err, &answer) || errors.As(err, &transport)
}

// mayHaveActed reports whether the vendor may have applied a request that failed so.
func mayHaveActed(err error) bool {
	var answer *vendors.APIError
	if errors.As(err, &answer) {
		return answer.Status >= 500
	}
	var transport *vendors.TransportError
	return errors.As(err, &transport) && !transport.Unsent()
}
