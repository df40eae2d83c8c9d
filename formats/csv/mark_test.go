package csv

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"bulkload/formats"
)

// marksOf says byte by byte what mark must find.
func marksOf(text []byte, delimiter byte) (quotes, specials []uint64) {
	quotes, specials = make([]uint64, len(text)/stride), make([]uint64, len(text)/stride)
	for i, c := range text {
		switch c {
		case '"':
			quotes[i/stride] |= 1 << (i % stride)
		case delimiter, '\n', '\r':
			specials[i/stride] |= 1 << (i % stride)
		}
	}
	return quotes, specials
}

func TestMark(t *testing.T) {
	ways := map[string]func([]byte, byte, []uint64, []uint64){"mark": mark, "markWords": markWords}
	rapid.Check(t, func(t *rapid.T) {
		delimiter := rapid.SampledFrom([]byte{',', ';', '\t', '|', '^', 0x01}).Draw(t, "delimiter")
		strides := rapid.IntRange(0, 5).Draw(t, "strides")
		special := rapid.SampledFrom([]byte{delimiter, '"', '\n', '\r', 0, 0x80, delimiter | 0x80, '"' | 0x80, delimiter ^ 1, '#', '\v', 'a'})
		text := rapid.SliceOfN(rapid.OneOf(special, rapid.Byte()), strides*stride+7, strides*stride+7).Draw(t, "text")
		for name, way := range ways {
			for shift := range 7 { // a text may begin anywhere
				text := text[shift : shift+strides*stride]
				wantQuotes, wantSpecials := marksOf(text, delimiter)
				quotes, specials := make([]uint64, strides), make([]uint64, strides)
				way(text, delimiter, quotes, specials)
				if !cmp.Equal(quotes, wantQuotes) || !cmp.Equal(specials, wantSpecials) {
					t.Fatalf("%s(%q, %q) = %x, %x, want %x, %x", name, text, delimiter, quotes, specials, wantQuotes, wantSpecials)
				}
			}
		}
	})
}

func TestMarkRefusesTooLittleText(t *testing.T) {
	for name, lengths := range map[string][3]int{"text": {stride - 1, 1, 1}, "specials": {stride, 1, 0}} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("mark went beyond what it was given")
				}
			}()
			mark(make([]byte, lengths[0]), ',', make([]uint64, lengths[1]), make([]uint64, lengths[2]))
		})
	}
}

// TestFastAgreesWithPlain has texts of several batches, in which rows and quotes stand across their edges.
func TestFastAgreesWithPlain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delimiter := rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "delimiter")
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "end")
		cell := rapid.SampledFrom([]string{"", "a", "words that go on", `"quoted"`, `"a ""doubled"" one"`, "\"two\nlines\"", "\"two\r\nlines\"", "\"cr\r\"", "'=1",
			`"'-1"`, `"'-""2"""`, " ", "é", `"` + delimiter + `"`, `""`, `""""`, "\x00", "'t is", `"` + strings.Repeat("long ", 30) + `"`})
		rows := make([]string, 20)
		for i := range rows {
			rows[i] = strings.Join(rapid.SliceOfN(cell, 1, 9).Draw(t, "row"), delimiter) + end
		}
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
		var text strings.Builder
		for size := rapid.IntRange(1, 3*batch*stride).Draw(t, "size"); text.Len() < size; {
			text.WriteString(rows[random.IntN(len(rows))])
		}
		atEnd := rapid.Bool().Draw(t, "at end")
		compareFastWithPlain(t, text.String(), delimiter[0], atEnd)
		if atEnd {
			compareFastWithPlain(t, strings.TrimSuffix(text.String(), end), delimiter[0], atEnd)
		}
	})
}

func compareFastWithPlain(t failer, text string, delimiter byte, atEnd bool) {
	t.Helper()
	r := rules{delimiter: delimiter, maxRow: maxRow}
	blocks := [2]*formats.Block{formats.NewBlock(nil), formats.NewBlock(nil)}
	for _, b := range blocks {
		b.Text = append(make([]byte, 0, len(text)+padding), text...)
	}
	want := r.plain(blocks[0], len(text), atEnd)
	got, understood := r.fast(blocks[1], len(text), atEnd, new(tape))
	if !understood && !strings.HasSuffix(text, "\r") { // after which, if not at the end, LF may follow
		t.Fatalf("fast does not understand %q", text)
	}
	if !understood {
		return
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(scan{}), cmpopts.EquateComparable(lineEnd(0))); diff != "" {
		t.Fatalf("scan of %q (-plain +fast):\n%s", text, diff)
	}
	if diff := cmp.Diff(copied(blocks[0]), copied(blocks[1])); diff != "" {
		t.Fatalf("rows of %q (-plain +fast):\n%s", text, diff)
	}
}

// BenchmarkMark compares the ways to mark a text.
func BenchmarkMark(b *testing.B) {
	text := []byte(benchmarkFeed(1000))[:batch*stride]
	var t tape
	for name, way := range map[string]func([]byte, byte, []uint64, []uint64){"mark": mark, "markWords": markWords} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				way(text, ',', t.quotes[:], t.specials[:])
			}
		})
	}
}
