// Package fashionai describes Fashion.AI's Personalization API.
package fashionai

import (
	"errors"
	"net/http"
	"strconv"

	"bulkload/vendors"
	"bulkload/vendors/fashionai/vocabulary"
)

// Vendor is Fashion.AI. It answers questions and has nothing to export or to load (fashion-ai:20). It has
// nothing to probe credentials with either: each of its calls is an event of a shopper's.
var Vendor = &vendors.Vendor{
	Name:      "fashionai",
	Title:     "Fashion.AI",
	Doc:       "personal ranking of categories and looks",
	BaseURL:   vocabulary.BaseURL,
	Resources: []*vendors.Resource{CategoryView, ShopTheLook},
	Authorize: authorize,
	Explain:   explain,
}

// authorize sends the account's token (fashion-ai:9), and no Origin, for which the vendor takes a request
// for a browser's (fashion-ai:56).
func authorize(r *http.Request, account *vendors.Account) error {
	if account.Token.Empty() {
		return errors.New("Fashion.AI needs an app token, and the account has none; it is made at https://app.generativecrm.com/settings?tab=app-tokens")
	}
	r.Header.Set(vocabulary.TokenHeader, account.Token.Reveal())
	r.Header.Del("Origin")
	return nil
}

// explain tells where tokens come from (fashion-ai:11).
func explain(_ vendors.Request, refusal *vendors.APIError) string {
	if refusal.Unauthorised() {
		return "the app token is not taken; it is made at https://app.generativecrm.com/settings?tab=app-tokens"
	}
	return ""
}

// clause names a line of the vendor's document.
func clause(line int) string { return "fashion-ai:" + strconv.Itoa(line) }
