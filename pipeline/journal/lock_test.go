package journal_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"bulkload/pipeline/journal"
)

func TestLocks(t *testing.T) {
	name := filepath.Join(t.TempDir(), "journal.lock")
	before := time.Now().Truncate(time.Second)
	lock, err := journal.OS{}.Lock(name)
	must(t, err)
	_, err = journal.OS{}.Lock(name)
	var busy *journal.BusyError
	if !errors.As(err, &busy) {
		t.Fatalf("a second Lock = %v, want a BusyError", err)
	}
	if runtime.GOOS != "windows" && (busy.PID != os.Getpid() || busy.Since.Before(before) || busy.Path != name ||
		!strings.Contains(err.Error(), fmt.Sprint("process ", os.Getpid()))) {
		t.Errorf("held by %+v (%v), want process %d since %v", *busy, err, os.Getpid(), before)
	}
	must(t, lock.Close())
	if text, err := os.ReadFile(name); err != nil || len(text) > 0 {
		t.Errorf("a lock that is free names %q as its holder, %v", text, err)
	}
	lock, err = journal.OS{}.Lock(name)
	must(t, err)
	must(t, os.WriteFile(name, []byte("pid x since"), 0o600))
	if _, err := (journal.OS{}).Lock(name); !errors.As(err, &busy) || busy.PID != 0 || !strings.Contains(err.Error(), "another process") {
		t.Errorf("Lock = %v, want a BusyError without a process", err)
	}
	must(t, lock.Close())
	if _, err := (journal.OS{}).Lock(filepath.Join(name, "no")); err == nil || errors.As(err, &busy) {
		t.Errorf("Lock where no file can be = %v", err)
	}
}

// TestALockEndsWithItsProcess kills a process that holds a journal's lock.
func TestALockEndsWithItsProcess(t *testing.T) {
	if name := os.Getenv("JOURNAL_TEST_LOCK"); name != "" {
		if _, err := (journal.OS{}).Lock(name); err != nil {
			t.Fatal(err)
		}
		fmt.Println("locked")
		select {}
	}
	name := filepath.Join(t.TempDir(), "journal.lock")
	other := exec.Command(os.Args[0], "-test.run=^TestALockEndsWithItsProcess$")
	other.Env = append(os.Environ(), "JOURNAL_TEST_LOCK="+name)
	out, err := other.StdoutPipe()
	must(t, err)
	must(t, other.Start())
	if _, err := fmt.Fscanf(out, "locked\n"); err != nil {
		t.Fatal(errors.Join(err, other.Process.Kill(), other.Wait()))
	}
	_, err = journal.OS{}.Lock(name)
	var busy *journal.BusyError
	if !errors.As(err, &busy) || runtime.GOOS != "windows" && busy.PID != other.Process.Pid {
		t.Errorf("Lock = %v, want a BusyError of process %d", err, other.Process.Pid)
	}
	must(t, other.Process.Kill())
	other.Wait()
	lock, err := journal.OS{}.Lock(name)
	must(t, err)
	must(t, lock.Close())
}
