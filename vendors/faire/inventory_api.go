package faire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// The addresses at which stock is set (faire:1091, faire:1181).
const (
	stockByID  = "/products/variants/inventory-levels-by-product-variant-ids"
	stockBySKU = "/products/variants/inventory-levels-by-skus"
)

// uploadStock sets the stock of variants, those that are named by ID in one call and those that are
// named by SKU in another, since a call takes names of one kind.
func uploadStock(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	var byID, bySKU []*vendors.Entity
	for _, e := range u.Entities {
		level, err := readStock(e.Body)
		if err != nil {
			return err
		}
		if level.VariantID != "" {
			byID = append(byID, e)
		} else {
			bySKU = append(bySKU, e)
		}
	}
	if err := setStock(ctx, client, stockByID, byID); err != nil {
		return err
	}
	return setStock(ctx, client, stockBySKU, bySKU)
}

func setStock(ctx context.Context, client *vendors.Client, path string, entities []*vendors.Entity) error {
	if len(entities) == 0 {
		return nil
	}
	body := []byte(`{"inventories":[`)
	for i, e := range entities {
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, e.Body...)
	}
	response, err := send(ctx, client, http.MethodPatch, path, append(body, "]}"...))
	if err != nil {
		return err
	}
	if err := settleStock(entities, response.Body); err != nil {
		return &vendors.TransportError{Method: http.MethodPatch, Path: path, Err: err}
	}
	return nil
}

// settleStock takes the variants that were answered. A variant that is missing among them was not
// changed. The document's own sample shows another SKU than was sent, so names count only when fewer
// variants came than were asked for.
func settleStock(entities []*vendors.Entity, body []byte) error {
	var answer struct {
		Variants []struct {
			ID  string `json:"id"`
			SKU string `json:"sku"`
		} `json:"variants"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &answer); err != nil {
			return fmt.Errorf("the answer is not the vendor's: %w", err)
		}
	}
	named := make(map[string]bool, 2*len(answer.Variants))
	for _, v := range answer.Variants {
		named[v.ID], named[skuAlias(v.SKU)] = true, true
	}
	named[""], named[skuAlias("")] = false, false // which names nothing
	for _, e := range entities {
		level, err := readStock(e.Body)
		if err != nil {
			return err
		}
		e.Outcome = vendors.Updated
		if len(answer.Variants) > 0 && len(answer.Variants) < len(entities) && !named[level.VariantID] && !named[skuAlias(level.SKU)] {
			e.Outcome = vendors.Refused
			e.Answer = &vendors.APIError{Status: http.StatusOK, Message: "the vendor took the call, but its answer does not show this variant"}
		}
	}
	return nil
}

// partFilters are the filters of what is listed by way of the products. Nothing of deleted ones is exported.
var partFilters = slices.DeleteFunc(slices.Clone(productFilters), func(f vendors.Filter) bool { return f.Name == "include_deleted" })

// stockPages yields the stock of all variants, by way of the products. Where it is compared with a feed,
// deleted variants are yielded too, set aside, so that a catalogue that is continued loses them.
func stockPages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		for products, err := range pages(ctx, client, ask) {
			page := vendors.Page{Next: products.Next}
			for _, product := range products.Entities {
				if page.Entities, err = appendStock(page.Entities, product.Body, ask.Compare); err != nil {
					break
				}
			}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}

// appendStock adds the stock of a product's variants, where they are compared also of deleted ones.
func appendStock(list []vendors.Stored, body []byte, compare bool) ([]vendors.Stored, error) {
	p, err := readProduct(body)
	if err != nil {
		return nil, err
	}
	for i := range p.Variants {
		v := &p.Variants[i]
		deleted := p.LifecycleState == vocabulary.Deleted || v.LifecycleState == vocabulary.Deleted
		if deleted && !compare {
			continue
		}
		if v.ID == "" {
			return nil, fmt.Errorf("list products: product %q has a variant without an id", p.ID)
		}
		level := StockLevel{SKU: v.SKU, VariantID: v.ID, Quantity: json.RawMessage("null"), BackorderedUntil: v.BackorderedUntil,
			ProductID: p.ID, ProductName: p.Name, VariantName: v.Name, SaleState: v.SaleState, LifecycleState: v.LifecycleState, UpdatedAt: p.UpdatedAt}
		if v.AvailableQuantity != nil {
			level.Quantity = strconv.AppendInt(nil, *v.AvailableQuantity, 10)
		}
		kept, err := json.Marshal(&level)
		if err != nil {
			return nil, err
		}
		list = append(list, vendors.Stored{Key: v.ID, Body: kept, Aside: deleted})
	}
	return list, nil
}

// skuAlias is the name under which a variant is found by its SKU. No ID looks like it.
func skuAlias(sku string) string { return "sku:" + sku }

func stockAliases(s vendors.Stored) []string {
	level, err := readStock(s.Body)
	if err != nil || level.SKU == "" || s.Aside {
		return nil
	}
	return []string{skuAlias(level.SKU)}
}

// stockStamp is when the variant's product was changed last, which a change of stock does too.
func stockStamp(s vendors.Stored) time.Time {
	level, err := readStock(s.Body)
	if err != nil {
		return time.Time{}
	}
	at, _ := readTime(level.UpdatedAt)
	return at
}

// amendStock leaves of a row what differs from what Faire has; nothing, when nothing does.
func amendStock(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	ours, err := readStock(e.Body)
	if err != nil {
		return vendors.Amendment{}, err
	}
	theirs, err := heldStock(e, held, ours)
	if err != nil || !e.Sound() {
		return vendors.Amendment{}, err
	}
	change, after := *ours, *ours
	if theirs != nil {
		change, after = ours.against(theirs)
	}
	if change.VariantID != "" {
		change.SKU = ""
	}
	if change.Quantity == nil && change.Discontinued == nil && change.BackorderedUntil == "" {
		return vendors.Amendment{}, nil
	}
	return vendors.Amendment{Body: &change, After: &after}, nil
}

// heldStock finds what Faire has of the entity's variant; nil when it was not asked.
func heldStock(e *vendors.Entity, held *vendors.Held, ours *StockLevel) (*StockLevel, error) {
	if held.Unasked {
		return nil, nil
	}
	name, field := ours.VariantID, "product_variant_id"
	if name == "" {
		name, field = skuAlias(ours.SKU), "sku"
	}
	stored, err := held.Find(name)
	if err != nil {
		return nil, err
	}
	if stored == nil || stored.Aside {
		e.Add(schema.Problem{Rule: stockUnknown, Field: field,
			Message: fmt.Sprintf("the account has no variant with the %s %q", field, e.Records[0].Bytes(field))})
		return nil, nil
	}
	theirs, err := readStock(stored.Body)
	if err != nil {
		return nil, err
	}
	if ours.SKU != "" && theirs.SKU != ours.SKU {
		e.Add(schema.Problem{Rule: stockOther, Field: "sku", Suggestion: theirs.SKU,
			Message: fmt.Sprintf("variant %s has the SKU %q, not %q", theirs.VariantID, theirs.SKU, ours.SKU)})
	}
	e.Known, e.ID = true, stored.Key
	return theirs, nil
}

// against returns what is to be sent so that theirs becomes what ours says, and what it is then.
func (l *StockLevel) against(theirs *StockLevel) (change, after StockLevel) {
	change, after = *l, *theirs
	if bytes.Equal(change.Quantity, theirs.Quantity) {
		change.Quantity = nil
	}
	if timeText(change.BackorderedUntil) == timeText(theirs.BackorderedUntil) {
		change.BackorderedUntil = ""
	}
	// Faire does not say whether a variant is discontinued. One that is for sale is not.
	if change.Discontinued != nil && !*change.Discontinued && theirs.SaleState == vocabulary.ForSale {
		change.Discontinued = nil
	}
	if change.Quantity != nil {
		after.Quantity = change.Quantity
	}
	if change.Discontinued != nil {
		after.Discontinued = change.Discontinued
	}
	if change.BackorderedUntil != "" {
		after.BackorderedUntil = change.BackorderedUntil
	}
	return change, after
}
