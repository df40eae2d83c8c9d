package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// things is a resource with something of every kind.
var things = &vendors.Resource{Name: "things", Key: "id", RowKey: []string{"part", "sku"}, Schema: schema.Schema{
	{Name: "id", Required: true, Synonyms: []string{"style"}}, {Name: "title", Shared: true}, {Name: "tags", Shared: true, List: true},
	{Name: "part"}, {Name: "window", Shared: true, SharedBy: "part"}, {Name: "sku"}, {Name: "price", Type: schema.Decimal},
	{Name: "live", Type: schema.Boolean}, {Name: "seen", ReadOnly: true}}}

// compare compares two texts of CSV and lists what was found.
func compare(t checker, dir, old, young string, c snapshot.Comparison) ([]string, *snapshot.Counts, error) {
	t.Helper()
	for i, text := range []string{old, young} {
		name := filepath.Join(dir, fmt.Sprintf("%d.csv", i))
		if err := feed.WriteFile(name, writing(text)); err != nil {
			t.Fatalf("%v", err)
		}
		f, err := feed.Open(name, nil, formats.Options{Delimiter: ',', HeaderRow: 1})
		if err != nil {
			t.Fatalf("%v", err)
		}
		defer f.Close()
		*[]**feed.Feed{&c.Old, &c.New}[i] = f
	}
	var found []string
	c.Found = func(d snapshot.Difference) error {
		text := fmt.Sprintf("%s %s/%s", d.Kind, d.Key, d.Row)
		if d.Kind == snapshot.Changed {
			text += fmt.Sprintf(" %s %q>%q", d.Column, d.Before, d.After)
		}
		found = append(found, text)
		return nil
	}
	counts, err := c.Run(context.Background())
	return found, counts, err
}

type checker interface {
	Helper()
	Fatalf(string, ...any)
}

func TestDiff(t *testing.T) {
	for _, test := range []struct {
		name       string
		old, young string
		compare    snapshot.Comparison
		want       []string
		onlyOld    []string
	}{
		{name: "the same in another order, other spellings", compare: snapshot.Comparison{Resource: things},
			old:   "id,title,sku,price,live,tags,part\na,Dress,1,12.50,yes,x|y,\na,,2,3,,,\nb,Coat,1,0,,,\n",
			young: "sku,id,tags,title,price,live,part\n1,b,,Coat,-0.0,,\n2,a,y|x,Dress,3.0,,\n1,a,,,12.5,true,\n"},
		{name: "cells, rows and entities", compare: snapshot.Comparison{Resource: things},
			old:   "id,title,sku,price,part\na,Dress,1,1,\na,,2,2,\nb,Coat,1,1,\nd,Hat,1,1,\nd,,2,1,\n",
			young: "id,title,sku,price,part\na,Gown,1,1.01,\na,,3,3,\nc,Belt,1,1,\nd,Hat,1,1,\nd,,2,1,\n",
			want: []string{`changed a/|1 price "1">"1.01"`, "row removed a/|2", "row added a/|3", `changed a/ title "Dress">"Gown"`,
				"removed b/|1", "added c/|1"}},
		{name: "the column has another name", compare: snapshot.Comparison{Resource: things},
			old: "style,sku,part\na,1,\n", young: "id,sku,part\na,1,\n"},
		{name: "what a part shares", compare: snapshot.Comparison{Resource: things},
			old:   "id,part,window,sku\na,p,May,1\na,p,,2\na,q,May,1\n",
			young: "id,part,window,sku\na,p,,1\na,p,June,2\na,r,May,1\n",
			want:  []string{"row removed a/q|1", "row added a/r|1", `changed a/p window "May">"June"`}},
		{name: "a column of one feed only", compare: snapshot.Comparison{Resource: things},
			old: "id,sku,part,title,seen\na,1,,x,5\n", young: "id,sku,part\na,1,\n", onlyOld: []string{"title", "seen"}},
		{name: "read-only cells", compare: snapshot.Comparison{Resource: things},
			old: "id,sku,part,seen\na,1,,5\n", young: "id,sku,part,seen\na,1,,6\n", want: []string{`changed a/|1 seen "5">"6"`}},
		{name: "by a column", compare: snapshot.Comparison{Key: []string{"Ref"}},
			old: "Ref,Any\n1,x\n2,\n", young: "Any,Ref\ny,1\n,2\n", want: []string{`changed 1/ Any "x">"y"`}},
		{name: "by several columns", compare: snapshot.Comparison{Key: []string{"Ref", "Any"}},
			old: "Ref,Any,v\n1,x,1\n1,y,1\n", young: "Ref,Any,v\n1,y,2\n1,z,1\n",
			want: []string{"row removed 1/x", `changed 1/y v "1">"2"`, "row added 1/z"}},
		{name: "rows of one name are paired in their order", compare: snapshot.Comparison{Key: []string{"Ref"}},
			old: "Ref,v\n1,a\n1,b\n1,c\n", young: "Ref,v\n1,a\n1,B\n",
			want: []string{`changed 1/ v "b">"B"`, "row removed 1/"}},
		{name: "a key that begins like another", compare: snapshot.Comparison{Key: []string{"Ref", "r"}},
			old: "Ref,r,v\na,bc,1\nab,c,1\n", young: "Ref,r,v\nab,c,1\na,bc,1\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, counts, err := compare(t, t.TempDir(), test.old, test.young, test.compare)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(test.onlyOld, counts.OnlyOld); diff != "" {
				t.Errorf("only in the old file (-want +got)\n%s", diff)
			}
			if counts.Same() != (len(got) == 0) {
				t.Errorf("same %v after %d differences", counts.Same(), len(got))
			}
		})
	}
}

func TestDiffNeedsAKey(t *testing.T) {
	for _, c := range []snapshot.Comparison{{}, {Key: []string{"none"}}, {Resource: things}} {
		_, _, err := compare(t, t.TempDir(), "a,b\n1,2\n", "a,b\n1,2\n", c)
		var unnamed *snapshot.KeyError
		if !errors.As(err, &unnamed) {
			t.Errorf("with key %q: %v", c.Key, err)
		}
	}
}

// TestDiffOfSnapshots compares all columns of snapshots: in them, none means no values.
func TestDiffOfSnapshots(t *testing.T) {
	dir := t.TempDir()
	paths := [2]string{filepath.Join(dir, "old.xlsx"), filepath.Join(dir, "new.parquet")}
	season.write(t, paths[0])
	season.changed(2, 2, "5").write(t, paths[1])
	c := snapshot.Comparison{Key: []string{"id", "name"}}
	for i, path := range paths {
		f, err := feed.Open(path, nil, formats.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		*[]**feed.Feed{&c.Old, &c.New}[i] = f
	}
	var found []snapshot.Difference
	c.Found = func(d snapshot.Difference) error {
		found = append(found, d)
		return nil
	}
	counts, err := c.Run(context.Background())
	if err != nil || counts.Cells != 1 || counts.EntitiesSame != 2 || counts.EntitiesChanged != 1 {
		t.Fatalf("%+v, %v", counts, err)
	}
	want := snapshot.Difference{Kind: snapshot.Changed, Key: "b", Row: "Coat", Column: "price", After: "5",
		Old: formats.Place{Sheet: "Sheet1", Row: 4}, New: formats.Place{Row: 3}}
	if diff := cmp.Diff([]snapshot.Difference{want}, found); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestDiffAgainstSets compares random tables with what maps of their rows say.
func TestDiffAgainstSets(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		row := rapid.Custom(func(t *rapid.T) [3]string {
			return [3]string{rapid.SampledFrom([]string{"a", "ab", "abcdefghijklmnopqrst", "abcdefghijklmnopqrstu", "b|"}).Draw(t, "id"),
				rapid.StringMatching(`[xy]{0,2}`).Draw(t, "row"), rapid.StringMatching(`[12]?`).Draw(t, "value")}
		})
		name := func(r [3]string) string { return r[0] + "/" + r[1] }
		draw := func(label string) [][3]string {
			return rapid.SliceOfNDistinct(row, 1, 12, name).Draw(t, label)
		}
		old, young := draw("old"), draw("new")
		text := func(rows [][3]string) string {
			lines := []string{"id,row,value"}
			for _, r := range rows {
				lines = append(lines, strings.Join(r[:], ","))
			}
			return strings.Join(lines, "\n") + "\n"
		}
		got, counts, err := compare(t, dir, text(old), text(young), snapshot.Comparison{Key: []string{"id", "row"}})
		if err != nil {
			t.Fatal(err)
		}
		has := func(rows [][3]string, same func([3]string) bool) bool { return slices.ContainsFunc(rows, same) }
		var want []string
		one := func(from, in [][3]string, entity, part string) {
			for _, r := range from {
				switch {
				case has(in, func(o [3]string) bool { return name(o) == name(r) }):
				case has(in, func(o [3]string) bool { return o[0] == r[0] }):
					want = append(want, part+" "+name(r))
				default:
					want = append(want, entity+" "+name(r))
				}
			}
		}
		one(old, young, "removed", "row removed")
		one(young, old, "added", "row added")
		for _, r := range old {
			for _, o := range young {
				if name(r) == name(o) && r[2] != o[2] {
					want = append(want, fmt.Sprintf("changed %s value %q>%q", name(r), r[2], o[2]))
				}
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got)\n%s", diff)
		}
		if counts.Same() != (len(want) == 0) {
			t.Fatalf("same %v after %d differences", counts.Same(), len(want))
		}
	})
}

func writing(text string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	}
}
