package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulkload/formats"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A Summary says how a run ended.
type Summary struct {
	Run      string
	Command  string // "import", "check"
	Feed     string
	Format   string // "XLSX", "CSV, gzip, windows-1252"
	Sheet    string
	Target   string // "fashiontrade/products"
	Version  string // of the vendor's resource
	Account  string
	Noun     vendors.Noun
	Started  time.Time
	Finished time.Time
	RowsIn   int64 // rows the feed has
	Blank    int64 // rows without text, not among RowsIn
	Counts   Counts
	Rules    []RuleCount // the most frequent first
	Remarks  []formats.Remark
	Ignored  []string // columns that match no field
	Dropped  []string // columns of fields that the vendor only answers
	Requests Requests
	Report   string // paths of what was written, "" when it was not
	Rejects  string
	Stopped  string  // why the run ended before its work was done; "" when it did not
	Resume   string  // the command that goes on with the run; "" when nothing is left
	Recalled int64   // entities that an earlier process had settled
	Plan     *Plan   // what an import would do; nil: this is no plan
	Sending  bool    // the run was meant to send
	Deleting bool    // what was sent is to be no more
	Once     bool    // what was sent before is not sent again, since the vendor would store it twice
	Snapshot string  // path of the file that keeps what a deleting run took away; "" when there is none
	Lookup   *Lookup // what was asked; nil: this is no lookup
	DryRun   bool
}

// A Plan is what an import would do, beside the outcomes of its rows.
type Plan struct {
	OnlyVendor int64         // entities that the vendor has and the feed does not name
	Changes    int64         // lines of the plan's file
	Drops      int64         // parts of entities that the vendor has, the feed does not name, and an import would delete
	DropsOf    int64         // entities that lose some
	Calls      int64         // that write
	Spared     int64         // calls that it would take more if each change were sent by itself
	Bytes      int64         // of the bodies that are sent
	Largest    int64         // bytes of the largest of them
	LargestOf  string        // key of its entity
	Takes      time.Duration // at the account's stated rate; 0: none is stated
	Examples   []string      // the first changes, in words
	File       string        // that the changes were written to; "": none
	Saved      string        // that the plan was written to; "": none
}

// A Lookup is what was asked of the vendor, beside the outcomes of its rows: Created ones were answered,
// Unchanged ones were answered with nothing.
type Lookup struct {
	Asked  int64  // questions that were put
	Output string // path of the file with the answers; "": it was not written
}

// Weigh takes the size of a body that is sent, in bytes, and the key of its entity.
func (p *Plan) Weigh(key string, size int64) {
	if p.Bytes += size; size > p.Largest {
		p.Largest, p.LargestOf = size, key
	}
}

// Requests counts the calls of a run.
type Requests struct {
	Sent, Retried, Throttled int64
	Spared                   int64  // that sending each change by itself would have taken more
	Learned                  string // rates of limits that the vendor has shown; "": it has shown none
}

// RuleCount tells how often a rule was broken.
type RuleCount struct {
	Rule     string
	Sentence string
	Severity schema.Severity
	Findings int64
	Rows     int64     // that have at least one of the findings
	Examples []Finding // the first few of the feed that differ in their value
}

// examplesKept is how many examples of a rule a summary shows.
const examplesKept = 3

// count counts a finding; newRow says that its row had none of the rule before.
func (c *Collector) count(f *Finding, newRow bool) {
	rule := c.rules[f.Rule]
	if rule == nil {
		rule = &RuleCount{Rule: f.Rule, Severity: f.Severity}
		c.rules[f.Rule] = rule
	}
	rule.Findings++
	if newRow {
		rule.Rows++
	}
	rule.keep(f)
}

// keep takes the finding as an example when it is among the first of the feed with its value, so
// that the examples do not depend on the order in which entities were settled.
func (r *RuleCount) keep(f *Finding) {
	for i := range r.Examples {
		if r.Examples[i].Value == f.Value && r.Examples[i].Field == f.Field {
			if f.Place.Row < r.Examples[i].Place.Row {
				r.Examples[i] = *f
			}
			r.sort()
			return
		}
	}
	if len(r.Examples) == examplesKept && f.Place.Row >= r.Examples[examplesKept-1].Place.Row {
		return
	}
	r.Examples = append(r.Examples, *f)
	r.sort()
	r.Examples = r.Examples[:min(len(r.Examples), examplesKept)]
}

func (r *RuleCount) sort() {
	slices.SortStableFunc(r.Examples, func(a, b Finding) int { return cmp.Compare(a.Place.Row, b.Place.Row) })
}

// Rules returns how often each rule was broken: errors before warnings before repairs, the most
// frequent first. sentence gives a rule's sentence by its id.
func (c *Collector) Rules(sentence func(id string) string) []RuleCount {
	var rules []RuleCount
	for _, rule := range c.rules {
		rule.Sentence = sentence(rule.Rule)
		rules = append(rules, *rule)
	}
	slices.SortFunc(rules, func(a, b RuleCount) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), cmp.Compare(b.Findings, a.Findings), cmp.Compare(a.Rule, b.Rule))
	})
	return rules
}

// Unbalanced returns an error when the rows that came in are not the rows that are accounted for.
func (s *Summary) Unbalanced() error {
	settled := int64(0)
	for _, outcome := range vendors.Outcomes {
		settled += s.Counts.Rows[outcome]
	}
	if settled == s.RowsIn && s.Counts.Rows[vendors.Unsettled] == 0 {
		return nil
	}
	return fmt.Errorf("the run does not balance: %d rows in, %s, %d unsettled",
		s.RowsIn, s.Balance(), s.Counts.Rows[vendors.Unsettled])
}

// Balance writes the sum that every run must fulfil, the outcomes that occurred only.
func (s *Summary) Balance() string {
	var parts []string
	for _, share := range s.shares() {
		if share.rows > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", share.rows, share.word))
		}
	}
	if len(parts) == 0 {
		return "0"
	}
	return strings.Join(parts, " + ")
}

// A part of the rows that came to one end.
type part struct {
	word           string
	rows, entities int64
}

// shares are the parts of a summary's balance. Where skipped has another name, because nothing was sent,
// what was left behind has a part of its own.
func (s *Summary) shares() []part {
	var list []part
	for _, outcome := range vendors.Outcomes {
		p := part{s.word(outcome), s.Counts.Rows[outcome], s.Counts.Entities[outcome]}
		if outcome == vendors.Skipped && p.word != outcome.String() {
			p.rows, p.entities = p.rows-s.Counts.Behind.Rows, p.entities-s.Counts.Behind.Entities
			list = append(list, p)
			p = part{outcome.String(), s.Counts.Behind.Rows, s.Counts.Behind.Entities}
		}
		list = append(list, p)
	}
	return list
}

// word is the outcome in the words of a run that sends nothing: there, a row that would go in is
// counted as skipped, and is said to be ready.
func (s *Summary) word(outcome vendors.Outcome) string {
	switch {
	case s.Plan != nil && outcome == vendors.Created:
		return "new"
	case s.Plan != nil && outcome == vendors.Updated:
		return "changed"
	case s.Lookup != nil && outcome == vendors.Created:
		return "answered"
	case s.Lookup != nil && outcome == vendors.Unchanged:
		return "empty"
	case s.Deleting && outcome == vendors.Updated:
		return "deleted"
	case s.Deleting && outcome == vendors.Unchanged:
		return "not there"
	case s.Deleting && outcome == vendors.Skipped && !s.Sending && s.Stopped == "":
		return "there"
	case outcome == vendors.Skipped && !s.Sending && s.Stopped == "":
		return "ready"
	}
	return outcome.String()
}

// NotLoaded is the number of rows that did not go in, of a run that sends; else of those that would not.
func (s *Summary) NotLoaded() int64 {
	n := s.Counts.Rows[vendors.Rejected] + s.Counts.Rows[vendors.Refused] + s.Counts.Rows[vendors.Unknown]
	if s.Sending {
		return n + s.Counts.Rows[vendors.Skipped]
	}
	return n + s.Counts.Behind.Rows
}
