package vocabulary

import (
	"bufio"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
)

// TestCountries compares the list with two that others keep: x/text's, and the time zone database's where the system
// has it.
func TestCountries(t *testing.T) {
	if len(Countries) != 249 || !slices.IsSorted(Countries) || len(slices.Compact(slices.Clone(Countries))) != 249 {
		t.Errorf("%d countries, want 249, each once and in order", len(Countries))
	}
	for _, code := range Countries {
		if region, err := language.ParseRegion(code); err != nil || !region.IsCountry() || region.String() != code {
			t.Errorf("%s: x/text says %v, %v", code, region, err)
		}
	}
	for _, code := range []string{"UK", "EU", "EL", "XK", "AN", "SU", "AC", "IC", "TA", "QQ", "ZZ"} {
		if slices.Contains(Countries, code) {
			t.Errorf("%s is not officially assigned", code)
		}
	}
	file, err := os.Open("/usr/share/zoneinfo/iso3166.tab")
	if err != nil {
		return
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if code, _, ok := strings.Cut(lines.Text(), "\t"); ok && len(code) == 2 && !slices.Contains(Countries, code) {
			t.Errorf("%s is missing", code)
		}
	}
}

// TestCurrencies compares the list with x/text's, which knows former currencies too and not yet the newest.
func TestCurrencies(t *testing.T) {
	if len(Currencies) != 178 || !slices.IsSorted(Currencies) || len(slices.Compact(slices.Clone(Currencies))) != 178 {
		t.Errorf("%d currencies, want 178, each once and in order", len(Currencies))
	}
	for _, code := range Currencies {
		unit, err := currency.ParseISO(code)
		if err != nil {
			if !slices.Contains([]string{"MRU", "SLE", "UYW", "VED", "VES", "XAD", "XCG", "ZWG"}, code) {
				t.Errorf("%s: x/text says %v", code, err)
			}
			continue
		}
		digits, ok := MinorDigits(code)
		if scale, _ := currency.Standard.Rounding(unit); ok && scale != digits && slices.Contains([]string{"EUR", "GBP", "JPY", "KWD",
			"KRW", "CHF", "TND"}, code) {
			t.Errorf("%s has %d digits, x/text says %d", code, digits, scale)
		}
	}
	for _, code := range []string{"DEM", "HRK", "BGN", "ANG", "SLL", "ZWL", "CUC", "EURO"} {
		if slices.Contains(Currencies, code) {
			t.Errorf("%s is not current", code)
		}
	}
	for code, want := range map[string]int{"EUR": 2, "JPY": 0, "KWD": 3, "CLF": 4, "UYI": 0} {
		if got, ok := MinorDigits(code); !ok || got != want {
			t.Errorf("MinorDigits(%s) = %d, %v, want %d", code, got, ok, want)
		}
	}
	if _, ok := MinorDigits("XAU"); ok {
		t.Error("gold has no minor unit")
	}
}
