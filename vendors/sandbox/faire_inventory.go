package sandbox

import (
	"fmt"
	"net/http"
)

// stockChange is one element of the inventories in a body.
type stockChange struct {
	ID               string `json:"product_variant_id"`
	SKU              string `json:"sku"`
	Current          *int64 `json:"current_quantity"`
	Discontinued     *bool  `json:"discontinued"`
	BackorderedUntil string `json:"backordered_until"`

	untracked bool   // current_quantity is null
	variant   string // id of the variant
	sent      []byte // the part of the body
}

// stockMembers lists what an element takes, by the member that names its variant (faire:1093, faire:1185).
func stockMembers(key string) []member {
	return []member{
		{name: key, required: true, check: someText},
		{name: "current_quantity", null: true, check: func(n *node) error {
			if n.kind == jsonNull {
				return nil
			}
			return countFrom(0)(n)
		}},
		{name: "discontinued", check: anyBoolean},
		{name: "backordered_until", check: instant},
	}
}

// updateStockByID answers PATCH of stock by variant ids.
func (f *wholesale) updateStockByID(c *call) answer {
	return f.updateStock(c, "product_variant_id", func(change *stockChange) error {
		parent, err := f.product(f.parents[change.ID])
		if err != nil {
			return absentf("there is no variant %q", change.ID)
		}
		if v := parent.variant(change.ID); !v.live() {
			return absentf("there is no variant %q", change.ID)
		}
		change.variant = change.ID
		return nil
	})
}

// updateStockBySKU answers PATCH of stock by SKUs. Of several variants with one SKU the latest is meant (faire:1185).
func (f *wholesale) updateStockBySKU(c *call) answer {
	return f.updateStock(c, "sku", func(change *stockChange) error {
		_, v := f.bySKU(change.SKU)
		if v == nil {
			return absentf("there is no variant with the SKU %q", change.SKU)
		}
		change.variant = v.ID
		return nil
	})
}

// updateStock answers both: nothing is applied of a batch in which one element is wrong, or names what there is not.
func (f *wholesale) updateStock(c *call, key string, find func(*stockChange) error) answer {
	changes, err := c.readStock(key)
	if err != nil {
		return refused(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := make(map[string]bool)
	for i := range changes {
		if err := find(&changes[i]); err != nil {
			return refused(err)
		}
		if seen[changes[i].variant] {
			return refused(within(fmt.Sprintf("inventories[%d].%s", i, key), misfitf("the variant %s stands twice", changes[i].variant)))
		}
		seen[changes[i].variant] = true
	}
	if err := f.applyStock(c, changes); err != nil {
		return internal(err)
	}
	return shown(http.StatusOK, map[string][]variant{"variants": f.variantsOf(changes)}, nil)
}

func (c *call) readStock(key string) ([]stockChange, error) {
	body, err := c.object([]member{{name: "inventories", required: true, check: listOf(1, objectOf(stockMembers(key)))}})
	if err != nil {
		return nil, err
	}
	list, _ := body.member("inventories")
	changes := make([]stockChange, len(list.items))
	for i := range list.items {
		n := &list.items[i]
		if err := c.decode(n, &changes[i]); err != nil {
			return nil, misfitf("%v", err)
		}
		quantity, ok := n.member("current_quantity")
		changes[i].untracked = ok && quantity.kind == jsonNull
		changes[i].sent = c.body[n.start:n.end]
	}
	return changes, nil
}

// applyStock stores each product once, however many of its variants change.
func (f *wholesale) applyStock(c *call, changes []stockChange) error {
	var order []string
	copies, touched := make(map[string]*good), make(map[string][]string)
	for i := range changes {
		id := f.parents[changes[i].variant]
		if copies[id] == nil {
			copies[id] = f.products[id].copy()
			order = append(order, id)
		}
		changes[i].apply(copies[id].variant(changes[i].variant), f.clock())
		touched[id] = append(touched[id], changes[i].variant)
	}
	for _, id := range order {
		if err := f.keepProduct(copies[id], touched[id]...); err != nil {
			return err
		}
	}
	for i := range changes {
		if err := c.apply(changes[i].variant, changes[i].sent); err != nil {
			return err
		}
	}
	return nil
}

func (s *stockChange) apply(v *variant, now string) {
	v.Available, v.UpdatedAt = or(s.Current, v.Available), now
	if s.untracked {
		v.Available = nil
	}
	if s.Discontinued != nil {
		v.discontinued = *s.Discontinued
	}
	if s.BackorderedUntil != "" {
		v.BackorderedUntil = stamp(unstamp(s.BackorderedUntil))
	}
}

// variantsOf returns the variants of a batch in its order.
func (f *wholesale) variantsOf(changes []stockChange) []variant {
	variants := make([]variant, len(changes))
	now := f.now()
	for i, change := range changes {
		p := f.products[f.parents[change.variant]]
		variants[i] = p.variant(change.variant).shown(p, now)
	}
	return variants
}
