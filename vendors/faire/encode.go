package faire

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// encodeProduct judges what spans fields and rows, and makes what the feed says of a product when nothing stops it.
// Variants and values of options are put in an order of their own, so that the order of the rows leaves no trace. A
// field that the feed leaves empty is not in it, and neither are tokens: they are Amend's.
func encodeProduct(e *vendors.Entity) any {
	fed := readFeed(e, true)
	if fed == nil {
		return nil
	}
	fed.judgeOptions()
	fed.judgeSKUs()
	fed.product.judge(false, fed.judged)
	if !e.Sound() {
		return nil
	}
	return fed.product
}

// fed is what a feed says of a product.
type fed struct {
	columns
	entity  *vendors.Entity
	report  bool // problems of single cells are added; else they were before
	product *Product
	rows    []int           // records of the product's variants
	listed  map[string]bool // options whose values the feed lists
	unnamed []string        // options that option_names lists, and that have no column
	cents   bool
}

// columns are the indices of the fields in the layout; -1: the feed has no such column.
type columns struct {
	variantID, sku, state, tariff, quantity, backorder int
	options                                            []optionColumn
	prices                                             []priceColumns
	images                                             []imageColumns
}

func findColumns(l *schema.Layout) columns {
	return columns{variantID: l.Column("variant_id"), sku: l.Column("sku"), state: l.Column("variant_lifecycle_state"),
		tariff: l.Column("tariff_code"), quantity: l.Column("available_quantity"), backorder: l.Column("backordered_until"),
		options: findOptions(l), prices: findPrices(l), images: findImages(l, "variant_image_{n}")}
}

// readFeed reads the records of a product, without judging what spans several fields. It is nil when there are none.
func readFeed(e *vendors.Entity, report bool) *fed {
	if len(e.Records) == 0 {
		return nil
	}
	f := &fed{columns: findColumns(e.Records[0].Layout), entity: e, report: report, product: new(Product), listed: make(map[string]bool)}
	f.cents = string(f.shared("price_unit")) == inCents
	f.readProduct()
	f.readVariants()
	return f
}

// shared is the value of a field of the whole product that broke no rule.
func (f *fed) shared(name string) []byte {
	records := f.entity.Records
	column := records[0].Layout.Column(name)
	if column < 0 {
		return nil
	}
	for i := range records {
		if value := records[i].Values[column]; len(value) > 0 {
			if records[i].Bad[column] {
				return nil
			}
			return value
		}
	}
	return nil
}

// cell is the value of a record's column when it broke no rule.
func cell(r *schema.Record, column int) []byte {
	if column < 0 || r.Bad[column] {
		return nil
	}
	return r.Values[column]
}

func (f *fed) add(rule *schema.Rule, variant int, field, message, suggestion string) {
	record := 0
	if variant >= 0 {
		record = f.rows[variant]
	} else if column := f.entity.Records[0].Layout.Column(field); column >= 0 {
		record = max(0, slices.IndexFunc(f.entity.Records, func(r schema.Record) bool { return len(r.Values[column]) > 0 }))
	}
	f.entity.Add(schema.Problem{Rule: rule, Record: record, Field: field, Message: message, Suggestion: suggestion})
}

// judged is add for rules of the whole product. What is wrong already is not called missing too.
func (f *fed) judged(rule *schema.Rule, variant int, field, message, suggestion string) {
	layout := f.entity.Records[0].Layout
	bad := func(column int) bool {
		if variant < 0 {
			return f.faulty(column)
		}
		return f.entity.Records[f.rows[variant]].Bad[column]
	}
	for i := range layout.Columns {
		name := layout.Columns[i].Field.Name
		about := layout.Columns[i].Name == field || (rule == pricesMissing || rule == priceHalf) && strings.HasPrefix(name, "price.") ||
			rule == imageMissing && (name == "image_{n}" || name == "variant_image_{n}")
		if about && bad(i) {
			return
		}
	}
	f.add(rule, variant, field, message, suggestion)
}

func (f *fed) readProduct() {
	p := f.product
	p.ID, p.Name = string(f.shared("id")), string(f.shared("name"))
	p.LifecycleState = string(f.shared("lifecycle_state"))
	p.ShortDescription, p.Description = string(f.shared("short_description")), string(f.shared("description"))
	p.UnitMultiplier = wholeNumber(f.shared("unit_multiplier"))
	p.MinimumOrder = wholeNumber(f.shared("minimum_order_quantity"))
	p.PerStyleMinimum = wholeNumber(f.shared("per_style_minimum_order_quantity"))
	p.SalesOutOfStock, p.Preorderable = truth(f.shared("allow_sales_when_out_of_stock")), truth(f.shared("preorderable"))
	if id, name := string(f.shared("taxonomy_type.id")), string(f.shared("taxonomy_type.name")); id != "" || name != "" {
		p.TaxonomyType = &TaxonomyType{ID: id, Name: name}
	}
	details := Preorder{OrderBy: string(f.shared("preorder_details.order_by_date")), Ship: string(f.shared("preorder_details.expected_ship_date")),
		KeepActive: truth(f.shared("preorder_details.keep_active_past_order_by_date")),
		ShipEnd:    string(f.shared("preorder_details.expected_ship_window_end_date"))}
	if details != (Preorder{}) {
		p.Preorder = &details
	}
	for i := range f.entity.Records[0].Layout.Columns {
		if strings.HasPrefix(f.entity.Records[0].Layout.Columns[i].Name, "preorder_details.") && f.faulty(i) {
			p.Preorderable, p.Preorder = nil, nil // nothing can be said of what is not known
		}
	}
	for _, image := range findImages(f.entity.Records[0].Layout, "image_{n}") {
		p.Images = f.readImage(p.Images, image, func(column int) []byte {
			return f.shared(f.entity.Records[0].Layout.Columns[column].Name)
		}, -1)
	}
	f.fillPerStyle()
}

// fillPerStyle puts in what a minimum for each style leaves no choice of (faire:403).
func (f *fed) fillPerStyle() {
	p := f.product
	if p.PerStyleMinimum == nil || *p.PerStyleMinimum == 0 || p.UnitMultiplier != nil && p.MinimumOrder != nil {
		return
	}
	if p.UnitMultiplier == nil {
		p.UnitMultiplier = new(int64(1))
	}
	if p.MinimumOrder == nil {
		p.MinimumOrder = new(int64(0))
	}
	if f.report {
		f.add(perStyleFilled, -1, "per_style_minimum_order_quantity", "", "")
	}
}

// wholeNumber reads a number that the schema has checked; nil when there is none.
func wholeNumber(text []byte) *int64 {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

func truth(text []byte) *bool {
	value, ok := schema.ParseBoolean(text)
	if !ok {
		return nil
	}
	return &value
}

// readImage puts an image behind others, when the feed has one that is not among them.
func (f *fed) readImage(images []Image, columns imageColumns, value func(column int) []byte, variant int) []Image {
	var address, tags []byte
	if columns.url >= 0 {
		address = value(columns.url)
	}
	if columns.tags >= 0 {
		tags = value(columns.tags)
	}
	if len(address) == 0 {
		if len(tags) > 0 && f.report && (columns.url < 0 || !f.faulty(columns.url)) {
			f.add(imageTags, variant, f.entity.Records[0].Layout.Columns[columns.tags].Name, "", "")
		}
		return images
	}
	if holdsURL(images, string(address)) {
		return images
	}
	sequence := int64(len(images))
	image := Image{Sequence: &sequence, URL: string(address)}
	seen := make(map[string]bool)
	for _, tag := range itemsOf(tags) {
		if !seen[tag] {
			seen[tag] = true
			image.Tags = append(image.Tags, tag)
		}
	}
	return append(images, image)
}

// faulty reports whether a rule was broken in some record's column.
func (f *fed) faulty(column int) bool {
	return slices.ContainsFunc(f.entity.Records, func(r schema.Record) bool { return r.Bad[column] })
}

// readVariants reads the records, and puts them in the order of their options, SKUs and ids.
func (f *fed) readVariants() {
	records := f.entity.Records
	f.readOptionSets()
	order := make([]int, len(records))
	for i := range order {
		order[i] = i
	}
	f.rows = slices.Clone(order) // where add looks, until the order is known
	geos := f.geos()
	variants := make([]Variant, len(records))
	for i := range records {
		variants[i] = f.readVariant(i, geos)
	}
	places := f.places(variants)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(slices.Compare(places[a], places[b]), strings.Compare(variants[a].SKU, variants[b].SKU),
			strings.Compare(variants[a].ID, variants[b].ID))
	})
	f.rows = order
	f.product.Variants = make([]Variant, len(order))
	for i, from := range order {
		f.product.Variants[i] = variants[from]
	}
}

// places tells for each variant where its values stand in their sets; one that has none stands last.
func (f *fed) places(variants []Variant) [][]int {
	ranks := make([]map[string]int, len(f.product.OptionSets))
	for i, set := range f.product.OptionSets {
		ranks[i] = make(map[string]int, len(set.Values))
		for place, value := range set.Values {
			ranks[i][value] = place
		}
	}
	places := make([][]int, len(variants))
	for i := range variants {
		places[i] = make([]int, len(ranks))
		for j, set := range f.product.OptionSets {
			place, ok := ranks[j][variants[i].Option(set.Name)]
			if !ok {
				place = len(set.Values)
			}
			places[i][j] = place
		}
	}
	return places
}

// geos reads the places of the feed's price columns, and reports those that are none once for the product.
func (f *fed) geos() []GeoConstraint {
	geos := make([]GeoConstraint, len(f.prices))
	for i, column := range f.prices {
		geo, ok := geoOf(column.geo)
		geos[i] = geo
		if ok || !f.report {
			continue
		}
		for _, at := range [...]int{column.wholesale, column.retail} {
			if row := slices.IndexFunc(f.entity.Records, func(r schema.Record) bool { return at >= 0 && len(r.Values[at]) > 0 }); row >= 0 {
				message, suggestion := explainGeo(column.geo)
				if suggestion != "" {
					suggestion = strings.Replace(f.entity.Records[0].Layout.Columns[at].Name, "."+column.geo+".", "."+suggestion+".", 1)
				}
				f.entity.Add(schema.Problem{Rule: priceGeo, Record: row, Field: f.entity.Records[0].Layout.Columns[at].Name,
					Message: message, Suggestion: suggestion})
				break
			}
		}
	}
	return geos
}

func (f *fed) readVariant(i int, geos []GeoConstraint) Variant {
	r := &f.entity.Records[i]
	v := Variant{ID: string(cell(r, f.variantID)), SKU: string(cell(r, f.sku)), LifecycleState: string(cell(r, f.state)),
		TariffCode: string(cell(r, f.tariff)), AvailableQuantity: wholeNumber(cell(r, f.quantity))}
	if text := cell(r, f.backorder); len(text) > 0 {
		v.BackorderedUntil = timeText(string(text))
	}
	for _, set := range f.product.OptionSets {
		if value := f.optionValue(r, set.Name); value != "" {
			v.Options = append(v.Options, OptionValue{set.Name, value})
		}
	}
	for j := range f.prices {
		if geos[j] != (GeoConstraint{}) {
			f.readPrice(&v, i, j, geos[j])
		}
	}
	slices.SortFunc(v.Prices, comparePlaces)
	for _, image := range f.images {
		v.Images = f.readImage(v.Images, image, func(column int) []byte { return cell(r, column) }, i)
	}
	return v
}

// optionValue is a record's value of an option; empty when it has none.
func (f *fed) optionValue(r *schema.Record, name string) string {
	for _, option := range f.options {
		if option.name == name {
			return string(cell(r, option.column))
		}
	}
	return ""
}

// readPrice reads one price of a record.
func (f *fed) readPrice(v *Variant, record, index int, geo GeoConstraint) {
	r, columns := &f.entity.Records[record], &f.prices[index]
	currency := string(cell(r, columns.currency))
	if currency == "" && columns.currency >= 0 && len(r.Values[columns.currency]) > 0 {
		return // a wrong one, which was told
	}
	price := Price{Geo: geo, Wholesale: f.readMoney(record, columns.wholesale, currency), Retail: f.readMoney(record, columns.retail, currency)}
	if price.Wholesale != nil || price.Retail != nil {
		v.Prices = append(v.Prices, price)
	}
}

func (f *fed) readMoney(record, column int, currency string) *Money {
	r := &f.entity.Records[record]
	text := cell(r, column)
	if len(text) == 0 {
		return nil
	}
	money, rule := parseMoney(text, currency, f.cents)
	if rule != nil && f.report {
		f.entity.Add(schema.Problem{Rule: rule, Record: record, Field: r.Layout.Columns[column].Name,
			Message: explainMoney(rule, string(text), currency, f.cents)})
	}
	return money
}

// readOptionSets makes the product's options: their names as option_names lists them, else in the order of their
// columns, as far as the product has values of them; their values as option_values lists them, else in order.
func (f *fed) readOptionSets() {
	names := itemsOf(f.shared("option_names"))
	named := len(names) > 0
	if !named {
		for _, option := range f.options {
			names = append(names, option.name)
		}
	}
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			continue // listed twice
		}
		seen[name] = true
		if !slices.ContainsFunc(f.options, func(o optionColumn) bool { return o.name == name }) {
			f.unnamed = append(f.unnamed, name)
			continue
		}
		values := itemsOf(f.shared("option_values." + name))
		if len(values) > 0 {
			f.listed[name] = true
		} else {
			values = inOrder(name, f.valuesOf(name))
		}
		if len(values) > 0 || named {
			f.product.OptionSets = append(f.product.OptionSets, OptionSet{Name: name, Values: values})
		}
	}
}

// valuesOf gathers the values that the records have of an option, each once, as they come.
func (f *fed) valuesOf(name string) []string {
	values, seen := []string{}, make(map[string]bool)
	for i := range f.entity.Records {
		if value := f.optionValue(&f.entity.Records[i], name); value != "" && !seen[value] {
			seen[value] = true
			values = append(values, value)
		}
	}
	return values
}

func itemsOf(cell []byte) []string {
	var items []string
	schema.Items(cell, func(item []byte) bool {
		if len(item) > 0 {
			items = append(items, string(item))
		}
		return true
	})
	return items
}

// judgeOptions makes sure that the options tell the variants apart.
func (f *fed) judgeOptions() {
	if len(f.unnamed) > 0 {
		f.add(optionMissing, -1, "option_names", fmt.Sprintf("option_names lists %q, and there is no column option.%s", f.unnamed[0], f.unnamed[0]), "")
	}
	for i := range f.product.OptionSets {
		f.judgeSet(&f.product.OptionSets[i])
	}
	for _, option := range f.options {
		if f.product.set(option.name) == nil && option.column >= 0 {
			f.judgeLeftOut(option)
		}
	}
	twins := make(map[string]int, len(f.product.Variants))
	for i := range f.product.Variants {
		v := &f.product.Variants[i]
		if len(v.Options) < len(f.product.OptionSets) {
			continue // told
		}
		key := optionKey(v)
		if len(v.Options) == 0 {
			if v.SKU != "" || v.ID != "" {
				continue // told apart by these, as far as Faire has them
			}
		}
		first, twice := twins[key]
		if !twice {
			twins[key] = i
			continue
		}
		f.sameOptions(first, i)
	}
}

// optionKey is one text for one combination of values.
func optionKey(v *Variant) string {
	values := make([]string, len(v.Options))
	for i, option := range v.Options {
		values[i] = vendors.PartKey(option.Name, option.Value)
	}
	slices.Sort(values)
	return schema.JoinItems(values)
}

// sameOptions reports two rows of one combination, at the later one.
func (f *fed) sameOptions(first, other int) {
	if f.rows[other] < f.rows[first] {
		first, other = other, first
	}
	var values []string
	for _, option := range f.product.Variants[other].Options {
		values = append(values, option.Name+" "+strconv.Quote(option.Value))
	}
	field, message := "sku", "this row and another of the product have neither options nor a SKU that tell them apart"
	if len(values) > 0 {
		field = "option." + f.product.OptionSets[len(f.product.OptionSets)-1].Name
		message = strings.Join(values, ", ") + " occurs twice in the product"
	}
	f.entity.Add(schema.Problem{Rule: variantTwice, Record: f.rows[other], Other: f.rows[first], Field: field,
		Message: message + ", see " + schema.OtherCell})
}

// judgeSet judges the values of one option. A feed that has no values of options at all changes variants that Faire
// has, and needs none.
func (f *fed) judgeSet(set *OptionSet) {
	field := "option." + set.Name
	if values := slices.Clone(set.Values); f.listed[set.Name] {
		if first, other, ok := alike(set.Name, values); ok {
			f.add(optionAlike, -1, "option_values."+set.Name, fmt.Sprintf("%q and %q are one value", first, other), first)
		}
	} else if first, other, ok := alike(set.Name, values); ok {
		f.alikeInRows(set.Name, first, other)
	}
	listed := make(map[string]bool, len(set.Values))
	for _, value := range set.Values {
		listed[value] = true
	}
	for i := range f.product.Variants {
		value := f.product.Variants[i].Option(set.Name)
		r := &f.entity.Records[f.rows[i]]
		at := r.Layout.Column(field)
		switch {
		case value == "" && (at < 0 || !r.Bad[at]):
			f.add(optionMissing, i, field, fmt.Sprintf("the product has the option %s, and this variant has no value of it", set.Name), "")
		case value != "" && !listed[value]:
			f.add(optionUnlisted, i, field, fmt.Sprintf("%q is not among option_values.%s", value, set.Name), schema.Nearest(value, set.Values))
		}
	}
}

// alikeInRows reports a spelling at the first row that has it behind the other spelling's.
func (f *fed) alikeInRows(name, first, other string) {
	rowOf := func(value string) int {
		return slices.IndexFunc(f.entity.Records, func(r schema.Record) bool { return f.optionValue(&r, name) == value })
	}
	if rowOf(other) < rowOf(first) {
		first, other = other, first
	}
	f.entity.Add(schema.Problem{Rule: optionAlike, Record: rowOf(other), Other: rowOf(first), Field: "option." + name, Suggestion: first,
		Message: fmt.Sprintf("%q is the same as %q in %s", other, first, schema.OtherCell)})
}

// judgeLeftOut reports the values of an option that option_names does not list.
func (f *fed) judgeLeftOut(option optionColumn) {
	for i := range f.entity.Records {
		if value := cell(&f.entity.Records[i], option.column); len(value) > 0 {
			f.entity.Add(schema.Problem{Rule: optionUnlisted, Record: i, Field: "option." + option.name,
				Message: fmt.Sprintf("option_names does not list %s", option.name)})
		}
	}
}

// judgeSKUs reports two variants of the product with one SKU; those of other products are found by Unique.
func (f *fed) judgeSKUs() {
	seen := make(map[string]int)
	for i := range f.entity.Records {
		sku := string(cell(&f.entity.Records[i], f.sku))
		if sku == "" {
			continue
		}
		if first, twice := seen[sku]; twice {
			f.entity.Add(schema.Problem{Rule: skuTwice, Record: i, Other: first, Field: "sku",
				Message: fmt.Sprintf("SKU %q is that of another variant of the product, in %s", sku, schema.OtherCell)})
			continue
		}
		seen[sku] = i
	}
}

// state is the variant's, or its product's when it has none of its own.
func (v *Variant) state(p *Product) string { return cmp.Or(v.LifecycleState, p.LifecycleState) }

// A reporter takes a rule that is broken. variant is -1 for what concerns the whole product.
type reporter = func(rule *schema.Rule, variant int, field, message, suggestion string)

// judge reports what a product breaks in its state: drafts need no required fields (faire:2053). whole tells that it
// is as Faire will have it; what a feed says may only be a part of that.
func (p *Product) judge(whole bool, report reporter) {
	p.judgeNeeds(report)
	p.judgeQuantities(report)
	p.judgePreorder(whole, report)
	p.judgeImages(whole, report)
	for i := range p.Variants {
		p.judgePrices(i, whole, report)
	}
	if whole {
		p.judgeStates(report)
	}
}

// judgeStates looks for a variant that is published: without one, Faire takes the product back (faire:2116).
func (p *Product) judgeStates(report reporter) {
	if p.LifecycleState == vocabulary.Published && !slices.ContainsFunc(p.Variants, func(v Variant) bool {
		return v.LifecycleState != vocabulary.Draft && v.LifecycleState != vocabulary.Unpublished
	}) {
		report(stateVariants, -1, "lifecycle_state", "", "")
	}
}

func (p *Product) judgeNeeds(report reporter) {
	if !needsAll(p.LifecycleState) {
		return
	}
	for _, need := range [...]struct {
		has   bool
		field string
	}{{p.Name != "", "name"}, {p.UnitMultiplier != nil, "unit_multiplier"}, {p.MinimumOrder != nil, "minimum_order_quantity"}} {
		if !need.has {
			report(incomplete, -1, need.field, fmt.Sprintf("%s is required of a product that is %s", need.field, p.LifecycleState), "")
		}
	}
}

func (p *Product) judgeQuantities(report reporter) {
	units, minimum := p.UnitMultiplier, p.MinimumOrder
	if p.PerStyleMinimum != nil && *p.PerStyleMinimum > 0 {
		if p.set(vocabulary.SizeOption) == nil && len(p.OptionSets) > 0 || len(p.OptionSets) == 0 && p.ID == "" {
			report(perStyleSize, -1, "per_style_minimum_order_quantity", "", "")
		}
		if units != nil && *units != 1 {
			report(perStyleAlone, -1, "unit_multiplier", "", "1")
		}
		if minimum != nil && *minimum != 0 {
			report(perStyleAlone, -1, "minimum_order_quantity", "", "0")
		}
		return
	}
	if units != nil && minimum != nil && *units > 0 && *minimum%*units != 0 {
		nearest := (*minimum / *units + 1) * *units
		if nearest > mostUnits {
			nearest -= *units
		}
		report(minimumMultiple, -1, "minimum_order_quantity",
			fmt.Sprintf("%d is not a multiple of the case size %d", *minimum, *units), strconv.FormatInt(nearest, 10))
	}
}

// judgePreorder looks for details of what is preorderable, and of nothing else (faire:186). Each of the dates may be
// missing (faire:412), and so may what Faire has, in a feed that is a part of a product.
func (p *Product) judgePreorder(whole bool, report reporter) {
	details := p.Preorder
	on := p.Preorderable != nil && *p.Preorderable
	part := !whole && !needsAll(p.LifecycleState)
	switch {
	case details == nil:
		if on && !part {
			report(preorderDetails, -1, "preorderable", "the product is preorderable, and no dates are given", "")
		}
		return
	case !on && (p.Preorderable != nil || !part):
		report(preorderDetails, -1, details.firstField(), "dates of a preorder are given, and preorderable is not true", "")
	}
	if details.OrderBy != "" && details.Ship != "" && details.OrderBy > details.Ship {
		report(preorderOrder, -1, "preorder_details.expected_ship_date",
			fmt.Sprintf("shipping begins on %s, before the last day to order, %s", details.Ship, details.OrderBy), "")
	}
	if details.Ship != "" && details.ShipEnd != "" && details.Ship > details.ShipEnd {
		report(preorderOrder, -1, "preorder_details.expected_ship_window_end_date",
			fmt.Sprintf("shipping ends on %s, before it begins, %s", details.ShipEnd, details.Ship), "")
	}
}

// firstField names the first of the details that is given.
func (d *Preorder) firstField() string {
	switch {
	case d.OrderBy != "":
		return "preorder_details.order_by_date"
	case d.KeepActive != nil:
		return "preorder_details.keep_active_past_order_by_date"
	case d.Ship != "":
		return "preorder_details.expected_ship_date"
	}
	return "preorder_details.expected_ship_window_end_date"
}

// judgeImages looks for the image that a published product needs, its own or a variant's, and for those that its
// published variants should have.
func (p *Product) judgeImages(whole bool, report reporter) {
	if p.LifecycleState != vocabulary.Published && !whole {
		return
	}
	without, first := 0, -1
	images := len(p.Images)
	for i := range p.Variants {
		images += len(p.Variants[i].Images)
		if len(p.Variants[i].Images) == 0 && p.Variants[i].state(p) == vocabulary.Published {
			if without++; first < 0 {
				first = i
			}
		}
	}
	switch {
	case images == 0 && p.LifecycleState == vocabulary.Published:
		report(imageMissing, -1, "image_1", "", "")
	case without > 0:
		report(imageOwn, first, "variant_image_1", fmt.Sprintf("published variants without an image of their own: %d", without), "")
	}
}

func (p *Product) judgePrices(variant int, whole bool, report reporter) {
	v := &p.Variants[variant]
	needed := needsAll(v.state(p))
	prices := v.priceList()
	whole = whole || needed
	if needed && len(prices) == 0 {
		report(pricesMissing, variant, "price.USA.wholesale", "", "")
	}
	for i := range prices {
		price := &prices[i]
		name := "price." + price.Geo.text() + "."
		switch {
		case whole && price.Wholesale == nil:
			report(priceHalf, variant, name+"wholesale", "the retail amount stands alone", "")
		case whole && price.Retail == nil:
			report(priceHalf, variant, name+"retail", "the wholesale amount stands alone", "")
		case price.Wholesale != nil && price.Retail != nil && price.Retail.less(price.Wholesale):
			report(priceBelow, variant, name+"retail", "", "")
		}
	}
}

// less reports whether an amount is surely below another.
func (m *Money) less(other *Money) bool {
	if m.Amount == "" && other.Amount == "" {
		return m.Currency == other.Currency && m.AmountMinor < other.AmountMinor
	}
	return m.Amount != "" && other.Amount != "" && scaled(m.Amount) < scaled(other.Amount)
}

// scaled reads an amount that parseMoney has written, with all the decimals that a currency can have.
func scaled(amount string) int64 {
	whole, fraction, _ := strings.Cut(amount, ".")
	n, _ := strconv.ParseInt(whole+(fraction + "0000")[:mostDigits], 10, 64)
	return n
}
