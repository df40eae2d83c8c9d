package faslet

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// Orders are order events, one a request. The vendor does not know a repetition.
var Orders = &vendors.Resource{
	Name:   "orders",
	Doc:    "report orders with the items that were ordered",
	Noun:   vendors.Noun{One: "order", Many: "orders"},
	Schema: orderSchema(),
	Rules:  []*schema.Rule{lineTwice},
	Key:    "orderId",
	Batch:  1,
	Repeat: vendors.Unsafe,
	Encode: encodeOrder,
	Upload: uploadOrder,
	Trace:  traceOrder,
	Example: []map[string]string{
		{"orderId": "1234", "paymentStatus": "paid", "customerDataPackage": "yX2lkIjoibm8tdXNlci1kYXRhIn0", "productId": "LD-1042",
			"title": "Linen midi dress", "variantId": "41001", "sku": "LD-1042-38", "variant": "38", "quantity": "1", "price": "123.45"},
		{"orderId": "1234", "productId": "LD-1042", "title": "Linen midi dress", "variantId": "41002", "sku": "LD-1042-40", "variant": "40",
			"quantity": "2", "price": "123.45"},
	},
}

// Order is the body of the request (faslet:87).
type Order struct {
	CustomerDataPackage string     `json:"customerDataPackage"`
	OrderID             string     `json:"orderId"`
	PaymentStatus       string     `json:"paymentStatus"`
	LineItems           []LineItem `json:"lineItems"`
}

// LineItem is one line of an order (faslet:94).
type LineItem struct {
	ProductID string      `json:"productId"`
	Title     string      `json:"title"`
	VariantID string      `json:"variantId"`
	SKU       string      `json:"sku"`
	Variant   string      `json:"variant"`
	Quantity  json.Number `json:"quantity"`
	Price     json.Number `json:"price"`
}

// The rules of orders.
var (
	priceNegative = &schema.Rule{ID: "price.negative", Clause: clause(103), Sentence: "a price must not be below 0"}
	lineTwice     = &schema.Rule{ID: "line.twice", Clause: clause(91), Severity: schema.Warning,
		Sentence: "a line stands twice in an order, with the same quantity and price; it is sent twice"}
)

var priceChecks = []schema.Check{{Rule: priceNegative, OK: func(value []byte) bool {
	return value[0] != '-' || !bytes.ContainsAny(value, "123456789")
}}}

// orderSchema lists the fields of the document's Order Event, then those of its Line Item: one row is
// one line. The order's number comes first, since rows are one order by it.
func orderSchema() schema.Schema {
	return schema.Schema{
		{Name: "orderId", Clause: clause(91), Required: true, Example: "1234",
			Doc: "The number of the order; all rows that carry it are one order.", Synonyms: orderSynonyms},
		{Name: "customerDataPackage", Clause: clause(90), Required: true, Shared: true, Example: "yX2lkIjoibm8tdXNlci1kYXRhIn0",
			Doc:      "What the script faslet-orders.js gave the shop at the checkout, unchanged.",
			Synonyms: []string{"data package", "faslet data package", "faslet customer data", "customer data"}},
		{Name: "paymentStatus", Clause: clause(92), Required: true, Shared: true, Example: "paid",
			Doc:      "The payment status of the order, such as paid.",
			Synonyms: []string{"financial status", "payment", "status", "order status", "zahlungsstatus", "betaalstatus", "betalingsstatus", "statut de paiement"}},
		{Name: "productId", Clause: clause(97), Required: true, Example: "LD-1042",
			Doc: "The number of the product.", Synonyms: productSynonyms},
		{Name: "title", Clause: clause(98), Required: true, Example: "Linen midi dress", Doc: "The title of the product.",
			Synonyms: []string{"name", "product title", "product name", "lineitem name", "item name", "bezeichnung", "produktname", "productnaam", "titel",
				"nom du produit", "nome prodotto"}},
		{Name: "variantId", Clause: clause(99), Required: true, Example: "41001", Doc: "The number of the variant.",
			Synonyms: []string{"variant number", "variant no", "variantennummer", "variantnummer"}},
		{Name: "sku", Clause: clause(100), Required: true, Example: "LD-1042-38", Doc: "The SKU of the variant.",
			Synonyms: append([]string{"lineitem sku"}, skuSynonyms...)},
		{Name: "variant", Clause: clause(101), Required: true, Example: "38", Doc: "What the variant is called, such as its size.",
			Synonyms: []string{"variant title", "variant name", "variant description"}},
		{Name: "quantity", Clause: clause(102), Required: true, Type: schema.Decimal, Example: "1", Checks: aboveZero,
			Doc: "How many were ordered.", Synonyms: []string{"qty", "lineitem quantity", "menge", "anzahl", "aantal", "quantité", "quantità"}},
		{Name: "price", Clause: clause(103), Required: true, Type: schema.Decimal, Example: "123.45", Checks: priceChecks,
			Doc: "The price of the item, without a currency.", Synonyms: []string{"unit price", "item price", "lineitem price", "preis", "einzelpreis",
				"prijs", "prix", "prezzo"}},
	}
}

// encodeOrder makes an order of its lines, which are put in order, so that the order of rows leaves no trace.
func encodeOrder(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	if !e.Sound() {
		return nil
	}
	text := func(name string) string { return string(schema.Shared(e.Records, name)) }
	order := &Order{CustomerDataPackage: text("customerDataPackage"), OrderID: text("orderId"), PaymentStatus: text("paymentStatus")}
	for _, i := range linesOf(e) {
		r := &e.Records[i]
		item := LineItem{r.Text("productId"), r.Text("title"), r.Text("variantId"), r.Text("sku"), r.Text("variant"),
			numberOf(r, "quantity"), numberOf(r, "price")}
		if n := len(order.LineItems); n > 0 && item == order.LineItems[n-1] {
			e.Add(schema.Problem{Rule: lineTwice, Record: i, Field: "sku"})
		}
		order.LineItems = append(order.LineItems, item)
	}
	return order
}

// lineFields tell lines apart, in the order by which they are sorted.
var lineFields = [...]string{"productId", "variantId", "sku", "variant", "title", "quantity", "price"}

// linesOf returns the records in the order in which they are sent.
func linesOf(e *vendors.Entity) []int {
	lines := make([]int, len(e.Records))
	for i := range lines {
		lines[i] = i
	}
	slices.SortStableFunc(lines, func(a, b int) int {
		for _, field := range lineFields {
			if order := bytes.Compare(e.Records[a].Bytes(field), e.Records[b].Bytes(field)); order != 0 {
				return order
			}
		}
		return cmp.Compare(a, b)
	})
	return lines
}

// uploadOrder sends an order. What the vendor answers is not documented: any success is one, unless its
// body lists errors, as the vendor's other answers do, or is a web page.
func uploadOrder(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		request := vendors.Request{Method: http.MethodPost, Path: "/v1/orders", Header: headers(), Body: e.Body}
		response, err := client.Do(ctx, request)
		if err != nil {
			return err
		}
		if bytes.HasPrefix(bytes.TrimSpace(response.Body), []byte("<")) {
			return &vendors.TransportError{Method: request.Method, Path: request.Path, Err: errors.New("the answer is a web page")}
		}
		e.Outcome = vendors.Created
		if messages, _, err := readErrors(response.Body); err == nil && len(messages) > 0 {
			refuse(e, response.Status, client.Redact(strings.Join(messages, "; ")))
		}
	}
	return nil
}

// traceOrder finds the cell that a refusal speaks of: a place in the body ("lineItems[1].price") is
// believed first, then a SKU or a variant tells the line, and a field's name the field.
func traceOrder(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	if at, _ := placeIn(message, "lineItems["); at >= 0 && at < len(e.Records) {
		return linesOf(e)[at], fieldIn(e, message, "sku")
	}
	for _, name := range [...]string{"variantId", "sku"} {
		for i := range e.Records {
			if value := e.Records[i].Text(name); len(value) > 1 && vendors.HoldsWord(message, value) {
				return i, fieldIn(e, message, name)
			}
		}
	}
	return 0, fieldIn(e, message, "orderId")
}
