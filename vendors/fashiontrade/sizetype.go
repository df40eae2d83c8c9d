package fashiontrade

import (
	"bytes"
	"fmt"
	"slices"

	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// sizeClauses are the lines of the document that define the size types.
var sizeClauses = [kinds]int{categorical: 2914, children: 3054, childrenAge: 3025, euMen: 3135, euShirt: 3158,
	euShoe: 3187, euWomen: 3228, jeans: 3377, oneSize: 3404, otherSize: 3450, ukWomen: 4102}

// readSize judges the size of one record. The type comes from size_type, else it is the only type
// that both takes the size and agrees with the product's tags; it is never guessed.
func (w *work) readSize(r *schema.Record, v *variant) {
	if faulty(r, w.sizeType) || faulty(r, w.columns.size) || faulty(r, w.sizeName) {
		return
	}
	value, name := cell(r, w.columns.size), cell(r, w.sizeName)
	k, given := findKind(cell(r, w.sizeType))
	switch {
	case given && k == oneSize:
	case len(value) == 0:
		w.add(v.record, sizeMissing, "size", "", suggestOneSize(given), "")
		return
	case !given && len(name) > 0:
		w.add(v.record, sizeNameUnused, "size_name", "only OtherSize has a size_name: write OtherSize into size_type, "+
			"or leave size_name empty", "", "")
		return
	case !given:
		if k, given = w.chooseKind(v.record, value); !given {
			return
		}
	}
	v.size, v.sized = parseSize(k, value)
	w.checkSize(k, value, name, v)
}

// suggestOneSize gives the way out of an empty size when no type was named.
func suggestOneSize(given bool) string {
	if given {
		return ""
	}
	return "size_type " + vocabulary.OneSize
}

// checkSize judges a size whose type is known.
func (w *work) checkSize(k kind, value, name []byte, v *variant) {
	switch {
	case !v.sized:
		w.add(v.record, sizeWrong, "size", fmt.Sprintf("%q is not %s, which takes %s", value, k, takes[k]),
			nearestSize(1<<k, string(value)), clause(sizeClauses[k]))
		return
	case k == otherSize && len(name) == 0:
		w.add(v.record, sizeNameMissing, "size_name", "", "", "")
		v.sized = false
	case k != otherSize && len(name) > 0:
		w.add(v.record, sizeNameUnused, "size_name",
			fmt.Sprintf("only OtherSize has a size_name, and this is %s: leave size_name empty", k), "", "")
		v.sized = false
	case k == oneSize && len(value) > 0:
		w.add(v.record, sizeDropped, "size", fmt.Sprintf("OneSize is sent without a size, so %q is left out", value), "", "")
	case k == euShirt && !w.shirtSaid:
		w.shirtSaid = true
		w.add(v.record, sizeTypeUnlisted, "size_type", "", "", "")
	}
	if k != oneSize {
		v.sizeText, v.sizeName = value, name
	}
}

// chooseKind finds the type of a size that came without one.
func (w *work) chooseKind(record int, value []byte) (k kind, ok bool) {
	fits := fitting(value)
	if fits == 0 {
		w.add(record, sizeUnknown, "size", unknownSize(value), nearestSize(guessable, string(value)), "")
		return 0, false
	}
	left := fits & w.kindsLeft()
	if k, ok = left.only(); ok {
		w.sayTaken(record, k, fits, value)
		return k, true
	}
	message := fmt.Sprintf("%q fits %s: write into size_type which one is meant", value, left)
	if left == 0 {
		message = fmt.Sprintf("%q fits %s, but the product's tags speak of another kind of product: "+
			"write into size_type what is meant", value, fits)
	}
	w.add(record, sizeAmbiguous, "size", message, "", "")
	return 0, false
}

// sayTaken tells the user once for each product that the type was not in the feed.
func (w *work) sayTaken(record int, k kind, fits kindSet, value []byte) {
	if w.takenSaid {
		return
	}
	w.takenSaid = true
	reason := fmt.Sprintf("%q fits no other size type", value)
	if _, alone := fits.only(); !alone {
		reason = fmt.Sprintf("of %s, which %q fits, the product's tags leave this one", fits, value)
	}
	w.add(record, sizeTypeTaken, "size_type", fmt.Sprintf("size type %s taken, because %s", k, reason), "", "")
}

// unknownSize explains a size that no guessable type takes.
func unknownSize(value []byte) string {
	message := fmt.Sprintf("%q fits none of the vendor's size types", value)
	if isOneSize(string(value)) {
		return message + "; for goods of one size write OneSize into size_type"
	}
	if _, ok := parseSize(euShirt, value); ok {
		return message + " that it lists; if it is a collar, write EuShirtSize into size_type"
	}
	return message + "; if it is right, write OtherSize into size_type and what kind of size it is into size_name"
}

// isOneSize knows how feeds write that goods have no sizes.
func isOneSize(text string) bool {
	switch lettersAndDigits(text) {
	case "onesize", "one", "os", "osfa", "onesizefitsall", "1size", "tu", "u", "uni", "unica", "tagliaunica",
		"tailleunique", "einheitsgre", "einheitsgroesse", "nosize", "ns", "onesz":
		return true
	}
	return false
}

// Kinds that tags rule out leave these.
const (
	letters     = kindSet(1 << categorical) // are never ruled out, they cannot be taken for a number
	ofChildren  = kindSet(1<<children | 1<<childrenAge)
	all         = kindSet(1<<kinds - 1)
	noMeasure   = all &^ (1<<euShoe | 1<<jeans) // clothes that are sized neither like shoes nor by waist
	maybeWaist  = all &^ (1 << euShoe)
	maybeShoe   = all &^ (1 << jeans)
	footwear    = letters | 1<<euShoe
	waistLength = letters | ofChildren | 1<<jeans
)

// categorySizes says which size types the products of a category and of those below it have; the
// entry nearest to a category counts.
var categorySizes = []struct {
	category string
	leaves   kindSet
}{
	{"footwear", footwear},
	{"clothing", noMeasure},
	{"jeans", waistLength},
	{"pants", maybeWaist}, {"trousers", maybeWaist}, {"bottom", maybeWaist}, {"set", maybeWaist},
	{"suit", maybeWaist}, {"sportswear", maybeWaist}, {"basics", maybeWaist},
	{"socks_tights", maybeShoe},
	{"furniture", all}, {"toys", all}, {"pos_materials", all},
}

// allowedSizes works categorySizes out for every category of a version.
func allowedSizes(p *vocabulary.Product) map[string]kindSet {
	allowed := make(map[string]kindSet, len(p.Categories))
	for i := range p.Categories {
		c := &p.Categories[i]
		allowed[c.Name] = allowed[c.Parent] // parents come first
		for _, entry := range categorySizes {
			if entry.category == c.Name {
				allowed[c.Name] = entry.leaves
			}
		}
	}
	allowed["clothing"] = all // by itself it does not say what it is
	return allowed
}

// kindsLeft returns the size types that the product's tags and its product_type leave.
func (w *work) kindsLeft() kindSet {
	if w.left != 0 {
		return w.left
	}
	w.left = all
	records := w.entity.Records
	if string(schema.Shared(records, "product_type")) == "FOOTWEAR" {
		w.left &= footwear
	}
	w.left &= w.leftByCategory(schema.Shared(records, "tag.CATEGORY"))
	female, male := lists(schema.Shared(records, "tag.GENDER"), "female"), lists(schema.Shared(records, "tag.GENDER"), "male")
	switch unisex := lists(schema.Shared(records, "tag.GENDER"), "unisex"); {
	case female && !male && !unisex:
		w.left &^= 1 << euMen
	case male && !female && !unisex:
		w.left &^= 1<<euWomen | 1<<ukWomen
	}
	ages := schema.Shared(records, "tag.AGE")
	adult := lists(ages, "adult")
	young := lists(ages, "baby") || lists(ages, "kids") || lists(ages, "pre-school") || lists(ages, "teens")
	switch {
	case adult && !young:
		w.left &^= ofChildren
	case young && !adult:
		w.left &= letters | ofChildren | 1<<euShoe
	}
	return w.left
}

// leftByCategory returns the size types that all the categories of a cell leave. A category above
// another one of the cell says nothing of its own. Each category is looked at once, however often a
// hostile cell lists it.
func (w *work) leftByCategory(cell []byte) kindSet {
	var named []string
	schema.Items(cell, func(item []byte) bool {
		name := item[bytes.LastIndexByte(item, '/')+1:]
		if _, known := w.encoder.allowed[string(name)]; known && !contains(named, name) {
			named = append(named, string(name))
		}
		return true
	})
	left := all
	for _, name := range named {
		if !w.hasBelow(named, name) {
			left &= w.encoder.allowed[name]
		}
	}
	return left
}

// hasBelow reports whether one of the categories stands below this one.
func (w *work) hasBelow(named []string, above string) bool {
	return slices.ContainsFunc(named, func(name string) bool {
		return name != above && w.product.Under(name, above)
	})
}

// lists reports whether a cell lists a value.
func lists(cell []byte, value string) bool {
	found := false
	schema.Items(cell, func(item []byte) bool {
		found = string(item) == value
		return !found
	})
	return found
}
