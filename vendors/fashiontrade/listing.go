package fashiontrade

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"bulkload/vendors"
)

// A listing reads what the vendor has of a resource: its list, page by page, or entities one by one.
// It holds nothing that changes.
type listing struct {
	path      string // of the list: "/products"
	mediaType string // with the version
	noun      vendors.Noun
	key       string // the member that names an entity; empty: id
	limit     string // entities in a page; empty: pageLimit
	longest   int64  // answer that is read, in bytes; 0: as always
}

// pages yields the vendor's list, or the entities of ask.Keys, of which those that the vendor does not
// have are left out. Next is the vendor's own mark of the next page, and for entities asked for by key
// the number of keys that were dealt with.
func (l *listing) pages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		var err error
		if ask.Keys != nil {
			err = vendors.PagesByKey(ask, yield, func(key string) ([]vendors.Stored, error) { return l.one(ctx, client, key, ask) })
		} else {
			err = l.byPage(ctx, client, ask, yield)
		}
		if err != nil {
			yield(vendors.Page{}, err)
		}
	}
}

// byPage follows the marks of the next pages (fashiontrade:2861). A mark that comes again would go on
// for ever.
func (l *listing) byPage(ctx context.Context, client *vendors.Client, ask vendors.Listing, yield func(vendors.Page, error) bool) error {
	seen := make(map[string]bool)
	for cursor := ask.Cursor; ; {
		seen[cursor] = true
		page, err := l.page(ctx, client, cursor, ask)
		if err != nil {
			return err
		}
		if seen[page.Next] && page.Next != "" {
			return fmt.Errorf("list %s: the vendor names page %q a second time", l.noun.Many, page.Next)
		}
		if !yield(page, nil) || page.Next == "" {
			return nil
		}
		cursor = page.Next
	}
}

// page asks for one page, always with a limit, since the vendor means to change its default
// (fashiontrade:2863). The mark goes back as it came.
func (l *listing) page(ctx context.Context, client *vendors.Client, cursor string, ask vendors.Listing) (vendors.Page, error) {
	query := "limit=" + cmp.Or(l.limit, pageLimit)
	if cursor != "" {
		query += "&next=" + asItIs(cursor)
	}
	response, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: l.path, Query: ask.Query, RawQuery: query,
		Header: http.Header{"Accept": {l.mediaType}}, JSON: true, Longest: l.longest})
	if err != nil {
		return vendors.Page{}, err
	}
	return l.readPage(response.Body)
}

// readPage reads an answer. Its total is always 0 and means nothing (fashiontrade:2883).
func (l *listing) readPage(body []byte) (page vendors.Page, err error) {
	var answer struct {
		Items *[]json.RawMessage `json:"items"`
		Next  *string            `json:"next"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return page, fmt.Errorf("list %s: the answer is not the vendor's: %w", l.noun.Many, err)
	}
	if answer.Items == nil {
		return page, fmt.Errorf("list %s: the answer has no items, so it is not the vendor's", l.noun.Many)
	}
	page.Entities = make([]vendors.Stored, len(*answer.Items))
	for i, item := range *answer.Items {
		if page.Entities[i], err = l.entity(item); err != nil {
			return vendors.Page{}, err
		}
	}
	if answer.Next != nil {
		page.Next = *answer.Next
	}
	return page, nil
}

// entity names what the vendor answered by its ID.
func (l *listing) entity(body []byte) (vendors.Stored, error) {
	var named struct {
		ID      string `json:"id"`
		Barcode string `json:"barcode"`
	}
	if err := json.Unmarshal(body, &named); err != nil {
		return vendors.Stored{}, fmt.Errorf("list %s: the answer is not the vendor's: %w", l.noun.Many, err)
	}
	id := named.ID
	if l.key == "barcode" {
		id = named.Barcode
	}
	if id == "" {
		return vendors.Stored{}, fmt.Errorf("list %s: the answer holds a %s without its %s", l.noun.Many, l.noun.One, cmp.Or(l.key, "id"))
	}
	return vendors.Stored{Key: id, Body: body}, nil
}

// one asks for the entity of a key; none when the vendor has none.
func (l *listing) one(ctx context.Context, client *vendors.Client, key string, ask vendors.Listing) ([]vendors.Stored, error) {
	response, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: l.at(key), Query: ask.Query,
		Header: http.Header{"Accept": {l.mediaType}}, JSON: true, Longest: l.longest})
	var refusal *vendors.APIError
	if errors.As(err, &refusal) && refusal.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entity, err := l.entity(response.Body)
	if err != nil {
		return nil, err
	}
	if entity.Key != key {
		return nil, fmt.Errorf("get %s %q: the answer is that of %q", l.noun.One, key, entity.Key)
	}
	entity.Key = strings.Clone(key)
	return []vendors.Stored{entity}, nil
}
