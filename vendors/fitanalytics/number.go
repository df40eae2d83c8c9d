package fitanalytics

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// decimal is an exact decimal number: digits divided by ten to the power of scale.
type decimal struct {
	digits int64
	scale  int
}

// parseDecimal reads a decimal of at most so many digits, of which at most so many stand behind the point.
func parseDecimal(value []byte, most, behind int) (d decimal, ok bool) {
	if !schema.IsDecimal(value) {
		return decimal{}, false
	}
	whole, fraction, _ := bytes.Cut(value, []byte("."))
	digits := len(bytes.TrimLeft(whole, "+-0")) + len(fraction)
	if digits > most || len(fraction) > behind {
		return decimal{}, false
	}
	for _, part := range [...][]byte{whole, fraction} {
		for _, c := range part {
			if c >= '0' && c <= '9' {
				d.digits = 10*d.digits + int64(c-'0')
			}
		}
	}
	if value[0] == '-' {
		d.digits = -d.digits
	}
	d.scale = len(fraction)
	return d, true
}

// times multiplies by a decimal; both must be small enough for that.
func (d decimal) times(by decimal) decimal { return decimal{d.digits * by.digits, d.scale + by.scale} }

// number writes the decimal as JSON.
func (d decimal) number() json.Number {
	sign, digits := "", strconv.FormatInt(d.digits, 10)
	if d.digits < 0 {
		sign, digits = "-", digits[1:]
	}
	if short := d.scale + 1 - len(digits); short > 0 {
		digits = strings.Repeat("0", short) + digits
	}
	point := len(digits) - d.scale
	return numberOf([]byte(sign + digits[:point] + "." + digits[point:] + "0")) // which is cut again
}

// numberOf writes a decimal of a cell as the JSON number of the same value, without what does not change it.
func numberOf(cell []byte) json.Number {
	sign := ""
	if len(cell) > 0 && (cell[0] == '-' || cell[0] == '+') {
		if cell[0] == '-' {
			sign = "-"
		}
		cell = cell[1:]
	}
	whole, fraction, _ := bytes.Cut(cell, []byte("."))
	whole, fraction = bytes.TrimLeft(whole, "0"), bytes.TrimRight(fraction, "0")
	if len(whole) == 0 {
		whole = []byte("0")
	}
	switch {
	case len(fraction) > 0:
		return json.Number(sign + string(whole) + "." + string(fraction))
	case string(whole) == "0":
		return "0"
	}
	return json.Number(sign + string(whole))
}

// isNegative and isZero look at the text of a decimal.
func isNegative(value []byte) bool { return value[0] == '-' && !isZero(value) }

func isZero(value []byte) bool { return len(bytes.Trim(value, "+-0.")) == 0 }

// The rules of numbers and dates.
var (
	numberNegative = &schema.Rule{ID: "number.negative", Sentence: "the number must not be below 0"}
	numberPositive = &schema.Rule{ID: "number.positive", Sentence: "the number must be above 0"}
	dateFormat     = &schema.Rule{ID: "date.format", Clause: clause(903),
		Sentence: "a date is written with its time and zone, such as 2026-03-01T18:30:00Z or 2026-03-01T18:30:00+01:00"}
	dateZone = &schema.Rule{ID: "date.zone", Clause: clause(903),
		Sentence: "a date needs its time and a zone: Z, or an offset such as +01:00"}
)

var (
	notNegative = schema.Check{Rule: numberNegative, OK: func(value []byte) bool { return !isNegative(value) }}
	positive    = schema.Check{Rule: numberPositive, OK: func(value []byte) bool { return value[0] != '-' && !isZero(value) }}
)

// dateChecks are the rules of an instant.
var dateChecks = []schema.Check{
	{Rule: dateFormat, Explain: func(value string) (string, string) { return "", nearInstant(value) },
		OK: func(value []byte) bool { return isInstant(value) || withoutZone(value) != "" }},
	{Rule: dateZone, Explain: func(value string) (string, string) { return "", withoutZone([]byte(value)) },
		OK: func(value []byte) bool { return isInstant(value) || withoutZone(value) == "" }},
}

// isInstant reports whether a value is a date with time and zone, as the document shows (fit-analytics:903).
func isInstant(value []byte) bool { return vendors.IsInstant(value) }

// withoutZone is the instant in UTC that a value would be if it had its zone, or time and zone; empty when
// that is not what it lacks.
func withoutZone(value []byte) string {
	if len(value) < len("2026-03-01") || len(value) > len("2026-03-01T18:30:00.000000000") {
		return ""
	}
	local := strings.Replace(string(value), " ", "T", 1)
	for _, rest := range [...]string{"Z", ":00Z", "T00:00:00Z"} {
		if isInstant([]byte(local + rest)) {
			return local + rest
		}
	}
	return ""
}

// nearInstant is the right spelling of an instant that is written in a near one; empty for any other.
func nearInstant(value string) string {
	near := strings.ToUpper(value)
	if day, rest, ok := strings.Cut(near, " "); ok {
		near = day + "T" + strings.ReplaceAll(rest, " ", "")
	}
	if n := len(near); n > 5 && (near[n-5] == '+' || near[n-5] == '-') && !strings.Contains(near[n-5:], ":") {
		near = near[:n-2] + ":" + near[n-2:] // +0100
	}
	near = strings.TrimSuffix(near, "UTC")
	if len(near) > 12 && near[12] == ':' {
		near = near[:11] + "0" + near[11:] // 9:40
	}
	for _, candidate := range []string{near, near + "Z"} {
		if isInstant([]byte(candidate)) {
			return candidate
		}
	}
	return ""
}
