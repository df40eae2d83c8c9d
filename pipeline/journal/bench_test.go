package journal_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bulkload/pipeline/journal"
	"bulkload/vendors"
)

// countingFS counts syncs, and lets them take a time of their own instead of the disk's.
type countingFS struct {
	journal.FS
	syncs atomic.Int64
	take  time.Duration // 0: what the disk takes
}

type countingFile struct {
	journal.File
	fs *countingFS
}

func (c *countingFS) OpenFile(name string, flag int, perm os.FileMode) (journal.File, error) {
	file, err := c.FS.OpenFile(name, flag, perm)
	return countingFile{file, c}, err
}

func (f countingFile) Sync() error {
	f.fs.syncs.Add(1)
	if f.fs.take == 0 {
		return f.File.Sync()
	}
	// Sleeping takes a millisecond on many machines, which is far above what is to be shown.
	for end := time.Now().Add(f.fs.take); time.Now().Before(end); {
		runtime.Gosched()
	}
	return nil
}

// BenchmarkIntend writes an intent and an outcome for each of b.N requests, from many goroutines.
func BenchmarkIntend(b *testing.B) {
	for _, take := range []time.Duration{400 * time.Microsecond, 0} {
		for _, workers := range []int{1, 16, 64} {
			name := fmt.Sprintf("disk/%d", workers)
			if take > 0 {
				name = fmt.Sprintf("fsync=%v/%d", take, workers)
			}
			b.Run(name, func(b *testing.B) {
				fs := &countingFS{FS: journal.OS{}, take: take}
				j, err := journal.Create(fs, filepath.Join(b.TempDir(), "journal"), begin)
				must(b, err)
				b.ReportAllocs()
				b.ResetTimer()
				var left atomic.Int64
				left.Store(int64(b.N))
				var running sync.WaitGroup
				for range workers {
					running.Go(func() {
						for left.Add(-1) >= 0 {
							if err := j.Intend(b.Context(), intent); err != nil {
								b.Error(err)
							}
							if err := j.Settle(answered); err != nil {
								b.Error(err)
							}
						}
					})
				}
				running.Wait()
				must(b, j.Close())
				b.ReportMetric(float64(fs.syncs.Load())/float64(b.N), "syncs/op")
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
			})
		}
	}
}

// BenchmarkRead reads 100,000 intents and outcomes.
func BenchmarkRead(b *testing.B) {
	disk := newDisk(b)
	j := create(b, disk)
	for n := range 1000 {
		var intents [100]journal.Intent
		var outcomes [100]journal.Outcome
		for i := range intents {
			key := fmt.Sprint("P-", n*100+i)
			intents[i] = journal.Intent{Key: key, Hash: intent.Hash, Token: "b1946ac92492d2347c6235b4d2611184", Attempt: 1}
			outcomes[i] = journal.Outcome{Key: key, Hash: intent.Hash, Outcome: vendors.Created, Status: 201, ID: key}
		}
		must(b, j.Settle(outcomes[:]...))
		must(b, j.Intend(b.Context(), intents[:]...))
	}
	must(b, j.Close())
	b.SetBytes(int64(len(contents(b, disk))))
	b.ReportAllocs()
	for b.Loop() {
		records := 0
		if _, err := journal.Read(disk, path, func(journal.Record) error { records++; return nil }); err != nil || records != 200_001 {
			b.Fatal(records, err)
		}
	}
}
