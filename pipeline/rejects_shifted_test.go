package pipeline_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestShiftedRowsComeBack has a row with more cells than columns: its rejects are found to be shifted too.
func TestShiftedRowsComeBack(t *testing.T) {
	feed := writeText(t, "feed.csv", "barcode,display_name,product_id,variant_barcode,quantity\n5060121000223,Pack,P1,5060122000222,2,5,6\n5060121000230,Pack 2,P2\n")
	for _, ending := range []string{".csv", ".xlsx"} {
		result := checked(t, newJob(t, feed, "fashiontrade/prepacks", ""))
		path := filepath.Join(t.TempDir(), "rejects"+ending)
		writeRejects(t, result, path)
		again := checked(t, newJob(t, path, "fashiontrade/prepacks", ""))
		var shifted []string
		for _, finding := range findings(t, again) {
			if finding.Rule == "row.shifted" {
				shifted = append(shifted, finding.Message)
			}
		}
		if len(shifted) != 2 || !strings.Contains(strings.Join(shifted, ""), `"5"`) || again.Summary.RowsIn != 2 {
			t.Errorf("%s: %d rows, shifted %q, want two cells of one row of two", ending, again.Summary.RowsIn, shifted)
		}
	}
}
