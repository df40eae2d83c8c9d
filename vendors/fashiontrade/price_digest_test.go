package fashiontrade

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// TestPriceDigestsAgree: two lists have one digest just when they have one canonical form, whatever the
// order of their prices and members and however their numbers are written.
func TestPriceDigestsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string {
			var prices []string
			for i := range rapid.IntRange(0, 3).Draw(t, name+" prices") {
				amount := rapid.SampledFrom([]string{"1", "1.0", "2", `null`}).Draw(t, "amount")
				prices = append(prices, fmt.Sprintf(`{"wholesale_price":%s,"selector":{"product_id":%q}}`, amount,
					rapid.SampledFrom([]string{"P", "Q", fmt.Sprint(i)}).Draw(t, "product")))
			}
			members := []string{`"id":"L"`, `"prices":[` + strings.Join(prices, ",") + `]`, `"total":[{}]`,
				`"selector":{"countries":` + rapid.SampledFrom([]string{`["NL","BE"]`, `["BE","NL"]`, `[]`}).Draw(t, "countries") + `}`,
				`"currency":` + rapid.SampledFrom([]string{`"EUR"`, `"DKK"`}).Draw(t, "currency")}
			return "{" + strings.Join(rapid.Permutation(members).Draw(t, "order"), ", ") + "}\n"
		}
		a, b := draw("one"), draw("other")
		canonicalA, errA := canonicalPriceList([]byte(a))
		canonicalB, errB := canonicalPriceList([]byte(b))
		digestA, err := digestPriceList(iotest.HalfReader(strings.NewReader(a)))
		digestB, other := digestPriceList(strings.NewReader(b))
		if errA != nil || errB != nil || err != nil || other != nil {
			t.Fatalf("%s %s: %v %v %v %v", a, b, errA, errB, err, other)
		}
		if bytes.Equal(canonicalA, canonicalB) != (digestA == digestB) {
			t.Fatalf("%s\n%s\ncanonical forms are equal: %v, digests: %v", a, b, bytes.Equal(canonicalA, canonicalB), digestA == digestB)
		}
	})
}

func TestPriceDigestRefuses(t *testing.T) {
	for _, test := range []struct{ name, body, want string }{
		{"nothing", ``, "EOF"},
		{"a list", `[]`, "[ stands in place of {"},
		{"a cut list", `{"id":"L","prices":[{"wholesale_price":1}`, "EOF"},
		{"prices that are none", `{"prices":{}}`, "the prices are {"},
		{"an id that is none", `{"id":7}`, "number"},
		{"prices twice", `{"prices":[],"Prices":[]}`, "prices stands twice"},
		{"more behind it", `{"id":"L"}{}`, "something follows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := digestPriceList(strings.NewReader(test.body)); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

// FuzzPriceDigest: what has a digest has a canonical form, and equal canonical forms are found by it.
func FuzzPriceDigest(f *testing.F) {
	f.Add([]byte(`{"id":"L","selector":{"countries":["NL"]},"prices":[{"selector":{"product_id":"P"},"wholesale_price":1.0}],"currency":"EUR"}`))
	f.Add([]byte(`{"PRICES":null,"validity_window":{"start_date":"x"}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		digest, err := digestPriceList(bytes.NewReader(body))
		if err != nil {
			return
		}
		canonical, err := canonicalPriceList(body)
		if err != nil {
			t.Fatalf("%q has a digest and no canonical form: %v", body, err)
		}
		again, err := digestPriceList(bytes.NewReader(canonical))
		if err != nil || again != digest {
			t.Fatalf("%q has another digest than its canonical form %q: %v", body, canonical, err)
		}
	})
}
