package csv

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"bulkload/formats"
)

// The first rows decide on the delimiter and the header: at most this many, and for the delimiter
// at most this many bytes.
const (
	sampleRows = 20
	sampleSize = 256 << 10
)

// delimiters are those that are looked for, in the order of preference between equals. A pipe comes last:
// feeds use it within cells, to list sizes or colours.
const delimiters = ",;\t|"

// A shape is what matters of a row when the delimiter or the header is looked for.
type shape struct {
	begin  int  // of the row in the text
	cells  int  // as the file has them
	extent int  // up to the last one with text
	digit  bool // a cell starts with one, as names of columns seldom do
	spaced bool // a blank stands behind each delimiter, as behind commas in a text
	broken bool // text follows a closing quote
}

// A sample is the beginning of a feed in which the delimiter is looked for.
type sample struct {
	text    []byte
	whole   bool  // it is all of the feed
	from    int64 // the row, as a spreadsheet counts, that is looked at first
	settled bool  // that row is the header, or the feed has none; else titles may stand above it
}

// delimiter returns the one of , ; TAB | that suits the first rows best, and why.
func (s sample) delimiter() (delimiter byte, why string) {
	var best, second fit
	for _, delimiter := range []byte(delimiters) {
		f := s.fit(delimiter)
		switch {
		case !f.suits():
		case !best.suits() || f.against(best) > 0:
			best, second = f, best
		case !second.suits() || f.against(second) > 0:
			second = f
		}
	}
	switch {
	case best.suits():
		return best.delimiter, best.why(second)
	case s.from > 1 && len(s.outline(',')) == 0: // the header lies below all that is looked at
		s.from, s.settled = 0, false
		return s.delimiter()
	}
	return s.soleColumn()
}

// A fit tells how well a delimiter suits the first rows of a feed.
type fit struct {
	delimiter byte
	rows      int // from the header on
	matches   int // of them, as wide as the header
	cut       int // of them, with several cells
	broken    int // of them: no match, but no reason against the delimiter either, since reading will refuse them
	width     int
	titles    int // rows above the header
	torn      int // signs in the header that the delimiter tears texts apart
	unlike    int // other signs that it holds no names of columns
}

func (s sample) fit(delimiter byte) fit {
	f, shapes := fit{delimiter: delimiter}, s.outline(delimiter)
	if len(shapes) == 0 {
		return f
	}
	if !s.settled {
		f.titles = findHeader(shapes)
	}
	header := shapes[f.titles]
	f.rows, f.width = len(shapes)-f.titles, header.cells
	for _, row := range shapes[f.titles:] {
		if row.cells > 1 && !row.broken {
			f.cut++
		}
		switch {
		case row.broken:
			f.broken++
		case row.cells == f.width:
			f.matches++
		}
	}
	f.torn, f.unlike = signs(s.text[header.begin:], delimiter)
	return f
}

// suits reports whether a delimiter is worth considering: it gives the header several cells, and as many
// to half of the rows; or several at least, when the header is whole.
func (f fit) suits() bool {
	alike := f.matches
	if f.torn == 0 {
		alike = f.cut
	}
	return f.width > 1 && 2*(alike+f.broken) >= f.rows
}

// against is positive when the delimiter suits better than another one, 0 when as well.
func (f fit) against(other fit) int {
	for _, reason := range reasons {
		if by := reason.compare(f, other); by != 0 {
			return by
		}
	}
	return 0
}

// reasons to prefer a delimiter to another, the weightier ones first. A header without signs of torn
// texts outweighs how many rows are alike: of a few rows many may be faulty, while the name of a column
// is seldom cut by chance.
var reasons = []struct {
	compare func(a, b fit) int
	words   string
}{
	{func(a, b fit) int { return b.torn - a.torn }, "would tear texts apart"},
	{func(a, b fit) int { return a.matches*(b.rows-b.broken) - b.matches*(a.rows-a.broken) }, "would make fewer rows alike"},
	{func(a, b fit) int { return b.unlike - a.unlike }, "would make names of columns that are numbers, equal or missing"},
	{func(a, b fit) int { return b.pipe() - a.pipe() }, "would do as well, but stand more often within cells"},
	{func(a, b fit) int { return a.width - b.width }, "would do as well, but make fewer cells"},
	{func(a, b fit) int { return b.titles - a.titles }, "would leave more rows above the header"},
}

func (f fit) pipe() int {
	if f.delimiter == '|' {
		return 1
	}
	return 0
}

// why tells the reason for the delimiter, and what speaks for it against the second best.
func (f fit) why(second fit) string {
	below, alike := f.rows-1, max(0, f.matches-1)
	text := fmt.Sprintf("the first row has %d cells, and so have %d of the next %d", f.width, alike, below)
	switch {
	case alike == 1 && below > 1:
		text = fmt.Sprintf("the first row has %d cells, and so has 1 of the next %d", f.width, below)
	case below == 0:
		text = fmt.Sprintf("the first row has %d cells", f.width)
	case below == 1 && alike == 1:
		text = fmt.Sprintf("the first row has %d cells, and so has the next", f.width)
	case below == alike:
		text = fmt.Sprintf("the first row has %d cells, and so have the next %d", f.width, below)
	}
	if f.titles > 0 {
		text = "below the titles, " + text
	}
	if !second.suits() {
		return text
	}
	for _, reason := range reasons {
		if reason.compare(f, second) > 0 {
			return fmt.Sprintf("%s; %s %s", text, plural(second.delimiter), reason.words)
		}
	}
	return fmt.Sprintf("%s; %s would do as well: name the delimiter if it is these", text, plural(second.delimiter))
}

func plural(delimiter byte) string {
	switch delimiter {
	case ',':
		return "commas"
	case ';':
		return "semicolons"
	case '\t':
		return "tabs"
	}
	return "pipes"
}

// soleColumn is for text that no delimiter cuts into rows alike. It is a file of one column when
// there is none in it, and when all commas are within numbers or followed by a blank, as in texts:
// these are kept together. Otherwise commas cut, so that the cells without a header are noticed.
func (s sample) soleColumn() (delimiter byte, why string) {
	uncut := func(delimiter byte) bool {
		return !slices.ContainsFunc(s.outline(delimiter), func(row shape) bool { return row.cells > 1 })
	}
	switch {
	case uncut(','):
		return ',', "no delimiter stands in the first rows: there is one column"
	case !uncut(';') || !withinTexts(s.text, s.outline(',')):
		return ',', "no delimiter gives the first rows as many cells as the header has"
	}
	return ';', "the commas are parts of numbers and sentences: there is one column"
}

// withinTexts reports whether each comma of the rows stands between digits or before a blank.
func withinTexts(text []byte, rows []shape) bool {
	for _, row := range rows {
		for rest, before := text[row.begin:], byte(0); ; {
			end, _ := outlineCell(rest, ',')
			if end > 0 {
				before = rest[end-1]
			}
			if end == len(rest) || rest[end] != ',' {
				break
			}
			rest = rest[end+1:]
			if after := byteAt(rest, 0); after != ' ' && !(isDigit(before) && isDigit(after)) {
				return false
			}
		}
	}
	return true
}

func byteAt(text []byte, i int) byte {
	if i < len(text) {
		return text[i]
	}
	return 0
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// namesCompared is how many cells of a header are looked at for signs.
const namesCompared = 1000

// signs counts what in the row that begins the text does not become the names of columns. Torn are those
// whose parts show that something else separates cells: another delimiter in an unquoted cell, a blank
// behind a delimiter, a decimal comma taken for one. Names are also seldom empty but at the end, equal to
// each other, or numbers.
func signs(row []byte, delimiter byte) (torn, unlike int) {
	var other, spaced, decimal, broken, empty, equal, number bool
	seen := make(map[string]bool)
	for i, before, gap := 0, byte(0), false; i < namesCompared && len(row) > 0; i++ {
		end, cut := outlineCell(row, delimiter)
		cell := row[:end]
		quoted := byteAt(cell, 0) == '"'
		other = other || !quoted && bytes.ContainsAny(cell, otherDelimiters(delimiter))
		spaced = spaced || i > 0 && byteAt(cell, 0) == ' '
		decimal = decimal || delimiter == ',' && isDigit(before) && isDigit(byteAt(cell, 0))
		broken = broken || cut
		name := strings.ToLower(string(bytes.Trim(cell, " \"\t")))
		switch {
		case name == "":
			gap = true
		default:
			empty = empty || gap
			equal = equal || seen[name]
			number = number || strings.Trim(name, "0123456789.,-+%") == ""
			seen[name] = true
		}
		if end == len(row) || row[end] != delimiter {
			break
		}
		if before = 0; end > 0 {
			before = row[end-1]
		}
		row = row[end+1:]
	}
	return count(other, spaced, decimal, broken), count(empty, equal, number)
}

func otherDelimiters(delimiter byte) string {
	return strings.ReplaceAll(delimiters, string(rune(delimiter)), "")
}

func count(facts ...bool) int {
	n := 0
	for _, fact := range facts {
		if fact {
			n++
		}
	}
	return n
}

// note adds what the text of the shape's last cell tells.
func (s *shape) note(cell []byte) {
	cell = bytes.TrimLeft(cell, " \"\t")
	if len(cell) > 0 {
		s.extent = s.cells
		s.digit = s.digit || cell[0] >= '0' && cell[0] <= '9'
	}
}

// outline returns the shapes of the first rows that have text. It forgives text after a closing quote,
// which the wrong delimiter sees often, and leaves out a last row that may go on.
func (s sample) outline(delimiter byte) []shape {
	var shapes []shape
	text, number, all := s.text, int64(1), len(s.text)
	for row := (shape{spaced: true}); len(text) > 0 && len(shapes) < sampleRows; {
		end, broken := outlineCell(text, delimiter)
		if end == len(text) && len(shapes) > 0 && !s.whole {
			break
		}
		row.spaced = row.spaced && (row.cells == 0 || text[0] == ' ')
		row.cells++
		row.broken = row.broken || broken
		row.note(text[:end])
		if end < len(text) && text[end] == delimiter {
			text = text[end+1:]
			continue
		}
		if row.extent > 0 && number >= s.from {
			shapes = append(shapes, row)
		}
		if end+1 < len(text) && text[end] == '\r' && text[end+1] == '\n' {
			end++
		}
		text = text[min(end+1, len(text)):]
		number++
		row = shape{begin: all - len(text), spaced: true}
	}
	return shapes
}

// outlineCell returns where the first cell of text ends.
func outlineCell(text []byte, delimiter byte) (end int, broken bool) {
	if text[0] == '"' {
		at := closingQuote(text)
		if at < 0 {
			return len(text), false
		}
		end = at + 1
	}
	closed := end
	for end < len(text) && text[end] != delimiter && text[end] != '\n' && text[end] != '\r' {
		end++
	}
	return end, closed > 0 && end > closed
}

// closingQuote returns where the quote stands that closes the one text begins with, -1 when there is none.
func closingQuote(text []byte) int {
	for i := 1; ; i += 2 {
		j := bytes.IndexByte(text[i:], '"')
		if j < 0 {
			return -1
		}
		if i += j; i+1 == len(text) || text[i+1] != '"' {
			return i
		}
	}
}

// findHeader returns the index of the row that names the columns. That is the first one, unless it
// is a title: a row with at most half as many cells as rows commonly have, standing above rows
// of which most have one width. Then it is the first row that is as wide as they commonly are,
// unless that one looks like data: it has numbers, or two cells of which the second begins with a blank,
// as a sentence with a comma does.
func findHeader(shapes []shape) int {
	if len(shapes) == 0 {
		return 0
	}
	common := commonExtent(shapes)
	if 2*shapes[0].extent > common {
		return 0
	}
	header := slices.IndexFunc(shapes, func(row shape) bool { return row.extent >= common })
	if row := shapes[header]; row.digit || row.cells == 2 && row.spaced {
		return 0
	}
	body := shapes[header:]
	alike := 0
	for _, row := range body {
		if row.cells == body[0].cells {
			alike++
		}
	}
	if len(body) < 2 || 4*alike < 3*len(body) {
		return 0
	}
	return header
}

// commonExtent is the upper median.
func commonExtent(shapes []shape) int {
	extents := make([]int, len(shapes))
	for i, row := range shapes {
		extents[i] = row.extent
	}
	slices.Sort(extents)
	return extents[len(extents)/2]
}

// blockShapes returns the shapes of the first rows of a block.
func blockShapes(b *formats.Block) []shape {
	shapes := make([]shape, min(b.Len(), sampleRows))
	for i := range shapes {
		row := b.Row(i)
		shapes[i].spaced = true
		for j := range row.Len() {
			shapes[i].spaced = shapes[i].spaced && (j == 0 || byteAt(row.Cell(j), 0) == ' ')
			shapes[i].cells++
			shapes[i].note(row.Cell(j))
		}
	}
	return shapes
}

// separatorLine understands Excel's first line "sep=;", which names the delimiter.
func separatorLine(text []byte) (delimiter byte, length int) {
	const word = "sep="
	if len(text) < len(word)+2 || !strings.EqualFold(string(text[:len(word)]), word) {
		return 0, 0
	}
	length = len(word) + 1
	switch rest := text[length:]; {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		length += 2
	case rest[0] == '\n', rest[0] == '\r':
		length++
	default:
		return 0, 0
	}
	if delimiter = text[len(word)]; !validDelimiter(delimiter) {
		return 0, 0
	}
	return delimiter, length
}

// validDelimiter reports whether rows can be cut at c: a part of a line end, a quote, NUL and a
// byte of a longer character cannot.
func validDelimiter(c byte) bool {
	return c != 0 && c != '"' && c != '\r' && c != '\n' && c < 0x80
}

// columnName takes line breaks and outer blanks out of a header cell.
func columnName(cell []byte) string {
	name := strings.ToValidUTF8(string(cell), "\ufffd")
	name = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(name)
	return strings.Trim(name, " \t\u00a0\u200b\ufeff")
}
