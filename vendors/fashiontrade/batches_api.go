package fashiontrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"bulkload/vendors"
)

// upload sends entities one by one.
func (s *stockAPI) upload(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		if err := s.send(ctx, client, u, e); err != nil {
			return err
		}
	}
	return nil
}

// send creates or replaces a batch, or all batches of an owner. The answer holds what the owner has now,
// and is not needed.
func (s *stockAPI) send(ctx context.Context, client *vendors.Client, u vendors.Upload, e *vendors.Entity) error {
	kept, body, err := readStocked(e.Body)
	if err != nil {
		return err
	}
	if u.CreateOnly {
		if err := s.absent(ctx, client, u, e, kept.Owner); err != nil || e.Outcome != vendors.Unsettled {
			return err
		}
	}
	request := vendors.Request{Method: http.MethodPut, Path: s.at(kept.Owner), Header: s.headers(), Body: body, JSON: true}
	if !s.whole {
		request.Method, request.Path = http.MethodPatch, s.at(kept.Owner)+"/"+segment(kept.ID)
	}
	if u.Rehearse {
		request.Query = url.Values{"dry_run": {"true"}}
	}
	if _, err := client.Do(ctx, request); err != nil {
		return err
	}
	e.Outcome = vendors.Created
	if e.Known && !u.CreateOnly {
		e.Outcome = vendors.Updated
	}
	return nil
}

// absent looks whether the vendor has what is only to be created, since the API has no POST for stock:
// that is refused as a POST would be, unless an earlier attempt put it there.
func (s *stockAPI) absent(ctx context.Context, client *vendors.Client, u vendors.Upload, e *vendors.Entity, owner string) error {
	entities, err := s.get(ctx, client, owner, nil)
	if err != nil {
		return err
	}
	for _, stored := range entities {
		if stored.Key != e.Key {
			continue
		}
		if u.Attempt > 1 && !e.Known && s.same(stored.Body, e.Body) {
			e.Outcome = vendors.Created
			return nil
		}
		return &vendors.APIError{Status: http.StatusConflict,
			Message: fmt.Sprintf("the vendor has this %s already, and only new ones are to be created", s.noun.One)}
	}
	return nil
}

// same reports whether two bodies mean the same.
func (s *stockAPI) same(stored, ours []byte) bool {
	left, errLeft := s.canonical(stored)
	right, errRight := s.canonical(ours)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}

// get asks for the batches of one owner and makes entities of them. None are no entity.
func (s *stockAPI) get(ctx context.Context, client *vendors.Client, owner string, query url.Values) ([]vendors.Stored, error) {
	response, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: s.at(owner), Query: query,
		Header: http.Header{"Accept": {s.mediaType}}, JSON: true})
	var refusal *vendors.APIError
	if errors.As(err, &refusal) && refusal.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	batches, err := splitBatches(response.Body)
	if err != nil {
		return nil, fmt.Errorf("get stock of %s %q: the answer is not the vendor's: %w", s.under, owner, err)
	}
	if len(batches) == 0 {
		return nil, nil
	}
	if s.whole {
		return s.wholeEntity(owner, response.Body)
	}
	return s.batchEntities(owner, batches)
}

func (s *stockAPI) wholeEntity(owner string, answer []byte) ([]vendors.Stored, error) {
	if _, err := readBatches(answer); err != nil {
		return nil, fmt.Errorf("get stock of %s %q: %w", s.under, owner, err)
	}
	body, err := json.Marshal(&stocked{Owner: owner, Body: json.RawMessage(answer)})
	return []vendors.Stored{{Key: owner, Body: body}}, err
}

func (s *stockAPI) batchEntities(owner string, batches []rawBatch) ([]vendors.Stored, error) {
	entities := make([]vendors.Stored, len(batches))
	for i, raw := range batches {
		batch, err := readBatch(raw.body, raw.id)
		if err == nil && batch.ID == "" {
			err = errors.New("a stock batch of the answer has no id")
		}
		if err != nil {
			return nil, fmt.Errorf("get stock of %s %q: %w", s.under, owner, err)
		}
		body, err := json.Marshal(&stocked{Owner: owner, ID: batch.ID, Body: raw.body})
		if err != nil {
			return nil, err
		}
		entities[i] = vendors.Stored{Key: vendors.PartKey(owner, batch.ID), Body: body}
	}
	slices.SortFunc(entities, func(a, b vendors.Stored) int { return strings.Compare(a.Key, b.Key) })
	return entities, nil
}

// pages yields the stock of the owners that ask.Keys names, or of all that the vendor lists. A page is
// the stock of up to vendors.KeysInPage owners, which are asked for at once as far as the account allows.
func (s *stockAPI) pages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		owners, err := s.ownersFrom(ctx, client, ask)
		if err != nil {
			yield(vendors.Page{}, err)
			return
		}
		var page []ownerAt
		for next, err := range owners {
			if err != nil {
				yield(vendors.Page{}, err)
				return
			}
			if len(page) == vendors.KeysInPage { // there is one more, so the page before has a next one
				if !s.yieldPage(ctx, client, ask, page, page[len(page)-1].behind, yield) {
					return
				}
				page = page[:0]
			}
			page = append(page, next)
		}
		s.yieldPage(ctx, client, ask, page, "", yield)
	}
}

// yieldPage asks for the stock of some owners and yields it; false when there shall be no more.
func (s *stockAPI) yieldPage(ctx context.Context, client *vendors.Client, ask vendors.Listing, owners []ownerAt, next string,
	yield func(vendors.Page, error) bool) bool {
	stock := make([][]vendors.Stored, len(owners))
	running, ctx := errgroup.WithContext(ctx)
	running.SetLimit(max(1, client.Account.Workers))
	for i, owner := range owners {
		running.Go(func() (err error) {
			stock[i], err = s.get(ctx, client, owner.key, ask.Query)
			return err
		})
	}
	if err := running.Wait(); err != nil {
		yield(vendors.Page{}, err)
		return false
	}
	return yield(vendors.Page{Entities: slices.Concat(stock...), Next: next}, nil)
}

// ownerAt is an owner with the cursor that goes on behind it.
type ownerAt struct{ key, behind string }

// ownersFrom yields the owners behind a cursor. That is the number of keys that were dealt with, and for
// owners that the vendor lists, behind an @, the mark of the page of the list that they stand on.
func (s *stockAPI) ownersFrom(ctx context.Context, client *vendors.Client, ask vendors.Listing) (iter.Seq2[ownerAt, error], error) {
	count, mark, _ := strings.Cut(ask.Cursor, "@")
	done := 0
	if ask.Cursor != "" {
		var err error
		if done, err = strconv.Atoi(count); err != nil || done < 0 {
			return nil, fmt.Errorf("list %s: %q is not a number of keys to go on behind", s.noun.Many, ask.Cursor)
		}
	}
	if ask.Keys != nil {
		return countedFrom(ask.Keys, done, ""), nil
	}
	return func(yield func(ownerAt, error) bool) {
		for page, err := range s.owners.pages(ctx, client, vendors.Listing{Cursor: mark}) {
			if err != nil {
				yield(ownerAt{}, err)
				return
			}
			keys := func(yield func(string, error) bool) {
				for _, owner := range page.Entities {
					if !yield(strings.Clone(owner.Key), nil) {
						return
					}
				}
			}
			for owner, err := range countedFrom(keys, done, "@"+mark) {
				if !yield(owner, err) {
					return
				}
			}
			done, mark = 0, page.Next
		}
	}, nil
}

// countedFrom yields keys behind the first ones, with the cursor behind each.
func countedFrom(keys iter.Seq2[string, error], done int, rest string) iter.Seq2[ownerAt, error] {
	return func(yield func(ownerAt, error) bool) {
		at := 0
		for key, err := range keys {
			if err != nil {
				yield(ownerAt{}, err)
				return
			}
			if at++; at > done && !yield(ownerAt{key, strconv.Itoa(at) + rest}, nil) {
				return
			}
		}
	}
}

// known yields the keys of all that the vendor has: for this it must be asked for each product or prepack.
func (s *stockAPI) known(ctx context.Context, client *vendors.Client) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for page, err := range s.pages(ctx, client, vendors.Listing{}) {
			if err != nil {
				yield("", err)
				return
			}
			for _, entity := range page.Entities {
				if !yield(entity.Key, nil) {
					return
				}
			}
		}
	}
}
