package fitanalytics

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

func ask(t testing.TB, client *vendors.Client, resource *vendors.Resource, r row) ([]row, error) {
	t.Helper()
	e := encoded(t, resource, r)
	if !e.Sound() {
		t.Fatalf("%v breaks %s", r, problems(e))
	}
	answer, err := resource.Ask(context.Background(), client, e)
	if err != nil {
		return nil, err
	}
	rows, err := resource.Answer(answer)
	if err != nil {
		t.Fatalf("Answer(%s): %v", answer, err)
	}
	return rows, nil
}

func TestProductsAreLookedUp(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	question := row{"product": "example-1150064", "shopLanguage": "en", "shopCountry": "GB", "shopSizingSystem": "UK"}
	rows, err := ask(t, s.client, Products, question)
	if err != nil || len(rows) != 1 || rows[0]["supported"] != "true" || rows[0]["category"] != "upper" || rows[0]["gender"] != "m" || rows[0]["id"] != "example-1150064" {
		t.Errorf("a supported product: %v, %v", rows, err)
	}
	rows, err = ask(t, s.client, Products, with(question, "product", "example-1061683"))
	if diff := cmp.Diff([]row{{"supported": "false"}}, rows); diff != "" || err != nil {
		t.Errorf("an unsupported one: %v\n%s", err, diff)
	}
	request := s.Record().Log[0]
	if request.Method != "GET" || request.Path != "/fitanalytics/api/v1/products/example-1150064" {
		t.Errorf("it is asked with %s %s", request.Method, request.Path)
	}
}

// TestProductAnswers reads what the stand-in never says.
func TestProductAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   []row // nil: an error
	}{
		{"404 without a body", 404, "", []row{{"supported": "false"}}},
		{"404 with errors", 404, `{"errors":[{"status":404}]}`, []row{{"supported": "false"}}},
		{"the page of another server", 404, "\n<html>not found</html>", nil},
		{"members of all kinds", 200, `{"data":{"id":17,"title":null,"gender":"m","tags":["a","b|c"],"brand":{"id":"tnf"}}}`,
			[]row{{"supported": "true", "id": "17", "gender": "m", "tags": `a|b\|c`, "brand.id": "tnf"}}},
		{"no data", 200, `{}`, nil}, {"a failure", 500, ``, nil}, {"turned away", 401, ``, nil},
	} {
		rows, err := ask(t, answering(t, test.status, test.body), Products, row{"product": "a/b"})
		if (err == nil) != (test.want != nil) || cmp.Diff(test.want, rows) != "" {
			t.Errorf("%s: %v, %v, want %v", test.name, rows, err, test.want)
		}
	}
}

func TestRecommendations(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	id := s.put(t, Profiles, man).ID
	question := row{"sess": "s1", "sub": "1000", "product": "example-1150064", "profile": id, "shopLanguage": "en", "shopCountry": "GB", "isImmediate": "yes",
		"manufacturedSizes": `Chest 36in Short|Chest 38in Long`, "manufacturedSizes.Chest 40in Long": "no"}
	e := encoded(t, Recommendations, question)
	const want = `{"customer":{"sess":"s1","sub":"1000"},"product":"example-1150064","data":{"shopLanguage":"en","shopCountry":"GB","isImmediate":true,` +
		`"manufacturedSizes":{"Chest 36in Short":true,"Chest 38in Long":true,"Chest 40in Long":false},"profile":"ID"}}`
	if got := strings.Replace(string(e.Body), id, "ID", 1); got != want {
		t.Errorf("the question is\n%s, want\n%s", got, want)
	}
	rows, err := ask(t, s.client, Recommendations, question)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v, %v", rows, err)
	}
	for _, r := range rows {
		for name := range r {
			if field, _ := Recommendations.Answers.Find(name); field == nil {
				t.Errorf("the answer has a column %q that is not listed", name)
			}
		}
		if r["status"] != "201" || r["id"] == "" || r["flags.usedUserMeasures"] != "true" || r["recommendedSizes.name"] == "" || r["recommendedSizes.score"] == "" || r["recommendedSizes.size.sizingSystem"] != "de" {
			t.Errorf("a size: %v", r)
		}
	}
	again, err := ask(t, s.client, Recommendations, question)
	if diff := cmp.Diff(rows, again); diff != "" || err != nil {
		t.Errorf("asked again: %v\n%s", err, diff)
	}
}

func TestWhatIsMissingIsAnAnswer(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	for _, test := range []struct {
		name string
		row  row
		want row
	}{
		{"no profile", row{"sess": "s1", "product": "example-1150064"}, row{"status": "400", "errors.code": "rec_no_height|rec_no_weight",
			"errors.title": "Missing profile height|Missing profile weight", "missing": "profile.height|profile.weight"}},
		{"an unsupported product", row{"sess": "s1", "product": "example-1061683"}, row{"status": "404"}},
	} {
		rows, err := ask(t, s.client, Recommendations, test.row)
		if diff := cmp.Diff([]row{test.want}, rows); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", test.name, err, diff)
		}
	}
	s.put(t, Purchases, with(shirt, "sub", "", "product", "example-1150064")) // the customer's purchases will do (fit-analytics:267)
	rows, err := ask(t, s.client, Recommendations, row{"sess": "s1", "product": "example-1150064"})
	if err != nil || len(rows) == 0 || rows[0]["status"] != "201" || rows[0]["flags.usedPastPurchases"] != "true" || rows[0]["flags.usedUserMeasures"] != "false" {
		t.Errorf("with a purchase: %v, %v", rows, err)
	}
}

// recommendationAnswers are answers of all kinds. A nil want is an error.
var recommendationAnswers = []struct {
	name   string
	status int
	body   string
	want   []row
}{
	{"no sizes", 201, `{"data":{"id":"r","recommendedSizes":[]}}`, []row{{"status": "201", "id": "r"}}},
	{"success with 200", 200, `{"data":{"id":"r","recommendedSizes":[{"name":"M","score":"76"}]}}`, []row{{"status": "200", "id": "r", "recommendedSizes.name": "M", "recommendedSizes.score": "76"}}},
	{"members that are not objects", 201, `{"data":{"id":1,"flags":true,"recommendedSizes":[1,{"name":"M"}]}}`, []row{{"status": "201", "id": "1", "recommendedSizes.name": "M"}}},
	{"an unknown lack", 400, `{"errors":[{"code":"rec_no_shoe_horn","title":"t"}]}`, []row{{"status": "400", "errors.code": "rec_no_shoe_horn", "errors.title": "t", "missing": ""}}},
	{"many lacks", 400, `{"errors":[` + strings.Repeat(`{"code":"rec_no_height","title":"`+strings.Repeat("x", 80)+`","source":{"fields":["profile.height"]}},`, 20) + `{"code":"rec_no_weight"}]}`,
		[]row{{"status": "400", "errors.code": strings.Repeat("rec_no_height|", 20) + "rec_no_weight", "errors.title": strings.Repeat(strings.Repeat("x", 80)+"|", 20),
			"missing": strings.TrimSuffix(strings.Repeat("profile.height|", 20), "|")}}},
	{"a mistake of ours", 400, `{"errors":[{"code":"rec_no_height"},{"code":"invalid"}]}`, nil},
	{"400 without reasons", 400, `{"errors":[]}`, nil}, {"400 of a proxy", 400, `<html>`, nil}, {"another server's page", 404, `<html>`, nil},
	{"not found", 404, ``, []row{{"status": "404"}}}, {"refused", 422, `{"errors":[{"code":"x"}]}`, nil}, {"a failure", 503, ``, nil},
}

func TestRecommendationAnswers(t *testing.T) {
	for _, test := range recommendationAnswers {
		rows, err := ask(t, answering(t, test.status, test.body), Recommendations, Recommendations.Example[0])
		var refusal *vendors.APIError
		if test.want == nil {
			if !errors.As(err, &refusal) || refusal.Status != test.status {
				t.Errorf("%s: %v, %v, want a refusal with %d", test.name, rows, err, test.status)
			}
			continue
		}
		if diff := cmp.Diff(test.want, rows); diff != "" || err != nil {
			t.Errorf("%s: %v\n%s", test.name, err, diff)
		}
	}
}

// FuzzRecommendationAnswers takes any body for an answer that is told in rows, or for none.
func FuzzRecommendationAnswers(f *testing.F) {
	for _, seed := range recommendationAnswers {
		f.Add(seed.status, []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status != 201 && status != 400 && status != 404 {
			return
		}
		client := answering(t, status, string(body))
		e := &vendors.Entity{Body: []byte(`{"customer":{"sess":"s"},"product":"p","data":{}}`)}
		answer, err := askRecommendation(context.Background(), client, e)
		if err != nil {
			return
		}
		rows, err := readRecommendation(answer)
		if err == nil && (len(rows) == 0 || rows[0]["status"] == "") {
			t.Fatalf("%d %s gives %v", status, body, rows)
		}
		if err != nil && status != http.StatusCreated {
			t.Fatalf("%d %s was kept, but cannot be read: %v", status, body, err)
		}
	})
}

// TestCatalogues exports all lists, with their filters, fields and includes.
func TestCatalogues(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	query := func(text string) url.Values {
		values, err := url.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	for _, test := range []struct {
		resource *vendors.Resource
		query    string
		keys     []string
		count    int
		first    row
	}{
		{Brands, "", nil, 10, row{"id": "tommy-hilfiger", "name": "Tommy Hilfiger"}},
		{Brands, "filter[category]=upper&filter[gender]=m&filter[shopId]=example&filter[shopLanguage]=en&filter[shopCountry]=GB&fields[brands]=*,isTopReference", nil, 10,
			row{"id": "tommy-hilfiger", "name": "Tommy Hilfiger", "isTopReference": "true"}},
		{Brands, "", []string{"tnf", "nobody", "levis"}, 2, row{"id": "tnf", "name": "The North Face"}},
		{Styles, "filter[brand]=levis&filter[category]=lower&filter[gender]=m&filter[shopCountry]=DE&filter[shopLanguage]=de&include=garmentType", nil, 6,
			row{"category": "lower", "gender": "m", "garmentType.id": "denim_skinny", "garmentType.name": "skinny jeans"}},
		{Styles, "filter[brand]=levis&filter[category]=lower&filter[gender]=m&filter[garmentType]=denim_slim", nil, 3, row{"category": "lower", "gender": "m", "garmentType.id": "denim_slim"}},
		{ReferenceSizes, "filter[brand]=river-island&filter[category]=upper&filter[gender]=m&include=sizingSystem&fields[reference-sizes]=*,components,tags", nil, 10,
			row{"name": "S", "label": "XX", "size": "1428", "tags": "letter", "sizingSystem.id": "xx", "sizingSystem.name": "XX", "components.main.code": "S"}},
		{ReferenceSizes, "filter[category]=bra&filter[gender]=w&filter[brand]=generic&fields[reference-sizes]=name,label,components", nil, 10,
			row{"name": "S", "label": "XX", "sizingSystem.id": "xx", "components.main.code": "S"}},
		{BodyShapes, "filter[gender]=m&filter[height]=180&filter[weight]=80", nil, 9,
			row{"id": "M.24.B1.C1", "gender": "m", "bmi": "24", "imageUrl1": "http://media.example.com/bodyshapes/M.24.B1.png", "imageUrl2": "http://media.example.com/bodyshapes/M.24.B1.C1.png"}},
		{BodyShapes, "", []string{"F.24.B2.C3"}, 1, row{"id": "F.24.B2.C3", "gender": "w", "bmi": "24"}},
	} {
		ask := vendors.Listing{Query: query(test.query)}
		if test.keys != nil {
			ask.Keys = keys(test.keys...)
		}
		all := listing(t, s, test.resource, ask)
		if len(all) != test.count {
			t.Errorf("%s?%s lists %d, want %d", test.resource.Name, test.query, len(all), test.count)
			continue
		}
		for i, stored := range all {
			got := decoded(t, test.resource, stored)
			if got["id"] != stored.Key {
				t.Errorf("%s: key %q of %v", test.resource.Name, stored.Key, got)
			}
			for name := range got {
				if field, _ := test.resource.Schema.Find(name); field == nil {
					t.Errorf("%s: the column %q is no field", test.resource.Name, name)
				}
			}
			for name, value := range test.first {
				if i == 0 && got[name] != value {
					t.Errorf("%s?%s: %s is %q, want %q", test.resource.Name, test.query, name, got[name], value)
				}
			}
			if canonical, err := test.resource.Canonical(stored.Body); err != nil || len(canonical) == 0 {
				t.Errorf("%s: %v", test.resource.Name, err)
			}
		}
	}
	if s.Tokens().Customers != 1 {
		t.Errorf("lists were asked for by %d customers, want the account's own session", s.Tokens().Customers)
	}
}

func TestOddCatalogues(t *testing.T) {
	for _, test := range oddLists {
		for page, err := range Brands.Pages(context.Background(), answering(t, test.status, test.body), vendors.Listing{}) {
			if ok := test.ok && test.status == 200; (err == nil) != ok {
				t.Errorf("%d %s: %v, %v", test.status, test.body, page.Entities, err)
			}
		}
	}
	for page, err := range Brands.Pages(context.Background(), answering(t, 200, `{"data":{"id":"other"}}`), vendors.Listing{Keys: keys("tnf")}) {
		if err == nil {
			t.Errorf("the answer of another brand is taken: %v", page)
		}
	}
}
