// Package snapshot keeps exports honest: a manifest beside an exported file tells what it holds and by
// which hashes that is known again, so that a file which was cut or altered is found out, and two
// exports can be compared.
//
// A manifest knows each entity by two hashes. The first covers what could be sent: the entity's
// canonical body (vendors.Resource.Canonical), without what the vendor adds to it, so that one
// catalogue has one hash whatever the format of the file, the size of the pages or the order of the
// vendor's answers. The second covers what the file shows: every cell of the entity's rows, read-only
// ones too. It is the one that can be found again from the file alone, without the vendor's rules.
package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"time"

	"bulkload/pipeline/spill"
	"bulkload/vendors/schema"
)

// Hash is a SHA-256. Manifests write it in hexadecimal.
type Hash [sha256.Size]byte

// String writes the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the hash in hexadecimal.
func (h Hash) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, h[:]), nil }

// UnmarshalText reads what MarshalText wrote.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) != 2*len(h) {
		return fmt.Errorf("%q is not a SHA-256 in hexadecimal", text)
	}
	if _, err := hex.Decode(h[:], text); err != nil {
		return fmt.Errorf("%q is not a SHA-256 in hexadecimal: %w", text, err)
	}
	return nil
}

// A Manifest tells what a snapshot holds.
type Manifest struct {
	Format    int       `json:"snapshot"` // of the manifest: 1
	Resource  string    `json:"resource"` // "fashiontrade/products"
	Version   string    `json:"version"`  // of the vendor's resource; empty when it has none
	Account   string    `json:"account"`
	From      time.Time `json:"from"` // when the first page was asked for
	To        time.Time `json:"to"`   // when the last page had come
	Pages     int64     `json:"pages"`
	Entities  int64     `json:"entities"`
	Rows      int64     `json:"rows"`
	File      string    `json:"file"` // its name, without a folder
	Size      int64     `json:"size"` // in bytes
	SHA256    Hash      `json:"sha256"`
	Catalogue Hash      `json:"catalogue_sha256"` // of all entities' canonical bodies, in the order of their keys
	Content   Hash      `json:"rows_sha256"`      // of all entities' rows, likewise
	Key       []string  `json:"key"`              // the columns that name an entity
	Columns   []Column  `json:"columns"`
}

// A Column is one column of a snapshot's file.
type Column struct {
	Name     string `json:"name"`
	ReadOnly bool   `json:"read_only,omitempty"` // the vendor answers it and does not take it
	Unknown  bool   `json:"unknown,omitempty"`   // no field of the resource carries it, so an import leaves it out
	Number   bool   `json:"number,omitempty"`    // its values are compared as numbers
}

// manifestFormat is the Format that is written.
const manifestFormat = 1

// Entity is one line of a manifest.
type Entity struct {
	Key  string
	Rows int64
	Body Hash // of its canonical body
	Cell Hash // of its rows
}

// A Whole makes the hashes of a catalogue out of those of its entities, in the order of their keys.
type Whole struct{ bodies, rows hash.Hash }

// NewWhole begins with nothing.
func NewWhole() *Whole { return &Whole{sha256.New(), sha256.New()} }

// Add takes the next entity.
func (w *Whole) Add(e Entity) {
	key := appendText(make([]byte, 0, len(e.Key)+binary.MaxVarintLen64), e.Key)
	w.bodies.Write(key)
	w.bodies.Write(e.Body[:])
	w.rows.Write(key)
	w.rows.Write(e.Cell[:])
}

// Sums returns the hash of the canonical bodies and that of the rows.
func (w *Whole) Sums() (catalogue, content Hash) {
	return Hash(w.bodies.Sum(nil)), Hash(w.rows.Sum(nil))
}

// Digest reads a file as the disk has it.
func Digest(path string) (sum Hash, size int64, err error) {
	file, err := os.Open(path)
	if err != nil {
		return sum, 0, err
	}
	defer file.Close()
	all := sha256.New()
	if size, err = io.Copy(all, file); err != nil {
		return sum, 0, fmt.Errorf("read %s: %w", path, err)
	}
	return Hash(all.Sum(nil)), size, nil
}

// appendText appends a text with its length before it, so that two texts cannot be taken for two others.
func appendText[T string | []byte](to []byte, text T) []byte {
	return append(binary.AppendUvarint(to, uint64(len(text))), text...)
}

// A RowHasher makes the hash of rows with certain columns. The order of the columns, blanks around
// values, empty cells and the spelling of numbers do not count.
type RowHasher struct {
	columns []Column
	order   []int // of the columns by their names
	scratch []byte
	number  []byte
}

// NewRowHasher makes a hasher for rows of these columns.
func NewRowHasher(columns []Column) *RowHasher {
	h := &RowHasher{columns: columns, order: make([]int, len(columns))}
	for i := range h.order {
		h.order[i] = i
	}
	slices.SortStableFunc(h.order, func(a, b int) int { return bytes.Compare([]byte(columns[a].Name), []byte(columns[b].Name)) })
	return h
}

// Row returns the hash of one row, whose cells at gives by their columns.
func (h *RowHasher) Row(at func(column int) []byte) Hash {
	h.scratch = h.scratch[:0]
	for _, i := range h.order {
		cell := schema.Trim(at(i))
		if len(cell) == 0 {
			continue
		}
		if h.columns[i].Number {
			cell = h.plainNumber(cell)
		}
		h.scratch = appendText(appendText(h.scratch, h.columns[i].Name), cell)
	}
	return sha256.Sum256(h.scratch)
}

// plainNumber writes a decimal number without what does not change it: 042.50 is 42.5, -0 is 0.
func (h *RowHasher) plainNumber(cell []byte) []byte {
	h.number = appendPlainNumber(h.number[:0], cell)
	return h.number
}

func appendPlainNumber(to, cell []byte) []byte {
	if !schema.IsDecimal(cell) {
		return append(to, cell...)
	}
	digits := bytes.TrimLeft(cell, "+-")
	if bytes.IndexByte(digits, '.') >= 0 {
		digits = bytes.TrimSuffix(bytes.TrimRight(digits, "0"), []byte("."))
	}
	digits = bytes.TrimLeft(digits, "0")
	if len(digits) == 0 || digits[0] == '.' {
		to = append(to, signOf(cell, digits)...)
		return append(append(to, '0'), digits...)
	}
	return append(append(to, signOf(cell, digits)...), digits...)
}

// signOf is the minus of a number that is not zero.
func signOf(cell, digits []byte) string {
	if cell[0] == '-' && len(digits) > 0 {
		return "-"
	}
	return ""
}

// RowsHash is the hash of an entity's rows out of theirs, whatever their order. It sorts the slice.
func RowsHash(rows []Hash) Hash {
	slices.SortFunc(rows, func(a, b Hash) int { return bytes.Compare(a[:], b[:]) })
	all := sha256.New()
	for i := range rows {
		all.Write(rows[i][:])
	}
	return Hash(all.Sum(nil))
}

// textOrder sorts records whose data begins with a text of appendText by that text, then by what
// follows it. The first bytes of the text are the record's key, by orderKey.
func textOrder(a, b []byte) int {
	textA, restA := cutText(a)
	textB, restB := cutText(b)
	if order := bytes.Compare(textA, textB); order != 0 {
		return order
	}
	return bytes.Compare(restA, restB)
}

// cutText takes a text of appendText off. What it does not understand is all text.
func cutText(data []byte) (text, rest []byte) {
	length, n := binary.Uvarint(data)
	if n <= 0 || length > uint64(len(data)-n) {
		return data, nil
	}
	return data[n : n+int(length)], data[n+int(length):]
}

// orderKey is the beginning of a text as a key of a sorter.
func orderKey[T string | []byte](text T) spill.Key {
	var start [16]byte
	copy(start[:], text)
	return spill.Key{High: binary.BigEndian.Uint64(start[:8]), Low: binary.BigEndian.Uint64(start[8:])}
}
