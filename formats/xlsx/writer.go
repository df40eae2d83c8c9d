package xlsx

import (
	"archive/zip"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"

	"bulkload/formats"
)

// WriterOptions say how to write a workbook. The zero value is usable.
type WriterOptions struct {
	Sheet string // name of the sheet; empty: Sheet1
}

const (
	maxCellText  = 32767 // UTF-16 units that a spreadsheet program keeps in a cell
	maxSheetName = 31    // of a sheet
	level        = 5     // of compression: 6 saves 15 % more and costs a quarter of the speed
	flushAt      = 64 << 10
)

// The cell styles of the workbooks we write, by their index in stylesXML.
const (
	headerStyle = 1
	textStyle   = 2 // so that a SKU typed into the column later stays text too
)

// A Writer writes a workbook of one sheet, as a stream. It implements formats.Writer.
type Writer struct {
	zip     *zip.Writer
	sheet   io.Writer
	name    string
	columns []column
	row     int64  // written last
	out     []byte // not yet compressed
	digits  []byte // of the row's number
	err     error
}

// A column is what is written of a cell besides its text.
type column struct {
	letters  string
	number   bool
	readOnly bool
}

// What stands before and after the text of a cell. A cell does not say where it stands, as the
// format allows: it is the next one of its row, and cells without text are written when one with
// text follows. That makes the file less than half as large and several times as quick to write.
const (
	emptyCell  = `<c/>`
	numberOpen = `<c><v>`
	numberEnd  = `</v></c>`
	headerOpen = `<c s="1" t="inlineStr"><is><t`
	lockedOpen = `<c s="3" t="inlineStr"><is><t` // of a header that says: read-only
	textOpen   = `<c s="2" t="inlineStr"><is><t` // in columns of numbers too: what a spreadsheet would run stays text when it is edited
	textEnd    = `</t></is></c>`
)

// NewWriter starts a workbook with a header row, which names the columns, stands in bold, stays
// in view and can be filtered by. It fails when the sheet's name or the number of columns is
// impossible. The workbook is not whole before Close.
func NewWriter(w io.Writer, columns []formats.Column, o WriterOptions) (*Writer, error) {
	if o.Sheet == "" {
		o.Sheet = "Sheet1"
	}
	if err := checkSheetName(o.Sheet); err != nil {
		return nil, err
	}
	if len(columns) == 0 || len(columns) > maxColumns {
		return nil, fmt.Errorf("a sheet has 1 to %d columns, not %d: write CSV or Parquet instead", maxColumns, len(columns))
	}
	writer := &Writer{zip: zip.NewWriter(w), name: o.Sheet}
	writer.zip.RegisterCompressor(zip.Deflate, func(to io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(to, level)
	})
	for i, c := range columns {
		writer.columns = append(writer.columns, column{formats.ColumnLetters(i), c.Type == formats.Number, c.ReadOnly})
	}
	return writer, writer.start(columns)
}

func checkSheetName(name string) error {
	units := 0
	for _, c := range name {
		units += utf16Length(c)
	}
	switch {
	case units > maxSheetName:
		return fmt.Errorf("the sheet name %q is longer than %d characters", name, maxSheetName)
	case strings.ContainsAny(name, `[]:*?/\`), strings.HasPrefix(name, "'"), strings.HasSuffix(name, "'"),
		strings.TrimSpace(name) == "", !utf8.ValidString(name), strings.ContainsFunc(name, isControl):
		return fmt.Errorf(`the sheet name %q is blank, starts or ends with ', or holds one of [ ] : * ? / \`, name)
	}
	return nil
}

func isControl(c rune) bool { return c < ' ' || c == 0xfffe || c == 0xffff }

func utf16Length(c rune) int {
	if c > 0xffff {
		return 2
	}
	return 1
}

func (w *Writer) start(columns []formats.Column) error {
	for _, part := range []struct{ name, text string }{
		{"[Content_Types].xml", contentTypesXML}, {"_rels/.rels", relsXML},
		{"xl/_rels/workbook.xml.rels", workbookRelsXML}, {"xl/styles.xml", stylesXML}} {
		if err := w.part(part.name, part.text); err != nil {
			return err
		}
	}
	var err error
	if w.sheet, err = w.zip.Create("xl/worksheets/sheet1.xml"); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	w.out = append(w.out, sheetStartXML...)
	header := make([][]byte, len(columns))
	for i, c := range columns {
		header[i] = []byte(c.Name)
		w.widthOf(i, c)
	}
	w.out = append(w.out, "</cols><sheetData>"...)
	return w.write(header, true)
}

// widthOf writes a column's width: room for its name and the filter's arrow, within reason.
func (w *Writer) widthOf(i int, c formats.Column) {
	width := cmp.Or(c.Width, min(max(utf8.RuneCountInString(c.Name)+4, 10), 50))
	w.out = fmt.Appendf(w.out, `<col min="%d" max="%d" width="%d" customWidth="1"`, i+1, i+1, width)
	if !w.columns[i].number {
		w.out = fmt.Appendf(w.out, ` style="%d"`, textStyle)
	}
	w.out = append(w.out, "/>"...)
}

func (w *Writer) part(name, text string) error {
	to, err := w.zip.Create(name)
	if err == nil {
		_, err = io.WriteString(to, text)
	}
	if err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

// Write adds a row. It fails, and so does the writer from then on, when the sheet is full, the row
// has more cells than there are columns, or a cell has more text than a spreadsheet keeps or text
// that is not UTF-8.
func (w *Writer) Write(row [][]byte) error {
	if w.err == nil {
		w.err = w.write(row, false)
	}
	return w.err
}

func (w *Writer) write(row [][]byte, header bool) error {
	if w.row == maxRows {
		return fmt.Errorf("a sheet ends at row %d: write CSV, NDJSON or Parquet instead", maxRows)
	}
	if len(row) > len(w.columns) {
		return fmt.Errorf("row %d has %d cells, the sheet has %d columns", w.row+1, len(row), len(w.columns))
	}
	w.row++
	w.digits = strconv.AppendInt(w.digits[:0], w.row, 10)
	w.out = append(append(append(w.out, `<row r="`...), w.digits...), `">`...)
	empty := 0
	for i, text := range row {
		if len(text) == 0 {
			empty++
			continue
		}
		for ; empty > 0; empty-- {
			w.out = append(w.out, emptyCell...)
		}
		if err := w.cell(&w.columns[i], text, header); err != nil {
			return err
		}
	}
	w.out = append(w.out, "</row>"...)
	if len(w.out) < flushAt {
		return nil
	}
	return w.flush()
}

func (w *Writer) flush() error {
	_, err := w.sheet.Write(w.out)
	w.out = w.out[:0]
	if err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

func (w *Writer) cell(c *column, text []byte, header bool) error {
	if c.number && !header && isPlainDecimal(text) {
		w.out = append(append(append(w.out, numberOpen...), text...), numberEnd...)
		return nil
	}
	open := textOpen
	switch {
	case header && c.readOnly:
		open = lockedOpen
	case header:
		open = headerOpen
	}
	w.out = append(w.out, open...)
	if needsPreserve(text) {
		w.out = append(w.out, ` xml:space="preserve"`...)
	}
	w.out = append(w.out, '>')
	var units int
	w.out, units = appendEscaped(w.out, text)
	w.out = append(w.out, textEnd...)
	if units < 0 {
		return fmt.Errorf("row %d, column %s: the text is not UTF-8", w.row, c.letters)
	}
	if units > maxCellText {
		return fmt.Errorf("row %d, column %s: the text has %d characters, a cell holds %d: write CSV, NDJSON or Parquet instead",
			w.row, c.letters, units, maxCellText)
	}
	return nil
}

// isPlainDecimal reports whether a number's text survives being a number: it is a decimal of at
// most 15 significant digits, neither so large nor so small that it would need an exponent, and
// without zeros before it.
func isPlainDecimal(text []byte) bool {
	negative := text[0] == '-'
	if negative {
		text = text[1:]
	}
	point, nonzero := -1, false
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			nonzero = nonzero || c != '0'
		case c == '.' && point < 0 && i > 0:
			point = i
		default:
			return false
		}
	}
	whole := len(text)
	if point >= 0 {
		whole = point
	}
	switch {
	case len(text) == 0 || point == len(text)-1 || whole > 1 && text[0] == '0':
		return false
	case point < 0:
		return len(text) <= significant && (nonzero || len(text) == 1 && !negative)
	}
	return len(text)-1 <= significant && len(text)-point <= 10 && nonzero
}

func needsPreserve(text []byte) bool {
	last := text[len(text)-1]
	if isSpace(text[0]) || isSpace(last) {
		return true
	}
	for _, c := range text {
		if c == '\n' || c == '\t' {
			return true
		}
	}
	return false
}

// writtenPlain are the bytes that stand for themselves in a workbook's text.
var writtenPlain = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '&' && c != '<' && c != '>' && c != '_'
	}
	plain['\t'], plain['\n'] = true, true
	return plain
}()

// appendEscaped appends text as XML, with the workbook's own escape for characters that XML cannot
// hold or would change. It counts the text's UTF-16 units, -1 when it is not UTF-8.
func appendEscaped(to, text []byte) (xml []byte, units int) {
	for i := 0; i < len(text); {
		from := i
		for i < len(text) && writtenPlain[text[i]] {
			i++
		}
		to = append(to, text[from:i]...)
		units += i - from
		if i == len(text) {
			break
		}
		c, size := utf8.DecodeRune(text[i:])
		if c == utf8.RuneError && size == 1 {
			return to, -1
		}
		switch {
		case c == '&':
			to = append(to, "&amp;"...)
		case c == '<':
			to = append(to, "&lt;"...)
		case c == '>':
			to = append(to, "&gt;"...)
		case c == '_' && !looksEscaped(text[i:]):
			to = append(to, '_')
		case c == '_' || isControl(c):
			to = fmt.Appendf(to, "_x%04X_", c)
		default:
			to = append(to, text[i:i+size]...)
		}
		units += utf16Length(c)
		i += size
	}
	return to, units
}

// looksEscaped reports whether text starts like an escape, whose end may come from what follows.
func looksEscaped(text []byte) bool {
	if len(text) < escapeLength-1 || text[1] != 'x' {
		return false
	}
	for _, d := range text[2 : escapeLength-1] {
		if hexValue(d) < 0 {
			return false
		}
	}
	return true
}

var errClosed = errors.New("the workbook is closed")

// Close writes the rest of the workbook. It does not close the writer below.
func (w *Writer) Close() error {
	if w.err != nil {
		return w.err
	}
	w.err = errClosed
	last := fmt.Sprintf("%s%d", w.columns[len(w.columns)-1].letters, w.row)
	w.out = fmt.Appendf(w.out, `</sheetData><autoFilter ref="A1:%s"/></worksheet>`, last)
	if err := w.flush(); err != nil {
		return err
	}
	if err := w.part("xl/workbook.xml", w.workbookXML()); err != nil {
		return err
	}
	if err := w.zip.Close(); err != nil {
		return fmt.Errorf("write workbook: %w", err)
	}
	return nil
}

// workbookXML names the sheet, and the filter's range as spreadsheet programs expect it.
func (w *Writer) workbookXML() string {
	quoted, _ := appendEscaped(nil, []byte("'"+strings.ReplaceAll(w.name, "'", "''")+"'"))
	attribute, _ := appendEscaped(nil, []byte(w.name))
	return fmt.Sprintf(workbookXML, strings.ReplaceAll(string(attribute), `"`, "&quot;"),
		quoted, w.columns[len(w.columns)-1].letters, w.row)
}

const (
	xmlStart = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

	contentTypesXML = xmlStart + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">` +
		`<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/>` +
		`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>` +
		`<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>` +
		`<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>`

	relsXML = xmlStart + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`

	workbookRelsXML = xmlStart + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">` +
		`<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/>` +
		`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>`

	workbookXML = xmlStart + `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">` +
		`<sheets><sheet name="%s" sheetId="1" r:id="rId1"/></sheets>` +
		`<definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">%s!$A$1:$%s$%d</definedName></definedNames></workbook>`

	stylesXML = xmlStart + `<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<fonts count="3"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font><font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font>` +
		`<font><i/><sz val="11"/><color rgb="FF7F7F7F"/><name val="Calibri"/><family val="2"/></font></fonts>` +
		`<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>` +
		`<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="4"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>` +
		`<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>` +
		`<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>` +
		`<xf numFmtId="49" fontId="2" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>` +
		`<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`

	sheetStartXML = xmlStart + `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><cols>`
)
