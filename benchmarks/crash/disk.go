//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

// fill leaves so many bytes of a file system free, at most a page more, until release is called.
func fill(dir string, room int64) (release func() error, err error) {
	path := filepath.Join(dir, "filler")
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	release = func() error { return os.Remove(path) }
	zeros := make([]byte, 4096)
	for err == nil {
		_, err = file.Write(zeros)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		return nil, errors.Join(fmt.Errorf("fill the disk: %w", err), file.Close(), release())
	}
	size, err := file.Seek(0, io.SeekCurrent)
	return release, errors.Join(err, file.Truncate(max(0, size-room)), file.Close())
}
