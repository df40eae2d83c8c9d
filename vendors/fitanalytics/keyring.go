package fitanalytics

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/fitanalytics/vocabulary"
)

// keySetting names the file of the account's private key.
const keySetting = "private_key_file"

// settings are those of an account.
var settings = []vendors.Setting{
	{Name: keySetting, Required: true, File: true,
		Doc: "a file with the RSA private key that signs tokens, in PEM, of 2048 bits at least"},
	{Name: "issuer", Required: true, Doc: "who signs, as the vendor was told: https://www.example.com"},
	{Name: "key_id", Doc: "the key's name in the key set, its kid; left out, the key's thumbprint (RFC 7638)"},
	{Name: "audience", Doc: "whom tokens are for, as the vendor was told; left out, " + vocabulary.Audience},
	{Name: "token_lifetime", Doc: "how long a token is valid, from 10m to 8640h; left out, 48h"},
	{Name: "service_session", Doc: "the session under which is asked what concerns no customer; left out, one made from the key"},
}

// The sizes of keys that are taken, in bits. Larger ones sign too slowly to be of use.
const (
	leastBits = 2048
	mostBits  = 8192
)

// The bounds of a token's life. The longest is the document's maxAge (fit-analytics:32), the usual one its
// example's (fit-analytics:76).
const (
	usualLifetime    = 48 * time.Hour
	shortestLifetime = 10 * time.Minute
	longestLifetime  = 360 * 24 * time.Hour
)

// NewKeyring makes an account's keyring of its settings, by their names, and its private key. Without a
// key, which an account cannot be, it makes one that nobody else has: the stand-in takes that.
// No error repeats anything of the key.
func NewKeyring(settings map[string]string, private vendors.Secret) (*Keyring, error) {
	k := &Keyring{issuer: settings["issuer"], audience: cmp.Or(settings["audience"], vocabulary.Audience), now: time.Now}
	var err error
	if private.Empty() {
		k.issuer = cmp.Or(k.issuer, "https://www.example.com")
		k.key, err = rsa.GenerateKey(rand.Reader, leastBits)
	} else {
		k.key, err = parseKey([]byte(private.Reveal()))
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", keySetting, err)
	}
	if k.issuer == "" {
		return nil, errors.New("the setting issuer is missing, which the vendor was told, such as https://www.example.com")
	}
	if k.lifetime, err = parseLifetime(settings["token_lifetime"]); err != nil {
		return nil, err
	}
	thumbprint := thumbprintOf(&k.key.PublicKey)
	k.id = cmp.Or(settings["key_id"], base64.RawURLEncoding.EncodeToString(thumbprint[:]))
	k.service = Customer{Session: cmp.Or(settings["service_session"], "bulkload-"+hex.EncodeToString(thumbprint[:8]))}
	if looksLikeMail([]byte(k.service.Session)) {
		return nil, errors.New("service_session: " + customerMail.Sentence)
	}
	return k, nil
}

func parseLifetime(text string) (time.Duration, error) {
	if text == "" {
		return usualLifetime, nil
	}
	lifetime, err := time.ParseDuration(text)
	if err != nil || lifetime < shortestLifetime || lifetime > longestLifetime {
		return 0, fmt.Errorf("token_lifetime: %q must be a duration from 10m to 8640h, such as 48h", text)
	}
	return lifetime, nil
}

// parseKey reads an RSA private key in one of its two usual forms.
func parseKey(text []byte) (*rsa.PrivateKey, error) {
	block, err := privateBlock(text)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if block.Type == "PRIVATE KEY" {
		var parsed any
		if parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			var ok bool
			if key, ok = parsed.(*rsa.PrivateKey); !ok {
				return nil, errors.New("the key is not an RSA key, which RS256 needs: openssl genrsa -out key.pem 2048 makes one")
			}
		}
	}
	switch {
	case err != nil: // whose words may hold parts of the key
		return nil, errors.New("the private key is damaged: it cannot be read as PKCS #1 or PKCS #8")
	case key.N.BitLen() < leastBits || key.N.BitLen() > mostBits:
		return nil, fmt.Errorf("the key has %d bits, but must have from %d to %d", key.N.BitLen(), leastBits, mostBits)
	}
	return key, nil
}

// privateBlock finds the private key among the blocks of a PEM file.
func privateBlock(text []byte) (*pem.Block, error) {
	var met []string
	for rest := text; len(met) < 10; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch {
		case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
			return nil, errors.New("the private key is locked by a passphrase; openssl rsa -in locked.pem -out key.pem writes it without")
		case block.Type == "RSA PRIVATE KEY" || block.Type == "PRIVATE KEY":
			return block, nil
		case block.Type == "EC PRIVATE KEY":
			return nil, errors.New("the key is not an RSA key, which RS256 needs: openssl genrsa -out key.pem 2048 makes one")
		}
		met = append(met, kindOfBlock(block.Type))
	}
	if met != nil {
		return nil, fmt.Errorf("the file has no private key, but %s", strings.Join(met, ", "))
	}
	return nil, errors.New("the file has no private key in PEM, which begins with -----BEGIN PRIVATE KEY----- or -----BEGIN RSA PRIVATE KEY-----")
}

// kindOfBlock names a block, if its name is a known one: any other may be a part of what is secret.
func kindOfBlock(name string) string {
	switch name {
	case "PUBLIC KEY", "RSA PUBLIC KEY":
		return "a public key"
	case "CERTIFICATE":
		return "a certificate"
	}
	return "something else"
}

// publicKey is one member of a key set (RFC 7517), in the order of its thumbprint's members.
type publicKey struct {
	Exponent  string `json:"e"`
	Type      string `json:"kty"`
	Modulus   string `json:"n"`
	ID        string `json:"kid,omitempty"`
	Use       string `json:"use,omitempty"`
	Algorithm string `json:"alg,omitempty"`
}

func publicOf(key *rsa.PublicKey) publicKey {
	return publicKey{Type: "RSA", Modulus: base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes())}
}

// thumbprintOf is the hash by which a key is known everywhere (RFC 7638).
func thumbprintOf(key *rsa.PublicKey) [sha256.Size]byte {
	text, _ := json.Marshal(publicOf(key)) // strings always can be
	return sha256.Sum256(text)
}

// JWKS is the public key set to give to the vendor (fit-analytics:21), as JSON with a line end.
func (k *Keyring) JWKS() []byte {
	key := publicOf(&k.key.PublicKey)
	key.ID, key.Use, key.Algorithm = k.id, "sig", vocabulary.Algorithm
	text, _ := json.MarshalIndent(map[string][]publicKey{"keys": {key}}, "", "  ") // strings always can be
	return append(text, '\n')
}

// Issuer is what the vendor must be told to expect as the tokens' issuer.
func (k *Keyring) Issuer() string { return k.issuer }

// Audience is what the vendor must be told to expect as the tokens' audience.
func (k *Keyring) Audience() string { return k.audience }
