package pipeline_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/report"
	"bulkload/vendors/all"
	"bulkload/vendors/schema"
)

var update = flag.Bool("update", false, "write the expected reports anew")

// ruleFeeds lists the feeds of one resource that show its rules.
func ruleFeeds(t *testing.T, vendor string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(feeds, vendor, "*.csv"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no feeds of %s: %v", vendor, err)
	}
	return paths
}

// feedVersion is the resource's version that a rule feed is for, by its name.
func feedVersion(path string) string {
	if strings.HasSuffix(path, "-v1.csv") {
		return "1"
	}
	return ""
}

// feedResource is the resource that a rule feed is for, by the longest name that its own begins with;
// products when it begins with none.
func feedResource(vendor, path string) string {
	name, longest := vendor+"/products", 0
	for _, resource := range all.Names() {
		short, ok := strings.CutPrefix(resource, vendor+"/")
		if ok && len(short) > longest && strings.HasPrefix(filepath.Base(path), short) {
			name, longest = resource, len(short)
		}
	}
	return name
}

// TestRuleFeeds checks every feed of a rule: each row has just the problems that its want column
// names, and the report is the one that lies beside the feed.
func TestRuleFeeds(t *testing.T) {
	for _, vendor := range all.Vendors {
		if len(vendor.Resources) == 0 {
			continue
		}
		for _, path := range ruleFeeds(t, vendor.Name) {
			t.Run(vendor.Name+"/"+filepath.Base(path), func(t *testing.T) {
				job := newJob(t, path, feedResource(vendor.Name, path), feedVersion(path))
				result := checked(t, job)
				found := findings(t, result)
				compareWants(t, readTable(t, path), found)
				compareReport(t, strings.TrimSuffix(path, ".csv")+".report.txt", found)
			})
		}
	}
}

// compareWants compares each row's problems with its want column. In these feeds no record spans lines.
func compareWants(t *testing.T, tab table, found []report.Finding) {
	t.Helper()
	want := tab.column(t, "want")
	got := make(map[int64][]string)
	for _, finding := range found {
		got[finding.Place.Row] = append(got[finding.Place.Row], finding.Rule)
	}
	for i, row := range tab.rows {
		wanted := strings.FieldsFunc(row[want], func(r rune) bool { return r == '|' })
		have := got[int64(i)+2]
		slices.Sort(wanted)
		slices.Sort(have)
		if !slices.Equal(wanted, have) {
			t.Errorf("row %d: problems %v, want %v (%s)", i+2, have, wanted, strings.Join(row, ","))
		}
	}
}

// compareReport compares the findings with the report that is kept beside the feed.
func compareReport(t *testing.T, path string, found []report.Finding) {
	t.Helper()
	var text strings.Builder
	for _, f := range found {
		fmt.Fprintf(&text, "%s %s %s: %s", f.Cell, f.Severity, f.Rule, f.Message)
		if f.Suggestion != "" {
			fmt.Fprintf(&text, " -> %s", f.Suggestion)
		}
		fmt.Fprintf(&text, " [%s, %s %q]\n", f.Clause, f.Field, f.Value)
	}
	if *update {
		if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), text.String()); diff != "" {
		t.Errorf("the report differs from %s (-want +got); after a look, -update writes it anew:\n%s", path, diff)
	}
}

// TestEveryRuleHasItsCases makes sure that for each rule of each resource a feed shows a row that
// breaks it and a row that keeps it.
func TestEveryRuleHasItsCases(t *testing.T) {
	for _, name := range all.Names() {
		if _, resource, _ := all.Find(name, ""); resource.Encode != nil {
			t.Run(name, func(t *testing.T) { rulesHaveCases(t, name) })
		}
	}
}

func rulesHaveCases(t *testing.T, name string) {
	vendor, _, _ := strings.Cut(name, "/")
	breaks, keeps := make(map[string]bool), make(map[string]bool)
	for _, path := range ruleFeeds(t, vendor) {
		if feedResource(vendor, path) != name {
			continue
		}
		tab := readTable(t, path)
		want, covers := tab.column(t, "want"), tab.column(t, "covers")
		for _, row := range tab.rows {
			for rule := range strings.SplitSeq(row[covers], "|") {
				if slices.Contains(strings.Split(row[want], "|"), rule) {
					breaks[rule] = true
				} else if row[want] == "" {
					keeps[rule] = true
				}
			}
		}
	}
	for _, rule := range rulesOf(name, t) {
		if !breaks[rule.ID] {
			t.Errorf("no row of a feed breaks %s", rule.ID)
		}
		if !keeps[rule.ID] {
			t.Errorf("no row of a feed keeps %s", rule.ID)
		}
	}
}

// rulesOf lists the rules that the rows of a text feed can break, in any version of the resource.
func rulesOf(name string, t *testing.T) []schema.Rule {
	vendor, _ := resource(t, name, "")
	list := []schema.Rule{*mapping.Shifted}
	if _, r, _ := all.Find(name, ""); !r.Alike() {
		list = append(list, *pipeline.MayLackRow)
	}
	for _, r := range vendor.Resources {
		if vendor.Name+"/"+r.Name == name {
			list = append(list, r.AllRules()...)
		}
	}
	// Each row is a variant, so a product or a prepack of a feed has one; the rule stands for the vendor's sake.
	return slices.DeleteFunc(list, func(rule schema.Rule) bool { return strings.HasSuffix(rule.ID, "variant.missing") })
}

// TestRulesHaveWords makes sure that what a report writes of a rule is there.
func TestRulesHaveWords(t *testing.T) {
	var list []schema.Rule
	for _, name := range all.Names() {
		list = append(list, rulesOf(name, t)...)
	}
	for _, rule := range slices.Concat(pipeline.Rules, mapping.Rules) {
		list = append(list, *rule)
	}
	for _, rule := range list {
		if rule.ID == "" || rule.Sentence == "" {
			t.Errorf("rule %+v lacks an id or a sentence", rule)
		}
	}
}

// TestRuleFeedsOfReplace checks the same feeds for resources that are loaded as a whole. They have no rules
// of their own; but what two fields name otherwise has one name there, so that a row without the second
// field belongs to its entity and is beside none.
func TestRuleFeedsOfReplace(t *testing.T) {
	for _, vendor := range all.Vendors {
		for _, resource := range vendor.Resources {
			if resource.Replace == nil {
				continue
			}
			if diff := cmp.Diff(resource.AllRules(), resource.Replace.AllRules()); diff != "" {
				t.Errorf("%s/%s: replacing has rules of its own, which need feeds (-adding +replacing):\n%s", vendor.Name, resource.Name, diff)
			}
			for _, path := range ruleFeeds(t, vendor.Name) {
				name := vendor.Name + "/" + resource.Name
				version := feedVersion(path)
				if feedResource(vendor.Name, path) != name || version != "" && version != resource.Version || version == "" && resource != vendor.Resource(resource.Name) {
					continue
				}
				t.Run(vendor.Name+"/"+filepath.Base(path), func(t *testing.T) {
					job := newJob(t, path, name, version)
					job.Resource = job.Resource.Replace
					tab := readTable(t, path)
					want := tab.column(t, "want")
					for i := range tab.rows {
						if tab.rows[i][want] == pipeline.MayLackRow.ID {
							tab.rows[i][want] = ""
						}
					}
					compareWants(t, tab, findings(t, checked(t, job)))
				})
			}
		}
	}
}
