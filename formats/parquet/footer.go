package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"bulkload/formats"
)

// Limits on what a file may ask for, whatever its size.
const (
	maxFooter  = 16 << 20  // bytes of the footer
	maxPage    = 64 << 20  // bytes of a page, as stored and as read
	maxHeader  = 1 << 20   // bytes of a page's header
	maxEntries = 16 << 20  // values of a page, nulls included
	maxColumns = 16384     // columns, as in a spreadsheet
	maxHeld    = 512 << 20 // bytes held for the open pages and dictionaries of all columns
)

// maxPathParts is how deep the columns that are read lie: those of a list have a name, a group and
// an element. Of a longer path, one part more is kept, so that it is like none of the schema.
const maxPathParts = 3

const magic = "PAR1"

// footer is what a file says about itself.
type footer struct {
	rows      int64
	schema    []element
	groups    []rowGroup
	encrypted bool
}

type element struct {
	name       string
	physical   int32 // -1: a group
	length     int32 // of fixed-length bytes
	repetition int32
	children   int32
	converted  int32 // -1: none
	scale      int32
	logical    logical
}

// logical is a column's logical type: what its physical values stand for.
type logical struct {
	kind   int16 // its number in the format's list, 0 for none
	scale  int32
	utc    bool
	unit   int16 // 1 milli-, 2 micro-, 3 nanoseconds
	bits   int32
	signed bool
}

type rowGroup struct {
	rows   int64
	chunks []chunk
}

// chunk is one column's part of a row group: where its pages are, and how they are packed.
type chunk struct {
	path        string // of its column, with points between the parts
	physical    int32
	codec       int32
	values      int64
	start, size int64

	dataPage, dictionaryPage int64
	elsewhere                bool // its pages are in another file
}

// damaged says that the file as a whole cannot be what it claims to be.
func damaged(reason string, err error) error {
	return &formats.SyntaxError{Reason: reason, Err: err}
}

// readFooter reads what the file says about itself, and checks it against the file.
func readFooter(file io.ReaderAt, size int64) (*footer, error) {
	end, err := footerBounds(file, size)
	if err != nil {
		return nil, err
	}
	data := make([]byte, size-8-end)
	if err := readFull(file, data, end); err != nil {
		return nil, err
	}
	f, err := parseFooter(data)
	if err != nil {
		return nil, damaged("the Parquet footer cannot be read", err)
	}
	if f.encrypted {
		return nil, errEncrypted()
	}
	if err := f.checkGroups(end); err != nil {
		return nil, damaged("the Parquet footer contradicts the file", err)
	}
	return f, nil
}

func errEncrypted() error {
	return &formats.SyntaxError{Reason: "the Parquet file is encrypted", Advice: "write it without encryption"}
}

// footerBounds looks at both ends of the file and tells where the footer begins.
func footerBounds(file io.ReaderAt, size int64) (start int64, err error) {
	if size < 12 {
		return 0, damaged(fmt.Sprintf("a file of %d bytes is too short to be Parquet", size), nil)
	}
	var head [4]byte
	var tail [8]byte
	if err := readFull(file, head[:], 0); err != nil {
		return 0, err
	}
	if err := readFull(file, tail[:], size-8); err != nil {
		return 0, err
	}
	if string(head[:]) == "PARE" || string(tail[4:]) == "PARE" {
		return 0, errEncrypted()
	}
	if string(head[:]) != magic {
		return 0, damaged("the file does not begin with PAR1 and so is not Parquet", nil)
	}
	if string(tail[4:]) != magic {
		return 0, &formats.SyntaxError{Reason: "the file begins as Parquet but does not end with PAR1: it was cut", Advice: "fetch it again"}
	}
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	if length > size-12 {
		return 0, damaged(fmt.Sprintf("the footer claims %d bytes of a file of %d", length, size), nil)
	}
	if length > maxFooter {
		return 0, damaged(fmt.Sprintf("the footer has %d bytes, over the limit of %d", length, maxFooter), nil)
	}
	return size - 8 - length, nil
}

// readFull fills p from the file. A file that ends before is damaged; any other error is the disk's.
func readFull(file io.ReaderAt, p []byte, at int64) error {
	n, err := file.ReadAt(p, at)
	switch {
	case n == len(p):
		return nil
	case err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return damaged(fmt.Sprintf("the file ends at byte %d, before %d bytes it should have", at+int64(n), int64(len(p))-int64(n)), nil)
	default:
		return &diskError{err}
	}
}

// diskError is a failure to read the file at all, which says nothing about what it holds.
type diskError struct{ err error }

func (e *diskError) Error() string { return "read Parquet file: " + e.err.Error() }
func (e *diskError) Unwrap() error { return e.err }

func parseFooter(data []byte) (*footer, error) {
	t := &thrift{rest: data}
	f := &footer{rows: -1}
	t.fields(func(id int16, kind byte) {
		switch id {
		case 2:
			t.elements(kind, thriftStruct, func() { f.schema = append(f.schema, parseElement(t)) })
		case 3:
			f.rows = t.integer(kind)
		case 4:
			t.elements(kind, thriftStruct, func() { f.groups = append(f.groups, parseGroup(t)) })
		case 8:
			f.encrypted = true
			t.skip(kind)
		default:
			t.skip(kind)
		}
	})
	if t.err == nil && len(t.rest) > 0 && !f.encrypted {
		t.fail(fmt.Errorf("%d bytes follow its end", len(t.rest)))
	}
	return f, t.err
}

func parseElement(t *thrift) element {
	e := element{physical: -1, converted: -1}
	t.fields(func(id int16, kind byte) {
		switch id {
		case 1:
			e.physical = t.small(kind)
		case 2:
			e.length = t.small(kind)
		case 3:
			e.repetition = t.small(kind)
		case 4:
			e.name = t.text(kind)
		case 5:
			e.children = t.small(kind)
		case 6:
			e.converted = t.small(kind)
		case 7:
			e.scale = t.small(kind)
		case 10:
			t.structure(kind, func(id int16, kind byte) { e.logical = parseLogical(t, id, kind) })
		default:
			t.skip(kind)
		}
	})
	return e
}

func parseLogical(t *thrift, id int16, kind byte) logical {
	l := logical{kind: id}
	if kind != thriftStruct {
		t.skip(kind)
		return l
	}
	t.fields(func(field int16, kind byte) {
		switch {
		case id == logicalDecimal && field == 1:
			l.scale = t.small(kind)
		case (id == logicalTime || id == logicalTimestamp) && field == 1:
			l.utc = t.boolean(kind)
		case (id == logicalTime || id == logicalTimestamp) && field == 2:
			t.structure(kind, func(unit int16, kind byte) { l.unit = unit; t.skip(kind) })
		case id == logicalInteger && field == 1:
			l.bits = t.small(kind)
		case id == logicalInteger && field == 2:
			l.signed = t.boolean(kind)
		default:
			t.skip(kind)
		}
	})
	return l
}

func parseGroup(t *thrift) rowGroup {
	g := rowGroup{rows: -1}
	t.fields(func(id int16, kind byte) {
		switch id {
		case 1:
			t.elements(kind, thriftStruct, func() { g.chunks = append(g.chunks, parseChunk(t)) })
		case 3:
			g.rows = t.integer(kind)
		default:
			t.skip(kind)
		}
	})
	return g
}

func parseChunk(t *thrift) chunk {
	c := chunk{physical: -1, codec: -1, values: -1, size: -1}
	t.fields(func(id int16, kind byte) {
		switch id {
		case 1:
			c.elsewhere = t.text(kind) != ""
		case 3:
			t.structure(kind, func(id int16, kind byte) { parseChunkData(t, &c, id, kind) })
		default:
			t.skip(kind)
		}
	})
	if t.err == nil && c.size < 0 {
		t.fail(errors.New("a column of a row group does not say where its pages are"))
	}
	return c
}

func parseChunkData(t *thrift, c *chunk, id int16, kind byte) {
	switch id {
	case 1:
		c.physical = t.small(kind)
	case 3:
		parts := 0
		t.elements(kind, thriftBinary, func() {
			part := t.text(thriftBinary)
			if parts++; parts == 1 {
				c.path = part
			} else if parts <= maxPathParts+1 {
				c.path += "." + part
			}
		})
	case 4:
		c.codec = t.small(kind)
	case 5:
		c.values = t.integer(kind)
	case 7:
		c.size = t.integer(kind)
	case 9:
		c.dataPage = t.integer(kind)
	case 11:
		c.dictionaryPage = t.integer(kind)
	default:
		t.skip(kind)
	}
}

// checkGroups compares the row groups with each other and with the file, whose pages lie before end.
func (f *footer) checkGroups(end int64) error {
	if f.rows < 0 {
		return errors.New("it does not say how many rows there are")
	}
	rows, room := int64(0), end-int64(len(magic))
	for g := range f.groups {
		group := &f.groups[g]
		if group.rows < 0 || group.rows > f.rows-rows {
			return fmt.Errorf("row group %d claims %d rows, and the file %d in all", g+1, group.rows, f.rows)
		}
		rows += group.rows
		for c := range group.chunks {
			if err := group.chunks[c].locate(end); err != nil {
				return fmt.Errorf("row group %d, column %d: %w", g+1, c+1, err)
			}
			if room -= group.chunks[c].size; room < 0 {
				return fmt.Errorf("row group %d, column %d: the columns so far claim more bytes than the file has", g+1, c+1)
			}
		}
	}
	if rows != f.rows {
		return fmt.Errorf("its row groups have %d rows, and it claims %d", rows, f.rows)
	}
	return nil
}

// locate finds where the chunk begins: at its dictionary when it has one. Some writers state a
// dictionary's place although there is none, then it does not lie before the data.
func (c *chunk) locate(end int64) error {
	if c.elsewhere {
		return errors.New("its pages are in another file")
	}
	c.start = c.dataPage
	if c.dictionaryPage > 0 && c.dictionaryPage < c.start {
		c.start = c.dictionaryPage
	}
	if c.start < int64(len(magic)) || c.start > end || c.size < 0 || c.size > end-c.start {
		return fmt.Errorf("its pages should be %d bytes from byte %d, and those of the file end at byte %d", c.size, c.start, end)
	}
	return nil
}
