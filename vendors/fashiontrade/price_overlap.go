package fashiontrade

import (
	"slices"
	"strings"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
)

// priceRivals finds price lists of one feed that are valid in one country at the same time. "A price
// object needs to be unique for every country" (fashiontrade:2532): when such lists price one product,
// nobody knows which price counts.
var priceRivals = &vendors.Rivals{
	Rule:  listOverlap,
	Field: "price_list_id",
	Claim: func(e *vendors.Entity) any { return claimOf(e) },
	Clash: func(a, b any) string { return a.(*priceClaim).clash(b.(*priceClaim)) },
}

// A priceClaim is for whom, where and when a price list is valid.
type priceClaim struct {
	countries [(249 + 63) / 64]uint64 // one bit for each of the vocabulary's
	groups    []string                // in order; nil: all retailers
	from, to  time.Time               // zero: no end on that side
}

// claimOf reads the claim of a sound entity; it keeps nothing of the entity's memory.
func claimOf(e *vendors.Entity) *priceClaim {
	all := share{entity: &vendors.Entity{Records: e.Records}}
	selector := all.selector()
	claim := &priceClaim{groups: selector.RetailerGroups}
	claim.from, claim.to = all.window("validity_window").bounds()
	for i, code := range vocabulary.Countries {
		if selector.Countries == nil || slices.Contains(selector.Countries, code) {
			claim.countries[i/64] |= 1 << (i % 64)
		}
	}
	return claim
}

// clash says how two lists collide; it is empty when they do not.
func (c *priceClaim) clash(other *priceClaim) string {
	if !c.to.IsZero() && !other.from.Before(c.to) || !other.to.IsZero() && !c.from.Before(other.to) ||
		!c.sharesCountry(other) || !c.sharesGroup(other) {
		return ""
	}
	var shared []string
	for i, code := range vocabulary.Countries {
		if c.countries[i/64]&other.countries[i/64]&(1<<(i%64)) != 0 {
			shared = append(shared, code)
		}
	}
	switch {
	case len(shared) == len(vocabulary.Countries):
		return "is valid in all countries at the same time as"
	case len(shared) > 5:
		shared = append(shared[:4], "and others")
	}
	return "is valid in " + strings.Join(shared, ", ") + " at the same time as"
}

// sharesCountry reports whether a country sees both lists.
func (c *priceClaim) sharesCountry(other *priceClaim) bool {
	for i := range c.countries {
		if c.countries[i]&other.countries[i] != 0 {
			return true
		}
	}
	return false
}

// sharesGroup reports whether some retailer sees both lists.
func (c *priceClaim) sharesGroup(other *priceClaim) bool {
	if c.groups == nil || other.groups == nil {
		return (c.groups == nil || len(c.groups) > 0) && (other.groups == nil || len(other.groups) > 0)
	}
	return slices.ContainsFunc(c.groups, func(group string) bool { _, found := slices.BinarySearch(other.groups, group); return found })
}
