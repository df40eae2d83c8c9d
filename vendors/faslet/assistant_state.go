package faslet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// AssistantState asks the assistant of version 1 for its state for a product and a shopper. A question
// that is tracked counts for the vendor each time that it is asked (faslet:221).
var AssistantState = &vendors.Resource{
	Name:    "assistant-state",
	Doc:     "ask the sizing assistant for its state, and for a size, for products and shoppers",
	Noun:    vendors.Noun{One: "question", Many: "questions"},
	Schema:  stateSchema(),
	Rules:   []*schema.Rule{variantTwice},
	Key:     "productId",
	Besides: []string{"userId", "question"},
	Batch:   1,
	Repeat:  vendors.Unsafe,
	Encode:  encodeState,
	Trace:   traceQuestion,
	Ask:     askState,
	Signals: "unless disableTracking is true, each question is recorded in the Faslet Partner Portal's analytics as that of a shopper, and Faslet adjusts its sizes by it",
	Answers: stateAnswers,
	Answer:  func(body []byte) ([]map[string]string, error) { return answered(body, stateAnswers) },
	Example: []map[string]string{
		{"brand": "Nike", "productId": "LD-1042", "sizeLabel": "S", "available": "true", "variantId": "41001", "userId": "1234", "disableTracking": "true",
			"profile.gender": "male", "profile.height": "180", "profile.weight": "85", "profile.age": "29"},
		{"productId": "LD-1042", "sizeLabel": "M", "available": "true", "variantId": "41002", "userId": "1234"},
		{"brand": "Nike", "productId": "LD-2000", "sizeLabel": "One size", "available": "false", "variantId": "42001", "disableTracking": "true"},
	},
}

// State is the body of the request (faslet:222).
type State struct {
	ProductID          string    `json:"productId"`
	Variants           []Variant `json:"variants"`
	ProductName        string    `json:"productName,omitempty"`
	ProductURL         string    `json:"productUrl,omitempty"`
	ProductImage       string    `json:"productImage,omitempty"`
	UserID             string    `json:"userId,omitempty"`
	WidgetVersion      string    `json:"widgetVersion,omitempty"`
	SeenExperiments    string    `json:"seenExperiments,omitempty"`
	ExperimentVariants string    `json:"experimentVariants,omitempty"`
	Profile            Profile   `json:"profile,omitzero"`
}

// Variant is a variant of the product (faslet:235).
type Variant struct {
	SizeLabel string `json:"sizeLabel"`
	Available bool   `json:"available"`
	VariantID string `json:"variantId"`
}

// stateQuestion is an entity's body: what is sent, and what goes into the path and the query.
type stateQuestion struct {
	Brand           string `json:"brand"`
	DisableTracking *bool  `json:"disableTracking,omitempty"`
	Body            any    `json:"body"`
}

// variantTwice is the rule of what names a variant.
var variantTwice = &schema.Rule{ID: "variant.twice", Clause: clause(240), Sentence: "a product has each variantId once"}

// stateSchema lists the brand of the path, the query, and the fields of the document's request, then
// those of its Variant: one row is one variant.
func stateSchema() schema.Schema {
	fields := schema.Schema{
		{Name: "brand", Clause: clause(217), Required: true, Shared: true, Example: "Nike", Doc: "The name of the product's brand.",
			Synonyms: []string{"brand name", "vendor", "marke", "merk", "marque", "marca"}},
		{Name: "disableTracking", Clause: clause(221), Shared: true, Type: schema.Boolean, Example: "true",
			Doc:      "Whether the question is kept out of the vendor's analytics; when left empty, it is recorded.",
			Synonyms: []string{"no tracking"}},
		{Name: "productId", Clause: clause(225), Required: true, Example: "LD-1042",
			Doc: "The number of the product; rows that carry it with one userId and question are one question.", Synonyms: productSynonyms},
		{Name: "userId", Clause: clause(230), Example: "1234", Doc: "The number of the shopper, on all rows of a question; the vendor makes one when left empty.",
			Synonyms: userSynonyms},
		{Name: "question", Clause: clause(225), Example: "q-1",
			Doc: "Your own name of the question, to tell apart questions about one product and no known shopper; it is not sent."},
		{Name: "productName", Clause: clause(227), Shared: true, Example: "Linen midi dress", Doc: "The name of the product.",
			Synonyms: []string{"name", "title", "product title", "bezeichnung", "produktname", "productnaam", "titel"}},
		{Name: "productUrl", Clause: clause(228), Shared: true, Type: schema.URL, Example: "https://shop.example.com/linen-midi-dress",
			Doc: "The address of the product in the shop.", Synonyms: urlSynonyms},
		{Name: "productImage", Clause: clause(229), Shared: true, Type: schema.URL, Example: "https://images.example.com/ld-1042.jpg",
			Doc: "The address of an image of the product.", Synonyms: []string{"image", "image url", "bild", "afbeelding", "photo"}},
		{Name: "widgetVersion", Clause: clause(231), Shared: true, Example: "v35.0.3", Doc: "The version of the widget that the shopper uses."},
		{Name: "seenExperiments", Clause: clause(232), Shared: true, Example: "exp1,exp2", Doc: "The experiments that the shopper has seen."},
		{Name: "experimentVariants", Clause: clause(233), Shared: true, Example: "exp1_variant1,exp2_variant2",
			Doc: "The variants of experiments that the shopper has seen."},
	}
	for _, field := range shopperFields(272, 273, 274, 275) {
		field.Shared = true
		fields = append(fields, field)
	}
	return append(fields, schema.Schema{
		{Name: "sizeLabel", Clause: clause(238), Required: true, Example: "M", Doc: "The label of the variant's size.",
			Synonyms: []string{"size", "size name", "größe", "maat", "taille", "taglia"}},
		{Name: "available", Clause: clause(239), Required: true, Type: schema.Boolean, Example: "true", Doc: "Whether the variant can be bought.",
			Synonyms: []string{"in stock", "availability", "verfügbar", "lieferbar", "beschikbaar", "disponible", "disponibile"}},
		{Name: "variantId", Clause: clause(240), Required: true, Example: "41001", Doc: "The number of the variant.",
			Synonyms: []string{"variant", "variant number", "variant no"}},
	}...)
}

var userSynonyms = []string{"user", "customer id", "shopper id"}

// encodeState makes a question of a product's variants, which are put in order, so that the order of rows
// leaves no trace.
func encodeState(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	order := variantsOf(e)
	for n, i := range order {
		if id := e.Records[i].Bytes("variantId"); n > 0 && len(id) > 0 && bytes.Equal(id, e.Records[order[n-1]].Bytes("variantId")) {
			e.Add(schema.Problem{Rule: variantTwice, Record: i, Field: "variantId", Other: order[n-1],
				Message: fmt.Sprintf("the variant %q of this product stands in %s too", id, schema.OtherCell)})
		}
	}
	if !e.Sound() {
		return nil
	}
	shared := func(name string) []byte { return schema.Shared(e.Records, name) }
	text := func(name string) string { return string(shared(name)) }
	state := &State{ProductID: text("productId"), ProductName: text("productName"), ProductURL: text("productUrl"), ProductImage: text("productImage"),
		UserID: text("userId"), WidgetVersion: text("widgetVersion"), SeenExperiments: text("seenExperiments"),
		ExperimentVariants: text("experimentVariants"), Profile: shopperOf(shared)}
	for _, i := range order {
		r := &e.Records[i]
		available, _ := schema.ParseBoolean(r.Bytes("available"))
		state.Variants = append(state.Variants, Variant{r.Text("sizeLabel"), available, r.Text("variantId")})
	}
	question := &stateQuestion{Brand: text("brand"), Body: state}
	if disabled, ok := schema.ParseBoolean(shared("disableTracking")); ok {
		question.DisableTracking = &disabled
	}
	return question
}

// variantsOf returns the records in the order in which their variants are sent.
func variantsOf(e *vendors.Entity) []int {
	variants := make([]int, len(e.Records))
	for i := range variants {
		variants[i] = i
	}
	slices.SortStableFunc(variants, func(a, b int) int {
		return cmp.Or(bytes.Compare(e.Records[a].Bytes("variantId"), e.Records[b].Bytes("variantId")), cmp.Compare(a, b))
	})
	return variants
}

// stateAnswers are the fields of the answer (faslet:284).
var stateAnswers = schema.Schema{
	{Name: "state", Clause: clause(287), Shared: true, Required: true, Example: "result",
		Doc: "What the assistant shows: hidden when the product is not available, default, or result when it has a size."},
	{Name: "data.result", Clause: clause(288), Shared: true, Example: "M", Doc: "The label of the size that is recommended."},
	{Name: "data.userId", Clause: clause(288), Shared: true, Example: "123-456-789", Doc: "The number of the shopper, for the widget and further questions."},
}

// askState puts a question to version 1.
func askState(ctx context.Context, client *vendors.Client, e *vendors.Entity) ([]byte, error) {
	var sent json.RawMessage
	question := stateQuestion{Body: &sent}
	if err := json.Unmarshal(e.Body, &question); err != nil {
		return nil, fmt.Errorf("the body is not a question: %w", err)
	}
	request := vendors.Request{Method: http.MethodPost, Path: "/v1/assistant/state/" + segment(question.Brand), Header: headers(), Body: sent,
		JSON: true, Longest: longestAnswer}
	if question.DisableTracking != nil {
		request.Query = url.Values{"disableTracking": {strconv.FormatBool(*question.DisableTracking)}}
	}
	response, err := client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	var answer struct{ State string }
	if err := json.Unmarshal(response.Body, &answer); err != nil || answer.State == "" {
		return nil, &vendors.TransportError{Method: request.Method, Path: request.Path, Err: errors.New("the answer has no state")}
	}
	return response.Body, nil
}
