package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// faireSeason is a feed of so many products of two colours in two sizes; edit changes its text.
func faireSeason(products int, edits ...string) string {
	var b strings.Builder
	b.WriteString("product_key,name,short_description,description,lifecycle_state,unit_multiplier,minimum_order_quantity," +
		"option.Color,option.Size,sku,price.USA.wholesale,price.USA.retail,price.USA.currency,image_1,taxonomy_type.name\n")
	for i := range products {
		key := fmt.Sprintf("LD-%05d", i)
		shared := fmt.Sprintf("Dress %d,A dress,Dress %d of linen,PUBLISHED,2,4", i, i)
		image, kind := "https://images.example.com/"+key+".jpg", "Votive Candle"
		for _, variant := range []string{"Red,S", "Red,M", "Blue,S", "Blue,M"} {
			fmt.Fprintf(&b, "%s,%s,%s,%s-%s,28.99,59.00,USD,%s,%s\n", key, shared, variant, key, strings.ReplaceAll(variant, ",", "-"), image, kind)
			shared, image, kind = ",,,,,", "", ""
		}
	}
	return strings.NewReplacer(edits...).Replace(b.String())
}

// faireJob is a job that loads a season into a sandbox.
func faireJob(t *testing.T, server *sandbox.Server, kept, text string) *pipeline.Job {
	t.Helper()
	path := filepath.Join(t.TempDir(), "season.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	job := newJob(t, path, "faire/products", "")
	connect(job, server, 4)
	job.Compare, job.KeepCatalogue = true, kept
	return job
}

// callsSince lists the calls that a sandbox got after its first ones, without their hosts and ids.
func callsSince(server *sandbox.Server, before int) (calls []string) {
	for _, r := range server.Record().Log[before:] {
		path, _, _ := strings.Cut(r.Path, "?")
		if strings.Contains(path, "/products/p_") {
			path = path[:strings.Index(path, "/p_")] + "/ID"
		}
		calls = append(calls, r.Method+" "+path)
	}
	return calls
}

// TestFaireCallsAreThoseOfAHand loads a season, loads it again, edits three cells and loads it once more:
// the calls are those that one would make by hand who knows what is there.
func TestFaireCallsAreThoseOfAHand(t *testing.T) {
	server := newSandbox(t, sandbox.Options{})
	kept := filepath.Join(t.TempDir(), "kept")
	const list, types, create, change = "GET /external-api/v2/products", "GET /external-api/v2/products/types",
		"POST /external-api/v2/products", "PATCH /external-api/v2/products/ID"
	load := func(name string, want []string, outcomes map[vendors.Outcome]int64, edits ...string) {
		t.Helper()
		before := len(server.Record().Log)
		result := imported(t, faireJob(t, server, kept, faireSeason(5, edits...)))
		got := callsSince(server, before)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: calls (-want +got):\n%s", name, diff)
		}
		for outcome, n := range outcomes {
			if result.Summary.Counts.Entities[outcome] != n {
				t.Errorf("%s: %d %s, want %d", name, result.Summary.Counts.Entities[outcome], outcome, n)
			}
		}
	}
	load("first", []string{list, types, create, create, create, create, create}, map[vendors.Outcome]int64{vendors.Created: 5})
	load("again", []string{list}, map[vendors.Outcome]int64{vendors.Unchanged: 5})
	// A name and a price of one product are one call; a price of another is a second.
	edits := []string{"Dress 1,", "Gown 1,", "LD-00001-Blue-M,28.99", "LD-00001-Blue-M,27.50", "LD-00003-Red-S,28.99", "LD-00003-Red-S,26.00"}
	load("three cells", []string{list, change, change}, map[vendors.Outcome]int64{vendors.Unchanged: 3, vendors.Updated: 2}, edits...)
	load("three cells again", []string{list}, map[vendors.Outcome]int64{vendors.Unchanged: 5}, edits...)
}

// TestFaireLostAnswers loses the answers of a fifth of the calls after they were applied: nothing is there twice.
func TestFaireLostAnswers(t *testing.T) {
	faults, err := sandbox.ParseFaults("drop-after%20")
	if err != nil {
		t.Fatal(err)
	}
	server := newSandbox(t, sandbox.Options{Faults: faults, Seed: 7})
	const products = 80
	job := faireJob(t, server, "", faireSeason(products))
	result := imported(t, job)
	if got := result.Summary.Counts.Entities[vendors.Created]; got != products {
		t.Errorf("%d created, want %d", got, products)
	}
	record := server.Record()
	if lost := record.Resources["faire/products"].Faults["drop-after"]; lost < products/10 {
		t.Errorf("only %d answers were lost", lost)
	}
	if len(record.TokensReused) > 0 {
		t.Errorf("tokens came with two bodies: %v", record.TokensReused)
	}
	if got := len(record.Resources["faire/products"].Entities); got != products {
		t.Errorf("Faire has %d products, want %d", got, products)
	}
	if got := len(record.Resources["faire/variants"].Entities); got != 4*products {
		t.Errorf("Faire has %d variants, want %d", got, 4*products)
	}
}

// TestFairePlanReads plans a catalogue of 10,000 products, or of 400 in short, and counts what it reads.
func TestFairePlanReads(t *testing.T) {
	products, most := 400, 3
	if os.Getenv("BULKLOAD_LONG") != "" {
		products, most = 10_000, 41
	}
	server := newSandbox(t, sandbox.Options{})
	job := faireJob(t, server, "", faireSeason(products))
	job.Compare = false
	imported(t, job)
	before := server.Record().Requests
	job = faireJob(t, server, "", faireSeason(products))
	result, err := pipeline.Plan(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	if got := result.Summary.Counts.Entities[vendors.Unchanged]; got != int64(products) {
		t.Errorf("%d unchanged, want %d", got, products)
	}
	if reads := server.Record().Requests - before; reads > int64(most) {
		t.Errorf("%d reads, want %d at most", reads, most)
	}
}
