package csv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf8"

	"bulkload/formats"
)

// Bounds of a feed. A row beyond the first two is refused; a block that reaches one of the last
// two ends early, which bounds its memory whatever its rows look like.
const (
	maxRow        = 16 << 20
	maxRowCells   = 1 << 14
	maxBlockRows  = 1 << 17
	maxBlockCells = 1 << 18
)

// padding is how many zero bytes follow the text in its block, so that eight bytes can be loaded
// at any place of the text and one after it, and a stride at each of its strides.
const padding = stride + 8

// doubled marks, until its row is whole, a cell in which quotes are still doubled.
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

func (e lineEnd) String() string { return [...]string{"none", "LF", "CRLF", "CR"}[e] }

// rules say how text is cut into rows and cells.
type rules struct {
	delimiter byte
	maxRow    int // bytes a row may have
}

// A scan is what was found in a piece of text besides cells and marks. Rows, lines and bytes are
// counted from its beginning, as are those of the marks.
type scan struct {
	used  int   // bytes of the whole rows
	rows  int64 // blank ones too
	lines int64 // ends of lines
	blank int64

	ends      lineEnd       // of the first row that has text
	begins    formats.Place // of that row
	mixed     formats.Place // of the first row that ends otherwise
	mixedEnds lineEnd       // of that row
	unended   formats.Place // of the last row, when it has no line end
	quotedAt  int64         // the line of the quote that an unfinished row has open, or 0
	openedAt  int64         // the line of the quote that opened the cell at fault, when it is an earlier one
	fault     *formats.SyntaxError
}

// scan adds the rows of the block's first n bytes to its cells and marks, up to the first fault.
// What follows the last whole row is the beginning of one, unless atEnd says that the text ends
// there. Cells with doubled quotes are written anew at the end of the block's text.
func (r rules) scan(b *formats.Block, n int, atEnd bool, t *tape) scan {
	if s, understood := r.fast(b, n, atEnd, t); understood {
		return s
	}
	return r.plain(b, n, atEnd)
}

// empty makes the block ready to be scanned.
func empty(b *formats.Block, n int) {
	b.Text = b.Text[:n+padding]
	clear(b.Text[n:])
	b.Cells, b.Marks = b.Cells[:0], b.Marks[:0]
}

// plain is the judge of what rows, cells and faults are. It looks at eight bytes at a time for the
// three bytes that end a cell outside quotes.
func (r rules) plain(b *formats.Block, n int, atEnd bool) scan {
	var s scan
	empty(b, n)
	text := b.Text
	cells, marks := b.Cells, b.Marks
	delimiter := r.delimiter
	delimiters := lowBits * uint64(delimiter)

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
					s.quotedAt = s.lines + innerLines + 1
					if atEnd {
						return s.stop(b, cells[:first], marks, begin, s.neverClosed(text[start+1:n]))
					}
					return s.stop(b, cells[:first], marks, begin, nil)
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
					if n-end < excerptSize && !atEnd { // there is more to tell of
						return s.stop(b, cells[:first], marks, begin, nil)
					}
					if lines > 0 {
						s.openedAt = s.lines + innerLines - lines + 1
					}
					return s.stop(b, cells[:first], marks, begin, s.afterQuote(s.lines+innerLines+1, len(cells)-first, text[start:n], end-start, delimiter))
				}
				base = end + 1
				found = specials(text, min(base, n), delimiters)
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
					return s.stop(b, cells[:first], marks, begin, s.refuse(s.lines+1, fmt.Sprintf("the row has more than %d cells", maxRowCells)))
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
		if next-begin > r.maxRow {
			return s.stop(b, cells[:first], marks, begin, s.refuse(s.lines+1, tooLong))
		}
		place := formats.Place{Row: s.rows + 1, Line: s.lines + 1, Offset: int64(begin)}
		if formats.Blank(text, cells[first:]) {
			cells = cells[:first]
			s.blank++
		} else {
			s.noteEnd(ends, place)
			if unescape {
				undouble(b, cells[first:])
			}
			marks = append(marks, formats.RowMark{First: uint32(first), Row: place.Row, Line: place.Line, Offset: place.Offset})
		}
		s.rows++
		s.lines += innerLines + 1
		begin = next
	}
	return s.stop(b, cells, marks, n, nil)
}

// stop stores what plain has found, so that plain itself can keep it in registers.
func (s *scan) stop(b *formats.Block, cells []formats.Cell, marks []formats.RowMark, used int, fault *formats.SyntaxError) scan {
	b.Cells, b.Marks = cells, marks
	s.used, s.fault = used, fault
	return *s
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

// undouble writes the cells that have doubled quotes anew, at the end of the block's text. The text
// before stays as it is, since it may have to be scanned again.
func undouble(b *formats.Block, cells []formats.Cell) {
	for i := range cells {
		if cell := cells[i]; cell.Kind == doubled {
			from, to := undoubled(b, cell.Start, cell.End)
			cells[i] = formats.Cell{Start: from, End: to}
		}
	}
}

func undoubled(b *formats.Block, from, to uint32) (start, end uint32) {
	start = uint32(len(b.Text))
	for rest := b.Text[from:to]; ; {
		i := bytes.IndexByte(rest, '"')
		if i < 0 {
			b.Text = append(b.Text, rest...)
			return start, uint32(len(b.Text))
		}
		b.Text = append(b.Text, rest[:i+1]...)
		rest = rest[i+2:]
	}
}

func (s *scan) noteEnd(ends lineEnd, place formats.Place) {
	switch {
	case ends == noEnd:
		s.unended = place
	case s.ends == noEnd:
		s.ends, s.begins = ends, place
	case ends != s.ends && s.mixed.Row == 0:
		s.mixed, s.mixedEnds = place, ends
	}
}

const (
	tooLong  = "the row is longer than 16 MiB"
	unclosed = "a quote is opened here and never closed"
	doubleIt = "a quote that is part of a text is written twice"
)

// neverClosed refuses the quote that stands before the text and is open at its end.
func (s *scan) neverClosed(text []byte) *formats.SyntaxError {
	fault := s.refuse(s.quotedAt, unclosed)
	fault.Advice = doubleIt
	if shown := excerpt(text, 0); shown != "" {
		fault.Advice = fmt.Sprintf("it stands before %q; %s", shown, doubleIt)
	}
	return fault
}

// afterQuote refuses the quoted cell that begins the text, after whose end more text stands.
func (s *scan) afterQuote(line int64, column int, text []byte, end int, delimiter byte) *formats.SyntaxError {
	fault := s.refuse(line, fmt.Sprintf("text after the closing quote of cell %s: %q",
		formats.ColumnLetters(column), excerpt(text[end:], delimiter)))
	fault.Advice = doubleIt
	if text[end-2] == '\\' {
		fault.Advice += ", not with a backslash"
	}
	return fault
}

// excerptSize is how many bytes of a text are looked at for a message.
const excerptSize = 80

// excerpt is the beginning of a text, for a message.
func excerpt(text []byte, delimiter byte) string {
	const characters = excerptSize / utf8.UTFMax
	text = text[:min(len(text), excerptSize)]
	for i, r := range string(text) {
		if i > 0 && r == '"' || r == '\n' || r == '\r' || r == rune(delimiter) || utf8.RuneCount(text[:i]) == characters {
			return string(text[:i])
		}
	}
	return string(text)
}

func (s *scan) refuse(line int64, reason string) *formats.SyntaxError {
	return &formats.SyntaxError{Place: formats.Place{Row: s.rows + 1, Line: line}, Reason: reason}
}
