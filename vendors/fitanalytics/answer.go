package fitanalytics

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// text is a member of an answer that the document shows as text, or as a number in one place and as text
// in another: the age "28" (fit-analytics:162), a garment type 100 (fit-analytics:467). Objects and lists
// are none.
type text string

// UnmarshalJSON reads a text, a number as it is written, or a truth value; null leaves it empty.
func (t *text) UnmarshalJSON(data []byte) error {
	switch {
	case len(data) > 0 && data[0] == '"':
		return json.Unmarshal(data, (*string)(t))
	case bytes.Equal(data, []byte("null")):
		return nil
	case len(data) > 0 && (data[0] == '{' || data[0] == '['):
		return fmt.Errorf("%.40q is not a text", data)
	}
	*t = text(data)
	return nil
}

// fault is one error of an answer (fit-analytics:274, 913).
type fault struct {
	Status text `json:"status"`
	Code   text `json:"code"`
	Title  text `json:"title"`
	Detail text `json:"detail"`
	Source struct {
		Fields []text `json:"fields"`
	} `json:"source"`
}

// message is the error in one sentence.
func (f *fault) message() string {
	words := string(f.Title)
	if f.Detail != "" {
		words = strings.TrimPrefix(words+": "+string(f.Detail), ": ")
	}
	if len(f.Source.Fields) > 0 {
		words += " (" + joinTexts(f.Source.Fields, ", ") + ")"
	}
	return words
}

func joinTexts(list []text, between string) string {
	texts := make([]string, len(list))
	for i, t := range list {
		texts[i] = string(t)
	}
	return strings.Join(texts, between)
}

// inItsWords puts the vendor's own code and words into a refusal, which holds the answer's text.
func inItsWords(err error) error {
	var refusal *vendors.APIError
	var answer struct{ Errors []fault }
	if !errors.As(err, &refusal) || json.Unmarshal([]byte(refusal.Message), &answer) != nil || len(answer.Errors) == 0 {
		return err
	}
	var codes, words []string
	for i := range answer.Errors {
		codes = append(codes, string(answer.Errors[i].Code))
		words = append(words, answer.Errors[i].message())
	}
	said := *refusal
	said.Code, said.Message = strings.Join(slices.Compact(codes), ", "), strings.Join(words, "; ")
	return &said
}

// deepest is how deep objects within objects become columns of their own. What is deeper stays JSON.
const deepest = 6

// flatten writes the members of an object as fields: those of objects within it joined by dots, lists of
// texts as one cell. A relation that is told by its ID alone is written as it would be if it were
// included, as RELATION.id (fit-analytics:815). Null and what is empty is left out.
func flatten(object map[string]any, relations []string) map[string]string {
	row := make(map[string]string, len(object))
	flattenInto(row, "", object, relations, 1)
	return row
}

func flattenInto(row map[string]string, before string, object map[string]any, relations []string, depth int) {
	for name, value := range object {
		name = before + name
		switch value := value.(type) {
		case map[string]any:
			if depth < deepest {
				flattenInto(row, name+".", value, relations, depth+1)
				continue
			}
		case string, json.Number:
			if slices.Contains(relations, name) {
				name += ".id"
			}
		}
		if cell := cellOf(value); cell != "" {
			row[name] = cell
		}
	}
}

// cellOf writes a value as a cell.
func cellOf(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	case json.Number:
		return string(value)
	case bool:
		return fmt.Sprint(value)
	case []any:
		if cell, ok := listOf(value); ok {
			return cell
		}
	}
	written, _ := json.Marshal(value) // it was read from JSON
	return string(written)
}

// listOf writes a list of texts, numbers and truth values as one cell.
func listOf(list []any) (cell string, ok bool) {
	items := make([]string, len(list))
	for i, value := range list {
		switch value.(type) {
		case string, json.Number, bool:
			items[i] = cellOf(value)
		default:
			return "", false
		}
	}
	return schema.JoinItems(items), true
}

// readObject reads an object, its numbers as they are written.
func readObject(body []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var object map[string]any
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("the answer is not the vendor's: %w", err)
	}
	if object == nil {
		return nil, errors.New("the answer is not the vendor's: it is null")
	}
	return object, nil
}

// canonicalObject writes an object with its members in the order of their names.
func canonicalObject(body []byte) ([]byte, error) {
	object, err := readObject(body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(object)
}

// dataOf gives the data of an answer (fit-analytics:782).
func dataOf(body []byte) (json.RawMessage, error) {
	var answer struct {
		Data json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("the answer is not the vendor's: %w", err)
	}
	if len(answer.Data) == 0 || bytes.Equal(answer.Data, []byte("null")) {
		return nil, errors.New("the answer has no data, so it is not the vendor's")
	}
	return answer.Data, nil
}
