package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// shop is a running sandbox with a client of Faire.
type shop struct{ *started }

func openShop(t *testing.T, o Options) shop {
	t.Helper()
	s := start(t, o)
	s.base = s.BaseURL("faire")
	return shop{s}
}

// want sends a request with the headers that a right one has, unless others are given, and compares status and a part of
// the answer.
func (s shop) want(status int, part, method, path, body string, headers ...string) string {
	s.t.Helper()
	return s.started.want(status, part, method, path, body, append([]string{"X-FAIRE-ACCESS-TOKEN", "secret",
		"Authorization", "-", "Accept", "-", "Content-Type", "application/json"}, headers...)...)
}

// get reads an answer into a value.
func (s shop) get(path string, into any) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.want(200, "", "GET", path, "")), into); err != nil {
		s.t.Fatal(err)
	}
}

// create posts a product and returns it.
func (s shop) create(body string) (p good) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.want(201, "", "POST", "/products", body)), &p); err != nil {
		s.t.Fatal(err)
	}
	return p
}

// having returns a JSON object with a member changed, or dropped when it is nil. Dots lead into objects and lists.
func having(t testing.TB, body, path string, value any) string {
	t.Helper()
	var root any
	if err := json.Unmarshal([]byte(body), &root); err != nil {
		t.Fatal(err)
	}
	at := root
	steps := strings.Split(path, ".")
	for i, step := range steps {
		last := i == len(steps)-1
		switch in := at.(type) {
		case map[string]any:
			if last && value == nil {
				delete(in, step)
			} else if last {
				in[step] = value
			}
			at = in[step]
		case []any:
			var place int
			fmt.Sscan(step, &place)
			if last {
				in[place] = value
			}
			at = in[place]
		}
	}
	out, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// tee is a right product with two sizes in one colour, in a state.
func tee(token, state string) string {
	return fmt.Sprintf(`{"idempotence_token":"%[1]s","name":"Shirt","lifecycle_state":"%[2]s","unit_multiplier":2,"minimum_order_quantity":4,
	"variant_option_sets":[{"name":"Color","values":["Red","Blue"]},{"name":"Size","values":["S","M","L"]}],
	"variants":[%[3]s,%[4]s],"images":[{"url":"https://img.example/1.jpg"}]}`, token, state,
		sized(token, "S", state), sized(token, "M", state))
}

// sized is a right variant of the tee in red, with the SKU TOKEN-SIZE.
func sized(token, size, state string) string {
	return fmt.Sprintf(`{"idempotence_token":"%[1]s-%[2]s","lifecycle_state":"%[3]s","sku":"%[1]s-%[2]s","prices":[{"geo_constraint":{"country":"USA"},
	"wholesale_price":{"amount_minor":999,"currency":"USD"},"retail_price":{"amount_minor":1999,"currency":"USD"}}],
	"options":[{"name":"Size","value":"%[2]s"},{"name":"Color","value":"Red"}]}`, token, size, state)
}

func TestFaireCalls(t *testing.T) {
	s := openShop(t, Options{Token: "secret"})
	p := s.create(tee("a", "PUBLISHED"))
	for _, c := range []struct {
		name               string
		status             int
		part               string
		method, path, body string
		header, value      string
	}{
		{"no token", 401, "X-FAIRE-ACCESS-TOKEN", "GET", "/brands/profile", "", "X-FAIRE-ACCESS-TOKEN", "-"},
		{"other token", 401, "", "GET", "/brands/profile", "", "X-FAIRE-ACCESS-TOKEN", "Secret"},
		{"token comes before the path", 401, "", "GET", "/nothing", "", "X-FAIRE-ACCESS-TOKEN", "-"},
		{"brand", 200, `{"brand_id":"b_60ae65c4","name":"Jeff's Warm Toques"}`, "GET", "/brands/profile", "", "", ""},
		{"brand with a query", 400, "no such query parameter", "GET", "/brands/profile?x=1", "", "", ""},
		{"method of the brand", 405, "", "POST", "/brands/profile", "{}", "", ""},
		{"product with a query", 400, "no such query parameter", "GET", "/products/" + p.ID + "?fields=name", "", "", ""},
		{"prepacks with a query", 400, "no such query parameter", "GET", "/products/" + p.ID + "/prepacks?page=1", "", "", ""},
		{"delete with a query", 400, "no such query parameter", "DELETE", "/products/" + p.ID + "?dry_run=true", "", "", ""},
		{"order with a query", 400, "no such query parameter", "GET", "/orders/bo_sandbox003?x=1", "", "", ""},
		{"patch with a query", 400, "no such query parameter", "PATCH", "/products/" + p.ID + "?x=1", "{}", "", ""},
		{"nothing", 404, "", "GET", "/nothing", "", "", ""},
		{"nothing below", 404, "", "GET", "/products/" + p.ID + "/images", "", "", ""},
		{"no id", 404, "", "GET", "/products/", "", "", ""},
		{"product", 200, `"name":"Shirt"`, "GET", "/products/" + p.ID, "", "", ""},
		{"no product", 404, `there is no product \"p_0\"`, "GET", "/products/p_0", "", "", ""},
		{"method of a product", 405, "", "PUT", "/products/" + p.ID, "{}", "", ""},
		{"types", 200, `{"id":"tt_6hk4mf1xig","name":"Tea Bags"}`, "GET", "/products/types", "", "", ""},
		{"types are no product", 405, "", "DELETE", "/products/types", "", "", ""},
		{"body as a form", 400, "is not application/json", "PATCH", "/products/" + p.ID, "{}", "Content-Type", "text/plain"},
		{"body without a type", 400, "is not application/json", "PATCH", "/products/" + p.ID, "{}", "Content-Type", "-"},
		{"body with a charset", 200, "", "PATCH", "/products/" + p.ID, "{}", "Content-Type", "application/json; charset=utf-8"},
		{"body that is none", 400, "not JSON", "PATCH", "/products/" + p.ID, "{", "", ""},
		{"list as a body", 400, "must be an object", "PATCH", "/products/" + p.ID, "[]", "", ""},
		{"patch of none", 404, "", "PATCH", "/products/p_0", "{}", "", ""},
		{"delete none", 404, "", "DELETE", "/products/p_0", "", "", ""},
		{"variants are not listed", 405, "", "GET", "/products/" + p.ID + "/variants", "", "", ""},
		{"option sets are not listed", 405, "", "GET", "/products/" + p.ID + "/variant-option-sets", "", "", ""},
		{"stock is not listed", 405, "", "GET", "/products/variants/inventory-levels-by-skus", "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := s
			in.t = t
			var headers []string
			if c.header != "" {
				headers = []string{c.header, c.value}
			}
			in.want(c.status, c.part, c.method, c.path, c.body, headers...)
		})
	}
}

// TestFaireProduct changes one member of a right product at a time.
func TestFaireProduct(t *testing.T) {
	long := func(count int) string { return strings.Repeat("é", count) }
	for _, c := range []struct {
		name, path string
		value      any
		part       string // of the refusal; empty: it is taken
	}{
		{"as it is", "name", "Shirt", ""},
		{"no token", "idempotence_token", nil, "idempotence_token: is required"},
		{"blank token", "idempotence_token", " ", "must not be blank"},
		{"no name", "name", nil, "name: is required"},
		{"75 characters", "short_description", long(75), ""},
		{"76 characters", "short_description", long(76), "76 characters, more than 75"},
		{"1000 characters", "description", long(1000), ""},
		{"1001 characters", "description", long(1001), "more than 1000"},
		{"deleted", "lifecycle_state", "DELETED", "lifecycle_state"},
		{"unknown state", "lifecycle_state", "ACTIVE", "is not one of"},
		{"no state", "lifecycle_state", nil, ""},
		{"no unit", "unit_multiplier", nil, "unit_multiplier: is required"},
		{"unit of none", "unit_multiplier", 0, "less than 1"},
		{"part of a unit", "unit_multiplier", 1.5, "whole number"},
		{"unit as text", "unit_multiplier", "2", "must be a number"},
		{"no minimum", "minimum_order_quantity", nil, "is required"},
		{"minimum between units", "minimum_order_quantity", 5, "not a multiple of the unit_multiplier 2"},
		{"minimum below none", "minimum_order_quantity", -2, "whole number from 0"},
		{"per style beside a unit", "per_style_minimum_order_quantity", 3, "unit_multiplier of 1"},
		{"no option sets", "variant_option_sets", nil, "is required"},
		{"an option twice", "variant_option_sets.1.name", "Color", "stands twice"},
		{"a value twice", "variant_option_sets.1.values.0", "M", "stands twice"},
		{"an option without values", "variant_option_sets.1.values", []string{}, "at least 1"},
		{"no variants", "variants", []string{}, "at least 1"},
		{"value of no set", "variants.0.options.0.value", "XL", `\"XL\" is not a value of the option \"Size\": S, M, L`},
		{"value in another case", "variants.0.options.0.value", "s", "is not a value"},
		{"two alike", "variants.0.options.0.value", "M", "has the same values"},
		{"an option too few", "variants.0.options", []map[string]string{{"name": "Size", "value": "S"}}, `no value for the option \"Color\"`},
		{"an option too many", "variants.0.options", []map[string]string{{"name": "Size", "value": "S"}, {"name": "Color", "value": "Red"},
			{"name": "Fit", "value": "slim"}}, "exactly one for each"},
		{"a variant without token", "variants.0.idempotence_token", nil, "variants[0].idempotence_token: is required"},
		{"a token twice", "variants.0.idempotence_token", "a-M", "stands twice"},
		{"a variant's name", "variants.0.name", "ignored", ""},
		{"a variant with an id", "variants.0.id", "po_1", "no such field"},
		{"tariff code", "variants.0.tariff_code", "010121", ""},
		{"tariff code too short", "variants.0.tariff_code", "10121", "HS6"},
		{"tariff code as a number", "variants.0.tariff_code", 610910, "must be a text"},
		{"no prices", "variants.0.prices", nil, "variants[0].prices: is required"},
		{"empty prices", "variants.0.prices", []string{}, "at least 1"},
		{"alpha-2", "variants.0.prices.0.geo_constraint.country", "US", "alpha-3"},
		{"no country of today", "variants.0.prices.0.geo_constraint.country", "EUE", "alpha-3"},
		{"country and group", "variants.0.prices.0.geo_constraint.country_group", "EUROPEAN_UNION", "exactly one"},
		{"neither", "variants.0.prices.0.geo_constraint.country", nil, "exactly one"},
		{"group alone", "variants.0.prices.0.geo_constraint", map[string]string{"country_group": "EUROPEAN_UNION"}, ""},
		{"a fraction of a cent", "variants.0.prices.0.wholesale_price.amount_minor", 9.5, "whole number"},
		{"an amount as text", "variants.0.prices.0.wholesale_price.amount_minor", "999", "must be a number"},
		{"no retail price", "variants.0.prices.0.retail_price", nil, "is required"},
		{"currency in small letters", "variants.0.prices.0.retail_price.currency", "usd", "ISO 4217"},
		{"stock", "variants.0.available_quantity", 7, ""},
		{"stock below none", "variants.0.available_quantity", -1, "whole number"},
		{"backordered", "variants.0.backordered_until", "2027-01-01T00:00:00+02:00", ""},
		{"backordered without zone", "variants.0.backordered_until", "2027-01-01T00:00:00", "Z or an offset"},
		{"backordered as in v1", "variants.0.backordered_until", "20190208T000915.000Z", "Z or an offset"},
		{"no images", "images", nil, "images: a product needs at least one image"},
		{"image without an address", "images.0.url", "1.jpg", "absolute URI"},
		{"image from a disk", "images.0.url", "file://host/1.jpg", "downloaded"},
		{"image with an id", "images.0.id", "i_1", "read-only"},
		{"image with a width", "images.0.width", 100, ""},
		{"image with a tag twice", "images.0.tags", []string{"Hero", "Hero"}, "stands twice"},
		{"taxonomy", "taxonomy_type", map[string]string{"id": "tt_23nl3bzl00"}, ""},
		{"taxonomy with its name", "taxonomy_type", map[string]string{"id": "tt_23nl3bzl00", "name": "Votive Candle"}, ""},
		{"unknown taxonomy", "taxonomy_type", map[string]string{"id": "tt_0"}, "no taxonomy type"},
		{"taxonomy by name", "taxonomy_type", map[string]string{"name": "Shoes"}, "taxonomy_type.id: is required"},
		{"sold out", "allow_sales_when_out_of_stock", false, ""},
		{"preorder without details", "preorderable", true, "preorder_details"},
		{"details without preorder", "preorder_details", map[string]string{"order_by_date": "2026-04-01"}, "preorderable"},
		{"null", "short_description", json.RawMessage("null"), "null is not taken"},
		{"misspelt", "minimum_order_quantiy", 4, "no such field"},
		{"in another case", "Name", "Shirt", "no such field"},
		{"sale state", "sale_state", "FOR_SALE", "read-only"},
		{"brand", "brand_id", "b_60ae65c4", "no such field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openShop(t, Options{})
			body := having(t, tee("a", "PUBLISHED"), c.path, c.value)
			if c.part == "" {
				s.want(201, "", "POST", "/products", body)
				return
			}
			s.want(400, c.part, "POST", "/products", body)
			if n := len(s.Record().Resources["faire/products"].Entities); n != 0 {
				t.Errorf("%d products are stored, want none", n)
			}
		})
	}
}

// TestFaireDraft leaves out of a DRAFT what only other states want, and then publishes it.
func TestFaireDraft(t *testing.T) {
	s := openShop(t, Options{})
	p := s.create(`{"idempotence_token":"d","lifecycle_state":"DRAFT","minimum_order_quantity":3,"short_description":"` + strings.Repeat("x", 80) + `",
	"variant_option_sets":[],"variants":[{"idempotence_token":"dv","tariff_code":"1"}]}`)
	path := "/products/" + p.ID
	if p.LifecycleState != "DRAFT" || p.Variants[0].LifecycleState != "DRAFT" || p.SaleState != "FOR_SALE" {
		t.Errorf("a draft is %+v", p)
	}
	v := `"variants":[{"id":"` + p.Variants[0].ID + `","lifecycle_state":"PUBLISHED","tariff_code":"610910","wholesale_price_cents":1,"retail_price_cents":2}]`
	s.want(400, "name: is required", "PATCH", path, `{"lifecycle_state":"UNPUBLISHED"}`)
	s.want(200, "", "PATCH", path, `{"name":"Socks","unit_multiplier":2}`)
	s.want(400, "not a multiple", "PATCH", path, `{"lifecycle_state":"UNPUBLISHED"}`)
	s.want(200, "", "PATCH", path, `{"minimum_order_quantity":4}`)
	s.want(400, "more than 75", "PATCH", path, `{"lifecycle_state":"UNPUBLISHED"}`)
	s.want(200, "", "PATCH", path, `{"short_description":"warm"}`)
	s.want(400, "at least one image", "PATCH", path, `{"lifecycle_state":"PUBLISHED"}`)
	s.want(400, "at least one image", "PATCH", path, `{"lifecycle_state":"PUBLISHED",`+v+`}`)
	s.want(200, "", "PATCH", path, `{"images":[{"url":"https://img.example/1.jpg"}]}`)
	s.want(400, "at least one PUBLISHED variant", "PATCH", path, `{"lifecycle_state":"PUBLISHED"}`)
	s.want(400, "HS6", "PATCH", path, `{"lifecycle_state":"PUBLISHED",`+strings.Replace(v, "610910", "1", 1)+`}`)
	s.want(200, `"lifecycle_state":"PUBLISHED"`, "PATCH", path, `{"lifecycle_state":"PUBLISHED",`+v+`}`)
	s.want(400, "does not become a DRAFT again", "PATCH", path, `{"lifecycle_state":"DRAFT"}`)
	s.want(200, `"lifecycle_state":"UNPUBLISHED"`, "PATCH", path, `{"lifecycle_state":"UNPUBLISHED"}`)
	s.want(400, "not a multiple", "PATCH", path, `{"unit_multiplier":3}`)
}

// TestFaireTokens repeats what creates, with the same body and with others.
func TestFaireTokens(t *testing.T) {
	s := openShop(t, Options{})
	first := s.want(201, "", "POST", "/products", tee("a", "PUBLISHED"))
	again := s.want(201, "", "POST", "/products", strings.ReplaceAll(tee("a", "PUBLISHED"), "\n", "\r\n "))
	if first != again {
		t.Errorf("the same token and body got first\n%s\nthen\n%s", first, again)
	}
	s.want(400, `\"a\" came with another body before`, "POST", "/products", having(t, tee("a", "PUBLISHED"), "name", "Blouse"))
	s.want(400, `variants[0].idempotence_token: \"a-S\" came with another body`, "POST", "/products",
		having(t, tee("b", "PUBLISHED"), "variants.0.idempotence_token", "a-S"))

	var p good
	if err := json.Unmarshal([]byte(first), &p); err != nil {
		t.Fatal(err)
	}
	path := "/products/" + p.ID
	s.want(400, "variants[0].idempotence_token: is required", "PATCH", path, `{"variants":[`+having(t, sized("a", "L", "PUBLISHED"), "idempotence_token", nil)+`]}`)
	large := s.want(201, `"name":"Red / L"`, "POST", path+"/variants", sized("a", "L", "PUBLISHED"))
	if again := s.want(201, "", "POST", path+"/variants", sized("a", "L", "PUBLISHED")); again != large {
		t.Errorf("a variant's token got first\n%s\nthen\n%s", large, again)
	}
	s.want(400, "came with another body", "POST", path+"/variants", sized("a", "L", "DRAFT"))
	s.want(200, "", "PATCH", path, `{"variants":[`+sized("a", "L", "PUBLISHED")+`]}`)
	s.want(400, "came with another body", "PATCH", path, `{"name":"Blouse","variants":[`+sized("a", "L", "DRAFT")+`]}`)
	s.want(200, `"name":"Shirt"`, "GET", path, "")

	record := s.Record()
	if n := len(record.Resources["faire/variants"].Entities); n != 3 {
		t.Errorf("%d variants are stored, want 3", n)
	}
	if diff := cmp.Diff([]string{"a", "a-L"}, record.TokensReused); diff != "" {
		t.Errorf("tokens reused (-want +got):\n%s", diff)
	}
	applied := map[string]int{}
	for _, request := range record.Log {
		for _, a := range request.Applied {
			applied[a.ID]++
		}
	}
	var l variant
	if err := json.Unmarshal([]byte(large), &l); err != nil {
		t.Fatal(err)
	}
	if applied[p.ID] != 2 || applied[l.ID] != 1 || applied[p.Variants[0].ID] != 1 {
		t.Errorf("applied %v, want the product twice and its variants once", applied)
	}

	s.want(204, "", "DELETE", path, "")
	s.want(201, `"lifecycle_state":"DELETED"`, "POST", "/products", tee("a", "PUBLISHED"))
	if n := len(s.Record().Resources["faire/products"].Entities); n != 1 {
		t.Errorf("%d products are stored, want 1", n)
	}
}

// TestFairePages lists more products than fit a page, and again after one has changed.
func TestFairePages(t *testing.T) {
	now := noon
	s := openShop(t, Options{Now: func() time.Time { return now }})
	var want []string
	for i := range 120 {
		now = now.Add(time.Second)
		want = append(want, s.create(tee(fmt.Sprint("t", i), "PUBLISHED")).ID)
	}
	ids := func(query string) (ids []string) {
		t.Helper()
		var list struct{ Products []good }
		s.get("/products"+query, &list)
		for _, p := range list.Products {
			ids = append(ids, p.ID)
		}
		return ids
	}
	compare := func(what string, want, got []string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	compare("first page", want[:50], ids(""))
	compare("second page", want[50:100], ids("?page=2"))
	compare("last page", want[100:], ids("?page=2&limit=100"))
	compare("behind the last", nil, ids("?page=9&limit=250"))
	now = now.Add(time.Second)
	s.want(200, "", "PATCH", "/products/variants/inventory-levels-by-skus", `{"inventories":[{"sku":"t3-S","current_quantity":1}]}`)
	s.want(204, "", "DELETE", "/products/"+want[5], "")
	live := append(append(append([]string{}, want[:3]...), want[4]), want[6:]...)
	compare("a change moves to the end", append(live, want[3]), ids("?limit=250"))
	compare("deleted ones too", append(live, want[3], want[5]), ids("?limit=250&include_deleted=true"))
	compare("since", []string{want[119], want[3]}, ids("?updated_at_min="+stamp(noon.Add(120*time.Second))))
	compare("since, with an offset", []string{want[119], want[3]}, ids("?updated_at_min=2026-03-14T14:02:00%2B02:00"))
	compare("by SKU", []string{want[7]}, ids("?sku=t7-M"))
	compare("by SKU in another case", nil, ids("?sku=T7-M"))
	for query, part := range map[string]string{
		"?limit=49": "from 50 to 250", "?limit=251": "from 50 to 250", "?limit=x": "limit", "?limit=%2B50": "limit", "?page=0": "page", "?page=": "page",
		"?updated_at_min=2026-03-14": "updated_at_min", "?updated_at_min=2026-03-14T14:02:00+02:00": "updated_at_min",
		"?include_deleted=yes": "include_deleted", "?updated_since=1": "no such query parameter", "?page=1&page=2": "twice",
	} {
		s.want(400, part, "GET", "/products"+query, "")
	}
}
