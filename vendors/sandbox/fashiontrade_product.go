package sandbox

import (
	"fmt"
	"strconv"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// newProducts makes the collection of products.
func newProducts(s *store) *collection {
	p := &products{tags: make(map[string]map[string]map[string]bool)}
	for _, version := range vocabulary.Products {
		p.tags[version.Version] = make(map[string]map[string]bool)
		for _, kind := range version.Tags {
			values := make(map[string]bool)
			for _, value := range kind.Values {
				values[value] = true
			}
			p.tags[version.Version][kind.Name] = values
		}
	}
	p.members = productMembers()
	p.variantMembers = variantMembers()
	p.sizes = newSizes()
	return &collection{noun: "product", resource: "product", latest: 2, store: s, check: p.check, show: p.show}
}

// products checks products against the definitions of the document.
type products struct {
	tags           map[string]map[string]map[string]bool // version, type, value
	members        []member
	variantMembers []member
	sizes          sizes
}

func productMembers() []member {
	return []member{
		{name: "active", check: anyBoolean},
		{name: "additional_properties", check: textMap},
		{name: "brand_line", check: anyText},
		{name: "description", check: anyText},
		{name: "display_name", required: true, check: someText},
		{name: "id", required: true, check: someText},
		{name: "product_type", check: oneOf(vocabulary.ProductTypes)},
		{name: "tags", required: true, check: listOf(0, objectOf(tagMembers()))},
		{name: "variants", required: true, check: listOf(1, anyObject)},
		{name: "fashion_trade_id", readOnly: true},
	}
}

func variantMembers() []member {
	image := objectOf(imageMembers())
	return []member{
		{name: "additional_properties", check: textMap},
		{name: "barcode", required: true, check: someText},
		{name: "color_hex_codes", check: listOf(0, hexCode)},
		{name: "color_or_pattern_name", required: true, check: someText},
		{name: "colors", required: true, check: listOf(1, oneOf(vocabulary.Colors))},
		{name: "images", check: listOf(0, image)},
		{name: "pattern_image", check: image},
		{name: "size", required: true, check: anyObject},
		{name: "themes", check: listOf(0, anyText)},
	}
}

func tagMembers() []member {
	return []member{{name: "type", required: true, check: anyText}, {name: "value", required: true, check: anyText}}
}

func imageMembers() []member {
	return []member{
		{name: "composition", check: oneOf(vocabulary.Compositions)},
		{name: "orientation", check: oneOf(vocabulary.Orientations)},
		{name: "production_setting", check: oneOf(vocabulary.ProductionSettings)},
		{name: "url", required: true, check: address},
	}
}

// hexCode wants six hexadecimal digits without #, as in the document's sample.
func hexCode(n *node) error {
	if err := kind(n, jsonText); err != nil {
		return err
	}
	if _, err := strconv.ParseUint(n.text, 16, 32); err != nil || len(n.text) != 6 {
		return misfitf("%q must be six hexadecimal digits", n.text)
	}
	return nil
}

// check applies every rule for a product of the version.
func (p *products) check(version int, body node) (checked, error) {
	if err := object(&body, p.members); err != nil {
		return checked{}, err
	}
	if err := p.checkTags(strconv.Itoa(version), &body); err != nil {
		return checked{}, err
	}
	additions, err := p.checkVariants(&body)
	return checked{body.textOf("id"), additions}, err
}

func (p *products) checkTags(version string, body *node) error {
	tags, _ := body.member("tags")
	for i := range tags.items {
		name, value := tags.items[i].textOf("type"), tags.items[i].textOf("value")
		values, ok := p.tags[version][name]
		field, reason := "value", fmt.Sprintf("%q is not a value of %s in version %s", value, name, version)
		if !ok {
			field, reason = "type", fmt.Sprintf("%q is not a tag type of version %s", name, version)
		}
		if !values[value] {
			return within(fmt.Sprintf("tags[%d]", i), within(field, misfitf("%s", reason)))
		}
	}
	return nil
}

// checkVariants checks the variants one by one and against each other, and returns what answers add
// to their sizes.
func (p *products) checkVariants(body *node) ([]addition, error) {
	variants, _ := body.member("variants")
	seen := newTwins(len(variants.items))
	var additions []addition
	for i := range variants.items {
		variant := &variants.items[i]
		added, err := p.checkVariant(variant, seen)
		if err != nil {
			return nil, within(fmt.Sprintf("variants[%d]", i), noted(err, variant))
		}
		additions = append(additions, added...)
	}
	return additions, nil
}

// noted adds the variant's barcode to a misfit, by which clients find the row.
func noted(err error, variant *node) error {
	if m, ok := err.(*misfit); ok && variant.textOf("barcode") != "" {
		m.note = "barcode " + variant.textOf("barcode")
	}
	return err
}

func (p *products) checkVariant(variant *node, seen *twins) ([]addition, error) {
	if err := object(variant, p.variantMembers); err != nil {
		return nil, err
	}
	n, _ := variant.member("size")
	size, err := p.sizes.read(n)
	if err != nil {
		return nil, within("size", err)
	}
	if err := seen.add(variant.textOf("barcode"), variant.textOf("color_or_pattern_name"), size.canonical); err != nil {
		return nil, err
	}
	if size.shown == "" {
		return nil, nil
	}
	return []addition{{n.end - 1, size.shown}}, nil
}

// twins finds variants of one product that cannot be told apart.
type twins struct {
	barcodes map[string]bool
	looks    map[[2]string]string // colour and size, to the barcode
}

func newTwins(variants int) *twins {
	return &twins{make(map[string]bool, variants), make(map[[2]string]string, variants)}
}

func (t *twins) add(barcode, color, size string) error {
	if t.barcodes[barcode] {
		return within("barcode", misfitf("%q is the barcode of another variant of this product", barcode))
	}
	look := [2]string{color, size}
	if other, ok := t.looks[look]; ok {
		return within("size", misfitf("color_or_pattern_name %q and this size are those of the variant with barcode %q too",
			color, other))
	}
	t.barcodes[barcode], t.looks[look] = true, barcode
	return nil
}

// show adds the read-only fields to a stored product.
func (p *products) show(body []byte) ([]byte, error) {
	n, err := parseJSON(body)
	if err != nil {
		return nil, fmt.Errorf("a stored product cannot be read: %w", err)
	}
	variants, _ := n.member("variants")
	var additions []addition
	for i := range variants.items {
		n, _ := variants.items[i].member("size")
		size, err := p.sizes.read(n)
		if err != nil {
			return nil, fmt.Errorf("a stored product cannot be read: %w", err)
		}
		if size.shown != "" {
			additions = append(additions, addition{n.end - 1, size.shown})
		}
	}
	return with(body, additions), nil
}
