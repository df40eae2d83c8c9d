package csv

import (
	"bytes"
	"fmt"

	"bulkload/formats"
)

// findZero returns where the text has its first NUL byte, -1 when it has none or one was noted.
func (c *Reader) findZero(text []byte) int {
	if c.zeroNoted {
		return -1
	}
	return bytes.IndexByte(text, 0)
}

// note adds the remarks that the rows of a block give rise to. The block's text starts at start;
// zero is where it has a NUL byte.
func (c *Reader) note(b *formats.Block, start int64, zero int) {
	if zero >= 0 && zero < len(b.Text) {
		c.zeroNoted = true
		c.remark(placeOf(b, start+int64(zero)), "the row has a NUL byte; such cells are refused")
	}
	if turned := c.source.turned; turned >= 0 && turned < c.scan.offset && !c.turnNoted {
		c.turnNoted = true
		c.remark(placeOf(b, turned), "the text is not UTF-8 from here on and is read as Windows-1252; name the encoding if that is wrong")
	}
	if c.scan.mixed.Row > 0 && !c.mixedNoted {
		c.mixedNoted = true
		c.remark(c.scan.mixed, "the row ends with another line end than the rows before it")
	}
	if c.atEnd && c.scan.unended.Row > 0 {
		c.remark(c.scan.unended, fmt.Sprintf("the last row, %d, has no line end: the file may have been cut", c.scan.unended.Row))
		c.scan.unended = formats.Place{}
	}
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
