package fashiontrade

import (
	"cmp"
	"strconv"
	"strings"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// A kind is one of the vendor's size types; its number is the type's place in vocabulary.SizeTypes.
type kind uint8

const (
	categorical kind = iota
	children
	childrenAge
	euMen
	euShirt
	euShoe
	euWomen
	jeans
	oneSize
	otherSize
	ukWomen
	kinds // how many there are
)

// String is the vendor's name of the type.
func (k kind) String() string { return vocabulary.SizeTypes[k] }

// findKind returns the type of this exact name.
func findKind(name []byte) (kind, bool) {
	for k, known := range vocabulary.SizeTypes {
		if known == string(name) {
			return kind(k), true
		}
	}
	return 0, false
}

// kindSet is a set of size types.
type kindSet uint16

func (s kindSet) has(k kind) bool { return s&(1<<k) != 0 }

// only returns the set's single member; ok is false when it has none or several.
func (s kindSet) only() (k kind, ok bool) {
	if s == 0 || s&(s-1) != 0 {
		return 0, false
	}
	for !s.has(k) {
		k++
	}
	return k, true
}

// String joins the members' names: "A, B and C".
func (s kindSet) String() string {
	var names []string
	for k := range kinds {
		if s.has(k) {
			names = append(names, k.String())
		}
	}
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// A size is what the text of a size means: two spellings of one size give equal sizes. For
// OtherSize, whose text the vendor does not read, the text itself counts besides.
type size struct {
	kind kind
	unit byte // of ages: M for months, Y for years
	// low and high are a range's bounds, equal when it is a single size: the place in
	// vocabulary.SizeCategories, centimetres, months or years, half shoe sizes, numbers. Of shirts
	// they are collar and sleeve, of jeans waist and length; -1: there is no second one.
	low, high int16
}

// compare puts sizes in the order in which a shop lists them.
func (s size) compare(t size) int {
	return cmp.Or(cmp.Compare(s.kind, t.kind), cmp.Compare(s.months(s.low), t.months(t.low)),
		cmp.Compare(s.months(s.high), t.months(t.high)), cmp.Compare(s.unit, t.unit))
}

// months makes ages in months and years comparable. Other numbers stay.
func (s size) months(n int16) int16 {
	if s.unit == 'Y' {
		return n * 12
	}
	return n
}

// guessable are the types that a size's text alone may show. OneSize and OtherSize say nothing of
// it, and EuShirtSize is not in the vendor's list of types.
const guessable = 1<<categorical | 1<<children | 1<<childrenAge | 1<<euMen | 1<<euShoe | 1<<euWomen | 1<<jeans |
	1<<ukWomen

// fitting returns the guessable types that take the text.
func fitting(text []byte) kindSet {
	var set kindSet
	for k := range kinds {
		if kindSet(guessable).has(k) {
			if _, ok := parseSize(k, text); ok {
				set |= 1 << k
			}
		}
	}
	return set
}

// parseSize reads the text as a size of the type. Blanks are those that the vendor's regular
// expressions take. A range whose second bound is below its first is not a size. OneSize takes any
// text, for it is not sent.
func parseSize(k kind, text []byte) (size, bool) {
	switch k {
	case categorical:
		return parseCategorical(text)
	case children:
		return parseChildren(text)
	case childrenAge:
		return parseAge(text)
	case euMen:
		return parseListed(k, text, vocabulary.EuMenSizes)
	case euShirt:
		return parseShirt(text)
	case euShoe:
		return parseShoe(text)
	case euWomen:
		return parseListed(k, text, vocabulary.EuWomenSizes)
	case jeans:
		return parseJeans(text)
	case oneSize:
		return size{kind: oneSize}, true
	case otherSize:
		return size{kind: otherSize}, len(text) > 0
	case ukWomen:
		return parseListed(k, text, vocabulary.UkWomenSizes)
	}
	return size{}, false
}

func parseCategorical(text []byte) (size, bool) {
	for i := range vocabulary.SizeCategories {
		category := &vocabulary.SizeCategories[i]
		if spelled(text, category.Spellings) || spelled(text, category.Defined) {
			return size{kind: categorical, low: int16(i), high: int16(i)}, true
		}
	}
	return size{}, false
}

// spelled reports whether text is one of the lower-case spellings, in any case of ASCII letters.
func spelled(text []byte, spellings []string) bool {
	for _, spelling := range spellings {
		if equalFold(text, spelling) {
			return true
		}
	}
	return false
}

func equalFold(text []byte, lower string) bool {
	if len(text) != len(lower) {
		return false
	}
	for i, c := range text {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func parseListed(k kind, text []byte, list []string) (size, bool) {
	for _, listed := range list {
		if listed == string(text) {
			s := scanner(text)
			n, _ := s.number(1, 2)
			return size{kind: k, low: n, high: n}, true
		}
	}
	return size{}, false
}

func parseChildren(text []byte) (size, bool) {
	s := scanner(text)
	s.blanks()
	low, ok := s.number(1, 3)
	s.blanks()
	high := low
	if ok && len(s) > 0 {
		s.one("-/")
		s.blanks()
		high, ok = s.number(1, 3)
		s.blanks()
	}
	ok = ok && len(s) == 0 && low <= high &&
		low >= vocabulary.MinChildrenSize && high <= vocabulary.MaxChildrenSize
	return size{kind: children, low: low, high: high}, ok
}

func parseAge(text []byte) (size, bool) {
	s := scanner(text)
	s.blanks()
	low, unit, ok := s.age()
	s.blanks()
	high, same := low, unit
	if ok && len(s) > 0 {
		s.one("-/")
		s.blanks()
		high, same, ok = s.age()
		s.blanks()
	}
	most := int16(vocabulary.MaxYears)
	if unit == 'M' {
		most = vocabulary.MaxMonths
	}
	ok = ok && len(s) == 0 && unit == same && low <= high && high <= most
	return size{kind: childrenAge, unit: unit, low: low, high: high}, ok
}

func parseShirt(text []byte) (size, bool) {
	s := scanner(text)
	collar, ok := s.number(2, 2)
	s.blank()
	sleeve := int16(-1)
	if ok && len(s) > 0 {
		ok = s.one("-") != 0
		s.blank()
		if ok {
			sleeve, ok = s.number(1, 1)
		}
		ok = ok && (sleeve == vocabulary.ShortSleeve || sleeve == vocabulary.LongSleeve)
	}
	ok = ok && len(s) == 0 && collar >= vocabulary.MinCollar && collar <= vocabulary.MaxCollar
	return size{kind: euShirt, low: collar, high: sleeve}, ok
}

func parseShoe(text []byte) (size, bool) {
	s := scanner(text)
	low, ok := s.shoe()
	high := low
	if ok && len(s) > 0 {
		ok = s.one("-") != 0
		if ok {
			high, ok = s.shoe()
		}
	}
	ok = ok && len(s) == 0 && low <= high &&
		low >= 2*vocabulary.MinEuShoeSize && high <= 2*vocabulary.MaxEuShoeSize
	return size{kind: euShoe, low: low, high: high}, ok
}

func parseJeans(text []byte) (size, bool) {
	s := scanner(text)
	s.blanks()
	s.one("Ww")
	waist, ok := s.number(2, 2)
	s.blanks()
	s.one("Xx-")
	s.blanks()
	length := int16(-1)
	if ok && len(s) > 0 {
		s.one("Ll")
		length, ok = s.number(2, 2)
		s.blanks()
	}
	return size{kind: jeans, low: waist, high: length}, ok && len(s) == 0
}

// A scanner is the rest of a text that is being read.
type scanner []byte

// isBlank reports what \s stands for in the vendor's regular expressions.
func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' && c != '\v' }

func (s *scanner) blank() {
	if len(*s) > 0 && isBlank((*s)[0]) {
		*s = (*s)[1:]
	}
}

func (s *scanner) blanks() {
	for len(*s) > 0 && isBlank((*s)[0]) {
		*s = (*s)[1:]
	}
}

// one takes the next byte when it is one of set, and returns it; else 0.
func (s *scanner) one(set string) byte {
	if len(*s) == 0 || strings.IndexByte(set, (*s)[0]) < 0 {
		return 0
	}
	c := (*s)[0]
	*s = (*s)[1:]
	return c
}

// letter takes the next byte when it is a capital letter.
func (s *scanner) letter() {
	if len(*s) > 0 && 'A' <= (*s)[0] && (*s)[0] <= 'Z' {
		*s = (*s)[1:]
	}
}

// number takes as many digits as there are, at most most; ok is false when they are fewer than least.
func (s *scanner) number(least, most int) (n int16, ok bool) {
	taken := 0
	for taken < most && taken < len(*s) && '0' <= (*s)[taken] && (*s)[taken] <= '9' {
		n = n*10 + int16((*s)[taken]-'0')
		taken++
	}
	*s = (*s)[taken:]
	return n, taken >= least
}

// age takes a number with its unit.
func (s *scanner) age() (n int16, unit byte, ok bool) {
	n, ok = s.number(1, 2)
	unit = s.one("MY")
	return n, unit, ok && unit != 0
}

// shoe takes one shoe size with an optional letter for its width before or after, and returns it in
// halves.
func (s *scanner) shoe() (halves int16, ok bool) {
	s.letter()
	s.blanks()
	whole, ok := s.number(2, 2)
	halves = 2 * whole
	if rest := *s; ok && len(rest) > 1 && rest[0] == '.' {
		ok = rest[1] == '0' || rest[1] == '5'
		if rest[1] == '5' {
			halves++
		}
		*s = rest[2:]
	}
	s.blanks()
	s.letter()
	return halves, ok
}

// takes says in a sentence what each type takes.
var takes = [kinds]string{
	categorical: "one of xxs, xs, s, m, l, xl, xxl, 3xl, 4xl and 5xl, its long form such as extra large, " +
		"or two neighbours such as s-m",
	children:    "a height from 50 to 188 cm such as 128, or two such as 128-132 with the smaller one first",
	childrenAge: "an age of at most 24M or 18Y such as 6M, or two of one unit such as 3Y-4Y with the lower one first",
	euMen:       "an even number from 40 to 66",
	euShirt:     "a collar from 34 to 54, with -5 or -7 for the sleeve after it where needed: 41 or 41-7",
	euShoe:      "a whole or half size from 16 to 60 such as 42.5, or two such as 43-44 with the smaller one first",
	euWomen:     "an even number from 30 to 60",
	jeans:       "a waist such as W32, or waist and length such as W32L34 or 32x34",
	oneSize:     "no size",
	otherSize:   "any text",
	ukWomen:     "an even number from 2 to 30",
}

// nearestSize returns a size of one of the types that text was most likely meant to be, or "". It
// rewrites how people write sizes; it never takes another size instead.
func nearestSize(set kindSet, text string) string {
	for k := range kinds {
		if !set.has(k) || k == oneSize || k == otherSize {
			continue
		}
		for _, rewritten := range rewritings(k, text) {
			if _, ok := parseSize(k, []byte(rewritten)); ok {
				return rewritten
			}
		}
	}
	return ""
}

// rewritings lists what the text may have been meant to be, the likeliest first.
func rewritings(k kind, text string) []string {
	plain := strings.ToUpper(strings.TrimSpace(text))
	for _, word := range []string{"SIZE", "EUR", "EU", "UK", "DE"} {
		plain = strings.TrimSpace(strings.TrimPrefix(plain, word))
	}
	plain = strings.NewReplacer(",", ".", " ½", ".5", "½", ".5", "–", "-", "×", "x", " TO ", "-").Replace(plain)
	tight := strings.TrimSuffix(strings.Join(strings.Fields(plain), ""), ".0")
	switch k {
	case categorical:
		return categoricalRewritings(tight)
	case childrenAge:
		return ageRewritings(tight)
	case children:
		return []string{tight, strings.TrimSuffix(tight, "CM")}
	case euShoe:
		return append([]string{tight, strings.ReplaceAll(tight, "/", "-")}, nearestHalf(tight)...)
	case jeans:
		return []string{tight, strings.NewReplacer("/", "x", "*", "x", "INCH", "", `"`, "").Replace(tight)}
	default:
		return []string{tight, strings.TrimLeft(tight, "0")}
	}
}

func categoricalRewritings(tight string) []string {
	if xs := strings.TrimRight(tight, "L"); len(tight)-len(xs) == 1 && strings.Trim(xs, "X") == "" {
		return []string{strings.ToLower(tight), strconv.Itoa(len(xs)) + "xl"}
	}
	wanted := lettersAndDigits(tight)
	for _, category := range vocabulary.SizeCategories {
		for _, spelling := range category.Spellings {
			if lettersAndDigits(spelling) == wanted {
				return []string{spelling}
			}
		}
	}
	long := strings.NewReplacer("XXX", "extraextraextra", "XX", "extraextra", "X", "extra").Replace(tight)
	for _, category := range vocabulary.SizeCategories {
		for _, spelling := range category.Spellings {
			if lettersAndDigits(spelling) == lettersAndDigits(long) {
				return []string{spelling}
			}
		}
	}
	if len(wanted) >= 4 && strings.Trim(wanted, "abcdefghijklmnopqrstuvwxyz") == "" {
		for _, word := range []string{"small", "medium", "large"} {
			if misspelled(wanted, word) {
				return []string{word}
			}
		}
	}
	return nil
}

// misspelled reports whether one letter was left out of word, added or changed.
func misspelled(text, word string) bool {
	start, end := 0, 0
	for start < min(len(text), len(word)) && text[start] == word[start] {
		start++
	}
	for end < min(len(text), len(word))-start && text[len(text)-1-end] == word[len(word)-1-end] {
		end++
	}
	return max(len(text), len(word))-start-end <= 1
}

func lettersAndDigits(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return -1
	}, text)
}

// ageRewritings knows "6 months", "2-3 years" and "6-9M", where the unit stands once.
func ageRewritings(tight string) []string {
	short := strings.NewReplacer("MONTHS", "M", "MONTH", "M", "MTHS", "M", "MTH", "M", "MOS", "M", "MO", "M",
		"YEARS", "Y", "YEAR", "Y", "YRS", "Y", "YR", "Y", "JAHRE", "Y", "JAAR", "Y", "ANS", "Y", "ANNI", "Y").Replace(tight)
	rewritten := []string{short}
	if low, high, ok := strings.Cut(strings.ReplaceAll(short, "/", "-"), "-"); ok && high != "" {
		rewritten = append(rewritten, low+high[len(high)-1:]+"-"+high)
	}
	return rewritten
}

// nearestHalf gives the half size next to a size with another fraction.
func nearestHalf(tight string) []string {
	n, err := strconv.ParseFloat(tight, 64)
	if err != nil || !strings.Contains(tight, ".") || n < 0 || n > 100 {
		return nil
	}
	halves := int(n*2 + 0.5)
	nearest := strconv.Itoa(halves / 2)
	if halves%2 == 1 {
		nearest += ".5"
	}
	return []string{nearest}
}
