package faire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// Prepack is a prepack as Faire answers it (faire:1303), with what of its product is needed to read it:
// Faire names the product only in the path, and the variants only by their IDs.
type Prepack struct {
	ProductID   string        `json:"product_id,omitempty"`
	ProductName string        `json:"product_name,omitempty"`
	ID          string        `json:"id,omitempty"`
	Token       string        `json:"idempotence_token,omitempty"`
	Name        string        `json:"name,omitempty"`
	Description string        `json:"description,omitempty"`
	Items       []PrepackItem `json:"items"`
	CreatedAt   string        `json:"created_at,omitempty"`
}

// PrepackItem is what a prepack holds of a variant (faire:1335).
type PrepackItem struct {
	ID        string        `json:"id,omitempty"`
	VariantID string        `json:"variant_id"`
	Quantity  int64         `json:"quantity"`
	SKU       string        `json:"sku,omitempty"`
	Options   []OptionValue `json:"options,omitempty"`
}

// packedProduct is a product with its prepacks, which is set aside where prepacks are compared with a feed.
type packedProduct struct {
	Product  *Product  `json:"product"`
	Prepacks []Prepack `json:"prepacks"`
	Read     bool      `json:"read"` // the prepacks were asked for
}

// A packReader reads prepacks: for each product that can have some, one request (faire:1440).
type packReader struct {
	client  *vendors.Client
	compare bool
	// wanted reports whether the prepacks of a product are to be read. Nil: those of all products.
	wanted func(*Product) bool
}

// fewProducts is how many products are asked for one by one. For more, the list of all is read, which
// takes a request for 250.
const fewProducts = 40

// productsInPage is how many products that are asked for one by one make a page.
const productsInPage = 25

// prepackPages yields the prepacks of the products that ask.Keys names, or of all. A product is named by
// its ID, or by the key under which it was loaded, which only the list of all products can resolve.
func prepackPages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		reader := &packReader{client: client, compare: ask.Compare}
		keys, err := collect(ask.Keys)
		switch {
		case err != nil:
		case ask.Keys != nil && len(keys) <= fewProducts && !slices.ContainsFunc(keys, isProductKey):
			err = reader.oneByOne(ctx, keys, ask.Cursor, yield)
		default:
			if ask.Keys != nil {
				reader.wanted = wantedProducts(client.Account.Name, keys)
			}
			err = reader.all(ctx, ask, yield)
		}
		if err != nil {
			yield(vendors.Page{}, err)
		}
	}
}

// collect gathers the keys, which are those of the products that a feed names.
func collect(keys iter.Seq2[string, error]) (list []string, err error) {
	if keys == nil {
		return nil, nil
	}
	for key, err := range keys {
		if err != nil {
			return nil, err
		}
		list = append(list, strings.Clone(key))
	}
	return list, nil
}

// isProductKey tells a feed's own number of a product from Faire's ID.
func isProductKey(key string) bool { return !isID([]byte(key), vocabulary.ProductID) }

// wantedProducts knows the products of keys, by their IDs and by the tokens that keys make.
func wantedProducts(account string, keys []string) func(*Product) bool {
	wanted := make(map[string]bool, len(keys))
	for _, key := range keys {
		wanted[key] = true
		for generation := range likelyGenerations {
			wanted[productToken(account, key, generation)] = true
		}
	}
	return func(p *Product) bool { return wanted[p.ID] || p.Token != "" && wanted[p.Token] }
}

// productToken is the token with which a product of a key is made.
func productToken(account, key string, generation int) string {
	return vendors.TokenOf(account, "products", key, generation)
}

// likelyGenerations is how often a product may have been deleted and made anew for its prepacks to be read.
const likelyGenerations = 4

// all reads the list of all products, page by page. Where it compares, deleted ones are among them,
// since their tokens tell which generation of a product is the living one.
func (r *packReader) all(ctx context.Context, ask vendors.Listing, yield func(vendors.Page, error) bool) error {
	listing := vendors.Listing{Cursor: ask.Cursor, Query: ask.Query, Compare: r.compare}
	for products, err := range pages(ctx, r.client, listing) {
		if err != nil {
			return err
		}
		list, err := readProducts(products.Entities)
		if err != nil {
			return err
		}
		page, err := r.page(ctx, list)
		if err != nil {
			return err
		}
		page.Next = products.Next
		if !yield(page, nil) {
			return nil
		}
	}
	return nil
}

// oneByOne reads products by their IDs; those that Faire does not have are left out. The cursor is the
// number of products that were dealt with.
func (r *packReader) oneByOne(ctx context.Context, ids []string, cursor string, yield func(vendors.Page, error) bool) error {
	done := 0
	if cursor != "" {
		var err error
		if done, err = strconv.Atoi(cursor); err != nil || done < 0 || done > len(ids) {
			return fmt.Errorf("list prepacks: %q is not a number of products to go on behind", cursor)
		}
	}
	for {
		end := min(done+productsInPage, len(ids))
		list, err := r.products(ctx, ids[done:end])
		if err != nil {
			return err
		}
		page, err := r.page(ctx, list)
		if err != nil {
			return err
		}
		if done = end; done < len(ids) {
			page.Next = strconv.Itoa(done)
		}
		if !yield(page, nil) || page.Next == "" {
			return nil
		}
	}
}

func (r *packReader) products(ctx context.Context, ids []string) ([]*Product, error) {
	var entities []vendors.Stored
	for _, id := range ids {
		found, err := readOne(ctx, r.client, id, vendors.Listing{Compare: r.compare})
		if err != nil {
			return nil, err
		}
		entities = append(entities, found...)
	}
	return readProducts(entities)
}

func readProducts(entities []vendors.Stored) (list []*Product, err error) {
	list = make([]*Product, len(entities))
	for i := range list {
		if list[i], err = readProduct(entities[i].Body); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// page reads the prepacks of products, as many at once as the account allows.
func (r *packReader) page(ctx context.Context, products []*Product) (page vendors.Page, err error) {
	packed := make([]packedProduct, len(products))
	running, ctx := errgroup.WithContext(ctx)
	running.SetLimit(max(1, r.client.Account.Workers))
	for i, p := range products {
		packed[i] = packedProduct{Product: p, Read: true}
		if p.LifecycleState == vocabulary.Deleted || !p.hasOption(vocabulary.SizeOption) {
			continue // it has none
		}
		if packed[i].Read = r.wanted == nil || r.wanted(p); !packed[i].Read {
			continue
		}
		running.Go(func() (err error) {
			packed[i].Prepacks, err = r.prepacks(ctx, p)
			return err
		})
	}
	if err := running.Wait(); err != nil {
		return page, err
	}
	for i := range packed {
		if page.Entities, err = r.appendStored(page.Entities, &packed[i]); err != nil {
			return vendors.Page{}, err
		}
	}
	return page, nil
}

// appendStored adds a product's prepacks, and where they are compared the product, set aside.
func (r *packReader) appendStored(list []vendors.Stored, packed *packedProduct) ([]vendors.Stored, error) {
	for i := range packed.Prepacks {
		body, err := json.Marshal(&packed.Prepacks[i])
		if err != nil {
			return nil, err
		}
		list = append(list, vendors.Stored{Key: packed.Prepacks[i].ID, Body: body})
	}
	if !r.compare {
		return list, nil
	}
	body, err := json.Marshal(packed)
	return append(list, vendors.Stored{Key: packed.Product.ID, Body: body, Aside: true}), err
}

func (p *Product) hasOption(name string) bool {
	return slices.ContainsFunc(p.OptionSets, func(set OptionSet) bool { return set.Name == name })
}

// prepacks asks for the prepacks of a product. A product that is gone meanwhile has none.
func (r *packReader) prepacks(ctx context.Context, p *Product) ([]Prepack, error) {
	response, err := r.client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: prepacksPath(p.ID), JSON: true,
		Header: http.Header{"Accept": {"application/json"}}, Answers: []int{http.StatusNotFound}})
	if err != nil || response.Status == http.StatusNotFound {
		return nil, err
	}
	var answer struct {
		Prepacks *[]Prepack `json:"prepacks"`
	}
	if err := json.Unmarshal(response.Body, &answer); err != nil {
		return nil, fmt.Errorf("list prepacks of product %s: the answer is not the vendor's: %w", p.ID, err)
	}
	if answer.Prepacks == nil {
		return nil, fmt.Errorf("list prepacks of product %s: the answer has no prepacks, so it is not the vendor's", p.ID)
	}
	list := *answer.Prepacks
	for i := range list {
		if list[i].ID == "" {
			return nil, fmt.Errorf("list prepacks of product %s: the answer holds one without its id", p.ID)
		}
		list[i].of(p)
	}
	return list, nil
}

func prepacksPath(product string) string { return "/products/" + segment(product) + "/prepacks" }

// of completes a prepack with what its product says of it.
func (pack *Prepack) of(p *Product) {
	pack.ProductID, pack.ProductName = p.ID, p.Name
	for i := range pack.Items {
		item := &pack.Items[i]
		for j := range p.Variants {
			if v := &p.Variants[j]; v.ID == item.VariantID {
				item.SKU, item.Options = v.SKU, v.Options
			}
		}
	}
}

// prepackAliases names a product by its token and by its variants' SKUs, and a prepack by its
// product with its name, and with its ID, as what is to be deleted is named.
func prepackAliases(s vendors.Stored) []string {
	if !s.Aside {
		pack, err := readPrepack(s.Body)
		if err != nil {
			return nil
		}
		return []string{vendors.PartKey(pack.ProductID, pack.Name), vendors.PartKey(pack.ProductID, pack.ID)}
	}
	var packed packedProduct
	if err := json.Unmarshal(s.Body, &packed); err != nil || packed.Product == nil {
		return nil
	}
	var names []string
	if packed.Product.Token != "" {
		names = append(names, tokenAlias(packed.Product.Token))
	}
	if packed.Product.LifecycleState == vocabulary.Deleted {
		return names
	}
	for i := range packed.Product.Variants {
		if v := &packed.Product.Variants[i]; v.SKU != "" && v.LifecycleState != vocabulary.Deleted {
			names = append(names, skuAlias(v.SKU))
		}
	}
	return names
}

// tokenAlias is the name under which a product is found by its token.
func tokenAlias(token string) string { return "token:" + token }

func readPrepack(body []byte) (*Prepack, error) {
	pack := new(Prepack)
	if err := json.Unmarshal(body, pack); err != nil {
		return nil, fmt.Errorf("this is not a prepack: %w", err)
	}
	return pack, nil
}

// canonicalPrepack writes whose a prepack is, its name, and its variants with their quantities, in the
// order of their IDs.
func canonicalPrepack(body []byte) ([]byte, error) {
	pack, err := readPrepack(body)
	if err != nil {
		return nil, err
	}
	c := Prepack{ProductID: pack.ProductID, Name: string(schema.Trim([]byte(pack.Name))), Items: make([]PrepackItem, len(pack.Items))}
	for i, item := range pack.Items {
		c.Items[i] = PrepackItem{VariantID: item.VariantID, Quantity: item.Quantity}
	}
	slices.SortFunc(c.Items, func(a, b PrepackItem) int { return strings.Compare(a.VariantID, b.VariantID) })
	return json.Marshal(&c)
}

// decodePrepack makes a row of each size. What belongs to the whole prepack stands on the first of them,
// but for what names it.
func decodePrepack(body []byte) ([]map[string]string, error) {
	pack, err := readPrepack(body)
	if err != nil {
		return nil, err
	}
	rows := make([]map[string]string, max(1, len(pack.Items)))
	put := func(row int, name, text string) {
		if text != "" {
			rows[row][name] = text
		}
	}
	for i := range rows {
		rows[i] = make(map[string]string, 10)
		put(i, "product_id", pack.ProductID)
		put(i, "name", pack.Name)
		put(i, "id", pack.ID)
	}
	put(0, "description", pack.Description)
	put(0, "product_name", pack.ProductName)
	put(0, "idempotence_token", pack.Token)
	put(0, "created_at", pack.CreatedAt)
	for i, item := range pack.Items {
		put(i, "variant_id", item.VariantID)
		put(i, "sku", item.SKU)
		put(i, "item_id", item.ID)
		put(i, "quantity", strconv.FormatInt(item.Quantity, 10))
		for _, option := range item.Options {
			if name := "option." + option.Name; canNameColumn(name) {
				put(i, name, option.Value)
			}
		}
	}
	return rows, nil
}

// deletePrepack takes a prepack away (faire:1500). It is named by its product's ID and its name; where
// several have that name, by its own ID in the place of the name.
func deletePrepack(ctx context.Context, client *vendors.Client, d vendors.Deletion) error {
	if isProductKey(d.Key) {
		return &vendors.APIError{Status: http.StatusBadRequest,
			Message: fmt.Sprintf("not sent: a prepack is deleted under its product_id, Faire's ID of the product, which %q is not", d.Key)}
	}
	id := d.Part
	if !isID([]byte(id), vocabulary.PrepackID) {
		var err error
		if id, err = prepackNamed(ctx, client, d); err != nil {
			return err
		}
	}
	return take(ctx, client, prepacksPath(d.Key)+"/"+segment(id), d.Key, id)
}

// prepackNamed finds the ID of the one prepack of a name.
func prepackNamed(ctx context.Context, client *vendors.Client, d vendors.Deletion) (id string, err error) {
	if d.Part == "" {
		return "", errors.New("what has no name cannot be deleted")
	}
	reader := &packReader{client: client}
	list, err := reader.prepacks(ctx, &Product{ID: d.Key})
	if err != nil {
		return "", err
	}
	var ids []string
	for _, pack := range list {
		if pack.Name == d.Part {
			ids = append(ids, pack.ID)
		}
	}
	switch len(ids) {
	case 0:
		return "", &vendors.APIError{Status: http.StatusNotFound, Message: fmt.Sprintf("product %s has no prepack named %q", d.Key, d.Part)}
	case 1:
		return ids[0], nil
	}
	return "", &vendors.APIError{Status: http.StatusConflict,
		Message: fmt.Sprintf("not sent: %d prepacks of product %s are named %q; write the ID of the one that is meant in place of its name: %s",
			len(ids), d.Key, d.Part, strings.Join(ids, ", "))}
}
