package csv

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"bulkload/formats"
)

// note adds the remarks that the rows of a piece give rise to, before the piece is counted.
func (c *Reader) note(p *piece) {
	if p.zero >= 0 && !c.zeroNoted {
		c.zeroNoted = true
		c.remark(placeOf(p.block, c.offset+int64(p.zero)), "the row has a NUL byte; such cells are refused")
	}
	if p.turned >= 0 && p.turned < c.offset+int64(p.used) && !c.turnNoted {
		c.turnNoted = true
		c.remark(placeOf(p.block, p.turned), fmt.Sprintf("the text is not UTF-8 from here on and is read as Windows-1252, as in %q; name the encoding if that is wrong",
			wordAt(p.text()[:p.used], int(p.turned-c.offset))))
	}
	if place, ends := c.mixed(p); place.Row > 0 && !c.mixedNoted {
		c.mixedNoted = true
		c.remark(c.placed(place), fmt.Sprintf("the row ends with %s, and those before it with %s", ends, c.ends))
	}
	if p.unended.Row > 0 {
		place := c.placed(p.unended)
		c.remark(place, fmt.Sprintf("the last row, %d, has no line end: the file may have been cut", place.Row))
	}
}

// mixed returns the place in the piece of the first row that ends otherwise than the feed's first, and how.
func (c *Reader) mixed(p *piece) (formats.Place, lineEnd) {
	switch {
	case p.ends == noEnd:
		return formats.Place{}, noEnd
	case c.ends == noEnd:
		c.ends = p.ends
	case c.ends != p.ends:
		return p.begins, p.ends
	}
	return p.mixed, p.mixedEnds
}

// wordAt returns the word of the text that the byte at a place is part of, shortened.
func wordAt(text []byte, at int) string {
	const most = 24 // bytes to either side
	if at < 0 || at >= len(text) {
		return ""
	}
	inWord := func(c byte) bool { return c >= utf8.RuneSelf || c|0x20 >= 'a' && c|0x20 <= 'z' }
	from, to := at, at
	for from > max(0, at-most) && inWord(text[from-1]) {
		from--
	}
	for to < min(len(text), at+most) && inWord(text[to]) {
		to++
	}
	return strings.ToValidUTF8(string(text[from:to]), "")
}

// placed turns a place in the next piece into one in the feed.
func (c *Reader) placed(place formats.Place) formats.Place {
	return formats.Place{Row: place.Row + c.row, Line: place.Line + c.line, Offset: place.Offset + c.offset}
}

// placeOf returns the place of the row that holds the byte at offset.
func placeOf(b *formats.Block, offset int64) formats.Place {
	for i := b.Len() - 1; i >= 0; i-- {
		if b.Marks[i].Offset <= offset {
			return b.Row(i).Place()
		}
	}
	return formats.Place{}
}

func (c *Reader) remark(place formats.Place, text string) {
	c.tally.Remarks = append(c.tally.Remarks, formats.Remark{Place: place, Text: text})
}
