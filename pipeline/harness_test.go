package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/pace"
	"bulkload/pipeline/report"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/all"
	"bulkload/vendors/sandbox"
)

// feeds is where the project's sample feeds are.
const feeds = "../testdata/feeds"

// resource finds a resource, or fails the test.
func resource(t *testing.T, name, version string) (*vendors.Vendor, *vendors.Resource) {
	t.Helper()
	vendor, resource, err := all.Find(name, version)
	if err != nil {
		t.Fatal(err)
	}
	return vendor, resource
}

// newJob opens a feed for a resource.
func newJob(t *testing.T, path, name, version string) *pipeline.Job {
	t.Helper()
	vendor, resource := resource(t, name, version)
	f, err := feed.Open(path, nil, formats.Options{Prefer: resource.Name})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &pipeline.Job{Feed: f, Vendor: vendor, Resource: resource, CheckWorkers: runtime.GOMAXPROCS(0), TempDir: t.TempDir()}
}

// newSandbox starts a sandbox.
func newSandbox(t *testing.T, o sandbox.Options) *sandbox.Server {
	t.Helper()
	server, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// connect points a job at a sandbox. Pauses between attempts are short.
func connect(job *pipeline.Job, server *sandbox.Server, workers int) {
	job.Counts = &send.Counts{}
	job.Retry = send.Retry{Attempts: 40, First: time.Millisecond, Longest: 5 * time.Millisecond,
		Random: func() float64 { return 1 }, Stop: job.Stop, Counts: job.Counts}
	job.Workers = workers
	slots, err := pace.New(pace.Options{Rate: math.Inf(1), Stop: job.Stop})
	if err != nil {
		panic(err) // nothing of it can fail in memory
	}
	account := &vendors.Account{Name: "test", BaseURL: server.BaseURL(job.Vendor.Name), Token: vendors.NewSecret(planted.Text()), Workers: workers, Timeout: 5 * time.Second}
	job.Client = &vendors.Client{Account: account, Authorize: job.Vendor.Authorize, Agent: "test", Now: time.Now, Pace: slots,
		HTTP:  &http.Client{Transport: send.Counting(&http.Transport{MaxIdleConnsPerHost: workers}, job.Counts)},
		Again: job.Retry.Again}
}

// imported runs an import that must come to its end.
func imported(t *testing.T, job *pipeline.Job) *pipeline.Result {
	t.Helper()
	result, err := pipeline.Import(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	return settled(t, result)
}

// checked runs a check that must come to its end.
func checked(t *testing.T, job *pipeline.Job) *pipeline.Result {
	t.Helper()
	result, err := pipeline.Check(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	return settled(t, result)
}

// settled makes sure that a result balances, and that it shows no secret.
func settled(t *testing.T, result *pipeline.Result) *pipeline.Result {
	t.Helper()
	t.Cleanup(func() { result.Close() })
	if err := result.Summary.Unbalanced(); err != nil {
		t.Fatal(err)
	}
	noSecrets(t, result)
	return result
}

// findings gives all findings of a result.
func findings(t *testing.T, result *pipeline.Result) []report.Finding {
	t.Helper()
	var list []report.Finding
	for finding, err := range result.Collector.Findings() {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, finding)
	}
	return list
}

// stored gives what a sandbox keeps of a resource, as one text of lines "id body".
func stored(t *testing.T, server *sandbox.Server, resource string) string {
	t.Helper()
	entities, err := server.Stored(resource)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, e := range entities {
		fmt.Fprintf(&text, "%s %s\n", e.ID, e.Body)
	}
	return text.String()
}

// table is a whole feed in memory, to be turned around and written again.
type table struct {
	columns []string
	rows    [][]string
}

// readTable reads a feed.
func readTable(t *testing.T, path string) table {
	t.Helper()
	f, err := feed.Open(path, nil, formats.Options{Prefer: "products"})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	reader, err := f.Read(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var got table
	for {
		block, err := reader.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range block.Len() {
			var row []string
			for j := range block.Row(i).Len() {
				row = append(row, string(block.Row(i).Cell(j)))
			}
			got.rows = append(got.rows, row)
		}
		block.Release()
	}
	got.columns = reader.Header().Names
	for i := range got.rows { // NDJSON may have met more columns later
		got.rows[i] = append(got.rows[i], make([]string, len(got.columns))...)[:len(got.columns)]
	}
	return got
}

// write writes the table as a feed of the format that the name's ending says.
func (tab table) write(t *testing.T, path string) string {
	t.Helper()
	var columns []formats.Column
	for _, name := range tab.columns {
		columns = append(columns, formats.Column{Name: name})
	}
	output, err := feed.Create(path, columns, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range tab.rows {
		cells := make([][]byte, len(row))
		for i, cell := range row {
			cells[i] = []byte(cell)
		}
		if err := output.Write(cells); err != nil {
			t.Fatal(err)
		}
	}
	if err := output.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// column is the index of a column of the table.
func (tab table) column(t *testing.T, name string) int {
	t.Helper()
	i := slices.Index(tab.columns, name)
	if i < 0 {
		t.Fatalf("the feed has no column %q", name)
	}
	return i
}

// writeRejects writes a result's rejects as a feed.
func writeRejects(t *testing.T, result *pipeline.Result, path string) {
	t.Helper()
	output, err := feed.Create(path, result.Collector.RejectColumns(result.Header, true), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := result.Collector.WriteRejects(output, result.Header); err != nil {
		t.Fatal(err)
	}
	if err := output.Close(); err != nil {
		t.Fatal(err)
	}
}

// writeText writes a small feed.
func writeText(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// summaryText is the summary for people, without what differs from run to run.
func summaryText(t *testing.T, s *report.Summary) string {
	t.Helper()
	var text bytes.Buffer
	if err := s.WriteText(&text, 0); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
