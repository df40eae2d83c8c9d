package main

import (
	"bufio"
	"context"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"bulkload/formats"
	"bulkload/formats/csv"
	"bulkload/formats/parquet"
	"bulkload/formats/xlsx"
)

// job is one side's work on a file: reading its rows, or writing so many.
type job struct {
	path string
	rows int
	seed uint64
}

// A side does a job. What it returns is measured; what it does before is not.
type side func(job) (run func() (sum, error), err error)

// task compares two sides.
type task struct {
	name   string // as -only names it
	title  string
	other  string // who the other side is
	scale  int    // rows for each of -rows, so that quick formats have enough to do
	feed   string // made by this side before, or empty when the sides write
	sides  [2]string
	ending string
}

var tasks = []task{
	{name: "csv", title: "read CSV", other: "encoding/csv, ReuseRecord", scale: 20, feed: "write csv other", sides: [2]string{"read csv ours", "read csv other"}, ending: ".csv"},
	{name: "xlsx-shared", title: "read XLSX, shared strings", other: "excelize Rows, RawCellValue", scale: 1, feed: "make xlsx shared", sides: [2]string{"read xlsx ours", "read xlsx other"}, ending: ".xlsx"},
	{name: "xlsx-inline", title: "read XLSX, inline strings", other: "excelize Rows, RawCellValue", scale: 1, feed: "make xlsx inline", sides: [2]string{"read xlsx ours", "read xlsx other"}, ending: ".xlsx"},
	{name: "parquet", title: "read Parquet", other: "parquet-go GenericReader", scale: 20, feed: "make parquet", sides: [2]string{"read parquet ours", "read parquet generic"}, ending: ".parquet"},
	{name: "parquet-rows", title: "read Parquet", other: "parquet-go ReadRows", scale: 20, feed: "make parquet", sides: [2]string{"read parquet ours", "read parquet rows"}, ending: ".parquet"},
	{name: "write-xlsx", title: "write XLSX", other: "excelize StreamWriter", scale: 1, sides: [2]string{"write xlsx ours", "write xlsx other"}, ending: ".xlsx"},
	{name: "write-csv", title: "write CSV", other: "encoding/csv", scale: 20, sides: [2]string{"write csv ours", "write csv other"}, ending: ".csv"},
}

// sideNamed finds a side by the words by which a child process is told its work.
func sideNamed(name string) (side, error) {
	switch name {
	case "read csv ours":
		return reading(readCSV), nil
	case "read csv other":
		return reading(readStdCSV), nil
	case "read xlsx ours":
		return reading(readXLSX), nil
	case "read xlsx other":
		return reading(readExcelize), nil
	case "read parquet ours":
		return reading(readParquet), nil
	case "read parquet generic":
		return reading(readGeneric), nil
	case "read parquet rows":
		return reading(readParquetRows), nil
	case "make xlsx shared":
		return making(makeSharedStrings), nil
	case "make xlsx inline":
		return making(makeInlineStrings), nil
	case "make parquet":
		return making(makeParquet), nil
	case "write xlsx ours":
		return writeXLSX, nil
	case "write xlsx other":
		return writeExcelize, nil
	case "write csv ours":
		return writeCSV, nil
	case "write csv other":
		return writeStdCSV, nil
	}
	return nil, fmt.Errorf("no side is called %q", name)
}

func reading(read func(*os.File) (sum, error)) side {
	return func(j job) (func() (sum, error), error) {
		return func() (s sum, err error) {
			file, err := os.Open(j.path)
			if err != nil {
				return s, err
			}
			defer func() { err = errors.Join(err, file.Close()) }()
			return read(file)
		}, nil
	}
}

func making(produce func(job, io.Writer) error) side {
	return func(j job) (func() (sum, error), error) {
		return func() (s sum, err error) {
			return s, toFile(j.path, func(w io.Writer) error { return produce(j, w) })
		}, nil
	}
}

func toFile(path string, write func(io.Writer) error) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return write(file)
}

// readBlocks looks at every cell of one of our readers.
func readBlocks(r formats.Reader, err error) (s sum, _ error) {
	if err != nil {
		return s, err
	}
	defer r.Close()
	for {
		b, err := r.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		s.Rows += int64(b.Len())
		for i := range b.Len() {
			row := b.Row(i)
			for c := range row.Len() {
				add(&s, row.Cell(c))
			}
		}
		b.Release()
	}
}

func readCSV(file *os.File) (sum, error) {
	r, err := csv.NewReader(file, formats.Options{})
	return readBlocks(r, err)
}

func readXLSX(file *os.File) (sum, error) {
	info, err := file.Stat()
	if err != nil {
		return sum{}, err
	}
	r, err := xlsx.NewReader(file, info.Size(), formats.Options{})
	return readBlocks(r, err)
}

func readParquet(file *os.File) (sum, error) {
	info, err := file.Stat()
	if err != nil {
		return sum{}, err
	}
	r, err := parquet.NewReader(file, info.Size(), formats.Options{})
	return readBlocks(r, err)
}

func readStdCSV(file *os.File) (s sum, err error) {
	r := stdcsv.NewReader(bufio.NewReaderSize(file, 64<<10))
	r.ReuseRecord = true
	if _, err := r.Read(); err != nil { // the header
		return s, err
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
		addRow(&s, row)
	}
}

func readExcelize(file *os.File) (s sum, err error) {
	f, err := excelize.OpenReader(file, excelize.Options{RawCellValue: true})
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rows, err := f.Rows(f.GetSheetName(0))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	rows.Next() // the header
	if _, err := rows.Columns(); err != nil {
		return s, err
	}
	for rows.Next() {
		row, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			return s, err
		}
		addRow(&s, row)
	}
	return s, rows.Error()
}

func readGeneric(file *os.File) (s sum, err error) {
	r := parquetgo.NewGenericReader[product](file)
	defer func() { err = errors.Join(err, r.Close()) }()
	batch := make([]product, 1000)
	for {
		n, err := r.Read(batch)
		s.Rows += int64(n)
		for i := range batch[:n] {
			for _, cell := range batch[i].cells() {
				add(&s, *cell)
			}
		}
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
	}
}

func readParquetRows(file *os.File) (s sum, err error) {
	r := parquetgo.NewGenericReader[product](file)
	defer func() { err = errors.Join(err, r.Close()) }()
	batch := make([]parquetgo.Row, 1000)
	for {
		n, err := r.ReadRows(batch)
		s.Rows += int64(n)
		for _, row := range batch[:n] {
			for _, cell := range row {
				if !cell.IsNull() {
					add(&s, cell.ByteArray())
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return s, nil
		}
		if err != nil {
			return s, err
		}
	}
}

// product is a row of the table as parquet-go reads it into: strings with dictionaries, as most
// programs write them.
type product struct {
	SKU         string `parquet:"sku,optional,dict"`
	EAN         string `parquet:"ean,optional,dict"`
	Name        string `parquet:"name,optional,dict"`
	Description string `parquet:"description,optional,dict"`
	Brand       string `parquet:"brand,optional,dict"`
	Category    string `parquet:"category,optional,dict"`
	Gender      string `parquet:"gender,optional,dict"`
	Colour      string `parquet:"colour,optional,dict"`
	Size        string `parquet:"size,optional,dict"`
	Price       string `parquet:"price,optional,dict"`
	Stock       string `parquet:"stock,optional,dict"`
	Weight      string `parquet:"weight,optional,dict"`
	Currency    string `parquet:"currency,optional,dict"`
	Country     string `parquet:"country,optional,dict"`
	Season      string `parquet:"season,optional,dict"`
	Material    string `parquet:"material,optional,dict"`
	Fit         string `parquet:"fit,optional,dict"`
	Image       string `parquet:"image,optional,dict"`
	Created     string `parquet:"created,optional,dict"`
	Supplier    string `parquet:"supplier,optional,dict"`
	Line        string `parquet:"line,optional,dict"`
	Pattern     string `parquet:"pattern,optional,dict"`
	Active      string `parquet:"active,optional,dict"`
	VAT         string `parquet:"vat,optional,dict"`
	Note        string `parquet:"note,optional,dict"`
}

// cells returns the cells in the order of the columns.
func (p *product) cells() [columns]*string {
	return [columns]*string{&p.SKU, &p.EAN, &p.Name, &p.Description, &p.Brand, &p.Category, &p.Gender, &p.Colour, &p.Size,
		&p.Price, &p.Stock, &p.Weight, &p.Currency, &p.Country, &p.Season, &p.Material, &p.Fit, &p.Image, &p.Created,
		&p.Supplier, &p.Line, &p.Pattern, &p.Active, &p.VAT, &p.Note}
}

// makeParquet writes the table with parquet-go, packed with Snappy, in row groups of 50,000 rows and
// with a dictionary for as long as it stays below 1 MiB, which are the usual settings.
func makeParquet(j job, w io.Writer) error {
	out := parquetgo.NewGenericWriter[product](w, parquetgo.Compression(&parquetgo.Snappy),
		parquetgo.MaxRowsPerRowGroup(50_000), parquetgo.DictionaryMaxBytes(1<<20))
	t, batch := newTable(j.seed), make([]product, 1)
	for range j.rows {
		row := t.next()
		for c, cell := range batch[0].cells() {
			*cell = string(row[c])
		}
		if _, err := out.Write(batch); err != nil {
			return err
		}
	}
	return out.Close()
}

// makeSharedStrings writes the table as excelize does cell by cell, with numbers as numbers.
func makeSharedStrings(j job, w io.Writer) error {
	f, t := excelize.NewFile(), newTable(j.seed)
	for i := range j.rows + 1 {
		row := typedRow(i, t)
		if err := f.SetSheetRow("Sheet1", "A"+strconv.Itoa(i+1), &row); err != nil {
			return err
		}
	}
	return errors.Join(f.Write(w), f.Close())
}

// makeInlineStrings writes the table as excelize does as a stream.
func makeInlineStrings(j job, w io.Writer) error {
	f, t := excelize.NewFile(), newTable(j.seed)
	out, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return err
	}
	for i := range j.rows + 1 {
		if err := out.SetRow("A"+strconv.Itoa(i+1), typedRow(i, t)); err != nil {
			return err
		}
	}
	return errors.Join(out.Flush(), f.Write(w), f.Close())
}

// typedRow is row i of a workbook of the table: first the header, and then cells of text and numbers.
func typedRow(i int, t *table) []any {
	row := make([]any, columns)
	if i == 0 {
		for c, name := range names {
			row[c] = name
		}
		return row
	}
	for c, cell := range t.next() {
		switch {
		case c == priceColumn || c == stockColumn || c == weightColumn:
			number, err := strconv.ParseFloat(string(cell), 64)
			if err != nil {
				panic(err) // the table makes nothing but numbers there
			}
			row[c] = number
		case len(cell) > 0:
			row[c] = string(cell)
		}
	}
	return row
}

// cycle is how many different rows are written, over and over: far more text than a compressor
// looks back on, and little enough to be held ready.
const cycle = 500

// writing writes the rows of a job to its file. convert makes a row ready before the measuring begins.
func writing[R any](j job, convert func([][]byte) R, open func(io.Writer) (write func(i int, row R) error, end func() error, err error)) (func() (sum, error), error) {
	all := rows(j.seed, min(cycle, j.rows))
	ready := make([]R, len(all))
	for i, row := range all {
		ready[i] = convert(row)
	}
	var s sum
	for i := range j.rows {
		addRow(&s, all[i%len(all)])
	}
	return func() (sum, error) {
		return s, toFile(j.path, func(w io.Writer) error {
			write, end, err := open(w)
			if err != nil {
				return err
			}
			for i := range j.rows {
				if err := write(i, ready[i%len(ready)]); err != nil {
					return err
				}
			}
			return end()
		})
	}, nil
}

func bytesOf(row [][]byte) [][]byte { return row }

func stringsOf(row [][]byte) []string {
	all := make([]string, len(row))
	for i, cell := range row {
		all[i] = string(cell)
	}
	return all
}

func anyOf(row [][]byte) []any {
	all := make([]any, len(row))
	for i, cell := range row {
		all[i] = string(cell)
	}
	return all
}

func writeXLSX(j job) (func() (sum, error), error) {
	return writing(j, bytesOf, func(w io.Writer) (func(int, [][]byte) error, func() error, error) {
		out, err := xlsx.NewWriter(w, typed(), xlsx.WriterOptions{})
		return func(_ int, row [][]byte) error { return out.Write(row) }, func() error { return out.Close() }, err
	})
}

func writeExcelize(j job) (func() (sum, error), error) {
	return writing(j, anyOf, func(w io.Writer) (func(int, []any) error, func() error, error) {
		f := excelize.NewFile()
		out, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			return nil, nil, err
		}
		write := func(i int, row []any) error { return out.SetRow("A"+strconv.Itoa(i+2), row) }
		end := func() error { return errors.Join(out.Flush(), f.Write(w), f.Close()) }
		return write, end, out.SetRow("A1", anyOf(header()))
	})
}

func writeCSV(j job) (func() (sum, error), error) {
	return writing(j, bytesOf, func(w io.Writer) (func(int, [][]byte) error, func() error, error) {
		out, err := csv.NewWriter(w, typed(), csv.WriterOptions{})
		return func(_ int, row [][]byte) error { return out.Write(row) }, func() error { return out.Close() }, err
	})
}

func writeStdCSV(j job) (func() (sum, error), error) {
	return writing(j, stringsOf, func(w io.Writer) (func(int, []string) error, func() error, error) {
		out := stdcsv.NewWriter(bufio.NewWriterSize(w, 64<<10))
		write := func(_ int, row []string) error { return out.Write(row) }
		end := func() error { out.Flush(); return out.Error() }
		return write, end, out.Write(stringsOf(header()))
	})
}

func header() [][]byte {
	all := make([][]byte, 0, columns)
	for _, name := range names {
		all = append(all, []byte(name))
	}
	return all
}
