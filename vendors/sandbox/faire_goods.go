package sandbox

import (
	"slices"
	"time"

	"bulkload/vendors/faire/vocabulary"
)

// good is a product as Faire answers it. It is replaced, and never changed in place, once it is among the goods.
type good struct {
	ID              string        `json:"id"`
	Token           string        `json:"idempotence_token"`
	BrandID         string        `json:"brand_id"`
	Name            *string       `json:"name,omitempty"`
	SaleState       string        `json:"sale_state,omitempty"` // made when it is shown
	LifecycleState  string        `json:"lifecycle_state"`
	Short           *string       `json:"short_description,omitempty"`
	Description     *string       `json:"description,omitempty"`
	UnitMultiplier  *int64        `json:"unit_multiplier,omitempty"`
	MinimumQuantity *int64        `json:"minimum_order_quantity,omitempty"`
	PerStyle        int64         `json:"per_style_minimum_order_quantity"`
	OptionSets      []optionSet   `json:"variant_option_sets"`
	Variants        []variant     `json:"variants,omitempty"` // in the order of their creation
	Images          []image       `json:"images,omitempty"`
	Taxonomy        *taxonomyType `json:"taxonomy_type,omitempty"`
	SellsOut        *bool         `json:"allow_sales_when_out_of_stock,omitempty"`
	Preorderable    *bool         `json:"preorderable,omitempty"`
	Preorder        *preorder     `json:"preorder_details,omitempty"`
	CreatedAt       string        `json:"created_at"`
	UpdatedAt       string        `json:"updated_at"`

	fingerprint string // of the body that created it
	change      int    // number of its last change
}

type optionSet struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

type taxonomyType struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type preorder struct {
	OrderBy    string `json:"order_by_date,omitempty"`
	KeepActive *bool  `json:"keep_active_past_order_by_date,omitempty"`
	ShipDate   string `json:"expected_ship_date,omitempty"`
	ShipEnd    string `json:"expected_ship_window_end_date,omitempty"`
}

type image struct {
	ID       string   `json:"id"`
	Width    int      `json:"width"`
	Height   int      `json:"height"`
	Sequence int64    `json:"sequence"`
	URL      string   `json:"url"`
	Tags     []string `json:"tags,omitempty"`
}

// newImage is an image as a client sends it.
type newImage struct {
	Sequence *int64   `json:"sequence"`
	URL      string   `json:"url"`
	Tags     []string `json:"tags"`
}

// variant is a variant as Faire answers it.
type variant struct {
	ID               string   `json:"id"`
	Token            string   `json:"idempotence_token"`
	ProductID        string   `json:"product_id"`
	Name             string   `json:"name,omitempty"`
	SaleState        string   `json:"sale_state,omitempty"` // made when it is shown
	LifecycleState   string   `json:"lifecycle_state"`
	SKU              string   `json:"sku,omitempty"`
	TariffCode       string   `json:"tariff_code,omitempty"`
	Prices           []price  `json:"prices,omitempty"`
	RetailCents      *int64   `json:"retail_price_cents,omitempty"`
	WholesaleCents   *int64   `json:"wholesale_price_cents,omitempty"`
	Available        *int64   `json:"available_quantity,omitempty"` // nil: not tracked
	BackorderedUntil string   `json:"backordered_until,omitempty"`
	CreatedAt        string   `json:"created_at"`
	UpdatedAt        string   `json:"updated_at"`
	Options          []option `json:"options"`
	Images           []image  `json:"images,omitempty"`

	fingerprint  string // of the part that created it
	number       int    // of its creation
	discontinued bool   // which no answer shows
}

type option struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type price struct {
	Geo struct {
		Country      string `json:"country,omitempty"`
		CountryGroup string `json:"country_group,omitempty"`
	} `json:"geo_constraint"`
	Wholesale money `json:"wholesale_price"`
	Retail    money `json:"retail_price"`
}

type money struct {
	Amount   int64  `json:"amount_minor"`
	Currency string `json:"currency"`
}

// live reports whether a variant is not deleted.
func (v *variant) live() bool { return v.LifecycleState != vocabulary.Deleted }

// validated reports whether a lifecycle state wants all fields to be right (faire:2061).
func validated(state string) bool {
	return state == vocabulary.Published || state == vocabulary.Unpublished
}

// paused reports whether a variant's sales are paused (faire:2093).
func (v *variant) paused(p *good, now time.Time) bool {
	if v.discontinued || v.backordered(now) {
		return true
	}
	if v.Available == nil || p.SellsOut != nil && *p.SellsOut {
		return false
	}
	return *v.Available < max(valueOf(p.MinimumQuantity), valueOf(p.UnitMultiplier))
}

// backordered reports whether a variant is not sold until a time that has not come.
func (v *variant) backordered(now time.Time) bool {
	return v.BackorderedUntil != "" && now.Before(unstamp(v.BackorderedUntil))
}

func valueOf[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}

// shown returns a product as it is at a time, with its sale states.
func (p *good) shown(now time.Time, deleted bool) *good {
	out := *p
	out.Variants = make([]variant, 0, len(p.Variants))
	out.SaleState = vocabulary.SalesPaused
	for _, v := range p.Variants {
		if !v.live() && !deleted {
			continue
		}
		v = v.shown(p, now)
		if v.live() && v.SaleState == vocabulary.ForSale {
			out.SaleState = vocabulary.ForSale
		}
		out.Variants = append(out.Variants, v)
	}
	return &out
}

func (v variant) shown(p *good, now time.Time) variant {
	v.SaleState = vocabulary.ForSale
	if v.paused(p, now) {
		v.SaleState = vocabulary.SalesPaused
	}
	return v
}

// copy returns a product whose variants can be changed.
func (p *good) copy() *good {
	out := *p
	out.Variants = slices.Clone(p.Variants)
	return &out
}

// variant returns the variant of this id, nil when the product has none.
func (p *good) variant(id string) *variant {
	for i := range p.Variants {
		if p.Variants[i].ID == id {
			return &p.Variants[i]
		}
	}
	return nil
}

// position returns the place of an option set, -1 when the product has none of that name.
func (p *good) position(name string) int {
	return slices.IndexFunc(p.OptionSets, func(s optionSet) bool { return s.Name == name })
}

// value returns the variant's value for an option, "" when it has none.
func (v *variant) value(name string) string {
	for _, o := range v.Options {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}

// goods are the products, with what finds them.
type goods struct {
	products map[string]*good
	order    []changed         // ascending; entries of earlier changes stay until they are half of all
	changes  int               // number of the last change
	created  int               // number of the variant created last
	tokens   map[string]string // product tokens, and the product's id
	parents  map[string]string // variant ids, and the product's id
	own      map[string]string // variant tokens, and the variant's id
	skus     map[string][]string
	waiting  map[string]time.Time // published preorder products, and when they will be taken off
}

// changed is one change of a product.
type changed struct {
	id     string
	change int
}

func newGoods() goods {
	return goods{products: map[string]*good{}, tokens: map[string]string{}, parents: map[string]string{},
		own: map[string]string{}, skus: map[string][]string{}, waiting: map[string]time.Time{}}
}

// admit puts a product in the place of what it was before.
func (g *goods) admit(p *good) {
	if old := g.products[p.ID]; old != nil {
		g.dismissSKUs(old)
	}
	g.changes++
	p.change = g.changes
	g.products[p.ID], g.tokens[p.Token] = p, p.ID
	g.order = append(g.order, changed{p.ID, p.change})
	if len(g.order) > 2*len(g.products)+64 {
		g.order = slices.DeleteFunc(g.order, func(c changed) bool { return g.products[c.id].change != c.change })
	}
	for i := range p.Variants {
		v := &p.Variants[i]
		g.parents[v.ID], g.own[v.Token] = p.ID, v.ID
		g.created = max(g.created, v.number)
		if v.SKU != "" {
			g.skus[v.SKU] = append(g.skus[v.SKU], v.ID)
		}
	}
	delete(g.waiting, p.ID)
	if end := p.preorderEnd(); p.LifecycleState == vocabulary.Published && !end.IsZero() {
		g.waiting[p.ID] = end
	}
}

func (g *goods) dismissSKUs(p *good) {
	for i := range p.Variants {
		v := &p.Variants[i]
		left := slices.DeleteFunc(g.skus[v.SKU], func(id string) bool { return id == v.ID })
		if len(left) == 0 {
			delete(g.skus, v.SKU)
		} else {
			g.skus[v.SKU] = left
		}
	}
}

// preorderEnd is when a preorder product is unpublished (faire:2126): at its last day for orders or at its first ship
// date, unless it is to stay active. The zone is not given and taken as UTC. Zero: never.
func (p *good) preorderEnd() (end time.Time) {
	if p.Preorder == nil || valueOf(p.Preorder.KeepActive) {
		return end
	}
	for _, date := range []string{p.Preorder.OrderBy, p.Preorder.ShipDate} {
		day, err := time.Parse(time.DateOnly, date)
		if err == nil && day.After(unstamp(p.UpdatedAt)) && (end.IsZero() || day.Before(end)) {
			end = day
		}
	}
	return end
}

// product returns a product that is not deleted.
func (g *goods) product(id string) (*good, error) {
	p := g.products[id]
	if p == nil || p.LifecycleState == vocabulary.Deleted {
		return nil, absentf("there is no product %q", id)
	}
	return p, nil
}

// bySKU returns the variant with this SKU that was created last, of those that are not deleted.
func (g *goods) bySKU(sku string) (p *good, found *variant) {
	for _, id := range g.skus[sku] {
		of := g.products[g.parents[id]]
		v := of.variant(id)
		if of.LifecycleState != vocabulary.Deleted && v.live() && (found == nil || v.number > found.number) {
			p, found = of, v
		}
	}
	return p, found
}
