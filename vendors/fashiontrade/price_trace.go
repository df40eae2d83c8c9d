package fashiontrade

import (
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
)

// trace finds the cell that a refusal speaks of. A place in the body ("prices[2].wholesale_price",
// "validity_window.end_date") is believed first; then a barcode or product that the message names tells
// the row, a value that it names the cell, and at last a field's name.
func (c *priceEncoder) trace(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	at, field := c.placeOf(e, message)
	if at >= 0 && e.Records[at].Layout.Column(field) >= 0 {
		return at, field
	}
	if at < 0 {
		at, field = c.mentionedTarget(e, message)
	} else {
		field = c.kind.targets[0]
	}
	if at >= 0 {
		return at, vendors.MentionedField(e.Records[at].Layout, message, field)
	}
	for _, name := range [...]string{"countries", "retailer_groups", "currency", "validity_window.start_date",
		"validity_window.end_date", "validity_window.type"} {
		all := share{entity: e}
		if record, value := all.first(name); record >= 0 && (strings.Contains(message, name) || mentioned(message, string(value)) > 0) {
			return record, name
		}
	}
	return 0, vendors.MentionedField(e.Records[0].Layout, message, "")
}

// placeOf reads "prices[2].wholesale_price" in a message: the record that became that price, and the
// field of the member. The record is -1 when the message names no place.
func (c *priceEncoder) placeOf(e *vendors.Entity, message string) (record int, field string) {
	_, after, _ := strings.Cut(message, "prices[")
	digits, rest, closed := strings.Cut(after, "]")
	index, err := strconv.Atoi(digits)
	if !closed || err != nil || index < 0 || index >= len(e.Records) {
		return -1, ""
	}
	list := c.columns(e)
	list.sortPrices()
	path := strings.TrimPrefix(strings.TrimPrefix(rest, "."), "selector.")
	if end := strings.IndexFunc(path, func(r rune) bool { return !vendors.InWord(r) }); end >= 0 {
		path = path[:end]
	}
	if path == "selector" {
		path = c.kind.targets[0]
	}
	return int(list.order[index]), path
}

// mentionedTarget returns the record of the product, variant or prepack that the message names, and by
// which field: a barcode goes before its product. It is -1 when the message names none.
func (c *priceEncoder) mentionedTarget(e *vendors.Entity, message string) (record int, field string) {
	for _, name := range slices.Backward(c.kind.targets) {
		longest := 0
		record = -1
		for i := range e.Records {
			if value := e.Records[i].Bytes(name); len(value) > longest && mentioned(message, string(value)) > 0 {
				longest, record = len(value), i
			}
		}
		if record >= 0 {
			return record, name
		}
	}
	return -1, ""
}
