package feed

import (
	"archive/zip"
	stdcsv "encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/formats"
)

// TestFormulasAreShownAndNotRun writes cells that a spreadsheet would run as formulas, in columns of text
// and of numbers, in every format: a spreadsheet finds no formula in the file, numbers are still numbers,
// and what is read back is what was written.
func TestFormulasAreShownAndNotRun(t *testing.T) {
	dir := t.TempDir()
	columns := []formats.Column{{Name: "n"}, {Name: "text"}, {Name: "number", Type: formats.Number}}
	rapid.Check(t, func(t *rapid.T) {
		formula := rapid.OneOf(
			rapid.SampledFrom([]string{"=1+1", "+1+1", "-1+1", "@SUM(1,1)", "\t=1", "\r=1", "'=1", "''-x", "-5", "-0.25", "+49", "-", "'", "=\"a\"", "-1,5",
				"=HYPERLINK(\"http://x\",\"y\")", "=cmd|' /C calc'!A0", "=1;2", "", "x"}),
			rapid.StringOf(rapid.SampledFrom([]rune("=+-@\t\r\n'\"|,;01.x "))),
		)
		rows := rapid.SliceOfN(rapid.SliceOfN(formula, 2, 2), 1, 12).Draw(t, "rows")
		for i := range rows {
			rows[i] = append([]string{"k" + strconv.Itoa(i)}, rows[i]...)
		}
		for _, ending := range []string{".csv", ".tsv", ".xlsx", ".ndjson", ".parquet"} {
			path := filepath.Join(dir, "out"+ending)
			writeCells(t, path, columns, rows)
			formulas(t, path, ending)
			_, got, err := load(path, formats.Options{HeaderRow: 1})
			if ending == ".ndjson" || ending == ".parquet" {
				_, got, err = load(path, formats.Options{})
			}
			if err != nil {
				t.Fatalf("%s: %v", ending, err)
			}
			for i := range got { // NDJSON and workbooks leave empty cells at the end out
				got[i] = append(got[i], make([]string, len(columns))...)[:len(columns)]
			}
			if ending == ".ndjson" {
				got = byName(path, t, got)
			}
			if diff := cmp.Diff(normal(rows), normal(got)); diff != "" {
				t.Fatalf("%s (-written +read):\n%s", ending, diff)
			}
		}
	})
}

// byName puts NDJSON's columns, which are in the order in which values came, into that of the writer.
func byName(path string, t *rapid.T, rows [][]string) [][]string {
	header, _, err := load(path, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{"n": 0, "text": 1, "number": 2}
	ordered := make([][]string, len(rows))
	for i, row := range rows {
		ordered[i] = make([]string, 3)
		for from, name := range header {
			if from < len(row) {
				ordered[i][at[name]] = row[from]
			}
		}
	}
	return ordered
}

// normal writes the last column's numbers in one spelling: to a workbook 1.50 is 1.5.
func normal(rows [][]string) [][]string {
	normal := make([][]string, len(rows))
	for i, row := range rows {
		normal[i] = append([]string(nil), row...)
		if number, err := strconv.ParseFloat(row[2], 64); err == nil && !strings.ContainsAny(row[2], "+xX_eE") {
			normal[i][2] = strconv.FormatFloat(number, 'f', -1, 64)
		}
	}
	return normal
}

func writeCells(t *rapid.T, path string, columns []formats.Column, rows [][]string) {
	o, err := Create(path, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		cells := make([][]byte, len(row))
		for i, cell := range row {
			cells[i] = []byte(cell)
		}
		if err := o.Write(cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
}

// formulas fails when a spreadsheet would find a formula in the file. NDJSON and Parquet have none.
func formulas(t *rapid.T, path, ending string) {
	switch ending {
	case ".csv", ".tsv":
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		reader := stdcsv.NewReader(file)
		if ending == ".tsv" {
			reader.Comma = '\t'
		}
		rows, err := reader.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) && strings.Trim(cell[1:], "0123456789.") != "" {
					t.Fatalf("%q stands in a cell of %s", cell, path)
				}
			}
		}
	case ".xlsx":
		book, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		defer book.Close()
		sheet, err := book.Open("xl/worksheets/sheet1.xml")
		if err != nil {
			t.Fatal(err)
		}
		defer sheet.Close()
		text, err := io.ReadAll(sheet)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "<f>") || strings.Contains(string(text), "<f ") {
			t.Fatalf("the sheet has a formula: %s", text)
		}
	}
}
