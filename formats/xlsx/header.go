package xlsx

import (
	"fmt"
	"strings"

	"bulkload/formats"
)

// probed is the number of rows with text among which the header is looked for.
const probed = 20

// findHeader reads the sheet's first rows, keeps those below the header for Next, and reports
// whether there was any text.
func (r *Reader) findHeader(o formats.Options) (found bool, err error) {
	b := r.block()
	switch {
	case o.NoHeader:
		return r.nameByLetters(b)
	case o.HeaderRow > 0:
		return r.headerAt(b, o.HeaderRow)
	}
	if err := r.sheet.fill(b, probed); err != nil || b.Len() == 0 {
		return false, err
	}
	index := titleRows(b)
	if index > 0 {
		left := "the row above it is"
		if index > 1 {
			left = fmt.Sprintf("the %d rows above it are", index)
		}
		r.remark(b.Marks[index].Row, fmt.Sprintf("taken as the header; %s left out", left))
	}
	r.useHeader(b, index)
	return true, nil
}

// nameByLetters names the columns of a sheet without a header A, B, C, as many as its first rows have.
func (r *Reader) nameByLetters(b *formats.Block) (found bool, err error) {
	if err := r.sheet.fill(b, blockRows); err != nil || b.Len() == 0 {
		return false, err
	}
	r.header = &formats.Header{}
	width := 0
	for i := range b.Len() {
		width = max(width, b.Row(i).Len())
	}
	for i := range width {
		r.header.Names = append(r.header.Names, formats.ColumnLetters(i))
	}
	r.keep(b)
	return true, nil
}

// headerAt takes the row that the user named as the header.
func (r *Reader) headerAt(b *formats.Block, row int64) (found bool, err error) {
	first := int64(0)
	for {
		if err := r.sheet.fill(b, 1); err != nil {
			return false, err
		}
		if b.Len() == 0 && first == 0 {
			return false, nil
		}
		if b.Len() == 0 || b.Marks[0].Row > row {
			return false, &formats.SyntaxError{Place: formats.Place{Sheet: r.Sheet(), Row: row},
				Reason: "the row named as the header has no text", Advice: fmt.Sprintf("the first row with text is %d", max(first, 1))}
		}
		if first == 0 {
			first = b.Marks[0].Row
		}
		if b.Marks[0].Row == row {
			r.useHeader(b, 0)
			return true, nil
		}
		b.Reset()
	}
}

// titleRows counts the rows above the header: none, unless the first row has far fewer cells than
// the widest of those that follow. The header is then the first that has as many as that.
func titleRows(b *formats.Block) int {
	widest := 0
	for i := range b.Len() {
		widest = max(widest, filled(b.Row(i)))
	}
	if first := filled(b.Row(0)); widest < 3 || 2*first > widest {
		return 0
	}
	for i := range b.Len() {
		if filled(b.Row(i)) == widest {
			return i
		}
	}
	return 0
}

func filled(row formats.Row) int {
	n := 0
	for i := range row.Len() {
		if len(row.Cell(i)) > 0 {
			n++
		}
	}
	return n
}

// useHeader names the columns after a row of the block and keeps the rows below it.
func (r *Reader) useHeader(b *formats.Block, index int) {
	row := b.Row(index)
	r.header = &formats.Header{Place: formats.Place{Sheet: r.Sheet(), Row: b.Marks[index].Row}}
	for i := range row.Len() {
		r.header.Names = append(r.header.Names, columnName(string(row.Cell(i))))
	}
	blank, last := int64(0), b.Marks[index].Row
	for _, m := range b.Marks[index+1:] {
		blank += m.Row - last - 1
		last = m.Row
	}
	r.sheet.rows.blank = blank
	b.Marks = append(b.Marks[:0], b.Marks[index+1:]...)
	r.keep(b)
}

// columnName makes line breaks in a name one blank each and takes the blanks around it away.
func columnName(text string) string {
	lines := strings.FieldsFunc(text, func(c rune) bool { return c == '\n' || c == '\r' })
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}
	return strings.TrimSpace(strings.Join(lines, " "))
}

func (r *Reader) keep(b *formats.Block) {
	b.Header, b.Sheet = r.header, r.Sheet()
	r.sheet.width, r.sheet.small = len(r.header.Names), true
	r.pending = b
}
