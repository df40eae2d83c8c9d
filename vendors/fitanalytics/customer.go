package fitanalytics

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// customerMail keeps people's names out of tokens.
var customerMail = &schema.Rule{ID: "customer.email", Clause: clause(855),
	Sentence: "an identifier of a customer must not be an e-mail address, nor anything else that tells who it is: use the shop's own number"}

// longestID bounds what goes into a token, which travels in a header.
const longestID = 255

// check says why there can be no token of a customer; nil when there can.
func (c *Customer) check() error {
	switch {
	case c.Session == "":
		return errors.New("a token needs a session")
	case utf8.RuneCountInString(c.Session) > longestID || utf8.RuneCountInString(c.User) > longestID:
		return fmt.Errorf("an identifier of a customer must have at most %d characters, since it travels in a header", longestID)
	case looksLikeMail([]byte(c.User)) || looksLikeMail([]byte(c.Session)):
		return errors.New(customerMail.Sentence)
	}
	return nil
}

// customerLane is what the events of one request share, since its token names one customer
// (fit-analytics:887).
var customerLane = []string{"sess", "sub"}

// customerFields are the columns that say who the customer is.
func customerFields() schema.Schema {
	checks := []schema.Check{{Rule: customerMail, OK: func(value []byte) bool { return !looksLikeMail(value) }}}
	return schema.Schema{
		{Name: "sess", Clause: clause(51), Required: true, MaxRunes: longestID, Example: "m0wIPfpQHGc1QZXfI18juG", Checks: checks,
			Doc:      "The shop's session of the customer, which every customer has, logged in or not.",
			Synonyms: []string{"session", "session id", "sessionid", "shop session id", "shopsessionid"}},
		{Name: "sub", Clause: clause(50), MaxRunes: longestID, Example: "1000", Checks: checks,
			Doc:      "The shop's number of the customer, only if logged in; never an e-mail address.",
			Synonyms: []string{"user", "user id", "userid", "shop user id", "shopuserid", "customer id", "customer number"}},
	}
}

// customerOf is the customer of an entity's rows, which agree on it.
func customerOf(e *vendors.Entity) Customer {
	return Customer{Session: string(schema.Shared(e.Records, "sess")), User: string(schema.Shared(e.Records, "sub"))}
}
