package account_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline/account"
	"bulkload/pipeline/journal"
	"bulkload/vendors"
)

const target = "fashiontrade/products"

// fataler is a *testing.T or a *rapid.T.
type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// quickDir is a temporary folder for tests that sync often.
func quickDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp(memory(), "account")
	check(t, err)
	t.Cleanup(func() { check(t, os.RemoveAll(dir)) })
	return dir
}

func open(t fataler, state string) *account.Dir {
	t.Helper()
	d, err := account.Open(state, "fashiontrade", "prod", "https://api.example.com")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// owner is somebody who has a run open.
func owner(run string) account.Owner {
	return account.Owner{PID: os.Getpid(), Started: time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC), Run: run}
}

func check(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpen(t *testing.T) {
	state := filepath.Join(t.TempDir(), "a", "state")
	names := make(map[string]string)
	for _, id := range [][3]string{
		{"faire", "shop", "https://a"}, {"faire", "shop", "https://b"}, {"faire", "sh/op", "https://a"}, {"faire", "sh_op", "https://a"},
		{"faire", "../../x", "https://a"}, {"faire", "", "https://a"}, {"faire", strings.Repeat("ü", 500), "https://a"}, {"faire", "Shop", "https://a"},
	} {
		d, err := account.Open(state, id[0], id[1], id[2])
		if err != nil {
			t.Fatalf("Open(%q): %v", id, err)
		}
		path := d.Path("pace.json")
		if filepath.Dir(filepath.Dir(path)) != state || len(filepath.Base(filepath.Dir(path))) > 200 {
			t.Errorf("Open(%q): %s is not below %s", id, path, state)
		}
		folded := strings.ToLower(path)
		if other, ok := names[folded]; ok {
			t.Errorf("%q has the folder of %s", id, other)
		}
		names[folded] = fmt.Sprint(id)
		info, err := os.Stat(filepath.Dir(path))
		check(t, err)
		if got := info.Mode().Perm(); got != 0o700 {
			t.Errorf("mode %o, want 700", got)
		}
	}
}

func TestLock(t *testing.T) {
	d := open(t, quickDir(t))
	other := open(t, filepath.Dir(filepath.Dir(d.Path("x"))))
	release, err := d.Lock(owner("one"))
	check(t, err)
	var busy *account.BusyError
	if _, err := other.Lock(owner("two")); !errors.As(err, &busy) {
		t.Fatalf("a second Lock: %v, want a BusyError", err)
	}
	if diff := cmp.Diff(&account.BusyError{Owner: owner("one"), Account: "prod"}, busy); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, part := range []string{fmt.Sprint(os.Getpid()), owner("").Started.Local().Format("2006-01-02 15:04:05"), "run one", "--parallel-runs"} {
		if !strings.Contains(busy.Error(), part) {
			t.Errorf("%q does not tell %q", busy, part)
		}
	}
	beside, err := other.LockShared(owner("two"))
	check(t, err)
	if _, err := d.LockShared(owner("two")); !errors.As(err, &busy) || !busy.Same {
		t.Errorf("the same run twice: %v, want a BusyError about the run", err)
	}
	present, err := d.Present()
	check(t, err)
	if diff := cmp.Diff([]account.Owner{owner("one"), owner("two")}, present); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	check(t, release())
	check(t, release())
	if _, err := d.Lock(owner("three")); !errors.As(err, &busy) || busy.Owner.Run != "two" {
		t.Errorf("Lock beside a shared one: %v, want a BusyError that names run two", err)
	}
	check(t, beside())
	release, err = d.Lock(owner("three"))
	check(t, err)
	check(t, release())
}

func TestLockWithoutRun(t *testing.T) {
	d := open(t, quickDir(t))
	release, err := d.Lock(owner(""))
	check(t, err)
	if err := d.Enter("run", "journal"); err == nil {
		t.Error("a run was entered that the account is not locked for")
	}
	check(t, release())
}

// What files say of processes that are gone refuses nobody, however wrong it is.
func TestStaleLock(t *testing.T) {
	for name, text := range map[string]string{
		"a process that lives": fmt.Sprintf(`{"pid":%d,"started":"2026-11-21T03:00:00Z","run":"old"}`, os.Getppid()),
		"nothing":              "", "no JSON": "\x00\xff{", "a list": "[]",
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, quickDir(t))
			check(t, os.WriteFile(d.Path("runs/old.lock"), []byte(text), 0o600))
			check(t, os.WriteFile(d.Path("runs/old.owner"), []byte(text), 0o600))
			check(t, os.WriteFile(d.Path("gate"), []byte(text), 0o600))
			release, err := d.Lock(owner("new"))
			check(t, err)
			check(t, release())
			release, err = d.Lock(owner("old"))
			check(t, err)
			check(t, release())
		})
	}
}

// lockerVariable makes this test's binary a process that locks the account and waits.
const lockerVariable = "BULKLOAD_TEST_LOCKS"

func TestMain(m *testing.M) {
	if state := os.Getenv(lockerVariable); state != "" {
		d, err := account.Open(state, "fashiontrade", "prod", "https://api.example.com")
		if err == nil {
			_, err = d.Lock(owner("child"))
		}
		fmt.Println(err)
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// A lock goes with its process, also with one that was killed.
func TestLockOfKilledProcess(t *testing.T) {
	state := quickDir(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), lockerVariable+"="+state)
	stdin, err := child.StdinPipe()
	check(t, err)
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	check(t, err)
	check(t, child.Start())
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "<nil>\n" {
		t.Fatalf("the child says %q (%v)", line, err)
	}
	d := open(t, state)
	var busy *account.BusyError
	if _, err := d.Lock(owner("run")); !errors.As(err, &busy) {
		t.Fatalf("Lock: %v, want a BusyError", err)
	}
	want := owner("child")
	want.PID = child.Process.Pid
	if diff := cmp.Diff(want, busy.Owner); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	check(t, child.Process.Kill())
	child.Wait()
	release, err := d.Lock(owner("run"))
	check(t, err)
	check(t, release())
}

// A script is what a run's processes write into its journal.
type script struct {
	d       *account.Dir
	journal *journal.Journal
	path    string
	release func() error
}

// begin locks the account for a run, enters it and begins or goes on with its journal.
func begin(t testing.TB, d *account.Dir, run string, started time.Time) *script {
	t.Helper()
	s := &script{d: d, path: d.Path(run + ".journal")}
	var err error
	s.release, err = d.LockShared(owner(run))
	check(t, err)
	check(t, d.Enter(run, s.path))
	s.journal, err = journal.Create(journal.OS{}, s.path, journal.Begin{Run: run, Account: d.Name(), Target: target, Started: started})
	if errors.Is(err, os.ErrExist) {
		s.journal, _, err = journal.Open(journal.OS{}, s.path)
	}
	check(t, err)
	return s
}

func (s *script) intend(t testing.TB, key, body string, attempt int) {
	t.Helper()
	check(t, s.journal.Intend(context.Background(), journal.Intent{Key: key, Hash: vendors.HashOf([]byte(body)), Token: "t-" + body, Attempt: attempt}))
}

func (s *script) settle(t testing.TB, key, body string, outcome vendors.Outcome, id string) {
	t.Helper()
	check(t, s.journal.Settle(journal.Outcome{Key: key, Hash: vendors.HashOf([]byte(body)), Outcome: outcome, Status: 200, ID: id}))
}

// cut ends the process, as far as anybody can see.
func (s *script) cut(t testing.TB) {
	t.Helper()
	check(t, s.journal.Close())
	check(t, s.release())
}

func (s *script) end(t testing.TB) {
	t.Helper()
	check(t, s.journal.End(journal.End{Finished: time.Now()}))
	check(t, s.journal.Close())
	check(t, s.d.Fold(context.Background(), journal.OS{}))
	check(t, s.release())
}

func look(t testing.TB, d *account.Dir, key string) (last account.Entry, found bool) {
	t.Helper()
	h, err := d.History()
	check(t, err)
	last, found, err = h.Last(target, key)
	check(t, errors.Join(err, h.Close()))
	return last, found
}

func lookInRun(t testing.TB, d *account.Dir, run, key string) (e account.Entry, found bool) {
	t.Helper()
	h, err := d.History()
	check(t, err)
	e, found, err = h.InRun(run, target, key)
	check(t, errors.Join(err, h.Close()))
	return e, found
}

var monday = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

func TestHistory(t *testing.T) {
	ctx := context.Background()
	d := open(t, quickDir(t))
	if _, found := look(t, d, "a"); found {
		t.Error("a history that is not there knows something")
	}
	first := begin(t, d, "first", monday)
	first.intend(t, "a", "a1", 1)
	first.settle(t, "a", "a1", vendors.Created, "id-a")
	first.intend(t, "b", "b1", 1)
	first.intend(t, "c", "c1", 1)
	first.settle(t, "c", "c1", vendors.Refused, "")
	first.cut(t)
	check(t, d.Fold(ctx, journal.OS{}))

	hash := func(body string) vendors.Hash { return vendors.HashOf([]byte(body)) }
	a := account.Entry{Run: "first", Hash: hash("a1"), Outcome: vendors.Created, Attempts: 1, Token: "t-a1", ID: "id-a", Status: 200, Applied: hash("a1"), At: monday.Add(2)}
	b := account.Entry{Run: "first", Hash: hash("b1"), InAir: true, Attempts: 1, Token: "t-b1", At: monday.Add(3)}
	expect := func(what string, want account.Entry, got account.Entry, found bool) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" || !found {
			t.Errorf("%s: found %v (-want +got):\n%s", what, found, diff)
		}
	}
	got, found := look(t, d, "a")
	expect("a", a, got, found)
	got, found = lookInRun(t, d, "first", "b")
	expect("b in its run", b, got, found)

	second := begin(t, d, "second", monday.Add(24*time.Hour))
	second.intend(t, "a", "a2", 1)
	second.settle(t, "a", "a2", vendors.Refused, "")
	second.intend(t, "b", "b2", 1)
	second.settle(t, "b", "b2", vendors.Updated, "id-b")
	second.end(t)

	got, found = lookInRun(t, d, "first", "b")
	expect("b in its run, after another", b, got, found)
	got, found = look(t, d, "a")
	at := monday.Add(24 * time.Hour)
	expect("a, refused", account.Entry{Run: "second", Hash: hash("a2"), Outcome: vendors.Refused, Attempts: 1, Token: "t-a2", ID: "id-a",
		Status: 200, Applied: hash("a1"), At: at.Add(2)}, got, found)
	got, found = look(t, d, "b")
	expect("b", account.Entry{Run: "second", Hash: hash("b2"), Outcome: vendors.Updated, Attempts: 1, Token: "t-b2", ID: "id-b",
		Status: 200, Applied: hash("b2"), At: at.Add(4)}, got, found)
	if _, found := lookInRun(t, d, "second", "b"); found {
		t.Error("a run that is over is kept apart")
	}

	first = begin(t, d, "first", monday)
	first.intend(t, "d", "d1", 1)
	first.settle(t, "d", "d1", vendors.Created, "id-d")
	first.end(t)
	if _, found := lookInRun(t, d, "first", "b"); found {
		t.Error("a run that is over is kept apart")
	}
	if got, found = look(t, d, "d"); !found || got.ID != "id-d" {
		t.Errorf("d: %+v", got)
	}
	notes, err := filepath.Glob(d.Path("runs/*"))
	check(t, err)
	if len(notes) > 0 {
		t.Errorf("files of runs are left: %v", notes)
	}
}

func files(t testing.TB, d *account.Dir) []string {
	t.Helper()
	names, err := filepath.Glob(d.Path("runs/*.note"))
	check(t, err)
	return names
}

func TestMissingJournal(t *testing.T) {
	ctx := context.Background()
	d := open(t, quickDir(t))
	s := begin(t, d, "run", monday)
	s.intend(t, "a", "a1", 1)
	s.cut(t)
	check(t, d.Fold(ctx, journal.OS{}))
	s = begin(t, d, "run", monday)
	s.cut(t)
	check(t, os.Remove(s.path))
	var missing *account.MissingError
	err := d.Fold(ctx, journal.OS{})
	if !errors.As(err, &missing) || missing.Run != "run" || missing.Journal != s.path || !account.OnlyMissing(err) {
		t.Errorf("Fold: %v, want a MissingError", err)
	}
	check(t, d.Fold(ctx, journal.OS{}))
	if len(files(t, d)) > 0 {
		t.Error("the note is still there")
	}
	if _, found := lookInRun(t, d, "run", "a"); found {
		t.Error("the run can be resumed without its journal")
	}
	if _, found := look(t, d, "a"); !found {
		t.Error("what the journal said is forgotten")
	}
}

// A run that is cut between its note and its journal has sent nothing: no word about it.
func TestJournalNeverBegun(t *testing.T) {
	for _, name := range []string{"none", "empty"} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			d := open(t, quickDir(t))
			release, err := d.Lock(owner("run"))
			check(t, err)
			path := d.Path("run.journal")
			check(t, d.Enter("run", path))
			if name == "empty" {
				check(t, os.WriteFile(path, nil, 0o600))
			}
			check(t, d.Fold(ctx, journal.OS{}))
			if len(files(t, d)) != 1 {
				t.Error("the note of a run that may begin is gone")
			}
			check(t, release())
			check(t, d.Fold(ctx, journal.OS{}))
			if len(files(t, d)) != 0 {
				t.Error("the note is still there")
			}
		})
	}
}

// The journal of a run that another process has open is left to it.
func TestFoldLeavesOpenRuns(t *testing.T) {
	state := quickDir(t)
	d, other := open(t, state), open(t, state)
	s := begin(t, d, "run", monday)
	s.intend(t, "a", "a1", 1)
	check(t, other.Fold(context.Background(), journal.OS{}))
	if _, found := look(t, other, "a"); found {
		t.Error("the journal was read while the run is open")
	}
	check(t, d.Fold(context.Background(), journal.OS{}))
	if _, found := look(t, other, "a"); !found {
		t.Error("the process's own journal was not read")
	}
	s.intend(t, "b", "b1", 1)
	s.cut(t)
	check(t, other.Fold(context.Background(), journal.OS{}))
	if _, found := look(t, other, "b"); !found {
		t.Error("what came after the process's own reading is lost")
	}
}

func TestDamagedJournalAndNote(t *testing.T) {
	ctx := context.Background()
	d := open(t, quickDir(t))
	bad, good := begin(t, d, "bad", monday), begin(t, d, "good", monday)
	bad.intend(t, "a", "a1", 1)
	bad.cut(t)
	good.intend(t, "b", "b1", 1)
	good.cut(t)
	check(t, os.WriteFile(bad.path, []byte("something else altogether, and long enough for a head"), 0o600))
	check(t, os.WriteFile(d.Path("runs/note.note"), []byte("{"), 0o600))
	err := d.Fold(ctx, journal.OS{})
	var damage *journal.DamageError
	if !errors.As(err, &damage) || account.OnlyMissing(err) || account.OnlyMissing(nil) || !strings.Contains(err.Error(), bad.path) || !strings.Contains(err.Error(), "note.note") {
		t.Errorf("Fold: %v, want the damaged journal and the note", err)
	}
	if _, found := look(t, d, "b"); !found {
		t.Error("the other journal was not read")
	}
	if len(files(t, d)) != 3 {
		t.Errorf("notes %v, want all of them", files(t, d))
	}
	if err := d.Rebuild(ctx, slices.Values([]string{bad.path})); err == nil {
		t.Error("Rebuild left a journal out and said nothing")
	}
	if _, found := look(t, d, "b"); !found {
		t.Error("a Rebuild that failed has changed the history")
	}
}

// The journals of all runs can be named: those of other accounts are left out.
func TestRebuildLeavesOtherAccountsOut(t *testing.T) {
	ctx := context.Background()
	d := open(t, quickDir(t))
	other, err := account.Open(quickDir(t), "fashiontrade", "test", "https://test.example.com")
	check(t, err)
	ours, theirs := begin(t, d, "ours", monday), begin(t, other, "theirs", monday)
	ours.intend(t, "a", "a1", 1)
	ours.end(t)
	theirs.intend(t, "b", "b1", 1)
	theirs.end(t)
	check(t, os.WriteFile(d.Path("history.db"), []byte("damaged"), 0o600))
	check(t, d.Rebuild(ctx, slices.Values([]string{theirs.path, ours.path})))
	if _, found := look(t, d, "a"); !found {
		t.Error("the account's own journal was left out")
	}
	if _, found := look(t, d, "b"); found {
		t.Error("the journal of another account was taken")
	}
}

// A reader that stays open lets writers write, and goes on to know what it knew.
func TestReaderLetsGo(t *testing.T) {
	d := open(t, quickDir(t))
	s := begin(t, d, "run", monday)
	s.intend(t, "a", "a1", 1)
	s.end(t)
	h, err := d.History()
	check(t, err)
	reading := make(chan error)
	stop := make(chan bool)
	go func() {
		for {
			select {
			case <-stop:
				reading <- nil
				return
			default:
			}
			if e, found, err := h.Last(target, "a"); err != nil || !found || e.Token != "t-a1" {
				reading <- fmt.Errorf("a: %+v, %v, %w", e, found, err)
				return
			}
		}
	}()
	for i := range 3 {
		run := fmt.Sprint("run", i)
		s := begin(t, d, run, monday)
		s.intend(t, run, "b", 1)
		s.end(t)
	}
	close(stop)
	check(t, <-reading)
	check(t, h.Close())
	if _, _, err := h.Last(target, "a"); err == nil {
		t.Error("a closed history answers")
	}
	for i := range 3 {
		if _, found := look(t, d, fmt.Sprint("run", i)); !found {
			t.Errorf("what was written beside a reader is lost: run%d", i)
		}
	}
}

func TestFoldIsCancelled(t *testing.T) {
	d := open(t, quickDir(t))
	s := begin(t, d, "run", monday)
	s.intend(t, "a", "a1", 1)
	s.cut(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Fold(ctx, journal.OS{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Fold: %v, want that it was cancelled", err)
	}
	check(t, d.Fold(context.Background(), journal.OS{}))
	if _, found := look(t, d, "a"); !found {
		t.Error("what was cut was not read afterwards")
	}
}

// TestClockThatWasAhead has a run of a machine whose clock was years ahead. The runs after it, by a clock that
// is right again, are the later ones nevertheless: else each would find the old body, and send its own again.
func TestClockThatWasAhead(t *testing.T) {
	d := open(t, quickDir(t))
	if first, err := d.Follow(t.Context(), monday); err != nil || !first.Equal(monday) {
		t.Fatalf("Follow = %v, %v without a history, want the time given", first, err)
	}
	ahead := begin(t, d, "ahead", monday.AddDate(4, 0, 0))
	ahead.intend(t, "a", "a1", 1)
	ahead.settle(t, "a", "a1", vendors.Created, "id-a")
	ahead.cut(t)
	check(t, d.Fold(t.Context(), journal.OS{}))
	for day, body := range []string{"a2", "a3"} {
		started, err := d.Follow(t.Context(), monday.AddDate(0, 0, day))
		check(t, err)
		next := begin(t, d, "on "+body, started)
		next.intend(t, "a", body, 1)
		next.settle(t, "a", body, vendors.Created, "id-a")
		next.end(t)
		if last, _ := look(t, d, "a"); last.Hash != vendors.HashOf([]byte(body)) || last.Run != "on "+body {
			t.Errorf("day %d: the last that is known is of run %s, want that of this day", day, last.Run)
		}
	}
	check(t, os.Remove(d.Path("history.db")))
	check(t, d.Rebuild(t.Context(), slices.Values([]string{d.Path("on a3.journal"), d.Path("ahead.journal"), d.Path("on a2.journal")})))
	if last, _ := look(t, d, "a"); last.Run != "on a3" {
		t.Errorf("made anew, the last that is known is of run %s", last.Run)
	}
	later := monday.AddDate(9, 0, 0)
	if started, err := d.Follow(t.Context(), later); err != nil || !started.Equal(later) {
		t.Errorf("Follow = %v, %v, want a time that is late enough as it is", started, err)
	}
	if started, err := d.Follow(t.Context(), monday); err != nil || !started.After(monday.AddDate(4, 0, 0)) {
		t.Errorf("Follow = %v, %v after a history made anew, want one after all runs", started, err)
	}
}
