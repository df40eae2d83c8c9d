package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"sync/atomic"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// The kinds of pages.
const (
	pageData       = 0
	pageIndex      = 1
	pageDictionary = 2
	pageDataV2     = 3
)

// The codecs that pages are packed with.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecBrotli = 4
	codecLZ4    = 5
	codecZstd   = 6
	codecLZ4Raw = 7
)

// pageHeader is what a page says about itself.
type pageHeader struct {
	kind          int32
	plain, packed int32 // bytes, as read and as stored
	checksum      uint32
	checked       bool // whether there is a checksum
	entries       int32
	rows          int32
	encoding      int32
	definitions   int32 // encoding of the levels, or, of a V2 page, their bytes
	repetitions   int32
	unpacked      bool // V2: the values are stored as they are, whatever the codec
	described     bool // whether there is a header for its kind
}

// parsePageHeader takes a page's header off the front of data and tells how long it was.
func parsePageHeader(data []byte) (h pageHeader, size int, err error) {
	t := &thrift{rest: data}
	h = pageHeader{kind: -1, plain: -1, packed: -1, entries: -1, rows: -1, encoding: -1}
	t.fields(func(id int16, kind byte) {
		switch id {
		case 1:
			h.kind = t.small(kind)
		case 2:
			h.plain = t.small(kind)
		case 3:
			h.packed = t.small(kind)
		case 4:
			h.checksum, h.checked = uint32(t.small(kind)), true
		case 5:
			h.describe(t, kind, h.kind == pageData, h.dataField)
		case 7:
			h.describe(t, kind, h.kind == pageDictionary, h.dictionaryField)
		case 8:
			h.describe(t, kind, h.kind == pageDataV2, h.dataV2Field)
		default:
			t.skip(kind)
		}
	})
	return h, len(data) - len(t.rest), t.err
}

// describe reads the part of the header for one kind of page, when the page is of that kind.
func (h *pageHeader) describe(t *thrift, kind byte, mine bool, field func(t *thrift, id int16, kind byte)) {
	if !mine {
		t.skip(kind)
		return
	}
	h.described = true
	t.structure(kind, func(id int16, kind byte) { field(t, id, kind) })
}

func (h *pageHeader) dataField(t *thrift, id int16, kind byte) {
	switch id {
	case 1:
		h.entries = t.small(kind)
	case 2:
		h.encoding = t.small(kind)
	case 3:
		h.definitions = t.small(kind)
	case 4:
		h.repetitions = t.small(kind)
	default:
		t.skip(kind)
	}
}

func (h *pageHeader) dictionaryField(t *thrift, id int16, kind byte) {
	switch id {
	case 1:
		h.entries = t.small(kind)
	case 2:
		h.encoding = t.small(kind)
	default:
		t.skip(kind)
	}
}

func (h *pageHeader) dataV2Field(t *thrift, id int16, kind byte) {
	switch id {
	case 1:
		h.entries = t.small(kind)
	case 3:
		h.rows = t.small(kind)
	case 4:
		h.encoding = t.small(kind)
	case 5:
		h.definitions = t.small(kind)
	case 6:
		h.repetitions = t.small(kind)
	case 7:
		h.unpacked = !t.boolean(kind)
	default:
		t.skip(kind)
	}
}

// check compares a header with the limits and with the bytes left of its column chunk.
func (h *pageHeader) check(left int64) error {
	switch {
	case h.kind < 0 || h.packed < 0 || h.plain < 0:
		return fmt.Errorf("a page's header is wrong: kind %d, %d bytes stored, %d bytes in all", h.kind, h.packed, h.plain)
	case int64(h.packed) > left:
		return fmt.Errorf("a page claims %d bytes, and its column has %d left", h.packed, left)
	case h.plain > maxPage || h.packed > maxPage:
		return fmt.Errorf("a page of %d bytes is over the limit of %d", max(h.plain, h.packed), maxPage)
	case h.kind == pageIndex:
		return nil
	case h.kind > pageDataV2:
		return fmt.Errorf("a page is of the unknown kind %d", h.kind)
	case !h.described || h.entries < 0 || h.encoding < 0:
		return errors.New("a page's header does not describe the page")
	case h.entries > maxEntries:
		return fmt.Errorf("a page of %d values is over the limit of %d", h.entries, maxEntries)
	case h.kind == pageDataV2 && (h.definitions < 0 || h.repetitions < 0 || int64(h.definitions)+int64(h.repetitions) > int64(min(h.packed, h.plain))):
		return fmt.Errorf("a page of %d bytes claims levels of %d and %d bytes", h.packed, h.definitions, h.repetitions)
	}
	return nil
}

// pageFile is the file that pages are read from, and what all who read it have taken of it.
type pageFile struct {
	io.ReaderAt
	consumed atomic.Int64 // bytes read
	held     atomic.Int64 // bytes of memory that the columns hold
}

// pageSource reads the pages of a file, unpacked, for one goroutine. Its codecs are shared by the
// columns that the goroutine works on.
type pageSource struct {
	*pageFile
	head   []byte // where headers are read to
	body   []byte // where pages are read to
	packed []byte // what of body is not read yet
	zstd   *zstd.Decoder
	gzip   *gzip.Reader
}

// header reads the header of the page at a byte of the file, and tells how long it is. end is where
// the column chunk ends.
func (p *pageSource) header(at, end int64) (h pageHeader, size int64, err error) {
	for window := int64(256); ; window *= 8 {
		window = min(window, end-at, maxHeader)
		p.head = slices.Grow(p.head[:0], int(window))[:window]
		if err := readFull(p, p.head, at); err != nil {
			return h, 0, err
		}
		h, n, err := parsePageHeader(p.head)
		if errors.Is(err, errThriftShort) && window < min(end-at, maxHeader) {
			continue
		}
		if err != nil {
			return h, 0, fmt.Errorf("a page's header at byte %d cannot be read: %w", at, err)
		}
		return h, int64(n), h.check(end - at - int64(n))
	}
}

// read reads the bytes of a page as stored, and verifies its checksum when it has one.
func (p *pageSource) read(h *pageHeader, at int64) error {
	p.body = slices.Grow(p.body[:0], int(h.packed))[:h.packed]
	p.packed = p.body
	if err := readFull(p, p.body, at); err != nil {
		return err
	}
	if sum := crc32.ChecksumIEEE(p.body); h.checked && sum != h.checksum {
		return fmt.Errorf("a page at byte %d is damaged: its checksum is %08x and should be %08x", at, sum, h.checksum)
	}
	return nil
}

// likely is how many bytes a page may have for every packed one before its size is doubted: then
// memory is taken as bytes come, and not as the header says.
const likely = 256

// unpack unpacks what was read, which must become exactly want bytes, using dst's memory.
func (p *pageSource) unpack(codec int32, dst []byte, want int) ([]byte, error) {
	src := p.packed
	if want == 0 && len(src) == 0 {
		return dst[:0], nil
	}
	if codec == codecNone {
		if len(src) != want {
			return nil, fmt.Errorf("a page has %d bytes instead of %d", len(src), want)
		}
		return append(dst[:0], src...), nil
	}
	if want > likely*(len(src)+256) {
		return p.unpackDoubtful(codec, dst, src, want)
	}
	dst = slices.Grow(dst[:0], want)[:want]
	n, err := p.unpackTo(codec, dst, src)
	if err == nil && n != want {
		err = fmt.Errorf("it unpacks to %d bytes instead of %d", n, want)
	}
	if err != nil {
		return dst, fmt.Errorf("a page cannot be unpacked: %w", err)
	}
	return dst, nil
}

// errLonger says that more bytes come out of a page than it claims.
var errLonger = errors.New("it unpacks to more bytes than it claims")

// unpackTo unpacks src to dst and tells how many bytes it became, never more than dst has.
func (p *pageSource) unpackTo(codec int32, dst, src []byte) (int, error) {
	switch codec {
	case codecSnappy:
		if n, err := snappy.DecodedLen(src); err != nil || n != len(dst) {
			return n, err
		}
		_, err := snappy.Decode(dst, src)
		return len(dst), err
	case codecLZ4Raw:
		return lz4.UncompressBlock(src, dst)
	case codecZstd:
		decoder, err := p.zstdDecoder()
		if err != nil {
			return 0, err
		}
		plain, err := decoder.DecodeAll(src, dst[:0])
		if err == nil && len(plain) == len(dst) {
			copy(dst, plain) // nothing moves when the decoder kept to dst
		}
		return len(plain), err
	}
	r, err := p.stream(codec, src)
	if err != nil {
		return 0, err
	}
	n, err := io.ReadFull(r, dst)
	if err != nil {
		return n, err
	}
	switch extra, err := io.CopyN(io.Discard, r, 1); {
	case extra > 0:
		return n, errLonger
	case !errors.Is(err, io.EOF): // the end holds what the stream is checked with
		return n, err
	}
	return n, nil
}

// unpackDoubtful unpacks a page that claims to become very much larger than it is.
func (p *pageSource) unpackDoubtful(codec int32, dst, src []byte, want int) ([]byte, error) {
	r, err := p.stream(codec, src)
	if err != nil {
		return dst, fmt.Errorf("a page of %d bytes cannot unpack to %d: %w", len(src), want, err)
	}
	var plain bytes.Buffer
	n, err := io.Copy(&plain, io.LimitReader(r, int64(want)+1))
	if err == nil && n != int64(want) {
		err = fmt.Errorf("it does not unpack to %d bytes", want)
	}
	if err != nil {
		return dst, fmt.Errorf("a page cannot be unpacked: %w", err)
	}
	return plain.Bytes(), nil
}

// stream unpacks src bit by bit, for the codecs that can.
func (p *pageSource) stream(codec int32, src []byte) (io.Reader, error) {
	switch codec {
	case codecGzip:
		if p.gzip == nil {
			p.gzip = new(gzip.Reader)
		}
		return p.gzip, p.gzip.Reset(bytes.NewReader(src))
	case codecBrotli:
		return brotli.NewReader(bytes.NewReader(src)), nil
	case codecZstd:
		decoder, err := p.zstdDecoder()
		if err != nil {
			return nil, err
		}
		return decoder, decoder.Reset(bytes.NewReader(src))
	}
	return nil, errors.New("no page packed so gets that much larger")
}

func (p *pageSource) zstdDecoder() (*zstd.Decoder, error) {
	if p.zstd != nil {
		return p.zstd, nil
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(maxPage), zstd.WithDecoderMaxWindow(8<<20))
	if err != nil {
		return nil, fmt.Errorf("start zstd: %w", err)
	}
	p.zstd = decoder
	return decoder, nil
}

func (p *pageSource) close() {
	if p.zstd != nil {
		p.zstd.Close()
		p.zstd = nil
	}
}

// checkCodec refuses codecs that are not read.
func checkCodec(codec int32) error {
	switch codec {
	case codecNone, codecSnappy, codecGzip, codecBrotli, codecZstd, codecLZ4Raw:
		return nil
	case codecLZ4:
		return errors.New("it is packed with the old LZ4 of Hadoop, which the format has given up; write it with zstd or snappy")
	}
	return fmt.Errorf("it is packed with codec %d, which is not read; write it with zstd or snappy", codec)
}

// levels decodes n levels of at most most, and cuts off the bytes it used.
func levels(dst []uint8, data *[]byte, encoding int32, most uint8, n int) ([]uint8, error) {
	if encoding != encodingRLE {
		return dst, fmt.Errorf("its levels have encoding %d, and only RLE is read", encoding)
	}
	if len(*data) < 4 || uint64(binary.LittleEndian.Uint32(*data)) > uint64(len(*data)-4) {
		return dst, errShort
	}
	end := 4 + int(binary.LittleEndian.Uint32(*data))
	packed := (*data)[4:end]
	*data = (*data)[end:]
	return levelsOf(dst, packed, most, n)
}

func levelsOf(dst []uint8, packed []byte, most uint8, n int) ([]uint8, error) {
	width := uint(1)
	if most > 1 {
		width = 2 // lists go down to 3 levels, nothing deeper is read
	}
	dst, err := appendRuns(dst[:0], packed, width, n)
	if err != nil {
		return dst, fmt.Errorf("its levels cannot be read: %w", err)
	}
	if most == 1<<width-1 {
		return dst, nil // no number of that width is higher
	}
	for _, level := range dst {
		if level > most {
			return dst, fmt.Errorf("it has a level of %d, and %d is the most", level, most)
		}
	}
	return dst, nil
}
