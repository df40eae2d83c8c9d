package faire

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// taxonomies are Faire's taxonomy types.
type taxonomies struct {
	byID   map[string]bool
	byName map[string]string // ids by names in lower case; empty: two types are called so
	names  []string          // those of one type
}

// prepareTaxonomies reads Faire's list of taxonomy types (faire:709).
func prepareTaxonomies(ctx context.Context, client *vendors.Client) (any, error) {
	var answer struct {
		Types []TaxonomyType `json:"taxonomy_types"`
	}
	if err := get(ctx, client, "list taxonomy types", "/products/types", nil, &answer); err != nil {
		return nil, err
	}
	t := &taxonomies{byID: make(map[string]bool), byName: make(map[string]string)}
	for _, kind := range answer.Types {
		folded := strings.ToLower(kind.Name)
		if _, twice := t.byName[folded]; twice {
			kind.ID = ""
			t.names = slices.DeleteFunc(t.names, func(name string) bool { return strings.ToLower(name) == folded })
		} else {
			t.names = append(t.names, kind.Name)
		}
		t.byName[folded] = kind.ID
	}
	for _, kind := range answer.Types {
		t.byID[kind.ID] = true
	}
	return t, nil
}

// is reports whether the type is the one that a feed names, by its id or its name.
func (t *TaxonomyType) is(fed *TaxonomyType) bool {
	switch {
	case t == nil || t.ID == "":
		return false
	case fed.ID != "":
		return t.ID == fed.ID
	}
	return strings.EqualFold(t.Name, fed.Name)
}

// find returns the id of a type that a feed names by its id or its name. A message says why there is none.
func (t *taxonomies) find(kind *TaxonomyType) (id, message, suggestion string) {
	switch {
	case kind.ID != "" && (t == nil || t.byID[kind.ID]):
		return kind.ID, "", ""
	case kind.ID != "":
		return "", fmt.Sprintf("Faire has no taxonomy type %s", kind.ID), ""
	case t == nil:
		return "", "the taxonomy types were not read; give taxonomy_type.id", ""
	}
	id, known := t.byName[strings.ToLower(kind.Name)]
	if known && id == "" {
		return "", fmt.Sprintf("several taxonomy types are called %q; give taxonomy_type.id", kind.Name), ""
	}
	if !known {
		return "", fmt.Sprintf("Faire has no taxonomy type called %q", kind.Name), schema.Nearest(kind.Name, t.names)
	}
	return id, "", ""
}
