package pipeline

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"bulkload/formats"
	"bulkload/pipeline/report"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// A PlanResult is what an import would do. It must be closed.
type PlanResult struct {
	*Result
	Changes *Changes
}

// Close gives up temporary files.
func (r *PlanResult) Close() error {
	return errors.Join(r.Result.Close(), r.Changes.sorter.Close(), r.Changes.foreseen.Close())
}

// Foreseen is what a plan says of one entity of the feed.
type Foreseen struct {
	Key     string          // the vendor's, of what it has
	Outcome vendors.Outcome // that an import would have
	Held    uint64          // hash of what the vendor had; 0: nothing, or nothing that can be compared
}

// Plan checks the whole feed, reads what the vendor has, and says what an import would create,
// update, field by field, and leave. Nothing is sent that the vendor stores.
func Plan(ctx context.Context, job *Job) (*PlanResult, error) {
	if job.Resource.Pages == nil {
		return nil, fmt.Errorf("the vendor cannot tell what it has of %s, so an import of it cannot be planned", job.Resource.Name)
	}
	survey, err := job.survey(ctx)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	defer survey.close()
	if err := job.acceptable(survey); err != nil {
		return &PlanResult{job.result(survey.facts.rows, survey.collector), &Changes{}}, err
	}
	survey.collector.Close()
	job.Compare, job.plans = true, true
	held, kept, err := job.shelved(ctx, survey.owners)
	if err != nil {
		return nil, err
	}
	defer kept.close()
	return job.compare(ctx, survey, held, kept)
}

// compare reads the feed once more and puts each entity beside the vendor's.
func (j *Job) compare(ctx context.Context, s *survey, held *catalogue, kept *shelf) (*PlanResult, error) {
	collector := report.NewCollector(j.TempDir)
	settler := &settler{job: j, collector: collector}
	changes := &Changes{sorter: spill.Sorter{Dir: j.TempDir}, foreseen: spill.Sorter{Dir: j.TempDir}}
	matched, parts := int64(0), int64(0)
	plan := &report.Plan{}
	p := pass{job: j, facts: &s.facts, hash: s.hash, encode: true, held: j.held(ctx, kept), hand: func(u *unit) error {
		if j.stopped() {
			return ErrInterrupted
		}
		if u.entity.Known || j.Resource.Amend == nil && !u.rest && held.Has(u.entity.Key) {
			matched++
		}
		if err := j.foresee(u, held, kept, changes); err != nil {
			return err
		}
		if err := changes.foresee(u, held); err != nil {
			return err
		}
		if sends(u.entity.Outcome) {
			parts += int64(u.calls)
			plan.Weigh(u.entity.Key, u.entity.Size)
		}
		j.progress("planning", settler.settledRows(), s.facts.rows)
		return settler.settle(u)
	}}
	if err := p.run(ctx); err != nil {
		return nil, errors.Join(interrupted(ctx, err), collector.Close(), changes.sorter.Close(), changes.foreseen.Close())
	}
	j.Refers.end(j)
	result := &PlanResult{Result: j.result(p.rows, collector), Changes: changes}
	entities := &collector.Counts.Entities
	sent := entities[vendors.Created] + entities[vendors.Updated]
	calls := (sent + int64(j.batch()) - 1) / int64(j.batch())
	plan.OnlyVendor, plan.Changes = int64(len(held.held))-matched, changes.Len()
	plan.Drops, plan.DropsOf = changes.parts, changes.losers
	plan.Calls, plan.Spared = calls, max(0, parts-calls)
	result.Summary.Plan = plan
	return result, nil
}

// sends reports whether an entity of this outcome is one that a plan sends.
func sends(o vendors.Outcome) bool { return o == vendors.Created || o == vendors.Updated }

// foresee gives a sound entity the outcome that an import would have, and notes what would change.
func (j *Job) foresee(u *unit, held *catalogue, kept *shelf, changes *Changes) error {
	e := &u.entity
	if e.Outcome != vendors.Unsettled {
		return nil
	}
	place := u.rows[0].Place()
	same, err := held.Holds(e)
	switch {
	case err != nil:
		return err
	case same:
		e.Outcome = vendors.Unchanged
		return nil
	case j.Resource.Amend == nil && !held.Has(e.Key), j.Resource.Amend != nil && !e.Known:
		e.Outcome = vendors.Created
		foretold := u.amendment.Foretold
		return changes.add(Change{Place: place, Entity: e.Key, Action: "create", Field: foretold.Field, After: foretold.Value})
	}
	e.Outcome = vendors.Updated
	theirs, err := kept.find(held.name(e))
	switch {
	case err != nil:
		return err
	case theirs == nil:
		return &InternalError{Reason: fmt.Sprintf("%s %q was found at the vendor and is not there", j.Resource.Noun.One, e.Key)}
	}
	if j.Resource.Drops != nil {
		parts, err := j.Resource.Drops(theirs.Body, e.Body)
		if err != nil {
			return fmt.Errorf("compare %s %q with the vendor's: %w", j.Resource.Noun.One, e.Key, err)
		}
		changes.drop(len(parts))
	}
	return j.differences(u, theirs.Body, changes)
}

// differences notes each field whose value would change.
func (j *Job) differences(u *unit, theirs []byte, changes *Changes) error {
	before, err := j.decoded(theirs)
	if err != nil {
		return changes.add(Change{Place: u.rows[0].Place(), Entity: u.entity.Key, Action: "update", Field: "?",
			Before: "cannot be read: " + err.Error()})
	}
	body, err := u.becomes()
	if err != nil {
		return &InternalError{Reason: fmt.Sprintf("reading %s %q failed: %v", j.Resource.Noun.One, u.entity.Key, err)}
	}
	after, err := j.decoded(body)
	if err != nil {
		return &InternalError{Reason: fmt.Sprintf("decoding %s %q failed: %v", j.Resource.Noun.One, u.entity.Key, err)}
	}
	for _, c := range j.fieldChanges(before, after) {
		c.Place, c.Entity, c.Action = u.rows[0].Place(), u.entity.Key, "update"
		if err := changes.add(c); err != nil {
			return err
		}
	}
	return nil
}

// decoded gives the rows of a body in canonical form, so that only what differs in meaning differs.
func (j *Job) decoded(body []byte) ([]map[string]string, error) {
	canonical, err := j.Resource.Canonical(body)
	if err != nil {
		return nil, err
	}
	return j.Resource.Decode(canonical)
}

// fieldChanges compares the rows of an entity, those that carry the same name with each other.
func (j *Job) fieldChanges(before, after []map[string]string) (changes []Change) {
	old := make(map[string]map[string]string)
	for i, row := range before {
		old[j.rowName(row, i)] = row
	}
	for i, row := range after {
		name := j.rowName(row, i)
		was, there := old[name]
		delete(old, name)
		if !there {
			changes = append(changes, Change{Row: name, Field: wholeRow, After: "added"})
			continue
		}
		changes = append(changes, j.cellChanges(name, was, row)...)
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		changes = append(changes, Change{Row: name, Field: wholeRow, Before: "there", After: "removed"})
	}
	return changes
}

// rowName names a row within its entity, by the fields that the resource says, else by its number.
func (j *Job) rowName(row map[string]string, i int) string {
	var parts []string
	for _, field := range j.Resource.RowKey {
		if row[field] != "" {
			parts = append(parts, row[field])
		}
	}
	if len(parts) == 0 {
		return strconv.Itoa(i + 1)
	}
	return strings.Join(parts, " ")
}

func (j *Job) cellChanges(name string, before, after map[string]string) (changes []Change) {
	fields := make(map[string]bool)
	for field := range before {
		fields[field] = true
	}
	for field := range after {
		fields[field] = true
	}
	for _, field := range slices.Sorted(maps.Keys(fields)) {
		if before[field] == after[field] {
			continue
		}
		c := Change{Row: name, Field: field, Before: before[field], After: after[field]}
		if f, _ := j.Resource.Schema.Find(field); f != nil && f.Shared {
			c.Row = "" // it is the entity's, not the row's
		}
		changes = append(changes, c)
	}
	return changes
}

// A Change is one thing that an import would change at the vendor.
type Change struct {
	Place  formats.Place // of the entity's first row
	Entity string        // key
	Action string        // "create" or "update"
	Row    string        // which of the entity's rows, by its own name; empty: the entity itself
	Field  string        // or wholeRow
	Before string
	After  string
}

// wholeRow stands in the place of a field when a row as a whole comes or goes.
const wholeRow = "(row)"

// ChangeColumns are the columns of a plan's file.
var ChangeColumns = []formats.Column{{Name: "sheet", Width: 12}, {Name: "row", Type: formats.Number}, {Name: "action"},
	{Name: "entity", Width: 20}, {Name: "part", Width: 20}, {Name: "field", Width: 24}, {Name: "before", Width: 40}, {Name: "after", Width: 40}}

// Changes are those of a plan, in the order of the feed.
type Changes struct {
	sorter   spill.Sorter
	foreseen spill.Sorter
	scratch  []byte
	parts    int64 // that would be dropped
	losers   int64 // entities that would lose some
}

func (c *Changes) drop(parts int) {
	c.parts += int64(parts)
	if parts > 0 {
		c.losers++
	}
}

func (c *Changes) foresee(u *unit, held *catalogue) error {
	if u.entity.Outcome == vendors.Rejected {
		return nil // an import does nothing about it, whatever the vendor has
	}
	name := held.name(&u.entity)
	h, _ := held.find(name)
	c.scratch = binary.BigEndian.AppendUint64(append(c.scratch[:0], byte(u.entity.Outcome)), h.body)
	return c.foreseen.Add(spill.Key{High: uint64(u.rows[0].Place().Row)}, append(c.scratch, name...))
}

// Foreseen yields what would become of each entity, in the order of the feed.
func (c *Changes) Foreseen() iter.Seq2[Foreseen, error] {
	return func(yield func(Foreseen, error) bool) {
		for record, err := range c.foreseen.Sorted() {
			if err != nil {
				yield(Foreseen{}, err)
				return
			}
			f := Foreseen{Outcome: vendors.Outcome(record.Data[0]), Held: binary.BigEndian.Uint64(record.Data[1:]), Key: string(record.Data[9:])}
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (c *Changes) add(change Change) error {
	c.scratch = binary.AppendVarint(c.scratch[:0], change.Place.Row)
	for _, text := range change.texts() {
		c.scratch = binary.AppendUvarint(c.scratch, uint64(len(*text)))
		c.scratch = append(c.scratch, *text...)
	}
	return c.sorter.Add(spill.Key{High: uint64(change.Place.Row)}, c.scratch)
}

func (c *Change) texts() []*string {
	return []*string{&c.Place.Sheet, &c.Entity, &c.Action, &c.Row, &c.Field, &c.Before, &c.After}
}

// Len is how many changes there are.
func (c *Changes) Len() int64 { return c.sorter.Len() }

// All yields the changes in the order of the feed.
func (c *Changes) All() iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		for record, err := range c.sorter.Sorted() {
			if err != nil {
				yield(Change{}, err)
				return
			}
			var change Change
			row, n := binary.Varint(record.Data)
			change.Place.Row = row
			data := record.Data[n:]
			for _, text := range change.texts() {
				length, n := binary.Uvarint(data)
				*text, data = string(data[n:n+int(length)]), data[n+int(length):]
			}
			if !yield(change, nil) {
				return
			}
		}
	}
}

// Write writes the changes to a file of ChangeColumns.
func (c *Changes) Write(w formats.Writer) error {
	for change, err := range c.All() {
		if err != nil {
			return err
		}
		cells := [][]byte{[]byte(change.Place.Sheet), strconv.AppendInt(nil, change.Place.Row, 10), []byte(change.Action),
			[]byte(change.Entity), []byte(change.Row), []byte(change.Field), []byte(change.Before), []byte(change.After)}
		if err := w.Write(cells); err != nil {
			return fmt.Errorf("write the plan: %w", err)
		}
	}
	return nil
}

// String writes the change in one line: `LD-1042: display_name "Dress" → "Gown"`.
func (c *Change) String() string {
	name := c.Entity
	if c.Row != "" {
		name += " " + c.Row
	}
	switch {
	case c.Action == "create" && c.Field != "":
		return fmt.Sprintf("%s: new, with the %s %q", name, c.Field, c.After)
	case c.Action == "create":
		return name + ": new"
	case c.Field == wholeRow:
		return name + ": " + c.After
	}
	return fmt.Sprintf("%s: %s %q → %q", name, c.Field, c.Before, c.After)
}
