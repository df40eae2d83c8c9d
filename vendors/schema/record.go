package schema

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
)

// A Layout tells which field each value of a record belongs to. One layout serves all records of
// a feed; it is not changed once made.
type Layout struct {
	Schema   Schema
	Columns  []Column
	index    map[string]int
	families map[string][]int
	required []required
	parts    []int // columns by which fields are SharedBy, -1 for one that the feed has not
}

// required is a field that every record, or every entity when it is shared, needs.
type required struct {
	field  *Field
	column int // -1: the feed has none
}

// A Column is one value of every record.
type Column struct {
	Field  *Field
	Name   string // full name of the field, "image_1.orientation"
	Param  string // what stands for the placeholder of the field's name: "1"
	Label  string // the feed's own name of the column; "" when the value is a constant
	Source int    // index of the column in the feed; -1 for a constant
}

// NewLayout makes the layout of records with these columns. It keeps the slice.
// Two columns must not carry the same name.
func NewLayout(schema Schema, columns []Column) *Layout {
	l := &Layout{Schema: schema, Columns: columns, index: make(map[string]int), families: make(map[string][]int)}
	for i, column := range columns {
		l.index[column.Name] = i
		if column.Param != "" {
			l.families[column.Field.Name] = append(l.families[column.Field.Name], i)
		}
	}
	for i := range schema {
		if schema[i].Required {
			l.required = append(l.required, required{&schema[i], l.Column(schema[i].Name)})
		}
	}
	l.findParts()
	for _, family := range l.families {
		slices.SortFunc(family, func(a, b int) int { return compareParams(columns[a].Param, columns[b].Param) })
	}
	return l
}

// findParts lists the columns that name parts of an entity.
func (l *Layout) findParts() {
	for i := range l.Schema {
		if by := l.Schema[i].SharedBy; by != "" && !slices.Contains(l.parts, l.Column(by)) {
			l.parts = append(l.parts, l.Column(by))
		}
	}
}

// compareParams puts numbers in their order and other text in the order of its bytes.
func compareParams(a, b string) int {
	m, errA := strconv.Atoi(a)
	n, errB := strconv.Atoi(b)
	if errA == nil && errB == nil {
		return cmp.Compare(m, n)
	}
	return cmp.Compare(a, b)
}

// Column returns the index of the column of this full name, -1 when there is none.
func (l *Layout) Column(name string) int {
	if i, ok := l.index[name]; ok {
		return i
	}
	return -1
}

// Family returns the columns of the family field of this name ("image_{n}"), ordered by number or name.
func (l *Layout) Family(field string) []int { return l.families[field] }

// A Record is one row seen through a layout: the text of each column, blanks around it removed.
type Record struct {
	Layout *Layout
	Values [][]byte // one a column of the layout; empty when the row has no value
	Bad    []bool   // columns in which a value broke a rule of severity Error; set by Check
}

// Bytes returns the text of the field of this full name; empty when there is none.
func (r *Record) Bytes(name string) []byte {
	if i := r.Layout.Column(name); i >= 0 {
		return r.Values[i]
	}
	return nil
}

// Text is Bytes as a string.
func (r *Record) Text(name string) string { return string(r.Bytes(name)) }

// Has reports whether the field of this full name has a value.
func (r *Record) Has(name string) bool { return len(r.Bytes(name)) > 0 }

// OK reports whether the field of this full name has a value that broke no rule so far.
func (r *Record) OK(name string) bool {
	i := r.Layout.Column(name)
	return i >= 0 && len(r.Values[i]) > 0 && !r.Bad[i]
}

// List returns the values that the field's cell lists, empty ones left out; nil when there are none.
func (r *Record) List(name string) []string { return list(r.Bytes(name)) }

func list(cell []byte) []string {
	var items []string
	Items(cell, func(item []byte) bool {
		if len(item) > 0 {
			items = append(items, string(item))
		}
		return true
	})
	return items
}

// Shared returns the records' value of a shared field: the first that is not empty.
// Records that disagree are a problem which CheckShared reports.
func Shared(records []Record, name string) []byte {
	if len(records) == 0 {
		return nil
	}
	if i := records[0].Layout.Column(name); i >= 0 {
		_, value := shared(records, i)
		return value
	}
	return nil
}

func shared(records []Record, column int) (record int, value []byte) {
	for i := range records {
		if value := records[i].Values[column]; len(value) > 0 {
			return i, value
		}
	}
	return -1, nil
}

// sameSet reports whether two cells list the same values, in any order.
func sameSet(a, b []byte) bool {
	if bytes.Equal(a, b) {
		return true
	}
	as, bs := list(a), list(b)
	slices.Sort(as)
	slices.Sort(bs)
	return slices.Equal(slices.Compact(as), slices.Compact(bs))
}
