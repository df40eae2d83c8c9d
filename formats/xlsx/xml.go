package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// The limits of one part's markup.
const (
	firstWindow = 128 << 10 // bytes held of a part at first
	maxUnit     = 4 << 20   // longest run of markup that must be seen at once: a row, a shared string
	maxDepth    = 64        // elements inside each other
	maxAttrs    = 128       // of one element
	maxName     = 1 << 10   // bytes of an element's name
)

// errShort says that the window ends inside what is being read: more of the part is needed.
var errShort = errors.New("the markup goes on")

// A markupError is XML that is not well formed, or that a workbook must not use.
type markupError string

func (e markupError) Error() string { return string(e) }

func malformed(format string, args ...any) error { return markupError(fmt.Sprintf(format, args...)) }

type tokenKind uint8

const (
	startTag tokenKind = iota
	endTag
	charData
	endOfPart
)

// A token is valid until the scanner moves on.
type token struct {
	kind  tokenKind
	name  []byte // of an element, without its prefix
	text  []byte // as the part writes it
	cdata bool   // text holds no references
}

type attr struct{ name, value []byte }

// A mark is a place to go back to, within the window.
type mark struct {
	pos, names, depth int
	closing           bool
}

// A scanner cuts a part of the workbook into XML tokens. It sees the part through a window: when
// a token is not whole in it, next gives errShort, and the caller goes back to its last mark, asks
// for more and tries again. So whatever is read as one unit may point into the window.
type scanner struct {
	data  []byte // the window
	pos   int    // of the next byte to read, in the window
	attrs []attr // of the last start tag

	src     io.Reader
	buffer  []byte
	sound   int   // data[:sound] holds legal characters only
	ended   bool  // src has no more
	failed  error // what follows the window instead of more
	started bool  // the window was past the part's first byte
	dropped int64 // bytes of the part that the window has passed

	names   []byte // of the open elements, one after the other
	ends    [maxDepth]int
	depth   int
	closing bool // the last start tag was an empty element: its end comes next
	rooted  bool // the root element was met
}

// newScanner returns a scanner that uses the buffer for its window, and a larger one when it must.
func newScanner(src io.Reader, buffer []byte) *scanner { return &scanner{src: src, buffer: buffer} }

func (s *scanner) mark() mark { return mark{s.pos, len(s.names), s.depth, s.closing} }

// back returns to a mark. The elements open at the mark must not have been closed since.
func (s *scanner) back(m mark) {
	s.pos, s.names, s.depth, s.closing = m.pos, s.names[:m.names], m.depth, m.closing
}

// more drops what was read from the window and reads on: at least as much as is left in it, so
// that what is long is not looked at too often. It is an error when the part has ended.
func (s *scanner) more() error {
	if s.failed != nil {
		return s.failed
	}
	if s.ended {
		return malformed("the XML stops before its end")
	}
	rest := len(s.data) - s.pos
	if rest >= maxUnit {
		return malformed("one row, text or tag is longer than %d MiB", maxUnit>>20)
	}
	if rest > len(s.buffer)/2 && len(s.buffer) < maxUnit+firstWindow {
		larger := make([]byte, min(2*len(s.buffer), maxUnit+firstWindow))
		copy(larger, s.data[s.pos:])
		s.buffer = larger
	} else {
		copy(s.buffer, s.data[s.pos:])
	}
	s.sound = max(0, s.sound-s.pos)
	s.started = s.started || s.pos > 0
	s.dropped += int64(s.pos)
	s.pos = 0
	n, err := io.ReadAtLeast(s.src, s.buffer[rest:], min(max(rest, 1), len(s.buffer)-rest))
	s.data = s.buffer[:rest+n]
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		s.ended = true
	case err != nil:
		s.failed = err
	}
	s.checkCharacters()
	return nil
}

// offset is the number of bytes read since the scanner was made, but for those of chunks read ahead.
func (s *scanner) offset() int64 { return s.dropped + int64(s.pos) }

// readFrom empties the window and makes the scanner read from elsewhere.
func (s *scanner) readFrom(src io.Reader) {
	s.started = true
	s.src, s.data, s.pos, s.sound = src, nil, 0, 0
}

// checkCharacters ends the window before bytes that no XML text holds, and text that is not UTF-8.
func (s *scanner) checkCharacters() {
	if !s.started && s.sound == 0 {
		if bytes.HasPrefix(s.data, []byte("\xef\xbb\xbf")) {
			s.pos = 3
		} else if bytes.HasPrefix(s.data, []byte("\xff\xfe")) || bytes.HasPrefix(s.data, []byte("\xfe\xff")) {
			s.failAt(0, malformed("the XML is written in UTF-16, only UTF-8 is read"))
			return
		}
	}
	at := s.sound
	for at < len(s.data) {
		at += plainPrefix(s.data[at:])
		if at == len(s.data) {
			break
		}
		if c := s.data[at]; c == '\n' || c == '\t' || c == '\r' {
			at++
			continue
		} else if c >= 0xc2 && c < 0xe0 && at+1 < len(s.data) && s.data[at+1]&0xc0 == 0x80 {
			at += 2
			continue
		}
		c, size := utf8.DecodeRune(s.data[at:])
		if c == utf8.RuneError && size <= 1 {
			if !utf8.FullRune(s.data[at:]) && !s.ended && s.failed == nil {
				break
			}
			s.failAt(at, malformed("the XML holds bytes that are not UTF-8"))
			return
		}
		if c < ' ' || c == 0xfffe || c == 0xffff {
			s.failAt(at, malformed("the XML holds the character U+%04X, which it must not", c))
			return
		}
		at += size
	}
	s.sound = at
}

// failAt cuts the window: err comes once all before that byte was read.
func (s *scanner) failAt(at int, err error) {
	s.data, s.sound, s.failed, s.ended = s.data[:at], at, err, false
}

// plainPrefix counts the printing ASCII characters that text starts with, many at a time.
func plainPrefix(text []byte) int {
	n := 0
	for ; n+32 <= len(text); n += 32 {
		a, b, c, d := load(text, n), load(text, n+8), load(text, n+16), load(text, n+24)
		if ((a-ones*' ')|a|(b-ones*' ')|b|(c-ones*' ')|c|(d-ones*' ')|d)&high != 0 {
			break
		}
	}
	for ; n+8 <= len(text); n += 8 {
		word := load(text, n)
		if marks := ((word - ones*' ') | word) & high; marks != 0 {
			return n + leading(marks)
		}
	}
	for n < len(text) && text[n] >= ' ' && text[n] < utf8.RuneSelf {
		n++
	}
	return n
}

// token reads the next token, and more of the part when that is needed. Nothing that earlier tokens
// pointed to may be used afterwards.
func (s *scanner) token() (token, error) {
	for {
		before := s.mark()
		t, err := s.next()
		if err != errShort {
			return t, err
		}
		s.back(before)
		if err := s.more(); err != nil {
			return token{}, err
		}
	}
}

// next reads the next token within the window. Comments and processing instructions are passed over.
func (s *scanner) next() (token, error) {
	if s.closing {
		s.closing = false
		return token{kind: endTag, name: s.pop()}, nil
	}
	for s.pos < len(s.data) {
		if s.data[s.pos] != '<' {
			return s.text()
		}
		if s.pos+1 == len(s.data) {
			return token{}, errShort
		}
		switch s.data[s.pos+1] {
		case '/':
			return s.end()
		case '?':
			if err := s.instruction(); err != nil {
				return token{}, err
			}
		case '!':
			if t, isText, err := s.declaration(); isText || err != nil {
				return t, err
			}
		default:
			return s.start()
		}
	}
	if !s.ended || s.depth > 0 || !s.rooted {
		return token{}, errShort
	}
	return token{kind: endOfPart}, nil
}

func (s *scanner) text() (token, error) {
	n := bytes.IndexByte(s.data[s.pos:], '<')
	if n < 0 {
		if !s.ended || s.depth > 0 {
			return token{}, errShort
		}
		n = len(s.data) - s.pos
	}
	text := s.data[s.pos : s.pos+n]
	if s.depth == 0 && !blank(text) {
		return token{}, malformed("there is text outside of the XML's root element")
	}
	if err := checkReferences(text); err != nil {
		return token{}, err
	}
	if bytes.Contains(text, []byte("]]>")) {
		return token{}, malformed("the XML holds ]]> outside of a CDATA section")
	}
	s.pos += n
	return token{kind: charData, text: text}, nil
}

// after finds where mark ends what starts at the scanner's position, from bytes further on.
func (s *scanner) after(from int, mark string) (end int, err error) {
	from = min(s.pos+from, len(s.data))
	n := bytes.Index(s.data[from:], []byte(mark))
	if n < 0 {
		return 0, errShort
	}
	return from + n, nil
}

func (s *scanner) instruction() error {
	end, err := s.after(2, "?>")
	if err != nil {
		return err
	}
	body := s.data[s.pos+2 : end]
	name := body[:nameLength(body)]
	if len(name) == 0 {
		return malformed("a processing instruction has no name")
	}
	if bytes.EqualFold(name, []byte("xml")) {
		first := !s.started && (s.pos == 0 || s.pos == 3 && s.data[0] == 0xef)
		if err := checkDeclaration(body, first); err != nil {
			return err
		}
	}
	s.pos = end + 2
	return nil
}

func checkDeclaration(body []byte, first bool) error {
	if !first {
		return malformed("an XML declaration stands inside the XML")
	}
	_, rest, found := bytes.Cut(body, []byte("encoding"))
	if !found {
		return nil
	}
	name := bytes.Trim(bytes.TrimLeft(rest, " \t\r\n="), "?")
	if len(name) > 1 {
		if end := bytes.IndexByte(name[1:], name[0]); end >= 0 {
			name = name[1 : 1+end]
		}
	}
	for _, known := range []string{"utf-8", "utf8", "us-ascii", "ascii"} {
		if bytes.EqualFold(name, []byte(known)) {
			return nil
		}
	}
	return malformed("the XML is written in %.40q, only UTF-8 is read", name)
}

// declaration reads what starts with <!: a comment, which is no token, or a CDATA section.
func (s *scanner) declaration() (t token, isText bool, err error) {
	const cdata, comment, doctype = "<![CDATA[", "<!--", "<!DOCTYPE"
	here := s.data[s.pos:]
	switch {
	case bytes.HasPrefix(here, []byte(comment)):
		end, err := s.after(len(comment), "--")
		if err == nil && end+2 >= len(s.data) {
			err = errShort
		}
		if err != nil {
			return token{}, false, err
		}
		if s.data[end+2] != '>' {
			return token{}, false, malformed("an XML comment holds two hyphens")
		}
		s.pos = end + 3
		return token{}, false, nil
	case bytes.HasPrefix(here, []byte(cdata)):
		end, err := s.after(len(cdata), "]]>")
		if err != nil {
			return token{}, false, err
		}
		if s.depth == 0 {
			return token{}, false, malformed("there is text outside of the XML's root element")
		}
		text := s.data[s.pos+len(cdata) : end]
		s.pos = end + 3
		return token{kind: charData, text: text, cdata: true}, true, nil
	case bytes.HasPrefix(here, []byte(doctype)):
		return token{}, false, malformed("the XML declares a document type, which could name entities; workbooks have none")
	case len(here) < len(cdata) && !s.ended:
		return token{}, false, errShort
	}
	return token{}, false, malformed("the XML holds a declaration that is not allowed in a workbook")
}

func (s *scanner) end() (token, error) {
	n := nameLength(s.data[s.pos+2:])
	at := s.pos + 2 + n
	for at < len(s.data) && isSpace(s.data[at]) {
		at++
	}
	if at == len(s.data) {
		return token{}, errShort
	}
	name := s.data[s.pos+2 : s.pos+2+n]
	if s.data[at] != '>' || n == 0 {
		return token{}, malformed("an XML end tag is malformed")
	}
	if s.depth == 0 || string(s.openName()) != string(name) {
		return token{}, malformed("the XML closes <%.40s>, which is not the open element", name)
	}
	s.pos = at + 1
	return token{kind: endTag, name: s.pop()}, nil
}

// openName is the whole name of the innermost open element.
func (s *scanner) openName() []byte {
	from := 0
	if s.depth > 1 {
		from = s.ends[s.depth-2]
	}
	return s.names[from:s.ends[s.depth-1]]
}

// parent is the local name of the element around the innermost open one.
func (s *scanner) parent() string {
	if s.depth < 2 {
		return ""
	}
	from := 0
	if s.depth > 2 {
		from = s.ends[s.depth-3]
	}
	return string(local(s.names[from:s.ends[s.depth-2]]))
}

// pop closes the innermost element and returns its local name, which stays until the next push.
func (s *scanner) pop() []byte {
	name := s.openName()
	s.depth--
	s.names = s.names[:len(s.names)-len(name)]
	return local(name)
}

func (s *scanner) push(name []byte) error {
	if s.depth == maxDepth {
		return malformed("more than %d XML elements stand inside each other", maxDepth)
	}
	if s.depth == 0 && s.rooted {
		return malformed("the XML has a second root element")
	}
	s.rooted = true
	s.names = append(s.names, name...)
	s.ends[s.depth] = len(s.names)
	s.depth++
	return nil
}

func (s *scanner) start() (token, error) {
	s.attrs = s.attrs[:0]
	at := s.pos + 1
	n := nameLength(s.data[at:])
	if at+n == len(s.data) {
		return token{}, errShort
	}
	if n == 0 || n > maxName {
		return token{}, malformed("a < stands in the XML that starts no tag")
	}
	name := s.data[at : at+n]
	at += n
	for {
		spaced := false
		for at < len(s.data) && isSpace(s.data[at]) {
			at, spaced = at+1, true
		}
		if at+1 >= len(s.data) && (at == len(s.data) || s.data[at] == '/') {
			return token{}, errShort
		}
		switch {
		case s.data[at] == '>':
			at++
			s.closing = false
		case s.data[at] == '/' && s.data[at+1] == '>':
			at += 2
			s.closing = true
		case !spaced:
			return token{}, malformed("the tag <%.40s> is malformed", name)
		default:
			end, err := s.attribute(at)
			if err != nil {
				return token{}, err
			}
			at = end
			continue
		}
		if err := s.push(name); err != nil {
			return token{}, err
		}
		s.pos = at
		return token{kind: startTag, name: local(name)}, nil
	}
}

// attribute reads one attribute and returns where it ends.
func (s *scanner) attribute(at int) (end int, err error) {
	n := nameLength(s.data[at:])
	name := s.data[at : at+n]
	at += n
	for at < len(s.data) && isSpace(s.data[at]) {
		at++
	}
	if at == len(s.data) {
		return 0, errShort
	}
	if n == 0 || s.data[at] != '=' {
		return 0, malformed("an XML attribute is malformed")
	}
	at++
	for at < len(s.data) && isSpace(s.data[at]) {
		at++
	}
	if at == len(s.data) {
		return 0, errShort
	}
	quote := s.data[at]
	if quote != '"' && quote != '\'' {
		return 0, malformed("the value of the XML attribute %.40s is not quoted", name)
	}
	at++
	length := bytes.IndexByte(s.data[at:], quote)
	if length < 0 {
		return 0, errShort
	}
	value := s.data[at : at+length]
	if bytes.IndexByte(value, '<') >= 0 {
		return 0, malformed("the XML attribute %.40s holds a <", name)
	}
	if err := checkReferences(value); err != nil {
		return 0, err
	}
	return at + length + 1, s.addAttribute(name, value)
}

func (s *scanner) addAttribute(name, value []byte) error {
	for i := range s.attrs {
		if string(s.attrs[i].name) == string(name) {
			return malformed("the XML attribute %.40s stands twice in a tag", name)
		}
	}
	if len(s.attrs) == maxAttrs {
		return malformed("an XML tag has more than %d attributes", maxAttrs)
	}
	s.attrs = append(s.attrs, attr{name, value})
	return nil
}

// attr returns the value of an attribute of the last start tag as the part writes it. The name is
// matched without prefix, but an attribute without one goes first.
func (s *scanner) attr(name string) (value []byte, found bool) {
	for i := range s.attrs {
		if string(s.attrs[i].name) == name {
			return s.attrs[i].value, true
		}
	}
	for i := range s.attrs {
		if string(local(s.attrs[i].name)) == name && !bytes.HasPrefix(s.attrs[i].name, []byte("xmlns:")) {
			return s.attrs[i].value, true
		}
	}
	return nil, false
}

// plainAttr is attr for names that never carry a prefix.
func (s *scanner) plainAttr(name string) (value []byte, found bool) {
	for i := range s.attrs {
		if string(s.attrs[i].name) == name {
			return s.attrs[i].value, true
		}
	}
	return nil, false
}

// attrText returns the text of an attribute, "" when there is none.
func (s *scanner) attrText(name string) string {
	value, _ := s.attr(name)
	return string(appendText(nil, value, false))
}

// isSet reports whether a boolean attribute is true.
func (s *scanner) isSet(name string) bool {
	value, _ := s.plainAttr(name)
	return string(value) == "1" || string(value) == "true" || string(value) == "on"
}

// skip passes over the rest of the element whose start tag was just read, within the window.
func (s *scanner) skip() error {
	for depth := s.depth - 1; s.depth > depth; {
		if _, err := s.next(); err != nil {
			return err
		}
	}
	return nil
}

func local(name []byte) []byte {
	return name[bytes.IndexByte(name, ':')+1:]
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

func blank(text []byte) bool {
	for _, c := range text {
		if !isSpace(c) {
			return false
		}
	}
	return true
}

// nameLength counts the bytes of the name that text starts with, 0 when there is none.
func nameLength(text []byte) int {
	for i, c := range text {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == ':' || c >= utf8.RuneSelf
		if !letter && (i == 0 || c != '-' && c != '.' && (c < '0' || c > '9')) {
			return i
		}
	}
	return len(text)
}

// checkReferences refuses a & that starts neither one of XML's five entities nor a number.
func checkReferences(text []byte) error {
	for {
		at := bytes.IndexByte(text, '&')
		if at < 0 {
			return nil
		}
		text = text[at:]
		if _, length := reference(text); length == 0 {
			return malformed("the XML holds %.12q, which is neither one of its five entities nor a character's number", text)
		}
		text = text[1:]
	}
}

// reference reads the reference that text starts with. A length of 0 means that there is none.
func reference(text []byte) (c rune, length int) {
	end := bytes.IndexByte(text[:min(len(text), 12)], ';')
	if end < 2 {
		return 0, 0
	}
	switch name := text[1:end]; string(name) {
	case "amp":
		c = '&'
	case "lt":
		c = '<'
	case "gt":
		c = '>'
	case "quot":
		c = '"'
	case "apos":
		c = '\''
	default:
		if name[0] != '#' {
			return 0, 0
		}
		c = character(name[1:])
	}
	if c == 0 {
		return 0, 0
	}
	return c, end + 1
}

// character reads a character's number, decimal or hexadecimal after x. It is 0 when XML does not allow it.
func character(number []byte) rune {
	base := rune(10)
	if len(number) > 0 && number[0] == 'x' {
		base, number = 16, number[1:]
	}
	if len(number) == 0 {
		return 0
	}
	var c rune
	for _, d := range number {
		value := hexValue(d)
		if value < 0 || value >= base || c > utf8.MaxRune {
			return 0
		}
		c = c*base + value
	}
	if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0xfffe || c == 0xffff || !utf8.ValidRune(c) {
		return 0
	}
	return c
}

func hexValue(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c|0x20-'a') + 10
	}
	return -1
}

// appendText appends the text that a token or an attribute stands for: references resolved, line
// ends made one character as XML demands. The references were checked before.
func appendText(to, text []byte, cdata bool) []byte {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case c == '&' && !cdata:
			if c, length := reference(text[i:]); length > 0 {
				to = utf8.AppendRune(to, c)
				i += length
				continue
			}
		case c == '\r':
			to = append(to, '\n')
			i++
			if i < len(text) && text[i] == '\n' {
				i++
			}
			continue
		}
		to = append(to, text[i])
		i++
	}
	return to
}
