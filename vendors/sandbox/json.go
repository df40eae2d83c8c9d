package sandbox

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonKind is the kind of a JSON value.
type jsonKind uint8

const (
	jsonNull jsonKind = iota
	jsonBoolean
	jsonNumber
	jsonText
	jsonList
	jsonObject
)

// String names the kind as messages do.
func (k jsonKind) String() string {
	return [...]string{"null", "a boolean", "a number", "a text", "a list", "an object"}[k]
}

// node is one value of a body. It knows where it ended, so that an answer can add members to it
// and leave everything else as the client wrote it.
type node struct {
	kind  jsonKind
	text  string   // a text's characters, a number's digits, "true" or "false"
	names []string // of an object's members
	items []node   // of an object's members or a list's elements
	start int      // offset of its first byte
	end   int      // offset of the byte after it
}

// member returns the member of this name.
func (n *node) member(name string) (*node, bool) {
	for i := range n.names {
		if n.names[i] == name {
			return &n.items[i], true
		}
	}
	return nil, false
}

// textOf returns the text of the member of this name, "" when there is none.
func (n *node) textOf(name string) string {
	if value, ok := n.member(name); ok && value.kind == jsonText {
		return value.text
	}
	return ""
}

// Bodies beyond these are refused, however well formed.
const (
	maxDepth = 32
	maxNodes = 250_000
)

// parseJSON reads a body more strictly than encoding/json: one value, valid UTF-8, no member
// twice, no half surrogates, nothing after the value.
func parseJSON(body []byte) (node, error) { return parseLong(body, "", nil) }

// parseLong is parseJSON for an object with one member that is a list too long to be held: its elements
// are handed to each, one by one, and forgotten. An error of it ends the reading.
func parseLong(body []byte, member string, each func(i int, n *node) error) (node, error) {
	if !utf8.Valid(body) {
		return node{}, errors.New("the body is not UTF-8")
	}
	p := parser{text: string(body), long: member, each: each}
	p.space()
	if p.at == len(p.text) {
		return node{}, errors.New("the body is empty")
	}
	value, err := p.value(0)
	if err != nil {
		return node{}, err
	}
	if p.space(); p.at < len(p.text) {
		return node{}, p.fault("more follows after the value")
	}
	return value, nil
}

// parser reads one JSON text. Texts without escapes are slices of it.
type parser struct {
	text  string
	at    int
	nodes int
	long  string                     // member of the outermost object whose elements go to each
	each  func(i int, n *node) error // nil: all elements are kept
	// The members and elements of all lists and objects that are not closed yet, so that each gets
	// slices of its own length when it is.
	names []string
	items []node
}

func (p *parser) fault(format string, arguments ...any) error {
	line := 1 + strings.Count(p.text[:p.at], "\n")
	return fmt.Errorf("the body is not JSON: line %d, byte %d: %s", line, p.at+1, fmt.Sprintf(format, arguments...))
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// peek returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (n node, err error) {
	if p.nodes++; p.nodes > maxNodes {
		return n, p.fault("more than %d values", maxNodes)
	}
	if depth > maxDepth {
		return n, p.fault("nested deeper than %d", maxDepth)
	}
	n.start = p.at
	switch c := p.peek(); {
	case c == '{':
		n.kind = jsonObject
		err = p.object(&n, depth)
	case c == '[':
		n.kind = jsonList
		err = p.list(&n, depth)
	case c == '"':
		n.kind = jsonText
		n.text, err = p.string()
	case c == '-' || c >= '0' && c <= '9':
		n.kind = jsonNumber
		n.text, err = p.number()
	default:
		n.kind, n.text, err = p.word()
	}
	n.end = p.at
	return n, err
}

func (p *parser) word() (jsonKind, string, error) {
	for _, word := range []struct {
		text string
		kind jsonKind
	}{{"null", jsonNull}, {"true", jsonBoolean}, {"false", jsonBoolean}} {
		if strings.HasPrefix(p.text[p.at:], word.text) {
			p.at += len(word.text)
			return word.kind, word.text, nil
		}
	}
	if p.at == len(p.text) {
		return 0, "", p.fault("it ends too early")
	}
	r, _ := utf8.DecodeRuneInString(p.text[p.at:])
	return 0, "", p.fault("unexpected %q", r)
}

// elements reads what stands between an opening and a closing byte, separated by commas.
func (p *parser) elements(closing byte, one func() error) error {
	p.at++
	if p.space(); p.peek() == closing {
		p.at++
		return nil
	}
	for {
		p.space()
		if err := one(); err != nil {
			return err
		}
		p.space()
		switch p.peek() {
		case ',':
			p.at++
		case closing:
			p.at++
			return nil
		default:
			return p.fault("a comma or %q is missing", closing)
		}
	}
}

// forget reads a list whose elements are handed on.
func (p *parser) forget(n *node, depth int) error {
	n.kind, n.start = jsonList, p.at
	count, others := 0, p.nodes
	err := p.elements(']', func() error {
		p.nodes = others
		item, err := p.value(depth + 1)
		if err == nil {
			err = p.each(count, &item)
		}
		count++
		return err
	})
	n.end = p.at
	return err
}

func (p *parser) list(n *node, depth int) error {
	first := len(p.items)
	err := p.elements(']', func() error {
		item, err := p.value(depth + 1)
		p.items = append(p.items, item)
		return err
	})
	n.items = p.take(first)
	return err
}

// take returns the items from first on, which are complete, and forgets them.
func (p *parser) take(first int) []node {
	items := slices.Clone(p.items[first:])
	p.items = p.items[:first]
	return items
}

// searched is the number of members up to which names are compared one by one.
const searched = 32

func (p *parser) object(n *node, depth int) error {
	firstName, firstItem := len(p.names), len(p.items)
	var seen map[string]bool // only for objects too large to be searched
	err := p.elements('}', func() error {
		name, err := p.name()
		if err != nil {
			return err
		}
		names := p.names[firstName:]
		if len(names) == searched {
			seen = make(map[string]bool)
			for _, name := range names {
				seen[name] = true
			}
		}
		if seen[name] || seen == nil && slices.Contains(names, name) {
			return p.fault("the member %q stands twice", name)
		}
		if seen != nil {
			seen[name] = true
		}
		p.names = append(p.names, name)
		var item node
		if depth == 0 && p.each != nil && name == p.long && p.peek() == '[' {
			err = p.forget(&item, depth+1)
		} else {
			item, err = p.value(depth + 1)
		}
		p.items = append(p.items, item)
		return err
	})
	n.names, n.items = slices.Clone(p.names[firstName:]), p.take(firstItem)
	p.names = p.names[:firstName]
	return err
}

// name reads a member's name and the colon behind it.
func (p *parser) name() (string, error) {
	if p.peek() != '"' {
		return "", p.fault("a member's name is missing")
	}
	name, err := p.string()
	if err != nil {
		return "", err
	}
	if p.space(); p.peek() != ':' {
		return "", p.fault("a colon is missing after %q", name)
	}
	p.at++
	p.space()
	return name, nil
}

func (p *parser) number() (string, error) {
	start := p.at
	if p.peek() == '-' {
		p.at++
	}
	if p.peek() == '0' {
		p.at++
	} else if err := p.digits(); err != nil {
		return "", err
	}
	if p.peek() == '.' {
		p.at++
		if err := p.digits(); err != nil {
			return "", err
		}
	}
	if p.peek() == 'e' || p.peek() == 'E' {
		p.at++
		if p.peek() == '+' || p.peek() == '-' {
			p.at++
		}
		if err := p.digits(); err != nil {
			return "", err
		}
	}
	return p.text[start:p.at], nil
}

func (p *parser) digits() error {
	start := p.at
	for p.peek() >= '0' && p.peek() <= '9' {
		p.at++
	}
	if p.at == start {
		return p.fault("a digit is missing")
	}
	return nil
}

func (p *parser) string() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return p.text[start : p.at-1], nil
		case c == '\\':
			return p.escaped(start)
		case c < ' ':
			return "", p.fault("a control character stands in a text")
		}
		p.at++
	}
	return "", p.fault("a text is never closed")
}

// escaped goes on with a text at its first escape.
func (p *parser) escaped(start int) (string, error) {
	plain := []byte(p.text[start:p.at])
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			return string(plain), nil
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			plain = utf8.AppendRune(plain, r)
		case c < ' ':
			return "", p.fault("a control character stands in a text")
		default:
			plain = append(plain, c)
			p.at++
		}
	}
	return "", p.fault("a text is never closed")
}

func (p *parser) escape() (rune, error) {
	p.at++
	c := p.peek()
	if c == 'u' {
		return p.unicode()
	}
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 && c != 0 {
		p.at++
		return rune("\"\\/\b\f\n\r\t"[i]), nil
	}
	return 0, p.fault("an unknown escape stands in a text")
}

// unicode reads \uXXXX, or two of them that make one character.
func (p *parser) unicode() (rune, error) {
	r, err := p.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if strings.HasPrefix(p.text[p.at:], `\u`) {
		p.at++
		low, err := p.hex()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			return r, nil
		}
	}
	return 0, p.fault("half of a surrogate pair stands in a text")
}

func (p *parser) hex() (rune, error) {
	if p.at+5 > len(p.text) {
		return 0, p.fault("four hexadecimal digits must follow \\u")
	}
	code, err := strconv.ParseUint(p.text[p.at+1:p.at+5], 16, 32)
	if err != nil {
		return 0, p.fault("four hexadecimal digits must follow \\u")
	}
	p.at += 5
	return rune(code), nil
}
