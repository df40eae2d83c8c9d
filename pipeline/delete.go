package pipeline

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"golang.org/x/sync/errgroup"

	"bulkload/pipeline/mapping"
	"bulkload/pipeline/send"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// Delete takes away what the rows of the job's feed name. It is an import of a resource whose entities
// are names, and which is sent by deleting: what was there is Updated, what was not is Unchanged. In a
// rehearsal the vendor is only asked what it has.
func Delete(ctx context.Context, job *Job) (*Result, error) {
	if job.Resource.Delete == nil {
		return nil, fmt.Errorf("%s/%s cannot be deleted one by one: the vendor has no such call", job.Vendor.Name, job.Resource.Name)
	}
	deleting := job.deleting()
	start := job.Start
	deleting.Start = func() error {
		if err := job.probe(ctx); err != nil || start == nil {
			return err
		}
		err := start()
		deleting.Journal, deleting.Past = job.Journal, job.Past // which it may have set
		return err
	}
	return Import(ctx, deleting)
}

// DeleteAll takes away all that the vendor has of the job's resource.
func DeleteAll(ctx context.Context, job *Job) error {
	if job.Resource.DeleteAll == nil {
		return fmt.Errorf("%s/%s cannot be deleted as a whole: the vendor has no such call", job.Vendor.Name, job.Resource.Name)
	}
	for attempt := 1; ; attempt++ {
		err := job.Resource.DeleteAll(ctx, job.Client)
		if err == nil || !job.Retry.Again(ctx, attempt, err) {
			return interrupted(ctx, failure("delete all "+job.Resource.Noun.Many, err))
		}
	}
}

// Count counts what the vendor has of the job's resource, which has Pages.
func Count(ctx context.Context, job *Job) (entities int64, err error) {
	for page, err := range job.Resource.Pages(ctx, job.Client, vendors.Listing{}) {
		if err != nil {
			return 0, interrupted(ctx, failure("read what the vendor has", err))
		}
		if entities += int64(len(page.Entities)); job.stopped() {
			return 0, ErrInterrupted
		}
	}
	return entities, nil
}

// probe makes sure that it is the vendor who answers: at a wrong address everything would seem to be
// gone already.
func (j *Job) probe(ctx context.Context) error {
	if j.Vendor.Probe == nil {
		return nil
	}
	return interrupted(ctx, failure("reach the vendor", j.Vendor.Probe(ctx, j.Client)))
}

// failure says what a failed call means for the run.
func failure(doing string, err error) error {
	var answer *vendors.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer) && answer.Unauthorised():
		return fmt.Errorf("%w: %w", send.ErrUnauthorised, err)
	case send.Passing(err):
		return fmt.Errorf("%w: %w", send.ErrUnreachable, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// deleting is the job with the resource of names in place of its own.
func (j *Job) deleting() *Job {
	deleting := *j
	deleting.deletes, deleting.StrictColumns = true, false
	deleting.Mapping = onlyKeys(j.Mapping, j.Resource)
	deleting.Resource = deletionOf(j.Resource)
	return &deleting
}

// deletionOf makes the resource of the names of entities. A column means in it what it means in an
// import; those that name nothing are not looked at.
func deletionOf(r *vendors.Resource) *vendors.Resource {
	var fields schema.Schema
	for _, field := range r.Schema {
		if isKey(r, field.Name) {
			field.Shared = false
			fields = append(fields, field)
		}
	}
	d := &deleter{r}
	return &vendors.Resource{Name: r.Name, Version: r.Version, Doc: "delete " + r.Noun.Many, Noun: r.Noun, Schema: fields,
		Key: r.Key, Part: r.Part, Batch: 1, Repeat: vendors.Harmless, Encode: d.encode, Upload: d.upload, Rehearses: r.Pages != nil}
}

func isKey(r *vendors.Resource, field string) bool {
	return field == r.Key || r.Part != "" && field == r.Part
}

// onlyKeys is a mapping without what it says of fields that name nothing.
func onlyKeys(m mapping.Mapping, r *vendors.Resource) mapping.Mapping {
	beside := func(name string) bool {
		field, _ := r.Schema.Find(name)
		return field != nil && !isKey(r, name)
	}
	m.Set, m.Columns, m.Values = maps.Clone(m.Set), maps.Clone(m.Columns), maps.Clone(m.Values)
	maps.DeleteFunc(m.Set, func(name, _ string) bool { return beside(name) })
	maps.DeleteFunc(m.Values, func(name string, _ map[string]string) bool { return beside(name) })
	for column, name := range m.Columns {
		if beside(name) {
			m.Columns[column] = "" // so that it is not taken for a key either
		}
	}
	return m
}

// A deleter deletes entities of a resource.
type deleter struct{ *vendors.Resource }

// encode gives the name, by which the journal knows a deletion again.
func (d *deleter) encode(e *vendors.Entity) any {
	return struct {
		Delete string `json:"delete"`
	}{e.Key}
}

// nameOf is what an entity's records call it.
func nameOf(r *vendors.Resource, e *vendors.Entity) vendors.Deletion {
	name := vendors.Deletion{Key: e.Records[0].Text(r.Key)}
	if r.Part != "" {
		name.Part = e.Records[0].Text(r.Part)
	}
	return name
}

// upload deletes entities. One that is not there at a second attempt is counted as deleted: the first
// one's answer was lost.
func (d *deleter) upload(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		there, err := true, error(nil)
		if u.Rehearse {
			there, err = d.has(ctx, client, e)
		} else if err = d.Delete(ctx, client, nameOf(d.Resource, e)); absent(err) {
			there, err = u.Attempt > 1, nil
		}
		if err != nil {
			return err
		}
		e.Outcome = vendors.Unchanged
		if there {
			e.Outcome = vendors.Updated
		}
	}
	return nil
}

func absent(err error) bool {
	var answer *vendors.APIError
	return errors.As(err, &answer) && answer.Status == http.StatusNotFound
}

// has asks whether the vendor has an entity.
func (d *deleter) has(ctx context.Context, client *vendors.Client, e *vendors.Entity) (bool, error) {
	found, err := read(ctx, client, d.Resource, nameOf(d.Resource, e).Key, map[string]bool{e.Key: true})
	return len(found) > 0, err
}

// read asks for what the vendor has under a key, and gives back those entities that are wanted.
func read(ctx context.Context, client *vendors.Client, r *vendors.Resource, key string, wanted map[string]bool) (found []vendors.Stored, err error) {
	one := func(yield func(string, error) bool) { yield(key, nil) }
	for page, err := range r.Pages(ctx, client, vendors.Listing{Keys: one}) {
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entities {
			if wanted[e.Key] || r.Aliases != nil && slices.ContainsFunc(r.Aliases(e), func(name string) bool { return wanted[name] }) {
				found = append(found, e)
			}
		}
	}
	return found, nil
}

// Named reads the feed and gives back the job's resource as far as the feed names it: its Pages yield
// the entities that Delete would delete, and no others. The names wait in a temporary file until release.
func (j *Job) Named(ctx context.Context) (resource *vendors.Resource, release func() error, err error) {
	if j.Resource.Pages == nil {
		return nil, nil, fmt.Errorf("the vendor does not give out its %s, so what is deleted cannot be kept", j.Resource.Noun.Many)
	}
	n := &named{of: j.Resource, sorter: spill.Sorter{Dir: j.TempDir}}
	deleting := j.deleting()
	p := pass{job: deleting, facts: &facts{}, hash: newHasher(), hand: func(u *unit) error {
		defer u.release()
		if j.stopped() {
			return ErrInterrupted
		}
		if u.entity.Outcome != vendors.Unsettled {
			return nil
		}
		return n.add(u.rows[0].Place().Row, nameOf(j.Resource, &u.entity))
	}}
	if err := p.run(ctx); err != nil {
		return nil, nil, errors.Join(interrupted(ctx, err), n.sorter.Close())
	}
	limited := *j.Resource
	limited.Pages = n.pages
	return &limited, n.sorter.Close, nil
}

// named are the names of a feed, in its order.
type named struct {
	of      *vendors.Resource
	sorter  spill.Sorter
	scratch []byte
}

// namesInPage is how many names are asked for together.
const namesInPage = 100

func (n *named) add(row int64, name vendors.Deletion) error {
	n.scratch = append(binary.AppendUvarint(n.scratch[:0], uint64(len(name.Key))), name.Key...)
	n.scratch = append(n.scratch, name.Part...)
	return n.sorter.Add(spill.Key{High: uint64(row)}, n.scratch)
}

func (n *named) all() iter.Seq2[vendors.Deletion, error] {
	return func(yield func(vendors.Deletion, error) bool) {
		for record, err := range n.sorter.Sorted() {
			if err != nil {
				yield(vendors.Deletion{}, err)
				return
			}
			length, size := binary.Uvarint(record.Data)
			text := string(record.Data[size:])
			if !yield(vendors.Deletion{Key: text[:length], Part: text[length:]}, nil) {
				return
			}
		}
	}
}

// pages yields the entities of the names. The cursor is the number of names that were dealt with.
func (n *named) pages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		done, err := strconv.Atoi(cmp.Or(ask.Cursor, "0"))
		if err != nil {
			yield(vendors.Page{}, fmt.Errorf("%q is not a number of names to go on behind", ask.Cursor))
			return
		}
		at := 0
		var names []vendors.Deletion
		for name, err := range n.all() {
			if err != nil {
				yield(vendors.Page{}, err)
				return
			}
			if at++; at <= done {
				continue
			}
			if len(names) == namesInPage { // there is one more, so the page before has a next one
				page, err := n.page(ctx, client, names)
				page.Next = strconv.Itoa(at - 1)
				if !yield(page, err) || err != nil {
					return
				}
				names = names[:0]
			}
			names = append(names, name)
		}
		yield(n.page(ctx, client, names))
	}
}

// page asks for the entities of some names, as many at once as the account allows.
func (n *named) page(ctx context.Context, client *vendors.Client, names []vendors.Deletion) (vendors.Page, error) {
	wanted := make(map[string]bool, len(names))
	var keys []string
	for _, name := range names {
		key := name.Key
		if n.of.Part != "" {
			key = vendors.PartKey(name.Key, name.Part)
		}
		wanted[key] = true
		keys = append(keys, name.Key)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	found := make([][]vendors.Stored, len(keys))
	running, ctx := errgroup.WithContext(ctx)
	running.SetLimit(max(1, client.Account.Workers))
	for i, key := range keys {
		running.Go(func() (err error) {
			found[i], err = read(ctx, client, n.of, key, wanted)
			return err
		})
	}
	err := running.Wait()
	return vendors.Page{Entities: slices.Concat(found...)}, err
}
