package faire

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// OrderAcceptance takes new orders on (faire:1724).
var OrderAcceptance = &vendors.Resource{
	Name: "order-acceptance",
	Doc:  "accept new orders",
	Noun: vendors.Noun{One: "order", Many: "orders"},
	Schema: schema.Schema{
		orderIDField(1732, "is accepted"),
		{Name: "expected_ship_date", Clause: clause(1736), Shared: true, Checks: timeChecks, Example: "2026-07-15T00:00:00Z",
			Doc:      "When the order is expected to be shipped, with time and zone; may be left empty.",
			Synonyms: []string{"ship date", "expected ship", "shipping date", "ship by", "versanddatum", "verzenddatum"}},
	},
	Key:      "order_id",
	Lone:     true,
	Batch:    1,
	Repeat:   vendors.Unsafe,
	Encode:   encodeAcceptance,
	Upload:   eachOrder(acceptOrder),
	ReadBack: acceptedBefore,
	Trace:    traceWords,
	Example:  []map[string]string{{"order_id": "bo_bxdmjbwxid", "expected_ship_date": "2026-07-15T00:00:00Z"}},
}

// Acceptance is the body of a request (faire:1736).
type Acceptance struct {
	ExpectedShipDate string `json:"expected_ship_date,omitempty"`
}

func encodeAcceptance(e *vendors.Entity) any {
	if len(e.Records) == 0 || !e.Sound() {
		return nil
	}
	return &Acceptance{sentTime(string(schema.Shared(e.Records, "expected_ship_date")))}
}

// acceptOrder accepts an order. A refusal may be due to its having been accepted before, by hand or by an
// attempt whose answer was lost: then nothing is left to do, unless a date was to be set.
func acceptOrder(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	err := sendOrder(ctx, client, http.MethodPut, orderPath(e.Key, "/processing"), e.Body)
	refusal := isRefusal(err)
	if err != nil && (refusal == nil || refusal.Status == http.StatusNotFound) {
		return err
	}
	if refusal == nil {
		e.Outcome = vendors.Updated
		return nil
	}
	var sent Acceptance
	if err := json.Unmarshal(e.Body, &sent); err != nil {
		return fmt.Errorf("the body is not that of an acceptance: %w", err)
	}
	o, readErr := readOrder(ctx, client, e.Key)
	if readErr != nil || sent.ExpectedShipDate != "" || !o.accepted() {
		return err
	}
	e.Outcome = vendors.Unchanged
	return nil
}

// accepted reports whether the brand has taken the order on (faire:1599). What was cancelled may have been.
func (o *order) accepted() bool {
	switch o.State {
	case vocabulary.OrderProcessing, vocabulary.OrderPreTransit, vocabulary.OrderInTransit, vocabulary.OrderDelivered:
		return true
	}
	return false
}

// acceptedBefore reads whether an order was accepted by a request whose answer was lost.
func acceptedBefore(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	o, err := readOrder(ctx, client, e.Key)
	if err != nil {
		return err
	}
	if o.accepted() {
		e.Outcome = vendors.Updated
	}
	return nil
}
