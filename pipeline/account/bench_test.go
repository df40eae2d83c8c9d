package account_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/metrics"
	"sync"
	"testing"
	"time"

	"bulkload/pipeline/account"
	"bulkload/pipeline/journal"
	"bulkload/vendors"
)

// bigRun writes the journal of a run that sent entities, in an order without order, and that is over
// or was cut.
func bigRun(t testing.TB, d *account.Dir, run string, started time.Time, entities int, over bool) {
	t.Helper()
	release, err := d.Lock(owner(run))
	check(t, err)
	path := d.Path(run + ".journal")
	check(t, d.Enter(run, path))
	j, err := journal.Create(quick{}, path, journal.Begin{Run: run, Account: d.Name(), Target: target, Started: started})
	check(t, err)
	const group = 1000
	order := rand.New(rand.NewPCG(1, 2)).Perm(entities)
	for len(order) > 0 {
		some := order[:min(group, len(order))]
		order = order[len(some):]
		intents, outcomes := make([]journal.Intent, len(some)), make([]journal.Outcome, len(some))
		for i, n := range some {
			key := bigKey(n)
			hash := vendors.HashOf([]byte(run + key))
			intents[i] = journal.Intent{Key: key, Hash: hash, Token: "0123456789abcdef0123456789abcdef", Attempt: 1}
			outcomes[i] = journal.Outcome{Key: key, Hash: hash, Outcome: vendors.Created, Status: 201, ID: "vendor-" + key}
		}
		check(t, j.Intend(context.Background(), intents...))
		check(t, j.Settle(outcomes...))
	}
	if over {
		check(t, j.End(journal.End{}))
	}
	check(t, j.Close())
	check(t, release())
}

func bigKey(n int) string { return fmt.Sprintf("SS27-%09d-NAVY", n) }

// peak runs work and returns by how much the heap grew meanwhile, in bytes, garbage included.
func peak(work func()) uint64 {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	heap := func() uint64 {
		metrics.Read(sample)
		return sample[0].Value.Uint64()
	}
	before, highest := heap(), uint64(0)
	done := make(chan bool)
	var watching sync.WaitGroup
	watching.Go(func() {
		for ticker := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-done:
				ticker.Stop()
				return
			case <-ticker.C:
				highest = max(highest, heap())
			}
		}
	})
	work()
	close(done)
	watching.Wait()
	return highest - min(highest, before)
}

// Reading a journal takes no more memory than this, however long it is.
const mostMemory = 32 << 20

func TestMemoryIsBounded(t *testing.T) {
	d := open(t, quickDir(t))
	for i, over := range [...]bool{false, true} {
		bigRun(t, d, fmt.Sprint("run", i), monday.Add(time.Duration(i)*time.Hour), 12_000, over)
		if got := peak(func() { check(t, d.Fold(context.Background(), quick{})) }); got > mostMemory {
			t.Errorf("over: %v: %d bytes of heap, want at most %d", over, got, mostMemory)
		}
	}
}

// BenchmarkFold reads journals of a million entities: of the first run, of a second with the same
// entities, which was cut, and of a small third, which touches a page for each of its entities.
func BenchmarkFold(b *testing.B) {
	for b.Loop() {
		d := open(b, b.TempDir())
		for i, run := range []struct {
			name     string
			entities int
			over     bool
		}{{"first", 1_000_000, true}, {"second", 1_000_000, false}, {"third", 10_000, true}} {
			b.StopTimer()
			bigRun(b, d, run.name, monday.Add(time.Duration(i)*time.Hour), run.entities, run.over)
			b.StartTimer()
			start := time.Now()
			heap := peak(func() { check(b, d.Fold(context.Background(), quick{})) })
			b.ReportMetric(float64(run.entities)/time.Since(start).Seconds(), run.name+"-entities/s")
			b.ReportMetric(float64(heap)/(1<<20), run.name+"-MiB")
			info, err := os.Stat(d.Path("history.db"))
			check(b, err)
			b.ReportMetric(float64(info.Size())/(1<<20), run.name+"-file-MiB")
		}
	}
}

// BenchmarkLast looks up what a history of a million entities knows, on all cores.
func BenchmarkLast(b *testing.B) {
	d := open(b, b.TempDir())
	const entities = 1_000_000
	bigRun(b, d, "run", monday, entities, true)
	check(b, d.Fold(context.Background(), quick{}))
	start := time.Now()
	h, err := d.History()
	check(b, err)
	opened := time.Since(start)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for n := rand.IntN(entities); pb.Next(); n = (n + 1) % entities {
			if _, found, err := h.Last(target, bigKey(n)); !found || err != nil {
				b.Fatal(found, err)
			}
		}
	})
	b.StopTimer()
	b.ReportMetric(float64(opened.Microseconds()), "open-µs")
	check(b, h.Close())
}
