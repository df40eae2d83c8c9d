package parquet

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"unicode/utf8"

	parquetgo "github.com/parquet-go/parquet-go"

	"bulkload/formats"
)

// The size of what a Writer holds back.
const (
	batchRows    = 256      // rows handed to the encoder at once
	groupRows    = 64 << 10 // rows of a row group, at most
	groupBytes   = 16 << 20 // text of a row group after which it ends
	groupCells   = 1 << 20  // and cells: an empty one takes memory too, and exports have many of them
	pageBytes    = 16 << 10 // of a page, about; a writer holds one for each column
	dictionaries = 64 << 10
)

// Writer writes rows as a Parquet file: a column of optional UTF-8 strings for each column, packed
// with Snappy, in row groups of about 16 MiB of text or a million cells, with page checksums. A Number column is
// written as strings too, because a column of the format has one type and one cell that is no
// decimal number would then have no place. An empty cell is a null.
type Writer struct {
	columns []formats.Column
	file    *parquetgo.GenericWriter[any]
	text    []byte // of the batch
	ends    []int  // of its cells in text
	values  []parquetgo.Value
	rows    []parquetgo.Row
	batch   int // rows in it
	group   int // rows of the row group
	bytes   int // and its text
	err     error
}

var errWriterClosed = errors.New("write Parquet file: it is closed")

// NewWriter starts a file with the given columns. Close completes it.
func NewWriter(w io.Writer, columns []formats.Column) (writer *Writer, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			writer, err = nil, fmt.Errorf("start Parquet file: %v", cause)
		}
	}()
	if len(columns) == 0 || len(columns) > maxColumns {
		return nil, fmt.Errorf("start Parquet file: it would have %d columns, and can have 1 to %d", len(columns), maxColumns)
	}
	for i, column := range columns {
		if !utf8.ValidString(column.Name) {
			return nil, fmt.Errorf("start Parquet file: the name of column %d, %q, is not valid UTF-8", i+1, column.Name)
		}
	}
	return &Writer{
		columns: columns,
		values:  make([]parquetgo.Value, 0, batchRows*len(columns)),
		rows:    make([]parquetgo.Row, 0, batchRows),
		file: parquetgo.NewGenericWriter[any](w, parquetgo.NewSchema("feed", newRoot(columns)),
			parquetgo.Compression(&parquetgo.Snappy),
			parquetgo.CreatedBy("bulkload", "", ""),
			parquetgo.PageBufferSize(pageBytes),
			parquetgo.DictionaryMaxBytes(dictionaries),
			parquetgo.ColumnIndexSizeLimit(func([]string) int { return 16 }),
		),
	}, nil
}

// Write adds a row. Cells beyond the columns, or that are not UTF-8, are an error.
func (w *Writer) Write(row [][]byte) error {
	if w.err != nil {
		return w.err
	}
	if len(row) > len(w.columns) {
		return fmt.Errorf("write Parquet file: a row has %d cells, and there are %d columns", len(row), len(w.columns))
	}
	for i, cell := range row {
		if !utf8.Valid(cell) {
			return fmt.Errorf("write Parquet file: column %q: %q is not valid UTF-8", w.columns[i].Name, cell)
		}
	}
	for i := range w.columns {
		if i < len(row) {
			w.text = append(w.text, row[i]...)
		}
		w.ends = append(w.ends, len(w.text))
	}
	if w.batch++; w.batch == batchRows || len(w.text) >= blockBytes {
		w.err = w.flush()
	}
	return w.err
}

// Close writes the rows held back and the footer. It does not close the file below.
func (w *Writer) Close() (err error) {
	if w.err == nil {
		w.err = w.flush()
	}
	if w.err != nil {
		return w.err
	}
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("write Parquet file: %v", cause)
		}
	}()
	w.err = errWriterClosed
	if err := w.file.Close(); err != nil {
		return fmt.Errorf("write Parquet file: %w", err)
	}
	return nil
}

// flush hands the batch to the encoder, and ends the row group when it is large enough.
func (w *Writer) flush() (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("write Parquet file: %v", cause)
		}
	}()
	w.values, w.rows = w.values[:0], w.rows[:0]
	start := 0
	for i, end := range w.ends {
		value := parquetgo.NullValue().Level(0, 0, i%len(w.columns))
		if end > start {
			value = parquetgo.ByteArrayValue(w.text[start:end]).Level(0, 1, i%len(w.columns))
		}
		w.values, start = append(w.values, value), end
	}
	for i := range w.batch {
		w.rows = append(w.rows, w.values[i*len(w.columns):(i+1)*len(w.columns)])
	}
	if _, err := w.file.WriteRows(w.rows); err != nil {
		return fmt.Errorf("write Parquet file: %w", err)
	}
	w.group += w.batch
	w.bytes += len(w.text)
	w.text, w.ends, w.batch = w.text[:0], w.ends[:0], 0
	if w.group < groupRows && w.bytes < groupBytes && w.group*len(w.columns) < groupCells {
		return nil
	}
	w.group, w.bytes = 0, 0
	if err := w.file.Flush(); err != nil {
		return fmt.Errorf("write Parquet file: %w", err)
	}
	return nil
}

// root is the schema of a file: its columns in their order, where parquet-go would sort them.
type root struct {
	parquetgo.Group
	fields []parquetgo.Field
}

type rootField struct {
	parquetgo.Node
	name string
}

func newRoot(columns []formats.Column) *root {
	r := &root{Group: parquetgo.Group{}}
	text := parquetgo.Encoded(parquetgo.Optional(parquetgo.String()), &parquetgo.RLEDictionary)
	for _, column := range columns {
		r.fields = append(r.fields, &rootField{Node: text, name: column.Name})
	}
	return r
}

// Fields returns the columns in their order.
func (r *root) Fields() []parquetgo.Field { return r.fields }

// Name is the column's name.
func (f *rootField) Name() string { return f.name }

// Value is asked of Go structures, which are never written here.
func (f *rootField) Value(base reflect.Value) reflect.Value { return base }
