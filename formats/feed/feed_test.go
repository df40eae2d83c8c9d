package feed

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bulkload/formats"
	"bulkload/formats/cost"
)

// rowsOf reads all rows as text, those that are shorter than the header as they are.
func rowsOf(r formats.Reader) ([][]string, error) {
	defer r.Close()
	var rows [][]string
	for {
		b, err := r.Next(context.Background())
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		for i := range b.Len() {
			row := b.Row(i)
			cells := make([]string, row.Len())
			for j := range cells {
				cells[j] = string(row.Cell(j))
			}
			rows = append(rows, cells)
		}
		b.Release()
	}
}

// load opens a file and reads it to its end.
func load(path string, o formats.Options) (header []string, rows [][]string, err error) {
	f, err := Open(path, nil, o)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	r, err := f.Read(context.Background())
	if err != nil {
		return nil, nil, err
	}
	rows, err = rowsOf(r)
	return f.Header().Names, rows, err
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gz(t *testing.T, texts ...string) string {
	t.Helper()
	var out bytes.Buffer
	for i, text := range texts {
		w := gzip.NewWriter(&out)
		w.Name = fmt.Sprintf("part-%d-of-a-feed.csv", i)
		if _, err := io.WriteString(w, text); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

func zst(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// bare compresses without a checksum.
func bare(t *testing.T, text string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderCRC(false))
	if err != nil {
		t.Fatal(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func archive(t *testing.T, names ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range names {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func utf16(text string) string {
	var out strings.Builder
	for _, c := range []byte(text) {
		out.Write([]byte{c, 0})
	}
	return out.String()
}

// made returns the bytes of a small file that Create wrote.
func made(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	o, err := Create(path, []formats.Column{{Name: "a"}, {Name: "b"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Write([][]byte{[]byte("1"), []byte("x")}); err != nil {
		t.Fatal(err)
	}
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestOpenFinds(t *testing.T) {
	const text = "a,b\n1,x\n"
	const objects = "{\"a\":\"1\",\"b\":\"x\"}\n"
	workbook, table := made(t, "x.xlsx"), made(t, "x.parquet")
	ole := "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + strings.Repeat("\x00", 300_000)
	for _, test := range []struct {
		name, bytes         string
		format, compression string
		fault               string // part of the error
		remark              string
		silent              bool // there is no remark
	}{
		{name: "feed.csv", bytes: text, format: "csv"},
		{name: "feed.txt", bytes: text, format: "csv"},
		{name: "feed", bytes: text, format: "csv"},
		{name: "feed.tsv", bytes: text, format: "csv", remark: "not separated by tabs"},
		{name: "feed.csv", bytes: utf16("a,b\n1,x\n"), format: "csv"},
		{name: "utf-32.csv", bytes: "\xff\xfe\x00\x00a\x00\x00\x00", fault: "the text is in UTF-32, which is not read (save it as UTF-8)"},
		{name: "utf-32be.csv", bytes: "\x00\x00\xfe\xff\x00\x00\x00a", fault: "the text is in UTF-32"},
		{name: "feed.csv.gz", bytes: gz(t, text), format: "csv", compression: "gzip"},
		{name: "parts.csv.gz", bytes: gz(t, "a,b\n1", ",x\n"), format: "csv", compression: "gzip"},
		{name: "feed.csv", bytes: gz(t, text), format: "csv", compression: "gzip"},
		{name: "feed.csv.zst", bytes: zst(t, text), format: "csv", compression: "zstd"},
		{name: "feed.ndjson", bytes: objects, format: "ndjson"},
		{name: "feed.txt", bytes: "\ufeff \n" + objects, format: "ndjson"},
		{name: "feed.jsonl.zst", bytes: zst(t, objects), format: "ndjson", compression: "zstd"},
		{name: "feed.xlsx", bytes: workbook, format: "xlsx"},
		{name: "feed.bin", bytes: workbook, format: "xlsx"},
		{name: "feed.xls", bytes: workbook, format: "xlsx", remark: "ends in .xls"},
		{name: "feed.xlsx.gz", bytes: gz(t, workbook), format: "xlsx", compression: "gzip"},
		{name: "feed.parquet", bytes: table, format: "parquet"},
		{name: "feed.parquet.zst", bytes: zst(t, table), format: "parquet", compression: "zstd"},
		{name: "parents.csv", bytes: "PARENT,b\n1,x\n", format: "csv"},
		{name: "par.csv", bytes: "PAR1,b\n1,x\n", format: "csv"},
		{name: "bare.csv.zst", bytes: bare(t, text), format: "csv", compression: "zstd", remark: "carries no checksum"},
		{name: "skip.csv.zst", bytes: "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + bare(t, text), format: "csv", compression: "zstd", remark: "carries no checksum"},
		{name: "checked.csv.zst", bytes: "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zst(t, text), format: "csv", compression: "zstd", silent: true},
		{name: "long.csv.zst", bytes: "\x50\x2a\x4d\x18\xff\xff\x00\x00" + strings.Repeat("x", 65535) + bare(t, text), format: "csv", compression: "zstd", silent: true},
		{name: "braces.csv", bytes: "{a},b\n1,x\n", format: "csv"},

		{name: "eight.parquet", bytes: "PAR1PAR1", fault: "footer"},
		{name: "eight", bytes: "PAR1PAR1", fault: "footer"},
		{name: "four.parquet", bytes: "PAR1", fault: "Parquet"},
		{name: "empty.csv", fault: "the file is empty"},
		{name: "empty.xlsx", fault: "the file is empty"},
		{name: "empty.csv.gz", bytes: gz(t, ""), fault: "the file is empty"},
		{name: "feed.xlsx", bytes: text, fault: "it is not a workbook as its name says: it is CSV text"},
		{name: "feed.xls", bytes: text, fault: "it is not a workbook"},
		{name: "feed.parquet", bytes: objects, fault: "it is not a Parquet file as its name says: it is NDJSON text"},
		{name: "feed.csv", bytes: workbook, fault: "it is not CSV text as its name says: it is an .xlsx workbook"},
		{name: "feed.csv.gz", bytes: gz(t, workbook), fault: "it is not CSV text as its name says: it is an .xlsx workbook"},
		{name: "feed.csv", bytes: table, fault: "it is a Parquet file"},
		{name: "feed.csv", bytes: objects, fault: "it is NDJSON text"},
		{name: "feed.ndjson", bytes: text, fault: "it is CSV text"},
		{name: "feed.json", bytes: "[ {\"a\":1} ]", fault: "a JSON array"},
		{name: "feed.ndjson", bytes: utf16(objects), fault: "UTF-16"},
		{name: "feed.csv.gz", bytes: text, fault: "it is not a gzip file as its name says"},
		{name: "feed.csv.gz", bytes: "\x1f", fault: "it is not a gzip file"},
		{name: "feed.csv.zst", bytes: "(", fault: "it is not a zstd file"},
		{name: "feed.csv.gz", bytes: gz(t, gz(t, text)), fault: "compressed twice"},
		{name: "feed.csv.gz", bytes: gz(t, zst(t, text)), fault: "compressed twice"},
		{name: "feed.csv.zst", bytes: "\x28\xb5\x2f\xfd\x00\xa0\x09\x00\x00x", fault: "needs more than 128 MiB"},
		{name: "feed.csv.zst", bytes: "\x28\xb5\x2f\xfd\xa0\x00\x00\x00\x10\x09\x00\x00x", fault: "needs more than 128 MiB"},
		{name: "feed.csv", bytes: archive(t, "table.csv"), fault: "a ZIP archive with \"table.csv\" (unpack it"},
		{name: "feed.zip", bytes: archive(t, "a.csv", "b.csv"), fault: "\"a.csv\" and more"},
		{name: "feed.xlsx", bytes: archive(t), fault: "an empty or damaged ZIP archive"},
		{name: "feed.xlsx", bytes: archive(t, "[Content_Types].xml", "xl/workbook.bin"), fault: ".xlsb"},
		{name: "feed.docx", bytes: archive(t, "[Content_Types].xml", "word/document.xml"), fault: "a Word document"},
		{name: "feed.ods", bytes: archive(t, "mimetype", "content.xml"), fault: "an OpenDocument file"},
		{name: "feed.xlsx", bytes: ole + utf16("EncryptedPackage") + strings.Repeat("\x00", 600_000), fault: "an encrypted workbook (open it in Excel, take the password off"},
		{name: "feed.xls", bytes: ole + utf16("Workbook"), fault: "an old .xls workbook (open it in Excel and save it as .xlsx)"},
		{name: "feed.xls", bytes: ole, fault: "an old Office document"},
		{name: "feed.pdf", bytes: "%PDF-1.7\n", fault: "a PDF document"},
		{name: "feed.csv", bytes: " \n<!DOCTYPE html><html>", fault: "an HTML page"},
		{name: "feed.xls", bytes: "<?xml version=\"1.0\"?><Workbook>", fault: "an XML file"},
		{name: "feed.csv", bytes: "\x89PNG\r\n\x1a\n", fault: "a PNG image"},
		{name: "feed.csv", bytes: "BZh91AY&SY" + strings.Repeat("\x01\x02", 50), fault: "a bzip2 file"},
		{name: "feed.csv", bytes: strings.Repeat("\x01\x02\x03\xff\xfe", 100), fault: "binary data of an unknown kind (if it is text, say in which encoding)"},
		{name: "feed.parquet", bytes: "1" + table, fault: "it is not a Parquet file as its name says, but binary data of an unknown kind (fetch or save it again)"},
		{name: "feed.xlsx", bytes: strings.Repeat("\x01\x02\x03\xff\xfe", 100), fault: "it is not a workbook as its name says, but binary data"},
		{name: "feed.xlsx", bytes: text[:1] + strings.Repeat("\x00", 100), fault: "it is not a workbook as its name says, but binary data"},
	} {
		t.Run(test.name+" "+test.format+test.fault, func(t *testing.T) {
			path := write(t, test.name, test.bytes)
			f, err := Open(path, nil, formats.Options{})
			if test.fault != "" {
				var syntax *formats.SyntaxError
				if !errors.As(err, &syntax) || !strings.Contains(err.Error(), test.fault) || syntax.File != path {
					t.Fatalf("got error %v, want one of the file with %q", err, test.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if f.Format != test.format || f.Compression != test.compression {
				t.Errorf("found %q in %q, want %q in %q", f.Format, f.Compression, test.format, test.compression)
			}
			for pass := range 2 {
				r, err := f.Read(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				rows, err := rowsOf(r)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([][]string{{"1", "x"}}, rows); diff != "" {
					t.Errorf("rows of pass %d (-want +got):\n%s", pass+1, diff)
				}
				if done, total := f.Progress(); done != total || total == 0 {
					t.Errorf("progress %d of %d at the end", done, total)
				}
				remarks := r.Tally().Remarks
				if test.remark != "" && (len(remarks) == 0 || !strings.Contains(remarks[0].Text, test.remark)) {
					t.Errorf("remarks %v, want one with %q", remarks, test.remark)
				}
				if test.silent && len(remarks) > 0 {
					t.Errorf("remarks %v, want none", remarks)
				}
			}
		})
	}
}

func TestOpenDescribes(t *testing.T) {
	f, err := Open(write(t, "feed.csv", "name;price\ncaf\xe9;1,5\n"), nil, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Encoding != "windows-1252" || f.Delimiter != ';' || f.Size != 20 || f.Header().Names[1] != "price" {
		t.Errorf("found %+v", f)
	}
	if f.WhyCut != "the first row has 2 cells, and so has the next" {
		t.Errorf("reason of the delimiter: %q", f.WhyCut)
	}
	w, err := Open(write(t, "feed.xlsx", made(t, "x.xlsx")), nil, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if w.Sheet == "" || len(w.Sheets) != 1 || w.Sheets[0] != w.Sheet {
		t.Errorf("sheet %q of %q", w.Sheet, w.Sheets)
	}
}

// TestEncodingRead reads a text whose beginning is ASCII and whose end is not.
func TestEncodingRead(t *testing.T) {
	f, err := Open(write(t, "feed.csv", "a,b\n"+strings.Repeat("1,2\n", 400_000)+"caf\xe9,2\n"), nil, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if name, why := f.EncodingRead(); name != "UTF-8" || f.Encoding != name || f.Why != why {
		t.Errorf("after opening: %s (%s)", name, why)
	}
	r, err := f.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rowsOf(r); err != nil {
		t.Fatal(err)
	}
	if name, why := f.EncodingRead(); name != "windows-1252" || why != "its bytes are not valid UTF-8" {
		t.Errorf("after reading: %s (%s)", name, why)
	}
}

func TestOpenOther(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "none.csv"), nil, formats.Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
	var syntax *formats.SyntaxError
	if _, err := Open(t.TempDir(), nil, formats.Options{}); err == nil || errors.As(err, &syntax) {
		t.Errorf("a directory gives %v", err)
	}
	if _, err := Open(write(t, "a.csv", "a\n1\n"), nil, formats.Options{Encoding: "klingon"}); err == nil || errors.As(err, &syntax) {
		t.Errorf("an unknown encoding gives %v", err)
	}
	_, _, err := load(write(t, "a.csv", "a,b\n1,\"2\n"), formats.Options{})
	if !errors.As(err, &syntax) || !strings.Contains(err.Error(), "a.csv: line 2: a quote is opened here and never closed (it stands before \"2\"; ") {
		t.Errorf("got %v", err)
	}
}

func TestStandardInput(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	f, err := Open("-", strings.NewReader(gz(t, "a,b\n1,x\n")), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != "standard input" || f.Unchanged() != nil {
		t.Errorf("%q, %v", f.Name, f.Unchanged())
	}
	for range 2 {
		r, err := f.Read(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if rows, err := rowsOf(r); err != nil || len(rows) != 1 {
			t.Errorf("%q, %v", rows, err)
		}
	}
	if first, second := f.Close(), f.Close(); first != nil || second != nil {
		t.Error("Close fails")
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
	if _, err := Open("-", strings.NewReader("%PDF-"), formats.Options{}); err == nil || err.Error() != "standard input: it is a PDF document (save the table as .csv or .xlsx)" {
		t.Errorf("got %v", err)
	}
}

func TestReadOneByOne(t *testing.T) {
	f, err := Open(write(t, "a.csv", "a\n1\n"), nil, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := f.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(context.Background()); err == nil {
		t.Error("a second reading begins before the first is closed")
	}
	if first, second := r.Close(), r.Close(); first != nil || second != nil {
		t.Error("Close fails")
	}
	if f.Close() != nil {
		t.Error("Close fails")
	}
	if _, err := f.Read(context.Background()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("reading a closed feed gives %v", err)
	}
}

func TestUnchanged(t *testing.T) {
	const text = "a,b\n1,x\n"
	for name, change := range map[string]func(t *testing.T, path string){
		"written to": func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("a,b\n2,y\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := os.Chtimes(path, time.Time{}, time.Now().Add(time.Second)); err != nil {
				t.Fatal(err)
			}
		},
		"longer": func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte(text+text), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"replaced": func(t *testing.T, path string) {
			if err := os.Rename(write(t, "other", text), path); err != nil {
				t.Fatal(err)
			}
		},
		"removed": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, "a.csv", text)
			f, err := Open(path, nil, formats.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if err := f.Unchanged(); err != nil {
				t.Errorf("before: %v", err)
			}
			change(t, path)
			if err := f.Unchanged(); !errors.Is(err, ErrChanged) {
				t.Errorf("after: %v, want %v", err, ErrChanged)
			}
		})
	}
	t.Run("shorter while it is read", func(t *testing.T) {
		path := write(t, "a.csv", "a,b\n"+strings.Repeat("1,2\n", 400_000))
		f, err := Open(path, nil, formats.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := os.Truncate(path, 1_200_000); err != nil {
			t.Fatal(err)
		}
		r, err := f.Read(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rowsOf(r); !errors.Is(err, ErrChanged) {
			t.Errorf("got %v, want %v", err, ErrChanged)
		}
	})
}

func TestDigest(t *testing.T) {
	text := gz(t, strings.Repeat("a,b\n", 200_000))
	f, err := Open(write(t, "a.csv.gz", text), nil, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Digest(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	for range 2 {
		got, err := f.Digest(context.Background())
		if err != nil || got != sha256.Sum256([]byte(text)) {
			t.Errorf("got %x, %v", got, err)
		}
	}
}

func TestBytesAfterTheEndAreRefused(t *testing.T) {
	text := noisyFeed(10)
	for name, whole := range map[string]string{"feed.csv.gz": gz(t, text), "feed.csv.zst": zst(t, text)} {
		for _, garbage := range []string{"x", "\x00", "\x1f\x8b", "\x28\xb5\x2f", strings.Repeat("garbage", 100), strings.Repeat("\x00", 512)} {
			if _, rows, err := load(write(t, name, whole+garbage), formats.Options{}); err == nil {
				t.Errorf("%s and %.10q: %d rows", name, garbage, len(rows))
			}
		}
	}
}

func TestInflateIsBounded(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var syntax *formats.SyntaxError
	if _, err := inflate(strings.NewReader("123456"), 5); !errors.As(err, &syntax) {
		t.Errorf("6 bytes under a limit of 5 give %v", err)
	}
	whole, err := inflate(strings.NewReader("12345"), 5)
	if err != nil || whole.size != 5 {
		t.Fatalf("%v, %v", whole, err)
	}
	if err := whole.close(); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("%s is left", left[0].Name())
	}
}

// TestCompressedBombStaysSmall reads 8 MiB, or 48 at length, of blank rows out of a small file.
func TestCompressedBombStaysSmall(t *testing.T) {
	path := write(t, "bomb.csv.zst", zst(t, "a,b\n1,x\n"+strings.Repeat(strings.Repeat(",", 4095)+"\n", sampled(12<<10, 2<<10))))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, rows, err := load(path, formats.Options{})
	runtime.ReadMemStats(&after)
	if err != nil || len(rows) != 1 {
		t.Errorf("%d rows, %v", len(rows), err)
	}
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20 {
		t.Errorf("%d MiB allocated", allocated>>20)
	}
}

func FuzzOpen(f *testing.F) {
	for _, seed := range []string{"a,b\n1,x\n", "{\"a\":1}\n", "PK\x03\x04", "PAR1\x15\x00PAR1", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "\x1f\x8b\x08\x00", "\x28\xb5\x2f\xfd\x04\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		path := write(t, "feed", text)
		var err error
		cost.Check(t, func() { _, _, err = load(path, formats.Options{}) })
		var syntax *formats.SyntaxError
		if err != nil && !errors.As(err, &syntax) {
			t.Errorf("%q: %v is no fault of the file", text, err)
		}
	})
}
