package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"bulkload/vendors/faire/vocabulary"
)

// variantChange is a new variant, or the change of one.
type variantChange struct {
	ID               string     `json:"id"`
	Token            string     `json:"idempotence_token"`
	LifecycleState   string     `json:"lifecycle_state"`
	SKU              *string    `json:"sku"`
	TariffCode       *string    `json:"tariff_code"`
	RetailCents      *int64     `json:"retail_price_cents"`
	WholesaleCents   *int64     `json:"wholesale_price_cents"`
	Prices           []price    `json:"prices"`
	Available        *int64     `json:"available_quantity"`
	BackorderedUntil string     `json:"backordered_until"`
	Options          []option   `json:"options"`
	Images           []newImage `json:"images"`

	sent []byte // the part of the body
}

// oldVariantMembers lists what a PATCH of a variant takes (faire:996), with the name that the samples send.
func oldVariantMembers() []member {
	return []member{
		{name: "name", check: anyText},
		{name: "lifecycle_state", check: lifecycleState},
		{name: "sku", check: anyText},
		{name: "tariff_code", check: anyText},
		{name: "retail_price_cents", check: countFrom(0)},
		{name: "wholesale_price_cents", check: countFrom(0)},
		{name: "prices", check: variantPrices},
		{name: "available_quantity", check: countFrom(0)},
		{name: "backordered_until", check: instant},
		{name: "images", check: images},
		{name: "sale_state", readOnly: true},
		{name: "created_at", readOnly: true},
		{name: "updated_at", readOnly: true},
	}
}

// newVariantMembers lists what a POST of a variant takes (faire:877). Prices are looked for later, since a DRAFT may do
// without.
func newVariantMembers() []member {
	return append(oldVariantMembers(), member{name: "idempotence_token", required: true, check: someText},
		member{name: "options", check: listOf(0, objectOf([]member{
			{name: "name", required: true, check: someText},
			{name: "value", required: true, check: someText},
		}))})
}

// patchedVariant wants an element of the variants in a PATCH of their product: with an id it changes a variant,
// without it is a new one (faire:547).
func patchedVariant(n *node) error {
	if _, old := n.member("id"); !old {
		return object(n, newVariantMembers())
	}
	if _, ok := n.member("options"); ok {
		return within("options", misfitf("the options of a variant cannot be changed; it must be deleted and created anew"))
	}
	return object(n, append(oldVariantMembers(), member{name: "id", required: true, check: someText}))
}

// readVariants reads the variants in a body that has been checked; nil when it has none.
func (c *call) readVariants(n *node) ([]variantChange, error) {
	if n == nil {
		return nil, nil
	}
	changes := make([]variantChange, len(n.items))
	for i := range n.items {
		var err error
		if changes[i], err = c.readVariant(&n.items[i]); err != nil {
			return nil, within(fmt.Sprintf("variants[%d]", i), err)
		}
	}
	return changes, nil
}

func (c *call) readVariant(n *node) (change variantChange, err error) {
	if err := c.decode(n, &change); err != nil {
		return change, misfitf("%v", err)
	}
	change.sent = c.body[n.start:n.end]
	return change, nil
}

// changeVariants applies the variants of a change to a copy of their product.
func (f *wholesale) changeVariants(p *good, changes []variantChange) error {
	for i := range changes {
		if err := f.changeVariant(p, &changes[i]); err != nil {
			return within(fmt.Sprintf("variants[%d]", i), err)
		}
	}
	return nil
}

func (f *wholesale) changeVariant(p *good, change *variantChange) error {
	if change.ID == "" {
		_, err := f.addVariant(p, change)
		return err
	}
	v := p.variant(change.ID)
	if v == nil || !v.live() {
		return within("id", misfitf("the product has no variant %q", change.ID))
	}
	return f.updateFields(v, change)
}

// addVariant gives a copy of a product a new variant and returns its id; the one that a token has made before is left
// as it is.
func (f *wholesale) addVariant(p *good, change *variantChange) (id string, err error) {
	if known := f.own[change.Token]; known != "" {
		v := p.variant(known)
		if v == nil || v.fingerprint != fingerprint(change.sent) {
			return "", within("idempotence_token", misfitf("%s", usedUp(change.Token, known)))
		}
		return known, nil
	}
	if slices.ContainsFunc(p.Variants, func(v variant) bool { return v.Token == change.Token }) {
		return "", within("idempotence_token", misfitf("%q stands twice", change.Token))
	}
	f.created++
	v := variant{ID: newID(vocabulary.VariantID, change.Token), Token: change.Token, ProductID: p.ID, LifecycleState: vocabulary.Draft,
		CreatedAt: f.clock(), fingerprint: fingerprint(change.sent), number: f.created, Options: change.Options}
	if change.LifecycleState == "" {
		v.LifecycleState = p.LifecycleState
	}
	if err := f.updateFields(&v, change); err != nil {
		return "", err
	}
	if err := p.order(&v); err != nil {
		return "", err
	}
	p.Variants = append(p.Variants, v)
	return v.ID, nil
}

// updateFields applies a change to a variant.
func (f *wholesale) updateFields(v *variant, change *variantChange) error {
	if err := moveTo(&v.LifecycleState, change.LifecycleState); err != nil {
		return err
	}
	if change.SKU != nil {
		v.SKU = *change.SKU
	}
	if change.TariffCode != nil {
		v.TariffCode = *change.TariffCode
	}
	v.RetailCents, v.WholesaleCents = or(change.RetailCents, v.RetailCents), or(change.WholesaleCents, v.WholesaleCents)
	if change.Prices != nil {
		v.Prices = change.Prices
	}
	v.Available = or(change.Available, v.Available)
	if change.BackorderedUntil != "" {
		v.BackorderedUntil = stamp(unstamp(change.BackorderedUntil))
	}
	v.Images = added(v.ID, v.Images, change.Images)
	v.UpdatedAt = f.clock()
	return nil
}

// order looks whether a new variant has one value for each option of its product, and one that the product lists, and
// is unlike the others. It puts the options into the product's order and makes the name of them.
func (p *good) order(v *variant) error {
	sorted := make([]option, 0, len(p.OptionSets))
	for _, set := range p.OptionSets {
		value := v.value(set.Name)
		if value == "" {
			return within("options", misfitf("there is no value for the option %q", set.Name))
		}
		if !slices.Contains(set.Values, value) {
			return within("options", misfitf("%q is not a value of the option %q: %s", value, set.Name, strings.Join(set.Values, ", ")))
		}
		sorted = append(sorted, option{set.Name, value})
	}
	if len(v.Options) != len(sorted) {
		return within("options", misfitf("there must be exactly one for each of the product's %d options", len(sorted)))
	}
	for _, other := range p.Variants {
		if other.live() && slices.Equal(other.Options, sorted) {
			return within("options", misfitf("the variant %s has the same values", other.ID))
		}
	}
	v.Options, v.Name = sorted, named(sorted)
	return nil
}

// named makes the name of a variant from its options: "Red / S". The samples have no common form (faire:803).
func named(options []option) string {
	values := make([]string, len(options))
	for i, o := range options {
		values[i] = o.Value
	}
	return strings.Join(values, " / ")
}

// hs6 is the form of a tariff code (faire:883).
var hs6 = regexp.MustCompile(`^[0-9]{6}$`)

// createVariant answers POST of a variant.
func (f *wholesale) createVariant(c *call) answer {
	body, err := c.object(newVariantMembers())
	if err != nil {
		return refused(err)
	}
	change, err := c.readVariant(body)
	if err != nil {
		return refused(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old, err := f.product(c.parts[1])
	if err != nil {
		return refused(err)
	}
	c.token = change.Token
	p := old.copy()
	id, err := f.addVariant(p, &change)
	if err == nil && len(p.Variants) == len(old.Variants) {
		return shown(http.StatusCreated, p.variant(id).shown(p, f.now()), nil)
	}
	if err == nil {
		err = p.check(p.LifecycleState)
	}
	if err != nil {
		if f.own[change.Token] == "" {
			c.token = ""
		}
		return refused(err)
	}
	return f.storeVariant(c, p, id, http.StatusCreated)
}

// storeVariant stores a product whose variant a call has changed, and answers the variant.
func (f *wholesale) storeVariant(c *call, p *good, id string, status int) answer {
	if err := f.keepProduct(p, id); err != nil {
		return internal(err)
	}
	return shown(status, p.variant(id).shown(p, f.now()), c.apply(id, c.body))
}

// reachVariant finds the variant that a path names, in a copy of its product.
func (f *wholesale) reachVariant(c *call) (*good, *variant, error) {
	old, err := f.product(c.parts[1])
	if err != nil {
		return nil, nil, err
	}
	p := old.copy()
	v := p.variant(c.parts[3])
	if v == nil || !v.live() {
		return nil, nil, absentf("the product %s has no variant %q", p.ID, c.parts[3])
	}
	return p, v, nil
}

// updateVariant answers PATCH of a variant.
func (f *wholesale) updateVariant(c *call) answer {
	body, err := c.object(oldVariantMembers())
	if err != nil {
		return refused(err)
	}
	change, err := c.readVariant(body)
	if err != nil {
		return refused(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p, v, err := f.reachVariant(c)
	if err == nil {
		err = f.updateFields(v, &change)
	}
	if err == nil {
		err = p.check(p.LifecycleState)
	}
	if err != nil {
		return refused(err)
	}
	return f.storeVariant(c, p, v.ID, http.StatusOK)
}

// deleteVariant answers DELETE of a variant, which must not be the last (faire:1063).
func (f *wholesale) deleteVariant(c *call) answer {
	if err := unused(c); err != nil {
		return refused(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p, v, err := f.reachVariant(c)
	if err != nil {
		return refused(err)
	}
	v.LifecycleState, v.UpdatedAt = vocabulary.Deleted, f.clock()
	if !slices.ContainsFunc(p.Variants, func(v variant) bool { return v.live() }) {
		return refused(misfitf("the last variant of a product is not deleted; delete the product"))
	}
	p.takeOff()
	if err := f.keepProduct(p, v.ID); err != nil {
		return internal(err)
	}
	return answer{status: http.StatusNoContent}
}
