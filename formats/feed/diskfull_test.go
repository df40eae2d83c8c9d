package feed

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestDiskFullError(t *testing.T) {
	full := fmt.Errorf("while writing: %w", &fs.PathError{Op: "write", Path: ".report.tmp", Err: fullErrors[0]})
	other := &DiskFullError{Path: "elsewhere.tmp", Err: fullErrors[0]}
	tests := []struct {
		name string
		old  string // what has the name already; "" nothing
		err  error  // of the write
		want []string
		not  string
		full bool
	}{
		{"nothing there before", "", full, []string{"out.csv: ", fullErrors[0].Error(), "nothing of it was written"}, "kept", true},
		{"an old one", "old", full, []string{"nothing of it was written, the old one is kept"}, ".report.tmp", true},
		{"another file had no room", "old", fmt.Errorf("set aside: %w", other), []string{"set aside: elsewhere.tmp: "}, "kept", true},
		{"another error", "old", syscall.EPERM, []string{syscall.EPERM.Error()}, "nothing of it", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "out.csv")
			if test.old != "" {
				if err := os.WriteFile(path, []byte(test.old), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			err := WriteFile(path, func(w io.Writer) error {
				if _, err := io.WriteString(w, strings.Repeat("half of it", 1000)); err != nil {
					return err
				}
				return test.err
			})
			var diskFull *DiskFullError
			if errors.As(err, &diskFull) != test.full || !errors.Is(err, test.err) && !test.full {
				t.Fatalf("error %v, a DiskFullError: %t", err, test.full)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), test.not) {
				t.Errorf("%q speaks of %q", err, test.not)
			}
			text, err := os.ReadFile(path)
			if test.old == "" && !errors.Is(err, fs.ErrNotExist) || string(text) != test.old {
				t.Errorf("the file is %q, %v", text, err)
			}
			left, err := os.ReadDir(filepath.Dir(path))
			if err != nil || len(left) > len(test.old) || len(left) > 1 {
				t.Errorf("%v lie there, %v", left, err)
			}
		})
	}
}

// TestWritersThatFail breaks every output at every place where it may be written to the disk.
func TestWritersThatFail(t *testing.T) {
	row := make([][]byte, len(outputColumns))
	for _, ending := range Endings() {
		for _, compression := range []string{"", ".gz", ".zst"} {
			t.Run(ending+compression, func(t *testing.T) {
				path := write(t, "out"+ending+compression, "old")
				o, err := Create(path, outputColumns, nil)
				if err != nil {
					t.Fatal(err)
				}
				o.buffer.Reset(fullDisk{}) // nothing that is written from now on fits
				for i := 0; i < 2_000 && err == nil; i++ {
					for j := range row {
						row[j] = fmt.Appendf(nil, "%d-%d", i*7919, j)
					}
					row[1] = fmt.Appendf(nil, "%d", i)
					err = o.Write(row)
				}
				if err == nil {
					err = o.Close()
				} else if closed := o.Close(); closed == nil {
					t.Error("Close forgets that a row was not written")
				}
				var full *DiskFullError
				if !errors.As(err, &full) || full.Path != path || full.Kept != path {
					t.Errorf("error %v, want a DiskFullError that keeps %s", err, path)
				}
				if text, err := os.ReadFile(path); err != nil || string(text) != "old" {
					t.Errorf("the old file is %q, %v", text, err)
				}
				onlyFile(t, path)
			})
		}
	}
}

// fullDisk is a file on a disk without room.
type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &fs.PathError{Op: "write", Path: "temporary", Err: fullErrors[0]}
}

func TestStandardOutputThatIsFull(t *testing.T) {
	o, err := Create("-", outputColumns, fullDisk{})
	if err != nil {
		t.Fatal(err)
	}
	var full *DiskFullError
	if err := o.Close(); DiskFull(err) == nil || errors.As(err, &full) {
		t.Errorf("error %v, want the system's alone: what was written stays written", err)
	}
}

func TestMakeDir(t *testing.T) {
	top := t.TempDir()
	file := filepath.Join(top, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		path string
		err  string // "" none
	}{
		{filepath.Join(top, "a", "b", "c"), ""},
		{filepath.Join(top, "a", "b", "c"), ""},
		{filepath.Join(top, "a") + string(filepath.Separator), ""},
		{top, ""},
		{file, "is a file, not a folder"},
		{filepath.Join(file, "below"), "file"},
	}
	for _, test := range tests {
		err := MakeDir(test.path, 0o777)
		if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("MakeDir(%s) = %v, want %q", test.path, err, test.err)
		}
		if info, statErr := os.Stat(test.path); err == nil && (statErr != nil || !info.IsDir()) {
			t.Errorf("%s is not there: %v", test.path, statErr)
		}
	}
	t.Chdir(top)
	if err := MakeDir(filepath.Join("runs", "one"), 0o777); err != nil {
		t.Errorf("below the working directory: %v", err)
	}
}
