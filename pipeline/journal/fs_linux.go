package journal

import (
	"errors"
	"os"
	"syscall"
)

// Sync has the system store what was written and the size of the file, but not its times: where a file
// grows, fdatasync takes a quarter less than fsync (BenchmarkIntend/disk).
func (f osFile) Sync() error {
	connection, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = connection.Control(func(descriptor uintptr) {
		for failed = syscall.EINTR; errors.Is(failed, syscall.EINTR); {
			failed = syscall.Fdatasync(int(descriptor))
		}
	})
	if failed != nil {
		err = &os.PathError{Op: "fdatasync", Path: f.Name(), Err: failed}
	}
	return err
}
