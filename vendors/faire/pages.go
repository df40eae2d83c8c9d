package faire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
)

// pages reads the products of the account, or those of ask.Keys, of which the ones that Faire does not have are left
// out. Where they are compared with a feed, deleted ones are yielded too, set aside.
func pages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		var err error
		if ask.Keys != nil {
			err = vendors.PagesByKey(ask, yield, func(id string) ([]vendors.Stored, error) { return readOne(ctx, client, id, ask) })
		} else {
			w := walk{client: client, query: filters(ask), compare: ask.Compare, yield: yield, seen: make(map[string]string),
				ties: make(map[string]tie)}
			err = w.all(ctx, ask.Cursor)
		}
		if err != nil && !errors.Is(err, errEnough) {
			yield(vendors.Page{}, err)
		}
	}
}

// filters are the query of every page.
func filters(ask vendors.Listing) url.Values {
	query := maps.Clone(ask.Query)
	if query == nil {
		query = url.Values{}
	}
	query.Set("limit", strconv.Itoa(vocabulary.ProductPages.Most))
	query.Del("page")
	if ask.Compare {
		query.Set("include_deleted", "true")
	}
	return query
}

// A walk reads the whole list, which is in the order of updated_at (faire:194). Pages by number cannot be trusted: a
// product that changes moves to the end, the ones behind it move forward, and one of them falls between two pages. So
// each page asks for what has changed since the last product of the page before, that time included (faire:202). What
// was read twice for that is left out. Nothing is missed: what has not changed still stands behind that time, and what
// has changed stands further behind.
//
// A page may begin and end with one time, and there may be more of that time behind it: such a tie is read by page
// numbers. Of its products one can fall between two pages only when another moves away, and that one turns up again
// at the end of the list. Then, and where deleted products are not listed and nothing turns up, the tie is read again
// until two readings have the same products, since between those none has moved.
type walk struct {
	client  *vendors.Client
	query   url.Values
	compare bool // deleted products are listed, and set aside
	yield   func(vendors.Page, error) bool
	since   string            // updated_at_min of the page; empty: from the beginning
	seen    map[string]string // updated_at of the products that were yielded, by id
	ties    map[string]tie    // by their times
}

// A tie is what is known of the products of one time.
type tie uint8

const (
	untied  tie = iota
	trusted     // read once; nothing has turned up that was among them
	doubted     // one of them has moved since
	settled     // two readings have the same products
)

// listed is what the walk needs to know of a product.
type listed struct {
	ID        string `json:"id"`
	UpdatedAt string `json:"updated_at"`
	State     string `json:"lifecycle_state"`
	body      json.RawMessage
}

// errEnough ends a walk whose pages are not wanted any more.
var errEnough = errors.New("enough")

func (w *walk) all(ctx context.Context, cursor string) error {
	w.start(cursor)
	for {
		last, err := w.toEnd(ctx)
		if err != nil {
			return err
		}
		again := w.doubtful()
		if len(again) == 0 {
			return w.hand(last, "")
		}
		if err := w.hand(last, w.since); err != nil {
			return err
		}
		end := w.since
		for _, time := range again {
			w.since = time
			if err := w.settleTie(ctx); err != nil {
				return err
			}
		}
		w.since = end
	}
}

// start goes on from a cursor. What moves in a tie can only be told by who has read all of it, so that ties which were
// not settled are read again.
func (w *walk) start(cursor string) {
	times := strings.Fields(cursor)
	if len(times) == 0 {
		w.since = w.query.Get("updated_at_min")
		return
	}
	w.since = times[0]
	for _, time := range times[1:] {
		w.ties[time] = doubted
	}
}

// cursor names a time to go on from, and the ties that are not settled.
func (w *walk) cursor(since string) string {
	times := []string{}
	for time, state := range w.ties {
		if state != settled {
			times = append(times, time)
		}
	}
	slices.Sort(times)
	return strings.Join(append([]string{since}, times...), " ")
}

// toEnd reads from the time on to the end of the list. It returns what is new on the last page.
func (w *walk) toEnd(ctx context.Context) ([]vendors.Stored, error) {
	for {
		products, next, err := w.page(ctx, 1)
		if err != nil || next == "" {
			return w.new(products), err
		}
		tied := products[0].UpdatedAt == next
		if tied && w.ties[next] == untied {
			w.ties[next] = trusted
			if !w.compare {
				w.ties[next] = doubted
			}
		}
		if err := w.hand(w.new(products), next); err != nil {
			return nil, err
		}
		w.since = next
		if !tied {
			continue
		}
		if _, next, err = w.readTie(ctx, 2); err != nil || next == "" {
			return nil, err
		}
		w.since = next
	}
}

// doubtful lists the ties that must be read again.
func (w *walk) doubtful() []string {
	var times []string
	for time, state := range w.ties {
		if state == doubted {
			times = append(times, time)
		}
	}
	slices.Sort(times)
	return times
}

// mostReadings bounds how often a tie is read when its products keep moving.
const mostReadings = 20

// settleTie reads a tie until two readings have the same products.
func (w *walk) settleTie(ctx context.Context) error {
	var before map[string]bool
	for range mostReadings {
		now, _, err := w.readTie(ctx, 1)
		if err != nil {
			return err
		}
		if before != nil && maps.Equal(now, before) {
			w.ties[w.since] = settled
			return nil
		}
		before = now
	}
	return fmt.Errorf("list products: those changed at %s keep changing; try again when less is going on", w.since)
}

// readTie reads the products of one time from a page on. It returns which they are, and the time that follows; empty:
// the list ends.
func (w *walk) readTie(ctx context.Context, number int) (ids map[string]bool, next string, err error) {
	ids = make(map[string]bool)
	for ; ; number++ {
		var products []listed
		if products, next, err = w.page(ctx, number); err != nil {
			return nil, "", err
		}
		for _, product := range products {
			if product.UpdatedAt == w.since {
				ids[product.ID] = true
			}
		}
		if err := w.hand(w.new(products), w.since); err != nil {
			return nil, "", err
		}
		if next != w.since {
			return ids, next, nil
		}
	}
}

// new returns the products that were not yielded before, or have changed since, and notes the ties that they have left.
func (w *walk) new(products []listed) []vendors.Stored {
	var entities []vendors.Stored
	for _, product := range products {
		before, known := w.seen[product.ID]
		if known && before == product.UpdatedAt {
			continue
		}
		if known && w.ties[before] == trusted {
			w.ties[before] = doubted
		}
		w.seen[product.ID] = product.UpdatedAt
		entities = append(entities, vendors.Stored{Key: product.ID, Body: product.body, Aside: product.State == vocabulary.Deleted && w.compare})
	}
	return entities
}

// hand yields a page. next is the time that follows, empty at the end; a page with nothing new is yielded only when it is the last.
func (w *walk) hand(entities []vendors.Stored, next string) error {
	if len(entities) == 0 && next != "" {
		return nil
	}
	if next != "" {
		next = w.cursor(next)
	}
	if !w.yield(vendors.Page{Entities: entities, Next: next}, nil) {
		return errEnough
	}
	return nil
}

// page asks for one page of what has changed since the time. next is the time of its last product; empty: there is
// nothing behind it.
func (w *walk) page(ctx context.Context, number int) (products []listed, next string, err error) {
	query := maps.Clone(w.query)
	if w.since != "" {
		query.Set("updated_at_min", w.since)
	}
	if number > 1 {
		query.Set("page", strconv.Itoa(number))
	}
	var answer struct {
		Products *[]json.RawMessage `json:"products"`
	}
	if err := get(ctx, w.client, "list products", "/products", query, &answer); err != nil {
		return nil, "", err
	}
	if answer.Products == nil {
		return nil, "", errors.New("list products: the answer has no products, so it is not the vendor's")
	}
	products = make([]listed, len(*answer.Products))
	for i, body := range *answer.Products {
		if err := json.Unmarshal(body, &products[i]); err != nil {
			return nil, "", fmt.Errorf("list products: the answer is not the vendor's: %w", err)
		}
		if products[i].ID == "" {
			return nil, "", errors.New("list products: a product of the answer has no id")
		}
		products[i].body = body
	}
	if len(products) < vocabulary.ProductPages.Most {
		return products, "", nil
	}
	next = products[len(products)-1].UpdatedAt
	return products, next, w.follows(next)
}

// follows makes sure that a time leads on: the list could not be read to its end else.
func (w *walk) follows(next string) error {
	at, ok := readTime(next)
	if !ok {
		return fmt.Errorf("list products: a product was changed at %q, which is no time, so the next page cannot be asked for", next)
	}
	if since, ok := readTime(w.since); ok && at.Before(since) {
		return fmt.Errorf("list products: what has changed since %s was asked for, and a page ends with %s", w.since, next)
	}
	return nil
}

// readOne asks for a product (faire:266). One that Faire has not, or has deleted, is left out, unless deleted ones are
// asked for.
func readOne(ctx context.Context, client *vendors.Client, id string, ask vendors.Listing) ([]vendors.Stored, error) {
	var body json.RawMessage
	err := get(ctx, client, "get product "+id, "/products/"+segment(id), nil, &body)
	var refusal *vendors.APIError
	if errors.As(err, &refusal) && refusal.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p := listed{body: body}
	if err := json.Unmarshal(body, &p); err != nil || p.ID != id {
		return nil, fmt.Errorf("get product %s: the answer is not that product (%v)", id, err)
	}
	deleted := p.State == vocabulary.Deleted
	if deleted && !ask.Compare && ask.Query.Get("include_deleted") != "true" {
		return nil, nil
	}
	return []vendors.Stored{{Key: strings.Clone(id), Body: body, Aside: deleted && ask.Compare}}, nil
}
