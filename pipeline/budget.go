package pipeline

import (
	"cmp"
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"bulkload/pipeline/mapping"
	"bulkload/pipeline/report"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A Budget is how many rows of a feed may be faulty, as a number or as a share of its rows. One
// without a rule counts the rows that have an error of their own: warnings and repairs do not count,
// nor do rows that are held back because another row of their entity is wrong. One with a rule counts
// the rows with a finding of that rule, whatever its severity.
type Budget struct {
	Rule  string   // id; empty: any error
	Rows  int64    // allowed, when Share is nil
	Share *big.Rat // of all rows, in percent
}

// Budgets are budgets that a feed has to keep all of. None allow any number of errors.
type Budgets []Budget

// budgetNumber is a number of rows or a percentage, without signs and exponents.
var budgetNumber = regexp.MustCompile(`^([0-9]{1,18}|([0-9]{1,3}(?:\.[0-9]{1,9})?) ?%)$`)

// ParseBudgets reads budgets such as "100", "5%", "barcode.missing=0" and "tag.unknown=2%", each text
// holding one or several separated by commas. The rules are those of the resource, of mapping and of the
// pipeline as far as they can be broken before anything is sent; the error of another names the nearest.
func ParseBudgets(texts []string, resource *vendors.Resource) (Budgets, error) {
	known := budgetRules(resource)
	var budgets Budgets
	for _, text := range texts {
		for item := range strings.SplitSeq(text, ",") {
			b, err := parseBudget(strings.TrimSpace(item), known)
			if err != nil {
				return nil, err
			}
			budgets = append(budgets, b)
		}
	}
	return budgets, nil
}

func parseBudget(text string, known []string) (Budget, error) {
	rule, number, named := strings.Cut(text, "=")
	if !named {
		rule, number = "", text
	}
	b := Budget{Rule: strings.TrimSpace(rule)}
	if named && !slices.Contains(known, b.Rule) {
		return b, unknownRule(b.Rule, known)
	}
	match := budgetNumber.FindStringSubmatch(strings.TrimSpace(number))
	if match == nil {
		return b, fmt.Errorf("%q is neither a number of rows such as 100 nor a percentage such as 5%%; a single rule is limited with its name, such as %s=0",
			text, schema.Required.ID)
	}
	if match[2] == "" {
		rows, err := strconv.ParseInt(match[1], 10, 64)
		b.Rows = rows
		return b, err
	}
	b.Share, _ = new(big.Rat).SetString(match[2])
	if b.Share.Cmp(big.NewRat(100, 1)) > 0 {
		return b, fmt.Errorf("%q is more than 100%%", text)
	}
	return b, nil
}

func unknownRule(rule string, known []string) error {
	if slices.ContainsFunc(afterSending, func(r *schema.Rule) bool { return r.ID == rule }) {
		return fmt.Errorf("%s shows only when a feed is sent; a budget limits what is found before that", rule)
	}
	err := fmt.Errorf("there is no rule %q", rule)
	if nearest := schema.Nearest(rule, known); nearest != "" {
		return fmt.Errorf("%w; did you mean %s?", err, nearest)
	}
	return fmt.Errorf("%w; bulkload describe lists the rules", err)
}

// afterSending are the rules that nothing breaks before the feed is sent.
var afterSending = []*schema.Rule{VendorRefused, NoAnswer, NotSent}

// budgetRules lists the ids of the rules that a feed can break before it is sent.
func budgetRules(resource *vendors.Resource) []string {
	var ids []string
	for _, rule := range resource.AllRules() {
		ids = append(ids, rule.ID)
	}
	for _, rule := range slices.Concat(mapping.Rules, Rules) {
		if !slices.Contains(afterSending, rule) {
			ids = append(ids, rule.ID)
		}
	}
	return ids
}

// Allowed is the number of rows that may be faulty in a feed of so many rows.
func (b Budget) Allowed(rows int64) int64 {
	if b.Share == nil {
		return b.Rows
	}
	part := new(big.Rat).Mul(b.Share, big.NewRat(rows, 100))
	return new(big.Int).Quo(part.Num(), part.Denom()).Int64()
}

// String writes the budget as ParseBudgets reads it.
func (b Budget) String() string {
	text := strconv.FormatInt(b.Rows, 10)
	if b.Share != nil {
		text = strings.TrimRight(strings.TrimRight(b.Share.FloatString(9), "0"), ".") + "%"
	}
	if b.Rule != "" {
		return b.Rule + "=" + text
	}
	return text
}

// An Excess is a budget that a feed did not keep.
type Excess struct {
	Budget   Budget
	Faulty   int64            // rows that count
	Allowed  int64            // rows that would have been let pass
	Examples []report.Finding // the first few of the feed
}

// examplesOfExcess is how many findings an Excess shows.
const examplesOfExcess = 3

// exceeded lists the budgets that what was found is over.
func (list Budgets) exceeded(c *report.Collector, rows int64) []Excess {
	var over []Excess
	rules := c.Rules(func(string) string { return "" })
	for _, b := range list {
		e := Excess{Budget: b, Allowed: b.Allowed(rows)}
		if b.Rule == "" {
			e.Faulty = c.Counts.Faulty
		}
		for _, rule := range rules {
			switch {
			case rule.Rule == b.Rule:
				e.Faulty, e.Examples = rule.Rows, rule.Examples
			case b.Rule == "" && rule.Severity == schema.Error:
				e.Examples = append(e.Examples, rule.Examples...)
			}
		}
		if e.Faulty > e.Allowed {
			e.first()
			over = append(over, e)
		}
	}
	return over
}

// first keeps the examples that stand first in the feed.
func (e *Excess) first() {
	slices.SortStableFunc(e.Examples, func(a, b report.Finding) int { return cmp.Compare(a.Place.Row, b.Place.Row) })
	e.Examples = e.Examples[:min(len(e.Examples), examplesOfExcess)]
}

// BudgetError ends a run: the feed has more faulty rows than were allowed. Nothing was sent.
type BudgetError struct {
	Rows     int64    // of the feed
	Exceeded []Excess // at least one
}

// Error tells of each budget how many rows there were, how many too many, and the first of them.
func (e *BudgetError) Error() string {
	var parts []string
	for i := range e.Exceeded {
		parts = append(parts, e.Exceeded[i].text(e.Rows))
	}
	return strings.Join(append(parts, "nothing was sent"), "; ")
}

func (e *Excess) text(rows int64) string {
	what := "are faulty"
	if e.Budget.Rule != "" {
		what = "have a finding of " + e.Budget.Rule
	}
	limit := Budget{Rows: e.Budget.Rows, Share: e.Budget.Share}.String()
	if e.Budget.Share != nil {
		limit += fmt.Sprintf(" (%d)", e.Allowed)
	}
	text := fmt.Sprintf("%d of %d rows %s, %d more than the %s allowed", e.Faulty, rows, what, e.Faulty-e.Allowed, limit)
	before := ": "
	for i := range e.Examples {
		text += before + e.Examples[i].Brief()
		before = " · "
	}
	return text
}
