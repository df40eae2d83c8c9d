package faslet

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// document reads the vendor's document, line by line.
func document(t *testing.T) []string {
	t.Helper()
	folder := os.Getenv("BULKLOAD_VENDOR_DOCS")
	if folder == "" {
		t.Skip("BULKLOAD_VENDOR_DOCS does not name the folder of the vendors' documents")
	}
	text, err := os.ReadFile(filepath.Join(folder, "faslet.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// TestClausesPointAtTheirFields reads the vendor's document: the line of a field's clause holds the
// field's name, but for those that are not the vendor's.
func TestClausesPointAtTheirFields(t *testing.T) {
	lines := document(t)
	line := func(clause string) string {
		number, err := strconv.Atoi(strings.TrimPrefix(clause, "faslet:"))
		if err != nil || number < 1 || number > len(lines) {
			t.Fatalf("clause %q names no line", clause)
		}
		return lines[number-1]
	}
	ours := []string{"return_zone", "question", "widgetConfiguration.virtualTryOn.enabled"}
	for _, resource := range Vendor.Resources {
		for _, field := range slices.Concat(resource.Schema, resource.Answers) {
			path := strings.Split(field.Name, ".")
			own := path[len(path)-1]
			if len(path) > 1 && path[len(path)-2] == "requiredInputs" {
				own = "requiredInputs"
			}
			if !slices.Contains(ours, field.Name) && !strings.Contains(line(field.Clause), own) {
				t.Errorf("%s: %s has the clause %s, which is %q", resource.Name, field.Name, field.Clause, line(field.Clause))
			}
		}
		for _, rule := range resource.AllRules() {
			if rule.Clause != "" && strings.TrimSpace(line(rule.Clause)) == "" {
				t.Errorf("%s: line %s is empty", rule.ID, rule.Clause)
			}
		}
	}
	for i, reason := range vocabulary.ReturnReasons {
		if want := "| " + reason + " | " + strconv.Itoa(i+1) + " |"; lines[52+i] != want {
			t.Errorf("reason %d is %q, want %q", i+1, want, lines[52+i])
		}
	}
	for _, key := range vocabulary.WidgetKeys {
		if !strings.Contains(lines[509], key) {
			t.Errorf("line 510 has no %q", key)
		}
	}
	length := len("localizationOverrides") + len("virtualTryOn")
	for _, key := range vocabulary.WidgetKeys {
		length += len(key)
	}
	if !strings.HasSuffix(lines[509], strings.Join([]string{"headerImage", "virtualTryOn"}, "")) || length != len(lines[509]) {
		t.Errorf("the keys of line 510 have %d letters, want %d: %s", length, len(lines[509]), lines[509])
	}
}

func TestSchemasAreWhole(t *testing.T) {
	for _, resource := range Vendor.Resources {
		seen := map[string]string{}
		for _, field := range resource.Schema {
			if field.Doc == "" || !strings.HasSuffix(field.Doc, ".") || field.Clause == "" || field.Example == "" {
				t.Errorf("%s: %s lacks its sentence, clause or example", resource.Name, field.Name)
			}
			for _, name := range append([]string{field.Name}, field.Synonyms...) {
				if other, twice := seen[folded(name)]; twice {
					t.Errorf("%s: %q stands for both %s and %s", resource.Name, name, other, field.Name)
				}
				seen[folded(name)] = field.Name
			}
		}
		for _, field := range resource.Answers {
			if field.Doc == "" || !strings.HasSuffix(field.Doc, ".") || field.Clause == "" || !field.Shared {
				t.Errorf("%s: the answer's %s lacks its sentence or clause, or is not shared", resource.Name, field.Name)
			}
		}
		if (resource.Ask == nil) != (resource.Answer == nil) || (resource.Ask == nil) == (resource.Upload == nil) {
			t.Errorf("%s is neither asked nor loaded, or both", resource.Name)
		}
	}
}

// TestFieldsTakeTheirExamples checks each example by the field's own rules.
func TestFieldsTakeTheirExamples(t *testing.T) {
	for _, resource := range Vendor.Resources {
		for i := range resource.Schema {
			name := strings.ReplaceAll(resource.Schema[i].Name, "{n}", "1")
			field, param := resource.Schema.Find(name)
			layout := schema.NewLayout(resource.Schema, []schema.Column{{Field: field, Name: name, Param: param}})
			record := schema.Record{Layout: layout, Values: [][]byte{[]byte(field.Example)}, Bad: make([]bool, 1)}
			for _, problem := range record.Check(0, nil) {
				if problem.Field == name {
					t.Errorf("%s: %s does not take %q: %s", resource.Name, name, field.Example, problem.Text())
				}
			}
		}
	}
}

func TestExamplesAreRight(t *testing.T) {
	for _, resource := range Vendor.Resources {
		for _, e := range entitiesOf(t, resource, resource.Example) {
			for _, problem := range e.Problems {
				t.Errorf("%s: %s: %s", resource.Name, problem.Field, problem.Text())
			}
		}
	}
}

// TestMeaningsLeadSomewhere holds the words of feeds against the vocabulary.
func TestMeaningsLeadSomewhere(t *testing.T) {
	for word, meant := range genderMeanings {
		if word != folded(word) || !slices.Contains(vocabulary.ProductGenders, meant) {
			t.Errorf("gender: %q means %q", word, meant)
		}
	}
	for word, meant := range reasonMeanings {
		if word != folded(word) || !slices.Contains(reasonValues[:], meant) || reasonOf([]byte(word)) != "" {
			t.Errorf("reason: %q means %q", word, meant)
		}
	}
}
