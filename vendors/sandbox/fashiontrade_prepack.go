package sandbox

import (
	"strconv"
)

// newPrepacks makes the collection of prepacks. Where the document is silent, a prepack has at least
// one variant, a variant stands in it once, and its quantity is at least 1.
func newPrepacks(s *store) *collection {
	return &collection{noun: "prepack", resource: "prepack", key: "barcode", latest: 1, store: s, check: checkPrepack,
		show: func(body []byte) ([]byte, error) { return body, nil }}
}

func checkPrepack(_ int, body node) (checked, error) {
	variant := []member{
		{name: "barcode", required: true, check: someText},
		{name: "product_id", required: true, check: someText},
		{name: "quantity", required: true, check: pieces},
	}
	seen := make(map[string]bool)
	one := func(n *node) error {
		if err := object(n, variant); err != nil {
			return noted(err, n)
		}
		barcode := n.textOf("barcode")
		if seen[barcode] {
			return noted(within("barcode", misfitf("%q stands twice in the prepack", barcode)), n)
		}
		seen[barcode] = true
		return nil
	}
	err := object(&body, []member{
		{name: "barcode", required: true, check: someText},
		{name: "display_name", required: true, check: someText},
		{name: "variants", required: true, check: listOf(1, one)},
	})
	return checked{id: body.textOf("barcode")}, err
}

// pieces wants an int32 from 1.
func pieces(n *node) error {
	if err := kind(n, jsonNumber); err != nil {
		return err
	}
	if value, err := strconv.ParseInt(n.text, 10, 32); err != nil || value < 1 {
		return misfitf("%s is not a whole number from 1", n.text)
	}
	return nil
}
