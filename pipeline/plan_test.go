package pipeline_test

import (
	"strings"
	"testing"

	"bulkload/pipeline"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// TestPlansAreHeldAgainstTheVendor carries plans out, also when nothing was to be compared: what the vendor has is
// as it was, was changed, or has come since, in a form that cannot be compared.
func TestPlansAreHeldAgainstTheVendor(t *testing.T) {
	unreadable := func(r *vendors.Resource) {
		r.Canonical, r.Digest = func([]byte) ([]byte, error) { return nil, pipeline.ErrInterrupted }, nil
	}
	for _, test := range []struct {
		name      string
		meanwhile []int // products that somebody else stores
		revised   int   // of those, the one with another name
		spoil     func(*vendors.Resource)
		moved     string
	}{
		{"as it was", nil, -1, nil, ""},
		{"changed", []int{1}, 1, nil, "P1"},
		{"new", []int{3}, -1, nil, "P3"},
		{"new, and cannot be read", []int{3}, -1, unreadable, "P1, P2, P3"},
	} {
		for _, compare := range []bool{true, false} {
			server := newSandbox(t, sandbox.Options{})
			store := func(keys []int, revised int) {
				job := newJob(t, dresses(t, keys, revised), "fashiontrade/products", "")
				connect(job, server, 1)
				imported(t, job)
			}
			store([]int{1, 2}, -1)
			path := dresses(t, []int{1, 2, 3}, 2)
			job := newJob(t, path, "fashiontrade/products", "")
			connect(job, server, 1)
			plan, err := pipeline.Plan(t.Context(), job)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { plan.Close() })
			if test.meanwhile != nil {
				store(test.meanwhile, test.revised)
			}
			job = newJob(t, path, "fashiontrade/products", "")
			connect(job, server, 1)
			job.Compare, job.Plan = compare, plan.Changes.Foreseen()
			if test.spoil != nil {
				spoilt := *job.Resource
				test.spoil(&spoilt)
				job.Resource = &spoilt
			}
			result, err := pipeline.Import(t.Context(), job)
			counts := settled(t, result).Summary.Counts.Entities
			switch {
			case test.moved == "" && (err != nil || counts[vendors.Created] != 1 || counts[vendors.Updated] != 1 || counts[vendors.Unchanged] != 1):
				t.Errorf("%s, compare %t: Import = %v, %v, want one created, one updated, one unchanged", test.name, compare, err, counts)
			case test.moved != "" && (!isA[*pipeline.StaleError](err) || !strings.Contains(err.Error(), test.moved)):
				t.Errorf("%s, compare %t: Import = %v, want a StaleError that names %s", test.name, compare, err, test.moved)
			}
		}
	}
}
