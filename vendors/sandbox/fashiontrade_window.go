package sandbox

import (
	"regexp"
	"slices"
	"time"

	"bulkload/vendors/fashiontrade/vocabulary"
)

// dateRange wants an OpenEndedDateRange or a ClosedDateRange, whose end lies after its start.
func dateRange(n *node) error {
	if err := kind(n, jsonObject); err != nil {
		return err
	}
	members := []member{
		{name: "type", required: true, check: oneOf(vocabulary.DateRangeTypes)},
		{name: "start_date", required: true, check: instant},
	}
	closed := n.textOf("type") == vocabulary.ClosedDateRange
	if _, ended := n.member("end_date"); closed || ended {
		members = append(members, member{name: "end_date", required: true, check: instant})
	}
	if err := object(n, members); err != nil {
		return err
	}
	if n.textOf("end_date") == "" {
		return nil
	}
	if !closed {
		return within("end_date", misfitf("an %s has no end", vocabulary.OpenEndedDateRange))
	}
	start, _ := time.Parse(time.RFC3339, n.textOf("start_date"))
	end, _ := time.Parse(time.RFC3339, n.textOf("end_date"))
	if !end.After(start) {
		return within("end_date", misfitf("%q is not after the start_date %q", n.textOf("end_date"), n.textOf("start_date")))
	}
	return nil
}

// instantForm is narrower than what time.Parse takes.
var instantForm = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$`)

// instant wants a date and time of ISO 8601 with Z or an offset.
func instant(n *node) error {
	if err := kind(n, jsonText); err != nil {
		return err
	}
	if _, err := time.Parse(time.RFC3339, n.text); err != nil || !instantForm.MatchString(n.text) {
		return misfitf("%q is not a date and time with Z or an offset, such as 1989-02-17T00:00:00Z", n.text)
	}
	return nil
}

// countries wants a list of officially assigned codes, which may be empty.
func countries(n *node) error {
	return listOf(0, func(n *node) error {
		if err := kind(n, jsonText); err != nil {
			return err
		}
		if !slices.Contains(vocabulary.Countries, n.text) {
			return misfitf("%q is not an officially assigned code of ISO 3166-1 alpha-2", n.text)
		}
		return nil
	})(n)
}

// stockSelector wants a StockSelector, which knows countries only.
func stockSelector(n *node) error { return object(n, []member{{name: "countries", check: countries}}) }
