package fashiontrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// stockResources are those of stock, each with the one that replaces it.
func stockResources() []*vendors.Resource {
	var list []*vendors.Resource
	for _, resource := range []*vendors.Resource{ProductStock, ProductStockV1, PrepackStock} {
		list = append(list, resource, resource.Replace)
	}
	return list
}

// stockRow is a row of product stock.
var stockRow = row{"product_id": "P", "batch_id": "spring", "order_window.start_date": "2026-01-01T00:00:00Z",
	"delivery_window.start_date": "2026-02-01T00:00:00+01:00", "barcode": "111-1", "quantity": "5"}

// prepackRow is a row of prepack stock.
var prepackRow = row{"barcode": "K", "batch_id": "spring", "order_window.start_date": "2026-01-01T00:00:00Z",
	"delivery_window.start_date": "2026-02-01T00:00:00+01:00", "quantity": "5"}

func rowOf(resource *vendors.Resource) row {
	if resource.Name == "prepack-stock" {
		return prepackRow
	}
	return stockRow
}

func TestStockBodies(t *testing.T) {
	const windows = `"order_window":{"start_date":"2026-01-01T00:00:00Z","type":"OpenEndedDateRange"},` +
		`"delivery_window":{"start_date":"2026-02-01T00:00:00+01:00","type":"OpenEndedDateRange"}`
	const closed = `"order_window":{"start_date":"2026-01-01T00:00:00Z","end_date":"2026-03-01T00:00:00Z","type":"ClosedDateRange"},` +
		`"delivery_window":{"start_date":"2026-02-01T00:00:00+01:00","type":"OpenEndedDateRange"}`
	rows := []row{
		with(stockRow, "barcode", "2", "quantity", "infinite"),
		with(stockRow, "quantity", "007", "countries", "NL|BE|NL", "display_name", "Spring"),
	}
	more := append([]row{with(stockRow, "batch_id", "autumn", "countries", "NONE", "order_window.end_date", "2026-03-01T00:00:00Z")}, rows...)
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		rows     []row
		want     string
	}{
		{"a batch", ProductStock, rows, `{"of":"P","id":"spring","body":{"id":"spring","display_name":"Spring","selector":{"countries":["BE","NL"]},` + windows +
			`,"variants":[{"barcode":"111-1","type":"ExactQuantity","value":7},{"barcode":"2","type":"InfiniteQuantity"}]}}`},
		{"a batch of version 1", ProductStockV1, rows, `{"of":"P","id":"spring","body":{"display_name":"Spring","selector":{"countries":["BE","NL"]},` + windows +
			`,"variants":{"111-1":{"type":"ExactQuantity","value":7},"2":{"type":"InfiniteQuantity"}}}}`},
		{"all batches", ProductStock.Replace, more, `{"of":"P","body":[{"id":"autumn","selector":{"countries":[]},` + closed +
			`,"variants":[{"barcode":"111-1","type":"ExactQuantity","value":5}]},{"id":"spring","display_name":"Spring","selector":{"countries":["BE","NL"]},` +
			windows + `,"variants":[{"barcode":"111-1","type":"ExactQuantity","value":7},{"barcode":"2","type":"InfiniteQuantity"}]}]}`},
		{"all batches of version 1", ProductStockV1.Replace, more, `{"of":"P","body":{"autumn":{"selector":{"countries":[]},` + closed +
			`,"variants":{"111-1":{"type":"ExactQuantity","value":5}}},"spring":{"display_name":"Spring","selector":{"countries":["BE","NL"]},` + windows +
			`,"variants":{"111-1":{"type":"ExactQuantity","value":7},"2":{"type":"InfiniteQuantity"}}}}}`},
		{"a prepack's", PrepackStock, []row{prepackRow}, `{"of":"K","id":"spring","body":{"id":"spring","selector":{},` + windows +
			`,"quantity":{"type":"ExactQuantity","value":5}}}`},
		{"all of a prepack's", PrepackStock.Replace, []row{prepackRow, with(prepackRow, "batch_id", "autumn", "quantity", "infinite")},
			`{"of":"K","body":[{"id":"autumn","selector":{},` + windows + `,"quantity":{"type":"InfiniteQuantity"}},{"id":"spring","selector":{},` + windows +
				`,"quantity":{"type":"ExactQuantity","value":5}}]}`},
	} {
		if e := encoded(t, test.resource, test.rows...); string(e.Body) != test.want {
			t.Errorf("%s: body\n%s, want\n%s (%v)", test.name, e.Body, test.want, e.Problems)
		}
		slices.Reverse(test.rows)
		if e := encoded(t, test.resource, test.rows...); string(e.Body) != test.want {
			t.Errorf("%s, the rows turned around: body\n%s, want\n%s", test.name, e.Body, test.want)
		}
	}
}

// TestBatchesAreJudgedAloneAndTogether finds the same in the parts of a product as in its batches.
func TestBatchesAreJudgedAloneAndTogether(t *testing.T) {
	e := encoded(t, ProductStock.Replace,
		with(stockRow, "countries", "NL"),
		with(stockRow, "batch_id", "autumn", "barcode", "9", "order_window.start_date", ""),
		with(stockRow, "countries", "BE", "barcode", "2"),
		with(stockRow, "batch_id", "autumn", "barcode", "9", "order_window.start_date", ""),
		with(stockRow, "batch_id", "winter", "order_window.end_date", "2025-01-01T00:00:00Z"),
	)
	type finding struct {
		Rule, Field   string
		Record, Other int
	}
	var got []finding
	for _, p := range e.Problems {
		other := p.Other
		if !strings.Contains(p.Message, schema.OtherCell) {
			other = -1
		}
		got = append(got, finding{p.Rule.ID, p.Field, p.Record, other})
	}
	want := []finding{{"required", "order_window.start_date", 1, -1}, {"rows.disagree", "countries", 2, 0},
		{"batch.variant-twice", "barcode", 3, 1}, {"window.order", "order_window.end_date", 4, -1}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestStockUploads(t *testing.T) {
	const v1, v2 = "application/vnd.fashiontrade.product_stock+json; version=1", "application/vnd.fashiontrade.product_stock+json; version=2"
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		row      row
		known    bool
		rehearse bool
		method   string
		target   string
		media    string
		want     vendors.Outcome
	}{
		{"a batch", ProductStock, stockRow, false, false, "PATCH", "/pim/product-stock/P/spring", v2, vendors.Created},
		{"a known one", ProductStock, stockRow, true, false, "PATCH", "/pim/product-stock/P/spring", v2, vendors.Updated},
		{"odd names", ProductStock, with(stockRow, "product_id", "a/b ?", "batch_id", ".."), false, false, "PATCH", "/pim/product-stock/a%2Fb%20%3F/%2E%2E", v2, vendors.Created},
		{"rehearsed", ProductStock, stockRow, false, true, "PATCH", "/pim/product-stock/P/spring?dry_run=true", v2, vendors.Created},
		{"of version 1", ProductStockV1, stockRow, false, false, "PATCH", "/pim/product-stock/P/spring", v1, vendors.Created},
		{"all", ProductStock.Replace, stockRow, true, false, "PUT", "/pim/product-stock/P", v2, vendors.Updated},
		{"all, rehearsed", ProductStockV1.Replace, stockRow, false, true, "PUT", "/pim/product-stock/P?dry_run=true", v1, vendors.Created},
		{"a prepack's", PrepackStock, prepackRow, false, false, "PATCH", "/pim/prepack-stock/K/spring", "application/vnd.fashiontrade.prepack_stock+json; version=1", vendors.Created},
		{"all of a prepack's", PrepackStock.Replace, prepackRow, false, false, "PUT", "/pim/prepack-stock/K", "application/vnd.fashiontrade.prepack_stock+json; version=1", vendors.Created},
	} {
		server := &vendor{answers: []answer{{200, `{}`}}}
		e := encoded(t, test.resource, test.row)
		e.Known = test.known
		if err := test.resource.Upload(context.Background(), clientOf(t, server), vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: 1, Rehearse: test.rehearse}); err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		_, sent, err := readStocked(e.Body)
		want := call{test.method, test.target, test.media, test.media, "Bearer secret", string(sent)}
		if diff := cmp.Diff([]call{want}, server.calls, cmp.AllowUnexported(call{})); err != nil || diff != "" || e.Outcome != test.want {
			t.Errorf("%s: %s, want %s (-want +got)\n%s", test.name, e.Outcome, test.want, diff)
		}
	}
}

// TestStockOnlyCreated stores only what is new; what an earlier attempt stored is known again.
func TestStockOnlyCreated(t *testing.T) {
	client := sandboxClient(t)
	for _, resource := range stockResources() {
		base := with(rowOf(resource), resource.Key, "only-"+resource.Version+resource.Noun.One)
		create := func(attempt int, known bool, cells ...string) (vendors.Outcome, error) {
			e := encoded(t, resource, with(base, cells...))
			e.Known = known
			err := resource.Upload(context.Background(), client, vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: attempt, CreateOnly: true})
			return e.Outcome, err
		}
		refused := func(outcome vendors.Outcome, err error) bool {
			var answer *vendors.APIError
			return errors.As(err, &answer) && answer.Status == 409 && outcome == vendors.Unsettled
		}
		if outcome, err := create(1, false); err != nil || outcome != vendors.Created {
			t.Errorf("%s: a new one: %s, %v", resource.Doc, outcome, err)
		}
		if outcome, err := create(1, false); !refused(outcome, err) {
			t.Errorf("%s: the same at a first attempt: %s, %v", resource.Doc, outcome, err)
		}
		if outcome, err := create(2, false); err != nil || outcome != vendors.Created {
			t.Errorf("%s: the same at a second attempt: %s, %v", resource.Doc, outcome, err)
		}
		if outcome, err := create(2, true); !refused(outcome, err) {
			t.Errorf("%s: one that was there before: %s, %v", resource.Doc, outcome, err)
		}
		if outcome, err := create(2, false, "quantity", "6"); !refused(outcome, err) {
			t.Errorf("%s: another at a second attempt: %s, %v", resource.Doc, outcome, err)
		}
	}
}

// drawStock draws the rows of one owner's batches, right ones in any order.
func drawStock(t *rapid.T, resource *vendors.Resource, batches int) []row {
	name := rapid.StringMatching(`[a-z|\\][a-zA-Zé|\\/%. -]{0,4}[a-z0-9|\\]`)
	owner := name.Draw(t, "owner") + resource.Version // migration goes forward only
	instant := rapid.SampledFrom([]string{"2026-01-01T00:00:00Z", "2026-01-01T00:00:00+01:00", "2026-01-01T00:00:00.25-05:00"})
	quantity := rapid.SampledFrom([]string{"0", "1", "0042", "9223372036854775807", "infinite"})
	var rows []row
	for _, id := range rapid.SliceOfNDistinct(name, 1, batches, rapid.ID).Draw(t, "batches") {
		base := row{resource.Key: owner, "batch_id": id, "order_window.start_date": instant.Draw(t, "start"),
			"delivery_window.start_date": instant.Draw(t, "delivery"),
			"countries":                  rapid.SampledFrom([]string{"", "NONE", "NL", "NL|BE", "GB|AT|NL"}).Draw(t, "countries"),
			"display_name":               rapid.SampledFrom([]string{"", "Spring <2026> & more", `"`}).Draw(t, "name")}
		if rapid.Bool().Draw(t, "closed") {
			base["order_window.end_date"] = "2027-01-01T00:00:00Z"
			base["order_window.type"] = "ClosedDateRange"
		}
		if resource.Name == "prepack-stock" {
			rows = append(rows, with(base, "quantity", quantity.Draw(t, "quantity")))
			continue
		}
		if rapid.IntRange(0, 5).Draw(t, "without variants") == 0 {
			rows = append(rows, with(base, "barcode", "NONE", "quantity", "0"))
			continue
		}
		for _, barcode := range rapid.SliceOfNDistinct(name, 1, 4, rapid.ID).Draw(t, "barcodes") {
			rows = append(rows, with(base, "barcode", barcode, "quantity", quantity.Draw(t, "quantity")))
		}
	}
	return rapid.Permutation(rows).Draw(t, "rows")
}

// keysOf yields keys.
func keysOf(keys ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
}

// TestStockGoesRound sends random stock to the sandbox, reads it back, and makes the same bodies of it.
func TestStockGoesRound(t *testing.T) {
	client := sandboxClient(t)
	rapid.Check(t, func(t *rapid.T) {
		resource := rapid.SampledFrom(stockResources()).Draw(t, "resource")
		batches := 3
		if resource.Part != "" {
			batches = 1
		}
		rows := drawStock(t, resource, batches)
		e, err := encode(resource, rows)
		if err != nil || !e.Sound() {
			t.Fatalf("%v: %v %v", rows, err, e.Problems)
		}
		if err := put(client, resource, e); err != nil {
			t.Fatalf("%s: %v", e.Body, err)
		}
		stored := vendors.Stored{}
		for page, err := range resource.Pages(context.Background(), client, vendors.Listing{Keys: keysOf(rows[0][resource.Key])}) {
			if err != nil {
				t.Fatal(err)
			}
			if at := slices.IndexFunc(page.Entities, func(s vendors.Stored) bool { return s.Key == e.Key }); at >= 0 {
				stored = page.Entities[at]
			}
		}
		goesRound(t, resource, e, stored.Body)
	})
}

// goesRound compares what was sent with what is stored: in one form they are equal, and the rows that are
// made of it give the body that was sent.
func goesRound(t *rapid.T, resource *vendors.Resource, e *vendors.Entity, stored []byte) {
	ours, err := resource.Canonical(e.Body)
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := resource.Canonical(stored)
	if err != nil || !bytes.Equal(ours, theirs) {
		t.Fatalf("sent\n%s, stored\n%s (%v)", ours, theirs, err)
	}
	if again, err := resource.Canonical(ours); err != nil || !bytes.Equal(again, ours) {
		t.Fatalf("the canonical form of\n%s is\n%s (%v)", ours, again, err)
	}
	for _, body := range [][]byte{stored, ours} {
		decoded, err := resource.Decode(body)
		if err != nil {
			t.Fatal(err)
		}
		back, err := encode(resource, decoded)
		if err != nil || back.Key != e.Key {
			t.Fatalf("%v: key %q, want %q (%v)", decoded, back.Key, e.Key, err)
		}
		again, err := resource.Canonical(back.Body)
		if err != nil || !bytes.Equal(again, ours) {
			t.Fatalf("rows %v give\n%s, want\n%s (%v)", decoded, again, ours, err)
		}
		if &body[0] == &stored[0] && !bytes.Equal(back.Body, e.Body) {
			t.Fatalf("rows %v give\n%s, want\n%s", decoded, back.Body, e.Body)
		}
	}
}

func TestPrepacksGoRound(t *testing.T) {
	client := sandboxClient(t)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z][a-zA-Zé|/%. -]{0,4}[a-z0-9]`)
		barcode := name.Draw(t, "barcode")
		var rows []row
		for i, variant := range rapid.SliceOfNDistinct(name, 1, 5, rapid.ID).Draw(t, "variants") {
			rows = append(rows, row{"barcode": barcode, "display_name": "", "product_id": name.Draw(t, "product"), "variant_barcode": variant,
				"quantity": rapid.SampledFrom([]string{"1", "012", "2147483647"}).Draw(t, "quantity")})
			if i == 0 {
				rows[0]["display_name"] = "Six <dresses>"
			}
		}
		e, err := encode(Prepacks, rapid.Permutation(rows).Draw(t, "rows"))
		if err != nil || !e.Sound() {
			t.Fatalf("%v: %v", rows, err)
		}
		if err := put(client, Prepacks, e); err != nil {
			t.Fatalf("%s: %v", e.Body, err)
		}
		for page, err := range Prepacks.Pages(context.Background(), client, vendors.Listing{Keys: keysOf(barcode)}) {
			if err != nil || len(page.Entities) != 1 || page.Entities[0].Key != barcode {
				t.Fatalf("%v %v", page, err)
			}
			goesRound(t, Prepacks, e, page.Entities[0].Body)
		}
	})
}

// TestStockOfAllIsRead lists products and prepacks, and asks for the stock of each; from a page's mark on,
// the rest comes again.
func TestStockOfAllIsRead(t *testing.T) {
	client := sandboxClient(t)
	client.Account.Workers = 4
	for i := range owners {
		for _, parent := range []*vendors.Entity{encoded(t, Products, with(dress, "product_id", owner(i))),
			encoded(t, Prepacks, with(Prepacks.Example[0], "barcode", owner(i)))} {
			resource := Products
			if parent.Records[0].Layout.Column("variant_barcode") >= 0 {
				resource = Prepacks
			}
			if err := put(client, resource, parent); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, resource := range stockResources() {
		stockIsRead(t, client, resource)
		today := url.Values{"current_date": {client.Now().UTC().Format(time.DateOnly)}} // the next one begins anew
		if _, err := client.Do(context.Background(), vendors.Request{Method: "DELETE", Path: "/" + resource.Name, Query: today}); err != nil {
			t.Fatal(err)
		}
	}
}

// owners is how many products and prepacks there are: more than a page of stock asks for.
const owners = vendors.KeysInPage + 5

func owner(i int) string { return fmt.Sprintf("own|er/%02d", i) }

func stockIsRead(t *testing.T, client *vendors.Client, resource *vendors.Resource) {
	t.Helper()
	wanted := map[string]bool{}
	for i := range owners {
		if i%3 == 1 {
			continue // has no stock
		}
		e := encoded(t, resource, with(rowOf(resource), resource.Key, owner(i)))
		if err := put(client, resource, e); err != nil {
			t.Fatal(err)
		}
		wanted[e.Key] = true
	}
	read := func(ask vendors.Listing) (keys, marks []string) {
		for page, err := range resource.Pages(context.Background(), client, ask) {
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.Entities {
				keys = append(keys, e.Key)
			}
			marks = append(marks, page.Next)
		}
		return keys, marks
	}
	all, marks := read(vendors.Listing{})
	if len(all) != len(wanted) || len(marks) != 2 || marks[1] != "" {
		t.Errorf("%s: %d of %d keys, pages %q", resource.Doc, len(all), len(wanted), marks)
	}
	rest, _ := read(vendors.Listing{Cursor: marks[0]})
	if diff := cmp.Diff(all[len(all)-len(rest):], rest); diff != "" || len(rest) != 3 {
		t.Errorf("%s: from %q on (-want +got)\n%s", resource.Doc, marks[0], diff)
	}
	var known []string
	for key, err := range resource.Known(context.Background(), client) {
		if err != nil || !wanted[key] {
			t.Errorf("%s: %q is known, %v", resource.Doc, key, err)
		}
		known = append(known, key)
	}
	if diff := cmp.Diff(all, known); diff != "" {
		t.Errorf("%s: known (-listed +known)\n%s", resource.Doc, diff)
	}
	some, marks := read(vendors.Listing{Keys: keysOf(owner(2), owner(1), "nobody", owner(0))})
	if len(some) != 2 || len(marks) != 1 {
		t.Errorf("%s: by key %q, pages %q", resource.Doc, some, marks)
	}
	var many []string
	for i := range owners {
		many = append(many, owner(i))
	}
	byKey, marks := read(vendors.Listing{Keys: keysOf(many...)})
	if diff := cmp.Diff(all, byKey); diff != "" || len(marks) != 2 {
		t.Errorf("%s: all by key, pages %q (-want +got)\n%s", resource.Doc, marks, diff)
	}
	rest, _ = read(vendors.Listing{Keys: keysOf(many...), Cursor: marks[0]})
	if diff := cmp.Diff(all[len(all)-3:], rest); diff != "" {
		t.Errorf("%s: by key from %q on (-want +got)\n%s", resource.Doc, marks[0], diff)
	}
}

func TestStockPagesThatFail(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name    string
		ask     vendors.Listing
		answers []answer
		want    string
	}{
		{"the list of products", vendors.Listing{}, []answer{{500, "down"}}, "500"},
		{"one product's stock", vendors.Listing{Keys: keysOf("P")}, []answer{{500, "down"}}, "500"},
		{"no list", vendors.Listing{Keys: keysOf("P")}, []answer{{200, `5`}}, "not the vendor's"},
		{"a batch without an id", vendors.Listing{Keys: keysOf("P")}, []answer{{200, `{"items":[{"variants":[]}]}`}}, "has no id"},
		{"a batch that is none", vendors.Listing{Keys: keysOf("P")}, []answer{{200, `{"items":[5]}`}}, "is not a stock batch"},
		{"a cursor of something else", vendors.Listing{Cursor: "x@y"}, nil, "is not a number"},
		{"keys that break", vendors.Listing{Keys: func(yield func(string, error) bool) { yield("", broken) }}, nil, "broken"},
	} {
		for _, resource := range []*vendors.Resource{ProductStock, ProductStock.Replace} {
			if resource.Part == "" && test.name == "a batch without an id" {
				continue // it is compared whole
			}
			var got error
			for _, err := range resource.Pages(context.Background(), clientOf(t, &vendor{answers: test.answers}), test.ask) {
				got = err
			}
			if got == nil || !strings.Contains(got.Error(), test.want) {
				t.Errorf("%s: error %v, want one with %q", test.name, got, test.want)
			}
		}
	}
	for page, err := range ProductStock.Pages(context.Background(), clientOf(t, &vendor{answers: []answer{{404, "none"}}}), vendors.Listing{Keys: keysOf("P")}) {
		if err != nil || len(page.Entities) > 0 || page.Next != "" {
			t.Errorf("no stock: %v, %v", page, err)
		}
	}
}

func TestDroppedBatchesAreNamed(t *testing.T) {
	for _, resource := range []*vendors.Resource{ProductStock.Replace, ProductStockV1.Replace} {
		sent := encoded(t, resource, stockRow, with(stockRow, "batch_id", "autumn"))
		for body, want := range map[string][]string{
			`{"of":"P","body":{"items":[{"id":"winter"},{"id":"spring"},{"id":"summer"}]}}`: {"summer", "winter"},
			`{"of":"P","body":{"summer":{},"autumn":{}}}`:                                   {"summer"},
			`{"of":"P","body":{"items":[]}}`:                                                nil,
		} {
			got, err := resource.Drops([]byte(body), sent.Body)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%s: %v (-want +got)\n%s", body, err, diff)
			}
		}
		if _, err := resource.Drops([]byte(`{"of":"P","body":5}`), sent.Body); err == nil {
			t.Error("a body that is none is taken")
		}
	}
	if ProductStock.Drops != nil || PrepackStock.Drops != nil {
		t.Error("storing one batch drops others")
	}
}

// TestStockRefusalsAreTraced has the sandbox refuse bodies that were spoilt on the way.
func TestStockRefusalsAreTraced(t *testing.T) {
	client := sandboxClient(t)
	rows := []row{with(stockRow, "display_name", "Spring"), with(stockRow, "barcode", "222-2", "quantity", "0"),
		with(stockRow, "batch_id", "winter", "countries", "NL", "order_window.end_date", "2027-01-01T00:00:00Z")}
	for _, test := range []struct {
		resource *vendors.Resource
		rows     []row
		old, new string
		record   int
		field    string
	}{
		{ProductStock, rows[:2], `"value":0`, `"value":-1`, 1, "quantity"},
		{ProductStock, rows[:2], `"ExactQuantity","value":5`, `"NoQuantity","value":5`, 0, "quantity"},
		{ProductStock, rows[:2], `"222-2"`, `"111-1"`, 0, "barcode"},
		{ProductStock, rows[2:], `"NL"`, `"UK"`, 0, "countries"},
		{ProductStock, rows[2:], `2027-01-01T00:00:00Z`, `2025-01-01T00:00:00Z`, 0, "order_window.end_date"},
		{ProductStock, rows[2:], `2026-02-01T00:00:00+01:00`, `2026-02-01`, 0, "delivery_window.start_date"},
		{ProductStockV1, rows[:2], `"value":0`, `"value":-1`, 1, "quantity"},
		{ProductStock.Replace, rows, `"NL"`, `"UK"`, 2, "countries"},
		{ProductStock.Replace, rows, `"value":0`, `"value":-1`, 1, "quantity"},
		{ProductStockV1.Replace, rows, `"NL"`, `"UK"`, 2, "countries"},
		{ProductStockV1.Replace, rows, `2027-01-01T00:00:00Z`, `2025-01-01T00:00:00Z`, 2, "order_window.end_date"},
		{PrepackStock, []row{prepackRow}, `"value":5`, `"value":0.5`, 0, "quantity"},
		{Prepacks, []row{with(Prepacks.Example[0]), with(Prepacks.Example[1], "display_name", "")}, `"quantity":4`, `"quantity":0`, 1, "quantity"},
		{Prepacks, []row{with(Prepacks.Example[0]), with(Prepacks.Example[1], "display_name", "")}, `"Linen midi dress, assortment of 6"`, `""`, 0, "display_name"},
	} {
		e := encoded(t, test.resource, test.rows...)
		if !bytes.Contains(e.Body, []byte(test.old)) {
			t.Fatalf("%s does not hold %s", e.Body, test.old)
		}
		e.Body = bytes.Replace(e.Body, []byte(test.old), []byte(test.new), 1)
		var answer *vendors.APIError
		if err := put(client, test.resource, e); !errors.As(err, &answer) {
			t.Fatalf("%s: %v", e.Body, err)
		}
		if record, field := test.resource.Trace(e, answer.Message); record != test.record || field != test.field {
			t.Errorf("%s: %q is traced to %d, %q, want %d, %q", test.resource.Doc, answer.Message, record, field, test.record, test.field)
		}
	}
	for _, resource := range append(stockResources(), Prepacks) {
		if record, field := resource.Trace(&vendors.Entity{}, "quantity"); record != 0 || field != "" {
			t.Errorf("%s: without records %d, %q", resource.Doc, record, field)
		}
	}
}

func TestQuantities(t *testing.T) {
	for cell, suggestion := range map[string]string{"-1": "", "2.5": "", "12.0": "12", "12,00": "12", "1.000": "", "1,000": "", "12 000": "12000",
		"1 2": "", "+5": "5", "1E+3": "", "Infinite": "infinite", "∞": "infinite", "9223372036854775808": "", " ": "", "٣": "", "--1": "", "1 000 000": "1000000"} {
		if isQuantity([]byte(cell)) {
			t.Errorf("%q is taken", cell)
		}
		if _, got := explainQuantity(cell); got != suggestion {
			t.Errorf("%q: suggestion %q, want %q", cell, got, suggestion)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[0-9]{0,22}`), rapid.String(), rapid.SampledFrom([]string{infinite})).Draw(t, "cell")
		if _, suggestion := explainQuantity(text); suggestion != "" && !isQuantity([]byte(suggestion)) {
			t.Fatalf("%q is suggested for %q, and is wrong", suggestion, text)
		}
		if !isQuantity([]byte(text)) {
			return
		}
		sent, err := json.Marshal(quantityOf([]byte(text)))
		if err != nil {
			t.Fatal(err)
		}
		var back struct {
			Quantity
			Exact *int64 `json:"value"`
		}
		if err := json.Unmarshal(sent, &back); err != nil || (back.Exact == nil) != (text == infinite) || back.Exact != nil && *back.Exact < 0 {
			t.Fatalf("%q is sent as %s (%v)", text, sent, err)
		}
	})
	for number, want := range map[json.Number]json.Number{"5": "5", "5.0": "5", "-0": "0", "5.5": "5.5", "1e3": "1e3", "": "", "99999999999999999999": "99999999999999999999"} {
		if got := canonicalWhole(number); got != want {
			t.Errorf("canonicalWhole(%s) = %s, want %s", number, got, want)
		}
	}
	for _, q := range []struct {
		Quantity
		want string
	}{{Quantity{"ExactQuantity", "5.0"}, "5"}, {Quantity{"InfiniteQuantity", ""}, infinite}, {Quantity{"VagueQuantity", "3"}, "VagueQuantity 3"}} {
		if got := q.cell(); got != q.want {
			t.Errorf("%v is shown as %q, want %q", q.Quantity, got, q.want)
		}
	}
}

func TestStrangeStockIsShown(t *testing.T) {
	rows, err := ProductStock.Decode([]byte(`{"of":"P","id":"b","body":{"id":"b","colour":"red","selector":{"countries":["XX"],"regions":["EU"]},
		"order_window":null,"variants":[{"barcode":"1","type":"VagueQuantity"},{"barcode":"0","value":1.0,"type":"ExactQuantity","note":"n"}]}}`))
	want := []map[string]string{{"product_id": "P", "batch_id": "b", "countries": "XX", "barcode": "0", "quantity": "1", "other.colour": "red",
		"other.selector.regions": `["EU"]`}, {"product_id": "P", "batch_id": "b", "barcode": "1", "quantity": "VagueQuantity"}}
	if diff := cmp.Diff(want, rows); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
	rows, err = ProductStock.Decode([]byte(`{"of":"P","id":"b","body":{"id":"b","variants":[]}}`))
	if err != nil || len(rows) != 1 || rows[0]["batch_id"] != "b" || rows[0]["barcode"] != "NONE" || rows[0]["quantity"] != "0" {
		t.Errorf("an empty batch: %v, %v", rows, err)
	}
}

// TestBatchesWithoutVariants: a batch that the vendor has without variants is a row that can be loaded
// again, and stays what it is.
func TestBatchesWithoutVariants(t *testing.T) {
	const window = `"selector":{},"order_window":{"start_date":"2026-01-01T00:00:00Z","type":"OpenEndedDateRange"},` +
		`"delivery_window":{"start_date":"2026-02-01T00:00:00Z","type":"OpenEndedDateRange"}`
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		stored   string
	}{
		{"an empty list", ProductStock, `{"of":"P","id":"b","body":{"id":"b",` + window + `,"variants":[]}}`},
		{"not said", ProductStock, `{"of":"P","id":"b","body":{"id":"b",` + window + `}}`},
		{"an empty map", ProductStockV1, `{"of":"P","id":"b","body":{` + window + `,"variants":{}}}`},
		{"among others", ProductStock.Replace, `{"of":"P","body":[{"id":"a",` + window + `,"variants":[{"barcode":"1","type":"ExactQuantity","value":2}]},{"id":"b",` +
			window + `,"variants":[]}]}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, err := test.resource.Decode([]byte(test.stored))
			if err != nil {
				t.Fatal(err)
			}
			e, err := encode(test.resource, rows)
			if err != nil || !e.Sound() {
				t.Fatalf("%v: %v %v", rows, err, e.Problems)
			}
			ours, err := test.resource.Canonical(e.Body)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := test.resource.Canonical([]byte(test.stored))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(theirs), string(ours)); diff != "" || !strings.Contains(string(e.Body), `"variants":[]`) && !strings.Contains(string(e.Body), `"variants":{}`) {
				t.Errorf("%s (-theirs +ours)\n%s", e.Body, diff)
			}
		})
	}
}

func FuzzReadStock(f *testing.F) {
	for _, resource := range append(stockResources(), Prepacks) {
		e, err := encode(resource, []row{with(resource.Example[0])})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(e.Body)
	}
	f.Add([]byte(`{"of":"P","body":{"items":[{"id":"a","variants":{"1":{"type":"InfiniteQuantity"}}}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, resource := range append(stockResources(), Prepacks) {
			canonical, err := resource.Canonical(body)
			rows, errRows := resource.Decode(body)
			if (err == nil) != (errRows == nil) {
				t.Fatalf("%s: Canonical: %v, Decode: %v", resource.Doc, err, errRows)
			}
			if err != nil {
				continue
			}
			if again, err := resource.Canonical(canonical); err != nil || !bytes.Equal(again, canonical) {
				t.Fatalf("%s: the canonical form of %s is %s (%v)", resource.Doc, canonical, again, err)
			}
			for _, row := range rows {
				for name := range row {
					if field, _ := resource.Schema.Find(name); field == nil && !strings.HasPrefix(name, "other.") {
						t.Fatalf("%s: column %q is no field's", resource.Doc, name)
					}
				}
			}
		}
	})
}
