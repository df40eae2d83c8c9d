package feed

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"bulkload/formats"
	"bulkload/formats/csv"
	"bulkload/formats/ndjson"
	"bulkload/formats/parquet"
	"bulkload/formats/xlsx"
)

// A reading is one pass through a feed.
type reading struct {
	formats.Reader
	feed     *Feed
	text     io.Closer // decompressor of a text feed, or nil
	consumed func() int64
	total    int64
	ended    atomic.Bool
	closed   atomic.Bool
}

// Read begins to read the feed from its first row. The reading before must be closed.
func (f *Feed) Read(ctx context.Context) (formats.Reader, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if r := f.ready; r != nil {
		f.ready = nil
		return r, nil
	}
	if r := f.current.Load(); r != nil && !r.closed.Load() {
		return nil, f.named(errors.New("it is being read already"))
	}
	if f.file == nil {
		return nil, f.named(os.ErrClosed)
	}
	r, err := f.begin()
	if err != nil {
		return nil, f.named(err)
	}
	return r, nil
}

// begin starts a reading and makes it the current one.
func (f *Feed) begin() (*reading, error) {
	r := &reading{feed: f}
	var err error
	switch f.Format {
	case csvFormat, ndjsonFormat:
		err = r.beginText()
	default:
		err = r.beginContent()
	}
	if err != nil {
		return nil, err
	}
	f.current.Store(r)
	return r, nil
}

func (r *reading) beginText() error {
	count := &counter{file: r.feed.file, size: r.feed.Size}
	text, err := decompress(count, r.feed.Compression)
	if err != nil {
		return err
	}
	if r.feed.Format == csvFormat {
		r.Reader, err = asReader(csv.NewReader(text, r.feed.options))
	} else {
		r.Reader, err = asReader(ndjson.NewReader(text, r.feed.options))
	}
	if err != nil {
		return errors.Join(err, text.Close())
	}
	r.text, r.consumed, r.total = text, count.at.Load, r.feed.Size
	return nil
}

func (r *reading) beginContent() error {
	content, size, err := r.feed.content()
	if err != nil {
		return err
	}
	r.total = size
	if r.feed.Format == xlsxFormat {
		book, err := xlsx.NewReader(content, size, r.feed.options)
		if err != nil {
			return err
		}
		r.Reader, r.consumed = book, book.Consumed
		return nil
	}
	table, err := parquet.NewReader(content, size, r.feed.options)
	if err != nil {
		return err
	}
	r.Reader, r.consumed = table, table.Consumed
	return nil
}

// asReader keeps a nil pointer from becoming a reader that is not nil.
func asReader[R formats.Reader](r R, err error) (formats.Reader, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Next names the file in errors.
func (r *reading) Next(ctx context.Context) (*formats.Block, error) {
	b, err := r.Reader.Next(ctx)
	if err == io.EOF {
		r.ended.Store(true)
	}
	return b, r.feed.named(err)
}

// Tally adds what was odd about the file as a whole.
func (r *reading) Tally() formats.Tally {
	tally := r.Reader.Tally()
	tally.Remarks = append(append([]formats.Remark(nil), r.feed.remarks...), tally.Remarks...)
	return tally
}

// Close may be called again.
func (r *reading) Close() error {
	if r.closed.Swap(true) {
		return nil
	}
	err := r.Reader.Close()
	if r.text != nil {
		err = errors.Join(err, r.text.Close())
	}
	return err
}

// Progress tells how many bytes the latest reading has taken in, and of how many. They are bytes
// on disk, but for a compressed workbook or Parquet file, whose inflated bytes are counted. It may
// be called from any goroutine.
func (f *Feed) Progress() (done, total int64) {
	r := f.current.Load()
	if r == nil {
		return 0, f.Size
	}
	if r.ended.Load() {
		return r.total, r.total
	}
	return min(r.consumed(), r.total), r.total
}

// EncodingRead tells the encoding and its reason as far as the latest reading has come: text that begins
// in ASCII may show later only what it is. It is for the goroutine that reads.
func (f *Feed) EncodingRead() (name, why string) {
	if r := f.current.Load(); r != nil {
		if text, ok := r.Reader.(interface {
			Encoding() string
			EncodingReason() string
		}); ok {
			return text.Encoding(), text.EncodingReason()
		}
	}
	return f.Encoding, f.Why
}

// A counter reads a file of a known size and counts. A file that has become shorter is an error,
// so that it is not read as a whole one.
type counter struct {
	file io.ReaderAt
	size int64
	at   atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	at := c.at.Load()
	if at >= c.size {
		return 0, io.EOF
	}
	n, err := c.file.ReadAt(p[:min(int64(len(p)), c.size-at)], at)
	c.at.Add(int64(n))
	if n > 0 {
		return n, nil
	}
	return 0, shortened(err)
}

func (f *Feed) describeSheets() {
	book, ok := f.ready.Reader.(*xlsx.Reader)
	if !ok {
		return
	}
	f.Sheet = book.Sheet()
	for _, sheet := range book.Sheets() {
		f.Sheets = append(f.Sheets, sheet.Name)
		if sheet.Hidden {
			f.Hidden = append(f.Hidden, sheet.Name)
		}
	}
}

// remarkTabs notes a .tsv file that has other delimiters.
func (f *Feed) remarkTabs() {
	name, _ := stripCompression(f.Name)
	if strings.EqualFold(filepath.Ext(name), ".tsv") && f.Delimiter != '\t' {
		f.remarks = append(f.remarks, formats.Remark{Text: "the name ends in .tsv, but cells are not separated by tabs; they are separated by " + string(rune(f.Delimiter))})
	}
}
