package pipeline

import "context"

// Survey checks a feed as Check does, and keeps what it learned of it for the one Import or Unsent that
// follows. So several feeds can be checked before anything of any of them is sent.
func Survey(ctx context.Context, job *Job) (*Result, error) {
	job.learns = true
	learned, err := job.survey(ctx)
	if err != nil {
		return nil, interrupted(ctx, err)
	}
	job.learned = learned
	return job.result(learned.facts.rows, learned.collector), job.acceptable(learned)
}

// Unsent reports every row of a feed of which nothing is sent, because of cause, which is returned too.
// There is no result when the feed cannot be read.
func Unsent(ctx context.Context, job *Job, cause error) (*Result, error) {
	learned, err := job.survey(ctx)
	if err != nil {
		return nil, cause
	}
	defer learned.close()
	learned.collector.Close()
	return job.nothingSent(ctx, learned, cause)
}

// Forget gives up what Survey has kept for a job that does not go on.
func (j *Job) Forget() {
	if j.learned != nil {
		j.learned.close()
		j.learned = nil
	}
}
