package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/xuri/excelize/v2"
)

// workbook makes a workbook of CSV files: workbook FILE SHEET=CSV...
func workbook(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: workbook FILE SHEET=CSV...")
	}
	f := excelize.NewFile()
	defer f.Close()
	for i, arg := range args[1:] {
		sheet, path, _ := strings.Cut(arg, "=")
		if i == 0 {
			ts.Check(f.SetSheetName("Sheet1", sheet))
		} else {
			_, err := f.NewSheet(sheet)
			ts.Check(err)
		}
		rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(path))).ReadAll()
		ts.Check(err)
		for n, row := range rows {
			cell, err := excelize.CoordinatesToCellName(1, n+1)
			ts.Check(err)
			ts.Check(f.SetSheetRow(sheet, cell, &row))
		}
	}
	ts.Check(f.SaveAs(ts.MkAbs(args[0])))
}

func TestFoldedNames(t *testing.T) {
	for _, test := range []struct{ name, want string }{
		{"price-lists", "pricelists"}, {"Price Lists", "pricelists"}, {" PRICE_LISTS ", "pricelists"}, {"Price\u00a0lists", "pricelists"},
		{"price lists 2", "pricelists2"}, {"", ""},
	} {
		if got := folded(test.name); got != test.want {
			t.Errorf("folded(%q) = %q, want %q", test.name, got, test.want)
		}
	}
}

// TestWorstCode: whatever the order of the parts, the season's code is that of the worst of them.
func TestWorstCode(t *testing.T) {
	for _, test := range []struct {
		name  string
		codes []int
		want  int
	}{
		{"all went in", []int{exitDone, exitDone}, exitDone},
		{"nothing to do in one", []int{exitNothing, exitDone}, exitDone},
		{"nothing to do in any", []int{exitNothing, exitNothing}, exitNothing},
		{"some rows", []int{exitDone, exitSomeNot, exitNothing}, exitSomeNot},
		{"temporary", []int{exitSomeNot, exitTemporary, exitDone}, exitTemporary},
		{"turned away", []int{exitUnauthorised, exitTemporary}, exitUnauthorised},
		{"damaged", []int{exitFeed, exitTooMany, exitUnauthorised}, exitFeed},
		{"stopped by a signal", []int{exitInterrupted + 15, exitUsage, exitSomeNot}, exitInterrupted + 15},
		{"a bug", []int{exitInterrupted + 2, exitInternal}, exitInternal},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 2 {
				code := exitNothing
				for _, next := range test.codes {
					code = worseCode(code, next)
				}
				if code != test.want {
					t.Errorf("of %v the worst is %d, want %d", test.codes, code, test.want)
				}
				slices.Reverse(test.codes)
			}
		})
	}
}

func TestBeside(t *testing.T) {
	for _, test := range [][2]string{{"", ""}, {"problems.xlsx", "problems-products.xlsx"}, {"out.d/p.csv.gz", "out.d/p-products.csv.gz"}, {"a/p.csv", "a/p-products.csv"}} {
		if got := beside(test[0], "products"); got != test[1] {
			t.Errorf("beside(%q) = %q, want %q", test[0], got, test[1])
		}
	}
}

// TestJournalsOfParts: an account's history is made anew from the journals of a season's parts too.
func TestJournalsOfParts(t *testing.T) {
	parent := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		path = filepath.Join(parent, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("alone/settings.json", `{"target": "fashiontrade/products"}`)
	write("alone/journal", "j")
	write("alone/account/journal", "no run's")
	write("season/settings.json", `{"target": "fashiontrade"}`)
	write("season/products/journal", "j")
	write("season/prepacks/journal", "j")
	write("season/run.json", "{}")
	write("note.txt", "no run")
	journals, err := findJournals([]string{parent})
	if err != nil {
		t.Fatal(err)
	}
	for i := range journals {
		journals[i], _ = filepath.Rel(parent, journals[i])
	}
	want := []string{filepath.Join("alone", "journal"), filepath.Join("season", "prepacks", "journal"), filepath.Join("season", "products", "journal")}
	if diff := cmp.Diff(want, journals); diff != "" {
		t.Errorf("journals (-want +got):\n%s", diff)
	}
}
