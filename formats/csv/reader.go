// Package csv reads and writes feeds of delimited text.
package csv

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"bulkload/formats"
)

// blockSize is how much text a block takes, in bytes, when none of its rows is longer.
const blockSize = 1 << 20

// spareBlocks is how many released blocks a reader keeps for their next use.
const spareBlocks = 8

// A Reader reads delimited text in blocks of about 1 MiB.
//
// Cells may be quoted, with quotes in them doubled; a quote within an unquoted cell is text. Rows
// end with LF, CRLF or CR outside quotes. A row whose cells are all empty or blank is not given
// out. Rows may have fewer or more cells than the header. Place.Offset counts bytes of the text
// as UTF-8, without a byte order mark.
type Reader struct {
	source    *source
	scan      scanner
	blockSize int
	header    *formats.Header
	ahead     *formats.Block // read to find the header
	carry     []byte         // the beginning of the next row
	spare     chan *formats.Block
	atEnd     bool
	err       error // what comes after the blocks given out
	seen      bool  // text of any kind
	begun     bool
	tally     formats.Tally

	zeroNoted, turnNoted, mixedNoted bool
}

// NewReader reads r, which is not compressed, as far as its header. An unknown encoding is a plain
// error; an empty or damaged feed is a *formats.SyntaxError, and errors of r come back as they are.
func NewReader(r io.Reader, o formats.Options) (*Reader, error) {
	return newReader(r, o, blockSize, maxRow)
}

func newReader(r io.Reader, o formats.Options, blockSize, maxRow int) (*Reader, error) {
	if o.Delimiter != 0 && !validDelimiter(o.Delimiter) {
		return nil, fmt.Errorf("%q cannot be a delimiter", o.Delimiter)
	}
	source, err := newSource(r, o.Encoding)
	if err != nil {
		return nil, err
	}
	c := &Reader{source: source, blockSize: blockSize, spare: make(chan *formats.Block, spareBlocks)}
	c.scan.delimiter, c.scan.maxRow = o.Delimiter, maxRow
	if err := c.begin(o); err != nil {
		return nil, err
	}
	return c, nil
}

// begin reads as far as the header and keeps the rows after it in c.ahead.
func (c *Reader) begin(o formats.Options) error {
	for {
		b, err := c.block()
		switch {
		case err == io.EOF:
			return c.noHeader(o)
		case err != nil:
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
		c.ahead = b
		return nil
	}
}

func (c *Reader) noHeader(o formats.Options) error {
	switch {
	case !c.seen:
		return &formats.SyntaxError{Reason: "the file is empty"}
	case o.HeaderRow > 0 && !o.NoHeader:
		return &formats.SyntaxError{Reason: fmt.Sprintf("no header found in row %d: the file has %d rows", o.HeaderRow, c.scan.row)}
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
func (c *Reader) Encoding() string { return c.source.name }

// EncodingReason tells how the encoding was found.
func (c *Reader) EncodingReason() string { return c.source.reason }

// Delimiter is the byte that separates cells.
func (c *Reader) Delimiter() byte { return c.scan.delimiter }

// Tally says what the reader has met so far.
func (c *Reader) Tally() formats.Tally {
	tally := c.tally
	tally.Blank = c.scan.blank
	return tally
}

// Close releases what the reader holds.
func (c *Reader) Close() error {
	if c.ahead != nil {
		c.ahead.Release()
		c.ahead = nil
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
		b := c.ahead
		c.ahead = nil
		if b == nil {
			var err error
			if b, err = c.block(); err != nil {
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
func (c *Reader) block() (*formats.Block, error) {
	if c.err != nil {
		return nil, c.err
	}
	b := c.take()
	b.Text = append(b.Text, c.carry...)
	start := c.scan.offset
	for size := max(c.blockSize, 2*len(b.Text), 2*padding); ; size = min(2*size, c.scan.maxRow+blockSize) {
		if err := c.fill(b, size); err != nil {
			b.Release()
			return nil, c.fail(err)
		}
		if !c.begun {
			c.begun = true
			c.settleDelimiter(b)
			start = c.scan.offset
		}
		zero := c.findZero(b.Text)
		used, err := c.scan.scan(b, c.atEnd)
		if err == nil && used == 0 && !c.atEnd {
			if len(b.Text) <= c.scan.maxRow {
				continue
			}
			err = c.overlong()
		}
		if cap(c.carry) > 4*blockSize {
			c.carry = nil
		}
		c.carry = append(c.carry[:0], b.Text[used:]...)
		b.Text = b.Text[:used]
		c.note(b, start, zero)
		return c.finish(b, err)
	}
}

func (c *Reader) finish(b *formats.Block, err error) (*formats.Block, error) {
	if err == nil && c.atEnd && len(c.carry) == 0 {
		err = io.EOF
	}
	if err != nil {
		c.fail(err)
		if b.Len() == 0 {
			b.Release()
			return nil, err
		}
	}
	return b, nil
}

func (c *Reader) fail(err error) error {
	c.err, c.carry = err, nil
	return err
}

func (c *Reader) overlong() error {
	if c.scan.quotedAt > 0 {
		return c.scan.fault(c.scan.quotedAt, "a quote is opened here and not closed within 16 MiB")
	}
	return c.scan.fault(c.scan.line+1, tooLong)
}

// take returns an empty block, one that was released when there is such a one.
func (c *Reader) take() *formats.Block {
	select {
	case b := <-c.spare:
		b.Reset()
		return b
	default:
		return formats.NewBlock(c.recycle)
	}
}

// recycle keeps a released block, unless enough are kept or a long row has swollen it.
func (c *Reader) recycle(b *formats.Block) {
	if cap(b.Text) > 4*blockSize {
		return
	}
	select {
	case c.spare <- b:
	default:
	}
}

// fill reads until the block has size bytes of text, or all there is.
func (c *Reader) fill(b *formats.Block, size int) error {
	if cap(b.Text) < size+padding {
		b.Text = append(make([]byte, 0, size+padding), b.Text...)
	}
	for len(b.Text)+padding <= size && !c.atEnd {
		n, err := c.source.Read(b.Text[len(b.Text):size])
		b.Text = b.Text[:len(b.Text)+n]
		c.seen = c.seen || n > 0
		if err == io.EOF {
			c.atEnd = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// settleDelimiter takes Excel's separator line away and decides on the delimiter.
func (c *Reader) settleDelimiter(b *formats.Block) {
	named, length := separatorLine(b.Text)
	if length > 0 {
		b.Text = append(b.Text[:0], b.Text[length:]...)
		c.scan.offset, c.scan.line = int64(length), 1
	}
	switch {
	case c.scan.delimiter != 0:
	case length > 0:
		c.scan.delimiter = named
	default:
		c.scan.delimiter = findDelimiter(b.Text[:min(len(b.Text), sampleSize)])
	}
}
