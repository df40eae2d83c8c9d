//go:build unix

package main

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestKillAndResume is a sample of what the command does at length: BULKLOAD_CRASH_KILLS says how many
// kills it takes.
func TestKillAndResume(t *testing.T) {
	const feeds = 2
	var words bytes.Buffer
	b, err := newBench(t.TempDir(), 1, 4, feeds, &words)
	defer func() {
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}()
	if err != nil {
		t.Fatal(err)
	}
	draw := func(number int) *plan { return newPlan(1, number, feeds) }
	t.Run("every point is met", func(t *testing.T) { everyPointIsMet(t, b, draw(0)) })
	t.Run("no promise is broken", func(t *testing.T) {
		if err := b.run(1, wantedKills(t), draw); err != nil {
			t.Fatal(err)
		}
		sum := b.table.sum()
		if sum.all() > 0 {
			t.Errorf("%d promises were broken:\n%s", sum.all(), words.String())
		}
		b.tell(&words, 0)
		t.Logf("%d kills, %d times resumed\n%s", sum.kills, sum.resumed, words.String())
	})
	t.Run("a broken program is seen", func(t *testing.T) { brokenProgramIsSeen(t, b, &words, draw) })
}

func wantedKills(t *testing.T) int {
	text := os.Getenv("BULKLOAD_CRASH_KILLS")
	if text == "" {
		return 15
	}
	kills, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return kills
}

// brokenProgramIsSeen lets the harness loose on a program that loses what it was to send, so to speak:
// the feeds are said to have an entity more.
func brokenProgramIsSeen(t *testing.T, b *bench, words *bytes.Buffer, draw func(int) *plan) {
	for _, s := range b.seasons[targets[0]] {
		for v := range s.versions {
			s.versions[v].stored["never loaded"] = body{stored: "0"}
		}
	}
	b.table = table{}
	words.Reset()
	if err := b.run(2, 0, draw); err != nil {
		t.Fatal(err)
	}
	sum := b.table.sum()
	if sum.breaches[lost] != 2 || !strings.Contains(words.String(), `lost: "never loaded" is neither stored nor among the rejects`) ||
		!strings.Contains(words.String(), "replay: go run ./benchmarks/crash -seed 1 -only 1") {
		t.Errorf("%d of 2 lost entities were seen:\n%s", sum.breaches[lost], words.String())
	}
}

// everyPointIsMet looks for points in the source that undisturbed and resumed runs do not reach: nothing
// could be killed there.
func everyPointIsMet(t *testing.T, b *bench, p *plan) {
	named := pointsInSource(t)
	if len(named) < 20 {
		t.Fatalf("only %d points are in the source: %q", len(named), named)
	}
	// A process that dies in the middle and a torn journal lead to the points of a run that goes on.
	p.steps = []step{{blow: atPoint, at: "journal.intent.synced@3", tear: true}}
	if err := b.lanes[0].take(p); err != nil {
		t.Fatal(err)
	}
	for _, name := range named {
		if b.points.most[name] == 0 {
			t.Errorf("no run meets %s", name)
		}
	}
}

// pointName is what names of points look like.
var pointName = regexp.MustCompile(`^[a-z]+(\.[a-z-]+)+$`)

// pointsInSource lists the names in the functions that call crash.Point.
func pointsInSource(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.Contains(path, "testdata") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, declaration := range file.Decls {
			names = append(names, pointsIn(declaration)...)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func pointsIn(declaration ast.Node) (names []string) {
	calls := false
	ast.Inspect(declaration, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if of, ok := n.X.(*ast.Ident); ok && of.Name == "crash" && n.Sel.Name == "Point" {
				calls = true
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && pointName.MatchString(text) {
				names = append(names, text)
			}
		}
		return true
	})
	if !calls {
		return nil
	}
	return names
}
