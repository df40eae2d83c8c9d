package sandbox

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"
)

// fitKey is one key for all tests, since making one takes long. It signs nothing that anybody takes.
var fitKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func fitKeySet(kid string) []byte {
	return fmt.Appendf(nil, `{"keys":[{"kty":"RSA","kid":%q,"use":"sig","alg":"RS256","n":%q,"e":"AQAB"}]}`, kid,
		base64.RawURLEncoding.EncodeToString(fitKey().N.Bytes()))
}

const fitIssuer = "https://example.com/"

// rightClaims are those of a token of the document's example at noon (fit-analytics:63).
func rightClaims(sess, sub string) jwt.MapClaims {
	c := jwt.MapClaims{"sess": sess, "aud": "https://widget.fitanalytics.com/api", "iss": fitIssuer, "iat": noon.Unix(),
		"exp": noon.Add(48 * time.Hour).Unix(), "nbf": noon.Add(-time.Hour).Unix()}
	if sub != "" {
		c["sub"] = sub
	}
	return c
}

func signed(t testing.TB, c jwt.MapClaims, header ...string) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, c)
	token.Header["kid"] = "k1"
	for i := 0; i < len(header); i += 2 {
		token.Header[header[i]] = header[i+1]
	}
	text, err := token.SignedString(fitKey())
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// startFit runs a sandbox that knows the key, with a client of it.
func startFit(t *testing.T, o Options) *started {
	t.Helper()
	o.Keys = Keys{JWKS: fitKeySet("k1"), Issuer: fitIssuer}
	s := start(t, o)
	s.base = s.BaseURL("fitanalytics")
	return s
}

// as gives the headers of a customer's request, and further ones.
func (s *started) as(sess, sub string, headers ...string) []string {
	s.t.Helper()
	return append([]string{"Authorization", "Bearer " + signed(s.t, rightClaims(sess, sub)), "Accept", "application/json", "Content-Type", "application/json"}, headers...)
}

func TestFitTokens(t *testing.T) {
	without := func(c jwt.MapClaims, name string) jwt.MapClaims { delete(c, name); return c }
	with := func(name string, value any) jwt.MapClaims { c := rightClaims("s", "1"); c[name] = value; return c }
	none, err := jwt.NewWithClaims(jwt.SigningMethodNone, rightClaims("s", "1")).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	shared := jwt.NewWithClaims(jwt.SigningMethodHS256, rightClaims("s", "1"))
	shared.Header["kid"] = "k1"
	withSecret, err := shared.SignedString(fitKeySet("k1"))
	if err != nil {
		t.Fatal(err)
	}
	right := signed(t, rightClaims("s", "1"))
	for _, test := range []struct {
		name, header string
		want         string // of the answer; empty: it is taken
	}{
		{"right", "Bearer " + right, ""},
		{"of a guest", "Bearer " + signed(t, rightClaims("s", "")), ""},
		{"a user that begins with @", "Bearer " + signed(t, rightClaims("s", "@1000")), ""},
		{"audience as a list", "Bearer " + signed(t, with("aud", []string{"https://widget.fitanalytics.com/api"})), ""},
		{"not before, within the tolerance", "Bearer " + signed(t, with("nbf", noon.Add(599*time.Second).Unix())), ""},
		{"over, within the tolerance", "Bearer " + signed(t, with("exp", noon.Add(-599*time.Second).Unix())), ""},
		{"none", "", "no bearer token"},
		{"another scheme", "Basic " + right, "no bearer token"},
		{"not a token", "Bearer x", "malformed"},
		{"not signed", "Bearer " + none, "signing method"},
		{"signed with the public key as a secret", "Bearer " + withSecret, "signing method"},
		{"changed", "Bearer " + right[:len(right)-8] + "AAAAAAAA", "verification"},
		{"another key's", "Bearer " + signed(t, rightClaims("s", "1"), "kid", "k2"), "no key"},
		{"another audience", "Bearer " + signed(t, with("aud", "https://example.com")), "audience"},
		{"another issuer", "Bearer " + signed(t, with("iss", "https://example.com")), "issuer"},
		{"over", "Bearer " + signed(t, with("exp", noon.Add(-601*time.Second).Unix())), "expired"},
		{"without an end", "Bearer " + signed(t, without(rightClaims("s", "1"), "exp")), "exp"},
		{"not yet", "Bearer " + signed(t, with("nbf", noon.Add(601*time.Second).Unix())), "not valid yet"},
		{"without iat", "Bearer " + signed(t, without(rightClaims("s", "1"), "iat")), "iat"},
		{"too old", "Bearer " + signed(t, with("iat", noon.Add(-361*24*time.Hour).Unix())), "older than 360 days"},
		{"without a session", "Bearer " + signed(t, without(rightClaims("s", "1"), "sess")), "sess"},
		{"an address as user", "Bearer " + signed(t, with("sub", "jane@example.com")), "e-mail"},
	} {
		s := startFit(t, Options{})
		answer, text := s.do("GET", "/brands", "", "Authorization", test.header, "Accept", "application/json")
		switch {
		case test.want == "" && answer.StatusCode != 200:
			t.Errorf("%s: %d %s", test.name, answer.StatusCode, text)
		case test.want != "" && (answer.StatusCode != 401 || !strings.Contains(text, test.want)):
			t.Errorf("%s: %d %s, want 401 with %q", test.name, answer.StatusCode, text, test.want)
		}
		if seen := s.Tokens(); (seen.Tokens == 1) != (test.want == "") || (seen.Refused == 1) != (test.want != "") {
			t.Errorf("%s: seen %+v", test.name, seen)
		}
	}
}

func TestFitTokensAreCounted(t *testing.T) {
	s := startFit(t, Options{})
	later := rightClaims("s1", "")
	later["iat"] = noon.Add(time.Minute).Unix()
	first, second := signed(t, rightClaims("s1", "")), signed(t, later)
	for _, token := range []string{first, first, second, second, first, signed(t, rightClaims("s2", ""))} {
		s.want(200, "", "GET", "/brands", "", "Authorization", "Bearer "+token, "Accept", "application/json")
	}
	if diff := cmp.Diff(TokensSeen{Customers: 2, Tokens: 3, Most: 2, Returned: 1}, s.Tokens()); diff != "" {
		t.Error(diff)
	}
	answer, err := s.http.Get(strings.TrimSuffix(s.base, "/fitanalytics/api/v1") + "/_sandbox/fitanalytics/tokens")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var served TokensSeen
	if err := json.NewDecoder(answer.Body).Decode(&served); err != nil || served != s.Tokens() {
		t.Errorf("served %+v, %v", served, err)
	}
	if err := s.Reset(Options{}); err != nil || s.Tokens() != (TokensSeen{}) {
		t.Errorf("after a reset: %+v, %v", s.Tokens(), err)
	}
	s.want(200, "", "GET", "/brands", "", "Authorization", "Bearer "+first, "Accept", "application/json")
}

func TestFitKeySets(t *testing.T) {
	s, err := New(Options{Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ask := func(method, path, body, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, r)
		return answer
	}
	const path, brands = "/_sandbox/fitanalytics/jwks", "/fitanalytics/api/v1/brands"
	token := signed(t, rightClaims("s", ""))
	if answer := ask("GET", brands, "", token); answer.Code != 401 || !strings.Contains(answer.Body.String(), "PUT a key set") {
		t.Errorf("without keys: %d %s", answer.Code, answer.Body)
	}
	n := base64.RawURLEncoding.EncodeToString(fitKey().N.Bytes())
	for name, set := range map[string]string{
		"nothing": "x", "no keys": `{"keys":[]}`, "no kid": `{"keys":[{"kty":"RSA","n":"` + n + `","e":"AQAB"}]}`, "a curve": `{"keys":[{"kty":"EC","kid":"k"}]}`,
		"short": `{"keys":[{"kty":"RSA","kid":"k","n":"AQAB","e":"AQAB"}]}`, "not base64": `{"keys":[{"kty":"RSA","kid":"k","n":"***","e":"AQAB"}]}`,
		"no exponent": `{"keys":[{"kty":"RSA","kid":"k","n":"` + n + `","e":""}]}`, "for encryption": `{"keys":[{"kty":"RSA","kid":"k","use":"enc","n":"` + n + `","e":"AQAB"}]}`,
		"another algorithm": `{"keys":[{"kty":"RSA","kid":"k","alg":"PS256","n":"` + n + `","e":"AQAB"}]}`,
		"twice":             `{"keys":[{"kty":"RSA","kid":"k","n":"` + n + `","e":"AQAB"},{"kty":"RSA","kid":"k","n":"` + n + `","e":"AQAB"}]}`,
		"too long":          strings.Repeat(" ", longestKeySet+1),
	} {
		if answer := ask("PUT", path, set, ""); answer.Code != 400 {
			t.Errorf("%s: %d %s", name, answer.Code, answer.Body)
		}
	}
	if answer := ask("PUT", path+"?issuer="+fitIssuer, string(fitKeySet("k1")), ""); answer.Code != 204 {
		t.Fatalf("PUT: %d %s", answer.Code, answer.Body)
	}
	if answer := ask("GET", path, "", ""); answer.Body.String() != string(fitKeySet("k1")) {
		t.Errorf("GET: %s", answer.Body)
	}
	if answer := ask("GET", brands, "", token); answer.Code != 200 {
		t.Errorf("with the key: %d %s", answer.Code, answer.Body)
	}
	if answer := ask("PUT", path+"?issuer=somebody", string(fitKeySet("k1")), ""); answer.Code != 204 || ask("GET", brands, "", token).Code != 401 {
		t.Error("another issuer's token is taken")
	}
	if answer := ask("DELETE", path, "", ""); answer.Code != 405 {
		t.Errorf("DELETE: %d", answer.Code)
	}
	if _, err := New(Options{Keys: Keys{JWKS: []byte("x")}}); err == nil {
		t.Error("a key set that is none is taken")
	}
}

func TestFitPurchases(t *testing.T) {
	s := startFit(t, Options{})
	const right = `{"product":"shop-1","order":"o1","shopCountry":"GB","shopLanguage":"en","quantity":2,"price":32.99,"currency":"EUR"}`
	for _, test := range []struct {
		name, body string
		status     int
		want       string
	}{
		{"one", `{"data":[` + right + `]}`, 200, `{"data":null,"errors":[null],"meta":{"count":1,"txid":"`},
		{"one that lacks its product", `{"data":[` + right + `,{"order":"o2","shopCountry":"GB","shopLanguage":"en"}]}`, 200,
			`"errors":[null,{"code":"required_attribute","status":422,"title":"Attribute product is required"}],"meta":{"count":1,`},
		{"a user in an event", `{"data":[{"userId":"1",` + right[1:] + `]}`, 200, `"title":"Attribute userId there is no such field"`},
		{"half an item", `{"data":[` + strings.Replace(right, "2", "0.5", 1) + `]}`, 200, "must be a whole number from 1"},
		{"a date without a zone", `{"data":[{"purchaseDate":"2021-01-01T10:00:00",` + right[1:] + `]}`, 200, "is not a date and time"},
		{"null", `{"data":[{"ean":null,` + right[1:] + `]}`, 200, "null is not taken"},
		{"UK", `{"data":[` + strings.Replace(right, "GB", "UK", 1) + `]}`, 200, "shopCountry"},
		{"no object", `{"data":[1]}`, 200, "must be an object"},
		{"a bare list", `[` + right + `]`, 400, "the member data"},
		{"no list", `{"data":` + right + `}`, 400, "must be a list"},
		{"an empty list", `{"data":[]}`, 400, "must be a list"},
		{"no JSON", `{data:[]}`, 400, "not JSON"},
		{"members besides", `{"data":[` + right + `],"more":1}`, 400, "data alone"},
	} {
		for _, path := range []string{"/events/purchases", "/events/purchases/"} {
			answer, text := s.do("POST", path, test.body, s.as("s1", "")...)
			if answer.StatusCode != test.status || !strings.Contains(text, test.want) {
				t.Errorf("%s: %d %s, want %d with %q", test.name, answer.StatusCode, text, test.status, test.want)
			}
		}
	}
	s.want(405, "POST", "GET", "/events/purchases", "", s.as("s1", "")...)
	s.want(415, "application/json", "POST", "/events/purchases", `{"data":[`+right+`]}`, s.as("s1", "", "Content-Type", "text/plain")...)
	s.want(406, "application/json", "POST", "/events/purchases", `{"data":[`+right+`]}`, s.as("s1", "", "Accept", "application/vnd.api+json")...)
	s.want(404, "nothing at this path", "POST", "/events", "{}", s.as("s1", "")...)
	s.want(400, "no such query parameter", "POST", "/events/purchases?dry_run=true", `{"data":[`+right+`]}`, s.as("s1", "")...)
	entity := s.Record().Resources["fitanalytics/purchases"].Entities["o1|shop-1||||32.99"]
	if entity.Applied != 4 { // the vendor would have it four times
		t.Errorf("the purchase was stored %d times, want 4: %v", entity.Applied, s.Record().Resources["fitanalytics/purchases"].Entities)
	}
}

var profilePattern = regexp.MustCompile(`"id":"(01[0-9A-Z]{24})"`)

// made creates a profile and returns its ID.
func (s *started) made(body string, headers ...string) string {
	s.t.Helper()
	found := profilePattern.FindStringSubmatch(s.want(201, "", "POST", "/profiles", `{"data":`+body+`}`, headers...))
	if found == nil {
		s.t.Fatal("the profile has no ID")
	}
	return found[1]
}

func TestFitProfiles(t *testing.T) {
	s := startFit(t, Options{})
	s.want(404, "no such profiles", "GET", "/profiles", "", s.as("s1", "1")...)
	man := s.made(`{"gender":"m","height":180,"upperReferenceBrand":"tnf"}`, s.as("s1", "1")...)
	woman := s.made(`{"gender":"w","age":28}`, s.as("s1", "1")...)
	other := s.made(`{"gender":"m","age":30}`, s.as("s2", "1")...)
	s.want(200, `"age":32,"gender":"m","height":180`, "PATCH", "/profiles/"+man, `{"data":{"id":"`+man+`","age":32}}`, s.as("s1", "1")...)
	ids := func(path string, headers ...string) []string {
		var found []string
		for _, match := range profilePattern.FindAllStringSubmatch(s.want(200, "", "GET", path, "", headers...), -1) {
			found = append(found, match[1])
		}
		slices.Sort(found)
		return found
	}
	sorted := func(list ...string) []string { slices.Sort(list); return list }
	for _, test := range []struct {
		name, path string
		headers    []string
		want       []string
	}{
		{"a user's, from any device", "/profiles", s.as("s3", "1"), sorted(man, woman, other)},
		{"a session's", "/profiles", s.as("s1", ""), sorted(man, woman)},
		{"of a gender", "/profiles?filter[gender]=w", s.as("s1", "1"), []string{woman}},
		{"the primary ones: those that were changed last", "/profiles?filter%5BisPrimary%5D=true", s.as("s1", "1"), sorted(man, woman)},
	} {
		if diff := cmp.Diff(test.want, ids(test.path, test.headers...)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
	s.want(200, `"isPrimary":true`, "PATCH", "/profiles/"+other, `{"data":{"isPrimary":true}}`, s.as("s2", "1")...)
	if got := ids("/profiles?filter[isPrimary]=true&filter[gender]=m", s.as("s1", "1")...); !slices.Equal(got, []string{other}) {
		t.Errorf("told to be primary: %v, want %s", got, other)
	}
	s.want(200, `"isPrimary":true`, "PATCH", "/profiles/"+man, `{"data":{"isPrimary":true}}`, s.as("s1", "1")...)
	born := s.made(`{"gender":"m","isPrimary":true}`, s.as("s1", "1")...)
	if text := s.want(200, "", "GET", "/profiles/"+man, "", s.as("s1", "1")...); strings.Contains(text, "isPrimary") {
		t.Errorf("two profiles of one gender are primary: %s", text)
	}
	if got := ids("/profiles?filter[isPrimary]=true&filter[gender]=m", s.as("s1", "1")...); !slices.Equal(got, []string{born}) {
		t.Errorf("the primary profiles are %v, want the one that was made as one, %s", got, born)
	}
	s.want(200, `"isPrimary":true`, "PATCH", "/profiles/"+man, `{"data":{"isPrimary":true}}`, s.as("s1", "1")...)
	if text := s.want(200, "", "GET", "/profiles/"+other, "", s.as("s1", "1")...); strings.Contains(text, "isPrimary") {
		t.Errorf("two profiles are primary: %s", text)
	}
	s.want(200, `"upperReferenceBrand":{"id":"tnf","name":"The North Face"}`, "GET", "/profiles/"+man+"?include=upperReferenceBrand", "", s.as("s1", "1")...)
	for _, test := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"somebody else's", "GET", "/profiles/" + man, "", 404, "no such profile"},
		{"nobody's", "PATCH", "/profiles/nobody", `{"data":{"age":1}}`, 404, "no such profile"},
		{"no gender", "POST", "/profiles", `{"data":{"age":1}}`, 422, "Attribute gender is required"},
		{"an ID of our own", "POST", "/profiles", `{"data":{"id":"x","gender":"m"}}`, 422, "gets its ID from the vendor"},
		{"an unknown gender", "POST", "/profiles", `{"data":{"gender":"x"}}`, 422, "gender"},
		{"an age as text", "POST", "/profiles", `{"data":{"gender":"m","age":"28"}}`, 422, "age: must be a number"},
		{"no height", "POST", "/profiles", `{"data":{"gender":"m","height":0}}`, 422, "above 0"},
		{"null", "POST", "/profiles", `{"data":{"gender":"m","height":null}}`, 422, "null"},
		{"an unknown member", "POST", "/profiles", `{"data":{"gender":"m","shoeSize":42}}`, 422, "no such field"},
		{"not wrapped", "POST", "/profiles", `{"gender":"m"}`, 400, "the member data"},
		{"all of them", "PATCH", "/profiles", `{"data":{}}`, 405, "GET, POST"},
		{"away with it", "DELETE", "/profiles/" + man, "", 404, "no such profile"}, // which is told first
		{"an unknown filter", "GET", "/profiles?filter[age]=3", "", 400, "no such query parameter"},
		{"neither yes nor no", "GET", "/profiles?filter[isPrimary]=yes", "", 400, "true or false"},
	} {
		if test.name == "away with it" {
			test.status, test.want = 405, "GET, PATCH"
		}
		answer, text := s.do(test.method, test.path, test.body, s.as("s9", "")...)
		if answer.StatusCode != test.status || !strings.Contains(text, test.want) {
			t.Errorf("%s: %d %s, want %d with %q", test.name, answer.StatusCode, text, test.status, test.want)
		}
	}
}

// TestFitLogIn finds on another device what a guest said before logging in (fit-analytics:861).
func TestFitLogIn(t *testing.T) {
	dir := t.TempDir()
	s := startFit(t, Options{Dir: dir})
	guest := s.made(`{"gender":"m"}`, s.as("s1", "")...)
	s.want(404, "", "GET", "/profiles", "", s.as("s2", "1")...)
	s.want(200, guest, "GET", "/profiles", "", s.as("s1", "1")...)
	s.want(200, guest, "GET", "/profiles", "", s.as("s2", "1")...)
	s.want(404, "", "GET", "/profiles", "", s.as("s3", "2")...)
	s.want(200, guest, "GET", "/profiles", "", s.as("s1", "2")...) // the session has it still
	s.want(404, "", "GET", "/profiles", "", s.as("s3", "2")...)    // but it is the first user's
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again := startFit(t, Options{Dir: dir})
	again.want(200, guest, "GET", "/profiles", "", again.as("s2", "1")...)
	if second := again.made(`{"gender":"m"}`, again.as("s1", "")...); second == guest {
		t.Error("an ID is given twice")
	}
}

func TestFitRecommendations(t *testing.T) {
	s := startFit(t, Options{})
	profile := s.made(`{"gender":"m","height":180,"weight":80,"shoesReferenceBrand":"nike","shoesReferenceSize":"1"}`, s.as("s1", "")...)
	empty := s.made(`{"gender":"w"}`, s.as("s1", "")...)
	shoes := "shop-"
	for i := 0; ; i++ {
		if category, _ := kindOf(shoes + fmt.Sprint(i)); category == "shoes" && isSupported(shoes+fmt.Sprint(i)) {
			shoes += fmt.Sprint(i)
			break
		}
	}
	for _, test := range []struct {
		name, product, body string
		status              int
		want                string
	}{
		{"sizes", "example-1150064", `{"profile":"` + profile + `","manufacturedSizes":{"S":true,"M":false}}`, 201, `"isInStock":false`},
		{"usual sizes", "example-1150064", `{"profile":"` + profile + `"}`, 201, `"usedUserMeasures":true`},
		{"one size", "example-1150064", `{"profile":"` + profile + `","manufacturedSizes":{"S":true}}`, 201, `"name":"S"`},
		{"shoes", shoes, `{"profile":"` + profile + `"}`, 201, `"usedReferenceItem":true`},
		{"nothing known", "example-1150064", `{}`, 400, `"code":"rec_no_height","title":"Missing profile height","source":{"fields":["profile.height"]}`},
		{"an empty profile", "example-1150064", `{"profile":"` + empty + `"}`, 400, `"code":"rec_no_weight"`},
		{"shoes without a reference", shoes, `{}`, 400, `"fields":["profile.shoesReferenceBrand","profile.shoesReferenceSize"]`},
		{"an unsupported product", "example-1061683", `{}`, 404, "not supported"},
		{"an unknown profile", "example-1150064", `{"profile":"x"}`, 422, "no such profile"},
		{"sizes that are texts", "example-1150064", `{"manufacturedSizes":{"S":"yes"}}`, 422, "manufacturedSizes.S: must be a boolean"},
		{"a list of sizes", "example-1150064", `{"manufacturedSizes":["S"]}`, 422, "must be an object"},
	} {
		answer, text := s.do("POST", "/products/"+test.product+"/recommendations", `{"data":`+test.body+`}`, s.as("s1", "")...)
		if answer.StatusCode != test.status || !strings.Contains(text, test.want) {
			t.Errorf("%s: %d %s, want %d with %q", test.name, answer.StatusCode, text, test.status, test.want)
		}
		if again := s.want(test.status, "", "POST", "/products/"+test.product+"/recommendations", `{"data":`+test.body+`}`, s.as("s1", "")...); again != text {
			t.Errorf("%s: asked again, the answer is %s, not %s", test.name, again, text)
		}
	}
}

// fitExchange is one example of the document.
type fitExchange struct {
	line    int
	method  string
	path    string
	headers []string
	body    string
	status  string
}

// fitExchanges reads the examples of the document: a request behind >>>>, an answer behind <<<<.
func fitExchanges(t *testing.T) (list []fitExchange) {
	t.Helper()
	folder := os.Getenv("BULKLOAD_VENDOR_DOCS")
	if folder == "" {
		t.Skip("BULKLOAD_VENDOR_DOCS does not name the folder of the vendors' documents")
	}
	text, err := os.ReadFile(filepath.Join(folder, "fit-analytics.txt"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] != ">>>>" {
			continue
		}
		method, path, _ := strings.Cut(lines[i+1], " ")
		x := fitExchange{line: i + 2, method: method, path: strings.TrimPrefix(path, "/api/v1")}
		for i += 2; lines[i] != "<<<<"; i++ {
			if name, value, ok := strings.Cut(lines[i], ": "); ok && x.body == "" && name[0] != ' ' {
				x.headers = append(x.headers, name, value)
			} else if strings.TrimSpace(lines[i]) != "" {
				x.body += lines[i] + "\n"
			}
		}
		x.status, _ = strings.CutPrefix(lines[i+1], "Status: ")
		list = append(list, x)
	}
	return list
}

// brokenFitExamples are the requests of the document whose bodies are no JSON, or whose path no query can be
// read from, by their lines; docs/vendors/fitanalytics.md lists them. What puts each right is beside it.
var brokenFitExamples = map[int]func(string) string{
	187: replacing(`"01ARZ3NDEKTSV4RRFFQ69G5FAV",`, `"01ARZ3NDEKTSV4RRFFQ69G5FAV"`),
	324: replacing(" // cm", "", " // kg", ""),
	626: replacing("\"M.24.B2.C2\"\n", "\"M.24.B2.C2\"}"),
	792: replacing("80,\n    ...", "80"),
	834: replacing("&include", "?include"),
	924: replacing(`"app-android",`, `"app-android"`, "[\n", `{"data":[`, "\n]", "]}"),
}

func replacing(pairs ...string) func(string) string {
	return func(text string) string { return strings.NewReplacer(pairs...).Replace(text) }
}

var bareMember = regexp.MustCompile(`(?m)^(\s+)([a-zA-Z]+):`)

// TestFitExamplesOfTheDocument sends every request of the document, and gets the statuses that it shows.
func TestFitExamplesOfTheDocument(t *testing.T) {
	s := startFit(t, Options{})
	profile := s.made(`{"gender":"m","height":180,"weight":80}`, s.as("s1", "1000")...)
	ids := strings.NewReplacer("01ARZ3NDEKTSV4RRFFQ69G5FAV", profile, "71FSRgCzcmJmMjLiuyu5CSpyHI", profile)
	broken := make(map[int]bool)
	list := fitExchanges(t)
	if len(list) != 19 {
		t.Errorf("%d examples, want 19", len(list))
	}
	for _, x := range list {
		if x.body != "" {
			if _, err := parseJSON([]byte(x.body)); err != nil {
				broken[x.line] = true
			}
		}
		if strings.Contains(x.path, "&") && !strings.Contains(x.path, "?") {
			broken[x.line] = true
		}
		if repair := brokenFitExamples[x.line]; repair != nil {
			x.path, x.body = repair(x.path), bareMember.ReplaceAllString(repair(x.body), `$1"$2":`)
		}
		headers := append(s.as("s1", "1000", "Accept", "-"), x.headers...)
		for i := 0; i < len(headers); i += 2 {
			if headers[i] == "Authorization" && strings.Contains(headers[i+1], "...") || headers[i+1] == "Bearer" {
				headers[i+1] = "Bearer " + signed(t, rightClaims("s1", "1000"))
			}
		}
		answer, text := s.do(x.method, ids.Replace(x.path), ids.Replace(x.body), headers...)
		want, _, _ := strings.Cut(x.status, " ")
		if !regexp.MustCompile(`^[0-9]{3}$`).MatchString(want) { // it shows none
			want = "200"
		}
		if fmt.Sprint(answer.StatusCode) != want {
			t.Errorf("line %d: %s %s: %d %s, want %s\n%s", x.line, x.method, x.path, answer.StatusCode, text, want, x.body)
		}
	}
	if want := slices.Sorted(maps.Keys(brokenFitExamples)); !slices.Equal(slices.Sorted(maps.Keys(broken)), want) {
		t.Errorf("broken examples at %v, want %v", slices.Sorted(maps.Keys(broken)), want)
	}
}

// FuzzFit sends any body to each call that takes one: the stand-in answers, and what it takes it can show.
func FuzzFit(f *testing.F) {
	f.Add("events/purchases", []byte(`{"data":[{"product":"shop-1","order":"o1","shopCountry":"GB","shopLanguage":"en"},null,1]}`))
	f.Add("profiles", []byte(`{"data":{"gender":"m","height":180,"isPrimary":true}}`))
	f.Add("products/shop-1/recommendations", []byte(`{"data":{"manufacturedSizes":{"S":true}}}`))
	f.Add("profiles", []byte(`{"data":[]}`))
	server, err := New(Options{Now: func() time.Time { return noon }, Keys: Keys{JWKS: fitKeySet("k1")}})
	if err != nil {
		f.Fatal(err)
	}
	defer server.Close()
	token := signed(f, rightClaims("s", "1"))
	f.Fuzz(func(t *testing.T, path string, body []byte) {
		if path != "events/purchases" && path != "profiles" && path != "products/shop-1/recommendations" {
			return
		}
		send := func(method, path string, body []byte) *httptest.ResponseRecorder {
			r := httptest.NewRequest(method, "/fitanalytics/api/v1/"+path, strings.NewReader(string(body)))
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			answer := httptest.NewRecorder()
			server.ServeHTTP(answer, r)
			return answer
		}
		answer := send(http.MethodPost, path, body)
		if !json.Valid(answer.Body.Bytes()) || answer.Code >= 500 {
			t.Fatalf("%s %s: %d %s", path, body, answer.Code, answer.Body)
		}
		if answer.Code == http.StatusCreated && path == "profiles" {
			id := profilePattern.FindStringSubmatch(answer.Body.String())
			if id == nil || send(http.MethodGet, "profiles/"+id[1], nil).Body.String() != answer.Body.String() {
				t.Fatalf("%s is not shown as it was created: %s", body, answer.Body)
			}
		}
	})
}
