package report

import (
	"encoding/json"
	"io"
	"slices"
	"time"

	"bulkload/vendors"
)

// A Season says how a run ended that loaded several sheets of one workbook.
type Season struct {
	Run, Command    string
	Feed            string
	Target          string // the vendor
	Account         string
	Started         time.Time
	Finished        time.Time
	Parts           []*Summary // of the sheets, in the order in which they were loaded
	Uncounted       []string   // resources whose sheets could not be read to their end
	Others          []string   // sheets that are named after no resource
	Plan            string     // path that the changes were written to; "": none
	Stopped, Resume string     // as of a Summary
}

// total is the sum of the parts.
func (s *Season) total() *Summary {
	total := &Summary{Run: s.Run, Command: s.Command, Feed: s.Feed, Target: s.Target, Account: s.Account, Started: s.Started, Finished: s.Finished,
		Format: "XLSX", Noun: vendors.Noun{One: "entity", Many: "entities"}, Stopped: s.Stopped, Resume: s.Resume}
	for _, p := range s.Parts {
		total.RowsIn += p.RowsIn
		total.Blank += p.Blank
		total.Recalled += p.Recalled
		total.Counts.sum(&p.Counts)
		total.Requests.Sent += p.Requests.Sent
		total.Requests.Retried += p.Requests.Retried
		total.Requests.Throttled += p.Requests.Throttled
		total.Requests.Spared += p.Requests.Spared
		total.Sending = total.Sending || p.Sending
		total.DryRun = total.DryRun || p.DryRun
		if p.Plan != nil {
			total.planOf(p.Plan)
		}
		for i := range p.Rules {
			total.addRule(&p.Rules[i])
		}
	}
	return total
}

// addRule adds what another summary says of a rule.
func (s *Summary) addRule(rule *RuleCount) {
	i := slices.IndexFunc(s.Rules, func(r RuleCount) bool { return r.Rule == rule.Rule && r.Severity == rule.Severity })
	if i < 0 {
		s.Rules = append(s.Rules, *rule)
		return
	}
	s.Rules[i].Findings += rule.Findings
	s.Rules[i].Rows += rule.Rows
}

func (s *Summary) planOf(p *Plan) {
	if s.Plan == nil {
		s.Plan = &Plan{}
	}
	s.Plan.OnlyVendor += p.OnlyVendor
	s.Plan.Changes += p.Changes
	s.Plan.Drops += p.Drops
	s.Plan.DropsOf += p.DropsOf
	s.Plan.Calls += p.Calls
	s.Plan.Spared += p.Spared
	s.Plan.Takes += p.Takes
	if s.Plan.Bytes += p.Bytes; p.Largest > s.Plan.Largest {
		s.Plan.Largest, s.Plan.LargestOf = p.Largest, p.LargestOf
	}
}

func (c *Counts) sum(other *Counts) {
	for i := range c.Rows {
		c.Rows[i] += other.Rows[i]
		c.Entities[i] += other.Entities[i]
	}
	c.Faulty += other.Faulty
	c.Behind.Rows += other.Behind.Rows
	c.Behind.Entities += other.Behind.Entities
}

// Unbalanced returns an error when the rows that came in are not those that are accounted for.
func (s *Season) Unbalanced() error { return s.total().Unbalanced() }

// WriteText writes the summary for people: each sheet's own, and last a line for each of them and the
// balance of all.
func (s *Season) WriteText(w io.Writer, width int) error {
	for _, p := range s.Parts {
		if err := p.WriteText(w, width); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "\n"); err != nil {
			return err
		}
	}
	t := &text{width: width}
	total := s.total()
	t.line("%s: %s, in this order", s.Feed, plural(int64(len(s.Parts)+len(s.Uncounted)), "sheet"))
	for _, p := range s.Parts {
		t.line("  %-20s %8d %-4s = %s", p.Target[len(s.Target)+1:], p.RowsIn, noun(p.RowsIn, "row"), p.Balance())
	}
	for _, resource := range s.Uncounted {
		t.line("  %-20s its rows were not counted, since the run ended before", resource)
	}
	for _, sheet := range s.Others {
		t.line("  note: the sheet %q is named after no resource, and was left", sheet)
	}
	if s.Plan != "" {
		t.line("changes: %s", s.Plan)
	}
	if s.Stopped != "" {
		t.line("stopped: %s", s.Stopped)
	}
	if s.Resume != "" {
		t.line("resume:  %s", s.Resume)
	}
	t.line("%s in = %s", plural(total.RowsIn, "row"), total.Balance())
	_, err := io.WriteString(w, t.String())
	return err
}

// jsonSeason is a season as events and the run's manifest write it: the sum, and its parts.
type jsonSeason struct {
	jsonSummary
	Parts     []jsonSummary `json:"parts"`
	Uncounted []string      `json:"uncounted,omitempty"`
	Others    []string      `json:"other_sheets,omitempty"`
}

// json gives the season with the exit code of each part.
func (s *Season) json(code int, codes []int) jsonSeason {
	season := jsonSeason{jsonSummary: s.total().json(code), Parts: []jsonSummary{}, Uncounted: s.Uncounted, Others: s.Others}
	if season.Plan != nil {
		season.Plan.File = s.Plan
	}
	for i, p := range s.Parts {
		season.Parts = append(season.Parts, p.json(codes[i]))
	}
	return season
}

// MarshalManifest gives the season as the manifest of a run, indented JSON. codes are the exit codes that
// its parts would have had alone.
func (s *Season) MarshalManifest(code int, codes []int) ([]byte, error) {
	return json.MarshalIndent(s.json(code, codes), "", "  ")
}

// Season writes the last event of a run that loaded several sheets, and returns the first error of writing any.
func (e *Events) Season(s *Season, code int, codes []int) error {
	season := s.json(code, codes)
	season.Event = "summary"
	e.write(season)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}
