package faslet

import (
	"bytes"
	"encoding/json"

	"bulkload/vendors/schema"
)

// above is the rule of numbers that are nothing when they are not above zero.
var above = &schema.Rule{ID: "number.above-zero", Sentence: "the number must be above 0"}

// aboveZero checks a number of a field. What is no number is told by the field's type.
var aboveZero = []schema.Check{{Rule: above, OK: func(value []byte) bool {
	return !schema.IsDecimal(value) || value[0] != '-' && bytes.ContainsAny(value, "123456789")
}}}

// number writes an exact decimal number, as schema.IsDecimal knows it, as JSON does, in the one form in
// which equal numbers have equal digits: 12.5 for +012.50.
func number(cell []byte) json.Number {
	negative := cell[0] == '-'
	if negative || cell[0] == '+' {
		cell = cell[1:]
	}
	whole, fraction, _ := bytes.Cut(cell, []byte("."))
	whole, fraction = bytes.TrimLeft(whole, "0"), bytes.TrimRight(fraction, "0")
	digits := make([]byte, 0, len(cell)+2)
	if negative && len(whole)+len(fraction) > 0 {
		digits = append(digits, '-')
	}
	if len(whole) == 0 {
		digits = append(digits, '0')
	}
	digits = append(digits, whole...)
	if len(fraction) > 0 {
		digits = append(append(digits, '.'), fraction...)
	}
	return json.Number(digits)
}

// numberOf writes a field's number; it is empty, and so not sent, when the field has none that is right.
func numberOf(r *schema.Record, field string) json.Number {
	if !r.OK(field) {
		return ""
	}
	return number(r.Bytes(field))
}

// booleanOf reads a field's truth value; nil when the field has none that is right.
func booleanOf(r *schema.Record, field string) *bool {
	value, ok := schema.ParseBoolean(r.Bytes(field))
	if !ok {
		return nil
	}
	return &value
}
