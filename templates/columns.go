// Package templates makes the files that people fill in, out of the resources' schemas.
package templates

import (
	"fmt"
	"slices"
	"strconv"

	"bulkload/formats"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// Columns lists the columns of a template for the resource, in the schema's order: every field that
// can be sent, and of each family the members that the example has. A family that counts shows its
// first two members, one whose names are free only those of the example. All columns are text, so
// that a barcode keeps its zeros.
func Columns(resource *vendors.Resource) []formats.Column {
	var columns []formats.Column
	for _, c := range layout(resource) {
		columns = append(columns, formats.Column{Name: c.name, Type: formats.Text})
	}
	return columns
}

// Rows gives the rows of the resource's example, one cell for each of Columns.
func Rows(resource *vendors.Resource) [][]string {
	columns := layout(resource)
	rows := make([][]string, len(resource.Example))
	for i, example := range resource.Example {
		rows[i] = make([]string, len(columns))
		for j, c := range columns {
			rows[i][j] = example[c.name]
		}
	}
	return rows
}

// column is one column of a template: a field, or one member of a family.
type column struct {
	name  string
	field *schema.Field
}

func layout(resource *vendors.Resource) []column {
	var columns []column
	fields := resource.Schema
	for i := 0; i < len(fields); {
		_, placeholder, _, family := fields[i].Placeholder()
		switch {
		case !family:
			if sendable(&fields[i]) {
				columns = append(columns, column{fields[i].Name, &fields[i]})
			}
			i++
		case placeholder == "n":
			end := i + countedTogether(fields[i:])
			columns = append(columns, counted(resource, fields[i:end])...)
			i = end
		default:
			columns = append(columns, named(resource, &fields[i])...)
			i++
		}
	}
	return columns
}

func sendable(field *schema.Field) bool { return !field.ReadOnly && field.Forbidden == "" }

// countedTogether tells how many fields from the first on are parts of one numbered thing, as
// image_{n} and image_{n}.orientation are: people fill in one image after the other.
func countedTogether(fields schema.Schema) int {
	first, _, _, _ := fields[0].Placeholder()
	for i := range fields {
		before, placeholder, _, family := fields[i].Placeholder()
		if !family || placeholder != "n" || before != first {
			return i
		}
	}
	return len(fields)
}

// counted gives the columns of numbered things: the first with all its parts, each further one with
// the part that names it and those that the example uses.
func counted(resource *vendors.Resource, parts schema.Schema) []column {
	last := 2
	for _, row := range resource.Example {
		for name := range row {
			if n, err := strconv.Atoi(param(resource.Schema, parts, name)); err == nil {
				last = max(last, n)
			}
		}
	}
	var columns []column
	for n := 1; n <= last; n++ {
		for i := range parts {
			before, _, after, _ := parts[i].Placeholder()
			name := before + strconv.Itoa(n) + after
			if sendable(&parts[i]) && (n == 1 || i == 0 || inExample(resource, name)) {
				columns = append(columns, column{name, &parts[i]})
			}
		}
	}
	return columns
}

// named gives the members that the example has of a family whose names are free, in the order of
// their names.
func named(resource *vendors.Resource, family *schema.Field) []column {
	var names []string
	for _, row := range resource.Example {
		for name := range row {
			if field, _ := resource.Schema.Find(name); field == family && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	var columns []column
	for _, name := range names {
		if sendable(family) {
			columns = append(columns, column{name, family})
		}
	}
	return columns
}

// param tells what stands for the placeholder when the name belongs to one of the parts.
func param(all, parts schema.Schema, name string) string {
	field, param := all.Find(name)
	for i := range parts {
		if field == &parts[i] {
			return param
		}
	}
	return ""
}

func inExample(resource *vendors.Resource, name string) bool {
	for _, row := range resource.Example {
		if row[name] != "" {
			return true
		}
	}
	return false
}

// target is the resource as commands name it.
func target(vendor *vendors.Vendor, resource *vendors.Resource) string {
	return fmt.Sprintf("%s/%s", vendor.Name, resource.Name)
}
