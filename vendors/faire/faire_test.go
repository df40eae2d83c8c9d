package faire

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
	"bulkload/vendors/schema"
)

// row is a row of a feed, by field.
type row = map[string]string

// with returns a copy of a row with other values: field, value, field, value, ...
func with(r row, changes ...string) row {
	r = maps.Clone(r)
	for i := 0; i < len(changes); i += 2 {
		r[changes[i]] = changes[i+1]
	}
	return r
}

// encode makes the entity of rows as the pipeline does. Columns come in the order of the schema, those of one family in
// the order in which the rows name them first, sorted within a row.
func encode(resource *vendors.Resource, rows ...row) (*vendors.Entity, error) {
	layout, err := layoutOf(resource, rows)
	if err != nil {
		return nil, err
	}
	e := &vendors.Entity{Key: rows[0][resource.Key]}
	if e.Key == "" {
		e.Key = rows[0][resource.Else]
	}
	for i, row := range rows {
		record := schema.Record{Layout: layout, Bad: make([]bool, len(layout.Columns))}
		for _, column := range layout.Columns {
			record.Values = append(record.Values, []byte(row[column.Name]))
		}
		e.Problems = record.Check(i, e.Problems)
		e.Records = append(e.Records, record)
	}
	e.Problems = schema.CheckShared(e.Records, e.Problems)
	value := resource.Encode(e)
	if !e.Sound() {
		return e, nil
	}
	return e, e.SetBody(value)
}

func layoutOf(resource *vendors.Resource, rows []row) (*schema.Layout, error) {
	var columns []schema.Column
	seen := make(map[string]bool)
	for _, row := range rows {
		for _, name := range slices.Sorted(maps.Keys(row)) {
			field, param := resource.Schema.Find(name)
			if field == nil && !strings.HasPrefix(name, "other.") {
				return nil, fmt.Errorf("there is no field %q", name)
			}
			if field == nil || field.ReadOnly || seen[name] {
				continue
			}
			seen[name] = true
			columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: len(columns)})
		}
	}
	rank := func(c schema.Column) int {
		return slices.IndexFunc(resource.Schema, func(f schema.Field) bool { return f.Name == c.Field.Name })
	}
	slices.SortStableFunc(columns, func(a, b schema.Column) int { return rank(a) - rank(b) })
	return schema.NewLayout(resource.Schema, columns), nil
}

func encoded(t testing.TB, resource *vendors.Resource, rows ...row) *vendors.Entity {
	t.Helper()
	e, err := encode(resource, rows...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func listProblems(e *vendors.Entity) string {
	var lines strings.Builder
	for _, p := range e.Problems {
		fmt.Fprintf(&lines, "\n\t%s %s#%d %q: %s (%q)", p.Rule.ID, p.Field, p.Record, p.Value, p.Text(), p.Suggestion)
	}
	return lines.String()
}

// problems lists what was found, "rule field#record" each.
func problems(e *vendors.Entity) []string {
	var list []string
	for _, p := range e.Problems {
		list = append(list, fmt.Sprintf("%s %s#%d", p.Rule.ID, p.Field, p.Record))
	}
	return list
}

// has makes what an account has of a list of bodies, as the pipeline does.
func has(resource *vendors.Resource, stored ...vendors.Stored) *vendors.Held {
	found := make(map[string]*vendors.Stored)
	for i := range stored {
		for _, name := range append(resource.Aliases(stored[i]), stored[i].Key) {
			found[name] = &stored[i]
		}
	}
	return &vendors.Held{Account: &vendors.Account{Name: "test"}, Find: func(name string) (*vendors.Stored, error) {
		s := found[name]
		if s == nil {
			return nil, nil
		}
		return &vendors.Stored{Key: s.Key, Body: bytes.Clone(s.Body), Aside: s.Aside}, nil
	}}
}

// stored is a product as a listing yields it.
func stored(t testing.TB, body string) vendors.Stored {
	t.Helper()
	p, err := readProduct([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return vendors.Stored{Key: p.ID, Body: []byte(body), Aside: p.LifecycleState == "DELETED"}
}

// sandboxClient starts a stand-in for the vendor, written from the vendor's document by itself.
func sandboxClient(t *testing.T) *vendors.Client {
	t.Helper()
	client, _ := sandboxWith(t, sandbox.Options{})
	return client
}

func sandboxWith(t *testing.T, o sandbox.Options) (*vendors.Client, *sandbox.Server) {
	t.Helper()
	server, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	account := &vendors.Account{Name: "test", BaseURL: server.BaseURL("faire"), Token: vendors.NewSecret("token"), State: new(connection)}
	return &vendors.Client{Account: account, Authorize: Vendor.Authorize, HTTP: http.DefaultClient, Agent: "test", Now: time.Now}, server
}

// heldBy reads what the vendor has of a resource.
func heldBy(t testing.TB, client *vendors.Client, resource *vendors.Resource) *vendors.Held {
	t.Helper()
	var all []vendors.Stored
	for page, err := range resource.Pages(context.Background(), client, vendors.Listing{Compare: true}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Entities...)
	}
	held := has(resource, all...)
	held.Account = client.Account
	if resource.Prepare != nil {
		prepared, err := resource.Prepare(context.Background(), client)
		if err != nil {
			t.Fatal(err)
		}
		held.Prepare = func() (any, error) { return prepared, nil }
	}
	return held
}

// load compares rows with the vendor, and sends what differs. It returns the entity and what was sent, "" for nothing.
func load(t testing.TB, client *vendors.Client, resource *vendors.Resource, rows ...row) (*vendors.Entity, string) {
	t.Helper()
	e := encoded(t, resource, rows...)
	if !e.Sound() {
		t.Fatalf("the rows break rules:%s", listProblems(e))
	}
	amendment, err := resource.Amend(e, heldBy(t, client, resource))
	if err != nil || !e.Sound() {
		t.Fatalf("amend: %v%s", err, listProblems(e))
	}
	if amendment.Body == nil {
		return e, ""
	}
	body, err := json.Marshal(amendment.Body)
	if err != nil {
		t.Fatal(err)
	}
	e.Body = body
	if err := resource.Upload(context.Background(), client, vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: 1}); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return e, string(body)
}

// tokens finds the tokens that bulkload makes.
var tokens = regexp.MustCompile(`bl-[a-z2-7]{32}`)

// answerOf is a success with a body.
func answerOf(body []byte) *http.Response {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}
}

// transport answers requests by a function.
type transport func(*http.Request) []byte

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return answerOf(f(r)), nil }

// answering is a client of a vendor that answers so.
func answering(answer func(*http.Request) []byte) *vendors.Client {
	return &vendors.Client{Account: &vendors.Account{Name: "test", BaseURL: "http://faire", Token: vendors.NewSecret("token")}, Authorize: authorize,
		HTTP: &http.Client{Transport: transport(answer)}, Now: time.Now}
}

// setChecks says with how many cases a long property is checked, unless the command says it.
func setChecks(t *testing.T, checks int) {
	t.Helper()
	option := flag.Lookup("rapid.checks")
	before := option.Value.String()
	if before != option.DefValue {
		return
	}
	if err := option.Value.Set(strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := option.Value.Set(before); err != nil {
			t.Error(err)
		}
	})
}

// TestSuggestedMinimumIsRight: what is suggested is a multiple, and a number that is taken.
func TestSuggestedMinimumIsRight(t *testing.T) {
	for _, test := range [][2]string{{"2147483647", "2"}, {"2147483646", "2147483645"}, {"7", "2"}, {"1", "2147483647"}, {"5", "3"}} {
		r := row{"product_key": "P", "minimum_order_quantity": test[0], "unit_multiplier": test[1]}
		e := encoded(t, Products, r)
		if len(e.Problems) != 1 || e.Problems[0].Rule != minimumMultiple {
			t.Fatalf("%v: %v", test, problems(e))
		}
		if e := encoded(t, Products, with(r, "minimum_order_quantity", e.Problems[0].Suggestion)); len(e.Problems) > 0 {
			t.Errorf("%v: the suggestion breaks a rule:%s", test, listProblems(e))
		}
	}
}

// TestCurrencyOfTheAccount: without knowing how many decimals it has, 28 would be sent as 28 cents.
func TestCurrencyOfTheAccount(t *testing.T) {
	for currency, want := range map[string]string{"": "", "USD": "", "JPY": "", "usd": "USD", "€": "EUR", "XXY": "XXY"} {
		_, err := connect(&vendors.Account{Settings: map[string]string{currencySetting: currency}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", currency, err)
		}
	}
	for _, currency := range []string{"usd", "XXY"} {
		money := &Money{Amount: "28"}
		if rule := money.settle(currency); rule != priceCurrency || money.Currency != "" {
			t.Errorf("28 in %q is settled as %+v, %v", currency, money, rule)
		}
	}
}
