package account_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/pipeline/account"
	"bulkload/pipeline/journal"
	"bulkload/vendors"
)

// A modelRun is what the model knows of a run: its journal.
type modelRun struct {
	name    string
	started time.Time
	records []journal.Record
	over    bool
}

// entries is what the run alone knows, told in the plainest way.
func (r *modelRun) entries() map[string]account.Entry {
	known := make(map[string]account.Entry)
	for i, record := range r.records {
		at := r.started.Add(time.Duration(i + 1))
		switch {
		case record.Intent != nil:
			n := record.Intent
			e, again := known[n.Key]
			first := n.Known
			if again {
				first = e.Known
			}
			known[n.Key] = account.Entry{Run: r.name, Hash: n.Hash, InAir: true, Attempts: n.Attempt, Token: n.Token,
				Known: first, ID: e.ID, Applied: e.Applied, At: at}
		case record.Outcome != nil:
			o := record.Outcome
			e, sent := known[o.Key]
			stored := o.Outcome == vendors.Created || o.Outcome == vendors.Updated || o.Outcome == vendors.Unchanged
			judged := o.Outcome == vendors.Refused || o.Outcome == vendors.Unknown || o.Outcome == vendors.Skipped && e.InAir
			if !stored && !(sent && judged && o.Hash == e.Hash) {
				continue
			}
			e.Run, e.Hash, e.InAir, e.Outcome, e.At = r.name, o.Hash, false, o.Outcome, at
			e.Status, e.Code, e.Message, e.ID = o.Status, o.Code, o.Message, cmp.Or(o.ID, e.ID)
			if stored {
				e.Applied = o.Hash
			}
			known[o.Key] = e
		}
	}
	return known
}

// together is what runs know, the later after the earlier.
func together(runs []*modelRun) map[string]account.Entry {
	runs = slices.Clone(runs)
	slices.SortFunc(runs, func(a, b *modelRun) int { return a.started.Compare(b.started) })
	all := make(map[string]account.Entry)
	for _, r := range runs {
		for key, e := range r.entries() {
			before := all[key]
			e.ID = cmp.Or(e.ID, before.ID)
			if e.Applied == (vendors.Hash{}) {
				e.Applied = before.Applied
			}
			all[key] = e
		}
	}
	return all
}

// quick is the system's files without syncs.
type quick struct{ journal.OS }

func (quick) SyncDir(string) error { return nil }

func (q quick) OpenFile(name string, flag int, perm fs.FileMode) (journal.File, error) {
	file, err := q.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return quickFile{file}, nil
}

type quickFile struct{ journal.File }

func (quickFile) Sync() error { return nil }

var keys = []string{"a", "b", "c", "", "a long key with spaces, ümlauts and \x00"}

// machine is an account on which runs are begun, cut, resumed and ended at random.
type machine struct {
	t        *rapid.T
	d, other *account.Dir // this process's, and another's
	runs     []*modelRun
	open     map[*modelRun]*openRun
}

type openRun struct {
	journal *journal.Journal
	release func() error
}

func (m *machine) check(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) path(r *modelRun) string { return m.d.Path(r.name + ".journal") }

// pick draws a run that fits, or nil.
func (m *machine) pick(fits func(r *modelRun) bool) *modelRun {
	var some []*modelRun
	for _, r := range m.runs {
		if fits(r) {
			some = append(some, r)
		}
	}
	if len(some) == 0 {
		m.t.Skip("there is none")
	}
	return rapid.SampledFrom(some).Draw(m.t, "run")
}

func (m *machine) isOpen(r *modelRun) bool { return m.open[r] != nil }

func (m *machine) enter(r *modelRun) *openRun {
	release, err := m.d.LockShared(owner(r.name))
	m.check(err)
	m.check(m.d.Enter(r.name, m.path(r)))
	return &openRun{release: release}
}

// Begin begins a run that started before or after the others.
func (m *machine) Begin(t *rapid.T) {
	n := len(m.runs)
	if n == 5 {
		t.Skip("enough")
	}
	at := monday.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "hour"))*time.Hour + time.Duration(n)*time.Minute)
	r := &modelRun{name: fmt.Sprint("run-", n), started: at}
	o := m.enter(r)
	var err error
	o.journal, err = journal.Create(quick{}, m.path(r), journal.Begin{Run: r.name, Account: m.d.Name(), Target: target, Started: at})
	m.check(err)
	r.records = []journal.Record{}
	m.runs, m.open[r] = append(m.runs, r), o
}

// Resume goes on with a run that was cut.
func (m *machine) Resume(t *rapid.T) {
	r := m.pick(func(r *modelRun) bool { return !r.over && !m.isOpen(r) })
	o := m.enter(r)
	var err error
	o.journal, _, err = journal.Open(quick{}, m.path(r))
	m.check(err)
	m.open[r] = o
}

// Write adds some records to a journal.
func (m *machine) Write(t *rapid.T) {
	r := m.pick(m.isOpen)
	for range rapid.IntRange(1, 6).Draw(t, "records") {
		key, body := rapid.SampledFrom(keys).Draw(t, "key"), rapid.SampledFrom([]string{"one", "two"}).Draw(t, "body")
		hash := vendors.HashOf([]byte(body))
		if rapid.Bool().Draw(t, "intent") {
			n := journal.Intent{Key: key, Hash: hash, Token: "token of " + key, Attempt: 1 + len(r.records), Known: rapid.Bool().Draw(t, "known")}
			m.check(m.open[r].journal.Intend(context.Background(), n))
			r.records = append(r.records, journal.Record{Intent: &n})
			continue
		}
		o := journal.Outcome{Key: key, Hash: hash, Outcome: rapid.SampledFrom(vendors.Outcomes[:]).Draw(t, "outcome"),
			Status: rapid.SampledFrom([]int{0, 201}).Draw(t, "status"), ID: rapid.SampledFrom([]string{"", "7", "8"}).Draw(t, "id"),
			Code: "code", Message: "words"}
		m.check(m.open[r].journal.Settle(o))
		r.records = append(r.records, journal.Record{Outcome: &o})
	}
	m.check(m.open[r].journal.Sync())
}

// Cut ends a run's process.
func (m *machine) Cut(t *rapid.T) { m.cut(m.pick(m.isOpen)) }

func (m *machine) cut(r *modelRun) {
	m.check(m.open[r].journal.Close())
	m.check(m.open[r].release())
	delete(m.open, r)
}

// End ends a run.
func (m *machine) End(t *rapid.T) {
	r := m.pick(m.isOpen)
	m.check(m.open[r].journal.End(journal.End{Finished: monday}))
	r.over = true
	if rapid.Bool().Draw(t, "fold before it lets go") {
		m.check(m.d.Fold(context.Background(), quick{}))
	}
	m.cut(r)
}

// Fold has this process, or another, take the journals into the history.
func (m *machine) Fold(t *rapid.T) {
	m.check(rapid.SampledFrom([]*account.Dir{m.d, m.other}).Draw(t, "process").Fold(context.Background(), quick{}))
}

// FoldIsCut stops taking after some records.
func (m *machine) FoldIsCut(t *rapid.T) {
	err := m.other.Fold(context.Background(), &failing{left: rapid.IntRange(0, 5).Draw(t, "reads")})
	if err != nil && !errors.Is(err, errFailing) {
		t.Fatal(err)
	}
}

// failing is files that cannot be read any more after some time.
type failing struct {
	quick
	left int
}

var errFailing = errors.New("cannot be read any more")

func (f *failing) OpenFile(name string, flag int, perm fs.FileMode) (journal.File, error) {
	if f.left--; f.left < 0 {
		return nil, errFailing
	}
	return f.quick.OpenFile(name, flag, perm)
}

// expect compares the history with the model.
func (m *machine) expect(what string) {
	h, err := m.d.History()
	m.check(err)
	all := together(m.runs)
	for _, key := range keys {
		e, found, err := h.Last(target, key)
		m.check(err)
		m.same(what+": last of "+key, all, key, e, found)
		for _, r := range m.runs {
			e, found, err := h.InRun(r.name, target, key)
			m.check(err)
			switch {
			case !r.over:
				m.same(what+": "+r.name+" of "+key, r.entries(), key, e, found)
			case found:
				m.t.Fatalf("%s: %s is over and kept apart", what, r.name)
			}
		}
		if _, found, err := h.Last("fashiontrade/stock", key); found || err != nil {
			m.t.Fatalf("%s: %q of another resource: %v, %v", what, key, found, err)
		}
	}
	m.check(h.Close())
}

func (m *machine) same(what string, model map[string]account.Entry, key string, e account.Entry, found bool) {
	want, known := model[key]
	if diff := gocmp.Diff(want, e); found != known || diff != "" {
		m.t.Fatalf("%s: found %v, want %v (-want +got):\n%s", what, found, known, diff)
	}
}

// memory is where a sync costs nothing, on systems that have such a place; else empty.
func memory() string {
	if _, err := os.Stat("/dev/shm"); err != nil {
		return ""
	}
	return "/dev/shm"
}

// However runs follow, overlap and are cut, and however often their journals are read, the history
// says what the journals say; and so does one that is made anew.
func TestHistoryIsWhatJournalsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		state, err := os.MkdirTemp(memory(), "account")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(state)
		m := &machine{t: t, d: open(t, state), other: open(t, state), open: make(map[*modelRun]*openRun)}
		t.Repeat(map[string]func(*rapid.T){
			"begin": m.Begin, "resume": m.Resume, "write": m.Write, "write more": m.Write, "cut": m.Cut, "end": m.End,
			"fold": m.Fold, "fold is cut": m.FoldIsCut,
		})
		for _, r := range m.runs {
			if m.isOpen(r) {
				m.cut(r)
			}
		}
		m.check(m.other.Fold(context.Background(), quick{}))
		m.expect("folded")
		m.check(m.d.Fold(context.Background(), quick{}))
		m.expect("folded again")
		var journals []string
		for _, r := range m.runs {
			journals = append(journals, m.path(r))
		}
		journals = rapid.Permutation(journals).Draw(t, "journals")
		m.check(m.d.Rebuild(context.Background(), slices.Values(journals)))
		m.expect("anew")
		m.check(m.d.Fold(context.Background(), quick{}))
		m.expect("anew and folded")
	})
}
