package xlsx

import "strconv"

// The limits of the styles, several times those of spreadsheet programs.
const (
	maxStyles = 1 << 18
	maxCodes  = 1 << 12
	maxCode   = 1 << 10 // bytes of a number format
)

// styles gives the number format of each cell style.
type styles struct {
	formats []numberFormat // each once
	cells   []uint32       // index in formats of each cell style
}

// readStyles reads the styles part of the workbook.
func (w *workbook) readStyles() (*styles, error) {
	st := &styles{formats: []numberFormat{{plain: true}}}
	if !w.hasStyles {
		return st, nil
	}
	codes := make(map[int]string)
	var ids []int
	seen := 0
	err := w.elements(w.stylesPart, func(s *scanner, element string) error {
		switch {
		case element == "numFmt" && s.parent() == "numFmts":
			id, err := strconv.Atoi(s.attrText("numFmtId"))
			if err != nil {
				return malformed("the number format %q has no number", s.attrText("formatCode"))
			}
			code := s.attrText("formatCode")
			if seen++; len(code) > maxCode || seen > maxCodes {
				return malformed("there are more than %d number formats, or one of more than %d bytes", maxCodes, maxCode)
			}
			codes[id] = code
		case element == "xf" && s.parent() == "cellXfs":
			if len(ids) == maxStyles {
				return malformed("there are more than %d cell styles", maxStyles)
			}
			id := 0
			if value, found := s.plainAttr("numFmtId"); found && len(value) > 0 {
				var err error
				if id, err = strconv.Atoi(string(value)); err != nil {
					return malformed("the cell style %d has the number format %.20q", len(ids), value)
				}
			}
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	st.resolve(ids, codes)
	return st, nil
}

// resolve finds the format of each style: a code that the workbook gives, else the built-in one.
func (st *styles) resolve(ids []int, codes map[int]string) {
	known := make(map[int]uint32)
	for _, id := range ids {
		at, found := known[id]
		if !found {
			format := builtIn(id)
			if code, given := codes[id]; given {
				format = parseFormat(code)
			}
			if !format.plain {
				at = uint32(len(st.formats))
				st.formats = append(st.formats, format)
			}
			known[id] = at
		}
		st.cells = append(st.cells, at)
	}
}

// format returns the number format of a cell style, nil when numbers are shown plainly.
func (st *styles) format(style uint32) *numberFormat {
	if int(style) >= len(st.cells) || st.cells[style] == 0 {
		return nil
	}
	return &st.formats[st.cells[style]]
}
