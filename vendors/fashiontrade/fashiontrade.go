// Package fashiontrade describes FashionTrade's product information management API.
package fashiontrade

import (
	"errors"
	"net/http"
	"strconv"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
)

// Vendor is FashionTrade.
var Vendor = &vendors.Vendor{
	Name:      "fashiontrade",
	Title:     "FashionTrade",
	Doc:       "wholesale platform where retailers order from fashion brands",
	BaseURL:   vocabulary.BaseURL,
	Resources: []*vendors.Resource{Products, ProductsV1},
	Authorize: authorize,
}

// authorize sends the account's token as a bearer token (fashiontrade:6353).
func authorize(r *http.Request, account *vendors.Account) error {
	if account.Token.Empty() {
		return errors.New("FashionTrade needs a token, and the account has none")
	}
	r.Header.Set("Authorization", "Bearer "+account.Token.Reveal())
	return nil
}

// clause names a line of the vendor's document.
func clause(line int) string { return "fashiontrade:" + strconv.Itoa(line) }
