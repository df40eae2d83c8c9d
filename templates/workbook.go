package templates

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"

	"bulkload/formats"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

const (
	readMe   = "Read me"
	lists    = "lists"
	lastRow  = excelize.TotalRows
	asText   = 49 // Excel's number format @
	maxLines = 24 // of a comment's box
)

// Workbook writes a workbook to fill in: a sheet named after the resource, whose header cells say
// in a comment what belongs below them and whose closed lists drop down, with the resource's example
// as its first rows; and a sheet that explains it in plain words. What it writes is a right feed.
func Workbook(w io.Writer, vendor *vendors.Vendor, resource *vendors.Resource) error {
	f := excelize.NewFile()
	defer f.Close()
	b := &book{File: f, vendor: vendor, resource: resource, columns: layout(resource)}
	for _, step := range []func() error{
		b.sheets, b.header, b.body, b.dropDowns, b.readMe, b.finish,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("make template of %s: %w", target(vendor, resource), err)
		}
	}
	if err := f.Write(w); err != nil {
		return fmt.Errorf("write template of %s: %w", target(vendor, resource), err)
	}
	return nil
}

type book struct {
	*excelize.File
	vendor   *vendors.Vendor
	resource *vendors.Resource
	columns  []column
}

// sheets makes the three sheets: to fill in, to read, and the lists that drop-downs show.
func (b *book) sheets() error {
	if err := b.SetSheetName("Sheet1", b.resource.Name); err != nil {
		return err
	}
	for _, name := range []string{readMe, lists} {
		if _, err := b.NewSheet(name); err != nil {
			return err
		}
	}
	return nil
}

// header writes the names of the columns, their shades and comments, and keeps them in sight.
func (b *book) header() error {
	for i, c := range b.columns {
		cell := formats.ColumnLetters(i) + "1"
		style, err := b.NewStyle(headerStyle(c.field))
		if err != nil {
			return err
		}
		if err := b.SetCellStr(b.resource.Name, cell, c.name); err != nil {
			return err
		}
		if err := b.SetCellStyle(b.resource.Name, cell, cell, style); err != nil {
			return err
		}
		if err := b.AddComment(b.resource.Name, b.comment(cell, c)); err != nil {
			return err
		}
	}
	if err := b.SetRowHeight(b.resource.Name, 1, 24); err != nil {
		return err
	}
	return b.SetPanes(b.resource.Name, &excelize.Panes{Freeze: true, XSplit: 1, YSplit: 1, TopLeftCell: "B2",
		ActivePane: "bottomRight", Selection: []excelize.Selection{{Pane: "bottomRight", ActiveCell: "B2", SQRef: "B2"}}})
}

// headerStyle shades what belongs to the whole entity blue and what belongs to the row green,
// dark where a value is required.
func headerStyle(field *schema.Field) *excelize.Style {
	fill, text := "E2EFDA", "274E13"
	switch {
	case field.Shared && field.Required:
		fill, text = "1F4E79", "FFFFFF"
	case field.Shared:
		fill, text = "D6E4F0", "1F3864"
	case field.Required:
		fill, text = "375623", "FFFFFF"
	}
	return &excelize.Style{
		Font:      &excelize.Font{Bold: true, Color: text, Family: "Calibri", Size: 11},
		Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{fill}},
		Alignment: &excelize.Alignment{Vertical: "center"},
		Border:    []excelize.Border{{Type: "right", Color: "FFFFFF", Style: 1}, {Type: "bottom", Color: "7F7F7F", Style: 1}},
		NumFmt:    asText,
	}
}

// comment says what belongs into a column, in a box that is large enough for it.
func (b *book) comment(cell string, c column) excelize.Comment {
	title := c.name
	if c.field.Required {
		title = "★ " + title
	}
	paragraphs := b.explain(c)
	if c.field.Clause != "" {
		paragraphs = append(paragraphs, "Source: "+c.field.Clause)
	}
	lines := 2
	for _, text := range paragraphs {
		lines += 1 + utf8.RuneCountInString(text)/44
	}
	return excelize.Comment{
		Cell: cell, Author: "bulkload", Width: 320, Height: uint(18 * min(lines, maxLines)),
		Paragraph: []excelize.RichTextRun{
			{Text: title + "\n", Font: &excelize.Font{Bold: true, Family: "Calibri", Size: 10}},
			{Text: strings.Join(paragraphs, "\n"), Font: &excelize.Font{Family: "Calibri", Size: 10}},
		},
	}
}

// explain tells a column's purpose and form, and whether it is required.
func (b *book) explain(c column) []string {
	return dropEmpty(append([]string{sentence(b.demand(c.field))}, purpose(c.field)...))
}

// purpose tells what a column holds, in what form, with an example.
func purpose(field *schema.Field) []string {
	text := []string{sentence(field.Doc)}
	if field.List {
		text = append(text, "Several values stand in one cell with | between them.")
	}
	for _, rule := range form(field) {
		text = append(text, sentence(rule))
	}
	if field.Example != "" {
		text = append(text, "Example: "+field.Example)
	}
	return dropEmpty(text)
}

// demand tells when a column must have a value.
func (b *book) demand(field *schema.Field) string {
	entity := noun(b.resource)
	switch {
	case field.Required && field.Shared:
		return fmt.Sprintf("required once for each %s; may be empty on its further rows", entity)
	case field.Required:
		return "required on every row"
	case field.Shared:
		return fmt.Sprintf("optional; belongs to the whole %s, so its first row is enough", entity)
	default:
		return "optional"
	}
}

// form lists in words what a value must look like.
func form(field *schema.Field) []string {
	var rules []string
	switch field.Type {
	case schema.Integer:
		rules = append(rules, "a whole number")
	case schema.Decimal:
		rules = append(rules, "a decimal number with a point, such as 28.99")
	case schema.Boolean:
		rules = append(rules, "TRUE or FALSE")
	case schema.URL:
		rules = append(rules, "a whole web address that starts with https:// or http://")
	}
	if field.MaxRunes > 0 {
		rules = append(rules, fmt.Sprintf("at most %d characters", field.MaxRunes))
	}
	if field.Values != nil {
		rules = append(rules, listed(field.Values.List()))
	}
	for _, check := range field.Checks {
		rules = append(rules, check.Rule.Sentence)
	}
	return rules
}

func listed(values []string) string {
	if len(values) <= 6 {
		return "one of " + strings.Join(values, ", ")
	}
	return fmt.Sprintf("one of the %d values of the drop-down list, letter for letter", len(values))
}

// body fills in the example below the header and formats all columns as text.
func (b *book) body() error {
	style, err := b.NewStyle(&excelize.Style{NumFmt: asText, Font: &excelize.Font{Family: "Calibri", Size: 11}})
	if err != nil {
		return err
	}
	rows := Rows(b.resource)
	for i := range b.columns {
		letters := formats.ColumnLetters(i)
		width := utf8.RuneCountInString(b.columns[i].name)
		for j, row := range rows {
			width = max(width, utf8.RuneCountInString(row[i]))
			cell := fmt.Sprintf("%s%d", letters, j+2)
			if err := b.SetCellStyle(b.resource.Name, cell, cell, style); err != nil {
				return err
			}
			if row[i] == "" {
				continue
			}
			if err := b.SetCellStr(b.resource.Name, cell, row[i]); err != nil {
				return err
			}
		}
		if err := b.SetColWidth(b.resource.Name, letters, letters, float64(min(max(width, 8), 36)+3)); err != nil {
			return err
		}
	}
	filled := fmt.Sprintf("A1:%s%d", formats.ColumnLetters(len(b.columns)-1), len(rows)+1)
	if err := b.SetSheetDimension(b.resource.Name, filled); err != nil {
		return err
	}
	return b.textBelow(style)
}

// textBelow formats whole columns as text. The header keeps its own style, which a column's would
// replace.
func (b *book) textBelow(style int) error {
	last := formats.ColumnLetters(len(b.columns) - 1)
	headers := make([]int, len(b.columns))
	for i := range b.columns {
		var err error
		if headers[i], err = b.GetCellStyle(b.resource.Name, formats.ColumnLetters(i)+"1"); err != nil {
			return err
		}
	}
	if err := b.SetColStyle(b.resource.Name, "A:"+last, style); err != nil {
		return err
	}
	for i := range headers {
		cell := formats.ColumnLetters(i) + "1"
		if err := b.SetCellStyle(b.resource.Name, cell, cell, headers[i]); err != nil {
			return err
		}
	}
	return nil
}

// dropDowns gives each column of a closed list its drop-down, out of a sheet that nobody sees.
func (b *book) dropDowns() error {
	ranges := map[*schema.Values]string{}
	for i, c := range b.columns {
		validation := excelize.NewDataValidation(true)
		letters := formats.ColumnLetters(i)
		validation.SetSqref(fmt.Sprintf("%s2:%s%d", letters, letters, lastRow))
		switch {
		case c.field.Values != nil:
			if ranges[c.field.Values] == "" {
				name, err := b.list(len(ranges), c.field.Values.List())
				if err != nil {
					return err
				}
				ranges[c.field.Values] = name
			}
			validation.SetSqrefDropList(ranges[c.field.Values])
			refuse(validation, c)
		case c.field.Type == schema.Boolean:
			if err := validation.SetDropList([]string{"TRUE", "FALSE"}); err != nil {
				return err
			}
			refuse(validation, c)
		default:
			continue
		}
		if err := b.AddDataValidation(b.resource.Name, validation); err != nil {
			return err
		}
	}
	return nil
}

// refuse says what Excel does with other values. A cell may list several, which a drop-down cannot
// tell from a wrong one, so there it only informs.
func refuse(validation *excelize.DataValidation, c column) {
	if c.field.List {
		validation.SetError(excelize.DataValidationErrorStyleInformation, c.name,
			"This is right when every value is one of the list, with | between them.")
		return
	}
	validation.SetError(excelize.DataValidationErrorStyleWarning, c.name,
		"This is not one of the vendor's values and will be refused.")
}

// list writes a closed list into a column of the hidden sheet and names its range.
func (b *book) list(index int, values []string) (name string, err error) {
	letters := formats.ColumnLetters(index)
	for i, value := range values {
		if err := b.SetCellStr(lists, fmt.Sprintf("%s%d", letters, i+1), value); err != nil {
			return "", err
		}
	}
	name = "values_" + letters
	return name, b.SetDefinedName(&excelize.DefinedName{
		Name: name, RefersTo: fmt.Sprintf("%s!$%s$1:$%s$%d", lists, letters, letters, len(values))})
}

// finish hides the lists and opens the workbook on the sheet to fill in.
func (b *book) finish() error {
	b.SetActiveSheet(0)
	if err := b.SetSheetVisible(lists, false, true); err != nil {
		return err
	}
	landscape, wide := "landscape", 1
	if err := b.SetPageLayout(b.resource.Name, &excelize.PageLayoutOptions{Orientation: &landscape}); err != nil {
		return err
	}
	if err := b.SetPageLayout(readMe, &excelize.PageLayoutOptions{Orientation: &landscape, FitToWidth: &wide, FitToHeight: new(int)}); err != nil {
		return err
	}
	fit := true
	if err := b.SetSheetProps(readMe, &excelize.SheetPropsOptions{FitToPage: &fit}); err != nil {
		return err
	}
	return b.SetDocProps(&excelize.DocProperties{Creator: "bulkload", Title: b.title()})
}

func (b *book) title() string {
	title := fmt.Sprintf("%s %s", b.vendor.Title, b.resource.Name)
	if b.resource.Version != "" {
		title += ", version " + b.resource.Version
	}
	return title
}

func noun(resource *vendors.Resource) string {
	if resource.Noun.One == "" {
		return "entity"
	}
	return resource.Noun.One
}

// sentence starts text with a capital and ends it with a full stop.
func sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(text)
	text = strings.ToUpper(string(first)) + text[size:]
	if strings.ContainsAny(text[len(text)-1:], ".!?") {
		return text
	}
	return text + "."
}

func dropEmpty(texts []string) []string {
	var kept []string
	for _, text := range texts {
		if text != "" {
			kept = append(kept, text)
		}
	}
	return kept
}
