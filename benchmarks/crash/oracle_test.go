//go:build unix

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

// hash is a body's hash, as records have it.
func hash(body string) string { return fmt.Sprintf("%-64x", body)[:64] }

// madeUp is the evidence of a run in which all went well: two processes, the first of which was killed
// while b was in the air.
func madeUp() *evidence {
	items := []item{
		{key: "a", rows: make([]map[string]string, 2), sound: true},
		{key: "b", rows: make([]map[string]string, 1), sound: true},
		{key: "bad", rows: make([]map[string]string, 3)},
	}
	stored := map[string]body{"a": {hash("a1"), hash("a1"), "a1"}, "b": {hash("b1"), hash("b1"), "b1"}}
	corrected := map[string]body{"a": {hash("a2"), hash("a2"), "a2"}, "b": {hash("b1"), hash("b1"), "b1"}}
	put := func(ms int, key, body string) sandbox.Request {
		return sandbox.Request{At: noon.Add(time.Duration(ms) * time.Millisecond), Method: "PUT", Path: "/" + key, Status: 200,
			Applied: []sandbox.Applied{{ID: key, Hash: hash(body)}}}
	}
	a, b := sent{"a", "a1"}, sent{"b", "b1"}
	return &evidence{
		repeat: vendors.Harmless, rate: 10, resource: "v/r",
		versions: []version{{items, stored}, {items, corrected}},
		lives: []life{
			{ended: noon.Add(time.Second), intents: map[sent]bool{a: true, b: true},
				outcomes: map[sent]vendors.Outcome{a: vendors.Created}},
			{ended: noon.Add(time.Minute), intents: map[sent]bool{a: true, b: true},
				outcomes: map[sent]vendors.Outcome{a: vendors.Created, b: vendors.Created}},
		},
		record: sandbox.Record{
			Resources: map[string]sandbox.Resource{"v/r": {Entities: map[string]sandbox.Entity{
				"a": {Applied: 1, Hash: hash("a1")}, "b": {Applied: 2, Hash: hash("b1")}}, Faults: map[string]int64{}}},
			Log: []sandbox.Request{put(100, "a", "a1"), put(900, "b", "b1"), put(1700, "b", "b1")},
		},
		manifest: manifest{RowsIn: 6, Rows: map[string]int64{"created": 3, "rejected": 3}, Entities: map[string]int64{"created": 2, "rejected": 1}},
		rejected: map[string]int64{"bad": 3},
	}
}

func TestJudge(t *testing.T) {
	entity := func(e *evidence, key, body string) {
		e.record.Resources["v/r"].Entities[key] = sandbox.Entity{Applied: 1, Hash: hash(body)}
	}
	tests := []struct {
		name  string
		spoil func(*evidence)
		want  []breachKind
	}{
		{"all is well", func(*evidence) {}, nil},
		{"lost", func(e *evidence) { delete(e.record.Resources["v/r"].Entities, "b") }, []breachKind{lost}},
		{"lost, and said to be refused", func(e *evidence) {
			delete(e.record.Resources["v/r"].Entities, "b")
			e.rejected["b"] = 1
			e.manifest = manifest{RowsIn: 6, Rows: map[string]int64{"created": 2, "rejected": 3, "refused": 1}, Entities: map[string]int64{"refused": 1}}
		}, []breachKind{lost, unreported}},
		{"refused", func(e *evidence) {
			delete(e.record.Resources["v/r"].Entities, "b")
			e.record.Resources["v/r"].Faults["refuse"] = 1
			e.rejected["b"] = 1
			e.manifest = manifest{RowsIn: 6, Rows: map[string]int64{"created": 2, "rejected": 3, "refused": 1}, Entities: map[string]int64{"refused": 1}}
		}, nil},
		{"the old body is stored", func(e *evidence) { e.lives[1].feed = 1 }, []breachKind{stale}},
		{"the corrected body is stored", func(e *evidence) {
			e.lives[1].feed = 1
			entity(e, "a", "a2")
			e.lives[1].intents[sent{"a", "a2"}] = true
			again := e.record.Log[0]
			again.At, again.Applied = noon.Add(2*time.Second), []sandbox.Applied{{ID: "a", Hash: hash("a2")}}
			e.record.Log = append(e.record.Log, again)
		}, nil},
		{"a body that no feed gives", func(e *evidence) {
			e.record.Log[2].Applied = []sandbox.Applied{{ID: "b", Hash: hash("b2")}}
		}, []breachKind{unfaithful, duplicated}},
		{"something that no feed has", func(e *evidence) { entity(e, "c", "c") }, []breachKind{stale}},
		{"sent again though its outcome was written down", func(e *evidence) {
			e.lives[0].outcomes[sent{"b", "b1"}] = vendors.Created
		}, []breachKind{duplicated}},
		{"a refusal sent again", func(e *evidence) {
			e.lives[0].outcomes[sent{"b", "b1"}] = vendors.Refused
		}, []breachKind{duplicated}},
		{"a doubtful one sent again", func(e *evidence) {
			e.lives[0].outcomes[sent{"b", "b1"}] = vendors.Unknown
		}, nil},
		{"stored twice where that is not harmless", func(e *evidence) { e.repeat = vendors.Unsafe }, []breachKind{duplicated}},
		{"sent again after an answer", func(e *evidence) {
			e.record.Log = append(e.record.Log, e.record.Log[0])
			e.record.Log[3].At = noon.Add(300 * time.Millisecond)
		}, []breachKind{duplicated}},
		{"sent again after a cut", func(e *evidence) {
			e.record.Log = append(e.record.Log, e.record.Log[0])
			e.record.Log[3].At = noon.Add(300 * time.Millisecond)
			e.record.Log[0].Fault, e.record.Log[0].Status = "drop-after", 0
		}, nil},
		{"sent again when the answer was late", func(e *evidence) {
			e.record.Log[2] = e.record.Log[0]
			e.lives[0].ended = noon.Add(100*time.Millisecond + timeout)
			e.record.Log[2].At = e.lives[0].ended
		}, nil},
		{"sent before it was written down", func(e *evidence) {
			delete(e.lives[0].intents, sent{"a", "a1"})
		}, []breachKind{unfaithful}},
		{"written down with another body", func(e *evidence) {
			delete(e.lives[0].intents, sent{"a", "a1"})
			e.lives[0].intents[sent{"a", "a2"}] = true
		}, []breachKind{unfaithful}},
		{"a token for two bodies", func(e *evidence) { e.record.TokensReused = []string{"t"} }, []breachKind{unfaithful}},
		{"above the rate", func(e *evidence) {
			for i := range 20 {
				e.record.Log = append(e.record.Log, sandbox.Request{At: noon.Add(time.Duration(3000+10*i) * time.Millisecond), Method: "GET", Status: 200})
			}
		}, []breachKind{tooFast}},
		{"at the rate", func(e *evidence) {
			for i := range 20 {
				e.record.Log = append(e.record.Log, sandbox.Request{At: noon.Add(time.Duration(3000+100*i) * time.Millisecond), Method: "GET", Status: 200})
			}
		}, nil},
		{"two processes at the rate each", func(e *evidence) {
			e.rate = 2
			e.record.Log = append(e.record.Log, sandbox.Request{At: noon.Add(1400 * time.Millisecond), Method: "GET", Status: 200})
		}, nil},
		{"in spite of Retry-After", func(e *evidence) {
			e.record.Log = append(e.record.Log, sandbox.Request{At: noon.Add(1100 * time.Millisecond), Method: "PUT", Status: 429, RetryAfter: "1"})
		}, []breachKind{tooFast}},
		{"in spite of a date", func(e *evidence) {
			e.record.Log = append(e.record.Log, sandbox.Request{At: noon.Add(1100 * time.Millisecond), Method: "PUT", Status: 503,
				RetryAfter: noon.Add(3 * time.Second).Format("Mon, 02 Jan 2006 15:04:05 GMT")})
		}, []breachKind{tooFast}},
		{"another process does not know of Retry-After", func(e *evidence) {
			e.record.Log = append(e.record.Log, sandbox.Request{At: noon.Add(950 * time.Millisecond), Method: "PUT", Status: 429, RetryAfter: "1"})
		}, nil},
		{"a row short", func(e *evidence) { e.manifest.Rows["created"] = 2 }, []breachKind{unreported, unreported}},
		{"a row of the feed not read", func(e *evidence) {
			e.manifest.RowsIn, e.manifest.Rows["created"] = 5, 2
		}, []breachKind{unreported, unreported}},
		{"left behind", func(e *evidence) {
			e.manifest.Rows["created"], e.manifest.Rows["skipped"] = 2, 1
			e.rejected["b"] = 1
		}, []breachKind{unreported}},
		{"left in doubt", func(e *evidence) {
			e.manifest.Rows["created"], e.manifest.Rows["unknown"] = 2, 1
			e.rejected["b"] = 1
		}, []breachKind{unreported}},
		{"left in doubt where sending again is not harmless", func(e *evidence) {
			e.repeat = vendors.Unsafe
			e.record.Log = e.record.Log[:2]
			e.manifest.Rows["created"], e.manifest.Rows["unknown"] = 2, 1
			e.rejected["b"] = 1
		}, nil},
		{"said to be updated", func(e *evidence) {
			e.manifest.Rows["created"], e.manifest.Rows["updated"] = 2, 1
		}, []breachKind{unreported}},
		{"a reject is missing", func(e *evidence) { e.rejected = map[string]int64{} }, []breachKind{unreported, unreported}},
		{"a reject of an earlier process", func(e *evidence) { e.rejected["b"] = 1 }, []breachKind{unreported}},
		{"refused more often than the vendor did", func(e *evidence) { e.manifest.Entities["refused"] = 1 }, []breachKind{unreported}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			e := madeUp()
			test.spoil(e)
			v := judge(e)
			var got []breachKind
			for _, b := range v.breaches {
				got = append(got, b.kind)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("breaches %v, want %v: %v", got, test.want, v.breaches)
			}
		})
	}
}

func TestDoubtful(t *testing.T) {
	if v := judge(madeUp()); v.doubtful != 1 {
		t.Errorf("%d requests are doubtful, want the one in the air when the process was killed", v.doubtful)
	}
}

// TestItems holds the made-up feeds against the schema they are made from.
func TestItems(t *testing.T) {
	for _, target := range targets {
		s, err := makeSeason(target, 1)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for v, version := range s.versions {
			changed, faulty := 0, 0
			for i := range version.items {
				it := &version.items[i]
				if !it.sound {
					faulty++
				}
				if v == 1 && i < len(s.versions[0].items) && fmt.Sprint(it.rows) != fmt.Sprint(s.versions[0].items[i].rows) {
					changed++
				}
				for _, row := range it.rows {
					for _, name := range s.stock.resource.Unique {
						if value := row[name]; v == 0 && (seen[value] || !s.stock.accepts(name, value)) {
							t.Errorf("%s: %s %q is not new, or against the rules", target, name, value)
						} else {
							seen[value] = true
						}
					}
				}
			}
			if v == 0 && faulty == 0 || v == 1 && (changed == 0 || faulty > 0) {
				t.Errorf("%s, version %d: %d items are faulty, %d have changed", target, v, faulty, changed)
			}
		}
	}
}

// TestPlans looks at what a thousand runs would do: all of it follows from the seed, and all of it occurs.
func TestPlans(t *testing.T) {
	blows, changes, endings := map[blow]int{}, map[feedChange]int{}, map[string]int{}
	for number := range 1000 {
		p := newPlan(7, number, feeds)
		if again := newPlan(7, number, feeds); p.String() != again.String() {
			t.Fatalf("two plans of one number: %v and %v", p, again)
		}
		if _, err := sandbox.ParseFaults(p.faults); err != nil {
			t.Errorf("%v: %v", p, err)
		}
		for _, s := range p.steps {
			blows[s.blow]++
			changes[s.feed]++
		}
		endings[p.ending]++
		if strings.Contains(p.String(), "corrected") && p.createOnly {
			t.Errorf("%v: creates what it created", p)
		}
	}
	if len(blows) != int(contended) || len(changes) != 4 || len(endings) != 6 {
		t.Errorf("blows %v, changes %v, endings %v: some never occur", blows, changes, endings)
	}
	if a, b := newPlan(7, 0, 6), newPlan(8, 0, 6); a.String() == b.String() {
		t.Error("two seeds give the same plan")
	}
}
