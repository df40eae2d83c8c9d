package faslet

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// reasonWrong is the rule of the reason of a return.
var reasonWrong = &schema.Rule{ID: "reason.unknown", Clause: clause(50),
	Sentence: "the reason of a return is a number from 1 to 9, or one of the vendor's words for them, such as Too small"}

var reasonChecks = []schema.Check{{Rule: reasonWrong, OK: func(value []byte) bool { return reasonOf(value) != "" }, Explain: explainReason}}

// reasonValues are the values of the reasons, as text (faslet:41).
var reasonValues = [...]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}

// reasonOf returns the value of a reason that is given as its number or in the vendor's words, whatever
// their case, blanks and apostrophes; empty when it is neither. It does not allocate.
func reasonOf(cell []byte) string {
	if len(cell) == 1 && cell[0] >= '1' && cell[0] <= '9' {
		return reasonValues[cell[0]-'1']
	}
	for i, words := range vocabulary.ReturnReasons {
		if sameWords(cell, words) {
			return reasonValues[i]
		}
	}
	return ""
}

// sameWords reports whether a cell has the letters of the vendor's words, and else only what people put
// between letters: blanks, apostrophes of any kind, slashes, dashes. Colour, is not, and an item for an
// article are taken for the vendor's color and isn't.
func sameWords(cell []byte, words string) bool {
	var letters [64]byte
	n := 0
	for i := 0; i < len(cell); i++ {
		switch c := cell[i] | 0x20; {
		case cell[i] >= 0x80:
			size := punctuation(cell[i:])
			if size == 0 {
				return false
			}
			i += size - 1
		case c >= 'a' && c <= 'z':
			if n == len(letters) {
				return false
			}
			letters[n] = c
			n++
		case cell[i] >= '0' && cell[i] <= '9':
			return false
		}
	}
	return fitsWords(letters[:n], words)
}

// punctuation returns the length of the punctuation that a text begins with, of that which stands in
// feeds in the place of an apostrophe, a blank or a dash; 0 when it is something else.
func punctuation(text []byte) int {
	for _, mark := range [...]string{"’", "‘", "´", "ʼ", "ʹ", "′", "＇", "‛", "\u00a0", "\u202f", "–", "—", "‐", "‑", "\ufeff", "\u200b"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return len(mark)
		}
	}
	return 0
}

// fitsWords compares letters, in lower case, with those of the vendor's words.
func fitsWords(letters []byte, words string) bool {
	at := 0
	for i := 0; i < len(words); i++ {
		c := words[i] | 0x20
		if words[i] >= 0x80 || c < 'a' || c > 'z' {
			continue
		}
		switch {
		case at < len(letters) && letters[at] == c:
			at++
		case c == 'r' && at+1 < len(letters) && letters[at] == 'u' && letters[at+1] == 'r' && bytes.HasSuffix(letters[:at], []byte("colo")):
			at += 2 // colour
		case c == 't' && at+1 < len(letters) && letters[at] == 'o' && letters[at+1] == 't' && bytes.HasSuffix(letters[:at], []byte("isn")):
			at += 2 // is not
		default:
			return false
		}
	}
	return at == len(letters) && at > 0
}

// reasonMeanings are words of feeds, folded, for the vendor's reasons, by their values.
var reasonMeanings = map[string]string{
	"toolarge": "1", "big": "1", "large": "1", "runslarge": "1", "zugroß": "1", "zugross": "1", "tegroot": "1", "tropgrand": "1",
	"troppogrande": "1", "small": "2", "runssmall": "2", "tootight": "2", "zuklein": "2", "teklein": "2", "troppetit": "2",
	"troppopiccolo": "2", "damaged": "3", "defective": "3", "defect": "3", "broken": "3", "beschädigt": "3", "defekt": "3",
	"beschadigd": "3", "endommagé": "3", "danneggiato": "3", "notasdescribed": "4", "notasexpected": "4", "wrongitem": "5",
	"wrongarticle": "5", "wrongsize": "5", "wrongproduct": "5", "falscherartikel": "5", "verkeerdartikel": "5", "color": "6", "colour": "6",
	"wrongcolor": "6", "wrongcolour": "6", "quality": "7", "poorquality": "7", "badquality": "7", "qualität": "7", "kwaliteit": "7",
	"other": "8", "sonstiges": "8", "anders": "8", "autre": "8", "altro": "8", "multiplesizes": "9", "orderedmultiplesizes": "9",
	"mehreregrößenbestellt": "9",
}

// explainReason names the reason that was probably meant.
func explainReason(value string) (message, suggestion string) {
	if number, rest, ok := strings.Cut(value, "."); ok && reasonOf([]byte(number)) == number && strings.Trim(rest, "0") == "" {
		return fmt.Sprintf("%q is the reason %s with a decimal point", value, number), number
	}
	if meant := reasonMeanings[folded(value)]; meant != "" {
		number, _ := strconv.Atoi(meant)
		return fmt.Sprintf("%q is not among the vendor's reasons; %s is %q", value, meant, vocabulary.ReturnReasons[number-1]), meant
	}
	return "", schema.Nearest(value, vocabulary.ReturnReasons)
}
