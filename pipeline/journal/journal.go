// Package journal writes down what a run is about to send and what became of it: one file per run,
// which is only ever added to, so that a run that was killed can go on where it was.
//
// An intent is stored before its request leaves. Therefore, whatever the file lacks was not sent.
// An outcome is stored soon after its answer. An intent without one tells that the request may have
// been applied.
package journal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"bulkload/formats/crash"
)

// A Journal is the file of a run that goes on. Many goroutines may use it.
type Journal struct {
	path string
	file File
	lock interface{ Close() error }
	seed uint32 // of the frames' checksums
	// stored is the length of the file that outlasts a power cut. It belongs to store.
	stored int64

	wake    chan struct{} // holds an element while there may be a group to be stored
	stopped chan struct{} // closed when store has returned

	mu      sync.Mutex
	group   *group // what is to be stored next; nil: nothing
	writing *group // what is being stored, or was the last to be
	spare   []byte // a buffer that is not in use
	err     error  // of a write or sync that failed: nothing is added after it
	ended   bool
	closed  bool
}

// A group is what shares one write and one fsync.
type group struct {
	frame []byte
	kinds kinds         // of its records
	done  chan struct{} // closed when it is stored, or never will be
	err   error         // set before done is closed
}

// crowded is the size of a group, in bytes, from which on Settle waits: a disk that hangs must not
// fill the memory. A buffer above it is not kept.
const crowded = 4 << 20

// WriteError says that a journal could not be written. Nothing is added to the file afterwards:
// once an fsync has failed, a second one says nothing about what the first should have stored.
type WriteError struct {
	Path string
	Op   string // "write", "sync"
	Kept int64  // bytes of the file that are stored; 0: the run has not begun
	Err  error
}

// Error tells what is kept, and where.
func (e *WriteError) Error() string {
	kept := "Nothing was sent. Begin the run again once the disk is in order"
	if e.Kept > 0 {
		kept = fmt.Sprintf("Its first %d bytes are stored and name everything that was sent: "+
			"resume the run from them once the disk is in order", e.Kept)
	}
	return fmt.Sprintf("journal %s: %s: %v. %s (free space, no errors)", e.Path, e.Op, e.Err, kept)
}

// Unwrap returns the system's error.
func (e *WriteError) Unwrap() error { return e.Err }

// Create begins the journal of a new run. When it returns, the file and its name outlast a power
// cut, if the name of its directory does (MakeDir). A file that is there already is an error.
func Create(fsys FS, path string, b Begin) (*Journal, error) {
	return locked(fsys, path, func() (*Journal, error) {
		file, err := fsys.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, fmt.Errorf("create journal: %w", err)
		}
		j := &Journal{path: path, file: file}
		if err := j.begin(fsys, &b); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return j, nil
	})
}

// begin stores the head and the first record with one write, and then the file's name.
func (j *Journal) begin(fsys FS, b *Begin) error {
	first := append(make([]byte, 0, 512), head...)
	first = append(first, make([]byte, headerSize)...)
	first = appendBegin(first, b)
	if len(first) > maxPayload {
		return fmt.Errorf("create journal: %s: the run's description has %d bytes, which is above %d", j.path, len(first), maxPayload)
	}
	j.seed = seal(first[len(head):], int64(len(head)), headSeed())
	if err := j.append(first, kinds{beginKind: true}); err != nil {
		return err
	}
	if err := fsys.SyncDir(filepath.Dir(j.path)); err != nil {
		return &WriteError{Path: j.path, Op: "sync of its directory", Err: err}
	}
	crash.Point("journal.begin.named")
	return nil
}

// Open goes on with a journal. A tail that was not wholly written is cut off; it was never acknowledged.
// When Open returns, all that Read gives outlasts a power cut, whoever wrote it. Its errors are
// ErrUnbegun, ErrEnded, *DamageError for damage that is not a tail, *BusyError while another process
// has it open, and those of opening and reading files.
func Open(fsys FS, path string) (*Journal, Begin, error) {
	var b Begin
	j, err := locked(fsys, path, func() (*Journal, error) {
		file, err := fsys.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return nil, fmt.Errorf("open journal: %w", err)
		}
		j := &Journal{path: path, file: file}
		if b, err = j.resume(fsys); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return j, nil
	})
	return j, b, err
}

// resume reads the file and repairs its tail.
func (j *Journal) resume(fsys FS) (Begin, error) {
	s, err := scan(j.file, j.path, func(Record) error { return nil })
	if err == nil && s.ended {
		err = fmt.Errorf("%s: %w", j.path, ErrEnded)
	}
	if err != nil {
		return s.begin, err
	}
	j.seed, j.stored = s.seed, s.offset
	return s.begin, j.repair(fsys, s.size)
}

// repair cuts the tail off, and stores what is before it: a process that was killed may have written
// it, or made the file, without coming to its own sync.
func (j *Journal) repair(fsys FS, size int64) error {
	if size > j.stored {
		crash.Point("journal.repair.before-write")
		if err := j.file.Truncate(j.stored); err != nil {
			return fmt.Errorf("open journal %s: cut its torn tail off at byte %d: %w", j.path, j.stored, err)
		}
		crash.Point("journal.repair.written")
	}
	if err := errors.Join(j.file.Sync(), fsys.SyncDir(filepath.Dir(j.path))); err != nil {
		return fmt.Errorf("open journal %s: what it holds cannot be stored, so nothing is sent on its word: %w", j.path, err)
	}
	crash.Point("journal.repair.synced")
	return nil
}

// locked has a journal opened while its lock is held, and starts the goroutine that stores.
func locked(fsys FS, path string, open func() (*Journal, error)) (*Journal, error) {
	lock, err := fsys.Lock(path + ".lock")
	if err != nil {
		return nil, err
	}
	j, err := open()
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	j.lock, j.wake, j.stopped = lock, make(chan struct{}, 1), make(chan struct{})
	go j.store()
	return j, nil
}

// Intend stores intents, and returns when they outlast a power cut. Calls that come while the disk
// is busy share its next fsync. When ctx ends first, its error is returned and the intents may or may not
// be stored; nothing must be sent then.
func (j *Journal) Intend(ctx context.Context, intents ...Intent) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	g, _, err := j.add(intentKind, func(b []byte) []byte {
		for i := range intents {
			b = appendIntent(b, &intents[i])
		}
		return b
	})
	if err != nil {
		return err
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Settle takes outcomes to be stored with the next fsync, which begins as soon as the disk is free,
// and does not wait for it, unless megabytes are waiting already. The error is that of an earlier write.
// An outcome that is lost with a power cut leaves its intent, so its entity is one whose request may
// have been applied.
func (j *Journal) Settle(outcomes ...Outcome) error {
	g, full, err := j.add(outcomeKind, func(b []byte) []byte {
		for i := range outcomes {
			b = appendOutcome(b, &outcomes[i])
		}
		return b
	})
	if err != nil || !full {
		return err
	}
	<-g.done
	return g.err
}

// Keep takes answers to be stored as Settle takes outcomes. An answer that is lost with a power cut leaves
// its question's intent, if there was one.
func (j *Journal) Keep(answers ...Answer) error {
	g, full, err := j.add(answerKind, func(b []byte) []byte {
		for i := range answers {
			b = appendAnswer(b, &answers[i])
		}
		return b
	})
	if err != nil || !full {
		return err
	}
	<-g.done
	return g.err
}

// Sync returns when everything that was settled before outlasts a power cut.
func (j *Journal) Sync() error {
	j.mu.Lock()
	g, err := cmp.Or(j.group, j.writing), j.err
	j.mu.Unlock()
	if err != nil || g == nil {
		return err
	}
	<-g.done
	return g.err
}

// End stores that the run is over, together with all that was settled before. When it returns, both
// outlast a power cut; a power cut meanwhile loses the End first. Nothing can be added afterwards.
func (j *Journal) End(e End) error {
	g, _, err := j.add(endKind, func(b []byte) []byte { return appendEnd(b, &e) })
	if err != nil {
		return err
	}
	<-g.done
	return g.err
}

// Close stores what was settled and closes the file. It returns the error of any write that failed.
// Closing again does nothing but return the same.
func (j *Journal) Close() error {
	j.mu.Lock()
	first := !j.closed
	if first {
		j.closed = true
		close(j.wake)
	}
	j.mu.Unlock()
	<-j.stopped
	if !first {
		return j.err
	}
	// The lock is the last to go: who waits for it must find a file that is no longer written.
	return errors.Join(j.err, j.file.Close(), j.lock.Close())
}

// add puts records of one kind into the group that is stored next, and returns that group. It is full
// when nothing should be added to it without need.
func (j *Journal) add(k kind, records func([]byte) []byte) (g *group, full bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.err != nil:
		return nil, false, j.err
	case j.closed:
		return nil, false, fmt.Errorf("journal %s: %w", j.path, os.ErrClosed)
	case j.ended:
		return nil, false, fmt.Errorf("journal %s: %w", j.path, ErrEnded)
	}
	g = j.group
	if g == nil {
		g = &group{frame: append(j.spare[:0], make([]byte, headerSize)...), done: make(chan struct{})}
		j.spare = nil
	}
	frame := records(g.frame)
	if len(frame) == len(g.frame) {
		nothing := &group{done: make(chan struct{})}
		close(nothing.done)
		return nothing, false, nil
	}
	if len(frame) > maxPayload {
		return nil, false, fmt.Errorf("journal %s: %d bytes at once are above %d", j.path, len(frame), maxPayload)
	}
	g.frame, g.kinds[k] = frame, true
	j.group, j.ended = g, k == endKind
	select {
	case j.wake <- struct{}{}:
	default:
	}
	return g, len(frame) > crowded, nil
}

// store writes one group after the other until Close. It is the only one that writes.
func (j *Journal) store() {
	defer close(j.stopped)
	for range j.wake {
		for g := j.take(); g != nil; g = j.take() {
			j.finish(g, j.write(g))
		}
	}
}

func (j *Journal) take() *group {
	j.mu.Lock()
	defer j.mu.Unlock()
	g := j.group
	j.group = nil
	if g != nil {
		j.writing = g
	}
	return g
}

// write stores a group.
func (j *Journal) write(g *group) error {
	seal(g.frame, j.stored, j.seed)
	return j.append(g.frame, g.kinds)
}

// append writes bytes behind what is stored and has them stored.
func (j *Journal) append(frame []byte, of kinds) error {
	of.point(0)
	if _, err := j.file.WriteAt(frame, j.stored); err != nil {
		return &WriteError{Path: j.path, Op: "write", Kept: j.stored, Err: err}
	}
	of.point(1)
	if err := j.file.Sync(); err != nil {
		return &WriteError{Path: j.path, Op: "sync", Kept: j.stored, Err: err}
	}
	of.point(2)
	j.stored += int64(len(frame))
	return nil
}

// kinds are those of the records in a write.
type kinds [answerKind + 1]bool

// point is one of the instants of a write at which tests kill the program.
func (of kinds) point(step int) {
	of[outcomeKind] = of[outcomeKind] || of[answerKind]
	names := [answerKind][3]string{
		beginKind:   {"journal.begin.before-write", "journal.begin.written", "journal.begin.synced"},
		intentKind:  {"journal.intent.before-write", "journal.intent.written", "journal.intent.synced"},
		outcomeKind: {"journal.outcome.before-write", "journal.outcome.written", "journal.outcome.synced"},
		endKind:     {"journal.end.before-write", "journal.end.written", "journal.end.synced"},
	}
	for k, there := range of[:answerKind] {
		if there {
			crash.Point(names[k][step])
		}
	}
}

// finish tells those who wait. After an error those of the next group get it too: it is never written.
func (j *Journal) finish(g *group, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if cap(g.frame) <= crowded {
		j.spare = g.frame
	}
	g.err = err
	close(g.done)
	if err == nil {
		return
	}
	j.err = err
	if next := j.group; next != nil {
		next.err = err
		close(next.done)
		j.group = nil
	}
}
