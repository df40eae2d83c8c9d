package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestBothSidesLoadEverything(t *testing.T) {
	var out bytes.Buffer
	err := run([]string{"-products", "50", "-rounds", "2", "-rate", "0", "-latency", "0", "-dir", t.TempDir()}, &out, &out)
	if err != nil || !strings.Contains(out.String(), "| 50 | 0/s |") {
		t.Errorf("run = %v, printed %s", err, out.String())
	}
}
