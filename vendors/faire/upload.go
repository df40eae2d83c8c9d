package faire

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
)

// uploadProducts makes each product with a POST, or changes it with a PATCH when Faire has it (faire:391, 532).
func uploadProducts(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		method, path := http.MethodPost, "/products"
		if e.Known {
			method, path = http.MethodPatch, "/products/"+segment(e.ID)
		}
		if err := store(ctx, client, e, method, path, e.Body); err != nil {
			return err
		}
	}
	return nil
}

// store sends what an entity's body says and settles it. What was made is known by its id from then on.
func store(ctx context.Context, client *vendors.Client, e *vendors.Entity, method, path string, body []byte) error {
	response, err := send(ctx, client, method, path, body)
	if err != nil {
		return err
	}
	if e.Known {
		e.Outcome = vendors.Updated
		return nil
	}
	var made struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(response.Body, &made); err == nil {
		e.ID = made.ID
	}
	e.Outcome = vendors.Created
	return nil
}

// readBackProduct asks Faire for a product whose PATCH had no answer, and sees whether it holds what was sent.
func readBackProduct(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	var patch Product
	if err := json.Unmarshal(e.Body, &patch); err != nil {
		return fmt.Errorf("read the body that was sent: %w", err)
	}
	stored := new(Product)
	if err := get(ctx, client, "get product "+e.ID, "/products/"+segment(e.ID), nil, stored); err != nil {
		return err
	}
	if stored.holds(&patch) {
		e.Outcome = vendors.Updated
	}
	return nil
}

// holds reports whether a product is as a PATCH makes it.
func (p *Product) holds(patch *Product) bool {
	if overlay(patch, p.clone(), new(Product), patch.LifecycleState) || !holdsImages(p.Images, patch.Images) {
		return false
	}
	for _, set := range patch.OptionSets {
		if has := p.set(set.Name); has == nil || !slices.Equal(has.Values, set.Values) {
			return false
		}
	}
	return !slices.ContainsFunc(patch.Variants, func(v Variant) bool { return !p.holdsVariant(&v) })
}

// holdsImages reports whether all images are there under their own addresses. Those that Faire shows under others
// cannot be told.
func holdsImages(has, sent []Image) bool {
	return !slices.ContainsFunc(sent, func(image Image) bool { return !holdsURL(has, image.URL) })
}

// holdsVariant reports whether the product has a variant as a PATCH makes it: by its id, a new one by its token or its
// options.
func (p *Product) holdsVariant(patch *Variant) bool {
	for i := range p.Variants {
		v := &p.Variants[i]
		if patch.ID != "" && v.ID != patch.ID || patch.ID == "" && v.Token != patch.Token && optionKey(v) != optionKey(patch) ||
			v.LifecycleState == vocabulary.Deleted {
			continue
		}
		after := *v
		change, _ := variantChange(patch, v, &after, patch.LifecycleState)
		return holdsImages(v.Images, patch.Images) && (change == nil || change.onlyImages())
	}
	return false
}

// onlyImages reports whether images are all that a change holds.
func (v *Variant) onlyImages() bool {
	return v.SKU == "" && v.TariffCode == "" && v.LifecycleState == "" && v.BackorderedUntil == "" && len(v.Prices) == 0
}

// connection is what the requests of an account share.
type connection struct {
	mu    sync.Mutex
	known *known // nil: not read yet
}

// connect makes the connection of an account. A currency that is not known has no number of decimals, without which
// 28.00 cannot be told from 0.28.
func connect(account *vendors.Account) (any, error) {
	currency := account.Settings[currencySetting]
	if _, known := vocabulary.MinorDigits(currency); currency != "" && !known {
		message, _ := explainCurrency(currency)
		return nil, fmt.Errorf("the setting %s: %s", currencySetting, message)
	}
	return new(connection), nil
}

// deleteProduct takes a product away (faire:641): by its id, or by the brand's own key when bulkload made it under
// that key. For keys, the account's products are read once.
func deleteProduct(ctx context.Context, client *vendors.Client, d vendors.Deletion) error {
	id := d.Key
	if !strings.HasPrefix(id, vocabulary.ProductID) {
		var err error
		if id, err = productOf(ctx, client, d.Key); err != nil {
			return err
		}
	}
	return take(ctx, client, "/products/"+segment(id), id)
}

// productOf finds the id of the product that was made under a key.
func productOf(ctx context.Context, client *vendors.Client, key string) (string, error) {
	known, err := catalogueOf(ctx, client)
	if err != nil {
		return "", err
	}
	for generation := range mostGenerations {
		id, made := known.tokens[vendors.TokenOf(client.Account.Name, "products", key, generation)]
		if id != "" {
			return id, nil
		}
		if !made {
			break
		}
	}
	return "", &vendors.APIError{Status: http.StatusNotFound, Message: fmt.Sprintf("no product was made under the key %q", key),
		Advice: "delete it by its id, which begins with " + vocabulary.ProductID}
}
