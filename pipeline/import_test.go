package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/pipeline"
	"bulkload/pipeline/report"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

const (
	products = "fashiontrade/products"
	season   = feeds + "/fashiontrade/ss22-womenswear.xlsx"
)

// load imports a feed into a sandbox of its own and gives back both.
func load(t *testing.T, path string, workers int) (*pipeline.Result, *sandbox.Server) {
	t.Helper()
	server := newSandbox(t, sandbox.Options{})
	job := newJob(t, path, products, "")
	connect(job, server, workers)
	return imported(t, job), server
}

// withoutPlaces gives the findings without what differs between the formats of one feed.
func withoutPlaces(list []report.Finding) []string {
	cells := regexp.MustCompile(`(in|see) (\w+!)?([A-Z]{1,2}|row |line )[0-9]+\b`)
	var lines []string
	for _, f := range list {
		lines = append(lines, fmt.Sprintf("%s %s %q %s %s: %s -> %s [%s] %s %s", f.Column, f.Field, f.Value, f.Rule, f.Severity,
			cells.ReplaceAllString(f.Message, "$1 CELL"), f.Suggestion, f.Clause, f.Entity, f.Outcome))
	}
	return lines
}

func TestEveryFormatGivesTheSameRequests(t *testing.T) {
	tab := readTable(t, season)
	result, server := load(t, season, 4)
	wantStored, wantFound := stored(t, server, products), withoutPlaces(findings(t, result))
	if len(wantStored) == 0 || len(wantFound) == 0 {
		t.Fatal("the season's feed stores nothing or has no mistakes")
	}
	for _, ending := range []string{".csv", ".csv.gz", ".csv.zst", ".tsv", ".parquet", ".ndjson", ".ndjson.gz", ".xlsx"} {
		t.Run(ending, func(t *testing.T) {
			result, server := load(t, tab.write(t, filepath.Join(t.TempDir(), "season"+ending)), 4)
			if diff := cmp.Diff(wantStored, stored(t, server, products)); diff != "" {
				t.Errorf("stored (-xlsx +%s):\n%s", ending, diff)
			}
			if diff := cmp.Diff(wantFound, withoutPlaces(findings(t, result))); diff != "" {
				t.Errorf("found (-xlsx +%s):\n%s", ending, diff)
			}
		})
	}
}

func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	tab := readTable(t, season)
	result, server := load(t, season, 4)
	want, counts := stored(t, server, products), result.Summary.Counts.Rows
	colour := tab.column(t, "Colour")
	byColour := func(a, b []string) int { return strings.Compare(a[colour], b[colour]) }
	orders := map[string]func([][]string){
		"by colour": func(rows [][]string) { slices.SortStableFunc(rows, byColour) },
		"backwards": func(rows [][]string) { slices.Reverse(rows) },
		"at random": func(rows [][]string) {
			rand.New(rand.NewPCG(1, 2)).Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		},
	}
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			turned := table{tab.columns, slices.Clone(tab.rows)}
			order(turned.rows)
			result, server := load(t, turned.write(t, filepath.Join(t.TempDir(), "season.csv")), 4)
			if diff := cmp.Diff(want, stored(t, server, products)); diff != "" {
				t.Errorf("stored (-in order +%s):\n%s", name, diff)
			}
			if diff := cmp.Diff(counts, result.Summary.Counts.Rows); diff != "" {
				t.Errorf("counts (-in order +%s):\n%s", name, diff)
			}
			onceEach(t, server, result)
		})
	}
}

// onceEach makes sure that every entity was stored once, and that there are as many as the result says.
func onceEach(t *testing.T, server *sandbox.Server, result *pipeline.Result) {
	t.Helper()
	entities := server.Record().Resources[products].Entities
	for id, e := range entities {
		if e.Applied != 1 {
			t.Errorf("%s was stored %d times, want once", id, e.Applied)
		}
	}
	if created := result.Summary.Counts.Entities[vendors.Created]; created != int64(len(entities)) {
		t.Errorf("%d entities were created, but the sandbox has %d", created, len(entities))
	}
}

// TestGroupingSplitsNoKey cuts random feeds into entities: in any order of rows, each key is
// stored once, with all of its rows.
func TestGroupingSplitsNoKey(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		keys := rapid.SliceOfN(rapid.IntRange(0, 6), 1, 60).Draw(r, "keys")
		var text strings.Builder
		text.WriteString("product_id,display_name,barcode,color_or_pattern_name,colors,size_type,size,size_name\n")
		want := make(map[string]int)
		for i, key := range keys {
			want[fmt.Sprintf("P%d", key)]++
			fmt.Fprintf(&text, "P%d,Dress,code-%d,Colour %d,RED,OtherSize,one,Sizes\n", key, i, i)
		}
		_, server := load(t, writeText(t, "feed.csv", text.String()), 3)
		got := make(map[string]int)
		entities, err := server.Stored(products)
		if err != nil {
			r.Fatal(err)
		}
		for _, e := range entities {
			got[e.ID] = strings.Count(string(e.Body), `"barcode"`)
			if n := server.Record().Resources[products].Entities[e.ID].Applied; n != 1 {
				r.Fatalf("%s was stored %d times", e.ID, n)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("rows by product (-want +got):\n%s", diff)
		}
	})
}

// TestCorrectedRejectsComplete breaks a right feed, loads it, puts only the rejects right and loads
// those: the sandbox then has what the right feed gives.
func TestCorrectedRejectsComplete(t *testing.T) {
	tab := rightRows(t)
	_, server := load(t, tab.write(t, filepath.Join(t.TempDir(), "right.csv")), 4)
	want := stored(t, server, products)

	broken := table{columns: tab.columns}
	original := make(map[string][]string)
	random := rand.New(rand.NewPCG(7, 7))
	faults := map[string]string{"Size": "XXM", "EAN": "5,06011E+12", "colors": "NAVY", "Style No": "", "display_name": "#N/A"}
	for i, row := range tab.rows {
		wrong := slices.Clone(row)
		if random.IntN(12) == 0 {
			for _, column := range []string{"Size", "EAN", "colors", "Style No", "display_name"}[random.IntN(5):][:1] {
				wrong[tab.column(t, column)] = faults[column]
			}
		}
		wrong[tab.column(t, "Notes")] = fmt.Sprintf("row %d", i)
		original[wrong[tab.column(t, "Notes")]] = row
		broken.rows = append(broken.rows, wrong)
	}

	for _, ending := range []string{".csv", ".xlsx", ".ndjson", ".parquet"} {
		t.Run(ending, func(t *testing.T) {
			first, server := load(t, broken.write(t, filepath.Join(t.TempDir(), "broken"+ending)), 4)
			rejects := filepath.Join(t.TempDir(), "rejects"+ending)
			writeRejects(t, first, rejects)
			corrected := readTable(t, rejects)
			if int64(len(corrected.rows)) != first.Summary.Counts.Rows[vendors.Rejected] || len(corrected.rows) == 0 {
				t.Fatalf("%d rejects, want the %d rejected rows", len(corrected.rows), first.Summary.Counts.Rows[vendors.Rejected])
			}
			notes, reason := corrected.column(t, "Notes"), corrected.column(t, "bulkload_reason")
			for i, row := range corrected.rows {
				if row[reason] == "" {
					t.Errorf("reject %d has no reason", i)
				}
				right := original[row[notes]]
				for j, name := range corrected.columns {
					if at := slices.Index(tab.columns, name); at >= 0 {
						row[j] = right[at]
					}
				}
			}
			job := newJob(t, corrected.write(t, filepath.Join(t.TempDir(), "corrected"+ending)), products, "")
			connect(job, server, 4)
			second := imported(t, job)
			if n := second.Summary.NotLoaded(); n != 0 {
				t.Errorf("%d of the corrected rows did not go in:\n%s", n, summaryText(t, second.Summary))
			}
			if diff := cmp.Diff(want, stored(t, server, products)); diff != "" {
				t.Errorf("stored (-right feed +corrected rejects):\n%s", diff)
			}
		})
	}
}

// rightRows is the season's feed without the products that have mistakes, with a column of notes.
func rightRows(t *testing.T) table {
	t.Helper()
	tab := readTable(t, season)
	result := checked(t, newJob(t, season, products, ""))
	rejected := make(map[int64]bool)
	for reject, err := range result.Collector.Rejects() {
		if err != nil {
			t.Fatal(err)
		}
		rejected[reject.Row] = true
	}
	right := table{columns: append(slices.Clone(tab.columns), "Notes")}
	for i, row := range tab.rows {
		if !rejected[int64(i)+2] {
			right.rows = append(right.rows, append(slices.Clone(row), ""))
		}
	}
	return right
}

// TestFaultsOfTheVendor loads a feed while the vendor fails in every way it can, and looks for what
// arrived: everything, once in effect, as without faults.
func TestFaultsOfTheVendor(t *testing.T) {
	_, calm := load(t, season, 4)
	want := stored(t, calm, products)
	for _, faults := range []string{"drop-before%20", "drop-after%20", "500%20", "502%10,503%10", "429%20", "429:1@3",
		"html%10", "cut%20", "late:20ms%20", "drop-after%5,drop-before%5,503%5,429%5,cut%5"} {
		t.Run(faults, func(t *testing.T) {
			t.Parallel()
			cue, err := sandbox.ParseFaults(faults)
			if err != nil {
				t.Fatal(err)
			}
			server := newSandbox(t, sandbox.Options{Faults: cue, Seed: 3})
			job := newJob(t, season, products, "")
			connect(job, server, 4)
			result := imported(t, job)
			if diff := cmp.Diff(want, stored(t, server, products)); diff != "" {
				t.Errorf("stored (-calm +faulty):\n%s", diff)
			}
			if n := result.Summary.Counts.Rows[vendors.Unknown] + result.Summary.Counts.Rows[vendors.Refused]; n != 0 {
				t.Errorf("%d rows are unknown or refused:\n%s", n, summaryText(t, result.Summary))
			}
		})
	}
}

// TestCreateOnlyAfterALostAnswer: a product whose POST was applied and not answered is read back
// and not called refused.
func TestCreateOnlyAfterALostAnswer(t *testing.T) {
	cue, err := sandbox.ParseFaults("drop-after%40")
	if err != nil {
		t.Fatal(err)
	}
	server := newSandbox(t, sandbox.Options{Faults: cue, Seed: 5})
	job := newJob(t, season, products, "")
	connect(job, server, 3)
	job.CreateOnly = true
	result := imported(t, job)
	onceEach(t, server, result)
	if n := result.Summary.Counts.Rows[vendors.Refused]; n != 0 {
		t.Errorf("%d rows refused, want none", n)
	}

	again := newJob(t, season, products, "")
	connect(again, server, 3)
	again.CreateOnly = true
	result = imported(t, again)
	if n := result.Summary.Counts.Rows; n[vendors.Refused] == 0 || n[vendors.Created]+n[vendors.Updated] != 0 {
		t.Errorf("created %d, updated %d, refused %d; want all refused, since the vendor has them",
			n[vendors.Created], n[vendors.Updated], n[vendors.Refused])
	}
}

func TestSecondImportUpdates(t *testing.T) {
	first, server := load(t, season, 4)
	job := newJob(t, season, products, "")
	connect(job, server, 4)
	second := imported(t, job)
	if got, want := second.Summary.Counts.Rows[vendors.Updated], first.Summary.Counts.Rows[vendors.Created]; got != want {
		t.Errorf("%d rows updated, want the %d created before", got, want)
	}
}

func TestRehearsalStoresNothing(t *testing.T) {
	server := newSandbox(t, sandbox.Options{})
	job := newJob(t, season, products, "")
	connect(job, server, 4)
	job.Rehearse = true
	result := imported(t, job)
	if text := stored(t, server, products); text != "" {
		t.Errorf("a rehearsal stored %s", text)
	}
	if s := result.Summary; s.Counts.Rows[vendors.Skipped] == 0 || !strings.Contains(summaryText(t, s), "ready") {
		t.Errorf("no row is said to be ready:\n%s", summaryText(t, s))
	}
	if server.Record().Resources[products].Methods["PUT"] == 0 {
		t.Error("the vendor was not asked")
	}
}

// TestRefusalsComeBackToTheCell: a vendor that knows a rule we do not is quoted at the cell it names.
func TestRefusalsComeBackToTheCell(t *testing.T) {
	server := newSandbox(t, sandbox.Options{})
	job := newJob(t, writeText(t, "feed.csv", `product_id,display_name,barcode,color_or_pattern_name,colors,size_type,size
A1,Dress,5060110010011,Poppy,RED,CategoricalSize,S
A1,,5060110010028,Night,NAVY,CategoricalSize,S
A2,Shirt,5060110010035,Poppy,RED,CategoricalSize,S
`), products, "")
	connect(job, server, 1)
	lenient := *job.Resource
	lenient.Schema = slices.Clone(lenient.Schema)
	for i := range lenient.Schema {
		lenient.Schema[i].Values = nil // as if the vendor's list had become shorter
	}
	job.Resource = &lenient
	result := imported(t, job)
	found := findings(t, result)
	if len(found) != 1 {
		t.Fatalf("findings = %+v, want one", found)
	}
	got := found[0]
	if got.Rule != "vendor.refused" || got.Cell != "E3" || got.Field != "colors" || got.Entity != "A1" ||
		got.Outcome != vendors.Refused || got.VendorCode != "400" || !strings.Contains(got.VendorMessage, "NAVY") {
		t.Errorf("finding = %+v, want the vendor's refusal of A1 at E3", got)
	}
	if n := result.Summary.Counts.Rows; n[vendors.Refused] != 2 || n[vendors.Created] != 1 || result.Collector.Rejected() != 2 {
		t.Errorf("refused %d, created %d, rejects %d; want 2, 1, 2", n[vendors.Refused], n[vendors.Created], result.Collector.Rejected())
	}
}

func TestRunsThatSendNothing(t *testing.T) {
	_, toProducts := resource(t, products, "")
	budgets, err := pipeline.ParseBudgets([]string{"1%"}, toProducts)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(*pipeline.Job)
		want   func(error) bool
	}{
		{"over the error budget", func(j *pipeline.Job) { j.MaxErrors = budgets }, isA[*pipeline.BudgetError]},
		{"short", func(j *pipeline.Job) { j.ExpectRows = 5000 }, isA[*pipeline.ShortError]},
		{"turned away", func(j *pipeline.Job) { j.Client.Account.Token = vendors.NewSecret("wrong") },
			func(err error) bool { return errors.Is(err, send.ErrUnauthorised) }},
		{"nobody there", func(j *pipeline.Job) {
			j.Client.Account.BaseURL = "http://127.0.0.1:1"
			j.Retry.Attempts = 2
			j.Client.Again = nil
		},
			func(err error) bool { return errors.Is(err, send.ErrUnreachable) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server := newSandbox(t, sandbox.Options{Token: planted.Text()})
			job := newJob(t, season, products, "")
			connect(job, server, 2)
			test.change(job)
			result, err := pipeline.Import(context.Background(), job)
			if !test.want(err) || result == nil {
				t.Fatalf("Import = %v, %v", result, err)
			}
			settled(t, result)
			if text := stored(t, server, products); text != "" {
				t.Errorf("stored %s", text)
			}
			if rows := result.Summary.Counts.Rows; rows[vendors.Skipped] == 0 || result.Collector.Rejected() != result.Summary.RowsIn {
				t.Errorf("%d rows skipped and %d rejects; want every row that was not sent among the rejects (%d)",
					rows[vendors.Skipped], result.Collector.Rejected(), result.Summary.RowsIn)
			}
		})
	}
}

// TestStopWhileChecking ends the run at once: nothing was sent, so there is nothing to report.
func TestStopWhileChecking(t *testing.T) {
	server := newSandbox(t, sandbox.Options{})
	job := newJob(t, season, products, "")
	stop := make(chan struct{})
	close(stop)
	job.Stop = stop
	connect(job, server, 2)
	if result, err := pipeline.Import(context.Background(), job); result != nil || !errors.Is(err, pipeline.ErrInterrupted) {
		t.Errorf("Import = %v, %v, want no result and ErrInterrupted", result, err)
	}
	if text := stored(t, server, products); text != "" {
		t.Errorf("stored %s", text)
	}
}

// TestStopAtOnce cuts off what is on its way: that is unknown, and what was settled is reported.
func TestStopAtOnce(t *testing.T) {
	server := newSandbox(t, sandbox.Options{Latency: 20 * time.Millisecond})
	job := newJob(t, season, products, "")
	connect(job, server, 2)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var sent atomic.Int64
	next := job.Client.HTTP.Transport
	job.Client.HTTP.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut && sent.Add(1) == 6 {
			cancel()
		}
		return next.RoundTrip(r)
	})
	result, err := pipeline.Import(ctx, job)
	if !errors.Is(err, pipeline.ErrInterrupted) || result == nil {
		t.Fatalf("Import = %v, %v, want a result and ErrInterrupted", result, err)
	}
	settled(t, result)
	if n := result.Summary.Counts.Entities; n[vendors.Unknown] == 0 || n[vendors.Created] == 0 {
		t.Errorf("created %d, unknown %d, want some of both", n[vendors.Created], n[vendors.Unknown])
	}
}

func isA[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// TestStopInTheMiddle: what is in flight is finished, the rest is skipped, and the run balances.
func TestStopInTheMiddle(t *testing.T) {
	server := newSandbox(t, sandbox.Options{Latency: 2 * time.Millisecond})
	job := newJob(t, season, products, "")
	stop := make(chan struct{})
	job.Stop = stop
	connect(job, server, 2)
	var sent atomic.Int64
	next := job.Client.HTTP.Transport
	job.Client.HTTP.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodPut && sent.Add(1) == 10 {
			close(stop)
		}
		return next.RoundTrip(r)
	})
	result, err := pipeline.Import(context.Background(), job)
	if !errors.Is(err, pipeline.ErrInterrupted) {
		t.Fatalf("Import = %v, want ErrInterrupted", err)
	}
	settled(t, result)
	onceEach(t, server, result)
	entities := result.Summary.Counts.Entities
	if entities[vendors.Created] < 9 || entities[vendors.Created] > 12 || entities[vendors.Skipped] == 0 || entities[vendors.Unknown] != 0 {
		t.Errorf("created %d, skipped %d, unknown %d; want about 10 created, the rest skipped, none unknown",
			entities[vendors.Created], entities[vendors.Skipped], entities[vendors.Unknown])
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestFeedThatChangesIsStale: a feed that is not what was checked is not called done.
func TestFeedThatChangesIsStale(t *testing.T) {
	tab := readTable(t, season)
	path := tab.write(t, filepath.Join(t.TempDir(), "season.csv"))
	server := newSandbox(t, sandbox.Options{})
	job := newJob(t, path, products, "")
	connect(job, server, 2)
	next := job.Client.HTTP.Transport
	var once atomic.Bool
	job.Client.HTTP.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
		if !once.Swap(true) {
			file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
			if err != nil {
				return nil, err
			}
			fmt.Fprintln(file, "more,rows")
			if err := file.Close(); err != nil {
				return nil, err
			}
		}
		return next.RoundTrip(r)
	})
	result, err := pipeline.Import(context.Background(), job)
	if !isA[*pipeline.StaleError](err) {
		t.Fatalf("Import = %v, want a StaleError", err)
	}
	if result != nil {
		result.Close()
	}
}

// TestVendorsCodeThatPanics is an internal error that names the entity, not a crash.
func TestVendorsCodeThatPanics(t *testing.T) {
	job := newJob(t, season, products, "")
	broken := *job.Resource
	broken.Encode = func(*vendors.Entity) any { panic("oops") }
	job.Resource = &broken
	_, err := pipeline.Check(context.Background(), job)
	if !isA[*pipeline.InternalError](err) || !strings.Contains(err.Error(), "oops") {
		t.Errorf("Check = %v, want an internal error", err)
	}
}

// TestWorkersDoNotChangeTheReport: findings and examples are the same at any number of workers.
// TestVendorsCodeThatPanicsWhileSending ends the run with an internal error and a report, not the program with
// Go's exit code 2, which says that the rest of the feed is in.
func TestVendorsCodeThatPanicsWhileSending(t *testing.T) {
	for name, test := range map[string]struct {
		spoil func(*vendors.Resource)
		want  vendors.Outcome
	}{
		"before anything left": {func(r *vendors.Resource) {
			r.Upload = func(context.Context, *vendors.Client, vendors.Upload) error { panic("oops") }
		}, vendors.Skipped},
		"at the answer": {func(r *vendors.Resource) {
			upload := r.Upload
			r.Upload = func(ctx context.Context, client *vendors.Client, u vendors.Upload) error {
				if err := upload(ctx, client, u); err != nil {
					return err
				}
				panic("oops")
			}
		}, vendors.Unknown},
	} {
		job := newJob(t, season, products, "")
		broken := *job.Resource
		test.spoil(&broken)
		job.Resource = &broken
		connect(job, newSandbox(t, sandbox.Options{}), 1)
		result, err := pipeline.Import(t.Context(), job)
		if !isA[*pipeline.InternalError](err) || !strings.Contains(err.Error(), "oops") || result == nil {
			t.Fatalf("%s: Import = %v, want an internal error and a result", name, err)
		}
		if counts := settled(t, result).Summary.Counts.Entities; counts[test.want] == 0 || counts[vendors.Created] != 0 {
			t.Errorf("%s: %v, want %v", name, counts, test.want)
		}
	}
}

func TestWorkersDoNotChangeTheReport(t *testing.T) {
	one, _ := load(t, season, 1)
	many, _ := load(t, season, 16)
	if diff := cmp.Diff(findings(t, one), findings(t, many)); diff != "" {
		t.Errorf("findings (-1 worker +16):\n%s", diff)
	}
	if diff := cmp.Diff(one.Summary.Rules, many.Summary.Rules); diff != "" {
		t.Errorf("rules (-1 worker +16):\n%s", diff)
	}
}

// TestAnyFeedIsAccountedFor loads random feeds full of mistakes: whatever they hold, the run
// balances, the sandbox has just the products that were reported as created, each with all its
// rows, and every other row is among the rejects with a reason.
func TestAnyFeedIsAccountedFor(t *testing.T) {
	cell := func(values ...string) *rapid.Generator[string] { return rapid.SampledFrom(values) }
	columns := []struct {
		name  string
		cells *rapid.Generator[string]
	}{
		{"product_id", cell("A", "B", "C", "D", "E", "", "#N/A", " A ", "ü/1")},
		{"display_name", cell("Dress", "Dress", "", "Shirt")},
		{"barcode", cell("1", "2", "3", "4", "5", "6", "7", "8", "5,06E+12", "")},
		{"color_or_pattern_name", cell("Poppy", "Night", "Sand")},
		{"colors", cell("RED", "RED|BLUE", "NAVY", "")},
		{"size_type", cell("CategoricalSize", "", "JeansSize", "shoes")},
		{"size", cell("S", "M", "32", "W32L34", "XXM", "")},
		{"tag.CATEGORY", cell("", "", "dress", "jeans", "Dress")},
		{"image_1.orientation", cell("", "", "", "FRONT")},
	}
	rapid.Check(t, func(r *rapid.T) {
		tab := table{}
		for _, column := range columns {
			tab.columns = append(tab.columns, column.name)
		}
		for range rapid.IntRange(0, 30).Draw(r, "rows") {
			var row []string
			for _, column := range columns {
				row = append(row, column.cells.Draw(r, column.name))
			}
			tab.rows = append(tab.rows, row)
		}
		result, server := load(t, tab.write(t, filepath.Join(t.TempDir(), "feed.csv")), 3)
		rowsOf := make(map[string]int)
		for _, row := range tab.rows {
			rowsOf[strings.TrimSpace(row[0])]++
		}
		entities, err := server.Stored(products)
		if err != nil {
			r.Fatal(err)
		}
		loaded := 0
		for _, e := range entities {
			if n := strings.Count(string(e.Body), `"barcode"`); n != rowsOf[e.ID] {
				r.Fatalf("%s has %d variants at the vendor and %d rows in the feed", e.ID, n, rowsOf[e.ID])
			}
			loaded += rowsOf[e.ID]
		}
		counts := result.Summary.Counts
		if int64(loaded) != counts.Rows[vendors.Created] || int64(len(entities)) != counts.Entities[vendors.Created] {
			r.Fatalf("%d rows of %d products are at the vendor, reported %d of %d", loaded, len(entities),
				counts.Rows[vendors.Created], counts.Entities[vendors.Created])
		}
		rejects := 0
		for reject, err := range result.Collector.Rejects() {
			if err != nil || reject.Reason == "" {
				r.Fatalf("reject of row %d has no reason: %v", reject.Row, err)
			}
			rejects++
		}
		if loaded+rejects != int(result.Summary.RowsIn) {
			r.Fatalf("%d rows loaded and %d rejects of %d", loaded, rejects, result.Summary.RowsIn)
		}
		if n := counts.Rows[vendors.Refused]; n != 0 {
			r.Fatalf("the vendor refused %d rows that our rules let pass:\n%s", n, summaryText(t, result.Summary))
		}
	})
}
