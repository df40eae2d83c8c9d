package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"

	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// faslet plays Faslet's API, versions 1 and 2. Where its document is silent:
//
//   - a request without a token or a shop is answered 401, one that is not application/json 415;
//   - what is sent twice is stored twice, under one id, so that the record shows it: "no deduplication";
//   - an order is answered 202 without a body, and its quantities are above 0;
//   - a return of the future is not taken, with the words of the document's example;
//   - a size chart without URL or ID, or with a wrong size, is skipped, as in the example of a 2xx answer, and
//     what else is wrong with one has the whole list refused, as the text says; [Item N] counts from 0;
//   - a product whose URL is at skipped.invalid is skipped, at refused.invalid it has the whole list refused,
//     and the assistant knows no product whose URL is at a name that ends in .invalid: names that never
//     belong to a shop, for tests of what only the vendor can find out.
var faslet = &vendor{
	name:     "faslet",
	path:     "/faslet/public",
	stores:   []string{"returns", "orders", "size-specs"},
	resource: func(parts []string) string { return strings.Join(parts[1:min(2, len(parts))], "") },
	play:     func(s *stage) func(*call) answer { return (&sizing{s}).answer },
}

// sizing answers Faslet's calls.
type sizing struct{ *stage }

func (f *sizing) answer(c *call) answer {
	if !f.bearer(c) {
		return f.unauthorised(c, "the bearer token is missing or wrong")
	}
	if strings.TrimSpace(c.header.Get(vocabulary.ShopHeader)) == "" {
		return f.unauthorised(c, "the header "+vocabulary.ShopHeader+" is missing")
	}
	play := f.route(c.parts)
	if play == nil {
		return message(http.StatusNotFound, "there is nothing at this path; a slash within a brand must be escaped")
	}
	if c.method != http.MethodPost {
		return notAllowed("POST")
	}
	mediaType, parameters, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if charset := parameters["charset"]; err != nil || mediaType != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return message(http.StatusUnsupportedMediaType, "the body must be application/json")
	}
	return play(c)
}

// unauthorised answers in the form of the path's version.
func (f *sizing) unauthorised(c *call, text string) answer {
	if c.parts[0] == "v2" {
		return assistantRefusal(http.StatusUnauthorized, "unauthorized", text)
	}
	return message(http.StatusUnauthorized, text)
}

// route finds what answers a path; nil when nothing does.
func (f *sizing) route(parts []string) func(*call) answer {
	switch len(parts) {
	case 2:
		return map[string]func(*call) answer{"v1/returns": f.takeReturns, "v1/orders": f.takeOrder}[strings.Join(parts, "/")]
	case 3:
		if parts[0] == "v1" && parts[1] == "size-specs" && parts[2] != "" {
			return f.takeSizes
		}
		return map[string]func(*call) answer{"v2/assistant/context": f.context, "v2/assistant/size-me": f.sizeMe}[strings.Join(parts, "/")]
	case 4:
		if parts[0] == "v1" && parts[1] == "assistant" && parts[2] == "state" && parts[3] != "" {
			return f.state
		}
	}
	return nil
}

// told is a Return Error (faslet:71).
type told struct {
	Message string `json:"message"`
}

// jsonBody is an answer whose body is a value, JSON.
func jsonBody(status int, value any) answer {
	var body bytes.Buffer
	out := json.NewEncoder(&body)
	out.SetEscapeHTML(false)
	if err := out.Encode(value); err != nil {
		return internal(err)
	}
	return answer{status: status, mediaType: "application/json", body: body.Bytes()}
}

// takeReturns answers POST /returns: the list is accepted also when elements of it are not taken.
func (f *sizing) takeReturns(c *call) answer {
	list, err := listBody(c)
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	faults := make([]told, 0)
	for i := range list.items {
		n := &list.items[i]
		if err := f.checkReturn(n); err != nil {
			faults = append(faults, told{returnFault(n, i, err)})
			continue
		}
		id := schema.JoinItems([]string{n.textOf("orderId"), n.textOf("sku"), n.textOf("productId"), n.textOf("externalId")})
		if err := f.keep(c, "returns", id, c.body[n.start:n.end]); err != nil {
			return internal(err)
		}
	}
	return jsonBody(http.StatusAccepted, map[string][]told{"errors": faults})
}

// listBody reads a body that is a list. No query is taken.
func listBody(c *call) (node, error) {
	if _, err := parameters(c); err != nil {
		return node{}, err
	}
	list, err := parseJSON(c.body)
	if err == nil {
		err = kind(&list, jsonList)
	}
	return list, err
}

// keep stores a body and notes it.
func (f *sizing) keep(c *call, store, id string, body []byte) error {
	if _, err := f.stores[store].put(id, 1, body, false); err != nil {
		return err
	}
	return c.apply(id, body)
}

// returnFault is said in the words of the document's example, when the element names its order.
func returnFault(n *node, i int, err error) string {
	field := "the return"
	var m *misfit
	if errors.As(err, &m) && m.path != "" {
		field = m.path
	}
	if order := n.textOf("orderId"); order != "" {
		return field + " is invalid for order " + order
	}
	return fmt.Sprintf("[Item %d] %s is invalid", i, field)
}

func (f *sizing) checkReturn(n *node) error {
	values := make([]string, len(vocabulary.ReturnReasons))
	for i := range values {
		values[i] = fmt.Sprint(i + 1)
	}
	return object(n, []member{
		{name: "orderId", required: true, check: someText},
		{name: "productId", required: true, check: someText},
		{name: "sku", required: true, check: someText},
		{name: "returnDate", required: true, check: f.past},
		{name: "returnReason", required: true, check: oneOf(values)},
		{name: "returnReasonMessage", check: anyText},
		{name: "externalId", check: anyText},
	})
}

// past wants a date with time and zone that has been.
func (f *sizing) past(n *node) error {
	if err := instant(n); err != nil {
		return err
	}
	if at := unstamp(n.text); at.After(f.now()) {
		return misfitf("%q has not been yet", n.text)
	}
	return nil
}

// takeOrder answers POST /orders.
func (f *sizing) takeOrder(c *call) answer {
	order, err := objectBody(c)
	if err == nil {
		err = object(&order, []member{
			{name: "customerDataPackage", required: true, check: someText},
			{name: "orderId", required: true, check: someText},
			{name: "paymentStatus", required: true, check: someText},
			{name: "lineItems", required: true, check: listOf(1, objectOf([]member{
				{name: "productId", required: true, check: someText},
				{name: "title", required: true, check: someText},
				{name: "variantId", required: true, check: someText},
				{name: "sku", required: true, check: someText},
				{name: "variant", required: true, check: someText},
				{name: "quantity", required: true, check: positive},
				{name: "price", required: true, check: notNegative},
			}))},
		})
	}
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	if err := f.keep(c, "orders", order.textOf("orderId"), c.body); err != nil {
		return internal(err)
	}
	return answer{status: http.StatusAccepted}
}

// objectBody reads a body. Only the query parameters that are known are taken.
func objectBody(c *call, known ...string) (node, error) {
	if _, err := parameters(c, known...); err != nil {
		return node{}, err
	}
	return parseJSON(c.body)
}

// positive wants a number above 0.
func positive(n *node) error {
	if err := notNegative(n); err != nil {
		return err
	}
	mantissa, _, _ := strings.Cut(strings.ToLower(n.text), "e")
	if !strings.ContainsAny(mantissa, "123456789") {
		return misfitf("%s must be above 0", n.text)
	}
	return nil
}

// notNegative wants a number from 0.
func notNegative(n *node) error {
	if err := kind(n, jsonNumber); err != nil {
		return err
	}
	if strings.HasPrefix(n.text, "-") {
		return misfitf("%s must not be below 0", n.text)
	}
	return nil
}
