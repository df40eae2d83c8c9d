package pipeline

import (
	"fmt"
	"strings"
	"testing"

	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// parity has even numbers collide with even ones, and odd ones with odd ones.
var parity = &vendors.Resource{Noun: vendors.Noun{One: "thing", Many: "things"}, Rivals: &vendors.Rivals{
	Clash: func(a, b any) string {
		if a.(int) >= 0 && a.(int)%2 == b.(int)%2 {
			return "is as odd as"
		}
		return ""
	}}}

func claimsOf(values ...int) *claims {
	c := &claims{}
	for i, value := range values {
		c.list = append(c.list, claim{spill.Key{High: uint64(i)}, fmt.Sprint(i), fmt.Sprintf("A%d", i+2), value})
	}
	return c
}

func TestClashes(t *testing.T) {
	found := claimsOf(2, 3, 4, 6, -1).clashes(parity)
	want := map[uint64]string{0: `is as odd as thing "2" in A4`, 2: `is as odd as thing "0" in A2`, 3: `is as odd as thing "0" in A2`}
	for key, message := range want {
		if got := found[spill.Key{High: key}]; got != message {
			t.Errorf("entity %d: %q, want %q", key, got, message)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d entities collide, want %d: %v", len(found), len(want), found)
	}
	twoParts := claimsOf(2, 4)
	twoParts.list[1].key = twoParts.list[0].key
	if found := twoParts.clashes(parity); len(found) > 0 {
		t.Errorf("two parts of one entity collide: %v", found)
	}
}

func TestEntitiesBeyondThoseComparedAreTold(t *testing.T) {
	c := claimsOf(-1, -1)
	c.full, c.beyond = true, spill.Key{High: 7}
	found := c.clashes(parity)
	if len(found) != 1 || !strings.Contains(found[spill.Key{High: 7}], "the first 10000 things") {
		t.Errorf("found %v", found)
	}
}
