package pipeline

import (
	"cmp"
	"slices"
	"strconv"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/vendors/schema"
)

// An answerTable lays rows out: the feed's own cells, then those of the answer, then what became of the
// question and why.
type answerTable struct {
	columns []formats.Column
	fields  []answerField
	own     int // columns of the feed
	expand  bool
	cells   [][]byte // of one row

	things []map[string]string // of the last answer
	at     int64               // where that answer stands; -1: there was none
}

// answerField is a column of the answer.
type answerField struct {
	name          string // as the answer calls it
	field, number int    // its places in the schema, and in a numbered family
	shared, list  bool
	kind          schema.Type
}

// newAnswerTable finds the columns: fields that stand by themselves have one in any case, those of families
// when they were met. A name that is taken already gets "answer." in front.
func newAnswerTable(answers schema.Schema, met map[string]bool, header *formats.Header, expand bool, output string) *answerTable {
	t := &answerTable{fields: answerFields(answers, met), own: len(header.Names), expand: expand, at: -1}
	taken := make(map[string]bool)
	add := func(c formats.Column) { t.columns = append(t.columns, c) }
	for _, name := range ownNames(header.Names, output) {
		taken[name] = true
		add(formats.Column{Name: name})
	}
	for _, f := range t.fields {
		column := formats.Column{Name: freeName(f.name, taken)}
		if (f.shared || expand) && !f.list && (f.kind == schema.Integer || f.kind == schema.Decimal) {
			column.Type = formats.Number
		}
		add(column)
	}
	add(formats.Column{Name: freeName(statusColumn, taken)})
	add(formats.Column{Name: freeName(errorColumn, taken), Width: 60})
	t.cells = make([][]byte, len(t.columns))
	return t
}

// ownNames are the names of the feed's columns as they are, but in formats that tell columns apart by their
// names: there, one without a name is called by its letters, and one of a name that was there gets a number.
func ownNames(names []string, output string) []string {
	if feed.TakesUnnamed(output) {
		return names
	}
	distinct := make([]string, len(names))
	for i, name := range names {
		distinct[i] = cmp.Or(name, "column "+formats.ColumnLetters(i))
		for n := 2; slices.Contains(distinct[:i], distinct[i]); n++ {
			distinct[i] = name + " " + strconv.Itoa(n)
		}
	}
	return distinct
}

// freeName is a name that no column has, and takes it.
func freeName(name string, taken map[string]bool) string {
	for taken[name] {
		name = "answer." + name
	}
	taken[name] = true
	return name
}

// answerFields puts the fields of the answers into the order of their schema. What no field carries comes last.
func answerFields(answers schema.Schema, met map[string]bool) []answerField {
	var fields []answerField
	for i := range answers {
		if _, _, _, family := answers[i].Placeholder(); !family {
			fields = append(fields, fieldOf(answers, i, answers[i].Name, ""))
		}
	}
	for name := range met {
		field, param := answers.Find(name)
		at := len(answers)
		if field != nil {
			at = slices.IndexFunc(answers, func(f schema.Field) bool { return f.Name == field.Name })
		}
		if field == nil || param != "" {
			fields = append(fields, fieldOf(answers, at, name, param))
		}
	}
	slices.SortFunc(fields, func(a, b answerField) int {
		return cmp.Or(cmp.Compare(a.field, b.field), cmp.Compare(a.number, b.number), cmp.Compare(a.name, b.name))
	})
	return fields
}

func fieldOf(answers schema.Schema, at int, name, param string) answerField {
	f := answerField{name: name, field: at}
	f.number, _ = strconv.Atoi(param) // 0: it is not one of a numbered family
	if at < len(answers) {
		f.shared, f.list, f.kind = answers[at].Shared, answers[at].List, answers[at].Type
	}
	return f
}

// begin empties the row.
func (t *answerTable) begin() { clear(t.cells) }

// put sets a cell of the feed. What stands beyond its columns was not read, and is not written.
func (t *answerTable) put(column int, cell []byte) {
	if column < t.own {
		t.cells[column] = cell
	}
}

// end sets what became of the question.
func (t *answerTable) end(status, reason string) {
	t.cells[len(t.cells)-2], t.cells[len(t.cells)-1] = []byte(status), []byte(reason)
}

// write writes the row with the last answer beside it: once, or for each thing that the answer lists.
func (t *answerTable) write(write func([][]byte) error) error {
	if !t.expand {
		for i := range t.fields {
			t.cells[t.own+i] = []byte(t.fields[i].joined(t.things))
		}
		return write(t.cells)
	}
	for _, thing := range t.things {
		for i := range t.fields {
			f := &t.fields[i]
			value := thing[f.name]
			if f.shared {
				value = f.first(t.things)
			}
			t.cells[t.own+i] = []byte(value)
		}
		if err := write(t.cells); err != nil {
			return err
		}
	}
	return nil
}

// first is the value of a field that belongs to the answer as a whole.
func (f *answerField) first(things []map[string]string) string {
	for _, thing := range things {
		if value := thing[f.name]; value != "" {
			return value
		}
	}
	return ""
}

// joined writes the values of all things into one cell, as cells with several values are written, those of
// two fields in the same order. When no thing has a value, the cell is empty.
func (f *answerField) joined(things []map[string]string) string {
	first := f.first(things)
	if f.shared || first == "" || f.list && len(things) == 1 {
		return first
	}
	values := make([]string, len(things))
	for i, thing := range things {
		values[i] = thing[f.name]
	}
	return schema.JoinItems(values)
}
