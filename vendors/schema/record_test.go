package schema_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/vendors/schema"
)

func TestFind(t *testing.T) {
	s := schema.Schema{{Name: "image_{n}"}, {Name: "image_{n}.side"}, {Name: "note.{name}"}, {Name: "note.fixed"}, {Name: "id"}}
	for _, test := range []struct{ name, field, param string }{
		{"id", "id", ""},
		{"image_1", "image_{n}", "1"},
		{"image_999.side", "image_{n}.side", "999"},
		{"image_0", "", ""}, {"image_01", "", ""}, {"image_1000", "", ""}, {"image_x", "", ""}, {"image_", "", ""},
		{"image_.side", "", ""},
		{"note.a b", "note.{name}", "a b"},
		{"note.fixed", "note.fixed", ""},
		{"note.", "", ""},
		{"ID", "", ""},
		{"image_{n}", "image_{n}", ""},
	} {
		field, param := s.Find(test.name)
		got := ""
		if field != nil {
			got = field.Name
		}
		if got != test.field || param != test.param {
			t.Errorf("Find(%q) = %q, %q, want %q, %q", test.name, got, param, test.field, test.param)
		}
	}
}

func TestPlaceholder(t *testing.T) {
	for _, test := range []struct {
		name, before, placeholder, after string
		ok                               bool
	}{
		{"image_{n}.side", "image_", "n", ".side", true}, {"id", "id", "", "", false}, {"}{", "}{", "", "", false},
	} {
		field := schema.Field{Name: test.name}
		before, placeholder, after, ok := field.Placeholder()
		if before != test.before || placeholder != test.placeholder || after != test.after || ok != test.ok {
			t.Errorf("Placeholder of %q = %q, %q, %q, %v", test.name, before, placeholder, after, ok)
		}
	}
}

func TestLayout(t *testing.T) {
	records := goodsRecords("note.b photo_10 id photo_2 note.a name tags",
		[]string{"1", "http://a/10", "A", "", "2", "", "red| |blue"}, []string{"", "", "A", "http://a/2", "", "Coat", ""})
	layout := records[0].Layout
	for name, want := range map[string]int{"id": 2, "photo_2": 3, "photo_3": -1, "note.b": 0, "": -1} {
		if got := layout.Column(name); got != want {
			t.Errorf("Column(%q) = %d, want %d", name, got, want)
		}
	}
	if diff := cmp.Diff([]int{3, 1}, layout.Family("photo_{n}")); diff != "" {
		t.Errorf("numbered columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]int{4, 0}, layout.Family("note.{name}")); diff != "" {
		t.Errorf("named columns (-want +got):\n%s", diff)
	}
	if got := layout.Family("id"); got != nil {
		t.Errorf("Family of a plain field = %v", got)
	}
}

func TestRecord(t *testing.T) {
	records := goodsRecords("id name tags", []string{"A", "", "red| |blue"}, []string{"A", "Coat", ""})
	first := &records[0]
	if first.Text("id") != "A" || first.Text("name") != "" || first.Text("word") != "" || first.Bytes("word") != nil {
		t.Errorf("texts %q, %q, %q", first.Text("id"), first.Text("name"), first.Text("word"))
	}
	if !first.Has("id") || first.Has("name") || first.Has("word") {
		t.Error("Has tells of values that are not there, or not of those that are")
	}
	first.Bad[2] = true
	if !first.OK("id") || first.OK("name") || first.OK("tags") || first.OK("word") {
		t.Error("OK tells of missing or faulty values, or not of right ones")
	}
	if diff := cmp.Diff([]string{"red", "blue"}, first.List("tags")); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if got := string(schema.Shared(records, "name")); got != "Coat" {
		t.Errorf("Shared = %q, want the first value there is", got)
	}
	if schema.Shared(records, "word") != nil || schema.Shared(nil, "name") != nil {
		t.Error("Shared finds what is not there")
	}
}
