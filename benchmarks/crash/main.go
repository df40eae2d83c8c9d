//go:build unix

// Command crash kills imports and resumes them until they are done, thousands of times, and compares
// what a sandbox was sent with what the program promises: nothing lost, nothing twice, never too fast.
//
//	go run ./benchmarks/crash -runs 5000
//
// Program and sandbox are processes of their own. Ctrl-C ends it after the runs that are under way. What happens follows from -seed; the instants of a
// kill at random do not quite.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"
)

// options are the command's flags.
type options struct {
	runs, kills, lanes, only int
	seed                     uint64
	dir, at                  string
	keep                     bool
}

func main() {
	breaches, err := execute(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "crash:", err)
	}
	if err != nil || breaches > 0 {
		os.Exit(1)
	}
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("crash", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.runs, "runs", 200, "`number` of runs, each killed several times")
	flags.IntVar(&o.kills, "kills", 0, "go on until so `many` processes were killed")
	flags.Uint64Var(&o.seed, "seed", 1, "`number` that everything follows from")
	flags.IntVar(&o.lanes, "parallel", 4*runtime.GOMAXPROCS(0), "`number` of runs at once")
	flags.StringVar(&o.dir, "dir", "", "`folder` for the runs' files (default: the system's)")
	flags.IntVar(&o.only, "only", -1, "carry out the run of this `number` alone")
	flags.StringVar(&o.at, "at", "", "with -only: the points at which its processes die, such as `,journal.intent.synced@3`")
	flags.BoolVar(&o.keep, "keep", false, "keep the files of all runs")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.runs < 1 || o.lanes < 1 || flags.NArg() > 0 {
		return o, errors.New("-runs and -parallel must be at least 1, and there are no other arguments")
	}
	return o, nil
}

// feeds is how many are made up for each resource.
const feeds = 6

// plan draws the run of a number.
func (o *options) plan(number int) *plan {
	if o.only < 0 {
		return newPlan(o.seed, number, feeds)
	}
	p := newPlan(o.seed, o.only, feeds)
	for i, at := range strings.Split(o.at, ",") {
		if i < len(p.steps) {
			p.steps[i].at = at
		}
	}
	return p
}

// execute carries the runs out and tells how many promises were broken.
func execute(args []string, stdout, stderr io.Writer) (breaches int, err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return 0, err
	}
	dir, err := os.MkdirTemp(o.dir, "bulkload-crash-")
	if err != nil {
		return 0, err
	}
	if o.only >= 0 {
		o.runs, o.kills, o.lanes = 1, 0, 1
	}
	began := time.Now()
	b, err := newBench(dir, o.seed, min(o.lanes, o.runs), feeds, stderr)
	if err == nil {
		stop := make(chan os.Signal, 1)
		signal.Notify(stop, os.Interrupt)
		b.keep, b.stop = o.keep, stop
		err = b.run(o.runs, o.kills, o.plan)
	}
	if b.table.rows != nil {
		b.tell(stdout, time.Since(began))
	}
	sum := b.table.sum()
	err = errors.Join(err, b.close())
	if err != nil || sum.all() > 0 || o.keep {
		fmt.Fprintf(stderr, "files are kept in %s\n", dir)
		return sum.all(), err
	}
	return 0, os.RemoveAll(dir)
}

// tell writes what was found.
func (b *bench) tell(w io.Writer, took time.Duration) {
	b.table.write(w)
	fmt.Fprintln(w)
	b.points.write(w)
	if left := b.points.forgotten(); len(left) > 0 {
		fmt.Fprintf(w, "\nno process died at %s\n", strings.Join(left, ", "))
	}
	sum := b.table.sum()
	fmt.Fprintf(w, "\nseed %d, %v, an undisturbed import takes %v\n", b.seed, took.Round(time.Second), b.typical.Round(time.Millisecond))
	if sum.leftOut > 0 {
		fmt.Fprintf(w, "%d runs with a full disk were left out: %v\n", sum.leftOut, b.mounts)
	}
	fmt.Fprintf(w, "%d runs, %d kills and %d other signals, %d times resumed, %d breaches\n",
		sum.runs, sum.kills, sum.signals, sum.resumed, sum.all())
}
