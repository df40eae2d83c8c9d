package feed

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSweep leaves a folder with files that were never finished, as kills do, and with others.
func TestSweep(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		if _, err := createFile(filepath.Join(dir, "report.csv")); err != nil {
			t.Fatal(err)
		}
	}
	kept := []string{".report.csv.0123456.tmp", ".tmp", "notes.tmp", "report.csv"}
	for _, name := range kept {
		err := WriteFile(filepath.Join(dir, name), func(w io.Writer) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := Sweep(dir); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if diff := cmp.Diff(kept, left); err != nil || diff != "" {
		t.Errorf("left after sweeping (-want +got), %v:\n%s", err, diff)
	}
	if err := Sweep(filepath.Join(dir, "nowhere")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("Sweep of no folder = %v", err)
	}
}
