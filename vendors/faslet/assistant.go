package faslet

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// The paths of version 2 (faslet:315).
const (
	contextPath = "/v2/assistant/context"
	sizeMePath  = "/v2/assistant/size-me"
)

// longestAnswer is how long the answer to a question may be, in bytes.
const longestAnswer = 4 << 20

// AssistantContext asks what the assistant can do for a product and a shopper, and what it lacks for it.
// The document tells of no trace that asking leaves, so asking again does no harm.
var AssistantContext = assistant("assistant-context", contextPath,
	"ask what the sizing assistant can do for products and shoppers, and what it still needs to know", contextAnswers())

// SizeMe asks for the size of a product for a shopper. Asking again does no harm either.
var SizeMe = assistant("size-me", sizeMePath, "ask for the sizes of products for shoppers", sizeMeAnswers())

func assistant(name, path, doc string, answers schema.Schema) *vendors.Resource {
	fields := questionSchema()
	return &vendors.Resource{
		Name:    name,
		Doc:     doc,
		Noun:    vendors.Noun{One: "question", Many: "questions"},
		Schema:  fields,
		Rules:   []*schema.Rule{locatorMissing},
		Key:     "product.productIdentifier",
		Else:    "product.productUrl",
		Besides: besides(fields, "product.productIdentifier"),
		Batch:   1,
		Repeat:  vendors.Harmless,
		Encode:  encodeQuestion,
		Trace:   traceQuestion,
		Ask: func(ctx context.Context, client *vendors.Client, e *vendors.Entity) ([]byte, error) {
			return ask(ctx, client, path, e.Body)
		},
		Answers: answers,
		Answer:  func(body []byte) ([]map[string]string, error) { return answered(body, answers) },
		Example: []map[string]string{
			{"userId": "user-123", "product.productIdentifier": "LD-1042", "product.brand": "Nike", "product.productName": "Linen midi dress",
				"product.sizeLabels": "S|M|L", "profile.gender": "female", "profile.height": "172", "profile.weight": "64.5", "profile.age": "30",
				"profile.hasMadeOrders": "false", "profile.referenceItems_1.brand": "Nike", "profile.referenceItems_1.size": "M",
				"profile.measurements.fit": "2", "profile.measurements.relativeSizingPreference": "0", "experiments.device": "mobile"},
			{"product.productUrl": "https://shop.example.com/linen-midi-dress", "product.sizeLabels": "S|M|L"},
		},
	}
}

// besides lists the fields that tell questions about one product apart: all others. So each row is a
// question of its own, and equal rows are one.
func besides(fields schema.Schema, key string) []string {
	var names []string
	for i := range fields {
		if fields[i].Name != key {
			names = append(names, fields[i].Name)
		}
	}
	return names
}

// Question is the body of both requests of version 2 (faslet:316).
type Question struct {
	UserID      string      `json:"userId,omitempty"`
	Product     Product     `json:"product"`
	Profile     Profile     `json:"profile,omitzero"`
	Experiments Experiments `json:"experiments,omitzero"`
}

// Product is the product of a question (faslet:367).
type Product struct {
	ProductURL        string   `json:"productUrl,omitempty"`
	ProductIdentifier string   `json:"productIdentifier,omitempty"`
	Brand             string   `json:"brand,omitempty"`
	ProductName       string   `json:"productName,omitempty"`
	SizeLabels        []string `json:"sizeLabels,omitempty"`
}

// Experiments are those that the shopper takes part in (faslet:422).
type Experiments struct {
	Device             string `json:"device,omitempty"`
	ExperimentVariants string `json:"experimentVariants,omitempty"`
	SeenExperiments    string `json:"seenExperiments,omitempty"`
	NewDevice          string `json:"newDevice,omitempty"`
}

// locatorMissing is the rule of what a question is about.
var locatorMissing = &schema.Rule{ID: "product.locator", Clause: clause(379),
	Sentence: "a question needs the product's productIdentifier or productUrl"}

// questionSchema lists the fields of the document's shared request body.
func questionSchema() schema.Schema {
	fields := schema.Schema{
		{Name: "userId", Clause: clause(363), Example: "user-123", Doc: "The number of the shopper; the vendor makes one when left empty.", Synonyms: userSynonyms},
		{Name: "product.productUrl", Clause: clause(374), Type: schema.URL, Example: "https://shop.example.com/linen-midi-dress",
			Doc: "The address of the product in the shop; it or productIdentifier is needed.", Synonyms: append([]string{"product url"}, urlSynonyms...)},
		{Name: "product.productIdentifier", Clause: clause(375), Example: "LD-1042",
			Doc: "The number of the product; it or productUrl is needed.", Synonyms: append([]string{"product identifier", "product id"}, productSynonyms...)},
		{Name: "product.brand", Clause: clause(376), Example: "Nike", Doc: "The name of the product's brand.",
			Synonyms: []string{"brand", "brand name", "vendor", "marke", "merk", "marque", "marca"}},
		{Name: "product.productName", Clause: clause(377), Example: "Linen midi dress", Doc: "The name of the product.",
			Synonyms: []string{"product name", "name", "title", "product title", "bezeichnung", "produktname", "productnaam", "titel"}},
		{Name: "product.sizeLabels", Clause: clause(378), List: true, Example: "S|M|L", Doc: "The labels of the product's sizes, such as S|M|L.",
			Synonyms: []string{"size labels", "sizes", "größen", "maten", "tailles", "taglie"}},
	}
	fields = append(fields, profileFields()...)
	return append(fields, schema.Schema{
		{Name: "experiments.device", Clause: clause(425), Example: "mobile", Values: schema.NewValues(vocabulary.Devices...),
			Doc: "The kind of the shopper's device: all, mobile or desktopTablet.", Synonyms: []string{"device"}},
		{Name: "experiments.experimentVariants", Clause: clause(426), Example: "variant-a", Doc: "The variants of experiments that the shopper has seen.",
			Synonyms: []string{"experiment variants"}},
		{Name: "experiments.seenExperiments", Clause: clause(427), Example: "1,2", Doc: "The experiments that the shopper has seen.",
			Synonyms: []string{"seen experiments"}},
		{Name: "experiments.newDevice", Clause: clause(428), Example: "newDevice", Values: schema.NewValues(vocabulary.NewDevices...),
			Doc: "Whether the device is new: all, newDevice or returningDevice.", Synonyms: []string{"new device"}},
	}...)
}

// encodeQuestion makes a question. All records of it are alike.
func encodeQuestion(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	for i := range e.Records {
		checkQuestion(e, i)
	}
	if !e.Sound() {
		return nil
	}
	r := &e.Records[0]
	return &Question{
		UserID: r.Text("userId"),
		Product: Product{ProductURL: r.Text("product.productUrl"), ProductIdentifier: r.Text("product.productIdentifier"),
			Brand: r.Text("product.brand"), ProductName: r.Text("product.productName"), SizeLabels: r.List("product.sizeLabels")},
		Profile: profileOf(r),
		Experiments: Experiments{Device: r.Text("experiments.device"), ExperimentVariants: r.Text("experiments.experimentVariants"),
			SeenExperiments: r.Text("experiments.seenExperiments"), NewDevice: r.Text("experiments.newDevice")},
	}
}

// checkQuestion looks for what names the product. What cannot be read is told by itself.
func checkQuestion(e *vendors.Entity, record int) {
	r := &e.Records[record]
	for _, name := range [...]string{"product.productIdentifier", "product.productUrl"} {
		if r.Has(name) || faulty(r, name) {
			return
		}
	}
	e.Add(schema.Problem{Rule: locatorMissing, Record: record, Field: "product.productIdentifier"})
}

// faulty reports whether a rule was broken in a field, also by a cell that a spreadsheet could not calculate.
func faulty(r *schema.Record, name string) bool {
	column := r.Layout.Column(name)
	return column >= 0 && r.Bad[column]
}

// answering are the statuses, beside those of success, with which an answer to a question may come: any
// status of the assistant but resolved is an answer, whatever the status of HTTP (faslet:562, faslet:633).
// Those that speak of the account, and those that pass, are not among them.
var answering = []int{http.StatusBadRequest, http.StatusPaymentRequired, http.StatusNotFound, http.StatusNotAcceptable, http.StatusConflict,
	http.StatusGone, http.StatusPreconditionFailed, http.StatusUnprocessableEntity, http.StatusFailedDependency, http.StatusInternalServerError,
	http.StatusNotImplemented}

// ask puts a question to version 2.
func ask(ctx context.Context, client *vendors.Client, path string, question []byte) ([]byte, error) {
	request := vendors.Request{Method: http.MethodPost, Path: path, Header: headers(), Body: question, JSON: true, Longest: longestAnswer, Answers: answering}
	response, err := client.Do(ctx, request)
	if err != nil {
		return nil, err
	}
	if _, ok := readStatus(response.Body); ok {
		return response.Body, nil
	}
	if response.Status >= 200 && response.Status <= 299 {
		return nil, &vendors.TransportError{Method: request.Method, Path: path, Err: errors.New("the answer has no status")}
	}
	return nil, refusalOf(client, response)
}

// statusAnswer is what all answers of version 2 have in common.
type statusAnswer struct{ Status, Message string }

// readStatus reads the status of an answer, a text that is not empty; ok is false when it has none. The message
// is read in any case.
func readStatus(body []byte) (answer statusAnswer, ok bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return answer, false
	}
	if json.Unmarshal(members["message"], &answer.Message) != nil {
		answer.Message = ""
	}
	if json.Unmarshal(members["status"], &answer.Status) != nil {
		answer.Status = ""
	}
	return answer, strings.TrimSpace(answer.Status) != ""
}

// traceQuestion finds the field that a refusal names.
func traceQuestion(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	return 0, fieldIn(e, message, "")
}
