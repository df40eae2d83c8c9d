package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/report"
)

// outputs are the files that a run writes.
type outputs struct {
	base    string // folder of the folder of all runs; "": the working directory
	dir     string // of the run; "" when it has none
	made    int    // how many folders were made for the run: its own, and those that it lies in
	report  string // "" when none is wanted
	rejects string
	always  bool // rejects were asked for by name: an old file there must not outlive the run
}

// prepare decides the paths and makes the run's folder. Only an import has one.
func (o *outputs) prepare(l *load) error {
	o.report, o.rejects, o.always = l.flags.report, l.flags.rejects, l.flags.rejects != ""
	for _, path := range []string{o.report, o.rejects} {
		if path == "" {
			continue
		}
		if err := feed.CheckName(path); err != nil {
			return &usageError{err}
		}
	}
	if err := checkPlanNames(l.flags.output); err != nil {
		return err
	}
	for _, path := range append([]string{o.report, o.rejects, l.flags.answers}, l.flags.output...) {
		if err := inFolder(path); err != nil {
			return &usageError{err}
		}
	}
	if err := o.distinct(l); err != nil {
		return &usageError{err}
	}
	if l.command != "import" && l.command != "delete" && l.command != "lookup" {
		return nil
	}
	if err := o.makeFolder(l); err != nil {
		return err
	}
	if o.report == "" {
		o.report = filepath.Join(o.dir, "report"+l.ending())
	}
	if o.rejects == "" {
		o.rejects = filepath.Join(o.dir, "rejects"+l.ending())
	}
	return nil
}

// inFolder makes sure, before anything is done, that a file has a folder to be written into.
func inFolder(path string) error {
	if path == "" || path == "-" {
		return nil
	}
	dir := filepath.Dir(path)
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && !info.IsDir():
		return fmt.Errorf("%s cannot be written: there is no folder %s", path, dir)
	case err != nil:
		return fmt.Errorf("%s cannot be written: %w", path, err)
	}
	return nil
}

// distinct makes sure that nothing that the run writes takes the place of its feed, or of something else that
// it writes.
func (o *outputs) distinct(l *load) error {
	var files []namedFile
	if l.resource != nil { // a season has none of these itself, but its parts
		files = append(o.tables(l), namedFile{"-o", l.flags.answers})
	}
	for _, path := range l.flags.output {
		files = append(files, namedFile{"-o", path})
	}
	if l.flags.debug != toStderr {
		files = append(files, namedFile{"--debug", l.flags.debug})
	}
	files = slices.DeleteFunc(files, func(f namedFile) bool { return f.path == "" })
	for i, file := range files {
		if file.path == "-" && l.flags.json {
			return fmt.Errorf("standard output cannot have both %s and --json", file.flag)
		}
		if l.feed != nil && l.feed.Path != "-" && sameFile(file.path, l.feed.Path) {
			return fmt.Errorf("%s would be written over the feed %s itself: choose another name", file.flag, l.feed.Path)
		}
		for _, other := range files[:i] {
			if file.path == "-" && other.path == "-" {
				return fmt.Errorf("standard output cannot have both %s and %s", other.flag, file.flag)
			}
			if sameFile(file.path, other.path) {
				return fmt.Errorf("%s and %s would both write %s: choose another name for one of them", other.flag, file.flag, file.path)
			}
		}
	}
	return nil
}

// tables are the report and the rejects, by the names that were given, or those that they have in a folder that was.
func (o *outputs) tables(l *load) []namedFile {
	dir := cmp.Or(o.dir, l.flags.runDir)
	files := []namedFile{{"--report", o.report}, {"--rejects", o.rejects}}
	if dir != "" && o.report == "" {
		files[0] = namedFile{"the run's report", filepath.Join(dir, "report"+l.ending())}
	}
	if dir != "" && o.rejects == "" {
		files[1] = namedFile{"the run's rejects", filepath.Join(dir, "rejects"+l.ending())}
	}
	return files
}

// namedFile is a file that the run writes, and what names it.
type namedFile struct{ flag, path string }

// sameFile reports whether two names lead to one file.
func sameFile(a, b string) bool {
	if filepath.Clean(a) == filepath.Clean(b) {
		return a != "-"
	}
	first, err := os.Stat(a)
	if err != nil {
		return false
	}
	second, err := os.Stat(b)
	return err == nil && os.SameFile(first, second)
}

// makeFolder makes the run's folder, which begins with how the run was called. A run that goes on has one.
func (o *outputs) makeFolder(l *load) error {
	if l.resumed {
		return nil
	}
	l.run = l.runID()
	o.dir = l.flags.runDir
	if o.dir == "" {
		o.dir = filepath.Join(o.base, runsDir, l.run)
	}
	if err := o.free(); err != nil {
		return err
	}
	for dir := o.dir; !exists(dir); dir = filepath.Dir(dir) {
		o.made++
	}
	if err := feed.MakeDir(o.dir, 0o777); err != nil {
		return fmt.Errorf("make the run's folder: %w; --run-dir names another one", err)
	}
	folder, err := os.Getwd()
	if err != nil {
		return fmt.Errorf("find the working directory: %w", err)
	}
	path := ""
	if l.feed != nil {
		path = l.feed.Path
	}
	l.call = &settings{Schema: settingsSchema, Run: l.run, Command: l.command, Target: l.target(), Feed: path,
		Folder: folder, Flags: l.given, Started: l.started.UTC()}
	return l.call.write(o.dir)
}

// free makes sure that the folder holds no run that could still go on, and takes what is left of an
// ended one away: its files must not be taken for the new one's.
func (o *outputs) free() error {
	old, err := readRun(o.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &usageError{fmt.Errorf("--run-dir: %w", err)}
	}
	if old.state == runRunning {
		return &runningError{o.dir}
	}
	if old.state != runEnded {
		return &usageError{fmt.Errorf("%s holds a run that was cut: go on with it (%s), or choose another --run-dir", o.dir, resumeOf(o.dir))}
	}
	for _, name := range []string{manifestFile, journalFile, answersFile, settingsFile} {
		if err := os.Remove(filepath.Join(o.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("clear the run's folder: %w", err)
		}
	}
	return nil
}

// abandon takes the run's folder away again when nothing was written into it, and the folders that were
// made for it.
func (o *outputs) abandon(resumed bool) {
	if o.dir == "" || resumed {
		return
	}
	if _, err := os.Stat(filepath.Join(o.dir, journalFile)); err == nil {
		return // the account knows of the run, which can go on
	}
	if len(o.snapshots()) > 0 {
		return // so can one that has begun to keep what it is going to delete
	}
	os.Remove(filepath.Join(o.dir, settingsFile))
	for dir := o.dir; o.made > 0; dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil {
			return // another run's folder lies in it by now
		}
		o.made--
	}
}

// ending is the name's ending of the feed's own format, so that its reader can open what we write.
func (l *load) ending() string { return "." + l.feed.Format }

// runID names the run by its time, place and process.
func (l *load) runID() string {
	return fmt.Sprintf("%s-%s-%d", l.started.UTC().Format("20060102T150405.000"), strings.ReplaceAll(l.target(), "/", "-"), os.Getpid())
}

// write writes report, rejects and manifest.
func (o *outputs) write(l *load, result *pipeline.Result, code int) error {
	s, c := result.Summary, result.Collector
	if o.report != "" {
		err := writeFile(o.report, report.Columns, func(w formats.Writer) error { return c.WriteFindings(w, l.run) }, l.stdout)
		if err != nil {
			return err
		}
		s.Report = o.report
	}
	if o.rejects != "" && (o.always || c.Rejected() > 0) {
		err := writeFile(o.rejects, c.RejectColumns(result.Header, feed.TakesUnnamed(o.rejects)),
			func(w formats.Writer) error { return c.WriteRejects(w, result.Header) }, l.stdout)
		if err != nil {
			return err
		}
		s.Rejects = o.rejects
	} else if o.rejects != "" { // those of a process before this one went in meanwhile
		if err := os.Remove(o.rejects); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the rejects of before: %w", err)
		}
	}
	if o.dir == "" {
		return l.writePlan(s)
	}
	manifest, err := s.MarshalManifest(code)
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return feed.WriteFile(filepath.Join(o.dir, manifestFile), func(w io.Writer) error {
		_, err := w.Write(append(manifest, '\n'))
		return err
	})
}

// writeFile writes one table.
func writeFile(path string, columns []formats.Column, fill func(formats.Writer) error, stdout io.Writer) error {
	output, err := feed.Create(path, columns, stdout)
	if err != nil {
		return err
	}
	defer output.Discard()
	if err := fill(output); err != nil {
		return err
	}
	return output.Close()
}
