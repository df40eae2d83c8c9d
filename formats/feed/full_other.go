//go:build !windows

package feed

import "syscall"

// fullErrors are the system's words for a file that cannot grow.
var fullErrors = []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG}
