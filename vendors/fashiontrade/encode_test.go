package fashiontrade

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
)

// indented makes bodies easy to compare.
func indented(t *testing.T, body []byte) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestEncode(t *testing.T) {
	for _, test := range []struct {
		name string
		rows []row
		want string
	}{
		{"the fewest fields", []row{dress}, `{"id": "D-1", "tags": [], "display_name": "Dress", "variants": [
			{"barcode": "4006381333931", "color_or_pattern_name": "Maraschino", "colors": ["RED"],
			 "size": {"size": "M", "type": "CategoricalSize"}}]}`},
		{"all fields", []row{{"product_id": "D-1", "active": "no", "product_type": "CLOTHING", "brand_line": "Line",
			"display_name": "Dress", "description": "Long\ntext <&>", "tag.GENDER": "male|female|male",
			"tag.CATEGORY": "clothing/dress/gown|dress", "property.origin": "Portugal", "property.Care & wash": "30°",
			"barcode": "0001", "color_or_pattern_name": "Stripe", "colors": "RED|WHITE|RED",
			"color_hex_codes": "ff0000|ffffff", "size_type": "OtherSize", "size": "toddler", "size_name": "Bed size",
			"themes": "Riviera|Sea \\| sand", "image_10": "https://a.example/10.jpg", "image_2": "https://a.example/2.jpg",
			"image_2.orientation": "BACK", "image_2.composition": "FLAT", "image_2.production_setting": "RENDER",
			"pattern_image": "https://a.example/p.jpg", "pattern_image.orientation": "TOP",
			"variant_property.heel": "10 cm", "size.category": "X", "fashion_trade_id": "77"}},
			`{"id": "D-1", "active": false, "product_type": "CLOTHING", "brand_line": "Line", "tags": [
			{"type": "GENDER", "value": "female"}, {"type": "GENDER", "value": "male"},
			{"type": "CATEGORY", "value": "dress"}, {"type": "CATEGORY", "value": "gown"}],
			"display_name": "Dress", "description": "Long\ntext <&>", "variants": [{"barcode": "0001",
			"color_or_pattern_name": "Stripe", "color_hex_codes": ["ff0000", "ffffff"], "colors": ["RED", "WHITE"],
			"themes": ["Riviera", "Sea | sand"], "pattern_image": {"url": "https://a.example/p.jpg", "orientation": "TOP"},
			"images": [{"url": "https://a.example/2.jpg", "orientation": "BACK", "composition": "FLAT",
			"production_setting": "RENDER"}, {"url": "https://a.example/10.jpg"}],
			"additional_properties": {"heel": "10 cm"},
			"size": {"size": "toddler", "size_name": "Bed size", "type": "OtherSize"}}],
			"additional_properties": {"Care & wash": "30°", "origin": "Portugal"}}`},
		{"OneSize is sent without a size", []row{with(dress, "size_type", "OneSize", "size", "One Size")},
			`{"id": "D-1", "tags": [], "display_name": "Dress", "variants": [{"barcode": "4006381333931",
			"color_or_pattern_name": "Maraschino", "colors": ["RED"], "size": {"type": "OneSize"}}]}`},
		{"a path and its name are one category", []row{with(dress, "tag.CATEGORY", "clothing/dress|dress")},
			`{"id": "D-1", "tags": [{"type": "CATEGORY", "value": "dress"}], "display_name": "Dress", "variants": [
			{"barcode": "4006381333931", "color_or_pattern_name": "Maraschino", "colors": ["RED"],
			 "size": {"size": "M", "type": "CategoricalSize"}}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := encoded(t, Products, test.rows...)
			if diff := cmp.Diff(indented(t, []byte(test.want)), indented(t, e.Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s%s", diff, listProblems(e))
			}
		})
	}
}

func TestVariantsStandInTheOrderOfAShop(t *testing.T) {
	var rows []row
	for i, size := range []string{"XL", "s", "5xl", "M", "XXS", "l-xl"} {
		for j, colour := range []string{"Red", "Blue"} {
			rows = append(rows, with(dress, "size", size, "color_or_pattern_name", colour, "barcode", fmt.Sprint(i, j)))
		}
	}
	var product Product
	if err := json.Unmarshal(encoded(t, Products, rows...).Body, &product); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range product.Variants {
		got = append(got, v.ColorOrPatternName+" "+v.Size.Size)
	}
	want := []string{"Blue XXS", "Blue s", "Blue M", "Blue l-xl", "Blue XL", "Blue 5xl",
		"Red XXS", "Red s", "Red M", "Red l-xl", "Red XL", "Red 5xl"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// drawRows draws the rows of one product, right ones and faulty ones.
func drawRows(t *rapid.T) []row {
	optional := func(name string, row row, values ...string) {
		if value := rapid.SampledFrom(append(values, "")).Draw(t, name); value != "" {
			row[name] = value
		}
	}
	base := row{"product_id": "P"}
	optional("tag.MATERIAL", base, "cotton|wool", "wool|cotton|silk")
	optional("tag.CATEGORY", base, "clothing/dress", "gown|dress", "jeans")
	optional("active", base, "true", "nein")
	optional("property.a", base, "1")
	rows := make([]row, rapid.IntRange(1, 8).Draw(t, "count"))
	for i := range rows {
		rows[i] = row{"product_id": "P", "barcode": strconv.Itoa(rapid.IntRange(1, 20).Draw(t, "barcode"))}
		for name, value := range base {
			if i == 0 || rapid.Bool().Draw(t, "again") {
				rows[i][name] = value
			}
		}
		if i == 0 || rapid.Bool().Draw(t, "named") {
			rows[i]["display_name"] = "Name"
		}
		optional("color_or_pattern_name", rows[i], "Red", "Blue", "Green")
		optional("colors", rows[i], "RED", "RED|BLUE", "BLUE|RED")
		optional("color_hex_codes", rows[i], "ff0000", "00ff00|0000ff")
		optional("size", rows[i], "s", "small", "M", "36", "38", "W32L34", "32x34", "104")
		optional("size_type", rows[i], "CategoricalSize", "EuWomenSize", "JeansSize", "OneSize")
		optional("themes", rows[i], "a", "a|b")
		optional("image_1", rows[i], "https://a.example/1", "https://a.example/2")
		optional("image_2", rows[i], "https://a.example/3")
		optional("variant_property.x", rows[i], "1", "2")
	}
	return rows
}

func TestOrderOfRowsLeavesNoTrace(t *testing.T) {
	sound, drawn := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		drawn++
		rows := drawRows(t)
		if rapid.Bool().Draw(t, "right") { // so that products that are sent are drawn often enough
			for i := range rows {
				rows[i]["barcode"], rows[i]["color_or_pattern_name"] = strconv.Itoa(i), "Colour "+strconv.Itoa(i)
				rows[i]["colors"], rows[i]["size"], rows[i]["size_type"] = "RED", "M", "CategoricalSize"
			}
		}
		first := encodedRapid(t, rows)
		other := encodedRapid(t, rapid.Permutation(rows).Draw(t, "order"))
		if string(first.Body) != string(other.Body) || first.Sound() != other.Sound() {
			t.Fatalf("bodies differ:\n%s%s\n%s%s", first.Body, listProblems(first), other.Body, listProblems(other))
		}
		if first.Sound() {
			sound++
		}
	})
	if sound*5 < drawn {
		t.Errorf("only %d of %d products drawn were right, the property says little", sound, drawn)
	}
}

// encodedRapid is encoded for a rapid.T.
func encodedRapid(t *rapid.T, rows []row) *vendors.Entity {
	e, err := encode(Products, rows)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestFaultyProductsHaveNoBody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := encodedRapid(t, drawRows(t))
		if e.Sound() == (e.Body == nil) {
			t.Fatalf("sound %v, body %s%s", e.Sound(), e.Body, listProblems(e))
		}
		if strings.Contains(string(e.Body), "null") || strings.Contains(string(e.Body), "{}") {
			t.Fatalf("body %s holds what is empty", e.Body)
		}
	})
}

func TestHostileLists(t *testing.T) {
	var themes, categories strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&themes, "%d|", i%50_000)
		categories.WriteString("clothing|dress|gown|")
	}
	e := encoded(t, Products, with(dress, "size", "36", "size_type", "", "themes", themes.String(), "tag.CATEGORY", categories.String()))
	var product Product
	if err := json.Unmarshal(e.Body, &product); err != nil {
		t.Fatal(err, listProblems(e))
	}
	if themes, tags := len(product.Variants[0].Themes), len(product.Tags); themes != 50_000 || tags != 3 {
		t.Errorf("%d themes and %d tags, want 50000 and 3", themes, tags)
	}
}

func TestEncodeOfNothing(t *testing.T) {
	if got := Products.Encode(&vendors.Entity{Key: "x"}); got != nil {
		t.Errorf("Encode of no records = %v, want nil", got)
	}
}

// benchmarkRows is a product as brands send it: three colours in eight sizes.
func benchmarkRows() []row {
	var rows []row
	for i, colour := range []string{"Maraschino", "Deck stripe", "Navy"} {
		for j, size := range []string{"34", "36", "38", "40", "42", "44", "46", "48"} {
			rows = append(rows, row{"product_id": "LD-1042", "display_name": "Linen midi dress", "active": "true",
				"description": "Sleeveless dress of washed linen with side pockets.", "tag.GENDER": "female",
				"tag.AGE": "adult", "tag.MATERIAL": "cotton|wool", "tag.CATEGORY": "clothing/dress/midi-dress",
				"barcode": fmt.Sprintf("%d%d", i, j), "color_or_pattern_name": colour, "colors": "RED|WHITE",
				"size_type": "EuWomenSize", "size": size, "image_1": "https://images.example.com/1042-" + strconv.Itoa(i) + ".jpg",
				"image_1.orientation": "FRONT"})
		}
	}
	return rows
}

func BenchmarkEncode(b *testing.B) {
	rows := benchmarkRows()
	e := entityOf(b, Products, rows...)
	b.ReportAllocs()
	for b.Loop() {
		if Products.Encode(e) == nil {
			b.Fatal(listProblems(e))
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkCheckEncodeMarshal(b *testing.B) {
	rows := benchmarkRows()
	e := entityOf(b, Products, rows...)
	b.ReportAllocs()
	for b.Loop() {
		for i := range e.Records {
			e.Problems = e.Records[i].Check(i, e.Problems)
		}
		if _, err := json.Marshal(Products.Encode(e)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
}
