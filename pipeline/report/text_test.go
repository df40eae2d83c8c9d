package report

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// summary is one with everything in it.
func summary() *Summary {
	s := &Summary{
		Run: "r1", Command: "import", Feed: "season.xlsx", Format: "XLSX", Sheet: "Products", Target: "fashiontrade/products",
		Version: "2", Account: "account ft", Noun: vendors.Noun{One: "product", Many: "products"},
		Started: time.Unix(0, 0), Finished: time.Unix(2, 0), RowsIn: 2000, Blank: 3, Sending: true,
		Remarks: []formats.Remark{{Place: formats.Place{Sheet: "Products"}, Text: "two rows are hidden"}},
		Ignored: []string{"Season"}, Dropped: []string{"category"},
		Requests: Requests{Sent: 12, Retried: 1, Throttled: 2}, Report: "report.csv", Rejects: "rejects.csv", Stopped: "interrupted",
		Rules: []RuleCount{{Rule: "value.unknown", Sentence: "must be in the list", Findings: 5, Rows: 5, Examples: []Finding{{
			Place: formats.Place{Sheet: "Products", Row: 12}, Cell: "Products!F12", Field: "colors", Value: "NAVY",
			Message: `"NAVY" is not in the list`, Suggestion: "BLUE"}}},
			{Rule: "text.blanks", Severity: schema.Repair, Sentence: "blanks taken away", Findings: 1, Rows: 1, Examples: []Finding{{
				Place: formats.Place{Line: 7, Row: 7}, Field: "size", Value: " M", Message: "blanks taken away"}}}},
	}
	s.Counts.Rows[vendors.Created], s.Counts.Entities[vendors.Created] = 1990, 800
	s.Counts.Rows[vendors.Rejected], s.Counts.Entities[vendors.Rejected] = 1, 1
	s.Counts.Rows[vendors.Skipped], s.Counts.Entities[vendors.Skipped] = 9, 3
	return s
}

func TestWriteText(t *testing.T) {
	want := `season.xlsx, sheet Products (XLSX): 2000 rows, 804 products
loaded into fashiontrade/products version 2, account ft

  created       1990 rows 99.5 %     800 products
  rejected         1 row  <0.1 %       1 product  (not sent: a rule is broken)
  skipped          9 rows  0.5 %       3 products  (not sent: the run ended before)

  note: 3 rows without any text passed over
  note: Products: two rows are hidden
  note: columns that match no field were left out: Season
  note: columns that the vendor only answers were left out: category

5 errors of value.unknown (0.2 % of rows): must be in the list
    Products!F12   colors: "NAVY" is not in the list → BLUE
    and 4 more
1 repair of text.blanks (<0.1 % of rows): blanks taken away
    line 7         size: blanks taken away (it is " M")

12 requests, 1 repeated, 2 throttled, 2s
report:  report.csv
rejects: rejects.csv  (put these rows right and load this file)
stopped: interrupted
2000 rows in = 1990 created + 1 rejected + 9 skipped
`
	var got strings.Builder
	if err := summary().WriteText(&got, 0); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}

func TestWriteTextFitsTheTerminal(t *testing.T) {
	var whole, narrow strings.Builder
	if err := summary().WriteText(&whole, 0); err != nil {
		t.Fatal(err)
	}
	if err := summary().WriteText(&narrow, 50); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(narrow.String()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 50 {
			t.Errorf("a line has %d characters: %s", n, line)
		}
	}
	words := func(text string) string { return strings.Join(strings.Fields(text), " ") }
	if diff := cmp.Diff(words(whole.String()), words(narrow.String())); diff != "" {
		t.Errorf("words (-whole +narrow):\n%s", diff)
	}
}

func TestShare(t *testing.T) {
	tests := []struct {
		part, whole int64
		want        string
	}{{0, 0, "0 %"}, {0, 9, "0 %"}, {9, 9, "100 %"}, {1, 2000, "<0.1 %"}, {1, 3, "33 %"}, {8, 100, "8.0 %"}, {1999, 2000, "99.9 %"}, {199999, 200000, "99.9 %"}}
	for _, test := range tests {
		if got := share(test.part, test.whole); got != test.want {
			t.Errorf("share(%d, %d) = %q, want %q", test.part, test.whole, got, test.want)
		}
	}
}

func TestUnbalanced(t *testing.T) {
	s := summary()
	if err := s.Unbalanced(); err != nil {
		t.Errorf("a run that balances: %v", err)
	}
	s.RowsIn++
	if err := s.Unbalanced(); err == nil {
		t.Error("a run with a row too few is called balanced")
	}
	s.RowsIn--
	s.Counts.Rows[vendors.Unsettled] = 1
	if err := s.Unbalanced(); err == nil {
		t.Error("a run with an unsettled row is called balanced")
	}
}
