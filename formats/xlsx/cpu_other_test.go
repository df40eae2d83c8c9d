//go:build !unix

package xlsx

import "time"

var started = time.Now()

// processorTime is the time since the tests began, where the system does not tell a process's own.
func processorTime() time.Duration { return time.Since(started) }
