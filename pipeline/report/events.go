package report

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"
)

// EventSchema is the version of the events that Events writes. It changes when a member changes
// its meaning or goes away.
const EventSchema = 1

// Events writes what happens in a run as JSON, an object a line: first "start", then "progress" at
// most once a second, a "problem" for every finding in the order of the feed, and "summary" last.
// It is used by many goroutines.
type Events struct {
	mu   sync.Mutex
	out  *json.Encoder
	last time.Time
	now  func() time.Time
	err  error
}

// NewEvents returns a writer of events. now tells the time.
func NewEvents(w io.Writer, now func() time.Time) *Events {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return &Events{out: out, now: now}
}

func (e *Events) write(event any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil {
		e.err = e.out.Encode(event)
	}
}

// Start writes the first event.
func (e *Events) Start(run, command, feed, target string) {
	e.write(struct {
		Event   string    `json:"event"`
		Schema  int       `json:"schema"`
		Time    time.Time `json:"time"`
		Run     string    `json:"run,omitempty"`
		Command string    `json:"command"`
		Feed    string    `json:"feed"`
		Target  string    `json:"target"`
	}{"start", EventSchema, e.now(), run, command, feed, target})
}

// Progress writes how far the run is, unless it did less than a second ago.
func (e *Events) Progress(stage string, done, total int64) {
	now := e.now()
	e.mu.Lock()
	due := now.Sub(e.last) >= time.Second
	if due {
		e.last = now
	}
	e.mu.Unlock()
	if !due {
		return
	}
	e.write(struct {
		Event string    `json:"event"`
		Time  time.Time `json:"time"`
		Stage string    `json:"stage"`
		Done  int64     `json:"done"`
		Total int64     `json:"total"`
	}{"progress", now, stage, done, total})
}

// jsonFinding is a finding as events write it.
type jsonFinding struct {
	Event         string `json:"event"`
	Sheet         string `json:"sheet,omitempty"`
	Row           int64  `json:"row"`
	Line          int64  `json:"line,omitempty"`
	Offset        int64  `json:"offset,omitempty"`
	Column        string `json:"column,omitempty"`
	Cell          string `json:"cell,omitempty"`
	Field         string `json:"field,omitempty"`
	Value         string `json:"value,omitempty"`
	Rule          string `json:"rule"`
	Severity      string `json:"severity"`
	Message       string `json:"message"`
	Suggestion    string `json:"suggestion,omitempty"`
	Clause        string `json:"clause,omitempty"`
	Entity        string `json:"entity,omitempty"`
	Outcome       string `json:"outcome"`
	VendorCode    string `json:"vendor_code,omitempty"`
	VendorMessage string `json:"vendor_message,omitempty"`
}

// Problems writes every finding of a run.
func (e *Events) Problems(c *Collector) error {
	for f, err := range c.Findings() {
		if err != nil {
			return err
		}
		e.write(jsonFinding{"problem", f.Place.Sheet, f.Place.Row, f.Place.Line, f.Place.Offset, f.Column, f.Cell,
			f.Field, f.Value, f.Rule, f.Severity.String(), f.Message, f.Suggestion, f.Clause, f.Entity,
			f.Outcome.String(), f.VendorCode, f.VendorMessage})
	}
	return nil
}

// jsonSummary is a summary as events and the run's manifest write it.
type jsonSummary struct {
	Event     string           `json:"event,omitempty"`
	Time      time.Time        `json:"time"`
	Run       string           `json:"run,omitempty"`
	Command   string           `json:"command"`
	Feed      string           `json:"feed"`
	Format    string           `json:"format"`
	Sheet     string           `json:"sheet,omitempty"`
	Target    string           `json:"target"`
	Version   string           `json:"version,omitempty"`
	Account   string           `json:"account,omitempty"`
	Started   time.Time        `json:"started"`
	RowsIn    int64            `json:"rows_in"`
	Blank     int64            `json:"blank_rows"`
	Rows      map[string]int64 `json:"rows"`
	Entities  map[string]int64 `json:"entities"`
	Rules     []jsonRule       `json:"rules"`
	Remarks   []string         `json:"remarks"`
	Ignored   []string         `json:"ignored_columns"`
	Dropped   []string         `json:"read_only_columns"`
	Requests  int64            `json:"requests"`
	Retried   int64            `json:"retried"`
	Throttled int64            `json:"throttled"`
	Spared    int64            `json:"requests_spared,omitempty"`
	Report    string           `json:"report,omitempty"`
	Rejects   string           `json:"rejects,omitempty"`
	Snapshot  string           `json:"snapshot,omitempty"`
	Stopped   string           `json:"stopped,omitempty"`
	Resume    string           `json:"resume,omitempty"`
	Recalled  int64            `json:"settled_before"`
	Plan      *jsonPlan        `json:"plan,omitempty"`
	Lookup    *jsonLookup      `json:"lookup,omitempty"`
	ExitCode  int              `json:"exit_code"`
}

type jsonPlan struct {
	OnlyVendor int64   `json:"only_at_vendor"`
	Changes    int64   `json:"changes"`
	Drops      int64   `json:"drops"`
	DropsOf    int64   `json:"drops_of"`
	Calls      int64   `json:"calls"`
	Bytes      int64   `json:"bytes"`
	Largest    int64   `json:"largest_bytes"`
	Spared     int64   `json:"calls_spared,omitempty"`
	Seconds    float64 `json:"seconds,omitempty"`
	File       string  `json:"file,omitempty"`
	Saved      string  `json:"saved,omitempty"`
}

type jsonLookup struct {
	Asked  int64  `json:"asked"`
	Reused int64  `json:"settled_before"`
	Output string `json:"output,omitempty"`
}

type jsonRule struct {
	Rule     string `json:"rule"`
	Severity string `json:"severity"`
	Findings int64  `json:"findings"`
	Sentence string `json:"sentence"`
}

// Summary writes the last event, and returns the first error of writing any.
func (e *Events) Summary(s *Summary, exitCode int) error {
	summary := s.json(exitCode)
	summary.Event = "summary"
	e.write(summary)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.err
}

// MarshalManifest gives the summary as the manifest of a run, indented JSON.
func (s *Summary) MarshalManifest(exitCode int) ([]byte, error) {
	return json.MarshalIndent(s.json(exitCode), "", "  ")
}

func (s *Summary) json(exitCode int) jsonSummary {
	summary := jsonSummary{
		Time: s.Finished, Run: s.Run, Command: s.Command, Feed: s.Feed, Format: s.Format, Sheet: s.Sheet,
		Target: s.Target, Version: s.Version, Account: s.Account, Started: s.Started,
		RowsIn: s.RowsIn, Blank: s.Blank, Rows: make(map[string]int64), Entities: make(map[string]int64),
		Rules: []jsonRule{}, Remarks: []string{}, Ignored: s.Ignored, Dropped: s.Dropped,
		Requests: s.Requests.Sent, Retried: s.Requests.Retried, Throttled: s.Requests.Throttled, Spared: s.Requests.Spared,
		Report: s.Report, Rejects: s.Rejects, Snapshot: s.Snapshot, Stopped: s.Stopped, Resume: s.Resume, Recalled: s.Recalled, ExitCode: exitCode,
	}
	if p := s.Plan; p != nil {
		summary.Plan = &jsonPlan{p.OnlyVendor, p.Changes, p.Drops, p.DropsOf, p.Calls, p.Bytes, p.Largest, p.Spared, p.Takes.Seconds(), p.File, p.Saved}
	}
	if s.Lookup != nil {
		summary.Lookup = &jsonLookup{s.Lookup.Asked, s.Recalled, s.Lookup.Output}
	}
	for _, share := range s.shares() {
		word := strings.ReplaceAll(share.word, " ", "_")
		summary.Rows[word], summary.Entities[word] = share.rows, share.entities
	}
	for _, rule := range s.Rules {
		summary.Rules = append(summary.Rules, jsonRule{rule.Rule, rule.Severity.String(), rule.Findings, rule.Sentence})
	}
	for _, remark := range s.Remarks {
		summary.Remarks = append(summary.Remarks, remark.Text)
	}
	return summary
}
