// Package report writes down what became of every row: findings in the order of the feed, the rows
// that did not go in, and a summary that balances.
package report

import (
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strconv"

	"bulkload/formats"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A Finding is one line of a report: a problem with its place and what became of its entity.
type Finding struct {
	Place         formats.Place
	Column        string // the feed's name of the column
	Cell          string // as a spreadsheet names it, "Products!F12"; empty when the format has no cells
	Field         string
	Value         string
	Rule          string
	Severity      schema.Severity
	Message       string
	Suggestion    string
	Clause        string
	Entity        string // key of the entity
	Outcome       vendors.Outcome
	VendorCode    string
	VendorMessage string
}

// Columns are the columns of a report file.
var Columns = []formats.Column{
	{Name: "run"}, {Name: "sheet", Width: 12}, {Name: "row", Type: formats.Number}, {Name: "line", Type: formats.Number},
	{Name: "column", Width: 22}, {Name: "cell", Width: 16}, {Name: "field", Width: 22}, {Name: "value", Width: 24},
	{Name: "rule", Width: 20}, {Name: "severity"}, {Name: "message", Width: 80}, {Name: "suggestion", Width: 24},
	{Name: "clause", Width: 18}, {Name: "entity", Width: 16}, {Name: "outcome"}, {Name: "vendor_code"},
	{Name: "vendor_message", Width: 40},
}

// cells gives the finding as a row of a report file.
func (f *Finding) cells(run string) [][]byte {
	texts := []string{run, f.Place.Sheet, number(f.Place.Row), number(f.Place.Line),
		f.Column, f.Cell, f.Field, f.Value, f.Rule, f.Severity.String(),
		f.Message, f.Suggestion, f.Clause, f.Entity, f.Outcome.String(),
		f.VendorCode, f.VendorMessage}
	cells := make([][]byte, len(texts))
	for i, text := range texts {
		cells[i] = []byte(text)
	}
	return cells
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// A Reject is a row that did not go in.
type Reject struct {
	Row    int64
	Reason string
	Cells  [][]byte
}

// An Event is what happened to one entity.
type Event struct {
	Outcome  vendors.Outcome
	Entity   string
	Findings []Finding
	Rows     []formats.Row // of the entity, still held
	Behind   bool          // it was left behind because of what it refers to
	Rest     bool          // the rows are those that another event of the same entity lacks
	Reasons  []string      // one a row, for the rejects file; nil when the rows do not belong there
}

// A Collector takes events in any order and gives findings and rejects in the order of the feed,
// with bounded memory. It is used by one goroutine at a time.
type Collector struct {
	Counts   Counts
	rules    map[string]*RuleCount
	findings spill.Sorter
	rejects  spill.Sorter
	widest   int // of the rejects, in cells
	scratch  []byte
}

// Counts tells what became of rows and entities.
type Counts struct {
	Rows     [len(vendors.Outcomes) + 1]int64 // by vendors.Outcome
	Entities [len(vendors.Outcomes) + 1]int64
	Faulty   int64 // rows with an error of their own
	Behind   Behind
}

// Behind counts what was left behind because of what it refers to. It is among the skipped.
type Behind struct{ Rows, Entities int64 }

// NewCollector returns an empty collector that sets aside what does not fit into memory in a file
// of this folder; empty: the system's.
func NewCollector(dir string) *Collector {
	return &Collector{rules: make(map[string]*RuleCount), findings: spill.Sorter{Dir: dir}, rejects: spill.Sorter{Dir: dir}}
}

// Close gives up temporary files.
func (c *Collector) Close() error {
	err := c.findings.Close()
	if other := c.rejects.Close(); err == nil {
		err = other
	}
	return err
}

// Add takes what happened to an entity.
func (c *Collector) Add(e Event) error {
	c.Counts.Rows[e.Outcome] += int64(len(e.Rows))
	if !e.Rest {
		c.Counts.Entities[e.Outcome]++
	}
	if e.Behind {
		c.Counts.Behind.add(&e)
	}
	var rows ruleRows
	for i := range e.Findings {
		finding := &e.Findings[i]
		finding.Entity, finding.Outcome = e.Entity, e.Outcome
		if finding.Severity == schema.Error && !e.Behind && rows.first("", finding.Place.Row) {
			c.Counts.Faulty++
		}
		c.count(finding, rows.first(finding.Rule, finding.Place.Row))
		key := spill.Key{High: uint64(finding.Place.Row), Low: uint64(i)}
		c.scratch = finding.append(c.scratch[:0])
		if err := c.findings.Add(key, c.scratch); err != nil {
			return err
		}
	}
	if e.Reasons == nil {
		return nil
	}
	return c.reject(e)
}

func (b *Behind) add(e *Event) {
	b.Rows += int64(len(e.Rows))
	if !e.Rest {
		b.Entities++
	}
}

// ruleRows are the rows of an entity that were counted for a rule, "" being any error. The zero value is empty.
type ruleRows map[ruleRow]struct{}

type ruleRow struct {
	rule string
	row  int64
}

// first reports whether the row is met for the first time with this rule.
func (r *ruleRows) first(rule string, row int64) bool {
	at := ruleRow{rule, row}
	if _, met := (*r)[at]; met {
		return false
	}
	if *r == nil {
		*r = make(ruleRows)
	}
	(*r)[at] = struct{}{}
	return true
}

// WentIn reports whether rows of this outcome are with the vendor.
func WentIn(o vendors.Outcome) bool {
	return o == vendors.Created || o == vendors.Updated || o == vendors.Unchanged
}

func (c *Collector) reject(e Event) error {
	for i, row := range e.Rows {
		c.widest = max(c.widest, row.Len())
		c.scratch = appendText(c.scratch[:0], e.Reasons[i])
		for cell := range row.Len() {
			c.scratch = binary.AppendUvarint(c.scratch, uint64(len(row.Cell(cell))))
			c.scratch = append(c.scratch, row.Cell(cell)...)
		}
		if err := c.rejects.Add(spill.Key{High: uint64(row.Place().Row)}, c.scratch); err != nil {
			return err
		}
	}
	return nil
}

// Rejected is the number of rows that did not go in.
func (c *Collector) Rejected() int64 { return c.rejects.Len() }

// Rejects yields the rows that did not go in, in the order of the feed. A Reject is valid until the next.
func (c *Collector) Rejects() iter.Seq2[Reject, error] {
	return func(yield func(Reject, error) bool) {
		for record, err := range c.rejects.Sorted() {
			if err != nil {
				yield(Reject{}, err)
				return
			}
			reason, data := cutText(record.Data)
			reject := Reject{Row: int64(record.Key.High), Reason: reason}
			for len(data) > 0 {
				length, n := binary.Uvarint(data)
				reject.Cells = append(reject.Cells, data[n:n+int(length)])
				data = data[n+int(length):]
			}
			if !yield(reject, nil) {
				return
			}
		}
	}
}

// Findings yields all findings in the order of the feed.
func (c *Collector) Findings() iter.Seq2[Finding, error] {
	return func(yield func(Finding, error) bool) {
		for record, err := range c.findings.Sorted() {
			if err != nil {
				yield(Finding{}, err)
				return
			}
			if !yield(decodeFinding(record.Data), nil) {
				return
			}
		}
	}
}

// append and decodeFinding write a finding for the temporary file, and read it back.
func (f *Finding) append(data []byte) []byte {
	for _, n := range []int64{f.Place.Row, f.Place.Line, f.Place.Offset, int64(f.Severity), int64(f.Outcome)} {
		data = binary.AppendVarint(data, n)
	}
	for _, text := range f.texts() {
		data = appendText(data, *text)
	}
	return data
}

func decodeFinding(data []byte) Finding {
	var f Finding
	var severity, outcome int64
	for _, n := range []*int64{&f.Place.Row, &f.Place.Line, &f.Place.Offset, &severity, &outcome} {
		var size int
		*n, size = binary.Varint(data)
		data = data[size:]
	}
	f.Severity, f.Outcome = schema.Severity(severity), vendors.Outcome(outcome)
	for _, text := range f.texts() {
		*text, data = cutText(data)
	}
	return f
}

func (f *Finding) texts() []*string {
	return []*string{&f.Place.Sheet, &f.Column, &f.Cell, &f.Field, &f.Value, &f.Rule, &f.Message,
		&f.Suggestion, &f.Clause, &f.Entity, &f.VendorCode, &f.VendorMessage}
}

func appendText(data []byte, text string) []byte {
	return append(binary.AppendUvarint(data, uint64(len(text))), text...)
}

func cutText(data []byte) (string, []byte) {
	length, n := binary.Uvarint(data)
	end := n + int(length)
	return string(data[n:end]), data[end:]
}

// WriteFindings writes all findings to a report file whose columns are Columns.
func (c *Collector) WriteFindings(w formats.Writer, run string) error {
	for finding, err := range c.Findings() {
		if err != nil {
			return err
		}
		if err := w.Write(finding.cells(run)); err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return nil
}

// RejectColumns are the columns of a rejects file: the feed's own in their order, then the reason, then
// some without a name for what stands beyond the header's. A reason that the feed has from an earlier
// run is replaced. unnamed is false for formats in which every column has a name.
func (c *Collector) RejectColumns(header *formats.Header, unnamed bool) []formats.Column {
	var columns []formats.Column
	for _, name := range header.Names {
		if name != mapping.ReasonColumn {
			columns = append(columns, formats.Column{Name: name})
		}
	}
	columns = append(columns, formats.Column{Name: mapping.ReasonColumn, Width: 80})
	for i := len(header.Names); i < c.widest; i++ {
		beyond := formats.Column{}
		if !unnamed {
			beyond.Name = "column " + formats.ColumnLetters(i)
		}
		columns = append(columns, beyond)
	}
	return columns
}

// WriteRejects writes the rows that did not go in to a file of RejectColumns. What stands beyond
// the header's columns comes behind the reason, so that it is still found to be there.
func (c *Collector) WriteRejects(w formats.Writer, header *formats.Header) error {
	width := max(len(header.Names), c.widest)
	old := slices.Index(header.Names, mapping.ReasonColumn)
	for reject, err := range c.Rejects() {
		if err != nil {
			return err
		}
		cells := reject.Cells
		for len(cells) < width {
			cells = append(cells, nil)
		}
		cells = slices.Insert(cells, len(header.Names), []byte(reject.Reason))
		if old >= 0 {
			cells = slices.Delete(cells, old, old+1)
		}
		if err := w.Write(cells); err != nil {
			return fmt.Errorf("write rejects: %w", err)
		}
	}
	return nil
}
