package xlsx

import (
	"encoding/binary"
	"errors"
	"io"
	"math/bits"
)

// Sizes of DEFLATE, RFC 1951, and of what unpacks it.
const (
	farthest   = 32 << 10 // bytes that a match reaches back
	longest    = 258      // bytes of a match
	codeLimit  = 15       // bits of a code
	literals   = 286      // symbols that a block may have codes for: bytes, its end, and lengths of matches
	distances  = 30
	endOfBlock = 256

	unpackedRoom = 96 << 10                 // bytes that are unpacked at once, besides those that matches reach back to
	repeatRoom   = 32                       // bytes that may be written after a match
	symbolRoom   = 1 + longest + repeatRoom // bytes that a literal and a match after it may write
	inputRoom    = 16                       // bytes that they may be read from
	literalBits  = 11                       // of codes that one look at a table resolves
	distanceBits = 9
	lengthBits   = 7
)

var errInflate = errors.New("the compressed data make no sense")

// An inflater unpacks DEFLATE as compress/flate does, which is its tests' oracle, at twice the pace: it
// takes eight bytes of input at once, its tables resolve most codes at one look, and short matches
// are written by words (BenchmarkInflate).
type inflater struct {
	src  io.Reader
	in   []byte // read of src; in[at:] is not in held yet
	at   int
	last bool   // src has no more
	held uint64 // the next bits of the input, the lowest first; above those counted may be some of in[at]
	n    uint   // how many bits are held

	out        []byte // out[given:end] is unpacked and not given out
	given, end int
	err        error // what comes after it

	final  bool // the block is the last one
	coded  bool // it goes on with symbols
	stored int  // or with as many bytes as they are

	looks    *[1 << literalBits]uint32 // quick, or noLooks before that is made
	quick    [1 << literalBits]uint32
	literal  [1<<literalBits + literals<<(codeLimit-literalBits)]uint32
	distance [1<<distanceBits + distances<<(codeLimit-distanceBits)]uint32
}

// newInflater unpacks src, which should be that many bytes and become that many: more is read, but
// for less, less memory is taken.
func newInflater(src io.Reader, packed, plain uint64) *inflater {
	d := new(inflater)
	d.reset(src, packed, plain)
	return d
}

// reset makes an inflater unpack something else, with the memory that it has if that is enough.
func (d *inflater) reset(src io.Reader, packed, plain uint64) {
	d.src, d.in, d.at, d.last, d.held, d.n = src, d.in[:0], 0, false, 0, 0
	if room := int(min(packed, packedRoom)) + 2*inputRoom; cap(d.in) < room {
		d.in = make([]byte, 0, room)
	}
	if room := int(min(plain, unpackedRoom)) + farthest + 2*symbolRoom; len(d.out) < room {
		d.out = make([]byte, room)
	}
	d.given, d.end, d.err = 0, 0, nil
	d.final, d.coded, d.stored, d.looks = false, false, 0, nil
}

// Read gives out what is unpacked, and io.EOF after the last block.
func (d *inflater) Read(p []byte) (int, error) {
	for d.given == d.end {
		if d.err != nil {
			return 0, d.err
		}
		if d.end > farthest {
			d.end = copy(d.out, d.out[d.end-farthest:d.end])
			d.given = d.end
		}
		d.err = d.unpack()
	}
	n := copy(p, d.out[d.given:d.end])
	d.given += n
	return n, nil
}

// unpack unpacks until there is no room for more, or no more.
func (d *inflater) unpack() (err error) {
	for err == nil && d.end <= len(d.out)-symbolRoom {
		switch {
		case d.coded:
			err = d.symbols()
		case d.stored > 0:
			err = d.copyStored()
		case d.final:
			err = io.EOF
		default:
			err = d.begin()
		}
	}
	return err
}

// fill reads on until a symbol's input is there, or all there is.
func (d *inflater) fill() error {
	d.unload()
	d.in = d.in[:copy(d.in, d.in[d.at:])]
	for d.at = 0; len(d.in) < inputRoom && !d.last; {
		n, err := d.src.Read(d.in[len(d.in):cap(d.in)])
		d.in = d.in[:len(d.in)+n]
		if d.last = err == io.EOF; err != nil && !d.last {
			return err
		}
	}
	return nil
}

// unload gives whole bytes that are held back to the input.
func (d *inflater) unload() {
	d.at -= int(d.n >> 3)
	d.n &= 7
	d.held &= 1<<d.n - 1
}

// load holds as many bits as a block's head takes at once, or all there are.
func (d *inflater) load() error {
	if len(d.in)-d.at < inputRoom && !d.last {
		if err := d.fill(); err != nil {
			return err
		}
	}
	for d.n < 32 && d.at < len(d.in) {
		d.held |= uint64(d.in[d.at]) << d.n
		d.at++
		d.n += 8
	}
	return nil
}

// take takes a number of that many bits, at most 16.
func (d *inflater) take(width uint) (int, error) {
	if err := d.load(); err != nil {
		return 0, err
	}
	if d.n < width {
		return 0, io.ErrUnexpectedEOF
	}
	value := int(d.held & (1<<width - 1))
	d.held >>= width
	d.n -= width
	return value, nil
}

// begin reads the head of the next block.
func (d *inflater) begin() error {
	head, err := d.take(3)
	if err != nil {
		return err
	}
	d.final = head&1 == 1
	switch head >> 1 {
	case 0:
		return d.beginStored()
	case 1:
		return d.beginFixed()
	case 2:
		return d.beginCoded()
	}
	return errInflate
}

func (d *inflater) beginStored() error {
	d.unload()
	d.held, d.n = 0, 0
	size, err := d.take(16)
	if err != nil {
		return err
	}
	inverse, err := d.take(16)
	if err == nil && inverse != ^size&0xffff {
		err = errInflate
	}
	d.stored = size
	return err
}

func (d *inflater) copyStored() error {
	d.unload()
	if d.at == len(d.in) {
		if err := d.fill(); err != nil {
			return err
		}
		if len(d.in) == 0 {
			return io.ErrUnexpectedEOF
		}
	}
	n := copy(d.out[d.end:], d.in[d.at:min(len(d.in), d.at+d.stored)])
	d.at, d.end, d.stored = d.at+n, d.end+n, d.stored-n
	return nil
}

// beginFixed makes the tables of the codes that the RFC names.
func (d *inflater) beginFixed() error {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	var far [32]uint8
	for i := range far {
		far[i] = 5
	}
	makeCode(d.literal[:], literalBits, lengths[:], literalEntry)
	makeCode(d.distance[:], distanceBits, far[:], distanceEntry)
	d.coded, d.looks = true, &noLooks
	return nil
}

// beginCoded reads a block's own codes.
func (d *inflater) beginCoded() error {
	var counts [3]int
	for i, width := range [3]uint{5, 5, 4} {
		var err error
		if counts[i], err = d.take(width); err != nil {
			return err
		}
	}
	near, far := counts[0]+257, counts[1]+1
	if near > literals || far > distances {
		return errInflate
	}
	lengths, err := d.codeLengths(counts[2]+4, near+far)
	if err != nil {
		return err
	}
	if !makeCode(d.literal[:], literalBits, lengths[:near], literalEntry) || !makeCode(d.distance[:], distanceBits, lengths[near:near+far], distanceEntry) {
		return errInflate
	}
	d.coded, d.looks = true, &noLooks
	return nil
}

// codeLengths reads n lengths of codes, which are packed by a code whose own lengths come first.
func (d *inflater) codeLengths(own, n int) (lengths [literals + distances]uint8, err error) {
	var first [19]uint8
	order := [len(first)]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	for _, symbol := range order[:own] {
		length, err := d.take(3)
		if err != nil {
			return lengths, err
		}
		first[symbol] = uint8(length)
	}
	var table [1 << lengthBits]uint32
	if !makeCode(table[:], lengthBits, first[:], func(symbol int) uint32 { return uint32(symbol) << 16 }) {
		return lengths, errInflate
	}
	for i := 0; i < n; {
		if err := d.load(); err != nil {
			return lengths, err
		}
		entry := table[d.held&(1<<lengthBits-1)]
		if entry == noSymbol {
			return lengths, d.noCode(lengthBits)
		}
		if _, err := d.take(uint(entry & codeMask)); err != nil {
			return lengths, err
		}
		symbol := entry >> 16
		if symbol < 16 {
			lengths[i] = uint8(symbol)
			i++
			continue
		}
		run := [3]struct {
			least int
			extra uint
		}{{3, 2}, {3, 3}, {11, 7}}[symbol-16]
		times, err := d.take(run.extra)
		if err != nil {
			return lengths, err
		}
		times += run.least
		if i+times > n || symbol == 16 && i == 0 {
			return lengths, errInflate
		}
		for ; times > 0; times-- {
			if symbol == 16 {
				lengths[i] = lengths[i-1]
			}
			i++
		}
	}
	return lengths, nil
}

// noCode tells an input that has ended from one that has bits which are no code.
func (d *inflater) noCode(width uint) error {
	if d.n < width {
		return io.ErrUnexpectedEOF
	}
	return errInflate
}

// An entry of a code's table: in its lowest bits how long the code is, or what is left of it after
// a first table; then how many bits follow it, and what it stands for in the upper half.
const (
	codeMask   = 15
	extraShift = 4
	isLiteral  = 1 << 15
	isOther    = 1 << 14 // neither a literal nor a length or distance
	isEnd      = isOther | 1<<13
	isTable    = isOther | 1<<12 // a second table resolves the code
	noSymbol   = isOther
)

var (
	leastLength   = [29]uint16{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	extraLength   = [29]uint8{8: 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	leastDistance = [distances]uint16{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
		8193, 12289, 16385, 24577}
	extraDistance = [distances]uint8{4: 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

func literalEntry(symbol int) uint32 {
	switch {
	case symbol < endOfBlock:
		return uint32(symbol)<<16 | isLiteral
	case symbol == endOfBlock:
		return isEnd
	case symbol < literals:
		return uint32(leastLength[symbol-257])<<16 | uint32(extraLength[symbol-257])<<extraShift
	}
	return noSymbol
}

func distanceEntry(symbol int) uint32 {
	if symbol >= distances {
		return noSymbol
	}
	return uint32(leastDistance[symbol])<<16 | uint32(extraDistance[symbol])<<extraShift
}

// makeCode makes the table of the code whose symbols have codes of these lengths: for all values of
// so many bits at first, then for what follows those that are not a whole code. It reports false
// when the lengths make no code, but for one of a single bit or of nothing.
func makeCode(table []uint32, width uint, lengths []uint8, entry func(symbol int) uint32) bool {
	var count [codeLimit + 1]int
	for _, length := range lengths {
		count[length]++
	}
	var next [codeLimit + 2]int
	used := 0 // of all values of codeLimit bits
	for length := 1; length <= codeLimit; length++ {
		used += count[length] << (codeLimit - length)
		next[length+1] = (next[length] + count[length]) << 1
	}
	if whole := 1 << codeLimit; used != whole && used != 0 && (used != whole/2 || count[1] != 1) {
		return false
	}
	free := 1 << width
	for i := range free {
		table[i] = noSymbol
	}
	for symbol, length := range lengths {
		if length == 0 {
			continue
		}
		code := int(bits.Reverse16(uint16(next[length])) >> (16 - length))
		next[length]++
		here, left := table[:1<<width], uint(length)
		if left > width {
			second := &table[code&(1<<width-1)]
			rest := codeLimit - width
			if *second == noSymbol {
				*second = uint32(free)<<16 | uint32(rest)<<extraShift | isTable
				for i := range 1 << rest {
					table[free+i] = noSymbol
				}
				free += 1 << rest
			}
			here = table[*second>>16:][:1<<rest]
			code, left = code>>width, left-width
		}
		value := entry(symbol) | uint32(left)
		for ; code < len(here); code += 1 << left {
			here[code] = value
		}
	}
	return true
}

// An entry of the table quick says what the next bits are: a literal, the length of a match, or first the one and
// then the other. In its lowest bits is how many bits they are, then how many literals, then the literal, and the length in the
// upper half. It is zero when the table of codes must tell.
const (
	takenMask    = 15
	literalCount = 1 << 4
	literalShift = 8
	lengthShift  = 16
)

// noLooks is a table of nothing, for where symbols are to be read one by one.
var noLooks [1 << literalBits]uint32

// makeQuick makes the table quick of the table of codes. Most lengths are then known at one look, with the bits
// that follow their code; and since a literal before them is too, nobody must foretell whether there is one.
func (d *inflater) makeQuick() {
	for i := range d.quick {
		entry, quick, taken := d.literal[i], uint32(0), uint32(0)
		if entry&isLiteral != 0 {
			taken = entry & codeMask
			quick = entry>>16&0xff<<literalShift | literalCount | taken
			entry = d.literal[i>>taken]
		}
		if entry&(isLiteral|isOther) == 0 {
			code, extra := entry&codeMask, entry>>extraShift&15
			if all := taken + code + extra; all <= literalBits {
				length := entry>>16 + uint32(i)>>(taken+code)&(1<<extra-1)
				quick = quick&^takenMask | length<<lengthShift | all
			}
		}
		d.quick[i] = quick
	}
	d.looks = &d.quick
}

// symbols unpacks symbols to the block's end, or until there is no room for what one may write.
func (d *inflater) symbols() error {
	const soon = 256 // bytes after which a block is worth a table more
	if len(d.in)-d.at < inputRoom {
		if err := d.fill(); err != nil {
			return err
		}
		if len(d.in) < inputRoom {
			return d.lastSymbol()
		}
	}
	lastIn, lastOut := len(d.in)-inputRoom, len(d.out)-symbolRoom
	if d.looks == &noLooks {
		if err := d.run(min(lastIn, d.at+soon), lastOut); err != nil || !d.coded {
			return err
		}
		d.makeQuick()
	}
	return d.run(lastIn, lastOut)
}

// lastSymbol unpacks one symbol, of input that may end within it.
func (d *inflater) lastSymbol() error {
	size, end := len(d.in), d.end
	d.in = append(d.in, make([]byte, inputRoom)...)
	d.looks = &noLooks
	err := d.run(d.at, d.end)
	d.unload()
	if d.in = d.in[:size]; d.at > size {
		d.end = end
		return io.ErrUnexpectedEOF
	}
	return err
}

// run unpacks symbols as long as no more of the input and of the room is taken than that.
func (d *inflater) run(lastIn, lastOut int) error {
	in, at, held, n := d.in, d.at, d.held, d.n
	out, end, looks := d.out, d.end, d.looks
	var err error
	for at <= lastIn && end <= lastOut {
		held |= binary.LittleEndian.Uint64(in[at:]) << (n & 63)
		at += int(63-n) >> 3
		n |= 56
		look := looks[held&(1<<literalBits-1)]
		out[end] = byte(look >> literalShift)
		end += int(look / literalCount & 1)
		held >>= look & takenMask
		n -= uint(look & takenMask)
		length := int(look >> lengthShift)
		if length == 0 {
			if look != 0 {
				continue
			}
			entry := d.literal[held&(1<<literalBits-1)]
			if entry&isTable == isTable {
				held >>= literalBits
				n -= literalBits
				entry = d.literal[entry>>16+uint32(held)&(1<<(codeLimit-literalBits)-1)]
			}
			held >>= entry & codeMask
			n -= uint(entry & codeMask)
			if entry&isLiteral != 0 {
				out[end] = byte(entry >> 16)
				end++
				continue
			}
			if entry&isOther != 0 {
				if d.coded = false; entry&isEnd != isEnd {
					err = errInflate
				}
				break
			}
			extra := entry >> extraShift & 15
			length = int(entry>>16) + int(held&(1<<extra-1))
			held >>= extra
			n -= uint(extra)
		}
		entry := d.distance[held&(1<<distanceBits-1)]
		if entry&isTable == isTable {
			held >>= distanceBits
			n -= distanceBits
			entry = d.distance[entry>>16+uint32(held)&(1<<(codeLimit-distanceBits)-1)]
		}
		code, extra := entry&codeMask, entry>>extraShift&15
		far := int(entry>>16) + int(held>>code&(1<<extra-1))
		held >>= code + extra
		n -= uint(code + extra)
		if entry&isOther != 0 || far > end {
			err = errInflate
			break
		}
		from := out[end-far:]
		if far < 16 {
			repeat(from, far, length)
			end += length
			continue
		}
		// Most matches are short: copying 32 bytes takes no loop whose end is hard to foretell.
		from = from[:far+length+repeatRoom]
		to := from[far:]
		copy(to[:16], from[:16])
		copy(to[16:32], from[16:32])
		for i := 32; i < length; i += 16 {
			copy(to[i:i+16], from[i:i+16])
		}
		end += length
	}
	d.at, d.held, d.n, d.end = at, held, n, end
	return err
}

// repeat writes the bytes that text starts with again after so many of them, on and on. It writes up to eight bytes
// more.
func repeat(text []byte, every, length int) {
	if every < 8 {
		for i := range length {
			text[every+i] = text[i]
		}
		return
	}
	for i := 0; i < length; i += 8 {
		binary.LittleEndian.PutUint64(text[every+i:], binary.LittleEndian.Uint64(text[i:]))
	}
}
