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
	blockRows  = 2048
	blockBytes = 1 << 20
	blockCells = 1 << 18
	keptBytes  = 8 << 20 // a block with more text is not kept for its next use
	maxWorkers = 8       // that show columns; each has decoders of its own
	probeRows  = 64      // shown first, to learn how long rows are
	batchCells = 1 << 10 // moved to a block at once, so few that they stay in the processor's cache
	fewCells   = 1 << 11 // not worth to be divided among workers
)

// assembler makes blocks of a file's columns, in rounds: all columns make text of the same rows, each
// on its own, and then its cells and text move to their places in the block. Both are shared out among
// as many workers as there are processors; one goroutine owns them and waits for each round's end.
type assembler struct {
	header  *formats.Header
	footer  *footer
	columns []*column
	workers []*pageSource
	free    chan *formats.Block

	begun     *formats.Block // when its making was interrupted
	group     int            // row groups opened
	groupLeft int64          // rows of the open one that no block has
	row       int64          // rows of the file that were taken
	rows      int            // of a block, at most
	blank     int64
	filled    []uint32 // by row of a round: not 0 when it has text

	shares uint64          // works shared so far
	claims []atomic.Uint64 // by part of one: the last work in which it was begun
}

func newAssembler(file *pageFile, footer *footer, fields []field) *assembler {
	rows := max(1, min(blockRows, blockCells/len(fields)))
	a := &assembler{
		header: &formats.Header{},
		footer: footer,
		free:   make(chan *formats.Block, 16),
		rows:   rows,
		filled: make([]uint32, rows),
	}
	for range min(runtime.GOMAXPROCS(0), maxWorkers, len(fields)) {
		a.workers = append(a.workers, &pageSource{pageFile: file})
	}
	for _, f := range fields {
		a.header.Names = append(a.header.Names, f.name)
		c := &column{field: f}
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

// next returns the next block, io.EOF after the last. When ctx ends before, a later call goes on.
func (a *assembler) next(ctx context.Context) (*formats.Block, error) {
	b := a.begun
	if a.begun = nil; b == nil {
		b = a.newBlock()
	}
	err := a.fill(ctx, b)
	switch {
	case err != nil && err == ctx.Err():
		a.begun = b
		return nil, err
	case err == nil && b.Len() == 0:
		err = io.EOF
	}
	if err != nil {
		b.Release()
		return nil, err
	}
	return b, nil
}

func (a *assembler) newBlock() *formats.Block {
	var b *formats.Block
	select {
	case b = <-a.free:
		b.Reset()
	default:
		b = formats.NewBlock(a.recycle)
	}
	b.Header = a.header
	return b
}

func (a *assembler) recycle(b *formats.Block) {
	if cap(b.Text) > keptBytes {
		return
	}
	select {
	case a.free <- b:
	default:
	}
}

// fill puts rows into the block until it is full or the file ends.
func (a *assembler) fill(ctx context.Context, b *formats.Block) error {
	for b.Len() < a.rows && len(b.Text) < blockBytes*3/4 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if a.groupLeft == 0 {
			more, err := a.nextGroup()
			if err != nil || !more {
				return err
			}
			continue
		}
		want := a.choose(b)
		if err := a.each(want*len(a.columns), func(c *column) error { return c.showRows(want, a.limit(c, want)) }); err != nil {
			return err
		}
		a.take(b)
	}
	return nil
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

// choose tells how many rows to show next, after how long they were of late.
func (a *assembler) choose(b *formats.Block) int {
	n := int(min(int64(a.rows-b.Len()), a.groupLeft))
	if a.row == 0 {
		return min(n, probeRows)
	}
	size := 0.0
	for _, c := range a.columns {
		size += c.size
	}
	if room := float64(blockBytes - len(b.Text)); size*float64(n) > room {
		n = max(1, int(room/size))
	}
	return n
}

// limit is the length of the text of n rows at which a column stops early: far more than expected,
// so that few rows are shown for a later block, and so little that all columns together stay small.
func (a *assembler) limit(c *column, n int) int {
	return int(4*min(c.size*float64(n), blockBytes)) + 2*blockBytes/len(a.columns)
}

// take moves the rows that all columns show to the block: text by columns, each for the worker that
// has shown it if possible, and cells by batches of rows.
func (a *assembler) take(b *formats.Block) {
	n, size := a.rows, len(b.Text)
	for _, c := range a.columns {
		c.shift = uint32(size)
		n = min(n, len(c.cells))
		size += len(c.shown)
	}
	stride, first := len(a.columns), len(b.Cells)
	b.Cells = slices.Grow(b.Cells, n*stride)[:first+n*stride]
	b.Text = slices.Grow(b.Text, size-len(b.Text))[:size]
	filled := a.filled[:n]
	clear(filled)
	rows := max(1, batchCells/stride)
	batches := (n + rows - 1) / rows
	a.share(stride, n*stride, func(part int, _ *pageSource) {
		text := a.columns[part]
		copy(b.Text[text.shift:], text.shown)
		for batch := part * batches / stride; batch < (part+1)*batches/stride; batch++ {
			start := batch * rows
			end := min(start+rows, n)
			for i, c := range a.columns {
				c.move(b.Cells[first+start*stride+i:], c.cells[start:end], stride, filled[start:end])
			}
		}
	})
	for _, c := range a.columns {
		c.took(n)
	}
	a.mark(b, first, filled)
	a.row += int64(n)
	a.groupLeft -= int64(n)
}

// move writes cells to every stride-th place of to, with their text where the block has it, and marks
// the rows that have text.
func (c *column) move(to, cells []formats.Cell, stride int, filled []uint32) {
	at, shift := 0, c.shift
	for i := range cells {
		cell, place := &cells[i], &to[at]
		filled[i] |= cell.End - cell.Start
		place.Start, place.End, place.Kind = cell.Start+shift, cell.End+shift, cell.Kind
		at += stride
	}
}

// mark adds the rows that have text to the block and drops the cells of the others.
func (a *assembler) mark(b *formats.Block, first int, filled []uint32) {
	stride, to := len(a.columns), first
	for i, length := range filled {
		if length == 0 {
			a.blank++
			continue
		}
		if from := first + i*stride; from != to {
			copy(b.Cells[to:to+stride], b.Cells[from:])
		}
		b.Marks = append(b.Marks, formats.RowMark{First: uint32(to), Row: a.row + int64(i) + 1})
		to += stride
	}
	b.Cells = b.Cells[:to]
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
		if c.err != nil && (first == nil || len(c.cells) < len(first.cells)) {
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
	if row := a.row + int64(len(c.cells)) + 1; row <= a.footer.rows {
		wrapped.Place.Row = row
	}
	return wrapped
}
