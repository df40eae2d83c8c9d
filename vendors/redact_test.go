package vendors

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// odd is a secret that looks different in every encoding.
const odd = `s3cr3t/+&=<>"\%é:token`

// written are the ways in which a vendor may repeat a secret.
func written(secret string) map[string]string {
	plain, _ := json.Marshal(map[string]string{"message": "it was " + secret + "!"})
	return map[string]string{
		"plain":           "it was " + secret + "!",
		"at the ends":     secret + " and " + secret,
		"twice":           secret + secret,
		"JSON":            string(plain),
		"JSON in JSON":    strconv.Quote(string(plain)),
		"JSON of PHP":     strings.ReplaceAll(string(plain), "/", `\/`),
		"query":           "?key=" + url.QueryEscape(secret),
		"path":            "/" + url.PathEscape(secret),
		"small hex":       strings.ToLower(url.QueryEscape(secret)),
		"HTML":            html.EscapeString("<" + secret),
		"Go":              fmt.Sprintf("%q", secret),
		"ASCII":           fmt.Sprintf("%+q", secret),
		"base64":          base64.StdEncoding.EncodeToString([]byte(secret)),
		"base64, user":    base64.StdEncoding.EncodeToString([]byte("user:" + secret)),
		"base64, within":  base64.StdEncoding.EncodeToString([]byte("u:" + secret + ":more")),
		"base64, shifted": base64.URLEncoding.EncodeToString([]byte("abcd" + secret + "xyz")),
		"hexadecimal":     hex.EncodeToString([]byte(secret)),
	}
}

// core is the middle of a secret's base64, which no neighbour changes.
func codedCore(secret string) string {
	coded := base64.RawStdEncoding.EncodeToString([]byte(secret))
	return coded[:len(coded)-2]
}

func TestRedactorFindsEveryForm(t *testing.T) {
	for _, secret := range []string{odd, "12345678", "eight888", "a-long-one-of-40-characters-without-odd-"} {
		redactor := NewRedactor(NewSecret("another-secret"), NewSecret(secret))
		for name, text := range written(secret) {
			if name == "small hex" && secret != odd {
				continue
			}
			got := redactor.Text(text)
			if name == "small hex" { // which made the secret's own letters small too
				continue
			}
			if strings.Contains(got, secret) || strings.Contains(got, codedCore(secret)) || !strings.Contains(got, hidden) {
				t.Errorf("%s of %q: %q", name, secret, got)
			}
		}
	}
	if got := NewRedactor(NewSecret("A/B+C-12345")).Text("?key=A%2fB%2bC-12345"); got != "?key=***" {
		t.Errorf("small hexadecimal digits: %q", got)
	}
}

func TestRedactorLeavesTheRest(t *testing.T) {
	tests := []struct{ name, secret, text, want string }{
		{"nothing to hide", "", "all of it", "all of it"},
		{"words around it", "s3cr3t-key", "before s3cr3t-key after", "before *** after"},
		{"one behind the other", "s3cr3t-key", "s3cr3t-keys3cr3t-key", "******"},
		{"overlapping itself", "abcabcabc", "xabcabcabcabcx", "x***x"},
		{"short, as a word", "any", "the token any is wrong", "the token *** is wrong"},
		{"short, in words", "any", "many companies", "many companies"},
		{"short, at the ends", "any", "any", "***"},
		{"short, beside an umlaut", "any", "anyü üany", "anyü üany"},
		{"half of it", "s3cr3t-key", "s3cr3t", "s3cr3t"},
	}
	for _, test := range tests {
		if got := NewRedactor(NewSecret(test.secret)).Text(test.text); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestHeadLeavesNoPart cuts a body anywhere around a secret: none of its letters is shown.
func TestHeadLeavesNoPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[A-Z]{8,60}`).Draw(t, "secret")
		before := rapid.StringMatching(`[a-z ]{0,80}`).Draw(t, "before")
		between := rapid.StringMatching(`[a-z ]{0,80}`).Draw(t, "between")
		size := rapid.IntRange(0, 200).Draw(t, "size")
		body := before + secret + between + secret + secret + "behind"
		got := string(NewRedactor(NewSecret(secret)).Head([]byte(body), size))
		if strings.ContainsAny(got, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Fatalf("the first %d bytes of %q are shown as %q", size, body, got)
		}
		if shown := strings.ReplaceAll(got, hidden, ""); !strings.HasPrefix(before+between+"behind", shown) {
			t.Fatalf("the first %d bytes of %q are shown as %q", size, body, got)
		}
	})
}

func TestHeadHidesWhatIsNamedLikeASecret(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"JSON", `{"access_token": "abc", "name": "x"}`, `{"access_token": ***, "name": "x"}`},
		{"JSON with quotes in it", `{"password":"a\"b","n":1}`, `{"password":***,"n":1}`},
		{"number", `{"token": 123, "n": 1}`, `{"token": ***, "n": 1}`},
		{"list", `{"tokens": ["a", "b"], "n": 1}`, `{"tokens": ***, "n": 1}`},
		{"JSON in JSON", `"{\"token\": \"a\\\"b\", \"n\": \"c\"}"`, `"{\"token\": \"***\", \"n\": \"c\"}"`},
		{"cut", `{"client_secret": "abc`, `{"client_secret": ***`},
		{"cut within an escape", `{"client_secret": "abc\`, `{"client_secret": ***`},
		{"form", `grant_type=x&client_assertion=abc.def&scope=a`, `grant_type=x&client_assertion=***&scope=a`},
		{"query", `https://a.example/x?api_key=abc&limit=1`, `https://a.example/x?api_key=***&limit=1`},
		{"user in an address", `https://user:pass@a.example/`, `https://user:***@a.example/`},
		{"bearer", `it was Bearer abcdef.ghi`, `it was Bearer ***`},
		{"web token", `it was eyJhbGciOiJ9.eyJzdWIiOiI.sig-_`, `it was ***`},
		{"ordinary", `{"barcode": "5060110010011", "size": "M"}`, `{"barcode": "5060110010011", "size": "M"}`},
	}
	for _, test := range tests {
		if got := string(NewRedactor().Head([]byte(test.body), len(test.body))); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
	}
}

func FuzzHead(f *testing.F) {
	f.Add([]byte(`{"token": "a\"b", "x": [1]}`), 5, "12345678")
	f.Add([]byte(`a=b&token=c Bearer abcd eyJabcd.ef`), 20, "any")
	f.Add([]byte("\xff\xfe://a:b@c"), 3, "\xff\xff\xff\xff\xff\xff\xff\xff")
	f.Fuzz(func(t *testing.T, body []byte, size int, secret string) {
		if size < 0 || size > 1<<16 {
			return
		}
		redactor := NewRedactor(NewSecret(secret))
		got := redactor.Head(body, size)
		if len(secret) >= shortSecret && !strings.Contains(hidden, secret) && strings.Contains(strings.ReplaceAll(string(got), hidden, "\x00"), secret) &&
			!strings.Contains(secret, "\x00") {
			t.Errorf("%q is shown in %q", secret, got)
		}
		if len(got) > size+len(hidden)*(size+1) {
			t.Errorf("%d bytes of %d are shown as %d", size, len(body), len(got))
		}
	})
}

// echo is a vendor that repeats the request's credentials wherever it can.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		authorization := r.Header.Get("Authorization")
		token := strings.TrimPrefix(authorization, "Bearer ")
		w.Header().Set("X-Echo", authorization)
		w.Header().Set("Set-Cookie", "id="+url.QueryEscape(token))
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]string{"code": token, "message": strings.Repeat("x", 490) + " bad credentials: " + authorization +
			", as base64 " + base64.StdEncoding.EncodeToString([]byte("u:"+token)) + " for " + string(body)})
	}
}

// oddToken is a secret that may stand in a header and looks different in every encoding.
const oddToken = `s3cr3t/+&=<>"\%:token`

func TestErrorsOfTheVendorHideTheToken(t *testing.T) {
	client := clientOf(t, echo(http.StatusUnauthorized))
	client.Account.Token = NewSecret(oddToken)
	_, err := client.Do(context.Background(), Request{Method: "POST", Path: "/", Body: []byte("{}")})
	var refusal *APIError
	if !errors.As(err, &refusal) || refusal.Code != hidden {
		t.Fatalf("error %v, want the vendor's with *** as its code", err)
	}
	for _, part := range []string{"s3cr3t", ":token", codedCore(oddToken)[4:12]} {
		if strings.Contains(fmt.Sprintf("%v %+v", err, refusal), part) {
			t.Errorf("%q shows a part of the token, %q", err, part)
		}
	}
	if !strings.Contains(refusal.Message, "bad") {
		t.Errorf("%q lost the vendor's words", refusal.Message)
	}
}

// broken is a transport that fails with words of its own.
type broken struct{ err error }

func (b broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, b.err }

func TestErrorsOfTheLineHideTheToken(t *testing.T) {
	cause := fmt.Errorf("malformed answer %q", "Bearer "+oddToken)
	client := clientOf(t, nil)
	client.Account.Token = NewSecret(oddToken)
	client.HTTP = &http.Client{Transport: broken{cause}}
	_, err := client.Do(context.Background(), Request{Method: "GET", Path: "/"})
	var lost *TransportError
	if !errors.As(err, &lost) || !errors.Is(err, cause) {
		t.Fatalf("error %v, want a TransportError that wraps its cause", err)
	}
	if strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "malformed answer") {
		t.Errorf("%q shows the token, or nothing at all", err)
	}
}

func TestWatch(t *testing.T) {
	for _, status := range []int{http.StatusOK, http.StatusBadRequest} {
		client := clientOf(t, echo(status))
		client.Account.Token = NewSecret(oddToken)
		var seen []*Exchange
		client.Watch = func(x *Exchange) { seen = append(seen, x) }
		body := fmt.Sprintf(`{"id": "A1", "refresh_token": "other", "note": %q, "long": %q}`, oddToken, strings.Repeat("y", 2*ShownBytes))
		response, err := client.Do(context.Background(), Request{Method: "PUT", Path: "/a", Query: url.Values{"limit": {"1"}, "api_key": {"other"}, "q": {oddToken}},
			Header: http.Header{"Cookie": {"id=other"}, "X-Api-Key": {"other"}, "Accept": {"x/y"}}, Body: []byte(body)})
		if (err == nil) != (status == http.StatusOK) || response != nil && !strings.Contains(string(response.Body), "s3cr3t") {
			t.Fatalf("Do = %v, %v; the answer itself must stay as it is", response, err)
		}
		if len(seen) != 1 {
			t.Fatalf("%d exchanges were seen, want 1", len(seen))
		}
		x := seen[0]
		shown := fmt.Sprintf("%s %v %s %v %s", x.URL, x.Header, x.Body, x.AnswerHeader, x.Answer)
		for _, part := range []string{"s3cr3t", "other", codedCore(oddToken)[4:12]} {
			if at := strings.Index(shown, part); at >= 0 {
				t.Errorf("a secret is shown: …%s", shown[max(0, at-60):min(len(shown), at+60)])
			}
		}
		if x.Method != "PUT" || x.URL != client.Account.BaseURL+"/a?api_key=***&limit=1&q=***" || x.Status != status || !x.At.Equal(noon) || x.Err != nil {
			t.Errorf("exchange = %+v", x)
		}
		if x.BodySize != len(body) || len(x.Body) > ShownBytes+2*len(hidden) || !strings.HasPrefix(string(x.Body), `{"id": "A1", "refresh_token": ***, "note": "***", "long": "yyy`) {
			t.Errorf("body of %d bytes, %d of them shown: %.80s", x.BodySize, len(x.Body), x.Body)
		}
		want := http.Header{"Authorization": {hidden}, "Cookie": {hidden}, "X-Api-Key": {hidden}, "Accept": {"x/y"}, "User-Agent": {"bulkload-test"}}
		if diff := cmp.Diff(want, x.Header); diff != "" {
			t.Errorf("headers (-want +got):\n%s", diff)
		}
		if got := x.AnswerHeader; got.Get("Set-Cookie") != hidden || got.Get("X-Echo") != hidden || got.Get("Date") == "" {
			t.Errorf("headers of the answer: %v", got)
		}
	}
}

func TestWatchWithoutAnAnswer(t *testing.T) {
	client := clientOf(t, nil)
	client.Account.Token = NewSecret(oddToken)
	client.HTTP = &http.Client{Transport: broken{errors.New("no route for " + oddToken)}}
	var seen *Exchange
	client.Watch = func(x *Exchange) { seen = x }
	client.Do(context.Background(), Request{Method: "GET", Path: "/"})
	if seen == nil || seen.Status != 0 || seen.Err == nil || seen.Err.Error() != "no route for ***" {
		t.Errorf("exchange = %+v", seen)
	}
}
