package faslet

import (
	"strconv"
	"strings"
)

// placeIn reads the number that stands in a message between a word and a closing bracket, and returns
// what follows: 1 and ".price: ..." for "lineItems[1].price: ...". It is -1 when there is none.
func placeIn(message, open string) (number int, rest string) {
	_, after, _ := strings.Cut(message, open)
	digits, rest, closed := strings.Cut(after, "]")
	number, err := strconv.Atoi(strings.TrimSpace(digits))
	if !closed || err != nil || number < 0 {
		return -1, ""
	}
	return number, rest
}
