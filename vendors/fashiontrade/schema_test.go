package fashiontrade

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// TestClausesPointAtTheirFields reads the vendor's document: the line of a field's clause holds the
// field's name, but for those that the document calls otherwise.
func TestClausesPointAtTheirFields(t *testing.T) {
	folder := os.Getenv("BULKLOAD_VENDOR_DOCS")
	if folder == "" {
		t.Skip("BULKLOAD_VENDOR_DOCS does not name the folder of the vendors' documents")
	}
	text, err := os.ReadFile(filepath.Join(folder, "fashiontrade.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	called := map[string]string{"product_id": "id", "property.{name}": "additional_properties",
		"variant_property.{name}": "additional_properties", "image_{n}": "images", "size_type": "type",
		"price_list_id": "id", "price_unit": "cents", "batch_id": "id", "variant_barcode": "barcode"}
	// What a request's path names, and amounts, by the resources that have them.
	calledIn := map[string]string{"product-stock product_id": "productId", "product-stock quantity": "value", "prepack-stock barcode": "prepackBarcode"}
	line := func(clause string) string {
		number, err := strconv.Atoi(strings.TrimPrefix(clause, "fashiontrade:"))
		if err != nil || number < 1 || number > len(lines) {
			t.Fatalf("clause %q names no line", clause)
		}
		return lines[number-1]
	}
	for _, resource := range Vendor.Resources {
		for _, field := range resource.Schema {
			own := field.Name[strings.LastIndexByte(field.Name, '.')+1:]
			want := own
			if name, ok := called[field.Name]; ok {
				want = name
			}
			if name, ok := calledIn[resource.Name+" "+field.Name]; ok {
				want = name
			}
			if got := line(field.Clause); got != want && got != own && !strings.Contains(got, "field "+want+" ") &&
				!strings.Contains(got, "in "+want+" ") {
				t.Errorf("version %s: %s has the clause %s, which is %q", resource.Version, field.Name, field.Clause, got)
			}
		}
	}
	for k := range kinds {
		if got := line(clause(sizeClauses[k])); got != k.String() {
			t.Errorf("%s is said to be defined in line %d, which is %q", k, sizeClauses[k], got)
		}
	}
	for _, resource := range Vendor.Resources {
		for _, rule := range resource.Rules {
			if strings.TrimSpace(line(rule.Clause)) == "" {
				t.Errorf("%s: line %s is empty", rule.ID, rule.Clause)
			}
		}
	}
}

func TestSchemaIsWhole(t *testing.T) {
	for _, resource := range Vendor.Resources {
		seen := map[string]string{}
		for _, field := range resource.Schema {
			if field.Doc == "" || !strings.HasSuffix(field.Doc, ".") || field.Clause == "" {
				t.Errorf("version %s: %s lacks its sentence or clause", resource.Version, field.Name)
			}
			if field.Example == "" && !field.ReadOnly && field.Forbidden == "" && field.Name != "tag.SEASON" &&
				field.Name != "tag.SKIRT_DRESS_TYPE" && field.Name != "tag.PANTS_TYPE" {
				t.Errorf("version %s: %s lacks its example", resource.Version, field.Name)
			}
			for _, name := range append([]string{field.Name}, field.Synonyms...) {
				folded := strings.Map(letterOrDigit, name) // as columns are compared
				if other, twice := seen[folded]; twice {
					t.Errorf("version %s: %q stands for both %s and %s", resource.Version, name, other, field.Name)
				}
				seen[folded] = field.Name
			}
		}
		if field, _ := resource.Schema.Find(resource.Key); field == nil || !field.Required || field.Shared {
			t.Errorf("version %s: key %s is not required in every row", resource.Version, resource.Key)
		}
	}
}

func letterOrDigit(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return unicode.ToLower(r)
	}
	return -1
}

// TestFieldsTakeTheirExamples checks each example by the field's own rules.
func TestFieldsTakeTheirExamples(t *testing.T) {
	for _, resource := range Vendor.Resources {
		for i := range resource.Schema {
			field := &resource.Schema[i]
			if field.Example == "" {
				continue
			}
			name := strings.NewReplacer("{n}", "1", "{name}", "x").Replace(field.Name)
			found, param := resource.Schema.Find(name)
			layout := schema.NewLayout(resource.Schema, []schema.Column{{Field: found, Name: name, Param: param}})
			record := schema.Record{Layout: layout, Values: [][]byte{[]byte(field.Example)}, Bad: make([]bool, 1)}
			for _, problem := range record.Check(0, nil) {
				if problem.Field == name {
					t.Errorf("version %s: %s does not take %q: %s", resource.Version, name, field.Example, problem.Text())
				}
			}
		}
	}
}

func TestTagColumnsOfBothVersions(t *testing.T) {
	names := tagTypes()
	for _, want := range []string{"GENDER", "SEASON", "CUFF"} {
		if !slices.Contains(names, want) {
			t.Errorf("tag types %v lack %s", names, want)
		}
	}
	for name := range tagWords {
		if !slices.Contains(names, name) {
			t.Errorf("there is no tag type %s to have words for", name)
		}
	}
	for _, test := range []struct {
		resource  *vendors.Resource
		forbidden []string
	}{
		{Products, []string{"SEASON", "SKIRT_DRESS_TYPE", "PANTS_TYPE"}},
		{ProductsV1, []string{"HEEL_HEIGHT", "COLLAR", "CUFF"}},
	} {
		for _, name := range names {
			field, _ := test.resource.Schema.Find("tag." + name)
			if got, want := field.Forbidden != "", slices.Contains(test.forbidden, name); got != want {
				t.Errorf("version %s: tag.%s forbidden: %v, want %v", test.resource.Version, name, got, want)
			}
		}
	}
}

// TestEveryTagValueIsTaken sends each value of the vocabulary through its column.
func TestEveryTagValueIsTaken(t *testing.T) {
	for _, p := range vocabulary.Products {
		for _, tag := range p.Tags {
			values := strings.Join(tag.Values, "|")
			if tag.Name == "CATEGORY" {
				values += "|" + strings.Join(categoryPaths(p), "|")
			}
			checkFindings(t, encoded(t, resourceOf(p.Version), with(dress, "tag."+tag.Name, values)), nil)
		}
	}
}

// TestMeaningsLeadSomewhere holds the words of feeds against the vocabulary.
func TestMeaningsLeadSomewhere(t *testing.T) {
	for tag, words := range meanings {
		for word, meant := range words {
			if !slices.Contains(vocabulary.Product2.Tag(tag).Values, meant) {
				t.Errorf("tag.%s: %q means %q, which is not listed", tag, word, meant)
			}
		}
	}
	for word, meant := range colorMeanings {
		if !slices.Contains(vocabulary.Colors, meant) {
			t.Errorf("colors: %q means %q, which is not listed", word, meant)
		}
	}
	for word, meant := range sizeTypeMeanings {
		if !slices.Contains(vocabulary.SizeTypes, meant) {
			t.Errorf("size_type: %q means %q, which is not listed", word, meant)
		}
	}
	for _, entry := range categorySizes {
		if vocabulary.Product1.Category(entry.category) == nil && vocabulary.Product2.Category(entry.category) == nil {
			t.Errorf("no version has the category %s", entry.category)
		}
	}
}
