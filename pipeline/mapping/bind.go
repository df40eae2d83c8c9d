package mapping

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"bulkload/formats"
	"bulkload/vendors/schema"
)

// A Binding is a mapping applied to the header of one feed.
type Binding struct {
	Layout   *schema.Layout
	Ignored  []string // columns that match no field
	Dropped  []string // columns of fields that the vendor answers but does not take
	header   *formats.Header
	unnamed  []int               // columns without a name
	constant [][]byte            // one a layout column: its constant, nil when it comes from the feed
	replace  []map[string]string // one a layout column: values to replace, usually nil
	shifted  *schema.Rule        // what text outside the named columns means
}

// RequireColumns tells Bind whether a required field without a column is an error of the feed.
type RequireColumns bool

// Bind finds the field of every column. It fails when a required field has no column, when two
// columns could carry one field, or when the mapping names what does not exist.
func (m *Mapping) Bind(fields schema.Schema, header *formats.Header, require RequireColumns) (*Binding, error) {
	b := binder{mapping: m, fields: fields, header: header, owner: make(map[string]claim)}
	for _, step := range []func() error{b.constants, b.columns, b.matches} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	if require {
		if err := b.missing(); err != nil {
			return nil, err
		}
	}
	return b.binding()
}

// A claim says which column carries a field, and how sure that is.
type claim struct {
	column   int // of the feed; -1: constant
	constant string
	strength strength
}

type strength int

const (
	bySynonym  strength = iota // one of the schema's other names
	byLikeness                 // the field's name but for case, blanks and punctuation
	byName                     // the field's name
	byUser                     // the user said so
)

type binder struct {
	mapping *Mapping
	fields  schema.Schema
	header  *formats.Header
	owner   map[string]claim // by full field name
	order   []string         // full field names as they were claimed
	taken   map[int]bool     // columns that the user placed or left out
}

func (b *binder) fail(format string, args ...any) error {
	return &Error{Reason: fmt.Sprintf(format, args...), Found: b.found()}
}

func (b *binder) found() []string {
	var names []string
	for _, name := range b.header.Names {
		if name != "" {
			names = append(names, name)
		}
	}
	return names
}

func (b *binder) knownField(name string) error {
	if field, _ := b.fields.Find(name); field != nil {
		return nil
	}
	reason := fmt.Sprintf("there is no field %q", name)
	if near := schema.Nearest(name, fieldNames(b.fields)); near != "" {
		reason += fmt.Sprintf("; did you mean %s?", near)
	}
	return &Error{Reason: reason}
}

func (b *binder) constants() error {
	b.taken = make(map[int]bool)
	for name, value := range sorted(b.mapping.Set) {
		if err := b.knownField(name); err != nil {
			return err
		}
		if column, ok := strings.CutPrefix(value, "{"); ok && strings.HasSuffix(column, "}") {
			index, err := b.columnNamed(strings.TrimSuffix(column, "}"))
			if err != nil {
				return err
			}
			b.claim(name, claim{column: index, strength: byUser})
			continue
		}
		b.claim(name, claim{column: -1, constant: value, strength: byUser})
	}
	for name := range b.mapping.Values {
		if err := b.knownField(name); err != nil {
			return err
		}
	}
	return nil
}

func (b *binder) columnNamed(name string) (int, error) {
	at := slices.Index(b.header.Names, name)
	if at < 0 {
		at = slices.IndexFunc(b.header.Names, func(other string) bool { return name != "" && fold(other) == fold(name) })
	}
	if at < 0 {
		return 0, b.fail("the feed has no column %q", name)
	}
	return at, nil
}

func (b *binder) columns() error {
	for name, field := range sorted(b.mapping.Columns) {
		column, err := b.columnNamed(name)
		if err != nil {
			return err
		}
		b.taken[column] = true
		if field == "" {
			continue
		}
		if err := b.knownField(field); err != nil {
			return err
		}
		if earlier, ok := b.owner[field]; ok && earlier.strength == byUser {
			return b.fail("the mapping gives the field %s twice", field)
		}
		b.claim(field, claim{column: column, strength: byUser})
	}
	return nil
}

// matches places the columns that the user said nothing of. The surer match wins a field; two
// equally sure ones are an error, since either could be meant.
func (b *binder) matches() error {
	rivals := make(map[string]int) // another column that is as sure of a field, until a surer one comes
	for column, name := range b.header.Names {
		if name == "" || name == ReasonColumn || b.taken[column] {
			continue
		}
		field, sure := b.match(name)
		if field == "" {
			continue
		}
		earlier, ok := b.owner[field]
		_, rivalled := rivals[field]
		switch {
		case !ok || earlier.strength < sure:
			b.claim(field, claim{column: column, strength: sure})
			delete(rivals, field)
		case earlier.strength == sure && !rivalled:
			rivals[field] = column
		}
	}
	for _, field := range b.order {
		if other, ok := rivals[field]; ok {
			first := b.owner[field].column
			if b.header.Names[first] == b.header.Names[other] {
				return b.fail("columns %s and %s are both called %q: rename one of them in the feed, since either could be %s",
					formats.ColumnLetters(first), formats.ColumnLetters(other), b.header.Names[first], field)
			}
			return b.fail("columns %s (%q) and %s (%q) could both be %s: say which one with --set '%s={%s}'",
				formats.ColumnLetters(first), b.header.Names[first],
				formats.ColumnLetters(other), b.header.Names[other], field, field, b.header.Names[first])
		}
	}
	return nil
}

func (b *binder) claim(field string, c claim) {
	if _, ok := b.owner[field]; !ok {
		b.order = append(b.order, field)
	}
	b.owner[field] = c
}

// match finds the field that a column's name means, "" when there is none.
func (b *binder) match(name string) (field string, sure strength) {
	if found, _ := b.fields.Find(name); found != nil {
		return name, byName
	}
	folded := fold(name)
	if folded == "" {
		return "", 0
	}
	for i := range b.fields {
		if field := likeness(&b.fields[i], b.fields[i].Name, name, folded); field != "" {
			return field, byLikeness
		}
	}
	for i := range b.fields {
		for _, synonym := range b.fields[i].Synonyms {
			if field := likeness(&b.fields[i], synonym, name, folded); field != "" {
				return field, bySynonym
			}
		}
	}
	return "", 0
}

// likeness returns the full name of the field when a column's name is like pattern, the field's
// name or a synonym, which may hold the field's placeholder.
func likeness(field *schema.Field, pattern, name, folded string) string {
	ownBefore, ownPlaceholder, ownAfter, ok := field.Placeholder()
	before, placeholder, after, family := (&schema.Field{Name: pattern}).Placeholder()
	switch {
	case !family && fold(pattern) != folded:
		return ""
	case !family && !ok:
		return field.Name
	case !family && ownPlaceholder == "n":
		return ownBefore + "1" + ownAfter // "Image" is the first of a numbered family
	case !family || !ok || fold(before)+fold(after) == "":
		return ""
	}
	if placeholder != "n" {
		return "" // free names are taken only as they are written
	}
	digits, ok := strings.CutPrefix(folded, fold(before))
	if !ok {
		return ""
	}
	digits, ok = strings.CutSuffix(digits, fold(after))
	if !ok || digits == "" || digits[0] == '0' || len(digits) > 3 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return ownBefore + digits + ownAfter
}

// fold drops what people vary without meaning to: case, blanks and punctuation.
func fold(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}

// missing reports the required fields that no column carries.
func (b *binder) missing() error {
	var lacking []string
	for i := range b.fields {
		if _, ok := b.owner[b.fields[i].Name]; b.fields[i].Required && !ok {
			lacking = append(lacking, b.closest(b.fields[i].Name))
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	noun := "the required column"
	if len(lacking) > 1 {
		noun = "the required columns"
	}
	return b.fail("%s %s not found", noun, strings.Join(lacking, ", "))
}

// closest names a missing column with the unused one of the feed that looks most like it.
func (b *binder) closest(field string) string {
	var unused []string
	for column, name := range b.header.Names {
		if !b.used(column) {
			unused = append(unused, name)
		}
	}
	if near := schema.Nearest(field, unused); near != "" {
		return fmt.Sprintf("%s (closest: %q)", field, near)
	}
	return field
}

func (b *binder) used(column int) bool {
	for _, c := range b.owner {
		if c.column == column {
			return true
		}
	}
	return false
}

// binding puts the claimed fields in the order of the schema.
func (b *binder) binding() (*Binding, error) {
	bound := &Binding{header: b.header, shifted: Shifted}
	for column, name := range b.header.Names {
		if name == "" {
			bound.unnamed = append(bound.unnamed, column)
		}
	}
	var columns []schema.Column
	for _, name := range b.order {
		c := b.owner[name]
		field, param := b.fields.Find(name)
		label := ""
		if c.column >= 0 {
			label = b.header.Names[c.column]
		}
		if field.ReadOnly {
			bound.Dropped = append(bound.Dropped, label)
			continue
		}
		columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: label, Source: c.column})
	}
	slices.SortStableFunc(columns, func(a, c schema.Column) int { return b.rank(a.Field) - b.rank(c.Field) })
	for _, column := range columns {
		c := b.owner[column.Name]
		var constant []byte
		if c.column < 0 {
			constant = []byte(c.constant)
		}
		bound.constant = append(bound.constant, constant)
		bound.replace = append(bound.replace, b.mapping.Values[column.Name])
	}
	bound.Layout = schema.NewLayout(b.fields, columns)
	bound.Ignored = b.ignored()
	return bound, nil
}

func (b *binder) rank(field *schema.Field) int {
	return slices.IndexFunc(b.fields, func(f schema.Field) bool { return f.Name == field.Name })
}

func (b *binder) ignored() []string {
	var names []string
	for column, name := range b.header.Names {
		if name != "" && name != ReasonColumn && !b.used(column) && !b.taken[column] {
			names = append(names, name)
		}
	}
	return names
}
