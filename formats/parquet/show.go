package parquet

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf8"

	"bulkload/formats"
)

// showRows shows rows until there are n that no block has taken, loading pages as it goes. It stops
// before when the text gets longer than limit, but never without a row. The row group must have n
// rows left.
func (c *column) showRows(n, limit int) error {
	c.round++
	for c.ready() < n && (c.ready() == 0 || len(c.shown) <= limit) {
		if err := c.load(); err != nil {
			return err
		}
		before := c.ready()
		err := c.showPage(min(n-before, c.rows), limit)
		c.rows -= c.ready() - before
		if err != nil {
			return err
		}
	}
	return nil
}

// ready is how many rows are shown and not yet taken.
func (c *column) ready() int { return len(c.cells) + len(c.places) }

// showPage makes text of the next n rows of the page, or of some when they are over the limit. On an
// error, the rows before the faulty one are shown.
func (c *column) showPage(n, limit int) error {
	if c.shared && c.dictionary.table != nil && len(c.cells) == 0 {
		return c.showPlaces(n)
	}
	c.writePlaces()
	c.cells = slices.Grow(c.cells, n)
	switch {
	case c.shared:
		return c.showShared(n, limit)
	case c.values.width == 0 && (c.how.form == formText || c.how.form == formBinary):
		return c.showText(n, limit)
	}
	for ; n > 0; n-- {
		cell := formats.Cell{Kind: formats.Null}
		if c.defined == nil || c.defined[c.row] == c.full {
			var err error
			if cell, err = c.write(c.value); err != nil {
				return err
			}
			c.value++
		}
		c.row++
		if c.cells = append(c.cells, cell); len(c.shown) > limit {
			break
		}
	}
	return nil
}

// showPlaces shows rows by the places of their values in the table.
func (c *column) showPlaces(n int) error {
	if err := c.readIndexes(n); err != nil {
		return err
	}
	if c.defined == nil {
		c.places = append(c.places, c.indexed[c.value:c.value+n]...)
		c.value += n
		return nil
	}
	at := len(c.places)
	c.places = slices.Grow(c.places, n)[:at+n]
	null, next, indexed := uint32(c.dictionary.count), c.value, c.indexed
	for i, level := range c.defined[c.row : c.row+n] {
		place := null
		if level == c.full {
			place = indexed[next]
			next++
		}
		c.places[at+i] = place
	}
	c.row += n
	c.value = next
	return nil
}

// writePlaces makes the rows that are shown by their places cells: a page without the dictionary follows.
func (c *column) writePlaces() {
	if len(c.places) == 0 {
		return
	}
	c.shown = append(c.shown[:0], c.dictionary.text...)
	for _, place := range c.places {
		c.cells = append(c.cells, c.dictionary.table[place])
	}
	c.places = c.places[:0]
}

// write adds the text of a value.
func (c *column) write(i int) (formats.Cell, error) {
	start := uint32(len(c.shown))
	var kind formats.Kind
	var err error
	c.shown, kind, err = c.how.append(c.shown, c.values.at(i))
	return formats.Cell{Start: start, End: uint32(len(c.shown)), Kind: kind}, err
}

// showShared shows values of the dictionary, each as text once a round. It keeps what it changes in
// registers, and sets cells field by field, as a cell put together elsewhere is copied at a wait for
// its parts (BenchmarkRead).
func (c *column) showShared(n, limit int) error {
	if err := c.readIndexes(n); err != nil {
		return err
	}
	shown, round := c.dictionary.shown, c.round
	at, cells := len(c.cells), c.cells[:len(c.cells)+n]
	defined, full, indexes := c.defined, c.full, c.indexed
	row, next := c.row, c.value
	var err error
	for ; at < len(cells) && (len(c.shown) <= limit || at == 0); at++ {
		cell := &cells[at]
		if defined == nil || defined[row] == full {
			value := &shown[indexes[next]]
			if value.round != round {
				if value.cell, err = c.showValue(int(indexes[next])); err != nil {
					break
				}
				value.round = round
			}
			cell.Start, cell.End, cell.Kind = value.cell.Start, value.cell.End, value.cell.Kind
			next++
		} else {
			cell.Start, cell.End, cell.Kind = 0, 0, formats.Null
		}
		row++
	}
	c.cells, c.row, c.value = cells[:at], row, next
	return err
}

// showValue adds the text of a value of the dictionary. One known to be plain ASCII needs no check.
func (c *column) showValue(i int) (formats.Cell, error) {
	if !c.dictionary.ascii {
		return c.write(i)
	}
	start, v := len(c.shown), &c.values
	c.shown = append(c.shown, v.data[v.offsets[i]+v.gap:v.offsets[i+1]]...)
	return formats.Cell{Start: uint32(start), End: uint32(len(c.shown))}, nil
}

// showText shows text that the page holds one value behind the other: it is copied in one go, with
// what stands between the values.
func (c *column) showText(n, limit int) error {
	values, size := c.textSize(n)
	for n > 1 && size > limit {
		n /= 2
		values, size = c.textSize(n)
	}
	offsets := c.values.offsets[c.value : c.value+values+1]
	text := c.values.data[offsets[0]:offsets[values]]
	var err error
	if !ascii(text) {
		n, err = c.checkText(n)
	}
	shift, gap, next := uint32(len(c.shown))-offsets[0], c.values.gap, 0
	cells := c.cells[len(c.cells) : len(c.cells)+n]
	for i := range cells {
		cell := &cells[i]
		if c.defined == nil || c.defined[c.row+i] == c.full {
			cell.Start, cell.End, cell.Kind = offsets[next]+gap+shift, offsets[next+1]+shift, formats.Value
			next++
		} else {
			cell.Start, cell.End, cell.Kind = 0, 0, formats.Null
		}
	}
	c.cells = c.cells[:len(c.cells)+n]
	c.shown = append(c.shown, text...)
	c.row += n
	c.value += next
	return err
}

// textSize counts the values of the next n rows and the bytes that hold them.
func (c *column) textSize(n int) (values, size int) {
	values = n
	if c.defined != nil {
		values = bytes.Count(c.defined[c.row:c.row+n], []byte{c.full})
	}
	return values, int(c.values.offsets[c.value+values] - c.values.offsets[c.value])
}

// checkText tells how many of the next n rows come before one that is not UTF-8. The bytes between
// values could complete a character that a value cuts, so each is looked at alone.
func (c *column) checkText(n int) (int, error) {
	next := c.value
	for i := range n {
		if c.defined != nil && c.defined[c.row+i] != c.full {
			continue
		}
		if !utf8.Valid(c.values.at(next)) {
			if c.how.form == formBinary {
				return i, errNotText
			}
			return i, errNotUTF8
		}
		next++
	}
	return n, nil
}

func ascii(text []byte) bool {
	const high = 0x8080808080808080
	for len(text) >= 32 {
		a, b := binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[8:])
		c, d := binary.LittleEndian.Uint64(text[16:]), binary.LittleEndian.Uint64(text[24:])
		if (a|b|c|d)&high != 0 {
			return false
		}
		text = text[32:]
	}
	for _, b := range text {
		if b >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// readyText is the text of the rows that are shown.
func (c *column) readyText() []byte {
	if len(c.places) > 0 {
		return c.dictionary.text
	}
	return c.shown
}

// give gives the first n rows shown, whose text begins at shift in its block, to a draft, and
// remembers how long their text was. Rows left over keep their text, each for itself.
func (c *column) give(n int, p *part, shift uint32) {
	p.table, p.shift = c.dictionary.table, shift
	p.places, c.places = c.places, p.places[:0]
	p.cells, c.cells = c.cells, p.cells[:0]
	if len(p.places) > 0 {
		c.places = append(c.places, p.places[n:]...)
		p.places, c.size = p.places[:n], 0 // the table's text does not grow with the rows
		return
	}
	c.size = float64(len(c.shown)) / float64(len(p.cells))
	c.spare = c.spare[:0]
	for _, cell := range p.cells[n:] {
		start := uint32(len(c.spare))
		c.spare = append(c.spare, c.shown[cell.Start:cell.End]...)
		c.cells = append(c.cells, formats.Cell{Start: start, End: uint32(len(c.spare)), Kind: cell.Kind})
	}
	p.cells = p.cells[:n]
	c.shown, c.spare = c.spare, c.shown[:0]
}
