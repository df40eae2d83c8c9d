package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Record is what the sandbox has seen since it was opened, and what it stores. It is meant for tests,
// and is served as JSON under /_sandbox/record.
type Record struct {
	Requests         int64               `json:"requests"`            // to vendors, faulted ones included
	First            time.Time           `json:"first"`               // arrival of the first request
	Last             time.Time           `json:"last"`                // arrival of the last request
	MostInFlight     int                 `json:"most_in_flight"`      // requests being answered at once
	MostInOneSpell   int                 `json:"most_in_one_spell"`   // requests that arrived within any one second
	MostInTenSeconds int                 `json:"most_in_ten_seconds"` // requests that arrived within any ten seconds
	Resources        map[string]Resource `json:"resources"`           // by name: "fashiontrade/products"
	Refusals         []Refusal           `json:"refusals"`            // the first thousand
	Log              []Request           `json:"log"`                 // the first two thousand, as they were answered
	TokensReused     []string            `json:"tokens_reused"`       // tokens that came with two different bodies
}

// Request is one request to a vendor as it went.
type Request struct {
	At      time.Time `json:"at"` // arrival
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Status  int       `json:"status"`            // of the answer; 0: there was none
	Fault   string    `json:"fault,omitempty"`   // that struck it, its kind
	Token   string    `json:"token,omitempty"`   // by which the vendor knows a repetition
	Applied []Applied `json:"applied,omitempty"` // what it stored
	// RetryAfter is the answer's header of that name.
	RetryAfter string `json:"retry_after,omitempty"`
}

// Applied is an entity that a request stored.
type Applied struct {
	ID   string `json:"id"`
	Hash string `json:"hash"` // as that of Entity
}

// Resource is the part of a Record that concerns one resource. The requests that found no resource
// stand under the vendor's name alone.
type Resource struct {
	Methods  map[string]int64  `json:"methods"`  // requests by method
	Statuses map[int]int64     `json:"statuses"` // answers by status; 0: there was none
	Faults   map[string]int64  `json:"faults"`   // requests that met a fault, by kind
	Limited  int64             `json:"limited"`  // requests over the rate
	Entities map[string]Entity `json:"entities"` // stored now, by id
}

// Entity is one stored entity of a Record.
type Entity struct {
	Applied int64  `json:"applied"` // how often it was stored since it was created
	Version int    `json:"version"` // of the resource, in which it was stored
	Hash    string `json:"hash"`    // SHA-256 of its body as it was sent, line breaks removed, in hexadecimal
}

// Refusal is a request that was answered with 400 to 499, or that met a fault.
type Refusal struct {
	At      time.Time `json:"at"`
	Method  string    `json:"method"`
	Path    string    `json:"path"`
	Status  int       `json:"status"`  // 0: there was no answer
	Message string    `json:"message"` // of the answer
	Fault   string    `json:"fault"`   // its kind; empty: the request was at fault
}

const (
	mostRefusals = 1000
	mostLogged   = 2000
)

// ledger counts requests as they come and go.
type ledger struct {
	mu                sync.Mutex
	record            Record
	inFlight          int
	spell, tenSeconds arrivals
	numbers           counts
	tokens            map[string][sha256.Size]byte // the body that came with each
}

// reset forgets all requests.
func (l *ledger) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.record = Record{Resources: make(map[string]Resource)}
	l.spell, l.tenSeconds, l.numbers, l.tokens = nil, nil, counts{}, make(map[string][sha256.Size]byte)
}

// arrive counts a request in. Its owner calls leave when it was answered.
func (l *ledger) arrive(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.record.Requests++
	if l.record.Requests == 1 {
		l.record.First = now
	}
	l.record.Last = now
	l.inFlight++
	l.record.MostInFlight = max(l.record.MostInFlight, l.inFlight)
	l.record.MostInOneSpell = max(l.record.MostInOneSpell, l.spell.arrive(now, time.Second))
	l.record.MostInTenSeconds = max(l.record.MostInTenSeconds, l.tenSeconds.arrive(now, 10*time.Second))
}

// arrivals are those of a while that ends now, the oldest first.
type arrivals []time.Time

// arrive adds one and returns how many there are.
func (a *arrivals) arrive(now time.Time, while time.Duration) int {
	old := 0
	for old < len(*a) && now.Sub((*a)[old]) >= while {
		old++
	}
	*a = append((*a)[old:], now)
	return len(*a)
}

// number gives a request its numbers, by which faults know it.
func (l *ledger) number(method string) counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.numbers.add(method)
}

// leave counts a request out.
func (l *ledger) leave(o outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inFlight--
	r, ok := l.record.Resources[o.resource]
	if !ok {
		r = newResource()
	}
	r.Methods[o.call.method]++
	r.Statuses[o.status]++
	if o.limited {
		r.Limited++
	}
	if o.fault != "" {
		r.Faults[o.fault]++
	}
	l.record.Resources[o.resource] = r
	if len(l.record.Log) < mostLogged {
		l.record.Log = append(l.record.Log,
			Request{o.at, o.call.method, o.call.path, o.status, o.fault, o.call.token, o.call.applied, o.retryAfter})
	}
	l.compareToken(o.call)
	if (o.fault != "" || o.status >= 400 && o.status < 500) && len(l.record.Refusals) < mostRefusals {
		l.record.Refusals = append(l.record.Refusals,
			Refusal{o.at, o.call.method, o.call.path, o.status, o.message, o.fault})
	}
}

// compareToken notes a token whose second body is not its first.
func (l *ledger) compareToken(c *call) {
	if c.token == "" {
		return
	}
	body := sha256.Sum256(c.body)
	first, known := l.tokens[c.token]
	if !known {
		l.tokens[c.token] = body
	} else if first != body && !slices.Contains(l.record.TokensReused, c.token) {
		l.record.TokensReused = append(l.record.TokensReused, c.token)
	}
}

func newResource() Resource {
	return Resource{Methods: map[string]int64{}, Statuses: map[int]int64{}, Faults: map[string]int64{},
		Entities: map[string]Entity{}}
}

// copy returns what was counted, for the caller alone.
func (l *ledger) copy() Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.record
	r.Refusals, r.Log, r.TokensReused = slices.Clone(r.Refusals), slices.Clone(r.Log), slices.Clone(r.TokensReused)
	r.Resources = make(map[string]Resource)
	for name, resource := range l.record.Resources {
		resource.Methods = maps.Clone(resource.Methods)
		resource.Statuses = maps.Clone(resource.Statuses)
		resource.Faults = maps.Clone(resource.Faults)
		resource.Entities = map[string]Entity{}
		r.Resources[name] = resource
	}
	return r
}

// Record tells what the sandbox has seen and stores. Its cost grows with the number of entities.
func (s *Server) Record() Record {
	record := s.ledger.copy()
	for name, store := range s.stores {
		resource, ok := record.Resources[name]
		if !ok {
			resource = newResource()
		}
		store.each(func(e entry) {
			resource.Entities[e.id] = Entity{e.applied, e.version, hex.EncodeToString(e.hash[:])}
		})
		if ok || len(resource.Entities) > 0 {
			record.Resources[name] = resource
		}
	}
	return record
}

// Stored is an entity as it was sent.
type Stored struct {
	ID      string          `json:"id"`
	Version int             `json:"version"` // of the resource, in which it was stored
	Body    json.RawMessage `json:"body"`    // as it was sent; line breaks between values are removed
}

// Stored returns the entities of a resource ("fashiontrade/products") as they were sent, sorted by
// id. There are none of a resource that the sandbox does not know.
func (s *Server) Stored(resource string) ([]Stored, error) {
	store := s.stores[resource]
	if store == nil {
		return nil, nil
	}
	var all []Stored
	entities, _, _, err := store.page(0, -1)
	for _, e := range entities {
		all = append(all, Stored{e.id, e.version, e.body})
	}
	slices.SortFunc(all, func(a, b Stored) int { return strings.Compare(a.ID, b.ID) })
	return all, err
}

// serveRecord answers what lies under /_sandbox, which takes no part in rate, faults and counting.
func (s *Server) serveRecord(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	switch r.URL.Path {
	case "/_sandbox/health":
		out.Encode(map[string]string{"status": "ok"})
	case "/_sandbox/record":
		out.Encode(s.Record())
	case "/_sandbox/stored":
		all, err := s.Stored(r.URL.Query().Get("resource"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		for _, entity := range all {
			out.Encode(entity)
		}
	case "/_sandbox/reset":
		s.serveReset(w, r)
	case "/_sandbox/fitanalytics/jwks":
		s.serveKeys(w, r)
	case "/_sandbox/fitanalytics/tokens":
		out.Encode(s.Tokens())
	default:
		http.Error(w, "/_sandbox has health, record and stored?resource=VENDOR/RESOURCE, and takes POST of "+
			"reset?faults=LIST&seed=N&rate=RATE&hidden=BOOL&latency=DURATION; fitanalytics/jwks takes PUT of a key set, and "+
			"fitanalytics/tokens tells which tokens came", http.StatusNotFound)
	}
}

// serveReset answers POST /_sandbox/reset: what the query leaves out is as if it had never been given.
func (s *Server) serveReset(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "reset wants POST", http.StatusMethodNotAllowed)
		return
	}
	o, err := parseReset(r.URL.Query())
	if err == nil {
		err = s.Reset(o)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func parseReset(query url.Values) (o Options, err error) {
	for name, values := range query {
		text := values[0]
		switch name {
		case "faults":
			o.Faults, err = ParseFaults(text)
		case "seed":
			o.Seed, err = strconv.ParseUint(text, 10, 64)
		case "rate":
			o.Rate, o.Changes, err = ParseRate(text)
		case "hidden":
			o.Hidden, err = strconv.ParseBool(text)
		case "latency":
			o.Latency, err = time.ParseDuration(text)
		default:
			err = fmt.Errorf("there is no such parameter")
		}
		if err != nil {
			return o, fmt.Errorf("%s: %w", name, err)
		}
	}
	return o, nil
}
