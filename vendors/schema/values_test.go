package schema_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors/schema"
)

func TestNearest(t *testing.T) {
	candidates := []string{"t-shirt", "top_t-shirt", "skirt", "nos_summer", "ss21", "ss22", "3_4_length", "OFF_WHITE", "a"}
	for _, test := range []struct{ name, text, want string }{
		{"punctuation left out", "tshirt", "t-shirt"},
		{"case and punctuation", "NOS SUMMER", "nos_summer"},
		{"a letter left out", "t-shrt", "t-shirt"},
		{"a letter added", "skiirt", "skirt"},
		{"a letter changed", "skyrt", "skirt"},
		{"neighbours swapped", "skrit", "skirt"},
		{"a candidate that is right wins over a near one", "skirt", "skirt"},
		{"another digit is another thing", "ss23", ""},
		{"a digit left out", "ss2", ""},
		{"digits in another order", "4_3_length", ""},
		{"letters around right digits", "3_4_lenght", "3_4_length"},
		{"short texts must be right", "b", ""},
		{"short and right", "A", "a"},
		{"nothing near", "umbrella", ""},
		{"empty", "", ""},
		{"nothing but punctuation", "--", ""},
		{"far too long", strings.Repeat("t-shirt", 100), ""},
		{"not text", "\xff\xfe", ""},
	} {
		if got := schema.Nearest(test.text, candidates); got != test.want {
			t.Errorf("%s: Nearest(%q) = %q, want %q", test.name, test.text, got, test.want)
		}
	}
	if got := schema.Nearest("ab", nil); got != "" {
		t.Errorf("Nearest of no candidates = %q", got)
	}
	if got := schema.Nearest("stones", []string{"stone", "stoness"}); got != "stone" {
		t.Errorf("the second candidate %q won a tie", got)
	}
}

func TestNearestFindsWhatDiffersInCaseOnly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{3,8}(_[a-z0-9]{1,4})?`), 1, 20, func(s string) string {
			return strings.ReplaceAll(s, "_", "")
		}).Draw(t, "list")
		want := rapid.SampledFrom(list).Draw(t, "want")
		if got := schema.Nearest(strings.ToUpper(strings.ReplaceAll(want, "_", " ")), list); got != want {
			t.Fatalf("Nearest found %q, want %q", got, want)
		}
	})
}

func TestValues(t *testing.T) {
	values := schema.NewValues("b", "a").Also("x/a")
	for text, want := range map[string]bool{"a": true, "b": true, "x/a": true, "A": false, "": false, "a ": false} {
		if got := values.Has([]byte(text)); got != want {
			t.Errorf("Has(%q) = %v, want %v", text, got, want)
		}
	}
	if diff := cmp.Diff([]string{"b", "a"}, values.List()); diff != "" {
		t.Errorf("List (-want +got):\n%s", diff)
	}
	if got := values.Nearest("B"); got != "b" {
		t.Errorf("Nearest(B) = %q, want b", got)
	}
	if allocated := testing.AllocsPerRun(100, func() { values.Has([]byte("b")) }); allocated > 0 {
		t.Errorf("Has allocates %v times", allocated)
	}
}

func items(cell string) []string {
	var list []string
	schema.Items([]byte(cell), func(item []byte) bool {
		list = append(list, string(item))
		return true
	})
	return list
}

func TestItems(t *testing.T) {
	for _, test := range []struct {
		cell string
		want []string
	}{
		{"", nil},
		{"a", []string{"a"}},
		{" a | b\u00a0|c ", []string{"a", "b", "c"}},
		{"a||b|", []string{"a", "", "b", ""}},
		{"|", []string{"", ""}},
		{`a\|b|c`, []string{"a|b", "c"}},
		{`a\\|b`, []string{`a\`, "b"}},
		{`a\b|c\`, []string{`a\b`, `c\`}},
		{`\\\|`, []string{`\|`}},
	} {
		if diff := cmp.Diff(test.want, items(test.cell)); diff != "" {
			t.Errorf("Items(%q) (-want +got):\n%s", test.cell, diff)
		}
	}
}

func TestItemsStopWhenAsked(t *testing.T) {
	count := 0
	schema.Items([]byte("a|b|c"), func([]byte) bool { count++; return count < 2 })
	if count != 2 {
		t.Errorf("yield was called %d times, want 2", count)
	}
}

func TestJoinedItemsComeApartAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := rapid.Map(rapid.OneOf(rapid.StringMatching(`[a|\\ ]{0,6}`), rapid.String()), func(s string) string {
			return string(schema.Trim([]byte(s)))
		})
		list := rapid.SliceOfN(item, 1, 5).Draw(t, "list")
		if len(list) == 1 && list[0] == "" {
			return // an empty cell lists nothing
		}
		if diff := cmp.Diff(list, items(schema.JoinItems(list))); diff != "" {
			t.Fatalf("%q (-want +got):\n%s", schema.JoinItems(list), diff)
		}
	})
}

func FuzzItems(f *testing.F) {
	for _, seed := range []string{"", "a|b", `a\|b`, `\`, `\\|`, " | "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cell string) {
		list := items(cell)
		if again := items(schema.JoinItems(list)); len(list) > 0 && !(len(list) == 1 && list[0] == "") && !cmp.Equal(list, again) {
			t.Errorf("%q lists %q, which joined lists %q", cell, list, again)
		}
	})
}

func TestTrim(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"", ""}, {"a", "a"}, {"  a b\t", "a b"}, {"\u00a0a\u00a0", "a"}, {"\ufeffa\u200b", "a"}, {"\u3000é\u3000", "é"},
		{" \n ", ""}, {"\xff a", "\xff a"},
	} {
		if got := string(schema.Trim([]byte(test.text))); got != test.want {
			t.Errorf("Trim(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestParseBoolean(t *testing.T) {
	for _, test := range []struct {
		text      string
		value, ok bool
	}{
		{"true", true, true}, {"TRUE", true, true}, {"Ja", true, true}, {"1", true, true}, {"WAHR", true, true},
		{"oui", true, true}, {"SÍ", true, true}, {"y", true, true}, {"waar", true, true}, {"vrai", true, true},
		{"false", false, true}, {"No", false, true}, {"0", false, true}, {"nein", false, true}, {"nee", false, true},
		{"faux", false, true}, {"", false, false}, {"2", false, false}, {"truth", false, false}, {" true", false, false},
	} {
		if value, ok := schema.ParseBoolean([]byte(test.text)); value != test.value || ok != test.ok {
			t.Errorf("ParseBoolean(%q) = %v, %v, want %v, %v", test.text, value, ok, test.value, test.ok)
		}
	}
}

func TestNamesOfTypesAndSeverities(t *testing.T) {
	var names []string
	for kind := schema.Text; kind <= schema.URL; kind++ {
		names = append(names, kind.String())
	}
	for severity := schema.Error; severity <= schema.Repair; severity++ {
		names = append(names, severity.String())
	}
	want := []string{"text", "integer", "decimal", "boolean", "URL", "error", "warning", "repair"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestIsDecimalNeverTakesWhatIsNoNumber(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.StringMatching(`[-+0-9.eE, ]{0,8}`), rapid.String()).Draw(t, "text")
		want := utf8.ValidString(text) && decimal.MatchString(text)
		if got := schema.IsDecimal([]byte(text)); got != want {
			t.Fatalf("IsDecimal(%q) = %v, want %v", text, got, want)
		}
	})
}
