package spill

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

type pair struct {
	Key  Key
	Data string
}

func read(t interface{ Fatal(...any) }, s *Sorter) []pair {
	var got []pair
	for record, err := range s.Sorted() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, pair{record.Key, string(record.Data)})
	}
	return got
}

func TestSortedKeepsOrderOfEqualKeysOverRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &Sorter{Memory: rapid.IntRange(1, 400).Draw(t, "memory")}
		defer s.Close()
		var want []pair
		keys := rapid.SliceOfN(rapid.Uint64Range(0, 9), 0, 60).Draw(t, "keys")
		for i, key := range keys {
			p := pair{Key{key / 3, key % 3}, string(binary.AppendUvarint(nil, uint64(i)))}
			want = append(want, p)
			if err := s.Add(p.Key, []byte(p.Data)); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b pair) int { return a.Key.Compare(b.Key) })
		for range 2 { // it can be read again
			if diff := gocmp.Diff(want, read(t, s)); diff != "" {
				t.Fatalf("sorted differs (-want +got):\n%s", diff)
			}
		}
		if s.Len() != int64(len(want)) {
			t.Fatalf("Len = %d, want %d", s.Len(), len(want))
		}
	})
}

// TestCompareOrdersEqualKeys sorts by the records' text, equal ones by their order.
func TestCompareOrdersEqualKeys(t *testing.T) {
	text := func(data []byte) string { return string(data[:len(data)-1]) } // the last byte numbers the records
	rapid.Check(t, func(t *rapid.T) {
		s := &Sorter{Memory: rapid.IntRange(1, 400).Draw(t, "memory"), Compare: func(a, b []byte) int {
			return strings.Compare(text(a), text(b))
		}}
		defer s.Close()
		var want []pair
		for i, word := range rapid.SliceOfN(rapid.StringOfN(rapid.SampledFrom([]rune("ab")), 0, 4, -1), 0, 60).Draw(t, "words") {
			p := pair{Key{Low: uint64(i % 2)}, word + string(rune(i))}
			want = append(want, p)
			if err := s.Add(p.Key, []byte(p.Data)); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortStableFunc(want, func(a, b pair) int {
			return cmp.Or(a.Key.Compare(b.Key), strings.Compare(text([]byte(a.Data)), text([]byte(b.Data))))
		})
		if diff := gocmp.Diff(want, read(t, s)); diff != "" {
			t.Fatalf("sorted differs (-want +got):\n%s", diff)
		}
	})
}

func TestStoppingEarly(t *testing.T) {
	s := &Sorter{Memory: 64}
	defer s.Close()
	for i := range 20 {
		if err := s.Add(Key{Low: uint64(20 - i)}, nil); err != nil {
			t.Fatal(err)
		}
	}
	for record, err := range s.Sorted() {
		if err != nil || record.Key.Low != 1 {
			t.Fatalf("first = %v, %v, want key 1", record.Key, err)
		}
		break
	}
}

func TestNoRoomForRun(t *testing.T) {
	s := &Sorter{Memory: 1, Dir: t.TempDir() + "/missing"}
	if err := s.Add(Key{}, []byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(Key{}, []byte("b")); err == nil {
		t.Error("Add into a missing folder gave no error")
	}
}
