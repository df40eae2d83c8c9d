// Package fitanalytics describes Fit Analytics's API.
package fitanalytics

import (
	"errors"
	"net/http"

	"bulkload/vendors"
)

// Vendor is Fit Analytics.
var Vendor = &vendors.Vendor{
	Name:      "fitanalytics",
	Title:     "Fit Analytics",
	Doc:       "size recommendation from what customers bought and wear",
	Tokenless: true,
	Authorize: authorize,
	BaseURL:   "https://api.fitanalytics.com",
}

// authorize refuses requests that carry no customer's token (fit-analytics:887).
func authorize(r *http.Request, account *vendors.Account) error {
	if r.Header.Get("Authorization") == "" {
		return errors.New("Fit Analytics needs a token of the customer, and the request has none")
	}
	return nil
}
