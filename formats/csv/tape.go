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
	ends   []uint32 // of cells: delimiters, LF and CR outside quotes
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
	ends, count := t.ends[:cap(t.ends)], 0
	delimiters := lowBits * uint64(delimiter)
	within := uint64(0)     // all bits set when the stride before ends within quotes
	afterEnd := uint64(1)   // lowest bit: the byte before this stride ends a cell
	afterClose := uint64(0) // lowest bit: the byte before this stride closes quotes
	for base := 0; base < n; base += stride {
		quotes, specials := marked((*[stride]byte)(text[base:]), delimiters)
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
		if len(ends)-count < stride {
			ends = slices.Grow(ends[:count], len(ends)+stride)
			ends = ends[:cap(ends)]
			t.ends = ends
		}
		for ; outer != 0; outer &= outer - 1 {
			ends[count] = uint32(base + bits.TrailingZeros64(outer))
			count++
		}
	}
	t.ends = ends[:count]
	return within == 0
}

// marked returns which bytes of the stride are quotes, and which are the delimiter, LF or CR.
func marked(stretch *[stride]byte, delimiters uint64) (quotes, specials uint64) {
	const (
		low    = ^uint64(highBits)
		gather = 0x0002040810204081 // brings the high bits of eight bytes together in the highest one
		top    = 0xff << 56
	)
	for i := 0; i < stride; i += 8 {
		word := binary.LittleEndian.Uint64(stretch[i : i+8])
		rest := word & low
		// The high bit of a byte is set when it is another one than the one looked for.
		quote := rest ^ lowBits*'"' + low | word
		special := (rest^delimiters+low)&(rest^lowBits*'\n'+low)&(rest^lowBits*'\r'+low) | word
		quotes = quotes>>8 | (quote&highBits)*gather&top
		specials = specials>>8 | (special&highBits)*gather&top
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
	cells := slices.Grow(b.Cells, len(t.ends))[:len(t.ends)]
	marks, breaks, twice := b.Marks, t.breaks, t.twice
	count, first, begin, start := 0, 0, 0, 0
	for _, end := range t.ends {
		at := int(end)
		if at < start {
			continue // the LF of CRLF
		}
		from, to := uint32(start), end
		switch text[start] {
		case '"':
			from, to = from+1, to-1
			for twice[0] < from {
				twice = twice[1:]
			}
			from = pastEscape(text, from, to)
			if twice[0] < to {
				from, to = undoubled(b, from, to)
			}
		case '\'':
			from = pastEscape(text, from, to)
		}
		cells[count] = formats.Cell{Start: from, End: to}
		count++
		if text[at] == delimiter {
			start = at + 1
			continue
		}
		next, ends := at+1, lf
		switch {
		case at == n:
			next, ends = n, noEnd
		case text[at] == '\n':
		case text[at+1] == '\n':
			next, ends = at+2, crlf
		default:
			ends = cr
		}
		if count-first > maxRowCells || next-begin > r.maxRow {
			return s, false
		}
		if blankRow(b.Text, cells[first:count]) {
			count = first
			s.blank++
		} else {
			place := formats.Place{Row: s.rows + 1, Line: s.lines + 1, Offset: int64(begin)}
			s.noteEnd(ends, place)
			marks = append(marks, formats.RowMark{First: uint32(first), Row: place.Row, Line: place.Line, Offset: place.Offset})
		}
		for ; breaks[0] < end; breaks = breaks[1:] {
			s.lines++
		}
		s.lines++
		s.rows++
		first, begin, start = count, next, next
	}
	b.Cells, b.Marks = cells[:count], marks
	s.used = n
	return s, true
}

// close ends the tape: with the end of the last row, when it has no line end, and with marks that
// nothing comes after. It reports whether the last row has
// a line end.
func (t *tape) close(text []byte, n int, delimiter byte) bool {
	t.breaks, t.twice = append(t.breaks, math.MaxUint32), append(t.twice, math.MaxUint32)
	last := len(t.ends) - 1
	if n == 0 || last >= 0 && int(t.ends[last]) == n-1 && text[n-1] != delimiter {
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
