package pipeline

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	"bulkload/pipeline/report"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// The rules about rows as a whole, and about what only sending shows.
var (
	MayLackRow = &schema.Rule{ID: "entity.incomplete",
		Sentence: "a row without a key stands beside it and may belong to it; it is held back until that row has its key"}
	VendorRefused = &schema.Rule{ID: "vendor.refused", Sentence: "the vendor did not take it"}
	NoAnswer      = &schema.Rule{ID: "vendor.no-answer",
		Sentence: "it was sent and no answer came: it may be stored or not"}
	HasIt   = &schema.Rule{ID: "vendor.has-it", Sentence: "the vendor has it already, and --create-only never replaces"}
	NotSent = &schema.Rule{ID: "run.ended", Sentence: "it was not sent, because the run ended before"}
)

// Rules lists the rules of the pipeline itself.
var Rules = []*schema.Rule{MayLackRow, VendorRefused, NoAnswer, HasIt, NotSent, LeftBehind, ReferenceUnknown}

// settler writes down what became of units. It is used by many goroutines.
type settler struct {
	job       *Job
	rehearsal bool // nothing is to be sent: a sound row that was not sent is ready, not left behind
	mu        sync.Mutex
	collector *report.Collector
	rows      int64 // settled so far
}

// settle writes the unit down and gives it up.
func (s *settler) settle(u *unit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	event, ready := s.event(u)
	err := s.collector.Add(event)
	if err == nil {
		err = s.job.Refers.note(s.job, u, &event, ready)
	}
	s.rows += int64(len(u.rows))
	u.release()
	return err
}

func (s *settler) settledRows() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rows
}

// event tells the report what happened to a unit, and whether it would go in if this were no rehearsal.
func (s *settler) event(u *unit) (event report.Event, ready bool) {
	e := &u.entity
	s.job.addAnswer(u)
	if s.rehearsal && report.WentIn(e.Outcome) && !(s.job.deletes && e.Outcome == vendors.Unchanged) {
		e.Outcome = vendors.Skipped
	}
	if !s.rehearsal && e.Outcome == vendors.Skipped && !u.behind {
		e.Problems = append(e.Problems, schema.Problem{Rule: NotSent, Column: -1})
	}
	event = report.Event{Outcome: e.Outcome, Entity: e.Key, Rows: u.rows, Behind: u.behind, Rest: u.rest}
	for i := range e.Problems {
		event.Findings = append(event.Findings, s.job.finding(u, &e.Problems[i]))
	}
	ready = s.rehearsal && e.Outcome == vendors.Skipped && !u.behind
	switch {
	case !ready && !report.WentIn(e.Outcome):
		event.Reasons = s.job.reasons(u, event.Findings)
	case u.left != nil:
		event.Reasons = slices.Repeat([]string{s.job.makesWhole()}, len(u.rows))
	}
	return event, ready
}

// makesWhole is what the rows of the rejects are told that are there for the sake of others: an upload
// replaces the entity, so it must be whole when those others are loaded.
func (j *Job) makesWhole() string {
	return fmt.Sprintf("it is right; it stands here so that the %s is whole when this file is loaded", j.Resource.Noun.One)
}

// addAnswer turns what the vendor said, or did not say, into a problem.
func (j *Job) addAnswer(u *unit) {
	e := &u.entity
	switch e.Outcome {
	case vendors.Refused:
		e.Add(j.traced(u))
	case vendors.Unknown:
		problem := schema.Problem{Rule: NoAnswer, Column: -1, Message: j.doubt()}
		switch {
		case e.Answer == nil:
		case e.Answer.Status < http.StatusMultipleChoices:
			problem.Message = fmt.Sprintf("the vendor's answer does not tell whether it is stored (%v); look whether the vendor has it", e.Answer)
		default:
			problem.Message = fmt.Sprintf("the vendor failed (%v), and %s", e.Answer, j.doubt())
		}
		e.Problems = append(e.Problems, problem)
	}
}

// doubt says what to do about an entity that may be stored or not.
func (j *Job) doubt() string {
	if j.deletes {
		return "the deletion was sent and no answer came: it may be gone or not; deleting it again settles it"
	}
	if j.Resource.Ask != nil {
		return j.unanswered()
	}
	if j.Resource.Repeat == vendors.Unsafe {
		return NoAnswer.Sentence + "; look whether the vendor has it, and load it with --again only if it has not"
	}
	return NoAnswer.Sentence + "; loading it again settles it"
}

// unanswered says what to do about a question that was put and has no answer.
func (j *Job) unanswered() string {
	if j.Resource.Repeat == vendors.Unsafe {
		return "it was asked and no answer came: the vendor may have taken note of it; it is asked once more only when the run goes on with --again"
	}
	return "it was asked and no answer came: going on with the run asks again"
}

// traced is the vendor's refusal, at the cell it speaks of when the resource can tell.
func (j *Job) traced(u *unit) schema.Problem {
	problem := schema.Problem{Rule: VendorRefused, Field: j.Resource.Key}
	if u.entity.Answer != nil {
		problem.Message = u.entity.Answer.Message
		if j.Resource.Trace != nil && problem.Message != "" {
			if record, field := j.Resource.Trace(&u.entity, problem.Message); field != "" {
				problem.Record, problem.Field = record, field
			}
		}
		if problem.Message == "" || u.entity.Answer.Advice != "" {
			problem.Message = u.entity.Answer.Error()
		}
	}
	return problem
}

// finding gives a problem its place.
func (j *Job) finding(u *unit, p *schema.Problem) report.Finding {
	place := u.rows[p.Record].Place()
	finding := report.Finding{
		Place: place, Field: p.Field, Value: p.Value, Rule: p.Rule.ID, Severity: p.Rule.Severity,
		Message: p.Text(), Suggestion: p.Suggestion, Clause: p.Clause,
	}
	source := -1
	if p.Column >= 0 {
		column := &u.binding.Layout.Columns[p.Column]
		finding.Column, source = column.Label, column.Source
	}
	if source >= 0 && j.hasCells() {
		finding.Cell = j.cell(place, source)
	}
	if strings.Contains(finding.Message, schema.OtherCell) {
		other := u.rows[p.Other].Place()
		finding.Message = strings.ReplaceAll(finding.Message, schema.OtherCell, j.cell(other, source))
	}
	if answer := u.entity.Answer; answer != nil {
		finding.VendorCode, finding.VendorMessage = answer.Code, answer.Message
		if finding.VendorCode == "" {
			finding.VendorCode = fmt.Sprint(answer.Status)
		}
	}
	return finding
}

// reasons says of each row why it did not go in: its own errors, else those of its entity.
func (j *Job) reasons(u *unit, findings []report.Finding) []string {
	reasons := make([]string, len(u.rows))
	byRow := make(map[int64][]report.Finding)
	for i := range findings {
		if findings[i].Severity == schema.Error {
			row := findings[i].Place.Row
			byRow[row] = append(byRow[row], findings[i])
		}
	}
	for i, row := range u.rows {
		reasons[i] = reason(byRow[row.Place().Row])
	}
	whole := j.wholeReason(u, findings)
	for i := range reasons {
		if reasons[i] == "" {
			reasons[i] = whole
		}
	}
	return reasons
}

// reason joins the errors of one row.
func reason(errors []report.Finding) string {
	var parts []string
	for i := range errors {
		f := &errors[i]
		part := f.Message
		if f.Field != "" && !strings.HasPrefix(part, f.Field) {
			part = f.Field + ": " + part
		}
		if f.Suggestion != "" {
			part += " -> " + f.Suggestion
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// wholeReason is what the rows are told that have no error of their own.
func (j *Job) wholeReason(u *unit, findings []report.Finding) string {
	switch u.entity.Outcome {
	case vendors.Skipped:
		if u.behind {
			return fmt.Sprintf("another row of the same %s refers to what did not go in: row %d of the feed", j.Resource.Noun.One, findings[0].Place.Row)
		}
		return NotSent.Sentence
	case vendors.Unknown:
		return j.doubt()
	}
	for i := range findings {
		if findings[i].Severity == schema.Error {
			return fmt.Sprintf("another row of the same %s is wrong: row %d of the feed", j.Resource.Noun.One, findings[i].Place.Row)
		}
	}
	return ""
}

func (j *Job) hasCells() bool { return j.Feed.Format == "csv" || j.Feed.Format == "xlsx" }
