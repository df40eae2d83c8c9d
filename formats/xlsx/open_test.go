package xlsx

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
)

// severalSheets is a workbook whose sheets hold what is given, "" for no cells. Names that start
// with a dot are hidden, with two dots very hidden.
func severalSheets(t testing.TB, sheets ...[2]string) []byte {
	var list, relations strings.Builder
	parts := make(map[string]string)
	for i, s := range sheets {
		name := strings.TrimLeft(s[0], ".")
		state := []string{"visible", "hidden", "veryHidden"}[len(s[0])-len(name)]
		fmt.Fprintf(&list, `<sheet name="%s" sheetId="%d" state="%s" r:id="id%d"/>`, name, i+1, state, i)
		fmt.Fprintf(&relations, `<Relationship Id="id%d" Type="x/worksheet" Target="worksheets/s%d.xml"/>`, i, i)
		parts[fmt.Sprintf("xl/worksheets/s%d.xml", i)] = `<worksheet><sheetData>` + s[1] + `</sheetData></worksheet>`
	}
	parts["xl/workbook.xml"] = `<workbook xmlns:r="r"><sheets>` + list.String() + `</sheets></workbook>`
	parts["xl/_rels/workbook.xml.rels"] = `<Relationships>` + relations.String() + `</Relationships>`
	return rawBook{parts: parts}.bytes(t)
}

func TestSheetChoice(t *testing.T) {
	one := func(text string) string { return inline(text) }
	data := severalSheets(t, [2]string{".Secret", one("secret")}, [2]string{"Notes", `<row r="3"/>`}, [2]string{"Products", one("products")},
		[2]string{"A &lt; B", one("less")}, [2]string{"..Deep", one("deep")}, [2]string{"products", one("lower")})
	cases := []struct {
		name string
		o    formats.Options
		want string
	}{
		{"first visible with cells", formats.Options{}, "products"},
		{"by name", formats.Options{Sheet: "A < B"}, "less"},
		{"exact name first", formats.Options{Sheet: "products"}, "lower"},
		{"name in another case", formats.Options{Sheet: "PRODUCTS"}, "products"},
		{"hidden by name", formats.Options{Sheet: "Secret"}, "secret"},
		{"very hidden by name", formats.Options{Sheet: "deep"}, "deep"},
		{"preferred", formats.Options{Prefer: "a < b"}, "less"},
		{"preferred but hidden", formats.Options{Prefer: "Secret"}, "products"},
		{"preferred but missing", formats.Options{Prefer: "nothing"}, "products"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(data, c.o)
			if err != nil || len(got.Header) != 1 || got.Header[0] != c.want {
				t.Errorf("header = %q, %v, want %q", got.Header, err, c.want)
			}
		})
	}
	got, _ := readAll(data, formats.Options{})
	if want := []string{`Products: only the sheet "Products" is read, not "Notes", "A < B", "products"`}; !cmp.Equal(want, got.Remarks) {
		t.Errorf("remarks = %q, want %q", got.Remarks, want)
	}
	_, err := readAll(data, formats.Options{Sheet: "Stock"})
	wantSyntax(t, err, `no sheet "Stock" (its sheets are "Secret" (hidden), "Notes", "Products"`)
	_, err = readAll(data, formats.Options{Sheet: "Notes"})
	wantSyntax(t, err, "Notes: the sheet is empty")
	_, err = readAll(severalSheets(t, [2]string{".A", one("a")}), formats.Options{})
	wantSyntax(t, err, "hidden")
	_, err = readAll(severalSheets(t, [2]string{"A", ""}, [2]string{"B", ""}), formats.Options{})
	wantSyntax(t, err, "all visible sheets of the workbook are empty")

	r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Sheet{{"Secret", true}, {"Notes", false}, {"Products", false}, {"A < B", false}, {"Deep", true}, {"products", false}}
	if diff := cmp.Diff(want, r.Sheets()); diff != "" || r.Sheet() != "Products" {
		t.Errorf("sheet %q: %s", r.Sheet(), diff)
	}
}

func TestParts(t *testing.T) {
	sheet := `<worksheet><sheetData>` + inline("a|b", "1|2") + `</sheetData></worksheet>`
	rels := func(target string) string {
		return `<Relationships><Relationship Id="rId1" Type="http://purl.oclc.org/ooxml/officeDocument/relationships/worksheet" Target="` + target + `"/></Relationships>`
	}
	elsewhere := map[string]string{"xl/workbook.xml": "-", "xl/_rels/workbook.xml.rels": "-",
		"book/main.xml":            `<workbook xmlns:q="r"><sheets><sheet name="S" q:id="rId1"/></sheets></workbook>`,
		"book/_rels/main.xml.rels": rels("../xl/worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml": sheet}
	with := func(more map[string]string, base map[string]string) map[string]string {
		all := map[string]string{"xl/worksheets/sheet1.xml": sheet}
		for _, m := range []map[string]string{base, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}
	cases := []struct {
		name  string
		parts map[string]string
		want  string // error, "" when it reads
	}{
		{"plain", with(nil, nil), ""},
		{"absolute target", with(map[string]string{"xl/_rels/workbook.xml.rels": rels("/xl/worksheets/sheet1.xml")}, nil), ""},
		{"target with dots", with(map[string]string{"xl/_rels/workbook.xml.rels": rels("./../xl/worksheets/sheet1.xml")}, nil), ""},
		{"target in another case", with(map[string]string{"xl/_rels/workbook.xml.rels": rels("Worksheets/Sheet1.xml")}, nil), ""},
		{"target escaped", with(map[string]string{"xl/_rels/workbook.xml.rels": rels("worksheets/sheet%31.xml")}, nil), ""},
		{"target with backslashes", with(map[string]string{"xl/_rels/workbook.xml.rels": rels(`worksheets\sheet1.xml`)}, nil), ""},
		{"found by relationships", with(map[string]string{"_rels/.rels": `<Relationships><Relationship Id="a" Type="x/officeDocument" Target="/book/main.xml"/></Relationships>`}, elsewhere), ""},
		{"found by content types", with(map[string]string{"_rels/.rels": "CORRUPTED", "[Content_Types].xml": `<Types><Override PartName="/book/main.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`}, elsewhere), ""},
		{"found where it always is", with(map[string]string{"_rels/.rels": "-", "[Content_Types].xml": "-"}, nil), ""},
		{"no styles and strings", with(map[string]string{"xl/_rels/workbook.xml.rels": rels("worksheets/sheet1.xml"), "xl/styles.xml": "-", "xl/sharedStrings.xml": "-"}, nil), ""},
		{"sheet missing", with(map[string]string{"xl/worksheets/sheet1.xml": "-"}, nil), `names its part "xl/worksheets/sheet1.xml" but does not hold it`},
		{"styles missing", with(map[string]string{"xl/styles.xml": "-"}, nil), `"xl/styles.xml"`},
		{"strings missing", with(map[string]string{"xl/sharedStrings.xml": "-"}, nil), `"xl/sharedStrings.xml"`},
		{"relationships missing", with(map[string]string{"xl/_rels/workbook.xml.rels": "-"}, nil), `"xl/_rels/workbook.xml.rels"`},
		{"relation missing", with(map[string]string{"xl/_rels/workbook.xml.rels": `<Relationships/>`}, nil), `"Products" has no part`},
		{"workbook missing", with(map[string]string{"xl/workbook.xml": "-", "_rels/.rels": "-"}, nil), "holds no workbook"},
		{"no sheet", with(map[string]string{"xl/workbook.xml": `<workbook><sheets/></workbook>`}, nil), "no worksheet"},
		{"unknown state", with(map[string]string{"xl/workbook.xml": `<workbook xmlns:r="r"><sheets><sheet name="a" state="lost" r:id="rId1"/></sheets></workbook>`}, nil), "unknown state"},
		{"binary workbook", with(map[string]string{"_rels/.rels": `<Relationships><Relationship Type="x/officeDocument" Target="xl/workbook.bin"/></Relationships>`}, nil), ".xlsb"},
		{"entities in the strings", with(map[string]string{"xl/sharedStrings.xml": `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><sst><si><t>&b;</t></si></sst>`}, nil), "document type"},
		{"strings cut", with(map[string]string{"xl/sharedStrings.xml": `<sst><si><t>a</t></si>`}, nil), `"xl/sharedStrings.xml" is damaged: the XML stops`},
		{"text among the strings", with(map[string]string{"xl/sharedStrings.xml": `<sst>x</sst>`}, nil), "between the shared strings"},
		{"no strings", with(map[string]string{"xl/sharedStrings.xml": `<a/>`}, nil), "where the shared strings should"},
		{"number format without number", with(map[string]string{"xl/styles.xml": `<styleSheet><numFmts><numFmt formatCode="0"/></numFmts></styleSheet>`}, nil), "has no number"},
		{"style without number", with(map[string]string{"xl/styles.xml": `<styleSheet><cellXfs><xf numFmtId="x"/></cellXfs></styleSheet>`}, nil), "number format"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(rawBook{parts: c.parts}.bytes(t), formats.Options{})
			if c.want != "" {
				wantSyntax(t, err, c.want)
				return
			}
			if err != nil || !cmp.Equal([][]string{{"1", "2"}}, got.Rows) {
				t.Errorf("rows = %q, %v", got.Rows, err)
			}
		})
	}
}

func TestEpochOf1904(t *testing.T) {
	for state, want := range map[string]string{"1": "2025-01-02", "true": "2025-01-02", "0": "2021-01-01"} {
		b := rawBook{numFmts: "yyyy-mm-dd", sheet: `<row><c s="1"><v>44197</v></c></row>`, parts: map[string]string{
			"xl/workbook.xml": `<workbook xmlns:r="r"><workbookPr date1904="` + state + `"/><sheets><sheet name="S" r:id="rId1"/></sheets></workbook>`}}
		if got := cellsOf(t, b); !cmp.Equal([]string{want}, got) {
			t.Errorf("date1904=%s: %q, want %q", state, got, want)
		}
	}
}

func TestHeader(t *testing.T) {
	cases := []struct {
		name, sheet string
		o           formats.Options
		want        table
	}{
		{"first row with text", `<row r="1"/>` + `<row r="4"><c r="A4" t="inlineStr"><is><t> sku </t></is></c><c t="inlineStr"><is><t>si` + "\n" + `ze _x000D_` + "\n" + `(EU)</t></is></c></row><row r="5"><c><v>1</v></c><c/><c><v>3</v></c></row>`,
			formats.Options{}, table{Header: []string{"sku", "si ze (EU)"}, At: 4, Rows: [][]string{{"1", "", "3"}}, Numbers: []int64{5}}},
		{"titles above", inline("Season SS22", "", "made by|us", "sku|name|size|price", "1|2|3|4", "5|6|7"),
			formats.Options{}, table{Header: []string{"sku", "name", "size", "price"}, At: 4, Rows: [][]string{{"1", "2", "3", "4"}, {"5", "6", "7"}}, Numbers: []int64{5, 6},
				Remarks: []string{"Products!4: taken as the header; the 2 rows above it are left out"}}},
		{"a header with unnamed columns", inline("sku|name|size", "1|2|3|4|5"),
			formats.Options{}, table{Header: []string{"sku", "name", "size"}, At: 1, Rows: [][]string{{"1", "2", "3", "4", "5"}}, Numbers: []int64{2}}},
		{"two columns", inline("sku", "1|2"), formats.Options{}, table{Header: []string{"sku"}, At: 1, Rows: [][]string{{"1", "2"}}, Numbers: []int64{2}}},
		{"row given", inline("a|b|c", "d|e|f", "", "1|2|3"), formats.Options{HeaderRow: 2},
			table{Header: []string{"d", "e", "f"}, At: 2, Rows: [][]string{{"1", "2", "3"}}, Numbers: []int64{4}, Blank: 1}},
		{"none", inline("a", "1|2|3"), formats.Options{NoHeader: true},
			table{Header: []string{"A", "B", "C"}, Rows: [][]string{{"a"}, {"1", "2", "3"}}, Numbers: []int64{1, 2}}},
		{"nothing below", inline("a|b"), formats.Options{}, table{Header: []string{"a", "b"}, At: 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(rawBook{sheet: c.sheet}.bytes(t), c.o)
			c.want.Sheet = "Products"
			if diff := cmp.Diff(c.want, got); diff != "" || err != nil {
				t.Error(err, diff)
			}
		})
	}
	for _, row := range []int64{3, 9} {
		_, err := readAll(rawBook{sheet: inline("", "a", "", "b")}.bytes(t), formats.Options{HeaderRow: row})
		wantSyntax(t, err, "has no text (the first row with text is 2)")
	}
	_, err := readAll(rawBook{}.bytes(t), formats.Options{HeaderRow: 1})
	wantSyntax(t, err, "the sheet is empty")
}

func TestRemarks(t *testing.T) {
	b := rawBook{sheet: `<cols><col min="1" max="1" hidden="1"/></cols><sheetData>` + inline("a") +
		`<row r="2" hidden="1"><c s="9"><v>12345678901234567</v></c></row></sheetData><mergeCells><mergeCell ref="A1:B1"/><mergeCell ref="A2:B2"/></mergeCells>`}
	got, err := readAll(b.bytes(t), formats.Options{})
	want := []string{"Products: the sheet has hidden columns; they are read", "Products: hidden rows: 1; they are read",
		"Products: merged ranges: 2; only the first cell of each has a value",
		"Products!2: a number's style is missing in the workbook: if it is a date, it reads as a number",
		"Products!2: a number has more than 15 digits and lost those after, as in a spreadsheet program; such a column must be text"}
	if diff := cmp.Diff(want, got.Remarks); diff != "" || err != nil {
		t.Error(err, diff)
	}
}

func TestDimension(t *testing.T) {
	const ends, outside = "Products: the sheet says that it covers %s, but its rows end at 3: see that it is whole", "Products: the sheet says that it covers %s, but has cells outside; they are read"
	cases := []struct {
		ref  string
		want []string
	}{
		{"A1:B3", nil}, {"A1", nil}, {"", nil}, {"nonsense", nil}, {"A1:", nil}, {"A1:XFE9", nil}, {"$A$1:$B$3", nil},
		{"A1:B9", []string{ends}}, {"A1:B2", []string{outside}}, {"A1:A3", []string{outside}}, {"A1:A9", []string{ends, outside}}, {"A1:C3", nil},
	}
	for _, c := range cases {
		b := rawBook{sheet: `<dimension ref="` + c.ref + `"/><sheetData>` + inline("a|b", "1|2") + `<row r="3"/></sheetData>`}
		got, err := sameInAllTunings(t, b.bytes(t), formats.Options{})
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, text := range c.want {
			want = append(want, fmt.Sprintf(text, c.ref))
		}
		if diff := cmp.Diff(want, got.Remarks); diff != "" {
			t.Errorf("%q: %s", c.ref, diff)
		}
	}
}

func TestFillMerged(t *testing.T) {
	rows := `<row r="1"><c t="inlineStr"><is><t>name</t></is></c><c t="inlineStr"><is><t>size</t></is></c><c t="inlineStr"><is><t>note</t></is></c></row>` +
		`<row r="2"><c r="A2" t="inlineStr"><is><t>shirt</t></is></c><c r="B2"><v>1</v></c></row>` +
		`<row r="3"><c r="B3"><v>2</v></c></row>` +
		`<row r="4"><c r="A4" s="1"/><c r="B4"><v>3</v></c><c r="C4" t="e"><v>#N/A</v></c></row>` +
		`<row r="5"/>` +
		`<row r="6"><c r="B6"><v>4</v></c></row>` +
		`<row r="7"><c r="A7" t="inlineStr"><is><t>own</t></is></c><c r="B7"><v>5</v></c></row>`
	cases := []struct {
		name, merges string
		fill         bool
		want         [][]string
		remark       string
	}{
		{"not asked", `A2:A4`, false, [][]string{{"shirt", "1"}, {"", "2"}, {"", "3", "!#N/A"}, {"", "4"}, {"own", "5"}}, "only the first cell of each has a value"},
		{"down", `A2:A4`, true, [][]string{{"shirt", "1"}, {"shirt", "2"}, {"shirt", "3", "!#N/A"}, {"", "4"}, {"own", "5"}}, "filled down"},
		{"over a blank row, not over a cell's own text", `A2:A7`, true, [][]string{{"shirt", "1"}, {"shirt", "2"}, {"shirt", "3", "!#N/A"}, {"shirt", "4"}, {"own", "5"}}, "filled down"},
		{"the first column only", `$A$2:$C$3`, true, [][]string{{"shirt", "1"}, {"shirt", "2"}, {"", "3", "!#N/A"}, {"", "4"}, {"own", "5"}}, "filled down"},
		{"to the right of the row, with its kind", `C4:C7`, true, [][]string{{"shirt", "1"}, {"", "2"}, {"", "3", "!#N/A"}, {"", "4", "!#N/A"}, {"own", "5", "!#N/A"}}, "filled down"},
		{"one after the other", `A2:A3 A4:A6 C4:C6`, true, [][]string{{"shirt", "1"}, {"shirt", "2"}, {"", "3", "!#N/A"}, {"", "4", "!#N/A"}, {"own", "5"}}, "filled down"},
		{"within a row", `A2:B2`, true, [][]string{{"shirt", "1"}, {"", "2"}, {"", "3", "!#N/A"}, {"", "4"}, {"own", "5"}}, "filled down"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			merges := ""
			for _, ref := range strings.Fields(c.merges) {
				merges += `<mergeCell ref="` + ref + `"/>`
			}
			b := rawBook{sheet: `<sheetData>` + rows + `</sheetData><mergeCells>` + merges + `</mergeCells>`}
			got, err := sameInAllTunings(t, b.bytes(t), formats.Options{FillMerged: c.fill})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got.Rows); diff != "" {
				t.Error(diff)
			}
			if len(got.Remarks) != 1 || !strings.Contains(got.Remarks[0], c.remark) {
				t.Errorf("remarks = %q", got.Remarks)
			}
		})
	}
	for _, ref := range []string{"", "A1:B", "1:2", "A0:A2", "A1:XFE2", "A1:A1048577", "A1:A2:A3", "A1A:B2"} {
		b := rawBook{sheet: `<sheetData>` + rows + `</sheetData><mergeCells><mergeCell ref="` + ref + `"/></mergeCells>`}
		_, err := readAll(b.bytes(t), formats.Options{FillMerged: true})
		wantSyntax(t, err, "merged range")
	}
}

// goodBook is a small workbook with every kind of part, for tests that damage it.
func goodBook(t testing.TB) []byte {
	var rows strings.Builder
	for i := 2; i < 60; i++ {
		fmt.Fprintf(&rows, `<row r="%d"><c r="A%d" t="s"><v>%d</v></c><c r="B%d" s="1"><v>%d.5</v></c><c r="C%d" t="inlineStr"><is><t>text %d</t></is></c></row>`, i, i, i%3, i, 44000+i, i, i*i)
	}
	return rawBook{strings: `<si><t>zero</t></si><si><t>one</t></si><si><r><t>two</t></r></si>`, numFmts: "yyyy-mm-dd hh:mm",
		sheet: inline("a|b|c") + rows.String()}.bytes(t)
}

// sameOrError fails the test when a damaged workbook reads as other rows than the sound one.
func sameOrError(t *testing.T, what string, sound table, damaged []byte) {
	t.Helper()
	for _, tune := range inTurnAndAhead {
		got, err := readTuned(damaged, formats.Options{}, tune)
		var syntax *formats.SyntaxError
		switch {
		case err != nil && !errors.As(err, &syntax):
			t.Errorf("%s: error = %v, want a SyntaxError", what, err)
		case err == nil && !cmp.Equal(sound, got):
			t.Errorf("%s: read without an error, but as other rows: %s", what, cmp.Diff(sound, got))
		}
	}
}

// inTurnAndAhead are the two ways in which the reader works, small enough for small files.
var inTurnAndAhead = []tuning{{window: firstWindow, spill: spillAt}, {window: 256, spill: spillAt, chunk: 512, workers: 2}}

func TestTruncation(t *testing.T) {
	data := goodBook(t)
	for percent := range 100 {
		for _, tune := range inTurnAndAhead {
			_, err := readTuned(data[:len(data)*percent/100], formats.Options{}, tune)
			wantSyntax(t, err, "")
		}
	}
}

// TestBitFlips flips 100 bits, or 1,000 when BULKLOAD_LONG is set.
func TestBitFlips(t *testing.T) {
	flips := 100
	if os.Getenv("BULKLOAD_LONG") != "" {
		flips = 1000
	}
	for name, data := range map[string][]byte{"spreadsheet program's": goodBook(t), "ours": write(t, columnsOf("a", "b#"), WriterOptions{}, manyRows(400)...)} {
		sound, err := readAll(data, formats.Options{})
		if err != nil || len(sound.Rows) < 58 {
			t.Fatal(len(sound.Rows), err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		for range flips {
			bit := random.IntN(8 * len(data))
			damaged := bytes.Clone(data)
			damaged[bit/8] ^= 1 << (bit % 8)
			sameOrError(t, fmt.Sprint(name, ", bit ", bit), sound, damaged)
		}
	}
}

func manyRows(n int) [][]string {
	rows := make([][]string, n)
	for i := range rows {
		rows[i] = []string{fmt.Sprintf("SKU-%04d", i*i), fmt.Sprint(i)}
	}
	return rows
}

func TestWrongChecksum(t *testing.T) {
	for _, name := range []string{"xl/workbook.xml", "xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"} {
		for _, crc := range []uint32{0, 7} {
			data := repack(t, goodBook(t), func(h *zip.FileHeader) {
				if h.Name == name {
					h.CRC32 = crc
				}
			})
			_, err := readAll(data, formats.Options{})
			wantSyntax(t, err, fmt.Sprintf("part %q does not match its checksum", name))
		}
	}
}

// repack copies an archive with its headers changed.
func repack(t *testing.T, data []byte, change func(*zip.FileHeader)) []byte {
	t.Helper()
	from, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	to := zip.NewWriter(&out)
	for _, f := range from.File {
		header := f.FileHeader
		change(&header)
		raw, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		w, err := to.CreateRaw(&header)
		if err == nil {
			_, err = io.Copy(w, raw)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// Cells far to the right of the header make empty ones before them, which are bounded in a sheet.
func TestFarCells(t *testing.T) {
	var rows strings.Builder
	for i := range 100 {
		fmt.Fprintf(&rows, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, i+10, i+10)
	}
	data := rawBook{sheet: inline("a") + rows.String()}.bytes(t)
	for _, soFar := range []int64{0, maxGaps - maxColumns} {
		r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{HeaderRow: 1})
		if err != nil {
			t.Fatal(err)
		}
		r.sheet.rows.gaps = soFar
		for err == nil {
			var b *formats.Block
			if b, err = r.Next(context.Background()); err == nil {
				if len(b.Cells) > blockCells+maxColumns {
					t.Errorf("a block of %d cells", len(b.Cells))
				}
				b.Release()
			}
		}
		if soFar == 0 && err != io.EOF {
			t.Errorf("100 far cells: %v", err)
		} else if soFar > 0 {
			wantSyntax(t, err, "far to the right")
		}
	}
}

// readDiscarding reads a workbook to its end and keeps nothing but the number of rows.
func readDiscarding(data []byte, o formats.Options, tune tuning) (rows int, err error) {
	r, err := newReader(bytes.NewReader(data), int64(len(data)), o, tune)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		b, err := r.Next(context.Background())
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows += b.Len()
		b.Release()
	}
}

func TestNextAfterTheEnd(t *testing.T) {
	data := goodBook(t)
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Next(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("Next with a cancelled context: %v", err)
	}
	for range 2 {
		for err = nil; err == nil; {
			_, err = r.Next(context.Background())
		}
		if err != io.EOF {
			t.Errorf("Next after the end: %v, want EOF", err)
		}
	}
	if r.Consumed() == 0 || r.Consumed() > int64(len(data)) {
		t.Errorf("consumed %d of %d bytes", r.Consumed(), len(data))
	}
	r, err = NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	if _, err := r.Next(context.Background()); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
}

func TestBlocks(t *testing.T) {
	var sheet strings.Builder
	sheet.WriteString(inline("a|b"))
	text := strings.Repeat("x", 1000)
	for i := 2; i < 5000; i++ {
		fmt.Fprintf(&sheet, `<row r="%d"><c t="inlineStr"><is><t>%s</t></is></c><c><v>%d</v></c></row>`, i, text, i)
	}
	data := rawBook{sheet: sheet.String()}.bytes(t)
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var held []*formats.Block
	blocks, next := 0, 2
	for {
		b, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		blocks++
		if len(b.Text) > blockText+2000 {
			t.Errorf("a block of %d bytes", len(b.Text))
		}
		for i := range b.Len() {
			if got := string(b.Row(i).Cell(1)); got != fmt.Sprint(next) || b.Row(i).Place() != (formats.Place{Sheet: "Products", Row: int64(next)}) {
				t.Fatalf("row %d reads %q at %v", next, got, b.Row(i).Place())
			}
			next++
		}
		if held = append(held, b); len(held) > 2 {
			held[0].Release()
			held = held[1:]
		}
	}
	if blocks < 4 || next != 5000 {
		t.Errorf("%d blocks to row %d", blocks, next)
	}
}

func TestAllocations(t *testing.T) {
	data := rawBook{strings: `<si><t>x</t></si>`, sheet: strings.Repeat(`<row r=""><c t="s" s="0"><v>0</v></c><c><v>1.5</v></c><c t="inlineStr"><is><t>y</t></is></c><c t="b"><v>1</v></c></row>`, 50_000)}.bytes(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rows, err := readDiscarding(data, formats.Options{}, tuning{window: firstWindow, spill: spillAt})
	runtime.ReadMemStats(&after)
	if err != nil || rows != 49_999 {
		t.Fatal(rows, err)
	}
	if got := after.Mallocs - before.Mallocs; got > 1000 {
		t.Errorf("%d allocations for %d rows", got, rows)
	}
}
