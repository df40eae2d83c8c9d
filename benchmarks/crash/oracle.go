//go:build unix

package main

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulkload/pipeline/journal"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// A life is one process of a run, and what it left behind.
type life struct {
	ended time.Time
	feed  int // version of the feed that it read
	// journal is what the run's journal held when the process was gone.
	intents  map[sent]bool
	outcomes map[sent]vendors.Outcome
}

// sent is a body that was sent, or was to be.
type sent struct {
	key  string
	hash string // as journals have it, in hexadecimal
}

func newLife(e ending, feed int) *life {
	return &life{ended: e.ended, feed: feed, intents: make(map[sent]bool), outcomes: make(map[sent]vendors.Outcome)}
}

// note takes a record of the run's journal.
func (l *life) note(r journal.Record) error {
	switch {
	case r.Intent != nil:
		l.intents[sent{r.Intent.Key, hex.EncodeToString(r.Intent.Hash[:])}] = true
	case r.Outcome != nil:
		l.outcomes[sent{r.Outcome.Key, hex.EncodeToString(r.Outcome.Hash[:])}] = r.Outcome.Outcome
	}
	return nil
}

// manifest is what the oracle reads of a run's run.json.
type manifest struct {
	RowsIn   int64            `json:"rows_in"`
	Rows     map[string]int64 `json:"rows"`
	Entities map[string]int64 `json:"entities"`
	Resume   string           `json:"resume"`
	ExitCode int              `json:"exit_code"`
}

// sum adds up the rows of some outcomes.
func (m *manifest) sum(outcomes ...vendors.Outcome) (n int64) {
	for _, o := range outcomes {
		n += m.Rows[o.String()]
	}
	return n
}

// evidence is all that is known of a run when it is done.
type evidence struct {
	repeat   vendors.Repeat
	rate     float64 // that was given; 0: none
	versions []version
	lives    []life
	record   sandbox.Record
	resource string // as the record names it
	manifest manifest
	rejected map[string]int64 // rows of the rejects file, by key
}

// A breach is a promise that was not kept.
type breach struct {
	kind breachKind
	text string
}

type breachKind uint8

const (
	lost       breachKind = iota // an entity is not stored, and not reported
	duplicated                   // sent again without need, or stored twice
	stale                        // what is stored is not what the feed says
	unfaithful                   // sent without being written down before, or a token for two bodies
	tooFast                      // above the rate, or in spite of Retry-After
	unreported                   // the report does not tell what happened
	failed                       // the program ended otherwise than it should
)

func (k breachKind) String() string {
	return [...]string{"lost", "duplicated", "stale", "unfaithful", "too fast", "unreported", "failed"}[k]
}

// A verdict is what the oracle found.
type verdict struct {
	breaches []breach
	doubtful int // requests that may have been applied without the program knowing
	unknown  int64
}

func (v *verdict) breach(kind breachKind, format string, arguments ...any) {
	v.breaches = append(v.breaches, breach{kind, fmt.Sprintf(format, arguments...)})
}

// judge holds the sandbox's record, the journals and the report against each other.
func judge(e *evidence) *verdict {
	v := &verdict{}
	v.storage(e)
	v.applications(e)
	v.pace(e)
	v.report(e)
	for _, token := range e.record.TokensReused {
		v.breach(unfaithful, "token %q came with two bodies", token)
	}
	return v
}

// final is the version of the feed that the last process read.
func (e *evidence) final() *version { return &e.versions[e.lives[len(e.lives)-1].feed] }

// changed reports whether the feed was corrected while the run went on.
func (e *evidence) changed() bool { return e.lives[len(e.lives)-1].feed != e.lives[0].feed }

// storage compares what is stored with what the feed says: nothing lost, nothing stale, nothing else.
func (v *verdict) storage(e *evidence) {
	entities := e.record.Resources[e.resource].Entities
	refusals := e.record.Resources[e.resource].Faults["refuse"]
	for key, body := range e.final().stored {
		stored, ok := entities[key]
		switch {
		case !ok && e.rejected[key] == 0:
			v.breach(lost, "%q is neither stored nor among the rejects", key)
		case !ok && refusals == 0 && e.manifest.Rows["unknown"] == 0:
			v.breach(lost, "%q is not stored, though the vendor refused nothing", key)
		case ok && stored.Hash != body.stored && e.rejected[key] == 0:
			v.breach(stale, "%q is stored with the body %.16s, the feed says %.16s", key, stored.Hash, body.stored)
		}
	}
	for key := range entities {
		known := slices.ContainsFunc(e.versions, func(f version) bool { return f.stored[key].stored != "" })
		if !known {
			v.breach(stale, "%q is stored, but no feed has it so", key)
		}
	}
}

// application is one time that the vendor stored an entity.
type application struct {
	sandbox.Request
	hash string // of what was sent
	life int
	body sent // by which the journal knows it; without a hash when no feed gives such a body
}

// certain reports whether the vendor's answer left the sandbox whole and at once.
func (a *application) certain() bool {
	switch a.Fault {
	case "", "read-late":
		return a.Status >= 200 && a.Status < 300
	}
	return false
}

// byEntity sorts the record's applications by entity and time.
func byEntity(e *evidence) map[string][]application {
	all := make(map[string][]application)
	for _, request := range e.record.Log {
		for _, applied := range request.Applied {
			all[applied.ID] = append(all[applied.ID], application{request, applied.Hash, e.lifeAt(request.At), e.known(applied)})
		}
	}
	for _, list := range all {
		slices.SortStableFunc(list, func(a, b application) int { return a.At.Compare(b.At) })
	}
	return all
}

// known finds by which hash the journal knows what a request carried.
func (e *evidence) known(applied sandbox.Applied) sent {
	for i := range e.versions {
		if b := e.versions[i].stored[applied.ID]; b.sent == applied.Hash {
			return sent{applied.ID, b.intent}
		}
	}
	return sent{key: applied.ID}
}

// lifeAt is the process that sent what arrived at a time.
func (e *evidence) lifeAt(at time.Time) int {
	i := slices.IndexFunc(e.lives, func(l life) bool { return !at.After(l.ended) })
	if i < 0 {
		return len(e.lives) - 1
	}
	return i
}

// applications looks at every time that an entity was stored: each needs its intent, each but the
// first a reason. A request that the program gave up, or did not live to see answered, is doubtful.
func (v *verdict) applications(e *evidence) {
	for key, list := range byEntity(e) {
		for i := range list {
			a := &list[i]
			if !e.lives[a.life].intents[a.body] {
				v.breach(unfaithful, "%q was sent by process %d, and the journal does not say so", key, a.life+1)
			}
			if !a.certain() || e.lives[a.life].outcomes[a.body] == vendors.Unsettled {
				v.doubtful++
			}
			if i > 0 {
				v.again(e, key, &list[i-1], a)
			}
		}
	}
}

// again looks for the reason why an entity was sent once more.
func (v *verdict) again(e *evidence, key string, before, now *application) {
	switch {
	case before.hash != now.hash:
		if e.lives[before.life].feed == e.lives[now.life].feed {
			v.breach(duplicated, "%q was sent with two bodies from one feed", key)
		}
	case e.repeat == vendors.Unsafe:
		v.breach(duplicated, "%q was stored twice, by processes %d and %d", key, before.life+1, now.life+1)
	case before.life == now.life:
		// A client that gave up before it could is no reason; one that waited may have.
		if before.certain() && now.At.Sub(before.At) < timeout/2 {
			v.breach(duplicated, "%q was sent again by process %d %v after it was answered %d", key, now.life+1,
				now.At.Sub(before.At).Round(time.Millisecond), before.Status)
		}
	default:
		for _, l := range e.lives[before.life:now.life] {
			if settled(l.outcomes[now.body]) {
				v.breach(duplicated, "%q was sent again by process %d, though the journal of process %d has its outcome",
					key, now.life+1, before.life+1)
				return
			}
		}
	}
}

// settled reports whether an outcome stands.
func settled(o vendors.Outcome) bool {
	return o == vendors.Created || o == vendors.Updated || o == vendors.Unchanged || o == vendors.Refused
}

// jitter is by how much arrivals may come together on a busy machine, though the requests left apart.
const jitter = 500 * time.Millisecond

// pace looks for requests above the rate and for those that came although all were to wait. Each
// process is looked at by itself.
func (v *verdict) pace(e *evidence) {
	log := slices.Clone(e.record.Log)
	slices.SortStableFunc(log, func(a, b sandbox.Request) int { return a.At.Compare(b.At) })
	byLife := make([][]sandbox.Request, len(e.lives))
	for _, request := range log {
		l := e.lifeAt(request.At)
		byLife[l] = append(byLife[l], request)
	}
	for number, requests := range byLife {
		v.rate(e.rate, number, requests)
		for i := range requests {
			v.wait(number, &requests[i], requests[i+1:])
		}
	}
}

// rate looks for a stretch of time with more requests than the rate allows.
func (v *verdict) rate(perSecond float64, number int, requests []sandbox.Request) {
	if perSecond <= 0 {
		return
	}
	for i := range requests {
		for j := i + 1; j < len(requests); j++ {
			span := requests[j].At.Sub(requests[i].At)
			if allowed := 1 + perSecond*(span+jitter).Seconds(); float64(j-i+1) > allowed+1 {
				v.breach(tooFast, "process %d sent %d requests within %v, at a rate of %g/s", number+1, j-i+1, span.Round(time.Millisecond), perSecond)
				return
			}
		}
	}
}

// wait looks for requests that came in spite of Retry-After.
func (v *verdict) wait(number int, told *sandbox.Request, later []sandbox.Request) {
	if told.RetryAfter == "" || told.Status != http.StatusTooManyRequests && told.Status != http.StatusServiceUnavailable {
		return
	}
	until := told.At
	if seconds, err := strconv.Atoi(told.RetryAfter); err == nil {
		until = told.At.Add(time.Duration(seconds) * time.Second)
	} else if date, err := http.ParseTime(told.RetryAfter); err == nil {
		until = date
	}
	for i := range later {
		if at := later[i].At; at.After(told.At.Add(jitter)) && at.Before(until) {
			v.breach(tooFast, "process %d sent a request %v after it was told to wait %s", number+1,
				at.Sub(told.At).Round(time.Millisecond), told.RetryAfter)
			return
		}
	}
}

// report compares what the run says of itself with what happened.
func (v *verdict) report(e *evidence) {
	m, items := &e.manifest, e.final().items
	in, sound, faulty := rows(items, true)+rows(items, false), rows(items, true), rows(items, false)
	all := m.sum(vendors.Outcomes[:]...)
	v.unknown = m.Entities["unknown"]
	switch {
	case m.RowsIn != in || all != in:
		v.breach(unreported, "the feed has %d rows, the run says %d in and accounts for %d: %s", in, m.RowsIn, all, m.balance())
	case m.sum(vendors.Rejected) != faulty:
		v.breach(unreported, "%d rows are against the rules, the run says %s", faulty, m.balance())
	case m.sum(vendors.Skipped) > 0:
		v.breach(unreported, "the run is over and left rows behind: %s", m.balance())
	case e.repeat != vendors.Unsafe && m.sum(vendors.Unknown) > 0:
		v.breach(unreported, "the run is over and left rows in doubt: %s", m.balance())
	case !e.changed() && m.sum(vendors.Created, vendors.Refused, vendors.Unknown) != sound:
		v.breach(unreported, "%d rows were new to the vendor, the run says %s", sound, m.balance())
	}
	if got := m.Entities["refused"]; got > e.record.Resources[e.resource].Faults["refuse"] {
		v.breach(unreported, "the run says that %d were refused, the vendor refused %d", got, e.record.Resources[e.resource].Faults["refuse"])
	}
	v.rejects(e, in)
}

// rejects compares the rejects file with the counts.
func (v *verdict) rejects(e *evidence, in int64) {
	var got int64
	for _, n := range e.rejected {
		got += n
	}
	want := in - e.manifest.sum(vendors.Created, vendors.Updated, vendors.Unchanged)
	if got != want {
		v.breach(unreported, "%d rows did not go in, the rejects file has %d", want, got)
	}
	for i, items := 0, e.final().items; i < len(items); i++ {
		if !items[i].sound && e.rejected[items[i].key] != int64(len(items[i].rows)) {
			v.breach(unreported, "%q is against the rules and has %d rows; the rejects file has %d",
				items[i].key, len(items[i].rows), e.rejected[items[i].key])
		}
	}
}

// balance writes the rows by outcome.
func (m *manifest) balance() string {
	var parts []string
	for outcome, n := range m.Rows {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, outcome))
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return cmp.Compare(a, b) })
	return strings.Join(parts, " + ")
}
