package vendors

import (
	"encoding/json"
	"strconv"
	"strings"
)

// A Shape lists the members that a JSON object of a vendor's document has. One that holds other
// objects, by itself or in a list, has their shape.
type Shape map[string]Shape

// Others gathers the members of a body that have no place in the shape, as ShownText, by their place:
// "variants.2.season". It goes through lists, and knows members whatever the case of their letters, as
// encoding/json does. A body that is no JSON has none.
func (s Shape) Others(body []byte) map[string]string {
	others := make(map[string]string)
	s.others(body, "", others)
	return others
}

func (s Shape) others(value []byte, path string, others map[string]string) {
	var list []json.RawMessage
	if json.Unmarshal(value, &list) == nil {
		for i, item := range list {
			s.others(item, path+strconv.Itoa(i)+".", others)
		}
		return
	}
	var object map[string]json.RawMessage
	if json.Unmarshal(value, &object) != nil {
		return
	}
	for name, member := range object {
		switch below, known := s.member(name); {
		case !known:
			others[path+name] = ShownText(member)
		case below != nil:
			below.others(member, path+name+".", others)
		}
	}
}

func (s Shape) member(name string) (below Shape, known bool) {
	if below, known = s[name]; known {
		return below, true
	}
	for other := range s {
		if strings.EqualFold(other, name) {
			return s[other], true
		}
	}
	return nil, false
}

// ShownText is a JSON text as text; anything else stays JSON, and null is empty.
func ShownText(value []byte) string {
	if string(value) == "null" {
		return ""
	}
	var text string
	if len(value) > 0 && value[0] == '"' && json.Unmarshal(value, &text) == nil {
		return text
	}
	return string(value)
}
