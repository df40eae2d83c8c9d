// Package faire describes Faire's API, version 2.
package faire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"bulkload/vendors"
)

// Vendor is Faire.
var Vendor = &vendors.Vendor{
	Name:    "faire",
	Title:   "Faire",
	Doc:     "wholesale marketplace where independent retailers order from brands",
	BaseURL: "https://www.faire.com/external-api/v2",
	Resources: []*vendors.Resource{Products, Variants, OptionSets, Inventory, Prepacks, TaxonomyTypes, Orders, OrderAcceptance, Shipments, Backorders,
		Brand, Retailers},
	Authorize: authorize,
	Connect:   connect,
	Probe:     probe,
	Explain:   explain,
	Settings: []vendors.Setting{
		{Name: currencySetting, Doc: "currency of prices that a feed gives without one, as a code of three letters such as USD"},
	},
}

// currencySetting is the account's setting of the currency of prices without one.
const currencySetting = "currency"

// authorize sends the account's token (faire:2).
func authorize(r *http.Request, account *vendors.Account) error {
	if account.Token.Empty() {
		return errors.New("the account has no token, and Faire needs one")
	}
	r.Header.Set("X-FAIRE-ACCESS-TOKEN", account.Token.Reveal())
	return nil
}

// clause names a line of the vendor's document.
func clause(line int) string { return "faire:" + strconv.Itoa(line) }

// segment writes an ID as a part of a path. One of dots only would be taken for a folder, so its dots
// are escaped too.
func segment(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}

// get reads what is at a path into answer. what names it in errors: "list products".
func get(ctx context.Context, client *vendors.Client, what, path string, query url.Values, answer any) error {
	response, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: path, Query: query,
		Header: http.Header{"Accept": {"application/json"}}, JSON: true})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(response.Body, answer); err != nil {
		return fmt.Errorf("%s: the answer is not the vendor's: %w", what, err)
	}
	return nil
}

// send writes a body, JSON, with a POST, PATCH or PUT, and returns the answer.
func send(ctx context.Context, client *vendors.Client, method, path string, body []byte) (*vendors.Response, error) {
	return client.Do(ctx, vendors.Request{Method: method, Path: path, Body: body, JSON: true,
		Header: http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}})
}

// take sends a DELETE. Without its names, the path would be that of more than one thing.
func take(ctx context.Context, client *vendors.Client, path string, names ...string) error {
	for _, name := range names {
		if name == "" {
			return errors.New("what has no name cannot be deleted")
		}
	}
	_, err := client.Do(ctx, vendors.Request{Method: http.MethodDelete, Path: path,
		Header: http.Header{"Accept": {"application/json"}}})
	return err
}
