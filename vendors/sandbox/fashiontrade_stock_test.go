package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors/fashiontrade/vocabulary"
)

const (
	openWindow  = `{"type":"OpenEndedDateRange","start_date":"2026-01-01T00:00:00Z"}`
	batchFields = `"selector":{"countries":["NL"]},"order_window":` + openWindow + `,"delivery_window":` + openWindow
	exactly5    = `{"type":"ExactQuantity","value":5}`
)

// stockBatch is a batch of version 2 with one variant.
func stockBatch(id string) string {
	return fmt.Sprintf(`{"id":%q,%s,"variants":[{"barcode":"1","type":"ExactQuantity","value":5}]}`, id, batchFields)
}

// mapBatch is a batch of version 1 with one variant.
func mapBatch() string { return `{` + batchFields + `,"variants":{"1":` + exactly5 + `}}` }

// prepackBatch is a batch of a prepack.
func prepackBatch(id string) string {
	return fmt.Sprintf(`{"id":%q,%s,"quantity":%s}`, id, batchFields, exactly5)
}

// mediaOf are the headers of a resource in a version.
func mediaOf(resource string, version int) []string {
	media := vocabulary.MediaType(resource, fmt.Sprint(version))
	return []string{"Accept", media, "Content-Type", media}
}

// stockMedia are the headers of a path in a version.
func stockMedia(path string, version int) []string {
	for start, resource := range map[string]string{"/product-stock": "product_stock", "/prepack-stock": "prepack_stock", "/prepacks": "prepack"} {
		if strings.HasPrefix(path, start) {
			return mediaOf(resource, version)
		}
	}
	return nil
}

func TestStockCalls(t *testing.T) {
	s := start(t, Options{})
	two, one := stockBatch("spring"), mapBatch()
	for _, c := range []struct {
		name               string
		version            int
		status             int
		part               string
		method, path, body string
	}{
		{"no stock at all", 2, 200, `{"items":[]}`, "GET", "/product-stock/P", ""},
		{"no stock at all, as a map", 1, 200, `{}`, "GET", "/product-stock/P", ""},
		{"no prepack stock at all", 1, 200, `{"items":[]}`, "GET", "/prepack-stock/K", ""},
		{"stock is not listed", 2, 405, "the methods here are DELETE", "GET", "/product-stock", ""},
		{"nor prepack stock", 1, 405, "the methods here are DELETE", "GET", "/prepack-stock", ""},
		{"nor posted", 2, 405, "", "POST", "/product-stock", two},
		{"a batch is not got", 2, 405, "the methods here are PATCH, DELETE", "GET", "/product-stock/P/spring", ""},
		{"nor put", 2, 405, "", "PUT", "/product-stock/P/spring", two},
		{"prepack stock is not emptied", 1, 405, "the methods here are GET, PUT", "DELETE", "/prepack-stock/K", ""},
		{"nothing lies deeper", 2, 404, "must be escaped", "GET", "/product-stock/P/spring/1", ""},

		{"put", 2, 200, `{"items":[` + two + `]}`, "PUT", "/product-stock/P", "[" + two + "]"},
		{"put nothing", 2, 200, `{"items":[]}`, "PUT", "/product-stock/Q", "[]"},
		{"put a map under 2", 2, 400, "must be a list, not an object", "PUT", "/product-stock/P", `{"spring":` + one + `}`},
		{"put a list under 1", 1, 400, "must be an object, not a list", "PUT", "/product-stock/V1", "[" + two + "]"},
		{"put a map", 1, 200, `{"spring":` + one + `}`, "PUT", "/product-stock/V1", `{"spring":` + one + `}`},
		{"an id within the map", 1, 400, `spring.id: there is no such field`, "PUT", "/product-stock/V1", `{"spring":` + two + `}`},
		{"the map as a list", 2, 200, `{"items":[{"id":"spring",` + batchFields + `,"variants":[{"barcode":"1",` + exactly5[1:] + `]}]}`, "GET", "/product-stock/V1", ""},
		{"the list as a map", 1, 400, "goes forward only", "GET", "/product-stock/P", ""},
		{"one id twice", 2, 400, `[1].id: \"spring\" is the id of another batch too`, "PUT", "/product-stock/P", "[" + two + "," + two + "]"},
		{"items around the list", 2, 400, "", "PUT", "/product-stock/P", `{"items":[` + two + `]}`},
		{"a dry run", 2, 200, `"id":"autumn"`, "PUT", "/product-stock/P?dry_run=true", "[" + stockBatch("autumn") + "]"},
		{"which stores nothing", 2, 200, `{"items":[` + two + `]}`, "GET", "/product-stock/P", ""},

		{"patch a new one", 2, 200, `{"items":[` + two + "," + stockBatch("autumn") + `]}`, "PATCH", "/product-stock/P/autumn", stockBatch("autumn")},
		{"patch a known one", 2, 200, `"id":"autumn"`, "PATCH", "/product-stock/P/autumn", stockBatch("autumn")},
		{"patch under another id", 2, 400, `id: \"autumn\" is not the ID in the path, \"winter\"`, "PATCH", "/product-stock/P/winter", stockBatch("autumn")},
		{"a dry patch", 2, 200, `"id":"winter"`, "PATCH", "/product-stock/P/winter?dry_run=true", stockBatch("winter")},
		{"which stores nothing either", 2, 200, `{"items":[` + two + "," + stockBatch("autumn") + `]}`, "GET", "/product-stock/P", ""},
		{"patch an older version", 1, 400, "goes forward only", "PATCH", "/product-stock/P/old", one},
		{"which is not stored", 2, 404, `no stock batch \"old\" found for the product \"P\"`, "DELETE", "/product-stock/P/old", ""},
		{"patch a map's batch", 1, 200, `{"spring":` + one + `,"summer":` + one + `}`, "PATCH", "/product-stock/V1/summer", one},
		{"patch it with a newer one", 2, 200, `"id":"spring"`, "PATCH", "/product-stock/V1/summer", stockBatch("summer")},
		{"which no map can say", 1, 400, "goes forward only", "GET", "/product-stock/V1", ""},
		{"put drops what it does not name", 2, 200, `{"items":[` + stockBatch("autumn") + `]}`, "PUT", "/product-stock/P", "[" + stockBatch("autumn") + "]"},
		{"so it is gone", 2, 404, "", "DELETE", "/product-stock/P/spring", ""},
		{"delete one answers a map of the rest", 2, 200, `{"summer":` + one + `}`, "DELETE", "/product-stock/V1/spring", ""},
		{"delete the last", 2, 200, `{}`, "DELETE", "/product-stock/V1/summer", ""},
		{"delete a product's", 2, 204, "", "DELETE", "/product-stock/P", ""},
		{"again", 2, 404, `no stock batches found for the product \"P\"`, "DELETE", "/product-stock/P", ""},

		{"a prepack's", 1, 200, `{"items":[` + prepackBatch("a") + `]}`, "PUT", "/prepack-stock/K", "[" + prepackBatch("a") + "]"},
		{"a prepack's has no variants", 1, 400, "variants: there is no such field", "PATCH", "/prepack-stock/K/spring", two},
		{"one more", 1, 200, `"id":"b"`, "PATCH", "/prepack-stock/K/b", prepackBatch("b")},
		{"one less", 1, 200, `{"b":` + prepackBatch("b") + `}`, "DELETE", "/prepack-stock/K/a", ""},
		{"prepack stock has one version", 2, 406, "the versions are 1 to 1", "GET", "/prepack-stock/K", ""},
		{"delete all without a date", 1, 400, "current_date", "DELETE", "/prepack-stock", ""},
		{"delete all as of another day", 1, 400, "is not today's date", "DELETE", "/prepack-stock?current_date=2026-03-15", ""},
		{"delete all", 1, 204, "", "DELETE", "/prepack-stock?current_date=2026-03-14", ""},
		{"all are gone", 1, 200, `{"items":[]}`, "GET", "/prepack-stock/K", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			s.want(c.status, c.part, c.method, c.path, c.body, stockMedia(c.path, c.version)...)
		})
	}
	s.t = t
	s.want(200, `"1":`+exactly5, "PATCH", "/product-stock/N/spring", one, "Accept", "application/vnd.fashiontrade.product_stock.v1+json",
		"Content-Type", "application/vnd.fashiontrade.product_stock.v1+json")
	s.want(406, "", "GET", "/product-stock/N", "", "Accept", "application/vnd.fashiontrade.product_stock.v1+json; version=2")
	s.want(406, "the resource here is", "GET", "/prepack-stock/N", "", "Accept", "application/vnd.fashiontrade.product_stock.v1+json")
	s.want(401, "", "GET", "/product-stock/N", "", "Authorization", "-")
}

func TestStockBodies(t *testing.T) {
	s := start(t, Options{})
	spoil := func(body, old, new string) string {
		if !strings.Contains(body, old) {
			t.Fatalf("%s does not hold %s", body, old)
		}
		return strings.ReplaceAll(body, old, new)
	}
	batch, prepack := stockBatch("b"), prepackBatch("b")
	window := `"order_window":` + openWindow
	closed := `"order_window":{"type":"ClosedDateRange","start_date":"2026-01-01T00:00:00+02:00","end_date":"%s"}`
	variants := `[{"barcode":"1","type":"ExactQuantity","value":5}]`
	for _, c := range []struct {
		name, body string
		refusal    string // empty: it is taken
	}{
		{"all countries", spoil(batch, `{"countries":["NL"]}`, `{}`), ""},
		{"no country", spoil(batch, `["NL"]`, `[]`), ""},
		{"null for countries", spoil(batch, `["NL"]`, `null`), "selector.countries: null is not taken"},
		{"UK", spoil(batch, `"NL"`, `"UK"`), `selector.countries[0]: \"UK\" is not an officially assigned`},
		{"small letters", spoil(batch, `"NL"`, `"nl"`), `\"nl\" is not`},
		{"retailer groups", spoil(batch, `"countries"`, `"retailer_groups"`), "selector.retailer_groups: there is no such field"},
		{"no selector", spoil(batch, `"selector":{"countries":["NL"]},`, ``), "selector: is required"},
		{"no order window", spoil(batch, window+`,`, ``), "order_window: is required"},
		{"a closed window", spoil(batch, window, fmt.Sprintf(closed, "2026-01-02T00:00:00Z")), ""},
		{"a fraction of a second", spoil(batch, window, fmt.Sprintf(closed, "2026-01-02T00:00:00.5-05:00")), ""},
		{"that ends before", spoil(batch, window, fmt.Sprintf(closed, "2025-12-31T21:00:00Z")), "order_window.end_date: "},
		{"that ends at its start", spoil(batch, window, fmt.Sprintf(closed, "2025-12-31T22:00:00Z")), "order_window.end_date: "},
		{"that has no zone", spoil(batch, window, fmt.Sprintf(closed, "2026-02-01T00:00:00")), "order_window.end_date: "},
		{"a day that is none", spoil(batch, window, fmt.Sprintf(closed, "2026-02-30T00:00:00Z")), "order_window.end_date: "},
		{"an open one with an end", spoil(batch, `"type":"OpenEndedDateRange"`, `"type":"OpenEndedDateRange","end_date":"2027-01-01T00:00:00Z"`), "an OpenEndedDateRange has no end"},
		{"a closed one without", spoil(batch, `"OpenEndedDateRange"`, `"ClosedDateRange"`), "order_window.end_date: is required"},
		{"another type of window", spoil(batch, `"OpenEndedDateRange"`, `"DateRange"`), "is not one of"},
		{"no start", spoil(batch, `,"start_date":"2026-01-01T00:00:00Z"`, ``), "order_window.start_date: is required"},
		{"a name", spoil(batch, `"id":"b",`, `"id":"b","display_name":"B",`), ""},
		{"null for a name", spoil(batch, `"id":"b",`, `"id":"b","display_name":null,`), "display_name: null is not taken"},
		{"no id", spoil(batch, `"id":"b",`, ``), "id: is required"},
		{"no variants", spoil(batch, variants, `[]`), ""},
		{"variants as a map", spoil(batch, variants, `{}`), "variants: must be a list"},
		{"infinitely many", spoil(batch, `"ExactQuantity","value":5`, `"InfiniteQuantity"`), ""},
		{"infinitely many, and five", spoil(batch, `ExactQuantity`, `InfiniteQuantity`), "variants[0].value: an InfiniteQuantity has no value (barcode 1)"},
		{"exactly none said", spoil(batch, `,"value":5`, ``), "variants[0].value: is required"},
		{"none", spoil(batch, `:5`, `:0`), ""},
		{"the most", spoil(batch, `:5`, `:9223372036854775807`), ""},
		{"more than that", spoil(batch, `:5`, `:9223372036854775808`), "is not a whole number from 0"},
		{"less than none", spoil(batch, `:5`, `:-1`), "-1 is not a whole number from 0"},
		{"half a piece", spoil(batch, `:5`, `:0.5`), "0.5 is not"},
		{"five in words", spoil(batch, `:5`, `:"5"`), "must be a number"},
		{"the name of the definition", spoil(batch, `ExactQuantity`, `ExactVariantQuantity`), "is not one of ExactQuantity, InfiniteQuantity"},
		{"no barcode", spoil(batch, `"barcode":"1",`, ``), "variants[0].barcode: is required"},
		{"a barcode twice", spoil(batch, variants, variants[:len(variants)-1]+","+variants[1:]), `variants[1].barcode: \"1\" stands twice in the batch (barcode 1)`},
		{"a prepack's", prepack, ""},
		{"infinitely many prepacks", spoil(prepack, exactly5, `{"type":"InfiniteQuantity"}`), ""},
		{"no quantity", spoil(prepack, `,"quantity":`+exactly5, ``), "quantity: is required"},
		{"a bare number", spoil(prepack, exactly5, `5`), "quantity: must be an object, not a number"},
		{"a quantity with a barcode", spoil(prepack, `{"type"`, `{"barcode":"1","type"`), "there is no such field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			path := "/product-stock/P/b"
			version := 2
			if strings.Contains(c.body, `"quantity"`) || c.name == "no quantity" {
				path, version = "/prepack-stock/P/b", 1
			}
			status := 200
			if c.refusal != "" {
				status = 400
			}
			s.want(status, c.refusal, "PATCH", path, c.body, stockMedia(path, version)...)
		})
	}
}

func TestPrepackCalls(t *testing.T) {
	s := start(t, Options{})
	const right = `{"barcode":"K","display_name":"Kit","variants":[{"barcode":"1","product_id":"P","quantity":2}]}`
	for _, c := range []struct {
		status             int
		part               string
		method, path, body string
	}{
		{201, right, "POST", "/prepacks", right},
		{409, `barcode: a prepack with the ID \"K\" exists already`, "POST", "/prepacks", right},
		{200, right, "PUT", "/prepacks/K", right},
		{400, `barcode: \"K\" is not the ID in the path, \"L\"`, "PUT", "/prepacks/L", right},
		{200, right, "GET", "/prepacks/K", ""},
		{200, `{"items":[` + right + `],"next":null,"total":0}`, "GET", "/prepacks?limit=1", ""},
		{404, "no prepack found", "GET", "/prepacks/L", ""},
		{405, "GET, PUT, DELETE", "PATCH", "/prepacks/K", right},
		{400, "id: there is no such field", "PUT", "/prepacks/K", strings.Replace(right, `"barcode":"K"`, `"barcode":"K","id":"K"`, 1)},
		{400, "display_name: is required", "PUT", "/prepacks/K", strings.Replace(right, `"display_name":"Kit",`, ``, 1)},
		{400, "variants: must have at least 1", "PUT", "/prepacks/K", `{"barcode":"K","display_name":"Kit","variants":[]}`},
		{400, "variants[0].quantity: 0 is not a whole number from 1 (barcode 1)", "PUT", "/prepacks/K", strings.Replace(right, `:2`, `:0`, 1)},
		{400, "variants[0].quantity: 2147483648 is not", "PUT", "/prepacks/K", strings.Replace(right, `:2`, `:2147483648`, 1)},
		{400, "variants[0].product_id: is required", "PUT", "/prepacks/K", strings.Replace(right, `"product_id":"P",`, ``, 1)},
		{400, "variants[1].barcode: ", "PUT", "/prepacks/K", strings.Replace(right, `}]`, `},{"barcode":"1","product_id":"P","quantity":2}]`, 1)},
		{409, "display_name: is required", "POST", "/prepacks", `{"barcode":"M","variants":[{"barcode":"1","product_id":"P","quantity":2}]}`},
		{204, "", "DELETE", "/prepacks/K", ""},
		{404, "", "DELETE", "/prepacks/K", ""},
		{400, "current_date", "DELETE", "/prepacks", ""},
		{204, "", "DELETE", "/prepacks?current_date=2026-03-14", ""},
	} {
		t.Run(fmt.Sprint(c.method, " ", c.status, " ", c.part), func(t *testing.T) {
			s.t = t
			s.want(c.status, c.part, c.method, c.path, c.body, mediaOf("prepack", 1)...)
		})
	}
	s.t = t
	s.want(406, "", "GET", "/prepacks", "", "Accept", media2)
}

// TestStockOutlivesARestart finds batches under owners and ids that need escaping, also from the log.
func TestStockOutlivesARestart(t *testing.T) {
	dir := t.TempDir()
	ids := []string{"a", "a|b", `a\`, `a\|b`, " a ", "a/b", "%41", "ä", "|", `\`}
	s := start(t, Options{Dir: dir})
	for _, owner := range ids {
		for _, id := range ids {
			s.want(200, "", "PATCH", "/product-stock/"+url.PathEscape(owner)+"/"+url.PathEscape(id), stockBatch(id), mediaOf("product_stock", 2)...)
		}
	}
	if err := s.Server.Close(); err != nil {
		t.Fatal(err)
	}
	s = start(t, Options{Dir: dir})
	var want []string
	for _, id := range ids {
		want = append(want, stockBatch(id))
	}
	for _, owner := range ids {
		path := "/product-stock/" + url.PathEscape(owner)
		s.want(200, `{"items":[`+strings.Join(want, ",")+`]}`, "GET", path, "", mediaOf("product_stock", 2)...)
		s.want(204, "", "DELETE", path, "", mediaOf("product_stock", 2)...)
	}
	if left := s.Server.Record().Resources["fashiontrade/product-stock"].Entities; len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// TestPatchesAtOnce stores many batches of one product at once; none is lost.
func TestPatchesAtOnce(t *testing.T) {
	s := start(t, Options{})
	var patching sync.WaitGroup
	for i := range 30 {
		patching.Go(func() {
			id := fmt.Sprint("b", i)
			answer, body, err := s.try("PATCH", "/product-stock/P/"+id, stockBatch(id), mediaOf("product_stock", 2)...)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Errorf("%s: %v, %s", id, err, body)
			}
		})
	}
	patching.Wait()
	for i := range 30 {
		s.want(200, fmt.Sprintf(`"id":"b%d"`, i), "GET", "/product-stock/P", "", mediaOf("product_stock", 2)...)
	}
}

// TestMapsAndListsSayTheSame stores random batches as a map and as a list: both are answered alike.
func TestMapsAndListsSayTheSame(t *testing.T) {
	s := start(t, Options{})
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z"\\é|<&]{1,6}`)
		batches := rapid.MapOf(name, rapid.MapOf(name, rapid.Int64Range(-1, 1<<40))).Draw(t, "batches")
		type object = map[string]any
		asMap, asList := object{}, []any{}
		for id, quantities := range batches {
			variants, list := object{}, []any{}
			for barcode, n := range quantities {
				quantity := object{"type": "ExactQuantity", "value": n}
				if n < 0 {
					quantity = object{"type": "InfiniteQuantity"}
				}
				variants[barcode] = quantity
				with := object{"barcode": barcode}
				for name, value := range quantity {
					with[name] = value
				}
				list = append(list, with)
			}
			window := json.RawMessage(openWindow)
			fields := func(more object) object {
				more["selector"], more["order_window"], more["delivery_window"], more["display_name"] = object{}, window, window, id
				return more
			}
			asMap[id] = fields(object{"variants": variants})
			asList = append(asList, fields(object{"id": id, "variants": list}))
		}
		put := func(path string, body any, version int) {
			text, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			answer, said, err := s.try("PUT", path, string(text), mediaOf("product_stock", version)...)
			if err != nil || answer.StatusCode != http.StatusOK {
				t.Fatalf("PUT %s: %v %s", text, err, said)
			}
		}
		put("/product-stock/map", asMap, 1)
		put("/product-stock/list", asList, 2)
		read := func(path string) map[string]object {
			_, body, err := s.try("GET", path, "", mediaOf("product_stock", 2)...)
			if err != nil {
				t.Fatal(err)
			}
			var answer struct{ Items []object }
			if err := json.Unmarshal([]byte(body), &answer); err != nil {
				t.Fatalf("%v in %s", err, body)
			}
			byID := make(map[string]object)
			for _, item := range answer.Items {
				byBarcode := object{}
				for _, variant := range item["variants"].([]any) {
					byBarcode[variant.(object)["barcode"].(string)] = variant
				}
				item["variants"] = byBarcode
				byID[item["id"].(string)] = item
			}
			return byID
		}
		if diff := cmp.Diff(read("/product-stock/list"), read("/product-stock/map")); diff != "" {
			t.Fatalf("(-list +map)\n%s", diff)
		}
		// Deleting a batch that is not there but for that answers the list as a map.
		put2 := stockBatch("zz-gone")
		if _, said, err := s.try("PATCH", "/product-stock/list/zz-gone", put2, mediaOf("product_stock", 2)...); err != nil {
			t.Fatal(said, err)
		}
		_, body, err := s.try("DELETE", "/product-stock/list/zz-gone", "", mediaOf("product_stock", 2)...)
		var got, want any
		sent, _ := json.Marshal(asMap)
		if err != nil || json.Unmarshal([]byte(body), &got) != nil || json.Unmarshal(sent, &want) != nil {
			t.Fatalf("%v in %s", err, body)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the list as a map (-want +got)\n%s", diff)
		}
	})
}

// TestExamplesOfStock sends the document's own requests, found by their lines.
func TestExamplesOfStock(t *testing.T) {
	s := start(t, Options{})
	for _, example := range []struct {
		line, status int
		holds        []string // keys or ids that the answer has
	}{
		{2538, 200, []string{`"nl-spring":`}},
		{2579, 200, []string{`"nl-spring":`, `"nl-summer":`}},
		{2664, 200, []string{`{"items":[`, `"id":"nl-spring"`}},
		{2708, 200, []string{`{"items":[`, `"id":"nl-spring"`, `"id":"nl-summer"`}},
	} {
		method, path, headers, body := documentRequest(t, example.line)
		answer, text := s.do(method, path, body, headers...)
		if answer.StatusCode != example.status {
			t.Errorf("line %d: %s %s = %d %s", example.line, method, path, answer.StatusCode, text)
		}
		for _, part := range example.holds {
			if !strings.Contains(strings.ReplaceAll(text, `": "`, `":"`), part) {
				t.Errorf("line %d: the answer %s lacks %s", example.line, text, part)
			}
		}
	}
}

// documentRequest reads the curl command that begins on a line of the vendor's document.
func documentRequest(t *testing.T, line int) (method, path string, headers []string, body string) {
	t.Helper()
	folder := os.Getenv("BULKLOAD_VENDOR_DOCS")
	if folder == "" {
		t.Skip("BULKLOAD_VENDOR_DOCS does not name the folder of the vendors' documents")
	}
	text, err := os.ReadFile(filepath.Join(folder, "fashiontrade.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")[line-1:]
	method, ok := strings.CutPrefix(strings.TrimSuffix(lines[0], ` \`), "curl -i -X")
	if !ok {
		t.Fatalf("line %d is no command: %s", line, lines[0])
	}
	command, rest, _ := strings.Cut(strings.Join(lines, "\n"), "--data '")
	for header := range strings.SplitSeq(command, `-H "`) {
		if name, value, ok := strings.Cut(header, ":"); ok && name != "Authorization" {
			value, _, _ = strings.Cut(value, `"`)
			headers = append(headers, name, strings.TrimSpace(value))
		}
	}
	body, rest, _ = strings.Cut(rest, "' api.fashiontrade.com/pim")
	path, _, _ = strings.Cut(rest, "\n")
	return method, strings.TrimSpace(path), headers, body
}
