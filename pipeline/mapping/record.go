package mapping

import (
	"fmt"
	"iter"
	"maps"
	"slices"

	"bulkload/formats"
	"bulkload/vendors/schema"
)

// The rules about cells that no field is to blame for.
var (
	Shifted = &schema.Rule{ID: "row.shifted",
		Sentence: "a value stands where no column has a name; the cells of the row have probably shifted"}
	Unnamed = &schema.Rule{ID: "cell.unnamed", Severity: schema.Warning,
		Sentence: "a value stands where no column has a name; it was not read"}
)

// Rules lists the rules that hold for every feed.
var Rules = []*schema.Rule{Shifted, Unnamed}

// Keeps tells the binding that the feed's format cannot shift cells, as a workbook cannot: text
// outside the named columns is then a warning, not an error.
func (b *Binding) Keeps() { b.shifted = Unnamed }

// Header returns the header that was bound.
func (b *Binding) Header() *formats.Header { return b.header }

// Value returns the row's value of a layout column, blanks around it removed.
// The text belongs to the row's block, or to the binding.
func (b *Binding) Value(row formats.Row, column int) []byte {
	value := b.constant[column]
	if value == nil {
		value = schema.Trim(row.Cell(b.Layout.Columns[column].Source))
	}
	if replace := b.replace[column]; replace != nil {
		return replaced(value, replace, b.Layout.Columns[column].Field.List)
	}
	return value
}

func replaced(value []byte, replace map[string]string, isList bool) []byte {
	if to, ok := replace[string(value)]; ok {
		return []byte(to)
	}
	if !isList {
		return value
	}
	var items []string
	schema.Items(value, func(item []byte) bool {
		if to, ok := replace[string(item)]; ok {
			items = append(items, to)
		} else {
			items = append(items, string(item))
		}
		return true
	})
	return []byte(schema.JoinItems(items))
}

// Record fills a record, whose Values and Bad have one element a layout column, with the row's
// values. Problems of the row's cells as such are added to problems, as of the record-th of its entity.
func (b *Binding) Record(row formats.Row, into *schema.Record, record int, problems []schema.Problem) []schema.Problem {
	into.Layout = b.Layout
	for i := range b.Layout.Columns {
		into.Bad[i] = false
		into.Values[i] = b.Value(row, i)
		source := b.Layout.Columns[i].Source
		if source < 0 {
			continue
		}
		if row.Kind(source) == formats.Failure || isFailure(into.Values[i]) {
			problems = append(problems, b.cellProblem(schema.Failed, i, record, row,
				fmt.Sprintf("the cell shows %s: the spreadsheet could not calculate it", into.Values[i])))
			into.Bad[i] = true
			into.Values[i] = nil
		} else if cell := row.Cell(source); len(cell) != len(into.Values[i]) && trimmed(cell) {
			problems = append(problems, b.cellProblem(schema.Trimmed, i, record, row, ""))
		}
	}
	return b.outside(row, record, problems)
}

// trimmed reports whether a cell has text with blanks around it.
func trimmed(cell []byte) bool {
	value := schema.Trim(cell)
	return len(value) > 0 && len(value) != len(cell)
}

func (b *Binding) cellProblem(rule *schema.Rule, column, record int, row formats.Row, message string) schema.Problem {
	c := &b.Layout.Columns[column]
	return schema.Problem{Rule: rule, Record: record, Column: column, Field: c.Name,
		Value: string(row.Cell(c.Source)), Message: message, Clause: rule.Clause}
}

// outside reports the first text that stands outside the named columns.
func (b *Binding) outside(row formats.Row, record int, problems []schema.Problem) []schema.Problem {
	for _, i := range b.unnamed {
		if value := schema.Trim(row.Cell(i)); len(value) > 0 {
			return append(problems, b.stray(value, i, record))
		}
	}
	for i := len(b.header.Names); i < row.Len(); i++ {
		if value := schema.Trim(row.Cell(i)); len(value) > 0 {
			return append(problems, b.stray(value, i, record))
		}
	}
	return problems
}

func (b *Binding) stray(value []byte, column, record int) schema.Problem {
	return schema.Problem{Rule: b.shifted, Record: record, Column: -1, Value: string(value),
		Message: fmt.Sprintf("%q stands in column %s, which has no name", value, formats.ColumnLetters(column))}
}

// isFailure reports whether a text is one of the error values of spreadsheets, as they export them.
func isFailure(value []byte) bool {
	if len(value) < 4 || value[0] != '#' {
		return false
	}
	switch string(value) {
	case "#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#GETTING_DATA":
		return true
	}
	return false
}

// sorted yields a map in the order of its keys, so that messages do not depend on chance.
func sorted(m map[string]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}
