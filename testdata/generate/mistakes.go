package main

import "fmt"

const notAvailable = "#N/A"

// A mistake puts a wrong value into a cell. Rows count from 0 within their style.
type mistake struct {
	style  string
	row    int
	column string
	value  string
}

// mistakes are what people get wrong, each in the way that they do it.
var mistakes = []mistake{
	// the vendor's words, nearly
	{"2230-301", 0, "Category", "tshirt"},
	{"2230-302", 0, "Category", "top_t-shirt|T-Shirt"},
	{"2210-102", 0, "Category", "Dress"},
	{"2220-201", 0, "Collection", "NOS_SUMMER"},
	{"2220-205", 0, "Collection", "ss23"},
	{"2230-302", 0, "Gender", "Women"},
	// colours
	{"2210-104", 1, "colors", "NAVY"},
	{"2230-301", 7, "colors", "red"},
	{"2210-104", 2, "colors", "BLU"},
	{"2230-301", 5, "color_hex_codes", "#e03c31"},
	// sizes
	{"2230-302", 4, "Size", "XXM"},
	{"2250-501", 5, "Size", "W30/L32"},
	{"2250-503", 1, "size_type", ""},
	{"2250-503", 2, "size_type", ""},
	{"2260-602", 3, "size_type", ""},
	{"2260-605", 4, "size_type", ""},
	{"2300-113", 6, "Size", "40.3"},
	{"2290-902", 3, "size_name", ""},
	// barcodes
	{"2260-602", 1, "EAN", "5.06011E+12"},
	{"2260-602", 2, "EAN", "5.06011E+12"},
	{"2300-113", 2, "EAN", ""},
	// texts of a product
	{"2250-505", 0, "display_name", ""},
	{"2270-702", 3, "description", "Five-pocket mini skirt with frayed hem."},
	{"2310-121", 1, "property.origin", "Made in Italy"},
	// what spreadsheets do
	{"2270-703", 0, "property.care", notAvailable},
	{"2280-804", 3, "Colour", notAvailable},
	{"2260-601", 2, "Colour", "Sand  "},
	{"2280-805", 1, "EAN", "keep"}, // filled in by spoil: the barcode with a blank behind it
	{"2290-901", 4, "display_name", "Cala Swimsuit "},
	// pictures
	{"2290-903", 0, "image_1", "images.example.com/ss22/2290-903_6603_front.jpg"},
	{"2310-121", 0, "image_1.orientation", "front"},
	// a remark, which nobody should lose sleep over
	{"2280-803", 0, "Remarks", "price to be confirmed"},
	{"2300-112", 6, "Remarks", "new colour, photographs to follow"},
}

// spoil makes the mistakes, and the two that need another row: a barcode used twice, and a line
// that was copied and given a new barcode only.
func spoil(rows []row) ([]row, error) {
	first := map[string]int{}
	for i := len(rows) - 1; i >= 0; i-- {
		first[rows[i]["Style No"]] = i
	}
	at := func(style string, index int) (row, error) {
		start, ok := first[style]
		if !ok || start+index >= len(rows) || rows[start+index]["Style No"] != style {
			return nil, fmt.Errorf("style %s has no row %d", style, index)
		}
		return rows[start+index], nil
	}
	for _, m := range mistakes {
		r, err := at(m.style, m.row)
		if err != nil {
			return nil, err
		}
		if m.value == "keep" {
			m.value = r[m.column] + " "
		}
		r[m.column] = m.value
	}
	taken, err := at("2210-101", 2)
	if err != nil {
		return nil, err
	}
	same, err := at("2300-111", 2)
	if err != nil {
		return nil, err
	}
	same["EAN"] = taken["EAN"]
	return copyLine(rows, first["2240-404"]+2), nil
}

// copyLine puts a copy of a row behind it, with a barcode of its own.
func copyLine(rows []row, index int) []row {
	copied := row{}
	for column, value := range rows[index] {
		copied[column] = value
	}
	copied["EAN"] = ean(9000)
	return append(rows[:index+1], append([]row{copied}, rows[index+1:]...)...)
}
