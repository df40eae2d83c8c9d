package journal_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"bulkload/pipeline/journal"
	"bulkload/pipeline/journal/powercut"
	"bulkload/vendors"
)

const path = "run/journal"

var (
	started  = time.Date(2026, 11, 22, 3, 4, 5, 678, time.UTC)
	begin    = journal.Begin{Run: "2026-11-22-a", Account: "ft-prod", Target: "fashiontrade/products", Version: "1.2", Started: started}
	intent   = journal.Intent{Key: "P-1", Hash: vendors.HashOf([]byte("{}")), Token: "t1", Attempt: 1}
	answered = journal.Outcome{Key: "P-1", Hash: intent.Hash, Outcome: vendors.Refused, Status: 422, ID: "9", Code: "bad", Message: "no price\n"}
	reply    = journal.Answer{Question: intent.Hash, Body: []byte(`{"products":[]}`)}
	ended    = journal.End{Finished: started.Add(time.Hour), Code: 2}
)

// newDisk is a disk with the run's directory.
func newDisk(t rapid.TB) *powercut.Disk {
	t.Helper()
	disk := powercut.New()
	must(t, journal.MakeDir(disk, filepath.Dir(path), 0o700))
	return disk
}

func create(t rapid.TB, fsys journal.FS) *journal.Journal {
	t.Helper()
	j, err := journal.Create(fsys, path, begin)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// read returns all records of a journal.
func read(fsys journal.FS) ([]journal.Record, error) { return readAt(fsys, path) }

func readAt(fsys journal.FS, path string) (records []journal.Record, err error) {
	_, err = journal.Read(fsys, path, func(r journal.Record) error {
		records = append(records, r)
		return nil
	})
	return records, err
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	for name, fsys := range map[string]func(t *testing.T) (journal.FS, string){
		"disk in memory": func(t *testing.T) (journal.FS, string) { return newDisk(t), path },
		"real disk":      func(t *testing.T) (journal.FS, string) { return journal.OS{}, filepath.Join(t.TempDir(), "journal") },
	} {
		t.Run(name, func(t *testing.T) {
			fsys, path := fsys(t)
			j, err := journal.Create(fsys, path, begin)
			must(t, err)
			must(t, j.Intend(t.Context(), intent, journal.Intent{Key: strings.Repeat("long", 100_000), Attempt: -1}))
			must(t, j.Intend(t.Context()))
			must(t, j.Settle(answered, journal.Outcome{}))
			must(t, j.Settle())
			must(t, j.Keep(reply, journal.Answer{}))
			must(t, j.Keep())
			must(t, j.Close())
			j, b, err := journal.Open(fsys, path)
			must(t, err)
			must(t, j.End(ended))
			must(t, j.Close())
			must(t, j.Close())
			if b != begin {
				t.Errorf("Open tells %v, want %v", b, begin)
			}
			var got []journal.Record
			b, err = journal.Read(fsys, path, func(r journal.Record) error { got = append(got, r); return nil })
			must(t, err)
			if b != begin {
				t.Errorf("Read tells %v, want %v", b, begin)
			}
			want := []journal.Record{{Begin: &begin}, {Intent: &intent}, {Intent: &journal.Intent{Key: strings.Repeat("long", 100_000), Attempt: -1}},
				{Outcome: &answered}, {Outcome: &journal.Outcome{}},
				{Answer: &reply}, {Answer: &journal.Answer{}}, {End: &ended}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("read otherwise than written (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhenAJournalDoesNotOpen(t *testing.T) {
	disk := newDisk(t)
	if _, _, err := journal.Open(disk, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Open of nothing = %v, want not exist", err)
	}
	if _, err := read(disk); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Read of nothing = %v, want not exist", err)
	}
	j := create(t, disk)
	var busy *journal.BusyError
	if _, _, err := journal.Open(disk, path); !errors.As(err, &busy) {
		t.Errorf("Open of a journal in use = %v, want a BusyError", err)
	}
	must(t, j.End(ended))
	if err := j.Intend(t.Context(), intent); !errors.Is(err, journal.ErrEnded) {
		t.Errorf("Intend after End = %v, want ErrEnded", err)
	}
	must(t, j.Close())
	if err := j.Settle(answered); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("Settle after Close = %v, want closed", err)
	}
	if _, err := journal.Create(disk, path, begin); !errors.Is(err, fs.ErrExist) {
		t.Errorf("Create over a journal = %v, want exists", err)
	}
	if _, b, err := journal.Open(disk, path); !errors.Is(err, journal.ErrEnded) || b != begin {
		t.Errorf("Open of a run that is over = %v, %v, want its begin and ErrEnded", b, err)
	}
	stop := errors.New("stop")
	if _, err := journal.Read(disk, path, func(journal.Record) error { return stop }); err != stop {
		t.Errorf("Read = %v, want the function's own error", err)
	}
}
