package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/report"
	"bulkload/vendors"
)

func (p *program) planCommand() *cobra.Command {
	flags := &loadFlags{}
	c := &cobra.Command{
		Use:   "plan FEED --to VENDOR/RESOURCE",
		Short: "Compare a feed with the vendor: what would be created, changed field by field, and left",
		Long: `Check a feed, read what the vendor has, and say what an import would create, change and leave
alone, with each field before and after, the calls it takes and their time. Nothing is sent.
A plan saved as FILE.plan is carried out by import --plan FILE.plan, unless the feed or the
vendor's catalogue has moved since.`,
		Example: `  bulkload plan season.xlsx --to fashiontrade/products --account ft-prod -o changes.xlsx
  bulkload plan season.xlsx --to fashiontrade/products -o season.plan && bulkload import --plan season.plan`,
		Args: oneFeed,
		RunE: func(c *cobra.Command, args []string) error {
			return (&load{program: p, flags: flags, command: "plan", given: given(c)}).execute(c.Context(), args[0])
		},
	}
	flags.addPlan(c)
	return c
}

// examplesOfPlan is how many changes the summary of a plan shows.
const examplesOfPlan = 10

// plan makes the plan, and completes its summary.
func (l *load) plan(ctx context.Context) (*pipeline.Result, error) {
	result, err := pipeline.Plan(ctx, l.job)
	if result == nil {
		return nil, err
	}
	l.changes = result.Changes
	p := result.Summary.Plan
	if p == nil {
		return result.Result, err
	}
	if l.account.Rate > 0 {
		p.Takes = time.Duration(float64(p.Calls) / l.account.Rate * float64(time.Second))
	}
	for change, changeErr := range l.changes.All() {
		if changeErr != nil || len(p.Examples) == examplesOfPlan {
			break
		}
		p.Examples = append(p.Examples, change.String())
	}
	return result.Result, err
}

// planEnding is that of a saved plan's name.
const planEnding = ".plan"

// checkPlanNames makes sure, before anything is done, that the plan can be written where it is to be.
func checkPlanNames(paths []string) error {
	for _, path := range paths {
		if strings.HasSuffix(path, planEnding) {
			continue
		}
		if err := feed.CheckName(path); err != nil {
			return &usageError{err}
		}
	}
	return nil
}

// writePlan writes the plan to the files that -o names.
func (l *load) writePlan(s *report.Summary) error {
	if s.Plan == nil {
		return nil
	}
	for _, path := range l.flags.output {
		if strings.HasSuffix(path, planEnding) {
			if err := l.savePlan(path); err != nil {
				return err
			}
			s.Plan.Saved = path
			continue
		}
		err := writeFile(path, pipeline.ChangeColumns, func(w formats.Writer) error { return l.changes.Write(w) }, l.stdout)
		if err != nil {
			return err
		}
		s.Plan.File = path
	}
	return nil
}

// savedPlan is the first line of a plan's file. A line for each entity follows.
type savedPlan struct {
	Schema  int       `json:"schema"` // savedPlanSchema
	Call    settings  `json:"call"`
	Digest  string    `json:"feed_sha256"`
	Account string    `json:"account"`
	BaseURL string    `json:"base_url,omitempty"`
	Made    time.Time `json:"made"`
}

const savedPlanSchema = 1

// plannedEntity is one further line.
type plannedEntity struct {
	Key    string `json:"key"`
	Action string `json:"action"`         // the outcome that an import would have
	Held   string `json:"held,omitempty"` // hash of what the vendor had
}

func (l *load) savePlan(path string) error {
	digest, err := l.feed.Digest(context.Background())
	if err != nil {
		return err
	}
	folder, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the working directory: %w", err)
	}
	head := savedPlan{Schema: savedPlanSchema, Digest: hex.EncodeToString(digest[:]), Account: l.account.Name, Made: l.now().UTC(),
		Call: settings{Schema: settingsSchema, Command: "import", Target: l.target(), Feed: l.feed.Path, Folder: folder,
			Flags: l.given, Started: l.started.UTC()}}
	if l.flags.sandbox == "" {
		head.BaseURL = l.account.BaseURL
	}
	return feed.WriteFile(path, func(w io.Writer) error {
		out := json.NewEncoder(w)
		if err := out.Encode(head); err != nil {
			return err
		}
		for f, err := range l.changes.Foreseen() {
			if err != nil {
				return err
			}
			e := plannedEntity{Key: f.Key, Action: f.Outcome.String()}
			if f.Held != 0 {
				e.Held = strconv.FormatUint(f.Held, 16)
			}
			if err := out.Encode(e); err != nil {
				return err
			}
		}
		return nil
	})
}

// carryOutPlan imports the feed of a saved plan as the plan was called.
func (p *program) carryOutPlan(c *cobra.Command, path string) error {
	head, err := readPlan(path)
	if err != nil {
		return &usageError{err}
	}
	l := &load{program: p, flags: &loadFlags{}, command: "import", planned: head}
	if err := l.recallFlags(&head.Call, given(c)); err != nil {
		return &usageError{err}
	}
	// going on with this run does not begin from the plan again
	l.given = slices.DeleteFunc(l.given, func(flag [2]string) bool { return flag[0] == "plan" })
	if here, err := os.Getwd(); err != nil || here != head.Call.Folder {
		l.outputs.base = head.Call.Folder
	}
	if err := os.Chdir(head.Call.Folder); err != nil {
		return &usageError{fmt.Errorf("go to the folder in which the plan was made: %w", err)}
	}
	return l.execute(c.Context(), head.Call.Feed)
}

func readPlan(path string) (*savedPlan, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	line, err := bufio.NewReaderSize(file, 1<<20).ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("%s is no saved plan: its first line is cut", path)
	}
	var head savedPlan
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&head); err != nil || head.Schema != savedPlanSchema {
		return nil, fmt.Errorf("%s is no plan that this version of bulkload has saved", path)
	}
	return &head, nil
}

// asPlanned makes sure that the feed and the address are those of the plan, and has the vendor's
// catalogue compared with it.
func (l *load) asPlanned(ctx context.Context) error {
	if l.planned == nil {
		return nil
	}
	digest, err := l.feed.Digest(ctx)
	if err != nil {
		return err
	}
	if hex.EncodeToString(digest[:]) != l.planned.Digest {
		return &pipeline.StaleError{Err: fmt.Errorf("%s is not the file that the plan was made of", l.feed.Name)}
	}
	if l.flags.sandbox == "" && l.account.BaseURL != l.planned.BaseURL {
		return &usageError{fmt.Errorf("the plan was made for %s, not for %s", l.planned.BaseURL, l.account.BaseURL)}
	}
	l.job.Plan = foreseen(l.flags.plan)
	return nil
}

// foreseen yields the entities of a saved plan.
func foreseen(path string) iter.Seq2[pipeline.Foreseen, error] {
	return func(yield func(pipeline.Foreseen, error) bool) {
		file, err := os.Open(path)
		if err != nil {
			yield(pipeline.Foreseen{}, err)
			return
		}
		defer file.Close()
		lines := json.NewDecoder(bufio.NewReader(file))
		if err := lines.Decode(new(json.RawMessage)); err != nil {
			yield(pipeline.Foreseen{}, fmt.Errorf("read plan %s: %w", path, err))
			return
		}
		for {
			f, err := nextForeseen(lines)
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				err = fmt.Errorf("read plan %s: %w", path, err)
			}
			if !yield(f, err) || err != nil {
				return
			}
		}
	}
}

func nextForeseen(lines *json.Decoder) (f pipeline.Foreseen, err error) {
	var e plannedEntity
	if err := lines.Decode(&e); err != nil {
		return f, err
	}
	f.Key = e.Key
	if e.Action == vendors.Created.String() {
		f.Outcome = vendors.Created
	}
	if e.Held != "" {
		f.Held, err = strconv.ParseUint(e.Held, 16, 64)
	}
	return f, err
}
