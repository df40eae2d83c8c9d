package faire

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faire/vocabulary"
	"bulkload/vendors/schema"
)

// Prepacks are sets of sizes that are sold together (faire:1294). Faire creates and deletes them, and
// changes none. A feed has a row for each size, or one row with all of them: S:2 M:1 L:2.
var Prepacks = &vendors.Resource{
	Name:      "prepacks",
	Doc:       "create prepacks of a product's sizes",
	Noun:      vendors.Noun{One: "prepack", Many: "prepacks"},
	Schema:    prepackSchema(),
	Rules:     []*schema.Rule{packProduct, packForm, packItem, packTwice},
	Against:   []*schema.Rule{packUnasked, packNoProduct, packUnread, packNoSize, packVariant, packColour, packGap, packFixed, packBeside},
	Key:       "product_id",
	Else:      "product_key",
	Part:      "name",
	Besides:   []string{"id", "sizes"},
	ID:        "id",
	RowKey:    []string{"variant_id"},
	Batch:     1,
	Unlisted:  true,
	Repeat:    vendors.ByToken,
	Encode:    encodePrepack,
	Upload:    uploadPrepacks,
	Trace:     traceWords,
	Pages:     prepackPages,
	Filters:   partFilters,
	Aliases:   prepackAliases,
	Amend:     amendPrepack,
	Decode:    decodePrepack,
	Canonical: canonicalPrepack,
	Delete:    deletePrepack,
	Example: []map[string]string{
		{"product_id": "p_123", "name": "My Red Shirt Prepack", "sizes": "S:2 M:1 L:2", "option.Color": "Red"},
		{"product_key": "LD-1042", "name": "Dress, small run", "option.Size": "36", "option.Color": "Red", "quantity": "2"},
		{"product_key": "LD-1042", "name": "Dress, small run", "option.Size": "38", "quantity": "1"},
	},
}

// sizeField is the column of a row's size. The option must have this name, letter for letter (faire:1297).
const sizeField = "option." + vocabulary.SizeOption

// The rules of prepacks.
var (
	packProduct = &schema.Rule{ID: "prepack.product", Clause: clause(1366),
		Sentence: "each row names the prepack's product, by product_id or by product_key"}
	packSizes = &schema.Rule{ID: "prepack.sizes", Clause: clause(1372),
		Sentence: "sizes lists each size with how many pieces of it there are: S:2 M:1 L:2"}
	packQuantity = &schema.Rule{ID: "prepack.quantity", Clause: clause(1377),
		Sentence: "a prepack holds a whole number of pieces of a size, from 1"}
	packForm = &schema.Rule{ID: "prepack.form", Clause: clause(1372),
		Sentence: "a prepack is written as one row with sizes, or as a row for each size, not as both"}
	packItem = &schema.Rule{ID: "prepack.item", Clause: clause(1376),
		Sentence: "each row says how many pieces there are of what: its quantity, and option.Size, sku or variant_id"}
	packTwice = &schema.Rule{ID: "prepack.size-twice", Clause: clause(1298),
		Sentence: "a size stands in a prepack once: s and S are one size"}
)

// The rules of prepacks against what Faire has.
var (
	packUnasked = &schema.Rule{ID: "prepack.unasked", Clause: clause(1376),
		Sentence: "a prepack can only be made after what Faire has was read: leave --compare none away"}
	packNoProduct = &schema.Rule{ID: "prepack.no-product", Clause: clause(1366),
		Sentence: "the account has the product: load it before its prepacks"}
	packUnread = &schema.Rule{ID: "prepack.product-id", Clause: clause(1366),
		Sentence: "a product that was not made under its product_key is named by product_id"}
	packNoSize = &schema.Rule{ID: "prepack.no-size", Clause: clause(1297),
		Sentence: "only a product with an option named Size, letter for letter, can have prepacks"}
	packVariant = &schema.Rule{ID: "prepack.variant", Clause: clause(1339),
		Sentence: "what a prepack holds are variants of its product"}
	packColour = &schema.Rule{ID: "prepack.colour", Clause: clause(1295),
		Sentence: "a prepack differs in size alone: it has one colour, in a column such as option.Color"}
	packGap = &schema.Rule{ID: "prepack.gap", Clause: clause(1298),
		Sentence: "a prepack has all sizes of the product between its smallest and its largest"}
	packFixed = &schema.Rule{ID: "prepack.fixed", Clause: clause(1494),
		Sentence: "a prepack that is made cannot change: delete it, and load another without its id"}
	packBeside = &schema.Rule{ID: "prepack.beside", Clause: clause(1494), Severity: schema.Warning,
		Sentence: "the product has another prepack of this name, which stays until it is deleted"}
)

func prepackSchema() schema.Schema {
	return schema.Schema{
		{Name: "product_id", Clause: clause(1366), Example: "p_123", Checks: idCheck(vocabulary.ProductID),
			Doc:      "Faire's ID of the product, beginning with p_; or leave it empty and name the product by product_key.",
			Synonyms: []string{"faire product id", "product token"}},
		{Name: "product_key", Clause: clause(1366), Example: "LD-1042",
			Doc: "Your own number of the product, under which bulkload has loaded it.",
			Synonyms: []string{"style", "style number", "style no", "style code", "handle", "parent sku", "product number", "article number",
				"model number", "product code", "artikelnummer", "modellnummer"}},
		{Name: "name", Clause: clause(1371), Required: true, Example: "My Red Shirt Prepack",
			Doc:      "What the prepack is called; all rows of one product that carry it are one prepack.",
			Synonyms: []string{"prepack name", "prepack", "pack name", "assortment", "assortment name", "prepack title"}},
		{Name: "id", Clause: clause(1328), Example: "pc_123",
			Doc:      "Faire's ID of the prepack, where it has one: it tells prepacks of one name apart. On all rows of the prepack, or on none.",
			Checks:   []schema.Check{namedBy("prepack.id", 1328, vocabulary.PrepackID, "a prepack", "pc_123")},
			Synonyms: []string{"prepack id", "prepack token"}},
		{Name: "sizes", Clause: clause(1372), Example: "S:2 M:1 L:2",
			Doc:      "All sizes in one cell, each with how many pieces of it there are; or a row for each size.",
			Checks:   []schema.Check{{Rule: packSizes, OK: isSizes, Explain: explainSizes}},
			Synonyms: []string{"ratio", "size ratio", "size run", "pack ratio", "size breakdown"}},
		{Name: "variant_id", Clause: clause(1376), Example: "po_d2d1", Checks: idCheck(vocabulary.VariantID),
			Doc:      "Faire's ID of the variant of the row; or name it by sku, or by its size.",
			Synonyms: []string{"product_variant_id", "faire variant id", "variant token"}},
		{Name: "sku", Clause: clause(1376), Example: "LD-1042-RED-36", Doc: "Your own number of the variant of the row.",
			Synonyms: []string{"variant sku", "item sku"}},
		{Name: sizeField, Clause: clause(1297), Example: "36", Doc: "The size of the row."},
		{Name: "option.{name}", Clause: clause(1295), Shared: true, Example: "Red",
			Doc: "What of the product's other options the prepack has, such as option.Color."},
		{Name: "quantity", Clause: clause(1377), Example: "2", Doc: "How many pieces of the size the prepack holds.",
			Checks:   []schema.Check{{Rule: packQuantity, OK: isPieces}},
			Synonyms: []string{"qty", "pieces", "units", "menge", "stückzahl", "aantal", "quantité", "quantità"}},
		{Name: "description", Clause: clause(1331), ReadOnly: true, Shared: true, Doc: "What Faire makes of quantities and sizes, such as 2-1-2; S-L."},
		{Name: "product_name", Clause: clause(171), ReadOnly: true, Shared: true, Doc: "The product's name."},
		{Name: "idempotence_token", Clause: clause(1329), ReadOnly: true, Shared: true, Doc: "The token with which the prepack was made."},
		{Name: "created_at", Clause: clause(1333), ReadOnly: true, Shared: true, Doc: "When the prepack was made."},
		{Name: "item_id", Clause: clause(1338), ReadOnly: true, Doc: "Faire's ID of the size in the prepack."},
	}
}

// isPieces reports whether a cell is a whole number from 1, in digits only.
func isPieces(cell []byte) bool {
	n, err := strconv.ParseInt(string(cell), 10, 64)
	return err == nil && n >= 1 && n <= mostPieces && cell[0] != '+'
}

// mostPieces is the greatest number of pieces of a size that is sent. The document has no limit.
const mostPieces = 999_999

// PackItem is what a prepack holds of one size, as a feed says it.
type PackItem struct {
	VariantID string        `json:"variant_id,omitempty"`
	SKU       string        `json:"sku,omitempty"`
	Options   []OptionValue `json:"options,omitempty"` // the size among them, in the order of names
	Quantity  int64         `json:"quantity"`
}

// WantedPrepack is a prepack as a feed says it. What is sent of it needs Faire's IDs.
type WantedPrepack struct {
	ProductID  string     `json:"product_id,omitempty"`
	ProductKey string     `json:"product_key,omitempty"`
	Name       string     `json:"name"`
	ID         string     `json:"id,omitempty"`
	Items      []PackItem `json:"items"`
}

// eachSize calls yield with each size of a cell such as S:2 M:1 L:2, or X Large:1, One Size:3, and with
// its quantity's digits, until it returns false. It reports whether all of the cell could be read.
func eachSize(cell []byte, yield func(size, quantity []byte) bool) bool {
	count := 0
	for rest := cell; len(rest) > 0; count++ {
		colon := bytes.IndexByte(rest, ':')
		if colon < 0 {
			return false
		}
		size := schema.Trim(rest[:colon])
		rest = schema.Trim(rest[colon+1:])
		end := 0
		for end < len(rest) && rest[end] >= '0' && rest[end] <= '9' {
			end++
		}
		quantity := rest[:end]
		rest = rest[end:]
		if len(size) == 0 || !isPieces(quantity) || len(rest) > 0 && !bytes.ContainsRune([]byte(" \t\n,;|/"), rune(rest[0])) {
			return false
		}
		rest = bytes.TrimLeft(rest, " \t\n,;|/\u00a0")
		if !yield(size, quantity) {
			return true
		}
	}
	return count > 0
}

func isSizes(cell []byte) bool { return eachSize(cell, func(_, _ []byte) bool { return true }) }

// explainSizes knows the other ways in which feeds write a size run: S-2, 2xS, S=2, S(2).
func explainSizes(value string) (message, suggestion string) {
	var sizes []string
	for word := range strings.FieldsFuncSeq(value, func(r rune) bool { return strings.ContainsRune(" ,;|/", r) }) {
		word = strings.TrimSuffix(word, ")")
		at := strings.IndexAny(word, "=(-x*×")
		if at <= 0 {
			return "", ""
		}
		before, after := word[:at], strings.TrimLeft(word[at:], "=(-x*×")
		if word[at] == 'x' || word[at] == '*' || strings.HasPrefix(word[at:], "×") {
			before, after = after, before
		}
		sizes = append(sizes, before+":"+after)
	}
	if joined := strings.Join(sizes, " "); isSizes([]byte(joined)) {
		return "", joined
	}
	return "", ""
}

// encodePrepack reads what the rows say of a prepack, and judges what they show by themselves.
func encodePrepack(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	first := &e.Records[0]
	wanted := &WantedPrepack{ProductID: first.Text("product_id"), ProductKey: first.Text("product_key"), Name: first.Text("name"), ID: first.Text("id")}
	for i := range e.Records {
		if r := &e.Records[i]; lacks(r, "product_id", "product_key") {
			e.Add(schema.Problem{Rule: packProduct, Record: i, Field: "product_id"})
		}
	}
	var places []int // records of the items
	if first.Has("sizes") {
		wanted.Items, places = cellItems(e)
	} else {
		wanted.Items, places = rowItems(e)
	}
	findSizeTwice(e, wanted.Items, places)
	if !e.Sound() {
		return nil
	}
	slices.SortFunc(wanted.Items, comparePackItems)
	return wanted
}

// cellItems reads the sizes of a prepack that is one row.
func cellItems(e *vendors.Entity) (items []PackItem, places []int) {
	for i := range e.Records {
		r := &e.Records[i]
		for _, name := range []string{"quantity", sizeField, "sku", "variant_id"} {
			if r.Has(name) {
				e.Add(schema.Problem{Rule: packForm, Record: i, Field: name})
			}
		}
		if i > 0 {
			e.Add(schema.Problem{Rule: packForm, Record: i, Field: "sizes", Message: "the prepack has a row with the same sizes before"})
		}
	}
	r := &e.Records[0]
	if !r.OK("sizes") {
		return nil, nil
	}
	others := otherOptions(e.Records)
	eachSize(r.Bytes("sizes"), func(size, quantity []byte) bool {
		n, _ := strconv.ParseInt(string(quantity), 10, 64)
		items, places = append(items, PackItem{Options: withSize(others, string(size)), Quantity: n}), append(places, 0)
		return true
	})
	return items, places
}

// rowItems reads the sizes of a prepack that has a row for each.
func rowItems(e *vendors.Entity) (items []PackItem, places []int) {
	others := otherOptions(e.Records)
	for i := range e.Records {
		r := &e.Records[i]
		if lacks(r, "quantity") {
			e.Add(schema.Problem{Rule: packItem, Record: i, Field: "quantity", Message: "the row has no quantity"})
		}
		if lacks(r, sizeField, "sku", "variant_id") {
			e.Add(schema.Problem{Rule: packItem, Record: i, Field: sizeField, Message: "the row does not say what it holds: option.Size, sku or variant_id"})
			continue
		}
		n, _ := strconv.ParseInt(r.Text("quantity"), 10, 64)
		items = append(items, PackItem{VariantID: r.Text("variant_id"), SKU: r.Text("sku"), Options: withSize(others, r.Text(sizeField)), Quantity: n})
		places = append(places, i)
	}
	return items, places
}

// lacks reports whether a row has none of these fields, not even a faulty value of one.
func lacks(r *schema.Record, fields ...string) bool {
	for _, name := range fields {
		if column := r.Layout.Column(name); column >= 0 && (len(r.Values[column]) > 0 || r.Bad[column]) {
			return false
		}
	}
	return true
}

// otherOptions are the options besides the size that the records share.
func otherOptions(records []schema.Record) (options []OptionValue) {
	layout := records[0].Layout
	for _, column := range layout.Family("option.{name}") {
		if value := schema.Shared(records, layout.Columns[column].Name); len(value) > 0 {
			options = append(options, OptionValue{layout.Columns[column].Param, string(value)})
		}
	}
	return options
}

func withSize(others []OptionValue, size string) []OptionValue {
	options := slices.Clone(others)
	if size != "" {
		options = append(options, OptionValue{vocabulary.SizeOption, size})
	}
	slices.SortStableFunc(options, func(a, b OptionValue) int { return strings.Compare(a.Name, b.Name) })
	return options
}

// size is the item's size; empty when the feed names the variant otherwise.
func (item *PackItem) size() string {
	for _, option := range item.Options {
		if option.Name == vocabulary.SizeOption {
			return option.Value
		}
	}
	return ""
}

func comparePackItems(a, b PackItem) int {
	return cmp.Or(strings.Compare(a.VariantID, b.VariantID), strings.Compare(a.SKU, b.SKU), strings.Compare(a.size(), b.size()))
}

// findSizeTwice reports the items that mean the same as one before.
func findSizeTwice(e *vendors.Entity, items []PackItem, places []int) {
	for i := range items {
		for j := range i {
			field, value := items[i].sameAs(&items[j])
			if field == "" {
				continue
			}
			if field == sizeField && e.Records[places[i]].Has("sizes") {
				field = "sizes"
			}
			e.Add(schema.Problem{Rule: packTwice, Record: places[i], Other: places[j], Field: field,
				Message: fmt.Sprintf("%s stands twice in the prepack", value)})
			break
		}
	}
}

// sameAs returns the field by which two items mean one variant, and its value; empty when they may be two.
func (item *PackItem) sameAs(other *PackItem) (field, value string) {
	size := item.size()
	switch {
	case item.VariantID != "" && other.VariantID != "":
		if item.VariantID == other.VariantID {
			return "variant_id", item.VariantID
		}
		return "", ""
	case item.SKU != "" && item.SKU == other.SKU:
		return "sku", item.SKU
	case size != "" && sameSize(size, other.size()):
		return sizeField, size
	}
	return "", ""
}

// sameSize reports whether two texts are one size.
func sameSize(a, b string) bool {
	order, ok := vocabulary.CompareSizes(a, b)
	return a != "" && b != "" && ok && order == 0
}

func readWanted(body []byte) (*WantedPrepack, error) {
	wanted := new(WantedPrepack)
	if err := json.Unmarshal(body, wanted); err != nil {
		return nil, fmt.Errorf("this is not a prepack: %w", err)
	}
	return wanted, nil
}
