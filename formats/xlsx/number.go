package xlsx

import (
	"math"
	"strconv"
)

// Numbers in a workbook are IEEE doubles, printed with as many digits as tell them apart. A
// spreadsheet program shows at most significant of them, and so do we.
const significant = 15

// numberResult tells what became of a number's text.
type numberResult uint8

const (
	notANumber numberResult = iota
	exact
	digitsLost // an integer with more digits than a spreadsheet keeps
)

// appendNumber appends a number as its format makes it read: see the package's documentation.
func appendNumber(to, raw []byte, format *numberFormat, from1904 bool) ([]byte, numberResult) {
	if format == nil {
		return appendPlain(to, raw)
	}
	raw = trim(raw)
	value, ok := parseNumber(raw)
	if !ok {
		return to, notANumber
	}
	s := format.of(value)
	switch s.kind {
	case plainNumber:
	case padded:
		return appendPadded(to, raw, s)
	default:
		if shown, ok := appendTime(to, value, s, from1904); ok {
			return shown, exact
		}
	}
	return appendPlain(to, raw)
}

// appendPlain appends a number in plain decimal notation.
func appendPlain(to, raw []byte) ([]byte, numberResult) {
	if isShort(raw) {
		return append(to, raw...), exact
	}
	raw = trim(raw)
	value, ok := parseNumber(raw)
	if !ok {
		return to, notANumber
	}
	result := exact
	if isLongInteger(raw) {
		result = digitsLost
	}
	if value == 0 {
		return append(to, '0'), result
	}
	var room [32]byte
	digits, exponent := shortest(room[:0], math.Abs(value))
	if value < 0 {
		to = append(to, '-')
	}
	return appendDigits(to, digits, exponent), result
}

// isShort reports whether a number's text is already the shortest plain decimal.
func isShort(raw []byte) bool {
	at := 0
	if len(raw) > 1 && raw[0] == '-' {
		at = 1
	}
	if len(raw)-at > significant+1 || at == len(raw) {
		return false
	}
	whole, point := at, -1
	for i := at; i < len(raw); i++ {
		switch c := raw[i]; {
		case c >= '0' && c <= '9':
		case c == '.' && point < 0 && i > at:
			point = i
		default:
			return false
		}
	}
	if point < 0 {
		return len(raw)-at <= significant && (raw[whole] != '0' || len(raw) == 1)
	}
	if raw[whole] == '0' && point != whole+1 {
		return false
	}
	// The fraction of a number below 1e-9 takes the exponent's form, so it may not be this long.
	return raw[len(raw)-1] != '0' && point != len(raw)-1 && (raw[whole] != '0' || len(raw)-point <= 10)
}

func isLongInteger(raw []byte) bool {
	digits, last := 0, 0
	for _, c := range raw {
		switch {
		case c >= '0' && c <= '9':
			if digits > 0 || c != '0' {
				digits++
			}
			if c != '0' {
				last = digits
			}
		case c != '-' && c != '+':
			return false
		}
	}
	return last > significant
}

// parseNumber reads an xsd:double without its words for infinity and the like.
func parseNumber(raw []byte) (value float64, ok bool) {
	if len(raw) > 400 {
		return 0, false
	}
	for _, c := range raw {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
			return 0, false
		}
	}
	value, err := strconv.ParseFloat(string(raw), 64)
	return value, err == nil
}

// shortest returns the significant digits of a positive number without zeros at their end, and the
// power of ten of the first.
func shortest(to []byte, value float64) (digits []byte, exponent int) {
	text := strconv.AppendFloat(to, value, 'e', significant-1, 64) // d.dddde±dd
	mantissa := significant + 1
	exponent, _ = strconv.Atoi(string(text[mantissa+1:]))
	copy(text[1:], text[2:mantissa])
	digits = text[:mantissa-1]
	for len(digits) > 1 && digits[len(digits)-1] == '0' {
		digits = digits[:len(digits)-1]
	}
	return digits, exponent
}

// appendDigits writes digits×10^exponent in plain notation where that has a bearable length.
func appendDigits(to, digits []byte, exponent int) []byte {
	switch {
	case exponent < -9 || exponent > 20:
		to = append(to, digits[0])
		if len(digits) > 1 {
			to = append(append(to, '.'), digits[1:]...)
		}
		to = append(to, 'E')
		if exponent > 0 {
			to = append(to, '+')
		}
		return strconv.AppendInt(to, int64(exponent), 10)
	case exponent < 0:
		to = append(to, '0', '.')
		for i := -1; i > exponent; i-- {
			to = append(to, '0')
		}
		return append(to, digits...)
	case len(digits) > exponent+1:
		to = append(to, digits[:exponent+1]...)
		return append(append(to, '.'), digits[exponent+1:]...)
	}
	to = append(to, digits...)
	for i := len(digits); i <= exponent; i++ {
		to = append(to, '0')
	}
	return to
}

// appendPadded appends a whole number with its leading zeros and the format's own signs around and
// between the digits. Others are appended plainly: rounding them would lose digits.
func appendPadded(to, raw []byte, s *section) ([]byte, numberResult) {
	from := len(to)
	to, result := appendPlain(to, raw)
	var room [24]byte
	number := append(room[:0], to[from:]...)
	for _, c := range number {
		if c < '0' || c > '9' {
			return to, result
		}
	}
	to = to[:from]
	open := s.zeros
	for _, c := range s.mask {
		if c != 0 {
			to = append(to, c)
			continue
		}
		for len(number) > open {
			to, number = append(to, number[0]), number[1:]
		}
		if len(number) == open {
			to, number = append(to, number[0]), number[1:]
		} else {
			to = append(to, '0')
		}
		open--
	}
	return to, result
}

const secondsOfDay = 24 * 60 * 60

// appendTime appends a serial day number as a date, a time or both. It is not ok when the calendar
// has no such date; spreadsheet programs then show a row of #.
func appendTime(to []byte, value float64, s *section, from1904 bool) ([]byte, bool) {
	const end = 2958466 // the day after 9999-12-31
	if value < 0 || value >= end {
		return to, false
	}
	kind := s.kind
	if kind == dateOrTime {
		kind = dateOnly
		if value < 1 {
			kind = timeOnly
		}
	}
	decimals := s.decimals
	if kind == dateOnly {
		decimals = 3 // so that 23:59:59.9 does not make it the day after
	}
	scale := int64(math.Pow10(decimals))
	ticks := int64(math.Round(value * float64(secondsOfDay*scale)))
	day, clock := ticks/(secondsOfDay*scale), ticks%(secondsOfDay*scale)
	switch {
	case kind == elapsed:
		return appendClock(to, ticks, scale, decimals), true
	case kind == timeOnly, kind == dateAndTime && day == 0 && clock > 0 && !from1904:
		return appendClock(to, clock, scale, decimals), true
	case day == 0 && !from1904:
		return to, false
	}
	to, ok := appendDay(to, day, from1904)
	if ok && kind == dateAndTime {
		to = appendClock(append(to, 'T'), clock, scale, decimals)
	}
	return to, ok
}

// appendDay appends the date of a serial day. The epoch of 1900 counts a 29 February 1900, which
// did not exist, as day 60; it is written as the spreadsheet shows it.
func appendDay(to []byte, day int64, from1904 bool) ([]byte, bool) {
	const to1970from1899, to1970from1904 = 25569, 24107
	switch {
	case from1904:
		day -= to1970from1904
	case day == 60:
		return append(to, "1900-02-29"...), true
	case day < 60:
		day -= to1970from1899 - 1
	default:
		day -= to1970from1899
	}
	year, month, dayOfMonth := civil(day)
	if year > 9999 {
		return to, false
	}
	to = appendTwo(appendTwo(to, year/100), year%100)
	to = appendTwo(append(to, '-'), month)
	return appendTwo(append(to, '-'), dayOfMonth), true
}

// civil turns days since 1970-01-01 into a date of the Gregorian calendar, by counting years from
// March so that the leap day is the last of its year. Years before 0 are not met here.
func civil(days int64) (year, month, day int64) {
	const daysOf400Years = 146097
	days += 719468 // days from 0000-03-01
	era, inEra := days/daysOf400Years, days%daysOf400Years
	yearOfEra := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	inYear := inEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*inYear + 2) / 153
	day = inYear - (153*shifted+2)/5 + 1
	month, year = shifted+3, era*400+yearOfEra
	if month > 12 {
		month, year = month-12, year+1
	}
	return year, month, day
}

// appendClock appends ticks, scale of which make a second, as hours, minutes and seconds.
func appendClock(to []byte, ticks, scale int64, decimals int) []byte {
	seconds, fraction := ticks/scale, ticks%scale
	if hours := seconds / 3600; hours < 100 {
		to = appendTwo(to, hours)
	} else {
		to = strconv.AppendInt(to, hours, 10)
	}
	to = appendTwo(append(to, ':'), seconds/60%60)
	to = appendTwo(append(to, ':'), seconds%60)
	if fraction > 0 {
		to = append(to, '.')
		for ; decimals > 0; decimals-- {
			scale /= 10
			to = append(to, byte('0'+fraction/scale%10))
		}
	}
	return to
}

func appendTwo(to []byte, n int64) []byte { return append(to, byte('0'+n/10%10), byte('0'+n%10)) }

func trim(text []byte) []byte {
	for len(text) > 0 && isSpace(text[0]) {
		text = text[1:]
	}
	for len(text) > 0 && isSpace(text[len(text)-1]) {
		text = text[:len(text)-1]
	}
	return text
}
