package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// fitAnalytics plays Fit Analytics's Recommendation API in its plain JSON mode. Every request needs a token
// that is signed by a key of the set that SetKeys told. Where the document is silent:
//
//   - tokens need exp and iat; the subject of the document's validation options, one text for all, is not looked at;
//   - a request without Accept is one for JSON, since the samples have none; bodies need their type;
//   - purchases are taken as {"data": [...]} only, answered 200 with one entry of errors for each, and an
//     event with members that the document does not list is refused by itself;
//   - a profile that is not the customer's is not there; PATCH of a profile answers the whole of it;
//   - what the session of a customer holds who was not logged in becomes the user's with the first request that names both;
//   - the primary profile of a gender is the one that was told so last, else the one that was changed last;
//   - products, brands, styles, sizes and shapes follow from their IDs by a hash: one product of five is not
//     supported, besides the one of the document's example;
//   - query parameters that the document does not show are refused, so that a misspelt filter does not list all.
//
// What is stored of a purchase or a profile is an object with the customer and, as data, what was sent.
var fitAnalytics = &vendor{
	name:   "fitanalytics",
	path:   "/fitanalytics/api/v1",
	stores: []string{"purchases", "profiles"},
	play: func(s *stage) func(*call) answer {
		f := &fitFinder{stage: s}
		f.load()
		s.cleared = func() {
			s.keys.forget()
			f.load()
		}
		return f.answer
	},
}

// fitFinder answers the calls of the API.
type fitFinder struct {
	*stage
	mu     sync.Mutex
	broken error               // of reading the stores
	owned  map[string][]string // IDs of profiles by the record that has them, in the order of creation
	bought map[string]bool     // record, category and gender of what was bought
	made   int                 // profiles
	told   int                 // requests with purchases
	recent map[string]int      // when a profile was last changed
	clock  int
}

// load takes up what the stores hold.
func (f *fitFinder) load() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.owned, f.bought, f.recent = make(map[string][]string), make(map[string]bool), make(map[string]int)
	f.made, f.told, f.clock, f.broken = 0, 0, 0, nil
	for _, name := range []string{"profiles", "purchases"} {
		all, _, _, err := f.stores[name].page(0, -1)
		if err != nil {
			f.broken = err
			return
		}
		for _, e := range all {
			if err := f.takeUp(name, e); err != nil {
				f.broken = err
				return
			}
		}
	}
}

func (f *fitFinder) takeUp(name string, e stored) error {
	var kept keptOf
	if err := json.Unmarshal(e.body, &kept); err != nil {
		return fmt.Errorf("read the stored %s %q: %w", name, e.id, err)
	}
	if name == "profiles" {
		f.made++
		f.touch(e.id)
		for _, record := range kept.Records {
			f.owned[record] = append(f.owned[record], e.id)
		}
		return nil
	}
	f.told++
	body, err := parseJSON(kept.Data)
	if err == nil {
		f.buy(kept.Records, body.textOf("product"))
	}
	return err
}

// keptOf is what is stored: what was sent, and whose it is.
type keptOf struct {
	Records []string        `json:"records"` // "sub 1000", "sess abc"
	Data    json.RawMessage `json:"data"`
}

// records are those that a token gives access to (fit-analytics:864).
func (c fitCustomer) records() []string {
	records := []string{"sess " + c.sess}
	if c.sub != "" {
		records = append(records, "sub "+c.sub)
	}
	return records
}

func (f *fitFinder) touch(id string) {
	f.clock++
	f.recent[id] = f.clock
}

func (f *fitFinder) buy(records []string, product string) {
	category, gender := kindOf(product)
	for _, record := range records {
		f.bought[record+"\x00"+category+gender] = true
	}
}

// answer finds the customer, and what is asked for.
func (f *fitFinder) answer(c *call) answer {
	if len(c.parts) > 1 && c.parts[len(c.parts)-1] == "" { // with or without a slash at the end
		c.parts = c.parts[:len(c.parts)-1]
	}
	who, err := f.keys.check(c, f.now())
	if err != nil {
		return fitRefusal(http.StatusUnauthorized, "unauthorized", err.Error())
	}
	if refusal := plainJSON(c); refusal != nil {
		return *refusal
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		return internal(f.broken)
	}
	switch path := strings.Join(c.parts, "/"); {
	case path == "events/purchases":
		return f.purchases(c, who)
	case c.parts[0] == "profiles" && len(c.parts) <= 2:
		return f.profiles(c, who)
	case c.parts[0] == "products" && len(c.parts) == 2:
		return f.product(c)
	case c.parts[0] == "products" && len(c.parts) == 3 && c.parts[2] == "recommendations":
		return f.recommend(c, who)
	case fitCatalogues[c.parts[0]] != nil && len(c.parts) <= 2:
		return fitCatalogues[c.parts[0]].answer(c)
	}
	return fitRefusal(http.StatusNotFound, "not_found", "there is nothing at this path")
}

// plainJSON wants the types of the plain JSON mode (fit-analytics:11, 780).
func plainJSON(c *call) *answer {
	if accept := c.header.Get("Accept"); accept != "" && accept != "*/*" && !strings.Contains(accept, "application/json") {
		return new(fitRefusal(http.StatusNotAcceptable, "not_acceptable", "answers are application/json"))
	}
	kind, _, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	if c.method != http.MethodGet && (err != nil || kind != "application/json") {
		return new(fitRefusal(http.StatusUnsupportedMediaType, "unsupported_media_type", "bodies are application/json"))
	}
	return nil
}

// fitError is one error of an answer (fit-analytics:274).
type fitError struct {
	Status string     `json:"status"`
	Code   string     `json:"code"`
	Title  string     `json:"title"`
	Source *fitSource `json:"source,omitempty"`
}

type fitSource struct {
	Fields []string `json:"fields"`
}

// fitRefusal is an answer with one error.
func fitRefusal(status int, code, title string) answer {
	return fitErrors(status, fitError{Status: fmt.Sprint(status), Code: code, Title: title})
}

func fitErrors(status int, list ...fitError) answer {
	a := fitAnswer(status, map[string]any{"errors": list})
	a.message = list[0].Title
	return a
}

// fitAnswer is an answer of JSON, not escaped for HTML.
func fitAnswer(status int, value any) answer {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return internal(err)
	}
	return answer{status: status, mediaType: "application/json", body: body.Bytes()}
}

// fitData is an answer with data.
func fitData(status int, data any) answer { return fitAnswer(status, map[string]any{"data": data}) }

// dataOfCall gives the member data of a body.
func dataOfCall(c *call) (*node, *answer) {
	body, err := parseJSON(c.body)
	if err != nil {
		return nil, new(fitRefusal(http.StatusBadRequest, "invalid_json", err.Error()))
	}
	data, ok := body.member("data")
	if !ok || len(body.names) != 1 {
		return nil, new(fitRefusal(http.StatusBadRequest, "invalid_body", "the body must be an object with the member data alone"))
	}
	return data, nil
}

// fitQuery reads the query, in which only these filters, the fields of one type and these includes may stand.
func fitQuery(c *call, filters []string, kind string, includes []string) (url.Values, *answer) {
	known := []string{}
	for _, name := range filters {
		known = append(known, "filter["+name+"]")
	}
	if kind != "" {
		known = append(known, "fields["+kind+"]")
	}
	if includes != nil {
		known = append(known, "include")
	}
	query, err := parameters(c, known...)
	for name := range strings.SplitSeq(query.Get("include"), ",") {
		if err == nil && name != "" && !slices.Contains(includes, name) {
			err = fmt.Errorf("include: there is no relation %q here", name)
		}
	}
	if err != nil {
		return nil, new(fitRefusal(http.StatusBadRequest, "invalid_query", err.Error()))
	}
	return query, nil
}

// fitMethods refuses other methods.
func fitMethods(methods string) answer {
	a := fitRefusal(http.StatusMethodNotAllowed, "method_not_allowed", "the methods here are "+methods)
	a.set("Allow", methods)
	return a
}

// lotOf is a number that follows from texts alone.
func lotOf(texts ...string) int {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return int(sum[0])<<16 | int(sum[1])<<8 | int(sum[2])
}

// fitID is an ID of the form of the document's, that follows from texts alone.
func fitID(texts ...string) string {
	const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	id := []byte("01")
	for _, b := range sum[:24] {
		id = append(id, letters[b&31])
	}
	return string(id)
}

// fitTxID is the identifier of a request, 24 digits of base 16.
func fitTxID(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:12])
}
