package sandbox

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
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
