// Package formats is the contract between feeds and the rest of the program: rows travel in
// blocks, and every row knows where it stood in its file.
//
// The packages below it read and write one format each; formats/feed opens a file by its bytes.
package formats

import (
	"context"
	"fmt"
	"strings"
)

// A Reader yields the rows of a feed, in order, in blocks. It is used by one goroutine.
type Reader interface {
	// Header names the columns as far as they are known: all of them, but for NDJSON, where later
	// blocks may add some at the end. It is never nil.
	Header() *Header
	// Next returns the next block, which belongs to the caller until it calls Release.
	// After the last block it returns io.EOF, and only then is the feed known to be whole.
	// A damaged feed gives a *SyntaxError.
	Next(ctx context.Context) (*Block, error)
	// Tally says what the reader has met so far.
	Tally() Tally
	// Close releases what the reader holds. It is safe to call before the end.
	Close() error
}

// Tally counts what a reader has met.
type Tally struct {
	Rows    int64    // given out in blocks
	Blank   int64    // rows without any text but blanks, which are counted in places but not given out
	Remarks []Remark // what was odd but not wrong, at most a few hundred
}

// A Remark tells of something in a feed that a careful person would want to know.
type Remark struct {
	Place Place
	Text  string
}

// Options say how to read a feed where its bytes do not tell. The zero value asks the bytes.
type Options struct {
	Sheet     string // of a workbook, by name; empty: see Prefer
	Prefer    string // sheet to take when Sheet is empty and the workbook has one of that name
	HeaderRow int64  // the row, as a spreadsheet counts, that names the columns; 0: the first row with text
	NoHeader  bool   // the feed has no header: columns are named A, B, C, …
	// FillMerged gives the value of merged cells, which a workbook keeps in the first of them, to the
	// rows below it too: to the cells of the range's first column, in rows that have other text.
	FillMerged bool
	Encoding   string // of a text feed, by its IANA name; empty: found from the bytes
	Delimiter  byte   // of a CSV feed; 0: found from the bytes
}

// A Writer takes the rows of a file, in order. Cells are UTF-8 text.
type Writer interface {
	// Write adds a row. Missing cells at its end are empty; the cells are not kept.
	Write(row [][]byte) error
	// Close writes what the format needs at its end. It does not close the file below.
	Close() error
}

// A Column is one column of a file to be written.
type Column struct {
	Name  string
	Type  Type
	Width int // in characters, for formats that show columns; 0: by its name
	// ReadOnly is shown by formats that show columns, so that nobody edits what is not read again.
	ReadOnly bool
}

// Type tells writers of typed formats how to store a column.
type Type uint8

// The types a writer knows. A Number cell that does not parse as a decimal number is written as text.
const (
	Text Type = iota
	Number
)

// Place is where a row stands in its feed. Numbers start at 1; zero means unknown or not applicable.
type Place struct {
	Sheet  string // of a workbook
	Row    int64  // as a spreadsheet counts: the header and blank rows included. Parquet: the data row
	Line   int64  // of a text file: the line on which the row starts
	Offset int64  // of a text file: the byte, decompressed and decoded, at which the row starts (from 0)
}

// String writes the place as it stands in messages: "Products!12", "line 12", "row 12".
func (p Place) String() string {
	switch {
	case p.Sheet != "" && p.Row > 0:
		return fmt.Sprintf("%s!%d", p.Sheet, p.Row)
	case p.Sheet != "":
		return p.Sheet
	case p.Line > 0:
		return fmt.Sprintf("line %d", p.Line)
	case p.Row > 0:
		return fmt.Sprintf("row %d", p.Row)
	default:
		return ""
	}
}

// ColumnLetters names a column as spreadsheets do: 0 is A, 25 is Z, 26 is AA.
func ColumnLetters(index int) string {
	var letters []byte
	for n := index + 1; n > 0; n = (n - 1) / 26 {
		letters = append([]byte{byte('A' + (n-1)%26)}, letters...)
	}
	return string(letters)
}

// SyntaxError says that a feed is damaged, is not what it claims to be, or is over a limit.
// Nothing read from such a feed may be used.
type SyntaxError struct {
	File   string // as the user named it; filled in by formats/feed
	Place  Place
	Reason string // what is wrong
	Advice string // what the user can do, when there is something
	Err    error  // cause, or nil
}

// Error tells place, reason and advice: "feed.csv: line 42: a quote is never closed".
func (e *SyntaxError) Error() string {
	var parts []string
	for _, part := range []string{e.File, e.Place.String(), e.Reason} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	text := strings.Join(parts, ": ")
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Advice != "" {
		text += " (" + e.Advice + ")"
	}
	return text
}

// Unwrap returns the cause.
func (e *SyntaxError) Unwrap() error { return e.Err }
