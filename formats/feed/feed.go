// Package feed opens feeds by what their bytes say, whatever their format and compression, and
// creates files by the ending of their names.
package feed

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"bulkload/formats"
)

// ErrChanged says that a feed is not the file any more that was opened.
var ErrChanged = errors.New("the file has changed since it was opened")

// A Feed is one input file. It may be read several times, one after the other. What Open found is
// in its fields; they are not changed afterwards.
type Feed struct {
	Name        string // for messages: as the user named it, or "standard input"
	Path        string // as given to Open
	Format      string // csv, ndjson, xlsx or parquet
	Compression string // gzip, zstd or empty
	Encoding    string // of a text feed, as far as its beginning shows
	Why         string // how the encoding was found
	Delimiter   byte   // of a CSV feed
	WhyCut      string // how the delimiter was found
	Sheet       string // of a workbook, the one that is read
	Sheets      []string
	Hidden      []string // of the sheets, those that a spreadsheet program does not show
	Size        int64    // bytes on disk, as they are

	options  formats.Options
	header   *formats.Header
	remarks  []formats.Remark
	file     *os.File
	identity os.FileInfo // nil when the feed was spooled
	spooled  *temporary
	inflated *temporary // of a compressed workbook or Parquet file

	ready   *reading // begun by Open and not yet asked for
	current atomic.Pointer[reading]

	digesting sync.Mutex
	digest    *[sha256.Size]byte
}

// Open finds out what a file is and reads as far as its header. "-" is standard input, which is
// copied to a temporary file first, as is all that is not a regular file. A file that cannot be
// read as a feed is a *formats.SyntaxError; one that cannot be opened, the system's error.
func Open(path string, stdin io.Reader, o formats.Options) (*Feed, error) {
	f := &Feed{Name: path, Path: path, options: o}
	err := f.openFile(stdin)
	if err == nil {
		err = f.find()
	}
	if err == nil {
		f.ready, err = f.begin()
	}
	if err != nil {
		return nil, f.named(errors.Join(err, f.Close()))
	}
	f.describe()
	return f, nil
}

func (f *Feed) openFile(stdin io.Reader) error {
	if f.Path == "-" {
		f.Name = "standard input"
		return f.spool(stdin)
	}
	file, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	info, err := file.Stat()
	switch {
	case err != nil:
		return errors.Join(err, file.Close())
	case info.IsDir():
		return errors.Join(errors.New("it is a folder, not a file"), file.Close())
	case !info.Mode().IsRegular():
		return errors.Join(f.spool(file), file.Close())
	}
	f.file, f.identity, f.Size = file, info, info.Size()
	return nil
}

func (f *Feed) spool(in io.Reader) error {
	t, err := newTemporary()
	if err != nil {
		return err
	}
	f.spooled, f.file = t, t.file
	if t.size, err = io.Copy(t.file, in); err != nil {
		return fmt.Errorf("copy to a temporary file: %w", err)
	}
	f.Size = t.size
	return nil
}

// find sets compression and format.
func (f *Feed) find() error {
	if f.Size == 0 {
		return &formats.SyntaxError{Reason: "the file is empty"}
	}
	head := make([]byte, min(headSize, f.Size))
	if _, err := f.file.ReadAt(head, 0); err != nil && err != io.EOF {
		return err
	}
	f.Compression = compressionOf(head)
	name := f.Name
	if f.spooled == nil {
		name = filepath.Base(name)
	}
	name, claimed := stripCompression(name)
	if claimed != "" && f.Compression != claimed {
		return &formats.SyntaxError{Reason: fmt.Sprintf("it is not a %s file as its name says", claimed), Advice: "name it for what it is, or fetch it again"}
	}
	if f.Compression == zstded && unchecked(head) {
		f.remarks = append(f.remarks, formats.Remark{Text: "the zstd file carries no checksum, so that not all damage to it is noticed; compress it with one"})
	}
	if f.Compression != "" {
		var err error
		if head, err = f.inflatedHead(); err != nil {
			return err
		}
		if len(head) == 0 {
			return &formats.SyntaxError{Reason: "the file is empty"}
		}
	}
	var err error
	if f.Format, err = formatOf(head, name, f.content); err != nil {
		return err
	}
	if f.Format == csvFormat && f.options.Encoding == "" && !plainText(head) {
		return notText(name)
	}
	remark, err := checkName(name, f.Format)
	if err != nil {
		return err
	}
	if remark != "" {
		f.remarks = append(f.remarks, formats.Remark{Text: remark})
	}
	return nil
}

// inflatedHead decompresses the beginning. It fails only when there is none.
func (f *Feed) inflatedHead() ([]byte, error) {
	in, err := decompress(io.NewSectionReader(f.file, 0, f.Size), f.Compression)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	head := make([]byte, headSize)
	n, err := io.ReadFull(in, head)
	if n > 0 || err == io.EOF {
		return head[:n], nil
	}
	return nil, err
}

// content is the decompressed file for reading at any place, and its size.
func (f *Feed) content() (io.ReaderAt, int64, error) {
	if f.Compression == "" {
		return f.file, f.Size, nil
	}
	if f.inflated == nil {
		in, err := decompress(io.NewSectionReader(f.file, 0, f.Size), f.Compression)
		if err != nil {
			return nil, 0, err
		}
		defer in.Close()
		if f.inflated, err = inflate(in, maxInflated); err != nil {
			return nil, 0, err
		}
	}
	return f.inflated.file, f.inflated.size, nil
}

// describe tells what the first reading has found.
func (f *Feed) describe() {
	f.header = f.ready.Reader.Header()
	switch r := f.ready.Reader.(type) {
	case interface {
		Encoding() string
		EncodingReason() string
		Delimiter() byte
		DelimiterReason() string
	}:
		f.Encoding, f.Why, f.Delimiter, f.WhyCut = r.Encoding(), r.EncodingReason(), r.Delimiter(), r.DelimiterReason()
		f.remarkTabs()
	default:
		f.describeSheets()
	}
	if f.Format == ndjsonFormat {
		f.Encoding, f.Why = "UTF-8", "NDJSON always is"
	}
}

// Header names the columns. Those of NDJSON may be more later on.
func (f *Feed) Header() *formats.Header { return f.header }

// Unchanged returns an error that wraps ErrChanged when the file was replaced, written to or
// removed since Open. A spooled feed cannot change.
func (f *Feed) Unchanged() error {
	if f.identity == nil {
		return nil
	}
	info, err := os.Stat(f.Path)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", f.Name, ErrChanged, err)
	}
	if !os.SameFile(info, f.identity) || info.Size() != f.identity.Size() || !info.ModTime().Equal(f.identity.ModTime()) {
		return fmt.Errorf("%s: %w", f.Name, ErrChanged)
	}
	return nil
}

// Digest is the SHA-256 of the file's bytes as they are on disk. It is computed once.
func (f *Feed) Digest(ctx context.Context) ([sha256.Size]byte, error) {
	f.digesting.Lock()
	defer f.digesting.Unlock()
	if f.digest != nil {
		return *f.digest, nil
	}
	hash, buffer := sha256.New(), make([]byte, 256<<10)
	for at := int64(0); at < f.Size; {
		if err := ctx.Err(); err != nil {
			return [sha256.Size]byte{}, err
		}
		n, err := f.file.ReadAt(buffer[:min(int64(len(buffer)), f.Size-at)], at)
		if n == 0 {
			return [sha256.Size]byte{}, f.named(shortened(err))
		}
		hash.Write(buffer[:n])
		at += int64(n)
	}
	f.digest = (*[sha256.Size]byte)(hash.Sum(nil))
	return *f.digest, nil
}

// shortened says of the end of a file before its size that it was changed.
func shortened(err error) error {
	if err == nil || err == io.EOF {
		return fmt.Errorf("%w: it became shorter", ErrChanged)
	}
	return err
}

// Close ends the reading, closes the file and removes temporary ones.
func (f *Feed) Close() error {
	var errs []error
	if r := f.current.Load(); r != nil {
		errs = append(errs, r.Close())
	}
	if f.inflated != nil {
		errs = append(errs, f.inflated.close())
	}
	if f.spooled != nil {
		errs = append(errs, f.spooled.close())
	} else if f.file != nil {
		errs = append(errs, f.file.Close())
	}
	f.inflated, f.spooled, f.file = nil, nil, nil
	return errors.Join(errs...)
}

// named adds the file's name to a fault of the feed and to an error of reading it.
func (f *Feed) named(err error) error {
	var syntax *formats.SyntaxError
	if errors.As(err, &syntax) {
		named := *syntax
		named.File = f.Name
		return &named
	}
	var path *os.PathError
	if err == nil || err == io.EOF || errors.As(err, &path) || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%s: %w", f.Name, err)
}
