package journal

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gofrs/flock"
)

// BusyError says that another process holds a lock. PID is 0 where the system does not let it be known.
type BusyError struct {
	Path  string // of the lock
	PID   int
	Since time.Time
}

// Error tells who holds the lock.
func (e *BusyError) Error() string {
	if e.PID == 0 {
		return e.Path + " is held by another process: wait until it has ended"
	}
	return fmt.Sprintf("%s is held by process %d since %s: wait until it has ended, or end it",
		e.Path, e.PID, e.Since.Local().Format(time.DateTime))
}

// holder is how the text of a lock's file names who holds it.
const holder = "pid %d since %s\n"

// Lock takes the lock of that name, a file beside what it guards. The system releases it when the
// process ends; the file stays, because removing it would let two processes lock two files of one name.
func (OS) Lock(name string) (io.Closer, error) {
	lock := flock.New(name, flock.SetFlag(os.O_RDWR|os.O_CREATE), flock.SetPermissions(0o600))
	locked, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", name, err)
	}
	if !locked {
		return nil, heldBy(name)
	}
	// The text is for the message to others: on a full disk the lock holds without it.
	text := fmt.Sprintf(holder, os.Getpid(), time.Now().UTC().Format(time.RFC3339))
	_ = os.WriteFile(name, []byte(text), 0o600)
	return osLock{lock}, nil
}

// heldBy reads who holds a lock. What cannot be read is left out.
func heldBy(name string) *BusyError {
	busy := &BusyError{Path: name}
	file, err := os.Open(name)
	if err != nil {
		return busy
	}
	defer file.Close()
	var pid int
	var since string
	if _, err := fmt.Fscanf(io.LimitReader(file, 100), holder, &pid, &since); err != nil {
		return busy
	}
	if at, err := time.Parse(time.RFC3339, since); err == nil && pid > 0 {
		busy.PID, busy.Since = pid, at
	}
	return busy
}

type osLock struct{ *flock.Flock }

// Close takes the holder's name away first, so that it is never said of the next one.
func (l osLock) Close() error {
	_ = os.Truncate(l.Path(), 0)
	return l.Unlock()
}
