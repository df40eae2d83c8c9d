package fashiontrade

import (
	"strconv"
	"testing"
)

// benchmarkBody is a product of sixteen variants.
func benchmarkBody(b *testing.B) []byte {
	var rows []row
	for i := range 16 {
		rows = append(rows, with(Products.Example[i%3], "barcode", strconv.Itoa(i), "color_or_pattern_name", "Colour "+strconv.Itoa(i),
			"variant_property.length", "10 cm", "image_2", "https://images.example.com/ld-1042-back.jpg"))
	}
	e := encoded(b, Products, rows...)
	if e.Body == nil {
		b.Fatal(listProblems(e))
	}
	b.SetBytes(int64(len(e.Body)))
	b.ReportAllocs()
	return e.Body
}

func BenchmarkDecode(b *testing.B) {
	body := benchmarkBody(b)
	for b.Loop() {
		if _, err := Products.Decode(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCanonical(b *testing.B) {
	body := benchmarkBody(b)
	for b.Loop() {
		if _, err := Products.Canonical(body); err != nil {
			b.Fatal(err)
		}
	}
}
