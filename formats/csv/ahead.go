package csv

import (
	"context"
	"sync"
)

// maxWorkers is how many goroutines scan at most: more would wait for the one that cuts.
const maxWorkers = 8

// ahead is the part of a reader that works before Next asks: one goroutine reads the text and cuts
// it, others scan the pieces, and Next takes them in the order of the text.
type ahead struct {
	order   chan *piece
	next    *piece // taken from order and not yet scanned
	stop    chan struct{}
	running sync.WaitGroup
}

func (c *Reader) startAhead() {
	a := &ahead{order: make(chan *piece, c.workers+1), stop: make(chan struct{})}
	work := make(chan *piece, c.workers+1)
	cutter := c.cutter
	a.running.Go(func() {
		defer close(work)
		defer close(a.order)
		cutter.run(a, work)
	})
	for range c.workers {
		a.running.Go(func() {
			var t tape
			for p := range work {
				p.look(cutter.rules, &t)
				close(p.ready)
			}
		})
	}
	c.ahead = a
}

// run cuts until the text ends, in pieces or in an error, or until it is told to stop.
func (c *cutter) run(a *ahead, work chan<- *piece) {
	for {
		p, err := c.next()
		if err != nil {
			p = &piece{err: err}
		} else if !p.judged {
			p.ready = make(chan struct{})
		}
		select {
		case a.order <- p:
		case <-a.stop:
			if err == nil {
				c.putBack(p.text())
			}
			return
		}
		if err != nil || p.fault != nil {
			return
		}
		if p.judged {
			continue
		}
		select {
		case work <- p:
		case <-a.stop:
			return
		}
	}
}

// readAhead returns the next piece, scanned.
func (c *Reader) readAhead(ctx context.Context) (*piece, error) {
	if c.ahead == nil {
		c.startAhead()
	}
	a := c.ahead
	if a.next == nil {
		select {
		case a.next = <-a.order:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	p := a.next
	if p.err == nil && p.ready != nil {
		select {
		case <-p.ready:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	a.next = nil
	return p, p.err
}

// recall takes back what was cut after a piece that does not end where a row does, and lets Next
// cut and scan from there on: a feed with quotes in unquoted cells would mislead the cutter again.
func (c *Reader) recall(p *piece) {
	rest := append([]byte(nil), p.rest()...)
	a := c.ahead
	c.stopAhead()
	c.workers = 1
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
