package faire

import (
	"fmt"
	"slices"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// changeVariants puts the changed and the new variants into the patch.
func (a *amending) changeVariants(patch *Product) {
	a.places = make([]int, len(a.product.Variants))
	taken := make(map[int]int) // places in after, and the feed's variant that has each
	for i := range a.product.Variants {
		if a.product.Variants[i].empty() {
			a.places[i] = -1 // the row speaks of the product alone
			continue
		}
		at, ok := a.findVariant(i)
		a.places[i] = at
		switch first, twice := taken[at]; {
		case !ok:
			a.places[i] = -1
		case at < 0:
			a.places[i] = len(a.after.Variants)
			a.addVariant(patch, i)
		case twice:
			a.entity.Add(schema.Problem{Rule: variantSame, Record: a.rows[i], Other: a.rows[first], Field: a.variantField(i),
				Message: fmt.Sprintf("this row and the one at %s are both the variant %s", schema.OtherCell, a.stored.Variants[at].ID)})
		default:
			taken[at] = i
			a.changeVariant(patch, i, at)
		}
	}
	a.judgeStoredSKUs()
}

// empty reports whether nothing is said of the variant.
func (v *Variant) empty() bool {
	return v.ID == "" && v.SKU == "" && v.LifecycleState == "" && v.TariffCode == "" && v.AvailableQuantity == nil && v.BackorderedUntil == "" &&
		len(v.Options) == 0 && len(v.Prices) == 0 && len(v.Images) == 0
}

// variantField names the field by which a row was found.
func (a *amending) variantField(i int) string {
	switch v := &a.product.Variants[i]; {
	case v.ID != "":
		return "variant_id"
	case v.SKU != "" || len(v.Options) == 0:
		return "sku"
	default:
		return "option." + v.Options[0].Name
	}
}

// fedVariant is the variant of the feed that stands at a place in after; -1: the feed has none.
func (a *amending) fedVariant(place int) int { return slices.Index(a.places, place) }

// findVariant finds a variant of the feed among those of the product: by its id, else by its SKU, else by its options.
// The place is -1 when it is new; ok is false when it cannot be told, which is a problem.
func (a *amending) findVariant(i int) (place int, ok bool) {
	fed, stored := &a.product.Variants[i], a.stored.Variants
	if fed.ID != "" {
		at := slices.IndexFunc(stored, func(v Variant) bool { return v.ID == fed.ID && v.LifecycleState != vocabulary.Deleted })
		if at < 0 && a.product.ID != "" && a.product.ID != a.stored.ID {
			return a.findByOptions(i) // a file of another account, or of a product that is gone
		}
		if at < 0 {
			a.add(variantUnknown, i, "variant_id", fmt.Sprintf("the product %s has no variant %s", a.stored.ID, fed.ID), "")
		}
		return at, at >= 0
	}
	return a.findByOptions(i)
}

func (a *amending) findByOptions(i int) (place int, ok bool) {
	fed, stored := &a.product.Variants[i], a.stored.Variants
	find := func(same func(v *Variant) bool) int {
		for at := range stored {
			if stored[at].LifecycleState != vocabulary.Deleted && same(&stored[at]) {
				return at
			}
		}
		return -1
	}
	if fed.SKU != "" {
		if at := find(func(v *Variant) bool { return v.SKU == fed.SKU }); at >= 0 {
			return at, true
		}
	}
	if len(fed.Options) < len(a.stored.OptionSets) {
		for _, set := range a.stored.OptionSets {
			if fed.Option(set.Name) == "" {
				a.add(optionMissing, i, "option."+set.Name, fmt.Sprintf("Faire has no such variant yet, and a new one needs a value of %s", set.Name), "")
			}
		}
		return -1, false
	}
	key := optionKey(fed)
	return find(func(v *Variant) bool { return optionKey(v) == key }), true
}

// addVariant puts a new variant into the patch, with a token of its own.
func (a *amending) addVariant(patch *Product, i int) {
	v := a.product.Variants[i]
	v.ID, v.Token = "", a.variantToken(&v)
	v.LifecycleState = a.newState(&v, a.after.LifecycleState)
	v.Options = slices.Clone(v.Options)
	slices.SortStableFunc(v.Options, func(x, y OptionValue) int {
		names := a.stored.optionNames()
		return slices.Index(names, x.Name) - slices.Index(names, y.Name)
	})
	a.after.Variants = append(a.after.Variants, v)
	patch.Variants = append(patch.Variants, v)
	a.parts++
}

// variantToken is the token of a new variant of a product that Faire has: made of the product's id, its options, and
// how often such a variant was deleted, as far as Faire shows that.
func (a *amending) variantToken(v *Variant) string {
	key := vendors.PartKey(a.stored.ID, optionKey(v))
	for generation := 0; ; generation++ {
		token := vendors.TokenOf(a.held.Account.Name, "variants", key, generation)
		if !slices.ContainsFunc(a.stored.Variants, func(v Variant) bool { return v.Token == token }) {
			return token
		}
	}
}

// changeVariant puts what is otherwise about a variant into the patch.
func (a *amending) changeVariant(patch *Product, i, at int) {
	fed, stored, after := &a.product.Variants[i], &a.stored.Variants[at], &a.after.Variants[at]
	for _, option := range fed.Options {
		if has := stored.Option(option.Name); has != option.Value && a.stored.set(option.Name) != nil {
			a.add(optionChanged, i, "option."+option.Name, fmt.Sprintf("the variant %s has %s %q at Faire, and not %q", stored.ID, option.Name, has, option.Value), has)
		}
	}
	change, adds := variantChange(fed, stored, after, a.variantState(fed, stored, i))
	if adds {
		a.entity.Adds = true
	}
	if fed.AvailableQuantity != nil && !sameValue(fed.AvailableQuantity, stored.AvailableQuantity) && !a.told {
		a.told = true
		a.add(stockKept, i, "available_quantity", "", "")
	}
	if change != nil {
		patch.Variants = append(patch.Variants, *change)
		a.parts++
	}
}

// variantState is what the state of a variant becomes. One that is still a draft goes along when its product leaves
// that state, unless the feed says otherwise.
func (a *amending) variantState(fed, stored *Variant, i int) string {
	want := fed.LifecycleState
	if want == "" && stored.LifecycleState == vocabulary.Draft && needsAll(a.product.LifecycleState) {
		want = a.product.LifecycleState
	}
	return a.state(want, stored.LifecycleState, i, "variant_lifecycle_state")
}

// variantChange lays what the feed says over a variant, and returns what is otherwise; nil when nothing is. adds tells
// that images are among it.
func variantChange(fed, stored, after *Variant, state string) (change *Variant, adds bool) {
	change = &Variant{ID: stored.ID}
	changed := false
	for _, is := range [...]bool{
		put(fed.SKU, &after.SKU, &change.SKU),
		put(fed.TariffCode, &after.TariffCode, &change.TariffCode),
		put(state, &after.LifecycleState, &change.LifecycleState),
		timeText(fed.BackorderedUntil) != timeText(stored.BackorderedUntil) && put(fed.BackorderedUntil, &after.BackorderedUntil, &change.BackorderedUntil),
	} {
		changed = changed || is
	}
	if has := stored.priceList(); len(fed.Prices) > 0 {
		if merged := mergePrices(has, fed.Prices); !samePrices(has, merged) {
			after.Prices, change.Prices, changed = merged, merged, true
		}
	}
	if added := newImages(stored.Images, fed.Images); len(added) > 0 {
		after.Images = append(slices.Clone(after.Images), added...)
		change.Images, changed, adds = added, true, true
	}
	if !changed {
		return nil, false
	}
	return change, adds
}

// judgeStoredSKUs reports a SKU of the feed that two variants of the product would have then.
func (a *amending) judgeStoredSKUs() {
	first := make(map[string]int)
	for place := range a.after.Variants {
		v := &a.after.Variants[place]
		if v.SKU == "" || v.LifecycleState == vocabulary.Deleted {
			continue
		}
		other, twice := first[v.SKU]
		if !twice {
			first[v.SKU] = place
			continue
		}
		for _, at := range [...]int{place, other} {
			if i := a.fedVariant(at); i >= 0 && (at >= len(a.stored.Variants) || a.stored.Variants[at].SKU != v.SKU) {
				a.add(skuTaken, i, "sku", fmt.Sprintf("another variant of the product has SKU %q", v.SKU), "")
				break
			}
		}
	}
}
