package vendors

import (
	"slices"

	"bulkload/vendors/schema"
)

// AllRules lists the rules that the resource's rows are held to, each once: those that every schema
// has as far as a row can break them, those of the fields, and its own. A rule without a clause of
// its own has the clause of the first field that names it, or none when that is each field's.
func (r *Resource) AllRules() []schema.Rule {
	var list []schema.Rule
	add := func(rule *schema.Rule, clause string) {
		if slices.ContainsFunc(list, func(known schema.Rule) bool { return known.ID == rule.ID }) {
			return
		}
		added := *rule
		if added.Clause == "" {
			added.Clause = clause
		}
		list = append(list, added)
	}
	for _, rule := range schema.Rules {
		if r.canBreak(rule) {
			add(rule, "")
		}
	}
	for i := range r.Schema {
		for _, check := range r.Schema[i].Checks {
			add(check.Rule, r.Schema[i].Clause)
		}
	}
	for _, rule := range r.Rules {
		add(rule, "")
	}
	if r.Rivals != nil {
		add(r.Rivals.Rule, "")
	}
	return list
}

// Alike reports whether no row of an entity can be missing: it has only one, or its rows can only repeat
// each other, as those of a question do whose fields all name it.
func (r *Resource) Alike() bool {
	if r.Lone {
		return true
	}
	if r.Ask == nil {
		return false
	}
	return !slices.ContainsFunc(r.Schema, func(f schema.Field) bool {
		names := f.Name == r.Key || f.Name == r.Part || f.Name == r.Else || slices.Contains(r.Besides, f.Name)
		return !names && !f.ReadOnly && f.Forbidden == "" && f.Values == nil
	})
}

// canBreak reports whether a row of the resource can break one of the rules that all schemas have.
func (r *Resource) canBreak(rule *schema.Rule) bool {
	some := func(property func(*schema.Field) bool) bool {
		return slices.ContainsFunc(r.Schema, func(f schema.Field) bool { return property(&f) })
	}
	switch rule {
	case schema.Required:
		return some(func(f *schema.Field) bool { return f.Required })
	case schema.Disagree:
		return some(func(f *schema.Field) bool { return f.Shared })
	case schema.TooLong:
		return some(func(f *schema.Field) bool { return f.MaxRunes > 0 })
	case schema.NotList:
		return some(func(f *schema.Field) bool { return f.Values != nil })
	case schema.NotType:
		return some(func(f *schema.Field) bool { return f.Type != schema.Text })
	case schema.Unsent:
		return some(func(f *schema.Field) bool { return f.Forbidden != "" })
	case schema.Twice:
		return len(r.Unique) > 0
	}
	return true
}
