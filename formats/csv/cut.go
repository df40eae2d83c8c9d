package csv

import (
	"bytes"
	"io"
	"slices"

	"bulkload/formats"
)

// A piece is a part of the text that begins with a row, and what was found in it. All places in it
// are counted from its beginning.
type piece struct {
	scan
	block   *formats.Block
	size    int   // bytes of text
	skipped int64 // bytes of the separator line before it
	last    bool  // the text ends with it
	judged  bool  // it was scanned by plain to find out where it ends
	zero    int   // the first NUL byte, or -1

	encoding, reason string // as far as the text was read
	turned           int64  // of the text, as in source

	ready chan struct{} // closed when a worker has scanned it; nil when none needs to
	err   error         // of the source; then it has no block
}

// text is the piece as it was read.
func (p *piece) text() []byte { return p.block.Text[:p.size] }

// look scans the piece.
func (p *piece) look(r rules, t *tape) {
	p.scan = r.scan(p.block, p.size, p.last, t)
	p.zero = bytes.IndexByte(p.text()[:p.used], 0)
}

// rest is the text after the last whole row, when there is no fault.
func (p *piece) rest() []byte {
	if p.fault != nil {
		return nil
	}
	return p.text()[p.used:]
}

// misled reports whether the piece does not end where a row does.
func (p *piece) misled() bool { return !p.judged && len(p.rest()) > 0 }

// A cutter reads the text and cuts it into pieces.
//
// It cuts after the last LF that has an even number of quotes before it, counted from where the
// piece begins. That is the end of a row, unless an unquoted cell has a quote in it or text
// follows a closing one; scanning the piece shows whether such a thing has misled the cutter. Where
// there is no such LF, it lets plain judge.
type cutter struct {
	rules
	source *source
	size   int    // of a piece, when no row is longer
	carry  []byte // read before, carry[at:] not yet cut
	at     int
	atEnd  bool // of the source
	seen   bool // text of any kind
	begun  bool

	headerRow     int64  // as the user gave it; 0: to be found
	headerSettled bool   // it is given, or there is none
	why           string // the delimiter was chosen
}

func newCutter(s *source, r rules, size int) *cutter {
	return &cutter{source: s, rules: r, size: size}
}

// next returns the next piece, io.EOF after the last one.
func (c *cutter) next(m *memory) (*piece, error) {
	p, err := c.begin(c.size, m)
	if err != nil {
		return nil, err
	}
	if p.last = c.ended(); p.last {
		return p, nil
	}
	if end := lastRowEnd(p.text()); end > 0 {
		c.putBack(p.text()[end:])
		p.size = end
		return p, nil
	}
	return p, c.judge(p, c.size, 0)
}

// judged returns the next piece, cut by plain. The first one decides on the delimiter, and is read on
// up to that size until it has the rows that the header is looked for in.
func (c *cutter) judged(size int, m *memory) (*piece, error) {
	if c.begun {
		p, err := c.begin(size, m)
		if err != nil {
			return nil, err
		}
		return p, c.judge(p, size, 0)
	}
	c.begun = true
	p, err := c.begin(min(size, sampleSize), m)
	if err != nil {
		return nil, err
	}
	c.settleDelimiter(p)
	return p, c.judge(p, p.size, size)
}

// begin fills a new piece with up to size bytes.
func (c *cutter) begin(size int, m *memory) (*piece, error) {
	p := &piece{block: m.take(), zero: -1}
	err := c.fill(p, size)
	if err == nil && p.size == 0 {
		err = io.EOF
	}
	if err != nil {
		p.block.Release()
		return nil, err
	}
	return p, nil
}

// judge has plain find where the piece ends, whose text grows until it holds a row, and sampleRows of
// them as long as it is smaller than sample.
func (c *cutter) judge(p *piece, size, sample int) error {
	for {
		p.judged, p.last = true, c.ended()
		p.scan = c.plain(p.block, p.size, p.last)
		enough := p.used > 0 && (p.size+room > sample || p.block.Len() >= sampleRows)
		if p.fault != nil || enough || p.last {
			break
		}
		if p.used == 0 && p.size > c.maxRow {
			p.fault = c.overlong(&p.scan)
			break
		}
		p.block.Text = p.text()
		size = min(2*max(size, p.size), c.maxRow+sampleBlock)
		if p.used > 0 {
			size = min(size, sample)
		}
		if err := c.fill(p, size); err != nil {
			p.block.Release()
			return err
		}
	}
	p.zero = bytes.IndexByte(p.text()[:p.used], 0)
	if p.fault == nil { // else its text is kept whole, in case it was cut wrongly
		c.putBack(p.rest())
		p.size = p.used
	}
	return nil
}

func (c *cutter) overlong(s *scan) *formats.SyntaxError {
	if s.quotedAt > 0 {
		return s.refuse(s.quotedAt, "a quote is opened here and not closed within 16 MiB")
	}
	return s.refuse(s.lines+1, tooLong)
}

// lastRowEnd returns where the last row of text ends, by the number of quotes before; 0 if nowhere.
func lastRowEnd(text []byte) int {
	quote := []byte{'"'}
	odd := bytes.Count(text, quote)&1 == 1
	for end := len(text); ; {
		at := bytes.LastIndexByte(text[:end], '\n')
		if at < 0 {
			return 0
		}
		if bytes.Count(text[at:end], quote)&1 == 1 {
			odd = !odd
		}
		if !odd {
			return at + 1
		}
		end = at
	}
}

// ended reports whether all text is in pieces.
func (c *cutter) ended() bool { return c.atEnd && c.at == len(c.carry) }

// room is what a source needs to read into, in bytes.
const room = 16

// fill reads until the piece has size bytes of text, or all there is.
func (c *cutter) fill(p *piece, size int) error {
	b := p.block
	size = max(size, 2*room)
	if cap(b.Text) < size+padding {
		b.Text = append(make([]byte, 0, size+padding), b.Text...)
	}
	n := copy(b.Text[len(b.Text):size], c.carry[c.at:])
	b.Text, c.at = b.Text[:len(b.Text)+n], c.at+n
	for len(b.Text)+room <= size && !c.atEnd {
		c.carry, c.at = c.carry[:0], 0
		n, err := c.source.Read(b.Text[len(b.Text):size])
		b.Text = b.Text[:len(b.Text)+n]
		c.seen = c.seen || n > 0
		if err == io.EOF {
			c.atEnd = true
		} else if err != nil {
			return err
		}
	}
	p.size, p.encoding, p.reason, p.turned = len(b.Text), c.source.name, c.source.reason, c.source.turned
	return nil
}

// putBack gives the end of what was read last back, for the next piece.
func (c *cutter) putBack(rest []byte) {
	switch {
	case len(rest) <= c.at:
		c.at -= len(rest) // the carry still has it, since nothing was read after it
	case c.at < len(c.carry):
		c.carry, c.at = slices.Concat(rest, c.carry[c.at:]), 0
	case cap(c.carry) > sampleBlock:
		c.carry, c.at = bytes.Clone(rest), 0
	default:
		c.carry, c.at = append(c.carry[:0], rest...), 0
	}
}

// memory is what one goroutine cuts and scans with. Blocks that it has filled come back to it, since
// its processor can write them again without taking them from another one's cache (BenchmarkRead).
type memory struct {
	tape  tape
	spare chan *formats.Block
}

func newMemory() *memory { return &memory{spare: make(chan *formats.Block, spareBlocks)} }

// take returns an empty block, one that was released when there is such a one.
func (m *memory) take() *formats.Block {
	select {
	case b := <-m.spare:
		b.Reset()
		return b
	default:
		return formats.NewBlock(m.recycle)
	}
}

// recycle keeps a released block, unless enough are kept or a long row has swollen it.
func (m *memory) recycle(b *formats.Block) {
	if cap(b.Text) > 4*blockSize {
		return
	}
	select {
	case m.spare <- b:
	default:
	}
}

// settleDelimiter takes Excel's separator line away and decides on the delimiter.
func (c *cutter) settleDelimiter(p *piece) {
	named, length := separatorLine(p.text())
	if length > 0 {
		p.block.Text = append(p.block.Text[:0], p.block.Text[length:]...)
		p.size, p.skipped = len(p.block.Text), int64(length)
	}
	switch {
	case c.delimiter != 0:
		c.why = "as told"
	case length > 0:
		c.delimiter, c.why = named, "the first line says so"
	default:
		text := p.text()[:min(p.size, sampleSize)]
		first := sample{text: text, whole: c.ended() && len(text) == p.size, from: c.headerRow, settled: c.headerSettled}
		c.delimiter, c.why = first.delimiter()
	}
}
