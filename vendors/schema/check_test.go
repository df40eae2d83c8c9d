package schema_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors/schema"
)

var decimal = regexp.MustCompile(`^[-+]?[0-9]+(\.[0-9]+)?$`)

var (
	evenRule = &schema.Rule{ID: "even", Sentence: "must be of even length", Clause: "shop:99"}
	oddWord  = &schema.Rule{ID: "odd.word", Sentence: "is an odd word", Severity: schema.Warning}
)

// goods is a schema with a field of every kind.
var goods = schema.Schema{
	{Name: "id", Required: true, Clause: "shop:1"},
	{Name: "name", Required: true, Shared: true, MaxRunes: 5, Clause: "shop:2"},
	{Name: "live", Type: schema.Boolean, Shared: true, Clause: "shop:3"},
	{Name: "tags", List: true, Shared: true, Values: schema.NewValues("red", "blue"), Clause: "shop:4"},
	{Name: "count", Type: schema.Integer, Clause: "shop:5"},
	{Name: "price", Type: schema.Decimal, Clause: "shop:6"},
	{Name: "photo_{n}", Type: schema.URL, Clause: "shop:7"},
	{Name: "word", Clause: "shop:8", Checks: []schema.Check{
		{Rule: evenRule, OK: func(v []byte) bool { return len(v)%2 == 0 },
			Explain: func(v string) (string, string) { return v + " is odd", v + v }},
		{Rule: oddWord, OK: func(v []byte) bool { return string(v) != "eerie!" }},
	}},
	{Name: "kind", Clause: "shop:9", Values: schema.NewValues("a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9"),
		Explain: func(v string) (string, string) {
			if v == "old" {
				return "old is gone, take a1", "a1"
			}
			return "", "never used"
		}},
	{Name: "stored", ReadOnly: true, Type: schema.Integer},
	{Name: "total", Forbidden: "totals are not taken", Clause: "shop:11"},
	{Name: "note.{name}", Clause: "shop:12"},
}

// goodsRecords makes records of rows that all have the columns named.
func goodsRecords(columns string, rows ...[]string) []schema.Record {
	var list []schema.Column
	for i, name := range strings.Fields(columns) {
		field, param := goods.Find(name)
		list = append(list, schema.Column{Field: field, Name: name, Param: param, Label: name, Source: i})
	}
	layout := schema.NewLayout(goods, list)
	records := make([]schema.Record, len(rows))
	for i, row := range rows {
		records[i] = schema.Record{Layout: layout, Bad: make([]bool, len(list))}
		for _, text := range row {
			records[i].Values = append(records[i].Values, []byte(text))
		}
	}
	return records
}

// told writes a problem down as tests want it.
func told(p schema.Problem) string {
	return fmt.Sprintf("%d %s %s %q: %s -> %q (%s)", p.Record, p.Rule.ID, p.Field, p.Value, p.Text(), p.Suggestion, p.Clause)
}

func toldAll(problems []schema.Problem) []string {
	var list []string
	for _, p := range problems {
		list = append(list, told(p))
	}
	return list
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		column, value string
		want          []string
	}{
		{"name", "Coat", nil},
		{"name", "ééééé", nil},
		{"name", "éééééé", []string{`0 text.length name "éééééé": 6 characters, at most 5 are taken -> "" (shop:2)`}},
		{"name", "a\x00", []string{`0 text.encoding name "a\x00": the text must be UTF-8 without control characters -> "" (shop:2)`}},
		{"name", "\xff", []string{`0 text.encoding name "\xff": the text must be UTF-8 without control characters -> "" (shop:2)`}},
		{"name", "a\n\tb", nil},
		{"live", "JA", nil},
		{"live", "maybe", []string{`0 value.type live "maybe": must be true or false -> "" (shop:3)`}},
		{"tags", "red|blue| red ", nil},
		{"tags", "red||", nil},
		{"tags", "Red|green", []string{`0 value.unknown tags "Red": "Red" is none of red, blue -> "red" (shop:4)`,
			`0 value.unknown tags "green": "green" is none of red, blue -> "" (shop:4)`}},
		{"count", "-12", nil},
		{"count", "1.0", []string{`0 value.type count "1.0": must be a whole number -> "" (shop:5)`}},
		{"count", "-", []string{`0 value.type count "-": must be a whole number -> "" (shop:5)`}},
		{"count", "99999999999999999999", []string{`0 value.type count "99999999999999999999": must be a whole number -> "" (shop:5)`}},
		{"price", "28.99", nil},
		{"price", "1e3", []string{`0 value.type price "1e3": must be a decimal number such as 28.99 -> "" (shop:6)`}},
		{"price", "79,95", []string{`0 value.type price "79,95": must be a decimal number such as 28.99 -> "79.95" (shop:6)`}},
		{"price", "-5,5", []string{`0 value.type price "-5,5": must be a decimal number such as 28.99 -> "-5.5" (shop:6)`}},
		{"price", "1,234", []string{`0 value.type price "1,234": must be a decimal number such as 28.99 -> "" (shop:6)`}},
		{"price", "1.234,50", []string{`0 value.type price "1.234,50": must be a decimal number such as 28.99 -> "" (shop:6)`}},
		{"price", "79,", []string{`0 value.type price "79,": must be a decimal number such as 28.99 -> "" (shop:6)`}},
		{"price", "a,5", []string{`0 value.type price "a,5": must be a decimal number such as 28.99 -> "" (shop:6)`}},
		{"photo_3", "https://a.example/x.jpg?a=1", nil},
		{"photo_3", "ftp://a.example", []string{`0 value.type photo_3 "ftp://a.example": must be a whole web address that starts with http:// or https://, without blanks -> "" (shop:7)`}},
		{"word", "even", nil},
		{"word", "odd", []string{`0 even word "odd": odd is odd -> "oddodd" (shop:99)`}},
		{"word", "eerie!", []string{`0 odd.word word "eerie!": is an odd word -> "" (shop:8)`}},
		{"kind", "old", []string{`0 value.unknown kind "old": old is gone, take a1 -> "a1" (shop:9)`}},
		{"kind", "A1", []string{`0 value.unknown kind "A1": "A1" is not one of the 9 values taken -> "a1" (shop:9)`}},
		{"stored", "x", nil},
		{"total", "5", []string{`0 column.unsent total "5": totals are not taken -> "" (shop:11)`}},
		{"note.Anything", "x", nil},
	} {
		record := goodsRecords("id "+test.column, []string{"1", test.value})[0]
		problems := record.Check(0, nil)
		if diff := cmp.Diff(test.want, toldAll(problems)); diff != "" {
			t.Errorf("%s %q (-want +got):\n%s", test.column, test.value, diff)
		}
		bad := false
		for _, p := range problems {
			bad = bad || p.Rule.Severity == schema.Error
		}
		if record.Bad[1] != bad || record.OK(test.column) == bad {
			t.Errorf("%s %q: marked as bad: %v, want %v", test.column, test.value, record.Bad[1], bad)
		}
	}
}

func TestCheckOfAHostileList(t *testing.T) {
	record := goodsRecords("id tags", []string{"1", strings.Repeat("green|", 200_000)})[0]
	if problems := record.Check(0, nil); len(problems) != 20 || !record.Bad[1] {
		t.Errorf("%d problems of one cell, want 20", len(problems))
	}
}

func TestCheckKeepsEarlierProblems(t *testing.T) {
	record := goodsRecords("id count", []string{"1", "x"})[0]
	before := []schema.Problem{{Rule: schema.Trimmed, Record: 3, Column: 7}}
	problems := record.Check(5, before)
	if len(problems) != 2 || problems[0].Record != 3 || problems[0].Column != 7 || problems[1].Record != 5 || problems[1].Column != 1 {
		t.Errorf("problems %+v", problems)
	}
}

func TestRequired(t *testing.T) {
	without := goodsRecords("count", []string{"1"})[0]
	empty := goodsRecords("id count", []string{"", "1"})[0]
	for _, problems := range [][]schema.Problem{without.Check(2, nil), empty.Check(2, nil)} {
		if diff := cmp.Diff([]string{`2 required id "": id is required -> "" (shop:1)`}, toldAll(problems)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if got := without.Check(0, nil)[0].Column; got != -1 {
		t.Errorf("the problem of a column that is not there has the column %d, want -1", got)
	}
	failed := goodsRecords("id", []string{""})[0]
	failed.Bad[0] = true // the cell held a spreadsheet's error, which was said already
	if problems := failed.Check(0, nil); problems != nil {
		t.Errorf("a faulty cell is said to be missing: %v", toldAll(problems))
	}
}

func TestCheckShared(t *testing.T) {
	for _, test := range []struct {
		name    string
		columns string
		rows    [][]string
		want    []string
	}{
		{"no records", "id", nil, nil},
		{"value on a later row", "id name", [][]string{{"1", ""}, {"1", "Coat"}}, nil},
		{"no value", "id name", [][]string{{"1", ""}, {"1", ""}}, []string{`0 required name "": name is required -> "" (shop:2)`}},
		{"no column", "id", [][]string{{"1"}}, []string{`0 required name "": name is required -> "" (shop:2)`}},
		{"two values", "id name", [][]string{{"1", ""}, {"1", "Coat"}, {"1", "Hat"}, {"1", "Coat"}, {"1", "Cap"}}, []string{
			`2 rows.disagree name "Hat": "Hat" here, but "Coat" in {other cell} -> "Coat" (shop:2)`,
			`4 rows.disagree name "Cap": "Cap" here, but "Coat" in {other cell} -> "Coat" (shop:2)`}},
		{"booleans in two languages", "id name live", [][]string{{"1", "x", "yes"}, {"1", "", "Ja"}}, nil},
		{"values that are no booleans but the same", "id name live", [][]string{{"1", "x", "maybe"}, {"1", "", "maybe"}}, nil},
		{"booleans that differ", "id name live", [][]string{{"1", "x", "yes"}, {"1", "", "0"}},
			[]string{`1 rows.disagree live "0": "0" here, but "yes" in {other cell} -> "yes" (shop:3)`}},
		{"lists in another order", "id name tags", [][]string{{"1", "x", "red|blue"}, {"1", "", "blue | red|red"}}, nil},
		{"lists that differ", "id name tags", [][]string{{"1", "x", "red|blue"}, {"1", "", "red"}},
			[]string{`1 rows.disagree tags "red": "red" here, but "red|blue" in {other cell} -> "red|blue" (shop:4)`}},
		{"fields that are not shared", "id name word", [][]string{{"1", "x", "aa"}, {"1", "", "bb"}}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			records := goodsRecords(test.columns, test.rows...)
			problems := schema.CheckShared(records, nil)
			if diff := cmp.Diff(test.want, toldAll(problems)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, p := range problems {
				if p.Rule == schema.Disagree && (!records[p.Record].Bad[p.Column] || records[p.Other].Bad[p.Column]) {
					t.Errorf("problem of record %d with %d marks the wrong cells", p.Record, p.Other)
				}
			}
		})
	}
}

func TestCheckNeverPanics(t *testing.T) {
	columns := "id name live tags count price photo_1 word kind stored total note.x"
	rapid.Check(t, func(t *rapid.T) {
		var row []string
		for range strings.Fields(columns) {
			row = append(row, rapid.OneOf(rapid.String(), rapid.StringMatching(`[\x00-\xff]{0,4}`)).Draw(t, "cell"))
		}
		records := goodsRecords(columns, row, row)
		for _, p := range schema.CheckShared(records, records[0].Check(0, nil)) {
			if p.Field == "" || p.Text() == "" || p.Rule == schema.Disagree { // the rows are the same
				t.Fatalf("problem %+v", p)
			}
		}
	})
}

func TestSoundRecordsAreCheckedWithoutAllocation(t *testing.T) {
	record := goodsRecords("id name tags count price word", []string{"1", "Coat", "red|blue", "12", "28.99", "even"})[0]
	if allocated := testing.AllocsPerRun(100, func() { record.Check(0, nil) }); allocated > 2 {
		t.Errorf("Check allocates %v times a row, want at most 2", allocated)
	}
}
