package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"

	"bulkload/formats"
	"bulkload/pipeline/report"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// The rules about what rows refer to.
var (
	LeftBehind = &schema.Rule{ID: "reference.left-behind",
		Sentence: "what it refers to did not go in, so it was left behind"}
	ReferenceUnknown = &schema.Rule{ID: "reference.unknown", Severity: schema.Warning,
		Sentence: "it refers to something that neither the feed nor the vendor has"}
)

// References are what the loads of one workbook tell each other: which entities each of them names, which
// of those did not go in and why, and which others the vendor has. One load after the other fills it, and
// those that come later ask. It holds 8 bytes for each name, and 16 for each that did not go in; the
// reasons are in a temporary file.
type References struct {
	Dir string // for the temporary file; "": the system's

	seed    maphash.Seed
	rosters map[string]*roster // by resource
	reasons *os.File
	size    int64 // of the reasons
}

// A roster is what is known of one resource's entities and their parts.
type roster struct {
	parts  []string        // fields by which others refer to it; the empty text is its key
	named  []uint64        // names in the feed
	held   []uint64        // names that the vendor has
	listed map[string]bool // parts of which the vendor has told all names
	behind []behind        // names of what did not go in
}

// behind is a name of something that did not go in, and where the reason stands.
type behind struct {
	name  uint64
	start int64
}

// NewReferences returns an empty set. It must be closed.
func NewReferences() *References {
	return &References{seed: maphash.MakeSeed(), rosters: make(map[string]*roster)}
}

// Close gives up the temporary file.
func (r *References) Close() error {
	if r == nil || r.reasons == nil {
		return nil
	}
	file := r.reasons
	r.reasons = nil
	return errors.Join(file.Close(), os.Remove(file.Name()))
}

// roster returns what is known of a resource; nil when nobody refers to it.
func (r *References) roster(vendor *vendors.Vendor, resource string) *roster {
	if r == nil {
		return nil
	}
	known := r.rosters[resource]
	if known == nil {
		parts := vendor.Referred(resource)
		if parts == nil {
			return nil
		}
		known = &roster{parts: parts, listed: make(map[string]bool)}
		r.rosters[resource] = known
	}
	return known
}

// name is the hash of a value of a part of a resource.
func (r *References) name(part string, value []byte) uint64 {
	var hash maphash.Hash
	hash.SetSeed(r.seed)
	hash.WriteString(part)
	hash.WriteByte(0)
	hash.Write(value)
	return hash.Sum64()
}

// begin forgets what an earlier reading of the job's feed told.
func (r *References) begin(j *Job) {
	if known := r.roster(j.Vendor, j.Resource.Name); known != nil {
		known.named, known.behind = known.named[:0], known.behind[:0]
	}
}

// note takes what became of a unit. ready is set when it would go in if this were no rehearsal.
func (r *References) note(j *Job, u *unit, e *report.Event, ready bool) error {
	known := r.roster(j.Vendor, j.Resource.Name)
	if known == nil {
		return nil
	}
	start := int64(-1)
	ended := j.unsent && e.Outcome == vendors.Skipped && !u.behind // with the run; so is what refers to it
	if !ready && !ended && !report.WentIn(e.Outcome) {
		var err error
		if start, err = r.keep(j.absence(u, e)); err != nil {
			return err
		}
	}
	note := func(name uint64) {
		known.named = append(known.named, name)
		if start >= 0 {
			known.behind = append(known.behind, behind{name, start})
		}
	}
	for _, part := range known.parts {
		if part == "" {
			note(r.name("", []byte(u.entity.Key)))
			continue
		}
		column := u.binding.Layout.Column(part)
		for i := range u.entity.Records {
			if value := valueAt(&u.entity.Records[i], column); len(value) > 0 {
				note(r.name(part, value))
			}
		}
	}
	return nil
}

func valueAt(r *schema.Record, column int) []byte {
	if column < 0 {
		return nil
	}
	return r.Values[column]
}

// absence says which entity did not go in, and why.
func (j *Job) absence(u *unit, e *report.Event) string {
	what := fmt.Sprintf("the %s %q in %s", j.Resource.Noun.One, e.Entity, u.rows[0].Place())
	var why string
	for i := range e.Findings {
		if e.Findings[i].Severity == schema.Error {
			why = e.Findings[i].Brief()
			break
		}
	}
	switch e.Outcome {
	case vendors.Refused:
		return what + ", which the vendor did not take: " + why
	case vendors.Unknown:
		return what + ", which was sent without an answer: it may be there or not"
	case vendors.Skipped:
		if u.behind {
			return what + ", which was left behind: " + why
		}
		return what + ", which was not sent, because the run ended before"
	}
	return what + ", which did not go in: " + why
}

// keep writes a reason down and tells where.
func (r *References) keep(reason string) (start int64, err error) {
	if r.reasons == nil {
		if r.reasons, err = os.CreateTemp(r.Dir, "bulkload-reasons-*"); err != nil {
			return 0, fmt.Errorf("make a temporary file: %w", err)
		}
	}
	start = r.size
	n, err := r.reasons.WriteAt(append([]byte(reason), 0), start)
	if r.size += int64(n); err != nil {
		return 0, fmt.Errorf("keep why something did not go in: %w", err)
	}
	return start, nil
}

// forget takes back what was told of the vendor's entities of the job's resource.
func (r *References) forget(j *Job) {
	if known := r.roster(j.Vendor, j.Resource.Name); known != nil {
		known.held = known.held[:0]
		clear(known.listed)
	}
}

// hold takes an entity that the vendor has.
func (r *References) hold(vendor *vendors.Vendor, resource *vendors.Resource, e vendors.Stored) {
	known := r.roster(vendor, resource.Name)
	if known == nil || e.Aside {
		return
	}
	known.held = append(known.held, r.name("", []byte(e.Key)))
	if len(known.parts) == 1 && known.parts[0] == "" || resource.Decode == nil || e.Body == nil {
		return
	}
	rows, err := resource.Decode(e.Body)
	if err != nil {
		return // it cannot be read, so nobody can tell what its parts are; its key is known
	}
	for _, row := range rows {
		for _, part := range known.parts {
			if value := row[part]; part != "" && value != "" {
				known.held = append(known.held, r.name(part, []byte(value)))
			}
		}
	}
}

// listed says that all was told that the vendor has of the job's resource, where it can tell.
func (r *References) listed(j *Job) {
	bodies := j.Resource.Pages != nil && (j.Compare || j.Resource.Unlisted)
	if bodies || j.Resource.Known != nil {
		r.complete(j.Vendor, j.Resource.Name, bodies)
	}
}

// complete says that the vendor has told all that it has; with bodies, the names of parts are known too.
func (r *References) complete(vendor *vendors.Vendor, resource string, bodies bool) {
	known := r.roster(vendor, resource)
	if known == nil {
		return
	}
	for _, part := range known.parts {
		known.listed[part] = part == "" || bodies
	}
	slices.Sort(known.held)
	known.held = slices.Compact(known.held)
}

// end makes what was told ready to be asked for.
func (r *References) end(j *Job) {
	known := r.roster(j.Vendor, j.Resource.Name)
	if known == nil {
		return
	}
	slices.Sort(known.named)
	known.named = slices.Compact(known.named)
	slices.SortFunc(known.behind, func(a, b behind) int { return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.start, b.start)) })
	known.behind = slices.CompactFunc(known.behind, func(a, b behind) bool { return a.name == b.name })
}

// List asks the vendor for all that it has of the resources that the job's rows refer to, but for those
// that are known already. It makes a call for each page of them.
func (r *References) List(ctx context.Context, j *Job) error {
	for _, reference := range j.Resource.Refers {
		resource := j.Vendor.Resource(reference.Resource)
		known := r.roster(j.Vendor, reference.Resource)
		if known == nil || resource == nil || resource.Pages == nil || known.listed[reference.Part] {
			continue
		}
		known.held = known.held[:0]
		for page, err := range resource.Pages(ctx, j.Client, vendors.Listing{}) {
			if j.stopped() || ctx.Err() != nil {
				return ErrInterrupted
			}
			if err != nil {
				return ListingError(err)
			}
			for _, e := range page.Entities {
				r.hold(j.Vendor, resource, e)
			}
			j.progress("listing", int64(len(known.held)), 0)
		}
		r.complete(j.Vendor, reference.Resource, true)
	}
	return nil
}

// wasLeft tells why what a value names did not go in; false when it did, or when nobody tried.
func (r *References) wasLeft(known *roster, name uint64) (reason string, left bool, err error) {
	i, found := slices.BinarySearchFunc(known.behind, name, func(b behind, name uint64) int { return cmp.Compare(b.name, name) })
	if !found {
		return "", false, nil
	}
	text := make([]byte, 512)
	n, err := r.reasons.ReadAt(text, known.behind[i].start)
	if err != nil && err != io.EOF {
		return "", false, fmt.Errorf("read back why something did not go in: %w", err)
	}
	reason, _, _ = strings.Cut(string(text[:n]), "\x00")
	return reason, true, nil
}

// unknown reports whether neither the feed nor the vendor has what a value names, as far as that is known.
func (known *roster) unknown(part string, name uint64) bool {
	if !known.listed[part] {
		return false
	}
	_, named := slices.BinarySearch(known.named, name)
	_, held := slices.BinarySearch(known.held, name)
	return !named && !held
}

// refer looks at what the rows of a sound unit refer to. Rows that refer to what did not go in are left
// behind; when others stay, parted is true, and the entity has to be encoded anew. before is how many
// problems the unit had before it was encoded.
func (p *pass) refer(u *unit, before int) (parted bool, err error) {
	references := p.job.Refers
	if references == nil || p.job.deletes {
		return false, nil
	}
	e := &u.entity
	var left []bool
	var problems []schema.Problem
	whole := false
	for _, reference := range p.job.Resource.Refers {
		known := references.rosters[reference.Resource]
		column := u.binding.Layout.Column(reference.Field)
		if known == nil || column < 0 {
			continue
		}
		for i := range e.Records {
			value := e.Records[i].Values[column]
			if len(value) == 0 || string(value) == reference.None || len(left) > 0 && left[i] {
				continue
			}
			name := references.name(reference.Part, value)
			reason, absent, err := references.wasLeft(known, name)
			if err != nil {
				return false, err
			}
			if absent {
				if left == nil {
					left = make([]bool, len(e.Records))
				}
				left[i] = true
				whole = whole || reference.Whole
				problems = append(problems, u.problem(LeftBehind, i, column, "it refers to "+reason))
			} else if known.unknown(reference.Part, name) {
				problems = append(problems, u.problem(ReferenceUnknown, i, column, p.job.unknownReference(reference, value)))
			}
		}
	}
	switch {
	case left == nil:
		e.Problems = append(e.Problems, problems...)
		return false, nil
	case whole || !slices.Contains(left, false):
		e.Problems = append(e.Problems[:before], problems...)
		e.Outcome, u.behind = vendors.Skipped, true
		return false, nil
	}
	e.Problems = append(p.job.settled(u, before), problems...)
	u.part(left)
	return true, nil
}

// problem makes a problem of a cell.
func (u *unit) problem(rule *schema.Rule, record, column int, message string) schema.Problem {
	c := &u.binding.Layout.Columns[column]
	return schema.Problem{Rule: rule, Record: record, Column: column, Field: c.Name,
		Value: string(u.entity.Records[record].Values[column]), Clause: c.Field.Clause, Message: message}
}

func (j *Job) unknownReference(reference vendors.Reference, value []byte) string {
	what := reference.Resource
	if resource := j.Vendor.Resource(reference.Resource); resource != nil {
		what = resource.Noun.One
	}
	if reference.Part != "" {
		return fmt.Sprintf("neither the feed nor the vendor has a %s with the %s %q", what, reference.Part, value)
	}
	return fmt.Sprintf("neither the feed nor the vendor has a %s %q", what, value)
}

// settled are the first problems of a unit, those that speak of another cell put into words: rows are
// about to get other numbers.
func (j *Job) settled(u *unit, count int) []schema.Problem {
	problems := u.entity.Problems[:count]
	for i := range problems {
		q := &problems[i]
		if strings.Contains(q.Message, schema.OtherCell) {
			source := -1
			if q.Column >= 0 {
				source = u.binding.Layout.Columns[q.Column].Source
			}
			q.Message = strings.ReplaceAll(q.Message, schema.OtherCell, j.cell(u.rows[q.Other].Place(), source))
			q.Other = 0
		}
	}
	return problems
}

// part takes the rows that are left behind out of the unit and makes a unit of their own of them. What
// they say of the entity as a whole, or of a part of it, is kept by those that stay.
func (u *unit) part(left []bool) {
	rest := &unit{binding: u.binding, batch: u.batch, behind: true, rest: true}
	rest.entity = vendors.Entity{Key: u.entity.Key, Outcome: vendors.Skipped}
	u.inherit(left)
	place := make([]int, len(left)) // of each row in its new unit
	var rows []formats.Row
	var records []schema.Record
	for i, gone := range left {
		if gone {
			place[i] = len(rest.rows)
			rest.rows = append(rest.rows, u.rows[i])
			rest.entity.Records = append(rest.entity.Records, u.entity.Records[i])
			continue
		}
		place[i] = len(rows)
		rows, records = append(rows, u.rows[i]), append(records, u.entity.Records[i])
	}
	var problems []schema.Problem
	for _, q := range u.entity.Problems {
		gone := left[q.Record]
		q.Record = place[q.Record]
		if gone {
			rest.entity.Problems = append(rest.entity.Problems, q)
		} else {
			problems = append(problems, q)
		}
	}
	u.rows, u.entity.Records, u.entity.Problems = rows, records, problems
	u.left = rest
	u.batch.holders.Add(1)
}

// inherit gives what only rows that are left behind say of all rows to the first row that stays.
func (u *unit) inherit(left []bool) {
	layout := u.binding.Layout
	records := u.entity.Records
	for i := range layout.Columns {
		field := layout.Columns[i].Field
		if !field.Shared {
			continue
		}
		parts := [][]int{nil}
		if by := layout.Column(field.SharedBy); field.SharedBy != "" && by >= 0 {
			parts = schema.Parts(records, by)
		}
		for _, part := range parts {
			inheritColumn(records, part, left, i)
		}
	}
}

// inheritColumn does so with one column of a part; nil stands for all records.
func inheritColumn(records []schema.Record, part []int, left []bool, column int) {
	count := len(part)
	if part == nil {
		count = len(records)
	}
	var value []byte
	heir := -1
	for n := range count {
		i := n
		if part != nil {
			i = part[n]
		}
		has := len(records[i].Values[column]) > 0
		switch {
		case has && !left[i]:
			return // one that stays says it
		case has && value == nil:
			value = records[i].Values[column]
		case !left[i] && heir < 0:
			heir = i
		}
	}
	if heir >= 0 && value != nil {
		records[heir].Values[column] = value
	}
}
