package export_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
	"bulkload/vendors/all"
	"bulkload/vendors/schema"
)

// TestRoundTrip exports random catalogues of every resource that can be exported, in every format, and
// imports the files: into an empty account, where they make the same bodies byte by byte, and, compared
// with what is there, into the account they came from, where nothing is written. Whatever the format,
// the manifest has one hash for one catalogue. BULKLOAD_LONG=1 takes a thousand catalogues of each
// resource, every one in all formats; most of that time is spent waiting for the disk, so TMPDIR is best
// in memory.
//
// A resource joins by being listed. The catalogues are its Example, changed at random as its schema
// allows; one whose rules leave little of that has a generator in generators.
func TestRoundTrip(t *testing.T) {
	long := os.Getenv("BULKLOAD_LONG") != ""
	catalogues := 8
	if long {
		catalogues = 1000
	}
	setChecks(t, catalogues)
	for _, vendor := range all.Vendors {
		for _, resource := range vendor.Resources {
			if resource.Pages == nil || resource.Upload == nil || resource.Decode == nil || parts[vendor.Name+"/"+resource.Name] {
				continue
			}
			if resource.Lane != nil && resource.Unlisted { // a customer's things have IDs that the vendor gives: a row with one changes it, and another account has none
				continue // fitanalytics/profiles; its package creates, exports and compares them one by one
			}
			t.Run(vendor.Name+"/"+resource.Name+" "+resource.Version, func(t *testing.T) {
				dir := t.TempDir()
				rapid.Check(t, func(t *rapid.T) { roundTrip(t, vendor, resource, dir, long) })
			})
		}
	}
}

// named lists the fields that carry names which a vendor gives by itself: in another account they are others, so that
// rows are compared without them, and not what is stored.
var named = map[string][]string{
	"faire/products": {"product_key", "id", "variant_id"},
}

// parts are resources whose entities are parts of what another resource makes: an empty account takes none of them.
var parts = map[string]bool{"faire/variants": true, "faire/option-sets": true, "faire/inventory": true, "faire/prepacks": true}

// setChecks says how many cases a property is checked with.
func setChecks(t *testing.T, checks int) {
	t.Helper()
	option := flag.Lookup("rapid.checks")
	before := option.Value.String()
	if err := option.Value.Set(strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { option.Value.Set(before) })
}

// endings are the formats; of two they are also compressed, to know that this changes nothing.
var (
	endings    = []string{".csv", ".xlsx", ".ndjson", ".parquet"}
	compressed = []string{".csv", ".xlsx", ".ndjson", ".parquet", ".tsv.gz", ".ndjson.zst"}
)

func roundTrip(t *rapid.T, vendor *vendors.Vendor, resource *vendors.Resource, dir string, long bool) {
	m := newMarket(t, vendor, resource)
	fill(t, m)
	before := m.stored(t)
	chosen := endings
	if !long {
		chosen = []string{rapid.SampledFrom(compressed).Draw(t, "ending"), rapid.SampledFrom(endings).Draw(t, "other ending")}
	}
	var hashes [2]snapshot.Hash
	for i, ending := range chosen {
		path := filepath.Join(dir, "catalogue"+ending)
		result := m.export(t, path)
		if i == 0 {
			hashes = [2]snapshot.Hash{result.Manifest.Catalogue, result.Manifest.Content}
		}
		if got := [2]snapshot.Hash{result.Manifest.Catalogue, result.Manifest.Content}; got != hashes {
			t.Errorf("as %s the catalogue's hashes are %s, else %s", ending, got, hashes)
		}
		if verdict, err := snapshot.Verify(t.Context(), path, ""); err != nil || !verdict.Same() {
			t.Errorf("%s is not what was exported: %v, %v", path, err, verdict.Lines())
		}
		if len(before) == 0 {
			continue // there is nothing to load, and NDJSON of nothing is no feed
		}
		again := newMarket(t, vendor, resource)
		again.load(t, path, false)
		left, right := before, again.stored(t)
		if own := named[m.name()]; own != nil {
			left, right = m.shown(t, own), again.shown(t, own)
		}
		if diff := gocmp.Diff(left, right); diff != "" {
			t.Fatalf("%s: loaded into an empty account (-before +after):\n%s\n%s", ending, diff, contentOf(path))
		}
		m.wire.writes = 0
		if m.load(t, path, true); m.wire.writes != 0 {
			t.Fatalf("%s: loaded into the account it came from it takes %d writes\n%s", ending, m.wire.writes, contentOf(path))
		}
	}
}

// fill puts a random catalogue into the stand-in.
func fill(t *rapid.T, m *market) {
	generate := generators[m.name()]
	if generate == nil {
		generate = mutated
	}
	for i := range rapid.IntRange(0, 6).Draw(t, "entities") {
		rows := generate(t, m.resource, i)
		if err := m.put(rows); err != nil {
			t.Fatalf("a made-up entity breaks a rule: %v\n%v", err, rows)
		}
	}
}

// generators make entities of resources, the i-th of a catalogue.
var generators = map[string]func(t *rapid.T, r *vendors.Resource, i int) []map[string]string{
	"fashiontrade/products": randomProduct,
}

// oddText is what people write into cells, and what programs fall over.
var oddText = rapid.Custom(func(t *rapid.T) string {
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"=1+1", "+49 30 1", "-5", "-5x", "@home", "'=1", "00123", "1E5", "1,5", "a\tb", "line\nbreak", "line\r\nbreak",
			`"quoted"`, `a\|b`, `\`, "|", "a;b,c", "é", "日本", "👟", "_x0041_", "<b>&amp;", "null", "NULL", "true", "#hash", "2026-01-02", "12/3",
			"{}", "[1]", "=HYPERLINK(\"http://x\")", "sep=;", "NaN", "\u202eabc", "%41", "a\u00a0b"}),
		rapid.StringOf(rapid.SampledFrom([]rune("aB0 ,;|\t\n\"'\\=+-@#.é€_x<>&"))),
		rapid.String(),
	).Draw(t, "text")
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, ""))
	text = string(schema.Trim([]byte(text)))
	if strings.HasPrefix(text, "#") && strings.ToUpper(text) == text { // an error value of a spreadsheet
		text = "x" + text
	}
	return text
})

// someText is never empty.
var someText = rapid.Custom(func(t *rapid.T) string {
	if text := oddText.Draw(t, "odd"); text != "" {
		return text
	}
	return "x"
})

// columnText may stand in the name of a column.
var columnText = rapid.Custom(func(t *rapid.T) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return -1
		}
		return r
	}, someText.Draw(t, "name"))
	return "n" + string(schema.Trim([]byte(name)))
})

// mutated is the example with another key and with random values where the schema leaves room. A value
// that the resource's rules do not take is taken back.
func mutated(t *rapid.T, r *vendors.Resource, i int) []map[string]string {
	var rows []map[string]string
	for n, row := range r.Example {
		row = maps.Clone(row)
		for _, name := range slices.Concat([]string{r.Key}, r.Unique) {
			if row[name] != "" {
				row[name] += fmt.Sprintf("-%d", i)
			}
		}
		_ = n
		rows = append(rows, row)
	}
	if before := rows[0][r.Key]; rapid.Bool().Draw(t, "another key") {
		rename(rows, r.Key, someText.Draw(t, "key")+strconv.Itoa(i))
		if _, err := encode(r, rows); err != nil { // "0.0" is text that a spreadsheet has made of a barcode
			rename(rows, r.Key, before)
		}
	}
	for n, row := range rows {
		for _, name := range slices.Sorted(maps.Keys(row)) {
			field, _ := r.Schema.Find(name)
			if name == r.Key || name == r.Part || slices.Contains(r.Unique, name) || field.Shared && n > 0 || !rapid.Bool().Draw(t, "change "+name) {
				continue
			}
			before := row[name]
			row[name] = randomValue(t, field)
			if _, err := encode(r, rows); err != nil {
				row[name] = before
			}
		}
	}
	return rows
}

func rename(rows []map[string]string, name, value string) {
	for _, row := range rows {
		row[name] = value
	}
}

// randomValue draws a value that the field takes by itself.
func randomValue(t *rapid.T, f *schema.Field) string {
	switch {
	case f.Values != nil && f.List:
		return schema.JoinItems(rapid.SliceOfNDistinct(rapid.SampledFrom(f.Values.List()), 1, 3, rapid.ID).Draw(t, f.Name))
	case f.Values != nil:
		return rapid.SampledFrom(f.Values.List()).Draw(t, f.Name)
	case f.Type == schema.Boolean:
		return rapid.SampledFrom([]string{"true", "false"}).Draw(t, f.Name)
	case f.Type == schema.Integer:
		return strconv.Itoa(rapid.IntRange(0, 1_000_000).Draw(t, f.Name))
	case f.Type == schema.Decimal:
		cents := rapid.IntRange(0, 10_000_000).Draw(t, f.Name)
		return fmt.Sprintf("%d.%02d", cents/100, cents%100)
	case f.Type == schema.URL:
		return randomURL(t)
	case f.List:
		return schema.JoinItems(rapid.SliceOfNDistinct(someText, 1, 3, rapid.ID).Draw(t, f.Name))
	}
	return someText.Draw(t, f.Name)
}

func randomURL(t *rapid.T) string {
	return "https://img.example/" + rapid.StringMatching(`([a-z0-9/=+&?\-_.,;|]|%20|%C3%A9){0,12}`).Draw(t, "path")
}

// randomProduct makes a product of up to five variants with sizes of every type.
func randomProduct(t *rapid.T, r *vendors.Resource, i int) []map[string]string {
	id := rapid.SampledFrom([]string{"LD-", "00", "a/b c%", "=1+", "'=", "é|", "-"}).Draw(t, "id") + strconv.Itoa(i)
	first := map[string]string{"display_name": someText.Draw(t, "display_name")}
	for _, field := range r.Schema {
		switch {
		case field.Forbidden != "" || field.ReadOnly || field.Required || !field.Shared || strings.Contains(field.Name, "{"):
		case rapid.IntRange(0, 3).Draw(t, "has "+field.Name) == 0:
			first[field.Name] = randomValue(t, &field)
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "properties") {
		first["property."+columnText.Draw(t, "property")] = someText.Draw(t, "value")
	}
	var rows []map[string]string
	for v := range rapid.IntRange(1, 5).Draw(t, "variants") {
		row := randomVariant(t, r, fmt.Sprintf("%03d-%d", i, v), v)
		row[r.Key] = id
		if v == 0 || rapid.IntRange(0, 3).Draw(t, "repeat") == 0 {
			maps.Copy(row, first)
		}
		rows = append(rows, row)
	}
	return rows
}

// sizesOf are texts of each size type, of which no two are one size.
var sizesOf = map[string][]string{
	"CategoricalSize": {"xs", "M", "2xl", "Extra Large", "s-m"},
	"ChildrenSize":    {"128", "104-110", "98/104"},
	"ChildrenAgeSize": {"6M", "3Y-4Y", "18Y"},
	"EuMenSize":       {"48", "50"},
	"EuShirtSize":     {"41", "41-7", "39 - 5"},
	"EuShoeSize":      {"42", "42.5", "43-44", "H 39"},
	"EuWomenSize":     {"36", "38"},
	"JeansSize":       {"W32L34", "30x32", "28"},
	"OneSize":         {""},
	"OtherSize":       {"=1", "Kimono", "1|2"},
	"UkWomenSize":     {"8", "10"},
}

func randomVariant(t *rapid.T, r *vendors.Resource, number string, v int) map[string]string {
	row := map[string]string{
		"barcode":               rapid.SampledFrom([]string{"", "00", "=", "40063"}).Draw(t, "barcode") + number,
		"color_or_pattern_name": someText.Draw(t, "colour") + strconv.Itoa(v),
		"size_type":             rapid.SampledFrom(slices.Sorted(maps.Keys(sizesOf))).Draw(t, "size type"),
	}
	row["size"] = rapid.SampledFrom(sizesOf[row["size_type"]]).Draw(t, "size")
	if row["size_type"] == "OtherSize" {
		row["size_name"] = someText.Draw(t, "size_name")
	}
	for _, name := range []string{"colors", "themes"} {
		field, _ := r.Schema.Find(name)
		if field.Required || rapid.Bool().Draw(t, "has "+name) {
			row[name] = randomValue(t, field)
		}
	}
	if rapid.Bool().Draw(t, "has codes") {
		row["color_hex_codes"] = strings.Join(rapid.SliceOfN(rapid.StringMatching(`[0-9a-fA-F]{6}`), 1, 2).Draw(t, "codes"), "|")
	}
	for n := range rapid.IntRange(0, 3).Draw(t, "images") {
		name := "image_" + strconv.Itoa(n+1)
		if n == 2 {
			name = "pattern_image"
		}
		row[name] = randomURL(t)
		for _, attribute := range []string{".orientation", ".composition", ".production_setting"} {
			if field, _ := r.Schema.Find(name + attribute); rapid.Bool().Draw(t, name+attribute) {
				row[name+attribute] = randomValue(t, field)
			}
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "variant properties") {
		row["variant_property."+columnText.Draw(t, "property")] = someText.Draw(t, "value")
	}
	return row
}
