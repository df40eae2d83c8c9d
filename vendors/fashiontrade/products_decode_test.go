package fashiontrade

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
)

// back encodes what decodeProduct makes of a body.
func back(t testing.TB, resource *vendors.Resource, body []byte) []byte {
	t.Helper()
	rows, err := resource.Decode(body)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		for name := range r {
			if field, _ := resource.Schema.Find(name); field != nil && field.ReadOnly {
				delete(r, name)
			}
		}
	}
	e := encoded(t, resource, rows...)
	if e.Body == nil {
		t.Fatalf("rows %v of %s are faulty: %v", rows, body, listProblems(e))
	}
	return e.Body
}

func TestDecodeIsTheInverseOfEncode(t *testing.T) {
	for _, resource := range Vendor.Resources[:2] {
		for _, rows := range [][]row{
			resource.Example,
			{with(dress, "active", "no", "tag.MATERIAL", "wool|silk|wool", "themes", `a\|b|c\\`, "property.Care & wash", "=1+1")},
			{with(dress, "barcode", "2", "size", "2XL"), with(dress, "barcode", "1", "size", "s"), with(dress, "size_type", "OneSize", "size", "")},
			{with(dress, "image_1", "https://a.example/1", "image_3", "https://a.example/3", "image_3.orientation", "BACK",
				"pattern_image", "https://a.example/p")},
			{with(dress, "size_type", "OtherSize", "size", "1 | 2", "size_name", "Kimono"), with(dress, "barcode", "2", "variant_property.length", "10\ncm")},
		} {
			body := encoded(t, resource, rows...).Body
			if body == nil {
				t.Fatalf("%v is faulty", rows)
			}
			if diff := cmp.Diff(string(body), string(back(t, resource, body))); diff != "" {
				t.Errorf("(-sent +sent again)\n%s", diff)
			}
		}
	}
}

func TestDecode(t *testing.T) {
	got, err := Products.Decode([]byte(`{"id":"P","active":null,"display_name":" Dress ","fashion_trade_id":77,
		"tags":[{"type":"MATERIAL","value":"wool"},{"type":"MATERIAL","value":"silk"},{"type":"NEW","value":"x"}],"rating":{"stars":5},
		"additional_properties":{"care":"30°"," odd ":"kept","n":5},
		"variants":[
			{"barcode":"2","color_or_pattern_name":"Red","colors":["RED"],"size":{"type":"EuShoeSize","size":"42-43","lower_bound":42.0,"upper_bound":43.0,"fit":"wide"}},
			{"barcode":"1","color_or_pattern_name":"Blue","colors":["BLUE","WHITE"],"season":"ss","images":[{"url":"u","alt":"x"}],
			 "size":{"type":"CategoricalSize","size":"m","category":"MEDIUM"}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{
		{"product_id": "P", "display_name": " Dress ", "fashion_trade_id": "77", "tag.MATERIAL": "silk|wool", "tag.NEW": "x",
			"property.care": "30°", "property.n": "5", "other.additional_properties": `{" odd ":"kept"}`, "other.rating": `{"stars":5}`,
			"barcode": "1", "color_or_pattern_name": "Blue", "colors": "BLUE|WHITE", "image_1": "u", "other.variants.images.0.alt": "x",
			"other.variants.season": "ss", "size_type": "CategoricalSize", "size": "m", "size.category": "MEDIUM"},
		{"product_id": "P", "barcode": "2", "color_or_pattern_name": "Red", "colors": "RED", "size_type": "EuShoeSize", "size": "42-43",
			"size.lower_bound": "42.0", "size.upper_bound": "43.0", "other.variants.size.fit": "wide"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, wrong := range []string{`[]`, `{"variants":5}`, `{"id":{}}`} {
		if rows, err := Products.Decode([]byte(wrong)); err == nil {
			t.Errorf("Decode(%s) = %v", wrong, rows)
		}
	}
	if rows, err := Products.Decode([]byte(`{"id":"P","variants":[]}`)); err != nil || len(rows) != 1 || rows[0]["product_id"] != "P" {
		t.Errorf("a product without variants gives %v, %v", rows, err)
	}
}

func TestCanonical(t *testing.T) {
	const base = `{"id":"P","display_name":"D","tags":[{"type":"A","value":"x"},{"type":"A","value":"y"}],"variants":[` +
		`{"barcode":"1","color_or_pattern_name":"Red","colors":["RED","WHITE"],"color_hex_codes":["ff0000"],"size":{"type":"JeansSize","size":"W32L34"}},` +
		`{"barcode":"2","color_or_pattern_name":"Red","colors":["RED"],"size":{"type":"EuShoeSize","size":"42.5"}}]}`
	canonical := func(body string) string {
		c, err := Products.Canonical([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Products.Canonical(c); err != nil || string(again) != string(c) {
			t.Errorf("the canonical form of %s is %s, %v", c, again, err)
		}
		return string(c)
	}
	for _, test := range []struct {
		name     string
		old, new string
		same     bool
	}{
		{"active by default", `"display_name"`, `"active":true,"display_name"`, true},
		{"not active", `"display_name"`, `"active":false,"display_name"`, false},
		{"order of tags", `[{"type":"A","value":"x"},{"type":"A","value":"y"}]`, `[{"type":"A","value":"y"},{"type":"A","value":"x"},{"type":"A","value":"y"}]`, true},
		{"another tag", `"value":"y"`, `"value":"z"`, false},
		{"read-only", `"size":"W32L34"`, `"size":"W32L34","category":"X"`, true},
		{"unknown", `"id":"P"`, `"id":"P","stars":5`, true},
		{"empty members", `"display_name"`, `"description":"","brand_line":null,"additional_properties":{},"display_name"`, true},
		{"blanks", `"D"`, `" D "`, true},
		{"jeans", `W32L34`, `32 x 34`, true},
		{"other jeans", `W32L34`, `W32`, false},
		{"shoes", `42.5`, `42.5-42.5`, true},
		{"wide shoes", `42.5`, `42.5H`, false},
		{"order of colours", `["RED","WHITE"]`, `["WHITE","RED"]`, true},
		{"code in capitals", `ff0000`, `FF0000`, true},
		{"another name", `"D"`, `"d"`, false},
		{"another barcode", `"barcode":"2"`, `"barcode":"02"`, false},
	} {
		changed := strings.Replace(base, test.old, test.new, 1)
		if changed == base {
			t.Fatalf("%s: nothing replaced", test.name)
		}
		if got := canonical(changed) == canonical(base); got != test.same {
			t.Errorf("%s: same %v, want %v: %s", test.name, got, test.same, canonical(changed))
		}
	}
	if _, err := Products.Canonical([]byte(`"P"`)); err == nil {
		t.Error("a text is a product")
	}
}

// TestSpellingsMeanTheSame writes sizes of every type anew: the spelling is read as the same size.
func TestSpellingsMeanTheSame(t *testing.T) {
	blank := rapid.SampledFrom([]string{"", " ", "\t"})
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.SampledFrom(vocabularySizes()), rapid.StringMatching(`[W]?\d\d[x-]?[L]?(\d\d)?`),
			rapid.StringMatching(`\d{2,3}[-/ ]\d{2,3}`), rapid.StringMatching(`\d[MY]-?(\d\d?[MY])?`),
			rapid.StringMatching(`[A-Z]?[2-5]\d(\.[05])?[A-Z]?`)).Draw(t, "text") + blank.Draw(t, "blank")
		k := kind(rapid.IntRange(0, int(kinds)-1).Draw(t, "kind"))
		first, ok := parseSize(k, []byte(text))
		if !ok || k == otherSize || k == oneSize {
			return
		}
		spelled := first.spell(text)
		again, ok := parseSize(k, []byte(spelled))
		if !ok || first != again || again.spell(spelled) != spelled {
			t.Fatalf("%s %q is spelled %q, which is %v and not %v", k, text, spelled, again, first)
		}
	})
}

func vocabularySizes() []string {
	return []string{"xs", "extra_small", "2xl", "med", "x-large", "XL-2XL", "6M", "18Y", "36", "41-7", "41 - 5", "42.0", "128/134"}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"id":"P","tags":null,"variants":[{"size":{}},null],"x":[[{"y":1}]]}`))
	f.Add([]byte(`{"ID":"P","Variants":[{"SIZE":{"TYPE":"OneSize","new":{}},"images":[null]}]}`))
	f.Add(encoded(f, Products, Products.Example...).Body)
	f.Fuzz(func(t *testing.T, body []byte) {
		if !json.Valid(body) {
			return
		}
		rows, err := Products.Decode(body)
		canonical, errC := Products.Canonical(body)
		if (err == nil) != (errC == nil) || err == nil && len(rows) == 0 {
			t.Fatalf("%d rows, %v; canonical %v", len(rows), err, errC)
		}
		if err != nil {
			return
		}
		if again, err := Products.Canonical(canonical); err != nil || string(again) != string(canonical) {
			t.Fatalf("the canonical form of %s is %s, %v", canonical, again, err)
		}
	})
}

func TestPages(t *testing.T) {
	for _, test := range []struct {
		name    string
		ask     vendors.Listing
		answers []answer
		want    []string // keys, then ">" and the next page's mark
		err     string
		targets []string
	}{
		{"no products", vendors.Listing{}, []answer{{200, `{"items": [], "next": null, "total": 0}`}}, []string{">"}, "",
			[]string{"/pim/products?limit=250"}},
		{"pages", vendors.Listing{}, []answer{{200, `{"items": [{"id": "a"}, {"id": "b"}], "next": "QH+d7=/hNQ%2B", "total": 0}`},
			{200, `{"next": "é &x", "items": []}`}, {200, `{"items": [{"id": "c"}]}`}},
			[]string{"a", "b", ">QH+d7=/hNQ%2B", ">é &x", "c", ">"}, "", []string{"/pim/products?limit=250",
				"/pim/products?limit=250&next=QH+d7=/hNQ%2B", "/pim/products?limit=250&next=%C3%A9%20%26x"}},
		{"from a page on", vendors.Listing{Cursor: "n"}, []answer{{200, `{"items": [{"id": "c"}]}`}}, []string{"c", ">"}, "",
			[]string{"/pim/products?limit=250&next=n"}},
		{"refused midway", vendors.Listing{}, []answer{{200, `{"items": [{"id": "a"}], "next": "n"}`}, {500, ""}},
			[]string{"a", ">n"}, "HTTP 500", nil},
		{"going in circles", vendors.Listing{}, []answer{{200, `{"items": [], "next": "n"}`}, {200, `{"items": [], "next": "m"}`},
			{200, `{"items": [], "next": "n"}`}}, []string{">n", ">m"}, "a second time", nil},
		{"not the vendor", vendors.Listing{}, []answer{{200, "[]"}}, nil, "not the vendor's", nil},
		{"no items", vendors.Listing{}, []answer{{200, "{}"}}, nil, "no items", nil},
		{"a product without ID", vendors.Listing{}, []answer{{200, `{"items": [{"name": "a"}]}`}}, nil, "without its id", nil},
		{"by key", vendors.Listing{Keys: keys("a/b", "gone", "c")}, []answer{{200, `{"id": "a/b"}`}, {404, ""}, {200, `{"id": "c"}`}},
			[]string{"a/b", "c", ">"}, "", []string{"/pim/products/a%2Fb", "/pim/products/gone", "/pim/products/c"}},
		{"by key from a page on", vendors.Listing{Keys: keys("a", "b", "c"), Cursor: "2"}, []answer{{200, `{"id": "c"}`}},
			[]string{"c", ">"}, "", []string{"/pim/products/c"}},
		{"another's answer", vendors.Listing{Keys: keys("a")}, []answer{{200, `{"id": "b"}`}}, nil, `that of "b"`, nil},
		{"a wrong cursor", vendors.Listing{Keys: keys("a"), Cursor: "x"}, nil, nil, "not a number", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &vendor{answers: test.answers}
			var got []string
			var failed error
			for page, err := range Products.Pages(context.Background(), clientOf(t, server), test.ask) {
				if err != nil {
					failed = err
					continue
				}
				for _, e := range page.Entities {
					got = append(got, e.Key)
				}
				got = append(got, ">"+page.Next)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if (failed == nil) != (test.err == "") || failed != nil && !strings.Contains(failed.Error(), test.err) {
				t.Errorf("error %v, want %q", failed, test.err)
			}
			var targets []string
			for _, call := range server.calls {
				targets = append(targets, call.target)
				if call.accept != mediaType2 {
					t.Errorf("%s accepts %s", call.target, call.accept)
				}
			}
			if diff := cmp.Diff(test.targets, targets); test.targets != nil && diff != "" {
				t.Errorf("calls (-want +got)\n%s", diff)
			}
		})
	}
}

func keys(list ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range list {
			if !yield(key, nil) {
				return
			}
		}
	}
}

// TestPagesByKeyGoOn asks for 60 products by key, and from each page's mark on again.
func TestPagesByKeyGoOn(t *testing.T) {
	var all []string
	for i := range 60 {
		all = append(all, string(rune('A'+i)))
	}
	answers := func(from int) (list []answer) {
		for _, key := range all[from:] {
			text, _ := json.Marshal(map[string]string{"id": key})
			list = append(list, answer{200, string(text)})
		}
		return list
	}
	read := func(cursor string, from int) (got, marks []string) {
		for page, err := range Products.Pages(context.Background(), clientOf(t, &vendor{answers: answers(from)}), vendors.Listing{Keys: keys(all...), Cursor: cursor}) {
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entities {
				got = append(got, e.Key)
			}
			marks = append(marks, page.Next)
		}
		return got, marks
	}
	got, marks := read("", 0)
	if diff := cmp.Diff(all, got); diff != "" || !slices.Equal(marks, []string{"25", "50", ""}) {
		t.Errorf("pages %q (-want +got)\n%s", marks, diff)
	}
	if got, _ := read("25", 25); !slices.Equal(got, all[25:]) {
		t.Errorf("from the second page on %q", got)
	}
	broken := errors.New("the feed is damaged")
	for _, err := range Products.Pages(context.Background(), nil, vendors.Listing{Keys: func(yield func(string, error) bool) { yield("", broken) }}) {
		if !errors.Is(err, broken) {
			t.Errorf("error %v", err)
		}
	}
}

func TestPagesStopWhenAsked(t *testing.T) {
	server := &vendor{answers: []answer{{200, `{"items": [{"id": "a"}], "next": "n"}`}}}
	for range Products.Pages(context.Background(), clientOf(t, server), vendors.Listing{}) {
		break
	}
	if len(server.calls) != 1 {
		t.Errorf("%d calls, want 1", len(server.calls))
	}
}
