package fashiontrade

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// trace finds the cell that a refusal speaks of. The document does not say what its messages hold.
// A place in the body ("variants[2].size") is believed first. Else the entity's own words are looked
// for: a barcode tells the record; a value in quotes counts before a bare one, a long one before a
// short one; at last the name of a field.
func trace(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	at, member := placeInBody(e, message)
	if at < 0 {
		at = mentionedBarcode(e, message)
	} else if field := memberField(e.Records[at].Layout, member); field != "" {
		return at, field
	}
	var found mention
	for i := range e.Records {
		if at < 0 || i == at {
			found.look(&e.Records[i], i, message)
		}
	}
	switch {
	case found.field != "":
		return found.record, found.field
	case at >= 0:
		return at, mentionedField(e.Records[at].Layout, message, "barcode")
	default:
		return 0, mentionedField(e.Records[0].Layout, message, "")
	}
}

// A mention is the best place so far that a message may speak of.
type mention struct {
	record int
	field  string
	weight int
}

// look searches the message for the values of a record. Barcode and product_id name the record, not
// what is wrong with it, and count only when nothing else does.
func (m *mention) look(r *schema.Record, record int, message string) {
	for i := range r.Layout.Columns {
		column := &r.Layout.Columns[i]
		if column.Field.ReadOnly || column.Name == "barcode" || column.Name == "product_id" {
			continue
		}
		m.lookIn(column, r.Values[i], record, message)
	}
}

func (m *mention) lookIn(column *schema.Column, cell []byte, record int, message string) {
	try := func(item []byte) bool {
		text := string(item[bytes.LastIndexByte(item, '/')+1:])
		if column.Field.Type == schema.URL {
			text = string(item)
		}
		if weight := mentioned(message, text); weight > m.weight {
			*m = mention{record, column.Name, weight}
		}
		return true
	}
	if column.Field.List {
		schema.Items(cell, try)
	} else if len(cell) > 0 {
		try(cell)
	}
}

// mentioned weighs how surely a message speaks of a value: 0 not at all. Bare values of one letter or
// digit are too common to count.
func mentioned(message, value string) int {
	if value == "" {
		return 0
	}
	for _, quote := range [...][2]string{{`"`, `"`}, {"'", "'"}, {"“", "”"}, {"`", "`"}} {
		if strings.Contains(message, quote[0]+value+quote[1]) {
			return 1000 + len(value)
		}
	}
	if len(value) < 2 || !holdsWord(message, value) {
		return 0
	}
	return len(value)
}

// holdsWord reports whether text holds word with no letter or digit right before or after it.
func holdsWord(text, word string) bool {
	for start := 0; ; {
		at := strings.Index(text[start:], word)
		if at < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:start+at])
		after, _ := utf8.DecodeRuneInString(text[start+at+len(word):])
		if !inWord(before) && !inWord(after) {
			return true
		}
		start += at + 1
	}
}

func inWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// placeInBody reads "variants[2].size" in a message: the record that became that variant, and the
// member's path, "size". The record is -1 when the message names no place.
func placeInBody(e *vendors.Entity, message string) (record int, member string) {
	_, after, _ := strings.Cut(message, "variants[")
	digits, rest, closed := strings.Cut(after, "]")
	index, err := strconv.Atoi(digits)
	if !closed || err != nil || index < 0 {
		return -1, ""
	}
	path, ok := strings.CutPrefix(rest, ".")
	if end := strings.IndexFunc(path, func(r rune) bool { return r != '.' && !inWord(r) }); end >= 0 {
		path = path[:end]
	}
	if !ok {
		path = ""
	}
	return recordOfVariant(e, index), strings.TrimRight(path, ".")
}

// memberField returns the column that carries a member of a variant; "" when none does.
func memberField(l *schema.Layout, member string) string {
	switch member {
	case "size.size":
		member = "size"
	case "size.type":
		member = "size_type"
	case "size.size_name":
		member = "size_name"
	case "pattern_image.url":
		member = "pattern_image"
	}
	if member == "" || l.Column(member) < 0 {
		return ""
	}
	return member
}

// mentionedBarcode returns the record whose barcode the message holds, -1 when it holds none. Of
// several the longest counts.
func mentionedBarcode(e *vendors.Entity, message string) int {
	longest, record := 0, -1
	for i := range e.Records {
		if barcode := e.Records[i].Text("barcode"); len(barcode) > longest && holdsWord(message, barcode) {
			longest, record = len(barcode), i
		}
	}
	return record
}

// recordOfVariant finds the record that became the variant of this place in the body.
func recordOfVariant(e *vendors.Entity, index int) int {
	barcodes, err := sentBarcodes(e.Body)
	if err != nil || index >= len(barcodes) {
		return -1
	}
	for i := range e.Records {
		if string(e.Records[i].Bytes("barcode")) == barcodes[index] {
			return i
		}
	}
	return -1
}

// mentionedField returns the field whose name the message holds, the longest first; else otherwise.
func mentionedField(l *schema.Layout, message, otherwise string) string {
	field, longest := otherwise, 0
	for i := range l.Columns {
		column := &l.Columns[i]
		name := column.Name[strings.LastIndexByte(column.Name, '.')+1:]
		if column.Field.ReadOnly || len(name) <= longest || !holdsWord(message, name) {
			continue
		}
		field, longest = column.Name, len(name)
	}
	return field
}
