package xlsx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/cost"
)

func columnsOf(names ...string) []formats.Column {
	var list []formats.Column
	for _, name := range names {
		number := strings.HasSuffix(name, "#")
		c := formats.Column{Name: strings.TrimSuffix(name, "#")}
		if number {
			c.Type = formats.Number
		}
		list = append(list, c)
	}
	return list
}

func write(t testing.TB, columns []formats.Column, o WriterOptions, rows ...[]string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := NewWriter(&out, columns, o)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(cellsFrom(row)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func cellsFrom(row []string) [][]byte {
	cells := make([][]byte, len(row))
	for i, text := range row {
		cells[i] = []byte(text)
	}
	return cells
}

func TestWriteAndRead(t *testing.T) {
	rows := [][]string{
		{"00123", "12.5", "plain"},
		{"1E5", "0012", " outer blanks "},
		{"<&>\"'", "1E5", "a\nb\tc\r\nd"},
		{"_x0041_ _x", "12345678901234567", "\x00\x07\x1f\ufffe"},
		{"_xABCD\x07", "-0.5", "😀 émigré"},
		{"", "", "last"},
		{"first"},
	}
	got, err := readAll(write(t, columnsOf("sku", "price#", "na\"me"), WriterOptions{Sheet: `It's <"A">`}, rows...), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := table{Sheet: `It's <"A">`, Header: []string{"sku", "price", "na\"me"}, At: 1, Rows: rows, Numbers: []int64{2, 3, 4, 5, 6, 7, 8}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNumbersWritten(t *testing.T) {
	numbers := []string{"0", "7", "-7", "12.5", "0.000000001", "123456789012345", "-0.5", "1.50"}
	texts := []string{"-0", "007", "+7", ".5", "5.", "1E5", "1,5", "", "-", "1234567890123456", "0.0000000001", "00.5", "NaN", "0.0", "1 "}
	sheet := func(text string) string {
		data := write(t, columnsOf("n#"), WriterOptions{}, []string{text})
		z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatal(err)
		}
		f, err := z.Open("xl/worksheets/sheet1.xml")
		if err != nil {
			t.Fatal(err)
		}
		markup, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		return string(markup)
	}
	for _, text := range numbers {
		if want := `<c><v>` + text + `</v></c>`; !strings.Contains(sheet(text), want) {
			t.Errorf("%q is not written as a number", text)
		}
	}
	for _, text := range texts {
		if strings.Contains(sheet(text), `<v>`) {
			t.Errorf("%q is written as a number", text)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	for _, name := range []string{strings.Repeat("x", 32), "a/b", "a:b", "[a]", "'a", "a'", " ", "a\x00", "\xff"} {
		if _, err := NewWriter(io.Discard, columnsOf("a"), WriterOptions{Sheet: name}); err == nil {
			t.Errorf("the sheet name %q is taken", name)
		}
	}
	for _, n := range []int{0, maxColumns + 1} {
		if _, err := NewWriter(io.Discard, make([]formats.Column, n), WriterOptions{}); err == nil {
			t.Errorf("%d columns are taken", n)
		}
	}
	if _, err := NewWriter(io.Discard, make([]formats.Column, maxColumns), WriterOptions{}); err != nil {
		t.Error(err)
	}
	if _, err := NewWriter(io.Discard, columnsOf("a\xff"), WriterOptions{}); err == nil {
		t.Error("a name that is not UTF-8 is taken")
	}
	cases := []struct {
		name string
		row  []string
		want string
	}{
		{"long text", []string{"a", strings.Repeat("é", 32768)}, "row 2, column B: the text has 32768 characters"},
		{"long text in pairs", []string{strings.Repeat("😀", 16384)}, "row 2, column A: the text has 32768 characters"},
		{"not UTF-8", []string{"a", "\xff"}, "row 2, column B: the text is not UTF-8"},
		{"too many cells", []string{"a", "b", "c"}, "row 2 has 3 cells, the sheet has 2 columns"},
	}
	for _, c := range cases {
		w, err := NewWriter(io.Discard, columnsOf("a", "b"), WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(cellsFrom(c.row))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if again := w.Write(nil); again != err {
			t.Errorf("%s: the next row gives %v", c.name, again)
		}
		if closed := w.Close(); closed != err {
			t.Errorf("%s: Close gives %v", c.name, closed)
		}
	}
	longest := strings.Repeat("x", maxCellText)
	got, err := readAll(write(t, columnsOf("a"), WriterOptions{}, []string{longest}), formats.Options{})
	if err != nil || got.Rows[0][0] != longest {
		t.Errorf("the longest text does not come back: %v", err)
	}
}

func TestFullSheet(t *testing.T) {
	w, err := NewWriter(io.Discard, columnsOf("a"), WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.row = maxRows - 1
	if err := w.Write(nil); err != nil {
		t.Fatalf("the last row: %v", err)
	}
	if err := w.Write(nil); err == nil || !strings.Contains(err.Error(), "write CSV") {
		t.Errorf("row %d: %v", maxRows+1, err)
	}
}

// brokenDisk takes some bytes and fails then.
type brokenDisk struct{ left int }

var errDisk = errors.New("no space left")

func (d *brokenDisk) Write(p []byte) (int, error) {
	if d.left -= len(p); d.left < 0 {
		return 0, errDisk
	}
	return len(p), nil
}

func TestBrokenDisk(t *testing.T) {
	whole := 0
	for left := 0; left < 4000; left += 200 {
		w, err := NewWriter(&brokenDisk{left}, columnsOf("a"), WriterOptions{})
		if err == nil {
			err = w.Write(cellsFrom([]string{"x"}))
		}
		if err == nil {
			err = w.Close()
		}
		if err == nil {
			whole++
		} else if !errors.Is(err, errDisk) {
			t.Errorf("%d bytes: %v", left, err)
		}
	}
	if whole == 0 || whole == 20 {
		t.Errorf("%d of 20 workbooks are whole", whole)
	}
}

// What is written is read back: texts as they are, numbers without zeros at the fraction's end.
func TestWriterProperty(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[_x0-9A-F&<>\]\[ \r\n\t]{0,12}`), rapid.StringMatching(`-?[0-9]{1,17}(\.[0-9]{1,12})?`))
	rapid.Check(t, func(rt *rapid.T) {
		width := rapid.IntRange(1, 5).Draw(rt, "width")
		columns := make([]formats.Column, width)
		for i := range columns {
			columns[i] = formats.Column{Name: fmt.Sprint("c", i), Type: rapid.SampledFrom([]formats.Type{formats.Text, formats.Number}).Draw(rt, "type")}
		}
		rows := rapid.SliceOfN(rapid.SliceOfN(text, 0, width), 0, 30).Draw(rt, "rows")
		got, err := readAll(write(t, columns, WriterOptions{}, rows...), formats.Options{HeaderRow: 1})
		if err != nil {
			rt.Fatal(err)
		}
		var want [][]string
		for _, row := range rows {
			if row = expected(row, columns); len(row) > 0 {
				want = append(want, row)
			}
		}
		if diff := cmp.Diff(want, got.Rows); diff != "" {
			rt.Fatal(diff)
		}
	})
}

// expected is what a written row reads as, nil when it is not given out.
func expected(row []string, columns []formats.Column) []string {
	var out []string
	for i, text := range row {
		if columns[i].Type == formats.Number && text != "" && isPlainDecimal([]byte(text)) && strings.Contains(text, ".") {
			text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
		}
		out = append(out, text)
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	if strings.Trim(strings.Join(out, ""), " \t") == "" {
		return nil
	}
	return out
}

func FuzzWriteRead(f *testing.F) {
	f.Add("a", "_x0041_\x00", "1.50", true)
	f.Add(" ", "\r\n", "-0", false)
	f.Fuzz(func(t *testing.T, a, b, c string, number bool) {
		row := []string{a, b, c}
		columns := columnsOf("a", "b", "c")
		if number {
			columns = columnsOf("a#", "b#", "c#")
		}
		var out bytes.Buffer
		w, err := NewWriter(&out, columns, WriterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Write(cellsFrom(row))
		if !utf8.ValidString(a) || !utf8.ValidString(b) || !utf8.ValidString(c) {
			if err == nil {
				t.Fatal("text that is not UTF-8 is written")
			}
			return
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			if len(a)+len(b)+len(c) < maxCellText {
				t.Fatal(err)
			}
			return
		}
		var got table
		cost.Check(t, func() { got, err = readAll(out.Bytes(), formats.Options{HeaderRow: 1}) })
		if err != nil {
			t.Fatal(err)
		}
		var want [][]string
		if row := expected(row, columns); len(row) > 0 {
			want = append(want, row)
		}
		if diff := cmp.Diff(want, got.Rows); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestReadOnlyColumnsAreMarked shows the name of a column that is not read again in another style.
func TestReadOnlyColumnsAreMarked(t *testing.T) {
	var file bytes.Buffer
	w, err := NewWriter(&file, []formats.Column{{Name: "sku"}, {Name: "seen", ReadOnly: true}}, WriterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write([][]byte{[]byte("1"), []byte("2")}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for cell, want := range map[string]bool{"A1": false, "B1": true, "B2": false} {
		id, err := book.GetCellStyle("Sheet1", cell)
		if err != nil {
			t.Fatal(err)
		}
		style, err := book.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		if got := style.Font != nil && style.Font.Italic; got != want {
			t.Errorf("%s is slanted: %v, want %v", cell, got, want)
		}
	}
}
