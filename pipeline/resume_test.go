package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/journal/powercut"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// machine is one whose power fails at an instant: after so many operations of its disk and
// requests of its network. What happened before lasts or not, nothing happens after.
type machine struct {
	disk *powercut.Disk
	mu   sync.Mutex
	left int // operations until the power fails
	dead bool
	lie  bool // the disk claims to have stored what it has not
	sent map[string]int
}

var errDead = errors.New("the power has failed")

func newMachine(disk *powercut.Disk, left int) *machine {
	m := &machine{disk: disk, left: left, sent: make(map[string]int)}
	disk.Hook = func(op powercut.Op, _ string) error {
		if m.step() {
			return errDead
		}
		if m.lie && op == powercut.Sync {
			return powercut.ErrLied
		}
		return nil
	}
	return m
}

// step lets one operation happen; true when there is no power for it.
func (m *machine) step() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left--
	m.dead = m.dead || m.left < 0
	return m.dead
}

// RoundTrip lets a request leave and its answer come, when there is power for each.
func (m *machine) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.step() {
		return nil, errDead
	}
	if r.Method != http.MethodGet {
		m.mu.Lock()
		m.sent[path.Base(r.URL.Path)]++
		m.mu.Unlock()
	}
	answer, err := http.DefaultTransport.RoundTrip(r)
	if m.step() {
		if err == nil {
			answer.Body.Close()
		}
		return nil, errDead
	}
	return answer, err
}

// pastOf reads what a journal tells, in the plainest way.
func pastOf(t *testing.T, disk *powercut.Disk) map[string]send.Past {
	past := make(map[string]send.Past)
	disk.Hook = nil
	_, err := journal.Read(disk, "journal", func(r journal.Record) error {
		switch {
		case r.Intent != nil:
			i := r.Intent
			was, again := past[i.Key]
			p := send.Past{Attempts: i.Attempt, Hash: i.Hash, Known: i.Known, InAir: true, ThisRun: true}
			if again {
				p.Known = was.Known
			}
			past[i.Key] = p
		case r.Outcome != nil:
			p := past[r.Outcome.Key]
			p.InAir, p.Outcome = false, r.Outcome.Outcome
			past[r.Outcome.Key] = p
		}
		return nil
	})
	if err != nil && !unbegun(err) {
		t.Fatal(err)
	}
	return past
}

// unbegun reports whether a journal could not be read because the power failed while it was made:
// nothing was sent then.
func unbegun(err error) bool {
	var damage *journal.DamageError
	return errors.Is(err, journal.ErrUnbegun) || errors.Is(err, fs.ErrNotExist) || errors.As(err, &damage) && damage.Offset == 0
}

// dresses is a feed of small products; a revision changes what one of them is called.
func dresses(t *testing.T, keys []int, revised int) string {
	var text strings.Builder
	text.WriteString("product_id,display_name,tag.GENDER,tag.AGE,tag.CATEGORY,barcode,color_or_pattern_name,colors,size_type,size\n")
	for _, key := range keys {
		name := "Dress"
		if key == revised {
			name = "Gown"
		}
		fmt.Fprintf(&text, "P%d,%s %d,female,adult,clothing/dress/midi-dress,40000%d,Red,RED,EuWomenSize,38\n", key, name, key, key)
	}
	return writeText(t, "season.csv", text.String())
}

// resumed is a run that is cut at instants until it comes to its end.
type resumed struct {
	t        *testing.T
	server   *sandbox.Server
	resource vendors.Resource
	disk     *powercut.Disk
	lie      bool
	last     *pipeline.Result
	sent     map[string]int // requests that left, by product
	doubt    map[string]int // of those, the ones whose outcome was not known afterwards
	breach   string         // what must not happen, when it did
}

// spell carries the run on until the power fails after so many operations, or it ends.
func (r *resumed) spell(feed string, left, workers int, chance *rand.Rand) (ended bool) {
	t := r.t
	past := pastOf(t, r.disk)
	m := newMachine(r.disk, left)
	m.lie = r.lie
	job := newJob(r.t, feed, "fashiontrade/products", "")
	job.Resource = &r.resource
	connect(job, r.server, workers)
	job.Retry.Attempts = 1
	job.Client.HTTP = &http.Client{Transport: m}
	job.Client.Again = nil
	var j *journal.Journal
	job.Start = func() (err error) {
		j, _, err = journal.Open(r.disk, "journal")
		if err != nil && unbegun(err) && (r.lie || len(r.sent) == 0) {
			r.disk.Remove("journal")
			j, err = journal.Create(r.disk, "journal", journal.Begin{Run: "r", Target: "fashiontrade/products"})
		}
		job.Journal = j
		job.Past = func(key string) (send.Past, error) { return past[key], nil }
		return err
	}
	result, err := pipeline.Import(context.Background(), job)
	if j != nil {
		err = errors.Join(err, j.Close())
	}
	r.count(m, past)
	if !m.dead {
		if err != nil {
			t.Fatal(err)
		}
		r.last = result
		r.t.Cleanup(func() { result.Close() })
		return true
	}
	if result != nil {
		result.Close()
	}
	r.disk = r.disk.AfterCut(chance)
	return false
}

// count adds up what left, and notices what should not have.
func (r *resumed) count(m *machine, past map[string]send.Past) {
	for key, n := range m.sent {
		r.sent[key] += n
		p, known := past[key]
		switch {
		case known && !p.InAir && p.Outcome == vendors.Created && p.Hash == hashOf(r, key):
			r.breach = key + " was settled, and sent again"
		case known && p.InAir:
			r.doubt[key]++
		}
	}
}

func hashOf(r *resumed, key string) vendors.Hash {
	entities, err := r.server.Stored("fashiontrade/products")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, e := range entities {
		if e.ID == key {
			return vendors.HashOf([]byte(e.Body))
		}
	}
	return vendors.Hash{}
}

func newResumed(t *testing.T, repeat vendors.Repeat) *resumed {
	_, products := resource(t, "fashiontrade/products", "")
	r := &resumed{t: t, server: newSandbox(t, sandbox.Options{}), resource: *products, disk: powercut.New(),
		sent: make(map[string]int), doubt: make(map[string]int)}
	r.resource.Repeat, r.resource.Known = repeat, nil
	return r
}

// rounds calls a property with one source of chance after the other, each named by its seed.
func rounds(t *testing.T, few, many int, property func(t *testing.T, chance *rand.Rand)) {
	if os.Getenv("BULKLOAD_LONG") != "" {
		few = many
	}
	for seed := range few {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { property(t, rand.New(rand.NewPCG(uint64(seed), 1))) })
	}
}

// TestCutAnywhereAndResumed cuts the power at any operation of disk and network, loses what was not
// synced, and goes on with the feed sorted anew, one product changed, and other workers: in the end the
// vendor has every product as the feed tells it, and nothing that was settled was sent again.
func TestCutAnywhereAndResumed(t *testing.T) {
	rounds(t, 16, 2000, func(t *testing.T, chance *rand.Rand) {
		r := newResumed(t, vendors.Harmless)
		keys := chance.Perm(1 + chance.IntN(6))
		revised := -1
		for !r.spell(dresses(t, keys, revised), chance.IntN(60), 1+chance.IntN(4), chance) {
			chance.Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
			if chance.IntN(2) == 0 {
				revised = keys[0]
			}
		}
		r.verify(keys, revised)
	})
}

// verify compares what the vendor has with a single undisturbed run, and looks at the report.
func (r *resumed) verify(keys []int, revised int) {
	t := r.t
	if r.breach != "" {
		t.Fatal(r.breach)
	}
	if err := r.last.Summary.Unbalanced(); err != nil {
		t.Fatal(err)
	}
	counts := r.last.Summary.Counts.Rows
	if in := counts[vendors.Created] + counts[vendors.Updated]; in != int64(len(keys)) {
		t.Fatalf("%d products went in, want %d: %v", in, len(keys), counts)
	}
	whole := newSandbox(t, sandbox.Options{})
	job := newJob(t, dresses(t, slices.Sorted(slices.Values(keys)), revised), "fashiontrade/products", "")
	connect(job, whole, 1)
	imported(t, job)
	lines := func(server *sandbox.Server) []string {
		return slices.Sorted(strings.Lines(stored(t, server, "fashiontrade/products")))
	}
	if diff := cmp.Diff(lines(whole), lines(r.server)); diff != "" {
		t.Fatalf("what the vendor has (-one run +many):\n%s", diff)
	}
}

// unsafe runs a feed into a vendor that would store a repetition twice, with the power cut at
// instants. It returns what is wrong afterwards.
func unsafe(t *testing.T, chance *rand.Rand, lie bool) string {
	r := newResumed(t, vendors.Unsafe)
	r.resource.Pages, r.lie = nil, lie
	keys := []int{0, 1, 2, 3, 4}
	for !r.spell(dresses(t, keys, -1), 4+chance.IntN(56), 1+chance.IntN(3), nil) {
	}
	for key, n := range r.sent {
		if n > 1 {
			return fmt.Sprintf("%s was sent %d times", key, n)
		}
	}
	counts := r.last.Summary.Counts.Rows
	if counts[vendors.Created]+counts[vendors.Unknown] != int64(len(keys)) {
		return fmt.Sprintf("the outcomes are %v, want created and unknown", counts)
	}
	entities, err := r.server.Stored("fashiontrade/products")
	if err != nil {
		t.Fatal(err)
	}
	if int64(len(entities)) < counts[vendors.Created] {
		return fmt.Sprintf("%d were said to be created, the vendor has %d", counts[vendors.Created], len(entities))
	}
	return r.breach
}

// TestUnsafeIsNeverSentTwice does the same where sending twice would store twice: what was in the
// air is told as unknown, and nothing leaves a second time.
func TestUnsafeIsNeverSentTwice(t *testing.T) {
	rounds(t, 12, 1000, func(t *testing.T, chance *rand.Rand) {
		if wrong := unsafe(t, chance, false); wrong != "" {
			t.Fatal(wrong)
		}
	})
}

// TestDiskThatLiesIsNoticed takes the journal's fsyncs away: the same check must then fail, or it
// would prove nothing.
func TestDiskThatLiesIsNoticed(t *testing.T) {
	for seed := range 30 {
		if unsafe(t, rand.New(rand.NewPCG(uint64(seed), 1)), true) != "" {
			return
		}
	}
	t.Error("with a disk that stores nothing, nothing was sent twice")
}

// TestDoubtIsToldWhenNothingIsSent has a run go on while the vendor is away: what an earlier process left in
// doubt is not told as "not sent".
func TestDoubtIsToldWhenNothingIsSent(t *testing.T) {
	path := dresses(t, []int{1, 2, 3}, -1)
	var left []journal.Intent
	first := newJob(t, path, "fashiontrade/products", "")
	connect(first, newSandbox(t, sandbox.Options{}), 1)
	name := filepath.Join(t.TempDir(), "journal")
	first.Start = func() (err error) {
		first.Journal, err = journal.Create(journal.OS{}, name, journal.Begin{Run: "r"})
		return err
	}
	imported(t, first)
	if err := first.Journal.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Read(journal.OS{}, name, func(r journal.Record) error {
		if r.Intent != nil {
			left = append(left, *r.Intent)
		}
		return nil
	}); err != nil || len(left) != 3 {
		t.Fatalf("%v left, %v", left, err)
	}
	past := map[string]send.Past{
		left[0].Key: {Attempts: 1, Hash: left[0].Hash, ThisRun: true, InAir: true},
		left[1].Key: {Attempts: 1, Hash: left[1].Hash, ThisRun: true, Outcome: vendors.Refused},
		left[2].Key: {Attempts: 1, ThisRun: true, InAir: true}, // with other rows
	}
	away := newSandbox(t, sandbox.Options{})
	second := newJob(t, path, "fashiontrade/products", "")
	connect(second, away, 1)
	second.Retry.Attempts = 1
	second.Past = func(key string) (send.Past, error) { return past[key], nil }
	away.Close()
	result, err := pipeline.Import(t.Context(), second)
	if !errors.Is(err, send.ErrUnreachable) {
		t.Fatalf("Import = %v, want ErrUnreachable", err)
	}
	counts := settled(t, result).Summary.Counts.Rows
	if counts[vendors.Unknown] != 1 || counts[vendors.Refused] != 1 || counts[vendors.Skipped] != 1 {
		t.Errorf("the outcomes are %v, want one unknown, one refused, one skipped", counts)
	}
}
