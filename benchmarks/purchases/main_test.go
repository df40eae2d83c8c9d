package main

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// TestMain makes the test's own program the stand-in when it is started as such.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == serveArgument {
		if err := serve(os.Stdin, os.Stdout); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestBothSidesReportEverything(t *testing.T) {
	var out bytes.Buffer
	err := run([]string{"-customers", "40", "-purchases", "100", "-rounds", "2", "-latency", "0", "-workers", "4", "-least", "0", "-dir", t.TempDir()}, &out, &out)
	if err != nil || !strings.Contains(out.String(), "| 100 | 40 | 0s | 4 |") {
		t.Errorf("run = %v, printed %s", err, out.String())
	}
}

func TestTooSlowIsAnError(t *testing.T) {
	var out bytes.Buffer
	err := run([]string{"-customers", "3", "-purchases", "6", "-rounds", "1", "-latency", "0", "-least", "1000", "-dir", t.TempDir()}, &out, &out)
	if err == nil || !strings.Contains(err.Error(), "want 100000 %") {
		t.Errorf("run = %v, want that it was too slow", err)
	}
}
