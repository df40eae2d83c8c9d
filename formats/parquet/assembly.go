package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"bulkload/formats"
)

// The size of blocks.
const (
	blockRows  = 1024
	blockBytes = 1 << 20
	blockCells = 1 << 18
	keptBytes  = 8 << 20 // a block with more text is not kept for its next use
	maxWorkers = 8       // that show columns; each has decoders of its own
	probeRows  = 64      // shown first, to learn how long rows are
	batchCells = 1 << 10 // moved to a block at once, so few that they stay in the processor's cache
	fewCells   = 1 << 11 // not worth to be divided among workers
)

// assembler makes drafts of blocks out of a file's columns, in rounds: all columns show the same rows,
// each on its own, and then their text moves to its place in the block. Columns are shared out among
// as many workers as there are processors; one goroutine owns them and waits for each round's end.
type assembler struct {
	header  *formats.Header
	footer  *footer
	columns []*column
	workers []*pageSource
	blocks  chan *formats.Block // released ones
	drafts  chan *draft         // finished ones

	group     int   // row groups opened
	groupLeft int64 // rows of the open one that no block has
	row       int64 // rows of the file that were taken
	rows      int   // of a block, at most

	shares uint64          // works shared so far
	claims []atomic.Uint64 // by part of one: the last work in which it was begun
}

func newAssembler(file *pageFile, footer *footer, fields []field) *assembler {
	rows := max(1, min(blockRows, blockCells/len(fields)))
	a := &assembler{
		header: &formats.Header{},
		footer: footer,
		blocks: make(chan *formats.Block, 16),
		drafts: make(chan *draft, 4),
		rows:   rows,
	}
	for range min(runtime.GOMAXPROCS(0), maxWorkers, len(fields)) {
		a.workers = append(a.workers, &pageSource{pageFile: file})
	}
	for _, f := range fields {
		a.header.Names = append(a.header.Names, f.name)
		c := &column{field: f, tableBytes: blockBytes / 2 / len(fields)}
		c.lists.offsets = []uint32{0}
		a.columns = append(a.columns, c)
	}
	return a
}

func (a *assembler) close() {
	for _, source := range a.workers {
		source.close()
	}
}

// next returns a draft of the next block, io.EOF after the last. When ctx ends before, a later call
// goes on.
func (a *assembler) next(ctx context.Context) (*draft, error) {
	for a.groupLeft == 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		more, err := a.nextGroup()
		if err != nil {
			return nil, err
		}
		if !more {
			return nil, io.EOF
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	want := a.choose()
	if err := a.each(want*len(a.columns), func(c *column) error { return c.showRows(want, a.limit(c, want)) }); err != nil {
		return nil, err
	}
	return a.take(), nil
}

func (a *assembler) newDraft() *draft {
	var d *draft
	select {
	case d = <-a.drafts:
	default:
		d = &draft{parts: make([]part, len(a.columns))}
	}
	select {
	case d.block = <-a.blocks:
		d.block.Reset()
	default:
		d.block = formats.NewBlock(a.recycle)
	}
	d.block.Header = a.header
	return d
}

// keep keeps a finished draft for its next use.
func (a *assembler) keep(d *draft) {
	d.block = nil
	select {
	case a.drafts <- d:
	default:
	}
}

// recycle keeps a released block for its next use, unless long rows have swollen it.
func (a *assembler) recycle(b *formats.Block) {
	if cap(b.Text) > keptBytes {
		return
	}
	select {
	case a.blocks <- b:
	default:
	}
}

// nextGroup checks that nothing is left of the open row group and opens the next.
func (a *assembler) nextGroup() (more bool, err error) {
	if a.group > 0 {
		if err := a.each(0, (*column).finish); err != nil {
			return false, err
		}
	}
	if a.group == len(a.footer.groups) {
		return false, nil
	}
	group := &a.footer.groups[a.group]
	a.group++
	a.groupLeft = group.rows
	next := 0
	return true, a.each(0, func(c *column) error {
		next++
		return c.open(group.chunks[next-1], group.rows)
	})
}

// choose tells how many rows to show next, after how long they were of late. The text of tables takes
// half of a block at most.
func (a *assembler) choose() int {
	n := int(min(int64(a.rows), a.groupLeft))
	if a.row == 0 {
		return min(n, probeRows)
	}
	size, room := 0.0, blockBytes
	for _, c := range a.columns {
		size += c.size
		room -= len(c.dictionary.text)
	}
	if size*float64(n) > float64(room) {
		n = max(1, int(float64(room)/size))
	}
	return n
}

// limit is the length of the text of n rows at which a column stops early: far more than expected,
// so that few rows are shown for a later block, and so little that all columns together stay small.
func (a *assembler) limit(c *column, n int) int {
	return int(4*min(c.size*float64(n), blockBytes)) + 2*blockBytes/len(a.columns)
}

// take drafts a block of the rows that all columns show.
func (a *assembler) take() *draft {
	d, n, size := a.newDraft(), a.rows, 0
	for _, c := range a.columns {
		n = min(n, c.ready())
		size += len(c.readyText())
	}
	b := d.block
	b.Text = slices.Grow(b.Text, size)
	for i, c := range a.columns {
		shift := uint32(len(b.Text))
		b.Text = append(b.Text, c.readyText()...)
		c.give(n, &d.parts[i], shift)
	}
	d.row, d.rows = a.row, n
	a.row += int64(n)
	a.groupLeft -= int64(n)
	return d
}

// draft is a block that has its text already, and its cells by columns. Whoever asks for the block
// finishes it, and so has its cells in the cache of his processor, while the next one is drafted on
// another (BenchmarkRead).
type draft struct {
	block *formats.Block
	parts []part
	row   int64 // rows of the file before
	rows  int
}

// part is the rows of a column: cells, or places in a table of cells.
type part struct {
	cells  []formats.Cell
	places []uint32
	table  []formats.Cell
	shift  uint32 // where their text begins in the block
}

// finish puts the cells in their places, leaves out the rows that have no text, and tells how many
// these are.
func (d *draft) finish() (blank int) {
	b, stride := d.block, len(d.parts)
	b.Cells = slices.Grow(b.Cells, d.rows*stride)[:d.rows*stride]
	rows := max(1, batchCells/stride)
	for start := 0; start < d.rows; start += rows {
		end := min(start+rows, d.rows)
		for i := range d.parts {
			d.parts[i].move(b.Cells[start*stride+i:], start, end, stride)
		}
	}
	to := 0
	for i := range d.rows {
		row := b.Cells[i*stride : (i+1)*stride]
		if formats.Blank(b.Text, row) {
			blank++
			continue
		}
		if blank > 0 {
			copy(b.Cells[to:], row)
		}
		b.Marks = append(b.Marks, formats.RowMark{First: uint32(to), Row: d.row + int64(i) + 1})
		to += stride
	}
	b.Cells = b.Cells[:to]
	return blank
}

// move writes the cells of some rows to every stride-th place of to, with their text where the block
// has it.
func (p *part) move(to []formats.Cell, start, end, stride int) {
	at, shift, table := 0, p.shift, p.table
	if len(p.places) > 0 {
		for _, place := range p.places[start:end] {
			from, cell := &table[place], &to[at]
			cell.Start, cell.End, cell.Kind = from.Start+shift, from.End+shift, from.Kind
			at += stride
		}
		return
	}
	cells := p.cells[start:end]
	for i := range cells {
		from, cell := &cells[i], &to[at]
		cell.Start, cell.End, cell.Kind = from.Start+shift, from.End+shift, from.Kind
		at += stride
	}
}

// each does something with every column, which will make so many cells. Of several errors it returns
// the one of the first row, and of the first column there, so that a file has the same one on any
// machine.
func (a *assembler) each(cells int, do func(*column) error) error {
	a.share(len(a.columns), cells, func(part int, source *pageSource) { a.columns[part].guard(source, do) })
	return a.firstError()
}

// share does the parts of a work and waits for them: in order when there are few cells to make, else
// by all workers at once. Each begins at a place of its own and goes on with what the others have not
// begun, so that a column mostly stays in the cache of one processor (BenchmarkRead).
func (a *assembler) share(parts, cells int, do func(part int, source *pageSource)) {
	if cells < fewCells || len(a.workers) == 1 {
		for part := range parts {
			do(part, a.workers[0])
		}
		return
	}
	if len(a.claims) < parts {
		a.claims = make([]atomic.Uint64, 2*parts)
	}
	a.shares++
	work := func(worker int) {
		first := worker * parts / len(a.workers)
		for i := range parts {
			if part := (first + i) % parts; a.claim(part) {
				do(part, a.workers[worker])
			}
		}
	}
	var running sync.WaitGroup
	for worker := 1; worker < len(a.workers); worker++ {
		running.Go(func() { work(worker) })
	}
	work(0)
	running.Wait()
}

// claim reports whether a part of the shared work is the caller's, who is the first to ask.
func (a *assembler) claim(part int) bool {
	was := a.claims[part].Load()
	return was != a.shares && a.claims[part].CompareAndSwap(was, a.shares)
}

// guard does something with the column and keeps its error. That no check has foreseen a way in which
// a file breaks the decoder must not end the program.
func (c *column) guard(source *pageSource, do func(*column) error) {
	defer func() {
		if cause := recover(); cause != nil {
			c.err = fmt.Errorf("the column breaks the decoder: %v", cause)
		}
	}()
	c.source = source
	c.err = do(c)
}

func (a *assembler) firstError() error {
	var first *column
	for _, c := range a.columns {
		if c.err != nil && (first == nil || c.ready() < first.ready()) {
			first = c
		}
	}
	if first == nil {
		return nil
	}
	return a.wrap(first)
}

// wrap turns a column's error into one of the file, with its row group, column and row. What the
// disk has failed to read stays what it is.
func (a *assembler) wrap(c *column) error {
	var syntax *formats.SyntaxError
	var disk *diskError
	if errors.As(c.err, &disk) {
		return c.err
	}
	wrapped := &formats.SyntaxError{Reason: fmt.Sprintf("row group %d, column %q", a.group, c.path), Err: c.err}
	if errors.As(c.err, &syntax) {
		wrapped.Advice = syntax.Advice
	}
	if row := a.row + int64(c.ready()) + 1; row <= a.footer.rows {
		wrapped.Place.Row = row
	}
	return wrapped
}
