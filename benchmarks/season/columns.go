package season

import (
	"strconv"
	"strings"
)

// variant is one row's subject.
type variant struct {
	*product
	number int // of the product, from 0
	colour *colour
	size   string
}

// column is a column of the feed: its name, whether it tells of the product or of the variant, and
// its text. product_id is on every row.
type column struct {
	name   string
	shared bool
	append func(b []byte, v *variant) []byte
}

var columns = []column{
	{"product_id", false, appendStyleNumber},
	{"active", true, func(b []byte, v *variant) []byte { return strconv.AppendBool(b, v.active) }},
	{"product_type", true, func(b []byte, v *variant) []byte { return append(b, v.style.productType...) }},
	{"brand_line", true, func(b []byte, v *variant) []byte { return append(b, v.style.line...) }},
	{"display_name", true, appendDisplayName},
	{"description", true, appendDescription},
	{"tag.GENDER", true, func(b []byte, v *variant) []byte { return append(b, v.style.gender...) }},
	{"tag.AGE", true, func(b []byte, v *variant) []byte { return append(b, v.style.age...) }},
	{"tag.COLLECTION", true, appendCollection},
	{"tag.CATEGORY", true, func(b []byte, v *variant) []byte { return append(b, v.style.category...) }},
	{"tag.FABRIC", true, func(b []byte, v *variant) []byte { return append(b, v.cloth.fabric...) }},
	{"tag.MATERIAL", true, func(b []byte, v *variant) []byte { return append(b, v.cloth.material...) }},
	{"tag.SLEEVE_TYPE", true, func(b []byte, v *variant) []byte { return append(b, v.style.sleeve...) }},
	{"tag.HEEL_HEIGHT", true, func(b []byte, v *variant) []byte { return append(b, v.style.heel...) }},
	{"tag.FIT", true, func(b []byte, v *variant) []byte { return append(b, v.fit...) }},
	{"tag.STYLE", true, func(b []byte, v *variant) []byte { return append(b, v.look...) }},
	{"property.care", true, func(b []byte, v *variant) []byte { return append(b, v.cloth.care...) }},
	{"property.country_of_origin", true, func(b []byte, v *variant) []byte { return append(b, v.origin...) }},
	{"barcode", false, appendBarcode},
	{"color_or_pattern_name", false, func(b []byte, v *variant) []byte { return append(b, v.colour.name...) }},
	{"colors", false, func(b []byte, v *variant) []byte { return append(b, v.colour.colors...) }},
	{"color_hex_codes", false, func(b []byte, v *variant) []byte { return append(b, v.colour.hex...) }},
	{"size_type", false, func(b []byte, v *variant) []byte { return append(b, v.style.sizeType...) }},
	{"size", false, func(b []byte, v *variant) []byte { return append(b, v.size...) }},
	{"size_name", false, func(b []byte, v *variant) []byte { return append(b, v.style.sizeName...) }},
	{"themes", false, func(b []byte, v *variant) []byte { return append(b, v.product.themes...) }},
	{"image_1", false, func(b []byte, v *variant) []byte { return appendImage(b, v, "front") }},
	{"image_1.orientation", false, constant("FRONT")},
	{"image_1.composition", false, func(b []byte, v *variant) []byte { return append(b, v.style.composition...) }},
	{"image_1.production_setting", false, constant("STUDIO_PHOTOGRAPHY")},
	{"image_2", false, func(b []byte, v *variant) []byte { return appendImage(b, v, "back") }},
	{"image_2.orientation", false, constant("BACK")},
	{"image_2.composition", false, func(b []byte, v *variant) []byte { return append(b, v.style.composition...) }},
	{"image_2.production_setting", false, constant("STUDIO_PHOTOGRAPHY")},
	{"pattern_image", false, appendPatternImage},
	{"variant_property.sku", false, appendSKU},
}

func constant(text string) func([]byte, *variant) []byte {
	return func(b []byte, _ *variant) []byte { return append(b, text...) }
}

// appendStyleNumber writes a number like LD22-01042: what it is, the season, and a serial number.
func appendStyleNumber(b []byte, v *variant) []byte {
	b = append(b, v.style.letters...)
	b = append(b, "22-"...)
	return appendPadded(b, uint64(v.serial)+1001, 5)
}

func appendDisplayName(b []byte, v *variant) []byte {
	b = append(b, v.name...)
	b = append(b, ' ')
	b = append(b, v.cloth.word...)
	b = append(b, ' ')
	return append(b, v.style.noun...)
}

func appendDescription(b []byte, v *variant) []byte {
	b = append(b, `The "`...)
	b = append(b, v.name...)
	b = append(b, `" `...)
	b = append(b, strings.ToLower(v.style.noun)...)
	b = append(b, " is made of "...)
	b = append(b, strings.ToLower(v.cloth.word)...)
	b = append(b, ", "...)
	b = append(b, v.style.detail...)
	b = append(b, " Made in "...)
	b = append(b, v.origin...)
	return append(b, '.')
}

func appendCollection(b []byte, v *variant) []byte {
	if v.capsule {
		return append(b, "ss22|capsule"...)
	}
	return append(b, "ss22"...)
}

// appendBarcode writes a number of 13 digits that no other variant has, the last one its check
// digit. Those of a company in North America begin with 0.
func appendBarcode(b []byte, v *variant) []byte {
	number := 405_000_000_000 + uint64(v.serial)*maxVariants + uint64(v.number)
	if v.leading0 {
		number -= 332_000_000_000
	}
	start := len(b)
	b = appendPadded(b, number, 12)
	sum := 0
	for i, digit := range b[start:] {
		sum += int(digit-'0') * (1 + i%2*2)
	}
	return append(b, byte('0'+(10-sum%10)%10))
}

func appendPadded(b []byte, number uint64, digits int) []byte {
	text := strconv.AppendUint(make([]byte, 0, 20), number, 10)
	for range digits - len(text) {
		b = append(b, '0')
	}
	return append(b, text...)
}

// appendImage writes an address like https://images.example.com/ss22/ld22-01042-navy-front.jpg.
func appendImage(b []byte, v *variant, side string) []byte {
	b = append(b, "https://images.example.com/ss22/"...)
	b = appendStyleNumber(b, v)
	b = append(b, '-')
	b = append(b, v.colour.slug...)
	b = append(b, '-')
	b = append(b, side...)
	return append(b, ".jpg"...)
}

// appendPatternImage writes an image for patterns only.
func appendPatternImage(b []byte, v *variant) []byte {
	if !v.colour.pattern {
		return b
	}
	return appendImage(b, v, "pattern")
}

func appendSKU(b []byte, v *variant) []byte {
	b = appendStyleNumber(b, v)
	b = append(b, '-')
	b = append(b, v.colour.slug...)
	b = append(b, '-')
	return strconv.AppendInt(b, int64(v.number%len(v.sizes))+1, 10)
}
