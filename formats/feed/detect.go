package feed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"bulkload/formats"
	"bulkload/formats/csv"
)

// The formats, as Feed.Format names them.
const (
	csvFormat     = "csv"
	ndjsonFormat  = "ndjson"
	xlsxFormat    = "xlsx"
	parquetFormat = "parquet"
)

// headSize is how many bytes, decompressed, tell a format.
const headSize = 4096

// A signature is how the files of a kind that is not read begin.
type signature struct {
	magic, what, advice string
}

const (
	unpack     = "unpack it and load what is in it"
	saveAsXLSX = "save it as .xlsx"
	saveAsCSV  = "save the table as .csv or .xlsx"
	exportIt   = "export the table as .csv or .parquet"
)

var signatures = []signature{
	{"\x1f\x8b", "compressed twice", "compress it once"},
	{"\x28\xb5\x2f\xfd", "compressed twice", "compress it once"},
	{"BZh", "a bzip2 file", "compress it with gzip or zstd instead"},
	{"\xfd7zXZ\x00", "an xz file", "compress it with gzip or zstd instead"},
	{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", unpack},
	{"Rar!\x1a\x07", "a RAR archive", unpack},
	{"%PDF-", "a PDF document", saveAsCSV},
	{"{\\rtf", "an RTF document", saveAsCSV},
	{"\x89PNG\r\n", "a PNG image", ""},
	{"\xff\xd8\xff", "a JPEG image", ""},
	{"GIF8", "a GIF image", ""},
	{"II*\x00", "a TIFF image", ""},
	{"MM\x00*", "a TIFF image", ""},
	{"SQLite format 3\x00", "an SQLite database", exportIt},
	{"Obj\x01", "an Avro file", exportIt},
	{"ORC", "an ORC file", exportIt},
	{"ARROW1\x00\x00", "an Arrow file", exportIt},
	{"FEA1", "a Feather file", exportIt},
	{"PARE", "an encrypted Parquet file", "write it without encryption"},
	{"\x7fELF", "a program", ""},
}

// markups are how the text of kinds that are not read begins, in lower case.
var markups = []signature{
	{"<!doctype html", "an HTML page", saveAsCSV},
	{"<html", "an HTML page", saveAsCSV},
	{"<table", "an HTML page", saveAsCSV},
	{"<?xml", "an XML file", saveAsCSV},
}

// formatOf tells the format of what begins with head and is called name. The rest is looked at only
// for containers; open gives it, decompressed, and its size.
func formatOf(head []byte, name string, open func() (io.ReaderAt, int64, error)) (string, error) {
	for _, s := range signatures {
		if bytes.HasPrefix(head, []byte(s.magic)) && !(isWord(s.magic) && plainText(head)) {
			return "", refuse(s.what, s.advice)
		}
	}
	if bytes.HasPrefix(head, []byte("RIFF")) && len(head) >= 12 && string(head[8:12]) == "WEBP" {
		return "", refuse("a WebP image", "")
	}
	switch {
	case bytes.HasPrefix(head, []byte("PAR1")) && (saysFormat(name) == parquetFormat || !wordGoesOn(head[4:])):
		return parquetFormat, nil
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return inContainer(open, zipFormat)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return inContainer(open, oleFormat)
	}
	return textFormat(head, name)
}

// wordGoesOn reports whether text follows the first letters of a file, which are then a part of it.
func wordGoesOn(rest []byte) bool {
	return len(rest) > 0 && plainText(rest[:1]) && rest[0] < 0x7f && !bytes.HasSuffix(rest, []byte("PAR1"))
}

// isWord reports whether a column could be called like this.
func isWord(magic string) bool {
	return !strings.ContainsFunc(magic, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func inContainer(open func() (io.ReaderAt, int64, error), look func(io.ReaderAt, int64) (string, error)) (string, error) {
	file, size, err := open()
	if err != nil {
		return "", err
	}
	return look(file, size)
}

func refuse(what, advice string) error {
	return &formats.SyntaxError{Reason: "it is " + what, Advice: advice}
}

// textFormat tells NDJSON from CSV, and both from what is not read.
func textFormat(head []byte, name string) (string, error) {
	start := textStart(head)
	lower := bytes.ToLower(start[:min(len(start), 64)])
	for _, s := range markups {
		if bytes.HasPrefix(lower, []byte(s.magic)) {
			return "", refuse(s.what, s.advice)
		}
	}
	switch first, second := jsonStart(start); {
	case first == '{' && (second == '"' || second == '}' || saysFormat(name) == ndjsonFormat):
		return ndjsonFormat, nil
	case first == '[' && (second == '{' || saysFormat(name) == ndjsonFormat):
		return "", refuse("a JSON array", "write one object a line, without brackets and commas around them")
	}
	return csvFormat, nil
}

// textStart drops a byte order mark, the zero bytes of UTF-16 and blanks from the beginning.
func textStart(head []byte) []byte {
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		head = bytes.TrimPrefix(head, []byte(mark))
	}
	if head = head[:min(len(head), 512)]; bytes.IndexByte(head, 0) >= 0 {
		head = bytes.ReplaceAll(head, []byte{0}, nil)
	}
	return bytes.TrimLeft(head, " \t\r\n")
}

// jsonStart returns the first two bytes that are not blank.
func jsonStart(start []byte) (first, second byte) {
	if len(start) == 0 {
		return 0, 0
	}
	first = start[0]
	if rest := bytes.TrimLeft(start[1:], " \t\r\n"); len(rest) > 0 {
		second = rest[0]
	}
	return first, second
}

// plainText reports whether the bytes could be text of an encoding that is found without being
// told, or is refused by its name: hardly any control characters, or wide ones.
func plainText(head []byte) bool {
	if csv.IsWide(head) {
		return true
	}
	zeros, controls := 0, 0
	for _, c := range head {
		switch {
		case c == 0:
			zeros++
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
			controls++
		}
	}
	if zeros*5 > len(head)*2 && zeros*3 < len(head)*2 {
		return true // UTF-16, or the reader will say what is wrong
	}
	return (zeros+controls)*8 <= len(head)
}

// zipFormat tells what a ZIP archive is, from the names in it. It looks at one end only, so that no
// directory, however large, costs memory.
func zipFormat(file io.ReaderAt, size int64) (string, error) {
	names, err := zipNames(file, size)
	if err != nil {
		return "", err
	}
	has := func(prefix string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return strings.HasPrefix(strings.ToLower(name), prefix) })
	}
	switch {
	case has("xl/workbook.bin"):
		return "", refuse("a binary workbook (.xlsb)", saveAsXLSX)
	case has("word/"):
		return "", refuse("a Word document", saveAsCSV)
	case has("ppt/"):
		return "", refuse("a PowerPoint document", saveAsCSV)
	case has("[content_types].xml"), has("xl/"):
		return xlsxFormat, nil
	case has("content.xml") && has("mimetype"):
		return "", refuse("an OpenDocument file", saveAsXLSX)
	case has("index/document.iwa"):
		return "", refuse("an Apple Numbers document", "export it as .xlsx or .csv")
	case len(names) == 0:
		return "", refuse("an empty or damaged ZIP archive", "")
	}
	what := fmt.Sprintf("a ZIP archive with %q", names[0])
	if len(names) > 1 {
		what += " and more"
	}
	return "", refuse(what, unpack)
}

// zipNames returns names of entries, at most a thousand: as the directory at the end gives them,
// or, when that was cut off, as they stand before the entries at the beginning.
func zipNames(file io.ReaderAt, size int64) ([]string, error) {
	part := make([]byte, min(size, 1<<20))
	if _, err := file.ReadAt(part, size-int64(len(part))); err != nil && err != io.EOF {
		return nil, err
	}
	if names := entryNames(part, "PK\x01\x02", 28, 46); len(names) > 0 {
		return names, nil
	}
	if _, err := file.ReadAt(part, 0); err != nil && err != io.EOF {
		return nil, err
	}
	return entryNames(part, "PK\x03\x04", 26, 30), nil
}

func entryNames(text []byte, magic string, lengthAt, nameAt int) []string {
	var names []string
	for len(names) < 1000 {
		i := bytes.Index(text, []byte(magic))
		if i < 0 || i+nameAt > len(text) {
			return names
		}
		length := int(binary.LittleEndian.Uint16(text[i+lengthAt:]))
		if i+nameAt+length <= len(text) && length > 0 && length < 1024 {
			names = append(names, string(text[i+nameAt:i+nameAt+length]))
		}
		text = text[i+nameAt:]
	}
	return names
}

// oleFormat tells why a file of the old Office container is not read.
func oleFormat(file io.ReaderAt, size int64) (string, error) {
	encrypted, workbook := utf16Name("EncryptedPackage"), utf16Name("Workbook")
	old := utf16Name("Book")
	buffer := make([]byte, 256<<10)
	isWorkbook := false
	for at := int64(0); at < min(size, 1<<30); at += int64(len(buffer) - len(encrypted)) {
		n, err := file.ReadAt(buffer, at)
		if err != nil && err != io.EOF {
			return "", err
		}
		if bytes.Contains(buffer[:n], encrypted) {
			return "", refuse("an encrypted workbook", "open it in Excel, take the password off and save it again")
		}
		isWorkbook = isWorkbook || bytes.Contains(buffer[:n], workbook) || bytes.Contains(buffer[:n], old)
	}
	if isWorkbook {
		return "", refuse("an old .xls workbook", "open it in Excel and save it as .xlsx")
	}
	return "", refuse("an old Office document", saveAsXLSX)
}

func utf16Name(name string) []byte {
	var out []byte
	for _, c := range []byte(name) {
		out = append(out, c, 0)
	}
	return out
}

// saysFormat is the format that a name, compression taken off, claims; empty when it claims none.
func saysFormat(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv", ".tsv", ".tab", ".psv":
		return csvFormat
	case ".ndjson", ".jsonl", ".json":
		return ndjsonFormat
	case ".xlsx", ".xlsm", ".xls":
		return xlsxFormat
	case ".parquet", ".pq":
		return parquetFormat
	}
	return ""
}

// titles name the formats in messages.
var titles = map[string]string{
	csvFormat:     "CSV text",
	ndjsonFormat:  "NDJSON text",
	xlsxFormat:    "an .xlsx workbook",
	parquetFormat: "a Parquet file",
}

// notText refuses what is of no format that is known.
func notText(name string) error {
	const what = "binary data of an unknown kind"
	if says := saysFormat(name); says == xlsxFormat || says == parquetFormat {
		return &formats.SyntaxError{Reason: fmt.Sprintf("it is not %s as its name says, but %s", claimed(says), what), Advice: "fetch or save it again"}
	}
	return refuse(what, "if it is text, say in which encoding")
}

// claimed is what a name says that a file is.
func claimed(format string) string {
	if format == xlsxFormat {
		return "a workbook"
	}
	return titles[format]
}

// checkName compares what the name claims with what the bytes say. Names that claim nothing, such
// as feed.txt, fit everything.
func checkName(name, format string) (remark string, err error) {
	says := saysFormat(name)
	switch {
	case says == "" || says == format && !strings.EqualFold(filepath.Ext(name), ".xls"):
		return "", nil
	case says == format:
		return "the name ends in .xls, but the file is an .xlsx workbook and is read as one", nil
	}
	return "", &formats.SyntaxError{
		Reason: fmt.Sprintf("it is not %s as its name says: it is %s", claimed(says), titles[format]),
		Advice: "name it for what it is, or send the file that was meant",
	}
}
