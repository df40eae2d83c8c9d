package faire

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// In what a feed's prices are counted.
const (
	inUnits = "units"
	inCents = "cents"
)

// priceSchema lists the fields of the prices of a country or a country group (faire:1284).
func priceSchema() schema.Schema {
	return schema.Schema{
		{Name: "price.{geo}.wholesale", Clause: clause(1290), Type: schema.Decimal, Example: "28.99",
			Doc: "What a retailer pays for one unit, in a country such as price.USA.wholesale or a country group."},
		{Name: "price.{geo}.retail", Clause: clause(1292), Type: schema.Decimal, Example: "59.00",
			Doc: "The recommended retail price of one unit there."},
		{Name: "price.{geo}.currency", Clause: clause(1291), Example: "USD", Values: schema.NewValues(vocabulary.Currencies()...),
			Explain: explainCurrency, Doc: "The currency of both; left empty, the account's."},
	}
}

// explainCurrency knows codes in other letters, and signs that people write for them.
func explainCurrency(value string) (message, suggestion string) {
	code := strings.ToUpper(value)
	if _, ok := vocabulary.MinorDigits(code); ok {
		return strconv.Quote(value) + " must be written " + code, code
	}
	switch code {
	case "€", "EURO", "EUROS":
		code = "EUR"
	case "$", "US$", "DOLLAR", "DOLLARS":
		code = "USD"
	case "£", "POUND", "POUNDS", "UKP":
		code = "GBP"
	case "C$", "CA$":
		code = "CAD"
	default:
		return strconv.Quote(value) + " is not a current currency code of three letters", ""
	}
	return strconv.Quote(value) + " is not a currency code; it is " + code, code
}

// priceColumns are the columns of one country or country group; -1: the feed has no such column.
type priceColumns struct {
	geo                         string
	wholesale, retail, currency int
}

// findPrices gathers the columns of prices, in the order of their countries and groups.
func findPrices(l *schema.Layout) []priceColumns {
	var prices []priceColumns
	for kind, family := range [...]string{"price.{geo}.wholesale", "price.{geo}.retail", "price.{geo}.currency"} {
		for _, column := range l.Family(family) {
			geo := l.Columns[column].Param
			at := slices.IndexFunc(prices, func(p priceColumns) bool { return p.geo == geo })
			if at < 0 {
				at = len(prices)
				prices = append(prices, priceColumns{geo, -1, -1, -1})
			}
			*[...]*int{&prices[at].wholesale, &prices[at].retail, &prices[at].currency}[kind] = column
		}
	}
	slices.SortFunc(prices, func(a, b priceColumns) int { return strings.Compare(a.geo, b.geo) })
	return prices
}

// geoOf reads what stands for a place in the name of a column: a country as three capital letters, or a country
// group, whose names the document does not list (faire:1286, 1288).
func geoOf(text string) (geo GeoConstraint, ok bool) {
	switch country, listed := vocabulary.Country(text); {
	case listed && country == text:
		return GeoConstraint{Country: text}, true
	case len(text) <= 3 || strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "":
		return GeoConstraint{}, false
	}
	return GeoConstraint{CountryGroup: text}, true
}

// explainGeo tells what a place's name should be.
func explainGeo(text string) (message, suggestion string) {
	message = strconv.Quote(text) + " is neither a country code of three capital letters nor a country group"
	upper := strings.ToUpper(text)
	if upper == "UK" {
		upper = "GB"
	}
	if country, ok := vocabulary.Country(upper); ok {
		return message + "; the country is " + country, country
	}
	if _, ok := geoOf(upper); ok {
		return message + "; groups are written in capitals", upper
	}
	return message, ""
}

// text names the place as columns do.
func (g GeoConstraint) text() string { return cmp.Or(g.Country, g.CountryGroup) }

// parseMoney reads an exact decimal number, as schema.IsDecimal knows it. Without a currency, what is counted in units
// keeps its text. It returns the rule that the amount breaks, nil when it is right.
func parseMoney(text []byte, currency string, cents bool) (*Money, *schema.Rule) {
	text = bytes.TrimPrefix(text, []byte("+"))
	if text[0] == '-' {
		if bytes.ContainsAny(text, "123456789") {
			return nil, priceWhole
		}
		text = text[1:]
	}
	digits, _ := vocabulary.MinorDigits(currency)
	if cents {
		digits = 0
	}
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	whole, fraction = bytes.TrimLeft(whole, "0"), bytes.TrimRight(fraction, "0")
	if currency == "" && !cents {
		digits = mostDigits
	}
	if len(fraction) > digits {
		return nil, priceWhole
	}
	if len(whole)+digits > longestAmount {
		return nil, priceDigits
	}
	minor := int64(0)
	for _, c := range whole {
		minor = 10*minor + int64(c-'0')
	}
	if currency == "" && !cents {
		amount := strconv.FormatInt(minor, 10)
		if len(fraction) > 0 {
			amount += "." + string(fraction)
		}
		return &Money{Amount: amount}, nil
	}
	for i := range digits {
		minor *= 10
		if i < len(fraction) {
			minor += int64(fraction[i] - '0')
		}
	}
	return &Money{AmountMinor: minor, Currency: currency}, nil
}

const (
	mostDigits    = 4  // decimals of any currency
	longestAmount = 15 // digits, what every system keeps exactly
)

// explainMoney says more of an amount that broke a rule.
func explainMoney(rule *schema.Rule, text, currency string, cents bool) string {
	switch digits, known := vocabulary.MinorDigits(currency); {
	case rule != priceWhole:
		return ""
	case strings.HasPrefix(text, "-"):
		return text + " is below zero"
	case cents:
		return text + " has decimals, and price_unit says that it is counted in cents"
	case known && digits == 0:
		return fmt.Sprintf("%s has decimals, and %s has none", text, currency)
	case known:
		return fmt.Sprintf("%s has more decimals than the %d of %s", text, digits, currency)
	}
	return fmt.Sprintf("%s has more than %d decimals, which no currency has", text, mostDigits)
}

// settle gives an amount whose currency was not known the account's. It returns the rule that the amount breaks.
func (m *Money) settle(currency string) *schema.Rule {
	_, known := vocabulary.MinorDigits(currency)
	switch {
	case m.Currency != "":
		return nil
	case !known: // nor how many of its smallest unit are one
		return priceCurrency
	case m.Amount == "":
		m.Currency = currency
		return nil
	}
	settled, rule := parseMoney([]byte(m.Amount), currency, false)
	if rule != nil {
		return rule
	}
	*m = *settled
	return nil
}

// moneyText writes an amount in units of its currency, "28.99"; in its smallest unit where the currency is not known.
func moneyText(m *Money) string {
	digits, _ := vocabulary.MinorDigits(m.Currency)
	text, sign := strconv.FormatInt(m.AmountMinor, 10), ""
	if m.AmountMinor < 0 {
		text, sign = text[1:], "-"
	}
	if digits == 0 {
		return sign + text
	}
	if len(text) <= digits {
		text = strings.Repeat("0", digits+1-len(text)) + text
	}
	return sign + text[:len(text)-digits] + "." + text[len(text)-digits:]
}

// comparePlaces puts prices in the order of their places, countries before groups.
func comparePlaces(a, b Price) int {
	return cmp.Or(cmp.Compare(len(a.Geo.CountryGroup), len(b.Geo.CountryGroup)),
		strings.Compare(a.Geo.Country, b.Geo.Country), strings.Compare(a.Geo.CountryGroup, b.Geo.CountryGroup))
}

// priceList returns the variant's prices, in order. Where it has only the ones that Faire has given up, which are
// cents of US dollars (faire:807), those are its price in the United States.
func (v *Variant) priceList() []Price {
	prices := slices.Clone(v.Prices)
	if len(prices) == 0 && (v.WholesaleCents != nil || v.RetailCents != nil) {
		price := Price{Geo: GeoConstraint{Country: "USA"}}
		if v.WholesaleCents != nil {
			price.Wholesale = &Money{AmountMinor: *v.WholesaleCents, Currency: "USD"}
		}
		if v.RetailCents != nil {
			price.Retail = &Money{AmountMinor: *v.RetailCents, Currency: "USD"}
		}
		prices = append(prices, price)
	}
	slices.SortStableFunc(prices, comparePlaces)
	return prices
}

// samePrices reports whether two lists, in order, say the same.
func samePrices(a, b []Price) bool {
	return slices.EqualFunc(a, b, func(a, b Price) bool {
		return a.Geo == b.Geo && sameMoney(a.Wholesale, b.Wholesale) && sameMoney(a.Retail, b.Retail)
	})
}

func sameMoney(a, b *Money) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// mergePrices lays the feed's prices over those that Faire has: a place that the feed does not name stays, and so does
// an amount that it leaves empty.
func mergePrices(stored, fed []Price) []Price {
	merged := slices.Clone(stored)
	for _, price := range fed {
		at := slices.IndexFunc(merged, func(p Price) bool { return p.Geo == price.Geo })
		if at < 0 {
			merged = append(merged, price)
			continue
		}
		merged[at].Wholesale = cmp.Or(price.Wholesale, merged[at].Wholesale)
		merged[at].Retail = cmp.Or(price.Retail, merged[at].Retail)
	}
	slices.SortStableFunc(merged, comparePlaces)
	return merged
}
