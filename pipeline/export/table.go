package export

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"

	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/snapshot"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// A table is the file that a whole spool becomes: the entities in the order of their keys, so that the
// order in which the vendor answered leaves no trace.
type table struct {
	job      *Job
	spool    *spool
	lines    *spill.Sorter // where in the spool each entity stands, by key
	hashes   *spill.Sorter // of the manifest, in the order in which they were made
	manifest snapshot.Manifest
	hasher   *snapshot.RowHasher
	column   map[string]int
	twice    int64

	cells   [][]byte // of one row
	text    []byte   // and what they are slices of
	line    []byte
	scratch []byte
}

func (t *table) close() {
	for _, s := range []*spill.Sorter{t.lines, t.hashes} {
		if s != nil {
			s.Close()
		}
	}
}

// write makes the file, then its manifest.
func (t *table) write(ctx context.Context) error {
	if err := t.survey(ctx); err != nil {
		return err
	}
	output, err := feed.Create(t.job.Path, written(t.manifest.Columns), t.job.Stdout)
	if err != nil {
		return err
	}
	defer output.Discard()
	if err := t.fill(ctx, output); err != nil {
		return err
	}
	if err := output.Close(); err != nil || t.job.Path == "-" {
		return err
	}
	if t.manifest.SHA256, t.manifest.Size, err = snapshot.Digest(t.job.Path); err != nil {
		return err
	}
	return snapshot.Write(t.job.Path, &t.manifest, t.entities())
}

// survey finds the columns, and where each entity stands.
func (t *table) survey(ctx context.Context) error {
	t.lines = &spill.Sorter{Dir: t.job.TempDir, Compare: compareLines}
	met := make(names)
	err := t.spool.each(func(offset int64, length int, e spoolEntity) error {
		if err := t.goOn(ctx); err != nil {
			return err
		}
		rows, err := t.decode(e)
		if err != nil {
			return err
		}
		met.add(rows)
		t.scratch = binary.BigEndian.AppendUint64(append(t.scratch[:0], e.Key...), uint64(offset))
		t.scratch = binary.BigEndian.AppendUint64(t.scratch, uint64(length))
		return t.lines.Add(beginning(e.Key), t.scratch)
	})
	if err != nil {
		return err
	}
	r, s := t.job.Resource, t.spool
	t.manifest = snapshot.Manifest{Resource: t.job.Vendor.Name + "/" + r.Name, Version: r.Version, Account: t.job.Account,
		From: s.from, To: s.to, Pages: s.pages, Key: []string{r.Key}, Columns: columnsOf(r.Schema, met)}
	switch {
	case r.ID != "":
		t.manifest.Key = []string{r.ID}
	case r.Part != "":
		t.manifest.Key = append(t.manifest.Key, r.Part)
	}
	t.hasher = snapshot.NewRowHasher(t.manifest.Columns)
	t.column = make(map[string]int, len(t.manifest.Columns))
	for i, column := range t.manifest.Columns {
		t.column[column.Name] = i
	}
	return nil
}

func (t *table) decode(e spoolEntity) ([]map[string]string, error) {
	rows, err := t.job.Resource.Decode(e.Body)
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", t.job.Resource.Noun.One, e.Key, err)
	}
	return rows, nil
}

func (t *table) goOn(ctx context.Context) error {
	if t.job.stopped() || ctx.Err() != nil {
		return pipeline.ErrInterrupted
	}
	return nil
}

// placeSize is how many bytes behind a key say where in the spool its entity stands.
const placeSize = 16

// compareLines orders by key, those of one key by their place.
func compareLines(a, b []byte) int {
	if order := bytes.Compare(a[:len(a)-placeSize], b[:len(b)-placeSize]); order != 0 {
		return order
	}
	return bytes.Compare(a[len(a)-placeSize:], b[len(b)-placeSize:])
}

func beginning(key string) spill.Key {
	var start [16]byte
	copy(start[:], key)
	return spill.Key{High: binary.BigEndian.Uint64(start[:8]), Low: binary.BigEndian.Uint64(start[8:])}
}

// latest yields the place of each entity, of one that came twice the later one, in the order of keys.
func (t *table) latest() iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var held []byte
		for record, err := range t.lines.Sorted() {
			if err != nil {
				yield(nil, err)
				return
			}
			key := record.Data[:len(record.Data)-placeSize]
			if held != nil {
				if !bytes.Equal(held[:len(held)-placeSize], key) {
					if !yield(held[len(held)-placeSize:], nil) {
						return
					}
				} else {
					t.twice++
				}
			}
			held = append(held[:0], record.Data...)
		}
		if held != nil {
			yield(held[len(held)-placeSize:], nil)
		}
	}
}

// fill writes all rows.
func (t *table) fill(ctx context.Context, output *feed.Output) error {
	t.hashes = &spill.Sorter{Dir: t.job.TempDir}
	t.cells = make([][]byte, len(t.manifest.Columns))
	whole := snapshot.NewWhole()
	for where, err := range t.latest() {
		if err == nil {
			err = t.goOn(ctx)
		}
		if err != nil {
			return err
		}
		e, err := t.entity(output, where)
		if err != nil {
			return err
		}
		whole.Add(e)
		if err := t.keep(e); err != nil {
			return err
		}
		t.job.progress("writing", t.manifest.Entities, t.lines.Len())
	}
	t.manifest.Catalogue, t.manifest.Content = whole.Sums()
	return nil
}

// entity writes the rows of the entity that stands there.
func (t *table) entity(output *feed.Output, where []byte) (snapshot.Entity, error) {
	offset, length := binary.BigEndian.Uint64(where), binary.BigEndian.Uint64(where[8:])
	kept, line, err := t.spool.at(int64(offset), int(length), t.line)
	t.line = line
	if err != nil {
		return snapshot.Entity{}, err
	}
	rows, err := t.decode(kept)
	if err != nil {
		return snapshot.Entity{}, err
	}
	canonical, err := t.job.Resource.Canonical(kept.Body)
	if err != nil {
		return snapshot.Entity{}, fmt.Errorf("%s %q: %w", t.job.Resource.Noun.One, kept.Key, err)
	}
	sums := make([]snapshot.Hash, len(rows))
	for i, row := range rows {
		if err := t.named(kept.Key, row); err != nil {
			return snapshot.Entity{}, err
		}
		t.lay(row)
		if err := output.Write(t.cells); err != nil {
			return snapshot.Entity{}, fmt.Errorf("%s %q: %w", t.job.Resource.Noun.One, kept.Key, err)
		}
		sums[i] = t.hasher.Row(func(column int) []byte { return t.cells[column] })
	}
	t.manifest.Entities++
	t.manifest.Rows += int64(len(rows))
	return snapshot.Entity{Key: kept.Key, Rows: int64(len(rows)), Body: sha256.Sum256(canonical), Cell: snapshot.RowsHash(sums)}, nil
}

// named makes sure that a row belongs to the entity it came with: by the file alone it could not be
// found again otherwise.
func (t *table) named(key string, row map[string]string) error {
	name := row[t.manifest.Key[0]]
	if len(t.manifest.Key) > 1 {
		name = vendors.PartKey(name, row[t.manifest.Key[1]])
	}
	if name == key {
		return nil
	}
	return &pipeline.InternalError{Reason: fmt.Sprintf("a row of %s %q is written as one of %q", t.job.Resource.Noun.One, key, name)}
}

// lay puts a row's values into the cells of their columns.
func (t *table) lay(row map[string]string) {
	clear(t.cells)
	size := 0
	for _, value := range row {
		size += len(value)
	}
	if cap(t.text) < size {
		t.text = make([]byte, 0, 2*size)
	}
	t.text = t.text[:0]
	for name, value := range row {
		start := len(t.text)
		t.text = append(t.text, value...)
		t.cells[t.column[name]] = t.text[start:len(t.text):len(t.text)]
	}
}

// keep puts the manifest's line of an entity aside.
func (t *table) keep(e snapshot.Entity) error {
	t.scratch = binary.AppendVarint(t.scratch[:0], e.Rows)
	t.scratch = append(append(append(t.scratch, e.Body[:]...), e.Cell[:]...), e.Key...)
	return t.hashes.Add(spill.Key{Low: uint64(t.manifest.Entities)}, t.scratch)
}

// entities yields what keep put aside.
func (t *table) entities() iter.Seq2[snapshot.Entity, error] {
	return func(yield func(snapshot.Entity, error) bool) {
		for record, err := range t.hashes.Sorted() {
			var e snapshot.Entity
			if err == nil {
				rows, n := binary.Varint(record.Data)
				rest := record.Data[n:]
				e.Rows = rows
				rest = rest[copy(e.Body[:], rest):]
				rest = rest[copy(e.Cell[:], rest):]
				e.Key = string(rest)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
