package fashiontrade

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
)

// priceBody writes the body of a price list from its records, a piece at a time. A list of a million
// prices is one request, so its body is made while it is sent and never held as a whole. It may be read
// any number of times, as long as the entity's records live, and is the same each time.
type priceBody struct {
	list       *priceList
	head, tail []byte
}

func (l *priceList) body() *priceBody {
	head := append([]byte(`{"id":`), jsonOf(l.entity.Key)...)
	head = append(append(head, `,"selector":`...), jsonOf(l.selector)...)
	head = append(head, `,"prices":[`...)
	tail := append([]byte(`],"currency":`), jsonOf(string(l.currency))...)
	if l.window != nil {
		tail = append(append(tail, `,"validity_window":`...), jsonOf(l.window)...)
	}
	return &priceBody{list: l, head: head, tail: append(tail, '}')}
}

// jsonOf writes a value that cannot fail, without escaping what only HTML needs escaped.
func jsonOf(value any) []byte {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err) // texts and lists of texts only
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n"))
}

// Open starts a reading of the body.
func (b *priceBody) Open() io.Reader { return &priceReader{body: b, piece: b.head} }

// MarshalJSON is the whole body.
func (b *priceBody) MarshalJSON() ([]byte, error) { return io.ReadAll(b.Open()) }

// priceReader is one reading of a body.
type priceReader struct {
	body   *priceBody
	piece  []byte // made and not read yet
	buffer []byte // for the next pieces
	next   int    // price to be written next
	ended  bool   // the tail was given out
}

// pieceSize is about how many bytes of prices are made at a time.
const pieceSize = 32 << 10

// Read gives out the body.
func (r *priceReader) Read(p []byte) (n int, err error) {
	if len(r.piece) == 0 && !r.more() {
		return 0, io.EOF
	}
	n = copy(p, r.piece)
	r.piece = r.piece[n:]
	return n, nil
}

// more makes the next piece.
func (r *priceReader) more() bool {
	if r.ended {
		return false
	}
	l := r.body.list
	r.buffer = r.buffer[:0]
	for r.next < len(l.order) && len(r.buffer) < pieceSize {
		if r.next > 0 {
			r.buffer = append(r.buffer, ',')
		}
		r.buffer = l.appendPrice(r.buffer, int(l.order[r.next]))
		r.next++
	}
	if r.next == len(l.order) {
		r.buffer = append(r.buffer, r.body.tail...)
		r.ended = true
	}
	r.piece = r.buffer
	return true
}

// appendPrice writes the price of one record.
func (l *priceList) appendPrice(text []byte, record int) []byte {
	r := &l.entity.Records[record]
	text = append(text, `{"selector":{`...)
	for i, column := range l.targets {
		target := cell(r, column)
		if len(target) == 0 {
			continue
		}
		if i > 0 {
			text = append(text, ',')
		}
		text = append(append(append(text, '"'), l.kind.targets[i]...), `":`...)
		text = appendText(text, target)
	}
	text = append(text, '}')
	for n, column := range l.amounts {
		if price := cell(r, column); len(price) > 0 {
			text = append(append(append(text, `,"`...), amountNames[n]...), `":`...)
			text = strconv.AppendInt(text, parseAmount(price, l.units).cents, 10)
		}
	}
	return append(text, '}')
}

// appendText writes a JSON text. The value is UTF-8, as every cell is that was checked.
func appendText(text, value []byte) []byte {
	const hexadecimal = "0123456789abcdef"
	text = append(text, '"')
	for _, c := range value {
		switch {
		case c == '"' || c == '\\':
			text = append(text, '\\', c)
		case c < ' ':
			text = append(text, '\\', 'u', '0', '0', hexadecimal[c>>4], hexadecimal[c&15])
		default:
			text = append(text, c)
		}
	}
	return append(text, '"')
}
