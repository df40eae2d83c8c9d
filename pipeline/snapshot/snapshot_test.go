package snapshot_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/snapshot"
)

var columns = []snapshot.Column{{Name: "id"}, {Name: "name"}, {Name: "price", Number: true}, {Name: "seen", ReadOnly: true}}

// table is a made-up export: rows of columns.
type table [][]string

var season = table{{"a", "Dress", "12.50", "x"}, {"a", "=1+1", "-3", ""}, {"b", "Coat", "", ""}, {"c", " Hat ", "7", ""}}

func rowHash(row []string) snapshot.Hash {
	return snapshot.NewRowHasher(columns).Row(func(i int) []byte { return []byte(row[i]) })
}

// write writes a table as a snapshot with its manifest.
func (tab table) write(t testing.TB, path string) snapshot.Manifest {
	t.Helper()
	tab.file(t, path, columns)
	whole := snapshot.NewWhole()
	var entities []snapshot.Entity
	for i, row := range tab {
		if i == 0 || tab[i-1][0] != row[0] {
			entities = append(entities, snapshot.Entity{Key: row[0], Body: sha256.Sum256([]byte(row[0]))})
		}
		entities[len(entities)-1].Rows++
	}
	at := 0
	for i := range entities {
		var sums []snapshot.Hash
		for range entities[i].Rows {
			sums = append(sums, rowHash(tab[at]))
			at++
		}
		entities[i].Cell = snapshot.RowsHash(sums)
		whole.Add(entities[i])
	}
	m := snapshot.Manifest{Resource: "shop/things", Version: "2", Account: "acme", From: time.Unix(1, 0).UTC(), To: time.Unix(2, 0).UTC(), Pages: 1,
		Entities: int64(len(entities)), Rows: int64(len(tab)), Key: []string{"id"}, Columns: columns}
	var err error
	if m.SHA256, m.Size, err = snapshot.Digest(path); err != nil {
		t.Fatal(err)
	}
	m.Catalogue, m.Content = whole.Sums()
	if err := snapshot.Write(path, &m, each(entities)); err != nil {
		t.Fatal(err)
	}
	return m
}

func each(entities []snapshot.Entity) iter.Seq2[snapshot.Entity, error] {
	return func(yield func(snapshot.Entity, error) bool) {
		for _, e := range entities {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// file writes the table alone.
func (tab table) file(t testing.TB, path string, columns []snapshot.Column) {
	t.Helper()
	var list []formats.Column
	for _, column := range columns {
		c := formats.Column{Name: column.Name}
		if column.Number {
			c.Type = formats.Number
		}
		list = append(list, c)
	}
	output, err := feed.Create(path, list, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range tab {
		var cells [][]byte
		for _, cell := range row {
			cells = append(cells, []byte(cell))
		}
		if err := output.Write(cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := output.Close(); err != nil {
		t.Fatal(err)
	}
}

// changed is a copy with one cell set.
func (tab table) changed(row, column int, value string) table {
	copied := make(table, len(tab))
	for i := range tab {
		copied[i] = slices.Clone(tab[i])
	}
	copied[row][column] = value
	return copied
}

func verify(t testing.TB, path string) *snapshot.Verdict {
	t.Helper()
	verdict, err := snapshot.Verify(context.Background(), path, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return verdict
}

func TestVerify(t *testing.T) {
	for _, ending := range []string{".csv", ".xlsx", ".ndjson", ".parquet", ".csv.gz"} {
		for _, test := range []struct {
			name          string
			change        func(path string)
			same, content bool
			lines         []string // parts of what is said
		}{
			{"unaltered", func(string) {}, true, true, nil},
			{"saved anew", func(path string) { season.changed(0, 2, "12.5").file(t, path, columns) }, false, true, nil},
			{"in another order", func(path string) {
				table{season[3], season[1], season[2], season[0]}.file(t, path, columns)
			}, false, true, []string{"SHA-256", "saved anew"}},
			{"a cell", func(path string) { season.changed(1, 1, "=1+2").file(t, path, columns) }, false, false, []string{"1 altered: a"}},
			{"a read-only cell", func(path string) { season.changed(0, 3, "y").file(t, path, columns) }, false, false, []string{"1 altered: a"}},
			{"a row less", func(path string) { slices.Concat(season[:1], season[2:]).file(t, path, columns) }, false, false,
				[]string{"3 rows, the manifest 4", "1 altered: a"}},
			{"a row twice", func(path string) { slices.Concat(season, season[:1]).file(t, path, columns) }, false, false,
				[]string{"5 rows", "1 altered: a"}},
			{"entities gone and new", func(path string) { slices.Concat(season[:2], season[3:], table{{"d", "New"}}).file(t, path, columns) }, false, false,
				[]string{"1 missing: b", "1 not in the manifest: d"}},
			{"a key renamed", func(path string) { season.changed(2, 0, "B").file(t, path, columns) }, false, false,
				[]string{"1 missing: b", "1 not in the manifest: B"}},
		} {
			t.Run(ending+" "+test.name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "c"+ending)
				manifest := season.write(t, path)
				test.change(path)
				v := verify(t, path)
				if test.name == "saved anew" {
					test.same = v.SHA256 == manifest.SHA256 // Parquet and NDJSON keep the zero, others may not
				}
				if v.Same() != test.same || v.SameContent() != test.content {
					t.Errorf("same %v, content %v, want %v and %v: %q", v.Same(), v.SameContent(), test.same, test.content, v.Lines())
				}
				for _, line := range test.lines {
					if !strings.Contains(strings.Join(v.Lines(), "\n"), line) {
						t.Errorf("said %q, want %q", v.Lines(), line)
					}
				}
				if diff := cmp.Diff(manifest.Catalogue, v.Manifest.Catalogue); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestVerifyColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.csv")
	season.write(t, path)
	table{{"a", "Dress", "12.50"}}.file(t, path, []snapshot.Column{{Name: "id"}, {Name: "name"}, {Name: "cost"}})
	v := verify(t, path)
	if !slices.Equal(v.Lacking, []string{"price", "seen"}) || !slices.Equal(v.Strange, []string{"cost"}) || v.SameContent() {
		t.Errorf("lacking %q, strange %q, same content %v", v.Lacking, v.Strange, v.SameContent())
	}
}

func TestVerifyDamage(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(t *testing.T, path string)
		want   string
	}{
		{"file cut", func(t *testing.T, path string) { edit(t, path, func(b []byte) []byte { return b[:len(b)-30] }) }, ""},
		{"no file of that kind", func(t *testing.T, path string) { edit(t, path, func([]byte) []byte { return []byte("%PDF-") }) }, "PDF"},
		{"hash in the manifest", func(t *testing.T, path string) {
			edit(t, snapshot.ManifestPath(path), func(b []byte) []byte { return bytes.Replace(b, []byte(`["b",1,"`), []byte(`["b",1,"00`), 1) })
		}, "damaged"},
		{"key in the manifest", func(t *testing.T, path string) {
			edit(t, snapshot.ManifestPath(path), func(b []byte) []byte { return bytes.Replace(b, []byte(`["b",`), []byte(`["d",`), 1) })
		}, "stands behind"},
		{"an entity less in the manifest", func(t *testing.T, path string) {
			edit(t, snapshot.ManifestPath(path), func(b []byte) []byte {
				from, to := bytes.Index(b, []byte(`["b"`)), bytes.Index(b, []byte(`["c"`))
				return append(b[:from:from], b[to:]...)
			})
		}, "lists 2 entities"},
		{"manifest cut", func(t *testing.T, path string) {
			edit(t, snapshot.ManifestPath(path), func(b []byte) []byte { return b[:len(b)-10] })
		}, "damaged"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.xlsx")
			season.write(t, path)
			test.change(t, path)
			v := verify(t, path)
			if v.Damage == nil || !strings.Contains(v.Damage.Error(), test.want) || v.SameContent() {
				t.Errorf("damage %v, want %q", v.Damage, test.want)
			}
		})
	}
}

func edit(t *testing.T, path string, change func([]byte) []byte) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, change(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyWithoutSnapshot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.csv")
	if _, err := snapshot.Verify(context.Background(), path, ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	season.write(t, path)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := snapshot.Verify(ctx, path, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestCheckFeed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.csv")
	if err := snapshot.CheckFeed(path, [32]byte{}, 5); err != nil {
		t.Errorf("without a manifest: %v", err)
	}
	m := season.write(t, path)
	for _, test := range []struct {
		digest snapshot.Hash
		rows   int64
		want   string
	}{
		{m.SHA256, 4, ""},
		{m.SHA256, -1, ""},
		{m.SHA256, 3, "it has 3 rows, and had 4"},
		{snapshot.Hash{}, 4, "SHA-256"},
		{snapshot.Hash{}, -1, "SHA-256"},
	} {
		err := snapshot.CheckFeed(path, test.digest, test.rows)
		var altered *snapshot.AlteredError
		if errors.As(err, &altered) != (test.want != "") || altered != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("CheckFeed(%v, %d) = %v, want %q", test.digest, test.rows, err, test.want)
		}
	}
	edit(t, snapshot.ManifestPath(path), func([]byte) []byte { return []byte("{}") })
	var damaged *snapshot.ManifestError
	if err := snapshot.CheckFeed(path, m.SHA256, 4); !errors.As(err, &damaged) {
		t.Errorf("with a damaged manifest: %v", err)
	}
}

// TestManifestIsReadBack writes manifests with any keys and reads them.
func TestManifestIsReadBack(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfDistinct(rapid.String(), rapid.ID[string]).Draw(t, "keys")
		for i := range keys {
			keys[i] = strings.ToValidUTF8(keys[i], "?")
		}
		slices.Sort(keys)
		whole := snapshot.NewWhole()
		var want []snapshot.Entity
		m := snapshot.Manifest{Format: 1, File: "x", Key: []string{"id"}, Columns: columns}
		for i, key := range slices.Compact(keys) {
			e := snapshot.Entity{Key: key, Rows: int64(i), Body: sha256.Sum256([]byte(key)), Cell: sha256.Sum256([]byte{byte(i)})}
			want = append(want, e)
			whole.Add(e)
			m.Rows += e.Rows
		}
		m.Entities = int64(len(want))
		m.Catalogue, m.Content = whole.Sums()
		path := filepath.Join(dir, "x")
		if err := snapshot.Write(path, &m, each(want)); err != nil {
			t.Fatal(err)
		}
		r, err := snapshot.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if diff := cmp.Diff(m, r.Manifest); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		var got []snapshot.Entity
		for e, err := range r.Hashes() {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
	})
}

func FuzzManifest(f *testing.F) {
	dir := f.TempDir()
	path := filepath.Join(dir, "c.csv")
	season.write(f, path)
	content, err := os.ReadFile(snapshot.ManifestPath(path))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte(`{"snapshot":1,"key":["id"],"hashes":[["a",1]]}`))
	f.Add([]byte(`{"snapshot":1,"key":[],"hashes":[]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "c.csv")
		if err := os.WriteFile(snapshot.ManifestPath(path), text, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := snapshot.Open(path)
		var damaged *snapshot.ManifestError
		if err != nil {
			if !errors.As(err, &damaged) {
				t.Fatalf("error %v", err)
			}
			return
		}
		defer r.Close()
		last, count := "", int64(0)
		for e, err := range r.Hashes() {
			if err != nil {
				if !errors.As(err, &damaged) {
					t.Fatalf("error %v", err)
				}
				return
			}
			if count > 0 && e.Key <= last {
				t.Fatalf("%q behind %q", e.Key, last)
			}
			last = e.Key
			count++
		}
		if count != r.Entities {
			t.Fatalf("%d entities, the head says %d", count, r.Entities)
		}
	})
}

// TestRowHash tells rows apart by what they show, and by nothing else.
func TestRowHash(t *testing.T) {
	hash := func(names []snapshot.Column, row ...string) snapshot.Hash {
		return snapshot.NewRowHasher(names).Row(func(i int) []byte { return []byte(row[i]) })
	}
	base := hash(columns, "a", "x", "12.5", "")
	for _, test := range []struct {
		name  string
		other snapshot.Hash
		same  bool
	}{
		{"other order of columns", hash([]snapshot.Column{columns[3], columns[2], columns[1], columns[0]}, "", "12.5", "x", "a"), true},
		{"no empty column", hash(columns[:3], "a", "x", "12.5"), true},
		{"blanks", hash(columns, " a", "x\u00a0", "12.5", " "), true},
		{"a number's spelling", hash(columns, "a", "x", "+012.500", ""), true},
		{"another number", hash(columns, "a", "x", "-12.5", ""), false},
		{"another text", hash(columns, "a", "X", "12.5", ""), false},
		{"another column", hash(columns, "a", "", "12.5", "x"), false},
		{"a shifted border", hash(columns, "ax", "", "12.5", ""), false},
	} {
		if (base == test.other) != test.same {
			t.Errorf("%s: same %v, want %v", test.name, base == test.other, test.same)
		}
	}
	for _, pair := range [][2]string{{"0", "-0.00"}, {"0.5", "0.50"}, {"-0.5", "-00.5"}, {"100", "100.0"}, {"1e5", "1e5"}} {
		if hash(columns[2:3], pair[0]) != hash(columns[2:3], pair[1]) {
			t.Errorf("%s is not %s", pair[0], pair[1])
		}
	}
	if hash(columns[2:3], "1") == hash(columns[2:3], "10") || hash(columns[:1], "1.0") == hash(columns[:1], "1") {
		t.Error("different values have one hash")
	}
}
