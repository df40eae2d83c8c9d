package xlsx

import (
	"bytes"
	"context"
	"io"
	"sync"

	"bulkload/formats"
)

const (
	chunkSize  = 128 << 10 // bytes of a sheet that are scanned at once
	maxWorkers = 4         // inflating cannot keep more of them busy

	// The room that a chunk's block has from the start.
	chunkText  = 96 << 10
	chunkCells = 6 << 10
	chunkRows  = 1 << 9
)

// A chunk is a run of a sheet's bytes and the rows that were found in it ahead of their turn.
// It ends with a row, if an end of one was found.
type chunk struct {
	buffer  []byte
	data    []byte         // in the buffer
	err     error          // what the part gave after data; nil when it goes on
	block   *formats.Block // the rows that stand in data[:taken]
	rows    sheetRows      // what they are, taken alone
	taken   int
	scanned chan struct{}
}

// fill reads the chunk's bytes, those first that the chunk before it left over. It returns what it
// leaves over itself.
func (c *chunk) fill(left []byte, src io.Reader) (rest []byte) {
	const rowEnd = "</row>"
	n := copy(c.buffer, left)
	m, err := io.ReadFull(src, c.buffer[n:])
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	c.data, c.err = c.buffer[:n+m], err
	at := bytes.LastIndex(c.data, []byte(rowEnd))
	if err != nil || at < 0 {
		return nil
	}
	c.data, rest = c.data[:at+len(rowEnd)], c.data[at+len(rowEnd):]
	return rest
}

// An ahead inflates a sheet in one goroutine. Who has nothing else to do scans its rows: the goroutine
// that uses the reader while it waits, the one that inflates when nobody takes its chunks, and more
// goroutines when there are more processors than those two keep busy; so two processors share the work
// and hardly ever wait for each other (BenchmarkRead). What is found counts
// only when its chunk's turn comes and all before it was read up to its first byte: a chunk may
// have been cut inside a comment that holds a row's end, or may follow rows with a higher number.
// Whatever cannot be taken as plain rows is read from the ahead as a stream of bytes, by the
// same scanner that reads when nothing is read ahead; so errors and their places are the same too.
type ahead struct {
	free, jobs, order chan *chunk // order holds those in jobs and those being scanned, as they follow
	block             func() *formats.Block
	stop              chan struct{}
	running           sync.WaitGroup

	// The rest belongs to the goroutine that uses the reader.
	scanner *sheetScanner // of chunks
	current *chunk        // whose turn it is
	rest    []byte        // of its bytes
	err     error         // what follows them
}

// startAhead starts goroutines that read on where the scanner is. It must be told to end.
func startAhead(s *sheetScanner, workers, size int, block func() *formats.Block) *ahead {
	chunks := workers + 4
	a := &ahead{free: make(chan *chunk, chunks), jobs: make(chan *chunk, workers), order: make(chan *chunk, chunks),
		block: block, stop: make(chan struct{}), scanner: s.worker()}
	for range chunks {
		a.free <- &chunk{scanned: make(chan struct{}, 1)}
	}
	src := io.MultiReader(bytes.NewReader(bytes.Clone(s.data[s.pos:])), s.src)
	inflating := s.worker()
	a.running.Go(func() { a.inflate(src, size, inflating) })
	for range workers - 2 {
		worker := s.worker()
		a.running.Go(func() { a.help(worker) })
	}
	s.readFrom(a)
	return a
}

// end stops the goroutines and waits for them.
func (a *ahead) end() {
	close(a.stop)
	a.running.Wait()
}

// inflate fills chunks until the sheet ends, and scans those that nobody else takes.
func (a *ahead) inflate(src io.Reader, size int, worker *sheetScanner) {
	var left []byte
	for more := true; more; {
		c := a.freeChunk(worker)
		if c == nil {
			return
		}
		if c.buffer == nil {
			c.buffer = make([]byte, size)
		}
		left = c.fill(left, src)
		more = c.err == nil
		a.order <- c // does not wait: there are no more chunks than room
		select {
		case a.jobs <- c:
		default:
			a.scan(c, worker)
		}
	}
	close(a.jobs)
	a.help(worker)
}

// freeChunk waits for a chunk that can be filled, and scans others meanwhile. It is nil when the
// ahead is to end.
func (a *ahead) freeChunk(worker *sheetScanner) *chunk {
	for {
		select {
		case c := <-a.free:
			return c
		case <-a.stop:
			return nil
		default:
		}
		select {
		case c := <-a.free:
			return c
		case job := <-a.jobs:
			a.scan(job, worker)
		case <-a.stop:
			return nil
		}
	}
}

// help scans chunks until there are no more.
func (a *ahead) help(worker *sheetScanner) {
	for {
		select {
		case <-a.stop:
			return
		case c, open := <-a.jobs:
			if !open {
				return
			}
			a.scan(c, worker)
		}
	}
}

func (a *ahead) scan(c *chunk, worker *sheetScanner) {
	c.block = a.block()
	c.taken = worker.scanChunk(c.data, c.block)
	c.rows = worker.rows
	c.scanned <- struct{}{}
}

// next returns the next chunk, scanned, and scans others while it waits. The last one it returned must
// have been read to its end.
func (a *ahead) next(ctx context.Context) (*chunk, error) {
	if a.current == nil {
		select {
		case a.current = <-a.order:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	for jobs := a.jobs; ; {
		select {
		case <-a.current.scanned:
			return a.current, nil
		default:
		}
		select {
		case <-a.current.scanned:
			return a.current, nil
		case job, open := <-jobs:
			if !open {
				jobs = nil
				continue
			}
			a.scan(job, a.scanner)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// leave makes the current chunk's bytes from there on the next to be read.
func (a *ahead) leave(from int) {
	a.rest, a.err = a.current.data[from:], a.current.err
	if len(a.rest) == 0 {
		a.recycle()
	}
}

func (a *ahead) recycle() {
	a.free <- a.current
	a.current = nil
}

// atSeam reports whether all bytes before the next chunk were read, and there is one.
func (a *ahead) atSeam() bool { return a.current == nil && a.err == nil }

// Read reads on in the current chunk or the next one. Rows found in that are dropped.
func (a *ahead) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.err != nil {
			return 0, a.err
		}
		c, err := a.next(context.Background())
		if err != nil {
			return 0, err
		}
		c.block.Release()
		a.leave(0)
	}
	n := copy(p, a.rest)
	if a.rest = a.rest[n:]; len(a.rest) == 0 {
		a.recycle()
	}
	return n, nil
}

// worker returns a scanner for chunks of the same sheet.
func (s *sheetScanner) worker() *sheetScanner {
	w := &sheetScanner{scanner: newScanner(nil, nil), sheet: s.sheet, strings: s.strings.table.finder(), styles: s.styles,
		from1904: s.from1904, plain: s.plain, width: s.width, rowText: blockText}
	w.names = append(w.names, s.names...)
	w.ends, w.depth, w.rooted, w.started = s.ends, s.depth, true, true
	return w
}

// scanChunk adds the rows at the chunk's start to the block and returns the number of bytes that
// they take. It stops at anything else: an error, the end of the rows, a row that the chunk does not
// hold to its end, a block that is full.
func (s *sheetScanner) scanChunk(data []byte, b *formats.Block) (taken int) {
	s.data, s.pos, s.sound, s.failed, s.closing = data, 0, 0, nil, false
	s.rows, s.floating, s.done = sheetRows{}, true, false
	s.checkCharacters()
	for s.pos < len(s.data) && s.room(b, blockRows) {
		before := s.point(b)
		if err := s.item(b); err != nil || s.done {
			s.returnTo(before, b)
			break
		}
	}
	return s.pos
}

// follow adds what the rows after those known are. It does nothing when they cannot follow.
func (r *sheetRows) follow(next sheetRows) (fits bool) {
	if next.first == 0 {
		return true
	}
	if next.first <= r.last || r.gaps+next.gaps > maxGaps {
		return false
	}
	if next.lastText > 0 {
		r.blank += next.blank - r.lastText
		r.lastText = next.lastText
	}
	if r.first == 0 {
		r.first = next.first
	}
	r.last = next.last
	r.hidden += next.hidden
	r.gaps += next.gaps
	r.widest = max(r.widest, next.widest)
	if r.unstyled == 0 {
		r.unstyled = next.unstyled
	}
	if r.cut == 0 {
		r.cut = next.cut
	}
	return true
}
