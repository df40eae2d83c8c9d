package vendors

import (
	"bytes"
	"cmp"
	"context"
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
	"sync"
	"time"
)

// A Client sends requests to one account of a vendor. It is used by many goroutines at once.
type Client struct {
	Account   *Account
	Authorize func(*http.Request, *Account) error
	HTTP      *http.Client
	Agent     string // User-Agent
	Now       func() time.Time
	Pace      Pace // nil: requests leave at once
	// Class names the kind of endpoint that a request goes to, when a vendor's limits differ by more
	// than reading and writing. Nil: ClassOf.
	Class func(Request) string
	// Again decides whether a GET that failed is sent once more, and waits as long as it should.
	// Nil: never. What writes is repeated by the caller, who knows what that does.
	Again func(ctx context.Context, attempt int, err error) bool
	// Explain is the vendor's Explain.
	Explain func(Request, *APIError) string
	// Leaving is called when a request that writes has its slot, just before it leaves; an error of it
	// keeps the request back. Nil: nobody wants to know.
	Leaving func(ctx context.Context) error
	// Watch is told of every exchange, when it has ended, by many goroutines. Nil: nobody watches.
	Watch func(*Exchange)
}

// Pace is how fast requests may leave, and how many at once. It belongs to the account: all its
// workers share one.
type Pace interface {
	// Slot waits until one more request of a class may leave. The caller then calls ended once, with
	// the request's error: what a vendor's answer says about its limits is taken from that. Of an
	// error that is neither an *APIError nor a *TransportError it is known that nothing left.
	Slot(ctx context.Context, class string) (ended func(error), err error)
}

// The classes of requests for which ClassOf finds a pace. A vendor may have others.
const (
	Reading = "reading"
	Writing = "writing"
)

// ClassOf tells what reads from what writes by the method.
func ClassOf(r Request) string {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return Reading
	}
	return Writing
}

// A Request is one call of a vendor's API.
type Request struct {
	Method string
	Path   string // below the account's address, parts escaped with url.PathEscape
	Query  url.Values
	// RawQuery goes behind Query as it is, for values that a vendor wants back unescaped.
	RawQuery string
	Header   http.Header
	Body     []byte
	// Stream takes the place of a Body that is too long to be held: it begins the body anew each time the
	// request is sent, and is not read any more when Do returns. Length is the body's, in bytes.
	Stream func() io.Reader
	Length int64
	// Longest is the longest answer that is read, in bytes; 0: MaxAnswer.
	Longest int64
	// Unread is set when the body of a success tells nothing new: however long, it is read and dropped.
	Unread bool
	// JSON is set when the vendor answers this call with JSON: a success with anything else did not
	// come from the vendor, but from something on the way, and is a *TransportError.
	JSON bool
	// Answers lists statuses, beside those of 2xx, with which the vendor answers the question of this call
	// instead of refusing it, as with 404 for a product that it does not know: Do returns a Response then.
	Answers []int
}

// A Response is a vendor's answer with a status of 2xx, or with one of the request's Answers.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// MaxAnswer is the largest answer a Client reads, in bytes.
const MaxAnswer int64 = 64 << 20

// An APIError is a vendor's answer that is not a success.
type APIError struct {
	Status     int
	Code       string        // the vendor's own code, when it gives one
	Message    string        // the vendor's words, shortened
	Advice     string        // what it means and what to do, in our words; empty: nothing to add
	RetryAfter time.Duration // how long the vendor asks to wait; 0 when it does not say
}

// Error gives status, code, message and advice.
func (e *APIError) Error() string {
	text := "HTTP " + strconv.Itoa(e.Status)
	if name := http.StatusText(e.Status); name != "" {
		text += " " + name
	}
	for _, part := range []string{e.Code, e.Message} {
		if part != "" {
			text += ": " + part
		}
	}
	if e.Advice != "" {
		text += " (" + e.Advice + ")"
	}
	return text
}

// Temporary reports whether the same request may succeed later: 408, 425, 429 and 5xx but 501 and 505.
func (e *APIError) Temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return e.Status >= 500
}

// Unauthorised reports whether the account itself was turned away: 401 and 403.
func (e *APIError) Unauthorised() bool {
	return e.Status == http.StatusUnauthorized || e.Status == http.StatusForbidden
}

// A TransportError says that no whole answer came: the request may have been applied.
type TransportError struct {
	Method, Path string
	Err          error
}

// Error tells which request and why.
func (e *TransportError) Error() string { return fmt.Sprintf("%s %s: %v", e.Method, e.Path, e.Err) }

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.Err }

// Unsent reports whether the request surely never reached the vendor: no connection was made.
func (e *TransportError) Unsent() bool {
	var operation *net.OpError
	return errors.As(e.Err, &operation) && operation.Op == "dial"
}

// Do waits for a slot and sends the request. A status other than 2xx is an *APIError; no whole
// answer is a *TransportError.
func (c *Client) Do(ctx context.Context, request Request) (*Response, error) {
	for attempt := 1; ; attempt++ {
		response, err := c.once(ctx, request)
		if err == nil || request.Method != http.MethodGet || c.Again == nil || !c.Again(ctx, attempt, err) {
			return response, err
		}
	}
}

func (c *Client) once(ctx context.Context, request Request) (*Response, error) {
	ended := func(error) {}
	if c.Pace != nil {
		var err error
		if ended, err = c.Pace.Slot(ctx, c.class(request)); err != nil {
			return nil, fmt.Errorf("wait for a slot: %w", err)
		}
	}
	response, err := c.exchange(ctx, request)
	ended(err)
	return response, err
}

func (c *Client) class(request Request) string {
	if c.Class != nil {
		return c.Class(request)
	}
	return ClassOf(request)
}

// exchange sends a request that has its slot, and reads the answer.
func (c *Client) exchange(ctx context.Context, request Request) (*Response, error) {
	var lent sync.WaitGroup // bodies that the transport still reads; they may be made of memory that is soon used again
	r, err := c.prepare(ctx, request, &lent)
	if err != nil {
		return nil, err
	}
	if c.Leaving != nil && request.Method != http.MethodGet {
		if err := c.Leaving(ctx); err != nil {
			return nil, err
		}
	}
	if c.Account.Timeout > 0 {
		ctx, cancel := context.WithTimeout(ctx, c.Account.Timeout)
		defer cancel()
		r = r.WithContext(ctx)
	}
	var sent time.Time
	if c.Watch != nil {
		sent = c.Now()
	}
	answer, body, err := c.roundTrip(r, request)
	lent.Wait()
	if c.Watch != nil {
		c.Watch(c.exchanged(sent, request.Body, r, answer, body, err))
	}
	if err != nil {
		return nil, &TransportError{request.Method, request.Path, c.redactor(r).err(err)}
	}
	if !isSuccess(answer) {
		if slices.Contains(request.Answers, answer.StatusCode) {
			return &Response{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
		}
		refusal := c.apiError(r, answer, body)
		refusal.Advice = leadsTo(answer)
		if c.Explain != nil {
			refusal.Advice = cmp.Or(refusal.Advice, c.Explain(request, refusal))
		}
		return nil, refusal
	}
	if request.JSON && !request.Unread && answer.StatusCode != http.StatusNoContent && !json.Valid(body) {
		return nil, &TransportError{request.Method, request.Path, fmt.Errorf("the answer with status %d is not JSON", answer.StatusCode)}
	}
	return &Response{Status: answer.StatusCode, Header: answer.Header, Body: body}, nil
}

func isSuccess(answer *http.Response) bool {
	return answer.StatusCode >= 200 && answer.StatusCode <= 299
}

// roundTrip sends a request and reads the whole answer, which is not nil when a part of it came.
func (c *Client) roundTrip(r *http.Request, request Request) (*http.Response, []byte, error) {
	direct := *c.HTTP
	direct.CheckRedirect = staysThere
	answer, err := direct.Do(r)
	if err != nil {
		return nil, nil, withoutURL(err)
	}
	defer answer.Body.Close()
	if request.Unread && isSuccess(answer) {
		return answer, nil, drop(answer.Body, request.JSON && answer.StatusCode != http.StatusNoContent)
	}
	longest := cmp.Or(request.Longest, MaxAnswer)
	body, err := io.ReadAll(io.LimitReader(answer.Body, longest+1))
	if err == nil && int64(len(body)) > longest {
		err = fmt.Errorf("the answer is longer than %d bytes", longest)
	}
	return answer, body, err
}

// staysThere follows a redirection that asks for the same request at the same host. Another one would be sent to where
// its secrets do not belong, or a write would become a read, whose success tells nothing of what was to be stored:
// then the redirection is the answer.
func staysThere(next *http.Request, before []*http.Request) error {
	first := before[0]
	if next.Method != first.Method || next.URL.Host != first.URL.Host ||
		next.URL.Scheme != first.URL.Scheme && next.URL.Scheme != "https" || len(before) >= mostRedirections {
		if next.Body != nil { // begun anew for a request that does not leave, and closed by nobody else
			next.Body.Close()
		}
		return http.ErrUseLastResponse
	}
	return nil
}

const mostRedirections = 10

// leadsTo is advice about a redirection that was not followed.
func leadsTo(answer *http.Response) string {
	to, err := answer.Location()
	if err != nil || answer.StatusCode >= http.StatusBadRequest {
		return ""
	}
	return fmt.Sprintf("the address leads on to %s://%s; if the vendor is there, make that the account's base URL", to.Scheme, to.Host)
}

// drop reads an answer to its end. Of one that must be JSON it only sees that it begins like it.
func drop(body io.Reader, isJSON bool) error {
	start := make([]byte, 512)
	n, err := io.ReadFull(body, start)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	if text := bytes.TrimLeft(start[:n], " \t\r\n"); isJSON && (len(text) == 0 || text[0] != '{' && text[0] != '[') {
		return errors.New("the answer is not JSON")
	}
	_, err = io.Copy(io.Discard, body)
	return err
}

// lend counts a body as lent until the transport closes it, which it does whatever happens.
func lend(body io.Reader, lent *sync.WaitGroup) io.ReadCloser {
	lent.Add(1)
	return &lentBody{body: body, back: lent.Done}
}

// lentBody is not read once it is closed. The transport may close it while another goroutine reads it.
type lentBody struct {
	mu   sync.Mutex
	body io.Reader // nil: closed
	back func()
}

// Read reads the body until it is closed.
func (b *lentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.body == nil {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.body.Read(p)
}

// Close gives the body back when the reading that is going on has ended.
func (b *lentBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.body != nil {
		b.body = nil
		b.back()
	}
	return nil
}

func (c *Client) prepare(ctx context.Context, request Request, lent *sync.WaitGroup) (*http.Request, error) {
	address := c.Account.BaseURL + request.Path
	if query := joinQuery(request.Query.Encode(), request.RawQuery); query != "" {
		address += "?" + query
	}
	var body io.Reader
	if request.Body != nil {
		body = bytes.NewReader(request.Body)
	}
	r, err := http.NewRequestWithContext(ctx, request.Method, address, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	for name, values := range request.Header {
		r.Header[name] = values
	}
	r.Header.Set("User-Agent", c.Agent)
	if err := c.Authorize(r, c.Account); err != nil {
		return nil, fmt.Errorf("authorise request: %w", err)
	}
	if request.Stream != nil {
		r.ContentLength = request.Length
		r.Body = lend(request.Stream(), lent)
		r.GetBody = func() (io.ReadCloser, error) { return lend(request.Stream(), lent), nil }
	}
	return r, nil
}

func joinQuery(escaped, raw string) string {
	if escaped == "" || raw == "" {
		return escaped + raw
	}
	return escaped + "&" + raw
}

// withoutURL takes the address, which may carry a secret, out of the HTTP client's error.
func withoutURL(err error) error {
	if wrapped, ok := err.(*url.Error); ok {
		return wrapped.Err
	}
	return err
}

// apiError takes the vendor's words, without the secrets that it may repeat.
func (c *Client) apiError(r *http.Request, answer *http.Response, body []byte) *APIError {
	e := &APIError{Status: answer.StatusCode, RetryAfter: c.retryAfter(answer.Header)}
	code, message := errorText(body)
	redactor := c.redactor(r)
	e.Code, e.Message = redactor.Text(code), shorten(redactor.Text(message))
	return e
}

// longestWait bounds Retry-After: a vendor that asks for more has made a mistake.
const longestWait = 30 * 24 * time.Hour

// retryAfter reads the header's two forms, seconds and an HTTP date. A date is by the vendor's clock,
// so it counts from the answer's own date; ours serves only where there is none.
func (c *Client) retryAfter(header http.Header) time.Duration {
	value := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.Atoi(value); err == nil && seconds > 0 {
		return time.Duration(min(seconds, int(longestWait/time.Second))) * time.Second
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	now, err := http.ParseTime(header.Get("Date"))
	if err != nil {
		now = c.Now()
	}
	return min(longestWait, max(0, at.Sub(now)))
}

// errorText finds the vendor's words in an error's body: the JSON members code and message (or
// error), else the text itself when it is not HTML.
func errorText(body []byte) (code, message string) {
	var object struct {
		Code    any    `json:"code"`
		Message string `json:"message"`
		Error   any    `json:"error"`
	}
	if err := json.Unmarshal(body, &object); err == nil {
		if object.Code != nil {
			code = fmt.Sprint(object.Code)
		}
		message = object.Message
		if message == "" {
			message = errorMessage(object.Error)
		}
		if message != "" {
			return code, message
		}
	}
	text := strings.TrimSpace(string(body))
	if strings.HasPrefix(text, "<") {
		return code, ""
	}
	return code, text
}

// errorMessage reads an error that is a text, or an object with a message.
func errorMessage(value any) string {
	if object, ok := value.(map[string]any); ok {
		value = object["message"]
	}
	text, _ := value.(string)
	return text
}

// shorten cuts text to 500 characters and takes line ends out.
func shorten(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 500 {
		return string(runes[:499]) + "…"
	}
	return text
}
