package fitanalytics

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
	"bulkload/vendors/schema"
)

// row is a feed's row: full names of fields and their text.
type row = map[string]string

// with returns a copy of the row with these cells changed; an empty text takes a cell away.
func with(base row, cells ...string) row {
	changed := maps.Clone(base)
	for i := 0; i < len(cells); i += 2 {
		changed[cells[i]] = cells[i+1]
	}
	return changed
}

// encoded makes the entity of rows as the pipeline does, with the body of a sound one.
func encoded(t testing.TB, resource *vendors.Resource, rows ...row) *vendors.Entity {
	t.Helper()
	names := make(map[string]bool)
	for _, row := range rows {
		for name := range row {
			names[name] = true
		}
	}
	var columns []schema.Column
	for _, name := range slices.Sorted(maps.Keys(names)) {
		field, param := resource.Schema.Find(name)
		if field == nil {
			t.Fatalf("the schema has no field %q", name)
		}
		columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: len(columns)})
	}
	layout := schema.NewLayout(resource.Schema, columns)
	e := &vendors.Entity{Key: rows[0][resource.Key]}
	for i, row := range rows {
		record := schema.Record{Layout: layout, Bad: make([]bool, len(columns))}
		for _, column := range columns {
			record.Values = append(record.Values, []byte(row[column.Name]))
		}
		e.Problems = record.Check(i, e.Problems)
		e.Records = append(e.Records, record)
	}
	e.Problems = schema.CheckShared(e.Records, e.Problems)
	value := resource.Encode(e)
	if !e.Sound() {
		if value != nil {
			t.Fatalf("Encode of a faulty entity = %v, want nil", value)
		}
		return e
	}
	if err := e.SetBody(value); err != nil {
		t.Fatal(err)
	}
	return e
}

func problems(e *vendors.Entity) string {
	var list []string
	for _, p := range e.Problems {
		list = append(list, p.Rule.ID+" "+p.Field)
	}
	return strings.Join(list, ", ")
}

// testKey is one key for all tests, since making one takes long. It signs nothing that anybody takes.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, leastBits)
	if err != nil {
		panic(err)
	}
	return key
})

func pemOf(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func testPEM() vendors.Secret {
	return vendors.NewSecret(pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(testKey())))
}

const testIssuer = "https://www.example.com"

// newKeyring makes a keyring of settings, "name", "value".
func newKeyring(t testing.TB, settings ...string) *Keyring {
	t.Helper()
	all := map[string]string{"issuer": testIssuer}
	for i := 0; i < len(settings); i += 2 {
		all[settings[i]] = settings[i+1]
	}
	k, err := NewKeyring(all, testPEM())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// stand is a stand-in with a client, and the keyring of its account.
type stand struct {
	*sandbox.Server
	client *vendors.Client
	keys   *Keyring
}

func newStand(t testing.TB, o sandbox.Options) *stand {
	t.Helper()
	keys := newKeyring(t)
	o.Keys = sandbox.Keys{JWKS: keys.JWKS(), Issuer: testIssuer}
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
	account := &vendors.Account{Name: "test", BaseURL: server.BaseURL("fitanalytics"), State: keys}
	return &stand{server, &vendors.Client{Account: account, Authorize: Vendor.Authorize, HTTP: http.DefaultClient, Agent: "test", Now: time.Now,
		Explain: Vendor.Explain}, keys}
}

// answering is a client whose vendor always answers so.
func answering(t testing.TB, status int, body string) *vendors.Client {
	t.Helper()
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		recorder := &recorded{header: make(http.Header)}
		recorder.status = status
		recorder.body = body
		return recorder.response(r), nil
	})
	return &vendors.Client{Account: &vendors.Account{BaseURL: "http://vendor", State: oneToken("token")}, Authorize: Vendor.Authorize,
		HTTP: &http.Client{Transport: transport}, Agent: "test", Now: time.Now, Explain: Vendor.Explain}
}

// oneToken is the token of everybody.
type oneToken string

func (o oneToken) Prepare(Customer) error         { return nil }
func (o oneToken) Token(Customer) (string, error) { return string(o), nil }
func (o oneToken) Service() Customer              { return Customer{Session: "service"} }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

type recorded struct {
	header http.Header
	status int
	body   string
}

func (r *recorded) response(request *http.Request) *http.Response {
	return &http.Response{StatusCode: r.status, Header: r.header, Request: request, Body: readCloser{strings.NewReader(r.body)},
		ContentLength: int64(len(r.body))}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

func send(client *vendors.Client, resource *vendors.Resource, entities ...*vendors.Entity) error {
	return resource.Upload(context.Background(), client, vendors.Upload{Entities: entities, Attempt: 1})
}

func (s *stand) put(t testing.TB, resource *vendors.Resource, rows ...row) *vendors.Entity {
	t.Helper()
	e := encoded(t, resource, rows...)
	if !e.Sound() {
		t.Fatalf("%v breaks %s", rows, problems(e))
	}
	if err := send(s.client, resource, e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestExamplesAreRight(t *testing.T) {
	for _, resource := range Vendor.Resources {
		if resource.Encode == nil {
			continue
		}
		for _, example := range resource.Example {
			if e := encoded(t, resource, example); len(e.Problems) > 0 {
				t.Errorf("%s: %s", resource.Name, problems(e))
			}
		}
		if got := resource.Encode(&vendors.Entity{}); got != nil {
			t.Errorf("%s: Encode of no records = %v, want nil", resource.Name, got)
		}
	}
}

func TestRequestsNeedACustomersToken(t *testing.T) {
	request, _ := http.NewRequest("GET", "http://vendor/brands", nil)
	for _, test := range []struct {
		header string
		ok     bool
	}{{"", false}, {"Basic abc", false}, {"Bearer ", false}, {"Bearer abc", true}} {
		request.Header.Set("Authorization", test.header)
		if err := Vendor.Authorize(request, nil); (err == nil) != test.ok {
			t.Errorf("Authorize with %q = %v", test.header, err)
		}
	}
	client := answering(t, 200, "{}")
	client.Account.State = nil
	if err := Vendor.Probe(context.Background(), client); err == nil || !strings.Contains(err.Error(), "no key to sign") {
		t.Errorf("Probe without a key = %v", err)
	}
}

func TestProbe(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	if err := Vendor.Probe(context.Background(), s.client); err != nil {
		t.Error(err)
	}
	stranger, err := NewKeyring(map[string]string{"issuer": "https://somebody.else"}, testPEM())
	if err != nil {
		t.Fatal(err)
	}
	s.client.Account.State = stranger
	var refusal *vendors.APIError
	if err := Vendor.Probe(context.Background(), s.client); !errors.As(err, &refusal) || refusal.Status != 401 ||
		!strings.Contains(refusal.Advice, "bulkload fitanalytics jwks") || !strings.Contains(refusal.Message, "issuer") {
		t.Errorf("Probe with another issuer = %v", err)
	}
}

// TestRefusalsAreInTheVendorsWords takes the errors of an answer apart.
func TestRefusalsAreInTheVendorsWords(t *testing.T) {
	for _, test := range []struct{ name, body, code, message string }{
		{"one", `{"errors":[{"status":"422","code":"required_attribute","title":"Attribute gender is required"}]}`, "required_attribute", "Attribute gender is required"},
		{"with fields", `{"errors":[{"status":400,"code":"x","title":"Missing","source":{"fields":["profile.height"]}}]}`, "x", "Missing (profile.height)"},
		{"two", `{"errors":[{"code":"a","title":"A"},{"code":"a","title":"B","detail":"C"}]}`, "a", "A; B: C"},
		{"none", `{"errors":[]}`, "", `{"errors":[]}`},
		{"text", `sorry`, "", "sorry"},
		{"another form", `{"errors":{"a":1}}`, "", `{"errors":{"a":1}}`},
	} {
		client := answering(t, 422, test.body)
		err := send(client, Profiles, encoded(t, Profiles, Profiles.Example[0]))
		var refusal *vendors.APIError
		if !errors.As(err, &refusal) || refusal.Code != test.code || refusal.Message != test.message {
			t.Errorf("%s: %v, want code %q and message %q", test.name, err, test.code, test.message)
		}
	}
}

// TestTokensAreNotRepeated has the vendor repeat the token of a request, in refusals and in answers.
func TestTokensAreNotRepeated(t *testing.T) {
	const token = "eyJhbGciOiJSUzI1NiJ9.eyJzZXNzIjoicyJ9.c2lnbmF0dXJl"
	for status, body := range map[int]string{200: `{"errors":[{"code":"x","title":"` + token + ` is odd"}]}`, 400: `{"message":"` + token + ` is odd"}`,
		422: `{"errors":[{"code":"x","title":"` + token + ` is odd"}]}`} {
		client := answering(t, status, body)
		client.Account.State = oneToken(token)
		e := encoded(t, Purchases, Purchases.Example[0])
		err := send(client, Purchases, e)
		if text := fmt.Sprint(err, e.Answer); strings.Contains(text, token) || !strings.Contains(text, "*** is odd") {
			t.Errorf("%d: %s", status, text)
		}
		_, err = Recommendations.Ask(context.Background(), client, encoded(t, Recommendations, Recommendations.Example[0]))
		if strings.Contains(fmt.Sprint(err), token) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestTrace(t *testing.T) {
	for _, test := range []struct{ message, field string }{
		{"Attribute product is required", "product"},
		{"Attribute purchaseDate must be a full date", "purchaseDate"},
		{`"shopCountry": "UK" is wrong`, "shopCountry"},
		{"profile.height", ""},
		{"something went wrong", ""},
		{"", ""},
	} {
		if _, field := Purchases.Trace(nil, test.message); field != test.field {
			t.Errorf("Trace(%q) = %q, want %q", test.message, field, test.field)
		}
	}
	if _, field := Profiles.Trace(nil, "Missing (profile.height)"); field != "height" {
		t.Errorf("a dotted name is traced to %q, want height", field)
	}
}

// FuzzText holds the reading of members to what JSON itself makes of them.
func FuzzText(f *testing.F) {
	for _, seed := range []string{`"28"`, `28`, `null`, `true`, `{}`, `[1]`, `"é"`, `1e5`, ``, `"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		var read text
		err := json.Unmarshal([]byte(data), &read)
		var value any
		decoder := json.NewDecoder(strings.NewReader(data))
		decoder.UseNumber()
		if decoder.Decode(&value) != nil || decoder.More() {
			return // it is no JSON, and what is read of it does not count
		}
		switch value := value.(type) {
		case nil:
			if err == nil && read != "" {
				t.Errorf("null is read as %q", read)
			}
		case string, json.Number, bool:
			if err == nil && string(read) != fmt.Sprint(value) {
				t.Errorf("%s is read as %q", data, read)
			}
		default:
			if err == nil {
				t.Errorf("%s is taken for a text, %q", data, read)
			}
		}
	})
}

// FuzzFlatten makes rows of whatever an answer holds: every text of it is in some cell, and no cell is empty.
func FuzzFlatten(f *testing.F) {
	for _, seed := range []string{`{"id":"a","garmentType":{"id":100,"name":"sneakers"}}`, `{"tags":["a|b","c"],"components":{"main":{"code":"32"}}}`,
		`{"a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":1}}}}}}}}`, `{"garmentType":"x","a":[{"b":1}],"n":null}`, `null`, `[]`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data string) {
		object, err := readObject([]byte(data))
		if err != nil {
			return
		}
		row := flatten(object, []string{"garmentType"})
		for name, cell := range row {
			if cell == "" || strings.Count(name, ".") > len(data) {
				t.Fatalf("%s: column %q has %q", data, name, cell)
			}
		}
		for name, value := range object {
			text, ok := value.(string)
			if ok && text != "" && row[name] != text && row[name+".id"] != text {
				t.Fatalf("%s: %q is lost in %v", data, text, row)
			}
		}
		if _, err := canonicalObject([]byte(data)); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
	})
}
