package faire

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/sandbox"
)

// documentOrder is the document's sample of an order (faire:1516) without the comma that makes it no
// JSON, its item that of the later sample (faire:1763), its payout costs those of theirs (faire:1960).
const documentOrder = `{"id": "bo_bxdmjbwxid", "display_id": "BXDMJBWXID", "created_at": "2019-03-15T00:09:15.000Z",
"updated_at": "2019-03-15T00:10:00.000Z", "state": "PRE_TRANSIT",
"items": [{"id": "oi_bq425ju5vh", "created_at": "2019-03-15T00:09:15.000Z", "updated_at": "2019-03-15T00:09:15.000Z",
"order_id": "bo_bxdmjbwxid", "product_id": "p_fccaefnahr", "variant_id": "po_3745tjzrpc", "quantity": 1, "sku": "goldenretriever",
"price": {"amount_minor": 10000, "currency": "USD"}, "product_name": "Golden Dog", "variant_name": "retriever", "includes_tester": true,
"tester_price": {"amount_minor": 500, "currency": "USD"}, "discounts": [{"id": "bpc_cjpyaf56ts", "code": "STOCK_UP",
"includes_free_shipping": false, "discount_amount": {"amount_minor": 2000, "currency": "USD"}, "discount_type": "FLAT_AMOUNT"}]},
{"id": "oi_2", "order_id": "bo_bxdmjbwxid", "quantity": 3, "price_cents": 10500, "includes_tester": false, "discounts": []}],
"shipments": [{"id": "s_bq425ju5vh", "order_id": "bo_bxdmjbwxid", "maker_cost_cents": 2300, "carrier": "fedex",
"tracking_code": "94029300101029282", "created_at": "2019-03-15T00:09:15.000Z", "updated_at": "2019-03-15T00:09:15.000Z"}],
"address": {"name": "John Smith", "address1": "41 King Street West", "address2": "3rd Floor", "postal_code": "N2G 1A1",
"city": "Kitchener", "state": "Ontario", "state_code": "ON", "phone_number": "555-123-4567", "country": "Canada", "country_code": "CAN",
"company_name": "Faire Wholesale, Inc"}, "retailer_id": "r_c9385ldj", "ship_after": "2019-03-15T00:09:15.000Z",
"payout_costs": {"payout_fee_cents": 2100, "payout_fee_bps": 300, "commission_cents": 10500, "commission_bps": 1500,
"payout_fee": {"amount_minor" : 2100, "currency": "USD"}, "commission": {"amount_minor" : 10500, "currency": "USD"},
"payout_protection_fee": {"amount_minor" : 1050, "currency": "USD"}, "damaged_and_missing_items" : {"amount_minor" : 0, "currency": "USD"},
"net_tax": {"amount_minor" : 0, "currency": "USD"}, "total_payout": {"amount_minor" : 56350, "currency": "USD"}},
"source": "MARKETPLACE", "payment_initiated_at": "2019-03-16T00:10:34.000Z", "original_order_id": "bo_bg5ude6pmd",
"brand_discounts": [{"id": "bpc_k3w2kb97tp", "code": "SUMMER10", "includes_free_shipping": false, "discount_percentage": 10,
"discount_type": "PERCENTAGE"}, {"id": "bpc_bj6sgz7yzu", "code": "FREE_SHIP", "includes_free_shipping": true, "discount_type": "NONE"}]}`

func TestOrderOfTheDocument(t *testing.T) {
	rows, err := Orders.Decode([]byte(documentOrder))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for name, want := range map[string]string{
		"id": "bo_bxdmjbwxid", "state": "PRE_TRANSIT", "address.state_code": "ON", "address.company_name": "Faire Wholesale, Inc",
		"payout_costs.total_payout.amount_minor": "56350", "payout_costs.net_tax.amount_minor": "0", "payout_costs.commission_bps": "1500",
		"brand_discounts_1.discount_percentage": "10", "brand_discounts_2.includes_free_shipping": "true",
		"shipments_1.carrier": "fedex", "shipments_1.tracking_code": "94029300101029282", "shipments_1.maker_cost_cents": "2300",
		"items.id": "oi_bq425ju5vh", "items.price.amount_minor": "10000", "items.tester_price.currency": "USD", "items.includes_tester": "true",
		"items.discounts_1.discount_amount.amount_minor": "2000", "items.discounts_1.code": "STOCK_UP",
	} {
		if rows[0][name] != want {
			t.Errorf("%s is %q, want %q", name, rows[0][name], want)
		}
	}
	want := cells{"id": "bo_bxdmjbwxid", "items.id": "oi_2", "items.order_id": "bo_bxdmjbwxid", "items.quantity": "3", "items.price_cents": "10500",
		"items.includes_tester": "false"}
	if diff := cmp.Diff(want, rows[1]); diff != "" {
		t.Errorf("second row (-want +got):\n%s", diff)
	}
	for name := range rows[0] {
		if field, _ := Orders.Schema.Find(name); field == nil {
			t.Errorf("no field carries %s", name)
		}
	}
}

// TestWhatTheDocumentDoesNotKnowIsKept decodes an order with members of another time.
func TestWhatTheDocumentDoesNotKnowIsKept(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 9) + "1" + strings.Repeat("}", 9)
	rows, err := Orders.Decode([]byte(`{"id":"bo_1","state":"LOST","note":"=1+1","gift":{"wrap":true,"tags":["a|b","c"]},"items":"none",
		"a\nb":1,"big":12345678901234567890.50,"deep":` + deep + `,"mixed":[{"x":1},2]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []map[string]string{{"id": "bo_1", "state": "LOST", "other.note": "=1+1", "other.gift.wrap": "true", `other.gift.tags`: `a\|b|c`,
		"other.items": "none", "other": `{"other.a\nb":"1"}`, "other.big": "12345678901234567890.50", "other.deep.a.a.a.a.a": `{"a":{"a":{"a":{"a":1}}}}`,
		"other.mixed_1.x": "1", "other.mixed_2": "2"}}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	long := `{"id":"bo_1","shipments":[` + strings.TrimSuffix(strings.Repeat(`{"id":"s"},`, mostListed+1), ",") + `]}`
	if rows, err := Orders.Decode([]byte(long)); err != nil || len(rows[0]) != 2 || !strings.HasPrefix(rows[0]["other.shipments"], `[{"id":"s"}`) {
		t.Errorf("a list that is too long makes %d columns (%v)", len(rows[0]), err)
	}
	for _, body := range []string{"", "[]", "7", `{"id"`} {
		if rows, err := Orders.Decode([]byte(body)); err == nil {
			t.Errorf("%q is decoded as %v", body, rows)
		}
	}
}

func FuzzDecodeOrder(f *testing.F) {
	f.Add([]byte(documentOrder))
	f.Add([]byte(`{"id":"bo_1","items":[1,null,{"x":{}}],"items.id":"collides","":{"":""}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := Orders.Decode(body)
		if err != nil {
			return
		}
		for i, row := range rows {
			for name, text := range row {
				field, _ := Orders.Schema.Find(name)
				if field == nil && name != "other" && !strings.HasPrefix(name, "other.") || text == "" {
					t.Fatalf("row %d has column %q with %q", i, name, text)
				}
			}
		}
		if again, err := Orders.Decode(body); err != nil || !cmp.Equal(rows, again) {
			t.Fatalf("decoded otherwise the second time: %v", err)
		}
		canonical, err := Orders.Canonical(body)
		if err != nil {
			t.Fatalf("what can be decoded has no canonical form: %v", err)
		}
		if again, err := Orders.Canonical(canonical); err != nil || !bytes.Equal(canonical, again) {
			t.Fatalf("%s is not the canonical form of itself", canonical)
		}
	})
}

func TestOrdersAtTheSandbox(t *testing.T) {
	s := openShop(t, sandbox.Options{})
	ids := func(ask vendors.Listing) map[string]bool {
		set := make(map[string]bool)
		for _, stored := range exported(t, s.client, Orders, ask) {
			set[stored.Key] = true
		}
		return set
	}
	all := ids(vendors.Listing{})
	if len(all) != 60 {
		t.Errorf("%d orders, want 60", len(all))
	}
	for _, stored := range exported(t, s.client, Orders, vendors.Listing{}) {
		rows, err := Orders.Decode(stored.Body)
		if err != nil {
			t.Fatal(err)
		}
		for name := range rows[0] {
			if strings.HasPrefix(name, "other") {
				t.Errorf("order %s has %s", stored.Key, name)
			}
		}
	}
	for _, filter := range []struct {
		query url.Values
		want  int
	}{
		{url.Values{"excluded_states": {"NEW,DELIVERED,CANCELED"}}, 60 - 20 - 8 - 3},
		{url.Values{"excluded_states": {"DELIVERED,BACKORDERED,CANCELED"}, "limit": {"7"}, "page": {"9"}}, 60 - 14},
		{url.Values{"updated_at_min": {"2036-01-01T00:00:00+01:00"}}, 0},
		{url.Values{"created_at_min": {"2025-09-01T09:00:00Z"}}, 60},
		{url.Values{"ship_after_max": {"2025-08-01T00:00:00Z"}}, 15},
	} {
		if got := len(ids(vendors.Listing{Query: filter.query})); got != filter.want {
			t.Errorf("%v: %d orders, want %d", filter.query, got, filter.want)
		}
	}
	for page := range Orders.Pages(t.Context(), s.client, vendors.Listing{}) {
		if page.Next == "" {
			break
		}
		rest := ids(vendors.Listing{Cursor: page.Next})
		for _, e := range page.Entities {
			rest[e.Key] = true
		}
		if len(rest) != 60 {
			t.Errorf("%d orders when the list is gone on with", len(rest))
		}
		break
	}
}

// movingList is a server of a list in the order of updated_at, of which elements change while it is read.
type movingList struct {
	elements []updatedElement
	change   func(*movingList) // after each page
	pages    int
}

func (l *movingList) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, _ := strconv.Atoi(query.Get("limit"))
	page, _ := strconv.Atoi(query.Get("page"))
	l.pages++
	slices.SortStableFunc(l.elements, func(a, b updatedElement) int { return strings.Compare(a.UpdatedAt, b.UpdatedAt) })
	var fit []updatedElement
	for _, e := range l.elements {
		if e.UpdatedAt >= query.Get("updated_at_min") {
			fit = append(fit, e)
		}
	}
	fit = fit[min(len(fit), (page-1)*limit):min(len(fit), page*limit)]
	_ = json.NewEncoder(w).Encode(map[string]any{"page": page, "limit": limit, "orders": append([]updatedElement{}, fit...)})
	if l.change != nil {
		l.change(l)
	}
}

// listAgainst reads a list from a handler.
func listAgainst(handler http.Handler, limit int) (ids []string, err error) {
	server := httptest.NewServer(handler)
	defer server.Close()
	client := &vendors.Client{HTTP: server.Client(), Now: time.Now, Account: &vendors.Account{BaseURL: server.URL},
		Authorize: func(*http.Request, *vendors.Account) error { return nil }}
	list := orderList
	list.limit = limit
	for page, err := range list.pages(context.Background(), client, vendors.Listing{}) {
		if err != nil {
			return ids, err
		}
		for _, e := range page.Entities {
			ids = append(ids, e.Key)
		}
	}
	return ids, nil
}

// instantAt is a time as Faire writes it.
func instantAt(n int) string {
	return time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format("2006-01-02T15:04:05.000Z")
}

// TestNoElementIsMissedWhileOthersMove reads lists of which elements move to the end while they are read.
func TestNoElementIsMissedWhileOthersMove(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &movingList{}
		times := rapid.IntRange(1, 40).Draw(t, "times")
		for i := range rapid.IntRange(0, 40).Draw(t, "elements") {
			l.elements = append(l.elements, updatedElement{ID: fmt.Sprint("bo_", i), UpdatedAt: instantAt(i % times)})
		}
		moves := rapid.SliceOfN(rapid.IntRange(0, 39), 0, 10).Draw(t, "moves")
		now := 100
		l.change = func(l *movingList) {
			if len(moves) > 0 && len(l.elements) > 0 {
				now++
				l.elements[moves[0]%len(l.elements)].UpdatedAt = instantAt(now)
				moves = moves[1:]
			}
		}
		want := len(l.elements)
		ids, err := listAgainst(l, rapid.IntRange(2, 10).Draw(t, "limit"))
		slices.Sort(ids)
		if got := len(slices.Compact(ids)); err != nil || got != want {
			t.Fatalf("%d elements of %d (%v)", got, want, err)
		}
	})
}

// TestATieThatMoves has orders of one time on several pages, of which one of the first page changes meanwhile, so that
// the first of the third stands on the second.
func TestATieThatMoves(t *testing.T) {
	l := &movingList{}
	for i := range 25 {
		l.elements = append(l.elements, updatedElement{ID: fmt.Sprintf("bo_%02d", i), UpdatedAt: instantAt(1)})
	}
	l.change = func(l *movingList) {
		if l.pages == 3 { // the first page of all, and two of the tie
			l.elements[0].UpdatedAt = instantAt(2)
		}
	}
	ids, err := listAgainst(l, 10)
	slices.Sort(ids)
	if got := len(slices.Compact(ids)); err != nil || got != 25 {
		t.Errorf("%d orders of 25 (%v)", got, err)
	}
	l = &movingList{elements: []updatedElement{{"bo_1", instantAt(1)}, {"bo_2", instantAt(1)}, {"bo_3", instantAt(1)}}}
	l.change = func(l *movingList) {
		if l.pages == 2 { // the first of the first page stands on the second then
			l.elements[0].UpdatedAt = instantAt(2)
		}
	}
	ids, err = listAgainst(l, 2)
	slices.Sort(ids)
	if got := len(slices.Compact(ids)); err != nil || got != 3 {
		t.Errorf("%d orders of 3 (%v)", got, err)
	}
}

func TestListsThatAreNotFaires(t *testing.T) {
	for _, answer := range []string{`{}`, `{"orders":null}`, `{"orders":{}}`, `[]`, `{"orders":[{}]}`, `{"orders":[7]}`} {
		handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, answer) })
		if ids, err := listAgainst(handler, 10); err == nil {
			t.Errorf("%s: %v without an error", answer, ids)
		}
	}
	same := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"orders":[{"id":"bo_1","updated_at":%q},{"id":"bo_2","updated_at":%q}]}`, instantAt(1), instantAt(1))
	})
	if ids, err := listAgainst(same, 2); err == nil {
		t.Errorf("a list that always shows one page ends with %v", ids)
	}
	for _, cursor := range []string{"x", "0", "-1 2026"} {
		if c, err := parseUpdatedCursor(cursor); err == nil {
			t.Errorf("cursor %q is %v", cursor, c)
		}
	}
	for _, c := range []updatedCursor{{1, ""}, {3, ""}, {1, instantAt(5)}, {2, instantAt(5)}} {
		if again, err := parseUpdatedCursor(c.String()); err != nil || again != c {
			t.Errorf("%v is read as %v (%v)", c, again, err)
		}
	}
}

func TestBodiesOfOrders(t *testing.T) {
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		rows     []cells
		want     string
	}{
		{"acceptance", OrderAcceptance, []cells{{"order_id": "bo_1"}}, `{}`},
		{"acceptance with a date", OrderAcceptance, []cells{{"order_id": "bo_1"}, {"order_id": "bo_1", "expected_ship_date": "2019-07-15T00:09:15.000Z"}},
			`{"expected_ship_date":"2019-07-15T00:09:15.000Z"}`},
		{"acceptance with a time of version 1", OrderAcceptance, []cells{{"order_id": "bo_1", "expected_ship_date": "20190715T000915.000Z"}},
			`{"expected_ship_date":"2019-07-15T00:09:15.000Z"}`},
		{"backorder with a time of version 1", Backorders, []cells{{"order_id": "bo_1", "item_id": "oi_def", "available_quantity": "4", "backordered_until": "20190315T001000.000Z"}},
			`{"availabilities":{"oi_def":{"available_quantity":4,"discontinued":false,"backordered_until":"2019-03-15T00:10:00.000Z"}}}`},
		{"the document's shipment", Shipments, []cells{{"order_id": "bo_bxdmjbwxid", "maker_cost_cents": "2300", "carrier": "fedex", "tracking_code": "94029300101029282"}},
			`{"shipments":[{"order_id":"bo_bxdmjbwxid","maker_cost_cents":2300,"carrier":"FEDEX","tracking_code":"94029300101029282"}]}`},
		{"shipments in order", Shipments, []cells{{"order_id": "bo_1", "carrier": "Ups", "tracking_code": "2"}, {"order_id": "bo_1", "carrier": "UPS", "tracking_code": "01"},
			{"order_id": "bo_1", "carrier": "canada_post", "tracking_code": "9"}},
			`{"shipments":[{"order_id":"bo_1","carrier":"CANADA_POST","tracking_code":"9"},{"order_id":"bo_1","carrier":"UPS","tracking_code":"01"},{"order_id":"bo_1","carrier":"UPS","tracking_code":"2"}]}`},
		{"the document's backorder", Backorders, []cells{{"order_id": "bo_1", "item_id": "oi_def", "available_quantity": "4", "discontinued": "no", "backordered_until": "2019-03-15T00:10:00.000Z"},
			{"order_id": "bo_1", "item_id": "oi_abc", "available_quantity": "0", "discontinued": "yes"}},
			`{"availabilities":{"oi_abc":{"available_quantity":0,"discontinued":true},"oi_def":{"available_quantity":4,"discontinued":false,"backordered_until":"2019-03-15T00:10:00.000Z"}}}`},
		{"a retailer", Retailers, []cells{{"retailer_id": "r_c9385ldj"}}, `{"retailer_id":"r_c9385ldj"}`},
	} {
		if e := encodedRows(t, test.resource, test.rows...); string(e.Body) != test.want {
			t.Errorf("%s: body %s, want %s (%v)", test.name, e.Body, test.want, found(e))
		}
	}
}

func TestFaultyOrders(t *testing.T) {
	shipment := cells{"order_id": "bo_1", "carrier": "UPS", "tracking_code": "1"}
	item := cells{"order_id": "bo_1", "item_id": "oi_1", "available_quantity": "0", "discontinued": "true"}
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		rows     []cells
		want     []string
	}{
		{"the number that people see", OrderAcceptance, []cells{{"order_id": "BXDMJBWXID"}}, []string{"order.id 0 order_id -> bo_bxdmjbwxid"}},
		{"that number with a hash", OrderAcceptance, []cells{{"order_id": "#BXDMJBWXID"}}, []string{"order.id 0 order_id -> bo_bxdmjbwxid"}},
		{"capitals", OrderAcceptance, []cells{{"order_id": "BO_1"}}, []string{"order.id 0 order_id -> bo_1"}},
		{"a path", OrderAcceptance, []cells{{"order_id": "bo_1/../x"}}, []string{"order.id 0 order_id"}},
		{"a date without its time", OrderAcceptance, []cells{{"order_id": "bo_1", "expected_ship_date": "2026-07-15"}}, []string{"time.shape 0 expected_ship_date -> 2026-07-15T00:00:00Z"}},
		{"no carrier", Shipments, []cells{but(shipment, "carrier", "")}, []string{"required 0 carrier"}},
		{"a carrier of another country", Shipments, []cells{but(shipment, "carrier", "DPD")}, []string{"shipment.carrier 0 carrier"}},
		{"a carrier with a blank", Shipments, []cells{but(shipment, "carrier", "Canada Post")}, []string{"shipment.carrier 0 carrier -> CANADA_POST"}},
		{"a name that is too long", Shipments, []cells{but(shipment, "carrier", strings.Repeat("UPS", 20))}, []string{"shipment.carrier 0 carrier"}},
		{"dollars", Shipments, []cells{but(shipment, "maker_cost_cents", "23.00")}, []string{"shipment.cost 0 maker_cost_cents -> 2300"}},
		{"cents of a dollar", Shipments, []cells{but(shipment, "maker_cost_cents", "$0.05")}, []string{"shipment.cost 0 maker_cost_cents -> 5"}},
		{"below zero", Shipments, []cells{but(shipment, "maker_cost_cents", "-1")}, []string{"shipment.cost 0 maker_cost_cents"}},
		{"one parcel twice", Shipments, []cells{shipment, but(shipment, "carrier", "ups", "maker_cost_cents", "5")}, []string{"shipment.twice 1 tracking_code"}},
		{"neither gone nor back", Backorders, []cells{but(item, "discontinued", "false")}, []string{"backorder.reason 0 backordered_until"}},
		{"nothing said", Backorders, []cells{but(item, "discontinued", "")}, []string{"backorder.reason 0 backordered_until"}},
		{"gone and back", Backorders, []cells{but(item, "backordered_until", "2026-01-01T00:00:00Z")}, []string{"backorder.reason 0 backordered_until"}},
		{"no truth value", Backorders, []cells{but(item, "discontinued", "perhaps")}, []string{"value.type 0 discontinued"}},
		{"all there", Backorders, []cells{but(item, "available_quantity", "4", "ordered_quantity", "4")}, []string{"backorder.quantity 0 available_quantity"}},
		{"fewer than none", Backorders, []cells{but(item, "available_quantity", "-1")}, []string{"backorder.available 0 available_quantity"}},
		{"no item", Backorders, []cells{but(item, "item_id", "po_1")}, []string{"item.id 0 item_id"}},
		{"one item twice", Backorders, []cells{item, item}, []string{"backorder.twice 1 item_id"}},
		{"no retailer", Retailers, []cells{{"retailer_id": "Tom's"}}, []string{"retailer.id 0 retailer_id"}},
	} {
		if diff := cmp.Diff(test.want, found(encodedRows(t, test.resource, test.rows...))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestEveryCarrierIsTakenInAnyCase(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		carrier := rapid.SampledFrom(vocabulary.Carriers).Draw(t, "carrier")
		text := []byte(carrier)
		for i := range text {
			if rapid.Bool().Draw(t, "small") {
				text[i] = strings.ToLower(carrier)[i]
			}
		}
		if got := carrierOf(text); got != carrier {
			t.Fatalf("%s is carrier %q", text, got)
		}
	})
	if allocated := testing.AllocsPerRun(100, func() { carrierOf([]byte("canada_post")) }); allocated > 0 {
		t.Errorf("carrierOf allocates %v times", allocated)
	}
}

// outcomes loads rows, one after the other, and tells how each ended.
func (s *shop) outcomes(resource *vendors.Resource, rows ...cells) (list []string) {
	s.t.Helper()
	for _, row := range rows {
		e := encodedRows(s.t, resource, row)
		if !e.Sound() {
			s.t.Fatal(found(e))
		}
		err := s.load(resource, e)
		var answer *vendors.APIError
		switch {
		case err == nil:
			list = append(list, e.Outcome.String())
		case errors.As(err, &answer):
			list = append(list, strconv.Itoa(answer.Status))
		default:
			s.t.Fatal(err)
		}
	}
	return list
}

func TestOrdersAreWorkedOff(t *testing.T) {
	s := openShop(t, sandbox.Options{})
	want := func(name string, got []string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	accept := cells{"order_id": "bo_bxdmjbwxid"}
	want("acceptance: new, in transit, cancelled, not there", s.outcomes(OrderAcceptance, accept, cells{"order_id": "bo_sandbox042"},
		cells{"order_id": "bo_sandbox059"}, cells{"order_id": "bo_nobody"}), "updated", "unchanged", "400", "404")
	want("acceptance with a date of what is in transit", s.outcomes(OrderAcceptance, cells{"order_id": "bo_sandbox042", "expected_ship_date": "2026-07-15T00:09:15.000Z"}), "400")
	ship := cells{"order_id": "bo_bxdmjbwxid", "carrier": "fedex", "tracking_code": "94029300101029282"}
	want("a shipment, the same in capitals, another, one of no order, one of what is cancelled", s.outcomes(Shipments, ship, but(ship, "carrier", "FEDEX"),
		but(ship, "tracking_code", "2"), but(ship, "order_id", "bo_nobody"), but(ship, "order_id", "bo_sandbox059")), "created", "unchanged", "created", "404", "400")
	item := cells{"order_id": "bo_sandbox001", "item_id": "oi_abc", "available_quantity": "0", "discontinued": "true"}
	want("backorders: gone, again, not there, too many", s.outcomes(Backorders, item, item, but(item, "item_id", "oi_nobody"),
		cells{"order_id": "bo_sandbox001", "item_id": "oi_def", "available_quantity": "999", "backordered_until": "2036-03-15T00:10:00.000Z"}), "updated", "409", "409", "409")
	o, err := readOrder(t.Context(), s.client, "bo_bxdmjbwxid")
	if err != nil || len(o.Shipments) != 2 || o.State != vocabulary.OrderPreTransit {
		t.Errorf("the order has %+v (%v)", o, err)
	}
}

// TestOrdersWhoseAnswersWereLost cuts the line after Faire has acted, and before it has: reading the order
// tells which.
func TestOrdersWhoseAnswersWereLost(t *testing.T) {
	for _, test := range []struct {
		resource *vendors.Resource
		row      cells
		applied  string
	}{
		{OrderAcceptance, cells{"order_id": "bo_bxdmjbwxid"}, "updated"},
		{Shipments, cells{"order_id": "bo_bxdmjbwxid", "carrier": "UPS", "tracking_code": "1"}, "created"},
		{Backorders, cells{"order_id": "bo_sandbox001", "item_id": "oi_abc", "available_quantity": "0", "discontinued": "true"}, "updated"},
	} {
		for fault, want := range map[string]string{"drop-after@1": test.applied, "drop-before@1": "unsettled"} {
			faults, err := sandbox.ParseFaults(fault)
			if err != nil {
				t.Fatal(err)
			}
			s := openShop(t, sandbox.Options{Faults: faults})
			e := encodedRows(t, test.resource, test.row)
			var lost *vendors.TransportError
			if err := s.load(test.resource, e); !errors.As(err, &lost) || e.Outcome != vendors.Unsettled {
				t.Fatalf("%s %s: %v, %s", test.resource.Name, fault, err, e.Outcome)
			}
			if err := test.resource.ReadBack(t.Context(), s.client, e); err != nil || e.Outcome.String() != want {
				t.Errorf("%s %s: read back as %s, want %s (%v)", test.resource.Name, fault, e.Outcome, want, err)
			}
			if want != "unsettled" {
				continue
			}
			if err := s.load(test.resource, e); err != nil || e.Outcome.String() != test.applied {
				t.Errorf("%s %s: sent again it is %s (%v)", test.resource.Name, fault, e.Outcome, err)
			}
		}
	}
}

func TestReadBackOfWhatIsNotThere(t *testing.T) {
	s := openShop(t, sandbox.Options{})
	for _, resource := range []*vendors.Resource{OrderAcceptance, Shipments, Backorders} {
		row := maps.Clone(resource.Example[0])
		row["order_id"] = "bo_nobody"
		e := encodedRows(t, resource, row)
		var answer *vendors.APIError
		if err := resource.ReadBack(t.Context(), s.client, e); !errors.As(err, &answer) || answer.Status != http.StatusNotFound || e.Outcome != vendors.Unsettled {
			t.Errorf("%s: %v, %s", resource.Name, err, e.Outcome)
		}
	}
	half := encodedRows(t, Backorders, cells{"order_id": "bo_sandbox001", "item_id": "oi_abc", "available_quantity": "0", "discontinued": "true"},
		cells{"order_id": "bo_sandbox001", "item_id": "oi_gone", "available_quantity": "0", "discontinued": "true"})
	if err := Backorders.ReadBack(t.Context(), s.client, half); err == nil || half.Outcome != vendors.Unsettled {
		t.Errorf("an order of which one item is gone is %s", half.Outcome)
	}
}

func TestProfiles(t *testing.T) {
	s := openShop(t, sandbox.Options{Token: "secret"})
	if err := probe(t.Context(), s.client); err != nil {
		t.Error(err)
	}
	list := exported(t, s.client, Brand, vendors.Listing{})
	rows, err := Brand.Decode(list[0].Body)
	if diff := cmp.Diff([]map[string]string{{"brand_id": "b_60ae65c4", "name": "Jeff's Warm Toques"}}, rows); err != nil || diff != "" || len(list) != 1 {
		t.Errorf("brand (-want +got):\n%s (%v)", diff, err)
	}
	types := exported(t, s.client, TaxonomyTypes, vendors.Listing{})
	if rows, err := TaxonomyTypes.Decode(types[0].Body); err != nil || rows[0]["id"] != types[0].Key || rows[0]["name"] == "" {
		t.Errorf("taxonomy type %v (%v)", rows, err)
	}
	s.client.Account.Token = vendors.NewSecret("wrong")
	var answer *vendors.APIError
	if err := probe(t.Context(), s.client); !errors.As(err, &answer) || answer.Status != http.StatusUnauthorized || answer.Advice == "" {
		t.Errorf("a wrong token: %v", err)
	}
}

func TestRetailersAreAskedFor(t *testing.T) {
	s := openShop(t, sandbox.Options{})
	for id, want := range map[string][]map[string]string{"r_c9385ldj": {{"name": "Tom's Toque Emporium"}}, "r_nobody": nil} {
		e := encodedRows(t, Retailers, cells{"retailer_id": id})
		body, err := Retailers.Ask(t.Context(), s.client, e)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := Retailers.Answer(body)
		if diff := cmp.Diff(want, rows); err != nil || diff != "" {
			t.Errorf("%s (-want +got):\n%s (%v)", id, diff, err)
		}
	}
	if rows, err := Retailers.Answer([]byte(`{"retailer_id":"r_1","name":"N","city":"C"}`)); err != nil || rows[0]["other.city"] != "C" {
		t.Errorf("%v, %v", rows, err)
	}
	if _, err := Retailers.Answer([]byte(`[]`)); err == nil {
		t.Error("a list is taken for a profile")
	}
}

func TestRefusalsAreExplained(t *testing.T) {
	for _, test := range []struct {
		path    string
		status  int
		message string
		want    string
	}{
		{stockBySKU, 404, "", "no variant has this SKU"},
		{stockByID, 404, "", "no variant has this ID"},
		{"/orders/bo_1", 404, "", "the account has no such order"},
		{"/products/p_1/prepacks", 404, "", "the account does not have this product"},
		{"/brands/profile", 404, "", ""},
		{"/products", 401, "", "Faire does not know the access token"},
		{"/products", 429, "", "Faire states no limit"},
		{"/products", 400, `idempotence_token: "x" made p_1`, "the token was used for something else"},
		{"/products", 400, "name is missing", ""},
		{"/products", 500, "", ""},
	} {
		got := explain(vendors.Request{Path: test.path}, &vendors.APIError{Status: test.status, Message: test.message})
		if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%d for %s: %q, want %q", test.status, test.path, got, test.want)
		}
	}
}

func TestTraceOfRefusals(t *testing.T) {
	e := encodedRows(t, Shipments, cells{"order_id": "bo_1", "carrier": "UPS", "tracking_code": "1Z999", "maker_cost_cents": "7"},
		cells{"order_id": "bo_1", "carrier": "FEDEX", "tracking_code": "940293", "maker_cost_cents": "8"})
	for message, want := range map[string]string{
		`tracking code "940293" is not FEDEX's`:  "1 tracking_code",
		"shipments[1].maker_cost_cents is wrong": "0 maker_cost_cents",
		"1Z999: the carrier is another":          "0 carrier",
		"the order cannot be shipped":            "0 ",
		"order bo_1 is CANCELED":                 "0 order_id",
	} {
		record, field := traceWords(e, message)
		if got := fmt.Sprintf("%d %s", record, field); got != want {
			t.Errorf("%q is about %q, want %q", message, got, want)
		}
	}
	if record, field := traceWords(&vendors.Entity{}, "x"); record != 0 || field != "" {
		t.Errorf("no rows: %d %s", record, field)
	}
}

func TestExamplesOfOtherResources(t *testing.T) {
	for _, resource := range []*vendors.Resource{Inventory, Prepacks, OrderAcceptance, Shipments, Backorders, Retailers} {
		byKey := make(map[string][]cells)
		for _, row := range resource.Example {
			byKey[keyOf(resource, row)] = append(byKey[keyOf(resource, row)], row)
		}
		for _, rows := range byKey {
			if e := encodedRows(t, resource, rows...); len(e.Problems) > 0 {
				t.Errorf("%s: %v", resource.Name, found(e))
			}
		}
	}
}
