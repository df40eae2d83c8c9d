// Package fitanalytics describes Fit Analytics's Recommendation API. What it asks and tells is always a
// customer's: who that is stands in the token of each request and nowhere else.
package fitanalytics

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/fitanalytics/vocabulary"
)

// Vendor is Fit Analytics.
var Vendor = &vendors.Vendor{
	Name:    "fitanalytics",
	Title:   "Fit Analytics",
	Doc:     "size recommendation from what customers bought and wear",
	BaseURL: vocabulary.BaseURL,
	Resources: []*vendors.Resource{Purchases, Profiles, Products, Recommendations, Brands, Styles, ReferenceSizes,
		BodyShapes},
	Authorize: authorize,
	Probe:     probe,
	Explain:   explain,
	Tokenless: true,
	Settings:  settings,
	Connect: func(account *vendors.Account) (any, error) {
		return NewKeyring(account.Settings, account.Secrets[keySetting])
	},
	// ClockTolerance is the one of the document's validation options (fit-analytics:33).
	ClockTolerance: 600 * time.Second,
}

// authorize refuses a request that carries no customer's token (fit-analytics:13). Those who make requests
// set it, since only they know the customer.
func authorize(r *http.Request, _ *vendors.Account) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return errors.New("the request has no token of a customer, which Fit Analytics needs")
	}
	return nil
}

// probe asks for the body shapes of one height and weight, nine or so, as the document does
// (fit-analytics:595).
func probe(ctx context.Context, client *vendors.Client) error {
	_, err := serve(ctx, client, vendors.Request{Method: http.MethodGet, Path: "/body-shapes",
		Query: url.Values{"filter[gender]": {"m"}, "filter[height]": {"180"}, "filter[weight]": {"80"}}})
	return err
}

// explain says what to look at when a token is turned away: the vendor compares it with what it was
// given once (fit-analytics:37).
func explain(_ vendors.Request, answer *vendors.APIError) string {
	if !answer.Unauthorised() {
		return ""
	}
	return "the vendor did not take the token: it must have the key set that bulkload fitanalytics jwks writes, with the account's key_id, " +
		"and the same issuer and audience; the clocks may differ by 600 seconds"
}

// jsonType is the only type that the API speaks in its plain mode (fit-analytics:780).
const jsonType = "application/json"

// call sends a request for a customer.
func call(ctx context.Context, client *vendors.Client, customer Customer, request vendors.Request) (*vendors.Response, error) {
	tokens, err := tokensOf(client.Account)
	if err != nil {
		return nil, err
	}
	token, err := tokens.Token(customer)
	if err != nil {
		return nil, err
	}
	request.Header = http.Header{"Authorization": {"Bearer " + token}, "Accept": {jsonType}, "Content-Type": {jsonType}}
	request.JSON = true
	response, err := client.Do(ctx, request)
	if err == nil && bytes.Contains(response.Body, []byte(token)) { // which the client knows of refusals only
		response.Body = bytes.ReplaceAll(response.Body, []byte(token), []byte("***"))
	}
	return response, inItsWords(err)
}

// serve sends a request that is for no customer in particular, under the account's own session.
func serve(ctx context.Context, client *vendors.Client, request vendors.Request) (*vendors.Response, error) {
	tokens, err := tokensOf(client.Account)
	if err != nil {
		return nil, err
	}
	return call(ctx, client, tokens.Service(), request)
}

// clause names a line of the vendor's document.
func clause(line int) string { return "fit-analytics:" + strconv.Itoa(line) }

// segment writes an ID as a part of a path. One of dots only would be taken for a folder.
func segment(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}
