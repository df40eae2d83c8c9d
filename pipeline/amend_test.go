package pipeline_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/report"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// shop is a vendor of things that it finds by their SKU too, and that remembers the calls it got.
type shop struct {
	mu     sync.Mutex
	stored map[string]thing // by id
	calls  []string
	// Of listings: what changed, what was deleted, and since when each asked.
	moved, aside map[string]bool
	queries      []string
}

type thing struct {
	ID    string `json:"id,omitempty"`
	SKU   string `json:"sku,omitempty"`
	Color string `json:"color,omitempty"`
}

func (s *shop) pages(_ context.Context, _ *vendors.Client, listing vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		s.queries = append(s.queries, listing.Query.Get("since"))
		for id, one := range s.stored {
			if listing.Query.Has("since") && !s.moved[id] {
				continue
			}
			body, err := json.Marshal(one)
			if !yield(vendors.Page{Entities: []vendors.Stored{{Key: id, Body: body, Aside: id == "gone" || s.aside[id]}}}, err) {
				return
			}
		}
	}
}

// amend sends what differs, by SKU; a thing named clash is at odds with what the vendor has.
func (s *shop) amend(e *vendors.Entity, held *vendors.Held) (vendors.Amendment, error) {
	record := &e.Records[0]
	ours := thing{SKU: record.Text("sku"), Color: record.Text("color")}
	if prepared, err := held.Prepared(); prepared != "prepared" {
		return vendors.Amendment{}, fmt.Errorf("prepared is %v, %w", prepared, err)
	}
	stored, err := held.Find("sku:" + ours.SKU)
	if err != nil || stored == nil || stored.Aside {
		e.Token = vendors.TokenOf(held.Account.Name, "things", e.Key, 0)
		return vendors.Amendment{Body: ours}, err
	}
	var theirs thing
	if err := json.Unmarshal(stored.Body, &theirs); err != nil {
		return vendors.Amendment{}, err
	}
	e.ID, e.Known = stored.Key, true
	switch {
	case theirs.Color == "clash":
		e.Add(schema.Problem{Rule: atOdds, Field: "color"})
	case theirs.Color == ours.Color:
		return vendors.Amendment{}, nil
	}
	return vendors.Amendment{Body: thing{Color: ours.Color}, After: thing{ID: stored.Key, SKU: ours.SKU, Color: ours.Color}, Calls: 3}, nil
}

var atOdds = &schema.Rule{ID: "color.clash", Sentence: "the vendor's colour cannot change", Clause: "test:1"}

func (s *shop) upload(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	if err := client.Leaving(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts []string
	for _, e := range u.Entities {
		parts = append(parts, e.ID+string(e.Body))
		if e.Outcome = vendors.Created; e.Known {
			e.Outcome = vendors.Updated
		}
	}
	s.calls = append(s.calls, strings.Join(parts, " "))
	return nil
}

func (s *shop) resource() *vendors.Resource {
	canonical := func(body []byte) ([]byte, error) { return body, nil }
	decode := func(body []byte) ([]map[string]string, error) {
		var one thing
		err := json.Unmarshal(body, &one)
		return []map[string]string{{"sku": one.SKU, "color": one.Color}}, err
	}
	return &vendors.Resource{Name: "things", Noun: vendors.Noun{One: "thing", Many: "things"}, Key: "key", Batch: 1, Repeat: vendors.ByToken,
		Schema: schema.Schema{{Name: "key", Required: true}, {Name: "sku"}, {Name: "color"}},
		Rules:  []*schema.Rule{atOdds},
		Encode: func(e *vendors.Entity) any {
			return thing{SKU: e.Records[0].Text("sku"), Color: e.Records[0].Text("color")}
		},
		Amend: s.amend, Upload: s.upload, Pages: s.pages, Decode: decode, Canonical: canonical,
		Aliases: func(e vendors.Stored) []string {
			var one thing
			if json.Unmarshal(e.Body, &one) != nil {
				return nil
			}
			return []string{"sku:" + one.SKU}
		},
		Prepare: func(context.Context, *vendors.Client) (any, error) { return "prepared", nil }}
}

// shopJob is a job that needs no network.
func shopJob(t *testing.T, r *vendors.Resource, text string) *pipeline.Job {
	t.Helper()
	path := filepath.Join(t.TempDir(), "feed.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := feed.Open(path, nil, formats.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	counts := &send.Counts{}
	return &pipeline.Job{Feed: f, Vendor: &vendors.Vendor{Name: "shop", Resources: []*vendors.Resource{r}}, Resource: r, CheckWorkers: 2,
		TempDir: t.TempDir(), Client: &vendors.Client{Account: &vendors.Account{Name: "test"}}, Counts: counts, Workers: 2, Compare: true,
		Retry: send.Retry{Attempts: 1, Counts: counts}}
}

const things = "key,sku,color\nA,a,red\nB,b,blue\nC,c,green\nD,d,grey\nG,g,gold\n"

func newShop() *shop {
	return &shop{stored: map[string]thing{
		"t_a": {"t_a", "a", "red"}, "t_b": {"t_b", "b", "black"}, "t_d": {"t_d", "d", "clash"}, "gone": {"gone", "g", "old"}, "t_z": {"t_z", "z", "pink"},
	}}
}

// TestAmending loads things that a vendor knows under names of its own.
func TestAmending(t *testing.T) {
	s := newShop()
	result := imported(t, shopJob(t, s.resource(), things))
	slices.Sort(s.calls)
	if diff := cmp.Diff([]string{`t_b{"color":"blue"}`, `{"sku":"c","color":"green"}`, `{"sku":"g","color":"gold"}`}, s.calls); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	got := result.Summary.Counts.Entities
	if got[vendors.Created] != 2 || got[vendors.Updated] != 1 || got[vendors.Unchanged] != 1 || got[vendors.Rejected] != 1 {
		t.Errorf("outcomes %v", got)
	}
	if spared := result.Summary.Requests.Spared; spared != 2 {
		t.Errorf("%d requests spared, want 2", spared)
	}
	found := findings(t, result)
	if len(found) != 1 || found[0].Rule != "color.clash" || found[0].Cell != "C5" {
		t.Errorf("findings %+v", found)
	}
}

func TestAmendingWithoutComparing(t *testing.T) {
	s := newShop()
	job := shopJob(t, s.resource(), things)
	job.Compare = false
	if got := imported(t, job).Summary.Counts.Entities; got[vendors.Created] != 5 {
		t.Errorf("outcomes %v, want five created: the vendor was not asked", got)
	}
}

func TestAmendingOnlyCreates(t *testing.T) {
	s := newShop()
	job := shopJob(t, s.resource(), things)
	job.CreateOnly = true
	result := imported(t, job)
	if got := result.Summary.Counts.Entities; got[vendors.Created] != 2 || got[vendors.Rejected] != 3 || len(s.calls) != 2 {
		t.Errorf("outcomes %v after %d calls", got, len(s.calls))
	}
}

// TestKeptCatalogue reads a catalogue once whole and then only what changed, and sends the same as if it
// had been read whole every time.
func TestKeptCatalogue(t *testing.T) {
	monday := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name   string
		after  time.Duration
		change func(t *testing.T, path string)
		whole  bool // the second reading
	}{
		{"the next day", 24 * time.Hour, nil, false},
		{"eight days later", 8 * 24 * time.Hour, nil, true},
		{"the clock was set back", -time.Hour, nil, true},
		{"the file is gone", time.Hour, func(t *testing.T, path string) { remove(t, path) }, true},
		{"the file is cut", time.Hour, func(t *testing.T, path string) { cutFile(t, path, 2) }, true},
		{"the file is cut in its end", time.Hour, func(t *testing.T, path string) { cutFile(t, path, 100) }, true},
		{"the file is of another kind", time.Hour, func(t *testing.T, path string) { overwrite(t, path, "{}") }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newShop()
			path := filepath.Join(t.TempDir(), "kept")
			now := monday
			run := func() {
				r := s.resource()
				r.Changed, r.Stamp = "since", func(vendors.Stored) time.Time { return monday.Add(-time.Minute) }
				job := shopJob(t, r, things)
				job.KeepCatalogue = path
				job.Client.Now = func() time.Time { return now }
				s.calls = nil
				imported(t, job)
				slices.Sort(s.calls)
			}
			run()
			if test.change != nil {
				test.change(t, path)
			}
			now = monday.Add(test.after)
			// b was sold, and its SKU is another thing's now; a was deleted.
			s.stored["t_b"] = thing{"t_b", "b2", "black"}
			s.stored["t_n"] = thing{"t_n", "b", "white"}
			s.stored["t_a"] = thing{"t_a", "a", "red"}
			s.moved = map[string]bool{"t_b": true, "t_n": true, "t_a": true}
			s.aside = map[string]bool{"t_a": true}
			s.queries = nil
			run()
			want := []string{`t_n{"color":"blue"}`, `{"sku":"a","color":"red"}`, `{"sku":"c","color":"green"}`, `{"sku":"g","color":"gold"}`}
			if diff := cmp.Diff(want, s.calls); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			since := "2026-03-02T07:59:00.000Z"
			if test.whole {
				since = ""
			}
			if last := s.queries[len(s.queries)-1]; last != since {
				t.Errorf("the second reading asked for what changed since %q, want %q", last, since)
			}
		})
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// cutFile cuts a part of a file off, such as the second half or the last hundredth.
func cutFile(t *testing.T, path string, part int64) {
	t.Helper()
	info, err := os.Stat(path)
	if err == nil {
		err = os.Truncate(path, info.Size()-1-info.Size()/part)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPlanOfAmended(t *testing.T) {
	s := newShop()
	result, err := pipeline.Plan(t.Context(), shopJob(t, s.resource(), things))
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	var changes []string
	for change, err := range result.Changes.All() {
		if err != nil {
			t.Fatal(err)
		}
		changes = append(changes, change.String())
	}
	if diff := cmp.Diff([]string{`B 1: color "black" → "blue"`, "C: new", "G: new"}, changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	want := &report.Plan{OnlyVendor: 1, Changes: 3, Calls: 3, Spared: 2, Bytes: 69, Largest: 27, LargestOf: "C"}
	if diff := cmp.Diff(want, result.Summary.Plan); diff != "" {
		t.Errorf("plan (-want +got):\n%s", diff)
	}
	var keys []string
	for f, err := range result.Changes.Foreseen() {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, f.Key)
	}
	if diff := cmp.Diff([]string{"t_a", "t_b", "C", "G"}, keys); diff != "" {
		t.Errorf("foreseen (-want +got):\n%s", diff)
	}
	if len(s.calls) > 0 {
		t.Errorf("a plan sent %v", s.calls)
	}
}

// TestLanes sends what customers bought: a call never holds two customers' purchases, and there are no
// more calls than those take, in whatever order the feed has them.
func TestLanes(t *testing.T) {
	for _, order := range []string{"by customer", "mixed"} {
		t.Run(order, func(t *testing.T) {
			var rows []string
			for customer := range 40 {
				for order := range 1 + customer%7 {
					rows = append(rows, fmt.Sprintf("o%d,%c,c%d\n", order, 'a'+order, customer))
				}
			}
			if order == "mixed" {
				rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
			}
			s := &shop{}
			r := s.resource()
			r.Amend, r.Pages, r.Decode, r.Canonical, r.Prepare = nil, nil, nil, nil, nil
			r.Batch, r.Repeat, r.Lane, r.Besides = 3, vendors.Unsafe, []string{"color"}, []string{"sku", "color"}
			result := imported(t, shopJob(t, r, "key,sku,color\n"+strings.Join(rows, "")))
			if got := result.Summary.Counts.Entities[vendors.Created]; got != int64(len(rows)) {
				t.Errorf("%d created of %d", got, len(rows))
			}
			want := 0
			for customer := range 40 {
				want += (1 + customer%7 + 2) / 3
			}
			if len(s.calls) != want {
				t.Errorf("%d calls, want %d", len(s.calls), want)
			}
			for _, call := range s.calls {
				var first thing
				for i, body := range strings.Split(call, " ") {
					var one thing
					if err := json.Unmarshal([]byte(body), &one); err != nil {
						t.Fatal(err)
					}
					if i == 0 {
						first = one
					} else if one.Color != first.Color {
						t.Errorf("a call with two customers: %s", call)
					}
				}
			}
		})
	}
}

// TestKeysOfSeveralFields has rows that only a further field tells apart, and rows that are named otherwise.
func TestKeysOfSeveralFields(t *testing.T) {
	s := &shop{}
	r := s.resource()
	r.Amend, r.Pages, r.Decode, r.Canonical, r.Prepare = nil, nil, nil, nil, nil
	r.Schema = schema.Schema{{Name: "key"}, {Name: "sku"}, {Name: "color"}}
	r.Else, r.Besides = "sku", []string{"color"}
	result := imported(t, shopJob(t, r, "key,sku,color\nA,,red\nA,,\nA,,red\n,A,blue\n,b|c,blue\n"))
	if got := result.Summary.Counts.Entities[vendors.Created]; got != 4 {
		t.Errorf("%d entities, want 4: A red, A alone, A blue and b|c blue", got)
	}
}

// TestOneItemInSeveralLanes has a purchase stand under two customers, as when one row names the session and
// another does not. It is one purchase all the same, wherever its rows stand: sent as two it would count twice.
func TestOneItemInSeveralLanes(t *testing.T) {
	var rows []string
	for i := range 6 {
		for _, customer := range []string{"s1,1000", "s2,2000"} {
			rows = append(rows, fmt.Sprintf("%s,example-%d,%s%d,DE,de,M,10.00,EUR,1,2021-12-30T20:03:33Z\n", customer, i, customer[:2], i))
		}
	}
	rows = append(rows, "s1,1000,example-9,K,DE,de,M,10.00,EUR,1,2021-12-30T20:03:33Z\n", "s2,2000,example-9,K,DE,de,M,10.00,EUR,1,2021-12-30T20:03:33Z\n")
	for seed := range uint64(40) {
		rand.New(rand.NewPCG(seed, 1)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		feed := "sess,sub,product,order,shopCountry,shopLanguage,purchasedSize,price,currency,quantity,purchaseDate\n" + strings.Join(rows, "")
		counts := checked(t, newJob(t, writeText(t, "feed.csv", feed), "fitanalytics/purchases", "")).Summary.Counts
		if counts.Entities[vendors.Rejected] != 1 || counts.Rows[vendors.Rejected] != 2 || counts.Rows[vendors.Skipped] != 12 {
			t.Fatalf("%d rows of %d purchases are rejected and %d ready, want 2 of 1, and 12, of\n%s", counts.Rows[vendors.Rejected],
				counts.Entities[vendors.Rejected], counts.Rows[vendors.Skipped], feed)
		}
	}
}
