package xlsx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bulkload/formats"
)

// Cells of the quick shapes, and of shapes that are nearly so, read the same in the plain way.
func TestQuickCellsProperty(t *testing.T) {
	var (
		open      = rapid.SampledFrom([]string{`<c r="%s"`, `<c r="%s"`, `<c r="%s"`, `<c`, `<c  r="%s"`, `<c r='%s'`, `<x:c r="%s"`, `<cc r="%s"`})
		style     = rapid.SampledFrom([]string{"", "", "", ` s="0"`, ` s="1"`, ` s="2"`, ` s="3"`, ` s="12345678"`, ` s=""`, ` s="x"`, ` s='1'`, ` s="123456789"`, ` s="99999999999"`})
		kind      = rapid.SampledFrom([]string{"", "", ` t="s"`, ` t="s"`, ` t="inlineStr"`, ` t="inlineStr"`, ` t="str"`, ` t="n"`, ` t="b"`, ` t="e"`, ` t="z"`, ` t=""`, ` t="d"`})
		number    = rapid.SampledFrom([]string{"0", "1", "2", "3", "4", "7", "00", "01", "1.5", "10.50", "0.5", "00.5", ".5", "5.", "1.0", "1.2.3", "-1", "-0.5", "1e5", "1234567", "12345678", "123456789", "1234567.5", "0.0000001", "99999999999999999", "44197.52", "x", " 1 ", "", "1,5", "/", ":", "1;"})
		text      = rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'b', ' ', '_', 'x', '0', 'D', '&', ';', 'é', '€', '😀', '\n', '\r', '\t', ']', '>', '^', '=', '%', '\'', '"', '?', '!', 0x7f, '�'}), 0, 80, -1)
		body      = rapid.SampledFrom([]string{"<v>%s</v>", "<v>%s</v>", "<is><t>%s</t></is>", `<is><t xml:space="preserve">%s</t></is>`, "<v> %s</v>", "<f>1</f><v>%s</v>", "<is><t>%s</t ></is>", "<v>%s</v ><!-- -->", "<v>%s</v><v/>"})
		closing   = rapid.SampledFrom([]string{"</c>", "</c>", "</c>", "</c >", "</d>"})
		columnOff = rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 1, 24, 25, 26, 701, 702, 16383, -1})
		rowTag    = rapid.SampledFrom([]string{`<row r="%d">`, `<row r="%d">`, `<row r="%d" spans="1:5">`, `<row r="%d" hidden="1">`, `<row r="0%d">`, `<row r='%d'>`, `<row spans="1:5" r="%d">`, `<row r="%d" r="1">`, `<row r="%d" >`, `<row>`, `<x:row r="%d">`})
	)
	cell := func(rt *rapid.T, row int, column *int) string {
		*column += 1 + columnOff.Draw(rt, "column")
		tag := open.Draw(rt, "open")
		if strings.Contains(tag, "%s") {
			tag = fmt.Sprintf(tag, formats.ColumnLetters(max(0, *column))+strconv.Itoa(row))
		}
		tag += style.Draw(rt, "style") + kind.Draw(rt, "kind")
		if rapid.IntRange(0, 9).Draw(rt, "empty") == 0 {
			return tag + "/>"
		}
		value := number.Draw(rt, "number")
		if rapid.Bool().Draw(rt, "text") {
			value = text.Draw(rt, "text")
		}
		return tag + ">" + fmt.Sprintf(body.Draw(rt, "body"), value) + closing.Draw(rt, "closing")
	}
	padding := strings.Repeat(" ", 2*quickRoom+quickTag)
	rapid.Check(t, func(rt *rapid.T) {
		var sheet strings.Builder
		sheet.WriteString(`<row r="1"><c r="A1"><v>1</v></c></row>`)
		row := 1
		for range rapid.IntRange(1, 6).Draw(rt, "rows") {
			row += rapid.SampledFrom([]int{1, 1, 1, 8, 100, 0}).Draw(rt, "step")
			tag := rowTag.Draw(rt, "row")
			if strings.Contains(tag, "%d") {
				tag = fmt.Sprintf(tag, row)
			}
			sheet.WriteString(tag)
			column := -1
			for range rapid.IntRange(0, 6).Draw(rt, "cells") {
				sheet.WriteString(cell(rt, row, &column))
			}
			sheet.WriteString("</row>" + padding)
		}
		book := rawBook{sheet: sheet.String(), strings: `<si><t>zero</t></si><si><t/></si><si><t>` + strings.Repeat("long", 20) + `</t></si><si><t>é</t></si>`,
			numFmts: "yyyy-mm-dd|000|0.00"}
		_, _ = sameInAllTunings(t, book.bytes(t), formats.Options{NoHeader: true})
	})
}

// The quick ways are taken for what common programs write: without them all would read the same, but slowly.
func TestQuickCellsAreTaken(t *testing.T) {
	table := &sharedStrings{limit: spillAt}
	long := strings.Repeat("long text ", 20)
	for _, text := range []string{"", "zero", long, "é"} {
		if err := table.add([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	cells := []struct{ markup, want string }{
		{`<c r="A12345" t="s"><v>1</v></c>`, "zero"},
		{`<c r="C12345" s="1" t="s"><v>2</v></c>`, long},
		{`<c r="D12345" s="1"/>`, ""},
		{`<c><v>28.99</v></c>`, "28.99"},
		{`<c t="s"><v>0</v></c>`, ""},
		{`<c r="Z12345" s="2"><v>7</v></c>`, "007"},
		{`<c r="AA12345"><v>123456789.25</v></c>`, "123456789.25"},
		{`<c r="ZZ12345" t="inlineStr"><is><t>` + long + "\n_a_]</t></is></c>", ""},
		{`<c r="ZZ12345" t="inlineStr"><is><t>` + long + "\n_a_</t></is></c>", long + "\n_a_"},
		{`<c r="AAA12345" t="inlineStr"><is><t xml:space="preserve"> x </t></is></c>`, " x "},
		{`<c t="str"><v>text of a formula</v></c>`, "text of a formula"},
		{`<c t="n"><v>0</v></c>`, "0"},
	}
	for _, c := range cells {
		s := &sheetScanner{scanner: newScanner(nil, nil), strings: table.finder(), width: maxColumns,
			styles: &styles{formats: []numberFormat{{plain: true}, parseFormat("000")}, cells: []uint32{0, 0, 1}}}
		s.digits = []byte("12345")
		s.beginRow(12345)
		s.data = []byte(c.markup + strings.Repeat(" ", quickRoom))
		b := formats.NewBlock(nil)
		if _, err := s.quickCells(b, 0, 0, 1<<20); err != nil {
			t.Errorf("%s: %v", c.markup, err)
			continue
		}
		taken := len(c.markup)
		if strings.Contains(c.markup, "]") {
			taken = 0
		}
		if s.pos != taken || string(b.Text) != c.want {
			t.Errorf("%s: %d bytes taken, which read %q, want %d and %q", c.markup, s.pos, b.Text, taken, c.want)
		}
	}
}

func TestQuickRowIsTaken(t *testing.T) {
	s := &sheetScanner{scanner: newScanner(nil, nil)}
	s.push([]byte("sheetData"))
	rest := `<row r="10" spans="1:4" hidden="1">` + strings.Repeat(" ", quickRoom+quickTag)
	s.data = []byte(`<row r="9" spans="1:4" hidden="1">` + strings.Repeat(" ", 10) + "</row>" + rest)
	b := formats.NewBlock(nil)
	if err := s.item(b); err != errShort && err != nil || s.rows.last != 9 {
		t.Fatalf("row %d, %v", s.rows.last, err)
	}
	if !s.quickRow() || s.rows.last != 10 || s.rows.hidden != 2 || string(s.digits) != "10" || s.pos != len(s.data)-quickRoom-quickTag || string(s.openName()) != "row" {
		t.Errorf("row %d, %d hidden, %q, at %d of %d", s.rows.last, s.rows.hidden, s.digits, s.pos, len(s.data))
	}
}

func TestQuickDigitsProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("0123456789123456789/:;. -x\xff")), 0, 8, 8).Draw(t, "text")
		var word [8]byte
		copy(word[:], text)
		w, n := binary.LittleEndian.Uint64(word[:]), min(len(text), 8)
		want, err := strconv.ParseUint(text, 10, 32)
		if got, ok := quickDigits(w, n); ok != (err == nil) || ok && got != int(want) || areDigits(w, n) != ok {
			t.Errorf("%q reads %d, %v", text, got, ok)
		}
		if n > 0 && n < 8 && isShortWord(w, n) && !isShort([]byte(text)) {
			t.Errorf("%q is taken as short", text)
		}
		if _, ok := quickDigits(w, 9); ok || areDigits(w, 0) {
			t.Error("nine digits of a word, or none")
		}
	})
}

func TestIsShortWord(t *testing.T) {
	for text, want := range map[string]bool{"0": true, "7": true, "1234567": true, "19.99": true, "0.125": true, "00": false, "01": false,
		"1.0": false, "1.": false, ".5": false, "1.2.3": false, "00.5": false, "-1": false, "1e3": false, " 1": false} {
		var word [8]byte
		n := copy(word[:], text)
		if got := isShortWord(binary.LittleEndian.Uint64(word[:]), n); got != want {
			t.Errorf("isShortWord(%q) = %v, want %v", text, got, want)
		}
	}
}

// A text that is appended quickly is the one before the <, and none that reads otherwise than it is written.
func TestAppendQuickProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'b', 'c', 'd', 'e', 'f', ' ', '_', 'x', '&', 'é', '😀', '\n', '\r', '\t', ']', '^', '=', '%', 0x7f}), 0, 100, -1).Draw(t, "text")
		room := rapid.IntRange(0, 100).Draw(t, "room")
		got, n := appendQuick(append(make([]byte, 0, room+5), "start"...), []byte(text+"<end of text>"))
		plain := !strings.ContainsAny(text, "&\r]") && !strings.Contains(text, "_x")
		if plain != (n >= 0) || n >= 0 && (n != len(text) || string(got) != "start"+text) {
			t.Errorf("%q reads %q, %d", text, got, n)
		}
		if _, n := appendQuick(nil, []byte(text)); n >= 0 {
			t.Errorf("%q has an end", text)
		}
	})
}

// Characters are checked the same wherever they stand.
func TestCheckCharacters(t *testing.T) {
	for _, c := range []struct {
		text string
		bad  bool
	}{{"é", false}, {"€", false}, {"😀", false}, {"\n", false}, {"\x1f", true}, {"\x00", true}, {"\x7f", false}, {"\xff", true}, {"\xc3", true}, {"\xc1\x80", true}, {"\xed\xa0\x80", true}, {"￾", true}, {"\xc3(", true}, {"\x80", true}} {
		for before := range 70 {
			s := newScanner(nil, nil)
			s.started, s.ended = true, true
			s.data = []byte(strings.Repeat("a", before) + c.text + strings.Repeat("b", 40))
			whole := len(s.data)
			if s.checkCharacters(); (s.failed != nil) != c.bad || c.bad && (len(s.data) != before || s.sound != before) || !c.bad && s.sound != whole {
				t.Errorf("%q after %d bytes: %v, %d of %d bytes sound", c.text, before, s.failed, s.sound, whole)
			}
		}
	}
	s := newScanner(nil, nil)
	s.started = true
	if s.data = []byte("abc\xc3"); true {
		s.checkCharacters()
	}
	if s.failed != nil || s.sound != 3 || !bytes.Equal(s.data, []byte("abc\xc3")) {
		t.Errorf("half a character at the window's end: %v, %d bytes sound", s.failed, s.sound)
	}
}
