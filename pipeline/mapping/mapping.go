// Package mapping turns a feed's columns into a resource's fields: by name, by what the schema
// knows as other names, by a saved mapping, and with constants.
package mapping

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v4"

	"bulkload/vendors/schema"
)

// A Mapping is what a user says of a feed's columns. The zero value leaves all to their names.
type Mapping struct {
	// Columns names the field of a column, by the column's own name. An empty field: leave the column out.
	Columns map[string]string `yaml:"columns"`
	// Set gives a field one value in every row. A value {NAME} takes the column NAME of the feed.
	Set map[string]string `yaml:"set"`
	// Values replaces whole values of a field: field → value of the feed → value to use.
	Values map[string]map[string]string `yaml:"values"`
}

// Load reads a mapping from a YAML file. Unknown settings are errors.
func Load(path string) (Mapping, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return Mapping{}, fmt.Errorf("read mapping: %w", err)
	}
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var m Mapping
	if err := decoder.Decode(&m); err != nil && !errors.Is(err, io.EOF) { // an empty file says nothing
		return Mapping{}, fmt.Errorf("mapping %s: %w", path, err)
	}
	return m, nil
}

// Assign adds a setting of the form field=value.
func (m *Mapping) Assign(setting string) error {
	field, value, ok := strings.Cut(setting, "=")
	if !ok || strings.TrimSpace(field) == "" {
		return fmt.Errorf("%q is not of the form field=value", setting)
	}
	if m.Set == nil {
		m.Set = make(map[string]string)
	}
	m.Set[strings.TrimSpace(field)] = value
	return nil
}

// An Error says why a feed's columns cannot be turned into a resource's fields.
type Error struct {
	Reason string
	Found  []string // the feed's columns
}

// Error gives the reason and the columns that were found.
func (e *Error) Error() string {
	if len(e.Found) == 0 {
		return e.Reason
	}
	return fmt.Sprintf("%s; the feed's columns are: %s", e.Reason, strings.Join(e.Found, ", "))
}

// ReasonColumn is the column that rejects files carry; it is left out when such a file is read.
const ReasonColumn = "bulkload_reason"

// fieldNames lists the names of a schema's fields, for suggestions.
func fieldNames(s schema.Schema) []string {
	names := make([]string, len(s))
	for i := range s {
		names[i] = s[i].Name
	}
	return names
}
