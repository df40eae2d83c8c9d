package sandbox

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"bulkload/vendors/fitanalytics/vocabulary"
)

// Keys are what Fit Analytics is told of an account before its first request (fit-analytics:37): the public
// keys that its tokens may be signed with, and what the tokens must say.
type Keys struct {
	JWKS     []byte // a JSON Web Key Set; empty: no token is taken
	Issuer   string // empty: any
	Audience string // empty: the one of the document
}

// TokensSeen is what the sandbox has seen of Fit Analytics's tokens.
type TokensSeen struct {
	Customers int   `json:"customers"` // for whom requests came
	Tokens    int   `json:"tokens"`    // right ones, each counted once as long as no other came for its customer
	Most      int   `json:"most"`      // of one customer
	Returned  int64 `json:"returned"`  // requests with a token that another had replaced before
	Refused   int64 `json:"refused"`   // requests without a right token
}

// SetKeys tells the sandbox what Fit Analytics would be told. It takes the place of what was told before,
// and outlives a Reset.
func (s *Server) SetKeys(k Keys) error {
	keys, err := parseKeys(k.JWKS)
	if err != nil {
		return err
	}
	s.keys.set(k, keys)
	return nil
}

// Tokens tells which tokens came since the sandbox was opened or reset.
func (s *Server) Tokens() TokensSeen { return s.keys.tokens() }

// longestKeySet bounds a key set, in bytes.
const longestKeySet = 1 << 20

// serveKeys answers PUT /_sandbox/fitanalytics/jwks?issuer=TEXT&audience=TEXT with a key set as its body,
// and GET of what was told last.
func (s *Server) serveKeys(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		w.Write(s.keys.text())
	case http.MethodPut:
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, longestKeySet))
		if err == nil {
			err = s.SetKeys(Keys{JWKS: body, Issuer: r.URL.Query().Get("issuer"), Audience: r.URL.Query().Get("audience")})
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Allow", "GET, PUT")
		http.Error(w, "a key set is put or got", http.StatusMethodNotAllowed)
	}
}

// parseKeys reads the RSA keys of a set, by their kid.
func parseKeys(text []byte) (map[string]*rsa.PublicKey, error) {
	keys := make(map[string]*rsa.PublicKey)
	if len(text) == 0 {
		return keys, nil
	}
	var set struct {
		Keys []struct{ Kty, Kid, Use, Alg, N, E string }
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("the key set is not JSON: %w", err)
	}
	for i, k := range set.Keys {
		modulus, errN := base64.RawURLEncoding.DecodeString(k.N)
		exponent, errE := base64.RawURLEncoding.DecodeString(k.E)
		n, e := new(big.Int).SetBytes(modulus), new(big.Int).SetBytes(exponent)
		switch {
		case k.Kty != "RSA" || k.Kid == "" || k.Use != "" && k.Use != "sig" || k.Alg != "" && k.Alg != vocabulary.Algorithm:
			return nil, fmt.Errorf("key %d of the set is not an RSA key for signatures with its kid", i+1)
		case keys[k.Kid] != nil:
			return nil, fmt.Errorf("the set has two keys %q", k.Kid)
		case errN != nil || errE != nil || n.BitLen() < 2048 || n.BitLen() > 16384 || e.BitLen() > 31 || e.Int64() < 3:
			return nil, fmt.Errorf("key %q has no modulus of 2048 bits or more, or no exponent", k.Kid)
		}
		keys[k.Kid] = &rsa.PublicKey{N: n, E: int(e.Int64())}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no keys")
	}
	return keys, nil
}

// keyCheck checks tokens, and counts them. Its zero value takes none.
type keyCheck struct {
	mu     sync.Mutex
	told   Keys
	keys   map[string]*rsa.PublicKey
	latest map[fitCustomer]*tokenSeen
	seen   TokensSeen
}

// fitCustomer is whom a token names.
type fitCustomer struct{ sess, sub string }

// tokenSeen is the newest token of a customer, and how many there were.
type tokenSeen struct {
	hash  [sha256.Size]byte
	made  time.Time
	count int
}

func (k *keyCheck) set(told Keys, keys map[string]*rsa.PublicKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.told, k.keys = told, keys
	if k.latest == nil {
		k.latest = make(map[fitCustomer]*tokenSeen)
	}
}

func (k *keyCheck) text() []byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.told.JWKS
}

func (k *keyCheck) tokens() TokensSeen {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.seen
}

// forget drops what was counted.
func (k *keyCheck) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.seen, k.latest = TokensSeen{}, make(map[fitCustomer]*tokenSeen)
}

// fitClaims are those of a token that are looked at.
type fitClaims struct {
	Session string `json:"sess"`
	jwt.RegisteredClaims
}

// The vendor's validation options of the document's example (fit-analytics:27).
const (
	fitMaxAge    = 360 * 24 * time.Hour
	fitTolerance = 600 * time.Second
)

// mailAddress is what no user's ID looks like (fit-analytics:855).
var mailAddress = regexp.MustCompile(`.@.`)

// check looks at the token of a call, and gives the customer whom it names.
func (k *keyCheck) check(c *call, now time.Time) (fitCustomer, error) {
	who, text, made, err := k.verify(c, now)
	k.mu.Lock()
	defer k.mu.Unlock()
	if err != nil {
		k.seen.Refused++
		return who, err
	}
	k.count(who, sha256.Sum256([]byte(text)), made)
	return who, nil
}

// count notes a right token. Of two tokens of a customer, the one that was made later is in use.
func (k *keyCheck) count(who fitCustomer, hash [sha256.Size]byte, made time.Time) {
	t := k.latest[who]
	switch {
	case t == nil:
		t = &tokenSeen{}
		k.latest[who] = t
		k.seen.Customers++
	case t.hash == hash:
		return
	case made.Before(t.made):
		k.seen.Returned++
		return
	}
	t.hash, t.made = hash, made
	t.count++
	k.seen.Tokens++
	k.seen.Most = max(k.seen.Most, t.count)
}

// verify checks signature and claims (fit-analytics:23, 45).
func (k *keyCheck) verify(c *call, now time.Time) (who fitCustomer, text string, made time.Time, err error) {
	scheme, text, _ := strings.Cut(c.header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || text == "" {
		return who, "", made, errors.New("there is no bearer token")
	}
	k.mu.Lock()
	told, keys := k.told, k.keys
	k.mu.Unlock()
	if len(keys) == 0 {
		return who, "", made, errors.New("no public keys are known: PUT a key set to /_sandbox/fitanalytics/jwks")
	}
	var said fitClaims
	_, err = parserOf(told, now).ParseWithClaims(text, &said, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		if key := keys[id]; key != nil {
			return key, nil
		}
		return nil, fmt.Errorf("the key set has no key %q", id)
	})
	switch {
	case err != nil:
	case said.Session == "":
		err = errors.New("the token has no sess")
	case said.IssuedAt == nil:
		err = errors.New("the token has no iat, so its age cannot be told")
	case now.Sub(said.IssuedAt.Time) > fitMaxAge+fitTolerance:
		err = errors.New("the token is older than 360 days")
	case mailAddress.MatchString(said.Subject):
		err = errors.New("sub must not be an e-mail address")
	default:
		return fitCustomer{said.Session, said.Subject}, text, said.IssuedAt.Time, nil
	}
	return who, "", made, err
}

func parserOf(told Keys, now time.Time) *jwt.Parser {
	audience := told.Audience
	if audience == "" {
		audience = vocabulary.Audience
	}
	options := []jwt.ParserOption{jwt.WithValidMethods([]string{vocabulary.Algorithm}), jwt.WithAudience(audience), jwt.WithExpirationRequired(),
		jwt.WithLeeway(fitTolerance), jwt.WithTimeFunc(func() time.Time { return now })}
	if told.Issuer != "" {
		options = append(options, jwt.WithIssuer(told.Issuer))
	}
	return jwt.NewParser(options...)
}
