package sandbox

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"bulkload/vendors/fashionai/vocabulary"
)

// fashionAIPath is the one endpoint that the document has.
const fashionAIPath = "/fashionai/recommendation"

// fashionAI plays Fashion.AI's Personalization API. It keeps every event under what tells it from others, so
// that one that came twice is seen.
var fashionAI = &vendor{
	name:   "fashionai",
	path:   fashionAIPath,
	stores: []string{"category-view", "shop-the-look"},
	play: func(s *stage) func(*call) answer {
		f := &recommender{s}
		return f.answer
	},
}

// recommender answers events.
type recommender struct{ *stage }

// answer answers a call. The document has one endpoint, to which nothing is appended.
func (f *recommender) answer(c *call) answer {
	if c.path != fashionAIPath {
		return message(http.StatusNotFound, fmt.Sprintf("there is no %s; events go to %s", c.path, fashionAIPath))
	}
	if refusal := f.admit(c); refusal != nil {
		return *refusal
	}
	n, err := parseJSON(c.body)
	if err == nil {
		err = object(&n, eventMembers)
	}
	if err != nil {
		return message(http.StatusBadRequest, err.Error())
	}
	e := readEvent(&n)
	name := map[string]string{vocabulary.CategoryView: "category-view", vocabulary.ShopTheLook: "shop-the-look"}[e.kind]
	id := strings.Join([]string{e.session, e.id, e.user}, "|")
	if _, err := f.stores[name].put(id, 0, c.body, false); err != nil {
		return internal(err)
	}
	if err := c.apply(id, c.body); err != nil {
		return internal(err)
	}
	body, err := json.Marshal(map[string][]string{"products": e.products()})
	if err != nil {
		return internal(err)
	}
	return answer{status: http.StatusOK, mediaType: "application/json", body: body}
}

// admit turns away what is no call of a shop's server with a token.
func (f *recommender) admit(c *call) *answer {
	refuse := func(status int, format string, arguments ...any) *answer {
		a := message(status, fmt.Sprintf(format, arguments...))
		return &a
	}
	token := strings.TrimSpace(c.header.Get(vocabulary.TokenHeader))
	mediaType, _, err := mime.ParseMediaType(c.header.Get("Content-Type"))
	switch {
	case c.method != http.MethodPost:
		a := refuse(http.StatusMethodNotAllowed, "%s is not answered, events are posted", c.method)
		a.set("Allow", http.MethodPost)
		return a
	case c.header.Get("Origin") != "":
		return refuse(http.StatusForbidden, "browsers are not answered (CORS): there is an Origin header")
	case token == "" || f.token != "" && token != f.token:
		return refuse(http.StatusUnauthorized, "the header %s has no valid app token", vocabulary.TokenHeader)
	case err != nil || mediaType != "application/json":
		return refuse(http.StatusUnsupportedMediaType, "Content-Type must be application/json, not %q", c.header.Get("Content-Type"))
	case c.query != "":
		return refuse(http.StatusBadRequest, "there are no query parameters, but %q was sent", c.query)
	}
	return nil
}

// eventMembers are those of the document's request body.
var eventMembers = []member{
	{name: "userId", check: userNumber},
	{name: "sessionId", required: true, check: someText},
	{name: "eventType", required: true, check: oneOf([]string{vocabulary.CategoryView, vocabulary.ShopTheLook})},
	{name: "data", required: true, check: objectOf([]member{{name: "id", required: true, check: someText}})},
}

// userNumber wants a number as the document shows a user's: digits.
func userNumber(n *node) error {
	if err := kind(n, jsonNumber); err != nil {
		return err
	}
	if strings.Trim(n.text, "0123456789") != "" {
		return misfitf("%s is not a whole number", n.text)
	}
	return nil
}

// shopEvent is an event that keeps the document's rules.
type shopEvent struct{ kind, user, session, id string }

func readEvent(n *node) shopEvent {
	e := shopEvent{kind: n.textOf("eventType"), session: n.textOf("sessionId")}
	if user, ok := n.member("userId"); ok {
		e.user = user.text
	}
	data, _ := n.member("data")
	e.id = data.textOf("id")
	return e
}

// products ranks the products of a category, or those of a look, the same for one shopper every time. Of a
// session whose ID begins with "new" nothing is known, unless its user is.
func (e *shopEvent) products() []string {
	if strings.HasPrefix(strings.ToLower(e.session), "new") && e.user == "" {
		return []string{}
	}
	count, name := 4+chance(e.kind, e.id)%9, "%s-product-%d"
	if e.kind == vocabulary.ShopTheLook {
		count, name = 2+chance(e.kind, e.id)%3, "%s-look-%d"
	}
	ranked := make([]string, count)
	for i := range ranked {
		ranked[i] = fmt.Sprintf(name, e.id, i+1)
	}
	slices.SortFunc(ranked, func(a, b string) int {
		return cmp.Or(cmp.Compare(chance(e.user, e.session, a), chance(e.user, e.session, b)), strings.Compare(a, b))
	})
	return ranked
}

// chance is a number that follows from texts and looks as if by chance.
func chance(texts ...string) uint64 {
	var all []byte
	for _, text := range texts {
		all = strconv.AppendQuote(all, text)
	}
	sum := sha256.Sum256(all)
	return binary.BigEndian.Uint64(sum[:8])
}
