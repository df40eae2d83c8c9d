package export

import (
	"context"
	"errors"
	"fmt"
	"io"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/mapping"
	"bulkload/vendors"
)

// ReadKeys gives the keys that a feed's rows name, in their order until yield returns false, one that
// stands in consecutive rows once. The feed needs no other columns of the resource.
func ReadKeys(ctx context.Context, f *feed.Feed, resource *vendors.Resource, yield func(key string) bool) error {
	reader, err := f.Read(ctx)
	if err != nil {
		return err
	}
	defer reader.Close()
	var k keyReader
	last, first := "", true
	for {
		block, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := k.bind(resource, f, block.Header); err != nil {
			block.Release()
			return err
		}
		for i := range block.Len() {
			key := string(k.binding.Value(block.Row(i), k.column))
			if key == "" || !first && key == last {
				continue
			}
			if last, first = key, false; !yield(key) {
				block.Release()
				return nil
			}
		}
		block.Release()
	}
}

// keyReader finds the column of the keys.
type keyReader struct {
	binding *mapping.Binding
	column  int
}

// bind finds the column anew when the header has grown.
func (k *keyReader) bind(resource *vendors.Resource, f *feed.Feed, header *formats.Header) error {
	if k.binding != nil && k.binding.Header() == header {
		return nil
	}
	binding, err := (&mapping.Mapping{}).Bind(resource.Schema, header, false)
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name, err)
	}
	k.binding, k.column = binding, binding.Layout.Column(resource.Key)
	if k.column < 0 {
		return &mapping.Error{Reason: fmt.Sprintf("%s: no column carries %s, which names the %s", f.Name, resource.Key, resource.Noun.Many),
			Found: header.Names}
	}
	return nil
}
