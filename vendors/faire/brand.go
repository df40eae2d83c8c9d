package faire

import (
	"context"
	"encoding/json"
	"errors"
	"iter"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// Brand is the profile of the brand whose token the account has (faire:1907). It is only given out.
var Brand = &vendors.Resource{
	Name:      "brand",
	Doc:       "the profile of the account's brand",
	Noun:      vendors.Noun{One: "brand", Many: "brands"},
	Schema:    brandFields,
	Key:       "brand_id",
	Batch:     1,
	Pages:     brandPages,
	Decode:    decodeFlat(brandFields),
	Canonical: canonicalAnswer,
	Example:   []map[string]string{{"brand_id": "b_60ae65c4", "name": "Jeff's Warm Toques"}},
}

var brandFields = schema.Schema{
	{Name: "brand_id", Clause: clause(1910), Required: true, Doc: "Faire's ID of the brand, beginning with b_.", Example: "b_60ae65c4"},
	{Name: "name", Clause: clause(1911), Doc: "The brand's name.", Example: "Jeff's Warm Toques"},
}

func brandPages(ctx context.Context, client *vendors.Client, _ vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		profile, id, err := brandProfile(ctx, client)
		if err != nil {
			yield(vendors.Page{}, err)
			return
		}
		yield(vendors.Page{Entities: []vendors.Stored{{Key: id, Body: profile}}}, nil)
	}
}

// brandProfile asks for the profile of the account's brand (faire:1914), and finds its ID in it.
func brandProfile(ctx context.Context, client *vendors.Client) (profile json.RawMessage, id string, err error) {
	const what = "get the brand's profile"
	if err := get(ctx, client, what, "/brands/profile", nil, &profile); err != nil {
		return nil, "", err
	}
	var brand struct {
		ID string `json:"brand_id"`
	}
	if err := json.Unmarshal(profile, &brand); err != nil || brand.ID == "" {
		return nil, "", errors.New(what + ": the answer has no brand_id, so it is not the vendor's")
	}
	return profile, brand.ID, nil
}
