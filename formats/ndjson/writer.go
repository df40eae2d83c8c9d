package ndjson

import (
	"fmt"
	"io"
	"unicode/utf8"

	"bulkload/formats"
)

// bufferSize is how much a writer gathers before it writes, in bytes.
const bufferSize = 64 << 10

// A Writer writes an object a line. Cells are strings, those of Number columns numbers when they
// are written as JSON writes numbers. Empty cells are left out.
type Writer struct {
	out     io.Writer
	keys    [][]byte // with quotes and colon
	numbers []bool
	buffer  []byte
	err     error
}

// NewWriter makes a writer. Two columns of one name are an error, since an object cannot hold both.
func NewWriter(w io.Writer, columns []formats.Column) (*Writer, error) {
	n := &Writer{out: w, buffer: make([]byte, 0, 2*bufferSize)}
	seen := make(map[string]bool, len(columns))
	for _, column := range columns {
		if seen[column.Name] {
			return nil, fmt.Errorf("column %q occurs twice, which NDJSON cannot hold", column.Name)
		}
		if !utf8.ValidString(column.Name) {
			return nil, fmt.Errorf("column %q is not UTF-8", column.Name)
		}
		seen[column.Name] = true
		n.keys = append(n.keys, append(appendString(nil, []byte(column.Name)), ':'))
		n.numbers = append(n.numbers, column.Type == formats.Number)
	}
	return n, nil
}

// Write adds an object. More cells than columns, and a cell that is not UTF-8, are errors.
func (n *Writer) Write(row [][]byte) error {
	if n.err == nil && len(row) > len(n.keys) {
		n.err = fmt.Errorf("a row of %d cells for %d columns", len(row), len(n.keys))
	}
	if n.err != nil {
		return n.err
	}
	n.buffer = append(n.buffer, '{')
	empty := true
	for i, cell := range row {
		if len(cell) == 0 {
			continue
		}
		if !utf8.Valid(cell) {
			n.err = fmt.Errorf("the value of %s is not UTF-8", n.keys[i][:len(n.keys[i])-1])
			return n.err
		}
		if !empty {
			n.buffer = append(n.buffer, ',')
		}
		empty = false
		n.buffer = append(n.buffer, n.keys[i]...)
		if n.numbers[i] && isNumber(cell) {
			n.buffer = append(n.buffer, cell...)
		} else {
			n.buffer = appendString(n.buffer, cell)
		}
		if len(n.buffer) >= bufferSize {
			n.flush()
		}
	}
	n.buffer = append(n.buffer, '}', '\n')
	return n.err
}

// Close writes what is gathered.
func (n *Writer) Close() error {
	if n.err == nil {
		n.flush()
	}
	return n.err
}

func (n *Writer) flush() {
	if n.err == nil {
		_, n.err = n.out.Write(n.buffer)
	}
	n.buffer = n.buffer[:0]
}

// isNumber reports whether the cell is a number by JSON's grammar.
func isNumber(cell []byte) bool {
	end, whole := numeralEnd(cell, 0)
	return whole && end == len(cell)
}

func appendString(out, text []byte) []byte {
	const digits = "0123456789abcdef"
	out = append(out, '"')
	for len(text) > 0 {
		plain := plainEnd(text, 0)
		out = append(out, text[:plain]...)
		if plain == len(text) {
			break
		}
		switch c := text[plain]; c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '\r':
			out = append(out, '\\', 'r')
		case '\t':
			out = append(out, '\\', 't')
		default:
			out = append(out, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
		text = text[plain+1:]
	}
	return append(out, '"')
}
