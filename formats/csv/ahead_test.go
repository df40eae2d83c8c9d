package csv

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/formats"
)

// outcome is all that can be seen of reading a feed.
type outcome struct {
	Header           formats.Header
	Rows             []placed
	Tally            formats.Tally
	Encoding, Reason string
	Delimiter        byte
	Err              string
}

// outcomeOf reads a feed to its end by next, which is called until it gives an error.
func outcomeOf(r *Reader, err error, next func() (*formats.Block, error)) outcome {
	var o outcome
	if err != nil {
		o.Err = err.Error()
		return o
	}
	defer r.Close()
	for err == nil {
		var b *formats.Block
		if b, err = next(); err == nil {
			o.Rows = append(o.Rows, copied(b)...)
			b.Release()
		}
	}
	o.Header, o.Tally, o.Err = *r.Header(), r.Tally(), err.Error()
	o.Delimiter = r.Delimiter()
	if err == io.EOF { // before, both depend on how far was read
		o.Encoding, o.Reason = r.Encoding(), r.EncodingReason()
	}
	slices.SortFunc(o.Tally.Remarks, func(a, b formats.Remark) int { return strings.Compare(a.Text, b.Text) })
	return o
}

func read(in io.Reader, o formats.Options, size sizes, workers int) outcome {
	r, err := newReader(in, o, size, workers)
	return outcomeOf(r, err, func() (*formats.Block, error) { return r.Next(context.Background()) })
}

// judge reads a feed by plain alone, block by block.
func judge(in io.Reader, o formats.Options, size sizes) outcome {
	r, err := newReader(in, o, size, 1)
	return outcomeOf(r, err, func() (*formats.Block, error) {
		b := r.first
		r.first = nil
		if b == nil && r.err != nil {
			return nil, r.err
		}
		if b == nil {
			p, err := r.cutter.judged(size.block, r.memory)
			if err != nil {
				return nil, err
			}
			if b, err = r.settle(p); err != nil {
				return nil, err
			}
		}
		r.tally.Rows += int64(b.Len())
		return b, nil
	})
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

// compareWithJudge wants the same of text in pieces, with and without workers, as plain alone says.
func compareWithJudge(t failer, text string, o formats.Options, size sizes) {
	t.Helper()
	want := judge(strings.NewReader(text), o, size)
	for _, workers := range []int{1, 2, 3} {
		if got := read(strings.NewReader(text), o, size, workers); !cmp.Equal(want, got) {
			t.Fatalf("%q, %+v, %d workers (-plain +got):\n%s", text, size, workers, cmp.Diff(want, got))
		}
	}
}

// feedOf draws text in which rows are long enough to be cut into pieces and quotes often stray.
func feedOf(t *rapid.T, delimiter string) string {
	cell := rapid.SampledFrom([]string{"", "a", "words that go on for a while", `"quoted"`, `"a ""doubled"" one"`, "\"two\nlines\"", "\"two\r\nlines\"",
		"\"cr\r\"", "'=1", `"'-1"`, " ", "é", "0123456789", `"` + delimiter + `"`, `""`, `""""`, "\x00"})
	stray := rapid.SampledFrom([]string{`5" nail`, `"open`, `x"y`, `"text"after`, `" "`, "\r", "\"\n", "\xe9"})
	end := rapid.SampledFrom([]string{"\n", "\n", "\n", "\r\n", "\r"}).Draw(t, "end")
	var text strings.Builder
	strays := rapid.IntRange(0, 3).Draw(t, "strays")
	for range rapid.IntRange(1, 60).Draw(t, "rows") {
		for i := range rapid.IntRange(1, 6).Draw(t, "cells") {
			if i > 0 {
				text.WriteString(delimiter)
			}
			if strays > 0 && rapid.IntRange(0, 60).Draw(t, "stray") == 0 {
				strays--
				text.WriteString(stray.Draw(t, "cell"))
			} else {
				text.WriteString(cell.Draw(t, "cell"))
			}
		}
		text.WriteString(end)
	}
	feed := text.String()
	return feed[:len(feed)-rapid.IntRange(0, min(3, len(feed))).Draw(t, "cut")]
}

func TestPiecesAgreeWithPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delimiter := rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "delimiter")
		size := sizes{rapid.IntRange(32, 300).Draw(t, "sample"), rapid.IntRange(32, 300).Draw(t, "block"), rapid.SampledFrom([]int{maxRow, 100}).Draw(t, "row")}
		compareWithJudge(t, feedOf(t, delimiter), formats.Options{HeaderRow: 1, Delimiter: delimiter[0]}, size)
	})
}

func FuzzPieces(f *testing.F) {
	for _, seed := range []string{
		"a,b\n\"1\n2\",\"3\"\"4\"\n5\" x,6\n\"7\n8\",9\n", "a,b\r\n1,2\r\n\"3\r\n4\",5\r\n", "a\r\"b\nc\"\rd\n", "a,\"b\" c\n1,2\n",
		"a,b\n" + strings.Repeat("1,\"x\ny\"\n", 20) + "5\" z,\n" + strings.Repeat("\"x\ny\",1\n", 20),
	} {
		f.Add(seed, uint8(40), uint8(40))
	}
	f.Fuzz(func(t *testing.T, text string, sample, block uint8) {
		compareWithJudge(t, text, formats.Options{}, sizes{int(sample) + 1, int(block) + 1, maxRow})
	})
}

// TestMisled has an odd quote make a place within a quoted cell look like the end of a row.
func TestMisled(t *testing.T) {
	text := "a,b\n" + strings.Repeat("1,2\n", 30) + "5\" nail,x\n" + strings.Repeat("\"one\ntwo, three\",4\n", 40) + "the,end"
	r, err := newReader(strings.NewReader(text), formats.Options{}, sizes{40, 100, maxRow}, 3)
	got := outcomeOf(r, err, func() (*formats.Block, error) { return r.Next(context.Background()) })
	want, _ := plainRead(text, ',')
	if diff := cmp.Diff(want[1:], got.Rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	if r.workers != 1 {
		t.Error("nothing misled the cutter, which this feed was to do")
	}
}

// settledGoroutines waits until no more goroutines run: those that have ended are counted for an instant.
func settledGoroutines(t *testing.T, most int) {
	t.Helper()
	for start := time.Now(); runtime.NumGoroutine() > most; runtime.Gosched() {
		if time.Since(start) > time.Minute {
			buffer := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, want %d:\n%s", runtime.NumGoroutine(), most, buffer[:runtime.Stack(buffer, true)])
		}
	}
}

func TestReadingAheadEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	text := "a,b\n" + strings.Repeat("1,\"2\"\n", 2000)
	for _, blocks := range []int{0, 1, 2, 5, 1 << 20} {
		for _, tail := range []string{"", "\"open", "1,\"2\"x\n"} {
			r, err := newReader(strings.NewReader(text+tail), formats.Options{}, sizes{64, 64, maxRow}, 4)
			if err != nil {
				t.Fatal(err)
			}
			for range blocks {
				b, err := r.Next(context.Background())
				if err != nil {
					break
				}
				b.Release()
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := r.Next(context.Background()); err == nil {
				t.Fatal("a closed reader reads")
			}
			settledGoroutines(t, before)
		}
	}
}

// calling gives its text, and calls out at each read.
type calling struct {
	text io.Reader
	call func()
}

func (c *calling) Read(p []byte) (int, error) {
	c.call()
	return c.text.Read(p)
}

// TestNextGivesUp cancels while the feed is read ahead, and goes on afterwards.
func TestNextGivesUp(t *testing.T) {
	const rows = 5000
	for _, workers := range []int{1, 2, 4} {
		ctx, cancel := context.WithCancel(context.Background())
		var reads atomic.Int64
		in := &calling{text: strings.NewReader("a,b\n" + strings.Repeat("1,2\n", rows)), call: func() {
			if reads.Add(1) == 100 {
				cancel()
			}
		}}
		r, err := newReader(iotest.OneByteReader(in), formats.Options{}, sizes{64, 64, maxRow}, workers)
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for err == nil {
			var b *formats.Block
			if b, err = r.Next(ctx); err == nil {
				got += b.Len()
				b.Release()
			}
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		left, err := readAll(r)
		if err != nil || got+len(left) != rows {
			t.Errorf("%d workers: %d rows, then %d and %v, want %d in all", workers, got, len(left), err, rows)
		}
	}
}

func TestErrorsOfTheSourceComeInOrder(t *testing.T) {
	broken := errors.New("the line is dead")
	for _, workers := range []int{1, 3} {
		in := io.MultiReader(strings.NewReader("a,b\n"+strings.Repeat("1,2\n", 100_000)), iotest.ErrReader(broken))
		got := read(in, formats.Options{}, sizes{4096, 4096, maxRow}, workers)
		if got.Err != broken.Error() || len(got.Rows) < 98_000 {
			t.Errorf("%d workers: %d rows and %s", workers, len(got.Rows), got.Err)
		}
		for i, row := range got.Rows {
			if row.Place.Row != int64(i+2) {
				t.Fatalf("row %d is %v", i, row.Place)
			}
		}
	}
}
