package xlsx

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// sharedStrings is the workbook's table of texts: one arena, and where each text ends in it.
type sharedStrings struct {
	text []byte
	ends []uint32
}

func (s *sharedStrings) get(i int) []byte {
	from := uint32(0)
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.text[from:s.ends[i]]
}

// readStrings reads the shared strings, if the workbook has them. The number of strings that the
// part states is not believed: the table grows as it is read.
func (w *workbook) readStrings() (*sharedStrings, error) {
	table := &sharedStrings{}
	if !w.hasStrings {
		return table, nil
	}
	p, err := w.archive.open(w.stringsPart, maxStrings, nil)
	if err != nil {
		return nil, err
	}
	s := newScanner(p, w.buffer)
	if err := table.read(s); err != nil {
		return nil, partError(w.stringsPart, err)
	}
	w.buffer = s.buffer
	return table, nil
}

func (table *sharedStrings) read(s *scanner) error {
	t, err := s.token()
	for err == nil && t.kind == charData {
		t, err = s.token()
	}
	if err != nil {
		return err
	}
	if string(t.name) != "sst" {
		return malformed("<%.40s> stands where the shared strings should", t.name)
	}
	for s.depth > 0 {
		before, text := s.mark(), len(table.text)
		err := table.item(s)
		if err == errShort {
			s.back(before)
			table.text = table.text[:text]
			err = s.more()
		}
		if err != nil {
			return err
		}
	}
	for t.kind != endOfPart {
		if t, err = s.token(); err != nil {
			return err
		}
	}
	return nil
}

// item reads one string, or what else stands in the table, within the window.
func (table *sharedStrings) item(s *scanner) error {
	if table.plainItem(s) {
		return nil
	}
	t, err := s.next()
	switch {
	case err != nil:
		return err
	case t.kind == charData && !blank(t.text):
		return malformed("text stands between the shared strings")
	case t.kind != startTag:
		return nil
	case string(t.name) != "si":
		return s.skip()
	}
	if table.text, err = s.appendRich(table.text); err != nil {
		return err
	}
	table.ends = append(table.ends, uint32(len(table.text)))
	return nil
}

// plainItem reads a string of the commonest shape, <si><t>text</t></si>, and reports whether it did.
func (table *sharedStrings) plainItem(s *scanner) bool {
	const open, end = "<si><t>", "</t></si>"
	here := s.data[s.pos:]
	if s.closing || !bytes.HasPrefix(here, []byte(open)) {
		return false
	}
	n, plain := plainText(here[len(open):])
	stop := len(open) + n
	if !plain || !bytes.HasPrefix(here[stop:], []byte(end)) {
		return false
	}
	table.text = append(table.text, here[len(open):stop]...)
	table.ends = append(table.ends, uint32(len(table.text)))
	s.pos += stop + len(end)
	return true
}

// textSigns are the characters that end a text or may ask for more than copying it.
var textSigns = [256]bool{'<': true, '&': true, '\r': true, ']': true, '_': true}

// plainText finds the < that ends a text, and reports whether the text reads as it is written.
func plainText(text []byte) (length int, plain bool) {
	for i := 0; i < len(text); i++ {
		c := text[i]
		if !textSigns[c] {
			continue
		}
		switch {
		case c == '<':
			return i, true
		case c == '_' && i+1 < len(text) && text[i+1] != 'x':
		default:
			return 0, false
		}
	}
	return 0, false
}

// appendRich appends the text of the si or is element whose start tag was just read: of all its
// runs, but not of the phonetic ones, which say how the text is pronounced.
func (s *scanner) appendRich(to []byte) ([]byte, error) {
	for depth := s.depth - 1; s.depth > depth; {
		t, err := s.next()
		if err != nil {
			return to, err
		}
		switch {
		case t.kind == charData && !blank(t.text):
			return to, malformed("text stands outside of the t elements of a string")
		case t.kind != startTag || string(t.name) == "r":
		case string(t.name) == "t":
			from := len(to)
			if to, err = s.appendContent(to); err == nil {
				to = unescape(to, from)
			}
		default:
			err = s.skip()
		}
		if err != nil {
			return to, err
		}
	}
	return to, nil
}

// appendContent appends the text of the element whose start tag was just read.
func (s *scanner) appendContent(to []byte) ([]byte, error) {
	for {
		t, err := s.next()
		switch {
		case err != nil:
			return to, err
		case t.kind == startTag:
			return to, malformed("the element <%.40s> stands inside a text", t.name)
		case t.kind == endTag:
			return to, nil
		}
		to = appendText(to, t.text, t.cdata)
	}
}

// unescape resolves _xHHHH_ in text[from:], which stands for a UTF-16 unit. Half a surrogate pair
// stays as it is written.
func unescape(text []byte, from int) []byte {
	at := bytes.Index(text[from:], []byte("_x"))
	if at < 0 {
		return text
	}
	at += from
	to := text[:at]
	for at < len(text) {
		c, length := escaped(text[at:])
		if length == 0 {
			to = append(to, text[at])
			at++
			continue
		}
		to = utf8.AppendRune(to, c)
		at += length
	}
	return to
}

// escaped reads the escape that text starts with. A length of 0 means that there is none.
func escaped(text []byte) (c rune, length int) {
	c = escapedUnit(text)
	if c < 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(c) {
		return c, escapeLength
	}
	if low := escapedUnit(text[escapeLength:]); low >= 0 {
		if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
			return c, 2 * escapeLength
		}
	}
	return 0, 0
}

const escapeLength = len("_xHHHH_")

func escapedUnit(text []byte) rune {
	if len(text) < escapeLength || text[0] != '_' || text[1] != 'x' || text[escapeLength-1] != '_' {
		return -1
	}
	var c rune
	for _, d := range text[2 : escapeLength-1] {
		value := hexValue(d)
		if value < 0 {
			return -1
		}
		c = c<<4 | value
	}
	return c
}

// find returns the shared string that a cell's value names by its number.
func (table *sharedStrings) find(raw []byte) (text []byte, found bool) {
	n := 0
	for _, c := range raw {
		if c < '0' || c > '9' || n > len(table.ends) {
			return nil, false
		}
		n = n*10 + int(c-'0')
	}
	if len(raw) == 0 || n >= len(table.ends) {
		return nil, false
	}
	return table.get(n), true
}

func (table *sharedStrings) view() *sharedStrings { return table }
