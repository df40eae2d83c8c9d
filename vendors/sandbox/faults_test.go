package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// faulty parses faults that are right.
func faulty(t *testing.T, text string) Faults {
	t.Helper()
	f, err := ParseFaults(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestParseFaults(t *testing.T) {
	for _, text := range []string{"", " ", "500@1", "drop-after@3, 503%5,429:2@10", "refuse:422@1-3", "late:1.5s@2+",
		"slow:1s@4", "reset-after@1,reset-before@2", "429:none@1", "429:date@1", "503:0@1", "read-cut@1", "any-hang%100", "html%0.01"} {
		if _, err := ParseFaults(text); err != nil {
			t.Errorf("ParseFaults(%q) = %v, want nil", text, err)
		}
	}
	for _, c := range []struct{ text, want string }{
		{"explode@1", `there is no kind "explode"`}, {"500", `"" must be @N`}, {"500@0", `"0" must be @N`},
		{"500@-1", `must be @N`}, {"500@3-2", `must be @N`}, {"500@1+-2", `must be @N`}, {"500@x", `must be @N`},
		{"500%0", "percentage"}, {"500%101", "percentage"}, {"500%NaN", "percentage"}, {"500%", "percentage"},
		{"500:1@1", "500 takes no argument"}, {"refuse:500@1", "from 400 to 499"}, {"refuse:@1", "from 400 to 499"},
		{"late@1", "must be a duration"}, {"late:-1s@1", "must be a duration"}, {"slow@1", "must be a duration"}, {"reset-after:1s@1", "takes no argument"}, {"429:soon@1", "number of seconds"},
		{"429:@1", "number of seconds"}, {"503:-1@1", "number of seconds"}, {"500@1,,500@2", `no kind ""`},
	} {
		_, err := ParseFaults(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "drop-after") {
			t.Errorf("ParseFaults(%q) = %v, want an error with %q and what is known", c.text, err, c.want)
		}
	}
}

// TestFaultsThatAnswer strikes a PUT with each fault that answers in the vendor's place.
func TestFaultsThatAnswer(t *testing.T) {
	for _, c := range []struct {
		fault, retryAfter string
		status            int
		part              string
	}{
		{"refuse", "", 400, `{"message":"refused on cue"}`},
		{"refuse:422", "", 422, "refused on cue"},
		{"500", "", 500, "Internal Server Error on cue"},
		{"502", "", 502, "on cue"},
		{"503", "", 503, "on cue"},
		{"503:7", "7", 503, "on cue"},
		{"429", "1", 429, "on cue"},
		{"429:30", "30", 429, "on cue"},
		{"429:0", "0", 429, "on cue"},
		{"429:none", "", 429, "on cue"},
		{"429:date", "Sat, 14 Mar 2026 12:00:02 GMT", 429, "on cue"},
		{"unauthorized", "", 401, "lacks valid authentication"},
		{"forbidden", "", 403, "not authorized for the authenticated user"},
		{"html", "", 200, "<html>"},
	} {
		s := start(t, Options{Faults: faulty(t, c.fault+"@2")})
		s.want(200, "", "PUT", "/products/a", product("a"))
		answer, body := s.do("PUT", "/products/b", product("b"))
		if answer.StatusCode != c.status || answer.Header.Get("Retry-After") != c.retryAfter || !strings.Contains(body, c.part) {
			t.Errorf("%s: %d, Retry-After %q, %s", c.fault, answer.StatusCode, answer.Header.Get("Retry-After"), body)
		}
		s.want(404, "", "GET", "/products/b", "")
		s.want(200, "", "PUT", "/products/b", product("b"))
		if got := s.Record().Log[1]; got.RetryAfter != c.retryAfter || got.Status != c.status {
			t.Errorf("%s: logged %+v", c.fault, got)
		}
		kind, _, _ := strings.Cut(c.fault, ":")
		if got := s.Record().Resources["fashiontrade/products"].Faults; got[kind] != 1 || len(got) != 1 {
			t.Errorf("%s: recorded %v, want one", c.fault, got)
		}
	}
}

// TestFaultsThatCut strikes a PUT with each fault after which the client cannot know what happened.
func TestFaultsThatCut(t *testing.T) {
	for _, c := range []struct {
		fault   string
		applied int
		status  int // on the record
	}{{"drop-before", 404, 0}, {"drop-after", 200, 0}, {"reset-before", 404, 0}, {"reset-after", 200, 0}, {"cut", 200, 200}} {
		s := start(t, Options{Faults: faulty(t, c.fault+"@1")})
		answer, body, err := s.try("PUT", "/products/a", product("a"))
		if err == nil {
			t.Errorf("%s: %d %s, want an error", c.fault, answer.StatusCode, body)
		}
		if c.fault == "cut" && (!errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(product("a"), body) || body == "") {
			t.Errorf("cut: %q, %v, want half the answer", body, err)
		}
		if reset := errors.Is(err, syscall.ECONNRESET); runtime.GOOS != "windows" && reset != strings.HasPrefix(c.fault, "reset") {
			t.Errorf("%s: %v", c.fault, err)
		}
		s.want(c.applied, "", "GET", "/products/a", "")
		if got := s.Record().Refusals[0]; got.Fault != c.fault || got.Status != c.status || got.Path != "/fashiontrade/pim/products/a" {
			t.Errorf("%s: recorded %+v", c.fault, got)
		}
	}
}

// waiting sends a PUT to a sandbox in a bubble of synctest, so that it waits as long as the sandbox
// makes it, and returns what ends the request and what then tells how it ended.
func waiting(s *Server, id string) (giveUp func(), ended <-chan *httptest.ResponseRecorder) {
	ctx, cancel := context.WithCancel(context.Background())
	r := httptest.NewRequestWithContext(ctx, "PUT", "/fashiontrade/pim/products/"+id, strings.NewReader(product(id)))
	r.Header.Set("Authorization", "Bearer t")
	r.Header.Set("Content-Type", media2)
	done := make(chan *httptest.ResponseRecorder, 1)
	go func() {
		w := httptest.NewRecorder()
		defer func() {
			if cut := recover(); cut != nil {
				w = nil // the connection is gone
			}
			done <- w
		}()
		s.ServeHTTP(w, r)
	}()
	return cancel, done
}

// TestWaiting looks at a request while it waits, and then ends it in one of three ways.
func TestWaiting(t *testing.T) {
	for _, c := range []struct {
		name    string
		options Options
		applied bool // while it waits
		answers bool // when the time has come
	}{
		{"latency", Options{Latency: time.Hour}, false, true},
		{"late", Options{Faults: faulty(t, "late:1h@1")}, true, true},
		{"slow", Options{Faults: faulty(t, "slow:1h@1")}, true, true},
		{"hang", Options{Faults: faulty(t, "hang@1")}, false, false},
	} {
		for _, end := range []string{"time", "client", "close"} {
			t.Run(c.name+" until "+end, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, err := New(c.options)
					if err != nil {
						t.Fatal(err)
					}
					giveUp, ended := waiting(s, "a")
					synctest.Wait()
					if got := s.stores["fashiontrade/products"].has("a"); got != c.applied {
						t.Errorf("stored while it waits: %v, want %v", got, c.applied)
					}
					switch end {
					case "time":
						time.Sleep(2 * time.Hour) // of the bubble
						synctest.Wait()
						if len(ended) == 1 != c.answers {
							t.Errorf("answered in two hours: %v, want %v", len(ended) == 1, c.answers)
						}
						giveUp()
					case "client":
						giveUp()
					case "close":
						if err := s.Close(); err != nil {
							t.Errorf("Close() = %v, want nil", err)
						}
						defer giveUp()
					}
					w := <-ended
					if (w != nil) != (end == "time" && c.answers) {
						t.Errorf("the answer is %+v", w)
					}
					if err := s.Close(); err != nil {
						t.Errorf("Close() = %v, want nil", err)
					}
				})
			})
		}
	}
}

// TestCloseCutsWhatHangs closes the sandbox while a request hangs on its connection.
func TestCloseCutsWhatHangs(t *testing.T) {
	arrived := make(chan bool, 1)
	s := start(t, Options{Faults: faulty(t, "hang@1"), Now: func() time.Time {
		select {
		case arrived <- true:
		default:
		}
		return noon
	}})
	done := make(chan error)
	go func() {
		_, err := s.http.Do(s.request("PUT", "/products/a", product("a")))
		done <- err
	}()
	<-arrived
	if err := s.Close(); err != nil {
		t.Errorf("Close() = %v, want nil", err)
	}
	if err := <-done; err == nil {
		t.Error("the request was answered, want it cut")
	}
	if got := s.Record(); got.Resources["fashiontrade/products"].Statuses[0] != 1 || got.Resources["fashiontrade/products"].Faults["hang"] > 1 {
		t.Errorf("recorded %+v, want one request without answer", got)
	}
	if _, err := s.http.Do(s.request("GET", "/products/a", "")); err == nil {
		t.Error("a closed sandbox answers")
	}
}

// TestSlow reads an answer that trickles in: the header at once, the body as it was, later.
func TestSlow(t *testing.T) {
	s := start(t, Options{Faults: faulty(t, "slow:8ms@1,read-slow:8ms@1")})
	began := time.Now()
	body := s.want(200, `"id":"a"`, "PUT", "/products/a", product("a"))
	if took := time.Since(began); took < 7*time.Millisecond {
		t.Errorf("the answer took %v, want 8ms", took)
	}
	if list := s.want(200, `"id":"a"`, "GET", "/products", ""); list == "" || body == "" {
		t.Error("a slow answer lost its body")
	}
	if got := s.Record().Resources["fashiontrade/products"].Faults; got["slow"] != 2 {
		t.Errorf("recorded %v, want two slow", got)
	}
}

func TestFaultsCountTheirScope(t *testing.T) {
	s := start(t, Options{Faults: faulty(t, "500@2-3,read-502@2,any-503@7,refuse:418@5+")})
	var got []int
	for _, method := range []string{"GET", "PUT", "PUT", "GET", "PUT", "GET", "GET", "PUT", "PUT", "GET", "PUT"} {
		body := ""
		if method == "PUT" {
			body = product("a")
		}
		answer, _ := s.do(method, "/products/a", body)
		got = append(got, answer.StatusCode)
	}
	// any-503@7 strikes the seventh of all; writes are numbers 2, 3, 5, 8, 9 and 11 of all.
	want := []int{404, 200, 500, 502, 500, 200, 503, 200, 418, 200, 418}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("statuses (-want +got)\n%s", diff)
	}
}

func TestTheFirstFaultWins(t *testing.T) {
	s := start(t, Options{Faults: faulty(t, "502@1,500%100")})
	s.want(502, "", "PUT", "/products/a", product("a"))
	s.want(500, "", "PUT", "/products/a", product("a"))
}

func TestPercentFollowsTheSeed(t *testing.T) {
	f := faulty(t, "500%5")
	strikes := func(seed uint64) (struck []uint64) {
		var c counts
		for range 10_000 {
			if number := c.add("PUT"); f.strike(seed, number) != nil {
				struck = append(struck, number[writing])
			}
		}
		return struck
	}
	first := strikes(1)
	if len(first) < 400 || len(first) > 600 {
		t.Errorf("%d of 10000 struck, want about 500", len(first))
	}
	if !slices.Equal(first, strikes(1)) {
		t.Error("the same seed struck other requests")
	}
	if slices.Equal(first, strikes(2)) {
		t.Error("another seed struck the same requests")
	}
}

// TestFaultsOnReading strikes lists, which are written as they are read from the store.
func TestFaultsOnReading(t *testing.T) {
	s := start(t, Options{Faults: faulty(t, "read-cut@1,read-late:1ms@2,read-drop-after@3")})
	for i := range 200 {
		id := fmt.Sprint("p", i)
		if _, err := s.stores["fashiontrade/products"].put(id, 2, []byte(product(id)), true); err != nil {
			t.Fatal(err)
		}
	}
	_, body, err := s.try("GET", "/products", "")
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.HasPrefix(body, `{"items":[{`) || strings.HasSuffix(body, "}") {
		t.Errorf("cut list: %v, %d bytes, want half of it", err, len(body))
	}
	if got := len(idsOfAll(t, s)); got != 200 {
		t.Errorf("late list: %d items, want 200", got)
	}
	if _, _, err := s.try("GET", "/products", ""); err == nil {
		t.Error("dropped list: answered")
	}
}

func TestRate(t *testing.T) {
	now := noon
	clock := make(chan time.Duration, 1)
	s := start(t, Options{Rate: 2, Now: func() time.Time {
		select {
		case d := <-clock:
			now = now.Add(d)
		default:
		}
		return now
	}, Faults: faulty(t, "500@3")})
	s.want(200, "", "PUT", "/products/a", product("a"))
	s.want(200, "", "PUT", "/products/a", product("a"))
	answer, body := s.do("PUT", "/products/a", product("a"))
	if answer.StatusCode != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "1" || !strings.Contains(body, "more than 2 requests") {
		t.Errorf("third request = %d %s, Retry-After %q, want 429 and 1", answer.StatusCode, body, answer.Header.Get("Retry-After"))
	}
	clock <- 500 * time.Millisecond
	s.want(500, "on cue", "PUT", "/products/a", product("a")) // the third that counts for faults
	s.want(429, "", "GET", "/products/a", "")
	clock <- time.Second
	s.want(200, "", "GET", "/products/a", "")
	r := s.Record()
	if got := r.Resources["fashiontrade/products"]; got.Limited != 2 || got.Statuses[429] != 2 || got.Entities["a"].Applied != 2 {
		t.Errorf("recorded %+v, want 2 limited and 2 applied", got)
	}
	if r.MostInOneSpell != 5 {
		t.Errorf("MostInOneSpell = %d, want 5", r.MostInOneSpell)
	}
}
