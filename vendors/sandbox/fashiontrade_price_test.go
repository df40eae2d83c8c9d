package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const onePrice = `{"selector":{"product_id":"P"},"recommended_retail_price":100,"wholesale_price":90}`

// priceList is a small right price list with these prices.
func priceList(id, prices string) string {
	return `{"id":"` + id + `","selector":{},"prices":[` + prices + `],"currency":"EUR"}`
}

func prepackPrices(id string) string {
	return priceList(id, strings.Replace(onePrice, `"product_id":"P"`, `"barcode":"4"`, 1))
}

func TestPriceCalls(t *testing.T) {
	s := start(t, Options{})
	list, prepacks := priceList("a", onePrice), prepackPrices("a")
	for _, c := range []struct {
		name               string
		status             int
		part               string
		method, path, body string
	}{
		{"no lists", 200, `{"items":[],"next":null,"total":0}`, "GET", "/price-lists", ""},
		{"get none", 404, `no price list found for the ID \"a\"`, "GET", "/price-lists/a", ""},
		{"dry post", 200, list, "POST", "/price-lists?dry_run=true", list},
		{"dry put", 200, list, "PUT", "/price-lists/a?dry_run=true", list},
		{"which stores nothing", 404, "", "GET", "/price-lists/a", ""},
		{"post", 201, list, "POST", "/price-lists", list},
		{"post again", 409, "exists already", "POST", "/price-lists", list},
		{"post what is wrong", 409, "prices: is required", "POST", "/price-lists", `{"id":"b","selector":{},"currency":"EUR"}`},
		{"put over", 200, list, "PUT", "/price-lists/a", list},
		{"put a new one", 201, `"id":"b"`, "PUT", "/price-lists/b", priceList("b", onePrice)},
		{"put under another id", 400, `id: \"b\" is not the ID in the path, \"c\"`, "PUT", "/price-lists/c", priceList("b", onePrice)},
		{"put what is wrong", 400, "currency: is required", "PUT", "/price-lists/a", `{"id":"a","selector":{},"prices":[]}`},
		{"get", 200, list, "GET", "/price-lists/a", ""},
		{"a page", 200, `{"items":[` + list + `],"next":"`, "GET", "/price-lists?limit=1", ""},
		{"next=null", 400, "next", "GET", "/price-lists?next=null", ""},
		{"a method that is not there", 405, "", "PATCH", "/price-lists/a", list},
		{"delete", 204, "", "DELETE", "/price-lists/b", ""},
		{"delete again", 404, "no price list found", "DELETE", "/price-lists/b", ""},
		{"delete all without a date", 400, "current_date", "DELETE", "/price-lists", ""},
		{"delete all as of another day", 400, "is not today's date", "DELETE", "/price-lists?current_date=2026-03-15", ""},

		{"of prepacks", 201, prepacks, "POST", "/prepack-price-lists", prepacks},
		{"which are other lists", 200, list, "GET", "/price-lists/a", ""},
		{"get of prepacks", 200, prepacks, "GET", "/prepack-price-lists/a", ""},
		{"put of prepacks", 200, prepacks, "PUT", "/prepack-price-lists/a", prepacks},
		{"a new one of prepacks", 201, `"id":"b"`, "PUT", "/prepack-price-lists/b", prepackPrices("b")},
		{"lists of prepacks", 200, `"next":null`, "GET", "/prepack-price-lists?limit=2", ""},
		{"one less of prepacks", 204, "", "DELETE", "/prepack-price-lists/b", ""},
		{"none of prepacks", 404, "no prepack price list found", "GET", "/prepack-price-lists/b", ""},
		{"delete all of prepacks", 204, "", "DELETE", "/prepack-price-lists?current_date=2026-03-14", ""},
		{"the others stay", 200, list, "GET", "/price-lists/a", ""},
		{"delete all", 204, "", "DELETE", "/price-lists?current_date=2026-03-14", ""},
		{"all are gone", 200, `"items":[]`, "GET", "/price-lists", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			s.want(c.status, c.part, c.method, c.path, c.body, priceMedia(c.path)...)
		})
	}
	s.t = t
	s.want(406, "the resource here is", "GET", "/price-lists", "", "Accept", "application/vnd.fashiontrade.prepack_price_list+json; version=1")
	s.want(406, "the versions are 1 to 1", "GET", "/price-lists", "", "Accept", "application/vnd.fashiontrade.price_list+json; version=2")
	s.want(401, "", "GET", "/prepack-price-lists", "", "Authorization", "-")
}

// priceMedia are the headers of a path's resource.
func priceMedia(path string) []string {
	if strings.HasPrefix(path, "/prepack") {
		return mediaOf("prepack_price_list", 1)
	}
	return mediaOf("price_list", 1)
}

func TestPriceBodies(t *testing.T) {
	s := start(t, Options{})
	list := `{"id":"a","selector":{"countries":["NL"],"retailer_groups":["A"]},"prices":[` +
		`{"selector":{"product_id":"P"},"recommended_retail_price":1,"wholesale_price":0,"wholesale_discounted_price":0},` +
		`{"selector":{"product_id":"P","variant_barcode":"1"},"recommended_retail_price":9223372036854775807,"wholesale_price":0}],` +
		`"currency":"EUR","validity_window":{"type":"ClosedDateRange","start_date":"2026-03-01T00:00:00Z","end_date":"2026-04-01T00:00:00+01:00"}}`
	prepacks := prepackPrices("a")
	for _, c := range []struct {
		name     string
		body     string
		old, new string // what of the body is changed
		refusal  string // "": it is taken
	}{
		{"as it is", list, "", "", ""},
		{"no countries", list, `["NL"]`, `[]`, ""},
		{"all countries", list, `"countries":["NL"],`, ``, ""},
		{"no groups", list, `["A"]`, `[]`, ""},
		{"no window", list, `,"validity_window"`, `,"validity_windows"`, "validity_windows: there is no such field"},
		{"countries as null", list, `["NL"]`, `null`, "selector.countries: null is not taken"},
		{"the United Kingdom", list, `"NL"`, `"UK"`, `selector.countries[0]: "UK" is not an officially assigned`},
		{"small letters", list, `"NL"`, `"nl"`, "selector.countries[0]"},
		{"a nameless group", list, `"A"`, `" "`, "selector.retailer_groups[0]"},
		{"a former currency", list, `"EUR"`, `"DEM"`, `currency: "DEM" is not one of`},
		{"prices without a selector", list, `"selector":{"product_id":"P"},`, ``, "prices[0].selector: is required"},
		{"a price of nothing", list, `{"product_id":"P"}`, `{}`, "prices[0].selector.product_id: is required"},
		{"a retail price of nothing", list, `price":1,`, `price":0,`, "prices[0].recommended_retail_price: 0 is less than 1"},
		{"a wholesale price below nothing", list, `"wholesale_price":0,`, `"wholesale_price":-1,`, "prices[0].wholesale_price: -1 is less than 0"},
		{"a discount below nothing", list, `discounted_price":0`, `discounted_price":-1`, "-1 is less than 0"},
		{"a fraction of a cent", list, `price":1,`, `price":1.5,`, "1.5 is not a whole number of cents"},
		{"a whole fraction", list, `price":1,`, `price":1.0,`, "1.0 is not a whole number of cents"},
		{"more than an int64", list, `9223372036854775807`, `9223372036854775808`, "is not a whole number"},
		{"a text", list, `price":1,`, `price":"1",`, "must be a number, not a text"},
		{"no wholesale price", list, `,"wholesale_price":0}`, `}`, "prices[1].wholesale_price: is required"},
		{"a price twice", list, `,"variant_barcode":"1"`, ``, `prices[1].selector: "P" "" has a price in this list already`},
		{"an end before the start", list, "2026-04-01T00:00:00+01:00", "2026-03-01T00:00:00+01:00", "validity_window.end_date"},
		{"an end of what has none", list, "ClosedDateRange", "OpenEndedDateRange", "validity_window.end_date"},
		{"a date without a zone", list, "2026-03-01T00:00:00Z", "2026-03-01T00:00:00", "validity_window.start_date"},
		{"a field of pages", list, `"id":"a"`, `"id":"a","total":0`, "total: there is no such field"},
		{"of prepacks", prepacks, "", "", ""},
		{"a prepack's retail price has no minimum", prepacks, `retail_price":100`, `retail_price":0`, ""},
		{"a prepack for nothing", prepacks, `"wholesale_price":90`, `"wholesale_price":0`, "prices[0].wholesale_price: 0 is less than 1"},
		{"a prepack with a discount for nothing", prepacks, `90`, `90,"wholesale_discounted_price":0`, "0 is less than 1"},
		{"a prepack by product", prepacks, `"barcode"`, `"product_id"`, "prices[0].selector.product_id: there is no such field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.t = t
			path, status := "/price-lists/a", 400
			if c.body == prepacks {
				path = "/prepack-price-lists/a"
			}
			if c.refusal == "" {
				status = 200
			}
			body := strings.Replace(c.body, c.old, c.new, 1)
			s.do("DELETE", path, "", priceMedia(path)...)
			s.do("PUT", path, c.body, priceMedia(path)...)
			s.want(status, strings.ReplaceAll(c.refusal, `"`, `\"`), "PUT", path, body, priceMedia(path)...)
		})
	}
}

// TestExamplesOfTheDocument sends each request of the document, found by its line, in the document's
// order. Where it is refused, the document contradicts itself.
func TestExamplesOfTheDocument(t *testing.T) {
	s := start(t, Options{})
	examples := []struct {
		line, status int
		part         string
	}{
		{2173, 409, `\"NOS_SUMMER\" is not a value of COLLECTION in version 2`}, // it is one in version 1: lines 1389 and 2185
		{2458, 201, ""},
		{2538, 200, ""},
		{2579, 200, ""},
		{2664, 200, ""},
		{2708, 200, ""},
	}
	var lines []int
	for _, example := range examples {
		lines = append(lines, example.line)
		method, path, headers, body := documentRequest(t, example.line)
		text := s.want(example.status, example.part, method, path, body, headers...)
		if example.line == 2458 && compact(t, text) != compact(t, body) {
			t.Errorf("line 2458: the answer %s is not \"identical as the request payload\"", text)
		}
	}
	text, err := os.ReadFile(filepath.Join(os.Getenv("BULKLOAD_VENDOR_DOCS"), "fashiontrade.txt"))
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "curl ") && !slices.Contains(lines, i+1) {
			t.Errorf("line %d holds a request that is not sent", i+1)
		}
	}
}

// TestLongPriceLists stores a list that holds more values than other bodies may.
func TestLongPriceLists(t *testing.T) {
	s := start(t, Options{Dir: t.TempDir()})
	var prices strings.Builder
	for i := range 52_000 {
		fmt.Fprintf(&prices, `{"selector":{"product_id":"P%d"},"recommended_retail_price":100,"wholesale_price":90},`, i)
	}
	long := priceList("long", prices.String()+onePrice)
	if 5*52_000 < maxNodes {
		t.Fatalf("the list has %d bytes", len(long))
	}
	media := mediaOf("price_list", 1)
	s.want(201, `"long"`, "PUT", "/price-lists/long", long, media...)
	if got := s.want(200, "", "GET", "/price-lists/long", "", media...); got != long {
		t.Errorf("GET answers %d bytes, want %d", len(got), len(long))
	}
	s.want(400, `prices[52000].wholesale_price: -1 is less than 0`, "PUT", "/price-lists/long",
		strings.Replace(long, `"wholesale_price":90}]`, `"wholesale_price":-1}]`, 1), media...)
	s.want(400, "prices: must be a list, not an object", "PUT", "/price-lists/a", `{"id":"a","selector":{},"prices":{},"currency":"EUR"}`, media...)
	s.want(400, `a comma or ']' is missing`, "PUT", "/price-lists/a", `{"prices":[`+onePrice+` `+onePrice, media...)
}
