//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"

	"bulkload/vendors/all"
)

// targets are the resources that are put to the test. A resource joins with its name.
var targets = []string{"fashiontrade/products", "fashiontrade/prepacks", "fashiontrade/price-lists",
	"fashiontrade/prepack-price-lists", "fashiontrade/product-stock", "fashiontrade/prepack-stock"}

// A season is a feed and the same feed corrected, with what an undisturbed import of each stores.
type season struct {
	target   string
	stock    *stock
	versions [2]version
}

// A version is one state of a feed.
type version struct {
	items  []item
	stored map[string]body // by key
}

// A body is what an undisturbed import made of an entity, as hashes in hexadecimal. What the vendor
// keeps may differ from what is sent to it, and that from what the journal calls the entity's body.
type body struct {
	stored string // in the sandbox's record
	sent   string // in its log
	intent string // in the journal
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
		if v.stored[v.items[i].key] == (body{}) {
			return fmt.Errorf("an undisturbed import did not store %q", v.items[i].key)
		}
	}
	for key, b := range v.stored {
		if b.sent == "" || b.intent == "" {
			return fmt.Errorf("an undisturbed import stored %q without a request or an intent: %+v", key, b)
		}
	}
	if len(v.stored) != sound {
		return fmt.Errorf("an undisturbed import stored %d entities of %d sound ones", len(v.stored), sound)
	}
	return nil
}
