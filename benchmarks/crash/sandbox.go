//go:build unix

package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"syscall"

	"bulkload/vendors/all"
	"bulkload/vendors/sandbox"
)

// A stand is a sandbox in a process of its own.
type stand struct {
	process *exec.Cmd
	vendors map[string]string // their addresses
	root    string            // address of the sandbox itself
}

// startStand starts the program's own sandbox on a free port.
func startStand(program string) (*stand, error) {
	s := &stand{process: exec.Command(program, "sandbox", "--listen", "127.0.0.1:0"), vendors: make(map[string]string)}
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is for the harness alone
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	lines := bufio.NewScanner(out)
	for len(s.vendors) < len(all.Vendors) && lines.Scan() {
		vendor, address, _ := strings.Cut(lines.Text(), " ")
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			s.vendors[vendor], s.root = address, "http://"+u.Host
		}
	}
	if len(s.vendors) < len(all.Vendors) {
		s.stop()
		return nil, fmt.Errorf("the sandbox did not say where it listens")
	}
	return s, nil
}

func (s *stand) stop() {
	s.process.Process.Signal(syscall.SIGTERM)
	s.process.Wait()
}

// reset makes the sandbox as good as new, with these faults.
func (s *stand) reset(faults string, seed uint64) error {
	query := url.Values{"faults": {faults}, "seed": {fmt.Sprint(seed)}}
	answer, err := http.Post(s.root+"/_sandbox/reset?"+query.Encode(), "", nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("reset the sandbox: %s: %s", answer.Status, text)
	}
	return nil
}

// record asks the sandbox what it has seen and what it stores.
func (s *stand) record() (r sandbox.Record, err error) {
	answer, err := http.Get(s.root + "/_sandbox/record")
	if err != nil {
		return r, err
	}
	defer answer.Body.Close()
	return r, json.NewDecoder(answer.Body).Decode(&r)
}
