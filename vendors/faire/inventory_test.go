package faire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

func TestStockOfARow(t *testing.T) {
	for _, test := range []struct {
		name string
		row  cells
		want string
	}{
		{"a number", cells{"sku": "A", "current_quantity": "10"}, `{"sku":"A","current_quantity":10}`},
		{"none left", cells{"sku": "A", "current_quantity": "0"}, `{"sku":"A","current_quantity":0}`},
		{"not tracked", cells{"sku": "A", "current_quantity": "none"}, `{"sku":"A","current_quantity":null}`},
		{"left alone", cells{"sku": "A", "current_quantity": ""}, `{"sku":"A"}`},
		{"zeros before it", cells{"sku": "007", "current_quantity": "007"}, `{"sku":"007","current_quantity":7}`},
		{"by ID", cells{"product_variant_id": "po_1", "current_quantity": "1"}, `{"product_variant_id":"po_1","current_quantity":1}`},
		{"by both", cells{"sku": "A", "product_variant_id": "po_1"}, `{"sku":"A","product_variant_id":"po_1"}`},
		{"all of it", cells{"sku": "A", "current_quantity": "2147483647", "discontinued": "no", "backordered_until": "2026-01-01T00:00:00+01:00"},
			`{"sku":"A","current_quantity":2147483647,"discontinued":false,"backordered_until":"2026-01-01T00:00:00+01:00"}`},
		{"a time of version 1", cells{"sku": "A", "backordered_until": "20190208T000915.000Z"}, `{"sku":"A","backordered_until":"2019-02-08T00:09:15.000Z"}`},
		{"a time without all of its digits", cells{"sku": "A", "backordered_until": "2026-01-01T5:00:00+01:00"}, `{"sku":"A","backordered_until":"2026-01-01T04:00:00.000Z"}`},
	} {
		if e := encodedRows(t, Inventory, test.row); string(e.Body) != test.want {
			t.Errorf("%s: body %s, want %s (%v)", test.name, e.Body, test.want, found(e))
		}
	}
}

func TestFaultyStock(t *testing.T) {
	for _, test := range []struct {
		name string
		rows []cells
		want []string
	}{
		{"below zero", []cells{{"sku": "A", "current_quantity": "-1"}}, []string{"inventory.quantity 0 current_quantity"}},
		{"a fraction", []cells{{"sku": "A", "current_quantity": "1.5"}}, []string{"inventory.quantity 0 current_quantity"}},
		{"decimals of a program", []cells{{"sku": "A", "current_quantity": "12.0"}}, []string{"inventory.quantity 0 current_quantity -> 12"}},
		{"twelve or twelve thousand", []cells{{"sku": "A", "current_quantity": "12.000"}}, []string{"inventory.quantity 0 current_quantity"}},
		{"a sign", []cells{{"sku": "A", "current_quantity": "+3"}}, []string{"inventory.quantity 0 current_quantity -> 3"}},
		{"another word", []cells{{"sku": "A", "current_quantity": "NULL"}}, []string{"inventory.quantity 0 current_quantity -> none"}},
		{"too much", []cells{{"sku": "A", "current_quantity": "2147483648"}}, []string{"inventory.quantity 0 current_quantity"}},
		{"no name", []cells{{"current_quantity": "1"}}, []string{"inventory.unnamed 0 sku"}},
		{"two rows", []cells{{"sku": "A", "current_quantity": "1"}, {"sku": "A", "current_quantity": "1"}}, []string{"inventory.twice 1 sku"}},
		{"two rows by ID", []cells{{"product_variant_id": "po_1"}, {"product_variant_id": "po_1"}}, []string{"inventory.twice 1 product_variant_id"}},
		{"no ID", []cells{{"product_variant_id": "p_1"}}, []string{"id.shape 0 product_variant_id"}},
		{"no zone", []cells{{"sku": "A", "backordered_until": "2026-01-01"}}, []string{"time.shape 0 backordered_until -> 2026-01-01T00:00:00Z"}},
	} {
		if diff := cmp.Diff(test.want, found(encodedRows(t, Inventory, test.rows...))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestStockComparedWithFaire(t *testing.T) {
	const theirs = `{"sku":"A","product_variant_id":"po_1","current_quantity":5,"backordered_until":"2026-01-01T00:00:00.000Z","sale_state":"FOR_SALE"}`
	held := &vendors.Held{Find: func(name string) (*vendors.Stored, error) {
		switch name {
		case "po_1", skuAlias("A"):
			return &vendors.Stored{Key: "po_1", Body: []byte(theirs)}, nil
		case skuAlias("N"):
			return &vendors.Stored{Key: "po_2", Body: []byte(`{"sku":"N","product_variant_id":"po_2","current_quantity":null,"sale_state":"SALES_PAUSED"}`)}, nil
		case "po_9":
			return &vendors.Stored{Key: "po_9", Aside: true, Body: []byte(`{"product_variant_id":"po_9"}`)}, nil
		case "po_err":
			return nil, errors.New("the disk is gone")
		}
		return nil, nil
	}}
	for _, test := range []struct {
		name string
		row  cells
		want string // body; a rule when it begins with !
	}{
		{"as it is", cells{"sku": "A", "current_quantity": "5"}, ""},
		{"nothing said", cells{"sku": "A"}, ""},
		{"another number", cells{"sku": "A", "current_quantity": "6"}, `{"sku":"A","current_quantity":6}`},
		{"not tracked any more", cells{"sku": "A", "current_quantity": "none"}, `{"sku":"A","current_quantity":null}`},
		{"not tracked before", cells{"sku": "N", "current_quantity": "none"}, ""},
		{"tracked from now on", cells{"sku": "N", "current_quantity": "0"}, `{"sku":"N","current_quantity":0}`},
		{"by both names goes by ID", cells{"sku": "A", "product_variant_id": "po_1", "current_quantity": "0"}, `{"product_variant_id":"po_1","current_quantity":0}`},
		{"the same instant in another zone", cells{"sku": "A", "backordered_until": "2026-01-01T01:00:00+01:00"}, ""},
		{"another instant alone", cells{"sku": "A", "current_quantity": "5", "backordered_until": "2026-01-02T00:00:00Z"},
			`{"sku":"A","backordered_until":"2026-01-02T00:00:00Z"}`},
		{"what is for sale is not discontinued", cells{"sku": "A", "discontinued": "false"}, ""},
		{"what is not for sale may be", cells{"sku": "N", "discontinued": "false"}, `{"sku":"N","discontinued":false}`},
		{"discontinued", cells{"sku": "A", "discontinued": "yes"}, `{"sku":"A","discontinued":true}`},
		{"letter for letter", cells{"sku": "a", "current_quantity": "5"}, "!inventory.unknown 0 sku"},
		{"no such ID", cells{"product_variant_id": "po_7"}, "!inventory.unknown 0 product_variant_id"},
		{"deleted", cells{"product_variant_id": "po_9", "current_quantity": "1"}, "!inventory.unknown 0 product_variant_id"},
		{"two variants", cells{"sku": "B", "product_variant_id": "po_1", "current_quantity": "1"}, "!inventory.other 0 sku -> A"},
	} {
		e := encodedRows(t, Inventory, test.row)
		a := amended(t, Inventory, e, held)
		got := string(e.Body)
		if !e.Sound() {
			got = "!" + strings.Join(found(e), ", ")
		} else if !e.Known || e.ID == "" || (a.Body == nil) != e.Same {
			t.Errorf("%s: known %v as %q", test.name, e.Known, e.ID)
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if _, err := Inventory.Amend(encodedRows(t, Inventory, cells{"product_variant_id": "po_err"}), held); err == nil {
		t.Error("a catalogue that cannot be read goes unnoticed")
	}
}

func TestStockWhereFaireWasNotAsked(t *testing.T) {
	held := unasked(&vendors.Account{})
	e := encodedRows(t, Inventory, cells{"sku": "A", "product_variant_id": "po_1", "current_quantity": "5"})
	if amended(t, Inventory, e, held); string(e.Body) != `{"product_variant_id":"po_1","current_quantity":5}` {
		t.Errorf("body %s", e.Body)
	}
	e = encodedRows(t, Inventory, cells{"sku": "A"})
	if amended(t, Inventory, e, held); !e.Same || !e.Sound() {
		t.Errorf("what says nothing is sent: %s", e.Body)
	}
}

// TestStockAtTheSandbox loads stock by both names, exports it, and finds nothing left to do.
func TestStockAtTheSandbox(t *testing.T) {
	s := openShop(t, sandbox.Options{})
	p := s.shirt("T", "S", "M", "L")
	rows := []cells{
		{"sku": "T-Red-S", "current_quantity": "10"},
		{"product_variant_id": p.Variants[1].ID, "current_quantity": "0", "discontinued": "true"},
		{"sku": "T-Red-L", "current_quantity": "20", "backordered_until": "2036-02-08T00:09:15.000Z"},
		{"sku": "T-Blue-S", "current_quantity": "none"},
	}
	held := s.held(Inventory)
	var entities []*vendors.Entity
	for i, row := range rows {
		e := encodedRows(t, Inventory, row)
		if amended(t, Inventory, e, held); e.Same != (i == 3) {
			t.Errorf("%v: unchanged is %v", row, e.Same)
		}
		if !e.Same {
			entities = append(entities, e)
		}
	}
	before := s.server.Record()
	if err := s.load(Inventory, entities...); err != nil {
		t.Fatal(err)
	}
	after := s.server.Record()
	if got := after.Requests - before.Requests; got != 2 {
		t.Errorf("%d requests, want one for each way to name a variant", got)
	}
	held = s.held(Inventory)
	for _, stored := range exported(t, s.client, Inventory, vendors.Listing{}) {
		decoded, err := Inventory.Decode(stored.Body)
		if err != nil {
			t.Fatal(err)
		}
		e := encodedRows(t, Inventory, decoded[0])
		if amended(t, Inventory, e, held); !e.Same || !e.Sound() {
			t.Errorf("what was exported, %v, is to be changed: %s (%v)", decoded[0], e.Body, found(e))
		}
	}
	for i, want := range map[int]string{0: "10", 1: "0", 2: "20", 3: "none"} {
		stored, err := held.Find(p.Variants[i].ID)
		if err != nil || stored == nil {
			t.Fatalf("variant %d is gone: %v", i, err)
		}
		if level, _ := readStock(stored.Body); level.cell() != want {
			t.Errorf("variant %d has %s, want %s", i, level.cell(), want)
		}
		if Inventory.Stamp(*stored).IsZero() {
			t.Errorf("variant %d has no time of its last change", i)
		}
	}
}

// TestDeletedVariantsAreSetAside continues a catalogue that has a variant which is deleted now.
func TestDeletedVariantsAreSetAside(t *testing.T) {
	s := openShop(t, sandbox.Options{})
	p := s.shirt("T", "S", "M")
	s.call(http.MethodDelete, "/products/"+p.ID+"/variants/"+p.Variants[0].ID, "", nil)
	gone := s.shirt("G", "S")
	s.call(http.MethodDelete, "/products/"+gone.ID, "", nil)
	aside := make(map[string]bool)
	for _, stored := range exported(t, s.client, Inventory, vendors.Listing{Compare: true}) {
		aside[stored.Key] = stored.Aside
		if stored.Aside && len(Inventory.Aliases(stored)) > 0 {
			t.Errorf("deleted variant %s is found by its SKU", stored.Key)
		}
	}
	want := map[string]bool{p.Variants[0].ID: true, p.Variants[1].ID: false, p.Variants[2].ID: false, p.Variants[3].ID: false,
		gone.Variants[0].ID: true, gone.Variants[1].ID: true}
	if diff := cmp.Diff(want, aside); diff != "" {
		t.Errorf("set aside (-want +got):\n%s", diff)
	}
	if list := exported(t, s.client, Inventory, vendors.Listing{}); len(list) != 3 {
		t.Errorf("%d variants are exported, want 3", len(list))
	}
}

// TestOneUnknownSKU splits a call of 100 with one unknown SKU until that stands alone, as the sender does.
func TestOneUnknownSKU(t *testing.T) {
	s := openShop(t, sandbox.Options{})
	sizes := make([]string, 50)
	for i := range sizes {
		sizes[i] = fmt.Sprint(30 + i)
	}
	s.shirt("T", sizes...)
	var entities []*vendors.Entity
	for _, colour := range []string{"Red", "Blue"} {
		for _, size := range sizes {
			e := encodedRows(t, Inventory, cells{"sku": "T-" + colour + "-" + size, "current_quantity": "3"})
			amended(t, Inventory, e, unasked(s.client.Account))
			entities = append(entities, e)
		}
	}
	entities[37] = encodedRows(t, Inventory, cells{"sku": "nobody", "current_quantity": "3"})
	calls, refused := 0, []string(nil)
	var deliver func(part []*vendors.Entity)
	deliver = func(part []*vendors.Entity) {
		calls++
		err := s.load(Inventory, part...)
		var answer *vendors.APIError
		switch {
		case err == nil:
		case !errors.As(err, &answer):
			t.Fatal(err)
		case len(part) == 1:
			refused = append(refused, part[0].Key+" "+answer.Advice)
		default:
			deliver(part[:len(part)/2])
			deliver(part[len(part)/2:])
		}
	}
	deliver(entities)
	if len(refused) != 1 || !strings.HasPrefix(refused[0], "nobody no variant has this SKU") || calls > 15 {
		t.Errorf("refused %q after %d calls", refused, calls)
	}
	stock := 0
	for _, stored := range exported(t, s.client, Inventory, vendors.Listing{}) {
		if level, _ := readStock(stored.Body); level.cell() == "3" {
			stock++
		}
	}
	if stock != 99 {
		t.Errorf("%d variants have stock, want all but the unknown one", stock)
	}
}

// TestStockThatIsNotAnswered settles calls whose answers show fewer variants than were sent, and the
// document's own, which shows another SKU.
func TestStockThatIsNotAnswered(t *testing.T) {
	for _, test := range []struct{ name, answer, want string }{
		{"all of them", `{"variants":[{"id":"po_1","sku":"A"},{"id":"po_2","sku":"B"}]}`, "updated updated"},
		{"the document's", `{"variants":[{"id":"po_123","sku":"A"},{"id":"po_456","sku":"A"}]}`, "updated updated"},
		{"one of them", `{"variants":[{"id":"po_2","sku":"B"}]}`, "refused updated"},
		{"another one, without a SKU", `{"variants":[{"id":"po_9"}]}`, "refused refused"},
		{"others without names", `{"variants":[{"sku":"B"}]}`, "refused refused"},
		{"nothing is told", `{}`, "updated updated"},
		{"nothing is said", ``, "updated updated"},
	} {
		entities := []*vendors.Entity{encodedRows(t, Inventory, cells{"sku": "A", "current_quantity": "1"}),
			encodedRows(t, Inventory, cells{"product_variant_id": "po_2", "current_quantity": "1"})}
		if err := settleStock(entities, []byte(test.answer)); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if got := entities[0].Outcome.String() + " " + entities[1].Outcome.String(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
	if err := settleStock(nil, []byte(`[]`)); err == nil {
		t.Error("a list is taken for an answer")
	}
}

// TestAmendedStockConverges applies what is left of a row to what Faire has: then nothing is left.
func TestAmendedStockConverges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quantity := rapid.SampledFrom([]string{"", "none", "0", "5", "2147483647"})
		until := rapid.SampledFrom([]string{"", "2026-01-01T00:00:00Z", "2026-01-01T01:00:00+01:00", "2026-05-01T00:00:00.5Z"})
		theirs := StockLevel{SKU: "A", VariantID: "po_1", Quantity: json.RawMessage(rapid.SampledFrom([]string{"null", "0", "5"}).Draw(t, "their quantity")),
			BackorderedUntil: timeText(until.Draw(t, "their date")), SaleState: "FOR_SALE"}
		held := &vendors.Held{Find: func(string) (*vendors.Stored, error) {
			body, err := json.Marshal(&theirs)
			return &vendors.Stored{Key: "po_1", Body: body}, err
		}}
		row := cells{"sku": "A", "current_quantity": quantity.Draw(t, "quantity"), "backordered_until": until.Draw(t, "date"),
			"discontinued": rapid.SampledFrom([]string{"", "false"}).Draw(t, "discontinued")}
		e, err := entityOf(Inventory, row)
		if err != nil {
			t.Fatal(err)
		}
		feed := bytes.Clone(e.Body)
		a, err := Inventory.Amend(e, held)
		if err != nil {
			t.Fatal(err)
		}
		if a.Body == nil {
			return
		}
		theirs = *a.After.(*StockLevel)
		e.Body = feed
		if again, err := Inventory.Amend(e, held); err != nil || again.Body != nil {
			t.Fatalf("%v: after %+v there is %+v left (%v)", row, a.Body, again.Body, err)
		}
	})
}

func FuzzDecodeStock(f *testing.F) {
	f.Add([]byte(`{"sku":"A","product_variant_id":"po_1","current_quantity":null,"discontinued":false,"backordered_until":"2019-02-08T00:09:15.000Z"}`))
	f.Add([]byte(`{"sku":"=1+1","current_quantity":1e3}`))
	f.Add([]byte(`{"current_quantity":"5"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := Inventory.Decode(body)
		if err != nil {
			return
		}
		if len(rows) != 1 {
			t.Fatalf("%d rows of one variant", len(rows))
		}
		canonical, err := Inventory.Canonical(body)
		if err != nil {
			t.Fatalf("what can be decoded has no canonical form: %v", err)
		}
		again, err := Inventory.Canonical(canonical)
		if err != nil || !bytes.Equal(canonical, again) {
			t.Fatalf("%s is not the canonical form of itself: %s (%v)", canonical, again, err)
		}
	})
}

func TestStockPagesTellWhatIsWrong(t *testing.T) {
	for _, body := range []string{`{`, `{"id":"p_1","variants":[{"sku":"A"}]}`} {
		if list, err := appendStock(nil, []byte(body), false); err == nil || slices.ContainsFunc(list, func(s vendors.Stored) bool { return s.Key == "" }) {
			t.Errorf("%s: %v, %v", body, list, err)
		}
	}
	if at := stockStamp(vendors.Stored{Body: []byte(`{"updated_at":"2019-03-15T00:09:15.000Z"}`)}); !at.Equal(time.Date(2019, 3, 15, 0, 9, 15, 0, time.UTC)) {
		t.Errorf("stamp %v", at)
	}
}
