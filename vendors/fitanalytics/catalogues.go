package fitanalytics

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A catalogue is a list of the vendor's own that is read, and never written: brands, styles, sizes, shapes.
// It is the same for all customers, and is asked for under the account's own session.
type catalogue struct {
	path      string   // "/brands"
	relations []string // members that are an ID, or an object when they are included
}

// resource completes what the catalogue can do.
func (c *catalogue) resource(r vendors.Resource) *vendors.Resource {
	r.Name, r.Key, r.Batch = c.path[1:], "id", 1
	r.Doc = "list " + r.Noun.Many + "; filters, fields and includes narrow and widen the list"
	r.Pages, r.Decode, r.Canonical = c.pages, c.decode, canonicalObject
	return &r
}

// pages yields the whole list, which comes at once, or what the keys of the listing name, each by itself.
func (c *catalogue) pages(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
	return func(yield func(vendors.Page, error) bool) {
		tokens, err := tokensOf(client.Account)
		if err == nil && ask.Keys != nil {
			err = vendors.PagesByKey(ask, yield, func(key string) ([]vendors.Stored, error) { return c.one(ctx, client, tokens.Service(), key, ask) })
		} else if err == nil {
			err = c.all(ctx, client, tokens.Service(), ask, yield)
		}
		if err != nil {
			yield(vendors.Page{}, err)
		}
	}
}

func (c *catalogue) all(ctx context.Context, client *vendors.Client, service Customer, ask vendors.Listing, yield func(vendors.Page, error) bool) error {
	var list []json.RawMessage
	if err := getData(ctx, client, service, c.path, ask.Query, &list); err != nil {
		return err
	}
	page := vendors.Page{Entities: make([]vendors.Stored, len(list))}
	for i, body := range list {
		id, err := idOf(c.path[1:], body)
		if err != nil {
			return err
		}
		page.Entities[i] = vendors.Stored{Key: id, Body: body}
	}
	yield(page, nil)
	return nil
}

// one asks for one thing by its ID, as GET /brands/tnf (fit-analytics:831).
func (c *catalogue) one(ctx context.Context, client *vendors.Client, service Customer, key string, ask vendors.Listing) ([]vendors.Stored, error) {
	var body json.RawMessage
	if err := getData(ctx, client, service, c.path+"/"+segment(key), ask.Query, &body); err != nil {
		return nil, ifAny(err)
	}
	id, err := idOf(c.path[1:], body)
	if err == nil && id != key {
		err = fmt.Errorf("get %s/%s: the answer is that of %q", c.path[1:], key, id)
	}
	return []vendors.Stored{{Key: id, Body: body}}, err
}

func (c *catalogue) decode(body []byte) ([]map[string]string, error) {
	object, err := readObject(body)
	if err != nil {
		return nil, err
	}
	return []map[string]string{flatten(object, c.relations)}, nil
}

var (
	genderFilter = vendors.Filter{Name: "filter[gender]", Doc: "what is for one gender: m, w, b or g"}
	brandFilter  = vendors.Filter{Name: "filter[brand]", Doc: "what is of one brand, by its ID; generic for bra sizes of none"}
)

// shopFilters are the parameters of lists that depend on product and shop (fit-analytics:385, 422, 480).
func shopFilters(kind string) []vendors.Filter {
	return []vendors.Filter{{Name: "filter[category]", Doc: "what is of one category, as products tell it: upper, lower, shoes, bra"}, genderFilter,
		{Name: "filter[shopLanguage]", Doc: "the shop's language, two small letters"}, {Name: "filter[shopCountry]", Doc: "the shop's country, two letters"},
		{Name: "fields[" + kind + "]", Doc: "the fields to show, with commas between; * for the usual ones"}}
}

// read is a field that the vendor answers.
func read(name string, line int, doc string) schema.Field {
	return schema.Field{Name: name, Clause: clause(line), Doc: doc, ReadOnly: true}
}

func idField(line int, example string) schema.Field {
	return schema.Field{Name: "id", Clause: clause(line), Doc: "The vendor's ID.", Required: true, Example: example}
}

// Brands are those whose garments a shopper may name as a reference (fit-analytics:382).
var Brands = (&catalogue{path: "/brands"}).resource(vendors.Resource{
	Noun:    vendors.Noun{One: "brand", Many: "brands"},
	Filters: append(shopFilters("brands"), vendors.Filter{Name: "filter[shopId]", Doc: "brands of one shop, by the vendor's name for it"}),
	Schema: schema.Schema{idField(395, "tommy-hilfiger"), read("name", 396, "The brand's name."),
		read("isTopReference", 397, "Whether it is one of the seven that are shown first; only with fields[brands]=*,isTopReference.")},
	Example: []map[string]string{{"id": "tommy-hilfiger"}},
})

// Styles are kinds and models of garments of a brand (fit-analytics:419).
var Styles = (&catalogue{path: "/styles", relations: []string{"garmentType"}}).resource(vendors.Resource{
	Noun: vendors.Noun{One: "style", Many: "styles"},
	Filters: append(shopFilters("styles"), brandFilter, vendors.Filter{Name: "filter[garmentType]", Doc: "styles of one kind, by its ID"},
		vendors.Filter{Name: "include", Doc: "garmentType shows the kinds by name"}),
	Schema: schema.Schema{idField(432, "82931"), read("name", 433, "The model's name; empty for a kind of garments."),
		read("category", 434, "The category of the garment, such as lower."), read("gender", 435, "Whose garment it is: m, w, b or g."),
		read("garmentType.id", 437, "The ID of the kind."), read("garmentType.name", 438, "The name of the kind; only with include=garmentType.")},
	Example: []map[string]string{{"id": "82931"}},
})

// ReferenceSizes are the sizes of a brand, and those of bras (fit-analytics:476, 686).
var ReferenceSizes = (&catalogue{path: "/reference-sizes", relations: []string{"sizingSystem"}}).resource(vendors.Resource{
	Noun:    vendors.Noun{One: "reference size", Many: "reference sizes"},
	Filters: append(shopFilters("reference-sizes"), brandFilter, vendors.Filter{Name: "include", Doc: "sizingSystem shows the sizing systems by name"}),
	Schema: schema.Schema{idField(490, "264-224-DE"), read("name", 491, "The size as people read it."),
		read("label", 492, "The label of the sizing system."), read("size", 493, "The ID of the size."),
		{Name: "tags", Clause: clause(494), Doc: "What the size is grouped by; only with fields[reference-sizes]=*,tags.", ReadOnly: true, List: true},
		read("sizingSystem.id", 497, "The ID of the sizing system."), read("sizingSystem.name", 496, "The name of the sizing system; only with include=sizingSystem."),
		read("components.{name}.code", 500, "A part of a size that has several, such as main, length or cup; only with fields[reference-sizes]=*,components.")},
	Example: []map[string]string{{"id": "264-224-DE"}},
})

// BodyShapes are the shapes of one gender, height and weight (fit-analytics:591).
var BodyShapes = (&catalogue{path: "/body-shapes"}).resource(vendors.Resource{
	Noun: vendors.Noun{One: "body shape", Many: "body shapes"},
	Filters: []vendors.Filter{genderFilter, {Name: "filter[height]", Doc: "shapes of one height, in cm"}, {Name: "filter[weight]", Doc: "shapes of one weight, in kg"},
		{Name: "fields[body-shapes]", Doc: "the fields to show, with commas between"}},
	Schema: schema.Schema{idField(604, "M.24.B1.C1"), read("gender", 605, "Whose shape it is: m, w, b or g."), read("bmi", 606, "The body mass index."),
		read("imageUrl1", 607, "The image of the first step of choosing."), read("imageUrl2", 608, "The image of the second step.")},
	Example: []map[string]string{{"id": "M.24.B1.C1"}},
})
