package csv

import (
	"bytes"
	stdcsv "encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/cost"
)

func columns(names ...string) []formats.Column {
	made := make([]formats.Column, len(names))
	for i, name := range names {
		made[i].Name = name
	}
	return made
}

func cells(texts ...string) [][]byte {
	made := make([][]byte, len(texts))
	for i, text := range texts {
		made[i] = []byte(text)
	}
	return made
}

func TestWrite(t *testing.T) {
	for _, test := range []struct {
		name    string
		options WriterOptions
		row     []string
		want    string
	}{
		{name: "plain", row: []string{"00123", "blue"}, want: "00123,blue\n"},
		{name: "missing cells", row: []string{"1"}, want: "1,\n"},
		{name: "no cells", row: nil, want: ",\n"},
		{name: "quotes", row: []string{`5" nail`, "a,b"}, want: "\"5\"\" nail\",\"a,b\"\n"},
		{name: "line ends", row: []string{"a\nb", "a\rb"}, want: "\"a\nb\",\"a\rb\"\n"},
		{name: "every delimiter is quoted for", row: []string{"a;b", "a|b"}, want: "\"a;b\",\"a|b\"\n"},
		{name: "outer blanks", row: []string{" a", "b "}, want: "\" a\",\"b \"\n"},
		{name: "formulas", row: []string{"=1+1", "@x"}, want: "'=1+1,'@x\n"},
		{name: "escaped formulas", row: []string{"'=1", "''-x"}, want: "''=1,'''-x\n"},
		{name: "formula in quotes", row: []string{"=\"a\"", "\tb"}, want: "\"'=\"\"a\"\"\",\"'\tb\"\n"},
		{name: "numbers are no formulas", row: []string{"-12.5", "+49"}, want: "-12.5,+49\n"},
		{name: "nearly numbers are", row: []string{"-12.", "-1+1"}, want: "'-12.,'-1+1\n"},
		{name: "signs", row: []string{"-", "+"}, want: "'-,'+\n"},
		{name: "apostrophes", row: []string{"'tis", "'"}, want: "'tis,'\n"},
		{name: "tabs", options: WriterOptions{Delimiter: '\t'}, row: []string{"a", "b,c"}, want: "a\t\"b,c\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			w, err := NewWriter(&out, columns("x", "y"), test.options)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Write(cells(test.row...)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			_, got, _ := strings.Cut(out.String(), "\n")
			if got != test.want {
				t.Errorf("Write(%q) gives %q, want %q", test.row, got, test.want)
			}
		})
	}
}

func TestWriteHeader(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, columns("sep=;"), WriterOptions{ByteOrderMark: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := out.String(), "\ufeff\"sep=;\"\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

type brokenWriter struct{}

var errFull = errors.New("the disk is full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errFull }

func TestWriteFails(t *testing.T) {
	w, err := NewWriter(brokenWriter{}, columns("a"), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close gives %v, want %v", err, errFull)
	}
	w, err = NewWriter(io.Discard, columns("a"), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(cells("1", "2")); err == nil {
		t.Error("a row longer than the header is taken")
	}
	if _, err := NewWriter(io.Discard, nil, WriterOptions{Delimiter: '\n'}); err == nil {
		t.Error("a line feed is taken for a delimiter")
	}
}

// roundTrip writes rows and reads them back; rows without text are not given out again.
func roundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, rows [][]string, delimiter byte, size int) {
	t.Helper()
	var file bytes.Buffer
	names := []string{"a", "b", "c"}
	w, err := NewWriter(&file, columns(names...), WriterOptions{Delimiter: delimiter})
	if err != nil {
		t.Fatalf("%v", err)
	}
	var want [][]string
	for _, row := range rows {
		if err := w.Write(cells(row...)); err != nil {
			t.Fatalf("%v", err)
		}
		if strings.Trim(strings.Join(row, ""), " \t") != "" {
			want = append(want, append(append([]string(nil), row...), make([]string, len(names)-len(row))...))
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	text := file.String()
	r, err := newReader(&file, formats.Options{Delimiter: delimiter, Encoding: "UTF-8", HeaderRow: 1}, sizes{size, size, maxRow}, 1)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	got, err := readAll(r)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if diff := cmp.Diff(names, r.Header().Names); diff != "" {
		t.Fatalf("header of %q (-want +got):\n%s", text, diff)
	}
	if diff := cmp.Diff(want, texts(got)); diff != "" {
		t.Fatalf("%q (-want +got):\n%s", text, diff)
	}
	std := stdcsv.NewReader(strings.NewReader(text))
	std.Comma = rune(delimiter)
	if _, err := std.ReadAll(); err != nil {
		t.Fatalf("encoding/csv does not read %q: %v", text, err)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("ab,;|\t\n\r\" '=+-@019.é"))))
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 0, 3), 0, 30).Draw(t, "rows")
		delimiter := rapid.SampledFrom([]byte(",;\t|")).Draw(t, "delimiter")
		roundTrip(t, rows, delimiter, rapid.IntRange(1, 400).Draw(t, "block"))
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("a", "b,c", "\"d\"")
	f.Add("'=1", "-12.5", " \r\n")
	f.Add("\xff", "\x00", "é")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		cost.Check(t, func() { roundTrip(t, [][]string{{a, b, c}, {b}, {c, a}}, ',', 64) })
	})
}

func TestWriteAllocatesNothingPerRow(t *testing.T) {
	w, err := NewWriter(io.Discard, columns("a", "b", "c"), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	row := cells("00123", "shirt, \"long\"", "=x")
	if allocations := testing.AllocsPerRun(100_000, func() {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations a row", allocations)
	}
}

var benchmarkRow = strings.Split("SKU-000123,0000000007919,Women,Shirt,Blouse long sleeve,navy,#1a2b3c,XS,12.95,EUR,https://img.example/1.jpg,,,true,2026-01-05,cotton 100%,x,12,34,56,78,a,b,c,said \"nice\"", ",")

func BenchmarkWrite(b *testing.B) {
	w, err := NewWriter(io.Discard, columns(benchmarkRow...), WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	row := cells(benchmarkRow...)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(row); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkWriteEncodingCSV(b *testing.B) {
	w := stdcsv.NewWriter(io.Discard)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(benchmarkRow); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAsItIsAgreesWithTheCloseLook wants no cell written as it is that a close look would change.
func TestAsItIsAgreesWithTheCloseLook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delimiter := rapid.SampledFrom([]byte(",;\t|~:^ a\x1f")).Draw(t, "delimiter")
		w, err := NewWriter(io.Discard, []formats.Column{{Name: "x"}}, WriterOptions{Delimiter: delimiter})
		if err != nil {
			t.Fatal(err)
		}
		special := rapid.SampledFrom([]byte("\"\r\n,;\t|~:^ a\x1f'=@+-sepSEP\x00\x7f\x80\xa2\xac\xff1"))
		cell := rapid.SliceOfN(rapid.OneOf(rapid.Just(byte('x')), special), 1, 40).Draw(t, "cell")
		if w.asItIs(cell) && (w.needsQuotes(cell) || runsAsFormula(cell)) {
			t.Fatalf("%q with %q is not to be written as it is", cell, delimiter)
		}
		if got, want := w.appendCell(nil, cell), w.appendCarefully(nil, cell); !bytes.Equal(got, want) {
			t.Fatalf("%q is written %q, want %q", cell, got, want)
		}
	})
}
