package pipeline

import (
	"sync/atomic"

	"bulkload/formats"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A unit is an entity on its way through the pipeline, with the rows it was made of.
type unit struct {
	entity  vendors.Entity
	binding *mapping.Binding
	rows    []formats.Row
	twins   []rowTwin
	above   string        // key of the entity before; a hint for rows without a key
	beside  formats.Place // of a row without a key next to one of these; zero when there is none
	lane    spill.Key     // what the entities of one call share; zero when any go together
	calls   int           // that it would take to send each part of it by itself
	// amendment is what the resource's Amend said; the zero value when it has none.
	amendment vendors.Amendment
	left      *unit  // rows of it that were left behind, and are a unit of their own; nil when there are none
	behind    bool   // it is not sent, because of what it refers to
	rest      bool   // it is not a whole entity, but the rows of one that were left behind
	batch     *batch // holds the memory of all this
}

type rowTwin struct {
	record int
	twin   twin
}

// release gives up the unit's memory.
func (u *unit) release() { u.batch.release() }

// A batch is a number of units that are checked together. It holds the blocks that their rows
// stand in and the arenas of their records, until the last of its units is released.
type batch struct {
	units   []unit
	rows    []formats.Row
	blocks  []*formats.Block
	values  [][]byte
	bad     []bool
	records []schema.Record
	checked chan struct{} // closed when all units are checked
	err     error         // of the check: a bug
	holders atomic.Int32
	recycle chan *batch
}

// add puts a row at the end of the batch's last unit. The batch keeps the row's block.
func (b *batch) add(row formats.Row) {
	if n := len(b.blocks); n == 0 || b.blocks[n-1] != row.Block() {
		row.Block().Retain()
		b.blocks = append(b.blocks, row.Block())
	}
	b.rows = append(b.rows, row)
}

// mostKept is how many values an arena may have to be kept for the next batch.
const mostKept = 1 << 18

// release takes one holder away; the last one gives the blocks back and the batch to its next use.
func (b *batch) release() {
	if b.holders.Add(-1) > 0 {
		return
	}
	for _, block := range b.blocks {
		block.Release()
	}
	if cap(b.values) > mostKept {
		return // a single long entity has needed it; the next batch does not
	}
	clear(b.rows)
	clear(b.units)
	clear(b.values)
	b.units, b.rows, b.blocks, b.values = b.units[:0], b.rows[:0], b.blocks[:0], b.values[:0]
	b.bad, b.records, b.err = b.bad[:0], b.records[:0], nil
	select {
	case b.recycle <- b:
	default: // enough batches are waiting for use
	}
}
