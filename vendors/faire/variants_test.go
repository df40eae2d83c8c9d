package faire

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
)

// heldParts is what an account has of variants, or of option sets, when it has these products.
func heldParts(t *testing.T, resource *vendors.Resource, products ...string) *vendors.Held {
	t.Helper()
	var page vendors.Page
	for _, body := range products {
		page.Entities = append(page.Entities, stored(t, body))
	}
	if resource == Variants {
		var err error
		if page, err = variantsOf(page, true); err != nil {
			t.Fatal(err)
		}
	}
	return has(resource, page.Entities...)
}

type partCase struct {
	name     string
	rows     []row
	change   func(*vendors.Held)
	want     string
	problems []string
}

func (test *partCase) run(t *testing.T, resource *vendors.Resource) {
	held := heldParts(t, resource, shirt, hat, scarf)
	if test.change != nil {
		test.change(held)
	}
	e := encoded(t, resource, test.rows...)
	if !e.Sound() {
		t.Fatalf("the rows break rules:%s", listProblems(e))
	}
	amendment, err := resource.Amend(e, held)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(test.problems, problems(e)); diff != "" {
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
		got = tokens.ReplaceAllString(string(body), "TOKEN")
	}
	if got != test.want {
		t.Errorf("sends\n\t%s, want\n\t%s", got, test.want)
	}
}

func TestAmendVariants(t *testing.T) {
	blue := row{"product_id": "p_1", "sku": "BM", "option.Color": "Blue", "option.Size": "M", "variant_lifecycle_state": "DRAFT"}
	for _, test := range []partCase{
		{name: "nothing new", rows: []row{{"sku": "RS"}}},
		{name: "by its SKU", rows: []row{{"sku": "RS", "tariff_code": "620442"}}, want: `{"product_id":"p_1","variant_id":"po_1","variant":{"tariff_code":"620442"}}`},
		{name: "by its id, without a SKU", rows: []row{{"variant_id": "po_1", "tariff_code": "620442"}}, want: `{"product_id":"p_1","variant_id":"po_1","variant":{"tariff_code":"620442"}}`},
		{name: "by its id, the SKU is otherwise", rows: []row{{"variant_id": "po_1", "sku": "R-S"}}, want: `{"product_id":"p_1","variant_id":"po_1","variant":{"sku":"R-S"}}`},
		{name: "by its options", rows: []row{with(blue, "option.Color", "Red", "sku", "NEW", "variant_lifecycle_state", "")}, want: `{"product_id":"p_1","variant_id":"po_2","variant":{"sku":"NEW"}}`},
		{name: "the SKU of another", rows: []row{{"variant_id": "po_1", "sku": "HAT"}}, problems: []string{"sku.taken sku#0"}},
		{name: "an unknown id", rows: []row{{"variant_id": "po_7", "sku": "X"}}, problems: []string{"variant_id.unknown variant_id#0"}},
		{name: "of another product", rows: []row{{"sku": "RS", "product_id": "p_2"}}, problems: []string{"variant.elsewhere product_id#0"}},
		{name: "a new one", rows: []row{blue},
			want: `{"product_id":"p_1","variant":{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","sku":"BM","options":[{"name":"Color","value":"Blue"},{"name":"Size","value":"M"}]}}`},
		{name: "a new one without a state", rows: []row{with(blue, "variant_lifecycle_state", "")}, problems: []string{"lifecycle_state.draft variant_lifecycle_state#0"},
			want: `{"product_id":"p_1","variant":{"idempotence_token":"TOKEN","lifecycle_state":"DRAFT","sku":"BM","options":[{"name":"Color","value":"Blue"},{"name":"Size","value":"M"}]}}`},
		{name: "a new one of no product", rows: []row{with(blue, "product_id", "")}, problems: []string{"product.unknown product_id#0"}},
		{name: "a new one of a product that is deleted", rows: []row{with(blue, "product_id", "p_3")}, problems: []string{"product.unknown product_id#0"}},
		{name: "a new one with a new value", rows: []row{with(blue, "option.Size", "XL")}, problems: []string{"option.new option.Size#0"}},
		{name: "a new one with half its options", rows: []row{with(blue, "option.Size", "")}, problems: []string{"option.missing option.Size#0"}},
		{name: "other options", rows: []row{{"sku": "RS", "option.Size": "L"}}, problems: []string{"option.changed option.Size#0"}},
		{name: "back to a draft", rows: []row{{"sku": "RS", "variant_lifecycle_state": "DRAFT"}}, problems: []string{"lifecycle_state.back variant_lifecycle_state#0"}},
		{name: "half a price", rows: []row{{"sku": "RS", "price.CAN.wholesale": "10", "price.CAN.currency": "CAD"}}, problems: []string{"price.half price.CAN.retail#0"}},
		{name: "stock", rows: []row{{"sku": "RS", "available_quantity": "9"}}, problems: []string{"available_quantity.kept available_quantity#0"}},
		{name: "not asked", rows: []row{{"sku": "RS"}}, change: func(h *vendors.Held) { h.Unasked = true }, problems: []string{"id.unasked sku#0"}},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, Variants) })
	}
}

func TestAmendOptionSets(t *testing.T) {
	values := func(option string, values ...string) (rows []row) {
		for _, value := range values {
			rows = append(rows, row{"product_id": "p_1", "option": option, "value": value})
		}
		return rows
	}
	for _, test := range []partCase{
		{name: "nothing new", rows: values("Size", "S", "M", "L")},
		{name: "a value less", rows: values("Color", "Red"),
			want: `{"variant_option_sets":[{"name":"Color","values":["Red"]},{"name":"Size","values":["S","M","L"]}]}`},
		{name: "in the order of the rows", rows: values("Color", "Blue", "Red", "Aqua"),
			want: `{"variant_option_sets":[{"name":"Color","values":["Blue","Red","Aqua"]},{"name":"Size","values":["S","M","L"]}]}`},
		{name: "a value that a variant has", rows: values("Color", "Blue"), problems: []string{"option.in-use value#0"}},
		{name: "a size between others", rows: values("Size", "S", "M", "M/L", "L"), problems: []string{"option.middle value#2"},
			want: `{"variant_option_sets":[{"name":"Color","values":["Red","Blue"]},{"name":"Size","values":["S","M","M/L","L"]}]}`},
		{name: "sizes in another order", rows: values("Size", "L", "M", "S"), problems: []string{"option.middle value#0"},
			want: `{"variant_option_sets":[{"name":"Color","values":["Red","Blue"]},{"name":"Size","values":["L","M","S"]}]}`},
		{name: "sizes at both ends", rows: values("Size", "XS", "S", "M", "L", "XL"),
			want: `{"variant_option_sets":[{"name":"Color","values":["Red","Blue"]},{"name":"Size","values":["XS","S","M","L","XL"]}]}`},
		{name: "another option", rows: values("Colour", "Red"), problems: []string{"option.names option#0"}},
		{name: "no such product", rows: []row{{"product_key": "X", "option": "Size", "value": "S"}}, problems: []string{"product.unknown product_key#0"}},
		{name: "not asked", rows: values("Size", "S"), change: func(h *vendors.Held) { h.Unasked = true }, problems: []string{"id.unasked product_id#0"}},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, OptionSets) })
	}
}

// TestPartsAtTheSandbox loads, changes and deletes variants and option sets of a product.
func TestPartsAtTheSandbox(t *testing.T) {
	client := sandboxClient(t)
	load(t, client, Products, Products.Example...)
	size := func(value string) row { return row{"product_key": "LD-1042", "option": "Size", "value": value} }
	if _, sent := load(t, client, OptionSets, size("S"), size("M"), size("L")); sent == "" {
		t.Error("a new size sends nothing")
	}
	if _, sent := load(t, client, OptionSets, size("S"), size("M"), size("L")); sent != "" {
		t.Errorf("the same sizes again send %s", sent)
	}
	large := row{"product_key": "LD-1042", "sku": "LD-1042-RED-L", "option.Color": "Maraschino", "option.Size": "L", "variant_lifecycle_state": "PUBLISHED",
		"price.USA.wholesale": "28.99", "price.USA.retail": "59.00", "price.USA.currency": "USD", "variant_image_1": "https://images.example.com/l.jpg"}
	e, _ := load(t, client, Variants, large)
	if e.Outcome != vendors.Created || e.ID == "" || e.Token == "" {
		t.Errorf("a new variant: %s, id %q, token %q", e.Outcome, e.ID, e.Token)
	}
	if _, sent := load(t, client, Variants, large); sent != "" {
		t.Errorf("the same variant again sends %s", sent)
	}
	changed, sent := load(t, client, Variants, with(large, "tariff_code", "620442", "variant_image_2", "https://images.example.com/l2.jpg"))
	if changed.Outcome != vendors.Updated || !changed.Adds {
		t.Errorf("a changed variant: %s, adds %v, %s", changed.Outcome, changed.Adds, sent)
	}
	changed.Outcome = vendors.Unsettled
	if err := Variants.ReadBack(context.Background(), client, changed); err != nil || changed.Outcome != vendors.Updated {
		t.Errorf("read back: %s, %v", changed.Outcome, err)
	}
	exportsAreUnchanged(t, client, Variants, 4)
	exportsAreUnchanged(t, client, OptionSets, 1)
	for _, key := range []string{"LD-1042-RED-L", "LD-1042-RED-L"} {
		client.Account.State = new(connection)
		err := Variants.Delete(context.Background(), client, vendors.Deletion{Key: key})
		var refusal *vendors.APIError
		if absent := errors.As(err, &refusal) && refusal.Status == http.StatusNotFound; absent != (e.ID == "gone") || err != nil && !absent {
			t.Errorf("delete: %v", err)
		}
		e.ID = "gone"
	}
}

// exportsAreUnchanged loads what an export shows of each entity, which sends nothing.
func exportsAreUnchanged(t *testing.T, client *vendors.Client, resource *vendors.Resource, want int) {
	t.Helper()
	count := 0
	for page, err := range resource.Pages(context.Background(), client, vendors.Listing{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, stored := range page.Entities {
			rows, err := resource.Decode(stored.Body)
			if err != nil {
				t.Fatal(err)
			}
			count++
			if _, sent := load(t, client, resource, rows...); sent != "" {
				t.Errorf("%s: loaded as it was exported, %s sends %s", resource.Name, stored.Key, sent)
			}
			canonical, err := resource.Canonical(stored.Body)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := resource.Canonical(canonical); err != nil || string(again) != string(canonical) {
				t.Errorf("%s: the canonical form of %s is %s: %v", resource.Name, canonical, again, err)
			}
		}
	}
	if count != want {
		t.Errorf("%s: %d entities, want %d", resource.Name, count, want)
	}
}

func TestDeleteProducts(t *testing.T) {
	client := sandboxClient(t)
	draft := row{"product_key": "A", "sku": "A", "lifecycle_state": "DRAFT"}
	first, _ := load(t, client, Products, draft)
	remove := func(key string) error {
		client.Account.State = new(connection)
		return Products.Delete(context.Background(), client, vendors.Deletion{Key: key})
	}
	if err := remove("A"); err != nil {
		t.Fatal(err)
	}
	var refusal *vendors.APIError
	for _, key := range []string{"A", "B", first.ID} {
		if err := remove(key); !errors.As(err, &refusal) || refusal.Status != http.StatusNotFound {
			t.Errorf("%s is deleted: %v", key, err)
		}
	}
	if err := remove(""); err == nil {
		t.Error("nothing is deleted")
	}
	second, _ := load(t, client, Products, draft)
	if second.Outcome != vendors.Created || second.ID == first.ID || second.Token == first.Token {
		t.Errorf("made anew: %s, %s (%s) after %s (%s)", second.Outcome, second.ID, second.Token, first.ID, first.Token)
	}
	if err := remove(second.ID); err != nil {
		t.Error(err)
	}
}

func TestReadBackOfProducts(t *testing.T) {
	client := sandboxClient(t)
	load(t, client, Products, Products.Example...)
	changes := []row{with(Products.Example[0], "name", "Gown", "image_2", "https://images.example.com/2.jpg", "tariff_code", "061099"),
		with(Products.Example[1]), {"product_key": "LD-1042", "sku": "XL", "option.Color": "Sky", "option.Size": "XL", "variant_lifecycle_state": "DRAFT"}}
	e := encoded(t, Products, changes...)
	amendment, err := Products.Amend(e, heldBy(t, client, Products))
	if err != nil || !e.Sound() || !e.Adds || e.Token != "" {
		t.Fatalf("adds %v, token %q: %v%s", e.Adds, e.Token, err, listProblems(e))
	}
	if err := e.Amended(amendment); err != nil {
		t.Fatal(err)
	}
	if err := Products.ReadBack(context.Background(), client, e); err != nil || e.Outcome != vendors.Unsettled {
		t.Errorf("before it was sent: %s, %v", e.Outcome, err)
	}
	if err := Products.Upload(context.Background(), client, vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: 1}); err != nil {
		t.Fatal(err)
	}
	e.Outcome = vendors.Unsettled
	if err := Products.ReadBack(context.Background(), client, e); err != nil || e.Outcome != vendors.Updated {
		t.Errorf("after it was sent: %s, %v", e.Outcome, err)
	}
}

func TestRefusalsAreTraced(t *testing.T) {
	e := encoded(t, Products, Products.Example...)
	var p Product
	if err := json.Unmarshal(e.Body, &p); err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(p.Variants, func(v Variant) bool { return v.SKU == "LD-1042-BLUE-S" })
	for _, test := range []struct {
		message string
		record  int
		field   string
	}{
		{`variants[` + string(rune('0'+at)) + `].sku: is taken`, 2, "sku"},
		{`variants[` + string(rune('0'+at)) + `].lifecycle_state: no`, 2, "lifecycle_state"},
		{`SKU LD-1042-RED-M is taken`, 1, "sku"},
		{`"Linen midi dress" is no name`, 0, "name"},
		{`minimum_order_quantity is wrong`, 0, "minimum_order_quantity"},
		{`no`, 0, ""},
		{`variants[99].sku`, 0, "sku"},
	} {
		if record, field := Products.Trace(e, test.message); record != test.record || field != test.field {
			t.Errorf("%q is traced to %d, %q; want %d, %q", test.message, record, field, test.record, test.field)
		}
	}
	if record, field := Products.Trace(&vendors.Entity{}, "sku"); record != 0 || field != "" {
		t.Errorf("of nothing: %d, %q", record, field)
	}
}
