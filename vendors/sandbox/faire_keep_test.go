package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestFaireIsKept closes a sandbox with a directory and compares what another one there answers.
func TestFaireIsKept(t *testing.T) {
	dir, now := t.TempDir(), noon
	o := Options{Dir: dir, Now: func() time.Time { return now }}
	s := openShop(t, o)
	p := s.dressed("a")
	q := s.create(tee("b", "DRAFT"))
	s.want(201, "", "POST", "/products/"+p.ID+"/prepacks", pack("k", p, 2, 1))
	s.want(201, "", "POST", "/products/"+p.ID+"/prepacks", pack("l", p, 1, 1))
	var packed struct{ Prepacks []prepack }
	s.get("/products/"+p.ID+"/prepacks", &packed)
	s.want(204, "", "DELETE", "/products/"+p.ID+"/prepacks/"+packed.Prepacks[0].ID, "")
	s.want(200, "", "PATCH", "/products/variants/inventory-levels-by-skus", `{"inventories":[{"sku":"a-S","current_quantity":9,"discontinued":true}]}`)
	s.want(204, "", "DELETE", "/products/"+p.ID+"/variants/"+p.Variants[3].ID, "")
	s.want(204, "", "DELETE", "/products/"+q.ID, "")
	s.want(200, "", "PUT", "/orders/bo_sandbox003/processing", "")
	s.want(200, "", "POST", "/orders/bo_sandbox003/shipments", `{"shipments":[{"carrier":"UPS","tracking_code":"1"}]}`)
	s.want(200, "", "POST", "/orders/bo_sandbox001/items/availability",
		`{"availabilities":{"oi_abc":{"available_quantity":0,"backordered_until":"2026-05-15T00:10:00Z"}}}`)
	paths := []string{"/products?include_deleted=true", "/products/" + p.ID, "/products/" + p.ID + "/prepacks", "/orders", "/orders?page=2"}
	var before []string
	for _, path := range paths {
		before = append(before, s.want(200, "", "GET", path, ""))
	}
	entities := s.Record().Resources
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	again := openShop(t, o)
	for i, path := range paths {
		if got := again.want(200, "", "GET", path, ""); got != before[i] {
			t.Errorf("%s was\n%s\nand is\n%s", path, before[i], got)
		}
	}
	for name, resource := range again.Record().Resources {
		if diff := cmp.Diff(entities[name].Entities, resource.Entities); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	again.want(201, `"lifecycle_state":"DELETED"`, "POST", "/products", tee("b", "DRAFT"))
	again.want(400, "came with another body", "POST", "/products", tee("b", "PUBLISHED"))
	again.want(400, "came with another body", "POST", "/products/"+p.ID+"/variants", sized("a", "S", "DRAFT"))
	again.want(400, "deleted prepacks", "POST", "/products/"+p.ID+"/prepacks", pack("k", p, 2, 1))
	again.want(200, `"sale_state":"SALES_PAUSED"`, "PATCH", "/products/variants/inventory-levels-by-skus", `{"inventories":[{"sku":"a-S","current_quantity":10}]}`)
	now = now.Add(time.Second)
	again.want(201, "", "POST", "/products", tee("c", "DRAFT"))
	var list struct{ Products []good }
	again.get("/products", &list)
	if len(list.Products) != 2 || list.Products[1].Token != "c" {
		t.Errorf("a new product is not the last: %v", list)
	}
}

// TestFaireReset empties a sandbox with products and changed orders.
func TestFaireReset(t *testing.T) {
	s := openShop(t, Options{})
	p := s.create(tee("a", "PUBLISHED"))
	s.want(200, `"state":"PROCESSING"`, "PUT", "/orders/bo_sandbox003/processing", "")
	if err := s.Reset(Options{}); err != nil {
		t.Fatal(err)
	}
	s.want(404, "", "GET", "/products/"+p.ID, "")
	s.want(200, `"products":[]`, "GET", "/products", "")
	s.want(200, `"state":"NEW"`, "GET", "/orders/bo_sandbox003", "")
	s.want(201, `"name":"Blouse"`, "POST", "/products", having(t, tee("a", "PUBLISHED"), "name", "Blouse"))
}

// TestFaireDroppedAnswers creates products, variants and prepacks while every third answer is dropped after the work was
// done, and repeats what was not answered. Nothing may be there twice.
func TestFaireDroppedAnswers(t *testing.T) {
	s := openShop(t, Options{Faults: faulty(t, "drop-after%33"), Seed: 5})
	dropped := 0
	insist := func(path, body string, into any) {
		t.Helper()
		for range 30 {
			answer, text, err := s.try("POST", path, body, "X-FAIRE-ACCESS-TOKEN", "secret", "Content-Type", "application/json")
			if err != nil {
				dropped++
				continue
			}
			if err := json.Unmarshal([]byte(text), into); err != nil || answer.StatusCode != 201 {
				t.Fatalf("%s: %d %s", path, answer.StatusCode, text)
			}
			return
		}
		t.Fatalf("%s: never answered", path)
	}
	for i := range 20 {
		token := fmt.Sprint("t", i)
		var p good
		insist("/products", tee(token, "PUBLISHED"), &p)
		var v variant
		insist("/products/"+p.ID+"/variants", sized(token, "L", "PUBLISHED"), &v)
		insist("/products/"+p.ID+"/prepacks", pack(token+"-pack", p, 1, 2), &prepack{})
	}
	if dropped == 0 {
		t.Fatal("no answer was dropped")
	}
	record := s.Record()
	for resource, want := range map[string]int{"faire/products": 20, "faire/variants": 60, "faire/prepacks": 20} {
		if got := len(record.Resources[resource].Entities); got != want {
			t.Errorf("%d entities of %s, want %d", got, resource, want)
		}
	}
	applied := map[string]int{}
	for _, request := range record.Log {
		for _, a := range request.Applied {
			if applied[a.ID]++; applied[a.ID] > 1 {
				t.Errorf("%s applied %s again", request.Path, a.ID)
			}
		}
	}
	if len(record.TokensReused) > 0 {
		t.Errorf("tokens %q came with other bodies", record.TokensReused)
	}
}

// TestFaireManyAtOnce creates, changes and lists from many clients.
func TestFaireManyAtOnce(t *testing.T) {
	s := openShop(t, Options{})
	var clients sync.WaitGroup
	for client := range 4 {
		clients.Go(func() {
			for i := range 6 {
				token := fmt.Sprintf("t%d", (client*6+i)/2) // each twice
				var p good
				if err := json.Unmarshal([]byte(s.want(201, "", "POST", "/products", tee(token, "PUBLISHED"))), &p); err != nil {
					t.Error(err)
					continue
				}
				s.want(200, "", "PATCH", "/products/variants/inventory-levels-by-skus",
					fmt.Sprintf(`{"inventories":[{"sku":"%s-S","current_quantity":%d}]}`, token, client))
				s.want(201, "", "POST", "/products/"+p.ID+"/prepacks", pack(token, p, 1, 1))
				s.want(200, "", "GET", "/products?limit=250&include_deleted=true", "")
				s.want(200, "", "GET", "/products/"+p.ID+"/prepacks", "")
				s.want(200, "", "GET", "/orders", "")
			}
		})
	}
	clients.Wait()
	resources := s.Record().Resources
	if p, v, k := len(resources["faire/products"].Entities), len(resources["faire/variants"].Entities), len(resources["faire/prepacks"].Entities); p != 12 || v != 24 || k != 12 {
		t.Errorf("%d products, %d variants and %d prepacks, want 12, 24 and 12", p, v, k)
	}
}

// TestFaireOrderOfChanges changes and deletes products at will and compares the list with the changes that were made.
func TestFaireOrderOfChanges(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		now := noon
		f := newWholesale(t, func() time.Time { return now })
		var want []string
		for range rapid.IntRange(0, 24).Draw(r, "changes") {
			now = now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(r, "seconds")) * time.Second)
			token := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(r, "product")
			id := newID("p_", token)
			switch {
			case !slices.Contains(want, id):
				f.call("POST", "products", tee(token, "PUBLISHED"))
				if f.products[id].LifecycleState == "DELETED" { // its token is used up
					continue
				}
			case rapid.Bool().Draw(r, "delete"):
				f.call("DELETE", "products/"+id, "")
				want = slices.DeleteFunc(want, func(other string) bool { return other == id })
				continue
			default:
				f.call("PATCH", "products/"+id, `{"name":"Blouse"}`)
			}
			want = append(slices.DeleteFunc(want, func(other string) bool { return other == id }), id)
		}
		var list struct{ Products []good }
		if err := json.Unmarshal(f.call("GET", "products", ""), &list); err != nil {
			r.Fatal(err)
		}
		var got []string
		for _, p := range list.Products {
			got = append(got, p.ID)
		}
		if !slices.Equal(got, want) {
			r.Fatalf("the list is %q, want %q", got, want)
		}
		if !slices.IsSortedFunc(list.Products, func(a, b good) int { return slices.Compare([]byte(a.UpdatedAt), []byte(b.UpdatedAt)) }) {
			r.Fatal("the list is not in the order of updated_at")
		}
	})
}

// TestFaireManyChanges changes one product of two so often that the order of changes is cleaned of earlier ones.
func TestFaireManyChanges(t *testing.T) {
	f := newWholesale(t, func() time.Time { return noon })
	for _, token := range []string{"a", "b"} {
		f.call("POST", "products", tee(token, "PUBLISHED"))
	}
	for range 300 {
		f.call("PATCH", "products/"+newID("p_", "a"), `{"name":"Blouse"}`)
	}
	if len(f.order) > 2*2+64 {
		t.Errorf("%d changes are held for two products", len(f.order))
	}
	var list struct{ Products []good }
	if err := json.Unmarshal(f.call("GET", "products", ""), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Products) != 2 || list.Products[0].Token != "b" || *list.Products[1].Name != "Blouse" {
		t.Errorf("the list is %+v", list.Products)
	}
}

// TestFaireDamagedStore answers 500 when what was kept is not what Faire's part keeps.
func TestFaireDamagedStore(t *testing.T) {
	for _, name := range []string{"products", "variants", "prepacks", "orders"} {
		f := newWholesale(t, func() time.Time { return noon })
		if _, err := f.stores[name].put("x", 2, []byte(`[]`), false); err != nil {
			t.Fatal(err)
		}
		f.load()
		if body := string(f.call("GET", "brands/profile", "")); !strings.Contains(body, "read the sandbox's "+strings.TrimSuffix(name, "s")+" x") {
			t.Errorf("%s: the answer is %s", name, body)
		}
	}
}

// newWholesale is Faire's part of a sandbox without the rest.
func newWholesale(t *testing.T, now func() time.Time) *wholesale {
	t.Helper()
	f := &wholesale{stage: &stage{stores: map[string]*store{}, now: now}}
	for _, name := range faire.stores {
		store, err := openStore("", "faire/"+name)
		if err != nil {
			t.Fatal(err)
		}
		f.stores[name] = store
	}
	f.routes = f.makeRoutes()
	f.load()
	return f
}

// call answers a call and returns the body.
func (f *wholesale) call(method, path, body string) []byte {
	return f.answer(&call{method: method, parts: splitPath(path), body: []byte(body),
		header: http.Header{"X-Faire-Access-Token": {"secret"}, "Content-Type": {"application/json"}}}).body
}

func splitPath(path string) []string { return strings.Split(path, "/") }
