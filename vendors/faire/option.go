package faire

import (
	"cmp"
	"slices"
	"strings"

	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// An optionColumn is the column of one option's values; -1: the feed has only its list of values.
type optionColumn struct {
	name   string
	column int
}

// findOptions lists the options that the feed has columns of, in the order of these columns.
func findOptions(l *schema.Layout) []optionColumn {
	var options []optionColumn
	for i := range l.Columns {
		if l.Columns[i].Field.Name == "option.{name}" {
			options = append(options, optionColumn{l.Columns[i].Param, i})
		}
	}
	slices.SortStableFunc(options, func(a, b optionColumn) int {
		return cmp.Compare(l.Columns[a.column].Source, l.Columns[b.column].Source)
	})
	for _, column := range l.Family("option_values.{name}") {
		if name := l.Columns[column].Param; !slices.ContainsFunc(options, func(o optionColumn) bool { return o.name == name }) {
			options = append(options, optionColumn{name, -1})
		}
	}
	return options
}

// isSize reports whether an option's values are sizes, by its name. What the document says of an option "Size" holds
// for that name only, letter for letter; the order of sizes is that of every option that is called so.
func isSize(option string) bool { return strings.Contains(strings.ToLower(option), "size") }

// inOrder sorts the values of an option: sizes as the trade does, when all of them are known, else by their letters,
// so that the order of a feed's rows leaves no trace.
func inOrder(option string, values []string) []string {
	slices.Sort(values)
	values = slices.Compact(values)
	if isSize(option) {
		values, _ = vocabulary.SortSizes(values)
	}
	return values
}

// knownOrder reports whether the order of an option's values follows from themselves.
func knownOrder(option string, values []string) bool {
	if !isSize(option) {
		return false
	}
	_, ok := vocabulary.SortSizes(values)
	return ok
}

// alike finds two values of an option that mean the same, in the order given; ok is false when there are none.
func alike(option string, values []string) (first, other string, ok bool) {
	seen := make(map[string]string, len(values))
	for _, value := range values {
		folded := strings.ToLower(strings.Join(strings.Fields(value), " "))
		if first, ok := seen[folded]; ok {
			return first, value, true
		}
		seen[folded] = value
	}
	if !isSize(option) {
		return "", "", false
	}
	sorted, known := vocabulary.SortSizes(values)
	for i := 1; known && i < len(sorted); i++ {
		if order, ok := vocabulary.CompareSizes(sorted[i-1], sorted[i]); ok && order == 0 {
			return sorted[i-1], sorted[i], true
		}
	}
	return "", "", false
}

// extend adds values to those that an option has. Sizes go where the trade has them, when all are known and stand in
// that order already; everything else goes to the end. The values that were there keep their order.
func extend(option string, has, values []string) []string {
	extended, known := slices.Clone(has), setOf(has)
	had := setOf(has)
	for _, value := range values {
		if !known[value] {
			known[value] = true
			extended = append(extended, value)
		}
	}
	if len(extended) == len(has) || !isSize(option) {
		return extended
	}
	sorted, ok := vocabulary.SortSizes(extended)
	if !ok || !slices.Equal(has, slices.DeleteFunc(slices.Clone(sorted), func(value string) bool { return !had[value] })) {
		return extended
	}
	return sorted
}

func setOf(values []string) map[string]bool {
	set := make(map[string]bool, len(values))
	for _, value := range values {
		set[value] = true
	}
	return set
}

// inMiddle returns a value that is new between those that were there, "" when there is none.
func inMiddle(has, now []string) string {
	last, had := -1, setOf(has)
	for i, value := range now {
		if had[value] {
			last = i
		}
	}
	began := false
	for i, value := range now {
		switch {
		case had[value]:
			began = true
		case began && i < last:
			return value
		}
	}
	return ""
}

// set returns the option set of a name; nil when the product has none.
func (p *Product) set(name string) *OptionSet {
	for i := range p.OptionSets {
		if p.OptionSets[i].Name == name {
			return &p.OptionSets[i]
		}
	}
	return nil
}
