// Package parquet reads and writes Parquet feeds.
//
// A file's bytes are read by our own decoder: every length is compared with the file, or with a
// limit, before memory is taken for it, page checksums are verified, and row counts are compared
// with the footer's. Files are written by parquet-go, which is also the tests' oracle.
package parquet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"bulkload/formats"
)

// The size of blocks.
const (
	blockRows  = 4096
	blockBytes = 1 << 20
	blockCells = 1 << 18
	keptBytes  = 8 << 20 // a block with more text is not kept for its next use
)

// Reader reads the rows of a Parquet file in blocks. Columns of plain values become cells with
// their text, lists become cells with their items joined by |, and a | or \ within an item is
// escaped by \; a null within a list is an empty item. A value that is no number is a Failure.
// The memory it takes depends on the file's pages and its number of columns, not on its rows.
type Reader struct {
	header  *formats.Header
	footer  *footer
	source  *pageSource
	columns []*column
	free    chan *formats.Block

	group     int   // row groups opened
	groupLeft int64 // rows of the open one that no block has
	row       int64 // rows of the file that were read
	blocks    uint32
	rows      int // of a block, at most
	filled    []bool
	tally     formats.Tally
	doing     string // what is read, for when the decoder breaks
	err       error  // why there is no next block
}

// NewReader opens a Parquet file of size bytes. A file that is not Parquet, is cut or damaged, asks
// for more than the limits, or has columns that no cell can hold, gives a *formats.SyntaxError. The
// options say nothing about Parquet. The caller closes the file after the reader.
func NewReader(file io.ReaderAt, size int64, _ formats.Options) (r *Reader, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			r, err = nil, broken("the footer", cause)
		}
	}()
	footer, err := readFooter(file, size)
	if err != nil {
		return nil, err
	}
	fields, err := readSchema(footer.schema)
	if err != nil {
		return nil, err
	}
	for g := range footer.groups {
		if have := len(footer.groups[g].chunks); have != len(fields) {
			return nil, damaged(fmt.Sprintf("row group %d has %d columns, and the schema %d", g+1, have, len(fields)), nil)
		}
	}
	return newReader(file, footer, fields), nil
}

func newReader(file io.ReaderAt, footer *footer, fields []field) *Reader {
	rows := max(1, min(blockRows, blockCells/len(fields)))
	r := &Reader{
		header: &formats.Header{},
		footer: footer,
		source: &pageSource{file: file},
		free:   make(chan *formats.Block, 16),
		rows:   rows,
		filled: make([]bool, rows),
	}
	for _, f := range fields {
		r.header.Names = append(r.header.Names, f.name)
		c := &column{field: f, source: r.source}
		c.lists.offsets = []uint32{0}
		r.columns = append(r.columns, c)
	}
	return r
}

// Header names the columns.
func (r *Reader) Header() *formats.Header { return r.header }

// Tally says how many rows were given out so far, and how many had no text.
func (r *Reader) Tally() formats.Tally { return r.tally }

// Consumed is about how many bytes of the file were read so far. It may be asked at any time.
func (r *Reader) Consumed() int64 { return r.source.consumed.Load() }

// Close releases what the reader holds, but for blocks that are not released yet.
func (r *Reader) Close() error {
	r.source.close()
	if r.err == nil {
		r.err = errors.New("the Parquet reader is closed")
	}
	return nil
}

// Next returns the next block. After an error it returns the same one again.
func (r *Reader) Next(ctx context.Context) (*formats.Block, error) {
	if r.err != nil {
		return nil, r.err
	}
	b := r.newBlock()
	if r.err = r.fill(ctx, b); r.err == nil && b.Len() == 0 {
		r.err = io.EOF
	}
	if r.err != nil {
		b.Release()
		return nil, r.err
	}
	r.tally.Rows += int64(b.Len())
	return b, nil
}

func (r *Reader) newBlock() *formats.Block {
	r.blocks++
	var b *formats.Block
	select {
	case b = <-r.free:
		b.Reset()
	default:
		b = formats.NewBlock(r.recycle)
	}
	b.Header = r.header
	return b
}

func (r *Reader) recycle(b *formats.Block) {
	if cap(b.Text) > keptBytes {
		return
	}
	select {
	case r.free <- b:
	default:
	}
}

// fill puts rows into the block until it is full or the file ends.
func (r *Reader) fill(ctx context.Context, b *formats.Block) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = broken(r.doing, cause)
		}
	}()
	for b.Len() < r.rows && len(b.Text) < blockBytes*3/4 {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.groupLeft == 0 {
			more, err := r.nextGroup()
			if err != nil || !more {
				return err
			}
			continue
		}
		n, err := r.strip(b)
		if err != nil {
			return err
		}
		if err := r.take(b, n); err != nil {
			return err
		}
	}
	return nil
}

// nextGroup checks that nothing is left of the open row group and opens the next.
func (r *Reader) nextGroup() (more bool, err error) {
	if r.group > 0 {
		if err := r.each((*column).finish); err != nil {
			return false, err
		}
	}
	if r.group == len(r.footer.groups) {
		return false, nil
	}
	group := &r.footer.groups[r.group]
	r.group++
	r.groupLeft = group.rows
	next := 0
	return true, r.each(func(c *column) error {
		next++
		return c.open(group.chunks[next-1], group.rows)
	})
}

// strip loads pages where they are used up, and tells how many rows all columns have ready and the
// block has room for: one at least.
func (r *Reader) strip(b *formats.Block) (int, error) {
	n := int(min(int64(r.rows-b.Len()), r.groupLeft))
	err := r.each(func(c *column) error {
		err := c.load()
		n = min(n, c.rows)
		return err
	})
	room := blockBytes - len(b.Text)
	for ; n > 1; n /= 2 {
		size := 0
		for _, c := range r.columns {
			size += c.likelySize(n)
		}
		if size <= room {
			break
		}
	}
	return n, err
}

// take moves the next n rows from the columns to the block, column by column.
func (r *Reader) take(b *formats.Block, n int) error {
	stride, first := len(r.columns), len(b.Cells)
	b.Cells = slices.Grow(b.Cells, n*stride)[:first+n*stride]
	filled := r.filled[:n]
	clear(filled)
	for i, c := range r.columns {
		r.doing = c.path
		if row, err := c.take(b, b.Cells[first+i:], n, stride, filled, r.blocks); err != nil {
			return r.wrap(c, r.row+int64(row)+1, err)
		}
	}
	r.mark(b, first, filled)
	r.row += int64(n)
	r.groupLeft -= int64(n)
	return nil
}

// mark adds the rows that have text to the block and drops the cells of the others.
func (r *Reader) mark(b *formats.Block, first int, filled []bool) {
	stride, to := len(r.columns), first
	for i, has := range filled {
		if !has {
			r.tally.Blank++
			continue
		}
		if from := first + i*stride; from != to {
			copy(b.Cells[to:to+stride], b.Cells[from:])
		}
		b.Marks = append(b.Marks, formats.RowMark{First: uint32(to), Row: r.row + int64(i) + 1})
		to += stride
	}
	b.Cells = b.Cells[:to]
}

// each does something with every column, and names the column of the first error.
func (r *Reader) each(do func(*column) error) error {
	for _, c := range r.columns {
		r.doing = c.path
		if err := do(c); err != nil {
			return r.wrap(c, r.row+1, err)
		}
	}
	return nil
}

// wrap turns an error of a column into one of the file, with its row group, column and row. What
// the disk has failed to read stays what it is.
func (r *Reader) wrap(c *column, row int64, err error) error {
	var syntax *formats.SyntaxError
	var disk *diskError
	if errors.As(err, &disk) {
		return err
	}
	wrapped := &formats.SyntaxError{Reason: fmt.Sprintf("row group %d, column %q", r.group, c.path), Err: err}
	if errors.As(err, &syntax) {
		wrapped.Advice = syntax.Advice
	}
	if row <= r.footer.rows {
		wrapped.Place.Row = row
	}
	return wrapped
}

// broken says that decoding failed in a way that no check foresaw.
func broken(doing string, cause any) error {
	return &formats.SyntaxError{Reason: fmt.Sprintf("the Parquet file is damaged at %q", doing), Err: fmt.Errorf("decoder: %v", cause)}
}
