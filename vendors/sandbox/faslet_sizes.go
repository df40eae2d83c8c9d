package sandbox

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// takeSizes answers POST /size-specs: 4xx and nothing stored when a descriptor is wrong by itself, 2xx and
// a list of errors when some are skipped (faslet:211).
func (f *sizing) takeSizes(c *call) answer {
	list, err := listBody(c)
	if err != nil {
		return sizesRefused(err.Error())
	}
	var faults []told
	skipped := make([]bool, len(list.items))
	for i := range list.items {
		n := &list.items[i]
		if err := checkDescriptor(n); err != nil {
			return sizesRefused(fmt.Sprintf("[Item %d] %v", i, err))
		}
		if reason := skipReason(n); reason != "" {
			skipped[i] = true
			faults = append(faults, told{fmt.Sprintf("[Item %d] %s, ignoring", i, reason)})
		}
	}
	status := http.StatusOK
	for i := range list.items {
		n := &list.items[i]
		if skipped[i] {
			continue
		}
		id := schema.JoinItems([]string{c.parts[2], n.textOf("productId")})
		if !f.stores["size-specs"].has(id) {
			status = http.StatusCreated
		}
		if err := f.keep(c, "size-specs", id, c.body[n.start:n.end]); err != nil {
			return internal(err)
		}
	}
	return jsonBody(status, struct {
		Errors []told `json:"errors,omitempty"`
	}{faults})
}

// sizesRefused refuses a whole list (faslet:195).
func sizesRefused(text string) answer {
	a := jsonBody(http.StatusBadRequest, map[string]told{"error": {text}})
	a.message = text
	return a
}

// checkDescriptor finds what has a whole list refused.
func checkDescriptor(n *node) error {
	if err := object(n, []member{
		{name: "productName", required: true, check: someText},
		{name: "productId", check: anyText},
		{name: "gender", required: true, check: oneOf(vocabulary.ProductGenders)},
		{name: "productUrl", check: anyText},
		{name: "sizeChartSpecifications", required: true, check: listOf(1, anyObject)},
	}); err != nil {
		return err
	}
	if text := n.textOf("productUrl"); text != "" {
		if err := address(&node{kind: jsonText, text: text}); err != nil {
			return within("productUrl", err)
		}
		if hostOf(text) == "refused.invalid" {
			return within("productUrl", misfitf("%q is at a refused host", text))
		}
	}
	return nil
}

func hostOf(text string) string {
	uri, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return uri.Hostname()
}

// skipReason says why one descriptor is skipped; empty when it is not.
func skipReason(n *node) string {
	switch {
	case strings.TrimSpace(n.textOf("productUrl")) == "":
		return "No Product URL"
	case strings.TrimSpace(n.textOf("productId")) == "":
		return "No Product ID"
	case hostOf(n.textOf("productUrl")) == "skipped.invalid":
		return "Product URL not found"
	}
	sizes, _ := n.member("sizeChartSpecifications")
	seen := make(map[string]bool, len(sizes.items))
	for i := range sizes.items {
		if err := checkSize(&sizes.items[i], seen); err != nil {
			return within("sizeChartSpecifications", within(fmt.Sprintf("[%d]", i), err)).Error()
		}
	}
	return ""
}

// checkSize wants a size with a label of its own, and numbers for measurements.
func checkSize(n *node, seen map[string]bool) error {
	members := []member{
		{name: "sizeLabel", required: true, check: someText},
		{name: "useDefaults", check: anyBoolean},
	}
	for _, name := range vocabulary.Measurements {
		members = append(members, member{name: name, check: positive})
	}
	for _, name := range vocabulary.Stretched {
		members = append(members, member{name: name + vocabulary.StretchedSuffix, check: positive})
	}
	if err := object(n, members); err != nil {
		return err
	}
	if label := n.textOf("sizeLabel"); seen[label] {
		return within("sizeLabel", misfitf("%q stands twice", label))
	}
	seen[n.textOf("sizeLabel")] = true
	for _, name := range vocabulary.Stretched {
		least, hasLeast := n.member(name)
		most, hasMost := n.member(name + vocabulary.StretchedSuffix)
		if hasLeast && hasMost && numberValue(most) < numberValue(least) {
			return within(name+vocabulary.StretchedSuffix, misfitf("%s is below %s, %s", most.text, name, least.text))
		}
	}
	return nil
}
