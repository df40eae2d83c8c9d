package sandbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tell posts an event to the sandbox's Fashion.AI, as change makes of it.
func tell(s *Server, body string, change func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, fashionAIPath, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-FashionAI-APP-Token", "token")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

// shopEventOf is the body of an event.
func shopEventOf(kind, user, session, id string) string {
	if user != "" {
		user = `"userId":` + user + `,`
	}
	return fmt.Sprintf(`{%s"sessionId":%q,"eventType":%q,"data":{"id":%q}}`, user, session, kind, id)
}

func TestFashionAITurnsAway(t *testing.T) {
	s, err := New(Options{Token: "token"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	right := shopEventOf("categoryView", "90", "sess456", "category789")
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for _, test := range []struct {
		name   string
		body   string
		change func(*http.Request)
		status int
		words  string
	}{
		{"the document's example", right, nil, 200, "products"},
		{"with a charset", right, header("Content-Type", "application/json; charset=utf-8"), 200, "products"},
		{"no token", right, func(r *http.Request) { r.Header.Del("X-FashionAI-APP-Token") }, 401, "app token"},
		{"another's token", right, header("X-FashionAI-APP-Token", "other"), 401, "app token"},
		{"a bearer token", right, func(r *http.Request) {
			r.Header.Del("X-FashionAI-APP-Token")
			r.Header.Set("Authorization", "Bearer token")
		}, 401, "app token"},
		{"a browser", right, header("Origin", "https://shop.example"), 403, "CORS"},
		{"no JSON", right, header("Content-Type", "text/plain"), 415, "application/json"},
		{"read", right, func(r *http.Request) { r.Method = http.MethodGet }, 405, "posted"},
		{"something appended", right, func(r *http.Request) { r.URL.Path += "/categoryView" }, 404, "there is no"},
		{"a slash appended", right, func(r *http.Request) { r.URL.Path += "/" }, 404, "there is no"},
		{"a query", right, func(r *http.Request) { r.URL.RawQuery = "limit=1" }, 400, "query"},
		{"the document's comments", `{"userId": 90, // optional` + "\n" + `"sessionId": "s", "eventType": "categoryView", "data": {"id": "c"}}`, nil, 400, "not JSON"},
		{"a text for a user", strings.Replace(right, "90", `"90"`, 1), nil, 400, "userId: must be a number"},
		{"a fraction for a user", strings.Replace(right, "90", `9.5`, 1), nil, 400, "userId: 9.5"},
		{"no user but null", strings.Replace(right, "90", `null`, 1), nil, 400, "userId: null is not taken"},
		{"no session", strings.Replace(right, "sess456", ` `, 1), nil, 400, "sessionId"},
		{"another event", strings.Replace(right, "categoryView", `CategoryView`, 1), nil, 400, "eventType"},
		{"no ID", strings.Replace(right, `"id":"category789"`, ``, 1), nil, 400, "data.id: is required"},
		{"a field more", strings.Replace(right, `"data"`, `"page":1,"data"`, 1), nil, 400, "page: there is no such field"},
		{"a list of events", "[" + right + "]", nil, 400, "must be an object"},
	} {
		w := tell(s, test.body, test.change)
		if w.Code != test.status || !strings.Contains(w.Body.String(), test.words) {
			t.Errorf("%s: %d %s, want %d and %q", test.name, w.Code, w.Body, test.status, test.words)
		}
	}
	if applied := s.Record().Resources["fashionai/category-view"].Entities; len(applied) != 1 || applied["sess456|category789|90"].Applied != 2 {
		t.Errorf("events %v were counted, want the document's twice", applied)
	}
}

// TestFashionAIRanks makes sure that a category has the same products for everybody, ranked for each as before.
func TestFashionAIRanks(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ask := func(kind, user, session, id string) []string {
		t.Helper()
		w := tell(s, shopEventOf(kind, user, session, id), nil)
		var answer struct{ Products []string }
		if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || answer.Products == nil {
			t.Fatalf("%d %s: %v", w.Code, w.Body, err)
		}
		return answer.Products
	}
	sorted := func(list []string) []string { return slices.Sorted(slices.Values(list)) }
	differ := 0
	for i := range 20 {
		session := fmt.Sprint("s", i)
		one, again := ask("categoryView", "", session, "c"), ask("categoryView", "", session, "c")
		if diff := cmp.Diff(one, again); diff != "" {
			t.Errorf("ranked otherwise the second time (-first +second):\n%s", diff)
		}
		other := ask("categoryView", "90", session, "c")
		if diff := cmp.Diff(sorted(one), sorted(other)); diff != "" || len(one) < 4 {
			t.Errorf("not the same products (-one +other):\n%s", diff)
		}
		if !slices.Equal(one, other) {
			differ++
		}
		if look := ask("shopTheLook", "", session, "p"); len(look) < 2 || slices.Contains(look, "p") {
			t.Errorf("the look is %q", look)
		}
	}
	if differ == 0 {
		t.Error("everybody's ranking is the same")
	}
	if nothing := ask("categoryView", "", "new-session", "c"); len(nothing) > 0 {
		t.Errorf("of a new session it is known: %q", nothing)
	}
	if known := ask("categoryView", "90", "new-session", "c"); len(known) == 0 {
		t.Error("of a known user nothing is known")
	}
}
