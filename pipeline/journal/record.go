package journal

import (
	"encoding/binary"
	"fmt"
	"time"

	"bulkload/vendors"
)

// A Record is one fact in a journal. Exactly one of its members is set.
type Record struct {
	Begin   *Begin
	Intent  *Intent
	Outcome *Outcome
	Answer  *Answer
	End     *End
}

// Begin is the first record of every journal: what the run is.
type Begin struct {
	Run     string
	Account string // what stays the same as long as the account does
	Target  string // "fashiontrade/products"
	Version string // of bulkload
	Started time.Time
}

// Intent says that an entity is about to be sent.
type Intent struct {
	Key     string
	Hash    vendors.Hash // of the body
	Token   string
	Attempt int  // from 1
	Known   bool // the vendor had an entity of this key before
}

// Outcome says what became of an entity.
type Outcome struct {
	Key     string
	Hash    vendors.Hash // of the body that it became of
	Outcome vendors.Outcome
	Status  int    // of the answer; 0 when there was none
	ID      string // the vendor's own
	Code    string // the vendor's, of a refusal
	Message string // the vendor's words
}

// Answer is what a vendor answered to a question. A question that was answered otherwise has an Outcome.
type Answer struct {
	Question vendors.Hash
	Body     []byte
}

// End says that the run is over and that nothing is left to resume.
type End struct {
	Finished time.Time
	Code     int // with which the program ended
}

// kind is the first byte of a record.
type kind byte

const (
	beginKind kind = 1 + iota
	intentKind
	outcomeKind
	endKind
	answerKind
)

// A record is its kind and its fields in order: texts are their length and bytes, numbers are
// varints, times are seconds and nanoseconds.

func appendBegin(b []byte, r *Begin) []byte {
	b = append(b, byte(beginKind))
	b = appendText(b, r.Run)
	b = appendText(b, r.Account)
	b = appendText(b, r.Target)
	b = appendText(b, r.Version)
	return appendTime(b, r.Started)
}

func appendIntent(b []byte, r *Intent) []byte {
	b = append(b, byte(intentKind))
	b = appendText(b, r.Key)
	b = append(b, r.Hash[:]...)
	b = appendText(b, r.Token)
	b = binary.AppendVarint(b, int64(r.Attempt))
	if r.Known {
		return append(b, 1)
	}
	return append(b, 0)
}

func appendOutcome(b []byte, r *Outcome) []byte {
	b = append(b, byte(outcomeKind))
	b = appendText(b, r.Key)
	b = append(b, r.Hash[:]...)
	b = append(b, byte(r.Outcome))
	b = binary.AppendVarint(b, int64(r.Status))
	b = appendText(b, r.ID)
	b = appendText(b, r.Code)
	return appendText(b, r.Message)
}

func appendAnswer(b []byte, r *Answer) []byte {
	b = append(b, byte(answerKind))
	b = append(b, r.Question[:]...)
	b = binary.AppendUvarint(b, uint64(len(r.Body)))
	return append(b, r.Body...)
}

func appendEnd(b []byte, r *End) []byte {
	b = append(b, byte(endKind))
	b = appendTime(b, r.Finished)
	return binary.AppendVarint(b, int64(r.Code))
}

func appendText(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendTime(b []byte, t time.Time) []byte {
	b = binary.AppendVarint(b, t.Unix())
	return binary.AppendUvarint(b, uint64(t.Nanosecond()))
}

// fields takes records apart. After the first fault every field is empty and fault says which it was.
type fields struct {
	rest  []byte
	fault string
}

// record takes the next record. Nothing of it refers to the bytes it came from.
func (f *fields) record() (r Record) {
	switch k := kind(f.byte()); k {
	case beginKind:
		r.Begin = &Begin{Run: f.text(), Account: f.text(), Target: f.text(), Version: f.text(), Started: f.time()}
	case intentKind:
		r.Intent = &Intent{Key: f.text(), Hash: f.hash(), Token: f.text(), Attempt: f.int(), Known: f.bool()}
	case outcomeKind:
		r.Outcome = &Outcome{Key: f.text(), Hash: f.hash(), Outcome: f.outcome(), Status: f.int(),
			ID: f.text(), Code: f.text(), Message: f.text()}
	case endKind:
		r.End = &End{Finished: f.time(), Code: f.int()}
	case answerKind:
		r.Answer = &Answer{Question: f.hash(), Body: append([]byte(nil), f.take(f.uint())...)}
	default:
		f.fail(fmt.Sprintf("a record of kind %d, which this version of bulkload does not know", k))
	}
	return r
}

func (f *fields) fail(fault string) {
	if f.fault == "" {
		f.fault = fault
	}
	f.rest = nil
}

// take returns the next n bytes. It compares n with what there is before anything is made of it.
func (f *fields) take(n uint64) []byte {
	if n > uint64(len(f.rest)) {
		f.fail("a record that is not whole")
		return nil
	}
	taken := f.rest[:n]
	f.rest = f.rest[n:]
	return taken
}

func (f *fields) byte() byte {
	if b := f.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (f *fields) uint() uint64 {
	value, n := binary.Uvarint(f.rest)
	if n <= 0 {
		f.fail("a number that is not whole")
		return 0
	}
	f.rest = f.rest[n:]
	return value
}

func (f *fields) int() int {
	value, n := binary.Varint(f.rest)
	if n <= 0 || int64(int(value)) != value {
		f.fail("a number that is not whole")
		return 0
	}
	f.rest = f.rest[n:]
	return int(value)
}

func (f *fields) bool() bool {
	b := f.byte()
	if b > 1 {
		f.fail("a truth value that is neither")
	}
	return b == 1
}

func (f *fields) text() string { return string(f.take(f.uint())) }

func (f *fields) hash() (h vendors.Hash) {
	copy(h[:], f.take(uint64(len(h))))
	return h
}

func (f *fields) outcome() vendors.Outcome {
	o := vendors.Outcome(f.byte())
	if o > vendors.Skipped {
		f.fail(fmt.Sprintf("outcome %d, which this version of bulkload does not know", o))
		return vendors.Unsettled
	}
	return o
}

func (f *fields) time() time.Time {
	seconds, n := binary.Varint(f.rest)
	if n <= 0 {
		f.fail("a time that is not whole")
		return time.Time{}
	}
	f.rest = f.rest[n:]
	nanoseconds := f.uint()
	if nanoseconds >= uint64(time.Second) {
		f.fail("a time that is none")
		return time.Time{}
	}
	return time.Unix(seconds, int64(nanoseconds)).UTC()
}
