package fashiontrade

import (
	"encoding/json"
	"strconv"
	"strings"

	"bulkload/vendors/fashiontrade/vocabulary"
	"bulkload/vendors/schema"
)

// Quantity is an amount of stock as it is sent: exact, with a value, or infinite, without one.
type Quantity struct {
	Type  string      `json:"type"`
	Value json.Number `json:"value,omitempty"`
}

// infinite is the word of a cell for stock that does not end.
const infinite = "infinite"

// The rules of quantities.
var (
	quantityWrong = &schema.Rule{ID: "quantity.wrong", Clause: clause(3952),
		Sentence: "a quantity is a whole number from 0, or infinite"}
	piecesWrong = &schema.Rule{ID: "quantity.pieces", Clause: clause(3700),
		Sentence: "a prepack holds a whole number of pieces of a variant, from 1 to 2147483647"}
)

// quantityField is the column of an amount of stock. The line is that of its member in the document.
func quantityField(line int, what string) schema.Field {
	return schema.Field{Name: "quantity", Clause: clause(line), Required: true, Example: "120",
		Doc:    "How many pieces of " + what + " there are: a whole number from 0, or infinite.",
		Checks: []schema.Check{{Rule: quantityWrong, OK: isQuantity, Explain: explainQuantity}},
		Synonyms: []string{"qty", "stock", "stock quantity", "available", "availability", "on hand", "inventory", "units", "value", "bestand",
			"lagerbestand", "menge", "verfügbar", "voorraad", "aantal", "beschikbaar", "quantité", "disponible", "quantità", "giacenza"}}
}

// isQuantity reports whether a cell is infinite or an int64 that is not negative, in digits only.
func isQuantity(value []byte) bool {
	if string(value) == infinite {
		return true
	}
	return len(skipDigits(value)) == 0 && inRange(value, "9223372036854775807")
}

// isPieces reports whether a cell is an int32 from 1, in digits only.
func isPieces(value []byte) bool {
	return len(skipDigits(value)) == 0 && inRange(value, "2147483647") && string(withoutZeros(value)) != "0"
}

// inRange reports whether digits make a number that is not above the greatest.
func inRange(digits []byte, greatest string) bool {
	digits = withoutZeros(digits)
	return len(digits) > 0 && (len(digits) < len(greatest) || len(digits) == len(greatest) && string(digits) <= greatest)
}

// withoutZeros cuts the zeros before a number, but leaves one digit.
func withoutZeros(digits []byte) []byte {
	for len(digits) > 1 && digits[0] == '0' {
		digits = digits[1:]
	}
	return digits
}

// quantityWords are words of feeds, in lower case, for stock that does not end.
var quantityWords = map[string]bool{"infinite": true, "infinity": true, "infinitequantity": true, "unlimited": true, "unendlich": true,
	"unbegrenzt": true, "onbeperkt": true, "oneindig": true, "illimité": true, "illimitato": true, "inf": true, "∞": true}

func explainQuantity(value string) (message, suggestion string) {
	lower := strings.ToLower(value)
	switch {
	case quantityWords[lower]:
		return strconv.Quote(value) + " must be written " + infinite, infinite
	case strings.HasPrefix(value, "-"):
		return "stock cannot be negative; a quantity is a whole number from 0, or infinite", ""
	}
	return explainWhole(value)
}

// explainWhole suggests the whole number that a value is when its sign, its decimal zeros and its groups
// of thousands are taken away. "1.000" may be one or a thousand, so nothing is suggested for it.
func explainWhole(value string) (message, suggestion string) {
	text := strings.TrimPrefix(value, "+")
	if at := decimalPoint([]byte(text)); at >= 0 && len(text)-at != len(",000") {
		text = text[:at]
	}
	if strings.Count(text, " ") > 0 && isGrouped(text, ' ') {
		text = strings.ReplaceAll(text, " ", "")
	}
	if text != value && isQuantity([]byte(text)) {
		return "", text
	}
	return "", ""
}

// isGrouped reports whether groups of three digits follow each separator, as in 12 000.
func isGrouped(text string, separator byte) bool {
	groups := strings.Split(text, string(separator))
	for i, group := range groups {
		if len(skipDigits([]byte(group))) > 0 || len(group) > 3 || len(group) == 0 || i > 0 && len(group) != 3 {
			return false
		}
	}
	return true
}

// quantityOf makes what is sent of a cell that isQuantity.
func quantityOf(cell []byte) Quantity {
	if string(cell) == infinite {
		return Quantity{Type: vocabulary.InfiniteQuantity}
	}
	return Quantity{Type: vocabulary.ExactQuantity, Value: json.Number(withoutZeros(cell))}
}

// cell writes the quantity as a feed does. One of a type that the document does not know is shown as it is.
func (q *Quantity) cell() string {
	switch q.Type {
	case vocabulary.InfiniteQuantity:
		return infinite
	case vocabulary.ExactQuantity:
		return string(canonicalWhole(q.Value))
	}
	return strings.TrimSpace(q.Type + " " + string(q.Value))
}

// canonical writes the value in one way, and drops the one that an infinite quantity has no use for.
func (q *Quantity) canonical() {
	q.Value = canonicalWhole(q.Value)
	if q.Type == vocabulary.InfiniteQuantity {
		q.Value = ""
	}
}

// canonicalWhole writes a whole number without point and zeros: 5 for 5.0. Other numbers stay as they are.
func canonicalWhole(number json.Number) json.Number {
	text := string(number)
	if whole, fraction, ok := strings.Cut(text, "."); ok && strings.Trim(fraction, "0") == "" {
		text = whole
	}
	if value, err := strconv.ParseInt(text, 10, 64); err == nil {
		return json.Number(strconv.FormatInt(value, 10))
	}
	return number
}
