package csv

import (
	"context"
	"sync"
)

// maxWorkers is how many goroutines scan at most: more would wait for each other to cut.
const maxWorkers = 8

// ahead is the part of a reader that works before Next asks. Whoever has nothing else to do, a
// worker or Next itself while it waits, cuts the next piece, one at a time, and then scans it, all
// at once. So a piece stays in the cache of the processor that has read it, and nobody sleeps who
// would have to be woken for the next one (BenchmarkRead).
type ahead struct {
	order chan *piece   // as they follow in the text
	room  chan struct{} // an element for each piece that is cut, or being cut, and not given out
	next  *piece        // taken from order and not given out

	cutting sync.Mutex
	ended   bool // the text, in pieces or in an error

	stop    chan struct{}
	running sync.WaitGroup
}

func (c *Reader) startAhead() {
	pieces := c.workers + 4
	a := &ahead{order: make(chan *piece, pieces), room: make(chan struct{}, pieces), stop: make(chan struct{})}
	cutter := c.cutter
	for range c.workers - 1 {
		a.running.Go(func() {
			m := newMemory()
			for a.enter() && a.work(cutter, m) {
			}
		})
	}
	c.ahead = a
}

// enter waits for room for a piece. It reports false when there is nothing to do any more.
func (a *ahead) enter() bool {
	select {
	case <-a.stop:
		return false
	default:
	}
	select {
	case a.room <- struct{}{}:
		return true
	case <-a.stop:
		return false
	}
}

// work cuts the next piece, for which there is room, and scans it. It reports false, and leaves the
// room, when there is none.
func (a *ahead) work(c *cutter, m *memory) bool {
	p := a.cut(c, m)
	if p == nil {
		<-a.room
		return false
	}
	if p.ready != nil {
		p.look(c.rules, &m.tape)
		close(p.ready)
	}
	return true
}

// cut cuts the next piece, which may be an error, and puts it in order. It is nil after the last one.
func (a *ahead) cut(c *cutter, m *memory) *piece {
	a.cutting.Lock()
	defer a.cutting.Unlock()
	if a.ended {
		return nil
	}
	p, err := c.next(m)
	if err != nil {
		p = &piece{err: err}
	} else if !p.judged {
		p.ready = make(chan struct{})
	}
	a.ended = err != nil || p.fault != nil
	a.order <- p
	return p
}

// readAhead returns the next piece, scanned.
func (c *Reader) readAhead(ctx context.Context) (*piece, error) {
	if c.ahead == nil {
		c.startAhead()
	}
	a := c.ahead
	for {
		if p := a.takeReady(); p != nil {
			return p, p.err
		}
		select {
		case a.room <- struct{}{}:
			if a.work(c.cutter, c.memory) {
				continue
			}
		default:
		}
		if a.next == nil {
			continue // it was put in order meanwhile
		}
		select {
		case <-a.next.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// takeReady returns the next piece and leaves its room, or nil when it is not cut and scanned yet.
func (a *ahead) takeReady() *piece {
	if a.next == nil {
		select {
		case a.next = <-a.order:
		default:
			return nil
		}
	}
	p := a.next
	if p.ready != nil {
		select {
		case <-p.ready:
		default:
			return nil
		}
	}
	a.next = nil
	<-a.room
	return p
}

// recall takes back what was cut after a piece that does not end where a row does, and lets Next
// cut and scan from there on: a feed with quotes in unquoted cells would mislead the cutter again.
func (c *Reader) recall(p *piece) {
	rest := append([]byte(nil), p.rest()...)
	a := c.ahead
	c.stopAhead()
	c.workers = 1
	close(a.order)
	for later := range a.order {
		if later.err == nil {
			rest = append(rest, later.text()...)
			later.block.Release()
		}
	}
	c.cutter.putBack(rest)
}

// stopAhead ends the goroutines and waits for them.
func (c *Reader) stopAhead() {
	if c.ahead != nil {
		close(c.ahead.stop)
		c.ahead.running.Wait()
		c.ahead = nil
	}
}
