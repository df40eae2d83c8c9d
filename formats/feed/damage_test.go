package feed

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
)

// long asks for every percent and a thousand flips instead of a sample.
func long() bool { return os.Getenv("BULKLOAD_LONG") == "1" }

func sampled(whole, sample int) int {
	if long() {
		return whole
	}
	return sample
}

// noisyFeed does not compress to a few bytes. Its cells are quoted now and then.
func noisyFeed(rows int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	text.WriteString("sku,name\n")
	for i := range rows {
		if i%5 == 0 {
			fmt.Fprintf(&text, "\"%x\",\"a \"\"b\"\"\n%x\"\n", random.Uint64(), random.Uint64())
		} else {
			fmt.Fprintf(&text, "%x,%x\n", random.Uint64(), random.Uint64())
		}
	}
	return text.String()
}

func noisyObjects(rows int) string {
	random := rand.New(rand.NewPCG(1, 2))
	var text strings.Builder
	for range rows {
		fmt.Fprintf(&text, "{\"sku\":\"%x\",\"names\":[\"%x\",\"\\u00e9\"]}\n", random.Uint64(), random.Uint64())
	}
	return text.String()
}

// read is what reading a file gave.
type read struct {
	rows    [][]string
	remarks []formats.Remark
	err     error
}

func readFile(path string) read {
	f, err := Open(path, nil, formats.Options{})
	if err != nil {
		return read{err: err}
	}
	defer f.Close()
	r, err := f.Read(context.Background())
	if err != nil {
		return read{err: err}
	}
	rows, err := rowsOf(r)
	return read{rows: rows, remarks: r.Tally().Remarks, err: err}
}

// refused reports whether the file was refused as damaged, and by its name.
func (r read) refused(path string) bool {
	var syntax *formats.SyntaxError
	return errors.As(r.err, &syntax) && syntax.File == path
}

// damaged writes the damaged file and reads it, with little memory.
func damaged(t *testing.T, path, text string) read {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := readFile(path)
	runtime.ReadMemStats(&after)
	if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 64<<20 {
		t.Errorf("%s: %d MiB allocated", path, allocated>>20)
	}
	if got.err != nil && !got.refused(path) {
		t.Errorf("%s: %v is no fault of the file", path, got.err)
	}
	return got
}

func flipped(text string, random *rand.Rand) (string, int) {
	at := random.IntN(len(text))
	bytes := []byte(text)
	bytes[at] ^= 1 << random.IntN(8)
	return string(bytes), at
}

// TestDamagedStreams wants of a compressed file, wherever it was cut and whatever bit was flipped,
// the rows of the whole one or a fault.
func TestDamagedStreams(t *testing.T) {
	table, objects := noisyFeed(200), noisyObjects(200)
	for name, whole := range map[string]string{
		"feed.csv.gz": gz(t, table), "feed.csv.zst": zst(t, table),
		"feed.ndjson.gz": gz(t, objects), "feed.ndjson.zst": zst(t, objects),
		"members.csv.gz": gz(t, table[:2000], table[2000:3000], table[3000:]),
	} {
		t.Run(name, func(t *testing.T) {
			path := write(t, name, whole)
			want := readFile(path)
			if want.err != nil || len(want.rows) != 200 {
				t.Fatalf("%d rows, %v", len(want.rows), want.err)
			}
			for i := range sampled(100, 20) {
				cut := len(whole) * i / sampled(100, 20)
				if got := damaged(t, path, whole[:cut]); got.err == nil {
					t.Errorf("cut after %d of %d bytes: %d rows", cut, len(whole), len(got.rows))
				}
			}
			random := rand.New(rand.NewPCG(3, 4))
			for range sampled(1000, 60) {
				text, at := flipped(whole, random)
				if got := damaged(t, path, text); got.err == nil && !cmp.Equal(want.rows, got.rows) {
					t.Errorf("a bit of byte %d flipped makes other rows", at)
				}
			}
		})
	}
}

// TestCutBetweenMembers shows what no reader can notice: gzip members and zstd frames may follow
// each other, and a file that is cut between two of them is a whole file. When the text is cut
// within a row there, the row's missing end is remarked on.
func TestCutBetweenMembers(t *testing.T) {
	table := noisyFeed(100)
	atRow := strings.Index(table[2000:], "\n") + 2001
	for name, compress := range map[string]func(string) string{
		"feed.csv.gz":  func(text string) string { return gz(t, text) },
		"feed.csv.zst": func(text string) string { return zst(t, text) },
	} {
		path := write(t, name, compress(table[:atRow])+compress(table[atRow:]))
		if got := readFile(path); got.err != nil || len(got.rows) != 100 {
			t.Errorf("%s: %d rows, %v", name, len(got.rows), got.err)
		}
		if got := damaged(t, path, compress(table[:atRow])); got.err != nil || len(got.remarks) != 0 || len(got.rows) >= 100 {
			t.Errorf("%s cut at a row: %d rows, %v, %v", name, len(got.rows), got.remarks, got.err)
		}
		if got := damaged(t, path, compress(table[:atRow-3])); got.err == nil && len(got.remarks) != 1 {
			t.Errorf("%s cut in a row: %d rows, %v", name, len(got.rows), got.remarks)
		}
	}
	// Every place within the second member's header is noticed.
	one, two := gz(t, table[:atRow]), gz(t, table[:atRow], "x,y\n")
	for at := len(one) + 1; at < len(two); at++ {
		path := write(t, "feed.csv.gz", two[:at])
		if got := readFile(path); got.err == nil {
			t.Errorf("cut %d bytes after the first member: %d rows", at-len(one), len(got.rows))
		}
	}
}

// TestDamagedText wants a text that is cut within a row to be refused or its last row named. No
// flipped bit may crash, hang or use up memory; it may well make other rows.
func TestDamagedText(t *testing.T) {
	for name, whole := range map[string]string{"feed.csv": noisyFeed(200), "feed.ndjson": noisyObjects(200)} {
		t.Run(name, func(t *testing.T) {
			path := write(t, name, whole)
			want := readFile(path)
			if want.err != nil || len(want.rows) != 200 || len(want.remarks) != 0 {
				t.Fatalf("%d rows, %v, %v", len(want.rows), want.remarks, want.err)
			}
			steps := sampled(100, 20)
			for i := 1; i <= steps; i++ {
				cut := len(whole)*i/steps - 1
				checkCut(t, name, whole[:cut], want, damaged(t, path, whole[:cut]))
			}
			random := rand.New(rand.NewPCG(5, 6))
			for range sampled(1000, 60) {
				text, _ := flipped(whole, random)
				damaged(t, path, text)
			}
		})
	}
}

func checkCut(t *testing.T, name, text string, want, got read) {
	t.Helper()
	ended := strings.HasSuffix(text, "\n")
	named := len(got.remarks) == 1 && strings.Contains(got.remarks[0].Text, "has no line end") && got.remarks[0].Place.Row > 0
	switch {
	case got.err != nil:
		var syntax *formats.SyntaxError
		if !errors.As(got.err, &syntax) || syntax.Place.Line == 0 {
			t.Errorf("%s cut after %d bytes: %v tells no place", name, len(text), got.err)
		}
	case !ended && !named:
		t.Errorf("%s cut after %d bytes: %d rows, remarks %v", name, len(text), len(got.rows), got.remarks)
	default:
		kept := len(got.rows)
		if !ended {
			kept-- // the row that is named
		}
		if kept < 0 || !cmp.Equal(want.rows[:kept], got.rows[:kept]) {
			t.Errorf("%s cut after %d bytes makes other rows", name, len(text))
		}
	}
}
