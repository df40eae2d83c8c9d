package pace

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
)

// keep is the options of a pace that is kept in a file.
func keep(t *testing.T) Options {
	return Options{Path: filepath.Join(t.TempDir(), "pace.json"), Random: func() float64 { return 0.5 },
		Remark: func(text string) { t.Errorf("remark: %s", text) }}
}

// shut ends the use of a pace.
func shut(t *testing.T, p *Pace) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatWasLearnedIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := keep(t)
		p := open(t, o)
		for range 60 {
			end(t, p, nil)
			time.Sleep(time.Millisecond)
		}
		end(t, p, status(429))
		rate := p.state.Classes[vendors.Writing].Rate
		if want := "writing " + short(rate) + "/s"; p.Learned() != want || rate > 200 || rate < 5 {
			t.Errorf("Learned() = %q of the rate %g, want %q", p.Learned(), rate, want)
		}
		shut(t, p)
		time.Sleep(24 * time.Hour)
		p = open(t, o)
		if got := p.state.Classes[vendors.Writing].Rate; got != rate {
			t.Errorf("the next run begins with a rate of %g, want %g", got, rate)
		}
		if got := p.state.class(vendors.Reading, 0).Rate; got != firstRate {
			t.Errorf("another class begins with a rate of %g, want %d", got, firstRate)
		}
		shut(t, p)
	})
}

// TestTwoProcessesShareARate has two paces on one file, as two processes do: together they stay within
// the rate and use it up, and a third that begins when they were killed does not send before their
// slots are over.
func TestTwoProcessesShareARate(t *testing.T) {
	for _, rate := range []float64{4, 100} {
		synctest.Test(t, func(t *testing.T) {
			o := keep(t)
			o.Rate, o.InFlight = rate, 8
			var mu sync.Mutex
			var left []time.Time
			use := func(p *Pace, lasts time.Duration, workers int) *sync.WaitGroup {
				ctx, cancel := context.WithTimeout(t.Context(), lasts)
				t.Cleanup(cancel)
				var running sync.WaitGroup
				for range workers {
					running.Go(func() {
						for {
							ended, err := p.Slot(ctx, vendors.Writing)
							if err != nil {
								return
							}
							mu.Lock()
							left = append(left, time.Now())
							mu.Unlock()
							time.Sleep(30 * time.Millisecond)
							ended(nil)
						}
					})
				}
				return &running
			}
			one, other := use(open(t, o), 12*time.Second, 8), use(open(t, o), 12*time.Second, 1)
			one.Wait()
			other.Wait()
			use(open(t, o), 12*time.Second, 8).Wait() // neither was closed
			slices.SortFunc(left, time.Time.Compare)
			if got := most(left, 10*time.Second); float64(got) > 10*rate {
				t.Errorf("%d requests in ten seconds, want at most %g", got, 10*rate)
			}
			if got := float64(len(left)); got < 0.95*24*rate {
				t.Errorf("%g requests in 24 seconds, want nearly %g", got, 24*rate)
			}
		})
	}
}

// TestStatedRateMayChange has a run that waits for a slot an hour ahead, and one to which another rate
// is stated.
func TestStatedRateMayChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := keep(t)
		for i, rate := range []float64{1. / 3600, 10, 1. / 3600, 0} {
			o.Rate = rate
			p := open(t, o)
			start := time.Now()
			if i%2 == 1 {
				for range 5 {
					end(t, p, nil)
				}
				if took := time.Since(start); took > time.Second {
					t.Errorf("five slots at a rate of %g took %v, after one of 1/h", rate, took)
				}
				continue
			}
			end(t, p, nil)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			if _, err := p.Slot(ctx, vendors.Writing); err == nil {
				t.Errorf("a second slot at a rate of 1/h after %v", time.Since(start))
			}
			cancel() // the process is killed
		}
	})
}

func TestTwoProcessesShareRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := keep(t)
		one, other := open(t, o), open(t, o)
		end(t, other, nil)
		end(t, one, asked(429, 30))
		start := time.Now()
		time.Sleep(leaseTime)
		end(t, other, nil)
		if took := time.Since(start); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("the other process sent after %v, want 30s", took)
		}
		shut(t, one)
		shut(t, other)
		third := open(t, o)
		end(t, third, asked(503, 30))
		start = time.Now()
		fourth := open(t, o) // a process that begins then waits too
		end(t, fourth, nil)
		if took := time.Since(start); took < 30*time.Second || took > 31*time.Second {
			t.Errorf("the process that began later sent after %v, want 30s", took)
		}
	})
}

func TestDamagedFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := keep(t)
		p := open(t, o)
		end(t, p, nil)
		shut(t, p)
		whole, err := os.ReadFile(o.Path)
		if err != nil {
			t.Fatal(err)
		}
		var remarks []string
		o.Remark = func(text string) { remarks = append(remarks, text) }
		for _, contents := range []string{"", "{", "null", string(whole[:len(whole)/2]), `{"version":2,"classes":{}}`, `{"version":1}`,
			`{"version":1,"classes":{"writing":null}}`, `{"version":1,"classes":{"writing":{"rate":-1}}}`,
			`{"version":1,"classes":{"writing":{"rate":1e300}}}`, strings.Repeat(" ", mostBytes+1) + string(whole)} {
			remarks = nil
			if err := os.WriteFile(o.Path, []byte(contents), 0o600); err != nil {
				t.Fatal(err)
			}
			p := open(t, o)
			end(t, p, nil)
			shut(t, p)
			if len(remarks) != 1 || !strings.Contains(remarks[0], o.Path+" is damaged") || !strings.Contains(remarks[0], "learned anew") {
				t.Errorf("%.40q: remarks %q, want one that names the file", contents, remarks)
			}
		}
		remarks = nil
		shut(t, open(t, o))
		if err := os.Remove(o.Path); err != nil {
			t.Fatal(err)
		}
		shut(t, open(t, o))
		if remarks != nil {
			t.Errorf("remarks %q on a whole file, and on none", remarks)
		}
	})
}

// TestClockThatWentBack has times in the file that lie ahead, because a clock was wrong.
func TestClockThatWentBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := keep(t)
		ahead := time.Now().Add(40 * 365 * 24 * time.Hour)
		s := newState()
		c := s.class(vendors.Writing, 0)
		c.Next, c.Since, c.Rests, s.Last = ahead, ahead, ahead, ahead
		s.hold(ahead, 20*time.Second)
		data, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(o.Path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		p := open(t, o)
		start := time.Now()
		end(t, p, nil)
		if took := time.Since(start); took > time.Minute {
			t.Errorf("the first slot came after %v, want it within a minute", took)
		}
		shut(t, p)
	})
}

// TestClockThatGoesBackMeanwhile sets the clock back by an hour while requests leave, with and without a file.
func TestClockThatGoesBackMeanwhile(t *testing.T) {
	for _, path := range []bool{false, true} {
		for _, rate := range []float64{0, 5} {
			synctest.Test(t, func(t *testing.T) {
				o := keep(t)
				if o.Rate = rate; !path {
					o.Path = ""
				}
				back := time.Duration(0)
				o.Now = func() time.Time { return time.Now().Round(0).Add(-back) }
				p := open(t, o)
				for range 30 {
					end(t, p, nil)
				}
				end(t, p, status(429))
				back = time.Hour
				start := time.Now()
				for range 30 {
					end(t, p, nil)
				}
				if took := time.Since(start); took > 2*time.Minute {
					t.Errorf("file %t, rate %g: 30 requests took %v, as the clock had gone back by an hour", path, rate, took)
				}
				shut(t, p)
			})
		}
	}
}

func TestFileThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := keep(t)
		o.Path = filepath.Join(o.Path, "missing", "pace.json")
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), "the account's pace") {
			t.Errorf("New = %v, want an error that says what cannot be kept", err)
		}
		o = keep(t)
		p := open(t, o)
		if err := os.RemoveAll(filepath.Dir(o.Path)); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Slot(t.Context(), vendors.Writing); err == nil {
			t.Error("Slot = nil without the account's folder: two processes could pass the rate")
		}
		o = keep(t)
		p = open(t, o)
		ended, err := p.Slot(t.Context(), vendors.Writing)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Dir(o.Path)); err != nil {
			t.Fatal(err)
		}
		ended(asked(429, 1))
		if _, err := p.Slot(t.Context(), vendors.Writing); err == nil {
			t.Error("Slot = nil after a Retry-After could not be shared")
		}
	})
}

// FuzzParse reads files of any contents: what is taken can be used, and is written and read the same.
func FuzzParse(f *testing.F) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	s := newState()
	s.Held = now
	s.class(vendors.Writing, 0).throttle(now, now, time.Second, 0.5)
	data, err := json.Marshal(s)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"version":1,"classes":{"a":{"rate":1,"seen":{"last":9223372036854775807,"counts":[1]}}}}`))
	f.Add([]byte(`{"version":1,"classes":{"a":{"rate":1e-300,"climb":1,"refused":9223372036854775807,"hold":9223372036854775807}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parse(data, now)
		if err != nil {
			return
		}
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatalf("%s cannot be written: %v", data, err)
		}
		again, err := parse(text, now)
		if err != nil {
			t.Fatalf("%s was written as %s, which is not read: %v", data, text, err)
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Errorf("%s is read differently (-first +second):\n%s", data, diff)
		}
		for name, c := range s.Classes {
			at := now.Add(time.Second)
			c.take(&taken{requests: 2, waited: 1, delay: 1}, mostRate, at)
			c.throttle(at, at, time.Second, 1)
			c.throttle(at, at, time.Second, 1)
			if !c.sound() || c.Next.After(at.Add(4*longestPause+4*interval(c.Rate))) {
				t.Errorf("class %s of %s is then %+v", name, data, c)
			}
		}
	})
}
