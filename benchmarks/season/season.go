// Package season makes up a season's feed for fashiontrade/products, of any size and always the same
// for the same seed: valid rows, as a brand would send them, for tests and benchmarks.
package season

import (
	"fmt"
	"math/rand/v2"

	"bulkload/formats"
)

// Order is the order of a feed's rows.
type Order int

// The orders that brands send. The rows are the same in each.
const (
	ByProduct Order = iota // the rows of a product together
	ByColour               // the first colour of all products, then the second, and so on
	Random                 // shuffled by the seed
)

// ParseOrder reads an order by its name: product, colour or random.
func ParseOrder(name string) (Order, error) {
	switch name {
	case "product":
		return ByProduct, nil
	case "colour":
		return ByColour, nil
	case "random":
		return Random, nil
	}
	return ByProduct, fmt.Errorf("order %q: must be product, colour or random", name)
}

// Season describes a feed. Rows are made one at a time and none is kept, whatever the order.
type Season struct {
	Seed     uint64
	Products int   // how many; 0: as many as Rows asks for
	Rows     int64 // stop after so many, within a product if need be; 0: when the products end
	Order    Order
	// FirstRowOnly leaves a product's own columns empty on all its rows but the first, as feeds
	// made by hand do. It says nothing in Random order, where a product's first row is not known.
	FirstRowOnly bool
}

// maxVariants is the most rows that a product has: 4 colours in 8 sizes.
const maxVariants = 32

// Columns returns the names of the columns, as the vendor's fields are called.
func Columns() []string {
	names := make([]string, len(columns))
	for i, column := range columns {
		names[i] = column.name
	}
	return names
}

// WriteTo writes the rows and tells how many there were. It does not close w.
func (s Season) WriteTo(w formats.Writer) (rows int64, err error) {
	s.Each(func(row [][]byte) bool {
		if err = w.Write(row); err == nil {
			rows++
		}
		return err == nil
	})
	return rows, err
}

// Each calls yield with the cells of each row until it returns false. The cells are valid until the
// next call.
func (s Season) Each(yield func(row [][]byte) bool) {
	switch s.Order {
	case ByColour:
		s.eachByColour(yield)
	case Random:
		s.eachAtRandom(yield)
	default:
		s.eachByProduct(yield)
	}
}

func (s Season) eachByProduct(yield func([][]byte) bool) {
	row := s.newRow()
	for serial, left := 0, s.limit(); left > 0 && (s.Products == 0 || serial < s.Products); serial++ {
		p := s.product(serial)
		for v := 0; v < p.variants() && left > 0; v++ {
			if !yield(row.cells(&p, v)) {
				return
			}
			left--
		}
	}
}

// eachByColour goes through the products once for each colour.
func (s Season) eachByColour(yield func([][]byte) bool) {
	row := s.newRow()
	products, cut := s.extent()
	for c := range maxColours {
		for serial := range products {
			p := s.product(serial)
			for v := c * len(p.sizes); v < min((c+1)*len(p.sizes), p.variants()); v++ {
				if serial == products-1 && v >= cut {
					break
				}
				if !yield(row.cells(&p, v)) {
					return
				}
			}
		}
	}
}

// eachAtRandom counts through a shuffled range of numbers, each of which stands for a variant or for
// none.
func (s Season) eachAtRandom(yield func([][]byte) bool) {
	s.FirstRowOnly = false
	row := s.newRow()
	products, cut := s.extent()
	shuffled := newShuffle(s.Seed, uint64(products)*maxVariants)
	for i := range shuffled.size {
		n := shuffled.at(i)
		serial, v := int(n/maxVariants), int(n%maxVariants)
		p := s.product(serial)
		if v >= p.variants() || serial == products-1 && v >= cut {
			continue
		}
		if !yield(row.cells(&p, v)) {
			return
		}
	}
}

// limit is the most rows there can be. Without any limit a season has none.
func (s Season) limit() int64 {
	if s.Rows > 0 {
		return s.Rows
	}
	return int64(s.Products) * maxVariants
}

// extent counts the products, and the variants of the last one.
func (s Season) extent() (products, variantsOfLast int) {
	for left := s.limit(); left > 0 && (s.Products == 0 || products < s.Products); products++ {
		p := s.product(products)
		variantsOfLast = int(min(left, int64(p.variants())))
		left -= int64(variantsOfLast)
	}
	return products, variantsOfLast
}

const maxColours = 4

// product is one product: choices from the vocabulary, made by the seed and the serial number alone.
type product struct {
	serial   int
	style    *style
	colours  [maxColours]*colour
	colors   int
	sizes    []string
	cloth    cloth
	name     string // a given name, as brands call their styles
	fit      string
	look     string
	origin   string
	themes   string
	active   bool
	capsule  bool
	leading0 bool // its barcodes begin with 0
}

func (s Season) product(serial int) product {
	random := rand.New(rand.NewPCG(s.Seed, uint64(serial)))
	p := product{
		serial:   serial,
		style:    &styles[random.IntN(len(styles))],
		colors:   2 + random.IntN(3),
		name:     pick(random, givenNames),
		look:     pick(random, looks),
		origin:   pick(random, origins),
		themes:   pick(random, themes),
		active:   random.IntN(50) > 0,
		capsule:  random.IntN(8) == 0,
		leading0: random.IntN(5) == 0,
	}
	p.cloth = pick(random, p.style.cloths)
	if len(p.style.fits) > 0 {
		p.fit = pick(random, p.style.fits)
	}
	run := p.style.sizes
	if len(run) > 4 {
		n := 4 + random.IntN(min(len(run), 8)-3)
		from := random.IntN(len(run) - n + 1)
		run = run[from : from+n]
	}
	p.sizes = run
	first := random.IntN(len(colours))
	for i := range p.colours {
		p.colours[i] = &colours[(first+i*colourStep)%len(colours)]
	}
	return p
}

func pick[T any](random *rand.Rand, from []T) T { return from[random.IntN(len(from))] }

func (p *product) variants() int { return p.colors * len(p.sizes) }

// row is the memory of the row that is handed out.
type row struct {
	firstOnly bool
	text      []byte
	ends      []int
	out       [][]byte
}

func (s Season) newRow() *row {
	return &row{firstOnly: s.FirstRowOnly, ends: make([]int, len(columns)), out: make([][]byte, len(columns))}
}

// cells makes the row of a product's variant: colour by colour, in each the sizes.
func (r *row) cells(p *product, number int) [][]byte {
	v := variant{product: p, number: number, colour: p.colours[number/len(p.sizes)], size: p.sizes[number%len(p.sizes)]}
	r.text = r.text[:0]
	for i, column := range columns {
		if !column.shared || number == 0 || !r.firstOnly {
			r.text = column.append(r.text, &v)
		}
		r.ends[i] = len(r.text)
	}
	start := 0
	for i, end := range r.ends {
		r.out[i], start = r.text[start:end:end], end
	}
	return r.out
}

// shuffle is a permutation of the numbers below size that takes no memory: four rounds of a Feistel
// network over the next power of four, gone through again while the result is too large.
type shuffle struct {
	size uint64
	half uint // bits
	keys [4]uint64
}

func newShuffle(seed, size uint64) shuffle {
	s := shuffle{size: size, half: 1}
	for uint64(1)<<(2*s.half) < size {
		s.half++
	}
	random := rand.New(rand.NewPCG(seed, size))
	for i := range s.keys {
		s.keys[i] = random.Uint64()
	}
	return s
}

func (s shuffle) at(i uint64) uint64 {
	for {
		if i = s.round(i); i < s.size {
			return i
		}
	}
}

func (s shuffle) round(i uint64) uint64 {
	mask := uint64(1)<<s.half - 1
	left, right := i>>s.half, i&mask
	for _, key := range s.keys {
		mixed := (right + key) * 0x9e3779b97f4a7c15
		left, right = right, left^(mixed>>32&mask)
	}
	return left<<s.half | right
}
