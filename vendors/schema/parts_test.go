package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors/schema"
)

// stock is a schema whose entities have parts: batches of a product.
var stock = schema.Schema{
	{Name: "product", Required: true},
	{Name: "season", Shared: true},
	{Name: "batch", Required: true},
	{Name: "start", Required: true, Shared: true, SharedBy: "batch", Clause: "shop:20"},
	{Name: "countries", List: true, Shared: true, SharedBy: "batch", Clause: "shop:21"},
}

// stockRecords makes records of season, batch, start and countries.
func stockRecords(rows [][4]string) []schema.Record {
	var columns []schema.Column
	for i, name := range []string{"season", "batch", "start", "countries"} {
		field, _ := stock.Find(name)
		columns = append(columns, schema.Column{Field: field, Name: name, Label: name, Source: i})
	}
	layout := schema.NewLayout(stock, columns)
	records := make([]schema.Record, len(rows))
	for i, row := range rows {
		records[i] = schema.Record{Layout: layout, Bad: make([]bool, len(columns))}
		for _, text := range row {
			records[i].Values = append(records[i].Values, []byte(text))
		}
	}
	return records
}

func TestPartsShareTheirFields(t *testing.T) {
	type finding struct {
		Rule, Field   string
		Record, Other int
	}
	for _, test := range []struct {
		name string
		rows [][4]string
		want []finding
	}{
		{"each part has its own", [][4]string{{"s", "a", "1", "NL"}, {"", "b", "2", ""}, {"", "a", "", "NL"}}, nil},
		{"parts that stand apart disagree", [][4]string{{"", "a", "1", ""}, {"", "b", "2", ""}, {"", "a", "3", ""}, {"", "b", "2", ""}},
			[]finding{{"rows.disagree", "start", 2, 0}}},
		{"a part lacks what it needs", [][4]string{{"", "b", "", ""}, {"", "a", "1", ""}, {"", "b", "", "NL"}},
			[]finding{{"required", "start", 0, 0}}},
		{"the entity's own field is shared by all", [][4]string{{"s", "a", "1", ""}, {"t", "b", "1", ""}},
			[]finding{{"rows.disagree", "season", 1, 0}}},
		{"a row without a part stands alone", [][4]string{{"", "", "1", ""}, {"", "", "2", ""}, {"", "", "", ""}},
			[]finding{{"required", "start", 2, 2}}},
	} {
		var got []finding
		for _, p := range schema.CheckShared(stockRecords(test.rows), nil) {
			got = append(got, finding{p.Rule.ID, p.Field, p.Record, p.Other})
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", test.name, diff)
		}
	}
}

// TestPartsAreCheckedAsIfAlone takes entities apart: their parts have the problems they have together.
func TestPartsAreCheckedAsIfAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(t, name) }
		var rows [][4]string
		for range rapid.IntRange(1, 8).Draw(t, "rows") {
			rows = append(rows, [4]string{"", cell("batch", "a", "b", "c"), cell("start", "", "1", "2"), cell("countries", "", "NL", "NL|BE", "BE|NL")})
		}
		together := make(map[[2]any]int)
		for _, p := range schema.CheckShared(stockRecords(rows), nil) {
			together[[2]any{p.Rule.ID, p.Record}]++
		}
		alone := make(map[[2]any]int)
		for _, batch := range []string{"a", "b", "c"} {
			var part [][4]string
			var at []int
			for i, row := range rows {
				if row[1] == batch {
					part, at = append(part, row), append(at, i)
				}
			}
			for _, p := range schema.CheckShared(stockRecords(part), nil) {
				alone[[2]any{p.Rule.ID, at[p.Record]}]++
			}
		}
		if diff := cmp.Diff(alone, together); diff != "" {
			t.Fatalf("(-alone +together)\n%s", diff)
		}
	})
}
