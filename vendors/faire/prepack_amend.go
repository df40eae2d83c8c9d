package faire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// packing turns a prepack of a feed into what is sent of it.
type packing struct {
	entity *vendors.Entity
	held   *vendors.Held
	wanted *WantedPrepack
	packed packedProduct
	sizes  []string   // of the product, in its order
	items  []sizeItem // in that order
}

// sizeItem is an item of a prepack whose variant is known.
type sizeItem struct {
	place    int // of its size among the product's
	variant  *Variant
	quantity int64
}

// amendPrepack finds a prepack's product and variants, judges it by them, and makes the request; nothing,
// when the product has the prepack.
func amendPrepack(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	wanted, err := readWanted(e.Body)
	if err != nil {
		return vendors.Amendment{}, err
	}
	p := &packing{entity: e, held: held, wanted: wanted}
	if err := p.findProduct(); err != nil || !e.Sound() {
		return vendors.Amendment{}, err
	}
	for _, step := range []func(){p.findSizes, p.findVariants, p.judgeColours, p.judgeGaps} {
		if step(); !e.Sound() {
			return vendors.Amendment{}, nil
		}
	}
	if p.there() || !e.Sound() {
		return vendors.Amendment{}, nil
	}
	return p.create()
}

// add reports what is wrong, on a field of the first row.
func (p *packing) add(rule *schema.Rule, field, message, suggestion string) {
	p.entity.Add(schema.Problem{Rule: rule, Field: field, Message: message, Suggestion: suggestion})
}

// findProduct finds the product by its ID, else by the token that its key makes, else by a SKU of the prepack.
func (p *packing) findProduct() error {
	if p.held.Unasked {
		p.add(packUnasked, "name", "", "")
		return nil
	}
	if p.wanted.ProductID != "" {
		return p.take(p.held.Find(p.wanted.ProductID))
	}
	for generation := range mostProductGenerations {
		err := p.take(p.held.Find(tokenAlias(productToken(p.held.Account.Name, p.wanted.ProductKey, generation))))
		if err != nil || p.packed.Product == nil {
			break
		}
		if p.packed.Product.LifecycleState != vocabulary.Deleted {
			return nil
		}
		p.packed = packedProduct{}
	}
	for i := range p.wanted.Items {
		if sku := p.wanted.Items[i].SKU; sku != "" && p.packed.Product == nil {
			if err := p.take(p.held.Find(skuAlias(sku))); err != nil {
				return err
			}
		}
	}
	p.judgeProduct()
	return nil
}

// mostProductGenerations bounds how often a product can have been deleted and made anew.
const mostProductGenerations = 1000

// take reads what was found of a product; nothing, when nothing was.
func (p *packing) take(found *vendors.Stored, err error) error {
	if err != nil {
		return err
	}
	if found != nil && found.Aside {
		if err := json.Unmarshal(found.Body, &p.packed); err != nil {
			return fmt.Errorf("this is not a product with its prepacks: %w", err)
		}
	}
	if p.wanted.ProductID != "" {
		p.judgeProduct()
	}
	return nil
}

// judgeProduct reports a product that is not there, and one whose prepacks were not read, since it was
// found by a SKU only.
func (p *packing) judgeProduct() {
	field, name := "product_id", p.wanted.ProductID
	if name == "" {
		field, name = "product_key", p.wanted.ProductKey
	}
	switch product := p.packed.Product; {
	case product == nil || product.LifecycleState == vocabulary.Deleted:
		p.add(packNoProduct, field, fmt.Sprintf("the account has no product with the %s %q", field, name), "")
	case !p.packed.Read:
		p.add(packUnread, field, fmt.Sprintf("the product was found by its SKU: name it by product_id %s", product.ID), product.ID)
	}
}

// findSizes finds the product's sizes.
func (p *packing) findSizes() {
	product := p.packed.Product
	for _, set := range product.OptionSets {
		if set.Name == vocabulary.SizeOption {
			p.sizes = set.Values
			return
		}
	}
	var names []string
	for _, set := range product.OptionSets {
		names = append(names, fmt.Sprintf("%q", set.Name))
	}
	p.add(packNoSize, "name", fmt.Sprintf("the options of product %s are %s, and none is named Size", product.ID, strings.Join(names, ", ")), "")
}

// findVariants finds the variant of each item.
func (p *packing) findVariants() {
	for i := range p.wanted.Items {
		item := &p.wanted.Items[i]
		found := p.variantsOf(item)
		record, field := p.cellOf(item)
		switch len(found) {
		case 1:
			place := slices.Index(p.sizes, found[0].Option(vocabulary.SizeOption))
			p.items = append(p.items, sizeItem{place, found[0], item.Quantity})
		case 0:
			p.entity.Add(schema.Problem{Rule: packVariant, Record: record, Field: field,
				Message: fmt.Sprintf("product %s has no variant %s", p.packed.Product.ID, item.text())})
		default:
			p.entity.Add(schema.Problem{Rule: packColour, Record: record, Field: field, Message: fmt.Sprintf(
				"product %s has %d variants %s: say which one by its other options, such as option.Color", p.packed.Product.ID, len(found), item.text())})
		}
	}
	slices.SortStableFunc(p.items, func(a, b sizeItem) int { return a.place - b.place })
	for i := 1; i < len(p.items); i++ {
		if p.items[i].variant == p.items[i-1].variant {
			p.add(packTwice, "name", fmt.Sprintf("variant %s stands twice in the prepack", p.items[i].variant.ID), "")
		}
	}
}

// variantsOf lists the product's variants that an item may mean: the one of its ID, else of its SKU, else
// those of its options.
func (p *packing) variantsOf(item *PackItem) (found []*Variant) {
	for i := range p.packed.Product.Variants {
		v := &p.packed.Product.Variants[i]
		switch {
		case v.LifecycleState == vocabulary.Deleted:
		case item.VariantID != "" && v.ID == item.VariantID,
			item.VariantID == "" && item.SKU != "" && v.SKU == item.SKU,
			item.VariantID == "" && item.SKU == "" && v.has(item.Options):
			found = append(found, v)
		}
	}
	exact := slices.DeleteFunc(slices.Clone(found), func(v *Variant) bool { return v.Option(vocabulary.SizeOption) != item.size() })
	if len(exact) > 0 && item.VariantID == "" && item.SKU == "" {
		return exact
	}
	return found
}

// has reports whether the variant has all of these options, its size in any spelling.
func (v *Variant) has(options []OptionValue) bool {
	for _, option := range options {
		value := v.Option(option.Name)
		if value != option.Value && (option.Name != vocabulary.SizeOption || !sameSize(value, option.Value)) {
			return false
		}
	}
	return true
}

// text names an item in messages.
func (item *PackItem) text() string {
	switch {
	case item.VariantID != "":
		return item.VariantID
	case item.SKU != "":
		return fmt.Sprintf("with the SKU %q", item.SKU)
	}
	parts := make([]string, len(item.Options))
	for i, option := range item.Options {
		parts[i] = fmt.Sprintf("%s %q", option.Name, option.Value)
	}
	return "of " + strings.Join(parts, ", ")
}

// cellOf finds the row and the column in which a feed names an item.
func (p *packing) cellOf(item *PackItem) (record int, field string) {
	name, value := "variant_id", item.VariantID
	if value == "" {
		name, value = "sku", item.SKU
	}
	if value == "" {
		name, value = sizeField, item.size()
	}
	for i := range p.entity.Records {
		r := &p.entity.Records[i]
		if r.Has("sizes") {
			return i, "sizes"
		}
		if string(r.Bytes(name)) == value {
			return i, name
		}
	}
	return 0, name
}

// judgeColours reports items whose options besides the size differ (faire:1295).
func (p *packing) judgeColours() {
	first := p.items[0].variant
	for _, item := range p.items[1:] {
		for _, option := range item.variant.Options {
			if other := first.Option(option.Name); option.Name != vocabulary.SizeOption && option.Value != other {
				p.add(packColour, "name", fmt.Sprintf("%s is %q in size %s, but %q in size %s: a prepack differs in size alone", option.Name,
					other, first.Option(vocabulary.SizeOption), option.Value, item.variant.Option(vocabulary.SizeOption)), "")
				return
			}
		}
	}
}

// judgeGaps reports sizes of the product between the smallest and the largest that the prepack leaves
// out (faire:1298).
func (p *packing) judgeGaps() {
	for i := 1; i < len(p.items); i++ {
		before, after := p.items[i-1], p.items[i]
		if before.place < 0 || after.place-before.place <= 1 {
			continue
		}
		missing := p.sizes[before.place+1 : after.place]
		field := "name"
		if p.entity.Records[0].Has("sizes") {
			field = "sizes"
		}
		p.add(packGap, field, fmt.Sprintf("between %s and %s the product has the sizes %s, which the prepack leaves out", p.sizes[before.place],
			p.sizes[after.place], strings.Join(missing, ", ")), "")
	}
}

// there reports whether the product has the prepack, and warns of another one of its name. A prepack that
// the feed names by its ID must not differ.
func (p *packing) there() bool {
	for i := range p.packed.Prepacks {
		pack := &p.packed.Prepacks[i]
		if (p.wanted.ID == "" || p.wanted.ID == pack.ID) && pack.Name == p.wanted.Name && p.holds(pack) {
			p.entity.ID, p.entity.Known = pack.ID, true
			return true
		}
	}
	for i := range p.packed.Prepacks {
		switch pack := &p.packed.Prepacks[i]; {
		case pack.ID == p.wanted.ID:
			p.add(packFixed, "id", fmt.Sprintf("prepack %s is %q, %s, and cannot change: delete it, and load this one without its id",
				pack.ID, pack.Name, pack.Description), "")
		case p.wanted.ID == "" && pack.Name == p.wanted.Name:
			p.add(packBeside, "name", fmt.Sprintf("the product has prepack %s of this name, %s, which stays until it is deleted", pack.ID,
				pack.Description), "")
		}
	}
	return false
}

// holds reports whether a prepack of Faire's has the items.
func (p *packing) holds(pack *Prepack) bool {
	if len(pack.Items) != len(p.items) {
		return false
	}
	for _, item := range p.items {
		if !slices.ContainsFunc(pack.Items, func(has PrepackItem) bool {
			return has.VariantID == item.variant.ID && has.Quantity == item.quantity
		}) {
			return false
		}
	}
	return true
}

// prepackRequest is what makes a prepack (faire:1368). Its product stands in the path.
type prepackRequest struct {
	Token string        `json:"idempotence_token"`
	Name  string        `json:"name"`
	Items []PrepackItem `json:"items"`
}

// keptPrepack is a request as it is kept until it is sent.
type keptPrepack struct {
	ProductID string         `json:"product_id"`
	Request   prepackRequest `json:"request"`
}

// create makes the request. The token is of the product, the name and the items, since another prepack
// is another object: none is ever changed.
func (p *packing) create() (vendors.Amendment, error) {
	request := prepackRequest{Name: p.wanted.Name, Items: make([]PrepackItem, len(p.items))}
	after := &Prepack{Name: p.wanted.Name, Items: make([]PrepackItem, len(p.items))}
	sizes, quantities := make([]string, len(p.items)), make([]int, len(p.items))
	for i, item := range p.items {
		request.Items[i] = PrepackItem{VariantID: item.variant.ID, Quantity: item.quantity}
		after.Items[i] = request.Items[i]
		sizes[i], quantities[i] = item.variant.Option(vocabulary.SizeOption), int(item.quantity)
	}
	after.of(p.packed.Product)
	after.Description = vocabulary.PrepackDescription(sizes, quantities)
	items, err := json.Marshal(request.Items)
	if err != nil {
		return vendors.Amendment{}, err
	}
	key := vendors.PartKey(vendors.PartKey(p.packed.Product.ID, p.wanted.Name), string(items))
	request.Token = vendors.TokenOf(p.held.Account.Name, "prepacks", key, 0)
	after.Token, p.entity.Token, p.entity.Adds = request.Token, request.Token, true
	return vendors.Amendment{Body: &keptPrepack{p.packed.Product.ID, request}, After: after,
		Foretold: vendors.Foretold{Field: "description", Value: after.Description}}, nil
}

// uploadPrepacks creates prepacks one by one (faire:1362).
func uploadPrepacks(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		if err := createPrepack(ctx, client, e); err != nil {
			return err
		}
	}
	return nil
}

// mostDeleted is how often a prepack can have been deleted and made anew.
const mostDeleted = 20

// createPrepack creates a prepack. When it was deleted before, its token is used up, and a next one is
// tried: each follows from the one before, so that a repetition tries the same ones.
func createPrepack(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	var kept keptPrepack
	if err := json.Unmarshal(e.Body, &kept); err != nil {
		return fmt.Errorf("the body is not one of a prepack: %w", err)
	}
	first := kept.Request.Token
	for generation := 0; ; generation++ {
		if generation > 0 {
			kept.Request.Token = vendors.TokenOf(client.Account.Name, "prepacks", first, generation)
		}
		body, err := requestJSON(&kept.Request)
		if err != nil {
			return err
		}
		response, err := send(ctx, client, http.MethodPost, prepacksPath(kept.ProductID), body)
		if refusal := isRefusal(err); refusal != nil && generation < mostDeleted && aboutToken(refusal) {
			continue
		}
		if err != nil {
			return err
		}
		return settlePrepack(e, response.Body)
	}
}

// aboutToken reports whether Faire refuses a token. A token is of one prepack alone, so that it can only
// have been used for the same one.
func aboutToken(refusal *vendors.APIError) bool {
	words := strings.ToLower(refusal.Message)
	return refusal.Status != http.StatusNotFound && (strings.Contains(words, "idempotence_token") || strings.Contains(words, "idempotency_token"))
}

// requestJSON writes a body without escapes that only HTML needs.
func requestJSON(value any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), err
}

func settlePrepack(e *vendors.Entity, body []byte) error {
	pack, err := readPrepack(body)
	if err != nil {
		return err
	}
	e.ID, e.Outcome = pack.ID, vendors.Created
	return nil
}
