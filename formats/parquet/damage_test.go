package parquet

import (
	"bytes"
	"testing"
)

func FuzzOpen(f *testing.F) {
	data := sample(f)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Add(write(f, []string{"a", "b"}, [][]string{{"1", "2"}, {"", "3"}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			return
		}
		_, rows, tally, err := readAll(data)
		if err != nil {
			return
		}
		footer, err := readFooterOf(data)
		if err != nil {
			t.Fatalf("a file that was read has no footer: %v", err)
		}
		if footer.rows != int64(len(rows))+tally.Blank {
			t.Fatalf("%d rows and %d blank, and the footer says %d", len(rows), tally.Blank, footer.rows)
		}
	})
}

func readFooterOf(data []byte) (*footer, error) {
	return readFooter(bytes.NewReader(data), int64(len(data)))
}
