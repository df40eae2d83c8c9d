// Package faslet describes Faslet's API.
package faslet

import (
	"errors"
	"net/http"

	"bulkload/vendors"
)

// Vendor is Faslet.
var Vendor = &vendors.Vendor{
	Name:      "faslet",
	Title:     "Faslet",
	Doc:       "size recommendation for online shops",
	Authorize: authorize,
	BaseURL:   "https://api.faslet.net/public",
}

// authorize sends the account's token (faslet:14).
func authorize(r *http.Request, account *vendors.Account) error {
	if account.Token.Empty() {
		return errors.New("Faslet needs a token, and the account has none")
	}
	r.Header.Set("Authorization", "Bearer "+account.Token.Reveal())
	return nil
}
