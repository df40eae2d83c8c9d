package snapshot

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"iter"
	"slices"
	"strings"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// A Verdict tells in which way a file is not the snapshot that its manifest tells of.
type Verdict struct {
	Manifest Manifest
	SHA256   Hash  // of the file as it is
	Rows     int64 // in the file
	Entities int64 // in the file
	// Lacking and Strange are columns that the file should have and has not, and the other way round.
	Lacking, Strange []string
	Missing          Findings // entities that the manifest lists and the file does not have
	Added            Findings // the other way round
	Altered          Findings // entities whose rows differ
	Damage           error    // the file cannot be read to its end, or the manifest is damaged; nil: neither
}

// Findings counts entities and names the first of them.
type Findings struct {
	Count int64
	Keys  []string // at most mostNamed
}

const mostNamed = 1000

func (f *Findings) add(key string) {
	if f.Count++; len(f.Keys) < mostNamed {
		f.Keys = append(f.Keys, strings.Clone(key))
	}
}

// Same reports whether the file is the snapshot, byte by byte.
func (v *Verdict) Same() bool {
	return v.Damage == nil && v.SHA256 == v.Manifest.SHA256 && v.SameContent()
}

// SameContent reports whether the file shows what the snapshot showed, though perhaps in other bytes:
// a spreadsheet that saves a workbook writes other bytes for the same cells.
func (v *Verdict) SameContent() bool {
	return v.Damage == nil && len(v.Lacking) == 0 && len(v.Strange) == 0 && v.Rows == v.Manifest.Rows &&
		v.Missing.Count+v.Added.Count+v.Altered.Count == 0
}

// Verify compares a snapshot's file with its manifest: its bytes, its columns, its rows, and each
// entity's rows. Memory does not grow with the file. The error says that there is no such snapshot;
// what is wrong with one is in the verdict.
func Verify(ctx context.Context, path, tempDir string) (*Verdict, error) {
	manifest, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer manifest.Close()
	v := &Verdict{Manifest: manifest.Manifest}
	c := &checking{Verdict: v, rows: newSorter(tempDir)}
	defer c.rows.Close()
	switch err := c.read(ctx, path); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil && !unreadable(err):
		return nil, err
	case err != nil:
		v.Damage = err
		return v, nil
	}
	if err := c.compare(manifest); err != nil {
		if _, damaged := errors.AsType[*ManifestError](err); !damaged {
			return nil, err
		}
		v.Damage = err
	}
	return v, nil
}

// unreadable reports whether an error is about what is in the file.
func unreadable(err error) bool {
	_, syntax := errors.AsType[*formats.SyntaxError](err)
	return syntax || errors.Is(err, feed.ErrChanged)
}

// checking gathers the file's rows, each as its key and its hash.
type checking struct {
	*Verdict
	rows    *spill.Sorter
	hasher  *RowHasher
	columns []int // of the manifest's columns in the file
	key     []int // and of those that name an entity
	scratch []byte
}

func (c *checking) read(ctx context.Context, path string) error {
	var err error
	if c.SHA256, _, err = Digest(path); err != nil {
		return err
	}
	if c.SHA256 == c.Manifest.SHA256 && c.Manifest.Rows == 0 {
		return nil // NDJSON of nothing is empty, and so not a feed
	}
	f, err := feed.Open(path, nil, formats.Options{})
	if err != nil {
		return err
	}
	defer f.Close()
	c.hasher = NewRowHasher(c.Manifest.Columns)
	if err := readRows(ctx, f, c.header, c.row); err != nil {
		return err
	}
	if f.Format == "ndjson" { // which does not name the columns without values
		c.Lacking = nil
	}
	return nil
}

// header finds the manifest's columns in the file.
func (c *checking) header(header *formats.Header) error {
	names := make([]string, len(c.Manifest.Columns))
	for i, column := range c.Manifest.Columns {
		names[i] = column.Name
	}
	c.columns, c.key = indices(header, names), indices(header, c.Manifest.Key)
	c.Lacking, c.Strange = nil, nil
	for i, at := range c.columns {
		if at < 0 {
			c.Lacking = append(c.Lacking, names[i])
		}
	}
	for _, name := range header.Names {
		if !slices.Contains(names, name) {
			c.Strange = append(c.Strange, name)
		}
	}
	return nil
}

func (c *checking) row(row formats.Row) error {
	c.Rows++
	key := keyOf(row, c.key)
	sum := c.hasher.Row(func(column int) []byte { return cellOf(row, c.columns[column]) })
	c.scratch = append(appendText(c.scratch[:0], key), sum[:]...)
	return c.rows.Add(orderKey(key), c.scratch)
}

// keyOf is what names the entity of a row, blanks included: the vendor may tell keys apart by them.
func keyOf(row formats.Row, columns []int) string {
	key := string(cellOf(row, columns[0]))
	if len(columns) > 1 {
		key = vendors.PartKey(key, string(cellOf(row, columns[1])))
	}
	return key
}

// found is an entity of the file.
type found struct {
	key  string
	rows int64
	hash Hash
}

// entities makes the entities out of the sorted rows.
func (c *checking) entities() iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		var current found
		var rows hash.Hash
		flush := func() bool {
			if rows == nil {
				return true
			}
			current.hash = Hash(rows.Sum(nil))
			return yield(current, nil)
		}
		for record, err := range c.rows.Sorted() {
			if err != nil {
				yield(found{}, err)
				return
			}
			key, sum := cutText(record.Data)
			if rows == nil || current.key != string(key) {
				if !flush() {
					return
				}
				current, rows = found{key: string(key)}, sha256.New()
			}
			current.rows++
			rows.Write(sum)
		}
		flush()
	}
}

// compare goes through the manifest's entities and the file's, both in the order of their keys.
func (c *checking) compare(manifest *Reader) error {
	next, stop := iter.Pull2(c.entities())
	defer stop()
	have, readErr, more := next()
	advance := func() error {
		if readErr == nil {
			have, readErr, more = next()
		}
		return readErr
	}
	for want, err := range manifest.Hashes() {
		if err != nil {
			return err
		}
		for more && readErr == nil && have.key < want.Key {
			c.Added.add(have.key)
			c.Entities++
			if err := advance(); err != nil {
				return err
			}
		}
		if readErr != nil {
			return readErr
		}
		if !more || have.key != want.Key {
			if want.Rows > 0 {
				c.Missing.add(want.Key)
			}
			continue
		}
		c.Entities++
		if have.rows != want.Rows || have.hash != want.Cell {
			c.Altered.add(want.Key)
		}
		if err := advance(); err != nil {
			return err
		}
	}
	for more && readErr == nil {
		c.Added.add(have.key)
		c.Entities++
		if err := advance(); err != nil {
			return err
		}
	}
	return readErr
}

// Lines tells the verdict in words, a line for each finding; of the entities the first few by name.
func (v *Verdict) Lines() []string {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	if v.Damage != nil {
		return append(lines, v.Damage.Error())
	}
	if v.SHA256 != v.Manifest.SHA256 {
		add("the file's SHA-256 is %s, the manifest has %s", v.SHA256, v.Manifest.SHA256)
	}
	if v.Rows != v.Manifest.Rows {
		add("the file has %d rows, the manifest %d", v.Rows, v.Manifest.Rows)
	}
	if len(v.Lacking) > 0 {
		add("columns are gone: %s", strings.Join(v.Lacking, ", "))
	}
	if len(v.Strange) > 0 {
		add("columns were added: %s", strings.Join(v.Strange, ", "))
	}
	for _, kind := range []struct {
		findings *Findings
		what     string
	}{{&v.Missing, "missing"}, {&v.Altered, "altered"}, {&v.Added, "not in the manifest"}} {
		if kind.findings.Count > 0 {
			add("%d %s: %s", kind.findings.Count, kind.what, kind.findings.some(10))
		}
	}
	if len(lines) == 1 && v.SameContent() {
		add("every row is as it was exported; the file was only saved anew")
	}
	return lines
}

// some names the first few.
func (f *Findings) some(most int) string {
	names := strings.Join(f.Keys[:min(most, len(f.Keys))], ", ")
	if f.Count > int64(most) {
		names += fmt.Sprintf(" and %d more", f.Count-int64(most))
	}
	return names
}
