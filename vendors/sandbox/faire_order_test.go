package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"bulkload/vendors/faire/vocabulary"
)

// orders lists all orders that a query finds, page by page.
func (s shop) orders(query string) (all []sale) {
	s.t.Helper()
	for page := 1; ; page++ {
		var list struct{ Orders []sale }
		s.get(fmt.Sprintf("/orders?limit=50&page=%d%s", page, query), &list)
		all = append(all, list.Orders...)
		if len(list.Orders) < 50 {
			return all
		}
	}
}

// order returns one order.
func (s shop) order(id string) (order sale) {
	s.t.Helper()
	s.get("/orders/"+id, &order)
	return order
}

// TestFaireFirstOrders looks whether the orders of a new sandbox are of every state, in order, and like those of another.
func TestFaireFirstOrders(t *testing.T) {
	s := openShop(t, Options{})
	all := s.orders("")
	if len(all) != 60 || !slices.IsSortedFunc(all, func(a, b sale) int { return strings.Compare(a.UpdatedAt, b.UpdatedAt) }) {
		t.Errorf("%d orders, want 60 in the order of updated_at", len(all))
	}
	if diff := cmp.Diff(all, openShop(t, Options{Seed: 7}).orders("")); diff != "" {
		t.Errorf("another sandbox has others (-want +got):\n%s", diff)
	}
	states, ids := map[string]int{}, map[string]bool{}
	for _, order := range all {
		states[order.State]++
		ids[order.ID] = true
		shipped := slices.Contains([]string{"PRE_TRANSIT", "IN_TRANSIT", "DELIVERED"}, order.State)
		if len(order.Shipments) > 0 != shipped || order.PaidAt != "" != (order.State == "DELIVERED") ||
			order.OriginalID != "" != (order.State == "BACKORDERED") || order.DisplayID != strings.ToUpper(order.ID[3:]) {
			t.Errorf("the order is %+v", order)
		}
		for _, item := range order.Items {
			ids[item.ID] = true
			if item.OrderID != order.ID || item.Quantity < 1 {
				t.Errorf("the order %s has the item %+v", order.ID, item)
			}
		}
		s.want(200, `"retailer_id":"`+order.RetailerID+`"`, "GET", "/retailers/public/"+order.RetailerID, "")
		if order.OriginalID != "" {
			s.order(order.OriginalID)
		}
	}
	want := map[string]int{"NEW": 20, "PROCESSING": 12, "PRE_TRANSIT": 8, "IN_TRANSIT": 6, "DELIVERED": 8, "BACKORDERED": 3, "CANCELED": 3}
	if diff := cmp.Diff(want, states); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	for _, id := range []string{"bo_bxdmjbwxid", "oi_bq425ju5vh", "oi_abc", "oi_def", "bo_sandbox059"} {
		if !ids[id] {
			t.Errorf("there is no %s", id)
		}
	}
	s.want(404, "no order", "GET", "/orders/bo_0", "")
	s.want(404, "no retailer", "GET", "/retailers/public/r_0", "")
	s.want(405, "", "PATCH", "/orders/bo_sandbox002", "{}")
}

// TestFaireOrderFilters compares each filter with what it says of the whole list.
func TestFaireOrderFilters(t *testing.T) {
	s := openShop(t, Options{})
	all := s.orders("")
	middle := all[30]
	for query, want := range map[string]func(sale) bool{
		"updated_at_min=" + middle.UpdatedAt:     func(o sale) bool { return o.UpdatedAt >= middle.UpdatedAt },
		"created_at_min=" + middle.CreatedAt:     func(o sale) bool { return o.CreatedAt >= middle.CreatedAt },
		"excluded_states=NEW":                    func(o sale) bool { return o.State != "NEW" },
		"excluded_states=NEW,CANCELED,DELIVERED": func(o sale) bool { return !slices.Contains([]string{"NEW", "CANCELED", "DELIVERED"}, o.State) },
		"ship_after_max=" + all[40].CreatedAt:    func(o sale) bool { return o.ShipAfter <= all[40].CreatedAt },
		"excluded_states=NEW&created_at_min=" + middle.CreatedAt: func(o sale) bool {
			return o.State != "NEW" && o.CreatedAt >= middle.CreatedAt
		},
		"excluded_states=" + strings.Join(vocabulary.OrderStates, ","): func(sale) bool { return false },
	} {
		wanted := slices.DeleteFunc(slices.Clone(all), func(o sale) bool { return !want(o) })
		if diff := cmp.Diff(wanted, s.orders("&"+query), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
	var list struct {
		Page, Limit int
		Orders      []sale
	}
	s.get("/orders?limit=10&page=3", &list)
	if diff := cmp.Diff(all[20:30], list.Orders); diff != "" || list.Page != 3 || list.Limit != 10 {
		t.Errorf("page %d of %d (-want +got):\n%s", list.Page, list.Limit, diff)
	}
	s.get("/orders", &list)
	if len(list.Orders) != 50 || list.Limit != 50 {
		t.Errorf("%d orders a page, want 50", len(list.Orders))
	}
	for query, part := range map[string]string{
		"limit=9": "from 10 to 50", "limit=51": "from 10 to 50", "page=0": "page", "excluded_states=new": "is not one of", "excluded_states=": "is not one of",
		"excluded_states=NEW%2C%20CANCELED": "is not one of", "created_at_min=yesterday": "created_at_min", "ship_after_max=2026-01-01": "ship_after_max",
		"updated_at_min=" + url.QueryEscape("2026-01-01T00:00:00"): "updated_at_min", "state=NEW": "no such query parameter",
	} {
		s.want(400, part, "GET", "/orders?"+query, "")
	}
}

// TestFaireAcceptance accepts orders of every state.
func TestFaireAcceptance(t *testing.T) {
	s := openShop(t, Options{})
	seen := map[string]bool{}
	for _, order := range s.orders("") {
		if seen[order.State] {
			continue
		}
		seen[order.State] = true
		path := "/orders/" + order.ID + "/processing"
		if order.State != "NEW" && order.State != "PROCESSING" {
			s.want(400, "only one that is NEW or PROCESSING can be accepted", "PUT", path, "{}")
			continue
		}
		s.want(200, `"state":"PROCESSING"`, "PUT", path, `{"expected_ship_date":"2026-07-15T00:09:15.000Z"}`)
		s.want(200, "", "PUT", path, "{}")
		s.want(200, "", "PUT", path, "")
		s.want(400, "Z or an offset", "PUT", path, `{"expected_ship_date":"2026-07-15"}`)
		s.want(400, "no such field", "PUT", path, `{"ship_date":"2026-07-15T00:09:15.000Z"}`)
		s.want(400, "no such query", "PUT", path+"?x=1", "")
		if all := s.orders(""); all[len(all)-1].ID != order.ID {
			t.Errorf("the last order is %s, want %s, which changed last", all[len(all)-1].ID, order.ID)
		}
	}
	s.want(404, "no order", "PUT", "/orders/bo_0/processing", "")
	s.want(405, "", "POST", "/orders/bo_sandbox002/processing", "{}")
}

// TestFaireShipments ships orders of every state, and one twice.
func TestFaireShipments(t *testing.T) {
	s := openShop(t, Options{})
	ship := func(change string) string {
		return `{"shipments":[{"maker_cost_cents":2300,"tracking_code":"0094029300101029282",` + change + `}]}`
	}
	wanted := map[string]string{"NEW": "PRE_TRANSIT", "PROCESSING": "PRE_TRANSIT", "PRE_TRANSIT": "PRE_TRANSIT", "IN_TRANSIT": "IN_TRANSIT"}
	seen, posted := map[string]bool{}, 0
	for _, order := range s.orders("") {
		if seen[order.State] {
			continue
		}
		seen[order.State] = true
		path := "/orders/" + order.ID + "/shipments"
		if wanted[order.State] == "" {
			s.want(400, "can be shipped", "POST", path, ship(`"carrier":"UPS"`))
			continue
		}
		posted++
		s.want(200, "", "POST", path, ship(`"carrier":"UPS","order_id":"`+order.ID+`"`))
		after := s.order(order.ID)
		if after.State != wanted[order.State] || len(after.Shipments) != len(order.Shipments)+1 {
			t.Errorf("%s becomes %s with %d shipments", order.State, after.State, len(after.Shipments))
		}
	}
	const path = "/orders/bo_bxdmjbwxid/shipments"
	for _, carrier := range vocabulary.Carriers {
		s.want(200, `"carrier":"`+carrier+`"`, "POST", path, ship(`"carrier":"`+carrier+`"`))
	}
	for body, part := range map[string]string{
		ship(`"carrier":"fedex"`): "is not one of", ship(`"carrier":"UPS","order_id":"bo_sandbox001"`): "not the order in the path",
		`{"shipments":[]}`: "at least 1", `{}`: "is required", `{"shipments":[{"carrier":"UPS"}]}`: "tracking_code: is required",
		`{"shipments":[{"tracking_code":"1"}]}`: "carrier: is required", ship(`"carrier":"UPS","id":"s_1"`): "no such field",
		`{"shipments":[{"carrier":"UPS","tracking_code":"1","maker_cost_cents":1.5}]}`: "whole number",
	} {
		s.want(400, part, "POST", path, body)
	}
	s.want(404, "no order", "POST", "/orders/bo_0/shipments", ship(`"carrier":"UPS"`))
	record := s.Record()
	if n := len(record.Resources["faire/shipments"].Entities); n != posted+len(vocabulary.Carriers) {
		t.Errorf("%d shipments are stored, want %d", n, posted+len(vocabulary.Carriers))
	}
	for _, request := range record.Log {
		if request.Method == "POST" && request.Status == 200 && (len(request.Applied) != 2 || !strings.HasPrefix(request.Applied[0].ID, "bo_") ||
			!strings.HasPrefix(request.Applied[1].ID, "s_")) {
			t.Errorf("%s applied %v, want an order and a shipment", request.Path, request.Applied)
		}
	}
}

// TestFaireBackorders splits the order of the document's sample, and others.
func TestFaireBackorders(t *testing.T) {
	s := openShop(t, Options{})
	const path = "/orders/bo_sandbox001/items/availability"
	before := s.order("bo_sandbox001")
	for body, part := range map[string]string{
		`{"availabilities":{}}`: "at least 1", `{}`: "is required", `{"availabilities":[]}`: "must be an object",
		`{"availabilities":{"oi_abc":{"available_quantity":0}}}`:                                                                "either discontinued",
		`{"availabilities":{"oi_abc":{"available_quantity":0,"discontinued":false}}}`:                                           "either discontinued",
		`{"availabilities":{"oi_abc":{"available_quantity":0,"discontinued":true,"backordered_until":"2026-01-01T00:00:00Z"}}}`: "either discontinued",
		`{"availabilities":{"oi_abc":{"discontinued":true}}}`:                                                                   "available_quantity: is required",
		`{"availabilities":{"oi_abc":{"available_quantity":-1,"discontinued":true}}}`:                                           "whole number from 0",
		fmt.Sprintf(`{"availabilities":{"oi_abc":{"available_quantity":%d,"discontinued":true}}}`, before.Items[0].Quantity):    "is not below the",
		`{"availabilities":{"po_abc":{"available_quantity":0,"discontinued":true}}}`:                                            "no such item",
		`{"availabilities":{"oi_abc":{"available_quantity":0,"backordered_until":"soon"}}}`:                                     "Z or an offset",
	} {
		s.want(400, part, "POST", path, body)
	}
	if diff := cmp.Diff(before, s.order("bo_sandbox001")); diff != "" {
		t.Errorf("refusals changed the order (-want +got):\n%s", diff)
	}
	sample := `{"availabilities":{"oi_abc":{"available_quantity":0,"discontinued":true},
		"oi_def":{"available_quantity":4,"discontinued":false,"backordered_until":"2026-05-15T00:10:00.000Z"}}}`
	s.want(200, "", "POST", path, sample)
	after := s.order("bo_sandbox001")
	if len(after.Items) != 1 || after.Items[0].ID != "oi_def" || after.Items[0].Quantity != 4 || after.State != "NEW" ||
		after.PayoutCosts.Total.Amount >= before.PayoutCosts.Total.Amount {
		t.Errorf("the order is %+v", after)
	}
	children := slices.DeleteFunc(s.orders(""), func(o sale) bool { return o.OriginalID != "bo_sandbox001" || o.State != "BACKORDERED" })
	if len(children) != 1 || len(children[0].Items) != 1 || children[0].Items[0].Quantity != before.Items[1].Quantity-4 ||
		children[0].ShipAfter != "2026-05-15T00:10:00.000Z" || children[0].Items[0].OrderID != children[0].ID {
		t.Errorf("what comes later is %+v", children)
	}
	s.want(400, "no such item", "POST", path, sample)
	s.want(200, `"state":"CANCELED"`, "POST", path, `{"availabilities":{"oi_def":{"available_quantity":0,"discontinued":true}}}`)
	s.want(400, "can be backordered", "POST", path, sample)
	s.want(404, "no order", "POST", "/orders/bo_0/items/availability", sample)
	if n := len(s.orders("")); n != 61 {
		t.Errorf("%d orders, want 61", n)
	}
}
