package fashiontrade

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// shownProduct is a product as the vendor answers it: what is sent, and the read-only members.
type shownProduct struct {
	ID                   string           `json:"id"`
	Active               *bool            `json:"active"`
	ProductType          string           `json:"product_type"`
	BrandLine            string           `json:"brand_line"`
	Tags                 []Tag            `json:"tags"`
	DisplayName          string           `json:"display_name"`
	Description          string           `json:"description"`
	Variants             []shownVariant   `json:"variants"`
	AdditionalProperties map[string]plain `json:"additional_properties"`
	FashionTradeID       plain            `json:"fashion_trade_id"`
}

type shownVariant struct {
	Barcode              string           `json:"barcode"`
	ColorOrPatternName   string           `json:"color_or_pattern_name"`
	ColorHexCodes        []string         `json:"color_hex_codes"`
	Colors               []string         `json:"colors"`
	Themes               []string         `json:"themes"`
	PatternImage         *Image           `json:"pattern_image"`
	Images               []Image          `json:"images"`
	AdditionalProperties map[string]plain `json:"additional_properties"`
	Size                 shownSize        `json:"size"`
}

type shownSize struct {
	Size
	Category     plain `json:"category"`
	LowerBound   plain `json:"lower_bound"`
	UpperBound   plain `json:"upper_bound"`
	SleeveLength plain `json:"sleeve_length"`
}

// plain is a JSON text, number or truth value as text. Anything else stays JSON, and null is empty.
type plain string

// UnmarshalJSON takes any value.
func (p *plain) UnmarshalJSON(value []byte) error {
	*p = plain(vendors.ShownText(value))
	return nil
}

// readShown reads a product, and with others also the members that the document does not know, by
// their place in it: "variants.2.season".
func readShown(body []byte, others bool) (p *shownProduct, unknown map[string]string, err error) {
	p = new(shownProduct)
	if others {
		strict := json.NewDecoder(bytes.NewReader(body))
		strict.DisallowUnknownFields()
		if strict.Decode(p) == nil {
			return p, nil, nil
		}
		p = new(shownProduct)
	}
	if err := json.Unmarshal(body, p); err != nil {
		return nil, nil, fmt.Errorf("the vendor's answer is not a product: %w", err)
	}
	if others {
		unknown = productShape.Others(body)
	}
	return p, unknown, nil
}

var (
	imageShape   = vendors.Shape{"url": nil, "orientation": nil, "composition": nil, "production_setting": nil}
	productShape = vendors.Shape{"id": nil, "active": nil, "product_type": nil, "brand_line": nil, "display_name": nil,
		"description": nil, "additional_properties": nil, "fashion_trade_id": nil,
		"tags": {"type": nil, "value": nil},
		"variants": {"barcode": nil, "color_or_pattern_name": nil, "color_hex_codes": nil, "colors": nil, "themes": nil,
			"additional_properties": nil, "pattern_image": imageShape, "images": imageShape,
			"size": {"size": nil, "size_name": nil, "type": nil, "category": nil, "lower_bound": nil,
				"upper_bound": nil, "sleeve_length": nil}}}
)

// decodeProduct is the inverse of encode: a row for each variant, in encode's order, what belongs to
// the product on the first of them. Tags of types that no version knows get columns of their own, and
// members that the document does not know, and properties whose names no column can carry, stand
// under "other.": an export shows them, and an import tells that it leaves them out.
func decodeProduct(body []byte) ([]map[string]string, error) {
	p, unknown, err := readShown(body, true)
	if err != nil {
		return nil, err
	}
	order := p.sorted()
	rows := make([]map[string]string, max(1, len(order)))
	for i := range rows {
		rows[i] = make(map[string]string, 16)
		fillCell(rows[i], "product_id", p.ID)
	}
	for i, at := range order {
		p.Variants[at].decode(rows[i])
	}
	p.decode(rows[0])
	for path, value := range unknown {
		row, name := 0, path
		if rest, ok := strings.CutPrefix(path, "variants."); ok {
			number, below, _ := strings.Cut(rest, ".")
			if at, err := strconv.Atoi(number); err == nil && slices.Contains(order, at) {
				row, name = slices.Index(order, at), "variants."+below
			}
		}
		fillCell(rows[row], "other."+name, value)
	}
	return rows, nil
}

// fillCell gives a row a value, unless it is empty.
func fillCell(row map[string]string, name, value string) {
	if value != "" {
		row[name] = value
	}
}

// sorted lists the variants in encode's order.
func (p *shownProduct) sorted() []int {
	variants := make([]variant, len(p.Variants))
	for i := range p.Variants {
		shown, v := &p.Variants[i], &variants[i]
		v.record, v.colour, v.barcode = i, cleanBytes(shown.ColorOrPatternName), cleanBytes(shown.Barcode)
		v.sizeText, v.sizeName = cleanBytes(shown.Size.Size.Size), cleanBytes(shown.Size.Name)
		if k, ok := findKind(cleanBytes(shown.Size.Type)); ok {
			v.size, v.sized = parseSize(k, v.sizeText)
		}
	}
	slices.SortFunc(variants, func(a, b variant) int { return a.compare(&b) })
	order := make([]int, len(variants))
	for i := range variants {
		order[i] = variants[i].record
	}
	return order
}

func (p *shownProduct) decode(row map[string]string) {
	if p.Active != nil {
		fillCell(row, "active", strconv.FormatBool(*p.Active))
	}
	fillCell(row, "product_type", p.ProductType)
	fillCell(row, "brand_line", p.BrandLine)
	fillCell(row, "display_name", p.DisplayName)
	fillCell(row, "description", p.Description)
	fillCell(row, "fashion_trade_id", string(p.FashionTradeID))
	tags := make(map[string][]string)
	for _, tag := range p.Tags {
		tags[tag.Type] = append(tags[tag.Type], tag.Value)
	}
	for name, values := range tags {
		slices.Sort(values)
		fillCell(row, tagColumn(name), schema.JoinItems(slices.Compact(values)))
	}
	decodeProperties(row, "property.", "additional_properties", p.AdditionalProperties)
}

func (v *shownVariant) decode(row map[string]string) {
	fillCell(row, "barcode", v.Barcode)
	fillCell(row, "color_or_pattern_name", v.ColorOrPatternName)
	fillCell(row, "colors", schema.JoinItems(v.Colors))
	fillCell(row, "color_hex_codes", schema.JoinItems(v.ColorHexCodes))
	fillCell(row, "themes", schema.JoinItems(v.Themes))
	fillCell(row, "size_type", v.Size.Type)
	fillCell(row, "size", v.Size.Size.Size)
	fillCell(row, "size_name", v.Size.Name)
	fillCell(row, "size.category", string(v.Size.Category))
	fillCell(row, "size.lower_bound", string(v.Size.LowerBound))
	fillCell(row, "size.upper_bound", string(v.Size.UpperBound))
	fillCell(row, "size.sleeve_length", string(v.Size.SleeveLength))
	if v.PatternImage != nil {
		v.PatternImage.decode(row, "pattern_image")
	}
	for i := range v.Images {
		name := "image_" + strconv.Itoa(i+1)
		if i >= mostImages {
			name = "other.variants.images." + strconv.Itoa(i)
		}
		v.Images[i].decode(row, name)
	}
	decodeProperties(row, "variant_property.", "variants.additional_properties", v.AdditionalProperties)
}

// mostImages is how far the numbers of image columns go.
const mostImages = 999

func (image *Image) decode(row map[string]string, name string) {
	fillCell(row, name, image.URL)
	fillCell(row, name+".orientation", image.Orientation)
	fillCell(row, name+".composition", image.Composition)
	fillCell(row, name+".production_setting", image.ProductionSetting)
}

// decodeProperties gives each property its column; those whose names cannot be columns' stand
// together as JSON.
func decodeProperties(row map[string]string, family, member string, properties map[string]plain) {
	odd := make(map[string]plain)
	for name, value := range properties {
		if !namesColumn(name) {
			odd[name] = value
			continue
		}
		fillCell(row, family+name, string(value))
	}
	if len(odd) > 0 {
		text, _ := json.Marshal(odd) // texts always can be
		fillCell(row, "other."+member, string(text))
	}
}

// namesColumn reports whether a column can be called so and be found by that name again: readers of
// feeds take blanks around names away, and line breaks out of them.
func namesColumn(name string) bool {
	return name != "" && len(schema.Trim([]byte(name))) == len(name) &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' || r == '\u0085' })
}
