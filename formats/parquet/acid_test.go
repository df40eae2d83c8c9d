package parquet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
)

// feeds is the folder of the shared feeds, which are not part of the project.
func feeds(t testing.TB) string {
	t.Helper()
	folder := os.Getenv("BULKLOAD_FEEDS")
	if folder == "" {
		t.Skip("BULKLOAD_FEEDS does not name the folder of shared feeds")
	}
	return folder
}

// acid is what a file of the acid folder must give, after what its page says it is for: rows, or a
// reason that holds these words.
type acid struct {
	rows    int
	columns int
	blank   int64
	first   []string // cells of the first row, as far as given
	last    []string
	refused string
}

var acids = map[string]acid{
	"parquet-testing/alltypes_plain.parquet": {rows: 8, columns: 11,
		first: []string{"4", "true", "0", "0", "0", "0", "0", "0", "03/01/09", "0", "2009-03-01T00:00:00"},
		last:  []string{"1", "false", "1", "1", "1", "10", "1.1", "10.1", "01/01/09", "1", "2009-01-01T00:01:00"}},
	"parquet-testing/alltypes_plain.snappy.parquet": {rows: 2, columns: 11,
		first: []string{"6", "true", "0", "0", "0", "0", "0", "0", "04/01/09", "0", "2009-04-01T00:00:00"}},
	"parquet-testing/alltypes_dictionary.parquet": {rows: 2, columns: 11,
		last: []string{"1", "false", "1", "1", "1", "10", "1.1", "10.1", "01/01/09", "1", "2009-01-01T00:01:00"}},
	// The bytes 0 to 11, of which the tab is a row of blanks.
	"parquet-testing/binary.parquet":                                          {rows: 11, blank: 1, columns: 1, first: []string{"\x00"}, last: []string{"\x0b"}},
	"parquet-testing/byte_array_decimal.parquet":                              {rows: 24, columns: 1, first: []string{"1.00"}, last: []string{"24.00"}},
	"parquet-testing/int32_decimal.parquet":                                   {rows: 24, columns: 1, first: []string{"1.00"}, last: []string{"24.00"}},
	"parquet-testing/fixed_length_decimal.parquet":                            {rows: 24, columns: 1, first: []string{"1.00"}, last: []string{"24.00"}},
	"parquet-testing/int96_from_spark.parquet":                                {refused: "outside the day"}, // the year 290000 overflowed when it was written
	"parquet-testing/datapage_v2.snappy.parquet":                              {rows: 5, columns: 5, first: []string{"abc", "1", "2", "true", "1|2|3"}, last: []string{"abc", "5", "2", "true", "1|2"}},
	"parquet-testing/delta_binary_packed.parquet":                             {rows: 200, columns: 66},
	"parquet-testing/delta_byte_array.parquet":                                {rows: 1000, columns: 9},
	"parquet-testing/delta_encoding_optional_column.parquet":                  {rows: 100, columns: 17},
	"parquet-testing/list_columns.parquet":                                    {rows: 3, columns: 2, first: []string{"1|2|3", "abc|efg|hij"}, last: []string{"4", "efg||hij|xyz"}},
	"parquet-testing/nested_lists.snappy.parquet":                             {refused: `"a.list.element.list.element.list.element" is nested`},
	"parquet-testing/nested_maps.snappy.parquet":                              {refused: `"a.key_value.key" is nested`},
	"parquet-testing/nullable.impala.parquet":                                 {refused: "is nested"},
	"parquet-testing/nulls.snappy.parquet":                                    {refused: `"b_struct.b_c_int" is nested`},
	"parquet-testing/lz4_raw_compressed.parquet":                              {rows: 4, columns: 3, first: []string{"1593604800", "abc", "42"}, last: []string{"1593604801", "def", "7.7"}},
	"parquet-testing/hadoop_lz4_compressed.parquet":                           {refused: "LZ4 of Hadoop"},
	"parquet-testing/byte_stream_split.zstd.parquet":                          {rows: 300, columns: 2, first: []string{"1.7640524", "-1.3065268517353166"}},
	"parquet-testing/concatenated_gzip_members.parquet":                       {rows: 513, columns: 1, first: []string{"1"}, last: []string{"513"}},
	"parquet-testing/rle_boolean_encoding.parquet":                            {rows: 62, blank: 6, columns: 1, first: []string{"true"}},
	"parquet-testing/float16_nonzeros_and_nans.parquet":                       {rows: 7, blank: 1, columns: 1, first: []string{"1"}},
	"parquet-testing/datapage_v1-corrupt-checksum.parquet":                    {refused: "checksum"},
	"parquet-testing/nation.dict-malformed.parquet":                           {refused: "a page claims"},
	"parquet-testing/unknown-logical-type.parquet":                            {rows: 3, columns: 2, first: []string{"known string 1", "unknown string 1"}},
	"parquet-testing/repeated_no_annotation.parquet":                          {refused: "footer contradicts"}, // 0 rows in all, 6 in its row group
	"parquet-testing/PARQUET-1481.parquet":                                    {refused: `column "Handle"`},
	"parquet-testing/ARROW-GH-41317.parquet":                                  {refused: "is nested"},
	"parquet-testing/ARROW-RS-GH-6229-DICTHEADER.parquet":                     {refused: "footer contradicts"},
	"parquet-testing/ARROW-GH-45185.parquet":                                  {refused: "belongs to a row that is not there"},
	"duckdb/duckdb-silly-names.parquet":                                       {rows: 3, columns: 3, first: []string{"1", "foo", "true"}, last: []string{"3", "baz", "true"}},
	"duckdb/duckdb-p2strings.parquet":                                         {rows: 4979, columns: 2},
	"duckdb/duckdb-zstd.parquet":                                              {rows: 3, columns: 3, first: []string{"-1", "foo", "true"}, last: []string{"2.5", "baz", "true"}},
	"duckdb/duckdb-pandas-date.parquet":                                       {rows: 2, columns: 1, first: []string{"2021-01-12"}, last: []string{"1921-12-24"}},
	"duckdb/duckdb-tz.parquet":                                                {rows: 2, columns: 1, first: []string{"2022-10-17T21:52:27Z"}},
	"duckdb/duckdb-unsigned.parquet":                                          {rows: 6, columns: 4, first: []string{"1", "1", "1", "1"}},
	"duckdb/duckdb-invalid_utf8_dictionary.parquet":                           {refused: "not valid UTF-8"},
	"duckdb/duckdb-nullbyte.parquet":                                          {rows: 1, columns: 2, first: []string{"42", "hello\x00world"}},
	"duckdb/duckdb-lineitem-top10000.gzip.parquet":                            {rows: 10000, columns: 16, first: []string{"1", "155190", "7706", "1", "17", "21168.23", "0.04", "0.02", "N", "O", "1996-03-13"}},
	"duckdb/duckdb-manyrowgroups.parquet":                                     {rows: 1001, columns: 1, first: []string{"42"}},
	"duckdb/duckdb-broken-broken_int.parquet":                                 {refused: "does not fit"},
	"duckdb/duckdb-broken-broken_date.parquet":                                {refused: "does not fit"},
	"duckdb/duckdb-broken-fuzzer4362.parquet":                                 {refused: "not Parquet"},
	"duckdb/duckdb-broken-issue22325_datapage_v2_negative_def_levels.parquet": {refused: "levels of -1"},
	"parquet-go/negative_page_size.parquet":                                   {refused: "-4001 bytes"},
}

func TestAcidFiles(t *testing.T) {
	folder := filepath.Join(feeds(t), "parquet-acid")
	files, err := filepath.Glob(filepath.Join(folder, "*", "*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", folder, err)
	}
	for _, file := range files {
		name, _ := filepath.Rel(folder, file)
		t.Run(name, func(t *testing.T) {
			want, known := acids[filepath.ToSlash(name)]
			if !known {
				t.Fatal("nothing is written down about this file")
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			compareAcid(t, data, want)
		})
	}
}

func compareAcid(t *testing.T, data []byte, want acid) {
	t.Helper()
	header, rows, tally, err := readAll(data)
	if want.refused != "" {
		var syntax *formats.SyntaxError
		if !errors.As(err, &syntax) || !strings.Contains(err.Error(), want.refused) {
			t.Errorf("%v, want it refused with %q", err, want.refused)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != want.rows || len(header) != want.columns || tally.Blank != want.blank {
		t.Fatalf("%d rows of %d columns and %d blank, want %d of %d and %d", len(rows), len(header), tally.Blank, want.rows, want.columns, want.blank)
	}
	if diff := cmp.Diff(want.first, rows[0][:len(want.first)]); want.first != nil && diff != "" {
		t.Errorf("first row: %s", diff)
	}
	if diff := cmp.Diff(want.last, rows[len(rows)-1][:len(want.last)]); want.last != nil && diff != "" {
		t.Errorf("last row: %s", diff)
	}
}

func TestAcidFilesWithExpectedValues(t *testing.T) {
	folder := filepath.Join(feeds(t), "parquet-acid")
	for name, with := range map[string]struct {
		csv    string
		header bool
	}{
		"parquet-testing/delta_binary_packed":            {"parquet-testing/delta_binary_packed_expect.csv", true},
		"parquet-testing/delta_byte_array":               {"parquet-testing/delta_byte_array_expect.csv", true},
		"parquet-testing/delta_encoding_optional_column": {"parquet-testing/delta_encoding_optional_column_expect.csv", true},
		"duckdb/duckdb-p2strings":                        {"duckdb/duckdb-p2strings.csv", false},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join(folder, name+".parquet"))
			if err != nil {
				t.Fatal(err)
			}
			text, err := os.ReadFile(filepath.Join(folder, with.csv))
			if err != nil {
				t.Fatal(err)
			}
			want, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			if with.header {
				want = want[1:]
			}
			_, rows, _, err := readAll(data)
			if err != nil {
				t.Fatal(err)
			}
			if len(rows) != len(want) {
				t.Fatalf("%d rows, want %d", len(rows), len(want))
			}
			for i := range want {
				for c := range want[i] {
					if !sameCell(rows[i][c], want[i][c]) {
						t.Fatalf("row %d, column %d: %q, want %q", i+1, c+1, rows[i][c], want[i][c])
					}
				}
			}
		})
	}
}

// sameCell compares a cell with the one of a file of expected values, which writes nulls as nothing
// and numbers as its maker pleased.
func sameCell(got, want string) bool {
	if got == want || got == "<null>" && want == "" {
		return true
	}
	a, errA := strconv.ParseFloat(got, 64)
	b, errB := strconv.ParseFloat(want, 64)
	return errA == nil && errB == nil && math.Abs(a-b) <= 1e-6*math.Abs(b)
}

func TestWomensCatalogue(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(feeds(t), "apparel", "womens-catalogue.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	header, rows, tally, err := readAll(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2766 || len(header) != 18 || tally.Blank != 0 {
		t.Fatalf("%d rows of %d columns, %d blank; want 2766 of 18", len(rows), len(header), tally.Blank)
	}
	for i, row := range rows {
		price, err := strconv.ParseFloat(row[8], 64)
		if err != nil || price <= 0 {
			t.Fatalf("row %d: price %q", i+1, row[8])
		}
	}
	for percent := range 100 {
		if _, _, _, err := readAll(data[:len(data)*percent/100]); err == nil {
			t.Errorf("cut to %d %% it is read", percent)
		}
	}
}
