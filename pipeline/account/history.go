package account

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"go.etcd.io/bbolt"
)

// History tells what is known of an account's entities: at least what was known when it was opened.
// It is used by many goroutines. While somebody has the turn to write the history, look-ups wait.
type History struct {
	dir      *Dir
	stop     context.CancelFunc
	watching sync.WaitGroup

	mu    sync.RWMutex
	store *store // nil: there is no history yet
	err   error  // why the store could not be opened again
}

// History opens the history for reading. When there is none yet it knows nothing. A damaged one is a
// *DamagedError.
func (d *Dir) History() (*History, error) {
	ctx, stop := context.WithCancel(context.Background())
	h := &History{dir: d, stop: stop}
	if h.open(ctx); h.err != nil {
		stop()
		return nil, h.err
	}
	h.watching.Go(func() { h.watch(ctx) })
	return h, nil
}

// Close ends the look-ups.
func (h *History) Close() error {
	h.stop()
	h.watching.Wait()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.close(errors.New("the account's history was closed"))
}

// Last tells what all runs of the account know of an entity of target, which is a resource as a run's
// journal names it. It returns false when none of them sent it.
func (h *History) Last(target, key string) (Entry, bool, error) {
	return h.find(lastBucket, target, key)
}

// InRun tells what one run knows of an entity, whatever other runs did since. It knows of runs that
// may be resumed; a run that is over is in Last only.
func (h *History) InRun(run, target, key string) (Entry, bool, error) {
	return h.find([]byte(runPrefix+fileName(run)), target, key)
}

func (h *History) find(bucket []byte, target, key string) (e Entry, found bool, err error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.err != nil || h.store == nil {
		return Entry{}, false, h.err
	}
	id := appendKey(make([]byte, 0, 16), identifier(target, key))
	err = h.store.view(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucket)
		if b == nil {
			return nil
		}
		value := b.Get(id)
		if found = value != nil; !found {
			return nil
		}
		r, err := parse(value)
		if err != nil {
			return &DamagedError{h.store.path, err}
		}
		e = r.Entry
		return nil
	})
	return e, found && err == nil, err
}

// watchEvery is how soon a reader sees that a writer waits.
const watchEvery = 100 * time.Millisecond

// watch lets go of the history whenever somebody waits to write it, and opens it again afterwards.
func (h *History) watch(ctx context.Context) {
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if h.wanted() {
			h.mu.Lock()
			if h.err = h.close(nil); h.err == nil {
				h.open(ctx)
			}
			h.mu.Unlock()
		}
	}
}

// wanted reports whether the store is to be opened again: somebody wants to write it, or it could not
// be opened the last time.
func (h *History) wanted() bool {
	turn := flock.New(h.dir.Path(turnFile))
	free, err := turn.TryRLock()
	if err != nil {
		return false // nothing is known, and what is open serves
	}
	if !free {
		return true
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.err != nil || turn.Unlock() != nil
}

// open opens the file once no writer wants it. It sets store or err.
func (h *History) open(ctx context.Context) {
	turn := flock.New(h.dir.Path(turnFile))
	if _, h.err = turn.TryRLockContext(ctx, pollTurn); h.err != nil {
		return
	}
	h.store, h.err = h.dir.openStore(h.dir.Path(historyFile), bbolt.Options{ReadOnly: true})
	if errors.Is(h.err, fs.ErrNotExist) {
		h.store, h.err = nil, nil
	}
	h.err = errors.Join(h.err, turn.Unlock())
}

func (h *History) close(err error) error {
	h.err = err
	if h.store == nil {
		return nil
	}
	store := h.store
	h.store = nil
	return store.close()
}

// Follow gives the time with which the journal of a run has to begin that starts now, so that it comes after all that the
// history knows: what runs know is joined by those times, and a clock that was ahead once would make an old
// run the latest for good. It is the time given, unless that is too early.
func (d *Dir) Follow(ctx context.Context, started time.Time) (_ time.Time, err error) {
	turn := flock.New(d.Path(turnFile))
	if _, err := turn.TryRLockContext(ctx, pollTurn); err != nil {
		return started, fmt.Errorf("wait for others to be done with the account's history: %w", err)
	}
	defer func() { err = errors.Join(err, turn.Unlock()) }()
	s, err := d.openStore(d.Path(historyFile), bbolt.Options{ReadOnly: true})
	if damaged := (*DamagedError)(nil); errors.Is(err, fs.ErrNotExist) || errors.As(err, &damaged) {
		return started, nil // there is nothing to come after
	}
	if err != nil {
		return started, err
	}
	latest := int64(0)
	err = s.view(func(tx *bbolt.Tx) error {
		latest = latestIn(tx.Bucket(aboutBucket))
		return nil
	})
	if latest >= started.UnixNano() {
		started = time.Unix(0, latest+1).UTC()
	}
	return started, errors.Join(err, s.close())
}

func latestIn(about *bbolt.Bucket) int64 {
	if at := about.Get([]byte(latestKey)); len(at) == 8 {
		return int64(binary.BigEndian.Uint64(at))
	}
	return 0
}
