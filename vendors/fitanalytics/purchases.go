package fitanalytics

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/fitanalytics/vocabulary"
	"bulkload/vendors/schema"
)

// Purchases are items that customers bought (fit-analytics:867). One request tells what one customer
// bought, since its token names the customer. The vendor does not know a purchase again, and does not
// give purchases out.
var Purchases = &vendors.Resource{
	Name:    "purchases",
	Doc:     "report items that customers bought",
	Noun:    vendors.Noun{One: "purchase", Many: "purchases"},
	Schema:  purchaseSchema(),
	Rules:   []*schema.Rule{purchaseTwice, purchaseCurrency, purchaseSize},
	Key:     "order",
	Lone:    true,
	Part:    "product",
	Besides: []string{"variant", "ean", "purchasedSize", "price"},
	Lane:    customerLane,
	Batch:   100,
	Splits:  true,
	Repeat:  vendors.Unsafe,
	Encode:  encodePurchase,
	Amend:   amendPurchase,
	Upload:  uploadPurchases,
	Trace:   tracer(purchaseSchema()),
	Example: []map[string]string{
		{"sess": "m0wIPfpQHGc1QZXfI18juG", "sub": "1000", "product": "example-355133", "variant": "43113", "order": "5642212", "shopCountry": "DE",
			"shopLanguage": "de", "purchasedSize": "M", "price": "143.99", "currency": "EUR", "quantity": "1",
			"purchaseDate": "2021-12-30T20:03:33Z", "platform": "app-android"},
		{"sess": "Qm9CbG9nZ3NTZXNzaW9u", "product": "example-355140", "ean": "123456789012", "order": "5642213", "shopCountry": "GB",
			"shopLanguage": "en", "shopSizingSystem": "UK", "purchasedSize": "10", "price": "32.99", "currency": "GBP", "quantity": "2",
			"purchaseDate": "2021-12-30T21:30:22+01:00", "platform": "website"},
	},
}

// The rules of purchases beyond those of single values.
var (
	productPrefix = &schema.Rule{ID: "product.prefix", Severity: schema.Warning,
		Sentence: "a product's ID begins with the shop's prefix and a hyphen, as shop-12345"}
	eanDigits = &schema.Rule{ID: "ean.digits", Sentence: "an EAN code is 8, 12, 13 or 14 digits"}
	eanCheck  = &schema.Rule{ID: "ean.check", Severity: schema.Warning,
		Sentence: "the last digit of an EAN code must fit the others: one of them may be mistyped"}
	purchaseTwice = &schema.Rule{ID: "purchase.twice", Clause: clause(902),
		Sentence: "the same item stands in the order twice; if more than one was bought, give one row with the quantity"}
	purchaseCurrency = &schema.Rule{ID: "price.currency", Clause: clause(901),
		Sentence: "a price needs its currency"}
	purchaseSize = &schema.Rule{ID: "size.missing", Clause: clause(899), Severity: schema.Warning,
		Sentence: "garments need the purchased size"}
)

// purchaseSchema lists the customer's fields, then those of the document's PurchaseEvent (fit-analytics:891).
func purchaseSchema() schema.Schema {
	return append(customerFields(), schema.Schema{
		{Name: "product", Clause: clause(892), Required: true, Example: "shop-12345",
			Doc:      "The product's ID, with the prefix of the shop.",
			Checks:   []schema.Check{{Rule: productPrefix, OK: func(value []byte) bool { return bytes.IndexByte(value, '-') > 0 }}},
			Synonyms: []string{"product id", "productid", "style", "article"}},
		{Name: "variant", Clause: clause(893), Example: "21347722-12",
			Doc:      "The variant's ID, one for each size of a product.",
			Synonyms: []string{"variant id", "variantid", "sku"}},
		{Name: "ean", Clause: clause(894), Example: "123456789012",
			Doc:      "The EAN code of the variant; format the column as text, so that no digit is lost.",
			Checks:   []schema.Check{{Rule: eanDigits, OK: isEAN}, {Rule: eanCheck, OK: func(value []byte) bool { return !isEAN(value) || sumsUp(value) }}},
			Synonyms: []string{"ean code", "ean13", "gtin", "upc", "barcode"}},
		{Name: "order", Clause: clause(895), Required: true, Example: "8346522",
			Doc:      "The order's ID, unique in the shop.",
			Synonyms: []string{"order id", "orderid", "order number"}},
		countryField(896, true), languageField(897, true), sizingSystemField(898),
		{Name: "purchasedSize", Clause: clause(899), Example: "M",
			Doc:      "The code of the size that was bought; garments need it.",
			Synonyms: []string{"size", "size code"}},
		{Name: "price", Clause: clause(900), Type: schema.Decimal, Example: "32.99", Checks: []schema.Check{notNegative},
			Doc:      "What one item cost, with a point before the cents.",
			Synonyms: []string{"unit price", "item price", "purchase price"}},
		{Name: "currency", Clause: clause(901), Values: schema.NewValues(vocabulary.Currencies...).Also(vocabulary.FormerCurrencies...),
			Explain: explainCase(slices.Concat(vocabulary.Currencies, vocabulary.FormerCurrencies), nil),
			Example: "EUR", Doc: "The currency of the price, a code of ISO 4217.",
			Synonyms: []string{"currency code"}},
		{Name: "quantity", Clause: clause(902), Type: schema.Integer, Example: "2", Checks: []schema.Check{positive},
			Doc:      "How many items were bought; empty for one.",
			Synonyms: []string{"qty", "amount", "pieces"}},
		{Name: "purchaseDate", Clause: clause(903), Required: true, Example: "2021-01-01T20:30:22+01:00", Checks: dateChecks,
			Doc:      "When it was bought, with time and zone; without one, the vendor would take the time of the upload.",
			Synonyms: []string{"purchase date", "order date", "orderdate", "date"}},
		{Name: "platform", Clause: clause(904), Values: schema.NewValues(vocabulary.Platforms...), Explain: explainCase(vocabulary.Platforms, platformMeanings),
			Example: "website", Doc: "Where it was bought: in an app or on the website.",
			Synonyms: []string{"channel"}},
	}...)
}

// platformMeanings are words of feeds for the platforms.
var platformMeanings = map[string]string{"ios": "app-ios", "android": "app-android", "web": "website", "site": "website"}

func countryField(line int, required bool) schema.Field {
	return schema.Field{Name: "shopCountry", Clause: clause(line), Required: required, Values: schema.NewValues(vocabulary.Countries...),
		Explain: explainCase(vocabulary.Countries, map[string]string{"uk": "GB", "el": "GR"}), Example: "GB",
		Doc: "The country of the shop, two letters of ISO 3166-1: GB, not UK.", Synonyms: []string{"shop country", "country", "country code"}}
}

func languageField(line int, required bool) schema.Field {
	return schema.Field{Name: "shopLanguage", Clause: clause(line), Required: required, Values: schema.NewValues(vocabulary.Languages...),
		Explain: explainLanguage, Example: "de",
		Doc: "The language of the shop, two small letters of ISO 639-1.", Synonyms: []string{"shop language", "language", "language code"}}
}

func sizingSystemField(line int) schema.Field {
	return schema.Field{Name: "shopSizingSystem", Clause: clause(line), Example: "UK",
		Doc: "The shop's own code of its sizing system.", Synonyms: []string{"shop sizing system", "sizing system"}}
}

// explainCase suggests the value that differs only in case, or is meant by another word.
func explainCase(values []string, meanings map[string]string) func(string) (string, string) {
	return func(value string) (message, suggestion string) {
		suggestion = meanings[strings.ToLower(value)]
		for _, right := range values {
			if strings.EqualFold(right, value) {
				suggestion = right
			}
		}
		if suggestion == "" {
			return "", ""
		}
		return fmt.Sprintf("%q is written %s here", value, suggestion), suggestion
	}
}

// explainLanguage takes the language out of a locale such as en-GB.
func explainLanguage(value string) (message, suggestion string) {
	language, _, locale := strings.Cut(strings.ReplaceAll(value, "_", "-"), "-")
	message, suggestion = explainCase(vocabulary.Languages, nil)(language)
	if locale && suggestion != "" {
		message = fmt.Sprintf("%q is a language with a country; the language alone is %s", value, suggestion)
	}
	return message, suggestion
}

// isEAN reports whether a value has the form of an EAN-8, a UPC, an EAN-13 or a GTIN-14.
func isEAN(value []byte) bool {
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(value) == 8 || len(value) >= 12 && len(value) <= 14
}

// sumsUp reports whether the check digit of an EAN code fits.
func sumsUp(value []byte) bool {
	sum, weight := 0, 1
	for i := len(value) - 1; i >= 0; i-- {
		sum += weight * int(value[i]-'0')
		weight = 4 - weight
	}
	return sum%10 == 0
}

// purchaseEvent is a purchase as it is sent (fit-analytics:891).
type purchaseEvent struct {
	Product          string      `json:"product"`
	Variant          string      `json:"variant,omitempty"`
	EAN              string      `json:"ean,omitempty"`
	Order            string      `json:"order"`
	ShopCountry      string      `json:"shopCountry"`
	ShopLanguage     string      `json:"shopLanguage"`
	ShopSizingSystem string      `json:"shopSizingSystem,omitempty"`
	PurchasedSize    string      `json:"purchasedSize,omitempty"`
	Price            json.Number `json:"price,omitempty"`
	Currency         string      `json:"currency,omitempty"`
	Quantity         json.Number `json:"quantity,omitempty"`
	PurchaseDate     string      `json:"purchaseDate"`
	Platform         string      `json:"platform,omitempty"`
}

// encodePurchase makes the event of a row. A second row of the same item is a slip, or a quantity.
func encodePurchase(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	for i := 1; i < len(e.Records); i++ {
		e.Add(schema.Problem{Rule: purchaseTwice, Record: i, Field: "order"})
	}
	r := &e.Records[0]
	if r.Has("price") && !r.Has("currency") {
		e.Add(schema.Problem{Rule: purchaseCurrency, Field: "currency"})
	}
	if !r.Has("purchasedSize") {
		e.Add(schema.Problem{Rule: purchaseSize, Field: "purchasedSize"})
	}
	if !e.Sound() {
		return nil
	}
	event := &purchaseEvent{Product: r.Text("product"), Variant: r.Text("variant"), EAN: r.Text("ean"), Order: r.Text("order"),
		ShopCountry: r.Text("shopCountry"), ShopLanguage: r.Text("shopLanguage"), ShopSizingSystem: r.Text("shopSizingSystem"),
		PurchasedSize: r.Text("purchasedSize"), Currency: r.Text("currency"), PurchaseDate: r.Text("purchaseDate"), Platform: r.Text("platform")}
	if r.Has("price") {
		event.Price = numberOf(r.Bytes("price"))
	}
	if r.Has("quantity") {
		event.Quantity = numberOf(r.Bytes("quantity"))
	}
	return event
}

// amendPurchase makes the customer's token ready. What is sent is what the feed says.
func amendPurchase(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	e.Adds = true
	return vendors.Amendment{Body: json.RawMessage(e.Body)}, prepare(held, customerOf(e))
}

// purchasePath is where purchases are reported (fit-analytics:875).
const purchasePath = "/events/purchases/"

// uploadPurchases reports what one customer bought. The answer tells of each event by its place, so none
// changes its place (fit-analytics:911).
func uploadPurchases(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	customer := customerOf(u.Entities[0])
	body := []byte(`{"data":[`)
	for i, e := range u.Entities {
		if customerOf(e) != customer {
			return fmt.Errorf("purchases of two customers stand in one request: %q and %q", u.Entities[0].Key, e.Key)
		}
		if i > 0 {
			body = append(body, ',')
		}
		body = append(body, e.Body...)
	}
	response, err := call(ctx, client, customer, vendors.Request{Method: http.MethodPost, Path: purchasePath, Body: append(body, "]}"...)})
	if err != nil {
		return err
	}
	return settlePurchases(u.Entities, response)
}

// purchaseAnswer is what the vendor says to purchases (fit-analytics:909).
type purchaseAnswer struct {
	Errors []*fault `json:"errors"` // null where an event was taken
	Meta   struct {
		Count *int `json:"count"` // of events that were taken
	} `json:"meta"`
}

// settlePurchases gives each event its outcome. A success whose answer does not tell of each of them
// leaves open what became of them.
func settlePurchases(entities []*vendors.Entity, response *vendors.Response) error {
	unclear := func(why error) error {
		return &vendors.TransportError{Method: http.MethodPost, Path: purchasePath, Err: why}
	}
	var answer purchaseAnswer
	if err := json.Unmarshal(response.Body, &answer); err != nil {
		return unclear(fmt.Errorf("the answer is not the vendor's: %w", err))
	}
	if len(answer.Errors) == 0 && answer.Meta.Count != nil && *answer.Meta.Count == len(entities) {
		answer.Errors = make([]*fault, len(entities)) // nothing is said against any
	}
	if len(answer.Errors) != len(entities) {
		return unclear(fmt.Errorf("the answer tells of %d purchases, but %d were sent", len(answer.Errors), len(entities)))
	}
	for i, e := range entities {
		e.Outcome, e.Status = vendors.Created, response.Status
		if refused := answer.Errors[i]; refused != nil {
			e.Outcome, e.Answer = vendors.Refused, &vendors.APIError{Code: string(refused.Code), Message: refused.message()}
			if status, err := strconv.Atoi(string(refused.Status)); err == nil && status > 0 {
				e.Status = status
			}
			e.Answer.Status = e.Status
		}
	}
	return nil
}

// tracer finds the field whose name stands in the vendor's words, "Attribute product is required": of
// several names the longest.
func tracer(fields schema.Schema) func(*vendors.Entity, string) (int, string) {
	return func(_ *vendors.Entity, message string) (record int, field string) {
		words := strings.FieldsFunc(message, func(r rune) bool { return strings.ContainsRune(" \t\"'`()[]{},;:./=", r) })
		for _, word := range words {
			if found, _ := fields.Find(word); found != nil && len(word) > len(field) {
				field = word
			}
		}
		return 0, field
	}
}
