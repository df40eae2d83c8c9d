package vendors

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestShapeOthers(t *testing.T) {
	price := Shape{"amount": nil, "currency": nil}
	product := Shape{"id": nil, "tags": nil, "variants": {"sku": nil, "price": price}, "total": price}
	tests := []struct {
		name, body string
		want       map[string]string
	}{
		{"nothing else", `{"id":"1","tags":{"any":"thing"},"variants":[{"sku":"a","price":{"amount":1}}],"total":null}`, nil},
		{"of the object", `{"id":"1","season":"SS22","weight":1.50,"gone":null}`, map[string]string{"season": "SS22", "weight": "1.50", "gone": ""}},
		{"of items of a list", `{"variants":[{"sku":"a"},{"sku":"b","fit":{"a":[1]}},{"price":{"vat":"7"}}]}`, map[string]string{"variants.1.fit": `{"a":[1]}`, "variants.2.price.vat": "7"}},
		{"of an object below", `{"total":{"amount":1,"net":true}}`, map[string]string{"total.net": "true"}},
		{"known in other letters", `{"ID":"1","Variants":[{"SKU":"a","Colour":"red"}]}`, map[string]string{"Variants.0.Colour": "red"}},
		{"a text with escapes", `{"note":"a\"\u00e9"}`, map[string]string{"note": `a"é`}},
		{"a list at the top", `[{"id":"1"},{"x":2}]`, map[string]string{"1.x": "2"}},
		{"no object", `"text"`, nil},
		{"no JSON", `{"x":`, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := test.want
			if want == nil {
				want = map[string]string{}
			}
			if diff := cmp.Diff(want, product.Others([]byte(test.body))); diff != "" {
				t.Errorf("Others(%s) (-want +got):\n%s", test.body, diff)
			}
		})
	}
}
