package sandbox

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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
	name:   "fashiontrade",
	path:   "/fashiontrade/pim",
	stores: []string{"products"},
	play: func(s *stage) func(*call) answer {
		pim := &pim{stage: s, collections: map[string]*collection{
			"products": newProducts(s.stores["products"]),
		}}
		return pim.answer
	},
}

// pim answers the calls of the PIM service.
type pim struct {
	*stage
	collections map[string]*collection
}

// collection is one of the service's resources that are created, replaced, read in pages and deleted.
type collection struct {
	noun     string // "product"
	resource string // in media types
	latest   int    // version
	store    *store
	// check returns what is to be stored of a body, or a misfit.
	check func(version int, body node) (checked, error)
	// show adds the read-only fields to a stored body.
	show func(body []byte) ([]byte, error)
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
	switch _, err := r.store.put(w.id, w.version, c.body, true); {
	case errors.Is(err, errExists):
		return r.exists(w.id)
	case err != nil:
		return internal(err)
	}
	return r.shown(http.StatusCreated, w.accepted, c.body, w.additions)
}

func (r *collection) exists(id string) answer {
	return message(http.StatusConflict, fmt.Sprintf("id: a %s with the ID %q exists already", r.noun, id))
}

// replace answers PUT.
func (r *collection) replace(c *call, id string) answer {
	w, refusal := r.writing(c, http.StatusBadRequest)
	if refusal != nil {
		return *refusal
	}
	if w.id != id {
		return message(http.StatusBadRequest, fmt.Sprintf("id: %q is not the ID in the path, %q", w.id, id))
	}
	if !w.dryRun {
		if _, err := r.store.put(w.id, w.version, c.body, false); err != nil {
			return internal(err)
		}
	}
	return r.shown(http.StatusOK, w.accepted, c.body, w.additions)
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
	body, err := parseJSON(c.body)
	if err == nil {
		w.checked, err = r.check(w.version, body)
	}
	if err != nil {
		return w, new(message(invalid, err.Error()))
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

// list answers GET of a page.
func (r *collection) list(c *call) answer {
	version, refusal := r.reading(c, "limit", "next")
	if refusal != nil {
		return *refusal
	}
	query, _ := parameters(c, "limit", "next")
	limit, err := pageLimit(query)
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	from, err := r.pageStart(query.Get("next"))
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	if newest := r.store.newest(); version < newest {
		return r.tooOld(version, newest)
	}
	return answer{status: http.StatusOK, mediaType: vocabulary.MediaType(r.resource, strconv.Itoa(version)),
		stream: func(w io.Writer) error { return r.writePage(w, from, limit) }}
}

// pageLimit reads the limit, an int32. Without one a page is unlimited, as the document says is so
// "at the moment".
func pageLimit(query url.Values) (int, error) {
	if !query.Has("limit") {
		return math.MaxInt, nil
	}
	limit, err := strconv.ParseInt(query.Get("limit"), 10, 32)
	if err != nil || limit < 1 {
		return 0, fmt.Errorf("limit: %q must be a whole number from 1", query.Get("limit"))
	}
	return int(limit), nil
}

// pageStart reads a page token; an empty one means the first page.
func (r *collection) pageStart(token string) (from uint64, err error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw) != 12 || r.pageToken(binary.BigEndian.Uint64(raw)) != token {
		return 0, fmt.Errorf("next: %q was not given out by this resource", token)
	}
	return binary.BigEndian.Uint64(raw), nil
}

// pageToken writes the place at which a page starts so that clients do not take it for a number, and
// so that one of another resource is noticed.
func (r *collection) pageToken(from uint64) string {
	raw := binary.BigEndian.AppendUint64(nil, from)
	raw = binary.BigEndian.AppendUint32(raw, crc32.ChecksumIEEE(append(raw, r.resource...)))
	return base64.RawURLEncoding.EncodeToString(raw)
}

// pageStep is how many entities are held at once while a page is written.
const pageStep = 64

// writePage writes up to limit entities, and where the next page starts.
func (r *collection) writePage(w io.Writer, from uint64, limit int) error {
	next, separator := "null", `{"items":[`
	for {
		entities, start, more, err := r.store.page(from, min(limit, pageStep))
		if err != nil {
			return err
		}
		for _, entity := range entities {
			body, err := r.show(entity.body)
			if err != nil {
				return err
			}
			if _, err := w.Write(append([]byte(separator), body...)); err != nil {
				return err
			}
			separator = ","
		}
		from, limit = start, limit-len(entities)
		if more && limit == 0 {
			next = strconv.Quote(r.pageToken(start))
		}
		if !more || limit == 0 {
			break
		}
	}
	if separator != "," { // nothing opened the list
		if _, err := io.WriteString(w, separator); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, `],"next":`+next+`,"total":0}`)
	return err
}

// parameters reads the query, in which only the known names may stand, each once.
func parameters(c *call, known ...string) (url.Values, error) {
	query, err := url.ParseQuery(c.query)
	if err != nil {
		return nil, fmt.Errorf("the query cannot be read: %w", err)
	}
	for name, values := range query {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("%s: there is no such query parameter here", name)
		}
		if len(values) > 1 {
			return nil, fmt.Errorf("%s: the query parameter stands twice", name)
		}
	}
	return query, nil
}

func boolean(query url.Values, name string) (bool, error) {
	switch text := query.Get(name); {
	case text == "true":
		return true, nil
	case text == "false" || !query.Has(name):
		return false, nil
	default:
		return false, fmt.Errorf("%s: %q must be true or false", name, text)
	}
}

// contentVersion returns the version of the body, from Content-Type.
func (r *collection) contentVersion(header http.Header) (int, error) {
	contentType := header.Get("Content-Type")
	if contentType == "" {
		return 0, errors.New("not acceptable: Content-Type is missing")
	}
	version, _, err := r.mediaVersion(contentType)
	if err != nil {
		return 0, fmt.Errorf("not acceptable: Content-Type %q: %w", contentType, err)
	}
	return version, nil
}

// acceptedVersion returns the version of the answer: of the most wanted media type in Accept that
// can be given, the first of those wanted equally. Without Accept it is the latest.
func (r *collection) acceptedVersion(header http.Header) (int, error) {
	accept := strings.Join(header.Values("Accept"), ",")
	if accept == "" {
		return r.latest, nil
	}
	best, weight := 0, 0.0
	refusal := errors.New("nothing in it is wanted")
	for item := range strings.SplitSeq(accept, ",") {
		version, q, err := r.mediaVersion(item)
		if err != nil {
			refusal = err
		} else if q > weight {
			best, weight = version, q
		}
	}
	if best == 0 {
		return 0, fmt.Errorf("not acceptable: Accept %q: %w", accept, refusal)
	}
	return best, nil
}

// mediaVersion reads one media type, "application/vnd.fashiontrade.product+json; version=2". One
// without a resource means the path's, one without a version the latest.
func (r *collection) mediaVersion(text string) (version int, q float64, err error) {
	mediaType, values, err := mime.ParseMediaType(text)
	if err != nil {
		return 0, 0, errors.New("it is not a media type")
	}
	switch mediaType {
	case "application/vnd.fashiontrade." + r.resource + "+json", "application/json", "application/*", "*/*":
	default:
		return 0, 0, fmt.Errorf("the resource here is application/vnd.fashiontrade.%s+json", r.resource)
	}
	version, q = r.latest, 1
	for name, value := range values {
		switch {
		case name == "version":
			version, err = strconv.Atoi(value)
			if err != nil || version < 1 || version > r.latest || value != strconv.Itoa(version) {
				return 0, 0, fmt.Errorf("the versions are 1 to %d", r.latest)
			}
		case name == "q":
			if q, err = strconv.ParseFloat(value, 64); err != nil || !(q >= 0 && q <= 1) {
				return 0, 0, errors.New("q must be a number from 0 to 1")
			}
		case name == "charset" && strings.EqualFold(value, "utf-8"):
		default:
			return 0, 0, fmt.Errorf("the parameter %s=%s is not known", name, value)
		}
	}
	return version, q, nil
}
