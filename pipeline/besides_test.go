package pipeline_test

import "testing"

// TestFamiliesTellEntitiesApart has rows of one product that differ in one member of a family, which names
// entities beside their key.
func TestFamiliesTellEntitiesApart(t *testing.T) {
	path := writeText(t, "questions.csv", "product.productIdentifier,profile.referenceItems_2.size,profile.referenceItems_1.size\n"+
		"sku-1,M,\nsku-1,M,\nsku-1,,M\nsku-1,L,\n")
	result := checked(t, newJob(t, path, "faslet/size-me", ""))
	questions := int64(0)
	for _, count := range result.Summary.Counts.Entities {
		questions += count
	}
	if questions != 3 {
		t.Errorf("%d rows are %d questions, want 3", result.Summary.RowsIn, questions)
	}
}
