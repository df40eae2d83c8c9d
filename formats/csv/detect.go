package csv

import (
	"bytes"
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

// A shape is what matters of a row when the delimiter or the header is looked for.
type shape struct {
	cells  int  // as the file has them
	extent int  // up to the last one with text
	digit  bool // a cell starts with one, as names of columns seldom do
	broken bool // text follows a closing quote
}

// findDelimiter returns the one of , ; TAB | that cuts most of the first rows into as many cells as
// the header has, at least two; when several do so alike, the one that gives more cells, and then
// the one that needs no titles above the header. Text without any of them is a file of one
// column, which a comma reads as well as another.
func findDelimiter(text []byte) byte {
	best, bestFit := byte(','), fit{rows: 1}
	for _, delimiter := range []byte{',', ';', '\t', '|'} {
		if f := fitOf(outline(text, delimiter)); f.betterThan(bestFit) {
			best, bestFit = delimiter, f
		}
	}
	return best
}

// A fit tells how well a delimiter suits a feed.
type fit struct {
	rows    int // sampled
	matches int // of them, as wide as the header
	width   int
	titles  int
}

// fitOf is the zero fit when the delimiter is out of the question. Rows that break a quote are no
// match, but no reason against the delimiter either: reading will refuse them.
func fitOf(shapes []shape) fit {
	if len(shapes) == 0 {
		return fit{}
	}
	titles := findHeader(shapes)
	f := fit{rows: len(shapes), width: shapes[titles].cells, titles: titles}
	broken := 0
	for _, row := range shapes[titles:] {
		if row.broken {
			broken++
		} else if row.cells == f.width {
			f.matches++
		}
	}
	if f.width < 2 || 2*(f.matches+broken) < len(shapes)-titles {
		return fit{}
	}
	return f
}

func (f fit) betterThan(other fit) bool {
	a, b := f.matches*other.rows, other.matches*f.rows
	switch {
	case a != b:
		return a > b
	case f.width != other.width:
		return f.width > other.width
	}
	return f.titles < other.titles
}

// note adds what the text of the shape's last cell tells.
func (s *shape) note(cell []byte) {
	cell = bytes.TrimLeft(cell, " \"\t")
	if len(cell) > 0 {
		s.extent = s.cells
		s.digit = s.digit || cell[0] >= '0' && cell[0] <= '9'
	}
}

// outline returns the shapes of the first rows that have text. It forgives text after a closing
// quote, which the wrong delimiter sees often, and leaves out a last row that may go on.
func outline(text []byte, delimiter byte) []shape {
	var shapes []shape
	for row := (shape{}); len(text) > 0 && len(shapes) < sampleRows; {
		end, broken := outlineCell(text, delimiter)
		if end == len(text) && len(shapes) > 0 {
			break
		}
		row.cells++
		row.broken = row.broken || broken
		row.note(text[:end])
		if end < len(text) && text[end] == delimiter {
			text = text[end+1:]
			continue
		}
		if row.extent > 0 {
			shapes = append(shapes, row)
		}
		row = shape{}
		text = text[min(end+1, len(text)):]
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
// unless that one looks like data.
func findHeader(shapes []shape) int {
	if len(shapes) == 0 {
		return 0
	}
	common := commonExtent(shapes)
	if 2*shapes[0].extent > common {
		return 0
	}
	header := slices.IndexFunc(shapes, func(row shape) bool { return row.extent >= common })
	if shapes[header].digit {
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
		for j := range row.Len() {
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
