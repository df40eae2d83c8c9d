package fashiontrade

import (
	"encoding/json"
	"fmt"
	"strings"

	"bulkload/vendors"
)

// trace finds the cell that a refusal speaks of. A place in the body is believed first; the batch that
// it begins with, "[2]." or "nl-spring.", says which rows may be meant. Else the entity's own words are
// looked for.
func (s *stockAPI) trace(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	rows, part, message := s.spokenOf(e, message)
	record, field = s.place(part, message)
	if field == "" {
		record, field = s.tracer.trace(part, message)
	}
	if rows != nil {
		record = rows[record]
	}
	return record, field
}

// spokenOf returns the batch that a message begins with, as an entity of its own with the rows that it
// has, and what follows in the message; the whole entity, and nil for its rows, when there is none.
func (s *stockAPI) spokenOf(e *vendors.Entity, message string) (rows []int, part *vendors.Entity, rest string) {
	_, sent, err := readStocked(e.Body)
	part = &vendors.Entity{Records: e.Records, Body: sent}
	if err != nil || !s.whole {
		return nil, part, message
	}
	batches, err := splitBatches(sent)
	if err != nil {
		return nil, part, message
	}
	for i, raw := range batches {
		id, place := raw.id, raw.id+"."
		if !s.mapped {
			var named struct{ ID string }
			if json.Unmarshal(raw.body, &named) != nil {
				continue
			}
			id, place = named.ID, fmt.Sprintf("[%d].", i)
		}
		rest, ok := strings.CutPrefix(message, place)
		if !ok {
			continue
		}
		of := &vendors.Entity{Body: raw.body}
		for i := range e.Records {
			if e.Records[i].Text("batch_id") == id {
				rows, of.Records = append(rows, i), append(of.Records, e.Records[i])
			}
		}
		if rows != nil {
			return rows, of, rest
		}
	}
	return nil, part, message
}

// place reads the member of a batch at which a message begins, "order_window.end_date: ...", and in a map
// of variants the barcode too. The field is empty when there is none.
func (s *stockAPI) place(e *vendors.Entity, message string) (record int, field string) {
	path, _, _ := strings.Cut(message, ": ")
	path, _, _ = strings.Cut(strings.TrimPrefix(path, "selector."), "[")
	if column := e.Records[0].Layout.Column(path); column >= 0 {
		for i := range e.Records {
			if len(e.Records[i].Values[column]) > 0 {
				return i, path
			}
		}
		return 0, path
	}
	barcode, ok := strings.CutPrefix(path, "variants.")
	dot := strings.LastIndexByte(barcode, '.')
	if !ok || dot < 0 {
		return 0, ""
	}
	for i := range e.Records {
		if e.Records[i].Text("barcode") == barcode[:dot] {
			return i, s.tracer.members[barcode[dot+1:]]
		}
	}
	return 0, ""
}
