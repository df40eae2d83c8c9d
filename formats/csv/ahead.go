package csv

import (
	"context"
	"sync"
)

// maxWorkers is how many goroutines scan at most: more would wait for the one that cuts.
const maxWorkers = 8

// ahead is the part of a reader that works before Next asks: one goroutine reads the text and cuts
// it, and Next takes the pieces in the order of the text. Who has nothing else to do scans: Next
// while it waits, the goroutine that cuts when nobody takes its pieces, and more goroutines when
// there are more processors than those two keep busy. So two processors share all of the work, and
// a piece often stays in the cache of the one that scans it (BenchmarkRead).
type ahead struct {
	order   chan *piece
	work    chan *piece // of order, those that nobody scans yet
	next    *piece      // taken from order and not yet scanned
	stop    chan struct{}
	running sync.WaitGroup
}

func (c *Reader) startAhead() {
	a := &ahead{order: make(chan *piece, c.workers+2), work: make(chan *piece, c.workers-1), stop: make(chan struct{})}
	cutter := c.cutter
	a.running.Go(func() {
		defer close(a.work)
		defer close(a.order)
		cutter.run(a)
	})
	for range c.workers - 2 {
		a.running.Go(func() {
			var t tape
			for p := range a.work {
				p.scanFor(cutter.rules, &t)
			}
		})
	}
	c.ahead = a
}

// scanFor scans the piece for whoever waits for it.
func (p *piece) scanFor(r rules, t *tape) {
	p.look(r, t)
	close(p.ready)
}

// run cuts until the text ends, in pieces or in an error, or until it is told to stop.
func (c *cutter) run(a *ahead) {
	var t tape
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
		case a.work <- p:
		default:
			p.scanFor(c.rules, &t)
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
		if err := c.await(ctx, p); err != nil {
			return nil, err
		}
	}
	a.next = nil
	return p, p.err
}

// await waits until the piece is scanned, and scans others or this one meanwhile.
func (c *Reader) await(ctx context.Context, p *piece) error {
	work := c.ahead.work
	for {
		select {
		case <-p.ready:
			return nil
		default:
		}
		select {
		case <-p.ready:
			return nil
		case other, open := <-work:
			if !open {
				work = nil
				continue
			}
			other.scanFor(c.cutter.rules, &c.tape)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
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
