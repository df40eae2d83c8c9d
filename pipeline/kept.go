package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"bulkload/formats/feed"
	"bulkload/vendors"
)

// A keptCatalogue is what an earlier run has read of the vendor's catalogue: a file of JSON lines, zstd,
// its head first, then an entity each, and last a line that says how many there are.
type keptCatalogue struct {
	path string
	head keptHead
}

// keptHead says what a kept catalogue is of.
type keptHead struct {
	Schema  int       `json:"schema"` // keptSchema
	Target  string    `json:"target"`
	Version string    `json:"version,omitempty"`
	Whole   time.Time `json:"whole"`   // when it was read from its begin
	Changed time.Time `json:"changed"` // the latest change that it has, by the vendor's clock
}

// keptLine is an entity, or the end.
type keptLine struct {
	Key   string          `json:"key,omitempty"`
	Aside bool            `json:"aside,omitempty"`
	Body  json.RawMessage `json:"body,omitempty"`
	End   *int64          `json:"end,omitempty"` // entities before
}

const keptSchema = 1

// keptFor is how long a catalogue is continued. Then it is read whole again, in case the vendor has
// changed something without a word.
const keptFor = 7 * 24 * time.Hour

// errKept says that a kept catalogue cannot be read.
var errKept = errors.New("the kept catalogue is damaged")

// openKept returns the catalogue that an earlier run has kept; nil when there is none that can be continued.
func (j *Job) openKept() *keptCatalogue {
	if j.KeepCatalogue == "" || j.Whole || j.Resource.Changed == "" {
		return nil
	}
	k := &keptCatalogue{path: j.KeepCatalogue}
	for line, err := range k.lines() {
		if err != nil || json.Unmarshal(line, &k.head) != nil {
			return nil
		}
		break
	}
	age := j.Client.Now().Sub(k.head.Whole)
	if want := j.keptHead(); k.head.Schema != want.Schema || k.head.Target != want.Target || k.head.Version != want.Version ||
		k.head.Changed.IsZero() || age < 0 || age > keptFor {
		return nil
	}
	return k
}

func (j *Job) keptHead() keptHead {
	return keptHead{Schema: keptSchema, Target: j.Vendor.Name + "/" + j.Resource.Name, Version: j.Resource.Version}
}

// since asks for what the vendor has changed since the catalogue was kept.
func (k *keptCatalogue) since(r *vendors.Resource) url.Values {
	return url.Values{r.Changed: {k.head.Changed.UTC().Format("2006-01-02T15:04:05.000Z07:00")}}
}

// lines yields the file's lines, each valid until the next.
func (k *keptCatalogue) lines() iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		file, err := os.Open(k.path)
		if err != nil {
			yield(nil, err)
			return
		}
		defer file.Close()
		expanded, err := zstd.NewReader(file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			yield(nil, err)
			return
		}
		defer expanded.Close()
		decoder := json.NewDecoder(expanded)
		for {
			var line json.RawMessage
			err := decoder.Decode(&line)
			if err == io.EOF {
				return
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// entities yields what was kept, and errKept where the file does not come to its end as it should.
func (k *keptCatalogue) entities() iter.Seq2[vendors.Stored, error] {
	return func(yield func(vendors.Stored, error) bool) {
		count, first := int64(0), true
		for text, err := range k.lines() {
			var line keptLine
			if err == nil && !first {
				err = json.Unmarshal(text, &line)
			}
			switch {
			case err != nil:
				yield(vendors.Stored{}, fmt.Errorf("%w: %w", errKept, err))
				return
			case first:
				first = false
				continue
			case line.End != nil && *line.End == count:
				return
			case line.End != nil:
				yield(vendors.Stored{}, errKept)
				return
			}
			count++
			if !yield(vendors.Stored{Key: line.Key, Aside: line.Aside, Body: line.Body}, nil) {
				return
			}
		}
		yield(vendors.Stored{}, errKept)
	}
}

// after yields what the first has, then what the second has.
func after(first, second iter.Seq2[vendors.Stored, error]) iter.Seq2[vendors.Stored, error] {
	return func(yield func(vendors.Stored, error) bool) {
		for _, part := range []iter.Seq2[vendors.Stored, error]{first, second} {
			for e, err := range part {
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
	}
}

// keep writes the catalogue down for the next run. before is what it was continued from; nil when it
// was read whole.
func (j *Job) keep(s *shelf, before *keptCatalogue) error {
	if j.KeepCatalogue == "" || j.Resource.Changed == "" {
		return nil
	}
	head := j.keptHead()
	head.Whole = j.Client.Now().UTC()
	if before != nil {
		head.Whole = before.head.Whole
	}
	for e, err := range s.all() {
		if err != nil {
			return err
		}
		if at := j.Resource.Stamp(*e); at.After(head.Changed) {
			head.Changed = at
		}
	}
	return feed.WriteFile(j.KeepCatalogue, func(w io.Writer) error { return writeKept(w, head, s.all()) })
}

func writeKept(w io.Writer, head keptHead, entities iter.Seq2[*vendors.Stored, error]) error {
	packed, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return err
	}
	out := json.NewEncoder(packed)
	out.SetEscapeHTML(false)
	if err := out.Encode(head); err != nil {
		return err
	}
	count := int64(0)
	for e, err := range entities {
		if err != nil {
			return err
		}
		count++
		if err := out.Encode(keptLine{Key: e.Key, Aside: e.Aside, Body: e.Body}); err != nil {
			return err
		}
	}
	if err := out.Encode(keptLine{End: &count}); err != nil {
		return err
	}
	return packed.Close()
}
