package main

import (
	"fmt"
	"syscall"
)

// mountSmall mounts a file system in memory that holds little, which takes the right to mount.
func mountSmall(dir string) (unmount func() error, err error) {
	if err := syscall.Mount("bulkload-crash", dir, "tmpfs", 0, fmt.Sprintf("size=%d,mode=700", smallDisk)); err != nil {
		return nil, fmt.Errorf("mount a small file system: %w", err)
	}
	return func() error { return syscall.Unmount(dir, syscall.MNT_DETACH) }, nil
}

// smallDisk is the size of the disk that is filled, in bytes.
const smallDisk = 2 << 20
