//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// build builds the program with its points. It may be called from any folder of the module.
func build(dir string) (program string, err error) {
	program = filepath.Join(dir, "bulkload")
	output, err := exec.Command("go", "build", "-tags", "crash", "-o", program, "bulkload/cmd/bulkload").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build -tags crash: %w\n%s", err, output)
	}
	return program, nil
}

// A call is one process of the program that is to be.
type call struct {
	program string
	args    []string
	dir     string
	env     []string
	limit   int64 // bytes that a file may have; 0: any number
	// attack is called when the process has begun, and ends it or lets it be. gone is closed when it
	// has ended by itself.
	attack func(p *os.Process, gone <-chan struct{})
}

// An ending is how a process ended.
type ending struct {
	began, ended time.Time
	killed       bool // by SIGKILL
	code         int  // -1 when a signal ended it
	words        string
}

// hanging is how long a process may take. None needs a tenth of it.
const hanging = 60 * time.Second

// live runs a process to its end.
func (c *call) live() (e ending, err error) {
	args := append([]string{c.program}, c.args...)
	if c.limit > 0 {
		args = append([]string{"/bin/sh", "-c", fmt.Sprintf(`ulimit -f %d && exec "$0" "$@"`, c.limit/512)}, args...)
	}
	process := exec.Command(args[0], args[1:]...)
	var words bytes.Buffer
	process.Dir, process.Env, process.Stdout, process.Stderr = c.dir, c.env, &words, &words
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the harness alone
	e.began = time.Now()
	if err := process.Start(); err != nil {
		return e, err
	}
	gone := make(chan struct{})
	var attacking sync.WaitGroup
	attacking.Go(func() { c.attackOrHang(process.Process, gone) })
	err = process.Wait()
	close(gone)
	attacking.Wait()
	e.ended, e.words, e.code = time.Now(), words.String(), process.ProcessState.ExitCode()
	if status, ok := process.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.killed = status.Signal() == syscall.SIGKILL
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return e, err
	}
	if e.ended.Sub(e.began) >= hanging {
		return e, fmt.Errorf("the process hung and was killed: %s", e.words)
	}
	return e, nil
}

// attackOrHang lets the attack have its way, and kills a process that never ends.
func (c *call) attackOrHang(p *os.Process, gone <-chan struct{}) {
	if c.attack != nil {
		c.attack(p, gone)
	}
	if !sleep(hanging, gone) {
		p.Kill()
	}
}

// sleep waits, and reports whether the process ended meanwhile.
func sleep(d time.Duration, gone <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-gone:
		return true
	case <-timer.C:
		return false
	}
}

// killAfter kills the process after a while.
func killAfter(d time.Duration) func(*os.Process, <-chan struct{}) {
	return func(p *os.Process, gone <-chan struct{}) {
		if !sleep(d, gone) {
			p.Kill()
		}
	}
}

// interruptAfter sends SIGINT after a while, and once more shortly after when it is to be twice.
func interruptAfter(d time.Duration, again time.Duration) func(*os.Process, <-chan struct{}) {
	return func(p *os.Process, gone <-chan struct{}) {
		if sleep(d, gone) {
			return
		}
		p.Signal(os.Interrupt)
		if again > 0 && !sleep(again, gone) {
			p.Signal(os.Interrupt)
		}
	}
}
