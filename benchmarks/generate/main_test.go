package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulkload/formats"
	"bulkload/formats/parquet"
)

func TestGenerateParquet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "feed.parquet")
	var words bytes.Buffer
	if err := run([]string{"-rows", "3000", "-order", "random", "-o", path}, io.Discard, &words); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := parquet.NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	for err == nil {
		var b *formats.Block
		if b, err = r.Next(context.Background()); err == nil {
			b.Release()
		}
	}
	if !errors.Is(err, io.EOF) || r.Tally().Rows != 3000 {
		t.Errorf("read back: %v", err)
	}
	if !strings.Contains(words.String(), "3000 rows") {
		t.Errorf("said %q", words.String())
	}
}

func TestGenerateToStandardOutput(t *testing.T) {
	var once, again bytes.Buffer
	for _, out := range []*bytes.Buffer{&once, &again} {
		if err := run([]string{"-rows", "50", "-o", "-"}, out, io.Discard); err != nil {
			t.Fatal(err)
		}
	}
	if once.String() != again.String() || !strings.HasPrefix(once.String(), "product_id,") {
		t.Errorf("two runs differ, or do not begin with a header: %.80q", once.String())
	}
}

func TestGenerateRefuses(t *testing.T) {
	for _, args := range [][]string{{}, {"-o", "feed.doc"}, {"-o", "-", "-rows", "0"}, {"-o", "-", "-order", "size"}, {"-o", "-", "more"}, {"-x"}} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if _, err := os.Stat("feed.doc"); err == nil {
		t.Error("feed.doc was written")
	}
}
