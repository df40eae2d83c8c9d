package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (p *program) importCommand() *cobra.Command {
	flags := &loadFlags{}
	c := &cobra.Command{
		Use:   "import FEED --to VENDOR/RESOURCE",
		Short: "Check a feed, send what is right, and report what became of every row",
		Long: `Check a feed (XLSX, CSV, Parquet or NDJSON; plain, gzip or zstd; - for standard input),
send every entity that keeps the vendor's rules, and report what became of every row.
Nothing is sent from a feed that is damaged or has more faulty rows than --max-errors.
A workbook whose sheets are named after a vendor's resources is loaded as a whole with the vendor
alone: --to fashiontrade. What refers to a product that did not go in is left behind with it.`,
		Example: `  bulkload import season.xlsx --to fashiontrade/products --sandbox
  bulkload import season.xlsx --to fashiontrade/products --account ft-prod --max-errors 5%
  bulkload import season.xlsx --to fashiontrade --account ft-prod`,
		Args: func(c *cobra.Command, args []string) error {
			if flags.plan == "" {
				return oneFeed(c, args)
			}
			if len(args) > 0 || flags.to != "" {
				return &usageError{errors.New("a plan names its feed and where it goes: give --plan alone")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if flags.plan != "" {
				return p.carryOutPlan(c, flags.plan)
			}
			return (&load{program: p, flags: flags, command: "import", given: given(c)}).executeImport(c.Context(), args[0])
		},
	}
	flags.addImport(c)
	return c
}
