package fashiontrade

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// PriceList is a price list as the vendor answers it, of products or of prepacks.
type PriceList struct {
	ID             string     `json:"id"`
	Selector       Selector   `json:"selector"`
	Prices         []Price    `json:"prices"`
	Currency       string     `json:"currency"`
	ValidityWindow *DateRange `json:"validity_window,omitempty"`
}

// Price is what a product, a variant or a prepack costs, in cents. The numbers are kept as they are
// written.
type Price struct {
	Selector                 PriceTarget `json:"selector"`
	RecommendedRetailPrice   json.Number `json:"recommended_retail_price"`
	WholesalePrice           json.Number `json:"wholesale_price"`
	WholesaleDiscountedPrice json.Number `json:"wholesale_discounted_price,omitempty"`
}

// PriceTarget is what a price is of: a product, one of its variants, or a prepack.
type PriceTarget struct {
	ProductID      string `json:"product_id,omitempty"`
	VariantBarcode string `json:"variant_barcode,omitempty"`
	Barcode        string `json:"barcode,omitempty"`
}

func (t *PriceTarget) compare(other *PriceTarget) int {
	return cmp.Or(cmp.Compare(t.ProductID, other.ProductID), cmp.Compare(t.VariantBarcode, other.VariantBarcode),
		cmp.Compare(t.Barcode, other.Barcode))
}

func readPriceList(body []byte) (list PriceList, err error) {
	if err := json.Unmarshal(body, &list); err != nil {
		return list, fmt.Errorf("read a price list: %w", err)
	}
	return list, nil
}

// decodePriceList makes one row of each price. What the list shares stands on every row, so that rows can
// be sorted and filtered without losing it.
func decodePriceList(body []byte) ([]map[string]string, error) {
	list, err := readPriceList(body)
	if err != nil {
		return nil, err
	}
	rows := make([]map[string]string, len(list.Prices))
	for i := range list.Prices {
		p := &list.Prices[i]
		row := map[string]string{"price_list_id": list.ID, "currency": list.Currency, "price_unit": inCents}
		list.Selector.cells(row)
		list.ValidityWindow.cells("validity_window", row)
		for name, value := range map[string]string{"product_id": p.Selector.ProductID, "variant_barcode": p.Selector.VariantBarcode,
			"barcode": p.Selector.Barcode, amountNames[0]: p.RecommendedRetailPrice.String(),
			amountNames[1]: p.WholesalePrice.String(), amountNames[2]: p.WholesaleDiscountedPrice.String()} {
			if value != "" {
				row[name] = value
			}
		}
		rows[i] = row
	}
	return rows, nil
}

// canonicalPriceList writes a price list so that two that mean the same have the same bytes: sets and
// prices in order, dates in UTC, numbers in one spelling, and no members that are not known.
func canonicalPriceList(body []byte) ([]byte, error) {
	list, err := readPriceList(body)
	if err != nil {
		return nil, err
	}
	list.Selector.canonical()
	list.ValidityWindow.canonical()
	for i := range list.Prices {
		list.Prices[i].canonical()
	}
	slices.SortFunc(list.Prices, func(a, b Price) int {
		return cmp.Or(a.Selector.compare(&b.Selector), cmp.Compare(a.RecommendedRetailPrice, b.RecommendedRetailPrice),
			cmp.Compare(a.WholesalePrice, b.WholesalePrice), cmp.Compare(a.WholesaleDiscountedPrice, b.WholesaleDiscountedPrice))
	})
	return jsonOf(&list), nil
}

func (p *Price) canonical() {
	for _, number := range []*json.Number{&p.RecommendedRetailPrice, &p.WholesalePrice, &p.WholesaleDiscountedPrice} {
		*number = canonicalCents(*number)
	}
}

// canonicalCents writes 100.0 as 100. What is no whole number stays as it is.
func canonicalCents(number json.Number) json.Number {
	text := string(number)
	if whole, fraction, ok := strings.Cut(text, "."); ok && strings.Trim(fraction, "0") == "" {
		text = whole
	}
	if cents, err := strconv.ParseInt(text, 10, 64); err == nil {
		return json.Number(strconv.FormatInt(cents, 10))
	}
	return number
}
