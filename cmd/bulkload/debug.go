package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"bulkload/vendors"
)

// toStderr is what --debug stands for when it names no file.
const toStderr = "-"

func addDebug(flags *pflag.FlagSet, path *string) {
	flags.StringVar(path, "debug", "", "write every request and answer down, without secrets: to standard error, or to `FILE` when one is given with =")
	flags.Lookup("debug").NoOptDefVal = toStderr
}

// A dump writes every exchange with the vendor down, a block each, as soon as it has ended. It is used
// by many goroutines.
type dump struct {
	mu     sync.Mutex
	out    io.Writer
	file   *os.File // nil: the block goes to standard error
	blocks int
	err    error
}

// openDump begins a dump: nil for "", to standard error for "-", else at the end of a file that only
// its owner can read, since it shows what is sent. It is a log: it must be there when the program dies.
func (p *program) openDump(path string) (*dump, error) {
	switch path {
	case "":
		return nil, nil
	case toStderr:
		return &dump{out: p.stderr}, nil
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("--debug: %w", err)
	}
	if info, err := file.Stat(); err != nil || info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
		if err = cmp.Or(err, file.Chmod(0o600)); err != nil { // one that was there may be for all to read
			return nil, errors.Join(fmt.Errorf("--debug: %w", err), file.Close())
		}
	}
	return &dump{out: file, file: file}, nil
}

// watch is the client's Watch; nil when there is no dump.
func (d *dump) watch() func(*vendors.Exchange) {
	if d == nil {
		return nil
	}
	return d.write
}

func (d *dump) write(x *vendors.Exchange) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.blocks++
	var block bytes.Buffer
	fmt.Fprintf(&block, "#%d %s %s %s: %s in %s\n", d.blocks, x.At.UTC().Format("2006-01-02T15:04:05.000Z"), x.Method, x.URL,
		status(x), x.Took.Round(time.Millisecond))
	part(&block, "> ", x.Header, x.Body, x.BodySize)
	if x.Status != 0 {
		part(&block, "< ", x.AnswerHeader, x.Answer, x.AnswerSize)
	}
	block.WriteByte('\n')
	if _, err := d.out.Write(block.Bytes()); d.err == nil {
		d.err = err
	}
}

// close ends the dump and returns the first error of writing it.
func (d *dump) close() error {
	if d == nil {
		return nil
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.err
	if d.file != nil {
		err = errors.Join(err, d.file.Close())
	}
	if err != nil {
		return fmt.Errorf("write the traffic down: %w", err)
	}
	return nil
}

func status(x *vendors.Exchange) string {
	text := "no answer"
	if x.Status != 0 {
		text = strings.TrimSpace(fmt.Sprintf("%d %s", x.Status, http.StatusText(x.Status)))
	}
	if x.Err != nil {
		text += ", " + printable(x.Err.Error())
	}
	return text
}

// part writes headers and body of one side, each line behind a mark.
func part(out *bytes.Buffer, mark string, header http.Header, body []byte, size int) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			fmt.Fprintf(out, "%s%s: %s\n", mark, name, printable(value))
		}
	}
	if size == 0 {
		return
	}
	fmt.Fprintln(out, strings.TrimRight(mark, " "))
	text, ok := asText(body)
	if !ok {
		fmt.Fprintf(out, "%s(%d bytes that are no text)\n", mark, size)
		return
	}
	for line := range strings.Lines(text) {
		fmt.Fprintf(out, "%s%s\n", mark, printable(strings.TrimRight(line, "\r\n")))
	}
	if size > vendors.ShownBytes {
		fmt.Fprintf(out, "%s… of %d bytes\n", mark, size)
	}
}

// asText returns the body as text, without a last letter that is cut.
func asText(body []byte) (string, bool) {
	for cut := 0; cut < utf8.UTFMax && cut <= len(body); cut++ {
		if utf8.Valid(body[:len(body)-cut]) {
			return string(body[:len(body)-cut]), true
		}
	}
	return "", false
}

// printable shows control characters, with which an answer could command the terminal, as a dot.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\t' {
			return '·'
		}
		return r
	}, text)
}
