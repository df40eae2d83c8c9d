package xlsx

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bulkload/formats"
)

// longSheet has rows enough for many chunks.
func longSheet(rows int) rawBook {
	var sheet strings.Builder
	sheet.WriteString(inline("sku|size|price|note"))
	for i := 2; i <= rows; i++ {
		fmt.Fprintf(&sheet, `<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d"><v>%d</v></c><c r="D%d" t="inlineStr"><is><t>note %d</t></is></c></row>`, i, i, i%3, i, i%50, i, i)
	}
	return rawBook{sheet: sheet.String(), strings: `<si><t>zero</t></si><si><t>one</t></si><si><t>two</t></si>`}
}

// Rows of every kind, and what may stand around them, read the same in chunks of any size.
func TestAheadProperty(t *testing.T) {
	piece := rapid.SampledFrom([]string{
		`<row r="%d"><c r="A%[1]d"><v>1</v></c></row>`, `<row r="%d"><c t="s"><v>1</v></c><c><v>2.5</v></c></row>`,
		`<row><c t="inlineStr"><is><t>no number</t></is></c></row>`, `<row/>`, `<row r="%d" hidden="1"/>`, "\n  ",
		`<!-- </row> --><row r="%d"><c><v>3</v></c></row>`, `<row r="%d"><c t="inlineStr"><is><t><![CDATA[</row><row>]]></t></is></c></row>`,
		`<row r="%d"><c s="7"><v>12345678901234567</v></c></row>`, `<row r="%d"><c r="AZ%[1]d"><v>4</v></c></row>`, `<?a </row>?>`,
		`<row r="%d"><c t="inlineStr"><is><t>😀 émigré &amp; &#x41; ` + strings.Repeat("long ", 60) + `</t></is></c></row >`,
		`<row r="%d"><extLst><a></a></extLst></row>`, `<row r="%d"><c t="e"><v>#N/A</v></c><c><f>1</f></c></row>`,
	})
	fault := rapid.SampledFrom([]string{"", "", "", `<row r="1"/>`, `<row><c><v>x</v></c></row>`, "\x01", `<row><c t="s"><v>9</v></c></row>`, "<!--", "</row>", "&", "\xff"})
	rapid.Check(t, func(rt *rapid.T) {
		var sheet strings.Builder
		row := 0
		for _, text := range rapid.SliceOfN(piece, 1, 80).Draw(rt, "pieces") {
			if row += rapid.SampledFrom([]int{1, 1, 1, 1, 1, 3}).Draw(rt, "step"); strings.Contains(text, "%d") {
				text = fmt.Sprintf(text, row)
			}
			sheet.WriteString(text)
		}
		sheet.WriteString(fault.Draw(rt, "fault"))
		book := rawBook{sheet: sheet.String(), strings: `<si><t>zero</t></si><si><t>one</t></si>`}
		_, _ = sameInAllTunings(t, book.bytes(t), formats.Options{NoHeader: true, HeaderRow: 0})
	})
}

// The namespace's prefix of a sheet takes every chunk the slow way.
func TestAheadWithPrefix(t *testing.T) {
	book := longSheet(600)
	files := book.files()
	text := strings.NewReplacer("<!", "<!", "</", "</x:", "<?", "<?", "<", "<x:").Replace(files["xl/worksheets/sheet1.xml"])
	got, err := sameInAllTunings(t, rawBook{parts: map[string]string{"xl/worksheets/sheet1.xml": text}, strings: book.strings}.bytes(t), formats.Options{})
	if err != nil || len(got.Rows) != 599 {
		t.Errorf("%d rows, %v", len(got.Rows), err)
	}
}

// An error stands where it does when the rows are read in turn, however late it comes.
func TestAheadErrorPlace(t *testing.T) {
	good := longSheet(700).files()["xl/worksheets/sheet1.xml"]
	cases := []struct{ name, old, new, want string }{
		{"falling row", `<row r="600">`, `<row r="500">`, "row 500 stands after row 599"},
		{"shared string", `<c r="A600" t="s"><v>0</v>`, `<c r="A600" t="s"><v>3</v>`, "Products!600: the cell A600 names the shared string"},
		{"bad character", "note 600<", "note \x01<", "Products!600: the XML holds the character U+0001"},
		{"bare ampersand", "note 600<", "a & b<", "Products!600: the XML holds"},
		{"cut", good[strings.Index(good, "note 600"):], "", "Products!600: the XML stops"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(good, c.old, c.new, 1)
			data := rawBook{parts: map[string]string{"xl/worksheets/sheet1.xml": text}, strings: longSheet(2).strings}.bytes(t)
			for _, tune := range tunings {
				_, err := readTuned(data, formats.Options{}, tune)
				wantSyntax(t, err, c.want)
			}
		})
	}
}

func settledGoroutines(t *testing.T, most int) {
	t.Helper()
	for start := time.Now(); time.Since(start) < time.Minute; runtime.Gosched() { // those that have ended are counted for an instant
		if runtime.NumGoroutine() <= most {
			return
		}
	}
	buffer := make([]byte, 1<<16)
	t.Fatalf("%d goroutines, want %d:\n%s", runtime.NumGoroutine(), most, buffer[:runtime.Stack(buffer, true)])
}

// Wherever the reader is closed, or fails, no goroutine stays.
func TestCloseEndsGoroutines(t *testing.T) {
	book := longSheet(4000)
	good := book.bytes(t)
	book.sheet = strings.Replace(book.sheet, "<v>1</v></c><c r=\"B3001\">", "<v>9</v></c><c r=\"B3001\">", 1)
	before := runtime.NumGoroutine()
	for _, data := range [][]byte{good, book.bytes(t)} {
		for blocks := range 40 {
			r, err := newReader(bytes.NewReader(data), int64(len(data)), formats.Options{}, tuning{window: 1 << 10, chunk: 8 << 10, workers: 3})
			if err != nil {
				t.Fatal(err)
			}
			for range blocks {
				b, err := r.Next(context.Background())
				if err != nil {
					settledGoroutines(t, before)
					break
				}
				if blocks%2 == 0 {
					b.Release()
				}
			}
			for range 2 {
				if err := r.Close(); err != nil {
					t.Fatal(err)
				}
			}
			settledGoroutines(t, before)
			if _, err := r.Next(context.Background()); err == nil {
				t.Fatal("Next after Close gives rows")
			}
		}
	}
}

// A reader whose caller was told to stop goes on where it was.
func TestCancel(t *testing.T) {
	data := longSheet(4000).bytes(t)
	r, err := newReader(bytes.NewReader(data), int64(len(data)), formats.Options{}, tuning{window: 1 << 10, spill: spillAt, chunk: 8 << 10, workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	next := int64(2)
	for turn := 0; ; turn++ {
		ctx, cancel := context.WithCancel(context.Background())
		if turn%2 == 0 {
			cancel()
		} else if turn%3 == 0 {
			go cancel()
		}
		b, err := r.Next(ctx)
		cancel()
		if errors.Is(err, context.Canceled) {
			continue
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range b.Len() {
			if row := b.Row(i).Place().Row; row != next {
				t.Fatalf("row %d follows row %d", row, next-1)
			}
			next++
		}
		b.Release()
	}
	if next != 4001 {
		t.Errorf("rows up to %d", next-1)
	}
}

// failingFile cannot be read from some byte on.
type failingFile struct {
	data []byte
	from int64
}

func (f failingFile) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.from {
		return 0, os.ErrPermission
	}
	return bytes.NewReader(f.data).ReadAt(p, at)
}

// A file that cannot be read is not called a damaged workbook.
func TestFailingFile(t *testing.T) {
	data := longSheet(4000).bytes(t)
	for _, tune := range []tuning{{window: 1 << 10, spill: spillAt}, {window: 1 << 10, spill: spillAt, chunk: 8 << 10, workers: 2}} {
		for from := int64(0); from < int64(len(data)); from += int64(len(data) / 20) {
			// The directory, at the end, can be read: the failure comes where the parts are.
			file := directoryFirst{failingFile{data, from}, int64(len(data) - 1500)}
			r, err := newReader(file, int64(len(data)), formats.Options{}, tune)
			for err == nil {
				_, err = r.Next(context.Background())
			}
			if r != nil {
				r.Close()
			}
			var syntax *formats.SyntaxError
			if !errors.Is(err, os.ErrPermission) || errors.As(err, &syntax) {
				t.Errorf("from byte %d of %d: %v", from, len(data), err)
			}
		}
	}
	if _, err := NewReader(failingFile{data, 0}, int64(len(data)), formats.Options{}); !errors.Is(err, os.ErrPermission) {
		t.Errorf("the first byte: %v", err)
	}
}

type directoryFirst struct {
	failingFile
	end int64
}

func (f directoryFirst) ReadAt(p []byte, at int64) (int, error) {
	if at >= f.end {
		return bytes.NewReader(f.data).ReadAt(p, at)
	}
	return f.failingFile.ReadAt(p, at)
}

// Few things are allocated for rows, however many there are.
func TestAllocationsAhead(t *testing.T) {
	few, many := longSheet(10_000).bytes(t), longSheet(40_000).bytes(t)
	count := func(data []byte) uint64 {
		tune := tuning{window: firstWindow, spill: spillAt, chunk: 32 << 10, workers: 2}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := readDiscarding(data, formats.Options{}, tune); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		return after.Mallocs - before.Mallocs
	}
	count(few)
	small, large := count(few), count(many)
	if more := int64(large) - int64(small); more > 30*20 {
		t.Errorf("30,000 rows more take %d allocations more", more)
	}
}

// Memory follows neither the number of rows nor of shared strings.
func TestMemory(t *testing.T) {
	var table, sheet strings.Builder
	const rows = 40_000
	for i := range rows {
		fmt.Fprintf(&table, "<si><t>string %d of many, each of which is there once</t></si>", i)
		fmt.Fprintf(&sheet, `<row r="%d"><c t="s"><v>%d</v></c><c t="s"><v>%d</v></c></row>`, i+1, i, rows-1-i)
	}
	data := rawBook{sheet: sheet.String(), strings: table.String()}.bytes(t)
	table.Reset()
	sheet.Reset()
	for _, tune := range []tuning{{window: firstWindow, spill: 1 << 20}, {window: firstWindow, spill: 1 << 20, chunk: chunkSize, workers: 2}} {
		runtime.GC()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := newReader(bytes.NewReader(data), int64(len(data)), formats.Options{NoHeader: true}, tune)
		if err != nil {
			t.Fatal(err)
		}
		if r.strings.spill == nil || r.strings.size > 2<<20 || r.strings.count() != rows {
			t.Errorf("%d strings, %d bytes in memory", r.strings.count(), r.strings.size)
		}
		seen := 0
		for {
			b, err := r.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			for i := range b.Len() {
				want := fmt.Sprintf("string %d of many, each of which is there once|string %d of many, each of which is there once", seen, rows-1-seen)
				if got := strings.Join(texts(b.Row(i)), "|"); got != want {
					t.Fatalf("row %d reads %q", seen+1, got)
				}
				seen++
			}
			b.Release()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); seen != rows || held > 24<<20 {
			t.Errorf("%d rows, %d MiB", seen, held>>20)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// Temporary files are gone from their folder once they are open.
func TestSpillLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Setenv("TMP", folder)
	data := longSheet(100).bytes(t)
	r, err := newReader(bytes.NewReader(data), int64(len(data)), formats.Options{}, tuning{window: 1 << 10})
	if err != nil || r.strings.spill == nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); runtime.GOOS != "windows" && (err != nil || len(left) > 0) {
		t.Errorf("files are left: %v, %v", left, err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
		t.Errorf("files are left: %v, %v", left, err)
	}
	t.Setenv("TMPDIR", folder+"/none")
	t.Setenv("TMP", folder+"/none")
	var syntax *formats.SyntaxError
	if _, err := readTuned(data, formats.Options{}, tuning{window: 1 << 10}); err == nil || errors.As(err, &syntax) || !strings.Contains(err.Error(), "temporary file") {
		t.Errorf("without room for files: %v", err)
	}
}
