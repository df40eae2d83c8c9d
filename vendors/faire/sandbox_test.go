package faire

import (
	"context"
	"encoding/json"
	"testing"

	"bulkload/vendors"
)

func TestTheExampleGoesInOnce(t *testing.T) {
	client := sandboxClient(t)
	e, _ := load(t, client, Products, Products.Example...)
	if e.Outcome != vendors.Created || e.ID == "" || len(e.Problems) > 0 {
		t.Fatalf("outcome %s, id %q%s", e.Outcome, e.ID, listProblems(e))
	}
	if _, sent := load(t, client, Products, Products.Example...); sent != "" {
		t.Errorf("loaded again, it sends %s", sent)
	}
	var rows []row
	for page, err := range Products.Pages(context.Background(), client, vendors.Listing{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, stored := range page.Entities {
			decoded, err := Products.Decode(stored.Body)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, decoded...)
		}
	}
	if _, sent := load(t, client, Products, rows...); sent != "" {
		t.Errorf("the export, loaded, sends %s", sent)
	}
	want := `{"variants":[{"id":"` + e.ID + `","sku":"NEW"}]}`
	_, sent := load(t, client, Products, row{"product_key": "x", "sku": "NEW", "option.Color": "Maraschino", "option.Size": "M", "id": e.ID})
	var patch Product
	if err := json.Unmarshal([]byte(sent), &patch); err != nil || len(patch.Variants) != 1 {
		t.Fatalf("a SKU that is changed sends %s, want %s with the variant's id", sent, want)
	}
	patch.Variants[0].ID = e.ID
	if got, err := json.Marshal(&patch); err != nil || string(got) != want {
		t.Errorf("a SKU that is changed sends %s, want %s with the variant's id", got, want)
	}
}
