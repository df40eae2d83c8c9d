package vendors

import "time"

// IsInstant reports whether a text is a date with its time and zone in the extended form of ISO 8601:
// 2026-03-01T18:40:00Z or 2026-03-01T18:40:00.5+01:00, the seconds with up to nine decimals. The package time
// also takes hours of one digit, a comma before the decimals, and zones a day away. It does not allocate.
func IsInstant(text []byte) bool {
	const form = "0000-00-00T00:00:00"
	if len(text) <= len(form) || len(text) > len(form)+len(".000000000+00:00") {
		return false
	}
	for i := range len(form) {
		if c := text[i]; form[i] == '0' && !isDigit(c) || form[i] != '0' && c != form[i] {
			return false
		}
	}
	zone := text[len(form):]
	if zone[0] == '.' {
		end := 1
		for end < len(zone) && isDigit(zone[end]) {
			end++
		}
		if end == 1 || end > 10 {
			return false
		}
		zone = zone[end:]
	}
	if string(zone) != "Z" && !isOffset(zone) {
		return false
	}
	var at time.Time
	return at.UnmarshalText(text) == nil // the day is one of its month
}

// isOffset reports whether a text is a zone such as +01:00.
func isOffset(text []byte) bool {
	const form = "+00:00"
	if len(text) != len(form) || text[0] != '+' && text[0] != '-' {
		return false
	}
	for i := 1; i < len(form); i++ {
		if form[i] == '0' && !isDigit(text[i]) || form[i] != '0' && text[i] != form[i] {
			return false
		}
	}
	return string(text[1:3]) < "24" && text[4] < '6'
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
