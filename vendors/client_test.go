package vendors

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func clientOf(t *testing.T, handler http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &Client{
		Account: &Account{BaseURL: server.URL + "/base", Token: NewSecret("s3cr3t")},
		Authorize: func(r *http.Request, a *Account) error {
			r.Header.Set("Authorization", "Bearer "+a.Token.Reveal())
			return nil
		},
		HTTP: server.Client(), Agent: "bulkload-test", Now: func() time.Time { return noon },
	}
}

func TestDoSendsTheRequestAsItIs(t *testing.T) {
	client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("X-Seen", strings.Join([]string{r.Method, r.RequestURI, r.Header.Get("Accept"),
			r.Header.Get("User-Agent"), r.Header.Get("Authorization"), string(body)}, " "))
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "stored")
	})
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Method: "PUT", Path: "/a%2Fb/%2E", Query: url.Values{"q": {"a b"}}, Header: http.Header{"Accept": {"x/y"}}, Body: []byte("{}")},
			"PUT /base/a%2Fb/%2E?q=a+b x/y bulkload-test Bearer s3cr3t {}"},
		{Request{Method: "GET", Path: "/a", RawQuery: "next=a+b=%2B"}, "GET /base/a?next=a+b=%2B  bulkload-test Bearer s3cr3t"},
		{Request{Method: "GET", Path: "/a", Query: url.Values{"limit": {"5"}}, RawQuery: "next=x"},
			"GET /base/a?limit=5&next=x  bulkload-test Bearer s3cr3t"},
	} {
		response, err := client.Do(context.Background(), test.request)
		if err != nil {
			t.Fatal(err)
		}
		if got := response.Header.Get("X-Seen"); got != test.want || response.Status != 201 || string(response.Body) != "stored" {
			t.Errorf("seen %q, want %q; answer %d %q", got, test.want, response.Status, response.Body)
		}
	}
}

func TestErrorsOfTheVendor(t *testing.T) {
	long := strings.Repeat("é", 600)
	for _, test := range []struct {
		name   string
		status int
		body   string
		want   string
	}{
		{"message", 400, `{"message": "no such\n  size"}`, "HTTP 400 Bad Request: no such size"},
		{"code and message", 409, `{"code": "DUPLICATE", "message": "exists"}`, "HTTP 409 Conflict: DUPLICATE: exists"},
		{"number as code", 400, `{"code": 17, "message": "exists"}`, "HTTP 400 Bad Request: 17: exists"},
		{"error instead of message", 400, `{"error": "bad"}`, "HTTP 400 Bad Request: bad"},
		{"error object", 400, `{"error": {"a": 1}}`, `HTTP 400 Bad Request: {"error": {"a": 1}}`},
		{"error object with a message", 400, `{"error": {"message": "[Item 3] No Product URL"}}`, "HTTP 400 Bad Request: [Item 3] No Product URL"},
		{"text", 404, "nothing here", "HTTP 404 Not Found: nothing here"},
		{"JSON string", 401, `"no token"`, `HTTP 401 Unauthorized: "no token"`},
		{"HTML", 502, "<html><body>Bad gateway</body></html>", "HTTP 502 Bad Gateway"},
		{"nothing", 503, "", "HTTP 503 Service Unavailable"},
		{"a status without a name", 599, "x", "HTTP 599: x"},
		{"long", 400, long, "HTTP 400 Bad Request: " + strings.Repeat("é", 499) + "…"},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			})
			response, err := client.Do(context.Background(), Request{Method: "GET", Path: "/"})
			var refusal *APIError
			if !errors.As(err, &refusal) || response != nil || refusal.Status != test.status || err.Error() != test.want {
				t.Errorf("Do = %v, %q, want %q", response, err, test.want)
			}
		})
	}
}

func TestAPIErrorKinds(t *testing.T) {
	for status, want := range map[int][2]bool{400: {false, false}, 401: {false, true}, 403: {false, true}, 404: {}, 408: {true, false},
		409: {}, 425: {true, false}, 429: {true, false}, 500: {true, false}, 501: {}, 502: {true, false}, 503: {true, false},
		504: {true, false}, 505: {}} {
		e := &APIError{Status: status}
		if got := [2]bool{e.Temporary(), e.Unauthorised()}; got != want {
			t.Errorf("%d: temporary and unauthorised are %v, want %v", status, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for _, test := range []struct {
		header string
		want   time.Duration
	}{
		{"", 0}, {"7", 7 * time.Second}, {" 7 ", 7 * time.Second}, {"0", 0}, {"-5", 0}, {"soon", 0}, {"1.5", 0},
		{noon.Add(90 * time.Second).Format(http.TimeFormat), 90 * time.Second},
		{noon.Add(-time.Hour).Format(http.TimeFormat), 0},
		{noon.Add(time.Minute).Format(time.RFC850), time.Minute},
		{"99999999999999999999", 0},
		{"9300000000", longestWait}, {noon.AddDate(300, 0, 0).Format(http.TimeFormat), longestWait},
	} {
		client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Date"] = nil // the vendor's clock is not told
			w.Header().Set("Retry-After", test.header)
			w.WriteHeader(http.StatusTooManyRequests)
		})
		_, err := client.Do(context.Background(), Request{Method: "GET", Path: "/"})
		var refusal *APIError
		if !errors.As(err, &refusal) || refusal.RetryAfter != test.want {
			t.Errorf("Retry-After %q: %v, want to wait %s", test.header, err, test.want)
		}
	}
}

func TestRetryAfterCountsFromTheVendorsClock(t *testing.T) {
	for _, skew := range []time.Duration{-26 * time.Hour, 0, 7 * time.Minute} {
		theirs := noon.Add(skew)
		client := &Client{Now: func() time.Time { return noon }}
		header := http.Header{"Date": {theirs.Format(http.TimeFormat)}, "Retry-After": {theirs.Add(40 * time.Second).Format(http.TimeFormat)}}
		if got := client.retryAfter(header); got != 40*time.Second {
			t.Errorf("with a clock %s ahead: wait %s, want 40s", skew, got)
		}
	}
}

func TestRetryAfterIsNeverNegative(t *testing.T) {
	client := &Client{Now: func() time.Time { return noon }}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.StringMatching(`[0-9]{1,20}`), rapid.String()).Draw(t, "value")
		if got := client.retryAfter(http.Header{"Retry-After": {value}}); got < 0 {
			t.Fatalf("retryAfter(%q) = %s", value, got)
		}
	})
}

func TestNoWholeAnswer(t *testing.T) {
	for _, test := range []struct {
		name    string
		handler http.HandlerFunc
	}{
		{"connection dropped", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{"answer cut", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, "half")
		}},
		{"too slow", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := clientOf(t, test.handler)
			client.Account.Timeout = 50 * time.Millisecond
			_, err := client.Do(context.Background(), Request{Method: "PUT", Path: "/a"})
			var lost *TransportError
			if !errors.As(err, &lost) || lost.Method != "PUT" || lost.Path != "/a" || lost.Unwrap() == nil {
				t.Fatalf("error %v, want a TransportError", err)
			}
			if strings.Contains(err.Error(), client.Account.BaseURL) || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%q shows the address or the token", err)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	client := clientOf(t, func(http.ResponseWriter, *http.Request) {})
	if _, err := client.Do(ctx, Request{Method: "GET", Path: "/"}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want context.Canceled", err)
	}
}

// paced notes what a Client tells its pace.
type paced struct{ told []string }

func (p *paced) Slot(_ context.Context, class string) (func(error), error) {
	p.told = append(p.told, "slot of "+class)
	return func(err error) { p.told = append(p.told, fmt.Sprint("ended: ", err)) }, nil
}

func TestPaceIsToldOfEveryRequest(t *testing.T) {
	pace := &paced{}
	status := http.StatusOK
	client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	client.Pace = pace
	client.Leaving = func(context.Context) error {
		pace.told = append(pace.told, "leaving")
		if status == http.StatusAccepted {
			return errors.New("disk full")
		}
		return nil
	}
	for _, s := range []int{http.StatusOK, http.StatusTooManyRequests, http.StatusAccepted} {
		status = s
		client.Do(context.Background(), Request{Method: "PUT", Path: "/a"})
	}
	client.Class = func(Request) string { return "search" }
	client.Do(context.Background(), Request{Method: "GET", Path: "/a"})
	want := []string{"slot of writing", "leaving", "ended: <nil>", "slot of writing", "leaving", "ended: HTTP 429 Too Many Requests",
		"slot of writing", "leaving", "ended: disk full", "slot of search", "ended: <nil>"}
	if diff := cmp.Diff(want, pace.told); diff != "" {
		t.Errorf("told (-want +got):\n%s", diff)
	}
}

func TestClassOf(t *testing.T) {
	for method, want := range map[string]string{"GET": Reading, "HEAD": Reading, "PUT": Writing, "POST": Writing, "DELETE": Writing} {
		if got := ClassOf(Request{Method: method}); got != want {
			t.Errorf("ClassOf(%s) = %s, want %s", method, got, want)
		}
	}
}

// endless is an answer's body that goes on and on.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
func (endless) Close() error               { return nil }

func (endless) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: endless{}}, nil
}

func TestAnswersAreBounded(t *testing.T) {
	client := clientOf(t, nil)
	client.HTTP = &http.Client{Transport: endless{}}
	_, err := client.Do(context.Background(), Request{Method: "GET", Path: "/"})
	var lost *TransportError
	if !errors.As(err, &lost) || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("error %v, want one about the answer's length", err)
	}
}

func TestRequestsThatCannotBeMade(t *testing.T) {
	client := clientOf(t, func(http.ResponseWriter, *http.Request) { t.Error("a request came in") })
	refused := errors.New("no key")
	authorize := client.Authorize
	client.Authorize = func(*http.Request, *Account) error { return refused }
	if _, err := client.Do(context.Background(), Request{Method: "GET", Path: "/"}); !errors.Is(err, refused) {
		t.Errorf("error %v, want %v", err, refused)
	}
	client.Authorize = authorize
	if _, err := client.Do(context.Background(), Request{Method: "GET", Path: "/%zz"}); err == nil {
		t.Error("a path that is no path was sent")
	}
}

// TestAnswersThatAreNotSuccesses takes a status for an answer only where the request says so.
func TestAnswersThatAreNotSuccesses(t *testing.T) {
	client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, "no such product")
	})
	request := Request{Method: "GET", Path: "/a", JSON: true, Answers: []int{400, 404}}
	response, err := client.Do(context.Background(), request)
	if err != nil || response.Status != 404 || string(response.Body) != "no such product" {
		t.Errorf("Do = %v, %v, want the answer with 404", response, err)
	}
	request.Answers = []int{400}
	var refusal *APIError
	if _, err := client.Do(context.Background(), request); !errors.As(err, &refusal) || refusal.Status != 404 {
		t.Errorf("Do = %v, want a refusal with 404", err)
	}
}

// TestWritesAreNotTurnedIntoReads has the account's address lead elsewhere. Go's client would follow a PUT that is
// answered with 301, 302 or 303 by a GET, whose answer tells nothing of what was to be stored.
func TestWritesAreNotTurnedIntoReads(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		var stored []string
		client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/moved" {
				http.Redirect(w, r, "/moved", status)
				return
			}
			body, _ := io.ReadAll(r.Body)
			stored = append(stored, r.Method+" "+string(body))
			io.WriteString(w, `{"id":1}`)
		})
		_, err := client.Do(t.Context(), Request{Method: "PUT", Path: "/products/1", Body: []byte("{}"), JSON: true})
		var refusal *APIError
		switch {
		case status >= 307 && (err != nil || !slices.Equal(stored, []string{"PUT {}"})):
			t.Errorf("%d: Do = %v, and %q arrived, want the same request there", status, err, stored)
		case status < 307 && (!errors.As(err, &refusal) || refusal.Status != status || stored != nil ||
			!strings.Contains(refusal.Error(), client.Account.BaseURL[:len(client.Account.BaseURL)-len("/base")])):
			t.Errorf("%d: Do = %v, and %q arrived, want a refusal that tells where the address leads", status, err, stored)
		}
		if _, err := client.Do(t.Context(), Request{Method: "GET", Path: "/products", JSON: true}); err != nil {
			t.Errorf("%d: reading = %v, want the answer from there", status, err)
		}
	}
}

// TestSecretsStayWithTheirHost has the account's address lead to another host. Go's client would take all headers
// there but Authorization, and vendors' tokens stand in others.
func TestSecretsStayWithTheirHost(t *testing.T) {
	var seen []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.Header.Get("X-Access-Token"))
		io.WriteString(w, `{}`)
	}))
	t.Cleanup(elsewhere.Close)
	client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	client.Authorize = func(r *http.Request, a *Account) error {
		r.Header.Set("X-Access-Token", a.Token.Reveal())
		return nil
	}
	for _, method := range []string{"GET", "PUT"} {
		var refusal *APIError
		if _, err := client.Do(t.Context(), Request{Method: method, Path: "/", Body: []byte("{}")}); !errors.As(err, &refusal) ||
			refusal.Status != http.StatusTemporaryRedirect || !strings.Contains(refusal.Advice, elsewhere.URL) {
			t.Errorf("%s: Do = %v, want a refusal that tells where the address leads", method, err)
		}
	}
	if seen != nil {
		t.Errorf("another host has got %q", seen)
	}
}

// TestWhatCannotBeMadeDoesNotLeave has requests that cannot be made: it is not written down that they leave.
func TestWhatCannotBeMadeDoesNotLeave(t *testing.T) {
	for name, spoil := range map[string]func(*Client, *Request){
		"no signature": func(c *Client, _ *Request) {
			c.Authorize = func(*http.Request, *Account) error { return errors.New("the key is of another kind") }
		},
		"no address": func(c *Client, _ *Request) { c.Account.BaseURL = "http://[::1" },
		"no method":  func(_ *Client, r *Request) { r.Method = "P UT" },
	} {
		client, left := clientOf(t, func(http.ResponseWriter, *http.Request) {}), 0
		client.Leaving = func(context.Context) error { left++; return nil }
		request := Request{Method: "PUT", Path: "/a", Body: []byte("{}")}
		spoil(client, &request)
		if _, err := client.Do(t.Context(), request); err == nil || left != 0 {
			t.Errorf("%s: Do = %v, and it was said %d times that it leaves", name, err, left)
		}
	}
}
