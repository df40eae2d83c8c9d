package faslet

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/faslet/vocabulary"
	"bulkload/vendors/schema"
)

// SizeSpecs are the sizes of products, sent in lists of one brand. Sending them again updates them.
var SizeSpecs = &vendors.Resource{
	Name:    "size-specs",
	Doc:     "create and update the size charts of products",
	Noun:    vendors.Noun{One: "size chart", Many: "size charts"},
	Schema:  sizeSchema(),
	Rules:   []*schema.Rule{stretchedBelow, sizeTwice, sizeBare},
	Key:     "productId",
	Besides: []string{"brand"},
	Lane:    []string{"brand"},
	Unique:  []string{"productId"}, // two brands of one product are one that is misspelt
	Batch:   100,
	Splits:  true,
	Repeat:  vendors.Harmless,
	Encode:  encodeSizes,
	Upload:  uploadSizes,
	Trace:   traceSizes,
	Example: []map[string]string{
		{"brand": "Nike", "productId": "LD-1042", "productName": "Linen midi dress", "gender": "female",
			"productUrl": "https://shop.example.com/linen-midi-dress", "sizeLabel": "S", "useDefaults": "false", "waist": "64",
			"waistStretched": "70", "hips": "90", "hipsStretched": "96", "chest": "82"},
		{"brand": "Nike", "productId": "LD-1042", "sizeLabel": "M", "waist": "68.5", "waistStretched": "74", "hips": "94", "chest": "86"},
		{"brand": "Nike", "productId": "LD-1042", "sizeLabel": "L", "useDefaults": "true"},
	},
}

// Descriptor is one element of the request (faslet:133).
type Descriptor struct {
	ProductName             string `json:"productName"`
	ProductID               string `json:"productId"`
	Gender                  string `json:"gender"`
	ProductURL              string `json:"productUrl"`
	SizeChartSpecifications []Size `json:"sizeChartSpecifications"`
}

// Size is one size of a product (faslet:141).
type Size struct {
	SizeLabel      string      `json:"sizeLabel"`
	UseDefaults    *bool       `json:"useDefaults,omitempty"`
	Waist          json.Number `json:"waist,omitempty"`
	Hips           json.Number `json:"hips,omitempty"`
	Chest          json.Number `json:"chest,omitempty"`
	InnerLeg       json.Number `json:"innerLeg,omitempty"`
	Length         json.Number `json:"length,omitempty"`
	Sleeve         json.Number `json:"sleeve,omitempty"`
	Thigh          json.Number `json:"thigh,omitempty"`
	Shoulder       json.Number `json:"shoulder,omitempty"`
	WaistStretched json.Number `json:"waistStretched,omitempty"`
	HipsStretched  json.Number `json:"hipsStretched,omitempty"`
	ChestStretched json.Number `json:"chestStretched,omitempty"`
}

// branded is an entity's body: what is sent, and the brand, which goes into the path.
type branded struct {
	Brand string `json:"brand"`
	Body  any    `json:"body"`
}

// The rules of sizes.
var (
	stretchedBelow = &schema.Rule{ID: "size.stretched", Clause: clause(154),
		Sentence: "a stretched measurement must not be below the one that is not stretched"}
	sizeTwice = &schema.Rule{ID: "size.twice", Clause: clause(144),
		Sentence: "a product has each size once"}
	sizeBare = &schema.Rule{ID: "size.bare", Clause: clause(157), Severity: schema.Warning,
		Sentence: "a size that does not use the vendor's defaults should have measurements"}
)

// sizeSchema lists the brand of the path, the fields of the document's Product Size Descriptor, and those
// of its Size Chart Specification: one row is one size.
func sizeSchema() schema.Schema {
	fields := schema.Schema{
		{Name: "brand", Clause: clause(130), Required: true, Example: "Nike",
			Doc:      "The name of the brand, on every row.",
			Synonyms: []string{"brand name", "vendor", "marke", "merk", "marque", "marca"}},
		{Name: "productName", Clause: clause(136), Required: true, Shared: true, Example: "Linen midi dress",
			Doc: "The name or title of the product.",
			Synonyms: []string{"name", "title", "product title", "style name", "article name", "bezeichnung", "produktname", "productnaam", "titel",
				"nom du produit", "nome prodotto"}},
		{Name: "productId", Clause: clause(137), Required: true, Example: "LD-1042",
			Doc:      "The number of the product, as it is sent with orders and with the button; all rows that carry it are one product.",
			Synonyms: productSynonyms},
		{Name: "gender", Clause: clause(138), Required: true, Shared: true, Example: "female",
			Values: schema.NewValues(vocabulary.ProductGenders...), Explain: explainGender(vocabulary.ProductGenders),
			Doc: "For whom the product is: male, female or unisex.", Synonyms: genderSynonyms},
		{Name: "productUrl", Clause: clause(139), Required: true, Shared: true, Type: schema.URL,
			Example: "https://shop.example.com/linen-midi-dress", Doc: "The address of the product in the shop.", Synonyms: urlSynonyms},
		{Name: "sizeLabel", Clause: clause(144), Required: true, Example: "M", Doc: "The label of the size.",
			Synonyms: []string{"size", "size name", "größe", "groesse", "maat", "taille", "taglia"}},
		{Name: "useDefaults", Clause: clause(145), Type: schema.Boolean, Example: "false",
			Doc: "Whether this size uses the vendor's own size charts.", Synonyms: []string{"defaults", "use default size chart"}},
	}
	for i, name := range vocabulary.Measurements {
		fields = append(fields, schema.Field{Name: name, Clause: clause(146 + i), Type: schema.Decimal, Checks: aboveZero, Example: "68.5",
			Doc: "The least " + spaced(name) + " for this size, as a number in the unit of the size chart.", Synonyms: measureSynonyms[name]})
	}
	for i, name := range vocabulary.Stretched {
		fields = append(fields, schema.Field{Name: name + vocabulary.StretchedSuffix, Clause: clause(154 + i), Type: schema.Decimal,
			Checks: aboveZero, Example: "104", Doc: "The greatest " + spaced(name) + " for this size; not below " + name + ".",
			Synonyms: []string{name + " max", "max " + name, name + " maximum"}})
	}
	return fields
}

// spaced writes a measurement as people do: inner leg.
func spaced(name string) string {
	if name == "innerLeg" {
		return "inner leg"
	}
	return name
}

// measureSynonyms are other names of the columns of measurements.
var measureSynonyms = map[string][]string{
	"waist": {"waist min", "min waist", "taillenumfang", "taillenweite", "tour de taille"}, "hips": {"hip", "hips min", "min hips", "hüfte", "heup", "hanches", "fianchi"},
	"chest":    {"chest min", "min chest", "bust", "brustumfang", "brustweite", "borst", "poitrine", "torace"},
	"innerLeg": {"inseam", "inside leg", "innenbeinlänge", "binnenbeen", "entrejambe"}, "length": {"länge", "lengte", "longueur", "lunghezza"},
	"sleeve": {"sleeve length", "ärmellänge", "mouwlengte", "manche", "manica"}, "thigh": {"oberschenkel", "dij", "cuisse", "coscia"},
	"shoulder": {"shoulders", "shoulder width", "schulterbreite", "schouder", "épaule", "spalla"},
}

// The other names of columns that several resources have.
var (
	genderSynonyms = []string{"sex", "geschlecht", "geslacht", "genre", "sesso"}
	urlSynonyms    = []string{"url", "product link", "link", "product page", "produkt url", "produktlink"}
)

// genderMeanings are words of feeds, folded, for genders.
var genderMeanings = map[string]string{
	"m": "male", "man": "male", "men": "male", "mens": "male", "boy": "male", "boys": "male", "gentlemen": "male", "herren": "male", "männlich": "male",
	"heren": "male", "homme": "male", "uomo": "male", "f": "female", "w": "female", "woman": "female", "women": "female", "womens": "female", "ladies": "female",
	"girl": "female", "girls": "female", "damen": "female", "weiblich": "female", "dames": "female", "femme": "female", "donna": "female", "u": "unisex",
	"uni": "unisex", "all": "unisex",
}

// explainGender explains a gender that is not in a list, by what it probably means.
func explainGender(list []string) func(string) (message, suggestion string) {
	return func(value string) (message, suggestion string) {
		meant := cmp.Or(genderMeanings[folded(value)], folded(value))
		if !slices.Contains(list, meant) {
			return "", ""
		}
		return fmt.Sprintf("%q must be written %s", value, meant), meant
	}
}

// encodeSizes makes a product's size chart, and judges what spans its fields and rows. The sizes are put
// in an order of their own, so that the order of rows leaves no trace.
func encodeSizes(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	order := sizesOf(e)
	for n, i := range order {
		checkStretched(e, i)
		checkBare(e, i)
		r := &e.Records[i]
		if n > 0 && r.Has("sizeLabel") && bytes.Equal(r.Bytes("sizeLabel"), e.Records[order[n-1]].Bytes("sizeLabel")) {
			e.Add(schema.Problem{Rule: sizeTwice, Record: i, Field: "sizeLabel", Other: order[n-1],
				Message: fmt.Sprintf("the size %q of this product stands in %s too", r.Bytes("sizeLabel"), schema.OtherCell)})
		}
	}
	if !e.Sound() {
		return nil
	}
	text := func(name string) string { return string(schema.Shared(e.Records, name)) }
	descriptor := &Descriptor{ProductName: text("productName"), ProductID: text("productId"), Gender: text("gender"), ProductURL: text("productUrl")}
	for _, i := range order {
		descriptor.SizeChartSpecifications = append(descriptor.SizeChartSpecifications, sizeOf(&e.Records[i]))
	}
	return &branded{text("brand"), descriptor}
}

// sizesOf returns the records in the order in which their sizes are sent.
func sizesOf(e *vendors.Entity) []int {
	sizes := make([]int, len(e.Records))
	for i := range sizes {
		sizes[i] = i
	}
	slices.SortStableFunc(sizes, func(a, b int) int {
		return compareLabels(e.Records[a].Bytes("sizeLabel"), e.Records[b].Bytes("sizeLabel"))
	})
	return sizes
}

// compareLabels puts sizes in the order in which people do: numbers, then XS to XL and beyond, then others
// as text. It is 0 for equal labels only.
func compareLabels(a, b []byte) int {
	rankA, rankB := rankOf(a), rankOf(b)
	return cmp.Or(cmp.Compare(rankA.class, rankB.class), cmp.Compare(rankA.value, rankB.value), bytes.Compare(a, b))
}

// rank is the place of a label among those of its class.
type rank struct{ class, value int }

func rankOf(label []byte) rank {
	if n, digits := leadingNumber(label); digits == len(label) && digits > 0 {
		return rank{0, n}
	}
	times, digits := leadingNumber(label)
	rest := label[digits:]
	crosses := 0
	for crosses+1 < len(rest) && rest[crosses]|0x20 == 'x' {
		crosses++
	}
	if digits > 0 && crosses == 1 {
		crosses = times // 3XL is XXXL
	}
	if len(rest) == 0 || digits > 0 && rest[0]|0x20 != 'x' {
		return rank{2, 0}
	}
	switch letter := rest[len(rest)-1] | 0x20; {
	case len(rest) > 1 && rest[len(rest)-2]|0x20 != 'x':
		return rank{2, 0}
	case letter == 's':
		return rank{1, -1 - crosses}
	case letter == 'm' && crosses == 0:
		return rank{1, 0}
	case letter == 'l':
		return rank{1, 1 + crosses}
	}
	return rank{2, 0}
}

// leadingNumber reads the number that a label begins with, and how many digits it has; at most six.
func leadingNumber(label []byte) (n, digits int) {
	for digits < len(label) && digits < 6 && label[digits] >= '0' && label[digits] <= '9' {
		n = 10*n + int(label[digits]-'0')
		digits++
	}
	return n, digits
}

func sizeOf(r *schema.Record) Size {
	n := func(field string) json.Number { return numberOf(r, field) }
	return Size{SizeLabel: r.Text("sizeLabel"), UseDefaults: booleanOf(r, "useDefaults"), Waist: n("waist"), Hips: n("hips"), Chest: n("chest"),
		InnerLeg: n("innerLeg"), Length: n("length"), Sleeve: n("sleeve"), Thigh: n("thigh"), Shoulder: n("shoulder"),
		WaistStretched: n("waistStretched"), HipsStretched: n("hipsStretched"), ChestStretched: n("chestStretched")}
}

// checkStretched compares the least and the greatest measurements of a size.
func checkStretched(e *vendors.Entity, record int) {
	r := &e.Records[record]
	for _, name := range vocabulary.Stretched {
		stretched := name + vocabulary.StretchedSuffix
		if !r.OK(name) || !r.OK(stretched) || compareNumbers(numberOf(r, stretched), numberOf(r, name)) >= 0 {
			continue
		}
		e.Add(schema.Problem{Rule: stretchedBelow, Record: record, Field: stretched,
			Message: fmt.Sprintf("%s is below %s, which is %s", r.Bytes(stretched), name, r.Bytes(name))})
	}
}

// compareNumbers compares numbers above zero as number writes them.
func compareNumbers(a, b json.Number) int {
	wholeA, restA, _ := strings.Cut(string(a), ".")
	wholeB, restB, _ := strings.Cut(string(b), ".")
	return cmp.Or(cmp.Compare(len(wholeA), len(wholeB)), cmp.Compare(wholeA, wholeB), cmp.Compare(restA, restB))
}

// checkBare warns of a size that neither has measurements nor uses the vendor's.
func checkBare(e *vendors.Entity, record int) {
	r := &e.Records[record]
	if defaults := booleanOf(r, "useDefaults"); defaults != nil && *defaults || !r.Has("sizeLabel") {
		return
	}
	for _, name := range vocabulary.Measurements {
		if r.Has(name) {
			return
		}
	}
	e.Add(schema.Problem{Rule: sizeBare, Record: record, Field: "sizeLabel",
		Message: fmt.Sprintf("the size %q has no measurement and does not use the vendor's defaults", r.Bytes("sizeLabel"))})
}
