package csv

import (
	"math"
	"math/bits"
	"slices"

	"bulkload/formats"
)

// stride is how many bytes of text become one word of marks, a bit a byte, and batch how many strides
// are looked at together: their text stays in the cache that is nearest to the processor.
const (
	stride = 64
	batch  = 64
)

// A tape holds what a scan knows of the text so far, in the order of the text.
type tape struct {
	quotes   [batch]uint64 // marks of quotes
	specials [batch]uint64 // marks of the delimiter, LF and CR; then, of these, the ends of cells
	ends     []uint32      // those ends as offsets
	breaks   []uint32      // line ends within quotes
	twice    []uint32      // second quotes of doubled ones

	within     uint64 // all bits set when what was read ends within quotes
	afterEnd   uint64 // lowest bit: the last byte read ends a cell
	afterClose uint64 // lowest bit: the last byte read closes quotes
}

// begin empties the tape for a text, before whose beginning a cell ends.
func (t *tape) begin() {
	t.breaks, t.twice = t.breaks[:0], t.twice[:0]
	t.within, t.afterEnd, t.afterClose = 0, 1, 0
}

// read leaves in the specials of a batch that begins at base those outside quotes, which end cells. It
// reports false when the text has quotes otherwise than as a cell's first and last byte or doubled
// between these.
//
// Whether a byte is within quotes is whether the number of quotes up to it is odd, which is found
// for a stride at once; BenchmarkRead tells what that is worth.
func (t *tape) read(text []byte, base, strides int) bool {
	within, afterEnd, afterClose := t.within, t.afterEnd, t.afterClose
	for i := range strides {
		quotes, specials := t.quotes[i], t.specials[i]
		if quotes|within|afterClose == 0 {
			afterEnd = specials >> 63
			continue
		}
		quoted := parity(quotes) ^ within
		opening, closing := quotes&quoted, quotes&^quoted
		inner, outer := specials&quoted, specials&^quoted
		follow := closing<<1 | afterClose
		if opening&^(outer<<1|afterEnd|follow)|follow&^(outer|opening) != 0 {
			return false
		}
		within, afterEnd, afterClose = uint64(int64(quoted)>>63), outer>>63, closing>>63
		for second := opening & follow; second != 0; second &= second - 1 {
			t.twice = append(t.twice, uint32(base+i*stride+bits.TrailingZeros64(second)))
		}
		for ; inner != 0; inner &= inner - 1 {
			at := base + i*stride + bits.TrailingZeros64(inner)
			if c := text[at]; c == '\n' || c == '\r' && text[at+1] != '\n' {
				t.breaks = append(t.breaks, uint32(at))
			}
		}
		t.specials[i] = outer
	}
	t.within, t.afterEnd, t.afterClose = within, afterEnd, afterClose
	return true
}

// offsets turns the ends of cells in so many strides from base on into offsets.
func (t *tape) offsets(strides, base int) []uint32 {
	ends, n := slices.Grow(t.ends[:0], strides*stride), 0
	ends = ends[:cap(ends)]
	for _, marks := range t.specials[:strides] {
		for ; marks != 0; marks &= marks - 1 {
			ends[n] = uint32(base + bits.TrailingZeros64(marks))
			n++
		}
		base += stride
	}
	t.ends = ends
	return ends[:n]
}

// parity returns for each bit whether the number of bits set up to it, itself included, is odd.
func parity(word uint64) uint64 {
	word ^= word << 1
	word ^= word << 2
	word ^= word << 4
	word ^= word << 8
	word ^= word << 16
	word ^= word << 32
	return word
}

// fast is plain for the text that a tape understands, which is nearly all there is. It reports
// false when plain must look at the text.
func (r rules) fast(b *formats.Block, n int, atEnd bool, t *tape) (s scan, understood bool) {
	empty(b, n)
	text := b.Text
	t.begin()
	c := cutting{rules: r, scan: &s, block: b, tape: t, end: n, atEnd: atEnd}
	last := n / stride // the stride in which the text ends; the end counts as the end of a cell
	for first := 0; first <= last; first += batch {
		strides := min(batch, last+1-first)
		base := first * stride
		mark(text[base:base+strides*stride], r.delimiter, t.quotes[:strides], t.specials[:strides])
		if first+strides > last {
			end := uint64(1) << (n % stride)
			t.quotes[strides-1] &= end - 1
			t.specials[strides-1] = t.specials[strides-1]&(end-1) | end
		}
		if !t.read(text, base, strides) || !c.cut(t.offsets(strides, base)) {
			return s, false
		}
	}
	if t.within != 0 {
		return s, false
	}
	b.Cells = b.Cells[:c.cells]
	s.used = n
	return s, true
}

// cutting adds the cells and rows of a text to its block, and what was found in it to its scan.
type cutting struct {
	rules
	scan  *scan
	block *formats.Block
	tape  *tape
	end   int // of the text
	atEnd bool

	cells int // so many there are
	start int // where the next one begins
	first int // the row's first cell
	begin int // where the row begins

	breaks, twice int // of the tape, those that are dealt with
}

// cut cuts cells at their ends. It reports false when a row is not whole or over a limit.
func (c *cutting) cut(ends []uint32) bool {
	b := c.block
	b.Cells = slices.Grow(b.Cells[:c.cells], len(ends))
	for len(ends) > 0 {
		cells := b.Cells[c.cells : c.cells+len(ends)]
		taken := cut(cells, ends, b.Text, uint32(c.start), c.delimiter, c.nextTwice())
		b.Cells = b.Cells[:c.cells+taken]
		if !c.odd(int(ends[taken-1])) {
			return false
		}
		ends = ends[taken:]
	}
	return true
}

// cut cuts cells at their ends and takes their quotes away, up to the first one that ends a row or
// needs more than that: one that holds a doubled quote, the next of which is at twice, or begins with
// an apostrophe. It returns how many these are. It does nothing else, and stands alone, so that all it
// needs stays in registers (BenchmarkRead).
//
//go:noinline
func cut(cells []formats.Cell, ends []uint32, text []byte, start uint32, delimiter byte, twice uint32) int {
	cells = cells[:len(ends)]
	for i, at := range ends {
		quotes := uint32(0)
		if text[start] == '"' {
			quotes = 1
		}
		start += quotes
		cells[i] = formats.Cell{Start: start, End: at - quotes}
		if text[start] == '\'' || text[at] != delimiter || at > twice {
			return i + 1
		}
		start = at + 1
	}
	return len(ends)
}

// odd does what cut leaves to do for the block's last cell, whose end is at that place. It reports
// false when the row ends there and is not whole or over a limit.
func (c *cutting) odd(at int) bool {
	b := c.block
	cell := &b.Cells[len(b.Cells)-1]
	c.cells, c.start = len(b.Cells), at+1
	if int(cell.Start) > at || at == c.end && c.begin == at { // the LF of CRLF; nothing after the last row
		c.cells--
		return true
	}
	cell.Start = pastEscape(b.Text, cell.Start, cell.End)
	if c.nextTwice() < cell.End {
		cell.Start, cell.End = undoubled(b, cell.Start, cell.End)
		for c.nextTwice() < uint32(at) {
			c.twice++
		}
	}
	if at < c.end && b.Text[at] == c.delimiter {
		return true
	}
	return c.endRow(at)
}

// nextTwice returns where the second quote of the next doubled one is that no cell has taken yet.
func (c *cutting) nextTwice() uint32 {
	if c.twice < len(c.tape.twice) {
		return c.tape.twice[c.twice]
	}
	return math.MaxUint32
}

// endRow ends the row with the byte at that place.
func (c *cutting) endRow(at int) bool {
	s, b, text := c.scan, c.block, c.block.Text
	next, ends := at+1, lf
	switch {
	case at == c.end:
		next, ends = at, noEnd
	case text[at] == '\n':
	case text[at+1] == '\n':
		next, ends = at+2, crlf
	default:
		ends = cr
	}
	more := next == c.end && (ends == noEnd || ends == cr) && !c.atEnd // of the row, or the LF of its CRLF
	if more || c.cells-c.first > maxRowCells || next-c.begin > c.maxRow {
		return false
	}
	if formats.Blank(text, b.Cells[c.first:]) {
		c.cells = c.first
		s.blank++
	} else {
		place := formats.Place{Row: s.rows + 1, Line: s.lines + 1, Offset: int64(c.begin)}
		s.noteEnd(ends, place)
		b.Marks = append(b.Marks, formats.RowMark{First: uint32(c.first), Row: place.Row, Line: place.Line, Offset: place.Offset})
	}
	for breaks := c.tape.breaks; c.breaks < len(breaks) && int(breaks[c.breaks]) < at; c.breaks++ {
		s.lines++
	}
	s.lines++
	s.rows++
	c.first, c.begin, c.start = c.cells, next, next
	return true
}

// pastEscape returns where a cell begins without the apostrophe of an escaped formula.
func pastEscape(text []byte, from, to uint32) uint32 {
	if text[from] == '\'' && escapedFormula(text[from:to]) {
		return from + 1
	}
	return from
}
