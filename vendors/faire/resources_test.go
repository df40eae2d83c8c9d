package faire

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
	"bulkload/vendors/schema"
)

// cells is a feed's row: full names of fields and their text.
type cells = map[string]string

// entityOf makes the entity of rows, whose columns are all fields that any row has, as the pipeline does.
func entityOf(resource *vendors.Resource, rows ...cells) (*vendors.Entity, error) {
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
			return nil, fmt.Errorf("the schema has no field %q", name)
		}
		columns = append(columns, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: len(columns)})
	}
	layout := schema.NewLayout(resource.Schema, columns)
	e := &vendors.Entity{Key: keyOf(resource, rows[0])}
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
	if !e.Sound() {
		if value != nil {
			return nil, fmt.Errorf("Encode of a faulty entity = %v, want nil", value)
		}
		return e, nil
	}
	return e, e.SetBody(value)
}

func keyOf(resource *vendors.Resource, row cells) string {
	key := row[resource.Key]
	if key == "" {
		key = row[resource.Else]
	}
	if resource.Part == "" && len(resource.Besides) == 0 {
		return key
	}
	joined := vendors.AppendKey(nil, []byte(key))
	joined = vendors.AppendKeyItem(joined, []byte(row[resource.Part]))
	for _, name := range resource.Besides {
		joined = vendors.AppendKeyItem(joined, []byte(row[name]))
	}
	return string(joined)
}

// encodedRows is entityOf for rows that can be one.
func encodedRows(t testing.TB, resource *vendors.Resource, rows ...cells) *vendors.Entity {
	t.Helper()
	e, err := entityOf(resource, rows...)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// but returns a copy of the row with these cells changed; an empty text takes a cell away.
func but(base cells, changes ...string) cells {
	changed := maps.Clone(base)
	for i := 0; i < len(changes); i += 2 {
		changed[changes[i]] = changes[i+1]
	}
	return changed
}

// found lists an entity's problems, "rule record field -> suggestion".
func found(e *vendors.Entity) (list []string) {
	for _, p := range e.Problems {
		list = append(list, strings.TrimSuffix(fmt.Sprintf("%s %d %s -> %s", p.Rule.ID, p.Record, p.Field, p.Suggestion), " -> "))
	}
	return list
}

// shop is a stand-in for Faire, written from the vendor's document by itself, with a client.
type shop struct {
	t      testing.TB
	server *sandbox.Server
	client *vendors.Client
}

func openShop(t testing.TB, o sandbox.Options) *shop {
	t.Helper()
	server, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	return &shop{t, server, &vendors.Client{HTTP: http.DefaultClient, Agent: "test", Now: time.Now, Authorize: authorize, Explain: explain,
		Account: &vendors.Account{Name: "test", BaseURL: server.BaseURL("faire"), Token: vendors.NewSecret("secret"), Workers: 4}}}
}

// load uploads entities in one call.
func (s *shop) load(resource *vendors.Resource, entities ...*vendors.Entity) error {
	return resource.Upload(context.Background(), s.client, vendors.Upload{Entities: entities, Attempt: 1})
}

// call sends a request that must succeed, and reads its answer.
func (s *shop) call(method, path, body string, answer any) {
	s.t.Helper()
	request := vendors.Request{Method: method, Path: path, JSON: true, Header: http.Header{"Content-Type": {"application/json"}}}
	if body != "" {
		request.Body = []byte(body)
	}
	response, err := s.client.Do(context.Background(), request)
	if err != nil {
		s.t.Fatal(err)
	}
	if answer == nil {
		return
	}
	if err := json.Unmarshal(response.Body, answer); err != nil {
		s.t.Fatal(err)
	}
}

// shirt creates a product with these sizes in two colours, SKUs such as RED-S, and returns it.
func (s *shop) shirt(token string, sizes ...string) *Product {
	s.t.Helper()
	p := &Product{Token: token, Name: "Shirt " + token, LifecycleState: "DRAFT",
		OptionSets: []OptionSet{{"Color", []string{"Red", "Blue"}}, {"Size", sizes}}}
	for _, colour := range p.OptionSets[0].Values {
		for _, size := range sizes {
			p.Variants = append(p.Variants, Variant{Token: token + colour + size, SKU: token + "-" + colour + "-" + size, LifecycleState: "DRAFT",
				Options: []OptionValue{{"Color", colour}, {"Size", size}}})
		}
	}
	body, err := json.Marshal(p)
	if err != nil {
		s.t.Fatal(err)
	}
	created := new(Product)
	s.call(http.MethodPost, "/products", string(body), created)
	return created
}

// held reads what a resource needs to amend, as the pipeline does.
func (s *shop) held(resource *vendors.Resource, keys ...string) *vendors.Held {
	s.t.Helper()
	stored := make(map[string]vendors.Stored)
	ask := vendors.Listing{Compare: true}
	if resource.Unlisted {
		ask.Keys = func(yield func(string, error) bool) {
			for _, key := range keys {
				if !yield(key, nil) {
					return
				}
			}
		}
	}
	for page, err := range resource.Pages(context.Background(), s.client, ask) {
		if err != nil {
			s.t.Fatal(err)
		}
		for _, e := range page.Entities {
			for _, name := range append(resource.Aliases(e), e.Key) {
				stored[name] = e
			}
		}
	}
	return &vendors.Held{Account: s.client.Account, Find: func(name string) (*vendors.Stored, error) {
		if e, ok := stored[name]; ok {
			return &e, nil
		}
		return nil, nil
	}}
}

// unasked is what is held where the vendor was not asked.
func unasked(account *vendors.Account) *vendors.Held {
	return &vendors.Held{Account: account, Unasked: true, Find: func(string) (*vendors.Stored, error) { return nil, nil }}
}

// amended amends an entity, and gives it the body that is left to be sent.
func amended(t testing.TB, resource *vendors.Resource, e *vendors.Entity, held *vendors.Held) vendors.Amendment {
	t.Helper()
	a, err := resource.Amend(e, held)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Amended(a); err != nil {
		t.Fatal(err)
	}
	return a
}

// exported reads all that Pages yields.
func exported(t testing.TB, client *vendors.Client, resource *vendors.Resource, ask vendors.Listing) (list []vendors.Stored) {
	t.Helper()
	for page, err := range resource.Pages(context.Background(), client, ask) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, page.Entities...)
	}
	return list
}
