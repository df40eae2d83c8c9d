package main

import (
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestHoldBesideLook begins runs while somebody lists them without a pause: looking whether a run is carried out
// must not keep it from being.
func TestHoldBesideLook(t *testing.T) {
	dir := t.TempDir()
	if err := (&settings{Schema: settingsSchema, Run: "run", Started: time.Now()}).write(dir); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var looking sync.WaitGroup
	for range 2 {
		looking.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					held(dir)
				}
			}
		})
	}
	defer looking.Wait()
	defer close(done)
	for range 300 {
		l := &load{program: &program{}}
		l.outputs.dir = dir
		if err := l.hold(t.Context()); err != nil {
			t.Fatalf("a run that nobody carries out cannot begin: %v", err)
		}
		if err := l.lasting.close(); err != nil {
			t.Fatal(err)
		}
	}
	l, other := &load{program: &program{}}, &load{program: &program{}}
	l.outputs.dir, other.outputs.dir = dir, filepath.Clean(dir)
	if err := l.hold(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := other.hold(t.Context()); err == nil {
		t.Error("a run that is carried out was begun again")
	}
	if err := l.lasting.close(); err != nil {
		t.Fatal(err)
	}
}
