package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"net/url"
	"path"
	"strings"
	"sync/atomic"

	"bulkload/formats"
)

// The limits of a workbook. A part that states more is refused unread, one that unpacks to more than
// it states is refused there, and nothing is allocated for what is only stated.
const (
	maxEntries = 16 << 10 // entries of the ZIP archive
	maxListing = 8 << 20  // bytes of the directory that lists them
	maxSheet   = 8 << 30  // bytes of a sheet
	maxStrings = 1 << 30  // bytes of the shared strings
	maxPart    = 32 << 20 // bytes of any other part
	packedRoom = 64 << 10 // bytes of a part read at once
)

// An archive is the ZIP archive that a workbook is.
type archive struct {
	file  *source
	parts map[string][]*zip.File // by lower-case name, since some writers change the case
	used  []span                 // of the parts opened so far
	spare *inflater              // of a part that was read; nil when there is none
}

type span struct {
	name       string
	start, end int64
}

func openArchive(from io.ReaderAt, size int64) (*archive, error) {
	file := &source{file: from}
	if err := checkContainer(file, size); err != nil {
		return nil, err
	}
	file.bounded, file.left = true, maxListing
	directory, err := zip.NewReader(file, size)
	file.bounded = false
	if errors.Is(err, errListing) {
		return nil, &formats.SyntaxError{Reason: errListing.Error()}
	}
	if err != nil {
		return nil, file.blame(damaged("the workbook's ZIP archive is cut or damaged", err))
	}
	if len(directory.File) > maxEntries {
		return nil, tooManyEntries()
	}
	a := &archive{file: file, parts: make(map[string][]*zip.File, len(directory.File))}
	for _, f := range directory.File {
		name := partKey(f.Name)
		a.parts[name] = append(a.parts[name], f)
	}
	return a, nil
}

// A source is the file, and remembers that it could not be read: that is no fault of the workbook.
type source struct {
	file    io.ReaderAt
	failed  atomic.Pointer[error]
	bounded bool  // while the directory is read, which is held in memory
	left    int64 // bytes that may be read then
}

var errListing = fmt.Errorf("the workbook's ZIP archive has a directory of over %d MiB", maxListing>>20)

func (s *source) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, errors.New("the ZIP archive points to before its start")
	}
	if s.bounded {
		if s.left -= int64(len(p)); s.left < 0 {
			return 0, errListing
		}
	}
	n, err := s.file.ReadAt(p, at)
	if err != nil && err != io.EOF {
		s.failed.CompareAndSwap(nil, &err)
	}
	return n, err
}

// blame returns the error of the file when it has one, else that of the workbook.
func (s *source) blame(workbook error) error {
	if err := s.failed.Load(); err != nil {
		return fmt.Errorf("read workbook: %w", *err)
	}
	return workbook
}

// checkContainer looks at the file's first and last bytes: what it is, and how many entries it claims.
func checkContainer(file io.ReaderAt, size int64) error {
	if size == 0 {
		return &formats.SyntaxError{Reason: "the file is empty"}
	}
	head := make([]byte, 8)
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read workbook: %w", err)
	}
	switch head = head[:n]; {
	case bytes.Equal(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return oleError(file, size)
	case !bytes.HasPrefix(head, []byte("PK")):
		return &formats.SyntaxError{Reason: "the file is not a workbook: it is no ZIP archive"}
	}
	entries, err := claimedEntries(file, size)
	if err != nil {
		return err
	}
	if entries > maxEntries {
		return tooManyEntries()
	}
	return nil
}

func tooManyEntries() error {
	return &formats.SyntaxError{Reason: fmt.Sprintf("the workbook's ZIP archive claims more than %d entries", maxEntries)}
}

func damaged(reason string, err error) *formats.SyntaxError {
	return &formats.SyntaxError{Reason: reason, Advice: "save or send the file again", Err: err}
}

// oleError tells a workbook behind a password from one of the format before 2007: both are OLE
// containers, and only the first holds a stream of this name.
func oleError(file io.ReaderAt, size int64) error {
	const searched = 4 << 20
	name := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	head := make([]byte, min(size, searched))
	n, err := file.ReadAt(head, 0)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read workbook: %w", err)
	}
	if bytes.Contains(head[:n], name) {
		return &formats.SyntaxError{Reason: "the workbook is encrypted with a password",
			Advice: "open it in the spreadsheet program, remove the password and save it again"}
	}
	return &formats.SyntaxError{Reason: "the file is a workbook of the old .xls kind",
		Advice: "open it in the spreadsheet program and save it as .xlsx"}
}

// claimedEntries reads the number of entries from the archive's end, before anything is allocated
// for them. It is 0 when no end is found, which the ZIP reader then reports.
func claimedEntries(file io.ReaderAt, size int64) (uint64, error) {
	const endLength, locatorLength, longest = 22, 20, 1<<16 + 22 + 20
	tail := make([]byte, min(size, longest))
	n, err := file.ReadAt(tail, size-int64(len(tail)))
	if err != nil && err != io.EOF {
		return 0, fmt.Errorf("read workbook: %w", err)
	}
	tail = tail[:n]
	for at := len(tail) - endLength; at >= 0; at-- {
		if string(tail[at:at+4]) != "PK\x05\x06" {
			continue
		}
		if comment := int(binary.LittleEndian.Uint16(tail[at+20:])); at+endLength+comment > len(tail) {
			continue
		}
		entries := uint64(binary.LittleEndian.Uint16(tail[at+10:]))
		if at < locatorLength || string(tail[at-locatorLength:at-locatorLength+4]) != "PK\x06\x07" {
			return entries, nil
		}
		var record [56]byte
		offset := binary.LittleEndian.Uint64(tail[at-locatorLength+8:])
		if offset > uint64(size) {
			return entries, nil
		}
		n, err := file.ReadAt(record[:], int64(offset))
		if err != nil && err != io.EOF {
			return 0, fmt.Errorf("read workbook: %w", err)
		}
		if n < len(record) || string(record[:4]) != "PK\x06\x06" {
			return entries, nil
		}
		return binary.LittleEndian.Uint64(record[32:]), nil
	}
	return 0, nil
}

// partKey makes one name of a part's different spellings.
func partKey(name string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(name, `\`, "/")), "/"))
}

func (a *archive) has(name string) bool {
	_, err := a.find(name)
	return !errors.Is(err, errNoPart)
}

var errNoPart = errors.New("it was cut or badly made")

func (a *archive) find(name string) (*zip.File, error) {
	found := a.parts[partKey(name)]
	if len(found) == 0 {
		if plain, err := url.PathUnescape(name); err == nil && plain != name {
			return a.find(plain)
		}
		return nil, &formats.SyntaxError{Reason: fmt.Sprintf("the workbook names its part %q but does not hold it", name), Advice: "save or send the file again", Err: errNoPart}
	}
	if len(found) > 1 {
		return nil, &formats.SyntaxError{Reason: fmt.Sprintf("the workbook holds its part %q %d times", name, len(found))}
	}
	return found[0], nil
}

// open starts to read a part of at most limit bytes. The compressed bytes taken are added to
// consumed when that is not nil.
func (a *archive) open(name string, limit int64, consumed *atomic.Int64) (*part, error) {
	f, err := a.find(name)
	if err != nil {
		return nil, err
	}
	if f.Flags&1 != 0 {
		return nil, &formats.SyntaxError{Reason: fmt.Sprintf("the workbook's part %q is encrypted", f.Name)}
	}
	start, err := f.DataOffset()
	if err != nil {
		return nil, a.file.blame(damaged(fmt.Sprintf("the workbook's part %q is damaged", f.Name), err))
	}
	if f.UncompressedSize64 > uint64(limit) {
		return nil, tooLarge(f.Name, limit)
	}
	if err := a.claim(f, start); err != nil {
		return nil, err
	}
	p := &part{name: f.Name, file: a.file, crc: crc32.NewIEEE(), wantCRC: f.CRC32, want: f.UncompressedSize64}
	packed := &counter{from: io.NewSectionReader(a.file, start, int64(f.CompressedSize64)), count: consumed}
	switch f.Method {
	case zip.Store:
		p.plain = packed
	case zip.Deflate:
		if p.inflater, a.spare = a.spare, nil; p.inflater == nil {
			p.inflater = new(inflater)
		}
		p.inflater.reset(packed, f.CompressedSize64, f.UncompressedSize64)
		p.plain = p.inflater
	default:
		return nil, &formats.SyntaxError{Reason: fmt.Sprintf("the workbook's part %q is compressed by method %d, only deflate is read", f.Name, f.Method)}
	}
	return p, nil
}

// release takes back what a part was inflated with. It is not read from any more.
func (a *archive) release(p *part) { a.spare, p.inflater = p.inflater, nil }

// claim refuses parts that share bytes of the file: a bomb's way to be small.
func (a *archive) claim(f *zip.File, start int64) error {
	length := int64(min(f.CompressedSize64, 1<<62))
	mine := span{partKey(f.Name), start, start + length}
	for _, other := range a.used {
		if other.name != mine.name && mine.start < other.end && other.start < mine.end {
			return &formats.SyntaxError{Reason: fmt.Sprintf("the workbook's parts %q and %q overlap in the file", f.Name, other.name)}
		}
	}
	a.used = append(a.used, mine)
	return nil
}

// A counter adds up what is read through it.
type counter struct {
	from  *io.SectionReader
	count *atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	if c.count != nil {
		c.count.Add(int64(n))
	}
	return n, err
}

// A part is one file of the archive, inflated. Its end is reached without error only when its
// length and checksum are those that the archive's directory states.
type part struct {
	name     string
	plain    io.Reader
	inflater *inflater // plain, unless it is a stored part
	crc      hash.Hash32
	wantCRC  uint32
	want     uint64
	read     uint64
	file     *source
}

func (p *part) Read(to []byte) (int, error) {
	n, err := p.plain.Read(to)
	p.crc.Write(to[:n])
	p.read += uint64(n)
	switch {
	case p.read > p.want:
		return 0, damaged(fmt.Sprintf("the workbook's part %q unpacks to more than the %d bytes that it states", p.name, p.want), nil)
	case err == io.EOF:
		return n, p.checkEnd()
	case err != nil:
		return n, p.file.blame(damaged(fmt.Sprintf("the workbook's part %q is cut or damaged", p.name), err))
	}
	return n, nil
}

func tooLarge(name string, limit int64) error {
	return &formats.SyntaxError{Reason: fmt.Sprintf("the workbook's part %q unpacks to more than %d MiB", name, limit>>20)}
}

func (p *part) checkEnd() error {
	if p.read != p.want {
		return damaged(fmt.Sprintf("the workbook's part %q unpacks to %d bytes instead of %d", p.name, p.read, p.want), nil)
	}
	if p.crc.Sum32() != p.wantCRC {
		return damaged(fmt.Sprintf("the workbook's part %q does not match its checksum", p.name), nil)
	}
	return io.EOF
}
