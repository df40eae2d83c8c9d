package fashionai

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
	"bulkload/vendors/schema"
)

// document reads the vendor's document, or skips the test where it is not at hand.
func document(t *testing.T) []string {
	t.Helper()
	folder := os.Getenv("BULKLOAD_VENDOR_DOCS")
	if folder == "" {
		t.Skip("BULKLOAD_VENDOR_DOCS does not name the folder of the vendors' documents")
	}
	text, err := os.ReadFile(filepath.Join(folder, "fashion-ai.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(text), "\n")
}

// TestClausesPointAtTheirFields makes sure that the line of a field's clause holds the field's name.
func TestClausesPointAtTheirFields(t *testing.T) {
	lines := document(t)
	for _, resource := range Vendor.Resources {
		fields := append(resource.Schema, resource.Answers...)
		for _, field := range fields {
			number, err := strconv.Atoi(strings.TrimPrefix(field.Clause, "fashion-ai:"))
			if err != nil || number < 1 || number > len(lines) {
				t.Fatalf("%s: clause %q names no line", field.Name, field.Clause)
			}
			if name := field.Name[strings.LastIndexByte(field.Name, '.')+1:]; !strings.Contains(lines[number-1], strconv.Quote(name)) {
				t.Errorf("%s/%s has the clause %s, which is %q", resource.Name, field.Name, field.Clause, lines[number-1])
			}
		}
	}
	if got := lines[4]; got != Vendor.BaseURL {
		t.Errorf("the base address is %s, the document has %s", Vendor.BaseURL, got)
	}
}

// entityOf makes the entity of a row.
func entityOf(r *vendors.Resource, row map[string]string) *vendors.Entity {
	var columns []schema.Column
	record := schema.Record{}
	for i := range r.Schema {
		columns = append(columns, schema.Column{Field: &r.Schema[i], Name: r.Schema[i].Name, Source: i})
		record.Values = append(record.Values, []byte(row[r.Schema[i].Name]))
	}
	record.Layout, record.Bad = schema.NewLayout(r.Schema, columns), make([]bool, len(columns))
	return &vendors.Entity{Records: []schema.Record{record}}
}

func TestQuestions(t *testing.T) {
	for _, test := range []struct {
		name     string
		resource *vendors.Resource
		row      map[string]string
		want     string
	}{
		{"the document's own", CategoryView, map[string]string{"userId": "90", "sessionId": "sess456", "eventType": "categoryView", "data.id": "category789"},
			`{"userId":90,"sessionId":"sess456","eventType":"categoryView","data":{"id":"category789"}}`},
		{"the document's other", ShopTheLook, map[string]string{"userId": "90", "sessionId": "sess456", "data.id": "product789"},
			`{"userId":90,"sessionId":"sess456","eventType":"shopTheLook","data":{"id":"product789"}}`},
		{"nobody is logged in", ShopTheLook, map[string]string{"sessionId": "s", "data.id": "1"},
			`{"sessionId":"s","eventType":"shopTheLook","data":{"id":"1"}}`},
		{"a text for a user", CategoryView, map[string]string{"userId": "0090", "sessionId": "s", "data.id": "1"},
			`{"userId":"0090","sessionId":"s","eventType":"categoryView","data":{"id":"1"}}`},
		{"zero", CategoryView, map[string]string{"userId": "0", "sessionId": "s", "data.id": "1"},
			`{"userId":0,"sessionId":"s","eventType":"categoryView","data":{"id":"1"}}`},
		{"digit for digit", CategoryView, map[string]string{"userId": "90071992547409931", "sessionId": "s<&>", "data.id": "1"},
			`{"userId":90071992547409931,"sessionId":"s<&>","eventType":"categoryView","data":{"id":"1"}}`},
	} {
		e := entityOf(test.resource, test.row)
		if err := e.SetBody(test.resource.Encode(e)); err != nil || string(e.Body) != test.want {
			t.Errorf("%s: %s, %v, want %s", test.name, e.Body, err, test.want)
		}
	}
}

// TestUserIDsStayWhatTheyAre sends any ID as a number or a text from which it is read back.
func TestUserIDsStayWhatTheyAre(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.StringMatching(`[0-9]{1,30}|[-+0-9a-zé."\\]{1,12}`).Draw(r, "id")
		e := entityOf(CategoryView, map[string]string{"userId": id, "sessionId": "s", "data.id": "1"})
		if err := e.SetBody(CategoryView.Encode(e)); err != nil {
			r.Fatal(err)
		}
		var read productID
		if text, _, ok := strings.Cut(strings.TrimPrefix(string(e.Body), `{"userId":`), `,"sessionId"`); !ok || read.UnmarshalJSON([]byte(text)) != nil || string(read) != id {
			r.Errorf("%q is sent as %s", id, e.Body)
		}
	})
}

func TestAnswers(t *testing.T) {
	list := func(ids ...string) (rows []map[string]string) {
		for _, id := range ids {
			rows = append(rows, map[string]string{"products": id})
		}
		return rows
	}
	for _, test := range []struct {
		body string
		want []map[string]string
		err  bool
	}{
		{`{"products": ["product-id-1", "product-id-2", "product-id-3"]}`, list("product-id-1", "product-id-2", "product-id-3"), false},
		{`{"products": []}`, nil, false}, {`{"products": null}`, nil, false}, {`{}`, nil, false}, {`[]`, nil, false}, {`null`, nil, false},
		{`{"products": [17, "00123", 1e5], "ranked": true}`, list("17", "00123", "1e5"), false},
		{`{"products": [{"id": "1"}]}`, nil, true}, {`{"products": [null]}`, nil, true}, {`{"products": [true]}`, nil, true},
		{`{"products": "p1"}`, nil, true}, {`["p1"]`, nil, true}, {`"p1"`, nil, true}, {``, nil, true}, {`<html>`, nil, true},
	} {
		got, err := readAnswer([]byte(test.body))
		if diff := cmp.Diff(test.want, got); diff != "" || (err != nil) != test.err {
			t.Errorf("%s: %v (-want +got):\n%s", test.body, err, diff)
		}
	}
}

// client is one of a server.
func client(url string) *vendors.Client {
	return &vendors.Client{Account: &vendors.Account{BaseURL: url, Token: vendors.NewSecret("token"), Timeout: 10 * time.Second},
		Authorize: Vendor.Authorize, Explain: Vendor.Explain, HTTP: http.DefaultClient, Agent: "test", Now: time.Now}
}

// TestWhatIsSent looks at a request: it goes to the account's address itself, and not as a browser's would.
func TestWhatIsSent(t *testing.T) {
	var seen *http.Request
	body := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Write([]byte(body))
	}))
	defer server.Close()
	e := &vendors.Entity{Body: []byte(`{}`)}
	for _, test := range []struct {
		body, want string
		transport  bool
	}{{"", "{}", false}, {" \n", "{}", false}, {`{"products":[]}`, `{"products":[]}`, false}, {"<html>", "", true}} {
		body = test.body
		answer, err := CategoryView.Ask(t.Context(), client(server.URL+"/recommendation"), e)
		var transport *vendors.TransportError
		if string(answer) != test.want || errors.As(err, &transport) != test.transport {
			t.Errorf("%q gives %q, %v, want %q", test.body, answer, err, test.want)
		}
	}
	if seen.URL.RequestURI() != "/recommendation" || seen.Method != http.MethodPost || seen.Header.Get("Content-Type") != "application/json" ||
		seen.Header.Get("X-FashionAI-APP-Token") != "token" || seen.Header["Origin"] != nil || seen.Header["Authorization"] != nil {
		t.Errorf("sent %s %s with %v", seen.Method, seen.URL, seen.Header)
	}
	tokenless := client(server.URL)
	tokenless.Account.Token = vendors.Secret{}
	if _, err := CategoryView.Ask(t.Context(), tokenless, e); err == nil || !strings.Contains(err.Error(), "app-tokens") {
		t.Errorf("without a token: %v, want where to make one", err)
	}
}

// TestTheSandboxAnswers puts the document's examples to the sandbox, and refusals are traced to their cells.
func TestTheSandboxAnswers(t *testing.T) {
	server, err := sandbox.New(sandbox.Options{Token: "token"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	for _, resource := range Vendor.Resources {
		e := entityOf(resource, resource.Example[0])
		if err := e.SetBody(resource.Encode(e)); err != nil {
			t.Fatal(err)
		}
		answer, err := resource.Ask(t.Context(), client(server.BaseURL("fashionai")), e)
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := resource.Answer(answer); err != nil || len(rows) < 2 {
			t.Errorf("%s answers %s: %v, %v", resource.Name, answer, rows, err)
		}
	}
	e := entityOf(CategoryView, map[string]string{"userId": "anna", "sessionId": "s", "data.id": "1"})
	if err := e.SetBody(CategoryView.Encode(e)); err != nil {
		t.Fatal(err)
	}
	_, err = CategoryView.Ask(t.Context(), client(server.BaseURL("fashionai")), e)
	var refusal *vendors.APIError
	if !errors.As(err, &refusal) {
		t.Fatalf("a text for a user: %v", err)
	}
	if record, field := CategoryView.Trace(e, refusal.Message); record != 0 || field != "userId" {
		t.Errorf("%q is traced to %s of %d", refusal.Message, field, record)
	}
	if _, field := CategoryView.Trace(e, "no"); field != "" {
		t.Errorf("words of nothing are traced to %s", field)
	}
	stranger := client(server.BaseURL("fashionai"))
	stranger.Account.Token = vendors.NewSecret("other")
	if _, err = CategoryView.Ask(t.Context(), stranger, e); !errors.As(err, &refusal) || !refusal.Unauthorised() || !strings.Contains(refusal.Advice, "app-tokens") {
		t.Errorf("a wrong token: %v, want where to make one", err)
	}
}

// FuzzAnswer reads bytes as an answer: what is read gives the same rows when it is written anew.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{`{"products": ["a", 1]}`, `[]`, `null`, `{"products": [[]]}`, `{"Products":["x"]}`, "{"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := readAnswer(body)
		if err != nil && rows != nil {
			t.Errorf("rows %v with an error %v", rows, err)
		}
		for _, row := range rows {
			if len(row) != 1 {
				t.Errorf("%s gives a row %v", body, row)
			}
		}
	})
}
