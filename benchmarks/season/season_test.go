package season

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade"
	"bulkload/vendors/schema"
)

// collect returns all rows of a season, as text.
func collect(s Season) [][]string {
	var rows [][]string
	s.Each(func(row [][]byte) bool {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = string(cell)
		}
		rows = append(rows, cells)
		return true
	})
	return rows
}

func indexOf(name string) int { return slices.Index(Columns(), name) }

// entities groups rows by product and applies the vendor's schema and rules.
func entities(t *testing.T, rows [][]string) []*vendors.Entity {
	t.Helper()
	var columns []schema.Column
	for i, name := range Columns() {
		field, param := fashiontrade.Products.Schema.Find(name)
		if field == nil {
			t.Fatalf("the vendor has no field %q", name)
		}
		columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: i})
	}
	layout := schema.NewLayout(fashiontrade.Products.Schema, columns)
	var all []*vendors.Entity
	byKey := map[string]*vendors.Entity{}
	for _, row := range rows {
		key := row[indexOf("product_id")]
		e := byKey[key]
		if e == nil {
			e = &vendors.Entity{Key: key}
			byKey[key] = e
			all = append(all, e)
		}
		record := schema.Record{Layout: layout, Bad: make([]bool, len(columns))}
		for _, cell := range row {
			record.Values = append(record.Values, []byte(cell))
		}
		e.Problems = record.Check(len(e.Records), e.Problems)
		e.Records = append(e.Records, record)
	}
	return all
}

func TestEveryRowIsValid(t *testing.T) {
	for _, firstRowOnly := range []bool{false, true} {
		rows := collect(Season{Seed: 1, Products: 150, FirstRowOnly: firstRowOnly})
		all := entities(t, rows)
		if len(all) != 150 {
			t.Errorf("%d products, want 150", len(all))
		}
		styles := map[string]bool{}
		for _, e := range all {
			e.Problems = schema.CheckShared(e.Records, e.Problems)
			body := fashiontrade.Products.Encode(e)
			for _, p := range e.Problems {
				t.Errorf("%s, row %d, %s: %s", e.Key, p.Record+1, p.Field, p.Text())
			}
			if body == nil {
				t.Errorf("%s is not sent", e.Key)
			}
			styles[e.Key[:2]] = true
		}
		if len(styles) != len(styleList()) {
			t.Errorf("%d kinds of product occur, want %d", len(styles), len(styleList()))
		}
	}
}

func styleList() map[string]bool {
	letters := map[string]bool{}
	for _, s := range styles {
		letters[s.letters] = true
	}
	return letters
}

func TestBarcodesAreUniqueWithCheckDigits(t *testing.T) {
	seen := map[string]bool{}
	zeros := 0
	for _, row := range collect(Season{Seed: 7, Rows: 5000}) {
		barcode := row[indexOf("barcode")]
		if seen[barcode] {
			t.Fatalf("barcode %s occurs twice", barcode)
		}
		seen[barcode] = true
		sum := 0
		for i, digit := range barcode {
			sum += int(digit-'0') * []int{1, 3}[i%2]
		}
		if len(barcode) != 13 || sum%10 != 0 {
			t.Fatalf("barcode %s is no EAN-13", barcode)
		}
		if barcode[0] == '0' {
			zeros++
		}
	}
	if zeros < 250 || zeros > 2500 {
		t.Errorf("%d of 5000 barcodes begin with 0", zeros)
	}
}

func TestProductsHaveSeveralColoursAndSizes(t *testing.T) {
	for serial := range 1000 {
		p := Season{Seed: 3}.product(serial)
		if p.colors < 2 || p.colors > 4 || len(p.sizes) > 8 || len(p.sizes) < 4 && len(p.style.sizes) > 1 {
			t.Errorf("product %d has %d colours in %d sizes", serial, p.colors, len(p.sizes))
		}
		for i := range p.colors {
			for j := range i {
				if p.colours[i] == p.colours[j] {
					t.Errorf("product %d has the colour %s twice", serial, p.colours[i].name)
				}
			}
		}
	}
}

func TestOrdersHaveTheSameRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Season{
			Seed:     rapid.Uint64().Draw(t, "seed"),
			Products: rapid.IntRange(0, 10).Draw(t, "products"),
			Rows:     rapid.Int64Range(0, 120).Draw(t, "rows"),
		}
		want := collect(s)
		if s.Rows > 0 && int64(len(want)) > s.Rows || s.Rows > 0 && s.Products == 0 && int64(len(want)) != s.Rows {
			t.Fatalf("%d rows, want %d", len(want), s.Rows)
		}
		slices.SortFunc(want, slices.Compare[[]string])
		for _, order := range []Order{ByColour, Random} {
			s.Order = order
			got := collect(s)
			slices.SortFunc(got, slices.Compare[[]string])
			if !slices.EqualFunc(want, got, slices.Equal) {
				t.Fatalf("order %d has other rows:\n%s", order, cmp.Diff(want, got))
			}
		}
	})
}

func TestOrdersDiffer(t *testing.T) {
	runs := func(order Order) (n int) {
		last := ""
		for _, row := range collect(Season{Seed: 5, Products: 50, Order: order}) {
			if id := row[indexOf("product_id")]; id != last {
				n, last = n+1, id
			}
		}
		return n
	}
	if n := runs(ByProduct); n != 50 {
		t.Errorf("by product: %d runs of one product, want 50", n)
	}
	if n := runs(ByColour); n < 100 || n > 200 {
		t.Errorf("by colour: %d runs of one product, want 2 to 4 for each", n)
	}
	if n := runs(Random); n < 400 {
		t.Errorf("at random: %d runs of one product, want almost one for each row", n)
	}
}

func TestFirstRowOnly(t *testing.T) {
	name := indexOf("display_name")
	for _, order := range []Order{ByProduct, ByColour} {
		seen := map[string]bool{}
		for i, row := range collect(Season{Seed: 5, Products: 20, Order: order, FirstRowOnly: true}) {
			id := row[indexOf("product_id")]
			if (row[name] != "") == seen[id] {
				t.Fatalf("order %d, row %d: display_name is %q, and the product came before: %t", order, i+1, row[name], seen[id])
			}
			seen[id] = true
		}
	}
}

func TestSeedsMakeSeasons(t *testing.T) {
	a, again, b := collect(Season{Seed: 1, Products: 20}), collect(Season{Seed: 1, Products: 20}), collect(Season{Seed: 2, Products: 20})
	if !slices.EqualFunc(a, again, slices.Equal) {
		t.Error("the same seed makes another season")
	}
	if slices.EqualFunc(a, b, slices.Equal) {
		t.Error("two seeds make the same season")
	}
}

// counter is a writer that counts rows and fails after some.
type counter struct {
	rows, most int64
}

var errFull = errors.New("full")

func (c *counter) Write([][]byte) error {
	if c.rows++; c.rows > c.most {
		return errFull
	}
	return nil
}

func (c *counter) Close() error { return nil }

func TestWriteToStopsAtAnError(t *testing.T) {
	w := &counter{most: 100}
	rows, err := Season{Rows: 500}.WriteTo(w)
	if rows != 100 || !errors.Is(err, errFull) || w.rows != 101 {
		t.Errorf("WriteTo = %d, %v after %d rows", rows, err, w.rows)
	}
}

func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	for _, order := range []Order{ByProduct, ByColour, Random} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var rows int64
		var most uint64
		Season{Seed: 1, Rows: 15_000, Order: order}.Each(func([][]byte) bool {
			if rows++; rows%5000 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&after)
				most = max(most, after.HeapAlloc)
			}
			return true
		})
		if rows != 15_000 || most > before.HeapAlloc+1<<20 {
			t.Errorf("order %d: %d rows took %d bytes at once", order, rows, most-before.HeapAlloc)
		}
	}
}

func TestParseOrder(t *testing.T) {
	for name, want := range map[string]Order{"product": ByProduct, "colour": ByColour, "random": Random} {
		if got, err := ParseOrder(name); err != nil || got != want {
			t.Errorf("ParseOrder(%q) = %v, %v", name, got, err)
		}
	}
	if _, err := ParseOrder("size"); err == nil || !strings.Contains(err.Error(), "colour") {
		t.Errorf("ParseOrder of an unknown order = %v", err)
	}
}

func BenchmarkSeason(b *testing.B) {
	for _, order := range []Order{ByProduct, ByColour, Random} {
		b.Run(fmt.Sprint(order), func(b *testing.B) {
			for b.Loop() {
				if _, err := (Season{Seed: 1, Rows: 10_000, Order: order}).WriteTo(&counter{most: 10_000}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(10_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
