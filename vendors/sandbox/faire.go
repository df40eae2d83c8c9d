package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"
)

// faire plays Faire's external API, version 2. Where its document is silent or says two things:
//
//   - What creates is answered 201, and so is its repetition: the same token with the same body shows what was created
//     as it is now, also when it was deleted since. A token with another body is refused. A deleted prepack shows no
//     state, so its token is refused.
//   - A body is compared as it was sent, without the blanks between its values. Tokens of products, variants and prepacks
//     are three kinds.
//   - Every new object needs a token, also a variant in a PATCH of its product, where the sample has none.
//   - Members that no table lists are refused, except those that the samples send: a variant's name, an image's width and
//     height, a taxonomy type's name. They are ignored.
//   - A product without lifecycle_state is a DRAFT, a variant without it has its product's. What left DRAFT does not go
//     back to it. A product that is to be PUBLISHED needs a PUBLISHED variant.
//   - A variant needs prices as soon as it is no DRAFT; the two deprecated amounts together stand in for them.
//   - backordered_until pauses sales until that time has come.
//   - A change of a variant, also of its stock, is one of its product, but one of a prepack is not.
//   - A list without include_deleted leaves deleted variants out too; all other answers show them.
//   - A prepack is active, and listed, while none of its variants is deleted or backordered.
//   - Orders exist from the start and are always the same ones; see firstOrders.
//
// The record knows products, variants, prepacks, orders and shipments, and tells of a request which of them it stored: a
// change of stock stores variants. Bodies in the record are what the sandbox knows, but the hashes in its log are of
// what was sent.
var faire = &vendor{
	name:   "faire",
	path:   "/external-api/v2",
	stores: []string{"products", "variants", "prepacks", "orders", "shipments"},
	play: func(s *stage) func(*call) answer {
		f := &wholesale{stage: s}
		f.routes = f.makeRoutes()
		s.cleared = f.load
		f.load()
		return f.answer
	},
}

// wholesale answers the calls of Faire's API. What it holds is in its stores too.
type wholesale struct {
	*stage
	routes []route

	mu     sync.RWMutex
	broken error // of reading the stores
	last   time.Time
	goods
	packs
	sales
}

// load reads the stores into memory.
func (f *wholesale) load() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.goods, f.packs = time.Time{}, newGoods(), newPacks()
	f.broken = errors.Join(f.loadProducts(), f.loadPrepacks(), f.loadOrders())
}

// A route is a path, in which an asterisk stands for an id, with the methods that it takes.
type route struct {
	path    []string
	methods map[string]func(*call) answer
}

// makeRoutes lists the endpoints in the document's order, but words before ids.
func (f *wholesale) makeRoutes() []route {
	type methods = map[string]func(*call) answer
	const get, post, put, patch, remove = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	var routes []route
	for _, r := range []struct {
		path    string
		methods methods
	}{
		{"products", methods{get: f.listProducts, post: f.createProduct}},
		{"products/types", methods{get: f.listTypes}},
		{"products/*", methods{get: f.getProduct, patch: f.updateProduct, remove: f.deleteProduct}},
		{"products/*/variant-option-sets", methods{patch: f.updateOptionSets}},
		{"products/*/variants", methods{post: f.createVariant}},
		{"products/variants/inventory-levels-by-product-variant-ids", methods{patch: f.updateStockByID}},
		{"products/variants/inventory-levels-by-skus", methods{patch: f.updateStockBySKU}},
		{"products/*/variants/*", methods{patch: f.updateVariant, remove: f.deleteVariant}},
		{"products/*/prepacks", methods{get: f.listPrepacks, post: f.createPrepack}},
		{"products/*/prepacks/*", methods{get: f.getPrepack, remove: f.deletePrepack}},
		{"orders", methods{get: f.listOrders}},
		{"orders/*", methods{get: f.getOrder}},
		{"orders/*/processing", methods{put: f.acceptOrder}},
		{"orders/*/shipments", methods{post: f.shipOrder}},
		{"orders/*/items/availability", methods{post: f.backorderItems}},
		{"brands/profile", methods{get: f.getBrand}},
		{"retailers/public/*", methods{get: f.getRetailer}},
	} {
		routes = append(routes, route{strings.Split(r.path, "/"), r.methods})
	}
	return routes
}

// fits reports whether a path is the route's.
func (r *route) fits(parts []string) bool {
	if len(parts) != len(r.path) {
		return false
	}
	for i, part := range parts {
		if r.path[i] != part && (r.path[i] != "*" || part == "") {
			return false
		}
	}
	return true
}

func (f *wholesale) answer(c *call) answer {
	token := c.header.Get("X-FAIRE-ACCESS-TOKEN")
	if token == "" || f.token != "" && token != f.token {
		return message(http.StatusUnauthorized, "the access token in X-FAIRE-ACCESS-TOKEN is missing or wrong")
	}
	f.mu.RLock()
	broken := f.broken
	f.mu.RUnlock()
	if broken != nil {
		return internal(broken)
	}
	for i := range f.routes {
		r := &f.routes[i]
		if !r.fits(c.parts) {
			continue
		}
		if play := r.methods[c.method]; play != nil {
			return play(c)
		}
		return message(http.StatusMethodNotAllowed, c.method+" is not taken here")
	}
	return message(http.StatusNotFound, "there is nothing at this path")
}

// absent says that a path or body names something that there is not.
type absent struct{ text string }

// Error reads `there is no product "p_1"`.
func (a *absent) Error() string { return a.text }

func absentf(format string, arguments ...any) error {
	return &absent{fmt.Sprintf(format, arguments...)}
}

// refused answers an error: 400 for a misfit, 404 for what is absent.
func refused(err error) answer {
	var m *misfit
	var a *absent
	switch {
	case errors.As(err, &m):
		return message(http.StatusBadRequest, err.Error())
	case errors.As(err, &a):
		return message(http.StatusNotFound, err.Error())
	}
	return internal(err)
}

// shown answers a value, or the error that kept it from being made.
func shown(status int, value any, err error) answer {
	if err != nil {
		return refused(err)
	}
	body, err := compactJSON(value)
	if err != nil {
		return internal(err)
	}
	return answer{status: status, mediaType: "application/json", body: body}
}

// compactJSON writes a value on one line, without escapes that JSON does not need.
func compactJSON(value any) ([]byte, error) {
	var body bytes.Buffer
	out := json.NewEncoder(&body)
	out.SetEscapeHTML(false)
	err := out.Encode(value)
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), err
}

// unused makes sure that a call has no query.
func unused(c *call) error {
	if _, err := parameters(c); err != nil {
		return misfitf("%v", err)
	}
	return nil
}

// read reads the body of a call that has no query, and checks its members.
func (c *call) object(members []member) (*node, error) {
	if err := unused(c); err != nil {
		return nil, err
	}
	kind := c.header.Get("Content-Type")
	if name, _, err := mime.ParseMediaType(kind); err != nil || name != "application/json" {
		return nil, misfitf("the Content-Type %q is not application/json", kind)
	}
	body, err := parseJSON(c.body)
	if err != nil {
		return nil, misfitf("%v", err)
	}
	return &body, object(&body, members)
}

// decode fills a value from a part of the body that has been checked.
func (c *call) decode(n *node, into any) error { return json.Unmarshal(c.body[n.start:n.end], into) }

// fingerprint tells bodies apart that are not alike but for blanks.
func fingerprint(raw []byte) string {
	var line bytes.Buffer
	if json.Compact(&line, raw) != nil {
		line.Write(raw)
	}
	sum := sha256.Sum256(line.Bytes())
	return hex.EncodeToString(sum[:16])
}

// newID makes an id from what it names, so that the same token gives the same id in every sandbox.
func newID(prefix string, name ...string) string {
	sum := sha256.Sum256([]byte(prefix + strings.Join(name, "\x00")))
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10])
}

// clock returns the time of a change in the form of the document. It never goes back, since lists are in its order.
// The caller holds the lock.
func (f *wholesale) clock() string {
	if now := f.now().UTC().Truncate(time.Millisecond); now.After(f.last) {
		f.last = now
	}
	return stamp(f.last)
}

// stampForm is the form of timestamps in answers (faire:55).
const stampForm = "2006-01-02T15:04:05.000Z"

func stamp(t time.Time) string { return t.UTC().Format(stampForm) }

// unstamp reads a timestamp that was checked. Of an empty text it is the zero time.
func unstamp(text string) time.Time {
	t, _ := time.Parse(time.RFC3339, text)
	return t
}
