package parquet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"bulkload/formats"
)

// openWith opens a file for a number of workers, whatever processors there are.
func openWith(t rapidOrTest, file io.ReaderAt, size, workers int) *Reader {
	t.Helper()
	r, err := NewReader(file, int64(size), formats.Options{})
	if err != nil {
		t.Fatalf("NewReader: %v", err)
	}
	r.assembler.workers = nil
	for range workers {
		r.assembler.workers = append(r.assembler.workers, &pageSource{pageFile: r.file})
	}
	return r
}

// rest reads a reader to its end and closes it.
func rest(r *Reader) (rows []string, err error) {
	defer r.Close()
	for {
		b, err := r.Next(context.Background())
		if err != nil {
			return rows, err
		}
		for i := range b.Len() {
			row := b.Row(i)
			text := fmt.Sprint(row.Place().Row)
			for c := range row.Len() {
				text += "\x1f" + cell(row, c)
			}
			rows = append(rows, text)
		}
		b.Release()
	}
}

// unequal is a file whose pages end at different rows, with nulls, lists, numbers, and text that gets
// very much longer at once, so that columns show more rows than a block can take.
func unequal(t rapidOrTest, seed uint64, rows int) []byte {
	t.Helper()
	type row struct {
		Plain  string   `parquet:"plain"`
		Maybe  *string  `parquet:"maybe,optional,dict"`
		Tags   []string `parquet:"tags,list"`
		Price  float64  `parquet:"price"`
		Number *int64   `parquet:"number,optional,dict"`
		Long   string   `parquet:"long,delta"`
	}
	random := rand.New(rand.NewPCG(seed, 1))
	var out bytes.Buffer
	w := parquetgo.NewGenericWriter[row](&out, parquetgo.PageBufferSize(2000+random.IntN(20000)))
	long := 1 + random.IntN(rows)
	for i := range rows {
		r := row{Plain: fmt.Sprint("zu groß ", random.IntN(1e6)), Price: float64(i) / 4, Long: strings.Repeat("x", random.IntN(30))}
		if random.IntN(3) > 0 {
			r.Maybe, r.Number = ptr(fmt.Sprint("colour ", random.IntN(40))), ptr(int64(random.IntN(9)))
		}
		for range random.IntN(3) {
			r.Tags = append(r.Tags, fmt.Sprint("tag ", random.IntN(9)))
		}
		if i >= long && i < long+25 {
			r.Long = strings.Repeat("y", 50_000+i)
		}
		if _, err := w.Write([]row{r}); err != nil {
			t.Fatalf("%v", err)
		}
		if random.IntN(rows) == 0 {
			if err := w.Flush(); err != nil {
				t.Fatalf("%v", err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	return out.Bytes()
}

func TestAnyNumberOfWorkersReadsTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for seed := range uint64(8) {
		rows := []int{1, 70, 900, 3000}[seed/2%4]
		data := unequal(t, seed, rows)
		if seed%2 == 1 {
			footer, err := footerBounds(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			data[4+random.Int64N(footer-4)] ^= 1 << random.IntN(8)
		}
		want, wantErr := rest(openWith(t, bytes.NewReader(data), len(data), 1))
		if errors.Is(wantErr, io.EOF) && len(want) != rows {
			t.Errorf("seed %d: %d rows, want %d", seed, len(want), rows)
		}
		for _, workers := range []int{2, 5} {
			got, err := rest(openWith(t, bytes.NewReader(data), len(data), workers))
			if fmt.Sprint(err) != fmt.Sprint(wantErr) || !slices.Equal(got, want) {
				t.Errorf("seed %d, %d workers: %d rows and %v, want %d and %v", seed, workers, len(got), err, len(want), wantErr)
			}
		}
	}
}

// gate is a file that is read no further than open says, until it opens.
type gate struct {
	io.ReaderAt
	open   chan struct{}
	closed chan struct{} // closed when a read waits
}

func (g *gate) ReadAt(p []byte, at int64) (int, error) {
	if g.open != nil {
		select {
		case <-g.closed:
		default:
			close(g.closed)
		}
		<-g.open
	}
	return g.ReaderAt.ReadAt(p, at)
}

func TestACancelledNextLosesNothing(t *testing.T) {
	data := unequal(t, 1, 900)
	want, err := rest(openWith(t, bytes.NewReader(data), len(data), 1))
	if !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	file := &gate{ReaderAt: bytes.NewReader(data)}
	r := openWith(t, file, len(data), 2)
	file.open, file.closed = make(chan struct{}), make(chan struct{})
	ctx, cancel := context.WithCancel(context.Background())
	go func() { <-file.closed; cancel() }()
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Next = %v while the file cannot be read, want its context's error", err)
	}
	close(file.open)
	got, err := rest(r)
	if !errors.Is(err, io.EOF) || !slices.Equal(got, want) {
		t.Errorf("then %d rows of %d and %v", len(got), len(want), err)
	}
}

func TestOneWorkerGoesOnAfterItsContextEnds(t *testing.T) {
	data := unequal(t, 2, 5000)
	want, _ := rest(openWith(t, bytes.NewReader(data), len(data), 1))
	r := openWith(t, bytes.NewReader(data), len(data), 1)
	ctx := &endsAfter{Context: context.Background(), left: 2} // within the first block
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("Next = %v, want its context's error", err)
	}
	if got, err := rest(r); !errors.Is(err, io.EOF) || !slices.Equal(got, want) {
		t.Errorf("then %d rows of %d and %v", len(got), len(want), err)
	}
}

// endsAfter is cancelled once it was asked so often.
type endsAfter struct {
	context.Context
	left int
}

func (c *endsAfter) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// afterClose fails the test when it is read after the reader was closed.
type afterClose struct {
	*bytes.Reader
	t      *testing.T
	closed chan struct{}
}

func (f *afterClose) ReadAt(p []byte, at int64) (int, error) {
	select {
	case <-f.closed:
		f.t.Error("the file is read after Close")
	default:
	}
	return f.Reader.ReadAt(p, at)
}

func TestCloseEndsWhatReadsAhead(t *testing.T) {
	data := unequal(t, 3, 9000)
	for blocks := range 4 {
		file := &afterClose{Reader: bytes.NewReader(data), t: t, closed: make(chan struct{})}
		r := openWith(t, file, len(data), 3)
		for range blocks {
			b, err := r.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
		for range 2 {
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
		close(file.closed)
		if blocks > 0 {
			if _, open := <-r.ahead; open {
				t.Error("a block is made after Close")
			}
		}
		if _, err := r.Next(context.Background()); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("Next after Close = %v", err)
		}
	}
}

func TestPackedNumbersAreTakenOutOneByOneAndManyAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		packed := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "packed")
		width := uint(rapid.IntRange(1, 32).Draw(t, "width"))
		n := rapid.IntRange(0, len(packed)*8/int(width)).Draw(t, "n")
		got := appendPacked([]uint32{7}, packed, 0, width, n)[1:]
		for i, number := range got {
			if want := unpack(packed, uint(i)*width, width); uint64(number) != want {
				t.Fatalf("number %d of %d bits is %d, want %d", i, width, number, want)
			}
		}
		if len(got) != n {
			t.Fatalf("%d numbers, want %d", len(got), n)
		}
	})
}

func TestASCII(t *testing.T) {
	for length := range 70 {
		text := bytes.Repeat([]byte{'a'}, length)
		if !ascii(text) {
			t.Errorf("%d letters are not taken for ASCII", length)
		}
		for i := range text {
			text[i] = 0x80
			if ascii(text) {
				t.Errorf("byte %d of %d is over 127 and is not noticed", i, length)
			}
			text[i] = 'a'
		}
	}
}

// A value cut within a character, whose missing byte the next value's length supplies.
func TestALengthCompletesNoCharacter(t *testing.T) {
	type row struct {
		A string `parquet:"a,plain"`
	}
	var out bytes.Buffer
	w := parquetgo.NewGenericWriter[row](&out, parquetgo.Compression(&parquetgo.Uncompressed))
	for _, text := range []string{"caf\xc3", strings.Repeat("x", 0xa9)} {
		if _, err := w.Write([]row{{text}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, rows, _, err := readAll(out.Bytes())
	var syntax *formats.SyntaxError
	if !errors.As(err, &syntax) || syntax.Place.Row != 1 || !errors.Is(err, errNotUTF8) {
		t.Errorf("%d rows and %v, want row 1 refused", len(rows), err)
	}
}

// TestShortAndLongDictionaries has columns whose pages use a short dictionary first, and then, in the
// middle of blocks, hold their values themselves; and columns with dictionaries too long for a table.
func TestShortAndLongDictionaries(t *testing.T) {
	type row struct {
		Colour string  `parquet:"colour,dict"`
		Maybe  *string `parquet:"maybe,optional,dict"`
		Stock  int32   `parquet:"stock,dict"`
	}
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 2))
		group, longest := 4000, int64(600)
		if seed%2 == 1 {
			group, longest = 3*maxTable, 1<<20
		}
		var out bytes.Buffer
		w := parquetgo.NewGenericWriter[row](&out, parquetgo.PageBufferSize(500+random.IntN(3000)), parquetgo.DictionaryMaxBytes(longest), parquetgo.MaxRowsPerRowGroup(int64(group)))
		var want []string
		for i := range 13_000 {
			values := 30
			if i%group > 500+random.IntN(2500) {
				values = 1e6
			}
			r := row{Colour: fmt.Sprint("Grün ", random.IntN(values)), Stock: int32(random.IntN(values))}
			maybe := "<null>"
			if random.IntN(3) > 0 {
				maybe = fmt.Sprint("size ", random.IntN(values))
				r.Maybe = &maybe
			}
			if _, err := w.Write([]row{r}); err != nil {
				t.Fatal(err)
			}
			want = append(want, fmt.Sprintf("%d\x1f%s\x1f%s\x1f%d", i+1, r.Colour, maybe, r.Stock))
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 3} {
			got, err := rest(openWith(t, bytes.NewReader(out.Bytes()), out.Len(), workers))
			if !errors.Is(err, io.EOF) || !slices.Equal(got, want) {
				t.Errorf("seed %d, %d workers: %d rows and %v, want %d", seed, workers, len(got), err, len(want))
			}
		}
	}
}
