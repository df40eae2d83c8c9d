package templates

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"bulkload/formats"
	"bulkload/vendors/schema"
)

// readMe writes the sheet that explains the other one.
func (b *book) readMe() error {
	p, err := newPage(b.File, readMe)
	if err != nil {
		return err
	}
	p.line(p.title, b.title())
	p.line(p.plain, sentence(b.resource.Doc))
	b.explainRows(p)
	b.explainCells(p)
	b.explainCommands(p)
	b.columnTable(p)
	b.ruleTable(p)
	return p.err
}

func (b *book) explainRows(p *page) {
	entity, key := noun(b.resource), b.resource.KeyFields("and")
	p.heading("What a row is")
	if b.groups() {
		p.line(p.plain, fmt.Sprintf("Rows of the sheet %q with the same %s make one %s. They need not stand together.",
			b.resource.Name, key, entity))
		p.line(p.plain, fmt.Sprintf("Columns of the whole %s are filled in on its first row. On its other rows they may stay empty; "+
			"what they say must not differ.", entity))
	} else {
		p.line(p.plain, fmt.Sprintf("Each row of the sheet %q is one %s.", b.resource.Name, entity))
	}
	if len(b.resource.Example) > 0 {
		p.line(p.plain, fmt.Sprintf("The first rows show one %s as an example. Write over them.", entity))
	}
}

// groups reports whether several rows can make one entity.
func (b *book) groups() bool {
	for _, c := range b.columns {
		if c.field.Shared {
			return b.resource.Key != ""
		}
	}
	return false
}

func (b *book) explainCells(p *page) {
	p.heading("How to fill it in")
	entity := noun(b.resource)
	if b.groups() {
		p.swatch(&schema.Field{Shared: true, Required: true}, fmt.Sprintf("required, once for each %s", entity))
		p.swatch(&schema.Field{Shared: true}, fmt.Sprintf("optional, once for each %s", entity))
	}
	p.swatch(&schema.Field{Required: true}, "required on every row")
	p.swatch(&schema.Field{}, "optional")
	for _, c := range b.columns {
		if c.field.List {
			p.line(p.plain, "Some cells take several values: write | between them, as in first|second. "+
				"The drop-down puts one value in; add the others by hand. A | within a value is written \\|.")
			break
		}
	}
	p.line(p.plain, "All cells are formatted as text, so that 0012 stays 0012 and a barcode keeps all its digits. "+
		"When you paste, paste values only.")
	p.line(p.plain, "Columns may be moved or left out, but their names in row 1 must stay as they are. Each name has a comment.")
	for i := range b.resource.Schema {
		p.family(&b.resource.Schema[i])
	}
}

func (b *book) explainCommands(p *page) {
	p.heading("Checking and loading the file")
	p.pair("bulkload check FILE"+b.destination(), "shows every wrong cell with the reason; sends nothing")
	p.pair("bulkload import FILE"+b.destination(), "checks, sends what is right, and keeps a file of the rest")
}

// destination is how a command names the resource, and its version where that is not the default.
func (b *book) destination() string {
	text := " --to " + target(b.vendor, b.resource)
	for _, other := range b.vendor.Resources {
		if other.Name != b.resource.Name {
			continue
		}
		if other.Version != b.resource.Version {
			text += " --api-version " + b.resource.Version
		}
		break // the first of a name is the default
	}
	return text
}

func (b *book) columnTable(p *page) {
	p.heading("Columns")
	p.head("column", "needed", "what belongs there", "where it comes from")
	for _, c := range b.columns {
		p.row(c.name, b.needed(c.field), strings.Join(purpose(c.field), " "), c.field.Clause)
	}
}

// needed is demand in a few words, for the table.
func (b *book) needed(field *schema.Field) string {
	text := "optional"
	if field.Required {
		text = "required"
	}
	switch {
	case field.Shared:
		return text + ", once a " + noun(b.resource)
	case field.Required:
		return text + " on every row"
	default:
		return text
	}
}

func (b *book) ruleTable(p *page) {
	p.heading("Rules")
	p.line(p.plain, "Every finding of a check names one of these rules. "+
		"The source is the file of the vendor's document and the line in it.")
	p.head("rule", "when it is broken", "what it asks for", "where it comes from")
	for _, r := range b.resource.AllRules() {
		p.row(r.ID, consequence(r.Severity), sentence(r.Sentence), cmp.Or(r.Clause, "the column's own source"))
	}
}

func consequence(severity schema.Severity) string {
	switch severity {
	case schema.Warning:
		return "a warning; it is sent"
	case schema.Repair:
		return "put right and sent"
	default:
		return "it is not sent"
	}
}

// page writes a sheet from top to bottom, in columns A to D. After an error it does nothing more.
type page struct {
	file                                        *excelize.File
	sheet                                       string
	next                                        int
	title, header, plain, code, top, cell, name int
	err                                         error
}

// widths of the columns A to D of the page, in characters.
var widths = [...]float64{36, 32, 84, 25}

func newPage(file *excelize.File, sheet string) (*page, error) {
	p := &page{file: file, sheet: sheet, next: 1}
	wrapped := &excelize.Alignment{WrapText: true, Vertical: "top"}
	line := []excelize.Border{{Type: "bottom", Color: "D9D9D9", Style: 1}}
	for _, s := range []struct {
		style *int
		look  excelize.Style
	}{
		{&p.title, excelize.Style{Font: &excelize.Font{Family: "Calibri", Bold: true, Size: 18, Color: "1F4E79"}}},
		{&p.header, excelize.Style{Font: &excelize.Font{Family: "Calibri", Bold: true, Size: 13, Color: "1F4E79"}}},
		{&p.plain, excelize.Style{Font: &excelize.Font{Family: "Calibri", Size: 11}, Alignment: wrapped}},
		{&p.code, excelize.Style{Font: &excelize.Font{Family: "Courier New", Size: 10},
			Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F2F2F2"}}}},
		{&p.top, excelize.Style{Font: &excelize.Font{Family: "Calibri", Bold: true, Size: 11, Color: "FFFFFF"},
			Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"1F4E79"}}}},
		{&p.cell, excelize.Style{Font: &excelize.Font{Family: "Calibri", Size: 11}, Alignment: wrapped, Border: line}},
		{&p.name, excelize.Style{Font: &excelize.Font{Family: "Calibri", Bold: true, Size: 11}, Alignment: wrapped, Border: line, NumFmt: asText}},
	} {
		style, err := file.NewStyle(&s.look)
		if err != nil {
			return nil, err
		}
		*s.style = style
	}
	for i, width := range widths {
		letters := formats.ColumnLetters(i)
		if err := file.SetColWidth(sheet, letters, letters, width); err != nil {
			return nil, err
		}
	}
	off := false
	return p, file.SetSheetView(sheet, 0, &excelize.ViewOptions{ShowGridLines: &off})
}

// put writes one cell of the row that is being written.
func (p *page) put(column, style int, text string) {
	if p.err != nil {
		return
	}
	cell := fmt.Sprintf("%s%d", formats.ColumnLetters(column), p.next)
	if p.err = p.file.SetCellStr(p.sheet, cell, text); p.err == nil {
		p.err = p.file.SetCellStyle(p.sheet, cell, cell, style)
	}
}

// end closes the row; height is in lines of text.
func (p *page) end(lines int) {
	if p.err == nil && lines > 1 {
		p.err = p.file.SetRowHeight(p.sheet, p.next, float64(15*lines+2))
	}
	p.next++
}

// line writes text over the whole width. Merged cells do not grow with their text, so the height
// is reckoned.
func (p *page) line(style int, text string) {
	if text == "" {
		return
	}
	p.put(0, style, text)
	if p.err == nil {
		p.err = p.file.MergeCell(p.sheet, fmt.Sprintf("A%d", p.next), fmt.Sprintf("D%d", p.next))
	}
	lines := wrappedLines(text, widths[0]+widths[1]+widths[2]+widths[3])
	if style == p.title {
		lines = 2
	}
	p.end(lines)
}

func (p *page) heading(text string) {
	p.next++
	p.put(0, p.header, text)
	p.end(1)
}

// pair writes a command over columns A and B, and beside it what it does.
func (p *page) pair(command, effect string) {
	p.put(0, p.code, command)
	p.put(1, p.code, "")
	p.put(2, p.plain, effect)
	if p.err == nil {
		p.err = p.file.MergeCell(p.sheet, fmt.Sprintf("A%d", p.next), fmt.Sprintf("B%d", p.next))
	}
	p.end(1)
}

// swatch shows the colour of a header beside its meaning.
func (p *page) swatch(field *schema.Field, meaning string) {
	if p.err != nil {
		return
	}
	look := headerStyle(field)
	look.Alignment.Horizontal = "center"
	var style int
	if style, p.err = p.file.NewStyle(look); p.err != nil {
		return
	}
	p.put(0, style, "header of this colour")
	p.put(1, p.plain, "  "+meaning)
	if p.err == nil {
		p.err = p.file.MergeCell(p.sheet, fmt.Sprintf("B%d", p.next), fmt.Sprintf("C%d", p.next))
	}
	p.end(1)
}

// family tells which further columns a family allows.
func (p *page) family(field *schema.Field) {
	before, placeholder, after, ok := field.Placeholder()
	if !ok || !sendable(field) {
		return
	}
	if placeholder == "n" {
		if after == "" {
			p.line(p.plain, fmt.Sprintf("More columns may follow %s1 and %s2: %s3, %s4 and so on, each with parts like those of %s1.",
				before, before, before, before, before))
		}
		return
	}
	text := fmt.Sprintf("You may add columns named %s, with a name of your own for NAME", before+"NAME"+after)
	if field.Doc != "" {
		text += ": " + field.Doc
	}
	p.line(p.plain, sentence(text))
}

func (p *page) head(texts ...string) {
	for i, text := range texts {
		p.put(i, p.top, text)
	}
	p.end(1)
}

func (p *page) row(name string, texts ...string) {
	p.put(0, p.name, name)
	lines := 1
	for i, text := range texts {
		p.put(i+1, p.cell, text)
		lines = max(lines, wrappedLines(text, widths[i+1]))
	}
	p.end(lines)
}

// wrappedLines estimates how many lines text takes in a cell of this width.
func wrappedLines(text string, width float64) int {
	return 1 + utf8.RuneCountInString(text)/int(width*1.15)
}
