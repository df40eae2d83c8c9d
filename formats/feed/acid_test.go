package feed

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"bulkload/formats"
)

// acidFolder is where the CSV files of other projects' test suites are, which are not kept here.
func acidFolder(t *testing.T) string {
	t.Helper()
	feeds := os.Getenv("BULKLOAD_FEEDS")
	if feeds == "" {
		t.Skip("BULKLOAD_FEEDS does not name the folder of feeds")
	}
	return filepath.Join(feeds, "csv-acid")
}

// acid says what a file must read as. Cells are separated by ~, rows by ¶. One of fault, rows and
// count is set: count is the number of rows where writing them down would help nobody, with the
// first and last of them or a digest of all.
type acid struct {
	file, header, rows string
	count              int
	first, last        string // of the rows that are counted
	sum                string // SHA-256 of header and rows as Python's csv module reads them
	fault              string
}

var acids = []acid{
	{file: "duckdb/encodings-latin1.csv", header: "name~age", rows: "José Álvarez~30¶Müller~25¶François Dupont~45¶Björn Andersson~50¶Søren Kierkegaard~42¶García López~38¶Élodie Moreau~33¶Håkon Lindberg~28¶Brontë Johnson~47¶Zoë Robinson~21¶André Lefèvre~36¶Léonard Dubois~29"},
	{file: "duckdb/encodings-latin1.csv.gz", header: "name~age", count: 12, first: "José Álvarez~30", last: "Léonard Dubois~29"},
	{file: "duckdb/encodings-utf16.csv", header: "name~age", count: 20, first: "José Álvarez~30", last: "Krystýna Novák~23"},
	{file: "duckdb/auto-utf8bom.csv", header: "id~name", rows: "1~Mark¶2~Hannes"},
	{file: "duckdb/decimal_separators-decimal_separators.csv", header: "commas~periods", rows: "1,1~1.1¶0,25~0.25¶1,53e4~1.53e4¶+1,53e4~+1.53e4¶-1,53e4~-1.53e4"},
	// One column: its writer separates by semicolons, so commas need no quotes.
	{file: "duckdb/decimal_separators-mixed_format_fail.csv", header: "foo", rows: "12,5¶145,00¶5.25"},
	{file: "duckdb/thousands_separator-multi_column.csv", header: "name~money~city", rows: "rick~100,000.00~amsterdam¶lorenzo~300,000.20~amsterdam¶lorry~300,000,000.40~amsterdam¶helly~50~amsterdam¶patrick~9999999999.20~amsterdam"},
	{file: "duckdb/headers-empty_2.csv", header: "a~b~c~~e", rows: "1~2~3~4~5¶6~7~8~9~10"},
	{file: "duckdb/auto-duplicate_header_columns.csv", header: "a~a~a~a~a~a~a~a~a~a~a~a~", rows: "123~TEST2~text1~~~~~~~~~~value1¶345~TEST2~text2~~~~~~~~~~value2"},
	{file: "duckdb/auto-missing_header_col.csv", header: "a~~c", rows: "123~TEST1~text1¶345~TEST1~text2"},
	{file: "duckdb/auto-multiple_skip_row.csv", header: "number~text~date", rows: "345.0~TEST4~2000-12-13"},
	// The text above has no header after it, so nothing is skipped: ragged rows are refused later.
	{file: "duckdb/17738.csv", header: "some text", rows: "description¶xyz¶lorem ipsum¶John~Doe~120 jefferson st.~Riverside~ NJ~ 08075¶Jack~McGinnis~220 hobo Av.~Phila~ PA~09119¶John \"Da Man\"~Repici~120 Jefferson St.~Riverside~ NJ~08075¶Stephen~Tyler~7452 Terrace \"At the Plaza\" road~SomeTown~SD~ 91234¶~Blankman~~SomeTown~ SD~ 00298¶Joan \"the bone\", Anne~Jet~9th, at Terrace plc~Desert City~CO~00123"},
	{file: "duckdb/auto-pipe_delim_quote.csv", header: "123~TEST5~text1", rows: "345~TEST5~text2|¶567~TEST5~text3"},
	{file: "duckdb/auto-semicolon_quote.csv", header: "123~TEST10~text1", rows: "345~TEST10~text2¶567~TEST10~te;xt3"},
	{file: "duckdb/auto-tab_single_quote.csv", header: "123~TEST13~text1", rows: "345~TEST13~'te~xt2'¶'567'~TEST13~text3"},
	{file: "duckdb/auto-backslash_escape.csv", fault: "line 2: text after the closing quote of cell C"},
	{file: "duckdb/quoted_values_delimited.csv", header: "header1;header2;header3", rows: "value1;value2;value3¶value1;value2;value3¶value1;value2;value3"},
	// The blank before its quotes makes them text, so the last row is ragged, which is refused later.
	{file: "duckdb/all_quotes.csv", header: "upc~name~description~price", count: 5, first: "33333~Laderach Chocolate~This is the\nbest chocolate~5", last: "44444~Boa Chocolate~ \"The best~ 'chocolate'~ of the world\"~2"},
	{file: "duckdb/error.csv", header: "column1~column2", rows: "yes~no¶yes~yes~yes¶yes"},
	{file: "duckdb/inconsistent_cells.csv", header: "One~two~three", rows: "1~2~3~4¶1~2~3¶1~2~3~4~5¶1~2~3~4~5"},
	{file: "duckdb/locations_header_trailing_comma.csv", header: "id~name~lat~lon~", rows: "1~name~0~0"},
	{file: "duckdb/nullbyte.csv", header: "col1~col2~col3", rows: "val1~val\x002~val3"},
	{file: "duckdb/mixed_new_line.csv", header: "1~2~3", rows: "4~5~6¶7~8~9"},
	{file: "duckdb/issue5077.csv", header: "a~b", rows: "c~d~e"},
	{file: "duckdb/test-mixed_line_endings.csv", header: "10~hello~20", rows: "20~world~30¶30~test~30"},
	{file: "duckdb/unescaped_quotes-unescaped_quote.csv", fault: "line 1: text after the closing quote of cell B"},
	{file: "duckdb/test-unterminated.csv", fault: "line 1: a quote is opened here and never closed"},
	{file: "duckdb/segfault.csv", fault: "line 1: a quote is opened here and never closed"},
	{file: "duckdb/leading_zeros.csv", header: "CODGEO~NAISD14~NAISD15~NAISD16~NAISD17~NAISD18~NAISD19~NAISD20", count: 6, first: "09001~0~0~0~1~1~1~0", last: "09006~0~0~0~0~0~0~0"},
	{file: "duckdb/empty.csv", fault: "the file is empty"},
	{file: "duckdb/header_only.csv", header: "abs_file_name", count: 0},
	{file: "duckdb/test-invalid_utf_quoted.csv", header: "valid~valid~valid", count: 20, first: "valid~valid~valid", last: "valid~valid~valid"},
	{file: "duckdb/rejects-multiple_errors-multiple_errors.csv", fault: "line 6: text after the closing quote of cell A"},
	{file: "duckdb/rejects-flush.csv", header: "number", rows: "not-a-number¶-26,9568¶1521000¶33,4386¶33.4386,00¶33.438600¶-21060000"},
	{file: "duckdb/test-big_header.csv", header: "foo~bar~baz~bam", rows: "----~----~----~---¶1~,~,~!¶2~.~.~!¶3~;~;~!"},
	{file: "duckdb/line_too_long.csv.gz", header: strings.Repeat("a", 2097162), count: 0},
	{file: "duckdb/auto-time_date_timestamp_dd-mm-yyyy.csv", header: "a~b~t~d~ts", rows: "123~TEST2~12:12:12~01-01-2000~01-01-2000 12:12:00¶345~TEST2~14:15:30~02-02-2002~02-02-2002 14:15:00¶346~TEST2~15:16:17~13-12-2004~13-12-2004 15:16:00"},
	{file: "duckdb/csv_quoted_newline_odd.csv", header: "content", count: 2, last: "84~hello world", first: "RT @Truffaut: 🎁#Concours\nVos animaux vont être gâtés à Noël ! Avec Purina, nous vous proposons de remporter l'une des 10 cartes cadeaux Truffaut de 20€ pour offrir un joli cadeau à votre animal 🐈✨\n\nPour jouer :\n🐶 RT\n😺 Follow @PurinaFr et @Truffaut\n\nTAS le 06/12 !\nBonne chance à tous 🤞 https://twitter.com/Truffaut/status/1597871806160986112/photo/1"},
	{file: "duckdb/empty_space_start_value.csv", header: "Year~\"Score\"~\"Title\"", rows: "1968~  86~ \"Greetings\"¶1970~  17~ \"Bloody Mama\"¶1970~  73~ \"Hi~ Mom!\"¶1971~  40~ \"Born to Win\""},

	{file: "frictionless/bom.csv", header: "id~name", rows: "1~english¶2~中国人"},
	{file: "frictionless/latin1.csv", header: "id~name", rows: "1~english¶2~©"},
	{file: "frictionless/table-with-accents.csv", count: 638, sum: "6ac1afcf99917b4c7e21d5da0317d6154f021e3ee6d6cc5a5df7399c01de4f90"},
	{file: "frictionless/issue-1009-semicolon.csv", header: "fieldNameA~fieldNameB", rows: "0123~c"},
	{file: "frictionless/duplicate-headers.csv", header: "id~name~id~age~id", rows: "1101~John~0~30~001101¶1102~Julie~0~26~001102"},
	{file: "frictionless/blank-rows-multiple.csv", header: "id~name~age", rows: "1101~John~30¶1102~Julie~26"},
	{file: "frictionless/structure-errors.csv", header: "id~name~age", rows: "1101~John~30¶1102~Julie~26¶1~2~3~4~5~6"},
	{file: "frictionless/skip-rows-before-headers.csv", header: "id~name", rows: "1~english¶2~中国人"},
	{file: "frictionless/doublequote.csv", count: 5, sum: "ce0a134b92a809af125ea915becd50a1721725e23b06cefa80c211979d249cd7"},
	{file: "frictionless/wide.csv", count: 3, sum: "9b7cc31e67009109763718b93ac64eceda32f4fcb9bbaf8e51e36f7ffaddf2d6"},
	{file: "frictionless/encoding-issue-274.csv", count: 507, sum: "2bdda3ecc64b314fbbac2e8a2975dbd781dac2e95bf75eb19d795f091e0e6a4f"},
	{file: "frictionless/compression-implicit-zip.csv", fault: "a ZIP archive with \"table.csv\""},
	{file: "frictionless/table.csv.zip", fault: "a ZIP archive with \"table.csv\""},

	{file: "dsbulk/dsbulk-multi-char-delimiter.csv", header: "field A~~field B~~field C", rows: "foo     ~~~bar~    ~~ \"foo~~bar\""},
	{file: "dsbulk/dsbulk-sample.csv", header: "Year~Make~Model~Description~Price", rows: "1997~Ford~E350~  ac, abs, moon  ~3000.00¶1999~Chevy~Venture \"Extended Edition\"~~4900.00¶# Look~ a multi line value. And blank rows around it!¶1996~Jeep~Grand Cherokee~MUST SELL!\nair, moon roof, loaded~4799.00¶1999~Chevy~Venture \"Extended Edition, Very Large\"~~5000.00¶~~Venture \"Extended Edition\"~~4900.00"},
}

func TestAcid(t *testing.T) {
	folder := acidFolder(t)
	for _, test := range acids {
		t.Run(test.file, func(t *testing.T) {
			header, rows, err := load(filepath.Join(folder, test.file), formats.Options{})
			if test.fault != "" {
				var syntax *formats.SyntaxError
				if !errors.As(err, &syntax) || !strings.Contains(err.Error(), test.fault) {
					t.Errorf("got %d rows and %v, want %q", len(rows), err, test.fault)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if test.sum != "" {
				if got := sumOf(append([][]string{header}, rows...)); len(rows) != test.count || got != test.sum {
					t.Errorf("%d rows of sum %s, want %d of %s", len(rows), got, test.count, test.sum)
				}
				return
			}
			if got := strings.Join(header, "~"); got != test.header {
				t.Errorf("header %.200q, want %.200q", got, test.header)
			}
			var got []string
			for _, row := range rows {
				got = append(got, strings.Join(row, "~"))
			}
			if test.rows != "" {
				if diff := cmp.Diff(strings.Split(test.rows, "¶"), got); diff != "" {
					t.Errorf("rows (-want +got):\n%s", diff)
				}
				return
			}
			if len(got) != test.count {
				t.Fatalf("%d rows, want %d", len(got), test.count)
			}
			if test.first != "" && (got[0] != test.first || got[len(got)-1] != test.last) {
				t.Errorf("got %q … %q, want %q … %q", got[0], got[len(got)-1], test.first, test.last)
			}
		})
	}
}

func sumOf(rows [][]string) string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = strings.Join(row, "\x1f")
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(strings.Join(lines, "\x1e"))))
}

// TestAcidFuzzed reads what fuzzers made: any result will do that is no crash and no endless loop.
func TestAcidFuzzed(t *testing.T) {
	folder := acidFolder(t)
	for _, pattern := range []string{"duckdb/fuzzing-*.csv", "duckdb/afl-*.csv"} {
		paths, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}
		for _, path := range paths {
			_, rows, err := load(path, formats.Options{})
			var syntax *formats.SyntaxError
			if err != nil && !errors.As(err, &syntax) {
				t.Errorf("%s: %d rows and %v", path, len(rows), err)
			}
		}
	}
}

func TestAcidSpectrum(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(acidFolder(t), "csv-spectrum", "*.csv"))
	if err != nil || len(paths) != 6 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		header, rows, err := load(path, formats.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		var got []map[string]string
		for _, row := range rows {
			record := make(map[string]string)
			for i, name := range header {
				record[name] = row[i]
			}
			got = append(got, record)
		}
		text, err := os.ReadFile(strings.TrimSuffix(path, ".csv") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var want []map[string]string
		if err := json.Unmarshal(text, &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", filepath.Base(path), diff)
		}
	}
}

// TestAcidIsWhole keeps a file that is added to the folder from being left out.
func TestAcidIsWhole(t *testing.T) {
	folder := acidFolder(t)
	known := make(map[string]bool)
	for _, test := range acids {
		known[test.file] = true
	}
	for _, part := range []string{"duckdb", "frictionless", "dsbulk"} {
		entries, err := os.ReadDir(filepath.Join(folder, part))
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			name := part + "/" + entry.Name()
			if !known[name] && !strings.Contains(name, "/fuzzing-") && !strings.Contains(name, "/afl-") {
				t.Errorf("nothing is expected of %s", name)
			}
		}
	}
}

// TestApparel wants the rows and columns that other readers count in the feeds of real shops.
func TestApparel(t *testing.T) {
	folder := filepath.Join(filepath.Dir(acidFolder(t)), "apparel")
	for _, test := range []struct {
		file          string
		options       formats.Options
		rows, columns int
	}{
		{file: "shopify-apparel.csv", rows: 22, columns: 46},
		{file: "shopify-jewelery.csv", rows: 41, columns: 46},
		{file: "magento-configurable.csv", rows: 1994, columns: 70},
		{file: "magento-men-bottoms.csv", rows: 5, columns: 19},
		{file: "woocommerce-sample.csv", rows: 24, columns: 55},
		{file: "marketplace-summer.csv", rows: 797, columns: 43},
		{file: "stock-report.csv", rows: 9271, columns: 7},
		{file: "fashion-styles-44k.csv", rows: 44446, columns: 10},
		{file: "adidas-usa.csv", rows: 845, columns: 21},
		{file: "google-merchant-da.csv", rows: 1, columns: 23},
		{file: "womens-catalogue.parquet", rows: 2766, columns: 18},
		{file: "sneaker-prices-noheader.xlsx", options: formats.Options{NoHeader: true}, rows: 269, columns: 2},
		{file: "sneaker-prices-noheader.csv", options: formats.Options{NoHeader: true, Encoding: "windows-1251"}, rows: 269, columns: 2},
	} {
		header, rows, err := load(filepath.Join(folder, test.file), test.options)
		if err != nil || len(rows) != test.rows || len(header) != test.columns {
			t.Errorf("%s: %d rows x %d and %v, want %d x %d", test.file, len(rows), len(header), err, test.rows, test.columns)
		}
	}
}
