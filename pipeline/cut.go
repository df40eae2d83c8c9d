package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"

	"bulkload/formats"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A batch is handed on at the next entity's begin when it has gathered so many rows, or rows of so many
// blocks: it holds the blocks, and a block of very long rows has few of them.
const (
	batchRows   = 512
	batchBlocks = 8
)

// A cutter cuts the rows of a reading into entities: a run of rows with one key is one. What it
// knows to be scattered it sets aside, and gives out whole when the feed has ended.
type cutter struct {
	job     *Job
	facts   *facts
	learn   *learner // nil when nothing is to be learned
	hash    hasher
	hand    func(*batch) error // takes the finished batches in order
	free    chan *batch
	aside   *aside
	binding *mapping.Binding
	key     int   // column of the key in the binding's layout, -1 when it has none
	other   int   // column of the key of rows that have no value in that one, -1 when there is none
	part    int   // column of the key's second field, -1 when it has none
	besides []int // columns of the key's further fields, -1 for those that the feed has not
	lanes   []int // columns of the fields that the entities of one call share, -1 for those that the feed has not
	unique  []int // columns of the resource's unique fields, -1 for those it has not
	rows    int64 // given out by the reader
	current *batch
	above   []byte    // the last key that was not empty
	found   []twin    // scratch
	joined  []byte    // scratch: a key of several fields
	lane    spill.Key // of the row that was looked at last
}

// run reads the feed from its first row to its last, then what was set aside.
func (c *cutter) run(ctx context.Context, reader formats.Reader) error {
	twins, err := c.facts.twins()
	if err != nil {
		return err
	}
	defer twins.stop()
	if err := c.bind(reader.Header()); err != nil {
		return err
	}
	if err := c.blocks(ctx, reader, twins); err != nil {
		return err
	}
	c.above = c.above[:0]
	if c.aside != nil {
		if err := c.regroup(ctx); err != nil {
			return err
		}
	}
	return c.flush()
}

func (c *cutter) blocks(ctx context.Context, reader formats.Reader, twins *twins) error {
	for {
		block, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		err = c.block(block, twins)
		block.Release()
		if err != nil {
			return err
		}
	}
}

func (c *cutter) block(block *formats.Block, twins *twins) error {
	if err := c.bind(block.Header); err != nil {
		return err
	}
	for i := range block.Len() {
		row := block.Row(i)
		c.rows++
		var err error
		if c.found, err = twins.of(row.Place().Row, c.found[:0]); err != nil {
			return err
		}
		if err := c.row(row, c.found); err != nil {
			return err
		}
	}
	return nil
}

// bind finds the columns anew when the header has grown.
func (c *cutter) bind(header *formats.Header) error {
	if c.binding != nil && c.binding.Header() == header {
		return nil
	}
	binding, err := c.job.bind(header)
	if err != nil {
		return err
	}
	c.binding = binding
	c.key = binding.Layout.Column(c.job.Resource.Key)
	c.other = binding.Layout.Column(c.job.Resource.Else)
	c.part = binding.Layout.Column(c.job.Resource.Part)
	c.besides = columnsOf(c.besides[:0], binding.Layout, c.job.Resource.Besides)
	c.lanes = columnsOf(c.lanes[:0], binding.Layout, c.job.Resource.Lane)
	c.unique = columnsOf(c.unique[:0], binding.Layout, c.job.Resource.Unique)
	return nil
}

// columnsOf lists the columns of fields, of a family all that the feed has; -1 for a field that it has not.
func columnsOf(columns []int, layout *schema.Layout, fields []string) []int {
	for _, field := range fields {
		if family := layout.Family(field); family != nil {
			columns = append(columns, family...)
		} else {
			columns = append(columns, layout.Column(field))
		}
	}
	return columns
}

// row adds a row to its entity, or sets it aside.
func (c *cutter) row(row formats.Row, found []twin) error {
	lane := c.laneOf(row)
	key := c.keyOf(row)
	hash := c.hash.sum(key)
	if err := c.note(row, hash, len(key) > 0); err != nil {
		return err
	}
	if len(key) > 0 && c.facts.apart(hash, lane) {
		return c.setAside(c.asideKey(hash, lane), row, found)
	}
	continues := c.continues(key)
	if !continues || lane != c.lane {
		if err := c.learnRuns(len(key) > 0, hash, lane); err != nil {
			return err
		}
	}
	if !continues {
		if err := c.begin(key, hash, lane); err != nil {
			return err
		}
	}
	c.extend(row, found)
	return nil
}

// learnRuns notes that rows of another entity begin, or of the same one in another lane.
func (c *cutter) learnRuns(hasKey bool, hash, lane spill.Key) error {
	if c.learn == nil || !hasKey {
		return nil
	}
	if lane != c.lane {
		c.lane = lane
		if err := c.learn.run(lane, spill.Key{}); err != nil {
			return err
		}
	}
	return c.learn.run(hash, lane)
}

// asideKey brings what is set aside into lanes, and the rows of an entity together: those of one that stands in
// several lanes stay out of them.
func (c *cutter) asideKey(hash, lane spill.Key) spill.Key {
	if lane == (spill.Key{}) || c.facts.torn != nil && c.facts.torn.has(hash) {
		return hash
	}
	return spill.Key{High: lane.High, Low: hash.Low}
}

// laneOf is the hash of the fields that the entities of one call share; zero when there are none.
func (c *cutter) laneOf(row formats.Row) spill.Key {
	if len(c.lanes) == 0 {
		return spill.Key{}
	}
	c.joined = append(c.joined[:0], "lane"...) // a key of the same text is something else
	for _, column := range c.lanes {
		c.joined = vendors.AppendKeyItem(c.joined, c.value(row, column))
	}
	return c.hash.sum(c.joined)
}

// continues reports whether a row with this key belongs to the unit that was begun last.
// A row without a key never belongs to another's unit.
func (c *cutter) continues(key []byte) bool {
	if c.current == nil || len(key) == 0 {
		return false
	}
	return c.current.units[len(c.current.units)-1].entity.Key == string(key)
}

func (c *cutter) value(row formats.Row, column int) []byte {
	if column < 0 {
		return nil
	}
	return c.binding.Value(row, column)
}

// keyOf returns the row's key, valid until the next call; empty when a field of it is.
func (c *cutter) keyOf(row formats.Row) []byte {
	key := c.value(row, c.key)
	if len(key) == 0 {
		key = c.value(row, c.other)
	}
	if c.job.Resource.Part == "" && len(c.besides) == 0 || len(key) == 0 {
		return key
	}
	c.joined = vendors.AppendKey(c.joined[:0], key)
	if c.job.Resource.Part != "" {
		part := c.value(row, c.part)
		if len(part) == 0 {
			return nil
		}
		c.joined = vendors.AppendKeyItem(c.joined, part)
	}
	for _, column := range c.besides {
		c.joined = vendors.AppendKeyItem(c.joined, c.value(row, column))
	}
	return c.joined
}

// note tells the learner of the row's key and unique values.
func (c *cutter) note(row formats.Row, entity spill.Key, hasKey bool) error {
	if c.learn == nil {
		return nil
	}
	if err := c.learn.row(entity, hasKey, row.Place()); err != nil {
		return err
	}
	for field, column := range c.unique {
		value := c.value(row, column)
		if len(value) == 0 {
			continue
		}
		if err := c.learn.value(c.hash.sum(value), field, entity, row.Place()); err != nil {
			return err
		}
	}
	return nil
}

// begin starts a unit, in a new batch when the current one is full.
func (c *cutter) begin(key []byte, hash, lane spill.Key) error {
	if c.current != nil && (len(c.current.rows) >= batchRows || len(c.current.blocks) >= batchBlocks) {
		if err := c.flush(); err != nil {
			return err
		}
	}
	if c.current == nil {
		c.current = c.newBatch()
	}
	c.current.units = append(c.current.units, unit{batch: c.current, above: string(c.above)})
	unit := &c.current.units[len(c.current.units)-1]
	unit.entity.Key = string(key)
	unit.beside = c.facts.beside[hash]
	unit.lane = lane
	if len(key) > 0 {
		c.above = append(c.above[:0], key...)
	}
	return nil
}

// extend adds a row to the last unit. Its rows become a slice of the batch's only when the batch
// is complete, since that may still move.
func (c *cutter) extend(row formats.Row, found []twin) {
	unit := &c.current.units[len(c.current.units)-1]
	record := len(unit.rows)
	c.current.add(row)
	unit.rows = c.current.rows[len(c.current.rows)-1-record:]
	unit.binding = c.binding
	for _, t := range found {
		unit.twins = append(unit.twins, rowTwin{record, t})
	}
}

func (c *cutter) newBatch() *batch {
	select {
	case b := <-c.free:
		b.checked = make(chan struct{})
		return b
	default:
		return &batch{checked: make(chan struct{}), recycle: c.free}
	}
}

// flush hands the current batch on.
func (c *cutter) flush() error {
	b := c.current
	if b == nil {
		return nil
	}
	c.current = nil
	at := 0
	for i := range b.units {
		n := len(b.units[i].rows)
		b.units[i].rows = b.rows[at : at+n : at+n]
		at += n
	}
	b.holders.Store(int32(len(b.units)))
	return c.hand(b)
}

// setAside keeps a row of a scattered entity for the end.
func (c *cutter) setAside(key spill.Key, row formats.Row, found []twin) error {
	if c.aside == nil {
		c.aside = &aside{sorter: spill.Sorter{Dir: c.job.TempDir}}
	}
	if err := c.aside.add(key, row, found); err != nil {
		return fmt.Errorf("set row aside: %w", err)
	}
	return nil
}

// regroup gives out the entities that were set aside, the rows of each in the order of the feed.
func (c *cutter) regroup(ctx context.Context) error {
	defer c.aside.close()
	for block, err := range c.aside.blocks(c.binding.Header()) {
		if err != nil {
			return err
		}
		for i := range block.Len() {
			row := block.Row(i)
			lane := c.laneOf(row)
			key := c.keyOf(row)
			if !c.continues(key) {
				if err := c.begin(key, c.hash.sum(key), lane); err != nil {
					return err
				}
			}
			c.extend(row, block.twins[row.Place().Row])
		}
		block.Release()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}
