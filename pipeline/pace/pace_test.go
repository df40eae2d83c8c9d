package pace

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"bulkload/vendors"
)

func open(t *testing.T, o Options) *Pace {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func TestPaceHoldsTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{Rate: 10})
		start := time.Now()
		var running sync.WaitGroup
		for range 4 {
			running.Go(func() {
				for range 25 {
					if _, err := p.Slot(t.Context(), vendors.Writing); err != nil {
						t.Error(err)
					}
				}
			})
		}
		running.Wait()
		if took := time.Since(start).Round(time.Millisecond); took != 9900*time.Millisecond {
			t.Errorf("100 slots at 10/s took %v, want 9.9s", took)
		}
	})
}

func asked(seconds int) error {
	return &vendors.APIError{Status: 429, RetryAfter: time.Duration(seconds) * time.Second}
}

func TestRetryAfterStopsEverybody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(t, Options{})
		for _, answer := range []error{asked(5), asked(2)} { // a shorter one does not shorten it
			p.ended(answer)
		}
		start := time.Now()
		var running sync.WaitGroup
		for range 3 {
			running.Go(func() {
				if _, err := p.Slot(t.Context(), vendors.Writing); err != nil || time.Since(start) != 5*time.Second {
					t.Errorf("Slot = %v after %v, want nil after 5s", err, time.Since(start))
				}
			})
		}
		running.Wait()
	})
}

func TestStopEndsHold(t *testing.T) {
	stop := make(chan struct{})
	p := open(t, Options{Stop: stop})
	p.ended(asked(3600))
	close(stop)
	if _, err := p.Slot(t.Context(), vendors.Writing); !errors.Is(err, ErrStopped) {
		t.Errorf("Slot = %v after the stop, want ErrStopped", err)
	}
}
