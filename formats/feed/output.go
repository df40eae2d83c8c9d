package feed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bulkload/formats"
	"bulkload/formats/csv"
	"bulkload/formats/ndjson"
	"bulkload/formats/parquet"
	"bulkload/formats/xlsx"
)

// Endings lists the endings of names that Create knows. Each may be followed by .gz or .zst.
func Endings() []string {
	return []string{".csv", ".tsv", ".xlsx", ".ndjson", ".jsonl", ".parquet"}
}

// An Output is a file that is being written. Until Close succeeds nothing has its name, or the file
// of before has. It is used by one goroutine.
type Output struct {
	path    string
	file    *newFile // nil when the output is standard output
	buffer  *bufio.Writer
	squeeze io.WriteCloser // compressor, or nil
	writer  formats.Writer
	err     error
	done    bool
}

// Create begins a file in the format that the ending of its name says. "-" writes CSV to stdout.
// A name with another ending is an error that lists those known. Text tables in files begin with a
// byte order mark, without which spreadsheets take them for an older encoding and, when they are
// saved again, spoil every letter beyond ASCII.
func Create(path string, columns []formats.Column, stdout io.Writer) (*Output, error) {
	o := &Output{path: path}
	ending, compression := ".csv", ""
	if path != "-" {
		var err error
		if ending, compression, err = endingOf(path); err != nil {
			return nil, err
		}
		if o.file, err = createFile(path); err != nil {
			return nil, err
		}
		stdout = o.file.File
	}
	o.buffer = bufio.NewWriterSize(stdout, 256<<10)
	if err := o.begin(ending, compression, columns, path != "-"); err != nil {
		return nil, errors.Join(o.file.failed(path, err), o.Discard())
	}
	return o, nil
}

// CheckName returns an error when Create would not know the ending of the name.
func CheckName(path string) error {
	if path == "-" {
		return nil
	}
	_, _, err := endingOf(path)
	return err
}

func endingOf(path string) (ending, compression string, err error) {
	name, compression := stripCompression(filepath.Base(path))
	ending = strings.ToLower(filepath.Ext(name))
	if !slices.Contains(Endings(), ending) {
		return "", "", fmt.Errorf("%s: the ending of the name says no format: use %s, each also with .gz or .zst",
			path, strings.Join(Endings(), ", "))
	}
	return ending, compression, nil
}

func (o *Output) begin(ending, compression string, columns []formats.Column, mark bool) (err error) {
	var out io.Writer = o.buffer
	switch compression {
	case gzipped:
		o.squeeze, err = gzip.NewWriterLevel(out, gzip.DefaultCompression)
	case zstded:
		o.squeeze, err = zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(1<<20))
	}
	if err != nil {
		return err
	}
	if o.squeeze != nil {
		out = o.squeeze
	}
	switch ending {
	case ".csv":
		o.writer, err = asWriter(csv.NewWriter(out, columns, csv.WriterOptions{ByteOrderMark: mark}))
	case ".tsv":
		o.writer, err = asWriter(csv.NewWriter(out, columns, csv.WriterOptions{Delimiter: '\t', ByteOrderMark: mark}))
	case ".xlsx":
		o.writer, err = asWriter(xlsx.NewWriter(out, columns, xlsx.WriterOptions{}))
	case ".ndjson", ".jsonl":
		o.writer, err = asWriter(ndjson.NewWriter(out, columns))
	case ".parquet":
		o.writer, err = asWriter(parquet.NewWriter(out, columns))
	}
	return err
}

// asWriter keeps a nil pointer from becoming a writer that is not nil.
func asWriter[W formats.Writer](w W, err error) (formats.Writer, error) {
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Write adds a row. Missing cells at its end are empty; the cells are not kept.
func (o *Output) Write(row [][]byte) error {
	if o.done {
		return fmt.Errorf("%s: %w", o.path, os.ErrClosed)
	}
	if o.err == nil {
		o.err = o.writer.Write(row)
	}
	if o.err != nil {
		return o.file.failed(o.path, o.err)
	}
	return nil
}

// Close finishes the file, has it stored by the system and gives it its name. When that or an
// earlier Write fails, the file is discarded and what had its name before is left as it was; when there
// was no room for it, the error is a *DiskFullError.
func (o *Output) Close() error {
	if o.done {
		return nil
	}
	if o.err == nil {
		o.err = o.finish()
	}
	if o.err != nil {
		return errors.Join(o.file.failed(o.path, o.err), o.Discard())
	}
	o.done = true
	return nil
}

func (o *Output) finish() error {
	if err := o.writer.Close(); err != nil {
		return err
	}
	if o.squeeze != nil {
		if err := o.squeeze.Close(); err != nil {
			return err
		}
	}
	if err := o.buffer.Flush(); err != nil || o.file == nil {
		return err
	}
	return o.file.finish()
}

// Discard removes what was written. After Close it does nothing.
func (o *Output) Discard() error {
	if o.done {
		return nil
	}
	o.done = true
	if encoder, ok := o.squeeze.(*zstd.Encoder); ok {
		encoder.Reset(nil) // lets go of what it holds, without an end of the stream
	}
	if o.file == nil {
		return nil
	}
	return o.file.discard()
}

// TakesUnnamed reports whether a file of this name may have columns without a name: NDJSON and Parquet
// know columns by their names alone.
func TakesUnnamed(path string) bool {
	ending, _, _ := endingOf(path)
	return ending != ".ndjson" && ending != ".parquet"
}
