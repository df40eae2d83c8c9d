package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (p *program) checkCommand() *cobra.Command {
	flags := &loadFlags{}
	c := &cobra.Command{
		Use:   "check FEED --to VENDOR/RESOURCE",
		Short: "Find every problem of a feed; nothing is sent",
		Long: `Read a feed to its end and apply every rule of the vendor to it, without any network.
The exit code is 0 when every row is ready to be loaded and 2 when some are not.`,
		Example: `  bulkload check season.xlsx --to fashiontrade/products --report problems.xlsx`,
		Args:    oneFeed,
		RunE: func(c *cobra.Command, args []string) error {
			return (&load{program: p, flags: flags, command: "check"}).execute(c.Context(), args[0])
		},
	}
	flags.addCheck(c)
	return c
}

func oneFeed(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return &usageError{errors.New("name one feed: a file, or - for standard input")}
	}
	return nil
}
