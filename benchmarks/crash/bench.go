//go:build unix

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"bulkload/pipeline/journal"
)

// A bench carries out many runs in lanes that do not know each other.
type bench struct {
	program string
	dir     string
	keep    bool // the folders of all runs; those with a breach are always kept
	seed    uint64
	feeds   int              // for each resource
	stop    <-chan os.Signal // ends after the runs that are under way; nil: never
	words   io.Writer
	lanes   []*lane
	seasons map[string][]*season
	points  *points
	typical time.Duration // of an undisturbed import
	mounts  error         // why there is no small disk; nil: there is

	mu    sync.Mutex
	table table
}

// A lane is a sandbox of its own with what is done to it, one run after the other.
type lane struct {
	bench *bench
	dir   string
	small string // a small disk; "" when none could be mounted
	stand *stand
	drop  func() error // of the small disk
}

// newBench builds the program, opens its lanes and makes up so many feeds for each resource. close gives
// all up, also after an error.
func newBench(dir string, seed uint64, lanes, feeds int, words io.Writer) (*bench, error) {
	b := &bench{dir: dir, seed: seed, feeds: feeds, words: words, seasons: make(map[string][]*season), points: newPoints()}
	var err error
	if b.program, err = build(dir); err != nil {
		return b, err
	}
	for i := range lanes {
		if err := b.openLane(i); err != nil {
			return b, err
		}
	}
	for _, target := range targets {
		for i := range feeds {
			s, err := makeSeason(target, seed+uint64(i))
			if err != nil {
				return b, err
			}
			b.seasons[target] = append(b.seasons[target], s)
		}
	}
	return b, b.calibrate()
}

func (b *bench) openLane(i int) (err error) {
	l := &lane{bench: b, dir: filepath.Join(b.dir, fmt.Sprintf("lane-%d", i))}
	small := filepath.Join(l.dir, "small")
	if err := os.MkdirAll(small, 0o700); err != nil {
		return err
	}
	b.lanes = append(b.lanes, l)
	if b.mounts == nil {
		if l.drop, b.mounts = mountSmall(small); b.mounts == nil {
			l.small = small
		}
	}
	l.stand, err = startStand(b.program)
	return err
}

func (b *bench) close() error {
	var failures []error
	for _, l := range b.lanes {
		if l.stand != nil {
			l.stand.stop()
		}
		if l.drop != nil {
			failures = append(failures, l.drop())
		}
	}
	return errors.Join(failures...)
}

// calibrate finds out what each feed stores when nothing goes wrong, how long that takes, and which
// points are met.
func (b *bench) calibrate() error {
	var took []time.Duration
	for _, target := range targets {
		for i, s := range b.seasons[target] {
			for v := range s.versions {
				d, err := b.lanes[0].reference(s, i, v)
				if err != nil {
					return fmt.Errorf("an undisturbed import of feed %d of %s: %w", i, target, err)
				}
				took = append(took, d)
			}
		}
	}
	slices.Sort(took)
	b.typical = took[len(took)/2]
	return nil
}

// reference imports one version of a feed and takes down what is stored then.
func (l *lane) reference(s *season, number, v int) (time.Duration, error) {
	p := &plan{number: -1 - 2*number - v, theme: &themes[0], target: s.target, season: number, ending: ".csv", workers: 4}
	r := &run{plan: p, lane: l, season: s, workers: p.workers, version: v, verdict: &verdict{}}
	r.resource = s.stock.resource
	if err := r.prepare(); err != nil {
		return 0, err
	}
	e, err := r.once(0, &step{})
	if err != nil {
		return 0, err
	}
	if e.code != codeDone && e.code != codeSomeNot {
		return 0, fmt.Errorf("it ended with %d: %s", e.code, e.words)
	}
	record, err := l.stand.record()
	if err != nil {
		return 0, err
	}
	made := newLife(e, v)
	if _, err := journal.Read(journal.OS{}, filepath.Join(r.folder(), "journal"), made.note); err != nil {
		return 0, err
	}
	version := &s.versions[v]
	version.stored = make(map[string]body)
	for key, entity := range record.Resources[s.target].Entities {
		version.stored[key] = body{stored: entity.Hash}
	}
	for key, list := range byEntity(&evidence{record: record, lives: []life{*made}}) {
		b := version.stored[key]
		b.sent = list[0].hash
		version.stored[key] = b
	}
	for intent := range made.intents {
		b := version.stored[intent.key]
		b.intent = intent.hash
		version.stored[intent.key] = b
	}
	if err := version.check(); err != nil {
		return 0, fmt.Errorf("%w; see %s", err, r.dir)
	}
	return e.ended.Sub(e.began), os.RemoveAll(r.dir)
}

// run carries out plans in the order of their numbers, spread over the lanes, until there were so many
// runs and so many kills. It stops at an error of its own.
func (b *bench) run(runs, kills int, plan func(number int) *plan) error {
	var next atomic.Int64
	var running sync.WaitGroup
	failures := make([]error, len(b.lanes))
	for i, l := range b.lanes {
		running.Go(func() {
			for failures[i] == nil {
				number := int(next.Add(1) - 1)
				if number >= runs && b.kills() >= kills || len(b.stop) > 0 {
					return
				}
				failures[i] = l.take(plan(number))
			}
		})
	}
	running.Wait()
	return errors.Join(failures...)
}

// kills counts the processes that died of SIGKILL so far.
func (b *bench) kills() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	sum := b.table.sum()
	return sum.kills
}

// take carries out one plan and adds it to the table.
func (l *lane) take(p *plan) error {
	if p.theme.blow == fullDisk && l.small == "" {
		l.bench.add(p, nil)
		return nil
	}
	r, err := l.carryOut(p)
	if err != nil {
		return fmt.Errorf("%v\n%w", p, err)
	}
	l.bench.add(p, r)
	if len(r.verdict.breaches) > 0 || l.bench.keep {
		return nil
	}
	return os.RemoveAll(r.dir)
}

// add takes a run into the table and tells of its breaches. A run that is nil was left out.
func (b *bench) add(p *plan, r *run) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.table.add(p, r)
	if r == nil || len(r.verdict.breaches) == 0 {
		return
	}
	fmt.Fprintf(b.words, "BREACH in %v\n  files: %s\n", p, r.dir)
	for _, breach := range r.verdict.breaches {
		fmt.Fprintf(b.words, "  %v: %s\n", breach.kind, breach.text)
	}
}
