package fashiontrade

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// PriceLists are the prices of products and their variants.
var PriceLists = (&priceKind{
	name:     "price-lists",
	resource: "price_list",
	noun:     vendors.Noun{One: "price list", Many: "price lists"},
	doc:      "create and replace price lists with the prices of products and variants",
	targets:  []string{"product_id", "variant_barcode"},
	refers: []vendors.Reference{{Field: "product_id", Resource: "products"},
		{Field: "variant_barcode", Resource: "products", Part: "barcode"}},
	least: [3]*leastRule{{1, 3717, true}, {0, 3738, true}, {0, 3730, true}},
	fields: func() schema.Schema {
		return listSchema(3755, 3804, 3748, schema.Schema{
			{Name: "product_id", Clause: clause(3824), Required: true, Example: "LD-1042",
				Doc: "The product that the price is of; without a variant_barcode the price holds for all its variants.",
				Synonyms: []string{"product", "style no", "style number", "style code", "style id", "style", "article number",
					"article no", "article code", "article", "item number", "item no", "product number", "product code",
					"artikelnummer", "artikelnr", "produktnummer", "artikelcode", "productnummer", "référence", "code article",
					"codice articolo"}},
			{Name: "variant_barcode", Clause: clause(3831), Example: "4006381333931", Checks: barcodeChecks,
				Doc: "The barcode of the one variant that the price is of; it goes before the product's price. " +
					"Format the column as text.",
				Synonyms: []string{"barcode", "ean", "ean code", "ean13", "gtin", "upc", "variant", "strichcode", "streepjescode",
					"code-barres", "codice a barre"}},
			priceField("recommended_retail_price", 3713, true, "What the vendor recommends shops to ask, in price_unit.", "7995",
				retailNames...),
			priceField("wholesale_price", 3734, true, "What a retailer pays, in price_unit.", "3200", wholesaleNames...),
			priceField("wholesale_discounted_price", 3726, false, "What a retailer pays with the discount, in price_unit.",
				"2880", discountNames...),
		})
	},
	example: []map[string]string{
		{"product_id": "LD-1042", "recommended_retail_price": "7995", "wholesale_price": "3200"},
		{"product_id": "LD-1042", "variant_barcode": "4006381333955", "recommended_retail_price": "8995",
			"wholesale_price": "3600", "wholesale_discounted_price": "3240"},
		{"product_id": "LD-1043", "recommended_retail_price": "4995", "wholesale_price": "2000"},
	},
}).listed()

// What feeds call the three prices.
var (
	retailNames = []string{"rrp", "retail price", "recommended price", "srp", "msrp", "uvp", "vk", "vk preis", "verkaufspreis",
		"adviesprijs", "consumentenadviesprijs", "verkoopprijs", "prix public", "prix de vente conseillé", "prezzo al pubblico"}
	wholesaleNames = []string{"wholesale", "whp", "whs", "wsp", "cost price", "ek", "ek preis", "einkaufspreis", "inkoopprijs",
		"prix de gros", "prix d'achat", "prezzo all'ingrosso"}
	discountNames = []string{"discounted price", "discounted wholesale price", "wholesale discount price", "net price",
		"rabattpreis", "kortingsprijs", "prix remisé", "prezzo scontato"}
)

// listSchema lists the fields of the document's PriceList or PrepackPriceList, whose id, countries and
// currency it defines in these lines, then those of its prices: one row is one price.
func listSchema(id, countries, currency int, prices schema.Schema) schema.Schema {
	fields := schema.Schema{
		{Name: "price_list_id", Clause: clause(id), Required: true, Example: "SS26-EUR",
			Doc: "Your own name of the price list; all rows that carry it are one list.",
			Synonyms: []string{"id", "list id", "list", "price list", "price list name", "preisliste", "prijslijst",
				"liste de prix", "tarif", "listino"}},
		countriesField(countries, true, "the prices are for"),
		groupsField(),
		currencyField(currency),
	}
	fields = append(fields, windowFields("validity_window", true, "the price list",
		[]string{"valid from", "validity start", "gültig ab", "geldig vanaf", "valable à partir du", "valido da"},
		[]string{"valid to", "valid until", "validity end", "gültig bis", "geldig tot", "valable jusqu'au", "valido fino a"})...)
	fields = append(fields, priceUnitField())
	return append(fields, prices...)
}

// The rules of price lists that several fields, rows or lists make.
var (
	priceTwice = &schema.Rule{ID: "price.twice", Clause: clause(2532),
		Sentence: "a price list has one price for each product, variant or prepack"}
	listOverlap = &schema.Rule{ID: "price_list.overlap", Clause: clause(2532), Severity: schema.Warning,
		Sentence: "two price lists are valid in one country at the same time, and the vendor does not say which of them counts"}
)

// A priceKind is what tells the price lists of products and of prepacks apart.
type priceKind struct {
	name     string // of the resource, and of its path
	resource string // in media types
	noun     vendors.Noun
	doc      string
	targets  []string // fields that say what a price is of, which are members of its selector
	refers   []vendors.Reference
	least    [3]*leastRule
	fields   func() schema.Schema
	example  []map[string]string // rows without what the list shares
}

// leastRule is what a price is at least, and where the document says so. It is a rule where the vendor
// knows such a minimum.
type leastRule struct {
	cents int64
	line  int
	known bool
}

// amountNames are the fields of the three prices, in the order of leastRule.
var amountNames = [3]string{"recommended_retail_price", "wholesale_price", "wholesale_discounted_price"}

// A price list may hold a million prices, of some 150 bytes each. So a page has one list, and may be long.
const (
	listsInPage = "1"
	longestList = 512 << 20
)

// listed makes the resource.
func (k *priceKind) listed() *vendors.Resource {
	api := &collection{listing: listing{path: "/" + k.name, mediaType: vocabulary.MediaType(k.resource, "1"), noun: k.noun,
		limit: listsInPage, longest: longestList}, canonical: canonicalPriceList}
	encoder := &priceEncoder{kind: k}
	rules := []*schema.Rule{priceWhole, priceDigits, priceUnit}
	for i, least := range k.least {
		if least.known {
			encoder.least[i] = &schema.Rule{ID: amountNames[i] + ".least", Clause: clause(least.line),
				Sentence: fmt.Sprintf("the %s must be at least %s", amountNames[i], [...]string{"0", "1 cent"}[least.cents])}
			rules = append(rules, encoder.least[i])
		}
	}
	rules = append(append(append(rules, priceTwice, priceBelow), selectorRules...), windowRules...)
	return &vendors.Resource{
		Name:      k.name,
		Version:   "1",
		Doc:       k.doc,
		Noun:      k.noun,
		Schema:    k.fields(),
		Rules:     rules,
		Rivals:    priceRivals,
		Key:       "price_list_id",
		RowKey:    k.targets,
		Refers:    k.refers,
		Batch:     1,
		Repeat:    vendors.Harmless,
		Encode:    encoder.encode,
		Upload:    api.upload,
		Trace:     encoder.trace,
		Known:     api.known,
		Pages:     api.pages,
		Decode:    decodePriceList,
		Canonical: api.canonical,
		Digest:    digestPriceList,
		Rehearses: true,
		Delete:    api.delete,
		DeleteAll: api.deleteAll,
		Example:   k.sharedExample(),
	}
}

// sharedExample is the example with what its list shares on the first row.
func (k *priceKind) sharedExample() []map[string]string {
	shared := map[string]string{"countries": "BE|NL", "retailer_groups": "Key accounts", "currency": "EUR", "price_unit": inCents,
		"validity_window.start_date": "2026-03-01T00:00:00Z", "validity_window.end_date": "2026-08-31T23:59:59Z",
		"validity_window.type": vocabulary.ClosedDateRange}
	for name, value := range shared {
		k.example[0][name] = value
	}
	for _, row := range k.example {
		row["price_list_id"] = "SS26-EUR"
	}
	return k.example
}

// A priceEncoder makes price lists of records.
type priceEncoder struct {
	kind  *priceKind
	least [3]*schema.Rule // nil: the vendor knows no minimum
}

// encode judges what spans fields and rows, and makes the list when nothing stops it. Prices are put in
// the order of what they are of, so that the order of the rows leaves no trace.
func (c *priceEncoder) encode(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	list := c.readList(e)
	list.checkUnit()
	for i := range e.Records {
		list.checkPrices(i)
	}
	list.sortPrices()
	list.findTwins()
	if !e.Sound() {
		return nil
	}
	return list.body()
}

// priceList is a price list in the making. It reads the prices from the records, which may be a million,
// whenever they are needed, instead of holding them a second time.
type priceList struct {
	*priceEncoder
	entity   *vendors.Entity
	targets  []int // columns of what a price is of; -1: the feed has no such column
	amounts  [3]int
	units    bool // prices are in units, not in cents
	currency []byte
	selector Selector
	window   *DateRange
	order    []int32 // the records in the order of their prices
}

func (c *priceEncoder) readList(e *vendors.Entity) *priceList {
	list := c.columns(e)
	all := share{entity: e}
	list.selector = all.selector()
	list.window = all.window("validity_window")
	list.currency = schema.Shared(e.Records, "currency")
	list.units = string(schema.Shared(e.Records, "price_unit")) == inUnits
	return list
}

// columns finds the columns of the entity's feed.
func (c *priceEncoder) columns(e *vendors.Entity) *priceList {
	list := &priceList{priceEncoder: c, entity: e}
	layout := e.Records[0].Layout
	for _, name := range c.kind.targets {
		list.targets = append(list.targets, layout.Column(name))
	}
	for i, name := range amountNames {
		list.amounts[i] = layout.Column(name)
	}
	return list
}

func (l *priceList) add(record int, rule *schema.Rule, field, message, suggestion string) {
	l.entity.Add(schema.Problem{Rule: rule, Record: record, Field: field, Message: message, Suggestion: suggestion})
}

// checkUnit refuses units of a currency that has no hundred cents.
func (l *priceList) checkUnit() {
	all := share{entity: l.entity}
	record, _ := all.first("price_unit")
	if !l.units || all.spoilt("currency") || len(l.currency) == 0 {
		return
	}
	if digits, ok := vocabulary.MinorDigits(string(l.currency)); !ok || digits != 2 {
		l.add(record, priceUnit, "price_unit", fmt.Sprintf(
			"%s has no hundred cents; give the prices as the vendor takes them, with %s in price_unit", l.currency, inCents), inCents)
	}
}

// checkPrices judges the prices of one row.
func (l *priceList) checkPrices(i int) {
	r := &l.entity.Records[i]
	var right [3]bool
	var amounts [3]amount
	for n, column := range l.amounts {
		if len(cell(r, column)) > 0 && !faulty(r, column) {
			amounts[n], right[n] = l.checkAmount(i, n)
		}
	}
	if right[0] && right[1] && amounts[0].cents < amounts[1].cents {
		l.add(i, priceBelow, amountNames[0], fmt.Sprintf("%s is below the %s of %s", cell(r, l.amounts[0]), amountNames[1],
			cell(r, l.amounts[1])), "")
	}
}

func (l *priceList) checkAmount(i, n int) (amount, bool) {
	text := cell(&l.entity.Records[i], l.amounts[n])
	a := parseAmount(text, l.units)
	least := l.kind.least[n]
	switch {
	case a.rule == priceWhole:
		message, suggestion := explainAmount(text, l.units)
		l.add(i, priceWhole, amountNames[n], message, suggestion)
	case a.rule != nil:
		l.add(i, a.rule, amountNames[n], "", "")
	case least.known && a.cents < least.cents:
		l.add(i, l.least[n], amountNames[n], "", "")
	default:
		return a, true
	}
	return a, false
}

// sortPrices puts the records in the order of what their prices are of, then in the feed's.
func (l *priceList) sortPrices() {
	l.order = make([]int32, len(l.entity.Records))
	for i := range l.order {
		l.order[i] = int32(i)
	}
	slices.SortFunc(l.order, func(a, b int32) int { return cmp.Or(l.compareTargets(a, b), cmp.Compare(a, b)) })
}

func (l *priceList) compareTargets(a, b int32) int {
	for _, column := range l.targets {
		if order := bytes.Compare(cell(&l.entity.Records[a], column), cell(&l.entity.Records[b], column)); order != 0 {
			return order
		}
	}
	return 0
}

// findTwins reports each price of a product, variant or prepack but its first.
func (l *priceList) findTwins() {
	first := 0
	for i := 1; i < len(l.order); i++ {
		a, b := l.order[first], l.order[i]
		if l.compareTargets(a, b) != 0 || len(cell(&l.entity.Records[b], l.targets[0])) == 0 {
			first = i
			continue
		}
		l.entity.Add(schema.Problem{Rule: priceTwice, Record: int(b), Other: int(a), Field: l.targetField(b),
			Message: fmt.Sprintf("%s has a price in %s too", l.targetName(b), schema.OtherCell)})
	}
}

// targetField is the field that names most closely what a record's price is of.
func (l *priceList) targetField(record int32) string {
	for i := len(l.targets) - 1; i > 0; i-- {
		if len(cell(&l.entity.Records[record], l.targets[i])) > 0 {
			return l.kind.targets[i]
		}
	}
	return l.kind.targets[0]
}

func (l *priceList) targetName(record int32) string {
	r := &l.entity.Records[record]
	switch {
	case len(l.targets) == 1:
		return fmt.Sprintf("the prepack %q", cell(r, l.targets[0]))
	case len(cell(r, l.targets[1])) > 0:
		return fmt.Sprintf("the variant %q of the product %q", cell(r, l.targets[1]), cell(r, l.targets[0]))
	default:
		return fmt.Sprintf("the product %q", cell(r, l.targets[0]))
	}
}
