package csv

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"

	"bulkload/formats"
)

// The names of the encodings that are found from the bytes, as IANA writes them.
const (
	utf8Name    = "UTF-8"
	utf16leName = "UTF-16LE"
	utf16beName = "UTF-16BE"
	windowsName = "windows-1252"
)

// A decoder turns bytes of one encoding into UTF-8, as transform.Transformer's Transform does.
// What is not a character of the encoding becomes bytes that are not UTF-8, so that the checks
// of the cell that holds it refuse it.
type decoder func(dst, src []byte, atEnd bool) (written, used int, err error)

var (
	errShortDst = errors.New("short destination")
	errShortSrc = errors.New("short source")
)

// A source reads a feed as UTF-8. Bytes that are UTF-8 already go into the caller's buffer
// without a copy.
type source struct {
	in       io.Reader
	raw      []byte // read and not yet given out
	buffer   []byte // what raw is a part of, when decode is set
	err      error  // of in; io.EOF at its end
	decode   decoder
	asciiYet bool // nothing but ASCII was seen, so the encoding may still turn out to be Windows-1252

	name   string
	reason string
	given  int64 // bytes given out
	turned int64 // where in those Windows-1252 began; -1 when the feed is not or was named so
}

// sniffed is how many bytes decide on UTF-16.
const sniffed = 4096

func newSource(in io.Reader, encoding string) (*source, error) {
	s := &source{in: in, turned: -1, raw: make([]byte, 0, sniffed)}
	for len(s.raw) < sniffed && s.err == nil {
		var n int
		n, s.err = s.read(s.raw[len(s.raw):sniffed])
		s.raw = s.raw[:len(s.raw)+n]
	}
	if s.err != nil && s.err != io.EOF {
		return nil, s.err
	}
	mark, markLen := byteOrderMark(s.raw)
	if mark == "UTF-32" && encoding == "" {
		return nil, &formats.SyntaxError{Reason: "the text is in UTF-32, which is not read", Advice: "save it as UTF-8"}
	}
	switch {
	case encoding != "":
		name, decode, err := byName(encoding, s.raw)
		if err != nil {
			return nil, err
		}
		if mark != "" && mark != name {
			return nil, &formats.SyntaxError{
				Reason: fmt.Sprintf("the file starts with the byte order mark of %s, and %s was named as its encoding", mark, name),
				Advice: "leave the encoding out, and the mark decides",
			}
		}
		s.use(name, "as told", decode)
		if mark != "" {
			s.raw = s.raw[markLen:]
		}
	case mark != "":
		s.use(mark, "the file starts with its byte order mark", unicodeDecoder(mark))
		s.raw = s.raw[markLen:]
	default:
		s.guess()
	}
	return s, nil
}

func (s *source) use(name, reason string, decode decoder) {
	s.name, s.reason, s.decode = name, reason, decode
	if decode != nil {
		s.buffer = make([]byte, 64<<10)
		s.raw = s.buffer[:copy(s.buffer, s.raw)]
	}
}

func (s *source) guess() {
	if name := utf16Pattern(s.raw); name != "" {
		s.use(name, "its beginning has zero bytes as UTF-16 has them", unicodeDecoder(name))
		return
	}
	s.use(utf8Name, "all bytes are ASCII", nil)
	s.asciiYet = true
}

func byteOrderMark(raw []byte) (name string, length int) {
	switch {
	case bytes.HasPrefix(raw, []byte("\xef\xbb\xbf")):
		return utf8Name, 3
	case bytes.HasPrefix(raw, []byte("\xff\xfe\x00\x00")), bytes.HasPrefix(raw, []byte("\x00\x00\xfe\xff")):
		return "UTF-32", 4
	case bytes.HasPrefix(raw, []byte("\xff\xfe")):
		return utf16leName, 2
	case bytes.HasPrefix(raw, []byte("\xfe\xff")):
		return utf16beName, 2
	}
	return "", 0
}

// IsWide reports whether a file begins as text does whose characters take two bytes or four.
func IsWide(head []byte) bool {
	mark, _ := byteOrderMark(head)
	return mark != "" && mark != utf8Name || mark == "" && utf16Pattern(head) != ""
}

// utf16Pattern recognises UTF-16 without a byte order mark. In Latin text one byte of two in nearly every
// pair is zero, always on the same side. In other writing systems that holds for delimiters, digits
// and line ends alone; then all of the text must be readable as well.
func utf16Pattern(raw []byte) string {
	var zeros [2]int
	for i, c := range raw {
		if c == 0 {
			zeros[i&1]++
		}
	}
	pairs := len(raw) / 2
	switch {
	case pairs < 2:
	case zeros[1] > pairs*2/5 && zeros[0]*20 <= pairs:
		return utf16leName
	case zeros[0] > pairs*2/5 && zeros[1]*20 <= pairs:
		return utf16beName
	case zeros[1]*20 > pairs && zeros[0] == 0 && readable(raw, binary.LittleEndian):
		return utf16leName
	case zeros[0]*20 > pairs && zeros[1] == 0 && readable(raw, binary.BigEndian):
		return utf16beName
	}
	return ""
}

// readable reports whether the beginning of a text is lines of visible characters in UTF-16.
func readable(raw []byte, order binary.ByteOrder) bool {
	raw = raw[:len(raw)&^1]
	text := make([]byte, len(raw)*2)
	written, _, err := decodeUTF16(text, raw, false, order)
	if err != nil && err != errShortSrc {
		return false
	}
	text = text[:written]
	hidden := func(r rune) bool {
		return r == utf8.RuneError || !unicode.IsGraphic(r) && !strings.ContainsRune("\t\r\n\u200b\u200e\u200f\ufeff", r)
	}
	return bytes.ContainsAny(text, "\r\n") && bytes.IndexFunc(text, hidden) < 0
}

// byName finds an encoding by the name that IANA, the web or x/text gives it. The head of the text
// settles what "UTF-16" leaves open.
func byName(name string, head []byte) (string, decoder, error) {
	known := namedEncoding(name)
	if known == nil {
		return "", nil, fmt.Errorf("encoding %q is not known: give a name such as windows-1252, ISO-8859-15, macintosh or UTF-16LE", name)
	}
	canonical := name
	for _, index := range []*ianaindex.Index{ianaindex.MIME, ianaindex.IANA} {
		if found, err := index.Name(known); err == nil {
			canonical = found
			break
		}
	}
	switch canonical {
	case utf8Name:
		return canonical, nil, nil
	case utf16leName, utf16beName:
		return canonical, unicodeDecoder(canonical), nil
	case "UTF-16":
		if mark, _ := byteOrderMark(head); mark == utf16leName || mark == utf16beName {
			canonical = mark
		} else if canonical = utf16Pattern(head); canonical == "" {
			canonical = utf16beName // as its definition says
		}
		return canonical, unicodeDecoder(canonical), nil
	}
	if table, ok := known.(*charmap.Charmap); ok {
		return canonical, charmapDecoder(table), nil
	}
	transform := known.NewDecoder().Transform
	return canonical, func(dst, src []byte, atEnd bool) (written, used int, err error) {
		written, used, err = transform(dst, src, atEnd)
		for text := dst[:written]; ; {
			i := bytes.Index(text, []byte("\ufffd"))
			if i < 0 {
				return written, used, err
			}
			copy(text[i:], "\xff\xff\xff")
			text = text[i+3:]
		}
	}, nil
}

// namedEncoding is nil when nobody calls an encoding so.
func namedEncoding(name string) encoding.Encoding {
	if known, err := ianaindex.IANA.Encoding(name); err == nil && known != nil {
		return known
	}
	if known, err := htmlindex.Get(name); err == nil {
		return known
	}
	for _, table := range charmap.All {
		if named, ok := table.(fmt.Stringer); ok && plainName(named.String()) == plainName(name) {
			return table
		}
	}
	return nil
}

// plainName makes "Windows 1251" and "windows-1251" one.
func plainName(name string) string {
	return strings.NewReplacer(" ", "", "-", "", "_", "", "codepage", "").Replace(strings.ToLower(name))
}

func unicodeDecoder(name string) decoder {
	switch name {
	case utf16leName:
		return func(dst, src []byte, atEnd bool) (int, int, error) {
			return decodeUTF16(dst, src, atEnd, binary.LittleEndian)
		}
	case utf16beName:
		return func(dst, src []byte, atEnd bool) (int, int, error) {
			return decodeUTF16(dst, src, atEnd, binary.BigEndian)
		}
	}
	return nil
}

// decodeUTF16 writes a surrogate without its other half as three bytes that are not UTF-8.
func decodeUTF16(dst, src []byte, atEnd bool, order binary.ByteOrder) (written, used int, err error) {
	for len(src)-used >= 2 {
		if len(dst)-written < utf8.UTFMax {
			return written, used, errShortDst
		}
		unit := order.Uint16(src[used:])
		high := unit&0xfc00 == 0xd800
		if high && len(src)-used < 4 && !atEnd {
			return written, used, errShortSrc
		}
		if high && len(src)-used >= 4 {
			if low := order.Uint16(src[used+2:]); low&0xfc00 == 0xdc00 {
				r := rune(unit&0x3ff)<<10 | rune(low&0x3ff) + 0x10000
				written += utf8.EncodeRune(dst[written:], r)
				used += 4
				continue
			}
		}
		if unit&0xf800 == 0xd800 {
			dst[written], dst[written+1], dst[written+2] = 0xe0|byte(unit>>12), 0x80|byte(unit>>6)&0x3f, 0x80|byte(unit)&0x3f
			written += 3
		} else {
			written += utf8.EncodeRune(dst[written:], rune(unit))
		}
		used += 2
	}
	if used == len(src) {
		return written, used, nil
	}
	if atEnd {
		return written, used, &formats.SyntaxError{Reason: "the file ends in the middle of a UTF-16 character: it was cut"}
	}
	return written, used, errShortSrc
}

// charmapDecoder makes a decoder of a table of 256 characters. A byte that stands for nothing, or
// for one of the control characters that no text has, is passed through as it is.
func charmapDecoder(table *charmap.Charmap) decoder {
	var text [256][utf8.UTFMax]byte
	var size [256]int
	for i := range 256 {
		r := table.DecodeByte(byte(i))
		if r == utf8.RuneError || r >= 0x80 && r < 0xa0 {
			text[i][0], size[i] = byte(i)|0x80, 1
			continue
		}
		size[i] = utf8.EncodeRune(text[i][:], r)
	}
	return func(dst, src []byte, _ bool) (written, used int, err error) {
		for used < len(src) {
			if len(dst)-written < utf8.UTFMax {
				return written, used, errShortDst
			}
			c := src[used]
			copy(dst[written:written+utf8.UTFMax], text[c][:])
			written += size[c]
			used++
		}
		return written, used, nil
	}
}

// Read gives out decoded text. p must have room for a character.
func (s *source) Read(p []byte) (n int, err error) {
	if s.decode != nil {
		n, err = s.transcode(p)
	} else {
		n, err = s.pass(p)
	}
	s.given += int64(n)
	return n, err
}

// read reads at least one byte or gives an error.
func (s *source) read(p []byte) (int, error) {
	for range 100 {
		if n, err := s.in.Read(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

// pass hands bytes on that are taken for UTF-8. The first one that is not ASCII decides whether
// they are.
func (s *source) pass(p []byte) (int, error) {
	n := copy(p, s.raw)
	s.raw = s.raw[n:]
	if n == 0 {
		if s.err != nil {
			return 0, s.err
		}
		n, s.err = s.read(p)
	}
	if !s.asciiYet {
		return n, nil
	}
	first := firstNonASCII(p[:n])
	if first == n {
		return n, nil
	}
	for !utf8.FullRune(p[first:n]) && n < len(p) && s.more() {
		p[n] = s.raw[0]
		s.raw = s.raw[1:]
		n++
	}
	if !utf8.FullRune(p[first:n]) && s.more() { // p is full: decide when there is room
		s.raw = append(append([]byte(nil), p[first:n]...), s.raw...)
		return first, nil
	}
	s.asciiYet = false
	if r, size := utf8.DecodeRune(p[first:n]); r != utf8.RuneError || size > 1 {
		s.reason = "its first bytes beyond ASCII are valid UTF-8"
		return n, nil
	}
	s.turned = s.given + int64(first)
	s.turn(p[first:n])
	return first, nil
}

// more reports whether bytes follow, and reads some when none are at hand.
func (s *source) more() bool {
	if len(s.raw) == 0 && s.err == nil {
		var n int
		s.raw = make([]byte, utf8.UTFMax)
		n, s.err = s.read(s.raw)
		s.raw = s.raw[:n]
	}
	return len(s.raw) > 0
}

// turn goes on in Windows-1252 from rest, the text before it having been ASCII.
func (s *source) turn(rest []byte) {
	s.name, s.reason = windowsName, "its bytes are not valid UTF-8"
	s.decode = charmapDecoder(charmap.Windows1252)
	s.buffer = make([]byte, max(64<<10, len(rest)+len(s.raw)))
	s.raw = s.buffer[:copy(s.buffer, append(append([]byte(nil), rest...), s.raw...))]
}

func firstNonASCII(p []byte) int {
	i := 0
	for ; i+32 <= len(p); i += 32 {
		four := p[i : i+32]
		word := binary.LittleEndian.Uint64(four) | binary.LittleEndian.Uint64(four[8:]) |
			binary.LittleEndian.Uint64(four[16:]) | binary.LittleEndian.Uint64(four[24:])
		if word&highBits != 0 {
			break
		}
	}
	for ; i+8 <= len(p) && binary.LittleEndian.Uint64(p[i:])&highBits == 0; i += 8 {
	}
	for ; i < len(p) && p[i] < utf8.RuneSelf; i++ {
	}
	return i
}

func (s *source) transcode(p []byte) (int, error) {
	for {
		written, used, err := s.decode(p, s.raw, s.err == io.EOF)
		s.raw = s.raw[used:]
		var damage *formats.SyntaxError
		if errors.As(err, &damage) {
			s.raw, s.err = nil, err
		}
		if written > 0 {
			return written, nil
		}
		if s.err != nil {
			return 0, s.err
		}
		kept := copy(s.buffer, s.raw)
		var n int
		n, s.err = s.read(s.buffer[kept:])
		s.raw = s.buffer[:kept+n]
	}
}
