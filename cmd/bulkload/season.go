package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/journal"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/report"
	"bulkload/vendors/all"
)

// A season is one run that loads the sheets of a workbook that are named after a vendor's resources, in
// the order in which the vendor's resources need each other. All sheets are checked before anything of
// any of them is sent.
type season struct {
	whole      *load // how it was called, its folder, its account and the stand-in it goes to
	parts      []*sheetLoad
	others     []string // sheets that are named after no resource
	references *pipeline.References
}

// A sheetLoad is the load of one sheet. Its folder lies in the season's.
type sheetLoad struct {
	*load
	refused error // why its own sheet may not be sent
	result  *pipeline.Result
	err     error // that ended it before its work was done
	code    int
}

// isSeason reports whether the feed goes to a vendor as a whole.
func (l *load) isSeason() bool {
	return (l.command == "import" || l.command == "check" || l.command == "plan") && all.Vendor(l.flags.to) != nil
}

// executeSeason carries a season out.
func (l *load) executeSeason(ctx context.Context, path string) error {
	s := &season{whole: l, references: pipeline.NewReferences()}
	l.started = l.now()
	err := s.open(path)
	if err == nil {
		defer l.endAfter(l.flags.deadline)()
		err = s.carryOut(ctx)
	}
	return errors.Join(err, s.close())
}

// close gives up what the season holds.
func (s *season) close() error {
	err := s.references.Close()
	for _, p := range s.parts {
		if p.result != nil {
			err = errors.Join(err, p.result.Close())
		}
		if p.job != nil {
			p.job.Forget()
		}
		if p.feed != nil {
			err = errors.Join(err, p.feed.Close())
		}
		err = errors.Join(err, p.lasting.close())
	}
	return errors.Join(err, s.whole.lasting.close())
}

// open finds the sheets and opens each as a feed.
func (s *season) open(path string) error {
	l := s.whole
	l.vendor = all.Vendor(l.flags.to)
	if err := l.checkSeason(path); err != nil {
		return &usageError{err}
	}
	sheets, err := s.sheets(path)
	if err != nil {
		return err
	}
	for _, sheet := range sheets {
		p, err := s.part(sheet)
		if err != nil {
			return err
		}
		s.parts = append(s.parts, p)
	}
	if err := s.shareBudgets(); err != nil {
		return &usageError{err}
	}
	for _, p := range s.parts {
		if err := p.open(path); err != nil {
			return err
		}
		p.job.Refers = s.references
	}
	first := s.parts[0]
	l.feed = first.feed
	if first.account != nil {
		account := *first.account
		l.account = &account
	}
	return nil
}

// checkSeason refuses what says nothing of a workbook with several sheets.
func (l *load) checkSeason(path string) error {
	f := l.flags
	one := fmt.Sprintf("; load a sheet alone with --to %s/RESOURCE", l.vendor.Name)
	switch {
	case path == "-":
		return errors.New("the workbook of a season is read sheet by sheet, so it must be a file, not standard input" + one)
	case f.sheet != "":
		return errors.New("--sheet names one sheet, and a season has several" + one)
	case f.mapFile != "" || len(f.set) > 0:
		return errors.New("--map and --set speak of the columns of one sheet" + one)
	case f.expectRows > 0:
		return errors.New("--expect-rows counts the rows of one sheet" + one)
	case f.apiVersion != "":
		return errors.New("--api-version is that of one resource; an account may have one for each" + one)
	case f.publish != "":
		return errors.New("--publish belongs to one resource" + one)
	case f.report == "-" || f.rejects == "-":
		return errors.New("each sheet has a report and rejects of its own, which do not go to standard output together")
	case slices.ContainsFunc(f.output, func(name string) bool { return strings.HasSuffix(name, planEnding) }):
		return errors.New("a plan that import --plan carries out is made of one sheet" + one)
	}
	return nil
}

// A seasonSheet is a sheet and the resource that it is named after.
type seasonSheet struct{ resource, name string }

// sheets lists the sheets that are named after resources, in the order of the vendor's resources.
func (s *season) sheets(path string) ([]seasonSheet, error) {
	f, err := feed.Open(path, nil, formats.Options{})
	if err != nil {
		return nil, asFeedError(path, err)
	}
	names, format := f.Sheets, f.Format
	if err := f.Close(); err != nil {
		return nil, err
	}
	if format != "xlsx" {
		return nil, &usageError{fmt.Errorf("%s is %s: a season is a workbook whose sheets are named after resources; say which one this is, such as --to %s/%s",
			path, strings.ToUpper(format), s.whole.vendor.Name, s.resources()[0])}
	}
	byResource := make(map[string]string)
	for _, name := range names {
		resource := s.named(name)
		if before := byResource[resource]; before != "" {
			return nil, &feedError{fmt.Errorf("%s: the sheets %q and %q are both named after %s", path, before, name, resource)}
		}
		if resource == "" {
			s.others = append(s.others, name)
		} else {
			byResource[resource] = name
		}
	}
	var sheets []seasonSheet
	for _, resource := range s.resources() {
		if name := byResource[resource]; name != "" {
			sheets = append(sheets, seasonSheet{resource, name})
		}
	}
	if sheets == nil {
		return nil, &feedError{fmt.Errorf("%s: no sheet is named after a resource of %s, which are %s; its sheets are %q",
			path, s.whole.vendor.Name, strings.Join(s.resources(), ", "), names)}
	}
	return sheets, nil
}

// resources are the names of the vendor's resources that can be loaded, in its order.
func (s *season) resources() (names []string) {
	for _, r := range s.whole.vendor.Resources {
		if r.Upload != nil && !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	return names
}

// named returns the resource that a sheet is named after; empty when it is none.
func (s *season) named(sheet string) string {
	for _, resource := range s.resources() {
		if folded(resource) == folded(sheet) {
			return resource
		}
	}
	return ""
}

// folded is a name without its case, blanks, underscores and hyphens.
func folded(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || r == '_' || r == '-' {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
}

// part makes the load of one sheet, as the whole was called.
func (s *season) part(sheet seasonSheet) (*sheetLoad, error) {
	flags := *s.whole.flags
	flags.to, flags.sheet, flags.output = s.whole.vendor.Name+"/"+sheet.resource, sheet.name, nil
	flags.report, flags.rejects = beside(flags.report, sheet.resource), beside(flags.rejects, sheet.resource)
	flags.replace = flags.replace && s.whole.vendor.Resource(sheet.resource).Replace != nil
	given := s.whole.given
	if s.whole.resumed {
		given = s.whole.call.Flags
	}
	l := &load{program: s.whole.program, flags: &flags, command: s.whole.command, within: s.whole, given: given,
		overtake: s.whole.overtake, started: s.whole.started}
	return &sheetLoad{load: l}, l.choose()
}

// beside puts a resource into a file's name: problems.xlsx becomes problems-products.xlsx.
func beside(path, resource string) string {
	if path == "" {
		return ""
	}
	dir, name := filepath.Split(path)
	stem, ending, _ := strings.Cut(name, ".")
	return dir + stem + "-" + resource + "." + ending
}

// shareBudgets gives each sheet those of the budgets whose rules are among its own. A rule that no sheet
// has is an error.
func (s *season) shareBudgets() error {
	foreign := make(map[string]error) // budgets that no sheet so far has the rule of
	shared := make(map[string]bool)
	for _, p := range s.parts {
		var own []string
		for _, item := range strings.Split(strings.Join(p.flags.maxErrors, ","), ",") {
			if item == "" {
				continue
			}
			if _, err := pipeline.ParseBudgets([]string{item}, p.resource); err != nil {
				foreign[item] = err
				continue
			}
			own = append(own, item)
			shared[item] = true
		}
		p.flags.maxErrors = own
	}
	for item, err := range foreign {
		if !shared[item] {
			return fmt.Errorf("--max-errors, or the account's max_errors: %w", err)
		}
	}
	return nil
}

// carryOut makes the folders, checks all sheets, and loads them when all may be.
func (s *season) carryOut(ctx context.Context) error {
	l := s.whole
	if err := s.prepare(); err != nil {
		return err
	}
	if l.flags.json {
		l.events = report.NewEvents(l.stdout, l.now)
		l.events.Start(l.run, l.command, l.feed.Name, l.vendor.Name)
	}
	err := l.openLasting(ctx)
	release := func() {}
	if err == nil && l.account != nil && l.flags.sandbox != "" {
		release, err = l.startSandbox()
	}
	if err == nil && l.command == "import" {
		err = s.check(ctx)
	}
	if err != nil {
		release()
		s.abandon()
		return err
	}
	s.load(ctx)
	release()
	return s.finish(ctx)
}

// prepare makes the folder of the season, and one for each of its parts.
func (s *season) prepare() error {
	l := s.whole
	if err := l.outputs.prepare(l); err != nil {
		return err
	}
	for _, p := range s.parts {
		if l.outputs.dir != "" {
			p.flags.runDir = filepath.Join(l.outputs.dir, p.resource.Name)
			if err := p.recall(); err != nil {
				return err
			}
		}
		if err := p.outputs.prepare(p.load); err != nil {
			s.abandon()
			return err
		}
	}
	return nil
}

// recall takes up what an earlier process has begun in the part's folder.
func (p *sheetLoad) recall() error {
	call, err := readSettings(p.flags.runDir)
	if !p.within.resumed || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	p.resumed, p.run, p.call, p.outputs.dir = true, call.Run, call, p.flags.runDir
	return nil
}

// abandon takes the folders away again when nothing was written into them.
func (s *season) abandon() {
	for _, p := range s.parts {
		p.outputs.abandon(p.resumed)
	}
	s.whole.outputs.abandon(s.whole.resumed)
}

// check checks all sheets. When one of them may not be sent, none may. An error means that not all of
// the workbook could be read.
func (s *season) check(ctx context.Context) error {
	var barred *sheetLoad
	for _, p := range s.parts {
		p.showProgress()
		result, err := pipeline.Survey(ctx, p.job)
		p.progress.end()
		if result == nil {
			return p.named(err)
		}
		result.Close()
		if p.refused = err; err != nil && barred == nil {
			barred = p
		}
	}
	if barred == nil {
		return nil
	}
	for _, p := range s.parts {
		if p.job.Barred = p.refused; p.refused == nil {
			p.job.Barred = &heldError{fmt.Sprintf("nothing of any sheet was sent, because of the sheet %q", barred.feed.Sheet), barred.refused}
		}
	}
	return nil
}

// named adds the feed's name to an error that lacks it.
func (p *sheetLoad) named(err error) error {
	if is[*mapping.Error](err) {
		return fmt.Errorf("%s, sheet %s: %w", p.feed.Name, p.feed.Sheet, err)
	}
	return err
}

// load carries the parts out, one after the other. When one was ended before its work was done, those
// after it are not sent.
func (s *season) load(ctx context.Context) {
	var ended error
	for _, p := range s.parts {
		switch {
		case p.job.Barred != nil || ended != nil:
			p.showProgress()
			p.result, p.err = pipeline.Unsent(ctx, p.job, cmp.Or(p.job.Barred, ended))
			p.progress.end()
		default:
			p.result, p.err = p.load.carryOut(ctx)
			p.err = p.named(p.err)
		}
		if p.err != nil && s.whole.command == "import" && ended == nil {
			ended = &heldError{fmt.Sprintf("the run ended before, at the sheet %q", p.feed.Sheet), p.err}
		}
		p.settled()
	}
}

// settled writes the part's files, before the next part begins.
func (p *sheetLoad) settled() {
	if p.lasting.history != nil {
		p.err = errors.Join(p.err, p.lasting.history.Close())
		p.lasting.history = nil
	}
	if p.code = exitCode(p.err, p.cause()); p.result == nil {
		return
	}
	p.code = p.conclude(p.result.Summary, p.err)
	if err := errors.Join(p.lasting.sync(), p.outputs.write(p.load, p.result, p.code)); err != nil {
		p.err = errors.Join(p.err, err)
		p.code = failing(p.code, p.lasting.journal != nil || feed.DiskFull(err) != nil)
	}
}

// A heldError is why a sheet was not sent that is right itself: another one's trouble, whose exit code it has.
type heldError struct {
	reason string
	cause  error
}

// Error tells the reason. What the trouble was is told of the other sheet.
func (e *heldError) Error() string { return e.reason }

// Unwrap returns the other sheet's error.
func (e *heldError) Unwrap() error { return e.cause }

// worstCodes lists the exit codes from the worst to the best, but for those of signals, which come second. A
// season's is the worst of its parts'; only when there was nothing to do in any of them, it is exitNothing.
var worstCodes = []int{exitInternal, exitUsage, exitFeed, exitUnauthorised, exitTooMany, exitStale, exitTemporary, exitSomeNot, exitDone, exitNothing}

// worseCode returns the worse of two exit codes.
func worseCode(a, b int) int {
	rank := func(code int) int {
		if i := slices.Index(worstCodes, code); i >= 0 {
			return 2 * i
		}
		return 1 // a signal
	}
	if rank(b) < rank(a) {
		return b
	}
	return a
}

// finish says how the season ended.
func (s *season) finish(ctx context.Context) error {
	l := s.whole
	summary, code, codes := s.summary()
	err := s.writeChanges(summary)
	if l.outputs.dir != "" {
		err = errors.Join(err, s.writeManifest(summary, code, codes))
	}
	err = errors.Join(err, s.settle(ctx, summary, code, err), s.tell(summary, code, codes))
	if err != nil {
		for _, line := range untold(err, summary.Stopped) {
			fmt.Fprintf(l.stderr, "bulkload: %s\n", line)
		}
		code = worseCode(code, failing(exitDone, s.journaled() || feed.DiskFull(err) != nil))
	}
	if code == exitDone {
		return nil
	}
	return &saidError{code}
}

// summary puts the summaries of the parts together, and finds the exit code.
func (s *season) summary() (summary *report.Season, code int, codes []int) {
	l := s.whole
	summary = &report.Season{Run: l.run, Command: l.command, Feed: l.feed.Name, Target: l.vendor.Name, Started: l.started, Finished: l.now(), Others: s.others}
	if l.account != nil {
		summary.Account = l.accountLabel()
	}
	code = exitNothing
	unfinished := false
	for _, p := range s.parts {
		code = worseCode(code, p.code)
		if p.err != nil && summary.Stopped == "" && !is[*heldError](p.err) {
			summary.Stopped = fmt.Sprintf("at the sheet %q: %v", p.feed.Sheet, p.err)
		}
		if p.result == nil {
			summary.Uncounted = append(summary.Uncounted, p.resource.Name)
			unfinished = true
			continue
		}
		summary.Parts = append(summary.Parts, p.result.Summary)
		codes = append(codes, p.code)
		unfinished = unfinished || p.result.Summary.Resume != "" || p.err != nil
	}
	if unfinished && s.journaled() && l.flags.sandbox != inMemory {
		summary.Resume = resumeOf(l.outputs.dir)
	}
	if err := summary.Unbalanced(); err != nil && summary.Stopped == "" {
		summary.Stopped, code = (&pipeline.InternalError{Reason: err.Error()}).Error(), exitInternal
	}
	return summary, code, codes
}

// journaled reports whether anything may have been sent.
func (s *season) journaled() bool {
	return slices.ContainsFunc(s.parts, func(p *sheetLoad) bool { return p.lasting.journal != nil })
}

func (s *season) writeManifest(summary *report.Season, code int, codes []int) error {
	manifest, err := summary.MarshalManifest(code, codes)
	if err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return feed.WriteFile(filepath.Join(s.whole.outputs.dir, manifestFile), func(w io.Writer) error {
		_, err := w.Write(append(manifest, '\n'))
		return err
	})
}

// writeChanges writes the changes of all plans to the files that -o names.
func (s *season) writeChanges(summary *report.Season) error {
	for _, path := range s.whole.flags.output {
		err := writeFile(path, pipeline.ChangeColumns, func(w formats.Writer) error {
			for _, p := range s.parts {
				if p.changes == nil {
					continue
				}
				if err := p.changes.Write(w); err != nil {
					return err
				}
			}
			return nil
		}, s.whole.stdout)
		if err != nil {
			return err
		}
		summary.Plan = path
	}
	return nil
}

// settle ends the journals of all parts, when none of them is to go on, and takes them into the account's
// history. Until then each part can go on as the whole does.
func (s *season) settle(ctx context.Context, summary *report.Season, code int, trouble error) (err error) {
	for _, p := range s.parts {
		if p.lasting.journal == nil {
			err = errors.Join(err, p.lasting.close())
			continue
		}
		if summary.Resume == "" && trouble == nil {
			err = errors.Join(err, p.lasting.journal.End(journal.End{Finished: summary.Finished, Code: code}))
		}
		err = errors.Join(err, p.lasting.journal.Close(), p.lasting.close())
	}
	if err == nil && s.journaled() {
		err = s.whole.fold(context.WithoutCancel(ctx))
	}
	return err
}

// tell writes the summary for people, or the last events for programs.
func (s *season) tell(summary *report.Season, code int, codes []int) error {
	l := s.whole
	switch {
	case l.events != nil:
		for _, p := range s.parts {
			if p.result == nil {
				continue
			}
			if err := l.events.Problems(p.result.Collector); err != nil {
				return err
			}
		}
		if err := l.events.Season(summary, code, codes); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
	case !l.flags.quiet:
		return summary.WriteText(l.stderr, l.width())
	default:
		return l.tellStopped(summary.Stopped, summary.Resume)
	}
	return nil
}

// seasonOf is the folder of the season that a run is a part of; the run's own when it is none.
func seasonOf(dir string) string {
	parent := filepath.Dir(dir)
	if s, err := readSettings(parent); err == nil && all.Vendor(s.Target) != nil {
		return parent
	}
	return dir
}

// listReferences asks the vendor for what the feed's rows refer to, when that was asked for.
func (l *load) listReferences(ctx context.Context) (release func(), err error) {
	release = func() {}
	if !l.flags.references || l.job.Client == nil || len(l.resource.Refers) == 0 {
		return release, nil
	}
	if l.job.Refers == nil {
		l.job.Refers = pipeline.NewReferences()
		release = func() { l.job.Refers.Close() }
	}
	return release, l.job.Refers.List(ctx, l.job)
}
