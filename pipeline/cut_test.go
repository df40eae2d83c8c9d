package pipeline

import (
	"fmt"
	"testing"

	"bulkload/formats"
	"bulkload/pipeline/spill"
)

// TestBatchesAreBounded has rows so long that each fills a block of its own, and short ones.
func TestBatchesAreBounded(t *testing.T) {
	for _, test := range []struct {
		name               string
		rowsOfBlock        int
		mostRows, mostHeld int
	}{
		{"long rows", 1, batchBlocks, batchBlocks},
		{"short rows", 400, batchRows, 3},
	} {
		t.Run(test.name, func(t *testing.T) {
			rows, held := 0, 0
			c := cutter{facts: new(facts), free: make(chan *batch, 4)}
			c.hand = func(b *batch) error {
				rows, held = max(rows, len(b.rows)), max(held, len(b.blocks))
				for range b.units {
					b.release()
				}
				return nil
			}
			for i := range 2000 / test.rowsOfBlock {
				block := formats.NewBlock(nil)
				block.Marks = make([]formats.RowMark, test.rowsOfBlock)
				for j := range test.rowsOfBlock {
					if err := c.begin(fmt.Appendf(nil, "%d/%d", i, j), spill.Key{}, spill.Key{}); err != nil {
						t.Fatal(err)
					}
					c.extend(block.Row(j), nil)
				}
				block.Release()
			}
			if rows != test.mostRows || held > test.mostHeld {
				t.Errorf("a batch has %d rows of %d blocks, want %d and at most %d", rows, held, test.mostRows, test.mostHeld)
			}
		})
	}
}
