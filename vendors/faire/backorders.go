package faire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// Backorders tells Faire of which items of an order there are not enough: those become an order of their
// own, to be confirmed by the retailer (faire:1815).
var Backorders = &vendors.Resource{
	Name:     "backorders",
	Doc:      "backorder or discontinue items of orders that are not all there",
	Noun:     vendors.Noun{One: "order", Many: "orders"},
	Schema:   backorderSchema(),
	Rules:    []*schema.Rule{backorderReason, backorderQuantity, backorderTwice},
	Key:      "order_id",
	RowKey:   []string{"item_id"},
	Batch:    1,
	Repeat:   vendors.Unsafe,
	Encode:   encodeBackorder,
	Upload:   eachOrder(backorder),
	ReadBack: backorderedBefore,
	Trace:    traceWords,
	Example: []map[string]string{
		{"order_id": "bo_bxdmjbwxid", "item_id": "oi_bq425ju5vh", "available_quantity": "0", "discontinued": "true"},
		{"order_id": "bo_bxdmjbwxid", "item_id": "oi_def", "ordered_quantity": "10", "available_quantity": "4", "discontinued": "false",
			"backordered_until": "2026-09-15T00:00:00Z"},
	},
}

// Availability is how much there is of an ordered item (faire:1841).
type Availability struct {
	Available        int64  `json:"available_quantity"`
	Discontinued     bool   `json:"discontinued"`
	BackorderedUntil string `json:"backordered_until,omitempty"`
}

// AvailabilityList is the body of a request: what there is of items, by their IDs (faire:1837).
type AvailabilityList struct {
	Availabilities map[string]Availability `json:"availabilities"`
}

// The rules of backorders.
var (
	availableWrong = &schema.Rule{ID: "backorder.available", Clause: clause(1843),
		Sentence: "the quantity that is there is a whole number from 0"}
	backorderReason = &schema.Rule{ID: "backorder.reason", Clause: clause(1846),
		Sentence: "an item that is not all there is either discontinued, or has the date until which it is backordered"}
	backorderQuantity = &schema.Rule{ID: "backorder.quantity", Clause: clause(1843),
		Sentence: "the quantity that is there must be below the one that was ordered"}
	backorderTwice = &schema.Rule{ID: "backorder.twice", Clause: clause(1837),
		Sentence: "an item stands in an order once"}
)

func backorderSchema() schema.Schema {
	quantity := []schema.Check{{Rule: availableWrong, OK: isCents}}
	return schema.Schema{
		orderIDField(1836, "the item belongs to"),
		{Name: "item_id", Clause: clause(1839), Required: true, Example: "oi_bq425ju5vh",
			Doc:      "Faire's ID of the ordered item, beginning with oi_; the export of orders has it as items.id.",
			Checks:   []schema.Check{namedBy("item.id", 1797, vocabulary.ItemID, "an ordered item", "oi_bq425ju5vh")},
			Synonyms: []string{"items.id", "order item id", "order item", "item"}},
		{Name: "ordered_quantity", Clause: clause(1801), Example: "10", Checks: quantity,
			Doc:      "How many pieces were ordered, to compare with; it is not sent, and may be left empty.",
			Synonyms: []string{"items.quantity", "ordered", "quantity ordered", "order quantity"}},
		{Name: "available_quantity", Clause: clause(1843), Required: true, Example: "4", Checks: quantity,
			Doc:      "How many pieces of the item are there: fewer than were ordered.",
			Synonyms: []string{"available", "quantity available", "in stock", "verfügbar", "beschikbaar", "disponible"}},
		{Name: "discontinued", Clause: clause(1844), Type: schema.Boolean, Example: "false",
			Doc: "Whether the item cannot be ordered again."},
		{Name: "backordered_until", Clause: clause(1845), Checks: timeChecks, Example: "2026-09-15T00:00:00Z",
			Doc:      "When the item will be back in stock, with time and zone.",
			Synonyms: []string{"backorder until", "back in stock", "available from", "restock date"}},
	}
}

// encodeBackorder makes the availabilities of an order's items.
func encodeBackorder(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	list := &AvailabilityList{make(map[string]Availability, len(e.Records))}
	for i := range e.Records {
		r := &e.Records[i]
		judgeAvailability(e, i)
		discontinued, _ := schema.ParseBoolean(r.Bytes("discontinued"))
		list.Availabilities[r.Text("item_id")] = Availability{wholeOf(r, "available_quantity"), discontinued, sentTime(r.Text("backordered_until"))}
	}
	findItemTwice(e)
	if !e.Sound() {
		return nil
	}
	return list
}

// judgeAvailability applies the rules of one row.
func judgeAvailability(e *vendors.Entity, record int) {
	r := &e.Records[record]
	discontinued, _ := schema.ParseBoolean(r.Bytes("discontinued"))
	switch until := r.Has("backordered_until"); {
	case discontinued && until:
		e.Add(schema.Problem{Rule: backorderReason, Record: record, Field: "backordered_until",
			Message: "the item is discontinued, and so does not come back"})
	case !discontinued && !until && (r.OK("discontinued") || lacks(r, "discontinued")) && lacks(r, "backordered_until"):
		e.Add(schema.Problem{Rule: backorderReason, Record: record, Field: "backordered_until"})
	}
	if r.OK("ordered_quantity") && r.OK("available_quantity") && wholeOf(r, "available_quantity") >= wholeOf(r, "ordered_quantity") {
		e.Add(schema.Problem{Rule: backorderQuantity, Record: record, Field: "available_quantity",
			Message: fmt.Sprintf("%s is not below the %s that were ordered", r.Bytes("available_quantity"), r.Bytes("ordered_quantity"))})
	}
}

// wholeOf is a cell's number; 0 when it has none.
func wholeOf(r *schema.Record, field string) int64 {
	n, _ := strconv.ParseInt(r.Text(field), 10, 64)
	return n
}

// findItemTwice reports the items that stand in an order twice.
func findItemTwice(e *vendors.Entity) {
	order := make([]int, len(e.Records))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(e.Records[a].Bytes("item_id"), e.Records[b].Bytes("item_id")) })
	for i := 1; i < len(order); i++ {
		item := e.Records[order[i]].Text("item_id")
		if item != "" && item == e.Records[order[i-1]].Text("item_id") {
			e.Add(schema.Problem{Rule: backorderTwice, Record: order[i], Other: order[i-1], Field: "item_id",
				Message: fmt.Sprintf("%s stands twice in the order, see %s", item, schema.OtherCell)})
		}
	}
}

// backorder tells what there is of an order's items. The order is read before: only then is it known how
// much was ordered, and whether an earlier request has split it already.
func backorder(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	list, o, err := orderedItems(ctx, client, e)
	if err != nil {
		return err
	}
	if faults := list.faults(o); len(faults) > 0 {
		return &vendors.APIError{Status: http.StatusConflict, Message: "not sent: " + strings.Join(faults, "; ")}
	}
	if err := sendOrder(ctx, client, http.MethodPost, orderPath(e.Key, "/items/availability"), e.Body); err != nil {
		return err
	}
	e.Outcome = vendors.Updated
	return nil
}

func orderedItems(ctx context.Context, client *vendors.Client, e *vendors.Entity) (*AvailabilityList, *order, error) {
	list := new(AvailabilityList)
	if err := json.Unmarshal(e.Body, list); err != nil {
		return nil, nil, fmt.Errorf("the body is not one of availabilities: %w", err)
	}
	o, err := readOrder(ctx, client, e.Key)
	return list, o, err
}

// faults says which items are not in the order, or are all there.
func (l *AvailabilityList) faults(o *order) (faults []string) {
	for _, id := range sortedItems(l.Availabilities) {
		ordered, found := o.ordered(id)
		switch available := l.Availabilities[id].Available; {
		case !found:
			faults = append(faults, fmt.Sprintf("the order has no item %q", id))
		case available >= ordered:
			faults = append(faults, fmt.Sprintf("available_quantity %d of item %q is not below the %d that are ordered", available, id, ordered))
		}
	}
	return faults
}

func sortedItems(items map[string]Availability) []string {
	ids := make([]string, 0, len(items))
	for id := range items {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// ordered is how many pieces of an item the order has.
func (o *order) ordered(id string) (quantity int64, found bool) {
	for _, item := range o.Items {
		if item.ID == id {
			return item.Quantity, true
		}
	}
	return 0, false
}

// backorderedBefore reads whether an order was split by a request whose answer was lost. Its items have
// what was there then, or are gone when that was nothing. An order of which only some items look so is
// not touched again.
func backorderedBefore(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	list, o, err := orderedItems(ctx, client, e)
	if err != nil {
		return err
	}
	split := 0
	for id, item := range list.Availabilities {
		if quantity, found := o.ordered(id); !found && item.Available == 0 || found && quantity <= item.Available {
			split++
		}
	}
	switch split {
	case 0:
		return nil
	case len(list.Availabilities):
		e.Outcome = vendors.Updated
		return nil
	}
	return fmt.Errorf("order %s: %d of %d items are backordered, so it is not known what became of the request", e.Key, split, len(list.Availabilities))
}
