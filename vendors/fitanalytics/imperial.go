package fitanalytics

import (
	"bytes"
	"slices"

	"bulkload/vendors/schema"
)

// The exact measures: an inch is 2.54 cm, a pound 0.45359237 kg.
var (
	inchInCentimetres = decimal{254, 2}
	poundInKilograms  = decimal{45359237, 8}
)

// A pair is a measure in two units, of which the larger one is so many of the smaller.
type pair struct {
	large, small []string // as people write them, the longest first
	each         int64    // of the small in the large
}

var (
	feetAndInches   = pair{[]string{"feet", "foot", "ft.", "ft", "'", "’", "′"}, []string{"inches", "inch", "in.", "in", "''", `"`, "”", "″"}, 12}
	stonesAndPounds = pair{[]string{"stones", "stone", "st.", "st"}, []string{"pounds", "pound", "lbs.", "lbs", "lb.", "lb"}, 14}
)

// The rules of measures that are not metric.
var (
	heightImperial = &schema.Rule{ID: "height.imperial", Clause: clause(321),
		Sentence: "a height in feet and inches is written 5 ft 11 in or 5'11\", with fewer than 12 inches"}
	weightImperial = &schema.Rule{ID: "weight.imperial", Clause: clause(321),
		Sentence: "a weight in stones and pounds is written 12 st 8 lb, with fewer than 14 pounds; one in pounds alone has a column of its own"}
	weightPounds = &schema.Rule{ID: "weight.pounds", Clause: clause(321),
		Sentence: "a weight in pounds has at most five digits before the point and four behind it"}
)

// parse reads a value such as 5 ft 11 in, as so many of the smaller unit, above 0. The smaller unit may be
// left out, or not be named behind the larger one.
func (p *pair) parse(value []byte) (d decimal, ok bool) {
	number, rest := leadingNumber(value)
	large, ok := parseDecimal(number, 3, 0)
	if !ok {
		return decimal{}, false
	}
	if rest, ok = cutUnit(rest, p.large); !ok {
		return decimal{}, false
	}
	small := decimal{}
	if len(rest) > 0 {
		number, rest = leadingNumber(rest)
		if small, ok = parseDecimal(number, 6, 4); !ok {
			return decimal{}, false
		}
		rest, _ = cutUnit(rest, p.small)
	}
	one := int64(1)
	for range small.scale {
		one *= 10
	}
	total := decimal{large.digits*p.each*one + small.digits, small.scale}
	return total, len(rest) == 0 && small.digits < p.each*one && total.digits > 0
}

// leadingNumber takes the number off that a value begins with, and the blanks behind it.
func leadingNumber(value []byte) (number, rest []byte) {
	end := slices.IndexFunc(value, func(c byte) bool { return (c < '0' || c > '9') && c != '.' })
	if end < 0 {
		return value, nil
	}
	return value[:end], bytes.TrimLeft(value[end:], " ")
}

// cutUnit takes a unit off, and the blanks behind it.
func cutUnit(value []byte, units []string) (rest []byte, ok bool) {
	for _, unit := range units {
		if len(value) >= len(unit) && bytes.EqualFold(value[:len(unit)], []byte(unit)) {
			return bytes.TrimLeft(value[len(unit):], " "), true
		}
	}
	return value, false
}

// parsePounds reads a weight in pounds.
func parsePounds(value []byte) (decimal, bool) {
	d, ok := parseDecimal(value, 9, 4)
	return d, ok && d.digits > 0
}
