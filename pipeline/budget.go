package pipeline

import (
	"fmt"
	"strconv"
	"strings"
)

// Budget is how many rows may be faulty, as a number, or as a share of all rows. The zero value
// allows any.
type Budget struct {
	Rows    int64
	Percent float64
	Limited bool
}

// ParseBudget reads "100" or "5%".
func ParseBudget(text string) (Budget, error) {
	if share, ok := strings.CutSuffix(text, "%"); ok {
		percent, err := strconv.ParseFloat(share, 64)
		if err != nil || percent < 0 || percent > 100 {
			return Budget{}, fmt.Errorf("%q is not a percentage from 0%% to 100%%", text)
		}
		return Budget{Percent: percent, Limited: true}, nil
	}
	rows, err := strconv.ParseInt(text, 10, 64)
	if err != nil || rows < 0 {
		return Budget{}, fmt.Errorf("%q is neither a number of rows nor a percentage such as 5%%", text)
	}
	return Budget{Rows: rows, Limited: true}, nil
}

// exceeded reports whether so many faulty rows of all are too many.
func (b Budget) exceeded(faulty, all int64) bool {
	if !b.Limited {
		return false
	}
	if b.Percent > 0 {
		return float64(faulty)*100 > b.Percent*float64(all)
	}
	return faulty > b.Rows
}

// String writes the budget as ParseBudget reads it.
func (b Budget) String() string {
	if b.Percent > 0 {
		return strconv.FormatFloat(b.Percent, 'f', -1, 64) + "%"
	}
	return strconv.FormatInt(b.Rows, 10)
}

// BudgetError ends a run: the feed has more faulty rows than were allowed. Nothing was sent.
type BudgetError struct {
	Faulty, Rows int64
	Budget       Budget
}

// Error tells how many rows were faulty.
func (e *BudgetError) Error() string {
	return fmt.Sprintf("%d of %d rows are faulty, more than the %s allowed; nothing was sent", e.Faulty, e.Rows, e.Budget)
}
