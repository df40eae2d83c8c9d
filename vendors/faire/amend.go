package faire

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// amendProduct finds the product at Faire, and makes the cheapest call that changes it into what the feed says, or the
// one that creates it. What the feed leaves empty stays as it is.
func amendProduct(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	a := &amending{fed: readFeed(e, false), held: held}
	if a.fed == nil {
		return vendors.Amendment{}, nil
	}
	if err := a.match(); err != nil {
		return vendors.Amendment{}, err
	}
	if err := a.settleFeed(); err != nil {
		return vendors.Amendment{}, err
	}
	var amendment vendors.Amendment
	if a.stored == nil {
		amendment = a.create()
	} else {
		amendment = a.change()
	}
	if !e.Sound() {
		return vendors.Amendment{}, nil
	}
	return amendment, nil
}

// amending is the comparing of one product of a feed with what Faire has.
type amending struct {
	*fed
	held   *vendors.Held
	token  string   // of the product, if it is to be made
	stored *Product // nil: Faire has none
	after  *Product // the product as Faire has it then
	places []int    // of the feed's variants in after
	told   bool     // that stock is kept
	parts  int      // calls that the change would take if each part were sent by itself
}

// names of what Faire has, besides ids.
const (
	bySKU     = "sku:"
	byToken   = "token:"
	byVariant = "variant:"
)

// aliases lists the names by which a product is found: its token and, unless it is deleted, the SKUs and ids of its
// variants.
func aliases(stored vendors.Stored) []string {
	p, err := readProduct(stored.Body)
	if err != nil {
		return nil
	}
	var names []string
	if !stored.Aside {
		for i := range p.Variants {
			v := &p.Variants[i]
			if v.LifecycleState == vocabulary.Deleted {
				continue
			}
			if v.SKU != "" {
				names = append(names, bySKU+v.SKU)
			}
			if v.ID != "" {
				names = append(names, byVariant+v.ID)
			}
		}
	}
	if p.Token != "" {
		names = append(names, byToken+p.Token)
	}
	return names
}

// match finds the product: by its id, else by its SKUs, else by the token that its key makes. SKUs that other products
// have are problems, so a product that is found by its token is not left for another that has one of its SKUs.
func (a *amending) match() error {
	byKey, err := a.byToken()
	if err != nil {
		return err
	}
	found, err := a.byID()
	if err != nil {
		return err
	}
	owners, err := a.owners()
	if err != nil {
		return err
	}
	if found == nil {
		found = byKey
	}
	if found == nil {
		for i := range a.product.Variants {
			if owner := owners[i]; owner != nil {
				found = owner
				break
			}
		}
	}
	if found == nil {
		if found, err = a.byVariantID(); err != nil {
			return err
		}
	}
	for i, owner := range owners {
		if owner != nil && owner.Key != found.Key {
			a.add(skuTaken, i, "sku", fmt.Sprintf("the product %s has SKU %q", owner.Key, a.product.Variants[i].SKU), "")
		}
	}
	if found == nil {
		return nil
	}
	a.stored, err = readProduct(found.Body)
	a.entity.ID, a.entity.Known = found.Key, true
	return err
}

// mostGenerations bounds how often a product can have been deleted and made anew.
const mostGenerations = 1000

// byToken finds the product that was made under the feed's key, and the token of the next one: what was deleted keeps
// its token.
func (a *amending) byToken() (*vendors.Stored, error) {
	for generation := range mostGenerations {
		a.token = vendors.TokenOf(a.held.Account.Name, "products", a.entity.Key, generation)
		found, err := a.held.Find(byToken + a.token)
		if err != nil || found == nil || !found.Aside {
			return found, err
		}
	}
	return nil, fmt.Errorf("product %q was deleted and made anew too often", a.entity.Key)
}

func (a *amending) byID() (*vendors.Stored, error) {
	id := a.product.ID
	if id == "" {
		return nil, nil
	}
	if a.held.Unasked {
		a.add(idUnasked, -1, "id", "", "")
		return nil, nil
	}
	found, err := a.held.Find(id)
	if err != nil || found != nil && !found.Aside {
		return found, err
	}
	message := fmt.Sprintf("the account has no product %s", id)
	if found != nil {
		message = fmt.Sprintf("the product %s was deleted at Faire", id)
	}
	a.add(idUnknown, -1, "id", message+"; it is looked for by its SKUs and its key, and made when it is not there", "")
	return nil, nil
}

// byVariantID finds the product of the first variant whose id the account knows.
func (a *amending) byVariantID() (*vendors.Stored, error) {
	for i := range a.product.Variants {
		if id := a.product.Variants[i].ID; id != "" {
			if found, err := a.held.Find(byVariant + id); err != nil || found != nil && !found.Aside {
				return found, err
			}
		}
	}
	return nil, nil
}

// owners finds for each variant the product that has its SKU.
func (a *amending) owners() ([]*vendors.Stored, error) {
	owners := make([]*vendors.Stored, len(a.product.Variants))
	for i := range a.product.Variants {
		sku := a.product.Variants[i].SKU
		if sku == "" {
			continue
		}
		found, err := a.held.Find(bySKU + sku)
		if err != nil {
			return nil, err
		}
		if found != nil && !found.Aside {
			owners[i] = found
		}
	}
	return owners, nil
}

// settleFeed puts into the feed's product what only the account knows: currencies and taxonomy types.
func (a *amending) settleFeed() error {
	currency := a.held.Account.Settings[currencySetting]
	for i := range a.product.Variants {
		settlePrices(&a.product.Variants[i], currency, func(rule *schema.Rule, field, message string) { a.add(rule, i, field, message, "") })
	}
	return a.settleTaxonomy()
}

// settleTaxonomy finds the product's type in Faire's list, which is read only when a product is to have a type that it
// does not have yet.
func (a *amending) settleTaxonomy() error {
	kind := a.product.TaxonomyType
	if kind == nil {
		return nil
	}
	if a.stored != nil && a.stored.TaxonomyType.is(kind) {
		a.product.TaxonomyType = &TaxonomyType{ID: a.stored.TaxonomyType.ID}
		return nil
	}
	prepared, err := a.held.Prepared()
	if err != nil {
		return err
	}
	known, _ := prepared.(*taxonomies)
	id, message, suggestion := known.find(kind)
	field := "taxonomy_type.id"
	if kind.ID == "" {
		field = "taxonomy_type.name"
	}
	if message != "" {
		a.add(taxonomyUnknown, -1, field, message, suggestion)
	}
	a.product.TaxonomyType = &TaxonomyType{ID: id}
	return nil
}

// settlePrices gives the amounts of a variant that have no currency the account's.
func settlePrices(v *Variant, currency string, report func(rule *schema.Rule, field, message string)) {
	for j := range v.Prices {
		price := &v.Prices[j]
		for _, amount := range [...]struct {
			money *Money
			name  string
		}{{price.Wholesale, "wholesale"}, {price.Retail, "retail"}} {
			if amount.money == nil {
				continue
			}
			text := amount.money.Amount
			if rule := amount.money.settle(currency); rule != nil {
				report(rule, "price."+price.Geo.text()+"."+amount.name, explainMoney(rule, text, currency, false))
			}
		}
	}
}

// creation is the body that makes a product. Its options are always there, since they are required (faire:405).
type creation struct {
	*Product
	OptionSets []OptionSet `json:"variant_option_sets"`
}

// create makes the body of a POST: the product with all its variants, each with its token.
func (a *amending) create() vendors.Amendment {
	p := *a.product
	p.ID, p.Token = "", a.token
	if p.LifecycleState == "" {
		a.add(stateDraft, -1, "lifecycle_state", "", vocabulary.Draft)
		p.LifecycleState = vocabulary.Draft
	}
	if a.held.Withhold {
		p.LifecycleState = vocabulary.Draft
	}
	sets := a.asTheyCome(p.OptionSets)
	p.OptionSets = sets
	p.Variants = slices.Clone(p.Variants)
	if len(sets) == 0 && len(p.Variants) > 1 {
		a.sameOptions(0, 1)
	}
	for i := range p.Variants {
		v := &p.Variants[i]
		v.ID, v.Token = "", vendors.TokenOf(a.held.Account.Name, "variants", vendors.PartKey(a.token, optionKey(v)), 0)
		v.LifecycleState = a.newState(v, p.LifecycleState)
	}
	a.entity.Token = a.token
	a.after = &p
	told := len(a.entity.Problems)
	p.judge(true, func(rule *schema.Rule, variant int, field, message, suggestion string) {
		if rule.Severity == schema.Error && !slices.ContainsFunc(a.entity.Problems[:told], func(p schema.Problem) bool { return p.Rule == rule }) {
			a.add(rule, variant, field, message, suggestion)
		}
	})
	return vendors.Amendment{Body: creation{&p, sets}, After: &p, Calls: 1}
}

// asTheyCome puts the values of options that have no order of their own into the order of the feed's rows.
func (a *amending) asTheyCome(sets []OptionSet) []OptionSet {
	ordered := make([]OptionSet, len(sets))
	for i, set := range sets {
		ordered[i] = set
		if !a.listed[set.Name] && !knownOrder(set.Name, set.Values) {
			ordered[i].Values = a.valuesOf(set.Name)
		}
	}
	return ordered
}

// newState is that of a variant which is made in a product of this state.
func (a *amending) newState(v *Variant, product string) string {
	state := cmp.Or(v.LifecycleState, product, vocabulary.Draft)
	if a.held.Withhold && state == vocabulary.Published {
		return vocabulary.Draft
	}
	return state
}

// change makes the body of a PATCH: only what is otherwise, in one call.
func (a *amending) change() vendors.Amendment {
	a.after = a.stored.clone()
	patch := new(Product)
	changed := a.changeFields(patch)
	if added := newImages(a.stored.Images, a.product.Images); len(added) > 0 {
		patch.Images, changed = added, true
		a.after.Images = append(a.after.Images, added...)
		a.entity.Adds = true
	}
	if changed {
		a.parts++
	}
	a.changeOptionSets(patch)
	a.changeVariants(patch)
	a.judgeAfter()
	amendment := vendors.Amendment{After: a.after, Calls: max(1, a.parts)}
	switch {
	case a.parts == 0:
	case patch.Preorder == nil && a.stored.Preorder != nil && a.after.Preorder == nil:
		amendment.Body = noPreorder{Product: patch}
	default:
		amendment.Body = patch
	}
	return amendment
}

// noPreorder is a body that takes the details of a preorder away: they are null of a product that cannot be
// preordered (faire:186).
type noPreorder struct {
	*Product
	Preorder *Preorder `json:"preorder_details"`
}

// clone returns a copy that shares nothing with the product that is written to.
func (p *Product) clone() *Product {
	c := *p
	c.OptionSets, c.Variants, c.Images = slices.Clone(p.OptionSets), slices.Clone(p.Variants), slices.Clone(p.Images)
	return &c
}

// put sets a value that the feed has and Faire has not, in both places.
func put[T comparable](fed T, after, patch *T) bool {
	var none T
	if fed == none || fed == *after {
		return false
	}
	*after, *patch = fed, fed
	return true
}

// putValue is put for values that may be absent.
func putValue[T comparable](fed *T, after, patch **T) bool {
	if fed == nil || sameValue(fed, *after) {
		return false
	}
	*after, *patch = fed, fed
	return true
}

// changeFields lays the feed's values of the product itself over Faire's.
func (a *amending) changeFields(patch *Product) bool {
	if fed, has := a.product.PerStyleMinimum, valueOr(a.stored.PerStyleMinimum, 0); fed != nil && *fed != has {
		a.add(perStyleFixed, -1, "per_style_minimum_order_quantity",
			fmt.Sprintf("Faire has %d, and it cannot change once the product is made", has), "")
	}
	return overlay(a.product, a.after, patch, a.state(a.product.LifecycleState, a.stored.LifecycleState, -1, "lifecycle_state"))
}

// overlay lays values over those of after, and what is otherwise into patch.
func overlay(fed, after, patch *Product, state string) bool {
	changed := false
	for _, is := range [...]bool{
		put(fed.Name, &after.Name, &patch.Name),
		put(fed.ShortDescription, &after.ShortDescription, &patch.ShortDescription),
		put(fed.Description, &after.Description, &patch.Description),
		putValue(fed.UnitMultiplier, &after.UnitMultiplier, &patch.UnitMultiplier),
		putValue(fed.MinimumOrder, &after.MinimumOrder, &patch.MinimumOrder),
		putValue(fed.SalesOutOfStock, &after.SalesOutOfStock, &patch.SalesOutOfStock),
		put(state, &after.LifecycleState, &patch.LifecycleState),
	} {
		changed = changed || is
	}
	if kind := fed.TaxonomyType; kind != nil && kind.ID != "" && (after.TaxonomyType == nil || after.TaxonomyType.ID != kind.ID) {
		after.TaxonomyType, patch.TaxonomyType, changed = kind, kind, true
	}
	return overlayPreorder(fed, after, patch) || changed
}

// overlayPreorder sends the details whole when anything of them changes.
func overlayPreorder(fed, after, patch *Product) bool {
	on, details := cmp.Or(fed.Preorderable, after.Preorderable), fed.Preorder.over(after.Preorder)
	if fed.Preorderable != nil && !*fed.Preorderable {
		details = nil
		if after.Preorderable == nil && after.Preorder == nil {
			return false // what Faire leaves out is not preorderable
		}
	}
	if sameValue(on, after.Preorderable) && details.same(after.Preorder) {
		return false
	}
	after.Preorderable, after.Preorder = on, details
	patch.Preorderable, patch.Preorder = on, details
	return true
}

func valueOr[T any](value *T, otherwise T) T {
	if value == nil {
		return otherwise
	}
	return *value
}

// state is what a state becomes: that of the feed, unless states are held back.
func (a *amending) state(fed, stored string, variant int, field string) string {
	if fed == "" || a.held.Withhold {
		return stored
	}
	if fed == vocabulary.Draft && needsAll(stored) {
		a.add(stateBack, variant, field, fmt.Sprintf("it is %s at Faire, and cannot become a draft again", stored), vocabulary.Unpublished)
		return stored
	}
	return fed
}

// changeOptionSets adds values to the product's options. Their names cannot change (faire:552), and values stay: what
// takes them away is the resource option-sets.
func (a *amending) changeOptionSets(patch *Product) {
	extended := false
	for _, fed := range a.asTheyCome(a.product.OptionSets) {
		has := a.after.set(fed.Name)
		if has == nil {
			a.add(optionNames, -1, "option."+fed.Name,
				fmt.Sprintf("Faire has the product with the options %s, and not with %s", a.stored.optionList(), fed.Name), a.stored.nearestColumn(fed.Name))
			continue
		}
		values := extend(fed.Name, has.Values, fed.Values)
		if a.listed[fed.Name] && holdsAll(fed.Values, has.Values) {
			values = fed.Values
		}
		if slices.Equal(values, has.Values) {
			continue
		}
		if fed.Name == vocabulary.SizeOption {
			if value := inMiddle(has.Values, values); value != "" {
				a.add(optionMiddle, -1, "option."+fed.Name, fmt.Sprintf("the new size %q goes between others, which Faire refuses if the product is sold in prepacks", value), "")
			}
		}
		has.Values, extended = values, true
	}
	if extended {
		patch.OptionSets = a.after.OptionSets
		a.parts++
	}
}

func holdsAll(values, those []string) bool {
	set := setOf(values)
	return !slices.ContainsFunc(those, func(value string) bool { return !set[value] })
}

func (p *Product) optionNames() []string {
	var names []string
	for _, set := range p.OptionSets {
		names = append(names, set.Name)
	}
	return names
}

// nearestColumn is the column of the option that was probably meant; empty when none is near.
func (p *Product) nearestColumn(option string) string {
	if near := schema.Nearest(option, p.optionNames()); near != "" {
		return "option." + near
	}
	return ""
}

// optionList names the product's options in a message.
func (p *Product) optionList() string {
	text, err := json.Marshal(p.optionNames())
	if err != nil || len(p.OptionSets) == 0 {
		return "none"
	}
	return string(text)
}

// judgeAfter reports the rules that the product would break then, and does not break now. What it breaks already is
// not the feed's doing, and Faire took it so.
func (a *amending) judgeAfter() {
	type finding struct {
		rule           *schema.Rule
		variant, field string
	}
	before := make(map[finding]bool)
	now, _ := a.stored.living()
	now.judge(true, func(rule *schema.Rule, variant int, field, message, suggestion string) {
		before[finding{rule, now.variantID(variant), field}] = true
	})
	then, places := a.after.living()
	then.judge(true, func(rule *schema.Rule, variant int, field, message, suggestion string) {
		if rule.Severity != schema.Error || before[finding{rule, then.variantID(variant), field}] {
			return
		}
		if variant >= 0 {
			variant = a.fedVariant(places[variant])
		}
		if rule == pricesMissing || rule == incomplete || rule == imageMissing {
			message = cmp.Or(message, rule.Sentence) + "; neither the feed nor Faire has it"
		}
		a.add(rule, variant, field, message, suggestion)
	})
}

// living returns the product without the variants that are deleted, and where each of the others stood.
func (p *Product) living() (*Product, []int) {
	c := *p
	c.Variants = nil
	var places []int
	for i := range p.Variants {
		if p.Variants[i].LifecycleState != vocabulary.Deleted {
			c.Variants = append(c.Variants, p.Variants[i])
			places = append(places, i)
		}
	}
	return &c, places
}

func (p *Product) variantID(variant int) string {
	if variant < 0 {
		return ""
	}
	return cmp.Or(p.Variants[variant].ID, "new "+strconv.Itoa(variant))
}
