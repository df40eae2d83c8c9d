package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/account"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/report"
	"bulkload/pipeline/send"
	"bulkload/vendors"
)

// runsDir is the folder of all runs, in the working directory.
const runsDir = "bulkload-runs"

// The files of a run's folder, beside its report and its rejects.
const (
	settingsFile = "settings.json" // how it was called; what resume goes by
	journalFile  = "journal"
	manifestFile = "run.json" // how it ended
)

// settingsSchema is the version of settings that this program writes.
const settingsSchema = 1

// settings say how a run was called, so that it can be called so again.
type settings struct {
	Schema  int         `json:"schema"` // settingsSchema
	Run     string      `json:"run"`
	Command string      `json:"command"`
	Target  string      `json:"target"`
	Feed    string      `json:"feed"`
	Folder  string      `json:"folder"` // in which it was called; relative paths begin there
	Flags   [][2]string `json:"flags"`  // as they were given, in the order of their names
	Started time.Time   `json:"started"`
}

// given lists the flags that a command was called with.
func given(c *cobra.Command) (flags [][2]string) {
	c.Flags().Visit(func(f *pflag.Flag) {
		if list, ok := f.Value.(pflag.SliceValue); ok {
			for _, value := range list.GetSlice() {
				flags = append(flags, [2]string{f.Name, value})
			}
			return
		}
		flags = append(flags, [2]string{f.Name, f.Value.String()})
	})
	return flags
}

func (s *settings) write(dir string) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("write the run's settings: %w", err)
	}
	return feed.WriteFile(filepath.Join(dir, settingsFile), func(w io.Writer) error {
		_, err := w.Write(append(data, '\n'))
		return err
	})
}

func readSettings(dir string) (*settings, error) {
	data, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if err != nil {
		return nil, fmt.Errorf("read the run's settings: %w", err)
	}
	var s settings
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("the run's settings in %s: %w", dir, err)
	}
	return &s, nil
}

// lasting is what of an import outlives its process: its journal, and the account's folder with
// what earlier runs did. The zero value is that of a run that leaves no trace.
type lasting struct {
	account *account.Dir
	journal *journal.Journal
	history *account.History // nil: what earlier processes did makes no difference
	follows time.Time        // with which a journal begins that comes after all that the account knows
	release []func() error   // what is given up at the end, the last first
}

// keep gives something up when the run has ended.
func (k *lasting) keep(release func() error) { k.release = append(k.release, release) }

// sync makes lasting what the run's report is going to say.
func (k *lasting) sync() error {
	if k.journal == nil {
		return nil
	}
	return k.journal.Sync()
}

func (k *lasting) close() (err error) {
	for _, release := range slices.Backward(k.release) {
		err = errors.Join(err, release())
	}
	k.release = nil
	return err
}

// stateDir is where accounts keep their history: as told, else the user's folder for such things.
func (p *program) stateDir(told string) (string, error) {
	if dir := cmp.Or(told, p.getenv("BULKLOAD_STATE_DIR")); dir != "" {
		return dir, nil
	}
	if dir := p.getenv("XDG_STATE_HOME"); dir != "" {
		return filepath.Join(dir, "bulkload"), nil
	}
	if runtime.GOOS == "linux" {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, ".local", "state", "bulkload"), nil
		}
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", &usageError{fmt.Errorf("say with --state-dir where the accounts' history is kept: %w", err)}
	}
	return filepath.Join(dir, "bulkload", "state"), nil
}

// openLasting opens the account's folder, has it to this run alone, and takes up what runs that were
// cut have left. A run that stores nothing at the vendor needs none of this; a plan shares what is known of
// the account's catalogue and pace.
func (l *load) openLasting(ctx context.Context) error {
	if l.command == "plan" && l.flags.sandbox != inMemory {
		return l.openAccount()
	}
	if l.command != "import" && l.command != "delete" && l.command != "lookup" || l.flags.dryRun {
		return nil
	}
	if err := errors.Join(l.hold(ctx), l.openAccount()); err != nil {
		return err
	}
	lock := l.lasting.account.Lock
	if l.flags.parallelRuns || l.within != nil { // the season has the account to itself
		lock = l.lasting.account.LockShared
	}
	unlock, err := lock(account.Owner{PID: os.Getpid(), Started: l.started, Run: l.run})
	if err != nil {
		return err
	}
	l.lasting.keep(unlock)
	if l.within == nil {
		if err := l.takeUp(ctx); err != nil {
			return err
		}
	}
	if l.lasting.follows, err = l.lasting.account.Follow(ctx, l.started); err != nil {
		return err
	}
	return l.overtaken()
}

// takeUp clears up what killed processes have left in the account's folder, and takes in what they did.
func (l *load) takeUp(ctx context.Context) error {
	if !l.flags.parallelRuns {
		if err := feed.Sweep(l.lasting.account.Path("")); err != nil {
			return fmt.Errorf("clear up the account's folder: %w", err)
		}
	}
	return l.fold(ctx)
}

// fold takes the journals of runs that ended or were cut into the account's history. What is lost of
// them is said, and is no reason to stop.
func (l *load) fold(ctx context.Context) error {
	err := l.lasting.account.Fold(ctx, journal.OS{})
	if err != nil && account.OnlyMissing(err) {
		fmt.Fprintf(l.stderr, "bulkload: %v\n", err)
		return nil
	}
	return err
}

// hold marks the run as being carried out, for as long as the process lives: its settings are locked.
func (l *load) hold(ctx context.Context) error {
	lock := settingsLock(l.outputs.dir)
	ctx, cancel := context.WithTimeout(ctx, holdPatience)
	defer cancel()
	ours, err := lock.TryLockContext(ctx, holdPatience/100)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("lock the run: %w", err)
	}
	if !ours {
		return &runningError{l.outputs.dir}
	}
	l.lasting.keep(lock.Close)
	if err := feed.Sweep(l.outputs.dir); err != nil {
		return fmt.Errorf("clear up the run's folder: %w", err)
	}
	return nil
}

// A runningError says that another process carries out the run of a folder.
type runningError struct{ dir string }

// Error tells which run, and what to do.
func (e *runningError) Error() string {
	return fmt.Sprintf("another process carries out the run in %s: wait until that ends", e.dir)
}

// holdPatience is how long a run waits for its own settings: held, in another process, locks them for a moment
// to see whether the run is carried out.
const holdPatience = time.Second

// held reports whether a process carries out the run of a folder.
func held(dir string) bool {
	lock := settingsLock(dir)
	free, err := lock.TryRLock()
	lock.Close()
	return err == nil && !free
}

func settingsLock(dir string) *flock.Flock {
	return flock.New(filepath.Join(dir, settingsFile), flock.SetFlag(os.O_RDONLY))
}

func (l *load) openAccount() error {
	dir, err := l.stateDir(l.flags.stateDir)
	if err != nil {
		return err
	}
	name, address := l.account.Name, l.account.BaseURL
	switch l.flags.sandbox {
	case "":
	case inMemory:
		dir = filepath.Join(l.outputs.dir, "account") // it lasts no longer than what it tells of
		l.lasting.keep(func() error { return os.RemoveAll(dir) })
	default:
		if address, err = filepath.Abs(l.flags.sandbox); err != nil {
			return err
		}
	}
	if l.lasting.account, err = account.Open(dir, l.vendor.Name, name, address); err != nil {
		return fmt.Errorf("open the account's folder: %w; --state-dir or BULKLOAD_STATE_DIR names another place", err)
	}
	return nil
}

// overtaken refuses to go on with a run when a later one has sent to the same resource of the
// account: what is older would replace what is newer.
func (l *load) overtaken() error {
	if l.resource == nil {
		return nil // its parts see to it
	}
	path := l.lasting.account.Path("latest-" + l.resource.Name)
	latest, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read which run was the last: %w", err)
	}
	if !l.resumed || l.overtake || string(latest) <= l.run { // names of runs begin with their time
		return nil
	}
	return &usageError{fmt.Errorf("run %s has sent to %s of this account since; going on would put older data over newer: resume --yes does it anyway",
		latest, l.target())}
}

// start begins what is written down while the run sends: it is called once the feed may be sent.
func (l *load) start() error {
	if err := l.startJournal(); err != nil {
		return err
	}
	return l.startHistory()
}

// startJournal begins the run's journal, or opens that of a run that goes on.
func (l *load) startJournal() error {
	path, err := filepath.Abs(filepath.Join(l.outputs.dir, journalFile))
	if err != nil {
		return err
	}
	if l.lasting.journal, err = l.openJournal(path); err != nil {
		return err
	}
	l.job.Journal = l.lasting.journal
	if err := l.lasting.account.Enter(l.run, path); err != nil {
		return err
	}
	return l.markLatest()
}

// markLatest notes that this run was the last to change the resource of the account.
func (l *load) markLatest() error {
	return feed.WriteFile(l.lasting.account.Path("latest-"+l.resource.Name), func(w io.Writer) error {
		_, err := io.WriteString(w, l.run)
		return err
	})
}

func (l *load) openJournal(path string) (*journal.Journal, error) {
	begin := journal.Begin{Run: l.run, Account: l.lasting.account.Name(), Target: l.journalTarget(), Version: version(), Started: l.lasting.follows}
	if !l.resumed {
		return journal.Create(journal.OS{}, path, begin)
	}
	j, was, err := journal.Open(journal.OS{}, path)
	if errors.Is(err, journal.ErrUnbegun) { // it was cut before it sent anything
		err = cmp.Or(os.Remove(path), fs.ErrNotExist)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return journal.Create(journal.OS{}, path, begin)
	}
	if err != nil {
		return nil, err
	}
	if was.Account != begin.Account || was.Target != begin.Target {
		return nil, errors.Join(&usageError{fmt.Errorf("the run sent %s with account %s; this would be %s with %s",
			was.Target, was.Account, begin.Target, begin.Account)}, j.Close())
	}
	return j, nil
}

// startHistory opens what is known of the past, where it makes a difference: for a run that goes
// on, and where sending twice could store twice.
func (l *load) startHistory() (err error) {
	if !l.resumed && l.resource.Repeat == vendors.Harmless {
		return nil
	}
	if l.lasting.history, err = l.lasting.account.History(); err != nil {
		return err
	}
	l.job.Past = l.past
	return nil
}

// past tells the sender what earlier processes did with an entity.
func (l *load) past(key string) (send.Past, error) {
	entry, ok, err := l.lasting.history.InRun(l.run, l.journalTarget(), key)
	if err == nil && !ok {
		entry, ok, err = l.lasting.history.Last(l.journalTarget(), key)
	}
	if err != nil || !ok {
		return send.Past{}, err
	}
	p := send.Past{Attempts: entry.Attempts, Hash: entry.Hash, Token: entry.Token, Known: entry.Known, InAir: entry.InAir,
		ThisRun: entry.Run == l.run, Outcome: entry.Outcome, ID: entry.ID, Status: entry.Status}
	if entry.Outcome == vendors.Refused {
		p.Answer = &vendors.APIError{Status: entry.Status, Code: entry.Code, Message: entry.Message}
	}
	return p, nil
}

// unfinished reports whether going on with the run would settle more than is settled.
func (l *load) unfinished(s *report.Summary, runErr error) bool {
	if l.lasting.journal == nil || l.flags.sandbox == inMemory || l.againstPlan(s, runErr) {
		return false
	}
	return runErr != nil || l.doubtful(s) || s.Counts.Rows[vendors.Skipped] > s.Counts.Behind.Rows
}

// againstPlan reports whether the run ended before it sent anything, because the vendor does not have what its
// plan was made on. Going on with it would send what nobody has looked at.
func (l *load) againstPlan(s *report.Summary, runErr error) bool {
	rows := &s.Counts.Rows
	sent := rows[vendors.Created] + rows[vendors.Updated] + rows[vendors.Refused] + rows[vendors.Unknown]
	return l.planned != nil && is[*pipeline.StaleError](runErr) && sent == 0
}

// settle ends the run: its journal is closed, and goes into the account's history. A run that wrote
// down less than it did stays open.
func (l *load) settle(ctx context.Context, s *report.Summary, code int, trouble error) error {
	if l.lasting.journal == nil {
		return l.lasting.close()
	}
	var err error
	if s.Resume == "" && trouble == nil {
		err = errors.Join(l.lasting.journal.End(journal.End{Finished: s.Finished, Code: code}), l.dropAnswers())
	}
	err = errors.Join(err, l.lasting.journal.Close())
	if l.lasting.history != nil {
		err = errors.Join(err, l.lasting.history.Close())
	}
	if err == nil {
		err = l.fold(context.WithoutCancel(ctx))
	}
	return errors.Join(err, l.lasting.close())
}

// journalTarget names the resource with its version: two versions of a body are never taken for one.
// A deletion is never taken for an import.
func (l *load) journalTarget() string {
	target := l.target()
	if l.command == "delete" {
		target += " delete"
	}
	if l.resource.Version == "" {
		return target
	}
	return target + "@" + l.resource.Version
}

// target names the resource; only the vendor where its resources are loaded together.
func (l *load) target() string {
	if l.resource == nil {
		return l.vendor.Name
	}
	return l.vendor.Name + "/" + l.resource.Name
}
