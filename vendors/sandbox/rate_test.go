package sandbox

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseRate(t *testing.T) {
	for text, want := range map[string]struct {
		rate    float64
		changes []Change
	}{
		"": {}, "50": {50, nil}, "0": {}, "600/m": {10, nil}, "1.5/s": {1.5, nil},
		"50/s,5/s@20s, 80/s@40s": {50, []Change{{20 * time.Second, 5}, {40 * time.Second, 80}}},
		"36000/h,120/min@1m30s":  {10, []Change{{90 * time.Second, 2}}},
	} {
		rate, changes, err := ParseRate(text)
		if err != nil || rate != want.rate || !cmp.Equal(changes, want.changes) {
			t.Errorf("ParseRate(%q) = %g, %v, %v, want %g, %v", text, rate, changes, err, want.rate, want.changes)
		}
	}
	for text, want := range map[string]string{"fast": `"fast" cannot be read`, "5/day": "cannot be read", "5@1s": "cannot be read",
		"5,6": `"6" cannot be read`, "5,6@soon": "cannot be read", "-1": "negative", "NaN": "negative", "1e300": "negative",
		"5,0@1s": "above 0", "0,5@1s": "above 0", "5,6@2s,7@1s": "order", "5,6@-1s": "order"} {
		if _, _, err := ParseRate(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseRate(%q) = %v, want an error with %q", text, err, want)
		}
	}
}

func TestRateMoves(t *testing.T) {
	rate, changes, err := ParseRate("4,1@10s,8@20s")
	if err != nil {
		t.Fatal(err)
	}
	p := newPace(rate, changes)
	for _, step := range []struct {
		at    time.Duration // of ten requests, after the first
		taken int
		rate  float64
	}{{0, 4, 4}, {9 * time.Second, 4, 4}, {9500 * time.Millisecond, 2, 4}, {10 * time.Second, 1, 1}, {12 * time.Second, 1, 1},
		{20 * time.Second, 1, 8}, {20500 * time.Millisecond, 4, 8}, {40 * time.Second, 8, 8}} {
		taken := 0
		for range 10 {
			wait, rate := p.wait(noon.Add(step.at))
			if wait == 0 {
				taken++
			}
			if rate != step.rate {
				t.Errorf("after %v the rate is %g, want %g", step.at, rate, step.rate)
			}
		}
		if taken != step.taken {
			t.Errorf("after %v %d of ten requests were taken, want %d", step.at, taken, step.taken)
		}
	}
}

func TestHiddenRate(t *testing.T) {
	s := start(t, Options{Rate: 1, Hidden: true})
	s.want(200, "", "PUT", "/products/a", product("a"))
	answer, body := s.do("PUT", "/products/a", product("a"))
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "" || strings.Contains(body, "1") {
		t.Errorf("a request above a hidden rate: %d %s, Retry-After %q, want 429 that tells nothing",
			answer.StatusCode, body, answer.Header.Get("Retry-After"))
	}
}

func TestMostInAWhile(t *testing.T) {
	l := &ledger{}
	l.reset()
	for _, second := range []float64{0, 0.5, 1, 1.4, 9.9, 10, 19.8, 20} {
		l.arrive(noon.Add(time.Duration(second * float64(time.Second))))
	}
	if got := l.copy(); got.MostInOneSpell != 3 || got.MostInTenSeconds != 5 {
		t.Errorf("%d in one second and %d in ten, want 3 and 5", got.MostInOneSpell, got.MostInTenSeconds)
	}
}
