package schema

// A Rule is one thing that a vendor, or a feed's own sense, demands.
type Rule struct {
	ID       string // "size.unknown": stable, lower case, used in reports and settings
	Sentence string // what a right value looks like, in plain words
	Clause   string // where it comes from; empty: the field's own clause
	Severity Severity
}

// Severity tells what a problem does to its row.
type Severity uint8

// The severities. The zero value is Error.
const (
	Error   Severity = iota // the row's entity is not sent
	Warning                 // sent, but somebody should look
	Repair                  // the value was put right on the way; sent
)

// String names the severity as reports write it.
func (s Severity) String() string {
	return [...]string{"error", "warning", "repair"}[s]
}

// A Problem is one finding about one record.
type Problem struct {
	Rule       *Rule
	Record     int    // index of the record in its entity
	Column     int    // index in the layout; -1 when no column carries the field
	Field      string // full name, "image_1.orientation"
	Value      string // the text that was found
	Message    string // what is wrong with it; empty: the rule's sentence
	Suggestion string // the nearest right value; empty when there is none
	Clause     string // where the rule comes from
	Other      int    // with OtherCell in the message: index of the other record of the entity
}

// OtherCell stands in a problem's message for the cell of the same column in record Other, which
// only the pipeline can name.
const OtherCell = "{other cell}"

// Text is the message, or the rule's sentence when the problem has none of its own.
func (p *Problem) Text() string {
	if p.Message != "" {
		return p.Message
	}
	return p.Rule.Sentence
}

// The rules that every schema has. Fields give them their clause.
var (
	Required = &Rule{ID: "required", Sentence: "a value is required here"}
	Disagree = &Rule{ID: "rows.disagree", Sentence: "rows of one entity must agree on the values they share"}
	TooLong  = &Rule{ID: "text.length", Sentence: "the text is longer than the vendor takes"}
	NotList  = &Rule{ID: "value.unknown", Sentence: "the value must be one of the vendor's list, letter for letter"}
	NotType  = &Rule{ID: "value.type", Sentence: "the value must be of the field's type"}
	NotText  = &Rule{ID: "text.encoding", Sentence: "the text must be UTF-8 without control characters"}
	Failed   = &Rule{ID: "cell.error", Sentence: "the cell holds a spreadsheet's error instead of a value"}
	Trimmed  = &Rule{ID: "text.blanks", Sentence: "blanks around the value were taken away", Severity: Repair}
	Twice    = &Rule{ID: "value.twice", Sentence: "the value must not occur twice in the feed"}
	Unsent   = &Rule{ID: "column.unsent", Sentence: "the column cannot be sent to this vendor"}
)

// Rules lists the rules that every schema has.
var Rules = []*Rule{Required, Disagree, TooLong, NotList, NotType, NotText, Failed, Trimmed, Twice, Unsent}
