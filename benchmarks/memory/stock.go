//go:build unix

package main

import (
	"fmt"

	"bulkload/formats"
	"bulkload/formats/feed"
)

// stock is made-up product stock: so many rows, twenty a product, in two batches of ten variants.
type stock struct{ rows int64 }

const (
	rowsOfAProduct = 20
	rowsOfABatch   = 10
)

// stockColumns are the columns of the feed. The windows stand on the first row of a batch.
var stockColumns = []string{"product_id", "batch_id", "display_name", "countries", "order_window.start_date", "order_window.end_date",
	"delivery_window.start_date", "barcode", "quantity"}

// write makes the feed.
func (s stock) write(path string) error {
	var columns []formats.Column
	for _, name := range stockColumns {
		columns = append(columns, formats.Column{Name: name})
	}
	output, err := feed.Create(path, columns, nil)
	if err != nil {
		return err
	}
	for i := range s.rows {
		if err := output.Write(stockRow(i)); err != nil {
			return fmt.Errorf("row %d: %w", i, err)
		}
	}
	return output.Close()
}

func stockRow(i int64) [][]byte {
	row := make([][]byte, len(stockColumns))
	batch := i % rowsOfAProduct / rowsOfABatch
	row[0] = fmt.Appendf(nil, "LD-%06d", i/rowsOfAProduct)
	row[1] = fmt.Appendf(nil, "nl-%d", batch)
	if i%rowsOfABatch == 0 {
		row[2] = fmt.Appendf(nil, "Spring 2026, part %d", batch+1)
		row[3] = []byte("NL|BE|DE")
		row[4], row[5] = []byte("2025-12-28T00:00:00Z"), []byte("2026-03-31T23:59:59+02:00")
		row[6] = []byte("2026-01-28T00:00:00Z")
	}
	row[7] = fmt.Appendf(nil, "506%010d", i)
	row[8] = fmt.Appendf(nil, "%d", i*7919%500)
	if i%97 == 0 {
		row[8] = []byte("infinite")
	}
	return row
}
