package feed

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

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
	path      string
	temporary string // name of the file written to; empty when that is not a file of ours
	file      *os.File
	buffer    *bufio.Writer
	squeeze   io.WriteCloser // compressor, or nil
	writer    formats.Writer
	err       error
	done      bool
}

// Create begins a file in the format that the ending of its name says. "-" writes CSV to stdout.
// A name with another ending is an error that lists those known.
func Create(path string, columns []formats.Column, stdout io.Writer) (*Output, error) {
	o := &Output{path: path}
	ending, compression := ".csv", ""
	if path != "-" {
		var err error
		if ending, compression, err = endingOf(path); err != nil {
			return nil, err
		}
		if err := o.createFile(); err != nil {
			return nil, errors.Join(err, o.Discard())
		}
		stdout = o.file
	}
	o.buffer = bufio.NewWriterSize(stdout, 256<<10)
	if err := o.begin(ending, compression, columns); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), o.Discard())
	}
	return o, nil
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

// createFile makes a temporary file where the file will be. A link is followed, and what is not a
// regular file, such as a device, is written to directly.
func (o *Output) createFile() error {
	target, err := filepath.EvalSymlinks(o.path)
	if errors.Is(err, fs.ErrNotExist) {
		target, err = o.path, nil
	}
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a directory", o.path)
	case err == nil && !info.Mode().IsRegular():
		o.file, err = os.OpenFile(target, os.O_WRONLY, 0)
		return err
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	o.path = target
	for range 100 {
		o.temporary = filepath.Join(filepath.Dir(target), fmt.Sprintf(".%.200s.%08x.tmp", filepath.Base(target), rand.Uint32()))
		o.file, err = os.OpenFile(o.temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		o.temporary = ""
		return err
	}
	if info != nil {
		return o.file.Chmod(info.Mode().Perm())
	}
	return nil
}

func (o *Output) begin(ending, compression string, columns []formats.Column) (err error) {
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
		o.writer, err = asWriter(csv.NewWriter(out, columns, csv.WriterOptions{}))
	case ".tsv":
		o.writer, err = asWriter(csv.NewWriter(out, columns, csv.WriterOptions{Delimiter: '\t'}))
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
		return fmt.Errorf("%s: %w", o.path, o.err)
	}
	return nil
}

// Close finishes the file, has it stored by the system and gives it its name. When that or an
// earlier Write fails, the file is discarded and what had its name before is left as it was.
func (o *Output) Close() error {
	if o.done {
		return nil
	}
	if o.err == nil {
		o.err = o.finish()
	}
	if o.err != nil {
		return errors.Join(fmt.Errorf("%s: %w", o.path, o.err), o.Discard())
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
	if o.temporary != "" {
		if err := o.file.Sync(); err != nil {
			return err
		}
	}
	file := o.file
	o.file = nil
	if err := file.Close(); err != nil || o.temporary == "" {
		return err
	}
	if err := os.Rename(o.temporary, o.path); err != nil {
		return err
	}
	o.temporary = ""
	return syncDirectory(filepath.Dir(o.path))
}

// syncDirectory makes a new name last. Systems that cannot do so to a directory are let off.
func syncDirectory(path string) error {
	directory, err := os.Open(path)
	if err != nil {
		return err
	}
	err = directory.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) {
		err = nil
	}
	return errors.Join(err, directory.Close())
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
	var errs []error
	if o.file != nil {
		errs = append(errs, o.file.Close())
	}
	if o.temporary != "" {
		errs = append(errs, os.Remove(o.temporary))
	}
	return errors.Join(errs...)
}
