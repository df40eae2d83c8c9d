package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/mapping"
	"bulkload/vendors"
	"bulkload/vendors/all"
	"bulkload/vendors/schema"
)

func (p *program) inspectCommand() *cobra.Command {
	flags := &loadFlags{}
	c := &cobra.Command{
		Use:   "inspect FEED",
		Short: "Tell what a file is: format, sheets, columns with samples, rows, and how it would map",
		Long: `Read a file to its end and tell what it is and what is odd about it. With --to, each column
is shown with the field it would fill; without, with those of the resource that fits best.`,
		Example: "  bulkload inspect season.xlsx\n  bulkload inspect shop.csv --to fashiontrade/products --json",
		Args:    oneFeed,
		RunE: func(c *cobra.Command, args []string) error {
			return (&load{program: p, flags: flags, command: "inspect"}).inspect(c.Context(), args[0])
		},
	}
	flags.addReading(c)
	c.Flags().BoolVar(&flags.json, "json", false, "write JSON")
	return c
}

// samplesShown is how many different values of a column are shown.
const samplesShown = 3

// inspection is what inspect tells, in the form that --json writes.
type inspection struct {
	File        string          `json:"file"`
	Size        int64           `json:"size"`
	Format      string          `json:"format"`
	Compression string          `json:"compression,omitempty"`
	Encoding    string          `json:"encoding,omitempty"`
	Why         string          `json:"encoding_reason,omitempty"`
	Delimiter   string          `json:"delimiter,omitempty"`
	WhyCut      string          `json:"delimiter_reason,omitempty"`
	Sheet       string          `json:"sheet,omitempty"`
	Sheets      []string        `json:"sheets,omitempty"`
	Hidden      []string        `json:"hidden_sheets,omitempty"`
	HeaderRow   int64           `json:"header_row,omitempty"`
	Rows        int64           `json:"rows"`
	Blank       int64           `json:"blank_rows"`
	Target      string          `json:"target,omitempty"` // absent: no resource has such columns
	Columns     []inspectColumn `json:"columns"`
	Missing     string          `json:"mapping_error,omitempty"` // why the feed would be refused as it is
	Remarks     []string        `json:"remarks"`

	odd oddities
}

type inspectColumn struct {
	Letters string   `json:"column"`
	Name    string   `json:"name"`
	Field   string   `json:"field,omitempty"`
	Filled  int64    `json:"filled"` // rows that have text here
	Samples []string `json:"samples"`
}

func (l *load) inspect(ctx context.Context, path string) error {
	m, err := l.mapping()
	if err != nil {
		return &usageError{err}
	}
	options, err := l.options()
	if err != nil {
		return &usageError{err}
	}
	f, err := feed.Open(path, l.stdin, options)
	if err != nil {
		return asFeedError(path, err)
	}
	defer f.Close()
	found := inspection{File: f.Name, Size: f.Size, Format: f.Format, Compression: f.Compression,
		WhyCut: f.WhyCut, Sheet: f.Sheet, Sheets: f.Sheets, Hidden: f.Hidden, Remarks: []string{}}
	if f.Delimiter != 0 {
		found.Delimiter = string(rune(f.Delimiter))
	}
	header, err := found.read(ctx, f, l.stop)
	if err != nil {
		return err
	}
	found.HeaderRow = header.Place.Row
	switch least, err := l.leastRows(path); {
	case err != nil:
		found.remark(formats.Place{}, err.Error())
	case found.Rows < least:
		found.remark(formats.Place{}, fmt.Sprintf("the file was exported with %d rows, as its manifest tells: it may be cut", least))
	}
	if err := found.fit(m, header, l.flags.to, l.flags.apiVersion); err != nil {
		return &usageError{err}
	}
	if l.flags.json {
		encoder := json.NewEncoder(l.stdout)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(found)
	}
	return found.write(l.stdout)
}

// read goes through all rows, and gives the header with all columns that were met.
func (i *inspection) read(ctx context.Context, f *feed.Feed, stop <-chan struct{}) (*formats.Header, error) {
	reader, err := f.Read(ctx)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	for {
		block, err := reader.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for r := range block.Len() {
			i.see(block.Row(r))
		}
		block.Release()
		select {
		case <-stop:
			return nil, errors.New("interrupted")
		default:
		}
	}
	header := reader.Header()
	for at, name := range header.Names {
		i.column(at).Name = name
	}
	i.Encoding, i.Why = f.EncodingRead()
	tally := reader.Tally()
	i.Rows, i.Blank = tally.Rows, tally.Blank
	for _, remark := range tally.Remarks {
		i.remark(remark.Place, remark.Text)
	}
	i.remarkHeader(header)
	i.remarkRows(header)
	return header, nil
}

// see keeps the first different values of each column, and counts what is odd.
func (i *inspection) see(row formats.Row) {
	i.odd.see(row, i.Format == "csv")
	for at := range row.Len() {
		cell := schema.Trim(row.Cell(at))
		if len(cell) == 0 {
			continue
		}
		column := i.column(at)
		column.Filled++
		if len(column.Samples) < samplesShown && !slices.ContainsFunc(column.Samples, func(s string) bool { return s == string(cell) }) {
			column.Samples = append(column.Samples, string(cell))
		}
	}
}

func (i *inspection) column(at int) *inspectColumn {
	for len(i.Columns) <= at {
		i.Columns = append(i.Columns, inspectColumn{Letters: formats.ColumnLetters(len(i.Columns)), Samples: []string{}})
	}
	return &i.Columns[at]
}

// fit tells which field each column would fill: of the named resource, else of the one that takes most.
func (i *inspection) fit(m mapping.Mapping, header *formats.Header, to, version string) error {
	if to != "" {
		vendor, resource, err := all.Find(to, version)
		if err != nil {
			return err
		}
		i.take(m, header, vendor, resource)
		return nil
	}
	best := 0
	for _, vendor := range all.Vendors {
		for _, resource := range vendor.Resources {
			tried := inspection{Columns: slices.Clone(i.Columns)}
			if n := tried.take(m, header, vendor, resource); n > best {
				best, i.Columns, i.Target, i.Missing = n, tried.Columns, tried.Target, tried.Missing
			}
		}
	}
	return nil
}

// take fills in the fields of one resource and returns how many columns have one.
func (i *inspection) take(m mapping.Mapping, header *formats.Header, vendor *vendors.Vendor, resource *vendors.Resource) int {
	i.Target = vendor.Name + "/" + resource.Name
	if _, err := m.Bind(resource.Schema, header, true); err != nil {
		i.Missing = shortReason(err)
	}
	binding, err := m.Bind(resource.Schema, header, false)
	if err != nil {
		return 0
	}
	taken := 0
	for _, column := range binding.Layout.Columns {
		if column.Source >= 0 {
			i.Columns[column.Source].Field = column.Name
			taken++
		}
	}
	return taken
}

// shortReason leaves the list of columns out, which stands beside it anyway.
func shortReason(err error) string {
	var unfit *mapping.Error
	if errors.As(err, &unfit) {
		return unfit.Reason
	}
	return err.Error()
}

func (i *inspection) write(w io.Writer) error {
	kind := strings.ToUpper(i.Format)
	if i.Compression != "" {
		kind += ", " + i.Compression
	}
	fmt.Fprintf(w, "%s: %s, %d bytes\n", i.File, kind, i.Size)
	if i.Encoding != "" {
		fmt.Fprintf(w, "encoding:   %s (%s)\n", i.Encoding, i.Why)
	}
	if i.Delimiter != "" {
		fmt.Fprintf(w, "delimiter:  %q (%s)\n", i.Delimiter, i.WhyCut)
	}
	if len(i.Sheets) > 0 {
		fmt.Fprintf(w, "sheets:     %s (read: %s)\n", strings.Join(i.sheets(), ", "), i.Sheet)
	}
	fmt.Fprintf(w, "header:     %s\n", i.header())
	fmt.Fprintf(w, "rows:       %d, and %d blank\n", i.Rows, i.Blank)
	for _, remark := range i.Remarks {
		fmt.Fprintf(w, "note:       %s\n", remark)
	}
	if i.Target == "" {
		fmt.Fprintln(w, "fields of:  none that are known; say with --to which resource the file is for")
	} else {
		fmt.Fprintf(w, "fields of:  %s\n", i.Target)
	}
	if i.Missing != "" {
		fmt.Fprintf(w, "as it is:   %s\n", i.Missing)
	}
	fmt.Fprintln(w)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\tCOLUMN\tFIELD\tFILLED\tSAMPLES")
	for _, column := range i.Columns {
		if column.Name == "" && column.Filled == 0 {
			continue // a note has told of it, and there may be thousands
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%d\t%s\n", column.Letters, sample(column.Name), column.Field, column.Filled, samples(column.Samples))
	}
	return table.Flush()
}

// header tells what names the columns.
func (i *inspection) header() string {
	switch {
	case i.HeaderRow > 0:
		return fmt.Sprintf("row %d", i.HeaderRow)
	case i.Format == "parquet":
		return "the names of the file's columns"
	case i.Format == "ndjson":
		return "the keys of the objects"
	}
	return "none, as told"
}

// sheets names the sheets and tells which are hidden.
func (i *inspection) sheets() []string {
	names := slices.Clone(i.Sheets)
	for at, name := range names {
		if slices.Contains(i.Hidden, name) {
			names[at] += " (hidden)"
		}
	}
	return names
}

func samples(values []string) string {
	shown := make([]string, len(values))
	for i, value := range values {
		shown[i] = sample(value)
	}
	return strings.Join(shown, " · ")
}

// sample shows a value on one line, shortened, and what cannot be read in it.
func sample(value string) string {
	value = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f:
			return utf8.RuneError
		}
		return r
	}, value)
	if runes := []rune(value); len(runes) > 30 {
		return string(runes[:29]) + "…"
	}
	return value
}
