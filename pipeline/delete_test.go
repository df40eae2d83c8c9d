package pipeline_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/pipeline"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/all"
	"bulkload/vendors/sandbox"
)

// deletions is a feed of names: one twice and apart, one unknown, one row without any.
const deletions = "Style no;display_name;price\n2210-103;a;#REF!\nnobody;b;1\n2210-108;c;1\n;d;1\n2210-103;e;1\n"

func writeFeed(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gone.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// filled is a sandbox that holds the products of the season.
func filled(t *testing.T, o sandbox.Options) *sandbox.Server {
	t.Helper()
	server := newSandbox(t, o)
	job := newJob(t, filepath.Join(feeds, "fashiontrade", "ss22-womenswear.xlsx"), "fashiontrade/products", "")
	connect(job, server, 4)
	imported(t, job)
	return server
}

func productsIn(t *testing.T, server *sandbox.Server) []string {
	t.Helper()
	stored, err := server.Stored("fashiontrade/products")
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range stored {
		ids = append(ids, e.ID)
	}
	return ids
}

// TestDelete deletes under faults after which nobody knows what became of a call.
func TestDelete(t *testing.T) {
	faults, err := sandbox.ParseFaults("drop-after@42,503%10,drop-before%10,read-503%10")
	if err != nil {
		t.Fatal(err)
	}
	server := filled(t, sandbox.Options{Faults: faults})
	before := productsIn(t, server)
	job := newJob(t, writeFeed(t, deletions), "fashiontrade/products", "")
	connect(job, server, 2)
	named, release, err := job.Named(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	var kept []string
	for page, err := range named.Pages(context.Background(), job.Client, vendors.Listing{}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entities {
			kept = append(kept, e.Key)
		}
	}
	slices.Sort(kept)
	if diff := cmp.Diff([]string{"2210-103", "2210-108"}, slices.Compact(kept)); diff != "" {
		t.Errorf("what the feed names (-want +got)\n%s", diff)
	}
	result, err := pipeline.Delete(context.Background(), job)
	if err != nil {
		t.Fatal(err)
	}
	settled(t, result)
	counts := &result.Summary.Counts.Rows
	if gone := counts[vendors.Updated] + counts[vendors.Unchanged]; gone != 4 || counts[vendors.Rejected] != 1 || counts[vendors.Updated] < 3 {
		t.Errorf("%s, want 4 rows deleted or not there and 1 rejected", result.Summary.Balance())
	}
	left := slices.DeleteFunc(before, func(id string) bool { return id == "2210-103" || id == "2210-108" })
	if diff := cmp.Diff(left, productsIn(t, server)); diff != "" {
		t.Errorf("what is left (-want +got)\n%s", diff)
	}
}

// TestDeleteAtAWrongAddress does not take a server that knows nothing for a vendor who has nothing.
func TestDeleteAtAWrongAddress(t *testing.T) {
	server := newSandbox(t, sandbox.Options{})
	job := newJob(t, writeFeed(t, deletions), "fashiontrade/products", "")
	connect(job, server, 1)
	job.Client.Account.BaseURL += "/nowhere"
	var answer *vendors.APIError
	if _, err := pipeline.Delete(context.Background(), job); !errors.As(err, &answer) || answer.Status != 404 {
		t.Errorf("%v, want the 404 of the first call", err)
	}
}

func TestDeleteAll(t *testing.T) {
	for faults, want := range map[string]error{"": nil, "drop-after@42": nil, "503@42": nil, "unauthorized@42+": send.ErrUnauthorised, "503@42+": send.ErrUnreachable} {
		parsed, err := sandbox.ParseFaults(faults)
		if err != nil {
			t.Fatal(err)
		}
		server := filled(t, sandbox.Options{Faults: parsed})
		job := newJob(t, writeFeed(t, deletions), "fashiontrade/products", "")
		connect(job, server, 1)
		job.Retry.Attempts = 3
		before, countErr := pipeline.Count(context.Background(), job)
		err = pipeline.DeleteAll(context.Background(), job)
		left := len(productsIn(t, server))
		if countErr != nil || before != 41 || !errors.Is(err, want) || (err == nil) != (left == 0) {
			t.Errorf("%q: %v with %d of %d left (%v), want %v", faults, err, left, before, countErr, want)
		}
	}
}

// TestKeysMeanTheSame makes sure that a column which names an entity in an import does so in a deletion,
// and that none does which means something else there.
func TestKeysMeanTheSame(t *testing.T) {
	fold := func(name string) string {
		return strings.NewReplacer(" ", "", "_", "", "-", "", ".", "").Replace(strings.ToLower(name))
	}
	for _, vendor := range all.Vendors {
		for _, r := range vendor.Resources {
			if r.Delete == nil {
				continue
			}
			for _, field := range r.Schema {
				if field.Name == r.Key || field.Name == r.Part {
					continue
				}
				for _, key := range r.Schema {
					named := func(synonym string) bool { return fold(synonym) == fold(field.Name) }
					if (key.Name == r.Key || key.Name == r.Part) && slices.ContainsFunc(key.Synonyms, named) {
						t.Errorf("%s/%s: the field %s is also called as %s is", vendor.Name, r.Name, key.Name, field.Name)
					}
				}
			}
		}
	}
}
