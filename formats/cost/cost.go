// Package cost tells tests what reading a file takes, in memory and in work, and holds hostile
// files to the limits that every reader keeps.
package cost

import (
	"runtime"
	"time"
)

// The most that a reader may take for a file of at most 64 KiB, whatever is in it.
const (
	MaxAllocated = 64 << 20 // bytes, all allocations added up
	MaxTime      = time.Second
)

// slack is how many times MaxTime may be taken before Check complains. A processor that others use
// too is slower, though their time is not counted, and small files take a thousandth of the limit.
const slack = 5

// A Test is what Check needs of a test.
type Test interface {
	Helper()
	Errorf(format string, args ...any)
}

// Of tells how many bytes do allocates, all allocations added up, and how long it keeps processors
// busy; where the system does not tell that, how long it takes. Other goroutines of the process are
// counted too, but no other process is.
func Of(do func()) (allocated uint64, busy time.Duration) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := processorTime()
	do()
	busy = processorTime() - start
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, busy
}

// Check fails the test when do takes more than a reader may.
func Check(t Test, do func()) {
	t.Helper()
	allocated, busy := Of(do)
	if allocated > MaxAllocated {
		t.Errorf("%d MiB allocated, want at most %d", allocated>>20, MaxAllocated>>20)
	}
	if busy > slack*MaxTime && !Raced {
		t.Errorf("%v of work, want at most %v", busy, MaxTime)
	}
}
