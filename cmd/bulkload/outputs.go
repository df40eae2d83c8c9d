package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/report"
)

// outputs are the files that a run writes.
type outputs struct {
	dir     string // of the run; "" when it has none
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
	if l.command != "import" {
		return nil
	}
	l.run = l.runID()
	o.dir = l.flags.runDir
	if o.dir == "" {
		o.dir = filepath.Join("bulkload-runs", l.run)
	}
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return fmt.Errorf("make the run's folder: %w", err)
	}
	if o.report == "" {
		o.report = filepath.Join(o.dir, "report"+l.ending())
	}
	if o.rejects == "" {
		o.rejects = filepath.Join(o.dir, "rejects"+l.ending())
	}
	return nil
}

// abandon takes the run's folder away again when nothing was written into it.
func (o *outputs) abandon() {
	if o.dir == "" {
		return
	}
	if os.Remove(o.dir) == nil {
		os.Remove(filepath.Dir(o.dir)) // the folder of all runs, when this was the only one
	}
}

// ending is the name's ending of the feed's own format, so that its reader can open what we write.
func (l *load) ending() string { return "." + l.feed.Format }

// runID names the run by its time, place and process.
func (l *load) runID() string {
	return fmt.Sprintf("%s-%s-%s-%d", l.started.UTC().Format("20060102T150405.000"), l.vendor.Name, l.resource.Name, os.Getpid())
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
		err := writeFile(o.rejects, report.RejectColumns(result.Header),
			func(w formats.Writer) error { return c.WriteRejects(w, result.Header) }, l.stdout)
		if err != nil {
			return err
		}
		s.Rejects = o.rejects
	}
	if o.dir == "" {
		return nil
	}
	manifest, err := s.MarshalManifest(code)
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return feed.WriteFile(filepath.Join(o.dir, "run.json"), func(w io.Writer) error {
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
