package fitanalytics

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// claimsOf reads a token, whose signature must be the key's.
func claimsOf(t interface{ Fatalf(string, ...any) }, k *Keyring, token string) map[string]any {
	parsed, err := jwt.NewParser(jwt.WithoutClaimsValidation(), jwt.WithJSONNumber(), jwt.WithValidMethods([]string{"RS256"})).Parse(token,
		func(t *jwt.Token) (any, error) {
			if t.Header["kid"] != k.id {
				return nil, fmt.Errorf("kid %v", t.Header["kid"])
			}
			return &testKey().PublicKey, nil
		})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return parsed.Claims.(jwt.MapClaims)
}

func TestTokens(t *testing.T) {
	now := time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)
	times := map[string]any{"iat": json.Number("1773446400"), "nbf": json.Number("1773442800"), "exp": json.Number("1773619200")} // midnight, an hour before, two days after
	for _, test := range []struct {
		name     string
		customer Customer
		want     map[string]any // beside the times
	}{
		{"a guest", Customer{Session: "m0wIPfpQHGc1QZXfI18juG"}, map[string]any{"sess": "m0wIPfpQHGc1QZXfI18juG"}},
		{"logged in", Customer{Session: "s", User: "1000"}, map[string]any{"sess": "s", "sub": "1000"}},
		{"any script", Customer{Session: "東京|\"", User: "<1>"}, map[string]any{"sess": "東京|\"", "sub": "<1>"}},
	} {
		k := newKeyring(t, "key_id", "k1")
		k.now = func() time.Time { return now }
		token, err := k.Token(test.customer)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		test.want["aud"], test.want["iss"] = "https://widget.fitanalytics.com/api", testIssuer
		for name, value := range times {
			test.want[name] = value
		}
		if diff := cmp.Diff(test.want, claimsOf(t, k, token)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
}

func TestTokensOfNobody(t *testing.T) {
	k := newKeyring(t)
	for _, customer := range []Customer{{}, {User: "1000"}, {Session: "s", User: "jane@example.com"}, {Session: "jane@example.com"}, {Session: "s", User: "j%40e.com"}} {
		if token, err := k.Token(customer); err == nil {
			t.Errorf("Token(%+v) = %s, want an error", customer, token)
		} else if strings.Contains(err.Error(), "jane") {
			t.Errorf("%q repeats the address", err)
		}
	}
}

// TestTokensLastAndAreRenewed follows a customer's token through its life of 48 hours.
func TestTokensLastAndAreRenewed(t *testing.T) {
	k := newKeyring(t)
	start := time.Date(2026, 3, 14, 0, 0, 0, 0, time.UTC)
	var now time.Time
	k.now = func() time.Time { return now }
	customer := Customer{Session: "s", User: "1000"}
	var last string
	for _, test := range []struct {
		after   time.Duration
		ahead   bool
		renewed bool
	}{
		{0, false, true}, {23 * time.Hour, false, false}, {35*time.Hour + 59*time.Minute, true, false}, {36 * time.Hour, false, false}, {42*time.Hour - time.Second, false, false},
		{42 * time.Hour, false, true}, {60*time.Hour - time.Second, true, false}, {60 * time.Hour, true, true}, {61 * time.Hour, false, false},
	} {
		now = start.Add(test.after)
		if test.ahead {
			if err := k.Prepare(customer); err != nil {
				t.Fatal(err)
			}
		}
		token, err := k.Token(customer)
		if err != nil {
			t.Fatal(err)
		}
		if (token != last) != test.renewed {
			t.Errorf("after %v: renewed %v, want %v", test.after, token != last, test.renewed)
		}
		if test.renewed { // and another process that begins now makes the same one
			other := newKeyring(t)
			other.now = k.now
			if same, err := other.Token(customer); err != nil || same != token {
				t.Errorf("after %v: another process makes another token, %v", test.after, err)
			}
		}
		last = token
	}
}

// TestTokensAreAlwaysGood asks at any times for any customers: a token is valid, for a while still, and a
// customer's older one never comes back.
func TestTokensAreAlwaysGood(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := &Keyring{key: testKey(), id: "k", issuer: "i", audience: "a", lifetime: rapid.SampledFrom([]time.Duration{10 * time.Minute, 48 * time.Hour, 97 * time.Minute}).Draw(t, "lifetime")}
		now := time.Unix(1_790_000_000, 0)
		k.now = func() time.Time { return now }
		latest := make(map[Customer]float64)
		for range rapid.IntRange(1, 6).Draw(t, "requests") {
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(k.lifetime)).Draw(t, "pause")))
			customer := Customer{Session: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "session")}
			if rapid.Bool().Draw(t, "ahead") {
				if err := k.Prepare(customer); err != nil {
					t.Fatal(err)
				}
			}
			token, err := k.Token(customer)
			if err != nil {
				t.Fatal(err)
			}
			claims := claimsOf(t, k, token)
			at := func(name string) float64 { f, _ := claims[name].(json.Number).Float64(); return f }
			if left := at("exp") - float64(now.Unix()); left < k.lifetime.Seconds()/8 || at("nbf") > float64(now.Unix()) || at("iat") > float64(now.Unix()) {
				t.Fatalf("at %v: claims %v", now, claims)
			}
			if at("iat") < latest[customer] {
				t.Fatalf("an older token came back: %v", claims)
			}
			latest[customer] = at("iat")
		}
	})
}

// TestMemoryIsBounded forgets who was not asked for longest, and makes the same token when it is asked for again.
func TestMemoryIsBounded(t *testing.T) {
	k := newKeyring(t)
	first, err := k.Token(Customer{Session: "first"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range mostKnown + 10 { // their places alone: signing for all would take a minute
		k.find(Customer{Session: fmt.Sprint(i)})
		if i == 5 {
			k.find(Customer{Session: "0"}) // is not the oldest any more
		}
	}
	if len(k.known) != mostKnown || k.used.Len() != mostKnown {
		t.Errorf("%d customers are known, and %d in their order, want %d", len(k.known), k.used.Len(), mostKnown)
	}
	if k.known[Customer{Session: "first"}] != nil || k.known[Customer{Session: "1"}] != nil || k.known[Customer{Session: fmt.Sprint(mostKnown)}] == nil {
		t.Error("others than the oldest are forgotten")
	}
	if again, err := k.Token(Customer{Session: "first"}); err != nil || again != first {
		t.Errorf("the token is another when it is made again, %v", err)
	}
}

// TestOneTokenForAllWorkers lets many workers ask at once.
func TestOneTokenForAllWorkers(t *testing.T) {
	k := newKeyring(t)
	var mu sync.Mutex
	tokens := make(map[string]bool)
	var running sync.WaitGroup
	for i := range 40 {
		running.Go(func() {
			customer := Customer{Session: fmt.Sprint(i % 4)}
			if i%3 == 0 {
				if err := k.Prepare(customer); err != nil {
					t.Error(err)
				}
			}
			token, err := k.Token(customer)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			tokens[token] = true
		})
	}
	running.Wait()
	if len(tokens) != 4 {
		t.Errorf("%d tokens of 4 customers, want 4", len(tokens))
	}
}

func TestMailAddresses(t *testing.T) {
	for id, want := range map[string]bool{"1000": false, "": false, "@": false, "@home": false, "me@": false, "a@b": true, "jane.doe@example.com": true,
		"jane%40example.com": true, "%40": false, "user-1000": false} {
		if got := looksLikeMail([]byte(id)); got != want {
			t.Errorf("looksLikeMail(%q) = %v, want %v", id, got, want)
		}
	}
}
