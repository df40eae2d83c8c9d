package fashiontrade

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
)

// call is one request as it came in.
type call struct{ method, target, accept, contentType, authorization, body string }

// vendor answers with its answers in turn and keeps the calls.
type vendor struct {
	calls   []call
	answers []answer
}

type answer struct {
	status int
	body   string
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	v.calls = append(v.calls, call{r.Method, r.RequestURI, r.Header.Get("Accept"), r.Header.Get("Content-Type"),
		r.Header.Get("Authorization"), string(body)})
	if len(v.answers) == 0 {
		w.WriteHeader(http.StatusTeapot)
		return
	}
	next := v.answers[0]
	v.answers = v.answers[1:]
	w.WriteHeader(next.status)
	io.WriteString(w, next.body)
}

func clientOf(t *testing.T, v *vendor) *vendors.Client {
	t.Helper()
	server := httptest.NewServer(v)
	t.Cleanup(server.Close)
	return &vendors.Client{Account: &vendors.Account{BaseURL: server.URL + "/pim", Token: vendors.NewSecret("secret")},
		Authorize: Vendor.Authorize, HTTP: server.Client(), Agent: "test", Now: time.Now}
}

const mediaType2 = "application/vnd.fashiontrade.product+json; version=2"

func TestUpload(t *testing.T) {
	for _, test := range []struct {
		name   string
		id     string
		known  bool
		upload vendors.Upload
		status int
		target string
		method string
		want   vendors.Outcome
	}{
		{name: "new", id: "A1", status: 200, method: "PUT", target: "/pim/products/A1", want: vendors.Created},
		{name: "replaced", id: "A1", known: true, status: 200, method: "PUT", target: "/pim/products/A1", want: vendors.Updated},
		{name: "known but gone", id: "A1", known: true, status: 201, method: "PUT", target: "/pim/products/A1", want: vendors.Created},
		{name: "no content", id: "A1", known: true, status: 204, method: "PUT", target: "/pim/products/A1", want: vendors.Updated},
		{name: "rehearsed", id: "A1", upload: vendors.Upload{Rehearse: true}, status: 200, method: "PUT",
			target: "/pim/products/A1?dry_run=true", want: vendors.Created},
		{name: "only created", id: "A/1", upload: vendors.Upload{CreateOnly: true}, status: 200, method: "POST",
			target: "/pim/products", want: vendors.Created},
		{name: "creation rehearsed", id: "A/1", upload: vendors.Upload{CreateOnly: true, Rehearse: true}, status: 201,
			method: "POST", target: "/pim/products?dry_run=true", want: vendors.Created},
		{name: "odd id", id: "a/b c%2F?#é", status: 200, method: "PUT",
			target: "/pim/products/a%2Fb%20c%252F%3F%23%C3%A9", want: vendors.Created},
		{name: "dot", id: ".", status: 200, method: "PUT", target: "/pim/products/%2E", want: vendors.Created},
		{name: "dots", id: "..", status: 200, method: "PUT", target: "/pim/products/%2E%2E", want: vendors.Created},
		{name: "dots and more", id: "../x", status: 200, method: "PUT", target: "/pim/products/..%2Fx", want: vendors.Created},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &vendor{answers: []answer{{test.status, "{}"}}}
			e := &vendors.Entity{Key: test.id, Known: test.known, Body: []byte(`{"id":"x"}`)}
			test.upload.Entities, test.upload.Attempt = []*vendors.Entity{e}, 1
			if err := Products.Upload(context.Background(), clientOf(t, server), test.upload); err != nil {
				t.Fatal(err)
			}
			want := []call{{test.method, test.target, mediaType2, mediaType2, "Bearer secret", `{"id":"x"}`}}
			if diff := cmp.Diff(want, server.calls, cmp.AllowUnexported(call{})); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if e.Outcome != test.want {
				t.Errorf("outcome %s, want %s", e.Outcome, test.want)
			}
		})
	}
}

func TestUploadOfVersion1(t *testing.T) {
	server := &vendor{answers: []answer{{200, "{}"}}}
	e := &vendors.Entity{Key: "A", Body: []byte("{}")}
	err := ProductsV1.Upload(context.Background(), clientOf(t, server), vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: 1})
	if want := "application/vnd.fashiontrade.product+json; version=1"; err != nil || server.calls[0].accept != want ||
		server.calls[0].contentType != want {
		t.Errorf("sent %+v, %v, want %s", server.calls, err, want)
	}
}

// TestConflict has a POST refused with 409; what follows depends on the attempt and on what is stored.
func TestConflict(t *testing.T) {
	sent := encoded(t, Products, with(dress, "tag.MATERIAL", "silk|wool"), with(dress, "barcode", "2", "size", "L")).Body
	stored := `{"display_name": "Dress", "id": "D-1", "active": true, "description": null, "additional_properties": {},
		"tags": [{"type": "MATERIAL", "value": "wool"}, {"type": "MATERIAL", "value": "silk"}], "variants": [
		{"barcode": "2", "color_or_pattern_name": "Maraschino", "colors": ["RED"], "images": [],
		 "size": {"size": "L", "type": "CategoricalSize", "category": "LARGE"}, "fashion_trade_id": "7"},
		{"barcode": "4006381333931", "color_or_pattern_name": "Maraschino", "colors": ["RED"],
		 "size": {"size": "M", "type": "CategoricalSize", "category": "MEDIUM"}}]}`
	for _, test := range []struct {
		name     string
		attempt  int
		rehearse bool
		answers  []answer
		want     vendors.Outcome
		status   int // of the error; 0: none
		calls    int
	}{
		{"first try", 1, false, []answer{{409, `{"message": "exists"}`}}, vendors.Unsettled, 409, 1},
		{"our own first try", 2, false, []answer{{409, ""}, {200, stored}}, vendors.Created, 0, 2},
		{"another's product", 2, false, []answer{{409, ""}, {200, strings.Replace(stored, "Dress", "Skirt", 1)}}, vendors.Unsettled, 409, 2},
		{"inactive product", 2, false, []answer{{409, ""}, {200, strings.Replace(stored, "true", "false", 1)}}, vendors.Unsettled, 409, 2},
		{"invalid, nothing stored", 2, false, []answer{{409, ""}, {404, ""}}, vendors.Unsettled, 409, 2},
		{"an answer that is no product", 2, false, []answer{{409, ""}, {200, "[]"}}, vendors.Unsettled, 409, 2},
		{"cannot look", 2, false, []answer{{409, ""}, {503, ""}}, vendors.Unsettled, 503, 2},
		{"no longer allowed to look", 2, false, []answer{{409, ""}, {401, ""}}, vendors.Unsettled, 401, 2},
		{"rehearsal", 2, true, []answer{{409, ""}}, vendors.Unsettled, 409, 1},
		{"another refusal", 2, false, []answer{{400, ""}}, vendors.Unsettled, 400, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &vendor{answers: test.answers}
			e := &vendors.Entity{Key: "D-1", Body: sent}
			err := Products.Upload(context.Background(), clientOf(t, server), vendors.Upload{
				Entities: []*vendors.Entity{e}, Attempt: test.attempt, CreateOnly: true, Rehearse: test.rehearse})
			var refusal *vendors.APIError
			if errors.As(err, &refusal) != (test.status != 0) || refusal != nil && refusal.Status != test.status {
				t.Errorf("error %v, want status %d", err, test.status)
			}
			if e.Outcome != test.want || len(server.calls) != test.calls {
				t.Errorf("outcome %s after %d calls, want %s after %d", e.Outcome, len(server.calls), test.want, test.calls)
			}
		})
	}
}

func TestRefusalsOfPUTAreGivenBack(t *testing.T) {
	server := &vendor{answers: []answer{{400, `{"message": "colors: unknown value \"PLAID\""}`}}}
	e := &vendors.Entity{Key: "A", Body: []byte("{}")}
	err := Products.Upload(context.Background(), clientOf(t, server), vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: 2})
	var refusal *vendors.APIError
	if !errors.As(err, &refusal) || refusal.Message != `colors: unknown value "PLAID"` || e.Outcome != vendors.Unsettled {
		t.Errorf("error %v, outcome %s", err, e.Outcome)
	}
}

func TestTokenIsRequired(t *testing.T) {
	client := clientOf(t, &vendor{})
	client.Account.Token = vendors.Secret{}
	for _, err := range Products.Known(context.Background(), client) {
		if err == nil || !strings.Contains(err.Error(), "token") {
			t.Errorf("error %v, want one about the token", err)
		}
	}
}

func TestKnown(t *testing.T) {
	for _, test := range []struct {
		name    string
		answers []answer
		want    []string
		err     string
		targets []string
	}{
		{"no products", []answer{{200, `{"items": [], "next": null, "total": 0}`}}, nil, "", []string{"/pim/products?limit=250"}},
		{"pages", []answer{{200, `{"items": [{"id": "a", "variants": [{"id": 1}]}, {"id": "b"}], "next": "QH+d7=/hNQ%2B", "total": 0}`},
			{200, `{"next": "é &x", "items": [{"id": "c"}]}`}, {200, `{"items": []}`}}, []string{"a", "b", "c"}, "",
			[]string{"/pim/products?limit=250", "/pim/products?limit=250&next=QH+d7=/hNQ%2B",
				"/pim/products?limit=250&next=%C3%A9%20%26x"}},
		{"refused midway", []answer{{200, `{"items": [{"id": "a"}], "next": "n"}`}, {500, ""}}, []string{"a"}, "HTTP 500", nil},
		{"going in circles", []answer{{200, `{"items": [{"id": "a"}], "next": "n"}`}, {200, `{"items": [], "next": "n"}`}},
			[]string{"a"}, "a second time", nil},
		{"not the vendor", []answer{{200, "[]"}}, nil, "not the vendor's", nil},
		{"no items", []answer{{200, "{}"}}, nil, "no items", nil},
		{"a product without ID", []answer{{200, `{"items": [{"name": "a"}]}`}}, nil, "without its id", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := &vendor{answers: test.answers}
			var got []string
			var failed error
			for id, err := range Products.Known(context.Background(), clientOf(t, server)) {
				if err != nil {
					failed = err
					continue
				}
				got = append(got, id)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("ids (-want +got):\n%s", diff)
			}
			if (failed == nil) != (test.err == "") || failed != nil && !strings.Contains(failed.Error(), test.err) {
				t.Errorf("error %v, want %q", failed, test.err)
			}
			for i, target := range test.targets {
				if i >= len(server.calls) || server.calls[i].target != target || server.calls[i].accept != mediaType2 {
					t.Errorf("call %d of %+v is not %s", i, server.calls, target)
				}
			}
		})
	}
}

func TestKnownStopsWhenAsked(t *testing.T) {
	server := &vendor{answers: []answer{{200, `{"items": [{"id": "a"}, {"id": "b"}], "next": "n"}`}}}
	for range Products.Known(context.Background(), clientOf(t, server)) {
		break
	}
	if len(server.calls) != 1 {
		t.Errorf("%d calls, want 1", len(server.calls))
	}
}

func TestTrace(t *testing.T) {
	e := encoded(t, Products,
		with(dress, "tag.MATERIAL", "cotton|wool", "tag.CATEGORY", "clothing/dress/gown", "image_1", "https://a.example/1.jpg"),
		with(dress, "barcode", "111-111-2", "size", "2xl", "color_or_pattern_name", "Deck stripe"))
	if !e.Sound() {
		t.Fatal(listProblems(e))
	}
	for _, test := range []struct {
		message string
		record  int
		field   string
	}{
		{`variant 111-111-2 is already in use`, 1, "barcode"},
		{`barcode "4006381333931" is taken`, 0, "barcode"},
		{`unknown tag value "wool"`, 0, "tag.MATERIAL"},
		{`CATEGORY gown is not allowed`, 0, "tag.CATEGORY"},
		{`size '2xl' is not valid for CategoricalSize`, 1, "size"},
		{`variant 111-111-2: color_or_pattern_name is wrong`, 1, "color_or_pattern_name"},
		{`Deck stripe: no such pattern`, 1, "color_or_pattern_name"},
		{`cannot fetch https://a.example/1.jpg`, 0, "image_1"},
		{`variants[0].size: not taken`, 1, "size"},
		{`variants[1].size: not taken`, 0, "size"},
		{`variants[7].size: not taken`, 0, "size"},
		{`variants[x]: not taken`, 0, ""},
		{`variants[0].barcode: "111-111-2" is the barcode of another variant of this product`, 1, "barcode"},
		{`variants[0].size.type: "Eu" is not a size type (barcode 111-111-2)`, 1, "size_type"},
		{`variants[1].images[0].url: "https://a.example/1.jpg" cannot be fetched`, 0, "image_1"},
		{`variants[0].size: color_or_pattern_name "Maraschino" and this size are those of the variant with barcode "4006381333931" too`, 1, "size"},
		{`variants[0].themes: must be a list`, 1, "barcode"},
		{`tags[1].value: "wool" is not a value of MATERIAL in version 2`, 0, "tag.MATERIAL"},
		{`display_name is too long`, 0, "display_name"},
		{`the product is not valid`, 0, ""},
		{``, 0, ""},
	} {
		record, field := Products.Trace(e, test.message)
		if record != test.record || field != test.field {
			t.Errorf("Trace(%q) = %d, %q, want %d, %q", test.message, record, field, test.record, test.field)
		}
	}
	if record, field := Products.Trace(&vendors.Entity{}, "anything"); record != 0 || field != "" {
		t.Errorf("Trace of no records = %d, %q", record, field)
	}
}

func ExampleVendor() {
	for _, resource := range Vendor.Resources {
		fmt.Println(Vendor.Name+"/"+resource.Name, resource.Version, resource.Doc)
	}
	// Output:
	// fashiontrade/products 2 create and replace products with their variants
	// fashiontrade/products 1 create and replace products with their variants
	// fashiontrade/prepacks 1 create and replace prepacks with their variants
	// fashiontrade/price-lists 1 create and replace price lists with the prices of products and variants
	// fashiontrade/prepack-price-lists 1 create and replace price lists with the prices of prepacks
	// fashiontrade/product-stock 2 create and replace single stock batches of products, with the quantities of their variants
	// fashiontrade/product-stock 1 create and replace single stock batches of products, with the quantities of their variants
	// fashiontrade/prepack-stock 1 create and replace single stock batches of prepacks
}
