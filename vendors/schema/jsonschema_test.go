package schema_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/vendors/schema"
)

var shelf = schema.Schema{
	{Name: "shelf_id", Doc: "the shelf's number", Clause: "shop:10", Required: true, Shared: true, Example: "A1"},
	{Name: "sku", Doc: "what lies on it & where <exactly>", Clause: "shop:12", Required: true, MaxRunes: 40},
	{Name: "state", Values: schema.NewValues("open", "shut"), Clause: "shop:14"},
	{Name: "colours", List: true, Values: schema.NewValues("RED", "BLUE"), MaxRunes: 10},
	{Name: "amount", Type: schema.Integer, Required: true},
	{Name: "price", Type: schema.Decimal},
	{Name: "active", Type: schema.Boolean},
	{Name: "stored", ReadOnly: true},
	{Name: "total", Forbidden: "totals are counted by the shop, leave the column out"},
	{Name: "photo_{n}", Type: schema.URL},
	{Name: "photo_{n}.side", Values: schema.NewValues("LEFT")},
	{Name: "note.{name}", Doc: "anything else"},
}

func jsonSchema(t *testing.T, s schema.Schema) (text []byte, object map[string]any) {
	t.Helper()
	text, err := s.JSONSchema("shop/shelves")
	if err != nil {
		t.Fatalf("JSONSchema: %v", err)
	}
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatalf("JSONSchema gave no JSON: %v\n%s", err, text)
	}
	return text, object
}

func TestJSONSchemaSaysWhatTheFieldsSay(t *testing.T) {
	_, object := jsonSchema(t, shelf)
	if got, want := object["$schema"], "https://json-schema.org/draft/2020-12/schema"; got != want {
		t.Errorf("$schema = %v, want %v", got, want)
	}
	if diff := cmp.Diff([]any{"sku", "amount"}, object["required"]); diff != "" {
		t.Errorf("required holds what each row needs, and no shared field (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		field, keyword string
		want           any
	}{
		{"shelf_id", "x-required", true},
		{"shelf_id", "x-shared", true},
		{"shelf_id", "x-clause", "shop:10"},
		{"shelf_id", "examples", []any{"A1"}},
		{"sku", "type", "string"},
		{"sku", "maxLength", 40.0},
		{"sku", "description", "what lies on it & where <exactly>. See shop:12."},
		{"sku", "x-required", nil},
		{"state", "enum", []any{"open", "shut"}},
		{"colours", "enum", nil},
		{"colours", "x-values", []any{"RED", "BLUE"}},
		{"colours", "maxLength", nil},
		{"colours", "items", map[string]any{"type": "string", "maxLength": 10.0}},
		{"amount", "type", []any{"string", "integer"}},
		{"price", "type", []any{"string", "number"}},
		{"active", "type", []any{"string", "boolean"}},
		{"stored", "readOnly", true},
		{"total", "not", map[string]any{}},
	} {
		field := object["properties"].(map[string]any)[test.field].(map[string]any)
		if diff := cmp.Diff(test.want, field[test.keyword]); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", test.field, test.keyword, diff)
		}
	}
	colours := object["properties"].(map[string]any)["colours"].(map[string]any)["description"].(string)
	if !strings.Contains(colours, "|") {
		t.Errorf("the description of a list does not name its separator: %q", colours)
	}
}

func TestJSONSchemaKeepsTheOrderOfTheSchema(t *testing.T) {
	text, _ := jsonSchema(t, shelf)
	at := 0
	for _, name := range []string{`"shelf_id": {`, `"sku": {`, `"state": {`, `"colours": {`, `"amount": {`, `"price": {`,
		`"active": {`, `"stored": {`, `"total": {`, `"^photo_`, `\\.side$": {`, `"^note`} {
		next := strings.Index(string(text[at:]), name)
		if next < 0 {
			t.Fatalf("%s does not come after what the schema has before it:\n%s", name, text)
		}
		at += next + len(name)
	}
}

func TestJSONSchemaPatternsMatchTheNamesThatFindKnows(t *testing.T) {
	_, object := jsonSchema(t, shelf)
	patterns := object["patternProperties"].(map[string]any)
	if len(patterns) != 3 {
		t.Fatalf("%d patterns, want one for each of 3 families", len(patterns))
	}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.OneOf(
			rapid.StringMatching(`(photo_|note\.|photo)[0-9]{0,4}(\.side|\.|x)?`), rapid.String()).Draw(t, "name")
		matches := 0
		for pattern := range patterns {
			if regexp.MustCompile(pattern).MatchString(name) {
				matches++
			}
		}
		field, param := shelf.Find(name)
		if known := field != nil && param != ""; known != (matches == 1) || matches > 1 {
			t.Fatalf("%q: Find knows it as a family: %v; patterns that match: %d", name, known, matches)
		}
	})
}

func TestJSONSchemaPatternsOfNumbers(t *testing.T) {
	_, object := jsonSchema(t, shelf)
	properties := object["properties"].(map[string]any)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[+-]?[0-9]{0,20}(\.[0-9]{0,3})?`).Draw(t, "text")
		price := regexp.MustCompile(properties["price"].(map[string]any)["pattern"].(string))
		if got, want := price.MatchString(text), schema.IsDecimal([]byte(text)); got != want {
			t.Fatalf("price %q: the pattern says %v, the check %v", text, got, want)
		}
	})
}
