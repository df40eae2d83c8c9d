package crash_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// probe builds a program that reaches points.
func probe(t *testing.T, tags string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "probe.exe")
	if output, err := exec.Command("go", "build", "-tags", tags, "-o", path, "./testdata/probe").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, output)
	}
	return path
}

func TestPoint(t *testing.T) {
	const whole = "a\nb\na\nb\ndeferred\n"
	armed, plain := probe(t, "crash"), probe(t, "")
	tests := []struct {
		name, program, at string
		output, log       string
		killed            bool
	}{
		{"not armed", armed, "", whole, "a\nb\na\nb\n", false},
		{"the second time", armed, "b@2", "a\nb\na\n", "a\nb\na\nb\n", true},
		{"the first time when no number is given", armed, "b", "a\n", "a\nb\n", true},
		{"more often than it is reached", armed, "b@3", whole, "a\nb\na\nb\n", false},
		{"a point that is not there", armed, "c@1", whole, "a\nb\na\nb\n", false},
		{"an ordinary build", plain, "b@1", whole, "", false},
		{"no number", armed, "b@two", "", "", false},
		{"zero times", armed, "b@0", "", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "points")
			c := exec.Command(test.program, "a", "b", "a", "b")
			c.Env = append(os.Environ(), "BULKLOAD_CRASH="+test.at, "BULKLOAD_CRASH_LOG="+log)
			output, err := c.Output()
			if diff := cmp.Diff(test.output, string(output)); diff != "" {
				t.Errorf("output (-want +got):\n%s", diff)
			}
			points, _ := os.ReadFile(log)
			if diff := cmp.Diff(test.log, string(points)); diff != "" {
				t.Errorf("points (-want +got):\n%s", diff)
			}
			if code := c.ProcessState.ExitCode(); runtime.GOOS != "windows" && (code == -1) != test.killed {
				t.Errorf("exit code %d (%v), killed must be %v", code, err, test.killed)
			}
		})
	}
}
