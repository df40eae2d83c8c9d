package faslet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// readErrors reads the errors that an answer lists, in their order, and the one that it has by itself
// (faslet:194). listed tells whether it has the member errors, which the answer to returns always has
// (faslet:70). An element without words is an error all the same, and its JSON stands for them.
func readErrors(body []byte) (messages []string, listed bool, err error) {
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '{' {
		return nil, false, errors.New("the answer is not a JSON object")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return nil, false, fmt.Errorf("the answer is not the vendor's: %w", err)
	}
	if one := members["error"]; isSet(one) {
		messages = append(messages, wordsOf(one))
	}
	all, listed := members["errors"]
	if !isSet(all) {
		return messages, listed, nil
	}
	var list []json.RawMessage
	if json.Unmarshal(all, &list) != nil {
		return append(messages, wordsOf(all)), true, nil
	}
	for _, element := range list {
		messages = append(messages, wordsOf(element))
	}
	return messages, true, nil
}

func isSet(value json.RawMessage) bool {
	text := string(bytes.TrimSpace(value))
	return text != "" && text != "null" && text != "{}" && text != `""`
}

// wordsOf are the message of a Return Error, a text that stands in its place, or else its JSON.
func wordsOf(element json.RawMessage) string {
	var text string
	if json.Unmarshal(element, &text) == nil && strings.TrimSpace(text) != "" {
		return shortened(text)
	}
	var returned struct {
		Message any `json:"message"`
	}
	if json.Unmarshal(element, &returned) == nil {
		if text, ok := returned.Message.(string); ok && strings.TrimSpace(text) != "" {
			return shortened(text)
		}
	}
	return shortened(string(element))
}

// folded drops case, blanks and punctuation, so that "Product URL" is productUrl.
func folded(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, text)
}
