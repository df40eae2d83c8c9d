package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"bulkload/vendors/faire/vocabulary"
)

// brandID is the brand of the document's sample (faire:1910).
const brandID = "b_60ae65c4"

// getBrand answers GET of the brand's profile.
func (f *wholesale) getBrand(c *call) answer {
	type brand struct {
		ID   string `json:"brand_id"`
		Name string `json:"name"`
	}
	return shown(http.StatusOK, brand{brandID, "Jeff's Warm Toques"}, unused(c))
}

// retailer is a shop that orders.
type retailer struct {
	ID   string `json:"retailer_id"`
	Name string `json:"name"`
}

// retailers are that of the document's sample (faire:1920) and some more, with names that are hard on spreadsheets.
var retailers = []retailer{
	{"r_c9385ldj", "Tom's Toque Emporium"}, {"r_ateliernor", "Atelier Nørrebro"}, {"r_quotedshop", `The "Corner" Shop, Ltd.`},
	{"r_formulashp", "=1+1 Apparel"}, {"r_tworowsshp", "Maison\nLumière"}, {"r_kyotogoods", "京都グッズ"}, {"r_plainstore", "Plain Store"},
	{"r_atsignshop", "@home"}, {"r_minusstore", "-20 Degrees"}, {"r_semicolons", "Salt; Pepper; Linen"},
}

// getRetailer answers GET of a retailer's public profile.
func (f *wholesale) getRetailer(c *call) answer {
	at := slices.IndexFunc(retailers, func(r retailer) bool { return r.ID == c.parts[2] })
	if at < 0 {
		return refused(absentf("there is no retailer %q", c.parts[2]))
	}
	return shown(http.StatusOK, retailers[at], unused(c))
}

// firstStates says how many of the first orders are in which state, in their order: 60 in all, so that two pages of the
// largest size are needed for them.
var firstStates = []struct {
	state string
	count int
}{
	{vocabulary.OrderNew, 20}, {vocabulary.OrderProcessing, 12}, {vocabulary.OrderPreTransit, 8}, {vocabulary.OrderInTransit, 6},
	{vocabulary.OrderDelivered, 8}, {vocabulary.OrderBackordered, 3}, {vocabulary.OrderCanceled, 3},
}

// firstOrders makes the orders that every sandbox begins with, since no endpoint makes any. Their ids are bo_sandbox000 to
// bo_sandbox059 and those of their items oi_sandbox000a and so on, but the first two are of the document's samples:
// bo_bxdmjbwxid with oi_bq425ju5vh, and bo_sandbox001 with oi_abc and oi_def. They were placed from September to
// November 2025, 31 hours apart, and changed last in another order.
func firstOrders() []sale {
	var orders []sale
	for _, s := range firstStates {
		for range s.count {
			orders = append(orders, firstOrder(len(orders), s.state))
		}
	}
	rename := func(order *sale, id string, items ...string) {
		order.ID, order.DisplayID = id, displayID(id)
		for i := range order.Items {
			order.Items[i].ID, order.Items[i].OrderID = items[i], id
		}
	}
	rename(&orders[0], "bo_bxdmjbwxid", "oi_bq425ju5vh")
	rename(&orders[1], "bo_sandbox001", "oi_abc", "oi_def")
	return orders
}

func firstOrder(i int, state string) sale {
	placed := time.Date(2025, 9, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(i) * 31 * time.Hour)
	id := fmt.Sprintf("bo_sandbox%03d", i)
	o := sale{ID: id, DisplayID: displayID(id), CreatedAt: stamp(placed), State: state, Shipments: []shipment{},
		UpdatedAt:  stamp(placed.Add(time.Duration(i*17%60) * time.Hour)),
		RetailerID: retailers[i%len(retailers)].ID, Address: addresses[i%len(addresses)],
		Source: vocabulary.OrderSources[i%len(vocabulary.OrderSources)], BrandDiscounts: []discount{}}
	o.Address.Company = retailers[i%len(retailers)].Name
	if i%4 != 3 {
		o.ShipAfter = stamp(placed.AddDate(0, 0, i%5*7))
	}
	for n := range 1 + i%3 {
		o.Items = append(o.Items, firstItem(i, n, &o))
	}
	o.PayoutCosts = payoutOf(o.Items)
	if i%6 == 0 {
		o.BrandDiscounts = append(o.BrandDiscounts, firstDiscount(i/6, o.Items[0].Price.Currency))
	}
	o.ship(i, placed)
	return o
}

// ship gives an order what its state says has happened to it.
func (s *sale) ship(i int, placed time.Time) {
	switch s.State {
	case vocabulary.OrderPreTransit, vocabulary.OrderInTransit, vocabulary.OrderDelivered:
		at, cost := stamp(placed.AddDate(0, 0, 2)), int64(2300+i)
		s.Shipments = append(s.Shipments, shipment{newID(vocabulary.ShipmentID, s.ID, "0"), s.ID, &cost,
			vocabulary.Carriers[i%len(vocabulary.Carriers)], fmt.Sprintf("0094029300101%06d", i), at, at})
		s.UpdatedAt = max(s.UpdatedAt, at)
	case vocabulary.OrderBackordered:
		s.OriginalID = fmt.Sprintf("bo_sandbox%03d", i-30)
	}
	if s.State == vocabulary.OrderDelivered {
		s.PaidAt = stamp(placed.AddDate(0, 0, 9))
		s.UpdatedAt = max(s.UpdatedAt, s.PaidAt)
	}
}

// soldNames are names of products and variants, hard on spreadsheets too.
var soldNames = [][2]string{
	{"Golden Dog", "retriever"}, {`Scarf "Fjord", wool`, "Blue / One Size"}, {"=1+1 Candle", "+Vanilla"}, {"Mütze\nzweifarbig", "Grün"},
	{"Linen Dress", "Sand / M"},
}

// soldCurrencies are the currencies of the first orders, one with no digits behind the point among them.
var soldCurrencies = []string{"USD", "USD", "CAD", "EUR", "JPY"}

func firstItem(i, n int, o *sale) saleItem {
	name := soldNames[(i+n)%len(soldNames)]
	at := money{int64(1050 + 100*i + n), soldCurrencies[i%len(soldCurrencies)]}
	item := saleItem{ID: fmt.Sprintf("oi_sandbox%03d%c", i, 'a'+n), CreatedAt: o.CreatedAt, UpdatedAt: o.CreatedAt, OrderID: o.ID,
		ProductID: newID(vocabulary.ProductID, "sold", name[0]), VariantID: newID(vocabulary.VariantID, "sold", name[1]),
		Quantity: int64(3 + (i+3*n)%8), SKU: fmt.Sprintf("%05d", (i+n)%len(soldNames)), Price: at,
		ProductName: name[0], VariantName: name[1], Discounts: []discount{}}
	if at.Currency == "USD" {
		item.PriceCents = &at.Amount
	}
	if (i+n)%7 == 0 {
		item.IncludesTester, item.TesterPrice = true, &money{at.Amount / 2, at.Currency}
	}
	if (i+n)%5 == 0 {
		item.Discounts = append(item.Discounts, firstDiscount(i+n, at.Currency))
	}
	return item
}

// firstDiscount is a discount of each type in turn (faire:1868).
func firstDiscount(i int, currency string) discount {
	switch i % 3 {
	case 0:
		return discount{ID: "bpc_k3w2kb97tp", Code: "SUMMER10", Percentage: new(int64(10)), Type: "PERCENTAGE"}
	case 1:
		return discount{ID: "bpc_cjpyaf56ts", Code: "STOCK_UP", Amount: &money{2000, currency}, Type: "FLAT_AMOUNT"}
	}
	return discount{ID: "bpc_bj6sgz7yzu", Code: "FREE_SHIP", FreeShipping: true, Type: "NONE"}
}

// addresses are that of the document's sample (faire:1932) and others.
var addresses = []recipient{
	{Name: "John Smith", Address1: "41 King Street West", Address2: "3rd Floor", PostalCode: "N2G 1A1", City: "Kitchener",
		State: "Ontario", StateCode: "ON", Phone: "555-123-4567", Country: "Canada", CountryCode: "CAN"},
	{Name: "Søren Kjær", Address1: "Nørrebrogade 1, 2. tv", PostalCode: "2200", City: "København N", State: "Hovedstaden",
		StateCode: "84", Phone: "+4533123456", Country: "Denmark", CountryCode: "DNK"},
	{Name: `Ann "Annie" O'Neil`, Address1: "1 Main St\nSuite 2", PostalCode: "02108", City: "Boston", State: "Massachusetts",
		StateCode: "MA", Phone: "+16175550123", Country: "United States", CountryCode: "USA"},
	{Name: "山田 花子", Address1: "河原町通 1-2", PostalCode: "600-8001", City: "京都市", State: "Kyoto", StateCode: "26",
		Phone: "+81751234567", Country: "Japan", CountryCode: "JPN"},
}
