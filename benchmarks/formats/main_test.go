//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMain lets the test's own program be the child processes.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && (os.Args[1] == sideFlag || os.Args[1] == readerFlag) {
		main()
		return
	}
	// Under the race detector a process waits a second before it ends, and there are many.
	if err := os.Setenv("GORACE", "atexit_sleep_ms=0"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestBothSidesOfEveryTaskAgree(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"-rows", "30", "-runs", "1"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		for _, cores := range []int{1, 2} {
			line := fmt.Sprintf("| %s | %s | %d | %d | ", task.title, task.other, 30*task.scale, cores)
			if strings.Count(out.String(), line) != 1 {
				t.Errorf("no line for %s on %d cores:\n%s", task.name, cores, out.String())
			}
		}
	}
}

func TestOneTaskAlone(t *testing.T) {
	var out bytes.Buffer
	if err := run([]string{"-rows", "10", "-runs", "1", "-only", "write-csv"}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(out.String(), "write CSV"); lines != 2 || strings.Contains(out.String(), "Parquet") {
		t.Errorf("got\n%s", out.String())
	}
}

func TestSidesThatDisagreeFail(t *testing.T) {
	lying := task{name: "lying", title: "lying", scale: 1, feed: "make parquet", sides: [2]string{"read parquet ours", "make parquet"}, ending: ".parquet"}
	if _, err := compare(lying, options{rows: 5, runs: 1}, 1, t.TempDir()); err == nil || !strings.Contains(err.Error(), "gives") {
		t.Errorf("a side that reads nothing gave %v", err)
	}
	missing := task{name: "missing", scale: 1, feed: "make nothing"}
	if _, err := compare(missing, options{rows: 5, runs: 1}, 1, t.TempDir()); err == nil {
		t.Error("a side that does not exist is no error")
	}
}

func TestFlagsThatMakeNoSense(t *testing.T) {
	for _, args := range [][]string{{"-rows", "0"}, {"-runs", "0"}, {"-flips", "0"}, {"-only", "everything"}, {"more"}, {"-unknown"}} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

func TestTheTableFollowsFromItsSeed(t *testing.T) {
	if !reflect.DeepEqual(rows(7, 30), rows(7, 30)) {
		t.Error("the same seed makes other rows")
	}
	if reflect.DeepEqual(rows(7, 30), rows(8, 30)) {
		t.Error("another seed makes the same rows")
	}
}

// None of our readers may read a damaged file as a whole one; excelize does, or the count counts wrong.
func TestDamageIsCounted(t *testing.T) {
	silent := 0
	for _, format := range []string{".xlsx", ".parquet", ".csv.gz"} {
		good, err := goodFile(format, 1)
		if err != nil {
			t.Fatal(err)
		}
		kinds, err := damages(format, good, options{seed: 1, flips: 5})
		if err != nil {
			t.Fatal(err)
		}
		kinds[0].files = kinds[0].files[96:]
		for _, reader := range []string{ourReader, otherReader} {
			var out bytes.Buffer
			if err := judge(format, reader, good, kinds, t.TempDir(), &out); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(out.String()) {
				cells := strings.Split(line, " | ")
				bad := cells[6] != "0" || cells[7] != "0" || cells[8] != "0" || !strings.HasPrefix(cells[9], "0 ")
				switch {
				case reader == ourReader && bad:
					t.Errorf("not refused, or not safely: %s", line)
				case reader == otherReader && format == ".xlsx" && cells[6] != "0":
					silent++
				}
			}
		}
	}
	if silent == 0 {
		t.Error("no damaged workbook was read silently by excelize")
	}
}

func TestVerdicts(t *testing.T) {
	want := verdict{Rows: 5, Count: 3}
	var got tallies
	for _, v := range []struct {
		verdict verdict
		how     string
	}{
		{want, ""}, {verdict{Refused: true, Allocated: tooMuch + 1}, ""}, {verdict{Rows: 5, Count: 2}, ""}, {verdict{Rows: 6, Count: 3}, ""},
		{verdict{Panicked: true}, ""}, {verdict{}, "crashed"}, {verdict{}, "hung"},
	} {
		got.count(want, v.verdict, v.how)
	}
	if diff := cmp.Diff(tallies{same: 1, refused: 1, silent: 2, crashed: 2, hung: 1, costly: 1}, got, cmp.AllowUnexported(tallies{})); diff != "" {
		t.Error(diff)
	}
}

func TestAPanicIsAVerdict(t *testing.T) {
	got := decide(func(string, func([]string)) error { panic("broken") }, "")
	if !got.Panicked {
		t.Errorf("got %+v", got)
	}
}

func TestMedian(t *testing.T) {
	if got := median([]int64{9, 1, 5}); got != 5 {
		t.Errorf("median of three = %d, want 5", got)
	}
	if got := median([]float64{4, 1, 2, 3}); got != 2.5 {
		t.Errorf("median of four = %v, want 2.5", got)
	}
}
