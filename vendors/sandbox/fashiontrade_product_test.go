package sandbox

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// checker returns the check of products without a server around it.
func checker(t testing.TB) *collection {
	t.Helper()
	s, err := openStore("", "fashiontrade/products")
	if err != nil {
		t.Fatal(err)
	}
	return newProducts(s)
}

// verdict is the misfit of a body, "" when there is none.
func verdict(r *collection, version int, body string) string {
	n, err := parseJSON([]byte(body))
	if err == nil {
		_, err = r.check(version, n)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

const right = `{"id":"p","active":true,"product_type":"CLOTHING","brand_line":"b","display_name":"Shirt","description":"",` +
	`"additional_properties":{"care":"cold"},"tags":[{"type":"GENDER","value":"female"}],` +
	`"variants":[{"barcode":"0001","color_or_pattern_name":"Red","colors":["RED","MULTI"],"color_hex_codes":["ff0000","00FFaa"],` +
	`"themes":["sea"],"additional_properties":{"weight":"120g"},` +
	`"pattern_image":{"url":"http://example.com/p.jpg"},"images":[{"url":"https://example.com/1.jpg","orientation":"FRONT",` +
	`"composition":"ON_MODEL","production_setting":"SKETCH"}],"size":{"type":"CategoricalSize","size":"M"}},` +
	`{"barcode":"0002","color_or_pattern_name":"Red","colors":["RED"],"size":{"type":"CategoricalSize","size":"l"}}]}`

func TestProductRules(t *testing.T) {
	r := checker(t)
	if got := verdict(r, 2, right); got != "" {
		t.Fatalf("the right product: %s", got)
	}
	for _, c := range []struct{ name, old, new, want string }{
		{"not an object", right, `[]`, "must be an object, not a list"},
		{"a text", right, `"x"`, "must be an object, not a text"},
		{"not JSON", `"id":"p"`, `"id":p`, "the body is not JSON: line 1, byte 7: unexpected 'p'"},
		{"comment", `{"id"`, `/* */{"id"`, "unexpected '/'"},
		{"trailing comma", `"size":"l"}}]}`, `"size":"l"}}],}`, "a member's name is missing"},
		{"more after it", `"size":"l"}}]}`, `"size":"l"}}]}{}`, "more follows"},
		{"cut", `"size":"l"}}]}`, `"size":"l"}}]`, "a comma or '}' is missing"},
		{"member twice", `{"id":"p"`, `{"id":"p","id":"q"`, `the member "id" stands twice`},
		{"unknown member", `"brand_line"`, `"brandline"`, "brandline: there is no such field"},
		{"member in another case", `"brand_line"`, `"Brand_Line"`, "Brand_Line: there is no such field"},
		{"unknown member of a variant", `"themes"`, `"theme"`, "variants[0].theme: there is no such field (barcode 0001)"},
		{"null", `"brand_line":"b"`, `"brand_line":null`, "brand_line: null is not taken"},
		{"null list", `"themes":["sea"]`, `"themes":null`, "variants[0].themes: null is not taken; leave the field out (barcode 0001)"},
		{"null within a list", `["sea"]`, `["sea",null]`, "variants[0].themes[1]: must be a text, not null"},
		{"read-only", `{"id":"p"`, `{"fashion_trade_id":"7","id":"p"`, "fashion_trade_id: is read-only"},

		{"id missing", `"id":"p",`, ``, "id: is required"},
		{"id blank", `"id":"p"`, `"id":" "`, `id: " " must not be blank`},
		{"id a number", `"id":"p"`, `"id":1`, "id: must be a text, not a number"},
		{"display_name missing", `"display_name":"Shirt",`, ``, "display_name: is required"},
		{"display_name empty", `"Shirt"`, `""`, "display_name: "},
		{"tags missing", `"tags":[{"type":"GENDER","value":"female"}],`, ``, "tags: is required"},
		{"tags empty", `[{"type":"GENDER","value":"female"}]`, `[]`, ""},
		{"variants none", right, `{"id":"p","tags":[],"display_name":"x"}`, "variants: is required"},
		{"variants empty", right, `{"id":"p","tags":[],"display_name":"x","variants":[]}`, "variants: must have at least 1"},
		{"active a text", `"active":true`, `"active":"true"`, "active: must be a boolean, not a text"},
		{"active missing", `"active":true,`, ``, ""},
		{"product_type", `"CLOTHING"`, `"clothing"`, `product_type: "clothing" is not one of CLOTHING, FOOTWEAR`},
		{"property a number", `"care":"cold"`, `"care":30`, "additional_properties.care: must be a text, not a number"},
		{"properties a list", `{"care":"cold"}`, `["care"]`, "additional_properties: must be an object, not a list"},
		{"property of a variant null", `"weight":"120g"`, `"weight":null`, "variants[0].additional_properties.weight: must be a text, not null (barcode 0001)"},

		{"tag type", `"GENDER"`, `"GENRE"`, `tags[0].type: "GENRE" is not a tag type of version 2`},
		{"tag type of the other version", `"GENDER","value":"female"`, `"SEASON","value":"summer"`, `"SEASON" is not a tag type of version 2`},
		{"tag value", `"female"`, `"woman"`, `tags[0].value: "woman" is not a value of GENDER in version 2`},
		{"tag value in another case", `"female"`, `"Female"`, `tags[0].value: "Female"`},
		{"tag value empty", `"female"`, `""`, `tags[0].value: ""`},
		{"tag without value", `,"value":"female"`, ``, "tags[0].value: is required"},
		{"tag with more", `"value":"female"`, `"value":"female","id":"1"`, "tags[0].id: there is no such field"},

		{"barcode missing", `"barcode":"0001",`, ``, "variants[0].barcode: is required"},
		{"barcode a number", `"barcode":"0001"`, `"barcode":1`, "variants[0].barcode: must be a text, not a number"},
		{"barcode twice", `"barcode":"0002"`, `"barcode":"0001"`, `variants[1].barcode: "0001" is the barcode of another variant of this product`},
		{"barcode without its zeros", `"barcode":"0002"`, `"barcode":"1"`, ""},
		{"colour name missing", `"barcode":"0002","color_or_pattern_name":"Red",`, `"barcode":"0002",`, "variants[1].color_or_pattern_name: is required (barcode 0002)"},
		{"colours missing", `"colors":["RED","MULTI"],`, ``, "variants[0].colors: is required (barcode 0001)"},
		{"colours empty", `["RED","MULTI"]`, `[]`, "variants[0].colors: must have at least 1 element (barcode 0001)"},
		{"colour in lower case", `"MULTI"`, `"multi"`, `variants[0].colors[1]: "multi" is not one of`},
		{"hex with #", `"ff0000"`, `"#ff000"`, `variants[0].color_hex_codes[0]: "#ff000" must be six hexadecimal digits`},
		{"hex too short", `"ff0000"`, `"f00"`, `variants[0].color_hex_codes[0]: "f00"`},
		{"hex with a sign", `"ff0000"`, `"+f0000"`, `variants[0].color_hex_codes[0]: "+f0000"`},
		{"image without url", `"url":"https://example.com/1.jpg",`, ``, "variants[0].images[0].url: is required"},
		{"image path", `https://example.com/1.jpg`, `/1.jpg`, `variants[0].images[0].url: "/1.jpg" is not an absolute URI`},
		{"image with blanks", `/1.jpg`, `/1 2.jpg`, "is not an absolute URI"},
		{"orientation", `"FRONT"`, `"DIAGONAL"`, `variants[0].images[0].orientation: "DIAGONAL" is not one of FRONT, SIDE`},
		{"composition", `"ON_MODEL"`, `"on_model"`, `variants[0].images[0].composition: "on_model"`},
		{"production_setting", `"SKETCH"`, `"DRAWING"`, `variants[0].images[0].production_setting: "DRAWING"`},
		{"pattern image", `"http://example.com/p.jpg"`, `"p.jpg"`, `variants[0].pattern_image.url: "p.jpg" is not`},
		{"pattern image a text", `{"url":"http://example.com/p.jpg"}`, `"http://example.com/p.jpg"`, "variants[0].pattern_image: must be an object"},

		{"size missing", `,"size":{"type":"CategoricalSize","size":"l"}`, ``, "variants[1].size: is required (barcode 0002)"},
		{"size a text", `{"type":"CategoricalSize","size":"l"}`, `"l"`, "variants[1].size: must be an object, not a text (barcode 0002)"},
		{"size unknown", `"size":"l"`, `"size":"XXM"`, `variants[1].size: "XXM" is not a valid CategoricalSize (barcode 0002)`},
		{"size a number", `"size":"l"`, `"size":40`, "variants[1].size.size: must be a text, not a number"},
		{"size type missing", `"type":"CategoricalSize","size":"l"`, `"size":"l"`, "variants[1].size.type: is required"},
		{"size type unknown", `"CategoricalSize","size":"l"`, `"Size","size":"l"`, `variants[1].size.type: "Size" is not a size type`},
		{"size category", `"size":"l"`, `"size":"l","category":"LARGE"`, "variants[1].size.category: is read-only"},
		{"size name of another type", `"size":"l"`, `"size":"l","size_name":"x"`, "variants[1].size.size_name: is only for OtherSize"},
		{"the same size", `"size":"l"`, `"size":"M"`, `variants[1].size: color_or_pattern_name "Red" and this size are those of the variant with barcode "0001" too (barcode 0002)`},
		{"the same size, spelt otherwise", `"size":"l"`, `"size":"Medium"`, "variants[1].size: color_or_pattern_name"},
		{"the same size in another colour", `"Red","colors":["RED"],"size":{"type":"CategoricalSize","size":"l"}`, `"Blue","colors":["BLUE"],"size":{"type":"CategoricalSize","size":"M"}`, ""},
	} {
		body := strings.Replace(right, c.old, c.new, 1)
		if body == right {
			t.Errorf("%s: the case changes nothing", c.name)
		}
		got := verdict(r, 2, body)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestVocabularyOfEachVersion takes every tag of a version under it, and under the other only those
// that it has too.
func TestVocabularyOfEachVersion(t *testing.T) {
	r := checker(t)
	for i, version := range vocabulary.Products {
		number := 2 - i
		for _, kind := range version.Tags {
			for _, value := range kind.Values {
				body := strings.Replace(right, `"GENDER","value":"female"`, fmt.Sprintf(`"%s","value":"%s"`, kind.Name, value), 1)
				if got := verdict(r, number, body); got != "" {
					t.Errorf("version %d: %s", number, got)
				}
			}
		}
	}
	for _, c := range []struct{ kind, value, in1, in2 string }{
		{"COLLECTION", "NOS_SUMMER", "", "tags[0].value"},
		{"COLLECTION", "nos_summer", "tags[0].value", ""},
		{"COLLECTION", "winter22", "tags[0].value", ""},
		{"COLLECTION", "winter23", "tags[0].value", "tags[0].value"},
		{"SLEEVE_TYPE", "strappless", "", "tags[0].value"},
		{"SLEEVE_TYPE", "strapless", "tags[0].value", ""},
		{"SKIRT_DRESS_TYPE", "lont", "", "tags[0].type"},
		{"CUFF", "double", "tags[0].type", ""},
		{"CATEGORY", "jacket_coat", "", "tags[0].value"},
		{"CATEGORY", "strapless-bra", "tags[0].value", ""},
	} {
		body := strings.Replace(right, `"GENDER","value":"female"`, fmt.Sprintf(`"%s","value":"%s"`, c.kind, c.value), 1)
		for version, want := range map[int]string{1: c.in1, 2: c.in2} {
			if got := verdict(r, version, body); (got == "") != (want == "") || !strings.HasPrefix(got, want) {
				t.Errorf("%s=%s in version %d: %q, want %q", c.kind, c.value, version, got, want)
			}
		}
	}
}

// TestSizes reads sizes; want is what answers add, and same another spelling of the same size.
func TestSizes(t *testing.T) {
	read := newSizes()
	size := func(kind, text string) (size, error) {
		n, err := parseJSON(fmt.Appendf(nil, `{"type":%q,"size":%q}`, kind, text))
		if err != nil {
			t.Fatal(err)
		}
		return read.read(&n)
	}
	for _, c := range []struct{ kind, text, shown, same string }{
		{"CategoricalSize", "xxs", `,"category":"EXTRA_EXTRA_SMALL"`, "Extra Extra Small"},
		{"CategoricalSize", "x_small-small", `,"category":"EXTRA_SMALL_TO_SMALL"`, "XS-S"},
		{"CategoricalSize", "med", `,"category":"MEDIUM"`, "m"},
		{"CategoricalSize", "x-large", `,"category":"EXTRA_LARGE"`, "XL"},
		{"CategoricalSize", "5XL", `,"category":"FIVE_EXTRA_LARGE"`, ""},
		{"ChildrenSize", "50", "", " 050 "},
		{"ChildrenSize", "188", "", "188-188"},
		{"ChildrenSize", "122-128", "", "122 / 128"},
		{"ChildrenSize", "122128", "", "122 128"},
		{"ChildrenAgeSize", "24M", "", "24M-24M"},
		{"ChildrenAgeSize", "18Y", "", ""},
		{"ChildrenAgeSize", "6M-9M", "", "6M 9M"},
		{"ChildrenAgeSize", "2Y / 3Y", "", "2Y3Y"},
		{"EuMenSize", "40", "", ""},
		{"EuMenSize", "66", "", ""},
		{"EuWomenSize", "30", "", ""},
		{"EuWomenSize", "60", "", ""},
		{"UkWomenSize", "2", "", ""},
		{"UkWomenSize", "30", "", ""},
		{"EuShirtSize", "34", "", "34 "},
		{"EuShirtSize", "54-7", `,"sleeve_length":7`, "54 - 7"},
		{"EuShoeSize", "16", `,"lower_bound":16.0,"upper_bound":16.0`, "16.0"},
		{"EuShoeSize", "60", `,"lower_bound":60.0,"upper_bound":60.0`, "60F"},
		{"EuShoeSize", "42.5", `,"lower_bound":42.5,"upper_bound":42.5`, "E 42.5"},
		{"EuShoeSize", "43-44", `,"lower_bound":43.0,"upper_bound":44.0`, "43E-44"},
		{"JeansSize", "W36L36", "", "36x36"},
		{"JeansSize", "32-34", "", " w32 l34 "},
		{"JeansSize", "3234", "", "32X34"},
		{"JeansSize", "36", "", "W36"},
		{"JeansSize", "00L99", "", ""},
		{"OneSize", "any", "", ""},
	} {
		got, err := size(c.kind, c.text)
		if err != nil || got.shown != c.shown {
			t.Errorf("%s %q = %+v, %v, want %q shown", c.kind, c.text, got, err, c.shown)
		}
		if c.same == "" {
			continue
		}
		if other, err := size(c.kind, c.same); err != nil || other.canonical != got.canonical {
			t.Errorf("%s %q and %q = %q and %q, %v, want one size", c.kind, c.text, c.same, got.canonical, other.canonical, err)
		}
	}
	for _, c := range []struct{ kind, text, want string }{
		{"CategoricalSize", "", "is not a valid"}, {"CategoricalSize", "XXM", ""}, {"CategoricalSize", " m", ""},
		{"CategoricalSize", "6xl", ""}, {"CategoricalSize", "x-small-small", ""},
		{"ChildrenSize", "49", "within 50 and 188"}, {"ChildrenSize", "189", "within"}, {"ChildrenSize", "122-189", "within"},
		{"ChildrenSize", "128-122", "ends before"}, {"ChildrenSize", "122cm", "does not match"}, {"ChildrenSize", "122.5", "does not match"},
		{"ChildrenAgeSize", "25M", "within 0 and 24M"}, {"ChildrenAgeSize", "19Y", "within 0 and 18Y"},
		{"ChildrenAgeSize", "6M-1Y", "same unit"}, {"ChildrenAgeSize", "6", "does not match"}, {"ChildrenAgeSize", "6m", "does not match"},
		{"ChildrenAgeSize", "6-9M", "does not match"}, {"ChildrenAgeSize", "9M-6M", "ends before"},
		{"EuMenSize", "38", "one of 40, 42"}, {"EuMenSize", "68", ""}, {"EuMenSize", "41", ""}, {"EuMenSize", " 50", ""},
		{"EuWomenSize", "28", ""}, {"EuWomenSize", "62", ""}, {"EuWomenSize", "31", ""},
		{"UkWomenSize", "0", ""}, {"UkWomenSize", "32", ""}, {"UkWomenSize", "02", ""},
		{"EuShirtSize", "33", "within 34 and 54"}, {"EuShirtSize", "55", "within"}, {"EuShirtSize", "40-6", "5 or 7"}, {"EuShirtSize", "40-55", "does not match"},
		{"EuShoeSize", "15.5", "from 16 to 60"}, {"EuShoeSize", "60.5", ""}, {"EuShoeSize", "42.3", "half or a whole"}, {"EuShoeSize", "43-44.2", ""},
		{"EuShoeSize", "44-43", "ends before"}, {"EuShoeSize", "42,5", "does not match"}, {"EuShoeSize", "e42", "does not match"}, {"EuShoeSize", "9", "does not match"},
		{"JeansSize", "W3", "does not match"}, {"JeansSize", "36xx36", ""}, {"JeansSize", "36/36", ""}, {"JeansSize", "W36L", "does not match"},
	} {
		got, err := size(c.kind, c.text)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("%q is not a valid %s", c.text, c.kind)) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q = %+v, %v, want an error with %q", c.kind, c.text, got, err, c.want)
		}
	}
}

func TestSizesWithOtherMembers(t *testing.T) {
	read := newSizes()
	for body, want := range map[string]string{
		`{"type":"OneSize"}`:                                        "",
		`{"type":"OneSize","size":"one"}`:                           "",
		`{"type":"OneSize","size_name":"one"}`:                      "size_name: is only for OtherSize",
		`{"type":"OtherSize","size_name":"Bed","size":"toddler"}`:   "",
		`{"type":"OtherSize","size_name":"","size":""}`:             "",
		`{"type":"OtherSize","size":"toddler"}`:                     "size_name: is required for OtherSize",
		`{"type":"OtherSize","size_name":"Bed"}`:                    "size: is required",
		`{"type":"JeansSize"}`:                                      "size: is required",
		`{"type":"JeansSize","size":"W36","waist":"36"}`:            "waist: there is no such field",
		`{"type":"EuShoeSize","size":"42","lower_bound":42}`:        "lower_bound: is read-only and must not be sent",
		`{"type":"EuShirtSize","size":"42-5","sleeve_length":"5"}`:  "sleeve_length: is read-only and must not be sent",
		`{"type":"EuShoeSize","size":"42","upper_bound":{"a":[1]}}`: "upper_bound: is read-only and must not be sent",
	} {
		n, err := parseJSON([]byte(body))
		if err != nil {
			t.Fatal(err)
		}
		_, err = read.read(&n)
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
			t.Errorf("%s: %v, want %q", body, err, want)
		}
	}
	differ := map[string]bool{}
	for _, body := range []string{`{"type":"OtherSize","size_name":"a","size":"b"}`, `{"type":"OtherSize","size_name":"a b","size":""}`,
		`{"type":"EuMenSize","size":"40"}`, `{"type":"EuWomenSize","size":"40"}`, `{"type":"JeansSize","size":"40"}`} {
		n, _ := parseJSON([]byte(body))
		size, err := read.read(&n)
		if err != nil || differ[size.canonical] {
			t.Errorf("%s = %+v, %v, want a size unlike the others", body, size, err)
		}
		differ[size.canonical] = true
	}
}

// FuzzProduct sends any body: the sandbox never fails itself, and what it takes it gives back.
func FuzzProduct(f *testing.F) {
	f.Add([]byte(sample(f)), true)
	f.Add([]byte(right), false)
	f.Add([]byte(product("a/b")), true)
	f.Add([]byte(`{"id":"\ud800","tags":[],"variants":[{"size":{"type":"JeansSize","size":"W32L34"}}]}`), false)
	s, err := New(Options{})
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	send := func(method, path, accept string, body []byte) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "http://sandbox/fashiontrade/pim"+path, strings.NewReader(string(body)))
		r.Header.Set("Authorization", "Bearer t")
		r.Header.Set("Accept", accept)
		r.Header.Set("Content-Type", accept)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		return w
	}
	f.Fuzz(func(t *testing.T, body []byte, first bool) {
		version := media2
		if first {
			version = media1
		}
		if w := send("DELETE", "/products?current_date="+s.options.Now().UTC().Format("2006-01-02"), version, nil); w.Code != 204 {
			t.Fatalf("DELETE = %d %s", w.Code, w.Body)
		}
		w := send("POST", "/products", version, body)
		if w.Code != 201 && w.Code != 409 {
			t.Fatalf("POST = %d %s, want 201 or 409", w.Code, w.Body)
		}
		list := send("GET", "/products", version, nil)
		if w.Code == 409 {
			if list.Body.String() != `{"items":[],"next":null,"total":0}` {
				t.Fatalf("refused, but stored: %s", list.Body)
			}
			return
		}
		answer, err := parseJSON(w.Body.Bytes())
		if err != nil {
			t.Fatalf("the answer is not JSON: %v in %s", err, w.Body)
		}
		items, err := parseJSON(list.Body.Bytes())
		if err != nil {
			t.Fatalf("the list is not JSON: %v in %s", err, list.Body)
		}
		listed, _ := items.member("items")
		if len(listed.items) != 1 || listed.items[0].textOf("id") != answer.textOf("id") {
			t.Fatalf("stored %s, want the one product", list.Body)
		}
	})
}
