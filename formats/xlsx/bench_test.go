package xlsx

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"bulkload/formats"
)

// benchRows is the length of the workbooks that benchmarks read, of 25 columns each.
const benchRows = 20_000

// benchCell makes the text of a cell: a few columns of few values, some of numbers, some unique.
func benchCell(row, column int) any {
	switch column % 5 {
	case 0:
		return fmt.Sprintf("SKU-%07d-%02d", row, column)
	case 1:
		return []string{"navy", "off-white", "burgundy", "sand"}[row%4]
	case 2:
		return float64(row%5000) + 0.95
	case 3:
		return fmt.Sprintf("A plain description of product %d", row/8)
	}
	return row % 97
}

// benchShared writes a workbook with shared strings, as spreadsheet programs do.
func benchShared(b testing.TB) []byte {
	shared := new(bytes.Buffer)
	index := make(map[string]int)
	var sheet bytes.Buffer
	for row := range benchRows {
		fmt.Fprintf(&sheet, `<row r="%d" spans="1:25">`, row+1)
		for column := range 25 {
			ref := fmt.Sprintf("%s%d", formats.ColumnLetters(column), row+1)
			switch v := benchCell(row, column).(type) {
			case string:
				at, known := index[v]
				if !known {
					at = len(index)
					index[v] = at
					fmt.Fprintf(shared, "<si><t>%s</t></si>", v)
				}
				fmt.Fprintf(&sheet, `<c r="%s" s="1" t="s"><v>%d</v></c>`, ref, at)
			default:
				fmt.Fprintf(&sheet, `<c r="%s"><v>%v</v></c>`, ref, v)
			}
		}
		sheet.WriteString("</row>")
	}
	return rawBook{sheet: sheet.String(), strings: shared.String()}.bytes(b)
}

// benchInline has excelize write a workbook with inline strings, as programs do that stream.
func benchInline(b testing.TB) []byte {
	return writeExcelize(b, benchValues())
}

func benchValues() [][]any {
	rows := make([][]any, benchRows)
	for i := range rows {
		for column := range 25 {
			rows[i] = append(rows[i], benchCell(i, column))
		}
	}
	return rows
}

// writeExcelize writes rows with excelize's StreamWriter.
func writeExcelize(b testing.TB, rows [][]any) []byte {
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	for i, row := range rows {
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			b.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Write(&out); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

func writeOurs(b testing.TB, rows [][][]byte) []byte {
	columns := make([]formats.Column, 25)
	for i := range columns {
		columns[i].Name = fmt.Sprint("column ", i)
		if i%5 == 2 || i%5 == 4 {
			columns[i].Type = formats.Number
		}
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, columns, WriterOptions{})
	if err != nil {
		b.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return out.Bytes()
}

// BenchmarkRatio says how many times as fast as excelize's fastest way ours is, where both do the
// same in turn. Run it with -benchtime=1x -cpu=1,2.
func BenchmarkRatio(b *testing.B) {
	values, cells := benchValues(), benchCells()
	var data []byte
	read := func() int { return countCells(b, data) }
	readTheirs := func() int { return countCellsExcelize(b, data) }
	for _, kind := range []struct {
		name string
		data func(testing.TB) []byte
		ours,
		theirs func() int // size of the result
	}{
		{"read-shared", benchShared, read, readTheirs},
		{"read-inline", benchInline, read, readTheirs},
		{"write", nil, func() int { return len(writeOurs(b, cells)) }, func() int { return len(writeExcelize(b, values)) }},
	} {
		b.Run(kind.name, func(b *testing.B) {
			if kind.data != nil {
				data = kind.data(b)
			}
			ours, theirs := kind.ours(), kind.theirs()
			if kind.data != nil && ours < 25*(benchRows-1) || kind.data == nil && ours > theirs {
				b.Fatalf("ours gives %d, theirs %d", ours, theirs)
			}
			b.ResetTimer()
			var mine, other []float64
			for range b.N * 5 {
				mine = append(mine, seconds(kind.ours))
				other = append(other, seconds(kind.theirs))
			}
			slices.Sort(mine)
			slices.Sort(other)
			b.ReportMetric(1000*mine[len(mine)/2], "ours-ms")
			b.ReportMetric(1000*other[len(other)/2], "excelize-ms")
			b.ReportMetric(other[len(other)/2]/mine[len(mine)/2], "x")
		})
	}
}

func seconds(work func() int) float64 {
	runtime.GC()
	start := time.Now()
	work()
	return time.Since(start).Seconds()
}

// BenchmarkRead reads every cell.
func BenchmarkRead(b *testing.B) {
	for _, kind := range []struct {
		name string
		make func(testing.TB) []byte
	}{{"shared", benchShared}, {"inline", benchInline}} {
		data := kind.make(b)
		b.Run(kind.name, func(b *testing.B) {
			b.ReportAllocs()
			for range b.N {
				if cells := countCells(b, data); cells < 25*(benchRows-1) {
					b.Fatalf("%d cells", cells)
				}
			}
			b.ReportMetric(float64(b.N*benchRows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func countCells(b testing.TB, data []byte) (cells int) {
	r, err := NewReader(bytes.NewReader(data), int64(len(data)), formats.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for {
		block, err := r.Next(context.Background())
		if err == io.EOF {
			return cells
		}
		if err != nil {
			b.Fatal(err)
		}
		cells += len(block.Cells)
		block.Release()
	}
}

func countCellsExcelize(b testing.TB, data []byte) (cells int) {
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	rows, err := f.Rows(f.GetSheetName(0))
	if err != nil {
		b.Fatal(err)
	}
	for rows.Next() {
		columns, err := rows.Columns(excelize.Options{RawCellValue: true})
		if err != nil {
			b.Fatal(err)
		}
		cells += len(columns)
	}
	if err := rows.Close(); err != nil {
		b.Fatal(err)
	}
	return cells
}

func benchCells() [][][]byte {
	cells := make([][][]byte, benchRows)
	for i := range cells {
		for column := range 25 {
			cells[i] = append(cells[i], fmt.Append(nil, benchCell(i, column)))
		}
	}
	return cells
}

// BenchmarkWrite writes rows that are there already.
func BenchmarkWrite(b *testing.B) {
	cells := benchCells()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		b.ReportMetric(float64(len(writeOurs(b, cells))), "bytes")
	}
}
