// Package fashionai describes Fashion.AI's API.
package fashionai

import (
	"errors"
	"net/http"

	"bulkload/vendors"
)

// Vendor is Fashion.AI.
var Vendor = &vendors.Vendor{
	Name:      "fashionai",
	Title:     "Fashion.AI",
	Doc:       "personal ranking of categories and looks",
	Authorize: authorize,
	BaseURL:   "https://catalog.api.fashionaiale.com/api/v1/products/protected/recommendation",
}

// authorize sends the account's token (fashion-ai:9).
func authorize(r *http.Request, account *vendors.Account) error {
	if account.Token.Empty() {
		return errors.New("Fashion.AI needs a token, and the account has none")
	}
	r.Header.Set("X-FashionAI-APP-Token", account.Token.Reveal())
	return nil
}
