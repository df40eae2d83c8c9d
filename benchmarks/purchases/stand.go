package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"bulkload/vendors"
	"bulkload/vendors/sandbox"
)

// serveArgument makes the program the stand-in.
const serveArgument = "serve"

// serve plays the vendor until its input ends, and first tells where.
func serve(stdin io.Reader, stdout io.Writer) error {
	server, err := sandbox.New(sandbox.Options{})
	if err != nil {
		return err
	}
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		return errors.Join(err, server.Close())
	}
	fmt.Fprintln(stdout, server.BaseURL("fitanalytics"))
	_, err = io.Copy(io.Discard, stdin)
	return errors.Join(err, server.Close())
}

// A stand is the stand-in in a process of its own.
type stand struct {
	process *exec.Cmd
	input   io.Closer
	address string // of the API
	root    string // of the sandbox
}

// startStand starts the stand-in and tells it the public key.
func startStand(key vendors.Secret) (*stand, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &stand{process: exec.Command(self, serveArgument)}
	s.process.Stderr = os.Stderr
	input, err := s.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	s.input = input
	line, err := bufio.NewReader(output).ReadString('\n')
	if err == nil {
		s.address = strings.TrimSpace(line)
		s.root, _, _ = strings.Cut(s.address, "/fitanalytics")
		err = s.tell(key)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the stand-in: %w", err), s.stop())
	}
	return s, nil
}

func (s *stand) stop() error { return errors.Join(s.input.Close(), s.process.Wait()) }

// tell puts the key set.
func (s *stand) tell(key vendors.Secret) error {
	keyring, err := newKeyring(key)
	if err != nil {
		return err
	}
	request, err := http.NewRequest(http.MethodPut, s.root+"/_sandbox/fitanalytics/jwks?issuer="+url.QueryEscape(issuer), bytes.NewReader(keyring.JWKS()))
	if err != nil {
		return err
	}
	return answered(http.DefaultClient.Do(request))
}

// reset makes the stand-in as good as new.
func (s *stand) reset(latency time.Duration) error {
	return answered(http.Post(s.root+"/_sandbox/reset?latency="+latency.String(), "", nil))
}

func answered(answer *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("the stand-in says %s: %s", answer.Status, text)
	}
	return nil
}

func (s *stand) get(path string, into any) error {
	answer, err := http.Get(s.root + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return json.NewDecoder(answer.Body).Decode(into)
}

// seen makes sure that every purchase came once, under the right tokens, and returns the requests a second.
func (s *stand) seen(o options, fixedToken bool) (rate float64, err error) {
	var tokens sandbox.TokensSeen
	var record sandbox.Record
	if err := errors.Join(s.get("/_sandbox/fitanalytics/tokens", &tokens), s.get("/_sandbox/record", &record)); err != nil {
		return 0, err
	}
	customers := min(o.customers, o.purchases)
	if fixedToken {
		customers = 1
	}
	if want := (sandbox.TokensSeen{Customers: customers, Tokens: customers, Most: 1}); tokens != want {
		err = fmt.Errorf("the stand-in saw %+v, want %+v: one token for each customer", tokens, want)
	}
	entities := record.Resources["fitanalytics/purchases"].Entities
	for id, entity := range entities {
		if entity.Applied != 1 {
			err = errors.Join(err, fmt.Errorf("purchase %s came %d times", id, entity.Applied))
		}
	}
	if len(entities) != o.purchases {
		err = errors.Join(err, fmt.Errorf("the stand-in has %d purchases, want %d", len(entities), o.purchases))
	}
	return float64(record.Requests-1) / record.Last.Sub(record.First).Seconds(), err
}
