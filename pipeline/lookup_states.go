package pipeline

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// openAnswers begins the file that keeps answers, or goes on with that of a run that was cut.
func openAnswers(path string, begin journal.Begin) (*journal.Journal, error) {
	j, was, err := journal.Open(journal.OS{}, path)
	if errors.Is(err, journal.ErrUnbegun) { // it was cut before it asked anything
		err = cmp.Or(os.Remove(path), fs.ErrNotExist)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Create(journal.OS{}, path, begin)
	}
	if err != nil {
		return nil, err
	}
	if was.Account != begin.Account || was.Target != begin.Target {
		return nil, errors.Join(fmt.Errorf("%s holds answers about %s of account %s, not about %s of %s",
			path, was.Target, was.Account, begin.Target, begin.Account), j.Close())
	}
	return j, nil
}

// A state is what is known of a question.
type state struct {
	is             stateKind
	offset, length int64             // of the answer in the file of answers
	refusal        *vendors.APIError // nil: it was not refused, or nobody knows the vendor's words
}

type stateKind byte

const (
	unasked  stateKind = iota // nobody has put it, or it did not reach the vendor
	lost                      // it was put, and no answer came
	answered                  // there is an answer
	refused                   // the vendor did not take the question
)

// settled reports whether asking again is of no use.
func (s state) settled() bool { return s.is == answered || s.is == refused }

// outcome is what became of the question's entity, whose answer may be empty.
func (s state) outcome() vendors.Outcome {
	return [...]vendors.Outcome{vendors.Skipped, vendors.Unknown, vendors.Created, vendors.Refused}[s.is]
}

func (s state) append(data []byte) []byte {
	data = append(data, byte(s.is))
	data = binary.AppendVarint(data, s.offset)
	data = binary.AppendVarint(data, s.length)
	if s.refusal == nil {
		return data
	}
	data = binary.AppendVarint(data, int64(s.refusal.Status))
	data = binary.AppendUvarint(data, uint64(len(s.refusal.Code)))
	return append(append(data, s.refusal.Code...), s.refusal.Message...)
}

func decodeState(data []byte) state {
	number := func() int64 {
		n, size := binary.Varint(data)
		data = data[size:]
		return n
	}
	s := state{is: stateKind(data[0])}
	data = data[1:]
	s.offset, s.length = number(), number()
	if len(data) == 0 {
		return s
	}
	s.refusal = &vendors.APIError{Status: int(number())}
	length, size := binary.Uvarint(data)
	s.refusal.Code, s.refusal.Message = string(data[size:size+int(length)]), string(data[size+int(length):])
	return s
}

// states is what a file of answers tells, by question.
type states struct{ sorter spill.Sorter }

func (s *states) close() error { return s.sorter.Close() }

// readStates reads a file of answers; one that is not there tells nothing. The answers themselves are written to bodies, in which their states
// tell where they are; nil drops them.
func readStates(path, dir string, bodies io.Writer) (*states, error) {
	s := &states{spill.Sorter{Dir: dir}}
	at := int64(0)
	var scratch []byte
	add := func(question vendors.Hash, is state) error {
		scratch = is.append(scratch[:0])
		return s.sorter.Add(keyOfHash(question), scratch)
	}
	_, err := journal.Read(journal.OS{}, path, func(r journal.Record) error {
		switch {
		case r.Intent != nil:
			return add(r.Intent.Hash, state{is: lost})
		case r.Outcome != nil:
			return add(r.Outcome.Hash, stateOf(r.Outcome))
		case r.Answer == nil:
			return nil
		}
		is := state{is: answered, offset: at, length: int64(len(r.Answer.Body))}
		if bodies != nil {
			if _, err := bodies.Write(r.Answer.Body); err != nil {
				return fmt.Errorf("set answers aside in a temporary file: %w", err)
			}
		}
		at += is.length
		return add(r.Answer.Question, is)
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, journal.ErrUnbegun) {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// stateOf reads an outcome of a question that has no answer.
func stateOf(o *journal.Outcome) state {
	switch o.Outcome {
	case vendors.Refused:
		return state{is: refused, refusal: &vendors.APIError{Status: o.Status, Code: o.Code, Message: o.Message}}
	case vendors.Unknown:
		return state{is: lost}
	}
	return state{is: unasked}
}

// A known state is that of one question.
type knownState struct {
	question vendors.Hash
	state    state
}

// all yields the questions in the order of their hashes, each with what was written down of it last.
func (s *states) all() iter.Seq2[knownState, error] {
	return func(yield func(knownState, error) bool) {
		var held knownState
		some := false
		for record, err := range s.sorter.Sorted() {
			if err != nil {
				yield(knownState{}, err)
				return
			}
			question := hashOfKey(record.Key)
			if some && question != held.question && !yield(held, nil) {
				return
			}
			some, held = true, knownState{question, decodeState(record.Data)}
		}
		if some {
			yield(held, nil)
		}
	}
}
