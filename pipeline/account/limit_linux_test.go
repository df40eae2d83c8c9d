package account_test

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"bulkload/pipeline/journal"
	"bulkload/vendors"
)

// TestHistoryThatCannotBeMade has no room for a history: nothing half made is left, and the next process makes it.
func TestHistoryThatCannotBeMade(t *testing.T) {
	d := open(t, quickDir(t))
	run := begin(t, d, "run", monday)
	run.intend(t, "a", "a1", 1)
	run.settle(t, "a", "a1", vendors.Created, "id-a")
	run.cut(t)
	var was syscall.Rlimit
	check(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &was))
	tight := syscall.Rlimit{Cur: 2 << 10, Max: was.Max}
	check(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight))
	err := d.Fold(t.Context(), journal.OS{})
	check(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &was))
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("Fold = %v, want that the file cannot grow", err)
	}
	if _, err := os.Stat(d.Path("history.db.tmp")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a history that could not be made is left: %v", err)
	}
	check(t, d.Fold(t.Context(), journal.OS{}))
	if last, _ := look(t, d, "a"); last.Outcome != vendors.Created {
		t.Errorf("the next process knows %v, want created", last.Outcome)
	}
}
