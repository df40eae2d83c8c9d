// Package export brings what a vendor has into a file: page by page into a spool that outlives an
// interruption, then, when the last page is there and so all columns are known, into the file, with a
// manifest beside it by which the file is known again (pipeline/snapshot).
package export

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
)

// A Job is what is exported, and where to.
type Job struct {
	Vendor   *vendors.Vendor
	Resource *vendors.Resource
	Client   *vendors.Client
	Listing  vendors.Listing // its Cursor is the job's own
	// Ask tells one Listing from another in the spool, so that an export is not gone on with that asked
	// for something else.
	Ask     string
	Account string // as the manifest names it
	Path    string // of the file; "-": CSV to Stdout, without a spool that stays and without a manifest
	Stdout  io.Writer
	Fresh   bool   // begin anew, also when an earlier export was cut
	TempDir string // for what is put in order; "": the system's
	Now     func() time.Time
	Stop    <-chan struct{} // closed to end the job: the page on its way is finished
	// Progress is told how far the job is. Nil: nobody listens.
	Progress func(pipeline.Progress)
}

// A Result tells what was exported.
type Result struct {
	Manifest snapshot.Manifest
	Resumed  int64    // pages that an earlier, cut export had brought
	Twice    int64    // entities that came on two pages, of which the later one was taken
	Unknown  []string // columns that no field of the resource carries: an import leaves them out
}

// Run exports. An interrupted or failed export keeps the pages that came, and the same job goes on
// behind them; it ends with pipeline.ErrInterrupted, send.ErrUnauthorised or send.ErrUnreachable where
// that is the reason. The file has its name only once it is whole.
func Run(ctx context.Context, job *Job) (*Result, error) {
	if job.Resource.Pages == nil {
		return nil, fmt.Errorf("%s/%s cannot be exported: the vendor does not give it out", job.Vendor.Name, job.Resource.Name)
	}
	if err := feed.CheckName(job.Path); err != nil {
		return nil, err
	}
	spool, err := openSpool(job)
	if err != nil {
		return nil, err
	}
	defer spool.close()
	resumed := spool.pages
	if err := job.fetch(ctx, spool); err != nil {
		return nil, spool.interrupted(ctx, err)
	}
	t := &table{job: job, spool: spool}
	defer t.close()
	if err := t.write(ctx); err != nil {
		return nil, spool.interrupted(ctx, err)
	}
	return &Result{Manifest: t.manifest, Resumed: resumed, Twice: t.twice, Unknown: t.unknown()}, spool.remove()
}

func (j *Job) stopped() bool {
	select {
	case <-j.Stop:
		return true
	default:
		return false
	}
}

func (j *Job) progress(stage string, done, total int64) {
	if j.Progress != nil {
		j.Progress(pipeline.Progress{Stage: stage, Done: done, Total: total})
	}
}

// fetch brings the pages that the spool does not have yet.
func (j *Job) fetch(ctx context.Context, s *spool) error {
	if s.complete {
		return nil
	}
	ask := j.Listing
	ask.Cursor = s.next
	j.progress("listing", s.entities, 0)
	for page, err := range j.Resource.Pages(ctx, j.Client, ask) {
		if err != nil {
			return s.explain(pipeline.ListingError(err))
		}
		if err := s.add(page, j.Now()); err != nil {
			return err
		}
		j.progress("listing", s.entities, 0)
		if s.complete {
			return nil
		}
		if j.stopped() || ctx.Err() != nil {
			return pipeline.ErrInterrupted
		}
	}
	return errors.New("the vendor's list ended without a last page")
}
