package fashiontrade

import (
	"bytes"
	"fmt"
	"strings"

	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// The rules of amounts of money. What a price is at least, each kind of price list says for itself.
var (
	priceWhole = &schema.Rule{ID: "price.whole", Clause: clause(3709),
		Sentence: "a price is a whole number of cents: without decimals in cents, with at most two in units"}
	priceDigits = &schema.Rule{ID: "price.digits", Clause: clause(3719),
		Sentence: "a price has at most 18 digits in cents"}
	priceUnit = &schema.Rule{ID: "price_unit.currency", Clause: clause(3709),
		Sentence: "prices in units need a currency of a hundred cents, since the vendor does not say what a cent of another is"}
	priceBelow = &schema.Rule{ID: "price.below-wholesale", Clause: clause(3709), Severity: schema.Warning,
		Sentence: "the recommended retail price is below the wholesale price, so the two may be swapped"}
)

// In what a feed's prices are counted.
const (
	inCents = "cents"
	inUnits = "units"
)

// priceUnitField is the column that says in what the prices of a list are counted. It is not sent: the vendor takes
// cents, and so do we when nothing is said.
func priceUnitField() schema.Field {
	units := []string{inCents, inUnits}
	return schema.Field{Name: "price_unit", Clause: clause(3709), Shared: true, Example: inCents,
		Doc:    "In what the prices of the list are counted: cents (2899) or units (28.99); cents when left empty.",
		Values: schema.NewValues(units...), Explain: explainCase(units, map[string]string{"cent": inCents,
			"minor": inCents, "unit": inUnits, "major": inUnits, "euro": inUnits, "euros": inUnits, "eur": inUnits}),
		Synonyms: []string{"unit of prices", "prices in", "preiseinheit", "prijseenheid"}}
}

// currencyField is the column of a list's currency, which the document defines in this line.
func currencyField(line int) schema.Field {
	return schema.Field{Name: "currency", Clause: clause(line), Required: true, Shared: true, Example: "EUR",
		Doc:    "The currency of all prices of the list, as a code of three letters such as EUR.",
		Values: schema.NewValues(vocabulary.Currencies...), Explain: explainCurrency,
		Synonyms: []string{"currency code", "iso currency", "währung", "waehrung", "valuta", "devise", "monnaie", "divisa"}}
}

// currencyMeanings are the words and signs of feeds, in lower case, for currencies, and a former code whose amounts
// stay as they are.
var currencyMeanings = map[string]string{
	"€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "pound": "GBP", "pounds": "GBP", "ukp": "GBP", "sterling": "GBP",
	"us$": "USD", "dollar": "USD", "dollars": "USD", "sfr": "CHF", "franken": "CHF", "rmb": "CNY", "yen": "JPY", "zł": "PLN",
	"ang": "XCG",
}

// currencySuccessors are former codes, in lower case, with those that took their place at another value. They are no
// suggestions: amounts that stay as they are would be wrong.
var currencySuccessors = map[string]string{
	"bgn": "EUR", "hrk": "EUR", "dem": "EUR", "nlg": "EUR", "frf": "EUR", "itl": "EUR", "ats": "EUR", "bef": "EUR", "esp": "EUR",
	"fim": "EUR", "iep": "EUR", "pte": "EUR", "grd": "EUR", "ltl": "EUR", "lvl": "EUR", "eek": "EUR", "skk": "EUR", "sit": "EUR",
	"sll": "SLE", "zwl": "ZWG", "cuc": "CUP", "rur": "RUB", "trl": "TRY", "rol": "RON", "byr": "BYN",
}

// explainCurrency explains a value that is no current code.
func explainCurrency(value string) (message, suggestion string) {
	message = fmt.Sprintf("%q is not a current currency code of three letters", value)
	upper := strings.ToUpper(value)
	for _, code := range vocabulary.Currencies {
		if upper == code {
			return fmt.Sprintf("%q must be written %s", value, code), code
		}
	}
	if meant := currencyMeanings[strings.ToLower(value)]; meant != "" {
		return message + "; the code is " + meant, meant
	}
	if next := currencySuccessors[strings.ToLower(value)]; next != "" {
		return message + "; " + next + " took its place, in which the prices have other amounts", ""
	}
	return message, ""
}

// priceField is the column of one price.
func priceField(name string, line int, required bool, doc, example string, synonyms ...string) schema.Field {
	return schema.Field{Name: name, Clause: clause(line), Type: schema.Decimal, Required: required, Doc: doc,
		Example: example, Synonyms: synonyms}
}

// An amount is a price in cents, or the rule that it breaks.
type amount struct {
	cents int64
	rule  *schema.Rule // nil: it is right
}

// parseAmount reads an exact decimal number, as schema.IsDecimal knows it, of cents or of units. It does
// not allocate.
func parseAmount(text []byte, units bool) amount {
	negative := text[0] == '-'
	if negative || text[0] == '+' {
		text = text[1:]
	}
	whole, fraction, _ := bytes.Cut(text, []byte("."))
	places := 0
	if units {
		places = 2
	}
	if len(fraction) > places {
		return amount{rule: priceWhole}
	}
	whole = bytes.TrimLeft(whole, "0")
	if len(whole)+places > 18 {
		return amount{rule: priceDigits}
	}
	cents := int64(0)
	for _, c := range whole {
		cents = 10*cents + int64(c-'0')
	}
	for i := range places {
		cents *= 10
		if i < len(fraction) {
			cents += int64(fraction[i] - '0')
		}
	}
	if negative {
		cents = -cents
	}
	return amount{cents: cents}
}

// explainAmount says more of a price that is not whole, and how it would be right when its needless decimals are zeros.
func explainAmount(text []byte, units bool) (message, suggestion string) {
	whole, fraction, _ := strings.Cut(string(text), ".")
	places := 0
	message = fmt.Sprintf("%s is no whole number of cents; prices like 28.99 need %s in price_unit", text, inUnits)
	if units {
		places = 2
		message = fmt.Sprintf("%s has more than two decimals", text)
	}
	if len(fraction) > places && strings.Trim(fraction[places:], "0") == "" {
		if places > 0 {
			whole += "." + fraction[:places]
		}
		return message, whole
	}
	return message, ""
}
