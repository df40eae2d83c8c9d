package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"bulkload/formats"
)

var errMoreRows = errors.New("it has more rows than the row group")

// maxTable is how many values a dictionary with a table has at most.
const maxTable = 1 << 12

// column goes through the pages of one column, one row group after the other. A page is unpacked
// and cut into values at once; values become text when a block asks for rows. One goroutine at a
// time works on a column, with a source of its own.
type column struct {
	field
	source     *pageSource
	tableBytes int // that the text of a table may have

	// The rows shown and not yet taken by a block, one a row: cells of shown, or places in the table
	// of the dictionary. One of the two is empty.
	cells  []formats.Cell
	places []uint32
	shown  []byte
	spare  []byte  // where shown moves to
	round  uint32  // of showing: dictionary values shown in an earlier one are not in shown any more
	size   float64 // bytes of text that a row had of late
	err    error   // of the last round

	// The chunk of the current row group.
	chunk    chunk
	at, end  int64 // what is not read yet of it
	rowsLeft int64 // of the row group, in pages that are not read yet
	entries  int64 // values and nulls that its pages had so far
	first    bool  // no page was read yet

	// The current page.
	rows    int     // that no block has taken yet
	defined []uint8 // by row: the level at which it is a value, or below. nil: all rows are values
	full    uint8   // that level
	row     int     // the next one's place in defined
	value   int     // the next one's place in indexed, or in values
	shared  bool    // the page has places in the dictionary, some of which are in indexed
	runs    runs    // of those that are not yet
	values  values  // of the page, or of the dictionary when it is used
	how     text    // values are shown

	dictionary dictionary
	scratch    scratch
	lists      list

	plain       []byte // memory of the unpacked page
	definitions []uint8
	repetitions []uint8
	indexed     []uint32
	counted     int // bytes of memory that the source knows this column to hold
}

// dictionary holds the distinct values of a column chunk. The text of a short one is the same in each
// round: its table tells where every value stands in it. Of a long one, the text of each value that
// a round needs is written once, and shared by the cells that hold it.
type dictionary struct {
	values
	loaded  bool
	ascii   bool // its values are text that needs no check
	plain   []byte
	scratch scratch
	shown   []shownValue

	table []formats.Cell // of its values, and one more for null; nil when it is long. It never changes, as drafts use it
	text  []byte         // of the table
	made  []byte         // memory of text
}

// shownValue tells where in its column's text a value of the dictionary stands, and since which round.
type shownValue struct {
	cell  formats.Cell
	round uint32
}

// list turns the items of a list column into the text of its rows. A row may go on in the next
// page, so the last row of a page waits there.
type list struct {
	values          // the text of the rows that have a list
	defined []uint8 // by row: 1 when it has a list, 0 when it has none
	rows    int     // that are complete
	open    bool    // the last row may go on
	items   int     // of the open row
	item    []byte
}

// held is how many bytes of memory the column holds.
func (c *column) held() int {
	d := &c.dictionary
	return cap(c.plain) + cap(c.definitions) + cap(c.repetitions) + 4*cap(c.indexed) + c.scratch.held() +
		cap(d.plain) + d.scratch.held() + 16*cap(d.shown) + 12*cap(d.table) + cap(d.made) +
		12*cap(c.cells) + 4*cap(c.places) + cap(c.shown) + cap(c.spare) +
		cap(c.lists.data) + 4*cap(c.lists.offsets) + cap(c.lists.defined) + cap(c.lists.item)
}

// open starts on the column's chunk of the next row group.
func (c *column) open(chunk chunk, rows int64) error {
	if chunk.physical != c.physical {
		return fmt.Errorf("its values are stored as %s there, and as %s by the schema", nameOf(physicalNames, chunk.physical), nameOf(physicalNames, c.physical))
	}
	if chunk.values < 0 || !c.list && chunk.values != rows {
		return fmt.Errorf("it has %d values, and the row group %d rows", chunk.values, rows)
	}
	c.chunk, c.at, c.end = chunk, chunk.start, chunk.start+chunk.size
	c.rowsLeft, c.entries, c.first = rows, 0, true
	c.rows, c.dictionary.loaded = 0, false
	c.lists = list{values: values{data: c.lists.data[:0], offsets: append(c.lists.offsets[:0], 0)}, defined: c.lists.defined[:0], item: c.lists.item}
	return checkCodec(chunk.codec)
}

// load reads pages until there are rows to take. The row group has some left.
func (c *column) load() error {
	for c.rows == 0 {
		more, err := c.nextPage()
		if err != nil {
			return err
		}
		if !more {
			c.closeList()
		}
		if !more && c.rows == 0 {
			return fmt.Errorf("its pages end %d rows before the row group does", c.rowsLeft)
		}
	}
	return nil
}

// finish checks, at the end of a row group, that nothing is left of the column's chunk.
func (c *column) finish() error {
	for {
		more, err := c.nextPage()
		if err != nil {
			return err
		}
		if c.rows > 0 || !more && c.lists.open {
			return errMoreRows
		}
		if !more {
			break
		}
	}
	if c.entries != c.chunk.values {
		return fmt.Errorf("its pages have %d values, and the footer says %d", c.entries, c.chunk.values)
	}
	return nil
}

// nextPage reads pages up to one with values, and reports whether there was one.
func (c *column) nextPage() (more bool, err error) {
	for c.at < c.end {
		h, size, err := c.source.header(c.at, c.end)
		if err != nil {
			return false, err
		}
		if err := c.reserve(&h); err != nil {
			return false, err
		}
		body := c.at + size
		c.at = body + int64(h.packed)
		if err := c.source.read(&h, body); err != nil {
			return false, err
		}
		c.source.consumed.Add(size + int64(h.packed))
		switch {
		case h.kind == pageIndex:
		case h.kind == pageDictionary:
			err = c.readDictionary(&h)
		case h.entries > 0:
			more, err = true, c.readData(&h)
		}
		c.first = false
		if more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// reserve refuses a page that would make all columns together hold too much memory.
func (c *column) reserve(h *pageHeader) error {
	held := c.held()
	all := c.source.held.Add(int64(held - c.counted))
	c.counted = held
	if all+int64(h.plain)+4*int64(max(h.entries, 0)) > maxHeld {
		return fmt.Errorf("the pages to be read at once are over the limit of %d bytes; write the file with smaller pages", maxHeld)
	}
	return nil
}

func (c *column) readDictionary(h *pageHeader) error {
	d := &c.dictionary
	if !c.first {
		return errors.New("it has a dictionary that is not its first page")
	}
	if h.encoding != encodingPlain && h.encoding != encodingPlainDictionary {
		return fmt.Errorf("its dictionary has encoding %d", h.encoding)
	}
	plain, err := c.source.unpack(c.chunk.codec, d.plain, int(h.plain))
	if err != nil {
		return err
	}
	d.plain = plain
	d.values, err = d.scratch.decode(&c.field, encodingPlain, plain, int(h.entries))
	if err != nil {
		return fmt.Errorf("its dictionary cannot be read: %w", err)
	}
	d.loaded = true
	d.ascii = c.width == 0 && (c.text.form == formText || c.text.form == formBinary) && ascii(plain)
	d.shown = slices.Grow(d.shown[:0], d.count)[:d.count]
	clear(d.shown)
	c.makeTable()
	return nil
}

// makeTable makes the text of all values of a dictionary that has few and short ones. A value that
// cannot be shown leaves it without a table, as it is an error only where a row has it.
func (c *column) makeTable() {
	d := &c.dictionary
	d.table, d.text = nil, nil
	if c.list || d.count > maxTable || len(d.plain) > c.tableBytes {
		return
	}
	table, made := make([]formats.Cell, d.count+1), d.made[:0]
	for i := range d.count {
		start := uint32(len(made))
		var kind formats.Kind
		var err error
		if made, kind, err = c.text.append(made, d.at(i)); err != nil || len(made) > c.tableBytes {
			return
		}
		table[i] = formats.Cell{Start: start, End: uint32(len(made)), Kind: kind}
	}
	table[d.count].Kind = formats.Null
	d.table, d.text, d.made = table, made, made
}

// readData unpacks a data page and cuts it into levels and values.
func (c *column) readData(h *pageHeader) error {
	data, err := c.readLevels(h)
	if err != nil {
		return err
	}
	n := int(h.entries)
	c.entries += int64(n)
	filled := n
	if c.maxDefinition > 0 {
		filled = bytes.Count(c.definitions, []byte{c.maxDefinition})
	}
	if err := c.readValues(h.encoding, data, filled); err != nil {
		return err
	}
	c.row, c.value = 0, 0
	if c.list {
		err = c.collect()
	} else {
		c.rows, c.defined, c.full, c.how = n, nil, c.maxDefinition, c.text
		if filled < n {
			c.defined = c.definitions
		}
	}
	if err == nil && int64(c.rows) > c.rowsLeft {
		err = errMoreRows
	}
	c.rowsLeft -= int64(c.rows)
	return err
}

// readLevels unpacks a page, decodes its levels, and returns the bytes of its values.
func (c *column) readLevels(h *pageHeader) (data []byte, err error) {
	if h.kind == pageDataV2 {
		return c.readLevelsV2(h)
	}
	if data, err = c.source.unpack(c.chunk.codec, c.plain, int(h.plain)); err != nil {
		return nil, err
	}
	c.plain = data
	if c.list {
		if c.repetitions, err = levels(c.repetitions, &data, h.repetitions, 1, int(h.entries)); err != nil {
			return nil, err
		}
	}
	if c.maxDefinition > 0 {
		c.definitions, err = levels(c.definitions, &data, h.definitions, c.maxDefinition, int(h.entries))
	}
	return data, err
}

// readLevelsV2 does the same for pages of the second version, which keep levels unpacked.
func (c *column) readLevelsV2(h *pageHeader) (data []byte, err error) {
	repetitions, definitions := c.source.packed[:h.repetitions], c.source.packed[h.repetitions:][:h.definitions]
	ahead := int(h.repetitions) + int(h.definitions)
	if !c.list && h.rows != h.entries {
		return nil, fmt.Errorf("a page claims %d rows and %d values", h.rows, h.entries)
	}
	if c.list {
		if c.repetitions, err = levelsOf(c.repetitions, repetitions, 1, int(h.entries)); err != nil {
			return nil, err
		}
	}
	if c.maxDefinition > 0 {
		if c.definitions, err = levelsOf(c.definitions, definitions, c.maxDefinition, int(h.entries)); err != nil {
			return nil, err
		}
	}
	codec := c.chunk.codec
	if h.unpacked {
		codec = codecNone
	}
	c.source.packed = c.source.packed[ahead:]
	data, err = c.source.unpack(codec, c.plain, int(h.plain)-ahead)
	if err == nil {
		c.plain = data
	}
	return data, err
}

// readValues cuts a page's bytes into n values, or into n places in the dictionary.
func (c *column) readValues(encoding int32, data []byte, n int) (err error) {
	c.shared = false
	if encoding != encodingRLEDictionary && encoding != encodingPlainDictionary {
		c.values, err = c.scratch.decode(&c.field, encoding, data, n)
		return err
	}
	if !c.dictionary.loaded {
		return errors.New("a page uses a dictionary that is not there")
	}
	c.values, c.indexed, c.value = c.dictionary.values, c.indexed[:0], 0
	c.runs = runs{left: n}
	if n > 0 {
		if len(data) == 0 || data[0] > 32 {
			return errors.New("a page does not say how its places in the dictionary are stored")
		}
		c.runs.rest, c.runs.width = data[1:], uint(data[0])
	}
	c.shared = true
	if c.list {
		return c.readIndexes(n)
	}
	return nil
}

// readIndexes decodes places in the dictionary until there are n that no row has taken, or all there
// are: of a long page not all at once, so that they stay in the processor's cache.
func (c *column) readIndexes(n int) error {
	ready := len(c.indexed) - c.value
	if n = min(n-ready, c.runs.left); n <= 0 {
		return nil
	}
	c.indexed, c.value = append(c.indexed[:0], c.indexed[c.value:]...), 0
	var err error
	if c.indexed, err = appendNext(c.indexed, &c.runs, n); err != nil {
		return err
	}
	for _, index := range c.indexed[ready:] {
		if int64(index) >= int64(c.dictionary.count) {
			return fmt.Errorf("a page uses value %d of a dictionary of %d", index+1, c.dictionary.count)
		}
	}
	return nil
}

// collect joins the items of the page to the text of rows, and makes that the page.
func (c *column) collect() error {
	l := &c.lists
	l.next()
	for i, definition := range c.definitions {
		if c.repetitions[i] == 0 {
			l.close()
			l.begin(definition >= c.outer)
		} else if !l.open {
			return errors.New("its first value belongs to a row that is not there")
		} else if definition <= c.outer {
			return errors.New("a list goes on with what is no item")
		}
		if definition <= c.outer {
			continue
		}
		if err := c.addItem(definition == c.maxDefinition); err != nil {
			return err
		}
	}
	c.showLists()
	return nil
}

// addItem adds the next item to the open row: the next value, or an empty item for a null.
func (c *column) addItem(defined bool) error {
	l := &c.lists
	if l.items++; l.items > 1 {
		l.data = append(l.data, '|')
	}
	if len(l.data) > maxPage {
		return fmt.Errorf("its lists are over the limit of %d bytes", maxPage)
	}
	if !defined {
		return nil
	}
	i := c.value
	if c.shared {
		i = int(c.indexed[i])
	}
	c.value++
	var err error
	if l.item, _, err = c.text.append(l.item[:0], c.values.at(i)); err != nil {
		return err
	}
	l.data = appendItem(l.data, l.item)
	return nil
}

// showLists makes the complete rows of lists the page's rows.
func (c *column) showLists() {
	l := &c.lists
	c.rows, c.defined, c.full = l.rows, l.defined[:l.rows], 1
	c.values, c.shared, c.row, c.value = l.values, false, 0, 0
	c.how = text{form: formText}
}

// closeList ends the row that waited for the next page, as there is none.
func (c *column) closeList() {
	if !c.lists.open {
		return
	}
	c.lists.next()
	c.lists.close()
	c.showLists()
	c.rowsLeft -= int64(c.rows)
}

// next forgets the complete rows, and keeps the open one.
func (l *list) next() {
	tail := l.data[l.offsets[len(l.offsets)-1]:]
	l.data = append(l.data[:0], tail...)
	l.offsets = append(l.offsets[:0], 0)
	l.defined = append(l.defined[:0], l.defined[l.rows:]...)
	l.rows = 0
}

func (l *list) begin(defined bool) {
	l.open, l.items = true, 0
	flag := uint8(0)
	if defined {
		flag = 1
	}
	l.defined = append(l.defined, flag)
}

func (l *list) close() {
	if !l.open {
		return
	}
	if l.open = false; l.defined[l.rows] == 1 {
		l.offsets = append(l.offsets, uint32(len(l.data)))
	}
	l.rows++
}
