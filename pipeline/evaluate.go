package pipeline

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"bulkload/formats"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A pass is one reading of the feed: its rows are cut into entities, the entities are checked in
// parallel, and handed on in the order in which they were cut.
type pass struct {
	job    *Job
	facts  *facts
	learn  *learner
	encode bool              // entities are to be sent
	held   *vendors.Held     // what the vendor has, for resources that amend what is sent; nil otherwise
	hand   func(*unit) error // takes every unit, and owns it; called by one goroutine
	rows   int64             // of the feed, after run
	long   bool              // it has met an entity of very many rows
	hash   hasher
}

// run reads the feed once.
func (p *pass) run(ctx context.Context) error {
	p.job.Refers.begin(p.job)
	reader, err := p.job.Feed.Read(ctx)
	if err != nil {
		return err
	}
	defer reader.Close()
	workers := max(1, p.job.CheckWorkers)
	toCheck := make(chan *batch, workers)
	inOrder := make(chan *batch, 2*workers)
	running, ctx := errgroup.WithContext(ctx)
	running.Go(func() error {
		defer close(toCheck)
		defer close(inOrder)
		return p.cut(ctx, reader, toCheck, inOrder)
	})
	for range workers {
		running.Go(func() error { return p.check(toCheck) })
	}
	running.Go(func() error { return p.inOrder(ctx, inOrder) })
	if err := running.Wait(); err != nil {
		return err
	}
	p.job.noticed(reader.Tally())
	if p.long {
		// All of a long entity's rows were held, and the next pass holds them again: without this, the
		// collector lets both stand side by side (measured with a list of a million prices).
		runtime.GC()
	}
	return nil
}

func (p *pass) cut(ctx context.Context, reader formats.Reader, toCheck, inOrder chan<- *batch) error {
	c := cutter{job: p.job, facts: p.facts, learn: p.learn, hash: p.hash, free: make(chan *batch, cap(inOrder)+2)}
	c.hand = func(b *batch) error {
		for _, queue := range []chan<- *batch{toCheck, inOrder} {
			select {
			case queue <- b:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
		return nil
	}
	err := c.run(ctx, reader)
	p.rows = c.rows
	return err
}

// check works batches off until there are no more.
func (p *pass) check(batches <-chan *batch) error {
	for b := range batches {
		b.err = p.checkBatch(b)
		close(b.checked)
	}
	return nil
}

// checkBatch makes records of the batch's rows and checks its entities. A panic of a vendor's code
// is an internal error that names the entity.
func (p *pass) checkBatch(b *batch) (err error) {
	at := "the first entity"
	defer func() {
		if trouble := recover(); trouble != nil {
			err = &InternalError{Reason: fmt.Sprintf("checking %s failed: %v", at, trouble), Stack: debug.Stack()}
		}
	}()
	b.arenas()
	record := 0
	for i := range b.units {
		u := &b.units[i]
		at = fmt.Sprintf("%s %q", p.job.Resource.Noun.One, u.entity.Key)
		u.entity.Records = b.records[record : record+len(u.rows) : record+len(u.rows)]
		record += len(u.rows)
		if err := p.checkUnit(u); err != nil {
			return err
		}
	}
	return nil
}

// arenas makes room for the records of all rows.
func (b *batch) arenas() {
	columns := 0
	for i := range b.units {
		columns += len(b.units[i].rows) * len(b.units[i].binding.Layout.Columns)
	}
	b.values = grown(b.values, columns)
	b.bad = grown(b.bad, columns)
	b.records = grown(b.records, len(b.rows))
	at, record := 0, 0
	for i := range b.units {
		width := len(b.units[i].binding.Layout.Columns)
		for range b.units[i].rows {
			b.records[record] = schema.Record{Values: b.values[at : at+width : at+width], Bad: b.bad[at : at+width : at+width]}
			at += width
			record++
		}
	}
}

func grown[T any](s []T, length int) []T {
	if cap(s) < length {
		return make([]T, length, length+length/4)
	}
	return s[:length]
}

// checkUnit applies every rule to an entity and, when it is sound and to be sent, makes its body.
func (p *pass) checkUnit(u *unit) error {
	e := &u.entity
	for i, row := range u.rows {
		e.Problems = u.binding.Record(row, &e.Records[i], i, e.Problems)
		e.Problems = e.Records[i].Check(i, e.Problems)
	}
	e.Problems = schema.CheckShared(e.Records, e.Problems)
	p.addTwins(u)
	p.addBeside(u)
	p.addRival(u)
	before := len(e.Problems)
	value := p.job.Resource.Encode(e)
	p.hintKey(u)
	if e.Sound() {
		parted, err := p.refer(u, before)
		if err != nil || u.behind {
			return err
		}
		if parted {
			value = p.job.Resource.Encode(e)
		}
	}
	if !e.Sound() {
		e.Outcome = vendors.Rejected
		return nil
	}
	if !p.encode {
		return nil
	}
	if err := e.SetBody(value); err != nil {
		return &InternalError{Reason: fmt.Sprintf("encoding %s %q failed: %v", p.job.Resource.Noun.One, e.Key, err)}
	}
	if p.held != nil {
		return p.amend(u)
	}
	return nil
}

// addTwins reports the values that stand in other entities of the feed too.
func (p *pass) addTwins(u *unit) {
	for _, t := range u.twins {
		field := p.job.Resource.Unique[t.twin.field]
		place := u.rows[t.record].Place()
		place.Row, place.Line = t.twin.row, t.twin.line
		column := u.binding.Layout.Column(field)
		u.entity.Add(schema.Problem{Rule: schema.Twice, Record: t.record, Field: field,
			Clause: u.binding.Layout.Columns[column].Field.Clause,
			Message: fmt.Sprintf("%q stands in %s too, in another %s", u.entity.Records[t.record].Values[column],
				p.job.cell(place, u.binding.Layout.Columns[column].Source), p.job.Resource.Noun.One)})
	}
}

// addBeside holds an entity back that may lack a row: the vendor would take it as whole, and when
// the row comes with the corrected rejects, it would replace all the others.
func (p *pass) addBeside(u *unit) {
	if u.beside.Row == 0 || p.job.deletes || p.job.Resource.Alike() {
		return
	}
	u.entity.Add(schema.Problem{Rule: MayLackRow, Field: p.job.Resource.Key,
		Message: fmt.Sprintf("row %d beside it has no %s: it may belong to this %s", u.beside.Row, p.job.Resource.KeyFields("or"),
			p.job.Resource.Noun.One)})
}

// hintKey tells the row above to whoever left the key out.
func (p *pass) hintKey(u *unit) {
	if u.entity.Key != "" || u.above == "" || p.job.Resource.Alike() {
		return
	}
	key, part := u.above, ""
	if p.job.Resource.Part != "" || len(p.job.Resource.Besides) > 0 {
		key, part = firstItems(u.above)
	}
	for i := range u.entity.Problems {
		problem := &u.entity.Problems[i]
		if problem.Rule != schema.Required {
			continue
		}
		switch problem.Field {
		case p.job.Resource.Key:
			problem.Suggestion = key
		case p.job.Resource.Part:
			problem.Suggestion = part
		default:
			continue
		}
		problem.Message = fmt.Sprintf("%s is required on every row; the row above has %q", problem.Field, problem.Suggestion)
	}
}

// firstItems returns the first two items of a key of several fields.
func firstItems(joined string) (key, part string) {
	n := 0
	schema.Items([]byte(joined), func(item []byte) bool {
		if n++; n == 1 {
			key = string(item)
		} else {
			part = string(item)
		}
		return n < 2
	})
	return key, part
}

// inOrder hands the units on in the order in which they were cut. A panic of a vendor's code that looks at
// them there is an internal error too.
func (p *pass) inOrder(ctx context.Context, batches <-chan *batch) (err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = &InternalError{Reason: fmt.Sprintf("dealing with %s failed: %v", p.job.Resource.Noun.Many, trouble), Stack: debug.Stack()}
		}
	}()
	for b := range batches {
		select {
		case <-b.checked:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if b.err != nil {
			return b.err
		}
		for i := range b.units {
			p.long = p.long || len(b.units[i].rows) > mostKept/4
			left := b.units[i].left
			if err := p.hand(&b.units[i]); err != nil {
				return err
			}
			if left == nil {
				continue
			}
			if err := p.hand(left); err != nil {
				return err
			}
		}
	}
	return nil
}

// cell names a cell as a spreadsheet does, with its sheet: "Products!F12"; the row where the
// feed's format has no cells: "row 12".
func (j *Job) cell(place formats.Place, source int) string {
	if j.Feed.Format == "ndjson" || j.Feed.Format == "parquet" || source < 0 {
		return place.String()
	}
	cell := fmt.Sprintf("%s%d", formats.ColumnLetters(source), place.Row)
	if place.Sheet != "" {
		return place.Sheet + "!" + cell
	}
	return cell
}
