package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"

	"bulkload/formats"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/report"
	"bulkload/pipeline/send"
	"bulkload/vendors"
)

// Import checks the whole feed and, when it may be sent, sends every sound entity. The result says
// what became of every row; it comes with every error that ends the run after the check.
func Import(ctx context.Context, job *Job) (*Result, error) {
	job.Compare = job.Compare || job.Plan != nil // else nothing could be held against the plan
	survey, err := job.survey(ctx)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	defer survey.close()
	err = cmp.Or(job.acceptable(survey), job.Barred)
	survey.collector.Close()
	if err != nil {
		return job.nothingSent(ctx, survey, err)
	}
	if job.Start != nil {
		if err := job.Start(); err != nil {
			return nil, err
		}
	}
	held, kept, err := job.known(ctx, survey.owners)
	defer kept.close()
	if errors.Is(err, ErrInterrupted) {
		return nil, err
	}
	if err != nil {
		return job.nothingSent(ctx, survey, err)
	}
	if err := job.asPlanned(held); err != nil {
		return job.nothingSent(ctx, survey, err)
	}
	return job.send(ctx, survey, held, kept)
}

// known reads what the vendor has, and keeps it where what is sent depends on it. The shelf may be nil.
func (j *Job) known(ctx context.Context, owners *owners) (*catalogue, *shelf, error) {
	if j.Resource.Amend == nil || !j.Compare {
		held, err := j.catalogue(ctx, j.stored(ctx, vendors.Listing{Keys: owners.keys(), Compare: true}), nil)
		return held, nil, err
	}
	return j.shelved(ctx, owners)
}

// asPlanned makes sure that the vendor has what the plan was made on.
func (j *Job) asPlanned(held *catalogue) error {
	if j.Plan == nil {
		return nil
	}
	moved, err := held.moved(j.Plan)
	if err != nil || len(moved) == 0 {
		return err
	}
	shown := moved[:min(len(moved), movedShown)]
	text := strings.Join(shown, ", ")
	if more := len(moved) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return &StaleError{Err: fmt.Errorf("what the vendor has of %d %s has moved since the plan was made: %s",
		len(moved), j.Resource.Noun.Of(int64(len(moved))), text)}
}

// movedShown is how many of the entities that moved are named.
const movedShown = 20

// nothingSent reads the feed once more, to report every row of a feed that could not be sent at all.
func (j *Job) nothingSent(ctx context.Context, s *survey, cause error) (*Result, error) {
	s.owners.close()
	j.unsent = true
	if _, err := s.read(ctx, j, nil, false); err != nil {
		return nil, cause
	}
	return j.result(s.facts.rows, s.collector), cause
}

// send reads the feed once more and sends what is sound.
func (j *Job) send(ctx context.Context, s *survey, held *catalogue, kept *shelf) (*Result, error) {
	collector := report.NewCollector(j.TempDir)
	queue := newQueue(j, collector, s.facts.rows)
	sender := send.Sender{Resource: j.Resource, Client: j.Client, Work: queue, Settled: queue, State: held,
		Retry: j.Retry, Workers: j.Workers, CreateOnly: j.CreateOnly, Rehearse: j.Rehearse, Again: j.Again}
	var sendErr error
	var running sync.WaitGroup
	running.Go(func() {
		sendErr = sender.Run(ctx)
		queue.stop()
	})
	p := pass{job: j, facts: &s.facts, hash: s.hash, encode: true, held: j.held(ctx, kept), hand: queue.put}
	readErr := p.run(ctx)
	queue.end()
	running.Wait()
	drainErr := queue.drain()
	j.Refers.end(j)
	if err := cmp.Or(broken(ctx, readErr), drainErr); err != nil {
		return j.sent(queue.settler.settledRows(), queue, &sender), err // the rest of the feed was not looked at
	}
	return j.sent(p.rows, queue, &sender), j.ending(s, p.rows, sendErr)
}

// sent makes the result of a job that sent.
func (j *Job) sent(rows int64, queue *queue, sender *send.Sender) *Result {
	result := j.result(rows, queue.settler.collector)
	result.Summary.Recalled = sender.Recalled.Load()
	result.Summary.Requests.Spared = max(0, queue.parts.Load()-queue.calls.Load())
	return result
}

// broken says what it means that the feed could not be read to its end a second time.
func broken(ctx context.Context, err error) error {
	var syntax *formats.SyntaxError
	switch {
	case ctx.Err() != nil:
		return ErrInterrupted
	case errors.As(err, &syntax):
		return &StaleError{Err: fmt.Errorf("the feed cannot be read as before: %w", err)}
	}
	return err
}

// ending says why the run ended.
func (j *Job) ending(s *survey, rows int64, sendErr error) error {
	if sendErr != nil && !errors.Is(sendErr, context.Canceled) {
		return internal(sendErr)
	}
	if j.stopped() {
		return ErrInterrupted
	}
	if rows != s.facts.rows {
		return &StaleError{Err: fmt.Errorf("the feed had %d rows when it was checked and %d when it was sent", s.facts.rows, rows)}
	}
	if err := j.Feed.Unchanged(); err != nil {
		return &StaleError{Err: err}
	}
	return nil
}

// internal makes an internal error of a panic of a vendor's code.
func internal(err error) error {
	var panicked *send.PanicError
	if errors.As(err, &panicked) {
		return &InternalError{Reason: panicked.Error(), Stack: panicked.Stack}
	}
	return err
}

// queue holds the entities between the reading and the sending. It is the sender's Work and Settled.
type queue struct {
	job     *Job
	settler *settler
	total   int64
	waiting chan *unit
	over    chan struct{} // closed when nothing more will be sent
	once    sync.Once
	turn    sync.Mutex   // held by the one worker that takes units: those of a call stand behind each other
	head    *unit        // that was taken and belongs into the next call
	parts   atomic.Int64 // changes that left
	calls   atomic.Int64 // in which they left, each attempt by itself
	mu      sync.Mutex
	flying  map[*vendors.Entity]*unit
}

var (
	_ send.Work    = (*queue)(nil)
	_ send.Settled = (*queue)(nil)
)

func newQueue(j *Job, collector *report.Collector, total int64) *queue {
	return &queue{job: j, settler: &settler{job: j, collector: collector, rehearsal: j.Rehearse}, total: total,
		waiting: make(chan *unit, 2*max(1, j.Workers)*j.batch()),
		over:    make(chan struct{}), flying: make(map[*vendors.Entity]*unit)}
}

// put takes a checked unit: what is not sound, or comes after the end, is settled at once.
func (q *queue) put(u *unit) error {
	if u.entity.Outcome != vendors.Unsettled {
		return q.settleUnit(u)
	}
	select {
	case <-q.over:
	case <-q.job.Stop:
	default:
		select {
		case q.waiting <- u:
			return nil
		case <-q.over:
		case <-q.job.Stop:
		}
	}
	return q.skip(u)
}

// skip settles a unit that will not be sent.
func (q *queue) skip(u *unit) error {
	if err := q.job.leaveBehind(&u.entity); err != nil {
		return err
	}
	return q.settleUnit(u)
}

// leaveBehind gives an entity that is not sent the outcome that an earlier process of the run wrote
// down, if there is one. One that such a process has left in doubt stays so; else it is skipped.
func (j *Job) leaveBehind(e *vendors.Entity) error {
	e.Outcome = vendors.Skipped
	if j.Past == nil {
		return nil
	}
	past, err := j.Past(e.Key)
	if err == nil && !past.Settles(e) && past.ThisRun && past.InDoubt() && past.Hash == e.Hash {
		e.Outcome = vendors.Unknown
	}
	return err
}

func (q *queue) settleUnit(u *unit) error {
	err := q.settler.settle(u)
	q.job.progress("sending", q.settler.settledRows(), q.total)
	return err
}

// stop says that the sender has ended.
func (q *queue) stop() { q.once.Do(func() { close(q.over) }) }

// end says that the feed has been read.
func (q *queue) end() { close(q.waiting) }

// drain settles what was still waiting when the sender ended.
func (q *queue) drain() error {
	var first error
	if q.head != nil {
		first = q.skip(q.head)
	}
	for u := range q.waiting {
		first = cmp.Or(first, q.skip(u))
	}
	return first
}

// Next gives out the next entities of one lane, as many as a call takes and the feed has; io.EOF when the
// feed has ended or the run is to end.
func (q *queue) Next(ctx context.Context) ([]*vendors.Entity, error) {
	q.turn.Lock() // whoever holds it lets go when the run is to end
	defer q.turn.Unlock()
	var units []*unit
	for len(units) < q.job.batch() {
		u, ok := q.take(ctx)
		if !ok {
			break
		}
		if len(units) > 0 && u.lane != units[0].lane {
			q.head = u
			break
		}
		units = append(units, u)
	}
	if len(units) == 0 {
		return nil, io.EOF
	}
	return q.fly(units), nil
}

// fly remembers the units whose entities are on their way.
func (q *queue) fly(units []*unit) []*vendors.Entity {
	entities := make([]*vendors.Entity, len(units))
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, u := range units {
		entities[i] = &u.entity
		q.flying[&u.entity] = u
	}
	return entities
}

// take waits for the next unit; false when there is none, or when the run is to end.
func (q *queue) take(ctx context.Context) (*unit, bool) {
	if q.job.stopped() {
		return nil, false
	}
	if u := q.head; u != nil {
		q.head = nil
		return u, true
	}
	select {
	case u, ok := <-q.waiting:
		return u, ok
	case <-q.job.Stop:
	case <-ctx.Done():
	}
	return nil, false
}

// Leave writes down, before it happens, that entities leave. It returns when that would outlast a
// power cut.
func (q *queue) Leave(ctx context.Context, entities []*vendors.Entity, attempt int) error {
	q.calls.Add(1)
	if attempt == 1 {
		q.count(entities)
	}
	if q.job.Journal == nil {
		return nil
	}
	intents := make([]journal.Intent, len(entities))
	for i, e := range entities {
		intents[i] = journal.Intent{Key: e.Key, Hash: e.Hash, Token: e.Token, Attempt: attempt, Known: e.Known}
	}
	return q.job.Journal.Intend(ctx, intents...)
}

// count notes how many calls it would take to send each change of entities by itself.
func (q *queue) count(entities []*vendors.Entity) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, e := range entities {
		q.parts.Add(int64(q.flying[e].calls))
	}
}

// Settle writes down what became of entities that were sent.
func (q *queue) Settle(entities []*vendors.Entity) error {
	err := q.record(entities)
	for _, e := range entities {
		err = cmp.Or(err, q.settleEntity(e))
	}
	return err
}

func (q *queue) record(entities []*vendors.Entity) error {
	if q.job.Journal == nil {
		return nil
	}
	outcomes := make([]journal.Outcome, len(entities))
	for i, e := range entities {
		outcomes[i] = journal.Outcome{Key: e.Key, Hash: e.Hash, Outcome: e.Outcome, Status: e.Status, ID: e.ID}
		if e.Answer != nil {
			outcomes[i].Status, outcomes[i].Code, outcomes[i].Message = e.Answer.Status, e.Answer.Code, e.Answer.Message
		}
	}
	return q.job.Journal.Settle(outcomes...)
}

// Recall writes down what became of an entity that does not leave.
func (q *queue) Recall(e *vendors.Entity) error { return q.settleEntity(e) }

func (q *queue) settleEntity(e *vendors.Entity) error {
	q.mu.Lock()
	u := q.flying[e]
	delete(q.flying, e)
	q.mu.Unlock()
	return q.settleUnit(u)
}
