package pipeline

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"iter"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/report"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// A Lookup asks a vendor what the rows of a feed are questions of, and writes the answers beside them.
type Lookup struct {
	*Job
	// Answers is the path of the file that keeps the answers as they come. A run that goes on finds there
	// what was answered, and what must not be asked a second time.
	Answers string
	Begin   journal.Begin // of that file: what the run is
	Output  string        // path of the file to write; "-": CSV to Stdout
	Stdout  io.Writer
	Expand  bool // each thing of an answer has a row of its own; else they share a cell
	// Agree is asked, once the feed was checked, whether so many questions may be put; before of the feed's
	// were by earlier processes of the run. An error of it ends the run before it has begun. Nil: they may.
	Agree func(questions, before int64) error
}

// Run checks the whole feed and, when it may be sent, puts the question of every sound entity that has no
// answer yet, each once. When all are put, it writes the output: every row of the feed, in its order. The
// result says what became of every row; it comes with every error that ends the run after the check, and
// nothing is written then.
func (l *Lookup) Run(ctx context.Context) (*Result, error) {
	if err := l.possible(); err != nil {
		return nil, err
	}
	survey, err := l.survey(ctx)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	defer survey.close()
	err = l.acceptable(survey)
	survey.collector.Close()
	if err != nil {
		result, err := l.nothingSent(ctx, survey, err)
		if result != nil {
			result.Summary.Lookup = &report.Lookup{}
		}
		return result, err
	}
	asking := &asking{Lookup: l, survey: survey}
	defer asking.close()
	if err := asking.plan(ctx); err != nil {
		return nil, err
	}
	if l.Start != nil {
		if err := l.Start(); err != nil {
			return nil, err
		}
	}
	if asking.kept, err = openAnswers(l.Answers, l.Begin); err != nil {
		return nil, err
	}
	asking.account = l.held(ctx, nil)
	askErr := internal(asking.ask(ctx))
	if err := cmp.Or(interrupted(ctx, ctx.Err()), asking.kept.Close()); err != nil {
		return nil, err
	}
	return asking.finish(ctx, askErr)
}

// possible makes sure, before anything is asked, that there are answers and that they can be written down.
func (l *Lookup) possible() error {
	if l.Resource.Ask == nil {
		return fmt.Errorf("%s/%s cannot be looked up: the vendor answers no questions about it", l.Vendor.Name, l.Resource.Name)
	}
	if l.Output == "-" {
		return nil
	}
	output, err := feed.Create(l.Output, []formats.Column{{Name: statusColumn}}, l.Stdout)
	if err != nil {
		return err
	}
	return output.Discard()
}

// questionOf names a question: by what it is, not by where it stands in a feed.
func questionOf(e *vendors.Entity) vendors.Hash {
	return vendors.HashOf(append(append(make([]byte, 0, len(e.Key)+len(e.Hash)), e.Hash[:]...), e.Key...))
}

func keyOfHash(h vendors.Hash) spill.Key {
	return spill.Key{High: binary.BigEndian.Uint64(h[:8]), Low: binary.BigEndian.Uint64(h[8:])}
}

func hashOfKey(k spill.Key) (h vendors.Hash) {
	binary.BigEndian.PutUint64(h[:8], k.High)
	binary.BigEndian.PutUint64(h[8:], k.Low)
	return h
}

// asking is a lookup under way. Its readings of the feed cut it into the same entities, in the same order,
// so that an entity is known by its number.
type asking struct {
	*Lookup
	survey    *survey
	kept      *journal.Journal
	account   *vendors.Held // as Amend wants it; nil: the resource has none, or nothing is asked yet
	known     *states       // of questions that were put; nil: of none
	questions spill.Sorter  // number of each entity that is a question, by question
	todo      spill.Sorter  // question of each entity whose question is to be put, and its stateKind, by number
	reused    int64         // questions that an earlier process has settled
	asked     int64         // questions that this one has put
}

// each reads the feed and hands every entity on with its number, from 0. The unit is the function's.
func (a *asking) each(ctx context.Context, hand func(number uint64, u *unit) error) error {
	number := uint64(0)
	p := pass{job: a.Job, facts: &a.survey.facts, hash: a.survey.hash, encode: true, held: a.account}
	p.hand = func(u *unit) error {
		number++
		return hand(number-1, u)
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	if p.rows != a.survey.facts.rows {
		return &StaleError{Err: fmt.Errorf("the feed had %d rows when it was checked and %d when it was asked about", a.survey.facts.rows, p.rows)}
	}
	return nil
}

func (a *asking) close() {
	a.questions.Close()
	a.todo.Close()
}

// plan finds out what is to be asked, and whether it may be.
func (a *asking) plan(ctx context.Context) error {
	a.questions.Dir, a.todo.Dir = a.TempDir, a.TempDir
	if err := a.list(ctx); err != nil {
		return broken(ctx, err)
	}
	var err error
	if a.known, err = readStates(a.Answers, a.TempDir, nil); err != nil {
		return err
	}
	defer a.known.close()
	before, err := a.choose()
	if err != nil || a.Agree == nil || a.todo.Len() == 0 {
		return err
	}
	return a.Agree(a.todo.Len(), before)
}

// list gathers the feed's questions.
func (a *asking) list(ctx context.Context) error {
	return a.each(ctx, func(number uint64, u *unit) error {
		defer u.release()
		if a.stopped() {
			return ErrInterrupted
		}
		if u.entity.Outcome != vendors.Unsettled {
			return nil
		}
		return a.questions.Add(keyOfHash(questionOf(&u.entity)), binary.AppendUvarint(nil, number))
	})
}

// choose picks the questions that are to be put, one entity for each, and counts those that were put before.
func (a *asking) choose() (before int64, err error) {
	var last vendors.Hash
	first := true
	for q, err := range a.answered() {
		if err != nil {
			return before, err
		}
		if !first && q.question == last {
			continue
		}
		first, last = false, q.question
		if q.state.is != unasked {
			before++
		}
		switch {
		case q.state.settled(), q.state.is == lost && a.Resource.Repeat == vendors.Unsafe && !a.Again:
			a.reused++
		default:
			if err := a.todo.Add(spill.Key{High: q.number}, append(q.question[:], byte(q.state.is))); err != nil {
				return before, err
			}
		}
	}
	return before, nil
}

// An answered question is one of the feed, with what is known of it.
type answeredQuestion struct {
	number   uint64 // of the entity
	question vendors.Hash
	state    state
}

// answered yields the feed's questions in the order of their hashes, with what was kept of each.
func (a *asking) answered() iter.Seq2[answeredQuestion, error] {
	return func(yield func(answeredQuestion, error) bool) {
		known, stop := iter.Pull2(a.known.all())
		defer stop()
		next, err, more := known()
		for record, readErr := range a.questions.Sorted() {
			if readErr != nil {
				yield(answeredQuestion{}, readErr)
				return
			}
			for err == nil && more && keyOfHash(next.question).Compare(record.Key) < 0 {
				next, err, more = known()
			}
			if err != nil {
				yield(answeredQuestion{}, err)
				return
			}
			number, _ := binary.Uvarint(record.Data)
			q := answeredQuestion{number: number, question: hashOfKey(record.Key)}
			if more && next.question == q.question {
				q.state = next.state
			}
			if !yield(q, nil) {
				return
			}
		}
	}
}
