package csv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"

	"bulkload/formats"
)

// Bounds of a feed. A row beyond the first two is refused; a block that reaches one of the last
// two ends early, which bounds its memory whatever its rows look like.
const (
	maxRow        = 16 << 20
	maxRowCells   = 1 << 14
	maxBlockRows  = 1 << 16
	maxBlockCells = 1 << 18
)

// padding is how many bytes past its text a block's buffer must have, so that words of eight
// bytes can be loaded at any place of the text and one after it.
const padding = 16

// doubled marks, until its row is whole, a cell in which quotes are still doubled. Before that
// the text must stay as it is, since an unfinished row is scanned again.
const doubled formats.Kind = 0xff

const (
	lowBits  = 0x0101010101010101
	highBits = 0x8080808080808080
)

// lineEnd is how a row ends.
type lineEnd uint8

const (
	noEnd lineEnd = iota
	lf
	crlf
	cr
)

// A scanner finds rows and cells. It keeps the position of the next row from call to call.
type scanner struct {
	delimiter byte
	maxRow    int   // bytes a row may have
	row       int64 // number of rows before
	line      int64 // number of line ends before
	offset    int64 // bytes before
	blank     int64

	ends     lineEnd       // of the first row
	mixed    formats.Place // of the first row that ends otherwise
	unended  formats.Place // of the last row, when it has no line end
	quotedAt int64         // the line of the quote that an unfinished row has open, or 0
}

// scan adds the whole rows of the block's text to its cells and marks, and returns how much of the
// text they take. What follows is the beginning of a row, unless atEnd says that the text ends
// there. The text of cells with doubled quotes is changed. A block's buffer must be padded.
//
// It looks at eight bytes at a time for the three bytes that end a cell outside quotes; see
// BenchmarkRead for what that is worth.
func (s *scanner) scan(b *formats.Block, atEnd bool) (used int, err error) {
	n := len(b.Text)
	text := b.Text[: n+padding : n+padding]
	clear(text[n:])
	cells, marks := b.Cells, b.Marks
	delimiter := s.delimiter
	delimiters := lowBits * uint64(delimiter)
	s.quotedAt = 0

	base, found := 0, specials(text, 0, delimiters)
	for begin := 0; begin < n; {
		if len(marks) >= maxBlockRows || len(cells) >= maxBlockCells {
			return s.stop(b, cells, marks, begin, nil)
		}
		first := len(cells)
		innerLines, unescape := int64(0), false
		var next int // where the next row begins
		var ends lineEnd
		for start := begin; next == 0; {
			cell := formats.Cell{Start: uint32(start)}
			var end int // of the cell with its quotes
			if c := text[start]; c == '"' {
				close, twice, lines := quotedEnd(text, start+1, n)
				if close < 0 {
					s.quotedAt = s.line + innerLines + 1
					if atEnd {
						err = s.fault(s.quotedAt, unclosed)
					}
					return s.stop(b, cells[:first], marks, begin, err)
				}
				if close+1 == n && !atEnd { // another quote may follow
					return s.stop(b, cells[:first], marks, begin, nil)
				}
				cell.Start, cell.End = uint32(start+1), uint32(close)
				if twice {
					cell.Kind, unescape = doubled, true
				}
				innerLines += lines
				end = close + 1
				if c := text[end]; end < n && c != delimiter && c != '\n' && c != '\r' {
					err = s.fault(s.line+innerLines+1, fmt.Sprintf(
						"text after the closing quote of cell %s", formats.ColumnLetters(len(cells)-first)))
					return s.stop(b, cells[:first], marks, begin, err)
				}
				base = end + 1
				found = specials(text, base, delimiters)
			} else {
				for {
					for found == 0 && base < n {
						base += 8
						found = specials(text, min(base, n), delimiters)
					}
					if base >= n {
						end = n
						break
					}
					end = base + bits.TrailingZeros64(found)>>3
					found &= found - 1
					// The word test may also find the byte after a special one.
					if c := text[end]; c == delimiter || c == '\n' || c == '\r' {
						break
					}
				}
				cell.End = uint32(end)
			}
			if text[cell.Start] == '\'' && escapedFormula(text[cell.Start:cell.End]) {
				cell.Start++
			}
			cells = append(cells, cell)
			switch {
			case end >= n:
				if !atEnd {
					return s.stop(b, cells[:first], marks, begin, nil)
				}
				next, ends = n, noEnd
			case text[end] == delimiter:
				if len(cells)-first >= maxRowCells {
					err = s.fault(s.line+1, fmt.Sprintf("the row has more than %d cells", maxRowCells))
					return s.stop(b, cells[:first], marks, begin, err)
				}
				start = end + 1
			case text[end] == '\n':
				next, ends = end+1, lf
			case end+1 == n && !atEnd: // a line feed may follow
				return s.stop(b, cells[:first], marks, begin, nil)
			case text[end+1] == '\n':
				next, ends = end+2, crlf
				base = next
				found = specials(text, base, delimiters)
			default:
				next, ends = end+1, cr
			}
		}
		if next-begin > s.maxRow {
			return s.stop(b, cells[:first], marks, begin, s.fault(s.line+1, tooLong))
		}
		place := formats.Place{Row: s.row + 1, Line: s.line + 1, Offset: s.offset + int64(begin)}
		if blankRow(text, cells[first:]) {
			cells = cells[:first]
			s.blank++
		} else {
			s.noteEnd(ends, place)
			if unescape {
				undouble(text, cells[first:])
			}
			marks = append(marks, formats.RowMark{First: uint32(first), Row: place.Row, Line: place.Line, Offset: place.Offset})
		}
		s.row++
		s.line += innerLines + 1
		begin = next
	}
	return s.stop(b, cells, marks, n, nil)
}

// stop stores what scan has found, so that scan itself can keep it in registers.
func (s *scanner) stop(b *formats.Block, cells []formats.Cell, marks []formats.RowMark, used int, err error) (int, error) {
	b.Cells, b.Marks = cells, marks
	s.offset += int64(used)
	return used, err
}

// specials returns a word whose high bits tell which of the eight bytes at i are the delimiter or
// part of a line end. The byte after such a one may be marked too, when it differs in the last bit.
func specials(text []byte, i int, delimiters uint64) uint64 {
	word := binary.LittleEndian.Uint64(text[i:])
	a, b, c := word^delimiters, word^(lowBits*'\n'), word^(lowBits*'\r')
	return ((a-lowBits)&^a | (b-lowBits)&^b | (c-lowBits)&^c) & highBits
}

// quotedEnd returns where the quote stands that ends the cell whose text begins at i, -1 when there
// is none before n, whether quotes before it are doubled, and how many lines end before it.
func quotedEnd(text []byte, i, n int) (at int, twice bool, lines int64) {
	for i < n {
		found := specials(text, i, lowBits*'"')
		next := i + 8
		for ; found != 0; found &= found - 1 {
			j := i + bits.TrailingZeros64(found)>>3
			if c := text[j]; c == '\n' || c == '\r' && text[j+1] != '\n' {
				lines++
			} else if c == '"' && text[j+1] != '"' {
				return j, twice, lines
			} else if c == '"' {
				twice, next = true, j+2
				break
			}
		}
		i = next
	}
	return -1, twice, lines
}

// escapedFormula reports whether a cell carries the apostrophe that keeps spreadsheets from
// running it as a formula.
func escapedFormula(cell []byte) bool {
	for i := 1; i < len(cell); i++ {
		switch cell[i] {
		case '\'':
		case '=', '+', '-', '@', '\t', '\r':
			return true
		default:
			return false
		}
	}
	return false
}

func blankRow(text []byte, cells []formats.Cell) bool {
	for _, cell := range cells {
		for _, c := range text[cell.Start:cell.End] {
			if c != ' ' && c != '\t' {
				return false
			}
		}
	}
	return true
}

// undouble takes one of each two quotes away in the cells that have doubled ones.
func undouble(text []byte, cells []formats.Cell) {
	for i := range cells {
		if cells[i].Kind != doubled {
			continue
		}
		cell := text[cells[i].Start:cells[i].End]
		kept := 0
		for rest := cell; len(rest) > 0; {
			j := bytes.IndexByte(rest, '"')
			if j < 0 {
				kept += copy(cell[kept:], rest)
				break
			}
			kept += copy(cell[kept:], rest[:j+1])
			rest = rest[j+2:]
		}
		cells[i].End = cells[i].Start + uint32(kept)
		cells[i].Kind = formats.Value
	}
}

func (s *scanner) noteEnd(ends lineEnd, place formats.Place) {
	switch {
	case ends == noEnd:
		s.unended = place
	case s.ends == noEnd:
		s.ends = ends
	case ends != s.ends && s.mixed.Row == 0:
		s.mixed = place
	}
}

const (
	tooLong  = "the row is longer than 16 MiB"
	unclosed = "a quote is opened here and never closed"
)

func (s *scanner) fault(line int64, reason string) error {
	return &formats.SyntaxError{Place: formats.Place{Row: s.row + 1, Line: line}, Reason: reason}
}
