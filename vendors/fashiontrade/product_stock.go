package fashiontrade

import (
	"slices"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// ProductStock is the stock of products in its current version. It stores one batch at a time, and its
// Replace all batches of a product.
var ProductStock = productStock("2")

// ProductStockV1 is the stock of products in version 1, in which batches and quantities are maps.
var ProductStockV1 = productStock("1")

func productStock(version string) *vendors.Resource {
	batch := &vendors.Resource{
		Name:    "product-stock",
		Version: version,
		Doc:     "create and replace single stock batches of products, with the quantities of their variants",
		Noun:    vendors.Noun{One: "stock batch", Many: "stock batches"},
		Schema:  productStockSchema(),
		Rules:   []*schema.Rule{windowType, windowOrder, countriesMixed, batchVariantTwice, noVariants},
		Key:     "product_id",
		Part:    "batch_id",
		RowKey:  []string{"barcode"},
		Refers: []vendors.Reference{{Field: "product_id", Resource: "products"},
			{Field: "barcode", Resource: "products", Part: "barcode", None: nobody}},
		Batch:     1,
		Repeat:    vendors.Harmless,
		Rehearses: true,
		Example: []map[string]string{
			{"product_id": "LD-1042", "batch_id": "nl-spring", "display_name": "Spring 2026 NL", "countries": "NL|BE",
				"order_window.start_date": "2025-12-28T00:00:00Z", "delivery_window.start_date": "2026-01-28T00:00:00Z",
				"delivery_window.end_date": "2026-03-31T23:59:59+02:00", "barcode": "4006381333931", "quantity": "120"},
			{"product_id": "LD-1042", "batch_id": "nl-spring", "barcode": "4006381333948", "quantity": "0"},
			{"product_id": "LD-1042", "batch_id": "nl-spring", "barcode": "4006381333955", "quantity": infinite},
		},
	}
	api := &stockAPI{owner: "product_id", under: "product", owners: productList, mapped: version == "1", emptied: true,
		listing: listing{path: "/product-stock", mediaType: vocabulary.MediaType("product_stock", version)},
		tracer: &tracer{barcode: "barcode", names: []string{"product_id", "batch_id", "barcode"},
			members: map[string]string{"value": "quantity", "type": "quantity"}}}
	return api.resources(batch, vendors.Noun{One: "stock of a product", Many: "stocks of products"},
		"replace all stock batches of products: those that the feed does not name are dropped")
}

// productList lists the products whose stock is asked for. It asks for the latest version, in which the
// vendor can tell of all.
var productList = &collection{listing{path: "/products", mediaType: vocabulary.MediaType("product", "2"),
	noun: vendors.Noun{One: "product", Many: "products"}}, canonicalProduct}

// resources completes a resource that stores single batches, and makes the one that replaces it.
func (s *stockAPI) resources(batch *vendors.Resource, all vendors.Noun, doc string) *vendors.Resource {
	batch.Unlisted = true
	whole := *batch
	whole.Doc, whole.Noun, whole.Part, whole.RowKey = doc, all, "", append([]string{"batch_id"}, batch.RowKey...)
	whole.Refers = slices.Clone(batch.Refers)
	for i := range whole.Refers {
		whole.Refers[i].Whole = true // the vendor would drop what is left out
	}
	replacing := *s
	replacing.whole = true
	replacing.serve(&whole)
	whole.Drops = replacing.dropped
	s.serve(batch)
	batch.Replace = &whole
	return batch
}

// serve makes the API do a resource's work.
func (s *stockAPI) serve(r *vendors.Resource) {
	s.noun = r.Noun
	r.Encode, r.Upload, r.Trace, r.Known = s.encode, s.upload, s.trace, s.known
	r.Pages, r.Decode, r.Canonical = s.pages, s.decode, s.canonical
	r.DeleteAll = s.deleteAll
	switch {
	case !s.whole:
		r.Delete = s.deleteBatch
	case s.emptied:
		r.Delete = s.delete
	}
}

// productStockSchema lists the fields of the document's StockBatch, then those of its VariantQuantity: one
// row is one variant in a batch.
func productStockSchema() schema.Schema {
	fields := schema.Schema{{Name: "product_id", Clause: clause(5568), Required: true, Example: "LD-1042",
		Doc: "Your own number of the product that the stock is of.", Synonyms: productSynonyms}}
	fields = append(fields, batchFields(4001, 3994, 4075, "product", true)...)
	return append(fields,
		schema.Field{Name: "barcode", Clause: clause(4196), Required: true, Example: "4006381333931", Checks: barcodeChecks,
			Doc: "The barcode or EAN of the variant; format the column as text, so that no digit is lost. " +
				"NONE, with the quantity 0, on the only row of a batch: it has no variants.",
			Synonyms: []string{"ean", "ean code", "ean13", "gtin", "gtin13", "upc", "upc code", "variant barcode", "variant ean",
				"strichcode", "streepjescode", "code-barres", "code barre", "codice a barre"}},
		quantityField(3297, "the variant"))
}
