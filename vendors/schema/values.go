package schema

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Values is a closed list of values, exact and case-sensitive, in the vendor's order.
type Values struct {
	list []string
	set  map[string]struct{}
}

// NewValues makes a closed list. It keeps the slice.
func NewValues(list ...string) *Values {
	v := &Values{list: list, set: make(map[string]struct{}, len(list))}
	for _, value := range list {
		v.set[value] = struct{}{}
	}
	return v
}

// Also takes further spellings of the listed values, which List does not show, and returns v. It is
// for the making of a schema: a list in use must not be changed.
func (v *Values) Also(spellings ...string) *Values {
	for _, spelling := range spellings {
		v.set[spelling] = struct{}{}
	}
	return v
}

// List returns the values in the vendor's order.
func (v *Values) List() []string { return v.list }

// Has reports whether value is in the list, letter for letter.
func (v *Values) Has(value []byte) bool {
	_, ok := v.set[string(value)]
	return ok
}

// Nearest returns the listed value that value was most likely meant to be, or "" when none is near.
func (v *Values) Nearest(value string) string { return Nearest(value, v.list) }

// Nearest returns the candidate that text was most likely meant to be, or "" when none is near:
// one that differs only in case, blanks and punctuation, else the one with the fewest typing
// mistakes (letters left out, added, changed or swapped), at most one in three letters.
// Another number is another thing: digits must agree. The first candidate wins a tie.
func Nearest(text string, candidates []string) string {
	folded := fold(text)
	if len(folded) == 0 || len(folded) > 100 {
		return ""
	}
	best, fewest := "", len(folded)/3+1
	for _, candidate := range candidates {
		other := fold(candidate)
		if difference := len(folded) - len(other); difference >= fewest || -difference >= fewest ||
			!sameDigits(folded, other) {
			continue
		}
		if mistakes := typingMistakes(folded, other); mistakes < fewest {
			best, fewest = candidate, mistakes
		}
	}
	return best
}

// fold drops what people vary without meaning to: case, blanks and punctuation.
func fold(text string) []rune {
	folded := make([]rune, 0, len(text))
	for _, r := range text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			folded = append(folded, unicode.ToLower(r))
		}
	}
	return folded
}

// sameDigits reports whether two texts hold the same digits in the same order.
func sameDigits(a, b []rune) bool {
	for {
		i, j := slices.IndexFunc(a, unicode.IsDigit), slices.IndexFunc(b, unicode.IsDigit)
		if i < 0 || j < 0 {
			return i == j
		}
		if a[i] != b[j] {
			return false
		}
		a, b = a[i+1:], b[j+1:]
	}
}

// typingMistakes counts letters left out, added, changed, or swapped with their neighbour.
func typingMistakes(a, b []rune) int {
	before := make([]int, len(b)+1) // of the row above the last
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			changed := last[j-1]
			if a[i-1] != b[j-1] {
				changed++
			}
			row[j] = min(changed, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

// ParseBoolean reads a truth value as people and spreadsheets write it, in any case:
// true/false, yes/no, y/n, 1/0, and ja/nein, ja/nee, oui/non, si/no, wahr/falsch.
func ParseBoolean(text []byte) (value, ok bool) {
	switch strings.ToLower(string(text)) {
	case "true", "yes", "y", "1", "ja", "oui", "si", "sí", "wahr", "vrai", "waar":
		return true, true
	case "false", "no", "n", "0", "nein", "nee", "non", "falsch", "faux", "onwaar":
		return false, true
	}
	return false, false
}

// Items calls yield with each value of a cell that lists several, separated by |, blanks around
// them removed, until it returns false. A | within a value is written \|, a \ before it \\.
// Empty values between separators are given too, so that a check can see them.
func Items(cell []byte, yield func(item []byte) bool) {
	if len(cell) == 0 {
		return
	}
	start := 0
	for i := 0; i <= len(cell); i++ {
		if i < len(cell) && cell[i] == '\\' && i+1 < len(cell) && (cell[i+1] == '|' || cell[i+1] == '\\') {
			i++
			continue
		}
		if i == len(cell) || cell[i] == '|' {
			if !yield(unescapeItem(Trim(cell[start:i]))) {
				return
			}
			start = i + 1
		}
	}
}

func unescapeItem(item []byte) []byte {
	escaped := false
	for i := 0; i+1 < len(item); i++ {
		if item[i] == '\\' && (item[i+1] == '|' || item[i+1] == '\\') {
			escaped = true
			break
		}
	}
	if !escaped {
		return item
	}
	plain := make([]byte, 0, len(item))
	for i := 0; i < len(item); i++ {
		if item[i] == '\\' && i+1 < len(item) && (item[i+1] == '|' || item[i+1] == '\\') {
			i++
		}
		plain = append(plain, item[i])
	}
	return plain
}

// JoinItems writes values as one cell that Items takes apart again.
func JoinItems(items []string) string {
	var cell strings.Builder
	for i, item := range items {
		if i > 0 {
			cell.WriteByte('|')
		}
		for {
			at := strings.IndexAny(item, `\|`)
			if at < 0 {
				break
			}
			cell.WriteString(item[:at])
			cell.WriteByte('\\')
			cell.WriteByte(item[at])
			item = item[at+1:]
		}
		cell.WriteString(item)
	}
	return cell.String()
}

// Trim removes the blanks around a value: those of ASCII, and the no-break space that spreadsheets
// and web pages leave behind.
func Trim(value []byte) []byte {
	for len(value) > 0 {
		if value[0] > ' ' && value[0] < utf8.RuneSelf {
			break
		}
		r, size := utf8.DecodeRune(value)
		if !unicode.IsSpace(r) && r != '\u200b' && r != '\ufeff' {
			break
		}
		value = value[size:]
	}
	for len(value) > 0 {
		last := value[len(value)-1]
		if last > ' ' && last < utf8.RuneSelf {
			break
		}
		r, size := utf8.DecodeLastRune(value)
		if !unicode.IsSpace(r) && r != '\u200b' && r != '\ufeff' {
			break
		}
		value = value[:len(value)-size]
	}
	return value
}
