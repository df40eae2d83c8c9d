// Package vocabulary holds the words of FashionTrade's product API as its document lists them: tags,
// categories, colours, image attributes, sizes and media types. It is data; a test compares it with
// the document.
package vocabulary

import "strings"

// Product is what one version of the product resource lists.
type Product struct {
	Version    string
	Tree       int        // line of the document where the category tree begins
	Tags       []TagType  // in the document's order
	Categories []Category // in the order of the tree, a parent before its children
}

// A TagType is one kind of tag with the values it takes, letter for letter.
type TagType struct {
	Name   string
	Line   int // of the document
	Values []string
}

// A Category is one node of the category tree. A name stands in a tree once.
type Category struct {
	Name   string
	Parent string // empty at the top
}

// Products lists the versions of the product resource, the default first.
var Products = []*Product{Product2, Product1}

// Tag returns the tag type of this name, nil when the version has none.
func (p *Product) Tag(name string) *TagType {
	for i := range p.Tags {
		if p.Tags[i].Name == name {
			return &p.Tags[i]
		}
	}
	return nil
}

// Category returns the category of this name, nil when the version has none.
func (p *Product) Category(name string) *Category {
	for i := range p.Categories {
		if p.Categories[i].Name == name {
			return &p.Categories[i]
		}
	}
	return nil
}

// Path returns a category with all those above it, the topmost first: clothing/accessory/bag/clutch.
// It is empty when the version has no such category.
func (p *Product) Path(name string) string {
	var names []string
	for c := p.Category(name); c != nil; c = p.Category(c.Parent) {
		names = append([]string{c.Name}, names...)
	}
	return strings.Join(names, "/")
}

// Under reports whether a category is the other one or stands anywhere below it.
func (p *Product) Under(name, above string) bool {
	for c := p.Category(name); c != nil; c = p.Category(c.Parent) {
		if c.Name == above {
			return true
		}
	}
	return false
}

// BaseURL is the address of production.
const BaseURL = "https://api.fashiontrade.com/pim"

// A Resource is one thing that the API stores, with the media type it travels as.
type Resource struct {
	Name      string // "product"
	MediaType string // without its version
	Versions  []string
}

// Resources lists what the API stores, with all versions that it knows.
var Resources = []Resource{
	{"product", "application/vnd.fashiontrade.product+json", []string{"1", "2"}},
	{"product_stock", "application/vnd.fashiontrade.product_stock+json", []string{"1", "2"}},
	{"price_list", "application/vnd.fashiontrade.price_list+json", []string{"1"}},
	{"prepack", "application/vnd.fashiontrade.prepack+json", []string{"1"}},
	{"prepack_stock", "application/vnd.fashiontrade.prepack_stock+json", []string{"1"}},
	{"prepack_price_list", "application/vnd.fashiontrade.prepack_price_list+json", []string{"1"}},
}

// MediaType returns the media type of a resource with its version, as headers carry it.
func MediaType(resource, version string) string {
	return "application/vnd.fashiontrade." + resource + "+json; version=" + version
}

// ProductTypes are the values of the deprecated product_type.
var ProductTypes = []string{"CLOTHING", "FOOTWEAR", "FURNITURE", "TOYS"}

// Colors are the values of a variant's colors. MULTI stands only in the definition of Variant.
var Colors = []string{
	"BLACK", "BLUE", "RED", "GREEN", "PINK", "WHITE", "BEIGE", "PURPLE", "GREY", "ORANGE", "YELLOW", "BROWN",
	"GOLD", "SILVER", "METALLIC", "OFF_WHITE", "TURQUOISE", "MULTI",
}

// Orientations are the values of an image's orientation.
var Orientations = []string{"FRONT", "SIDE", "LEFT", "RIGHT", "BACK", "TOP", "BOTTOM"}

// Compositions are the values of an image's composition.
var Compositions = []string{
	"ON_MODEL", "FREE_STANDING", "LIFESTYLE", "PRODUCT_DETAIL", "GHOST_MANNEQUIN", "ON_HANGER", "FLAT",
	"FABRIC_CLOSEUP",
}

// ProductionSettings are the values of an image's production_setting.
var ProductionSettings = []string{"STUDIO_PHOTOGRAPHY", "CASUAL_PHOTOGRAPHY", "SKETCH", "RENDER"}
