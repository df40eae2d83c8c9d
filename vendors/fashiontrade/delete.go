package fashiontrade

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"bulkload/vendors"
)

// delete takes one entity away, or all stock batches of a product (fashiontrade:4508, 5122, 5462, 5672, 6305).
func (l *listing) delete(ctx context.Context, client *vendors.Client, d vendors.Deletion) error {
	return l.take(ctx, client, l.at(d.Key), d.Key)
}

// deleteBatch takes one batch of a product or prepack away (fashiontrade:4716, 5720). What is left is
// answered in a form of its own, and is not needed.
func (s *stockAPI) deleteBatch(ctx context.Context, client *vendors.Client, d vendors.Deletion) error {
	return s.take(ctx, client, s.at(d.Key)+"/"+segment(d.Part), d.Key, d.Part)
}

// take sends a DELETE. Without its names, the path would be that of more than one entity.
func (l *listing) take(ctx context.Context, client *vendors.Client, path string, names ...string) error {
	for _, name := range names {
		if name == "" {
			return errors.New("what has no name cannot be deleted")
		}
	}
	_, err := client.Do(ctx, vendors.Request{Method: http.MethodDelete, Path: path, Header: http.Header{"Accept": {l.mediaType}}})
	return err
}

// deleteAll takes everything away (fashiontrade:4334, 4558, 4956, 5288, 5512, 6139). The vendor wants
// today's date, and does not say of which zone; it is sent as UTC has it.
func (l *listing) deleteAll(ctx context.Context, client *vendors.Client) error {
	today := client.Now().UTC().Format(time.DateOnly)
	_, err := client.Do(ctx, vendors.Request{Method: http.MethodDelete, Path: l.path, Query: url.Values{"current_date": {today}},
		Header: http.Header{"Accept": {l.mediaType}}})
	return err
}
