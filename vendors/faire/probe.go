package faire

import (
	"context"

	"bulkload/vendors"
)

// probe asks for the brand's profile, which the document names as the call that shows whether a token
// works (faire:3).
func probe(ctx context.Context, client *vendors.Client) error {
	_, _, err := brandProfile(ctx, client)
	return err
}
