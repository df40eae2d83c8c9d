package faire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/sandbox"
)

func TestPrepackOfRows(t *testing.T) {
	row := cells{"product_id": "p_1", "name": "Pack"}
	for _, test := range []struct {
		name string
		rows []cells
		want string
	}{
		{"one cell", []cells{but(row, "sizes", "S:2 M:1 L:2")}, `{"product_id":"p_1","name":"Pack","items":[
			{"options":[{"name":"Size","value":"L"}],"quantity":2},{"options":[{"name":"Size","value":"M"}],"quantity":1},{"options":[{"name":"Size","value":"S"}],"quantity":2}]}`},
		{"one cell with blanks in sizes", []cells{but(row, "sizes", "X Large: 1, One Size:3;2/3:04")}, `{"product_id":"p_1","name":"Pack","items":[
			{"options":[{"name":"Size","value":"2/3"}],"quantity":4},{"options":[{"name":"Size","value":"One Size"}],"quantity":3},{"options":[{"name":"Size","value":"X Large"}],"quantity":1}]}`},
		{"rows with a colour", []cells{but(row, "option.Size", "S", "option.Color", "Red", "quantity", "2"), but(row, "option.Size", "M", "quantity", "1")},
			`{"product_id":"p_1","name":"Pack","items":[{"options":[{"name":"Color","value":"Red"},{"name":"Size","value":"M"}],"quantity":1},
			{"options":[{"name":"Color","value":"Red"},{"name":"Size","value":"S"}],"quantity":2}]}`},
		{"SKUs and IDs", []cells{but(row, "sku", "B", "quantity", "2"), but(row, "variant_id", "po_1", "quantity", "1"), but(row, "sku", "A", "quantity", "3")},
			`{"product_id":"p_1","name":"Pack","items":[{"sku":"A","quantity":3},{"sku":"B","quantity":2},{"variant_id":"po_1","quantity":1}]}`},
		{"by the product's own number", []cells{{"product_key": "LD-1", "name": "Pack", "id": "pc_1", "sizes": "S:1"}},
			`{"product_key":"LD-1","name":"Pack","id":"pc_1","items":[{"options":[{"name":"Size","value":"S"}],"quantity":1}]}`},
	} {
		e := encodedRows(t, Prepacks, test.rows...)
		want, err := canonicalAnswer([]byte(test.want))
		if err != nil {
			t.Fatal(err)
		}
		got, err := canonicalAnswer(e.Body)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: body\n%s, want\n%s (%v, %v)", test.name, got, want, found(e), err)
		}
	}
}

func TestFaultyPrepacks(t *testing.T) {
	row := cells{"product_id": "p_1", "name": "Pack"}
	for _, test := range []struct {
		name string
		rows []cells
		want []string
	}{
		{"no product", []cells{{"name": "Pack", "sizes": "S:1"}}, []string{"prepack.product 0 product_id"}},
		{"no ID of a product", []cells{{"product_id": "LD-1", "name": "Pack", "sizes": "S:1"}}, []string{"id.shape 0 product_id"}},
		{"no name", []cells{{"product_id": "p_1", "sizes": "S:1"}}, []string{"required 0 name"}},
		{"nothing in it", []cells{row}, []string{"prepack.item 0 quantity", "prepack.item 0 option.Size"}},
		{"no quantity", []cells{but(row, "option.Size", "S")}, []string{"prepack.item 0 quantity"}},
		{"no size", []cells{but(row, "quantity", "1")}, []string{"prepack.item 0 option.Size"}},
		{"none of a size", []cells{but(row, "option.Size", "S", "quantity", "0")}, []string{"prepack.quantity 0 quantity"}},
		{"half a piece", []cells{but(row, "option.Size", "S", "quantity", "1.5")}, []string{"prepack.quantity 0 quantity"}},
		{"both ways", []cells{but(row, "sizes", "S:1", "option.Size", "S", "quantity", "1")}, []string{"prepack.form 0 quantity", "prepack.form 0 option.Size"}},
		{"one cell twice", []cells{but(row, "sizes", "S:1"), but(row, "sizes", "S:1")}, []string{"prepack.form 1 sizes"}},
		{"one size twice", []cells{but(row, "option.Size", "s", "quantity", "1"), but(row, "option.Size", "S", "quantity", "1")}, []string{"prepack.size-twice 1 option.Size"}},
		{"one size twice in a cell", []cells{but(row, "sizes", "S:1 Small:2")}, []string{"prepack.size-twice 0 sizes"}},
		{"one SKU twice", []cells{but(row, "sku", "A", "quantity", "1"), but(row, "sku", "A", "quantity", "1")}, []string{"prepack.size-twice 1 sku"}},
		{"one ID twice", []cells{but(row, "variant_id", "po_1", "quantity", "1"), but(row, "variant_id", "po_1", "quantity", "1")}, []string{"prepack.size-twice 1 variant_id"}},
		{"two colours", []cells{but(row, "option.Size", "S", "option.Color", "Red", "quantity", "1"), but(row, "option.Size", "M", "option.Color", "Blue", "quantity", "1")},
			[]string{"rows.disagree 1 option.Color -> Red"}},
		{"a cell with hyphens", []cells{but(row, "sizes", "S-2 M-1")}, []string{"prepack.sizes 0 sizes -> S:2 M:1"}},
		{"a cell with times", []cells{but(row, "sizes", "2xS, 1xM")}, []string{"prepack.sizes 0 sizes -> S:2 M:1"}},
		{"a cell with brackets", []cells{but(row, "sizes", "S(2)/M(1)")}, []string{"prepack.sizes 0 sizes -> S:2 M:1"}},
		{"a cell of sizes only", []cells{but(row, "sizes", "S M L")}, []string{"prepack.sizes 0 sizes"}},
		{"a cell with nothing of a size", []cells{but(row, "sizes", "S:0")}, []string{"prepack.sizes 0 sizes"}},
		{"a cell that ends early", []cells{but(row, "sizes", "S:2 M:")}, []string{"prepack.sizes 0 sizes"}},
		{"a cell without a size", []cells{but(row, "sizes", ":2")}, []string{"prepack.sizes 0 sizes"}},
		{"a cell that runs on", []cells{but(row, "sizes", "S:2M:1")}, []string{"prepack.sizes 0 sizes"}},
		{"another ID", []cells{but(row, "id", "PC_1", "sizes", "S:1")}, []string{"prepack.id 0 id -> pc_1"}},
	} {
		if diff := cmp.Diff(test.want, found(encodedRows(t, Prepacks, test.rows...))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestPrepackDoesNotDependOnTheOrderOfRows encodes the rows of a prepack in another order.
func TestPrepackDoesNotDependOnTheOrderOfRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []cells
		for _, size := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"XS", "S", "M", "L", "XL", "34", "36"}), 1, 5, rapid.ID).Draw(t, "sizes") {
			row := cells{"product_id": "p_1", "name": "Pack", "quantity": strconv.Itoa(rapid.IntRange(1, 9).Draw(t, "quantity")), "option.Color": "Red"}
			row[rapid.SampledFrom([]string{"option.Size", "sku"}).Draw(t, "by")] = size
			rows = append(rows, row)
		}
		first, err := entityOf(Prepacks, rows...)
		if err != nil || !first.Sound() {
			t.Fatal(err, found(first))
		}
		other, err := entityOf(Prepacks, rapid.Permutation(rows).Draw(t, "order")...)
		if err != nil || !bytes.Equal(first.Body, other.Body) {
			t.Fatalf("%s, in another order %s (%v)", first.Body, other.Body, err)
		}
	})
}

// packShop is a stand-in with a shirt of sizes XS to XL in Red and Blue, loaded under the key LD-1.
func packShop(t *testing.T, o sandbox.Options) (*shop, *Product) {
	s := openShop(t, o)
	return s, s.shirt(productToken("test", "LD-1", 0), "XS", "S", "M", "L", "XL")
}

func TestPrepackAgainstFaire(t *testing.T) {
	s, p := packShop(t, sandbox.Options{})
	candle := new(Product)
	s.call(http.MethodPost, "/products", `{"idempotence_token":"C","name":"Candle","lifecycle_state":"DRAFT",
		"variant_option_sets":[{"name":"size","values":["S"]}],"variants":[{"idempotence_token":"C1","sku":"C-S","options":[{"name":"size","value":"S"}]}]}`, candle)
	gone := s.shirt("G", "S", "M")
	s.call(http.MethodDelete, "/products/"+gone.ID, "", nil)
	held := s.held(Prepacks, p.ID, candle.ID, gone.ID)
	row := cells{"product_id": p.ID, "name": "Pack", "option.Color": "Red"}
	sku := func(variant int) string { return p.Variants[variant].SKU }
	for _, test := range []struct {
		name string
		rows []cells
		want string // the description; a rule when it begins with !
	}{
		{"sizes in another order", []cells{but(row, "sizes", "L:2 S:2 M:1")}, "2-1-2; S-L"},
		{"another spelling", []cells{but(row, "sizes", "small:1 Medium:2")}, "1-2; S-M"},
		{"one size", []cells{but(row, "sizes", "XL:6")}, "6; XL"},
		{"by SKU, whatever the colour says", []cells{but(row, "option.Color", "", "sku", sku(5), "quantity", "1"), but(row, "option.Color", "", "sku", sku(6), "quantity", "3")}, "1-3; XS-S"},
		{"by ID", []cells{but(row, "variant_id", p.Variants[0].ID, "quantity", "1")}, "1; XS"},
		{"a size left out", []cells{but(row, "sizes", "S:1 L:1")}, "!prepack.gap 0 sizes"},
		{"a size left out of rows", []cells{but(row, "option.Size", "XS", "quantity", "1"), but(row, "option.Size", "XL", "quantity", "1")}, "!prepack.gap 0 name"},
		{"no such size", []cells{but(row, "sizes", "L:1 XXL:1")}, "!prepack.variant 0 sizes"},
		{"no such colour", []cells{but(row, "option.Color", "red", "sizes", "L:1")}, "!prepack.variant 0 sizes"},
		{"no such SKU", []cells{but(row, "sku", "nobody", "quantity", "1")}, "!prepack.variant 0 sku"},
		{"a SKU of another product", []cells{but(row, "sku", "C-S", "quantity", "1")}, "!prepack.variant 0 sku"},
		{"no colour", []cells{but(row, "option.Color", "", "sizes", "S:1 M:1")}, "!prepack.colour 0 sizes, prepack.colour 0 sizes"},
		{"two colours", []cells{but(row, "option.Color", "", "sku", sku(0), "quantity", "1"), but(row, "option.Color", "", "sku", sku(6), "quantity", "1")}, "!prepack.colour 0 name"},
		{"a variant by two names", []cells{but(row, "option.Size", "S", "quantity", "1"), but(row, "sku", sku(1), "quantity", "1")}, "!prepack.size-twice 0 name"},
		{"an option that is not named Size", []cells{{"product_id": candle.ID, "name": "Pack", "sizes": "S:1"}}, "!prepack.no-size 0 name"},
		{"no such product", []cells{{"product_id": "p_nobody", "name": "Pack", "sizes": "S:1"}}, "!prepack.no-product 0 product_id"},
		{"a deleted product", []cells{{"product_id": gone.ID, "name": "Pack", "sizes": "S:1", "option.Color": "Red"}}, "!prepack.no-product 0 product_id"},
		{"no such key", []cells{{"product_key": "LD-2", "name": "Pack", "sizes": "S:1"}}, "!prepack.no-product 0 product_key"},
		{"by key", []cells{{"product_key": "LD-1", "name": "Pack", "option.Color": "Blue", "sizes": "S:1 M:1 L:1 XL:1"}}, "1-1-1-1; S-XL"},
		{"by SKU when its key is another", []cells{{"product_key": "LD-9", "name": "Pack", "sku": sku(0), "quantity": "1"}}, "1; XS"},
	} {
		e := encodedRows(t, Prepacks, test.rows...)
		if !e.Sound() {
			t.Fatalf("%s: %v", test.name, found(e))
		}
		a := amended(t, Prepacks, e, held)
		got := "!" + strings.Join(found(e), ", ")
		if e.Sound() {
			got = a.Foretold.Value
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	e := encodedRows(t, Prepacks, but(row, "sizes", "S:1"))
	if amended(t, Prepacks, e, unasked(s.client.Account)); !cmp.Equal(found(e), []string{"prepack.unasked 0 name"}) {
		t.Errorf("where Faire was not asked: %v", found(e))
	}
}

// made amends and creates a prepack, as one run does.
func (s *shop) made(rows ...cells) *vendors.Entity {
	s.t.Helper()
	e := encodedRows(s.t, Prepacks, rows...)
	amended(s.t, Prepacks, e, s.held(Prepacks, cmpOr(rows[0]["product_id"], rows[0]["product_key"])))
	if !e.Sound() {
		s.t.Fatal(found(e))
	}
	if e.Same {
		return e
	}
	if err := s.load(Prepacks, e); err != nil {
		s.t.Fatal(err)
	}
	return e
}

func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func TestPrepacksAtTheSandbox(t *testing.T) {
	s, p := packShop(t, sandbox.Options{})
	row := cells{"product_id": p.ID, "name": "My Red Shirt Prepack", "option.Color": "Red"}
	first := s.made(but(row, "sizes", "S:2 M:1 L:2"))
	if first.Outcome != vendors.Created || !isID([]byte(first.ID), vocabulary.PrepackID) || first.Token == "" || !first.Adds {
		t.Fatalf("%s %q with token %q", first.Outcome, first.ID, first.Token)
	}
	for name, again := range map[string]cells{
		"the same":                         but(row, "sizes", "S:2 M:1 L:2"),
		"the same, by key and in words":    {"product_key": "LD-1", "name": "My Red Shirt Prepack", "option.Color": "Red", "sizes": "Large:2, Medium:1, Small:2"},
		"the same, by its ID":              but(row, "id", first.ID, "sizes", "L:2 M:1 S:2"),
		"what Faire refused to forget yet": but(row, "id", "pc_other", "sizes", "S:2 M:1 L:2"),
	} {
		e := encodedRows(t, Prepacks, again)
		amended(t, Prepacks, e, s.held(Prepacks, cmpOr(again["product_id"], again["product_key"])))
		if !e.Sound() || e.Same == (name == "what Faire refused to forget yet") {
			t.Errorf("%s: unchanged is %v (%v)", name, e.Same, found(e))
		}
	}
	second := encodedRows(t, Prepacks, but(row, "sizes", "S:2 M:2 L:2"))
	amended(t, Prepacks, second, s.held(Prepacks, p.ID))
	if diff := cmp.Diff([]string{"prepack.beside 0 name"}, found(second)); diff != "" || second.Token == first.Token {
		t.Errorf("a second one of the name (-want +got):\n%s", diff)
	}
	if err := s.load(Prepacks, second); err != nil || second.ID == first.ID {
		t.Fatalf("%v: %s beside %s", err, second.ID, first.ID)
	}
	changed := encodedRows(t, Prepacks, but(row, "id", first.ID, "sizes", "S:9 M:9"))
	amended(t, Prepacks, changed, s.held(Prepacks, p.ID))
	if diff := cmp.Diff([]string{"prepack.fixed 0 id"}, found(changed)); diff != "" {
		t.Errorf("a change of the first (-want +got):\n%s", diff)
	}
	s.exportsAgain(p)
	s.deletes(p, first.ID, second.ID)
}

// exportsAgain loads what is exported: nothing is left to do.
func (s *shop) exportsAgain(p *Product) {
	s.t.Helper()
	list := exported(s.t, s.client, Prepacks, vendors.Listing{})
	if len(list) != 2 {
		s.t.Fatalf("%d prepacks are exported, want 2", len(list))
	}
	for _, stored := range list {
		rows, err := Prepacks.Decode(stored.Body)
		if err != nil || len(rows) != 3 || rows[0]["description"] == "" || rows[0]["sku"] != p.Variants[1].SKU {
			s.t.Fatalf("decoded %v, %v", rows, err)
		}
		e := encodedRows(s.t, Prepacks, rows...)
		amended(s.t, Prepacks, e, s.held(Prepacks, p.ID))
		if !e.Same || !e.Sound() || e.ID != stored.Key {
			s.t.Errorf("what was exported is to be sent: %s (%v)", e.Body, found(e))
		}
	}
}

// deletes takes two prepacks of one name away, and makes the first one again.
func (s *shop) deletes(p *Product, first, second string) {
	s.t.Helper()
	ctx := context.Background()
	name := "My Red Shirt Prepack"
	var answer *vendors.APIError
	for _, d := range []struct {
		vendors.Deletion
		status int
	}{
		{vendors.Deletion{Key: p.ID, Part: name}, http.StatusConflict},
		{vendors.Deletion{Key: p.ID, Part: "nobody"}, http.StatusNotFound},
		{vendors.Deletion{Key: "LD-1", Part: name}, http.StatusBadRequest},
		{vendors.Deletion{Key: p.ID, Part: "pc_nobody"}, http.StatusNotFound},
	} {
		if err := deletePrepack(ctx, s.client, d.Deletion); !errors.As(err, &answer) || answer.Status != d.status {
			s.t.Errorf("%v: %v, want status %d", d.Deletion, err, d.status)
		}
	}
	if err := deletePrepack(ctx, s.client, vendors.Deletion{Key: p.ID}); err == nil {
		s.t.Error("a prepack without a name is deleted")
	}
	for _, part := range []string{second, name} {
		if err := deletePrepack(ctx, s.client, vendors.Deletion{Key: p.ID, Part: part}); err != nil {
			s.t.Error(err)
		}
	}
	again := s.made(cells{"product_id": p.ID, "name": name, "option.Color": "Red", "sizes": "S:2 M:1 L:2"})
	if again.Outcome != vendors.Created || again.ID == first {
		s.t.Errorf("what was deleted is %s again as %s, which was %s", again.Outcome, again.ID, first)
	}
}

// TestPrepackWhoseAnswerWasLost sends a prepack again: the token makes it the same one.
func TestPrepackWhoseAnswerWasLost(t *testing.T) {
	faults, err := sandbox.ParseFaults("drop-after@2")
	if err != nil {
		t.Fatal(err)
	}
	s, p := packShop(t, sandbox.Options{Faults: faults})
	e := encodedRows(t, Prepacks, cells{"product_id": p.ID, "name": "Pack", "option.Color": "Red", "sizes": "S:1 M:1"})
	amended(t, Prepacks, e, s.held(Prepacks, p.ID))
	var lost *vendors.TransportError
	if err := s.load(Prepacks, e); !errors.As(err, &lost) {
		t.Fatalf("the answer was not lost: %v", err)
	}
	if err := s.load(Prepacks, e); err != nil || e.Outcome != vendors.Created {
		t.Fatalf("%v, %s", err, e.Outcome)
	}
	if list := exported(t, s.client, Prepacks, vendors.Listing{}); len(list) != 1 || list[0].Key != e.ID {
		t.Errorf("%d prepacks, want the one", len(list))
	}
	if reused := s.server.Record().TokensReused; len(reused) > 0 {
		t.Errorf("tokens came with two bodies: %v", reused)
	}
}

// TestPrepacksAreReadWithFewRequests counts what reading takes: few products one by one, many by their list,
// and prepacks only of those that are named and can have any.
func TestPrepacksAreReadWithFewRequests(t *testing.T) {
	s, p := packShop(t, sandbox.Options{})
	other := s.shirt("B", "S", "M")
	many := make([]string, fewProducts+1)
	for i := range many {
		many[i] = "p_nobody" + strconv.Itoa(i)
	}
	for _, test := range []struct {
		name string
		keys []string
		want int64
	}{
		{"one by its ID", []string{p.ID}, 2},
		{"one that is not there", []string{"p_nobody"}, 1},
		{"one by its key", []string{"LD-1"}, 2},
		{"a key that is not there", []string{"LD-2"}, 1},
		{"more than a few", append(many, other.ID), 2},
		{"none", nil, 0},
	} {
		before := s.server.Record().Requests
		s.held(Prepacks, test.keys...)
		if got := s.server.Record().Requests - before; got != test.want {
			t.Errorf("%s: %d requests, want %d", test.name, got, test.want)
		}
	}
}

// TestProductFoundBySKUOnly has prepacks that were not read.
func TestProductFoundBySKUOnly(t *testing.T) {
	s := openShop(t, sandbox.Options{})
	p := s.shirt("made elsewhere", "S", "M")
	e := encodedRows(t, Prepacks, cells{"product_key": "LD-1", "name": "Pack", "sku": p.Variants[0].SKU, "quantity": "1"})
	amended(t, Prepacks, e, s.held(Prepacks, "LD-1"))
	if diff := cmp.Diff([]string{"prepack.product-id 0 product_key -> " + p.ID}, found(e)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestExportOfPrepacksGoesOn begins at the cursor of each page.
func TestExportOfPrepacksGoesOn(t *testing.T) {
	s, p := packShop(t, sandbox.Options{})
	s.made(cells{"product_id": p.ID, "name": "Pack", "option.Color": "Red", "sizes": "S:1 M:1"})
	ids := slices.Repeat([]string{"p_nobody"}, 30)
	ids = append(ids, p.ID)
	ask := vendors.Listing{Keys: slicesAll(ids)}
	var pages []vendors.Page
	for page, err := range Prepacks.Pages(t.Context(), s.client, ask) {
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, page)
	}
	if len(pages) != 2 || pages[0].Next != "25" || len(pages[1].Entities) != 1 {
		t.Fatalf("pages %+v", pages)
	}
	ask.Cursor = pages[0].Next
	if list := exported(t, s.client, Prepacks, ask); len(list) != 1 {
		t.Errorf("%d prepacks behind the first page", len(list))
	}
	for _, cursor := range []string{"x", "-1", "99"} {
		ask.Cursor = cursor
		for _, err := range Prepacks.Pages(t.Context(), s.client, ask) {
			if err == nil {
				t.Errorf("cursor %q is taken", cursor)
			}
		}
	}
}

func slicesAll(list []string) func(func(string, error) bool) {
	return func(yield func(string, error) bool) {
		for _, key := range list {
			if !yield(key, nil) {
				return
			}
		}
	}
}

func FuzzSizes(f *testing.F) {
	for _, seed := range []string{"S:2 M:1 L:2", "X Large: 1, One Size:3", "2xS", ":1", "S:", "S:1:2", "S:999999999999", " S : 1 ", "2/3:4"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		var sizes []string
		whole := eachSize([]byte(cell), func(size, quantity []byte) bool {
			if len(size) == 0 || !isPieces(quantity) {
				t.Fatalf("%q has size %q with %q pieces", cell, size, quantity)
			}
			sizes = append(sizes, string(size)+":"+string(quantity))
			return true
		})
		if whole != isSizes([]byte(cell)) {
			t.Fatalf("%q is read and not read", cell)
		}
		if again := strings.Join(sizes, " "); whole && !isSizes([]byte(again)) {
			t.Fatalf("%q is read as %q, which is not read", cell, again)
		}
		if _, suggestion := explainSizes(cell); suggestion != "" && !isSizes([]byte(suggestion)) {
			t.Fatalf("%q is suggested for %q, and is wrong", suggestion, cell)
		}
	})
}

func FuzzDecodePrepack(f *testing.F) {
	f.Add([]byte(`{"id":"pc_123","idempotence_token":"df41f1dfa","name":"My Red Shirt Prepack","description":"2-1-2; S-L",
		"items":[{"id":"pci_234","variant_id":"po_d2d1","quantity":2},{"id":"pci_567","variant_id":"po_4r5e","quantity":1}],"created_at":"2019-03-14T00:09:15.000Z"}`))
	f.Add([]byte(`{"items":[{"options":[{"name":"a\nb","value":"c"}]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := Prepacks.Decode(body)
		if err != nil {
			return
		}
		for i, row := range rows {
			for name := range row {
				if field, _ := Prepacks.Schema.Find(name); field == nil && name != "option." {
					t.Fatalf("row %d has column %q, which no field carries", i, name)
				}
			}
		}
		canonical, err := Prepacks.Canonical(body)
		if err != nil {
			t.Fatalf("what can be decoded has no canonical form: %v", err)
		}
		if again, err := Prepacks.Canonical(canonical); err != nil || !bytes.Equal(canonical, again) {
			t.Fatalf("%s is not the canonical form of itself: %s (%v)", canonical, again, err)
		}
	})
}

// TestPrepackRequestIsTheDocuments compares what is sent with the document's sample (faire:1342).
func TestPrepackRequestIsTheDocuments(t *testing.T) {
	e := &vendors.Entity{Records: encodedRows(t, Prepacks, cells{"product_id": "p_1", "name": "x", "sizes": "S:1"}).Records}
	p := &packing{entity: e, held: &vendors.Held{Account: &vendors.Account{Name: "test"}}, wanted: &WantedPrepack{Name: "My Red Shirt Prepack"},
		packed: packedProduct{Product: &Product{ID: "p_1"}}}
	for i, id := range []string{"po_d2d1", "po_4r5e", "po_8ash"} {
		size := []string{"S", "M", "L"}[i]
		p.items = append(p.items, sizeItem{i, &Variant{ID: id, Options: []OptionValue{{"Size", size}}}, []int64{2, 1, 2}[i]})
	}
	a, err := p.create()
	if err != nil {
		t.Fatal(err)
	}
	request := a.Body.(*keptPrepack).Request
	request.Token = "df41f1dfa"
	body, err := json.Marshal(&request)
	want := `{"idempotence_token":"df41f1dfa","name":"My Red Shirt Prepack","items":[{"variant_id":"po_d2d1","quantity":2},` +
		`{"variant_id":"po_4r5e","quantity":1},{"variant_id":"po_8ash","quantity":2}]}`
	if err != nil || string(body) != want || a.After.(*Prepack).Description != "2-1-2; S-L" {
		t.Errorf("%s, want %s (%v)", body, want, err)
	}
}

// TestPrepacksThatAreTakenGoIn draws prepacks of a shirt. What Amend takes, the sandbox takes too, and calls it as was
// foretold; what Amend refuses for a size that is left out, the sandbox refuses as well.
func TestPrepacksThatAreTakenGoIn(t *testing.T) {
	s, p := packShop(t, sandbox.Options{})
	all := []string{"XS", "S", "M", "L", "XL"}
	held := s.held(Prepacks, p.ID)
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		sizes := rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, 5, rapid.ID).Draw(t, "sizes")
		colour := rapid.SampledFrom([]string{"Red", "Blue"}).Draw(t, "colour")
		var rows []cells
		for _, size := range sizes {
			row := cells{"product_id": p.ID, "name": "Pack " + strconv.Itoa(number), "quantity": strconv.Itoa(rapid.IntRange(1, 12).Draw(t, "quantity"))}
			if rapid.Bool().Draw(t, "by SKU") {
				row["sku"] = productToken("test", "LD-1", 0) + "-" + colour + "-" + size
			} else {
				row["option.Size"], row["option.Color"] = size, colour
			}
			rows = append(rows, row)
		}
		e, err := entityOf(Prepacks, rows...)
		if err != nil || !e.Sound() {
			t.Fatal(err, found(e))
		}
		a, err := Prepacks.Amend(e, held)
		if err != nil {
			t.Fatal(err)
		}
		places := make([]int, len(sizes))
		for i, size := range sizes {
			places[i] = slices.Index(all, size)
		}
		whole := slices.Max(places)-slices.Min(places) == len(sizes)-1
		if e.Sound() != whole {
			t.Fatalf("sizes %v: %v", sizes, found(e))
		}
		if !whole {
			slices.Sort(places)
			body := `{"idempotence_token":"gap` + strconv.Itoa(number) + `","name":"Gap","items":[`
			for i, place := range places {
				body += strings.Repeat(",", min(i, 1)) + `{"variant_id":"` + p.Variants[place].ID + `","quantity":1}`
			}
			var refusal *vendors.APIError
			if _, err := send(context.Background(), s.client, http.MethodPost, prepacksPath(p.ID), []byte(body+"]}")); !errors.As(err, &refusal) || refusal.Status != http.StatusBadRequest {
				t.Fatalf("the sandbox takes sizes %v: %v", sizes, err)
			}
			return
		}
		if err := e.Amended(a); err != nil {
			t.Fatal(err)
		}
		if err := s.load(Prepacks, e); err != nil {
			t.Fatalf("%s: %v", e.Body, err)
		}
		var made Prepack
		s.call(http.MethodGet, prepacksPath(p.ID)+"/"+e.ID, "", &made)
		if made.Description != a.Foretold.Value {
			t.Fatalf("it is described as %q, foretold was %q", made.Description, a.Foretold.Value)
		}
	})
}
