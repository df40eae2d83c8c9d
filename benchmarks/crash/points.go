//go:build unix

package main

import (
	"bufio"
	"errors"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sync"
)

// points are the instants at which the program can be killed, as far as runs have met them. Many
// goroutines use them.
type points struct {
	mu     sync.Mutex
	most   map[string]int // how often one process reached it
	tried  map[string]int // how many processes were to die there
	killed map[string]int // how many did
}

func newPoints() *points {
	return &points{most: make(map[string]int), tried: make(map[string]int), killed: make(map[string]int)}
}

// read takes the log of one process.
func (p *points) read(path string) error {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it died before its first point
	}
	if err != nil {
		return err
	}
	defer file.Close()
	met := make(map[string]int)
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		met[lines.Text()]++
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, n := range met {
		p.most[name] = max(p.most[name], n)
	}
	return lines.Err()
}

// choose returns the point that was tried least, and which of its times to take: turn is a part of how
// often one process reaches it.
func (p *points) choose(turn float64) (name string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, candidate := range slices.Sorted(maps.Keys(p.most)) {
		if name == "" || p.tried[candidate] < p.tried[name] {
			name = candidate
		}
	}
	p.tried[name]++
	return name, 1 + int(turn*float64(p.most[name]))
}

// died counts a process that was killed at a point.
func (p *points) died(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed[name]++
}

// forgotten lists the points that were met and at which nothing died.
func (p *points) forgotten() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var left []string
	for _, name := range slices.Sorted(maps.Keys(p.most)) {
		if p.killed[name] == 0 {
			left = append(left, name)
		}
	}
	return left
}
