// Package spill puts records in order with bounded memory: what does not fit goes to a temporary
// file in sorted runs, which are merged when the records are read back.
package spill

import (
	"bufio"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
)

// A Key orders records, High first. Records of equal keys keep the order in which they were added.
type Key struct{ High, Low uint64 }

// Compare orders keys.
func (k Key) Compare(other Key) int {
	return cmp.Or(cmp.Compare(k.High, other.High), cmp.Compare(k.Low, other.Low))
}

// A Record is what a Sorter gives back. Data is valid until the next one is asked for.
type Record struct {
	Key  Key
	Data []byte
}

// DefaultMemory is how many bytes a Sorter holds before it writes a run, when it is not told.
const DefaultMemory = 4 << 20

// A Sorter takes records in any order and gives them back in the order of their keys, as often as
// wanted. It is used by one goroutine. The zero value is ready for use.
type Sorter struct {
	Memory int // bytes to hold before a run is written; 0: DefaultMemory
	Dir    string
	// Compare puts records of equal keys in the order of their data. Nil: they keep that of Add.
	Compare func(a, b []byte) int

	count int64
	data  []byte
	index []entry
	file  *os.File
	size  int64
	runs  []span
}

type entry struct {
	key        Key
	start, end uint32
}

type span struct{ start, end int64 }

const entrySize = 24

// Len is the number of records added.
func (s *Sorter) Len() int64 { return s.count }

// Add takes a record; data is copied. It fails when a run cannot be written.
func (s *Sorter) Add(key Key, data []byte) error {
	limit := cmp.Or(s.Memory, DefaultMemory)
	if len(s.index) > 0 && len(s.data)+len(data)+(len(s.index)+1)*entrySize > limit {
		if err := s.writeRun(); err != nil {
			return fmt.Errorf("set rows aside in a temporary file: %w", err)
		}
	}
	start := uint32(len(s.data))
	s.data = append(s.data, data...)
	s.index = append(s.index, entry{key, start, uint32(len(s.data))})
	s.count++
	return nil
}

// sortHeld sorts what is in memory. Of equal records the first one added comes first, which is the one
// whose data begin, or end, before the other's.
func (s *Sorter) sortHeld() {
	slices.SortFunc(s.index, func(a, b entry) int {
		order := a.key.Compare(b.key)
		if order == 0 && s.Compare != nil {
			order = s.Compare(s.data[a.start:a.end], s.data[b.start:b.end])
		}
		if order == 0 {
			order = cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
		}
		return order
	})
}

func (s *Sorter) writeRun() error {
	if s.file == nil {
		file, err := temporary(s.Dir)
		if err != nil {
			return err
		}
		s.file = file
	}
	s.sortHeld()
	w := bufio.NewWriterSize(io.NewOffsetWriter(s.file, s.size), 64<<10)
	written := int64(0)
	var head [16 + binary.MaxVarintLen64]byte
	for _, e := range s.index {
		binary.BigEndian.PutUint64(head[0:], e.key.High)
		binary.BigEndian.PutUint64(head[8:], e.key.Low)
		n := 16 + binary.PutUvarint(head[16:], uint64(e.end-e.start))
		w.Write(head[:n])
		w.Write(s.data[e.start:e.end])
		written += int64(n) + int64(e.end-e.start)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	s.runs = append(s.runs, span{s.size, s.size + written})
	s.size += written
	s.data, s.index = s.data[:0], s.index[:0]
	return nil
}

// temporary makes a file that is gone with the process, however that ends.
func temporary(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "bulkload-*.tmp")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// Sorted yields all records in order. Add must not be called meanwhile.
func (s *Sorter) Sorted() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		s.sortHeld()
		m := merge{compare: s.Compare, sources: []source{&held{sorter: s}}}
		for _, run := range s.runs {
			section := io.NewSectionReader(s.file, run.start, run.end-run.start)
			m.sources = append(m.sources, &stored{r: bufio.NewReaderSize(section, bufferSize(len(s.runs)))})
		}
		if err := m.start(); err != nil {
			yield(Record{}, err)
			return
		}
		for len(m.sources) > 0 {
			if !yield(m.sources[0].record(), nil) {
				return
			}
			if err := m.advance(); err != nil {
				yield(Record{}, err)
				return
			}
		}
	}
}

// bufferSize shares two megabytes among the runs that are merged.
func bufferSize(runs int) int { return max(4<<10, min(64<<10, (2<<20)/runs)) }

// Close gives up the temporary file.
func (s *Sorter) Close() error {
	s.data, s.index, s.runs, s.count = nil, nil, nil, 0
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}

// A source gives the records of one run in order.
type source interface {
	// next moves to the next record; false at the end.
	next() (bool, error)
	record() Record
	order() int64 // among records of equal keys
}

// held is the run that is still in memory, the youngest.
type held struct {
	sorter *Sorter
	at     int
}

func (h *held) next() (bool, error) {
	h.at++
	return h.at <= len(h.sorter.index), nil
}

func (h *held) record() Record {
	e := h.sorter.index[h.at-1]
	return Record{e.key, h.sorter.data[e.start:e.end]}
}

func (h *held) order() int64 { return h.sorter.size + 1 }

// stored is a run in the temporary file.
type stored struct {
	r       *bufio.Reader
	current Record
	rank    int64
}

func (f *stored) next() (bool, error) {
	var head [16]byte
	if _, err := io.ReadFull(f.r, head[:]); err == io.EOF {
		return false, nil
	} else if err != nil {
		return false, fmt.Errorf("read the temporary file: %w", err)
	}
	length, err := binary.ReadUvarint(f.r)
	if err != nil {
		return false, fmt.Errorf("read the temporary file: %w", err)
	}
	f.current.Key = Key{binary.BigEndian.Uint64(head[0:]), binary.BigEndian.Uint64(head[8:])}
	f.current.Data = slices.Grow(f.current.Data[:0], int(length))[:length]
	if _, err := io.ReadFull(f.r, f.current.Data); err != nil {
		return false, fmt.Errorf("read the temporary file: %w", err)
	}
	return true, nil
}

func (f *stored) record() Record { return f.current }

func (f *stored) order() int64 { return f.rank }

// merge is a heap of sources, the one with the first record on top.
type merge struct {
	sources []source
	compare func(a, b []byte) int // of records of equal keys; nil: by the order of their sources
}

func (m *merge) start() error {
	sources := m.sources
	m.sources = sources[:0]
	for i, source := range sources {
		if run, ok := source.(*stored); ok {
			run.rank = int64(i)
		}
		more, err := source.next()
		if err != nil {
			return err
		}
		if more {
			m.sources = append(m.sources, source)
		}
	}
	heap.Init(m)
	return nil
}

func (m *merge) advance() error {
	more, err := m.sources[0].next()
	if err != nil {
		return err
	}
	if more {
		heap.Fix(m, 0)
	} else {
		heap.Pop(m)
	}
	return nil
}

// Len, Less, Swap, Push and Pop are for container/heap.
func (m *merge) Len() int { return len(m.sources) }

// Less puts the source with the earlier record first.
func (m *merge) Less(i, j int) bool {
	a, b := m.sources[i].record(), m.sources[j].record()
	order := a.Key.Compare(b.Key)
	if order == 0 && m.compare != nil {
		order = m.compare(a.Data, b.Data)
	}
	return cmp.Or(order, cmp.Compare(m.sources[i].order(), m.sources[j].order())) < 0
}

// Swap is for container/heap.
func (m *merge) Swap(i, j int) { m.sources[i], m.sources[j] = m.sources[j], m.sources[i] }

// Push is for container/heap.
func (m *merge) Push(x any) { m.sources = append(m.sources, x.(source)) }

// Pop is for container/heap.
func (m *merge) Pop() any {
	last := m.sources[len(m.sources)-1]
	m.sources = m.sources[:len(m.sources)-1]
	return last
}
