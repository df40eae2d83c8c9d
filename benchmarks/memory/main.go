//go:build unix

// Command memory measures what bulkload takes to check, to import and to export a made-up season, or made-up
// stock: time, CPU and the most memory at once. The vendor is the stand-in, in a process of its own that is not counted.
//
//	go build -o bulkload ./cmd/bulkload
//	go run ./benchmarks/memory -bulkload ./bulkload -rows 1000000
//	go run ./benchmarks/memory -bulkload ./bulkload -rows 1000000 -resource product-stock
//	go run ./benchmarks/memory -bulkload ./bulkload -rows 805000 -commands export -ending .xlsx
package main

import (
	"bufio"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"bulkload/benchmarks/season"
	"bulkload/formats"
	"bulkload/formats/feed"
)

// The resources that there is a made-up feed of.
const (
	vendor   = "fashiontrade"
	products = "products"
	stocks   = "product-stock"
)

// options are the command's flags.
type options struct {
	season   season.Season
	resource string
	bulkload string // the program
	commands string
	ending   string
	dir      string
	workers  int
}

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "memory:", err)
		}
		os.Exit(1)
	}
}

func run(args []string, stdout, stderr io.Writer) (err error) {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(o.dir, "bulkload-memory-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "feed"+o.ending)
	if err := o.write(path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	fmt.Fprintf(stdout, "| command | feed | rows | wall | CPU | peak memory | rows/s |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for command := range strings.SplitSeq(o.commands, ",") {
		m, err := measure(o, command, path, filepath.Join(dir, "run-"+command), stderr)
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, m.line(command, o))
	}
	return nil
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("memory", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.bulkload, "bulkload", "", "the built `program`")
	flags.StringVar(&o.resource, "resource", products, "`resource` to load: "+products+" or "+stocks)
	flags.Int64Var(&o.season.Rows, "rows", 1_000_000, "number of `rows`")
	flags.Uint64Var(&o.season.Seed, "seed", 1, "`number` that the feed follows from")
	flags.StringVar(&o.commands, "commands", "check,import", "`commands` to measure, separated by commas")
	flags.StringVar(&o.ending, "ending", ".csv", "`ending` of the feed's name, which says its format")
	flags.StringVar(&o.dir, "dir", "", "`folder` for the feed and the run (default: that for temporary files)")
	flags.IntVar(&o.workers, "workers", 8, "requests in flight")
	order := flags.String("order", "product", "`order` of the rows: product, colour or random")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.bulkload == "" || o.season.Rows < 1 || flags.NArg() > 0 {
		return o, errors.New("-bulkload must name the program, -rows be at least 1, and no other arguments be given")
	}
	if o.resource != products && o.resource != stocks {
		return o, fmt.Errorf("-resource %q: there are feeds of %s and %s", o.resource, products, stocks)
	}
	for command := range strings.SplitSeq(o.commands, ",") {
		if command != "check" && command != "import" && command != "export" {
			return o, fmt.Errorf("-commands %q: only check, import and export are measured", command)
		}
	}
	o.season.Order, err = season.ParseOrder(*order)
	return o, err
}

// write makes the feed.
func (o options) write(path string) error {
	if o.resource == stocks {
		return stock{o.season.Rows}.write(path)
	}
	var columns []formats.Column
	for _, name := range season.Columns() {
		columns = append(columns, formats.Column{Name: name})
	}
	output, err := feed.Create(path, columns, nil)
	if err != nil {
		return err
	}
	if _, err := o.season.WriteTo(output); err != nil {
		return errors.Join(err, output.Discard())
	}
	return output.Close()
}

// measurement is what one run of the program took.
type measurement struct {
	wall, cpu time.Duration
	peak      int64 // bytes
	own       int64 // and of this process, below which a child's cannot be seen
}

// measure runs a command of the program on the feed, for import and export with a stand-in of its own. An
// export brings back what was imported before, which is not measured.
func measure(o options, command, path, runDir string, stderr io.Writer) (m measurement, err error) {
	target := vendor + "/" + o.resource
	args := []string{command, path, "--to", target, "--quiet"}
	if command != "check" {
		sandbox, err := startSandbox(o.bulkload, stderr)
		if err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, sandbox.stop()) }()
		load := []string{"import", path, "--to", target, "--quiet", "--base-url", sandbox.url, "--run-dir", runDir, "--workers", fmt.Sprint(o.workers)}
		if args = load; command == "export" {
			if _, err := o.runChild(load); err != nil {
				return m, err
			}
			args = []string{"export", target, "--quiet", "--base-url", sandbox.url, "-o", filepath.Join(runDir, "export"+o.ending)}
		}
	}
	return o.runChild(args)
}

// runChild runs the program to its end.
func (o options) runChild(args []string) (m measurement, err error) {
	child := exec.Command(o.bulkload, args...)
	child.Env = append(os.Environ(), "BULKLOAD_TOKEN=benchmark")
	var words bytes.Buffer
	child.Stdout, child.Stderr = &words, &words
	start := time.Now()
	if err := child.Run(); err != nil {
		return m, fmt.Errorf("bulkload %s: %w\n%s", args[0], err, tail(words.Bytes()))
	}
	m.wall = time.Since(start)
	m.cpu = child.ProcessState.UserTime() + child.ProcessState.SystemTime()
	usage, ok := child.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return m, errors.New("this system does not tell a process's peak memory")
	}
	m.peak = bytesOf(usage.Maxrss)
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return m, fmt.Errorf("own peak memory: %w", err)
	}
	m.own = bytesOf(own.Maxrss)
	return m, nil
}

// bytesOf turns a peak into bytes: Linux and the BSDs count it in KiB, macOS in bytes.
func bytesOf(peak int64) int64 {
	if runtime.GOOS == "darwin" {
		return peak
	}
	return peak << 10
}

// line is the measurement as a line of a Markdown table. A child starts with its parent's peak, so
// a peak that is not higher is only known to be at most that.
func (m measurement) line(command string, o options) string {
	peak := fmt.Sprintf("%.1f MiB", float64(m.peak)/(1<<20))
	if m.peak <= m.own {
		peak = "≤ " + peak
	}
	return fmt.Sprintf("| %s | %s | %d | %.2f s | %.2f s | %s | %.0f |", command, o.ending, o.season.Rows,
		m.wall.Seconds(), m.cpu.Seconds(), peak, float64(o.season.Rows)/m.wall.Seconds())
}

// tail is the end of what a program said.
func tail(words []byte) []byte {
	return words[max(0, len(words)-2000):]
}

// vendorProcess is a running stand-in.
type vendorProcess struct {
	command *exec.Cmd
	url     string
}

// startSandbox starts the stand-in and reads its address from its first lines: "fashiontrade http://…".
func startSandbox(bulkload string, stderr io.Writer) (*vendorProcess, error) {
	v := &vendorProcess{command: exec.Command(bulkload, "sandbox", "--listen", "127.0.0.1:0")}
	v.command.Stderr = stderr
	out, err := v.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := v.command.Start(); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if name, url, ok := strings.Cut(lines.Text(), " "); ok && name == vendor {
			v.url = url
			return v, nil
		}
	}
	return nil, errors.Join(errors.New("the sandbox does not say its address"), v.stop())
}

// stop interrupts the stand-in and waits for its end. How it ends says nothing about the measurement.
func (v *vendorProcess) stop() error {
	if err := v.command.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop the sandbox: %w", err)
	}
	var ended *exec.ExitError
	if err := v.command.Wait(); err != nil && !errors.As(err, &ended) {
		return fmt.Errorf("stop the sandbox: %w", err)
	}
	return nil
}
