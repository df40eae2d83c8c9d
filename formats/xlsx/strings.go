package xlsx

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"sort"
	"unicode/utf16"
	"unicode/utf8"
)

// The room that shared strings take in memory.
const (
	spillAt   = 64 << 20 // bytes in memory; of more, the first half of that stays there and the rest is kept in files
	firstPage = 64 << 10 // bytes of the first page of texts; each is twice the one before, up to maxPage
	maxPage   = 1 << 20
	startsLog = 14 // strings whose starts are kept together, as a power of two
)

// sharedStrings is the workbook's table of texts. The first ones, which spreadsheet programs use
// most, are in memory: in pages, each text after its length, and for each where it starts. A page is
// never moved, so that growing leaves nothing behind.
type sharedStrings struct {
	pages  [][]byte
	starts [][]uint32 // page, and byte in it, of each string
	kept   int        // strings in memory
	size   int        // bytes of memory taken
	limit  int        // bytes of memory to be taken at most
	spill  *spill     // the strings after those; nil when there are none
	text   []byte     // of the string being read
}

func (t *sharedStrings) count() int {
	if t.spill == nil {
		return t.kept
	}
	return t.kept + t.spill.count
}

// add adds a string, which it copies.
func (t *sharedStrings) add(text []byte) error {
	if t.spill == nil && t.size+len(text) > t.limit {
		if err := t.startSpill(); err != nil {
			return err
		}
	}
	if t.spill != nil {
		return t.spill.add(text)
	}
	last, need := len(t.pages)-1, len(text)+binary.MaxVarintLen32
	if last < 0 || len(t.pages[last])+need > cap(t.pages[last]) {
		last++
		room := max(need, min(firstPage<<min(last, 8), maxPage))
		t.pages = append(t.pages, make([]byte, 0, room))
		t.size += room
	}
	t.start(uint32(last*maxPage + len(t.pages[last])))
	t.pages[last] = append(binary.AppendUvarint(t.pages[last], uint64(len(text))), text...)
	return nil
}

// startSpill moves the later half of the strings to files, as those to come will be: the garbage
// collector may take as much memory again as is in use.
func (t *sharedStrings) startSpill() (err error) {
	if t.spill, err = newSpill(); err != nil {
		return err
	}
	pages, size := 0, 0
	for pages < len(t.pages) && size+cap(t.pages[pages]) <= t.limit/2 {
		size += cap(t.pages[pages])
		pages++
	}
	stay := sort.Search(t.kept, func(i int) bool { return t.at(i) >= uint32(pages*maxPage) })
	for i := stay; i < t.kept; i++ {
		if err := t.spill.add(t.get(i)); err != nil {
			return err
		}
	}
	tables := (stay + 1<<startsLog - 1) >> startsLog
	t.pages, t.starts, t.kept = slices.Clone(t.pages[:pages]), slices.Clone(t.starts[:tables]), stay
	t.size = size + 4*tables<<startsLog
	return nil
}

// start notes where the next string in memory starts.
func (t *sharedStrings) start(at uint32) {
	const together = 1 << startsLog
	if t.kept == together*len(t.starts) {
		t.starts = append(t.starts, make([]uint32, together))
		t.size += 4 * together
	}
	t.starts[t.kept>>startsLog][t.kept%together] = at
	t.kept++
}

func (t *sharedStrings) at(n int) uint32 { return t.starts[n>>startsLog][n%(1<<startsLog)] }

// get returns a string that is in memory.
func (t *sharedStrings) get(n int) []byte {
	at := t.at(n)
	text := t.pages[at/maxPage][at%maxPage:]
	length, width := binary.Uvarint(text)
	return text[width : width+int(length)]
}

func (t *sharedStrings) close() error {
	if t.spill == nil {
		return nil
	}
	return t.spill.close()
}

// readStrings reads the shared strings, if the workbook has them. The number of strings that the
// part states is not believed: the table grows as it is read, to at most that many bytes in memory.
func (w *workbook) readStrings(limit int) (*sharedStrings, error) {
	table := &sharedStrings{limit: limit}
	if !w.hasStrings {
		return table, nil
	}
	p, err := w.archive.open(w.stringsPart, maxStrings, nil)
	if err != nil {
		return nil, err
	}
	s := newScanner(p, w.buffer)
	if err = table.read(s); err == nil && table.spill != nil {
		err = table.spill.written()
	}
	if err != nil {
		return nil, errors.Join(partError(w.stringsPart, err), table.close())
	}
	w.archive.release(p)
	w.buffer = s.buffer
	return table, nil
}

func (t *sharedStrings) read(s *scanner) error {
	next, err := s.token()
	for err == nil && next.kind == charData {
		next, err = s.token()
	}
	if err != nil {
		return err
	}
	if string(next.name) != "sst" {
		return malformed("<%.40s> stands where the shared strings should", next.name)
	}
	for s.depth > 0 {
		if err := t.quickItems(s); err != nil {
			return err
		}
		before := s.mark()
		err := t.item(s)
		if err == errShort {
			s.back(before)
			err = s.more()
		}
		if err != nil {
			return err
		}
	}
	for next.kind != endOfPart {
		if next, err = s.token(); err != nil {
			return err
		}
	}
	return nil
}

// item reads one string, or what else stands in the table, within the window.
func (t *sharedStrings) item(s *scanner) error {
	next, err := s.next()
	switch {
	case err != nil:
		return err
	case next.kind == charData && !blank(next.text):
		return malformed("text stands between the shared strings")
	case next.kind != startTag:
		return nil
	case string(next.name) != "si":
		return s.skip()
	}
	if t.text, err = s.appendRich(t.text[:0]); err != nil {
		return err
	}
	return t.add(t.text)
}

// textSigns are the characters that end a text or may ask for more than copying it.
var textSigns = [256]bool{'<': true, '&': true, '\r': true, ']': true, '_': true}

// appendRich appends the text of the si or is element whose start tag was just read: of all its
// runs, but not of the phonetic ones, which say how the text is pronounced.
func (s *scanner) appendRich(to []byte) ([]byte, error) {
	for depth := s.depth - 1; s.depth > depth; {
		t, err := s.next()
		if err != nil {
			return to, err
		}
		switch {
		case t.kind == charData && !blank(t.text):
			return to, malformed("text stands outside of the t elements of a string")
		case t.kind != startTag || string(t.name) == "r":
		case string(t.name) == "t":
			from := len(to)
			if to, err = s.appendContent(to); err == nil {
				to = unescape(to, from)
			}
		default:
			err = s.skip()
		}
		if err != nil {
			return to, err
		}
	}
	return to, nil
}

// appendContent appends the text of the element whose start tag was just read.
func (s *scanner) appendContent(to []byte) ([]byte, error) {
	for {
		t, err := s.next()
		switch {
		case err != nil:
			return to, err
		case t.kind == startTag:
			return to, malformed("the element <%.40s> stands inside a text", t.name)
		case t.kind == endTag:
			return to, nil
		}
		to = appendText(to, t.text, t.cdata)
	}
}

// unescape resolves _xHHHH_ in text[from:], which stands for a UTF-16 unit. Half a surrogate pair
// stays as it is written.
func unescape(text []byte, from int) []byte {
	at := bytes.Index(text[from:], []byte("_x"))
	if at < 0 {
		return text
	}
	at += from
	to := text[:at]
	for at < len(text) {
		c, length := escaped(text[at:])
		if length == 0 {
			to = append(to, text[at])
			at++
			continue
		}
		to = utf8.AppendRune(to, c)
		at += length
	}
	return to
}

// escaped reads the escape that text starts with. A length of 0 means that there is none.
func escaped(text []byte) (c rune, length int) {
	c = escapedUnit(text)
	if c < 0 {
		return 0, 0
	}
	if !utf16.IsSurrogate(c) {
		return c, escapeLength
	}
	if low := escapedUnit(text[escapeLength:]); low >= 0 {
		if c = utf16.DecodeRune(c, low); c != utf8.RuneError {
			return c, 2 * escapeLength
		}
	}
	return 0, 0
}

const escapeLength = len("_xHHHH_")

func escapedUnit(text []byte) rune {
	if len(text) < escapeLength || text[0] != '_' || text[1] != 'x' || text[escapeLength-1] != '_' {
		return -1
	}
	var c rune
	for _, d := range text[2 : escapeLength-1] {
		value := hexValue(d)
		if value < 0 {
			return -1
		}
		c = c<<4 | value
	}
	return c
}

// A stringFinder finds shared strings for one goroutine.
type stringFinder struct {
	table   *sharedStrings
	spilled *spillReader
}

func (t *sharedStrings) finder() *stringFinder {
	f := &stringFinder{table: t}
	if t.spill != nil {
		f.spilled = &spillReader{spill: t.spill}
	}
	return f
}

// find returns the shared string that a cell's value names by its number. It stays until the next call.
func (f *stringFinder) find(raw []byte) (text []byte, found bool, err error) {
	n, count := 0, f.table.count()
	for _, c := range raw {
		if c < '0' || c > '9' || n > count {
			return nil, false, nil
		}
		n = n*10 + int(c-'0')
	}
	switch {
	case len(raw) == 0 || n >= count:
		return nil, false, nil
	case n < f.table.kept:
		return f.table.get(n), true, nil
	}
	text, err = f.spilled.get(n - f.table.kept)
	return text, err == nil, err
}
