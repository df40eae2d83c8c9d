package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/export"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/report"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
)

func (p *program) deleteCommand() *cobra.Command {
	flags := &loadFlags{}
	c := &cobra.Command{
		Use:   "delete FEED --from VENDOR/RESOURCE",
		Short: "Delete what a feed names, or with --all everything, and keep what goes in a file",
		Long: `Delete at the vendor what the rows of a feed name, one by one. Only the columns that name something
are read. What goes is first written into a snapshot in the run's folder, which can be imported again;
nothing is deleted when that could not be written whole.
With --all, and no feed, the whole resource is emptied. On a terminal bulkload then asks to type what
is to be emptied; elsewhere --yes-delete-all must name it, such as fashiontrade/prepacks@ft-prod.`,
		Example: `  bulkload delete gone.xlsx --from fashiontrade/products --account ft-prod --dry-run
  bulkload delete gone.xlsx --from fashiontrade/products --account ft-prod
  bulkload delete --all --from fashiontrade/prepacks --account ft-prod`,
		Args: func(c *cobra.Command, args []string) error {
			if !flags.all {
				return oneFeed(c, args)
			}
			if len(args) > 0 {
				return &usageError{errors.New("--all deletes everything and takes no feed")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			l := &load{program: p, flags: flags, command: "delete", given: given(c)}
			if flags.all {
				return l.deleteAll(c.Context())
			}
			return l.execute(c.Context(), args[0])
		},
	}
	flags.addDelete(c)
	return c
}

// chooseDeletion finds out what of the resource can be deleted as the flags say.
func (l *load) chooseDeletion() error {
	switch {
	case l.flags.all && l.resource.DeleteAll == nil:
		return fmt.Errorf("%s cannot be emptied at once: the vendor has no such call", l.target())
	case l.flags.all:
		return nil
	case l.flags.whole && (l.resource.Replace == nil || l.resource.Replace.Delete == nil):
		return fmt.Errorf("the vendor has no call that deletes more of %s at once than a row names, so there is nothing to choose with --whole", l.target())
	case l.flags.whole:
		l.resource = l.resource.Replace
	case l.resource.Delete == nil:
		return fmt.Errorf("%s cannot be deleted one by one: the vendor has no such call", l.target())
	}
	return nil
}

// delete deletes what the feed names, once that is kept.
func (l *load) delete(ctx context.Context) (*pipeline.Result, error) {
	if start := l.job.Start; start != nil {
		l.job.Start = func() error {
			if err := l.keepNamed(ctx); err != nil {
				return l.notKept(err)
			}
			return start()
		}
	}
	result, err := pipeline.Delete(ctx, l.job)
	if whole := l.resource.Replace; is[*mapping.Error](err) && whole != nil && whole.Delete != nil {
		err = fmt.Errorf("%w; --whole deletes the %s that the rows name", err, whole.Noun.Many)
	}
	return result, err
}

// notKept says what it means that what is to go could not be kept, and clears away what nobody goes on with.
func (l *load) notKept(err error) error {
	err = fmt.Errorf("nothing was deleted, because what is to go could not be kept before: %w", err)
	if l.flags.sandbox != inMemory {
		return fmt.Errorf("%w; go on with: %s", err, resumeOf(l.outputs.dir))
	}
	for _, path := range l.outputs.snapshots() {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// keepNamed writes what the feed names into a snapshot, unless an earlier process of the run did. It is
// called by the feed's content, so that a run that goes on with another feed keeps what that one names. What
// a run before this one has kept in the same folder stays.
func (l *load) keepNamed(ctx context.Context) error {
	if l.flags.noSnapshot {
		return nil
	}
	digest, err := l.feed.Digest(ctx)
	if err != nil {
		return err
	}
	name := filepath.Join(l.outputs.dir, "snapshot-"+hex.EncodeToString(digest[:4]))
	path := name + snapshotEnding
	for n := 2; exists(path) && !exists(export.SpoolPath(path)); n++ {
		if earlier, err := snapshot.Open(path); err == nil {
			if !earlier.From.Before(l.call.Started) {
				l.keeps(path, &earlier.Manifest)
				return earlier.Close()
			}
			if err := earlier.Close(); err != nil {
				return err
			}
		}
		path = fmt.Sprintf("%s-%d%s", name, n, snapshotEnding)
	}
	resource, release, err := l.job.Named(ctx)
	if err != nil {
		return err
	}
	return errors.Join(l.keep(ctx, resource, path, false), release())
}

// snapshotEnding is that of the format in which a snapshot is kept: it has no longest table and no
// cells that a spreadsheet could change.
const snapshotEnding = ".ndjson"

// keep writes what the vendor has of a resource into a snapshot.
func (l *load) keep(ctx context.Context, resource *vendors.Resource, path string, fresh bool) error {
	result, err := export.Run(ctx, &export.Job{Vendor: l.vendor, Resource: resource, Client: l.job.Client, Account: l.accountLabel(), Path: path,
		Fresh: fresh, Now: l.now, Stop: l.stop, Progress: l.job.Progress})
	if err != nil {
		return err
	}
	l.keeps(path, &result.Manifest)
	return nil
}

func (l *load) keeps(path string, m *snapshot.Manifest) {
	l.kept = keptSnapshot{path, m.Entities, m.Rows}
}

// keptSnapshot is what a deleting run has written before it deleted.
type keptSnapshot struct {
	path           string // "": nothing
	entities, rows int64
}

// summary is the path for the summary: that of a snapshot from which something can be brought back.
func (k *keptSnapshot) summary() string {
	if k.entities == 0 {
		return ""
	}
	return k.path
}

// snapshots lists the files of snapshots in the run's folder, the unfinished ones included.
func (o *outputs) snapshots() []string {
	paths, _ := filepath.Glob(filepath.Join(o.dir, "snapshot*")) // the pattern is right, unless the folder's name is one itself
	return paths
}

// deleteAll empties the resource, once that is confirmed and what it has is kept.
func (l *load) deleteAll(ctx context.Context) error {
	l.started = l.now()
	if err := l.choose(); err != nil {
		return err
	}
	l.job = &pipeline.Job{Vendor: l.vendor, Resource: l.resource, Stop: l.stop}
	if l.flags.dryRun {
		return l.rehearseAll(ctx)
	}
	if err := l.confirm(); err != nil {
		return &usageError{err}
	}
	if err := l.outputs.makeFolder(l); err != nil {
		return err
	}
	if err := l.openLasting(ctx); err != nil { // nothing was begun, and a run that goes on can still do so
		err = errors.Join(err, l.lasting.close())
		l.outputs.abandon(l.resumed)
		return err
	}
	return errors.Join(l.finishAll(l.emptied(ctx)), l.lasting.close())
}

// confirm makes sure that emptying just this resource of just this account is meant.
func (l *load) confirm() error {
	want := l.target() + "@" + l.accountName()
	typed := l.flags.yesDeleteAll
	switch {
	case typed == want:
		return nil
	case typed != "":
		return fmt.Errorf("nothing was deleted: --yes-delete-all says %q, and what would be emptied is %q", typed, want)
	case !isTerminal(l.stdin):
		return fmt.Errorf("--all deletes all %s of this account; to mean it, say --yes-delete-all %s", l.resource.Noun.Many, want)
	}
	fmt.Fprintf(l.stderr, "This deletes all %s at %s.\nType %s to go on: ", l.resource.Noun.Many, l.account.BaseURL, want)
	typed, err := l.readLine()
	if err != nil {
		return err
	}
	if typed != want {
		return fmt.Errorf("nothing was deleted: %q was typed, not %q", typed, want)
	}
	return nil
}

// accountName is what a confirmation calls the account.
func (l *load) accountName() string {
	if l.account.Name != "" {
		return l.account.Name
	}
	return l.account.BaseURL
}

func isTerminal(r io.Reader) bool {
	file, ok := r.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// readLine reads what is typed, unless the program is stopped. The reading itself cannot be ended and
// then lasts as long as the program, which ends at once.
func (l *load) readLine() (string, error) {
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(l.stdin).ReadString('\n')
		line <- strings.TrimSpace(text)
	}()
	select {
	case text := <-line:
		return text, nil
	case <-l.stop:
		return "", pipeline.ErrInterrupted
	}
}

// emptied keeps what the vendor has and deletes it.
func (l *load) emptied(ctx context.Context) error {
	release, err := l.connect()
	if err != nil {
		return err
	}
	defer release()
	l.showProgress()
	defer l.progress.end()
	if !l.flags.noSnapshot {
		if err := l.keepAll(ctx); err != nil {
			return fmt.Errorf("nothing was deleted, because what is to go could not be kept before: %w", err)
		}
	}
	if err := l.markLatest(); err != nil {
		return err
	}
	return pipeline.DeleteAll(ctx, l.job)
}

// keepAll writes all that the vendor has into a snapshot of its own: what an earlier process of the run
// kept may be gone by now.
func (l *load) keepAll(ctx context.Context) error {
	if l.resource.Pages == nil {
		return fmt.Errorf("the vendor does not give out its %s; --no-snapshot deletes them without", l.resource.Noun.Many)
	}
	path := filepath.Join(l.outputs.dir, "snapshot"+snapshotEnding)
	for n := 2; exists(path); n++ {
		path = filepath.Join(l.outputs.dir, fmt.Sprintf("snapshot-%d%s", n, snapshotEnding))
	}
	err := l.keep(ctx, l.resource, path, true)
	if err != nil {
		return errors.Join(err, removeIfThere(export.SpoolPath(path)))
	}
	return nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func removeIfThere(path string) error {
	if !exists(path) {
		return nil
	}
	return os.Remove(path)
}

// rehearseAll counts what would be deleted.
func (l *load) rehearseAll(ctx context.Context) error {
	if l.resource.Pages == nil {
		return &usageError{fmt.Errorf("the vendor does not give out its %s, so a dry run cannot tell anything", l.resource.Noun.Many)}
	}
	release, err := l.connect()
	if err != nil {
		return err
	}
	defer release()
	if l.kept.entities, err = pipeline.Count(ctx, l.job); err != nil {
		return err
	}
	s := &report.Summary{Command: l.command, Target: l.target(), Version: l.resource.Version, Account: l.accountLabel(), Noun: l.resource.Noun,
		Started: l.started, Finished: l.now(), Deleting: true, DryRun: true}
	s.Counts.Entities[vendors.Skipped] = l.kept.entities
	return l.tellAll(s, nil)
}

// finishAll writes down how the emptying ended, and tells it.
func (l *load) finishAll(runErr error) error {
	s := &report.Summary{Run: l.run, Command: l.command, Target: l.target(), Version: l.resource.Version, Account: l.accountLabel(),
		Noun: l.resource.Noun, Started: l.started, Finished: l.now(), Sending: true, Deleting: true, Snapshot: l.kept.path}
	if runErr != nil {
		s.Stopped = runErr.Error()
	} else {
		s.RowsIn = l.kept.rows
		s.Counts.Rows[vendors.Updated], s.Counts.Entities[vendors.Updated] = l.kept.rows, l.kept.entities
	}
	manifest, err := s.MarshalManifest(exitCode(runErr, l.cause()))
	if err == nil {
		err = feed.WriteFile(filepath.Join(l.outputs.dir, manifestFile), func(w io.Writer) error {
			_, err := w.Write(append(manifest, '\n'))
			return err
		})
	}
	return errors.Join(runErr, l.tellAll(s, runErr), err)
}

// tellAll says what was, or would be, deleted.
func (l *load) tellAll(s *report.Summary, runErr error) error {
	if l.flags.json {
		events := report.NewEvents(l.stdout, l.now)
		events.Start(l.run, l.command, "", l.target())
		return events.Summary(s, exitCode(runErr, l.cause()))
	}
	if l.flags.quiet || runErr != nil {
		return nil
	}
	n, noun := l.kept.entities, l.resource.Noun
	switch {
	case l.flags.dryRun:
		fmt.Fprintf(l.stderr, "%s of %s: %d %s would be deleted\n", l.target(), l.accountLabel(), n, noun.Of(n))
	case l.kept.path == "":
		fmt.Fprintf(l.stderr, "%s of %s: all %s deleted; no snapshot was kept\n", l.target(), l.accountLabel(), noun.Many)
	case n == 0:
		fmt.Fprintf(l.stderr, "%s of %s: the vendor had no %s\n", l.target(), l.accountLabel(), noun.Many)
	default:
		fmt.Fprintf(l.stderr, "%s of %s: %d %s deleted\nwhat was deleted is kept: bulkload import %s --to %s brings it back\n",
			l.target(), l.accountLabel(), n, noun.Of(n), l.kept.path, l.target())
	}
	return nil
}
