package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

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

func TestExitCode(t *testing.T) {
	wrap := func(err error) error { return fmt.Errorf("while working: %w", err) }
	tests := []struct {
		name   string
		err    error
		signal syscall.Signal
		want   int
	}{
		{"done", nil, 0, 0},
		{"usage", &usageError{errors.New("x")}, 0, 1},
		{"anything else", errors.New("x"), 0, 1},
		{"too many errors", wrap(&pipeline.BudgetError{}), 0, 3},
		{"not authorised", wrap(send.ErrUnauthorised), 0, 4},
		{"temporary", wrap(send.ErrUnreachable), 0, 5},
		{"damaged feed", wrap(&formats.SyntaxError{}), 0, 6},
		{"columns", wrap(&mapping.Error{}), 0, 6},
		{"short feed", wrap(&pipeline.ShortError{}), 0, 6},
		{"no feed", wrap(&feedError{errors.New("x")}), 0, 6},
		{"feed changed", wrap(&pipeline.StaleError{Err: errors.New("x")}), 0, 7},
		{"a bug", wrap(&pipeline.InternalError{}), 0, 70},
		{"Ctrl-C", wrap(pipeline.ErrInterrupted), syscall.SIGINT, 130},
		{"time is up", wrap(pipeline.ErrInterrupted), syscall.SIGALRM, 5},
		{"terminated", wrap(pipeline.ErrInterrupted), syscall.SIGTERM, 143},
		{"the journal could not be written", wrap(&journal.WriteError{Err: errors.New("full")}), 0, 5},
		{"no room for the report", wrap(&feed.DiskFullError{Path: "r.csv", Err: syscall.ENOSPC}), 0, 5},
		{"no room for a feed from standard input", &feedError{wrap(syscall.ENOSPC)}, 0, 5},
		{"the run is carried out", wrap(&runningError{"run"}), 0, 5},
		{"the file is being exported", wrap(&export.BusyError{Path: "c.csv"}), 0, 5},
		{"the account is in use", wrap(&account.BusyError{}), 0, 5},
		{"Ctrl-C twice", wrap(context.Canceled), syscall.SIGINT, 130},
		{"cancelled by nobody", wrap(context.Canceled), 0, 1},
		{"said before", wrap(&saidError{2}), 0, 2},
	}
	for _, test := range tests {
		if got := exitCode(test.err, test.signal); got != test.want {
			t.Errorf("%s: exitCode = %d, want %d", test.name, got, test.want)
		}
	}
}

// TestFailing looks at the codes of runs whose report could not be written: none may be that of a run
// whose report was.
func TestFailing(t *testing.T) {
	for code, want := range map[int]int{0: 1, 1: 1, 2: 1, 3: 3, 4: 4, 5: 5, 8: 1, 70: 70, 130: 130} {
		if got := failing(code, false); got != want {
			t.Errorf("failing(%d) without a journal = %d, want %d", code, got, want)
		}
		if want == 1 && code != 1 {
			want = 5 // going on with the run writes it
		}
		if got := failing(code, true); got != want {
			t.Errorf("failing(%d) with a journal = %d, want %d", code, got, want)
		}
	}
}

func TestFinished(t *testing.T) {
	tests := []struct {
		name    string
		rows    map[vendors.Outcome]int64
		sending bool
		nothing bool
		want    int
	}{
		{"all in", map[vendors.Outcome]int64{vendors.Created: 2}, true, true, 0},
		{"some rejected", map[vendors.Outcome]int64{vendors.Created: 2, vendors.Rejected: 1}, true, false, 2},
		{"some refused", map[vendors.Outcome]int64{vendors.Updated: 2, vendors.Refused: 1}, true, false, 2},
		{"some unknown", map[vendors.Outcome]int64{vendors.Rejected: 2, vendors.Unknown: 1}, true, false, 5},
		{"some skipped", map[vendors.Outcome]int64{vendors.Created: 2, vendors.Skipped: 1}, true, false, 5},
		{"ready", map[vendors.Outcome]int64{vendors.Skipped: 2}, false, false, 0},
		{"nothing, not asked", nil, true, false, 0},
		{"nothing, asked", nil, true, true, 8},
	}
	for _, test := range tests {
		s := &report.Summary{Sending: test.sending}
		for outcome, rows := range test.rows {
			s.Counts.Rows[outcome] = rows
		}
		if got := finished(s, test.nothing); got != test.want {
			t.Errorf("%s: finished = %d, want %d", test.name, got, test.want)
		}
	}
}
