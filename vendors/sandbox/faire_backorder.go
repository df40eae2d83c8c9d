package sandbox

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/faire/vocabulary"
)

// availability is what a brand says of an item that it cannot deliver in full.
type availability struct {
	Available        int64  `json:"available_quantity"`
	Discontinued     bool   `json:"discontinued"`
	BackorderedUntil string `json:"backordered_until"`
}

// availabilities wants one availability at least, each either discontinued or with a date (faire:1846).
func availabilities(n *node) error {
	if err := kind(n, jsonObject); err != nil {
		return err
	}
	if len(n.items) == 0 {
		return misfitf("must have at least 1 item")
	}
	for i, id := range n.names {
		if err := oneAvailability(&n.items[i]); err != nil {
			return within(id, err)
		}
	}
	return nil
}

func oneAvailability(n *node) error {
	if err := object(n, []member{
		{name: "available_quantity", required: true, check: countFrom(0)},
		{name: "discontinued", check: anyBoolean},
		{name: "backordered_until", check: instant},
	}); err != nil {
		return err
	}
	discontinued, ok := n.member("discontinued")
	if ended := ok && discontinued.text == "true"; ended == (n.textOf("backordered_until") != "") {
		return misfitf("either discontinued must be true or backordered_until set")
	}
	return nil
}

// backorderItems answers POST of availabilities: the items are left in the order as far as they are there, and the rest of
// those that are not discontinued make a new order, which is BACKORDERED (faire:1816). An order of which nothing is left
// is CANCELED. A repetition finds the quantities lowered.
func (f *wholesale) backorderItems(c *call) answer {
	body, err := c.object([]member{{name: "availabilities", required: true, check: availabilities}})
	if err != nil {
		return refused(err)
	}
	var change struct {
		Availabilities map[string]availability `json:"availabilities"`
	}
	if err := c.decode(body, &change); err != nil {
		return refused(misfitf("%v", err))
	}
	return f.changeOrder(c, func(order *keptSale) error {
		if err := order.in("backordered", vocabulary.OrderNew, vocabulary.OrderProcessing); err != nil {
			return err
		}
		if err := order.knows(change.Availabilities); err != nil {
			return within("availabilities", err)
		}
		return f.splitOrder(c, order, change.Availabilities)
	})
}

// knows wants each item to be in the order, with a quantity above what is available (faire:1843).
func (s *sale) knows(items map[string]availability) error {
	for _, id := range slices.Sorted(maps.Keys(items)) {
		at := slices.IndexFunc(s.Items, func(i saleItem) bool { return i.ID == id })
		if at < 0 {
			return within(id, misfitf("the order %s has no such item", s.ID))
		}
		if a, ordered := items[id], s.Items[at].Quantity; a.Available >= ordered {
			return within(id+".available_quantity", misfitf("%d is not below the %d that were ordered", a.Available, ordered))
		}
	}
	return nil
}

// splitOrder lowers the quantities of an order and makes an order of what comes later.
func (f *wholesale) splitOrder(c *call, order *keptSale, items map[string]availability) error {
	children := 0
	for _, other := range f.orders {
		if other.OriginalID == order.ID {
			children++
		}
	}
	later := &keptSale{sale: order.sale}
	later.ID = newID(vocabulary.OrderID, order.ID, strconv.Itoa(children))
	later.DisplayID, later.CreatedAt = displayID(later.ID), f.clock()
	later.State, later.OriginalID, later.PaidAt, later.Items = vocabulary.OrderBackordered, order.ID, "", nil
	var now []saleItem
	for _, item := range order.Items {
		a, limited := items[item.ID]
		missing := item.Quantity - a.Available
		if limited {
			item.Quantity, item.UpdatedAt = a.Available, later.CreatedAt
		}
		if item.Quantity > 0 {
			now = append(now, item)
		}
		if limited && !a.Discontinued {
			item.ID, item.OrderID, item.Quantity = newID(vocabulary.ItemID, later.ID, item.ID), later.ID, missing
			item.CreatedAt = later.CreatedAt
			later.Items = append(later.Items, item)
			later.ShipAfter = max(later.ShipAfter, stamp(unstamp(a.BackorderedUntil)))
		}
	}
	order.Items, order.PayoutCosts = now, payoutOf(now)
	if len(now) == 0 {
		order.Items, order.State = []saleItem{}, vocabulary.OrderCanceled
	}
	if len(later.Items) == 0 {
		return nil
	}
	later.PayoutCosts = payoutOf(later.Items)
	if err := f.keepOrder(later); err != nil {
		return fmt.Errorf("store the order that was split off: %w", err)
	}
	return c.apply(later.ID, c.body)
}

// displayID is how Faire's pages show the id of an order (faire:1581).
func displayID(id string) string { return strings.ToUpper(strings.TrimPrefix(id, vocabulary.OrderID)) }

// payoutOf calculates what is paid for items, which are of one currency: 15 % commission and 3 % fee.
func payoutOf(items []saleItem) payout {
	var sum int64
	currency := "USD"
	for _, item := range items {
		sum += item.Quantity * item.Price.Amount
		currency = item.Price.Currency
	}
	amount := func(minor int64) money { return money{minor, currency} }
	p := payout{FeeBps: 300, CommissionBps: 1500, Protection: amount(0), Damaged: amount(0), NetTax: amount(0)}
	fee, commission := sum*p.FeeBps/10_000, sum*p.CommissionBps/10_000
	p.Fee, p.Commission, p.Total = amount(fee), amount(commission), amount(sum-fee-commission)
	if currency == "USD" {
		p.FeeCents, p.CommissionCents = &fee, &commission
	}
	return p
}
