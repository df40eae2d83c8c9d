package xlsx

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"

	"bulkload/formats"
)

// Most of a workbook is made of few shapes of markup. This file reads these, eight bytes at a time, and
// leaves everything else to the plain scanner, which reads them the same (BenchmarkRead).

const (
	ones = 0x0101010101010101
	high = 0x8080808080808080

	quickRoom = 96 // bytes: more than a cell or a row's tag takes besides text and what is compared as a whole
	quickTag  = 96 // bytes of a row's start tag that are kept to know it again
	textRoom  = 64 // bytes that may be written after a text
)

func load(data []byte, at int) uint64 { return binary.LittleEndian.Uint64(data[at:]) }

// zeros marks the first byte of a word that is zero. Bytes after it may be marked falsely.
func zeros(word uint64) uint64 { return (word - ones) &^ word & high }

// leading counts the bytes before the first one marked: eight when none is.
func leading(marks uint64) int { return bits.TrailingZeros64(marks) >> 3 }

// areDigits reports whether the first n bytes of a word, one to eight, are digits.
func areDigits(word uint64, n int) bool {
	shift := (64 - 8*uint(n)) & 63
	word = word<<shift ^ ones*'0'<<shift
	return uint(n-1) < 8 && (word|(word+ones*(128-10)))&high == 0
}

// quickDigits reads the number whose digits are the first n bytes of a word. It is not ok when they are no
// digits, or n is not one to eight.
func quickDigits(word uint64, n int) (number int, ok bool) {
	shift := (64 - 8*uint(n)) & 63
	word = word<<shift ^ ones*'0'<<shift // what each digit counts, and zeros before them
	ok = uint(n-1) < 8 && (word|(word+ones*(128-10)))&high == 0
	word = word * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	word = word * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	return int(word * (10000<<32 + 1) >> 32), ok
}

// quickRow reads the start tag of a row, if it differs from the one before in its number alone.
func (s *sheetScanner) quickRow() bool {
	const open = `<row r="`
	data, at := s.data, s.pos+len(open)
	if s.closing || len(s.rowTag) == 0 || len(data)-s.pos < quickRoom+quickTag || string(data[s.pos:at]) != open {
		return false
	}
	word := load(data, at)
	n := leading(zeros(word ^ ones*'"'))
	number, ok := quickDigits(word, n)
	tag := at + n + 1
	end := tag + len(s.rowTag)
	if !ok || data[at] == '0' || int64(number) <= s.rows.last || number > maxRows ||
		string(data[tag:end]) != string(s.rowTag) || s.push([]byte("row")) != nil {
		return false
	}
	s.pos = end
	s.digits = append(s.digits[:0], data[at:at+n]...)
	if s.rowHidden {
		s.rows.hidden++
	}
	s.beginRow(int64(number))
	return true
}

// keepTag keeps what quickRow compares with, of the row's start tag that was just read.
func (s *sheetScanner) keepTag(tag []byte) {
	const open = `<row r="`
	s.rowTag = s.rowTag[:0]
	end := len(open) + len(s.digits)
	if s.plain || s.closing || len(tag) > quickTag || len(tag) <= end || string(tag[:len(open)]) != open ||
		string(tag[len(open):end]) != string(s.digits) || tag[end] != '"' {
		return
	}
	s.rowTag = append(s.rowTag, tag[end+1:]...)
	s.rowHidden = s.isSet("hidden")
}

// quickRowEnd reads the end of the row, if it stands here.
func (s *sheetScanner) quickRowEnd() bool {
	const end = "</row>"
	if s.plain || s.closing || len(s.data)-s.pos < len(end) || string(s.data[s.pos:s.pos+len(end)]) != end ||
		string(s.openName()) != "row" {
		return false
	}
	s.pos += len(end)
	s.pop()
	return true
}

// quickCells reads cells as long as each has one of the commonest shapes: attributes r, s and t in this order
// and in double quotes, then a value or a plain inline string and nothing else. It stops before a cell of any
// other shape, malformed ones included, and before one that is not whole in the window or near its end: nothing of
// that has happened then. It returns the column after the last cell. The block's text may grow to that limit.
func (s *sheetScanner) quickCells(b *formats.Block, first, next, limit int) (int, error) {
	if s.plain || s.closing {
		return next, nil
	}
	data := s.data
	for at := s.pos; len(data)-at >= quickRoom && string(data[at:at+2]) == "<c"; at = s.pos {
		c := cell{column: next, kind: numberCell}
		if at += 2; string(data[at:at+4]) == ` r="` {
			letter := uint(data[at+4]) - 'A'
			if letter >= 26 {
				break
			}
			c.column = int(letter)
			at += 5
			for letter = uint(data[at]) - 'A'; letter < 26 && c.column < maxColumns; letter = uint(data[at]) - 'A' {
				c.column = 26*(c.column+1) + int(letter)
				at++
			}
			if load(data, at)&s.refMask != s.refEnd || c.column < next || c.column >= maxColumns {
				break
			}
			at += len(s.digits) + 1
		}
		if string(data[at:at+4]) == ` s="` {
			word := load(data, at+4)
			n := leading(zeros(word ^ ones*'"'))
			style, ok := quickDigits(word, n)
			if !ok {
				break
			}
			c.style = uint32(style)
			at += n + 5
		}
		from, end := len(b.Text), -1
		switch {
		case string(data[at:at+10]) == ` t="s"><v>`:
			end = s.quickShared(b, at+10)
		case string(data[at:at+4]) == `><v>`:
			end = s.quickNumber(b, at+4, &c)
		case string(data[at:at+14]) == ` t="inlineStr"`:
			end = s.quickInline(b, at+14)
		case string(data[at:at+2]) == `/>`:
			end = at + 2
		case string(data[at:at+12]) == ` t="str"><v>`:
			end = s.quickText(b, at+12, "</v></c>")
		case string(data[at:at+10]) == ` t="n"><v>`:
			end = s.quickNumber(b, at+10, &c)
		}
		if end < 0 {
			break
		}
		s.pos, next = end, c.column+1
		switch {
		case len(c.value) > 0:
			if err := s.emit(b, first, &c); err != nil {
				return next, err
			}
		case len(b.Text) > from:
			if c.column > len(b.Cells)-first {
				if err := s.gap(b, first, c.column); err != nil {
					return next, err
				}
			}
			b.Cells = append(b.Cells, formats.Cell{Start: uint32(from), End: uint32(len(b.Text))})
		}
		if len(b.Text) > limit {
			return next, s.longRow()
		}
	}
	return next, nil
}

const valueEnd = "</v></c>"

// quickShared adds the shared string to the block whose number stands there, and returns where the cell ends: -1
// when it is not quick.
func (s *sheetScanner) quickShared(b *formats.Block, at int) (end int) {
	word := load(s.data, at)
	n := leading(zeros(word ^ ones*'<'))
	index, ok := quickDigits(word, n)
	table := s.strings.table
	end = at + n + len(valueEnd)
	if !ok || index >= table.kept || string(s.data[at+n:end]) != valueEnd {
		return -1
	}
	start := table.at(index)
	from := table.pages[start/maxPage][start%maxPage:]
	length := int(from[0])
	if length > textRoom || len(from) <= textRoom {
		b.Text = append(b.Text, table.get(index)...)
		return end
	}
	// Copying as much of what follows is faster than calling for the right length, since that is hard to foretell.
	to := withRoom(b.Text)
	room := to[len(to) : len(to)+textRoom]
	copy(room[:16], from[1:17])
	copy(room[16:32], from[17:33])
	if length > 32 {
		copy(room[32:48], from[33:49])
		copy(room[48:64], from[49:65])
	}
	b.Text = to[:len(to)+length]
	return end
}

// withRoom returns the text with as much capacity as quick ways may write beyond its end.
func withRoom(text []byte) []byte {
	if cap(text)-len(text) < textRoom {
		return slices.Grow(text, textRoom)
	}
	return text
}

// quickNumber adds the number that stands there to the block, or makes it the cell's value when that takes more
// than copying it. It returns where the cell ends: -1 when it is not quick.
func (s *sheetScanner) quickNumber(b *formats.Block, at int, c *cell) (end int) {
	const longest = 32
	word := load(s.data, at)
	n := leading(zeros(word ^ ones*'<'))
	plain := n < 8 && (c.style == 0 || int(c.style) < len(s.styles.cells) && s.styles.cells[c.style] == 0) && isShortWord(word, n)
	if n == 8 {
		n = bytes.IndexByte(s.data[at:at+longest], '<')
	}
	if end = at + n + len(valueEnd); n <= 0 || string(s.data[at+n:end]) != valueEnd {
		return -1
	}
	if !plain {
		c.value, c.valued = s.data[at:at+n], true
		for _, sign := range c.value {
			if textSigns[sign] {
				return -1
			}
		}
		return end
	}
	to := withRoom(b.Text)
	binary.LittleEndian.PutUint64(to[len(to):len(to)+8], word)
	b.Text = to[:len(to)+n]
	return end
}

// isShortWord is isShort for the first n bytes of a word, up to seven, and false for some that are short.
func isShortWord(word uint64, n int) bool {
	point := leading(zeros(word ^ ones*'.'))
	if point >= n {
		return areDigits(word, n) && (byte(word) != '0' || n == 1)
	}
	return point > 0 && point < n-1 && byte(word>>(8*n-8)) != '0' && (byte(word) != '0' || point == 1) &&
		areDigits(word^('.'^'0')<<(8*point), n)
}

// quickInline adds the text of the inline string whose cell's start tag ends there, and returns where the cell
// ends: -1 when it is not quick.
func (s *sheetScanner) quickInline(b *formats.Block, at int) (end int) {
	const preserved = ` xml:space="preserve">`
	if string(s.data[at:at+7]) != "><is><t" {
		return -1
	}
	if at += 7; s.data[at] == '>' {
		return s.quickText(b, at+1, "</t></is></c>")
	}
	if string(s.data[at:at+len(preserved)]) != preserved {
		return -1
	}
	return s.quickText(b, at+len(preserved), "</t></is></c>")
}

// quickText adds the text that stands there to the block, and returns where its ending ends: -1 when the text does
// not read as it is written, or something else follows it.
func (s *sheetScanner) quickText(b *formats.Block, at int, ending string) (end int) {
	to, n := appendQuick(b.Text, s.data[at:])
	if end = at + n + len(ending); n < 0 || end > len(s.data) || string(s.data[at+n:end]) != ending {
		return -1
	}
	b.Text = to
	return end
}

// appendQuick appends a text up to the < that ends it, if it reads as it is written and eight bytes follow. The
// length is -1 when not, and what is appended is to be dropped.
func appendQuick(to, from []byte) (text []byte, length int) {
	room := to[len(to):cap(to)]
	for at := 0; len(from)-at >= 8; {
		if len(room)-at < 8 {
			to = slices.Grow(to[:len(to)+at], max(textRoom, at))[:len(to)]
			room = to[len(to):cap(to)]
		}
		word := load(from, at)
		binary.LittleEndian.PutUint64(room[at:], word)
		// Characters below the blank are looked at one by one; ] and _ differ in one bit.
		marks := zeros(word^ones*'<') | zeros(word^ones*'&') | zeros((word|ones*2)^ones*'_') | (word-ones*' ')&^word&high
		if marks == 0 {
			at += 8
			continue
		}
		at += leading(marks)
		switch c := from[at]; {
		case c == '<':
			return to[:len(to)+at], at
		case textSigns[c] && (c != '_' || at+1 == len(from) || from[at+1] == 'x'):
			return to, -1
		}
		at++
	}
	return to, -1
}

// quickItems adds strings as long as they have the commonest shape, <si><t>text</t></si>, and are whole in the
// window.
func (t *sharedStrings) quickItems(s *scanner) error {
	const open, end = "<si><t>", "</t></si>"
	for !s.closing && len(s.data)-s.pos > len(open) && string(s.data[s.pos:s.pos+len(open)]) == open {
		at := s.pos + len(open)
		text, n := appendQuick(t.text[:0], s.data[at:])
		t.text = text
		stop := at + n + len(end)
		if n < 0 || stop > len(s.data) || string(s.data[at+n:stop]) != end {
			break
		}
		if err := t.add(text); err != nil {
			return err
		}
		s.pos = stop
	}
	return nil
}
