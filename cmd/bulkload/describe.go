package main

import (
	"errors"
	"fmt"
	"io"
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
	name := v.Name + "/" + r.Name
	if r.Version != "" {
		name += " version " + r.Version
	}
	fmt.Fprintf(p.stdout, "%s: %s\n", name, r.Doc)
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	if r.Encode == nil {
		fmt.Fprint(p.stdout, "It is only exported; these are the columns.\n\n")
		describeFields(w, r.Schema, func(*schema.Field) bool { return true })
	} else {
		p.describeRows(r)
		describeFields(w, r.Schema, fed)
	}
	if len(r.Answers) > 0 {
		fmt.Fprintln(w, "\nAn answer has")
		describeFields(w, r.Answers, func(*schema.Field) bool { return true })
	}
	describeFilters(w, r)
	describeLists(w, r)
	if r.Encode != nil {
		describeRules(w, r)
	}
	describeSettings(w, v)
	return w.Flush()
}

// describeRows says what a row of a feed is.
func (p *program) describeRows(r *vendors.Resource) {
	if r.Key == "" {
		fmt.Fprintf(p.stdout, "One row is one %s. * is required, | means that a cell may list several values separated by |.\n\n", r.Noun.One)
		return
	}
	fmt.Fprintf(p.stdout, "One row is one record; rows that share %s are one %s. * is required, + belongs to the %s and may be\n"+
		"left empty on rows after its first, | means that a cell may list several values separated by |.\n\n",
		r.KeyFields("and"), r.Noun.One, r.Noun.One)
}

// fed reports whether a feed's column of the field is taken.
func fed(f *schema.Field) bool { return !f.ReadOnly && f.Forbidden == "" }

func describeFields(w io.Writer, fields schema.Schema, shown func(*schema.Field) bool) {
	fmt.Fprintln(w, "FIELD\t\tTYPE\tCLAUSE\tMEANING")
	for i := range fields {
		if f := &fields[i]; shown(f) {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Name, marks(f), f.Type, f.Clause, f.Doc)
		}
	}
}

func describeFilters(w io.Writer, r *vendors.Resource) {
	if len(r.Filters) == 0 {
		return
	}
	fmt.Fprintln(w, "\nFilters of an export (--filter name=value)")
	for _, filter := range r.Filters {
		required := ""
		if filter.Required {
			required = "*"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", filter.Name, required, filter.Doc)
	}
}

func describeLists(w io.Writer, r *vendors.Resource) {
	heading := "\nClosed lists\n"
	for i := range r.Schema {
		if f := &r.Schema[i]; f.Values != nil && fed(f) {
			fmt.Fprint(w, heading)
			heading = ""
			fmt.Fprintf(w, "%s: %s\n", f.Name, strings.Join(f.Values.List(), " "))
		}
	}
}

func describeRules(w io.Writer, r *vendors.Resource) {
	fmt.Fprintln(w, "\nRules")
	for _, rule := range r.AllRules() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", rule.ID, rule.Severity, rule.Clause, rule.Sentence)
	}
	for _, rule := range slices.Concat(r.Against, mapping.Rules, pipeline.Rules) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", rule.ID, rule.Severity, rule.Clause, rule.Sentence)
	}
}

func describeSettings(w io.Writer, v *vendors.Vendor) {
	if len(v.Settings) == 0 {
		return
	}
	fmt.Fprintf(w, "\nSettings of an account of %s\n", v.Title)
	for _, setting := range v.Settings {
		required := ""
		if setting.Required {
			required = "*"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", setting.Name, required, setting.Doc)
	}
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
