package faslet

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// line is a right row of an order.
var line = row{"orderId": "1234", "paymentStatus": "paid", "customerDataPackage": "yX2lkIjo=", "productId": "P1", "title": "Test <API> Order", "variantId": "V1",
	"sku": "S1", "variant": "S", "quantity": "1", "price": "123.450"}

func TestOrdersAreEncoded(t *testing.T) {
	e := encoded(t, Orders, with(line, "variantId", "V2", "quantity", "+02.0", "price", "0"), with(line, "paymentStatus", "", "customerDataPackage", ""))
	want := `{"customerDataPackage":"yX2lkIjo=","orderId":"1234","paymentStatus":"paid","lineItems":[` +
		`{"productId":"P1","title":"Test <API> Order","variantId":"V1","sku":"S1","variant":"S","quantity":1,"price":123.45},` +
		`{"productId":"P1","title":"Test <API> Order","variantId":"V2","sku":"S1","variant":"S","quantity":2,"price":0}]}`
	if string(e.Body) != want || len(e.Problems) > 0 {
		t.Errorf("got  %s, %v\nwant %s", e.Body, problems(e), want)
	}
}

// TestTheOrderOfRowsLeavesNoTrace shuffles the rows of an entity of each resource with several.
func TestTheOrderOfRowsLeavesNoTrace(t *testing.T) {
	lines := []row{line, with(line, "variantId", "V2"), with(line, "variantId", "V2", "price", "5"), with(line, "sku", "S0"), line}
	sizes := []row{jacket, with(jacket, "sizeLabel", "M"), with(jacket, "sizeLabel", "L", "useDefaults", "yes"), with(jacket, "sizeLabel", "10", "waist", "")}
	variants := []row{shirt, with(shirt, "variantId", "V2", "available", "no"), with(shirt, "variantId", "V0", "sizeLabel", "L")}
	rapid.Check(t, func(t *rapid.T) {
		for resource, rows := range map[*vendors.Resource][]row{Orders: lines, SizeSpecs: sizes, AssistantState: variants} {
			straight, err := encode(resource, rows)
			if err != nil {
				t.Fatal(err)
			}
			shuffled, err := encode(resource, rapid.Permutation(rows).Draw(t, resource.Name))
			if err != nil || !straight.Sound() || string(straight.Body) != string(shuffled.Body) {
				t.Fatalf("%v\n%s\n%s", err, straight.Body, shuffled.Body)
			}
		}
	})
}

// TestNumbersKeepTheirValue holds what is sent against the cell, and makes sure that equal numbers are one text.
func TestNumbersKeepTheirValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[+-]?[0-9]{1,6}(\.[0-9]{1,6})?`).Draw(t, "number")
		if !schema.IsDecimal([]byte(text)) {
			t.Fatalf("%q is not a number", text)
		}
		got := number([]byte(text))
		value, err := got.Float64()
		var want float64
		if text[0] == '+' {
			text = text[1:]
		}
		want, wantErr := json.Number(text).Float64()
		if err != nil || wantErr != nil || value != want || !json.Valid([]byte(got)) {
			t.Fatalf("number(%q) = %s", text, got)
		}
		if again := number([]byte("+00" + text + ".000")); text[0] != '-' && !slices.Contains([]byte(text), '.') && again != got {
			t.Fatalf("number(%q) = %s and %s", text, got, again)
		}
		if compareNumbers("12.5", "12.25") <= 0 || compareNumbers("9", "10") >= 0 || compareNumbers("1", "1") != 0 {
			t.Fatal("numbers are not compared by value")
		}
	})
}

func TestAnswersToOrders(t *testing.T) {
	for _, test := range []struct {
		answer answer
		want   string
		status int  // of an APIError
		lost   bool // a TransportError
	}{
		{answer{202, ""}, "created", 0, false},
		{answer{200, "OK"}, "created", 0, false},
		{answer{201, `{"id": 1}`}, "created", 0, false},
		{answer{204, ""}, "created", 0, false},
		{answer{202, `{"errors": []}`}, "created", 0, false},
		{answer{202, `{"errors": [{"message": "price is wrong"}]}`}, "refused (price is wrong)", 0, false},
		{answer{200, "<html>sign in</html>"}, "unsettled", 0, true},
		{answer{0, ""}, "unsettled", 0, true},
		{answer{400, `{"message": "no"}`}, "unsettled", 400, false},
	} {
		server := &vendor{answers: []answer{test.answer}}
		e := encoded(t, Orders, line)
		err := upload(clientOf(t, server), Orders, e)
		var transport *vendors.TransportError
		var refusal *vendors.APIError
		if errors.As(err, &transport) != test.lost || errors.As(err, &refusal) != (test.status != 0) || outcomes([]*vendors.Entity{e}) != test.want {
			t.Errorf("%+v: %v, %s, want %s", test.answer, err, outcomes([]*vendors.Entity{e}), test.want)
		}
		want := []call{{"POST", "/public/v1/orders", "shop-1", "Bearer secret", "application/json", string(e.Body)}}
		if diff := cmp.Diff(want, server.sent(), cmp.AllowUnexported(call{})); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	}
}

func TestTraceOfOrders(t *testing.T) {
	e := encoded(t, Orders, with(line, "variantId", "V2", "sku", "S2"), line)
	for _, test := range []struct {
		message string
		record  int
		field   string
	}{
		{"lineItems[0].price: must be a number", 1, "price"}, {"lineItems[1].quantity: no", 0, "quantity"}, {"lineItems[7].price: no", 0, "price"},
		{"variant V1 is unknown", 1, "variant"}, {"S2 is sold out", 0, "sku"}, {"paymentStatus is unknown", 0, "paymentStatus"}, {"no", 0, "orderId"},
	} {
		if record, field := Orders.Trace(e, test.message); record != test.record || field != test.field {
			t.Errorf("Trace(%q) = %d, %q, want %d, %q", test.message, record, field, test.record, test.field)
		}
	}
}
