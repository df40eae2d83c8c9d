package main

import (
	"math/rand/v2"
	"strconv"

	"bulkload/formats"
)

// columns is how many columns the table has.
const columns = 25

var names = [columns]string{"sku", "ean", "name", "description", "brand", "category", "gender", "colour", "size", "price",
	"stock", "weight", "currency", "country", "season", "material", "fit", "image", "created", "supplier", "line", "pattern",
	"active", "vat", "note"}

// The columns whose cells are numbers.
const (
	priceColumn  = 9
	stockColumn  = 10
	weightColumn = 11
)

var words = [columns][]string{
	4:  {"Maison Été", "Nordlys", "Atelier 9", "Kiko & Co"},
	5:  {"clothing/dress/midi-dress", "clothing/jeans", "clothing/shirt_blouse", "footwear/trainers", "clothing/accessory/scarf"},
	6:  {"female", "male", "unisex"},
	7:  {"Black", "Optic white", "Navy", "Rosé", "Grey mélange", "Burnt sienna", "Sage", "Petrol"},
	8:  {"XS", "S", "M", "L", "XL", "36", "38", "40", "W32L34"},
	12: {"EUR", "GBP", "SEK"},
	13: {"Portugal", "Italy", "Türkiye", "Lithuania", "India"},
	14: {"SS22", "AW22"},
	15: {"cotton", "linen", "wool|polyester", "leather", "organic_cotton|elastane"},
	16: {"slim_fit", "straight", "loose_fit", ""},
	19: {"Tekstil A.S.", "Lanificio Rossi", "Fiação do Norte"},
	20: {"Studio", "Essentials", "Denim", "Shoes"},
	21: {"", "", "", "Breton stripe", "Gingham"},
	22: {"true", "true", "false"},
	23: {"19", "21", "25"},
	24: {"", "", "", "", "", "", "", "", "", "the \"old\" fit, cut\nwider at the hem"},
}

// table makes up the rows of a feed, always the same ones for a seed: some columns without a value
// twice, most with few values, three of numbers, some cells empty, and a few with quotes and line ends.
type table struct {
	random *rand.Rand
	row    int
	text   []byte
	ends   [columns]int
	cells  [columns][]byte
}

func newTable(seed uint64) *table { return &table{random: rand.New(rand.NewPCG(seed, 25))} }

// next returns the next row, which is valid until the call after.
func (t *table) next() [][]byte {
	t.text = t.text[:0]
	for c := range columns {
		t.appendCell(c)
		t.ends[c] = len(t.text)
	}
	start := 0
	for c, end := range t.ends {
		t.cells[c], start = t.text[start:end:end], end
	}
	t.row++
	return t.cells[:]
}

func (t *table) appendCell(c int) {
	switch c {
	case 0:
		t.text = strconv.AppendInt(append(t.text, "LD22-"...), int64(t.row)+100_000, 10)
	case 1:
		t.text = strconv.AppendInt(t.text, 4_050_000_000_000+int64(t.row)*7, 10)
	case 2:
		t.text = strconv.AppendInt(append(t.text, "Amara midi dress no. "...), int64(t.row/6), 10)
	case 3:
		t.text = strconv.AppendInt(append(t.text, "Cut below the knee, with side pockets and a belt of its own. Style "...), int64(t.row/6), 10)
	case priceColumn:
		t.text = strconv.AppendFloat(t.text, float64(t.random.IntN(400))+0.99, 'f', -1, 64)
	case stockColumn:
		t.text = strconv.AppendInt(t.text, int64(t.random.IntN(500)), 10)
	case weightColumn:
		t.text = strconv.AppendFloat(t.text, float64(t.random.IntN(2000))/1000, 'f', -1, 64)
	case 17:
		t.text = strconv.AppendInt(append(t.text, "https://images.example.com/ss22/ld22-"...), int64(t.row)+100_000, 10)
		t.text = append(t.text, "-front.jpg"...)
	case 18:
		t.text = strconv.AppendInt(append(t.text, "2022-02-"...), int64(t.row/1000%18)+10, 10)
	default:
		t.text = append(t.text, words[c][t.random.IntN(len(words[c]))]...)
	}
}

// rows returns the first n rows, to keep.
func rows(seed uint64, n int) [][][]byte {
	t, kept := newTable(seed), make([][][]byte, n)
	for i := range kept {
		for _, cell := range t.next() {
			kept[i] = append(kept[i], append([]byte(nil), cell...))
		}
	}
	return kept
}

// typed returns the columns as our writers take them: all text, since other writers are given text too.
func typed() []formats.Column {
	all := make([]formats.Column, columns)
	for i := range all {
		all[i].Name = names[i]
	}
	return all
}

// sum is what all sides must agree on, and what makes them look at every cell.
type sum struct {
	Rows  int64
	Cells int64 // that are not empty
	Bytes int64
	First int64 // the first bytes of the cells, added up
}

func add[T ~string | ~[]byte](s *sum, cell T) {
	if len(cell) > 0 {
		s.Cells++
		s.Bytes += int64(len(cell))
		s.First += int64(cell[0])
	}
}

func addRow[T ~string | ~[]byte](s *sum, row []T) {
	s.Rows++
	for _, cell := range row {
		add(s, cell)
	}
}
