//go:build unix

// Command formats measures the readers and writers of formats/ against the ones that a user would
// pick instead, and counts what each makes of damaged files.
//
//	go run ./benchmarks/formats
//	go run ./benchmarks/formats -only parquet -rows 100000
//	go run ./benchmarks/formats -damage
//
// Both sides run in turns, each time in a process of its own, and look at every cell; their sums
// over all cells must be equal. What is printed are medians, and of ratios those of each turn.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are the command's flags.
type options struct {
	rows   int
	runs   int
	seed   uint64
	only   string
	damage bool
	flips  int
}

// sideFlag starts a child process, which does one side's work.
const sideFlag = "-side"

func main() {
	if err := start(os.Args[1:]); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "formats:", err)
		}
		os.Exit(1)
	}
}

// start is the command itself, or the part of it that a child process does.
func start(args []string) error {
	if len(args) == 2 {
		switch args[0] {
		case sideFlag:
			return child(args[1], os.Stdin, os.Stdout)
		case readerFlag:
			return damageChild(args[1], os.Stdin, os.Stdout)
		}
	}
	return run(args, os.Stdout, os.Stderr)
}

func run(args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "bulkload-formats-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	fmt.Fprintf(stdout, "%s, %s/%s, %d processors, seed %d\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.seed)
	if o.damage {
		return damageMatrix(o, dir, stdout, stderr)
	}
	return measureAll(o, dir, stdout, stderr)
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("formats", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.IntVar(&o.rows, "rows", 10_000, "number of `rows` of workbooks; CSV and Parquet have 20 times as many")
	flags.IntVar(&o.runs, "runs", 5, "`turns` of each comparison")
	flags.Uint64Var(&o.seed, "seed", 1, "`number` that feeds and damage follow from")
	flags.StringVar(&o.only, "only", "", "`name` of the one comparison to make: "+strings.Join(taskNames(), ", "))
	flags.BoolVar(&o.damage, "damage", false, "count what readers make of damaged files instead")
	flags.IntVar(&o.flips, "flips", 300, "bits flipped, one at a time, in each format with -damage")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.rows < 1 || o.runs < 1 || o.flips < 1 || flags.NArg() > 0 {
		return o, errors.New("-rows, -runs and -flips must be at least 1, and no other arguments be given")
	}
	if o.only != "" && !slices.Contains(taskNames(), o.only) {
		return o, fmt.Errorf("-only %q: must be one of %s", o.only, strings.Join(taskNames(), ", "))
	}
	return o, nil
}

func taskNames() []string {
	var all []string
	for _, t := range tasks {
		all = append(all, t.name)
	}
	return all
}

func measureAll(o options, dir string, stdout, stderr io.Writer) error {
	fmt.Fprintln(stdout, "| task | against | rows | cores | ours | other | ratio | CPU ours | CPU other | CPU ratio | peak ours | peak other | files |")
	fmt.Fprintln(stdout, "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |")
	for _, t := range tasks {
		if o.only != "" && o.only != t.name {
			continue
		}
		for _, cores := range []int{1, 2} {
			fmt.Fprintf(stderr, "%s, %d cores\n", t.name, cores)
			c, err := compare(t, o, cores, dir)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			fmt.Fprintln(stdout, c.line(t, o, cores))
		}
	}
	return nil
}

// comparison holds the measurements of both sides, turn by turn.
type comparison struct {
	sides [2][]measurement
	files [2]int64 // bytes: of the feed, or of what each side has written
}

// measurement is what one run took.
type measurement struct {
	Sum    sum
	Wall   time.Duration
	CPU    time.Duration
	Before int64 // peak of the process's memory when the work began, in bytes
	Peak   int64 // and when it was done
}

// compare runs both sides of a task in turns.
func compare(t task, o options, cores int, dir string) (c comparison, err error) {
	j := job{path: filepath.Join(dir, "feed"+t.ending), rows: o.rows * t.scale, seed: o.seed}
	if t.feed != "" {
		if _, err := measure(t.feed, j, runtime.NumCPU()); err != nil {
			return c, err
		}
	}
	for range o.runs {
		for i, name := range t.sides {
			if t.feed == "" {
				j.path = filepath.Join(dir, fmt.Sprint("written", i, t.ending))
			}
			m, err := measure(name, j, cores)
			if err != nil {
				return c, err
			}
			c.sides[i] = append(c.sides[i], m)
			if m.Sum != c.sides[0][0].Sum || m.Sum.Rows != int64(j.rows) {
				return c, fmt.Errorf("%s gives %+v, and %s gave %+v for %d rows", name, m.Sum, t.sides[0], c.sides[0][0].Sum, j.rows)
			}
			info, err := os.Stat(j.path)
			if err != nil {
				return c, err
			}
			c.files[i] = info.Size()
		}
	}
	if t.feed != "" {
		return c, nil
	}
	return c, c.readBack(t, j, dir)
}

// readBack reads what both sides have written, with both readers: it must be the rows they were given.
func (c *comparison) readBack(t task, j job, dir string) error {
	for i := range t.sides {
		for _, who := range []string{"ours", "other"} {
			j.path = filepath.Join(dir, fmt.Sprint("written", i, t.ending))
			m, err := measure(fmt.Sprintf("read %s %s", t.ending[1:], who), j, runtime.NumCPU())
			if err != nil {
				return err
			}
			if m.Sum != c.sides[0][0].Sum {
				return fmt.Errorf("what %q wrote reads as %+v by %s, and was %+v", t.sides[i], m.Sum, who, c.sides[0][0].Sum)
			}
		}
	}
	return nil
}

// measure does a side's work in a child process with so many processors.
func measure(name string, j job, cores int) (m measurement, err error) {
	program, err := os.Executable()
	if err != nil {
		return m, err
	}
	command := exec.Command(program, sideFlag, name)
	command.Env = append(os.Environ(), fmt.Sprint("GOMAXPROCS=", cores))
	command.Stdin = strings.NewReader(fmt.Sprintln(j.rows, j.seed, j.path))
	command.Stderr = os.Stderr
	out, err := command.Output()
	if err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	if err := json.Unmarshal(out, &m); err != nil {
		return m, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}

// child does the work of one side and reports what it took.
func child(name string, stdin io.Reader, stdout io.Writer) error {
	var j job
	if _, err := fmt.Fscanln(stdin, &j.rows, &j.seed, &j.path); err != nil {
		return fmt.Errorf("read the job: %w", err)
	}
	work, err := sideNamed(name)
	if err != nil {
		return err
	}
	run, err := work(j)
	if err != nil {
		return err
	}
	var m measurement
	if m.Before, err = peakMemory(); err != nil {
		return err
	}
	start, before := time.Now(), cpuTime()
	if m.Sum, err = run(); err != nil {
		return err
	}
	m.Wall, m.CPU = time.Since(start), cpuTime()-before
	if m.Peak, err = peakMemory(); err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(m)
}

// cpuTime is what this process has used so far on all processors.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// peakMemory is the most memory that this process has had resident so far, in bytes. Linux keeps it for
// the program itself; what getrusage tells there begins with the peak of the process that started it.
func peakMemory() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err == nil {
		for line := range strings.Lines(string(status)) {
			var kib int64
			if _, err := fmt.Sscanf(line, "VmHWM: %d kB", &kib); err == nil {
				return kib << 10, nil
			}
		}
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0, fmt.Errorf("own peak memory: %w", err)
	}
	if runtime.GOOS == "darwin" {
		return usage.Maxrss, nil // in bytes there, elsewhere in KiB
	}
	return usage.Maxrss << 10, nil
}

// line is the comparison as a line of a Markdown table.
func (c *comparison) line(t task, o options, cores int) string {
	wall := func(m measurement) time.Duration { return m.Wall }
	cpu := func(m measurement) time.Duration { return m.CPU }
	files := mebibytes(c.files[0])
	if t.feed == "" {
		files += " / " + mebibytes(c.files[1])
	}
	return fmt.Sprintf("| %s | %s | %d | %d | %s | %s | %s | %s | %s | %s | %s | %s | %s |", t.title, t.other, o.rows*t.scale, cores,
		milliseconds(c.sides[0], wall), milliseconds(c.sides[1], wall), c.ratio(wall),
		milliseconds(c.sides[0], cpu), milliseconds(c.sides[1], cpu), c.ratio(cpu), c.peak(0), c.peak(1), files)
}

// ratio is how many times as much the other side took, in the median turn. Of a machine that others
// use too, the ratio of CPU times tells more than that of wall times.
func (c *comparison) ratio(of func(measurement) time.Duration) string {
	var ratios []float64
	for i := range c.sides[0] {
		ratios = append(ratios, float64(of(c.sides[1][i]))/float64(max(1, of(c.sides[0][i]))))
	}
	return fmt.Sprintf("%.1f×", median(ratios))
}

func milliseconds(all []measurement, of func(measurement) time.Duration) string {
	var took []float64
	for _, m := range all {
		took = append(took, float64(of(m).Microseconds())/1000)
	}
	return fmt.Sprintf("%.0f ms", median(took))
}

// peak is the median of a side's peaks, and of what the work has added to the program's own.
func (c *comparison) peak(side int) string {
	var peaks, added []int64
	for _, m := range c.sides[side] {
		peaks, added = append(peaks, m.Peak), append(added, m.Peak-m.Before)
	}
	return fmt.Sprintf("%s (+%.1f)", mebibytes(median(peaks)), float64(median(added))/(1<<20))
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

func median[T int64 | float64](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	middle := len(sorted) / 2
	if len(sorted)%2 == 0 {
		return (sorted[middle-1] + sorted[middle]) / 2
	}
	return sorted[middle]
}
