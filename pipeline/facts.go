package pipeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"iter"
	"math/bits"

	"bulkload/formats"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/spill"
)

// facts is what only a whole reading of a feed can tell, and the next reading needs to know.
type facts struct {
	rows      int64                // rows of the feed
	scattered *keySet              // keys and lanes whose rows do not stand together; nil when there are none
	torn      *keySet              // keys whose rows stand in several lanes; nil when there are none
	twice     *spill.Sorter        // values that stand on another row too, by row and field; nil when there are none
	beside    beside               // entities that stand beside a row without a key
	rivals    map[spill.Key]string // entities that collide with another one, and how
}

// apart reports whether an entity's rows, or those of its lane, do not stand together.
func (f *facts) apart(key, lane spill.Key) bool {
	return f.scattered != nil && (f.scattered.has(key) || lane != spill.Key{} && f.scattered.has(lane))
}

// beside gives, by an entity key's hash, the place of a row without a key that stands directly
// above or below a row of that entity. Such a row may belong to the entity, which is then not whole.
type beside map[spill.Key]formats.Place

// mostBeside is how many entities beside keyless rows are remembered. A feed with more of them has
// no usable key at all.
const mostBeside = 1 << 18

// any reports whether the feed must be read again with these facts.
func (f *facts) any() bool {
	return f.scattered != nil || f.twice != nil || len(f.beside) > 0 || len(f.rivals) > 0
}

func (f *facts) close() {
	if f.twice != nil {
		f.twice.Close()
	}
}

// keySet is a set of hashes in fixed memory. It may hold what was not added, never the reverse:
// an entity taken for scattered only makes a detour.
type keySet struct {
	bits []uint64
}

// newKeySet makes a set for count keys: sixteen bits each, at most 16 MiB.
func newKeySet(count int64) *keySet {
	words := uint64(1) << min(21, bits.Len64(uint64(count)/4))
	return &keySet{bits: make([]uint64, words)}
}

func (s *keySet) add(key spill.Key) {
	for _, half := range [2]uint64{key.High, key.Low} {
		at := half % uint64(len(s.bits)*64)
		s.bits[at/64] |= 1 << (at % 64)
	}
}

func (s *keySet) has(key spill.Key) bool {
	for _, half := range [2]uint64{key.High, key.Low} {
		at := half % uint64(len(s.bits)*64)
		if s.bits[at/64]&(1<<(at%64)) == 0 {
			return false
		}
	}
	return true
}

// hasher gives the 128-bit hashes by which keys and values are compared. Two different texts of a
// feed never share one in practice: with a billion of them the odds are below one in 10^20.
type hasher struct{ first, second maphash.Seed }

func newHasher() hasher { return hasher{maphash.MakeSeed(), maphash.MakeSeed()} }

func (h hasher) sum(text []byte) spill.Key {
	return spill.Key{High: maphash.Bytes(h.first, text), Low: maphash.Bytes(h.second, text)}
}

// learner gathers facts during a reading.
type learner struct {
	dir     string
	runs    spill.Sorter // one record for each run of rows with one key
	uniques spill.Sorter // one record for each value of a unique field
	beside  beside
	above   spill.Key     // hash of the last row's key, zero when it had none
	keyless formats.Place // of the last row when it had no key
	claims  claims
	scratch []byte
}

func newLearner(dir string) *learner {
	return &learner{dir: dir, runs: spill.Sorter{Dir: dir}, uniques: spill.Sorter{Dir: dir}, beside: make(beside)}
}

func (l *learner) close() {
	l.runs.Close()
	l.uniques.Close()
}

// run notes that a run of rows with this key begins in a lane; zero when there are none.
func (l *learner) run(key, lane spill.Key) error {
	l.scratch = l.scratch[:0]
	if lane != (spill.Key{}) {
		l.scratch = binary.BigEndian.AppendUint64(l.scratch, lane.High)
	}
	return l.runs.Add(key, l.scratch)
}

// row notes whether a row has a key, and whose neighbour it is.
func (l *learner) row(key spill.Key, hasKey bool, place formats.Place) error {
	switch {
	case hasKey && l.keyless.Row > 0:
		l.beside[key] = l.keyless
	case !hasKey && l.above != spill.Key{}:
		l.beside[l.above] = place
	}
	l.above, l.keyless = spill.Key{}, formats.Place{}
	if hasKey {
		l.above = key
	} else {
		l.keyless = place
	}
	if len(l.beside) > mostBeside {
		return &mapping.Error{Reason: fmt.Sprintf("rows without a key stand beside more than %d others", mostBeside)}
	}
	return nil
}

// value notes a value of the field-th unique field.
func (l *learner) value(hash spill.Key, field int, entity spill.Key, place formats.Place) error {
	hash.Low += uint64(field) // the same text in two fields is not the same value
	l.scratch = binary.AppendUvarint(l.scratch[:0], uint64(field))
	l.scratch = binary.BigEndian.AppendUint64(l.scratch, entity.High)
	l.scratch = binary.AppendVarint(l.scratch, place.Row)
	l.scratch = binary.AppendVarint(l.scratch, place.Line)
	return l.uniques.Add(hash, l.scratch)
}

// facts says what was learned.
func (l *learner) facts(rows int64) (facts, error) {
	learned := facts{rows: rows, beside: l.beside}
	var err error
	if learned.scattered, err = keySetOf(repeated(&l.runs)); err != nil {
		return facts{}, err
	}
	if learned.scattered != nil {
		if learned.torn, err = keySetOf(torn(&l.runs)); err != nil {
			return facts{}, err
		}
	}
	learned.twice, err = l.twice()
	return learned, err
}

// keySetOf makes a set of keys, which are read twice; nil when there are none.
func keySetOf(keys iter.Seq2[spill.Key, error]) (*keySet, error) {
	count := int64(0)
	for _, err := range keys {
		if err != nil {
			return nil, err
		}
		count++
	}
	if count == 0 {
		return nil, nil
	}
	set := newKeySet(count)
	for key, err := range keys {
		if err != nil {
			return nil, err
		}
		set.add(key)
	}
	return set, nil
}

// torn yields each key that a sorter holds with different data, once or more.
func torn(s *spill.Sorter) iter.Seq2[spill.Key, error] {
	return func(yield func(spill.Key, error) bool) {
		var last spill.Key
		var lane []byte
		first := true
		for record, err := range s.Sorted() {
			if err != nil {
				yield(last, err)
				return
			}
			same := !first && record.Key == last
			if same && !bytes.Equal(record.Data, lane) && !yield(last, nil) {
				return
			}
			if !same {
				first, last, lane = false, record.Key, append(lane[:0], record.Data...)
			}
		}
	}
}

// repeated yields each key that a sorter holds more than once.
func repeated(s *spill.Sorter) iter.Seq2[spill.Key, error] {
	return func(yield func(spill.Key, error) bool) {
		var last spill.Key
		times := 0
		for record, err := range s.Sorted() {
			if err != nil {
				yield(last, err)
				return
			}
			if record.Key != last || times == 0 {
				last, times = record.Key, 0
			}
			if times++; times == 2 && !yield(last, nil) {
				return
			}
		}
	}
}

// sighting is one row on which a value of a unique field stands.
type sighting struct {
	hash      spill.Key
	field     uint64
	entity    uint64 // first half of the entity key's hash
	row, line int64
}

func decodeSighting(record spill.Record) sighting {
	s := sighting{hash: record.Key}
	data := record.Data
	var n int
	s.field, n = binary.Uvarint(data)
	data = data[n:]
	s.entity, data = binary.BigEndian.Uint64(data), data[8:]
	s.row, n = binary.Varint(data)
	s.line, _ = binary.Varint(data[n:])
	return s
}

// twice finds the values that stand in rows of different entities, and notes for each of those
// rows where the other one is. Within an entity the resource's own rules look.
func (l *learner) twice() (*spill.Sorter, error) {
	found := &spill.Sorter{Dir: l.dir}
	var first, other sighting // of the current value: its first row, and its first row in another entity
	for record, err := range l.uniques.Sorted() {
		if err != nil {
			return nil, err
		}
		s := decodeSighting(record)
		switch {
		case s.hash != first.hash || first.row == 0:
			first, other = s, sighting{}
		case s.entity == first.entity && other.row == 0:
			// so far within one entity
		default:
			if other.row == 0 {
				other = s
				if err := addTwice(found, first, other); err != nil {
					return nil, err
				}
			}
			match := first
			if s.entity == first.entity {
				match = other
			}
			if err := addTwice(found, s, match); err != nil {
				return nil, err
			}
		}
	}
	if found.Len() == 0 {
		return nil, found.Close()
	}
	return found, nil
}

func addTwice(found *spill.Sorter, s, other sighting) error {
	data := binary.AppendVarint(nil, other.row)
	return found.Add(spill.Key{High: uint64(s.row), Low: s.field}, binary.AppendVarint(data, other.line))
}

// twin says that the row's value of a unique field stands on another row too.
type twin struct {
	field     int // index in Resource.Unique
	row, line int64
}

// twins hands out, row by row in the order of the feed, what facts.twice knows.
type twins struct {
	next func() (spill.Record, error, bool)
	stop func()
	head spill.Record
	more bool
}

func (f *facts) twins() (*twins, error) {
	if f.twice == nil {
		return &twins{stop: func() {}}, nil
	}
	t := &twins{}
	t.next, t.stop = iter.Pull2(f.twice.Sorted())
	return t, t.advance()
}

func (t *twins) advance() error {
	var err error
	t.head, err, t.more = t.next()
	return err
}

// of adds the twins of a row to found. Rows must be asked for in the order of the feed.
func (t *twins) of(row int64, found []twin) ([]twin, error) {
	for t.more && t.head.Key.High == uint64(row) {
		other, n := binary.Varint(t.head.Data)
		line, _ := binary.Varint(t.head.Data[n:])
		found = append(found, twin{int(t.head.Key.Low), other, line})
		if err := t.advance(); err != nil {
			return found, err
		}
	}
	return found, nil
}
