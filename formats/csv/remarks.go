package csv

import (
	"fmt"

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
		c.remark(placeOf(p.block, p.turned), "the text is not UTF-8 from here on and is read as Windows-1252; name the encoding if that is wrong")
	}
	if place := c.mixed(p); place.Row > 0 && !c.mixedNoted {
		c.mixedNoted = true
		c.remark(c.placed(place), "the row ends with another line end than the rows before it")
	}
	if p.unended.Row > 0 {
		place := c.placed(p.unended)
		c.remark(place, fmt.Sprintf("the last row, %d, has no line end: the file may have been cut", place.Row))
	}
}

// mixed returns the place in the piece of the first row that ends otherwise than the feed's first.
func (c *Reader) mixed(p *piece) formats.Place {
	switch {
	case p.ends == noEnd:
		return formats.Place{}
	case c.ends == noEnd:
		c.ends = p.ends
	case c.ends != p.ends:
		return p.begins
	}
	return p.mixed
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
