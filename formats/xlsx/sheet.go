package xlsx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"bulkload/formats"
)

// The limits of a sheet and of a block of its rows.
const (
	maxRows    = 1 << 20
	maxColumns = 1 << 14
	maxRowText = 4 << 20  // bytes of text in one row: shared strings make much of little
	maxGaps    = 1 << 26  // empty cells that stand for nothing but a far-away one
	maxAround  = 16 << 20 // bytes before the rows, and after them

	blockText  = 1 << 20 // bytes
	blockCells = 1 << 17
	blockRows  = 1 << 16

	// Blocks that are read in turn, after the one below the header, end earlier: they stay in a
	// processor's cache and in the room that a block has from the start (BenchmarkRead).
	turnText   = 192 << 10
	turnCells  = 1 << 14
	startText  = 256 << 10
	startCells = 20 << 10
	startRows  = 1 << 10
)

// A sheetScanner turns a sheet's markup into rows. Each row is read as one unit within the window,
// and depends on those before it through rows.last alone.
type sheetScanner struct {
	*scanner
	sheet    string
	strings  *stringFinder
	styles   *styles
	from1904 bool
	plain    bool // read every cell the plain way, as tests do to check the quick one

	rows      sheetRows
	width     int    // columns that the header has
	rowText   int    // bytes of text that one row may have
	small     bool   // blocks end at turnText and turnCells
	floating  bool   // the number of the row before is not known
	ahead     *ahead // what is read from, when that is done ahead
	states    dimension
	merging   bool     // the merged ranges are asked for
	merges    []merged // those of several rows
	filler    *filler  // nil: merged cells stay empty
	digits    []byte   // of the number of the row being read
	refEnd    uint64   // these digits and a quote, as cells' references end
	refMask   uint64   // the bits of refEnd that are used
	rowTag    []byte   // of the last row's start tag what follows its number's quote; empty when it cannot serve again
	rowHidden bool     // that tag hid its row
	value     []byte   // of the cell being read
	done      bool     // the sheet's rows have ended
}

// sheetRows is what a scanner has seen of a sheet. A row that is read again, because the window
// ended inside, starts from the same state.
type sheetRows struct {
	first    int64 // row read first; 0 before
	last     int64 // row read last; 0 before the first
	lastText int64 // row with text read last
	blank    int64 // rows without text before lastText
	hidden   int64
	gaps     int64
	unstyled int64 // row of the first cell whose style the workbook does not have
	cut      int64 // row of the first integer that has more digits than a spreadsheet keeps
	widest   int   // columns up to the last cell of the widest row
	merged   int64
	columns  int64 // hidden ones
}

// A dimension is what a sheet says of its size: its last row and column. It is zero when it does not
// say, or says nothing but A1, as programs do that do not know better.
type dimension struct {
	text    string
	rows    int64
	columns int
}

// A cell is what a sheet says of one cell.
type cell struct {
	column  int
	style   uint32
	kind    cellKind
	value   []byte // of v, or the text of is
	valued  bool   // there was a v or an is
	formula bool
}

type cellKind byte

const (
	numberCell  cellKind = 'n'
	sharedCell  cellKind = 's'
	inlineCell  cellKind = 'i'
	textCell    cellKind = 't'
	booleanCell cellKind = 'b'
	errorCell   cellKind = 'e'
	dateCell    cellKind = 'd'
)

// NotCalculated is the text of a Failure cell that has a formula but no value: the program that
// wrote the workbook left the calculation to the spreadsheet program.
const NotCalculated = "#FORMULA WITHOUT VALUE"

// head reads up to the sheet's first row.
func (s *sheetScanner) head() error {
	for {
		t, err := s.token()
		switch {
		case err != nil:
			return s.fault(err)
		case t.kind == endOfPart:
			return s.fault(malformed("the sheet has no sheetData"))
		case s.offset() > maxAround:
			return s.fault(malformed("more than %d MiB stand before the rows", maxAround>>20))
		case t.kind != startTag:
			continue
		case s.depth == 1 && string(t.name) != "worksheet":
			return s.fault(malformed("<%.40s> stands where a worksheet should", t.name))
		case s.depth == 2 && string(t.name) == "sheetData":
			return nil
		case s.depth == 2 && string(t.name) == "dimension":
			s.dimension()
		case string(t.name) == "col" && s.isSet("hidden"):
			s.rows.columns++
		}
	}
}

// dimension reads what the sheet says of its size. One that makes no sense is passed over.
func (s *sheetScanner) dimension() {
	ref, _ := s.plainAttr("ref")
	_, end, found := bytes.Cut(ref, []byte(":"))
	if column, row, ok := cellReference(end); found && ok {
		s.states = dimension{string(ref), row, column + 1}
	}
}

// tail reads from the sheet's last row to the end of the part.
func (s *sheetScanner) tail() error {
	for start := s.offset(); ; {
		t, err := s.token()
		switch {
		case err != nil:
			return err
		case t.kind == endOfPart:
			return nil
		case s.offset()-start > maxAround:
			return malformed("more than %d MiB stand after the rows", maxAround>>20)
		case t.kind != startTag:
		case s.depth == 2 && string(t.name) == "sheetData":
			return malformed("the sheet has a second sheetData")
		case string(t.name) == "mergeCell" && s.parent() == "mergeCells":
			s.rows.merged++
			if !s.merging {
				continue
			}
			ref, _ := s.plainAttr("ref")
			if err := s.addMerged(ref); err != nil {
				return err
			}
		}
	}
}

// A point is a place between two rows to go back to.
type point struct {
	mark
	rows        sheetRows
	text, cells int
}

func (s *sheetScanner) point(b *formats.Block) point {
	return point{s.mark(), s.rows, len(b.Text), len(b.Cells)}
}

func (s *sheetScanner) returnTo(p point, b *formats.Block) {
	s.back(p.mark)
	s.rows = p.rows
	b.Text, b.Cells = b.Text[:p.text], b.Cells[:p.cells]
}

func (s *sheetScanner) room(b *formats.Block, rows int) bool {
	text, cells := blockText, blockCells
	if s.small {
		text, cells = turnText, turnCells
	}
	return len(b.Marks) < rows && len(b.Text) < text && len(b.Cells) < cells
}

// fill adds rows to the block until it has that many, is large enough, or the sheet has ended, or
// up to where they were read ahead.
func (s *sheetScanner) fill(b *formats.Block, rows int) error {
	for !s.done && s.room(b, rows) && !s.atSeam() {
		before := s.point(b)
		err := s.item(b)
		if err == errShort {
			reached := s.rows.last
			s.returnTo(before, b)
			if err = s.more(); err != nil {
				s.rows.last = reached // it stands in this row
			}
		}
		if err == nil && s.done {
			err = s.tail()
		}
		if err != nil {
			return s.fault(err)
		}
	}
	return nil
}

// atSeam reports whether the scanner stands where rows that were read ahead begin.
func (s *sheetScanner) atSeam() bool {
	return s.ahead != nil && s.pos == len(s.data) && s.failed == nil && s.ahead.atSeam()
}

// goesOn reports whether rows may follow those in the window.
func (s *sheetScanner) goesOn() bool { return !s.done && !s.ended && s.failed == nil }

// fault says where in the sheet an error arose: in the row being read, or after the last whole one.
func (s *sheetScanner) fault(err error) error {
	var known *formats.SyntaxError
	switch {
	case errors.As(err, &known):
		if known.Place == (formats.Place{}) {
			placed := *known
			placed.Place = formats.Place{Sheet: s.sheet, Row: s.rows.last}
			return &placed
		}
		return err
	case isMarkupError(err):
		return &formats.SyntaxError{Place: formats.Place{Sheet: s.sheet, Row: s.rows.last}, Reason: err.Error()}
	}
	return fmt.Errorf("read sheet %q: %w", s.sheet, err)
}

// item reads one row, or the end of the rows, within the window.
func (s *sheetScanner) item(b *formats.Block) error {
	if s.quickRow() {
		return s.row(b)
	}
	from := s.pos
	t, err := s.next()
	switch {
	case err != nil:
		return err
	case t.kind == charData && blank(t.text):
		return nil
	case t.kind == endTag:
		s.done = true
		return nil
	case t.kind != startTag || string(t.name) != "row":
		return malformed("the sheet holds something other than rows among them")
	}
	if err := s.startRow(); err != nil {
		return err
	}
	s.keepTag(s.data[from:s.pos])
	return s.row(b)
}

// row reads the cells of the row whose start tag was just read, and its end.
func (s *sheetScanner) row(b *formats.Block) error {
	text, first, next := len(b.Text), len(b.Cells), 0
	for {
		var err error
		if next, err = s.quickCells(b, first, next, text+s.rowText); err != nil {
			return err
		}
		if s.quickRowEnd() {
			break
		}
		column, ended, err := s.plainCell(b, first, next)
		if ended {
			break
		}
		if err != nil {
			return err
		}
		next = column + 1
		if len(b.Text)-text > s.rowText {
			return s.longRow()
		}
	}
	s.rows.widest = max(s.rows.widest, next)
	if formats.Blank(b.Text, b.Cells[first:]) {
		b.Cells = b.Cells[:first]
		return nil
	}
	if s.filler != nil {
		if err := s.filler.fill(s, b, first); err != nil {
			return err
		}
		if len(b.Text)-text > s.rowText {
			return s.longRow()
		}
	}
	s.rows.blank += s.rows.last - s.rows.lastText - 1
	s.rows.lastText = s.rows.last
	b.Marks = append(b.Marks, formats.RowMark{First: uint32(first), Row: s.rows.last})
	return nil
}

func (s *sheetScanner) longRow() error {
	return malformed("the row has more than %d MiB of text", s.rowText>>20)
}

func (s *sheetScanner) startRow() error {
	number := s.rows.last + 1
	if raw, found := s.plainAttr("r"); found && len(raw) > 0 {
		n, err := strconv.ParseUint(string(raw), 10, 32)
		if err != nil {
			return malformed("a row has the number %.20q", raw)
		}
		if int64(n) < number {
			return malformed("row %d stands after row %d", n, s.rows.last)
		}
		number = int64(n)
	} else if s.floating {
		return errShort
	}
	if number > maxRows {
		return malformed("row %d is beyond the last row that a sheet can have, %d", number, maxRows)
	}
	if s.isSet("hidden") {
		s.rows.hidden++
	}
	s.digits = strconv.AppendInt(s.digits[:0], number, 10)
	s.beginRow(number)
	return nil
}

// beginRow notes that the row of that number, which s.digits holds, has begun.
func (s *sheetScanner) beginRow(number int64) {
	if s.floating = false; s.rows.first == 0 {
		s.rows.first = number
	}
	s.rows.last = number
	var word [8]byte
	n := copy(word[:], s.digits)
	word[n] = '"' // there is room: no row has more than seven digits
	s.refEnd, s.refMask = binary.LittleEndian.Uint64(word[:]), 1<<(8*n+8)-1
}

// plainCell reads one cell of any shape, or the row's end.
func (s *sheetScanner) plainCell(b *formats.Block, first, next int) (column int, ended bool, err error) {
	t, err := s.next()
	for err == nil && t.kind == charData && blank(t.text) {
		t, err = s.next()
	}
	switch {
	case err != nil:
		return 0, false, err
	case t.kind == endTag:
		return 0, true, nil
	case t.kind == startTag && string(t.name) == "extLst":
		return next - 1, false, s.skip()
	case t.kind != startTag || string(t.name) != "c":
		return 0, false, malformed("the row holds something other than cells")
	}
	c := cell{column: next, kind: numberCell}
	if err := s.attributes(&c, next); err != nil {
		return 0, false, err
	}
	if err := s.content(&c); err != nil {
		return 0, false, err
	}
	return c.column, false, s.emit(b, first, &c)
}

func (s *sheetScanner) attributes(c *cell, next int) (err error) {
	if raw, found := s.plainAttr("r"); found && len(raw) > 0 {
		if c.column, err = s.column(raw, next); err != nil {
			return err
		}
	}
	if c.column >= maxColumns {
		return malformed("a cell is beyond the last column that a sheet can have, XFD")
	}
	if raw, found := s.plainAttr("s"); found && len(raw) > 0 { // some programs write s=""
		style, err := strconv.ParseUint(string(raw), 10, 32)
		if err != nil {
			return s.malformedCell(c, "has the style %.20q", raw)
		}
		c.style = uint32(style)
	}
	raw, _ := s.plainAttr("t")
	switch string(raw) {
	case "", "n":
	case "s":
		c.kind = sharedCell
	case "inlineStr":
		c.kind = inlineCell
	case "str":
		c.kind = textCell
	case "b", "e", "d":
		c.kind = cellKind(raw[0])
	default:
		return s.malformedCell(c, "is of the unknown type %.20q", raw)
	}
	return nil
}

func (s *sheetScanner) malformedCell(c *cell, format string, args ...any) error {
	return malformed("the cell %s%s %s", formats.ColumnLetters(c.column), s.digits, fmt.Sprintf(format, args...))
}

// column reads a cell's reference, which must name the row being read and a column after the last.
func (s *sheetScanner) column(ref []byte, next int) (int, error) {
	column, letters := 0, 0
	for letters < len(ref) && letters < 4 && ref[letters]|0x20 >= 'a' && ref[letters]|0x20 <= 'z' {
		column = column*26 + int(ref[letters]|0x20-'a') + 1
		letters++
	}
	switch {
	case letters == 0:
		return 0, malformed("a cell has the reference %.20q", ref)
	case column > maxColumns:
		return 0, malformed("the cell %.20s is beyond the last column that a sheet can have, XFD", ref)
	case string(ref[letters:]) != string(s.digits):
		return 0, malformed("the cell %.20q stands in row %s", ref, s.digits)
	case column <= next:
		return 0, malformed("the cell %.20s stands after one of its own or a later column", ref)
	}
	return column - 1, nil
}

// content reads what stands in the cell whose start tag was just read.
func (s *sheetScanner) content(c *cell) error {
	for depth := s.depth - 1; s.depth > depth; {
		t, err := s.next()
		if err != nil {
			return err
		}
		switch {
		case t.kind == charData && !blank(t.text):
			return s.malformedCell(c, "holds text outside of its value")
		case t.kind != startTag:
		case string(t.name) == "v" || string(t.name) == "is":
			err = s.cellValue(c, string(t.name) == "is")
		case string(t.name) == "f":
			c.formula = true
			err = s.skip()
		default:
			err = s.skip()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sheetScanner) cellValue(c *cell, rich bool) (err error) {
	if c.valued {
		return s.malformedCell(c, "has two values")
	}
	c.valued = true
	if rich && c.kind != inlineCell {
		c.kind = textCell
	}
	if rich {
		s.value, err = s.appendRich(s.value[:0])
	} else if s.value, err = s.appendContent(s.value[:0]); err == nil && (c.kind == textCell || c.kind == inlineCell) {
		s.value = unescape(s.value, 0)
	}
	c.value = s.value
	return err
}

// emit adds a cell to the block, and the empty cells before it, when it has text.
func (s *sheetScanner) emit(b *formats.Block, first int, c *cell) error {
	from, kind := len(b.Text), formats.Value
	if c.formula && len(c.value) == 0 && (c.kind != textCell || !c.valued) {
		b.Text = append(b.Text, NotCalculated...)
		kind = formats.Failure
	} else if len(c.value) > 0 {
		if err := s.appendValue(b, c); err != nil {
			return err
		}
	}
	if c.kind == errorCell && len(b.Text) > from {
		kind = formats.Failure
	}
	if len(b.Text) == from {
		return nil
	}
	if c.column > len(b.Cells)-first {
		if err := s.gap(b, first, c.column); err != nil {
			return err
		}
	}
	b.Cells = append(b.Cells, formats.Cell{Start: uint32(from), End: uint32(len(b.Text)), Kind: kind})
	return nil
}

// gap adds empty cells to the row whose cells start at first, until it has that many.
func (s *sheetScanner) gap(b *formats.Block, first, cells int) error {
	has := len(b.Cells) - first
	s.rows.gaps += int64(max(0, cells-max(has, s.width)))
	if s.rows.gaps > maxGaps {
		return malformed("too many cells stand far to the right of the header")
	}
	at := uint32(len(b.Text))
	b.Cells = slices.Grow(b.Cells, cells-has)
	for ; has < cells; has++ {
		b.Cells = append(b.Cells, formats.Cell{Start: at, End: at})
	}
	return nil
}

// appendValue adds what a cell's value reads as to the block's text.
func (s *sheetScanner) appendValue(b *formats.Block, c *cell) error {
	switch c.kind {
	case sharedCell:
		text, found, err := s.strings.find(trim(c.value))
		if err != nil {
			return err
		}
		if !found {
			return s.malformedCell(c, "names the shared string %.20q, there are %d", c.value, s.strings.table.count())
		}
		b.Text = append(b.Text, text...)
	case numberCell:
		return s.appendNumber(b, c)
	case booleanCell:
		switch value := trim(c.value); string(value) {
		case "1", "true":
			b.Text = append(b.Text, "TRUE"...)
		case "0", "false":
			b.Text = append(b.Text, "FALSE"...)
		default:
			return s.malformedCell(c, "has the boolean value %.20q", value)
		}
	case errorCell, dateCell:
		b.Text = append(b.Text, trim(c.value)...)
	default:
		b.Text = append(b.Text, c.value...)
	}
	return nil
}

func (s *sheetScanner) appendNumber(b *formats.Block, c *cell) error {
	if int(c.style) >= len(s.styles.cells) && c.style > 0 && s.rows.unstyled == 0 {
		s.rows.unstyled = s.rows.last
	}
	if blank(c.value) {
		return nil
	}
	var result numberResult
	b.Text, result = appendNumber(b.Text, c.value, s.styles.format(c.style), s.from1904)
	switch {
	case result == notANumber:
		return s.malformedCell(c, "has the value %.40q, which is no number", c.value)
	case result == digitsLost && s.rows.cut == 0:
		s.rows.cut = s.rows.last
	}
	return nil
}
