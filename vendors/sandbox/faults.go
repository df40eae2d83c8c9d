package sandbox

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Faults say which requests go wrong, and how. The zero value has none. See ParseFaults.
type Faults struct {
	items []fault
}

// fault is one item of Faults: a kind, and the requests that it strikes.
type fault struct {
	kind        string
	scope       scope
	status      int           // of refuse
	wait        time.Duration // of late and slow
	retryAfter  string        // of 429 and 503: seconds, "date", or "" for none
	first, last uint64        // of the requests struck, from 1; 0: see percent
	percent     float64       // of the requests struck
}

// scope tells which requests a fault counts.
type scope uint8

const (
	writing scope = iota // POST, PUT, PATCH, DELETE
	reading              // GET
	both
)

// The kinds of faults.
const (
	faultRefuse       = "refuse"
	fault429          = "429"
	fault500          = "500"
	fault502          = "502"
	fault503          = "503"
	faultDropBefore   = "drop-before"
	faultDropAfter    = "drop-after"
	faultResetBefore  = "reset-before"
	faultResetAfter   = "reset-after"
	faultLate         = "late"
	faultSlow         = "slow"
	faultHang         = "hang"
	faultHTML         = "html"
	faultCut          = "cut"
	faultUnauthorized = "unauthorized"
	faultForbidden    = "forbidden"
)

var faultKinds = []string{faultRefuse, fault429, fault500, fault502, fault503, faultDropBefore, faultDropAfter,
	faultResetBefore, faultResetAfter, faultLate, faultSlow, faultHang, faultHTML, faultCut, faultUnauthorized, faultForbidden}

// faultHelp ends the message of every mistake in a list of faults.
const faultHelp = `write KIND@N for request N (also N-M, or N+ for all from N), KIND%P for P percent of requests, ` +
	`separated by commas; N counts requests that write, read-KIND those that read, any-KIND all. ` +
	`Kinds: refuse[:STATUS], 429[:SECONDS|none|date], 500, 502, 503[:SECONDS|none|date], drop-before, drop-after, ` +
	`reset-before, reset-after, late:DURATION, slow:DURATION, hang, html, cut, unauthorized, forbidden`

// ParseFaults reads a list such as "drop-after@3,503%5,429:2@10,read-cut@1,unauthorized@7+".
// The error of a wrong one tells what is known.
//
//	refuse         answers 400, or the status given, and does not apply the request
//	500, 502, 503  answer so and do not apply it
//	429            the same, with Retry-After: 1 unless told otherwise
//	unauthorized   401; forbidden: 403
//	drop-before    the connection is cut before the request is applied
//	drop-after     it is applied, then the connection is cut without an answer
//	reset-before   as drop-before, but the connection is reset (RST), as by a machine that restarts
//	reset-after    as drop-after, but reset
//	cut            it is applied, and the answer stops in its middle
//	late           it is applied, and the answer comes that much later
//	slow           it is applied, and the answer trickles in over that time
//	hang           it is not applied, and no answer comes until the client gives up
//	html           it is not applied, and an HTML page comes with status 200
//
// Requests are counted as they arrive, those over the rate not included. Whether a request is
// among P percent follows from the seed and its number alone. The first item that strikes wins.
func ParseFaults(text string) (Faults, error) {
	var f Faults
	if strings.TrimSpace(text) == "" {
		return f, nil
	}
	for item := range strings.SplitSeq(text, ",") {
		parsed, err := parseFault(strings.TrimSpace(item))
		if err != nil {
			return Faults{}, fmt.Errorf("faults: %q: %w; %s", item, err, faultHelp)
		}
		f.items = append(f.items, parsed)
	}
	return f, nil
}

func parseFault(item string) (f fault, err error) {
	what, when, percent := item, "", false
	if i := strings.IndexAny(item, "@%"); i >= 0 {
		what, when, percent = item[:i], item[i+1:], item[i] == '%'
	}
	if rest, ok := strings.CutPrefix(what, "read-"); ok {
		what, f.scope = rest, reading
	} else if rest, ok := strings.CutPrefix(what, "any-"); ok {
		what, f.scope = rest, both
	}
	name, argument, given := strings.Cut(what, ":")
	if !slices.Contains(faultKinds, name) {
		return f, fmt.Errorf("there is no kind %q", name)
	}
	f.kind = name
	if err := f.setArgument(argument, given); err != nil {
		return f, err
	}
	if percent {
		f.percent, err = strconv.ParseFloat(when, 64)
		if err != nil || !(f.percent > 0 && f.percent <= 100) {
			return f, fmt.Errorf("%q must be a percentage above 0, at most 100", when)
		}
		return f, nil
	}
	f.first, f.last, err = parseSpan(when)
	return f, err
}

func (f *fault) setArgument(argument string, given bool) (err error) {
	switch f.kind {
	case faultRefuse:
		f.status = http.StatusBadRequest
		if given {
			f.status, err = strconv.Atoi(argument)
			if err != nil || f.status < 400 || f.status > 499 {
				return fmt.Errorf("%q must be a status from 400 to 499", argument)
			}
		}
	case fault429, fault503:
		if f.kind == fault429 && !given {
			argument = "1"
		}
		return f.setRetryAfter(argument, given)
	case faultLate, faultSlow:
		f.wait, err = time.ParseDuration(argument)
		if err != nil || f.wait < 0 {
			return fmt.Errorf("%q must be a duration such as 500ms", argument)
		}
	default:
		if given {
			return fmt.Errorf("%s takes no argument", f.kind)
		}
	}
	return nil
}

func (f *fault) setRetryAfter(argument string, given bool) error {
	if given && argument == "none" {
		return nil
	}
	if seconds, err := strconv.Atoi(argument); (err != nil || seconds < 0) && argument != "date" && (given || argument != "") {
		return fmt.Errorf("%q must be a number of seconds, none or date", argument)
	}
	f.retryAfter = argument
	return nil
}

// parseSpan reads "3", "3-5" and "3+".
func parseSpan(text string) (first, last uint64, err error) {
	from, to, ranged := strings.Cut(text, "-")
	from, open := strings.CutSuffix(from, "+")
	first, err = strconv.ParseUint(from, 10, 64)
	last = first
	if err == nil && ranged {
		last, err = strconv.ParseUint(to, 10, 64)
	}
	if err != nil || first == 0 || last < first || ranged && open {
		return 0, 0, fmt.Errorf("%q must be @N, @N-M or @N+ with N from 1", text)
	}
	if open {
		last = ^uint64(0)
	}
	return first, last, nil
}

// counts are the numbers of requests so far, by scope.
type counts [both + 1]uint64

// add counts a request and returns its numbers.
func (c *counts) add(method string) counts {
	number := counts{both: c[both] + 1}
	s := writing
	if method == http.MethodGet {
		s = reading
	}
	number[s] = c[s] + 1
	c[s], c[both] = number[s], number[both]
	return number
}

// strike returns the fault that hits the request of these numbers, nil for none.
func (f Faults) strike(seed uint64, number counts) *fault {
	for i := range f.items {
		item := &f.items[i]
		n := number[item.scope]
		switch {
		case n == 0: // the request is not of its scope
		case item.percent > 0:
			if lot(seed, uint64(i), n) < item.percent/100 {
				return item
			}
		case n >= item.first && n <= item.last:
			return item
		}
	}
	return nil
}

// lot draws a number from [0, 1) that depends on nothing but its arguments, so that a run with the
// same seed meets the same faults however its requests are spread over workers.
func lot(seed, item, number uint64) float64 {
	x := seed ^ item*0x9e3779b97f4a7c15 ^ number*0xd1342543de82ef95
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}

// instead returns the answer that a fault gives in place of the vendor's; ok is false when the
// request is to be applied.
func (f *fault) instead(now time.Time) (a answer, ok bool) {
	switch f.kind {
	case faultRefuse:
		a = message(f.status, "refused on cue")
	case fault429, fault500, fault502, fault503:
		status, _ := strconv.Atoi(f.kind)
		a = message(status, http.StatusText(status)+" on cue")
	case faultUnauthorized:
		a = plain(http.StatusUnauthorized, "Request lacks valid authentication.")
	case faultForbidden:
		a = plain(http.StatusForbidden, "Request is not authorized for the authenticated user.")
	case faultHTML:
		a = answer{status: http.StatusOK, mediaType: "text/html; charset=utf-8",
			body: []byte("<!DOCTYPE html><html><body><h1>We are back soon</h1></body></html>\n")}
	default:
		return answer{}, false
	}
	switch f.retryAfter {
	case "":
	case "date":
		// HTTP dates have whole seconds: two ahead is at least one.
		a.set("Retry-After", now.Add(2*time.Second).UTC().Format(http.TimeFormat))
	default:
		a.set("Retry-After", f.retryAfter)
	}
	return a, true
}
