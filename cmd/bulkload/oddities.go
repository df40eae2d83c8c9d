package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"bulkload/formats"
)

// oddities count what is odd about the rows of a feed, besides what its reader remarks on.
type oddities struct {
	short  spot // rows with fewer cells than the header
	stray  spot // rows with text where no column has a name
	broken spot // cells that are not UTF-8
	failed spot // cells with an error instead of a value, such as #REF!
}

// A spot counts how often something was met, and remembers where first.
type spot struct {
	count  int64
	place  formats.Place
	column int
	value  string
}

func (s *spot) add(row formats.Row, column int) {
	if s.count == 0 {
		s.place, s.column, s.value = row.Place(), column, string(row.Cell(column))
	}
	s.count++
}

// see counts what is odd about a row. Rows of text may lack cells, which those of other formats leave out.
func (o *oddities) see(row formats.Row, text bool) {
	names := row.Block().Header.Names
	if text && row.Len() < len(names) {
		o.short.add(row, row.Len())
	}
	astray := false
	for at := range row.Len() {
		cell := row.Cell(at)
		if len(cell) == 0 {
			continue
		}
		if !astray && (at >= len(names) || names[at] == "") && len(bytes.TrimSpace(cell)) > 0 {
			o.stray.add(row, at)
			astray = true
		}
		if !utf8.Valid(cell) {
			o.broken.add(row, at)
		}
		if row.Kind(at) == formats.Failure || cell[0] == '#' && failure(cell) {
			o.failed.add(row, at)
		}
	}
}

// failure reports whether a text that begins with # is an error value as spreadsheets export it.
func failure(cell []byte) bool {
	last := cell[len(cell)-1]
	return last == '!' || last == '?' || string(cell) == "#N/A"
}

// remarkRows tells of the rows that are odd.
func (i *inspection) remarkRows(header *formats.Header) {
	if s := i.odd.short; s.count > 0 {
		i.remark(s.place, fmt.Sprintf("the row has fewer cells than the header (%d of %d); rows like this: %d; what is missing is empty", s.column, len(header.Names), s.count))
	}
	if s := i.odd.stray; s.count > 0 && i.Format == "csv" {
		i.remark(s.place, fmt.Sprintf("%q stands in column %s, which has no name; rows like this: %d; they are rejected, since their cells may have shifted",
			sample(s.value), formats.ColumnLetters(s.column), s.count))
	} else if s.count > 0 {
		i.remark(s.place, fmt.Sprintf("%q stands in column %s, which has no name and is not read; rows like this: %d",
			sample(s.value), formats.ColumnLetters(s.column), s.count))
	}
	if s := i.odd.broken; s.count > 0 {
		i.remark(s.place, fmt.Sprintf("column %s holds bytes that are not %s (%q); cells like this: %d; if all of the file is in another encoding, name it with --encoding",
			formats.ColumnLetters(s.column), i.Encoding, clip(s.value), s.count))
	}
	if s := i.odd.failed; s.count > 0 {
		i.remark(s.place, fmt.Sprintf("column %s holds %s, which stands for an error; cells like this: %d", formats.ColumnLetters(s.column), sample(s.value), s.count))
	}
}

// clip shortens a value that is shown with its escapes.
func clip(value string) string { return value[:min(len(value), 30)] }

// remarkHeader tells of names that are missing, repeated or look like data.
func (i *inspection) remarkHeader(header *formats.Header) {
	var unnamed []string
	lettersOf := make(map[string][]string) // by name in lower case, since those are not told apart
	for at, name := range header.Names {
		letters := formats.ColumnLetters(at)
		if name == "" {
			unnamed = append(unnamed, letters)
		}
		lettersOf[strings.ToLower(name)] = append(lettersOf[strings.ToLower(name)], letters)
	}
	for _, name := range header.Names {
		if letters := lettersOf[strings.ToLower(name)]; name != "" && len(letters) > 1 {
			i.remark(header.Place, fmt.Sprintf("%d columns are called %q: %s", len(letters), sample(name), someOf(letters)))
			delete(lettersOf, strings.ToLower(name))
		}
	}
	switch {
	case i.Format == "csv" && doubledDelimiter(header.Names):
		i.remark(header.Place, fmt.Sprintf("every second column has no name: cells seem to be separated by %q, and only single characters are understood", i.Delimiter+i.Delimiter))
	case len(unnamed) == 1:
		i.remark(header.Place, fmt.Sprintf("column %s has no name and is not read", unnamed[0]))
	case len(unnamed) > 1:
		i.remark(header.Place, fmt.Sprintf("%d columns have no name and are not read: %s", len(unnamed), someOf(unnamed)))
	}
	if len(header.Names) == 1 && i.Format == "csv" && strings.ContainsAny(header.Names[0], ",;\t|") {
		i.remark(header.Place, fmt.Sprintf("the only column is called %q: if these are several, each line was put in quotes as a whole, and must not be", sample(header.Names[0])))
	}
	if at := i.dataInHeader(header); at >= 0 {
		i.remark(header.Place, fmt.Sprintf("column %s is called %q, like the values below: if the file has no header, say --no-header", formats.ColumnLetters(at), header.Names[at]))
	}
	if i.Rows == 0 {
		i.remark(formats.Place{}, "there are no rows below the header")
	}
}

// someOf joins the first of the letters.
func someOf(letters []string) string {
	const most = 6
	if len(letters) > most {
		return strings.Join(letters[:most], ", ") + ", …"
	}
	return strings.Join(letters, ", ")
}

func doubledDelimiter(names []string) bool {
	if len(names) < 5 || len(names)%2 == 0 {
		return false
	}
	for at, name := range names {
		if (name == "") != (at%2 == 1) {
			return false
		}
	}
	return true
}

// dataInHeader returns the first column whose name and first values are numbers or dates, or -1.
func (i *inspection) dataInHeader(header *formats.Header) int {
	if header.Place.Row == 0 {
		return -1
	}
	return slices.IndexFunc(i.Columns[:len(header.Names)], func(column inspectColumn) bool {
		return isNumber(column.Name) && len(column.Samples) > 0 && !slices.ContainsFunc(column.Samples, func(s string) bool { return !isNumber(s) })
	})
}

func isNumber(text string) bool {
	return strings.ContainsAny(text, "0123456789") && strings.Trim(text, "0123456789.,-+%$€ ") == ""
}

func (i *inspection) remark(place formats.Place, text string) {
	if where := place.String(); where != "" {
		text = where + ": " + text
	}
	i.Remarks = append(i.Remarks, text)
}
