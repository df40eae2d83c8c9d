package pipeline

import (
	"encoding/binary"
	"iter"

	"bulkload/formats"
	"bulkload/pipeline/spill"
)

// aside keeps the rows of scattered entities in a temporary file until the feed has ended.
type aside struct {
	sorter  spill.Sorter
	sheet   string
	scratch []byte
}

// asideText is how many bytes of text a block of regrouped rows holds.
const asideText = 128 << 10

// asideBlock is a block of regrouped rows with their twins, by row.
type asideBlock struct {
	*formats.Block
	twins map[int64][]twin
}

func (a *aside) close() { a.sorter.Close() }

func (a *aside) add(key spill.Key, row formats.Row, found []twin) error {
	place := row.Place()
	a.sheet = place.Sheet
	data := a.scratch[:0]
	for _, n := range []int64{place.Row, place.Line, place.Offset, int64(len(found))} {
		data = binary.AppendVarint(data, n)
	}
	for _, t := range found {
		for _, n := range []int64{int64(t.field), t.row, t.line} {
			data = binary.AppendVarint(data, n)
		}
	}
	for i := range row.Len() {
		cell := row.Cell(i)
		data = append(data, byte(row.Kind(i)))
		data = binary.AppendUvarint(data, uint64(len(cell)))
		data = append(data, cell...)
	}
	a.scratch = data
	return a.sorter.Add(key, data)
}

// blocks yields the rows, those of one key together and in the order of the feed.
func (a *aside) blocks(header *formats.Header) iter.Seq2[asideBlock, error] {
	return func(yield func(asideBlock, error) bool) {
		block := a.newBlock(header)
		for record, err := range a.sorter.Sorted() {
			if err != nil {
				yield(asideBlock{}, err)
				return
			}
			block.add(record.Data)
			if len(block.Text) < asideText {
				continue
			}
			if !yield(block, nil) {
				return
			}
			block = a.newBlock(header)
		}
		if block.Len() > 0 {
			yield(block, nil)
		}
	}
}

func (a *aside) newBlock(header *formats.Header) asideBlock {
	block := formats.NewBlock(nil)
	block.Header, block.Sheet = header, a.sheet
	return asideBlock{block, make(map[int64][]twin)}
}

func (b asideBlock) add(data []byte) {
	number := func() int64 {
		n, size := binary.Varint(data)
		data = data[size:]
		return n
	}
	mark := formats.RowMark{First: uint32(len(b.Cells)), Row: number(), Line: number(), Offset: number()}
	for range number() {
		t := twin{field: int(number()), row: number(), line: number()}
		b.twins[mark.Row] = append(b.twins[mark.Row], t)
	}
	for len(data) > 0 {
		kind := formats.Kind(data[0])
		length, n := binary.Uvarint(data[1:])
		text := data[1+n : 1+n+int(length)]
		start := uint32(len(b.Text))
		b.Text = append(b.Text, text...)
		b.Cells = append(b.Cells, formats.Cell{Start: start, End: uint32(len(b.Text)), Kind: kind})
		data = data[1+n+int(length):]
	}
	b.Marks = append(b.Marks, mark)
}
