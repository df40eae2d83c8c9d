package ndjson

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/cost"
)

const null = "<null>"

type placed struct {
	Names []string
	Cells []string // null for kind Null, up to the header's length
	Place formats.Place
}

func readAll(r formats.Reader) ([]placed, error) {
	defer r.Close()
	var rows []placed
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
			if row.Len() > len(b.Header.Names) {
				return rows, fmt.Errorf("a row of %d cells under a header of %d", row.Len(), len(b.Header.Names))
			}
			cells := make([]string, len(b.Header.Names))
			for j := range cells {
				cells[j] = string(row.Cell(j))
				if row.Kind(j) == formats.Null {
					cells[j] = null
				}
			}
			rows = append(rows, placed{b.Header.Names, cells, row.Place()})
		}
		b.Release()
	}
}

func TestRead(t *testing.T) {
	for _, test := range []struct {
		name, text string
		header     []string // of the last block
		rows       [][]string
		fault      string
	}{
		{name: "strings", text: `{"a":"x","b":""}` + "\n", header: []string{"a", "b"}, rows: [][]string{{"x", ""}}},
		{name: "numbers stay as written", text: `{"a":1.50,"b":-0,"c":1E+5,"d":12345678901234567890}`, header: []string{"a", "b", "c", "d"}, rows: [][]string{{"1.50", "-0", "1E+5", "12345678901234567890"}}},
		{name: "words", text: `{"a":true,"b":false,"c":null,"d":"x"}`, header: []string{"a", "b", "c", "d"}, rows: [][]string{{"true", "false", null, "x"}}},
		{name: "blanks", text: " \t{ \"a\" : \"x\" ,\t\"b\" : [ \"1\" , 2 ] } \r\n", header: []string{"a", "b"}, rows: [][]string{{"x", "1|2"}}},
		{name: "escapes", text: `{"a\u0041":"\"\\\/\b\f\n\r\t\u00e9\ud83d\udc5f","long enough to be read in words":"0123456789\n0123456789"}`,
			header: []string{"aA", "long enough to be read in words"}, rows: [][]string{{"\"\\/\b\f\n\r\té👟", "0123456789\n0123456789"}}},
		{name: "items", text: `{"a":["x|y","\\","é"],"b":[],"c":[""]}`, header: []string{"a", "b", "c"}, rows: [][]string{{`x\|y|\\|é`, "", ""}}},
		{name: "absent keys and another order", text: `{"a":"1","b":"2"}` + "\n" + `{"b":"3"}` + "\n" + `{"b":"4","a":"5"}`, header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {null, "3"}, {"5", "4"}}},
		{name: "blank lines and objects", text: "\n{}\n" + `{"a":""}` + "\n \n" + `{"a":"1"}` + "\n\n", header: []string{"a"}, rows: [][]string{{"1"}}},
		{name: "byte order mark", text: "\xef\xbb\xbf" + `{"a":"1"}`, header: []string{"a"}, rows: [][]string{{"1"}}},
		{name: "no values at all", text: `{"a":null}`, header: []string{"a"}},
		{name: "names are cleaned", text: `{" a\nb ":"1"}`, header: []string{"a b"}, rows: [][]string{{"1"}}},

		{name: "empty", text: "", fault: "the file is empty"},
		{name: "no key", text: "{}\n\n", fault: "no header found"},
		{name: "nested object", text: `{"a":{"b":1}}`, fault: `line 1: byte 6: "a" is an object (values must be flat`},
		{name: "object in an array", text: `{"a":["x",{}]}`, fault: `"a"[1] is an object`},
		{name: "array in an array", text: `{"a":[[1]]}`, fault: `"a"[0] is an array`},
		{name: "null in an array", text: `{"a":[null]}`, fault: `"a"[0] is neither a string nor a number`},
		{name: "key twice", text: `{"a":1}` + "\n" + `{"a":1,"\u0061":2}`, fault: `line 2: byte 8: the key "a" occurs twice`},
		{name: "key twice, once null", text: `{"a":null,"a":2}`, fault: `the key "a" occurs twice`},
		{name: "cut", text: `{"a":"x","b":"y`, fault: "line 1: byte 16: the line ends within a string (the file was cut: fetch it again)"},
		{name: "cut after a value", text: `{"a":"x"`, fault: "the line ends where a comma or the closing brace must follow"},
		{name: "cut in an escape", text: `{"a":"\u00`, fault: "no escape begins like this"},
		{name: "cut in a word", text: `{"a":tru`, fault: "a value must follow"},
		{name: "an array of objects", text: "[\n{\"a\":1}\n]", fault: "write one object a line"},
		{name: "an object on several lines", text: "{\n\"a\":1\n}", fault: "line 1: byte 2: the line ends where a key in quotes must follow (each object must stand whole on a line of its own)"},
		{name: "two objects", text: `{"a":1}{"a":2}`, fault: "byte 8: text follows the object"},
		{name: "a trailing comma", text: `{"a":1,}`, fault: "'}' stands where a key in quotes must follow"},
		{name: "a leading zero", text: `{"a":01}`, fault: "'1' stands where a comma"},
		{name: "a bare point", text: `{"a":1.}`, fault: "a digit must follow"},
		{name: "not a number", text: `{"a":NaN}`, fault: "'N' stands where a value must follow"},
		{name: "half a surrogate pair", text: `{"a":"\ud83d"}`, fault: "half a character"},
		{name: "halves in the wrong order", text: `{"a":"\udc5f\ud83d"}`, fault: "half a character"},
		{name: "a raw control character", text: "{\"a\":\"x\ty\"}", fault: "0x09"},
		{name: "not UTF-8", text: "{\"a\":\"caf\xe9\"}", fault: "line 1: byte 10: the bytes are not UTF-8"},
		{name: "UTF-16", text: "\xff\xfe{\x00", fault: "UTF-16"},
		{name: "UTF-16 without a mark", text: "{\x00\"\x00", fault: "UTF-16"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, size := range []int{1, 30, blockSize} {
				r, err := newReader(iotest.OneByteReader(strings.NewReader(test.text)), formats.Options{}, size, maxLine)
				var rows []placed
				if err == nil {
					rows, err = readAll(r)
				}
				if test.fault != "" {
					var syntax *formats.SyntaxError
					if !errors.As(err, &syntax) || !strings.Contains(err.Error(), test.fault) {
						t.Fatalf("got error %v, want one with %q", err, test.fault)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.header, r.Header().Names); diff != "" {
					t.Errorf("header (-want +got):\n%s", diff)
				}
				var got [][]string
				for _, row := range rows {
					got = append(got, row.Cells)
				}
				if diff := cmp.Diff(test.rows, got); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestPlaces(t *testing.T) {
	text := "{\"a\":1}\n\n{\"a\":null}\n{\"a\":2}"
	r, err := NewReader(strings.NewReader(text), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want := []placed{
		{[]string{"a"}, []string{"1"}, formats.Place{Row: 1, Line: 1}},
		{[]string{"a"}, []string{"2"}, formats.Place{Row: 4, Line: 4, Offset: 20}},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
	tally := r.Tally()
	if tally.Rows != 2 || tally.Blank != 2 || len(tally.Remarks) != 1 || !strings.Contains(tally.Remarks[0].Text, "the last row, 4, has no line end") {
		t.Errorf("tally %+v", tally)
	}
}

func TestHeaderGrows(t *testing.T) {
	var text strings.Builder
	for i := range 60 {
		fmt.Fprintf(&text, "{\"a\":\"%d\",\"k%d\":\"x\"}\n", i, i/10)
	}
	r, err := newReader(strings.NewReader(text.String()), formats.Options{}, 100, maxLine)
	if err != nil {
		t.Fatal(err)
	}
	first := r.Header()
	if first.Names[0] != "a" || len(first.Names) > 3 {
		t.Errorf("first header %q", first.Names)
	}
	rows, err := readAll(r)
	if err != nil {
		t.Fatal(err)
	}
	before := first.Names
	for i, row := range rows {
		if diff := cmp.Diff(before, row.Names[:len(before)]); diff != "" {
			t.Fatalf("row %d has another order of columns (-before +now):\n%s", i, diff)
		}
		if column := 1 + i/10; row.Cells[0] != fmt.Sprint(i) || row.Cells[column] != "x" {
			t.Errorf("row %d is %q under %q", i, row.Cells, row.Names)
		}
		before = row.Names
	}
	if want := []string{"a", "k0", "k1", "k2", "k3", "k4", "k5"}; !cmp.Equal(before, want) {
		t.Errorf("last header %q, want %q", before, want)
	}
	if len(first.Names) > 3 {
		t.Error("a header that was given out has changed")
	}
}

func TestLimits(t *testing.T) {
	object := func(keys int) string {
		var text strings.Builder
		for i := range keys {
			fmt.Fprintf(&text, ",\"k%d\":1", i)
		}
		return "{" + text.String()[1:] + "}\n"
	}
	const longest = 1 << 18
	for name, test := range map[string]struct{ text, fault string }{
		"long line, open": {`{"a":"` + strings.Repeat("x", longest+2*blockSize), "longer than 16 MiB"},
		"long line":       {`{"a":"` + strings.Repeat("x", longest) + "\"}\n", "longer than 16 MiB"},
		"many keys":       {object(maxColumns + 1), "more than 16384 keys"},
	} {
		r, err := newReader(strings.NewReader(test.text), formats.Options{}, 1<<12, longest)
		if err == nil {
			_, err = readAll(r)
		}
		if err == nil || !strings.Contains(err.Error(), test.fault) {
			t.Errorf("%s: got %v, want %q", name, err, test.fault)
		}
	}
	// Every row has a value in the last of many columns.
	r, err := NewReader(strings.NewReader(object(maxColumns)+strings.Repeat("{\"k16383\":1}\n", 100)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for {
		b, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Cells) > maxBlockCells+maxColumns {
			t.Errorf("a block of %d cells", len(b.Cells))
		}
		rows += b.Len()
		b.Release()
	}
	if rows != 101 {
		t.Errorf("%d rows, want 101", rows)
	}
}

func TestOptionsAndErrors(t *testing.T) {
	if _, err := NewReader(strings.NewReader("{}"), formats.Options{Encoding: "windows-1252"}); err == nil {
		t.Error("another encoding is taken")
	}
	broken := errors.New("the line is dead")
	r, err := NewReader(io.MultiReader(strings.NewReader(strings.Repeat("{\"a\":1}\n", 150_000)), iotest.ErrReader(broken)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := readAll(r); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
	if _, err := r.Next(context.Background()); err == nil {
		t.Error("a reader reads on after an error")
	}
}

var errRefused = errors.New("refused")

// plainLine is the slow reader, on encoding/json: the keys and cells of one line, in order.
func plainLine(line string) (names, cells []string, err error) {
	if strings.Trim(line, " \t\r") == "" {
		return nil, nil, nil
	}
	if !utf8.ValidString(line) || !json.Valid([]byte(line)) {
		return nil, nil, errRefused
	}
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return nil, nil, errRefused
	}
	seen := make(map[string]bool)
	for d.More() {
		key, _ := d.Token()
		if seen[key.(string)] {
			return nil, nil, errRefused
		}
		seen[key.(string)] = true
		var value any
		if err := d.Decode(&value); err != nil {
			return nil, nil, errRefused
		}
		cell, err := plainCell(value, false)
		if err != nil {
			return nil, nil, err
		}
		names, cells = append(names, key.(string)), append(cells, cell)
	}
	return names, cells, nil
}

func plainCell(value any, item bool) (string, error) {
	switch v := value.(type) {
	case string:
		return v, nil
	case json.Number:
		return v.String(), nil
	case bool:
		if !item {
			return fmt.Sprint(v), nil
		}
	case nil:
		if !item {
			return null, nil
		}
	case []any:
		if item {
			return "", errRefused
		}
		escaped := make([]string, len(v))
		for i := range v {
			text, err := plainCell(v[i], true)
			if err != nil {
				return "", err
			}
			escaped[i] = strings.NewReplacer(`\`, `\\`, `|`, `\|`).Replace(text)
		}
		return strings.Join(escaped, "|"), nil
	}
	return "", errRefused
}

// compareWithPlain wants of the first object that has text what encoding/json says of it.
func compareWithPlain(t *testing.T, text string, size int) {
	if strings.Contains(strings.ToLower(text), `\ud`) {
		return // encoding/json takes half a surrogate pair
	}
	var wantNames, wantCells []string
	fault := false
	for _, line := range strings.Split(text, "\n") {
		names, cells, err := plainLine(line)
		if err != nil {
			fault = true
			break
		}
		wantNames = append(wantNames, names...)
		for i := range cells {
			if cells[i] != null {
				wantCells = append(wantCells, names[i]+"="+cells[i])
			}
		}
	}
	r, err := newReader(strings.NewReader(text), formats.Options{}, size, maxLine)
	var got []string
	if err == nil {
		defer r.Close()
		for {
			var b *formats.Block
			if b, err = r.Next(context.Background()); err != nil {
				break
			}
			for i := range b.Len() {
				for j := range b.Row(i).Len() {
					if b.Row(i).Kind(j) != formats.Null {
						got = append(got, r.keys.names[j]+"="+string(b.Row(i).Cell(j)))
					}
				}
			}
			b.Release()
		}
	} else if len(wantNames) == 0 {
		return
	}
	if refused := err != io.EOF; refused != fault {
		t.Fatalf("%q: got %v, encoding/json refuses: %v", text, err, fault)
	}
	// Only lines with one key each are compared cell by cell: the order within a line is the header's.
	if fault || len(wantNames) > strings.Count(text, "\n")+1 {
		return
	}
	var filled []string
	for _, cell := range wantCells {
		if _, value, _ := strings.Cut(cell, "="); strings.Trim(value, " \t") != "" {
			filled = append(filled, cell)
		}
	}
	if diff := cmp.Diff(filled, got); diff != "" {
		t.Fatalf("%q (-encoding/json +ours):\n%s", text, diff)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"{\"a\":\"x\"}\n{\"a\":1.5e3}", "{\"a\":[\"x|\",\"\\\\\",1]}\n", "{\"a\":\"\\u00e9\\n\"}\n\n{\"b\":true}\n{\"c\":null}", "{\"a\":{}}", "{\"a\":1,\"a\":2}"} {
		f.Add(seed, uint8(16))
	}
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		if !strings.HasPrefix(text, "\ufeff") && !(len(text) > 1 && (text[0] == 0) != (text[1] == 0)) {
			compareWithPlain(t, text, int(size)+1)
		}
		var rows []placed
		cost.Check(t, func() {
			if r, err := newReader(strings.NewReader(text), formats.Options{}, int(size)+1, maxLine); err == nil {
				rows, _ = readAll(r)
			}
		})
		last := formats.Place{Offset: -1}
		for _, row := range rows {
			if row.Place.Line <= last.Line || row.Place.Offset <= last.Offset {
				t.Fatalf("%+v follows %+v", row.Place, last)
			}
			last = row.Place
		}
	})
}

func TestReadAgreesWithEncodingJSON(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		value := rapid.OneOf(rapid.Map(rapid.String(), func(s string) any { return s }),
			rapid.Map(rapid.Int(), func(i int) any { return i }), rapid.Just(any(nil)), rapid.Just(any(true)),
			rapid.Map(rapid.SliceOf(rapid.StringOf(rapid.SampledFrom([]rune(`a|\"é`)))), func(s []string) any { return s }))
		objects := rapid.SliceOfN(rapid.MapOfN(rapid.StringMatching(`[a-c"\\é]{0,3}`), value, 1, 1), 1, 20).Draw(rt, "objects")
		var text bytes.Buffer
		for _, object := range objects {
			line, err := json.Marshal(object)
			if err != nil {
				rt.Fatal(err)
			}
			text.Write(append(line, '\n'))
		}
		compareWithPlain(t, text.String(), rapid.IntRange(1, 200).Draw(rt, "block"))
	})
}

// roundTrip writes rows and reads them back; empty cells come back as absent.
func roundTrip(t interface {
	Helper()
	Fatalf(string, ...any)
}, rows [][]string, size int) {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, []formats.Column{{Name: "a"}, {Name: "b", Type: formats.Number}, {Name: "\"c\""}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	var want []string
	for i, row := range rows {
		var cells [][]byte
		for j, cell := range row {
			cells = append(cells, []byte(cell))
			if cell != "" && strings.Trim(strings.Join(row, ""), " \t") != "" {
				want = append(want, fmt.Sprintf("%d %q=%s", i+1, []string{"a", "b", "\"c\""}[j], cell))
			}
		}
		if err := w.Write(cells); err != nil {
			t.Fatalf("%v", err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatalf("%v", err)
	}
	for _, line := range bytes.Split(bytes.TrimSuffix(file.Bytes(), []byte("\n")), []byte("\n")) {
		if len(line) > 0 && !json.Valid(line) {
			t.Fatalf("%q is not JSON", line)
		}
	}
	text := file.String()
	r, err := newReader(&file, formats.Options{}, size, maxLine)
	if err != nil && len(want) == 0 {
		return
	}
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	read, err := readAll(r)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	got := make(map[string]bool)
	for _, row := range read {
		for j, cell := range row.Cells {
			if cell != null {
				got[fmt.Sprintf("%d %q=%s", row.Place.Line, row.Names[j], cell)] = true
			}
		}
	}
	for _, cell := range want {
		if !got[cell] {
			t.Fatalf("%q: %s is lost", text, cell)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%q: %d cells, want %d", text, len(got), len(want))
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-+]?[0-9]{1,3}(\.[0-9]+)?([eE][0-9])?`))
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 0, 3), 0, 20).Draw(t, "rows")
		roundTrip(t, rows, rapid.IntRange(1, 400).Draw(t, "block"))
	})
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("a", "-12.5", "\"d\"\n")
	f.Add("\x00\x1f\\", "007", "é👟")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if utf8.ValidString(a+b+c) && utf8.ValidString(a) && utf8.ValidString(b) {
			cost.Check(t, func() { roundTrip(t, [][]string{{a, b, c}, {b}, {c, a}}, 64) })
		}
	})
}

func TestWrite(t *testing.T) {
	var out bytes.Buffer
	w, err := NewWriter(&out, []formats.Column{{Name: "sku"}, {Name: "price", Type: formats.Number}, {Name: "note"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range [][]string{{"00123", "12.50", "a \"b\"\n"}, {"1", "007", ""}, {}, {"", "1,5"}, {"x", "-", ""}} {
		var cells [][]byte
		for _, cell := range row {
			cells = append(cells, []byte(cell))
		}
		if err := w.Write(cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := `{"sku":"00123","price":12.50,"note":"a \"b\"\n"}
{"sku":"1","price":"007"}
{}
{"price":"1,5"}
{"sku":"x","price":"-"}
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := w.Write([][]byte{[]byte("\xff")}); err == nil {
		t.Error("a cell that is not UTF-8 is taken")
	}
	if _, err := NewWriter(&out, []formats.Column{{Name: "a"}, {Name: "a"}}); err == nil {
		t.Error("two columns of one name are taken")
	}
}

func TestNoAllocationPerRow(t *testing.T) {
	rows := 50_000
	text := strings.Repeat(`{"sku":"00123","name":"shirt \"long\"","sizes":["S","M|L"],"price":12.5}`+"\n", rows)
	allocations := testing.AllocsPerRun(1, func() {
		r, err := NewReader(strings.NewReader(text), formats.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for {
			b, err := r.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			b.Release()
		}
	})
	if limit := float64(rows) / 500; allocations > limit {
		t.Errorf("%.0f allocations for %d rows, want at most %.0f", allocations, rows, limit)
	}
	w, err := NewWriter(io.Discard, []formats.Column{{Name: "a"}, {Name: "b", Type: formats.Number}})
	if err != nil {
		t.Fatal(err)
	}
	row := [][]byte{[]byte("x \"y\""), []byte("12.5")}
	if allocations := testing.AllocsPerRun(10_000, func() {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}); allocations != 0 {
		t.Errorf("%v allocations a written row", allocations)
	}
}

func BenchmarkRead(b *testing.B) {
	text := strings.Repeat(`{"sku":"00123","name":"shirt \"long\"","colour":"navy","sizes":["S","M"],"price":12.5,"url":"https://img.example/1.jpg","active":true}`+"\n", 50_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := NewReader(strings.NewReader(text), formats.Options{})
		if err != nil {
			b.Fatal(err)
		}
		for {
			block, err := r.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			block.Release()
		}
	}
}
