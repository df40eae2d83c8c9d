package sandbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pack is a prepack of a product's first variants.
func pack(token string, p good, quantities ...int) string {
	var items []string
	for i, quantity := range quantities {
		items = append(items, fmt.Sprintf(`{"variant_id":"%s","quantity":%d}`, p.Variants[i].ID, quantity))
	}
	return fmt.Sprintf(`{"idempotence_token":"%s","name":"Pack","items":[%s]}`, token, strings.Join(items, ","))
}

// dressed is the tee in all its sizes, S, M and L in red, and S in blue.
func (s shop) dressed(token string) good {
	blue := strings.Replace(sized(token+"-blue", "S", "PUBLISHED"), `"Red"`, `"Blue"`, 1)
	body := tee(token, "PUBLISHED")
	return s.create(strings.Replace(body, `],"images"`, ","+sized(token, "L", "PUBLISHED")+","+blue+`],"images"`, 1))
}

func TestFairePrepackRules(t *testing.T) {
	s := openShop(t, Options{})
	p := s.dressed("a")
	path := "/products/" + p.ID + "/prepacks"
	items := func(ids ...int) string {
		var q good
		for _, id := range ids {
			q.Variants = append(q.Variants, p.Variants[id])
		}
		return pack(fmt.Sprint(ids), q, []int{2, 1, 2, 1}[:len(ids)]...)
	}
	other := s.create(having(t, having(t, having(t, tee("b", "DRAFT"), "variant_option_sets.1.name", "size"), "variants.0.options.0.name", "size"),
		"variants.1.options.0.name", "size"))
	for _, c := range []struct {
		name   string
		status int
		part   string
		path   string
		body   string
	}{
		{"all sizes", 201, `"description":"2-1-2; S-L"`, path, items(0, 1, 2)},
		{"two sizes", 201, `"description":"2-1; M-L"`, path, items(1, 2)},
		{"one size", 201, `"description":"2; L"`, path, items(2)},
		{"a size left out", 400, "without gaps", path, items(0, 2)},
		{"the largest first", 400, "in its order", path, items(2, 1, 0)},
		{"a size twice", 400, "in its order", path, items(0, 0)},
		{"two colors", 400, `here Color is \"Blue\" and not \"Red\"`, path, items(0, 3)},
		{"no items", 400, "at least 1", path, items()},
		{"another product's variant", 400, "items[0].variant_id: the product has no variant", path, pack("o", other, 1)},
		{"none of a size", 400, "from 1", path, strings.Replace(items(0, 1), `"quantity":2`, `"quantity":0`, 1)},
		{"too many", 400, "too many", path, strings.Replace(items(0, 1), `"quantity":2`, `"quantity":9000000000`, 1)},
		{"no name", 400, "name: is required", path, having(t, items(0), "name", nil)},
		{"no token", 400, "idempotence_token: is required", path, having(t, items(0), "idempotence_token", nil)},
		{"a description", 400, "no such field", path, having(t, items(0), "description", "2; S")},
		{"size in small letters", 400, `\"Size\" can have prepacks`, "/products/" + other.ID + "/prepacks", pack("p", other, 1)},
		{"no product", 404, "no product", "/products/p_0/prepacks", items(0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := s
			in.t = t
			in.want(c.status, c.part, "POST", c.path, c.body)
		})
	}
}

// TestFairePrepacks follows the prepacks of a product through their life.
func TestFairePrepacks(t *testing.T) {
	now := noon
	s := openShop(t, Options{Now: func() time.Time { return now }})
	p := s.dressed("a")
	path := "/products/" + p.ID + "/prepacks"
	type list struct{ Prepacks []prepack }
	active := func() (ids []string) {
		var got list
		s.get(path, &got)
		for _, pack := range got.Prepacks {
			ids = append(ids, pack.ID)
		}
		return ids
	}
	first := s.want(201, `"description":"2-1-2; S-L"`, "POST", path, pack("k", p, 2, 1, 2))
	if again := s.want(201, "", "POST", path, pack("k", p, 2, 1, 2)); again != first {
		t.Errorf("the same token and body got first\n%s\nthen\n%s", first, again)
	}
	s.want(400, "came with another body", "POST", path, pack("k", p, 2, 1, 3))
	s.want(400, "came with another body", "POST", "/products/"+s.dressed("b").ID+"/prepacks", pack("k", p, 2, 1, 2))
	s.want(201, `"description":"1-1; S-M"`, "POST", path, pack("l", p, 1, 1))
	both := active()
	if len(both) != 2 {
		t.Fatalf("%d prepacks, want 2", len(both))
	}
	s.want(200, "", "PATCH", "/products/variants/inventory-levels-by-skus", `{"inventories":[{"sku":"a-L","backordered_until":"2026-03-20T00:00:00Z"}]}`)
	if diff := cmp.Diff(both[1:], active()); diff != "" {
		t.Errorf("while L is backordered (-want +got):\n%s", diff)
	}
	s.want(200, "2-1-2", "GET", path+"/"+both[0], "")
	now = noon.AddDate(0, 0, 7)
	if diff := cmp.Diff(both, active()); diff != "" {
		t.Errorf("afterwards (-want +got):\n%s", diff)
	}
	s.want(404, "no prepack", "GET", path+"/pc_0", "")
	s.want(404, "no prepack", "GET", "/products/"+s.dressed("c").ID+"/prepacks/"+both[0], "")
	s.want(405, "", "PATCH", path+"/"+both[0], "{}")
	s.want(204, "", "DELETE", path+"/"+both[0], "")
	s.want(404, "", "DELETE", path+"/"+both[0], "")
	s.want(404, "", "GET", path+"/"+both[0], "")
	s.want(400, "deleted prepacks cannot be re-activated", "POST", path, pack("k", p, 2, 1, 2))
	s.want(201, "2-1-2", "POST", path, pack("k2", p, 2, 1, 2))
	s.want(204, "", "DELETE", "/products/"+p.ID+"/variants/"+p.Variants[2].ID, "")
	if diff := cmp.Diff(both[1:], active()); diff != "" {
		t.Errorf("without L (-want +got):\n%s", diff)
	}
	if n := len(s.Record().Resources["faire/prepacks"].Entities); n != 3 {
		t.Errorf("%d prepacks are kept, want 3 with the deleted one", n)
	}
}
