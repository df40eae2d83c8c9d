package faslet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// Returns are returned items, sent in lists. The vendor does not know a repetition.
var Returns = &vendors.Resource{
	Name:    "returns",
	Doc:     "report returned items with the reasons of their return",
	Noun:    vendors.Noun{One: "return", Many: "returns"},
	Schema:  returnSchema(),
	Rules:   []*schema.Rule{dateZone, returnTwice},
	Key:     "orderId",
	Lone:    true,
	Part:    "sku",
	Besides: []string{"productId", "externalId"},
	Batch:   500,
	Repeat:  vendors.Unsafe,
	Encode:  encodeReturn,
	Upload:  uploadReturns,
	Trace:   traceReturn,
	Example: []map[string]string{
		{"orderId": "1234", "productId": "LD-1042", "sku": "LD-1042-38", "returnDate": "2022-02-05T18:40:00.000Z", "returnReason": "2",
			"returnReasonMessage": "Too tight at the hips", "externalId": "r-123"},
		{"orderId": "1240", "productId": "LD-1042", "sku": "LD-1042-40", "returnDate": "2022-02-06", "return_zone": "Europe/Amsterdam",
			"returnReason": "Too big", "externalId": "r-124"},
	},
}

// Return is one element of the request (faslet:24).
type Return struct {
	OrderID             string `json:"orderId"`
	ProductID           string `json:"productId"`
	SKU                 string `json:"sku"`
	ReturnDate          string `json:"returnDate"`
	ReturnReason        string `json:"returnReason"`
	ReturnReasonMessage string `json:"returnReasonMessage,omitempty"`
	ExternalID          string `json:"externalId,omitempty"`
}

// returnTwice is the rule of what names a return.
var returnTwice = &schema.Rule{ID: "return.twice", Clause: clause(33),
	Sentence: "two returns of one order, product and SKU need an externalId each, or one of them may be counted twice"}

// returnSchema lists the fields of the document's Product Info.
func returnSchema() schema.Schema {
	return schema.Schema{
		{Name: "orderId", Clause: clause(27), Required: true, Example: "1234",
			Doc: "The number of the order that the item was ordered with.", Synonyms: orderSynonyms},
		{Name: "productId", Clause: clause(28), Required: true, Example: "LD-1042",
			Doc: "The number of the product, as it is sent with orders and with the button.", Synonyms: productSynonyms},
		{Name: "sku", Clause: clause(29), Required: true, Example: "LD-1042-38",
			Doc: "The SKU of the variant that came back.", Synonyms: skuSynonyms},
		{Name: "returnDate", Clause: clause(30), Required: true, Example: "2022-02-05T18:40:00Z", Checks: dateChecks,
			Doc: "When the item was returned, with time and zone; a date alone needs return_zone.",
			Synonyms: []string{"date", "returned at", "returned on", "date of return", "rückgabedatum", "retourdatum", "retourendatum",
				"date de retour", "data reso"}},
		{Name: "returnReason", Clause: clause(31), Required: true, Example: "2", Checks: reasonChecks,
			Doc: "Why it was returned: a number from 1 to 9, or the vendor's words for it, such as Too small.",
			Synonyms: []string{"reason", "reason code", "return reason code", "rückgabegrund", "retourengrund", "retourreden", "reden", "motif de retour",
				"motif", "motivo", "motivo del reso"}},
		{Name: "returnReasonMessage", Clause: clause(32), Example: "Too tight at the hips",
			Doc: "What the customer wrote about it.",
			Synonyms: []string{"message", "comment", "customer comment", "reason message", "note", "kommentar", "bemerkung", "opmerking", "commentaire",
				"commento"}},
		{Name: "externalId", Clause: clause(33), Example: "r-123",
			Doc:      "Your own number of the return; needed when two pieces of one SKU came back from one order.",
			Synonyms: []string{"return id", "return number", "return no", "rma", "rma number", "retourennummer", "retournummer", "numéro de retour"}},
		{Name: "return_zone", Clause: clause(30), Example: "Europe/Amsterdam", Checks: zoneChecks,
			Doc:      "The zone of a return date that has none, such as Europe/Amsterdam or +01:00; it is not sent.",
			Synonyms: []string{"zone", "time zone", "zeitzone", "tijdzone", "fuseau horaire", "fuso orario"}},
	}
}

// The other names of columns that several resources have.
var (
	orderSynonyms = []string{"order", "order number", "order no", "order name", "bestellnummer", "auftragsnummer", "bestelnummer", "ordernummer",
		"numéro de commande", "numero ordine"}
	productSynonyms = []string{"product", "product number", "product no", "style no", "style number", "style code", "article number", "article no",
		"artikelnummer", "produktnummer", "productnummer", "référence produit", "codice prodotto"}
	skuSynonyms = []string{"variant sku", "sku code", "item sku", "article sku"}
)

// encodeReturn makes what is sent of one return, and reports rows that nothing tells apart.
func encodeReturn(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	for i := range e.Records {
		completeDate(e, i)
		if i > 0 {
			e.Add(schema.Problem{Rule: returnTwice, Record: i, Field: "externalId", Other: 0,
				Message: fmt.Sprintf("%s has the same order, product, SKU and externalId, so nothing tells the two returns apart", schema.OtherCell)})
		}
	}
	if !e.Sound() {
		return nil
	}
	r := &e.Records[0]
	return &Return{OrderID: r.Text("orderId"), ProductID: r.Text("productId"), SKU: r.Text("sku"), ReturnDate: completeDate(e, 0),
		ReturnReason: reasonOf(r.Bytes("returnReason")), ReturnReasonMessage: r.Text("returnReasonMessage"), ExternalID: r.Text("externalId")}
}

// completeDate is the date of a return as it is sent, with the zone that the row names when it has none.
// It reports a date that cannot be completed.
func completeDate(e *vendors.Entity, record int) string {
	r := &e.Records[record]
	date := r.Bytes("returnDate")
	if !r.OK("returnDate") || isInstant(date) {
		return string(date)
	}
	at, ok := parseLocal(date)
	zone := zones.find(r.Bytes("return_zone"))
	if ok && zone != nil {
		return inZone(at, zone)
	}
	if !r.Has("return_zone") {
		e.Add(schema.Problem{Rule: dateZone, Record: record, Field: "returnDate"})
	}
	return ""
}

// uploadReturns sends a list of returns. The vendor accepts the list also when it did not take all of it,
// and says so in errors (faslet:66).
func uploadReturns(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	request := vendors.Request{Method: http.MethodPost, Path: "/v1/returns", Header: headers(), Body: listOf(u.Entities), JSON: true}
	response, err := client.Do(ctx, request)
	if err != nil {
		return err
	}
	messages, listed, err := readErrors(response.Body)
	if err == nil && !listed {
		err = fmt.Errorf("the answer has no member errors, so nobody knows what was taken")
	}
	if err != nil {
		return &vendors.TransportError{Method: request.Method, Path: request.Path, Err: err}
	}
	for i := range messages {
		messages[i] = client.Redact(messages[i])
	}
	return settleReturns(u.Entities, messages, response.Status)
}

// listOf writes the bodies of entities as a list.
func listOf(entities []*vendors.Entity) []byte {
	var list bytes.Buffer
	list.WriteByte('[')
	for i, e := range entities {
		if i > 0 {
			list.WriteByte(',')
		}
		list.Write(e.Body)
	}
	list.WriteByte(']')
	return list.Bytes()
}

// refuse settles an entity that the vendor did not take, with its words.
func refuse(e *vendors.Entity, status int, message string) {
	if e.Outcome == vendors.Refused {
		message = shortened(e.Answer.Message + "; " + message)
	}
	e.Outcome, e.Answer = vendors.Refused, &vendors.APIError{Status: status, Message: message}
}

// doubt settles an entity that the vendor may have taken or not.
func doubt(e *vendors.Entity, status int, message string) {
	if e.Outcome == vendors.Unsettled {
		e.Outcome, e.Answer = vendors.Unknown, &vendors.APIError{Status: status, Message: message}
	}
}

// settleReturns gives each return the errors that name its order (faslet:79). Where an error names an
// order of which the list has several items, and does not say which, all of them are in doubt; an error
// that names none leaves all in doubt that are not refused. Nothing may be sent again to find out.
func settleReturns(entities []*vendors.Entity, messages []string, status int) error {
	if len(messages) > 0 {
		sent := make([]Return, len(entities))
		for i, e := range entities {
			if err := json.Unmarshal(e.Body, &sent[i]); err != nil {
				return fmt.Errorf("the body of return %s cannot be read: %w", e.Key, err)
			}
		}
		for message, count := range counted(messages) {
			settleMessage(entities, meant(sent, message), message, count, status)
		}
	}
	for _, e := range entities {
		if e.Outcome == vendors.Unsettled {
			e.Outcome = vendors.Created
		}
	}
	return nil
}

// settleMessage gives a message, which came so many times, to the returns that it may mean; none: it
// names no return of the list.
func settleMessage(entities []*vendors.Entity, candidates []int, message string, count, status int) {
	if len(candidates) == 0 {
		candidates = make([]int, len(entities))
		for i := range entities {
			candidates[i] = i
		}
	}
	for _, i := range candidates {
		if len(candidates) <= count { // as many times as there are returns that it may mean
			refuse(entities[i], status, message)
		} else {
			doubt(entities[i], status, message)
		}
	}
}
