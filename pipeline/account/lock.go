package account

import (
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Owner is a process that works with the account.
type Owner struct {
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Run     string    `json:"run"` // empty: the process has no run
}

// BusyError refuses a run because of another process.
type BusyError struct {
	Owner   Owner  // of several, who came first
	Account string // its name
	Same    bool   // the owner has the very run open that is asked for
}

// Error says who is in the way, and what to do.
func (e *BusyError) Error() string {
	who := "another process"
	if e.Owner.PID != 0 {
		who = fmt.Sprintf("process %d", e.Owner.PID)
	}
	if !e.Owner.Started.IsZero() {
		who += e.Owner.Started.Local().Format(", started 2006-01-02 15:04:05 MST")
	}
	if e.Same {
		return fmt.Sprintf("run %s is open in %s: wait until that ends, or stop it and resume", e.Owner.Run, who)
	}
	if e.Owner.Run != "" {
		who += ", run " + e.Owner.Run
	}
	account := "the account"
	if e.Account != "" {
		account += " " + e.Account
	}
	return fmt.Sprintf("%s is in use by %s: wait until that ends, or use --parallel-runs to send beside it", account, who)
}

// Lock takes the account for one process. When any other process works with it, it fails with a
// *BusyError. The lock ends with release, or with the process, however that ends: what a file says
// of a process that is gone refuses nobody.
func (d *Dir) Lock(o Owner) (release func() error, err error) { return d.lock(o, true) }

// LockShared takes the account beside others, also beside one that took it with Lock: the user asked
// for that. While it lasts, Lock refuses others. Only a run that is open already is refused, with a
// *BusyError: two processes must not write one journal.
func (d *Dir) LockShared(o Owner) (release func() error, err error) { return d.lock(o, false) }

// Present lists the processes that work with the account, the first to start first.
func (d *Dir) Present() (owners []Owner, err error) {
	err = d.gated(func() error {
		owners, err = d.present()
		return err
	})
	return owners, err
}

func (d *Dir) lock(o Owner, alone bool) (release func() error, err error) {
	name := fileName(cmp.Or(o.Run, "process-"+rand.Text()))
	var own *flock.Flock
	err = d.gated(func() error {
		owners, err := d.present()
		if err != nil {
			return fmt.Errorf("see who works with the account %s: %w", d.account, err)
		}
		if alone && len(owners) > 0 {
			return d.busy(owners, o.Run)
		}
		own, err = d.seize(name, o)
		return err
	})
	if err != nil {
		return nil, err
	}
	d.hold(name, true)
	return sync.OnceValue(func() error {
		d.hold(name, false)
		return d.gated(func() error { return d.leave(name, own) })
	}), nil
}

// gated runs alone among all processes. It must be short.
func (d *Dir) gated(do func() error) (err error) {
	gate := flock.New(d.Path(gateFile))
	if err := gate.Lock(); err != nil {
		return fmt.Errorf("lock %s: %w", gate.Path(), err)
	}
	defer func() { err = errors.Join(err, gate.Unlock()) }()
	return do()
}

func (d *Dir) hold(name string, held bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if held {
		d.held[name] = true
	} else {
		delete(d.held, name)
	}
}

func (d *Dir) holds(name string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held[name]
}

func (d *Dir) busy(owners []Owner, run string) *BusyError {
	for _, o := range owners {
		if o.Run == run && run != "" {
			return &BusyError{o, d.account, true}
		}
	}
	return &BusyError{owners[0], d.account, false}
}

// seize locks a run and writes down for whom. The lock is a file of its own: where a system keeps
// others from reading what is locked, they can still read who it is.
func (d *Dir) seize(name string, o Owner) (*flock.Flock, error) {
	own := flock.New(d.runFile(name, ".lock"))
	locked, err := own.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", own.Path(), err)
	}
	if !locked {
		other := d.owner(name)
		other.Run = cmp.Or(other.Run, o.Run)
		return nil, &BusyError{other, d.account, true}
	}
	text, err := json.Marshal(o)
	if err == nil {
		err = os.WriteFile(d.runFile(name, ".owner"), text, 0o600)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("lock the account %s: %w", d.account, err), d.leave(name, own))
	}
	return own, nil
}

// leave unlocks a run and removes what says who had it. The gate keeps others from taking a lock on
// a file that is about to lose its name.
func (d *Dir) leave(name string, own *flock.Flock) error {
	return errors.Join(own.Unlock(), remove(own.Path()), remove(d.runFile(name, ".owner")))
}

func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// present lists the owners of locked runs, and tidies up after processes that are gone.
func (d *Dir) present() (owners []Owner, err error) {
	names, err := d.names(".lock")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		open, err := d.open(name)
		if err != nil {
			return nil, err
		}
		if open {
			owners = append(owners, d.owner(name))
		}
	}
	slices.SortStableFunc(owners, func(a, b Owner) int { return a.Started.Compare(b.Started) })
	return owners, nil
}

// names lists the runs that have a file of this ending.
func (d *Dir) names(ending string) (names []string, err error) {
	files, err := os.ReadDir(filepath.Join(d.path, runsDir))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if name, ok := strings.CutSuffix(file.Name(), ending); ok {
			names = append(names, name)
		}
	}
	return names, nil
}

// open reports whether a process has a run open.
func (d *Dir) open(name string) (bool, error) {
	path := d.runFile(name, ".lock")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	lock := flock.New(path)
	free, err := lock.TryLock()
	if err != nil {
		return false, err
	}
	if !free {
		return true, nil
	}
	return false, d.leave(name, lock)
}

// owner reads who has a run. The text is for people: when it cannot be read, nothing is known.
func (d *Dir) owner(name string) (o Owner) {
	text, err := os.ReadFile(d.runFile(name, ".owner"))
	if err != nil || json.Unmarshal(text, &o) != nil {
		return Owner{}
	}
	return o
}
