package pipeline_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"bulkload/templates"
	"bulkload/vendors"
	"bulkload/vendors/all"
)

// TestResources is the suite that every resource of every vendor passes, by being listed.
func TestResources(t *testing.T) {
	for _, vendor := range all.Vendors {
		for _, resource := range vendor.Resources {
			if resource.Encode == nil {
				continue // it is not fed
			}
			name := vendor.Name + "/" + resource.Name
			t.Run(name+"@"+resource.Version, func(t *testing.T) {
				t.Run("template passes check", func(t *testing.T) { templatePasses(t, vendor, resource) })
				t.Run("declaration", func(t *testing.T) { declared(t, vendor, resource) })
			})
		}
	}
}

// templatePasses writes the template as workbook and as CSV: both are right feeds, unchanged.
func templatePasses(t *testing.T, vendor *vendors.Vendor, resource *vendors.Resource) {
	name := vendor.Name + "/" + resource.Name
	workbook := filepath.Join(t.TempDir(), "template.xlsx")
	file, err := os.Create(workbook)
	if err != nil {
		t.Fatal(err)
	}
	if err := templates.Workbook(file, vendor, resource); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	var columns []string
	for _, column := range templates.Columns(resource) {
		columns = append(columns, column.Name)
	}
	text := table{columns, templates.Rows(resource)}.write(t, filepath.Join(t.TempDir(), "template.csv"))
	for _, path := range []string{workbook, text} {
		result := checked(t, newJob(t, path, name, resource.Version))
		if s := result.Summary; s.RowsIn == 0 || len(s.Rules) > 0 || len(s.Ignored) > 0 {
			t.Errorf("%s: %d rows, want some without any problem:\n%s", filepath.Base(path), s.RowsIn, summaryText(t, s))
		}
	}
}

// declared looks for what the listing, the help and the reports need.
func declared(t *testing.T, vendor *vendors.Vendor, resource *vendors.Resource) {
	if resource.Doc == "" || resource.Noun.One == "" || resource.Noun.Many == "" || resource.Batch < 1 || resource.Encode == nil {
		t.Errorf("doc, noun, batch or encode is missing")
	}
	if field, _ := resource.Schema.Find(resource.Key); field == nil || !field.Required && resource.Else == "" {
		t.Errorf("the key %q is not a required field", resource.Key)
	}
	if field, _ := resource.Schema.Find(resource.Else); field == nil && resource.Else != "" {
		t.Errorf("%q, which names entities without a key, is not a field", resource.Else)
	}
	for _, name := range resource.Unique {
		if field, _ := resource.Schema.Find(name); field == nil {
			t.Errorf("the unique field %q does not exist", name)
		}
	}
	for i := range resource.Schema {
		if f := &resource.Schema[i]; f.Doc == "" || f.Clause == "" {
			t.Errorf("%s has no sentence or no clause", f.Name)
		}
	}
	for _, rule := range resource.Rules {
		if rule.Clause == "" {
			t.Errorf("rule %s has no clause", rule.ID)
		}
	}
	document, err := resource.Schema.JSONSchema(vendor.Name + "/" + resource.Name)
	if err != nil || !json.Valid(document) {
		t.Errorf("JSONSchema = %s, %v", document, err)
	}
}
