package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/fitanalytics/vocabulary"
)

// purchaseMembers are those of a PurchaseEvent (fit-analytics:891).
var purchaseMembers = []member{
	{name: "product", required: true, check: someText},
	{name: "variant", check: someText},
	{name: "ean", check: someText},
	{name: "order", required: true, check: someText},
	{name: "shopCountry", required: true, check: oneOf(vocabulary.Countries)},
	{name: "shopLanguage", required: true, check: oneOf(vocabulary.Languages)},
	{name: "shopSizingSystem", check: someText},
	{name: "purchasedSize", check: someText},
	{name: "price", check: fitNumber(regexp.MustCompile(`^[0-9.]+$`), "must be a number from 0")},
	{name: "currency", check: oneOf(slices.Concat(vocabulary.Currencies, vocabulary.FormerCurrencies))},
	{name: "quantity", check: fitNumber(regexp.MustCompile(`^[1-9][0-9]*$`), "must be a whole number from 1")},
	{name: "purchaseDate", check: instant},
	{name: "platform", check: oneOf(vocabulary.Platforms)},
}

// fitNumber wants a number that is written so.
func fitNumber(form *regexp.Regexp, rule string) check {
	return func(n *node) error {
		if err := kind(n, jsonNumber); err != nil {
			return err
		}
		if !form.MatchString(n.text) {
			return misfitf("%s %s", n.text, rule)
		}
		return nil
	}
}

// purchases answers POST of events: each is taken or not by itself, and errors tells of each by its place
// (fit-analytics:911).
func (f *fitFinder) purchases(c *call, who fitCustomer) answer {
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
	if data.kind != jsonList || len(data.items) == 0 {
		return fitRefusal(http.StatusBadRequest, "invalid_body", "data must be a list of purchase events")
	}
	f.told++
	errs := make([]any, len(data.items))
	taken := 0
	for i := range data.items {
		if err := object(&data.items[i], purchaseMembers); err != nil {
			errs[i] = purchaseFault(err)
			continue
		}
		if err := f.bring(c, who, &data.items[i]); err != nil {
			return internal(err)
		}
		taken++
	}
	return fitAnswer(http.StatusOK, map[string]any{"data": nil, "errors": errs,
		"meta": map[string]any{"txid": fitTxID(strconv.Itoa(f.told), string(c.body)), "count": taken}})
}

// bring stores an event. One that comes again is counted: the vendor would have it twice.
func (f *fitFinder) bring(c *call, who fitCustomer, event *node) error {
	data := c.body[event.start:event.end]
	body, err := json.Marshal(keptOf{Records: who.records(), Data: data})
	if err != nil {
		return err
	}
	var names []string
	for _, name := range []string{"order", "product", "variant", "ean", "purchasedSize"} {
		names = append(names, event.textOf(name))
	}
	if price, ok := event.member("price"); ok {
		names = append(names, price.text)
	}
	id := strings.Join(names, "|")
	if _, err := f.stores["purchases"].put(id, 1, body, false); err != nil {
		return err
	}
	f.buy(who.records(), event.textOf("product"))
	return c.apply(id, data)
}

// purchaseFault is the entry of an event that was not taken (fit-analytics:913).
func purchaseFault(err error) any {
	code, title := "invalid_attribute", err.Error()
	var m *misfit
	if errors.As(err, &m) && m.path != "" {
		title = fmt.Sprintf("Attribute %s %s", m.path, m.text)
		if m.text == "is required" {
			code = vocabulary.RequiredAttribute
		}
	}
	return map[string]any{"status": http.StatusUnprocessableEntity, "code": code, "title": title}
}

// kindOf says what a product is: its category and gender follow from its ID.
func kindOf(product string) (category, gender string) {
	if product == "example-1150064" { // of the document (fit-analytics:106)
		return "upper", "m"
	}
	lot := lotOf("kind", product)
	return fitCategories[lot%len(fitCategories)], vocabulary.Genders[lot/8%2]
}

// fitCategories are those that the document names.
var fitCategories = []string{"upper", "lower", "shoes", "bra"}

// isSupported reports whether sizes of a product can be recommended.
func isSupported(product string) bool {
	return product != "example-1061683" && (product == "example-1150064" || lotOf("supported", product)%5 != 0)
}

// product answers GET of a product (fit-analytics:99). Its name follows from its ID.
func (f *fitFinder) product(c *call) answer {
	if c.method != http.MethodGet {
		return fitMethods("GET")
	}
	if _, refusal := fitQuery(c, []string{"shopLanguage", "shopCountry", "shopSizingSystem"}, "", nil); refusal != nil {
		return *refusal
	}
	id := c.parts[1]
	if !isSupported(id) {
		return fitRefusal(http.StatusNotFound, "not_found", "the product is not supported")
	}
	category, gender := kindOf(id)
	title := slices.Concat([]string{"Slim", "Super Skinny", "Relaxed", "Classic"})[lotOf("title", id)%4] + " " +
		map[string]string{"upper": "Blazer", "lower": "Jeans", "shoes": "Sneaker", "bra": "Bra"}[category]
	return fitData(http.StatusOK, map[string]any{"id": id, "title": title, "category": category, "gender": gender,
		"thumbnailUrl": "http://media.example.com/garments/" + fitTxID(id)[:8] + ".jpg"})
}
