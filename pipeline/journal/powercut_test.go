package journal_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/journal/powercut"
	"bulkload/vendors"
)

// A history is a run that is written, killed, cut off and gone on with.
type history struct {
	t      rapid.TB
	disk   *powercut.Disk
	path   string
	j      *journal.Journal
	handed []journal.Record // to the journal, in order
	kept   int              // how many of them must not be lost any more
	open   []*journal.Journal
	watch  func(powercut.Op, string) error // the hook of every disk that is gone on with; may be nil
}

func begun(t rapid.TB) *history { return begunAt(t, newDisk(t), path) }

func begunAt(t rapid.TB, disk *powercut.Disk, path string) *history {
	h := &history{t: t, disk: disk, path: path}
	var err error
	h.j, err = journal.Create(disk, path, begin)
	must(t, err)
	h.open = []*journal.Journal{h.j}
	h.hand(journal.Record{Begin: &begin})
	h.kept = 1
	return h
}

func (h *history) hand(records ...journal.Record) { h.handed = append(h.handed, records...) }

// intend and the other steps below expect to succeed, and then that what they stored is kept.
func (h *history) intend(intents ...journal.Intent) {
	h.t.Helper()
	for i := range intents {
		h.hand(journal.Record{Intent: &intents[i]})
	}
	must(h.t, h.j.Intend(context.Background(), intents...))
	h.kept = len(h.handed)
}

func (h *history) settle(outcomes ...journal.Outcome) {
	h.t.Helper()
	for i := range outcomes {
		h.hand(journal.Record{Outcome: &outcomes[i]})
	}
	must(h.t, h.j.Settle(outcomes...))
}

func (h *history) end() {
	h.t.Helper()
	h.hand(journal.Record{End: &ended})
	must(h.t, h.j.End(ended))
	h.kept = len(h.handed)
}

func (h *history) close() {
	h.t.Helper()
	must(h.t, h.j.Close())
	h.kept = len(h.handed)
}

// goOn opens the journal on a disk. What is read of it then must not be lost any more.
func (h *history) goOn(disk *powercut.Disk) {
	h.t.Helper()
	h.disk, h.handed = disk, h.read(disk)
	disk.Hook = h.watch
	var err error
	h.j, _, err = journal.Open(disk, h.path)
	must(h.t, err)
	h.open = append(h.open, h.j)
	h.kept = len(h.handed)
}

// read returns what the disk holds, having checked that nothing that must be kept is lost.
func (h *history) read(disk *powercut.Disk) []journal.Record {
	h.t.Helper()
	got, err := h.lost(disk)
	must(h.t, err)
	return got
}

// lost is an error when the disk does not hold what was handed over, in order and up to what must be kept.
func (h *history) lost(disk *powercut.Disk) ([]journal.Record, error) {
	got, err := readAt(disk, h.path)
	if err != nil {
		return nil, err
	}
	if len(got) < h.kept || len(got) > len(h.handed) {
		return nil, fmt.Errorf("%d records are left of %d, %d of them acknowledged", len(got), len(h.handed), h.kept)
	}
	if want := h.handed[:len(got)]; !reflect.DeepEqual(want, got) {
		return nil, fmt.Errorf("read otherwise than written (-want +got):\n%s", gocmp.Diff(want, got))
	}
	return got, nil
}

// stop ends the goroutines of all journals, those that were killed too.
func (h *history) stop() {
	for _, j := range h.open {
		j.Close()
	}
}

// someText draws keys and messages that fit in a sector, and some that do not.
func someText() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		text := rapid.StringN(0, 8, -1).Draw(t, "text")
		return strings.Repeat(text, rapid.SampledFrom([]int{1, 1, 1, 1, 100, 500}).Draw(t, "times"))
	})
}

func someIntent() *rapid.Generator[journal.Intent] {
	return rapid.Custom(func(t *rapid.T) journal.Intent {
		return journal.Intent{Key: someText().Draw(t, "key"), Hash: vendors.HashOf(nil), Token: someText().Draw(t, "token"),
			Attempt: rapid.Int().Draw(t, "attempt"), Known: rapid.Bool().Draw(t, "known")}
	})
}

func someOutcome() *rapid.Generator[journal.Outcome] {
	return rapid.Custom(func(t *rapid.T) journal.Outcome {
		return journal.Outcome{Key: someText().Draw(t, "key"), Outcome: rapid.SampledFrom(vendors.Outcomes[:]).Draw(t, "outcome"),
			Status: rapid.Int().Draw(t, "status"), ID: someText().Draw(t, "id"), Message: someText().Draw(t, "message")}
	})
}

// chances draws what decides about writes that were not synced; nil: all of them are lost.
func chances(t *rapid.T) *rand.Rand {
	seed := rapid.Uint64().Draw(t, "chance")
	if seed == 0 {
		return nil
	}
	return rand.New(rand.NewPCG(seed, 0))
}

// TestPowerCuts checks, over any history, that a journal holds what was handed to it, in order, and
// all that it acknowledged, and that it always opens again.
func TestPowerCuts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := begun(t)
		defer h.stop()
		over := false
		steps := map[string]func(*rapid.T){
			"intend": func(t *rapid.T) { h.intend(rapid.SliceOfN(someIntent(), 1, 3).Draw(t, "intents")...) },
			"settle": func(t *rapid.T) { h.settle(rapid.SliceOfN(someOutcome(), 0, 3).Draw(t, "outcomes")...) },
			"sync": func(t *rapid.T) {
				must(t, h.j.Sync())
				h.kept = len(h.handed)
			},
			"close": func(*rapid.T) { h.close(); h.goOn(h.disk) },
			"kill":  func(*rapid.T) { h.goOn(h.disk.AfterKill()) },
			"cut":   func(t *rapid.T) { h.goOn(h.disk.AfterCut(chances(t))) },
			"kill and cut": func(t *rapid.T) {
				h.goOn(h.disk.AfterKill())
				h.goOn(h.disk.AfterCut(chances(t)))
			},
			"end": func(t *rapid.T) {
				if rapid.IntRange(0, 3).Draw(t, "really") == 0 {
					h.end()
					over = true
				}
			},
		}
		for name, step := range steps {
			steps[name] = func(t *rapid.T) {
				if !over {
					step(t)
				}
			}
		}
		steps[""] = func(t *rapid.T) { h.read(h.disk.AfterCut(chances(t))) }
		t.Repeat(steps)
	})
}

// TestTornWrites makes sure that TestPowerCuts meets what it is for: many writes torn in many ways.
func TestTornWrites(t *testing.T) {
	long := intent
	long.Key = strings.Repeat("0123456789", 500)
	left := map[int]bool{}
	for seed := range uint64(300) {
		h := begun(t)
		h.intend(intent)
		h.disk.Hook = func(op powercut.Op, _ string) error { return fail(op == powercut.Sync) }
		h.hand(journal.Record{Intent: &long})
		if err := h.j.Intend(t.Context(), long); err == nil {
			t.Fatal("Intend without a sync")
		}
		h.goOn(h.disk.AfterCut(rand.New(rand.NewPCG(seed, 0))))
		left[len(h.handed)] = true
		h.intend(intent)
		h.goOn(h.disk.AfterCut(nil))
		h.stop()
	}
	if !left[2] || !left[3] {
		t.Errorf("%v records were left, want 2 and 3 at times", left)
	}
}

var errDisk = errors.New("input/output error")

func fail(really bool) error {
	if really {
		return errDisk
	}
	return nil
}

// TestManyWritersAndACut cuts the power while many goroutines write.
func TestManyWritersAndACut(t *testing.T) {
	disk := newDisk(t)
	j := create(t, disk)
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	var writers sync.WaitGroup
	defer writers.Wait()
	for writer := range 16 {
		writers.Go(func() {
			for n := range 20 {
				next := intent
				next.Key = fmt.Sprint(writer, "/", n)
				if err := j.Intend(t.Context(), next); err != nil {
					t.Error(err)
				}
				mu.Lock()
				acknowledged[next.Key] = true
				mu.Unlock()
				if err := j.Settle(answered); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for seed := range uint64(50) {
		mu.Lock()
		must := make([]string, 0, len(acknowledged))
		for key := range acknowledged {
			must = append(must, key)
		}
		mu.Unlock()
		records, err := read(disk.AfterCut(rand.New(rand.NewPCG(seed, 0))))
		if err != nil {
			t.Fatal(err)
		}
		there := map[string]bool{}
		for _, r := range records {
			if r.Intent != nil {
				there[r.Intent.Key] = true
			}
		}
		for _, key := range must {
			if !there[key] {
				t.Errorf("cut %d: the intent of %s was acknowledged and is lost", seed, key)
			}
		}
	}
	writers.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if records, err := read(disk); err != nil || len(records) != 1+16*20*2 {
		t.Errorf("%d records, %v, want %d", len(records), err, 1+16*20*2)
	}
}

// site is a sync that the journal does: in which step, and of what.
type site struct {
	step string
	op   powercut.Op
	name string
}

// lying runs a scenario on a disk that only claims to do the syncs of one site. It returns the
// sites that came by, and the first loss that a power cut after some step would show.
func lying(t *testing.T, scenario func(step func(name string, do func(h *history)), h *history), lie site) (sites []site, lost error) {
	synctest.Test(t, func(t *testing.T) {
		now := ""
		watch := func(op powercut.Op, name string) error {
			if op != powercut.Sync && op != powercut.SyncDir {
				return nil
			}
			sites = append(sites, site{now, op, name})
			if lie == (site{now, op, name}) {
				return powercut.ErrLied
			}
			return nil
		}
		h := &history{t: t, disk: powercut.New(), path: path, watch: watch}
		defer h.stop()
		scenario(func(name string, do func(h *history)) {
			synctest.Wait() // no goroutine is at work while the step changes
			if lost != nil {
				return
			}
			now, h.disk.Hook = name, watch
			do(h)
			synctest.Wait()
			if h.kept > 0 {
				_, lost = h.lost(h.disk.AfterCut(nil))
			}
		}, h)
	})
	return sites, lost
}

// scenarios are lives of a journal in which each of its syncs is the only one that keeps something.
var scenarios = []func(step func(name string, do func(h *history)), h *history){
	func(step func(string, func(*history)), h *history) {
		step("", func(h *history) { must(h.t, journal.MakeDir(h.disk, "run", 0o700)) })
		step("Create", func(h *history) {
			h.j = create(h.t, h.disk)
			h.open = append(h.open, h.j)
			h.hand(journal.Record{Begin: &begin})
			h.kept = 1
		})
		step("Intend", func(h *history) { h.intend(intent) })
		step("Settle", func(h *history) {
			h.settle(answered)
			synctest.Wait()
			h.kept = len(h.handed)
		})
		step("Sync", func(h *history) {
			h.settle(answered)
			must(h.t, h.j.Sync())
			h.kept = len(h.handed)
		})
		step("Close", func(h *history) { h.settle(answered); h.close() })
	},
	func(step func(string, func(*history)), h *history) {
		step("", func(h *history) { h.adopt(begun(h.t)) })
		step("End", func(h *history) { h.settle(answered); h.end() })
	},
	// Killed between write and sync: what Open shows must be stored before anything is decided by it.
	func(step func(string, func(*history)), h *history) {
		step("", func(h *history) { h.adopt(begun(h.t)) })
		step("killed", func(h *history) {
			h.disk.Hook = func(op powercut.Op, _ string) error { return fail(op == powercut.Sync) }
			h.hand(journal.Record{Intent: &intent})
			if err := h.j.Intend(context.Background(), intent); err == nil {
				h.t.Error("Intend without a sync")
			}
		})
		step("Open", func(h *history) { h.goOn(h.disk.AfterKill()) })
	},
	func(step func(string, func(*history)), h *history) {
		step("MakeDir", func(h *history) { must(h.t, journal.MakeDir(h.disk, "run/deep", 0o700)) })
		step("", func(h *history) { h.adopt(begunAt(h.t, h.disk, "run/deep/journal")) })
	},
	// The maker of a directory was killed before its name was synced.
	func(step func(string, func(*history)), h *history) {
		step("", func(h *history) { must(h.t, h.disk.Mkdir("run", 0o700)) })
		step("MakeDir in it", func(h *history) { must(h.t, journal.MakeDir(h.disk, "run/deep", 0o700)) })
		step("", func(h *history) { h.adopt(begunAt(h.t, h.disk, "run/deep/journal")) })
	},
	// Killed between the sync of the file and that of its name.
	func(step func(string, func(*history)), h *history) {
		step("", func(h *history) { must(h.t, journal.MakeDir(h.disk, "run", 0o700)) })
		step("killed", func(h *history) {
			h.disk.Hook = func(op powercut.Op, _ string) error { return fail(op == powercut.SyncDir) }
			if _, err := journal.Create(h.disk, path, begin); err == nil {
				h.t.Error("Create without a sync of the directory")
			}
			h.handed = []journal.Record{{Begin: &begin}}
		})
		step("Open", func(h *history) { h.goOn(h.disk.AfterKill()) })
	},
}

// adopt takes over a history that was begun unwatched.
func (h *history) adopt(other *history) {
	other.watch = h.watch
	*h = *other
}

// TestEverySyncIsNeeded leaves out each kind of sync in turn: some scenario must lose something
// that was acknowledged. A sync that none misses is superfluous, or its scenario is missing here.
func TestEverySyncIsNeeded(t *testing.T) {
	var all []site
	for i, scenario := range scenarios {
		sites, lost := lying(t, scenario, site{})
		if lost != nil {
			t.Errorf("scenario %d loses without a lie: %v", i, lost)
		}
		all = append(all, sites...)
	}
	slices.SortFunc(all, func(a, b site) int {
		return cmp.Or(strings.Compare(a.step, b.step), strings.Compare(string(a.op), string(b.op)), strings.Compare(a.name, b.name))
	})
	all = slices.Compact(all)
	all = slices.DeleteFunc(all, func(s site) bool { return s.step == "" || s.step == "killed" })
	want := []site{
		{"Close", powercut.Sync, path},
		{"Create", powercut.Sync, path}, {"Create", powercut.SyncDir, "run"},
		{"End", powercut.Sync, path},
		{"Intend", powercut.Sync, path},
		{"MakeDir", powercut.SyncDir, "."}, {"MakeDir", powercut.SyncDir, "run"},
		{"MakeDir in it", powercut.SyncDir, "."}, {"MakeDir in it", powercut.SyncDir, "run"},
		{"Open", powercut.Sync, path}, {"Open", powercut.SyncDir, "run"},
		{"Settle", powercut.Sync, path},
		{"Sync", powercut.Sync, path},
	}
	if diff := gocmp.Diff(want, all, gocmp.AllowUnexported(site{})); diff != "" {
		t.Errorf("syncs (-want +got):\n%s", diff)
	}
	for _, lie := range all {
		noticed := false
		for _, scenario := range scenarios {
			_, lost := lying(t, scenario, lie)
			noticed = noticed || lost != nil
		}
		if !noticed {
			t.Errorf("the %s of %s in %s can be left out, and nothing is lost", lie.op, lie.name, lie.step)
		}
	}
}

// TestACutInCreate cuts the power at each operation of Create: the run is then one that never began.
func TestACutInCreate(t *testing.T) {
	for n := 0; ; n++ {
		for seed := range uint64(20) {
			disk := newDisk(t)
			count := 0
			disk.Hook = func(powercut.Op, string) error { count++; return fail(count > n) }
			j, err := journal.Create(disk, path, begin)
			if err == nil {
				disk.Hook = nil
				must(t, j.Close())
				if n < 3 {
					t.Errorf("Create does %d operations, want some more", n)
				}
				return
			}
			after := disk.AfterCut(rand.New(rand.NewPCG(seed, 0)))
			j, b, err := journal.Open(after, path)
			var damage *journal.DamageError
			switch {
			case err == nil && b == begin:
				must(t, j.Close())
			case errors.Is(err, journal.ErrUnbegun), errors.Is(err, fs.ErrNotExist):
			case errors.As(err, &damage) && damage.Offset == 0: // noise where the head should be
			default:
				t.Errorf("cut after %d operations, chance %d: Open = %v", n, seed, err)
			}
		}
	}
}
