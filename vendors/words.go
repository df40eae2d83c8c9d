package vendors

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"bulkload/vendors/schema"
)

// HoldsWord reports whether a vendor's words hold a word with no letter, digit or _ right before or after it.
func HoldsWord(text, word string) bool {
	for start := 0; word != ""; {
		at := strings.Index(text[start:], word)
		if at < 0 {
			return false
		}
		before, _ := utf8.DecodeLastRuneInString(text[:start+at])
		after, _ := utf8.DecodeRuneInString(text[start+at+len(word):])
		if !InWord(before) && !InWord(after) {
			return true
		}
		_, size := utf8.DecodeRuneInString(text[start+at:])
		start += at + size
	}
	return false
}

// InWord reports whether a rune belongs to a word or a name.
func InWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// MentionedField returns the field whose name a vendor's words hold, or the last part of it, the longest
// first; else otherwise. Of two that end alike, the one whose whole name is held counts.
func MentionedField(l *schema.Layout, message, otherwise string) string {
	field, longest := otherwise, 0
	for i := range l.Columns {
		column := &l.Columns[i]
		if column.Field.ReadOnly {
			continue
		}
		for _, name := range [...]string{column.Name, column.Name[strings.LastIndexByte(column.Name, '.')+1:]} {
			if len(name) > longest && HoldsWord(message, name) {
				field, longest = column.Name, len(name)
			}
		}
	}
	return field
}
