package fitanalytics

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bulkload/vendors/schema"
)

// TestMeasuresAreExact compares conversions with rational numbers.
func TestMeasuresAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		large := rapid.IntRange(0, 999).Draw(t, "large")
		fraction := rapid.SampledFrom([]string{"", ".5", ".25", ".0001", ".9999", ".50"}).Draw(t, "fraction")
		p, by, factor := feetAndInches, inchInCentimetres, "2.54"
		if rapid.Bool().Draw(t, "weight") {
			p, by, factor = stonesAndPounds, poundInKilograms, "0.45359237"
		}
		small := rapid.IntRange(0, int(p.each)-1).Draw(t, "small")
		blank := rapid.SampledFrom([]string{"", " "}).Draw(t, "blank")
		text := big.NewInt(int64(large)).String() + blank + p.large[rapid.IntRange(0, len(p.large)-1).Draw(t, "unit")] + blank +
			big.NewInt(int64(small)).String() + fraction + blank + p.small[rapid.IntRange(0, len(p.small)-1).Draw(t, "small unit")]
		want, _ := new(big.Rat).SetString(big.NewInt(int64(small)).String() + fraction)
		want.Add(want, new(big.Rat).SetInt64(int64(large)*p.each))
		each, _ := new(big.Rat).SetString(factor)
		want.Mul(want, each)
		d, ok := p.parse([]byte(text))
		if ok != (want.Sign() > 0) {
			t.Fatalf("%q: read %v", text, ok)
		}
		if !ok {
			return
		}
		number := d.times(by).number()
		if got, ok := new(big.Rat).SetString(string(number)); !ok || got.Cmp(want) != 0 || !json.Valid([]byte(number)) {
			t.Fatalf("%q is %s, want %s", text, number, want.FloatString(12))
		}
	})
}

func TestMeasures(t *testing.T) {
	for _, test := range []struct {
		text string
		p    *pair
		want string // empty: refused
	}{
		{"5 ft 11 in", &feetAndInches, "180.34"}, {`5'11"`, &feetAndInches, "180.34"}, {"5’11”", &feetAndInches, "180.34"}, {"5ft11", &feetAndInches, "180.34"},
		{"6 ft", &feetAndInches, "182.88"}, {"5 FT 11.5 IN", &feetAndInches, "181.61"}, {"5 feet 0 inches", &feetAndInches, "152.4"},
		{"5.11", &feetAndInches, ""}, {"5 ft 12 in", &feetAndInches, ""}, {"71 in", &feetAndInches, ""}, {"71", &feetAndInches, ""}, {"", &feetAndInches, ""},
		{"ft", &feetAndInches, ""}, {"5 ft in", &feetAndInches, ""}, {"-5 ft", &feetAndInches, ""}, {"5 ft 11 in tall", &feetAndInches, ""}, {"0 ft 0 in", &feetAndInches, ""},
		{"5 ft 11 in 3", &feetAndInches, ""}, {"5..1 ft", &feetAndInches, ""}, {"9999 ft", &feetAndInches, ""},
		{"12 st 8 lb", &stonesAndPounds, "79.83225712"}, {"12st8", &stonesAndPounds, "79.83225712"}, {"12 stone 8 lbs", &stonesAndPounds, "79.83225712"},
		{"12 st", &stonesAndPounds, "76.20351816"}, {"12 st 14 lb", &stonesAndPounds, ""}, {"176 lb", &stonesAndPounds, ""},
	} {
		got := ""
		by := inchInCentimetres
		if test.p == &stonesAndPounds {
			by = poundInKilograms
		}
		if d, ok := test.p.parse([]byte(test.text)); ok {
			got = string(d.times(by).number())
		}
		if got != test.want {
			t.Errorf("%q is %q, want %q", test.text, got, test.want)
		}
	}
	for text, want := range map[string]string{"176": "79.83225712", "176.5": "80.059053305", "0.0001": "0.000045359237", "0": "", "-1": "", "123456": "55998.69963072", "1234567890": "", "1.12345": ""} {
		got := ""
		if d, ok := parsePounds([]byte(text)); ok {
			got = string(d.times(poundInKilograms).number())
		}
		if got != want {
			t.Errorf("%q lb are %q kg, want %q", text, got, want)
		}
	}
}

// FuzzPair reads any text without panic, and only positive measures.
func FuzzPair(f *testing.F) {
	for _, seed := range []string{"5 ft 11 in", `5'11"`, "12 st 8 lb", "5’", "999ft11.9999in", "5 ft 11 in in"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, p := range []*pair{&feetAndInches, &stonesAndPounds} {
			if d, ok := p.parse([]byte(text)); ok && (d.digits <= 0 || d.scale > 4 || d.times(poundInKilograms).digits <= 0) {
				t.Fatalf("%q is %v", text, d)
			}
		}
	})
}

// TestNumbersKeepTheirValue compares what is sent with what the cell says.
func TestNumbersKeepTheirValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`[+-]?[0-9]{1,20}(\.[0-9]{1,10})?`).Draw(t, "cell")
		if !schema.IsDecimal([]byte(cell)) {
			return
		}
		number := string(numberOf([]byte(cell)))
		want, _ := new(big.Rat).SetString(strings.TrimPrefix(cell, "+"))
		got, ok := new(big.Rat).SetString(number)
		if !ok || got.Cmp(want) != 0 || !json.Valid([]byte(number)) || number != string(numberOf([]byte(number))) {
			t.Fatalf("%q is sent as %s", cell, number)
		}
	})
}

// TestDates: what is sent is written in full, and what is suggested is right.
func TestDates(t *testing.T) {
	for value, want := range map[string]string{"2021-01-01T20:30:22+01:00": "", "2021-01-01T21:30:22Z": "", "2021-01-01T9:30:22Z": "2021-01-01T09:30:22Z",
		"2021-01-01 9:30:22 +0100": "2021-01-01T09:30:22+01:00", "2021-01-01T09:30:22+24:00": "?", "2021-01-01T09:30:22,5Z": "?",
		"2021-01-01": "2021-01-01T00:00:00Z", "yesterday": "?"} {
		r := row{"sess": "s1", "product": "shop-1", "order": "1", "shopCountry": "GB", "shopLanguage": "en", "purchasedSize": "M", "purchaseDate": value}
		e := encoded(t, Purchases, r)
		if (len(e.Problems) == 0) != (want == "") {
			t.Errorf("%q: problems %s", value, problems(e))
			continue
		}
		for _, p := range e.Problems {
			if got := p.Suggestion; got != want && (want != "?" || got != "") || got != "" && !isInstant([]byte(got)) {
				t.Errorf("%q: %q is suggested, want %q", value, got, want)
			}
		}
	}
}
