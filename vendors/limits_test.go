package vendors

import (
	"testing"

	"bulkload/vendors/schema"
)

func TestWithLimits(t *testing.T) {
	r := &Resource{Name: "products", Schema: schema.Schema{{Name: "id"}, {Name: "description", MaxRunes: 1000}}}
	changed, err := r.WithLimits(map[string]int{"description": 2000})
	if err != nil || changed.Schema[1].MaxRunes != 2000 || r.Schema[1].MaxRunes != 1000 {
		t.Errorf("WithLimits = %+v, %v; the resource itself has %d", changed, err, r.Schema[1].MaxRunes)
	}
	if same, err := r.WithLimits(nil); same != r || err != nil {
		t.Errorf("without limits: %v, %v, want the resource itself", same, err)
	}
	for _, wrong := range []map[string]int{{"id": 5}, {"no-such": 5}, {"description": 0}} {
		if _, err := r.WithLimits(wrong); err == nil {
			t.Errorf("WithLimits(%v) gave no error", wrong)
		}
	}
}
