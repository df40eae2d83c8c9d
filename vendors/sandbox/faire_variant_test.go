package sandbox

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors/faire/vocabulary"
)

// TestFaireVariants creates, changes and deletes variants of one product, in this order.
func TestFaireVariants(t *testing.T) {
	s := openShop(t, Options{})
	p := s.create(tee("a", "PUBLISHED"))
	path := "/products/" + p.ID + "/variants"
	small := path + "/" + p.Variants[0].ID
	for _, c := range []struct {
		name               string
		status             int
		part               string
		method, path, body string
	}{
		{"of no product", 404, "no product", "POST", "/products/p_0/variants", sized("a", "L", "DRAFT")},
		{"no token", 400, "idempotence_token: is required", "POST", path, `{"options":[]}`},
		{"no prices", 400, "prices: is required", "POST", path, having(t, sized("a", "L", "PUBLISHED"), "prices", nil)},
		{"no such size", 400, "not a value", "POST", path, sized("a", "XL", "PUBLISHED")},
		{"a size that is there", 400, "has the same values", "POST", path, having(t, sized("a", "S", "PUBLISHED"), "idempotence_token", "other")},
		{"no options", 400, "no value for the option", "POST", path, having(t, sized("a", "L", "PUBLISHED"), "options", nil)},
		{"a draft without prices", 201, `"lifecycle_state":"DRAFT"`, "POST", path, having(t, sized("a", "L", "DRAFT"), "prices", nil)},
		{"the product's state", 400, "prices: is required", "POST", path,
			`{"idempotence_token":"blue","options":[{"name":"Color","value":"Blue"},{"name":"Size","value":"S"}]}`},
		{"the product's state, with prices", 201, `"lifecycle_state":"PUBLISHED"`, "POST", path, having(t, strings.Replace(sized("blue", "S", ""),
			`"value":"Red"`, `"value":"Blue"`, 1), "lifecycle_state", nil)},
		{"new prices take the old ones' place", 200, `"prices":[{"geo_constraint":{"country":"CAN"}`, "PATCH", small,
			`{"prices":[{"geo_constraint":{"country":"CAN"},"wholesale_price":{"amount_minor":1,"currency":"CAD"},"retail_price":{"amount_minor":2,"currency":"CAD"}}]}`},
		{"a place twice", 400, "the country CAN has a price already", "PATCH", small, `{"prices":[` + strings.Repeat(
			`{"geo_constraint":{"country":"CAN"},"wholesale_price":{"amount_minor":1,"currency":"CAD"},"retail_price":{"amount_minor":2,"currency":"CAD"}},`, 2) +
			`{"geo_constraint":{"country":"USA"},"wholesale_price":{"amount_minor":1,"currency":"USD"},"retail_price":{"amount_minor":2,"currency":"USD"}}]}`},
		{"a SKU", 200, `"sku":"new"`, "PATCH", small, `{"sku":"new"}`},
		{"options", 400, "options: there is no such field", "PATCH", small, `{"options":[{"name":"Size","value":"L"}]}`},
		{"a token", 400, "no such field", "PATCH", small, `{"idempotence_token":"x"}`},
		{"options in the product", 400, "the options of a variant cannot be changed", "PATCH", "/products/" + p.ID,
			`{"variants":[{"id":"` + p.Variants[0].ID + `","options":[]}]}`},
		{"an image", 200, `"sequence":0,"url":"https://img.example/v.jpg"`, "PATCH", small, `{"images":[{"url":"https://img.example/v.jpg"}]}`},
		{"which is added once more", 200, `"sequence":1,"url":"https://img.example/v.jpg"`, "PATCH", small, `{"images":[{"url":"https://img.example/v.jpg"}]}`},
		{"no variant", 404, "no variant", "PATCH", path + "/po_0", `{}`},
		{"no variant in the product", 400, "no variant", "PATCH", "/products/" + p.ID, `{"variants":[{"id":"po_0"}]}`},
		{"unpublished", 200, `"lifecycle_state":"UNPUBLISHED"`, "PATCH", small, `{"lifecycle_state":"UNPUBLISHED"}`},
		{"deleted by its state", 400, "follows from DELETE", "PATCH", small, `{"lifecycle_state":"DELETED"}`},
		{"deleted", 204, "", "DELETE", small, ""},
		{"deleted again", 404, "no variant", "DELETE", small, ""},
		{"changed when deleted", 404, "no variant", "PATCH", small, `{"sku":"x"}`},
		{"shown when deleted", 200, `"lifecycle_state":"DELETED"`, "GET", "/products/" + p.ID, ""},
		{"its values are free", 201, "", "POST", path, sized("next", "S", "PUBLISHED")},
		{"another product's", 404, "no variant", "DELETE", "/products/" + s.create(tee("b", "DRAFT")).ID + "/variants/" + p.Variants[1].ID, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := s
			in.t = t
			in.want(c.status, c.part, c.method, c.path, c.body)
		})
	}
}

// TestFaireLastVariant deletes variants until one is left, and lists the product without and with deleted ones.
func TestFaireLastVariant(t *testing.T) {
	s := openShop(t, Options{})
	p := s.create(tee("a", "PUBLISHED"))
	path := "/products/" + p.ID
	s.want(204, "", "DELETE", path+"/variants/"+p.Variants[0].ID, "")
	s.want(400, "the last variant", "DELETE", path+"/variants/"+p.Variants[1].ID, "")
	count := func(query string) int {
		var list struct{ Products []good }
		s.get("/products"+query, &list)
		return len(list.Products[0].Variants)
	}
	if live, all := count(""), count("?include_deleted=true"); live != 1 || all != 2 {
		t.Errorf("%d variants are listed, and %d with deleted ones, want 1 and 2", live, all)
	}
	s.want(204, "", "DELETE", path, "")
	s.want(404, "", "DELETE", path, "")
	s.want(404, "", "PATCH", path, "{}")
	s.want(404, "", "PATCH", path+"/variant-option-sets", `{"variant_option_sets":[]}`)
	s.want(404, "", "GET", path+"/prepacks", "")
	s.want(200, `"lifecycle_state":"DELETED"`, "GET", path, "")
	s.want(404, "no variant with the SKU", "PATCH", "/products/variants/inventory-levels-by-skus", `{"inventories":[{"sku":"a-M","current_quantity":1}]}`)
}

// TestFaireUnpublished takes a product off with its last published variant, which is not reversed.
func TestFaireUnpublished(t *testing.T) {
	s := openShop(t, Options{})
	p := s.create(tee("a", "PUBLISHED"))
	state := func() (state string) {
		var p2 good
		s.get("/products/"+p.ID, &p2)
		return p2.LifecycleState
	}
	for i, want := range []string{"PUBLISHED", "UNPUBLISHED"} {
		s.want(200, "", "PATCH", "/products/"+p.ID+"/variants/"+p.Variants[i].ID, `{"lifecycle_state":"UNPUBLISHED"}`)
		if got := state(); got != want {
			t.Errorf("after %d variants the product is %s, want %s", i+1, got, want)
		}
	}
	s.want(200, "", "PATCH", "/products/"+p.ID+"/variants/"+p.Variants[0].ID, `{"lifecycle_state":"PUBLISHED"}`)
	if got := state(); got != "UNPUBLISHED" {
		t.Errorf("the product is %s again", got)
	}
}

// TestFaireSaleState changes one thing of a product at a time and looks at the sale states of its first variant and of
// itself. The unit is 2, the least order 4.
func TestFaireSaleState(t *testing.T) {
	now := noon
	s := openShop(t, Options{Now: func() time.Time { return now }})
	p := s.create(tee("a", "PUBLISHED"))
	const bySKU = "/products/variants/inventory-levels-by-skus"
	stock := func(sku, change string) (path, body string) {
		return bySKU, `{"inventories":[{"sku":"` + sku + `",` + change + `}]}`
	}
	step := func(name, variant, product string, path, body string) {
		t.Helper()
		if path != "" {
			s.want(200, "", "PATCH", path, body)
		}
		var got good
		s.get("/products/"+p.ID, &got)
		if got.Variants[0].SaleState != variant || got.SaleState != product {
			t.Errorf("%s: the variant is %s and the product %s, want %s and %s", name, got.Variants[0].SaleState, got.SaleState, variant, product)
		}
	}
	do := func(name, variant, product, sku, change string) {
		t.Helper()
		path, body := stock(sku, change)
		step(name, variant, product, path, body)
	}
	const sold, paused = vocabulary.ForSale, vocabulary.SalesPaused
	step("untracked", sold, sold, "", "")
	do("enough", sold, sold, "a-S", `"current_quantity":4`)
	do("below the least order", paused, sold, "a-S", `"current_quantity":3`)
	do("the other as well", paused, paused, "a-M", `"current_quantity":0`)
	step("sold when out of stock", sold, sold, "/products/"+p.ID, `{"allow_sales_when_out_of_stock":true}`)
	step("and not", paused, paused, "/products/"+p.ID, `{"allow_sales_when_out_of_stock":false}`)
	step("a smaller least order", sold, sold, "/products/"+p.ID, `{"minimum_order_quantity":2}`)
	do("none", paused, paused, "a-S", `"current_quantity":0`)
	do("no longer tracked", sold, sold, "a-S", `"current_quantity":null`)
	do("discontinued", paused, paused, "a-S", `"discontinued":true`)
	do("which stock does not change", paused, paused, "a-S", `"current_quantity":9`)
	do("not discontinued", sold, sold, "a-S", `"discontinued":false`)
	do("backordered", paused, paused, "a-S", `"backordered_until":"2026-03-15T00:00:00+01:00"`)
	now = time.Date(2026, 3, 14, 23, 0, 0, 0, time.UTC)
	step("until now", sold, sold, "", "")
}

// TestFairePreorder lets the dates of preorder products pass.
func TestFairePreorder(t *testing.T) {
	now := noon
	s := openShop(t, Options{Now: func() time.Time { return now }})
	details := func(keep bool) string {
		return fmt.Sprintf(`{"order_by_date":"2026-04-01","keep_active_past_order_by_date":%v,"expected_ship_date":"2026-05-21","expected_ship_window_end_date":"2026-05-24"}`, keep)
	}
	preordered := func(token, details string) string {
		return having(t, having(t, tee(token, "PUBLISHED"), "preorderable", true), "preorder_details", json.RawMessage(details))
	}
	stays, ends := s.create(preordered("a", details(true))), s.create(preordered("b", details(false)))
	s.want(400, "not in order", "POST", "/products", preordered("c", strings.Replace(details(true), "05-24", "05-20", 1)))
	s.want(400, "not a date", "POST", "/products", preordered("c", strings.Replace(details(true), "05-24", "05-32", 1)))
	s.want(400, "must not be null", "POST", "/products", preordered("c", "null"))
	s.want(200, `"expected_ship_window_end_date":"2026-06-01"`, "PATCH", "/products/"+stays.ID, `{"preorder_details":{"expected_ship_window_end_date":"2026-06-01"}}`)
	states := func() (states []string) {
		var list struct{ Products []good }
		s.get("/products", &list)
		slices.SortFunc(list.Products, func(a, b good) int { return strings.Compare(a.Token, b.Token) })
		for _, p := range list.Products {
			states = append(states, p.LifecycleState)
		}
		return states
	}
	for _, c := range []struct {
		day  string
		want []string
	}{{"2026-03-31", []string{"PUBLISHED", "PUBLISHED"}}, {"2026-04-01", []string{"PUBLISHED", "UNPUBLISHED"}},
		{"2026-05-25", []string{"PUBLISHED", "UNPUBLISHED"}}} {
		now, _ = time.Parse(time.DateOnly, c.day)
		if diff := cmp.Diff(c.want, states()); diff != "" {
			t.Errorf("on %s (-want +got):\n%s", c.day, diff)
		}
	}
	s.want(200, `"lifecycle_state":"PUBLISHED"`, "PATCH", "/products/"+ends.ID, `{"lifecycle_state":"PUBLISHED","preorderable":false,"preorder_details":null}`)
	s.want(400, "must be null unless", "PATCH", "/products/"+ends.ID, `{"preorder_details":`+details(true)+`}`)
	if got := states(); got[1] != "PUBLISHED" {
		t.Errorf("no preorder product any more, but %s", got[1])
	}
}

// TestFairePerStyle keeps and breaks the rules of per_style_minimum_order_quantity, at creation and afterwards.
func TestFairePerStyle(t *testing.T) {
	s := openShop(t, Options{})
	single := having(t, having(t, having(t, tee("a", "PUBLISHED"), "per_style_minimum_order_quantity", 3), "unit_multiplier", 1), "minimum_order_quantity", 0)
	for part, body := range map[string]string{
		"unit_multiplier of 1":        having(t, having(t, single, "unit_multiplier", 2), "minimum_order_quantity", 2),
		"minimum_order_quantity of 0": having(t, single, "minimum_order_quantity", 2),
		`with the name \"Size\"`:      strings.ReplaceAll(single, `"Size"`, `"Length"`),
	} {
		s.want(400, part, "POST", "/products", body)
	}
	p := s.create(single)
	s.want(400, "no such field", "PATCH", "/products/"+p.ID, `{"per_style_minimum_order_quantity":0}`)
	s.want(400, "minimum_order_quantity of 0", "PATCH", "/products/"+p.ID, `{"minimum_order_quantity":1}`)
	s.want(200, `"per_style_minimum_order_quantity":3`, "PATCH", "/products/"+p.ID, `{"name":"Blouse"}`)
}

// TestFaireStock sends batches, by ids and by SKUs.
func TestFaireStock(t *testing.T) {
	s := openShop(t, Options{})
	p := s.create(tee("a", "PUBLISHED"))
	q := s.create(having(t, tee("b", "PUBLISHED"), "variants.0.sku", "a-S"))
	const byID, bySKU = "/products/variants/inventory-levels-by-product-variant-ids", "/products/variants/inventory-levels-by-skus"
	quantity := func(product string, i int) *int64 {
		var got good
		s.get("/products/"+product, &got)
		return got.Variants[i].Available
	}
	compare := func(what string, want int64, got *int64) {
		t.Helper()
		if got == nil && want >= 0 || got != nil && *got != want {
			t.Errorf("%s: %v pieces, want %d", what, got, want)
		}
	}
	s.want(200, `{"variants":[{"id":"`+p.Variants[1].ID+`"`, "PATCH", byID, `{"inventories":[{"product_variant_id":"`+p.Variants[1].ID+
		`","current_quantity":10,"discontinued":false},{"product_variant_id":"`+q.Variants[1].ID+`","current_quantity":20}]}`)
	compare("by id", 10, quantity(p.ID, 1))
	compare("by id, another product's", 20, quantity(q.ID, 1))
	s.want(200, "", "PATCH", bySKU, `{"inventories":[{"sku":"a-S","current_quantity":7}]}`)
	compare("the older of two with one SKU", -1, quantity(p.ID, 0))
	compare("the later of two with one SKU", 7, quantity(q.ID, 0))
	for _, c := range []struct{ name, path, body, part string }{
		{"unknown SKU", bySKU, `{"inventories":[{"sku":"a-M","current_quantity":1},{"sku":"A-M","current_quantity":1}]}`, `no variant with the SKU \"A-M\"`},
		{"unknown id", byID, `{"inventories":[{"product_variant_id":"` + p.Variants[1].ID + `","current_quantity":1},{"product_variant_id":"po_0"}]}`, `no variant \"po_0\"`},
	} {
		s.want(404, c.part, "PATCH", c.path, c.body)
		compare(c.name, 10, quantity(p.ID, 1))
	}
	for body, part := range map[string]string{
		`{"inventories":[]}`: "at least 1", `{}`: "is required", `{"inventories":[{"current_quantity":1}]}`: "sku: is required",
		`{"inventories":[{"sku":"a-M","current_quantity":-1}]}`:         "whole number from 0",
		`{"inventories":[{"sku":"a-M","current_quantity":1.5}]}`:        "whole number",
		`{"inventories":[{"sku":"a-M","discontinued":null}]}`:           "null is not taken",
		`{"inventories":[{"sku":"a-M","available_quantity":1}]}`:        "no such field",
		`{"inventories":[{"sku":"a-M"},{"sku":"a-M"}]}`:                 "stands twice",
		`{"inventories":[{"sku":"a-M","backordered_until":"later"}]}`:   "Z or an offset",
		`{"inventories":[{"sku":"a-M","product_variant_id":"po_123"}]}`: "no such field",
	} {
		s.want(400, part, "PATCH", bySKU, body)
	}
	compare("a batch that was refused", 10, quantity(p.ID, 1))
	s.want(200, "", "PATCH", bySKU, `{"inventories":[{"sku":"a-M","current_quantity":null}]}`)
	compare("null", -1, quantity(p.ID, 1))
	s.want(200, "", "PATCH", bySKU, `{"inventories":[{"sku":"a-M","current_quantity":0}]}`)
	compare("zero", 0, quantity(p.ID, 1))
	var applied []string
	for _, request := range s.Record().Log {
		if request.Method == "PATCH" {
			for _, a := range request.Applied {
				applied = append(applied, a.ID)
			}
		}
	}
	want := []string{p.Variants[1].ID, q.Variants[1].ID, q.Variants[0].ID, p.Variants[1].ID, p.Variants[1].ID}
	if diff := cmp.Diff(want, applied); diff != "" {
		t.Errorf("applied (-want +got):\n%s", diff)
	}
}

// TestFaireOptionSets replaces the option sets of a product with variants in S and M, red.
func TestFaireOptionSets(t *testing.T) {
	sets := func(sizes, colors string) string {
		return `{"variant_option_sets":[{"name":"Size","values":[` + sizes + `]},{"name":"Color","values":[` + colors + `]}]}`
	}
	for _, c := range []struct {
		name, body, part string // of the refusal; empty: it is taken
		packed           string // of the refusal when there is a prepack of S and M
	}{
		{"another order of names", sets(`"S","M","L"`, `"Red","Blue"`), "", ""},
		{"a value at the end", sets(`"S","M","L","XL"`, `"Red"`), "", ""},
		{"a value at the start", sets(`"XS","S","M","L"`, `"Red"`), "", ""},
		{"a value in the middle", sets(`"S","M","M/L","L"`, `"Red"`), "", "only before the first or after the last"},
		{"another order of values", sets(`"M","S","L"`, `"Red"`), "", "cannot be reorganized"},
		{"a value that is not used", sets(`"S","M"`, `"Red"`), "", ""},
		{"no value that is used", sets(`"S","L"`, `"Red"`), `the value \"M\" of the option \"Size\"`, "cannot be removed"},
		{"a color in the middle", sets(`"S","M","L"`, `"Blue","Green","Red"`), "", ""},
		{"a name less", `{"variant_option_sets":[{"name":"Size","values":["S","M","L"]}]}`, `the option \"Color\" is missing`, "is missing"},
		{"a name more", strings.Replace(sets(`"S","M"`, `"Red"`), `]}]}`, `]},{"name":"Fit","values":["slim"]}]}`, 1), "cannot be added", "cannot be added"},
		{"another name", strings.Replace(sets(`"S","M"`, `"Red"`), "Color", "Colour", 1), "is missing", "is missing"},
	} {
		for _, packed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, packed %v", c.name, packed), func(t *testing.T) {
				s := openShop(t, Options{})
				p := s.create(tee("a", "PUBLISHED"))
				part := c.part
				if packed {
					part = c.packed
					s.want(201, "", "POST", "/products/"+p.ID+"/prepacks", pack("k", p, 1, 1))
				}
				if part != "" {
					s.want(400, part, "PATCH", "/products/"+p.ID+"/variant-option-sets", c.body)
					s.want(400, "", "PATCH", "/products/"+p.ID, c.body+" ")
					return
				}
				if got := s.want(200, "", "PATCH", "/products/"+p.ID+"/variant-option-sets", c.body); got != c.body {
					t.Errorf("the answer is %s, want %s", got, c.body)
				}
				s.want(200, `"options":[{"name":"Size","value":"S"},{"name":"Color","value":"Red"}]`, "PATCH", "/products/"+p.ID, c.body)
			})
		}
	}
}
