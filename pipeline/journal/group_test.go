package journal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/journal/powercut"
)

// A slowDisk lets each Sync of a file wait for its turn.
type slowDisk struct {
	journal.FS
	begun atomic.Int64
	turn  chan struct{}
}

type slowFile struct {
	journal.File
	disk *slowDisk
}

func (d *slowDisk) OpenFile(name string, flag int, perm os.FileMode) (journal.File, error) {
	file, err := d.FS.OpenFile(name, flag, perm)
	return slowFile{file, d}, err
}

func (f slowFile) Sync() error {
	f.disk.begun.Add(1)
	<-f.disk.turn
	return f.File.Sync()
}

// slow returns a disk with a journal on it, and starts to count syncs after its creation.
func slow(t *testing.T) (*slowDisk, *powercut.Disk, *journal.Journal) {
	disk := newDisk(t)
	d := &slowDisk{FS: disk, turn: make(chan struct{}, 1)}
	d.turn <- struct{}{}
	j := create(t, d)
	d.begun.Store(0)
	t.Cleanup(func() {
		close(d.turn)
		j.Close()
	})
	return d, disk, j
}

// next lets the sync that waits go on, and what follows from that happen.
func (d *slowDisk) next() {
	d.turn <- struct{}{}
	synctest.Wait()
}

// results collects what goroutines returned.
type results struct {
	t    *testing.T
	errs chan error
}

func (r results) start(do func() error) { go func() { r.errs <- do() }() }

func (r results) expect(n int, check func(error) bool) {
	r.t.Helper()
	synctest.Wait()
	if len(r.errs) != n {
		r.t.Errorf("%d calls have returned, want %d", len(r.errs), n)
	}
	for range len(r.errs) {
		if err := <-r.errs; !check(err) {
			r.t.Errorf("a call returned %v", err)
		}
	}
}

func well(err error) bool { return err == nil }

func TestManyIntentsShareOneSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, _, j := slow(t)
		calls := results{t, make(chan error, 200)}
		calls.start(func() error { return j.Intend(t.Context(), intent) })
		synctest.Wait()
		for range 100 {
			calls.start(func() error { return j.Intend(t.Context(), intent) })
		}
		calls.expect(0, well)
		disk.next()
		calls.expect(1, well)
		disk.next()
		calls.expect(100, well)
		if begun := disk.begun.Load(); begun != 2 {
			t.Errorf("%d syncs for 1 and 100 intents, want 2", begun)
		}
	})
}

func TestSettleDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, _, j := slow(t)
		must(t, j.Settle(answered))
		synctest.Wait()
		if begun := disk.begun.Load(); begun != 1 {
			t.Errorf("%d syncs were begun by an outcome, want 1 at once", begun)
		}
		for range 10 {
			must(t, j.Settle(answered))
		}
		disk.next()
		disk.next()
		if begun := disk.begun.Load(); begun != 2 {
			t.Errorf("%d syncs for 1 and 10 outcomes, want 2", begun)
		}
	})
}

// TestSyncWaits checks that Sync waits for what is being written and for what comes next, and for
// nothing else.
func TestSyncWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, _, j := slow(t)
		must(t, j.Sync())
		calls := results{t, make(chan error, 3)}
		must(t, j.Settle(answered))
		synctest.Wait()
		calls.start(j.Sync)
		calls.expect(0, well)
		must(t, j.Settle(answered))
		calls.start(j.Sync)
		calls.expect(0, well)
		disk.next()
		calls.expect(1, well)
		disk.next()
		calls.expect(1, well)
		must(t, j.Sync())
		if begun := disk.begun.Load(); begun != 2 {
			t.Errorf("%d syncs, want 2", begun)
		}
	})
}

func TestSettleWaitsForADiskThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, _, j := slow(t)
		must(t, j.Settle(answered))
		synctest.Wait()
		calls := results{t, make(chan error, 1)}
		large := answered
		large.Message = strings.Repeat("x", 5<<20)
		calls.start(func() error { return j.Settle(large) })
		calls.expect(0, well)
		disk.next()
		disk.next()
		calls.expect(1, well)
	})
}

func TestIntendEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, _, j := slow(t)
		ctx, cancel := context.WithCancel(t.Context())
		calls := results{t, make(chan error, 1)}
		calls.start(func() error { return j.Intend(ctx, intent) })
		calls.expect(0, well)
		cancel()
		calls.expect(1, func(err error) bool { return errors.Is(err, context.Canceled) })
		if err := j.Intend(ctx, intent); !errors.Is(err, context.Canceled) {
			t.Errorf("Intend with a context that is over = %v", err)
		}
		disk.next()
		calls.start(func() error { return j.Intend(t.Context(), intent) })
		calls.expect(0, well)
		disk.next()
		calls.expect(1, well)
	})
}

// TestAFailedSyncIsTheLast checks that an error reaches all who wait, and those who come later, and
// that nothing is written or synced after it, though the disk would do so.
func TestAFailedSyncIsTheLast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, memory, j := slow(t)
		calls := results{t, make(chan error, 10)}
		calls.start(func() error { return j.Intend(t.Context(), intent) })
		synctest.Wait()
		for range 5 {
			calls.start(func() error { return j.Intend(t.Context(), intent) })
		}
		synctest.Wait()
		calls.start(j.Sync)
		synctest.Wait()
		operations := 0
		memory.Hook = func(op powercut.Op, _ string) error {
			if op != powercut.Close {
				operations++
			}
			return fail(op == powercut.Sync && operations == 1)
		}
		disk.next()
		theSame := func(err error) bool {
			var failed *journal.WriteError
			return errors.As(err, &failed) && errors.Is(err, errDisk) && failed.Kept > 0 && failed.Path == path
		}
		calls.expect(7, theSame)
		for name, call := range map[string]func() error{
			"Intend": func() error { return j.Intend(t.Context(), intent) },
			"Settle": func() error { return j.Settle(answered) },
			"Sync":   j.Sync,
			"End":    func() error { return j.End(ended) },
			"Close":  j.Close,
			"again":  j.Close,
		} {
			if err := call(); !theSame(err) {
				t.Errorf("%s after a failed sync = %v", name, err)
			}
		}
		if operations != 1 {
			t.Errorf("%d operations, want none after the failed sync", operations-1)
		}
	})
}

func TestAFullDisk(t *testing.T) {
	for room := range int64(120) {
		t.Run(fmt.Sprint(room, " bytes left"), func(t *testing.T) {
			disk := newDisk(t)
			j := create(t, disk)
			must(t, j.Intend(t.Context(), intent))
			before, err := read(disk)
			must(t, err)
			disk.Space = room
			large := answered
			large.Message = strings.Repeat("x", 200)
			must(t, j.Settle(large))
			err = j.Sync()
			var failed *journal.WriteError
			if !errors.As(err, &failed) || !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("Sync on a full disk = %v, want a WriteError of ENOSPC", err)
			}
			if !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), fmt.Sprint(failed.Kept, " bytes")) {
				t.Errorf("%q does not tell what is kept and where", err)
			}
			if err := j.Close(); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("Close = %v, want the error", err)
			}
			j, _, err = journal.Open(disk, path) // repairing needs no room
			must(t, err)
			disk.Space = -1
			must(t, j.End(ended))
			must(t, j.Close())
			after, err := read(disk)
			must(t, err)
			if diff := cmp.Diff(append(before, journal.Record{End: &ended}), after); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestCreateOnAFullDisk(t *testing.T) {
	disk := newDisk(t)
	disk.Space = 30
	_, err := journal.Create(disk, path, begin)
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "Nothing was sent") {
		t.Errorf("Create = %v", err)
	}
	if _, _, err := journal.Open(disk, path); !errors.Is(err, journal.ErrUnbegun) {
		t.Errorf("Open of what is left = %v, want ErrUnbegun", err)
	}
}

// TestFaultsInOpen lets each operation of Open fail: it must say so, and give the lock back.
func TestFaultsInOpen(t *testing.T) {
	disk := newDisk(t)
	must(t, create(t, disk).Close())
	file, err := disk.OpenFile(path, 0, 0)
	must(t, err)
	size, err := file.Size()
	must(t, err)
	for n := 0; ; n++ {
		if _, err := file.WriteAt([]byte("torn"), size); err != nil {
			t.Fatal(err)
		}
		count := 0
		disk.Hook = func(powercut.Op, string) error { count++; return fail(count == n) }
		j, _, err := journal.Open(disk, path)
		disk.Hook = nil
		if err == nil && n > 0 {
			must(t, j.Close())
			if n < 6 {
				t.Errorf("Open does %d operations, want some more", n)
			}
			return
		}
		if n == 0 {
			must(t, err)
			must(t, j.Close())
		} else if !errors.Is(err, errDisk) {
			t.Errorf("Open, its operation %d failing = %v", n, err)
		}
	}
}
