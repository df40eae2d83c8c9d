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
// stands in consecutive rows once. The feed needs no other columns of the resource. Where entities have a
// Lane, as those of one customer, a key is whole, with the fields Besides: it tells whose the entity is.
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
			key := k.keyOf(block.Row(i))
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
	other   int   // column of the key of rows without one; -1: none
	besides []int // columns of the rest of a whole key, -1 for those that the feed has not
}

// keyOf is the key that a row names.
func (k *keyReader) keyOf(row formats.Row) string {
	key := k.value(row, k.column)
	if len(key) == 0 {
		key = k.value(row, k.other)
	}
	if len(key) == 0 || k.besides == nil {
		return string(key)
	}
	whole := vendors.AppendKey(nil, key)
	for _, column := range k.besides {
		whole = vendors.AppendKeyItem(whole, k.value(row, column))
	}
	return string(whole)
}

func (k *keyReader) value(row formats.Row, column int) []byte {
	if column < 0 {
		return nil
	}
	return k.binding.Value(row, column)
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
	k.binding, k.column, k.other, k.besides = binding, binding.Layout.Column(resource.Key), -1, nil
	if resource.Lane != nil {
		k.other = binding.Layout.Column(resource.Else)
		for _, field := range resource.Besides {
			k.besides = append(k.besides, binding.Layout.Column(field))
		}
	}
	if k.column < 0 && k.other < 0 {
		return &mapping.Error{Reason: fmt.Sprintf("%s: no column carries %s, which names the %s", f.Name, resource.KeyFields("or"), resource.Noun.Many),
			Found: header.Names}
	}
	return nil
}
