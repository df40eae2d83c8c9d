package fashiontrade

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// storedKeys lists the keys of all that the vendor has of a resource.
func storedKeys(t *testing.T, client *vendors.Client, resource *vendors.Resource, owners ...string) []string {
	t.Helper()
	ask := vendors.Listing{}
	if len(owners) > 0 {
		ask.Keys = func(yield func(string, error) bool) {
			for _, owner := range owners {
				if !yield(owner, nil) {
					return
				}
			}
		}
	}
	var keys []string
	for page, err := range resource.Pages(context.Background(), client, ask) {
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entities {
			keys = append(keys, e.Key)
		}
	}
	slices.Sort(keys)
	return keys
}

// TestDeletions stores two entities of every resource, deletes one of them, twice, and then all.
func TestDeletions(t *testing.T) {
	for _, test := range []struct {
		resource *vendors.Resource
		keys     [2]string // of the entities
		names    [2]vendors.Deletion
		owners   []string
	}{
		{Products, [2]string{"a/b ?", ".."}, [2]vendors.Deletion{{Key: "a/b ?"}, {Key: ".."}}, nil},
		{ProductsV1, [2]string{"A", "B"}, [2]vendors.Deletion{{Key: "A"}, {Key: "B"}}, nil},
		{Prepacks, [2]string{"A", "B"}, [2]vendors.Deletion{{Key: "A"}, {Key: "B"}}, nil},
		{PriceLists, [2]string{"A", "B"}, [2]vendors.Deletion{{Key: "A"}, {Key: "B"}}, nil},
		{PrepackPriceLists, [2]string{"A", "B"}, [2]vendors.Deletion{{Key: "A"}, {Key: "B"}}, nil},
		{ProductStock, [2]string{"P|a/b", "P|c"}, [2]vendors.Deletion{{Key: "P", Part: "a/b"}, {Key: "P", Part: "c"}}, []string{"P"}},
		{ProductStockV1, [2]string{"P|a", "Q|a"}, [2]vendors.Deletion{{Key: "P", Part: "a"}, {Key: "Q", Part: "a"}}, []string{"P", "Q"}},
		{ProductStock.Replace, [2]string{"P", "Q"}, [2]vendors.Deletion{{Key: "P"}, {Key: "Q"}}, []string{"P", "Q"}},
		{ProductStockV1.Replace, [2]string{"P", "Q"}, [2]vendors.Deletion{{Key: "P"}, {Key: "Q"}}, []string{"P", "Q"}},
		{PrepackStock, [2]string{"K|a", "K|b"}, [2]vendors.Deletion{{Key: "K", Part: "a"}, {Key: "K", Part: "b"}}, []string{"K"}},
	} {
		t.Run(test.resource.Name+" "+test.resource.Version+" by "+test.resource.KeyFields("and"), func(t *testing.T) {
			client := sandboxClient(t)
			for _, name := range test.names {
				row := with(test.resource.Example[0], test.resource.Key, name.Key)
				if test.resource.Part != "" {
					row[test.resource.Part] = name.Part
				}
				e := encoded(t, test.resource, row)
				if err := put(client, test.resource, e); err != nil || e.Outcome != vendors.Created {
					t.Fatalf("%+v: %v, %v", name, err, e.Problems)
				}
			}
			if err := test.resource.Delete(context.Background(), client, test.names[0]); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{test.keys[1]}, storedKeys(t, client, test.resource, test.owners...)); diff != "" {
				t.Errorf("one deleted (-want +got)\n%s", diff)
			}
			var answer *vendors.APIError
			if err := test.resource.Delete(context.Background(), client, test.names[0]); !errors.As(err, &answer) || answer.Status != 404 {
				t.Errorf("deleted again: %v, want 404", err)
			}
			if err := test.resource.DeleteAll(context.Background(), client); err != nil {
				t.Fatal(err)
			}
			if got := storedKeys(t, client, test.resource, test.owners...); len(got) > 0 {
				t.Errorf("all deleted, but there are %q", got)
			}
		})
	}
}

func TestWhatTheDocumentDoesNotDelete(t *testing.T) {
	if PrepackStock.Replace.Delete != nil {
		t.Error("all stock of one prepack is deleted, but the document has no such call")
	}
	client := clientOf(t, &vendor{})
	for _, resource := range []*vendors.Resource{Products, ProductStock, PrepackStock, ProductStock.Replace} {
		for _, name := range []vendors.Deletion{{}, {Key: "P"}, {Part: "a"}} {
			if name.Key != "" && resource.Part == "" {
				continue // a whole name
			}
			var answer *vendors.APIError
			if err := resource.Delete(context.Background(), client, name); err == nil || errors.As(err, &answer) {
				t.Errorf("%s %+v: %v, want an error before anything is sent", resource.Name, name, err)
			}
		}
	}
}

// TestDeleteAllNamesTheDay sends the date as UTC has it, whatever the zone of the clock.
func TestDeleteAllNamesTheDay(t *testing.T) {
	server := &vendor{answers: []answer{{204, ""}}}
	client := clientOf(t, server)
	client.Now = func() time.Time { return time.Date(2026, 3, 1, 0, 30, 0, 0, time.FixedZone("CET", 3600)) }
	if err := Prepacks.DeleteAll(context.Background(), client); err != nil {
		t.Fatal(err)
	}
	if call := server.calls[0]; call.method != http.MethodDelete || call.target != "/pim/prepacks?current_date=2026-02-28" {
		t.Errorf("%s %s, want DELETE with the date of UTC", call.method, call.target)
	}
}

// TestVersionsAreExplained has the sandbox refuse what is of another version.
func TestVersionsAreExplained(t *testing.T) {
	faults, err := sandbox.ParseFaults("read-refuse:406@2,refuse@2")
	if err != nil {
		t.Fatal(err)
	}
	client := sandboxWith(t, sandbox.Options{Faults: faults})
	client.Explain = Vendor.Explain
	if err := put(client, Products, encoded(t, Products, Products.Example...)); err != nil {
		t.Fatal(err)
	}
	get := func(resource *vendors.Resource) error {
		for _, err := range resource.Known(context.Background(), client) {
			if err != nil {
				return err
			}
		}
		return nil
	}
	for _, test := range []struct {
		name string
		err  error
		want string // in the advice; empty: there is none
	}{
		{"an older version than stored", get(ProductsV1), "was stored in a newer version than 1"},
		{"a version that is not served", get(Products), "does not serve version 2 of its resource product; bulkload knows 1 and 2"},
		{"an entity that is refused", put(client, Products, encoded(t, Products, Products.Example...)), ""},
	} {
		var answer *vendors.APIError
		if !errors.As(test.err, &answer) {
			t.Fatalf("%s: %v", test.name, test.err)
		}
		if (answer.Advice == "") != (test.want == "") || !strings.Contains(test.err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, test.err, test.want)
		}
	}
}

func TestExplain(t *testing.T) {
	for _, test := range []struct {
		name     string
		method   string
		resource string
		version  string
		status   int
		message  string
		want     string
	}{
		{"migration on reading", "GET", "product_stock", "1", 400, "", "--api-version 2"},
		{"migration in words", "PATCH", "product_stock", "1", 400, "version 1 is older than 2", "--api-version 2"},
		{"a wrong body", "PATCH", "product_stock", "1", 400, "tags[0]: not in version 1", ""},
		{"a wrong page", "GET", "product", "2", 400, "next is empty", ""},
		{"newer than all we know", "GET", "product", "2", 400, "requested version is older than stored", "a newer bulkload is needed"},
		{"not served", "GET", "prepack", "1", 406, "", "bulkload knows only 1"},
		{"another refusal", "GET", "product", "1", 404, "version older", ""},
		{"an unknown resource", "GET", "hat", "1", 406, "", ""},
		{"an unknown version", "GET", "product", "9", 406, "", ""},
	} {
		request := vendors.Request{Method: test.method, Header: http.Header{"Accept": {"application/vnd.fashiontrade." + test.resource + "+json; version=" + test.version}}}
		got := explain(request, &vendors.APIError{Status: test.status, Message: test.message})
		if (got == "") != (test.want == "") || !strings.Contains(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if got := explain(vendors.Request{}, &vendors.APIError{Status: 406}); got != "" {
		t.Errorf("without a media type: %q", got)
	}
}
