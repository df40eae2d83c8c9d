package account

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"bulkload/formats/crash"
	"bulkload/formats/feed"
)

// note says that a run's journal holds, or will hold, what the history does not yet.
type note struct {
	Run     string `json:"run"`
	Journal string `json:"journal"` // absolute path
	// Entry differs each time that a process enters the run: the journal of one that is gone does not
	// grow, so it need not be read again for an entry that was read to its end.
	Entry string `json:"entry"`
	Fresh bool   `json:"fresh"` // there was no journal when the run was entered

	name string // of the run's files
}

// Enter notes, durably, that this run's journal is to be taken into the history. It comes before the
// journal's first record, and again when the run is resumed. The account must be locked for the run.
func (d *Dir) Enter(run, journalPath string) error {
	name := fileName(run)
	if !d.holds(name) {
		return fmt.Errorf("enter run %s: the account is not locked for it", run)
	}
	journalPath, err := filepath.Abs(journalPath)
	if err != nil {
		return fmt.Errorf("enter run %s: %w", run, err)
	}
	_, err = os.Stat(journalPath)
	text, err := json.Marshal(note{Run: run, Journal: journalPath, Entry: rand.Text(), Fresh: errors.Is(err, fs.ErrNotExist)})
	if err == nil {
		err = feed.WriteFile(d.runFile(name, ".note"), func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("note that run %s begins: %w", run, err)
	}
	crash.Point("account.entered")
	return nil
}

// due lists the notes whose journals can be taken into the history: nobody, or only this Dir, has
// the run open. A note that cannot be read is an error, which comes with the others.
func (d *Dir) due() (due []note, err error) {
	var damaged error
	err = d.gated(func() error {
		names, err := d.names(".note")
		if err != nil {
			return err
		}
		for _, name := range names {
			open, err := d.open(name)
			if err != nil {
				return err
			}
			if open && !d.holds(name) {
				continue
			}
			n, err := d.note(name)
			if err != nil {
				damaged = errors.Join(damaged, err)
				continue
			}
			due = append(due, n)
		}
		return nil
	})
	return due, errors.Join(err, damaged)
}

func (d *Dir) note(name string) (note, error) {
	path := d.runFile(name, ".note")
	n := note{name: name}
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err == nil && (n.Run == "" || n.Journal == "" || n.Entry == "") {
		err = errors.New("it lacks the run, the journal or the entry")
	}
	if err != nil {
		return n, fmt.Errorf("%s: cannot be read as the note of a run: %w; make the history anew from the journals, then remove it", path, err)
	}
	return n, nil
}

// forget removes notes that are done with, but for those that were renewed meanwhile.
func (d *Dir) forget(done []note) error {
	if len(done) == 0 {
		return nil
	}
	return d.gated(func() error {
		var failures []error
		for _, n := range done {
			if now, err := d.note(n.name); err == nil && now.Entry == n.Entry {
				failures = append(failures, remove(d.runFile(n.name, ".note")))
			}
		}
		return errors.Join(failures...)
	})
}
