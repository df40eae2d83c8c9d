package main

import (
	"context"
	"errors"
	"syscall"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/account"
	"bulkload/pipeline/export"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/report"
	"bulkload/pipeline/send"
	"bulkload/vendors"
)

// The exit codes, as the README lists them.
const (
	exitDone         = 0
	exitUsage        = 1
	exitSomeNot      = 2
	exitTooMany      = 3
	exitUnauthorised = 4
	exitTemporary    = 5
	exitFeed         = 6
	exitStale        = 7
	exitNothing      = 8
	exitInternal     = 70
	exitInterrupted  = 128 // plus the signal's number
)

// usageError is a call that cannot be carried out as it was written.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// feedError is a feed that cannot be opened at all.
type feedError struct{ err error }

func (e *feedError) Error() string { return e.err.Error() }
func (e *feedError) Unwrap() error { return e.err }

// saidError ends the program with a code after the summary has already told everything.
type saidError struct{ code int }

func (e *saidError) Error() string { return "see the summary" }

// exitCode is the code for the error that a command ended with.
func exitCode(err error, signal syscall.Signal) int {
	var said *saidError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &said):
		return said.code
	case errors.Is(err, pipeline.ErrInterrupted) && signal == syscall.SIGALRM:
		return exitTemporary
	case errors.Is(err, pipeline.ErrInterrupted), signal != 0 && errors.Is(err, context.Canceled):
		return exitInterrupted + max(int(signal), int(syscall.SIGINT))
	case is[*pipeline.InternalError](err):
		return exitInternal
	case is[*pipeline.BudgetError](err):
		return exitTooMany
	case errors.Is(err, send.ErrUnauthorised):
		return exitUnauthorised
	case errors.Is(err, send.ErrUnreachable), is[*account.BusyError](err), is[*runningError](err), is[*export.BusyError](err), is[*send.KeepError](err), is[*journal.WriteError](err):
		return exitTemporary
	case feed.DiskFull(err) != nil: // whatever was to be written
		return exitTemporary
	case is[*pipeline.StaleError](err), is[*unpublishedError](err):
		return exitStale
	case is[*formats.SyntaxError](err), is[*mapping.Error](err), is[*pipeline.ShortError](err), is[*feedError](err):
		return exitFeed
	default:
		return exitUsage
	}
}

func is[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// finished is the code of a run that came to its end.
func finished(s *report.Summary, nothingIsWrong bool) int {
	temporary := s.Counts.Rows[vendors.Unknown]
	if s.Sending {
		temporary += s.Counts.Rows[vendors.Skipped] - s.Counts.Behind.Rows
	}
	switch {
	case temporary > 0:
		return exitTemporary
	case s.NotLoaded() > 0:
		return exitSomeNot
	case nothingIsWrong && s.Counts.Rows[vendors.Created]+s.Counts.Rows[vendors.Updated] == 0:
		return exitNothing
	default:
		return exitDone
	}
}
