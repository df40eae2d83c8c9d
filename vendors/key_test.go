package vendors

import (
	"testing"

	"pgregory.net/rapid"

	"bulkload/vendors/schema"
)

func TestPartKeysAreTakenApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Map(rapid.OneOf(rapid.String(), rapid.StringMatching("[a|/\\\\]{0,5}")), func(text string) string {
			return string(schema.Trim([]byte(text)))
		})
		key, part := value.Draw(t, "key"), value.Draw(t, "part")
		joined := PartKey(key, part)
		if gotKey, gotPart, ok := SplitPartKey(joined); !ok || gotKey != key || gotPart != part {
			t.Fatalf("SplitPartKey(%q) = %q, %q, %v, want %q, %q", joined, gotKey, gotPart, ok, key, part)
		}
	})
	for _, whole := range []string{"", "a", "a|b|c", `a\|b`} {
		if key, part, ok := SplitPartKey(whole); ok {
			t.Errorf("SplitPartKey(%q) = %q, %q", whole, key, part)
		}
	}
	if key, part, _ := SplitPartKey(`a\|b|c|d`); key != "a|b" || part != "c" {
		t.Errorf("of a longer key %q and %q are given", key, part)
	}
}

func TestKeyFieldsAreNamed(t *testing.T) {
	for want, r := range map[string]Resource{"sku": {Key: "sku"}, "product_id or batch_id": {Key: "product_id", Part: "batch_id"},
		"sku (or id)": {Key: "sku", Else: "id"}, "id (or key) or name": {Key: "id", Else: "key", Part: "name"}} {
		if got := r.KeyFields("or"); got != want {
			t.Errorf("KeyFields = %q, want %q", got, want)
		}
	}
}
