// Package fashiontrade describes FashionTrade's product information management API.
package fashiontrade

import (
	"context"
	"errors"
	"net/http"
	"net/url"
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
	Resources: []*vendors.Resource{Products, ProductsV1, Prepacks, PriceLists, PrepackPriceLists, ProductStock, ProductStockV1, PrepackStock},
	Authorize: authorize,
	Probe:     probe,
	Explain:   explain,
}

// authorize sends the account's token as a bearer token (fashiontrade:6353).
func authorize(r *http.Request, account *vendors.Account) error {
	if account.Token.Empty() {
		return errors.New("FashionTrade needs a token, and the account has none")
	}
	r.Header.Set("Authorization", "Bearer "+account.Token.Reveal())
	return nil
}

// probe reads the shortest page of products (fashiontrade:2861).
func probe(ctx context.Context, client *vendors.Client) error {
	_, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: "/products", Query: url.Values{"limit": {"1"}},
		Header: http.Header{"Accept": {vocabulary.MediaType("product", vocabulary.Product2.Version)}}, JSON: true})
	return err
}

// clause names a line of the vendor's document.
func clause(line int) string { return "fashiontrade:" + strconv.Itoa(line) }
