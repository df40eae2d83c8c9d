package fashiontrade

import (
	"slices"
	"testing"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// TestSuggestedCurrenciesKeepAmounts: only a code of the same amounts is suggested.
func TestSuggestedCurrenciesKeepAmounts(t *testing.T) {
	for value, want := range map[string]string{"eur": "EUR", "\u20ac": "EUR", "ANG": "XCG", "BGN": "", "hrk": "", "TRL": "", "XXY": ""} {
		message, got := explainCurrency(value)
		if got != want || message == "" {
			t.Errorf("%q: %q is suggested, want %q (%s)", value, got, want, message)
		}
	}
	for former, next := range currencySuccessors {
		if message, suggestion := explainCurrency(former); suggestion != "" || !slices.Contains(vocabulary.Currencies, next) {
			t.Errorf("%q: %q is suggested, %s", former, suggestion, message)
		}
	}
}
