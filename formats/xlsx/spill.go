package xlsx

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
)

// A spill keeps shared strings in two temporary files: their texts, one after the other, and where
// each ends. The files have no name once they are open, where the system allows it.
type spill struct {
	texts, ends tempFile
	count       int
}

// A tempFile is written first and read then.
type tempFile struct {
	file *os.File
	out  *bufio.Writer
	size int64
	name string // to be removed at the end; "" when it is removed already
}

func newSpill() (*spill, error) {
	s := &spill{}
	for _, f := range []*tempFile{&s.texts, &s.ends} {
		if err := f.create(); err != nil {
			return nil, errors.Join(spillError(err), s.close())
		}
	}
	return s, nil
}

func spillError(err error) error {
	return fmt.Errorf("keep the workbook's shared strings in a temporary file: %w", err)
}

func (f *tempFile) create() (err error) {
	if f.file, err = os.CreateTemp("", "bulkload-strings-*"); err != nil {
		return err
	}
	if err := os.Remove(f.file.Name()); err != nil { // some systems keep the name as long as the file is open
		f.name = f.file.Name()
	}
	f.out = bufio.NewWriterSize(f.file, 64<<10)
	return nil
}

func (f *tempFile) close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	if f.name != "" {
		err = errors.Join(err, os.Remove(f.name))
	}
	f.file = nil
	return err
}

func (f *tempFile) write(data []byte) error {
	f.size += int64(len(data))
	_, err := f.out.Write(data)
	return err
}

func (s *spill) add(text []byte) error {
	err := s.texts.write(text)
	if err == nil {
		var end [8]byte
		binary.LittleEndian.PutUint64(end[:], uint64(s.texts.size))
		err = s.ends.write(end[:])
	}
	if err != nil {
		return spillError(err)
	}
	s.count++
	return nil
}

// written ends the writing.
func (s *spill) written() error {
	if err := errors.Join(s.texts.out.Flush(), s.ends.out.Flush()); err != nil {
		return spillError(err)
	}
	s.texts.out, s.ends.out = nil, nil
	return nil
}

func (s *spill) close() error { return errors.Join(s.texts.close(), s.ends.close()) }

// A spillReader reads the strings of a spill for one goroutine. The strings that follow each other
// in a sheet mostly do so in the table too, so it keeps the pages of the files that it read last.
type spillReader struct {
	spill       *spill
	texts, ends pages
	text        []byte // read last
}

// get returns a string, which stays until the next call.
func (r *spillReader) get(n int) (text []byte, err error) {
	var bounds [16]byte
	from := int64(n-1) * 8
	at := bounds[:0]
	if n == 0 {
		at, from = bounds[:8], 0
	}
	if at, err = r.ends.append(at, &r.spill.ends, from, int64(n+1)*8); err != nil {
		return nil, spillError(err)
	}
	start, end := binary.LittleEndian.Uint64(at), binary.LittleEndian.Uint64(at[8:])
	if r.text, err = r.texts.append(r.text[:0], &r.spill.texts, int64(start), int64(end)); err != nil {
		return nil, spillError(err)
	}
	return r.text, nil
}

const (
	filePage  = 4 << 10 // bytes read at once
	filePages = 256     // kept of a file
)

// pages are the pages of a file that were read last, each in the slot that its number says.
type pages [filePages]struct {
	data   []byte
	number int64 // counted from 1; 0: none yet
}

// append appends the bytes between two offsets of a file.
func (p *pages) append(to []byte, f *tempFile, from, end int64) ([]byte, error) {
	for from < end {
		number := from / filePage
		slot := &p[number%filePages]
		if slot.number != number+1 {
			if slot.data == nil {
				slot.data = make([]byte, filePage)
			}
			slot.number = 0
			start := number * filePage
			data := slot.data[:min(filePage, f.size-start)]
			if n, err := f.file.ReadAt(data, start); n < len(data) {
				return to, fmt.Errorf("read %d bytes instead of %d: %w", n, len(data), orUnexpected(err))
			}
			slot.number = number + 1
		}
		inPage := from % filePage
		n := min(end-from, filePage-inPage)
		to = append(to, slot.data[inPage:inPage+n]...)
		from += n
	}
	return to, nil
}

func orUnexpected(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
