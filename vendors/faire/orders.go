package faire

import (
	"context"
	"iter"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// Orders are what retailers have ordered. They are only given out: what a brand does with them is
// loaded as order-acceptance, shipments and backorders.
//
// Its list takes all filters of the document (faire:1665): updated_at_min, created_at_min,
// excluded_states and ship_after_max.
var Orders = &vendors.Resource{
	Name:   "orders",
	Doc:    "what retailers have ordered, with addresses, payouts, discounts and shipments",
	Noun:   vendors.Noun{One: "order", Many: "orders"},
	Schema: orderFields,
	Key:    "id",
	RowKey: []string{"items.id"},
	Batch:  1,
	Pages:  orderPages,
	Filters: []vendors.Filter{
		{Name: "updated_at_min", Doc: "only orders that were changed since this time"},
		{Name: "created_at_min", Doc: "only orders that were made since this time"},
		{Name: "excluded_states", Doc: "no orders in these states, separated by commas: DELIVERED,BACKORDERED,CANCELED"},
		{Name: "ship_after_max", Doc: "only orders that are due to be shipped by this time"},
	},
	Decode:    decodeOrder,
	Canonical: canonicalAnswer,
	Example: []map[string]string{
		{"id": "bo_bxdmjbwxid", "display_id": "BXDMJBWXID", "state": "NEW", "retailer_id": "r_c9385ldj", "source": "MARKETPLACE",
			"created_at": "2019-03-15T00:09:15.000Z", "updated_at": "2019-03-15T00:10:00.000Z", "items.id": "oi_bq425ju5vh",
			"items.sku": "goldenretriever", "items.quantity": "1", "items.price.amount_minor": "10500", "items.price.currency": "USD"},
	},
}

// orderList is the list of orders, in the largest pages that there are (faire:1663).
var orderList = updatedList{path: "/orders", member: "orders", limit: vocabulary.OrderPages.Most,
	noun: vendors.Noun{One: "order", Many: "orders"}}

func orderPages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return orderList.pages(ctx, client, ask)
}

// orderFields are the columns of orders.
var orderFields = orderSchema()

// orderSchema lists the fields of the document's order (faire:1579), then those of what stands in it.
func orderSchema() schema.Schema {
	fields := schema.Schema{
		{Name: "id", Clause: clause(1581), Required: true, Doc: "Faire's ID of the order, beginning with bo_.", Example: "bo_bxdmjbwxid"},
		{Name: "display_id", Clause: clause(1582), Shared: true, Doc: "The order's number as Faire shows it to people."},
		{Name: "created_at", Clause: clause(1593), Shared: true, Doc: "When the order was made."},
		{Name: "updated_at", Clause: clause(1594), Shared: true, Doc: "When the order was last changed."},
		{Name: "state", Clause: clause(1583), Shared: true, Doc: "Where the order is: NEW, PROCESSING, PRE_TRANSIT, IN_TRANSIT, DELIVERED, BACKORDERED or CANCELED."},
		{Name: "ship_after", Clause: clause(1584), Shared: true, Doc: "The earliest time at which the order should be shipped."},
		{Name: "retailer_id", Clause: clause(1588), Shared: true, Doc: "Faire's ID of the retailer, beginning with r_."},
		{Name: "source", Clause: clause(1590), Shared: true, Doc: "How the order came about, such as MARKETPLACE or FAIRE_DIRECT."},
		{Name: "payment_initiated_at", Clause: clause(1591), Shared: true, Doc: "When the brand was paid; empty until then."},
		{Name: "original_order_id", Clause: clause(1592), Shared: true, Doc: "The order that this one was split from, as backorders are."},
	}
	fields = append(fields, addressFields()...)
	fields = append(fields, payoutFields()...)
	fields = append(fields, discountFields("brand_discounts_{n}", "the order's discount")...)
	fields = append(fields, shipmentFields()...)
	for i := range fields[1:] {
		fields[i+1].Shared = true
	}
	return append(fields, itemFields()...)
}

func addressFields() schema.Schema {
	return schema.Schema{
		{Name: "address.name", Clause: clause(1947), Doc: "Who receives the order."},
		{Name: "address.company_name", Clause: clause(1957), Doc: "The company that receives the order."},
		{Name: "address.address1", Clause: clause(1948), Doc: "The address's first line."},
		{Name: "address.address2", Clause: clause(1949), Doc: "The address's second line."},
		{Name: "address.postal_code", Clause: clause(1950), Doc: "The postal code."},
		{Name: "address.city", Clause: clause(1951), Doc: "The city."},
		{Name: "address.state", Clause: clause(1952), Doc: "The state or province."},
		{Name: "address.state_code", Clause: clause(1953), Doc: "The state's code of ISO 3166-2."},
		{Name: "address.phone_number", Clause: clause(1954), Doc: "The receiver's telephone number."},
		{Name: "address.country", Clause: clause(1955), Doc: "The country's name."},
		{Name: "address.country_code", Clause: clause(1956), Doc: "The country's code of three letters."},
	}
}

func payoutFields() schema.Schema {
	fields := schema.Schema{
		{Name: "payout_costs.payout_fee_cents", Clause: clause(1994), Type: schema.Integer, Doc: "What paying out costs, in cents of US dollars; superseded by payout_fee."},
		{Name: "payout_costs.payout_fee_bps", Clause: clause(1995), Type: schema.Integer, Doc: "What paying out costs, in hundredths of a per cent."},
		{Name: "payout_costs.commission_cents", Clause: clause(1997), Type: schema.Integer, Doc: "Faire's commission in cents of US dollars; superseded by commission."},
		{Name: "payout_costs.commission_bps", Clause: clause(1998), Type: schema.Integer, Doc: "Faire's commission in hundredths of a per cent."},
	}
	for _, amount := range []struct {
		name string
		line int
		doc  string
	}{
		{"payout_fee", 1993, "what paying out costs"},
		{"commission", 1996, "Faire's commission"},
		{"payout_protection_fee", 1999, "the fee of the programme that protects shipping"},
		{"damaged_and_missing_items", 2000, "what is taken off for items damaged or missing"},
		{"shipping_subsidy", 2001, "the brand's part of free shipping"},
		{"net_tax", 2002, "the tax within the payout"},
		{"total_payout", 2003, "what the brand is paid"},
	} {
		fields = append(fields, moneyFields("payout_costs."+amount.name, amount.line, amount.doc)...)
	}
	return fields
}

// moneyFields are the two columns of an amount.
func moneyFields(name string, line int, what string) schema.Schema {
	return schema.Schema{
		{Name: name + ".amount_minor", Clause: clause(line), Type: schema.Integer, Doc: "Of " + what + ": the amount in the smallest unit of its currency."},
		{Name: name + ".currency", Clause: clause(line), Doc: "Of " + what + ": the currency."},
	}
}

func discountFields(name, what string) schema.Schema {
	fields := schema.Schema{
		{Name: name + ".id", Clause: clause(1898), Doc: "Of " + what + ": Faire's ID."},
		{Name: name + ".code", Clause: clause(1899), Doc: "Of " + what + ": its name as retailers see it."},
		{Name: name + ".includes_free_shipping", Clause: clause(1901), Type: schema.Boolean, Doc: "Of " + what + ": whether shipping is free."},
		{Name: name + ".discount_percentage", Clause: clause(1904), Type: schema.Decimal, Doc: "Of " + what + ": the per cent, when it is of type PERCENTAGE."},
		{Name: name + ".discount_type", Clause: clause(1900), Doc: "Of " + what + ": PERCENTAGE, FLAT_AMOUNT or NONE."},
	}
	return append(fields, moneyFields(name+".discount_amount", 1902, what)...)
}

func shipmentFields() schema.Schema {
	return schema.Schema{
		{Name: "shipments_{n}.id", Clause: clause(1861), Doc: "Of a shipment: Faire's ID, beginning with s_."},
		{Name: "shipments_{n}.order_id", Clause: clause(1862), Doc: "Of a shipment: the order's ID."},
		{Name: "shipments_{n}.maker_cost_cents", Clause: clause(1863), Type: schema.Integer, Doc: "Of a shipment: what it cost the brand, in cents of US dollars."},
		{Name: "shipments_{n}.carrier", Clause: clause(1864), Doc: "Of a shipment: the carrier."},
		{Name: "shipments_{n}.tracking_code", Clause: clause(1865), Doc: "Of a shipment: the carrier's number of it."},
		{Name: "shipments_{n}.created_at", Clause: clause(1866), Doc: "Of a shipment: when it was added."},
		{Name: "shipments_{n}.updated_at", Clause: clause(1867), Doc: "Of a shipment: when it was last changed."},
	}
}

func itemFields() schema.Schema {
	fields := schema.Schema{
		{Name: "items.id", Clause: clause(1797), Doc: "Of an item: Faire's ID, beginning with oi_."},
		{Name: "items.created_at", Clause: clause(1810), Doc: "Of an item: when it was ordered."},
		{Name: "items.updated_at", Clause: clause(1811), Doc: "Of an item: when it was last changed."},
		{Name: "items.order_id", Clause: clause(1798), Doc: "Of an item: the order's ID."},
		{Name: "items.product_id", Clause: clause(1799), Doc: "Of an item: Faire's ID of the product."},
		{Name: "items.variant_id", Clause: clause(1800), Doc: "Of an item: Faire's ID of the variant."},
		{Name: "items.quantity", Clause: clause(1801), Type: schema.Integer, Doc: "Of an item: how many pieces were ordered."},
		{Name: "items.sku", Clause: clause(1802), Doc: "Of an item: the variant's SKU when it was ordered."},
	}
	fields = append(fields, moneyFields("items.price", 1803, "an item's wholesale price")...)
	fields = append(fields,
		schema.Field{Name: "items.price_cents", Clause: clause(1813), Type: schema.Integer, Doc: "Of an item: the wholesale price in cents of US dollars; superseded by price."},
		schema.Field{Name: "items.product_name", Clause: clause(1805), Doc: "Of an item: the product's name when it was ordered."},
		schema.Field{Name: "items.variant_name", Clause: clause(1806), Doc: "Of an item: the variant's name when it was ordered."},
		schema.Field{Name: "items.includes_tester", Clause: clause(1807), Type: schema.Boolean, Doc: "Of an item: whether a tester was ordered with it."})
	fields = append(fields, moneyFields("items.tester_price", 1808, "an item's tester")...)
	fields = append(fields, schema.Field{Name: "items.tester_price_cents", Clause: clause(1814), Type: schema.Integer,
		Doc: "Of an item: the tester's price in cents of US dollars; superseded by tester_price."})
	return append(fields, discountFields("items.discounts_{n}", "an item's discount")...)
}
