package pipeline_test

import (
	"fmt"
	"strings"
	"testing"

	"bulkload/pipeline"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

const stockHead = "product_id,batch_id,order_window.start_date,delivery_window.start_date,barcode,quantity\n"

// stockOf imports a feed of product stock, batch by batch or by whole products.
func stockOf(t *testing.T, server *sandbox.Server, whole bool, rows ...string) map[string]int64 {
	t.Helper()
	feed := writeText(t, "stock.csv", stockHead+strings.Join(rows, "\n")+"\n")
	job := newJob(t, feed, "fashiontrade/product-stock", "")
	if whole {
		job.Resource = job.Resource.Replace
	}
	connect(job, server, 2)
	result := imported(t, job)
	if counts := result.Summary.Counts; counts.Rows[vendors.Created]+counts.Rows[vendors.Updated] != int64(len(rows)) {
		t.Fatalf("%d rows did not all go in:\n%s", len(rows), summaryText(t, result.Summary))
	}
	return server.Record().Resources["fashiontrade/product-stock"].Methods
}

// TestStockIsLoadedBatchByBatch sends each batch once, however its rows stand, and leaves the others; the
// same feed as a whole drops them.
func TestStockIsLoadedBatchByBatch(t *testing.T) {
	server := newSandbox(t, sandbox.Options{})
	const window = "2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,"
	stockOf(t, server, false, "P,old,"+window+"1,1", "Q,old,"+window+"9,1")
	methods := stockOf(t, server, false, "P,a,"+window+"1,1", "P,b,"+window+"1,2", "P,a,,,2,3", "P,b,,,2,infinite", "P,c,"+window+"1,0")
	if methods["PATCH"] != 2+3 || methods["PUT"] != 0 {
		t.Errorf("requests: %v, want one PATCH for each of 5 batches", methods)
	}
	batches := func() string {
		var ids []string
		for line := range strings.Lines(stored(t, server, "fashiontrade/product-stock")) {
			id, _, _ := strings.Cut(line, " ")
			ids = append(ids, id)
		}
		return strings.Join(ids, " ")
	}
	if got := batches(); got != "P|a P|b P|c P|old Q|old" {
		t.Errorf("after adding: %s", got)
	}
	methods = stockOf(t, server, true, "P,a,"+window+"1,1", "P,d,"+window+"1,2", "P,a,,,2,3")
	if methods["PUT"] != 1 {
		t.Errorf("requests: %v, want one PUT", methods)
	}
	if got := batches(); got != "P|a P|d Q|old" {
		t.Errorf("after replacing: %s", got)
	}
}

// TestPlanTellsSizes: a price list is one request however long, so its plan says how large that is.
func TestPlanTellsSizes(t *testing.T) {
	var prices strings.Builder
	prices.WriteString("price_list_id,countries,currency,product_id,recommended_retail_price,wholesale_price\nSMALL,NL,EUR,P,200,100\n")
	for i := range 20_000 {
		fmt.Fprintf(&prices, "LONG,DE,EUR,P%d,200,100\n", i)
	}
	server := newSandbox(t, sandbox.Options{})
	job := newJob(t, writeText(t, "prices.csv", prices.String()), "fashiontrade/price-lists", "")
	connect(job, server, 1)
	result, err := pipeline.Plan(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	defer result.Close()
	plan := result.Summary.Plan
	if plan.LargestOf != "LONG" || plan.Largest < 20_000*50 || plan.Bytes <= plan.Largest {
		t.Errorf("the largest body is %d bytes of %q, of %d in all", plan.Largest, plan.LargestOf, plan.Bytes)
	}
	if text := summaryText(t, result.Summary); !strings.Contains(text, `they carry 1.8 MB, of which the price list "LONG" alone has 1.8 MB in one request`) {
		t.Errorf("the summary lacks the size:\n%s", text)
	}
}

// TestEncodingOfTheWholeFeed has a feed whose only letter that tells its encoding comes far behind what is
// looked at when it is opened.
func TestEncodingOfTheWholeFeed(t *testing.T) {
	row := "2022-01-01,2022-02-01,4006381333931,1\n"
	path := writeText(t, "stock.csv", stockHead+strings.Repeat("p1,b1,"+row, 40_000)+"Gr\xfcn,b1,"+row)
	job := newJob(t, path, "fashiontrade/product-stock", "")
	if job.Feed.Encoding != "UTF-8" {
		t.Fatalf("the beginning is taken for %s", job.Feed.Encoding)
	}
	if got := checked(t, job).Summary.Format; got != "CSV, windows-1252" {
		t.Errorf("the summary says %q, want %q", got, "CSV, windows-1252")
	}
}
