package vendors

import "testing"

func TestTokenOf(t *testing.T) {
	first := TokenOf("brand", "products", "LD-1042", 0)
	if again := TokenOf("brand", "products", "LD-1042", 0); first != again {
		t.Errorf("one entity has two tokens: %s and %s", first, again)
	}
	// Written down, since a token that changes with the program would create everything anew.
	if want := "bl-li255li3aqgcax72jcfsxehdfsbooknr"; first != want {
		t.Errorf("token %q, want %q", first, want)
	}
	seen := map[string]string{first: "the first"}
	for _, other := range []struct {
		name, account, resource, key string
		generation                   int
	}{
		{"another account", "brand2", "products", "LD-1042", 0},
		{"another resource", "brand", "prepacks", "LD-1042", 0},
		{"another key", "brand", "products", "LD-1043", 0},
		{"the next generation", "brand", "products", "LD-1042", 1},
		{"parts cut elsewhere", "brandp", "roducts", "LD-1042", 0},
		{"a generation in the key", "brand", "products", "LD-10421", 0},
	} {
		token := TokenOf(other.account, other.resource, other.key, other.generation)
		if was := seen[token]; was != "" {
			t.Errorf("%s has the token of %s", other.name, was)
		}
		seen[token] = other.name
	}
}
