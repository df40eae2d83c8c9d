package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCalls(t *testing.T) {
	s := start(t, Options{Token: "secret"})
	const json2 = "application/json"
	s.want(200, "", "PUT", "/products/known", product("known"))
	s.want(200, "", "PUT", "/products/first", product("first"), "Content-Type", media1)
	for _, c := range []struct {
		name                       string
		status                     int
		part                       string
		method, path, body, header string
		value                      string
	}{
		{"no token", 401, "lacks valid auth", "GET", "/products/known", "", "Authorization", "-"},
		{"empty token", 401, "", "GET", "/products/known", "", "Authorization", "Bearer "},
		{"other token", 401, "", "GET", "/products/known", "", "Authorization", "Bearer other"},
		{"other scheme", 401, "", "GET", "/products/known", "", "Authorization", "Basic secret"},
		{"scheme in lower case", 200, "", "GET", "/products/known", "", "Authorization", "bearer secret"},
		{"auth comes before the resource", 401, "", "GET", "/nothing", "", "Authorization", "-"},
		{"unknown resource", 404, `no resource \"nothing\"`, "GET", "/nothing", "", "", ""},
		{"nothing below an entity", 404, "must be escaped", "GET", "/products/a/b", "", "", ""},
		{"slash after the resource", 200, `"items"`, "GET", "/products/", "", "", ""},
		{"a path that cannot be read", 400, "", "GET", "/products/%ff%2", "", "", ""},
		{"method of a collection", 405, "GET, POST, DELETE", "PATCH", "/products", "{}", "", ""},
		{"method of an entity", 405, "GET, PUT, DELETE", "POST", "/products/known", product("known"), "", ""},

		{"get", 200, `"id":"known"`, "GET", "/products/known", "", "", ""},
		{"get none", 404, `no product found for the ID \"none\"`, "GET", "/products/none", "", "", ""},
		{"put", 200, `"id":"new"`, "PUT", "/products/new", product("new"), "", ""},
		{"put over", 200, "", "PUT", "/products/new", product("new"), "", ""},
		{"put under another id", 400, `id: \"b\" is not the ID in the path, \"a\"`, "PUT", "/products/a", product("b"), "", ""},
		{"put what is wrong", 400, "display_name: is required", "PUT", "/products/a", `{"id":"a","tags":[],"variants":[{}]}`, "", ""},
		{"post", 201, `"id":"posted"`, "POST", "/products", product("posted"), "", ""},
		{"post again", 409, `\"posted\" exists already`, "POST", "/products", product("posted"), "", ""},
		{"post what is wrong", 409, "display_name: is required", "POST", "/products", `{"id":"a","tags":[],"variants":[{}]}`, "", ""},
		{"post nothing", 409, "the body is empty", "POST", "/products", " ", "", ""},
		{"delete", 204, "", "DELETE", "/products/new", "", "", ""},
		{"delete again", 404, "no product found", "DELETE", "/products/new", "", "", ""},

		{"dry post", 200, `"id":"dry"`, "POST", "/products?dry_run=true", product("dry"), "", ""},
		{"dry post of a known one", 409, "exists already", "POST", "/products?dry_run=true", product("known"), "", ""},
		{"dry post of a wrong one", 409, "", "POST", "/products?dry_run=true", "{}", "", ""},
		{"dry put", 200, "", "PUT", "/products/dry?dry_run=true", product("dry"), "", ""},
		{"dry put of a wrong one", 400, "", "PUT", "/products/dry?dry_run=true", "{}", "", ""},
		{"a dry run stores nothing", 404, "", "GET", "/products/dry", "", "", ""},
		{"not dry", 200, "", "PUT", "/products/wet?dry_run=false", product("wet"), "", ""},
		{"neither dry nor not", 400, "dry_run", "PUT", "/products/wet?dry_run=1", product("wet"), "", ""},
		{"misspelt parameter", 400, "dryrun: there is no such", "PUT", "/products/wet?dryrun=true", product("wet"), "", ""},
		{"parameter twice", 400, "stands twice", "PUT", "/products/wet?dry_run=true&dry_run=false", product("wet"), "", ""},
		{"query that cannot be read", 400, "query", "GET", "/products?limit=%zz", "", "", ""},

		{"accept the path's resource", 200, "", "GET", "/products/known", "", "Accept", json2},
		{"accept anything", 200, "", "GET", "/products/known", "", "Accept", "*/*"},
		{"accept nothing said", 200, "", "GET", "/products/known", "", "Accept", "-"},
		{"accept without version", 200, "", "GET", "/products/known", "", "Accept", "application/vnd.fashiontrade.product+json"},
		{"accept another resource", 406, "the resource here is", "GET", "/products/known", "", "Accept", "application/vnd.fashiontrade.prepack+json; version=1"},
		{"accept an unknown version", 406, "the versions are 1 to 2", "GET", "/products/known", "", "Accept", "application/json; version=3"},
		{"accept version zero", 406, "", "GET", "/products/known", "", "Accept", "application/json; version=0"},
		{"accept version two, oddly", 406, "", "GET", "/products/known", "", "Accept", "application/json; version=+2"},
		{"accept a misspelt version", 406, "versoin=2", "GET", "/products/known", "", "Accept", "application/json; versoin=2"},
		{"accept HTML", 406, "", "GET", "/products/known", "", "Accept", "text/html"},
		{"accept HTML or else JSON", 200, "", "GET", "/products/known", "", "Accept", "text/html, application/json;q=0.5"},
		{"accept JSON not at all", 406, "", "GET", "/products/known", "", "Accept", "application/json;q=0"},
		{"accept on delete", 406, "", "DELETE", "/products/known", "", "Accept", "text/html"},
		{"the weightier version counts", 400, "goes forward only", "GET", "/products/known", "", "Accept", "application/json;version=2;q=0.5, application/json;version=1"},
		{"older than stored", 400, "version 1 was asked for, but the product is of version 2", "GET", "/products/known", "", "Accept", media1},
		{"newer than stored", 200, `"id":"first"`, "GET", "/products/first", "", "Accept", media2},
		{"list older than stored", 400, "goes forward only", "GET", "/products", "", "Accept", media1},
		{"answer older than sent", 400, "goes forward only", "PUT", "/products/x", product("x"), "Accept", media1},
		{"which is then not stored", 404, "", "GET", "/products/x", "", "", ""},
		{"body without a type", 406, "Content-Type is missing", "PUT", "/products/x", product("x"), "Content-Type", "-"},
		{"body as a form", 406, "", "PUT", "/products/x", product("x"), "Content-Type", "application/x-www-form-urlencoded"},
		{"body as anything", 406, "a body is of one type", "PUT", "/products/x", product("x"), "Content-Type", "*/*"},
		{"body of an unknown version", 406, "", "PUT", "/products/x", product("x"), "Content-Type", "application/vnd.fashiontrade.product+json; version=9"},
		{"body as JSON", 200, "", "PUT", "/products/x", product("x"), "Content-Type", "application/json; charset=UTF-8"},
		{"body in Latin-1", 406, "", "PUT", "/products/x", product("x"), "Content-Type", "application/json; charset=iso-8859-1"},

		{"limit zero", 400, "limit", "GET", "/products?limit=0", "", "", ""},
		{"limit below zero", 400, "limit", "GET", "/products?limit=-1", "", "", ""},
		{"limit in words", 400, "limit", "GET", "/products?limit=ten", "", "", ""},
		{"limit beyond an int32", 400, "limit", "GET", "/products?limit=2147483648", "", "", ""},
		{"largest limit", 200, `"next":null`, "GET", "/products?limit=2147483647", "", "", ""},
		{"next=null", 400, `next: \"null\"`, "GET", "/products?next=null", "", "", ""},
		{"next empty", 200, `"items"`, "GET", "/products?next=", "", "", ""},
		{"next made up", 400, "was not given out", "GET", "/products?next=QHd7hNQ", "", "", ""},
		{"next of another resource", 400, "", "GET", "/products?next=" + (&collection{resource: "prepack"}).pageToken(1), "", "", ""},

		{"delete all without a date", 400, "current_date", "DELETE", "/products", "", "", ""},
		{"delete all as of yesterday", 400, `2026-03-13\" is not today`, "DELETE", "/products?current_date=2026-03-13", "", "", ""},
		{"which deletes nothing", 200, "", "GET", "/products/known", "", "", ""},
		{"delete all", 204, "", "DELETE", "/products?current_date=2026-03-14", "", "", ""},
		{"which deletes everything", 200, `{"items":[],"next":null,"total":0}`, "GET", "/products?limit=5", "", "", ""},
		{"and lets ids be used again", 201, "", "POST", "/products", product("known"), "", ""},
	} {
		headers := []string{c.header, c.value}
		if c.header == "" {
			headers = nil
		}
		r := s.request(c.method, c.path[:1], c.body, headers...)
		address, query, _ := strings.Cut(s.base+c.path, "?")
		r.URL.RawQuery = query
		r.URL.Opaque = strings.TrimPrefix(address, "http:") // as it is, even when it is not a right path
		answer, err := s.http.Do(r)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		body := readAll(t, answer)
		if answer.StatusCode != c.status || !strings.Contains(body+answer.Header.Get("Allow"), c.part) {
			t.Errorf("%s: %s %s = %d %s, want %d with %q", c.name, c.method, c.path, answer.StatusCode, body, c.status, c.part)
		}
	}
}

// TestEscapedIDs stores products whose IDs need every kind of escape, and finds each by its own path.
func TestEscapedIDs(t *testing.T) {
	s := start(t, Options{})
	ids := []string{"a/b", "a%2Fb", "a b", "größe-42", "日本", "50%", "?x=1", "#1", "..", ".", "a+b", `"q"`, "a;b,c", "€\u00a0&"}
	for _, id := range ids {
		s.want(200, "", "PUT", "/products/"+url.PathEscape(id), product(id))
	}
	for _, id := range ids {
		text := s.want(200, "", "GET", "/products/"+url.PathEscape(id), "")
		if got := idOf(t, text); got != id {
			t.Errorf("GET of %q answered %q", id, got)
		}
		s.want(204, "", "DELETE", "/products/"+url.PathEscape(id), "")
	}
	s.want(200, `"items":[]`, "GET", "/products", "")
}

func idOf(t *testing.T, body string) string {
	t.Helper()
	var p struct{ ID string }
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return p.ID
}

func readAll(t *testing.T, answer *http.Response) string {
	t.Helper()
	defer answer.Body.Close()
	var b strings.Builder
	if _, err := io.Copy(&b, answer.Body); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// pages reads all pages and returns the IDs of each.
func pages(t *testing.T, s *started, limit int) [][]string {
	t.Helper()
	var all [][]string
	next := ""
	for {
		text := s.want(200, `"total":0}`, "GET", fmt.Sprintf("/products?limit=%d&next=%s", limit, next), "")
		var page struct {
			Items []struct{ ID string }
			Next  *string
		}
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		var ids []string
		for _, item := range page.Items {
			ids = append(ids, item.ID)
		}
		all = append(all, ids)
		if page.Next == nil {
			return all
		}
		next = *page.Next
	}
}

func TestPages(t *testing.T) {
	dir := t.TempDir()
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for i := range 1000 {
		id := fmt.Sprintf("p%d", (i*377)%1000) // not sorted: the order is that of creation
		if _, err := s.stores["fashiontrade/products"].put(id, 2, []byte(product(id)), true); err != nil {
			t.Fatal(err)
		}
		want = append(want, id)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	running := start(t, Options{Dir: dir})
	for _, limit := range []int{37, 64, 65, 250, 333, 999, 1000, 1001, 5000} {
		got := pages(t, running, limit)
		if diff := cmp.Diff(want, slices.Concat(got...)); diff != "" {
			t.Errorf("limit %d: (-want +got)\n%s", limit, diff)
		}
		if pages := (1000 + limit - 1) / limit; len(got) != pages {
			t.Errorf("limit %d: %d pages, want %d", limit, len(got), pages)
		}
	}
	var first struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(running.want(200, `"next":"`, "GET", "/products", "")), &first); err != nil {
		t.Fatal(err)
	}
	if len(first.Items) != 25 {
		t.Errorf("without limit: %d items, want 25", len(first.Items))
	}
}

func idsOfAll(t *testing.T, s *started) []string {
	t.Helper()
	return slices.Concat(pages(t, s, 1000)...)
}

// TestPagesWhileOthersWrite replaces, deletes and creates between two pages: what stays is met once.
func TestPagesWhileOthersWrite(t *testing.T) {
	s := start(t, Options{})
	for _, id := range []string{"a", "b", "c", "d", "e"} {
		s.want(201, "", "POST", "/products", product(id))
	}
	text := s.want(200, "", "GET", "/products?limit=2", "")
	_, rest, _ := strings.Cut(text, `"next":"`)
	next, _, _ := strings.Cut(rest, `"`)
	s.want(200, "", "PUT", "/products/a", product("a"))
	s.want(204, "", "DELETE", "/products/c", "")
	s.want(201, "", "POST", "/products", product("f"))
	s.want(201, "", "POST", "/products", product("c"))
	text = s.want(200, `"next":null`, "GET", "/products?limit=10&next="+next, "")
	var page struct{ Items []struct{ ID string } }
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, item := range page.Items {
		got = append(got, item.ID)
	}
	if diff := cmp.Diff([]string{"d", "e", "f", "c"}, got); diff != "" {
		t.Errorf("second page (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([][]string{{"a"}, {"b"}, {"d"}, {"e"}, {"f"}, {"c"}}, pages(t, s, 1)); diff != "" {
		t.Errorf("pages of one (-want +got)\n%s", diff)
	}
}
