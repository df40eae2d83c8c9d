package fitanalytics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// shirt is a row of purchases.
var shirt = row{"sess": "s1", "sub": "1000", "product": "shop-1", "order": "o1", "shopCountry": "GB", "shopLanguage": "en", "purchasedSize": "M",
	"purchaseDate": "2021-01-01T20:30:22+01:00"}

func TestPurchaseBodies(t *testing.T) {
	for _, test := range []struct {
		name string
		row  row
		want string
	}{
		{"the document's", Purchases.Example[0], `{"product":"example-355133","variant":"43113","order":"5642212","shopCountry":"DE","shopLanguage":"de",` +
			`"purchasedSize":"M","price":143.99,"currency":"EUR","quantity":1,"purchaseDate":"2021-12-30T20:03:33Z","platform":"app-android"}`},
		{"the least", shirt, `{"product":"shop-1","order":"o1","shopCountry":"GB","shopLanguage":"en","purchasedSize":"M","purchaseDate":"2021-01-01T20:30:22+01:00"}`},
		{"numbers in odd spellings", with(shirt, "price", "+007.50", "currency", "EUR", "quantity", "02"),
			`{"product":"shop-1","order":"o1","shopCountry":"GB","shopLanguage":"en","purchasedSize":"M","price":7.5,"currency":"EUR","quantity":2,"purchaseDate":"2021-01-01T20:30:22+01:00"}`},
		{"characters that JSON and HTML escape", with(shirt, "purchasedSize", `32"<&>`), `{"product":"shop-1","order":"o1","shopCountry":"GB","shopLanguage":"en",` +
			`"purchasedSize":"32\"<&>","purchaseDate":"2021-01-01T20:30:22+01:00"}`},
	} {
		if e := encoded(t, Purchases, test.row); string(e.Body) != test.want {
			t.Errorf("%s:\n%s, want\n%s (%s)", test.name, e.Body, test.want, problems(e))
		}
	}
}

// TestNoCustomerInEvents draws rows and looks for what only the token may hold (fit-analytics:887).
func TestNoCustomerInEvents(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		customer := rapid.StringMatching(`CUST[0-9]{6}`).Draw(rt, "customer")
		e := encoded(t, Purchases, with(shirt, "sess", customer, "sub", "U"+customer, "quantity", rapid.SampledFrom([]string{"", "1", "20"}).Draw(rt, "quantity")))
		if strings.Contains(string(e.Body), customer) || strings.Contains(string(e.Body), "sess") || strings.Contains(string(e.Body), "sub") {
			rt.Fatalf("the event tells the customer: %s", e.Body)
		}
	})
}

// TestPurchasesLandOnTheirRows sends what the vendor takes and what it does not take in one request.
func TestPurchasesLandOnTheirRows(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	entities := []*vendors.Entity{encoded(t, Purchases, shirt), encoded(t, Purchases, with(shirt, "order", "o2")), encoded(t, Purchases, with(shirt, "order", "o3"))}
	entities[1].Body = []byte(`{"order":"o2","shopCountry":"GB","shopLanguage":"en","purchaseDate":"2021-01-01T20:30:22Z"}`)
	if err := send(s.client, Purchases, entities...); err != nil {
		t.Fatal(err)
	}
	if entities[0].Outcome != vendors.Created || entities[2].Outcome != vendors.Created || entities[0].Status != 200 {
		t.Errorf("outcomes %v, %v", entities[0].Outcome, entities[2].Outcome)
	}
	want := &vendors.APIError{Status: 422, Code: "required_attribute", Message: "Attribute product is required"}
	if e := entities[1]; e.Outcome != vendors.Refused || e.Status != 422 || cmp.Diff(want, e.Answer) != "" {
		t.Errorf("the faulty one is %v, %d, %v, want %v", e.Outcome, e.Status, e.Answer, want)
	}
	if _, field := Purchases.Trace(entities[1], entities[1].Answer.Message); field != "product" {
		t.Errorf("it is traced to %q", field)
	}
	stored, err := s.Stored("fitanalytics/purchases")
	if err != nil || len(stored) != 2 || !strings.Contains(string(stored[0].Body), "sub 1000") {
		t.Errorf("stored %v, %v", stored, err)
	}
	if seen := s.Tokens(); seen.Tokens != 1 || seen.Customers != 1 || seen.Refused != 0 {
		t.Errorf("tokens %+v", seen)
	}
}

// TestTheSandboxTakesWhatIsEncoded sends every purchase that keeps the rules.
func TestTheSandboxTakesWhatIsEncoded(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(rt, name) }
		r := with(shirt, "order", rapid.StringMatching(`[ -~é]{1,12}`).Draw(rt, "order"), "price", draw("price", "", "0", "007.10", "+12", "99999999.999"), "currency", draw("currency", "EUR", "JPY"),
			"quantity", draw("quantity", "", "1", "0012"), "ean", draw("ean", "", "4006381333931", "123456789012"), "platform", draw("platform", "", "app-ios", "website"),
			"purchaseDate", draw("date", "2021-01-01T20:30:22+01:00", "2021-01-01T20:30:22.123456Z", "2024-02-29T23:59:59-11:30"), "sub", draw("sub", "", "1", "2"))
		e := encoded(t, Purchases, r)
		if strings.TrimSpace(r["order"]) == "" || !e.Sound() {
			return
		}
		if err := send(s.client, Purchases, e); err != nil || e.Outcome != vendors.Created {
			rt.Fatalf("%s: %v, %v, %v", e.Body, err, e.Outcome, e.Answer)
		}
	})
}

func TestOneRequestHasOneCustomer(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	err := send(s.client, Purchases, encoded(t, Purchases, shirt), encoded(t, Purchases, with(shirt, "sub", "2000", "order", "o2")))
	if err == nil || !strings.Contains(err.Error(), "two customers") || s.Record().Requests != 0 {
		t.Errorf("two customers in one request: %v", err)
	}
	if diff := cmp.Diff([]string{"sess", "sub"}, Purchases.Lane); diff != "" {
		t.Error(diff)
	}
}

func TestPurchaseRequests(t *testing.T) {
	var seen []string
	client := answering(t, 200, `{"data":null,"errors":[null,null],"meta":{"txid":"x","count":2}}`)
	inner := client.HTTP.Transport
	client.HTTP.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		body, _ := io.ReadAll(r.Body)
		seen = append(seen, r.Method+" "+r.URL.Path+" "+r.Header.Get("Accept")+" "+r.Header.Get("Content-Type")+" "+string(body))
		return inner.RoundTrip(r)
	})
	if err := send(client, Purchases, encoded(t, Purchases, with(shirt, "order", "a")), encoded(t, Purchases, with(shirt, "order", "b"))); err != nil {
		t.Fatal(err)
	}
	const event = `{"product":"shop-1","order":"%s","shopCountry":"GB","shopLanguage":"en","purchasedSize":"M","purchaseDate":"2021-01-01T20:30:22+01:00"}`
	want := []string{"POST /events/purchases/ application/json application/json " + fmt.Sprintf(`{"data":[`+event+","+event+"]}", "a", "b")}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}

// purchaseAnswers are answers to two purchases. Outcomes "?" leave open what became of them.
var purchaseAnswers = []struct{ name, body, outcomes string }{
	{"both taken", `{"data":null,"errors":[null,null],"meta":{"count":2}}`, "created created"},
	{"the second refused", `{"errors":[null,{"status":422,"code":"c","title":"t"}]}`, "created refused"},
	{"a status as text", `{"errors":[{"status":"422","code":"c","title":"t"},null]}`, "refused created"},
	{"a count that does not fit", `{"errors":[null,null],"meta":{"count":1}}`, "created created"},
	{"nothing said against any", `{"data":null,"meta":{"count":2}}`, "created created"},
	{"an empty list", `{"errors":[],"meta":{"count":2}}`, "created created"},
	{"null", `{"errors":null,"meta":{"count":2}}`, "created created"},
	{"neither errors nor a full count", `{"data":null,"meta":{"count":1}}`, "?"},
	{"nothing", `{}`, "?"},
	{"one too few", `{"errors":[null]}`, "?"},
	{"one too many", `{"errors":[null,null,null]}`, "?"},
	{"something else", `[1,2]`, "?"},
	{"no JSON", `<html>`, "?"},
	{"a list of texts", `{"errors":["no","no"]}`, "?"},
	{"empty", ``, "?"},
}

func TestPurchaseAnswers(t *testing.T) {
	for _, test := range purchaseAnswers {
		entities := []*vendors.Entity{encoded(t, Purchases, shirt), encoded(t, Purchases, with(shirt, "order", "o2"))}
		err := send(answering(t, 200, test.body), Purchases, entities...)
		var unclear *vendors.TransportError
		switch {
		case test.outcomes == "?":
			if !errors.As(err, &unclear) || unclear.Unsent() {
				t.Errorf("%s: %v, want an error that leaves open what became of them", test.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", test.name, err)
		default:
			if got := entities[0].Outcome.String() + " " + entities[1].Outcome.String(); got != test.outcomes {
				t.Errorf("%s: %s, want %s", test.name, got, test.outcomes)
			}
		}
	}
}

// FuzzPurchaseAnswers holds any answer to this: either each purchase has an outcome, and as many are refused
// as the list says, or none has and the answer is unclear.
func FuzzPurchaseAnswers(f *testing.F) {
	for _, seed := range purchaseAnswers {
		f.Add([]byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		entities := []*vendors.Entity{{Key: "a"}, {Key: "b"}}
		err := settlePurchases(entities, &vendors.Response{Status: 200, Body: body})
		var unclear *vendors.TransportError
		if err != nil {
			if !errors.As(err, &unclear) || entities[0].Outcome != vendors.Unsettled || entities[1].Outcome != vendors.Unsettled {
				t.Fatalf("%s: %v, %v, %v", body, err, entities[0].Outcome, entities[1].Outcome)
			}
			return
		}
		var answer struct{ Errors []any }
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&answer); err != nil {
			t.Fatalf("%s was taken for an answer: %v", body, err)
		}
		for i, e := range entities {
			refused := len(answer.Errors) == 2 && answer.Errors[i] != nil
			if (e.Outcome == vendors.Refused) != refused || refused != (e.Answer != nil) || !refused && e.Outcome != vendors.Created || e.Status == 0 {
				t.Fatalf("%s: purchase %d is %v", body, i, e.Outcome)
			}
		}
	})
}

// TestTokensAreMadeAhead makes the token where entities are made ready, so that sending finds it.
func TestTokensAreMadeAhead(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	e := encoded(t, Purchases, shirt)
	amended, err := Purchases.Amend(e, &vendors.Held{Account: s.client.Account})
	if err != nil || !e.Adds {
		t.Fatalf("Amend = %v, adds %v", err, e.Adds)
	}
	if body, err := json.Marshal(amended.Body); err != nil || !bytes.Equal(body, e.Body) {
		t.Errorf("what is sent is %s, want %s", body, e.Body)
	}
	customer := Customer{Session: "s1", User: "1000"}
	if s.keys.known[customer] == nil {
		t.Error("the token was not made")
	}
	for name, held := range map[string]*vendors.Held{"nothing held": nil, "no account": {}, "no key": {Account: &vendors.Account{}}} {
		if _, err := Purchases.Amend(e, held); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRunsOutliveTokens sends over the life of several tokens, by the clocks of both sides.
func TestRunsOutliveTokens(t *testing.T) {
	now := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	s := newStand(t, sandbox.Options{Now: func() time.Time { return now }})
	s.keys.now = func() time.Time { return now.Add(9 * time.Minute) } // within the tolerance
	for hour := range 20 {
		e := encoded(t, Purchases, with(shirt, "order", fmt.Sprint(hour)))
		if err := send(s.client, Purchases, e); err != nil {
			t.Fatalf("after %d hours: %v", 8*hour, err)
		}
		now = now.Add(8 * time.Hour)
	}
	seen := s.Tokens()
	if seen.Refused != 0 || seen.Returned != 0 || seen.Tokens < 4 || seen.Tokens > 6 {
		t.Errorf("over %v hours: %+v", 160, seen)
	}
}

func BenchmarkEncodePurchase(b *testing.B) {
	e := encoded(b, Purchases, Purchases.Example[0])
	b.ReportAllocs()
	for b.Loop() {
		e.Problems = nil
		if err := e.SetBody(Purchases.Encode(e)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	k := newKeyring(b)
	for b.Loop() {
		if _, _, err := k.sign(Customer{Session: "m0wIPfpQHGc1QZXfI18juG", User: "1000"}, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}

// TestCancelledRequestsAreTold keeps a run's end apart from an answer.
func TestCancelledRequestsAreTold(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := Purchases.Upload(ctx, s.client, vendors.Upload{Entities: []*vendors.Entity{encoded(t, Purchases, shirt)}, Attempt: 1})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Upload = %v, want that it was cancelled", err)
	}
}

// TestWhatWasPaidBefore: a purchase of 2021 may have been paid in a currency that is gone by now.
func TestWhatWasPaidBefore(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	for currency, suggested := range map[string]string{"EUR": "", "HRK": "", "BGN": "", "bgn": "BGN", "XXY": "-"} {
		e := encoded(t, Purchases, with(Purchases.Example[0], "currency", currency, "order", "o-"+currency))
		switch {
		case suggested == "":
			if err := send(s.client, Purchases, e); err != nil || e.Outcome != vendors.Created || len(e.Problems) > 0 {
				t.Errorf("%s: %v, %v, %s", currency, err, e.Outcome, problems(e))
			}
		case len(e.Problems) != 1 || e.Problems[0].Suggestion != strings.Trim(suggested, "-"):
			t.Errorf("%s: %s", currency, problems(e))
		}
	}
}
