package export

import (
	"cmp"
	"slices"
	"strconv"

	"bulkload/formats"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors/schema"
)

// columnsOf puts the names that occur into the order of the schema, with every field that stands by
// itself, also when it never has a value, but for those that cannot be sent. Families of one number
// stand together: image_1, image_1.orientation, image_2. What no field carries comes last.
func columnsOf(fields schema.Schema, names map[string]bool) []snapshot.Column {
	var placed []place
	for i := range fields {
		_, _, _, family := fields[i].Placeholder()
		if !family && (names[fields[i].Name] || fields[i].Forbidden == "") {
			placed = append(placed, place{field: i, block: i, name: fields[i].Name})
		}
	}
	for name := range names {
		placed = append(placed, placeOf(fields, name)...)
	}
	slices.SortFunc(placed, place.compare)
	columns := make([]snapshot.Column, len(placed))
	for i, p := range placed {
		columns[i] = snapshot.Column{Name: p.name, Unknown: p.field < 0}
		if p.field >= 0 {
			field := &fields[p.field]
			columns[i].ReadOnly = field.ReadOnly
			columns[i].Number = !field.List && (field.Type == schema.Decimal || field.Type == schema.Integer)
		}
	}
	return columns
}

// place is where a column stands.
type place struct {
	field  int // of the schema; -1: none
	block  int // first of the fields that it stands among
	number int // of a numbered family
	name   string
}

func (p place) compare(other place) int {
	return cmp.Or(cmp.Compare(p.block, other.block), cmp.Compare(p.number, other.number), cmp.Compare(p.field, other.field),
		cmp.Compare(p.name, other.name))
}

// placeOf places a name that is not that of a field by itself.
func placeOf(fields schema.Schema, name string) []place {
	field, param := fields.Find(name)
	if field == nil {
		return []place{{field: -1, block: len(fields), name: name}}
	}
	if param == "" {
		return nil
	}
	at := slices.IndexFunc(fields, func(f schema.Field) bool { return f.Name == field.Name })
	p := place{field: at, block: at, name: name}
	before, placeholder, _, _ := field.Placeholder()
	if placeholder == "n" {
		p.number, _ = strconv.Atoi(param) // Find takes nothing else
		for ; p.block > 0 && sameFamily(&fields[p.block-1], before); p.block-- {
		}
	}
	return []place{p}
}

// sameFamily reports whether a field is numbered under the same name.
func sameFamily(field *schema.Field, before string) bool {
	own, placeholder, _, family := field.Placeholder()
	return family && placeholder == "n" && own == before
}

// written is how writers take the columns.
func written(columns []snapshot.Column) []formats.Column {
	list := make([]formats.Column, len(columns))
	for i, column := range columns {
		list[i].Name, list[i].ReadOnly = column.Name, column.ReadOnly || column.Unknown
		if column.Number {
			list[i].Type = formats.Number
		}
	}
	return list
}

// unknown lists the columns that no field carries.
func (t *table) unknown() []string {
	var names []string
	for _, column := range t.manifest.Columns {
		if column.Unknown {
			names = append(names, column.Name)
		}
	}
	return names
}

// names gathers the names of columns.
type names map[string]bool

func (n names) add(rows []map[string]string) {
	for _, row := range rows {
		for name := range row {
			if !n[name] { // reading is cheaper, and nearly always enough
				n[name] = true
			}
		}
	}
}
