package main

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// mayImport is the table under "Project layout" in the README: who may know whom. A pattern that ends
// in /... covers the folders below it; the first line that fits a package counts.
var mayImport = []struct {
	pkg     string
	imports []string
}{
	{"cmd/bulkload", []string{"..."}},
	{"pipeline/...", []string{"pipeline/...", "formats/...", "vendors", "vendors/schema"}},
	{"formats/...", []string{"formats/..."}},
	{"vendors/schema", nil},
	{"vendors", []string{"vendors/schema"}},
	{"vendors/all", []string{"vendors", "vendors/schema", "vendors/fashiontrade", "vendors/faire", "vendors/faslet", "vendors/fitanalytics", "vendors/fashionai"}},
	{"vendors/sandbox/...", []string{"vendors/schema", "vendors/fashiontrade/vocabulary", "vendors/faire/vocabulary", "vendors/faslet/vocabulary", "vendors/fitanalytics/vocabulary", "vendors/fashionai/vocabulary"}},
	{"vendors/fashiontrade/vocabulary", nil},
	{"vendors/fashiontrade", []string{"vendors", "vendors/schema", "vendors/fashiontrade/vocabulary"}},
	{"vendors/faire/vocabulary", nil},
	{"vendors/faire", []string{"vendors", "vendors/schema", "vendors/faire/vocabulary"}},
	{"vendors/faslet/vocabulary", nil},
	{"vendors/faslet", []string{"vendors", "vendors/schema", "vendors/faslet/vocabulary"}},
	{"vendors/fitanalytics/vocabulary", nil},
	{"vendors/fitanalytics", []string{"vendors", "vendors/schema", "vendors/fitanalytics/vocabulary"}},
	{"vendors/fashionai/vocabulary", nil},
	{"vendors/fashionai", []string{"vendors", "vendors/schema", "vendors/fashionai/vocabulary"}},
	{"templates", []string{"formats/...", "vendors", "vendors/schema", "pipeline/mapping"}},
	{"benchmarks/...", []string{"formats/...", "pipeline/...", "vendors/...", "templates", "benchmarks/..."}},
	{"internal/canary", []string{"formats/..."}},
	{"testdata/...", []string{"formats/...", "benchmarks/..."}},
}

func covers(pattern, pkg string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "..."); ok {
		return strings.HasPrefix(pkg+"/", prefix)
	}
	return pattern == pkg
}

func TestWhoImportsWhom(t *testing.T) {
	output, err := exec.Command("go", "list", "-json=ImportPath,Imports", "bulkload/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(strings.NewReader(string(output)))
	packages := 0
	for decoder.More() {
		var p struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&p); err != nil {
			t.Fatal(err)
		}
		packages++
		name := strings.TrimPrefix(p.ImportPath, "bulkload/")
		row := slices.IndexFunc(mayImport, func(row struct {
			pkg     string
			imports []string
		}) bool {
			return covers(row.pkg, name)
		})
		if row < 0 {
			t.Errorf("%s stands in no row of the table", name)
			continue
		}
		for _, imported := range p.Imports {
			ours, ok := strings.CutPrefix(imported, "bulkload/")
			if ok && !slices.ContainsFunc(mayImport[row].imports, func(pattern string) bool { return covers(pattern, ours) }) {
				t.Errorf("%s imports %s, which its row of the table does not allow", name, ours)
			}
		}
	}
	if packages < 12 {
		t.Errorf("only %d packages were looked at", packages)
	}
}
