// Package account keeps what this machine knows of one account of a vendor: which processes work
// with it, which runs' journals are still to be read, and the history, which tells of every entity
// what was last sent and what became of it.
//
// The journals are what counts. The history is a copy of what they say, arranged for looking up, and
// can be made anew from them at any time. What is in neither did not happen as far as this machine knows.
package account

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	"bulkload/pipeline/journal"
)

// Dir is an account's folder. It is used by many goroutines, and by many processes at once.
type Dir struct {
	path    string
	account string // the account's name, for messages
	broken  atomic.Pointer[brokenFile]

	mu   sync.Mutex
	held map[string]bool // names of the runs that are locked through this Dir
}

// Open returns the folder of an account, in stateDir, and makes it when it is not there. Only this
// user may read it. Accounts that differ in vendor, name or base URL have folders of their own.
func Open(stateDir, vendor, name, baseURL string) (*Dir, error) {
	sum := sha256.Sum256([]byte(vendor + "\x00" + name + "\x00" + baseURL))
	path, err := filepath.Abs(filepath.Join(stateDir, fmt.Sprintf("%s-%s-%x", letters(vendor), letters(name), sum[:4])))
	if err != nil {
		return nil, fmt.Errorf("find the folder of account %s: %w", name, err)
	}
	d := &Dir{path: path, account: name, held: make(map[string]bool)}
	if err := journal.MakeDir(journal.OS{}, filepath.Join(path, runsDir), 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of account %s: %w", name, err)
	}
	return d, nil
}

// Name is the name of the folder, which tells the account from all others. Journals carry it in their
// Begin.Account, alone or as the end of a path.
func (d *Dir) Name() string { return filepath.Base(d.path) }

// Path names a file in the folder, for what else is kept about the account.
func (d *Dir) Path(name string) string { return filepath.Join(d.path, name) }

// runsDir holds, for each run, up to three files: who has it open (.lock and .owner) and where its
// journal is (.note). Names of the other files in the folder:
const (
	runsDir     = "runs"
	gateFile    = "gate"         // locked for moments, by who looks at or changes the files of runs
	historyFile = "history.db"   // see history.go
	turnFile    = "history.turn" // locked by who writes the history
)

// runFile names one of a run's files.
func (d *Dir) runFile(run, ending string) string { return filepath.Join(d.path, runsDir, run+ending) }

// letters turns a text into a part of a file's name that every system takes.
func letters(text string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, text)
	return safe[:min(len(safe), 64)]
}

// fileName is the name of a run's files. It is the run's own where that can be one.
func fileName(run string) string {
	if safe := letters(run); safe == run && run != "" {
		return run
	}
	sum := sha256.Sum256([]byte(run))
	return fmt.Sprintf("%s-%x", letters(run), sum[:8])
}
