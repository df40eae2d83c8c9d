package pace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"time"

	"github.com/gofrs/flock"

	"bulkload/formats/feed"
)

// state is what all processes that use an account know of its pace.
type state struct {
	Version int               `json:"version"`
	Held    time.Time         `json:"held,omitzero"`  // no request before: the vendor asked for that
	Asked   time.Time         `json:"asked,omitzero"` // when it did
	Last    time.Time         `json:"last,omitzero"`  // slot that was reserved
	Classes map[string]*class `json:"classes"`
}

const stateVersion = 1

func newState() *state { return &state{Version: stateVersion, Classes: make(map[string]*class)} }

// class finds a class, or begins it. As long as the vendor has shown no limit, its rate is the stated
// one, or what a climb has reached.
func (s *state) class(name string, stated float64) *class {
	c := s.Classes[name]
	if c == nil {
		c = &class{Cost: firstCost, Spare: firstSpare}
		s.Classes[name] = c
	}
	switch {
	case c.Top > 0:
	case stated > 0:
		c.Rate, c.Climb = stated, 0
	case c.Climb == 0:
		c.Rate, c.Climb, c.Base = firstRate, math.SmallestNonzeroFloat64, firstRate
	}
	return c
}

// hold lets nothing leave for a while. The longest of several holds counts.
func (s *state) hold(now time.Time, while time.Duration) {
	if until := now.Add(while); until.After(s.Held) {
		s.Held, s.Asked = until, now
	}
}

// A state is small. A longer file, or one of more classes, is not ours.
const (
	mostBytes   = 256 << 10
	mostClasses = 64
)

var errDamaged = errors.New("its contents make no sense")

// parse reads a state.
func parse(data []byte, now time.Time) (*state, error) {
	s := &state{}
	if err := json.Unmarshal(data, s); err != nil {
		return nil, err
	}
	if s.Version != stateVersion || len(s.Classes) > mostClasses || s.Classes == nil {
		return nil, errDamaged
	}
	for _, c := range s.Classes {
		if c == nil || !c.sound() {
			return nil, errDamaged
		}
	}
	s.takeBack(now)
	return s, nil
}

// takeBack takes times back that lie farther ahead than they can: the clock was wrong before, or is now.
func (s *state) takeBack(now time.Time) {
	for _, c := range s.Classes {
		c.Next = earlier(c.Next, now.Add(longestPause+2*interval(c.Rate)))
		c.Since, c.Rests = earlier(c.Since, now), earlier(c.Rests, now)
	}
	s.Last = earlier(s.Last, now.Add(2*leaseTime))
	if s.Asked.After(now) {
		s.Held, s.Asked = now.Add(s.Held.Sub(s.Asked)), now
	}
	s.Held = earlier(s.Held, now.Add(longestHold))
}

const longestHold = 30 * 24 * time.Hour

func earlier(a, b time.Time) time.Time {
	if a.After(b) {
		return b
	}
	return a
}

// sound reports whether the numbers of a class can be.
func (c *class) sound() bool {
	ok := c.Rate > 0 && c.Rate <= mostRate && c.Spare <= mostSpare && c.Refused >= 0 && c.Refused <= mostRefused &&
		c.Late >= 0 && c.Late <= countedLate+1 && c.Hold >= 0 && c.Hold <= longestHold
	for _, x := range append(c.Seen.Counts[:], c.Top, c.Climb, c.Base, c.BaseTop, c.Taken, c.Cost, c.Spare, c.Delay) {
		ok = ok && x >= 0 && x < 1e12
	}
	return ok
}

// file keeps a state. Processes take turns by a lock that ends with its process, so that none can
// keep it. Every write is whole: a new file takes the place of the old one.
type file struct {
	path   string
	lock   *flock.Flock
	last   []byte // the contents as last seen
	remark func(string)
}

func newFile(path string, remark func(string)) *file {
	return &file{path: path, lock: flock.New(path + ".lock"), remark: remark}
}

// update reads the state, changes it and writes it back, while no other process does. What this
// process knew serves when the file is missing or damaged.
func (f *file) update(known *state, now time.Time, change func(*state)) (s *state, err error) {
	if err := f.lock.Lock(); err != nil {
		return known, fmt.Errorf("lock the account's pace: %w", err)
	}
	defer func() { err = errors.Join(err, f.lock.Unlock()) }()
	if s, err = f.read(known, now); err != nil {
		return known, err
	}
	s.takeBack(now)
	change(s)
	data, err := json.Marshal(s)
	if err != nil {
		return s, fmt.Errorf("write the account's pace: %w", err)
	}
	if bytes.Equal(data, f.last) {
		return s, nil
	}
	if err := f.replace(data); err != nil {
		return s, err
	}
	f.last = data
	return s, nil
}

func (f *file) read(known *state, now time.Time) (*state, error) {
	data, err := readSmall(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.last = nil
		return known, nil
	case err != nil:
		return nil, fmt.Errorf("read the account's pace: %w", err)
	case f.last != nil && bytes.Equal(data, f.last):
		return known, nil
	}
	s, err := parse(data, now)
	if err != nil {
		f.remark(fmt.Sprintf("%s is damaged (%v): the account's pace is learned anew", f.path, err))
		return known, nil
	}
	f.last = data
	return s, nil
}

func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, mostBytes))
}

// replace writes the file anew. It need not last: a pace that a power cut damages is learned again.
func (f *file) replace(data []byte) error {
	err := os.WriteFile(f.path+".new", data, 0o600)
	if err == nil {
		err = os.Rename(f.path+".new", f.path)
	}
	if err != nil {
		return fmt.Errorf("write the account's pace: %w", err)
	}
	return nil
}

// sync makes lasting what the file holds.
func (f *file) sync() (err error) {
	if err := f.lock.Lock(); err != nil {
		return fmt.Errorf("lock the account's pace: %w", err)
	}
	defer func() { err = errors.Join(err, f.lock.Unlock()) }()
	data, err := readSmall(f.path)
	if err != nil {
		return fmt.Errorf("read the account's pace: %w", err)
	}
	err = feed.WriteFile(f.path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("write the account's pace: %w", err)
	}
	return nil
}
