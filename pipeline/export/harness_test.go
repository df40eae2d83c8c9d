package export_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/export"
	"bulkload/pipeline/send"
	"bulkload/vendors"
	"bulkload/vendors/sandbox"
	"bulkload/vendors/schema"
)

// checker is a test, or a check of a property.
type checker interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// direct hands requests to a handler without a network. It counts those that write.
type direct struct {
	handler http.Handler
	writes  int
}

func (d *direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodGet {
		d.writes++
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	answer := httptest.NewRecorder()
	d.handler.ServeHTTP(answer, r)
	return answer.Result(), nil
}

// market is a vendor's stand-in with a client.
type market struct {
	vendor   *vendors.Vendor
	resource *vendors.Resource
	server   *sandbox.Server
	wire     *direct
	client   *vendors.Client
	keys     []string // the values of the key in what was put, by which is asked for what the vendor does not list
}

func newMarket(t checker, vendor *vendors.Vendor, resource *vendors.Resource) *market {
	t.Helper()
	server, err := sandbox.New(sandbox.Options{Now: func() time.Time { return time.Unix(1_790_000_000, 0) }})
	if err != nil {
		t.Fatalf("%v", err)
	}
	m := &market{vendor: vendor, resource: resource, server: server, wire: &direct{handler: server}}
	account := &vendors.Account{Name: "test", BaseURL: "http://sandbox" + server.BaseURL(vendor.Name), Token: vendors.NewSecret("secret"), Workers: 1}
	m.client = &vendors.Client{Account: account, Authorize: vendor.Authorize, Agent: "test", Now: time.Now,
		HTTP: &http.Client{Transport: m.wire}}
	return m
}

func (m *market) name() string { return m.vendor.Name + "/" + m.resource.Name }

// stored lists what the stand-in keeps, "id body" each, in the order of ids.
func (m *market) stored(t checker) []string {
	t.Helper()
	entities, err := m.server.Stored(m.name())
	if err != nil {
		t.Fatalf("%v", err)
	}
	var list []string
	for _, e := range entities {
		list = append(list, fmt.Sprintf("%s %s", e.ID, e.Body))
	}
	slices.Sort(list)
	return list
}

// put sends an entity's rows, when they keep the rules; else it says what breaks them.
func (m *market) put(rows []map[string]string) error {
	e, err := encode(m.resource, rows)
	if err != nil {
		return err
	}
	if m.resource.Amend != nil {
		if err := m.amend(e); err != nil {
			return err
		}
	}
	if err := m.resource.Upload(context.Background(), m.client, vendors.Upload{Entities: []*vendors.Entity{e}, Attempt: 1}); err != nil {
		return err
	}
	if e.Outcome != vendors.Created && e.Outcome != vendors.Updated {
		return fmt.Errorf("the entity was %s: %v", e.Outcome, e.Answer)
	}
	if key := rows[0][m.resource.Key]; !slices.Contains(m.keys, key) {
		m.keys = append(m.keys, key)
	}
	return nil
}

// amend turns an entity into what is sent of it to the stand-in, which has nothing of the kind yet.
func (m *market) amend(e *vendors.Entity) error {
	held := &vendors.Held{Account: m.client.Account, Find: func(string) (*vendors.Stored, error) { return nil, nil }}
	if m.resource.Prepare != nil {
		prepared, err := m.resource.Prepare(context.Background(), m.client)
		if err != nil {
			return err
		}
		held.Prepare = func() (any, error) { return prepared, nil }
	}
	amendment, err := m.resource.Amend(e, held)
	for _, p := range e.Problems {
		if p.Rule.Severity == schema.Error {
			return fmt.Errorf("%s %q: %s", p.Field, p.Value, p.Text())
		}
	}
	if err != nil {
		return err
	}
	return e.Amended(amendment)
}

// shown lists what the stand-in has as rows, without what it makes by itself: read-only fields, and the names that
// it gives.
func (m *market) shown(t checker, names []string) []string {
	t.Helper()
	var list []string
	for page, err := range m.resource.Pages(context.Background(), m.client, vendors.Listing{}) {
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, stored := range page.Entities {
			rows, err := m.resource.Decode(stored.Body)
			if err != nil {
				t.Fatalf("%v", err)
			}
			for _, row := range rows {
				maps.DeleteFunc(row, func(name, _ string) bool {
					field, _ := m.resource.Schema.Find(name)
					return field != nil && field.ReadOnly || slices.Contains(names, name)
				})
			}
			list = append(list, fmt.Sprintf("%q", rows))
		}
	}
	slices.Sort(list)
	return list
}

// encode makes the entity of rows as the pipeline does.
func encode(resource *vendors.Resource, rows []map[string]string) (*vendors.Entity, error) {
	names := make(map[string]bool)
	for _, row := range rows {
		for name := range row {
			names[name] = true
		}
	}
	var columns []schema.Column
	for _, name := range slices.Sorted(maps.Keys(names)) {
		field, param := resource.Schema.Find(name)
		if field == nil {
			return nil, fmt.Errorf("there is no field %q", name)
		}
		columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: len(columns)})
	}
	layout := schema.NewLayout(resource.Schema, columns)
	e := &vendors.Entity{Key: rows[0][resource.Key]}
	if resource.Part != "" {
		e.Key = vendors.PartKey(e.Key, rows[0][resource.Part])
	}
	for i, row := range rows {
		record := schema.Record{Layout: layout, Bad: make([]bool, len(columns))}
		for _, column := range columns {
			record.Values = append(record.Values, []byte(row[column.Name]))
		}
		e.Problems = record.Check(i, e.Problems)
		e.Records = append(e.Records, record)
	}
	e.Problems = schema.CheckShared(e.Records, e.Problems)
	value := resource.Encode(e)
	for _, p := range e.Problems {
		if p.Rule.Severity == schema.Error {
			return nil, fmt.Errorf("%s %q: %s", p.Field, p.Value, p.Text())
		}
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // as the pipeline does
	err := encoder.Encode(value)
	e.Body = bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	e.Hash = vendors.HashOf(e.Body)
	return e, err
}

// export exports into a file of the folder.
func (m *market) export(t checker, path string, change ...func(*export.Job)) *export.Result {
	t.Helper()
	result, err := export.Run(context.Background(), m.job(path, change...))
	if err != nil {
		t.Fatalf("%v", err)
	}
	return result
}

func (m *market) job(path string, change ...func(*export.Job)) *export.Job {
	clock := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	job := &export.Job{Vendor: m.vendor, Resource: m.resource, Client: m.client, Account: "test", Path: path, Stdout: io.Discard,
		Now: func() time.Time { clock = clock.Add(time.Second); return clock }}
	if m.resource.Unlisted {
		job.Listing.Keys = func(yield func(string, error) bool) {
			for _, key := range m.keys {
				if !yield(key, nil) {
					return
				}
			}
		}
	}
	for _, c := range change {
		c(job)
	}
	return job
}

// load imports a file. With compare, what is there as it is is left alone.
func (m *market) load(t checker, path string, compare bool) *pipeline.Result {
	t.Helper()
	f, err := feed.Open(path, nil, formats.Options{Prefer: m.resource.Name})
	if err != nil {
		t.Fatalf("%v", err)
	}
	defer f.Close()
	job := &pipeline.Job{Feed: f, Vendor: m.vendor, Resource: m.resource, Client: m.client, CheckWorkers: 1, Workers: 1,
		Counts: &send.Counts{}, Compare: compare || m.resource.Amend != nil, Retry: send.Retry{Attempts: 1, First: time.Millisecond, Longest: time.Millisecond,
			Random: func() float64 { return 1 }, Counts: &send.Counts{}}}
	result, err := pipeline.Import(context.Background(), job)
	if err != nil {
		t.Fatalf("import %s: %v\n%s", path, err, contentOf(path))
	}
	if err := cmp.Or(result.Summary.Unbalanced(), result.Close()); err != nil {
		t.Fatalf("%v", err)
	}
	return result
}

// contentOf shows a text file in messages.
func contentOf(path string) string {
	text, err := os.ReadFile(path)
	if err != nil || strings.Contains(filepath.Base(path), "xlsx") || strings.Contains(filepath.Base(path), "parquet") {
		return path
	}
	return string(text)
}
