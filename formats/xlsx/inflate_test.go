package xlsx

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	fastflate "github.com/klauspost/compress/flate"
	"pgregory.net/rapid"
)

// deflated packs text: at a level of compress/flate, or, above its levels, by other means that make
// blocks of all kinds.
func deflated(t failer, text []byte, level int) []byte {
	t.Helper()
	var packed bytes.Buffer
	var w io.WriteCloser
	var err error
	if level <= flate.BestCompression {
		w, err = flate.NewWriter(&packed, level)
	} else {
		w, err = fastflate.NewWriter(&packed, level-10)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	if _, err := w.Write(text); err != nil {
		t.Fatalf("%v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	return packed.Bytes()
}

type failer interface {
	Helper()
	Fatalf(string, ...any)
}

// compareWithFlate wants the same bytes, and an error when there is one, as compress/flate gives.
func compareWithFlate(t failer, packed []byte, src io.Reader) {
	t.Helper()
	const most = 4 << 20
	want, wantErr := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), most))
	got, err := io.ReadAll(io.LimitReader(newInflater(src, uint64(len(packed)), 100), most))
	if err != nil && wantErr != nil && len(got) > len(want) && len(got) <= len(want)+longest {
		got = got[:len(want)] // compress/flate wants more bits of a cut stream than its last symbol has
	}
	if !bytes.Equal(got, want) || (err == nil) != (wantErr == nil) {
		at := 0
		for at < min(len(got), len(want)) && got[at] == want[at] {
			at++
		}
		t.Fatalf("%d bytes and %v, want %d and %v; alike up to byte %d", len(got), err, len(want), wantErr, at)
	}
}

// plainTexts are texts that make matches near and far, long and short, and none at all.
func plainTexts() [][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 140<<10)
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var cells strings.Builder
	for i := range 4000 {
		cells.WriteString(`<c r="A` + strconv.Itoa(i) + `" t="s"><v>` + strconv.Itoa(random.IntN(1000)) + "</v></c>")
	}
	far := append(append(bytes.Clone(noise[:32<<10]), noise[:40]...), noise[:32<<10]...)
	few := bytes.Map(func(c rune) rune { return 'a' + c%3 }, bytes.ToValidUTF8(noise[:40<<10], []byte("x")))
	return [][]byte{nil, []byte("a"), []byte("abc"), bytes.Repeat([]byte{'x'}, 140<<10), bytes.Repeat([]byte("abcdefg"), 10<<10), noise, []byte(cells.String()), far, few}
}

func TestInflate(t *testing.T) {
	for _, text := range plainTexts() {
		for _, level := range []int{flate.HuffmanOnly, 0, 6, 11} {
			packed := deflated(t, text, level)
			compareWithFlate(t, packed, bytes.NewReader(packed))
			compareWithFlate(t, packed, iotest.HalfReader(bytes.NewReader(packed)))
			if got, err := io.ReadAll(newInflater(iotest.DataErrReader(bytes.NewReader(packed)), 1, 1)); err != nil || !bytes.Equal(got, text) {
				t.Fatalf("level %d, %d bytes: %d and %v", level, len(text), len(got), err)
			}
		}
	}
}

// TestInflateDamage cuts packed text short, and flips bits of it.
func TestInflateDamage(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, text := range plainTexts() {
		text = text[:min(len(text), 8<<10)]
		compareWithFlate(t, deflated(t, text, 6), iotest.OneByteReader(bytes.NewReader(deflated(t, text, 6))))
		for _, level := range []int{0, 6, flate.HuffmanOnly} {
			packed := deflated(t, text, level)
			for range 10 {
				cut := packed[:random.IntN(len(packed)+1)]
				compareWithFlate(t, cut, bytes.NewReader(cut))
				flipped := bytes.Clone(packed)
				flipped[random.IntN(len(flipped))] ^= 1 << random.IntN(8)
				compareWithFlate(t, flipped, bytes.NewReader(flipped))
			}
		}
	}
}

// TestInflateCutAnywhere cuts short streams at every byte.
func TestInflateCutAnywhere(t *testing.T) {
	for _, text := range []string{"", "a", "hello, hello, hello", strings.Repeat("0123456789", 40)} {
		for _, level := range []int{0, 1, 9, flate.HuffmanOnly} {
			packed := deflated(t, []byte(text), level)
			for cut := range packed {
				compareWithFlate(t, packed[:cut], bytes.NewReader(packed[:cut]))
			}
		}
	}
}

func TestInflateAny(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		packed := rapid.SliceOfN(rapid.Byte(), 0, 400).Draw(t, "packed")
		compareWithFlate(t, packed, bytes.NewReader(packed))
	})
}

func TestInflatePassesErrorsOn(t *testing.T) {
	broken := errors.New("the disk is dead")
	packed := deflated(t, bytes.Repeat([]byte("some text "), 9000), 6)
	src := io.MultiReader(bytes.NewReader(packed[:len(packed)/2]), iotest.ErrReader(broken))
	if _, err := io.ReadAll(newInflater(src, uint64(len(packed)), 90_000)); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func FuzzInflate(f *testing.F) {
	for _, text := range plainTexts() {
		for _, level := range []int{0, 1, 9, flate.HuffmanOnly} {
			f.Add(deflated(f, text[:min(len(text), 2000)], level))
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte) { compareWithFlate(t, packed, bytes.NewReader(packed)) })
}

// BenchmarkInflate unpacks cells of a sheet.
func BenchmarkInflate(b *testing.B) {
	text := plainTexts()[6]
	packed := deflated(b, text, 6)
	for name, open := range map[string]func() io.Reader{
		"ours":           func() io.Reader { return newInflater(bytes.NewReader(packed), uint64(len(packed)), uint64(len(text))) },
		"klauspost":      func() io.Reader { return fastflate.NewReader(bytes.NewReader(packed)) },
		"compress/flate": func() io.Reader { return flate.NewReader(bytes.NewReader(packed)) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			to := make([]byte, 256<<10)
			for b.Loop() {
				for r, err := open(), error(nil); err == nil; {
					_, err = r.Read(to)
				}
			}
		})
	}
}

// An inflater that is used again gives what a new one does, wherever it was left.
func TestInflaterAgain(t *testing.T) {
	texts, d := plainTexts(), new(inflater)
	for i := range 3 * len(texts) {
		text := texts[i*5%len(texts)]
		packed := deflated(t, text, []int{6, 0, flate.HuffmanOnly, 11}[i%4])
		d.reset(bytes.NewReader(packed), uint64(len(packed)), uint64(len(text)))
		if i%3 == 1 {
			if n, err := io.ReadFull(d, make([]byte, len(text)/2)); err != nil {
				t.Fatalf("%d of %d bytes: %v", n, len(text), err)
			}
			continue
		}
		if got, err := io.ReadAll(d); err != nil || !bytes.Equal(got, text) {
			t.Fatalf("turn %d, %d bytes: %d and %v", i, len(text), len(got), err)
		}
	}
}
