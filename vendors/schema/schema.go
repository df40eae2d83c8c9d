// Package schema holds the words in which a vendor's rules are written down: fields, types, rules
// and problems. A schema is one table; the checks, the template and the help text follow from it.
package schema

import (
	"strings"
)

// A Schema lists the fields of a resource in the order of the vendor's own page.
type Schema []Field

// A Field is one value of a record, and the column of a feed that carries it.
//
// A name may hold one placeholder, {n} for a number from 1 or {name} for any text
// ("image_{n}.orientation", "property.{name}"): such a field is a family, and a feed may have
// many columns of it.
type Field struct {
	Name     string
	Doc      string // one plain sentence for the person who fills the column in
	Clause   string // where it comes from: "fashiontrade:4022", file and line of the vendor's document
	Type     Type   // Text when left out
	Required bool   // every record needs it; for a Shared field: every entity
	Shared   bool   // belongs to the entity: may be empty on rows after its first, and must not disagree
	// SharedBy narrows Shared: the field belongs to the part of the entity that this other field names, as
	// a window does to a stock batch, and is shared by the rows that have one value of it. A record
	// without one is a part by itself.
	SharedBy string
	List     bool    // a cell holds several values, separated by |
	ReadOnly bool    // the vendor answers it and does not take it: dropped on import
	Values   *Values // closed list of values, exact and case-sensitive
	// Explain says more of a value that is not in Values. Nil, or an empty message: what every list says.
	Explain   func(value string) (message, suggestion string)
	MaxRunes  int      // longest text in Unicode code points; 0: no limit
	Checks    []Check  // further rules for one value
	Synonyms  []string // other names by which feeds call it
	Example   string   // a right value
	Forbidden string   // a column of this name is understood but cannot be sent; the text says why and what to do
}

// Type is what a field's text must parse as. Records keep the text; checks look at it.
type Type uint8

// The types of fields.
const (
	Text    Type = iota // any text
	Integer             // decimal digits with an optional sign
	Decimal             // an exact decimal number, point as separator
	Boolean             // see ParseBoolean
	URL                 // an absolute http or https address
)

// String names the type as describe shows it.
func (t Type) String() string {
	return [...]string{"text", "integer", "decimal", "boolean", "URL"}[t]
}

// Placeholder splits a family's name around its placeholder. ok is false for a plain field.
func (f *Field) Placeholder() (before, placeholder, after string, ok bool) {
	open := strings.IndexByte(f.Name, '{')
	shut := strings.IndexByte(f.Name, '}')
	if open < 0 || shut < open {
		return f.Name, "", "", false
	}
	return f.Name[:open], f.Name[open+1 : shut], f.Name[shut+1:], true
}

// Find returns the field that a full name belongs to, and what stands for its placeholder:
// "image_2.orientation" gives the field image_{n}.orientation and "2". Names are exact.
// A field that carries the name itself wins over a family.
func (s Schema) Find(name string) (field *Field, param string) {
	for i := range s {
		if s[i].Name == name {
			return &s[i], ""
		}
	}
	for i := range s {
		before, placeholder, after, ok := s[i].Placeholder()
		if !ok || len(name) <= len(before)+len(after) ||
			!strings.HasPrefix(name, before) || !strings.HasSuffix(name, after) {
			continue
		}
		param := name[len(before) : len(name)-len(after)]
		if placeholder == "n" && !counting(param) {
			continue
		}
		return &s[i], param
	}
	return nil, ""
}

// counting reports whether text is a number from 1 without leading zeros, of at most three digits.
func counting(text string) bool {
	if text == "" || len(text) > 3 || text[0] == '0' {
		return false
	}
	return strings.Trim(text, "0123456789") == ""
}
