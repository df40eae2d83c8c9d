package vocabulary

import (
	"slices"
	"testing"
)

// TestLists looks for what a slip of the hand would leave in the lists.
func TestLists(t *testing.T) {
	for _, test := range []struct {
		name   string
		list   []string
		length int // of each code
		count  int
		has    []string
	}{
		{"countries", Countries, 2, 249, []string{"GB", "DE", "US"}},
		{"languages", Languages, 2, 183, []string{"de", "en", "uk"}},
		{"currencies", Currencies, 3, 155, []string{"EUR", "GBP", "XCG"}},
		{"former currencies", FormerCurrencies, 3, 14, []string{"BGN", "HRK", "ANG"}},
	} {
		if len(test.list) != test.count || !slices.IsSorted(test.list) || len(slices.Compact(slices.Clone(test.list))) != test.count {
			t.Errorf("%s: %d codes, want %d, sorted, each once", test.name, len(test.list), test.count)
		}
		for _, code := range test.list {
			if len(code) != test.length {
				t.Errorf("%s: %q is not %d letters long", test.name, code, test.length)
			}
		}
		for _, code := range test.has {
			if !slices.Contains(test.list, code) {
				t.Errorf("%s lack %s", test.name, code)
			}
		}
	}
	for _, code := range FormerCurrencies {
		if slices.Contains(Currencies, code) {
			t.Errorf("%s is a currency of today", code)
		}
	}
	for _, wrong := range []string{"UK", "EU", "XK"} {
		if slices.Contains(Countries, wrong) {
			t.Errorf("countries have %s", wrong)
		}
	}
}
