package faire

import (
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// sentStates are the states that a client may set: what is to go is deleted (faire:2049).
var sentStates = []string{vocabulary.Draft, vocabulary.Published, vocabulary.Unpublished}

// explainState explains states that are written otherwise, and those that are not a client's to set.
func explainState(value string) (message, suggestion string) {
	folded := strings.ToUpper(value)
	if folded == vocabulary.Deleted {
		return "DELETED cannot be loaded: take the row away, and delete what it names with bulkload delete", ""
	}
	if slices.Contains(sentStates, folded) {
		return strconv.Quote(value) + " must be written " + folded, folded
	}
	switch folded {
	case "ACTIVE", "LIVE", "ENABLED":
		return strconv.Quote(value) + " is not a state of Faire's; " + vocabulary.Published + " is what retailers see", vocabulary.Published
	case "INACTIVE", "ARCHIVED", "DISABLED", "HIDDEN":
		return strconv.Quote(value) + " is not a state of Faire's; " + vocabulary.Unpublished + " hides a product", vocabulary.Unpublished
	}
	return "", ""
}

// productSchema lists the fields of the document's Product, then those of its Variant: one row is one variant.
func productSchema() schema.Schema {
	return slices.Concat(schema.Schema{
		{Name: "product_key", Clause: clause(395), Required: true, Example: "LD-1042",
			Doc: "Your own number of the product; all rows that carry it are one product. It is not sent, but names it for good.",
			Synonyms: []string{"style", "style number", "style no", "style code", "handle", "parent sku", "product number",
				"article number", "item number", "model number", "product code", "artikelnummer", "modellnummer"}},
		{Name: "id", Clause: clause(169), Shared: true, Example: "p_123", Checks: idCheck(vocabulary.ProductID),
			Doc:      "The product's id at Faire, where it is known; a product is found by it first.",
			Synonyms: []string{"product id", "faire id", "faire product id", "product token"}},
		{Name: "name", Clause: clause(396), Shared: true, Example: "Linen midi dress",
			Doc:      "The product's name.",
			Synonyms: []string{"product name", "title", "product title", "display name", "style name"}},
		{Name: "lifecycle_state", Clause: clause(399), Shared: true, Example: vocabulary.Draft,
			Values: schema.NewValues(sentStates...), Explain: explainState,
			Doc:      "Whether retailers see the product: DRAFT, PUBLISHED or UNPUBLISHED. Left empty, it stays as it is, and a new product is a draft.",
			Synonyms: []string{"status", "product status", "state", "published"}},
		{Name: "short_description", Clause: clause(397), Shared: true, MaxRunes: textLimit("short_description"),
			Example: "A washed linen dress for warm days", Doc: "A description in a few words.",
			Synonyms: []string{"tagline", "subtitle", "summary"}},
		{Name: "description", Clause: clause(398), Shared: true, MaxRunes: textLimit("description"),
			Example: "Sleeveless dress of washed linen with side pockets.", Doc: "A description of the product.",
			Synonyms: []string{"long description", "product description", "body", "body html"}},
		{Name: "unit_multiplier", Clause: clause(400), Type: schema.Integer, Shared: true, Checks: atLeast(1), Example: "2",
			Doc:      "The case size: the product is bought in multiples of it.",
			Synonyms: []string{"case size", "case quantity", "case pack", "case pack size", "pack size"}},
		{Name: "minimum_order_quantity", Clause: clause(401), Type: schema.Integer, Shared: true, Checks: atLeast(0), Example: "4",
			Doc:      "The fewest units of an order, a multiple of unit_multiplier.",
			Synonyms: []string{"minimum order", "min order quantity", "moq", "minimum units"}},
		{Name: "per_style_minimum_order_quantity", Clause: clause(403), Type: schema.Integer, Shared: true, Checks: atLeast(0), Example: "0",
			Doc:      "The fewest units of one style in an order, in place of the two fields before; only with an option named Size, and only for new products.",
			Synonyms: []string{"per style minimum", "minimum per style", "open pack minimum"}},
		{Name: "option_names", Clause: clause(405), Shared: true, List: true, Example: "Color|Size",
			Doc: "The product's options in the order in which Faire sorts by them; left empty, the order of the option columns."},
		{Name: "option_values.{name}", Clause: clause(405), Shared: true, List: true, Example: "36|38|40",
			Doc: "All values of an option in the order in which Faire shows them; left empty, sizes from small to large, and others as they come."},
		{Name: "taxonomy_type.id", Clause: clause(408), Shared: true, Checks: idCheck(vocabulary.TaxonomyID), Example: "tt_23nl3bzl00",
			Doc: "The product type by its id in Faire's list.", Synonyms: []string{"taxonomy type id", "product type id", "taxonomy id"}},
		{Name: "taxonomy_type.name", Clause: clause(408), Shared: true, Example: "Dress",
			Doc:      "The product type by its name in Faire's list; the id goes before it.",
			Synonyms: []string{"taxonomy type", "product type", "taxonomy", "type", "category"}},
		{Name: "allow_sales_when_out_of_stock", Clause: clause(409), Type: schema.Boolean, Shared: true, Example: "false",
			Doc: "Whether the product stays for sale when its stock is used up.", Synonyms: []string{"sell when out of stock", "oversell", "continue selling"}},
		{Name: "preorderable", Clause: clause(410), Type: schema.Boolean, Shared: true, Example: "true",
			Doc: "Whether the product can be preordered; its dates are needed then.", Synonyms: []string{"preorder", "pre order", "is preorder"}},
	}, preorderSchema(), imageSchema("image_{n}", true, 407, "product", []string{"image", "images", "image url", "image src", "main image", "product image", "product image {n}", "image url {n}"}),
		schema.Schema{{Name: "price_unit", Clause: clause(1290), Shared: true, Example: inUnits, Values: schema.NewValues(inUnits, inCents),
			Doc: "In what prices are counted: units (28.99) or cents, the smallest unit of the currency (2899); units when left empty."}},
		variantFields(), readOnlyFields())
}

// variantFields lists the fields of one variant (faire:877).
func variantFields() schema.Schema {
	return slices.Concat(schema.Schema{
		{Name: "variant_id", Clause: clause(547), Example: "po_123", Checks: idCheck(vocabulary.VariantID),
			Doc:      "The variant's id at Faire, where it is known; a variant is found by it first.",
			Synonyms: []string{"faire variant id", "product variant id", "variant token", "product_variant_id"}},
		{Name: "sku", Clause: clause(882), Example: "LD-1042-RED-36",
			Doc:      "Your own number of the variant, unique in the whole account, letter for letter.",
			Synonyms: []string{"variant sku", "item sku", "seller sku"}},
		{Name: "option.{name}", Clause: clause(890), Example: "36",
			Doc: "The variant's value of an option, such as option.Size; it cannot change later."},
		{Name: "variant_lifecycle_state", Clause: clause(881), Example: vocabulary.Draft,
			Values: schema.NewValues(sentStates...), Explain: explainState,
			Doc: "Whether retailers see the variant; left empty, a new variant is as its product is.", Synonyms: []string{"variant status", "variant state"}},
		{Name: "tariff_code", Clause: clause(883), Checks: tariffChecks, Example: "620442",
			Doc:      "The customs tariff code, six digits; format the column as text, so that no zero is lost.",
			Synonyms: []string{"hs code", "hs6", "hs6 code", "hts code", "tariff", "customs code"}},
	}, priceSchema(), schema.Schema{
		{Name: "available_quantity", Clause: clause(887), Type: schema.Integer, Checks: atLeast(0), Example: "42",
			Doc:      "The stock of a new variant; later it is changed by loading faire/inventory.",
			Synonyms: []string{"quantity", "stock", "inventory", "on hand", "available"}},
		{Name: "backordered_until", Clause: clause(888), Checks: timeChecks, Example: "2026-09-01T00:00:00Z",
			Doc:      "When the variant will be back in stock, with its zone; until then it is not for sale.",
			Synonyms: []string{"backorder until", "back in stock"}},
	}, imageSchema("variant_image_{n}", false, 891, "variant", []string{"variant image", "variant image url", "variant image {n}"}))
}

// imageSchema lists the fields of numbered images (faire:2017).
func imageSchema(name string, shared bool, line int, of string, synonyms []string) schema.Schema {
	return schema.Schema{
		{Name: name, Clause: clause(line), Type: schema.URL, Shared: shared, Synonyms: synonyms,
			Example: "https://images.example.com/ld-1042.jpg", Doc: "An image of the " + of + ", by number: its web address, from which Faire loads it once."},
		{Name: name + ".tags", Clause: clause(2024), List: true, Shared: shared, Example: "Hero", Doc: "What Faire calls the image, such as Hero."},
		{Name: name + ".id", Clause: clause(2019), ReadOnly: true, Shared: shared, Doc: "Faire's id of the image."},
		{Name: name + ".width", Clause: clause(2020), ReadOnly: true, Shared: shared, Type: schema.Integer, Doc: "The image's width in pixels."},
		{Name: name + ".height", Clause: clause(2021), ReadOnly: true, Shared: shared, Type: schema.Integer, Doc: "The image's height in pixels."},
		{Name: name + ".sequence", Clause: clause(2022), ReadOnly: true, Shared: shared, Type: schema.Integer, Doc: "The image's place among the others, as Faire counts."},
	}
}

// readOnlyFields lists what Faire answers and does not take.
func readOnlyFields() schema.Schema {
	field := func(name string, line int, shared bool, doc string) schema.Field {
		return schema.Field{Name: name, Clause: clause(line), ReadOnly: true, Shared: shared, Doc: doc}
	}
	return schema.Schema{
		field("idempotence_token", 181, true, "The token with which the product was made."),
		field("brand_id", 170, true, "Faire's id of the brand."),
		field("sale_state", 172, true, "Whether the product can be bought, as Faire finds it."),
		field("created_at", 191, true, "When the product was made."),
		field("updated_at", 192, true, "When the product was last changed."),
		field("variant_idempotence_token", 801, false, "The token with which the variant was made."),
		field("variant_name", 803, false, "The variant's name, which Faire makes of its options."),
		field("variant_sale_state", 804, false, "Whether the variant can be bought, as Faire finds it."),
		field("variant_created_at", 812, false, "When the variant was made."),
		field("variant_updated_at", 813, false, "When the variant was last changed."),
		field("wholesale_price_cents", 808, false, "The wholesale price in cents of US dollars, which Faire has given up."),
		field("retail_price_cents", 807, false, "The retail price in cents of US dollars, which Faire has given up."),
	}
}

// textLimit is how long a text may be, in code points; 0: there is no limit.
func textLimit(field string) int {
	for _, limit := range vocabulary.TextLimits {
		if limit.Field == field {
			return limit.Most
		}
	}
	return 0
}
