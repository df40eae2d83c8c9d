package faire

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bulkload/vendors"
)

// catalogue is a vendor whose products move while they are read: a product that changes goes to the end of the list.
type catalogue struct {
	now      time.Time
	products []listedProduct // in the order of updated_at
	reads    int
	between  func() // called before each page
}

type listedProduct struct {
	ID        string `json:"id"`
	State     string `json:"lifecycle_state"`
	UpdatedAt string `json:"updated_at"`
}

// tick is a later time by so much.
func (c *catalogue) tick(by time.Duration) string {
	c.now = c.now.Add(by)
	return timeText(c.now.Format(time.RFC3339Nano))
}

// touch changes a product.
func (c *catalogue) touch(id, state string, by time.Duration) {
	at := slices.IndexFunc(c.products, func(p listedProduct) bool { return p.ID == id })
	c.products = append(slices.Delete(c.products, at, at+1), listedProduct{id, state, c.tick(by)})
}

// RoundTrip answers a page (faire:197).
func (c *catalogue) RoundTrip(r *http.Request) (*http.Response, error) {
	c.reads++
	if c.between != nil {
		c.between()
	}
	query := r.URL.Query()
	limit, _ := strconv.Atoi(query.Get("limit"))
	page, _ := strconv.Atoi(cmp.Or(query.Get("page"), "1"))
	var found []listedProduct
	for _, p := range c.products {
		if p.UpdatedAt >= query.Get("updated_at_min") && (p.State != "DELETED" || query.Get("include_deleted") == "true") {
			found = append(found, p)
		}
	}
	from := min((page-1)*limit, len(found))
	body, err := json.Marshal(map[string]any{"page": page, "limit": limit, "products": append([]listedProduct{}, found[from:min(from+limit, len(found))]...)})
	if err != nil {
		return nil, err
	}
	return answerOf(body), nil
}

// fill makes products, so many of which are changed at the same time.
func (c *catalogue) fill(count, together int) {
	c.now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := ""
	for i := range count {
		if i%together == 0 {
			at = c.tick(time.Millisecond)
		}
		c.products = append(c.products, listedProduct{fmt.Sprintf("p_%d", i), "PUBLISHED", at})
	}
}

func (c *catalogue) client() *vendors.Client {
	return &vendors.Client{Account: &vendors.Account{BaseURL: "http://faire", Token: vendors.NewSecret("token")}, Authorize: authorize,
		HTTP: &http.Client{Transport: c}, Now: time.Now}
}

// read lists the products, from a cursor on, and stops after so many pages; 0: never. It returns the cursor behind the
// last page, and how often each product was yielded as it is.
func (c *catalogue) read(ask vendors.Listing, most int) (yielded map[string]listedProduct, times map[listedProduct]int, next string, err error) {
	yielded, times = make(map[string]listedProduct), make(map[listedProduct]int)
	read := 0
	for page, err := range pages(context.Background(), c.client(), ask) {
		if err != nil {
			return nil, nil, "", err
		}
		for _, stored := range page.Entities {
			var p listedProduct
			if err := json.Unmarshal(stored.Body, &p); err != nil || stored.Aside != (p.State == "DELETED") {
				return nil, nil, "", fmt.Errorf("%s is set aside: %v, %v", stored.Body, stored.Aside, err)
			}
			yielded[stored.Key] = p
			times[p]++
		}
		next = page.Next
		if read++; read == most {
			break
		}
	}
	return yielded, times, next, nil
}

func TestPagesOfAQuietCatalogue(t *testing.T) {
	for _, test := range []struct{ count, together, reads int }{
		{0, 1, 1}, {1, 1, 1}, {249, 1, 1}, {250, 1, 2}, {251, 1, 2}, {10_000, 1, 41}, {2_500, 5, 11}, {1_500, 1_500, 8},
		{1_000, 1_000, 6}, {500, 250, 5}, {600, 260, 5},
	} {
		t.Run(fmt.Sprintf("%d by %d", test.count, test.together), func(t *testing.T) {
			c := new(catalogue)
			c.fill(test.count, test.together)
			yielded, times, next, err := c.read(vendors.Listing{Compare: true}, 0)
			if err != nil || len(yielded) != test.count || len(times) != test.count || next != "" {
				t.Fatalf("%d products (%d), then %q: %v", len(yielded), len(times), next, err)
			}
			for p, n := range times {
				if n != 1 {
					t.Fatalf("%v was yielded %d times", p, n)
				}
			}
			if c.reads > test.reads {
				t.Errorf("%d reads, want %d", c.reads, test.reads)
			}
		})
	}
}

// TestPagesOfACatalogueThatMoves changes, adds and deletes products while they are read, also between two runs of a
// reading that was cut: every product that is there in the end was yielded, those that changed since the reading began
// perhaps in an earlier form.
func TestPagesOfACatalogueThatMoves(t *testing.T) {
	setChecks(t, 25)
	rapid.Check(t, func(t *rapid.T) {
		c := new(catalogue)
		count := rapid.IntRange(1, 800).Draw(t, "products")
		c.fill(count, rapid.SampledFrom([]int{1, 3, 200, 250, 251, 700}).Draw(t, "together"))
		began := c.now
		compare := rapid.Bool().Draw(t, "compare")
		moves := rapid.IntRange(0, 12).Draw(t, "moves")
		c.between = func() {
			for moves > 0 && rapid.IntRange(0, 2).Draw(t, "move") > 0 {
				moves--
				one := c.products[rapid.IntRange(0, len(c.products)-1).Draw(t, "which")]
				by := time.Millisecond * time.Duration(rapid.IntRange(0, 1).Draw(t, "later"))
				switch rapid.IntRange(0, 3).Draw(t, "what") {
				case 0:
					c.products = append(c.products, listedProduct{fmt.Sprintf("p_new%d", moves), "DRAFT", c.tick(by)})
				case 1:
					c.touch(one.ID, "DELETED", time.Millisecond)
				default:
					c.touch(one.ID, one.State, time.Millisecond)
				}
			}
		}
		yielded, _, next, err := c.read(vendors.Listing{Compare: compare}, rapid.IntRange(0, 4).Draw(t, "pages before it is cut"))
		for err == nil && next != "" {
			var more map[string]listedProduct
			more, _, next, err = c.read(vendors.Listing{Compare: compare, Cursor: next}, 0)
			for id, p := range more {
				yielded[id] = p
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range c.products {
			was, found := yielded[p.ID]
			at, _ := readTime(p.UpdatedAt)
			switch {
			case !found && (compare || p.State != "DELETED") && !at.After(began):
				t.Fatalf("%v was missed among %d", p, count)
			case found && !at.After(began) && was != p:
				t.Fatalf("%v was yielded as %v", p, was)
			}
		}
	})
}

func TestPagesThatLeadAstray(t *testing.T) {
	for _, test := range []struct{ name, body string }{
		{"no list", `{"page": 1}`},
		{"no product", `{"products": [1]}`},
		{"no id", `{"products": [{"name": "x"}]}`},
	} {
		client := answering(func(*http.Request) []byte { return []byte(test.body) })
		var last error
		for _, err := range pages(context.Background(), client, vendors.Listing{}) {
			last = err
		}
		if last == nil {
			t.Errorf("%s: no error", test.name)
		}
	}
	full := func(at func(i int) string) []byte {
		var products []listedProduct
		for i := range 250 {
			products = append(products, listedProduct{fmt.Sprintf("p_%d", i), "DRAFT", at(i)})
		}
		body, err := json.Marshal(map[string]any{"products": products})
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	for name, at := range map[string]func(i int) string{
		"no times": func(int) string { return "" },
		"the filter is not kept, and the pages go round": func(i int) string {
			return time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC).Format(time.RFC3339)
		},
	} {
		reads := 0
		client := answering(func(r *http.Request) []byte {
			reads++
			return full(func(i int) string {
				if reads > 1 && i == 249 {
					return "2025-01-01T00:00:00.000Z"
				}
				return at(i)
			})
		})
		var last error
		for _, err := range pages(context.Background(), client, vendors.Listing{}) {
			last = err
		}
		if last == nil || reads > 3 {
			t.Errorf("%s: %v after %d reads", name, last, reads)
		}
	}
}

func TestPagesByKey(t *testing.T) {
	client := sandboxClient(t)
	e, _ := load(t, client, Products, row{"product_key": "A", "sku": "A", "lifecycle_state": "DRAFT"})
	gone, _ := load(t, client, Products, row{"product_key": "B", "sku": "B", "lifecycle_state": "DRAFT"})
	if err := Products.Delete(context.Background(), client, vendors.Deletion{Key: "B"}); err != nil {
		t.Fatal(err)
	}
	keys := func(yield func(string, error) bool) {
		for _, id := range []string{e.ID, "p_absent", gone.ID} {
			if !yield(id, nil) {
				return
			}
		}
	}
	var found []string
	for page, err := range Products.Pages(context.Background(), client, vendors.Listing{Keys: keys}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, stored := range page.Entities {
			found = append(found, stored.Key)
		}
	}
	if !slices.Equal(found, []string{e.ID}) {
		t.Errorf("found %v, want %s", found, e.ID)
	}
}
