package xlsx

import (
	"strconv"
	"strings"
)

// formatKind is what a number format makes of a number.
type formatKind uint8

const (
	plainNumber formatKind = iota
	dateOnly
	dateAndTime
	timeOnly
	dateOrTime // one of the built-in formats that are a date in one language and a time in another
	elapsed    // hours beyond 24
	padded     // leading zeros shown
)

// A section is one of the up to four parts of a number format.
type section struct {
	kind     formatKind
	decimals int    // of seconds
	zeros    int    // digits shown at least, when padded
	mask     []byte // what a padded number is shown as, a NUL for each digit
	test     byte   // condition: '<', '>', '=', 'l' for <=, 'g' for >=, '!' for <>; 0: by sign
	bound    float64
}

// maxMask is the longest format that programs keep, in bytes; a longer one would blow each number up.
const maxMask = 255

// A numberFormat is a parsed number format.
type numberFormat struct {
	sections []section
	plain    bool // no section changes what a number reads as
}

// of returns the section that applies to a number.
func (f *numberFormat) of(value float64) *section {
	sections := f.sections[:min(len(f.sections), 3)]
	if len(sections) == 0 {
		return &section{}
	}
	conditional := false
	for i := range sections {
		conditional = conditional || sections[i].test != 0
	}
	if conditional {
		for i := range sections {
			if sections[i].holds(value) {
				return &sections[i]
			}
		}
		return &sections[len(sections)-1]
	}
	switch {
	case value < 0 && len(sections) > 1:
		return &sections[1]
	case value == 0 && len(sections) > 2:
		return &sections[2]
	}
	return &sections[0]
}

func (s *section) holds(value float64) bool {
	switch s.test {
	case '<':
		return value < s.bound
	case '>':
		return value > s.bound
	case '=':
		return value == s.bound
	case 'l':
		return value <= s.bound
	case 'g':
		return value >= s.bound
	case '!':
		return value != s.bound
	}
	return true
}

// builtIn gives the meaning of the formats that a workbook uses by number alone. Those that depend
// on the spreadsheet program's language are told apart by the value.
func builtIn(id int) numberFormat {
	kind := plainNumber
	switch {
	case id >= 14 && id <= 17, id >= 27 && id <= 31, id == 36, id >= 50 && id <= 54, id == 57, id == 58, id >= 71 && id <= 74, id == 81:
		kind = dateOnly
	case id >= 18 && id <= 21, id == 32, id == 33, id == 45, id == 47, id == 75, id == 76, id == 78, id == 80:
		kind = timeOnly
	case id == 22, id == 77:
		kind = dateAndTime
	case id == 34, id == 35, id == 55, id == 56:
		kind = dateOrTime
	case id == 46, id == 79:
		kind = elapsed
	default:
		return numberFormat{plain: true}
	}
	s := section{kind: kind}
	if id == 47 || id == 80 {
		s.decimals = 1
	}
	return numberFormat{sections: []section{s}}
}

// parseFormat reads a format code such as [$-409]d\-mmm\-yy;@.
func parseFormat(code string) numberFormat {
	f := numberFormat{plain: true}
	for _, text := range splitSections(code) {
		s := parseSection(text)
		f.sections = append(f.sections, s)
		f.plain = f.plain && s.kind == plainNumber
	}
	return f
}

// splitSections cuts at the semicolons that are not quoted, at most four times.
func splitSections(code string) []string {
	var sections []string
	from := 0
	for i := 0; i < len(code) && len(sections) < 3; i++ {
		switch code[i] {
		case '\\', '_', '*':
			i++
		case '"':
			i += 1 + max(0, strings.IndexByte(code[i+1:], '"'))
		case '[':
			i += max(0, strings.IndexByte(code[i:], ']'))
		case ';':
			sections = append(sections, code[from:i])
			from = i + 1
		}
	}
	return append(sections, code[from:])
}

// A sectionParser collects what decides about a section.
type sectionParser struct {
	section
	day, clock bool // a year, month or day; an hour, minute or second
	months     int  // runs of m that are months so far
	last       byte // the last date letter, M for a month
	others     bool // something that makes it neither a date nor a padded number
}

func parseSection(text string) section {
	var p sectionParser
	for i := 0; i < len(text); {
		i += p.piece(text[i:])
	}
	return p.finish()
}

// piece takes the next piece of a section and returns its length.
func (p *sectionParser) piece(text string) int {
	if len(text) >= 7 && strings.EqualFold(text[:7], "general") {
		p.others = true
		return 7
	}
	for _, half := range []string{"AM/PM", "A/P"} {
		if len(text) >= len(half) && strings.EqualFold(text[:len(half)], half) {
			p.clock = true
			return len(half)
		}
	}
	switch c := text[0]; c {
	case '"':
		end := strings.IndexByte(text[1:], '"')
		if end < 0 {
			end = len(text) - 1
		}
		p.literal(text[1 : 1+end])
		return min(len(text), end+2)
	case '\\':
		p.literal(text[1:min(2, len(text))])
		return min(2, len(text))
	case '_', '*':
		return min(2, len(text))
	case '[':
		end := strings.IndexByte(text, ']')
		if end < 0 {
			return len(text)
		}
		p.bracket(text[1:end])
		return end + 1
	case '0', '#', '?', '.', ',', '%', '/', '@':
		return p.number(text)
	default:
		return p.letter(text)
	}
}

func (p *sectionParser) literal(text string) {
	p.mask = append(p.mask, strings.ReplaceAll(text, "\x00", "")...)
}

// bracket reads a colour, a condition, a locale or an elapsed time.
func (p *sectionParser) bracket(text string) {
	lower := strings.ToLower(text)
	switch {
	case lower == "":
	case strings.Trim(lower, "h") == "", strings.Trim(lower, "m") == "", strings.Trim(lower, "s") == "":
		p.kind, p.last = elapsed, lower[0]
	case lower[0] == '<' || lower[0] == '>' || lower[0] == '=':
		p.condition(lower)
	case lower[0] == '$':
		if symbol, _, _ := strings.Cut(text[1:], "-"); symbol != "" {
			p.others = true
		}
	}
}

func (p *sectionParser) condition(text string) {
	tests := []struct {
		sign string
		test byte
	}{{"<=", 'l'}, {">=", 'g'}, {"<>", '!'}, {"<", '<'}, {">", '>'}, {"=", '='}}
	for _, t := range tests {
		if rest, found := strings.CutPrefix(text, t.sign); found {
			if bound, err := strconv.ParseFloat(strings.TrimSpace(rest), 64); err == nil {
				p.test, p.bound = t.test, bound
			}
			return
		}
	}
}

// number reads a run of digit placeholders and signs of numbers.
func (p *sectionParser) number(text string) int {
	switch text[0] {
	case '0':
		p.zeros++
		p.mask = append(p.mask, 0)
		return 1
	case '.':
		n := len(text[1:]) - len(strings.TrimLeft(text[1:], "0"))
		if p.last == 's' && n > 0 {
			p.decimals = min(n, 3)
			return 1 + n
		}
		p.others = true
	case '#':
		if p.zeros > 0 {
			p.others = true
		}
	default:
		p.others = true
	}
	return 1
}

// letter reads a run of one date letter, or something that is shown as it is.
func (p *sectionParser) letter(text string) int {
	c := text[0] | 0x20
	n := 1
	for n < len(text) && text[n]|0x20 == c && text[n] >= 'A' {
		n++
	}
	if text[0] < 'A' {
		p.literal(text[:1])
		return 1
	}
	switch c {
	case 'e':
		if len(text) > 1 && (text[1] == '+' || text[1] == '-') {
			p.others = true
			return 2
		}
		p.day = true
	case 'y', 'd', 'b', 'g':
		p.day = true
	case 'h':
		p.clock = true
	case 's':
		p.clock = true
		if p.last == 'M' {
			p.months-- // an m before s is minutes
		}
	case 'm':
		if p.last == 'h' {
			p.clock = true
		} else {
			p.months++
			c = 'M'
		}
	default:
		p.literal(text[:1])
		return 1
	}
	p.last = c
	return n
}

func (p *sectionParser) finish() section {
	s := p.section
	day := p.day || p.months > 0
	switch {
	case s.kind == elapsed:
	case day && p.clock:
		s.kind = dateAndTime
	case day:
		s.kind = dateOnly
	case p.clock:
		s.kind = timeOnly
	case s.zeros > 1 && !p.others && len(s.mask) <= maxMask:
		s.kind = padded
	}
	if s.kind != padded {
		s.mask, s.zeros = nil, 0
	}
	return s
}
