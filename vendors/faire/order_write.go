package faire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// orderIDField is the column of the order that a row is about. The line is that of the path's parameter.
func orderIDField(line int, what string) schema.Field {
	check := namedBy("order.id", 1581, vocabulary.OrderID, "an order", "bo_bxdmjbwxid")
	check.Explain = explainOrderID
	return schema.Field{Name: "order_id", Clause: clause(line), Required: true, Example: "bo_bxdmjbwxid", Checks: []schema.Check{check},
		Doc:      "Faire's ID of the order that " + what + ", beginning with bo_; the export of orders has it as id.",
		Synonyms: []string{"id", "order", "order no", "order number", "order token", "bestellnummer", "bestelnummer", "commande"}}
}

// explainOrderID knows the number under which people see an order: the ID in capitals without its
// beginning (faire:1581).
func explainOrderID(value string) (message, suggestion string) {
	lower := strings.ToLower(strings.TrimPrefix(value, "#"))
	if isID([]byte(lower), vocabulary.OrderID) {
		return "", lower
	}
	if id := vocabulary.OrderID + lower; isID([]byte(id), vocabulary.OrderID) && strings.ToUpper(value) == value {
		return fmt.Sprintf("%q is the number that Faire shows to people; the order's ID is %s", value, id), id
	}
	return "", ""
}

// order is what is read of an order before something is done with it.
type order struct {
	State     string          `json:"state"`
	Items     []orderItem     `json:"items"`
	Shipments []orderShipment `json:"shipments"`
}

type orderItem struct {
	ID       string `json:"id"`
	Quantity int64  `json:"quantity"`
}

type orderShipment struct {
	Carrier  string `json:"carrier"`
	Tracking string `json:"tracking_code"`
}

// readOrder asks for an order. That Faire has none of this ID is an *APIError of status 404.
func readOrder(ctx context.Context, client *vendors.Client, id string) (*order, error) {
	body, err := orderList.one(ctx, client, id)
	if err != nil {
		return nil, err
	}
	if body == nil {
		return nil, &vendors.APIError{Status: http.StatusNotFound, Message: fmt.Sprintf("the account has no order %q", id)}
	}
	o := new(order)
	if err := json.Unmarshal(body, o); err != nil {
		return nil, fmt.Errorf("get order %q: the answer is not the vendor's: %w", id, err)
	}
	return o, nil
}

// orderPath is the address of what is done with an order.
func orderPath(id, what string) string { return orderList.path + "/" + segment(id) + what }

// sendOrder does something with an order. The document does not say what is answered: that may be
// nothing, but what is no JSON does not come from Faire.
func sendOrder(ctx context.Context, client *vendors.Client, method, path string, body []byte) error {
	response, err := client.Do(ctx, vendors.Request{Method: method, Path: path, Body: body,
		Header: http.Header{"Accept": {"application/json"}, "Content-Type": {"application/json"}}})
	if err != nil {
		return err
	}
	if len(response.Body) > 0 && !json.Valid(response.Body) {
		return &vendors.TransportError{Method: method, Path: path, Err: fmt.Errorf("the answer with status %d is not JSON", response.Status)}
	}
	return nil
}

// isRefusal returns the answer with which Faire did not take what was sent; nil for any other error.
func isRefusal(err error) *vendors.APIError {
	var answer *vendors.APIError
	if errors.As(err, &answer) && !answer.Temporary() && !answer.Unauthorised() {
		return answer
	}
	return nil
}

// eachOrder uploads entities one by one.
func eachOrder(one func(context.Context, *vendors.Client, *vendors.Entity) error) func(context.Context, *vendors.Client, vendors.Upload) error {
	return func(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
		for _, e := range u.Entities {
			if err := one(ctx, client, e); err != nil {
				return err
			}
		}
		return nil
	}
}
