// Command bulkload takes feeds to the APIs of fashion commerce vendors.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

func main() {
	// Blocks and batches are used again, so the heap grows with workers and not with the feed; a
	// tighter collector keeps it near what is in use.
	debug.SetGCPercent(50)
	p := &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now, getenv: os.Getenv}
	os.Exit(p.run(os.Args[1:]))
}

// program is one call of the command with the outside it may touch.
type program struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time
	getenv         func(string) string
	stop           chan struct{} // closed by the first signal, or when the run's time is up
	overdue        chan struct{} // is sent to when that is so
	signal         atomic.Int32  // the first signal that came; SIGALRM: the run's time was up
}

// cause is the signal that ended the run, zero when none did.
func (p *program) cause() syscall.Signal { return syscall.Signal(p.signal.Load()) }

// run does what the arguments ask for and returns the exit code.
func (p *program) run(args []string) (code int) {
	defer func() {
		if trouble := recover(); trouble != nil {
			fmt.Fprintf(p.stderr, "bulkload: internal error: %v\n%s", trouble, debug.Stack())
			code = exitInternal
		}
	}()
	ctx, release := p.listen()
	defer release()
	root := p.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	code = exitCode(err, p.cause())
	var said *saidError
	if err != nil && !errors.As(err, &said) {
		fmt.Fprintf(p.stderr, "bulkload: %v\n", err)
	}
	return code
}

// listen ends the run's work on the first SIGINT or SIGTERM, and the run itself on the second.
func (p *program) listen() (ctx context.Context, release func()) {
	p.stop, p.overdue = make(chan struct{}), make(chan struct{}, 1)
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case s := <-signals:
			p.signal.Store(int32(s.(syscall.Signal)))
			fmt.Fprintln(p.stderr, "\nstopping: what is on its way is finished, the rest is not sent; once more to stop at once")
			close(p.stop)
		case <-p.overdue:
			p.signal.Store(int32(syscall.SIGALRM))
			fmt.Fprintln(p.stderr, "\nthe run's time is up: what is on its way is finished, the rest is not sent")
			close(p.stop)
		case <-done:
			return
		}
		select {
		case <-signals:
			cancel()
		case <-done:
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		<-ended
		cancel()
	}
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "bulkload",
		Short:         "Load feeds into the APIs of fashion commerce vendors",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(p.stdin)
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w (see %s --help)", err, c.CommandPath())}
	})
	root.AddCommand(p.importCommand(), p.planCommand(), p.resumeCommand(), p.runsCommand(), p.checkCommand(), p.inspectCommand(), p.vendorsCommand(), p.describeCommand(),
		p.templateCommand(), p.sandboxCommand(), p.versionCommand())
	root.AddCommand(p.accountsCommand(), p.fitanalyticsCommand())
	root.AddCommand(p.deleteCommand(), p.exportCommand(), p.lookupCommand(), p.verifyCommand(), p.diffCommand())
	return root
}
