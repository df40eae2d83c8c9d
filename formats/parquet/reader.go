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
	"sync"

	"bulkload/formats"
)

// Reader reads the rows of a Parquet file in blocks. Columns of plain values become cells with
// their text, lists become cells with their items joined by |, and a | or \ within an item is
// escaped by \; a null within a list is an empty item. A value that is no number is a Failure.
// The memory it takes depends on the file's pages and its number of columns, not on its rows.
//
// With more than one processor, the columns of a block are decoded at once, and blocks are drafted
// ahead of Next by a goroutine that ends with the file or with Close.
type Reader struct {
	assembler *assembler
	file      *pageFile
	tally     formats.Tally
	err       error // why there is no next block

	ahead   chan made // nil: blocks are drafted when they are asked for
	stop    context.CancelFunc
	running sync.WaitGroup
}

// made is a draft of a block, or why there is none.
type made struct {
	draft *draft
	err   error
}

// NewReader opens a Parquet file of size bytes. A file that is not Parquet, is cut or damaged, asks
// for more than the limits, or has columns that no cell can hold, gives a *formats.SyntaxError. The
// options say nothing about Parquet. The file is read by several goroutines at once; the caller
// closes it after the reader.
func NewReader(file io.ReaderAt, size int64, _ formats.Options) (r *Reader, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			r, err = nil, &formats.SyntaxError{Reason: "the Parquet footer is damaged", Err: fmt.Errorf("decoder: %v", cause)}
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
		if err := checkPaths(g, footer.groups[g].chunks, fields); err != nil {
			return nil, err
		}
	}
	r = &Reader{file: &pageFile{ReaderAt: file}}
	r.assembler = newAssembler(r.file, footer, fields)
	return r, nil
}

// checkPaths compares the names of a row group's columns with the schema's, as footers have no checksum
// by which a damaged name would be noticed.
func checkPaths(group int, chunks []chunk, fields []field) error {
	for i := range fields {
		if have := chunks[i].path; have != fields[i].path {
			return damaged(fmt.Sprintf("column %d is called %q in row group %d, and %q in the schema", i+1, have, group+1, fields[i].path), nil)
		}
	}
	return nil
}

// Header names the columns.
func (r *Reader) Header() *formats.Header { return r.assembler.header }

// Tally says how many rows were given out so far, and how many had no text.
func (r *Reader) Tally() formats.Tally { return r.tally }

// Consumed is about how many bytes of the file were read so far. It may be asked at any time.
func (r *Reader) Consumed() int64 { return r.file.consumed.Load() }

// Close ends what still reads the file, and releases what the reader holds, but for blocks that are
// not released yet.
func (r *Reader) Close() error {
	if r.err == nil {
		r.err = errors.New("the Parquet reader is closed")
	}
	if r.stop != nil {
		r.stop()
		r.running.Wait()
		for m := range r.ahead {
			m.release()
		}
	}
	r.assembler.close()
	return nil
}

// Next returns the next block. After an error it returns the same one again, but for the context's:
// then nothing is lost, and the next call goes on.
func (r *Reader) Next(ctx context.Context) (*formats.Block, error) {
	for {
		if r.err != nil {
			return nil, r.err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		d, err := r.next(ctx)
		if err != nil && err == ctx.Err() {
			return nil, err
		}
		if r.err = err; err != nil {
			return nil, err
		}
		b := d.block
		r.tally.Blank += int64(d.finish())
		r.assembler.keep(d)
		if r.tally.Rows += int64(b.Len()); b.Len() > 0 {
			return b, nil
		}
		b.Release()
	}
}

// next returns the next draft.
func (r *Reader) next(ctx context.Context) (*draft, error) {
	if len(r.assembler.workers) == 1 {
		return r.assembler.next(ctx)
	}
	r.start()
	select {
	case m := <-r.ahead:
		return m.draft, m.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// start begins to draft blocks ahead: one waits while the next is drafted.
func (r *Reader) start() {
	if r.ahead != nil {
		return
	}
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	r.ahead = make(chan made, 1)
	r.running.Go(func() { r.draftAhead(ctx) })
}

// draftAhead drafts blocks until there is none, or ctx ends.
func (r *Reader) draftAhead(ctx context.Context) {
	defer close(r.ahead)
	for {
		draft, err := r.assembler.next(ctx)
		m := made{draft, err}
		select {
		case r.ahead <- m:
		case <-ctx.Done():
			m.release()
			return
		}
		if err != nil {
			return
		}
	}
}

func (m made) release() {
	if m.draft != nil {
		m.draft.block.Release()
	}
}
