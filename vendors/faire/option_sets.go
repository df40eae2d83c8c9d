package faire

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// OptionSets is the resource of the options of products that Faire has: the values of each, in order. It is what takes
// values away, which loading products never does.
var OptionSets = &vendors.Resource{
	Name:      "option-sets",
	Doc:       "set the values of a product's options and their order, and take away those that no variant has",
	Noun:      vendors.Noun{One: "product's options", Many: "products' options"},
	Schema:    optionSetSchema(),
	Rules:     []*schema.Rule{optionProduct, optionAlike},
	Against:   []*schema.Rule{idUnasked, productUnknown, optionNames, optionInUse, optionMiddle},
	Key:       "product_id",
	Else:      "product_key",
	Batch:     1,
	Repeat:    vendors.Harmless,
	Encode:    encodeOptionSets,
	Upload:    uploadOptionSets,
	Pages:     pages,
	Filters:   productFilters,
	Changed:   "updated_at_min",
	Stamp:     changedAt,
	Aliases:   aliases,
	Amend:     amendOptionSets,
	Decode:    decodeOptionSets,
	Canonical: canonicalOptionSets,
	Example: []map[string]string{
		{"product_id": "p_123", "option": "Size", "value": "S"},
		{"product_id": "p_123", "option": "Size", "value": "M"},
		{"product_id": "p_123", "option": "Size", "value": "L"},
		{"product_id": "p_123", "option": "Color", "value": "Maraschino"},
	},
}

// The rules of option sets.
var (
	optionProduct = &schema.Rule{ID: "option.product", Clause: clause(682),
		Sentence: "a value belongs to a product: product_id or product_key names it"}
	optionInUse = &schema.Rule{ID: "option.in-use", Clause: clause(655),
		Sentence: "a value that a variant has cannot be taken away"}
)

func optionSetSchema() schema.Schema {
	return schema.Schema{
		{Name: "product_id", Clause: clause(682), Checks: idCheck(vocabulary.ProductID), Example: "p_123",
			Doc: "The product's id at Faire; all rows that carry it are its options.", Synonyms: []string{"id", "faire product id", "product token"}},
		{Name: "product_key", Clause: clause(682), Example: "LD-1042",
			Doc:      "Your own number of the product, where it was loaded with bulkload under it; the id goes before it.",
			Synonyms: []string{"style", "style number", "handle", "parent sku", "product number", "article number"}},
		{Name: "option", Clause: clause(686), Required: true, Example: "Size",
			Doc: "The name of the option, letter for letter; options that are not named stay as they are.", Synonyms: []string{"option name"}},
		{Name: "value", Clause: clause(686), Required: true, Example: "M",
			Doc: "A value of it. The rows of an option are all its values, in the order in which Faire shows them.", Synonyms: []string{"option value"}},
	}
}

// fedOptions is what a feed says of a product's options, by their names.
type fedOptions struct {
	ProductID  string      `json:"product_id,omitempty"`
	ProductKey string      `json:"product_key,omitempty"`
	OptionSets []OptionSet `json:"variant_option_sets"`
}

// readOptions reads the sets of an entity's records, in the order of the rows.
func readOptions(e *vendors.Entity) fedOptions {
	fed := fedOptions{ProductID: string(schema.Shared(e.Records, "product_id")), ProductKey: string(schema.Shared(e.Records, "product_key"))}
	places := make(map[string]int)
	for i := range e.Records {
		name, value := e.Records[i].Text("option"), e.Records[i].Text("value")
		if name == "" || value == "" {
			continue
		}
		place, known := places[name]
		if !known {
			place = len(fed.OptionSets)
			places[name] = place
			fed.OptionSets = append(fed.OptionSets, OptionSet{Name: name})
		}
		fed.OptionSets[place].Values = append(fed.OptionSets[place].Values, value)
	}
	return fed
}

// encodeOptionSets judges the rows of a product. What it makes is in an order of its own, so that the order of the
// rows leaves no trace in it; Amend sends the rows' order.
func encodeOptionSets(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	for i := range e.Records {
		if !e.Records[i].Has("product_id") && !e.Records[i].Has("product_key") {
			e.Add(schema.Problem{Rule: optionProduct, Record: i, Field: "product_id"})
		}
	}
	fed := readOptions(e)
	for i := range fed.OptionSets {
		set := &fed.OptionSets[i]
		if first, other, ok := alike(set.Name, set.Values); ok {
			addAlike(e, set.Name, first, other)
		}
		slices.Sort(set.Values)
	}
	if !e.Sound() {
		return nil
	}
	slices.SortFunc(fed.OptionSets, func(a, b OptionSet) int { return strings.Compare(a.Name, b.Name) })
	return fed
}

// addAlike reports a value at the last row that has one of two spellings.
func addAlike(e *vendors.Entity, name, first, other string) {
	var rows []int
	for i := range e.Records {
		if value := e.Records[i].Text("value"); e.Records[i].Text("option") == name && (value == first || value == other) {
			rows = append(rows, i)
		}
	}
	one, last := rows[0], rows[len(rows)-1]
	e.Add(schema.Problem{Rule: optionAlike, Record: last, Other: one, Field: "value", Suggestion: e.Records[one].Text("value"),
		Message: fmt.Sprintf("%q is the same as %q in %s", e.Records[last].Text("value"), e.Records[one].Text("value"), schema.OtherCell)})
}

// optionCall is the body that sets the options of a product: all of them, since it replaces them (faire:655).
type optionCall struct {
	OptionSets []OptionSet `json:"variant_option_sets"`
}

// amendOptionSets finds the product, and makes the body when its options are otherwise.
func amendOptionSets(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	if len(e.Records) == 0 {
		return vendors.Amendment{}, nil
	}
	fed := readOptions(e)
	if held.Unasked {
		e.Add(schema.Problem{Rule: idUnasked, Field: "product_id",
			Message: "options can only be changed after what Faire has was read: leave --compare none away"})
		return vendors.Amendment{}, nil
	}
	found, err := heldProduct(held, fed.ProductID, fed.ProductKey)
	if err != nil {
		return vendors.Amendment{}, err
	}
	if found == nil {
		e.Add(schema.Problem{Rule: productUnknown, Field: cmp.Or(map[bool]string{true: "product_key"}[fed.ProductID == ""], "product_id")})
		return vendors.Amendment{}, nil
	}
	p, err := readProduct(found.Body)
	if err != nil {
		return vendors.Amendment{}, err
	}
	e.ID, e.Known = found.Key, true
	after := p.clone()
	changed := false
	for i := range fed.OptionSets {
		changed = replaceValues(e, p, after, &fed.OptionSets[i]) || changed
	}
	if !changed || !e.Sound() {
		return vendors.Amendment{After: after}, nil
	}
	return vendors.Amendment{Body: optionCall{after.OptionSets}, After: after}, nil
}

// replaceValues puts the feed's values of an option in the place of those that it has, and reports whether they differ.
func replaceValues(e *vendors.Entity, p, after *Product, fed *OptionSet) bool {
	rowOf := func(value string) int {
		return max(0, slices.IndexFunc(e.Records, func(r schema.Record) bool {
			return r.Text("option") == fed.Name && (value == "" || r.Text("value") == value)
		}))
	}
	set := after.set(fed.Name)
	if set == nil {
		e.Add(schema.Problem{Rule: optionNames, Record: rowOf(""), Field: "option", Suggestion: schema.Nearest(fed.Name, p.optionNames()),
			Message: fmt.Sprintf("Faire has the product with the options %s, and not with %s", p.optionList(), fed.Name)})
		return false
	}
	for i := range p.Variants {
		v := &p.Variants[i]
		if value := v.Option(fed.Name); value != "" && v.LifecycleState != vocabulary.Deleted && !slices.Contains(fed.Values, value) {
			e.Add(schema.Problem{Rule: optionInUse, Record: rowOf(""), Field: "value",
				Message: fmt.Sprintf("the rows of %s lack %q, which the variant %s has", fed.Name, value, cmp.Or(v.SKU, v.ID))})
			break
		}
	}
	if slices.Equal(set.Values, fed.Values) {
		return false
	}
	if fed.Name == vocabulary.SizeOption {
		warnOfPrepacks(e, set.Values, fed.Values, rowOf)
	}
	set.Values = fed.Values
	return true
}

// warnOfPrepacks tells that sizes are reordered, or that one goes between others, which a product that is sold in
// prepacks does not take (faire:656). Whether it is, its listing does not say.
func warnOfPrepacks(e *vendors.Entity, has, now []string, rowOf func(value string) int) {
	var kept, stay []string
	for _, value := range now {
		if slices.Contains(has, value) {
			kept = append(kept, value)
		}
	}
	for _, value := range has {
		if slices.Contains(now, value) {
			stay = append(stay, value)
		}
	}
	value := inMiddle(has, now)
	switch {
	case value != "":
		e.Add(schema.Problem{Rule: optionMiddle, Record: rowOf(value), Field: "value",
			Message: fmt.Sprintf("the new size %q goes between others, which Faire refuses if the product is sold in prepacks", value)})
	case !slices.Equal(kept, stay):
		e.Add(schema.Problem{Rule: optionMiddle, Record: rowOf(""), Field: "value",
			Message: "the sizes get another order, which Faire refuses if the product is sold in prepacks"})
	}
}

// uploadOptionSets sets the options of each product (faire:678).
func uploadOptionSets(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		if !e.Known || e.ID == "" {
			return fmt.Errorf("the options of %q were not compared with what Faire has", e.Key)
		}
		if err := store(ctx, client, e, http.MethodPatch, "/products/"+segment(e.ID)+"/variant-option-sets", e.Body); err != nil {
			return err
		}
	}
	return nil
}

// decodeOptionSets makes a row of each value.
func decodeOptionSets(body []byte) ([]map[string]string, error) {
	p, err := readProduct(body)
	if err != nil {
		return nil, err
	}
	var rows []map[string]string
	for _, set := range p.OptionSets {
		for _, value := range set.Values {
			rows = append(rows, map[string]string{"product_id": p.ID, "option": set.Name, "value": value})
		}
	}
	return rows, nil
}

// canonicalOptionSets writes what a product's options are.
func canonicalOptionSets(body []byte) ([]byte, error) {
	var p struct {
		ID         string      `json:"id"`
		ProductID  string      `json:"product_id"`
		OptionSets []OptionSet `json:"variant_option_sets"`
	}
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, fmt.Errorf("the vendor's answer is not a product: %w", err)
	}
	slices.SortStableFunc(p.OptionSets, func(a, b OptionSet) int { return strings.Compare(a.Name, b.Name) })
	return json.Marshal(Product{ID: cmp.Or(p.ID, p.ProductID), OptionSets: p.OptionSets})
}
