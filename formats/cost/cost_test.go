package cost

import (
	"fmt"
	"testing"
)

// record keeps what a test is told.
type record struct{ said []string }

func (r *record) Helper() {}
func (r *record) Errorf(format string, args ...any) {
	r.said = append(r.said, fmt.Sprintf(format, args...))
}

// sink keeps what is allocated from being left out.
var sink []byte

func TestCheckComplainsOfMemory(t *testing.T) {
	var modest, greedy record
	Check(&modest, func() { sink = make([]byte, 1<<20) })
	Check(&greedy, func() { sink = make([]byte, MaxAllocated+1) })
	if len(modest.said) != 0 || len(greedy.said) != 1 {
		t.Errorf("of 1 MiB it says %q, and of too much %q", modest.said, greedy.said)
	}
}

func TestWorkIsCounted(t *testing.T) {
	_, busy := Of(func() {
		for start := processorTime(); processorTime()-start < MaxTime/50; {
		}
	})
	if busy < MaxTime/50 {
		t.Errorf("%v of work, want at least %v", busy, MaxTime/50)
	}
}
