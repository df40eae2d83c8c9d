package vendors

import (
	"testing"

	"bulkload/vendors/schema"
)

func TestHoldsWord(t *testing.T) {
	for _, test := range []struct {
		text, word string
		want       bool
	}{
		{"order 1234 is wrong", "1234", true},
		{"order 12345 is wrong", "1234", false},
		{"order 12345, and 1234", "1234", true},
		{"retail_price", "price", false},
		{"größe fehlt", "größe", true},
		{"a größes b", "größe", false},
		{"xéé é", "é", true},
		{"", "x", false},
		{"x", "", false},
	} {
		if got := HoldsWord(test.text, test.word); got != test.want {
			t.Errorf("HoldsWord(%q, %q) = %t, want %t", test.text, test.word, got, test.want)
		}
	}
}

func TestMentionedField(t *testing.T) {
	fields := schema.Schema{{Name: "id", ReadOnly: true}, {Name: "window.end_date"}, {Name: "order.window.end_date"}, {Name: "size"}}
	columns := make([]schema.Column, len(fields))
	for i := range fields {
		columns[i] = schema.Column{Field: &fields[i], Name: fields[i].Name}
	}
	layout := schema.NewLayout(fields, columns)
	for message, want := range map[string]string{
		"size is not known":           "size",
		"end_date is before its time": "window.end_date",
		"order.window.end_date, size": "order.window.end_date",
		"id is taken":                 "otherwise",
		"sizes":                       "otherwise",
	} {
		if got := MentionedField(layout, message, "otherwise"); got != want {
			t.Errorf("MentionedField(%q) = %q, want %q", message, got, want)
		}
	}
}
