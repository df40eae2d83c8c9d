package fashiontrade

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// row is a feed's row: full names of fields and their text.
type row = map[string]string

// with returns a copy of the row with these cells changed; an empty text takes a cell away.
func with(base row, cells ...string) row {
	changed := maps.Clone(base)
	for i := 0; i < len(cells); i += 2 {
		changed[cells[i]] = cells[i+1]
	}
	return changed
}

// entityOf makes the entity of rows, whose columns are all fields that any row has, and applies the
// schema as the pipeline does.
func entityOf(t testing.TB, resource *vendors.Resource, rows ...row) *vendors.Entity {
	t.Helper()
	names := make(map[string]bool)
	for _, row := range rows {
		for name := range row {
			names[name] = true
		}
	}
	var columns []schema.Column
	for _, name := range slices.Sorted(maps.Keys(names)) {
		field, param := resource.Schema.Find(name)
		if field == nil {
			t.Fatalf("the schema has no field %q", name)
		}
		columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: len(columns)})
	}
	layout := schema.NewLayout(resource.Schema, columns)
	e := &vendors.Entity{Key: rows[0]["product_id"]}
	for _, row := range rows {
		record := schema.Record{Layout: layout, Bad: make([]bool, len(columns))}
		for _, column := range columns {
			record.Values = append(record.Values, []byte(row[column.Name]))
		}
		e.Records = append(e.Records, record)
	}
	for i := range e.Records {
		e.Problems = e.Records[i].Check(i, e.Problems)
	}
	e.Problems = schema.CheckShared(e.Records, e.Problems)
	return e
}

// encoded is entityOf with the body that Encode makes.
func encoded(t testing.TB, resource *vendors.Resource, rows ...row) *vendors.Entity {
	t.Helper()
	e := entityOf(t, resource, rows...)
	value := resource.Encode(e)
	if !e.Sound() {
		if value != nil {
			t.Fatalf("Encode of a faulty entity = %v, want nil", value)
		}
		return e
	}
	body, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	e.Body = body
	return e
}

func TestExamplesAreRight(t *testing.T) {
	for _, resource := range Vendor.Resources {
		e := encoded(t, resource, resource.Example...)
		for _, problem := range e.Problems {
			t.Errorf("version %s: %s: %s", resource.Version, problem.Field, problem.Text())
		}
		t.Logf("%s", e.Body)
	}
}
