package xlsx

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulkload/formats"
)

// acidCase says what a file of the acid folder is for, and so what it must read as.
type acidCase struct {
	file   string
	err    string            // part of the error; "" when it reads
	sheet  string            // asked for
	header string            // names, separated by |
	rows   int               // with text below the header
	cells  map[string]string // by reference
}

func TestAcid(t *testing.T) {
	folder := os.Getenv("BULKLOAD_FEEDS")
	if folder == "" {
		t.Skip("BULKLOAD_FEEDS is not set")
	}
	seen := make(map[string]bool)
	for _, c := range acidCases {
		seen[c.file] = true
		t.Run(c.file+"/"+c.sheet, func(t *testing.T) {
			found, err := filepath.Glob(filepath.Join(folder, "xlsx-acid", "*", c.file+".xlsx"))
			if err != nil || len(found) != 1 {
				t.Fatalf("%v, %v", found, err)
			}
			data, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			got, err := sameInAllTunings(t, data, formats.Options{Sheet: c.sheet})
			if c.err != "" {
				wantSyntax(t, err, c.err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			c.compare(t, got)
		})
	}
	all, err := filepath.Glob(filepath.Join(folder, "xlsx-acid", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range all {
		if base := strings.TrimSuffix(filepath.Base(name), ".xlsx"); !seen[base] {
			t.Errorf("nothing is expected of %s", name)
		}
	}
}

func (c acidCase) compare(t *testing.T, got table) {
	if header := strings.Join(got.Header, "|"); header != c.header {
		t.Errorf("header = %q, want %q", header, c.header)
	}
	if len(got.Rows) != c.rows {
		t.Errorf("%d rows, want %d", len(got.Rows), c.rows)
	}
	cells := make(map[string]string)
	for i, row := range got.Rows {
		for j, text := range row {
			cells[formats.ColumnLetters(j)+fmt.Sprint(got.Numbers[i])] = text
		}
	}
	for ref, want := range c.cells {
		if cells[ref] != want {
			t.Errorf("%s = %q, want %q", ref, cells[ref], want)
		}
	}
}

// acidCases are written by hand from what each file is for and what its markup says.
var acidCases = []acidCase{
	{file: "calamine-any_sheets", header: "1|2", rows: 3, cells: map[string]string{"A2": "3", "B3": "6"}},
	{file: "calamine-any_sheets", sheet: "veryhidden", err: "VeryHidden: the sheet is empty"},
	{file: "calamine-date", header: "2021-01-01|15", rows: 2, cells: map[string]string{"A2": "2021-01-02", "A3": "255:10:10", "B3": "17"}},
	{file: "calamine-date_1904", header: "2021-01-01|15", rows: 2, cells: map[string]string{"A2": "2021-01-02", "A3": "255:10:10"}},
	{file: "calamine-date_iso", header: "2021-01-01", rows: 5, cells: map[string]string{"A2": "2021-01-01T10:10:10", "A3": "10:10:10"}},
	{file: "calamine-empty_s_attribute", header: "Name|Value", rows: 4, cells: map[string]string{"A3": "Sophia", "B5": "4"}},
	{file: "calamine-errors", header: "#DIV/0!", rows: 6, cells: map[string]string{"A2": "!#NAME?", "A3": "!#VALUE!", "A4": "!#NULL!", "A5": "!#REF!", "A6": "!#NUM!", "A7": "!#N/A"}},
	{file: "calamine-has_x000D_", header: "ABC DEF"},
	{file: "calamine-header-row", header: "Columns|Column A|Column B|Column C", rows: 1, cells: map[string]string{"A10": "put data here", "D10": "3"}},
	{file: "calamine-inlineStr_cdata", header: "Hello CDATA|World", rows: 1, cells: map[string]string{"A2": "12345", "B2": "NormalText"}},
	{file: "calamine-inventory-table", header: "Item|Type|Quantity", rows: 4, cells: map[string]string{"B3": "Banana", "C5": "100"}},
	{file: "calamine-issue_174", header: "Your Ref #|Contact Name|Contact Number|Address|City|Weight|Pieces|Material Cost|SPL Instruction|Remarks|Your Company", rows: 1, cells: map[string]string{"A2": "123", "F2": "1.5"}},
	{file: "calamine-issue_419", header: "Hello"},
	{file: "calamine-merge_cells", header: "Row Merge||Not Merged", rows: 1, cells: map[string]string{"A2": "Column Merge", "B2": "Chunk Merged"}},
	{file: "calamine-nonstandard-xml-ns-prefix", header: "a|b", rows: 2, cells: map[string]string{"A2": "1", "B3": "4"}},
	{file: "calamine-pass_protected", err: "password"},
	{file: "calamine-richtext-namespaced", header: "inline string Line 2 Line 3|||||||shared string Line 2 Line 3"},
	{file: "calamine-rph", header: "課きく\u3000毛こ"},
	{file: "calamine-strict_iso_paths", header: "Item|Thickness|Number Off Bends|Number Off Fold Tracks|Number Off Bend Downs|Number Off Bend Ups|Minimal Fold Length|Maximal Fold Length|Average Fold Length|FlatSurface Area|FlatBox X|FlatBox Y|PartBox X|PartBox Y|PartBox Z|Weight|Volume|GoldenRun", rows: 75, cells: map[string]string{"A2": "150-031260-001_B", "A3": "1625593500", "P2": "12.61832872"}},
	{file: "calamine-table-multiple", sheet: "sheet3", header: "Item|Units", rows: 9, cells: map[string]string{"B5": "50", "A7": "Item", "B11": "70"}},
	{file: "calamine-whitespace_trim", header: "trimmed value|value with tabs||clean text", rows: 2, cells: map[string]string{"A2": "  line1\nline2  ", "B2": "  line1\nline2  ", "A3": "日期 时间"}},
	{file: "calamine-whitespace_trim", sheet: "SharedStrings", header: "trimmed value|preserved value||clean text", rows: 2, cells: map[string]string{"A2": "  line1\nline2  ", "A3": "日期 时间"}},
	{file: "calamine-shared_formula_simple", header: "1|2", rows: 2, cells: map[string]string{"B2": "4", "B3": "6"}},
	{file: "excelize-BadWorkbook", err: "no worksheet"},
	{file: "excelize-Book1", header: "Total:|237", rows: 2, cells: map[string]string{"C21": "Column1", "A22": "GitHub"}},
	{file: "excelize-MergeCell", header: "A1||C1|D1", rows: 11, cells: map[string]string{"A2": "A2", "A3": "", "B3": "B3"}},
	{file: "excelize-encryptSHA1", err: "password"},
	{file: "issue-313", header: "Column_1|Column_3|Column_2|Column_4|Column_5", rows: 2, cells: map[string]string{"A3": "column_1_value_2", "B3": ""}},
	{file: "merged-cells", header: "data"},
	{file: "multiline-headers", header: "Region|Caloric contribution|Cumulative impact of changes on cost of food basket", rows: 3, cells: map[string]string{"B5": "(%)", "A6": "A"}},
	{file: "preserve-formatting", header: "empty|0|0.00|0.0000|0.00000|0.0000#|m/d/yy|d-mmm|mm/dd/yy|mmddyy|mmddyyam/pmdd", rows: 1, cells: map[string]string{"B2": "1000.5577", "F2": "1000.5577", "G2": "2040-05-20", "H2": "2040-05-20", "J2": "2040-05-20"}},
	{file: "adjust-floating-point-error", header: "Sample Name|peak PO4|actual PO4 (formula)|actual PO4 (values)", rows: 5, cells: map[string]string{"C2": "242.26", "D3": "274.66"}},
	{file: "poi-poc-xmlbomb", err: "document type"},
	{file: "poi-54764", err: "document type"},
	{file: "poi-xlsx-corrupted", header: "test|DOCTYPE|XXE|injection", rows: 2, cells: map[string]string{"D2": "foo", "C3": "data"}},
	{file: "poi-xxe_in_schema", header: "||/Test/Test|Column1|Column2", rows: 1, cells: map[string]string{"C10": "1"}},
	{file: "poi-cf-POIFuzzer-5040805309710336", err: "damaged"},
	{file: "poi-cf-POIXSSFFuzzer-4828727001088000", err: "damaged"},
	{file: "poi-cf-POIXSSFFuzzer-5089447305609216", err: "damaged"},
	{file: "poi-cf-XLSX2CSVFuzzer-5025401116950528", err: "damaged"},
	{file: "poi-cf-XLSX2CSVFuzzer-5636439151607808", err: "damaged"},
	{file: "poi-duplicate-filename", err: "2 times"},
	{file: "poi-InlineStrings", header: "Numbers|Strings|Inline Strings|Formulas", rows: 6, cells: map[string]string{"C2": "1st Inline String", "C7": "The End", "D3": "44"}},
	{file: "poi-noSharedStringTable", header: "2006-04-12|123"},
	{file: "poi-59746_NoRowNums", header: "Checked|Ion|Charge|Molecular Weight|m/z|RT [min]|FWHM [min]|# MI|Area|Parent Area [%]|Study File ID", rows: 70, cells: map[string]string{"A2": "TRUE", "B3": "Checked", "D2": "644.24222"}},
	{file: "poi-SampleSS.strict", header: "Test spreadsheet", rows: 2, cells: map[string]string{"B2": "2nd row 2nd column", "A4": "This one is red"}},
	{file: "poi-TwoSheetsOneHidden", header: "Sheet2A1"},
	{file: "poi-TwoSheetsOneHidden", sheet: "Sheet1", header: "Sheet1A1"},
	{file: "poi-57893-many-merges", err: "the sheet is empty"},
	{file: "poi-64508", header: "Partner ID ( ID za DDV )|Document number|Date of document|Position - number|Order number|Barcode|Quantity - number", rows: 4, cells: map[string]string{"C2": "2020-06-08", "F2": "0630996510285", "G2": "2"}},
	{file: "poi-1_NoIden", header: "|하천관리과|하천사용료징수포상금|청계천관리|123456.0|abcedfgh", rows: 1, cells: map[string]string{"C9": "하천 편입토지 보상"}},
	{file: "poi-invalid", err: "holds no workbook"},
	{file: "poi-protected_sha512", err: "password"},
	{file: "poi-Booleans", header: "TRUE||true from f", rows: 3, cells: map[string]string{"A2": "TRUE", "A4": "FALSE", "C5": "false from copy"}},
	{file: "closedxml-NoReferencesOnRowsOrCells", header: "Test1|Test2", rows: 1, cells: map[string]string{"A2": "1", "B2": "2"}},
	{file: "closedxml-TableHeadersWithLineBreaks", header: "Item #|Room/ area|Item/ description|Make/ model|Serial number/ ID number|Date purchased|Where purchased|Purchase price|Estimated current value|Notes|Photo?", rows: 6, cells: map[string]string{"F2": "2011-06-13", "H2": "4290", "I3": "9726.15"}},
	{file: "closedxml-EmptyStyles", err: "the sheet is empty"},
	{file: "closedxml-CellsWithDateTimeWithLocalePrefix", header: "2019-01-21", rows: 3, cells: map[string]string{"A4": "2019-01-21"}},
	{file: "closedxml-sheet-names", sheet: "Sam's Club", err: "Sam's Club: the sheet is empty"},
	{file: "closedxml-sheet-names", sheet: "A<B", err: "A<B: the sheet is empty"},
	{file: "closedxml-row-index-1-based", header: "Action Plan.Name|Action Plan.Description", rows: 1, cells: map[string]string{"B2": "This is a longer Text.\nSecond line.\nThird line."}},
	{file: "closedxml-LoadSheetsWithCommas", sheet: "Sheet1, Sheet3", err: "the sheet is empty"},
	{file: "closedxml-let_it_go_in_emoji-outputfile", header: "This emoji version of Let It Go from Frozen:", rows: 1},
	{file: "closedxml-universal-content-strict", header: "1|String1|6", rows: 3, cells: map[string]string{"B2": "String2", "C4": "11"}},
	{file: "issue-1024", sheet: "ipc", header: "Country|Level 1 Name|Area|Area ID|Analysis Name|Date of Analysis|Country Population" + strings.Repeat("|#|% of total county Pop|Area Phase|Analysis Period"+strings.Repeat("|#|%", 6), 3), rows: 48, cells: map[string]string{"C14": "Badakhshan", "D15": "24380585"}},
}
