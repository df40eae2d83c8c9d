package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"bulkload/formats"
	"bulkload/formats/feed"
)

// inspected reads a file as inspect does, and gives what it prints.
func inspected(t *testing.T, name string, content []byte) (inspection, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := feed.Open(path, nil, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	found := inspection{Format: f.Format, Sheet: f.Sheet, Sheets: f.Sheets, Hidden: f.Hidden}
	if _, err := found.read(t.Context(), f, nil); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := found.write(&out); err != nil {
		t.Fatal(err)
	}
	return found, out.String()
}

func TestOddities(t *testing.T) {
	for _, test := range []struct {
		name, text string
		remarks    []string
	}{
		{name: "nothing", text: "sku,name\n1,x\n2,y\n"},
		{name: "bytes of another encoding", text: "sku,name\n1,é\n2,\xe9\xe8\n3,\xea\n",
			remarks: []string{`line 3: column B holds bytes that are not UTF-8 ("\xe9\xe8"); cells like this: 2; if all of the file is in another encoding, name it with --encoding`}},
		{name: "text beyond the header in one row of three", text: "sku,name\n1,x\n2,y,,\n3,z,\"w\nv\"\n",
			remarks: []string{`line 4: "w v" stands in column C, which has no name; rows like this: 1; they are rejected, since their cells may have shifted`}},
		{name: "many columns of one name", text: strings.Repeat("a,", 8) + "b\n" + strings.Repeat("1,", 8) + "2\n",
			remarks: []string{`line 1: 8 columns are called "a": A, B, C, D, E, F, …`}},
		{name: "several columns without a name", text: "sku,,,name\n1,,,x\n", remarks: []string{"line 1: 2 columns have no name and are not read: B, C"}},
		{name: "a header of dates", text: "sku,2026-01-05\nA1,2026-01-06\n",
			remarks: []string{`line 1: column B is called "2026-01-05", like the values below: if the file has no header, say --no-header`}},
		{name: "sizes as columns", text: "style,36,38\nA1,x,\n"},
		{name: "colours are no errors", text: "sku,colour\n1,#FFAA00\n2,#fff\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			found, _ := inspected(t, "feed.csv", []byte(test.text))
			if diff := cmp.Diff(test.remarks, found.Remarks); diff != "" {
				t.Errorf("remarks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestInspectSheets(t *testing.T) {
	book := excelize.NewFile()
	for sheet, rows := range map[string][][]any{
		"Sheet1": {{"sku", "name"}, {"1", "x"}, {"2"}, {"3", "y", "z"}},
		"Old":    {{"sku"}, {"1"}},
	} {
		if _, err := book.NewSheet(sheet); err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			if err != nil {
				t.Fatal(err)
			}
			if err := book.SetSheetRow(sheet, cell, &row); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := book.SetSheetVisible("Old", false); err != nil {
		t.Fatal(err)
	}
	content, err := book.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	found, printed := inspected(t, "feed.xlsx", content.Bytes())
	want := []string{`Sheet1!4: "z" stands in column C, which has no name and is not read; rows like this: 1`}
	if diff := cmp.Diff(want, found.Remarks); diff != "" {
		t.Errorf("remarks (-want +got):\n%s", diff)
	}
	if want := "sheets:     Sheet1, Old (hidden) (read: Sheet1)\n"; !strings.Contains(printed, want) {
		t.Errorf("printed %q, want %q in it", printed, want)
	}
}
