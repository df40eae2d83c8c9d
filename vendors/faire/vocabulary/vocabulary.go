// Package vocabulary holds the words, limits and sizes of Faire's API as its document has them: states, carriers,
// page limits, text lengths, codes of countries and currencies, the order of apparel sizes, and the description that
// Faire makes of a prepack. It is data with a few pure functions; a test compares it with the document.
package vocabulary

// The lifecycle states of products and variants (faire:2049).
const (
	Draft       = "DRAFT"
	Published   = "PUBLISHED"
	Unpublished = "UNPUBLISHED"
	Deleted     = "DELETED"
)

// LifecycleStates lists the lifecycle states in the document's order. Deleted is among them, though a client never
// sends it: what is to go is deleted.
var LifecycleStates = []string{Draft, Published, Unpublished, Deleted}

// The sale states, which Faire alone sets (faire:2034). Its samples show NOT_FOR_SALE and SALE_PAUSED too, so that
// a reader keeps what it does not know.
const (
	ForSale     = "FOR_SALE"
	SalesPaused = "SALES_PAUSED"
)

// SaleStates lists the sale states in the document's order.
var SaleStates = []string{ForSale, SalesPaused}

// The states of an order (faire:1599).
const (
	OrderNew         = "NEW"
	OrderProcessing  = "PROCESSING"
	OrderPreTransit  = "PRE_TRANSIT"
	OrderInTransit   = "IN_TRANSIT"
	OrderDelivered   = "DELIVERED"
	OrderBackordered = "BACKORDERED"
	OrderCanceled    = "CANCELED"
)

// OrderStates lists the states of an order in the document's order, which is also that of an order's life.
var OrderStates = []string{
	OrderNew, OrderProcessing, OrderPreTransit, OrderInTransit, OrderDelivered, OrderBackordered, OrderCanceled,
}

// OrderSources lists how an order may have begun (faire:1590). The document ends its list with "etc".
var OrderSources = []string{"MARKETPLACE", "FAIRE_DIRECT", "TRADESHOW"}

// DiscountTypes lists how a discount is calculated (faire:1900).
var DiscountTypes = []string{"PERCENTAGE", "FLAT_AMOUNT", "NONE"}

// Carriers lists the carriers of a shipment (faire:1864). The document's own sample has "fedex" in lower case.
var Carriers = []string{
	"CANADA_POST", "DHL_ECOMMERCE", "DHL_EXPRESS", "FEDEX", "PUROLATOR", "UPS", "USPS", "POSTNL", "CANPAR",
}

// SizeOption is the name of the option that makes prepacks and per-style minimums possible, letter for letter
// (faire:1297, faire:178).
const SizeOption = "Size"

// A TextLimit is how long a text may be.
type TextLimit struct {
	Field string
	Most  int // Unicode code points
	Line  int // of the document
}

// TextLimits lists the texts of a product whose length is limited.
var TextLimits = []TextLimit{{"short_description", 75, 397}, {"description", 1000, 398}}

// PageLimits are the page sizes that a list takes.
type PageLimits struct {
	Least, Most int
	Default     int
	Line        int // of the document
}

// The page sizes of the two lists that have pages.
var (
	ProductPages = PageLimits{Least: 50, Most: 250, Default: 50, Line: 200}
	OrderPages   = PageLimits{Least: 10, Most: 50, Default: 50, Line: 1663}
)

// The beginnings of ids, by what they name.
const (
	ProductID  = "p_"
	VariantID  = "po_"
	PrepackID  = "pc_"
	PackItemID = "pci_"
	OrderID    = "bo_"
	ItemID     = "oi_"
	ShipmentID = "s_"
	RetailerID = "r_"
	BrandID    = "b_"
	DiscountID = "bpc_"
	ImageID    = "i_"
	TaxonomyID = "tt_"
)

// HS6 reports whether a text is a tariff code as the document wants it: six digits (faire:883). Whether the customs
// nomenclature has it is not looked up.
func HS6(code string) bool {
	if len(code) != 6 {
		return false
	}
	for _, c := range []byte(code) {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
