package fashiontrade

import (
	"strings"

	"bulkload/vendors/schema"
)

// The rules of one value of a field.
var (
	digitsGone = &schema.Rule{ID: "barcode.digits-gone", Clause: clause(4138),
		Sentence: "the spreadsheet threw digits of the barcode away; format the column as text and enter it again"}
	decimalBarcode = &schema.Rule{ID: "barcode.decimal", Clause: clause(4138),
		Sentence: "the barcode must not end in a decimal point and zeros; format the column as text"}
	checkDigit = &schema.Rule{ID: "barcode.check-digit", Clause: clause(4138), Severity: schema.Warning,
		Sentence: "the last digit of the barcode does not follow from the others, so a digit may be wrong"}
	hexCode = &schema.Rule{ID: "color.hex", Clause: clause(4145),
		Sentence: "a colour code is six hexadecimal digits without #, such as ff0000"}
)

// The rules of several fields or rows.
var (
	sizeMissing = &schema.Rule{ID: "size.missing", Clause: clause(4178),
		Sentence: "a size is required, unless the size type is OneSize"}
	sizeWrong = &schema.Rule{ID: "size.wrong", Clause: clause(3963),
		Sentence: "the size must be written as its size type asks for"}
	sizeUnknown = &schema.Rule{ID: "size.unknown", Clause: clause(3963),
		Sentence: "the size must fit one of the vendor's size types, or carry the type OtherSize"}
	sizeAmbiguous = &schema.Rule{ID: "size.ambiguous", Clause: clause(3963),
		Sentence: "a size that fits several size types needs its type in size_type"}
	sizeDropped = &schema.Rule{ID: "size.dropped", Clause: clause(2423), Severity: schema.Repair,
		Sentence: "OneSize is sent without a size"}
	sizeTypeTaken = &schema.Rule{ID: "size_type.taken", Clause: clause(3963), Severity: schema.Repair,
		Sentence: "the size type was empty and was taken from the size and the product's tags"}
	sizeTypeUnlisted = &schema.Rule{ID: "size_type.unlisted", Clause: clause(3158), Severity: schema.Warning,
		Sentence: "EuShirtSize has a definition, but the vendor's list of size types lacks it, so it may be refused"}
	sizeNameMissing = &schema.Rule{ID: "size_name.missing", Clause: clause(3468),
		Sentence: "OtherSize needs a size_name that says what kind of size it is"}
	sizeNameUnused = &schema.Rule{ID: "size_name.unused", Clause: clause(3468),
		Sentence: "only OtherSize has a size_name"}
	imageWithoutURL = &schema.Rule{ID: "image.url", Clause: clause(3945),
		Sentence: "what is said of an image needs the image's web address"}
	barcodeTwice = &schema.Rule{ID: "barcode.twice", Clause: clause(4138),
		Sentence: "two variants of a product must not share a barcode"}
	variantTwice = &schema.Rule{ID: "variant.twice", Clause: clause(4152),
		Sentence: "colour and size together must tell the variants of a product apart"}
	// variantMissing cannot be broken by a feed, where each row is a variant. It is listed so that
	// the rules are whole.
	variantMissing = &schema.Rule{ID: "variant.missing", Clause: clause(3900),
		Sentence: "a product needs at least one variant"}
)

// productRules lists the rules that Encode applies.
var productRules = []*schema.Rule{sizeMissing, sizeWrong, sizeUnknown, sizeAmbiguous, sizeDropped, sizeTypeTaken,
	sizeTypeUnlisted, sizeNameMissing, sizeNameUnused, imageWithoutURL, barcodeTwice, variantTwice, variantMissing}

var barcodeChecks = []schema.Check{
	{Rule: digitsGone, OK: func(value []byte) bool { return !isScientific(value) },
		Explain: func(value string) (string, string) {
			return "the spreadsheet wrote \"" + value +
				"\" and threw digits away; format the column as text and enter the barcode again", ""
		}},
	{Rule: decimalBarcode, OK: func(value []byte) bool { return decimalPoint(value) < 0 },
		Explain: func(value string) (string, string) { return "", value[:decimalPoint([]byte(value))] }},
	{Rule: checkDigit, OK: rightCheckDigit},
}

var hexChecks = []schema.Check{{Rule: hexCode, OK: isHex, Explain: explainHex}}

// isScientific reports whether a spreadsheet wrote a long number in short: 5,06011E+12. Text such as
// 1E5 may be a real code, so it needs a decimal sign or a plus.
func isScientific(value []byte) bool {
	rest := skipDigits(value)
	signs := 0
	if len(rest) == len(value) {
		return false
	}
	if len(rest) > 0 && (rest[0] == ',' || rest[0] == '.') {
		signs++
		rest = skipDigits(rest[1:])
	}
	if len(rest) == 0 || rest[0] != 'E' && rest[0] != 'e' {
		return false
	}
	rest = rest[1:]
	if len(rest) > 0 && rest[0] == '+' {
		signs++
		rest = rest[1:]
	}
	return signs > 0 && len(rest) > 0 && len(skipDigits(rest)) == 0
}

func skipDigits(text []byte) []byte {
	for len(text) > 0 && '0' <= text[0] && text[0] <= '9' {
		text = text[1:]
	}
	return text
}

// decimalPoint returns where the decimal point of a whole number stands ("5060110000000.0"), -1 when
// the value is not one.
func decimalPoint(value []byte) int {
	rest := skipDigits(value)
	at := len(value) - len(rest)
	if at == 0 || len(rest) < 2 || rest[0] != '.' && rest[0] != ',' {
		return -1
	}
	for _, c := range rest[1:] {
		if c != '0' {
			return -1
		}
	}
	return at
}

// rightCheckDigit judges barcodes of 8, 12, 13 and 14 digits; the vendor takes any other text too.
func rightCheckDigit(value []byte) bool {
	if n := len(value); n != 8 && (n < 12 || n > 14) || len(skipDigits(value)) > 0 {
		return true
	}
	sum, weight := 0, 1
	for i := len(value) - 1; i >= 0; i-- {
		sum += weight * int(value[i]-'0')
		weight = 4 - weight
	}
	return sum%10 == 0
}

func isHex(value []byte) bool {
	for _, c := range value {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return len(value) == 6
}

func explainHex(value string) (message, suggestion string) {
	digits := strings.TrimPrefix(strings.TrimPrefix(value, "#"), "0x")
	if len(digits) == 3 {
		digits = strings.Repeat(digits[:1], 2) + strings.Repeat(digits[1:2], 2) + strings.Repeat(digits[2:], 2)
	}
	if isHex([]byte(digits)) {
		return "", digits
	}
	return "", ""
}
