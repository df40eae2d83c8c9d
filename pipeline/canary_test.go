package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bulkload/internal/canary"
	"bulkload/pipeline"
	"bulkload/pipeline/report"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// planted is the token of every import of these tests. No result may show it.
var planted = canary.New("token")

// written is all that a run writes down of its result.
func written(t *testing.T, result *pipeline.Result) []byte {
	t.Helper()
	var all bytes.Buffer
	manifest, err := result.Summary.MarshalManifest(0)
	if err != nil {
		t.Fatal(err)
	}
	all.Write(manifest)
	events := report.NewEvents(&all, time.Now)
	if err := events.Problems(result.Collector); err != nil {
		t.Fatal(err)
	}
	if err := events.Summary(result.Summary, 0); err != nil {
		t.Fatal(err)
	}
	for reject, err := range result.Collector.Rejects() {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&all, "%s %q\n", reject.Reason, reject.Cells)
	}
	if err := result.Summary.WriteText(&all, 0); err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

// noSecrets looks for the token in all that is written down of a result.
func noSecrets(t *testing.T, result *pipeline.Result) {
	t.Helper()
	if encoding := planted.In(written(t, result)); encoding != "" {
		t.Errorf("the account's token is written down, as %s", encoding)
	}
}

// TestTheVendorRepeatsTheToken imports into a vendor that puts the token into every refusal.
func TestTheVendorRepeatsTheToken(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusServiceUnavailable} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.Method == http.MethodGet {
				fmt.Fprint(w, `{"items": []}`)
				return
			}
			authorization := r.Header.Get("Authorization")
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(map[string]string{"code": authorization, "message": "no, said " + authorization})
		}))
		job := newJob(t, season, products, "")
		connect(job, newSandbox(t, sandbox.Options{}), 2)
		job.Retry.Attempts = 1
		job.Client.Account.BaseURL = server.URL
		result, err := pipeline.Import(t.Context(), job)
		server.Close()
		if result == nil {
			t.Fatalf("%d: Import = %v", status, err)
		}
		settled(t, result)
		if got := string(written(t, result)); !strings.Contains(got, "no, said ***") {
			t.Errorf("%d: the vendor's words are gone", status)
		}
		if err != nil && planted.In([]byte(err.Error())) != "" {
			t.Errorf("%d: the error shows the token", status)
		}
	}
}

// TestSecretsAreFound leaves the token in a result in each place that takes words from outside.
func TestSecretsAreFound(t *testing.T) {
	leaks := map[string]func(*pipeline.Result){
		"why it stopped": func(r *pipeline.Result) { r.Summary.Stopped = "no, " + planted.Text() },
		"account":        func(r *pipeline.Result) { r.Summary.Account = planted.Text() },
		"finding": func(r *pipeline.Result) {
			add(t, r, report.Event{Findings: []report.Finding{{Message: "no, " + planted.Text()}}})
		},
		"vendor's words": func(r *pipeline.Result) {
			add(t, r, report.Event{Outcome: vendors.Refused, Findings: []report.Finding{{VendorMessage: planted.Text()}}})
		},
	}
	for name, leak := range leaks {
		result := checked(t, newJob(t, season, products, ""))
		leak(result)
		if planted.In(written(t, result)) == "" {
			t.Errorf("%s: a token that was left there is not found", name)
		}
	}
}

func add(t *testing.T, r *pipeline.Result, e report.Event) {
	t.Helper()
	if err := r.Collector.Add(e); err != nil {
		t.Fatal(err)
	}
}
