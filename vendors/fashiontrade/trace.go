package fashiontrade

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A tracer finds the cells of one resource that refusals speak of. It holds nothing that changes.
type tracer struct {
	barcode string            // the column whose value names a record
	names   []string          // the columns that name what a record is about, and not what is wrong with it
	members map[string]string // the columns of a variant's members that are called otherwise, by the members' paths
}

// productTracer is that of products.
var productTracer = &tracer{barcode: "barcode", names: []string{"barcode", "product_id"}, members: map[string]string{
	"size.size": "size", "size.type": "size_type", "size.size_name": "size_name", "pattern_image.url": "pattern_image"}}

// trace finds the cell that a refusal speaks of. The document does not say what its messages hold.
// A place in the body ("variants[2].size") is believed first. Else the entity's own words are looked
// for: a barcode tells the record; a value in quotes counts before a bare one, a long one before a
// short one; at last the name of a field.
func (t *tracer) trace(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	at, member := t.placeInBody(e, message)
	if at < 0 {
		at = t.mentionedBarcode(e, message)
	} else if field := t.memberField(e.Records[at].Layout, member); field != "" {
		return at, field
	}
	found := mention{names: t.names}
	for i := range e.Records {
		if at < 0 || i == at {
			found.look(&e.Records[i], i, message)
		}
	}
	switch {
	case found.field != "":
		return found.record, found.field
	case at >= 0:
		return at, vendors.MentionedField(e.Records[at].Layout, message, t.barcode)
	default:
		return 0, vendors.MentionedField(e.Records[0].Layout, message, "")
	}
}

// A mention is the best place so far that a message may speak of.
type mention struct {
	names  []string
	record int
	field  string
	weight int
}

// look searches the message for the values of a record. Those that name the record, and not what is
// wrong with it, count only when nothing else does.
func (m *mention) look(r *schema.Record, record int, message string) {
	for i := range r.Layout.Columns {
		column := &r.Layout.Columns[i]
		if column.Field.ReadOnly || slices.Contains(m.names, column.Name) {
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
			m.record, m.field, m.weight = record, column.Name, weight
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
	if len(value) < 2 || !vendors.HoldsWord(message, value) {
		return 0
	}
	return len(value)
}

// placeInBody reads "variants[2].size" in a message: the record that became that variant, and the
// member's path, "size". The record is -1 when the message names no place.
func (t *tracer) placeInBody(e *vendors.Entity, message string) (record int, member string) {
	_, after, _ := strings.Cut(message, "variants[")
	digits, rest, closed := strings.Cut(after, "]")
	index, err := strconv.Atoi(digits)
	if !closed || err != nil || index < 0 {
		return -1, ""
	}
	path, ok := strings.CutPrefix(rest, ".")
	if end := strings.IndexFunc(path, func(r rune) bool { return r != '.' && !vendors.InWord(r) }); end >= 0 {
		path = path[:end]
	}
	if !ok {
		path = ""
	}
	return t.recordOfVariant(e, index), strings.TrimRight(path, ".")
}

// memberField returns the column that carries a member of a variant; "" when none does.
func (t *tracer) memberField(l *schema.Layout, member string) string {
	if called := t.members[member]; called != "" {
		member = called
	}
	if member == "" || l.Column(member) < 0 {
		return ""
	}
	return member
}

// mentionedBarcode returns the record whose barcode the message holds, -1 when it holds none. Of
// several the longest counts.
func (t *tracer) mentionedBarcode(e *vendors.Entity, message string) int {
	longest, record := 0, -1
	for i := range e.Records {
		if barcode := e.Records[i].Text(t.barcode); len(barcode) > longest && vendors.HoldsWord(message, barcode) {
			longest, record = len(barcode), i
		}
	}
	return record
}

// recordOfVariant finds the record that became the variant of this place in the body.
func (t *tracer) recordOfVariant(e *vendors.Entity, index int) int {
	barcodes, err := sentBarcodes(e.Body)
	if err != nil || index >= len(barcodes) {
		return -1
	}
	for i := range e.Records {
		if string(e.Records[i].Bytes(t.barcode)) == barcodes[index] {
			return i
		}
	}
	return -1
}
