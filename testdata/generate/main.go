// Generate writes testdata/feeds/fashiontrade/ss22-womenswear.xlsx: a season as a brand would send
// it, with the mistakes that people make. Run it from the top of the repository; the same bytes
// come out each time.
package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"log"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"
)

const (
	target   = "testdata/feeds/fashiontrade/ss22-womenswear.xlsx"
	products = "Products"
	about    = "About this file"
	brand    = "Tilde & Rowe"
)

func main() {
	log.SetFlags(0)
	workbook, err := generate()
	if err != nil {
		log.Fatalf("generate %s: %v", target, err)
	}
	if err := os.WriteFile(target, workbook, 0o644); err != nil {
		log.Fatalf("write feed: %v", err)
	}
}

func generate() ([]byte, error) {
	rows, err := season()
	if err != nil {
		return nil, err
	}
	f := excelize.NewFile()
	defer f.Close()
	for _, write := range []func(*excelize.File, []row) error{writeProducts, writeAbout, describe} {
		if err := write(f, rows); err != nil {
			return nil, err
		}
	}
	var workbook bytes.Buffer
	if err := f.Write(&workbook); err != nil {
		return nil, err
	}
	return settle(workbook.Bytes())
}

// columns are the sheet's header: partly the vendor's names, partly the brand's own, and a few that
// the vendor has no use for.
var columns = []string{
	"Style No", "display_name", "description", "Brand Line", "active", "product_type",
	"Gender", "Age Group", "Collection", "Category", "tag.FABRIC", "tag.MATERIAL", "tag.PRINT", "tag.FIT",
	"tag.SLEEVE_TYPE", "tag.STYLE", "tag.OCCASION", "tag.HEEL_HEIGHT",
	"Colour", "Colour Code", "colors", "color_hex_codes", "size_type", "Size", "size_name", "EAN",
	"image_1", "image_1.orientation", "image_1.composition", "image_1.production_setting",
	"image_2", "image_2.orientation", "property.material", "property.care", "property.origin",
	"variant_property.supplier_colour_code", "RRP EUR", "Remarks",
}

// A row is the cells of one variant by column.
type row map[string]string

// ofProduct are the columns that a brand fills in once for each style.
var ofProduct = []string{
	"display_name", "description", "Brand Line", "active", "product_type", "Gender", "Age Group", "Collection",
	"Category", "tag.FABRIC", "tag.MATERIAL", "tag.PRINT", "tag.FIT", "tag.SLEEVE_TYPE", "tag.STYLE",
	"tag.OCCASION", "tag.HEEL_HEIGHT", "property.material", "property.care", "property.origin",
}

// season lists all variants. The first half of the styles has the product's columns on its first
// row only, as one team keeps its sheet; the second half, another team's, on every row.
func season() ([]row, error) {
	var rows []row
	serial := 0
	for i, s := range styles {
		first := len(rows)
		for _, key := range strings.Fields(s.colours) {
			for _, size := range runs[s.run].sizes {
				serial++
				rows = append(rows, variant(s, palette[key], runs[s.run], size, serial))
			}
		}
		if 2*i < len(styles) {
			for _, r := range rows[first+1:] {
				for _, column := range ofProduct {
					delete(r, column)
				}
			}
		}
	}
	return spoil(rows)
}

func variant(s style, c colour, r run, size string, serial int) row {
	kind := "CLOTHING"
	if strings.HasPrefix(s.category, "footwear") {
		kind = "FOOTWEAR"
	}
	picture := fmt.Sprintf("https://images.example.com/ss22/%s_%s", s.number, c.code)
	filled := row{
		"Style No": s.number, "display_name": s.name, "description": s.text, "Brand Line": s.line,
		"active": "TRUE", "product_type": kind, "Gender": "female", "Age Group": "adult", "Collection": "ss22",
		"Category": s.category, "tag.FABRIC": s.fabric, "tag.MATERIAL": s.material, "tag.PRINT": s.print,
		"tag.FIT": s.fit, "tag.SLEEVE_TYPE": s.sleeve, "tag.STYLE": s.look, "tag.OCCASION": s.occasion,
		"tag.HEEL_HEIGHT": s.heel, "Colour": c.name, "Colour Code": c.code, "colors": c.group, "color_hex_codes": c.hex,
		"size_type": r.kind, "Size": size, "size_name": r.name, "EAN": ean(serial),
		"image_1": picture + "_front.jpg", "image_1.orientation": "FRONT", "image_1.composition": "ON_MODEL",
		"image_1.production_setting": "STUDIO_PHOTOGRAPHY", "image_2": picture + "_back.jpg", "image_2.orientation": "BACK",
		"property.material": s.composition, "property.care": s.care, "property.origin": s.origin,
		"variant_property.supplier_colour_code": fmt.Sprintf("TR-%s-%s", c.code, strings.ToUpper(c.name[:2])),
		"RRP EUR":                               price(s),
	}
	if s.line == "Accessories" {
		filled["image_1.composition"] = "FREE_STANDING"
	}
	return filled
}

// price makes a price up from the style's number: the vendor has no column for it here.
func price(s style) string {
	sum := 0
	for _, digit := range s.number + s.line {
		sum = sum*7 + int(digit)
	}
	return fmt.Sprintf("%d.95", 19+sum%18*10)
}

// ean gives the barcode of the serial-th variant. Every fourth comes from the brand's American
// range: twelve digits, with a zero before them.
func ean(serial int) string {
	digits := fmt.Sprintf("5060110%05d", 21000+serial*7)
	if serial%4 == 0 {
		digits = fmt.Sprintf("0840012%05d", 33000+serial*3)
	}
	sum := 0
	for i, digit := range digits {
		sum += int(digit-'0') * (1 + 2*(i%2))
	}
	return fmt.Sprintf("%s%d", digits, (10-sum%10)%10)
}

// look are the styles of the sheet's cells.
type look struct{ head, text, number, padded, price, link, note int }

func newLook(f *excelize.File) (look, error) {
	const body = "Calibri"
	line := []excelize.Border{{Type: "bottom", Color: "E7DFD3", Style: 1}}
	padded := "0000000000000"
	var l look
	for _, s := range []struct {
		id    *int
		style excelize.Style
	}{
		{&l.head, excelize.Style{Font: &excelize.Font{Bold: true, Color: "FFFFFF", Family: body, Size: 11},
			Fill:      excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"A24B3C"}},
			Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}}},
		{&l.text, excelize.Style{Font: &excelize.Font{Family: body, Size: 11}, Border: line}},
		{&l.number, excelize.Style{Font: &excelize.Font{Family: body, Size: 11}, Border: line, NumFmt: 1}},
		{&l.padded, excelize.Style{Font: &excelize.Font{Family: body, Size: 11}, Border: line, CustomNumFmt: &padded}},
		{&l.price, excelize.Style{Font: &excelize.Font{Family: body, Size: 11}, Border: line, NumFmt: 4}},
		{&l.link, excelize.Style{Font: &excelize.Font{Family: body, Size: 10, Color: "0563C1", Underline: "single"}, Border: line}},
		{&l.note, excelize.Style{Font: &excelize.Font{Family: body, Size: 11, Italic: true, Color: "7F7F7F"}, Border: line}},
	} {
		id, err := f.NewStyle(&s.style)
		if err != nil {
			return l, err
		}
		*s.id = id
	}
	return l, nil
}

func writeProducts(f *excelize.File, rows []row) error {
	if err := f.SetSheetName("Sheet1", products); err != nil {
		return err
	}
	l, err := newLook(f)
	if err != nil {
		return err
	}
	for i, name := range columns {
		if err := put(f, cellName(i, 1), l.head, name); err != nil {
			return err
		}
		letters := strings.TrimRight(cellName(i, 1), "1")
		if err := f.SetColWidth(products, letters, letters, width(name)); err != nil {
			return err
		}
	}
	for i, r := range rows {
		for j, column := range columns {
			if err := putValue(f, l, cellName(j, i+2), column, r[column], i); err != nil {
				return err
			}
		}
	}
	if err := f.SetRowHeight(products, 1, 32); err != nil {
		return err
	}
	filled := "A1:" + cellName(len(columns)-1, len(rows)+1)
	if err := f.SetSheetDimension(products, filled); err != nil {
		return err
	}
	if err := f.AddTable(products, &excelize.Table{Range: filled, Name: "SS22", StyleName: "TableStyleLight1"}); err != nil {
		return err
	}
	return f.SetPanes(products, &excelize.Panes{Freeze: true, XSplit: 2, YSplit: 1, TopLeftCell: "C2", ActivePane: "bottomRight"})
}

// putValue writes a cell as the brand's people keep it: prices and many barcodes as numbers,
// truth values as such, the rest as text.
func putValue(f *excelize.File, l look, cell, column, value string, index int) error {
	switch {
	case column == "EAN" && len(value) == 13 && index%3 != 0:
		number, style := strings.TrimLeft(value, "0"), l.number
		if number != value {
			style = l.padded
		}
		return putNumber(f, cell, style, number)
	case column == "RRP EUR":
		return putNumber(f, cell, l.price, value)
	case column == "active" && value == "TRUE":
		if err := f.SetCellBool(products, cell, true); err != nil {
			return err
		}
		return f.SetCellStyle(products, cell, cell, l.text)
	case strings.HasPrefix(value, "http"):
		return put(f, cell, l.link, value)
	case column == "Remarks":
		return put(f, cell, l.note, value)
	default:
		return put(f, cell, l.text, value)
	}
}

func put(f *excelize.File, cell string, style int, value string) error {
	if value != "" {
		if err := f.SetCellStr(products, cell, value); err != nil {
			return err
		}
	}
	return f.SetCellStyle(products, cell, cell, style)
}

func putNumber(f *excelize.File, cell string, style int, digits string) error {
	if err := f.SetCellDefault(products, cell, digits); err != nil {
		return err
	}
	return f.SetCellStyle(products, cell, cell, style)
}

func cellName(column, row int) string {
	name, err := excelize.CoordinatesToCellName(column+1, row)
	if err != nil {
		panic(err) // both numbers are ours
	}
	return name
}

func width(column string) float64 {
	switch {
	case column == "description":
		return 60
	case column == "display_name" || column == "image_1" || column == "image_2" || column == "property.material":
		return 34
	case column == "EAN" || column == "Colour" || column == "Category" || column == "property.care":
		return 20
	default:
		return max(11, float64(len(column))*0.75+4)
	}
}

func writeAbout(f *excelize.File, rows []row) error {
	if _, err := f.NewSheet(about); err != nil {
		return err
	}
	title, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true, Size: 20, Color: "A24B3C", Family: "Calibri"}})
	if err != nil {
		return err
	}
	lines := []string{
		brand, "Womenswear, Spring/Summer 2022: product data for retail partners", "",
		"One line is one colour and size. The EAN is final for all styles.",
		"Sheet Products, styles 2210 to 2250: Anna's team. Styles 2260 to 2310: Joost's team.",
		"Photographs are uploaded on Fridays; links work from the Monday after.",
		"Prices are recommended retail prices in EUR including VAT, for information only.",
		"Questions: product.data@example.com",
	}
	for i, text := range lines {
		if err := f.SetCellStr(about, cellName(0, i+1), text); err != nil {
			return err
		}
	}
	if err := f.SetCellStyle(about, "A1", "A1", title); err != nil {
		return err
	}
	if err := f.SetCellStr(about, cellName(0, len(lines)+2), fmt.Sprintf("%d styles, %d lines", len(styles), len(rows))); err != nil {
		return err
	}
	if err := f.SetSheetDimension(about, fmt.Sprintf("A1:A%d", len(lines)+2)); err != nil {
		return err
	}
	return f.SetColWidth(about, "A", "A", 90)
}

func describe(f *excelize.File, _ []row) error {
	return f.SetDocProps(&excelize.DocProperties{
		Creator: brand, Title: "SS22 womenswear", Created: "2021-09-14T08:30:00Z", Modified: "2021-11-02T16:05:00Z"})
}

// settle gives every part of the workbook one time, and makes the cells that say #N/A the failed
// look-ups that they are in the brand's file, which excelize cannot write.
func settle(workbook []byte) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		return nil, err
	}
	var settled bytes.Buffer
	w := zip.NewWriter(&settled)
	failed := -1
	for _, name := range []string{"xl/sharedStrings.xml", ""} {
		for _, part := range archive.File {
			if (part.Name == "xl/sharedStrings.xml") != (name != "") {
				continue
			}
			text, err := content(part)
			if err != nil {
				return nil, err
			}
			switch part.Name {
			case "xl/sharedStrings.xml":
				failed = indexOf(text, notAvailable)
			case "xl/worksheets/sheet1.xml":
				text = failLookUps(text, failed)
			}
			header := &zip.FileHeader{Name: part.Name, Method: zip.Deflate, Modified: time.Date(2021, 11, 2, 16, 5, 0, 0, time.UTC)}
			out, err := w.CreateHeader(header)
			if err != nil {
				return nil, err
			}
			if _, err := out.Write(text); err != nil {
				return nil, err
			}
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return settled.Bytes(), nil
}

func content(part *zip.File) ([]byte, error) {
	r, err := part.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

var sharedString = regexp.MustCompile(`<si>.*?</si>`)

// indexOf finds the number of a shared string, -1 when there is none.
func indexOf(sharedStrings []byte, text string) int {
	for i, entry := range sharedString.FindAll(sharedStrings, -1) {
		if bytes.Contains(entry, []byte(">"+text+"<")) {
			return i
		}
	}
	return -1
}

// failLookUps turns the cells that hold this shared string into look-ups that found nothing.
func failLookUps(sheet []byte, index int) []byte {
	cell := regexp.MustCompile(fmt.Sprintf(`<c r="([A-Z]+)([0-9]+)"( s="[0-9]+")? t="s"><v>%d</v></c>`, index))
	return cell.ReplaceAll(sheet, []byte(`<c r="$1$2"$3 t="e"><f>VLOOKUP(A$2,'`+about+`'!A:B,2,FALSE)</f><v>`+notAvailable+`</v></c>`))
}
