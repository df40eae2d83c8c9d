package schema

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// A Check is a rule for one value of a field, beyond its type, length and closed list.
type Check struct {
	Rule *Rule
	// OK reports whether a value, never an empty one, keeps the rule. It must not allocate.
	OK func(value []byte) bool
	// Explain says more of a value that broke the rule. Nil, or an empty message: the rule's sentence.
	Explain func(value string) (message, suggestion string)
}

// Check applies the schema to one record, the record-th of its entity, and adds every problem to
// problems. What concerns several records is left to CheckShared.
func (r *Record) Check(record int, problems []Problem) []Problem {
	for i := range r.Layout.Columns {
		column := &r.Layout.Columns[i]
		value := r.Values[i]
		if len(value) == 0 || column.Field.ReadOnly {
			continue
		}
		before := len(problems)
		problems = column.check(value, problems)
		for j := before; j < len(problems); j++ {
			problems[j].Record, problems[j].Column = record, i
			if problems[j].Rule.Severity == Error {
				r.Bad[i] = true
			}
		}
	}
	return r.checkRequired(record, problems)
}

func (r *Record) checkRequired(record int, problems []Problem) []Problem {
	for _, need := range r.Layout.required {
		if need.field.Shared || need.column >= 0 && (len(r.Values[need.column]) > 0 || r.Bad[need.column]) {
			continue
		}
		problems = append(problems, missing(need.field, record, need.column))
	}
	return problems
}

func missing(field *Field, record, column int) Problem {
	return Problem{Rule: Required, Record: record, Column: column, Field: field.Name, Clause: field.Clause,
		Message: fmt.Sprintf("%s is required", field.Name)}
}

// check applies the rules of one value to each of the values that the cell lists.
func (c *Column) check(cell []byte, problems []Problem) []Problem {
	if !plainText(cell) {
		return append(problems, c.problem(NotText, string(cell), "", ""))
	}
	if c.Field.Forbidden != "" {
		return append(problems, c.problem(Unsent, string(cell), c.Field.Forbidden, ""))
	}
	if !c.Field.List {
		return c.checkOne(cell, problems)
	}
	before := len(problems)
	Items(cell, func(item []byte) bool {
		if len(item) > 0 {
			problems = c.checkOne(item, problems)
		}
		return len(problems)-before < mostOfACell
	})
	return problems
}

// mostOfACell is how many problems are told of one cell: enough to see what is wrong with it, and too
// few for a hostile cell to fill the memory with.
const mostOfACell = 20

func (c *Column) checkOne(value []byte, problems []Problem) []Problem {
	field := c.Field
	if message := field.Type.fault(value); message != "" {
		return append(problems, c.problem(NotType, string(value), message, field.Type.meant(value)))
	}
	if field.MaxRunes > 0 && len(value) > field.MaxRunes && utf8.RuneCount(value) > field.MaxRunes {
		problems = append(problems, c.problem(TooLong, string(value), fmt.Sprintf(
			"%d characters, at most %d are taken", utf8.RuneCount(value), field.MaxRunes), ""))
	}
	if field.Values != nil && !field.Values.Has(value) {
		message, suggestion := notInList(string(value), field)
		problems = append(problems, c.problem(NotList, string(value), message, suggestion))
	}
	for i := range field.Checks {
		check := &field.Checks[i]
		if check.OK(value) {
			continue
		}
		var message, suggestion string
		if check.Explain != nil {
			message, suggestion = check.Explain(string(value))
		}
		problems = append(problems, c.problem(check.Rule, string(value), message, suggestion))
	}
	return problems
}

func (c *Column) problem(rule *Rule, value, message, suggestion string) Problem {
	clause := rule.Clause
	if clause == "" {
		clause = c.Field.Clause
	}
	return Problem{Rule: rule, Field: c.Name, Value: value, Message: message, Suggestion: suggestion, Clause: clause}
}

func notInList(value string, field *Field) (message, suggestion string) {
	if field.Explain != nil {
		if message, suggestion = field.Explain(value); message != "" {
			return message, suggestion
		}
	}
	suggestion = field.Values.Nearest(value)
	if len(field.Values.list) <= 8 {
		return fmt.Sprintf("%q is none of %s", value, strings.Join(field.Values.list, ", ")), suggestion
	}
	return fmt.Sprintf("%q is not one of the %d values taken", value, len(field.Values.list)), suggestion
}

// fault says why a value is not of the type, "" when it is.
func (t Type) fault(value []byte) string {
	switch t {
	case Integer:
		if !isInteger(value) {
			return "must be a whole number"
		}
	case Decimal:
		if !IsDecimal(value) {
			return "must be a decimal number such as 28.99"
		}
	case Boolean:
		if _, ok := ParseBoolean(value); !ok {
			return "must be true or false"
		}
	case URL:
		if !isPlainURL(value) && !isURL(string(value)) {
			return "must be a whole web address that starts with http:// or https://, without blanks"
		}
	}
	return ""
}

// meant is the value that was probably meant: 79.95 for 79,95. Three digits behind a comma may be
// thousands, so nothing is told of those.
func (t Type) meant(value []byte) string {
	whole, cents, found := bytes.Cut(value, []byte(","))
	if t != Decimal || !found || len(cents) < 1 || len(cents) > 2 {
		return ""
	}
	if decimal := string(whole) + "." + string(cents); IsDecimal([]byte(decimal)) {
		return decimal
	}
	return ""
}

// isPlainURL knows the addresses that feeds mostly hold, a name of letters and a path without
// anything that needs escaping, and saves taking them apart.
func isPlainURL(value []byte) bool {
	rest, ok := bytes.CutPrefix(value, []byte("https://"))
	if !ok {
		rest, ok = bytes.CutPrefix(value, []byte("http://"))
	}
	if !ok || len(rest) == 0 || rest[0] == '/' {
		return false
	}
	for _, c := range rest {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && strings.IndexByte("-_./", c) < 0 {
			return false
		}
	}
	return true
}

func isURL(value string) bool {
	address, err := url.Parse(value)
	return err == nil && address.Host != "" && (address.Scheme == "http" || address.Scheme == "https") &&
		!strings.ContainsAny(value, " \t\r\n")
}

func isInteger(value []byte) bool {
	if len(value) > 1 && (value[0] == '-' || value[0] == '+') {
		value = value[1:]
	}
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(value) > 0 && len(value) < 19
}

// IsDecimal reports whether text is an exact decimal number: digits, at most one point with digits
// on both sides, an optional sign before them. Exponents are not taken.
func IsDecimal(text []byte) bool {
	if len(text) > 1 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	digits, point := 0, -1
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c == '.' && point < 0 && i > 0:
			point = i
		default:
			return false
		}
	}
	return digits > 0 && point != len(text)-1
}

// plainText reports whether a cell is UTF-8 without control characters other than tabs and line
// ends. It sees every cell of a feed, so it looks at eight bytes at a time for the ones that are
// neither letters, digits, blanks nor the like of ASCII (BenchmarkPlainText).
func plainText(cell []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	rest := cell
	for len(rest) >= 8 {
		word := binary.LittleEndian.Uint64(rest)
		deletes := word ^ 0x7f*ones
		if (word|(word-' '*ones)|(deletes-ones)&^deletes)&tops != 0 {
			return plainBytes(cell)
		}
		rest = rest[8:]
	}
	return plainBytes(rest)
}

// plainBytes is plainText, byte by byte.
func plainBytes(cell []byte) bool {
	ascii := true
	for _, c := range cell {
		if c >= utf8.RuneSelf {
			ascii = false
		} else if c < ' ' && c != '\t' && c != '\n' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return ascii || utf8.Valid(cell)
}

// CheckShared applies what concerns all records of an entity, or of a part of it: required shared
// fields, and shared values that disagree. It adds every problem to problems.
func CheckShared(records []Record, problems []Problem) []Problem {
	if len(records) == 0 {
		return problems
	}
	problems = checkShared(records, "", problems)
	for _, column := range records[0].Layout.parts {
		problems = checkParts(records, column, problems)
	}
	return problems
}

// checkShared checks the fields that are shared by the records as the entity's, or as a part's.
func checkShared(records []Record, by string, problems []Problem) []Problem {
	layout := records[0].Layout
	for _, need := range layout.required {
		if need.field.Shared && need.field.SharedBy == by && absent(records, need.column) {
			problems = append(problems, missing(need.field, 0, need.column))
		}
	}
	for i := range layout.Columns {
		field := layout.Columns[i].Field
		if field.Shared && field.SharedBy == by && !field.ReadOnly && layout.Columns[i].Source >= 0 {
			problems = disagreements(records, i, problems)
		}
	}
	return problems
}

// checkParts checks the parts of an entity, which the values of a column name.
func checkParts(records []Record, column int, problems []Problem) []Problem {
	if column < 0 {
		return problems // every record lacks its part's name, and is told so
	}
	by := records[0].Layout.Columns[column].Name
	if onePart(records, column) {
		return checkShared(records, by, problems)
	}
	var part []Record
	for _, rows := range Parts(records, column) {
		part = part[:0]
		for _, row := range rows {
			part = append(part, records[row])
		}
		before := len(problems)
		problems = checkShared(part, by, problems)
		for i := before; i < len(problems); i++ {
			problems[i].Record, problems[i].Other = rows[problems[i].Record], rows[problems[i].Other]
		}
	}
	return problems
}

// onePart spares most entities from being taken apart.
func onePart(records []Record, column int) bool {
	first := records[0].Values[column]
	for i := 1; i < len(records); i++ {
		if !bytes.Equal(records[i].Values[column], first) {
			return false
		}
	}
	return len(first) > 0 || len(records) == 1
}

// Parts returns the records of each part of an entity, by their indices: those that have one value in
// the column, in their order. The parts are in the order of these values' bytes, after those without
// one, each of which is a part by itself.
func Parts(records []Record, column int) [][]int {
	order := make([]int, len(records))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return bytes.Compare(records[a].Values[column], records[b].Values[column])
	})
	var parts [][]int
	for first := 0; first < len(order); {
		value := records[order[first]].Values[column]
		end := first + 1
		for len(value) > 0 && end < len(order) && bytes.Equal(records[order[end]].Values[column], value) {
			end++
		}
		parts = append(parts, order[first:end:end])
		first = end
	}
	return parts
}

// absent reports whether no record has a value in the column, nor a faulty one.
func absent(records []Record, column int) bool {
	if column < 0 {
		return true
	}
	for i := range records {
		if len(records[i].Values[column]) > 0 || records[i].Bad[column] {
			return false
		}
	}
	return true
}

// disagreements reports each record whose value of the column differs from the first one's.
func disagreements(records []Record, column int, problems []Problem) []Problem {
	first, value := shared(records, column)
	if first < 0 {
		return problems
	}
	c := &records[0].Layout.Columns[column]
	for i := first + 1; i < len(records); i++ {
		other := records[i].Values[column]
		if len(other) == 0 || sameShared(c.Field, value, other) {
			continue
		}
		problem := c.problem(Disagree, string(other), "", string(value))
		problem.Record, problem.Column, problem.Other = i, column, first
		problem.Message = fmt.Sprintf("%q here, but %q in %s", other, value, OtherCell)
		problems = append(problems, problem)
		records[i].Bad[column] = true
	}
	return problems
}

func sameShared(field *Field, a, b []byte) bool {
	switch {
	case string(a) == string(b):
		return true
	case field.List:
		return sameSet(a, b)
	case field.Type == Boolean:
		left, okLeft := ParseBoolean(a)
		right, okRight := ParseBoolean(b)
		return okLeft && okRight && left == right
	default:
		return false
	}
}
