package faire

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// shirt is a product as Faire has it.
const shirt = `{"id": "p_1", "idempotence_token": "hers", "name": "Shirt", "lifecycle_state": "PUBLISHED", "unit_multiplier": 2,
	"minimum_order_quantity": 4, "per_style_minimum_order_quantity": 0,
	"variant_option_sets": [{"name": "Color", "values": ["Red", "Blue"]}, {"name": "Size", "values": ["S", "M", "L"]}],
	"images": [{"id": "i_1", "url": "https://img.example/1.jpg", "sequence": 0}],
	"taxonomy_type": {"id": "tt_1", "name": "Shirts"},
	"variants": [
		{"id": "po_1", "sku": "RS", "lifecycle_state": "PUBLISHED", "options": [{"name": "Color", "value": "Red"}, {"name": "Size", "value": "S"}],
			"available_quantity": 5, "prices": [{"geo_constraint": {"country": "USA"}, "wholesale_price": {"amount_minor": 1000, "currency": "USD"},
				"retail_price": {"amount_minor": 2000, "currency": "USD"}}]},
		{"id": "po_2", "sku": "RM", "lifecycle_state": "PUBLISHED", "options": [{"name": "Color", "value": "Red"}, {"name": "Size", "value": "M"}],
			"wholesale_price_cents": 1000, "retail_price_cents": 2000},
		{"id": "po_3", "sku": "GONE", "lifecycle_state": "DELETED", "options": [{"name": "Color", "value": "Blue"}, {"name": "Size", "value": "S"}]}
	]}`

// hat is another product of the account, and scarf one that was deleted.
const (
	hat   = `{"id": "p_2", "lifecycle_state": "DRAFT", "variants": [{"id": "po_9", "sku": "HAT", "lifecycle_state": "DRAFT"}]}`
	scarf = `{"id": "p_3", "lifecycle_state": "DELETED", "variants": [{"id": "po_8", "sku": "SCARF", "lifecycle_state": "DELETED"}]}`
)

// red is a row of the shirt.
var red = row{"product_key": "SH", "sku": "RS", "option.Color": "Red", "option.Size": "S"}

func TestAmendProducts(t *testing.T) {
	const newToken = "TOKEN"
	for _, test := range []struct {
		name     string
		rows     []row
		change   func(*vendors.Held)
		want     string // the body; empty: nothing is sent
		problems []string
		calls    int
		adds     bool
	}{
		{name: "nothing new", rows: []row{red}},
		{name: "nothing new, all columns", rows: []row{with(red, "name", "Shirt", "lifecycle_state", "PUBLISHED", "unit_multiplier", "2", "minimum_order_quantity", "4",
			"price.USA.wholesale", "10", "price.USA.retail", "20.00", "price.USA.currency", "USD", "image_1", "https://img.example/1.jpg", "taxonomy_type.name", "shirts",
			"per_style_minimum_order_quantity", "0", "preorderable", "false", "option_values.Size", "S|M|L", "option_names", "Color|Size")}},
		{name: "prices that Faire has given up are dollars", rows: []row{with(red, "sku", "RM", "option.Size", "M", "price.USA.wholesale", "10", "price.USA.currency", "USD")}},
		{name: "a name", rows: []row{with(red, "name", "Blouse")}, want: `{"name":"Blouse"}`},
		{name: "found by its id", rows: []row{{"product_key": "SH", "id": "p_1", "name": "Blouse"}}, want: `{"name":"Blouse"}`},
		{name: "a variant that nothing names", rows: []row{{"product_key": "SH", "id": "p_1", "tariff_code": "620442"}},
			problems: []string{"option.missing option.Color#0", "option.missing option.Size#0"}},
		{name: "the case size alone", rows: []row{with(red, "unit_multiplier", "3")}, problems: []string{"minimum_order.multiple minimum_order_quantity#0"}},
		{name: "the case size that divides what Faire has", rows: []row{with(red, "unit_multiplier", "4")}, want: `{"unit_multiplier":4}`},
		{name: "one price", rows: []row{with(red, "price.USA.wholesale", "11", "price.USA.currency", "USD")},
			want: `{"variants":[{"id":"po_1","prices":[{"geo_constraint":{"country":"USA"},"wholesale_price":{"amount_minor":1100,"currency":"USD"},"retail_price":{"amount_minor":2000,"currency":"USD"}}]}]}`},
		{name: "a price elsewhere comes beside the others", rows: []row{with(red, "price.CAN.wholesale", "13", "price.CAN.retail", "26", "price.CAN.currency", "CAD")},
			want: `{"variants":[{"id":"po_1","prices":[{"geo_constraint":{"country":"CAN"},"wholesale_price":{"amount_minor":1300,"currency":"CAD"},"retail_price":{"amount_minor":2600,"currency":"CAD"}},{"geo_constraint":{"country":"USA"},"wholesale_price":{"amount_minor":1000,"currency":"USD"},"retail_price":{"amount_minor":2000,"currency":"USD"}}]}]}`},
		{name: "half a price elsewhere", rows: []row{with(red, "price.CAN.wholesale", "13", "price.CAN.currency", "CAD")}, problems: []string{"price.half price.CAN.retail#0"}},
		{name: "the account's currency", rows: []row{with(red, "price.USA.wholesale", "11")}, change: func(h *vendors.Held) {
			h.Account.Settings = map[string]string{"currency": "USD"}
		}, want: `{"variants":[{"id":"po_1","prices":[{"geo_constraint":{"country":"USA"},"wholesale_price":{"amount_minor":1100,"currency":"USD"},"retail_price":{"amount_minor":2000,"currency":"USD"}}]}]}`},
		{name: "the account's currency has no decimals", rows: []row{with(red, "price.USA.wholesale", "11.50")}, change: func(h *vendors.Held) {
			h.Account.Settings = map[string]string{"currency": "JPY"}
		}, problems: []string{"price.whole price.USA.wholesale#0"}},
		{name: "no currency", rows: []row{with(red, "price.USA.wholesale", "11")}, problems: []string{"price.currency price.USA.wholesale#0"}},
		{name: "an image more", rows: []row{with(red, "image_1", "https://img.example/1.jpg", "image_2", "https://img.example/2.jpg")},
			want: `{"images":[{"sequence":1,"url":"https://img.example/2.jpg"}]}`, adds: true},
		{name: "images that Faire shows under its own addresses", rows: []row{with(red, "image_1", "https://img.example/x.jpg", "image_2", "https://img.example/y.jpg")},
			change: replaced("https://img.example/1.jpg", "https://cdn.faire.com/1.jpg"), want: `{"images":[{"sequence":1,"url":"https://img.example/y.jpg"}]}`, adds: true},
		{name: "an image of a variant", rows: []row{with(red, "variant_image_1", "https://img.example/v.jpg", "variant_image_1.tags", "Hero")},
			want: `{"variants":[{"id":"po_1","images":[{"sequence":0,"url":"https://img.example/v.jpg","tags":["Hero"]}]}]}`, adds: true},
		{name: "stock is not sent", rows: []row{with(red, "available_quantity", "7")}, problems: []string{"available_quantity.kept available_quantity#0"}},
		{name: "a new variant", rows: []row{red, with(red, "sku", "BM", "option.Color", "Blue", "option.Size", "M", "available_quantity", "7",
			"price.USA.wholesale", "10", "price.USA.retail", "20", "price.USA.currency", "USD")},
			want: `{"variants":[{"idempotence_token":"TOKEN","lifecycle_state":"PUBLISHED","sku":"BM","prices":[{"geo_constraint":{"country":"USA"},"wholesale_price":{"amount_minor":1000,"currency":"USD"},"retail_price":{"amount_minor":2000,"currency":"USD"}}],"available_quantity":7,"options":[{"name":"Color","value":"Blue"},{"name":"Size","value":"M"}]}]}`},
		{name: "a new variant without a price", rows: []row{with(red, "id", "p_1", "sku", "BM", "option.Color", "Blue", "option.Size", "M")},
			problems: []string{"prices.missing price.USA.wholesale#0"}},
		{name: "a new size at the end, and what else is otherwise: one call", rows: []row{with(red, "name", "Blouse", "tariff_code", "620442"),
			with(red, "sku", "RXL", "option.Size", "XL", "variant_lifecycle_state", "DRAFT")}, calls: 4,
			want: `{"name":"Blouse","variant_option_sets":[{"name":"Color","values":["Red","Blue"]},{"name":"Size","values":["S","M","L","XL"]}],"variants":[{"id":"po_1","tariff_code":"620442"},{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","sku":"RXL","options":[{"name":"Color","value":"Red"},{"name":"Size","value":"XL"}]}]}`},
		{name: "a new colour goes to the end", rows: []row{with(red, "id", "p_1", "sku", "AS", "option.Color", "Aqua", "variant_lifecycle_state", "DRAFT")}, calls: 2,
			want: `{"variant_option_sets":[{"name":"Color","values":["Red","Blue","Aqua"]},{"name":"Size","values":["S","M","L"]}],"variants":[{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","sku":"AS","options":[{"name":"Color","value":"Aqua"},{"name":"Size","value":"S"}]}]}`},
		{name: "another order of values", rows: []row{with(red, "option_values.Color", "Blue|Red")},
			want: `{"variant_option_sets":[{"name":"Color","values":["Blue","Red"]},{"name":"Size","values":["S","M","L"]}]}`},
		{name: "a size between others", rows: []row{with(red, "id", "p_1", "option.Size", "M/L", "sku", "RML", "variant_lifecycle_state", "DRAFT")},
			problems: []string{"option.middle option.Size#0"}, calls: 2,
			want: `{"variant_option_sets":[{"name":"Color","values":["Red","Blue"]},{"name":"Size","values":["S","M","M/L","L"]}],"variants":[{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","sku":"RML","options":[{"name":"Color","value":"Red"},{"name":"Size","value":"M/L"}]}]}`},
		{name: "the SKU of a deleted variant is free", rows: []row{with(red, "sku", "GONE", "option.Color", "Blue", "variant_lifecycle_state", "DRAFT", "id", "p_1")},
			want: `{"variants":[{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","sku":"GONE","options":[{"name":"Color","value":"Blue"},{"name":"Size","value":"S"}]}]}`},
		{name: "the options of a variant", rows: []row{with(red, "option.Size", "L")}, problems: []string{"option.changed option.Size#0"}},
		{name: "an option more", rows: []row{with(red, "option.Fit", "Slim")}, problems: []string{"option.names option.Fit#0"}},
		{name: "by the options, the SKU is otherwise", rows: []row{with(red, "sku", "RS2", "id", "p_1")}, want: `{"variants":[{"id":"po_1","sku":"RS2"}]}`},
		{name: "by the variant's id", rows: []row{{"product_key": "SH", "variant_id": "po_2", "tariff_code": "620442"}}, want: `{"variants":[{"id":"po_2","tariff_code":"620442"}]}`},
		{name: "an id that the product has not", rows: []row{with(red, "id", "p_1", "variant_id", "po_9")}, problems: []string{"variant_id.unknown variant_id#0"}},
		{name: "one variant twice", rows: []row{with(red, "sku", "RS"), {"product_key": "SH", "variant_id": "po_1", "option.Color": "Red", "option.Size": "M"}},
			problems: []string{"variant.same variant_id#1"}},
		{name: "the SKU of another product", rows: []row{red, with(red, "sku", "HAT", "option.Size", "L", "variant_lifecycle_state", "DRAFT")}, problems: []string{"sku.taken sku#1"}},
		{name: "the SKU of another variant", rows: []row{with(red, "variant_id", "po_1", "sku", "RM")}, problems: []string{"sku.taken sku#0"}},
		{name: "back to a draft", rows: []row{with(red, "lifecycle_state", "DRAFT")}, problems: []string{"lifecycle_state.back lifecycle_state#0"}},
		{name: "hidden", rows: []row{with(red, "lifecycle_state", "UNPUBLISHED", "variant_lifecycle_state", "UNPUBLISHED", "name", "Shirt", "unit_multiplier", "2",
			"minimum_order_quantity", "4", "price.USA.wholesale", "10", "price.USA.retail", "20", "price.USA.currency", "USD")},
			want: `{"lifecycle_state":"UNPUBLISHED","variants":[{"id":"po_1","lifecycle_state":"UNPUBLISHED"}]}`, calls: 2},
		{name: "states are held back", rows: []row{with(red, "lifecycle_state", "DRAFT", "name", "Blouse")}, change: func(h *vendors.Held) { h.Withhold = true },
			want: `{"name":"Blouse"}`},
		{name: "a minimum for each style", rows: []row{with(red, "per_style_minimum_order_quantity", "3", "unit_multiplier", "1", "minimum_order_quantity", "0")},
			problems: []string{"per_style.fixed per_style_minimum_order_quantity#0"}},
		{name: "a type that there is not", rows: []row{with(red, "taxonomy_type.name", "Shirt")}, problems: []string{"taxonomy.unknown taxonomy_type.name#0"}},
		{name: "another type by its name", rows: []row{with(red, "taxonomy_type.name", "Hats")}, want: `{"taxonomy_type":{"id":"tt_2"}}`},
		{name: "a preorder", rows: []row{with(red, "preorderable", "true", "preorder_details.order_by_date", "2026-06-01", "preorder_details.expected_ship_date", "2026-08-01")},
			want: `{"preorderable":true,"preorder_details":{"order_by_date":"2026-06-01","expected_ship_date":"2026-08-01"}}`},
		{name: "a preorder ships later", rows: []row{with(red, "preorder_details.expected_ship_date", "2026-08-15")},
			change: replaced(`"name": "Shirt"`, `"name": "Shirt", "preorderable": true, "preorder_details": {"order_by_date": "2026-06-01", "expected_ship_date": "2026-08-01"}`),
			want:   `{"preorderable":true,"preorder_details":{"order_by_date":"2026-06-01","expected_ship_date":"2026-08-15"}}`},
		{name: "a preorder ships before it is ordered", rows: []row{with(red, "preorder_details.expected_ship_date", "2026-05-15")},
			change:   replaced(`"name": "Shirt"`, `"name": "Shirt", "preorderable": true, "preorder_details": {"order_by_date": "2026-06-01", "expected_ship_date": "2026-08-01"}`),
			problems: []string{"preorder.order preorder_details.expected_ship_date#0"}},
		{name: "dates of what is no preorder", rows: []row{with(red, "preorder_details.expected_ship_date", "2026-08-15")},
			problems: []string{"preorder.details preorder_details.expected_ship_date#0"}},
		{name: "a preorder without dates", rows: []row{with(red, "preorderable", "true")}, problems: []string{"preorder.details preorderable#0"}},
		{name: "a preorder with the day of its shipping alone", rows: []row{with(red, "preorderable", "true", "preorder_details.expected_ship_date", "2026-08-01")},
			want: `{"preorderable":true,"preorder_details":{"expected_ship_date":"2026-08-01"}}`},
		{name: "no preorder any more", rows: []row{with(red, "preorderable", "false")},
			change: replaced(`"name": "Shirt"`, `"name": "Shirt", "preorderable": true, "preorder_details": {"order_by_date": "2026-06-01", "expected_ship_date": "2026-08-01"}`),
			want:   `{"preorderable":false,"preorder_details":null}`},
		{name: "not asked", rows: []row{with(red, "id", "p_1")}, change: func(h *vendors.Held) { h.Unasked = true }, problems: []string{"id.unasked id#0"}},
		{name: "a new product", rows: []row{{"product_key": "NEW", "sku": "N1"}}, problems: []string{"lifecycle_state.draft lifecycle_state#0"},
			want: `{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","variants":[{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","sku":"N1"}],"variant_option_sets":[]}`},
		{name: "a new product with variants that nothing tells apart", rows: []row{{"product_key": "NEW", "sku": "N1"}, {"product_key": "NEW", "sku": "N2"}},
			problems: []string{"lifecycle_state.draft lifecycle_state#0", "variant.twice sku#1"}},
		{name: "an id that is gone makes a new product", rows: []row{{"product_key": "NEW", "id": "p_3", "sku": "SCARF", "lifecycle_state": "DRAFT"}},
			problems: []string{"id.unknown id#0"},
			want:     `{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","variants":[{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","sku":"SCARF"}],"variant_option_sets":[]}`},
		{name: "published without a published variant", rows: []row{{"product_key": "NEW", "sku": "N1", "name": "New", "lifecycle_state": "PUBLISHED", "unit_multiplier": "1",
			"minimum_order_quantity": "1", "image_1": "https://img.example/1.jpg", "variant_lifecycle_state": "DRAFT"}}, problems: []string{"lifecycle_state.variants lifecycle_state#0"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			held := has(Products, stored(t, shirt), stored(t, hat), stored(t, scarf))
			held.Prepare = func() (any, error) {
				return &taxonomies{byID: map[string]bool{"tt_1": true, "tt_2": true}, byName: map[string]string{"shirts": "tt_1", "hats": "tt_2"}, names: []string{"Shirts", "Hats"}}, nil
			}
			if test.change != nil {
				test.change(held)
			}
			e := encoded(t, Products, test.rows...)
			if before := problems(e); !e.Sound() {
				t.Fatalf("the rows break rules: %v%s", before, listProblems(e))
			}
			e.Problems = nil
			amendment, err := Products.Amend(e, held)
			if err != nil {
				t.Fatal(err)
			}
			found := problems(e)
			slices.Sort(found)
			slices.Sort(test.problems)
			if diff := cmp.Diff(test.problems, found); diff != "" {
				t.Errorf("problems (-want +got):\n%s%s", diff, listProblems(e))
			}
			if !e.Sound() {
				return
			}
			got := ""
			if amendment.Body != nil {
				body, err := json.Marshal(amendment.Body)
				if err != nil {
					t.Fatal(err)
				}
				got = tokens.ReplaceAllString(string(body), newToken)
			}
			if got != test.want {
				t.Errorf("sends\n\t%s, want\n\t%s", got, test.want)
			}
			if calls := max(1, test.calls); amendment.Calls != calls || e.Adds != test.adds {
				t.Errorf("%d calls, adds %v; want %d, %v", amendment.Calls, e.Adds, calls, test.adds)
			}
		})
	}
}

// replaced puts another text into the shirt that an account has.
func replaced(old, now string) func(*vendors.Held) {
	return func(held *vendors.Held) {
		find := held.Find
		held.Find = func(name string) (*vendors.Stored, error) {
			found, err := find(name)
			if found != nil {
				found.Body = []byte(strings.Replace(string(found.Body), old, now, 1))
			}
			return found, err
		}
	}
}

func TestTokens(t *testing.T) {
	rows := []row{{"product_key": "SH", "sku": "RS", "lifecycle_state": "DRAFT", "option.Size": "S"}, {"product_key": "SH", "sku": "RM", "option.Size": "M"}}
	make := func(rows []row, held *vendors.Held) (*vendors.Entity, creation) {
		e := encoded(t, Products, rows...)
		amendment, err := Products.Amend(e, held)
		body, ok := amendment.Body.(creation)
		if err != nil || !e.Sound() || !ok {
			t.Fatalf("%v: %v%s", amendment.Body, err, listProblems(e))
		}
		return e, body
	}
	e, first := make(rows, has(Products))
	if e.Token == "" || e.Token != first.Token || first.Variants[0].Token == first.Variants[1].Token || first.Variants[0].Token == first.Token {
		t.Errorf("tokens %q, %q, %q, %q", e.Token, first.Token, first.Variants[0].Token, first.Variants[1].Token)
	}
	_, again := make([]row{rows[1], rows[0]}, has(Products))
	if got, want := fmt.Sprint(again.Token, again.Variants[0].Token, again.Variants[1].Token), fmt.Sprint(first.Token, first.Variants[0].Token, first.Variants[1].Token); got != want && got != fmt.Sprint(first.Token, first.Variants[1].Token, first.Variants[0].Token) {
		t.Errorf("rows in another order have the tokens %s, want %s", got, want)
	}
	gone := vendors.Stored{Key: "p_7", Body: []byte(`{"id": "p_7", "lifecycle_state": "DELETED", "idempotence_token": "` + first.Token + `"}`), Aside: true}
	if _, next := make(rows, has(Products, gone)); next.Token == first.Token || next.Variants[0].Token == first.Variants[0].Token {
		t.Errorf("a product that was deleted is made again with the token %s", next.Token)
	}
	there := stored(t, strings.Replace(strings.Replace(shirt, "hers", first.Token, 1), `"sku": "R`, `"sku": "X`, -1))
	e = encoded(t, Products, rows...)
	if _, err := Products.Amend(e, has(Products, there)); err != nil || !e.Known || e.ID != "p_1" {
		t.Errorf("known %v, id %q: %v", e.Known, e.ID, err)
	}
}

// direct hands requests to a handler without a network.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// inProcess is a client of a new sandbox without a network.
func inProcess(t interface {
	Helper()
	Fatal(...any)
}) *vendors.Client {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return &vendors.Client{Account: &vendors.Account{Name: "test", BaseURL: "http://sandbox" + server.BaseURL("faire"), Token: vendors.NewSecret("token"), State: new(connection)},
		Authorize: Vendor.Authorize, HTTP: &http.Client{Transport: direct{server}}, Agent: "test", Now: time.Now}
}

// drawRows draws what a feed says of a product: each time some of its fields, and some of its variants.
func drawRows(t *rapid.T, key string, options []string) []row {
	maybe := func(r row, name string, values ...string) {
		if rapid.Bool().Draw(t, "has "+name) {
			r[name] = rapid.SampledFrom(values).Draw(t, name)
		}
	}
	values := map[string][]string{"Size": {"S", "M", "L", "XL"}, "Color": {"Red", "Blue", "Aqua"}, "Scent": {"Rose", "Lemon"}}
	var rows []row
	seen := make(map[string]bool)
	for range rapid.IntRange(1, 4).Draw(t, "rows") {
		r := row{"product_key": key}
		name := key
		for _, option := range options {
			r["option."+option] = rapid.SampledFrom(values[option]).Draw(t, option)
			name += "-" + r["option."+option]
		}
		if seen[name] {
			continue
		}
		seen[name] = true
		r["sku"] = name
		if rapid.Bool().Draw(t, "has prices") {
			r["price.USA.wholesale"] = rapid.SampledFrom([]string{"10", "12.5", "0.05"}).Draw(t, "wholesale")
			r["price.USA.retail"] = rapid.SampledFrom([]string{"20", "25.00"}).Draw(t, "retail")
			r["price.USA.currency"] = "USD"
		}
		if rapid.Bool().Draw(t, "has yen") {
			r["price.JPN.wholesale"], r["price.JPN.retail"], r["price.JPN.currency"] = "1500", rapid.SampledFrom([]string{"3000", "3100"}).Draw(t, "yen"), "JPY"
		}
		maybe(r, "variant_lifecycle_state", "DRAFT", "PUBLISHED", "UNPUBLISHED")
		maybe(r, "tariff_code", "620442", "061099")
		maybe(r, "available_quantity", "0", "5")
		maybe(r, "backordered_until", "2030-09-01T00:00:00Z", "2031-01-01T00:00:00+02:00")
		maybe(r, "variant_image_1", "https://img.example/v1.jpg", "https://img.example/v2.jpg")
		rows = append(rows, r)
	}
	first := rows[0]
	maybe(first, "name", "Dress", "Gown, long")
	maybe(first, "lifecycle_state", "DRAFT", "PUBLISHED", "UNPUBLISHED")
	maybe(first, "description", "A dress.", "Größe 東京")
	maybe(first, "unit_multiplier", "1", "2", "3")
	maybe(first, "minimum_order_quantity", "2", "6")
	maybe(first, "taxonomy_type.name", "Votive Candle", "Tea Cup")
	maybe(first, "allow_sales_when_out_of_stock", "true", "false")
	maybe(first, "image_1", "https://img.example/1.jpg", "https://img.example/2.jpg")
	maybe(first, "image_2", "https://img.example/3.jpg")
	switch rapid.SampledFrom([]string{"", "true", "false"}).Draw(t, "preorderable") {
	case "true":
		first["preorderable"] = "true"
		first["preorder_details.order_by_date"] = rapid.SampledFrom([]string{"2030-06-01", "2030-06-02"}).Draw(t, "order by")
		first["preorder_details.expected_ship_date"] = "2030-08-01"
	case "false":
		first["preorderable"] = "false"
	}
	return rows
}

// TestWhatIsSentMakesWhatWasForeseen loads random feeds of one product one after the other: the sandbox takes what is
// sent, has then what Amend foretold, and nothing is sent the second time.
func TestWhatIsSentMakesWhatWasForeseen(t *testing.T) {
	setChecks(t, 40)
	sent := 0
	rapid.Check(t, func(t *rapid.T) {
		client := inProcess(t)
		options := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"Size", "Color", "Scent"}), 1, 2, rapid.ID).Draw(t, "options")
		for range rapid.IntRange(1, 4).Draw(t, "loads") {
			rows := drawRows(t, "K", options)
			e, err := encode(Products, rows...)
			if err != nil {
				t.Fatal(err)
			}
			if !e.Sound() {
				continue
			}
			amendment, err := Products.Amend(e, heldFor(t, client))
			if err != nil {
				t.Fatal(err)
			}
			if !e.Sound() {
				continue
			}
			if err := e.Amended(amendment); err != nil {
				t.Fatal(err)
			}
			if amendment.Body == nil {
				continue
			}
			sent++
			if err := Products.Upload(context.Background(), client, vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: 1}); err != nil {
				t.Fatalf("%v: %s", err, e.Body)
			}
			compareWithForeseen(t, client, e, amendment)
			again, err := encode(Products, rows...)
			if err != nil {
				t.Fatal(err)
			}
			repeated, err := Products.Amend(again, heldFor(t, client))
			if err != nil || !again.Sound() || repeated.Body != nil {
				body, _ := json.Marshal(repeated.Body)
				t.Fatalf("the same rows then send %s (%v)%s", body, err, listProblems(again))
			}
		}
	})
	if sent == 0 {
		t.Error("nothing was ever sent")
	}
}

func heldFor(t *rapid.T, client *vendors.Client) *vendors.Held {
	var all []vendors.Stored
	for page, err := range Products.Pages(context.Background(), client, vendors.Listing{Compare: true}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Entities...)
	}
	held := has(Products, all...)
	held.Prepare = func() (any, error) { return Products.Prepare(context.Background(), client) }
	return held
}

// compareWithForeseen compares what the sandbox has of a product with what Amend said that it would have, but for ids.
func compareWithForeseen(t *rapid.T, client *vendors.Client, e *vendors.Entity, amendment vendors.Amendment) {
	var body json.RawMessage
	if err := get(context.Background(), client, "get product", "/products/"+e.ID, nil, &body); err != nil {
		t.Fatal(err)
	}
	after, err := amendment.Became()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(withoutIDs(t, after), withoutIDs(t, body)); diff != "" {
		t.Fatalf("sent %s\n(-foreseen +there)\n%s", e.Body, diff)
	}
}

// withoutIDs is a product's canonical form without the ids that the vendor gives.
func withoutIDs(t *rapid.T, body []byte) *Product {
	canonical, err := canonicalProduct(body)
	if err != nil {
		t.Fatal(err)
	}
	p, err := readProduct(canonical)
	if err != nil {
		t.Fatal(err)
	}
	p.ID = ""
	for i := range p.Variants {
		p.Variants[i].ID = ""
	}
	return p
}

// TestSuggestionsOfColumns: a column of an option that a product has not is not told to hold the name of one.
func TestSuggestionsOfColumns(t *testing.T) {
	for _, test := range []struct {
		resource *vendors.Resource
		row      row
	}{{Products, row{"product_key": "SH", "sku": "RS", "option.Colour": "Red", "option.Size": "S"}},
		{Variants, row{"product_id": "p_1", "sku": "NEW", "option.Colour": "Red", "option.Color": "Red", "option.Size": "L"}}} {
		e := encoded(t, test.resource, test.row)
		if _, err := test.resource.Amend(e, has(test.resource, stored(t, shirt), vendors.Stored{Key: "p_1", Body: []byte(shirt), Aside: test.resource == Variants})); err != nil {
			t.Fatal(err)
		}
		found := false
		for _, p := range e.Problems {
			if p.Rule == optionNames {
				found = true
				if p.Value != "Red" || p.Suggestion != "option.Color" {
					t.Errorf("%s: %q is suggested for %q, want the column option.Color", test.resource.Name, p.Suggestion, p.Value)
				}
			}
		}
		if !found {
			t.Errorf("%s: %s", test.resource.Name, listProblems(e))
		}
	}
}

// TestSuggestedTypesAreOne: a name that several taxonomy types have is not suggested.
func TestSuggestedTypesAreOne(t *testing.T) {
	client := &vendors.Client{Account: &vendors.Account{BaseURL: "http://faire"}, Now: time.Now, Authorize: func(*http.Request, *vendors.Account) error { return nil },
		HTTP: &http.Client{Transport: direct{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"taxonomy_types":[{"id":"tt_1","name":"Shirts"},{"id":"tt_2","name":"shirts"},{"id":"tt_3","name":"Skirts"}]}`)
		})}}}
	prepared, err := prepareTaxonomies(context.Background(), client)
	if err != nil {
		t.Fatal(err)
	}
	known := prepared.(*taxonomies)
	_, message, suggestion := known.find(&TaxonomyType{Name: "Shirtz"})
	if id, _, _ := known.find(&TaxonomyType{Name: suggestion}); suggestion != "" && id == "" {
		t.Errorf("%s: %q is suggested, which is not taken", message, suggestion)
	}
}
