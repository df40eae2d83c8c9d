package account_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"bulkload/pipeline/account"
)

// fill makes a history whose tree is three levels deep, and a run that is not in it yet.
func fill(t testing.TB) (d *account.Dir, history []byte) {
	t.Helper()
	d = open(t, quickDir(t))
	bigRun(t, d, "cut", monday, 200, false)
	bigRun(t, d, "over", monday, 6000, true)
	check(t, d.Fold(context.Background(), quick{}))
	history, err := os.ReadFile(d.Path("history.db"))
	check(t, err)
	bigRun(t, d, "next", monday.AddDate(0, 0, 1), 300, false)
	return d, history
}

// use looks up and writes. What is found must be right, whatever the file is like.
func use(t testing.TB, d *account.Dir) (errs []error) {
	t.Helper()
	h, err := d.History()
	if err == nil {
		for n := 0; n < 6000; n += 31 {
			key := bigKey(n)
			e, found, err := h.Last(target, key)
			if errs = append(errs, err); found && (err != nil || e.ID != "vendor-"+key) {
				t.Fatalf("%s: %+v, %v", key, e, err)
			}
			_, _, err = h.InRun("cut", target, key)
			errs = append(errs, err)
		}
		err = h.Close()
	}
	return append(errs, err, d.Fold(context.Background(), quick{}))
}

func damagedErrors(t testing.TB, errs []error) (damaged int) {
	t.Helper()
	for _, err := range errs {
		var damage *account.DamagedError
		switch {
		case err == nil:
		case !errors.As(err, &damage):
			t.Fatalf("%v, want a DamagedError", err)
		case !strings.HasSuffix(strings.TrimSuffix(damage.Path, ".tmp"), "history.db") || !strings.Contains(err.Error(), damage.Path) || !strings.Contains(err.Error(), "anew"):
			t.Fatalf("%v, want the path and the way out", err)
		default:
			damaged++
		}
	}
	return damaged
}

func TestDamagedHistory(t *testing.T) {
	d, whole := fill(t)
	page := os.Getpagesize()
	foreign := func() []byte {
		other := d.Path("other.db")
		db, err := bbolt.Open(other, 0o600, nil)
		check(t, err)
		check(t, db.Update(func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("entities"))
			return err
		}))
		check(t, db.Close())
		b, err := os.ReadFile(other)
		check(t, err)
		return b
	}()
	newer := bytes.Replace(whole, []byte("bulkload history1"), []byte("bulkload history2"), -1)
	branch, free := places(t, whole)
	loop := bytes.Clone(whole) // the first child of a branch is the branch
	binary.NativeEndian.PutUint64(loop[branch*page+16+8:], uint64(branch))
	many := bytes.Clone(whole) // the list of free pages has more of them than a machine has memory
	binary.NativeEndian.PutUint16(many[free*page+10:], 0xFFFF)
	binary.NativeEndian.PutUint64(many[free*page+16:], 1<<50)
	tests := map[string][]byte{
		"empty": nil, "text": []byte("not a database\n"), "zeros": make([]byte, len(whole)), "cut in half": whole[:len(whole)/2],
		"cut by a page": whole[:2*page], "another program's": foreign, "a newer program's": newer, "a branch into itself": loop,
		"a list of free pages that is too long": many, "without its ends": append(whole[:page*3:page*3], make([]byte, len(whole)-3*page)...),
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			put(t, d, content)
			if damagedErrors(t, use(t, d)) == 0 {
				t.Error("nothing was said")
			}
			if n := len(files(t, d)); n != 2 {
				t.Errorf("%d notes are left, want 2", n)
			}
		})
	}
	check(t, d.Rebuild(context.Background(), slices.Values([]string{d.Path("over.journal"), d.Path("cut.journal")})))
	if n := damagedErrors(t, use(t, d)); n > 0 {
		t.Errorf("%d errors after it was made anew", n)
	}
	for _, key := range []string{bigKey(0), bigKey(5999)} {
		if e, found := look(t, d, key); !found || e.ID != "vendor-"+key {
			t.Errorf("%s after it was made anew: %v, %+v", key, found, e)
		}
	}
}

// places returns the pages of the root of the largest tree, and of the list of free pages.
func places(t testing.TB, history []byte) (branch, free int) {
	t.Helper()
	path := t.TempDir() + "/history.db"
	check(t, os.WriteFile(path, history, 0o600))
	db, err := bbolt.Open(path, 0o600, nil)
	check(t, err)
	check(t, db.View(func(tx *bbolt.Tx) error {
		branch = int(tx.Bucket([]byte("entities")).Root())
		info, err := tx.Page(branch)
		if err == nil && info.Type != "branch" {
			t.Fatalf("the root is a %s", info.Type)
		}
		return err
	}))
	check(t, db.Close())
	size := os.Getpagesize()
	metas := [2][]byte{history[16:], history[size+16:]}
	newer := 0
	if binary.NativeEndian.Uint64(metas[1][48:]) > binary.NativeEndian.Uint64(metas[0][48:]) {
		newer = 1
	}
	return branch, int(binary.NativeEndian.Uint64(metas[newer][32:]))
}

// put replaces the history, with a file of its own.
func put(t testing.TB, d *account.Dir, content []byte) {
	t.Helper()
	check(t, os.WriteFile(d.Path("new"), content, 0o600))
	check(t, os.Rename(d.Path("new"), d.Path("history.db")))
}

// FuzzDamage changes a whole history somewhere: what is found is right, and nothing panics, hangs or
// eats memory.
func FuzzDamage(f *testing.F) {
	d, whole := fill(f)
	notes := make(map[string][]byte)
	for _, path := range files(f, d) {
		text, err := os.ReadFile(path)
		check(f, err)
		notes[path] = text
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 20 {
		bytes := make([]byte, 1+random.IntN(8))
		for j := range bytes {
			bytes[j] = byte(random.IntN(4)) // small numbers are often right where they are wrong
		}
		offset := random.IntN(len(whole))
		if i%2 == 0 {
			offset = offset&^(os.Getpagesize()-1) + random.IntN(64) // heads of pages
		}
		f.Add(uint32(offset), bytes, uint32(len(whole)))
	}
	f.Add(uint32(0), []byte{}, uint32(9000))
	f.Fuzz(func(t *testing.T, offset uint32, change []byte, length uint32) {
		damaged := bytes.Clone(whole)
		copy(damaged[int(offset)%len(damaged):], change)
		put(t, d, damaged[:min(int(length), len(damaged))])
		for path, text := range notes {
			check(t, os.WriteFile(path, text, 0o600))
		}
		damagedErrors(t, use(t, d))
	})
}
