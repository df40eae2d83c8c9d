package fitanalytics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// man is a row of profiles.
var man = row{"sess": "s1", "sub": "1000", "gender": "m", "height": "180", "weight": "80"}

func TestProfileBodies(t *testing.T) {
	for _, test := range []struct {
		name string
		rows []row
		want string
	}{
		{"a new one", []row{man}, `{"gender":"m","height":180,"weight":80}`},
		{"a change", []row{{"sess": "s1", "id": "01A", "age": "032", "isPrimary": "yes"}}, `{"id":"01A","age":32,"isPrimary":true}`},
		{"not the primary one", []row{{"sess": "s1", "id": "01A", "isPrimary": "no"}}, `{"id":"01A","isPrimary":false}`},
		{"feet and stones", []row{{"sess": "s1", "gender": "w", "height_ft_in": "5 ft 11 in", "weight_st_lb": "12 st 8 lb"}},
			`{"gender":"w","height":180.34,"weight":79.83225712,"heightDisplayUnits":"imperial","weightDisplayUnits":"imperial"}`},
		{"pounds, shown in kg", []row{{"sess": "s1", "gender": "w", "weight_lb": "176", "weightDisplayUnits": "metric"}},
			`{"gender":"w","weight":79.83225712,"weightDisplayUnits":"metric"}`},
		{"cm, shown in feet", []row{with(man, "heightDisplayUnits", "imperial")}, `{"gender":"m","height":180,"weight":80,"heightDisplayUnits":"imperial"}`},
		{"on two rows", []row{{"sess": "s1", "gender": "m", "height": "180.50"}, {"sess": "s1", "gender": "m", "weight": "80", "upperExplicitPreference": "-1"}},
			`{"gender":"m","height":180.5,"weight":80,"upperExplicitPreference":-1}`},
	} {
		e := encoded(t, Profiles, test.rows...)
		if string(e.Body) != test.want || e.Adds != !strings.Contains(test.want, `"id"`) {
			t.Errorf("%s:\n%s, want\n%s (adds %v; %s)", test.name, e.Body, test.want, e.Adds, problems(e))
		}
	}
}

func listing(t testing.TB, s *stand, resource *vendors.Resource, ask vendors.Listing) []vendors.Stored {
	t.Helper()
	var all []vendors.Stored
	for page, err := range resource.Pages(context.Background(), s.client, ask) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Entities...)
	}
	return all
}

func keys(list ...string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, key := range list {
			if !yield(key, nil) {
				return
			}
		}
	}
}

// keyOf is the key of a customer's new profile.
func keyOf(c Customer) string {
	key := vendors.AppendPartKey(nil, []byte(c.Session), []byte(c.Session))
	return string(vendors.AppendKeyItem(vendors.AppendKeyItem(key, []byte(c.User)), nil))
}

func decoded(t testing.TB, resource *vendors.Resource, s vendors.Stored) row {
	t.Helper()
	rows, err := resource.Decode(s.Body)
	if err != nil || len(rows) != 1 {
		t.Fatalf("Decode(%s) = %v, %v", s.Body, rows, err)
	}
	return rows[0]
}

// TestProfilesOfCustomers creates, lists, changes and includes.
func TestProfilesOfCustomers(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	created := s.put(t, Profiles, with(man, "upperReferenceBrand", "tnf"))
	if created.Outcome != vendors.Created || created.ID == "" || created.Status != 201 {
		t.Fatalf("POST: %v, %q, %d", created.Outcome, created.ID, created.Status)
	}
	woman := s.put(t, Profiles, row{"sess": "s1", "sub": "1000", "gender": "w", "age": "28"})
	s.put(t, Profiles, row{"sess": "s2", "gender": "w", "age": "40"})
	changed := s.put(t, Profiles, row{"sess": "s1", "sub": "1000", "id": created.ID, "age": "32"})
	if changed.Outcome != vendors.Updated || changed.ID != created.ID || changed.Status != 200 {
		t.Errorf("PATCH: %v, %q, %d", changed.Outcome, changed.ID, changed.Status)
	}
	mine := with(man, "id", created.ID, "age", "32", "upperReferenceBrand", "tnf")
	hers := row{"sess": "s1", "sub": "1000", "id": woman.ID, "gender": "w", "age": "28"}
	for _, test := range []struct {
		name string
		ask  vendors.Listing
		want []row
	}{
		{"a user's", vendors.Listing{Keys: keys("s1|s1|1000|m")}, []row{mine, hers}},
		{"a session's alone", vendors.Listing{Keys: keys("s1|s1||")}, []row{without(mine, "sub"), without(hers, "sub")}},
		{"of a gender", vendors.Listing{Keys: keys("s1|s1|1000|m"), Query: url.Values{"filter[gender]": {"w"}}}, []row{hers}},
		{"the primary ones", vendors.Listing{Keys: keys("s1|s1|1000|m"), Query: url.Values{"filter[isPrimary]": {"true"}}}, []row{mine, hers}},
		{"one by its ID", vendors.Listing{Keys: keys(created.ID + "|s1|1000|m")}, []row{mine}},
		{"included", vendors.Listing{Keys: keys(created.ID + "|s1|1000|"), Query: url.Values{"include": {"upperReferenceBrand"}}},
			[]row{with(mine, "upperReferenceBrand.name", "The North Face")}},
		{"nobody's", vendors.Listing{Keys: keys("s9|s9||", "s8|s8|2000|")}, nil},
		{"somebody else's", vendors.Listing{Keys: keys(created.ID + "|s2||")}, nil},
	} {
		var got []row
		for _, stored := range listing(t, s, Profiles, test.ask) {
			row := decoded(t, Profiles, stored)
			if stored.Key != row["id"] {
				t.Errorf("%s: key %q of profile %q", test.name, stored.Key, row["id"])
			}
			got = append(got, row)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", test.name, diff)
		}
	}
	const odd = "s9|s9|jane@example.com|"
	for _, test := range []struct {
		key     string
		compare bool
	}{{odd, true}, {odd, false}, {"|||m", true}, {"|||m", false}, {strings.Repeat("x", 256) + "||", true}} {
		for page, err := range Profiles.Pages(context.Background(), s.client, vendors.Listing{Keys: keys(test.key), Compare: test.compare}) {
			if (err == nil) != test.compare || len(page.Entities) > 0 {
				t.Errorf("key %.30q, compared %v: %v, %v", test.key, test.compare, page, err)
			}
		}
	}
	for page, err := range Profiles.Pages(context.Background(), s.client, vendors.Listing{}) {
		if err == nil || !strings.Contains(err.Error(), "--keys") {
			t.Errorf("without customers: %v, %v", page, err)
		}
	}
}

func without(r row, names ...string) row {
	r = with(r)
	for _, name := range names {
		delete(r, name)
	}
	return r
}

// TestProfilesOfManyCustomers goes on behind any number of customers.
func TestProfilesOfManyCustomers(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	var customers, want []string
	for i := range 2*vendors.KeysInPage + 3 {
		customers = append(customers, fmt.Sprintf("s%d|s%d||", i, i))
		if i%2 == 0 {
			want = append(want, s.put(t, Profiles, with(man, "sess", fmt.Sprint("s", i), "sub", "")).ID)
		}
	}
	for _, cursor := range []string{"", "25", "50"} {
		var got []string
		next := ""
		pages := 0
		for page, err := range Profiles.Pages(context.Background(), s.client, vendors.Listing{Keys: keys(customers...), Cursor: cursor}) {
			if err != nil {
				t.Fatal(err)
			}
			pages++
			for _, stored := range page.Entities {
				got = append(got, stored.Key)
			}
			next = page.Next
		}
		skipped := map[string]int{"": 0, "25": 13, "50": 25}[cursor]
		if diff := cmp.Diff(want[skipped:], got); diff != "" || next != "" {
			t.Errorf("from %q in %d pages: last page has next %q (-want +got)\n%s", cursor, pages, next, diff)
		}
	}
	for _, cursor := range []string{"x", "-1"} {
		for _, err := range Profiles.Pages(context.Background(), s.client, vendors.Listing{Keys: keys("s1|s1||"), Cursor: cursor}) {
			if err == nil {
				t.Errorf("cursor %q is taken", cursor)
			}
		}
	}
}

// held is what a stand-in's customers have, as the pipeline finds it.
func held(t testing.TB, s *stand, customers ...string) *vendors.Held {
	t.Helper()
	named := make(map[string]*vendors.Stored)
	for _, stored := range listing(t, s, Profiles, vendors.Listing{Keys: keys(customers...), Compare: true}) {
		named[stored.Key] = &stored
		for _, alias := range Profiles.Aliases(stored) {
			named[alias] = &stored
		}
	}
	return &vendors.Held{Account: s.client.Account, Find: func(name string) (*vendors.Stored, error) { return named[name], nil }}
}

func TestEqualProfiles(t *testing.T) {
	for _, test := range []struct {
		theirs, ours string
		covers       bool
	}{
		{`{"height":180.0,"age":"28","gender":"m"}`, `{"height":180,"age":28}`, true},
		{`{"height":180.5}`, `{"height":180}`, false},
		{`{"height":1.8e2}`, `{"height":180}`, false}, // which is sent once more, and does no harm
		{`{"gender":"m"}`, `{"gender":"m","isPrimary":false}`, false},
		{`{"isPrimary":true}`, `{"isPrimary":true}`, true},
		{`{}`, `{}`, true},
	} {
		theirs, err := readObject([]byte(test.theirs))
		ours, err2 := readObject([]byte(test.ours))
		if err != nil || err2 != nil || covers(theirs, ours) != test.covers {
			t.Errorf("%s covers %s: %v, want %v", test.theirs, test.ours, covers(theirs, ours), test.covers)
		}
	}
}

func TestProfilesAreCompared(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	id := s.put(t, Profiles, man).ID
	h := held(t, s, "s1|s1|1000|")
	for _, test := range []struct {
		name  string
		row   row
		known bool
		adds  bool
		body  string // empty: nothing is sent
		after row
	}{
		{"the same without its ID", man, true, true, "", nil},
		{"the same in other words", with(man, "height", "180.0"), true, true, "", nil},
		{"the same by its ID", with(man, "id", id), true, false, "", nil},
		{"a part of it", row{"sess": "s1", "sub": "1000", "id": id, "height": "180"}, true, false, "", nil},
		{"another height", with(man, "id", id, "height", "181"), true, false, `{"id":"` + id + `","gender":"m","height":181,"weight":80}`, with(man, "id", id, "height", "181")},
		{"an age besides", row{"sess": "s1", "sub": "1000", "id": id, "age": "32"}, true, false, `{"id":"` + id + `","age":32}`, with(man, "id", id, "age", "32")},
		{"a new one", with(man, "weight", "90"), false, true, `{"gender":"m","height":180,"weight":90}`, with(man, "weight", "90")},
		{"another customer's", with(man, "sub", "2000"), false, true, `{"gender":"m","height":180,"weight":80}`, with(man, "sub", "2000")},
		{"an ID that is not there", with(man, "id", "gone"), false, false, `{"id":"gone","gender":"m","height":180,"weight":80}`, with(man, "id", "gone")}, // and is told to be unknown
	} {
		e := encoded(t, Profiles, test.row)
		amended, err := Profiles.Amend(e, h)
		if err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		body := ""
		if amended.Body != nil {
			text, _ := json.Marshal(amended.Body)
			body = string(text)
		}
		if e.Known != test.known || body != test.body || test.known && e.ID != id || body != "" && e.Adds != test.adds {
			t.Errorf("%s: known %v as %q, adds %v, sends %s, want %s", test.name, e.Known, e.ID, e.Adds, body, test.body)
		}
		if unknown := problems(e) == "profile.unknown id"; unknown != (test.row["id"] == "gone") {
			t.Errorf("%s: problems %s", test.name, problems(e))
		}
		if amended.After != nil {
			text, err := json.Marshal(amended.After)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.after, decoded(t, Profiles, vendors.Stored{Body: text})); diff != "" {
				t.Errorf("%s: afterwards (-want +got)\n%s", test.name, diff)
			}
		} else if test.after != nil {
			t.Errorf("%s: it is not told what is there afterwards", test.name)
		}
	}
}

// TestProfilesAreNotMadeTwice: a profile is known by its content, whichever is the primary one by now, and
// whatever the vendor has added to its answers.
func TestProfilesAreNotMadeTwice(t *testing.T) {
	customer := Customer{Session: "s1", User: "1000"}
	primary := with(man, "isPrimary", "true")
	for _, test := range []struct {
		name, stored string
		row          row
		body         string // empty: nothing is sent
	}{
		{"another became primary", `{"id":"01A","gender":"m","height":180,"weight":80}`, primary, `{"id":"01A","isPrimary":true}`},
		{"it is none any more", `{"id":"01A","gender":"m","height":180,"weight":80,"isPrimary":false}`, primary, `{"id":"01A","isPrimary":true}`},
		{"it is the primary one", `{"id":"01A","gender":"m","height":180,"weight":80,"isPrimary":true}`, primary, ""},
		{"a new member", `{"id":"01A","gender":"m","height":180,"weight":80,"updatedAt":"2026-01-01"}`, man, ""},
	} {
		stored, err := ofCustomer(customer, []byte(test.stored))
		if err != nil {
			t.Fatal(err)
		}
		h := &vendors.Held{Find: func(name string) (*vendors.Stored, error) {
			if name == stored.Key || slices.Contains(Profiles.Aliases(stored), name) {
				return &stored, nil
			}
			return nil, nil
		}}
		e := encoded(t, Profiles, test.row)
		amended, err := Profiles.Amend(e, h)
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Amended(amended); err != nil {
			t.Fatal(err)
		}
		if string(e.Body) != test.body || !e.Known || e.ID != "01A" || test.body != "" && e.Adds {
			t.Errorf("%s: sends %s, want %s; known %v as %q, adds %v", test.name, e.Body, test.body, e.Known, e.ID, e.Adds)
		}
	}
	s := newStand(t, sandbox.Options{})
	id := s.put(t, Profiles, man).ID
	e := encoded(t, Profiles, primary)
	amended, err := Profiles.Amend(e, held(t, s, "s1|s1|1000|"))
	if err == nil {
		err = e.Amended(amended)
	}
	if err == nil {
		err = send(s.client, Profiles, e)
	}
	got := listing(t, s, Profiles, vendors.Listing{Keys: keys("s1|s1|1000|")})
	if err != nil || e.Outcome != vendors.Updated || len(got) != 1 || got[0].Key != id || decoded(t, Profiles, got[0])["isPrimary"] != "true" {
		t.Errorf("made primary: %v, %v, %d profiles", err, e.Outcome, len(got))
	}
}

// TestLostProfilesAreReadBack finds a new profile whose answer never came.
func TestLostProfilesAreReadBack(t *testing.T) {
	for _, test := range []struct {
		faults string
		want   vendors.Outcome
	}{{"drop-after@1", vendors.Created}, {"drop-before@1", vendors.Unsettled}} {
		faults, err := sandbox.ParseFaults(test.faults)
		if err != nil {
			t.Fatal(err)
		}
		s := newStand(t, sandbox.Options{Faults: faults})
		s.client.HTTP = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		e := encoded(t, Profiles, man)
		var lost *vendors.TransportError
		if err := send(s.client, Profiles, e); !errors.As(err, &lost) || e.Outcome != vendors.Unsettled {
			t.Fatalf("%s: %v, %v", test.faults, err, e.Outcome)
		}
		if err := Profiles.ReadBack(context.Background(), s.client, e); err != nil || e.Outcome != test.want || (e.ID != "") != (test.want == vendors.Created) {
			t.Errorf("%s: read back %v, %q, %v, want %v", test.faults, e.Outcome, e.ID, err, test.want)
		}
		if Profiles.Repeat != vendors.ByToken || e.Token != "" || !e.Adds {
			t.Error("a new profile could be sent twice")
		}
	}
}

func TestProfilesThatAreRefused(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	id := s.put(t, Profiles, man).ID
	var refusal *vendors.APIError
	if err := send(s.client, Profiles, encoded(t, Profiles, row{"sess": "s2", "id": id, "age": "3"})); !errors.As(err, &refusal) || refusal.Status != 404 {
		t.Errorf("somebody else's profile: %v", err)
	}
	if err := send(s.client, Profiles, encoded(t, Profiles, row{"sess": "s2", "id": "..", "age": "3"})); !errors.As(err, &refusal) || refusal.Status != 404 {
		t.Errorf("an ID of dots: %v", err)
	}
	e := encoded(t, Profiles, with(man, "id", id, "age", "3"))
	err := Profiles.Upload(context.Background(), s.client, vendors.Upload{Entities: []*vendors.Entity{e}, CreateOnly: true})
	if err != nil || e.Outcome != vendors.Refused || e.Answer == nil || s.Record().Resources["fitanalytics/profiles"].Methods["PATCH"] != 2 {
		t.Errorf("--create-only: %v, %v, %v", err, e.Outcome, e.Answer)
	}
}

// TestProfilesRoundTrip creates any profile, and finds in the export what the feed said.
func TestProfilesRoundTrip(t *testing.T) {
	s := newStand(t, sandbox.Options{})
	number := 0
	rapid.Check(t, func(rt *rapid.T) {
		number++
		draw := func(name string, values ...string) string { return rapid.SampledFrom(values).Draw(rt, name) }
		r := row{"sess": fmt.Sprint("round|", number, `\`), "gender": draw("gender", "m", "w", "b", "g")}
		for name, value := range map[string]string{"sub": draw("sub", "", fmt.Sprint("u|", number)), "height": draw("height", "", "180", "171.5"),
			"weight": draw("weight", "", "80.25"), "heightDisplayUnits": draw("units", "", "metric", "imperial"), "age": draw("age", "", "28"),
			"upperExplicitPreference": draw("fit", "", "-1", "0", "1"), "bodyShape": draw("shape", "", "M.24.B2.C2", `=1+1 "é"`),
			"isPrimary": draw("primary", "", "true", "false"), "shoesReferenceSize": draw("shoes", "", "264-226-DE")} {
			if value != "" {
				r[name] = value
			}
		}
		e := s.put(t, Profiles, r)
		customer := customerOf(e)
		stored := listing(t, s, Profiles, vendors.Listing{Keys: keys(keyOf(customer))})
		if len(stored) != 1 {
			rt.Fatalf("%d profiles of one customer", len(stored))
		}
		if diff := cmp.Diff(r, without(decoded(t, Profiles, stored[0]), "id")); diff != "" {
			rt.Fatalf("(-sent +stored)\n%s", diff)
		}
		ours, err := Profiles.Canonical(e.Body)
		if err != nil {
			rt.Fatal(err)
		}
		data, err := profileOf(stored[0].Body)
		if err != nil {
			rt.Fatal(err)
		}
		delete(data, "id")
		body, err := json.Marshal(data)
		if err != nil {
			rt.Fatal(err)
		}
		if theirs, err := Profiles.Canonical(body); err != nil || string(theirs) != string(ours) {
			rt.Fatalf("canonical %s, ours %s, %v", theirs, ours, err)
		}
	})
}

// TestOddProfiles reads what the document shows in one place as number and in another as text, and what nobody sends.
func TestOddProfiles(t *testing.T) {
	for _, test := range []struct {
		body string
		want row // nil: refused
	}{
		{`{"sess":"s","data":{"id":"a","age":"28","height":180.0}}`, row{"sess": "s", "id": "a", "age": "28", "height": "180.0"}},
		{`{"sess":"s","sub":"u","data":{"id":"a","age":28,"sess":"x","sub":"y","extra":{"b":1},"nothing":null}}`, row{"sess": "s", "sub": "u", "id": "a", "age": "28", "extra.b": "1"}},
		{`{"sess":"s","data":{"id":"a","braSize":{"id":"820","name":"32/B"}}}`, row{"sess": "s", "id": "a", "braSize": "820", "braSize.name": "32/B"}},
		{`null`, nil}, {`[]`, nil}, {`{"sess":1}`, nil}, {``, nil},
	} {
		rows, err := Profiles.Decode([]byte(test.body))
		switch {
		case test.want == nil:
			if err == nil {
				t.Errorf("%s is read as %v", test.body, rows)
			}
		case err != nil:
			t.Errorf("%s: %v", test.body, err)
		default:
			if diff := cmp.Diff(test.want, rows[0]); diff != "" {
				t.Errorf("%s (-want +got)\n%s", test.body, diff)
			}
		}
	}
	number, err := Profiles.Canonical([]byte(`{"sess":"s","data":{"age":"28","id":"a","height":180.0,"braSize":null}}`))
	text, err2 := Profiles.Canonical([]byte(`{"id":"a","age":28,"height":180}`))
	if err != nil || err2 != nil || string(number) != string(text) {
		t.Errorf("an age as text is %s, as number %s", number, text)
	}
}

// oddLists are answers to a question for a customer's profiles.
var oddLists = []struct {
	status int
	body   string
	ok     bool
}{
	{200, `{"data":[]}`, true}, {404, ``, true}, {404, `{"errors":[{"title":"none"}]}`, true}, {200, `{"data":[{"id":"a"}]}`, true},
	{200, `{}`, false}, {200, `{"data":null}`, false}, {200, `[]`, false}, {200, `{"data":{"id":"a"}}`, false}, {200, `{"data":[{"gender":"m"}]}`, false},
	{200, `{"data":[null]}`, false}, {200, `{"data":[[]]}`, false}, {500, ``, false}, {200, `<html>`, false}, {200, `{"data":[{"id":{"a":1}}]}`, false},
}

func TestListsOfProfiles(t *testing.T) {
	for _, test := range oddLists {
		for page, err := range Profiles.Pages(context.Background(), answering(t, test.status, test.body), vendors.Listing{Keys: keys("s1|s1||")}) {
			if (err == nil) != test.ok {
				t.Errorf("%d %s: %v, %v", test.status, test.body, page.Entities, err)
			}
		}
	}
}

// FuzzDecodeProfile reads any answer without panic; what is read can be compared.
func FuzzDecodeProfile(f *testing.F) {
	for _, seed := range []string{`{"sess":"s","data":{"id":"a","age":"28"}}`, `{"id":"a","upperReferenceBrand":{"id":"tnf","name":"The North Face"}}`, `{"data":[]}`, `{}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		rows, err := Profiles.Decode(body)
		if err != nil {
			return
		}
		if len(rows) != 1 {
			t.Fatalf("%s: %d rows", body, len(rows))
		}
		if _, err := Profiles.Canonical(body); err != nil {
			t.Fatalf("%s is read, but not compared: %v", body, err)
		}
	})
}
