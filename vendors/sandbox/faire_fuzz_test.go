package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"bulkload/vendors/faire/vocabulary"
)

// FuzzFaire sends bodies to the endpoints that take one, of a sandbox with one product and its orders. No body may
// make it fail, and what it keeps must stay right: a refused body changes nothing, products keep their variants apart,
// and one that is validated is complete.
func FuzzFaire(f *testing.F) {
	p := good{ID: newID("p_", "a"), Variants: []variant{{ID: newID("po_", "a-S")}, {ID: newID("po_", "a-M")}}}
	endpoints := []struct{ method, path string }{
		{"POST", "products"}, {"PATCH", "products/" + p.ID}, {"PATCH", "products/" + p.ID + "/variant-option-sets"},
		{"POST", "products/" + p.ID + "/variants"}, {"PATCH", "products/" + p.ID + "/variants/" + p.Variants[0].ID},
		{"PATCH", "products/variants/inventory-levels-by-product-variant-ids"}, {"PATCH", "products/variants/inventory-levels-by-skus"},
		{"POST", "products/" + p.ID + "/prepacks"}, {"PUT", "orders/bo_sandbox003/processing"}, {"POST", "orders/bo_sandbox003/shipments"},
		{"POST", "orders/bo_sandbox001/items/availability"},
	}
	for _, seed := range []struct {
		endpoint uint8
		body     string
	}{
		{0, tee("a", "PUBLISHED")}, {0, tee("b", "DRAFT")}, {0, `{"variants":[{}]}`}, {1, `{}`}, {1, `[]`},
		{1, `{"variants":[{"id":"` + p.Variants[0].ID + `","lifecycle_state":"UNPUBLISHED"},{"id":"` + p.Variants[1].ID + `","lifecycle_state":"UNPUBLISHED"}]}`},
		{1, `{"preorderable":true,"preorder_details":{"order_by_date":"2026-04-01","keep_active_past_order_by_date":false}}`},
		{1, `{"preorder_details":null}`}, {1, `{"variants":[` + sized("a", "L", "PUBLISHED") + `]}`},
		{1, `{"lifecycle_state":"UNPUBLISHED","images":[{"url":"https://a.example/b","sequence":3,"tags":["Hero"]}]}`},
		{2, `{"variant_option_sets":[{"name":"Size","values":["S","M","L","XL"]},{"name":"Color","values":["Red"]}]}`},
		{3, sized("a", "L", "PUBLISHED")},
		{4, `{"prices":[{"geo_constraint":{"country_group":"X"},"wholesale_price":{"amount_minor":0,"currency":"JPY"},"retail_price":{"amount_minor":9223372036854775807,"currency":"KWD"}}]}`},
		{5, `{"inventories":[{"product_variant_id":"` + p.Variants[0].ID + `","current_quantity":3}]}`},
		{6, `{"inventories":[{"sku":"a-S","current_quantity":null,"discontinued":true,"backordered_until":"2026-05-15T00:10:00Z"}]}`},
		{7, pack("k", p, 1, 2)}, {7, `{"items":[{"variant_id":"` + p.Variants[1].ID + `","quantity":999999999}],"name":"x","idempotence_token":"y"}`},
		{8, `{"expected_ship_date":"2026-07-15T00:09:15Z"}`}, {9, `{"shipments":[{"carrier":"UPS","tracking_code":"1","maker_cost_cents":1}]}`},
		{10, `{"availabilities":{"oi_abc":{"available_quantity":0,"discontinued":true},"oi_def":{"available_quantity":4,"backordered_until":"2026-05-15T00:10:00Z"}}}`},
	} {
		f.Add(seed.endpoint, seed.body)
	}
	f.Fuzz(func(t *testing.T, number uint8, body string) {
		endpoint := endpoints[int(number)%len(endpoints)]
		s := newWholesale(t, func() time.Time { return noon })
		s.call("POST", "products", tee("a", "PUBLISHED"))
		before := string(s.call("GET", "products/"+p.ID, ""))
		a := s.answer(&call{method: endpoint.method, parts: splitPath(endpoint.path), body: []byte(body),
			header: http.Header{"X-Faire-Access-Token": {"secret"}, "Content-Type": {"application/json"}}})
		if a.status >= 500 || !json.Valid(a.body) {
			t.Fatalf("%s %s = %d %s", endpoint.method, endpoint.path, a.status, a.body)
		}
		if after := string(s.call("GET", "products/"+p.ID, "")); a.status >= 400 && after != before {
			t.Fatalf("%s %s was refused and has changed\n%s\ninto\n%s", endpoint.method, endpoint.path, before, after)
		}
		for _, product := range s.products {
			checkKept(t, product)
		}
	})
}

// checkKept looks at a stored product once more.
func checkKept(t *testing.T, p *good) {
	t.Helper()
	combinations := map[string]bool{}
	for i := range p.Variants {
		v := &p.Variants[i]
		if !v.live() {
			continue
		}
		options := fmt.Sprintf("%q", v.Options)
		if combinations[options] || len(v.Options) != len(p.OptionSets) {
			t.Fatalf("two variants are %s, or one has other options than its product", options)
		}
		combinations[options] = true
		if validated(v.LifecycleState) && len(v.Prices) == 0 && (v.RetailCents == nil || v.WholesaleCents == nil) {
			t.Fatalf("%s is %s without prices", v.ID, v.LifecycleState)
		}
	}
	if len(combinations) == 0 {
		t.Fatal("a product has no variant")
	}
	if validated(p.LifecycleState) && (valueOf(p.Name) == "" || *p.MinimumQuantity%*p.UnitMultiplier != 0) {
		t.Fatalf("%s is %s and not right", p.ID, p.LifecycleState)
	}
	if p.LifecycleState == vocabulary.Deleted {
		t.Fatal("nobody has deleted the product")
	}
}
