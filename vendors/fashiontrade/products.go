package fashiontrade

import (
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// Products is the product resource in its current version.
var Products = products(vocabulary.Product2)

// ProductsV1 is the product resource in version 1, for accounts that still hold that one.
var ProductsV1 = products(vocabulary.Product1)

func products(p *vocabulary.Product) *vendors.Resource {
	encoder := &encoder{product: p, allowed: allowedSizes(p)}
	noun := vendors.Noun{One: "product", Many: "products"}
	api := &collection{listing{path: "/products", mediaType: vocabulary.MediaType("product", p.Version), noun: noun}, canonicalProduct}
	return &vendors.Resource{
		Name:      "products",
		Version:   p.Version,
		Doc:       "create and replace products with their variants",
		Noun:      noun,
		Schema:    productSchema(p),
		Rules:     productRules,
		Key:       "product_id",
		Unique:    []string{"barcode"},
		RowKey:    []string{"barcode"},
		Batch:     1,
		Repeat:    vendors.Harmless,
		Encode:    encoder.encode,
		Upload:    api.upload,
		Trace:     productTracer.trace,
		Known:     api.known,
		Pages:     api.pages,
		Decode:    decodeProduct,
		Canonical: canonicalProduct,
		Rehearses: true,
		Delete:    api.delete,
		DeleteAll: api.deleteAll,
		Example:   productExample(p),
	}
}

// productSchema lists the fields of the document's Product, then those of its Variant: one row is one
// variant. The ID comes first, since rows are one product by it.
func productSchema(p *vocabulary.Product) schema.Schema {
	fields := schema.Schema{
		{Name: "product_id", Clause: clause(3879), Required: true, Example: "LD-1042",
			Doc: "Your own number of the product; all rows that carry it are one product.",
			Synonyms: []string{"id", "style no", "style number", "style code", "style id", "style",
				"article number", "article no", "article code", "article", "item number", "item no", "product number",
				"product code", "product no", "model number", "model code", "parent sku", "handle",
				"artikelnummer", "artikelnr", "modellnummer", "produktnummer", "artikelcode", "productnummer",
				"modelnummer", "référence", "référence produit", "code article", "numéro d'article",
				"codice articolo", "codice prodotto", "codice modello"}},
		{Name: "active", Clause: clause(3844), Type: schema.Boolean, Shared: true, Example: "true",
			Doc:      "Whether retailers can see the product; true when left empty.",
			Synonyms: []string{"is active", "enabled", "aktiv", "actief", "actif", "attivo"}},
		{Name: "product_type", Clause: clause(3886), Shared: true, Example: "CLOTHING",
			Values: schema.NewValues(vocabulary.ProductTypes...), Explain: explainCase(vocabulary.ProductTypes, nil),
			Doc:      "One of four main kinds; the vendor asks for tag.CATEGORY in its place.",
			Synonyms: []string{"main category", "produkttyp", "type de produit", "tipo prodotto"}},
		{Name: "brand_line", Clause: clause(3858), Shared: true, Example: "Studio",
			Doc: "The line of the brand that the product belongs to.",
			Synonyms: []string{"line", "label", "sub brand", "markenlinie", "linie", "merklijn", "ligne",
				"linea"}},
		{Name: "display_name", Clause: clause(3872), Required: true, Shared: true, Example: "Linen midi dress",
			Doc: "The product's name as retailers see it.",
			Synonyms: []string{"name", "title", "product name", "product title", "style name",
				"article name", "article description", "item name", "bezeichnung", "artikelbezeichnung", "artikelname",
				"produktname", "titel", "naam", "productnaam", "artikelnaam", "omschrijving", "nom", "nom du produit",
				"désignation", "libellé", "nome", "nome prodotto"}},
		{Name: "description", Clause: clause(3865), Shared: true,
			Example: "Sleeveless dress of washed linen with side pockets.",
			Doc:     "A text about the product for retailers.",
			Synonyms: []string{"product description", "long description", "body", "body html", "details",
				"beschreibung", "produktbeschreibung", "langtext", "beschrijving", "productomschrijving", "descriptif",
				"descrizione"}},
	}
	for _, name := range tagTypes() {
		fields = append(fields, tagField(p, name))
	}
	fields = append(fields, schema.Field{Name: "property.{name}", Clause: clause(3851), Shared: true,
		Example: "Portugal", Doc: "A further property of the product, under the name that you give it."})
	return append(fields, variantSchema()...)
}

func variantSchema() schema.Schema {
	fields := schema.Schema{
		{Name: "barcode", Clause: clause(4138), Required: true, Example: "4006381333931", Checks: barcodeChecks,
			Doc: "The barcode or EAN of this colour and size; format the column as text, so that no digit is lost.",
			Synonyms: []string{"ean", "ean code", "ean13", "gtin", "gtin13", "upc", "upc code",
				"variant barcode", "strichcode", "streepjescode", "code-barres", "code barre",
				"codice a barre"}},
		{Name: "color_or_pattern_name", Clause: clause(4152), Required: true, Example: "Maraschino",
			Doc: "The brand's own name of the colour or pattern; with the size it tells the variants apart.",
			Synonyms: []string{"color", "colour", "color name", "colour name",
				"pattern name", "color description", "colour description", "farbe", "farbname", "farbbezeichnung", "kleur",
				"kleurnaam", "couleur", "nom de couleur", "coloris", "colore", "nome colore"}},
		{Name: "colors", Clause: clause(4159), Required: true, List: true, Example: "RED",
			Values: schema.NewValues(vocabulary.Colors...), Explain: explainCase(vocabulary.Colors, colorMeanings),
			Doc: "The colours that the variant contains, of the vendor's list, such as RED|WHITE.",
			Synonyms: []string{"main color", "main colour", "base color", "base colour", "basic color", "color group",
				"colour group", "color family", "colour family", "grundfarbe", "hauptfarbe", "farbgruppe", "kleurgroep",
				"hoofdkleur", "basiskleur", "couleur principale", "famille de couleur", "colore principale", "colore base"}},
		{Name: "color_hex_codes", Clause: clause(4145), List: true, Example: "ff0000", Checks: hexChecks,
			Doc:      "The colours as six hexadecimal digits without #, such as ff0000|ffffff.",
			Synonyms: []string{"color hex code", "hex", "hex code", "hex color", "rgb", "farbcode hex", "code hex"}},
		{Name: "size_type", Clause: clause(3976), Example: vocabulary.EuWomenSize,
			Values: schema.NewValues(vocabulary.SizeTypes...), Explain: explainCase(vocabulary.SizeTypes, sizeTypeMeanings),
			Doc: "What kind of size it is; may be left empty when the size and the product's tags leave only one.",
			Synonyms: []string{"size system", "size scale", "size class", "größensystem", "größentyp",
				"maattype", "maatsysteem", "type de taille", "système de taille", "tipo taglia"}},
		{Name: "size", Clause: clause(4178), Example: "38",
			Doc: "The size as its type is written; left empty only for OneSize.",
			Synonyms: []string{"size code", "size label", "size value", "größe", "groesse", "grösse", "maat", "taille",
				"pointure", "taglia", "misura", "numero"}},
		{Name: "size_name", Clause: clause(3468), Example: "Kimono size",
			Doc:      "For OtherSize only: what this kind of size is commonly called.",
			Synonyms: []string{"other size name", "größenname", "maatnaam", "nom de taille", "nome taglia"}},
		{Name: "themes", Clause: clause(4183), List: true, Example: "Riviera",
			Doc:      "The themes of the season that the variant belongs to.",
			Synonyms: []string{"theme", "thema", "themen", "thema's", "thème", "thèmes", "tema", "temi"}},
	}
	fields = append(fields, imageSchema("image_{n}", clause(4166), "An image of the variant, by number: its web address.",
		[]string{"image", "image url", "image src", "main image", "picture", "bild", "afbeelding", "photo", "foto", "immagine",
			"image url {n}", "picture {n}", "bild {n}", "afbeelding {n}", "photo {n}", "foto {n}",
			"immagine {n}"})...)
	fields = append(fields, imageSchema("pattern_image", clause(4173), "An image of the pattern: its web address.",
		[]string{"swatch", "swatch image", "musterbild", "patroonafbeelding", "image du motif"})...)
	return append(fields,
		schema.Field{Name: "variant_property.{name}", Clause: clause(4131), Example: "10 cm",
			Doc: "A further property of the variant, under the name that you give it."},
		schema.Field{Name: "size.category", Clause: clause(3002), ReadOnly: true,
			Doc: "The size category that the vendor understood."},
		schema.Field{Name: "size.lower_bound", Clause: clause(3198), ReadOnly: true, Type: schema.Decimal,
			Doc: "The smaller end of a range of shoe sizes, as the vendor understood it."},
		schema.Field{Name: "size.upper_bound", Clause: clause(3220), ReadOnly: true, Type: schema.Decimal,
			Doc: "The greater end of a range of shoe sizes, as the vendor understood it."},
		schema.Field{Name: "size.sleeve_length", Clause: clause(3174), ReadOnly: true, Type: schema.Integer,
			Doc: "The sleeve length of a shirt size, as the vendor understood it."},
		schema.Field{Name: "fashion_trade_id", Clause: clause(3324), ReadOnly: true, Shared: true,
			Doc: "The number under which the vendor keeps the product."})
}

func imageSchema(name, line, doc string, synonyms []string) schema.Schema {
	attribute := func(suffix string, line int, doc string, values []string) schema.Field {
		return schema.Field{Name: name + suffix, Clause: clause(line), Doc: doc, Example: values[0],
			Values: schema.NewValues(values...), Explain: explainCase(values, nil)}
	}
	return schema.Schema{
		{Name: name, Clause: line, Type: schema.URL, Doc: doc, Synonyms: synonyms,
			Example: "https://images.example.com/ld-1042-front.jpg"},
		attribute(".orientation", 3935, "The side that the image shows.", vocabulary.Orientations),
		attribute(".composition", 3930, "How the product is shown.", vocabulary.Compositions),
		attribute(".production_setting", 3940, "How the image was made.", vocabulary.ProductionSettings),
	}
}

// explainCase explains values that differ from a listed one in case, blanks and punctuation only,
// and words of feeds, in lower case, that mean a listed one.
func explainCase(list []string, meanings map[string]string) func(string) (message, suggestion string) {
	return func(value string) (message, suggestion string) {
		folded := lettersAndDigits(value)
		for _, listed := range list {
			if folded != "" && lettersAndDigits(listed) == folded {
				return strconv.Quote(value) + " must be written " + listed + ", letter for letter", listed
			}
		}
		if meant := meanings[strings.ToLower(value)]; meant != "" {
			return strconv.Quote(value) + " is not in the list; the vendor calls it " + meant, meant
		}
		return "", ""
	}
}

// colorMeanings are names of colours in feeds, in lower case, for those of the vendor.
var colorMeanings = map[string]string{
	"gray": "GREY", "multicolor": "MULTI", "multicolour": "MULTI", "multi-color": "MULTI", "multicoloured": "MULTI",
	"navy": "BLUE", "ecru": "OFF_WHITE", "cream": "OFF_WHITE", "ivory": "OFF_WHITE",
	"schwarz": "BLACK", "blau": "BLUE", "rot": "RED", "grün": "GREEN", "rosa": "PINK", "weiß": "WHITE",
	"weiss": "WHITE", "lila": "PURPLE", "grau": "GREY", "gelb": "YELLOW", "braun": "BROWN", "silber": "SILVER",
	"zwart": "BLACK", "blauw": "BLUE", "rood": "RED", "groen": "GREEN", "roze": "PINK", "wit": "WHITE",
	"paars": "PURPLE", "grijs": "GREY", "oranje": "ORANGE", "geel": "YELLOW", "bruin": "BROWN", "goud": "GOLD",
	"zilver": "SILVER",
	"noir":   "BLACK", "bleu": "BLUE", "rouge": "RED", "vert": "GREEN", "rose": "PINK", "blanc": "WHITE",
	"violet": "PURPLE", "gris": "GREY", "jaune": "YELLOW", "marron": "BROWN", "or": "GOLD", "argent": "SILVER",
	"nero": "BLACK", "blu": "BLUE", "rosso": "RED", "verde": "GREEN", "bianco": "WHITE", "viola": "PURPLE",
	"grigio": "GREY", "arancione": "ORANGE", "giallo": "YELLOW", "marrone": "BROWN", "oro": "GOLD",
	"argento": "SILVER",
}

// sizeTypeMeanings are names of size types in feeds, in lower case.
var sizeTypeMeanings = map[string]string{
	"one size": vocabulary.OneSize, "os": vocabulary.OneSize, "letter": vocabulary.CategoricalSize,
	"letters": vocabulary.CategoricalSize, "alpha": vocabulary.CategoricalSize, "jeans": vocabulary.JeansSize,
	"shoes": vocabulary.EuShoeSize, "shoe": vocabulary.EuShoeSize, "eu shoes": vocabulary.EuShoeSize,
	"women": vocabulary.EuWomenSize, "eu women": vocabulary.EuWomenSize, "men": vocabulary.EuMenSize,
	"eu men": vocabulary.EuMenSize, "uk women": vocabulary.UkWomenSize, "children": vocabulary.ChildrenSize,
	"kids": vocabulary.ChildrenSize, "age": vocabulary.ChildrenAgeSize, "other": vocabulary.OtherSize,
	"shirt": vocabulary.EuShirtSize,
}

// productExample is a product of two colours and two sizes.
func productExample(p *vocabulary.Product) []map[string]string {
	collection := "ss22"
	if p.Version == "1" {
		collection = "ss21" // its list ends there
	}
	first := map[string]string{
		"product_id": "LD-1042", "active": "true", "brand_line": "Studio", "display_name": "Linen midi dress",
		"description": "Sleeveless dress of washed linen with side pockets.",
		"tag.GENDER":  "female", "tag.AGE": "adult", "tag.COLLECTION": collection,
		"tag.FABRIC": "linen|woven", "tag.SLEEVE_TYPE": "sleeveless", "tag.CATEGORY": "clothing/dress/midi-dress",
		"property.care": "Machine wash at 30 °C",
	}
	variants := []map[string]string{
		{"barcode": "4006381333931", "color_or_pattern_name": "Maraschino", "colors": "RED", "color_hex_codes": "c8102e",
			"size": "36"},
		{"barcode": "4006381333948", "color_or_pattern_name": "Maraschino", "colors": "RED", "color_hex_codes": "c8102e",
			"size": "38"},
		{"barcode": "4006381333955", "color_or_pattern_name": "Deck stripe", "colors": "BLUE|WHITE",
			"color_hex_codes": "1f3a93|ffffff", "size": "38"},
	}
	for i, variant := range variants {
		variant["product_id"] = first["product_id"]
		variant["size_type"] = vocabulary.EuWomenSize
		variant["image_1"] = "https://images.example.com/ld-1042-" + strconv.Itoa(i+1) + ".jpg"
		variant["image_1.orientation"] = "FRONT"
		variant["image_1.composition"] = "ON_MODEL"
		variant["image_1.production_setting"] = "STUDIO_PHOTOGRAPHY"
	}
	for name, value := range first {
		variants[0][name] = value
	}
	return variants
}
