//go:build unix

package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	stdcsv "encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	parquetgo "github.com/parquet-go/parquet-go"
	"github.com/xuri/excelize/v2"

	"bulkload/formats"
	"bulkload/formats/feed"
)

// readerFlag starts a child process, which reads damaged files with one reader.
const readerFlag = "-reader"

const (
	damageRows  = 300
	hangs       = 2 * time.Second
	tooMuch     = 256 << 20 // bytes allocated
	otherReader = "other"
	ourReader   = "ours"
)

// verdict is what a reader made of a file.
type verdict struct {
	Refused   bool
	Rows      uint64 // a hash of all cells and the columns' names, when it was not refused
	Count     int    // of rows, the header included
	Allocated uint64
	Panicked  bool
}

// tallies count the verdicts of one reader on one kind of damage. A file may count twice, when it was
// also costly.
type tallies struct{ same, refused, silent, crashed, hung, costly int }

// damageMatrix damages a good file of each format in many ways and counts what readers make of it.
func damageMatrix(o options, dir string, stdout, stderr io.Writer) error {
	fmt.Fprintln(stdout, "| format | damage | files | reader | same rows | refused | fewer or other rows, silently | crashed | hung | over 256 MiB allocated |")
	fmt.Fprintln(stdout, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, format := range []string{".xlsx", ".parquet", ".csv.gz"} {
		good, err := goodFile(format, o.seed)
		if err != nil {
			return fmt.Errorf("make a file to damage: %w", err)
		}
		kinds, err := damages(format, good, o)
		if err != nil {
			return err
		}
		for _, reader := range []string{ourReader, otherReader} {
			fmt.Fprintf(stderr, "%s, %s\n", format, reader)
			if err := judge(format, reader, good, kinds, dir, stdout); err != nil {
				return err
			}
		}
	}
	return nil
}

// judge has one reader read all damaged files of a format, and prints a line for each kind.
func judge(format, reader string, good []byte, kinds []damage, dir string, stdout io.Writer) error {
	readers := &readerProcess{format: format, reader: reader, path: filepath.Join(dir, "damaged"+format)}
	defer readers.stop()
	want, how, err := readers.read(good)
	if err != nil || how != "" || want.Refused || want.Count != damageRows+1 {
		return fmt.Errorf("the undamaged %s file is read by %s as %+v, %s (%v)", format, reader, want, how, err)
	}
	for _, kind := range kinds {
		var t tallies
		for _, file := range kind.files {
			got, how, err := readers.read(file)
			if err != nil {
				return err
			}
			t.count(want, got, how)
		}
		fmt.Fprintf(stdout, "| %s | %s | %d | %s | %d | %d | %d | %d | %d | %d |\n", format[1:], kind.name, len(kind.files), readerName(format, reader),
			t.same, t.refused, t.silent, t.crashed, t.hung, t.costly)
	}
	return nil
}

func readerName(format, reader string) string {
	if reader == ourReader {
		return "ours"
	}
	return map[string]string{".xlsx": "excelize", ".parquet": "parquet-go", ".csv.gz": "compress/gzip, encoding/csv"}[format]
}

func (t *tallies) count(want, got verdict, how string) {
	switch {
	case how == "hung":
		t.hung++
	case how == "crashed" || got.Panicked:
		t.crashed++
	case got.Refused:
		t.refused++
	case got.Rows == want.Rows && got.Count == want.Count:
		t.same++
	default:
		t.silent++
	}
	if got.Allocated > tooMuch {
		t.costly++
	}
}

// damage is a kind of damage and files that have it.
type damage struct {
	name  string
	files [][]byte
}

func damages(format string, good []byte, o options) ([]damage, error) {
	cut := damage{name: "cut to 0 % … 99 %"}
	for percent := range 100 {
		cut.files = append(cut.files, good[:len(good)*percent/100])
	}
	flipped := damage{name: "a bit flipped"}
	random := rand.New(rand.NewPCG(o.seed, 2))
	for range o.flips {
		bit := random.IntN(len(good) * 8)
		file := bytes.Clone(good)
		file[bit/8] ^= 1 << (bit % 8)
		flipped.files = append(flipped.files, file)
	}
	all := []damage{cut, flipped}
	switch format {
	case ".xlsx":
		more, err := workbookDamages(good)
		return append(all, more...), err
	case ".csv.gz":
		file := bytes.Clone(good)
		file[len(file)-8] ^= 1 // the checksum stands before the length, at the end
		all = append(all, damage{"a wrong checksum", [][]byte{file}})
	case ".parquet":
		all = append(all, damage{"8, 12 and 433 bytes", tinyParquet()})
	}
	return all, nil
}

// tinyParquet are files without anything in them, whose footers claim much.
func tinyParquet() [][]byte {
	end := []byte{0xf0, 0x00, 0x00, 0x2f, 'P', 'A', 'R', '1'} // a footer of 788 MB
	endless := bytes.Repeat([]byte{0x19, 0xfc, 0xff, 0xff, 0xff, 0x7f}, 70)
	long := append([]byte("PAR1"), endless...)
	long = append(long, 0, byte(len(endless)+1), byte((len(endless)+1)>>8), 0, 0, 'P', 'A', 'R', '1')
	return [][]byte{end, append([]byte("PAR1"), end...), long}
}

// goodFile makes a whole file of a few rows.
func goodFile(format string, seed uint64) ([]byte, error) {
	var out bytes.Buffer
	j := job{rows: damageRows, seed: seed}
	switch format {
	case ".xlsx":
		err := makeSharedStrings(j, &out)
		return out.Bytes(), err
	case ".parquet":
		err := makeParquet(j, &out)
		return out.Bytes(), err
	}
	zipped := gzip.NewWriter(&out)
	w, t := stdcsv.NewWriter(zipped), newTable(seed)
	if err := w.Write(stringsOf(header())); err != nil {
		return nil, err
	}
	for range damageRows {
		if err := w.Write(stringsOf(t.next())); err != nil {
			return nil, err
		}
	}
	w.Flush()
	err := errors.Join(w.Error(), zipped.Close())
	return out.Bytes(), err
}

// readerProcess is a child that reads files one after the other, started again when one has ended it.
type readerProcess struct {
	format, reader, path string

	command *exec.Cmd
	jobs    io.WriteCloser
	answers chan []byte
}

// read has the child read a file. how says "hung" or "crashed" when there is no verdict.
func (p *readerProcess) read(file []byte) (v verdict, how string, err error) {
	if err := os.WriteFile(p.path, file, 0o600); err != nil {
		return v, "", err
	}
	if p.command == nil {
		if err := p.start(); err != nil {
			return v, "", err
		}
	}
	if _, err := fmt.Fprintln(p.jobs, p.path); err != nil {
		p.stop()
		return v, "crashed", nil
	}
	select {
	case answer, ok := <-p.answers:
		if !ok {
			p.stop()
			return v, "crashed", nil
		}
		return v, "", json.Unmarshal(answer, &v)
	case <-time.After(hangs):
		p.stop()
		return v, "hung", nil
	}
}

func (p *readerProcess) start() error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	p.command = exec.Command(program, readerFlag, p.reader+p.format)
	if p.jobs, err = p.command.StdinPipe(); err != nil {
		return err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.command.Start(); err != nil {
		return err
	}
	answers := make(chan []byte)
	p.answers = answers
	go func() { // ends with the child, for which stop waits
		defer close(answers)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			answers <- bytes.Clone(lines.Bytes())
		}
	}()
	if _, ready := <-answers; !ready {
		p.stop()
		return errors.New("the reading process does not start")
	}
	return nil
}

// stop ends the child. That it ends badly is what it was stopped for.
func (p *readerProcess) stop() {
	if p.command == nil {
		return
	}
	_ = p.jobs.Close()
	_ = p.command.Process.Kill()
	for range p.answers { // until it has ended
	}
	_ = p.command.Wait()
	p.command = nil
}

// damageChild reads the files whose names come in, and answers with verdicts.
func damageChild(name string, stdin io.Reader, stdout io.Writer) error {
	read, err := rowReader(name)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(stdout, "ready"); err != nil {
		return err
	}
	answers := json.NewEncoder(stdout)
	for lines := bufio.NewScanner(stdin); lines.Scan(); {
		if err := answers.Encode(decide(read, lines.Text())); err != nil {
			return err
		}
	}
	return nil
}

// decide reads a file and says what became of it.
func decide(read func(path string, row func([]string)) error, path string) (v verdict) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	defer func() {
		v.Panicked = recover() != nil
		runtime.ReadMemStats(&after)
		v.Allocated = after.TotalAlloc - before.TotalAlloc
	}()
	hash := fnv.New64a()
	err := read(path, func(row []string) {
		v.Count++
		for _, cell := range row {
			fmt.Fprintf(hash, "%d:%s,", len(cell), cell)
		}
		hash.Write([]byte{'\n'})
	})
	v.Refused, v.Rows = err != nil, hash.Sum64()
	return v
}

func rowReader(name string) (func(path string, row func([]string)) error, error) {
	switch name {
	case "ours.xlsx", "ours.parquet", "ours.csv.gz":
		return rowsOfFeed, nil
	case "other.xlsx":
		return rowsOfExcelize, nil
	case "other.parquet":
		return rowsOfParquetGo, nil
	case "other.csv.gz":
		return rowsOfStdCSV, nil
	}
	return nil, fmt.Errorf("no reader is called %q", name)
}

func rowsOfFeed(path string, row func([]string)) (err error) {
	f, err := feed.Open(path, nil, formats.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	r, err := f.Read(context.Background())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	row(r.Header().Names)
	for {
		b, err := r.Next(context.Background())
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range b.Len() {
			var cells []string
			for c := range b.Row(i).Len() {
				cells = append(cells, string(b.Row(i).Cell(c)))
			}
			row(cells)
		}
		b.Release()
	}
}

func rowsOfExcelize(path string, row func([]string)) error {
	f, err := excelize.OpenFile(path, excelize.Options{RawCellValue: true})
	if err != nil {
		return err
	}
	rows, err := f.Rows(f.GetSheetName(0))
	if err != nil {
		return errors.Join(err, f.Close())
	}
	for err == nil && rows.Next() {
		var cells []string
		if cells, err = rows.Columns(excelize.Options{RawCellValue: true}); err == nil {
			row(cells)
		}
	}
	return errors.Join(err, rows.Error(), rows.Close(), f.Close())
}

func rowsOfParquetGo(path string, row func([]string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := parquetgo.OpenFile(file, info.Size())
	if err != nil {
		return err
	}
	var named []string
	for _, path := range f.Schema().Columns() {
		named = append(named, path...)
	}
	row(named)
	r := parquetgo.NewGenericReader[product](f)
	defer r.Close()
	batch := make([]product, 100)
	for {
		n, err := r.Read(batch)
		for i := range batch[:n] {
			cells := make([]string, 0, columns)
			for _, cell := range batch[i].cells() {
				cells = append(cells, *cell)
			}
			row(cells)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func rowsOfStdCSV(path string, row func([]string)) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	plain, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	r := stdcsv.NewReader(plain)
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		row(cells)
	}
}
