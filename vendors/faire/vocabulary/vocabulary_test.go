package vocabulary

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"
	"pgregory.net/rapid"
)

// lines returns the vendor's page; numbers count from 1.
func lines(t *testing.T) []string {
	t.Helper()
	folder := os.Getenv("BULKLOAD_VENDOR_DOCS")
	if folder == "" {
		t.Skip("BULKLOAD_VENDOR_DOCS does not name the folder of the vendors' documents")
	}
	text, err := os.ReadFile(filepath.Join(folder, "faire.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{""}, strings.Split(string(text), "\n")...)
}

// TestDocument compares each list and limit with the line of the document that has it.
func TestDocument(t *testing.T) {
	page := lines(t)
	for i, state := range LifecycleStates {
		if page[2049+i] != state {
			t.Errorf("line %d is %q, not %q", 2049+i, page[2049+i], state)
		}
	}
	for i, state := range SaleStates {
		if page[2034+i] != state {
			t.Errorf("line %d is %q, not %q", 2034+i, page[2034+i], state)
		}
	}
	for i, state := range OrderStates {
		if !strings.HasPrefix(page[1599+i], state+" | ") {
			t.Errorf("line %d is %q, not of %q", 1599+i, page[1599+i], state)
		}
	}
	for _, has := range []struct {
		line int
		part string
	}{
		{1590, strings.Join(OrderSources, ", ") + ", etc"},
		{1900, DiscountTypes[0] + ", " + DiscountTypes[1] + ", or " + DiscountTypes[2]},
		{1864, strings.Join(Carriers, " , ") + " ."},
		{1297, fmt.Sprintf("option with the name %q", SizeOption)},
		{178, fmt.Sprintf("excluding the %q variation", SizeOption)},
		{883, "HS6 Tariff Code"},
		{1300, PrepackDescription([]string{"Small", "Medium", "Large"}, []int{2, 1, 3})},
	} {
		if !strings.Contains(page[has.line], has.part) {
			t.Errorf("line %d is %q, without %q", has.line, page[has.line], has.part)
		}
	}
	for _, limit := range TextLimits {
		most := strings.Replace(fmt.Sprint(limit.Most), "1000", "1,000", 1)
		if line := page[limit.Line]; !strings.HasPrefix(line, limit.Field+" |") || !strings.Contains(line, "at most "+most+" characters") {
			t.Errorf("line %d is %q, not of %v", limit.Line, line, limit)
		}
	}
	for _, p := range []PageLimits{ProductPages, OrderPages} {
		want := fmt.Sprintf("between %d-%d.", p.Least, p.Most)
		if line := page[p.Line]; !strings.HasPrefix(line, fmt.Sprintf("limit | %d |", p.Default)) || !strings.Contains(line, want) {
			t.Errorf("line %d is %q, not of %v", p.Line, line, p)
		}
	}
}

// TestDocumentIDs looks for an id with each beginning in the document's samples.
func TestDocumentIDs(t *testing.T) {
	page := strings.Join(lines(t), "\n")
	for _, prefix := range []string{ProductID, VariantID, PrepackID, PackItemID, OrderID, ItemID, ShipmentID, RetailerID, BrandID,
		DiscountID, ImageID, TaxonomyID} {
		if !strings.Contains(page, `id": "`+prefix) {
			t.Errorf("no sample has an id with %q", prefix)
		}
	}
}

func TestHS6(t *testing.T) {
	for code, want := range map[string]bool{"340600": true, "010121": true, "": false, "34060": false, "3406000": false,
		"3406.0": false, "34 060": false, "٣٤٠٦٠٠": false} {
		if got := HS6(code); got != want {
			t.Errorf("HS6(%q) = %v, want %v", code, got, want)
		}
	}
}

// TestCountries compares the codes with those of x/text.
func TestCountries(t *testing.T) {
	all := Countries()
	if len(all) != 249 {
		t.Errorf("%d countries, want 249", len(all))
	}
	for _, code := range all {
		region, err := language.ParseRegion(code)
		if err != nil || !region.IsCountry() || region.ISO3() != code {
			t.Errorf("%s: x/text says %v, %v", code, region, err)
			continue
		}
		for _, spelling := range []string{code, region.String()} {
			if got, ok := Country(spelling); got != code || !ok {
				t.Errorf("Country(%q) = %q, %v, want %q", spelling, got, ok, code)
			}
		}
	}
	for _, code := range []string{"", "A", "UK", "EU", "XKX", "usa", "USAD", "A A", "ANT", "NDA", "JBE", "\tBJ", "\tB", "BJB", " A", "D ", "\n\t"} {
		if got, ok := Country(code); ok {
			t.Errorf("Country(%q) = %q, want none", code, got)
		}
	}
}

func TestMinorDigits(t *testing.T) {
	all := Currencies()
	if unique := slices.Compact(slices.Sorted(slices.Values(all))); len(unique) != len(all) || len(all) != 164 {
		t.Errorf("%d currencies of which %d are unlike, want 164", len(all), len(unique))
	}
	for code, want := range map[string]int{"USD": 2, "CAD": 2, "EUR": 2, "GBP": 2, "AUD": 2, "COP": 2, "JPY": 0, "KRW": 0,
		"CLP": 0, "KWD": 3, "TND": 3, "CLF": 4} {
		if got, ok := MinorDigits(code); got != want || !ok {
			t.Errorf("MinorDigits(%q) = %d, %v, want %d", code, got, ok, want)
		}
	}
	for _, code := range []string{"", "US", "usd", "USDX", "XAU", "XXX", "DEM", "D A", "DAF"} {
		if digits, ok := MinorDigits(code); ok {
			t.Errorf("MinorDigits(%q) = %d, want none", code, digits)
		}
	}
}

// TestSortSizes has each list in the order of the trade; they are sorted from the reverse.
func TestSortSizes(t *testing.T) {
	for name, want := range map[string][]string{
		"letters":        {"XXS", "XS", "S", "M", "L", "XL", "2XL", "3XL", "4XL"},
		"words":          {"Extra Small", "Small", "Medium", "Large", "X-Large", "XX-Large"},
		"mixed":          {"xs", "Small", "M", "LARGE", "xl", "XXL", "3XL"},
		"spans":          {"XS", "XS/S", "S", "S/M", "M", "M-L", "L", "L/XL"},
		"plus":           {"XL", "1X", "2XL", "2X", "3XL", "3X"},
		"numbers":        {"34", "36", "38", "40"},
		"not as text":    {"00", "0", "2", "4", "8", "10", "12"},
		"halves":         {"36", "36.5", "37", "37 1/2", "38½", "39"},
		"spans of two":   {"6-8", "8-10", "10", "10/12", "12"},
		"systems":        {"EU 36", "EU 38", "EU 40"},
		"waist, length":  {"W30 L32", "W30 L34", "W32 L30"},
		"jeans":          {"30x32", "30x34", "32x30"},
		"bras":           {"32B", "32C", "34A", "34D"},
		"toddlers":       {"2T", "3T", "4T"},
		"babies":         {"NB", "0-3M", "3M", "3-6M", "6-12M", "12M", "12-18M", "18-24M", "24M", "2T", "3T", "4T", "5", "6"},
		"babies, spelt":  {"Newborn", "0-3 months", "3-6 months", "12 mo", "2 years", "3 yrs"},
		"one size":       {"One Size"},
		"none":           {},
		"years":          {"2Y", "4Y", "6Y", "8Y", "10Y", "12-14Y"},
		"single numbers": {"5", "7", "9"},
	} {
		reversed := slices.Clone(want)
		slices.Reverse(reversed)
		if got, ok := SortSizes(reversed); !ok || !slices.Equal(got, want) {
			t.Errorf("%s: SortSizes(%q) = %q, %v, want %q", name, reversed, got, ok, want)
		}
	}
	for _, sizes := range [][]string{{"L", "S", "One Size"}, {"M", "38"}, {"EU 38", "38"}, {"L", "2T"}, {"tall", "short"}, {"", "S"},
		{"M/S", "L"}, {"1.25", "1"}, {"1-2-3-4", "1"}, {"99999", "1"}, {"6X", "5"}, {strings.Repeat("x", 50) + "l", "l"}} {
		if got, ok := SortSizes(sizes); ok || !slices.Equal(got, sizes) {
			t.Errorf("SortSizes(%q) = %q, %v, want them as they are", sizes, got, ok)
		}
	}
}

func TestCompareSizes(t *testing.T) {
	for _, same := range [][2]string{{"s", "S"}, {"Small", "S"}, {"small", "SMALL "}, {"XXL", "2XL"}, {"XXL", "xx-large"},
		{"XS/S", "xs-s"}, {"38½", "38.5"}, {"12-18M", "12-18 months"}, {"One Size", "one size"}, {"1XL", "XL"}} {
		if order, ok := CompareSizes(same[0], same[1]); order != 0 || !ok {
			t.Errorf("CompareSizes(%q, %q) = %d, %v, want 0", same[0], same[1], order, ok)
		}
	}
	for _, apart := range [][2]string{{"24M", "2T"}, {"2T", "2Y"}, {"2T", "2"}, {"0", "1"}, {"00", "0"}, {"2XL", "2X"}, {"S", "M"}} {
		if order, ok := CompareSizes(apart[0], apart[1]); order >= 0 || !ok {
			t.Errorf("CompareSizes(%q, %q) = %d, %v, want less", apart[0], apart[1], order, ok)
		}
	}
	for _, none := range [][2]string{{"S", "38"}, {"tall", "short"}, {"EU 38", "UK 8"}} {
		if _, ok := CompareSizes(none[0], none[1]); ok {
			t.Errorf("CompareSizes(%q, %q) knows an order", none[0], none[1])
		}
	}
}

// TestSizesAreOrdered draws sizes and looks whether any two and any three of them keep the laws of an order.
func TestSizesAreOrdered(t *testing.T) {
	size := rapid.OneOf(rapid.StringMatching(`[0-9]{1,2}(\.5)?[MTYX]?`), rapid.StringMatching(`X{0,3}[SML]`),
		rapid.StringMatching(`[0-9]{1,2}[-/ ][0-9]{1,2}[mty]?`), rapid.StringMatching(`[2-4]X[LS]?`), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := size.Draw(t, "a"), size.Draw(t, "b"), size.Draw(t, "c")
		ab, ok := CompareSizes(a, b)
		ba, back := CompareSizes(b, a)
		if ok != back || ok && ab != -ba {
			t.Fatalf("%q and %q: %d, %v one way, %d, %v the other", a, b, ab, ok, ba, back)
		}
		sorted, ok := SortSizes([]string{a, b, c})
		if !ok {
			return
		}
		for i := range sorted[1:] {
			if order, known := CompareSizes(sorted[i], sorted[i+1]); known && order > 0 {
				t.Fatalf("SortSizes of %q, %q, %q = %q, where %q stands before %q", a, b, c, sorted, sorted[i], sorted[i+1])
			}
		}
	})
}

func TestPrepackDescription(t *testing.T) {
	for _, c := range []struct {
		sizes      []string
		quantities []int
		want       string
	}{
		{[]string{"S", "M", "L"}, []int{2, 1, 2}, "2-1-2; S-L"},
		{[]string{"Small", "Medium", "Large"}, []int{2, 1, 3}, "2-1-3; S-L"},
		{[]string{"34", "36"}, []int{1, 12}, "1-12; 34-36"},
		{[]string{"2T"}, []int{6}, "6; 2T"},
		{nil, nil, ""},
	} {
		if got := PrepackDescription(c.sizes, c.quantities); got != c.want {
			t.Errorf("PrepackDescription(%q, %v) = %q, want %q", c.sizes, c.quantities, got, c.want)
		}
	}
}
