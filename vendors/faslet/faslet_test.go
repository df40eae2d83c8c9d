package faslet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// row is a row of a feed, by field names.
type row = map[string]string

// with returns a copy of a row with other cells.
func with(r row, cells ...string) row {
	r = maps.Clone(r)
	for i := 0; i < len(cells); i += 2 {
		r[cells[i]] = cells[i+1]
	}
	return r
}

// keyOf is the key of the entity that a row belongs to, as the pipeline makes it.
func keyOf(r *vendors.Resource, row row) string {
	key := row[r.Key]
	if key == "" {
		key = row[r.Else]
	}
	text := vendors.AppendKey(nil, []byte(key))
	for _, name := range append([]string{r.Part}, r.Besides...) {
		before, placeholder, after, _ := (&schema.Field{Name: name}).Placeholder()
		switch {
		case name == "":
		case placeholder == "":
			text = vendors.AppendKeyItem(text, []byte(row[name]))
		default:
			for n := 1; n <= 12; n++ {
				text = vendors.AppendKeyItem(text, []byte(row[fmt.Sprint(before, n, after)]))
			}
		}
	}
	return string(text)
}

// makeEntity makes one entity of rows and checks it as the pipeline does, but for Encode.
func makeEntity(resource *vendors.Resource, rows []row) (*vendors.Entity, error) {
	names := map[string]bool{}
	for _, row := range rows {
		for name := range row {
			names[name] = true
		}
	}
	var columns []schema.Column
	for _, name := range slices.Sorted(maps.Keys(names)) {
		field, param := resource.Schema.Find(name)
		if field == nil {
			return nil, fmt.Errorf("the schema has no field %q", name)
		}
		columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: len(columns)})
	}
	layout := schema.NewLayout(resource.Schema, columns)
	e := &vendors.Entity{Key: keyOf(resource, rows[0])}
	for _, row := range rows {
		r := schema.Record{Layout: layout, Values: make([][]byte, len(columns)), Bad: make([]bool, len(columns))}
		for i := range columns {
			r.Values[i] = []byte(row[columns[i].Name])
		}
		e.Records = append(e.Records, r)
	}
	for i := range e.Records {
		e.Problems = e.Records[i].Check(i, e.Problems)
	}
	e.Problems = schema.CheckShared(e.Records, e.Problems)
	return e, nil
}

// encode is makeEntity with the body that Encode makes.
func encode(resource *vendors.Resource, rows []row) (*vendors.Entity, error) {
	e, err := makeEntity(resource, rows)
	if err != nil {
		return nil, err
	}
	value := resource.Encode(e)
	if !e.Sound() {
		if value != nil {
			return nil, fmt.Errorf("Encode of a faulty entity = %v, want nil", value)
		}
		return e, nil
	}
	return e, e.SetBody(value)
}

func encoded(t testing.TB, resource *vendors.Resource, rows ...row) *vendors.Entity {
	t.Helper()
	e, err := encode(resource, rows)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// entitiesOf makes the entities of rows, those of one key together.
func entitiesOf(t testing.TB, resource *vendors.Resource, rows []row) []*vendors.Entity {
	t.Helper()
	var entities []*vendors.Entity
	for first := 0; first < len(rows); {
		end := first + 1
		for end < len(rows) && keyOf(resource, rows[end]) == keyOf(resource, rows[first]) {
			end++
		}
		entities = append(entities, encoded(t, resource, rows[first:end]...))
		first = end
	}
	return entities
}

func problems(e *vendors.Entity) []string {
	var list []string
	for _, p := range e.Problems {
		list = append(list, fmt.Sprintf("%s %s#%d", p.Rule.ID, p.Field, p.Record))
	}
	return list
}

// call is one request as it came in.
type call struct{ method, target, shop, authorization, contentType, body string }

// answer is what a vendor says; a status of 0 cuts the line.
type answer struct {
	status int
	body   string
}

// vendor answers with its answers in turn and keeps the calls.
type vendor struct {
	mu      sync.Mutex
	calls   []call
	answers []answer
}

// sent lists the calls so far.
func (v *vendor) sent() []call {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.calls
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.calls = append(v.calls, call{r.Method, r.RequestURI, r.Header.Get("faslet-shopid"), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), string(body)})
	if len(v.answers) == 0 {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	next := v.answers[0]
	v.answers = v.answers[1:]
	if next.status == 0 {
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(next.status)
	io.WriteString(w, next.body)
}

func clientOf(t testing.TB, handler http.Handler) *vendors.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return clientAt(server.URL + "/public")
}

func clientAt(address string) *vendors.Client {
	return &vendors.Client{Account: &vendors.Account{BaseURL: address, Token: vendors.NewSecret("secret"), State: "shop-1"},
		Authorize: Vendor.Authorize, HTTP: http.DefaultClient, Agent: "test", Now: time.Now, Explain: Vendor.Explain}
}

func upload(client *vendors.Client, resource *vendors.Resource, entities ...*vendors.Entity) error {
	return resource.Upload(context.Background(), client, vendors.Upload{Entities: entities, Attempt: 1})
}

func outcomes(entities []*vendors.Entity) string {
	var list []string
	for _, e := range entities {
		text := e.Outcome.String()
		if e.Answer != nil {
			text += " (" + e.Answer.Message + ")"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

func TestCredentialsAreNeeded(t *testing.T) {
	for _, test := range []struct {
		name, token string
		settings    map[string]string
		shop        string
		want        string
	}{
		{"both", "t", map[string]string{"shop_id": " a "}, "a", ""},
		{"no token", "", map[string]string{"shop_id": "a"}, "", "token"},
		{"blank shop", "t", map[string]string{"shop_id": " "}, "", "shop_id"},
		{"the stand-in's shop", "t", nil, "sandbox-shop", ""},
	} {
		r, err := http.NewRequest("POST", "http://example.com", nil)
		if err != nil {
			t.Fatal(err)
		}
		account := &vendors.Account{Token: vendors.NewSecret(test.token), Settings: test.settings}
		if account.State, err = Vendor.Connect(account); err == nil {
			err = Vendor.Authorize(r, account)
		}
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if err == nil && (r.Header.Get("Authorization") != "Bearer t" || r.Header.Get("faslet-shopid") != test.shop) {
			t.Errorf("%s: headers %v", test.name, r.Header)
		}
	}
	if err := Vendor.Authorize(&http.Request{Header: http.Header{}}, &vendors.Account{Token: vendors.NewSecret("t")}); err == nil {
		t.Error("an account that was not connected is used")
	}
}

func TestProbe(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer answer
		status int // of the error; 0: none
	}{
		{"taken", answer{400, `{"status": "invalid_input", "message": "product.productUrl or product.productIdentifier is required"}`}, 0},
		{"taken, oddly", answer{200, `{"status": "resolved"}`}, 0},
		{"wrong token", answer{401, `{"message": "no"}`}, 401},
		{"wrong shop", answer{400, `{"status": "invalid_retailer", "message": "unknown shop"}`}, 400},
		{"something else", answer{400, `nginx`}, 400},
	} {
		server := &vendor{answers: []answer{test.answer}}
		err := Vendor.Probe(context.Background(), clientOf(t, server))
		var refusal *vendors.APIError
		if errors.As(err, &refusal) != (test.status != 0) || err != nil && refusal.Status != test.status {
			t.Errorf("%s: %v, want status %d", test.name, err, test.status)
		}
		want := []call{{"POST", "/public/v2/assistant/context", "shop-1", "Bearer secret", "application/json", `{"product":{}}`}}
		if diff := cmp.Diff(want, server.sent(), cmp.AllowUnexported(call{})); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestRefusalOfTheAccountIsExplained(t *testing.T) {
	err := Vendor.Probe(context.Background(), clientOf(t, &vendor{answers: []answer{{403, ""}}}))
	var refusal *vendors.APIError
	if !errors.As(err, &refusal) || !strings.Contains(refusal.Advice, "shop_id") {
		t.Errorf("%v, want advice about shop_id", err)
	}
}

func TestReadErrors(t *testing.T) {
	for _, test := range []struct {
		body     string
		messages []string
		listed   bool
		fails    bool
	}{
		{`{"errors": []}`, nil, true, false},
		{`{"errors": null}`, nil, true, false},
		{`{}`, nil, false, false},
		{`{"errors": [{"message": "a"}, {"message": "b"}]}`, []string{"a", "b"}, true, false},
		{`{"errors": ["a", {"message": 1}, {}, null]}`, []string{"a", `{"message": 1}`, "{}", "null"}, true, false},
		{`{"errors": {"message": "a"}}`, []string{"a"}, true, false},
		{`{"errors": "a"}`, []string{"a"}, true, false},
		{`{"error": {"message": "a"}}`, []string{"a"}, false, false},
		{`{"error": "a", "errors": [{"message": "b"}]}`, []string{"a", "b"}, true, false},
		{`{"error": null, "errors": []}`, nil, true, false},
		{`{"errors": [{"message": " a\n b "}]}`, []string{"a b"}, true, false},
		{``, nil, false, true},
		{`[]`, nil, false, true},
		{`null`, nil, false, true},
		{`{"errors": [`, nil, false, true},
		{`<html>`, nil, false, true},
	} {
		messages, listed, err := readErrors([]byte(test.body))
		if diff := cmp.Diff(test.messages, messages); diff != "" || listed != test.listed || (err != nil) != test.fails {
			t.Errorf("readErrors(%s) = %q, %v, %v", test.body, messages, listed, err)
		}
	}
}

// FuzzReadErrors makes sure that no error of a list is lost.
func FuzzReadErrors(f *testing.F) {
	for _, seed := range []string{`{"errors":[{"message":"returnDate is invalid for order 1234"}]}`, `{"errors":["a",1,{},null]}`, `{"error":{"message":"x"}}`,
		`{"errors":{"a":[]}}`, `[]`, `{"errors":[{"message":"[Item 42] No Product URL, ignoring"}]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		messages, listed, err := readErrors(body)
		for _, message := range messages {
			if len([]rune(message)) > 500 {
				t.Errorf("a message of %d characters", len([]rune(message)))
			}
			itemIn(message)
		}
		var object map[string]any
		if json.Unmarshal(body, &object) != nil || object == nil {
			if err == nil {
				t.Errorf("readErrors(%q) took what is no object", body)
			}
			return
		}
		value, has := object["errors"]
		list, isList := value.([]any)
		if err != nil || listed != has || isList && len(messages) < len(list) {
			t.Errorf("readErrors(%q) = %q, %v, %v", body, messages, listed, err)
		}
	})
}
