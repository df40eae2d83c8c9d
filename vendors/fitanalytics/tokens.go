package fitanalytics

import (
	"bytes"
	"container/list"
	"crypto/rsa"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"bulkload/vendors"
	"bulkload/vendors/fitanalytics/vocabulary"
)

// A Customer is whom a request is for.
type Customer struct {
	Session string `json:"sess"`          // of one device, always known (fit-analytics:856)
	User    string `json:"sub,omitempty"` // only of who is logged in (fit-analytics:50)
}

// TokenSource gives tokens of customers. It is the State of an account, and used by many goroutines.
type TokenSource interface {
	// Prepare makes the customer's token, unless there is one that will last for a while.
	Prepare(Customer) error
	// Token is the customer's token for a request that leaves now.
	Token(Customer) (string, error)
	// Service is who asks what concerns no customer.
	Service() Customer
}

// tokensOf gives the account's tokens.
func tokensOf(account *vendors.Account) (TokenSource, error) {
	if account != nil {
		if tokens, ok := account.State.(TokenSource); ok {
			return tokens, nil
		}
	}
	return nil, errors.New("the account of Fit Analytics has no key to sign tokens with")
}

// prepare makes the token of a customer ahead of sending, on the core that checks the entity: signing
// takes about a millisecond. Where nothing will be sent, there is nothing to prepare.
func prepare(held *vendors.Held, customer Customer) error {
	if held == nil {
		return nil
	}
	tokens, err := tokensOf(held.Account)
	if err != nil {
		return nil // it is told where something is sent
	}
	return tokens.Prepare(customer)
}

// A Keyring signs the tokens of an account's customers, and keeps them until shortly before they end.
//
// A token's times are those of the half life in which it is made, so the same customer's token is the
// same in every process, and when it is made anew after it was forgotten: at any time there is one that
// is made, and the one before is used on until a quarter, or at the latest an eighth, of its life is left.
type Keyring struct {
	key      *rsa.PrivateKey
	id       string // kid
	issuer   string
	audience string
	lifetime time.Duration
	service  Customer
	now      func() time.Time

	mu    sync.Mutex
	known map[Customer]*list.Element // of *customerToken
	used  list.List                  // of *customerToken, the one that was used last in front
}

// mostKnown is how many customers' tokens are kept: about 30 MB of them, with keys of 2048 bits.
const mostKnown = 1 << 15

// customerToken is a customer's token. It is locked while it is made, so that it is made once.
type customerToken struct {
	customer Customer
	mu       sync.Mutex
	text     string
	ends     time.Time
}

var _ TokenSource = (*Keyring)(nil)

// Prepare makes the customer's token, unless more than a quarter of the life of the last one is left.
func (k *Keyring) Prepare(customer Customer) error {
	_, err := k.token(customer, k.lifetime/4)
	return err
}

// Token is the customer's token. It is made anew when no more than an eighth of its life is left, which
// Prepare lets happen only to what waits very long.
func (k *Keyring) Token(customer Customer) (string, error) { return k.token(customer, k.lifetime/8) }

// Service is the account's own session.
func (k *Keyring) Service() Customer { return k.service }

// token gives the customer's token that lasts longer than a while.
func (k *Keyring) token(customer Customer, least time.Duration) (string, error) {
	if err := customer.check(); err != nil {
		return "", err
	}
	t := k.find(customer)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := k.now()
	if t.text != "" && t.ends.Sub(now) > least {
		return t.text, nil
	}
	text, ends, err := k.sign(customer, now)
	if err != nil {
		return "", fmt.Errorf("sign a token: %w", err)
	}
	t.text, t.ends = text, ends
	return text, nil
}

// find gives the customer's place, and forgets who was not asked for longest.
func (k *Keyring) find(customer Customer) *customerToken {
	k.mu.Lock()
	defer k.mu.Unlock()
	if element := k.known[customer]; element != nil {
		k.used.MoveToFront(element)
		return element.Value.(*customerToken)
	}
	if k.known == nil {
		k.known = make(map[Customer]*list.Element)
	}
	t := &customerToken{customer: customer}
	k.known[customer] = k.used.PushFront(t)
	if len(k.known) > mostKnown {
		last := k.used.Remove(k.used.Back()).(*customerToken)
		delete(k.known, last.customer)
	}
	return t
}

// before is how long before its making a token is valid, for the sake of clocks (fit-analytics:77).
const before = time.Hour

// sign makes the customer's token of the half life that now is in (fit-analytics:45).
func (k *Keyring) sign(customer Customer, now time.Time) (text string, ends time.Time, err error) {
	made := now.Truncate(k.lifetime / 2).Truncate(time.Second)
	ends = made.Add(k.lifetime)
	claims := jwt.MapClaims{"sess": customer.Session, "aud": k.audience, "iss": k.issuer,
		"iat": made.Unix(), "nbf": made.Add(-before).Unix(), "exp": ends.Unix()}
	if customer.User != "" {
		claims["sub"] = customer.User
	}
	token := jwt.NewWithClaims(jwt.GetSigningMethod(vocabulary.Algorithm), claims)
	token.Header["kid"] = k.id
	text, err = token.SignedString(k.key)
	return text, ends, err
}

// looksLikeMail reports whether an identifier looks like an e-mail address: an @ between other
// characters, also as it is written in URLs.
func looksLikeMail(id []byte) bool {
	for _, at := range [...]string{"@", "%40"} {
		if i := bytes.Index(id, []byte(at)); i > 0 && i+len(at) < len(id) {
			return true
		}
	}
	return false
}
