package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// faireSamples returns the JSON samples of Faire's document by the line on which each begins.
func faireSamples(t *testing.T) map[int]string {
	t.Helper()
	folder := os.Getenv("BULKLOAD_VENDOR_DOCS")
	if folder == "" {
		t.Skip("BULKLOAD_VENDOR_DOCS does not name the folder of the vendors' documents")
	}
	text, err := os.ReadFile(filepath.Join(folder, "faire.txt"))
	if err != nil {
		t.Fatal(err)
	}
	samples := make(map[int]string)
	start, depth := 0, 0
	for i, line := range strings.Split(string(text), "\n") {
		if depth == 0 && line != "{" {
			continue
		}
		if depth == 0 {
			start = i + 1
		}
		samples[start] += line + "\n"
		depth += strings.Count(line, "{") - strings.Count(line, "}")
	}
	if len(samples) != 41 {
		t.Fatalf("the document has %d samples, want 41", len(samples))
	}
	return samples
}

// TestFaireDocumentIsJSON lists the samples that are no JSON.
func TestFaireDocumentIsJSON(t *testing.T) {
	broken := map[int]string{1511: "a comma behind the last member"}
	for line, sample := range faireSamples(t) {
		if valid := json.Valid([]byte(sample)); valid == (broken[line] != "") {
			t.Errorf("line %d: JSON is %v, want otherwise: %s", line, valid, broken[line])
		}
	}
}

// early is before all dates in the document's samples, so that preorders and backorders lie ahead.
var early = time.Date(2019, 2, 1, 0, 0, 0, 0, time.UTC)

// TestFaireDocumentRequests sends the sample of each request, in the document's order. Where the document contradicts
// itself, the sample is refused, and taken once that is put right.
func TestFaireDocumentRequests(t *testing.T) {
	samples := faireSamples(t)
	s := openShop(t, Options{Now: func() time.Time { return early }})
	scented := s.create(`{"idempotence_token":"other","lifecycle_state":"DRAFT","variant_option_sets":[{"name":"Scent","values":["Cinnamon","Vanilla"]}],
		"variants":[{"idempotence_token":"cinnamon","sku":"cinnamon-2019","options":[{"name":"Scent","value":"Cinnamon"}]}],"images":[{"url":"https://cdn.faire.com/1.png"}]}`)
	dress := s.dressed("dress")
	candle, vanilla := newID("p_", "4aytry2ust"), newID("po_", "rrc23negw")
	po123, po456 := []string{"po_123", vanilla}, []string{"po_456", scented.Variants[0].ID}
	for _, c := range []struct {
		name         string
		line         int
		method, path string
		ids          []string // of the sample, and those here
		against      string   // the rule that the sample breaks; empty: none
		right        []string // what puts it right, and by what
	}{
		{"create a product", 329, "POST", "/products", nil, "", nil},
		{"update a product", 481, "PATCH", "/products/" + candle, po123, "variants[1].idempotence_token: is required",
			[]string{`"name": "New Cinnamon Scent"`, `"idempotence_token": "rrc45negw"`}},
		{"option sets", 657, "PATCH", "/products/" + candle + "/variant-option-sets", nil, "options cannot be added to a product",
			[]string{",\n{\n\"name\": \"Color\",\n\"values\": [\n\"Red\",\n\"Blue\",\n\"Yellow\"\n]\n}", ""}},
		{"create a variant", 818, "POST", "/products/" + scented.ID + "/variants", nil, "", nil},
		{"update a variant", 957, "PATCH", "/products/" + candle + "/variants/" + vanilla, nil, "", nil},
		{"stock by ids", 1075, "PATCH", "/products/variants/inventory-levels-by-product-variant-ids", append(po123, po456...), "", nil},
		{"stock by SKUs", 1165, "PATCH", "/products/variants/inventory-levels-by-skus", nil, "", nil},
		{"add a prepack", 1343, "POST", "/products/" + dress.ID + "/prepacks",
			[]string{"po_d2d1", dress.Variants[0].ID, "po_4r5e", dress.Variants[1].ID, "po_8ash", dress.Variants[2].ID}, "", nil},
		{"accept an order", 1724, "PUT", "/orders/bo_bxdmjbwxid/processing", nil, "", nil},
		{"add shipments", 1740, "POST", "/orders/bo_bxdmjbwxid/shipments", nil, `\"fedex\" is not one of CANADA_POST`, []string{"fedex", "FEDEX"}},
		{"backorder items", 1818, "POST", "/orders/bo_sandbox001/items/availability", nil, "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := s
			in.t = t
			body := strings.NewReplacer(c.ids...).Replace(samples[c.line])
			if body == "" {
				t.Fatalf("there is no sample on line %d", c.line)
			}
			if c.against != "" {
				in.want(400, c.against, c.method, c.path, body)
				body = strings.Replace(body, c.right[0], c.right[1], 1)
			}
			status := 200
			if c.method == "POST" && !strings.HasPrefix(c.path, "/orders") {
				status = 201
			}
			in.want(status, "", c.method, c.path, body)
		})
	}
	s.want(200, `"sale_state":"FOR_SALE","lifecycle_state":"PUBLISHED"`, "GET", "/products/"+candle, "")
	s.want(200, `"description":"2-1-2; S-L"`, "GET", "/products/"+dress.ID+"/prepacks", "")
}

// TestFaireDocumentAnswers looks whether the answers have the members of the document's samples, of the same kinds.
func TestFaireDocumentAnswers(t *testing.T) {
	samples := faireSamples(t)
	s := openShop(t, Options{Now: func() time.Time { return early }})
	candle := s.create(samples[329])
	dress := s.dressed("dress")
	s.want(201, "", "POST", "/products/"+dress.ID+"/prepacks", pack("k", dress, 2, 1, 2))
	var packed struct{ Prepacks []prepack }
	s.get("/products/"+dress.ID+"/prepacks", &packed)
	for _, c := range []struct {
		line int
		path string
		// Members that stand in the sample and not in the tables.
		missing []string
	}{
		{207, "/products", []string{"products.*.wholesale_price_cents", "products.*.retail_price_cents"}},
		{275, "/products/" + candle.ID, []string{"wholesale_price_cents", "retail_price_cents"}},
		{717, "/products/types", nil},
		{1302, "/products/" + dress.ID + "/prepacks/" + packed.Prepacks[0].ID, nil},
		{1447, "/products/" + dress.ID + "/prepacks", nil},
		{1609, "/orders?limit=10", nil},
		{1672, "/orders/bo_bxdmjbwxid", nil},
		{1909, "/brands/profile", nil},
		{1919, "/retailers/public/r_c9385ldj", nil},
	} {
		t.Run(c.path, func(t *testing.T) {
			in := s
			in.t = t
			var sample, got any
			if err := json.Unmarshal([]byte(samples[c.line]), &sample); err != nil {
				t.Fatalf("line %d: %v", c.line, err)
			}
			in.get(c.path, &got)
			for path, kind := range kinds(sample) {
				if is := kinds(got)[path]; is != kind && !slices.Contains(c.missing, path) {
					t.Errorf("%s is %s, want %s", path, is, kind)
				}
			}
		})
	}
}

// kinds lists the members of a JSON value with their kinds. All elements of a list are one, "*".
func kinds(value any) map[string]string {
	all := make(map[string]string)
	var walk func(path string, value any)
	walk = func(path string, value any) {
		all[strings.TrimPrefix(path, ".")] = fmt.Sprintf("%T", value)
		switch value := value.(type) {
		case map[string]any:
			for name, member := range value {
				walk(path+"."+name, member)
			}
		case []any:
			for _, element := range value {
				walk(path+".*", element)
			}
		}
	}
	walk("", value)
	return all
}
