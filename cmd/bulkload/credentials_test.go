package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"bulkload/pipeline"
)

func testProgram(env map[string]string) (*program, *bytes.Buffer) {
	var said bytes.Buffer
	p := &program{stdout: &said, stderr: &said, now: time.Now, getenv: func(name string) string { return env[name] }, stop: make(chan struct{})}
	return p, &said
}

func TestToken(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name     string
		settings accountConfig
		want     string // the token, or what the error says
		fails    bool
	}{
		{"file", accountConfig{TokenFile: file("a", " canary-1\r\n", 0o600)}, "canary-1", false},
		{"read-only file", accountConfig{TokenFile: file("b", "canary-1", 0o400)}, "canary-1", false},
		{"environment", accountConfig{TokenEnv: "TOKEN"}, "canary-2", false},
		{"command", accountConfig{TokenCommand: "echo canary-3"}, "canary-3", false},
		{"nowhere", accountConfig{}, "is needed", true},
		{"two places", accountConfig{TokenEnv: "TOKEN", TokenCommand: "true"}, "only one", true},
		{"no file", accountConfig{TokenFile: filepath.Join(dir, "none")}, "read credential", true},
		{"a folder", accountConfig{TokenFile: dir}, "", true},
		{"empty file", accountConfig{TokenFile: file("c", " \n", 0o600)}, "is empty", true},
		{"several lines", accountConfig{TokenFile: file("d", "canary-1\ncanary-4", 0o600)}, "more than one line", true},
		{"far too long", accountConfig{TokenFile: file("e", strings.Repeat("canary", 20_000), 0o600)}, "it is no token", true},
		{"not set", accountConfig{TokenEnv: "OTHER"}, "token_env OTHER is not set", true},
		{"no variable's name", accountConfig{TokenEnv: "canary-5"}, "not the name of a variable", true},
		{"command says nothing", accountConfig{TokenCommand: "true"}, "is empty", true},
		{"command fails", accountConfig{TokenCommand: "echo canary-6; echo bad canary-6 >&2; exit 7"}, "exit status 7: bad ***", true},
		{"command writes without end", accountConfig{TokenCommand: "yes canary-7 | head -c 300000"}, "it is no token", true},
		{"no such command", accountConfig{TokenCommand: "no-such-command-at-all"}, "exit status 127: ", true},
	}
	if runtime.GOOS != "windows" {
		for name, mode := range map[string]os.FileMode{"group": 0o640, "others": 0o604, "who may only write": 0o602, "all": 0o777} {
			path := file("mode-"+name, "canary-8", mode)
			tests = append(tests, struct {
				name     string
				settings accountConfig
				want     string
				fails    bool
			}{"readable by " + name, accountConfig{TokenFile: path}, "chmod 600 " + path, true})
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, said := testProgram(map[string]string{"TOKEN": "canary-2"})
			token, err := p.token(test.settings)
			if test.fails {
				if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error()+said.String(), "canary") {
					t.Fatalf("error %v, want %q and no token in it", err, test.want)
				}
				return
			}
			if err != nil || token.Reveal() != test.want {
				t.Errorf("token %q, %v, want %q", token.Reveal(), err, test.want)
			}
		})
	}
}

func TestCommandThatDoesNotEnd(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, _, err := commandOutput(ctx, "echo canary-1; echo wait >&2; exec sleep 600")
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "token_command did not end") || strings.Contains(err.Error(), "canary") {
		t.Errorf("error %v, want that it did not end", err)
	}
}

func TestCommandIsInterrupted(t *testing.T) {
	p, _ := testProgram(nil)
	p.signal.Store(2)
	close(p.stop)
	if _, err := p.runTokenCommand("exec sleep 600"); !errors.Is(err, pipeline.ErrInterrupted) {
		t.Errorf("error %v, want %v", err, pipeline.ErrInterrupted)
	}
}

func TestWhatACommandSaysIsPassedOn(t *testing.T) {
	p, said := testProgram(nil)
	text, err := p.runTokenCommand("echo canary-1; echo 'touch your key' >&2; echo canary-1 >&2")
	if err != nil || strings.TrimSpace(text) != "canary-1" || said.String() != "token_command: touch your key ***\n" {
		t.Errorf("token %q, %v; said %q", text, err, said)
	}
}
