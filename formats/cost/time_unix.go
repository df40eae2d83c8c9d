//go:build unix

package cost

import (
	"syscall"
	"time"
)

// processorTime is how long the process has kept processors busy: a second of it is a second on an
// idle machine, and on a busy one too.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
