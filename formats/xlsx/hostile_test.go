package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"bulkload/formats"
	"bulkload/formats/cost"
)

// Each of these is refused, or read right, at the cost that a small file may have.
func TestHostile(t *testing.T) {
	sheetOnly := func(change func(*zip.FileHeader)) func(*testing.T) []byte {
		return func(t *testing.T) []byte {
			return repack(t, goodBook(t), func(h *zip.FileHeader) {
				if strings.Contains(h.Name, "sheet1") {
					change(h)
				}
			})
		}
	}
	cases := []struct {
		name string
		make func(*testing.T) []byte
		want string
	}{
		{"declares 2 GiB", sheetOnly(func(h *zip.FileHeader) { h.UncompressedSize64 = 2 << 30 }), "instead of 2147483648"},
		{"declares too little", sheetOnly(func(h *zip.FileHeader) { h.UncompressedSize64 = 7 }), "more than the 7 bytes that it states"},
		{"encrypted entry", sheetOnly(func(h *zip.FileHeader) { h.Flags |= 1 }), "encrypted"},
		{"unknown method", sheetOnly(func(h *zip.FileHeader) { h.Method = 12 }), "method 12"},
		{"part twice", func(t *testing.T) []byte {
			return repack(t, goodBook(t), func(h *zip.FileHeader) {
				if h.Name == "_rels/.rels" {
					h.Name = "xl/Worksheets/sheet1.xml"
				}
			})
		}, "2 times"},
		{"overlapping parts", overlapping, "overlap"},
		{"too many entries", func(t *testing.T) []byte {
			var out bytes.Buffer
			z := zip.NewWriter(&out)
			for i := range maxEntries + 1 {
				if _, err := z.CreateHeader(&zip.FileHeader{Name: fmt.Sprint(i)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}, "more than 16384 entries"},
		{"a directory of long names", func(t *testing.T) []byte {
			var out bytes.Buffer
			z := zip.NewWriter(&out)
			for range maxListing/60_000 + 1 {
				if _, err := z.CreateHeader(&zip.FileHeader{Name: strings.Repeat("n", 60_000)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			return out.Bytes()
		}, "a directory of over 8 MiB"},
		{"claims many entries", func(t *testing.T) []byte {
			data := goodBook(t)
			binary.LittleEndian.PutUint16(data[len(data)-12:], 60000)
			return data
		}, "more than 16384 entries"},
		{"blanks without end", func(t *testing.T) []byte {
			return rawBook{sheet: strings.Repeat(" ", 2*maxUnit)}.bytes(t)
		}, "longer than 4 MiB"},
		{"a name without end", func(t *testing.T) []byte {
			return rawBook{sheet: "<" + strings.Repeat("a", 2*maxUnit)}.bytes(t)
		}, "longer than 4 MiB"},
		{"deep XML", func(t *testing.T) []byte {
			return rawBook{sheet: strings.Repeat("<a>", 1<<20)}.bytes(t)
		}, ""},
		{"attributes without end", func(t *testing.T) []byte {
			var sheet strings.Builder
			for i := range 10000 {
				fmt.Fprintf(&sheet, ` a%d=""`, i)
			}
			return rawBook{sheet: `<row` + sheet.String() + `/>`}.bytes(t)
		}, "more than 128 attributes"},
		{"one text in every cell", func(t *testing.T) []byte {
			return rawBook{strings: `<si><t>` + strings.Repeat("x", 1<<20) + `</t></si>`,
				sheet: `<row>` + strings.Repeat(`<c t="s"><v>0</v></c>`, maxColumns) + `</row>`}.bytes(t)
		}, "MiB of text"},
		{"a million empty rows", func(t *testing.T) []byte {
			return rawBook{sheet: strings.Repeat(`<row/>`, maxRows)}.bytes(t)
		}, "the sheet is empty"},
		{"old workbook", func(*testing.T) []byte { return []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 and so on") }, "old .xls"},
		{"encrypted workbook", func(*testing.T) []byte {
			return []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00..")
		}, "password"},
		{"no archive", func(*testing.T) []byte { return []byte("sku,name\n1,2\n") }, "not a workbook"},
		{"nothing", func(*testing.T) []byte { return nil }, "the file is empty"},
		{"cells at the end of the sheet", func(t *testing.T) []byte {
			return rawBook{sheet: inline("a") + `<row r="1048575"><c r="XFD1048575"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`}.bytes(t)
		}, ""},
		{"cells at the end of every row", func(t *testing.T) []byte {
			var rows strings.Builder
			rows.WriteString(inline("a"))
			for i := 2; i < 10_000; i++ {
				fmt.Fprintf(&rows, `<row r="%d"><c r="XFD%d"><v>1</v></c></row>`, i, i)
			}
			return rawBook{sheet: rows.String()}.bytes(t)
		}, "far to the right"},
		{"merged cells at the end of every row, filled down", func(t *testing.T) []byte {
			return rawBook{sheet: `<sheetData><row><c r="XFD1"><v>1</v></c></row>` + strings.Repeat(`<row><c><v>1</v></c></row>`, 10_000) +
				`</sheetData><mergeCells><mergeCell ref="XFD1:XFD1048576"/></mergeCells>`}.bytes(t)
		}, ""},
		{"shared strings that claim to be billions", func(t *testing.T) []byte {
			return rawBook{sheet: inline("a"), parts: map[string]string{"xl/sharedStrings.xml": `<sst count="4294967295" uniqueCount="4294967295"><si><t>a</t></si></sst>`}}.bytes(t)
		}, ""},
		{"shared strings that claim 4 GiB", func(t *testing.T) []byte {
			return repack(t, goodBook(t), func(h *zip.FileHeader) {
				if h.Name == "xl/sharedStrings.xml" {
					h.UncompressedSize64 = 4 << 30
				}
			})
		}, "more than 1024 MiB"},
		{"4 GiB of shared strings", bomb{part: "xl/sharedStrings.xml", head: "<sst>", unit: "<si><t>aaaaaaaa</t></si>", size: 4 << 30}.bytes, "more than 1024 MiB"},
		{"shared strings that claim less", bomb{part: "xl/sharedStrings.xml", head: "<sst>", unit: "<si><t>aaaaaaaa</t></si>", size: 4 << 30, claim: 1 << 20}.bytes, "more than the 1048576 bytes that it states"},
		{"7 GiB of blanks", bomb{head: "<worksheet><sheetData>", unit: "        ", size: 7 << 30}.bytes, "longer than 4 MiB"},
		{"7 GiB of one text", bomb{head: "<worksheet><sheetData><row><c><is><t>", unit: "aaaaaaaa", size: 7 << 30}.bytes, "longer than 4 MiB"},
		{"7 GiB of comments", bomb{head: "<worksheet><sheetData>", unit: "<!-- -->", size: 7 << 30}.bytes, "longer than 4 MiB"},
		{"7 GiB of rows", bomb{head: "<worksheet><sheetData>", unit: "<row/>", size: 7 << 30}.bytes, "beyond the last row"},
		{"7 GiB of cells in a row", bomb{head: "<worksheet><sheetData><row>", unit: "<c/>", size: 7 << 30}.bytes, "beyond the last column"},
		{"7 GiB before the rows", bomb{head: "<worksheet>", unit: "<a/>", size: 7 << 30}.bytes, "before the rows"},
		{"7 GiB after the rows", bomb{head: "<worksheet><sheetData><row><c><v>1</v></c></row></sheetData>", unit: "<a/>", size: 7 << 30}.bytes, "after the rows"},
		{"7 GiB that claim less", bomb{head: "<worksheet><sheetData>", unit: "<row/>", size: 7 << 30, claim: 100}.bytes, "more than the 100 bytes that it states"},
		{"9 GiB of rows", bomb{head: "<worksheet><sheetData>", unit: "<row/>", size: 9 << 30}.bytes, "more than 8192 MiB"},
		{"30 MiB of cell styles", bomb{part: "xl/styles.xml", head: "<styleSheet><cellXfs>", unit: "<xf/>", size: 30 << 20}.bytes, "cell styles"},
		{"30 MiB of number formats", bomb{part: "xl/styles.xml", head: "<styleSheet><numFmts>", unit: `<numFmt numFmtId="1"/>`, size: 30 << 20}.bytes, "number formats"},
		{"30 MiB of sheets", bomb{part: "xl/workbook.xml", head: `<workbook xmlns:r="r"><sheets>`, unit: `<sheet name="a" r:id="rId1"/>`, size: 30 << 20}.bytes, "more than 4096 sheets"},
		{"30 MiB of relationships", bomb{part: "xl/_rels/workbook.xml.rels", head: "<Relationships>", unit: `<Relationship Id="a"/>`, size: 30 << 20}.bytes, "more than 16384 relationships"},
		{"4,000 sheets of a million empty rows", func(t *testing.T) []byte {
			sheets := strings.Repeat(`<sheet name="a" r:id="rId1"/>`, 4000)
			return rawBook{sheet: strings.Repeat("<row/>", 1_000_000), parts: map[string]string{"xl/workbook.xml": `<workbook xmlns:r="r"><sheets>` + sheets + `</sheets></workbook>`}}.bytes(t)
		}, "name the sheet"},
		{"a workbook in a workbook", func(t *testing.T) []byte {
			return rawBook{parts: map[string]string{"xl/worksheets/sheet1.xml": string(goodBook(t))}}.bytes(t)
		}, "U+0003"},
		{"laughs by the billion", func(t *testing.T) []byte {
			laughs := `<!DOCTYPE lolz [<!ENTITY a "lol">`
			for c := 'b'; c < 'z'; c++ {
				laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, c, strings.Repeat(fmt.Sprintf("&%c;", c-1), 10))
			}
			return rawBook{parts: map[string]string{"xl/worksheets/sheet1.xml": laughs + `]><worksheet>&y;</worksheet>`}}.bytes(t)
		}, "document type"},
		{"an entity that nobody declared", func(t *testing.T) []byte {
			return rawBook{sheet: `<row><c t="inlineStr"><is><t>&lol;</t></is></c></row>`}.bytes(t)
		}, "entities"},
	}
	slow := regexp.MustCompile("GiB|MiB|million|every row|without end")
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if cost.Raced && slow.MatchString(c.name) {
				t.Skip("minutes with the race detector")
			}
			data := c.make(t)
			for _, tune := range []tuning{{window: firstWindow, spill: spillAt}, {window: firstWindow, spill: spillAt, chunk: chunkSize, workers: 2}} {
				var err error
				bytes, took := cost.Of(func() {
					_, err = readDiscarding(data, formats.Options{FillMerged: strings.Contains(c.name, "filled down")}, tune)
				})
				if c.want != "" || err != nil {
					wantSyntax(t, err, c.want)
				}
				allocated := bytes >> 20
				t.Logf("%d workers: %v, %d MiB: %v", tune.workers, took, allocated, err)
				if took > 3*time.Second && !cost.Raced || allocated > 32 { // a second when nobody else uses the processor's cache
					t.Errorf("%d workers: takes %v and %d MiB", tune.workers, took, allocated)
				}
				if took > time.Second/5 {
					break // once is enough
				}
			}
		})
	}
}

// A bomb is a workbook with a part that is one text over and over again.
type bomb struct {
	part       string // empty: the sheet
	head, unit string
	size       int64 // of the part, about
	claim      int64 // what the archive says the size is; 0: what it is
}

func (b bomb) bytes(t *testing.T) []byte {
	if b.part == "" {
		b.part = "xl/worksheets/sheet1.xml"
	}
	deflated := func(text string) []byte {
		var out bytes.Buffer
		w, err := flate.NewWriter(&out, flate.BestSpeed)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err == nil {
			err = w.Flush() // what was flushed may be repeated
		}
		if err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	unit := strings.Repeat(b.unit, 4<<20/len(b.unit))
	times := b.size / int64(len(unit))
	header := &zip.FileHeader{Name: b.part, Method: zip.Deflate, UncompressedSize64: uint64(len(b.head)) + uint64(times)*uint64(len(unit))}
	if b.claim > 0 {
		header.UncompressedSize64 = uint64(b.claim)
	}
	packed := append(deflated(b.head), bytes.Repeat(deflated(unit), int(times))...)
	header.CompressedSize64 = uint64(len(packed))

	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range (rawBook{sheet: inline("a")}).files() {
		var w io.Writer
		var err error
		if name == b.part {
			w, err = z.CreateRaw(header)
			text = string(packed)
		} else {
			w, err = z.Create(name)
		}
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// overlapping makes an archive in which the strings' entry lies inside the sheet's stored data.
func overlapping(t *testing.T) []byte {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	files := rawBook{sheet: inline("a")}.files()
	stored := func(name, text string) {
		h := &zip.FileHeader{Name: name, CRC32: crc32.ChecksumIEEE([]byte(text)), UncompressedSize64: uint64(len(text)), CompressedSize64: uint64(len(text))}
		w, err := z.CreateRaw(h)
		if err == nil {
			_, err = io.WriteString(w, text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range partOrder {
		stored(name, files[name])
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	data := out.Bytes()
	// Both directory entries are made to point at the same local header.
	sheet := bytes.LastIndex(data, []byte("xl/worksheets/sheet1.xml")) - 46
	table := bytes.LastIndex(data, []byte("xl/sharedStrings.xml")) - 46
	copy(data[sheet+16:sheet+28], data[table+16:table+28])
	copy(data[sheet+42:sheet+46], data[table+42:table+46])
	return data
}
