package pace

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bulkload/vendors"
)

// spell is a time during which a vendor takes so many requests a second.
type spell struct {
	lasts time.Duration
	rate  float64
}

// moving is a limit that falls to a tenth and then rises to sixteen times that.
var moving = []spell{{30 * time.Second, 50}, {30 * time.Second, 5}, {30 * time.Second, 80}}

// A limiter decides as a vendor does whether a request is within a limit, which may move.
type limiter interface {
	take(now time.Time, limit float64) bool
}

// sliding takes as many requests as the limit says within any one second.
type sliding struct{ taken []time.Time }

func (s *sliding) take(now time.Time, limit float64) bool {
	for len(s.taken) > 0 && now.Sub(s.taken[0]) >= time.Second {
		s.taken = s.taken[1:]
	}
	if float64(len(s.taken)+1) > limit {
		return false
	}
	s.taken = append(s.taken, now)
	return true
}

// bucket holds as many tokens as the limit gives in a while, and every request takes one.
type bucket struct {
	while  time.Duration
	tokens float64
	last   time.Time
}

func (b *bucket) take(now time.Time, limit float64) bool {
	full := max(1, b.while.Seconds()*limit)
	if b.last.IsZero() {
		b.tokens = full
	}
	b.tokens, b.last = min(full, b.tokens+max(0, now.Sub(b.last).Seconds())*limit), now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// calendar counts anew with every full second.
type calendar struct {
	second int64
	taken  float64
}

func (c *calendar) take(now time.Time, limit float64) bool {
	if s := now.Unix(); s != c.second {
		c.second, c.taken = s, 0
	}
	c.taken++
	return c.taken <= limit
}

// simulation is a vendor with a hidden limit, in virtual time, and what it saw by tenths of a second.
type simulation struct {
	spells     []spell
	limiter    limiter
	retryAfter time.Duration // told with each 429; 0: not
	delay      time.Duration // until an answer, on average
	random     *rand.Rand

	mu               sync.Mutex
	start            time.Time
	taken, throttled []float64
}

func (s *simulation) limit(at time.Duration) float64 {
	for _, spell := range s.spells {
		if at -= spell.lasts; at < 0 {
			return spell.rate
		}
	}
	return 0
}

func (s *simulation) lasts() (sum time.Duration) {
	for _, spell := range s.spells {
		sum += spell.lasts
	}
	return sum
}

func (s *simulation) trip() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Duration(float64(s.delay) / 2 * (0.8 + 0.2*s.random.ExpFloat64()))
}

func (s *simulation) arrive() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	at := now.Sub(s.start)
	for len(s.taken) <= int(at/(100*time.Millisecond)) {
		s.taken, s.throttled = append(s.taken, 0), append(s.throttled, 0)
	}
	if s.limiter.take(now, s.limit(at)) {
		s.taken[len(s.taken)-1]++
		return nil
	}
	s.throttled[len(s.taken)-1]++
	return &vendors.APIError{Status: 429, RetryAfter: s.retryAfter}
}

// load sends requests until the last spell is over, as many at once as there are workers. One that is
// throttled rests as the sender does.
func (s *simulation) load(workers int, paces ...*Pace) {
	ctx, cancel := context.WithTimeout(context.Background(), s.lasts())
	defer cancel()
	s.start = time.Now()
	var running sync.WaitGroup
	for i := range workers {
		running.Go(func() {
			for ctx.Err() == nil {
				s.request(ctx, paces[i%len(paces)])
			}
		})
	}
	running.Wait()
}

func (s *simulation) request(ctx context.Context, p *Pace) {
	ended, err := p.Slot(ctx, vendors.Writing)
	if err != nil {
		return
	}
	time.Sleep(s.trip())
	err = s.arrive()
	time.Sleep(s.trip())
	ended(err)
	if err != nil && s.retryAfter == 0 {
		time.Sleep(equalJitter(time.Second, p.options.Random()))
	}
}

// result is what became of a simulation.
type result struct {
	used      float64   // part of the allowed requests that was taken
	throttled float64   // part of the answers
	recovery  []float64 // seconds from the begin of a spell until nine tenths of its rate are used
}

func (s *simulation) result() (r result) {
	var taken, throttled, allowed float64
	at := 0
	for _, spell := range s.spells {
		n := int(spell.lasts / (100 * time.Millisecond))
		for i := at; i < min(at+n, len(s.taken)); i++ {
			taken, throttled = taken+s.taken[i], throttled+s.throttled[i]
		}
		allowed += spell.rate * spell.lasts.Seconds()
		r.recovery = append(r.recovery, recovery(s.taken[min(at, len(s.taken)):], spell.rate))
		at += n
	}
	r.used, r.throttled = taken/allowed, throttled/(taken+throttled)
	return r
}

// recovery is the first second in which nine tenths of a rate were used.
func recovery(taken []float64, rate float64) float64 {
	for i := range len(taken) - 9 {
		sum := 0.
		for _, n := range taken[i : i+10] {
			sum += n
		}
		if sum >= 0.9*rate-0.5 {
			return float64(i) / 10
		}
	}
	return 1e9
}

// simulate runs a simulation for several seeds and gives the mean.
func simulate(t *testing.T, seeds int, s func() *simulation, paces func(*testing.T, uint64) []*Pace) (mean result) {
	t.Helper()
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			s := s()
			s.random = rand.New(rand.NewPCG(uint64(seed), 1))
			s.load(16, paces(t, uint64(seed))...)
			r := s.result()
			mean.used += r.used / float64(seeds)
			mean.throttled += r.throttled / float64(seeds)
			for i, seconds := range r.recovery {
				if seed == 0 {
					mean.recovery = append(mean.recovery, 0)
				}
				mean.recovery[i] = max(mean.recovery[i], seconds)
			}
		})
	}
	return mean
}

// randomly gives random numbers to goroutines that run at the same time.
func randomly(seed uint64) func() float64 {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(seed, 2))
	return func() float64 {
		mu.Lock()
		defer mu.Unlock()
		return random.Float64()
	}
}

// alone is a pace in memory that learns.
func alone(t *testing.T, seed uint64) []*Pace {
	return []*Pace{open(t, Options{InFlight: 16, Random: randomly(seed)})}
}

// shared are the paces of two processes that use one account.
func shared(t *testing.T, seed uint64) []*Pace {
	path := filepath.Join(t.TempDir(), "pace.json")
	var both []*Pace
	for i := range uint64(2) {
		both = append(both, open(t, Options{InFlight: 8, Path: path, Random: randomly(2*seed + i)}))
	}
	return both
}

// TestLearning holds what docs/decisions promises of hidden limits. Vendors differ in how they count,
// in whether they say how long to wait, and in how long their answers take.
func TestLearning(t *testing.T) {
	const ms = time.Millisecond
	steady := func(rate float64) []spell { return []spell{{100 * time.Second, rate}} }
	for _, test := range []struct {
		name       string
		spells     []spell
		limiter    func() limiter
		retryAfter time.Duration
		delay      time.Duration
		paces      func(*testing.T, uint64) []*Pace
		used       float64 // at least
		throttled  float64 // at most
	}{
		{"moving, tokens for a second", moving, newBucket(time.Second), 0, 10 * ms, nil, 0.9, 0.02},
		{"moving, tokens for a second, Retry-After", moving, newBucket(time.Second), time.Second, 10 * ms, nil, 0.9, 0.02},
		{"moving, any second", moving, newSliding, 0, 10 * ms, nil, 0.9, 0.02},
		{"moving, any second, Retry-After", moving, newSliding, time.Second, 10 * ms, nil, 0.84, 0.02},
		{"moving, calendar seconds", moving, newCalendar, 0, 10 * ms, nil, 0.8, 0.02},
		{"moving, tokens for a fifth of a second", moving, newBucket(200 * ms), 0, 50 * ms, nil, 0.8, 0.025},
		{"moving, slow answers", moving, newBucket(time.Second), 0, 100 * ms, nil, 0.88, 0.025},
		{"moving, two processes", moving, newBucket(time.Second), 0, 10 * ms, shared, 0.87, 0.025},
		{"50 requests a second", steady(50), newSliding, 0, 10 * ms, nil, 0.94, 0.01},
		{"50 requests a second, Retry-After", steady(50), newSliding, time.Second, 10 * ms, nil, 0.92, 0.01},
		{"5 requests a second", steady(5), newBucket(time.Second), 0, 10 * ms, nil, 0.95, 0.07},
		{"5 requests a second, for long", []spell{{20 * time.Minute, 5}}, newSliding, 0, 10 * ms, nil, 0.95, 0.02},
		{"1 request a second, for long", []spell{{time.Hour, 1}}, newSliding, 0, 10 * ms, nil, 0.95, 0.03},
		{"1 request a second", steady(1), newSliding, 0, 10 * ms, nil, 0.75, 0.18},
	} {
		t.Run(test.name, func(t *testing.T) {
			seeds := len(test.spells) // a limit that does not move makes few differences
			if test.paces != nil {
				seeds = 1 // files take their time
			} else {
				test.paces = alone
			}
			got := simulate(t, seeds, func() *simulation {
				return &simulation{spells: test.spells, limiter: test.limiter(), retryAfter: test.retryAfter, delay: test.delay}
			}, test.paces)
			summary := fmt.Sprintf("%.1f %% used, %.2f %% throttled, recovered after %.1f s", 100*got.used, 100*got.throttled, got.recovery)
			t.Log(summary)
			if got.used < test.used || got.throttled > test.throttled {
				t.Errorf("%s; want at least %g and at most %g", summary, 100*test.used, 100*test.throttled)
			}
			for _, seconds := range got.recovery {
				if seconds > 10 {
					t.Errorf("%s; want at most 10 s", summary)
				}
			}
		})
	}
}

func newSliding() limiter  { return &sliding{} }
func newCalendar() limiter { return &calendar{} }
func newBucket(while time.Duration) func() limiter {
	return func() limiter { return &bucket{while: while} }
}
