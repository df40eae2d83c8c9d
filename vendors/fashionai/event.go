package fashionai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/fashionai/vocabulary"
	"bulkload/vendors/schema"
)

// CategoryView asks in which order a session should see the products of a category.
var CategoryView = event(vocabulary.CategoryView, "category-view",
	"ask in which order a shopper should see the products of a category", category)

// ShopTheLook asks which products complete the look of a product.
var ShopTheLook = event(vocabulary.ShopTheLook, "shop-the-look",
	"ask which products complete the look of a product", product)

// A subject is what an event is about, and where the document says so.
type subject struct {
	doc, example            string
	synonyms                []string
	user, session, kind, id int // lines of the request's members
	products                int // line of the answer's
	signal                  string
}

var (
	category = &subject{doc: "The category's ID in your shop.", example: "category789", synonyms: []string{"category_id", "category", "categoryId"},
		user: 26, session: 27, kind: 28, id: 30, products: 35,
		signal: "Fashion.AI records each question as a visit of that session to the category (\"a strong signal of user intention\")"}
	product = &subject{doc: "The ID, in your shop, of the product that the look is built around.", example: "product789",
		synonyms: []string{"product_id", "product", "productId"}, user: 43, session: 44, kind: 45, id: 47, products: 52,
		signal: "Fashion.AI records each question as that session's wish for a look around the product"}
)

// The rules of a shopper's ID, which the document shows as a number (fashion-ai:26).
var (
	userText = &schema.Rule{ID: "user.text", Severity: schema.Warning,
		Sentence: "the vendor shows user IDs as whole numbers; this one is sent as a text, and may not be taken or not be found"}
	userLong = &schema.Rule{ID: "user.long", Severity: schema.Warning,
		Sentence: "a number above 9007199254740991 is rounded by many programs, and may then be another shopper's"}
)

// event makes the resource of one type of event. A row is an event: which session, perhaps which user, and
// what is looked at. Rows that agree in all of it are one question.
func event(kind, name, doc string, s *subject) *vendors.Resource {
	return &vendors.Resource{
		Name:    name,
		Doc:     doc,
		Noun:    vendors.Noun{One: "question", Many: "questions"},
		Schema:  s.fields(kind),
		Key:     "sessionId",
		Part:    "data.id",
		Besides: []string{"userId"},
		Batch:   1,
		Repeat:  vendors.Unsafe, // an event that comes twice counts twice
		Encode:  func(e *vendors.Entity) any { return encode(kind, e) },
		Ask:     ask,
		Trace:   trace,
		Signals: s.signal,
		Answers: schema.Schema{{Name: "products", Clause: clause(s.products), Doc: "A product's ID; the first is ranked highest."}},
		Answer:  readAnswer,
		Example: []map[string]string{{"userId": "90", "sessionId": "sess456", "data.id": s.example}},
	}
}

// fields are those of the request's body, in the document's order.
func (s *subject) fields(kind string) schema.Schema {
	return schema.Schema{
		{Name: "userId", Clause: clause(s.user), Example: "90", Doc: "The shopper's ID, when she is logged in.",
			Synonyms: []string{"user_id", "user", "customer_id", "customerId"},
			Checks:   []schema.Check{{Rule: userText, OK: isNumber}, {Rule: userLong, OK: isExact}}},
		{Name: "sessionId", Clause: clause(s.session), Required: true, Example: "sess456", Doc: "The session's ID in your shop.",
			Synonyms: []string{"session_id", "session"}},
		{Name: "eventType", Clause: clause(s.kind), Example: kind, Values: schema.NewValues(kind),
			Doc: "Always " + kind + "; it is sent without a column, too."},
		{Name: "data.id", Clause: clause(s.id), Required: true, Example: s.example, Doc: s.doc, Synonyms: append(s.synonyms, "id")},
	}
}

// isNumber reports whether an ID is written as JSON writes a whole number, so that it can be sent as one.
func isNumber(id []byte) bool {
	for _, c := range id {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(id) == 1 || len(id) > 1 && id[0] != '0'
}

// mostExact is the largest whole number up to which programs that read numbers as floats read all of them.
const mostExact = "9007199254740991"

// isExact reports whether a number is read as it is by every program. A text is.
func isExact(id []byte) bool {
	return !isNumber(id) || len(id) < len(mostExact) || len(id) == len(mostExact) && string(id) <= mostExact
}

// request is the body of a call.
type request struct {
	User    any    `json:"userId,omitempty"` // a json.Number or a string
	Session string `json:"sessionId"`
	Kind    string `json:"eventType"`
	Data    struct {
		ID string `json:"id"`
	} `json:"data"`
}

func encode(kind string, e *vendors.Entity) any {
	r := &e.Records[0]
	body := request{Session: r.Text("sessionId"), Kind: kind}
	body.Data.ID = r.Text("data.id")
	if id := r.Bytes("userId"); isNumber(id) {
		body.User = json.Number(id)
	} else if len(id) > 0 {
		body.User = string(id)
	}
	return body
}

// ask puts a question. The account's address is the endpoint itself: nothing is appended to it (fashion-ai:5).
func ask(ctx context.Context, client *vendors.Client, e *vendors.Entity) ([]byte, error) {
	answer, err := client.Do(ctx, vendors.Request{Method: http.MethodPost, Body: e.Body, Header: http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json"}}})
	if err != nil {
		return nil, err
	}
	body := bytes.TrimSpace(answer.Body)
	if len(body) == 0 { // "This response will be empty" (fashion-ai:38)
		return []byte("{}"), nil
	}
	if !json.Valid(body) {
		return nil, &vendors.TransportError{Method: http.MethodPost, Err: fmt.Errorf("the answer with status %d is not JSON", answer.Status)}
	}
	return body, nil
}

// trace finds the field that a refusal names. The document does not say what refusals hold.
func trace(e *vendors.Entity, message string) (record int, field string) {
	for _, name := range []string{"userId", "sessionId", "eventType", "data.id"} {
		if strings.Contains(message, name) {
			return 0, name
		}
	}
	return 0, ""
}

// readAnswer gives the ranked products. An answer without any is a result: the vendor does not know enough
// of the session yet (fashion-ai:38).
func readAnswer(body []byte) ([]map[string]string, error) {
	var answer struct {
		Products []productID `json:"products"`
	}
	if text := bytes.TrimSpace(body); string(text) == "[]" || string(text) == "null" {
		return nil, nil
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return nil, err
	}
	var rows []map[string]string
	for _, id := range answer.Products {
		rows = append(rows, map[string]string{"products": string(id)})
	}
	return rows, nil
}

// productID is an ID as the vendor writes it: a text, or the digits of a number.
type productID string

// UnmarshalJSON takes a text or a number.
func (p *productID) UnmarshalJSON(data []byte) error {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	switch id := value.(type) {
	case string:
		*p = productID(id)
	case json.Number:
		*p = productID(id)
	default:
		return errors.New("an ID among the products is neither a text nor a number")
	}
	return nil
}
