package faire

import (
	"encoding/json"
	"fmt"
)

// Product is a product as Faire stores it (faire:168), in the order of the document's sample, and, with
// fewer members, the body of what creates and changes one. What Faire alone writes is only read.
type Product struct {
	ID               string        `json:"id,omitempty"`
	Token            string        `json:"idempotence_token,omitempty"`
	BrandID          string        `json:"brand_id,omitempty"`
	Name             string        `json:"name,omitempty"`
	SaleState        string        `json:"sale_state,omitempty"`
	LifecycleState   string        `json:"lifecycle_state,omitempty"`
	ShortDescription string        `json:"short_description,omitempty"`
	Description      string        `json:"description,omitempty"`
	UnitMultiplier   *int64        `json:"unit_multiplier,omitempty"`
	MinimumOrder     *int64        `json:"minimum_order_quantity,omitempty"`
	PerStyleMinimum  *int64        `json:"per_style_minimum_order_quantity,omitempty"`
	OptionSets       []OptionSet   `json:"variant_option_sets,omitempty"`
	Variants         []Variant     `json:"variants,omitempty"`
	Images           []Image       `json:"images,omitempty"`
	TaxonomyType     *TaxonomyType `json:"taxonomy_type,omitempty"`
	SalesOutOfStock  *bool         `json:"allow_sales_when_out_of_stock,omitempty"`
	Preorderable     *bool         `json:"preorderable,omitempty"`
	Preorder         *Preorder     `json:"preorder_details,omitempty"`
	CreatedAt        string        `json:"created_at,omitempty"`
	UpdatedAt        string        `json:"updated_at,omitempty"`
}

// OptionSet is one option of a product with its values in the order that shops see (faire:179).
type OptionSet struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Variant is one of a product's variants (faire:798).
type Variant struct {
	ID                string        `json:"id,omitempty"`
	Token             string        `json:"idempotence_token,omitempty"`
	ProductID         string        `json:"product_id,omitempty"`
	Name              string        `json:"name,omitempty"`
	SaleState         string        `json:"sale_state,omitempty"`
	LifecycleState    string        `json:"lifecycle_state,omitempty"`
	SKU               string        `json:"sku,omitempty"`
	TariffCode        string        `json:"tariff_code,omitempty"`
	Prices            []Price       `json:"prices,omitempty"`
	WholesaleCents    *int64        `json:"wholesale_price_cents,omitempty"`
	RetailCents       *int64        `json:"retail_price_cents,omitempty"`
	AvailableQuantity *int64        `json:"available_quantity,omitempty"`
	BackorderedUntil  string        `json:"backordered_until,omitempty"`
	Options           []OptionValue `json:"options,omitempty"`
	Images            []Image       `json:"images,omitempty"`
	CreatedAt         string        `json:"created_at,omitempty"`
	UpdatedAt         string        `json:"updated_at,omitempty"`
}

// OptionValue is a variant's value of one option.
type OptionValue struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Option returns the variant's value of an option; empty when it has none.
func (v *Variant) Option(name string) string {
	for _, option := range v.Options {
		if option.Name == name {
			return option.Value
		}
	}
	return ""
}

// Price is what a variant costs in a country or a group of countries (faire:1284).
type Price struct {
	Geo       GeoConstraint `json:"geo_constraint"`
	Wholesale *Money        `json:"wholesale_price,omitempty"`
	Retail    *Money        `json:"retail_price,omitempty"`
}

// GeoConstraint tells where a price holds. Exactly one of the two is set.
type GeoConstraint struct {
	Country      string `json:"country,omitempty"`
	CountryGroup string `json:"country_group,omitempty"`
}

// Money is an amount in the smallest unit of its currency (faire:1290).
type Money struct {
	AmountMinor int64  `json:"amount_minor"`
	Currency    string `json:"currency"`
	// Amount is what a feed says in units while the currency is not known, which the account tells. It is never sent.
	Amount string `json:"amount,omitempty"`
}

// Image is an image of a product or a variant (faire:2017).
type Image struct {
	ID       string   `json:"id,omitempty"`
	Width    int64    `json:"width,omitempty"`
	Height   int64    `json:"height,omitempty"`
	Sequence *int64   `json:"sequence,omitempty"`
	URL      string   `json:"url,omitempty"`
	Tags     []string `json:"tags,omitempty"`
}

// TaxonomyType is what kind of product it is. Only the ID is sent (faire:712).
type TaxonomyType struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Preorder holds the dates of a product that can be preordered, as days (faire:186).
type Preorder struct {
	OrderBy    string `json:"order_by_date,omitempty"`
	KeepActive *bool  `json:"keep_active_past_order_by_date,omitempty"`
	Ship       string `json:"expected_ship_date,omitempty"`
	ShipEnd    string `json:"expected_ship_window_end_date,omitempty"`
}

// readProduct reads a product as Faire answers it.
func readProduct(body []byte) (*Product, error) {
	p := new(Product)
	if err := json.Unmarshal(body, p); err != nil {
		return nil, fmt.Errorf("the vendor's answer is not a product: %w", err)
	}
	return p, nil
}
