package fitanalytics

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"bulkload/vendors"
)

// keyFiles are files that may be given as the private key, by their names. An empty want takes the key.
func keyFiles(t testing.TB) map[string]struct{ text, want string } {
	t.Helper()
	must := func(der []byte, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	old := x509.MarshalPKCS1PrivateKey(testKey())
	damaged := append(old[:len(old)/2:len(old)/2], make([]byte, len(old)/2)...)
	public := pemOf("PUBLIC KEY", must(x509.MarshalPKIXPublicKey(&testKey().PublicKey)))
	return map[string]struct{ text, want string }{
		"PKCS #1":              {pemOf("RSA PRIVATE KEY", old), ""},
		"PKCS #8":              {pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(testKey()))), ""},
		"behind a public key":  {public + pemOf("RSA PRIVATE KEY", old), ""},
		"a public key":         {public, "no private key, but a public key"},
		"a certificate":        {pemOf("CERTIFICATE", []byte("x")), "no private key, but a certificate"},
		"a stranger":           {pemOf("S3CR3T", old), "no private key, but something else"},
		"a curve, PKCS #8":     {pemOf("PRIVATE KEY", must(x509.MarshalPKCS8PrivateKey(curve))), "not an RSA key"},
		"a curve":              {pemOf("EC PRIVATE KEY", must(x509.MarshalECPrivateKey(curve))), "not an RSA key"},
		"locked":               {pemOf("ENCRYPTED PRIVATE KEY", old), "locked by a passphrase"},
		"locked as of old":     {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n", "locked by a passphrase"},
		"damaged":              {pemOf("RSA PRIVATE KEY", damaged), "is damaged"},
		"damaged, PKCS #8":     {pemOf("PRIVATE KEY", damaged), "is damaged"},
		"cut":                  {pemOf("RSA PRIVATE KEY", old)[:300], "no private key in PEM"},
		"DER":                  {string(old), "no private key in PEM"},
		"a password":           {"hunter2hunter2", "no private key in PEM"},
		"many public ones":     {strings.Repeat(public, 100), "no private key, but a public key"},
		"one in another's box": {pemOf("PRIVATE KEY", old), "is damaged"},
	}
}

func TestKeyFiles(t *testing.T) {
	for name, test := range keyFiles(t) {
		k, err := NewKeyring(map[string]string{"issuer": testIssuer}, vendors.NewSecret(test.text))
		switch {
		case test.want == "":
			if err != nil || !k.key.Equal(testKey()) {
				t.Errorf("%s: %v, want the key", name, err)
			}
		case err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "private_key_file: "):
			t.Errorf("%s: %v, want %q", name, err, test.want)
		default:
			shows(t, err, test.text)
		}
	}
}

// shows fails when an error repeats a part of a file, other than the lines that every such file has.
func shows(t testing.TB, err error, file string) {
	t.Helper()
	for line := range strings.Lines(file) {
		line = strings.TrimSpace(line)
		for at := 0; at+12 <= len(line) && !strings.HasPrefix(line, "-----"); at++ {
			if strings.Contains(err.Error(), line[at:at+12]) {
				t.Fatalf("%q repeats a part of the key", err)
			}
		}
	}
}

func TestShortKeysAreRefused(t *testing.T) {
	key := testKey()
	t.Setenv("GODEBUG", "rsa1024min=0")
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	_, err = NewKeyring(map[string]string{"issuer": testIssuer}, vendors.NewSecret(pemOf("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(short))))
	if err == nil || !strings.Contains(err.Error(), "1024 bits") {
		t.Errorf("a key of 1024 bits: %v, the right one has %d", err, key.N.BitLen())
	}
}

// FuzzKeyFile reads any file without panic, and repeats nothing of it.
func FuzzKeyFile(f *testing.F) {
	for _, file := range keyFiles(f) {
		f.Add(file.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<14 {
			return
		}
		if _, err := parseKey([]byte(text)); err != nil {
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); len(line) >= 24 && !strings.Contains(line, "-----") && strings.Contains(err.Error(), line) {
					t.Fatalf("%q repeats %q", err, line)
				}
			}
		}
	})
}

func TestSettings(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings map[string]string
		want     string // of the error; empty: none
	}{
		{"the least", map[string]string{"issuer": "i"}, ""},
		{"all", map[string]string{"issuer": "i", "key_id": "k", "audience": "a", "token_lifetime": "10m", "service_session": "s"}, ""},
		{"no issuer", nil, "issuer is missing"},
		{"too short", map[string]string{"issuer": "i", "token_lifetime": "9m59s"}, "token_lifetime"},
		{"too long", map[string]string{"issuer": "i", "token_lifetime": "8641h"}, "token_lifetime"},
		{"no duration", map[string]string{"issuer": "i", "token_lifetime": "2 days"}, `"2 days" must be a duration`},
		{"an address as session", map[string]string{"issuer": "i", "service_session": "a@b.c"}, "e-mail"},
	} {
		k, err := NewKeyring(test.settings, testPEM())
		if test.want == "" {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			} else if got := k.Audience(); got != "a" && got != "https://widget.fitanalytics.com/api" || k.Issuer() != "i" {
				t.Errorf("%s: audience %q, issuer %q", test.name, got, k.Issuer())
			}
		} else if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	for _, setting := range Vendor.Settings {
		if setting.Doc == "" || setting.File != (setting.Name == keySetting) {
			t.Errorf("setting %+v", setting)
		}
	}
}

// TestSandboxAccountsNeedNoKey makes one that nobody else has.
func TestSandboxAccountsNeedNoKey(t *testing.T) {
	state, err := Vendor.Connect(&vendors.Account{Name: "sandbox"})
	if err != nil {
		t.Fatal(err)
	}
	k := state.(*Keyring)
	if token, err := k.Token(Customer{Session: "s"}); err != nil || token == "" || k.key.Equal(testKey()) {
		t.Errorf("Token = %q, %v", token, err)
	}
}

func TestJWKS(t *testing.T) {
	k := newKeyring(t, "key_id", "spring-2026")
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(k.JWKS(), &set); err != nil || len(set.Keys) != 1 {
		t.Fatalf("JWKS = %s, %v", k.JWKS(), err)
	}
	key := set.Keys[0]
	if key["kid"] != "spring-2026" || key["kty"] != "RSA" || key["alg"] != "RS256" || key["use"] != "sig" || key["e"] != "AQAB" || len(key) != 6 {
		t.Errorf("the set holds %v", key)
	}
	if secret := fmt.Sprintf("%x", testKey().D); strings.Contains(string(k.JWKS()), secret[:20]) {
		t.Error("the key set holds the private key")
	}
	if other := newKeyring(t); len(other.id) != 43 {
		t.Errorf("without key_id, kid is %q, want a thumbprint", other.id)
	}
}

// TestThumbprint is the example of RFC 7638, section 3.1.
func TestThumbprint(t *testing.T) {
	const modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn6" +
		"4tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI" +
		"4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
	n, err := base64.RawURLEncoding.DecodeString(modulus)
	if err != nil {
		t.Fatal(err)
	}
	sum := thumbprintOf(&rsa.PublicKey{N: new(big.Int).SetBytes(n), E: 65537})
	if got, want := base64.RawURLEncoding.EncodeToString(sum[:]), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"; got != want {
		t.Errorf("thumbprint = %s, want %s", got, want)
	}
}
