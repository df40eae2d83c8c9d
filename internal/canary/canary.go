// Package canary plants secrets in tests, and looks for them in everything that the tested program
// leaves behind: files of any kind, packed ones too, whatever encoding the secret was written in.
package canary

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"bulkload/formats"
	"bulkload/formats/feed"
)

// A Canary is a secret that nothing else contains. Its letters and digits look the same in URLs, JSON
// and HTML, so that they are found there by themselves; the signs around them look different in each,
// so that a program which hides only the secret as it is does not hide them.
type Canary struct {
	Name string // where it was planted, for the message
	core string
}

// New makes a canary.
func New(name string) Canary {
	return Canary{name, rand.Text() + rand.Text()}
}

// Text is the secret to plant. It may stand in a header, a variable, a line of a file.
func (c Canary) Text() string { return `%7/+` + c.core + `<"&\=>` }

// half is the length of what is looked for: half of the core, so that a cut secret is found too.
func (c Canary) half() int { return len(c.core) / 2 }

// In tells in which encoding data holds the canary, or a half of it; "" when it does not.
func (c Canary) In(data []byte) string {
	for _, half := range []string{c.core[:c.half()], c.core[c.half():]} {
		if bytes.Contains(data, []byte(half)) {
			return "text"
		}
		if bytes.Contains(bytes.ToLower(data), []byte(hex.EncodeToString([]byte(half)))) {
			return "hexadecimal"
		}
		for shift := range 3 {
			// What depends on neither the bytes before nor those behind.
			coded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + half))
			if inner := coded[4 : len(coded)-4]; bytes.Contains(data, []byte(inner)) {
				return "base64"
			}
		}
	}
	return ""
}

// Search looks for canaries in all files below a folder, and in their names. It returns a line for each
// find: the path, the canary's name and the encoding.
func Search(dir string, canaries ...Canary) ([]string, error) {
	var finds []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // a program that ends takes its temporary files along
			return nil
		}
		if err != nil {
			return err
		}
		find(&finds, path+": name", []byte(path), canaries)
		if !entry.Type().IsRegular() {
			return nil
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return search(&finds, path, data, canaries, 0)
	})
	return finds, err
}

func find(finds *[]string, place string, data []byte, canaries []Canary) {
	for _, c := range canaries {
		if encoding := c.In(data); encoding != "" {
			*finds = append(*finds, fmt.Sprintf("%s: %s as %s", place, c.Name, encoding))
		}
	}
}

// deepest is how often something may be packed into something.
const deepest = 3

// search looks into data, and into what it is packed from.
func search(finds *[]string, place string, data []byte, canaries []Canary, depth int) error {
	find(finds, place, data, canaries)
	if depth == deepest {
		return nil
	}
	unpack := unpackers[kindOf(data)]
	if unpack == nil {
		return nil
	}
	return unpack(data, func(name string, content []byte) error {
		return search(finds, place+"/"+name, content, canaries, depth+1)
	})
}

func kindOf(data []byte) string {
	for magic := range unpackers {
		if strings.HasPrefix(string(data), magic) {
			return magic
		}
	}
	return ""
}

// unpackers take apart what begins with certain bytes. What is cut or damaged is looked at as far as it goes.
var unpackers = map[string]func([]byte, func(string, []byte) error) error{
	"PK\x03\x04":       unzip,
	"\x1f\x8b":         gunzip,
	"\x28\xb5\x2f\xfd": unzstd,
	"PAR1":             cells,
}

func unzip(data []byte, found func(string, []byte) error) error {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil
	}
	for _, file := range archive.File {
		r, err := file.Open()
		if err != nil {
			continue
		}
		content, _ := io.ReadAll(r)
		if err := errors.Join(r.Close(), found(file.Name, content)); err != nil {
			return err
		}
	}
	return nil
}

func gunzip(data []byte, found func(string, []byte) error) error {
	r, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	content, _ := io.ReadAll(r)
	return found("gzip", content)
}

func unzstd(data []byte, found func(string, []byte) error) error {
	r, err := zstd.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil
	}
	defer r.Close()
	content, _ := io.ReadAll(r)
	return found("zstd", content)
}

// cells gives the text of all cells of a Parquet file, whose pages may be compressed.
func cells(data []byte, found func(string, []byte) error) error {
	f, err := feed.Open("-", bytes.NewReader(data), formats.Options{})
	if err != nil {
		return nil
	}
	defer f.Close()
	reader, err := f.Read(context.Background())
	if err != nil {
		return nil
	}
	defer reader.Close()
	var text bytes.Buffer
	for {
		block, err := reader.Next(context.Background())
		if err != nil { // the end, or damage
			return found("cells", text.Bytes())
		}
		for i := range block.Len() {
			row := block.Row(i)
			for j := range row.Len() {
				text.Write(row.Cell(j))
				text.WriteByte('\n')
			}
		}
		block.Release()
	}
}
