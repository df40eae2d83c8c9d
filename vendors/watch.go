package vendors

import (
	"net/http"
	"time"
)

// ShownBytes is how much of a body an Exchange shows.
const ShownBytes = 4 << 10

// An Exchange is a request and what came of it, to be looked at by people: credentials, and whatever
// repeats them or is named like them, are *** in all of it.
type Exchange struct {
	At           time.Time // the request left
	Took         time.Duration
	Method, URL  string
	Header       http.Header
	Body         []byte // its beginning, at most ShownBytes
	BodySize     int    // of all of it
	Status       int    // 0: no answer came
	AnswerHeader http.Header
	Answer       []byte // its beginning, at most ShownBytes
	AnswerSize   int    // of what came of it
	Err          error  // why no whole answer came
}

func (c *Client) exchanged(sent time.Time, body []byte, r *http.Request, answer *http.Response, answerBody []byte, err error) *Exchange {
	redactor := c.redactor(r)
	x := &Exchange{At: sent, Took: c.Now().Sub(sent), Method: r.Method, URL: redactor.address(r.URL), Header: redactor.headers(r.Header),
		Body: redactor.Head(body, ShownBytes), BodySize: len(body),
		Answer: redactor.Head(answerBody, ShownBytes), AnswerSize: len(answerBody), Err: redactor.err(err)}
	if answer != nil {
		x.Status, x.AnswerHeader = answer.StatusCode, redactor.headers(answer.Header)
	}
	return x
}

// redactor knows the secrets that a request carries.
func (c *Client) redactor(r *http.Request) *Redactor {
	return NewRedactor(credentials(c.Account, r.Header)...)
}

// Redact puts *** in the place of the account's secrets, for a vendor's words that come with a success.
func (c *Client) Redact(text string) string { return NewRedactor(c.Account.Token).Text(text) }

// err returns the error with *** in the place of secrets in its words.
func (r *Redactor) err(err error) error {
	if err == nil {
		return nil
	}
	if text := r.Text(err.Error()); text != err.Error() {
		return &redactedError{text, err}
	}
	return err
}

// redactedError has other words than its cause.
type redactedError struct {
	text  string
	cause error
}

func (e *redactedError) Error() string { return e.text }
func (e *redactedError) Unwrap() error { return e.cause }
