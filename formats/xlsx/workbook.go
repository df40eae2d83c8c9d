package xlsx

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"bulkload/formats"
)

// A Sheet is a worksheet of a workbook.
type Sheet struct {
	Name   string
	Hidden bool // in the spreadsheet program, in whatever way
}

// A workbook is what the parts around the sheets say.
type workbook struct {
	archive *archive
	buffer  []byte // the window of all parts, one after the other
	sheets  []Sheet
	targets []string // part of each sheet
	from1904,
	hasStrings, hasStyles bool
	stringsPart, stylesPart string
}

const maxSheets = 1 << 12

// A relation is one line of a relationships part.
type relation struct{ id, kind, target string }

func openWorkbook(a *archive, window int) (*workbook, error) {
	w := &workbook{archive: a, buffer: make([]byte, window)}
	main, err := w.mainPart()
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(main, ".bin") {
		return nil, &formats.SyntaxError{Reason: "the workbook is of the binary .xlsb kind",
			Advice: "open it in the spreadsheet program and save it as .xlsx"}
	}
	relations, err := w.relations(relationsOf(main), path.Dir(main))
	if err != nil {
		return nil, err
	}
	if err := w.readMain(main, relations); err != nil {
		return nil, err
	}
	if len(w.sheets) == 0 {
		return nil, &formats.SyntaxError{Reason: "the workbook has no worksheet"}
	}
	for _, r := range relations {
		switch r.kind {
		case "sharedStrings":
			w.hasStrings, w.stringsPart = true, r.target
		case "styles":
			w.hasStyles, w.stylesPart = true, r.target
		}
	}
	return w, nil
}

func relationsOf(name string) string {
	return path.Join(path.Dir(name), "_rels", path.Base(name)+".rels")
}

// mainPart finds the part that lists the sheets: by the archive's relationships, else by its
// content types, else where every program puts it.
func (w *workbook) mainPart() (string, error) {
	relations, err := w.relations("_rels/.rels", ".")
	if err != nil && !isMarkupError(err) && !errors.Is(err, errNoPart) {
		return "", err
	}
	for _, r := range relations {
		if r.kind == "officeDocument" {
			return r.target, nil
		}
	}
	name, err := w.mainByType()
	if err != nil && !isMarkupError(err) && !errors.Is(err, errNoPart) {
		return "", err
	}
	if name == "" {
		name = "xl/workbook.xml"
	}
	if !w.archive.has(name) {
		return "", &formats.SyntaxError{Reason: "the file is a ZIP archive but holds no workbook", Advice: "save it as .xlsx"}
	}
	return name, nil
}

func isMarkupError(err error) bool {
	var bad markupError
	return errors.As(err, &bad)
}

// elements calls see for every start tag of a small part.
func (w *workbook) elements(name string, see func(s *scanner, element string) error) error {
	p, err := w.archive.open(name, maxPart, nil)
	if err != nil {
		return err
	}
	s := newScanner(p, w.buffer)
	defer func() { w.buffer = s.buffer }()
	for {
		t, err := s.token()
		if err == nil && t.kind == startTag {
			err = see(s, string(t.name))
		}
		if err != nil {
			return partError(name, err)
		}
		if t.kind == endOfPart {
			w.archive.release(p)
			return nil
		}
	}
}

// partError says in which part malformed markup stands.
func partError(name string, err error) error {
	if isMarkupError(err) {
		return &formats.SyntaxError{Reason: fmt.Sprintf("the workbook's part %q is damaged", name), Err: err}
	}
	return err
}

func (w *workbook) relations(name, base string) ([]relation, error) {
	var found []relation
	err := w.elements(name, func(s *scanner, element string) error {
		if element != "Relationship" || s.attrText("TargetMode") == "External" {
			return nil
		}
		if len(found) == maxEntries {
			return malformed("there are more than %d relationships", maxEntries)
		}
		target := strings.ReplaceAll(s.attrText("Target"), `\`, "/")
		if strings.HasPrefix(target, "/") {
			target = strings.TrimPrefix(path.Clean(target), "/")
		} else {
			target = strings.TrimPrefix(path.Clean("/"+path.Join(base, target)), "/")
		}
		// The kind is the last word of an address which differs between the two OOXML dialects.
		found = append(found, relation{s.attrText("Id"), path.Base(s.attrText("Type")), target})
		return nil
	})
	return found, err
}

func (w *workbook) mainByType() (string, error) {
	var main string
	err := w.elements("[Content_Types].xml", func(s *scanner, element string) error {
		kind := s.attrText("ContentType")
		if element == "Override" && main == "" && strings.HasSuffix(kind, ".main+xml") && strings.Contains(kind, "sheet") {
			main = strings.TrimPrefix(s.attrText("PartName"), "/")
		}
		return nil
	})
	return main, err
}

func (w *workbook) readMain(name string, relations []relation) error {
	return w.elements(name, func(s *scanner, element string) error {
		switch {
		case element == "workbookPr" && s.parent() == "workbook":
			w.from1904 = s.isSet("date1904")
		case element == "sheet" && s.parent() == "sheets":
			return w.addSheet(s, relations)
		}
		return nil
	})
}

func (w *workbook) addSheet(s *scanner, relations []relation) error {
	if len(w.sheets) == maxSheets {
		return malformed("there are more than %d sheets", maxSheets)
	}
	sheet := Sheet{Name: s.attrText("name")}
	switch state := s.attrText("state"); state {
	case "", "visible":
	case "hidden", "veryHidden":
		sheet.Hidden = true
	default:
		return malformed("the sheet %q has the unknown state %q", sheet.Name, state)
	}
	id := s.relationID()
	for _, r := range relations {
		if r.id != id {
			continue
		}
		if r.kind == "worksheet" {
			w.sheets = append(w.sheets, sheet)
			w.targets = append(w.targets, r.target)
		}
		return nil // charts and dialogs hold no rows
	}
	return malformed("the sheet %q has no part", sheet.Name)
}

// relationID finds r:id, whose prefix may be any and which must not be taken for an id without one.
func (s *scanner) relationID() string {
	for _, a := range s.attrs {
		if string(local(a.name)) == "id" && len(a.name) > len("id") {
			return string(appendText(nil, a.value, false))
		}
	}
	return ""
}

// findSheet returns the index of the sheet of this name: letter for letter, else without regard to
// case. It is -1 when there is none.
func (w *workbook) findSheet(name string) int {
	for i, s := range w.sheets {
		if s.Name == name {
			return i
		}
	}
	for i, s := range w.sheets {
		if strings.EqualFold(s.Name, name) {
			return i
		}
	}
	return -1
}

// names lists sheets for a message.
func names(sheets []Sheet) string {
	var list []string
	for i, s := range sheets {
		if i == 20 {
			list = append(list, fmt.Sprintf("and %d more", len(sheets)-i))
			break
		}
		text := fmt.Sprintf("%q", s.Name)
		if s.Hidden {
			text += " (hidden)"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}
