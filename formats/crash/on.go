//go:build crash

package crash

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

// Enabled tells whether points can kill this build.
const Enabled = true

// Point kills the program, as kill -9 does, when this is the point and the time that BULKLOAD_CRASH
// names. It may be called by many goroutines.
func Point(name string) { armed().reach(name) }

// armed reads the environment once. That it is global is what lets a point be one line anywhere; it
// exists in builds for tests only.
var armed = sync.OnceValue(func() *trigger {
	t, err := newTrigger(os.Getenv("BULKLOAD_CRASH"), os.Getenv("BULKLOAD_CRASH_LOG"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(2)
	}
	return t
})

// trigger is the point at which the program dies.
type trigger struct {
	mu   sync.Mutex
	name string   // "" for none
	left int      // how often it is still reached, the last time included
	log  *os.File // nil: none is kept
}

func newTrigger(at, log string) (*trigger, error) {
	t := &trigger{name: at, left: 1}
	if name, times, ok := strings.Cut(at, "@"); ok {
		n, err := strconv.Atoi(times)
		if err != nil || n < 1 || name == "" {
			return nil, fmt.Errorf("BULKLOAD_CRASH=%q is not of the form NAME@N, N at least 1", at)
		}
		t.name, t.left = name, n
	}
	if log == "" {
		return t, nil
	}
	file, err := os.OpenFile(log, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	t.log = file
	return t, err
}

func (t *trigger) reach(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.log != nil {
		// Not buffered: a line must be there even when the program dies at once.
		if _, err := t.log.WriteString(name + "\n"); err != nil {
			fmt.Fprintln(os.Stderr, "crash:", err)
			os.Exit(2)
		}
	}
	if name != t.name {
		return
	}
	if t.left--; t.left == 0 {
		die()
	}
}

// die ends the process without running anything deferred, and never returns.
func die() {
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(2)
	}
	select {}
}
