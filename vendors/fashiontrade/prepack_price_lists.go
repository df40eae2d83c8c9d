package fashiontrade

import (
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// PrepackPriceLists are the prices of prepacks. The document gives no minimum for the retail price of a
// prepack, and names the selector's type for neither kind of list; the one of price lists is taken.
var PrepackPriceLists = (&priceKind{
	name:     "prepack-price-lists",
	resource: "prepack_price_list",
	noun:     vendors.Noun{One: "prepack price list", Many: "prepack price lists"},
	doc:      "create and replace price lists with the prices of prepacks",
	targets:  []string{"barcode"},
	refers:   []vendors.Reference{{Field: "barcode", Resource: "prepacks"}},
	least:    [3]*leastRule{{}, {1, 3558, true}, {1, 3550, true}},
	fields: func() schema.Schema {
		return listSchema(3575, 3804, 3568, schema.Schema{
			{Name: "barcode", Clause: clause(3624), Required: true, Example: "4006381999007", Checks: barcodeChecks,
				Doc: "The barcode of the prepack that the price is of; format the column as text.",
				Synonyms: []string{"prepack", "prepack barcode", "prepack ean", "ean", "ean code", "ean13", "gtin", "upc", "strichcode",
					"streepjescode", "code-barres", "codice a barre"}},
			priceField("recommended_retail_price", 3534, true, "What the vendor recommends shops to ask, in price_unit.", "47970",
				retailNames...),
			priceField("wholesale_price", 3554, true, "What a retailer pays for the prepack, in price_unit.", "19200", wholesaleNames...),
			priceField("wholesale_discounted_price", 3546, false,
				"What a retailer pays for the prepack with the discount, in price_unit.", "17280", discountNames...),
		})
	},
	example: []map[string]string{
		{"barcode": "4006381999007", "recommended_retail_price": "47970", "wholesale_price": "19200",
			"wholesale_discounted_price": "17280"},
		{"barcode": "4006381999014", "recommended_retail_price": "29970", "wholesale_price": "12000"},
	},
}).listed()
