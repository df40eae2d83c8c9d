package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"bulkload/pipeline"
	"bulkload/pipeline/mapping"
	"bulkload/vendors"
	"bulkload/vendors/all"
	"bulkload/vendors/schema"
)

func (p *program) describeCommand() *cobra.Command {
	var asJSON bool
	var version string
	c := &cobra.Command{
		Use:     "describe VENDOR/RESOURCE",
		Short:   "Tell the fields, rules and clauses of one resource",
		Example: "  bulkload describe fashiontrade/products\n  bulkload describe fashiontrade/products --json",
		Args:    oneResource,
		RunE: func(_ *cobra.Command, args []string) error {
			vendor, resource, err := all.Find(args[0], version)
			if err != nil {
				return &usageError{err}
			}
			if asJSON {
				return p.describeJSON(vendor, resource)
			}
			return p.describe(vendor, resource)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write the JSON Schema of a row")
	c.Flags().StringVar(&version, "api-version", "", "version of the vendor's resource")
	return c
}

func oneResource(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return &usageError{errors.New("name one resource, such as fashiontrade/products")}
	}
	return nil
}

func (p *program) describeJSON(v *vendors.Vendor, r *vendors.Resource) error {
	document, err := r.Schema.JSONSchema(v.Name + "/" + r.Name)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "%s\n", document)
	return err
}

func (p *program) describe(v *vendors.Vendor, r *vendors.Resource) error {
	fmt.Fprintf(p.stdout, "%s/%s version %s: %s\n", v.Name, r.Name, r.Version, r.Doc)
	fmt.Fprintf(p.stdout, "One row is one record; rows that share %s are one %s. * is required, + belongs to the %s and may be\n"+
		"left empty on rows after its first, | means that a cell may list several values separated by |.\n\n",
		r.KeyFields("and"), r.Noun.One, r.Noun.One)
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FIELD\t\tTYPE\tCLAUSE\tMEANING")
	for i := range r.Schema {
		f := &r.Schema[i]
		if f.ReadOnly || f.Forbidden != "" {
			continue
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Name, marks(f), f.Type, f.Clause, f.Doc)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(p.stdout, "\nClosed lists")
	for i := range r.Schema {
		if f := &r.Schema[i]; f.Values != nil && !f.ReadOnly && f.Forbidden == "" {
			fmt.Fprintf(p.stdout, "%s: %s\n", f.Name, strings.Join(f.Values.List(), " "))
		}
	}
	fmt.Fprintln(p.stdout, "\nRules")
	for _, rule := range r.AllRules() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", rule.ID, rule.Severity, rule.Clause, rule.Sentence)
	}
	for _, rule := range slices.Concat(mapping.Rules, pipeline.Rules) {
		fmt.Fprintf(w, "%s\t%s\t\t%s\n", rule.ID, rule.Severity, rule.Sentence)
	}
	return w.Flush()
}

func marks(f *schema.Field) string {
	var marks strings.Builder
	for _, mark := range []struct {
		set  bool
		sign string
	}{{f.Required, "*"}, {f.Shared, "+"}, {f.List, "|"}} {
		if mark.set {
			marks.WriteString(mark.sign)
		}
	}
	return marks.String()
}
