package feed

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
)

var outputColumns = []formats.Column{{Name: "sku"}, {Name: "price", Type: formats.Number}, {Name: "note"}}

func TestCreateAndOpen(t *testing.T) {
	rows := [][]string{{"00123", "12.5", "a \"quoted\", piped | note"}, {"1E5", "-3", "=1+1"}, {"x", "007", "é\n👟"}}
	for _, ending := range Endings() {
		for _, compression := range []string{"", ".gz", ".zst"} {
			path := filepath.Join(t.TempDir(), "out"+ending+compression)
			o, err := Create(path, outputColumns, nil)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if err := o.Write([][]byte{[]byte(row[0]), []byte(row[1]), []byte(row[2])}); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s exists before it is whole", path)
			}
			if err := o.Close(); err != nil {
				t.Fatal(err)
			}
			if err := o.Discard(); err != nil {
				t.Errorf("Discard after Close: %v", err)
			}
			header, got, err := load(path, formats.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"sku", "price", "note"}, header); diff != "" {
				t.Errorf("%s: header (-want +got):\n%s", path, diff)
			}
			if diff := cmp.Diff(rows, got); diff != "" {
				t.Errorf("%s: rows (-want +got):\n%s", path, diff)
			}
			onlyFile(t, path)
		}
	}
}

func onlyFile(t *testing.T, path string) {
	t.Helper()
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(left) != 1 || left[0].Name() != filepath.Base(path) {
		t.Errorf("the directory holds %v, want %s alone", left, filepath.Base(path))
	}
}

func TestOldOrNewNeverHalf(t *testing.T) {
	path := write(t, "out.csv", "old\n")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	content := func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	create := func() *Output {
		o, err := Create(path, outputColumns, nil)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	o := create()
	if err := o.Write([][]byte{[]byte("1")}); err != nil {
		t.Fatal(err)
	}
	if first, second := o.Discard(), o.Discard(); first != nil || second != nil {
		t.Error("Discard fails")
	}
	if err := o.Write(nil); err == nil {
		t.Error("a discarded file is written to")
	}
	if got := content(); got != "old\n" {
		t.Errorf("after Discard: %q", got)
	}
	onlyFile(t, path)

	o = create()
	if err := o.Write(make([][]byte, 4)); err == nil {
		t.Error("a row too long is written")
	}
	if err := o.Close(); err == nil {
		t.Error("Close forgets that a row was not written")
	}
	if got := content(); got != "old\n" {
		t.Errorf("after a failed Write: %q", got)
	}
	onlyFile(t, path)

	o = create()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if got := content(); got != "\ufeffsku,price,note\n" {
		t.Errorf("after Close: %q", got)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode is now %v, %v", info.Mode(), err)
	}
	onlyFile(t, path)
}

func TestWriteFile(t *testing.T) {
	path := write(t, "run.json", "old")
	content := func() string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	broken := errors.New("no more to write")
	err := WriteFile(path, func(w io.Writer) error {
		if _, err := io.WriteString(w, "half"); err != nil {
			return err
		}
		return broken
	})
	if !errors.Is(err, broken) || content() != "old" {
		t.Errorf("got %v and %q", err, content())
	}
	onlyFile(t, path)
	err = WriteFile(path, func(w io.Writer) error {
		_, err := io.WriteString(w, "new")
		return err
	})
	if err != nil || content() != "new" {
		t.Errorf("got %v and %q", err, content())
	}
	onlyFile(t, path)
	if err := WriteFile(filepath.Join(filepath.Dir(path), "none", "x"), nil); err == nil {
		t.Error("a file in no folder is written")
	}
	for name, known := range map[string]bool{"-": true, "a.csv": true, "a.XLSX.gz": true, "a.doc": false, "csv": false} {
		if err := CheckName(name); (err == nil) != known {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
}

func TestCreateFollowsLinks(t *testing.T) {
	target := write(t, "out.csv", "old\n")
	link := filepath.Join(t.TempDir(), "link.csv")
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	o, err := Create(link, outputColumns, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(target); err != nil || string(text) != "\ufeffsku,price,note\n" {
		t.Errorf("the target is %q, %v", text, err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link is gone")
	}
}

func TestCreateStandardOutput(t *testing.T) {
	var out bytes.Buffer
	o, err := Create("-", outputColumns, &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Write([][]byte{[]byte("1"), []byte("2")}); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "sku,price,note\n1,2,\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCreateRefuses(t *testing.T) {
	directory := t.TempDir()
	for name, want := range map[string]string{
		"out.doc":       ".csv, .tsv, .xlsx, .ndjson, .jsonl, .parquet, each also with .gz or .zst",
		"out":           "the ending of the name says no format",
		"out.gz":        "the ending of the name says no format",
		"none/out.csv":  "no such file",
		"directory.csv": "is a directory",
	} {
		if err := os.MkdirAll(filepath.Join(directory, "directory.csv"), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := Create(filepath.Join(directory, name), outputColumns, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	if _, err := Create(filepath.Join(directory, "twice.ndjson"), []formats.Column{{Name: "a"}, {Name: "a"}}, nil); err == nil {
		t.Error("a column twice is taken")
	}
	onlyFile(t, filepath.Join(directory, "directory.csv"))
}
