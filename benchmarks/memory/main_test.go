//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"testing"
)

// TestMain lets the test's own program stand in for bulkload.
func TestMain(m *testing.M) {
	if os.Getenv("MEMORY_TEST_PROGRAM") == "" {
		os.Exit(m.Run())
	}
	switch os.Args[1] {
	case "sandbox":
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, os.Interrupt)
		fmt.Println("faire http://127.0.0.1:1/faire")
		fmt.Println("fashiontrade http://127.0.0.1:1/fashiontrade/pim")
		<-stop
	case "import":
		if !strings.Contains(strings.Join(os.Args, " "), "--base-url http://127.0.0.1:1/fashiontrade/pim ") {
			fmt.Println("no base URL")
			os.Exit(1)
		}
	}
	if info, err := os.Stat(os.Args[2]); os.Args[1] != "sandbox" && (err != nil || info.Size() == 0) {
		os.Exit(6)
	}
}

func TestMeasuresBothCommands(t *testing.T) {
	t.Setenv("MEMORY_TEST_PROGRAM", "1")
	var out bytes.Buffer
	err := run([]string{"-bulkload", os.Args[0], "-rows", "200", "-dir", t.TempDir()}, &out, os.Stderr)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 4 || !strings.HasPrefix(lines[2], "| check | .csv | 200 |") || !strings.HasPrefix(lines[3], "| import | .csv | 200 |") {
		t.Errorf("printed\n%s", out.String())
	}
	for _, line := range lines {
		if strings.Count(line, "|") != 8 {
			t.Errorf("%q has not 7 cells", line)
		}
	}
}

func TestMeasuresStock(t *testing.T) {
	t.Setenv("MEMORY_TEST_PROGRAM", "1")
	var out bytes.Buffer
	err := run([]string{"-bulkload", os.Args[0], "-rows", "45", "-commands", "check", "-resource", "product-stock", "-dir", t.TempDir()}, &out, os.Stderr)
	if err != nil || !strings.Contains(out.String(), "| check | .csv | 45 |") {
		t.Errorf("printed\n%s%v", out.String(), err)
	}
}

func TestSaysWhyAProgramFailed(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"-bulkload", "x", "-rows", "0"},
		{"-bulkload", "x", "-commands", "delete"},
		{"-bulkload", "x", "-order", "size"},
		{"-bulkload", "x", "-resource", "prepacks"},
		{"-bulkload", "/does/not/exist", "-rows", "1", "-dir", t.TempDir()},
	} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
}

func TestAPeakBelowOursIsSaidToBeSo(t *testing.T) {
	m := measurement{wall: 2e9, peak: 10 << 20, own: 20 << 20}
	var o options
	o.season.Rows = 100
	if line := m.line("check", o); !strings.Contains(line, "≤ 10.0 MiB | 50 |") {
		t.Errorf("line = %q", line)
	}
}
