package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/templates"
	"bulkload/vendors"
	"bulkload/vendors/all"
)

func (p *program) templateCommand() *cobra.Command {
	var output, version string
	var force bool
	c := &cobra.Command{
		Use:     "template VENDOR/RESOURCE -o FILE",
		Short:   "Write a workbook to fill in (or .csv, .ndjson, .parquet)",
		Example: "  bulkload template fashiontrade/products -o products.xlsx",
		Args:    oneResource,
		RunE: func(_ *cobra.Command, args []string) error {
			vendor, resource, err := all.Find(args[0], version)
			if err != nil {
				return &usageError{err}
			}
			if resource.Encode == nil {
				return &usageError{onlyExported(args[0])}
			}
			if output == "" {
				return &usageError{errors.New("say with -o which file to write, such as -o products.xlsx")}
			}
			if err := inFolder(output); err != nil {
				return &usageError{err}
			}
			if _, err := os.Lstat(output); err == nil && !force {
				return &usageError{fmt.Errorf("%s is there already, and may have been filled in: name another file, or replace it with --force", output)}
			}
			if err := p.template(vendor, resource, output); err != nil {
				return err
			}
			if version != "" {
				version = " --api-version " + version
			}
			fmt.Fprintf(p.stderr, "%s is ready to be filled in; then: bulkload check %s --to %s%s\n", output, pasted(output), args[0], version)
			return nil
		},
	}
	c.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write")
	c.Flags().BoolVar(&force, "force", false, "replace a file that is there")
	c.Flags().StringVar(&version, "api-version", "", "version of the vendor's resource")
	return c
}

func (p *program) template(v *vendors.Vendor, r *vendors.Resource, path string) error {
	if strings.HasSuffix(strings.ToLower(path), ".xlsx") {
		return feed.WriteFile(path, func(w io.Writer) error { return templates.Workbook(w, v, r) })
	}
	return writeFile(path, templates.Columns(r), func(w formats.Writer) error {
		for _, row := range templates.Rows(r) {
			cells := make([][]byte, len(row))
			for i, text := range row {
				cells[i] = []byte(text)
			}
			if err := w.Write(cells); err != nil {
				return err
			}
		}
		return nil
	}, p.stdout)
}
