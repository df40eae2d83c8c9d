package faslet

import (
	"iter"
	"strings"
	"unicode/utf8"

	"bulkload/vendors"
)

// counted yields each message once, in the order in which they came first, and how often it came.
func counted(messages []string) iter.Seq2[string, int] {
	counts := make(map[string]int, len(messages))
	var order []string
	for _, message := range messages {
		if counts[message] == 0 {
			order = append(order, message)
		}
		counts[message]++
	}
	return func(yield func(string, int) bool) {
		for _, message := range order {
			if !yield(message, counts[message]) {
				return
			}
		}
	}
}

// meant returns the returns that a message may mean, by their places in the list: those of the order that
// it names, and of these, when it names a SKU, a product or an own number too, those that have it.
func meant(sent []Return, message string) []int {
	order, rest := orderIn(sent, message)
	var found []int
	for i := range sent {
		if order != "" && sent[i].OrderID == order {
			found = append(found, i)
		}
	}
	for _, name := range [...]func(*Return) string{
		func(r *Return) string { return r.ExternalID },
		func(r *Return) string { return r.SKU },
		func(r *Return) string { return r.ProductID },
	} {
		found = narrowed(sent, found, rest, name)
	}
	return found
}

// narrowed keeps the returns whose name a message holds, when it holds that of some but not of all.
func narrowed(sent []Return, found []int, message string, name func(*Return) string) []int {
	var named []int
	for _, i := range found {
		if vendors.HoldsWord(message, name(&sent[i])) {
			named = append(named, i)
		}
	}
	if len(named) == 0 {
		return found
	}
	return named
}

// orderIn returns the order that a message names: what ends it after the word order, as in the document's
// example, else the longest number of an order that it holds. It is empty when the message names none of
// the list. The rest is the message without it, so that a SKU of the same letters is not found in it.
func orderIn(sent []Return, message string) (order, rest string) {
	if before, last, ok := cutLast(message, "order "); ok {
		for i := range sent {
			if order := sent[i].OrderID; last == order || strings.Trim(last, `"'. `) == order {
				return order, before
			}
		}
	}
	rest = message
	for i := range sent {
		if longer := sent[i].OrderID; len(longer) > len(order) {
			if at := placeOfName(message, longer); at >= 0 {
				order, rest = longer, message[:at]+message[at+len(longer):]
			}
		}
	}
	return order, rest
}

// placeOfName finds a number that people join of parts, -1 when a text does not hold it: 1234 does not stand in
// "1234-5".
func placeOfName(text, name string) int {
	for start := 0; ; {
		at := strings.Index(text[start:], name)
		if at < 0 || name == "" {
			return -1
		}
		at += start
		if !joined(lastTwo(text[:at])) && !joined(firstTwo(text[at+len(name):])) {
			return at
		}
		_, size := utf8.DecodeRuneInString(text[at:])
		start = at + size
	}
}

// joined reports whether a name goes on with the two characters beside it, the nearer one first.
func joined(near, far rune) bool {
	return vendors.InWord(near) || strings.ContainsRune("-/.#:", near) && vendors.InWord(far)
}

func lastTwo(text string) (last, other rune) {
	last, size := utf8.DecodeLastRuneInString(text)
	other, _ = utf8.DecodeLastRuneInString(text[:len(text)-size])
	return last, other
}

func firstTwo(text string) (first, other rune) {
	first, size := utf8.DecodeRuneInString(text)
	other, _ = utf8.DecodeRuneInString(text[size:])
	return first, other
}

// cutLast cuts text around the last word, whose first letter may be a capital.
func cutLast(text, word string) (before, after string, ok bool) {
	at := max(strings.LastIndex(text, word), strings.LastIndex(text, strings.ToUpper(word[:1])+word[1:]))
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+len(word):], true
}

// traceReturn finds the field that a message names, "returnDate is invalid for order 1234".
func traceReturn(e *vendors.Entity, message string) (record int, field string) {
	if len(e.Records) == 0 {
		return 0, ""
	}
	return 0, fieldIn(e, message, "orderId")
}

// fieldIn returns the column whose field's name a message holds, also one of several words ("Product
// URL"): the longest of them. It is otherwise when there is none.
func fieldIn(e *vendors.Entity, message, otherwise string) string {
	words, longest := folded(message), 0
	field := otherwise
	for i := range e.Records[0].Layout.Columns {
		name := e.Records[0].Layout.Columns[i].Name
		own := name[strings.LastIndexByte(name, '.')+1:]
		for _, text := range [...]string{name, own} {
			if f := folded(text); len(f) > longest && (vendors.HoldsWord(message, text) || len(f) > 6 && strings.Contains(words, f)) {
				field, longest = name, len(f)
			}
		}
	}
	return field
}
