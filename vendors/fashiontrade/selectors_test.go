package fashiontrade

import (
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"bulkload/vendors/fashiontrade/vocabulary"
)

func TestCountriesAreExplained(t *testing.T) {
	for value, want := range map[string]string{
		"UK": "GB", "uk": "GB", "nl": "NL", "GBR": "GB", "deu": "DE", "Germany": "DE", "Österreich": "AT", "EL": "GR", "USA": "US",
		"none": "NONE", "EU": "", "NL,BE": "NL|BE", "NL; BE / DE": "NL|BE|DE", "NL,UK": "", ",": "", "XK": "", "ZZ": "", "AN": "", "SU": "", "001": "", "all": "", "Q": "", "\xff": "", "Nowhere": "",
	} {
		message, got := explainCountry(value)
		if got != want || message == "" {
			t.Errorf("%q: suggestion %q, want %q (%s)", value, got, want, message)
		}
	}
	for _, meant := range countryMeanings {
		if meant != nobody && !slices.Contains(vocabulary.Countries, meant) {
			t.Errorf("%s is no country", meant)
		}
	}
}

func TestEmptyAndAbsentSelectors(t *testing.T) {
	for want, s := range map[string]Selector{
		`{}`:                        {},
		`{"countries":[]}`:          {Countries: []string{}},
		`{"countries":["NL"]}`:      {Countries: []string{"NL"}},
		`{"retailer_groups":[]}`:    {RetailerGroups: []string{}},
		`{"retailer_groups":["A"]}`: {RetailerGroups: []string{"A"}},
	} {
		if got, err := json.Marshal(s); err != nil || string(got) != want {
			t.Errorf("%+v is sent as %s, %v, want %s", s, got, err, want)
		}
	}
}

// TestSelectorsGoThroughCells writes random selectors as cells and reads them back.
func TestSelectorsGoThroughCells(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		groupName := rapid.OneOf(rapid.SampledFrom([]string{"NONE", "A|B", `\`, `A\|`}), rapid.StringMatching(`[A-Za-z0-9|\\]{1,8}`))
		want := Selector{RetailerGroups: rapid.SliceOfN(groupName, 0, 3).Draw(t, "groups")}
		if rapid.Bool().Draw(t, "all groups") {
			want.RetailerGroups = nil
		}
		want.canonical()
		row := map[string]string{}
		want.cells(row)
		if got := groups([]byte(row["retailer_groups"])); !slices.Equal(got, want.RetailerGroups) || (got == nil) != (want.RetailerGroups == nil) {
			t.Fatalf("%q is read as %q, want %q", row["retailer_groups"], got, want.RetailerGroups)
		}
	})
}
