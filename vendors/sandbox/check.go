package sandbox

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// misfit says which field of a body breaks which rule.
type misfit struct {
	path string // "variants[2].size"
	text string // the value and the rule
	note string // what else helps to find it: "barcode 5060001"
}

// Error reads `variants[2].size: "XXM" is not a valid CategoricalSize (barcode 5060001)`.
func (m *misfit) Error() string {
	text := m.text
	if m.path != "" {
		text = m.path + ": " + text
	}
	if m.note != "" {
		text += " (" + m.note + ")"
	}
	return text
}

func misfitf(format string, arguments ...any) error {
	return &misfit{text: fmt.Sprintf(format, arguments...)}
}

// within puts the name of the field around it before a misfit's path.
func within(name string, err error) error {
	var m *misfit
	if !errors.As(err, &m) {
		return err
	}
	switch {
	case m.path == "":
		m.path = name
	case strings.HasPrefix(m.path, "["):
		m.path = name + m.path
	default:
		m.path = name + "." + m.path
	}
	return m
}

// check tells how a value breaks a rule, nil when it keeps it.
type check func(*node) error

// member describes one member of an object.
type member struct {
	name     string
	required bool
	check    check
	readOnly bool // only in answers
	null     bool // null is taken too, and goes to check
}

// object checks the members of an object: those listed, each of its kind, and no others. Null is
// taken only where a member says so.
func object(n *node, members []member) error {
	if err := kind(n, jsonObject); err != nil {
		return err
	}
	for i, name := range n.names {
		at := slices.IndexFunc(members, func(m member) bool { return m.name == name })
		if at < 0 {
			return within(name, misfitf("there is no such field"))
		}
		if members[at].readOnly {
			return within(name, misfitf("is read-only and must not be sent"))
		}
		if n.items[i].kind == jsonNull && !members[at].null {
			return within(name, misfitf("null is not taken; leave the field out"))
		}
		if err := members[at].check(&n.items[i]); err != nil {
			return within(name, err)
		}
	}
	for _, m := range members {
		if !m.required {
			continue
		}
		if _, ok := n.member(m.name); !ok {
			return within(m.name, misfitf("is required"))
		}
	}
	return nil
}

// objectOf wants an object with these members.
func objectOf(members []member) check {
	return func(n *node) error { return object(n, members) }
}

func kind(n *node, want jsonKind) error {
	if n.kind != want {
		return misfitf("must be %v, not %v", want, n.kind)
	}
	return nil
}

func anyText(n *node) error { return kind(n, jsonText) }

func anyObject(n *node) error { return kind(n, jsonObject) }

func anyBoolean(n *node) error { return kind(n, jsonBoolean) }

// someText wants a text with at least one character that is not blank.
func someText(n *node) error {
	if err := kind(n, jsonText); err != nil {
		return err
	}
	if strings.TrimSpace(n.text) == "" {
		return misfitf("%q must not be blank", n.text)
	}
	return nil
}

// oneOf wants one of a list's values, letter for letter.
func oneOf(values []string) check {
	return func(n *node) error {
		if err := kind(n, jsonText); err != nil {
			return err
		}
		if !slices.Contains(values, n.text) {
			return misfitf("%q is not one of %s", n.text, strings.Join(values, ", "))
		}
		return nil
	}
}

// listOf wants a list of at least so many elements that keep a rule.
func listOf(least int, element check) check {
	return func(n *node) error {
		if err := kind(n, jsonList); err != nil {
			return err
		}
		if len(n.items) < least {
			return misfitf("must have at least %d element", least)
		}
		for i := range n.items {
			if err := element(&n.items[i]); err != nil {
				return within(fmt.Sprintf("[%d]", i), err)
			}
		}
		return nil
	}
}

// textMap wants an object whose values are texts.
func textMap(n *node) error {
	if err := kind(n, jsonObject); err != nil {
		return err
	}
	for i, name := range n.names {
		if err := kind(&n.items[i], jsonText); err != nil {
			return within(name, err)
		}
	}
	return nil
}

// address wants an absolute URI with a host.
func address(n *node) error {
	if err := kind(n, jsonText); err != nil {
		return err
	}
	uri, err := url.Parse(n.text)
	if err != nil || uri.Scheme == "" || uri.Host == "" || strings.ContainsAny(n.text, " \t\r\n") {
		return misfitf("%q is not an absolute URI", n.text)
	}
	return nil
}
