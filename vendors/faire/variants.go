package faire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// Variants is the resource of single variants of products that Faire has. Whole products go in with fewer calls.
var Variants = &vendors.Resource{
	Name:      "variants",
	Doc:       "create, change and delete single variants of products that Faire has",
	Noun:      vendors.Noun{One: "variant", Many: "variants"},
	Schema:    variantSchema(),
	Rules:     []*schema.Rule{variantNameless, skuTwice, pricesMissing, priceHalf, priceGeo, priceWhole, priceDigits, priceBelow, imageTags},
	Against:   []*schema.Rule{idUnasked, stateDraft, stateBack, productUnknown, variantUnknown, variantElsewhere, skuTaken, optionNames, optionMissing, optionNew, optionChanged, priceCurrency, stockKept},
	Key:       "sku",
	Lone:      true,
	Else:      "variant_id",
	Batch:     1,
	Repeat:    vendors.ByToken,
	Encode:    encodeVariant,
	Upload:    uploadVariants,
	ReadBack:  readBackVariant,
	Trace:     traceProduct,
	Pages:     variantPages,
	Filters:   productFilters,
	Aliases:   variantAliases,
	Amend:     amendVariant,
	Decode:    decodeVariant,
	Canonical: canonicalVariant,
	Delete:    deleteVariant,
	Publish:   &vendors.Publishing{Fields: []string{"variant_lifecycle_state"}, Draft: vocabulary.Draft, Live: vocabulary.Published},
	Example: []map[string]string{
		{"product_id": "p_123", "sku": "LD-1042-BLUE-M", "option.Color": "Sky", "option.Size": "M", "variant_lifecycle_state": "PUBLISHED",
			"tariff_code": "620442", "price.USA.wholesale": "28.99", "price.USA.retail": "59.00", "price.USA.currency": "USD",
			"available_quantity": "12", "variant_image_1": "https://images.example.com/ld-1042-blue.jpg"},
		{"product_key": "LD-1043", "sku": "LD-1043-RED-S", "option.Color": "Maraschino", "option.Size": "S", "variant_lifecycle_state": "DRAFT"},
	},
}

// The rules of single variants.
var (
	variantNameless = &schema.Rule{ID: "variant.nameless", Clause: clause(734),
		Sentence: "a variant is named by its SKU, or by its id at Faire"}
	productUnknown = &schema.Rule{ID: "product.unknown", Clause: clause(876),
		Sentence: "the account has no such product; load it with faire/products first"}
	variantElsewhere = &schema.Rule{ID: "variant.elsewhere", Clause: clause(876),
		Sentence: "the variant belongs to another product, and cannot move"}
	optionNew = &schema.Rule{ID: "option.new", Clause: clause(890),
		Sentence: "a new variant's values are among those of its product; add them with faire/option-sets, or load the variant with faire/products"}
)

func variantSchema() schema.Schema {
	fields := slices.Concat(schema.Schema{
		{Name: "product_id", Clause: clause(876), Checks: idCheck(vocabulary.ProductID), Example: "p_123",
			Doc: "The id at Faire of the product that a new variant belongs to.", Synonyms: []string{"faire product id", "product token"}},
		{Name: "product_key", Clause: clause(876), Example: "LD-1042",
			Doc:      "Your own number of the product, where it was loaded with bulkload under it; the id goes before it.",
			Synonyms: []string{"style", "style number", "handle", "parent sku", "product number", "article number"}},
		{Name: "price_unit", Clause: clause(1290), Example: inUnits, Values: schema.NewValues(inUnits, inCents),
			Doc: "In what prices are counted: units (28.99) or cents, the smallest unit of the currency (2899); units when left empty."},
	}, variantFields())
	for _, field := range readOnlyFields() {
		if !field.Shared {
			fields = append(fields, field)
		}
	}
	return fields
}

// encodeVariant judges a row, and makes what the feed says of a variant.
func encodeVariant(e *vendors.Entity) any {
	fed := readFeed(e, true)
	if fed == nil {
		return nil
	}
	fed.judgeSKUs()
	for i := range fed.product.Variants {
		r := &e.Records[fed.rows[i]]
		if !r.Has("sku") && !r.Has("variant_id") {
			fed.add(variantNameless, i, "sku", "", "")
		}
		fed.product.judgePrices(i, false, fed.judged)
	}
	if !e.Sound() {
		return nil
	}
	return fedVariant{string(fed.shared("product_id")), string(fed.shared("product_key")), &fed.product.Variants[0]}
}

// fedVariant is what a feed says of a variant.
type fedVariant struct {
	ProductID  string   `json:"product_id,omitempty"`
	ProductKey string   `json:"product_key,omitempty"`
	Variant    *Variant `json:"variant"`
}

// A variantCall is the call that makes or changes a variant. Only the Variant is sent.
type variantCall struct {
	ProductID string   `json:"product_id"`
	VariantID string   `json:"variant_id,omitempty"` // empty: it is made
	Variant   *Variant `json:"variant"`
}

// variantPages reads the variants of the account. Where they are compared, their products are yielded too, set aside.
func variantPages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		for page, err := range pages(ctx, client, ask) {
			var of vendors.Page
			if err == nil {
				of, err = variantsOf(page, ask.Compare)
			}
			if !yield(of, err) || err != nil {
				return
			}
		}
	}
}

// variantsOf makes a page of variants of one of products.
func variantsOf(page vendors.Page, compare bool) (of vendors.Page, err error) {
	of.Next = page.Next
	for _, stored := range page.Entities {
		p, err := readProduct(stored.Body)
		if err != nil {
			return vendors.Page{}, err
		}
		if compare {
			of.Entities = append(of.Entities, vendors.Stored{Key: stored.Key, Body: stored.Body, Aside: true})
		}
		for i := range p.Variants {
			v := &p.Variants[i]
			if v.ID == "" || v.LifecycleState == vocabulary.Deleted || stored.Aside {
				continue
			}
			v.ProductID = p.ID
			body, err := json.Marshal(v)
			if err != nil {
				return vendors.Page{}, err
			}
			of.Entities = append(of.Entities, vendors.Stored{Key: v.ID, Body: body})
		}
	}
	return of, nil
}

// variantAliases lists the names by which a variant is found, its SKU, and its product, the token.
func variantAliases(stored vendors.Stored) []string {
	if stored.Aside {
		if p, err := readProduct(stored.Body); err == nil && p.Token != "" {
			return []string{byToken + p.Token}
		}
		return nil
	}
	if v, err := readVariant(stored.Body); err == nil && v.SKU != "" {
		return []string{bySKU + v.SKU}
	}
	return nil
}

func readVariant(body []byte) (*Variant, error) {
	v := new(Variant)
	if err := json.Unmarshal(body, v); err != nil {
		return nil, fmt.Errorf("the vendor's answer is not a variant: %w", err)
	}
	return v, nil
}

// amendVariant finds a variant by its id, else by its SKU, else by the options of its product, and makes the call that
// changes it, or that makes it.
func amendVariant(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	fed := readFeed(e, false)
	if fed == nil {
		return vendors.Amendment{}, nil
	}
	a := &amending{fed: fed, held: held}
	if held.Unasked {
		a.add(idUnasked, 0, "sku", "a variant can only be changed after what Faire has was read: leave --compare none away", "")
		return vendors.Amendment{}, nil
	}
	v := &fed.product.Variants[0]
	settlePrices(v, held.Account.Settings[currencySetting], func(rule *schema.Rule, field, message string) { a.add(rule, 0, field, message, "") })
	stored, err := a.storedVariant(v)
	if err != nil || !e.Sound() {
		return vendors.Amendment{}, err
	}
	if err := a.findProduct(stored); err != nil || !e.Sound() {
		return vendors.Amendment{}, err
	}
	if stored == nil {
		if place, ok := a.findByOptions(0); !ok || !a.fits(v) {
			return vendors.Amendment{}, nil
		} else if place >= 0 {
			stored = &a.stored.Variants[place]
		}
	}
	var amendment vendors.Amendment
	if stored == nil {
		amendment = a.makeVariant(v)
	} else {
		amendment = a.changeOne(v, stored)
	}
	if !e.Sound() {
		return vendors.Amendment{}, nil
	}
	return amendment, nil
}

// storedVariant finds the variant by its id, else by its SKU; nil when Faire has none.
func (a *amending) storedVariant(v *Variant) (*Variant, error) {
	bySKU, err := a.heldVariant(bySKU+v.SKU, v.SKU)
	if err != nil || v.ID == "" {
		return bySKU, err
	}
	found, err := a.heldVariant(v.ID, v.ID)
	switch {
	case err != nil:
	case found == nil:
		a.add(variantUnknown, 0, "variant_id", fmt.Sprintf("the account has no variant %s", v.ID), "")
	case bySKU != nil && bySKU.ID != found.ID:
		a.add(skuTaken, 0, "sku", fmt.Sprintf("the variant %s has SKU %q", bySKU.ID, v.SKU), "")
	}
	return found, err
}

// heldVariant returns the variant of a name; nil when there is none, or no name.
func (a *amending) heldVariant(name, given string) (*Variant, error) {
	if given == "" {
		return nil, nil
	}
	found, err := a.held.Find(name)
	if err != nil || found == nil || found.Aside {
		return nil, err
	}
	return readVariant(found.Body)
}

// findProduct finds the product of the variant: the one that it has, else the one that the feed names.
func (a *amending) findProduct(stored *Variant) error {
	records := a.entity.Records
	id, key := string(schema.Shared(records, "product_id")), string(schema.Shared(records, "product_key"))
	if stored != nil && id != "" && stored.ProductID != id {
		a.add(variantElsewhere, 0, "product_id", fmt.Sprintf("the variant %s belongs to the product %s", stored.ID, stored.ProductID), stored.ProductID)
		return nil
	}
	found, err := a.productOf(stored, id, key)
	if err != nil {
		return err
	}
	if found == nil {
		field := "product_id"
		if id == "" && key != "" {
			field = "product_key"
		}
		message := ""
		if id == "" && key == "" {
			message = "Faire has no such variant, and a new one needs its product_id or product_key"
		}
		a.add(productUnknown, 0, field, message, "")
		return nil
	}
	a.stored, err = readProduct(found.Body)
	return err
}

func (a *amending) productOf(stored *Variant, id, key string) (*vendors.Stored, error) {
	if stored != nil {
		id = stored.ProductID
	}
	return heldProduct(a.held, id, key)
}

// heldProduct finds a product that is not deleted by its id, else by the key under which it was made; nil when the
// account has none.
func heldProduct(held *vendors.Held, id, key string) (*vendors.Stored, error) {
	if id != "" {
		found, err := held.Find(id)
		return unlessDeleted(found), err
	}
	if key == "" {
		return nil, nil
	}
	for generation := range mostGenerations {
		found, err := held.Find(byToken + vendors.TokenOf(held.Account.Name, "products", key, generation))
		if err != nil || found == nil {
			return nil, err
		}
		if found = unlessDeleted(found); found != nil {
			return found, nil
		}
	}
	return nil, nil
}

// unlessDeleted is nil for a product that is deleted.
func unlessDeleted(stored *vendors.Stored) *vendors.Stored {
	if stored == nil {
		return nil
	}
	if p, err := readProduct(stored.Body); err == nil && p.LifecycleState == vocabulary.Deleted {
		return nil
	}
	return stored
}

// fits reports whether the product takes a new variant with these options.
func (a *amending) fits(v *Variant) bool {
	for _, option := range v.Options {
		set := a.stored.set(option.Name)
		switch {
		case set == nil:
			a.add(optionNames, 0, "option."+option.Name, fmt.Sprintf("Faire has the product with the options %s, and not with %s",
				a.stored.optionList(), option.Name), a.stored.nearestColumn(option.Name))
		case !slices.Contains(set.Values, option.Value):
			a.add(optionNew, 0, "option."+option.Name, fmt.Sprintf("the product has no %s %q; add it with faire/option-sets, or load the variant with faire/products",
				option.Name, option.Value), schema.Nearest(option.Value, set.Values))
		}
	}
	return a.entity.Sound()
}

// makeVariant makes the body of a POST (faire:873).
func (a *amending) makeVariant(v *Variant) vendors.Amendment {
	made := *v
	made.ID, made.Token = "", a.variantToken(v)
	if made.LifecycleState == "" {
		a.add(stateDraft, 0, "variant_lifecycle_state", "a new variant without a variant_lifecycle_state is made as DRAFT, which retailers do not see", vocabulary.Draft)
	}
	made.LifecycleState = a.newState(v, "")
	a.entity.Token = made.Token
	after := made
	after.ProductID = a.stored.ID
	a.judgeOne(&made, nil)
	return vendors.Amendment{Body: variantCall{a.stored.ID, "", &made}, After: &after}
}

// changeOne makes the body of a PATCH (faire:984).
func (a *amending) changeOne(v, stored *Variant) vendors.Amendment {
	a.entity.ID, a.entity.Known = stored.ID, true
	for _, option := range v.Options {
		if has := stored.Option(option.Name); has != option.Value {
			a.add(optionChanged, 0, "option."+option.Name, fmt.Sprintf("the variant %s has %s %q at Faire, and not %q", stored.ID, option.Name, has, option.Value), has)
		}
	}
	if v.AvailableQuantity != nil && !sameValue(v.AvailableQuantity, stored.AvailableQuantity) {
		a.add(stockKept, 0, "available_quantity", "", "")
	}
	after := *stored
	after.ProductID = a.stored.ID
	change, adds := variantChange(v, stored, &after, a.state(v.LifecycleState, stored.LifecycleState, 0, "variant_lifecycle_state"))
	a.judgeOne(&after, stored)
	if change == nil {
		return vendors.Amendment{After: &after}
	}
	a.entity.Adds = adds
	change.ID = ""
	return vendors.Amendment{Body: variantCall{a.stored.ID, stored.ID, change}, After: &after}
}

// judgeOne reports what a variant would break then, and does not break now.
func (a *amending) judgeOne(after, before *Variant) {
	broken := make(map[string]bool)
	if before != nil {
		(&Product{Variants: []Variant{*before}}).judgePrices(0, true, func(rule *schema.Rule, _ int, field, _, _ string) { broken[rule.ID+field] = true })
	}
	(&Product{Variants: []Variant{*after}}).judgePrices(0, true, func(rule *schema.Rule, _ int, field, message, suggestion string) {
		if rule.Severity == schema.Error && !broken[rule.ID+field] {
			a.add(rule, 0, field, message, suggestion)
		}
	})
}

// uploadVariants makes each variant with a POST, or changes it with a PATCH.
func uploadVariants(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		call, body, err := readCall(e)
		if err != nil {
			return err
		}
		method, path := http.MethodPost, "/products/"+segment(call.ProductID)+"/variants"
		if call.VariantID != "" {
			method, path = http.MethodPatch, path+"/"+segment(call.VariantID)
		}
		if err := store(ctx, client, e, method, path, body); err != nil {
			return err
		}
	}
	return nil
}

// readCall takes an entity's body apart: where it goes, and what is sent there.
func readCall(e *vendors.Entity) (call variantCall, body []byte, err error) {
	var parts struct {
		Variant json.RawMessage `json:"variant"`
	}
	if err = json.Unmarshal(e.Body, &call); err == nil {
		err = json.Unmarshal(e.Body, &parts)
	}
	if err != nil || call.ProductID == "" {
		return call, nil, fmt.Errorf("the variant %q was not compared with what Faire has (%v)", e.Key, err)
	}
	return call, bytes.Clone(parts.Variant), nil
}

// readBackVariant asks Faire for the product of a variant whose PATCH had no answer, and sees whether it holds what was sent.
func readBackVariant(ctx context.Context, client *vendors.Client, e *vendors.Entity) error {
	call, _, err := readCall(e)
	if err != nil {
		return err
	}
	stored := new(Product)
	if err := get(ctx, client, "get product "+call.ProductID, "/products/"+segment(call.ProductID), nil, stored); err != nil {
		return err
	}
	call.Variant.ID = call.VariantID
	if stored.holdsVariant(call.Variant) {
		e.Outcome = vendors.Updated
	}
	return nil
}

// decodeVariant is the inverse of encodeVariant.
func decodeVariant(body []byte) ([]map[string]string, error) {
	v, err := readVariant(body)
	if err != nil {
		return nil, err
	}
	p := new(Product)
	for _, option := range v.Options {
		p.OptionSets = append(p.OptionSets, OptionSet{Name: option.Name})
	}
	row := make(map[string]string, 24)
	fill(row, "product_id", v.ProductID)
	v.decode(row, p)
	for name, value := range variantShape.Others(body) {
		fill(row, "other."+name, value)
	}
	return []map[string]string{row}, nil
}

// canonicalVariant writes a variant as canonicalProduct does.
func canonicalVariant(body []byte) ([]byte, error) {
	v, err := readVariant(body)
	if err != nil {
		return nil, err
	}
	c := v.canonical()
	c.ProductID = clean(v.ProductID)
	return json.Marshal(&c)
}

// deleteVariant takes a variant away (faire:1058), by its id or its SKU. The account's products are read once to find
// where it belongs.
func deleteVariant(ctx context.Context, client *vendors.Client, d vendors.Deletion) error {
	known, err := catalogueOf(ctx, client)
	if err != nil {
		return err
	}
	at, ok := known.variants[d.Key]
	if !ok {
		at, ok = known.skus[d.Key]
	}
	if !ok {
		return &vendors.APIError{Status: http.StatusNotFound, Message: fmt.Sprintf("the account has no variant with the id or SKU %q", d.Key)}
	}
	return take(ctx, client, "/products/"+segment(at.product)+"/variants/"+segment(at.variant), at.product, at.variant)
}

// known is what an account has, as far as deleting needs it.
type known struct {
	tokens   map[string]string  // ids of products by their tokens; empty for deleted ones
	variants map[string]whereIs // by id
	skus     map[string]whereIs // of two with one SKU, the one that Faire changed last
}

// whereIs names a variant.
type whereIs struct{ product, variant string }

// catalogueOf reads the account's products, once for a connection.
func catalogueOf(ctx context.Context, client *vendors.Client) (*known, error) {
	shared, ok := client.Account.State.(*connection)
	if !ok {
		shared = new(connection)
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if shared.known != nil {
		return shared.known, nil
	}
	k := &known{make(map[string]string), make(map[string]whereIs), make(map[string]whereIs)}
	for page, err := range pages(ctx, client, vendors.Listing{Query: url.Values{}, Compare: true}) {
		if err != nil {
			return nil, err
		}
		for _, stored := range page.Entities {
			if err := k.add(stored); err != nil {
				return nil, err
			}
		}
	}
	shared.known = k
	return k, nil
}

func (k *known) add(stored vendors.Stored) error {
	p, err := readProduct(stored.Body)
	if err != nil {
		return err
	}
	if p.Token != "" {
		k.tokens[p.Token] = ""
		if !stored.Aside {
			k.tokens[p.Token] = p.ID
		}
	}
	for i := range p.Variants {
		v := &p.Variants[i]
		if stored.Aside || v.LifecycleState == vocabulary.Deleted {
			continue
		}
		k.variants[v.ID] = whereIs{p.ID, v.ID}
		if v.SKU != "" {
			k.skus[v.SKU] = whereIs{p.ID, v.ID}
		}
	}
	return nil
}
