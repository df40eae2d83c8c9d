package templates_test

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"bulkload/templates"
	"bulkload/vendors"
	"bulkload/vendors/schema"
)

var (
	evenNumber = &schema.Rule{ID: "number.even", Sentence: "the number must be even", Clause: "shop:77"}
	oneLid     = &schema.Rule{ID: "boxes.lid", Sentence: "a box has one lid", Clause: "shop:78"}
	sides      = schema.NewValues("LEFT", "RIGHT")
	boxes      = &vendors.Resource{
		Name: "boxes", Version: "2", Doc: "create and replace boxes", Key: "box_id",
		Noun: vendors.Noun{One: "box", Many: "boxes"}, Rules: []*schema.Rule{oneLid},
		Schema: schema.Schema{
			{Name: "box_id", Doc: "the box's number", Clause: "shop:10", Required: true, Example: "007"},
			{Name: "active", Type: schema.Boolean, Shared: true},
			{Name: "title", Required: true, Shared: true, MaxRunes: 75, Clause: "shop:12"},
			{Name: "side", Values: sides, Clause: "shop:13"},
			{Name: "colours", List: true, Values: schema.NewValues(manyColours()...)},
			{Name: "stored_at", ReadOnly: true},
			{Name: "total", Forbidden: "totals are counted by the shop"},
			{Name: "weight", Checks: []schema.Check{{Rule: evenNumber, OK: func([]byte) bool { return true }}}},
			{Name: "image_{n}", Type: schema.URL},
			{Name: "image_{n}.side", Values: sides},
			{Name: "image_{n}.stored", ReadOnly: true},
			{Name: "note.{name}", Doc: "anything else worth knowing"},
			{Name: "secret.{name}"},
		},
		Example: []map[string]string{
			{"box_id": "007", "active": "true", "title": "=1+1", "colours": "C01|C02", "note.wood": "oak",
				"image_1": "https://images.example.com/1.jpg", "image_3": "https://images.example.com/3.jpg", "image_3.side": "LEFT"},
			{"box_id": "007", "weight": "0120", "note.age": "old"},
		},
	}
	shop = &vendors.Vendor{Name: "shop", Title: "The Shop", Resources: []*vendors.Resource{boxes}}
)

func manyColours() []string {
	var colours []string
	for i := range 90 { // more than fit into Excel's 255 characters of an inline list
		colours = append(colours, "C"+string(rune('0'+i/10))+string(rune('0'+i%10)))
	}
	return colours
}

var wantHeader = []string{"box_id", "active", "title", "side", "colours", "weight",
	"image_1", "image_1.side", "image_2", "image_3", "image_3.side", "note.age", "note.wood"}

func TestColumnsFollowTheSchema(t *testing.T) {
	var names []string
	for _, column := range templates.Columns(boxes) {
		names = append(names, column.Name)
		if field, _ := boxes.Schema.Find(column.Name); field == nil || field.ReadOnly || field.Forbidden != "" {
			t.Errorf("column %q cannot be sent", column.Name)
		}
	}
	if diff := cmp.Diff(wantHeader, names); diff != "" {
		t.Errorf("Columns (-want +got):\n%s", diff)
	}
}

func TestRowsAreTheExample(t *testing.T) {
	want := [][]string{
		{"007", "true", "=1+1", "", "C01|C02", "", "https://images.example.com/1.jpg", "", "",
			"https://images.example.com/3.jpg", "LEFT", "", "oak"},
		{"007", "", "", "", "", "0120", "", "", "", "", "", "old", ""},
	}
	if diff := cmp.Diff(want, templates.Rows(boxes)); diff != "" {
		t.Errorf("Rows (-want +got):\n%s", diff)
	}
}

func workbook(t *testing.T) (*excelize.File, []byte) {
	t.Helper()
	var written bytes.Buffer
	if err := templates.Workbook(&written, shop, boxes); err != nil {
		t.Fatalf("Workbook: %v", err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(written.Bytes()))
	if err != nil {
		t.Fatalf("the workbook does not open: %v", err)
	}
	t.Cleanup(func() { f.Close() })
	return f, written.Bytes()
}

func TestWorkbookHoldsColumnsAndRows(t *testing.T) {
	f, _ := workbook(t)
	rows, err := f.GetRows("boxes")
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{wantHeader}
	for _, row := range templates.Rows(boxes) {
		for row[len(row)-1] == "" { // GetRows leaves empty cells at the end out
			row = row[:len(row)-1]
		}
		want = append(want, row)
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Errorf("sheet boxes (-want +got):\n%s", diff)
	}
	if formula, _ := f.GetCellFormula("boxes", "C2"); formula != "" {
		t.Errorf("C2 is the formula %q, want text", formula)
	}
}

func TestWorkbookKeepsEveryCellText(t *testing.T) {
	f, _ := workbook(t)
	for _, cell := range []string{"A2", "F3", "A4", "M500"} {
		id, err := f.GetCellStyle("boxes", cell)
		if err != nil {
			t.Fatal(err)
		}
		style, err := f.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		if style.NumFmt != 49 {
			t.Errorf("%s has number format %d, want 49, text", cell, style.NumFmt)
		}
	}
}

func TestWorkbookMarksHeaders(t *testing.T) {
	f, _ := workbook(t)
	shade := func(cell string) string {
		id, err := f.GetCellStyle("boxes", cell)
		if err != nil {
			t.Fatal(err)
		}
		style, err := f.GetStyle(id)
		if err != nil {
			t.Fatal(err)
		}
		if !style.Font.Bold {
			t.Errorf("header %s is not bold", cell)
		}
		return style.Fill.Color[0]
	}
	// row and required, shared, shared and required, row
	kinds := map[string]string{"A1": shade("A1"), "B1": shade("B1"), "C1": shade("C1"), "D1": shade("D1")}
	for a := range kinds {
		for b := range kinds {
			if a < b && kinds[a] == kinds[b] {
				t.Errorf("headers %s and %s differ in kind and have one shade, %s", a, b, kinds[a])
			}
		}
	}
	panes, err := f.GetPanes("boxes")
	if err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("the header is not frozen: %+v, %v", panes, err)
	}
}

func TestWorkbookCommentsEveryHeader(t *testing.T) {
	f, _ := workbook(t)
	comments, err := f.GetComments("boxes")
	if err != nil {
		t.Fatal(err)
	}
	text := map[string]string{}
	for _, comment := range comments {
		for _, run := range comment.Paragraph {
			text[comment.Cell] += run.Text
		}
	}
	if len(text) != len(wantHeader) {
		t.Errorf("%d headers have a comment, want %d", len(text), len(wantHeader))
	}
	for _, test := range []struct {
		cell string
		want []string
	}{
		{"A1", []string{"★ box_id\n", "The box's number.", "Required on every row.", "Example: 007", "Source: shop:10"}},
		{"B1", []string{"TRUE or FALSE", "belongs to the whole box"}},
		{"C1", []string{"★ title\n", "Required once for each box", "At most 75 characters."}},
		{"D1", []string{"One of LEFT, RIGHT."}},
		{"E1", []string{"with | between them", "90 values"}},
		{"F1", []string{"The number must be even."}},
		{"M1", []string{"Anything else worth knowing."}},
	} {
		for _, want := range test.want {
			if !strings.Contains(text[test.cell], want) {
				t.Errorf("comment of %s has no %q: %q", test.cell, want, text[test.cell])
			}
		}
	}
}

func TestWorkbookDropsDownClosedLists(t *testing.T) {
	f, _ := workbook(t)
	validations, err := f.GetDataValidations("boxes")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, name := range f.GetDefinedName() {
		names[name.Name] = name.RefersTo
	}
	type list struct{ values, style string }
	got := map[string]list{}
	for _, v := range validations {
		got[v.Sqref] = list{cellsOf(t, f, v.Formula1, names), *v.ErrorStyle}
	}
	two := "LEFT RIGHT"
	want := map[string]list{
		"B2:B1048576": {`"TRUE,FALSE"`, "warning"},
		"D2:D1048576": {two, "warning"},
		"E2:E1048576": {strings.Join(manyColours(), " "), "information"},
		"H2:H1048576": {two, "warning"},
		"K2:K1048576": {two, "warning"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(list{})); diff != "" {
		t.Errorf("drop-downs (-want +got):\n%s", diff)
	}
}

// cellsOf reads the values of a named range, and gives other formulas as they are.
func cellsOf(t *testing.T, f *excelize.File, formula string, names map[string]string) string {
	t.Helper()
	reference, ok := names[strings.TrimPrefix(formula, "=")]
	if !ok {
		return formula
	}
	sheet, cells, _ := strings.Cut(strings.ReplaceAll(reference, "$", ""), "!")
	from, to, _ := strings.Cut(cells, ":")
	column, first, err := excelize.CellNameToCoordinates(from)
	if err != nil {
		t.Fatal(err)
	}
	_, last, err := excelize.CellNameToCoordinates(to)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for row := first; row <= last; row++ {
		cell, _ := excelize.CoordinatesToCellName(column, row)
		value, err := f.GetCellValue(sheet, cell)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return strings.Join(values, " ")
}

func TestWorkbookHidesItsLists(t *testing.T) {
	f, written := workbook(t)
	if diff := cmp.Diff([]string{"boxes", "Read me", "lists"}, f.GetSheetList()); diff != "" {
		t.Errorf("sheets (-want +got):\n%s", diff)
	}
	archive, err := zip.NewReader(bytes.NewReader(written), int64(len(written)))
	if err != nil {
		t.Fatal(err)
	}
	part, err := archive.Open("xl/workbook.xml")
	if err != nil {
		t.Fatal(err)
	}
	defer part.Close()
	var text bytes.Buffer
	if _, err := text.ReadFrom(part); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(text.String(), `state="veryHidden"`); got != 1 {
		t.Errorf("%d sheets are very hidden, want 1, the lists:\n%s", got, text.String())
	}
}

func TestWorkbookExplainsItself(t *testing.T) {
	f, _ := workbook(t)
	rows, err := f.GetRows("Read me")
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, strings.Join(row, " · "))
	}
	text := strings.Join(lines, "\n")
	for _, want := range []string{
		"The Shop boxes, version 2", "with the same box_id make one box", "write | between them",
		"bulkload check FILE --to shop/boxes", "bulkload import FILE --to shop/boxes",
		"number.even · it is not sent · The number must be even. · shop:77", "boxes.lid · it is not sent · A box has one lid. · shop:78",
		"text.blanks · put right and sent", "title · required, once a box · ", "box_id · required on every row · ", "columns named note.NAME", "columns named secret.NAME", "image_3, image_4",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("Read me does not say %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "value.twice") {
		t.Error("Read me tells of a rule that no column of the resource has")
	}
}

func TestWorkbookIsTheSameEachTime(t *testing.T) {
	_, first := workbook(t)
	_, second := workbook(t)
	if !bytes.Equal(first, second) {
		t.Error("two templates of one resource differ")
	}
}

func TestWorkbookOfAPlainResource(t *testing.T) {
	stock := &vendors.Resource{Name: "stock", Doc: "set stock", Schema: schema.Schema{{Name: "sku", Required: true}}}
	var written bytes.Buffer
	if err := templates.Workbook(&written, shop, stock); err != nil {
		t.Fatalf("Workbook: %v", err)
	}
	path := filepath.Join(t.TempDir(), "stock.xlsx")
	if err := os.WriteFile(path, written.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := f.GetCellValue("stock", "A1"); err != nil || text != "sku" {
		t.Errorf("A1 = %q, %v, want sku", text, err)
	}
}

func TestWorkbookNamesAVersionThatIsNotTheDefault(t *testing.T) {
	older := *boxes
	older.Version = "1"
	both := *shop
	both.Resources = []*vendors.Resource{boxes, &older}
	for resource, want := range map[*vendors.Resource]string{
		boxes:  "bulkload check FILE --to shop/boxes",
		&older: "bulkload check FILE --to shop/boxes --api-version 1",
	} {
		var written bytes.Buffer
		if err := templates.Workbook(&written, &both, resource); err != nil {
			t.Fatal(err)
		}
		f, err := excelize.OpenReader(&written)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		found, err := f.SearchSheet("Read me", want)
		if err != nil || len(found) != 1 {
			t.Errorf("version %s: %q stands in cells %v, %v, want one", resource.Version, want, found, err)
		}
	}
}
