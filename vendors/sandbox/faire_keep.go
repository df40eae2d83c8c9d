package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"bulkload/vendors/faire/vocabulary"
)

// keptProduct is a product in its store, without its variants.
type keptProduct struct {
	*good
	Fingerprint string `json:"_fingerprint"`
	Change      int    `json:"_change"`
}

// keptVariant is a variant in its store.
type keptVariant struct {
	*variant
	Fingerprint  string `json:"_fingerprint"`
	Number       int    `json:"_number"`
	Discontinued bool   `json:"_discontinued,omitempty"`
}

// put writes a value to a store.
func (f *wholesale) put(store, id string, value any) error {
	body, err := compactJSON(value)
	if err != nil {
		return err
	}
	_, err = f.stores[store].put(id, 2, body, false)
	return err
}

// keepProduct stores a product that has changed, with those of its variants that have. A product that is cut off from its
// variants by a crash is dropped when the sandbox starts again: its variants are written first.
func (f *wholesale) keepProduct(p *good, variants ...string) error {
	p.UpdatedAt = f.clock()
	for _, id := range variants {
		v := p.variant(id)
		if err := f.put("variants", id, keptVariant{v, v.fingerprint, v.number, v.discontinued}); err != nil {
			return err
		}
	}
	bare := *p
	bare.Variants = nil
	if err := f.put("products", p.ID, keptProduct{&bare, p.fingerprint, f.changes + 1}); err != nil {
		return err
	}
	f.admit(p)
	return nil
}

// touched is a part of a call's body that stores a variant.
type touched struct {
	id   string
	sent []byte
}

// touched lists the variants that the body of a product changes or makes, but not those that a token has made before;
// old is the product before the call, nil when there was none.
func (p *productChange) touched(old *good) []touched {
	var all []touched
	for _, v := range p.variants {
		if v.ID == "" {
			v.ID = newID(vocabulary.VariantID, v.Token)
			if old != nil && old.variant(v.ID) != nil {
				continue
			}
		}
		all = append(all, touched{v.ID, v.sent})
	}
	return all
}

// storeProduct stores a product that a call has changed, notes what was stored, and answers it.
func (f *wholesale) storeProduct(c *call, p *good, status int, variants []touched) answer {
	ids := make([]string, len(variants))
	for i, v := range variants {
		ids[i] = v.id
	}
	if err := f.keepProduct(p, ids...); err != nil {
		return internal(err)
	}
	for _, part := range append([]touched{{p.ID, c.body}}, variants...) {
		if err := c.apply(part.id, part.sent); err != nil {
			return internal(err)
		}
	}
	return shown(status, p.shown(f.now(), true), nil)
}

// loadProducts reads products and variants from their stores, in the order of their changes.
func (f *wholesale) loadProducts() error {
	variants, err := f.loadVariants()
	if err != nil {
		return err
	}
	entities, _, _, err := f.stores["products"].page(0, -1)
	if err != nil {
		return err
	}
	var products []keptProduct
	for _, e := range entities {
		p := keptProduct{good: &good{}}
		if err := json.Unmarshal(e.body, &p); err != nil {
			return fmt.Errorf("read the sandbox's product %s: %w", e.id, err)
		}
		p.fingerprint, p.Variants = p.Fingerprint, variants[e.id]
		products = append(products, p)
	}
	slices.SortFunc(products, func(a, b keptProduct) int { return cmp.Compare(a.Change, b.Change) })
	for _, p := range products {
		f.changes = p.Change - 1
		f.admit(p.good)
		f.last = unstamp(p.UpdatedAt)
	}
	return nil
}

// loadVariants reads the variants by product, in the order of their creation.
func (f *wholesale) loadVariants() (map[string][]variant, error) {
	entities, _, _, err := f.stores["variants"].page(0, -1)
	if err != nil {
		return nil, err
	}
	variants := make(map[string][]variant)
	for _, e := range entities {
		v := keptVariant{variant: &variant{}}
		if err := json.Unmarshal(e.body, &v); err != nil {
			return nil, fmt.Errorf("read the sandbox's variant %s: %w", e.id, err)
		}
		v.fingerprint, v.number, v.discontinued = v.Fingerprint, v.Number, v.Discontinued
		variants[v.ProductID] = append(variants[v.ProductID], *v.variant)
	}
	for _, of := range variants {
		slices.SortFunc(of, func(a, b variant) int { return cmp.Compare(a.number, b.number) })
	}
	return variants, nil
}

// unpublish takes off the preorder products whose time has come (faire:2126).
func (f *wholesale) unpublish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.now()
	for _, id := range slices.Sorted(maps.Keys(f.waiting)) {
		if now.Before(f.waiting[id]) {
			continue
		}
		p := f.products[id].copy()
		p.LifecycleState = vocabulary.Unpublished
		if err := f.keepProduct(p); err != nil {
			f.broken = err
		}
	}
}
