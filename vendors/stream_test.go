package vendors

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// lettered is a long body of one letter, made while it is read.
type lettered struct {
	letter byte
	length int64
}

func (l lettered) Open() io.Reader {
	return io.LimitReader(letters(l.letter), l.length)
}

type letters byte

func (l letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(l)
	}
	return len(p), nil
}

func TestStreamsAreSentWhole(t *testing.T) {
	body := lettered{letter: 'x', length: 3 << 20}
	client := clientOf(t, func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil || r.ContentLength != body.length || len(text) != int(body.length) || len(bytes.Trim(text, "x")) > 0 {
			t.Errorf("%d bytes of %d arrived, %v", len(text), r.ContentLength, err)
		}
		io.WriteString(w, `{"id":`+strings.Repeat(" ", int(MaxAnswer))+`1}`) // longer than answers that are held
	})
	request := Request{Method: "PUT", Path: "/", Stream: body.Open, Length: body.length, Unread: true, JSON: true}
	response, err := client.Do(context.Background(), request)
	if err != nil || response.Body != nil || response.Status != http.StatusOK {
		t.Fatalf("Do = %+v, %v", response, err)
	}
}

// TestStreamsAreNotReadAfterwards has the vendor answer, or leave, before the body has come: when Do
// returns, nobody reads the body any more, so its memory may be used again.
func TestStreamsAreNotReadAfterwards(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"an early refusal": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"a cut line":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"a redirection": func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/base/" {
				w.Header().Set("Location", "/there")
				w.WriteHeader(http.StatusTemporaryRedirect)
			}
		},
		"a redirection elsewhere": func(w http.ResponseWriter, r *http.Request) { // which is not followed
			w.Header().Set("Location", "https://elsewhere.invalid/there")
			w.WriteHeader(http.StatusTemporaryRedirect)
		},
	} {
		client := clientOf(t, handler)
		var over atomic.Bool
		memory := make([]byte, 1<<16)
		stream := func() io.Reader {
			return io.LimitReader(readerFunc(func(p []byte) (int, error) {
				if over.Load() {
					t.Errorf("%s: the body is read after Do has returned", name)
				}
				return copy(p, memory), nil // the race detector sees this beside the writing below
			}), 64<<20)
		}
		client.Do(context.Background(), Request{Method: "PUT", Path: "/", Stream: stream, Length: 64 << 20, Unread: true})
		over.Store(true)
		clear(memory)
	}
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestUnreadAnswers(t *testing.T) {
	for _, test := range []struct {
		status int
		answer string
		ok     bool
	}{
		{200, `{"id":1}`, true}, {201, " [1]", true}, {204, "", true},
		{200, "<html>", false}, {200, "", false}, {200, "  ", false},
	} {
		client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(test.status)
			io.WriteString(w, test.answer)
		})
		_, err := client.Do(context.Background(), Request{Method: "PUT", Path: "/", Unread: true, JSON: true})
		var transport *TransportError
		if (err == nil) != test.ok || err != nil && !errors.As(err, &transport) {
			t.Errorf("%d %q: %v", test.status, test.answer, err)
		}
	}
	client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusConflict)
		io.WriteString(w, `{"message":"exists"}`)
	})
	if _, err := client.Do(context.Background(), Request{Method: "PUT", Path: "/", Unread: true}); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("the words of a refusal are lost: %v", err)
	}
}

func TestLongestAnswer(t *testing.T) {
	client := clientOf(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `"123456"`) })
	for longest, ok := range map[int64]bool{0: true, 7: false, 8: true} {
		response, err := client.Do(context.Background(), Request{Method: "GET", Path: "/", Longest: longest, JSON: true})
		if (err == nil) != ok {
			t.Errorf("at most %d bytes: %v, %v", longest, response, err)
		}
	}
}

// TestBodiesHeldAndStreamed sets the same bytes as a value and as a stream: only what is long is not held,
// and the hash is that of the bytes.
func TestBodiesHeldAndStreamed(t *testing.T) {
	for _, length := range []int64{1, 100, MostHeld - 1, MostHeld, MostHeld + 1} {
		var e Entity
		if err := e.SetBody(lettered{letter: '7', length: length}); err != nil {
			t.Fatal(err)
		}
		whole, err := e.Read()
		if err != nil || len(whole) != int(length) || e.Size != length || e.Hash != HashOf(whole) {
			t.Fatalf("%d bytes, size %d, %v, want %d", len(whole), e.Size, err, length)
		}
		if held := e.Body != nil; held != (length <= MostHeld) || held == (e.Stream != nil) {
			t.Fatalf("%d bytes: held %v, streamed %v", length, held, e.Stream != nil)
		}
	}
	var e Entity
	if err := e.SetBody(map[string]string{"a": "<b>"}); err != nil || string(e.Body) != `{"a":"<b>"}` || e.Size != 11 || e.Hash != HashOf(e.Body) {
		t.Errorf("%+v, %v", e, err)
	}
	if err := e.SetBody(func() {}); err == nil {
		t.Error("a function is no body")
	}
}
