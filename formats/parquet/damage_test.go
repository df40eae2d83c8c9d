package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/cost"
)

func FuzzOpen(f *testing.F) {
	data := sample(f, 5) // small, for the time that making inputs smaller takes
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("PAR1\x00\x00\x00\x00PAR1"))
	f.Add(write(f, []string{"a", "b"}, [][]string{{"1", "2"}, {"", "3"}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		var rows [][]string
		var tally formats.Tally
		var err error
		cost.Check(t, func() { _, rows, tally, err = readAll(data) })
		if errors.Is(err, errOrder) {
			t.Fatal(err)
		}
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

// FuzzValues decodes bytes as values, without the checksums that keep damaged pages from the decoders.
func FuzzValues(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 'a', 'b', 'c'}, int32(encodingPlain), int32(physicalBytes), uint16(1))
	f.Add([]byte{128, 1, 4, 2, 2, 2, 0, 0, 0, 0}, int32(encodingDeltaBinary), int32(physicalInt32), uint16(2))
	f.Add([]byte{128, 1, 4, 1, 6, 'a', 'b', 'c'}, int32(encodingDeltaLengthBytes), int32(physicalBytes), uint16(1))
	f.Add([]byte{128, 1, 4, 1, 0, 128, 1, 4, 1, 6, 'a', 'b', 'c'}, int32(encodingDeltaBytes), int32(physicalBytes), uint16(1))
	f.Add([]byte{2, 0, 0, 0, 8, 1}, int32(encodingRLE), int32(physicalBoolean), uint16(4))
	f.Add(make([]byte, 16), int32(encodingByteStreamSplit), int32(physicalDouble), uint16(2))
	f.Fuzz(func(t *testing.T, data []byte, encoding, physical int32, n uint16) {
		column := field{physical: physical}
		if err := column.describe(&element{physical: physical, length: 16, converted: -1}); err != nil {
			return
		}
		var memory scratch
		var v values
		var err error
		cost.Check(t, func() { v, err = memory.decode(&column, encoding, data, int(n)) })
		if err != nil {
			return
		}
		if v.count != int(n) {
			t.Fatalf("decoded %d values of %d", v.count, n)
		}
		total := 0
		for i := range v.count {
			if total += len(v.at(i)); column.width > 0 && len(v.at(i)) != column.width {
				t.Fatalf("value %d has %d bytes", i, len(v.at(i)))
			}
		}
		if total > maxPage {
			t.Fatalf("%d bytes came out of %d", total, len(data))
		}
	})
}

// FuzzRuns decodes bytes as levels and places in a dictionary.
func FuzzRuns(f *testing.F) {
	f.Add([]byte{16, 1}, uint8(1), uint16(8))
	f.Add([]byte{3, 0b10101010}, uint8(1), uint16(7))
	f.Add([]byte{8, 0xff, 0xff, 0xff, 0xff, 3, 1, 2, 3, 4, 5, 6, 7, 8}, uint8(32), uint16(5))
	f.Fuzz(func(t *testing.T, data []byte, width uint8, n uint16) {
		if width > 32 {
			return
		}
		var numbers []uint32
		var err error
		cost.Check(t, func() { numbers, err = appendRuns([]uint32(nil), data, uint(width), int(n)) })
		if err == nil && len(numbers) != int(n) {
			t.Fatalf("decoded %d numbers of %d", len(numbers), n)
		}
		for _, number := range numbers {
			if uint64(number)>>width != 0 {
				t.Fatalf("%d has over %d bits", number, width)
			}
		}
		comparePieces(t, numbers, err, data, uint(width), int(n))
	})
}

// comparePieces wants the same numbers, and the same error, of runs that are decoded bit by bit.
func comparePieces(t interface{ Fatalf(string, ...any) }, want []uint32, wantErr error, data []byte, width uint, n int) {
	r := runs{thrift: thrift{rest: data}, width: width, left: n}
	var got []uint32
	var err error
	for step := 1; err == nil && r.left > 0; step = step%13 + 3 {
		got, err = appendNext(got, &r, min(step, r.left))
	}
	if fmt.Sprint(err) != fmt.Sprint(wantErr) || !slices.Equal(got, want) {
		t.Fatalf("in pieces %d numbers and %v, want %d and %v", len(got), err, len(want), wantErr)
	}
}

func TestRunsInPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.OneOf(rapid.ByteRange(0, 20), rapid.Byte()), 0, 300).Draw(t, "data")
		width, n := rapid.IntRange(0, 32).Draw(t, "width"), rapid.IntRange(0, 400).Draw(t, "n")
		numbers, err := appendRuns([]uint32(nil), data, uint(width), n)
		comparePieces(t, numbers, err, data, uint(width), n)
	})
}

func TestPagesUnpackToWhatTheyClaimOrAreRefused(t *testing.T) {
	codecs := map[int32]compress.Codec{
		codecSnappy: &parquetgo.Snappy, codecGzip: &parquetgo.Gzip, codecBrotli: &parquetgo.Brotli,
		codecZstd: &parquetgo.Zstd, codecLZ4Raw: &parquetgo.Lz4Raw,
	}
	plains := map[string][]byte{
		"text":          bytes.Repeat([]byte("a season's feed, "), 300),
		"all the same":  make([]byte, 1<<20), // so small when packed that its size is doubted
		"a single byte": {7},
	}
	for number, codec := range codecs {
		for name, plain := range plains {
			t.Run(fmt.Sprintf("codec %d, %s", number, name), func(t *testing.T) {
				packed, err := codec.Encode(nil, plain)
				if err != nil {
					t.Fatal(err)
				}
				source := &pageSource{packed: packed}
				defer source.close()
				for _, off := range []int{0, -1, 1, 1000, maxPage - len(plain)} {
					got, err := source.unpack(number, nil, len(plain)+off)
					switch {
					case off == 0 && (err != nil || !bytes.Equal(got, plain)):
						t.Errorf("unpacked to %d bytes, %v; want %d", len(got), err, len(plain))
					case off != 0 && err == nil:
						t.Errorf("taken as %d bytes, and it has %d", len(plain)+off, len(plain))
					}
				}
				if number == codecBrotli {
					return // its library does not miss an end mark when all bytes are there
				}
				source.packed = packed[:len(packed)-1]
				if _, err := source.unpack(number, nil, len(plain)); err == nil {
					t.Error("taken without its last byte")
				}
			})
		}
	}
}
