package pipeline

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"sync"

	"bulkload/pipeline/spill"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A shelf keeps the vendor's entities in a temporary file, found by their keys and aliases: 48 bytes of
// memory a name. First all are added, then ready is called, then many goroutines may find.
type shelf struct {
	file  *os.File
	out   *bufio.Writer
	hash  hasher
	names []placed
	size  int64
	data  []byte // scratch
}

// placed is a name of what stands in the file.
type placed struct {
	name  spill.Key
	owner spill.Key // the name that is the key
	start int64
	size  int64
}

func newShelf(dir string) (*shelf, error) {
	file, err := os.CreateTemp(dir, "bulkload-bodies-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	return &shelf{file: file, out: bufio.NewWriterSize(file, 64<<10), hash: newHasher()}, nil
}

// add keeps an entity under its key and other names.
func (s *shelf) add(e vendors.Stored, names []string) error {
	s.data = append(s.data[:0], 0)
	if e.Aside {
		s.data[0] = 1
	}
	s.data = binary.AppendUvarint(s.data, uint64(len(e.Key)))
	s.data = append(append(s.data, e.Key...), e.Body...)
	if _, err := s.out.Write(s.data); err != nil {
		return fmt.Errorf("keep what the vendor has: %w", err)
	}
	at := placed{start: s.size, size: int64(len(s.data))}
	s.size += at.size
	at.owner = s.hash.sum([]byte(e.Key))
	for _, name := range append(names, e.Key) {
		at.name = s.hash.sum([]byte(name))
		s.names = append(s.names, at)
	}
	return nil
}

// ready ends the adding. An entity that was added again is as it was added last, and has no other names
// than then. Of two entities with one name, the one that was added last has it.
func (s *shelf) ready() error {
	slices.SortStableFunc(s.names, func(a, b placed) int { return compareKeys(a.owner, b.owner) })
	latest := s.names[:0]
	for i := 0; i < len(s.names); {
		end := i
		for end < len(s.names) && s.names[end].owner == s.names[i].owner {
			end++
		}
		start := s.names[end-1].start
		for ; i < end; i++ {
			if s.names[i].start == start {
				latest = append(latest, s.names[i])
			}
		}
	}
	slices.SortFunc(latest, func(a, b placed) int { return cmp.Or(compareKeys(a.name, b.name), cmp.Compare(b.start, a.start)) })
	s.names = slices.CompactFunc(latest, func(a, b placed) bool { return a.name == b.name })
	if err := s.out.Flush(); err != nil {
		return fmt.Errorf("keep what the vendor has: %w", err)
	}
	return nil
}

func compareKeys(a, b spill.Key) int {
	return cmp.Or(cmp.Compare(a.High, b.High), cmp.Compare(a.Low, b.Low))
}

// find returns the entity of a name; nil when there is none.
func (s *shelf) find(name string) (*vendors.Stored, error) {
	i, found := slices.BinarySearchFunc(s.names, s.hash.sum([]byte(name)), func(p placed, key spill.Key) int { return compareKeys(p.name, key) })
	if !found {
		return nil, nil
	}
	return s.read(s.names[i])
}

func (s *shelf) read(at placed) (*vendors.Stored, error) {
	data := make([]byte, at.size)
	if _, err := s.file.ReadAt(data, at.start); err != nil && err != io.EOF {
		return nil, fmt.Errorf("read back what the vendor has: %w", err)
	}
	length, n := binary.Uvarint(data[1:])
	key, body := data[1+n:][:length], data[1+n+int(length):]
	return &vendors.Stored{Key: string(key), Body: bytes.Clone(body), Aside: data[0] == 1}, nil
}

// all yields the entities in the order in which they were added.
func (s *shelf) all() iter.Seq2[*vendors.Stored, error] {
	return func(yield func(*vendors.Stored, error) bool) {
		keys := slices.DeleteFunc(slices.Clone(s.names), func(p placed) bool { return p.name != p.owner })
		slices.SortFunc(keys, func(a, b placed) int { return cmp.Compare(a.start, b.start) })
		for _, at := range keys {
			if e, err := s.read(at); !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func (s *shelf) close() error {
	if s == nil {
		return nil
	}
	return errors.Join(s.file.Close(), os.Remove(s.file.Name()))
}

// shelved reads what the vendor has, and keeps it. Where a run before has kept a catalogue, only what
// changed since is read.
func (j *Job) shelved(ctx context.Context, owners *owners) (*catalogue, *shelf, error) {
	listing := vendors.Listing{Keys: owners.keys(), Compare: true}
	before := j.openKept()
	held, kept, err := j.shelve(ctx, listing, before)
	if errors.Is(err, errKept) {
		before = nil
		held, kept, err = j.shelve(ctx, listing, nil)
	}
	if err != nil {
		return nil, nil, err
	}
	if err := j.keep(kept, before); err != nil {
		return nil, nil, errors.Join(err, kept.close())
	}
	return held, kept, nil
}

// shelve takes what a run before has kept, if anything, and what the vendor has changed since.
func (j *Job) shelve(ctx context.Context, listing vendors.Listing, before *keptCatalogue) (*catalogue, *shelf, error) {
	kept, err := newShelf(j.TempDir)
	if err != nil {
		return nil, nil, err
	}
	stored := j.stored(ctx, listing)
	if before != nil {
		listing.Query = before.since(j.Resource)
		stored = after(before.entities(), j.stored(ctx, listing))
	}
	held, err := j.catalogue(ctx, stored, func(e vendors.Stored) error {
		var names []string
		if j.Resource.Aliases != nil {
			names = j.Resource.Aliases(e)
		}
		return kept.add(e, names)
	})
	if err == nil {
		err = kept.ready()
	}
	if err != nil {
		return nil, nil, errors.Join(err, kept.close())
	}
	return held, kept, nil
}

// held is what the account is known to have; nil where that does not change what is sent. kept may be
// nil: the vendor was not asked.
func (j *Job) held(ctx context.Context, kept *shelf) *vendors.Held {
	if j.Resource.Amend == nil {
		return nil
	}
	held := &vendors.Held{Account: j.Client.Account, Withhold: j.Withhold, Unasked: kept == nil,
		Find: func(string) (*vendors.Stored, error) { return nil, nil }}
	if kept != nil {
		held.Find = kept.find
	}
	if j.Resource.Prepare != nil {
		held.Prepare = sync.OnceValues(func() (any, error) {
			prepared, err := j.Resource.Prepare(ctx, j.Client)
			if err != nil {
				return nil, ListingError(err)
			}
			return prepared, nil
		})
	}
	return held
}

// amend turns a sound entity into what must be sent, given what the vendor has.
func (p *pass) amend(u *unit) error {
	e := &u.entity
	amendment, err := p.job.Resource.Amend(e, p.held)
	switch {
	case err != nil:
		return fmt.Errorf("compare %s %q with the vendor's: %w", p.job.Resource.Noun.One, e.Key, err)
	case e.Known && p.job.CreateOnly:
		e.Add(schema.Problem{Rule: HasIt, Field: p.job.Resource.Key})
	}
	if !e.Sound() {
		e.Outcome = vendors.Rejected
		return nil
	}
	u.amendment, u.calls = amendment, max(1, amendment.Calls)
	if err := e.Amended(amendment); err != nil {
		return &InternalError{Reason: fmt.Sprintf("encoding %s %q failed: %v", p.job.Resource.Noun.One, e.Key, err)}
	}
	return nil
}

// becomes is the entity as the vendor has it when it was sent.
func (u *unit) becomes() ([]byte, error) {
	if u.amendment.Body != nil {
		return u.amendment.Became()
	}
	return u.entity.Read()
}
