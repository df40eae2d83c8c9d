package faire

import "bulkload/vendors"

// traceWords finds the cell that a refusal speaks of. The document does not say what its messages hold:
// the longest value of the feed that stands in the message tells the record, and its own column when the
// message names no other; a column is named by its name, or by the last part of it.
func traceWords(e *vendors.Entity, message string) (record int, field string) {
	longest := 1
	for i := range e.Records {
		r := &e.Records[i]
		for j := range r.Layout.Columns {
			column := &r.Layout.Columns[j]
			if column.Field.ReadOnly || len(r.Values[j]) <= longest || !vendors.HoldsWord(message, string(r.Values[j])) {
				continue
			}
			record, field, longest = i, column.Name, len(r.Values[j])
		}
	}
	if len(e.Records) == 0 {
		return 0, ""
	}
	return record, vendors.MentionedField(e.Records[record].Layout, message, field)
}
