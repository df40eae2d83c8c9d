package csv

import (
	"bytes"
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
	out       io.Writer
	delimiter byte
	columns   int
	quoted    [256]bool // the bytes that a cell is quoted for
	buffer    []byte
	err       error
}

// NewWriter writes the header.
func NewWriter(w io.Writer, columns []formats.Column, o WriterOptions) (*Writer, error) {
	if o.Delimiter == 0 {
		o.Delimiter = ','
	}
	if !validDelimiter(o.Delimiter) {
		return nil, fmt.Errorf("%q cannot be a delimiter", o.Delimiter)
	}
	c := &Writer{out: w, delimiter: o.Delimiter, columns: len(columns), buffer: make([]byte, 0, 2*bufferSize)}
	// All delimiters are quoted for, so that no reader finds another one than was meant.
	for _, special := range append([]byte("\"\r\n,;\t|"), o.Delimiter) {
		c.quoted[special] = true
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
	for i, cell := range row {
		if i > 0 {
			c.buffer = append(c.buffer, c.delimiter)
		}
		c.cell(cell)
		if len(c.buffer) >= bufferSize {
			c.flush()
		}
	}
	for i := max(1, len(row)); i < c.columns; i++ {
		c.buffer = append(c.buffer, c.delimiter)
	}
	c.buffer = append(c.buffer, '\n')
	return c.err
}

// Close writes what is gathered.
func (c *Writer) Close() error {
	if c.err == nil {
		c.flush()
	}
	return c.err
}

func (c *Writer) flush() {
	if c.err == nil {
		_, c.err = c.out.Write(c.buffer)
	}
	c.buffer = c.buffer[:0]
}

func (c *Writer) cell(cell []byte) {
	if len(cell) == 0 {
		return
	}
	formula := runsAsFormula(cell)
	if !c.needsQuotes(cell) {
		if formula {
			c.buffer = append(c.buffer, '\'')
		}
		c.buffer = append(c.buffer, cell...)
		return
	}
	c.buffer = append(c.buffer, '"')
	if formula {
		c.buffer = append(c.buffer, '\'')
	}
	for {
		i := bytes.IndexByte(cell, '"')
		if i < 0 {
			break
		}
		c.buffer = append(append(c.buffer, cell[:i+1]...), '"')
		cell = cell[i+1:]
	}
	c.buffer = append(append(c.buffer, cell...), '"')
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
