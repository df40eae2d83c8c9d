package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// JSONSchema describes one row as a flat JSON object, in the words of JSON Schema 2020-12: fields
// in the schema's order, families as patterns of names. What JSON Schema has no word for stands
// under keywords of our own, which validators pass over: x-shared (belongs to the entity, so a
// required one is not demanded of each row), x-required (demanded of each entity), x-values (what
// each item of a list may be) and x-clause.
func (s Schema) JSONSchema(title string) ([]byte, error) {
	row := jsonRow{
		Schema:      "https://json-schema.org/draft/2020-12/schema",
		Title:       title,
		Description: "One row of a feed. A field without a value is left out.",
		Type:        "object",
	}
	for i := range s {
		field := &s[i]
		if pattern, ok := field.namePattern(); ok {
			row.PatternProperties = append(row.PatternProperties, jsonMember{pattern, field.jsonField()})
			continue
		}
		row.Properties = append(row.Properties, jsonMember{field.Name, field.jsonField()})
		if field.Required && !field.Shared {
			row.Required = append(row.Required, field.Name)
		}
	}
	text, err := encodeJSON(row)
	if err != nil {
		return nil, fmt.Errorf("write JSON Schema of %s: %w", title, err)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, text, "", "  "); err != nil {
		return nil, fmt.Errorf("indent JSON Schema of %s: %w", title, err)
	}
	return indented.Bytes(), nil
}

type jsonRow struct {
	Schema            string      `json:"$schema"`
	Title             string      `json:"title,omitempty"`
	Description       string      `json:"description"`
	Type              string      `json:"type"`
	Properties        jsonMembers `json:"properties,omitempty"`
	PatternProperties jsonMembers `json:"patternProperties,omitempty"`
	Required          []string    `json:"required,omitempty"`
}

type jsonField struct {
	Description string         `json:"description,omitempty"`
	Type        any            `json:"type,omitempty"`
	Items       map[string]any `json:"items,omitempty"`
	Enum        []string       `json:"enum,omitempty"`
	Pattern     string         `json:"pattern,omitempty"`
	Format      string         `json:"format,omitempty"`
	MaxLength   int            `json:"maxLength,omitempty"`
	Examples    []string       `json:"examples,omitempty"`
	ReadOnly    bool           `json:"readOnly,omitempty"`
	Not         *struct{}      `json:"not,omitempty"`
	Shared      bool           `json:"x-shared,omitempty"`
	Required    bool           `json:"x-required,omitempty"`
	Values      []string       `json:"x-values,omitempty"`
	Clause      string         `json:"x-clause,omitempty"`
}

// jsonField describes the values of one field.
func (f *Field) jsonField() jsonField {
	described := jsonField{
		Description: f.jsonDescription(),
		ReadOnly:    f.ReadOnly,
		Shared:      f.Shared,
		Required:    f.Required && f.Shared,
		Clause:      f.Clause,
	}
	if f.Example != "" {
		described.Examples = []string{f.Example}
	}
	switch {
	case f.Forbidden != "":
		described.Not = &struct{}{} // no value at all is right
	case f.List:
		described.Type = []string{"string", "array"}
		described.Items = map[string]any{"type": "string"}
		if f.MaxRunes > 0 {
			described.Items["maxLength"] = f.MaxRunes
		}
		if f.Values != nil {
			described.Values = f.Values.List()
		}
	default:
		described.Type, described.Pattern, described.Format = f.Type.json()
		described.MaxLength = f.MaxRunes
		if f.Values != nil {
			described.Enum = f.Values.List()
		}
	}
	return described
}

// json gives the JSON types that a value may have, and what its text must look like.
func (t Type) json() (types any, pattern, format string) {
	switch t {
	case Integer:
		return []string{"string", "integer"}, `^[+-]?[0-9]{1,18}$`, ""
	case Decimal:
		return []string{"string", "number"}, `^[+-]?[0-9]+(\.[0-9]+)?$`, ""
	case Boolean:
		return []string{"string", "boolean"}, "", ""
	case URL:
		return "string", `^[Hh][Tt][Tt][Pp][Ss]?://`, "uri"
	default:
		return "string", "", ""
	}
}

// jsonDescription is the field's sentence with what a person must know besides.
func (f *Field) jsonDescription() string {
	var sentences []string
	add := func(sentence string) {
		if sentence = strings.TrimSpace(sentence); sentence != "" {
			sentences = append(sentences, strings.TrimSuffix(sentence, ".")+".")
		}
	}
	add(f.Doc)
	add(f.Forbidden)
	if f.List {
		add("Several values stand in one text, separated by | (a | within a value is written \\|), or in an array")
	}
	if f.Shared {
		add("Rows of one entity share it: it may be left out after the first of them, and must not disagree")
	}
	if f.Clause != "" {
		add("See " + f.Clause)
	}
	return strings.Join(sentences, " ")
}

// namePattern is the regular expression of a family's full names. ok is false for a plain field.
func (f *Field) namePattern() (pattern string, ok bool) {
	before, placeholder, after, ok := f.Placeholder()
	if !ok {
		return "", false
	}
	middle := `[\s\S]+`
	if placeholder == "n" {
		middle = `[1-9][0-9]{0,2}`
	}
	return "^" + regexp.QuoteMeta(before) + middle + regexp.QuoteMeta(after) + "$", true
}

// jsonMembers is a JSON object whose members keep their order.
type jsonMembers []jsonMember

type jsonMember struct {
	name  string
	value jsonField
}

// MarshalJSON writes the members in their order.
func (members jsonMembers) MarshalJSON() ([]byte, error) {
	object := []byte{'{'}
	for i, member := range members {
		if i > 0 {
			object = append(object, ',')
		}
		name, err := encodeJSON(member.name)
		if err != nil {
			return nil, err
		}
		value, err := encodeJSON(member.value)
		if err != nil {
			return nil, err
		}
		object = append(append(append(object, name...), ':'), value...)
	}
	return append(object, '}'), nil
}

// encodeJSON is json.Marshal that leaves <, > and & as they are, since people read the result.
func encodeJSON(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSpace(text.Bytes()), nil
}
