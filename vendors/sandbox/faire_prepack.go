package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"bulkload/vendors/faire/vocabulary"
)

// prepack is a prepack as Faire answers it.
type prepack struct {
	ID          string     `json:"id"`
	Token       string     `json:"idempotence_token"`
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Items       []packItem `json:"items"`
	CreatedAt   string     `json:"created_at"`
}

type packItem struct {
	ID        string `json:"id"`
	VariantID string `json:"variant_id"`
	Quantity  int    `json:"quantity"`
}

// keptPrepack is a prepack in its store, where deleted ones stay: their tokens are used up.
type keptPrepack struct {
	prepack
	Product     string `json:"_product"`
	Fingerprint string `json:"_fingerprint"`
	Number      int    `json:"_number"`
	Deleted     bool   `json:"_deleted,omitempty"`
}

// packs are the prepacks, deleted ones included.
type packs struct {
	byID      map[string]*keptPrepack
	ofProduct map[string][]*keptPrepack // in the order of creation
	ofToken   map[string]*keptPrepack
}

func newPacks() packs {
	return packs{map[string]*keptPrepack{}, map[string][]*keptPrepack{}, map[string]*keptPrepack{}}
}

func (p *packs) add(pack *keptPrepack) {
	p.byID[pack.ID], p.ofToken[pack.Token] = pack, pack
	p.ofProduct[pack.Product] = append(p.ofProduct[pack.Product], pack)
}

// packsOf returns the prepacks of a product that are not deleted.
func (p *packs) packsOf(product string) (left []*keptPrepack) {
	for _, pack := range p.ofProduct[product] {
		if !pack.Deleted {
			left = append(left, pack)
		}
	}
	return left
}

func (f *wholesale) loadPrepacks() error {
	entities, _, _, err := f.stores["prepacks"].page(0, -1)
	if err != nil {
		return err
	}
	all := make([]*keptPrepack, len(entities))
	for i, e := range entities {
		all[i] = &keptPrepack{}
		if err := json.Unmarshal(e.body, all[i]); err != nil {
			return fmt.Errorf("read the sandbox's prepack %s: %w", e.id, err)
		}
	}
	slices.SortFunc(all, func(a, b *keptPrepack) int { return cmp.Compare(a.Number, b.Number) })
	for _, pack := range all {
		f.add(pack)
	}
	return nil
}

// createPrepack answers POST of a prepack (faire:1341).
func (f *wholesale) createPrepack(c *call) answer {
	body, err := c.object([]member{
		{name: "idempotence_token", required: true, check: someText},
		{name: "name", required: true, check: someText},
		{name: "items", required: true, check: listOf(1, objectOf([]member{
			{name: "variant_id", required: true, check: someText},
			{name: "quantity", required: true, check: packQuantity},
		}))},
	})
	if err != nil {
		return refused(err)
	}
	pack := &keptPrepack{Product: c.parts[1], Fingerprint: fingerprint(c.body)}
	if err := c.decode(body, &pack.prepack); err != nil {
		return internal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p, err := f.product(pack.Product)
	if err != nil {
		return refused(err)
	}
	if old := f.ofToken[pack.Token]; old != nil {
		c.token = pack.Token
		return f.repeatedPrepack(old, pack)
	}
	if pack.Description, err = p.packed(pack.Items); err != nil {
		return refused(err)
	}
	c.token = pack.Token
	return f.storePrepack(c, pack)
}

// packQuantity wants a number of pieces that fits an int everywhere.
func packQuantity(n *node) error {
	if err := countFrom(1)(n); err != nil {
		return err
	}
	if len(n.text) > 9 {
		return misfitf("%s is too many", n.text)
	}
	return nil
}

func (f *wholesale) repeatedPrepack(old, pack *keptPrepack) answer {
	switch {
	case old.Fingerprint != pack.Fingerprint || old.Product != pack.Product:
		return message(http.StatusBadRequest, "idempotence_token: "+usedUp(pack.Token, old.ID))
	case old.Deleted:
		return message(http.StatusBadRequest, fmt.Sprintf(
			"idempotence_token: %q made %s, and deleted prepacks cannot be re-activated", pack.Token, old.ID))
	}
	return shown(http.StatusCreated, old.prepack, nil)
}

// storePrepack stores a prepack that has been checked, and answers it.
func (f *wholesale) storePrepack(c *call, pack *keptPrepack) answer {
	pack.ID, pack.CreatedAt, pack.Number = newID(vocabulary.PrepackID, pack.Token), f.clock(), len(f.byID)+1
	for i := range pack.Items {
		pack.Items[i].ID = newID(vocabulary.PackItemID, pack.ID, strconv.Itoa(i))
	}
	if err := f.put("prepacks", pack.ID, pack); err != nil {
		return internal(err)
	}
	f.add(pack)
	return shown(http.StatusCreated, pack.prepack, c.apply(pack.ID, c.body))
}

// packed keeps the rules for prepacks (faire:1297) and returns the description that follows from the items: only sizes
// differ, and they are in ascending order, with none left out that the product has between the first and the last.
func (p *good) packed(items []packItem) (description string, err error) {
	at := p.position("Size")
	if at < 0 {
		return "", misfitf(`only a product with an option of the name "Size" can have prepacks`)
	}
	all := p.OptionSets[at].Values
	var sizes []string
	var quantities []int
	for i, item := range items {
		size, err := p.packedSize(items[0], item)
		if err != nil {
			return "", within(fmt.Sprintf("items[%d].variant_id", i), err)
		}
		sizes, quantities = append(sizes, size), append(quantities, item.Quantity)
	}
	first := slices.Index(all, sizes[0])
	if end := first + len(sizes); end > len(all) || !slices.Equal(all[first:end], sizes) {
		return "", within("items", misfitf("the sizes %q are not a row of the product's %q, in its order and without gaps", sizes, all))
	}
	return vocabulary.PrepackDescription(sizes, quantities), nil
}

// packedSize returns the size of an item, whose other options must be those of the first.
func (p *good) packedSize(first, item packItem) (string, error) {
	v, like := p.variant(item.VariantID), p.variant(first.VariantID)
	if v == nil || !v.live() {
		return "", misfitf("the product has no variant %q", item.VariantID)
	}
	for _, o := range v.Options {
		if other := like.value(o.Name); o.Name != "Size" && o.Value != other {
			return "", misfitf("a prepack differs in size alone, but here %s is %q and not %q", o.Name, o.Value, other)
		}
	}
	return v.value("Size"), nil
}

// active reports whether a prepack is sold: none of its variants is deleted or backordered (faire:1099).
func (pack *keptPrepack) active(p *good, now time.Time) bool {
	return !slices.ContainsFunc(pack.Items, func(item packItem) bool {
		v := p.variant(item.VariantID)
		return v == nil || !v.live() || v.backordered(now)
	})
}

// listPrepacks answers GET of the active prepacks of a product.
func (f *wholesale) listPrepacks(c *call) answer {
	if err := unused(c); err != nil {
		return refused(err)
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	p, err := f.product(c.parts[1])
	if err != nil {
		return refused(err)
	}
	list, now := []prepack{}, f.now()
	for _, pack := range f.packsOf(p.ID) {
		if pack.active(p, now) {
			list = append(list, pack.prepack)
		}
	}
	return shown(http.StatusOK, map[string][]prepack{"prepacks": list}, nil)
}

// reachPrepack finds the prepack that a path names. The caller holds the lock.
func (f *wholesale) reachPrepack(c *call) (*keptPrepack, error) {
	if err := unused(c); err != nil {
		return nil, err
	}
	if _, err := f.product(c.parts[1]); err != nil {
		return nil, err
	}
	pack := f.byID[c.parts[3]]
	if pack == nil || pack.Deleted || pack.Product != c.parts[1] {
		return nil, absentf("the product %s has no prepack %q", c.parts[1], c.parts[3])
	}
	return pack, nil
}

// getPrepack answers GET of one prepack, active or not.
func (f *wholesale) getPrepack(c *call) answer {
	f.mu.RLock()
	defer f.mu.RUnlock()
	pack, err := f.reachPrepack(c)
	if err != nil {
		return refused(err)
	}
	return shown(http.StatusOK, pack.prepack, nil)
}

// deletePrepack answers DELETE of a prepack.
func (f *wholesale) deletePrepack(c *call) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	pack, err := f.reachPrepack(c)
	if err != nil {
		return refused(err)
	}
	deleted := *pack
	deleted.Deleted = true
	if err := f.put("prepacks", pack.ID, deleted); err != nil {
		return internal(err)
	}
	pack.Deleted = true
	return answer{status: http.StatusNoContent}
}
