// Command generate writes a made-up season's feed for fashiontrade/products, always the same for the
// same flags, in the format that the ending of its name says:
//
//	go run ./benchmarks/generate -rows 1000000 -o feed.csv
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"bulkload/benchmarks/season"
	"bulkload/formats"
	"bulkload/formats/feed"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "generate:", err)
		}
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var s season.Season
	flags.Int64Var(&s.Rows, "rows", 1_000_000, "number of `rows`")
	flags.Uint64Var(&s.Seed, "seed", 1, "`number` that the feed follows from")
	flags.BoolVar(&s.FirstRowOnly, "first-row-only", false, "leave a product's own columns empty on its later rows")
	order := flags.String("order", "product", "`order` of the rows: product, colour or random")
	path := flags.String("o", "", "`file` to write: .csv, .xlsx, .parquet or .ndjson; - writes CSV to standard output")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if s.Order, err = season.ParseOrder(*order); err != nil {
		return err
	}
	if *path == "" || s.Rows < 1 || flags.NArg() > 0 {
		return errors.New("-o must name a file, -rows be at least 1, and no other arguments be given")
	}
	rows, err := write(s, *path, stdout)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stderr, "%s: %d rows of %d columns\n", *path, rows, len(season.Columns()))
	return err
}

// write writes the season and leaves nothing behind when that fails.
func write(s season.Season, path string, stdout io.Writer) (rows int64, err error) {
	var columns []formats.Column
	for _, name := range season.Columns() {
		columns = append(columns, formats.Column{Name: name})
	}
	output, err := feed.Create(path, columns, stdout)
	if err != nil {
		return 0, err
	}
	if rows, err = s.WriteTo(output); err != nil {
		return rows, errors.Join(err, output.Discard())
	}
	return rows, output.Close()
}
