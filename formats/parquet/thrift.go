package parquet

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The kinds of values in Thrift's compact protocol.
const (
	thriftTrue   = 1
	thriftFalse  = 2
	thriftByte   = 3
	thriftInt16  = 4
	thriftInt32  = 5
	thriftInt64  = 6
	thriftDouble = 7
	thriftBinary = 8
	thriftList   = 9
	thriftSet    = 10
	thriftMap    = 11
	thriftStruct = 12
	thriftUUID   = 13
)

// thriftDepth is how deep structures that we do not know may nest before they are refused.
const thriftDepth = 32

// errThriftShort says that the bytes end within a value.
var errThriftShort = errors.New("the bytes end within a value")

// thrift takes values off the front of bytes in Thrift's compact protocol, the one of Parquet's
// footers and page headers. It copies nothing and allocates nothing, whatever a length says. The
// first error stays, and every value after it is zero.
type thrift struct {
	rest []byte
	err  error
}

func (t *thrift) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.rest = nil
}

func (t *thrift) take(n uint64) []byte {
	if n > uint64(len(t.rest)) {
		t.fail(errThriftShort)
		return nil
	}
	taken := t.rest[:n:n]
	t.rest = t.rest[n:]
	return taken
}

func (t *thrift) byte() byte {
	if b := t.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (t *thrift) uvarint() uint64 {
	v, n := binary.Uvarint(t.rest)
	switch {
	case n > 0:
		t.rest = t.rest[n:]
		return v
	case n == 0:
		t.fail(errThriftShort)
	default:
		t.fail(errors.New("a number has over 64 bits"))
	}
	return 0
}

func (t *thrift) varint() int64 {
	v := t.uvarint()
	return int64(v>>1) ^ -int64(v&1)
}

// fields calls field with each field of a structure. field takes the value, or skips it.
func (t *thrift) fields(field func(id int16, kind byte)) {
	last := int16(0)
	for t.err == nil {
		head := t.byte()
		kind := head & 15
		if t.err != nil || kind == 0 {
			return
		}
		if delta := head >> 4; delta != 0 {
			last += int16(delta)
		} else {
			last = int16(t.varint())
		}
		field(last, kind)
	}
}

// elements calls element for each element of a list of the given kind.
func (t *thrift) elements(kind, of byte, element func()) {
	if !t.is(kind, thriftList) {
		return
	}
	head := t.byte()
	n := uint64(head >> 4)
	if n == 15 {
		n = t.uvarint()
	}
	if n > uint64(len(t.rest)) {
		t.fail(errThriftShort)
	}
	if n == 0 || t.err != nil || !t.is(head&15, of) {
		return
	}
	for ; n > 0 && t.err == nil; n-- {
		element()
	}
}

func (t *thrift) is(kind, want byte) bool {
	if kind != want && t.err == nil {
		t.fail(fmt.Errorf("a field is of kind %d instead of %d", kind, want))
	}
	return t.err == nil
}

func (t *thrift) integer(kind byte) int64 {
	switch kind {
	case thriftByte:
		return int64(int8(t.byte()))
	case thriftInt16, thriftInt32, thriftInt64:
		return t.varint()
	}
	t.is(kind, thriftInt64)
	return 0
}

// small is an integer that must fit 32 bits.
func (t *thrift) small(kind byte) int32 {
	v := t.integer(kind)
	if v != int64(int32(v)) {
		t.fail(errors.New("a number is over 32 bits"))
		return 0
	}
	return int32(v)
}

func (t *thrift) boolean(kind byte) bool {
	if kind != thriftTrue && kind != thriftFalse {
		t.is(kind, thriftTrue)
	}
	return kind == thriftTrue
}

func (t *thrift) text(kind byte) string {
	if !t.is(kind, thriftBinary) {
		return ""
	}
	return string(t.take(t.uvarint()))
}

func (t *thrift) structure(kind byte, field func(id int16, kind byte)) {
	if t.is(kind, thriftStruct) {
		t.fields(field)
	}
}

func (t *thrift) skip(kind byte) { t.skipBelow(kind, thriftDepth) }

func (t *thrift) skipBelow(kind byte, depth int) {
	if depth == 0 {
		t.fail(errors.New("structures nest too deep"))
		return
	}
	switch kind {
	case thriftTrue, thriftFalse:
	case thriftByte:
		t.take(1)
	case thriftInt16, thriftInt32, thriftInt64:
		t.uvarint()
	case thriftDouble:
		t.take(8)
	case thriftUUID:
		t.take(16)
	case thriftBinary:
		t.take(t.uvarint())
	case thriftStruct:
		t.fields(func(_ int16, kind byte) { t.skipBelow(kind, depth-1) })
	case thriftList, thriftSet:
		head := t.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = t.uvarint()
		}
		t.skipElements(n, depth, head&15)
	case thriftMap:
		n := t.uvarint()
		if n > 0 {
			kinds := t.byte()
			t.skipElements(n, depth, kinds>>4, kinds&15)
		}
	default:
		t.fail(fmt.Errorf("a field is of unknown kind %d", kind))
	}
}

// skipElements skips n elements, each of them of the given kinds one after the other. Every
// element has at least a byte, so more elements than bytes are refused before they are counted off.
func (t *thrift) skipElements(n uint64, depth int, kinds ...byte) {
	if n > uint64(len(t.rest)) {
		t.fail(errThriftShort)
	}
	for ; n > 0 && t.err == nil; n-- {
		for _, kind := range kinds {
			if kind == thriftTrue || kind == thriftFalse {
				kind = thriftByte // within a list a truth value has a byte
			}
			t.skipBelow(kind, depth-1)
		}
	}
}
