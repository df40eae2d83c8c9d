package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"

	"bulkload/formats"
)

const (
	benchRows    = 100_000
	benchColumns = 25
)

// benchFile is a feed of 25 columns as a brand sends it: a few columns of distinct values, many with
// few different ones.
func benchFile(b *testing.B) []byte {
	b.Helper()
	var columns []string
	for c := range benchColumns {
		columns = append(columns, fmt.Sprintf("c%02d", c))
	}
	rows := make([][]string, benchRows)
	for i := range rows {
		rows[i] = make([]string, benchColumns)
		for c := range rows[i] {
			switch {
			case c < 4:
				rows[i][c] = fmt.Sprintf("value %d of column %d", i*7, c)
			case c < 20:
				rows[i][c] = fmt.Sprintf("value %d", i/(c+1)%200)
			}
		}
	}
	return write(b, columns, rows)
}

func BenchmarkRead(b *testing.B) {
	data := benchFile(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
		rows, size := 0, 0
		for err == nil {
			var block *formats.Block
			if block, err = r.Next(context.Background()); err == nil {
				rows += block.Len()
				for i := range block.Len() {
					row := block.Row(i)
					for c := range row.Len() {
						size += len(row.Cell(c))
					}
				}
				block.Release()
			}
		}
		if !errors.Is(err, io.EOF) || rows != benchRows || size == 0 {
			b.Fatalf("%d rows, %v", rows, err)
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// benchRow has the columns of benchFile.
type benchRow struct {
	C00 *string `parquet:"c00,optional"`
	C01 *string `parquet:"c01,optional"`
	C02 *string `parquet:"c02,optional"`
	C03 *string `parquet:"c03,optional"`
	C04 *string `parquet:"c04,optional"`
	C05 *string `parquet:"c05,optional"`
	C06 *string `parquet:"c06,optional"`
	C07 *string `parquet:"c07,optional"`
	C08 *string `parquet:"c08,optional"`
	C09 *string `parquet:"c09,optional"`
	C10 *string `parquet:"c10,optional"`
	C11 *string `parquet:"c11,optional"`
	C12 *string `parquet:"c12,optional"`
	C13 *string `parquet:"c13,optional"`
	C14 *string `parquet:"c14,optional"`
	C15 *string `parquet:"c15,optional"`
	C16 *string `parquet:"c16,optional"`
	C17 *string `parquet:"c17,optional"`
	C18 *string `parquet:"c18,optional"`
	C19 *string `parquet:"c19,optional"`
	C20 *string `parquet:"c20,optional"`
	C21 *string `parquet:"c21,optional"`
	C22 *string `parquet:"c22,optional"`
	C23 *string `parquet:"c23,optional"`
	C24 *string `parquet:"c24,optional"`
}

func BenchmarkGenericReader(b *testing.B) {
	data := benchFile(b)
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	rows := make([]benchRow, 1000)
	for b.Loop() {
		r := parquetgo.NewGenericReader[benchRow](bytes.NewReader(data))
		read := 0
		for {
			n, err := r.Read(rows)
			read += n
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
		if read != benchRows || rows[0].C00 == nil {
			b.Fatalf("%d rows", read)
		}
		r.Close()
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

func BenchmarkWrite(b *testing.B) {
	b.ReportAllocs()
	columns := make([]formats.Column, benchColumns)
	row := make([][]byte, benchColumns)
	for c := range columns {
		columns[c].Name = fmt.Sprint("c", c)
		row[c] = fmt.Appendf(nil, "value %d", c)
	}
	for b.Loop() {
		w, err := NewWriter(io.Discard, columns)
		if err != nil {
			b.Fatal(err)
		}
		for i := range benchRows {
			row[0] = fmt.Appendf(row[0][:0], "sku %d", i)
			if err := w.Write(row); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(benchRows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
