package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.yaml.in/yaml/v4"

	"bulkload/internal/canary"
)

// outputEnv names the folder into which every process of a script copies what it writes to standard
// output and standard error.
const outputEnv = "BULKLOAD_TEST_OUTPUT"

// watched is main with a copy of its output.
func watched() {
	log, err := os.CreateTemp(os.Getenv(outputEnv), "output-*")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitInternal)
	}
	p := &program{stdin: os.Stdin, stdout: io.MultiWriter(os.Stdout, log), stderr: io.MultiWriter(os.Stderr, log), now: time.Now, getenv: os.Getenv}
	os.Exit(p.run(os.Args[1:]))
}

// plantCanaries gives a script secrets for every place where an account may have one, outside of its
// work folder: $SECRETS/accounts.yaml and what it names, and $BULKLOAD_TOKEN. When the script ends, all
// that its processes wrote and left behind is searched for them.
func plantCanaries(e *testscript.Env) error {
	top, err := os.MkdirTemp("", "bulkload-canary-")
	if err != nil {
		return err
	}
	e.Defer(func() { os.RemoveAll(top) })
	secrets, output := filepath.Join(top, "secrets"), filepath.Join(top, "output")
	for _, dir := range []string{secrets, output} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return err
		}
	}
	canaries, err := plant(secrets, e.Setenv)
	if err != nil {
		return err
	}
	e.Setenv("SECRETS", secrets)
	e.Setenv(outputEnv, output)
	e.Values[leaksKey{}] = func() ([]string, error) { return search(canaries, e.WorkDir, output) }
	e.Defer(func() {
		if finds, err := search(canaries, e.WorkDir, output); err != nil || len(finds) > 0 {
			e.T().Fatal(fmt.Sprintf("secrets were left behind, %v:\n%s", err, strings.Join(finds, "\n")))
		}
	})
	return nil
}

type leaksKey struct{}

func search(canaries []canary.Canary, dirs ...string) (finds []string, err error) {
	for _, dir := range dirs {
		found, err := canary.Search(dir, canaries...)
		if err != nil {
			return nil, err
		}
		finds = append(finds, found...)
	}
	return finds, nil
}

// plant writes configurations with a canary of its own in each place.
func plant(dir string, setenv func(name, value string)) ([]canary.Canary, error) {
	var canaries []canary.Canary
	secret := func(name string) string {
		c := canary.New(name)
		canaries = append(canaries, c)
		return c.Text()
	}
	setenv("BULKLOAD_TOKEN", secret("BULKLOAD_TOKEN"))
	setenv("CANARY_TOKEN", secret("token_env"))
	type fields map[string]any
	files := map[string]string{
		"token":   secret("token_file") + "\n",
		"command": secret("token_command") + "\n",
	}
	configs := map[string]fields{
		"accounts.yaml": {
			"by-file":        fields{"token_file": "token"},
			"by-command":     fields{"token_command": "cat '" + filepath.Join(dir, "command") + "'"},
			"talks":          fields{"token_command": "cat '" + filepath.Join(dir, "command") + "' | tee /dev/stderr"},
			"fails":          fields{"token_command": "cat '" + filepath.Join(dir, "command") + "' | tee /dev/stderr; exit 3"},
			"within-command": fields{"token_command": "echo '" + secret("text of token_command") + "' >/dev/null; exit 4"},
			"by-environment": fields{"token_env": "CANARY_TOKEN"},
			"no-variable":    fields{"token_env": secret("token_env itself")},
			"in-address":     fields{"token_env": "CANARY_TOKEN", "base_url": "https://user:" + secret("base_url") + "@127.0.0.1:1"},
			"in-query":       fields{"token_env": "CANARY_TOKEN", "base_url": "https://127.0.0.1:1/?key=" + secret("query of base_url")},
		},
		"token.yaml":    {"a": fields{"token": secret("token")}},
		"password.yaml": {"a": fields{"token_env": "CANARY_TOKEN", "password": secret("password")}},
	}
	for name, accounts := range configs {
		for _, account := range accounts {
			account.(fields)["vendor"] = "fashiontrade"
		}
		data, err := yaml.Marshal(fields{"accounts": accounts})
		if err != nil {
			return nil, err
		}
		files[name] = string(data)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return nil, err
		}
	}
	return canaries, nil
}

// leaks wants secrets to be found in what the script has left behind so far: leaks FILE...
// The files are removed, since nothing may be found in the end.
func leaks(ts *testscript.TestScript, neg bool, args []string) {
	finds, err := ts.Value(leaksKey{}).(func() ([]string, error))()
	ts.Check(err)
	for _, file := range args {
		path := ts.MkAbs(file)
		found := strings.Contains(strings.Join(finds, "\n"), path)
		if found == neg {
			ts.Fatalf("found in %s: %t; finds %q", file, found, finds)
		}
		ts.Check(os.Remove(path))
	}
}

// echoVendor starts a vendor that repeats the token in whatever it answers: echo-vendor VARIABLE
func echoVendor(ts *testscript.TestScript, neg bool, args []string) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization") + r.Header.Get("X-FashionAI-APP-Token")
		w.Header().Set("X-Echo", authorization)
		w.Header().Set("Set-Cookie", "session="+strings.TrimPrefix(authorization, "Bearer "))
		w.Header().Set("Content-Type", "application/json")
		if r.Method == http.MethodGet || strings.HasSuffix(r.URL.Path, "/recommendation") {
			json.NewEncoder(w).Encode(map[string]any{"items": []any{}, "products": []string{"p1", "of " + authorization}, "debug": authorization})
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		json.NewEncoder(w).Encode(map[string]string{"code": authorization, "message": "colors: no such value, said " + authorization})
	}))
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.URL)
}

// TestALeakFailsItsScript runs scripts that leave a secret behind, in a file and in what they print.
func TestALeakFailsItsScript(t *testing.T) {
	for name, script := range map[string]string{
		"in a file":  "exec sh -c 'echo $BULKLOAD_TOKEN >left.txt'\n",
		"in a name":  "exec sh -c 'touch \"$(cat $SECRETS/token | tr / -)\"'\n",
		"in output":  "exec sh -c 'echo $CANARY_TOKEN >>$" + outputEnv + "/copy'\n",
		"by program": "exits 1 bulkload $CANARY_TOKEN\n",
		"nowhere":    "exec bulkload version\n",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "leak.txtar"), []byte(script), 0o600); err != nil {
			t.Fatal(err)
		}
		got := &verdict{}
		got.Run("script", func(inner testscript.T) {
			testscript.RunT(inner, testscript.Params{Dir: dir, Setup: plantCanaries, RequireExplicitExec: true,
				Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits}})
		})
		if want := name != "nowhere"; got.failed != want || want && !strings.Contains(got.said, "secrets were left behind") {
			t.Errorf("%s: the script fails: %t, with %q", name, got.failed, got.said)
		}
	}
}

// verdict is a testscript.T that only remembers.
type verdict struct {
	failed bool
	said   string
}

func (v *verdict) Skip(...any)       {}
func (v *verdict) Parallel()         {}
func (v *verdict) Verbose() bool     { return false }
func (v *verdict) Log(args ...any)   { v.said += fmt.Sprint(args...) }
func (v *verdict) Fatal(args ...any) { v.Log(args...); v.FailNow() }
func (v *verdict) FailNow()          { v.failed = true; runtime.Goexit() }
func (v *verdict) Run(_ string, f func(testscript.T)) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(v)
	}()
	<-done
}
