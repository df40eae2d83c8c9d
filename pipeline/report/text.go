package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"bulkload/vendors"
)

// WriteText writes the summary for people, with the balance as its last line. Lines are broken
// between words to fit into width characters; 0 leaves them whole.
func (s *Summary) WriteText(w io.Writer, width int) error {
	t := &text{width: width}
	t.head(s)
	t.outcomes(s)
	t.remarks(s)
	t.rules(s)
	t.plan(s)
	t.files(s)
	_, err := io.WriteString(w, t.String())
	return err
}

type text struct {
	strings.Builder
	width int
}

// line writes a line; when it is broken, what follows is indented by four.
func (t *text) line(format string, args ...any) { t.hanging(4, format, args...) }

// hanging writes a line; when it is broken, what follows is indented.
func (t *text) hanging(indent int, format string, args ...any) {
	rest := []rune(fmt.Sprintf(format, args...))
	room := t.width
	for t.width > indent+20 && len(rest) > room {
		end := room
		for end > 0 && rest[end] != ' ' {
			end--
		}
		if strings.TrimSpace(string(rest[:end])) == "" {
			break // a word that fits no line stays whole
		}
		t.WriteString(strings.TrimRight(string(rest[:end]), " ") + "\n" + strings.Repeat(" ", indent))
		rest = rest[end+1:]
		room = t.width - indent
	}
	t.WriteString(string(rest) + "\n")
}

// head says what was read and where it went.
func (t *text) head(s *Summary) {
	from := s.Feed
	if s.Sheet != "" {
		from += ", sheet " + s.Sheet
	}
	entities := int64(0)
	for _, n := range s.Counts.Entities {
		entities += n
	}
	to := s.Target
	if s.Version != "" {
		to += " version " + s.Version
	}
	if s.Account != "" {
		to += ", " + s.Account
	}
	t.line("%s (%s): %s, %d %s", from, s.Format, plural(s.RowsIn, "row"), entities, s.Noun.Of(entities))
	t.line("%s %s", s.verb(), to)
	t.line("")
}

func (s *Summary) verb() string {
	switch {
	case s.Plan != nil:
		return "planned for"
	case s.Lookup != nil:
		return "looked up at"
	case s.Deleting && s.Sending:
		return "deleted from"
	case s.Deleting:
		return "would be deleted from"
	case s.DryRun:
		return "rehearsed for"
	case s.Sending:
		return "loaded into"
	default:
		return "checked for"
	}
}

// outcomes says what happened to rows and entities.
func (t *text) outcomes(s *Summary) {
	for _, outcome := range vendors.Outcomes {
		p := part{s.word(outcome), s.Counts.Rows[outcome], s.Counts.Entities[outcome]}
		if outcome == vendors.Skipped {
			p.rows, p.entities = p.rows-s.Counts.Behind.Rows, p.entities-s.Counts.Behind.Entities
		}
		t.outcome(s, p, s.hint(outcome))
	}
	t.outcome(s, part{vendors.Skipped.String(), s.Counts.Behind.Rows, s.Counts.Behind.Entities},
		"  (not sent: what they refer to did not go in)")
	if s.RowsIn == 0 {
		t.line("  the feed has no rows")
	}
	t.line("")
}

func (t *text) outcome(s *Summary, p part, hint string) {
	if p.rows > 0 {
		t.line("  %-9s %8d %-4s %6s  %6d %s%s", p.word, p.rows, noun(p.rows, "row"), share(p.rows, s.RowsIn),
			p.entities, s.Noun.Of(p.entities), hint)
	}
}

// hint tells what an outcome means for its rows.
func (s *Summary) hint(outcome vendors.Outcome) string {
	switch outcome {
	case vendors.Unchanged:
		if s.Lookup != nil {
			return "  (the vendor has nothing to say about them)"
		}
		if s.Deleting {
			return "  (the vendor does not have them)"
		}
		if s.Once {
			return "  (sent before; --again sends them once more)"
		}
		return "  (the vendor has them so already)"
	case vendors.Rejected:
		return "  (not sent: a rule is broken)"
	case vendors.Refused:
		return "  (the vendor did not take them)"
	case vendors.Unknown:
		if s.Lookup != nil {
			return "  (asked, and no answer came)"
		}
		return "  (sent, and no answer came)"
	case vendors.Skipped:
		if s.word(outcome) != outcome.String() {
			return ""
		}
		return "  (not sent: the run ended before)"
	}
	return ""
}

// plan says what an import would do.
func (t *text) plan(s *Summary) {
	p := s.Plan
	if p == nil {
		return
	}
	for _, example := range p.Examples {
		t.line("  %s", shorten(example, 200))
	}
	if more := p.Changes - int64(len(p.Examples)); more > 0 {
		t.line("  and %d more changes; all of them: -o plan.xlsx", more)
	}
	if p.Changes > 0 {
		t.line("")
	}
	if p.Drops > 0 {
		t.line("%s of %d %s would be dropped, since the feed does not name them", plural(p.Drops, "part"), p.DropsOf, s.Noun.Of(p.DropsOf))
	}
	calls := "an import makes " + plural(p.Calls, "call") + " that write"
	if p.Spared > 0 {
		calls += fmt.Sprintf(", %d fewer than one for each change", p.Spared)
	}
	if p.Takes > 0 {
		calls += fmt.Sprintf(", about %s at the account's rate", p.Takes.Round(time.Second))
	}
	t.line("%s", calls)
	if p.Largest > vendors.MostHeld {
		t.line("they carry %s, of which the %s %q alone has %s in one request, which is made while it is sent", megabytes(p.Bytes), s.Noun.One,
			shorten(p.LargestOf, 60), megabytes(p.Largest))
	}
	if p.File != "" {
		t.line("changes: %s", p.File)
	}
	if p.Saved != "" {
		t.line("plan:    %s  (bulkload import --plan %s)", p.Saved, p.Saved)
	}
	var parts []string
	for _, share := range s.shares() {
		if share.entities > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", share.entities, share.word))
		}
	}
	parts = append(parts, fmt.Sprintf("%d only at the vendor", p.OnlyVendor))
	t.line("%s: %s", s.Noun.Many, strings.Join(parts, " · "))
}

// megabytes writes a size of more than a million bytes.
func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }

func (t *text) remarks(s *Summary) {
	before := t.Len()
	if s.Blank > 0 {
		t.line("  note: %s without any text passed over", plural(s.Blank, "row"))
	}
	for _, remark := range s.Remarks {
		if place := remark.Place.String(); place != "" {
			t.line("  note: %s: %s", place, remark.Text)
		} else {
			t.line("  note: %s", remark.Text)
		}
	}
	if len(s.Ignored) > 0 && s.Lookup != nil {
		t.line("  note: columns that are no part of the question: %s", strings.Join(s.Ignored, ", "))
	} else if len(s.Ignored) > 0 {
		t.line("  note: columns that match no field were left out: %s", strings.Join(s.Ignored, ", "))
	}
	if len(s.Dropped) > 0 {
		t.line("  note: columns that the vendor only answers were left out: %s", strings.Join(s.Dropped, ", "))
	}
	if t.Len() > before {
		t.line("")
	}
}

// rules groups the problems by rule, with counts, shares and examples.
func (t *text) rules(s *Summary) {
	for _, rule := range s.Rules {
		t.line("%s %s %s (%s of rows): %s", plural(rule.Findings, rule.Severity.String()), "of", rule.Rule,
			share(rule.Rows, s.RowsIn), rule.Sentence)
		for _, example := range rule.Examples {
			t.example(&example)
		}
		if more := rule.Findings - int64(len(rule.Examples)); more > 0 {
			t.line("    and %d more", more)
		}
	}
	if len(s.Rules) > 0 {
		t.line("")
	}
}

// exampleIndent is where the words of an example begin, behind its place.
const exampleIndent = 4 + 14 + 1

func (t *text) example(f *Finding) {
	t.hanging(exampleIndent, "    %-14s %s", f.where(), shorten(f.said(), 200))
}

// Brief tells place and problem on one short line: `Products!F12 colors: "NAVY" is not in the list → BLUE`.
func (f *Finding) Brief() string { return f.where() + " " + shorten(f.said(), 100) }

// where is the cell, or the place when the format has none.
func (f *Finding) where() string {
	if f.Cell != "" {
		return f.Cell
	}
	return f.Place.String()
}

// said is what is wrong, with the value and the nearest right one.
func (f *Finding) said() string {
	said := f.Message
	if f.Field != "" && !strings.HasPrefix(said, f.Field) {
		said = f.Field + ": " + said
	}
	if f.Value != "" && !strings.Contains(said, f.Value) {
		said += fmt.Sprintf(" (it is %q)", shorten(f.Value, 60))
	}
	if f.Suggestion != "" {
		said += " → " + shorten(f.Suggestion, 60)
	}
	return said
}

func (t *text) files(s *Summary) {
	if s.Requests.Sent > 0 {
		t.line("%s, %d repeated, %d throttled, %s", plural(s.Requests.Sent, "request"), s.Requests.Retried,
			s.Requests.Throttled, s.took())
		if s.Requests.Spared > 0 {
			t.line("%s spared by sending changes together", plural(s.Requests.Spared, "request"))
		}
		if s.Requests.Learned != "" {
			t.line("the vendor's limits, as learned: %s", s.Requests.Learned)
		}
	}
	if s.Lookup != nil {
		t.line("%s asked%s", plural(s.Lookup.Asked, "question"), s.before())
	} else if s.Recalled > 0 {
		t.line("%d %s settled before and not sent again", s.Recalled, s.Noun.Of(s.Recalled))
	}
	switch {
	case s.Report != "":
		t.line("report:  %s", s.Report)
	case len(s.Rules) > 0:
		t.line("all problems, one a line: --report problems.xlsx")
	}
	switch {
	case s.Rejects == "":
	case s.Resume != "":
		t.line("rejects: %s  (what has not gone in so far; going on with the run comes first)", s.Rejects)
	default:
		t.line("rejects: %s  (put these rows right and %s this file)", s.Rejects, s.again())
	}
	if s.Lookup != nil && s.Lookup.Output != "" {
		t.line("answers: %s", s.Lookup.Output)
	}
	if s.Snapshot != "" {
		t.line("what was deleted is kept: bulkload import %s --to %s brings it back", s.Snapshot, s.Target)
	}
	if s.Stopped != "" {
		t.line("stopped: %s", s.Stopped)
	}
	if s.Resume != "" {
		t.line("resume:  %s", s.Resume)
	}
	t.line("%s in = %s", plural(s.RowsIn, "row"), s.Balance())
}

// before tells of the questions that earlier processes of a lookup have settled.
func (s *Summary) before() string {
	if s.Recalled == 0 {
		return ""
	}
	return fmt.Sprintf(", %d settled before and not asked again", s.Recalled)
}

// again is what is done with the rejects once they are right.
func (s *Summary) again() string {
	switch {
	case s.Deleting:
		return "delete with"
	case s.Lookup != nil:
		return "look up"
	}
	return "load"
}

func (s *Summary) took() string {
	return s.Finished.Sub(s.Started).Round(10 * time.Millisecond).String()
}

// share writes a part of a whole as a percentage: "62 %", "8.0 %", "<0.1 %".
func share(part, whole int64) string {
	if whole == 0 {
		return "0 %"
	}
	percent := 100 * float64(part) / float64(whole)
	switch {
	case part < whole && percent >= 99:
		return fmt.Sprintf("%.1f %%", math.Floor(percent*10)/10) // never 100 % of what is not all
	case part == 0 || percent >= 9.95:
		return fmt.Sprintf("%.0f %%", percent)
	case percent < 0.1:
		return "<0.1 %"
	default:
		return fmt.Sprintf("%.1f %%", percent)
	}
}

func noun(n int64, one string) string {
	if n == 1 {
		return one
	}
	return one + "s"
}

func plural(n int64, one string) string { return fmt.Sprintf("%d %s", n, noun(n, one)) }

// shorten cuts text to a number of characters and takes line ends out.
func shorten(text string, most int) string {
	text = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ", "\t", " ").Replace(text)
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}
