package fitanalytics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// profilePages asks for the profiles of customers. A key of the listing is that of a profile, as the resource's
// Key, Else and Besides make it: the profile is asked for by its ID, where it has one, else all of the customer.
// Where rows are compared, those whose customer can have no token are left out.
func profilePages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		err := errNoCustomers
		if ask.Keys != nil {
			err = vendors.PagesByKey(ask, yield, func(key string) ([]vendors.Stored, error) {
				customer, id := splitProfileKey(key)
				if ask.Compare && customer.check() != nil {
					return nil, nil // the row is told what is wrong with it
				}
				if id != "" {
					return oneProfile(ctx, client, customer, id, ask.Query)
				}
				return listProfiles(ctx, client, customer, ask.Query)
			})
		}
		if err != nil {
			yield(vendors.Page{}, err)
		}
	}
}

// splitProfileKey takes a profile's key apart. One without an ID begins with the session twice.
func splitProfileKey(key string) (customer Customer, id string) {
	var items []string
	schema.Items([]byte(key), func(item []byte) bool {
		items = append(items, string(item))
		return len(items) < 3
	})
	items = append(items, "", "", "")
	customer = Customer{Session: items[1], User: items[2]}
	if items[0] != items[1] {
		id = items[0]
	}
	return customer, id
}

// listProfiles asks for a customer's profiles. 404 says that there are none (fit-analytics:180).
func listProfiles(ctx context.Context, client *vendors.Client, customer Customer, query url.Values) ([]vendors.Stored, error) {
	var list []json.RawMessage
	if err := getData(ctx, client, customer, "/profiles", query, &list); err != nil {
		return nil, ifAny(err)
	}
	stored := make([]vendors.Stored, len(list))
	for i, data := range list {
		var err error
		if stored[i], err = ofCustomer(customer, data); err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// oneProfile asks for a profile by its ID.
func oneProfile(ctx context.Context, client *vendors.Client, customer Customer, id string, query url.Values) ([]vendors.Stored, error) {
	var data json.RawMessage
	if err := getData(ctx, client, customer, "/profiles/"+segment(id), query, &data); err != nil {
		return nil, ifAny(err)
	}
	stored, err := ofCustomer(customer, data)
	if err == nil && stored.Key != id {
		err = fmt.Errorf("get profile %q: the answer is that of %q", id, stored.Key)
	}
	return []vendors.Stored{stored}, err
}

// ifAny takes a 404 for an answer: there is none.
func ifAny(err error) error {
	var refusal *vendors.APIError
	if errors.As(err, &refusal) && refusal.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// ofCustomer puts the customer who was asked for beside a profile.
func ofCustomer(customer Customer, data []byte) (vendors.Stored, error) {
	id, err := idOf("profiles", data)
	if err != nil {
		return vendors.Stored{}, err
	}
	body, err := json.Marshal(struct {
		Customer
		Data json.RawMessage `json:"data"`
	}{customer, data})
	return vendors.Stored{Key: id, Body: body}, err
}

// getData asks for something of a customer's and reads the data of the answer.
func getData(ctx context.Context, client *vendors.Client, customer Customer, path string, query url.Values, into any) error {
	response, err := call(ctx, client, customer, vendors.Request{Method: http.MethodGet, Path: path, Query: query})
	if err != nil {
		return err
	}
	data, err := dataOf(response.Body)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		return fmt.Errorf("GET %s: %w", path, err)
	}
	return nil
}

// idOf gives the ID of one thing that the vendor lists.
func idOf(what string, data []byte) (string, error) {
	var named struct{ ID text }
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return "", fmt.Errorf("list %s: the answer holds null", what)
	}
	if err := json.Unmarshal(data, &named); err != nil {
		return "", fmt.Errorf("list %s: the answer is not the vendor's: %w", what, err)
	}
	if named.ID == "" {
		return "", fmt.Errorf("list %s: the answer holds something without its id", what)
	}
	return string(named.ID), nil
}
