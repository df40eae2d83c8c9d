package faire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"bulkload/vendors"
)

// An updatedList is a list that Faire gives out in pages, what was changed longest ago first
// (faire:194, faire:1604). An element that changes while the list is read moves to its end, and those
// behind it move up, so that counting pages would miss some. The list is therefore gone on with from
// the time of the last element that came, which comes once more. Where one time fills a page and more, page
// numbers must be counted, and such a tie is read again until two readings have the same elements: between those
// none has moved. What comes more than once is told apart by its ID. It holds nothing that changes.
type updatedList struct {
	path   string // "/orders"
	member string // of the answer that holds the elements: "orders"
	limit  int    // elements in a page, the most that Faire gives
	noun   vendors.Noun
}

// updatedCursor is where a list is gone on with: a page of what was changed since a time.
type updatedCursor struct {
	page  int
	since string // empty: as the filters say
}

// String writes the cursor, "1 2019-03-15T00:10:00.000Z".
func (c updatedCursor) String() string {
	return strings.TrimSuffix(strconv.Itoa(c.page)+" "+c.since, " ")
}

// parseUpdatedCursor reads what String wrote; an empty text is the beginning.
func parseUpdatedCursor(text string) (updatedCursor, error) {
	if text == "" {
		return updatedCursor{page: 1}, nil
	}
	number, since, _ := strings.Cut(text, " ")
	page, err := strconv.Atoi(number)
	if err != nil || page < 1 {
		return updatedCursor{}, fmt.Errorf("%q is not a place in a list to go on at", text)
	}
	return updatedCursor{page, since}, nil
}

// updatedElement is what the list itself reads of an element.
type updatedElement struct {
	ID        string `json:"id"`
	UpdatedAt string `json:"updated_at"`
}

// pages yields the list page by page, with the filters of ask.Query. Those are the document's own but
// for limit and page.
func (l *updatedList) pages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		at, err := parseUpdatedCursor(ask.Cursor)
		var first []byte // the first element of the page before; one that has moved there since has another time
		var tied updatedTie
		for err == nil {
			var page vendors.Page
			var next updatedCursor
			page, next, err = l.page(ctx, client, at, ask.Query)
			if err == nil && len(page.Entities) > 0 && at.page > 1 && bytes.Equal(page.Entities[0].Body, first) {
				err = fmt.Errorf("list %s: page %d begins as the page before it", l.noun.Many, at.page)
			}
			if err == nil {
				next, err = tied.behind(at, next, &page)
			}
			if err != nil {
				break
			}
			if !yield(page, nil) || page.Next == "" {
				return
			}
			if first = nil; len(page.Entities) > 0 {
				first = page.Entities[0].Body
			}
			at = next
		}
		yield(vendors.Page{}, fmt.Errorf("list %s: %w", l.noun.Many, err))
	}
}

// An updatedTie is what is known of elements of one time that fill a page and more.
type updatedTie struct {
	now, before map[string]bool // those of this reading so far, and of the one before; nil: there was none
	readings    int
}

// behind takes a page of a tie, and returns where the list is gone on with: behind the tie when two readings had
// the same elements, else at its beginning.
func (t *updatedTie) behind(at, next updatedCursor, page *vendors.Page) (updatedCursor, error) {
	if at.page == 1 && next.page <= 1 {
		*t = updatedTie{}
		return next, nil // no tie
	}
	if at.page == 1 || t.now == nil {
		t.now = make(map[string]bool)
	}
	for _, e := range page.Entities {
		var element updatedElement
		if err := json.Unmarshal(e.Body, &element); err != nil {
			return next, err
		}
		if sameInstant(element.UpdatedAt, at.since) {
			t.now[element.ID] = true
		}
	}
	if next.page > 1 {
		return next, nil
	}
	if maps.Equal(t.now, t.before) && t.before != nil {
		*t = updatedTie{}
		return next, nil
	}
	if t.readings++; t.readings >= mostReadings {
		return next, fmt.Errorf("those changed at %s keep changing; try again when less is going on", at.since)
	}
	t.now, t.before = nil, t.now
	next = updatedCursor{1, at.since}
	page.Next = next.String()
	return next, nil
}

// sameInstant reports whether two times are one, however they are written. An empty one is any: that of a filter.
func sameInstant(a, b string) bool {
	left, okLeft := readTime(a)
	right, okRight := readTime(b)
	return b == "" || a == b || okLeft && okRight && left.Equal(right)
}

// page asks for one page. There is no total: a page that is not full is the last one.
func (l *updatedList) page(ctx context.Context, client *vendors.Client, at updatedCursor, filters url.Values) (page vendors.Page, next updatedCursor, err error) {
	query := maps.Clone(filters)
	if query == nil {
		query = make(url.Values)
	}
	query.Set("limit", strconv.Itoa(l.limit))
	query.Set("page", strconv.Itoa(at.page))
	if at.since != "" {
		query.Set("updated_at_min", at.since)
	}
	var answer map[string]json.RawMessage
	if err := get(ctx, client, "list "+l.noun.Many, l.path, query, &answer); err != nil {
		return page, next, err
	}
	var items []json.RawMessage
	if err := json.Unmarshal(answer[l.member], &items); err != nil || items == nil {
		return page, next, fmt.Errorf("the answer has no list of %s, so it is not the vendor's", l.member)
	}
	var last updatedElement
	page.Entities = make([]vendors.Stored, len(items))
	for i, item := range items {
		last = updatedElement{}
		if err := json.Unmarshal(item, &last); err != nil || last.ID == "" {
			return vendors.Page{}, next, fmt.Errorf("the answer holds one of the %s without its id", l.member)
		}
		page.Entities[i] = vendors.Stored{Key: last.ID, Body: item}
	}
	if len(items) >= l.limit {
		next = at.behind(last.UpdatedAt, filters.Get("updated_at_min"))
		page.Next = next.String()
	}
	return page, next, nil
}

// behind goes on from the time of a page's last element, or with the next page where all of the page
// is of one time.
func (c updatedCursor) behind(updated, filter string) updatedCursor {
	since := c.since
	if since == "" {
		since = filter
	}
	last, err := time.Parse(time.RFC3339, updated)
	before, errBefore := time.Parse(time.RFC3339, since)
	if err != nil || since != "" && (errBefore != nil || !last.After(before)) {
		return updatedCursor{c.page + 1, c.since}
	}
	return updatedCursor{1, updated}
}

// one asks for the element of an ID; nil when Faire has none.
func (l *updatedList) one(ctx context.Context, client *vendors.Client, id string) (json.RawMessage, error) {
	response, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: l.path + "/" + segment(id),
		Header: http.Header{"Accept": {"application/json"}}, JSON: true, Answers: []int{http.StatusNotFound}})
	if err != nil || response.Status == http.StatusNotFound {
		return nil, err
	}
	var found updatedElement
	if err := json.Unmarshal(response.Body, &found); err != nil || found.ID != id {
		return nil, fmt.Errorf("get %s %q: the answer is that of %q", l.noun.One, id, found.ID)
	}
	return response.Body, nil
}

// canonicalAnswer writes what Faire answers so that equal answers have equal bytes: the members in the
// order of their names.
func canonicalAnswer(body []byte) ([]byte, error) {
	value, err := readAny(body)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}
