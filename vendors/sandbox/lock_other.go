//go:build !windows

package sandbox

import (
	"os"
	"syscall"
)

// lockFile opens a file that no other process, and no other sandbox of this one, has locked. The
// system takes the lock away when the process ends, however it ends.
func lockFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
