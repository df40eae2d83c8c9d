package fashiontrade

import (
	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// PrepackStock is the stock of prepacks. It stores one batch at a time, and its Replace all batches of a
// prepack.
var PrepackStock = prepackStock()

func prepackStock() *vendors.Resource {
	fields := schema.Schema{prepackKey(4614, "the stock is of this prepack")}
	fields = append(fields, batchFields(3649, 3642, 4075, "prepack", false)...)
	batch := &vendors.Resource{
		Name:      "prepack-stock",
		Version:   "1",
		Doc:       "create and replace single stock batches of prepacks",
		Noun:      vendors.Noun{One: "stock batch", Many: "stock batches"},
		Schema:    append(fields, quantityField(3661, "the prepack")),
		Rules:     []*schema.Rule{windowType, windowOrder, countriesMixed, batchTwice},
		Key:       "barcode",
		Part:      "batch_id",
		Refers:    []vendors.Reference{{Field: "barcode", Resource: "prepacks"}},
		Batch:     1,
		Repeat:    vendors.Harmless,
		Rehearses: true,
		Example: []map[string]string{{"barcode": "4006381334006", "batch_id": "nl-spring", "display_name": "Spring 2026 NL",
			"countries": "NL|BE", "order_window.start_date": "2025-12-28T00:00:00Z", "order_window.end_date": "2026-06-30T00:00:00Z",
			"delivery_window.start_date": "2026-01-28T00:00:00Z", "quantity": "40"}},
	}
	api := &stockAPI{owner: "barcode", under: "prepack", single: true,
		listing: listing{path: "/prepack-stock", mediaType: vocabulary.MediaType("prepack_stock", "1")},
		owners: &collection{listing{path: "/prepacks", mediaType: vocabulary.MediaType("prepack", "1"), key: "barcode",
			noun: vendors.Noun{One: "prepack", Many: "prepacks"}}, canonicalPrepack},
		tracer: &tracer{barcode: "barcode", names: []string{"barcode", "batch_id"}}}
	return api.resources(batch, vendors.Noun{One: "stock of a prepack", Many: "stocks of prepacks"},
		"replace all stock batches of prepacks: those that the feed does not name are dropped")
}
