package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
)

// resumeFlags are what may differ when a run goes on.
type resumeFlags struct {
	feed    string
	yes     bool
	answers string
	changed [][2]string // flags of import
}

// mayChange lists the flags of import that resume takes too.
var mayChange = []string{"batch", "config", "compare", "deadline", "json", "no-progress", "parallel-runs", "quiet", "rate", "retries",
	"state-dir", "workers", "again", "base-url", "debug"}

func (p *program) resumeCommand() *cobra.Command {
	flags, changed := &resumeFlags{}, &loadFlags{}
	c := &cobra.Command{
		Use:   "resume [RUN]",
		Short: "Go on with a run that was cut",
		Long: `Go on with an import, a deletion or a lookup that was cut: killed, interrupted, stopped by a full disk, a power cut or
a vendor that did not answer. RUN is the run's folder or its name; without one, the last run
that was cut. What is settled is not sent again; what changed in the feed since is.`,
		Example: `  bulkload resume
  bulkload resume bulkload-runs/20260301T020000.000-fashiontrade-products-4711 --workers 4
  bulkload resume 20260301T020000.000-fashiontrade-products-4711 --feed corrected.xlsx`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{errors.New("name one run")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			flags.changed = given(c)
			name := ""
			if len(args) == 1 {
				name = args[0]
			}
			return p.resume(c, name, flags)
		},
	}
	full := &cobra.Command{}
	changed.addImport(full)
	for _, name := range mayChange {
		if flag := full.Flags().Lookup(name); flag != nil {
			c.Flags().AddFlag(flag)
		}
	}
	c.Flags().StringVar(&flags.feed, "feed", "", "`FEED` to read in place of the run's own: renamed, sorted anew or put right")
	addAnswers(c, &flags.answers)
	c.Flags().BoolVar(&flags.yes, "yes", false, "go on although a later run has begun on the same account")
	return c
}

// resume calls the run's command again as it was called, in the same folder.
func (p *program) resume(c *cobra.Command, name string, flags *resumeFlags) error {
	dir, err := p.findRun(name)
	if err != nil {
		return err
	}
	dir = seasonOf(dir)
	run, err := readRun(dir)
	if err != nil {
		return &usageError{err}
	}
	if run.state == runEnded {
		fmt.Fprintf(p.stderr, "bulkload: run %s has ended with exit code %d; nothing is left to go on with\n", run.settings.Run, run.code)
		return &saidError{run.code}
	}
	s := run.settings
	if s.Schema != settingsSchema {
		return &usageError{fmt.Errorf("the run in %s was begun by another version of bulkload", dir)}
	}
	if feed := flags.feed; feed != "" {
		if s.Feed = feed; feed != "-" {
			if s.Feed, err = filepath.Abs(feed); err != nil {
				return err
			}
		}
	} else if s.Feed == "-" {
		return &usageError{errors.New("the run read standard input: give the feed again with --feed FILE, or --feed - to read it anew")}
	}
	l := &load{program: p, flags: &loadFlags{}, command: s.Command, run: s.Run, resumed: true, overtake: flags.yes, call: s}
	l.outputs.dir = dir
	if err := l.recallFlags(s, flags.changed); err != nil {
		return &usageError{err}
	}
	if l.flags.sandbox == inMemory {
		return &usageError{errors.New("the run went to a sandbox in memory, which is gone: import the feed again")}
	}
	if err := os.Chdir(s.Folder); err != nil {
		return &usageError{fmt.Errorf("go to the folder in which the run was begun: %w", err)}
	}
	if l.flags.all {
		return l.deleteAll(c.Context())
	}
	return l.executeImport(c.Context(), s.Feed)
}

// recallFlags sets the flags that the run was called with, then those that are to be otherwise. Both together
// are those that the run has from then on.
func (l *load) recallFlags(s *settings, changed [][2]string) error {
	c := &cobra.Command{}
	switch l.command {
	case "delete":
		l.flags.addDelete(c)
	case "lookup":
		l.flags.addLookup(c)
	default:
		l.flags.addImport(c)
	}
	for _, flag := range s.Flags {
		if flag[0] == "output" && l.command != "lookup" {
			continue // of a plan: it was written
		}
		if err := c.Flags().Set(flag[0], flag[1]); err != nil {
			return fmt.Errorf("the run's own flag --%s: %w", flag[0], err)
		}
	}
	for _, flag := range changed {
		if flag[0] == "feed" || flag[0] == "yes" {
			continue
		}
		value := flag[1]
		if slices.Contains(pathFlags, flag[0]) && value != "-" && value != inMemory {
			var err error
			if value, err = filepath.Abs(value); err != nil {
				return err
			}
		}
		if err := c.Flags().Set(flag[0], value); err != nil {
			return err
		}
	}
	l.given = given(c)
	return nil
}

// pathFlags are the flags that name files or folders. Those that are given anew begin where they are given,
// and not in the folder in which the run or the plan was made.
var pathFlags = []string{"config", "debug", "map", "output", "plan", "rejects", "report", "run-dir", "sandbox", "state-dir"}

// findRun returns the folder of a run, by its path or its name; of the last one that was cut, when
// none is named.
func (p *program) findRun(name string) (string, error) {
	if name == "" {
		return p.lastCut()
	}
	for _, dir := range []string{name, filepath.Join(runsDir, name)} {
		if _, err := os.Stat(filepath.Join(dir, settingsFile)); err == nil {
			return filepath.Abs(dir)
		}
	}
	return "", &usageError{fmt.Errorf("%s is no run: neither it nor %s holds a %s", name, filepath.Join(runsDir, name), settingsFile)}
}

func (p *program) lastCut() (string, error) {
	runs, err := listRuns(runsDir)
	if err != nil {
		return "", err
	}
	for i := len(runs) - 1; i >= 0; i-- {
		if runs[i].state == runCut {
			return filepath.Abs(runs[i].dir)
		}
	}
	return "", &usageError{fmt.Errorf("no run in %s was cut; name one by its folder", runsDir)}
}
