// Package pace decides when requests to an account may leave: within its rate, stated or learned from
// the vendor's answers, so many at once, and held back as long as the vendor asks for that or fails.
// What it learns can be kept in a file, which several processes share.
package pace

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"bulkload/vendors"
)

// Options say how fast an account may be called. The zero value learns the rate and sets no limit to
// the requests in flight.
type Options struct {
	Rate     float64 // requests a second at most, of all classes together; 0: learned by class; +Inf: no limit
	InFlight int     // requests at once at most; 0: not limited. Fewer while the vendor fails
	// Path is of the file in which the pace is kept from run to run, and shared with other processes;
	// beside it lie files with .lock and .new after its name. Its folder exists. Empty: in memory.
	Path string
	// Patience is how long a vendor that only fails is asked again before that is given up: five
	// minutes when 0.
	Patience time.Duration
	// Stop is closed when the run is to end. Who waits then is told so, unless the wait is about to end.
	Stop   <-chan struct{}
	Now    func() time.Time // nil: time.Now
	Random func() float64   // from 0 to 1; nil: rand.Float64
	Remark func(string)     // is told what a person should know; nil: nobody
}

// Pace is the pace of one account. It is used by many goroutines.
type Pace struct {
	options Options
	mu      sync.Mutex
	state   *state // as of the last look into the file
	file    *file  // nil: in memory
	failure error  // of the file, when no caller could be told
	queues  map[string]*queue
	changed chan struct{} // closed when somebody who waits should look again; nil: nobody waits
	ends    time.Time     // until when slots are given after the stop; zero: it was not noticed

	inFlight map[*request]struct{}
	places   float64   // requests in flight that are allowed now
	cut      time.Time // of the last decrease of places: what left before it tells nothing new
	breaker  breaker
}

var _ vendors.Pace = (*Pace)(nil)

// ErrStopped is given to who waits for a slot when the run is stopped.
var ErrStopped = fmt.Errorf("the run is being stopped: %w", context.Canceled)

const (
	// reserve of a stated rate is left unused. Requests leave and arrive with delays that differ; with
	// it, differences of 100 ms do not bring more of them within any ten seconds than are allowed.
	reserve = 0.01
	// slack is how late a slot may still be used, which is that part of those 100 ms that is ours. What
	// leaves later takes a slot of that time, so that no delay, of this process or the machine, ends in
	// a burst.
	slack = 50 * time.Millisecond
	// leaseTime is the time whose slots a process takes from the file at once. It is also how long
	// other processes may not know of a Retry-After yet.
	leaseTime = 50 * time.Millisecond
	mostLease = 1 << 10 // slots
	// grace is how long after a stop slots are still given, to end what was begun.
	grace = time.Second
)

// New makes a pace. It fails when its file cannot be read or written; a damaged one is begun anew,
// with a remark.
func New(o Options) (*Pace, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	if o.Remark == nil {
		o.Remark = func(string) {}
	}
	if !(o.Rate >= 0) || o.InFlight < 0 {
		return nil, fmt.Errorf("a pace of %v requests a second and %d at once cannot be", o.Rate, o.InFlight)
	}
	o.Patience = cmp.Or(o.Patience, 5*time.Minute)
	p := &Pace{options: o, state: newState(), queues: make(map[string]*queue), inFlight: make(map[*request]struct{}), places: float64(o.InFlight)}
	if o.Path != "" {
		p.file = newFile(o.Path, o.Remark)
		if err := p.update(func(*state) {}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Close makes lasting what was learned. The pace is not used afterwards.
func (p *Pace) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		return nil
	}
	err := p.update(func(s *state) {
		for name, q := range p.queues {
			p.tell(s, name, q)
		}
	})
	if err != nil {
		return err
	}
	return p.file.sync()
}

// update changes the state, in the file when there is one. p.mu is held.
func (p *Pace) update(change func(*state)) error {
	now := p.options.Now()
	if p.file == nil {
		p.state.takeBack(now)
		change(p.state)
		return nil
	}
	var err error
	p.state, err = p.file.update(p.state, now, change)
	return err
}

// A queue is where requests of one class wait for their slots. Its head alone looks for one.
type queue struct {
	head   chan struct{} // is full while there is a head
	slots  []time.Time   // reserved, in order
	end    [2]time.Time  // the account's Last and the class's Next when they were
	open   time.Time     // until when none are needed, because there is no limit
	lease  int           // how many are reserved at once
	unused bool          // before them, slots went by unused: the rate is not what holds requests back
	taken  taken         // what the state was not told yet
}

// Slot waits until one more request of the class may leave.
func (p *Pace) Slot(ctx context.Context, class string) (ended func(error), err error) {
	q := p.queue(class)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case q.head <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-q.head }()
	for {
		r, until, changed, err := p.next(class, q)
		if err != nil {
			return nil, err
		}
		if r != nil {
			return p.end(ctx, r), nil
		}
		if err := p.wait(ctx, until, changed); err != nil {
			return nil, err
		}
	}
}

func (p *Pace) queue(class string) *queue {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[class]
	if q == nil {
		q = &queue{head: make(chan struct{}, 1)}
		p.queues[class] = q
	}
	return q
}

// request is one that has its slot.
type request struct {
	class  string
	left   time.Time
	waited bool // for its slot: the rate held it back
	probe  bool // whether the vendor works again
}

// next gives the head of a queue its slot, or tells until when, or for what, it has to wait.
func (p *Pace) next(class string, q *queue) (r *request, until time.Time, changed <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.options.Now()
	if p.breaker.down != nil {
		return nil, until, nil, p.breaker.down
	}
	if p.failure != nil {
		return nil, until, nil, p.failure
	}
	if again, ok := p.breaker.pass(now); !ok {
		return nil, again, p.change(), nil
	}
	if again, ok := p.room(now); !ok {
		return nil, again, p.change(), nil
	}
	slot, waited, err := p.slot(class, q, now)
	if err != nil || slot.After(now) {
		return nil, slot, nil, err
	}
	q.slots = q.slots[min(1, len(q.slots)):]
	r = &request{class, now, waited, p.breaker.leave()}
	p.inFlight[r] = struct{}{}
	return r, until, nil, nil
}

// longAnswer is after what time a request that is on its way keeps no place from others any more, as long
// as there are fewer than the account may have at once.
const longAnswer = 3 * time.Second

// room tells whether one more request may be on its way, and if not, when to ask again; zero: when one has
// ended. While the vendor fails there are few places, and one that hangs would keep them all. p.mu is held.
func (p *Pace) room(now time.Time) (again time.Time, ok bool) {
	switch {
	case p.options.InFlight == 0 || len(p.inFlight) < int(p.places):
		return again, true
	case len(p.inFlight) >= p.options.InFlight:
		return again, false
	}
	recent := 0
	for r := range p.inFlight {
		if ends := r.left.Add(longAnswer); ends.After(now) {
			recent++
			if again.IsZero() || ends.Before(again) {
				again = ends
			}
		}
	}
	return again, recent < int(p.places)
}

// change is closed when something changes that may give a slot. p.mu is held.
func (p *Pace) change() <-chan struct{} {
	if p.changed == nil {
		p.changed = make(chan struct{})
	}
	return p.changed
}

// slot is the time of the queue's next slot; it is used when it has come. p.mu is held.
func (p *Pace) slot(class string, q *queue, now time.Time) (at time.Time, waited bool, err error) {
	p.state.takeBack(now)
	for {
		if p.state.Held.After(now) {
			return p.state.Held, false, nil
		}
		if len(q.slots) > 0 && q.slots[0].After(now.Add(2*leaseTime)) {
			q.slots = q.slots[:0] // none is reserved so far ahead: the clock has gone back
		}
		if len(q.slots) > 0 && !q.slots[0].Before(now.Add(-slack)) {
			return q.slots[0], !q.unused, nil
		}
		if q.open.After(now) && !q.open.After(now.Add(2*leaseTime)) {
			return now, false, nil
		}
		var next time.Time
		if err := p.update(func(s *state) { p.tell(s, class, q); next = p.reserve(s, class, q, now) }); err != nil {
			return at, false, err
		}
		if next.After(now) && len(q.slots) == 0 {
			return next, false, nil
		}
	}
}

// tell adds to the state what the vendor's answers taught since the last time.
func (p *Pace) tell(s *state, name string, q *queue) {
	if q.taken.requests > 0 {
		s.class(name, p.stated()).take(&q.taken, p.most(), p.options.Now())
	}
	q.taken = taken{}
}

// stated is the stated rate of the account, as high as it can be kept; 0: it is learned.
func (p *Pace) stated() float64 { return min(mostRate, p.options.Rate) }

// most is the highest rate of a class.
func (p *Pace) most() float64 {
	return cmp.Or(p.stated(), mostRate)
}

// reserve takes the next slots for a queue: one, or, when other processes take some too, as many as it
// has use for in a short time. None is taken that is farther away than that, so that the slots of a
// process that was killed are soon over; its time is given back.
func (p *Pace) reserve(s *state, name string, q *queue, now time.Time) (at time.Time) {
	c := s.class(name, p.stated())
	ofAccount, ofClass := p.intervals(c)
	if ofAccount == 0 && ofClass == 0 {
		q.open = now.Add(leaseTime)
		return now
	}
	if now.Sub(c.Next) > leastRest {
		c.Rests = latest(c.Rests, now) // it was not in use
	}
	if q.lease = min(q.lease+1, mostLease); len(q.slots) > 0 || p.file == nil {
		q.lease = 1
	}
	p.giveBack(s, c, q, ofAccount)
	next := func() time.Time { return latest(s.Last.Add(ofAccount), c.Next) }
	at, last := next(), now.Add(leaseTime)
	if q.unused = at.Before(now.Add(-slack)); q.unused {
		at = now
	}
	for ; len(q.slots) < q.lease && !at.After(last); at = next() {
		q.slots = append(q.slots, at)
		s.Last, c.Next = at, at.Add(ofClass)
	}
	q.end = [2]time.Time{s.Last, c.Next}
	return at
}

// giveBack takes slots back that nobody has used in their time, when no others were reserved after them.
func (p *Pace) giveBack(s *state, c *class, q *queue, ofAccount time.Duration) {
	if len(q.slots) == 0 {
		return
	}
	if s.Last.Equal(q.end[0]) {
		s.Last = q.slots[0].Add(-ofAccount)
	}
	if c.Next.Equal(q.end[1]) {
		c.Next = q.slots[0]
	}
	q.slots = q.slots[:0]
}

// intervals are the times between two requests of the account, and of a class; 0: not limited.
func (p *Pace) intervals(c *class) (ofAccount, ofClass time.Duration) {
	if stated := p.stated(); stated > 0 && stated < mostRate {
		ofAccount = interval(stated * (1 - reserve))
	}
	if c.Rate < p.most() {
		ofClass = interval(c.Rate)
	}
	return ofAccount, ofClass
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }

// wait returns when a time has come or something has changed. It fails when the run is stopped, unless
// that time is about to come.
func (p *Pace) wait(ctx context.Context, until time.Time, changed <-chan struct{}) error {
	var timer <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(until.Sub(p.options.Now()))
		defer t.Stop()
		timer = t.C
	}
	stop := p.options.Stop
	for {
		select {
		case <-timer:
			return nil
		case <-changed:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-stop:
			if until.IsZero() || until.After(p.lastSlot()) {
				return ErrStopped
			}
			stop = nil
		}
	}
}

// lastSlot is the time after which no slot is waited for, now that the run is stopped.
func (p *Pace) lastSlot() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ends.IsZero() {
		p.ends = p.options.Now().Add(grace)
	}
	return p.ends
}

// end makes what is called when a request has ended.
func (p *Pace) end(ctx context.Context, r *request) func(error) {
	return func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.inFlight, r)
		p.learn(ctx, r, p.options.Now(), err)
		if p.changed != nil {
			close(p.changed)
			p.changed = nil
		}
	}
}

// learn takes what the end of a request tells about the vendor.
func (p *Pace) learn(ctx context.Context, r *request, now time.Time, err error) {
	var answer *vendors.APIError
	var transport *vendors.TransportError
	switch {
	case errors.As(err, &answer) && answer.Status == http.StatusTooManyRequests:
		p.throttled(r, now, answer.RetryAfter)
	case errors.As(err, &answer) && answer.Temporary() && answer.Status != http.StatusTooEarly:
		p.faulty(r, now, err, answer.RetryAfter)
	case err == nil || answer != nil:
		p.taken(r, now)
	case errors.As(err, &transport) && ctx.Err() == nil:
		p.faulty(r, now, err, 0)
	default: // nothing left, or nobody waited for the answer
		p.breaker.cancel(r.probe)
	}
}

func (p *Pace) taken(r *request, now time.Time) {
	p.works(r)
	t := &p.queues[r.class].taken
	t.requests++
	if r.waited {
		t.waited++
	}
	t.delay += now.Sub(r.left).Seconds()
	t.left.add(r.left, 1)
}

// works gives one more place for as many answers as there are places.
func (p *Pace) works(r *request) {
	p.breaker.work()
	if p.options.InFlight > 0 && !r.left.Before(p.cut) {
		p.places = min(float64(p.options.InFlight), p.places+1/p.places)
	}
}

// throttled holds everybody back when the vendor says for how long.
func (p *Pace) throttled(r *request, now time.Time, hold time.Duration) {
	p.works(r)
	q := p.queues[r.class]
	p.note(func(s *state) {
		p.tell(s, r.class, q)
		s.class(r.class, p.stated()).throttle(r.left, now, hold, p.options.Random())
		s.hold(now, hold)
	})
	q.slots, q.open = q.slots[:0], time.Time{}
}

// faulty lets only half as many at once, and none when all fail.
func (p *Pace) faulty(r *request, now time.Time, err error, hold time.Duration) {
	p.breaker.fail(r.probe, now, p.options.Random(), p.options.Patience, err)
	if p.options.InFlight > 0 && !r.left.Before(p.cut) {
		p.places, p.cut = max(1, p.places/2), now
	}
	if hold > 0 {
		p.note(func(s *state) { s.hold(now, hold) })
	}
}

// note changes the state when no caller can be told that this failed: the next one is.
func (p *Pace) note(change func(*state)) {
	if err := p.update(change); err != nil {
		p.failure = err
	}
}

// Learned tells the rates that were learned of limits the vendor has shown, for a summary: "writing
// 47.5/s, reading 120/s". Empty: it has shown none.
func (p *Pace) Learned() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var known []string
	for _, name := range slices.Sorted(maps.Keys(p.state.Classes)) {
		if c := p.state.Classes[name]; c.Top > 0 {
			known = append(known, fmt.Sprintf("%s %s/s", name, short(c.Rate)))
		}
	}
	return strings.Join(known, ", ")
}

// short writes a rate with three digits.
func short(rate float64) string {
	if rate >= 100 {
		return fmt.Sprintf("%.0f", rate)
	}
	return fmt.Sprintf("%.3g", rate)
}
