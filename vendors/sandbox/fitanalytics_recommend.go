package sandbox

import (
	"fmt"
	"net/http"
	"slices"

	"bulkload/vendors/fitanalytics/vocabulary"
)

// recommendMembers are those of a question (fit-analytics:191).
var recommendMembers = []member{
	{name: "shopLanguage", check: oneOf(vocabulary.Languages)},
	{name: "shopCountry", check: oneOf(vocabulary.Countries)},
	{name: "shopSizingSystem", check: someText},
	{name: "isImmediate", check: anyBoolean},
	{name: "manufacturedSizes", check: booleanMap},
	{name: "profile", check: someText},
}

// booleanMap wants an object whose values are true or false.
func booleanMap(n *node) error {
	if err := kind(n, jsonObject); err != nil {
		return err
	}
	for i, name := range n.names {
		if err := kind(&n.items[i], jsonBoolean); err != nil {
			return within(name, err)
		}
	}
	return nil
}

// recommend answers POST of a question: sizes with scores, or what must still be known (fit-analytics:187).
func (f *fitFinder) recommend(c *call, who fitCustomer) answer {
	if c.method != http.MethodPost {
		return fitMethods("POST")
	}
	if _, refusal := fitQuery(c, nil, "", nil); refusal != nil {
		return *refusal
	}
	data, refusal := dataOfCall(c)
	if refusal != nil {
		return *refusal
	}
	product := c.parts[1]
	if !isSupported(product) {
		return fitRefusal(http.StatusNotFound, "not_found", "the product is not supported")
	}
	if err := object(data, recommendMembers); err != nil {
		return fitRefusal(http.StatusUnprocessableEntity, "invalid_attribute", err.Error())
	}
	mine, err := f.profilesOf(who)
	if err != nil {
		return internal(err)
	}
	profile, ok := chosenProfile(mine, data.textOf("profile"))
	if !ok {
		return fitRefusal(http.StatusUnprocessableEntity, "invalid_attribute", "profile: the customer has no such profile")
	}
	category, gender := kindOf(product)
	bought := slices.ContainsFunc(who.records(), func(record string) bool { return f.bought[record+"\x00"+category+gender] })
	if missing := missingFor(category, profile); !bought && missing != nil {
		return fitErrors(http.StatusBadRequest, missing...)
	}
	return fitData(http.StatusCreated, recommendation(c, data, product, category, profile, bought))
}

// chosenProfile is the one that a question names; nil when it names none.
func chosenProfile(mine []fitProfile, id string) (*fitProfile, bool) {
	if id == "" {
		return nil, true
	}
	at := slices.IndexFunc(mine, func(p fitProfile) bool { return p.id == id })
	if at < 0 {
		return nil, false
	}
	return &mine[at], true
}

// missingFor tells what a profile lacks for a category (fit-analytics:271).
func missingFor(category string, p *fitProfile) (missing []fitError) {
	lacks := func(name string) bool { return p == nil || p.data[name] == nil }
	if category == "shoes" {
		if lacks("shoesReferenceBrand") || lacks("shoesReferenceSize") {
			missing = append(missing, fitError{"400", vocabulary.NoReference, "Missing shoes reference item",
				&fitSource{[]string{"profile.shoesReferenceBrand", "profile.shoesReferenceSize"}}})
		}
		return missing
	}
	for _, needed := range []struct{ name, code string }{{"height", vocabulary.NoHeight}, {"weight", vocabulary.NoWeight}} {
		if lacks(needed.name) {
			missing = append(missing, fitError{"400", needed.code, "Missing profile " + needed.name, &fitSource{[]string{"profile." + needed.name}}})
		}
	}
	return missing
}

// recommendation is the answer: the question, and one or two of its sizes, which follow from the product and
// the profile.
func recommendation(c *call, data *node, product, category string, p *fitProfile, bought bool) map[string]any {
	body, measures := string(c.body), ""
	shown := map[string]any{"id": fitID("recommendation", product, body), "product": product}
	for i, name := range data.names {
		shown[name] = rawOf(c, &data.items[i])
	}
	if p != nil {
		measures = string(p.data["height"]) + "," + string(p.data["weight"]) + "," + p.text(category+"ReferenceSize")
	}
	shown["flags"] = map[string]bool{"usedUserMeasures": p != nil && category != "shoes", "usedReferenceItem": p != nil && p.data[category+"ReferenceSize"] != nil,
		"usedPastPurchases": bought}
	sizes := manufactured(data)
	lot := lotOf("size", product, measures)
	first := lot % len(sizes)
	score := 60 + lot/256%40
	list := []any{sizeShown(product, sizes[first], score)}
	if len(sizes) > 1 {
		list = append(list, sizeShown(product, sizes[(first+1)%len(sizes)], 100-score))
	}
	shown["recommendedSizes"] = list
	return shown
}

// offered is a size that a question names, and whether it is to be had.
type offered struct {
	name    string
	inStock bool
}

// manufactured lists the sizes of a question, or usual ones when it names none.
func manufactured(data *node) (sizes []offered) {
	named, ok := data.member("manufacturedSizes")
	if !ok || len(named.names) == 0 {
		return []offered{{"S", true}, {"M", true}, {"L", true}}
	}
	for i, name := range named.names {
		sizes = append(sizes, offered{name, named.items[i].text == "true"})
	}
	slices.SortFunc(sizes, func(a, b offered) int { return lotOf(a.name) - lotOf(b.name) })
	return sizes
}

func sizeShown(product string, size offered, score int) map[string]any {
	lot := lotOf("size", size.name)
	return map[string]any{"id": fitID("size", product, size.name), "name": size.name, "abbreviation": size.name, "score": score,
		"isOutOfScale": false, "isInStock": size.inStock,
		"size": map[string]string{"id": fmt.Sprint(100 + lot%900), "name": fmt.Sprint(32 + lot%20), "sizingSystem": "de"}}
}
