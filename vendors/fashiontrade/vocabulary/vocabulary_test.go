package vocabulary

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// document is the vendor's page; line numbers count from 1.
type document []string

func openDocument(t *testing.T) document {
	t.Helper()
	folder := os.Getenv("BULKLOAD_VENDOR_DOCS")
	if folder == "" {
		t.Skip("BULKLOAD_VENDOR_DOCS does not name the folder of the vendors' documents")
	}
	text, err := os.ReadFile(filepath.Join(folder, "fashiontrade.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return append(document{""}, strings.Split(string(text), "\n")...)
}

// find returns the first line from start on that is text.
func (d document) find(t *testing.T, text string, start int) int {
	t.Helper()
	for i := start; i < len(d); i++ {
		if d[i] == text {
			return i
		}
	}
	t.Fatalf("the document has no line %q from %d on", text, start)
	return 0
}

// containing returns the first line from start on that holds text.
func (d document) containing(t *testing.T, text string, start int) string {
	t.Helper()
	for _, line := range d[start:] {
		if strings.Contains(line, text) {
			return line
		}
	}
	t.Fatalf("the document has no line with %q from %d on", text, start)
	return ""
}

// bullet takes a line of a list apart into its depth, from 0, and its text.
func bullet(line string) (depth int, text string, ok bool) {
	indent, text, ok := strings.Cut(line, "• ")
	return len(indent)/2 - 1, text, ok && strings.TrimSpace(indent) == ""
}

func (d document) bullets(from, to int) []string {
	var items []string
	for _, line := range d[from:to] {
		if _, text, ok := bullet(line); ok {
			items = append(items, text)
		}
	}
	return items
}

func (d document) categories(from, to int) []Category {
	var tree []Category
	var above [10]string
	for _, line := range d[from:to] {
		depth, name, ok := bullet(line)
		if !ok {
			continue
		}
		category := Category{Name: name}
		if depth > 0 {
			category.Parent = above[depth-1]
		}
		above[depth] = name
		tree = append(tree, category)
	}
	return tree
}

func (d document) tags(from, to int) []TagType {
	var types []TagType
	for i, line := range d[from:to] {
		if name, ok := strings.CutPrefix(line, "A product can contain zero or more "); ok {
			name = strings.TrimSuffix(name, " values.")
			types = append(types, TagType{Name: name, Line: from + i - 2})
		}
		if _, text, ok := bullet(line); ok {
			last := &types[len(types)-1]
			last.Values = append(last.Values, text)
		}
	}
	return types
}

func TestProductsAreTheDocuments(t *testing.T) {
	d := openDocument(t)
	tree2 := d.find(t, "Category tree (product version 2)", 1)
	tree1 := d.find(t, "Category tree (product version 1)", tree2)
	tags2 := d.find(t, "Allowed tags (product version 2)", tree1)
	tags1 := d.find(t, "Allowed tags (product version 1)", tags2)
	want := []*Product{
		{Version: "2", Tree: tree2, Tags: d.tags(tags2, tags1), Categories: d.categories(tree2, tree1)},
		{Version: "1", Tree: tree1, Tags: d.tags(tags1, d.find(t, "Sizes and colors", tags1)),
			Categories: d.categories(tree1, d.find(t, "Tags", tree1))},
	}
	if diff := cmp.Diff(want, Products); diff != "" {
		t.Errorf("the vocabulary differs from the document (-document +vocabulary):\n%s", diff)
	}
	for _, p := range want {
		for _, tag := range p.Tags {
			if d[tag.Line] != tag.Name {
				t.Errorf("line %d is %q, want %q", tag.Line, d[tag.Line], tag.Name)
			}
		}
	}
}

// enumeration reads the values of "enum (A, B)" in a line.
func enumeration(line string) []string {
	_, values, _ := strings.Cut(line, "enum (")
	values, _, _ = strings.Cut(values, ")")
	return strings.Split(values, ", ")
}

func TestEnumerationsAreTheDocuments(t *testing.T) {
	d := openDocument(t)
	image := d.find(t, "ProductImage", 3800)
	product := d.find(t, "Product", 3800)
	variant := d.find(t, "Variant", 4100)
	for _, list := range []struct {
		name string
		line string
		have []string
	}{
		{"product_type", d.containing(t, "enum (", d.find(t, "product_type", product)), ProductTypes},
		{"colors", d.containing(t, "enum (", d.find(t, "colors", variant)), Colors},
		{"composition", d.containing(t, "enum (", d.find(t, "composition", image)), Compositions},
		{"orientation", d.containing(t, "enum (", d.find(t, "orientation", image)), Orientations},
		{"production_setting", d.containing(t, "enum (", d.find(t, "production_setting", image)), ProductionSettings},
	} {
		if diff := cmp.Diff(enumeration(list.line), list.have); diff != "" {
			t.Errorf("%s (-document +vocabulary):\n%s", list.name, diff)
		}
	}
	usage := d.containing(t, "BLACK, BLUE", 1)
	without := slices.DeleteFunc(slices.Clone(Colors), func(c string) bool { return c == "MULTI" })
	if diff := cmp.Diff(strings.Split(usage, ", "), without); diff != "" {
		t.Errorf("colors on the page on usage (-document +vocabulary):\n%s", diff)
	}
}

func TestSizesAreTheDocuments(t *testing.T) {
	d := openDocument(t)
	definition := d.find(t, "CategoricalSize", 2900)
	end := d.find(t, "Polymorphism : Inheritance", definition)
	if diff := cmp.Diff(d.bullets(definition, end), CategoricalSizes); diff != "" {
		t.Errorf("definition of CategoricalSize (-document +vocabulary):\n%s", diff)
	}

	var categories []SizeCategory
	spelling := regexp.MustCompile(`"([^"]*)"`)
	first := d.find(t, "A certain size category maps to multiple possible values like below:", 1) + 2
	for i := first; d[i] != ""; i++ {
		name, list, _ := strings.Cut(d[i], ": ")
		category := SizeCategory{Name: name}
		for _, match := range spelling.FindAllStringSubmatch(list, -1) {
			category.Spellings = append(category.Spellings, match[1])
		}
		categories = append(categories, category)
	}
	usage := slices.Clone(SizeCategories)
	for i := range usage {
		usage[i].Defined = nil
	}
	if diff := cmp.Diff(categories, usage); diff != "" {
		t.Errorf("usage of CategoricalSize (-document +vocabulary):\n%s", diff)
	}

	for _, list := range []struct {
		name string
		have []string
	}{{"EuMenSize", EuMenSizes}, {"EuWomenSize", EuWomenSizes}, {"UkWomenSize", UkWomenSizes}} {
		_, values, _ := strings.Cut(d.containing(t, "Valid values are: ", d.find(t, list.name, 2900)), "are: ")
		if diff := cmp.Diff(strings.Split(values, ", "), list.have); diff != "" {
			t.Errorf("%s (-document +vocabulary):\n%s", list.name, diff)
		}
	}
	for _, pattern := range []struct{ name, have string }{
		{"ChildrenSize", ChildrenSizePattern}, {"ChildrenAgeSize", ChildrenAgeSizePattern},
		{"EuShirtSize", EuShirtSizePattern}, {"EuShoeSize", EuShoeSizePattern}, {"JeansSize", JeansSizePattern},
	} {
		if d.containing(t, pattern.have, d.find(t, pattern.name, 2900)) == "" {
			t.Errorf("%s: the document has no pattern %s", pattern.name, pattern.have)
		}
	}
	base := d.containing(t, "type field’s value must be one of", 3900)
	for _, name := range SizeTypes {
		if name != EuShirtSize && !strings.Contains(base, name) {
			t.Errorf("the document's list of types lacks %s", name)
		}
	}
}

func TestDefinitionsAndUsageOfCategoricalSizeAgree(t *testing.T) {
	var spellings []string
	for _, category := range SizeCategories {
		spellings = append(append(spellings, category.Spellings...), category.Defined...)
	}
	spellings = slices.DeleteFunc(spellings, func(s string) bool { return s == "x-large" })
	slices.Sort(spellings)
	if diff := cmp.Diff(slices.Sorted(slices.Values(CategoricalSizes)), spellings); diff != "" {
		t.Errorf("(-definition +usage):\n%s", diff)
	}
}

func TestResourcesAreTheDocuments(t *testing.T) {
	d := openDocument(t)
	list := d.bullets(d.find(t, "All versions are whole numbers and will be incremented with each change. "+
		"The current supported versions are:", 1), d.find(t, "Migration", 1))
	var have []string
	for _, r := range Resources {
		have = append(have, r.Name+": "+strings.Join(r.Versions, ", "))
		if d.containing(t, r.MediaType, 1) == "" || !strings.HasPrefix(MediaType(r.Name, "1"), r.MediaType+"; version=") {
			t.Errorf("%s: media type %q", r.Name, r.MediaType)
		}
	}
	if diff := cmp.Diff(list, have); diff != "" {
		t.Errorf("(-document +vocabulary):\n%s", diff)
	}
}

func TestTreeAndTagListTheSameCategories(t *testing.T) {
	for _, p := range Products {
		var names []string
		for _, category := range p.Categories {
			names = append(names, category.Name)
		}
		slices.Sort(names)
		if diff := cmp.Diff(slices.Sorted(slices.Values(p.Tag("CATEGORY").Values)), names); diff != "" {
			t.Errorf("version %s (-tag +tree):\n%s", p.Version, diff)
		}
	}
}

func TestPath(t *testing.T) {
	for _, test := range []struct {
		product    *Product
		name, want string
	}{
		{Product2, "clutch", "clothing/accessory/bag/clutch"},
		{Product2, "cap", "clothing/accessory/headwear/cap"},
		{Product1, "cap", "clothing/accessory/handkerchief/cap"},
		{Product2, "toys", "toys"},
		{Product1, "headwear", ""},
		{Product2, "", ""},
	} {
		if got := test.product.Path(test.name); got != test.want {
			t.Errorf("version %s: Path(%q) = %q, want %q", test.product.Version, test.name, got, test.want)
		}
	}
}

func TestUnder(t *testing.T) {
	for _, test := range []struct {
		name, above string
		want        bool
	}{
		{"clutch", "accessory", true}, {"clutch", "clutch", true}, {"accessory", "clutch", false},
		{"boots", "clothing", false}, {"", "clothing", false},
	} {
		if got := Product2.Under(test.name, test.above); got != test.want {
			t.Errorf("Under(%q, %q) = %v, want %v", test.name, test.above, got, test.want)
		}
	}
}

func TestSizesAreWithinTheirLimits(t *testing.T) {
	for _, list := range [][]string{EuMenSizes, EuWomenSizes, UkWomenSizes} {
		for i, size := range list {
			n, err := strconv.Atoi(size)
			if err != nil || i > 0 && strconv.Itoa(n-2) != list[i-1] {
				t.Errorf("%q does not go on in twos after %v", size, list[:i])
			}
		}
	}
}
