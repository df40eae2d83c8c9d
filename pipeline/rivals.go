package pipeline

import (
	"fmt"

	"bulkload/pipeline/spill"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// mostClaims is how many entities of a feed are compared with each other. They are compared pair by
// pair, so this bounds the time as well as the memory.
const mostClaims = 10_000

// A claim is what an entity is compared with others by.
type claim struct {
	key   spill.Key
	name  string // the entity's key
	cell  string // of the field in which it is named
	value any
}

// claims gathers the claims of a reading's entities. It is used by one goroutine.
type claims struct {
	list   []claim
	full   bool
	beyond spill.Key // of the first entity that there was no room for
}

// note takes the claim of a checked unit.
func (c *claims) note(j *Job, hash hasher, u *unit) {
	rivals := j.Resource.Rivals
	if rivals == nil || u.entity.Outcome == vendors.Rejected || c.full {
		return
	}
	key := hash.sum([]byte(u.entity.Key))
	if len(c.list) == mostClaims {
		c.full, c.beyond = true, key
		return
	}
	source := -1
	if column := u.binding.Layout.Column(rivals.Field); column >= 0 {
		source = u.binding.Layout.Columns[column].Source
	}
	c.list = append(c.list, claim{key, u.entity.Key, j.cell(u.rows[0].Place(), source), rivals.Claim(&u.entity)})
}

// clashes compares all claims and says, by entity, with which other one it collides: the first that is
// found. It is nil when there is nothing to say.
func (c *claims) clashes(resource *vendors.Resource) map[spill.Key]string {
	found := make(map[spill.Key]string)
	say := func(of, other *claim, clash string) {
		if _, said := found[of.key]; !said {
			found[of.key] = fmt.Sprintf("%s %s %q in %s", clash, resource.Noun.One, other.name, other.cell)
		}
	}
	for i := range c.list {
		for j := range i {
			a, b := &c.list[i], &c.list[j]
			if a.key == b.key || found[a.key] != "" && found[b.key] != "" {
				continue // two parts of one entity, or nothing new to say
			}
			if clash := resource.Rivals.Clash(a.value, b.value); clash != "" {
				say(a, b, clash)
				say(b, a, clash)
			}
		}
	}
	if c.full {
		found[c.beyond] = fmt.Sprintf("the first %d %s of the feed were compared with each other; this one and those after it were not",
			mostClaims, resource.Noun.Many)
	}
	return found
}

// addRival reports the entity with which this one collides.
func (p *pass) addRival(u *unit) {
	if len(p.facts.rivals) == 0 {
		return
	}
	message, ok := p.facts.rivals[p.hash.sum([]byte(u.entity.Key))]
	if !ok {
		return
	}
	rivals := p.job.Resource.Rivals
	u.entity.Add(schema.Problem{Rule: rivals.Rule, Field: rivals.Field, Message: message})
}
