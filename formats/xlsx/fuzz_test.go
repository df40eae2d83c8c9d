package xlsx

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
	"bulkload/formats/cost"
)

// tunings are the ways to read that must all give the same. The first is the oracle: cells the
// plain way, rows in turn. The others take the quick way, windows so small that every cell is cut,
// workers
// whose chunks hold many rows, one or part of one, and shared strings that are spilled.
var tunings = []tuning{{window: 8 << 10, spill: spillAt, plain: true}, {window: 8 << 10, spill: spillAt},
	{window: 16, spill: spillAt}, {window: 100, spill: spillAt, plain: true},
	{window: 64, spill: spillAt, chunk: 16, workers: 2}, {window: 64, chunk: 150, workers: 3},
	{window: 256, spill: spillAt, chunk: 1 << 10, workers: 2, plain: true}, {window: 1 << 10, spill: 128 << 10, chunk: 8 << 10, workers: 2}}

// sameInAllTunings reads a workbook in every way and checks what holds for any result.
func sameInAllTunings(t *testing.T, data []byte, o formats.Options) (table, error) {
	t.Helper()
	first, firstErr := readTuned(data, o, tunings[0])
	var syntax *formats.SyntaxError
	if firstErr != nil && !errors.As(firstErr, &syntax) {
		t.Fatalf("error = %v, want a SyntaxError", firstErr)
	}
	last := int64(0)
	for _, n := range first.Numbers {
		if n <= last {
			t.Fatalf("row %d comes after row %d", n, last)
		}
		last = n
	}
	for _, tune := range tunings[1:] {
		if min(tune.window, tune.chunk+tune.window) < 1<<10 && len(data) > 100<<10 {
			continue // cutting large files this finely takes seconds
		}
		again, err := readTuned(data, o, tune)
		if (err == nil) != (firstErr == nil) {
			t.Fatalf("%+v: error = %v, want %v", tune, err, firstErr)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Fatalf("%+v: %s", tune, diff)
		}
	}
	return first, firstErr
}

func TestTunings(t *testing.T) {
	if _, err := sameInAllTunings(t, goodBook(t), formats.Options{}); err != nil {
		t.Error(err)
	}
}

// wellFormed reports whether encoding/xml, which is laxer than we are, takes a part. It knows the letters of
// XML's fourth edition only, and later ones are taken in names too: so those beyond ASCII may count as an x.
func wellFormed(text string) bool {
	d := xml.NewDecoder(strings.NewReader(strings.Map(func(c rune) rune {
		if c < utf8.RuneSelf || c == utf8.RuneError || c == 0xfffe || c == 0xffff {
			return c
		}
		return 'x'
	}, text)))
	for {
		if _, err := d.Token(); err != nil {
			return err == io.EOF && utf8.ValidString(text)
		}
	}
}

func FuzzSheet(f *testing.F) {
	f.Add(inline("a|b", "1|2"))
	f.Add(`<row r="2"><c r="B2" s="1" t="s"><v>1</v></c><c t="b"><v>1</v></c></row><row><c t="inlineStr"><is><r><t>x</t></r></is></c></row>`)
	f.Add(`<row><c><f>1</f></c><c t="str"><f>1</f><v>&#65;_x000D_</v></c><c t="e"><v>#N/A</v></c><c s="2"><v>44197.5</v></c></row>`)
	f.Add(`<!-- c --><row r="1" hidden="1"><c t="inlineStr"><is><t><![CDATA[</row>]]></t></is></c></row>`)
	f.Fuzz(func(t *testing.T, rows string) {
		book := rawBook{sheet: "<sheetData>" + rows + "</sheetData>", strings: `<si><t>zero</t></si><si><t>one</t></si>`, numFmts: "yyyy-mm-dd|h:mm|000"}
		data := book.bytes(t)
		cheap(t, data)
		got, err := sameInAllTunings(t, data, formats.Options{NoHeader: true})
		if err == nil && len(got.Rows) > 0 && !wellFormed(book.files()["xl/worksheets/sheet1.xml"]) {
			t.Fatalf("malformed XML reads as %q", got.Rows)
		}
	})
}

func FuzzSharedStrings(f *testing.F) {
	f.Add(`<si><t>a</t></si><si><r><t>b</t></r><r><t xml:space="preserve"> c</t></r><rPh><t>d</t></rPh></si>`)
	f.Add(`<si><t>&amp;_x0041_</t></si><si/><si><t/></si>`)
	f.Add(`<?Ԓ?>`)
	f.Fuzz(func(t *testing.T, items string) {
		text := `<sst>` + items + `</sst>`
		var tables [][]string
		var errs []error
		for _, tune := range []tuning{{window: firstWindow, spill: spillAt}, {window: 16}} {
			table := sharedStrings{limit: tune.spill}
			var err error
			cost.Check(t, func() { err = table.read(newScanner(strings.NewReader(text), make([]byte, tune.window))) })
			if err == nil {
				tables = append(tables, allStrings(t, &table))
			}
			errs = append(errs, err)
			if err := table.close(); err != nil {
				t.Fatal(err)
			}
		}
		if (errs[0] == nil) != (errs[1] == nil) {
			t.Fatalf("%v, but in small windows %v", errs[0], errs[1])
		}
		if errs[0] != nil {
			return
		}
		if diff := cmp.Diff(tables[0], tables[1]); diff != "" {
			t.Fatal("small windows and a spill make other strings: " + diff)
		}
		if !wellFormed(text) {
			t.Fatalf("malformed XML reads as %q", tables[0])
		}
	})
}

// allStrings reads all of a table, back and forth.
func allStrings(t *testing.T, table *sharedStrings) []string {
	if table.spill != nil {
		if err := table.spill.written(); err != nil {
			t.Fatal(err)
		}
	}
	list := make([]string, table.count())
	finder := table.finder()
	for round := range 2 {
		for i := range list {
			if round == 0 {
				i = len(list) - 1 - i
			}
			text, found, err := finder.find(fmt.Append(nil, i))
			if !found || err != nil {
				t.Fatal(i, found, err)
			}
			list[i] = string(text)
		}
	}
	return list
}

func FuzzStyles(f *testing.F) {
	f.Add("yyyy-mm-dd hh:mm", "44197.5")
	f.Add(`[>5]"x"00;[$-409]d\-m;@`, "-3")
	f.Fuzz(func(t *testing.T, code, number string) {
		var got []byte
		var result numberResult
		cost.Check(t, func() {
			format := parseFormat(code)
			got, result = appendNumber(nil, []byte(number), &format, false)
		})
		if plain, want := appendNumber(nil, []byte(number), nil, false); want == notANumber != (result == notANumber) || result != notANumber && len(got) == 0 {
			t.Fatalf("%q as %q reads %q, plainly %q", number, code, got, plain)
		}
	})
}

func FuzzOpen(f *testing.F) {
	f.Add(goodBook(f))
	f.Add(write(f, columnsOf("a", "b#"), WriterOptions{}, []string{"x", "1"}))
	f.Add([]byte("PK\x05\x06"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		cheap(t, data)
	})
}

// cheap reads a workbook as users do. It wants rows that ascend, or a SyntaxError, at no great cost.
func cheap(t *testing.T, data []byte) {
	t.Helper()
	var got table
	var err error
	cost.Check(t, func() {
		got, err = readTuned(data, formats.Options{}, tuning{window: firstWindow, spill: spillAt, chunk: chunkSize, workers: 2})
	})
	var syntax *formats.SyntaxError
	if err != nil && !errors.As(err, &syntax) {
		t.Fatalf("error = %v, want a SyntaxError", err)
	}
	for i := 1; i < len(got.Numbers); i++ {
		if got.Numbers[i] <= got.Numbers[i-1] {
			t.Fatalf("row %d comes after row %d", got.Numbers[i], got.Numbers[i-1])
		}
	}
}
