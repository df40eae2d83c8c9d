package formats

import "sync/atomic"

// Kind says what a cell is besides its text.
type Kind uint8

// The kinds of cells.
const (
	Value   Kind = iota // text, as the file shows it
	Null                // the format says there is no value (Parquet null, NDJSON null or absent key)
	Failure             // a spreadsheet's error value; the text is "#REF!", "#N/A" and so on
)

// A Cell is a slice of its block's text.
type Cell struct {
	Start, End uint32
	Kind       Kind
}

// A RowMark tells where a row's cells and its place are.
type RowMark struct {
	First  uint32 // index of its first cell in Block.Cells
	Row    int64  // Place.Row
	Line   int64  // Place.Line
	Offset int64  // Place.Offset
}

// A Header names the columns of a feed. It is never changed once a block points at it.
type Header struct {
	Names []string // as the file writes them, line breaks and outer blanks removed; "" when unnamed
	Place Place    // of the header row; zero when the format has none
}

// A Block is a run of consecutive rows that share one buffer. A Reader fills it; everybody else
// reads it through Rows. It is used by several holders at once and goes back to its reader when
// the last of them releases it.
type Block struct {
	Header *Header // of these rows. NDJSON may add columns at the end in later blocks
	Sheet  string
	Text   []byte    // the text of all cells
	Cells  []Cell    // of all rows, in order
	Marks  []RowMark // one a row

	holders atomic.Int32
	recycle func(*Block)
}

// NewBlock returns an empty block with one holder. When the last holder releases it, recycle is
// called with it; nil leaves it to the garbage collector.
func NewBlock(recycle func(*Block)) *Block {
	b := &Block{recycle: recycle}
	b.holders.Store(1)
	return b
}

// Reset empties the block for its next use, with one holder.
func (b *Block) Reset() {
	b.Header, b.Sheet = nil, ""
	b.Text, b.Cells, b.Marks = b.Text[:0], b.Cells[:0], b.Marks[:0]
	b.holders.Store(1)
}

// Retain adds a holder.
func (b *Block) Retain() { b.holders.Add(1) }

// Release takes a holder away. The block and its cells must not be used by that holder afterwards.
func (b *Block) Release() {
	if b.holders.Add(-1) == 0 && b.recycle != nil {
		b.recycle(b)
	}
}

// Len is the number of rows.
func (b *Block) Len() int { return len(b.Marks) }

// Row returns row i of the block.
func (b *Block) Row(i int) Row {
	first, end := b.Marks[i].First, uint32(len(b.Cells))
	if i+1 < len(b.Marks) {
		end = b.Marks[i+1].First
	}
	return Row{block: b, index: i, first: first, count: end - first}
}

// A Row is a view of one row of a block, valid as long as the block is held.
type Row struct {
	block        *Block
	index        int
	first, count uint32 // of its cells
}

// Block returns the block that holds the row.
func (r Row) Block() *Block { return r.block }

// Len is the number of cells that the file has in this row; it may differ from the header's.
func (r Row) Len() int { return int(r.count) }

// Cell returns the text of cell i, nil when the row has none.
func (r Row) Cell(i int) []byte {
	if uint(i) >= uint(r.count) {
		return nil
	}
	cell := &r.block.Cells[r.first+uint32(i)]
	return r.block.Text[cell.Start:cell.End:cell.End]
}

// Kind returns the kind of cell i, Null when the row has none.
func (r Row) Kind(i int) Kind {
	if uint(i) >= uint(r.count) {
		return Null
	}
	return r.block.Cells[r.first+uint32(i)].Kind
}

// Blank reports whether no cell of a row has more text than blanks and tabs. Readers count such a row,
// and do not give it out.
func Blank(text []byte, cells []Cell) bool {
	for _, cell := range cells {
		for _, c := range text[cell.Start:cell.End] {
			if c != ' ' && c != '\t' {
				return false
			}
		}
	}
	return true
}

// Place tells where the row stands in its feed.
func (r Row) Place() Place {
	mark := r.block.Marks[r.index]
	return Place{Sheet: r.block.Sheet, Row: mark.Row, Line: mark.Line, Offset: mark.Offset}
}
