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
	"strings"

	"bulkload/vendors"
)

// productAPI sends products in one version. It holds nothing that changes.
type productAPI struct {
	mediaType string
}

// headers pin the version: without one the vendor takes its latest (fashiontrade:2833).
func (a *productAPI) headers() http.Header {
	return http.Header{"Accept": {a.mediaType}, "Content-Type": {a.mediaType}}
}

// productPath is the address of a product. A path segment of dots only would be taken for a folder,
// so its dots are escaped too.
func productPath(id string) string {
	if id == "." || id == ".." {
		return "/products/" + strings.ReplaceAll(id, ".", "%2E")
	}
	return "/products/" + url.PathEscape(id)
}

// upload creates or replaces products one by one.
func (a *productAPI) upload(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
	for _, e := range u.Entities {
		if err := a.send(ctx, client, u, e); err != nil {
			return err
		}
	}
	return nil
}

func (a *productAPI) send(ctx context.Context, client *vendors.Client, u vendors.Upload, e *vendors.Entity) error {
	request := vendors.Request{Method: http.MethodPut, Path: productPath(e.Key), Header: a.headers(), Body: e.Body, JSON: true}
	if u.CreateOnly {
		request.Method, request.Path = http.MethodPost, "/products"
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
// lost. The product is then there as it was sent. Any other refusal stays what it is.
func (a *productAPI) settleConflict(ctx context.Context, client *vendors.Client, e *vendors.Entity, refusal error) error {
	var answer *vendors.APIError
	if !errors.As(refusal, &answer) || answer.Status != http.StatusConflict || e.Known {
		return refusal // what was there before the run is not our first try
	}
	stored, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: productPath(e.Key), Header: a.headers(), JSON: true})
	var absent *vendors.APIError
	if errors.As(err, &absent) && !absent.Temporary() && !absent.Unauthorised() {
		return refusal
	}
	if err != nil {
		return err
	}
	if !sameProduct(stored.Body, e.Body) {
		return refusal
	}
	e.Outcome = vendors.Created
	return nil
}

// sameProduct reports whether the vendor's answer holds what was sent.
func sameProduct(stored, sent []byte) bool {
	a, errA := canonicalProduct(stored)
	b, errB := canonicalProduct(sent)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// pageLimit is always sent, since the vendor means to change its default (fashiontrade:2863).
const pageLimit = "250"

// page is one page of the list of products, of which only the IDs are read.
type page struct {
	Items *[]struct {
		ID string `json:"id"`
	} `json:"items"`
	Next *string `json:"next"`
}

// known yields the IDs of all products. A page is dropped before the next one is asked for.
func (a *productAPI) known(ctx context.Context, client *vendors.Client) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		next := ""
		for {
			p, err := a.list(ctx, client, next)
			if err != nil {
				yield("", err)
				return
			}
			for _, item := range *p.Items {
				if !yield(item.ID, nil) {
					return
				}
			}
			if p.Next == nil || *p.Next == "" {
				return
			}
			if *p.Next == next {
				yield("", fmt.Errorf("list products: the vendor names page %q as the one after itself", next))
				return
			}
			next = *p.Next
		}
	}
}

// list asks for one page. The mark of the next page goes back as it came (fashiontrade:2861).
func (a *productAPI) list(ctx context.Context, client *vendors.Client, next string) (*page, error) {
	query := "limit=" + pageLimit
	if next != "" {
		query += "&next=" + asItIs(next)
	}
	response, err := client.Do(ctx, vendors.Request{Method: http.MethodGet, Path: "/products", RawQuery: query,
		Header: a.headers(), JSON: true})
	if err != nil {
		return nil, err
	}
	var p page
	if err := json.Unmarshal(response.Body, &p); err != nil {
		return nil, fmt.Errorf("list products: the answer is not the vendor's: %w", err)
	}
	if p.Items == nil {
		return nil, errors.New("list products: the answer has no items, so it is not the vendor's")
	}
	for _, item := range *p.Items {
		if item.ID == "" {
			return nil, errors.New("list products: the answer holds a product without an id")
		}
	}
	return &p, nil
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
