// Package csv reads and writes feeds of delimited text.
package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"

	"bulkload/formats"
)

// blockSize is how much text a block takes, in bytes, when none of its rows is longer. So small a
// block stays in a processor's cache, and no block of it has more than maxBlockRows rows.
const blockSize = 128 << 10

// sampleBlock is how much text the first block takes until it has the rows in which the header is
// looked for, and what blocks take in which it is looked for after that one.
const sampleBlock = 1 << 20

// spareBlocks is how many released blocks a goroutine keeps for their next use.
const spareBlocks = 16

// A Reader reads delimited text in blocks of about 128 KiB, the first ones of up to 1 MiB. With
// more than one processor, and once Next has given out the first block, goroutines read ahead;
// they end with the feed and with Close. Close waits for a Read of the feed that is under way, and
// so does Next, which sees the end of its context between reads.
//
// Cells may be quoted, with quotes in them doubled; a quote within an unquoted cell is text. Rows
// end with LF, CRLF or CR outside quotes. A row whose cells are all empty or blank is not given
// out. Rows may have fewer or more cells than the header. Place.Offset counts bytes of the text
// as UTF-8, without a byte order mark.
type Reader struct {
	cutter  *cutter
	workers int // goroutines that scan pieces; 1: none, Next does it
	ahead   *ahead
	memory  *memory
	header  *formats.Header
	first   *formats.Block // read to find the header
	err     error          // what comes after the blocks given out

	encoding, reason                 string
	row, line, offset                int64   // before the next piece
	ends                             lineEnd // of the first row
	tally                            formats.Tally
	zeroNoted, turnNoted, mixedNoted bool
}

// NewReader reads r, which is not compressed, as far as its header. An unknown encoding is a plain
// error; an empty or damaged feed is a *formats.SyntaxError, and errors of r come back as they are.
func NewReader(r io.Reader, o formats.Options) (*Reader, error) {
	return newReader(r, o, sizes{sampleBlock, blockSize, maxRow}, runtime.GOMAXPROCS(0))
}

// sizes are bytes of text that blocks and rows may take; tests choose smaller ones.
type sizes struct{ sample, block, row int }

func newReader(r io.Reader, o formats.Options, size sizes, workers int) (*Reader, error) {
	if o.Delimiter != 0 && !validDelimiter(o.Delimiter) {
		return nil, fmt.Errorf("%q cannot be a delimiter", o.Delimiter)
	}
	source, err := newSource(r, o.Encoding)
	if err != nil {
		return nil, err
	}
	c := &Reader{workers: min(workers, maxWorkers), memory: newMemory()}
	c.cutter = newCutter(source, rules{delimiter: o.Delimiter, maxRow: size.row}, size.block)
	if c.cutter.headerSettled = o.NoHeader || o.HeaderRow > 0; !o.NoHeader {
		c.cutter.headerRow = o.HeaderRow
	}
	if err := c.begin(o, size.sample); err != nil {
		return nil, err
	}
	return c, nil
}

// begin reads as far as the header and keeps the rows after it in c.first.
func (c *Reader) begin(o formats.Options, size int) error {
	for {
		p, err := c.cutter.judged(size, c.memory)
		switch {
		case err == io.EOF:
			return c.noHeader(o)
		case err != nil:
			return err
		}
		if p.skipped > 0 {
			c.line, c.offset = 1, p.skipped
		}
		b, err := c.settle(p)
		if err != nil {
			return err
		}
		at, err := c.headerIndex(b, o)
		if err != nil {
			return err
		}
		if at < 0 {
			b.Release()
			continue
		}
		c.takeHeader(b, at, o)
		c.first = b
		return nil
	}
}

func (c *Reader) noHeader(o formats.Options) error {
	switch {
	case !c.cutter.seen:
		return &formats.SyntaxError{Reason: "the file is empty"}
	case o.HeaderRow > 0 && !o.NoHeader:
		return &formats.SyntaxError{Reason: fmt.Sprintf("no header found in row %d: the file has %d rows", o.HeaderRow, c.row)}
	}
	return &formats.SyntaxError{Reason: "no header found: the file has nothing but blank rows"}
}

// headerIndex returns which row of the block names the columns, -1 when it comes in a later block.
func (c *Reader) headerIndex(b *formats.Block, o formats.Options) (int, error) {
	if b.Len() == 0 {
		return -1, nil
	}
	if o.NoHeader {
		return 0, nil
	}
	if o.HeaderRow == 0 {
		at := findHeader(blockShapes(b))
		if at > 0 {
			c.remark(b.Row(at).Place(), fmt.Sprintf("taken as the header: the rows above it, from row %d on, are titles", b.Row(0).Place().Row))
		}
		return at, nil
	}
	at, found := slices.BinarySearchFunc(b.Marks, o.HeaderRow, func(mark formats.RowMark, row int64) int {
		return int(mark.Row - row)
	})
	if found {
		return at, nil
	}
	if at < b.Len() {
		return 0, &formats.SyntaxError{Place: formats.Place{Row: o.HeaderRow}, Reason: "no header found: the row is blank"}
	}
	return -1, nil
}

// takeHeader names the columns and drops the rows up to the one that does.
func (c *Reader) takeHeader(b *formats.Block, at int, o formats.Options) {
	row := b.Row(at)
	c.header = &formats.Header{Names: make([]string, row.Len())}
	if o.NoHeader {
		for i := range c.header.Names {
			c.header.Names[i] = formats.ColumnLetters(i)
		}
		return
	}
	c.header.Place = row.Place()
	for i := range c.header.Names {
		c.header.Names[i] = columnName(row.Cell(i))
		if cell := row.Cell(i); i > 0 && bytes.HasPrefix(bytes.TrimLeft(cell, " "), []byte{'"'}) && cell[0] == ' ' {
			c.remark(row.Place(), fmt.Sprintf("a blank stands before the quote of column %s, so the quotes are part of the text", formats.ColumnLetters(i)))
		}
	}
	b.Marks = append(b.Marks[:0], b.Marks[at+1:]...)
}

// Header names the columns.
func (c *Reader) Header() *formats.Header { return c.header }

// Encoding is the IANA name of the encoding. It may still change from UTF-8 to windows-1252 while
// only ASCII was read.
func (c *Reader) Encoding() string { return c.encoding }

// EncodingReason tells how the encoding was found.
func (c *Reader) EncodingReason() string { return c.reason }

// Delimiter is the byte that separates cells.
func (c *Reader) Delimiter() byte { return c.cutter.delimiter }

// DelimiterReason tells why it is that one.
func (c *Reader) DelimiterReason() string { return c.cutter.why }

// Tally says what the reader has met so far.
func (c *Reader) Tally() formats.Tally { return c.tally }

// Close releases what the reader holds.
func (c *Reader) Close() error {
	c.stopAhead()
	if c.first != nil {
		c.first.Release()
		c.first = nil
	}
	if c.err == nil {
		c.err = errors.New("the reader is closed")
	}
	return nil
}

// Next returns the next block of rows, io.EOF after the last one.
func (c *Reader) Next(ctx context.Context) (*formats.Block, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b := c.first
		c.first = nil
		if b == nil {
			var err error
			if b, err = c.block(ctx); err != nil {
				return nil, err
			}
		}
		if b.Len() > 0 {
			b.Header = c.header
			c.tally.Rows += int64(b.Len())
			return b, nil
		}
		b.Release()
	}
}

// block returns the next block, which may have no rows. A fault ends the feed after the rows before it.
func (c *Reader) block(ctx context.Context) (*formats.Block, error) {
	if c.err != nil {
		return nil, c.err
	}
	p, err := c.scanned(ctx)
	if err != nil {
		if err != ctx.Err() {
			c.fail(err)
		}
		return nil, err
	}
	return c.settle(p)
}

// scanned returns the next piece, its rows and cells found.
func (c *Reader) scanned(ctx context.Context) (*piece, error) {
	if c.workers > 1 {
		p, err := c.readAhead(ctx)
		if err == nil && p.misled() {
			c.recall(p)
		}
		return p, err
	}
	p, err := c.cutter.next(c.memory)
	if err != nil || p.judged {
		return p, err
	}
	if p.look(c.cutter.rules, &c.memory.tape); p.misled() {
		c.cutter.putBack(p.text())
		p.block.Release()
		return c.cutter.judged(c.cutter.size, c.memory)
	}
	return p, nil
}

// settle gives the rows of the next piece their places in the feed and takes up what was odd about them.
func (c *Reader) settle(p *piece) (*formats.Block, error) {
	b := p.block
	for i := range b.Marks {
		mark := &b.Marks[i]
		mark.Row, mark.Line, mark.Offset = mark.Row+c.row, mark.Line+c.line, mark.Offset+c.offset
	}
	c.encoding, c.reason = p.encoding, p.reason
	c.tally.Blank += p.blank
	c.note(p)
	if p.fault != nil {
		p.fault.Place.Row += c.row
		p.fault.Place.Line += c.line
		if p.openedAt > 0 { // the quote there may be the one that is wrong
			p.fault.Advice = fmt.Sprintf("it was opened in line %d; %s", p.openedAt+c.line, p.fault.Advice)
		}
		c.fail(p.fault)
	}
	c.row, c.line, c.offset = c.row+p.rows, c.line+p.lines, c.offset+int64(p.used)
	if p.fault != nil && b.Len() == 0 {
		b.Release()
		return nil, p.fault
	}
	return b, nil
}

// fail ends the feed.
func (c *Reader) fail(err error) {
	c.err = err
	c.stopAhead()
}
