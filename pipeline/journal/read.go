package journal

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// ErrUnbegun means that the run ended before its journal was stored, so that it sent nothing.
var ErrUnbegun = errors.New("the run ended before it sent anything: there is nothing to resume")

// ErrEnded means that the journal's run is over.
var ErrEnded = errors.New("the run is over: there is nothing to resume")

// DamageError says that a journal is no longer what was written. What stands before Offset is whole.
type DamageError struct {
	Path   string
	Offset int64 // of the frame that is damaged
	Found  string
}

// Error tells where the damage is and what can be done.
func (e *DamageError) Error() string {
	return fmt.Sprintf("%s: byte %d: damaged: %s. It was stored whole, so the disk failed or the file was changed; it is left as it is. "+
		"Put back a copy of it; without one, this run cannot be resumed safely: compare with what the vendor has (bulkload plan), then begin a new run",
		e.Path, e.Offset, e.Found)
}

// Read gives each record of a journal to a function, the Begin first, and returns that Begin. It stops
// at a tail that is torn or being written, and at the function's first error, which it returns. It
// holds one frame at a time. What it gives may still be lost in a power cut, as long as another
// process writes; after Open has returned, all that was there before is stored.
//
// A journal without a whole Begin gives ErrUnbegun, one that is damaged a *DamageError after the records
// before the damage.
func Read(fsys FS, path string, each func(Record) error) (Begin, error) {
	file, err := fsys.OpenFile(path, os.O_RDONLY, 0)
	if err != nil {
		return Begin{}, fmt.Errorf("read journal: %w", err)
	}
	s, err := scan(file, path, each)
	if closing := file.Close(); err == nil {
		err = closing
	}
	return s.begin, err
}

// A scanner goes through the frames of a journal.
type scanner struct {
	path    string
	file    io.ReaderAt
	size    int64
	in      *bufio.Reader
	offset  int64 // behind the last whole frame
	seed    uint32
	header  [headerSize]byte
	payload bytes.Buffer
	begin   Begin
	begun   bool
	ended   bool
}

// scan reads a file to the end of what is whole in it.
func scan(file File, path string, each func(Record) error) (*scanner, error) {
	s := &scanner{path: path, file: file, seed: headSeed()}
	var err error
	if s.size, err = file.Size(); err != nil {
		return s, fmt.Errorf("read journal: %w", err)
	}
	s.in = bufio.NewReaderSize(io.NewSectionReader(file, 0, s.size), 64<<10)
	if err := s.head(); err != nil {
		return s, err
	}
	for {
		whole, err := s.frame()
		if err != nil || !whole {
			return s, err
		}
		if err := s.records(each); err != nil {
			return s, err
		}
	}
}

// head reads what a journal begins with. A beginning that was cut off, or not stored, is ErrUnbegun.
func (s *scanner) head() error {
	found := make([]byte, len(head))
	n, err := s.fill(found)
	if err != nil {
		return err
	}
	s.offset = int64(len(head))
	common := 0
	for common < n && found[common] == head[common] {
		common++
	}
	switch rest := found[common:n]; {
	case common == len(head):
		return nil
	case len(bytes.Trim(rest, "\x00")) > 0 && strings.HasPrefix(string(found), head[:len(head)-2]):
		return fmt.Errorf("%s: another version of bulkload wrote it: it begins with %q, and this one knows %q", s.path, found, head)
	case len(bytes.Trim(rest, "\x00")) > 0:
		return &DamageError{Path: s.path, Found: fmt.Sprintf("a journal begins with %q, not with %q", head, found[:n])}
	}
	return s.unbegun(0)
}

// unbegun tells a journal whose beginning was never stored from one that has lost it. Once the
// beginning was stored, frames may stand behind it. Their checks need what is lost, so their mark decides.
func (s *scanner) unbegun(damaged int64) error {
	next, err := s.find(int64(len(head))+1, func(header, int64) bool { return true })
	if err == nil && next >= 0 {
		err = &DamageError{Path: s.path, Offset: damaged, Found: fmt.Sprintf("the run's first record, though others follow at byte %d", next)}
	}
	if err == nil {
		err = fmt.Errorf("%s: %w", s.path, ErrUnbegun)
	}
	return err
}

// fill reads as much as there is. The file may have been cut since its size was asked.
func (s *scanner) fill(into []byte) (int, error) {
	n, err := io.ReadFull(s.in, into)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("read journal: %w", err)
	}
	return n, err
}

// frame reads the next frame into payload. It is false at the end of what is whole.
func (s *scanner) frame() (bool, error) {
	h := header(s.header[:])
	n, err := s.fill(h)
	if err != nil || n == 0 && s.begun {
		return false, err
	}
	if n < headerSize || !h.whole(s.seed) || h.offset() != s.offset {
		return false, s.tail("no frame begins here")
	}
	// The buffer grows with what is there, not with what the length claims.
	s.payload.Reset()
	if _, err := s.payload.ReadFrom(io.LimitReader(s.in, h.length())); err != nil {
		return false, fmt.Errorf("read journal: %w", err)
	}
	if int64(s.payload.Len()) < h.length() || h.payloadCheck() != crc32.Update(s.seed, castagnoli, s.payload.Bytes()) {
		return false, s.tail("a frame whose checksum is wrong")
	}
	if !s.begun {
		s.seed = h.check()
	}
	s.offset += headerSize + h.length()
	return true, nil
}

// tail looks at what is not a whole frame. It is nil when no other frame was begun in the rest: then it is
// the end of a write that was cut, and nobody was told that it is stored. A frame that belongs
// elsewhere counts too, for it tells that bytes were taken out before it, or put in.
func (s *scanner) tail(found string) error {
	if !s.begun {
		return s.unbegun(s.offset)
	}
	next, err := s.find(s.offset, func(h header, at int64) bool {
		return h.whole(s.seed) && (at != s.offset || h.offset() != at)
	})
	if err == nil && next >= 0 {
		err = &DamageError{Path: s.path, Offset: s.offset, Found: fmt.Sprintf("%s, though another follows at byte %d", found, next)}
	}
	return err
}

// find returns the offset of the first mark from an offset on that accept takes for a frame's, or -1.
func (s *scanner) find(from int64, accept func(h header, at int64) bool) (int64, error) {
	window := make([]byte, 64<<10)
	for from < s.size {
		n, err := s.file.ReadAt(window[:min(int64(len(window)), s.size-from)], from)
		if err != nil && !errors.Is(err, io.EOF) {
			return -1, fmt.Errorf("read journal: %w", err)
		}
		if n < headerSize {
			break
		}
		for at := 0; ; at++ {
			i := bytes.Index(window[at:n], []byte(mark))
			if i < 0 || at+i+headerSize > n {
				break
			}
			if at += i; accept(window[at:at+headerSize], from+int64(at)) {
				return from + int64(at), nil
			}
		}
		from += int64(n - headerSize + 1)
	}
	return -1, nil
}

// records gives out what a frame holds.
func (s *scanner) records(each func(Record) error) error {
	f := fields{rest: s.payload.Bytes()}
	for len(f.rest) > 0 {
		r := f.record()
		s.place(r, &f)
		if f.fault != "" {
			return &DamageError{Path: s.path, Offset: s.offset - headerSize - int64(s.payload.Len()), Found: "a frame with " + f.fault}
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return nil
}

// place holds the records' order: a Begin first and nowhere else, nothing behind an End.
func (s *scanner) place(r Record, f *fields) {
	switch {
	case f.fault != "":
	case s.ended:
		f.fail("a record behind the run's end")
	case s.begun == (r.Begin != nil):
		f.fail("a record out of its place: a run begins once")
	case r.Begin != nil:
		s.begin, s.begun = *r.Begin, true
	}
	s.ended = r.End != nil
}
