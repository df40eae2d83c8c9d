package fashiontrade

import (
	"encoding/json"
	"fmt"
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

// makeEntity makes the entity of rows, whose columns are all fields that any row has, and applies the
// schema as the pipeline does.
func makeEntity(resource *vendors.Resource, rows []row) (*vendors.Entity, error) {
	layout, err := layoutOf(resource.Schema, rows)
	if err != nil {
		return nil, err
	}
	e := &vendors.Entity{Key: keyOf(resource, rows[0])}
	for i, row := range rows {
		record := schema.Record{Layout: layout, Bad: make([]bool, len(layout.Columns))}
		for _, column := range layout.Columns {
			record.Values = append(record.Values, []byte(row[column.Name]))
		}
		e.Problems = record.Check(i, e.Problems)
		e.Records = append(e.Records, record)
	}
	e.Problems = schema.CheckShared(e.Records, e.Problems)
	return e, nil
}

func layoutOf(fields schema.Schema, rows []row) (*schema.Layout, error) {
	names := make(map[string]bool)
	for _, row := range rows {
		for name := range row {
			names[name] = true
		}
	}
	var columns []schema.Column
	for _, name := range slices.Sorted(maps.Keys(names)) {
		field, param := fields.Find(name)
		if field == nil {
			return nil, fmt.Errorf("the schema has no field %q", name)
		}
		columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: len(columns)})
	}
	return schema.NewLayout(fields, columns), nil
}

// encode is makeEntity with the body that Encode makes.
func encode(resource *vendors.Resource, rows []row) (*vendors.Entity, error) {
	e, err := makeEntity(resource, rows)
	if err != nil {
		return nil, err
	}
	value := resource.Encode(e)
	if !e.Sound() {
		if value != nil {
			return nil, fmt.Errorf("Encode of a faulty entity = %v, want nil", value)
		}
		return e, nil
	}
	e.Body, err = json.Marshal(value)
	return e, err
}

func entityOf(t testing.TB, resource *vendors.Resource, rows ...row) *vendors.Entity {
	t.Helper()
	e, err := makeEntity(resource, rows)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func encoded(t testing.TB, resource *vendors.Resource, rows ...row) *vendors.Entity {
	t.Helper()
	e, err := encode(resource, rows)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExamplesAreRight(t *testing.T) {
	for _, resource := range Vendor.Resources {
		e := encoded(t, resource, resource.Example...)
		for _, problem := range e.Problems {
			t.Errorf("version %s: %s: %s", resource.Version, problem.Field, problem.Text())
		}
	}
}

// keyOf is the key of the entity that a row belongs to, as the pipeline makes it.
func keyOf(resource *vendors.Resource, row row) string {
	if resource.Part == "" {
		return row[resource.Key]
	}
	return vendors.PartKey(row[resource.Key], row[resource.Part])
}
