package sandbox

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// plainValue turns a node into what encoding/json makes of the same text.
func plainValue(n *node) any {
	switch n.kind {
	case jsonBoolean:
		return n.text == "true"
	case jsonNumber:
		return json.Number(n.text)
	case jsonText:
		return n.text
	case jsonList:
		list := make([]any, len(n.items))
		for i := range n.items {
			list[i] = plainValue(&n.items[i])
		}
		return list
	case jsonObject:
		object := make(map[string]any)
		for i, name := range n.names {
			object[name] = plainValue(&n.items[i])
		}
		return object
	}
	return nil
}

func TestParseJSONRefuses(t *testing.T) {
	many := strings.Repeat(`"x":1,`, 40)
	for _, c := range []struct{ name, body, want string }{
		{"nothing", "", "the body is empty"},
		{"blanks", " \n", "the body is empty"},
		{"not UTF-8", "\"\xff\"", "not UTF-8"},
		{"byte order mark", "\ufeff{}", `unexpected '\ufeff'`},
		{"two values", "{} {}", "line 1, byte 4: more follows"},
		{"place", "{\n \"a\" 1}", "line 2, byte 8: a colon is missing after \"a\""},
		{"member twice", `{"a":1,"\u0061":2}`, `"a" stands twice`},
		{"member twice among many", `{` + numbered(40) + `"m7":1}`, `"m7" stands twice`},
		{"member twice early among many", `{` + many + `"y":1}`, `"x" stands twice`},
		{"half a surrogate pair", `"\ud83d"`, "surrogate"},
		{"the halves the wrong way", `"\ude00\ud83d"`, "surrogate"},
		{"short escape", `"\u12"`, "four hexadecimal digits"},
		{"signed escape", `"\u+123"`, "four hexadecimal digits"},
		{"unknown escape", `"\x"`, "unknown escape"},
		{"cut escape", `"\`, "unknown escape"},
		{"line end in a text", "\"a\nb\"", "control character"},
		{"line end after an escape", "\"\\n\n\"", "control character"},
		{"open text", `"a`, "never closed"},
		{"open text after an escape", `"\n`, "never closed"},
		{"leading zero", "01", "more follows"},
		{"plus", "+1", "unexpected '+'"},
		{"point without digits", "1.", "a digit is missing"},
		{"exponent without digits", "1e+", "a digit is missing"},
		{"minus alone", "-", "a digit is missing"},
		{"NaN", "NaN", "unexpected 'N'"},
		{"comma at the end", "[1,]", "unexpected ']'"},
		{"too deep", strings.Repeat("[", 100) + strings.Repeat("]", 100), "nested deeper"},
		{"too many", "[" + strings.Repeat("1,", maxNodes) + "1]", "more than 250000 values"},
	} {
		if _, err := parseJSON([]byte(c.body)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.name, err, c.want)
		}
	}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"m%d":%d,`, i, i)
	}
	return b.String()
}

// FuzzJSON compares with encoding/json: the same value, or a refusal that encoding/json would not
// make but the strict reader states.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{right, `[1,-0.5e+7,"\ud83d\ude00\n\/",true,false,null,{}]`, `{"a":{"b":[[]]},"c":" "}`,
		`{"a":1,"a":2}`, `"\ud800"`, "\"\xff\"", "1 2", `{` + numbered(40) + `"z":0}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := parseJSON(body)
		if !json.Valid(body) {
			if err == nil {
				t.Fatalf("parseJSON(%q) took what encoding/json refuses", body)
			}
			return
		}
		if err != nil {
			for _, known := range []string{"stands twice", "surrogate", "nested deeper", "more than", "not UTF-8"} {
				if strings.Contains(err.Error(), known) {
					return
				}
			}
			t.Fatalf("parseJSON(%q) = %v, but encoding/json takes it", body, err)
		}
		var want any
		decoder := json.NewDecoder(strings.NewReader(string(body)))
		decoder.UseNumber()
		if err := decoder.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, plainValue(&n)); diff != "" {
			t.Fatalf("parseJSON(%q) (-want +got)\n%s", body, diff)
		}
	})
}
