package vendors

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors/schema"
)

func TestNoun(t *testing.T) {
	noun := Noun{"product", "products"}
	for count, want := range map[int64]string{0: "products", 1: "product", 2: "products"} {
		if got := noun.Of(count); got != want {
			t.Errorf("Of(%d) = %q, want %q", count, got, want)
		}
	}
}

func TestOutcomes(t *testing.T) {
	names := []string{Unsettled.String()}
	for _, outcome := range Outcomes {
		names = append(names, outcome.String())
	}
	want := []string{"unsettled", "created", "updated", "unchanged", "rejected", "refused", "unknown", "skipped"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEntityAdd(t *testing.T) {
	wrong := &schema.Rule{ID: "wrong", Clause: "shop:1"}
	odd := &schema.Rule{ID: "odd", Clause: "shop:2", Severity: schema.Warning}
	fields := schema.Schema{{Name: "id"}, {Name: "size"}}
	layout := schema.NewLayout(fields, []schema.Column{{Field: &fields[0], Name: "id"}, {Field: &fields[1], Name: "size"}})
	e := &Entity{Records: []schema.Record{{Layout: layout, Values: [][]byte{[]byte("A"), []byte("XXQ")}, Bad: make([]bool, 2)}}}

	e.Add(schema.Problem{Rule: odd, Field: "size"})
	if !e.Sound() || e.Records[0].Bad[1] {
		t.Error("a warning stops the entity")
	}
	e.Add(schema.Problem{Rule: wrong, Field: "colour"})
	if e.Sound() {
		t.Error("an error of a column that is not there does not stop the entity")
	}
	e.Add(schema.Problem{Rule: wrong, Field: "size", Value: "Q", Clause: "shop:3"})
	if !e.Records[0].Bad[1] || e.Records[0].Bad[0] {
		t.Errorf("marked as bad: %v, want the second column", e.Records[0].Bad)
	}
	want := []schema.Problem{
		{Rule: odd, Field: "size", Column: 1, Value: "XXQ", Clause: "shop:2"},
		{Rule: wrong, Field: "colour", Column: -1, Clause: "shop:1"},
		{Rule: wrong, Field: "size", Column: 1, Value: "Q", Clause: "shop:3"},
	}
	if diff := cmp.Diff(want, e.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}
