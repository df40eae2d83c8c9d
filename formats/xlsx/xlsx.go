// Package xlsx reads feeds from workbooks and writes workbooks, as streams.
//
// # What a cell reads as
//
// Text reads as it stands, blanks and line ends included; the runs of rich text are joined, without
// phonetic ones. Booleans read TRUE and FALSE, dates of type d as they stand.
//
// A number reads as the shortest decimal of at most 15 significant digits, which is all that a
// spreadsheet program shows or keeps, without an exponent between 1e-9 and 1e21. Its number format
// matters in these cases only:
//   - dates read 2006-01-02, with a time of day 2006-01-02T15:04:05, times alone 15:04:05,
//     durations such as [h]:mm read 37:30:00. Fractions of a second are kept as far as the format
//     shows them. A number that has no date (negative, after the year 9999, day 0 of the epoch of
//     1900) stays a number, and a date and time before day 1 reads as the time alone;
//   - leading zeros that the format shows are kept: 123 as 00000 reads 00123. The signs that the format
//     puts between or around the digits come with them. Numbers that are negative or not whole stay
//     as they are.
//
// A percentage stays its number: 15 % reads 0.15. So do amounts with a currency or thousands signs.
//
// A formula reads as the value last calculated; if there is none, the cell is a Failure whose text
// is NotCalculated. Errors such as #REF! are Failures. Merged cells have their value in the first
// cell only, unless formats.Options.FillMerged asks for more. Hidden rows and columns are read. Rows without text are left out, and counted up to
// the last row with text: sheets often carry formats far below it.
package xlsx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync/atomic"

	"bulkload/formats"
)

// A Reader yields the rows of one worksheet. It implements formats.Reader.
type Reader struct {
	book     *workbook
	strings  *sharedStrings
	styles   *styles
	index    int // of the sheet
	sheet    *sheetScanner
	header   *formats.Header
	pending  *formats.Block // rows read while the header was looked for
	free     chan *formats.Block
	tally    formats.Tally
	consumed atomic.Int64
	tune     tuning
	ahead    *ahead // nil when the rows are read in turn
	err      error  // what Next gives from now on
}

// NewReader opens a workbook of that many bytes and finds the sheet and its header: the sheet that
// o names; else the one that o prefers, if it is visible; else the first visible one that has
// cells. An error that is the workbook's fault is a *formats.SyntaxError.
func NewReader(file io.ReaderAt, size int64, o formats.Options) (*Reader, error) {
	return newReader(file, size, o, tuning{window: firstWindow, spill: spillAt, chunk: chunkSize, workers: min(runtime.GOMAXPROCS(0), maxWorkers)})
}

// tuning is what tests change to make the reader take its less common ways.
type tuning struct {
	window  int  // bytes of a part that are held at first
	plain   bool // see sheetScanner
	spill   int  // bytes of shared strings that are held in memory
	chunk   int  // bytes that are scanned ahead at once
	workers int  // goroutines that do so, the reader's own among them; fewer than two: rows are read in turn
}

func newReader(file io.ReaderAt, size int64, o formats.Options, tune tuning) (*Reader, error) {
	a, err := openArchive(file, size)
	if err != nil {
		return nil, err
	}
	r := &Reader{free: make(chan *formats.Block, 16), tune: tune}
	if r.book, err = openWorkbook(a, tune.window); err != nil {
		return nil, err
	}
	candidates, err := r.book.candidates(o)
	if err != nil {
		return nil, err
	}
	if r.styles, err = r.book.readStyles(); err != nil {
		return nil, err
	}
	if r.strings, err = r.book.readStrings(tune.spill); err != nil {
		return nil, err
	}
	if err := r.find(candidates, o); err != nil {
		return nil, errors.Join(err, r.strings.close())
	}
	r.remarkSheets(o)
	return r, nil
}

// find opens the first sheet that has cells.
func (r *Reader) find(candidates []int, o formats.Options) error {
	passed := int64(0)
	for i, index := range candidates {
		if found, err := r.open(index, o); found || err != nil {
			return err
		}
		if passed += r.sheet.offset(); passed > maxPassed && i+1 < len(candidates) {
			return &formats.SyntaxError{Reason: fmt.Sprintf("the first %d sheets of the workbook are large, but have no cells with text", i+1),
				Advice: "name the sheet to read: " + names(r.book.sheets)}
		}
	}
	return r.emptyError(candidates)
}

// maxPassed is how much is read of sheets without text before the user must name the right one, in bytes.
const maxPassed = 24 << 20

// candidates lists the sheets to try, in order.
func (w *workbook) candidates(o formats.Options) ([]int, error) {
	if o.Sheet != "" {
		if i := w.findSheet(o.Sheet); i >= 0 {
			return []int{i}, nil
		}
		return nil, &formats.SyntaxError{Reason: fmt.Sprintf("the workbook has no sheet %q", o.Sheet),
			Advice: "its sheets are " + names(w.sheets)}
	}
	if i := w.findSheet(o.Prefer); o.Prefer != "" && i >= 0 && !w.sheets[i].Hidden {
		return []int{i}, nil
	}
	var visible []int
	for i, s := range w.sheets {
		if !s.Hidden {
			visible = append(visible, i)
		}
	}
	if len(visible) == 0 {
		return nil, &formats.SyntaxError{Reason: "all sheets of the workbook are hidden",
			Advice: "name the one to read: " + names(w.sheets)}
	}
	return visible, nil
}

func (r *Reader) emptyError(tried []int) error {
	e := &formats.SyntaxError{Place: formats.Place{Sheet: r.book.sheets[tried[0]].Name}, Reason: "the sheet is empty"}
	if len(tried) > 1 {
		e.Place, e.Reason = formats.Place{}, "all visible sheets of the workbook are empty"
	}
	if len(r.book.sheets) > len(tried) {
		e.Advice = "its sheets are " + names(r.book.sheets)
	}
	return e
}

// open starts to read a sheet and finds its header. It is not found when the sheet has no cells.
func (r *Reader) open(index int, o formats.Options) (found bool, err error) {
	r.index = index
	var merges []merged
	if o.FillMerged {
		if merges, err = r.findMerged(); err != nil {
			return false, err
		}
		r.tune.workers = 0 // what a row is filled with depends on the rows before it
	}
	if err := r.startSheet(); err != nil {
		return false, err
	}
	if o.FillMerged {
		r.sheet.filler = newFiller(merges)
	}
	found, err = r.findHeader(o)
	r.book.buffer = r.sheet.buffer
	return found, err
}

func (r *Reader) startSheet() error {
	r.consumed.Store(0)
	p, err := r.book.archive.open(r.book.targets[r.index], maxSheet, &r.consumed)
	if err != nil {
		return err
	}
	r.sheet = &sheetScanner{scanner: newScanner(p, r.book.buffer), sheet: r.Sheet(), strings: r.strings.finder(), styles: r.styles,
		from1904: r.book.from1904, plain: r.tune.plain, width: maxColumns, rowText: maxRowText}
	return r.sheet.head()
}

// findMerged reads the sheet to its end, where the merged cells are named.
func (r *Reader) findMerged() ([]merged, error) {
	if err := r.startSheet(); err != nil {
		return nil, err
	}
	r.sheet.merging = true
	b := formats.NewBlock(nil)
	for !r.sheet.done {
		b.Reset()
		if err := r.sheet.fill(b, blockRows); err != nil {
			return nil, err
		}
	}
	r.book.buffer = r.sheet.buffer
	return r.sheet.merges, nil
}

// Header names the columns.
func (r *Reader) Header() *formats.Header { return r.header }

// Sheet is the name of the sheet being read.
func (r *Reader) Sheet() string { return r.book.sheets[r.index].Name }

// Sheets lists the workbook's worksheets in their order.
func (r *Reader) Sheets() []Sheet { return r.book.sheets }

// Consumed is the number of the sheet's compressed bytes read so far. It may be called while
// another goroutine uses the reader.
func (r *Reader) Consumed() int64 { return r.consumed.Load() }

// Tally says what the reader has met so far. Merged cells and hidden rows are known at the end only.
func (r *Reader) Tally() formats.Tally {
	t := r.tally
	t.Blank = r.sheet.rows.blank
	t.Remarks = append(t.Remarks[:len(t.Remarks):len(t.Remarks)], r.sheet.remarks()...)
	return t
}

// Close releases what the reader holds and ends its goroutines; the file below stays open. The
// blocks given out stay as they are. It must be
// called in the end.
func (r *Reader) Close() error {
	if r.err == nil {
		r.err = os.ErrClosed
	}
	r.pending = nil
	r.endAhead()
	return r.strings.close()
}

func (r *Reader) endAhead() {
	if r.ahead != nil {
		r.ahead.end()
		r.ahead = nil
	}
}

// Next returns the next rows. When the context is done it returns its error, and may be called again.
func (r *Reader) Next(ctx context.Context) (*formats.Block, error) {
	if r.err != nil {
		return nil, r.err
	}
	b, err := r.next(ctx)
	if err == nil {
		r.tally.Rows += int64(b.Len())
		return b, nil
	}
	if err != ctx.Err() {
		r.err = err
		r.endAhead()
	}
	return nil, err
}

func (r *Reader) next(ctx context.Context) (*formats.Block, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	b := r.pending
	r.pending = nil
	if r.ahead == nil && r.tune.workers > 1 && r.sheet.goesOn() {
		r.ahead = startAhead(r.sheet, r.tune.workers, r.tune.chunk, r.block)
		r.sheet.ahead = r.ahead
	}
	for b == nil || b.Len() == 0 {
		if b != nil {
			b.Release()
		}
		var err error
		if b, err = r.more(ctx); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// more returns a block of rows that were read ahead, or else reads one. It may be empty.
func (r *Reader) more(ctx context.Context) (*formats.Block, error) {
	if r.sheet.atSeam() {
		c, err := r.ahead.next(ctx)
		if err != nil {
			return nil, err
		}
		if r.sheet.rows.follow(c.rows) {
			b := c.block
			r.ahead.leave(c.taken)
			return b, nil
		}
		c.block.Release()
		r.ahead.leave(0)
	}
	b := r.block()
	if err := r.sheet.fill(b, blockRows); err != nil {
		return nil, err
	}
	if b.Len() == 0 && r.sheet.done {
		return nil, io.EOF
	}
	return b, nil
}

// block returns an empty block, if possible one that was used before.
func (r *Reader) block() *formats.Block {
	var b *formats.Block
	select {
	case b = <-r.free:
		b.Reset()
	default:
		b = formats.NewBlock(r.recycle)
		text, cells, rows := startText, startCells, startRows
		if r.tune.workers > 1 {
			text, cells, rows = chunkText, chunkCells, chunkRows
		}
		b.Text = make([]byte, 0, text)
		b.Cells = make([]formats.Cell, 0, cells)
		b.Marks = make([]formats.RowMark, 0, rows)
	}
	b.Header, b.Sheet = r.header, r.Sheet()
	return b
}

// recycle keeps a block for its next use, unless one huge row made it too large to keep.
func (r *Reader) recycle(b *formats.Block) {
	if cap(b.Text) > 4*blockText || cap(b.Cells) > 4*blockCells {
		return
	}
	select {
	case r.free <- b:
	default:
	}
}

// remarkSheets tells of the visible sheets that are left out.
func (r *Reader) remarkSheets(o formats.Options) {
	var others []Sheet
	for i, s := range r.book.sheets {
		if i != r.index && !s.Hidden {
			others = append(others, s)
		}
	}
	if o.Sheet == "" && len(others) > 0 {
		r.remark(0, fmt.Sprintf("only the sheet %q is read, not %s", r.Sheet(), names(others)))
	}
	if r.book.sheets[r.index].Hidden {
		r.remark(0, "the sheet is hidden")
	}
}

func (r *Reader) remark(row int64, text string) {
	r.tally.Remarks = append(r.tally.Remarks, formats.Remark{Place: formats.Place{Sheet: r.Sheet(), Row: row}, Text: text})
}

// remarks tells of what the scanner has met.
func (s *sheetScanner) remarks() []formats.Remark {
	var list []formats.Remark
	add := func(row int64, format string, args ...any) {
		list = append(list, formats.Remark{Place: formats.Place{Sheet: s.sheet, Row: row}, Text: fmt.Sprintf(format, args...)})
	}
	if s.rows.columns > 0 {
		add(0, "the sheet has hidden columns; they are read")
	}
	if s.rows.hidden > 0 {
		add(0, "hidden rows: %d; they are read", s.rows.hidden)
	}
	if s.rows.merged > 0 && s.filler == nil {
		add(0, "merged ranges: %d; only the first cell of each has a value", s.rows.merged)
	} else if s.rows.merged > 0 {
		add(0, "merged ranges: %d; the value of each is filled down", s.rows.merged)
	}
	if last := s.rows.last; s.done && s.states.rows > 0 {
		if last < s.states.rows {
			add(0, "the sheet says that it covers %s, but its rows end at %d: see that it is whole", s.states.text, last)
		}
		if last > s.states.rows || s.rows.widest > s.states.columns {
			add(0, "the sheet says that it covers %s, but has cells outside; they are read", s.states.text)
		}
	}
	if s.rows.unstyled > 0 {
		add(s.rows.unstyled, "a number's style is missing in the workbook: if it is a date, it reads as a number")
	}
	if s.rows.cut > 0 {
		add(s.rows.cut, "a number has more than %d digits and lost those after, as in a spreadsheet program; such a column must be text", significant)
	}
	return list
}
