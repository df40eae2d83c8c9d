package faslet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// Profile is what a question tells of a shopper (faslet:385). Version 1 shows its first four members only.
type Profile struct {
	Gender           string          `json:"gender,omitempty"`
	Height           json.Number     `json:"height,omitempty"`
	Weight           json.Number     `json:"weight,omitempty"`
	Age              json.Number     `json:"age,omitempty"`
	HasMadeOrders    *bool           `json:"hasMadeOrders,omitempty"`
	HasUsedAssistant *bool           `json:"hasUsedAssistant,omitempty"`
	ReferenceItems   []ReferenceItem `json:"referenceItems,omitempty"`
	Measurements     ShopperScales   `json:"measurements,omitzero"`
}

// ReferenceItem is something that the shopper wears (faslet:397).
type ReferenceItem struct {
	Brand  string `json:"brand,omitempty"`
	Model  string `json:"model,omitempty"`
	Size   string `json:"size,omitempty"`
	Gender string `json:"gender,omitempty"`
}

// ShopperScales are the document's measurements of a shopper, most of which are scales (faslet:405).
type ShopperScales struct {
	Fit                      json.Number `json:"fit,omitempty"`
	Waist                    json.Number `json:"waist,omitempty"`
	Hips                     json.Number `json:"hips,omitempty"`
	Chest                    json.Number `json:"chest,omitempty"`
	FootWidth                json.Number `json:"footWidth,omitempty"`
	BraCupSize               string      `json:"braCupSize,omitempty"`
	BraBandSize              json.Number `json:"braBandSize,omitempty"`
	RelativeSizingPreference json.Number `json:"relativeSizingPreference,omitempty"`
}

// profileUnit is the rule of numbers that look like those of another unit.
var profileUnit = &schema.Rule{ID: "profile.unit", Severity: schema.Warning,
	Sentence: "height is in centimetres, weight in kilograms and age in years; the number looks like one of another unit"}

// within warns of a number of a person that is not between two others.
func within(least, most int) []schema.Check {
	return append(slices.Clone(aboveZero), schema.Check{Rule: profileUnit, OK: func(value []byte) bool {
		if !schema.IsDecimal(value) || !aboveZero[0].OK(value) {
			return true
		}
		digits := bytes.TrimLeft(value, "+0")
		n, read := leadingNumber(digits)
		return (read == len(digits) || digits[read] == '.') && n >= least && n < most
	}})
}

// shopperFields are the columns of a profile that both versions have, with their lines in the document.
func shopperFields(gender, height, weight, age int) schema.Schema {
	return schema.Schema{
		{Name: "profile.gender", Clause: clause(gender), Values: schema.NewValues(vocabulary.ShopperGenders...), Example: "female",
			Explain: explainGender(vocabulary.ShopperGenders), Doc: "The shopper's gender, male or female.", Synonyms: genderSynonyms},
		{Name: "profile.height", Clause: clause(height), Type: schema.Decimal, Checks: within(50, 260), Example: "172",
			Doc: "The shopper's height in centimetres.", Synonyms: []string{"height", "height cm", "größe cm", "körpergröße", "lengte cm"}},
		{Name: "profile.weight", Clause: clause(weight), Type: schema.Decimal, Checks: within(10, 400), Example: "64.5",
			Doc: "The shopper's weight in kilograms.", Synonyms: []string{"weight", "weight kg", "gewicht", "poids", "peso"}},
		{Name: "profile.age", Clause: clause(age), Type: schema.Decimal, Checks: within(0, 121), Example: "30",
			Doc: "The shopper's age in years.", Synonyms: []string{"age", "alter", "leeftijd", "âge", "età"}},
	}
}

// profileFields are the columns of a profile in version 2.
func profileFields() schema.Schema {
	fields := append(shopperFields(389, 390, 391, 392), schema.Schema{
		{Name: "profile.hasMadeOrders", Clause: clause(393), Type: schema.Boolean, Example: "false",
			Doc: "Whether the shopper has ordered from the shop before.", Synonyms: []string{"has made orders", "has ordered"}},
		{Name: "profile.hasUsedAssistant", Clause: clause(394), Type: schema.Boolean, Example: "true",
			Doc: "Whether the shopper has used the sizing assistant before.", Synonyms: []string{"has used assistant"}},
	}...)
	for i, part := range [...]struct{ name, doc, example string }{
		{"brand", "The brand of a thing that the shopper wears.", "Nike"}, {"model", "The model or name of that thing.", "Air"},
		{"size", "The size in which the shopper wears it.", "M"}, {"gender", "The gender or category of that thing.", "female"},
	} {
		fields = append(fields, schema.Field{Name: "profile.referenceItems_{n}." + part.name, Clause: clause(401 + i), Doc: part.doc, Example: part.example,
			Synonyms: []string{"reference item {n} " + part.name}})
	}
	return append(fields, scaleFields()...)
}

// scaleFields are the columns of what the document calls measurements.
func scaleFields() schema.Schema {
	var fields schema.Schema
	for i, scale := range [...]string{"How tight clothes should fit: 1 tighter, 2 as usual, 3 looser.", "The shape of the waist: 1 flatter, 2 average, 3 rounder.",
		"How wide the hips are: 1 narrower, 2 average, 3 wider.", "How wide the chest is: 1 narrower, 2 average, 3 wider.",
		"How wide the feet are: 1 narrower, 2 average, 3 wider."} {
		fields = append(fields, schema.Field{Name: "profile.measurements." + vocabulary.Scales[i], Clause: clause(409 + i), Doc: scale, Example: "2",
			Values: schema.NewValues(vocabulary.ScaleValues...), Explain: explainScale(vocabulary.ScaleValues)})
	}
	return append(fields, schema.Schema{
		{Name: "profile.measurements.braCupSize", Clause: clause(414), Example: "C", Doc: "The cup size of a bra, such as C.",
			Synonyms: []string{"bra cup size", "cup size", "cup"}},
		{Name: "profile.measurements.braBandSize", Clause: clause(415), Type: schema.Decimal, Checks: aboveZero, Example: "75",
			Doc: "The band size of a bra, such as 75 or 34.", Synonyms: []string{"bra band size", "band size"}},
		{Name: "profile.measurements.relativeSizingPreference", Clause: clause(416), Example: "0", Values: schema.NewValues(vocabulary.RelativeSizes...),
			Explain: explainScale(vocabulary.RelativeSizes), Doc: "Whether the shopper likes sizes smaller or larger than usual: a whole number from -2 to 2.",
			Synonyms: []string{"relative sizing preference", "sizing preference"}},
	}...)
}

// scaleMeanings are words, in lower case, for the values that both kinds of scales have in common.
var scaleMeanings = map[string]string{"average": "2", "normal": "2", "regular": "2", "medium": "2", "neutral": "0"}

// explainScale explains a value that is not on a scale.
func explainScale(list []string) func(string) (message, suggestion string) {
	return func(value string) (message, suggestion string) {
		if schema.IsDecimal([]byte(value)) {
			suggestion = string(number([]byte(value)))
		} else {
			suggestion = scaleMeanings[strings.ToLower(value)]
		}
		if !slices.Contains(list, suggestion) {
			suggestion = ""
		}
		return fmt.Sprintf("%q is not on the scale of %s; it is a scale, and no measurement", value, strings.Join(list, ", ")), suggestion
	}
}

// shopperOf reads the columns that both versions have; of is the value of a column.
func shopperOf(of func(name string) []byte) Profile {
	n := func(name string) json.Number {
		if value := of(name); len(value) > 0 {
			return number(value)
		}
		return ""
	}
	return Profile{Gender: string(of("profile.gender")), Height: n("profile.height"), Weight: n("profile.weight"), Age: n("profile.age")}
}

// profileOf reads a profile of version 2.
func profileOf(r *schema.Record) Profile {
	p := shopperOf(r.Bytes)
	p.HasMadeOrders, p.HasUsedAssistant = booleanOf(r, "profile.hasMadeOrders"), booleanOf(r, "profile.hasUsedAssistant")
	n := func(name string) json.Number { return numberOf(r, "profile.measurements."+name) }
	p.Measurements = ShopperScales{Fit: n("fit"), Waist: n("waist"), Hips: n("hips"), Chest: n("chest"), FootWidth: n("footWidth"),
		BraCupSize: r.Text("profile.measurements.braCupSize"), BraBandSize: n("braBandSize"), RelativeSizingPreference: n("relativeSizingPreference")}
	p.ReferenceItems = referenceItems(r)
	return p
}

// referenceItems reads the numbered items, in the order of their numbers. One without any value is none.
func referenceItems(r *schema.Record) []ReferenceItem {
	type numbered struct {
		number int
		ReferenceItem
	}
	var items []numbered
	for part, name := range [...]string{"brand", "model", "size", "gender"} {
		for _, column := range r.Layout.Family("profile.referenceItems_{n}." + name) {
			number, err := strconv.Atoi(r.Layout.Columns[column].Param)
			if err != nil || len(r.Values[column]) == 0 {
				continue
			}
			at := slices.IndexFunc(items, func(item numbered) bool { return item.number == number })
			if at < 0 {
				at = len(items)
				items = append(items, numbered{number: number})
			}
			item := &items[at]
			*[...]*string{&item.Brand, &item.Model, &item.Size, &item.Gender}[part] = string(r.Values[column])
		}
	}
	slices.SortFunc(items, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	var list []ReferenceItem
	for _, item := range items {
		list = append(list, item.ReferenceItem)
	}
	return list
}
