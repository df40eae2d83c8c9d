package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// stock plays product-stock and prepack-stock: batches that stand under a product or a prepack, are
// replaced together or one by one, and cannot be listed. Where the document is silent:
//
//   - a product or prepack need not exist, since "references are not checked" and stock is answered "if any";
//   - what is wrong with a body is answered 400, though the document lists no such status;
//   - in prepack stock, whose body has no schema, the batches are a list, since each carries its id;
//   - a batch's id must be that of the path, no id and no barcode may stand twice, and a list may be empty;
//   - deleting one batch answers those that are left.
//
// Each batch is stored by itself, under what schema.JoinItems makes of its owner's ID and its own.
type stock struct {
	*collection
	owner      string // what a batch stands under: "product"
	listedFrom int    // the version from which batches are a list; before, they are a map
	emptied    bool   // DELETE takes all batches of one owner
	members    []member
	variants   bool // a batch holds quantities of variants, not one of its own

	mu sync.RWMutex // a change of several batches, and a reading of them, is one
}

func newProductStock(s *store) *stock {
	s.own(batchOwner)
	return &stock{collection: &collection{noun: "stock batch", resource: "product_stock", latest: 2, store: s}, owner: "product",
		listedFrom: 2, emptied: true, members: batchMembers(), variants: true}
}

func newPrepackStock(s *store) *stock {
	s.own(batchOwner)
	members := append(batchMembers(), member{name: "quantity", required: true, check: quantity})
	return &stock{collection: &collection{noun: "stock batch", resource: "prepack_stock", latest: 1, store: s}, owner: "prepack",
		listedFrom: 1, members: members}
}

// batchMembers are the members that all kinds of batches have.
func batchMembers() []member {
	return []member{
		{name: "delivery_window", required: true, check: dateRange},
		{name: "display_name", check: anyText},
		{name: "order_window", required: true, check: dateRange},
		{name: "selector", required: true, check: stockSelector},
	}
}

// batchOwner is the owner's part of a stored batch's id.
func batchOwner(id string) string {
	owner, _ := splitID(id)
	return owner
}

// splitID takes apart what schema.JoinItems joined, blanks included.
func splitID(id string) (owner, batch string) {
	unescape := strings.NewReplacer(`\\`, `\`, `\|`, `|`)
	for i := 0; i < len(id); i++ {
		switch id[i] {
		case '\\':
			i++
		case '|':
			return unescape.Replace(id[:i]), unescape.Replace(id[i+1:])
		}
	}
	return unescape.Replace(id), ""
}

// batch is one batch of a body or of the store.
type batch struct {
	id      string
	version int
	body    []byte
}

func (s *stock) answer(c *call, now time.Time) answer {
	id := append(slices.Clone(c.parts), "", "")[1]
	switch {
	case len(c.parts) <= 2 && id == "":
		return s.all(c, now)
	case len(c.parts) == 2:
		return s.under(c, id)
	case len(c.parts) == 3:
		return s.one(c, id, c.parts[2])
	}
	return message(http.StatusNotFound, "there is nothing at this path; a slash within an ID must be escaped")
}

func (s *stock) all(c *call, now time.Time) answer {
	if c.method != http.MethodDelete {
		return notAllowed("DELETE")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clear(c, now)
}

// under answers the calls that name a product or prepack.
func (s *stock) under(c *call, owner string) answer {
	switch {
	case c.method == http.MethodGet:
		return s.read(c, owner)
	case c.method == http.MethodPut:
		return s.write(c, owner, "")
	case c.method == http.MethodDelete && s.emptied:
		return s.empty(c, owner)
	case s.emptied:
		return notAllowed("GET, PUT, DELETE")
	}
	return notAllowed("GET, PUT")
}

// one answers the calls that name a batch.
func (s *stock) one(c *call, owner, id string) answer {
	switch c.method {
	case http.MethodPatch:
		return s.write(c, owner, id)
	case http.MethodDelete:
		return s.remove(c, owner, id)
	}
	return notAllowed("PATCH, DELETE")
}

func (s *stock) read(c *call, owner string) answer {
	version, refusal := s.reading(c)
	if refusal != nil {
		return *refusal
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	batches, err := s.batches(owner)
	if err != nil {
		return internal(err)
	}
	return s.shown(version, batches)
}

// batches returns those of an owner, in the order of their creation.
func (s *stock) batches(owner string) ([]batch, error) {
	entities, err := s.store.ownedBy(owner)
	batches := make([]batch, len(entities))
	for i, e := range entities {
		_, id := splitID(e.id)
		batches[i] = batch{id, e.version, e.body}
	}
	return batches, err
}

// write answers PUT of all batches of an owner, and PATCH of the one batch that is named.
func (s *stock) write(c *call, owner, id string) answer {
	w, refusal := s.negotiate(c)
	if refusal != nil {
		return *refusal
	}
	body, err := parseJSON(c.body)
	var sent []batch
	if err == nil && id == "" {
		sent, err = s.checkAll(w.version, c.body, &body)
	} else if err == nil {
		sent, err = s.checkOne(w.version, c.body, &body, id)
	}
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	had, err := s.batches(owner)
	if err != nil {
		return internal(err)
	}
	has := sent
	if id != "" {
		has = withBatch(had, sent[0])
	}
	a := s.shown(w.accepted, has)
	if a.status != http.StatusOK || w.dryRun {
		return a
	}
	if err := s.change(c, owner, had, has, sent); err != nil {
		return internal(err)
	}
	return a
}

// withBatch returns batches with one put in the place of that of its id, or at the end.
func withBatch(batches []batch, b batch) []batch {
	batches = slices.Clone(batches)
	if at := slices.IndexFunc(batches, func(other batch) bool { return other.id == b.id }); at >= 0 {
		batches[at] = b
		return batches
	}
	return append(batches, b)
}

// change stores the batches that were sent and deletes those that are to be no more.
func (s *stock) change(c *call, owner string, had, has, sent []batch) error {
	for _, old := range had {
		if slices.ContainsFunc(has, func(b batch) bool { return b.id == old.id }) {
			continue
		}
		if _, err := s.store.delete(schema.JoinItems([]string{owner, old.id})); err != nil {
			return err
		}
	}
	for _, b := range sent {
		id := schema.JoinItems([]string{owner, b.id})
		if _, err := s.store.put(id, b.version, b.body, false); err != nil {
			return err
		}
		if err := c.apply(id, b.body); err != nil {
			return err
		}
	}
	return nil
}

// remove answers DELETE of one batch, in every version with a map (fashiontrade:5745).
func (s *stock) remove(c *call, owner, id string) answer {
	if _, refusal := s.reading(c); refusal != nil {
		return *refusal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, err := s.store.delete(schema.JoinItems([]string{owner, id}))
	if err != nil {
		return internal(err)
	}
	if !found {
		return message(http.StatusNotFound, fmt.Sprintf("no stock batch %q found for the %s %q", id, s.owner, owner))
	}
	left, err := s.batches(owner)
	if err != nil {
		return internal(err)
	}
	return s.mapped(left)
}

// empty answers DELETE of all batches of one owner.
func (s *stock) empty(c *call, owner string) answer {
	if _, refusal := s.reading(c); refusal != nil {
		return *refusal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	batches, err := s.batches(owner)
	if err != nil {
		return internal(err)
	}
	if len(batches) == 0 {
		return message(http.StatusNotFound, fmt.Sprintf("no stock batches found for the %s %q", s.owner, owner))
	}
	if err := s.change(c, owner, batches, nil, nil); err != nil {
		return internal(err)
	}
	return answer{status: http.StatusNoContent}
}

// checkAll takes a body of batches apart: a list, or in older versions a map from their ids.
func (s *stock) checkAll(version int, body []byte, n *node) ([]batch, error) {
	listed := version >= s.listedFrom
	want := jsonObject
	if listed {
		want = jsonList
	}
	if err := kind(n, want); err != nil {
		return nil, err
	}
	batches := make([]batch, len(n.items))
	seen := make(map[string]bool, len(n.items))
	for i := range n.items {
		item, place := &n.items[i], fmt.Sprintf("[%d]", i)
		if !listed {
			place = n.names[i]
		}
		if err := s.check(version, item); err != nil {
			return nil, within(place, err)
		}
		id := item.textOf("id")
		if !listed {
			id = n.names[i]
		}
		if seen[id] {
			return nil, within(place, within("id", misfitf("%q is the id of another batch too", id)))
		}
		seen[id] = true
		batches[i] = batch{id, version, body[item.start:item.end]}
	}
	return batches, nil
}

// checkOne takes a body that is the batch of this id.
func (s *stock) checkOne(version int, body []byte, n *node, id string) ([]batch, error) {
	if err := s.check(version, n); err != nil {
		return nil, err
	}
	if sent := n.textOf("id"); version >= s.listedFrom && sent != id {
		return nil, within("id", misfitf("%q is not the ID in the path, %q", sent, id))
	}
	return []batch{{id, version, body[n.start:n.end]}}, nil
}

// check applies every rule for one batch.
func (s *stock) check(version int, n *node) error {
	members := slices.Clone(s.members)
	if version >= s.listedFrom {
		members = append(members, member{name: "id", required: true, check: someText})
	}
	if s.variants {
		check := variantMap
		if version >= s.listedFrom {
			check = variantList
		}
		members = append(members, member{name: "variants", required: true, check: check})
	}
	return object(n, members)
}

// variantList wants quantities that carry the barcodes of their variants, each once.
func variantList(n *node) error {
	seen := make(map[string]bool, len(n.items))
	return listOf(0, func(n *node) error {
		if err := quantityOf(n, member{name: "barcode", required: true, check: someText}); err != nil {
			return noted(err, n)
		}
		barcode := n.textOf("barcode")
		if seen[barcode] {
			return noted(within("barcode", misfitf("%q stands twice in the batch", barcode)), n)
		}
		seen[barcode] = true
		return nil
	})(n)
}

// variantMap wants a map from barcodes to quantities.
func variantMap(n *node) error {
	if err := kind(n, jsonObject); err != nil {
		return err
	}
	for i, barcode := range n.names {
		if err := quantity(&n.items[i]); err != nil {
			return within(barcode, err)
		}
	}
	return nil
}

// quantity wants an ExactQuantity or an InfiniteQuantity.
func quantity(n *node) error { return quantityOf(n) }

// quantityOf wants a quantity with further members.
func quantityOf(n *node, more ...member) error {
	members := append(more, member{name: "type", required: true, check: oneOf(vocabulary.QuantityTypes)})
	_, valued := n.member("value")
	exact := n.textOf("type") == vocabulary.ExactQuantity
	if exact || valued {
		members = append(members, member{name: "value", required: true, check: amount})
	}
	if err := object(n, members); err != nil {
		return err
	}
	if valued && !exact {
		return within("value", misfitf("an %s has no value", vocabulary.InfiniteQuantity))
	}
	return nil
}

// amount wants an int64 that is not negative, without point and exponent.
func amount(n *node) error {
	if err := kind(n, jsonNumber); err != nil {
		return err
	}
	if value, err := strconv.ParseInt(n.text, 10, 64); err != nil || value < 0 {
		return misfitf("%s is not a whole number from 0", n.text)
	}
	return nil
}

// shown answers batches in a version.
func (s *stock) shown(version int, batches []batch) answer {
	for _, b := range batches {
		if b.version > version {
			return s.tooOld(version, b.version)
		}
	}
	if version < s.listedFrom {
		return s.mapped(batches)
	}
	body := []byte(`{"items":[`)
	for i, b := range batches {
		if i > 0 {
			body = append(body, ',')
		}
		listed, err := s.listed(b)
		if err != nil {
			return internal(err)
		}
		body = append(body, listed...)
	}
	return answer{status: http.StatusOK, mediaType: vocabulary.MediaType(s.resource, strconv.Itoa(version)), body: append(body, "]}"...)}
}

// mapped answers batches as a map from their ids, as version 1 has them.
func (s *stock) mapped(batches []batch) answer {
	body := []byte{'{'}
	for i, b := range batches {
		if i > 0 {
			body = append(body, ',')
		}
		value, err := s.value(b)
		if err != nil {
			return internal(err)
		}
		body = append(append(appendText(body, b.id), ':'), value...)
	}
	return answer{status: http.StatusOK, mediaType: vocabulary.MediaType(s.resource, "1"), body: append(body, '}')}
}

// listed writes a stored batch as an element of a list, which carries its id.
func (s *stock) listed(b batch) ([]byte, error) {
	if b.version >= s.listedFrom {
		return b.body, nil
	}
	n, err := parseJSON(b.body)
	if err != nil {
		return nil, fmt.Errorf("a stored batch cannot be read: %w", err)
	}
	body := appendText([]byte(`{"id":`), b.id)
	for i, name := range n.names {
		body = append(appendText(append(body, ','), name), ':')
		if name != "variants" {
			body = append(body, b.body[n.items[i].start:n.items[i].end]...)
			continue
		}
		variants := &n.items[i]
		body = append(body, '[')
		for j, barcode := range variants.names {
			if j > 0 {
				body = append(body, ',')
			}
			body = append(appendText(append(body, `{"barcode":`...), barcode), ',')
			body = append(body, b.body[variants.items[j].start+1:variants.items[j].end]...)
		}
		body = append(body, ']')
	}
	return append(body, '}'), nil
}

// value writes a stored batch as a value of a map. That of a prepack keeps its id (fashiontrade:4741).
func (s *stock) value(b batch) ([]byte, error) {
	if !s.variants || b.version < s.listedFrom {
		return b.body, nil
	}
	n, err := parseJSON(b.body)
	if err != nil {
		return nil, fmt.Errorf("a stored batch cannot be read: %w", err)
	}
	return appendObject(nil, &n, "id", func(body []byte, name string, value *node) []byte {
		if name != "variants" {
			return append(body, b.body[value.start:value.end]...)
		}
		body = append(body, '{')
		for j := range value.items {
			if j > 0 {
				body = append(body, ',')
			}
			body = append(appendText(body, value.items[j].textOf("barcode")), ':')
			body = appendObject(body, &value.items[j], "barcode", func(body []byte, _ string, value *node) []byte {
				return append(body, b.body[value.start:value.end]...)
			})
		}
		return append(body, '}')
	}), nil
}

// appendObject writes the members of an object but one, each value as the function does.
func appendObject(body []byte, n *node, without string, value func(body []byte, name string, value *node) []byte) []byte {
	separator := byte('{')
	for i, name := range n.names {
		if name == without {
			continue
		}
		body = append(appendText(append(body, separator), name), ':')
		body = value(body, name, &n.items[i])
		separator = ','
	}
	return append(body, '}')
}

// appendText writes a JSON text.
func appendText(body []byte, text string) []byte {
	var quoted bytes.Buffer
	out := json.NewEncoder(&quoted)
	out.SetEscapeHTML(false)
	out.Encode(text)
	return append(body, bytes.TrimSuffix(quoted.Bytes(), []byte("\n"))...)
}
