package all

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for _, test := range []struct {
		name, version string
		want          string // the version found
		err           []string
	}{
		{"fashiontrade/products", "", "2", nil},
		{"fashiontrade/products", "1", "1", nil},
		{"fashiontrade/products", "3", "", []string{`no version "3"`, "2, 1"}},
		{"fashiontrade/product", "", "", []string{"fashiontrade/products", "did you mean fashiontrade/products?"}},
		{"FashionTrade/Products", "", "", []string{"did you mean fashiontrade/products?"}},
		{"zalando/articles", "", "", []string{`"zalando/articles"`, "it knows fashiontrade/products"}},
		{"fashiontrade", "", "", []string{"it knows fashiontrade/products"}},
		{"", "", "", []string{"it knows"}},
	} {
		vendor, resource, err := Find(test.name, test.version)
		if test.err == nil {
			if err != nil || vendor.Name != "fashiontrade" || resource.Name != "products" || resource.Version != test.want {
				t.Errorf("Find(%q, %q) = %v, %v, %v", test.name, test.version, vendor, resource, err)
			}
			continue
		}
		for _, words := range test.err {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("Find(%q, %q): error %v lacks %q", test.name, test.version, err, words)
			}
		}
	}
}

// TestVendorsAreDescribed holds what every listing relies on.
func TestVendorsAreDescribed(t *testing.T) {
	for _, vendor := range Vendors {
		if vendor.Name == "" || vendor.Title == "" || vendor.Doc == "" || vendor.Authorize == nil ||
			!strings.HasPrefix(vendor.BaseURL, "https://") || strings.HasSuffix(vendor.BaseURL, "/") {
			t.Errorf("vendor %q is not described whole", vendor.Name)
		}
		for _, r := range vendor.Resources {
			if field, _ := r.Schema.Find(r.Key); field == nil {
				t.Errorf("%s/%s: the key %q is not a field", vendor.Name, r.Name, r.Key)
			}
			for _, name := range r.Unique {
				if field, _ := r.Schema.Find(name); field == nil {
					t.Errorf("%s/%s: %q is not a field", vendor.Name, r.Name, name)
				}
			}
			if r.Doc == "" || r.Noun.One == "" || r.Noun.Many == "" || r.Batch < 1 || len(r.Example) == 0 {
				t.Errorf("%s/%s is not described whole", vendor.Name, r.Name)
			}
		}
	}
}
