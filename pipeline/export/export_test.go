package export_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/pipeline"
	"bulkload/pipeline/export"
	"bulkload/pipeline/send"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// newShop is a vendor with three pages of 40 things, whose failure, when there is one, is the answer
// instead of the third page.
func newShop() (m *market, asked *[]string, failure *error) {
	asked, failure = new([]string), new(error)
	var pages [][]string
	for i := range 3 {
		var page []string
		for n := range 40 {
			page = append(page, fmt.Sprintf("P%d price=%d.50 prop.note=%q", (i*40+n)*77%120, n, strings.Repeat("x", n)))
		}
		pages = append(pages, page)
	}
	vendor, resource := made(pages...)
	all := resource.Pages
	resource.Pages = func(ctx context.Context, client *vendors.Client, ask vendors.Listing) iter.Seq2[vendors.Page, error] {
		return func(yield func(vendors.Page, error) bool) {
			from, skipped := ask.Cursor, ask.Cursor == ""
			for page, err := range all(ctx, client, ask) {
				if !skipped {
					skipped = page.Next == from
					continue
				}
				if page.Next == "" && *failure != nil {
					page, err = vendors.Page{}, *failure
				}
				*asked = append(*asked, from)
				if from = page.Next; !yield(page, err) || err != nil {
					return
				}
			}
		}
	}
	return &market{vendor: vendor, resource: resource}, asked, failure
}

// interruptAt stops a job when so many entities have come.
func interruptAt(entities int64) func(*export.Job) {
	return func(job *export.Job) {
		stop := make(chan struct{})
		stopped := false
		job.Stop = stop
		job.Progress = func(p pipeline.Progress) {
			if p.Stage == "listing" && p.Done >= entities && !stopped {
				stopped = true
				close(stop)
			}
		}
	}
}

func content(t checker, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return text
}

func onlyFiles(t checker, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatalf("%v", err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got)\n%s", diff)
	}
}

// TestResume cuts an export after its second page, takes away more of what it kept, at any byte, and
// goes on: no page is asked for twice, and the file is that of an export that was never cut.
func TestResume(t *testing.T) {
	m, asked, _ := newShop()
	whole := filepath.Join(t.TempDir(), "catalogue.csv")
	uncut := m.export(t, whole)
	if uncut.Manifest.Pages != 3 || uncut.Manifest.Entities != 120 || uncut.Manifest.Rows != 120 {
		t.Fatalf("%+v", uncut.Manifest)
	}
	onlyFiles(t, filepath.Dir(whole), "catalogue.csv", "catalogue.csv.manifest.json")
	path := filepath.Join(t.TempDir(), "catalogue.csv")
	if _, err := export.Run(context.Background(), m.job(path, interruptAt(80))); !errors.Is(err, pipeline.ErrInterrupted) {
		t.Fatalf("error %v", err)
	}
	onlyFiles(t, filepath.Dir(path), "catalogue.csv.part")
	spool := content(t, export.SpoolPath(path))
	pageEnds := [3]int{bytes.IndexByte(spool, '\n') + 1, 0, len(spool)}
	for _, line := range bytes.SplitAfter(spool, []byte("\n"))[:42] {
		pageEnds[1] += len(line)
	}
	setChecks(t, 30)
	rapid.Check(t, func(t *rapid.T) {
		kept := rapid.OneOf(rapid.IntRange(0, len(spool)), rapid.SampledFrom(pageEnds[:])).Draw(t, "kept")
		pages := int64(0)
		for _, end := range pageEnds[1:] {
			if kept >= end {
				pages++
			}
		}
		if err := os.WriteFile(export.SpoolPath(path), spool[:kept], 0o600); err != nil {
			t.Fatal(err)
		}
		*asked = nil
		result := m.export(t, path)
		if len(*asked) != 3-int(pages) || result.Resumed != pages {
			t.Fatalf("%d pages were asked for and %d kept, want %d: %q", len(*asked), result.Resumed, pages, *asked)
		}
		if !bytes.Equal(content(t, whole), content(t, path)) || result.Manifest.Catalogue != uncut.Manifest.Catalogue {
			t.Fatal("the file is not that of an export that was never cut")
		}
		onlyFiles(t, filepath.Dir(path), "catalogue.csv", "catalogue.csv.manifest.json")
	})
}

func TestSpoolsThatCannotBeGoneOnWith(t *testing.T) {
	m, _, _ := newShop()
	for _, test := range []struct {
		name   string
		change func(*testing.T, string)
		job    func(*export.Job)
		want   string
	}{
		{name: "a damaged page", want: "page 1 is damaged", change: func(t *testing.T, path string) {
			text := content(t, path)
			text[bytes.Index(text, []byte("price"))] = 'P'
			if err := os.WriteFile(path, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "another account", want: "not what is asked for now", job: func(j *export.Job) { j.Account = "other" }},
		{name: "other keys", want: "not what is asked for now", job: func(j *export.Job) { j.Ask = "keys" }},
		{name: "something else", want: "not an export", change: func(t *testing.T, path string) {
			if err := os.WriteFile(path, []byte("hello\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "c.ndjson")
			_, err := export.Run(context.Background(), m.job(path, interruptAt(1)))
			if !errors.Is(err, pipeline.ErrInterrupted) || !strings.Contains(err.Error(), "1 page is kept in "+export.SpoolPath(path)+": the same command goes on") {
				t.Fatal(err)
			}
			if test.change != nil {
				test.change(t, export.SpoolPath(path))
			}
			job := m.job(path)
			if test.job != nil {
				test.job(job)
			}
			before := content(t, export.SpoolPath(path))
			var spoilt *export.SpoolError
			if _, err := export.Run(context.Background(), job); !errors.As(err, &spoilt) || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "--fresh") {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if after, err := os.ReadFile(export.SpoolPath(path)); !bytes.Equal(before, after) {
				t.Errorf("what was not gone on with is %q, %v, want it as it was", after, err)
			}
			job.Fresh = true
			result, err := export.Run(context.Background(), job)
			if err != nil || result.Resumed != 0 || result.Manifest.Entities != 120 {
				t.Errorf("begun anew: %+v, %v", result, err)
			}
			onlyFiles(t, filepath.Dir(path), "c.ndjson", "c.ndjson.manifest.json")
		})
	}
}

func TestTwoExportsToOneFile(t *testing.T) {
	m, _, _ := newShop()
	path := filepath.Join(t.TempDir(), "c.csv")
	var second error
	m.export(t, path, func(j *export.Job) {
		j.Progress = func(pipeline.Progress) {
			if second == nil {
				_, second = export.Run(context.Background(), m.job(path))
			}
		}
	})
	var busy *export.BusyError
	if !errors.As(second, &busy) || !strings.Contains(second.Error(), "another process") {
		t.Errorf("the second export: %v", second)
	}
}

func TestFailuresAreTold(t *testing.T) {
	m, _, failure := newShop()
	for _, test := range []struct{ answer, want error }{
		{&vendors.APIError{Status: 401}, send.ErrUnauthorised},
		{&vendors.APIError{Status: 503}, send.ErrUnreachable},
		{&vendors.TransportError{Err: io.ErrUnexpectedEOF}, send.ErrUnreachable},
		{&vendors.APIError{Status: 400}, &vendors.APIError{}},
	} {
		path := filepath.Join(t.TempDir(), "c.csv")
		*failure = test.answer
		_, err := export.Run(context.Background(), m.job(path))
		refused := new(vendors.APIError)
		if !errors.Is(err, test.want) && !(errors.As(test.want, &refused) && errors.As(err, &refused)) || !strings.Contains(err.Error(), "2 pages are kept") {
			t.Errorf("after %v: %v", test.answer, err)
		}
		*failure = nil
		if result := m.export(t, path); result.Resumed != 2 || result.Manifest.Entities != 120 {
			t.Errorf("after %v it goes on behind %d pages to %d entities", test.answer, result.Resumed, result.Manifest.Entities)
		}
	}
}

func TestStandardOutput(t *testing.T) {
	m, _, _ := newShop()
	var out bytes.Buffer
	t.Chdir(t.TempDir())
	result := m.export(t, "-", func(j *export.Job) { j.Stdout = &out })
	onlyFiles(t, ".")
	if lines := strings.Count(out.String(), "\n"); lines != 121 || result.Manifest.Rows != 120 || !strings.HasPrefix(out.String(), "id,") {
		t.Errorf("%d lines of %d rows: %s", lines, result.Manifest.Rows, out.String())
	}
}

func TestAnOldFileStaysUntilTheNewOneIsWhole(t *testing.T) {
	m, _, _ := newShop()
	path := filepath.Join(t.TempDir(), "c.csv")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := export.Run(context.Background(), m.job(path, interruptAt(1))); !errors.Is(err, pipeline.ErrInterrupted) {
		t.Fatal(err)
	}
	if got := content(t, path); string(got) != "old" {
		t.Errorf("the old file is now %q", got)
	}
}

// fields are those of a resource with families, read-only fields and one that cannot be sent.
var fields = schema.Schema{{Name: "id", Required: true}, {Name: "old", Forbidden: "not any more"}, {Name: "prop.{name}"},
	{Name: "image_{n}"}, {Name: "image_{n}.side"}, {Name: "price", Type: schema.Decimal}, {Name: "seen", ReadOnly: true}}

// made is a resource whose vendor answers with these pages.
func made(pages ...[]string) (*vendors.Vendor, *vendors.Resource) {
	r := &vendors.Resource{Name: "things", Noun: vendors.Noun{One: "thing", Many: "things"}, Key: "id", Schema: fields}
	r.Pages = func(context.Context, *vendors.Client, vendors.Listing) iter.Seq2[vendors.Page, error] {
		return func(yield func(vendors.Page, error) bool) {
			for i, texts := range pages {
				page := vendors.Page{}
				for _, text := range texts {
					key, _, _ := strings.Cut(text, " ")
					page.Entities = append(page.Entities, vendors.Stored{Key: key, Body: []byte(fmt.Sprintf("%q", text))})
				}
				if i+1 < len(pages) {
					page.Next = fmt.Sprint("page ", i+1)
				}
				if !yield(page, nil) {
					return
				}
			}
		}
	}
	r.Decode = func(body []byte) ([]map[string]string, error) {
		row := make(map[string]string)
		for i, cell := range strings.Split(strings.Trim(string(body), `"`), " ") {
			if name, value, ok := strings.Cut(cell, "="); ok {
				row[name] = value
			} else if i == 0 {
				row["id"] = cell
			}
		}
		return []map[string]string{row}, nil
	}
	r.Canonical = func(body []byte) ([]byte, error) { return body, nil }
	return &vendors.Vendor{Name: "shop"}, r
}

func TestWhatMoves(t *testing.T) {
	vendor, resource := made([]string{"c price=1", "a price=1"}, []string{"c price=2", "b"}, []string{"a price=3"})
	path := filepath.Join(t.TempDir(), "c.csv")
	m := &market{vendor: vendor, resource: resource}
	result := m.export(t, path)
	if result.Twice != 2 || result.Manifest.Entities != 3 || result.Manifest.Rows != 3 {
		t.Errorf("%d twice, %d entities, %d rows", result.Twice, result.Manifest.Entities, result.Manifest.Rows)
	}
	if got, want := string(content(t, path)), "\ufeffid,price,seen\na,3,\nb,,\nc,2,\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestColumns(t *testing.T) {
	vendor, resource := made([]string{"a image_2.side=L other.x=1 prop.b=1 seen=1", "b image_10=u image_2=v old=1 prop.a=1 image_1.side=R"})
	path := filepath.Join(t.TempDir(), "c.csv")
	result := (&market{vendor: vendor, resource: resource}).export(t, path)
	var got []string
	for _, column := range result.Manifest.Columns {
		got = append(got, fmt.Sprintf("%s %v %v %v", column.Name, column.ReadOnly, column.Unknown, column.Number))
	}
	want := []string{"id false false false", "old false false false", "prop.a false false false", "prop.b false false false",
		"image_1.side false false false", "image_2 false false false", "image_2.side false false false", "image_10 false false false",
		"price false false true", "seen true false false", "other.x false true false"}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if !slices.Equal(result.Unknown, []string{"other.x"}) {
		t.Errorf("unknown %q", result.Unknown)
	}
	verdict, err := snapshot.Verify(context.Background(), path, "")
	if err != nil || !verdict.Same() {
		t.Errorf("%v, %v", verdict, err)
	}
}

func TestRowsOfAnotherEntity(t *testing.T) {
	vendor, resource := made([]string{"a id=b"})
	path := filepath.Join(t.TempDir(), "c.csv")
	var internal *pipeline.InternalError
	if _, err := export.Run(context.Background(), (&market{vendor: vendor, resource: resource}).job(path)); !errors.As(err, &internal) {
		t.Errorf("error %v", err)
	}
	onlyFiles(t, filepath.Dir(path), "c.csv.part")
}

func TestWhatCannotBeExported(t *testing.T) {
	vendor, resource := made(nil)
	m := &market{vendor: vendor, resource: resource}
	if _, err := export.Run(context.Background(), m.job(filepath.Join(t.TempDir(), "c.doc"))); err == nil || !strings.Contains(err.Error(), ".xlsx") {
		t.Errorf("an unknown ending: %v", err)
	}
	resource.Pages = nil
	if _, err := export.Run(context.Background(), m.job("c.csv")); err == nil || !strings.Contains(err.Error(), "shop/things") {
		t.Errorf("no pages: %v", err)
	}
}
