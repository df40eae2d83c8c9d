package fashiontrade

import (
	"fmt"
	"strings"
	"time"

	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// DateRange is a window of time as it is sent. Its dates keep the zone in which the feed wrote them.
type DateRange struct {
	StartDate string `json:"start_date"`
	EndDate   string `json:"end_date,omitempty"`
	Type      string `json:"type"`
}

// The rules of dates and windows.
var (
	dateFormat = &schema.Rule{ID: "date.format", Clause: clause(3095),
		Sentence: "a date is written with its time and zone, such as 2026-03-01T00:00:00Z or 2026-03-01T00:00:00+01:00"}
	dateZone = &schema.Rule{ID: "date.zone", Clause: clause(3095),
		Sentence: "a date needs a zone: Z, or an offset such as +01:00"}
	windowStart = &schema.Rule{ID: "window.start", Clause: clause(3436),
		Sentence: "a window needs the date at which it starts"}
	windowType = &schema.Rule{ID: "window.type", Clause: clause(3119),
		Sentence: "an OpenEndedDateRange has no end date, and a ClosedDateRange needs one"}
	windowOrder = &schema.Rule{ID: "window.order", Clause: clause(3092),
		Sentence: "a window must end after it starts"}
)

// windowRules lists the rules of a window that share.window applies.
var windowRules = []*schema.Rule{windowStart, windowType, windowOrder}

// windowFields are the columns of a window: "validity_window", "order_window" or "delivery_window". The
// synonyms are those of its start and of its end.
func windowFields(name string, shared bool, what string, starts, ends []string) schema.Schema {
	return schema.Schema{
		{Name: name + ".start_date", Clause: clause(3099), Shared: shared, Example: "2026-03-01T00:00:00Z",
			Doc:    "When " + what + " starts, with time and zone: 2026-03-01T00:00:00Z or 2026-03-01T00:00:00+01:00.",
			Checks: dateChecks("T00:00:00Z"), Synonyms: starts},
		{Name: name + ".end_date", Clause: clause(3092), Shared: shared, Example: "2026-08-31T23:59:59Z",
			Doc:    "When " + what + " ends, with time and zone; empty for no end.",
			Checks: dateChecks("T23:59:59Z"), Synonyms: ends},
		{Name: name + ".type", Clause: clause(3119), Shared: shared, Example: vocabulary.ClosedDateRange,
			Doc:     "Whether " + what + " has an end; may be left empty, since the dates tell.",
			Values:  schema.NewValues(vocabulary.DateRangeTypes...),
			Explain: explainCase(vocabulary.DateRangeTypes, windowMeanings)},
	}
}

// windowMeanings are words of feeds for the types of a date range.
var windowMeanings = map[string]string{
	"open": vocabulary.OpenEndedDateRange, "open ended": vocabulary.OpenEndedDateRange,
	"open-ended": vocabulary.OpenEndedDateRange, "closed": vocabulary.ClosedDateRange,
}

// dateChecks are the rules of a date; midnight is the time and zone suggested for a bare day.
func dateChecks(midnight string) []schema.Check {
	return []schema.Check{
		{Rule: dateFormat, Explain: explainDate, OK: func(value []byte) bool {
			if _, ok := parseInstant(value); ok {
				return true
			}
			return withoutZone(value)
		}},
		{Rule: dateZone, OK: func(value []byte) bool { return !withoutZone(value) },
			Explain: func(value string) (string, string) { return "", zoned(value, midnight) }},
	}
}

// withoutZone reports whether a value would be an instant if only its zone, or time and zone, were added.
func withoutZone(value []byte) bool {
	var text [40]byte
	if len(value) > len(text)-len("T00:00:00Z") {
		return false
	}
	end := copy(text[:], value)
	if end > 10 && text[10] == ' ' {
		text[10] = 'T'
	}
	for _, rest := range [...]string{"Z", ":00Z", "T00:00:00Z"} {
		if _, ok := parseInstant(text[:end+copy(text[end:], rest)]); ok {
			return true
		}
	}
	return false
}

// zoned adds what a date without a zone lacks.
func zoned(value, midnight string) string {
	value = strings.Replace(value, " ", "T", 1)
	for _, rest := range []string{"Z", ":00Z", midnight} {
		if _, ok := parseInstant([]byte(value + rest)); ok {
			return value + rest
		}
	}
	return ""
}

// explainDate suggests the right spelling of an instant that is written in a near one.
func explainDate(value string) (message, suggestion string) {
	text := strings.ToUpper(strings.TrimSpace(value))
	if day, rest, ok := strings.Cut(text, " "); ok {
		text = day + "T" + strings.ReplaceAll(rest, " ", "")
	}
	if n := len(text); n > 5 && (text[n-5] == '+' || text[n-5] == '-') && !strings.Contains(text[n-5:], ":") {
		text = text[:n-2] + ":" + text[n-2:] // +0100
	}
	text = strings.TrimSuffix(text, "UTC")
	for _, near := range []string{text, text + "Z"} {
		if _, ok := parseInstant([]byte(near)); ok {
			return "", near
		}
	}
	return "", ""
}

// parseInstant reads a date with time and zone in the extended form of ISO 8601 that the document shows,
// 1989-02-17T00:00:00Z or 1989-02-17T00:00:00+01:00, the seconds with up to nine decimals. It does not
// allocate.
func parseInstant(text []byte) (time.Time, bool) {
	const form = "0000-00-00T00:00:00"
	if len(text) <= len(form) || len(text) > len(form)+len(".000000000+00:00") {
		return time.Time{}, false
	}
	for i := range len(form) {
		if c := text[i]; form[i] == '0' && (c < '0' || c > '9') || form[i] != '0' && c != form[i] {
			return time.Time{}, false
		}
	}
	nanoseconds, rest, ok := parseFraction(text[len(form):])
	if !ok {
		return time.Time{}, false
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return time.Time{}, false
	}
	number := func(from, to int) int { n, _ := digits(text[from:to]); return n }
	year, month, day := number(0, 4), number(5, 7), number(8, 10)
	hour, minute, second := number(11, 13), number(14, 16), number(17, 19)
	at := time.Date(year, time.Month(month), day, hour, minute, second, nanoseconds, time.UTC)
	if month < 1 || month > 12 || at.Day() != day || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	return at.Add(-offset), true
}

// parseFraction reads decimals of a second, if there are any, and returns what follows.
func parseFraction(text []byte) (nanoseconds int, rest []byte, ok bool) {
	if text[0] != '.' {
		return 0, text, true
	}
	rest = skipDigits(text[1:])
	count := len(text) - 1 - len(rest)
	if count < 1 || count > 9 {
		return 0, nil, false
	}
	nanoseconds, _ = digits(text[1 : 1+count])
	for range 9 - count {
		nanoseconds *= 10
	}
	return nanoseconds, rest, true
}

// parseOffset reads Z or an offset from UTC.
func parseOffset(text []byte) (time.Duration, bool) {
	if string(text) == "Z" {
		return 0, true
	}
	if len(text) != len("+00:00") || text[0] != '+' && text[0] != '-' || text[3] != ':' {
		return 0, false
	}
	hours, okHours := digits(text[1:3])
	minutes, okMinutes := digits(text[4:6])
	if !okHours || !okMinutes || hours > 23 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if text[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// digits reads a number of at most nine digits.
func digits(text []byte) (n int, ok bool) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = 10*n + int(c-'0')
	}
	return n, len(text) > 0 && len(text) <= 9
}

// window makes the window of this name that the records share; nil when they have none. What is wrong
// with it becomes a problem of the entity.
func (s *share) window(name string) *DateRange {
	startAt, start := s.first(name + ".start_date")
	endAt, end := s.first(name + ".end_date")
	kindAt, kind := s.first(name + ".type")
	if startAt < 0 && endAt < 0 && kindAt < 0 {
		return nil
	}
	if s.spoilt(name+".start_date") || s.spoilt(name+".end_date") || s.spoilt(name+".type") {
		return nil
	}
	w := &DateRange{StartDate: string(start), EndDate: string(end), Type: vocabulary.OpenEndedDateRange}
	if endAt >= 0 {
		w.Type = vocabulary.ClosedDateRange
	}
	if startAt < 0 {
		s.add(max(endAt, kindAt), windowStart, name+".start_date", name+".start_date is required", "")
	}
	if kindAt >= 0 && string(kind) != w.Type {
		s.add(kindAt, windowType, name+".type", fmt.Sprintf("%s has %s", kind, endOf(name, end)), w.Type)
	}
	from, okFrom := parseInstant(start)
	to, okTo := parseInstant(end)
	if okFrom && okTo && !to.After(from) {
		s.add(endAt, windowOrder, name+".end_date", fmt.Sprintf("%s is not after the start, %s", end, start), "")
	}
	return w
}

// endOf says what end a window has.
func endOf(name string, end []byte) string {
	if len(end) == 0 {
		return "no " + name + ".end_date"
	}
	return fmt.Sprintf("the %s.end_date %s", name, end)
}

// cells puts the window into a row as a feed writes it.
func (w *DateRange) cells(name string, row map[string]string) {
	if w == nil {
		return
	}
	row[name+".start_date"], row[name+".type"] = w.StartDate, w.Type
	if w.EndDate != "" {
		row[name+".end_date"] = w.EndDate
	}
}

// canonical writes the dates in UTC, without zeros at the end of a fraction.
func (w *DateRange) canonical() {
	if w == nil {
		return
	}
	for _, date := range []*string{&w.StartDate, &w.EndDate} {
		if at, ok := parseInstant([]byte(*date)); ok {
			*date = at.Format(time.RFC3339Nano)
		}
	}
}

// bounds returns when the window starts and ends; the zero time stands for never. A nil window has no
// bounds.
func (w *DateRange) bounds() (from, to time.Time) {
	if w == nil {
		return from, to
	}
	from, _ = parseInstant([]byte(w.StartDate))
	to, _ = parseInstant([]byte(w.EndDate))
	return from, to
}
