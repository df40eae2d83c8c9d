package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
)

// The encodings of values, by their numbers.
const (
	encodingPlain            = 0
	encodingPlainDictionary  = 2
	encodingRLE              = 3
	encodingBitPacked        = 4
	encodingDeltaBinary      = 5
	encodingDeltaLengthBytes = 6
	encodingDeltaBytes       = 7
	encodingRLEDictionary    = 8
	encodingByteStreamSplit  = 9
)

var errShort = errors.New("the page ends before its values")

// values are the values of a page or a dictionary, nulls left out: a run of bytes that is cut
// either every width bytes, or at offsets.
type values struct {
	count   int
	width   int    // 0: cut at offsets
	data    []byte // of the page, or made from it
	offsets []uint32
	gap     uint32 // bytes before each value that do not belong to it: the length that PLAIN writes there
}

// at returns the bytes of value i.
func (v *values) at(i int) []byte {
	if v.width > 0 {
		return v.data[i*v.width : (i+1)*v.width : (i+1)*v.width]
	}
	return v.data[v.offsets[i]+v.gap : v.offsets[i+1] : v.offsets[i+1]]
}

// scratch is the memory that decoding a page needs, kept for the next page.
type scratch struct {
	made     []byte
	offsets  []uint32
	prefixes []uint32
	suffixes []uint32
}

func (s *scratch) held() int {
	return cap(s.made) + 4*(cap(s.offsets)+cap(s.prefixes)+cap(s.suffixes))
}

// decode cuts data, which holds n values of f in the given encoding, into values. The data must
// hold exactly these.
func (s *scratch) decode(f *field, encoding int32, data []byte, n int) (values, error) {
	if n == 0 {
		return values{width: f.width, offsets: append(s.offsets[:0], 0)}, nil
	}
	switch {
	case encoding == encodingPlain && f.physical == physicalBoolean:
		return s.bits(data, n)
	case encoding == encodingPlain && f.width > 0:
		return fixed(data, n, f.width)
	case encoding == encodingPlain:
		return s.plainBytes(data, n)
	case encoding == encodingRLE && f.physical == physicalBoolean:
		return s.runBooleans(data, n)
	case encoding == encodingDeltaBinary && (f.physical == physicalInt32 || f.physical == physicalInt64):
		return s.deltaIntegers(data, n, f.width)
	case encoding == encodingDeltaLengthBytes && f.physical == physicalBytes:
		return s.deltaLengthBytes(data, n)
	case encoding == encodingDeltaBytes && (f.physical == physicalBytes || f.physical == physicalFixed):
		return s.deltaBytes(data, n, f.width)
	case encoding == encodingByteStreamSplit && f.width > 1 && f.physical != physicalInt96:
		return s.split(data, n, f.width)
	}
	return values{}, fmt.Errorf("its encoding, number %d, is not one for values stored as %s", encoding, nameOf(physicalNames, f.physical))
}

func fixed(data []byte, n, width int) (values, error) {
	if len(data) != n*width {
		return values{}, fmt.Errorf("the page has %d bytes for %d values of %d bytes", len(data), n, width)
	}
	return values{count: n, width: width, data: data}, nil
}

func (s *scratch) bits(data []byte, n int) (values, error) {
	if len(data) != (n+7)/8 {
		return values{}, fmt.Errorf("the page has %d bytes for %d truth values", len(data), n)
	}
	s.made = slices.Grow(s.made[:0], n)
	for i := range n {
		s.made = append(s.made, data[i>>3]>>(i&7)&1)
	}
	return values{count: n, width: 1, data: s.made}, nil
}

func (s *scratch) runBooleans(data []byte, n int) (values, error) {
	if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
		return values{}, errShort
	}
	var err error
	s.made, err = appendRuns(s.made[:0], data[4:4+binary.LittleEndian.Uint32(data)], 1, n)
	return values{count: n, width: 1, data: s.made}, err
}

func (s *scratch) plainBytes(data []byte, n int) (values, error) {
	if n > len(data)/4 {
		return values{}, errShort
	}
	s.offsets = append(slices.Grow(s.offsets[:0], n+1), 0)
	at := 0
	for range n {
		if len(data)-at < 4 {
			return values{}, errShort
		}
		length := binary.LittleEndian.Uint32(data[at:])
		at += 4
		if uint64(length) > uint64(len(data)-at) {
			return values{}, errShort
		}
		at += int(length)
		s.offsets = append(s.offsets, uint32(at))
	}
	if at != len(data) {
		return values{}, fmt.Errorf("the page has %d bytes behind its last value", len(data)-at)
	}
	return values{count: n, data: data, offsets: s.offsets, gap: 4}, nil
}

// split undoes BYTE_STREAM_SPLIT: the first bytes of all values, then the second ones, and so on.
func (s *scratch) split(data []byte, n, width int) (values, error) {
	if len(data) != n*width {
		return values{}, fmt.Errorf("the page has %d bytes for %d values of %d bytes", len(data), n, width)
	}
	s.made = slices.Grow(s.made[:0], len(data))[:len(data)]
	for b := range width {
		stream := data[b*n : (b+1)*n]
		for i, v := range stream {
			s.made[i*width+b] = v
		}
	}
	return values{count: n, width: width, data: s.made}, nil
}

func (s *scratch) deltaIntegers(data []byte, n, width int) (values, error) {
	if n > maxPage/width {
		return values{}, fmt.Errorf("a page of %d values is over the limit of %d bytes", n, maxPage)
	}
	s.made = s.made[:0]
	rest, err := decodeDelta(data, n, func(v uint64) {
		if width == 4 {
			s.made = binary.LittleEndian.AppendUint32(s.made, uint32(v))
		} else {
			s.made = binary.LittleEndian.AppendUint64(s.made, v)
		}
	})
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("the page has %d bytes behind its last value", len(rest))
	}
	return values{count: n, width: width, data: s.made}, err
}

func (s *scratch) deltaLengthBytes(data []byte, n int) (values, error) {
	rest, err := s.lengths(&s.suffixes, data, n)
	if err != nil {
		return values{}, err
	}
	s.offsets = append(slices.Grow(s.offsets[:0], n+1), 0)
	at := uint64(0)
	for _, length := range s.suffixes {
		if at += uint64(length); at > uint64(len(rest)) {
			return values{}, errShort
		}
		s.offsets = append(s.offsets, uint32(at))
	}
	if at != uint64(len(rest)) {
		return values{}, fmt.Errorf("the page has %d bytes behind its last value", uint64(len(rest))-at)
	}
	return values{count: n, data: rest, offsets: s.offsets}, nil
}

// deltaBytes puts values together from the start of the value before and an end of their own.
// Few bytes can make very long values, so the sum is limited.
func (s *scratch) deltaBytes(data []byte, n, width int) (values, error) {
	rest, err := s.lengths(&s.prefixes, data, n)
	if err != nil {
		return values{}, err
	}
	if rest, err = s.lengths(&s.suffixes, rest, n); err != nil {
		return values{}, err
	}
	s.offsets = append(slices.Grow(s.offsets[:0], n+1), 0)
	s.made = s.made[:0]
	last := 0
	for i, prefix := range s.prefixes {
		suffix := s.suffixes[i]
		start := len(s.made)
		if uint64(prefix) > uint64(start-last) || uint64(suffix) > uint64(len(rest)) {
			return values{}, errShort
		}
		if start+int(prefix)+int(suffix) > maxPage {
			return values{}, fmt.Errorf("the values of a page are over the limit of %d bytes", maxPage)
		}
		s.made = append(s.made, s.made[last:last+int(prefix)]...)
		s.made = append(s.made, rest[:suffix]...)
		rest, last = rest[suffix:], start
		if width > 0 && len(s.made)-start != width {
			return values{}, fmt.Errorf("a value has %d bytes instead of %d", len(s.made)-start, width)
		}
		s.offsets = append(s.offsets, uint32(len(s.made)))
	}
	if len(rest) > 0 {
		return values{}, fmt.Errorf("the page has %d bytes behind its last value", len(rest))
	}
	return values{count: n, data: s.made, offsets: s.offsets}, nil
}

// lengths decodes n lengths to the given place and returns what follows them.
func (s *scratch) lengths(to *[]uint32, data []byte, n int) ([]byte, error) {
	*to = (*to)[:0]
	negative := false
	rest, err := decodeDelta(data, n, func(v uint64) {
		negative = negative || int32(v) < 0
		*to = append(*to, uint32(v))
	})
	if err == nil && negative {
		err = errors.New("a length is negative")
	}
	return rest, err
}

// decodeDelta decodes the n numbers of DELTA_BINARY_PACKED data, of which those of 32 bits are the
// lower half, and returns what follows them.
func decodeDelta(data []byte, n int, put func(uint64)) ([]byte, error) {
	t := thrift{rest: data} // the numbers have the same form there
	block, parts, total, value := t.uvarint(), t.uvarint(), t.uvarint(), uint64(t.varint())
	switch {
	case t.err != nil:
		return nil, errShort
	case total != uint64(n):
		return nil, fmt.Errorf("the page says %d values, and its encoding %d", n, total)
	case n == 0:
		return t.rest, nil
	case block == 0 || block%128 != 0 || block > 1<<20 || parts == 0 || block%parts != 0 || block/parts%32 != 0:
		return nil, fmt.Errorf("blocks of %d values in %d parts are not of the encoding", block, parts)
	}
	put(value)
	size := block / parts
	for left := n - 1; left > 0; {
		least := uint64(t.varint())
		widths := t.take(parts)
		for p := 0; p < len(widths) && left > 0; p++ {
			width := uint(widths[p])
			if width > 64 {
				return nil, fmt.Errorf("a number of %d bits is not of the encoding", width)
			}
			packed := t.take(size / 8 * uint64(width))
			if t.err != nil {
				return nil, errShort
			}
			for i := range min(left, int(size)) {
				value += least + unpack(packed, uint(i)*width, width)
				put(value)
			}
			left -= min(left, int(size))
		}
		if t.err != nil {
			return nil, errShort
		}
	}
	return t.rest, nil
}

// unpack returns the width bits from bit at on, the lowest first. width is at most 64.
func unpack(packed []byte, at, width uint) uint64 {
	if width == 0 {
		return 0
	}
	i, shift := at>>3, at&7
	var v uint64
	if i+8 <= uint(len(packed)) {
		v = binary.LittleEndian.Uint64(packed[i:]) >> shift
		if shift+width > 64 {
			v |= uint64(packed[i+8]) << (64 - shift)
		}
	} else {
		var tail [9]byte
		copy(tail[:], packed[i:])
		v = binary.LittleEndian.Uint64(tail[:])>>shift | uint64(tail[8])<<(64-shift)
	}
	return v & (math.MaxUint64 >> (64 - width))
}

// appendRuns adds the n numbers of the given width in bits that data has in the RLE and bit-packing
// hybrid.
func appendRuns[T uint8 | uint32](dst []T, data []byte, width uint, n int) ([]T, error) {
	r := runs{thrift: thrift{rest: data}, width: width, left: n}
	return appendNext(dst, &r, n)
}

// runs are numbers in the RLE and bit-packing hybrid, decoded bit by bit.
type runs struct {
	thrift // the run lengths have the same form there
	width  uint
	left   int // numbers

	open   int    // of them in the run begun last
	value  uint32 // that it repeats, when it is not packed
	packed []byte
	at     uint // bit of packed
}

// appendNext adds the next n numbers, of which there are as many left. It takes memory only for
// numbers that the data have.
func appendNext[T uint8 | uint32](dst []T, r *runs, n int) ([]T, error) {
	for n > 0 {
		if r.open == 0 {
			if err := r.begin(); err != nil {
				return dst, err
			}
			if r.packed == nil && uint32(T(r.value)) != r.value {
				return dst, r.tooWide()
			}
		}
		take := min(n, r.open)
		if r.packed == nil {
			dst = appendRepeated(dst, T(r.value), take)
		} else {
			dst = appendPacked(dst, r.packed, r.at, r.width, take)
			r.at += uint(take) * r.width
		}
		r.open -= take
		r.left -= take
		n -= take
	}
	return dst, nil
}

func (r *runs) tooWide() error { return fmt.Errorf("a run repeats a number of over %d bits", r.width) }

// begin reads the head of the next run. One of no numbers is passed over.
func (r *runs) begin() error {
	for r.open == 0 {
		head := r.uvarint()
		if r.err != nil {
			return errShort
		}
		if head&1 == 0 {
			raw := r.take(uint64(r.width+7) / 8)
			if r.err != nil {
				return errShort
			}
			value := unpack(raw, 0, uint(len(raw)*8))
			if value>>r.width != 0 {
				return r.tooWide()
			}
			r.value, r.packed = uint32(value), nil
			r.open = int(min(head>>1, uint64(r.left)))
			continue
		}
		groups := int(min(head>>1, uint64(r.left)/8+1))
		r.packed, r.at = r.rest[:min(len(r.rest), groups*int(r.width))], 0
		r.open = min(8*groups, r.left)
		if len(r.packed) < (r.open*int(r.width)+7)/8 {
			return errShort
		}
		r.rest = r.rest[len(r.packed):]
	}
	return nil
}

func appendRepeated[T uint8 | uint32](dst []T, value T, n int) []T {
	start := len(dst)
	dst = slices.Grow(dst, n)[:start+n]
	for i := range dst[start:] {
		dst[start+i] = value
	}
	return dst
}

// appendPacked adds n numbers of width bits, at most 32, of packed from bit at on. Where 8 bytes can be loaded at
// once, all the numbers they hold are taken out of one register (BenchmarkRead).
func appendPacked[T uint8 | uint32](dst []T, packed []byte, at, width uint, n int) []T {
	start := len(dst)
	dst = slices.Grow(dst, n)[:start+n]
	to := dst[start:]
	if width > 0 {
		mask := uint64(1)<<width - 1
		for each := int(57 / width); len(to) >= each && at>>3+8 <= uint(len(packed)); {
			word := binary.LittleEndian.Uint64(packed[at>>3:]) >> (at & 7)
			for i := range to[:each] {
				to[i] = T(word & mask)
				word >>= width
			}
			at += uint(each) * width
			to = to[each:]
		}
	}
	for i := range to {
		to[i] = T(unpack(packed, at, width))
		at += width
	}
	return dst
}
