package faire

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// Inventory is the stock of variants, set by SKU or by the variant's ID (faire:1068, faire:1158). A row
// that has both goes by the ID, since a SKU means the variant made last (faire:1185).
var Inventory = &vendors.Resource{
	Name:      "inventory",
	Doc:       "set the stock of variants by SKU or by variant ID, 100 in a call",
	Noun:      vendors.Noun{One: "variant", Many: "variants"},
	Schema:    inventorySchema(),
	Rules:     []*schema.Rule{stockUnnamed, stockTwice},
	Against:   []*schema.Rule{stockUnknown, stockOther},
	Key:       "product_variant_id",
	Lone:      true,
	Else:      "sku",
	Batch:     100,
	Splits:    true,
	Repeat:    vendors.Harmless,
	Encode:    encodeStock,
	Upload:    uploadStock,
	Trace:     traceWords,
	Pages:     stockPages,
	Filters:   partFilters,
	Changed:   "updated_at_min",
	Stamp:     stockStamp,
	Aliases:   stockAliases,
	Amend:     amendStock,
	Decode:    decodeStock,
	Canonical: canonicalStock,
	Example: []map[string]string{
		{"sku": "LD-1042-RED-36", "current_quantity": "120"},
		{"sku": "LD-1042-RED-38", "current_quantity": "0", "backordered_until": "2026-09-15T00:00:00Z"},
		{"sku": "LD-1042-RED-40", "current_quantity": noStock},
		{"product_variant_id": "po_123", "current_quantity": "0", "discontinued": "true"},
	},
}

// noStock is the word of a cell for stock that is not tracked: null (faire:1096).
const noStock = "none"

// The rules of stock.
var (
	stockWrong = &schema.Rule{ID: "inventory.quantity", Clause: clause(1096),
		Sentence: "a quantity is a whole number from 0 to 2147483647, or none where stock is not tracked; an empty cell leaves it alone"}
	stockUnnamed = &schema.Rule{ID: "inventory.unnamed", Clause: clause(1185),
		Sentence: "each row names its variant, by sku or by product_variant_id"}
	stockTwice = &schema.Rule{ID: "inventory.twice", Clause: clause(1095),
		Sentence: "a variant has one row, with its quantity"}
	stockUnknown = &schema.Rule{ID: "inventory.unknown", Clause: clause(1185),
		Sentence: "the account has a variant of this SKU or ID, letter for letter"}
	stockOther = &schema.Rule{ID: "inventory.other", Clause: clause(1185),
		Sentence: "a row's SKU and its variant ID mean one variant"}
)

func inventorySchema() schema.Schema {
	return schema.Schema{
		{Name: "sku", Clause: clause(1185), Example: "LD-1042-RED-36",
			Doc:      "Your own number of the variant, letter for letter; or leave it empty and name the variant by product_variant_id.",
			Synonyms: []string{"variant sku", "item sku", "seller sku", "article", "item number"}},
		{Name: "product_variant_id", Clause: clause(1095), Example: "po_123", Checks: idCheck("po_"),
			Doc:      "Faire's ID of the variant, beginning with po_; it goes before the SKU.",
			Synonyms: []string{"variant_id", "variant id", "faire variant id", "variant token"}},
		{Name: "current_quantity", Clause: clause(1096), Example: "120", Checks: []schema.Check{{Rule: stockWrong, OK: isStock, Explain: explainStock}},
			Doc: "How many pieces there are: a whole number from 0, or none to stop tracking stock; an empty cell leaves it as it is.",
			Synonyms: []string{"available_quantity", "quantity", "qty", "stock", "stock level", "inventory", "on hand", "on hand quantity", "available",
				"bestand", "lagerbestand", "menge", "voorraad", "aantal", "quantité", "quantità", "giacenza"}},
		{Name: "discontinued", Clause: clause(1098), Type: schema.Boolean, Example: "false",
			Doc: "Whether the variant is given up, so that Faire does not offer it again when there is stock; an empty cell leaves it as it is."},
		{Name: "backordered_until", Clause: clause(1099), Checks: timeChecks, Example: "2026-09-15T00:00:00Z",
			Doc:      "When the variant will be back in stock, with time and zone; until then it is not for sale. An empty cell leaves it as it is.",
			Synonyms: []string{"backorder until", "back in stock", "available from", "restock date"}},
		{Name: "product_id", Clause: clause(802), ReadOnly: true, Doc: "Faire's ID of the variant's product."},
		{Name: "product_name", Clause: clause(171), ReadOnly: true, Doc: "The product's name."},
		{Name: "variant_name", Clause: clause(803), ReadOnly: true, Doc: "The variant's name, which Faire makes of its options."},
		{Name: "sale_state", Clause: clause(804), ReadOnly: true, Doc: "Whether the variant can be bought, as Faire finds it."},
		{Name: "lifecycle_state", Clause: clause(805), ReadOnly: true, Doc: "Whether the variant is published."},
	}
}

// isStock reports whether a cell is none, or a number of pieces in digits only.
func isStock(cell []byte) bool {
	if string(cell) == noStock {
		return true
	}
	n, err := strconv.ParseInt(string(cell), 10, 64)
	return err == nil && n >= 0 && n <= mostUnits && cell[0] != '+' && cell[0] != '-'
}

// stockWords are words of feeds, in lower case, for stock that is not tracked.
var stockWords = map[string]bool{"none": true, "null": true, "nil": true, "untracked": true, "not tracked": true, "unlimited": true,
	"infinite": true, "infinity": true, "∞": true, "keine": true, "geen": true, "aucun": true, "unbegrenzt": true}

func explainStock(value string) (message, suggestion string) {
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(value, "+"), ".")
	switch {
	case stockWords[strings.ToLower(value)]:
		return strconv.Quote(value) + " must be written " + noStock + " where stock is not tracked", noStock
	case strings.HasPrefix(value, "-"):
		return "stock cannot be below 0", ""
	case whole != value && strings.Trim(fraction, "0") == "" && len(fraction) != 3 && isStock([]byte(whole)):
		return "", whole
	}
	return "", ""
}

// StockLevel is the stock of a variant as it is sent (faire:1093), of which only what is to change is
// there, and as it is kept of what Faire has, with what it answers besides.
type StockLevel struct {
	SKU              string          `json:"sku,omitempty"`
	VariantID        string          `json:"product_variant_id,omitempty"`
	Quantity         json.RawMessage `json:"current_quantity,omitempty"` // a number, or null
	Discontinued     *bool           `json:"discontinued,omitempty"`
	BackorderedUntil string          `json:"backordered_until,omitempty"`
	ProductID        string          `json:"product_id,omitempty"`
	ProductName      string          `json:"product_name,omitempty"`
	VariantName      string          `json:"variant_name,omitempty"`
	SaleState        string          `json:"sale_state,omitempty"`
	LifecycleState   string          `json:"lifecycle_state,omitempty"`
	UpdatedAt        string          `json:"updated_at,omitempty"` // of the product
}

// encodeStock makes what a row says of its variant's stock.
func encodeStock(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	for i := range e.Records {
		r := &e.Records[i]
		if lacks(r, "sku", "product_variant_id") {
			e.Add(schema.Problem{Rule: stockUnnamed, Record: i, Field: "sku"})
		}
		if i > 0 {
			e.Add(schema.Problem{Rule: stockTwice, Record: i, Field: nameField(r),
				Message: fmt.Sprintf("%s stands in more than one row", r.Bytes(nameField(r)))})
		}
	}
	if !e.Sound() {
		return nil
	}
	r := &e.Records[0]
	level := &StockLevel{SKU: r.Text("sku"), VariantID: r.Text("product_variant_id"), BackorderedUntil: sentTime(r.Text("backordered_until"))}
	if r.Has("current_quantity") {
		level.Quantity = quantityJSON(r.Text("current_quantity"))
	}
	if discontinued, ok := schema.ParseBoolean(r.Bytes("discontinued")); ok {
		level.Discontinued = &discontinued
	}
	return level
}

// nameField is the field by which a row names its variant.
func nameField(r *schema.Record) string {
	if r.Has("product_variant_id") {
		return "product_variant_id"
	}
	return "sku"
}

// quantityJSON writes a cell that isStock: null for none, and numbers without zeros before them.
func quantityJSON(cell string) json.RawMessage {
	n, err := strconv.ParseInt(cell, 10, 64)
	if err != nil {
		return json.RawMessage("null")
	}
	return strconv.AppendInt(nil, n, 10)
}

func readStock(body []byte) (*StockLevel, error) {
	level := new(StockLevel)
	if err := json.Unmarshal(body, level); err != nil {
		return nil, fmt.Errorf("this is not the stock of a variant: %w", err)
	}
	return level, nil
}

// canonicalStock writes what can be changed, and whose it is, times in UTC.
func canonicalStock(body []byte) ([]byte, error) {
	level, err := readStock(body)
	if err != nil {
		return nil, err
	}
	level.BackorderedUntil = timeText(level.BackorderedUntil)
	level.ProductID, level.ProductName, level.VariantName, level.SaleState, level.LifecycleState, level.UpdatedAt = "", "", "", "", "", ""
	return json.Marshal(level)
}

// decodeStock is the inverse of encodeStock: one row.
func decodeStock(body []byte) ([]map[string]string, error) {
	level, err := readStock(body)
	if err != nil {
		return nil, err
	}
	row := make(map[string]string, 10)
	for _, cell := range [...]struct{ name, text string }{
		{"sku", level.SKU}, {"product_variant_id", level.VariantID}, {"current_quantity", level.cell()},
		{"backordered_until", level.BackorderedUntil}, {"product_id", level.ProductID}, {"product_name", level.ProductName},
		{"variant_name", level.VariantName}, {"sale_state", level.SaleState}, {"lifecycle_state", level.LifecycleState},
	} {
		if cell.text != "" {
			row[cell.name] = cell.text
		}
	}
	if level.Discontinued != nil {
		row["discontinued"] = strconv.FormatBool(*level.Discontinued)
	}
	return []map[string]string{row}, nil
}

// cell writes the quantity as a feed does; empty when nothing is said of it.
func (l *StockLevel) cell() string {
	if text := string(l.Quantity); text != "null" {
		return text
	}
	return noStock
}
