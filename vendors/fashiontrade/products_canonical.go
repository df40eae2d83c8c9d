package fashiontrade

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// canonicalProduct writes a product so that two that mean the same have the same bytes, whoever sent
// them: without read-only and unknown members, texts without blanks around them, active when nothing
// else is said ("defaults to true", fashiontrade:3844), tags, colours and themes as sets, variants by
// barcode, sizes in one spelling, colours' codes in lower case, and no empty members.
func canonicalProduct(body []byte) ([]byte, error) {
	p, _, err := readShown(body, false)
	if err != nil {
		return nil, err
	}
	active := p.Active == nil || *p.Active
	c := Product{ID: cleanText(p.ID), Active: &active, ProductType: cleanText(p.ProductType), BrandLine: cleanText(p.BrandLine),
		Tags: canonicalTags(p.Tags), DisplayName: cleanText(p.DisplayName), Description: cleanText(p.Description),
		Variants: make([]Variant, len(p.Variants)), AdditionalProperties: canonicalProperties(p.AdditionalProperties)}
	for i := range p.Variants {
		c.Variants[i] = p.Variants[i].canonical()
	}
	slices.SortStableFunc(c.Variants, func(a, b Variant) int { return strings.Compare(a.Barcode, b.Barcode) })
	return json.Marshal(&c)
}

func cleanBytes(text string) []byte { return schema.Trim([]byte(text)) }

func cleanText(text string) string { return string(cleanBytes(text)) }

func canonicalTags(shown []Tag) []Tag {
	tags := make([]Tag, 0, len(shown))
	for _, tag := range shown {
		if tag = (Tag{cleanText(tag.Type), cleanText(tag.Value)}); tag.Value != "" {
			tags = append(tags, tag)
		}
	}
	slices.SortFunc(tags, func(a, b Tag) int {
		if order := strings.Compare(a.Type, b.Type); order != 0 {
			return order
		}
		return strings.Compare(a.Value, b.Value)
	})
	return slices.Compact(tags)
}

func canonicalProperties(shown map[string]plain) map[string]string {
	properties := make(map[string]string, len(shown))
	for _, name := range slices.Sorted(maps.Keys(shown)) {
		if value := cleanText(string(shown[name])); value != "" {
			properties[name] = value
		}
	}
	return properties
}

func (v *shownVariant) canonical() Variant {
	c := Variant{Barcode: cleanText(v.Barcode), ColorOrPatternName: cleanText(v.ColorOrPatternName),
		ColorHexCodes: cleanItems(v.ColorHexCodes), Colors: cleanSet(v.Colors), Themes: cleanSet(v.Themes),
		AdditionalProperties: canonicalProperties(v.AdditionalProperties), Size: v.Size.canonical()}
	for i, code := range c.ColorHexCodes {
		c.ColorHexCodes[i] = strings.ToLower(code)
	}
	if v.PatternImage != nil && v.PatternImage.URL != "" {
		image := v.PatternImage.canonical()
		c.PatternImage = &image
	}
	for i := range v.Images {
		c.Images = append(c.Images, v.Images[i].canonical())
	}
	return c
}

func (image *Image) canonical() Image {
	return Image{cleanText(image.URL), cleanText(image.Orientation), cleanText(image.Composition), cleanText(image.ProductionSetting)}
}

// cleanItems is a list without blanks around its values, empty ones, and repetitions.
func cleanItems(list []string) []string {
	var kept []string
	known := make(map[string]bool, len(list))
	for _, item := range list {
		if item = cleanText(item); item != "" && !known[item] {
			known[item] = true
			kept = append(kept, item)
		}
	}
	return kept
}

// cleanSet is cleanItems in order.
func cleanSet(list []string) []string {
	kept := cleanItems(list)
	slices.Sort(kept)
	return kept
}

// canonical spells the size in one way. A size that its type does not take stays as it is.
func (s *shownSize) canonical() Size {
	c := Size{Type: cleanText(s.Type), Size: cleanText(s.Size.Size), Name: cleanText(s.Name)}
	k, ok := findKind([]byte(c.Type))
	if !ok {
		return c
	}
	if parsed, ok := parseSize(k, []byte(c.Size)); ok {
		c.Size = parsed.spell(c.Size)
	}
	return c
}

// spell writes the size in one way for all spellings of it. Letters for the width of a shoe, which the
// vendor reads over, are kept: who adds one means something by it.
func (s size) spell(text string) string {
	switch s.kind {
	case categorical:
		return vocabulary.SizeCategories[s.low].Spellings[0]
	case childrenAge:
		return spellRange(spellAge(s.low, s.unit), spellAge(s.high, s.unit))
	case euShirt:
		if s.high < 0 {
			return strconv.Itoa(int(s.low))
		}
		return fmt.Sprintf("%d-%d", s.low, s.high)
	case euShoe:
		if strings.ContainsFunc(text, func(r rune) bool { return 'A' <= r && r <= 'Z' }) {
			return strings.Join(strings.Fields(text), "")
		}
		return spellRange(spellHalves(s.low), spellHalves(s.high))
	case jeans:
		if s.high < 0 {
			return fmt.Sprintf("W%02d", s.low)
		}
		return fmt.Sprintf("W%02dL%02d", s.low, s.high)
	case oneSize:
		return ""
	case otherSize:
		return text
	default:
		return spellRange(strconv.Itoa(int(s.low)), strconv.Itoa(int(s.high)))
	}
}

func spellRange(low, high string) string {
	if low == high {
		return low
	}
	return low + "-" + high
}

func spellAge(n int16, unit byte) string { return strconv.Itoa(int(n)) + string(unit) }

func spellHalves(n int16) string {
	if n%2 == 1 {
		return strconv.Itoa(int(n/2)) + ".5"
	}
	return strconv.Itoa(int(n / 2))
}
