package pipeline

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"iter"
	"runtime"
	"slices"

	"bulkload/pipeline/send"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// A catalogue is what the vendor has of a resource, as hashes: 16 bytes an entity.
type catalogue struct {
	resource *vendors.Resource
	seed     maphash.Seed
	held     []holding // in the order of their keys' hashes
	past     func(key string) (send.Past, error)
	keysOnly bool // nobody compares bodies by their hashes
}

// holding is an entity of the vendor. Its hashes tell apart entities of one account, not of all the world.
type holding struct {
	key  uint64
	body uint64 // of the canonical form; 0 when that is not known, or when it is gone
	gone bool   // it is not one of the resource's own any more
}

var _ send.State = (*catalogue)(nil)

// Has reports whether the vendor has an entity of this key.
func (c *catalogue) Has(key string) bool {
	_, found := c.find(key)
	return found
}

// name is the key under which the vendor has an entity, or would have it.
func (c *catalogue) name(e *vendors.Entity) string {
	if c.resource.Amend != nil && e.Known {
		return e.ID
	}
	return e.Key
}

func (c *catalogue) find(key string) (holding, bool) {
	hash := maphash.String(c.seed, key)
	i, found := slices.BinarySearchFunc(c.held, hash, func(h holding, hash uint64) int { return cmp.Compare(h.key, hash) })
	if !found {
		return holding{}, false
	}
	return c.held[i], true
}

// Holds reports whether the vendor has the entity as it would be sent.
func (c *catalogue) Holds(e *vendors.Entity) (bool, error) {
	if c.resource.Amend != nil {
		return e.Same, nil
	}
	h, found := c.find(e.Key)
	if !found || h.body == 0 {
		return false, nil
	}
	ours, err := c.hash(e)
	return ours == h.body, err
}

// Past tells what earlier processes did with an entity of this key.
func (c *catalogue) Past(key string) (send.Past, error) {
	if c.past == nil {
		return send.Past{}, nil
	}
	return c.past(key)
}

// hash is that of a body's canonical form, never 0, and the same in every process.
func (c *catalogue) hash(e *vendors.Entity) (uint64, error) {
	hash, err := c.digest(e)
	if err != nil {
		return 0, fmt.Errorf("bring a body into canonical form: %w", err)
	}
	return max(1, binary.BigEndian.Uint64(hash[:])), nil
}

func (c *catalogue) digest(e *vendors.Entity) (vendors.Hash, error) {
	if c.resource.Digest != nil {
		return c.resource.Digest(e.Open())
	}
	body, err := e.Read()
	if err != nil {
		return vendors.Hash{}, err
	}
	canonical, err := c.resource.Canonical(body)
	return vendors.HashOf(canonical), err
}

// moved compares with what a plan was made on, and tells the keys of the entities that are otherwise now.
func (c *catalogue) moved(plan iter.Seq2[Foreseen, error]) (keys []string, err error) {
	for f, err := range plan {
		if err != nil {
			return nil, err
		}
		h, found := c.find(f.Key)
		if h.body != f.Held || found && f.Outcome == vendors.Created && c.resource.Amend == nil {
			keys = append(keys, f.Key)
		}
	}
	return keys, nil
}

// add takes an entity of the vendor. One that cannot be read is known to be there, and equals nothing.
func (c *catalogue) add(e vendors.Stored) {
	h := holding{key: maphash.String(c.seed, e.Key), gone: e.Aside}
	if c.resource.Canonical != nil && e.Body != nil && !e.Aside && !c.keysOnly {
		if hash, err := c.hash(&vendors.Entity{Body: e.Body}); err == nil {
			h.body = hash
		}
	}
	c.held = append(c.held, h)
}

// longBody is from which size on an entity of the vendor's is worth a collection of its own, in bytes.
const longBody = 16 << 20

// catalogue takes what the vendor has, so that created, updated and unchanged can be told apart.
// each, unless nil, sees every entity.
func (j *Job) catalogue(ctx context.Context, stored iter.Seq2[vendors.Stored, error], each func(vendors.Stored) error) (*catalogue, error) {
	c := &catalogue{resource: j.Resource, seed: maphash.MakeSeed(), past: j.Past,
		keysOnly: j.Resource.Amend != nil && j.Plan == nil && !j.plans}
	j.Refers.forget(j)
	longest := 0
	for e, err := range stored {
		if j.stopped() || ctx.Err() != nil {
			return nil, ErrInterrupted
		}
		if err != nil {
			return nil, err
		}
		c.add(e)
		longest = max(longest, len(e.Body))
		j.progress("listing", int64(len(c.held)), 0)
		j.Refers.hold(j.Vendor, j.Resource, e)
		if each != nil {
			if err := each(e); err != nil {
				return nil, err
			}
		}
	}
	j.Refers.listed(j)
	if longest > longBody {
		runtime.GC() // else the answers that were read stand beside what the next pass holds
	}
	slices.SortStableFunc(c.held, func(a, b holding) int { return cmp.Compare(a.key, b.key) })
	// What moved while it was listed comes twice; what came last counts.
	slices.Reverse(c.held)
	c.held = slices.CompactFunc(c.held, func(a, b holding) bool { return a.key == b.key })
	slices.Reverse(c.held)
	c.held = slices.DeleteFunc(c.held, func(h holding) bool { return h.gone })
	return c, nil
}

// stored yields what the vendor has: whole entities where they are to be compared, else their keys,
// nothing where that cannot be told.
func (j *Job) stored(ctx context.Context, listing vendors.Listing) iter.Seq2[vendors.Stored, error] {
	return func(yield func(vendors.Stored, error) bool) {
		if j.Resource.Pages != nil && (j.Compare || j.Resource.Unlisted) {
			for page, err := range j.Resource.Pages(ctx, j.Client, listing) {
				if err != nil {
					yield(vendors.Stored{}, ListingError(err))
					return
				}
				for _, e := range page.Entities {
					if !yield(e, nil) {
						return
					}
				}
			}
			return
		}
		if j.Resource.Known == nil {
			return
		}
		for key, err := range j.Resource.Known(ctx, j.Client) {
			if err != nil {
				yield(vendors.Stored{}, ListingError(err))
				return
			}
			if !yield(vendors.Stored{Key: key}, nil) {
				return
			}
		}
	}
}

// owners are the keys of a feed under which its entities are asked for, where the vendor has no list:
// the products of a feed of stock.
type owners struct {
	resource *vendors.Resource
	sorter   spill.Sorter
}

// newOwners returns nil when the vendor has a list, or when it is not asked at all.
func (j *Job) newOwners() *owners {
	if j.Client == nil && !j.learns || !j.Resource.Unlisted {
		return nil
	}
	return &owners{j.Resource, spill.Sorter{Dir: j.TempDir}}
}

func (o *owners) add(hash hasher, key string) error {
	if o == nil || key == "" {
		return nil
	}
	if o.resource.Part != "" {
		key, _, _ = vendors.SplitPartKey(key)
	}
	return o.sorter.Add(hash.sum([]byte(key)), []byte(key))
}

// keys yields each key once; nil when the vendor lists by itself.
func (o *owners) keys() iter.Seq2[string, error] {
	if o == nil {
		return nil
	}
	return func(yield func(string, error) bool) {
		last := ""
		for record, err := range o.sorter.Sorted() {
			if err != nil {
				yield("", err)
				return
			}
			key := string(record.Data)
			if key != last && !yield(key, nil) {
				return
			}
			last = key
		}
	}
}

func (o *owners) close() {
	if o != nil {
		o.sorter.Close()
	}
}

// ListingError says what a failed reading of the vendor's catalogue means for the run.
func ListingError(err error) error {
	var answer *vendors.APIError
	switch {
	case errors.As(err, &answer) && answer.Unauthorised():
		return fmt.Errorf("%w: %w", send.ErrUnauthorised, err)
	case send.Passing(err):
		return fmt.Errorf("%w: %w", send.ErrUnreachable, err)
	default:
		return fmt.Errorf("list what the vendor has: %w", err)
	}
}
