package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/vendors"
)

// TestRealFeeds checks feeds of real shops, with columns taken by name or set, and accounts for
// every row. The feeds lie outside the project: BULKLOAD_FEEDS says where.
func TestRealFeeds(t *testing.T) {
	folder := os.Getenv("BULKLOAD_FEEDS")
	if folder == "" {
		t.Skip("BULKLOAD_FEEDS names no folder of real feeds")
	}
	tests := []struct {
		file    string
		options formats.Options
		set     []string
		rows    int64 // counted by another reader
	}{
		{file: "shopify-apparel.csv", rows: 22,
			set: []string{"color_or_pattern_name={Option1 Value}", "colors={Option1 Value}", "size={Option2 Value}"}},
		{file: "shopify-jewelery.csv", rows: 41, set: []string{"color_or_pattern_name={Option1 Value}", "colors=GOLD", "size_type=OneSize"}},
		{file: "magento-configurable.csv", rows: 1994,
			set: []string{"product_id={sku}", "barcode={sku}", "color_or_pattern_name={name}", "colors=MULTI", "size_type=OneSize"}},
		{file: "magento-men-bottoms.csv", rows: 5, set: []string{"product_id={sku}", "barcode={sku}", "colors={color}"}},
		{file: "woocommerce-sample.csv", rows: 24, set: []string{"product_id={SKU}", "barcode={SKU}", "display_name={Name}",
			"color_or_pattern_name={Attribute 1 value(s)}", "colors={Attribute 1 value(s)}"}},
		{file: "marketplace-summer.csv", rows: 797, set: []string{"product_id={product_id}", "barcode={product_id}", "display_name={title}",
			"color_or_pattern_name={product_color}", "colors={product_color}", "size={product_variation_size_id}"}},
		{file: "stock-report.csv", rows: 9271, set: []string{"product_id={Design No.}", "barcode={SKU Code}", "display_name={Design No.}",
			"color_or_pattern_name={Color}", "colors={Color}", "size_type=CategoricalSize"}},
		{file: "fashion-styles-44k.csv", rows: 44446, set: []string{"display_name={productDisplayName}", "barcode={id}",
			"color_or_pattern_name={baseColour}", "colors={baseColour}", "size_type=OneSize", "tag.GENDER={gender}"}},
		{file: "adidas-usa.csv", rows: 845, set: []string{"product_id={sku}", "barcode={sku}", "colors={color}", "size_type=OneSize", "image_1={images}"}},
		{file: "google-merchant-da.csv", rows: 1, set: []string{"barcode={mpn}", "color_or_pattern_name=Silver", "colors=SILVER", "size_type=OneSize",
			"product_id={id}", "product_type="}},
		{file: "womens-catalogue.parquet", rows: 2766, set: []string{"product_id={handle}", "barcode={id}", "display_name={title}", "description={description}",
			"color_or_pattern_name={title}", "colors=MULTI", "size_type=OneSize", "product_type="}},
		{file: "sneaker-prices-noheader.xlsx", rows: 269, options: formats.Options{NoHeader: true},
			set: []string{"product_id={A}", "display_name={A}", "barcode={A}", "color_or_pattern_name={A}", "colors=MULTI", "size_type=OneSize"}},
		{file: "sneaker-prices-noheader.csv", rows: 269, options: formats.Options{NoHeader: true, Encoding: "windows-1251"},
			set: []string{"product_id={A}", "display_name={A}", "barcode={A}", "color_or_pattern_name={A}", "colors=MULTI", "size_type=OneSize"}},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			vendor, resource := resource(t, products, "")
			f, err := feed.Open(filepath.Join(folder, "apparel", test.file), nil, test.options)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			job := &pipeline.Job{Feed: f, Vendor: vendor, Resource: resource, CheckWorkers: 2, TempDir: t.TempDir()}
			for _, setting := range test.set {
				if err := job.Mapping.Assign(setting); err != nil {
					t.Fatal(err)
				}
			}
			s := checked(t, job).Summary
			if s.RowsIn+s.Blank != test.rows {
				t.Errorf("%d rows and %d blank ones, want %d", s.RowsIn, s.Blank, test.rows)
			}
			t.Logf("%d rejected, %d ready", s.Counts.Rows[vendors.Rejected], s.Counts.Rows[vendors.Skipped])
		})
	}
}
