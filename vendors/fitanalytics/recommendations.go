package fitanalytics

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/fitanalytics/vocabulary"
	"bulkload/vendors/schema"
)

// Recommendations are looked up: which sizes of a product fit a customer, or what must still be known for
// the vendor to tell (fit-analytics:183).
var Recommendations = &vendors.Resource{
	Name:   "recommendations",
	Doc:    "ask which sizes of products fit customers, or what is missing to tell",
	Noun:   vendors.Noun{One: "question", Many: "questions"},
	Schema: recommendationSchema(),
	Key:    "product",
	Besides: []string{"sess", "sub", "profile", "shopLanguage", "shopCountry", "shopSizingSystem", "isImmediate", "manufacturedSizes",
		"manufacturedSizes.{name}"},
	Batch:  1,
	Repeat: vendors.Harmless,
	Encode: encodeRecommendation,
	Amend:  amendRecommendation,
	Ask:    askRecommendation,
	Answers: schema.Schema{
		{Name: "status", Clause: clause(219), Type: schema.Integer, Shared: true,
			Doc: "201 when sizes are recommended, 400 when something is missing, 404 when the product is not supported."},
		{Name: "id", Clause: clause(223), Shared: true, Doc: "The recommendation's ID."},
		{Name: "flags.usedUserMeasures", Clause: clause(230), Type: schema.Boolean, Shared: true, Doc: "Whether the profile's measures were used."},
		{Name: "flags.usedReferenceItem", Clause: clause(231), Type: schema.Boolean, Shared: true, Doc: "Whether the profile's reference item was used."},
		{Name: "flags.usedPastPurchases", Clause: clause(232), Type: schema.Boolean, Shared: true, Doc: "Whether the customer's purchases were used."},
		{Name: "missing", Clause: clause(282), List: true, Shared: true, Doc: "What must be known before a size can be recommended, such as profile.height."},
		{Name: "errors.code", Clause: clause(279), List: true, Shared: true, Doc: "The vendor's codes for that, such as rec_no_height."},
		{Name: "errors.title", Clause: clause(280), List: true, Shared: true, Doc: "The vendor's words for that."},
		{Name: "recommendedSizes.id", Clause: clause(238), Doc: "The ID of a recommended size."},
		{Name: "recommendedSizes.name", Clause: clause(239), Doc: "The size, as the question named it."},
		{Name: "recommendedSizes.abbreviation", Clause: clause(240), Doc: "The size in short."},
		{Name: "recommendedSizes.score", Clause: clause(241), Type: schema.Decimal, Doc: "How well it fits, of 100 for all sizes together."},
		{Name: "recommendedSizes.isOutOfScale", Clause: clause(242), Type: schema.Boolean, Doc: "Whether the customer is beyond the sizes that there are."},
		{Name: "recommendedSizes.isInStock", Clause: clause(243), Type: schema.Boolean, Doc: "Whether the vendor knows the size to be in stock."},
		{Name: "recommendedSizes.size.id", Clause: clause(245), Doc: "The vendor's ID of the size."},
		{Name: "recommendedSizes.size.name", Clause: clause(246), Doc: "The vendor's name of the size."},
		{Name: "recommendedSizes.size.sizingSystem", Clause: clause(247), Doc: "The sizing system of that name."},
	},
	Answer: readRecommendation,
	Example: []map[string]string{{"sess": "m0wIPfpQHGc1QZXfI18juG", "sub": "1000", "product": "example-1150064", "profile": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
		"shopLanguage": "en", "shopCountry": "GB", "shopSizingSystem": "UK", "isImmediate": "true",
		"manufacturedSizes": "Chest 36in Short|Chest 38in Long|Chest 40in Long"}},
}

func recommendationSchema() schema.Schema {
	fields := append(customerFields(), productField,
		schema.Field{Name: "profile", Clause: clause(215), MaxRunes: longestID, Example: "01ARZ3NDEKTSV4RRFFQ69G5FAV", Synonyms: []string{"profile id"},
			Doc: "The vendor's ID of the customer's profile; empty to go by what the customer bought."},
		schema.Field{Name: "isImmediate", Clause: clause(195), Type: schema.Boolean, Example: "true",
			Doc: "Whether the shopper has not been asked anything yet."},
		schema.Field{Name: "manufacturedSizes", Clause: clause(196), List: true, Example: "S|M|L",
			Doc: "The sizes that the product is made in.", Synonyms: []string{"sizes"}},
		schema.Field{Name: "manufacturedSizes.{name}", Clause: clause(196), Type: schema.Boolean, Example: "true",
			Doc: "One size, its name behind the point, and whether it is to be had."})
	return lookupFields(192, fields...)
}

// recommendationQuestion is what is asked, and for whom.
type recommendationQuestion struct {
	Customer Customer           `json:"customer"`
	Product  string             `json:"product"`
	Data     recommendationData `json:"data"`
}

// recommendationData is the body of the request (fit-analytics:191).
type recommendationData struct {
	ShopLanguage      string          `json:"shopLanguage,omitempty"`
	ShopCountry       string          `json:"shopCountry,omitempty"`
	ShopSizingSystem  string          `json:"shopSizingSystem,omitempty"`
	IsImmediate       *bool           `json:"isImmediate,omitempty"`
	ManufacturedSizes map[string]bool `json:"manufacturedSizes,omitempty"`
	Profile           string          `json:"profile,omitempty"`
}

func encodeRecommendation(e *vendors.Entity) any {
	if len(e.Records) == 0 || !e.Sound() {
		return nil
	}
	r := &e.Records[0]
	q := &recommendationQuestion{Customer: customerOf(e), Product: r.Text("product"), Data: recommendationData{ShopLanguage: r.Text("shopLanguage"),
		ShopCountry: r.Text("shopCountry"), ShopSizingSystem: r.Text("shopSizingSystem"), Profile: r.Text("profile"),
		ManufacturedSizes: sizesOf(e)}}
	if r.Has("isImmediate") {
		truth, _ := schema.ParseBoolean(r.Bytes("isImmediate"))
		q.Data.IsImmediate = &truth
	}
	return q
}

// sizesOf gathers the sizes of the list, and those with columns of their own.
func sizesOf(e *vendors.Entity) map[string]bool {
	sizes := make(map[string]bool)
	r := &e.Records[0]
	for _, name := range r.List("manufacturedSizes") {
		sizes[name] = true
	}
	for _, column := range r.Layout.Family("manufacturedSizes.{name}") {
		if truth, ok := schema.ParseBoolean(r.Values[column]); ok {
			sizes[r.Layout.Columns[column].Param] = truth
		}
	}
	return sizes
}

// amendRecommendation makes the customer's token ready. What is asked is what the feed says.
func amendRecommendation(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	return vendors.Amendment{Body: json.RawMessage(e.Body)}, prepare(held, customerOf(e))
}

// recommendationAnswer is an answer as it is kept, with the status that it came with.
type recommendationAnswer struct {
	Status int             `json:"status"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// askRecommendation asks for a recommendation. That something is missing is an answer (fit-analytics:271),
// and so is that the product is not supported.
func askRecommendation(ctx context.Context, client *vendors.Client, e *vendors.Entity) ([]byte, error) {
	var q recommendationQuestion
	if err := json.Unmarshal(e.Body, &q); err != nil {
		return nil, fmt.Errorf("read the question: %w", err)
	}
	data, err := json.Marshal(q.Data)
	if err != nil {
		return nil, err
	}
	path := "/products/" + segment(q.Product) + "/recommendations"
	response, err := call(ctx, client, q.Customer, vendors.Request{Method: http.MethodPost, Path: path, Body: inData(data),
		Answers: []int{http.StatusBadRequest, http.StatusNotFound}})
	if err != nil {
		return nil, err
	}
	kept := recommendationAnswer{Status: response.Status}
	switch {
	case response.Status == http.StatusNotFound && isPage(response.Body):
		return nil, notTheAPI(http.MethodPost, path)
	case response.Status == http.StatusNotFound:
	case response.Status == http.StatusBadRequest && !tellsWhatIsMissing(response.Body):
		words := client.Redact(string(response.Body[:min(len(response.Body), 500)]))
		return nil, inItsWords(&vendors.APIError{Status: response.Status, Message: words})
	default:
		kept.Answer = response.Body
	}
	return json.Marshal(kept)
}

// missingAnswer is the vendor's list of what it lacks (fit-analytics:274).
type missingAnswer struct {
	Errors []fault `json:"errors"`
}

// tellsWhatIsMissing reports whether all errors of an answer name something that a recommendation lacks.
func tellsWhatIsMissing(body []byte) bool {
	var answer missingAnswer
	if json.Unmarshal(body, &answer) != nil {
		return false
	}
	for i := range answer.Errors {
		if !strings.HasPrefix(string(answer.Errors[i].Code), vocabulary.MissingPrefix) {
			return false
		}
	}
	return len(answer.Errors) > 0
}

// readRecommendation reads an answer as it was kept: a row for each size, or one that tells what is missing.
func readRecommendation(body []byte) ([]map[string]string, error) {
	var kept recommendationAnswer
	if err := json.Unmarshal(body, &kept); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	status := strconv.Itoa(kept.Status)
	switch {
	case kept.Status == http.StatusNotFound:
		return []map[string]string{{"status": status}}, nil
	case kept.Status == http.StatusBadRequest:
		return readMissing(status, kept.Answer)
	}
	data, err := dataOf(kept.Answer)
	if err != nil {
		return nil, err
	}
	object, err := readObject(data)
	if err != nil {
		return nil, err
	}
	return recommendationRows(status, object), nil
}

func recommendationRows(status string, object map[string]any) []map[string]string {
	whole := map[string]string{"status": status, "id": cellOf(object["id"])}
	if flags, ok := object["flags"].(map[string]any); ok {
		flattenInto(whole, "flags.", flags, nil, 1)
	}
	sizes, _ := object["recommendedSizes"].([]any)
	var rows []map[string]string
	for _, size := range sizes {
		if size, ok := size.(map[string]any); ok {
			row := make(map[string]string, len(whole)+len(size))
			for name, cell := range whole {
				row[name] = cell
			}
			flattenInto(row, "recommendedSizes.", size, nil, 1)
			rows = append(rows, row)
		}
	}
	if rows == nil {
		rows = []map[string]string{whole}
	}
	return rows
}

// readMissing writes what is missing as one row.
func readMissing(status string, body []byte) ([]map[string]string, error) {
	var answer missingAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	var codes, titles, fields []string
	for i := range answer.Errors {
		codes = append(codes, string(answer.Errors[i].Code))
		titles = append(titles, string(answer.Errors[i].Title))
		for _, field := range answer.Errors[i].Source.Fields {
			fields = append(fields, string(field))
		}
	}
	return []map[string]string{{"status": status, "errors.code": schema.JoinItems(codes), "errors.title": schema.JoinItems(titles),
		"missing": schema.JoinItems(fields)}}, nil
}
