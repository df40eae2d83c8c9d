package faire

import (
	"encoding/json"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
)

// Products is the product resource.
var Products = &vendors.Resource{
	Name:      "products",
	Doc:       "create, change and delete products with their variants, prices and images",
	Noun:      vendors.Noun{One: "product", Many: "products"},
	Schema:    productSchema(),
	Rules:     productRules,
	Against:   productAgainst,
	Key:       "product_key",
	Unique:    []string{"sku"},
	RowKey:    []string{"variant_id"},
	Batch:     1,
	Repeat:    vendors.ByToken,
	Encode:    encodeProduct,
	Upload:    uploadProducts,
	ReadBack:  readBackProduct,
	Trace:     traceProduct,
	Pages:     pages,
	Filters:   productFilters,
	Changed:   "updated_at_min",
	Stamp:     changedAt,
	Aliases:   aliases,
	Prepare:   prepareTaxonomies,
	Amend:     amendProduct,
	Decode:    decodeProduct,
	Canonical: canonicalProduct,
	Delete:    deleteProduct,
	Publish:   &vendors.Publishing{Fields: []string{"lifecycle_state", "variant_lifecycle_state"}, Draft: vocabulary.Draft, Live: vocabulary.Published},
	Example:   productExample,
}

// productFilters are the filters of the list of products (faire:197).
var productFilters = []vendors.Filter{
	{Name: "updated_at_min", Doc: "only products changed since this time, with its zone: 2026-09-01T00:00:00Z"},
	{Name: "sku", Doc: "only products with a variant of this SKU"},
	{Name: "include_deleted", Doc: "true: deleted products too"},
}

// changedAt is when a product was last changed; the zero time when that cannot be told.
func changedAt(stored vendors.Stored) time.Time {
	var p listed
	if json.Unmarshal(stored.Body, &p) != nil {
		return time.Time{}
	}
	at, _ := readTime(p.UpdatedAt)
	return at
}

// productExample is a product of two colours and two sizes.
var productExample = []map[string]string{
	{"product_key": "LD-1042", "name": "Linen midi dress", "lifecycle_state": "PUBLISHED",
		"short_description": "A washed linen dress for warm days",
		"description":       "Sleeveless dress of washed linen with side pockets.",
		"unit_multiplier":   "2", "minimum_order_quantity": "4", "taxonomy_type.id": "tt_23nl3bzl00",
		"option_names": "Color|Size",
		"preorderable": "true", "preorder_details.order_by_date": "2026-06-01", "preorder_details.expected_ship_date": "2026-08-01",
		"preorder_details.expected_ship_window_end_date": "2026-08-15",
		"image_1": "https://images.example.com/ld-1042.jpg", "image_1.tags": "Hero",
		"sku": "LD-1042-RED-S", "option.Color": "Maraschino", "option.Size": "S", "tariff_code": "620442",
		"price.USA.wholesale": "28.99", "price.USA.retail": "59.00", "price.USA.currency": "USD",
		"price.CAN.wholesale": "38.50", "price.CAN.retail": "79.00", "price.CAN.currency": "CAD",
		"available_quantity": "42", "variant_image_1": "https://images.example.com/ld-1042-red.jpg"},
	{"product_key": "LD-1042", "sku": "LD-1042-RED-M", "option.Color": "Maraschino", "option.Size": "M", "tariff_code": "620442",
		"price.USA.wholesale": "28.99", "price.USA.retail": "59.00", "price.USA.currency": "USD",
		"price.CAN.wholesale": "38.50", "price.CAN.retail": "79.00", "price.CAN.currency": "CAD",
		"available_quantity": "36", "variant_image_1": "https://images.example.com/ld-1042-red.jpg"},
	{"product_key": "LD-1042", "sku": "LD-1042-BLUE-S", "option.Color": "Sky", "option.Size": "S", "tariff_code": "620442",
		"price.USA.wholesale": "28.99", "price.USA.retail": "59.00", "price.USA.currency": "USD",
		"price.CAN.wholesale": "38.50", "price.CAN.retail": "79.00", "price.CAN.currency": "CAD",
		"available_quantity": "0", "backordered_until": "2026-09-01T00:00:00Z",
		"variant_image_1": "https://images.example.com/ld-1042-blue.jpg"},
}
