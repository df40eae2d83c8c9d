package sandbox

import (
	"fmt"
	"strconv"
	"strings"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// newPriceLists makes the collection of the price lists of products and variants, newPrepackPriceLists
// that of prepacks. A PUT tells by its status whether it created a list. Where the document is silent:
//
//   - both kinds have the selector PriceListSelector, with countries and retailer_groups;
//   - a list may have no prices, and what its prices are of need not exist;
//   - the retail price of a prepack has no minimum, as the document gives none.
func newPriceLists(s *store) *collection {
	return newPriceCollection("price list", "price_list", s, &prices{
		target: []member{{name: "product_id", required: true, check: someText}, {name: "variant_barcode", check: someText}},
		amounts: []member{{name: "recommended_retail_price", required: true, check: wholeFrom(1)},
			{name: "wholesale_price", required: true, check: wholeFrom(0)},
			{name: "wholesale_discounted_price", check: wholeFrom(0)}},
	})
}

func newPrepackPriceLists(s *store) *collection {
	return newPriceCollection("prepack price list", "prepack_price_list", s, &prices{
		target: []member{{name: "barcode", required: true, check: someText}},
		amounts: []member{{name: "recommended_retail_price", required: true, check: whole},
			{name: "wholesale_price", required: true, check: wholeFrom(1)},
			{name: "wholesale_discounted_price", check: wholeFrom(1)}},
	})
}

func newPriceCollection(noun, resource string, s *store, p *prices) *collection {
	return &collection{noun: noun, resource: resource, latest: 1, tellsCreated: true, store: s, check: checkPriceList,
		long: "prices", eachOf: p.each, show: func(body []byte) ([]byte, error) { return body, nil }}
}

// prices checks price lists of one kind.
type prices struct {
	target  []member // of a price's selector
	amounts []member
}

// each returns the check of the prices of one list, which may be a million.
func (p *prices) each() func(*node) error {
	price := append([]member{{name: "selector", required: true, check: objectOf(p.target)}}, p.amounts...)
	seen := make(map[string]bool)
	return func(n *node) error {
		if err := object(n, price); err != nil {
			return err
		}
		return p.once(n, seen)
	}
}

// checkPriceList applies the rules of all of a price list but its prices.
func checkPriceList(_ int, body node) (checked, error) {
	err := object(&body, []member{
		{name: "currency", required: true, check: oneOf(vocabulary.Currencies)},
		{name: "id", required: true, check: someText},
		{name: "prices", required: true, check: listOf(0, anyObject)},
		{name: "selector", required: true, check: priceListSelector},
		{name: "validity_window", check: dateRange},
	})
	return checked{id: body.textOf("id")}, err
}

// once wants a price to be the only one of its target: "a price object needs to be unique".
func (p *prices) once(n *node, seen map[string]bool) error {
	selector, _ := n.member("selector")
	var target strings.Builder
	for _, m := range p.target {
		fmt.Fprintf(&target, "%q ", selector.textOf(m.name))
	}
	if seen[target.String()] {
		return within("selector", misfitf("%s has a price in this list already", strings.TrimSpace(target.String())))
	}
	seen[target.String()] = true
	return nil
}

// priceListSelector wants a PriceListSelector. A list that is empty selects nothing.
func priceListSelector(n *node) error {
	return object(n, []member{{name: "countries", check: countries}, {name: "retailer_groups", check: listOf(0, someText)}})
}

// whole wants a whole number that fits an int64, in digits only.
func whole(n *node) error {
	if err := kind(n, jsonNumber); err != nil {
		return err
	}
	if _, err := strconv.ParseInt(n.text, 10, 64); err != nil {
		return misfitf("%s is not a whole number of cents", n.text)
	}
	return nil
}

// wholeFrom wants a whole number of at least so many cents.
func wholeFrom(least int64) check {
	return func(n *node) error {
		if err := whole(n); err != nil {
			return err
		}
		if cents, _ := strconv.ParseInt(n.text, 10, 64); cents < least {
			return misfitf("%s is less than %d", n.text, least)
		}
		return nil
	}
}
