//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"

	"bulkload/vendors/all"
)

// targets are the resources that are put to the test. A resource joins with its name.
var targets = []string{"fashiontrade/products"}

// A season is a feed and the same feed corrected, with what an undisturbed import of each stores.
type season struct {
	target   string
	stock    *stock
	versions [2]version
}

// A version is one state of a feed.
type version struct {
	items  []item
	stored map[string]string // key to hash of the body, as the sandbox's record has it
}

// keysPerFeed is how many entities a feed has at most; half of that at least.
const keysPerFeed = 20

// makeSeason makes up a feed; what it stores is not known yet.
func makeSeason(target string, seed uint64) (*season, error) {
	_, resource, err := all.Find(target, "")
	if err != nil {
		return nil, err
	}
	if len(resource.Example) == 0 || resource.Upload == nil {
		return nil, fmt.Errorf("%s has no example, or cannot be loaded", target)
	}
	random := rand.New(rand.NewPCG(seed, 1))
	s := &season{target: target, stock: newStock(resource)}
	s.versions[0].items = s.stock.items(keysPerFeed/2+random.IntN(keysPerFeed/2+1), random)
	s.versions[1].items = s.stock.corrected(s.versions[0].items, random)
	return s, nil
}

// check compares what an undisturbed import stored with the items that are sound: a mistake here
// would hide mistakes of the program.
func (v *version) check() error {
	sound := 0
	for i := range v.items {
		if !v.items[i].sound {
			continue
		}
		sound++
		if v.stored[v.items[i].key] == "" {
			return fmt.Errorf("an undisturbed import did not store %q", v.items[i].key)
		}
	}
	if len(v.stored) != sound {
		return fmt.Errorf("an undisturbed import stored %d entities of %d sound ones", len(v.stored), sound)
	}
	return nil
}
