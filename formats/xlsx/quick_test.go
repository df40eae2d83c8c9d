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
	mostly := func(good []string, odd ...string) *rapid.Generator[string] { // an error ends the sheet, so that few may be
		return rapid.Custom(func(rt *rapid.T) string {
			if rapid.IntRange(0, 29).Draw(rt, "odd") == 29 {
				return rapid.SampledFrom(odd).Draw(rt, "which")
			}
			return rapid.SampledFrom(good).Draw(rt, "which")
		})
	}
	var (
		open   = mostly([]string{`<c r="%s"`, `<c`}, `<c  r="%s"`, `<c r='%s'`, `<x:c r="%s"`, `<cc r="%s"`)
		style  = mostly([]string{"", "", ` s="0"`, ` s="1"`, ` s="2"`, ` s="3"`, ` s=""`, ` s='1'`, ` s="12345678"`}, ` s="x"`, ` s="123456789"`, ` s="99999999999"`)
		number = mostly([]string{"0", "7", "1.5", "10.50", "0.5", "00.5", ".5", "5.", "1.0", "-1", "-0.5", "1e5", "01", "00", "1234567", "12345678", "123456789", "1234567.5",
			"0.0000001", "99999999999999999", "44197.52", " 1 ", "", "&#49;2", "&#49;23456789", "1\r", "\n12345678"}, "1.2.3", "x", "1,5", "/", ":", "1;", "1&amp;2", "1]2", "1_x0032_")
		index  = mostly([]string{"0", "1", "2", "3", "03", " 2", "&#50;", ""}, "4", "12345678", "123456789", "-1", "1.0", "x")
		rowTag = mostly([]string{`<row r="%d">`, `<row r="%d">`, `<row r="%d">`, `<row r="%d" spans="1:5">`, `<row r="%d" hidden="1">`, `<row r="0%d">`, `<row r='%d'>`,
			`<row spans="1:5" r="%d">`, `<row r="%d" >`, `<row>`}, `<row r="%d" r="1">`, `<x:row r="%d">`, `<row r="">`)
		closing = mostly([]string{"</c>"}, "</c >", "</d>")
		step    = mostly([]string{"1", "1", "1", "8", "100"}, "0")
		offset  = mostly([]string{"0", "0", "0", "1", "24", "25", "26", "701", "702"}, "16383", "-1")
		text    = rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'b', ' ', '_', '0', 'D', ';', 'é', '€', '😀', '\n', '\t', '>', '^', '=', '%', '\'', '"', '?', '!', 0x7f, '\ufffd'}), 0, 80, -1)
		signs   = mostly([]string{"", "", "", "&amp;", "_x0041_", "]", "_x", "\r", "_"}, "&", "]]>")
		kinds   = []struct {
			attribute, body string
			value           *rapid.Generator[string]
		}{{"", "<v>%s</v>", number}, {"", "<v>%s</v>", number}, {` t="n"`, "<v>%s</v>", number}, {` t="s"`, "<v>%s</v>", index}, {` t="s"`, "<v>%s</v>", index},
			{` t="inlineStr"`, "<is><t>%s</t></is>", nil}, {` t="inlineStr"`, `<is><t xml:space="preserve">%s</t></is>`, nil}, {` t="str"`, "<v>%s</v>", nil},
			{` t="inlineStr"`, `<is><t>%s</t ></is>`, nil}, {` t="str"`, "<f>1</f><v>%s</v>", nil}, {` t="e"`, "<v>%s</v>", nil}, {"", "<f>1</f><v>%s</v >", number},
			{` t=""`, "<v>%s</v>", number}, {` t="b"`, "<v>1</v><!--%s-->", number}, {` t="d"`, "<v>%s</v>", number}}
	)
	cell := func(rt *rapid.T, row int, column *int) string {
		far, _ := strconv.Atoi(offset.Draw(rt, "column"))
		*column += 1 + far
		tag := open.Draw(rt, "open")
		if strings.Contains(tag, "%s") {
			tag = fmt.Sprintf(tag, formats.ColumnLetters(max(0, *column))+strconv.Itoa(row))
		}
		kind := kinds[rapid.IntRange(0, len(kinds)-1).Draw(rt, "kind")]
		tag += style.Draw(rt, "style") + kind.attribute
		if rapid.IntRange(0, 9).Draw(rt, "empty") == 0 {
			return tag + "/>"
		}
		var value string
		if kind.value != nil {
			value = kind.value.Draw(rt, "value")
		} else {
			value = text.Draw(rt, "text") + signs.Draw(rt, "signs") + text.Draw(rt, "text")
		}
		return tag + ">" + fmt.Sprintf(kind.body, value) + closing.Draw(rt, "closing")
	}
	padding := strings.Repeat(" ", 2*quickRoom+quickTag)
	rapid.Check(t, func(rt *rapid.T) {
		var sheet strings.Builder
		sheet.WriteString(`<row r="1"><c r="A1"><v>1</v></c></row>`)
		row := 1
		for range rapid.IntRange(1, 6).Draw(rt, "rows") {
			further, _ := strconv.Atoi(step.Draw(rt, "step"))
			row += further
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

// What a number's markup stands for counts, not how it is written.
func TestNumbersByReference(t *testing.T) {
	padding := strings.Repeat(" ", 2*quickRoom+quickTag)
	book := rawBook{sheet: `<row r="1"><c r="A1"><v>&#49;2</v></c><c r="B1"><v>&#x31;23456789.5</v></c><c r="C1" s="1"><v>&#55;</v></c><c r="D1" t="n"><v>5&#13;</v></c></row>` + padding, numFmts: "000"}
	got, err := sameInAllTunings(t, book.bytes(t), formats.Options{NoHeader: true})
	if err != nil || fmt.Sprint(got.Rows) != "[[12 123456789.5 007 5]]" {
		t.Errorf("%q, %v", got.Rows, err)
	}
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
