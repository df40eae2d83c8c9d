package csv

import (
	stdcsv "encoding/csv"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"bulkload/formats"
)

// TestDelimiter has feeds whose cells are full of other delimiters than their own.
func TestDelimiter(t *testing.T) {
	for _, test := range []struct {
		name, text string
		options    formats.Options
		delimiter  byte
		header     string // names, separated by ~
		why        string // part of the reason
	}{
		{name: "commas", text: "sku,name\nA1,Dress\nA2,Shirt\n", delimiter: ',', header: "sku~name", why: "the first row has 2 cells, and so have the next 2"},
		{name: "a last row without an end", text: "sku;price\nA1;79,95", delimiter: ';', header: "sku~price", why: "the first row has 2 cells, and so has the next"},
		{name: "a header alone", text: "sku;name;price\n", delimiter: ';', header: "sku~name~price", why: "the first row has 3 cells"},
		{name: "an Excel export, decimal commas", text: "sku;price\r\nA1;79,95\r\nA2;80,00\r\n", delimiter: ';', header: "sku~price", why: "and so have the next 2"},
		{name: "decimal commas in two columns", text: "sku;price;cost\nA1;79,95;30,10\nA2;80,00;31,00\n", delimiter: ';', header: "sku~price~cost"},
		{name: "decimal commas in all columns", text: "price;cost\n79,95;30,10\n80,00;31,00\n", delimiter: ';', header: "price~cost"},
		{name: "thousands with commas under semicolons", text: "sku;money\nA1;100,000.00\nA2;300,000,000.40\n", delimiter: ';', header: "sku~money"},
		{name: "quoted size lists under semicolons", text: "sku;sizes\nA1;\"S,M,L\"\nA2;\"S,M,L\"\n", delimiter: ';', header: "sku~sizes"},
		{name: "bare size lists under semicolons", text: "sku;sizes\nA1;S,M,L\nA2;S,M,L\n", delimiter: ';', header: "sku~sizes", why: "commas would tear texts apart"},
		{name: "quoted size lists under commas", text: "sku,sizes\nA1,\"S;M;L\"\nA2,\"S;M;L\"\n", delimiter: ',', header: "sku~sizes"},
		{name: "bare size lists of semicolons under commas", text: "sku,sizes\nA1,S;M;L;XL\nA2,S;M;L;XL\n", delimiter: ',', header: "sku~sizes", why: "semicolons would tear"},
		{name: "bare size lists of pipes under commas", text: "sku,name,sizes\nA1,Dress,S|M|L|XL\nA2,Shirt,S|M|L|XL\n", delimiter: ',', header: "sku~name~sizes", why: "pipes would tear texts apart"},
		{name: "and a row with too many cells", text: "sku,name,sizes\nA1,Dress,S|M|L\nA2,Shirt,blue,S|M|L\n", delimiter: ',', header: "sku~name~sizes", why: "the first row has 3 cells, and so has 1 of the next 2"},
		{name: "and a row with too many cells, long lists", text: "sku,name,sizes\nA1,Dress,S|M|L|XL\nA2,Shirt,blue,S|M|L|XL\n", delimiter: ',', header: "sku~name~sizes"},
		{name: "and a row with too few", text: "sku,name,sizes\nA1,S|M|L|XL\nA2,Shirt,S|M|L|XL\n", delimiter: ',', header: "sku~name~sizes"},
		{name: "and two that break their quotes", text: "sku,name,sizes\nA1,\"Dress\" red,S|M|L|XL\nA2,\"Shirt\" red,S|M|L|XL\n", delimiter: ',', header: "sku~name~sizes"},
		{name: "and a header with a name twice", text: "sku,name,name,sizes\nA1,Dress,x,S|M|L|XL|XXL\nA2,S,S|M|L|XL|XXL\nA3,Skirt,x,S|M|L|XL|XXL\n", delimiter: ',', header: "sku~name~name~sizes"},
		{name: "and no header", text: "A1,Dress,S|M|L\nA2,Shirt,S|M|L\n", options: formats.Options{NoHeader: true}, delimiter: ',', header: "A~B~C", why: "pipes would do as well, but stand more often within cells"},
		{name: "and no header, long lists", text: "A1,Dress,S|M|L|XL\nA2,Shirt,S|M|L|XL\n", options: formats.Options{NoHeader: true}, delimiter: ',', header: "A~B~C"},
		{name: "pipes with sentences", text: "sku|name|price\nA1|Dress, red|5\nA2|Shirt, blue|6\n", delimiter: '|', header: "sku~name~price"},
		{name: "pipes with decimal commas", text: "sku|price\nA1|79,95\nA2|80,00\n", delimiter: '|', header: "sku~price"},
		{name: "pipes with a comma in the header", text: "sku|name, long|price\nA1|Dress, red|5\nA2|Shirt, blue|6\n", delimiter: '|', header: "sku~name, long~price", why: "commas would tear"},
		{name: "pipes without a header", text: "A1|Dress, red|S\nA2|Shirt, blue|M\n", options: formats.Options{NoHeader: true}, delimiter: '|', header: "A~B~C"},
		{name: "pipes with lists of semicolons", text: "sku|sizes\nA1|S;M;L\nA2|S;M;L\n", delimiter: '|', header: "sku~sizes"},
		{name: "tabs with sentences", text: "sku\tname\ttext\nA1\tx\tone, two, three\nA2\ty\tone, two, three\n", delimiter: '\t', header: "sku~name~text"},
		{name: "tabs with lists of pipes", text: "sku\tname\tsizes\nA1\tx\tS|M|L|XL\nA2\ty\tS|M|L|XL\n", delimiter: '\t', header: "sku~name~sizes"},
		{name: "tabs with decimal commas and semicolons", text: "sku\tprice\tsizes\nA1\t1,5\tS;M;L\nA2\t2,5\tS;M;L\n", delimiter: '\t', header: "sku~price~sizes"},
		{name: "semicolons with a comma in the header", text: "sku;price, EUR\nA1;1,5\nA2;2,5\n", delimiter: ';', header: "sku~price, EUR"},
		{name: "semicolons without a header", text: "A1;79,95\nA2;80,00\n", options: formats.Options{NoHeader: true}, delimiter: ';', header: "A~B"},
		{name: "a nameless last column", text: "sku,name,\nA1,Dress;red;S,\nA2,Shirt;blue;M,\n", delimiter: ',', header: "sku~name~"},
		{name: "names that repeat", text: "id,name,id\n1,x|y|z,2\n2,x|y|z,3\n", delimiter: ',', header: "id~name~id"},
		{name: "sizes as columns", text: "style;36;38;40\nA1;1,5;2,5;3,5\nA2;1,5;2,5;3,5\n", delimiter: ';', header: "style~36~38~40"},
		{name: "blanks behind commas", text: "sku, name, sizes\nA1, Dress, S|M|L|XL\nA2, Shirt, S|M|L|XL\n", delimiter: ',', header: "sku~name~sizes"},

		{name: "most rows have other numbers of cells", text: "a;b;c\n1;2\n1;2;3;4\n1;2;3\n1\n", delimiter: ';', header: "a~b~c", why: "the first row has 3 cells, and so has 1 of the next 4"},
		{name: "most rows have one cell", text: "hello;world\nx\ny\nz;w\nv\n", delimiter: ',', header: "hello;world"},
		{name: "one column", text: "sku\nA1\nA2\n", delimiter: ',', header: "sku", why: "there is one column"},
		{name: "one column of prices with commas", text: "price\n79,95\n80,00\n", delimiter: ';', header: "price", why: "parts of numbers and sentences: there is one column"},
		{name: "one column of prices of both kinds", text: "price\n12,5\n145,00\n5.25\n", delimiter: ';', header: "price"},
		{name: "one column of sentences", text: "name\nShirt, blue\nDress, red\n", delimiter: ';', header: "name"},
		{name: "one column of sentences of different lengths", text: "name\nShirt, blue, long\nDress\nHat, red\n", delimiter: ';', header: "name"},
		{name: "one column with commas that may cut", text: "sizes\nS,M,L\nS\nM,L\nS,M,L,XL\n", delimiter: ',', header: "sizes", why: "no delimiter gives the first rows as many cells"},
		{name: "one column with a semicolon here and there", text: "name\nx\ny; z\nw\n", delimiter: ',', header: "name", why: "there is one column"},
		{name: "one column of quoted records", text: "\"a;b\"\n\"1;2\"\n", delimiter: ',', header: "a;b"},

		{name: "a title with a comma above semicolons", text: "Stock list,spring\na;b;c\nx;1,5;y\nz;2,5;w\n", delimiter: ';', header: "a~b~c", why: "below the titles, the first row has 3 cells, and so have the next 2; commas would make fewer rows alike"},
		{name: "a title above commas", text: "# of today\nid,name\n1,english\n", delimiter: ',', header: "id~name"},
		{name: "titles above the header row that is given", text: "Stock, spring, 2026\nfor all, both, shops\nsku;size\nA1;S,M,L\n", options: formats.Options{HeaderRow: 3}, delimiter: ';', header: "sku~size"},
		{name: "blank rows are counted", text: "a,b,c\r\n\r\n1,2,3\r\nsku;size\r\nA1;1,5\r\n", options: formats.Options{HeaderRow: 4}, delimiter: ';', header: "sku~size"},
		{name: "a header row far below", text: strings.Repeat("a;b\n", 70_000) + "c;d\n1;2\n", options: formats.Options{HeaderRow: 70_001}, delimiter: ';', header: "c~d"},

		{name: "told", text: "a;b,c\n1;2\n", options: formats.Options{Delimiter: ','}, delimiter: ',', header: "a;b~c", why: "as told"},
		{name: "said by the file", text: "sep=;\na;b\n1;2\n", delimiter: ';', header: "a~b", why: "the first line says so"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := NewReader(strings.NewReader(test.text), test.options)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			if got := r.Delimiter(); got != test.delimiter {
				t.Errorf("delimiter %q (%s), want %q", got, r.DelimiterReason(), test.delimiter)
			}
			if got := strings.Join(r.Header().Names, "~"); got != test.header {
				t.Errorf("header %q, want %q", got, test.header)
			}
			if got := r.DelimiterReason(); !strings.Contains(got, test.why) || got == "" {
				t.Errorf("reason %q, want %q in it", got, test.why)
			}
		})
	}
}

// TestDelimiterOfNamedColumns writes tables whose names hold no delimiter. Whatever stands in their cells,
// the delimiter is found.
func TestDelimiterOfNamedColumns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		delimiter := rapid.SampledFrom([]rune(delimiters)).Draw(t, "delimiter")
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-zA-Z][a-z0-9 _]{0,8}[a-z]`), 2, 6, strings.ToLower).Draw(t, "names")
		cell := rapid.StringOf(rapid.SampledFrom([]rune(",;\t| abc019.\"\n")))
		rows := rapid.SliceOfN(rapid.SliceOfN(cell, len(names), len(names)), 0, 30).Draw(t, "rows")
		var text strings.Builder
		w := stdcsv.NewWriter(&text)
		w.Comma = delimiter
		if err := w.WriteAll(append([][]string{names}, rows...)); err != nil {
			t.Fatal(err)
		}
		r, err := NewReader(strings.NewReader(text.String()), formats.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if got := r.Delimiter(); rune(got) != delimiter || !slices.Equal(r.Header().Names, names) {
			t.Fatalf("%q: delimiter %q (%s) and header %q, want %q and %q", text.String(), got, r.DelimiterReason(), r.Header().Names, delimiter, names)
		}
	})
}
