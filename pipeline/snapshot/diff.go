package snapshot

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"maps"
	"slices"
	"strings"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A Comparison compares two feeds, or two snapshots, row by row. Its memory does not grow with them.
//
// Rows are paired by the columns that name them. Those of one name are paired in their order. Columns
// that only one of two feeds has are not compared; of two snapshots, in which a column without any value
// may be left out, they are.
type Comparison struct {
	Old, New *feed.Feed
	Resource *vendors.Resource // whose fields the columns are; nil: columns are compared by their names alone
	// Key lists the columns that name a row, the first of them the entity. Nil: those of the resource.
	Key     []string
	Mapping mapping.Mapping // for columns that are called otherwise than their fields
	TempDir string
	// Found is told each difference, in the order of keys.
	Found func(Difference) error

	names   []string       // of all columns, as they were met
	index   map[string]int // of a column in names
	fields  []*schema.Field
	numbers map[string]bool // columns that a manifest says are numbers
	entity  []string        // columns that name an entity
	row     []string        // further columns that name a row
	parts   []int           // columns that name a part of an entity, of whose fields one is here
	sides   [2]*side
	counts  Counts
}

// Kind is what happened to a row or a cell.
type Kind string

// The kinds of differences.
const (
	Added      Kind = "added"       // a row of an entity that the old feed does not have
	Removed    Kind = "removed"     // a row of an entity that the new feed does not have
	RowAdded   Kind = "row added"   // a row of an entity that both have
	RowRemoved Kind = "row removed" // likewise
	Changed    Kind = "changed"     // a cell
)

// A Difference is one row that only one of the feeds has, or one cell that they show otherwise.
type Difference struct {
	Kind          Kind
	Key           string // of the entity
	Row           string // what names the row within the entity; empty for what belongs to the entity
	Column        string // of a changed cell
	Before, After string // of a changed cell
	Old, New      formats.Place
}

// Counts sums a comparison up.
type Counts struct {
	EntitiesAdded, EntitiesRemoved, EntitiesChanged, EntitiesSame int64
	RowsAdded, RowsRemoved, Cells                                 int64
	// Columns that only one side has, and that were not compared for that reason.
	OnlyOld, OnlyNew []string
}

// Same reports whether nothing differs.
func (c *Counts) Same() bool { return c.RowsAdded+c.RowsRemoved+c.Cells == 0 }

// A KeyError says that rows cannot be named.
type KeyError struct {
	Column string // empty: no column was named at all
	File   string
}

// Error says what to do.
func (e *KeyError) Error() string {
	if e.Column == "" {
		return "say with --key which column names a row, or with --to whose feeds these are"
	}
	return fmt.Sprintf("%s: no column carries %s, by which rows are to be paired", e.File, e.Column)
}

// side is one of the two feeds with its rows in the order of their names.
type side struct {
	feed    *feed.Feed
	whole   bool // it is a snapshot
	rows    *spill.Sorter
	columns []int // of the file, by their index in names; -1: not compared
	entity  []int // columns of the file
	row     []int
	has     map[int]bool // columns of names
	sheet   string
	name    []byte // scratch
	scratch []byte
}

// Run reads both feeds and tells every difference.
func (c *Comparison) Run(ctx context.Context) (*Counts, error) {
	if err := c.chooseKey(); err != nil {
		return nil, err
	}
	c.index, c.numbers = make(map[string]int), make(map[string]bool)
	for i, f := range []*feed.Feed{c.Old, c.New} {
		s := &side{feed: f, rows: newSorter(c.TempDir), has: make(map[int]bool)}
		c.sides[i] = s
		defer s.rows.Close()
		var err error
		if s.whole, err = c.isSnapshot(f); err != nil {
			return nil, err
		}
		err = readRows(ctx, f, func(h *formats.Header) error { return c.header(s, h) }, s.add)
		if err != nil {
			return nil, err
		}
	}
	c.leaveOut()
	c.findParts()
	return &c.counts, c.merge(ctx)
}

// isSnapshot reports whether a manifest stands beside a feed, and takes from it which columns are numbers.
func (c *Comparison) isSnapshot(f *feed.Feed) (bool, error) {
	manifest, err := Open(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, column := range manifest.Columns {
		if column.Number {
			c.numbers[column.Name] = true
		}
	}
	return true, manifest.Close()
}

func (c *Comparison) chooseKey() error {
	if len(c.Key) > 0 {
		c.entity, c.row = c.Key[:1], c.Key[1:]
		return nil
	}
	if c.Resource == nil {
		return &KeyError{}
	}
	c.entity, c.row = []string{c.Resource.Key}, c.Resource.RowKey
	if c.Resource.Part != "" {
		c.entity = append(c.entity, c.Resource.Part)
	}
	return nil
}

// header finds out what the columns of a feed are called: by their fields, else as they are.
func (c *Comparison) header(s *side, header *formats.Header) error {
	names := slices.Clone(header.Names)
	if c.Resource != nil {
		binding, err := c.Mapping.Bind(c.Resource.Schema, header, false)
		if err != nil {
			return fmt.Errorf("%s: %w", s.feed.Name, err)
		}
		for _, column := range binding.Layout.Columns {
			if column.Source >= 0 {
				names[column.Source] = column.Name
			}
		}
	}
	s.columns = s.columns[:0]
	for _, name := range names {
		s.columns = append(s.columns, c.column(name))
	}
	for _, at := range s.columns {
		s.has[at] = true
	}
	delete(s.has, -1)
	named := &formats.Header{Names: names}
	s.entity, s.row = indices(named, c.entity), indices(named, c.row)
	for i, at := range s.entity {
		if at < 0 {
			return &KeyError{c.entity[i], s.feed.Name}
		}
	}
	found := 0
	for i, at := range s.row {
		if at >= 0 {
			found++
		} else if c.Key != nil {
			return &KeyError{c.row[i], s.feed.Name}
		}
	}
	if found == 0 && len(s.row) > 0 && s.feed.Format != "ndjson" { // of several, a feed may need only one
		return &KeyError{c.row[0], s.feed.Name}
	}
	return nil
}

// column numbers a column; -1 for one without a name and for that of the reasons.
func (c *Comparison) column(name string) int {
	if name == "" || name == mapping.ReasonColumn {
		return -1
	}
	at, known := c.index[name]
	if !known {
		at = len(c.names)
		c.index[name] = at
		c.names = append(c.names, name)
		var field *schema.Field
		if c.Resource != nil {
			field, _ = c.Resource.Schema.Find(name)
		}
		c.fields = append(c.fields, field)
	}
	return at
}

// add keeps a row under its name: entity, row, then place and cells.
func (s *side) add(row formats.Row) error {
	s.sheet = row.Place().Sheet
	entity := joined(row, s.entity)
	name := append(append(s.name[:0], entity...), 0)
	name = append(name, joined(row, s.row)...)
	data := binary.AppendUvarint(appendText(s.scratch[:0], name), uint64(len(entity)))
	place := row.Place()
	data = binary.BigEndian.AppendUint64(data, uint64(place.Row)) // rows of one name stay in their order
	data = binary.AppendVarint(data, place.Line)
	for i, at := range s.columns {
		if cell := schema.Trim(row.Cell(i)); len(cell) > 0 && at >= 0 {
			data = binary.AppendUvarint(data, uint64(at))
			data = appendText(data, cell)
		}
	}
	s.name, s.scratch = name, data
	return s.rows.Add(orderKey(name), data)
}

func joined(row formats.Row, columns []int) string {
	parts := make([]string, len(columns))
	for i, column := range columns {
		parts[i] = string(schema.Trim(cellOf(row, column)))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return schema.JoinItems(parts)
}

// leaveOut finds the columns that are not compared.
func (c *Comparison) leaveOut() {
	if c.sides[0].whole && c.sides[1].whole {
		return
	}
	for at, name := range c.names {
		switch old, young := c.sides[0].has[at], c.sides[1].has[at]; {
		case old && !young:
			c.counts.OnlyOld = append(c.counts.OnlyOld, name)
		case young && !old:
			c.counts.OnlyNew = append(c.counts.OnlyNew, name)
		}
	}
}

// findParts finds the columns that name parts of entities.
func (c *Comparison) findParts() {
	for _, field := range c.fields {
		if field == nil || field.SharedBy == "" {
			continue
		}
		if part, known := c.index[field.SharedBy]; known && !slices.Contains(c.parts, part) {
			c.parts = append(c.parts, part)
		}
	}
}

func (c *Comparison) compared(column int) bool {
	return c.sides[0].whole && c.sides[1].whole || c.sides[0].has[column] && c.sides[1].has[column]
}

// kept is a row as a side keeps it.
type kept struct {
	name        []byte // entity and row
	entity, row string
	place       formats.Place
	cells       map[int][]byte
}

// rowsOf yields a side's rows in the order of their names.
func (s *side) rowsOf() iter.Seq2[*kept, error] {
	return func(yield func(*kept, error) bool) {
		for record, err := range s.rows.Sorted() {
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(s.unpack(bytes.Clone(record.Data)), nil) {
				return
			}
		}
	}
}

func (s *side) unpack(data []byte) *kept {
	k := &kept{cells: make(map[int][]byte)}
	k.name, data = cutText(data)
	length, n := binary.Uvarint(data)
	data = data[n:]
	k.entity, k.row = string(k.name[:length]), string(k.name[length+1:])
	k.place = formats.Place{Sheet: s.sheet, Row: int64(binary.BigEndian.Uint64(data))}
	data = data[8:]
	line, n := binary.Varint(data)
	k.place.Line, data = line, data[n:]
	for len(data) > 0 {
		at, n := binary.Uvarint(data)
		k.cells[int(at)], data = cutText(data[n:])
	}
	return k
}

// merge goes through the rows of both sides, in the order of their names.
func (c *Comparison) merge(ctx context.Context) error {
	var heads [2]head
	for i, s := range c.sides {
		next, stop := iter.Pull2(s.rowsOf())
		defer stop()
		heads[i] = head{next: next}
		if err := heads[i].advance(); err != nil {
			return err
		}
	}
	var e *pairing
	for heads[0].row != nil || heads[1].row != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		old, young := earlier(heads[0].row, heads[1].row)
		entity := (old.or(young)).entity
		if e == nil || e.key != entity {
			if err := c.close(e); err != nil {
				return err
			}
			e = &pairing{key: entity}
			e.has[0] = heads[0].row != nil && heads[0].row.entity == entity
			e.has[1] = heads[1].row != nil && heads[1].row.entity == entity
		}
		if err := c.pair(e, old, young); err != nil {
			return err
		}
		for i, row := range []*kept{old, young} {
			if row == nil {
				continue
			}
			if err := heads[i].advance(); err != nil {
				return err
			}
		}
	}
	return c.close(e)
}

// head is the next row of a side, nil at its end.
type head struct {
	next func() (*kept, error, bool)
	row  *kept
}

func (h *head) advance() error {
	row, err, ok := h.next()
	if h.row = row; !ok {
		h.row = nil
	}
	return err
}

func (k *kept) or(other *kept) *kept {
	if k != nil {
		return k
	}
	return other
}

// earlier gives the row that comes first, or both when they have one name.
func earlier(old, young *kept) (*kept, *kept) {
	switch {
	case old == nil || young == nil:
		return old, young
	}
	switch order := bytes.Compare(old.name, young.name); {
	case order < 0:
		return old, nil
	case order > 0:
		return nil, young
	}
	return old, young
}

// pairing is an entity while its rows are paired.
type pairing struct {
	key     string
	has     [2]bool // the sides that have it
	changed bool
	shared  [2]map[shared]value // what belongs to the entity, or a part of it
}

// shared is a field that several rows share: those of the entity, or of the part of it that by names in
// the column part. Without a column it stands for the part itself.
type shared struct {
	column, part int
	by           string
}

const (
	noColumn = -1 // of a shared value that stands for its part
	noPart   = -1 // of what the entity's rows all share
)

type value struct {
	text  []byte
	place formats.Place
}

// pair compares two rows of one name, or tells of the one that has no partner.
func (c *Comparison) pair(e *pairing, old, young *kept) error {
	c.keepShared(e, 0, old)
	c.keepShared(e, 1, young)
	if old != nil && young != nil {
		return c.cells(e, old, young)
	}
	e.changed = true
	d := Difference{Kind: RowAdded, Key: e.key, Row: old.or(young).row}
	switch {
	case young != nil:
		d.New = young.place
		c.counts.RowsAdded++
		if !e.has[0] {
			d.Kind = Added
		}
	default:
		d.Kind, d.Old = RowRemoved, old.place
		c.counts.RowsRemoved++
		if !e.has[1] {
			d.Kind = Removed
		}
	}
	return c.Found(d)
}

// keepShared keeps the first value of each shared field.
func (c *Comparison) keepShared(e *pairing, at int, row *kept) {
	if row == nil {
		return
	}
	for column, text := range row.cells {
		field := c.fields[column]
		if field == nil || !field.Shared {
			continue
		}
		name := shared{column: column, part: noPart}
		if part, known := c.index[field.SharedBy]; known && field.SharedBy != "" {
			name.part, name.by = part, string(row.cells[part])
		}
		e.keep(at, name, value{text, row.place})
	}
	for _, part := range c.parts {
		e.keep(at, shared{noColumn, part, string(row.cells[part])}, value{})
	}
}

func (e *pairing) keep(at int, name shared, v value) {
	if e.shared[at] == nil {
		e.shared[at] = make(map[shared]value)
	}
	if _, known := e.shared[at][name]; !known {
		e.shared[at][name] = v
	}
}

// hasPart reports whether both sides have the part that a value belongs to.
func (e *pairing) hasPart(name shared) bool {
	if name.part == noPart {
		return true
	}
	name.column = noColumn
	_, old := e.shared[0][name]
	_, young := e.shared[1][name]
	return old && young
}

// cells compares the cells of two rows but for the shared ones.
func (c *Comparison) cells(e *pairing, old, young *kept) error {
	for _, column := range union(old.cells, young.cells) {
		if field := c.fields[column]; field != nil && field.Shared || !c.compared(column) {
			continue
		}
		before, after := value{old.cells[column], old.place}, value{young.cells[column], young.place}
		if err := c.cell(e, old.row, column, before, after); err != nil {
			return err
		}
	}
	return nil
}

func union[V any](a, b map[int]V) []int {
	columns := slices.Collect(maps.Keys(a))
	for column := range b {
		if _, both := a[column]; !both {
			columns = append(columns, column)
		}
	}
	slices.Sort(columns)
	return columns
}

// cell tells of a cell that is not the same.
func (c *Comparison) cell(e *pairing, row string, column int, before, after value) error {
	if c.same(column, before.text, after.text) {
		return nil
	}
	e.changed = true
	c.counts.Cells++
	return c.Found(Difference{Kind: Changed, Key: e.key, Row: row, Column: c.names[column],
		Before: string(before.text), After: string(after.text), Old: before.place, New: after.place})
}

// same reports whether two cells of a column mean the same.
func (c *Comparison) same(column int, a, b []byte) bool {
	if bytes.Equal(a, b) || len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	if c.numbers[c.names[column]] {
		return bytes.Equal(appendPlainNumber(nil, a), appendPlainNumber(nil, b))
	}
	field := c.fields[column]
	switch {
	case field == nil:
		return false
	case field.List:
		return slices.Equal(sortedItems(a), sortedItems(b))
	case field.Type == schema.Decimal || field.Type == schema.Integer:
		return bytes.Equal(appendPlainNumber(nil, a), appendPlainNumber(nil, b))
	case field.Type == schema.Boolean:
		left, okLeft := schema.ParseBoolean(a)
		right, okRight := schema.ParseBoolean(b)
		return okLeft && okRight && left == right
	}
	return false
}

func sortedItems(cell []byte) []string {
	var items []string
	schema.Items(cell, func(item []byte) bool {
		items = append(items, string(item))
		return true
	})
	slices.Sort(items)
	return slices.Compact(items)
}

// close compares what an entity's rows share, and counts the entity.
func (c *Comparison) close(e *pairing) error {
	if e == nil {
		return nil
	}
	switch {
	case !e.has[0]:
		c.counts.EntitiesAdded++
		return nil
	case !e.has[1]:
		c.counts.EntitiesRemoved++
		return nil
	}
	names := slices.Collect(maps.Keys(e.shared[0]))
	for name := range e.shared[1] {
		if _, both := e.shared[0][name]; !both {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b shared) int {
		if order := strings.Compare(a.by, b.by); order != 0 {
			return order
		}
		return a.column - b.column
	})
	for _, name := range names {
		if name.column == noColumn || !c.compared(name.column) || !e.hasPart(name) {
			continue
		}
		if err := c.cell(e, name.by, name.column, e.shared[0][name], e.shared[1][name]); err != nil {
			return err
		}
	}
	if e.changed {
		c.counts.EntitiesChanged++
	} else {
		c.counts.EntitiesSame++
	}
	return nil
}
