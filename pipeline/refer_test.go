package pipeline_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/pipeline"
	"bulkload/pipeline/report"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
	"bulkload/vendors/schema"
)

const (
	productHead = "product_id,display_name,barcode,color_or_pattern_name,colors,size_type,size,tag.GENDER,tag.AGE,tag.COLLECTION,tag.FABRIC,tag.CATEGORY\n"
	priceHead   = "price_list_id,countries,currency,product_id,variant_barcode,recommended_retail_price,wholesale_price\n"
	prepackHead = "barcode,display_name,product_id,variant_barcode,quantity\n"
)

// productRow is a variant of a product; colour BLAU is one that the vendor does not know.
func productRow(product, barcode, colour string) string {
	return product + ",Dress," + barcode + ",Red," + colour + ",EuWomenSize,36,female,adult,ss22,linen,clothing/dress/midi-dress\n"
}

// together loads feeds one after the other as one import would, and gives the results by resource.
type together struct {
	references *pipeline.References
	server     *sandbox.Server
	rehearse   bool // send nothing
}

func newTogether(t *testing.T) *together {
	c := &together{references: pipeline.NewReferences(), server: newSandbox(t, sandbox.Options{})}
	c.references.Dir = t.TempDir()
	t.Cleanup(func() {
		if err := c.references.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *together) job(t *testing.T, resource, text string) *pipeline.Job {
	job := newJob(t, writeText(t, resource+".csv", text), "fashiontrade/"+resource, "")
	job.Refers, job.Compare = c.references, true
	return job
}

func (c *together) load(t *testing.T, resource, text string) *pipeline.Result {
	t.Helper()
	job := c.job(t, resource, text)
	if c.rehearse {
		return checked(t, job)
	}
	connect(job, c.server, 2)
	return imported(t, job)
}

// outcomes writes what became of a feed's rows, in short.
func outcomes(s *report.Summary) string { return s.Balance() }

// TestLeftBehind loads a season in which one product is wrong: what refers to it stays behind, and
// nothing else does.
func TestLeftBehind(t *testing.T) {
	const window = ",2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,"
	feeds := []struct{ resource, text, want, wantRehearsed string }{
		{"products", productHead + productRow("P1", "11", "RED") + productRow("P2", "21", "BLAU") + productRow("P3", "31", "RED"),
			"2 created + 1 rejected", "1 rejected + 2 ready"},
		{"prepacks", prepackHead + "91,Three,P1,11,2\n91,,P2,21,2\n92,Two,P3,31,1\n", "1 created + 2 skipped", "1 ready + 2 skipped"},
		{"price-lists", priceHead + "L1,NL|BE,EUR,P2,,100,50\nL1,,,P1,,200,60\nL1,,,P1,11,210,61\nL1,,,P3,31,300,70\nL2,FR,USD,P2,21,1,1\n",
			"3 created + 2 skipped", "3 ready + 2 skipped"},
		{"prepack-price-lists", "price_list_id,currency,barcode,recommended_retail_price,wholesale_price\nQ,EUR,91,100,50\nQ,,92,100,50\n",
			"1 created + 1 skipped", "1 ready + 1 skipped"},
		{"product-stock", stockHead + "P2,b" + window + "21,1\nP1,b" + window + "11,1\nP1,b" + window + "21,2\n",
			"1 created + 2 skipped", "1 ready + 2 skipped"},
		{"prepack-stock", "barcode,batch_id,order_window.start_date,delivery_window.start_date,quantity\n91,b" + window + "1\n92,b" + window + "1\n",
			"1 created + 1 skipped", "1 ready + 1 skipped"},
	}
	for _, rehearse := range []bool{true, false} {
		t.Run(fmt.Sprintf("rehearse %v", rehearse), func(t *testing.T) {
			c := newTogether(t)
			c.rehearse = rehearse
			for _, feed := range feeds {
				want := feed.want
				if rehearse {
					want = feed.wantRehearsed
				}
				result := c.load(t, feed.resource, feed.text)
				if got := outcomes(result.Summary); got != want {
					t.Errorf("%s: %s, want %s\n%s", feed.resource, got, want, summaryText(t, result.Summary))
				}
				for _, f := range findings(t, result) {
					if f.Rule == schema.NotList.ID || f.Rule == pipeline.LeftBehind.ID && strings.Contains(f.Message, "did not go in") {
						continue
					}
					t.Errorf("%s: unexpected finding %s: %s", feed.resource, f.Rule, f.Message)
				}
			}
			if rehearse {
				return
			}
			lists := stored(t, c.server, "fashiontrade/price-lists")
			if strings.Contains(lists, "P2") || strings.Contains(lists, "L2") || !strings.Contains(lists, `"EUR"`) || !strings.Contains(lists, `"BE"`) ||
				strings.Count(lists, "wholesale_price\"") != 3 {
				t.Errorf("the price list must keep three prices, and what its first row says of it:\n%s", lists)
			}
		})
	}
}

// TestRejectsMakeWhole: the rejects of a list that was sent without some prices hold the others too, so
// that loading them does not take away what is there.
func TestRejectsMakeWhole(t *testing.T) {
	c := newTogether(t)
	c.load(t, "products", productHead+productRow("P1", "11", "RED")+productRow("P2", "21", "BLAU"))
	result := c.load(t, "price-lists", priceHead+"L1,NL,EUR,P1,,100,50\nL1,,,P2,,200,60\nL2,FR,USD,P1,,100,50\n")
	path := filepath.Join(t.TempDir(), "rejects.csv")
	writeRejects(t, result, path)
	rejects := readTable(t, path)
	if len(rejects.rows) != 2 {
		t.Fatalf("%d rejects, want both rows of L1 and none of L2: %v", len(rejects.rows), rejects.rows)
	}
	reason := rejects.column(t, "bulkload_reason")
	for i, want := range []string{"so that the price list is whole", `the product "P2" in line 3, which did not go in`} {
		if !strings.Contains(rejects.rows[i][reason], want) {
			t.Errorf("reason %q, want %q", rejects.rows[i][reason], want)
		}
	}
	c.load(t, "products", productHead+productRow("P2", "21", "RED"))
	again := newJob(t, path, "fashiontrade/price-lists", "")
	again.Refers, again.Compare = c.references, true
	connect(again, c.server, 2)
	if got := outcomes(imported(t, again).Summary); got != "2 updated" {
		t.Errorf("the rejects: %s, want 2 updated", got)
	}
	if lists := stored(t, c.server, "fashiontrade/price-lists"); strings.Count(lists, "wholesale_price\"") != 3 {
		t.Errorf("three prices must be there:\n%s", lists)
	}
}

// TestReplacingLeavesNothingOut: where the vendor drops what a feed does not name, an entity is not sent
// without some of its rows.
func TestReplacingLeavesNothingOut(t *testing.T) {
	const window = ",2026-01-01T00:00:00Z,2026-02-01T00:00:00Z,"
	c := newTogether(t)
	c.load(t, "products", productHead+productRow("P1", "11", "RED")+productRow("P2", "21", "BLAU"))
	job := c.job(t, "product-stock", stockHead+"P1,a"+window+"11,1\nP1,b"+window+"21,2\nP3,a"+window+"31,2\n")
	job.Resource = job.Resource.Replace
	connect(job, c.server, 1)
	result := imported(t, job)
	if got := outcomes(result.Summary); got != "1 created + 2 skipped" {
		t.Errorf("%s, want 1 created + 2 skipped\n%s", got, summaryText(t, result.Summary))
	}
}

// TestUnknownReferences warns of what neither the feed nor the vendor has, once the vendor was asked.
func TestUnknownReferences(t *testing.T) {
	prices := priceHead + "L1,NL,EUR,P1,,100,50\nL1,,,P1,11,210,61\nL1,,,P1,12,210,61\nL1,,,P9,,300,70\nL1,,,P5,51,300,70\n"
	unknown := func(result *pipeline.Result) (values []string) {
		for _, f := range findings(t, result) {
			if f.Rule != pipeline.ReferenceUnknown.ID || f.Outcome != vendors.Created {
				t.Errorf("unexpected finding %s of %s: %s", f.Rule, f.Outcome, f.Message)
			}
			values = append(values, f.Value)
		}
		return values
	}
	t.Run("not asked", func(t *testing.T) {
		c := newTogether(t)
		if got := unknown(c.load(t, "price-lists", prices)); got != nil {
			t.Errorf("warned of %v, though nobody knows", got)
		}
	})
	t.Run("listed for the comparison", func(t *testing.T) {
		c := newTogether(t)
		c.load(t, "products", productHead+productRow("P5", "51", "RED"))
		c.load(t, "products", productHead+productRow("P1", "11", "RED"))
		if diff := cmp.Diff([]string{"12", "P9"}, unknown(c.load(t, "price-lists", prices))); diff != "" {
			t.Errorf("warned of (-want +got):\n%s", diff)
		}
	})
	t.Run("asked for", func(t *testing.T) {
		other := newTogether(t)
		other.load(t, "products", productHead+productRow("P5", "51", "RED")+productRow("P1", "11", "RED"))
		c := newTogether(t)
		c.server = other.server
		job := c.job(t, "price-lists", prices)
		connect(job, c.server, 2)
		if err := c.references.List(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"12", "P9"}, unknown(imported(t, job))); diff != "" {
			t.Errorf("warned of (-want +got):\n%s", diff)
		}
	})
}

// TestLeftBehindBalances makes up products, some of them wrong, and price lists of them, and holds the
// outcome of every row against what its product says.
func TestLeftBehindBalances(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		wrong := make(map[string]bool)
		products := productHead
		for i := range rapid.IntRange(1, 6).Draw(rt, "products") {
			id, colour := fmt.Sprintf("P%d", i), "RED"
			if wrong[id] = rapid.Bool().Draw(rt, "wrong"); wrong[id] {
				colour = "BLAU"
			}
			products += productRow(id, fmt.Sprint(10+i), colour)
		}
		prices := priceHead
		var left int64
		var rows []string
		for i := range rapid.IntRange(1, 12).Draw(rt, "prices") {
			product := fmt.Sprintf("P%d", rapid.IntRange(0, 6).Draw(rt, "product"))
			list := rapid.SampledFrom([]string{"A", "B"}).Draw(rt, "list")
			row := fmt.Sprintf("%s,NL,EUR,%s,%d,100,50\n", list, product, 1000+i)
			rows = append(rows, row)
			if wrong[product] {
				left++
			}
		}
		if rapid.Bool().Draw(rt, "lists stand together") {
			slices.Sort(rows)
		}
		references := pipeline.NewReferences()
		references.Dir = dir
		defer references.Close()
		var last *report.Summary
		for _, feed := range []struct{ resource, text string }{{"products", products}, {"price-lists", prices + strings.Join(rows, "")}} {
			job := newJob(t, writeText(t, feed.resource+".csv", feed.text), "fashiontrade/"+feed.resource, "")
			job.Refers = references
			result, err := pipeline.Check(t.Context(), job)
			if err != nil {
				rt.Fatal(err)
			}
			if err := result.Summary.Unbalanced(); err != nil {
				rt.Fatal(err)
			}
			last = result.Summary
			result.Close()
		}
		if got := last.Counts.Behind.Rows; got != left || last.RowsIn != int64(len(rows)) || last.Counts.Rows[vendors.Rejected] != 0 {
			rt.Fatalf("%d of %d rows were left behind, want %d of %d; %d rejected\n%s", got, last.RowsIn, left, len(rows), last.Counts.Rows[vendors.Rejected], products+prices)
		}
	})
}
