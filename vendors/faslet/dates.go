package faslet

import (
	"strings"
	"sync"
	"time"
	_ "time/tzdata" // zones have names also on machines that know none

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// The rules of the date of a return.
var (
	dateFormat = &schema.Rule{ID: "date.format", Clause: clause(30),
		Sentence: "a date is written with its time and zone, such as 2026-03-01T18:40:00Z or 2026-03-01T18:40:00+01:00"}
	dateZone = &schema.Rule{ID: "date.zone", Clause: clause(30),
		Sentence: "a date without a time or a zone needs its zone in return_zone, such as Europe/Amsterdam"}
	zoneUnknown = &schema.Rule{ID: "zone.unknown", Clause: clause(30),
		Sentence: "a zone is an offset such as +01:00, or the name of a place such as Europe/Amsterdam"}
)

var (
	dateChecks = []schema.Check{{Rule: dateFormat, Explain: explainDate, OK: func(value []byte) bool {
		if isInstant(value) {
			return true
		}
		_, ok := parseLocal(value)
		return ok
	}}}
	zoneChecks = []schema.Check{{Rule: zoneUnknown, Explain: explainZone, OK: func(value []byte) bool { return zones.find(value) != nil }}}
)

// isInstant reports whether a text is a date with time and zone, in the extended form of ISO 8601 that
// the document shows (faslet:40).
func isInstant(text []byte) bool { return vendors.IsInstant(text) }

// parseLocal reads a date without a zone, and perhaps without a time, as if its zone were UTC.
func parseLocal(text []byte) (at time.Time, ok bool) {
	var whole [40]byte
	if len(text) < len("2006-01-02") || len(text) > len("2006-01-02T15:04:05.000000000") {
		return at, false
	}
	n := copy(whole[:], text)
	if n > 10 && whole[10] == ' ' {
		whole[10] = 'T'
	}
	switch n {
	case len("2006-01-02"):
		n += copy(whole[n:], "T00:00:00")
	case len("2006-01-02T15:04"):
		n += copy(whole[n:], ":00")
	}
	n += copy(whole[n:], "Z")
	if !isInstant(whole[:n]) {
		return at, false
	}
	return at, at.UnmarshalText(whole[:n]) == nil
}

// inZone writes a date without a zone as one of a zone; without a time it is the beginning of that day. A
// time that clocks leave out is the one behind the gap: where summer begins at midnight, the day begins at one.
func inZone(at time.Time, zone *time.Location) string {
	there := time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), zone)
	_, offset := there.Zone()
	if later := at.Add(-time.Duration(offset) * time.Second).In(zone); later.After(there) {
		there = later
	}
	return there.Format(time.RFC3339Nano)
}

// explainDate suggests the right spelling of a date that is written in a near one.
func explainDate(value string) (message, suggestion string) {
	text := strings.ToUpper(strings.TrimSpace(value))
	if day, rest, ok := strings.Cut(text, " "); ok {
		text = day + "T" + strings.ReplaceAll(rest, " ", "")
	}
	near := []string{text}
	if bare := strings.TrimSuffix(strings.TrimSuffix(text, "UTC"), "GMT"); bare != text {
		near = append(near, bare, bare+"Z")
	}
	if n := len(text); n > 16 && (text[n-5] == '+' || text[n-5] == '-') && !strings.Contains(text[n-5:], ":") {
		near = append(near, text[:n-2]+":"+text[n-2:]) // +0100
	}
	if len(text) > 12 && text[12] == ':' {
		text = text[:11] + "0" + text[11:] // 9:40
		near = append(near, text)
	}
	if len(text) > 16 && text[13] == ':' && text[16] != ':' {
		near = append(near, text[:16]+":00"+text[16:]) // 18:40Z
	}
	for _, candidate := range near {
		if isInstant([]byte(candidate)) {
			return "", candidate
		}
	}
	return "", ""
}

// explainZone suggests what the usual short names of zones may mean.
func explainZone(value string) (message, suggestion string) {
	switch strings.ToUpper(value) {
	case "CET", "CEST", "MEZ", "MESZ":
		return "a zone of summer or winter only is not a place; say which place", "Europe/Berlin"
	case "GMT", "BST":
		return "", "Europe/London"
	}
	return "", ""
}

// zones keeps the zones that were looked up, since reading one takes as long as checking many rows.
var zones zoneBook

// mostZones bounds what is kept: more than there are zones and offsets, since a zone's file has as many names
// as a feed likes to write (Europe/./Berlin).
const mostZones = 4096

type zoneBook struct {
	mu    sync.RWMutex
	known map[string]*time.Location
}

// find returns a zone by its offset, Z, or name; nil when there is none. It allocates for new ones only.
func (b *zoneBook) find(name []byte) *time.Location {
	b.mu.RLock()
	zone := b.known[string(name)]
	b.mu.RUnlock()
	if zone == nil {
		if zone = zoneOf(string(name)); zone != nil {
			b.keep(string(name), zone)
		}
	}
	return zone
}

func (b *zoneBook) keep(name string, zone *time.Location) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.known == nil {
		b.known = make(map[string]*time.Location)
	}
	if len(b.known) < mostZones {
		b.known[name] = zone
	}
}

// zoneOf reads a zone. Names of places hold a slash; the short ones mean several zones, or half a year.
func zoneOf(name string) *time.Location {
	if name == "Z" || name == "UTC" {
		return time.UTC
	}
	if at, err := time.Parse("-07:00", name); err == nil {
		_, offset := at.Zone()
		if offset <= -24*3600 || offset >= 24*3600 { // which is read, but is none in a date
			return nil
		}
		return time.FixedZone("", offset)
	}
	if !strings.Contains(name, "/") || len(name) > 64 {
		return nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil
	}
	return zone
}
