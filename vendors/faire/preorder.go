package faire

import (
	"cmp"

	"bulkload/vendors/schema"
)

// preorderSchema lists the fields of a preorder (faire:411).
func preorderSchema() schema.Schema {
	day := func(name string, line int, example, doc string, synonyms ...string) schema.Field {
		return schema.Field{Name: "preorder_details." + name, Clause: clause(line), Shared: true, Checks: dateChecks, Example: example, Doc: doc, Synonyms: synonyms}
	}
	return schema.Schema{
		day("order_by_date", 412, "2026-06-01", "The last day on which the product can be preordered.", "order by date", "order by", "preorder deadline"),
		{Name: "preorder_details.keep_active_past_order_by_date", Clause: clause(413), Type: schema.Boolean, Shared: true, Example: "false",
			Doc: "Whether the product stays active behind that day; Faire takes it back else.", Synonyms: []string{"keep active past order by date"}},
		day("expected_ship_date", 414, "2026-08-01", "The first day of shipping.", "expected ship date", "ship date", "ship start date"),
		day("expected_ship_window_end_date", 415, "2026-08-15", "The last day of shipping.", "expected ship window end date", "ship end date", "ship window end"),
	}
}

// over lays details over those that are there; an empty one leaves what there is.
func (d *Preorder) over(has *Preorder) *Preorder {
	if d == nil || has == nil {
		return cmp.Or(d, has)
	}
	merged := Preorder{cmp.Or(d.OrderBy, has.OrderBy), cmp.Or(d.KeepActive, has.KeepActive), cmp.Or(d.Ship, has.Ship), cmp.Or(d.ShipEnd, has.ShipEnd)}
	return &merged
}

// same reports whether two details say the same.
func (d *Preorder) same(other *Preorder) bool {
	if d == nil || other == nil {
		return d == other
	}
	return d.OrderBy == other.OrderBy && d.Ship == other.Ship && d.ShipEnd == other.ShipEnd && sameValue(d.KeepActive, other.KeepActive)
}

func sameValue[T comparable](a, b *T) bool { return a == b || a != nil && b != nil && *a == *b }
