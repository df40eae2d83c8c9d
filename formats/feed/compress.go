package feed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bulkload/formats"
)

// The compressions, as Feed.Compression names them.
const (
	gzipped = "gzip"
	zstded  = "zstd"
)

// maxWindow is how far back a zstd stream may refer, in bytes: what its reader must hold.
const maxWindow = 128 << 20

// maxInflated is how large a compressed workbook or Parquet file may become, in bytes. It is
// written to a temporary file.
const maxInflated = 8 << 30

// compressionOf recognises a compressed stream, also one that was cut after its first two bytes.
func compressionOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return gzipped
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")),
		len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18":
		return zstded
	}
	return ""
}

// unchecked reports whether a zstd file begins with a frame that carries no checksum of its text. Those
// of gzip always do.
func unchecked(head []byte) bool {
	for {
		var h zstd.Header
		if err := h.Decode(head); err != nil || !h.Skippable {
			return err == nil && !h.HasCheckSum
		}
		size := h.HeaderSize + int(h.SkippableSize)
		if size >= len(head) {
			return false
		}
		head = head[size:]
	}
}

// decompress returns a reader of the text in in, which is as it is when compression is empty. A
// cut or damaged stream and bytes after its end are a *formats.SyntaxError when they are met, so
// the text is whole only when io.EOF is.
func decompress(in io.Reader, compression string) (io.ReadCloser, error) {
	switch compression {
	case gzipped:
		return &gunzip{in: bufio.NewReaderSize(in, 64<<10)}, nil
	case zstded:
		d, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, fmt.Errorf("open zstd: %w", err)
		}
		return &unzstd{stream: d}, nil
	}
	return io.NopCloser(in), nil
}

// gunzip reads the members of a gzip file one by one: a reader of all of them takes a name that is
// cut off in the header of a later one for the end of the file.
type gunzip struct {
	in     *bufio.Reader
	member *gzip.Reader
	err    error
}

func (g *gunzip) Read(p []byte) (int, error) {
	for g.err == nil {
		if g.member == nil {
			g.err = g.open()
			continue
		}
		n, err := g.member.Read(p)
		if err == io.EOF {
			err = g.next()
		}
		g.err = damage(gzipped, err)
		if n > 0 {
			return n, nil
		}
	}
	return 0, g.err
}

func (g *gunzip) open() (err error) {
	if g.member, err = gzip.NewReader(g.in); err != nil {
		return damage(gzipped, notEOF(err))
	}
	g.member.Multistream(false)
	return nil
}

// next goes on to the next member; io.EOF says that there is none.
func (g *gunzip) next() error {
	if _, err := g.in.Peek(1); err != nil {
		return err
	}
	if err := g.member.Reset(g.in); err != nil {
		return notEOF(err)
	}
	g.member.Multistream(false)
	return nil
}

func (g *gunzip) Close() error { return nil }

func notEOF(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

type unzstd struct{ stream *zstd.Decoder }

func (u *unzstd) Read(p []byte) (int, error) {
	n, err := u.stream.Read(p)
	return n, damage(zstded, err)
}

func (u *unzstd) Close() error {
	u.stream.Close()
	return nil
}

// damage says of an error of a decompressor what it means; errors of the file below stay.
func damage(compression string, err error) error {
	var path *os.PathError
	var syntax *formats.SyntaxError
	switch {
	case err == nil, err == io.EOF, errors.As(err, &path), errors.As(err, &syntax), errors.Is(err, ErrChanged):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return &formats.SyntaxError{Reason: fmt.Sprintf("the %s file was cut: it ends before its data does", compression), Advice: "fetch it again"}
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return &formats.SyntaxError{Reason: "the zstd file needs more than 128 MiB to be read", Advice: "compress it without --long", Err: err}
	}
	return &formats.SyntaxError{Reason: fmt.Sprintf("the %s file is damaged or has other bytes at its end", compression), Advice: "fetch it again", Err: err}
}

// inflate writes the text of a compressed file that must be read at any place to a temporary file.
func inflate(in io.Reader, limit int64) (*temporary, error) {
	t, err := newTemporary()
	if err != nil {
		return nil, err
	}
	t.size, err = io.Copy(t.file, io.LimitReader(in, limit+1))
	if err == nil && t.size > limit {
		err = &formats.SyntaxError{Reason: fmt.Sprintf("decompressed it is larger than %d bytes", limit)}
	}
	if err != nil {
		return nil, errors.Join(err, t.close())
	}
	return t, nil
}

// A temporary file has no name any more where the system allows that, so that a crash leaves nothing.
type temporary struct {
	file    *os.File
	size    int64
	unnamed bool
}

func newTemporary() (*temporary, error) {
	file, err := os.CreateTemp("", "bulkload-*")
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	return &temporary{file: file, unnamed: os.Remove(file.Name()) == nil}, nil
}

func (t *temporary) close() error {
	err := t.file.Close()
	if !t.unnamed {
		err = errors.Join(err, os.Remove(t.file.Name()))
	}
	return err
}

// stripCompression takes .gz or .zst off a name and says which.
func stripCompression(name string) (rest, compression string) {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, ".gz"):
		return name[:len(name)-3], gzipped
	case strings.HasSuffix(lower, ".zst"):
		return name[:len(name)-4], zstded
	}
	return name, ""
}
