package fashiontrade

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// patterns are the vendor's regular expressions, the oracle of the matchers.
var patterns = map[kind]*regexp.Regexp{
	children:    regexp.MustCompile(vocabulary.ChildrenSizePattern),
	childrenAge: regexp.MustCompile(vocabulary.ChildrenAgeSizePattern),
	euShirt:     regexp.MustCompile(vocabulary.EuShirtSizePattern),
	euShoe:      regexp.MustCompile(vocabulary.EuShoeSizePattern),
	jeans:       regexp.MustCompile(vocabulary.JeansSizePattern),
}

// oracle reads a size with the vendor's own means: lists, regular expressions, bounds.
func oracle(k kind, text string) (size, bool) {
	switch k {
	case categorical:
		for i, category := range vocabulary.SizeCategories {
			if slices.Contains(append(category.Spellings, category.Defined...), lowerASCII(text)) {
				return size{kind: k, low: int16(i), high: int16(i)}, true
			}
		}
		return size{}, false
	case euMen, euWomen, ukWomen:
		list := map[kind][]string{euMen: vocabulary.EuMenSizes, euWomen: vocabulary.EuWomenSizes,
			ukWomen: vocabulary.UkWomenSizes}[k]
		n, _ := strconv.Atoi(text)
		return size{kind: k, low: int16(n), high: int16(n)}, slices.Contains(list, text)
	case oneSize:
		return size{kind: k}, true
	case otherSize:
		return size{kind: k}, text != ""
	}
	groups := patterns[k].FindStringSubmatch(text)
	if groups == nil {
		return size{}, false
	}
	return oracleBounds(k, groups)
}

func oracleBounds(k kind, groups []string) (size, bool) {
	number := func(text string, otherwise float64) float64 {
		if text == "" {
			return otherwise
		}
		n, _ := strconv.ParseFloat(text, 64)
		return n
	}
	low := number(groups[1], 0)
	s := size{kind: k, low: int16(low)}
	switch k {
	case children:
		high := number(groups[2], low)
		s.high = int16(high)
		return s, low >= 50 && high <= 188 && low <= high
	case childrenAge:
		unit, high := groups[2], number(groups[3], low)
		s.high, s.unit = int16(high), unit[0]
		most := map[string]float64{"M": 24, "Y": 18}[unit]
		return s, (groups[4] == "" || groups[4] == unit) && low <= high && high <= most
	case euShirt:
		sleeve := number(groups[2], -1)
		s.high = int16(sleeve)
		return s, low >= 34 && low <= 54 && (sleeve == -1 || sleeve == 5 || sleeve == 7)
	case euShoe:
		high := number(groups[2], low)
		s.low, s.high = int16(2*low), int16(2*high)
		whole := 2*low == float64(int(2*low)) && 2*high == float64(int(2*high))
		return s, whole && low >= 16 && high <= 60 && low <= high
	default:
		s.high = int16(number(groups[2], -1))
		return s, true
	}
}

func lowerASCII(text string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, text)
}

func checkAgainstOracle(t interface {
	Helper()
	Fatalf(string, ...any)
}, text string) {
	t.Helper()
	for k := range kinds {
		got, ok := parseSize(k, []byte(text))
		want, wantOK := oracle(k, text)
		if ok != wantOK || ok && got != want {
			t.Fatalf("%s %q = %+v, %v; the vendor reads %+v, %v", k, text, got, ok, want, wantOK)
		}
	}
}

func TestMatchersReadWhatTheVendorReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.OneOf(
			rapid.StringMatching(`[0-9]{1,3}`),
			rapid.StringMatching(`[ \t\n\r\f\v]{1,2}`),
			rapid.SampledFrom([]string{"-", "/", "x", "X", "W", "w", "L", "l", "M", "Y", "A", "Z", ".", ".5", ".0", ",5",
				"small", "extra", "extra_small", "s", "S", "XL", "2xl", "é", "½", "\xff"}),
		), 0, 6).Draw(t, "parts")
		checkAgainstOracle(t, strings.Join(parts, ""))
	})
}

func TestMatchersReadEveryNumber(t *testing.T) {
	for n := range 10_000 {
		checkAgainstOracle(t, strconv.Itoa(n))
		if n%7 != 0 { // all pairs take too long
			continue
		}
		checkAgainstOracle(t, strconv.Itoa(n/100)+"."+strconv.Itoa(n%10))
		checkAgainstOracle(t, strconv.Itoa(n/100)+"-"+strconv.Itoa(n%100))
		checkAgainstOracle(t, strconv.Itoa(n/100)+"M-"+strconv.Itoa(n%100)+"M")
		checkAgainstOracle(t, strconv.Itoa(n/100)+"Y/"+strconv.Itoa(n%100)+"Y")
	}
}

func TestMatchersReadEverySpelling(t *testing.T) {
	for i, category := range vocabulary.SizeCategories {
		for _, spelling := range append(category.Spellings, category.Defined...) {
			for _, text := range []string{spelling, strings.ToUpper(spelling), strings.ToUpper(spelling[:1]) + spelling[1:]} {
				got, ok := parseSize(categorical, []byte(text))
				if !ok || int(got.low) != i {
					t.Errorf("CategoricalSize %q = %+v, %v, want %s", text, got, ok, category.Name)
				}
			}
		}
	}
}

func FuzzSizes(f *testing.F) {
	for _, seed := range []string{"", "m", "X-LARGE", "med", "128", "128 / 132", "122128", "6M-9M", "2Y / 3Y", "34-5",
		"42.5", "42.3", "A43 B-C44 D", "W36L36", "36x36", "36-36", "3632", " 36 x 36 ", "050", "60.5", "s\u017f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { checkAgainstOracle(t, text) })
}

func TestSizes(t *testing.T) {
	for _, test := range []struct {
		kind kind
		good []string
		bad  []string
	}{
		{categorical, []string{"M", "med", "x-large", "Extra Small", "5XL", "XL-2XL"}, []string{"", "6xl", "extra  small", "xxxs", "S/M"}},
		{children, []string{"50", "188", "122-128", "128 / 132", "122128", "104 104"}, []string{"49", "189", "132-128", "128-", "-128", "128a", "1.5"}},
		{childrenAge, []string{"6M", "24M", "18Y", "6M-9M", "2Y / 3Y", "0M", "2Y2Y"}, []string{"25M", "19Y", "6M-2Y", "6-9M", "6m", "3Y-2Y", "6"}},
		{euMen, []string{"40", "66"}, []string{"38", "41", "68", "050", "50.0"}},
		{euShirt, []string{"34", "54-7", "41 - 5", "41 "}, []string{"33", "55", "41-6", "41-", "41  ", "41/5"}},
		{euShoe, []string{"16", "60", "42.5", "42.0", "43-44", "H42", "42 H", "H 42.5H-43G"}, []string{"15.5", "60.5", "42.3", "44-43", "42,5", "h42", "42 H ", "42."}},
		{euWomen, []string{"30", "60"}, []string{"28", "62", "37"}},
		{jeans, []string{"W32L34", "32x34", "32X34", "32", "w32", "32-34", "3234", "00", "32x"}, []string{"", "W32L", "32/34", "320", "32L3", "5"}},
		{oneSize, []string{"", "anything"}, nil},
		{otherSize, []string{"toddler"}, []string{""}},
		{ukWomen, []string{"2", "30"}, []string{"0", "1", "32", "08"}},
	} {
		for _, text := range test.good {
			if _, ok := parseSize(test.kind, []byte(text)); !ok {
				t.Errorf("%s does not take %q", test.kind, text)
			}
		}
		for _, text := range test.bad {
			if got, ok := parseSize(test.kind, []byte(text)); ok {
				t.Errorf("%s takes %q as %+v", test.kind, text, got)
			}
		}
	}
}

func TestSpellingsOfOneSize(t *testing.T) {
	for _, test := range []struct {
		kind kind
		same []string
		not  string
	}{
		{categorical, []string{"s", "small", "S", "Small"}, "xs"},
		{categorical, []string{"xl-xxl", "xl-2xl", "extra_large-extra_extra_large"}, "xxl"},
		{jeans, []string{"W36L36", "36x36", "36-36", "3636", " w36 l36 "}, "36"},
		{jeans, []string{"36", "W36", "36x"}, "36x00"},
		{children, []string{"128-132", "128 / 132", "128132"}, "128"},
		{children, []string{"128", "128-128"}, "132"},
		{euShoe, []string{"43", "43.0", "H43", "43 G", "43-43"}, "43.5"},
		{childrenAge, []string{"6M-9M", "6M / 9M", "6M9M"}, "6M"},
		{childrenAge, []string{"24M", "24M-24M"}, "2Y"},
		{euShirt, []string{"41-7", "41 - 7"}, "41"},
	} {
		first, ok := parseSize(test.kind, []byte(test.same[0]))
		if !ok {
			t.Fatalf("%s does not take %q", test.kind, test.same[0])
		}
		for _, text := range test.same[1:] {
			if got, _ := parseSize(test.kind, []byte(text)); got != first {
				t.Errorf("%s: %q = %+v, but %q = %+v", test.kind, text, got, test.same[0], first)
			}
		}
		if other, ok := parseSize(test.kind, []byte(test.not)); !ok || other == first {
			t.Errorf("%s: %q = %+v, %v, want another size than %q", test.kind, test.not, other, ok, test.same[0])
		}
	}
}

func TestSizesStandInTheOrderOfAShop(t *testing.T) {
	for _, test := range []struct {
		kind  kind
		order []string
	}{
		{categorical, []string{"XXS", "xs", "xs-s", "S", "m", "L", "XL", "2xl", "xxxl", "4XL", "5xl"}},
		{children, []string{"50", "98-104", "104", "104-110", "110"}},
		{childrenAge, []string{"3M", "6M", "12M", "18M", "2Y", "3Y", "10Y"}},
		{euShoe, []string{"36", "36.5", "36.5-37", "37", "43"}},
		{ukWomen, []string{"2", "8", "10", "30"}},
		{jeans, []string{"28", "28x30", "28x32", "30x30"}},
	} {
		for i := 1; i < len(test.order); i++ {
			a, okA := parseSize(test.kind, []byte(test.order[i-1]))
			b, okB := parseSize(test.kind, []byte(test.order[i]))
			if !okA || !okB || a.compare(b) >= 0 || b.compare(a) <= 0 {
				t.Errorf("%s: %q does not come before %q", test.kind, test.order[i-1], test.order[i])
			}
		}
	}
}

func TestNearestSize(t *testing.T) {
	for _, test := range []struct {
		set        kindSet
		text, want string
	}{
		{1 << categorical, "XXXXL", "4xl"},
		{1 << categorical, "XXXXXXL", ""},
		{1 << categorical, "6XL", ""},
		{1 << categorical, "XXXS", ""},
		{1 << categorical, "S/M", "s-m"},
		{1 << categorical, "XX-Large", "extra_extra_large"},
		{1 << categorical, "X Large", "x-large"},
		{1 << categorical, "Smal", "small"},
		{1 << categorical, "Mediun", "medium"},
		{1 << categorical, "banana", ""},
		{1 << euShoe, "42,5", "42.5"},
		{1 << euShoe, "42.3", "42.5"},
		{1 << euShoe, "EU 43", "43"},
		{1 << euShoe, "43½", "43.5"},
		{1 << euShoe, "43 1/3", ""},
		{1 << euShoe, "70.3", ""},
		{1 << euWomen, "38.0", "38"},
		{1 << euWomen, "37", ""},
		{1 << ukWomen, "08", "8"},
		{1 << ukWomen, "UK 12", "12"},
		{1 << jeans, "32/34", "32x34"},
		{1 << children, "128cm", "128"},
		{1 << childrenAge, "6-9 months", "6M-9M"},
		{1 << childrenAge, "2 years", "2Y"},
		{1 << childrenAge, "30 months", ""},
		{guessable, "L/XL", "l-xl"},
		{1 << otherSize, "", ""},
	} {
		got := nearestSize(test.set, test.text)
		if got != test.want {
			t.Errorf("nearestSize(%s, %q) = %q, want %q", test.set, test.text, got, test.want)
		}
	}
}

func TestNearestSizeIsRight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := kind(rapid.IntRange(0, int(kinds)-1).Draw(t, "kind"))
		text := rapid.OneOf(rapid.StringMatching(`[0-9XSML,./ -]{0,8}`), rapid.String()).Draw(t, "text")
		if nearest := nearestSize(1<<k, text); nearest != "" {
			if _, ok := parseSize(k, []byte(nearest)); !ok {
				t.Fatalf("nearestSize(%s, %q) = %q, which %s does not take", k, text, nearest, k)
			}
		}
	})
}

func TestMatchersDoNotAllocate(t *testing.T) {
	texts := [][]byte{[]byte("extra extra extra large"), []byte("128 / 132"), []byte("6M-9M"), []byte("W36L36"), []byte("42.5")}
	allocated := testing.AllocsPerRun(100, func() {
		for _, text := range texts {
			fitting(text)
		}
	})
	if allocated != 0 {
		t.Errorf("matching %d sizes allocates %v times", len(texts), allocated)
	}
}

func BenchmarkFitting(b *testing.B) {
	text := []byte("extra_extra_large-3xl")
	for b.Loop() {
		fitting(text)
	}
}
