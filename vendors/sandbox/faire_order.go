package sandbox

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/faire/vocabulary"
)

// sale is an order as Faire answers it.
type sale struct {
	ID             string     `json:"id"`
	DisplayID      string     `json:"display_id"`
	CreatedAt      string     `json:"created_at"`
	UpdatedAt      string     `json:"updated_at"`
	State          string     `json:"state"`
	Items          []saleItem `json:"items"`
	Shipments      []shipment `json:"shipments"`
	Address        recipient  `json:"address"`
	RetailerID     string     `json:"retailer_id"`
	ShipAfter      string     `json:"ship_after,omitempty"`
	PayoutCosts    payout     `json:"payout_costs"`
	Source         string     `json:"source"`
	PaidAt         string     `json:"payment_initiated_at,omitempty"`
	OriginalID     string     `json:"original_order_id,omitempty"`
	BrandDiscounts []discount `json:"brand_discounts"`
}

type saleItem struct {
	ID             string     `json:"id"`
	CreatedAt      string     `json:"created_at"`
	UpdatedAt      string     `json:"updated_at"`
	OrderID        string     `json:"order_id"`
	ProductID      string     `json:"product_id"`
	VariantID      string     `json:"variant_id"`
	Quantity       int64      `json:"quantity"`
	SKU            string     `json:"sku"`
	Price          money      `json:"price"`
	PriceCents     *int64     `json:"price_cents,omitempty"` // of prices in USD
	ProductName    string     `json:"product_name"`
	VariantName    string     `json:"variant_name"`
	IncludesTester bool       `json:"includes_tester"`
	TesterPrice    *money     `json:"tester_price,omitempty"`
	Discounts      []discount `json:"discounts"`
}

type shipment struct {
	ID           string `json:"id"`
	OrderID      string `json:"order_id"`
	CostCents    *int64 `json:"maker_cost_cents,omitempty"`
	Carrier      string `json:"carrier"`
	TrackingCode string `json:"tracking_code"`
	CreatedAt    string `json:"created_at"`
	UpdatedAt    string `json:"updated_at"`
}

type recipient struct {
	Name        string `json:"name"`
	Address1    string `json:"address1"`
	Address2    string `json:"address2,omitempty"`
	PostalCode  string `json:"postal_code"`
	City        string `json:"city"`
	State       string `json:"state"`
	StateCode   string `json:"state_code"`
	Phone       string `json:"phone_number"`
	Country     string `json:"country"`
	CountryCode string `json:"country_code"`
	Company     string `json:"company_name"`
}

type payout struct {
	FeeCents        *int64 `json:"payout_fee_cents,omitempty"`
	FeeBps          int64  `json:"payout_fee_bps"`
	CommissionCents *int64 `json:"commission_cents,omitempty"`
	CommissionBps   int64  `json:"commission_bps"`
	Fee             money  `json:"payout_fee"`
	Commission      money  `json:"commission"`
	Protection      money  `json:"payout_protection_fee"`
	Damaged         money  `json:"damaged_and_missing_items"`
	NetTax          money  `json:"net_tax"`
	Total           money  `json:"total_payout"`
}

type discount struct {
	ID           string `json:"id"`
	Code         string `json:"code"`
	FreeShipping bool   `json:"includes_free_shipping"`
	Percentage   *int64 `json:"discount_percentage,omitempty"`
	Amount       *money `json:"discount_amount,omitempty"`
	Type         string `json:"discount_type"`
}

// keptSale is an order in its store, which has those that have changed since the start, and those that came.
type keptSale struct {
	sale
	Change       int    `json:"_change"`
	ExpectedShip string `json:"_expected_ship_date,omitempty"` // which no answer shows
}

// sales are the orders.
type sales struct {
	orders map[string]*keptSale
	latest string // the last time at which one has changed
}

func (f *wholesale) loadOrders() error {
	f.sales = sales{orders: make(map[string]*keptSale)}
	for _, order := range firstOrders() {
		f.orders[order.ID] = &keptSale{sale: order}
	}
	entities, _, _, err := f.stores["orders"].page(0, -1)
	if err != nil {
		return err
	}
	for _, e := range entities {
		order := &keptSale{}
		if err := json.Unmarshal(e.body, order); err != nil {
			return fmt.Errorf("read the sandbox's order %s: %w", e.id, err)
		}
		f.orders[e.id] = order
	}
	for _, order := range f.orders {
		f.latest = max(f.latest, order.UpdatedAt)
	}
	return nil
}

// keepOrder stores a changed or new order and puts it behind all others.
func (f *wholesale) keepOrder(order *keptSale) error {
	f.changes++
	f.latest = max(f.latest, f.clock())
	order.UpdatedAt, order.Change = f.latest, f.changes
	if err := f.put("orders", order.ID, order); err != nil {
		return err
	}
	f.orders[order.ID] = order
	return nil
}

// listOrders answers GET of a page of orders, in the order of their last changes (faire:1607).
func (f *wholesale) listOrders(c *call) answer {
	p, err := paged(c, vocabulary.OrderPages, "created_at_min", "excluded_states", "ship_after_max")
	if err != nil {
		return refused(err)
	}
	fits, err := p.orderFilter()
	if err != nil {
		return refused(err)
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	found := []*keptSale{}
	for _, order := range f.orders {
		if fits(&order.sale) {
			found = append(found, order)
		}
	}
	slices.SortFunc(found, func(a, b *keptSale) int {
		return cmp.Or(cmp.Compare(a.UpdatedAt, b.UpdatedAt), cmp.Compare(a.Change, b.Change), cmp.Compare(a.ID, b.ID))
	})
	list := struct {
		Page   int    `json:"page"`
		Limit  int    `json:"limit"`
		Orders []sale `json:"orders"`
	}{p.page, p.limit, []sale{}}
	for _, order := range cut(p, found) {
		list.Orders = append(list.Orders, order.sale)
	}
	return shown(http.StatusOK, list, nil)
}

// orderFilter reads the filters of a list of orders. An order without ship_after is due at any time.
func (p *paging) orderFilter() (func(*sale) bool, error) {
	created, err := when(p.query, "created_at_min")
	if err != nil {
		return nil, err
	}
	due, err := when(p.query, "ship_after_max")
	if err != nil {
		return nil, err
	}
	var excluded []string
	if p.query.Has("excluded_states") {
		excluded = strings.Split(p.query.Get("excluded_states"), ",")
	}
	for _, state := range excluded {
		if err := oneOf(vocabulary.OrderStates)(&node{kind: jsonText, text: state}); err != nil {
			return nil, within("excluded_states", err)
		}
	}
	return func(order *sale) bool {
		return !slices.Contains(excluded, order.State) && !unstamp(order.UpdatedAt).Before(p.since) &&
			!unstamp(order.CreatedAt).Before(created) && (due.IsZero() || !unstamp(order.ShipAfter).After(due))
	}, nil
}

// order returns a copy of the order that a path names, whose lists can be replaced. The caller holds the lock.
func (f *wholesale) saleOf(c *call) (*keptSale, error) {
	order := f.orders[c.parts[1]]
	if order == nil {
		return nil, absentf("there is no order %q", c.parts[1])
	}
	return new(*order), nil
}

// getOrder answers GET of an order.
func (f *wholesale) getOrder(c *call) answer {
	if err := unused(c); err != nil {
		return refused(err)
	}
	f.mu.RLock()
	defer f.mu.RUnlock()
	order, err := f.saleOf(c)
	if err != nil {
		return refused(err)
	}
	return shown(http.StatusOK, order.sale, nil)
}

// in wants an order to be in one of these states.
func (s *sale) in(what string, states ...string) error {
	if !slices.Contains(states, s.State) {
		return misfitf("the order %s is %s; only one that is %s can be %s", s.ID, s.State, strings.Join(states, " or "), what)
	}
	return nil
}

// acceptOrder answers PUT of processing: a NEW order is accepted, and one that has been stays so (faire:1721).
func (f *wholesale) acceptOrder(c *call) answer {
	var change struct {
		Expected string `json:"expected_ship_date"`
	}
	if len(c.body) > 0 {
		body, err := c.object([]member{{name: "expected_ship_date", check: instant}})
		if err != nil {
			return refused(err)
		}
		if err := c.decode(body, &change); err != nil {
			return internal(err)
		}
	} else if err := unused(c); err != nil {
		return refused(err)
	}
	return f.changeOrder(c, func(order *keptSale) error {
		if err := order.in("accepted", vocabulary.OrderNew, vocabulary.OrderProcessing); err != nil {
			return err
		}
		order.State = vocabulary.OrderProcessing
		if change.Expected != "" {
			order.ExpectedShip = stamp(unstamp(change.Expected))
		}
		return nil
	})
}

// changeOrder applies a change to a copy of the order that a path names, stores it and answers it.
func (f *wholesale) changeOrder(c *call, change func(*keptSale) error) answer {
	f.mu.Lock()
	defer f.mu.Unlock()
	order, err := f.saleOf(c)
	if err == nil {
		err = change(order)
	}
	if err != nil {
		return refused(err)
	}
	if err := f.keepOrder(order); err != nil {
		return internal(err)
	}
	return shown(http.StatusOK, order.sale, c.applyFirst(order.ID))
}

// applyFirst notes that a call stored its whole body, before what it has noted of its parts.
func (c *call) applyFirst(id string) error {
	parts := c.applied
	c.applied = nil
	body := c.body
	if len(body) == 0 {
		body = []byte("null")
	}
	err := c.apply(id, body)
	c.applied = append(c.applied, parts...)
	return err
}

// shipOrder answers POST of shipments, which add up: there is no token (faire:1738). The document's sample has a carrier
// in small letters, which its list of carriers has not.
func (f *wholesale) shipOrder(c *call) answer {
	body, err := c.object([]member{{name: "shipments", required: true, check: listOf(1, objectOf([]member{
		{name: "order_id", check: someText},
		{name: "maker_cost_cents", check: countFrom(0)},
		{name: "carrier", required: true, check: oneOf(vocabulary.Carriers)},
		{name: "tracking_code", required: true, check: someText},
	}))}})
	if err != nil {
		return refused(err)
	}
	list, _ := body.member("shipments")
	var more []shipment
	if err := c.decode(list, &more); err != nil {
		return refused(misfitf("%v", err))
	}
	return f.changeOrder(c, func(order *keptSale) error {
		if err := order.in("shipped", vocabulary.OrderNew, vocabulary.OrderProcessing, vocabulary.OrderPreTransit, vocabulary.OrderInTransit); err != nil {
			return err
		}
		for i, s := range more {
			if s.OrderID != "" && s.OrderID != order.ID {
				return within(fmt.Sprintf("shipments[%d].order_id", i), misfitf("%q is not the order in the path, %s", s.OrderID, order.ID))
			}
		}
		if order.State != vocabulary.OrderInTransit {
			order.State = vocabulary.OrderPreTransit
		}
		return f.addShipments(c, order, more, list)
	})
}

// addShipments stores shipments and gives an order them.
func (f *wholesale) addShipments(c *call, order *keptSale, more []shipment, sent *node) error {
	order.Shipments = slices.Clone(order.Shipments)
	for i, s := range more {
		s.ID = newID(vocabulary.ShipmentID, order.ID, strconv.Itoa(len(order.Shipments)))
		s.OrderID, s.CreatedAt = order.ID, f.clock()
		s.UpdatedAt = s.CreatedAt
		order.Shipments = append(order.Shipments, s)
		if err := f.put("shipments", s.ID, s); err != nil {
			return err
		}
		if err := c.apply(s.ID, c.body[sent.items[i].start:sent.items[i].end]); err != nil {
			return err
		}
	}
	return nil
}
