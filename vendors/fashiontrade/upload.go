package fashiontrade

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"strings"

	"bulkload/vendors"
)

// A collection is a resource whose entities are created, replaced and listed: products, prepacks, price
// lists. It holds nothing that changes.
type collection struct {
	listing
	canonical func(body []byte) ([]byte, error)
}

// headers pin the version: without one the vendor takes its latest (fashiontrade:2833).
func (l *listing) headers() http.Header {
	return http.Header{"Accept": {l.mediaType}, "Content-Type": {l.mediaType}}
}

// at is the address of an entity.
func (l *listing) at(id string) string { return l.path + "/" + segment(id) }

// segment writes an ID as a part of a path. One of dots only would be taken for a folder, so its dots
// are escaped too.
func segment(id string) string {
	if id == "." || id == ".." {
		return strings.ReplaceAll(id, ".", "%2E")
	}
	return url.PathEscape(id)
}

// upload creates or replaces entities one by one.
func (a *collection) upload(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		if err := a.send(ctx, client, u, e); err != nil {
			return err
		}
	}
	return nil
}

func (a *collection) send(ctx context.Context, client *vendors.Client, u vendors.Upload, e *vendors.Entity) error {
	request := vendors.Request{Method: http.MethodPut, Path: a.at(e.Key), Header: a.headers(), Body: e.Body, Stream: e.Stream,
		Length: e.Size, Unread: e.Stream != nil, JSON: true}
	if u.CreateOnly {
		request.Method, request.Path = http.MethodPost, a.path
	}
	if u.Rehearse {
		request.Query = url.Values{"dry_run": {"true"}}
	}
	response, err := client.Do(ctx, request)
	if err != nil {
		if !u.CreateOnly || u.Rehearse || u.Attempt < 2 {
			return err
		}
		return a.settleConflict(ctx, client, e, err)
	}
	e.Outcome = vendors.Created
	if e.Known && !u.CreateOnly && response.Status != http.StatusCreated {
		e.Outcome = vendors.Updated
	}
	return nil
}

// settleConflict looks into a 409 to a repeated POST: it may be due to the first try, whose answer was
// lost. The entity is then there as it was sent. Any other refusal stays what it is.
func (a *collection) settleConflict(ctx context.Context, client *vendors.Client, e *vendors.Entity, refusal error) error {
	var answer *vendors.APIError
	if !errors.As(refusal, &answer) || answer.Status != http.StatusConflict || e.Known {
		return refusal // what was there before the run is not our first try
	}
	stored, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: a.at(e.Key), Header: a.headers(), JSON: true,
		Longest: a.longest})
	var absent *vendors.APIError
	if errors.As(err, &absent) && !absent.Temporary() && !absent.Unauthorised() {
		return refusal
	}
	if err != nil {
		return err
	}
	sent, err := e.Read()
	if err != nil {
		return err
	}
	if !a.same(stored.Body, sent) {
		return refusal
	}
	e.Outcome = vendors.Created
	return nil
}

// same reports whether the vendor's answer holds what was sent.
func (a *collection) same(stored, sent []byte) bool {
	left, errLeft := a.canonical(stored)
	right, errRight := a.canonical(sent)
	return errLeft == nil && errRight == nil && bytes.Equal(left, right)
}

// pageLimit is always sent, since the vendor means to change its default (fashiontrade:2863).
const pageLimit = "250"

// known yields the IDs of all entities. A page is dropped before the next one is asked for.
func (a *collection) known(ctx context.Context, client *vendors.Client) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for page, err := range a.pages(ctx, client, vendors.Listing{}) {
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

// asItIs escapes only what cannot stand in a query, so that a value that is escaped already is not
// escaped twice.
func asItIs(value string) string {
	const hexadecimal = "0123456789ABCDEF"
	var escaped strings.Builder
	for i := range len(value) {
		c := value[i]
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`#&"<>`, c) >= 0 {
			escaped.Write([]byte{'%', hexadecimal[c>>4], hexadecimal[c&15]})
			continue
		}
		escaped.WriteByte(c)
	}
	return escaped.String()
}

// sentBarcodes lists the barcodes of a body's variants in their order.
func sentBarcodes(body []byte) ([]string, error) {
	var product struct {
		Variants []struct {
			Barcode string `json:"barcode"`
		} `json:"variants"`
	}
	if err := json.Unmarshal(body, &product); err != nil {
		return nil, err
	}
	barcodes := make([]string, len(product.Variants))
	for i, v := range product.Variants {
		barcodes[i] = v.Barcode
	}
	return barcodes, nil
}
