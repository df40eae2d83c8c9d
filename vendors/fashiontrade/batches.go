package fashiontrade

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"bulkload/vendors"
	"bulkload/vendors/schema"
)

// A stockAPI keeps batches of stock under products or prepacks. By PATCH one batch is stored, and the
// entity is the batch; by PUT all batches of one owner are, and the entity is what the owner has. It
// holds nothing that changes.
type stockAPI struct {
	listing             // path, media type, and what one entity is called
	owner   string      // the field that names what batches stand under: "product_id"
	under   string      // and what that is: "product"
	owners  *collection // which lists them
	mapped  bool        // bodies are maps from ids and barcodes, as in version 1 of product stock
	whole   bool        // PUT
	single  bool        // a row is a batch
	emptied bool        // all batches of one owner can be deleted at once
	tracer  *tracer
}

// Batch is a batch of stock as it is sent: of a product, with the quantities of its variants, or of a
// prepack, with one quantity. Its id is left out where it is the key of a map.
type Batch struct {
	ID             string     `json:"id,omitempty"`
	DisplayName    string     `json:"display_name,omitempty"`
	Selector       Selector   `json:"selector"`
	OrderWindow    *DateRange `json:"order_window"`
	DeliveryWindow *DateRange `json:"delivery_window"`
	Variants       any        `json:"variants,omitempty"` // variantList, or a map from barcodes to Quantity
	Quantity       *Quantity  `json:"quantity,omitempty"`
}

// VariantQuantity is how much there is of a variant.
type VariantQuantity struct {
	Barcode string `json:"barcode"`
	Quantity
}

// stocked is an entity's body as it is kept: what is sent, and whose it is, which only the path of the
// request says.
type stocked struct {
	Owner string `json:"of"`
	ID    string `json:"id,omitempty"` // of the batch, by PATCH
	Body  any    `json:"body"`         // a Batch, or a list of them, or a map from their ids
}

// shownBatch is a batch as it is read, in either form.
type shownBatch struct {
	Batch
	Variants variantList `json:"variants"`
	raw      json.RawMessage
}

// variantList are the quantities of a batch.
type variantList []VariantQuantity

// UnmarshalJSON reads a list, and a map from barcodes, whose members come in their order.
func (v *variantList) UnmarshalJSON(body []byte) error {
	if !bytes.HasPrefix(body, []byte{'{'}) {
		return json.Unmarshal(body, (*[]VariantQuantity)(v))
	}
	var quantities map[string]Quantity
	if err := json.Unmarshal(body, &quantities); err != nil {
		return err
	}
	*v = make(variantList, 0, len(quantities))
	for barcode, quantity := range quantities {
		*v = append(*v, VariantQuantity{barcode, quantity})
	}
	v.sort()
	return nil
}

func (v variantList) sort() {
	slices.SortStableFunc(v, func(a, b VariantQuantity) int { return strings.Compare(a.Barcode, b.Barcode) })
}

// readBatches reads the batches of an owner as they are sent and answered: a list, {"items": [...]}, or a
// map. They are put in the order of their ids.
func readBatches(body []byte) ([]shownBatch, error) {
	raw, err := splitBatches(body)
	if err != nil {
		return nil, fmt.Errorf("the vendor's answer is not a list of stock batches: %w", err)
	}
	batches := make([]shownBatch, len(raw))
	for i := range raw {
		if batches[i], err = readBatch(raw[i].body, raw[i].id); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(batches, func(a, b shownBatch) int { return strings.Compare(a.ID, b.ID) })
	return batches, nil
}

// readBatch reads one batch. The id is that of its place in a map, empty when it carries its own.
func readBatch(body []byte, id string) (shownBatch, error) {
	b := shownBatch{raw: body}
	if err := json.Unmarshal(body, &b); err != nil {
		return b, fmt.Errorf("the vendor's answer is not a stock batch: %w", err)
	}
	if id != "" {
		b.ID = id
	}
	b.Variants.sort()
	return b, nil
}

// rawBatch is a batch of a body, unread. Its id is known when it is the key of a map.
type rawBatch struct {
	id   string
	body json.RawMessage
}

func splitBatches(body []byte) (batches []rawBatch, err error) {
	var list []json.RawMessage
	if !bytes.HasPrefix(bytes.TrimSpace(body), []byte{'{'}) {
		err = json.Unmarshal(body, &list)
	} else {
		var members map[string]json.RawMessage
		if err := json.Unmarshal(body, &members); err != nil {
			return nil, err
		}
		if items, ok := members["items"]; !ok || !bytes.HasPrefix(items, []byte{'['}) {
			for id, member := range members {
				batches = append(batches, rawBatch{id, member})
			}
			return batches, nil
		}
		err = json.Unmarshal(members["items"], &list)
	}
	for _, item := range list {
		batches = append(batches, rawBatch{"", item})
	}
	return batches, err
}

// sent are the batches as they go out.
func (s *stockAPI) sent(batches []Batch) any {
	if !s.mapped {
		return batches
	}
	byID := make(map[string]Batch, len(batches))
	for _, batch := range batches {
		id := batch.ID
		batch.ID = ""
		byID[id] = batch
	}
	return byID
}

// batchFields makes the columns that both kinds of stock have, from the batch's id to its windows, with
// the lines of their members in the document. Where rows share them, they belong to a batch.
func batchFields(id, name, selector int, under string, shared bool) schema.Schema {
	fields := schema.Schema{
		{Name: "batch_id", Clause: clause(id), Required: true, Example: "nl-spring",
			Doc: "Your own name of the stock batch; one " + under + " can have several.",
			Synonyms: []string{"id", "stock batch id", "stock batch", "batch", "batch name", "batch no", "batch number", "stock id", "charge",
				"partij"}},
		{Name: "display_name", Clause: clause(name), Shared: shared, Example: "Spring 2026 NL",
			Doc:      "The batch's name as retailers see it.",
			Synonyms: []string{"batch display name", "batch title", "name", "title", "bezeichnung", "naam", "nom", "nome"}},
		countriesField(selector, shared, "the stock is for"),
	}
	fields = append(fields, windowFields("order_window", shared, "the time to order",
		[]string{"order start", "order start date", "order from", "orders from", "bestellbar ab", "bestelbaar vanaf"},
		[]string{"order end", "order end date", "order until", "orders until", "bestellbar bis", "bestelbaar tot"})...)
	fields = append(fields, windowFields("delivery_window", shared, "the delivery",
		[]string{"delivery start", "delivery start date", "delivery from", "deliver from", "lieferbar ab", "leverbaar vanaf"},
		[]string{"delivery end", "delivery end date", "delivery until", "deliver until", "lieferbar bis", "leverbaar tot"})...)
	for i := range fields {
		if fields[i].Shared {
			fields[i].SharedBy = "batch_id"
		}
		if strings.HasSuffix(fields[i].Name, "_window.start_date") {
			fields[i].Required = true
		}
	}
	return fields
}

// The rules of batches.
var (
	batchVariantTwice = &schema.Rule{ID: "batch.variant-twice", Clause: clause(4196),
		Sentence: "a variant stands in a stock batch once, with its quantity"}
	noVariants = &schema.Rule{ID: "batch.no-variants", Clause: clause(4021),
		Sentence: "NONE in place of a barcode says that a batch has no variants: it is the batch's only row, with the quantity 0"}
	batchTwice = &schema.Rule{ID: "batch.twice", Clause: clause(3649),
		Sentence: "a stock batch of a prepack stands in a feed once"}
)

// encode makes a batch of its records, or all batches of an owner of theirs, and judges what spans
// fields and rows. Batches, and the variants in them, are put in the order of their ids and barcodes.
func (s *stockAPI) encode(e *vendors.Entity) any {
	if len(e.Records) == 0 {
		return nil
	}
	var batches []Batch
	for _, rows := range s.parts(e) {
		batches = append(batches, s.encodeBatch(&share{entity: e, records: rows}))
	}
	if s.single {
		findTwice(e, recordsBy(e.Records, "batch_id"), "batch_id", batchTwice, "feed under this "+s.under)
	}
	if !e.Sound() {
		return nil
	}
	if s.whole {
		return &stocked{Owner: e.Key, Body: s.sent(batches)}
	}
	kept := &stocked{Owner: e.Records[0].Text(s.owner), ID: batches[0].ID, Body: &batches[0]}
	if s.mapped {
		batches[0].ID = ""
	}
	return kept
}

// parts returns the rows of each batch.
func (s *stockAPI) parts(e *vendors.Entity) [][]int {
	column := e.Records[0].Layout.Column("batch_id")
	switch {
	case s.single || column < 0:
		parts := make([][]int, len(e.Records))
		for i, record := range recordsBy(e.Records, "batch_id") {
			parts[i] = []int{record}
		}
		return parts
	case s.whole:
		return schema.Parts(e.Records, column)
	}
	return [][]int{nil} // all records are those of the one batch
}

func (s *stockAPI) encodeBatch(part *share) Batch {
	batch := Batch{Selector: part.selector()}
	_, id := part.first("batch_id")
	_, name := part.first("display_name")
	batch.ID, batch.DisplayName = string(id), string(name)
	for name, window := range map[string]**DateRange{"order_window": &batch.OrderWindow, "delivery_window": &batch.DeliveryWindow} {
		if at, _ := part.first(name + ".start_date"); at >= 0 { // else it is told to be required
			*window = part.window(name)
		}
	}
	if s.single {
		if _, quantity := part.first("quantity"); len(quantity) > 0 && !part.spoilt("quantity") {
			batch.Quantity = new(quantityOf(quantity))
		}
		return batch
	}
	s.encodeVariants(part, &batch)
	return batch
}

// encodeVariants adds a batch's quantities, and reports the variants that stand in it twice.
func (s *stockAPI) encodeVariants(part *share, batch *Batch) {
	records := part.entity.Records
	order := part.records
	if order == nil {
		order = recordsBy(records, "barcode")
	} else {
		column := records[0].Layout.Column("barcode")
		order = slices.Clone(order)
		slices.SortStableFunc(order, func(a, b int) int { return bytes.Compare(cell(&records[a], column), cell(&records[b], column)) })
	}
	findTwice(part.entity, order, "barcode", batchVariantTwice, "batch")
	order = withVariants(part.entity, order)
	list := make(variantList, 0, len(order))
	byBarcode := make(map[string]Quantity)
	for _, record := range order {
		r := &records[record]
		if !r.OK("quantity") {
			continue
		}
		if s.mapped {
			byBarcode[r.Text("barcode")] = quantityOf(r.Bytes("quantity"))
		} else {
			list = append(list, VariantQuantity{r.Text("barcode"), quantityOf(r.Bytes("quantity"))})
		}
	}
	if batch.Variants = any(list); s.mapped {
		batch.Variants = byBarcode
	}
}

// withVariants returns the records of a batch that name a variant. One that says that there is none must
// stand alone, lest stock goes that somebody has counted.
func withVariants(e *vendors.Entity, order []int) []int {
	return slices.DeleteFunc(slices.Clone(order), func(record int) bool {
		r := &e.Records[record]
		if string(r.Bytes("barcode")) != nobody {
			return false
		}
		message := ""
		switch {
		case len(order) > 1:
			message = "NONE says that the batch has no variants, but other rows of it name some"
		case r.OK("quantity") && string(withoutZeros(r.Bytes("quantity"))) != "0":
			message = fmt.Sprintf("NONE says that the batch has no variants, so its quantity is 0, not %s", r.Bytes("quantity"))
		default:
			return true
		}
		e.Add(schema.Problem{Rule: noVariants, Record: record, Field: "barcode", Message: message})
		return true
	})
}

// readStocked takes a kept body apart: whose it is, the id of the one batch, and what is sent.
func readStocked(body []byte) (kept stocked, sent json.RawMessage, err error) {
	kept.Body = &sent
	if err := json.Unmarshal(body, &kept); err != nil {
		return kept, nil, fmt.Errorf("the body is not one of stock: %w", err)
	}
	return kept, sent, nil
}

// read reads what a kept body says, in the order of ids and barcodes.
func (s *stockAPI) read(body []byte) (owner string, batches []shownBatch, err error) {
	kept, sent, err := readStocked(body)
	if err != nil {
		return "", nil, err
	}
	if s.whole {
		batches, err = readBatches(sent)
		return kept.Owner, batches, err
	}
	batch, err := readBatch(sent, kept.ID)
	return kept.Owner, []shownBatch{batch}, err
}

// canonical writes a body in the form of the newest version: batches and variants as lists in the order
// of their ids and barcodes, dates in UTC, countries in order, texts without blanks around them.
func (s *stockAPI) canonical(body []byte) ([]byte, error) {
	owner, shown, err := s.read(body)
	if err != nil {
		return nil, err
	}
	batches := make([]Batch, len(shown))
	for i := range shown {
		batches[i] = shown[i].canonical()
		if batches[i].Variants == nil && !s.single {
			batches[i].Variants = variantList{} // none, said or not
		}
	}
	slices.SortStableFunc(batches, func(a, b Batch) int { return strings.Compare(a.ID, b.ID) })
	if s.whole {
		return json.Marshal(&stocked{Owner: owner, Body: batches})
	}
	return json.Marshal(&stocked{Owner: owner, ID: batches[0].ID, Body: &batches[0]})
}

func (b *shownBatch) canonical() Batch {
	c := b.Batch
	c.ID, c.DisplayName = cleanText(c.ID), cleanText(c.DisplayName)
	c.Selector.canonical()
	for _, window := range []*DateRange{c.OrderWindow, c.DeliveryWindow} {
		if window != nil {
			window.canonical()
		}
	}
	if c.Quantity != nil {
		c.Quantity.canonical()
	}
	if b.Variants != nil {
		for i := range b.Variants {
			b.Variants[i].Barcode = cleanText(b.Variants[i].Barcode)
			b.Variants[i].canonical()
		}
		b.Variants.sort()
		c.Variants = b.Variants
	}
	return c
}

var (
	windowShape = vendors.Shape{"start_date": nil, "end_date": nil, "type": nil}
	batchShape  = vendors.Shape{"id": nil, "display_name": nil, "selector": {"countries": nil}, "order_window": windowShape,
		"delivery_window": windowShape, "quantity": {"type": nil, "value": nil}}
)

// decode is the inverse of encode: a row for each variant of a batch, or for each batch of a prepack. A
// batch of a product that has no variants is a row too, which says so.
// Members that the document does not know stand under "other." on a batch's first row.
func (s *stockAPI) decode(body []byte) ([]map[string]string, error) {
	owner, batches, err := s.read(body)
	if err != nil {
		return nil, err
	}
	var rows []map[string]string
	for i := range batches {
		b := &batches[i]
		first := len(rows)
		for range max(1, len(b.Variants)) {
			row := make(map[string]string, 12)
			fillCell(row, s.owner, owner)
			fillCell(row, "batch_id", b.ID)
			rows = append(rows, row)
		}
		b.decode(rows[first])
		if !s.single && len(b.Variants) == 0 {
			fillCell(rows[first], "barcode", nobody)
			fillCell(rows[first], "quantity", "0")
		}
		for j := range b.Variants {
			fillCell(rows[first+j], "barcode", b.Variants[j].Barcode)
			fillCell(rows[first+j], "quantity", b.Variants[j].cell())
		}
		known := batchShape
		if !s.single {
			known = vendors.Shape{"variants": nil}
			for name, below := range batchShape {
				known[name] = below
			}
		}
		fillUnknown(rows[first], b.raw, known)
	}
	return rows, nil
}

// decode puts what belongs to a whole batch into a row.
func (b *shownBatch) decode(row map[string]string) {
	fillCell(row, "display_name", b.DisplayName)
	b.Selector.cells(row)
	for name, window := range map[string]*DateRange{"order_window": b.OrderWindow, "delivery_window": b.DeliveryWindow} {
		if window != nil {
			window.cells(name, row)
		}
	}
	if b.Quantity != nil {
		fillCell(row, "quantity", b.Quantity.cell())
	}
}

// dropped lists the batches that the vendor has and that sending the other body would delete, by id.
func (s *stockAPI) dropped(stored, ours []byte) ([]string, error) {
	_, had, err := s.read(stored)
	if err != nil {
		return nil, err
	}
	_, has, err := s.read(ours)
	if err != nil {
		return nil, err
	}
	var gone []string
	for _, batch := range had {
		if !slices.ContainsFunc(has, func(other shownBatch) bool { return other.ID == batch.ID }) {
			gone = append(gone, batch.ID)
		}
	}
	return gone, nil
}
