package xlsx

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"bulkload/formats"
)

// excelizeBook is a workbook that excelize writes and what each of its rows must read as.
type excelizeBook struct {
	t    *testing.T
	file *excelize.File
	want [][]string
}

func (b *excelizeBook) styled(format excelize.Style) int {
	style, err := b.file.NewStyle(&format)
	if err != nil {
		b.t.Fatal(err)
	}
	return style
}

func (b *excelizeBook) coded(code string) int { return b.styled(excelize.Style{CustomNumFmt: &code}) }

// add writes a row of one cell.
func (b *excelizeBook) add(want string, set func(ref string) error) {
	b.want = append(b.want, []string{fmt.Sprint(len(b.want)), want})
	row := len(b.want)
	if err := b.file.SetCellInt("Sheet1", fmt.Sprint("A", row), int64(row-1)); err != nil {
		b.t.Fatal(err)
	}
	if err := set(fmt.Sprint("B", row)); err != nil {
		b.t.Fatal(err)
	}
}

func (b *excelizeBook) value(want string, value any, style int) {
	b.add(want, func(ref string) error {
		if err := b.file.SetCellValue("Sheet1", ref, value); err != nil {
			return err
		}
		if style < 0 {
			return nil
		}
		return b.file.SetCellStyle("Sheet1", ref, ref, style)
	})
}

func (b *excelizeBook) bytes() []byte {
	out, err := b.file.WriteToBuffer()
	if err != nil {
		b.t.Fatal(err)
	}
	return out.Bytes()
}

// fillAll writes a cell of every type and of many number formats.
func (b *excelizeBook) fillAll() {
	const plain = -1
	b.value("text", "text", plain)
	b.value(" <&>\n\"ü😀 ", " <&>\n\"ü😀 ", plain)
	b.value("00123", "00123", plain)
	b.value("a_x000D_b", "a_x005F_x000D_b", plain)
	b.value("TRUE", true, plain)
	b.value("FALSE", false, plain)
	b.value("28.99", 28.99, plain)
	b.value("274.65", 274.65000000000003, plain)
	b.value("5060112345678", 5060112345678.0, plain)
	b.value("-17", -17, plain)
	b.value("0.3", 0.1+0.2, plain)
	b.value("0.000001", 1e-6, plain)
	b.value("0.15", 0.15, b.styled(excelize.Style{NumFmt: 10}))
	b.value("1234.5", 1234.5, b.styled(excelize.Style{NumFmt: 4}))
	b.value("00042", 42, b.coded("00000"))
	b.value("0630996510285", 630996510285, b.coded("0000000000000"))
	day := time.Date(2022, 3, 1, 13, 14, 15, 0, time.UTC)
	b.value("2022-03-01T13:14:15", day, b.styled(excelize.Style{NumFmt: 22}))
	for _, code := range []string{"yyyy-mm-dd", "dd/mm/yy;@", `[$-409]d\-mmm\-yyyy`, `d" of "mmmm`, "[Red]yyyy"} {
		b.value("2022-03-01", day, b.coded(code))
	}
	for _, id := range []int{14, 15, 16, 17} {
		b.value("2022-03-01", day, b.styled(excelize.Style{NumFmt: id}))
	}
	for _, id := range []int{18, 19, 20, 21} {
		b.value("13:14:15", day, b.styled(excelize.Style{NumFmt: id}))
	}
	b.value("37:30:00", 37*time.Hour+30*time.Minute, b.coded("[h]:mm:ss"))
	b.add("rich text", func(ref string) error {
		return b.file.SetCellRichText("Sheet1", ref, []excelize.RichTextRun{{Text: "rich ", Font: &excelize.Font{Bold: true}}, {Text: "text"}})
	})
	b.add("!"+NotCalculated, func(ref string) error { return b.file.SetCellFormula("Sheet1", ref, "1+1") })
}

func TestExcelizeCells(t *testing.T) {
	for _, from1904 := range []bool{false, true} {
		b := &excelizeBook{t: t, file: excelize.NewFile()}
		if err := b.file.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &from1904}); err != nil {
			t.Fatal(err)
		}
		b.fillAll()
		got, err := readAll(b.bytes(), formats.Options{NoHeader: true})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(b.want, got.Rows); diff != "" {
			t.Errorf("1904 %v: %s", from1904, diff)
		}
	}
}

// A workbook of random texts, numbers and gaps reads as excelize reads it.
func TestExcelizeOracle(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	file := excelize.NewFile()
	for row := 1; row < 400; row++ {
		for column := range 12 {
			if random.IntN(3) == 0 {
				continue
			}
			var value any
			switch random.IntN(4) {
			case 0:
				value = random.IntN(1e9) - 5e8
			case 1:
				value = float64(random.IntN(1e6)) / 100
			case 2:
				value = strings.Repeat("<é&_x>", random.IntN(5)) + "x"
			case 3:
				value = random.IntN(2) == 0
			}
			if err := file.SetCellValue("Sheet1", fmt.Sprintf("%s%d", formats.ColumnLetters(column), row), value); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := file.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	want, err := file.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := readAll(out.Bytes(), formats.Options{NoHeader: true})
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range got.Rows {
		if diff := cmp.Diff(want[got.Numbers[i]-1], row); diff != "" {
			t.Fatalf("row %d: %s", got.Numbers[i], diff)
		}
	}
	if len(got.Rows)+int(got.Blank) != len(want) {
		t.Errorf("%d rows and %d blank ones, excelize reads %d", len(got.Rows), got.Blank, len(want))
	}
}

func TestExcelizeReadsOurs(t *testing.T) {
	rows := [][]string{{"00123", "12.5", " a\nb "}, {"<&>", "x", "é😀"}, {"", "0.001"}}
	data := write(t, columnsOf("sku", "price#", "name"), WriterOptions{Sheet: "It's & more"}, rows...)
	file, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	got, err := file.GetRows("It's & more")
	if diff := cmp.Diff(append([][]string{{"sku", "price", "name"}}, rows...), got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if kind, err := file.GetCellType("It's & more", "B2"); kind != excelize.CellTypeUnset && kind != excelize.CellTypeNumber || err != nil {
		t.Errorf("B2 is of type %v, %v", kind, err)
	}
	if panes, err := file.GetPanes("It's & more"); !panes.Freeze || panes.YSplit != 1 || err != nil {
		t.Errorf("the header is not frozen: %+v, %v", panes, err)
	}
	style, err := file.GetCellStyle("It's & more", "A1")
	if err != nil {
		t.Fatal(err)
	}
	if font, err := file.GetStyle(style); err != nil || font.Font == nil || !font.Font.Bold {
		t.Errorf("the header is not bold: %v", err)
	}
}
