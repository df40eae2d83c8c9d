package faire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// decodeProduct is the inverse of encodeProduct: a row for each variant that is not deleted, in encodeProduct's order,
// what belongs to the product on the first of them. What no column can carry, and members that the document does not
// know, stand under "other.": an export shows them, and an import tells that it leaves them out.
func decodeProduct(body []byte) ([]map[string]string, error) {
	p, err := readProduct(body)
	if err != nil {
		return nil, err
	}
	order := p.sorted()
	rows := make([]map[string]string, max(1, len(order)))
	for i := range rows {
		rows[i] = make(map[string]string, 24)
		fill(rows[i], "product_key", p.ID)
	}
	p.decode(rows[0])
	for i, at := range order {
		p.Variants[at].decode(rows[i], p)
	}
	for path, value := range unknownMembers(body) {
		row, name := 0, path
		if rest, ok := strings.CutPrefix(path, "variants."); ok {
			number, below, _ := strings.Cut(rest, ".")
			at, err := strconv.Atoi(number)
			if row = slices.Index(order, at); err != nil || row < 0 {
				continue // of a variant that is deleted
			}
			name = "variants." + below
		}
		fill(rows[row], "other."+name, value)
	}
	return rows, nil
}

// fill gives a row a value, unless it is empty.
func fill(row map[string]string, name, value string) {
	if value != "" {
		row[name] = value
	}
}

func fillNumber(row map[string]string, name string, n *int64) {
	if n != nil {
		row[name] = strconv.FormatInt(*n, 10)
	}
}

func fillTruth(row map[string]string, name string, value *bool) {
	if value != nil {
		row[name] = strconv.FormatBool(*value)
	}
}

// sorted lists the variants that are not deleted in encodeProduct's order; of a product that is deleted, all.
func (p *Product) sorted() []int {
	var order []int
	for i := range p.Variants {
		if p.Variants[i].LifecycleState != vocabulary.Deleted || p.LifecycleState == vocabulary.Deleted {
			order = append(order, i)
		}
	}
	places := (&fed{product: p}).places(p.Variants)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(slices.Compare(places[a], places[b]), strings.Compare(p.Variants[a].SKU, p.Variants[b].SKU),
			strings.Compare(p.Variants[a].ID, p.Variants[b].ID))
	})
	return order
}

func (p *Product) decode(row map[string]string) {
	for _, text := range [...][2]string{{"id", p.ID}, {"name", p.Name}, {"lifecycle_state", p.LifecycleState}, {"short_description", p.ShortDescription},
		{"description", p.Description}, {"idempotence_token", p.Token}, {"brand_id", p.BrandID}, {"sale_state", p.SaleState},
		{"created_at", p.CreatedAt}, {"updated_at", p.UpdatedAt}} {
		fill(row, text[0], text[1])
	}
	fillNumber(row, "unit_multiplier", p.UnitMultiplier)
	fillNumber(row, "minimum_order_quantity", p.MinimumOrder)
	fillNumber(row, "per_style_minimum_order_quantity", p.PerStyleMinimum)
	fillTruth(row, "allow_sales_when_out_of_stock", p.SalesOutOfStock)
	fillTruth(row, "preorderable", p.Preorderable)
	if kind := p.TaxonomyType; kind != nil {
		fill(row, "taxonomy_type.id", kind.ID)
		fill(row, "taxonomy_type.name", kind.Name)
	}
	if d := p.Preorder; d != nil {
		fill(row, "preorder_details.order_by_date", d.OrderBy)
		fillTruth(row, "preorder_details.keep_active_past_order_by_date", d.KeepActive)
		fill(row, "preorder_details.expected_ship_date", d.Ship)
		fill(row, "preorder_details.expected_ship_window_end_date", d.ShipEnd)
	}
	fill(row, "option_names", schema.JoinItems(p.optionNames()))
	for _, set := range p.OptionSets {
		if namesColumn(set.Name) {
			fill(row, "option_values."+set.Name, schema.JoinItems(set.Values))
		} else {
			fill(row, "other.option_values", jsonText(p.OptionSets))
		}
	}
	decodeImages(row, "image_", p.Images)
}

func (v *Variant) decode(row map[string]string, p *Product) {
	for _, text := range [...][2]string{{"variant_id", v.ID}, {"sku", v.SKU}, {"variant_lifecycle_state", v.LifecycleState}, {"tariff_code", v.TariffCode},
		{"backordered_until", timeText(v.BackorderedUntil)}, {"variant_idempotence_token", v.Token}, {"variant_name", v.Name},
		{"variant_sale_state", v.SaleState}, {"variant_created_at", v.CreatedAt}, {"variant_updated_at", v.UpdatedAt}} {
		fill(row, text[0], text[1])
	}
	fillNumber(row, "available_quantity", v.AvailableQuantity)
	fillNumber(row, "wholesale_price_cents", v.WholesaleCents)
	fillNumber(row, "retail_price_cents", v.RetailCents)
	for _, option := range v.Options {
		if namesColumn(option.Name) && p.set(option.Name) != nil {
			fill(row, "option."+option.Name, option.Value)
		} else {
			fill(row, "other.options", jsonText(v.Options))
		}
	}
	for _, price := range v.priceList() {
		price.decode(row)
	}
	decodeImages(row, "variant_image_", v.Images)
}

// decode writes a price as columns, when these say all of it.
func (price *Price) decode(row map[string]string) {
	name := price.Geo.text()
	money := cmp.Or(price.Wholesale, price.Retail)
	if geo, ok := geoOf(name); money == nil || !ok || geo != price.Geo || !price.Wholesale.shows(money.Currency) || !price.Retail.shows(money.Currency) {
		row["other.prices"] += jsonText(price)
		return
	}
	name = "price." + name + "."
	row[name+"currency"] = money.Currency
	if price.Wholesale != nil {
		row[name+"wholesale"] = moneyText(price.Wholesale)
	}
	if price.Retail != nil {
		row[name+"retail"] = moneyText(price.Retail)
	}
}

// shows reports whether an amount is read back from its text with this currency; one that is absent is.
func (m *Money) shows(currency string) bool {
	if m == nil {
		return true
	}
	if _, known := vocabulary.MinorDigits(currency); !known || m.AmountMinor < 0 {
		return false
	}
	back, rule := parseMoney([]byte(moneyText(m)), currency, false)
	return rule == nil && *back == *m
}

// mostImages is how far the numbers of image columns go.
const mostImages = 999

func decodeImages(row map[string]string, family string, images []Image) {
	sorted := bySequence(images)
	if len(sorted) > mostImages {
		row["other."+family+"more"] = jsonText(sorted[mostImages:])
		sorted = sorted[:mostImages]
	}
	for i, image := range sorted {
		name := family + strconv.Itoa(i+1)
		fill(row, name, image.URL)
		fill(row, name+".tags", schema.JoinItems(image.Tags))
		fill(row, name+".id", image.ID)
		if image.Width != 0 || image.Height != 0 {
			fillNumber(row, name+".width", &image.Width)
			fillNumber(row, name+".height", &image.Height)
		}
		fillNumber(row, name+".sequence", image.Sequence)
	}
}

func jsonText(value any) string {
	text, _ := json.Marshal(value) // texts and numbers always can be
	return string(text)
}

// namesColumn reports whether a column can be called so and be found by that name again: readers of feeds take blanks
// around names away, and line breaks out of them.
func namesColumn(name string) bool {
	return name != "" && len(schema.Trim([]byte(name))) == len(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' })
}

var (
	moneyShape   = vendors.Shape{"amount_minor": nil, "currency": nil}
	imageShape   = vendors.Shape{"id": nil, "width": nil, "height": nil, "sequence": nil, "url": nil, "tags": nil}
	productShape = vendors.Shape{"id": nil, "idempotence_token": nil, "brand_id": nil, "name": nil, "sale_state": nil, "lifecycle_state": nil,
		"short_description": nil, "description": nil, "unit_multiplier": nil, "minimum_order_quantity": nil,
		"per_style_minimum_order_quantity": nil, "variant_option_sets": {"name": nil, "values": nil}, "images": imageShape,
		"taxonomy_type": {"id": nil, "name": nil}, "allow_sales_when_out_of_stock": nil, "preorderable": nil,
		"preorder_details": {"order_by_date": nil, "keep_active_past_order_by_date": nil, "expected_ship_date": nil,
			"expected_ship_window_end_date": nil},
		"created_at": nil, "updated_at": nil,
		"variants": variantShape}
	variantShape = vendors.Shape{"id": nil, "idempotence_token": nil, "product_id": nil, "name": nil, "sale_state": nil, "lifecycle_state": nil,
		"sku": nil, "tariff_code": nil, "wholesale_price_cents": nil, "retail_price_cents": nil, "available_quantity": nil,
		"backordered_until": nil, "created_at": nil, "updated_at": nil, "options": {"name": nil, "value": nil}, "images": imageShape,
		"prices": {"geo_constraint": {"country": nil, "country_group": nil}, "wholesale_price": moneyShape, "retail_price": moneyShape}}
)

// unknownMembers gathers the members of a product that the document does not know, by their place in it:
// "variants.2.season".
func unknownMembers(body []byte) map[string]string {
	strict := json.NewDecoder(bytes.NewReader(body))
	strict.DisallowUnknownFields()
	if strict.Decode(new(Product)) == nil {
		return nil
	}
	return productShape.Others(body)
}

// canonicalProduct writes a product so that two that mean the same have the same bytes, whoever sent them: without
// what Faire alone writes, deleted variants, and empty members; texts without blanks around them, times in UTC,
// variants by their options, prices by their places, images in their order.
func canonicalProduct(body []byte) ([]byte, error) {
	p, err := readProduct(body)
	if err != nil {
		return nil, err
	}
	c := Product{ID: clean(p.ID), Name: clean(p.Name), LifecycleState: clean(p.LifecycleState), ShortDescription: clean(p.ShortDescription),
		Description: clean(p.Description), UnitMultiplier: p.UnitMultiplier, MinimumOrder: p.MinimumOrder, PerStyleMinimum: unlessZero(p.PerStyleMinimum),
		OptionSets: p.OptionSets, Images: canonicalImages(p.Images), SalesOutOfStock: p.SalesOutOfStock, Preorderable: unlessZero(p.Preorderable)}
	if p.Preorder != nil && *p.Preorder != (Preorder{}) {
		c.Preorder = p.Preorder
	}
	if kind := p.TaxonomyType; kind != nil && kind.ID != "" {
		c.TaxonomyType = &TaxonomyType{ID: clean(kind.ID)}
	} else if kind != nil && clean(kind.Name) != "" {
		c.TaxonomyType = &TaxonomyType{Name: clean(kind.Name)}
	}
	for _, at := range p.sorted() {
		c.Variants = append(c.Variants, p.Variants[at].canonical())
	}
	slices.SortStableFunc(c.Variants, func(a, b Variant) int {
		return cmp.Or(strings.Compare(optionKey(&a), optionKey(&b)), strings.Compare(a.SKU, b.SKU), strings.Compare(a.ID, b.ID))
	})
	return json.Marshal(&c)
}

func clean(text string) string { return string(schema.Trim([]byte(text))) }

// unlessZero leaves out what is not there in other words.
func unlessZero[T comparable](value *T) *T {
	var zero T
	if value == nil || *value == zero {
		return nil
	}
	return value
}

func (v *Variant) canonical() Variant {
	c := Variant{ID: clean(v.ID), LifecycleState: clean(v.LifecycleState), SKU: clean(v.SKU), TariffCode: clean(v.TariffCode),
		Prices: v.priceList(), AvailableQuantity: v.AvailableQuantity, BackorderedUntil: timeText(clean(v.BackorderedUntil)),
		Options: slices.Clone(v.Options), Images: canonicalImages(v.Images)}
	slices.SortStableFunc(c.Options, func(a, b OptionValue) int { return strings.Compare(a.Name, b.Name) })
	return c
}

// canonicalImages keeps what a client says of images, each address once.
func canonicalImages(images []Image) []Image {
	var kept []Image
	for _, image := range bySequence(images) {
		tags := slices.Sorted(slices.Values(image.Tags))
		if address := clean(image.URL); address != "" && !holdsURL(kept, address) {
			kept = append(kept, Image{URL: address, Tags: slices.Compact(tags)})
		}
	}
	return kept
}
