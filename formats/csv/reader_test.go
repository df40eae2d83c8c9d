package csv

import (
	"bytes"
	"context"
	stdcsv "encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/cost"
)

type placed struct {
	Cells []string
	Place formats.Place
}

// readAll reads a whole feed and gives back copies.
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
		rows = append(rows, copied(b)...)
		b.Release()
	}
}

func copied(b *formats.Block) []placed {
	rows := make([]placed, b.Len())
	for i := range rows {
		row := b.Row(i)
		cells := make([]string, row.Len())
		for j := range cells {
			cells[j] = string(row.Cell(j))
		}
		rows[i] = placed{cells, row.Place()}
	}
	return rows
}

func texts(rows []placed) [][]string {
	var cells [][]string
	for _, row := range rows {
		cells = append(cells, row.Cells)
	}
	return cells
}

func TestReadDecides(t *testing.T) {
	type feed struct {
		name, text string
		options    formats.Options
		header     []string
		rows       [][]string
		delimiter  byte
		remarks    []string // parts of them
		fault      string   // part of the error
	}
	for _, test := range []feed{
		{name: "plain", text: "a,b\n1,2\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}},
		{name: "quotes", text: "a,b\n\"x,\"\"y\"\"\",\"\"\n", header: []string{"a", "b"}, rows: [][]string{{`x,"y"`, ""}}},
		{name: "quotes are all of the cell", text: "a,b\n\"\"\"\",\"\"\"\"\"\"\n", header: []string{"a", "b"}, rows: [][]string{{`"`, `""`}}},
		{name: "line break in quotes", text: "a,b\n\"x\r\ny\",2\n", header: []string{"a", "b"}, rows: [][]string{{"x\r\ny", "2"}}},
		{name: "quote in an unquoted cell", text: "a,b\n5\" nail,x\"\n", header: []string{"a", "b"}, rows: [][]string{{`5" nail`, `x"`}}},
		{name: "carriage returns", text: "a,b\r1,2\r3,4\r", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"3", "4"}}},
		{name: "mixed line ends", text: "a,b\r\n1,2\n3,4\r5,6\r\n", header: []string{"a", "b"},
			rows: [][]string{{"1", "2"}, {"3", "4"}, {"5", "6"}}, remarks: []string{"the row ends with LF, and those before it with CRLF"}},
		{name: "ragged rows", text: "a,b\n1\n1,2,3\n", header: []string{"a", "b"}, rows: [][]string{{"1"}, {"1", "2", "3"}}},
		{name: "blank rows", text: "\n,\na,b\n\n , \n\"\",\n1,2\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}},
		{name: "no final line end", text: "a,b\n1,2", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, remarks: []string{"the last row, 2, has no line end"}},
		{name: "header alone", text: "a,b\n", header: []string{"a", "b"}},
		{name: "header cells are cleaned", text: "\" a\nb \",\u00a0c\n1,2\n", header: []string{"a b", "c"}, rows: [][]string{{"1", "2"}}},
		{name: "names may repeat or lack", text: "a,,a,\n1,2,3,4\n", header: []string{"a", "", "a", ""}, rows: [][]string{{"1", "2", "3", "4"}}},
		{name: "formulas", text: "a,b,c\n'=1+1,''@x,'x\n\"'-\"\"1\",'''\t,'\n", options: formats.Options{Delimiter: ','},
			header: []string{"a", "b", "c"}, rows: [][]string{{"=1+1", "'@x", "'x"}, {`-"1`, "''\t", "'"}}},
		{name: "NUL", text: "a,b\n1,2\nx\x00y,2\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}, {"x\x00y", "2"}}, remarks: []string{"NUL"}},

		{name: "semicolons with decimal commas", text: "name;price\nx;1,5\ny;2,5\n", header: []string{"name", "price"}, rows: [][]string{{"x", "1,5"}, {"y", "2,5"}}, delimiter: ';'},
		{name: "semicolons, one row longer", text: "a;b\n1,5;2\n1,5;2;3\n1,5;2\n", header: []string{"a", "b"}, rows: [][]string{{"1,5", "2"}, {"1,5", "2", "3"}, {"1,5", "2"}}, delimiter: ';'},
		{name: "quoted commas under semicolons", text: "\"a,x\";\"b,y\"\n\"1,2\";\"3,4\"\n", header: []string{"a,x", "b,y"}, rows: [][]string{{"1,2", "3,4"}}, delimiter: ';'},
		{name: "tabs", text: "a\tb\n1,5\t2\n", header: []string{"a", "b"}, rows: [][]string{{"1,5", "2"}}, delimiter: '\t'},
		{name: "pipes", text: "a|b\n1|\"2|3\"\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2|3"}}, delimiter: '|'},
		{name: "header without data", text: "id;name;price, EUR\n", header: []string{"id", "name", "price, EUR"}, delimiter: ';'},
		{name: "one column of quoted records", text: "\"a;b\"\n\"1;2\"\n", header: []string{"a;b"}, rows: [][]string{{"1;2"}}},
		{name: "one column, a semicolon in the header", text: "hello; world\nx\ny\nz\n", header: []string{"hello; world"}, rows: [][]string{{"x"}, {"y"}, {"z"}}},
		{name: "told otherwise", text: "a,b;c\n1,2;3\n", options: formats.Options{Delimiter: ';'}, header: []string{"a,b", "c"}, rows: [][]string{{"1,2", "3"}}, delimiter: ';'},
		{name: "separator line", text: "sep=;\r\na;b,c\r\n1;2\r\n", header: []string{"a", "b,c"}, rows: [][]string{{"1", "2"}}, delimiter: ';'},
		{name: "separator line overruled", text: "SEP=;\na|b\n1|2\n", options: formats.Options{Delimiter: '|'}, header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, delimiter: '|'},
		{name: "any separator", text: "sep=^\na^b\n1^2\n", header: []string{"a", "b"}, rows: [][]string{{"1", "2"}}, delimiter: '^'},

		{name: "a title above", text: "Spring 2026\n\nsku,size,colour\n1,S,red\n2,M,blue\n", header: []string{"sku", "size", "colour"},
			rows: [][]string{{"1", "S", "red"}, {"2", "M", "blue"}}, remarks: []string{"taken as the header: the rows above it, from row 1 on"}},
		{name: "titles padded by the spreadsheet", text: "Spring,,,\nfor shops,,,\nsku,size,colour,\n1,S,red,x\n2,M,,\n", header: []string{"sku", "size", "colour", ""},
			rows: [][]string{{"1", "S", "red", "x"}, {"2", "M", "", ""}}, remarks: []string{"taken as the header"}},
		{name: "a comma in a title", text: "some notes...\nmore notes,...\nnumber,text,date\n345.0,TEST4,2000-12-13\n", header: []string{"number", "text", "date"},
			rows: [][]string{{"345.0", "TEST4", "2000-12-13"}}, remarks: []string{"taken as the header"}},
		{name: "a comma in a title above semicolons", text: "Stock list, spring\na;b;c\nx;1,5;y\nz;2,5;w\n", header: []string{"a", "b", "c"},
			rows: [][]string{{"x", "1,5", "y"}, {"z", "2,5", "w"}}, delimiter: ';', remarks: []string{"taken as the header"}},
		{name: "one row too long is no reason to skip", text: "id,name,age\n1,2,3\n1,2,3\n1,2,3,4,5,6\n", header: []string{"id", "name", "age"},
			rows: [][]string{{"1", "2", "3"}, {"1", "2", "3"}, {"1", "2", "3", "4", "5", "6"}}},
		{name: "a nameless last column is no reason to skip", text: "a,b,\n1,2,x\n1,2,x\n", header: []string{"a", "b", ""}, rows: [][]string{{"1", "2", "x"}, {"1", "2", "x"}}},
		{name: "header row given", text: "x,y\n1,2\na,b\n3,4\n", options: formats.Options{HeaderRow: 3}, header: []string{"a", "b"}, rows: [][]string{{"3", "4"}}},
		{name: "header row is blank", text: "x,y\n,\na,b\n", options: formats.Options{HeaderRow: 2}, fault: "row 2: no header found: the row is blank"},
		{name: "header row past the end", text: "x,y\n1,2\n", options: formats.Options{HeaderRow: 9}, fault: "no header found in row 9: the file has 2 rows"},
		{name: "no header", text: "1,2,3\n4\n", options: formats.Options{NoHeader: true}, header: []string{"A", "B", "C"}, rows: [][]string{{"1", "2", "3"}, {"4"}}},

		{name: "empty", text: "", fault: "the file is empty"},
		{name: "a mark and nothing else", text: "\xef\xbb\xbf", fault: "the file is empty"},
		{name: "nothing but blank rows", text: "\n,,\n  \n", fault: "no header found"},
		{name: "unclosed quote", text: "a,b\n\"1\n2\",\"3\n4\n", header: []string{"a", "b"}, fault: "line 3: a quote is opened here and never closed (it stands before \"3\"; a quote that is part of a text is written twice)"},
		{name: "unclosed quote at the end", text: "a,\"", fault: "line 1: a quote is opened here and never closed (a quote that is part of a text is written twice)"},
		{name: "unclosed quote before a long text", text: "a,b\n1,\"élan vital of the early season\n", header: []string{"a", "b"}, fault: "(it stands before \"élan vital of the ea\"; "},
		{name: "text after a quote", text: "a,b\n\"1\n2\"x,3\n", header: []string{"a", "b"}, fault: "line 3: text after the closing quote of cell A: \"x\" (it was opened in line 2; a quote that is part of a text is written twice)"},
		{name: "unclosed quote before one of a later row", text: "a,b,c\n\"1\n2\",\"3,\n4,\"5\",6\n", header: []string{"a", "b", "c"}, fault: "line 4: text after the closing quote of cell B: \"5\" (it was opened in line 3; a quote "},
		{name: "inches in quotes", text: "a;b\n1;\"5\" nail; long\"\n", header: []string{"a", "b"}, fault: "line 2: text after the closing quote of cell B: \" nail\" ("},
		{name: "backslashes", text: "a,b\n1,\"5\\\" nail\"\n", header: []string{"a", "b"}, fault: "cell B: \" nail\" (a quote that is part of a text is written twice, not with a backslash)"},
		{name: "blank after a quote", text: "a,b\n1,\"2\" \n", header: []string{"a", "b"}, fault: "line 2: text after the closing quote of cell B"},
		{name: "too many cells", text: "a\n" + strings.Repeat(",", maxRowCells) + "x\n", options: formats.Options{Delimiter: ','}, header: []string{"a"}, fault: "line 2: the row has more than 16384 cells"},
	} {
		t.Run(test.name, func(t *testing.T) {
			blocks := []int{1, 40, 50, sampleBlock}
			if len(test.remarks) > 0 && strings.Contains(test.remarks[0], "header") {
				blocks = []int{sampleBlock} // titles are looked for in the first block alone
			}
			for i, size := range append(blocks, blocks...) {
				workers := 1 + 2*(i/len(blocks))
				r, err := newReader(iotest.OneByteReader(strings.NewReader(test.text)), test.options, sizes{size, size, maxRow}, workers)
				var rows []placed
				if err == nil {
					if diff := cmp.Diff(test.header, r.Header().Names); diff != "" {
						t.Errorf("header, blocks of %d (-want +got):\n%s", size, diff)
					}
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
					t.Fatalf("blocks of %d: %v", size, err)
				}
				if diff := cmp.Diff(test.rows, texts(rows)); diff != "" {
					t.Errorf("rows, blocks of %d (-want +got):\n%s", size, diff)
				}
				if want := max(test.delimiter, ','); test.delimiter != 0 && r.Delimiter() != test.delimiter || test.delimiter == 0 && r.Delimiter() != want {
					t.Errorf("delimiter %q, want %q", r.Delimiter(), test.delimiter)
				}
				checkRemarks(t, r.Tally().Remarks, test.remarks)
			}
		})
	}
}

func checkRemarks(t *testing.T, got []formats.Remark, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("remarks %v, want %q", got, want)
		return
	}
	for i := range want {
		if !strings.Contains(got[i].Text, want[i]) {
			t.Errorf("remark %d is %q, want %q in it", i, got[i].Text, want[i])
		}
	}
}

func TestPlaces(t *testing.T) {
	text := "a,b\n\n\"x\r\ny\rz\n\",2\n,\n3,4\n"
	for _, size := range []int{1, 40, blockSize} {
		r, err := newReader(strings.NewReader(text), formats.Options{}, sizes{size, size, maxRow}, 1)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := readAll(r)
		if err != nil {
			t.Fatal(err)
		}
		want := []placed{
			{[]string{"x\r\ny\rz\n", "2"}, formats.Place{Row: 3, Line: 3, Offset: 5}},
			{[]string{"3", "4"}, formats.Place{Row: 5, Line: 8, Offset: int64(len(text) - 4)}},
		}
		if diff := cmp.Diff(want, rows); diff != "" {
			t.Errorf("rows (-want +got):\n%s", diff)
		}
		if tally := r.Tally(); tally.Rows != 2 || tally.Blank != 2 {
			t.Errorf("tally %+v, want 2 rows and 2 blank ones", tally)
		}
		if place := r.Header().Place; place != (formats.Place{Row: 1, Line: 1}) {
			t.Errorf("header at %+v", place)
		}
	}
}

func utf16Bytes(text string, big bool) string {
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		if big {
			out = append(out, byte(unit>>8), byte(unit))
		} else {
			out = append(out, byte(unit), byte(unit>>8))
		}
	}
	return string(out)
}

func TestEncodings(t *testing.T) {
	const text = "name,price\nÉlodie,10 €\n👟,2\n"
	const cyrillic = "артикул;название\r\nплатье;красное\r\n"
	long := strings.Repeat("0123456789,abcdef\n", 70_000)
	for _, test := range []struct {
		name, bytes, told string
		encoding          string
		last              []string
		remarks           []string
		before            bool // the remark is of an earlier row than the last
		fault             string
	}{
		{name: "UTF-8", bytes: text, encoding: "UTF-8", last: []string{"👟", "2"}},
		{name: "UTF-8 with a mark", bytes: "\xef\xbb\xbf" + text, encoding: "UTF-8", last: []string{"👟", "2"}},
		{name: "UTF-16LE with a mark", bytes: "\xff\xfe" + utf16Bytes(text, false), encoding: "UTF-16LE", last: []string{"👟", "2"}},
		{name: "UTF-16BE with a mark", bytes: "\xfe\xff" + utf16Bytes(text, true), encoding: "UTF-16BE", last: []string{"👟", "2"}},
		{name: "UTF-16LE bare", bytes: utf16Bytes(text, false), encoding: "UTF-16LE", last: []string{"👟", "2"}},
		{name: "UTF-16BE bare", bytes: utf16Bytes(text, true), encoding: "UTF-16BE", last: []string{"👟", "2"}},
		{name: "UTF-16 told", bytes: "\xff\xfe" + utf16Bytes(text, false), told: "UTF-16", encoding: "UTF-16LE", last: []string{"👟", "2"}},
		{name: "UTF-16 told, bare", bytes: utf16Bytes(text, false), told: "utf-16", encoding: "UTF-16LE", last: []string{"👟", "2"}},
		{name: "UTF-16LE bare, Cyrillic", bytes: utf16Bytes(cyrillic, false), encoding: "UTF-16LE", last: []string{"платье", "красное"}},
		{name: "UTF-16BE bare, Cyrillic", bytes: utf16Bytes(cyrillic, true), encoding: "UTF-16BE", last: []string{"платье", "красное"}},
		{name: "UTF-16LE bare, Japanese", bytes: utf16Bytes(strings.Repeat("品番,名前\r\n上着,紺色\r\n", 500), false), encoding: "UTF-16LE", last: []string{"上着", "紺色"}},
		{name: "NUL bytes that are no UTF-16", bytes: "ab,c\n\x00d,e\n\x00fg,\x00\n1,2\n", encoding: "UTF-8", last: []string{"1", "2"}, remarks: []string{"NUL"}, before: true},
		{name: "UTF-16 cut", bytes: "\xff\xfe" + utf16Bytes(text, false) + "x", fault: "ends in the middle of a UTF-16 character"},
		{name: "UTF-16 with half a pair", bytes: "\xff\xfe" + utf16Bytes("a,b\n1,2\n", false) + "x\x00\x00\xd8,\x00y\x00\n\x00", encoding: "UTF-16LE", last: []string{"x\xed\xa0\x80", "y"}},
		{name: "UTF-32", bytes: "\xff\xfe\x00\x00a\x00\x00\x00", fault: "UTF-32"},
		{name: "Windows-1252", bytes: "name,price\n\xc9lodie,10 \x80\n", encoding: "windows-1252", last: []string{"Élodie", "10 €"}, remarks: []string{`Windows-1252, as in "Élodie"`}},
		{name: "Windows-1252 at the very end", bytes: "name,price\nx,\xe9", encoding: "windows-1252", last: []string{"x", "é"}, remarks: []string{"Windows-1252", "no line end"}},
		{name: "Windows-1252 late", bytes: "a,b\n" + long + "caf\xe9,\x80\n", encoding: "windows-1252", last: []string{"café", "€"}, remarks: []string{`Windows-1252, as in "café"`}},
		{name: "Windows-1252 has no 0x81", bytes: "a,b\n\xe9,\x81\n", encoding: "windows-1252", last: []string{"é", "\x81"}, remarks: []string{"Windows-1252"}},
		{name: "UTF-8 late", bytes: "a,b\n" + long + "café,€\n", encoding: "UTF-8", last: []string{"café", "€"}},
		{name: "UTF-8 that breaks later keeps its bytes", bytes: "a,b\né,1\n\xe9,2\n", encoding: "UTF-8", last: []string{"\xe9", "2"}},
		{name: "told", bytes: "a,b\n\xf5,2\n", told: "windows-1251", encoding: "windows-1251", last: []string{"х", "2"}},
		{name: "told by another name", bytes: "a,b\n\xf5,2\n", told: "cp1251", encoding: "windows-1251", last: []string{"х", "2"}},
		{name: "told by x/text's name", bytes: "a,b\n\xf5,2\n", told: "Windows 1251", encoding: "windows-1251", last: []string{"х", "2"}},
		{name: "told as Latin-1", bytes: "a,b\n\xe9,2\n", told: "latin1", encoding: "ISO-8859-1", last: []string{"é", "2"}},
		{name: "told as UTF-8, with a mark", bytes: "\xef\xbb\xbfa,b\né,2\n", told: "utf8", encoding: "UTF-8", last: []string{"é", "2"}},
		{name: "told against a mark of UTF-8", bytes: "\xef\xbb\xbfa,b\né,2\n", told: "windows-1252", fault: "starts with the byte order mark of UTF-8, and windows-1252 was named as its encoding"},
		{name: "told against a mark of UTF-16", bytes: "\xff\xfe" + utf16Bytes(text, false), told: "utf-8", fault: "byte order mark of UTF-16LE"},
		{name: "told as UTF-16 against a mark of UTF-8", bytes: "\xef\xbb\xbfa,b\n", told: "utf-16", fault: "byte order mark of UTF-8"},
		{name: "told, of several bytes", bytes: "a,b\n\x83\x57\x83\x83\x83\x50\x83\x62\x83\x67,2\n", told: "Shift_JIS", encoding: "Shift_JIS", last: []string{"ジャケット", "2"}},
		{name: "told wrongly", bytes: "a,b\n\xff\xff,2\n", told: "Shift_JIS", encoding: "Shift_JIS", last: []string{"\xff\xff\xff\xff\xff\xff", "2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, in := range []io.Reader{strings.NewReader(test.bytes), iotest.HalfReader(strings.NewReader(test.bytes)), iotest.DataErrReader(strings.NewReader(test.bytes)), &slowly{strings.NewReader(test.bytes)}} {
				size := blockSize
				if _, slow := in.(*slowly); slow {
					if size = 1; len(test.bytes) > 10_000 {
						continue
					}
				}
				r, err := newReader(in, formats.Options{Encoding: test.told}, sizes{size, size, maxRow}, 1)
				var rows []placed
				if err == nil {
					rows, err = readAll(r)
				}
				if test.fault != "" {
					if err == nil || !strings.Contains(err.Error(), test.fault) {
						t.Fatalf("got error %v, want one with %q", err, test.fault)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(test.last, rows[len(rows)-1].Cells); diff != "" {
					t.Errorf("last row (-want +got):\n%s", diff)
				}
				if r.Encoding() != test.encoding {
					t.Errorf("encoding %s, want %s", r.Encoding(), test.encoding)
				}
				checkRemarks(t, r.Tally().Remarks, test.remarks)
				if len(test.remarks) > 0 && !test.before && r.Tally().Remarks[0].Place.Row != rows[len(rows)-1].Place.Row {
					t.Errorf("remark %v, want row %d", r.Tally().Remarks[0], rows[len(rows)-1].Place.Row)
				}
			}
		})
	}
}

// slowly reads three bytes at a time.
type slowly struct{ io.Reader }

func (s *slowly) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(len(p), 3)]) }

// TestCharactersAcrossReads puts the first character that is not ASCII at every place of small blocks.
func TestCharactersAcrossReads(t *testing.T) {
	for n := range 80 {
		for text, want := range map[string]string{"é👟": "é👟", "\xe9\x80": "é€", "\xf0\x9f": "ðŸ"} {
			for _, tail := range []string{"\n", ""} {
				in := strings.Repeat("x", n) + text + tail
				r, err := newReader(&slowly{strings.NewReader("a\n" + in)}, formats.Options{}, sizes{1, 1, maxRow}, 1)
				if err != nil {
					t.Fatal(err)
				}
				rows, err := readAll(r)
				if err != nil {
					t.Fatal(err)
				}
				if got := rows[0].Cells[0]; len(rows) != 1 || got != strings.Repeat("x", n)+want {
					t.Errorf("%q reads as %q", in, got)
				}
			}
		}
	}
}

// TestCharmaps reads a letter in every table of x/text, by the name that x/text gives it.
func TestCharmaps(t *testing.T) {
	for _, table := range charmap.All {
		name := table.(fmt.Stringer).String()
		if table == charmap.XUserDefined {
			continue // it has private characters only
		}
		text, err := table.NewEncoder().String("a,b\nx,7\n")
		if err != nil {
			t.Fatal(name, err)
		}
		r, err := NewReader(strings.NewReader(text), formats.Options{Encoding: name, Delimiter: ','})
		if err != nil {
			t.Error(name, err)
			continue
		}
		rows, err := readAll(r)
		if err != nil || len(rows) != 1 || rows[0].Cells[1] != "7" {
			t.Errorf("%s: %v, %v", name, rows, err)
		}
	}
}

func TestWrongOptions(t *testing.T) {
	for _, o := range []formats.Options{{Encoding: "klingon"}, {Delimiter: '"'}, {Delimiter: '\n'}, {Delimiter: 0xe9}} {
		var syntax *formats.SyntaxError
		if _, err := NewReader(strings.NewReader("a,b\n"), o); err == nil || errors.As(err, &syntax) {
			t.Errorf("%+v: got %v, want a plain error", o, err)
		}
	}
}

func TestLongRows(t *testing.T) {
	const longest = 1 << 16
	read := func(text string) ([]placed, error) {
		r, err := newReader(strings.NewReader(text), formats.Options{}, sizes{1 << 12, 1 << 12, longest}, 1)
		if err != nil {
			return nil, err
		}
		return readAll(r)
	}
	rows, err := read("a,b\n1,\"" + strings.Repeat("x", longest-5) + "\"\n3,4\n")
	if err != nil || len(rows) != 2 || len(rows[0].Cells[1]) != longest-5 {
		t.Errorf("got %d rows and %v", len(rows), err)
	}
	for text, fault := range map[string]string{
		"a,b\n1,\"" + strings.Repeat("x", longest-4) + "\"\n":                          "line 2: " + tooLong,
		"a,b\n1," + strings.Repeat("x", longest) + "\n":                                "line 2: " + tooLong,
		"a,b\n1,\"\n" + strings.Repeat("x", 3*longest+blockSize):                       "line 2: a quote is opened here and not closed within 16 MiB",
		strings.Repeat("\"", 3*longest+blockSize) + strings.Repeat("x", longest) + ",": "line 1: ",
	} {
		if _, err := read(text); err == nil || !strings.Contains(err.Error(), fault) {
			t.Errorf("got %v, want %q", err, fault)
		}
	}
}

func TestBlocksAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"many rows":  strings.Repeat("x\n", 300_000),
		"many cells": strings.Repeat("x"+strings.Repeat(",", 400)+"\n", 2_000),
		"no text":    "a,b\n" + strings.Repeat(",\n", 300_000) + "1,2\n",
	} {
		r, err := NewReader(strings.NewReader(text), formats.Options{})
		if err != nil {
			t.Fatal(name, err)
		}
		rows := int64(1)
		for {
			b, err := r.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(name, err)
			}
			if b.Len() > maxBlockRows || len(b.Cells) > maxBlockCells+maxRowCells {
				t.Errorf("%s: a block of %d rows and %d cells", name, b.Len(), len(b.Cells))
			}
			rows += int64(b.Len())
			b.Release()
		}
		if want := int64(strings.Count(text, "\n")); rows+r.Tally().Blank != want {
			t.Errorf("%s: %d rows and %d blank, want %d", name, rows, r.Tally().Blank, want)
		}
	}
}

func TestClose(t *testing.T) {
	r, err := NewReader(strings.NewReader("a,b\n1,2\n"), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if first, second := r.Close(), r.Close(); first != nil || second != nil {
		t.Error("Close fails")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := r.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if _, err := r.Next(context.Background()); err == nil {
		t.Error("a closed reader reads")
	}
}

// plainRead is the slow reader that says what the fast one must find in text: rows with text, cell
// by cell, up to the first fault.
func plainRead(text string, delimiter byte) (rows []placed, faultLine int64) {
	line, number := int64(1), int64(0)
	for i := 0; i < len(text); {
		number++
		row := placed{Place: formats.Place{Row: number, Line: line, Offset: int64(i)}}
		for more := true; more; {
			var cell []byte
			if i < len(text) && text[i] == '"' {
				opened := line
				for i++; ; i++ {
					if i == len(text) {
						return rows, opened
					}
					if text[i] == '"' {
						if i++; i == len(text) || text[i] != '"' {
							break
						}
					}
					if text[i] == '\n' || text[i] == '\r' && (i+1 == len(text) || text[i+1] != '\n') {
						line++
					}
					cell = append(cell, text[i])
				}
				if i < len(text) && text[i] != delimiter && text[i] != '\n' && text[i] != '\r' {
					return rows, line
				}
			} else {
				for ; i < len(text) && text[i] != delimiter && text[i] != '\n' && text[i] != '\r'; i++ {
					cell = append(cell, text[i])
				}
			}
			if rest := strings.TrimLeft(string(cell), "'"); len(rest) < len(cell) && rest != "" && strings.IndexByte("=+-@\t\r", rest[0]) >= 0 {
				cell = cell[1:]
			}
			row.Cells = append(row.Cells, string(cell))
			more = i < len(text) && text[i] == delimiter
			switch {
			case more || i == len(text):
				i++
			case text[i] == '\r' && i+1 < len(text) && text[i+1] == '\n':
				i += 2
			default:
				i++
			}
		}
		line++
		if strings.Trim(strings.Join(row.Cells, ""), " \t") != "" {
			rows = append(rows, row)
		}
	}
	return rows, 0
}

// compareWithPlain reads text in blocks of a size and without a header, and wants what plainRead says.
func compareWithPlain(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string, delimiter byte, size int) {
	t.Helper()
	want, wantLine := plainRead(text, delimiter)
	r, err := newReader(strings.NewReader(text), formats.Options{NoHeader: true, Delimiter: delimiter, Encoding: "UTF-8"}, sizes{size, size, maxRow}, 1)
	var got []placed
	if err == nil {
		got, err = readAll(r)
	} else if len(want) == 0 && wantLine == 0 {
		return
	}
	var line int64
	if syntax := (*formats.SyntaxError)(nil); errors.As(err, &syntax) {
		line = syntax.Place.Line
	} else if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	if line != wantLine {
		t.Fatalf("%q in blocks of %d: fault in line %d (%v), want %d", text, size, line, err, wantLine)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%q in blocks of %d (-want +got):\n%s", text, size, diff)
	}
}

func TestReadAgreesWithPlainReader(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delimiter := rapid.SampledFrom([]byte{',', ';', '\t', '|', '^'}).Draw(t, "delimiter")
		piece := rapid.SampledFrom([]string{string(delimiter), string(delimiter), "\n", "\r\n", "\r", `"`, `"`, `""`, "'", "=", "-", "-.:+", " ", "a", "words go here", "é", "\x00", "\v\b"})
		text := strings.Join(rapid.SliceOfN(piece, 0, 80).Draw(t, "text"), "")
		if _, length := separatorLine([]byte(text)); length > 0 {
			t.Skip("a separator line")
		}
		compareWithPlain(t, text, delimiter, rapid.IntRange(1, 120).Draw(t, "block"))
	})
}

// TestReadAgreesWithEncodingCSV compares with the standard library on feeds that both take alike:
// no blank rows, no apostrophes, no lone CR.
func TestReadAgreesWithEncodingCSV(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringOf(rapid.SampledFrom([]rune("ab,;\n\" é0")))
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, 1, 6), 1, 20).Draw(t, "rows")
		var text bytes.Buffer
		w := stdcsv.NewWriter(&text)
		w.UseCRLF = rapid.Bool().Draw(t, "CRLF")
		for i := range rows {
			rows[i][0] = "x" + rows[i][0]
		}
		if err := w.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		std := stdcsv.NewReader(bytes.NewReader(text.Bytes()))
		std.FieldsPerRecord = -1
		want, err := std.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		r, err := newReader(&text, formats.Options{NoHeader: true, Delimiter: ','}, sizes{rapid.IntRange(1, 300).Draw(t, "block"), rapid.IntRange(1, 300).Draw(t, "block"), maxRow}, 1)
		if err != nil {
			t.Fatal(err)
		}
		got, err := readAll(r)
		if err != nil {
			t.Fatal(err)
		}
		// encoding/csv turns CRLF within quotes into LF.
		for _, row := range got {
			for i := range row.Cells {
				row.Cells[i] = strings.ReplaceAll(row.Cells[i], "\r\n", "\n")
			}
		}
		if diff := cmp.Diff(want, texts(got)); diff != "" {
			t.Fatalf("%q (-encoding/csv +ours):\n%s", text.String(), diff)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a;b\r\n\"1;\"\"2\";3\r\n", "a\tb\r1\t2", "\xff\xfea\x00,\x00b\x00\n\x00", "sep=|\na|b\n", "a,b\n\xe9,\x80\n", "a,\"", "title\n\na,b,c\n1,2,3\n4,5,6\n"} {
		f.Add(seed, uint8(40))
	}
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		mark, _ := byteOrderMark([]byte(text))
		if _, length := separatorLine([]byte(text)); length == 0 && mark == "" {
			compareWithPlain(t, text, ',', int(size))
		}
		var r *Reader
		var rows []placed
		var err error
		cost.Check(t, func() {
			if r, err = newReader(strings.NewReader(text), formats.Options{}, sizes{max(1, int(size)), max(1, int(size)), maxRow}, 1); err == nil {
				rows, err = readAll(r)
			}
		})
		if r == nil {
			return
		}
		last := r.Header().Place
		for _, row := range rows {
			if row.Place.Row <= last.Row || row.Place.Line <= last.Line || row.Place.Offset <= last.Offset {
				t.Fatalf("%+v follows %+v", row.Place, last)
			}
			last = row.Place
		}
		tally := r.Tally()
		if tally.Rows != int64(len(rows)) || err == nil && tally.Rows+tally.Blank+1 > r.row {
			t.Errorf("%d rows given, tally %+v of %d", len(rows), tally, r.row)
		}
	})
}

// TestNoAllocationPerRow counts all allocations of reading a feed, with and without reading ahead.
// The goal is at most 20 for 1,000 rows.
func TestNoAllocationPerRow(t *testing.T) {
	const rows = 100_000
	text := "sku,name,note\n" + strings.Repeat("00123,\"shirt, long\",\"5\"\" wide\"\n", rows)
	for _, workers := range []int{1, 2, 4} {
		allocations := testing.AllocsPerRun(1, func() {
			r, err := newReader(strings.NewReader(text), formats.Options{}, sizes{sampleBlock, blockSize, maxRow}, workers)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
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
		if limit := 20.0 * rows / 1000; allocations > limit {
			t.Errorf("%d workers: %.0f allocations for %d rows, want at most %.0f", workers, allocations, rows, limit)
		}
	}
}

// benchmarkFeed is 25 columns as a stock feed has them, some quoted.
func benchmarkFeed(rows int) string {
	var text strings.Builder
	for i := range 25 {
		fmt.Fprintf(&text, "column_%d%s", i, map[bool]string{true: "\n", false: ","}[i == 24])
	}
	for i := range rows {
		fmt.Fprintf(&text, "SKU-%06d,%013d,Women,Shirt,\"Blouse, long sleeve\",navy,#1a2b3c,XS,%d.95,EUR,https://img.example/%d.jpg,,,true,2026-01-05,cotton 100%%,", i, i*7919, i%90, i)
		text.WriteString("\"said \"\"nice\"\"\",12,34,56,78,a,b,c,d\n")
	}
	return text.String()
}

// benchmarkRows is how many rows the benchmarks read.
const benchmarkRows = 50_000

// BenchmarkRead looks at every cell, as BenchmarkReadEncodingCSV does.
func BenchmarkRead(b *testing.B) {
	text := benchmarkFeed(benchmarkRows)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := NewReader(strings.NewReader(text), formats.Options{})
		if err != nil {
			b.Fatal(err)
		}
		cells, size := 0, 0
		for {
			block, err := r.Next(context.Background())
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			for i := range block.Len() {
				row := block.Row(i)
				for j := range row.Len() {
					size += len(row.Cell(j))
				}
				cells += row.Len()
			}
			block.Release()
		}
		if cells != benchmarkRows*25 || size == 0 {
			b.Fatal(cells, size)
		}
	}
}

func BenchmarkReadEncodingCSV(b *testing.B) {
	text := benchmarkFeed(benchmarkRows)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		r := stdcsv.NewReader(strings.NewReader(text))
		r.ReuseRecord = true
		cells, size := 0, 0
		for {
			row, err := r.Read()
			if err == io.EOF {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			for _, cell := range row {
				size += len(cell)
			}
			cells += len(row)
		}
		if cells != (benchmarkRows+1)*25 || size == 0 {
			b.Fatal(cells, size)
		}
	}
}

// TestHeaderBelowLongTitles has a header that is found only when all rows of the sample are looked at,
// which is more text than the first look takes.
func TestHeaderBelowLongTitles(t *testing.T) {
	titles := strings.Repeat(strings.Repeat("x", 40<<10)+"\n", 8)
	r, err := NewReader(strings.NewReader(titles+"sku,size,stock\n"+strings.Repeat("a,M,1\n", 30)), formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := readAll(r)
	if got := r.Header(); err != nil || len(rows) != 30 || got.Place.Row != 9 || len(got.Names) != 3 {
		t.Errorf("header %v, %d rows, %v", got.Place, len(rows), err)
	}
}
