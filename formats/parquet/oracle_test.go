package parquet

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	parquetgo "github.com/parquet-go/parquet-go"
)

// oracle reads a file with parquet-go: the cells of its flat columns of strings, whole numbers,
// truth values and floats, by column and row.
func oracle(data []byte) (map[int][]string, error) {
	f, err := parquetgo.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, err
	}
	columns := map[int][]string{}
	for c, field := range f.Root().Columns() {
		if !field.Leaf() || field.Repeated() || !plainlyShown(field) {
			continue
		}
		columns[c] = []string{}
		for _, group := range f.RowGroups() {
			pages := group.ColumnChunks()[field.Index()].Pages()
			cells, err := pageCells(pages)
			pages.Close()
			if err != nil {
				return nil, err
			}
			columns[c] = append(columns[c], cells...)
		}
	}
	return columns, nil
}

func plainlyShown(c *parquetgo.Column) bool {
	switch c.Type().String() {
	case "STRING", "BOOLEAN", "FLOAT", "DOUBLE", "BYTE_ARRAY", "INT32", "INT64", "INT(8,true)", "INT(16,true)", "INT(32,true)", "INT(64,true)":
		return true
	}
	return false
}

func pageCells(pages parquetgo.Pages) (cells []string, err error) {
	for {
		page, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return cells, nil
		}
		if err != nil {
			return nil, err
		}
		values := make([]parquetgo.Value, page.NumValues())
		n, err := page.Values().ReadValues(values)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		for _, v := range values[:n] {
			cells = append(cells, oracleText(v))
		}
	}
}

func oracleText(v parquetgo.Value) string {
	switch {
	case v.IsNull():
		return "<null>"
	case v.Kind() == parquetgo.Float:
		return strconv.FormatFloat(float64(v.Float()), 'f', -1, 32)
	case v.Kind() == parquetgo.Double:
		return strconv.FormatFloat(v.Double(), 'f', -1, 64)
	}
	return v.String()
}

func TestParquetGoReadsTheSame(t *testing.T) {
	folder := feeds(t)
	files, err := filepath.Glob(filepath.Join(folder, "parquet-acid", "*", "*.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, file := range append(files, filepath.Join(folder, "apparel", "womens-catalogue.parquet")) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, rows, tally, err := readAll(data)
		if err != nil || tally.Blank > 0 {
			continue // refused files are the acid test's, and blank rows would shift the others
		}
		columns, err := oracle(data)
		if err != nil {
			t.Logf("%s: parquet-go: %v", filepath.Base(file), err)
			continue
		}
		compareColumns(t, filepath.Base(file), rows, columns)
		compared += len(columns)
	}
	if compared < 150 {
		t.Errorf("only %d columns were compared", compared)
	}
}

func compareColumns(t *testing.T, file string, rows [][]string, columns map[int][]string) {
	t.Helper()
	for c, want := range columns {
		if len(want) != len(rows) {
			t.Errorf("%s, column %d: %d rows, and parquet-go reads %d", file, c+1, len(rows), len(want))
			continue
		}
		for i := range want {
			if rows[i][c] != want[i] {
				t.Errorf("%s, column %d, row %d: %q, and parquet-go reads %q", file, c+1, i+1, rows[i][c], want[i])
				break
			}
		}
	}
}
