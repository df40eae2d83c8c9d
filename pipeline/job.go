// Package pipeline takes a feed to a vendor: it reads, maps, checks and groups the feed's rows,
// sends the entities they make, and writes down what became of every row.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/report"
	"bulkload/pipeline/send"
	"bulkload/vendors"
)

// A Job is a feed, where it goes, and how.
type Job struct {
	Feed          *feed.Feed
	Vendor        *vendors.Vendor
	Resource      *vendors.Resource
	Mapping       mapping.Mapping
	StrictColumns bool    // a column that matches no field is an error
	MaxErrors     Budgets // more faulty rows than these stop the run before anything is sent
	ExpectRows    int64   // rows that the feed must have; 0: any number
	LeastRows     int64   // rows that the feed must have at least, by the manifest beside it
	CheckWorkers  int     // entities are checked on so many cores
	TempDir       string  // for what does not fit into memory; "": the system's

	// Of imports.
	Client     *vendors.Client
	Retry      send.Retry
	Counts     *send.Counts
	Workers    int  // calls in flight at once
	CreateOnly bool // never replace what the vendor has
	Rehearse   bool // check at the vendor too, but store nothing
	Compare    bool // read what the vendor has, and leave alone what is there as it is
	// KeepCatalogue is the file in which the vendor's catalogue is kept for the next run, which then reads only
	// what changed since, where the vendor can tell. Empty: it is not kept.
	KeepCatalogue string
	Whole         bool            // read the catalogue whole, whatever was kept
	Withhold      bool            // what the feed publishes is made as a draft
	Again         bool            // send what an earlier run stored, also where that stores it twice
	Batch         int             // entities in one call at most; 0: as many as the resource takes
	Stop          <-chan struct{} // closed to end the run: what is in flight is finished, the rest is not sent

	// Plan is what a plan foresaw: when the vendor no longer has what it was made on, nothing is sent. To see
	// that, it Compares. Nil: there was none.
	Plan iter.Seq2[Foreseen, error]
	// Start is called once the feed may be sent, before anything is. It may set Journal and Past. Nil:
	// the run keeps no journal.
	Start func() error
	// Journal holds what leaves and what became of it. Nil: nobody goes on with this run.
	Journal *journal.Journal
	// Past tells what earlier processes did with an entity. Nil: nothing.
	Past func(key string) (send.Past, error)

	// Refers is what the feeds that are loaded together know of each other. Nil: this one stands alone.
	Refers *References
	// Barred says why nothing of the feed may be sent, whatever is in it. Nil: it may.
	Barred error

	// Progress is told how far the job is, often and from several goroutines. Nil: nobody listens.
	Progress func(Progress)

	deletes bool             // its entities are names of what is to go
	plans   bool             // what the vendor has is to be known again
	learned *survey          // that was made before; nil: none was
	learns  bool             // the survey is kept
	unsent  bool             // nothing of the feed is sent
	binding *mapping.Binding // of the last header that was met
	tally   formats.Tally
}

// Progress tells how far a job is.
type Progress struct {
	Stage       string // "checking", "listing", "sending"
	Done, Total int64  // bytes of the feed while checking; rows while sending
}

// ShortError says that a feed does not have the rows it was said to have. Nothing was sent.
type ShortError struct {
	Want, Got int64
	Manifest  bool // says so
}

// Error tells both numbers.
func (e *ShortError) Error() string {
	if e.Manifest {
		return fmt.Sprintf("the feed has %d rows, but it was exported with %d, as its manifest tells: it may be cut; nothing was sent "+
			"(if rows were taken out on purpose, --ignore-manifest loads it)", e.Got, e.Want)
	}
	return fmt.Sprintf("the feed has %d rows, but %d were expected; nothing was sent", e.Got, e.Want)
}

// StaleError says that the feed is no longer what was checked.
type StaleError struct{ Err error }

// Error tells what moved.
func (e *StaleError) Error() string {
	return e.Err.Error() + "; what was checked is not what would be sent"
}

// Unwrap returns the cause.
func (e *StaleError) Unwrap() error { return e.Err }

// ErrInterrupted says that the run was asked to stop before its work was done.
var ErrInterrupted = errors.New("interrupted")

// InternalError is a bug of bulkload.
type InternalError struct {
	Reason string
	Stack  []byte // where it happened, when that is known
}

// Error gives the reason.
func (e *InternalError) Error() string { return "internal error: " + e.Reason }

// bind finds the fields of the feed's columns.
func (j *Job) bind(header *formats.Header) (*mapping.Binding, error) {
	binding, err := j.Mapping.Bind(j.Resource.Schema, header, j.Feed.Format != "ndjson")
	if err != nil {
		return nil, err
	}
	if binding.Layout.Column(j.Resource.Key) < 0 && binding.Layout.Column(j.Resource.Else) < 0 {
		return nil, &mapping.Error{Reason: fmt.Sprintf("no column carries %s, which names the %s",
			j.Resource.KeyFields("or"), j.Resource.Noun.Many), Found: header.Names}
	}
	if j.StrictColumns && len(binding.Ignored) > 0 {
		return nil, &mapping.Error{Reason: "columns that match no field: " + strings.Join(binding.Ignored, ", ")}
	}
	if j.Feed.Format == "xlsx" {
		binding.Keeps()
	}
	j.binding = binding
	return binding, nil
}

func (j *Job) noticed(tally formats.Tally) { j.tally = tally }

func (j *Job) progress(stage string, done, total int64) {
	if j.Progress != nil {
		j.Progress(Progress{stage, done, total})
	}
}

// batch is how many entities go into one call.
func (j *Job) batch() int {
	if j.Batch > 0 {
		return min(j.Batch, j.Resource.Batch)
	}
	return j.Resource.Batch
}

func (j *Job) stopped() bool {
	select {
	case <-j.Stop:
		return true
	default:
		return false
	}
}

// sentence returns the sentence of a rule by its id.
func (j *Job) sentence(id string) string {
	for _, rule := range j.Resource.AllRules() {
		if rule.ID == id {
			return rule.Sentence
		}
	}
	for _, rule := range slices.Concat(j.Resource.Against, mapping.Rules, Rules) {
		if rule.ID == id {
			return rule.Sentence
		}
	}
	return ""
}

// summary says how the job ended, as far as it knows itself.
func (j *Job) summary(rows int64, c *report.Collector) *report.Summary {
	s := &report.Summary{
		Feed: j.Feed.Name, Format: j.describe(), Sheet: j.Feed.Sheet,
		Target: j.Vendor.Name + "/" + j.Resource.Name, Version: j.Resource.Version, Noun: j.Resource.Noun,
		RowsIn: rows, Blank: j.tally.Blank, Remarks: j.tally.Remarks,
		Counts: c.Counts, Rules: c.Rules(j.sentence), Ignored: j.binding.Ignored, Dropped: j.binding.Dropped,
		Sending: j.Client != nil && !j.Rehearse, Deleting: j.deletes, Once: j.Resource.Repeat == vendors.Unsafe && j.Resource.ReadBack == nil,
	}
	if j.deletes { // the names are all that is read
		s.Ignored, s.Dropped = nil, nil
	}
	if j.Counts != nil {
		s.Requests = report.Requests{Sent: j.Counts.Sent.Load(), Retried: j.Counts.Retried.Load(), Throttled: j.Counts.Throttled.Load()}
	}
	return s
}

// describe writes what the feed is: "CSV, gzip, windows-1252".
func (j *Job) describe() string {
	parts := []string{strings.ToUpper(j.Feed.Format)}
	encoding, _ := j.Feed.EncodingRead()
	for _, part := range []string{j.Feed.Compression, encoding} {
		if part != "" && part != "utf-8" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ", ")
}

// A Result is what a job did. It must be closed.
type Result struct {
	Summary   *report.Summary
	Collector *report.Collector
	Header    *formats.Header // of the feed, with all columns that were met
}

// Close gives up temporary files.
func (r *Result) Close() error { return r.Collector.Close() }

// result makes the result of a job that came as far as having counts.
func (j *Job) result(rows int64, c *report.Collector) *Result {
	return &Result{Summary: j.summary(rows, c), Collector: c, Header: j.binding.Header()}
}

// interrupted turns the end of a context into ErrInterrupted.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ErrInterrupted
	}
	return err
}
