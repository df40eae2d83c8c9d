package pipeline

import (
	"context"

	"bulkload/pipeline/report"
	"bulkload/vendors"
)

// Check reads the feed, applies every rule and sends nothing. A result comes with *BudgetError and
// *ShortError too; with other errors there is none.
func Check(ctx context.Context, job *Job) (*Result, error) {
	survey, err := job.survey(ctx)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	defer survey.close()
	return job.result(survey.facts.rows, survey.collector), job.acceptable(survey)
}

// A survey is what checking the whole feed has shown.
type survey struct {
	facts     facts
	collector *report.Collector
	hash      hasher
	owners    *owners // nil: they are not needed
}

func (s *survey) close() {
	s.facts.close()
	s.owners.close()
}

// survey checks the feed. When the first reading shows what only a whole reading can show (rows of
// one entity that stand apart, values that occur twice), a second one checks with that knowledge.
func (j *Job) survey(ctx context.Context) (*survey, error) {
	if s := j.learned; s != nil {
		j.learned = nil
		return s, nil
	}
	s := &survey{hash: newHasher()}
	learn := newLearner(j.TempDir)
	defer learn.close()
	rows, err := s.read(ctx, j, learn, true)
	if err != nil {
		return nil, err
	}
	if s.facts, err = learn.facts(rows); err != nil {
		s.collector.Close()
		return nil, err
	}
	s.facts.rivals = learn.claims.clashes(j.Resource)
	if !s.facts.any() {
		return s, nil
	}
	learn.close() // its memory is needed for what is set aside
	s.collector.Close()
	s.owners.close()
	if _, err := s.read(ctx, j, nil, true); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// read is one reading of the survey. In a rehearsal sound rows are ready; else they were left behind.
func (s *survey) read(ctx context.Context, j *Job, learn *learner, rehearsal bool) (rows int64, err error) {
	s.collector = report.NewCollector(j.TempDir)
	s.owners = j.newOwners()
	settler := &settler{job: j, collector: s.collector, rehearsal: rehearsal}
	p := pass{job: j, facts: &s.facts, learn: learn, hash: s.hash, encode: !rehearsal}
	p.hand = func(u *unit) error {
		if rehearsal && j.stopped() {
			return ErrInterrupted
		}
		if learn != nil && !u.behind {
			learn.claims.note(j, s.hash, u)
		}
		if err := s.owners.add(s.hash, u.entity.Key); err != nil {
			return err
		}
		if u.entity.Outcome == vendors.Unsettled {
			if err := j.leaveBehind(&u.entity); err != nil {
				return err
			}
		}
		done, total := j.Feed.Progress()
		j.progress("checking", done, total)
		return settler.settle(u)
	}
	if err := p.run(ctx); err != nil {
		s.collector.Close()
		return 0, err
	}
	j.Refers.end(j)
	return p.rows, nil
}

// acceptable reports whether a feed may be sent.
func (j *Job) acceptable(s *survey) error {
	if j.ExpectRows > 0 && s.facts.rows != j.ExpectRows {
		return &ShortError{Want: j.ExpectRows, Got: s.facts.rows}
	}
	if s.facts.rows < j.LeastRows {
		return &ShortError{Want: j.LeastRows, Got: s.facts.rows, Manifest: true}
	}
	if over := j.MaxErrors.exceeded(s.collector, s.facts.rows); over != nil {
		return &BudgetError{Rows: s.facts.rows, Exceeded: over}
	}
	return nil
}
