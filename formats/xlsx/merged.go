package xlsx

import (
	"bytes"
	"cmp"
	"slices"

	"bulkload/formats"
)

// maxMerged is the number of merged ranges of a sheet that are filled down.
const maxMerged = 1 << 20

// A merged range is one column of merged cells over several rows.
type merged struct {
	first, last int64 // rows
	column      int
}

// A filler fills merged cells down: each row below a range's first gets the text that the first
// column has there, as far as the row has any text of its own.
type filler struct {
	ranges []merged // by their first row
	next   int      // of the ranges, not yet met
	held   []held   // by column
	live   []int    // columns that are held, in no order
}

// held is the text of the range that a column is in.
type held struct {
	last int64
	text []byte
	kind formats.Kind
}

// addMerged notes a range that the sheet merges, if it has more than one row.
func (s *sheetScanner) addMerged(ref []byte) error {
	start, end, several := bytes.Cut(ref, []byte(":"))
	column, first, ok := cellReference(start)
	_, last, alsoOK := cellReference(end)
	if ok && !several {
		return nil
	}
	if !ok || !alsoOK {
		return malformed("the merged range %.40q is none", ref)
	}
	if last <= first {
		return nil
	}
	if len(s.merges) == maxMerged {
		return malformed("there are more than %d merged ranges to fill down", maxMerged)
	}
	s.merges = append(s.merges, merged{first, last, column})
	return nil
}

// cellReference reads a reference such as $B$12. Columns count from 0, rows from 1.
func cellReference(text []byte) (column int, row int64, ok bool) {
	i := 0
	digits := false
	for ; i < len(text); i++ {
		switch c := text[i]; {
		case c == '$':
		case c|0x20 >= 'a' && c|0x20 <= 'z' && !digits:
			column = column*26 + int(c|0x20-'a') + 1
		case c >= '0' && c <= '9':
			digits = true
			row = row*10 + int64(c-'0')
		default:
			return 0, 0, false
		}
		if column > maxColumns || row > maxRows {
			return 0, 0, false
		}
	}
	return column - 1, row, column > 0 && row > 0
}

func newFiller(ranges []merged) *filler {
	slices.SortStableFunc(ranges, func(a, b merged) int { return cmp.Compare(a.first, b.first) })
	f := &filler{ranges: ranges}
	for _, r := range ranges {
		if r.column >= len(f.held) {
			f.held = append(f.held, make([]held, r.column+1-len(f.held))...)
		}
	}
	return f
}

// fill fills the row that was just read, whose cells start at first.
func (f *filler) fill(s *sheetScanner, b *formats.Block, first int) error {
	row := s.rows.last
	for i := 0; i < len(f.live); {
		column := f.live[i]
		h := &f.held[column]
		if row > h.last {
			h.last = 0
			f.live[i] = f.live[len(f.live)-1]
			f.live = f.live[:len(f.live)-1]
			continue
		}
		if err := s.fillCell(b, first, column, h); err != nil {
			return err
		}
		i++
	}
	for ; f.next < len(f.ranges) && f.ranges[f.next].first <= row; f.next++ {
		r := f.ranges[f.next]
		if at := first + r.column; r.first == row && at < len(b.Cells) && b.Cells[at].End > b.Cells[at].Start {
			f.hold(r, b, b.Cells[at])
		}
	}
	return nil
}

// hold keeps the text of a range's first cell.
func (f *filler) hold(r merged, b *formats.Block, c formats.Cell) {
	h := &f.held[r.column]
	if h.last == 0 {
		f.live = append(f.live, r.column)
	}
	h.last, h.kind = r.last, c.Kind
	h.text = append(h.text[:0], b.Text[c.Start:c.End]...)
}

// fillCell gives a cell without text the text of the range above it.
func (s *sheetScanner) fillCell(b *formats.Block, first, column int, h *held) error {
	from := len(b.Text)
	if len(b.Cells)-first <= column {
		if err := s.gap(b, first, column+1); err != nil {
			return err
		}
	}
	c := &b.Cells[first+column]
	if c.End > c.Start {
		return nil
	}
	b.Text = append(b.Text, h.text...)
	*c = formats.Cell{Start: uint32(from), End: uint32(len(b.Text)), Kind: h.kind}
	return nil
}
