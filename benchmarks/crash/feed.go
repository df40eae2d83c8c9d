//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// An item is an entity of a made-up feed.
type item struct {
	key   string
	rows  []map[string]string // field to value
	sound bool                // the vendor's rules allow it
}

// A stock is a number of items of a resource. It is made from the resource's own example and
// schema, so that a resource needs no code here.
type stock struct {
	resource *vendors.Resource
	fields   []string // of the example, in the schema's order
	unique   int      // counts what must not occur twice
}

func newStock(r *vendors.Resource) *stock {
	s := &stock{resource: r}
	for _, row := range r.Example {
		for name := range row {
			if !slices.Contains(s.fields, name) {
				s.fields = append(s.fields, name)
			}
		}
	}
	slices.SortFunc(s.fields, func(a, b string) int {
		return 2*(s.place(a)-s.place(b)) + strings.Compare(a, b)
	})
	return s
}

// place is where a field stands in the schema.
func (s *stock) place(name string) int {
	field, _ := s.resource.Schema.Find(name)
	return slices.IndexFunc(s.resource.Schema, func(f schema.Field) bool { return f.Name == field.Name })
}

// items makes so many, one in eight of them against the rules.
func (s *stock) items(n int, random *rand.Rand) []item {
	items := make([]item, n)
	for i := range items {
		items[i] = s.item(1 + random.IntN(len(s.resource.Example)))
		if i%8 == 3 {
			items[i].spoil(s)
		}
	}
	return items
}

// item makes the next item from the example's first rows.
func (s *stock) item(rows int) item {
	it := item{sound: true}
	s.unique++
	name := s.vary(s.resource.Key, s.resource.Example[0][s.resource.Key], s.unique)
	if odd := name + "/ö ?"; s.unique%5 == 0 && s.accepts(s.resource.Key, odd) {
		name = odd // what addresses and logs must escape
	}
	for _, example := range s.resource.Example[:rows] {
		row := make(map[string]string)
		for name, value := range example {
			row[name] = value
			if slices.Contains(s.resource.Unique, name) {
				s.unique++
				row[name] = s.vary(name, s.resource.Example[0][name], s.unique)
			}
		}
		row[s.resource.Key] = name
		it.rows = append(it.rows, row)
	}
	it.key = s.key(func(field string) string { return it.rows[0][field] })
	return it
}

// key is the key of the entity that a row belongs to, by the row's fields.
func (s *stock) key(field func(name string) string) string {
	if s.resource.Part == "" {
		return field(s.resource.Key)
	}
	return vendors.PartKey(field(s.resource.Key), field(s.resource.Part))
}

// vary makes the n-th other value of a field that the schema accepts: digits are counted on, so that
// their last one may be a check digit, and other text gets the number at its end.
func (s *stock) vary(name, value string, n int) string {
	if strings.Trim(value, "0123456789") != "" || len(value) < 2 {
		return value + "-" + strconv.Itoa(n)
	}
	head, _ := strconv.Atoi(value[:len(value)-1])
	for last := range 10 {
		if varied := fmt.Sprintf("%0*d%d", len(value)-1, head+n, last); s.accepts(name, varied) {
			return varied
		}
	}
	return strconv.Itoa(head + n)
}

// accepts reports whether a value keeps the schema's rules for its field, so that there is not even a
// warning.
func (s *stock) accepts(name, value string) bool {
	field, param := s.resource.Schema.Find(name)
	layout := schema.NewLayout(s.resource.Schema, []schema.Column{{Field: field, Name: name, Param: param}})
	record := schema.Record{Layout: layout, Values: [][]byte{[]byte(value)}, Bad: make([]bool, 1)}
	return !slices.ContainsFunc(record.Check(0, nil), func(p schema.Problem) bool { return p.Column == 0 })
}

// names reports whether a field is one of those that name an entity.
func (s *stock) names(field string) bool { return field == s.resource.Key || field == s.resource.Part }

// spoil takes a required value away, or where none is required gives one that is not of its type.
func (it *item) spoil(s *stock) {
	for _, name := range s.fields {
		field, _ := s.resource.Schema.Find(name)
		if field.Required && !s.names(name) {
			it.set(name, "")
			it.sound = false
			return
		}
	}
	for _, name := range s.fields {
		if !s.names(name) && !s.accepts(name, "?!") {
			it.set(name, "?!")
			it.sound = false
			return
		}
	}
}

// change gives the item another content that the rules allow.
func (it *item) change(s *stock) {
	for _, name := range s.fields {
		field, _ := s.resource.Schema.Find(name)
		if s.names(name) || slices.Contains(s.resource.Unique, name) || field.Values != nil || field.ReadOnly ||
			it.rows[0][name] == "" {
			continue
		}
		for _, other := range []string{it.rows[0][name] + " corrected", it.rows[0][name] + "1"} {
			if s.accepts(name, other) {
				it.rows[0][name] = other
				return
			}
		}
	}
}

func (it *item) set(name, value string) {
	for _, row := range it.rows {
		row[name] = value
	}
}

// clone copies an item, so that the copy can be changed.
func (it *item) clone() item {
	c := *it
	c.rows = nil
	for _, row := range it.rows {
		other := make(map[string]string)
		for name, value := range row {
			other[name] = value
		}
		c.rows = append(c.rows, other)
	}
	return c
}

// corrected is the feed as its owner sends it again: one in four items has another content, those against
// the rules are replaced by right ones of their keys, and one item is new.
func (s *stock) corrected(items []item, random *rand.Rand) []item {
	var corrected []item
	for i := range items {
		it := items[i].clone()
		switch {
		case !it.sound:
			right := s.item(len(it.rows))
			right.set(s.resource.Key, it.rows[0][s.resource.Key])
			right.key = it.key
			it = right
		case random.IntN(4) == 0:
			it.change(s)
		}
		corrected = append(corrected, it)
	}
	return append(corrected, s.item(1))
}

// rows counts the rows of items.
func rows(items []item, sound bool) (n int64) {
	for i := range items {
		if items[i].sound == sound {
			n += int64(len(items[i].rows))
		}
	}
	return n
}

// write writes items to a file in the format of its name, their rows in a random order when shuffled
// is not nil.
func (s *stock) write(path string, items []item, shuffled *rand.Rand) error {
	var all []map[string]string
	for i := range items {
		all = append(all, items[i].rows...)
	}
	if shuffled != nil {
		shuffled.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	}
	columns := make([]formats.Column, len(s.fields))
	for i, name := range s.fields {
		columns[i].Name = name
	}
	output, err := feed.Create(path, columns, nil)
	if err != nil {
		return err
	}
	defer output.Discard()
	for _, row := range all {
		cells := make([][]byte, len(s.fields))
		for i, name := range s.fields {
			cells[i] = []byte(row[name])
		}
		if err := output.Write(cells); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Base(path), err)
		}
	}
	return output.Close()
}
