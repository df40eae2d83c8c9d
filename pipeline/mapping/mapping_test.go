package mapping

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
	"bulkload/vendors/schema"
)

var fields = schema.Schema{
	{Name: "product_id", Required: true, Synonyms: []string{"Style No", "Artikelnummer"}},
	{Name: "display_name", Required: true, Shared: true},
	{Name: "barcode", Synonyms: []string{"EAN", "GTIN"}},
	{Name: "colors", List: true},
	{Name: "image_{n}", Synonyms: []string{"Picture {n}", "Image URL {n}", "Image"}},
	{Name: "image_{n}.orientation"},
	{Name: "property.{name}"},
	{Name: "category", ReadOnly: true},
}

func bound(b *Binding) map[string]string {
	got := make(map[string]string)
	for i, column := range b.Layout.Columns {
		if b.constant[i] != nil {
			got[column.Name] = "= " + string(b.constant[i])
		} else {
			got[column.Name] = column.Label
		}
	}
	return got
}

func TestBind(t *testing.T) {
	tests := []struct {
		name    string
		header  string
		mapping Mapping
		want    map[string]string
		ignored []string
		dropped []string
	}{
		{name: "names", header: "product_id,display_name,image_2.orientation,property.care",
			want: map[string]string{"product_id": "product_id", "display_name": "display_name",
				"image_2.orientation": "image_2.orientation", "property.care": "property.care"}},
		{name: "likeness", header: "Product ID,Display-Name,IMAGE 1,Image 12 Orientation",
			want: map[string]string{"product_id": "Product ID", "display_name": "Display-Name",
				"image_1": "IMAGE 1", "image_12.orientation": "Image 12 Orientation"}},
		{name: "synonyms", header: "style no.,display_name,EAN,picture 3",
			want: map[string]string{"product_id": "style no.", "display_name": "display_name", "barcode": "EAN", "image_3": "picture 3"}},
		{name: "a family's synonym without a number is its first member", header: "product_id,display_name,Image,image 2",
			want: map[string]string{"product_id": "product_id", "display_name": "display_name", "image_1": "Image", "image_2": "image 2"}},
		{name: "the surer name wins", header: "EAN,Barcode,Style No,display_name",
			want:    map[string]string{"product_id": "Style No", "display_name": "display_name", "barcode": "Barcode"},
			ignored: []string{"EAN"}},
		{name: "others are ignored, the reason column silently", header: "product_id,display_name,Season,,bulkload_reason,image_0,image_x",
			want:    map[string]string{"product_id": "product_id", "display_name": "display_name"},
			ignored: []string{"Season", "image_0", "image_x"}},
		{name: "read-only columns are dropped", header: "product_id,display_name,category",
			want:    map[string]string{"product_id": "product_id", "display_name": "display_name"},
			dropped: []string{"category"}},
		{name: "user's columns", header: "A,B,C",
			mapping: Mapping{Columns: map[string]string{"A": "product_id", "B": "display_name", "C": ""}},
			want:    map[string]string{"product_id": "A", "display_name": "B"}},
		{name: "constants and references", header: "Handle,Title,colors",
			mapping: Mapping{Set: map[string]string{"product_id": "{Handle}", "display_name": "{title}", "colors": "RED"}},
			want:    map[string]string{"product_id": "Handle", "display_name": "Title", "colors": "= RED"},
			ignored: []string{"colors"}},
		{name: "a surer column wins, wherever it stands", header: "product_id,display_name,EAN,GTIN,barcode",
			want:    map[string]string{"product_id": "product_id", "display_name": "display_name", "barcode": "barcode"},
			ignored: []string{"EAN", "GTIN"}},
		{name: "one column for two fields", header: "sku,name",
			mapping: Mapping{Set: map[string]string{"product_id": "{sku}", "barcode": "{sku}", "display_name": "{name}"}},
			want:    map[string]string{"product_id": "sku", "barcode": "sku", "display_name": "name"}},
		{name: "a reference settles two synonyms", header: "Style No,Artikelnummer,display_name",
			mapping: Mapping{Set: map[string]string{"product_id": "{Artikelnummer}"}},
			want:    map[string]string{"product_id": "Artikelnummer", "display_name": "display_name"},
			ignored: []string{"Style No"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, err := test.mapping.Bind(fields, &formats.Header{Names: strings.Split(test.header, ",")}, true)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, bound(b)); diff != "" {
				t.Errorf("bound (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.ignored, b.Ignored); diff != "" {
				t.Errorf("ignored (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.dropped, b.Dropped); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBindRefuses(t *testing.T) {
	tests := []struct {
		name    string
		header  string
		mapping Mapping
		want    string
	}{
		{name: "required column missing", header: "Style No,disply_nam,Season",
			want: `the required column display_name (closest: "disply_nam") not found; the feed's columns are: Style No, disply_nam, Season`},
		{name: "several missing", header: "Season", want: "the required columns product_id, display_name not found"},
		{name: "two synonyms", header: "product_id,display_name,EAN,GTIN",
			want: `columns C ("EAN") and D ("GTIN") could both be barcode: say which one with --set 'barcode={EAN}'`},
		{name: "the same name twice", header: "product_id,product_id,display_name", want: `columns A and B are both called "product_id": rename one`},
		{name: "unknown field", header: "product_id,display_name", mapping: Mapping{Set: map[string]string{"barcod": "1"}},
			want: `there is no field "barcod"; did you mean barcode?`},
		{name: "unknown column", header: "product_id,display_name", mapping: Mapping{Set: map[string]string{"barcode": "{EAN}"}},
			want: `the feed has no column "EAN"`},
		{name: "a field twice", header: "product_id,display_name,x",
			mapping: Mapping{Set: map[string]string{"barcode": "1"}, Columns: map[string]string{"x": "barcode"}},
			want:    "the mapping gives the field barcode twice"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.mapping.Bind(fields, &formats.Header{Names: strings.Split(test.header, ",")}, true)
			var mappingError *Error
			if !errors.As(err, &mappingError) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Bind = %v, want a mapping error with %q", err, test.want)
			}
		})
	}
}

// row makes a row of one block out of cells; an error cell is written with a leading "!".
func row(cells ...string) formats.Row {
	block := formats.NewBlock(nil)
	block.Marks = []formats.RowMark{{Row: 2}}
	for _, cell := range cells {
		kind := formats.Value
		if text, ok := strings.CutPrefix(cell, "!"); ok {
			cell, kind = text, formats.Failure
		}
		start := uint32(len(block.Text))
		block.Text = append(block.Text, cell...)
		block.Cells = append(block.Cells, formats.Cell{Start: start, End: uint32(len(block.Text)), Kind: kind})
	}
	return block.Row(0)
}

func TestRecord(t *testing.T) {
	m := Mapping{Values: map[string]map[string]string{"colors": {"rot": "RED"}, "display_name": {"n/a": ""}}}
	b, err := m.Bind(fields, &formats.Header{Names: []string{"product_id", "display_name", "", "colors"}}, true)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		row    formats.Row
		values map[string]string
		want   []string
	}{
		{"plain", row("1", "Dress", "", "RED"), map[string]string{"product_id": "1", "display_name": "Dress", "colors": "RED"}, nil},
		{"short row", row("1"), map[string]string{"product_id": "1"}, nil},
		{"blanks", row(" 1", "Dress\u00a0"), map[string]string{"product_id": "1", "display_name": "Dress"},
			[]string{"text.blanks product_id", "text.blanks display_name"}},
		{"only blanks are an empty cell", row("1", "   "), map[string]string{"product_id": "1"}, nil},
		{"error cells", row("!#REF!", "#N/A"), map[string]string{}, []string{"cell.error product_id", "cell.error display_name"}},
		{"values are replaced", row("1", "n/a", "", "rot | BLUE"), map[string]string{"product_id": "1", "colors": "RED|BLUE"}, nil},
		{"text without a column name", row("1", "Dress", "oops"), map[string]string{"product_id": "1", "display_name": "Dress"},
			[]string{"row.shifted "}},
		{"text beyond the columns", row("1", "Dress", "", "", "", "oops"), map[string]string{"product_id": "1", "display_name": "Dress"},
			[]string{"row.shifted "}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			width := len(b.Layout.Columns)
			record := schema.Record{Values: make([][]byte, width), Bad: make([]bool, width)}
			problems := b.Record(test.row, &record, 0, nil)
			values := make(map[string]string)
			for i, value := range record.Values {
				if len(value) > 0 {
					values[b.Layout.Columns[i].Name] = string(value)
				}
			}
			if diff := cmp.Diff(test.values, values); diff != "" {
				t.Errorf("values (-want +got):\n%s", diff)
			}
			var got []string
			for _, problem := range problems {
				got = append(got, problem.Rule.ID+" "+problem.Field)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "map.yaml")
	text := "columns:\n  Style: product_id\nset:\n  colors: RED\nvalues:\n  colors:\n    rot: RED\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Load(path)
	want := Mapping{Columns: map[string]string{"Style": "product_id"}, Set: map[string]string{"colors": "RED"},
		Values: map[string]map[string]string{"colors": {"rot": "RED"}}}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("Load: %v (-want +got):\n%s", err, diff)
	}
	if err := os.WriteFile(path, []byte("# nothing yet\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(path); err != nil || !cmp.Equal(got, Mapping{}) {
		t.Errorf("Load of an empty file = %v, %v, want an empty mapping", got, err)
	}
	if err := os.WriteFile(path, []byte("colums: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path); err == nil || !strings.Contains(err.Error(), "colums") {
		t.Errorf("Load of an unknown setting = %v, want an error that names it", err)
	}
}

func TestAssign(t *testing.T) {
	var m Mapping
	if err := m.Assign("property.care=30 °C = warm"); err != nil || m.Set["property.care"] != "30 °C = warm" {
		t.Errorf("Assign gave %v, %v", m.Set, err)
	}
	for _, wrong := range []string{"care", "=x", " =x"} {
		if err := m.Assign(wrong); err == nil {
			t.Errorf("Assign(%q) gave no error", wrong)
		}
	}
}
