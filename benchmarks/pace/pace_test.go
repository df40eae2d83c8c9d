package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors/sandbox"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// evenly is what comes at a rate, of which every so many are throttled.
func evenly(s *seen, from time.Time, lasts time.Duration, rate float64, throttled int) {
	for i := range int(lasts.Seconds() * rate) {
		s.all = append(s.all, arrival{from.Add(time.Duration(float64(i) / rate * float64(time.Second))), throttled > 0 && i%throttled == 0})
	}
}

func TestVerdict(t *testing.T) {
	const spell = 10 * time.Second
	s := &seen{}
	evenly(s, noon, spell, 50, 0)
	evenly(s, noon.Add(spell), 4*time.Second, 50, 1) // goes on as before: all is throttled
	evenly(s, noon.Add(spell+4*time.Second), 6*time.Second, 5, 0)
	evenly(s, noon.Add(2*spell), 8*time.Second, 5, 0) // is late to find out
	evenly(s, noon.Add(2*spell+8*time.Second), 2*time.Second, 80, 0)
	got := s.verdict([]span{{spell, 50}, {spell, 5}, {spell, 80}})
	want := verdict{used: (500 + 30 + 40 + 160) / 1350., throttled: 200 / 930., requests: 930, recovered: []string{"0.0 s", "4.0 s", "7.9 s"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(verdict{})); diff != "" {
		t.Errorf("verdict (-want +got):\n%s", diff)
	}
	if got := s.verdict([]span{{spell, 50}, {spell, 5}, {spell, 500}}).recovered[2]; got != "not" {
		t.Errorf("recovered after %s, want not", got)
	}
}

func TestWithin(t *testing.T) {
	s := &seen{}
	evenly(s, noon, 20*time.Second, 10, 0)
	evenly(s, noon.Add(20*time.Second), 20*time.Second, 12, 0)
	if least, most := s.within(10 * time.Second); least != 100 || most != 120 {
		t.Errorf("%d to %d in ten seconds, want 100 to 120", least, most)
	}
}

// TestLoaders lets every loader work for a moment against a limit that none can miss.
func TestLoaders(t *testing.T) {
	for _, l := range loaders {
		box, err := sandbox.New(sandbox.Options{Rate: 1})
		if err != nil {
			t.Fatal(err)
		}
		s := &seen{}
		ctx, cancel := context.WithCancel(t.Context())
		watching := s.watch(box)
		var answered atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			watching.ServeHTTP(w, r)
			if answered.Add(1) == 3 {
				cancel()
			}
		}))
		if err := l.load(ctx, job{address: server.URL + box.BaseURL("fashiontrade"), workers: 4}); err != nil {
			t.Errorf("%s: %v", l.name, err)
		}
		server.Close()
		if throttled := s.throttled(); throttled == 0 || throttled == len(s.all) {
			t.Errorf("%s: %d of %d requests were throttled, want some", l.name, throttled, len(s.all))
		}
		if err := box.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestProductsAreTaken(t *testing.T) {
	box, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	p := product(7)
	r := httptest.NewRequest(p.Method, box.BaseURL("fashiontrade")+p.Path, strings.NewReader(string(p.Body)))
	r.Header = p.Header
	r.Header.Set("Authorization", "Bearer any")
	w := httptest.NewRecorder()
	if box.ServeHTTP(w, r); w.Code != http.StatusOK && w.Code != http.StatusCreated {
		t.Errorf("a product is answered with %d %s", w.Code, w.Body)
	}
}
