package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/pipeline"
)

func parseBudgets(t *testing.T, texts ...string) pipeline.Budgets {
	t.Helper()
	_, to := resource(t, products, "")
	budgets, err := pipeline.ParseBudgets(texts, to)
	if err != nil {
		t.Fatal(err)
	}
	return budgets
}

func TestParseBudgets(t *testing.T) {
	_, to := resource(t, products, "")
	tests := []struct {
		name  string
		texts []string
		want  string // the budgets as they are written, or what the error says
		fails bool
	}{
		{"none", nil, "", false},
		{"number", []string{"100"}, "100", false},
		{"zero", []string{"0"}, "0", false},
		{"percentage", []string{"5%"}, "5%", false},
		{"a part of a percentage", []string{"0.250 %"}, "0.25%", false},
		{"no percentage", []string{"0%"}, "0%", false},
		{"all", []string{"100%"}, "100%", false},
		{"rule of the schema", []string{"value.unknown=2%"}, "value.unknown=2%", false},
		{"warnings and repairs have rules too", []string{"text.blanks=0"}, "text.blanks=0", false},
		{"rule of a vendor", []string{"size.unknown=7"}, "size.unknown=7", false},
		{"rule of mapping", []string{"row.shifted=0"}, "row.shifted=0", false},
		{"rule of the pipeline", []string{"entity.incomplete=0"}, "entity.incomplete=0", false},
		{"several in one", []string{"100, 5%,size.unknown = 0"}, "100 5% size.unknown=0", false},
		{"several times", []string{"100", "5%"}, "100 5%", false},
		{"words", []string{"many"}, `"many" is neither a number of rows`, true},
		{"empty", []string{""}, "is neither", true},
		{"empty item", []string{"5%,"}, "is neither", true},
		{"negative", []string{"-1"}, "is neither", true},
		{"not a number", []string{"NaN%"}, "is neither", true},
		{"exponent", []string{"1e3%"}, "is neither", true},
		{"too much", []string{"100.1%"}, "more than 100%", true},
		{"longer than a number of rows may be", []string{"9999999999999999999"}, "is neither", true},
		{"rule without a limit", []string{"size.unknown="}, "is neither", true},
		{"rule that is nearly right", []string{"size.unkown=0"}, `there is no rule "size.unkown"; did you mean size.unknown?`, true},
		{"no such rule", []string{"zzz=0"}, "bulkload describe lists the rules", true},
		{"no name", []string{"=0"}, `there is no rule ""`, true},
		{"only sending shows it", []string{"vendor.refused=0"}, "shows only when a feed is sent", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			budgets, err := pipeline.ParseBudgets(test.texts, to)
			if test.fails {
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Fatalf("error %v, want %q", err, test.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var texts []string
			for _, b := range budgets {
				texts = append(texts, b.String())
			}
			if got := strings.Join(texts, " "); got != test.want {
				t.Errorf("budgets %q, want %q", got, test.want)
			}
		})
	}
}

// TestBudgetIsExact compares a share with whole numbers: no rounding lets a row more pass, or less.
func TestBudgetIsExact(t *testing.T) {
	_, to := resource(t, products, "")
	rapid.Check(t, func(t *rapid.T) {
		hundredths := rapid.Int64Range(0, 10000).Draw(t, "hundredths of a percent")
		rows := rapid.Int64Range(0, 1<<40).Draw(t, "rows")
		budgets, err := pipeline.ParseBudgets([]string{fmt.Sprintf("%d.%02d%%", hundredths/100, hundredths%100)}, to)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := budgets[0].Allowed(rows), rows*hundredths/10000; got != want {
			t.Fatalf("%s of %d rows are %d, want %d", budgets[0], rows, got, want)
		}
		again, err := pipeline.ParseBudgets([]string{budgets[0].String()}, to)
		if err != nil || again[0].Allowed(rows) != budgets[0].Allowed(rows) {
			t.Fatalf("%s is read back as %v, %v", budgets[0], again, err)
		}
	})
}

// faultyFeed has six rows: two products with a colour that is not known (one of them in two columns of
// one row), one with blanks that are repaired, one whose sound row is held back by another.
const faultyFeed = `product_id,display_name,barcode,color_or_pattern_name,colors,size_type,size,tag.CATEGORY
A1,Dress,5060110010011,Poppy,NAVY,CategoricalSize,S,Dress
A2,Dress,5060110010028,Poppy,NAVY,CategoricalSize,S,dress
A2,,5060110010035,Poppy,RED,CategoricalSize,M,
A3, Dress ,5060110010042,Poppy,RED,CategoricalSize,S,
A4,Dress,5060110010059,Poppy,RED,CategoricalSize,S,
A5,Dress,5060110010066,Poppy,RED,CategoricalSize,S,
`

func TestBudgetsOfAFeed(t *testing.T) {
	path := writeText(t, "feed.csv", faultyFeed)
	tests := []struct {
		name    string
		budgets []string
		want    []string // of each budget that is exceeded: budget, rows that count, rows allowed
	}{
		{"none", nil, nil},
		{"kept to the row", []string{"2"}, nil},
		{"one over", []string{"1"}, []string{"1: 2 of 1"}},
		{"nothing allowed", []string{"0"}, []string{"0: 2 of 0"}},
		{"share kept", []string{"33.4%"}, nil},
		{"share just missed", []string{"33.3%"}, []string{"33.3%: 2 of 1"}},
		{"no share", []string{"0%"}, []string{"0%: 2 of 0"}},
		{"a row counts once for a rule", []string{"value.unknown=2"}, nil},
		{"rule over", []string{"value.unknown=1"}, []string{"value.unknown=1: 2 of 1"}},
		{"rule by share", []string{"value.unknown=20%"}, []string{"value.unknown=20%: 2 of 1"}},
		{"repairs do not count for the run", []string{"2", "text.blanks=0"}, []string{"text.blanks=0: 1 of 0"}},
		{"rule that nobody broke", []string{"required=0"}, nil},
		{"both of two", []string{"0", "value.unknown=0"}, []string{"0: 2 of 0", "value.unknown=0: 2 of 0"}},
		{"the narrower of two", []string{"50%", "1"}, []string{"1: 2 of 1"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			job := newJob(t, path, products, "")
			job.MaxErrors = parseBudgets(t, test.budgets...)
			result, err := pipeline.Check(context.Background(), job)
			if result == nil {
				t.Fatal(err)
			}
			settled(t, result)
			var over *pipeline.BudgetError
			if err != nil && !errors.As(err, &over) {
				t.Fatal(err)
			}
			var got []string
			if over != nil {
				for _, e := range over.Exceeded {
					got = append(got, fmt.Sprintf("%s: %d of %d", e.Budget, e.Faulty, e.Allowed))
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("exceeded (-want +got):\n%s", diff)
			}
		})
	}
}

// TestBudgetErrorTellsWhatToDo reads the message as she does.
func TestBudgetErrorTellsWhatToDo(t *testing.T) {
	job := newJob(t, writeText(t, "feed.csv", faultyFeed), products, "")
	job.MaxErrors = parseBudgets(t, "5%", "value.unknown=1")
	result, err := pipeline.Check(context.Background(), job)
	if err == nil || result == nil {
		t.Fatalf("Check = %v, %v", result, err)
	}
	settled(t, result)
	for _, want := range []string{
		"2 of 6 rows are faulty, 2 more than the 5% (0) allowed: H2 tag.CATEGORY: ",
		"2 of 6 rows have a finding of value.unknown, 1 more than the 1 allowed: H2 tag.CATEGORY: ",
		` · E2 colors: "NAVY" is not in the list; the vendor calls it BLUE → BLUE; nothing was sent`,
		"; nothing was sent",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}

// TestRulesCountRows compares the rows of each rule with a count of its own over the findings.
func TestRulesCountRows(t *testing.T) {
	result := checked(t, newJob(t, season, products, ""))
	rows := make(map[string]map[int64]bool)
	for _, f := range findings(t, result) {
		if rows[f.Rule] == nil {
			rows[f.Rule] = make(map[int64]bool)
		}
		rows[f.Rule][f.Place.Row] = true
	}
	if len(rows) < 3 {
		t.Fatalf("the season's feed breaks %d rules, too few to tell", len(rows))
	}
	for _, rule := range result.Summary.Rules {
		if rule.Rows != int64(len(rows[rule.Rule])) {
			t.Errorf("%s: %d rows, want %d", rule.Rule, rule.Rows, len(rows[rule.Rule]))
		}
	}
}

// TestBudgetsKnowEveryRuleOfEveryCheck names each rule that the sample feeds break.
func TestBudgetsKnowEveryRuleOfEveryCheck(t *testing.T) {
	_, to := resource(t, products, "")
	result := checked(t, newJob(t, season, products, ""))
	for _, rule := range result.Summary.Rules {
		if _, err := pipeline.ParseBudgets([]string{rule.Rule + "=0"}, to); err != nil {
			t.Errorf("a rule that was broken cannot be limited: %v", err)
		}
	}
	if len(result.Summary.Rules) == 0 {
		t.Error("the season's feed breaks no rule")
	}
}
