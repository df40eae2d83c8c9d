// Package faire describes Faire's API.
package faire

import (
	"errors"
	"net/http"

	"bulkload/vendors"
)

// Vendor is Faire.
var Vendor = &vendors.Vendor{
	Name:      "faire",
	Title:     "Faire",
	Doc:       "wholesale marketplace where independent retailers order from brands",
	Authorize: authorize,
	BaseURL:   "https://www.faire.com/external-api/v2",
}

// authorize sends the account's token (faire:3).
func authorize(r *http.Request, account *vendors.Account) error {
	if account.Token.Empty() {
		return errors.New("Faire needs a token, and the account has none")
	}
	r.Header.Set("X-FAIRE-ACCESS-TOKEN", account.Token.Reveal())
	return nil
}
