package vocabulary

import (
	"slices"
	"strconv"
	"strings"
)

// letterSizes are the words for the sizes that letters name, with the letters. Others are letters with a number.
var letterSizes = []struct{ word, letters string }{
	{"extra extra small", "XXS"}, {"xx small", "XXS"}, {"extra small", "XS"}, {"x small", "XS"}, {"small", "S"},
	{"medium", "M"}, {"med", "M"}, {"large", "L"}, {"extra large", "XL"}, {"x large", "XL"}, {"xx large", "XXL"},
	{"extra extra large", "XXL"}, {"xxx large", "XXXL"},
}

// SizeLabel returns a size as descriptions of prepacks have it: words become the letters of the trade, "S" for
// "Small" (faire:1300), and anything else stays as it is without blanks around it.
func SizeLabel(size string) string {
	size = strings.TrimSpace(size)
	if len(size) < len("med") {
		return size
	}
	word := plain(size)
	for _, s := range letterSizes {
		if word == s.word {
			return s.letters
		}
	}
	return size
}

// plain writes a size without capitals and with single blanks for hyphens and underscores.
func plain(size string) string {
	if !strings.ContainsAny(size, " -_") {
		return strings.ToLower(size)
	}
	return strings.Join(strings.FieldsFunc(strings.ToLower(size), func(r rune) bool {
		return r == ' ' || r == '-' || r == '_'
	}), " ")
}

// PrepackDescription is what Faire makes of the items of a prepack, the smallest size first: "2-1-2; S-L" of two
// small, one medium and two large (faire:1300). Of a single size it is "6; S", for which the document has no example.
// Sizes and quantities are of one length.
func PrepackDescription(sizes []string, quantities []int) string {
	if len(sizes) == 0 {
		return ""
	}
	var text []byte
	for i, quantity := range quantities {
		if i > 0 {
			text = append(text, '-')
		}
		text = strconv.AppendInt(text, int64(quantity), 10)
	}
	text = append(append(text, "; "...), SizeLabel(sizes[0])...)
	if len(sizes) > 1 {
		text = append(append(text, '-'), SizeLabel(sizes[len(sizes)-1])...)
	}
	return string(text)
}

// The scales on which sizes are told that are not made of numbers alone. Only sizes of one scale can be compared, but
// plain numbers stand beside ages as years.
const (
	letterScale = "letter"
	ageScale    = "age"
	numberScale = "#"
)

// A rank is the place of a size on its scale.
type rank struct {
	scale  string    // one of those above, or what stands around numbers: "eu #", "w# l#"
	places []float64 // compared one after the other; a size that spans two, such as S/M or 12-18M, has both
}

// rankOf returns the rank of a size, ok false when the trade has no order for it.
func rankOf(size string) (r rank, ok bool) {
	for _, half := range []string{" 1/2", "½"} {
		size = strings.ReplaceAll(size, half, ".5")
	}
	text := plain(SizeLabel(size))
	if text == "" || len(text) > 40 {
		return rank{}, false
	}
	if places, ok := spanned(strings.ReplaceAll(text, " ", "/"), letterPlace); ok {
		return rank{letterScale, places}, true
	}
	if places, ok := age(text); ok {
		return rank{ageScale, places}, true
	}
	return numbered(text)
}

// spanned reads one size, or two with a slash between them, of which the second is not the smaller.
func spanned(text string, place func(string) (float64, bool)) ([]float64, bool) {
	from, to, both := strings.Cut(text, "/")
	low, ok := place(strings.TrimSpace(from))
	if !ok || !both {
		return []float64{low}, ok
	}
	high, ok := place(strings.TrimSpace(to))
	return []float64{low, high}, ok && low <= high
}

// letterPlace places XXS to 9XL around M, which is 0. 1X to 9X, the plus sizes of the United States, follow the XL
// sizes of the same number.
func letterPlace(text string) (float64, bool) {
	switch text {
	case "s":
		return -1, true
	case "m":
		return 0, true
	case "l":
		return 1, true
	}
	count := 1.0
	if len(text) > 1 && text[0] >= '1' && text[0] <= '9' {
		count, text = float64(text[0]-'0'), text[1:]
		if text == "x" {
			return count + 1.5, true
		}
		if text != "xl" && text != "xs" {
			return 0, false
		}
	} else if extra := len(text) - 1; extra >= 1 && extra <= 9 && strings.Count(text[:extra], "x") == extra {
		count, text = float64(extra), text[extra-1:]
	}
	switch text {
	case "xs":
		return -1 - count, true
	case "xl":
		return 1 + count, true
	}
	return 0, false
}

// ageUnits are the units of children's sizes in months. Where two sizes are of one age, 24M comes before 2T, and that
// before 2Y and 2: they are cut differently, so the order has a trace of the unit in it.
var ageUnits = []struct {
	name          string
	months, trace float64
}{
	{"months", 1, 0}, {"month", 1, 0}, {"mo", 1, 0}, {"m", 1, 0}, {"t", 12, 0.1},
	{"years", 12, 0.2}, {"year", 12, 0.2}, {"yrs", 12, 0.2}, {"yr", 12, 0.2}, {"y", 12, 0.2},
}

// asYears is the trace of plain numbers among ages.
const asYears = 0.3

// age reads the sizes of children in months: "NB", "3M", "12-18M", "0-3 months", "2T", "4Y", "5 years".
func age(text string) ([]float64, bool) {
	switch text {
	case "nb", "newborn", "new born":
		return []float64{-1}, true
	}
	text = strings.ReplaceAll(text, " ", "/")
	for _, unit := range ageUnits {
		numbers, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		return spanned(strings.TrimSuffix(numbers, "/"), func(number string) (float64, bool) {
			n, ok := decimal(number)
			return n*unit.months + unit.trace, ok
		})
	}
	return nil, false
}

// decimal reads a number of up to four digits, and a half behind them; "00" comes before "0".
func decimal(text string) (float64, bool) {
	whole, half := strings.CutSuffix(text, ".5")
	if whole == "" || len(whole) > 4 || strings.Trim(whole, "0123456789") != "" {
		return 0, false
	}
	n, _ := strconv.ParseFloat(whole, 64)
	if n == 0 {
		n = float64(1 - len(whole))
	}
	if half {
		n += 0.5
	}
	return n, true
}

// numbered reads sizes with numbers in them: "38", "36.5", "EU 38", "32/34", "W32 L34", "34B". What stands around the
// numbers makes the scale, and single letters behind them, such as cups, count last.
func numbered(text string) (rank, bool) {
	kind := make([]byte, 0, len(text))
	var places []float64
	for i := 0; i < len(text); {
		end := i
		for end < len(text) && (text[end] >= '0' && text[end] <= '9' || end > i && text[end] == '.') {
			end++
		}
		if end == i {
			kind, i = append(kind, text[i]), i+1
			continue
		}
		n, ok := decimal(text[i:end])
		if !ok || len(places) == 3 {
			return rank{}, false
		}
		kind, places, i = append(kind, '#'), append(places, n), end
	}
	if len(places) == 0 {
		return rank{}, false
	}
	if cup := kind[len(kind)-1]; string(kind[:len(kind)-1]) == "#" && cup >= 'a' && cup <= 'h' {
		kind, places = []byte("#cup"), append(places, float64(cup))
	}
	if string(kind) == "# #" || string(kind) == "#/#" { // a span, as numbers beside it are
		kind = []byte(numberScale)
	}
	return rank{string(kind), places}, true
}

// CompareSizes tells which of two sizes is the smaller, as the apparel trade orders them: XS S M L XL 2XL, 34 36 38,
// 0-3M 3-6M 2T 3T. It returns 0 for one size in two spellings: "s" and "S", "Large" and "L", "2XL" and "XXL". ok is
// false when the two stand on different scales, or on none.
func CompareSizes(a, b string) (order int, ok bool) {
	if strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b)) {
		return 0, true
	}
	ranks, ok := ranksOf([]string{a, b})
	if !ok {
		return 0, false
	}
	return slices.Compare(ranks[0].places, ranks[1].places), true
}

// SortSizes returns sizes in the order of the apparel trade, two spellings of one size in the order given. ok is false
// when they are not all of one scale; they are returned as they came then, since only their owner knows the order.
func SortSizes(sizes []string) (sorted []string, ok bool) {
	sorted = slices.Clone(sizes)
	if len(sizes) < 2 {
		return sorted, true
	}
	ranks, ok := ranksOf(sizes)
	if !ok {
		return sorted, false
	}
	places := make([]int, len(sizes))
	for i := range places {
		places[i] = i
	}
	slices.SortStableFunc(places, func(a, b int) int { return slices.Compare(ranks[a].places, ranks[b].places) })
	for i, from := range places {
		sorted[i] = sizes[from]
	}
	return sorted, true
}

// ranksOf returns the ranks of sizes that are all of one scale. Among ages, plain numbers are years.
func ranksOf(sizes []string) (ranks []rank, ok bool) {
	aged := false
	ranks = make([]rank, len(sizes))
	for i, size := range sizes {
		if ranks[i], ok = rankOf(size); !ok {
			return nil, false
		}
		aged = aged || ranks[i].scale == ageScale
	}
	for i := range ranks {
		if r := &ranks[i]; aged && r.scale == numberScale {
			r.scale = ageScale
			for j := range r.places {
				r.places[j] = 12*r.places[j] + asYears
			}
		}
		if ranks[i].scale != ranks[0].scale {
			return nil, false
		}
	}
	return ranks, true
}
