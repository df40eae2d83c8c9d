package snapshot

import (
	"context"
	"errors"
	"io"
	"slices"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/spill"
)

// readRows reads a feed from its first row to its last. Each block's header comes before its rows when
// it is another than the one before.
func readRows(ctx context.Context, f *feed.Feed, header func(*formats.Header) error, row func(formats.Row) error) error {
	reader, err := f.Read(ctx)
	if err != nil {
		return err
	}
	defer reader.Close()
	current := reader.Header()
	if err := header(current); err != nil {
		return err
	}
	for {
		block, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if block.Header != current {
			current = block.Header
			err = header(current)
		}
		for i := 0; i < block.Len() && err == nil; i++ {
			err = row(block.Row(i))
		}
		block.Release()
		if err != nil {
			return err
		}
	}
}

// indices finds columns by their names; -1: there is none.
func indices(header *formats.Header, names []string) []int {
	found := make([]int, len(names))
	for i, name := range names {
		found[i] = slices.Index(header.Names, name)
	}
	return found
}

// cellOf is a row's cell of a column that indices found.
func cellOf(row formats.Row, column int) []byte {
	if column < 0 {
		return nil
	}
	return row.Cell(column)
}

// newSorter sorts records by the text that their data begins with, then by the rest of it.
func newSorter(dir string) *spill.Sorter { return &spill.Sorter{Dir: dir, Compare: textOrder} }
