package faire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/schema"
)

// readAny reads JSON with its numbers as they are written.
func readAny(body []byte) (value any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("the vendor's answer is not JSON: %w", err)
	}
	return value, nil
}

// A flattener writes the members of an answer into a row: the columns carry the document's names,
// those of members within members joined by dots, those of the elements of a list numbered from 1.
// What the schema does not have stands under "other.".
type flattener struct {
	fields schema.Schema
	row    map[string]string
}

// deepest is how many members within members get columns. What lies deeper is written as JSON.
const deepest = 5

// mostListed is how far the numbers of columns go. A longer list is written as JSON.
const mostListed = 999

// object writes the members of an object whose own name, with its dot, is the prefix. Names come in
// their order, so that a row is the same each time.
func (f *flattener) object(prefix string, object map[string]any, depth int) {
	for _, name := range sortedNames(object) {
		f.value(prefix+name, object[name], depth)
	}
}

func (f *flattener) value(name string, value any, depth int) {
	switch value := value.(type) {
	case map[string]any:
		if depth < deepest {
			f.object(name+".", value, depth+1)
			return
		}
		f.cell(name, asJSON(value))
	case []any:
		f.list(name, value, depth)
	default:
		f.cell(name, scalarText(value))
	}
}

// list numbers objects, and joins anything else in one cell.
func (f *flattener) list(name string, list []any, depth int) {
	isObject := func(value any) bool { _, ok := value.(map[string]any); return ok }
	switch {
	case !slices.ContainsFunc(list, isObject):
		items := make([]string, len(list))
		for i, item := range list {
			items[i] = scalarText(item)
		}
		f.cell(name, schema.JoinItems(items))
	case len(list) > mostListed || depth >= deepest:
		f.cell(name, asJSON(list))
	default:
		for i, item := range list {
			f.value(name+"_"+strconv.Itoa(i+1), item, depth+1)
		}
	}
}

// cell writes one value. A member whose name no column can have stands with its kind as JSON.
func (f *flattener) cell(name, text string) {
	if text == "" {
		return
	}
	if field, _ := f.fields.Find(name); field == nil {
		name = "other." + name
	}
	if !canNameColumn(name) || f.row[name] != "" {
		f.row["other"] = strings.TrimPrefix(f.row["other"]+"\n"+asJSON(map[string]any{name: text}), "\n")
		return
	}
	f.row[name] = text
}

// canNameColumn reports whether a column can be called so and be found by that name again: readers of
// feeds take blanks around names away, and line breaks out of them.
func canNameColumn(name string) bool {
	return len(schema.Trim([]byte(name))) == len(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' })
}

// scalarText writes a text, a number or a truth value as a cell has it; null is an empty cell.
func scalarText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case json.Number:
		return value.String()
	case bool:
		return strconv.FormatBool(value)
	}
	return asJSON(value)
}

// asJSON writes what was read from JSON.
func asJSON(value any) string {
	text, _ := json.Marshal(value) // what was read can be written
	return string(text)
}

func sortedNames(object map[string]any) []string {
	names := make([]string, 0, len(object))
	for name := range object {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// decodeFlat makes the one row of an answer that lists nothing.
func decodeFlat(fields schema.Schema) func([]byte) ([]map[string]string, error) {
	return func(body []byte) ([]map[string]string, error) {
		object, err := readObject(body)
		if err != nil {
			return nil, err
		}
		f := flattener{fields, make(map[string]string)}
		f.object("", object, 0)
		return []map[string]string{f.row}, nil
	}
}

func readObject(body []byte) (map[string]any, error) {
	value, err := readAny(body)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the vendor's answer is not an object, but %.40s", asJSON(value))
	}
	return object, nil
}

// decodeOrder makes a row of each item of an order. What belongs to the whole order stands on the first
// of them, so that nothing is counted twice; the order's id stands on all.
func decodeOrder(body []byte) ([]map[string]string, error) {
	order, err := readObject(body)
	if err != nil {
		return nil, err
	}
	items, ok := order["items"].([]any)
	if ok {
		delete(order, "items")
	}
	rows := make([]map[string]string, max(1, len(items)))
	for i := range rows {
		rows[i] = make(map[string]string, 16)
	}
	whole := flattener{orderFields, rows[0]}
	whole.object("", order, 0)
	for i, item := range items {
		if id := rows[0]["id"]; id != "" {
			rows[i]["id"] = id
		}
		f := flattener{orderFields, rows[i]}
		f.value("items", item, 0)
	}
	return rows, nil
}
