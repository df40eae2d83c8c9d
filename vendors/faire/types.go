package faire

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// TaxonomyTypes are the kinds of products that Faire knows (faire:710). They are only given out.
var TaxonomyTypes = &vendors.Resource{
	Name:      "taxonomy-types",
	Doc:       "the kinds of products that Faire knows, of which each product has one",
	Noun:      vendors.Noun{One: "taxonomy type", Many: "taxonomy types"},
	Schema:    taxonomyFields,
	Key:       "id",
	Batch:     1,
	Pages:     taxonomyPages,
	Decode:    decodeFlat(taxonomyFields),
	Canonical: canonicalAnswer,
	Example:   []map[string]string{{"id": "tt_beh3u2i3o0", "name": "Tea Light Candles"}},
}

var taxonomyFields = schema.Schema{
	{Name: "id", Clause: clause(713), Required: true, Doc: "Faire's ID of the type, beginning with tt_.", Example: "tt_beh3u2i3o0"},
	{Name: "name", Clause: clause(713), Doc: "The type's name.", Example: "Tea Light Candles"},
}

// taxonomyPages yields all types in one page, since Faire gives them out at once (faire:714).
func taxonomyPages(ctx context.Context, client *vendors.Client, _ vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) { yield(taxonomyPage(ctx, client)) }
}

func taxonomyPage(ctx context.Context, client *vendors.Client) (page vendors.Page, err error) {
	var answer struct {
		Types *[]json.RawMessage `json:"taxonomy_types"`
	}
	if err := get(ctx, client, "list taxonomy types", "/products/types", nil, &answer); err != nil {
		return page, err
	}
	if answer.Types == nil {
		return page, fmt.Errorf("list taxonomy types: the answer has no taxonomy_types, so it is not the vendor's")
	}
	for _, item := range *answer.Types {
		var kind TaxonomyType
		if err := json.Unmarshal(item, &kind); err != nil || kind.ID == "" {
			return vendors.Page{}, fmt.Errorf("list taxonomy types: the answer holds one without its id")
		}
		page.Entities = append(page.Entities, vendors.Stored{Key: kind.ID, Body: item})
	}
	return page, nil
}
