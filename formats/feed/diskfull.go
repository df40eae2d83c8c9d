package feed

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
)

// A DiskFullError says that there was no room for a file. Nothing of it is left behind.
type DiskFullError struct {
	Path string // that was to be written
	Kept string // the path again when a file of before has the name, whole and unchanged; else empty
	Err  error  // the system's: no space, the quota, or a limit of the file's size
}

// Error tells what is not there and what is.
func (e *DiskFullError) Error() string {
	text := fmt.Sprintf("%s: %v; nothing of it was written", e.Path, e.Err)
	if e.Kept != "" {
		text += ", the old one is kept"
	}
	return text
}

// Unwrap returns the cause.
func (e *DiskFullError) Unwrap() error { return e.Err }

// DiskFull returns the system's error when err says that a file could not grow, else nil.
func DiskFull(err error) error {
	var number syscall.Errno
	if errors.As(err, &number) && slices.Contains(fullErrors, number) {
		return number
	}
	return nil
}

// failed says that the file could not be written, and what is kept when the disk is full. Standard output
// and devices keep what they got.
func (f *newFile) failed(path string, err error) error {
	var earlier *DiskFullError // of another file, such as a temporary one
	full := DiskFull(err)
	if full == nil || errors.As(err, &earlier) || f == nil || f.temporary == "" {
		return fmt.Errorf("%s: %w", path, err)
	}
	e := &DiskFullError{Path: path, Err: full}
	if f.replaces {
		e.Kept = path
	}
	return e
}
