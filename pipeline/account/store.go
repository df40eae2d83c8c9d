package account

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// The history is a bbolt file with these buckets, and one named runPrefix and the run's file name for
// each run that may be resumed. Keys are identifiers of entities, values are records.
var (
	aboutBucket = []byte("about")    // what the file is
	lastBucket  = []byte("entities") // what the account's runs know together
	readBucket  = []byte("read")     // file name of a run -> the entry whose journal was read to its end
)

const (
	runPrefix = "run/"
	formatKey = "bulkload history"
	format    = "1"
	latestKey = "latest" // time of the latest record that was read, of all runs; may be missing
)

// identifier names an entity in the history. It is short, of one length and never empty, whatever the
// feed's key is.
func identifier(target, key string) spill.Key {
	h := vendors.HashOf([]byte(target + "\x00" + key))
	return spill.Key{High: binary.BigEndian.Uint64(h[:8]), Low: binary.BigEndian.Uint64(h[8:])}
}

func appendKey(b []byte, id spill.Key) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, id.High), id.Low)
}

// A DamagedError says that the history is not what was written.
type DamagedError struct {
	Path string
	Err  error
}

// Error tells the way out: nothing is lost.
func (e *DamagedError) Error() string {
	return fmt.Sprintf("%s is damaged, or no history of bulkload's (%v): the journals of the runs hold all that was in it; make it anew from them: bulkload accounts rebuild",
		e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *DamagedError) Unwrap() error { return e.Err }

// store is the opened file. bbolt trusts what it reads, from memory that the file is mapped to: in a
// damaged file it panics, or touches memory that is not there. Both become a *DamagedError.
type store struct {
	dir     *Dir
	db      *bbolt.DB
	path    string
	file    *os.File
	damaged atomic.Bool
}

// openStore opens a history. Nobody else may open it for writing meanwhile.
func (d *Dir) openStore(path string, options bbolt.Options) (*store, error) {
	if err := d.knownDamage(path); err != nil {
		return nil, err
	}
	s := &store{dir: d, path: path}
	options.NoStatistics = true
	options.Timeout = 10 * time.Second // nobody who keeps to turns makes this wait
	options.OpenFile = func(path string, flag int, mode os.FileMode) (_ *os.File, err error) {
		s.file, err = os.OpenFile(path, flag&^os.O_CREATE, mode)
		return s.file, err
	}
	err := s.guard(func() (err error) {
		if err := checkPages(path, !options.ReadOnly); err != nil {
			return err
		}
		s.db, err = bbolt.Open(path, 0o600, &options)
		return err
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		err = fmt.Errorf("%s: a process that does not answer keeps it open; end that process", path)
	}
	if err == nil {
		err = s.view(s.checkFormat)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open the account's history: %w", err), s.close())
	}
	return s, nil
}

func (s *store) checkFormat(tx *bbolt.Tx) error {
	about := tx.Bucket(aboutBucket)
	if about == nil || tx.Bucket(lastBucket) == nil || tx.Bucket(readBucket) == nil {
		return &DamagedError{s.path, errors.New("it lacks the parts that every history has")}
	}
	if found := string(about.Get([]byte(formatKey))); found != format {
		return &DamagedError{s.path, fmt.Errorf("its format is %q, this program knows %s", found, format)}
	}
	return nil
}

func (s *store) view(read func(*bbolt.Tx) error) error {
	return s.guard(func() error { return s.db.View(read) })
}

func (s *store) update(write func(*bbolt.Tx) error) error {
	return s.guard(func() error { return s.db.Update(write) })
}

func (s *store) guard(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			s.damaged.Store(true)
			err = s.dir.damage(s.file, &DamagedError{s.path, fmt.Errorf("%v", p)})
		}
	}()
	return do()
}

// close gives up the file. After a panic bbolt may hold locks of its own for ever; then only the file
// is closed. The mapping, and with it the file's lock, are left to the end of the process.
func (s *store) close() error {
	if s.db != nil && !s.damaged.Load() {
		return s.db.Close()
	}
	if s.file != nil {
		if err := s.file.Close(); !errors.Is(err, os.ErrClosed) {
			return err
		}
	}
	return nil
}

// brokenFile is a file of which something is known to be damaged.
type brokenFile struct {
	file os.FileInfo
	err  error
}

// damage remembers that a file is damaged: what is left of its opening would keep this process from
// opening it again.
func (d *Dir) damage(file *os.File, err error) error {
	if info, statErr := file.Stat(); statErr == nil {
		d.broken.Store(&brokenFile{info, err})
	}
	return err
}

func (d *Dir) knownDamage(path string) error {
	info, err := os.Stat(path)
	if broken := d.broken.Load(); err == nil && broken != nil && os.SameFile(info, broken.file) {
		return broken.err
	}
	return nil
}

// createStore makes an empty history under a name that it does not keep. What it cannot make whole, on a full
// disk, it does not leave.
func createStore(path string) (err error) {
	if err := remove(path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(path))
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: 10 * time.Second, NoSync: true})
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [...][]byte{aboutBucket, lastBucket, readBucket} {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return tx.Bucket(aboutBucket).Put([]byte(formatKey), []byte(format))
	})
	if err == nil {
		err = db.Sync()
	}
	return errors.Join(err, db.Close())
}

// place gives a file, whose content is stored, its name for good.
func place(temporary, path string) error {
	err := os.Rename(temporary, path)
	// Windows replaces no file that somebody reads; those who do let go within a moment.
	for range 100 {
		if err == nil || runtime.GOOS != "windows" || errors.Is(err, fs.ErrNotExist) {
			break
		}
		time.Sleep(2 * pollTurn)
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return err
	}
	return journal.OS{}.SyncDir(filepath.Dir(path))
}

// pollTurn is how often a writer or reader that waits for its turn looks again.
const pollTurn = 10 * time.Millisecond

// turn waits for the turn to write the history. Those who read it see that, and let go.
func (d *Dir) turn(ctx context.Context) (end func() error, err error) {
	turn := flock.New(d.Path(turnFile))
	if _, err := turn.TryLockContext(ctx, pollTurn); err != nil {
		return nil, fmt.Errorf("wait for others to be done with the account's history: %w", err)
	}
	return turn.Unlock, nil
}
