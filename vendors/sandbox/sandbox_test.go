package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// noon is when every test takes place.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// started is a running sandbox with a client.
type started struct {
	*Server
	t    *testing.T
	base string
	http *http.Client
}

// start runs a sandbox until the test ends.
func start(t *testing.T, o Options) *started {
	t.Helper()
	if o.Now == nil {
		o.Now = func() time.Time { return noon }
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	// Connections are not kept, so that the client never repeats a request by itself.
	transport := &http.Transport{DisableKeepAlives: true}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
		transport.CloseIdleConnections()
	})
	return &started{s, t, s.BaseURL("fashiontrade"), &http.Client{Transport: transport}}
}

const (
	media1 = "application/vnd.fashiontrade.product+json; version=1"
	media2 = "application/vnd.fashiontrade.product+json; version=2"
)

// request makes a request with the headers that a right one has. Header values set to "-" are left out.
func (s *started) request(method, path, body string, headers ...string) *http.Request {
	s.t.Helper()
	r, err := http.NewRequest(method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer secret")
	r.Header.Set("Accept", media2)
	if body != "" {
		r.Header.Set("Content-Type", media2)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "-" {
			r.Header.Del(headers[i])
		}
	}
	return r
}

// try sends a request and returns the answer with its body read, or the error.
func (s *started) try(method, path, body string, headers ...string) (*http.Response, string, error) {
	s.t.Helper()
	answer, err := s.http.Do(s.request(method, path, body, headers...))
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	return answer, string(text), err
}

// do is try for requests that must be answered.
func (s *started) do(method, path, body string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	answer, text, err := s.try(method, path, body, headers...)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer, text
}

// want sends a request and compares the status, and, when one is given, a part of the body.
func (s *started) want(status int, part, method, path, body string, headers ...string) string {
	s.t.Helper()
	answer, text := s.do(method, path, body, headers...)
	if answer.StatusCode != status || !strings.Contains(text, part) {
		s.t.Errorf("%s %s = %d %s, want %d with %q", method, path, answer.StatusCode, text, status, part)
	}
	return text
}

// sample is the product in the document's sample request.
func sample(t testing.TB) string {
	t.Helper()
	body, err := os.ReadFile("testdata/sample-product.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// product is a small right product.
func product(id string) string {
	name, _ := json.Marshal(id)
	return `{"id":` + string(name) + `,"tags":[],"display_name":"Shirt","variants":[{"barcode":"1","color_or_pattern_name":"red","colors":["RED"],"size":{"type":"OneSize"}}]}`
}

func compact(t *testing.T, body string) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, []byte(body)); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestSampleOfTheDocument(t *testing.T) {
	s := start(t, Options{})
	body := sample(t)
	s.want(409, `tags[0].value: \"NOS_SUMMER\" is not a value of COLLECTION in version 2`, "POST", "/products", body)
	s.want(201, `"size": "M",`, "POST", "/products", body, "Content-Type", media1, "Accept", media1)
	s.want(409, `"brand-id-1\" exists already`, "POST", "/products", body, "Content-Type", media1, "Accept", media1)

	corrected := strings.Replace(body, "NOS_SUMMER", "nos_summer", 1)
	text := s.want(200, "", "PUT", "/products/brand-id-1", corrected)
	shown := strings.NewReplacer(`,"category":"MEDIUM"`, "", `,"category":"LARGE"`, "").Replace(text)
	if shown != corrected {
		t.Errorf("PUT answered %s, want the body with read-only fields", text)
	}
	s.want(400, "NOS_SUMMER", "PUT", "/products/brand-id-1", body)
	s.want(400, `nos_summer`, "PUT", "/products/brand-id-1", corrected, "Content-Type", media1)

	stored, err := s.Stored("fashiontrade/products")
	if err != nil || len(stored) != 1 || string(stored[0].Body) != compact(t, corrected) || stored[0].Version != 2 {
		t.Errorf("Stored() = %v, %v, want the corrected sample in version 2", stored, err)
	}
	if applied := s.Record().Resources["fashiontrade/products"].Entities["brand-id-1"].Applied; applied != 2 {
		t.Errorf("applied %d times, want 2", applied)
	}
}

func TestOneSandboxADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "when missing")
	s, err := New(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "another sandbox") {
		t.Errorf("a second sandbox: %v, want an error that names the directory", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close() = %v, want nil", err)
		}
	}
	s, err = New(Options{Dir: dir})
	if err != nil {
		t.Fatalf("after Close: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
}

func TestNewFailsCleanly(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "fashiontrade-products.jsonl")
	if err := os.WriteFile(log, []byte("not a log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), log+":1") {
		t.Errorf("New with a damaged log = %v, want an error with its place", err)
	}
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Dir: dir}) // the lock was given back
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	for _, o := range []Options{{Dir: filepath.Join(dir, "lock", "below a file")}, {Rate: -1}, {Latency: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) = nil, want an error", o)
		}
	}
}

func TestStart(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.BaseURL("fashiontrade"); got != "/fashiontrade/pim" {
		t.Errorf("BaseURL before Start = %q, want the path alone", got)
	}
	if _, err := s.Start("no such address"); err == nil {
		t.Error("Start at no address = nil, want an error")
	}
	base, err := s.Start(":0")
	if err != nil || !strings.HasPrefix(base, "http://localhost:") {
		t.Fatalf("Start(:0) = %q, %v, want an address that can be reached", base, err)
	}
	if got := s.BaseURL("fashiontrade"); got != base+"/fashiontrade/pim" {
		t.Errorf("BaseURL = %q, want it below %q", got, base)
	}
	if got := s.BaseURL("nobody"); got != "" {
		t.Errorf("BaseURL of an unknown vendor = %q, want none", got)
	}
	answer, err := http.Get(base + "/faire/products")
	if err != nil {
		t.Fatal(err)
	}
	if body := readAll(t, answer); answer.StatusCode != 404 || !strings.Contains(body, "the sandbox plays /fashiontrade/pim") {
		t.Errorf("a vendor that is not played: %d %s", answer.StatusCode, body)
	}
	if _, err := s.Start(":0"); err == nil {
		t.Error("Start again = nil, want an error")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Start(":0"); err == nil {
		t.Error("Start after Close = nil, want an error")
	}
}

// TestAcknowledgedIsKept copies the files of a running sandbox after each answer, as if it were
// killed there, and opens the copy.
func TestAcknowledgedIsKept(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir})
	steps := []struct{ method, path, body string }{
		{"PUT", "/products/a", product("a")}, {"POST", "/products", product("b")}, {"PUT", "/products/a", product("a")},
		{"DELETE", "/products/b", ""}, {"PUT", "/products/c", product("c")},
		{"DELETE", "/products?current_date=2026-03-14", ""}, {"POST", "/products", product("b")},
	}
	wants := []map[string]int64{{"a": 1}, {"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2}, {"a": 2, "c": 1}, {}, {"b": 1}}
	for i, step := range steps {
		s.do(step.method, step.path, step.body)
		copied := t.TempDir()
		if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
		other, err := New(Options{Dir: copied})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int64{}
		for id, entity := range other.Record().Resources["fashiontrade/products"].Entities {
			got[id] = entity.Applied
		}
		if !maps.Equal(got, wants[i]) {
			t.Errorf("after %s %s: %v, want %v", step.method, step.path, got, wants[i])
		}
		if err := other.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRecord(t *testing.T) {
	var log bytes.Buffer
	s := start(t, Options{Faults: faulty(t, "503@2,drop-after@3"), Log: &log})
	s.want(200, "", "PUT", "/products/a", product("a"))
	s.want(503, "", "PUT", "/products/b", product("b"))
	if _, _, err := s.try("PUT", "/products/b", product("b")); err == nil {
		t.Error("drop-after: answered")
	}
	s.want(400, "", "PUT", "/products/c", "{}")
	s.want(404, "", "GET", "/nothing", "")
	s.want(200, "", "GET", "/products?limit=1", "")

	got := s.Record()
	hash := func(id string) string {
		for name, e := range got.Resources["fashiontrade/products"].Entities {
			if name == id {
				return e.Hash
			}
		}
		return ""
	}
	want := Record{Requests: 6, First: noon, Last: noon, MostInFlight: 1, MostInOneSpell: 6, MostInTenSeconds: 6,
		Resources: map[string]Resource{
			"fashiontrade": {Methods: map[string]int64{"GET": 1}, Statuses: map[int]int64{404: 1},
				Faults: map[string]int64{}, Entities: map[string]Entity{}},
			"fashiontrade/products": {Methods: map[string]int64{"PUT": 4, "GET": 1},
				Statuses: map[int]int64{200: 2, 400: 1, 503: 1, 0: 1}, Faults: map[string]int64{"503": 1, "drop-after": 1},
				Entities: map[string]Entity{"a": {1, 2, hash("a")}, "b": {1, 2, hash("b")}}},
		},
		Refusals: []Refusal{
			{noon, "PUT", "/fashiontrade/pim/products/b", 503, "Service Unavailable on cue", "503"},
			{noon, "PUT", "/fashiontrade/pim/products/b", 0, "", "drop-after"},
			{noon, "PUT", "/fashiontrade/pim/products/c", 400, "display_name: is required", ""},
			{noon, "GET", "/fashiontrade/pim/nothing", 404, `there is no resource "nothing"`, ""},
		},
		Log: []Request{
			{At: noon, Method: "PUT", Path: "/fashiontrade/pim/products/a", Status: 200, Applied: []Applied{{"a", hash("a")}}},
			{At: noon, Method: "PUT", Path: "/fashiontrade/pim/products/b", Status: 503, Fault: "503"},
			{At: noon, Method: "PUT", Path: "/fashiontrade/pim/products/b", Fault: "drop-after", Applied: []Applied{{"b", hash("b")}}},
			{At: noon, Method: "PUT", Path: "/fashiontrade/pim/products/c", Status: 400},
			{At: noon, Method: "GET", Path: "/fashiontrade/pim/nothing", Status: 404},
			{At: noon, Method: "GET", Path: "/fashiontrade/pim/products", Status: 200},
		}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Record() (-want +got)\n%s", diff)
	}
	if len(hash("a")) != 64 || hash("a") == hash("b") {
		t.Errorf("hashes %q and %q, want two of 64 digits", hash("a"), hash("b"))
	}
	s.compareServed(got)
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 6 || lines[2] != "2026-03-14T12:00:00.000Z PUT /fashiontrade/pim/products/b 0 0s fault=drop-after" {
		t.Errorf("the log is %q", lines)
	}
}

// TestReset empties a sandbox that keeps its data, with other faults, and looks at it again after
// opening it anew.
func TestReset(t *testing.T) {
	dir := t.TempDir()
	s := start(t, Options{Dir: dir, Faults: faulty(t, "500@2+"), Rate: 1000})
	s.want(200, "", "PUT", "/products/a", product("a"))
	s.want(500, "", "PUT", "/products/b", product("b"))
	reset := func(method, query string) int {
		r, err := http.NewRequest(method, strings.TrimSuffix(s.base, "/fashiontrade/pim")+"/_sandbox/reset"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		answer, err := s.http.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	for _, query := range []string{"?faults=explode@1", "?seed=-1", "?rate=-1", "?rate=NaN", "?latency=soon", "?limit=1"} {
		if status := reset("POST", query); status != 400 {
			t.Errorf("reset%s = %d, want 400", query, status)
		}
	}
	if status := reset("GET", ""); status != 405 || s.Record().Requests != 2 {
		t.Errorf("GET = %d, want 405 and nothing forgotten", status)
	}
	if status := reset("POST", "?faults=503@1&seed=7&rate=500&latency=1ms"); status != 204 {
		t.Errorf("reset = %d, want 204", status)
	}
	s.want(503, "", "PUT", "/products/c", product("c"))
	s.want(200, "", "PUT", "/products/c", product("c"))
	s.want(404, "", "GET", "/products/a", "")
	got := s.Record()
	if got.Requests != 3 || len(got.Log) != 3 || len(got.Refusals) != 2 || len(got.Resources["fashiontrade/products"].Entities) != 1 {
		t.Errorf("after a reset the record is %+v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, Options{Dir: dir})
	if diff := cmp.Diff([]string{"c"}, idsOfAll(t, again)); diff != "" {
		t.Errorf("stored after a reset (-want +got):\n%s", diff)
	}
}

// TestResetWaits resets a sandbox while a request is being answered that stores something later.
func TestResetWaits(t *testing.T) {
	arrived := make(chan bool, 1)
	s := start(t, Options{Latency: 20 * time.Millisecond, Now: func() time.Time {
		select {
		case arrived <- true:
		default:
		}
		return noon
	}})
	answered := make(chan error, 1)
	go func() {
		_, err := s.http.Do(s.request("PUT", "/products/a", product("a")))
		answered <- err
	}()
	<-arrived
	if err := s.Reset(Options{}); err != nil {
		t.Fatal(err)
	}
	if err := <-answered; err != nil {
		t.Errorf("the request was not answered: %v", err)
	}
	if r := s.Record(); r.Requests != 0 || len(r.Resources["fashiontrade/products"].Entities) != 0 {
		t.Errorf("after a reset the record is %+v", r)
	}
}

func TestTokensReused(t *testing.T) {
	var l ledger
	l.reset()
	for _, c := range []struct{ token, body string }{
		{"", "1"}, {"", "2"}, {"a", "1"}, {"a", "1"}, {"b", "1"}, {"b", "2"}, {"b", "3"}, {"c", ""}, {"a", "1"},
	} {
		l.arrive(noon)
		l.leave(outcome{call: &call{method: "POST", token: c.token, body: []byte(c.body)}, status: 200})
	}
	if got := l.copy(); !slices.Equal(got.TokensReused, []string{"b"}) || got.Log[3].Token != "a" {
		t.Errorf("TokensReused = %q, want b alone", got.TokensReused)
	}
}

// compareServed compares what lies under /_sandbox with what the methods give.
func (s *started) compareServed(want Record) {
	s.t.Helper()
	get := func(path string) string {
		answer, err := s.http.Get(strings.TrimSuffix(s.base, "/fashiontrade/pim") + path)
		if err != nil {
			s.t.Fatal(err)
		}
		return readAll(s.t, answer)
	}
	var served Record
	if err := json.Unmarshal([]byte(get("/_sandbox/record")), &served); err != nil {
		s.t.Fatal(err)
	}
	if diff := cmp.Diff(want, served); diff != "" {
		s.t.Errorf("/_sandbox/record (-want +got)\n%s", diff)
	}
	if got := get("/_sandbox/health"); got != `{"status":"ok"}`+"\n" {
		s.t.Errorf("/_sandbox/health = %s", got)
	}
	wantStored := fmt.Sprintf(`{"id":"a","version":2,"body":%s}`+"\n"+`{"id":"b","version":2,"body":%s}`+"\n", product("a"), product("b"))
	if got := get("/_sandbox/stored?resource=fashiontrade/products"); got != wantStored {
		s.t.Errorf("/_sandbox/stored = %s, want %s", got, wantStored)
	}
	if got := get("/_sandbox/other"); !strings.Contains(got, "has health, record and stored") {
		s.t.Errorf("/_sandbox/other = %s", got)
	}
}

// TestManyAtOnce writes and reads the same entities from many goroutines.
func TestManyAtOnce(t *testing.T) {
	s := start(t, Options{Dir: t.TempDir()})
	const workers, each = 8, 40
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for i := range each {
				id := fmt.Sprint("p", i)
				s.want(200, id, "PUT", "/products/"+id, product(id))
				s.want(200, id, "GET", "/products/"+id, "")
				if i%10 == w {
					s.want(200, `"items"`, "GET", "/products?limit=5", "")
				}
			}
		})
	}
	wait.Wait()
	r := s.Record()
	if r.MostInFlight < 1 || r.MostInFlight > workers {
		t.Errorf("MostInFlight = %d, want 1 to %d", r.MostInFlight, workers)
	}
	products := r.Resources["fashiontrade/products"]
	if got := products.Methods["PUT"]; got != workers*each {
		t.Errorf("%d PUTs recorded, want %d", got, workers*each)
	}
	for i := range each {
		if got := products.Entities[fmt.Sprint("p", i)].Applied; got != workers {
			t.Errorf("p%d was applied %d times, want %d", i, got, workers)
		}
	}
	if got := len(slices.Concat(pages(t, s, 7)...)); got != each {
		t.Errorf("%d products in pages, want %d", got, each)
	}
}

func TestBodyTooLong(t *testing.T) {
	s := start(t, Options{})
	s.want(413, "longer than 8388608 bytes", "PUT", "/products/a", strings.Repeat(" ", maxBody+1))
	s.want(404, "", "GET", "/products/a", "")
}

// BenchmarkPut stores products of eight variants through the handler alone, without a network.
func BenchmarkPut(b *testing.B) {
	for name, dir := range map[string]string{"memory": "", "disk": b.TempDir()} {
		b.Run(name, func(b *testing.B) {
			s, err := New(Options{Dir: dir})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			ids, bodies := make([]string, 1000), make([]string, 1000)
			for i := range ids {
				ids[i] = fmt.Sprint("p", i)
				bodies[i] = eightVariants(ids[i])
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				id, body := ids[n%1000], bodies[n%1000]
				b.SetBytes(int64(len(body)))
				r := httptest.NewRequest("PUT", "/fashiontrade/pim/products/"+id, strings.NewReader(body))
				r.Header.Set("Authorization", "Bearer t")
				r.Header.Set("Content-Type", media2)
				w := httptest.NewRecorder()
				if s.ServeHTTP(w, r); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

// eightVariants is a product as a brand would send it.
func eightVariants(id string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"id":%q,"active":true,"tags":[{"type":"GENDER","value":"female"},{"type":"CATEGORY","value":"dress"},`+
		`{"type":"COLLECTION","value":"ss22"}],"display_name":"Summer dress %s","description":"A light dress for warm days","variants":[`, id, id)
	for i := range 8 {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"barcode":"506%s%d","color_or_pattern_name":"Maraschino","color_hex_codes":["ff0000"],"colors":["RED"],`+
			`"images":[{"url":"https://assets.example.com/%s/%d.jpg","orientation":"FRONT","composition":"ON_MODEL",`+
			`"production_setting":"STUDIO_PHOTOGRAPHY"}],"size":{"type":"EuWomenSize","size":"%d"}}`, id, i, id, i, 32+2*i)
	}
	b.WriteString(`]}`)
	return b.String()
}
