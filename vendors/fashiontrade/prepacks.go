package fashiontrade

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"

	"bulkload/vendors"
	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// Prepacks is the prepack resource: sets of variants that are sold together.
var Prepacks = prepacks()

// Prepack is the body of a request.
type Prepack struct {
	Barcode     string           `json:"barcode"`
	DisplayName string           `json:"display_name"`
	Variants    []PrepackVariant `json:"variants"`
}

// PrepackVariant is a variant of a product in a prepack.
type PrepackVariant struct {
	Barcode   string      `json:"barcode"`
	ProductID string      `json:"product_id"`
	Quantity  json.Number `json:"quantity"`
}

// prepackTwice is the rule of the rows of one prepack.
var prepackTwice = &schema.Rule{ID: "prepack.variant-twice", Clause: clause(3686),
	Sentence: "a variant stands in a prepack once, with its quantity"}

func prepacks() *vendors.Resource {
	noun := vendors.Noun{One: "prepack", Many: "prepacks"}
	api := &collection{listing{path: "/prepacks", mediaType: vocabulary.MediaType("prepack", "1"), noun: noun, key: "barcode"},
		canonicalPrepack}
	tracer := &tracer{barcode: "variant_barcode", names: []string{"barcode", "product_id", "variant_barcode"},
		members: map[string]string{"barcode": "variant_barcode"}}
	return &vendors.Resource{
		Name:    "prepacks",
		Version: "1",
		Doc:     "create and replace prepacks with their variants",
		Noun:    noun,
		Schema:  prepackSchema(),
		Rules:   []*schema.Rule{prepackTwice},
		Key:     "barcode",
		RowKey:  []string{"variant_barcode"},
		Refers: []vendors.Reference{{Field: "product_id", Resource: "products", Whole: true},
			{Field: "variant_barcode", Resource: "products", Part: "barcode", Whole: true}},
		Batch:     1,
		Repeat:    vendors.Harmless,
		Encode:    encodePrepack,
		Upload:    api.upload,
		Trace:     tracer.trace,
		Known:     api.known,
		Pages:     api.pages,
		Decode:    decodePrepack,
		Canonical: canonicalPrepack,
		Rehearses: true,
		Delete:    api.delete,
		DeleteAll: api.deleteAll,
		Example: []map[string]string{
			{"barcode": "4006381334006", "display_name": "Linen midi dress, assortment of 6", "product_id": "LD-1042",
				"variant_barcode": "4006381333931", "quantity": "2"},
			{"barcode": "4006381334006", "product_id": "LD-1042", "variant_barcode": "4006381333948", "quantity": "4"},
		},
	}
}

// prepackSchema lists the fields of the document's Prepack, then those of its PrepackVariant: one row is
// one variant.
func prepackSchema() schema.Schema {
	return schema.Schema{
		prepackKey(3488, "all rows that carry it are one prepack"),
		{Name: "display_name", Clause: clause(3495), Required: true, Shared: true, Example: "Linen midi dress, assortment of 6",
			Doc: "What the prepack is called.",
			Synonyms: []string{"name", "title", "prepack name", "prepack description", "assortment name", "bezeichnung", "naam", "nom", "nome",
				"description", "beschreibung", "omschrijving", "désignation", "descrizione"}},
		{Name: "product_id", Clause: clause(3693), Required: true, Example: "LD-1042",
			Doc:      "Your own number of the product that the variant belongs to.",
			Synonyms: productSynonyms},
		{Name: "variant_barcode", Clause: clause(3686), Required: true, Example: "4006381333931", Checks: barcodeChecks,
			Doc: "The barcode or EAN of a variant in the prepack; format the column as text, so that no digit is lost.",
			Synonyms: []string{"variant ean", "variant gtin", "variant upc", "item barcode", "item ean", "article ean", "ean variante",
				"ean artikel"}},
		{Name: "quantity", Clause: clause(3700), Required: true, Example: "2",
			Doc: "How many pieces of the variant the prepack holds.",
			Checks: []schema.Check{{Rule: piecesWrong, OK: isPieces, Explain: func(value string) (string, string) {
				message, suggestion := explainWhole(value)
				if !isPieces([]byte(suggestion)) {
					suggestion = ""
				}
				return message, suggestion
			}}},
			Synonyms: []string{"qty", "pieces", "units", "pieces per pack", "menge", "stück", "stückzahl", "aantal", "stuks", "quantité", "pièces",
				"quantità", "pezzi"}},
	}
}

// productSynonyms are the names by which feeds call the number of a product that a row refers to.
var productSynonyms = []string{"style no", "style number", "style code", "style id", "style", "article number", "article no",
	"article code", "article", "product number", "product code", "product no", "model number", "model code", "parent sku",
	"artikelnummer", "artikelnr", "modellnummer", "produktnummer", "artikelcode", "productnummer", "modelnummer", "référence",
	"référence produit", "code article", "codice articolo", "codice prodotto", "codice modello"}

// prepackKey is the column of a prepack's barcode. The line is that of its member in the document.
func prepackKey(line int, what string) schema.Field {
	return schema.Field{Name: "barcode", Clause: clause(line), Required: true, Example: "4006381334006", Checks: barcodeChecks,
		Doc: "The barcode or EAN of the prepack; " + what + ".",
		Synonyms: []string{"prepack barcode", "prepack", "prepack ean", "prepack gtin", "prepack upc", "prepack id", "prepack code", "pack barcode",
			"pack ean", "assortment barcode", "assortment ean", "lot ean", "vorpack ean", "sortiment ean"}}
}

// encodePrepack makes the prepack when nothing stops it, its variants in the order of product and barcode.
func encodePrepack(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	order := recordsBy(e.Records, "variant_barcode", "product_id")
	findTwice(e, order, "variant_barcode", prepackTwice, "prepack")
	if !e.Sound() {
		return nil
	}
	prepack := &Prepack{Barcode: e.Key, DisplayName: string(schema.Shared(e.Records, "display_name")),
		Variants: make([]PrepackVariant, len(order))}
	for i, record := range order {
		r := &e.Records[record]
		prepack.Variants[i] = PrepackVariant{r.Text("variant_barcode"), r.Text("product_id"),
			json.Number(withoutZeros(r.Bytes("quantity")))}
	}
	prepack.sort()
	return prepack
}

func (p *Prepack) sort() {
	slices.SortStableFunc(p.Variants, func(a, b PrepackVariant) int {
		return cmp.Or(cmp.Compare(a.ProductID, b.ProductID), cmp.Compare(a.Barcode, b.Barcode))
	})
}

// recordsBy lists an entity's records in the order of fields, those with equal ones as they stand.
func recordsBy(records []schema.Record, fields ...string) []int {
	order := make([]int, len(records))
	columns := make([]int, len(fields))
	for i, field := range fields {
		columns[i] = records[0].Layout.Column(field)
	}
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		for _, column := range columns {
			if c := bytes.Compare(cell(&records[a], column), cell(&records[b], column)); c != 0 {
				return c
			}
		}
		return 0
	})
	return order
}

// findTwice reports the records whose value of a field is that of another one before. They stand in the
// order of that field.
func findTwice(e *vendors.Entity, order []int, field string, rule *schema.Rule, of string) {
	column := e.Records[0].Layout.Column(field)
	if column < 0 {
		return
	}
	for i := 1; i < len(order); i++ {
		first, other := &e.Records[order[i-1]], &e.Records[order[i]]
		value := other.Values[column]
		if len(value) == 0 || !bytes.Equal(first.Values[column], value) {
			continue
		}
		e.Add(schema.Problem{Rule: rule, Record: order[i], Other: order[i-1], Field: field,
			Message: fmt.Sprintf("%s stands twice in the %s, see %s", value, of, schema.OtherCell)})
	}
}

// readPrepack reads a prepack, ours or the vendor's.
func readPrepack(body []byte) (*Prepack, error) {
	var p Prepack
	if err := json.Unmarshal(body, &p); err != nil {
		return nil, fmt.Errorf("the vendor's answer is not a prepack: %w", err)
	}
	p.sort()
	return &p, nil
}

// canonicalPrepack writes a prepack so that two that mean the same have the same bytes.
func canonicalPrepack(body []byte) ([]byte, error) {
	p, err := readPrepack(body)
	if err != nil {
		return nil, err
	}
	p.Barcode, p.DisplayName = cleanText(p.Barcode), cleanText(p.DisplayName)
	for i := range p.Variants {
		v := &p.Variants[i]
		*v = PrepackVariant{cleanText(v.Barcode), cleanText(v.ProductID), canonicalWhole(v.Quantity)}
	}
	p.sort()
	return json.Marshal(p)
}

var prepackShape = vendors.Shape{"barcode": nil, "display_name": nil, "variants": {"barcode": nil, "product_id": nil, "quantity": nil}}

// decodePrepack is the inverse of encodePrepack: a row for each variant. Members that the document does
// not know stand under "other." on the first row.
func decodePrepack(body []byte) ([]map[string]string, error) {
	p, err := readPrepack(body)
	if err != nil {
		return nil, err
	}
	rows := make([]map[string]string, max(1, len(p.Variants)))
	for i := range rows {
		rows[i] = make(map[string]string, 6)
		fillCell(rows[i], "barcode", p.Barcode)
	}
	fillCell(rows[0], "display_name", p.DisplayName)
	for i, v := range p.Variants {
		fillCell(rows[i], "product_id", v.ProductID)
		fillCell(rows[i], "variant_barcode", v.Barcode)
		fillCell(rows[i], "quantity", string(canonicalWhole(v.Quantity)))
	}
	fillUnknown(rows[0], body, prepackShape)
	return rows, nil
}

// fillUnknown puts what the document does not know of a body under "other.".
func fillUnknown(row map[string]string, body []byte, known vendors.Shape) {
	for name, value := range known.Others(body) {
		fillCell(row, "other."+name, value)
	}
}
