package parquet

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/cost"
)

// cell is a cell as tests compare it: its text, or what it is instead.
func cell(r formats.Row, i int) string {
	switch r.Kind(i) {
	case formats.Null:
		return "<null>"
	case formats.Failure:
		return "<failure> " + string(r.Cell(i))
	}
	return string(r.Cell(i))
}

// readAll reads a whole file and checks what every read must keep.
// errOrder says that the reader itself is wrong, whatever the file.
var errOrder = errors.New("out of order")

func readAll(data []byte) (header []string, rows [][]string, tally formats.Tally, err error) {
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	if err != nil {
		return nil, nil, tally, err
	}
	defer r.Close()
	last := int64(0)
	for {
		b, err := r.Next(context.Background())
		if errors.Is(err, io.EOF) {
			if r.Consumed() > int64(len(data)) {
				return nil, nil, tally, fmt.Errorf("%w: consumed %d of %d bytes", errOrder, r.Consumed(), len(data))
			}
			return r.Header().Names, rows, r.Tally(), nil
		}
		if err != nil {
			return nil, nil, tally, err
		}
		for i := range b.Len() {
			row := b.Row(i)
			if row.Place().Row <= last || row.Len() != len(r.Header().Names) {
				return nil, nil, tally, fmt.Errorf("%w: row %d of %d cells follows row %d", errOrder, row.Place().Row, row.Len(), last)
			}
			last = row.Place().Row
			var cells []string
			for c := range row.Len() {
				cells = append(cells, cell(row, c))
			}
			rows = append(rows, cells)
		}
		b.Release()
	}
}

func write(t rapidOrTest, columns []string, rows [][]string) []byte {
	t.Helper()
	var out bytes.Buffer
	var named []formats.Column
	for _, name := range columns {
		named = append(named, formats.Column{Name: name})
	}
	w, err := NewWriter(&out, named)
	if err != nil {
		t.Fatalf("NewWriter: %v", err)
	}
	for _, row := range rows {
		var cells [][]byte
		for _, text := range row {
			cells = append(cells, []byte(text))
		}
		if err := w.Write(cells); err != nil {
			t.Fatalf("Write(%q): %v", row, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	return out.Bytes()
}

type rapidOrTest interface {
	Helper()
	Fatalf(format string, args ...any)
}

// given is what a reader should make of written rows: an empty cell is a null, and a row of them, or of
// blanks, is blank.
func given(rows [][]string, columns int) (want [][]string, blank int64) {
	for _, row := range rows {
		cells, empty := make([]string, columns), true
		for i := range cells {
			cells[i] = "<null>"
			if i < len(row) && row[i] != "" {
				cells[i] = row[i]
				empty = empty && strings.Trim(row[i], " \t") == ""
			}
		}
		if empty {
			blank++
		} else {
			want = append(want, cells)
		}
	}
	return want, blank
}

func TestWhatIsWrittenIsReadTheSame(t *testing.T) { rapid.Check(t, writeAndRead) }

func FuzzWriteAndRead(f *testing.F) { f.Fuzz(rapid.MakeFuzz(writeAndRead)) }

// writeAndRead writes random rows and wants to read the same.
func writeAndRead(t *rapid.T) {
	columns := rapid.SliceOfN(rapid.StringMatching(`[ -~]{0,8}|ä€`), 1, 6).Draw(t, "columns")
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "S", "M", "blue", "00123", " "}), rapid.String())
	rows := rapid.SliceOfN(rapid.SliceOfN(text, 0, len(columns)), 0, 40).Draw(t, "rows")
	repeat := rapid.SampledFrom([]int{1, 1, 1, 30}).Draw(t, "repeat")
	var all [][]string
	for range repeat {
		all = append(all, rows...)
	}
	header, got, tally, err := readAll(write(t, columns, all))
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	want, blank := given(all, len(columns))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("rows (-want +got):\n%s", diff)
	}
	if tally.Blank != blank || tally.Rows != int64(len(want)) {
		t.Fatalf("tally %+v, want %d rows and %d blank", tally, len(want), blank)
	}
	for i, name := range columns {
		if want := strings.TrimSpace(name); header[i] != want {
			t.Fatalf("column %d is named %q, want %q", i, header[i], want)
		}
	}
}

func TestManyRowGroupsArePartOfOneFeed(t *testing.T) {
	rows := make([][]string, 300)
	for i := range rows {
		rows[i] = []string{fmt.Sprint(i), "blue", strings.Repeat("x", 60_000+i)} // 18 MB of text
	}
	data := write(t, []string{"n", "colour", "note"}, rows)
	f, err := readFooterOf(data)
	if err != nil || len(f.groups) != 2 {
		t.Fatalf("%d row groups, %v; want 2", len(f.groups), err)
	}
	_, got, _, err := readAll(data)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(got, rows, slices.Equal) {
		t.Error("the rows differ")
	}
}

func TestBlocksStaySmall(t *testing.T) {
	rows := make([][]string, 9000)
	for i := range rows {
		rows[i] = []string{fmt.Sprint(i), strings.Repeat("y", i%3*700)}
	}
	data := write(t, []string{"n", "note"}, rows)
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	for err == nil {
		var b *formats.Block
		if b, err = r.Next(context.Background()); err == nil {
			if b.Len() > blockRows || len(b.Text) > blockBytes*2 {
				t.Errorf("a block of %d rows and %d bytes", b.Len(), len(b.Text))
			}
			b.Release()
		}
	}
	if !errors.Is(err, io.EOF) || r.Tally().Rows != 9000 {
		t.Errorf("%d rows, %v", r.Tally().Rows, err)
	}
}

// every holds a column of every kind that is shown as text.
type every struct {
	Text    string     `parquet:"text"`
	Enum    string     `parquet:"enum,enum"`
	JSON    string     `parquet:"json,json"`
	Bytes   []byte     `parquet:"bytes"`
	Maybe   *string    `parquet:"maybe,optional,dict"`
	Yes     bool       `parquet:"yes"`
	I8      int8       `parquet:"i8"`
	I32     int32      `parquet:"i32,delta"`
	I64     int64      `parquet:"i64,delta"`
	U32     uint32     `parquet:"u32"`
	U64     uint64     `parquet:"u64,dict"`
	F32     float32    `parquet:"f32,split"`
	F64     float64    `parquet:"f64"`
	D32     int32      `parquet:"d32,decimal(2:9)"`
	D64     int64      `parquet:"d64,decimal(4:18)"`
	DFixed  [16]byte   `parquet:"dfixed,decimal(3:38)"`
	Date    int32      `parquet:"date,date"`
	Milli   time.Time  `parquet:"milli,timestamp(millisecond)"`
	Local   time.Time  `parquet:"local,timestamp(microsecond:local)"`
	Nano    int64      `parquet:"nano,timestamp(nanosecond)"`
	Clock   int32      `parquet:"clock,time(millisecond)"`
	UUID    [16]byte   `parquet:"uuid,uuid"`
	Tags    []string   `parquet:"tags,list"`
	Numbers []int32    `parquet:"numbers"`
	Lengths []*float64 `parquet:"lengths,list"`
	Delta   string     `parquet:"delta,delta"`
}

func ptr[T any](v T) *T { return &v }

func everyRow() (every, []string) {
	row := every{
		Text: "Kleid, blau\n\"x\"", Enum: "RED", JSON: `{"a":1}`, Bytes: []byte("00123"), Maybe: nil, Yes: true,
		I8: -8, I32: math.MinInt32, I64: math.MinInt64, U32: math.MaxUint32, U64: math.MaxUint64,
		F32: 28.99, F64: 1e21, D32: -5, D64: 1234567, Date: -1,
		Milli: time.Date(2022, 2, 3, 4, 5, 6, 70e6, time.UTC), Local: time.Date(1969, 12, 31, 23, 59, 59, 1000, time.UTC),
		Nano: 1, Clock: 3723004, UUID: [16]byte{0x12, 0x3e, 0x45, 0x67, 0xe8, 0x9b, 0x12, 0xd3, 0xa4, 0x56, 0x42, 0x66, 0x14, 0x17, 0x40, 0},
		Tags: []string{"a|b", `c\d`, "", "e"}, Numbers: []int32{3, -4}, Lengths: []*float64{ptr(1.5), nil, ptr(2.0)}, Delta: "same start 1",
	}
	for i := range row.DFixed {
		row.DFixed[i] = 255
	}
	row.DFixed[15] = 0xfe // -2
	return row, []string{
		"Kleid, blau\n\"x\"", "RED", `{"a":1}`, "00123", "<null>", "true",
		"-8", "-2147483648", "-9223372036854775808", "4294967295", "18446744073709551615",
		"28.99", "1000000000000000000000", "-0.05", "123.4567", "-0.002", "1969-12-31",
		"2022-02-03T04:05:06.07Z", "1969-12-31T23:59:59.000001",
		"1970-01-01T00:00:00.000000001Z", "01:02:03.004", "123e4567-e89b-12d3-a456-426614174000",
		`a\|b|c\\d||e`, "3|-4", "1.5||2", "same start 1",
	}
}

func TestEveryKindOfValueHasItsText(t *testing.T) {
	row, want := everyRow()
	codecs := map[string]compress.Codec{
		"none": &parquetgo.Uncompressed, "snappy": &parquetgo.Snappy, "gzip": &parquetgo.Gzip,
		"brotli": &parquetgo.Brotli, "zstd": &parquetgo.Zstd, "lz4": &parquetgo.Lz4Raw,
	}
	for name, codec := range codecs {
		for _, version := range []int{1, 2} {
			t.Run(fmt.Sprint(name, " pages of version ", version), func(t *testing.T) {
				var out bytes.Buffer
				w := parquetgo.NewGenericWriter[every](&out, parquetgo.Compression(codec), parquetgo.DataPageVersion(version), parquetgo.PageBufferSize(300))
				var wanted [][]string
				for i := range 60 {
					r, cells := row, append([]string(nil), want...)
					r.Text, cells[0] = fmt.Sprint("text ", i), fmt.Sprint("text ", i)
					r.I32, cells[7] = int32(i*i*i), fmt.Sprint(i*i*i)
					r.Delta, cells[25] = fmt.Sprint("same start ", i), fmt.Sprint("same start ", i)
					if i%3 == 0 {
						r.Maybe, cells[4] = ptr(fmt.Sprint("maybe ", i%5)), fmt.Sprint("maybe ", i%5)
						r.Tags, cells[22] = []string{}, ""
					}
					if _, err := w.Write([]every{r}); err != nil {
						t.Fatal(err)
					}
					wanted = append(wanted, cells)
					if i == 40 {
						if err := w.Flush(); err != nil {
							t.Fatal(err)
						}
					}
				}
				if err := w.Close(); err != nil {
					t.Fatal(err)
				}
				_, got, _, err := readAll(out.Bytes())
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(wanted, got); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestValueAsText(t *testing.T) {
	le := binary.LittleEndian
	long := append([]byte{0x01}, make([]byte, 16)...) // 2^128
	cases := []struct {
		name  string
		show  text
		value []byte
		want  string
	}{
		{"not a number", text{form: formFloat}, le.AppendUint64(nil, math.Float64bits(math.NaN())), "<failure> NaN"},
		{"infinite", text{form: formFloat}, le.AppendUint32(nil, math.Float32bits(float32(math.Inf(-1)))), "<failure> -Infinity"},
		{"negative zero", text{form: formFloat}, le.AppendUint64(nil, math.Float64bits(math.Copysign(0, -1))), "-0"},
		{"small half", text{form: formFloat16}, []byte{1, 0}, "0.000000059604645"},
		{"half", text{form: formFloat16}, []byte{0x00, 0xc1}, "-2.5"},
		{"decimal of 128 bits", text{form: formDecimalBytes, scale: 2}, append([]byte{0x80}, make([]byte, 15)...), "-1701411834604692317316873037158841057.28"},
		{"decimal of over 128 bits", text{form: formDecimalBytes, scale: 1}, long, "34028236692093846346337460743176821145.6"},
		{"decimal with more bytes than it needs", text{form: formDecimalBytes, scale: 1}, append(bytes.Repeat([]byte{0xff}, 20), 0xf6), "-1.0"},
		{"zero with places", text{form: formDecimal, scale: 3}, le.AppendUint32(nil, 0), "0.000"},
		{"least 64 bits", text{form: formDecimal, scale: 18}, le.AppendUint64(nil, 1<<63), "-9.223372036854775808"},
		{"date far ahead", text{form: formDate}, le.AppendUint32(nil, 3000000), "10183-09-21"},
		{"julian day", text{form: formInt96}, append(le.AppendUint64(nil, 1), 0x8c, 0x3d, 0x25, 0), "1970-01-01T00:00:00.000000001"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, kind, err := c.show.append(nil, c.value)
			if err != nil {
				t.Fatal(err)
			}
			shown := string(got)
			if kind == formats.Failure {
				shown = "<failure> " + shown
			}
			if shown != c.want {
				t.Errorf("append(%x) = %q, want %q", c.value, shown, c.want)
			}
		})
	}
	for name, bad := range map[string]struct {
		show  text
		value []byte
	}{
		"text that is not UTF-8":      {text{form: formText}, []byte("\xff")},
		"bytes that are not UTF-8":    {text{form: formBinary}, []byte("\xff")},
		"time over a day":             {text{form: formTime, unit: 1}, le.AppendUint32(nil, 86400000)},
		"time before the day":         {text{form: formTime, unit: 3}, le.AppendUint64(nil, math.MaxUint64)},
		"decimal without digits":      {text{form: formDecimalBytes}, nil},
		"decimal with too many":       {text{form: formDecimalBytes}, append([]byte{1}, make([]byte, 40)...)},
		"Julian day of over 24 hours": {text{form: formInt96}, append(le.AppendUint64(nil, 86400e9), 0, 0, 0, 0)},
	} {
		if got, _, err := bad.show.append(nil, bad.value); err == nil {
			t.Errorf("%s: append(%x) = %q, want an error", name, bad.value, got)
		}
	}
}

type nestedRow struct {
	SKU   string                     `parquet:"sku"`
	Price struct{ Amount int64 }     `parquet:"price"`
	Sizes map[string]string          `parquet:"sizes"`
	Rows  []struct{ A, B string }    `parquet:"rows,list"`
	Lists [][]string                 `parquet:"lists,list"`
	Deep  *struct{ Names []string }  `parquet:"deep,optional"`
	More  []struct{ Inner []string } `parquet:"more,list"`
}

func TestNestedColumnsAreRefusedByPath(t *testing.T) {
	var out bytes.Buffer
	w := parquetgo.NewGenericWriter[nestedRow](&out)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := readAll(out.Bytes())
	var syntax *formats.SyntaxError
	if !errors.As(err, &syntax) || !strings.Contains(syntax.Reason, `"price.Amount"`) || syntax.Advice == "" {
		t.Errorf("a structure gave %v, want it refused as price.Amount with advice", err)
	}
}

func TestTruncatedFilesAreRefused(t *testing.T) {
	data := sample(t, 600)
	for percent := range 100 {
		cut := data[:len(data)*percent/100]
		_, rows, _, err := readAll(cut)
		var syntax *formats.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("cut to %d %%: %d rows and %v, want a SyntaxError", percent, len(rows), err)
		}
	}
}

// sample is a file with plain, dictionary and list columns, in two row groups when it has over 400 rows.
func sample(t rapidOrTest, rows int) []byte {
	t.Helper()
	type product struct {
		SKU    string   `parquet:"sku"`
		Colour *string  `parquet:"colour,optional,dict"`
		Price  int64    `parquet:"price,decimal(2:18)"`
		Tags   []string `parquet:"tags,list"`
	}
	var out bytes.Buffer
	w := parquetgo.NewGenericWriter[product](&out, parquetgo.PageBufferSize(1000))
	for i := range rows {
		row := product{SKU: fmt.Sprintf("%05d", i), Price: int64(i), Tags: make([]string, i%4)}
		if i%2 == 0 {
			row.Colour = ptr([]string{"red", "blue", "green"}[i%3])
		}
		if _, err := w.Write([]product{row}); err != nil {
			t.Fatalf("%v", err)
		}
		if i == 400 {
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

// flips is how many places of a file are damaged: more with BULKLOAD_LONG.
func flips() int {
	if os.Getenv("BULKLOAD_LONG") != "" {
		return 1000
	}
	return 120
}

// Pages have checksums, so a flip in them is noticed. The footer has none: what it says of types may
// change without a trace, but never the columns' names, which stand there twice, nor the number of rows.
func TestFlippedBitsAreNoticed(t *testing.T) {
	data := sample(t, 600)
	names, want, _, err := readAll(data)
	if err != nil {
		t.Fatal(err)
	}
	footer, err := footerBounds(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range flips() {
		bit := random.IntN(len(data) * 8)
		flipped := bytes.Clone(data)
		flipped[bit/8] ^= 1 << (bit % 8)
		header, rows, tally, err := readAll(flipped)
		var syntax *formats.SyntaxError
		switch {
		case errors.As(err, &syntax):
		case err != nil:
			t.Errorf("bit %d: %v, want a SyntaxError or the rows", bit, err)
		case len(rows) != 600 || tally.Blank != 0:
			t.Errorf("bit %d: %d rows and %d blank, want 600 or an error", bit, len(rows), tally.Blank)
		case !slices.Equal(header, names):
			t.Errorf("bit %d, at byte %d: columns %q", bit, bit/8, header)
		case int64(bit/8) < footer && !cmp.Equal(rows, want):
			t.Errorf("bit %d of a page, at byte %d: other rows", bit, bit/8)
		}
	}
}

func TestSmallHostileFilesTakeLittleMemory(t *testing.T) {
	end := func(length uint32) []byte { return append(binary.LittleEndian.AppendUint32(nil, length), magic...) }
	endless := bytes.Repeat([]byte{0x19, 0xfc, 0xff, 0xff, 0xff, 0x7f}, 70)
	files := map[string][]byte{
		"empty":                                 {},
		"8 bytes that claim a footer of 789 MB": end(789 << 20),
		"12 bytes":                              append([]byte(magic), end(math.MaxUint32)...),
		"12 bytes without footer":               append([]byte(magic), end(0)...),
		"433 bytes of endless lists":            bytes.Join([][]byte{[]byte(magic), endless, {0}, end(uint32(len(endless) + 1))}, nil),
		"deep structures":                       bytes.Join([][]byte{[]byte(magic), bytes.Repeat([]byte{0x1c}, 5000), end(5000)}, nil),
		"encrypted":                             append([]byte("PARE"), end(4)...),
	}
	for name, data := range files {
		t.Run(name, func(t *testing.T) {
			var err error
			allocated, _ := cost.Of(func() { cost.Check(t, func() { _, _, _, err = readAll(data) }) })
			var syntax *formats.SyntaxError
			if !errors.As(err, &syntax) {
				t.Errorf("%v, want a SyntaxError", err)
			}
			if allocated > 32<<20 {
				t.Errorf("took %d bytes", allocated)
			}
		})
	}
}

// Footers whose numbers contradict each other or the file.
func TestFootersThatLieAreRefused(t *testing.T) {
	data := sample(t, 600)
	start, err := footerBounds(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	lies := map[string]func(f *footer){
		"more rows than its groups":    func(f *footer) { f.rows++ },
		"fewer rows than its groups":   func(f *footer) { f.rows-- },
		"no row count":                 func(f *footer) { f.rows = -1 },
		"pages behind the footer":      func(f *footer) { f.groups[0].chunks[0].dataPage = start + 1 },
		"pages before the file":        func(f *footer) { f.groups[0].chunks[0].dataPage = -1 },
		"a chunk over the file's end":  func(f *footer) { f.groups[0].chunks[0].size = start },
		"one page for all its columns": func(f *footer) { shareOneChunk(f, start) },
		"pages in another file":        func(f *footer) { f.groups[0].chunks[0].elsewhere = true },
	}
	for name, lie := range lies {
		f, err := readFooter(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		lie(f)
		if err := f.checkGroups(start); err == nil {
			t.Errorf("a footer with %s is taken", name)
		}
	}
}

func shareOneChunk(f *footer, end int64) {
	for g := range f.groups {
		for c := range f.groups[g].chunks {
			f.groups[g].chunks[c] = chunk{dataPage: 4, size: end - 4}
		}
	}
}

// brokenFile fails to read.
type brokenFile struct{ data []byte }

var errDisk = errors.New("disk failure")

func (f brokenFile) ReadAt(p []byte, at int64) (int, error) {
	if at > 4 && at < int64(len(f.data))/2 {
		return 0, errDisk
	}
	return bytes.NewReader(f.data).ReadAt(p, at)
}

func TestAFailingDiskIsNoDamagedFile(t *testing.T) {
	data := sample(t, 600)
	r, err := NewReader(brokenFile{data}, int64(len(data)), formats.Options{})
	for err == nil {
		_, err = r.Next(context.Background())
	}
	var syntax *formats.SyntaxError
	if !errors.Is(err, errDisk) || errors.As(err, &syntax) {
		t.Errorf("got %v, want the disk's error and no SyntaxError", err)
	}
}

func TestBlankRowsAreCountedAndKeepTheirNumber(t *testing.T) {
	data := write(t, []string{"a", "b"}, [][]string{{"", ""}, {"1", ""}, {}, {"", "2"}, {""}})
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if b.Len() != 2 || b.Row(0).Place().Row != 2 || b.Row(1).Place().Row != 4 || string(b.Row(1).Cell(1)) != "2" {
		t.Errorf("got %d rows, at %v and %v", b.Len(), b.Row(0).Place(), b.Row(1).Place())
	}
	if _, err := r.Next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("then %v, want io.EOF", err)
	}
	if tally := r.Tally(); tally.Blank != 3 || tally.Rows != 2 {
		t.Errorf("tally %+v", tally)
	}
}

func TestAReaderCanBeStoppedAndClosed(t *testing.T) {
	data := sample(t, 600)
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next of a cancelled context = %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := r.Next(context.Background()); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("Next after Close = %v, want an error that is not the end", err)
	}
}

func TestWriterRefuses(t *testing.T) {
	if _, err := NewWriter(io.Discard, nil); err == nil {
		t.Error("a file without columns is written")
	}
	if _, err := NewWriter(io.Discard, []formats.Column{{Name: "\xff"}}); err == nil {
		t.Error("a name that is not UTF-8 is written")
	}
	w, err := NewWriter(io.Discard, []formats.Column{{Name: "a"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write([][]byte{[]byte("1"), []byte("2")}); err == nil {
		t.Error("two cells are written to one column")
	}
	if err := w.Write([][]byte{[]byte("\xff")}); err == nil {
		t.Error("a cell that is not UTF-8 is written")
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if err := w.Write([][]byte{[]byte("1")}); err == nil {
		t.Error("a row is written after Close")
	}
}

func TestReadingAllocatesNothingPerRow(t *testing.T) {
	rows := make([][]string, 30_000)
	for i := range rows {
		rows[i] = []string{fmt.Sprint("sku ", i), "blue", fmt.Sprint(i % 300)}
	}
	data := write(t, []string{"sku", "colour", "size"}, rows)
	allocations := testing.AllocsPerRun(1, func() {
		r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
		for err == nil {
			var b *formats.Block
			if b, err = r.Next(context.Background()); err == nil {
				b.Release()
			}
		}
		if !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	})
	if per1000 := allocations / 30; per1000 > 20 {
		t.Errorf("%.1f allocations per 1,000 rows, want at most 20", per1000)
	}
}

func TestTypesThatDoNotFitAreNamed(t *testing.T) {
	for _, test := range []struct {
		physical int32
		logical  int16
		want     string
	}{
		{physicalInt64, logicalDate, "its type, DATE, does not fit the way in which its values are stored, INT64"},
		{physicalFloat, logicalString, "its type, STRING, does not fit the way in which its values are stored, FLOAT"},
		{99, logicalUUID, "its type, UUID, does not fit the way in which its values are stored, number 99"},
	} {
		if _, err := chooseText(test.physical, 0, logical{kind: test.logical}); err == nil || err.Error() != test.want {
			t.Errorf("chooseText(%d, %d) = %v, want %q", test.physical, test.logical, err, test.want)
		}
	}
}
