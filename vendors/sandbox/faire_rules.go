package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"bulkload/vendors/faire/vocabulary"
)

// check looks whether a changed product may stay as it is; was is its state before. Each variant is validated by its own
// state, the product by its (faire:2053).
func (p *good) check(was string) error {
	for i := range p.Variants {
		v := &p.Variants[i]
		if !v.live() || !validated(v.LifecycleState) {
			continue
		}
		if err := v.complete(); err != nil {
			return within(fmt.Sprintf("variants[%d]", i), err)
		}
	}
	if !validated(p.LifecycleState) {
		return nil
	}
	if err := p.complete(); err != nil {
		return err
	}
	if p.LifecycleState == vocabulary.Published && was != vocabulary.Published {
		if err := p.publishable(); err != nil {
			return err
		}
	}
	p.takeOff()
	return nil
}

// complete looks at the fields of a product that is no DRAFT (faire:393).
func (p *good) complete() error {
	switch {
	case strings.TrimSpace(valueOf(p.Name)) == "":
		return within("name", misfitf("is required unless the product is a DRAFT"))
	case p.UnitMultiplier == nil:
		return within("unit_multiplier", misfitf("is required unless the product is a DRAFT"))
	case p.MinimumQuantity == nil:
		return within("minimum_order_quantity", misfitf("is required unless the product is a DRAFT"))
	case *p.UnitMultiplier < 1:
		return within("unit_multiplier", misfitf("%d is less than 1", *p.UnitMultiplier))
	case *p.MinimumQuantity%*p.UnitMultiplier != 0:
		return within("minimum_order_quantity", misfitf("%d is not a multiple of the unit_multiplier %d", *p.MinimumQuantity, *p.UnitMultiplier))
	}
	for _, limit := range vocabulary.TextLimits {
		text := map[string]*string{"short_description": p.Short, "description": p.Description}[limit.Field]
		if count := utf8.RuneCountInString(valueOf(text)); count > limit.Most {
			return within(limit.Field, misfitf("has %d characters, more than %d", count, limit.Most))
		}
	}
	if err := p.perStyle(); err != nil {
		return within("per_style_minimum_order_quantity", err)
	}
	return within("preorder_details", p.preorderOrder())
}

// perStyle keeps the rules of faire:403.
func (p *good) perStyle() error {
	switch {
	case p.PerStyle == 0:
		return nil
	case p.position("Size") < 0:
		return misfitf(`needs an option with the name "Size"`)
	case *p.UnitMultiplier != 1:
		return misfitf("needs a unit_multiplier of 1, not %d", *p.UnitMultiplier)
	case *p.MinimumQuantity != 0:
		return misfitf("needs a minimum_order_quantity of 0, not %d", *p.MinimumQuantity)
	}
	return nil
}

// preorderOrder wants the last day for orders before the shipping window, and that window not to end before it starts.
func (p *good) preorderOrder() error {
	if p.Preorder == nil {
		return nil
	}
	dates := []string{p.Preorder.OrderBy, p.Preorder.ShipDate, p.Preorder.ShipEnd}
	dates = slices.DeleteFunc(dates, func(date string) bool { return date == "" })
	if !slices.IsSorted(dates) {
		return misfitf("the dates %s are not in order", strings.Join(dates, ", "))
	}
	return nil
}

// publishable keeps the rules for a product that becomes PUBLISHED: an image, of its own or of a variant (faire:2057),
// and something to sell.
func (p *good) publishable() error {
	pictured := len(p.Images) > 0
	var states []string
	for i := range p.Variants {
		if v := &p.Variants[i]; v.live() {
			pictured = pictured || len(v.Images) > 0
			states = append(states, v.LifecycleState)
		}
	}
	if !pictured {
		return within("images", misfitf("a product needs at least one image to be PUBLISHED"))
	}
	if slices.Contains(states, vocabulary.Draft) && !slices.Contains(states, vocabulary.Published) {
		return within("variants", misfitf("a product needs at least one PUBLISHED variant to be PUBLISHED"))
	}
	return nil
}

// takeOff makes a PUBLISHED product UNPUBLISHED when all its variants are (faire:2116).
func (p *good) takeOff() {
	if p.LifecycleState == vocabulary.Published && !slices.ContainsFunc(p.Variants, func(v variant) bool {
		return v.live() && v.LifecycleState != vocabulary.Unpublished
	}) {
		p.LifecycleState = vocabulary.Unpublished
	}
}

// complete looks at the fields of a variant that is no DRAFT (faire:878).
func (v *variant) complete() error {
	switch {
	case len(v.Prices) == 0 && (v.WholesaleCents == nil || v.RetailCents == nil):
		return within("prices", misfitf("is required unless the variant is a DRAFT"))
	case v.TariffCode != "" && !hs6.MatchString(v.TariffCode):
		return within("tariff_code", misfitf("%q is not an HS6 code of six digits", v.TariffCode))
	}
	return nil
}

// changeOptionSets replaces the option sets of a copy of a product. A new product takes any; later the names stay, in any
// order, and so do the values that variants have (faire:655).
func (f *wholesale) changeOptionSets(p *good, sets []optionSet) error {
	if f.products[p.ID] == nil {
		p.OptionSets = sets
		return nil
	}
	named := make(map[string]optionSet)
	for _, set := range sets {
		named[set.Name] = set
	}
	for _, old := range p.OptionSets {
		set, ok := named[old.Name]
		if !ok {
			return within("variant_option_sets", misfitf("the option %q is missing, and names cannot be changed", old.Name))
		}
		if err := p.keepsValues(set); err != nil {
			return within("variant_option_sets", err)
		}
		if old.Name == "Size" && len(f.packsOf(p.ID)) > 0 {
			if err := extends(old.Values, set.Values); err != nil {
				return within("variant_option_sets", err)
			}
		}
	}
	if len(sets) > len(p.OptionSets) {
		return within("variant_option_sets", misfitf("options cannot be added to a product"))
	}
	p.OptionSets = sets
	p.arrange()
	return nil
}

// keepsValues looks whether the values that variants have are still there.
func (p *good) keepsValues(set optionSet) error {
	for i := range p.Variants {
		v := &p.Variants[i]
		if value := v.value(set.Name); v.live() && !slices.Contains(set.Values, value) {
			return misfitf("the variant %s has the value %q of the option %q, which cannot be removed", v.ID, value, set.Name)
		}
	}
	return nil
}

// extends looks whether sizes stay in their order and new ones stand before or after them, as a product with prepacks
// wants (faire:656).
func extends(old, sizes []string) error {
	var kept []int
	for i, size := range sizes {
		if slices.Contains(old, size) {
			kept = append(kept, i)
		}
	}
	places := make([]int, len(kept))
	for i, at := range kept {
		places[i] = slices.Index(old, sizes[at])
	}
	if !slices.IsSorted(places) {
		return misfitf("the product is sold in prepacks, so its sizes cannot be reorganized")
	}
	if len(kept) > 0 && kept[len(kept)-1]-kept[0] >= len(kept) {
		return misfitf("the product is sold in prepacks, so new sizes stand only before the first or after the last")
	}
	return nil
}

// arrange puts the options of all variants, and so their names, into the order of the option sets.
func (p *good) arrange() {
	for i := range p.Variants {
		v := &p.Variants[i]
		v.Options = slices.Clone(v.Options)
		slices.SortStableFunc(v.Options, func(a, b option) int { return p.position(a.Name) - p.position(b.Name) })
		v.Name = named(v.Options)
	}
}

// changePreorder applies preorderable and its details, which are there exactly when it is true (faire:410).
func (p *good) changePreorder(change productChange) error {
	p.Preorderable = or(change.Preorderable, p.Preorderable)
	if !valueOf(p.Preorderable) {
		if change.Preorder != nil {
			return within("preorder_details", misfitf("must be null unless preorderable is true"))
		}
		p.Preorder = nil
		return nil
	}
	if change.noPreorder || change.Preorder == nil && p.Preorder == nil {
		return within("preorder_details", misfitf("must not be null when preorderable is true"))
	}
	if change.Preorder == nil {
		return nil
	}
	details := valueOf(p.Preorder)
	for _, date := range []struct{ to, from *string }{{&details.OrderBy, &change.Preorder.OrderBy},
		{&details.ShipDate, &change.Preorder.ShipDate}, {&details.ShipEnd, &change.Preorder.ShipEnd}} {
		if *date.from != "" {
			*date.to = *date.from
		}
	}
	details.KeepActive = or(change.Preorder.KeepActive, details.KeepActive)
	p.Preorder = &details
	return nil
}

// preorderDetails wants an object of dates, or null.
func preorderDetails(n *node) error {
	if n.kind == jsonNull {
		return nil
	}
	return object(n, []member{
		{name: "order_by_date", check: calendarDate},
		{name: "keep_active_past_order_by_date", check: anyBoolean},
		{name: "expected_ship_date", check: calendarDate},
		{name: "expected_ship_window_end_date", check: calendarDate},
	})
}

// calendarDate wants a date of ISO 8601 without a time.
func calendarDate(n *node) error {
	if err := kind(n, jsonText); err != nil {
		return err
	}
	if _, err := time.Parse(time.DateOnly, n.text); err != nil {
		return misfitf("%q is not a date such as 2021-04-01", n.text)
	}
	return nil
}

// variantPrices wants at least one price, and none twice for a place (faire:1266).
func variantPrices(n *node) error {
	amount := objectOf([]member{
		{name: "amount_minor", required: true, check: countFrom(0)},
		{name: "currency", required: true, check: currencyCode},
	})
	if err := listOf(1, objectOf([]member{
		{name: "geo_constraint", required: true, check: geoConstraint},
		{name: "wholesale_price", required: true, check: amount},
		{name: "retail_price", required: true, check: amount},
	}))(n); err != nil {
		return err
	}
	seen := make(map[string]bool)
	for i := range n.items {
		geo, _ := n.items[i].member("geo_constraint")
		place := geo.names[0] + " " + geo.items[0].text
		if seen[place] {
			return within("["+strconv.Itoa(i)+"]", misfitf("the %s has a price already", place))
		}
		seen[place] = true
	}
	return nil
}

// geoConstraint wants exactly one of country and country_group (faire:1267). Which groups there are, the document does
// not say.
func geoConstraint(n *node) error {
	if err := object(n, []member{{name: "country", check: countryCode}, {name: "country_group", check: someText}}); err != nil {
		return err
	}
	if len(n.items) != 1 {
		return misfitf("exactly one of country and country_group must be set")
	}
	return nil
}

// countryCode wants a code of ISO 3166-1 alpha-3, as x/text knows them: the vocabulary is not asked, so that a mistake in
// it shows.
func countryCode(n *node) error {
	if err := kind(n, jsonText); err != nil {
		return err
	}
	if region, err := language.ParseRegion(n.text); err != nil || region.ISO3() != n.text || !region.IsCountry() {
		return misfitf("%q is not a code of ISO 3166-1 alpha-3, such as USA", n.text)
	}
	return nil
}

// currencyCode wants a code of ISO 4217.
func currencyCode(n *node) error {
	if err := kind(n, jsonText); err != nil {
		return err
	}
	if _, ok := vocabulary.MinorDigits(n.text); !ok {
		return misfitf("%q is not a currency of ISO 4217, such as USD", n.text)
	}
	return nil
}

// images wants images as a client sends them (faire:2017); width and height are read and ignored, as the samples have
// them.
func images(n *node) error {
	return listOf(0, objectOf([]member{
		{name: "url", required: true, check: webAddress},
		{name: "sequence", check: countFrom(0)},
		{name: "tags", check: func(n *node) error {
			if err := listOf(0, someText)(n); err != nil {
				return err
			}
			return noneTwice(n)
		}},
		{name: "width", check: countFrom(0)},
		{name: "height", check: countFrom(0)},
		{name: "id", readOnly: true},
	}))(n)
}

// webAddress wants an address from which Faire can download.
func webAddress(n *node) error {
	if err := address(n); err != nil {
		return err
	}
	if !strings.HasPrefix(n.text, "https://") && !strings.HasPrefix(n.text, "http://") {
		return misfitf("%q cannot be downloaded", n.text)
	}
	return nil
}

// added returns images with those that a change brings behind them, as Faire has them (faire:548). One that is there
// already is there twice then.
func added(owner string, has []image, more []newImage) []image {
	if len(more) == 0 {
		return has
	}
	all := slices.Clone(has)
	for _, i := range more {
		place := strconv.Itoa(len(all))
		all = append(all, image{newID(vocabulary.ImageID, owner, place), 1000, 1000, int64(len(all)), i.URL, i.Tags})
		if i.Sequence != nil {
			all[len(all)-1].Sequence = *i.Sequence
		}
	}
	return all
}
