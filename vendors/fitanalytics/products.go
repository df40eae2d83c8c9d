package fitanalytics

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// Products are looked up: whether the vendor supports a product, and what it is (fit-analytics:92).
// The answer is the same for all customers, so it is asked for under the account's own session.
var Products = &vendors.Resource{
	Name:    "products",
	Doc:     "ask whether products are supported, and what category and gender they have",
	Noun:    vendors.Noun{One: "product", Many: "products"},
	Schema:  lookupFields(99, productField),
	Key:     "product",
	Besides: []string{"shopLanguage", "shopCountry", "shopSizingSystem"},
	Batch:   1,
	Repeat:  vendors.Harmless,
	Encode:  encodeProduct,
	Ask:     askProduct,
	Answers: schema.Schema{
		{Name: "supported", Clause: clause(126), Type: schema.Boolean, Shared: true, Doc: "Whether the vendor can recommend sizes of the product."},
		{Name: "id", Clause: clause(107), Shared: true, Doc: "The product's ID."},
		{Name: "title", Clause: clause(108), Shared: true, Doc: "The product's name."},
		{Name: "category", Clause: clause(109), Shared: true, Doc: "The category, such as upper; it filters brands, styles and sizes."},
		{Name: "gender", Clause: clause(110), Shared: true, Doc: "Whose garment it is: m, w, b or g."},
		{Name: "thumbnailUrl", Clause: clause(111), Shared: true, Doc: "A small image."},
	},
	Answer: readProduct,
	Example: []map[string]string{{"product": "example-1150064", "shopLanguage": "en", "shopCountry": "GB", "shopSizingSystem": "UK"},
		{"product": "example-1061683", "shopLanguage": "en", "shopCountry": "GB", "shopSizingSystem": "UK"}},
}

var productField = schema.Field{Name: "product", Clause: clause(99), Required: true, MaxRunes: longestID, Example: "shop-12345",
	Doc: "The product's ID, with the prefix of the shop.", Synonyms: []string{"product id", "productid", "style", "article"}}

// lookupFields are the columns of a question: the given ones, then those of the shop.
func lookupFields(line int, fields ...schema.Field) schema.Schema {
	return append(schema.Schema(fields), languageField(line, false), countryField(line, false), sizingSystemField(line))
}

// productQuestion is what is asked of a product.
type productQuestion struct {
	Product          string `json:"product"`
	ShopLanguage     string `json:"shopLanguage,omitempty"`
	ShopCountry      string `json:"shopCountry,omitempty"`
	ShopSizingSystem string `json:"shopSizingSystem,omitempty"`
}

func encodeProduct(e *vendors.Entity) any {
	if len(e.Records) == 0 || !e.Sound() {
		return nil
	}
	r := &e.Records[0]
	return &productQuestion{Product: r.Text("product"), ShopLanguage: r.Text("shopLanguage"), ShopCountry: r.Text("shopCountry"),
		ShopSizingSystem: r.Text("shopSizingSystem")}
}

// productAnswer is the answer as it is kept.
type productAnswer struct {
	Supported bool            `json:"supported"`
	Product   json.RawMessage `json:"product,omitempty"`
}

// askProduct asks for a product. 404 says that it is not supported (fit-analytics:124).
func askProduct(ctx context.Context, client *vendors.Client, e *vendors.Entity) ([]byte, error) {
	var q productQuestion
	if err := json.Unmarshal(e.Body, &q); err != nil {
		return nil, fmt.Errorf("read the question: %w", err)
	}
	query := url.Values{}
	for name, value := range map[string]string{"shopLanguage": q.ShopLanguage, "shopCountry": q.ShopCountry, "shopSizingSystem": q.ShopSizingSystem} {
		if value != "" {
			query.Set("filter["+name+"]", value)
		}
	}
	response, err := serve(ctx, client, vendors.Request{Method: http.MethodGet, Path: "/products/" + segment(q.Product), Query: query,
		Answers: []int{http.StatusNotFound}})
	if err != nil {
		return nil, err
	}
	var answer productAnswer
	if response.Status == http.StatusNotFound {
		if isPage(response.Body) {
			return nil, notTheAPI(http.MethodGet, "/products/"+segment(q.Product))
		}
	} else if answer.Product, err = dataOf(response.Body); err != nil {
		return nil, err
	}
	answer.Supported = answer.Product != nil
	return json.Marshal(answer)
}

// isPage reports whether an answer is a web page, which the API never sends: its 404 is that of a server
// that knows no such address.
func isPage(body []byte) bool { return bytes.HasPrefix(bytes.TrimSpace(body), []byte("<")) }

func notTheAPI(method, path string) error {
	return &vendors.APIError{Status: http.StatusNotFound, Message: "a web page came in place of an answer to " + method + " " + path,
		Advice: "the account's base_url may be wrong"}
}

// readProduct reads an answer as it was kept.
func readProduct(body []byte) ([]map[string]string, error) {
	var answer productAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	row := map[string]string{}
	if answer.Supported {
		product, err := readObject(answer.Product)
		if err != nil {
			return nil, err
		}
		row = flatten(product, nil)
	}
	row["supported"] = fmt.Sprint(answer.Supported)
	return []map[string]string{row}, nil
}
