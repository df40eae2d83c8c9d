package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// answer is what a vendor says to a call.
type answer struct {
	status    int
	mediaType string
	header    http.Header
	body      []byte
	stream    func(io.Writer) error // writes a body that is too long to be held; nil: see body
	message   string                // of an answer that is not a success, for the record
}

// set adds a header.
func (a *answer) set(name, value string) {
	if a.header == nil {
		a.header = make(http.Header)
	}
	a.header.Set(name, value)
}

// message is an answer of the form {"message": "..."}.
func message(status int, text string) answer {
	var body bytes.Buffer
	out := json.NewEncoder(&body)
	out.SetEscapeHTML(false)
	out.Encode(struct {
		Message string `json:"message"`
	}{text})
	return answer{status: status, mediaType: "application/json", body: body.Bytes(), message: text}
}

// plain is an answer whose body is a plain text.
func plain(status int, text string) answer {
	return answer{status: status, mediaType: "text/plain; charset=utf-8", body: []byte(text), message: text}
}

// internal is the answer to a failure of the sandbox itself.
func internal(err error) answer {
	return message(http.StatusInternalServerError, "sandbox: "+err.Error())
}

func (a *answer) writeHeader(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	if a.mediaType != "" {
		w.Header().Set("Content-Type", a.mediaType)
	}
	w.Header().Set("X-Content-Type-Options", "nosniff")
}

// write sends the answer.
func (a answer) write(w http.ResponseWriter) {
	a.writeHeader(w)
	if a.stream == nil && a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	if a.stream == nil {
		w.Write(a.body)
		return
	}
	if a.stream(w) != nil {
		panic(http.ErrAbortHandler) // a broken answer must not look like a whole one
	}
}

// cut sends the header and half of the body, then cuts the connection. An answer without a body loses
// its status line instead.
func (a answer) cut(w http.ResponseWriter) {
	if body := a.whole(); len(body) > 0 {
		a.begin(w, len(body))
		w.Write(body[:len(body)/2])
		http.NewResponseController(w).Flush()
	}
	panic(http.ErrAbortHandler)
}

// trickle sends the header at once and the body in pieces, with a pause after each.
func (a answer) trickle(w http.ResponseWriter, pieces int, pause func()) {
	body := a.whole()
	a.begin(w, len(body))
	for i := range pieces {
		w.Write(body[len(body)*i/pieces : len(body)*(i+1)/pieces])
		http.NewResponseController(w).Flush()
		pause()
	}
}

// whole returns the body, also that of a stream; of one that breaks nothing.
func (a answer) whole() []byte {
	if a.stream == nil {
		return a.body
	}
	var whole bytes.Buffer
	if a.stream(&whole) != nil {
		return nil
	}
	return whole.Bytes()
}

// begin sends the header of an answer whose body has this length.
func (a answer) begin(w http.ResponseWriter, length int) {
	a.writeHeader(w)
	if a.status != http.StatusNoContent {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	w.WriteHeader(a.status)
}

// reset has the connection end with RST in place of FIN. Where the connection cannot be had, as in
// tests without a server, nothing happens.
func reset(w http.ResponseWriter) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	if tcp, ok := connection.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	connection.Close()
}

// The longest bodies that are read, in bytes: of most resources, and of those that may be a list of a
// million prices.
const (
	maxBody = 8 << 20
	maxLong = 512 << 20
)

// read takes the path apart and reads the body. It returns false and what to answer when it cannot.
func (c *call) read(w http.ResponseWriter, r *http.Request, v *vendor) (answer, bool) {
	for part := range strings.SplitSeq(strings.TrimPrefix(strings.TrimPrefix(c.path, v.path), "/"), "/") {
		unescaped, err := url.PathUnescape(part)
		if err != nil {
			return message(http.StatusBadRequest, "the path cannot be read: "+err.Error()), false
		}
		c.parts = append(c.parts, unescaped)
	}
	longest := int64(maxBody)
	if slices.Contains(v.long, c.parts[0]) {
		longest = maxLong
	}
	var err error
	c.body, err = readBody(w, r, longest)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return message(http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is longer than %d bytes", longest)), false
	case err != nil:
		panic(http.ErrAbortHandler) // the client went away
	}
	return answer{}, true
}

// readBody reads the body into a buffer of the announced size, when that is small enough to be
// believed.
func readBody(w http.ResponseWriter, r *http.Request, longest int64) ([]byte, error) {
	var body bytes.Buffer
	if r.ContentLength > 0 && r.ContentLength < 1<<20 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, longest))
	return body.Bytes(), err
}

// bearer reports whether a call has the bearer token that is wanted.
func (s *stage) bearer(c *call) bool {
	scheme, token, _ := strings.Cut(c.header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return strings.EqualFold(scheme, "Bearer") && token != "" && (s.token == "" || token == s.token)
}
