package account

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"

	"bulkload/formats/crash"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/spill"
)

// A MissingError says that the journal of a run is gone. What the run sent since its journal was last
// read cannot be known any more, and the run cannot be resumed.
type MissingError struct{ Run, Journal string }

// Error says what that means.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s: the journal of run %s is gone: what that run sent is known only as far as it was read before, and it cannot be resumed",
		e.Journal, e.Run)
}

// OnlyMissing reports whether an error of Fold or Rebuild tells of nothing but journals that are gone:
// all that there is was taken, and the same will not be told again.
func OnlyMissing(err error) bool {
	if several, ok := err.(interface{ Unwrap() []error }); ok {
		return !slices.ContainsFunc(several.Unwrap(), func(err error) bool { return !OnlyMissing(err) })
	}
	_, missing := err.(*MissingError)
	return missing
}

// Fold takes into the history what the journals say of the runs that were entered and that no other
// process has open, and forgets the notes of those that are over. It may be cut at any instant and
// done again: what is read twice changes nothing. Its memory does not grow with the journals.
//
// What is wrong with one journal is among the errors and does not keep the others from being read;
// its note stays. A journal that is gone is a *MissingError, and its note with it: it is told once.
func (d *Dir) Fold(ctx context.Context, fsys journal.FS) (err error) {
	due, damaged := d.due()
	if len(due) == 0 {
		return damaged
	}
	end, err := d.turn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, damaged, end()) }()
	if err := d.create(); err != nil {
		return err
	}
	store, err := d.openStore(d.Path(historyFile), bbolt.Options{})
	if err != nil {
		return err
	}
	f := folder{dir: d, fsys: fsys, store: store}
	if err := errors.Join(f.takeNoted(ctx, due), store.close()); err != nil {
		return err
	}
	return errors.Join(d.forget(f.done), f.problems)
}

// create makes the history when there is none. It has its name only once it is whole.
func (d *Dir) create() error {
	path := d.Path(historyFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	err := createStore(path + ".tmp")
	if err == nil {
		err = place(path+".tmp", path)
	}
	if err != nil {
		return fmt.Errorf("make the account's history: %w", err)
	}
	return nil
}

// Rebuild makes the history anew from journals, and from those of entered runs whether they are named
// or not. Journals of other accounts are left out. What is there, damaged or not, is replaced at the end, and only when every journal could be
// read; one that is gone is told of as by Fold.
func (d *Dir) Rebuild(ctx context.Context, journals iter.Seq[string]) (err error) {
	due, err := d.due()
	if err != nil {
		return err
	}
	end, err := d.turn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, end()) }()
	f := folder{dir: d, fsys: journal.OS{}}
	if err := f.anew(ctx, due, journals); err != nil {
		return fmt.Errorf("make the account's history anew: %w", err)
	}
	return errors.Join(d.forget(f.done), f.problems)
}

// folder takes journals into a history.
type folder struct {
	dir      *Dir
	fsys     journal.FS
	store    *store
	done     []note // that need not be kept
	problems error  // with single journals
}

// anew fills a new file and gives it the history's name.
func (f *folder) anew(ctx context.Context, due []note, journals iter.Seq[string]) (err error) {
	path := f.dir.Path(historyFile)
	if err := createStore(path + ".tmp"); err != nil {
		return err
	}
	// The file is nobody's history yet: one sync at its end is enough.
	if f.store, err = f.dir.openStore(path+".tmp", bbolt.Options{NoSync: true, NoGrowSync: true}); err != nil {
		return err
	}
	err = f.takeNamed(ctx, due, journals)
	if err == nil {
		err = f.takeNoted(ctx, due)
	}
	if unread := (*journalError)(nil); err == nil && errors.As(f.problems, &unread) {
		err = f.problems
	}
	if err == nil {
		err = f.store.db.Sync()
	}
	if err = errors.Join(err, f.store.close()); err != nil {
		return errors.Join(err, remove(path+".tmp"))
	}
	return place(path+".tmp", path)
}

// takeNamed takes journals, but for those that have a note.
func (f *folder) takeNamed(ctx context.Context, due []note, journals iter.Seq[string]) error {
	noted := make(map[string]bool)
	for _, n := range due {
		noted[n.Journal] = true
	}
	for path := range journals {
		path, err := filepath.Abs(path)
		if err == nil && !noted[path] {
			_, err = f.take(ctx, note{Journal: path})
		}
		foreign := (*foreignError)(nil)
		switch {
		case errors.Is(err, journal.ErrUnbegun), errors.As(err, &foreign):
		case errors.Is(err, fs.ErrNotExist):
			f.problems = errors.Join(f.problems, &MissingError{filepath.Base(filepath.Dir(path)), path})
		case err != nil:
			return err
		}
	}
	return nil
}

// takeNoted takes the journals that notes name. It fails when the history does or ctx ends.
func (f *folder) takeNoted(ctx context.Context, due []note) error {
	for _, n := range due {
		if f.wasRead(n) {
			continue
		}
		over, err := f.take(ctx, n)
		unread := (*journalError)(nil)
		switch {
		case err == nil && over:
			f.done = append(f.done, n)
		case err == nil:
		case errors.Is(err, fs.ErrNotExist), errors.Is(err, journal.ErrUnbegun):
			if err := f.miss(n, err); err != nil {
				return err
			}
		case errors.As(err, &unread) && ctx.Err() == nil:
			f.problems = errors.Join(f.problems, err)
		default:
			return err
		}
	}
	return nil
}

// wasRead reports whether a note's journal was read to its end and cannot have grown since.
func (f *folder) wasRead(n note) (read bool) {
	err := f.store.view(func(tx *bbolt.Tx) error {
		read = string(tx.Bucket(readBucket).Get([]byte(n.name))) == n.Entry
		return nil
	})
	return read && err == nil
}

// miss forgets a run that has no journal. One that was cut before its journal began has lost nothing,
// and one that this process has open may begin it yet.
func (f *folder) miss(n note, cause error) error {
	_, err := os.Stat(filepath.Dir(n.Journal))
	began := !errors.Is(cause, journal.ErrUnbegun) && (!n.Fresh || err != nil)
	if !began && f.dir.holds(n.name) {
		return nil
	}
	if began {
		f.problems = errors.Join(f.problems, &MissingError{n.Run, n.Journal})
	}
	f.done = append(f.done, n)
	return f.store.update(func(tx *bbolt.Tx) error { return f.finish(tx, n, true, 0) })
}

// journalError is what is wrong with one journal.
type journalError struct {
	path string
	err  error
}

func (e *journalError) Error() string {
	return fmt.Sprintf("take the journal %s into the account's history: %v", e.path, e.err)
}

func (e *journalError) Unwrap() error { return e.err }

// foreignError says that a journal is not the account's.
type foreignError struct{ account, ours string }

func (e *foreignError) Error() string {
	return fmt.Sprintf("it is of the account %s, not of %s", e.account, e.ours)
}

// sortMemory is how much of a journal is held while it is sorted, in bytes.
const sortMemory = 2 << 20

// take takes the journal of a note into the history, and reports whether its run is over.
func (f *folder) take(ctx context.Context, n note) (over bool, err error) {
	sorter := &spill.Sorter{Dir: f.dir.path, Memory: sortMemory}
	defer func() { err = errors.Join(err, sorter.Close()) }()
	r := reading{ctx: ctx, sorter: sorter}
	begin, err := journal.Read(f.fsys, n.Journal, r.add)
	if err != nil {
		return false, &journalError{n.Journal, err}
	}
	n.Run, n.name = begin.Run, fileName(begin.Run)
	if filepath.Base(begin.Account) != f.dir.Name() {
		return false, &journalError{n.Journal, &foreignError{begin.Account, f.dir.Name()}}
	}
	if err := f.write(ctx, sorter, n, r.over, r.at); err != nil {
		return false, fmt.Errorf("write the account's history: %w", err)
	}
	return r.over, nil
}

// reading puts a journal's records into the order of entities.
type reading struct {
	ctx    context.Context
	sorter *spill.Sorter
	begin  journal.Begin
	at     int64 // see Entry.At
	count  int
	over   bool // the run is, the last record says
	buffer []byte
}

func (r *reading) add(next journal.Record) error {
	if r.count++; r.count%1024 == 0 && r.ctx.Err() != nil {
		return context.Cause(r.ctx)
	}
	r.at++
	r.over = next.End != nil
	switch {
	case next.Begin != nil:
		r.begin = *next.Begin
		r.at = max(r.at, next.Begin.Started.UnixNano())
	case next.Intent != nil:
		return r.put(next.Intent.Key, ofIntent(r.begin.Run, r.at, next.Intent))
	case next.Outcome != nil:
		return r.put(next.Outcome.Key, ofOutcome(r.begin.Run, r.at, next.Outcome))
	}
	return nil
}

func (r *reading) put(key string, record record) error {
	r.buffer = record.append(r.buffer[:0])
	return r.sorter.Add(identifier(r.begin.Target, key), r.buffer)
}

// entity is what one run knows of one entity.
type entity struct {
	id     spill.Key
	record record
}

// entities yields what a run knows, in the order of identifiers.
func entities(sorter *spill.Sorter) iter.Seq2[entity, error] {
	return func(yield func(entity, error) bool) {
		var e entity
		for next, err := range sorter.Sorted() {
			var r record
			if err == nil {
				r, err = parse(next.Data)
			}
			if err != nil {
				yield(entity{}, err)
				return
			}
			if e.id != next.Key {
				if e.sent() && !yield(e, nil) {
					return
				}
				e = entity{id: next.Key}
			}
			e.record = e.record.follow(r)
		}
		if e.sent() {
			yield(e, nil)
		}
	}
}

func (e *entity) sent() bool { return e.record.Run != "" }

// Bounds of a transaction: the pages that it changes, which bbolt holds until the commit and which
// take some ten kilobytes each, and the entities, of which many go on one page.
const (
	maxNodes    = 700
	maxEntities = 8 << 10
)

// write joins what a run knows with the history. at is the time of its last record.
func (f *folder) write(ctx context.Context, sorter *spill.Sorter, n note, over bool, at int64) error {
	next, stop := iter.Pull2(entities(sorter))
	defer stop()
	w := writing{next: next, run: n.name, over: over}
	if err := f.store.view(w.look); err != nil {
		return err
	}
	for !w.ended {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := f.store.update(func(tx *bbolt.Tx) error {
			err := w.put(tx)
			if err == nil && w.ended {
				err = f.finish(tx, n, over, at)
			}
			crash.Point("history.before-commit")
			return err
		})
		if err != nil {
			return err
		}
		crash.Point("history.committed")
	}
	return nil
}

// finish notes that a journal was read, up to a record of that time. Of a run that is over only what is joined
// stays.
func (f *folder) finish(tx *bbolt.Tx, n note, over bool, at int64) error {
	if about := tx.Bucket(aboutBucket); at > latestIn(about) {
		if err := about.Put([]byte(latestKey), binary.BigEndian.AppendUint64(nil, uint64(at))); err != nil {
			return err
		}
	}
	read := tx.Bucket(readBucket)
	if over {
		bucket := []byte(runPrefix + n.name)
		if tx.Bucket(bucket) != nil {
			if err := tx.DeleteBucket(bucket); err != nil {
				return err
			}
		}
		return read.Delete([]byte(n.name))
	}
	if n.Entry == "" || f.dir.holds(n.name) {
		return nil // the journal may grow
	}
	return read.Put([]byte(n.name), []byte(n.Entry))
}

// writing is a run's way into the history.
type writing struct {
	next  func() (entity, error, bool)
	run   string // file name
	over  bool
	fill  float64 // of new pages
	ended bool
}

// look sees whether the history is empty: then its pages, made in the order of keys, are filled
// well; later keys come between others and want room.
func (w *writing) look(tx *bbolt.Tx) error {
	w.fill = bbolt.DefaultFillPercent
	if first, _ := tx.Bucket(lastBucket).Cursor().First(); first == nil {
		w.fill = 0.85
	}
	return nil
}

// put joins entities with the history until there are no more or the transaction is large enough.
func (w *writing) put(tx *bbolt.Tx) (err error) {
	last, own := tx.Bucket(lastBucket), (*bbolt.Bucket)(nil)
	last.FillPercent = w.fill
	if !w.over {
		if own, err = tx.CreateBucketIfNotExists([]byte(runPrefix + w.run)); err != nil {
			return err
		}
		own.FillPercent = w.fill
	}
	key := make([]byte, 0, 16)
	for range maxEntities {
		e, err, more := w.next()
		if err != nil || !more {
			w.ended = err == nil
			return err
		}
		key = appendKey(key[:0], e.id)
		if err := joinInto(last, key, e.record); err != nil {
			return err
		}
		if own != nil {
			if err := own.Put(key, e.record.append(nil)); err != nil {
				return err
			}
		}
		if stats := tx.Stats(); stats.GetNodeCount() > maxNodes {
			break
		}
	}
	return nil
}

// joinInto joins a record with the one that the bucket has.
func joinInto(bucket *bbolt.Bucket, key []byte, r record) error {
	if known := bucket.Get(key); known != nil {
		old, err := parse(known)
		if err != nil {
			return &DamagedError{bucket.Tx().DB().Path(), err}
		}
		r = join(old, r)
	}
	return bucket.Put(key, r.append(nil))
}
