package sandbox

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// store keeps the entities of one resource. With a directory it is a log of JSON lines, one for each
// change, and an index of it in memory; without, the bodies stay in memory.
//
// An entity's place in the order of pages is given when it is created and stays when it is replaced,
// so that a client that pages while others write meets each entity that stays exactly once.
type store struct {
	name string

	mu       sync.Mutex
	index    map[string]*entry
	order    []*entry // by place; with gaps where entities were deleted
	gone     int      // number of gaps
	versions map[int]int
	next     uint64 // place of the next new entity

	path string
	file *os.File // nil: in memory
	size int64    // of the file
	live int64    // of it, lines that still count

	owner func(id string) string // says what an entity belongs to; nil: nothing
	owned map[string][]*entry    // by owner, in the order of creation
}

// entry is one entity of the index.
type entry struct {
	id      string
	place   uint64
	version int
	applied int64 // how often it was stored since it was created
	hash    [sha256.Size]byte
	gone    bool

	body   []byte // in memory
	offset int64  // of the body in the file
	length int64
	line   int64 // length of its line in the file
}

// stored is an entity as the store gives it out.
type stored struct {
	id      string
	place   uint64
	version int
	body    []byte
}

// errExists says that an entity to be created is there already.
var errExists = errors.New("exists already")

// compactFrom is the size in bytes below which a log is left alone.
const compactFrom = 1 << 20

// openStore opens the log of a resource in dir, or makes an empty store in memory when dir is empty.
func openStore(dir, name string) (*store, error) {
	s := &store{name: name}
	s.reset()
	if dir == "" {
		return s, nil
	}
	s.path = filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+".jsonl")
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("open the sandbox's data: %w", err)
	}
	if err := s.compactIfWorthIt(); err != nil {
		return nil, errors.Join(fmt.Errorf("compact the sandbox's data: %w", err), s.file.Close())
	}
	return s, nil
}

func (s *store) reset() {
	s.index, s.order, s.gone, s.versions, s.live = make(map[string]*entry), nil, 0, make(map[int]int), 0
	s.owned = make(map[string][]*entry)
}

// own makes the store keep an index of its entities by what owns them.
func (s *store) own(owner func(id string) string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owner = owner
	s.indexOwners()
}

func (s *store) indexOwners() {
	if s.owner == nil {
		return
	}
	s.owned = make(map[string][]*entry)
	for _, e := range s.order {
		if !e.gone {
			s.enter(e)
		}
	}
}

// enter puts a new entity under its owner.
func (s *store) enter(e *entry) {
	if s.owner != nil {
		owner := s.owner(e.id)
		s.owned[owner] = append(s.owned[owner], e)
	}
}

// leave takes an entity from its owner.
func (s *store) leave(e *entry) {
	if s.owner == nil {
		return
	}
	owner := s.owner(e.id)
	left := slices.DeleteFunc(s.owned[owner], func(other *entry) bool { return other == e })
	if len(left) == 0 {
		delete(s.owned, owner)
		return
	}
	s.owned[owner] = left
}

// ownedBy returns what stands under an owner, in the order of creation.
func (s *store) ownedBy(owner string) ([]stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var entities []stored
	for _, e := range s.owned[owner] {
		entity, err := s.read(e)
		if err != nil {
			return nil, err
		}
		entities = append(entities, entity)
	}
	return entities, nil
}

// put stores an entity. With onlyNew, errExists says that there was one.
func (s *store) put(id string, version int, body []byte, onlyNew bool) (created bool, err error) {
	body, err = oneLine(body)
	if err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// The id is cloned because it may be a slice of the whole body, which would stay in memory with it.
	e := &entry{id: strings.Clone(id), place: s.next, version: version, applied: 1, hash: sha256.Sum256(body)}
	old := s.index[id]
	if old != nil {
		if onlyNew {
			return false, errExists
		}
		e.place, e.applied = old.place, old.applied+1
	}
	if err := s.keep(e, body); err != nil {
		return false, err
	}
	s.admit(e)
	return old == nil, s.compactIfWorthIt()
}

// oneLine makes sure that a body fits on one line of the log. Line breaks within JSON texts are
// always escaped, so those that are left are blanks.
func oneLine(body []byte) ([]byte, error) {
	if !bytes.ContainsAny(body, "\r\n") {
		return body, nil
	}
	var line bytes.Buffer
	if err := json.Compact(&line, body); err != nil {
		return nil, err
	}
	return line.Bytes(), nil
}

// keep puts the body where the entry will find it.
func (s *store) keep(e *entry, body []byte) error {
	if s.file == nil {
		e.body = bytes.Clone(body)
		return nil
	}
	line := e.appendLine(nil, body)
	e.setLine(s.size, int64(len(line)), int64(len(body)))
	return s.write(line)
}

func (e *entry) setLine(start, line, body int64) {
	e.line, e.length, e.offset = line, body, start+line-body-int64(len("}\n"))
}

// lineHead is what stands before the body on a line of the log.
type lineHead struct {
	Put     *string `json:"put,omitempty"`
	Place   uint64  `json:"place"`
	Version int     `json:"version"`
	Applied int64   `json:"applied"`
	Hash    string  `json:"hash"`
}

// bodyMark stands between head and body. It cannot stand within the head: a quote within a JSON
// text is escaped.
const bodyMark = `,"body":`

func (e *entry) appendLine(line, body []byte) []byte {
	head, _ := json.Marshal(lineHead{&e.id, e.place, e.version, e.applied, hex.EncodeToString(e.hash[:])})
	line = append(line, head[:len(head)-1]...)
	line = append(line, bodyMark...)
	line = append(line, body...)
	return append(line, "}\n"...)
}

// write appends to the log in one call, so that what was acknowledged outlives this process, and
// takes back what a full disk let through of it.
func (s *store) write(line []byte) error {
	_, err := s.file.WriteAt(line, s.size)
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", s.path, err), s.file.Truncate(s.size))
	}
	s.size += int64(len(line))
	return nil
}

// admit puts a kept entry into the index.
func (s *store) admit(e *entry) {
	s.versions[e.version]++
	s.live += e.line
	if old := s.index[e.id]; old != nil {
		s.versions[old.version]--
		s.live -= old.line
		*old = *e
		return
	}
	s.index[e.id] = e
	s.order = append(s.order, e)
	s.enter(e)
	s.next = max(s.next, e.place+1)
}

// delete removes an entity and reports whether there was one.
func (s *store) delete(id string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index[id] == nil {
		return false, nil
	}
	if s.file != nil {
		line, _ := json.Marshal(map[string]string{"delete": id})
		if err := s.write(append(line, '\n')); err != nil {
			return false, err
		}
	}
	s.dismiss(id)
	return true, s.compactIfWorthIt()
}

func (s *store) dismiss(id string) {
	e := s.index[id]
	s.leave(e)
	delete(s.index, id)
	s.versions[e.version]--
	s.live -= e.line
	*e = entry{place: e.place, gone: true}
	if s.gone++; s.gone > len(s.order)/2 {
		s.order = slices.DeleteFunc(s.order, func(e *entry) bool { return e.gone })
		s.gone = 0
	}
}

// clear removes all entities.
func (s *store) clear() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil {
		if err := s.write([]byte(`{"clear":true}` + "\n")); err != nil {
			return err
		}
	}
	s.reset()
	return s.compactIfWorthIt()
}

// has reports whether there is an entity of this id.
func (s *store) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index[id] != nil
}

// get returns the entity of this id; ok is false when there is none.
func (s *store) get(id string) (entity stored, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.index[id]
	if e == nil {
		return stored{}, false, nil
	}
	entity, err = s.read(e)
	return entity, true, err
}

func (s *store) read(e *entry) (stored, error) {
	entity := stored{e.id, e.place, e.version, e.body}
	if s.file == nil {
		return entity, nil
	}
	entity.body = make([]byte, e.length)
	if _, err := s.file.ReadAt(entity.body, e.offset); err != nil {
		return stored{}, fmt.Errorf("read %s: %w", s.path, err)
	}
	return entity, nil
}

// page returns up to limit entities from a place on, in the order in which they were created, and
// the place at which the next page starts; more is false when there is none.
func (s *store) page(from uint64, limit int) (entities []stored, next uint64, more bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _ := slices.BinarySearchFunc(s.order, from, func(e *entry, place uint64) int { return cmp.Compare(e.place, place) })
	for _, e := range s.order[at:] {
		if e.gone {
			continue
		}
		if len(entities) == limit {
			return entities, e.place, true, nil
		}
		entity, err := s.read(e)
		if err != nil {
			return nil, 0, false, err
		}
		entities = append(entities, entity)
	}
	return entities, 0, false, nil
}

// newest returns the highest version of which an entity is stored, 0 when there are none.
func (s *store) newest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest := 0
	for version, count := range s.versions {
		if count > 0 {
			newest = max(newest, version)
		}
	}
	return newest
}

// each calls yield with a copy of every entry, in the order of their creation.
func (s *store) each(yield func(entry)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.order {
		if !e.gone {
			yield(*e)
		}
	}
}

// close flushes the log to the disk and closes it.
func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		return nil
	}
	return errors.Join(s.file.Sync(), s.file.Close())
}

// fileHead is the first line of a log.
type fileHead struct {
	Log    string `json:"log"`
	Format int    `json:"format"`
	Next   uint64 `json:"next"` // place of the next new entity, as far as the log does not show it
}

// open reads the log into the index and drops a last line that was cut.
func (s *store) open() (err error) {
	s.file, err = os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.file.Close())
		}
	}()
	lines := bufio.NewReaderSize(s.file, 64<<10)
	for number := 1; ; number++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", s.path, err)
		}
		if err := s.replay(line, number == 1); err != nil {
			return fmt.Errorf("%s:%d: %w (remove the file to begin with an empty resource)", s.path, number, err)
		}
		s.size += int64(len(line))
	}
	if err := s.file.Truncate(s.size); err != nil {
		return err
	}
	if s.size == 0 {
		return s.write(s.firstLine())
	}
	return nil
}

func (s *store) firstLine() []byte {
	line, _ := json.Marshal(fileHead{s.name, 1, s.next})
	return append(line, '\n')
}

// replay applies one line of the log to the index.
func (s *store) replay(line []byte, first bool) error {
	if first {
		var head fileHead
		if err := json.Unmarshal(line, &head); err != nil || head.Log != s.name || head.Format != 1 {
			return fmt.Errorf("this is not a log of %s", s.name)
		}
		s.next = head.Next
		return nil
	}
	if bytes.HasPrefix(line, []byte(`{"put":`)) {
		return s.replayPut(line)
	}
	var change struct {
		Delete *string
		Clear  bool
	}
	if err := json.Unmarshal(line, &change); err != nil {
		return fmt.Errorf("the line is damaged: %w", err)
	}
	switch {
	case change.Clear:
		s.reset()
	case change.Delete != nil && s.index[*change.Delete] != nil:
		s.dismiss(*change.Delete)
	default:
		return errors.New("the line is damaged: it changes nothing")
	}
	return nil
}

func (s *store) replayPut(line []byte) error {
	head, body, ok := bytes.Cut(line, []byte(bodyMark))
	body, closed := bytes.CutSuffix(body, []byte("}\n"))
	var put lineHead
	if err := json.Unmarshal(append(bytes.Clone(head), '}'), &put); err != nil || !ok || !closed || put.Put == nil {
		return errors.New("the line is damaged")
	}
	e := &entry{id: *put.Put, place: put.Place, version: put.Version, applied: put.Applied, hash: sha256.Sum256(body)}
	if hex.EncodeToString(e.hash[:]) != put.Hash {
		return errors.New("the line is damaged: the body does not match its hash")
	}
	if !s.follows(e) {
		return errors.New("the line is damaged: it stands in the wrong order")
	}
	e.setLine(s.size, int64(len(line)), int64(len(body)))
	s.admit(e)
	return nil
}

// follows reports whether an entry may come next in the log: a new one stands behind all others, one
// that replaces another has its place.
func (s *store) follows(e *entry) bool {
	if old := s.index[e.id]; old != nil {
		return old.place == e.place
	}
	return len(s.order) == 0 || e.place > s.order[len(s.order)-1].place
}

// compactIfWorthIt rewrites the log without the lines that no longer count, when they are more than
// half of it. The cost is spread over the writes that made them.
func (s *store) compactIfWorthIt() error {
	if s.file == nil || s.size <= compactFrom || s.size <= 2*s.live {
		return nil
	}
	return s.compact()
}

func (s *store) compact() error {
	temporary := s.path + ".new"
	file, err := os.OpenFile(temporary, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	order, size, err := s.copyTo(file)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return s.replaceBy(temporary, order, size)
}

// copyTo writes the lines that count to a file and returns their entries as they stand there.
func (s *store) copyTo(file *os.File) (order []*entry, size int64, err error) {
	out := bufio.NewWriterSize(file, 64<<10)
	first := s.firstLine()
	out.Write(first)
	size = int64(len(first))
	var line []byte
	for _, e := range s.order {
		if e.gone {
			continue
		}
		entity, err := s.read(e)
		if err != nil {
			return nil, 0, err
		}
		line = e.appendLine(line[:0], entity.body)
		moved := *e
		moved.setLine(size, int64(len(line)), e.length)
		order = append(order, &moved)
		out.Write(line)
		size += int64(len(line))
	}
	return order, size, out.Flush()
}

// replaceBy puts a compacted file in the log's place. The log is closed before, because some systems
// do not rename over an open file.
func (s *store) replaceBy(temporary string, order []*entry, size int64) error {
	renamed := errors.Join(s.file.Close(), os.Rename(temporary, s.path))
	file, err := os.OpenFile(s.path, os.O_RDWR, 0o600)
	if err != nil {
		return errors.Join(renamed, err)
	}
	s.file = file
	if renamed != nil {
		return renamed
	}
	s.order, s.gone, s.size, s.live = order, 0, size, 0
	for _, e := range order {
		s.index[e.id] = e
		s.live += e.line
	}
	s.indexOwners()
	return nil
}
