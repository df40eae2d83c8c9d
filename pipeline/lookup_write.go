package pipeline

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"

	"bulkload/formats/feed"
	"bulkload/pipeline/report"
	"bulkload/pipeline/spill"
	"bulkload/vendors"
)

// What a lookup puts behind the answer's columns: what became of the question, and why there is no answer.
const (
	statusColumn = "lookup_status"
	errorColumn  = "lookup_error"
)

// statusOf is what the output says of an outcome.
func statusOf(o vendors.Outcome) string {
	switch o {
	case vendors.Created:
		return "answered"
	case vendors.Unchanged:
		return "empty"
	}
	return o.String()
}

// A writing brings the answers back to their rows.
type writing struct {
	*asking
	bodies    *os.File     // the answers, where their states say
	byNumber  spill.Sorter // question and state of each entity that is a question, by number
	rows      spill.Sorter // the feed's rows with what became of them, by row
	collector *report.Collector
	met       map[string]bool // names of the answers' fields
	scratch   []byte
}

// finish says what became of every row, and writes the output when all that was to be asked was asked.
func (a *asking) finish(ctx context.Context, askErr error) (*Result, error) {
	w := &writing{asking: a, collector: report.NewCollector(a.TempDir), met: make(map[string]bool)}
	defer w.close()
	err := w.gather()
	if err == nil {
		err = w.settle(ctx)
	}
	if err != nil {
		return nil, errors.Join(askErr, broken(ctx, err), w.collector.Close())
	}
	result := w.result()
	if askErr != nil {
		return result, askErr
	}
	if err := w.write(ctx); err != nil {
		return result, err
	}
	result.Summary.Lookup.Output = a.Output
	return result, nil
}

func (w *writing) close() error {
	w.byNumber.Close()
	w.rows.Close()
	if w.bodies == nil {
		return nil
	}
	return w.bodies.Close()
}

// gather brings what is known of the feed's questions into the order of its entities.
func (w *writing) gather() (err error) {
	w.byNumber.Dir, w.rows.Dir = w.TempDir, w.TempDir
	if w.bodies, err = os.CreateTemp(w.TempDir, "bulkload-*.tmp"); err != nil {
		return err
	}
	if err := os.Remove(w.bodies.Name()); err != nil {
		return err
	}
	if w.known, err = w.readBodies(); err != nil {
		return err
	}
	defer w.known.close()
	for q, err := range w.answered() {
		if err != nil {
			return err
		}
		w.scratch = q.state.append(append(w.scratch[:0], q.question[:]...))
		if err := w.byNumber.Add(spill.Key{High: q.number}, w.scratch); err != nil {
			return err
		}
	}
	return nil
}

func (w *writing) readBodies() (*states, error) {
	buffer := bufio.NewWriterSize(w.bodies, 256<<10)
	known, err := readStates(w.Answers, w.TempDir, buffer)
	if err != nil {
		return nil, err
	}
	if err := buffer.Flush(); err != nil {
		return nil, errors.Join(fmt.Errorf("set answers aside in a temporary file: %w", err), known.close())
	}
	return known, nil
}

// settle reads the feed for the last time, and says of each entity what became of it.
func (w *writing) settle(ctx context.Context) error {
	settler := &settler{job: w.Job, collector: w.collector}
	next, stop := iter.Pull2(w.byNumber.Sorted())
	defer stop()
	head, err, more := next()
	return w.each(ctx, func(number uint64, u *unit) error {
		defer u.release()
		if err != nil {
			return err
		}
		var is state
		if more && head.Key.High == number {
			if err := sameQuestion(u, head); err != nil {
				return err
			}
			is = decodeState(head.Data[len(vendors.Hash{}):])
			head, err, more = next()
		}
		if err := w.decide(&u.entity, is); err != nil {
			return err
		}
		event, _ := settler.event(u)
		if err := w.collector.Add(event); err != nil {
			return err
		}
		return w.keep(&event, is)
	})
}

// decide gives an entity the outcome of its question. An answer that lists nothing leaves it Unchanged.
func (w *writing) decide(e *vendors.Entity, is state) error {
	if e.Outcome != vendors.Unsettled {
		return nil
	}
	e.Outcome, e.Answer = is.outcome(), is.refusal
	if is.is != answered {
		return nil
	}
	rows, err := w.answer(is.offset, is.length)
	if err != nil {
		return err
	}
	if len(rows) == 0 {
		e.Outcome = vendors.Unchanged
	}
	for _, row := range rows {
		for name := range row {
			w.met[name] = true
		}
	}
	if len(w.met) > mostFields {
		return fmt.Errorf("the answers have more than %d different fields: no table holds them", mostFields)
	}
	return nil
}

// mostFields is how many different fields the answers of a lookup may have: as many as a sheet has columns.
const mostFields = 16_384

// answer reads the answer that stands there.
func (w *writing) answer(offset, length int64) ([]map[string]string, error) {
	body := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(w.bodies, offset, length), body); err != nil {
		return nil, fmt.Errorf("read the temporary file of answers: %w", err)
	}
	rows, err := w.Resource.Answer(body)
	if err != nil { // it was read before it was kept
		return nil, &InternalError{Reason: fmt.Sprintf("an answer that was kept cannot be read: %v", err)}
	}
	return rows, nil
}

// keep sets the rows of an entity aside, with what is to be written beside them.
func (w *writing) keep(event *report.Event, is state) error {
	for i, row := range event.Rows {
		data := append(w.scratch[:0], byte(event.Outcome))
		data = binary.AppendVarint(data, is.offset)
		data = binary.AppendVarint(data, is.length)
		reason := ""
		if event.Reasons != nil {
			reason = event.Reasons[i]
		}
		data = append(binary.AppendUvarint(data, uint64(len(reason))), reason...)
		for cell := range row.Len() {
			data = append(binary.AppendUvarint(data, uint64(len(row.Cell(cell)))), row.Cell(cell)...)
		}
		w.scratch = data
		if err := w.rows.Add(spill.Key{High: uint64(row.Place().Row)}, data); err != nil {
			return err
		}
	}
	return nil
}

// result makes the result of the lookup.
func (w *writing) result() *Result {
	result := w.Job.result(w.survey.facts.rows, w.collector)
	result.Summary.Recalled = w.reused
	result.Summary.Lookup = &report.Lookup{Asked: w.asked}
	return result
}

// write writes the output.
func (w *writing) write(ctx context.Context) error {
	t := newAnswerTable(w.Resource.Answers, w.met, w.binding.Header(), w.Expand, w.Output)
	output, err := feed.Create(w.Output, t.columns, w.Stdout)
	if err != nil {
		return err
	}
	defer output.Discard()
	done := int64(0)
	for record, err := range w.rows.Sorted() {
		if err == nil {
			err = interrupted(ctx, ctx.Err())
		}
		if err == nil {
			err = w.writeRow(t, output, record.Data)
		}
		if err != nil {
			return w.unwritten(err)
		}
		done++
		w.progress("writing", done, w.rows.Len())
	}
	return w.unwritten(output.Close())
}

// unwritten says what to do about an output that could not be written, when all is asked.
func (w *writing) unwritten(err error) error {
	if err == nil || errors.Is(err, ErrInterrupted) {
		return err
	}
	return &OutputError{Path: w.Output, Err: err}
}

// OutputError says that all answers of a lookup are there, but could not be written.
type OutputError struct {
	Path string
	Err  error
}

// Error tells why, and what to do.
func (e *OutputError) Error() string {
	return fmt.Sprintf("write %s: %v; the answers are kept: go on with the run, with -o and the name of another file if need be "+
		"(a CSV file has no longest cell, and --expand gives each thing of a list a row of its own)", e.Path, e.Err)
}

// Unwrap returns the cause.
func (e *OutputError) Unwrap() error { return e.Err }

// writeRow writes a row that keep set aside, once or, when its answer is expanded, for each thing of it.
func (w *writing) writeRow(t *answerTable, output *feed.Output, data []byte) error {
	outcome := vendors.Outcome(data[0])
	offset, n := binary.Varint(data[1:])
	data = data[1+n:]
	length, n := binary.Varint(data)
	data = data[n:]
	reason, data := cutBytes(data)
	t.begin()
	for i := 0; len(data) > 0; i++ {
		var cell []byte
		cell, data = cutBytes(data)
		t.put(i, cell)
	}
	t.end(statusOf(outcome), string(reason))
	if outcome != vendors.Created {
		return output.Write(t.cells)
	}
	if t.at != offset { // rows of one entity have one answer
		var err error
		if t.things, err = w.answer(offset, length); err != nil {
			return err
		}
		t.at = offset
	}
	return t.write(output.Write)
}

func cutBytes(data []byte) (text, rest []byte) {
	length, n := binary.Uvarint(data)
	end := n + int(length)
	return data[n:end], data[end:]
}
