package ndjson

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"

	"bulkload/formats"
)

// A line is the object that is being read. Strings are unescaped where they stand, which never
// takes more room; joined items of arrays are put after all the text of the block.
type line struct {
	block  *formats.Block
	number int64
	begin  int // of the line in the block's text
	end    int
	at     int  // next byte
	ended  bool // the line has an end, so that it is not cut
}

// line adds the cells of the object in text[begin:end], or none when the line is blank.
func (n *Reader) line(b *formats.Block, begin, end int, ended bool) error {
	l := line{block: b, number: n.lines + 1, begin: begin, end: end, at: begin, ended: ended}
	if text := b.Text[begin:end]; !utf8.Valid(text) {
		for len(text) > 0 {
			r, size := utf8.DecodeRune(text)
			if r == utf8.RuneError && size == 1 {
				break
			}
			text = text[size:]
		}
		l.at = end - len(text)
		return l.fault("the bytes are not UTF-8")
	}
	if l.next() == 0 && l.at == l.end {
		return nil
	}
	if l.next() != '{' {
		return l.noObject()
	}
	if err := n.object(&l); err != nil {
		return err
	}
	if l.next() != 0 || l.at < l.end {
		return l.fault("text follows the object, and a line holds one object")
	}
	return nil
}

func (n *Reader) object(l *line) error {
	first := len(l.block.Cells)
	l.at++
	if l.next() == '}' {
		l.at++
		return nil
	}
	for column := 0; ; column++ {
		if l.next() != '"' {
			return l.expected("a key in quotes")
		}
		keyAt := l.at
		start, end, err := l.text()
		if err != nil {
			return err
		}
		key := l.block.Text[start:end]
		if column = n.keys.column(key, column); column < 0 {
			return l.fault(fmt.Sprintf("the file has more than %d keys", maxColumns))
		}
		if n.keys.line[column] == l.number {
			l.at = keyAt
			return l.fault(fmt.Sprintf("the key %s occurs twice in the object", quote(key)))
		}
		n.keys.line[column] = l.number
		if l.next() != ':' {
			return l.expected("a colon")
		}
		l.at++
		cell, err := l.value(n.keys.names[column])
		if err != nil {
			return err
		}
		for len(l.block.Cells) <= first+column {
			l.block.Cells = append(l.block.Cells, formats.Cell{Kind: formats.Null})
		}
		l.block.Cells[first+column] = cell
		switch l.next() {
		case ',':
			l.at++
		case '}':
			l.at++
			return nil
		default:
			return l.expected("a comma or the closing brace")
		}
	}
}

// next skips blanks and returns the byte after them, 0 at the end of the line.
func (l *line) next() byte {
	text := l.block.Text[:l.end]
	for l.at < len(text) {
		switch c := text[l.at]; c {
		case ' ', '\t', '\r':
			l.at++
		default:
			return c
		}
	}
	return 0
}

func (l *line) value(key string) (formats.Cell, error) {
	switch c := l.next(); c {
	case '"':
		start, end, err := l.text()
		return formats.Cell{Start: uint32(start), End: uint32(end)}, err
	case '[':
		return l.array(key)
	case '{':
		return formats.Cell{}, l.nested(quote([]byte(key)), "an object")
	case 't':
		return l.word("true", formats.Value)
	case 'f':
		return l.word("false", formats.Value)
	case 'n':
		return l.word("null", formats.Null)
	default:
		if c != '-' && !isDigit(c) {
			return formats.Cell{}, l.expected("a value")
		}
		start, end, err := l.numeral()
		return formats.Cell{Start: uint32(start), End: uint32(end)}, err
	}
}

func (l *line) word(word string, kind formats.Kind) (formats.Cell, error) {
	start := l.at
	if end := start + len(word); end > l.end || string(l.block.Text[start:end]) != word {
		return formats.Cell{}, l.expected("a value")
	}
	l.at += len(word)
	if kind == formats.Null {
		return formats.Cell{Kind: kind}, nil
	}
	return formats.Cell{Start: uint32(start), End: uint32(l.at), Kind: kind}, nil
}

// array joins strings and numbers by |.
func (l *line) array(key string) (formats.Cell, error) {
	cell := formats.Cell{Start: uint32(len(l.block.Text))}
	l.at++
	if l.next() == ']' {
		l.at++
		cell.End = cell.Start
		return cell, nil
	}
	for item := 0; ; item++ {
		if item > 0 {
			l.block.Text = append(l.block.Text, '|')
		}
		if err := l.item(key, item); err != nil {
			return formats.Cell{}, err
		}
		switch l.next() {
		case ',':
			l.at++
		case ']':
			l.at++
			cell.End = uint32(len(l.block.Text))
			return cell, nil
		default:
			return formats.Cell{}, l.expected("a comma or the closing bracket")
		}
	}
}

func (l *line) item(key string, item int) error {
	path := func() string { return fmt.Sprintf("%s[%d]", quote([]byte(key)), item) }
	switch c := l.next(); {
	case c == '"':
		start, end, err := l.text()
		if err != nil {
			return err
		}
		l.join(start, end)
		return nil
	case c == '-' || isDigit(c):
		start, end, err := l.numeral()
		if err != nil {
			return err
		}
		l.join(start, end)
		return nil
	case c == '{':
		return l.nested(path(), "an object")
	case c == '[':
		return l.nested(path(), "an array")
	case c == 't' || c == 'f' || c == 'n':
		return l.fault(fmt.Sprintf("%s is neither a string nor a number", path()))
	}
	return l.expected("a string or a number")
}

// join puts an item after the text of the block, | and \ in it escaped.
func (l *line) join(start, end int) {
	for i := start; i < end; i++ {
		c := l.block.Text[i]
		if c == '|' || c == '\\' {
			l.block.Text = append(l.block.Text, '\\')
		}
		l.block.Text = append(l.block.Text, c)
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// numeral reads a number and leaves it as it is written.
func (l *line) numeral() (start, end int, err error) {
	start = l.at
	end, whole := numeralEnd(l.block.Text[:l.end], start)
	l.at = end
	if !whole {
		return 0, 0, l.expected("a digit")
	}
	return start, end, nil
}

// numeralEnd returns where the number at i ends by JSON's grammar, or where a digit is missing.
func numeralEnd(text []byte, i int) (end int, whole bool) {
	if i < len(text) && text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if i, whole = digitsEnd(text, i); !whole {
		return i, false
	}
	if i < len(text) && text[i] == '.' {
		if i, whole = digitsEnd(text, i+1); !whole {
			return i, false
		}
	}
	if i < len(text) && text[i]|0x20 == 'e' {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		return digitsEnd(text, i)
	}
	return i, true
}

// digitsEnd returns where the digits from i on end, and whether there are any.
func digitsEnd(text []byte, i int) (end int, any bool) {
	for end = i; end < len(text) && isDigit(text[end]); end++ {
	}
	return end, end > i
}

// text reads a string and returns where its unescaped text stands.
func (l *line) text() (start, end int, err error) {
	text := l.block.Text[:l.end]
	start = l.at + 1
	end = plainEnd(text, start)
	if end < len(text) && text[end] == '"' {
		l.at = end + 1
		return start, end, nil
	}
	l.at = end
	for l.at < len(text) {
		switch c := text[l.at]; {
		case c == '"':
			l.at++
			return start, end, nil
		case c < ' ':
			return 0, 0, l.fault(fmt.Sprintf("the control character 0x%02x in a string must be escaped", c))
		case c == '\\':
			size, err := l.escape(text[l.at:], text[end:])
			if err != nil {
				return 0, 0, err
			}
			end += size
		default:
			next := plainEnd(text, l.at)
			end += copy(text[end:], text[l.at:next])
			l.at = next
		}
	}
	return 0, 0, l.unfinished("the line ends within a string")
}

// plainEnd returns where the run of bytes from i on ends that are neither a quote, a backslash
// nor a control character.
func plainEnd(text []byte, i int) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(text); i += 8 {
		word := binary.LittleEndian.Uint64(text[i:])
		quotes, slashes := word^(low*'"'), word^(low*'\\')
		// The lowest bit found is right; those above it may come from a borrow.
		if found := ((quotes-low)&^quotes | (slashes-low)&^slashes | (word-low*' ')&^word) & high; found != 0 {
			return i + bits.TrailingZeros64(found)>>3
		}
	}
	for i < len(text) && text[i] != '"' && text[i] != '\\' && text[i] >= ' ' {
		i++
	}
	return i
}

// escape writes what the escape at the beginning of text stands for to out, and returns its size.
func (l *line) escape(text, out []byte) (int, error) {
	if len(text) < 2 {
		return 0, l.unfinished("the line ends within a string")
	}
	const names, bytes = `"\/bfnrt`, "\"\\/\b\f\n\r\t"
	for i := range len(names) {
		if text[1] == names[i] {
			out[0] = bytes[i]
			l.at += 2
			return 1, nil
		}
	}
	r, ok := hexRune(text)
	if !ok {
		return 0, l.fault("no escape begins like this")
	}
	size := 6
	if utf16.IsSurrogate(r) {
		low, _ := hexRune(text[size:])
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, l.fault("the escape is half a character: its other half is missing")
		}
		size = 12
	}
	l.at += size
	return utf8.EncodeRune(out, r), nil
}

// hexRune reads \u and four hexadecimal digits.
func hexRune(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range text[2:6] {
		switch {
		case isDigit(c):
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

func (l *line) fault(reason string) error {
	return &formats.SyntaxError{
		Place:  formats.Place{Row: l.number, Line: l.number},
		Reason: fmt.Sprintf("byte %d: %s", l.at-l.begin+1, reason),
	}
}

// unfinished refuses a line that ends within its object.
func (l *line) unfinished(reason string) error {
	err := l.fault(reason).(*formats.SyntaxError)
	err.Advice = "each object must stand whole on a line of its own"
	if !l.ended {
		err.Advice = "the file was cut: fetch it again"
	}
	return err
}

func (l *line) expected(what string) error {
	if l.at >= l.end {
		return l.unfinished(fmt.Sprintf("the line ends where %s must follow", what))
	}
	r, _ := utf8.DecodeRune(l.block.Text[l.at:l.end])
	return l.fault(fmt.Sprintf("%q stands where %s must follow", r, what))
}

func (l *line) noObject() error {
	err := l.expected("an object").(*formats.SyntaxError)
	if l.block.Text[l.at] == '[' {
		err.Advice = "write one object a line, without brackets and commas around them"
	}
	return err
}

func (l *line) nested(path, what string) error {
	err := l.fault(fmt.Sprintf("%s is %s", path, what)).(*formats.SyntaxError)
	err.Advice = "values must be flat: strings, numbers, true, false, null, and arrays of strings and numbers"
	return err
}

// quote shows a key in a message, shortened.
func quote(key []byte) string {
	if len(key) > 60 {
		return fmt.Sprintf("%q…", key[:60])
	}
	return fmt.Sprintf("%q", key)
}
