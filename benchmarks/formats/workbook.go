//go:build unix

package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"errors"
	"hash/crc32"
	"io"
)

const sheetPart = "xl/worksheets/sheet1.xml"

// workbookDamages are damages of a workbook's sheet that leave the archive around it whole.
func workbookDamages(good []byte) ([]damage, error) {
	kinds := []struct {
		name    string
		change  func(sheet []byte) []byte
		corrupt bool // the checksum stays that of the good sheet
	}{
		{"a wrong checksum", func(sheet []byte) []byte { return spoilMiddle(sheet, "<v>1", "<v>2") }, true},
		{"a bare & in a cell", func(sheet []byte) []byte { return spoilMiddle(sheet, "<v>", "<v>&") }, false},
		{"the sheet's XML stops early", func(sheet []byte) []byte { return sheet[:len(sheet)/2] }, false},
		{"the rows stop at </row>", func(sheet []byte) []byte {
			middle := sheet[:len(sheet)/2]
			return middle[:bytes.LastIndex(middle, []byte("</row>"))+6]
		}, false},
		{"DOCTYPE with an entity", withDoctype, false},
	}
	var all []damage
	for _, kind := range kinds {
		file, err := withSheet(good, kind.change, kind.corrupt)
		if err != nil {
			return nil, err
		}
		all = append(all, damage{kind.name, [][]byte{file}})
	}
	return all, nil
}

// spoilMiddle replaces the first text behind the middle.
func spoilMiddle(sheet []byte, old, new string) []byte {
	middle := len(sheet) / 2
	return append(bytes.Clone(sheet[:middle]), bytes.Replace(sheet[middle:], []byte(old), []byte(new), 1)...)
}

// withDoctype declares an entity and uses it in a cell of text behind the middle.
func withDoctype(sheet []byte) []byte {
	declared := bytes.Replace(sheet, []byte("<worksheet"), []byte(`<!DOCTYPE worksheet [<!ENTITY a "1">]><worksheet`), 1)
	return spoilMiddle(declared, "<v>", "<v>&a;")
}

// withSheet copies a workbook with its sheet changed.
func withSheet(good []byte, change func([]byte) []byte, corrupt bool) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(good), int64(len(good)))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	copied := zip.NewWriter(&out)
	for _, part := range archive.File {
		if part.Name != sheetPart {
			err = errors.Join(err, copied.Copy(part))
			continue
		}
		err = errors.Join(err, copySheet(copied, part, change, corrupt))
	}
	err = errors.Join(err, copied.Close())
	return out.Bytes(), err
}

func copySheet(to *zip.Writer, part *zip.File, change func([]byte) []byte, corrupt bool) error {
	opened, err := part.Open()
	if err != nil {
		return err
	}
	sheet, err := io.ReadAll(opened)
	if err != nil {
		return err
	}
	changed := change(sheet)
	if bytes.Equal(changed, sheet) {
		return errors.New("the sheet has nothing to damage in this way")
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return err
	}
	if _, err := w.Write(changed); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	header := zip.FileHeader{Name: part.Name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(changed),
		CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(changed))}
	if corrupt {
		header.CRC32 = part.CRC32
	}
	raw, err := to.CreateRaw(&header)
	if err != nil {
		return err
	}
	_, err = raw.Write(packed.Bytes())
	return err
}
