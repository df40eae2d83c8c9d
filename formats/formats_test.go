package formats

import (
	"errors"
	"io"
	"testing"
)

func TestPlace(t *testing.T) {
	tests := []struct {
		place Place
		want  string
	}{
		{Place{Sheet: "Products", Row: 12}, "Products!12"},
		{Place{Sheet: "Products"}, "Products"},
		{Place{Row: 3, Line: 5, Offset: 9}, "line 5"},
		{Place{Row: 3}, "row 3"},
		{Place{}, ""},
	}
	for _, test := range tests {
		if got := test.place.String(); got != test.want {
			t.Errorf("%+v.String() = %q, want %q", test.place, got, test.want)
		}
	}
}

func TestColumnLetters(t *testing.T) {
	for index, want := range map[int]string{0: "A", 25: "Z", 26: "AA", 51: "AZ", 52: "BA", 701: "ZZ", 702: "AAA", 16383: "XFD"} {
		if got := ColumnLetters(index); got != want {
			t.Errorf("ColumnLetters(%d) = %q, want %q", index, got, want)
		}
	}
}

func TestSyntaxError(t *testing.T) {
	err := &SyntaxError{File: "feed.csv", Place: Place{Line: 42}, Reason: "a quote is never closed", Advice: "close it", Err: io.ErrUnexpectedEOF}
	if want := "feed.csv: line 42: a quote is never closed: unexpected EOF (close it)"; err.Error() != want {
		t.Errorf("Error() = %q, want %q", err, want)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause is lost")
	}
}

// twoRows is a block of the rows "a", "" and "b" with an error cell.
func twoRows(recycle func(*Block)) *Block {
	b := NewBlock(recycle)
	b.Sheet, b.Text = "S", []byte("ab#N/A")
	b.Cells = []Cell{{Start: 0, End: 1}, {Start: 1, End: 1}, {Start: 1, End: 2}, {Start: 2, End: 6, Kind: Failure}}
	b.Marks = []RowMark{{First: 0, Row: 2, Line: 2, Offset: 10}, {First: 2, Row: 3, Line: 4, Offset: 20}}
	return b
}

func TestRows(t *testing.T) {
	b := twoRows(nil)
	first, second := b.Row(0), b.Row(1)
	if b.Len() != 2 || first.Len() != 2 || second.Len() != 2 {
		t.Fatalf("%d rows of %d and %d cells, want 2 of 2 and 2", b.Len(), first.Len(), second.Len())
	}
	if string(first.Cell(0)) != "a" || len(first.Cell(1)) != 0 || string(second.Cell(0)) != "b" || string(second.Cell(1)) != "#N/A" {
		t.Errorf("cells %q %q %q %q", first.Cell(0), first.Cell(1), second.Cell(0), second.Cell(1))
	}
	for _, beyond := range []int{-1, 2} {
		if first.Cell(beyond) != nil || first.Kind(beyond) != Null {
			t.Errorf("cell %d of a row of two is %q, %v", beyond, first.Cell(beyond), first.Kind(beyond))
		}
	}
	if first.Kind(0) != Value || second.Kind(1) != Failure {
		t.Errorf("kinds %v and %v, want Value and Failure", first.Kind(0), second.Kind(1))
	}
	if want := (Place{Sheet: "S", Row: 3, Line: 4, Offset: 20}); second.Place() != want {
		t.Errorf("Place() = %+v, want %+v", second.Place(), want)
	}
	if cell := first.Cell(0); cap(cell) != 1 {
		t.Error("an append to a cell would write into its neighbour")
	}
}

func TestLastHolderRecycles(t *testing.T) {
	recycled := 0
	b := twoRows(func(b *Block) { recycled++ })
	b.Retain()
	b.Release()
	if recycled != 0 {
		t.Error("recycled while it is held")
	}
	b.Release()
	if recycled != 1 {
		t.Errorf("recycled %d times, want once", recycled)
	}
	b.Reset()
	if b.Len() != 0 || len(b.Text) != 0 || len(b.Cells) != 0 || b.Sheet != "" {
		t.Error("Reset left something behind")
	}
	b.Release()
	if recycled != 2 {
		t.Errorf("recycled %d times after its second use, want twice", recycled)
	}
}
