// Package ndjson reads and writes feeds of one flat JSON object a line.
package ndjson

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"bulkload/formats"
)

// Bounds of a feed. A line or object beyond the first two is refused; a block that reaches one of
// the last two ends early, which bounds its memory whatever its rows look like.
const (
	maxLine       = 16 << 20
	maxColumns    = 1 << 14
	maxBlockRows  = 1 << 16
	maxBlockCells = 1 << 18
)

// blockSize is how much of the feed a block takes, in bytes, when no line is longer.
const blockSize = 1 << 20

// spareBlocks is how many released blocks a reader keeps for their next use.
const spareBlocks = 8

// A Reader reads one object a line. Strings are unescaped, numbers kept as they are written, the
// items of arrays joined by | (with | and \ in them escaped by \), null is a cell of kind Null, as
// are absent keys. An object without any text is not given out. Place.Row is the line.
//
// Columns are the keys in order of first appearance. A block with a key that was not seen before
// has a new header, which begins with the columns of the one before.
type Reader struct {
	in        io.Reader
	blockSize int
	maxLine   int // bytes
	keys      keys
	header    *formats.Header
	ahead     *formats.Block // read to find the first columns
	carry     []byte         // the beginning of the next line
	spare     chan *formats.Block
	begun     bool
	seen      bool // text of any kind
	atEnd     bool
	err       error // what comes after the blocks given out
	lines     int64 // before the next one
	offset    int64 // of the next one
	tally     formats.Tally
}

// NewReader reads r, which is not compressed, as far as its first rows. Of the options only
// Encoding is looked at, since NDJSON is always UTF-8. Faults are a *formats.SyntaxError; errors of
// r come back as they are.
func NewReader(r io.Reader, o formats.Options) (*Reader, error) {
	return newReader(r, o, blockSize, maxLine)
}

func newReader(r io.Reader, o formats.Options, blockSize, maxLine int) (*Reader, error) {
	if o.Encoding != "" && !strings.EqualFold(o.Encoding, "utf-8") && !strings.EqualFold(o.Encoding, "utf8") {
		return nil, fmt.Errorf("encoding %q: NDJSON is always UTF-8", o.Encoding)
	}
	n := &Reader{in: r, blockSize: blockSize, maxLine: maxLine, spare: make(chan *formats.Block, spareBlocks), keys: newKeys(), header: &formats.Header{}}
	for n.ahead == nil {
		b, err := n.block()
		if err == io.EOF && len(n.header.Names) > 0 {
			return n, nil
		}
		if err == io.EOF {
			return nil, n.noHeader()
		}
		if err != nil {
			return nil, err
		}
		if b.Len() == 0 {
			b.Release()
			continue
		}
		n.ahead = b
	}
	return n, nil
}

func (n *Reader) noHeader() error {
	if !n.seen {
		return &formats.SyntaxError{Reason: "the file is empty"}
	}
	return &formats.SyntaxError{Reason: "no header found: no object has a key"}
}

// Header names the columns found so far.
func (n *Reader) Header() *formats.Header { return n.header }

// Tally says what the reader has met so far.
func (n *Reader) Tally() formats.Tally { return n.tally }

// Close releases what the reader holds.
func (n *Reader) Close() error {
	if n.ahead != nil {
		n.ahead.Release()
		n.ahead = nil
	}
	if n.err == nil {
		n.err = errors.New("the reader is closed")
	}
	return nil
}

// Next returns the next block of rows, io.EOF after the last one.
func (n *Reader) Next(ctx context.Context) (*formats.Block, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		b := n.ahead
		n.ahead = nil
		if b == nil {
			var err error
			if b, err = n.block(); err != nil {
				return nil, err
			}
		}
		if b.Len() > 0 {
			n.tally.Rows += int64(b.Len())
			return b, nil
		}
		b.Release()
	}
}

// block returns the next block, which may have no rows. A fault ends the feed after the rows before it.
func (n *Reader) block() (*formats.Block, error) {
	if n.err != nil {
		return nil, n.err
	}
	b := n.take()
	b.Text = append(b.Text, n.carry...)
	for size := max(n.blockSize, 2*len(b.Text), 16); ; size = min(2*size, n.maxLine+blockSize) {
		err := n.fill(b, size)
		if err == nil && !n.begun {
			n.begun = true
			err = n.skipMark(b)
		}
		if err != nil {
			b.Release()
			n.err = err
			return nil, err
		}
		read := len(b.Text)
		used, err := n.scan(b)
		if err == nil && used == 0 && !n.atEnd {
			if read <= n.maxLine {
				continue
			}
			err = n.tooLong()
		}
		if cap(n.carry) > 4*blockSize {
			n.carry = nil
		}
		n.carry = append(n.carry[:0], b.Text[used:read]...)
		return n.finish(b, err)
	}
}

func (n *Reader) finish(b *formats.Block, err error) (*formats.Block, error) {
	if len(n.keys.names) > len(n.header.Names) {
		n.header = n.keys.header()
	}
	b.Header = n.header
	if err == nil && n.atEnd && len(n.carry) == 0 {
		err = io.EOF
	}
	if err != nil {
		n.err, n.carry = err, nil
		if b.Len() == 0 {
			b.Release()
			return nil, err
		}
	}
	return b, nil
}

func (n *Reader) tooLong() error {
	return &formats.SyntaxError{Place: formats.Place{Row: n.lines + 1, Line: n.lines + 1}, Reason: "the line is longer than 16 MiB"}
}

// take returns an empty block, one that was released when there is such a one.
func (n *Reader) take() *formats.Block {
	select {
	case b := <-n.spare:
		b.Reset()
		return b
	default:
		return formats.NewBlock(n.recycle)
	}
}

// recycle keeps a released block, unless enough are kept or a long line has swollen it.
func (n *Reader) recycle(b *formats.Block) {
	if cap(b.Text) > 4*blockSize {
		return
	}
	select {
	case n.spare <- b:
	default:
	}
}

// fill reads until the block has size bytes, or all there are.
func (n *Reader) fill(b *formats.Block, size int) error {
	if cap(b.Text) < size {
		b.Text = append(make([]byte, 0, size), b.Text...)
	}
	idle := 0
	for len(b.Text) < size && !n.atEnd {
		count, err := n.in.Read(b.Text[len(b.Text):size])
		b.Text = b.Text[:len(b.Text)+count]
		if count > 0 {
			idle, n.seen = 0, true
		} else if idle++; idle > 100 && err == nil {
			return io.ErrNoProgress
		}
		if err == io.EOF {
			n.atEnd = true
		} else if err != nil {
			return err
		}
	}
	return nil
}

// skipMark takes a byte order mark away and refuses other encodings than UTF-8.
func (n *Reader) skipMark(b *formats.Block) error {
	text := b.Text
	switch {
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		b.Text = append(text[:0], text[3:]...)
		n.seen = len(b.Text) > 0
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")),
		len(text) > 1 && (text[0] == 0) != (text[1] == 0):
		return &formats.SyntaxError{Reason: "the text is in UTF-16 and NDJSON must be UTF-8", Advice: "save it as UTF-8"}
	}
	return nil
}

// scan adds the objects of the block's whole lines and returns how much of the text they take.
func (n *Reader) scan(b *formats.Block) (used int, err error) {
	end := len(b.Text)
	for used < end && len(b.Marks) < maxBlockRows && len(b.Cells) < maxBlockCells {
		length := bytes.IndexByte(b.Text[used:end], '\n')
		next := used + length + 1
		if length < 0 {
			if !n.atEnd {
				return used, nil
			}
			length, next = end-used, end
		}
		if length > n.maxLine {
			return used, n.tooLong()
		}
		first := len(b.Cells)
		if err := n.line(b, used, used+length, next > used+length); err != nil {
			b.Cells = b.Cells[:first]
			return used, err
		}
		place := formats.Place{Row: n.lines + 1, Line: n.lines + 1, Offset: n.offset}
		if formats.Blank(b.Text, b.Cells[first:]) {
			b.Cells = b.Cells[:first]
			n.tally.Blank++
		} else {
			b.Marks = append(b.Marks, formats.RowMark{First: uint32(first), Row: place.Row, Line: place.Line, Offset: place.Offset})
			if next == used+length {
				n.tally.Remarks = append(n.tally.Remarks, formats.Remark{Place: place,
					Text: fmt.Sprintf("the last row, %d, has no line end: the file may have been cut", place.Row)})
			}
		}
		n.lines++
		n.offset += int64(next - used)
		used = next
	}
	return used, nil
}

// keys are the columns found so far.
type keys struct {
	names []string
	index map[string]int
	line  []int64 // by column, the last line that had it
}

func newKeys() keys { return keys{index: make(map[string]int)} }

// header makes the header of the columns found so far.
func (k *keys) header() *formats.Header {
	h := &formats.Header{Names: make([]string, len(k.names))}
	breaks := strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")
	for i, name := range k.names {
		h.Names[i] = strings.Trim(breaks.Replace(name), " \t\u00a0\u200b\ufeff")
	}
	return h
}

// column returns the column of a key, a new one when it was never seen; guess is the likely one.
// It is -1 when there are too many.
func (k *keys) column(key []byte, guess int) int {
	if guess < len(k.names) && string(key) == k.names[guess] {
		return guess
	}
	if i, ok := k.index[string(key)]; ok {
		return i
	}
	if len(k.names) >= maxColumns {
		return -1
	}
	name := string(key)
	k.index[name] = len(k.names)
	k.names = append(k.names, name)
	k.line = append(k.line, 0)
	return len(k.names) - 1
}
