package csv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"bulkload/formats"
)

// WriterOptions are the choices a writer leaves open. The zero value writes commas, without a mark.
type WriterOptions struct {
	Delimiter     byte // 0: a comma
	ByteOrderMark bool // begin with the mark by which Excel recognises UTF-8
}

// bufferSize is how much a writer gathers before it writes, in bytes.
const bufferSize = 64 << 10

// A Writer writes delimited text as RFC 4180 has it, with LF at the end of rows. A cell that a
// spreadsheet would run as a formula gets an apostrophe in front, which Reader takes away again.
type Writer struct {
	out        io.Writer
	delimiter  byte
	delimiters uint64 // eight of them
	columns    int
	quoted     [256]bool // the bytes that a cell is quoted for
	careful    [256]bool // the bytes that a cell may be written otherwise for when it begins with them
	buffer     []byte
	err        error
}

// NewWriter writes the header.
func NewWriter(w io.Writer, columns []formats.Column, o WriterOptions) (*Writer, error) {
	if o.Delimiter == 0 {
		o.Delimiter = ','
	}
	if !validDelimiter(o.Delimiter) {
		return nil, fmt.Errorf("%q cannot be a delimiter", o.Delimiter)
	}
	c := &Writer{out: w, delimiter: o.Delimiter, delimiters: lowBits * uint64(o.Delimiter), columns: len(columns), buffer: make([]byte, 0, 2*bufferSize)}
	// All delimiters are quoted for, so that no reader finds another one than was meant.
	for _, special := range append([]byte("\"\r\n,;\t|"), o.Delimiter) {
		c.quoted[special] = true
	}
	for _, special := range []byte(" '=@+-") {
		c.careful[special] = true
	}
	if o.ByteOrderMark {
		c.buffer = append(c.buffer, "\ufeff"...)
	}
	names := make([][]byte, len(columns))
	for i, column := range columns {
		names[i] = []byte(column.Name)
	}
	return c, c.Write(names)
}

// Write adds a row. More cells than columns are an error.
func (c *Writer) Write(row [][]byte) error {
	if c.err == nil && len(row) > c.columns {
		c.err = fmt.Errorf("a row of %d cells for %d columns", len(row), c.columns)
	}
	if c.err != nil {
		return c.err
	}
	buffer := c.buffer
	for i, cell := range row {
		if i > 0 {
			buffer = append(buffer, c.delimiter)
		}
		if len(cell) > 0 {
			buffer = c.appendCell(buffer, cell)
		}
		if len(buffer) >= bufferSize {
			buffer = c.flush(buffer)
		}
	}
	for i := max(1, len(row)); i < c.columns; i++ {
		buffer = append(buffer, c.delimiter)
	}
	c.buffer = append(buffer, '\n')
	return c.err
}

// Close writes what is gathered.
func (c *Writer) Close() error {
	if c.err == nil {
		c.buffer = c.flush(c.buffer)
	}
	return c.err
}

// flush writes what is gathered, unless that has failed before, and returns the empty buffer.
func (c *Writer) flush(buffer []byte) []byte {
	if c.err == nil {
		_, c.err = c.out.Write(buffer)
	}
	return buffer[:0]
}

// appendCell adds a cell that has text.
func (c *Writer) appendCell(buffer, cell []byte) []byte {
	if c.asItIs(cell) {
		return append(buffer, cell...)
	}
	return c.appendCarefully(buffer, cell)
}

// asItIs reports whether a cell needs neither quotes nor an apostrophe. It looks at eight bytes at
// once where there are as many, and says no when in doubt (BenchmarkWrite).
func (c *Writer) asItIs(cell []byte) bool {
	first, n := cell[0], len(cell)
	if c.careful[first] || cell[n-1] == ' ' || n == 5 && first|0x20 == 's' {
		return false
	}
	if n < 8 {
		for _, b := range cell {
			if c.quoted[b] {
				return false
			}
		}
		return true
	}
	for i := 0; i < n-8; i += 8 {
		if !c.plain(binary.LittleEndian.Uint64(cell[i:])) {
			return false
		}
	}
	return c.plain(binary.LittleEndian.Uint64(cell[n-8:]))
}

// plain reports whether none of eight bytes is quoted for or a control character.
func (c *Writer) plain(word uint64) bool {
	const low, high = ^uint64(highBits), highBits
	rest := word & low
	// The high bit of a byte is set when it is another one than each of these.
	others := (rest ^ lowBits*'"' + low) & (rest ^ lowBits*',' + low) & (rest ^ lowBits*';' + low) & (rest ^ lowBits*'|' + low)
	return (others&(rest^c.delimiters+low)&(rest+lowBits*0x60)|word)&high == high
}

// appendCarefully adds a cell after a close look at it.
func (c *Writer) appendCarefully(buffer, cell []byte) []byte {
	formula := runsAsFormula(cell)
	if !c.needsQuotes(cell) {
		if formula {
			buffer = append(buffer, '\'')
		}
		return append(buffer, cell...)
	}
	buffer = append(buffer, '"')
	if formula {
		buffer = append(buffer, '\'')
	}
	for {
		i := bytes.IndexByte(cell, '"')
		if i < 0 {
			break
		}
		buffer = append(append(buffer, cell[:i+1]...), '"')
		cell = cell[i+1:]
	}
	return append(append(buffer, cell...), '"')
}

// needsQuotes holds also for outer blanks, which some readers take away, and for text that would
// make a separator line of the header.
func (c *Writer) needsQuotes(cell []byte) bool {
	if cell[0] == ' ' || cell[len(cell)-1] == ' ' || len(cell) == 5 && bytes.EqualFold(cell[:4], []byte("sep=")) {
		return true
	}
	for _, b := range cell {
		if c.quoted[b] {
			return true
		}
	}
	return false
}

// runsAsFormula reports whether a spreadsheet would take the cell for a formula, or Reader for an
// escaped one. A plain decimal number is neither.
func runsAsFormula(cell []byte) bool {
	switch cell[0] {
	case '\'':
		return escapedFormula(cell)
	case '=', '@', '\t', '\r':
		return true
	case '+', '-':
		return !plainDecimal(cell[1:])
	}
	return false
}

// plainDecimal recognises digits with at most one point between them.
func plainDecimal(text []byte) bool {
	point := false
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
		case c == '.' && !point && i > 0 && i+1 < len(text):
			point = true
		default:
			return false
		}
	}
	return len(text) > 0
}
