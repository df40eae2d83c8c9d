package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// fashiontrade plays the PIM service. Where its document is silent:
//
//   - an answer shows the body as it was stored, with the read-only fields added;
//   - an older version's body is answered unchanged under a newer one;
//   - a list under an older version is refused when anything newer is stored;
//   - pages are in the order of creation, and a page token outlives changes and restarts;
//   - a POST with dry_run answers 200, since nothing was created;
//   - unknown query parameters and media type parameters are refused, so that a misspelt dry_run
//     does not store and a misspelt version does not become the latest.
var fashiontrade = &vendor{
	name: "fashiontrade",
	path: "/fashiontrade/pim",
	long: []string{"price-lists", "prepack-price-lists"},
	stores: []string{"products", "prepacks", "price-lists", "prepack-price-lists", "product-stock",
		"prepack-stock"},
	play: func(s *stage) func(*call) answer {
		pim := &pim{stage: s, collections: map[string]*collection{
			"products":            newProducts(s.stores["products"]),
			"prepacks":            newPrepacks(s.stores["prepacks"]),
			"price-lists":         newPriceLists(s.stores["price-lists"]),
			"prepack-price-lists": newPrepackPriceLists(s.stores["prepack-price-lists"]),
		}, stocks: map[string]*stock{
			"product-stock": newProductStock(s.stores["product-stock"]),
			"prepack-stock": newPrepackStock(s.stores["prepack-stock"]),
		}}
		return pim.answer
	},
}

// pim answers the calls of the PIM service.
type pim struct {
	*stage
	collections map[string]*collection
	stocks      map[string]*stock
}

// collection is one of the service's resources that are created, replaced, read in pages and deleted.
type collection struct {
	noun     string // "product"
	resource string // in media types
	key      string // the member that names an entity; empty: id
	latest   int    // version
	store    *store
	// check returns what is to be stored of a body, or a misfit.
	check func(version int, body node) (checked, error)
	// long is the member whose elements are checked one by one and not held, each by what eachOf returns
	// for a body. Empty: there is none.
	long   string
	eachOf func() func(*node) error
	// show adds the read-only fields to a stored body.
	show func(body []byte) ([]byte, error)
	// tellsCreated is set when a PUT that creates is answered 201.
	tellsCreated bool
}

// checked is a body that may be stored.
type checked struct {
	id        string
	additions []addition
}

// addition is text that an answer puts into a body: the read-only members of an object.
type addition struct {
	at   int // offset in the body
	text string
}

// with returns the body with the additions, which are in the order of their places.
func with(body []byte, additions []addition) []byte {
	var shown []byte
	last := 0
	for _, a := range additions {
		shown = append(append(shown, body[last:a.at]...), a.text...)
		last = a.at
	}
	return append(shown, body[last:]...)
}

func (p *pim) answer(c *call) answer {
	if !p.bearer(c) {
		return plain(http.StatusUnauthorized, "Request lacks valid authentication.")
	}
	if stock := p.stocks[c.parts[0]]; stock != nil {
		return stock.answer(c, p.now())
	}
	resource := p.collections[c.parts[0]]
	if resource == nil {
		return message(http.StatusNotFound, fmt.Sprintf("there is no resource %q", c.parts[0]))
	}
	switch {
	case len(c.parts) == 1 || len(c.parts) == 2 && c.parts[1] == "":
		return p.all(resource, c)
	case len(c.parts) == 2:
		return p.one(resource, c, c.parts[1])
	default:
		return message(http.StatusNotFound, "there is nothing at this path; a slash within an ID must be escaped")
	}
}

// all answers the calls that name no entity.
func (p *pim) all(r *collection, c *call) answer {
	switch c.method {
	case http.MethodPost:
		return r.create(c)
	case http.MethodGet:
		return r.list(c)
	case http.MethodDelete:
		return r.clear(c, p.now())
	}
	return notAllowed("GET, POST, DELETE")
}

// one answers the calls that name an entity.
func (p *pim) one(r *collection, c *call, id string) answer {
	switch c.method {
	case http.MethodPut:
		return r.replace(c, id)
	case http.MethodGet:
		return r.get(c, id)
	case http.MethodDelete:
		return r.delete(c, id)
	}
	return notAllowed("GET, PUT, DELETE")
}

func notAllowed(methods string) answer {
	a := message(http.StatusMethodNotAllowed, "the methods here are "+methods)
	a.set("Allow", methods)
	return a
}

// create answers POST.
func (r *collection) create(c *call) answer {
	w, refusal := r.writing(c, http.StatusConflict)
	if refusal != nil {
		return *refusal
	}
	if w.dryRun {
		if r.store.has(w.id) {
			return r.exists(w.id)
		}
		return r.shown(http.StatusOK, w.accepted, c.body, w.additions)
	}
	switch _, err := r.put(c, w, true); {
	case errors.Is(err, errExists):
		return r.exists(w.id)
	case err != nil:
		return internal(err)
	}
	return r.shown(http.StatusCreated, w.accepted, c.body, w.additions)
}

func (r *collection) exists(id string) answer {
	return message(http.StatusConflict, fmt.Sprintf("%s: a %s with the ID %q exists already", r.keyName(), r.noun, id))
}

// keyName is the member that names an entity.
func (r *collection) keyName() string { return cmp.Or(r.key, "id") }

// replace answers PUT.
func (r *collection) replace(c *call, id string) answer {
	w, refusal := r.writing(c, http.StatusBadRequest)
	if refusal != nil {
		return *refusal
	}
	if w.id != id {
		return message(http.StatusBadRequest, fmt.Sprintf("%s: %q is not the ID in the path, %q", r.keyName(), w.id, id))
	}
	status := http.StatusOK
	if !w.dryRun {
		created, err := r.put(c, w, false)
		if err != nil {
			return internal(err)
		}
		if created && r.tellsCreated {
			status = http.StatusCreated
		}
	}
	return r.shown(status, w.accepted, c.body, w.additions)
}

// put stores the body of a call.
func (r *collection) put(c *call, w writeCall, onlyNew bool) (created bool, err error) {
	if created, err = r.store.put(w.id, w.version, c.body, onlyNew); err != nil {
		return false, err
	}
	return created, c.apply(w.id, c.body)
}

// writeCall is what a POST or PUT asks for, checked.
type writeCall struct {
	checked
	version  int // of the body
	accepted int // of the answer
	dryRun   bool
}

// writing checks a POST or PUT, or says how it is refused; invalid is the status for a wrong body.
func (r *collection) writing(c *call, invalid int) (w writeCall, refusal *answer) {
	w, refusal = r.negotiate(c)
	if refusal != nil {
		return w, refusal
	}
	body, err := r.parse(c.body)
	if err == nil {
		w.checked, err = r.check(w.version, body)
	}
	if err != nil {
		return w, new(message(invalid, err.Error()))
	}
	return w, nil
}

// parse reads a body, and checks the elements of its long member.
func (r *collection) parse(body []byte) (node, error) {
	if r.long == "" {
		return parseJSON(body)
	}
	each := r.eachOf()
	return parseLong(body, r.long, func(i int, n *node) error {
		if err := each(n); err != nil {
			return within(r.long, within(fmt.Sprintf("[%d]", i), err))
		}
		return nil
	})
}

// negotiate checks query and headers of a call with a body.
func (r *collection) negotiate(c *call) (w writeCall, refusal *answer) {
	query, err := parameters(c, "dry_run")
	if err == nil {
		w.dryRun, err = boolean(query, "dry_run")
	}
	if err != nil {
		return w, new(message(http.StatusBadRequest, err.Error()))
	}
	if w.version, err = r.contentVersion(c.header); err == nil {
		w.accepted, err = r.acceptedVersion(c.header)
	}
	if err != nil {
		return w, new(plain(http.StatusNotAcceptable, err.Error()))
	}
	if w.accepted < w.version {
		return w, new(r.tooOld(w.accepted, w.version))
	}
	return w, nil
}

func (r *collection) tooOld(accepted, version int) answer {
	return message(http.StatusBadRequest, fmt.Sprintf(
		"version %d was asked for, but the %s is of version %d, and migration goes forward only", accepted, r.noun, version))
}

// shown answers a body with additions.
func (r *collection) shown(status, version int, body []byte, additions []addition) answer {
	return answer{status: status, mediaType: vocabulary.MediaType(r.resource, strconv.Itoa(version)),
		body: with(body, additions)}
}

// get answers GET of one entity.
func (r *collection) get(c *call, id string) answer {
	version, refusal := r.reading(c)
	if refusal != nil {
		return *refusal
	}
	entity, ok, err := r.store.get(id)
	switch {
	case err != nil:
		return internal(err)
	case !ok:
		return r.missing(id)
	case version < entity.version:
		return r.tooOld(version, entity.version)
	}
	body, err := r.show(entity.body)
	if err != nil {
		return internal(err)
	}
	return r.shown(http.StatusOK, version, body, nil)
}

// reading checks query and Accept of a call without a body.
func (r *collection) reading(c *call, known ...string) (version int, refusal *answer) {
	if _, err := parameters(c, known...); err != nil {
		return 0, new(message(http.StatusBadRequest, err.Error()))
	}
	version, err := r.acceptedVersion(c.header)
	if err != nil {
		return 0, new(plain(http.StatusNotAcceptable, err.Error()))
	}
	return version, nil
}

func (r *collection) missing(id string) answer {
	return message(http.StatusNotFound, fmt.Sprintf("no %s found for the ID %q", r.noun, id))
}

// delete answers DELETE of one entity.
func (r *collection) delete(c *call, id string) answer {
	if _, refusal := r.reading(c); refusal != nil {
		return *refusal
	}
	ok, err := r.store.delete(id)
	switch {
	case err != nil:
		return internal(err)
	case !ok:
		return r.missing(id)
	}
	return answer{status: http.StatusNoContent}
}

// clear answers DELETE of all entities, which must name today's date. Its zone is not documented and
// taken as UTC.
func (r *collection) clear(c *call, now time.Time) answer {
	if _, refusal := r.reading(c, "current_date"); refusal != nil {
		return *refusal
	}
	query, _ := parameters(c, "current_date")
	if date, today := query.Get("current_date"), now.UTC().Format(time.DateOnly); date != today {
		return message(http.StatusBadRequest, fmt.Sprintf("current_date: %q is not today's date, %s (UTC)", date, today))
	}
	if err := r.store.clear(); err != nil {
		return internal(err)
	}
	return answer{status: http.StatusNoContent}
}
