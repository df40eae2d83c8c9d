package faire

import (
	"encoding/json"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// traceProduct finds the cell that a refusal speaks of. The document does not say what its messages hold. A place in
// the body ("variants[2].sku") is believed first; else a SKU tells the record, a value in quotes the field, and at last
// the name of a field counts.
func traceProduct(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	record, member := placeInBody(e, message)
	if record < 0 {
		record = mentionedSKU(e, message)
	} else if field := fieldOf(e.Records[record].Layout, member); field != "" {
		return record, field
	}
	if at, field := mentionedValue(e, record, message); field != "" {
		return at, field
	}
	if record >= 0 {
		return record, vendors.MentionedField(e.Records[record].Layout, message, "sku")
	}
	return 0, vendors.MentionedField(e.Records[0].Layout, message, "")
}

// placeInBody reads "variants[2].sku" in a message: the record that became that variant, and the member's path, "sku".
// The record is -1 when the message names no place.
func placeInBody(e *vendors.Entity, message string) (record int, member string) {
	_, after, _ := strings.Cut(message, "variants[")
	digits, rest, closed := strings.Cut(after, "]")
	index, err := strconv.Atoi(digits)
	var body struct {
		Variants []Variant `json:"variants"`
	}
	if !closed || err != nil || index < 0 || json.Unmarshal(e.Body, &body) != nil || index >= len(body.Variants) {
		return -1, ""
	}
	path := strings.TrimPrefix(rest, ".")
	if end := strings.IndexFunc(path, func(r rune) bool { return r != '.' && !vendors.InWord(r) }); end >= 0 {
		path = path[:end]
	}
	return recordOf(e, &body.Variants[index]), strings.TrimRight(path, ".")
}

// recordOf finds the record that a variant of a body was made of.
func recordOf(e *vendors.Entity, v *Variant) int {
	best, most := -1, 0
	for i := range e.Records {
		r, same := &e.Records[i], 0
		if v.ID != "" && r.Text("variant_id") == v.ID || v.SKU != "" && r.Text("sku") == v.SKU {
			same = len(v.Options) + 1
		}
		for _, option := range v.Options {
			if r.Text("option."+option.Name) == option.Value {
				same++
			}
		}
		if same > most {
			best, most = i, same
		}
	}
	return best
}

// fieldOf returns the column that carries a member of a variant; "" when none does.
func fieldOf(l *schema.Layout, member string) string {
	for _, name := range [...]string{member, "variant_" + member} {
		if name != "variant_" && member != "" && l.Column(name) >= 0 && (name != "lifecycle_state") {
			return name
		}
	}
	return ""
}

// mentionedSKU returns the record whose SKU the message holds, -1 when it holds none. Of several the longest counts.
func mentionedSKU(e *vendors.Entity, message string) int {
	longest, record := 0, -1
	for i := range e.Records {
		if sku := e.Records[i].Text("sku"); len(sku) > longest && vendors.HoldsWord(message, sku) {
			longest, record = len(sku), i
		}
	}
	return record
}

// mentionedValue finds the longest value that a message holds in quotes, in one record or, for -1, in any.
func mentionedValue(e *vendors.Entity, only int, message string) (record int, field string) {
	longest := 0
	for i := range e.Records {
		if only >= 0 && i != only {
			continue
		}
		layout := e.Records[i].Layout
		for column, value := range e.Records[i].Values {
			name := layout.Columns[column].Name
			if len(value) <= longest || name == "sku" || name == "product_key" || layout.Columns[column].Field.ReadOnly {
				continue
			}
			if strings.Contains(message, `"`+string(value)+`"`) || strings.Contains(message, "'"+string(value)+"'") {
				record, field, longest = i, name, len(value)
			}
		}
	}
	return record, field
}
