package sandbox

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"bulkload/vendors/faire/vocabulary"
)

// paging is what a list was asked for.
type paging struct {
	query       url.Values
	limit, page int
	since       time.Time // updated_at_min
}

// paged reads the query of a list. Parameters that the list does not have are refused, so that a misspelt filter does not
// become a complete list.
func paged(c *call, limits vocabulary.PageLimits, known ...string) (p paging, err error) {
	p.query, err = parameters(c, append(known, "limit", "page", "updated_at_min")...)
	if err != nil {
		return p, misfitf("%v", err)
	}
	if p.limit, err = wholeNumber(p.query, "limit", limits.Default, limits.Least, limits.Most); err != nil {
		return p, err
	}
	if p.page, err = wholeNumber(p.query, "page", 1, 1, 1<<30); err != nil {
		return p, err
	}
	p.since, err = when(p.query, "updated_at_min")
	return p, err
}

// digits is how a number in a query is written.
var digits = regexp.MustCompile(`^[0-9]{1,10}$`)

func wholeNumber(query url.Values, name string, standard, least, most int) (int, error) {
	if !query.Has(name) {
		return standard, nil
	}
	value, err := strconv.Atoi(query.Get(name))
	if err != nil || !digits.MatchString(query.Get(name)) || value < least || value > most {
		return 0, within(name, misfitf("%q is not a whole number from %d to %d", query.Get(name), least, most))
	}
	return value, nil
}

// when reads a time of a query, the zero time when there is none. A plus that was not escaped is a blank here, and
// refused.
func when(query url.Values, name string) (time.Time, error) {
	text := query.Get(name)
	if !query.Has(name) {
		return time.Time{}, nil
	}
	if err := instant(&node{kind: jsonText, text: text}); err != nil {
		return time.Time{}, within(name, err)
	}
	return unstamp(text), nil
}

// cut returns the page of a list.
func cut[T any](p paging, all []T) []T {
	from := min((p.page-1)*p.limit, len(all))
	return all[from:min(from+p.limit, len(all))]
}

// listProducts answers GET of a page of products, in the order of their last changes.
func (f *wholesale) listProducts(c *call) answer {
	p, err := paged(c, vocabulary.ProductPages, "sku", "include_deleted")
	if err != nil {
		return refused(err)
	}
	deleted, err := boolean(p.query, "include_deleted")
	if err != nil {
		return refused(misfitf("%v", err))
	}
	f.unpublish()
	f.mu.RLock()
	defer f.mu.RUnlock()
	var found []*good
	for _, entry := range f.order {
		product := f.products[entry.id]
		if product.change == entry.change && f.listed(product, p, deleted) {
			found = append(found, product)
		}
	}
	list := struct {
		Page     int     `json:"page"`
		Limit    int     `json:"limit"`
		Products []*good `json:"products"`
	}{p.page, p.limit, []*good{}}
	now := f.now()
	for _, product := range cut(p, found) {
		list.Products = append(list.Products, product.shown(now, deleted))
	}
	return shown(http.StatusOK, list, nil)
}

// listed reports whether a list that was asked for has a product.
func (f *wholesale) listed(product *good, p paging, deleted bool) bool {
	if product.LifecycleState == vocabulary.Deleted && !deleted {
		return false
	}
	if !p.since.IsZero() && unstamp(product.UpdatedAt).Before(p.since) {
		return false
	}
	return !p.query.Has("sku") || slices.ContainsFunc(product.Variants, func(v variant) bool {
		return v.SKU == p.query.Get("sku") && (deleted || v.live())
	})
}

// taxonomyTypes are those of the document's samples (faire:721), and some more.
var taxonomyTypes = []taxonomyType{
	{"tt_6hk4mf1xig", "Tea Bags"}, {"tt_b0oaeo6ixo", "Tea Cup"}, {"tt_beh3u2i3o0", "Tea Light Candles"},
	{"tt_23nl3bzl00", "Votive Candle"}, {"tt_2dre55dres", "Dresses"}, {"tt_9tshirts01", "T-Shirts"},
	{"tt_4sweaters2", "Sweaters & Knits"}, {"tt_7jeans0004", "Jeans"}, {"tt_5skirts003", "Skirts"},
	{"tt_3shoes0005", "Shoes"}, {"tt_8beanies06", "Hats, Beanies"}, {"tt_1babyrompr", "Baby Rompers"},
}

// listTypes answers GET of the taxonomy types.
func (f *wholesale) listTypes(c *call) answer {
	return shown(http.StatusOK, map[string][]taxonomyType{"taxonomy_types": taxonomyTypes}, unused(c))
}
