package parquet

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"strconv"
	"time"
	"unicode/utf8"

	"bulkload/formats"
)

// form is a way to show a value as text.
type form uint8

const (
	formText         form = iota // UTF-8
	formBinary                   // bytes without annotation, shown when they are UTF-8
	formBoolean                  // true, false
	formSigned                   // of 32 or 64 bits
	formUnsigned                 // of 32 or 64 bits
	formFloat                    // the shortest plain decimal that reads back the same
	formFloat16                  // the same
	formDecimal                  // of 32 or 64 bits, exact
	formDecimalBytes             // big-endian bytes, exact
	formDate                     // 2006-01-02
	formTime                     // 15:04:05.999999999
	formTimestamp                // 2006-01-02T15:04:05.999999999, with Z when the file says it is UTC
	formInt96                    // as a timestamp without zone
	formUUID                     // 8-4-4-4-12 hexadecimal digits
)

// maxScale is the most decimal places read: those of the widest decimals in use, of 256 bits.
const maxScale = 76

// text says how a column's values are shown.
type text struct {
	form  form
	scale int
	utc   bool
	unit  int16
}

var (
	errNotUTF8  = errors.New("a text is not valid UTF-8")
	errNotText  = errors.New("bytes that are not marked as text are not valid UTF-8, and cannot be shown")
	errTimeOver = errors.New("a time of day lies outside the day")
)

// append adds value's text to dst. Only a value that cannot be shown at all is an error; a float
// that is no number is a Failure.
func (t text) append(dst, value []byte) ([]byte, formats.Kind, error) {
	var err error
	switch t.form {
	case formText:
		if !utf8.Valid(value) {
			err = errNotUTF8
		}
		dst = append(dst, value...)
	case formBinary:
		if !utf8.Valid(value) {
			err = errNotText
		}
		dst = append(dst, value...)
	case formBoolean:
		dst = strconv.AppendBool(dst, value[0] != 0)
	case formSigned:
		dst = strconv.AppendInt(dst, signed(value), 10)
	case formUnsigned:
		dst = strconv.AppendUint(dst, unsigned(value), 10)
	case formFloat, formFloat16:
		return appendFloat(dst, value)
	case formDecimal:
		v := signed(value)
		dst = appendDecimal(dst, v < 0, 0, magnitude(v), t.scale)
	case formDecimalBytes:
		dst, err = appendDecimalBytes(dst, value, t.scale)
	case formDate:
		dst = time.Unix(signed(value)*86400, 0).UTC().AppendFormat(dst, time.DateOnly)
	case formTime:
		dst, err = appendTime(dst, signed(value), t.unit)
	case formTimestamp:
		dst = appendTimestamp(dst, instant(signed(value), t.unit), t.utc)
	case formInt96:
		dst, err = appendInt96(dst, value)
	case formUUID:
		dst = appendUUID(dst, value)
	}
	return dst, formats.Value, err
}

func signed(value []byte) int64 {
	if len(value) == 4 {
		return int64(int32(binary.LittleEndian.Uint32(value)))
	}
	return int64(binary.LittleEndian.Uint64(value))
}

func unsigned(value []byte) uint64 {
	if len(value) == 4 {
		return uint64(binary.LittleEndian.Uint32(value))
	}
	return binary.LittleEndian.Uint64(value)
}

func magnitude(v int64) uint64 {
	if v < 0 {
		return -uint64(v)
	}
	return uint64(v)
}

func appendFloat(dst, value []byte) ([]byte, formats.Kind, error) {
	v, size := 0.0, 32
	switch len(value) {
	case 2:
		v = float64(half(binary.LittleEndian.Uint16(value)))
	case 4:
		v = float64(math.Float32frombits(binary.LittleEndian.Uint32(value)))
	default:
		v, size = math.Float64frombits(binary.LittleEndian.Uint64(value)), 64
	}
	switch {
	case math.IsNaN(v):
		return append(dst, "NaN"...), formats.Failure, nil
	case math.IsInf(v, 1):
		return append(dst, "Infinity"...), formats.Failure, nil
	case math.IsInf(v, -1):
		return append(dst, "-Infinity"...), formats.Failure, nil
	}
	return strconv.AppendFloat(dst, v, 'f', -1, size), formats.Value, nil
}

// half widens a number of 16 bits.
func half(b uint16) float32 {
	sign, exponent, fraction := uint32(b>>15)<<31, uint32(b>>10)&31, uint32(b)&1023
	switch exponent {
	case 0:
		small := float32(fraction) / (1 << 24)
		return math.Float32frombits(math.Float32bits(small) | sign)
	case 31:
		return math.Float32frombits(sign | 255<<23 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// appendDecimal writes the number of 128 bits with its last scale digits behind the point.
func appendDecimal(dst []byte, negative bool, high, low uint64, scale int) []byte {
	var digits [40]byte
	at := len(digits)
	for high != 0 || low != 0 {
		var rest uint64
		high, rest = high/10, high%10
		low, rest = bits.Div64(rest, low, 10)
		at--
		digits[at] = byte('0' + rest)
	}
	return pointed(dst, negative, digits[at:], scale)
}

// pointed writes digits with the last scale of them behind the point.
func pointed(dst []byte, negative bool, digits []byte, scale int) []byte {
	if negative {
		dst = append(dst, '-')
	}
	whole := max(len(digits)-scale, 0)
	if whole == 0 {
		dst = append(dst, '0')
	}
	dst = append(dst, digits[:whole]...)
	if scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	for range scale - (len(digits) - whole) {
		dst = append(dst, '0')
	}
	return append(dst, digits[whole:]...)
}

// appendDecimalBytes writes a big-endian number in two's complement.
func appendDecimalBytes(dst, value []byte, scale int) ([]byte, error) {
	if len(value) == 0 {
		return dst, errors.New("a decimal has no digits")
	}
	negative := value[0] >= 128
	fill := byte(0)
	if negative {
		fill = 255
	}
	for len(value) > 16 && value[0] == fill {
		value = value[1:]
	}
	if len(value) > 16 {
		return appendWideDecimal(dst, value, negative, scale)
	}
	var padded [16]byte
	for i := range 16 - len(value) {
		padded[i] = fill
	}
	copy(padded[16-len(value):], value)
	high, low := binary.BigEndian.Uint64(padded[:8]), binary.BigEndian.Uint64(padded[8:])
	if negative {
		var carry uint64
		low, carry = bits.Add64(^low, 1, 0)
		high = ^high + carry
	}
	return appendDecimal(dst, negative, high, low, scale), nil
}

// appendWideDecimal writes a number of over 128 bits, which only decimals of 256 bits have.
func appendWideDecimal(dst, value []byte, negative bool, scale int) ([]byte, error) {
	if len(value) > 33 {
		return dst, fmt.Errorf("a decimal of %d bytes is over the limit of 33", len(value))
	}
	n := new(big.Int).SetBytes(value)
	if negative {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(value))))
		n.Neg(n)
	}
	return pointed(dst, negative, n.Append(nil, 10), scale), nil
}

const (
	timeLayout      = "15:04:05.999999999"
	timestampLayout = "2006-01-02T15:04:05.999999999"
	day             = 24 * time.Hour
)

// instant counts v milli-, micro- or nanoseconds from the start of 1970.
func instant(v int64, unit int16) time.Time {
	switch unit {
	case 1:
		return time.UnixMilli(v).UTC()
	case 2:
		return time.UnixMicro(v).UTC()
	default:
		return time.Unix(0, v).UTC()
	}
}

func appendTime(dst []byte, v int64, unit int16) ([]byte, error) {
	of := instant(v, unit)
	if v < 0 || of.Sub(time.Unix(0, 0)) >= day {
		return dst, errTimeOver
	}
	return of.AppendFormat(dst, timeLayout), nil
}

func appendTimestamp(dst []byte, at time.Time, utc bool) []byte {
	dst = at.AppendFormat(dst, timestampLayout)
	if utc {
		dst = append(dst, 'Z')
	}
	return dst
}

// appendInt96 writes nanoseconds of a Julian day, as older writers keep timestamps.
func appendInt96(dst, value []byte) ([]byte, error) {
	const julianDayOf1970 = 2440588
	nanoseconds := int64(binary.LittleEndian.Uint64(value))
	days := int64(int32(binary.LittleEndian.Uint32(value[8:]))) - julianDayOf1970
	if nanoseconds < 0 || nanoseconds >= int64(day) {
		return dst, errTimeOver
	}
	return appendTimestamp(dst, time.Unix(days*86400, nanoseconds).UTC(), false), nil
}

func appendUUID(dst, value []byte) []byte {
	for i, end := range [...]int{4, 6, 8, 10, 16} {
		start := [...]int{0, 4, 6, 8, 10}[i]
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, value[start:end])
	}
	return dst
}

// appendItem adds an item of a list: | and \ within it are escaped by \, so that the list can be
// taken apart again.
func appendItem(dst, item []byte) []byte {
	for _, b := range item {
		if b == '|' || b == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, b)
	}
	return dst
}
