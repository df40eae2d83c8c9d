// Command pace measures how well bulkload uses what a vendor allows: against the sandbox with a limit
// that is hidden and moves, beside a loader of a fixed rate and one that repeats naively, and with a
// stated limit, alone and in two processes. It prints tables and writes nothing.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"bulkload/vendors/sandbox"
)

func main() {
	spell := flag.Duration("spell", 30*time.Second, "how long each limit lasts")
	stated := flag.Bool("stated", true, "measure stated limits too")
	flag.Parse()
	if path := os.Getenv(childPath); path != "" {
		exit(child(path))
	}
	exit(run(os.Stdout, *spell, *stated))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "pace:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func run(out io.Writer, spell time.Duration, stated bool) error {
	if err := hidden(out, spell); err != nil {
		return err
	}
	if !stated {
		return nil
	}
	return told(out, spell)
}

// moves is the limit that is hidden, in requests a second.
var moves = []float64{50, 5, 80}

// hidden measures all loaders against the hidden limit. They run at the same time, each with a sandbox
// of its own.
func hidden(out io.Writer, spell time.Duration) error {
	spells := make([]span, len(moves))
	for i, rate := range moves {
		spells[i] = span{spell, rate}
	}
	type row struct {
		loader loader
		hidden bool
		seen   *seen
		err    error
	}
	var rows []*row
	for _, hidden := range []bool{true, false} {
		for _, l := range loaders {
			rows = append(rows, &row{loader: l, hidden: hidden})
		}
	}
	var running sync.WaitGroup
	for _, r := range rows {
		running.Go(func() { r.seen, r.err = against(r.loader, spells, r.hidden) })
	}
	running.Wait()
	fmt.Fprintf(out, "| loader | Retry-After | taken of what was allowed | answers 429 | requests | recovered after the limit fell | after it rose |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range rows {
		if r.err != nil {
			return r.err
		}
		v := r.seen.verdict(spells)
		fmt.Fprintf(out, "| %s | %s | %.1f %% | %.2f %% | %d | %s | %s |\n", r.loader.name, map[bool]string{true: "no", false: "yes"}[r.hidden],
			100*v.used, 100*v.throttled, v.requests, v.recovered[1], v.recovered[2])
	}
	fmt.Fprintln(out)
	return nil
}

// against lets a loader run against a sandbox whose limit moves.
func against(l loader, spells []span, hidden bool) (*seen, error) {
	options := sandbox.Options{Rate: spells[0].rate, Hidden: hidden}
	lasts := spells[0].lasts
	for _, s := range spells[1:] {
		options.Changes = append(options.Changes, sandbox.Change{After: lasts, Rate: s.rate})
		lasts += s.lasts
	}
	seen, address, stop, err := serve(options)
	if err != nil {
		return nil, err
	}
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), lasts)
	defer cancel()
	return seen, l.load(ctx, job{address: address, workers: 16})
}

// told measures stated limits: what left in any ten seconds, and whether the sandbox, which takes no
// more than that, turned something away.
func told(out io.Writer, lasts time.Duration) error {
	fmt.Fprintf(out, "| stated limit | processes | requests | least in any 10 s | most in any 10 s | answers 429 | longest standstill |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, c := range []struct {
		rate      float64
		processes int
	}{{20, 1}, {100, 1}, {500, 1}, {100, 2}} {
		standing := stand()
		seen, err := stating(c.rate, c.processes, lasts)
		stood := standing()
		if err != nil {
			return err
		}
		least, most := seen.within(10 * time.Second)
		fmt.Fprintf(out, "| %g/s | %d | %d | %.2f %% | %.2f %% | %d | %v |\n", c.rate, c.processes, len(seen.all),
			100*float64(least)/(10*c.rate), 100*float64(most)/(10*c.rate), seen.throttled(), stood.Round(time.Millisecond))
	}
	return nil
}

// stand measures how long the machine lets this process stand still: nothing can leave in that time, and
// what would have must not leave later. The function it returns ends that and tells the longest.
func stand() (longest func() time.Duration) {
	done := make(chan struct{})
	result := make(chan time.Duration)
	go func() {
		const step = 5 * time.Millisecond
		most := time.Duration(0)
		for {
			from := time.Now()
			select {
			case <-done:
				result <- most
				return
			case <-time.After(step):
				most = max(most, time.Since(from)-step)
			}
		}
	}()
	return func() time.Duration {
		close(done)
		return <-result
	}
}

func stating(rate float64, processes int, lasts time.Duration) (*seen, error) {
	seen, address, stop, err := serve(sandbox.Options{Rate: rate})
	if err != nil {
		return nil, err
	}
	defer stop()
	j := job{address: address, rate: rate, workers: 16}
	if processes == 1 {
		ctx, cancel := context.WithTimeout(context.Background(), lasts)
		defer cancel()
		return seen, ours(ctx, j)
	}
	dir, err := os.MkdirTemp("", "pace")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	return seen, children(j, processes, lasts, filepath.Join(dir, "pace.json"))
}

// What a child process is told: the file of the account's pace, and its job.
const (
	childPath = "BULKLOAD_BENCHMARK_PACE"
	childJob  = "BULKLOAD_BENCHMARK_JOB"
)

func children(j job, processes int, lasts time.Duration, path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	var running sync.WaitGroup
	errs := make([]error, processes)
	for i := range processes {
		c := exec.Command(self)
		c.Env = append(os.Environ(), childPath+"="+path, fmt.Sprintf("%s=%s %g %d %s", childJob, j.address, j.rate, j.workers, lasts))
		c.Stderr = os.Stderr
		running.Go(func() { errs[i] = c.Run() })
	}
	running.Wait()
	for _, err := range errs {
		if err != nil {
			return fmt.Errorf("a second process: %w", err)
		}
	}
	return nil
}

// child does its part of a job that several processes share.
func child(path string) error {
	j := job{path: path}
	var lasts string
	if _, err := fmt.Fscan(strings.NewReader(os.Getenv(childJob)), &j.address, &j.rate, &j.workers, &lasts); err != nil {
		return err
	}
	d, err := time.ParseDuration(lasts)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	return ours(ctx, j)
}
