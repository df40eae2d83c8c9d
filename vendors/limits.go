package vendors

import (
	"fmt"
	"maps"
	"slices"
)

// WithLimits is the resource with other limits of text, by field, in Unicode code points: for accounts
// whose vendor has moved one. A field that has no limit, and a limit below 1, are errors.
func (r *Resource) WithLimits(limits map[string]int) (*Resource, error) {
	if len(limits) == 0 {
		return r, nil
	}
	changed := *r
	changed.Schema = slices.Clone(r.Schema)
	for _, name := range slices.Sorted(maps.Keys(limits)) {
		field, _ := changed.Schema.Find(name)
		switch {
		case field == nil || field.MaxRunes == 0:
			return nil, fmt.Errorf("%s has no limit of %s", r.Name, name)
		case limits[name] < 1:
			return nil, fmt.Errorf("the limit of %s is %d characters, which leaves no text", name, limits[name])
		}
		field.MaxRunes = limits[name]
	}
	return &changed, nil
}
