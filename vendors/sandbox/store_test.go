package sandbox

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// held is what a store is expected to hold, in the order of creation.
type held struct {
	id      string
	version int
	applied int64
	body    string
}

func contents(t interface{ Fatalf(string, ...any) }, s *store) []held {
	var all []held
	s.each(func(e entry) { all = append(all, held{e.id, e.version, e.applied, ""}) })
	entities, _, more, err := s.page(0, -1)
	if err != nil || more || len(entities) != len(all) {
		t.Fatalf("page(0, -1) = %d entities, more %v, %v, want all %d", len(entities), more, err, len(all))
	}
	for i, entity := range entities {
		all[i].body = string(entity.body)
		if entity.id != all[i].id {
			t.Fatalf("page and each differ at %d: %q and %q", i, entity.id, all[i].id)
		}
	}
	return all
}

// TestStoreKeepsWhatItIsGiven does anything to a store, in memory or on disk, closing and opening it
// between, and compares it with a plain list.
func TestStoreKeepsWhatItIsGiven(t *testing.T) {
	parent := t.TempDir()
	run := 0
	rapid.Check(t, func(rt *rapid.T) {
		run++
		dir := ""
		if rapid.Bool().Draw(rt, "on disk") {
			dir = filepath.Join(parent, fmt.Sprint(run))
			if err := os.Mkdir(dir, 0o700); err != nil {
				rt.Fatal(err)
			}
		}
		s := reopened(rt, dir)
		defer func() { s.close() }()
		var want []held
		find := func(id string) int { return slices.IndexFunc(want, func(h held) bool { return h.id == id }) }
		id := rapid.SampledFrom([]string{"a", "b", `,"body":`, "ü\n", "<&>", "f", "g", "h"})
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				h := held{id.Draw(rt, "id"), rapid.IntRange(1, 2).Draw(rt, "version"), 1, `{"n":` + fmt.Sprint(rapid.Int().Draw(rt, "n")) + `}`}
				onlyNew := rapid.Bool().Draw(rt, "only new")
				created, err := s.put(h.id, h.version, []byte(h.body), onlyNew)
				at := find(h.id)
				if created != (at < 0) || errors.Is(err, errExists) != (onlyNew && at >= 0) {
					rt.Fatalf("put(%q) = %v, %v with %v", h.id, created, err, want)
				}
				switch {
				case at < 0:
					want = append(want, h)
				case !onlyNew:
					h.applied = want[at].applied + 1
					want[at] = h
				}
			},
			"delete": func(rt *rapid.T) {
				name := id.Draw(rt, "id")
				ok, err := s.delete(name)
				at := find(name)
				if ok != (at >= 0) || err != nil {
					rt.Fatalf("delete(%q) = %v, %v with %v", name, ok, err, want)
				}
				if ok {
					want = slices.Delete(want, at, at+1)
				}
			},
			"clear": func(rt *rapid.T) {
				if rapid.IntRange(0, 9).Draw(rt, "really") > 0 {
					return
				}
				if err := s.clear(); err != nil {
					rt.Fatal(err)
				}
				want = nil
			},
			"compact": func(rt *rapid.T) {
				if dir != "" {
					if err := s.compact(); err != nil {
						rt.Fatal(err)
					}
				}
			},
			"reopen": func(rt *rapid.T) {
				if dir == "" {
					return
				}
				next := s.next
				if err := s.close(); err != nil {
					rt.Fatal(err)
				}
				if s = reopened(rt, dir); s.next > next {
					rt.Fatalf("next place %d after opening again, was %d", s.next, next)
				}
			},
			"": func(rt *rapid.T) {
				if got := contents(rt, s); !slices.Equal(got, want) {
					rt.Fatalf("the store holds %v, want %v", got, want)
				}
				newest := 0
				for _, h := range want {
					newest = max(newest, h.version)
				}
				if got := s.newest(); got != newest {
					rt.Fatalf("newest() = %d, want %d", got, newest)
				}
				if info, err := os.Stat(s.path); dir != "" && (err != nil || info.Size() != s.size) {
					rt.Fatalf("the log has %v bytes, %v, want %d", info, err, s.size)
				}
			},
		})
	})
}

func reopened(t interface{ Fatal(...any) }, dir string) *store {
	s, err := openStore(dir, "fashiontrade/products")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestTornLog cuts the log at every byte, as a killed process may leave it: each put whose line is
// whole is there, and the store goes on.
func TestTornLog(t *testing.T) {
	dir := t.TempDir()
	s := reopened(t, dir)
	ends := []int64{s.size}
	for i := range 2 {
		if _, err := s.put(fmt.Sprint("p", i), 2, []byte(`{"n":1}`), false); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, s.size)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range whole {
		if err := os.WriteFile(s.path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := reopened(t, dir)
		want := 0
		for _, end := range ends[1:] {
			if int64(cut) >= end {
				want++
			}
		}
		if got := len(contents(t, s)); got != want {
			t.Fatalf("cut at %d: %d entities, want %d", cut, got, want)
		}
		if _, err := s.put("again", 2, []byte(`{}`), true); err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		s.close()
		s = reopened(t, dir)
		if got := len(contents(t, s)); got != want+1 {
			t.Fatalf("cut at %d, put and opened again: %d entities, want %d", cut, got, want+1)
		}
		s.close()
	}
}

// TestDamagedLog changes whole lines: nothing is read from such a log, and the line is named.
func TestDamagedLog(t *testing.T) {
	hash := func(body string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(body))) }
	head := `{"log":"fashiontrade/products","format":1,"next":0}` + "\n"
	put := func(id string, place int, body string) string {
		return fmt.Sprintf(`{"put":%q,"place":%d,"version":2,"applied":1,"hash":%q,"body":%s}`+"\n", id, place, hash(body), body)
	}
	for _, c := range []struct{ name, log, want string }{
		{"another resource's", `{"log":"faire/products","format":1,"next":0}` + "\n", ":1: this is not a log of fashiontrade/products"},
		{"a later format", `{"log":"fashiontrade/products","format":2,"next":0}` + "\n", ":1: this is not a log"},
		{"something else", "hello\n", ":1: this is not a log"},
		{"a body changed", head + strings.Replace(put("a", 0, `{"n":1}`), `{"n":1}`, `{"n":2}`, 1), ":2: the line is damaged: the body"},
		{"a line of noise", head + put("a", 0, "{}") + "\x00\x00\x00\n", ":3: the line is damaged"},
		{"an empty line", head + "\n", ":2: the line is damaged"},
		{"an unknown change", head + `{"drop":"a"}` + "\n", ":2: the line is damaged: it changes nothing"},
		{"deletes what is not there", head + `{"delete":"a"}` + "\n", "it changes nothing"},
		{"out of order", head + put("a", 1, "{}") + put("b", 0, "{}"), ":3: the line is damaged: it stands in the wrong order"},
		{"moved", head + put("a", 0, "{}") + put("a", 1, "{}"), "wrong order"},
		{"without body", head + `{"put":"a"}` + "\n", ":2: the line is damaged"},
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, "fashiontrade-products.jsonl")
		if err := os.WriteFile(path, []byte(c.log), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openStore(dir, "fashiontrade/products"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want an error with %q and the path", c.name, err, c.want)
		}
		if left, err := os.ReadFile(path); err != nil || string(left) != c.log {
			t.Errorf("%s: the log was changed to %q, %v", c.name, left, err)
		}
	}
}

// TestCompactsByItself replaces a few entities many times: the log stays within twice what counts.
func TestCompactsByItself(t *testing.T) {
	s := reopened(t, t.TempDir())
	defer s.close()
	body := []byte(`"` + strings.Repeat("x", 10_000) + `"`)
	for i := range 1000 {
		if _, err := s.put(fmt.Sprint(i%100), 2, body, false); err != nil {
			t.Fatal(err)
		}
		if most := max(2*s.live, compactFrom) + int64(len(body)) + 500; s.size > most {
			t.Fatalf("after %d puts the log has %d bytes for %d that count", i+1, s.size, s.live)
		}
	}
	for _, h := range contents(t, s) {
		if h.applied != 10 || h.body != string(body) {
			t.Fatalf("%q was applied %d times, want 10, and its body must be as it was put", h.id, h.applied)
		}
	}
}

func TestBodiesWithLineBreaks(t *testing.T) {
	dir := t.TempDir()
	s := reopened(t, dir)
	if _, err := s.put("a", 2, []byte("{\r\n \"a\": \"b\\nc  d\" }\n"), false); err != nil {
		t.Fatal(err)
	}
	s.close()
	s = reopened(t, dir)
	defer s.close()
	if got, _, err := s.get("a"); err != nil || !bytes.Equal(got.body, []byte(`{"a":"b\nc  d"}`)) {
		t.Errorf("get = %s, %v, want the body on one line", got.body, err)
	}
}
