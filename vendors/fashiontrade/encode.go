package fashiontrade

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// Product is the body of a request, in the order of the document's sample.
type Product struct {
	ID                   string            `json:"id"`
	Active               *bool             `json:"active,omitempty"`
	ProductType          string            `json:"product_type,omitempty"`
	BrandLine            string            `json:"brand_line,omitempty"`
	Tags                 []Tag             `json:"tags"`
	DisplayName          string            `json:"display_name"`
	Description          string            `json:"description,omitempty"`
	Variants             []Variant         `json:"variants"`
	AdditionalProperties map[string]string `json:"additional_properties,omitempty"`
}

// Tag is one tag of a product.
type Tag struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Variant is a colour and size of a product.
type Variant struct {
	Barcode              string            `json:"barcode"`
	ColorOrPatternName   string            `json:"color_or_pattern_name"`
	ColorHexCodes        []string          `json:"color_hex_codes,omitempty"`
	Colors               []string          `json:"colors"`
	Themes               []string          `json:"themes,omitempty"`
	PatternImage         *Image            `json:"pattern_image,omitempty"`
	Images               []Image           `json:"images,omitempty"`
	AdditionalProperties map[string]string `json:"additional_properties,omitempty"`
	Size                 Size              `json:"size"`
}

// Image is an image of a variant or of its pattern.
type Image struct {
	URL               string `json:"url"`
	Orientation       string `json:"orientation,omitempty"`
	Composition       string `json:"composition,omitempty"`
	ProductionSetting string `json:"production_setting,omitempty"`
}

// Size is a variant's size. OneSize is sent without a size.
type Size struct {
	Size string `json:"size,omitempty"`
	Name string `json:"size_name,omitempty"`
	Type string `json:"type"`
}

// An encoder makes products of records in one version of the resource.
type encoder struct {
	product *vocabulary.Product
	allowed map[string]kindSet // by category: the size types that its products have
}

// encode judges what spans fields and rows, and makes the product when nothing stops it. Variants are
// put in the order of colour, size and barcode, and tags in the schema's, so that the order of the
// rows leaves no trace. A value that a list holds twice is sent once.
func (c *encoder) encode(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	w := &work{encoder: c, entity: e, columns: findColumns(e.Records[0].Layout)}
	w.variants = make([]variant, len(e.Records))
	for i := range e.Records {
		w.readVariant(i)
	}
	w.findTwins()
	if !e.Sound() {
		return nil
	}
	return w.encodeProduct()
}

// work is the encoding of one entity.
type work struct {
	*encoder
	columns
	entity   *vendors.Entity
	variants []variant
	left     kindSet // size types by the product's tags; 0: not looked up yet
	// The remarks that are made once for each product.
	takenSaid, shirtSaid bool
}

// A variant is a record as far as it tells variants apart.
type variant struct {
	record          int
	colour, barcode []byte
	size            size
	sizeText        []byte // as it is sent
	sizeName        []byte
	sized           bool // the size is right
}

// compare puts variants in the order of the body.
func (v *variant) compare(other *variant) int {
	return cmp.Or(v.compareKinds(other), bytes.Compare(v.barcode, other.barcode), cmp.Compare(v.record, other.record))
}

// compareKinds is 0 for two variants that the vendor would take for one.
func (v *variant) compareKinds(other *variant) int {
	if v.sized != other.sized {
		if v.sized {
			return -1
		}
		return 1
	}
	order := cmp.Or(bytes.Compare(v.colour, other.colour), v.size.compare(other.size))
	if order != 0 || v.size.kind != otherSize {
		return order
	}
	return cmp.Or(bytes.Compare(v.sizeName, other.sizeName), bytes.Compare(v.sizeText, other.sizeText))
}

// columns are the indices of the fields in the layout; -1: the feed has no such column.
type columns struct {
	barcode, colour, colors, hexCodes, sizeType, size, sizeName, themes int
	patternImage                                                        imageColumns
	images                                                              []imageColumns
}

type imageColumns struct{ number, url, orientation, composition, setting int }

func findColumns(l *schema.Layout) columns {
	return columns{
		barcode: l.Column("barcode"), colour: l.Column("color_or_pattern_name"), colors: l.Column("colors"),
		hexCodes: l.Column("color_hex_codes"), sizeType: l.Column("size_type"), size: l.Column("size"),
		sizeName: l.Column("size_name"), themes: l.Column("themes"),
		patternImage: imageColumns{0, l.Column("pattern_image"), l.Column("pattern_image.orientation"),
			l.Column("pattern_image.composition"), l.Column("pattern_image.production_setting")},
		images: findImages(l),
	}
}

// findImages gathers the columns of numbered images, in the order of their numbers.
func findImages(l *schema.Layout) []imageColumns {
	var images []imageColumns
	for field, name := range [...]string{"image_{n}", "image_{n}.orientation", "image_{n}.composition",
		"image_{n}.production_setting"} {
		for _, column := range l.Family(name) {
			number, err := strconv.Atoi(l.Columns[column].Param)
			if err != nil {
				continue
			}
			at := slices.IndexFunc(images, func(image imageColumns) bool { return image.number == number })
			if at < 0 {
				at = len(images)
				images = append(images, imageColumns{number, -1, -1, -1, -1})
			}
			*[...]*int{&images[at].url, &images[at].orientation, &images[at].composition, &images[at].setting}[field] = column
		}
	}
	slices.SortFunc(images, func(a, b imageColumns) int { return cmp.Compare(a.number, b.number) })
	return images
}

// cell returns the text of a record's column; empty when there is no such column.
func cell(r *schema.Record, column int) []byte {
	if column < 0 {
		return nil
	}
	return r.Values[column]
}

// faulty reports whether a rule was broken in a record's column.
func faulty(r *schema.Record, column int) bool { return column >= 0 && r.Bad[column] }

// readVariant judges one record by itself.
func (w *work) readVariant(i int) {
	r, v := &w.entity.Records[i], &w.variants[i]
	v.record = i
	v.colour = cell(r, w.colour)
	if !faulty(r, w.barcode) {
		v.barcode = cell(r, w.barcode)
	}
	w.readSize(r, v)
	if colors := cell(r, w.colors); len(colors) > 0 && listsNothing(colors) {
		w.add(i, schema.Required, "colors", "colors is required", "", clause(4159))
	}
	w.checkImage(i, &w.patternImage)
	for j := range w.images {
		w.checkImage(i, &w.images[j])
	}
}

func (w *work) add(record int, rule *schema.Rule, field, message, suggestion, clause string) {
	w.entity.Add(schema.Problem{Rule: rule, Record: record, Field: field, Message: message, Suggestion: suggestion,
		Clause: clause})
}

// listsNothing reports whether a cell holds separators only.
func listsNothing(list []byte) bool {
	nothing := true
	schema.Items(list, func(item []byte) bool {
		nothing = len(item) == 0
		return nothing
	})
	return nothing
}

// checkImage reports attributes of an image that has no address.
func (w *work) checkImage(i int, image *imageColumns) {
	r := &w.entity.Records[i]
	if len(cell(r, image.url)) > 0 || faulty(r, image.url) {
		return
	}
	for _, column := range [...]int{image.orientation, image.composition, image.setting} {
		if len(cell(r, column)) == 0 {
			continue
		}
		name := "pattern_image"
		if image.number > 0 {
			name = "image_" + strconv.Itoa(image.number)
		}
		field := r.Layout.Columns[column].Name
		w.add(i, imageWithoutURL, field, fmt.Sprintf("%s is given, but %s, the image's web address, is empty", field, name),
			"", "")
	}
}

// findTwins sorts the variants and reports those that share a barcode, or colour and size.
func (w *work) findTwins() {
	variants := w.variants
	slices.SortFunc(variants, func(a, b variant) int {
		return cmp.Or(bytes.Compare(a.barcode, b.barcode), cmp.Compare(a.record, b.record))
	})
	w.reportTwins(func(a, b *variant) bool { return len(a.barcode) > 0 && bytes.Equal(a.barcode, b.barcode) },
		func(first, other *variant) {
			w.entity.Add(schema.Problem{Rule: barcodeTwice, Record: other.record, Other: first.record, Field: "barcode",
				Message: fmt.Sprintf("barcode %s is that of another variant of the product, in %s", other.barcode,
					schema.OtherCell)})
		})
	slices.SortFunc(variants, func(a, b variant) int { return a.compare(&b) })
	w.reportTwins(func(a, b *variant) bool {
		return a.sized && b.sized && len(a.colour) > 0 && a.compareKinds(b) == 0
	}, w.sameVariant)
}

// reportTwins calls report for each variant of a run of equal ones but its first row.
func (w *work) reportTwins(equal func(a, b *variant) bool, report func(first, other *variant)) {
	first := 0
	for i := 1; i < len(w.variants); i++ {
		if !equal(&w.variants[first], &w.variants[i]) {
			first = i
			continue
		}
		if w.variants[i].record < w.variants[first].record {
			w.variants[i], w.variants[first] = w.variants[first], w.variants[i]
		}
		report(&w.variants[first], &w.variants[i])
	}
}

// sameVariant reports two rows of one colour and size.
func (w *work) sameVariant(first, other *variant) {
	field := "size"
	if other.size.kind == oneSize {
		field = "color_or_pattern_name"
	}
	message := fmt.Sprintf("colour %q in %s", other.colour, describeSize(other))
	if !bytes.Equal(first.sizeText, other.sizeText) {
		message += fmt.Sprintf(" is the same as size %q", first.sizeText)
	} else {
		message += " occurs twice"
	}
	w.entity.Add(schema.Problem{Rule: variantTwice, Record: other.record, Other: first.record, Field: field,
		Message: message + ", see " + schema.OtherCell})
}

func describeSize(v *variant) string {
	if v.size.kind == oneSize {
		return "one size"
	}
	return fmt.Sprintf("size %q", v.sizeText)
}

func (w *work) encodeProduct() *Product {
	records := w.entity.Records
	product := &Product{
		ID:          w.entity.Key,
		ProductType: string(schema.Shared(records, "product_type")),
		BrandLine:   string(schema.Shared(records, "brand_line")),
		DisplayName: string(schema.Shared(records, "display_name")),
		Description: string(schema.Shared(records, "description")),
		Tags:        w.encodeTags(),
		Variants:    make([]Variant, len(w.variants)),
	}
	if active, ok := schema.ParseBoolean(schema.Shared(records, "active")); ok {
		product.Active = &active
	}
	product.AdditionalProperties = properties(records[0].Layout, "property.{name}", func(column int) []byte {
		return schema.Shared(records, records[0].Layout.Columns[column].Name)
	})
	for i := range w.variants {
		w.encodeVariant(i, product.Variants)
	}
	return product
}

// encodeTags returns the product's tags, never nil.
func (w *work) encodeTags() []Tag {
	tags := make([]Tag, 0, 8)
	for i := range w.product.Tags {
		name := w.product.Tags[i].Name
		start := len(tags)
		schema.Items(schema.Shared(w.entity.Records, tagColumn(name)), func(item []byte) bool {
			if slash := bytes.LastIndexByte(item, '/'); slash >= 0 {
				item = item[slash+1:] // a path of the category tree
			}
			if len(item) > 0 {
				tags = append(tags, Tag{name, string(item)})
			}
			return true
		})
		of := tags[start:]
		slices.SortFunc(of, func(a, b Tag) int { return cmp.Compare(a.Value, b.Value) })
		tags = tags[:start+len(slices.Compact(of))]
	}
	return tags
}

// tagColumn is the full name of a tag type's field.
func tagColumn(name string) string { return "tag." + name }

// properties gathers the values of a family of columns by their names; nil when there are none.
func properties(l *schema.Layout, family string, value func(column int) []byte) map[string]string {
	var properties map[string]string
	for _, column := range l.Family(family) {
		text := value(column)
		if len(text) == 0 {
			continue
		}
		if properties == nil {
			properties = make(map[string]string, len(l.Family(family)))
		}
		properties[l.Columns[column].Param] = string(text)
	}
	return properties
}

// encodeVariant fills the i-th variant of the body. Neighbours mostly share their colour, so texts
// that are the same as the last variant's are not copied again.
func (w *work) encodeVariant(i int, body []Variant) {
	v := &w.variants[i]
	r := &w.entity.Records[v.record]
	var last Variant
	var lastRecord *schema.Record
	if i > 0 {
		last, lastRecord = body[i-1], &w.entity.Records[w.variants[i-1].record]
	}
	body[i] = Variant{
		Barcode:            string(v.barcode),
		ColorOrPatternName: text(v.colour, last.ColorOrPatternName),
		ColorHexCodes:      list(r, lastRecord, w.hexCodes, last.ColorHexCodes),
		Colors:             list(r, lastRecord, w.colors, last.Colors),
		Themes:             list(r, lastRecord, w.themes, last.Themes),
		Images:             w.encodeImages(r, last.Images),
		Size:               Size{Type: v.size.kind.String(), Size: string(v.sizeText)},
	}
	if v.size.kind == otherSize {
		body[i].Size.Name = text(v.sizeName, last.Size.Name)
	}
	if len(cell(r, w.patternImage.url)) > 0 {
		image := encodeImage(r, &w.patternImage, Image{})
		body[i].PatternImage = &image
	}
	body[i].AdditionalProperties = properties(r.Layout, "variant_property.{name}", func(column int) []byte {
		return r.Values[column]
	})
}

// encodeImages returns the record's images in the order of their numbers.
func (w *work) encodeImages(r *schema.Record, last []Image) []Image {
	count := 0
	for i := range w.images {
		if len(cell(r, w.images[i].url)) > 0 {
			count++
		}
	}
	if count == 0 {
		return nil
	}
	images := make([]Image, 0, count)
	for i := range w.images {
		if len(cell(r, w.images[i].url)) == 0 {
			continue
		}
		var before Image
		if len(images) < len(last) {
			before = last[len(images)]
		}
		images = append(images, encodeImage(r, &w.images[i], before))
	}
	return images
}

func encodeImage(r *schema.Record, image *imageColumns, before Image) Image {
	return Image{
		URL:               text(cell(r, image.url), before.URL),
		Orientation:       text(cell(r, image.orientation), before.Orientation),
		Composition:       text(cell(r, image.composition), before.Composition),
		ProductionSetting: text(cell(r, image.setting), before.ProductionSetting),
	}
}

// text is the value as a string; the one before is taken when it is the same.
func text(value []byte, before string) string {
	if before == string(value) {
		return before
	}
	return string(value)
}

// list returns the values that a record's cell lists, each once, in the cell's order; those of the
// record before when its cell is the same.
func list(r, before *schema.Record, column int, last []string) []string {
	value := cell(r, column)
	if len(value) == 0 {
		return nil
	}
	if before != nil && bytes.Equal(value, cell(before, column)) {
		return last
	}
	var items []string
	var known map[string]bool // of long lists only, lest a hostile cell takes the square of its length
	schema.Items(value, func(item []byte) bool {
		if len(items) == longList && known == nil {
			known = setOf(items)
		}
		if len(item) == 0 || known == nil && contains(items, item) || known[string(item)] {
			return true
		}
		items = append(items, string(item))
		if known != nil {
			known[items[len(items)-1]] = true
		}
		return true
	})
	return items
}

// longList is how many values are looked through one by one.
const longList = 32

func setOf(items []string) map[string]bool {
	set := make(map[string]bool, 2*len(items))
	for _, item := range items {
		set[item] = true
	}
	return set
}

func contains(items []string, item []byte) bool {
	for _, known := range items {
		if known == string(item) {
			return true
		}
	}
	return false
}
