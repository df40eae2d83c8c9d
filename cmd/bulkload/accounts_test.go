package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bulkload/vendors"
)

// askedVendor is one whose credentials carry a time.
func askedVendor(tolerance time.Duration) *vendors.Vendor {
	return &vendors.Vendor{Name: "v", Title: "Vendor", ClockTolerance: tolerance,
		Authorize: func(*http.Request, *vendors.Account) error { return nil },
		Probe: func(ctx context.Context, c *vendors.Client) error {
			_, err := c.Do(ctx, vendors.Request{Method: http.MethodGet, Path: "/", JSON: true})
			return err
		}}
}

// asks makes one check of an address, with a clock that is off.
func asks(t *testing.T, v *vendors.Vendor, address string, client *http.Client, off time.Duration, authorized bool) *checkup {
	t.Helper()
	now := func() time.Time { return time.Now().Add(off) }
	c := &checkup{BaseURL: address, vendor: v, account: &vendors.Account{BaseURL: address}}
	last := &lastAnswer{next: client.Transport, now: now}
	if last.next == nil {
		last.next = http.DefaultTransport
	}
	c.ask(t.Context(), &vendors.Client{Account: c.account, Authorize: v.Authorize, HTTP: &http.Client{Transport: last}, Now: now}, last, authorized)
	return c
}

// stepOf returns a step as "state detail".
func stepOf(c *checkup, name string) string {
	for _, s := range c.Steps {
		if s.Name == name {
			return string(s.State) + " " + s.Detail
		}
	}
	return "none"
}

func TestClocks(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") }))
	defer server.Close()
	for _, test := range []struct {
		name           string
		off, tolerance time.Duration
		want           string
		code           int
	}{
		{"they agree", 0, 0, "ok ", exitDone},
		{"a little behind", -15 * time.Second, time.Minute, "ok ours is 1", exitDone},
		{"far ahead, and nobody minds", time.Hour, 0, "warning ours is ", exitDone},
		{"behind, but within the tolerance", -time.Minute, 5 * time.Minute, "warning ours is ", exitDone},
		{"beyond the tolerance", -10 * time.Minute, 5 * time.Minute, "error ours is ", exitUnauthorised},
	} {
		c := asks(t, askedVendor(test.tolerance), server.URL, server.Client(), test.off, true)
		if got := stepOf(c, "clock"); !strings.HasPrefix(got, test.want) || c.ExitCode != test.code {
			t.Errorf("%s: %q and code %d, want %q and %d", test.name, got, c.ExitCode, test.want, test.code)
		}
	}
	if got := stepOf(asks(t, askedVendor(0), server.URL, server.Client(), time.Hour, true), "clock"); !strings.HasSuffix(got, " ahead") {
		t.Errorf("an hour ahead is %q", got)
	}
	silent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Date"] = nil
		fmt.Fprint(w, "{}")
	}))
	defer silent.Close()
	if got := stepOf(asks(t, askedVendor(0), silent.URL, silent.Client(), 0, true), "clock"); got != "not tried the answer does not tell the time" {
		t.Errorf("without a date: %q", got)
	}
}

func TestAddresses(t *testing.T) {
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	secure := httptest.NewUnstartedServer(ok)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that turns away is wanted here
	secure.StartTLS()
	defer secure.Close()
	plain := httptest.NewServer(ok)
	defer plain.Close()
	for _, test := range []struct {
		name, address string
		client        *http.Client
		off           time.Duration
		want          string // of the step about the address
		vendor        string
		code          int
	}{
		{"TLS", secure.URL, secure.Client(), 0, "ok TLS 1.3, certificate until 2084-", "ok the credentials are taken", exitDone},
		{"certificate that ends soon", secure.URL, secure.Client(), 100 * 365 * 24 * time.Hour, "warning TLS 1.3", "ok", exitDone},
		{"certificate that nobody knows", secure.URL, http.DefaultClient, 0, "error the certificate is not trusted: ", "not tried", exitTemporary},
		{"no TLS", strings.Replace(plain.URL, "http:", "https:", 1), http.DefaultClient, 0, "error what answers there does not speak TLS", "not tried", exitTemporary},
		{"on this machine", plain.URL, http.DefaultClient, 0, "ok not encrypted, on this machine", "ok", exitDone},
		{"nobody", "http://127.0.0.1:1", http.DefaultClient, 0, "error GET /: dial tcp", "not tried", exitTemporary},
	} {
		c := asks(t, askedVendor(0), test.address, test.client, test.off, true)
		if got := stepOf(c, "address"); !strings.HasPrefix(got, test.want) {
			t.Errorf("%s: address is %q, want %q", test.name, got, test.want)
		}
		if got := stepOf(c, "vendor"); !strings.HasPrefix(got, test.vendor) || c.ExitCode != test.code {
			t.Errorf("%s: vendor is %q, code %d, want %q, %d", test.name, got, c.ExitCode, test.vendor, test.code)
		}
	}
	c := asks(t, askedVendor(0), plain.URL, http.DefaultClient, 0, true)
	c.BaseURL, c.Steps = "http://api.example.com", nil
	c.judgeAddress(&lastAnswer{answer: &http.Response{}}, nil)
	if got := stepOf(c, "address"); !strings.HasPrefix(got, "warning not encrypted: everybody") {
		t.Errorf("an address that is not encrypted: %q", got)
	}
}

func TestUnreachable(t *testing.T) {
	lost := func(err error) error { return &vendors.TransportError{Method: "GET", Path: "/", Err: err} }
	for want, err := range map[string]error{
		"the name api.example is not known: no such host": lost(&net.DNSError{Err: "no such host", Name: "api.example", IsNotFound: true}),
		"no answer came in time":                          lost(context.DeadlineExceeded),
		"GET /: odd":                                      lost(errors.New("odd")),
	} {
		if got := unreachable(err); got != want {
			t.Errorf("unreachable(%v) = %q, want %q", err, got, want)
		}
	}
}

func TestWithoutCredentialsOrProbe(t *testing.T) {
	var asked *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	v := askedVendor(0)
	v.Authorize = func(r *http.Request, _ *vendors.Account) error {
		r.Header.Set("Authorization", "Bearer x")
		return nil
	}
	for name, test := range map[string]struct {
		authorized bool
		probe      func(context.Context, *vendors.Client) error
		want       string
	}{"no credentials": {false, v.Probe, "not tried without credentials"}, "nothing to read": {true, nil, "not tried Vendor has nothing harmless to read"}} {
		v.Probe = test.probe
		c := asks(t, v, server.URL, server.Client(), 0, test.authorized)
		if stepOf(c, "vendor") != test.want || !strings.HasPrefix(stepOf(c, "address"), "ok ") || c.ExitCode != exitDone {
			t.Errorf("%s: vendor %q, address %q, code %d", name, stepOf(c, "vendor"), stepOf(c, "address"), c.ExitCode)
		}
		if asked == nil || asked.Header.Get("Authorization") != "" {
			t.Errorf("%s: credentials were sent without need", name)
		}
	}
}

func TestExpiry(t *testing.T) {
	claims := func(text string) string { return "eyJh." + base64.RawURLEncoding.EncodeToString([]byte(text)) + ".sig" }
	for token, want := range map[string]int64{
		claims(`{"exp": 1000000000}`): 1000000000, claims(`{"exp": 1e9}`): 1000000000, claims(`{"exp": 1000000000.7}`): 1000000000,
		claims(`{"sub": "x"}`): 0, claims(`{"exp": "soon"}`): 0, claims(`{"exp": 1e300}`): 0, claims(`{"exp": -5}`): 0, claims(`[`): 0,
		"plain": 0, "a.b.c": 0, "a.!.c": 0, "": 0,
	} {
		got, ok := expiry(vendors.NewSecret(token))
		if ok != (want != 0) || ok && got.Unix() != want {
			t.Errorf("expiry(%q) = %v, %t, want %d", token, got, ok, want)
		}
	}
}

func TestTokensThatEnd(t *testing.T) {
	now := time.Unix(1_000_000_000, 0)
	for _, test := range []struct {
		name string
		left time.Duration
		want string
		ok   bool
	}{
		{"ended", -time.Second, "error the token of token_env TOKEN ended on 2001-09-09T01:46:39Z", false},
		{"ends soon", time.Hour, "warning the token of token_env TOKEN ends on 2001-09-09T02:46:40Z", true},
		{"good for long", 100 * time.Hour, "ok token_env TOKEN, good until 2001-09-13T05:46:40Z", true},
	} {
		payload := fmt.Sprintf(`{"exp":%d}`, now.Add(test.left).Unix())
		p, _ := testProgram(map[string]string{"TOKEN": "eyJh." + base64.RawURLEncoding.EncodeToString([]byte(payload)) + ".sig"})
		p.now = func() time.Time { return now }
		c := &checkup{settings: accountConfig{Vendor: "v", TokenEnv: "TOKEN"}, vendor: &vendors.Vendor{}, account: &vendors.Account{}}
		if ok := p.checkCredentials(c); ok != test.ok || stepOf(c, "credentials") != test.want || (c.ExitCode == exitUnauthorised) == test.ok {
			t.Errorf("%s: %t, %q, code %d", test.name, ok, stepOf(c, "credentials"), c.ExitCode)
		}
	}
}

func TestWorse(t *testing.T) {
	for _, test := range [][3]int{{0, 0, 0}, {0, 1, 1}, {1, 5, 5}, {5, 4, 4}, {4, 1, 4}, {5, 0, 5}} {
		if got := worse(test[0], test[1]); got != test[2] {
			t.Errorf("worse(%d, %d) = %d, want %d", test[0], test[1], got, test[2])
		}
		if got := worse(test[1], test[0]); got != test[2] {
			t.Errorf("worse(%d, %d) = %d, want %d", test[1], test[0], got, test[2])
		}
	}
}
