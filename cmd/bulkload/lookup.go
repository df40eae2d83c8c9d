package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/report"
	"bulkload/vendors"
)

// answersFile is the file of a run's folder that keeps the answers of a lookup until all are there.
const answersFile = "answers"

func (p *program) lookupCommand() *cobra.Command {
	flags := &loadFlags{}
	c := &cobra.Command{
		Use:   "lookup FEED --to VENDOR/RESOURCE -o FILE",
		Short: "Ask a vendor about every row of a feed, and write the answers beside the rows",
		Long: `Check a feed, put the question that each row is to the vendor, and write the feed's rows, in their order,
with the answers in columns behind their own: as XLSX, CSV, Parquet or NDJSON, as the name's ending says,
each also with .gz or .zst. The column lookup_status says what became of each row's question, lookup_error
why there is no answer. Rows that agree in all that is asked are one question, which is put once.
An answer that is a list shares one cell, separated by |, or with --expand has a row for each thing in it.
The file is written when all is asked; until then the run's folder keeps the answers, and resume goes on.`,
		Example: `  bulkload lookup sessions.xlsx --to fashionai/category-view -o ranked.xlsx --account fai --yes
  bulkload lookup sessions.csv --to fashionai/shop-the-look -o looks.parquet --expand --sandbox --yes`,
		Args: oneFeed,
		RunE: func(c *cobra.Command, args []string) error {
			return (&load{program: p, flags: flags, command: "lookup", given: given(c)}).execute(c.Context(), args[0])
		},
	}
	flags.addLookup(c)
	return c
}

// addLookup adds what says how to ask, and where to write the answers.
func (f *loadFlags) addLookup(c *cobra.Command) {
	f.compare = compareNone
	f.addConnection(c)
	flags := c.Flags()
	addAnswers(c, &f.answers)
	flags.BoolVar(&f.expand, "expand", false, "give each thing of an answer that is a list a row of its own")
	flags.BoolVar(&f.yes, "yes", false, "ask although each question tells the vendor something about a shopper")
	flags.BoolVar(&f.again, "again", false, "put questions once more whose answer was lost, even where that counts twice")
	flags.DurationVar(&f.deadline, "deadline", 0, "end the run, resumable, when it has taken so long, such as 2h30m")
	flags.StringVar(&f.runDir, "run-dir", "", "folder of the run's files (default bulkload-runs/RUN)")
	flags.BoolVar(&f.parallelRuns, "parallel-runs", false, "run although another run uses the account")
	for _, name := range []string{"batch", "replace"} { // they say nothing of a question
		if flag := flags.Lookup(name); flag != nil {
			flag.Hidden = true
		}
	}
}

func addAnswers(c *cobra.Command, path *string) {
	c.Flags().StringVarP(path, "output", "o", "", "`FILE` to write rows and answers to; - for CSV on standard output")
}

// chooseLookup makes sure that the resource can be asked about as the flags say.
func (l *load) chooseLookup() error {
	switch {
	case l.resource.Ask == nil:
		return fmt.Errorf("%s is not looked up: the vendor answers no questions about it", l.target())
	case l.flags.answers == "":
		return errors.New("say with -o which file to write, such as -o answers.xlsx")
	case l.flags.answers == "-" && l.flags.json:
		return errors.New("standard output cannot have both the answers and --json")
	case l.resource.Signals != "" && !l.flags.yes && !l.resumed && !isTerminal(l.stdin):
		return l.disagreed()
	}
	return feed.CheckName(l.flags.answers)
}

// onlyLookup tells whoever wants to load what is a question how it is asked.
func (l *load) onlyLookup() error {
	if l.resource.Ask == nil || l.command == "check" || l.command == "lookup" {
		return nil
	}
	return fmt.Errorf("%s is a question, which is asked and not loaded: bulkload lookup FEED --to %s -o FILE", l.target(), l.target())
}

// lookup asks, and writes the answers.
func (l *load) lookup(ctx context.Context) (*pipeline.Result, error) {
	path, err := filepath.Abs(filepath.Join(l.outputs.dir, answersFile))
	if err != nil {
		return nil, err
	}
	l.job.Start = l.startLookup
	run := &pipeline.Lookup{Job: l.job, Answers: path, Output: l.flags.answers, Stdout: l.stdout, Expand: l.flags.expand, Agree: l.agree,
		Begin: journal.Begin{Run: l.run, Account: l.lasting.account.Name(), Target: l.journalTarget(), Version: version(), Started: l.started}}
	result, err := run.Run(ctx)
	if result == nil && l.lasting.journal != nil {
		err = errors.Join(err, l.lasting.journal.Close())
		if l.flags.sandbox != inMemory {
			err = fmt.Errorf("%w; go on with: %s", err, resumeOf(l.outputs.dir))
		}
	}
	return result, err
}

// startLookup begins the run's journal, which tells only that it began and how it ended: what was asked
// stands in the file of answers.
func (l *load) startLookup() error {
	path, err := filepath.Abs(filepath.Join(l.outputs.dir, journalFile))
	if err != nil {
		return err
	}
	if l.lasting.journal, err = l.openJournal(path); err != nil {
		return err
	}
	return l.lasting.account.Enter(l.run, path)
}

// agree makes sure that somebody agrees to what asking tells the vendor about shoppers. Who has agreed to a
// run's beginning is not asked again when it goes on.
func (l *load) agree(questions, before int64) error {
	if l.resource.Signals == "" {
		return nil
	}
	if !l.flags.quiet && !l.flags.json {
		fmt.Fprintf(l.stderr, "%s: %s.\n", l.target(), l.resource.Signals)
	}
	if l.flags.yes || before > 0 {
		return nil
	}
	if !isTerminal(l.stdin) {
		return &usageError{l.disagreed()}
	}
	fmt.Fprintf(l.stderr, "Type yes to put %d %s: ", questions, l.resource.Noun.Of(questions))
	typed, err := l.readLine()
	if err != nil {
		return err
	}
	if typed = strings.ToLower(typed); typed != "yes" && typed != "y" {
		return &usageError{errors.New("nothing was asked")}
	}
	return nil
}

// disagreed is why nothing is asked when nobody was there to agree.
func (l *load) disagreed() error {
	return fmt.Errorf("nothing was asked of %s: %s. Say --yes to agree to that", l.target(), l.resource.Signals)
}

// doubtful reports whether going on with the run can settle rows whose answers were lost.
func (l *load) doubtful(s *report.Summary) bool {
	return s.Counts.Rows[vendors.Unknown] > 0 && (l.resource.Repeat != vendors.Unsafe || l.command == "lookup")
}

// goOn is the command that goes on with the run. Questions that are only put once more when somebody says
// so need that said.
func (l *load) goOn(s *report.Summary, runErr error) string {
	command := resumeOf(l.outputs.dir)
	if l.within != nil {
		command = resumeOf(l.within.outputs.dir) // a part goes on with the whole
	}
	if l.command == "lookup" && runErr == nil && l.resource.Repeat == vendors.Unsafe && s.Counts.Rows[vendors.Skipped] == 0 {
		command += " --again"
	}
	return command
}

// dropAnswers removes the answers of a lookup that is over: its output has them.
func (l *load) dropAnswers() error {
	if l.command != "lookup" {
		return nil
	}
	path := filepath.Join(l.outputs.dir, answersFile)
	if err := os.Remove(path + ".lock"); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
