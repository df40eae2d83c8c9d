package faire

import (
	"bytes"
	"cmp"
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

// Shipments tells Faire what was sent of orders (faire:1738).
var Shipments = &vendors.Resource{
	Name:     "shipments",
	Doc:      "add shipments to orders",
	Noun:     vendors.Noun{One: "order", Many: "orders"},
	Schema:   shipmentSchema(),
	Rules:    []*schema.Rule{shipmentTwice},
	Key:      "order_id",
	RowKey:   []string{"carrier", "tracking_code"},
	Batch:    1,
	Repeat:   vendors.Unsafe,
	Encode:   encodeShipments,
	Upload:   eachOrder(shipOrder),
	ReadBack: shippedBefore,
	Trace:    traceWords,
	Example: []map[string]string{
		{"order_id": "bo_bxdmjbwxid", "carrier": "FEDEX", "tracking_code": "94029300101029282", "maker_cost_cents": "2300"},
		{"order_id": "bo_bxdmjbwxid", "carrier": "FEDEX", "tracking_code": "94029300101029299"},
	},
}

// Shipment is a parcel of an order as it is sent (faire:1859).
type Shipment struct {
	OrderID   string `json:"order_id"`
	MakerCost *int64 `json:"maker_cost_cents,omitempty"`
	Carrier   string `json:"carrier"`
	Tracking  string `json:"tracking_code"`
}

// ShipmentList is the body of a request (faire:1759).
type ShipmentList struct {
	Shipments []Shipment `json:"shipments"`
}

// The rules of shipments.
var (
	carrierUnknown = &schema.Rule{ID: "shipment.carrier", Clause: clause(1864),
		Sentence: "the carrier is one of " + strings.Join(vocabulary.Carriers, ", ") + ", in small letters or capitals"}
	costWrong = &schema.Rule{ID: "shipment.cost", Clause: clause(1863),
		Sentence: "the cost is a whole number of cents of US dollars, from 0: 2300 for 23 dollars"}
	shipmentTwice = &schema.Rule{ID: "shipment.twice", Clause: clause(1759),
		Sentence: "a shipment stands in an order once"}
)

func shipmentSchema() schema.Schema {
	return schema.Schema{
		orderIDField(1755, "is shipped"),
		{Name: "carrier", Clause: clause(1864), Required: true, Example: "FEDEX",
			Doc:      "Who carries the parcel: " + strings.Join(vocabulary.Carriers, ", ") + ", in small letters or capitals.",
			Checks:   []schema.Check{{Rule: carrierUnknown, OK: isCarrier, Explain: explainCarrier}},
			Synonyms: []string{"shipping carrier", "shipped with", "courier", "versender", "vervoerder", "transporteur"}},
		{Name: "tracking_code", Clause: clause(1865), Required: true, Example: "94029300101029282",
			Doc:      "The carrier's number of the parcel; format the column as text, so that no digit is lost.",
			Synonyms: []string{"tracking", "tracking no", "tracking number", "tracking id", "sendungsnummer", "track and trace", "numéro de suivi"}},
		{Name: "maker_cost_cents", Clause: clause(1863), Example: "2300",
			Doc:      "What shipping cost the brand, in cents of US dollars; may be left empty.",
			Checks:   []schema.Check{{Rule: costWrong, OK: isCents, Explain: explainCents}},
			Synonyms: []string{"shipping cost cents", "cost cents"}},
	}
}

// mostCarrier is longer than the name of any carrier, in bytes.
const mostCarrier = 32

// carrierOf is the carrier that a cell names, as it is sent; empty when it names none. It does not allocate.
func carrierOf(cell []byte) string {
	var upper [mostCarrier]byte
	if len(cell) > len(upper) {
		return ""
	}
	for i, c := range cell {
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	for _, carrier := range vocabulary.Carriers {
		if carrier == string(upper[:len(cell)]) {
			return carrier
		}
	}
	return ""
}

func isCarrier(cell []byte) bool { return carrierOf(cell) != "" }

func explainCarrier(value string) (message, suggestion string) {
	return fmt.Sprintf("%q is no carrier of Faire's: it knows %s", value, strings.Join(vocabulary.Carriers, ", ")),
		schema.Nearest(value, vocabulary.Carriers)
}

// isCents reports whether a cell is a whole number from 0, in digits only.
func isCents(cell []byte) bool {
	_, err := strconv.ParseInt(string(cell), 10, 64)
	return err == nil && cell[0] != '+' && cell[0] != '-'
}

// explainCents suggests the cents of an amount with two decimals.
func explainCents(value string) (message, suggestion string) {
	whole, cents, _ := strings.Cut(strings.TrimPrefix(value, "$"), ".")
	if len(cents) == 2 && isCents([]byte(whole+cents)) {
		return "the cost is counted in cents", cmp.Or(strings.TrimLeft(whole+cents, "0"), "0")
	}
	return "", ""
}

// encodeShipments makes the list of an order's shipments, in the order of carriers and numbers.
func encodeShipments(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	order := make([]int, len(e.Records))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareShipments(&e.Records[a], &e.Records[b]) })
	for i := 1; i < len(order); i++ {
		if first, other := &e.Records[order[i-1]], &e.Records[order[i]]; other.Has("tracking_code") && compareShipments(first, other) == 0 {
			e.Add(schema.Problem{Rule: shipmentTwice, Record: order[i], Other: order[i-1], Field: "tracking_code",
				Message: fmt.Sprintf("%s stands twice in the order, see %s", other.Text("tracking_code"), schema.OtherCell)})
		}
	}
	if !e.Sound() {
		return nil
	}
	list := &ShipmentList{make([]Shipment, len(order))}
	for i, record := range order {
		list.Shipments[i] = shipmentOf(&e.Records[record])
	}
	return list
}

func compareShipments(a, b *schema.Record) int {
	return cmp.Or(strings.Compare(carrierOf(a.Bytes("carrier")), carrierOf(b.Bytes("carrier"))),
		bytes.Compare(a.Bytes("tracking_code"), b.Bytes("tracking_code")))
}

func shipmentOf(r *schema.Record) Shipment {
	s := Shipment{OrderID: r.Text("order_id"), Carrier: carrierOf(r.Bytes("carrier")), Tracking: r.Text("tracking_code")}
	if cost, err := strconv.ParseInt(r.Text("maker_cost_cents"), 10, 64); err == nil {
		s.MakerCost = &cost
	}
	return s
}

// shipOrder adds those of an order's shipments that it does not have. The order is read before, since
// what is added twice stays twice.
func shipOrder(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	missing, err := unshipped(ctx, client, e)
	if err != nil {
		return err
	}
	e.Outcome = vendors.Unchanged
	if len(missing.Shipments) == 0 {
		return nil
	}
	body, err := json.Marshal(missing)
	if err != nil {
		return err
	}
	if err := sendOrder(ctx, client, http.MethodPost, orderPath(e.Key, "/shipments"), body); err != nil {
		e.Outcome = vendors.Unsettled
		return err
	}
	e.Outcome = vendors.Created
	return nil
}

// unshipped reads an order, and lists the shipments of the entity that it does not have.
func unshipped(ctx context.Context, client *vendors.Client, e *vendors.Entity) (*ShipmentList, error) {
	var list ShipmentList
	if err := json.Unmarshal(e.Body, &list); err != nil {
		return nil, fmt.Errorf("the body is not one of shipments: %w", err)
	}
	o, err := readOrder(ctx, client, e.Key)
	if err != nil {
		return nil, err
	}
	list.Shipments = slices.DeleteFunc(list.Shipments, func(s Shipment) bool {
		return slices.ContainsFunc(o.Shipments, func(has orderShipment) bool {
			return strings.EqualFold(has.Carrier, s.Carrier) && has.Tracking == s.Tracking
		})
	})
	return &list, nil
}

// shippedBefore reads whether an order has the shipments of a request whose answer was lost.
func shippedBefore(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	missing, err := unshipped(ctx, client, e)
	if err == nil && len(missing.Shipments) == 0 {
		e.Outcome = vendors.Created
	}
	return err
}
