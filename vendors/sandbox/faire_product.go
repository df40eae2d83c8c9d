package sandbox

import (
	"net/http"
	"slices"
	"strconv"

	"bulkload/vendors/faire/vocabulary"
)

// productChange is the body of a POST or PATCH of a product.
type productChange struct {
	Token           string        `json:"idempotence_token"`
	Name            *string       `json:"name"`
	LifecycleState  string        `json:"lifecycle_state"`
	Short           *string       `json:"short_description"`
	Description     *string       `json:"description"`
	UnitMultiplier  *int64        `json:"unit_multiplier"`
	MinimumQuantity *int64        `json:"minimum_order_quantity"`
	PerStyle        int64         `json:"per_style_minimum_order_quantity"`
	OptionSets      []optionSet   `json:"variant_option_sets"` // nil: not to be changed
	Images          []newImage    `json:"images"`
	Taxonomy        *taxonomyType `json:"taxonomy_type"`
	SellsOut        *bool         `json:"allow_sales_when_out_of_stock"`
	Preorderable    *bool         `json:"preorderable"`
	Preorder        *preorder     `json:"preorder_details"`

	variants   []variantChange
	noPreorder bool // preorder_details is null
}

// patchMembers lists what a PATCH of a product takes (faire:538).
func patchMembers() []member {
	return []member{
		{name: "name", check: anyText},
		{name: "short_description", check: anyText},
		{name: "description", check: anyText},
		{name: "lifecycle_state", check: lifecycleState},
		{name: "unit_multiplier", check: countFrom(0)},
		{name: "minimum_order_quantity", check: countFrom(0)},
		{name: "variants", check: listOf(0, patchedVariant)},
		{name: "images", check: images},
		{name: "taxonomy_type", check: objectOf([]member{{name: "id", required: true, check: someText}, {name: "name", check: anyText}})},
		{name: "variant_option_sets", check: optionSets},
		{name: "allow_sales_when_out_of_stock", check: anyBoolean},
		{name: "preorderable", check: anyBoolean},
		{name: "preorder_details", null: true, check: preorderDetails},
		{name: "sale_state", readOnly: true},
		{name: "created_at", readOnly: true},
		{name: "updated_at", readOnly: true},
	}
}

// createMembers lists what a POST of a product takes (faire:393). What a DRAFT may leave out is looked for later.
func createMembers() []member {
	members := patchMembers()
	for i := range members {
		switch members[i].name {
		case "variants":
			members[i].required, members[i].check = true, listOf(1, objectOf(newVariantMembers()))
		case "variant_option_sets":
			members[i].required = true
		}
	}
	return append(members, member{name: "idempotence_token", required: true, check: someText},
		member{name: "per_style_minimum_order_quantity", check: countFrom(0)})
}

// lifecycleState wants a state that a client may set. What is to be deleted has a method of its own.
func lifecycleState(n *node) error {
	if n.kind == jsonText && n.text == vocabulary.Deleted {
		return misfitf("%q is not set, but follows from DELETE", n.text)
	}
	return oneOf([]string{vocabulary.Draft, vocabulary.Published, vocabulary.Unpublished})(n)
}

// countFrom wants a whole number, written without fraction and exponent.
func countFrom(least int64) check {
	return func(n *node) error {
		if err := kind(n, jsonNumber); err != nil {
			return err
		}
		if value, err := strconv.ParseInt(n.text, 10, 64); err != nil || value < least {
			return misfitf("%s is not a whole number from %d", n.text, least)
		}
		return nil
	}
}

// optionSets wants names of which none stands twice, each with values of which none stands twice.
func optionSets(n *node) error {
	if err := listOf(0, objectOf([]member{
		{name: "name", required: true, check: someText},
		{name: "values", required: true, check: listOf(1, someText)},
	}))(n); err != nil {
		return err
	}
	var names []string
	for i := range n.items {
		values, _ := n.items[i].member("values")
		if err := noneTwice(values); err != nil {
			return within("["+strconv.Itoa(i)+"].values", err)
		}
		names = append(names, n.items[i].textOf("name"))
		if slices.Contains(names[:i], names[i]) {
			return misfitf("the option %q stands twice", names[i])
		}
	}
	return nil
}

// noneTwice wants texts that are unlike.
func noneTwice(n *node) error {
	seen := make(map[string]bool)
	for i := range n.items {
		if text := n.items[i].text; seen[text] {
			return misfitf("%q stands twice", text)
		}
		seen[n.items[i].text] = true
	}
	return nil
}

// readProduct reads the body of a POST or PATCH.
func (c *call) readProduct(members []member) (change productChange, err error) {
	body, err := c.object(members)
	if err != nil {
		return change, err
	}
	if err := c.decode(body, &change); err != nil {
		return change, misfitf("%v", err)
	}
	if details, ok := body.member("preorder_details"); ok {
		change.noPreorder = details.kind == jsonNull
	}
	variants, _ := body.member("variants")
	change.variants, err = c.readVariants(variants)
	return change, err
}

// createProduct answers POST of a product.
func (f *wholesale) createProduct(c *call) answer {
	change, err := c.readProduct(createMembers())
	if err != nil {
		return refused(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	c.token = change.Token
	if id, known := f.tokens[change.Token]; known {
		return f.repeatedProduct(c, f.products[id])
	}
	p := &good{ID: newID(vocabulary.ProductID, change.Token), Token: change.Token, BrandID: brandID, LifecycleState: vocabulary.Draft,
		PerStyle: change.PerStyle, CreatedAt: f.clock(), fingerprint: fingerprint(c.body), OptionSets: []optionSet{}}
	if err := f.change(p, change); err != nil {
		c.token = "" // it has not been used up
		return refused(err)
	}
	return f.storeProduct(c, p, http.StatusCreated, change.touched(nil))
}

// repeatedProduct answers a token that is known already.
func (f *wholesale) repeatedProduct(c *call, p *good) answer {
	if p.fingerprint != fingerprint(c.body) {
		return message(http.StatusBadRequest, "idempotence_token: "+usedUp(p.Token, p.ID))
	}
	return shown(http.StatusCreated, p.shown(f.now(), true), nil)
}

func usedUp(token, id string) string {
	return strconv.Quote(token) + " came with another body before, which made " + id
}

// updateProduct answers PATCH of a product.
func (f *wholesale) updateProduct(c *call) answer {
	change, err := c.readProduct(patchMembers())
	if err != nil {
		return refused(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old, err := f.product(c.parts[1])
	if err != nil {
		return refused(err)
	}
	p := old.copy()
	if err := f.change(p, change); err != nil {
		return refused(err)
	}
	return f.storeProduct(c, p, http.StatusOK, change.touched(old))
}

// change applies a change to a copy of a product and looks whether it may stay so.
func (f *wholesale) change(p *good, change productChange) error {
	was := p.LifecycleState
	if err := moveTo(&p.LifecycleState, change.LifecycleState); err != nil {
		return err
	}
	p.Name, p.Short, p.Description = or(change.Name, p.Name), or(change.Short, p.Short), or(change.Description, p.Description)
	p.UnitMultiplier = or(change.UnitMultiplier, p.UnitMultiplier)
	p.MinimumQuantity = or(change.MinimumQuantity, p.MinimumQuantity)
	p.SellsOut = or(change.SellsOut, p.SellsOut)
	p.Images = added(p.ID, p.Images, change.Images)
	if err := p.changeTaxonomy(change.Taxonomy); err != nil {
		return err
	}
	if err := p.changePreorder(change); err != nil {
		return err
	}
	if change.OptionSets != nil {
		if err := f.changeOptionSets(p, change.OptionSets); err != nil {
			return err
		}
	}
	if err := f.changeVariants(p, change.variants); err != nil {
		return err
	}
	return p.check(was)
}

func or[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// moveTo changes a lifecycle state; an empty one leaves it. What was validated once does not become a DRAFT again
// (faire:2081).
func moveTo(state *string, to string) error {
	if to == "" {
		return nil
	}
	if to == vocabulary.Draft && validated(*state) {
		return within("lifecycle_state", misfitf("what is %s does not become a %s again", *state, to))
	}
	*state = to
	return nil
}

func (p *good) changeTaxonomy(taxonomy *taxonomyType) error {
	if taxonomy == nil {
		return nil
	}
	at := slices.IndexFunc(taxonomyTypes, func(t taxonomyType) bool { return t.ID == taxonomy.ID })
	if at < 0 {
		return within("taxonomy_type.id", misfitf("there is no taxonomy type %q", taxonomy.ID))
	}
	p.Taxonomy = &taxonomyTypes[at]
	return nil
}

// getProduct answers GET of a product, deleted or not.
func (f *wholesale) getProduct(c *call) answer {
	if err := unused(c); err != nil {
		return refused(err)
	}
	f.unpublish()
	f.mu.RLock()
	defer f.mu.RUnlock()
	p := f.products[c.parts[1]]
	if p == nil {
		return refused(absentf("there is no product %q", c.parts[1]))
	}
	return shown(http.StatusOK, p.shown(f.now(), true), nil)
}

// deleteProduct answers DELETE of a product. Its variants and prepacks are out of reach with it.
func (f *wholesale) deleteProduct(c *call) answer {
	if err := unused(c); err != nil {
		return refused(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old, err := f.product(c.parts[1])
	if err != nil {
		return refused(err)
	}
	p := old.copy()
	p.LifecycleState = vocabulary.Deleted
	if err := f.keepProduct(p); err != nil {
		return internal(err)
	}
	return answer{status: http.StatusNoContent}
}

// updateOptionSets answers PATCH of a product's option sets.
func (f *wholesale) updateOptionSets(c *call) answer {
	body, err := c.object([]member{{name: "variant_option_sets", required: true, check: optionSets}})
	if err != nil {
		return refused(err)
	}
	var change struct {
		Sets []optionSet `json:"variant_option_sets"`
	}
	if err := c.decode(body, &change); err != nil {
		return internal(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	old, err := f.product(c.parts[1])
	if err != nil {
		return refused(err)
	}
	p := old.copy()
	if err := f.changeOptionSets(p, change.Sets); err != nil {
		return refused(err)
	}
	if err := f.keepProduct(p); err != nil {
		return internal(err)
	}
	return shown(http.StatusOK, map[string][]optionSet{"variant_option_sets": p.OptionSets}, c.apply(p.ID, c.body))
}
