package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"bulkload/formats/feed"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bulkload": watched})
}

// TestScripts runs the user stories of testdata/script.
func TestScripts(t *testing.T) {
	feeds, err := filepath.Abs("../../testdata/feeds")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("FEEDS", feeds)
			e.Setenv("HOME", e.WorkDir)
			return plantCanaries(e)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":       exits,
			"events":      events,
			"address":     address,
			"requests":    requests,
			"stored":      stored,
			"once":        once,
			"cut":         cut,
			"terminate":   terminate,
			"echo-vendor": echoVendor,
			"leaks":       leaks,
			"workbook":    workbook,
		},
		RequireExplicitExec: true,
	})
}

// exits runs a program and wants a certain exit code: exits CODE PROGRAM ARGS...
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// events looks at the JSON lines of standard output: events NAME... wants these events, in this
// order, runs of one event counted as one and progress left out.
func events(ts *testscript.TestScript, neg bool, args []string) {
	var names []string
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile("stdout")))
	for lines.Scan() {
		var event struct {
			Event  string `json:"event"`
			Schema int    `json:"schema"`
		}
		ts.Check(json.Unmarshal(lines.Bytes(), &event))
		if len(names) == 0 && (event.Event != "start" || event.Schema != 1) {
			ts.Fatalf("the first event is %s, want start with schema 1", lines.Bytes())
		}
		if event.Event != "progress" && (len(names) == 0 || names[len(names)-1] != event.Event) {
			names = append(names, event.Event)
		}
	}
	if got, want := strings.Join(names, " "), strings.Join(args, " "); neg || got != want {
		ts.Fatalf("events %q, want %q", got, want)
	}
}

// address waits until a sandbox in the background has written its address to a file, and puts it
// into a variable, that of the first vendor or of the one named: address FILE VARIABLE [VENDOR]
func address(ts *testscript.TestScript, neg bool, args []string) {
	await(ts, func() bool {
		data, err := os.ReadFile(ts.MkAbs(args[0]))
		fields := strings.Fields(string(data))
		vendor := 0
		if len(args) > 2 {
			vendor = slices.Index(fields, args[2])
		}
		if err != nil || vendor < 0 || len(fields) < vendor+2 {
			return false
		}
		ts.Setenv(args[1], fields[vendor+1])
		return true
	})
}

// requests waits until the sandbox at an address has been called so often: requests ADDRESS COUNT
func requests(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	base, _, _ := strings.Cut(strings.TrimPrefix(args[0], "http://"), "/")
	await(ts, func() bool {
		answer, err := http.Get("http://" + base + "/_sandbox/record")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		var record struct {
			Requests int64 `json:"requests"`
		}
		return json.NewDecoder(answer.Body).Decode(&record) == nil && record.Requests >= want
	})
}

// stored wants the sandbox at an address to hold so many entities: stored ADDRESS VENDOR/RESOURCE COUNT
func stored(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[2])
	ts.Check(err)
	base, _, _ := strings.Cut(strings.TrimPrefix(args[0], "http://"), "/")
	answer, err := http.Get("http://" + base + "/_sandbox/stored?resource=" + args[1])
	ts.Check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	ts.Check(err)
	if got := strings.Count(string(body), "\n"); neg || got != want {
		ts.Fatalf("%d stored, want %d\n%s", got, want, body)
	}
}

// once wants the sandbox at an address to have been given each entity that it holds once: once ADDRESS VENDOR/RESOURCE
func once(ts *testscript.TestScript, neg bool, args []string) {
	base, _, _ := strings.Cut(strings.TrimPrefix(args[0], "http://"), "/")
	answer, err := http.Get("http://" + base + "/_sandbox/record")
	ts.Check(err)
	defer answer.Body.Close()
	var record struct {
		Resources map[string]struct {
			Entities map[string]struct {
				Applied int64 `json:"applied"`
			} `json:"entities"`
		} `json:"resources"`
	}
	ts.Check(json.NewDecoder(answer.Body).Decode(&record))
	var twice []string
	for id, e := range record.Resources[args[1]].Entities {
		if e.Applied != 1 {
			twice = append(twice, fmt.Sprintf("%s %d times", id, e.Applied))
		}
	}
	if neg != (len(twice) > 0) || len(record.Resources[args[1]].Entities) == 0 {
		ts.Fatalf("of %d: %q", len(record.Resources[args[1]].Entities), twice)
	}
}

// await looks again and again whether another process has come so far, for ten seconds.
func await(ts *testscript.TestScript, there func() bool) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for range 2000 {
		if there() {
			return
		}
		<-ticker.C
	}
	ts.Fatalf("waited in vain")
}

// cut writes the first part of a file under another name: cut FROM TO PERCENT
func cut(ts *testscript.TestScript, neg bool, args []string) {
	from := ts.MkAbs(args[0])
	ts.Check(feed.WriteFile(ts.MkAbs(args[1]), func(w io.Writer) error {
		data, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		percent, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		_, err = w.Write(data[:len(data)*percent/100])
		return err
	}))
}

// terminate sends SIGTERM to the program that was last started in the background.
func terminate(ts *testscript.TestScript, neg bool, args []string) {
	running := ts.BackgroundCmds()
	ts.Check(running[len(running)-1].Process.Signal(syscall.SIGTERM))
}
