package pipeline_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bulkload/pipeline/report"
)

// TestShiftedRowsComeBack has a row with more cells than columns: in its rejects they are found again.
func TestShiftedRowsComeBack(t *testing.T) {
	feed := writeText(t, "feed.csv", "barcode,display_name,product_id,variant_barcode,quantity\n5060121000223,Pack,P1,5060122000222,2,5,6\n5060121000230,Pack 2,P2\n")
	for ending, rule := range map[string]string{".csv": "row.shifted", ".xlsx": "cell.unnamed"} {
		result := checked(t, newJob(t, feed, "fashiontrade/prepacks", ""))
		path := filepath.Join(t.TempDir(), "rejects"+ending)
		writeRejects(t, result, path)
		again := checked(t, newJob(t, path, "fashiontrade/prepacks", ""))
		found := findings(t, again)
		if !slices.ContainsFunc(found, func(f report.Finding) bool { return f.Rule == rule && strings.Contains(f.Message, `"5"`) }) || again.Summary.RowsIn != 2 {
			t.Errorf("%s: %d rows with %+v, want %s in one of two", ending, again.Summary.RowsIn, found, rule)
		}
	}
}
