package xlsx

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
)

// A rawBook is a workbook given by the markup of its parts. Parts left empty get the plainest
// markup that works; "-" leaves a part out.
type rawBook struct {
	sheet   string // inside worksheet, around sheetData included; or rows alone
	strings string // inside sst
	numFmts string // format codes separated by |, which become styles 1, 2, …
	parts   map[string]string
}

const mainSpace = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"`

func (b rawBook) files() map[string]string {
	sheet := b.sheet
	if !strings.Contains(sheet, "<sheetData") {
		sheet = "<sheetData>" + sheet + "</sheetData>"
	}
	var formatsXML, cellsXML strings.Builder
	cellsXML.WriteString(`<xf numFmtId="0"/>`)
	for i, code := range strings.Split(b.numFmts, "|") {
		if b.numFmts == "" {
			break
		}
		code = strings.NewReplacer(`&`, "&amp;", `"`, "&quot;", `<`, "&lt;").Replace(code)
		fmt.Fprintf(&formatsXML, `<numFmt numFmtId="%d" formatCode="%s"/>`, 164+i, code)
		fmt.Fprintf(&cellsXML, `<xf numFmtId="%d"/>`, 164+i)
	}
	files := map[string]string{
		"[Content_Types].xml":        contentTypesXML,
		"_rels/.rels":                relsXML,
		"xl/workbook.xml":            `<workbook ` + mainSpace + ` xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Products" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/_rels/workbook.xml.rels": strings.Replace(workbookRelsXML, "</Relationships>", `<Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>`, 1),
		"xl/styles.xml":              `<styleSheet ` + mainSpace + `><numFmts>` + formatsXML.String() + `</numFmts><cellXfs>` + cellsXML.String() + `</cellXfs></styleSheet>`,
		"xl/sharedStrings.xml":       `<sst ` + mainSpace + `>` + b.strings + `</sst>`,
		"xl/worksheets/sheet1.xml":   xmlStart + `<worksheet ` + mainSpace + `>` + sheet + `</worksheet>`,
	}
	for name, text := range b.parts {
		files[name] = text
		if text == "-" {
			delete(files, name)
		}
	}
	return files
}

var partOrder = []string{"[Content_Types].xml", "_rels/.rels", "xl/workbook.xml", "xl/_rels/workbook.xml.rels",
	"xl/styles.xml", "xl/sharedStrings.xml", "xl/worksheets/sheet1.xml"}

func (b rawBook) bytes(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	files := b.files()
	add := func(name, text string) {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate}
		if len(text) > 1<<20 {
			header.Method = zip.Store // for the tests' speed
		}
		w, err := z.CreateHeader(header)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range partOrder {
		if text, ok := files[name]; ok {
			add(name, text)
			delete(files, name)
		}
	}
	for name, text := range files {
		add(name, text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A table is what a reader made of a workbook. Cells of kind Failure are written with a ! before.
type table struct {
	Sheet   string
	Header  []string
	At      int64 // row of the header
	Rows    [][]string
	Numbers []int64
	Blank   int64
	Remarks []string
}

func readAll(data []byte, o formats.Options) (table, error) {
	return readTuned(data, o, tuning{window: firstWindow, spill: spillAt})
}

func readTuned(data []byte, o formats.Options, tune tuning) (table, error) {
	r, err := newReader(bytes.NewReader(data), int64(len(data)), o, tune)
	if err != nil {
		return table{}, err
	}
	defer r.Close()
	t := table{Sheet: r.Sheet(), Header: r.Header().Names, At: r.Header().Place.Row}
	for {
		b, err := r.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			return table{}, err
		}
		for i := range b.Len() {
			t.Rows = append(t.Rows, texts(b.Row(i)))
			t.Numbers = append(t.Numbers, b.Row(i).Place().Row)
		}
		b.Release()
	}
	tally := r.Tally()
	if tally.Rows != int64(len(t.Rows)) {
		return table{}, fmt.Errorf("tally says %d rows, blocks hold %d", tally.Rows, len(t.Rows))
	}
	t.Blank = tally.Blank
	for _, remark := range tally.Remarks {
		t.Remarks = append(t.Remarks, remark.Place.String()+": "+remark.Text)
	}
	return t, nil
}

func texts(row formats.Row) []string {
	var list []string
	for i := range row.Len() {
		text := string(row.Cell(i))
		if row.Kind(i) == formats.Failure {
			text = "!" + text
		}
		list = append(list, text)
	}
	return list
}

// wantSyntax fails the test unless err is a SyntaxError whose text holds want.
func wantSyntax(t *testing.T, err error, want string) {
	t.Helper()
	var syntax *formats.SyntaxError
	if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want) {
		t.Errorf("error = %v, want a SyntaxError with %q", err, want)
	}
}

// inline writes rows of inline strings, numbered from 1.
func inline(rows ...string) string {
	var out strings.Builder
	for i, row := range rows {
		fmt.Fprintf(&out, `<row r="%d">`, i+1)
		for j, text := range strings.Split(row, "|") {
			if text != "" {
				fmt.Fprintf(&out, `<c r="%s%d" t="inlineStr"><is><t>%s</t></is></c>`, formats.ColumnLetters(j), i+1, text)
			}
		}
		out.WriteString("</row>")
	}
	return out.String()
}

// cellsOf reads a workbook without header whose rows hold one cell each.
func cellsOf(t *testing.T, b rawBook) []string {
	t.Helper()
	got, err := readAll(b.bytes(t), formats.Options{NoHeader: true})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, row := range got.Rows {
		list = append(list, strings.Join(row, "|"))
	}
	return list
}

func TestCells(t *testing.T) {
	shared := `<si><t>plain</t></si><si><r><t>ri</t></r><r><rPr><b/></rPr><t xml:space="preserve">ch </t></r></si>` +
		`<si><t>課</t><rPh sb="0" eb="1"><t>カ</t></rPh><phoneticPr fontId="1"/></si>` +
		`<si><t>a_x000D_b_x005F_x000D_</t></si><si/><si><t/></si><si><t>_xD83D__xDE00_ _xD83D_ _xZZZZ_</t></si>`
	cases := []struct{ name, cell, want string }{
		{"shared", `<c r="A1" t="s"><v>0</v></c>`, "plain"},
		{"rich text", `<c r="A1" t="s"><v>1</v></c>`, "rich "},
		{"phonetic run", `<c r="A1" t="s"><v>2</v></c>`, "課"},
		{"escapes", `<c r="A1" t="s"><v>3</v></c>`, "a\rb_x000D_"},
		{"surrogate pair", `<c r="A1" t="s"><v>6</v></c>`, "😀 _xD83D_ _xZZZZ_"},
		{"inline", `<c r="A1" t="inlineStr"><is><t>x</t></is></c>`, "x"},
		{"inline rich", `<c r="A1" t="inlineStr"><is><r><t>x</t></r><r><t>y</t></r><rPh><r><t>z</t></r></rPh></is></c>`, "xy"},
		{"inline with v", `<c r="A1" t="inlineStr"><v>x</v></c>`, "x"},
		{"blanks kept", "<c r=\"A1\" t=\"inlineStr\"><is><t xml:space=\"preserve\"> a\tb\n </t></is></c>", " a\tb\n "},
		{"blanks kept without being told", `<c r="A1" t="inlineStr"><is><t>  a </t></is></c>`, "  a "},
		{"line ends", "<c r=\"A1\" t=\"inlineStr\"><is><t>a\r\nb\rc</t></is></c>", "a\nb\nc"},
		{"references", `<c r="A1" t="inlineStr"><is><t>&lt;&amp;&gt;&quot;&apos;&#65;&#x42;&#x1F600;</t></is></c>`, `<&>"'AB😀`},
		{"CDATA", `<c r="A1" t="inlineStr"><is><t>a<![CDATA[<b>&amp;</row>]]>c</t></is></c>`, "a<b>&amp;</row>c"},
		{"comment in text", `<c r="A1" t="inlineStr"><is><t>a<!-- </c> -->b<?pi x?>c</t></is></c>`, "abc"},
		{"string of a formula", `<c r="A1" t="str"><f>A2&amp;"x"</f><v>a&amp;x</v></c>`, "a&x"},
		{"empty string of a formula", `<c r="A1" t="str"><f>""</f><v></v></c>`, ""},
		{"formula", `<c r="A1"><f>1+1</f><v>2</v></c>`, "2"},
		{"shared formula", `<c r="A1"><f t="shared" si="0"/><v>2</v></c>`, "2"},
		{"formula without value", `<c r="A1"><f>1+1</f></c>`, "!" + NotCalculated},
		{"formula with empty value", `<c r="A1"><f>1+1</f><v></v></c>`, "!" + NotCalculated},
		{"string formula without value", `<c r="A1" t="str"><f>1+1</f></c>`, "!" + NotCalculated},
		{"error", `<c r="A1" t="e"><v>#REF!</v></c>`, "!#REF!"},
		{"error of a formula", `<c r="A1" t="e"><f>1/0</f><v>#DIV/0!</v></c>`, "!#DIV/0!"},
		{"true", `<c r="A1" t="b"><v>1</v></c>`, "TRUE"},
		{"false", `<c r="A1" t="b"><v>0</v></c>`, "FALSE"},
		{"ISO date", `<c r="A1" t="d"><v>2021-01-01</v></c>`, "2021-01-01"},
		{"number", `<c r="A1"><v>12.5</v></c>`, "12.5"},
		{"number said so", `<c r="A1" t="n"><v>12.5</v></c>`, "12.5"},
		{"empty style", `<c r="A1" s=""><v>1</v></c>`, "1"},
		{"empty reference", `<c r=""><v>1</v></c>`, "1"},
		{"other attributes", `<c cm="1" r='A1' vm="2"  s = "0" ><v>1</v></c>`, "1"},
		{"extension after the value", `<c r="A1"><v>1</v><extLst><ext><v>9</v></ext></extLst></c>`, "1"},
		{"prefixes", `<x:c r="A1" t="inlineStr" xmlns:x="y"><x:is><x:t>p</x:t></x:is></x:c>`, "p"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := cellsOf(t, rawBook{strings: shared, sheet: `<row>` + c.cell + `<c t="inlineStr"><is><t>end</t></is></c></row>`})
			if diff := cmp.Diff([]string{c.want + "|end"}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestEmptyCells(t *testing.T) {
	b := rawBook{strings: `<si/><si><t></t></si>`, sheet: `<row><c r="A1"/><c r="B1" t="s"><v>0</v></c><c r="C1" t="s"><v>1</v></c>` +
		`<c r="D1"><v></v></c><c r="E1" s="1"></c><c r="F1"><v>7</v></c><c r="G1"/><c r="XFD1"/></row>`}
	if diff := cmp.Diff([]string{"|||||7"}, cellsOf(t, b)); diff != "" {
		t.Error(diff)
	}
}

func TestPlaces(t *testing.T) {
	cases := []struct {
		name, sheet string
		rows        [][]string
		numbers     []int64
		blank       int64
	}{
		{"references left out", `<row><c><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>`,
			[][]string{{"1", "2"}, {"3"}}, []int64{1, 2}, 0},
		{"some left out", `<row r="3"><c r="B3"><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>`,
			[][]string{{"", "1", "2"}, {"3"}}, []int64{3, 4}, 2},
		{"blank rows", `<row r="1"><c><v>1</v></c></row><row r="2"/><row r="3"><c s="1"/></row><row r="5"><c t="inlineStr"><is><t xml:space="preserve"> &#9;</t></is></c></row><row r="9"><c><v>2</v></c></row><row r="20"/>`,
			[][]string{{"1"}, {"2"}}, []int64{1, 9}, 7},
		{"the last row", `<row r="1"><c><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>2</v></c></row>`,
			[][]string{{"1"}, {"2"}}, []int64{1, 1048576}, 1048574},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(rawBook{sheet: c.sheet}.bytes(t), formats.Options{NoHeader: true})
			if err != nil {
				t.Fatal(err)
			}
			want := table{Sheet: "Products", Header: got.Header, Rows: c.rows, Numbers: c.numbers, Blank: c.blank}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLastColumn(t *testing.T) {
	got, err := readAll(rawBook{sheet: `<row><c r="XFD1"><v>1</v></c></row>`}.bytes(t), formats.Options{NoHeader: true})
	if err != nil || len(got.Header) != maxColumns || got.Header[maxColumns-1] != "XFD" || got.Rows[0][maxColumns-1] != "1" {
		t.Errorf("got %d columns, %v", len(got.Header), err)
	}
}

func TestMalformedSheets(t *testing.T) {
	good := `<c r="A1"><v>1</v></c>`
	cases := []struct{ name, sheet, want string }{
		{"bare ampersand", `<row><c t="inlineStr"><is><t>a & b</t></is></c></row>`, "entities"},
		{"unknown entity", `<row><c t="inlineStr"><is><t>&nbsp;</t></is></c></row>`, "entities"},
		{"character that XML forbids", `<row><c t="inlineStr"><is><t>&#0;</t></is></c></row>`, "entities"},
		{"control character", "<row><c t=\"inlineStr\"><is><t>\x01</t></is></c></row>", "U+0001"},
		{"not UTF-8", "<row><c t=\"inlineStr\"><is><t>\xff</t></is></c></row>", "UTF-8"},
		{"crossed tags", `<row><c><v>1</c></v></row>`, "closes"},
		{"never closed", `<row><c><v>1</v></c>`, "closes"},
		{"twice the attribute", `<row><c r="A1" r="A1"/></row>`, "twice"},
		{"unquoted attribute", `<row><c r=A1/></row>`, "not quoted"},
		{"attribute without value", `<row><c r/></row>`, "malformed"},
		{"attributes without blank", `<row><c r="A1"s="1"/></row>`, "malformed"},
		{"less-than in an attribute", `<row><c r="A1" x="<"/></row>`, "holds a <"},
		{"stray less-than", `<row>< c/></row>`, "starts no tag"},
		{"end of CDATA in text", `<row><c t="inlineStr"><is><t>]]></t></is></c></row>`, "]]>"},
		{"hyphens in a comment", `<!-- a -- b --><row/>`, "hyphens"},
		{"declaration", `<!ELEMENT a ANY><row/>`, "declaration"},
		{"declaration of XML inside", `<?xml version="1.0"?><row/>`, "declaration"},
		{"text among rows", `<row/>x<row/>`, "other than rows"},
		{"text among cells", `<row>x</row>`, "other than cells"},
		{"text in a cell", `<row><c>x</c></row>`, "outside of its value"},
		{"other element among rows", `<col/>`, "other than rows"},
		{"other element among cells", `<row><d/></row>`, "other than cells"},
		{"element in a value", `<row><c><v><b/></v></c></row>`, "inside a text"},
		{"two values", `<row><c><v>1</v><v>2</v></c></row>`, "two values"},
		{"rows fall", `<row r="2"/><row r="1"/>`, "row 1 stands after row 2"},
		{"row twice", `<row r="2"/><row r="2"/>`, "row 2 stands after row 2"},
		{"row zero", `<row r="0"/>`, "row 0 stands after row 0"},
		{"row without number", `<row r="x"/>`, `number "x"`},
		{"row too far", `<row r="1048577"/>`, "beyond the last row"},
		{"row counted too far", `<row r="1048576"/><row/>`, "beyond the last row"},
		{"cells fall", `<row><c r="B1"/><c r="A1"/></row>`, "own or a later column"},
		{"cell twice", `<row>` + good + good + `</row>`, "own or a later column"},
		{"cell of another row", `<row r="2">` + good + `</row>`, "stands in row 2"},
		{"cell too far", `<row><c r="XFE1"/></row>`, "beyond the last column"},
		{"cell counted too far", `<row><c r="XFD1"/><c/></row>`, "beyond the last column"},
		{"cell reference without letter", `<row><c r="1"/></row>`, "reference"},
		{"shared string too far", `<row><c t="s"><v>0</v></c></row>`, "shared string"},
		{"shared string negative", `<row><c t="s"><v>-1</v></c></row>`, "shared string"},
		{"number that is none", `<row><c r="A1"><v>abc</v></c></row>`, "A1 has the value \"abc\", which is no number"},
		{"infinity", `<row><c><v>Inf</v></c></row>`, "no number"},
		{"hexadecimal", `<row><c><v>0x1</v></c></row>`, "no number"},
		{"boolean that is none", `<row><c t="b"><v>2</v></c></row>`, "boolean"},
		{"type that is none", `<row><c t="q"><v>2</v></c></row>`, "unknown type"},
		{"style that is none", `<row><c s="x"><v>2</v></c></row>`, "style"},
		{"second sheetData", `<sheetData><row>` + good + `</row></sheetData><sheetData/>`, "second sheetData"},
		{"too deep", `<sheetData/>` + strings.Repeat("<a>", 70) + strings.Repeat("</a>", 70), "inside each other"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(rawBook{sheet: c.sheet}.bytes(t), formats.Options{NoHeader: true})
			wantSyntax(t, err, c.want)
		})
	}
}

func TestErrorPlace(t *testing.T) {
	_, err := readAll(rawBook{sheet: inline("a|b", "c|d") + `<row r="7"><c r="A7"><v>x</v></c></row>`}.bytes(t), formats.Options{})
	var syntax *formats.SyntaxError
	if want := (formats.Place{Sheet: "Products", Row: 7}); !errors.As(err, &syntax) || syntax.Place != want {
		t.Errorf("error = %v, want it at %v", err, want)
	}
}

func TestSheetParts(t *testing.T) {
	sheet := func(text string) rawBook {
		return rawBook{parts: map[string]string{"xl/worksheets/sheet1.xml": text}}
	}
	rows := `<sheetData><row><c><v>1</v></c></row></sheetData>`
	cases := []struct{ name, text, want string }{
		{"cut", `<worksheet><sheetData><row><c><v>1</v></c></row>`, "stops before its end"},
		{"cut after the rows", `<worksheet>` + rows, "stops before its end"},
		{"empty", ``, "stops before its end"},
		{"no sheetData", `<worksheet/>`, "no sheetData"},
		{"second root", `<worksheet>` + rows + `</worksheet><a/>`, "second root"},
		{"text after the end", `<worksheet>` + rows + `</worksheet>x`, "outside of the XML's root"},
		{"text before the start", `x<worksheet>` + rows + `</worksheet>`, "outside of the XML's root"},
		{"other root", `<chartsheet/>`, "where a worksheet should"},
		{"document type", `<!DOCTYPE a><worksheet>` + rows + `</worksheet>`, "document type"},
		{"UTF-16", "\xff\xfe<\x00", "UTF-16"},
		{"other encoding", `<?xml version="1.0" encoding="ISO-8859-1"?><worksheet>` + rows + `</worksheet>`, "ISO-8859-1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(sheet(c.text).bytes(t), formats.Options{NoHeader: true})
			wantSyntax(t, err, c.want)
		})
	}
	for _, good := range []string{
		"\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n<worksheet>" + rows + "</worksheet>\n<!-- end -->\n",
		"<x:worksheet xmlns:x='m'><x:sheetData><x:row><x:c><x:v>1</x:v></x:c></x:row></x:sheetData></x:worksheet>",
		"<worksheet><sheetData><row>\n <c>\n <v>1</v>\n </c>\n</row></sheetData></worksheet>",
	} {
		got, err := readAll(sheet(good).bytes(t), formats.Options{NoHeader: true})
		if err != nil || len(got.Rows) != 1 || got.Rows[0][0] != "1" {
			t.Errorf("%q: %v, %v", good, got.Rows, err)
		}
	}
}
