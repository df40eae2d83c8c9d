package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulkload/vendors"
)

// runState is how far a run came.
type runState string

const (
	runEnded   runState = "ended"
	runCut     runState = "cut"
	runRunning runState = "running"
)

// pastRun is a run as its folder tells of it.
type pastRun struct {
	dir      string
	settings *settings
	state    runState
	code     int
	rows     map[string]int64 // by outcome; nil when nothing was written
	stopped  string
}

// listRuns reads the folders of runs, the oldest first. What is no run is passed over.
func listRuns(parent string) ([]pastRun, error) {
	entries, err := os.ReadDir(parent)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var runs []pastRun
	for _, entry := range entries {
		if run, err := readRun(filepath.Join(parent, entry.Name())); err == nil {
			runs = append(runs, run)
		} else if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, errNotAFolder) {
			return nil, err
		}
	}
	slices.SortStableFunc(runs, func(a, b pastRun) int { return a.settings.Started.Compare(b.settings.Started) })
	return runs, nil
}

var errNotAFolder = errors.New("not a folder")

func readRun(dir string) (pastRun, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return pastRun{}, cmp.Or(err, errNotAFolder)
	}
	s, err := readSettings(dir)
	if err != nil {
		return pastRun{}, err
	}
	r := pastRun{dir: dir, settings: s, state: runCut}
	if held(dir) {
		r.state = runRunning
		return r, nil
	}
	data, err := os.ReadFile(filepath.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return pastRun{}, fmt.Errorf("read the run's manifest: %w", err)
	}
	var manifest struct {
		Rows     map[string]int64 `json:"rows"`
		Stopped  string           `json:"stopped"`
		Resume   string           `json:"resume"`
		ExitCode int              `json:"exit_code"`
	}
	if err := json.Unmarshal(data, &manifest); err != nil {
		return pastRun{}, fmt.Errorf("the run's manifest in %s: %w", dir, err)
	}
	r.rows, r.stopped, r.code = manifest.Rows, manifest.Stopped, manifest.ExitCode
	if manifest.Resume == "" {
		r.state = runEnded
	}
	return r, nil
}

func (p *program) runsCommand() *cobra.Command {
	asJSON := false
	c := &cobra.Command{
		Use:   "runs [FOLDER]",
		Short: "List the imports, deletions and lookups that ran here, when, and how each ended",
		Long: `List the runs whose folders lie in FOLDER (default ` + runsDir + `), the oldest first. A run that was
cut can be gone on with: bulkload resume RUN.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			parent := runsDir
			if len(args) == 1 {
				parent = args[0]
			}
			runs, err := listRuns(parent)
			if err != nil {
				return err
			}
			if asJSON {
				return p.writeRunsJSON(runs)
			}
			return p.writeRuns(parent, runs)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write them as JSON, an object a line")
	return c
}

func (p *program) writeRuns(parent string, runs []pastRun) error {
	if len(runs) == 0 {
		_, err := fmt.Fprintf(p.stderr, "no run in %s\n", parent)
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "RUN\tSTARTED\tTARGET\tSTATE\tROWS")
	for _, r := range runs {
		state := string(r.state)
		if r.state == runEnded {
			state = fmt.Sprintf("ended, exit code %d", r.code)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", filepath.Base(r.dir), r.settings.Started.Local().Format(time.DateTime),
			r.settings.Target, state, r.balance())
	}
	return w.Flush()
}

// balance writes how many rows came to which outcome, those that occurred only.
func (r *pastRun) balance() string {
	words := []string{"deleted", "not_there", "answered", "empty"}
	for _, outcome := range vendors.Outcomes {
		words = append(words, outcome.String())
	}
	text := ""
	for _, word := range words {
		if n := r.rows[word]; n > 0 {
			text += fmt.Sprintf("%s%d %s", map[bool]string{true: ", "}[text != ""], n, strings.ReplaceAll(word, "_", " "))
		}
	}
	return cmp.Or(text, "-")
}

func (p *program) writeRunsJSON(runs []pastRun) error {
	out := json.NewEncoder(p.stdout)
	for _, r := range runs {
		err := out.Encode(struct {
			Run      string           `json:"run"`
			Folder   string           `json:"folder"`
			Started  time.Time        `json:"started"`
			Target   string           `json:"target"`
			Feed     string           `json:"feed"`
			State    runState         `json:"state"`
			ExitCode int              `json:"exit_code"`
			Rows     map[string]int64 `json:"rows"`
			Stopped  string           `json:"stopped,omitempty"`
		}{r.settings.Run, r.dir, r.settings.Started, r.settings.Target, r.settings.Feed, r.state, r.code, r.rows, r.stopped})
		if err != nil {
			return fmt.Errorf("write runs: %w", err)
		}
	}
	return nil
}
