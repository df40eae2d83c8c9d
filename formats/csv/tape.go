package csv

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"bulkload/formats"
)

// stride is how many bytes of text become one word of bits, a bit a byte.
const stride = 64

// A tape holds the offsets that matter in a piece of text, each list in order.
type tape struct {
	ends   []uint32 // of cells: the delimiters, LFs and CRs outside quotes
	breaks []uint32 // line ends within quotes
	twice  []uint32 // second quotes of doubled ones
}

// write finds the offsets in text[:n]. It reports false when the text has quotes otherwise than a
// cell's first and last byte or doubled between these, which it does not understand, or ends
// within quotes. The text must be padded by a stride.
//
// Whether a byte is within quotes is whether the number of quotes up to it is odd, which is found
// for a stride at once; BenchmarkRead tells what that is worth.
func (t *tape) write(text []byte, n int, delimiter byte) bool {
	t.breaks, t.twice = t.breaks[:0], t.twice[:0]
	ends := t.ends[:0]
	p := patternsOf(delimiter)
	within := uint64(0)     // all bits set when the stride before ends within quotes
	afterEnd := uint64(1)   // lowest bit: the byte before this stride ends a cell
	afterClose := uint64(0) // lowest bit: the byte before this stride closes quotes
	for base := 0; base < n; base += stride {
		quotes, specials := p.marked((*[stride]byte)(text[base:]))
		past := uint64(0) // the end of the text and what follows
		if n-base < stride {
			past = ^uint64(0) << (n - base)
			quotes, specials = quotes&^past, specials&^past
		}
		inner := specials & within
		outer := specials &^ within
		if quotes|afterClose != 0 {
			quoted := parity(quotes) ^ within
			within = uint64(int64(quoted) >> 63)
			opening, closing := quotes&quoted, quotes&^quoted
			inner, outer = specials&quoted, specials&^quoted
			follow := closing<<1 | afterClose
			if opening&^(outer<<1|afterEnd|follow)|follow&^(outer|opening|past) != 0 {
				return false
			}
			afterClose = closing >> 63
			for second := opening & follow; second != 0; second &= second - 1 {
				t.twice = append(t.twice, uint32(base+bits.TrailingZeros64(second)))
			}
		}
		afterEnd = outer >> 63
		for ; inner != 0; inner &= inner - 1 {
			at := base + bits.TrailingZeros64(inner)
			if c := text[at]; c == '\n' || c == '\r' && text[at+1] != '\n' {
				t.breaks = append(t.breaks, uint32(at))
			}
		}
		ends = appendEnds(ends, outer, base)
	}
	t.ends = ends
	return within == 0
}

// appendEnds adds the ends of cells in the stride at base.
func appendEnds(ends []uint32, outer uint64, base int) []uint32 {
	n := len(ends)
	ends = slices.Grow(ends, stride)[:n+stride]
	for ; outer != 0; outer &= outer - 1 {
		ends[n] = uint32(base + bits.TrailingZeros64(outer))
		n++
	}
	return ends[:n]
}

// patterns are what marked needs. They are variables because the compiler would load constants anew
// for every word.
type patterns struct{ low, high, quote, delimiter, lf, cr, gather uint64 }

func patternsOf(delimiter byte) *patterns {
	return &patterns{
		low: ^uint64(highBits), high: highBits,
		quote: lowBits * '"', delimiter: lowBits * uint64(delimiter), lf: lowBits * '\n', cr: lowBits * '\r',
		gather: 0x0002040810204081, // brings the high bits of eight bytes together in the highest one
	}
}

// marked returns which bytes of the stride are quotes, and which are the delimiter, LF or CR.
func (p *patterns) marked(stretch *[stride]byte) (quotes, specials uint64) {
	low, high, gather := p.low, p.high, p.gather
	quote, delimiter, lf, cr := p.quote, p.delimiter, p.lf, p.cr
	for i := 0; i < stride; i += 8 {
		word := binary.LittleEndian.Uint64(stretch[i : i+8])
		rest := word & low
		// The high bit of a byte is set when it is another one than the one looked for.
		noQuote := rest ^ quote + low | word
		special := (rest^delimiter+low)&(rest^lf+low)&(rest^cr+low) | word
		quotes |= (noQuote & high) * gather >> 56 << (i & 63)
		specials |= (special & high) * gather >> 56 << (i & 63)
	}
	return ^quotes, ^specials
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
	text, delimiter := b.Text, r.delimiter
	if !t.write(text, n, delimiter) || !t.close(text, n, delimiter) && !atEnd {
		return s, false
	}
	b.Cells = slices.Grow(b.Cells, len(t.ends))[:len(t.ends)]
	cells, ends, twice := b.Cells, t.ends, t.twice
	rows := rowEnds{scan: &s, block: b, breaks: t.breaks, end: n, maxRow: r.maxRow}
	count, start := 0, 0
	for len(ends) > 0 {
		taken := cut(cells[count:], ends, text, uint32(start), delimiter)
		count += taken
		cell, at := &cells[count-1], int(ends[taken-1])
		if c := text[cell.Start]; c == '"' || c == '\'' {
			twice = unwrap(b, cell, twice)
		}
		ends, start = ends[taken:], at+1
		if text[at] != delimiter {
			count = rows.add(count, at)
			if start = rows.begin; count < 0 {
				return s, false
			}
			if len(ends) > 0 && int(ends[0]) < start {
				ends = ends[1:] // the LF of CRLF
			}
		}
	}
	b.Cells = cells[:count]
	s.used = n
	return s, true
}

// cut cuts cells at their ends, up to the first one that has quotes or ends a row, and returns how
// many these are. It does nothing else and so keeps all it needs in registers (BenchmarkRead).
func cut(cells []formats.Cell, ends []uint32, text []byte, start uint32, delimiter byte) int {
	cells = cells[:len(ends)]
	for i, at := range ends {
		cell := &cells[i]
		cell.Start, cell.End, cell.Kind = start, at, formats.Value
		if c := text[start]; c == '"' || c == '\'' || text[at] != delimiter {
			return i + 1
		}
		start = at + 1
	}
	return len(ends)
}

// rowEnds adds rows to a block and to what was found in it.
type rowEnds struct {
	scan   *scan
	block  *formats.Block
	breaks []uint32 // line ends within quotes that are not counted yet
	first  int      // the row's first cell
	begin  int      // where the row begins
	end    int      // of the text
	maxRow int
}

// add ends the row with the byte at that place. It returns how many cells there are then, or -1
// when the row is over a limit.
func (e *rowEnds) add(cells, at int) int {
	s, b, text := e.scan, e.block, e.block.Text
	next, ends := at+1, lf
	switch {
	case at == e.end:
		next, ends = at, noEnd
	case text[at] == '\n':
	case text[at+1] == '\n':
		next, ends = at+2, crlf
	default:
		ends = cr
	}
	if cells-e.first > maxRowCells || next-e.begin > e.maxRow {
		return -1
	}
	if blankRow(text, b.Cells[e.first:cells]) {
		cells = e.first
		s.blank++
	} else {
		place := formats.Place{Row: s.rows + 1, Line: s.lines + 1, Offset: int64(e.begin)}
		s.noteEnd(ends, place)
		b.Marks = append(b.Marks, formats.RowMark{First: uint32(e.first), Row: place.Row, Line: place.Line, Offset: place.Offset})
	}
	for ; int64(e.breaks[0]) < int64(at); e.breaks = e.breaks[1:] {
		s.lines++
	}
	s.lines++
	s.rows++
	e.first, e.begin = cells, next
	return cells
}

// unwrap takes away a cell's quotes, of which none stays doubled, and the apostrophe of an escaped
// formula. It returns what of twice comes after the cell's beginning.
func unwrap(b *formats.Block, cell *formats.Cell, twice []uint32) []uint32 {
	if b.Text[cell.Start] == '\'' {
		cell.Start = pastEscape(b.Text, cell.Start, cell.End)
		return twice
	}
	from, to := cell.Start+1, cell.End-1
	for twice[0] < from {
		twice = twice[1:]
	}
	from = pastEscape(b.Text, from, to)
	if twice[0] < to {
		from, to = undoubled(b, from, to)
	}
	cell.Start, cell.End = from, to
	return twice
}

// close ends the tape: with the end of the last row, when it has no line end, and with marks that
// nothing comes after. It reports whether the last row has
// a line end.
func (t *tape) close(text []byte, n int, delimiter byte) bool {
	t.breaks, t.twice = append(t.breaks, math.MaxUint32), append(t.twice, math.MaxUint32)
	if last := len(t.ends) - 1; n == 0 || last >= 0 && int(t.ends[last]) == n-1 && text[n-1] != delimiter {
		return true
	}
	t.ends = append(t.ends, uint32(n))
	return false
}

// pastEscape returns where a cell begins without the apostrophe of an escaped formula.
func pastEscape(text []byte, from, to uint32) uint32 {
	if text[from] == '\'' && escapedFormula(text[from:to]) {
		return from + 1
	}
	return from
}
