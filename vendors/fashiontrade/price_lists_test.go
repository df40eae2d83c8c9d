package fashiontrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// price is a right row with the fewest cells.
var price = row{"price_list_id": "L1", "currency": "EUR", "product_id": "P-1", "recommended_retail_price": "7995",
	"wholesale_price": "3200"}

// prepackPrice is the same of a prepack.
var prepackPrice = row{"price_list_id": "L1", "currency": "EUR", "barcode": "4006381333931",
	"recommended_retail_price": "7995", "wholesale_price": "3200"}

func TestPriceListBody(t *testing.T) {
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		rows     []row
		want     string
	}{
		{"the fewest cells", PriceLists, []row{price},
			`{"id":"L1","selector":{},"prices":[{"selector":{"product_id":"P-1"},"recommended_retail_price":7995,` +
				`"wholesale_price":3200}],"currency":"EUR"}`},
		{"all cells, units, in order", PriceLists, []row{
			with(price, "price_unit", "units", "countries", "NL|BE|NL", "retailer_groups", "B|A", "product_id", "P\"2\"",
				"variant_barcode", "4006381333948", "recommended_retail_price", "79.5", "wholesale_price", "0032.05",
				"wholesale_discounted_price", "0", "validity_window.start_date", "2026-03-01T00:00:00+01:00",
				"validity_window.end_date", "2026-09-01T00:00:00+02:00"),
			with(price, "product_id", "P\"2\"", "recommended_retail_price", "80", "wholesale_price", "+0"),
			with(price, "product_id", "A&B/é", "recommended_retail_price", "0.01", "wholesale_price", "0.00")},
			`{"id":"L1","selector":{"countries":["BE","NL"],"retailer_groups":["A","B"]},"prices":[` +
				`{"selector":{"product_id":"A&B/é"},"recommended_retail_price":1,"wholesale_price":0},` +
				`{"selector":{"product_id":"P\"2\""},"recommended_retail_price":8000,"wholesale_price":0},` +
				`{"selector":{"product_id":"P\"2\"","variant_barcode":"4006381333948"},"recommended_retail_price":7950,` +
				`"wholesale_price":3205,"wholesale_discounted_price":0}],"currency":"EUR","validity_window":` +
				`{"start_date":"2026-03-01T00:00:00+01:00","end_date":"2026-09-01T00:00:00+02:00","type":"ClosedDateRange"}}`},
		{"of no country, open", PriceLists, []row{with(price, "countries", "NONE", "validity_window.start_date", "2026-03-01T00:00:00Z")},
			`{"id":"L1","selector":{"countries":[]},"prices":[{"selector":{"product_id":"P-1"},"recommended_retail_price":7995,` +
				`"wholesale_price":3200}],"currency":"EUR","validity_window":{"start_date":"2026-03-01T00:00:00Z",` +
				`"type":"OpenEndedDateRange"}}`},
		{"of prepacks", PrepackPriceLists, []row{prepackPrice, with(prepackPrice, "barcode", "4006381333924", "recommended_retail_price", "0")},
			`{"id":"L1","selector":{},"prices":[{"selector":{"barcode":"4006381333924"},"recommended_retail_price":0,` +
				`"wholesale_price":3200},{"selector":{"barcode":"4006381333931"},"recommended_retail_price":7995,` +
				`"wholesale_price":3200}],"currency":"EUR"}`},
	} {
		e := entityOf(t, test.resource, test.rows...)
		body, ok := test.resource.Encode(e).(*priceBody)
		if !ok {
			t.Errorf("%s: no body:%s", test.name, listProblems(e))
			continue
		}
		if got := readBody(t, body); got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

func readBody(t testing.TB, body *priceBody) string {
	t.Helper()
	text, err := io.ReadAll(body.Open())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestBodiesAreReadPieceByPiece reads a body of many pieces in odd ways; it is the same each time.
func TestBodiesAreReadPieceByPiece(t *testing.T) {
	var rows []row
	for i := range 2000 {
		rows = append(rows, with(price, "product_id", fmt.Sprintf("P-%d", i)))
	}
	body := PriceLists.Encode(entityOf(t, PriceLists, rows...)).(*priceBody)
	whole := readBody(t, body)
	if len(whole) < 3*pieceSize || !json.Valid([]byte(whole)) {
		t.Fatalf("the body has %d bytes, valid %v", len(whole), json.Valid([]byte(whole)))
	}
	if err := iotest.TestReader(body.Open(), []byte(whole)); err != nil {
		t.Error(err)
	}
	if n := testing.AllocsPerRun(5, func() { io.Copy(io.Discard, body.Open()) }); n > 200 { // the race detector empties pools
		t.Errorf("%v allocations for 2000 prices", n)
	}
}

// drawPriceRows draws the rows of a right price list of either kind.
func drawPriceRows(t *rapid.T, resource *vendors.Resource) []row {
	text := rapid.StringMatching(`[A-Za-z0-9/é"\\ -]{0,6}[A-Za-z0-9é"]`)
	shared := row{"price_list_id": text.Draw(t, "id"), "currency": rapid.SampledFrom([]string{"EUR", "GBP", "CHF"}).Draw(t, "currency")}
	shared["countries"] = strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"NL", "BE", "GB", "DE"}), 0, 3).Draw(t, "countries"), "|")
	shared["retailer_groups"] = schema.JoinItems(rapid.SliceOfN(text, 0, 2).Draw(t, "groups"))
	if rapid.IntRange(0, 9).Draw(t, "nobody") == 0 {
		shared["countries"] = "NONE"
	}
	if rapid.Bool().Draw(t, "window") {
		shared["validity_window.start_date"] = rapid.SampledFrom([]string{"2026-03-01T00:00:00Z", "2026-03-01T00:00:00.5+01:00"}).Draw(t, "start")
		shared["validity_window.end_date"] = rapid.SampledFrom([]string{"", "2026-09-01T00:00:00-05:00"}).Draw(t, "end")
	}
	units := rapid.Bool().Draw(t, "units")
	shared["price_unit"] = map[bool]string{true: "units"}[units]
	amount := rapid.Custom(func(t *rapid.T) string {
		cents := rapid.Int64Range(1, 1e12).Draw(t, "cents")
		if units {
			return big.NewRat(cents, 100).FloatString(2)
		}
		return fmt.Sprint(cents)
	})
	var rows []row
	for i := range rapid.IntRange(1, 6).Draw(t, "prices") {
		one := with(shared, "recommended_retail_price", amount.Draw(t, "rrp"), "wholesale_price", amount.Draw(t, "whs"))
		if rapid.Bool().Draw(t, "discounted") {
			one["wholesale_discounted_price"] = amount.Draw(t, "discount")
		}
		if resource == PrepackPriceLists {
			one["barcode"] = fmt.Sprintf("B-%d", i)
		} else {
			one["product_id"] = text.Draw(t, "product")
			one["variant_barcode"] = fmt.Sprintf("B-%d", i)
		}
		rows = append(rows, one)
	}
	return rows
}

// TestPriceListsGoRound sends random lists to the sandbox, reads them back as rows and encodes these: the
// body is the same, as is its canonical form, whatever the order of the rows was.
func TestPriceListsGoRound(t *testing.T) {
	client := sandboxClient(t)
	for _, resource := range []*vendors.Resource{PriceLists, PrepackPriceLists} {
		rapid.Check(t, func(t *rapid.T) {
			rows := drawPriceRows(t, resource)
			e, err := encode(resource, rapid.Permutation(rows).Draw(t, "order"))
			if err != nil || !e.Sound() {
				t.Fatalf("%v%s", err, listProblems(e))
			}
			if err := put(client, resource, e); err != nil {
				t.Fatalf("%s: %v", e.Body, err)
			}
			stored := only(t, client, resource, e.Key)
			again, err := resource.Decode(stored)
			if err != nil {
				t.Fatal(err)
			}
			back, err := encode(resource, again)
			if err != nil || !back.Sound() {
				t.Fatalf("%v: %v%s", again, err, listProblems(back))
			}
			if !bytes.Equal(back.Body, e.Body) {
				t.Fatalf("%s\ncame back as\n%s", e.Body, back.Body)
			}
			a, errA := resource.Canonical(e.Body)
			b, errB := resource.Canonical(stored)
			if errA != nil || errB != nil || !bytes.Equal(a, b) {
				t.Fatalf("%s, %v\nis not\n%s, %v", a, errA, b, errB)
			}
			ours, errA := resource.Digest(e.Open())
			theirs, errB := resource.Digest(bytes.NewReader(stored))
			if errA != nil || errB != nil || ours != theirs {
				t.Fatalf("%s and %s have two digests: %v, %v", e.Body, stored, errA, errB)
			}
		})
	}
}

// only reads one list by its key.
func only(t *rapid.T, client *vendors.Client, resource *vendors.Resource, key string) []byte {
	keys := func(yield func(string, error) bool) { yield(key, nil) }
	var found []vendors.Stored
	for page, err := range resource.Pages(context.Background(), client, vendors.Listing{Keys: keys}) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, page.Entities...)
	}
	if len(found) != 1 || found[0].Key != key {
		t.Fatalf("%q is found as %v", key, found)
	}
	return found[0].Body
}

// TestAmountsAreExact compares the reading of amounts with rational numbers.
func TestAmountsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[+-]?[0-9]{1,20}(\.[0-9]{1,4})?`).Draw(t, "amount")
		units := rapid.Bool().Draw(t, "units")
		want, _ := new(big.Rat).SetString(strings.TrimPrefix(text, "+"))
		if units {
			want.Mul(want, big.NewRat(100, 1))
		}
		a := parseAmount([]byte(text), units)
		if a.rule == nil && (!want.IsInt() || want.Num().Cmp(big.NewInt(a.cents)) != 0) {
			t.Fatalf("%s, units %v: %d cents, want %s", text, units, a.cents, want)
		}
		_, fraction, _ := strings.Cut(text, ".")
		whole := len(fraction) == 0 || units && len(fraction) <= 2
		fits := want.Num().CmpAbs(big.NewInt(1e18)) < 0
		if whole && fits && a.rule != nil && a.rule != priceDigits || !whole && a.rule != priceWhole {
			t.Fatalf("%s, units %v: %+v", text, units, a)
		}
		if a.rule == priceDigits && whole && want.Num().CmpAbs(big.NewInt(1e16)) < 0 {
			t.Fatalf("%s, units %v, has too many digits?", text, units)
		}
	})
}

func TestPriceListsAreUploaded(t *testing.T) {
	client := sandboxClient(t)
	for _, resource := range []*vendors.Resource{PriceLists, PrepackPriceLists} {
		e := encoded(t, resource, resource.Example...)
		send := func(u vendors.Upload, known bool) (vendors.Outcome, error) {
			u.Entities, e.Known, e.Outcome = []*vendors.Entity{e}, known, vendors.Unsettled
			return e.Outcome, errors.Join(resource.Upload(context.Background(), client, u))
		}
		status := func(err error) int {
			var answer *vendors.APIError
			if errors.As(err, &answer) {
				return answer.Status
			}
			return 0
		}
		if _, err := send(vendors.Upload{Attempt: 1, Rehearse: true}, false); err != nil {
			t.Errorf("%s: rehearsal: %v", resource.Name, err)
		}
		if keys := listed(t, client, resource); len(keys) != 0 {
			t.Errorf("%s: a rehearsal stored %q", resource.Name, keys)
		}
		if _, err := send(vendors.Upload{Attempt: 1, CreateOnly: true}, false); err != nil || e.Outcome != vendors.Created {
			t.Errorf("%s: POST: %s, %v", resource.Name, e.Outcome, err)
		}
		if _, err := send(vendors.Upload{Attempt: 1}, true); err != nil || e.Outcome != vendors.Updated {
			t.Errorf("%s: PUT: %s, %v", resource.Name, e.Outcome, err)
		}
		if _, err := send(vendors.Upload{Attempt: 1, CreateOnly: true}, false); status(err) != http.StatusConflict {
			t.Errorf("%s: POST of a known one: %v", resource.Name, err)
		}
		if _, err := send(vendors.Upload{Attempt: 2, CreateOnly: true}, false); err != nil || e.Outcome != vendors.Created {
			t.Errorf("%s: POST after a lost answer: %s, %v", resource.Name, e.Outcome, err)
		}
		if _, err := send(vendors.Upload{Attempt: 2, CreateOnly: true}, true); status(err) != http.StatusConflict {
			t.Errorf("%s: POST again of what was there before: %v", resource.Name, err)
		}
		e.Body = bytes.Replace(e.Body, []byte(`_price":`), []byte(`_price":1`), 1)
		if _, err := send(vendors.Upload{Attempt: 2, CreateOnly: true}, false); status(err) != http.StatusConflict {
			t.Errorf("%s: POST again of something else: %v", resource.Name, err)
		}
		if keys := listed(t, client, resource); !slices.Equal(keys, []string{"SS26-EUR"}) {
			t.Errorf("%s: known are %q", resource.Name, keys)
		}
	}
}

func listed(t *testing.T, client *vendors.Client, resource *vendors.Resource) []string {
	t.Helper()
	var keys []string
	for key, err := range resource.Known(context.Background(), client) {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	return keys
}

// TestPriceListsAreSpelledOneWay holds bodies that mean the same against each other, and one that does not.
func TestPriceListsAreSpelledOneWay(t *testing.T) {
	canonical := func(body string) string {
		text, err := canonicalPriceList([]byte(body))
		if err != nil {
			t.Fatalf("%s: %v", body, err)
		}
		return string(text)
	}
	const first = `{"id":"A","selector":{"countries":["NL","BE"]},"currency":"EUR","total":0,"validity_window":{"type":"OpenEndedDateRange",` +
		`"start_date":"2026-03-01T01:00:00.0+01:00"},"prices":[{"selector":{"product_id":"b"},"recommended_retail_price":100.0,` +
		`"wholesale_price":90},{"selector":{"product_id":"a"},"recommended_retail_price":100,"wholesale_price":90}]}`
	const second = `{"prices":[{"wholesale_price":90,"recommended_retail_price":100,"selector":{"product_id":"a"}},` +
		`{"selector":{"product_id":"b"},"recommended_retail_price":100,"wholesale_price":90,"wholesale_discounted_price":null}],` +
		`"currency":"EUR","id":"A","selector":{"countries":["BE","NL","NL"],"retailer_groups":null},"fashion_trade_id":"7",` +
		`"validity_window":{"start_date":"2026-03-01T00:00:00Z","type":"OpenEndedDateRange","end_date":null}}`
	if diff := cmp.Diff(canonical(first), canonical(second)); diff != "" {
		t.Error(diff)
	}
	for _, other := range []string{`{"countries":["BE"]}`, `{"countries":[]}`, `{}`, `{"countries":["NL","BE"],"retailer_groups":[]}`} {
		if changed := strings.Replace(first, `{"countries":["NL","BE"]}`, other, 1); canonical(changed) == canonical(first) {
			t.Errorf("%s makes no difference", other)
		}
	}
	for _, body := range []string{``, `[]`, `{"id":7}`, `{"prices":{}}`} {
		if text, err := canonicalPriceList([]byte(body)); err == nil {
			t.Errorf("canonical form of %q is %s", body, text)
		}
		if rows, err := decodePriceList([]byte(body)); err == nil {
			t.Errorf("%q is decoded to %v", body, rows)
		}
	}
}

func TestPriceRefusalsAreTraced(t *testing.T) {
	e := encoded(t, PriceLists, with(price, "product_id", "P-2", "countries", "NL|BE", "validity_window.start_date", "2026-03-01T00:00:00Z"),
		with(price, "product_id", "P-1"), with(price, "product_id", "P-1", "variant_barcode", "4006381333948"))
	for _, test := range []struct {
		message string
		record  int
		field   string
	}{
		{"prices[0].wholesale_price: 0 is less than 1", 1, "wholesale_price"},
		{"prices[1].selector.variant_barcode: unknown", 2, "variant_barcode"},
		{"prices[2].selector: \"P-2\" has a price in this list already", 0, "product_id"},
		{"prices[2].selector.color: there is no such field", 0, "product_id"},
		{"prices[9].wholesale_price: too much", 0, "wholesale_price"},
		{"no variant 4006381333948", 2, "variant_barcode"},
		{"product P-1: the wholesale_price is too low", 1, "wholesale_price"},
		{"currency: \"EUR\" is not taken here", 0, "currency"},
		{"we do not sell in BE", 0, ""},
		{"selector.countries[1]: \"BE\" is not taken", 0, "countries"},
		{"validity_window.start_date: too early", 0, "validity_window.start_date"},
		{"a price list with the same ID already exists", 0, ""},
		{"", 0, ""},
	} {
		if record, field := PriceLists.Trace(e, test.message); record != test.record || field != test.field {
			t.Errorf("%q is traced to %d, %q, want %d, %q", test.message, record, field, test.record, test.field)
		}
	}
	if record, field := PriceLists.Trace(&vendors.Entity{}, "wholesale_price"); record != 0 || field != "" {
		t.Errorf("a list without rows is traced to %d, %q", record, field)
	}
}

func TestPriceListsThatCollide(t *testing.T) {
	claim := func(cells ...string) any {
		return PriceLists.Rivals.Claim(entityOf(t, PriceLists, with(price, cells...)))
	}
	const start, end = "validity_window.start_date", "validity_window.end_date"
	for _, test := range []struct {
		name string
		a, b any
		want string
	}{
		{"always and everywhere", claim(), claim(), "is valid in all countries at the same time as"},
		{"one country", claim("countries", "NL|BE"), claim("countries", "BE|FR"), "is valid in BE at the same time as"},
		{"many countries", claim(), claim("countries", "AD|AE|AF|AG|AI|AL"), "is valid in AD, AE, AF, AG, and others at the same time as"},
		{"other countries", claim("countries", "NL"), claim("countries", "BE"), ""},
		{"no country", claim("countries", "NONE"), claim(), ""},
		{"one after the other", claim(start, "2026-01-01T00:00:00Z", end, "2026-02-01T00:00:00Z"),
			claim(start, "2026-02-01T00:00:00Z"), ""},
		{"an hour at once", claim("countries", "NL", start, "2026-01-01T00:00:00Z", end, "2026-02-01T00:00:00Z"),
			claim(start, "2026-02-01T00:00:00+01:00"), "is valid in NL at the same time as"},
		{"open at one side", claim(start, "2026-01-01T00:00:00Z"), claim(), "is valid in all countries at the same time as"},
		{"other groups", claim("retailer_groups", "A"), claim("retailer_groups", "B|C"), ""},
		{"a common group", claim("retailer_groups", "A|B"), claim("retailer_groups", "B|C"), "is valid in all countries at the same time as"},
		{"a group and all", claim("retailer_groups", "A"), claim(), "is valid in all countries at the same time as"},
		{"no group", claim("retailer_groups", "NONE"), claim(), ""},
	} {
		for _, got := range []string{PriceLists.Rivals.Clash(test.a, test.b), PriceLists.Rivals.Clash(test.b, test.a)} {
			if got != test.want {
				t.Errorf("%s: %q, want %q", test.name, got, test.want)
			}
		}
	}
}
