package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"bulkload/vendors"
	"bulkload/vendors/all"
)

func (p *program) vendorsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "vendors",
		Short: "List the vendors and their resources, and what can be done with them",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if asJSON {
				return p.listJSON()
			}
			return p.list()
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

func (p *program) list() error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RESOURCE\tVERSION\tCAN\tDOES")
	for _, v := range all.Vendors {
		for _, r := range v.Resources {
			fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s\n", v.Name, r.Name, r.Version, strings.Join(abilities(r), ", "), r.Doc)
		}
	}
	return w.Flush()
}

// abilities lists what can be done with a resource.
func abilities(r *vendors.Resource) []string {
	var can []string
	for _, ability := range []struct {
		name string
		has  bool
	}{
		{"check", r.Encode != nil},
		{"import", r.Upload != nil},
		{"plan", r.Upload != nil && r.Pages != nil},
		{"export", r.Pages != nil},
		{"lookup", r.Ask != nil},
		{"delete", r.Delete != nil},
		{"dry run", r.Rehearses},
	} {
		if ability.has {
			can = append(can, ability.name)
		}
	}
	return can
}

func (p *program) listJSON() error {
	type resource struct {
		Name    string   `json:"name"`
		Version string   `json:"version,omitempty"`
		Doc     string   `json:"doc"`
		Can     []string `json:"can"`
	}
	list := []resource{}
	for _, v := range all.Vendors {
		for _, r := range v.Resources {
			list = append(list, resource{v.Name + "/" + r.Name, r.Version, r.Doc, abilities(r)})
		}
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(list)
}
