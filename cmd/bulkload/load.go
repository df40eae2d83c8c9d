package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/pace"
	"bulkload/pipeline/report"
	"bulkload/pipeline/send"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
	"bulkload/vendors/all"
	"bulkload/vendors/sandbox"
	"bulkload/vendors/schema"
)

// load is one run of import or check.
type load struct {
	*program
	flags    *loadFlags
	command  string
	vendor   *vendors.Vendor
	resource *vendors.Resource
	account  *vendors.Account // nil: nothing is sent
	feed     *feed.Feed
	job      *pipeline.Job
	run      string      // id
	given    [][2]string // the flags, as they were given
	call     *settings   // how the run was called; nil: it has no folder
	resumed  bool        // the run goes on
	overtake bool        // although a later one has begun
	left     string      // the command that goes on with the run; "" when nothing is left
	within   *load       // the season that it is a part of; nil: it is none
	lasting  lasting
	kept     keptSnapshot      // of a deletion
	pace     *pace.Pace        // nil: nothing is sent
	changes  *pipeline.Changes // of a plan
	planned  *savedPlan        // that is carried out
	started  time.Time
	events   *report.Events // nil: none
	progress *progress
	outputs  outputs
}

// execute carries a run out: it opens, checks or sends, and writes down what happened.
func (l *load) execute(ctx context.Context, path string) error {
	if l.isSeason() {
		return l.executeSeason(ctx, path)
	}
	l.started = l.now()
	if err := l.choose(); err != nil {
		return err
	}
	if err := l.checkPublish(path); err != nil {
		return &usageError{err}
	}
	if err := l.open(path); err != nil {
		return err
	}
	defer l.feed.Close()
	defer l.endAfter(l.flags.deadline)()
	if err := l.outputs.prepare(l); err != nil {
		return err
	}
	result, err := l.carryOut(ctx)
	if result == nil {
		if is[*mapping.Error](err) {
			err = fmt.Errorf("%s: %w", l.feed.Name, err)
		}
		err = errors.Join(err, l.lasting.close())
		l.outputs.abandon(l.resumed)
		return err
	}
	defer result.Close()
	return l.finish(ctx, result, err)
}

// endAfter lets the run's time be up after a while; 0: never.
func (l *load) endAfter(d time.Duration) (release func()) {
	if d <= 0 {
		return func() {}
	}
	timer := time.AfterFunc(d, func() {
		select {
		case l.overdue <- struct{}{}:
		default: // it was, before
		}
	})
	return func() { timer.Stop() }
}

// carryOut connects and does the run's work.
func (l *load) carryOut(ctx context.Context) (*pipeline.Result, error) {
	if err := errors.Join(l.asPlanned(ctx), l.openLasting(ctx)); err != nil {
		return nil, err
	}
	release, err := l.connect()
	if err != nil {
		return nil, err
	}
	defer release()
	l.begin()
	defer l.progress.end()
	closeReferences, err := l.listReferences(ctx)
	if err != nil {
		return nil, err
	}
	defer closeReferences()
	switch {
	case l.command == "plan":
		return l.plan(ctx)
	case l.command == "delete":
		return l.delete(ctx)
	case l.command == "lookup":
		return l.lookup(ctx)
	case l.account == nil || l.flags.dryRun && !l.resource.Rehearses:
		return pipeline.Check(ctx, l.job)
	case l.flags.publish == publishNow:
		return l.publishNow(ctx)
	}
	return pipeline.Import(ctx, l.job)
}

// choose finds the vendor's resource, and the account when the run sends.
func (l *load) choose() error {
	if l.flags.to == "" && l.command == "delete" {
		return &usageError{errors.New("say with --from what is to be deleted, such as --from fashiontrade/products")}
	}
	if l.flags.to == "" {
		return &usageError{errors.New("say with --to where the feed goes, such as --to fashiontrade/products")}
	}
	if l.flags.deadline < 0 {
		return &usageError{fmt.Errorf("--deadline %s lies in the past", l.flags.deadline)}
	}
	version := l.flags.apiVersion
	name, settings, err := l.settings()
	if err != nil {
		return &usageError{err}
	}
	if version == "" {
		version = settings.APIVersion.of(l.flags.to)
	}
	if len(l.flags.maxErrors) == 0 {
		l.flags.maxErrors = settings.MaxErrors
	}
	if l.vendor, l.resource, err = all.Find(l.flags.to, version); err != nil {
		return &usageError{err}
	}
	if l.resource.Encode == nil && l.command != "delete" {
		return &usageError{onlyExported(l.flags.to)}
	}
	if l.resource, err = l.resource.WithLimits(settings.Limits[l.resource.Name]); err != nil {
		return &usageError{fmt.Errorf("limits of account %s: %w", name, err)}
	}
	if l.flags.replace {
		if l.resource.Replace == nil {
			return &usageError{fmt.Errorf("%s is always loaded whole, so there is nothing to choose with --replace", l.target())}
		}
		l.resource = l.resource.Replace
	}
	if l.command == "delete" {
		if err := l.chooseDeletion(); err != nil {
			return &usageError{err}
		}
	}
	if l.command == "check" {
		return nil
	}
	if err := l.onlyLookup(); err != nil {
		return &usageError{err}
	}
	if l.command == "lookup" {
		if err := l.chooseLookup(); err != nil {
			return &usageError{err}
		}
	}
	if l.account, err = l.connectAs(name, settings); err != nil {
		return &usageError{err}
	}
	return nil
}

// onlyExported says of a resource that takes no rows what can be done with it.
func onlyExported(target string) error {
	return fmt.Errorf("%s takes no rows, it is only exported: bulkload export %s -o FILE", target, target)
}

// known makes sure that there is such a resource, before accounts for it are looked for.
func known(target string) error {
	_, _, err := all.Find(target, "")
	if err == nil || strings.Contains(target, "/") {
		return err
	}
	names := make([]string, len(all.Vendors))
	for i, vendor := range all.Vendors {
		names[i] = vendor.Name
	}
	if nearest := schema.Nearest(target, names); nearest != "" {
		err = fmt.Errorf("%w; did you mean %s?", err, nearest)
	}
	return err
}

// settings finds what the configuration says of the account. A check needs none.
func (l *load) settings() (string, accountConfig, error) {
	if err := known(l.flags.to); err != nil {
		return "", accountConfig{}, err
	}
	vendor, _, _ := strings.Cut(l.flags.to, "/")
	if l.flags.sandbox != "" {
		return "sandbox", accountConfig{}, nil
	}
	c, err := l.loadConfig(l.flags.config)
	if err != nil {
		return "", accountConfig{}, err
	}
	if l.command == "check" && l.flags.account == "" {
		if names := c.of(vendor); len(names) == 1 {
			return names[0], c.Accounts[names[0]], nil
		}
		return "", accountConfig{}, nil
	}
	if l.flags.account == "" && l.flags.baseURL != "" && len(c.of(vendor)) == 0 {
		return "", accountConfig{TokenEnv: "BULKLOAD_TOKEN"}, nil
	}
	return c.choose(l.flags.account, vendor)
}

func (l *load) connectAs(name string, settings accountConfig) (*vendors.Account, error) {
	if l.flags.baseURL != "" {
		settings.BaseURL = l.flags.baseURL
	}
	if l.flags.rate != "" {
		settings.Rate = l.flags.rate
	}
	if l.flags.workers > 0 {
		settings.Workers = l.flags.workers
	}
	account, err := newAccount(name, settings, l.vendor)
	if err != nil {
		return nil, err
	}
	if l.flags.sandbox != "" {
		err = tryAccount(account, l.vendor)
	} else {
		err = l.authorise(account, settings, l.vendor)
	}
	if err != nil {
		return nil, fmt.Errorf("account %s: %w", name, err)
	}
	return account, nil
}

// open opens the feed and reads the mapping.
func (l *load) open(path string) error {
	m, err := l.mapping()
	if err != nil {
		return &usageError{err}
	}
	options, err := l.options()
	if err != nil {
		return &usageError{err}
	}
	budgets, err := pipeline.ParseBudgets(l.flags.maxErrors, l.resource)
	if err != nil {
		return &usageError{fmt.Errorf("--max-errors, or the account's max_errors: %w", err)}
	}
	if l.feed, err = feed.Open(path, l.stdin, options); err != nil {
		return asFeedError(path, err)
	}
	least, err := l.leastRows(path)
	if err != nil {
		return err
	}
	l.job = &pipeline.Job{Feed: l.feed, LeastRows: least, Vendor: l.vendor, Resource: l.resource, Mapping: m,
		StrictColumns: l.flags.strictColumns, MaxErrors: budgets, ExpectRows: l.flags.expectRows,
		CheckWorkers: runtime.GOMAXPROCS(0), Stop: l.stop}
	return nil
}

// leastRows is how many rows the feed must have because the manifest beside it, which an export has
// written, says so. A feed with more, or others, was worked on since; one with fewer may be cut.
func (l *load) leastRows(path string) (int64, error) {
	if path == "-" || l.flags.ignoreManifest || l.command == "delete" { // fewer rows delete less
		return 0, nil
	}
	manifest, err := snapshot.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, &feedError{fmt.Errorf("%w; --ignore-manifest loads the feed without it", err)}
	}
	return manifest.Rows, manifest.Close()
}

func (l *load) mapping() (mapping.Mapping, error) {
	var m mapping.Mapping
	if l.flags.mapFile != "" {
		var err error
		if m, err = mapping.Load(l.flags.mapFile); err != nil {
			return m, err
		}
	}
	for _, setting := range l.flags.set {
		if err := m.Assign(setting); err != nil {
			return m, fmt.Errorf("--set: %w", err)
		}
	}
	return m, nil
}

func (l *load) options() (formats.Options, error) {
	o := formats.Options{Sheet: l.flags.sheet, HeaderRow: l.flags.headerRow,
		NoHeader: l.flags.noHeader, FillMerged: l.flags.fillMerged, Encoding: l.flags.encoding}
	if l.resource != nil {
		o.Prefer = l.resource.Name
	}
	switch {
	case l.flags.delimiter == "tab" || l.flags.delimiter == `\t`:
		o.Delimiter = '\t'
	case len(l.flags.delimiter) == 1:
		o.Delimiter = l.flags.delimiter[0]
	case l.flags.delimiter != "":
		return o, fmt.Errorf("--delimiter %q is not one character", l.flags.delimiter)
	}
	return o, nil
}

// connect makes the client that sends, and starts the sandbox when the run goes there.
func (l *load) connect() (release func(), err error) {
	release = func() {}
	if l.account == nil {
		return release, nil
	}
	switch {
	case l.within != nil && l.flags.sandbox != "":
		l.account.BaseURL = l.within.account.BaseURL
	case l.flags.sandbox != "":
		if release, err = l.startSandbox(); err != nil {
			return nil, err
		}
	}
	traffic, err := l.openDump(l.flags.debug)
	if err != nil {
		release()
		return nil, err
	}
	counts := &send.Counts{}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = l.account.Workers
	transport.MaxConnsPerHost = l.account.Workers
	retry := send.DefaultRetry(l.stop, counts)
	retry.Attempts = 1 + max(0, l.flags.retries)
	if l.pace, err = l.openPace(); err != nil {
		release()
		return nil, err
	}
	l.job.Client = &vendors.Client{Account: l.account, Authorize: l.vendor.Authorize, Explain: l.vendor.Explain,
		HTTP:  &http.Client{Transport: send.Counting(transport, counts)},
		Agent: "bulkload/" + version(), Now: l.now, Pace: l.pace, Class: l.vendor.Class, Again: retry.Again, Watch: traffic.watch()}
	l.job.Retry, l.job.Counts, l.job.Workers = retry, counts, l.account.Workers
	l.job.CreateOnly, l.job.Rehearse, l.job.Again, l.job.Batch = l.flags.createOnly, l.flags.dryRun, l.flags.again, l.flags.batch
	if l.command == "import" && !slices.Contains([]string{compareVendor, compareWhole, compareNone}, l.flags.compare) {
		return nil, &usageError{fmt.Errorf("--compare is %s, %s or %s, not %q", compareVendor, compareWhole, compareNone, l.flags.compare)}
	}
	l.job.Whole = l.flags.compare == compareWhole
	l.job.Compare, l.job.Withhold = l.flags.compare != compareNone, l.flags.publish == publishAfter
	if l.lasting.account != nil {
		l.job.Start = l.start
		l.job.KeepCatalogue = l.lasting.account.Path("catalogue-" + l.resource.Name + l.resource.Version)
	}
	closeSandbox := release
	return func() {
		transport.CloseIdleConnections()
		closeSandbox()
		if err := l.pace.Close(); err != nil {
			fmt.Fprintf(l.stderr, "bulkload: %v\n", err)
		}
		if err := traffic.close(); err != nil {
			fmt.Fprintf(l.stderr, "bulkload: %v\n", err)
		}
	}, nil
}

// openPace makes the account's pace, which is kept in the account's folder. The built-in stand-in of a
// vendor has no limit to be found out.
func (l *load) openPace() (*pace.Pace, error) {
	o := pace.Options{Rate: l.account.Rate, InFlight: l.account.Workers, Stop: l.stop,
		Remark: func(text string) { fmt.Fprintf(l.stderr, "bulkload: %s\n", text) }}
	if l.flags.sandbox != "" && o.Rate == 0 {
		o.Rate = math.Inf(1)
	}
	if l.lasting.account != nil {
		o.Path = l.lasting.account.Path("pace.json")
	}
	return pace.New(o)
}

func (l *load) startSandbox() (func(), error) {
	options := sandbox.Options{Keys: sandboxKeys(l.account)}
	if l.flags.sandbox != inMemory {
		options.Dir = l.flags.sandbox
	}
	server, err := sandbox.New(options)
	if err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	if _, err := server.Start("127.0.0.1:0"); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), server.Close())
	}
	l.account.BaseURL = server.BaseURL(l.vendor.Name)
	return func() {
		if err := server.Close(); err != nil {
			fmt.Fprintf(l.stderr, "bulkload: sandbox: %v\n", err)
		}
	}, nil
}

// begin tells that the run starts.
func (l *load) begin() {
	if l.within != nil {
		l.events = l.within.events
	} else if l.flags.json {
		l.events = report.NewEvents(l.stdout, l.now)
		l.events.Start(l.run, l.command, l.feed.Name, l.vendor.Name+"/"+l.resource.Name)
	}
	l.showProgress()
}

// showProgress tells how far the job is, as the flags say.
func (l *load) showProgress() {
	l.progress = newProgress(l.program, !l.flags.quiet && !l.flags.noProgress && !l.flags.json && l.flags.debug != toStderr)
	l.job.Progress = func(p pipeline.Progress) {
		l.progress.show(p)
		if l.events != nil {
			l.events.Progress(p.Stage, p.Done, p.Total)
		}
	}
}

// finish writes the run's files and says how it ended.
func (l *load) finish(ctx context.Context, result *pipeline.Result, runErr error) error {
	s := result.Summary
	code := l.conclude(s, runErr)
	unwritten := errors.Join(l.lasting.sync(), l.outputs.write(l, result, code))
	err := errors.Join(unwritten, l.settle(ctx, s, code, unwritten))
	if err = errors.Join(err, l.tell(result, code)); err != nil {
		for _, line := range untold(err, s.Stopped) {
			fmt.Fprintf(l.stderr, "bulkload: %s\n", line)
		}
		code = failing(code, unwritten != nil && l.lasting.journal != nil || feed.DiskFull(err) != nil)
	}
	if unwritten != nil && l.lasting.journal != nil && s.Resume == "" {
		fmt.Fprintf(l.stderr, "what was sent is in the journal; go on with: %s\n", resumeOf(l.outputs.dir))
	}
	if code == exitDone {
		return nil
	}
	return &saidError{code}
}

// conclude completes the summary of what was done, and finds the exit code.
func (l *load) conclude(s *report.Summary, runErr error) (code int) {
	s.Run, s.Command, s.Started, s.Finished = l.run, l.command, l.started, l.now()
	s.DryRun, s.Snapshot = l.flags.dryRun, l.kept.summary()
	if l.pace != nil {
		s.Requests.Learned = l.pace.Learned()
	}
	if l.account != nil {
		s.Account = l.accountLabel()
	}
	if runErr != nil {
		s.Stopped = runErr.Error()
	}
	if runErr == nil {
		if err := s.Unbalanced(); err != nil {
			runErr = &pipeline.InternalError{Reason: err.Error()}
		}
	}
	code = exitCode(runErr, l.cause())
	if runErr == nil {
		code = finished(s, l.flags.failIfNothing)
	}
	if l.unfinished(s, runErr) {
		s.Resume = l.goOn(s, runErr)
		l.left = s.Resume
	}
	return code
}

// untold are the lines of an error, each once, but for those that were told.
func untold(err error, told string) (lines []string) {
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if !strings.Contains(told, line) && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return lines
}

// failing is the code of a run that could not write down all of what it did: not that of one that did.
// What a journal holds can be written by going on with the run, and what found no room when there is some.
func failing(code int, passing bool) int {
	switch {
	case code != exitDone && code != exitSomeNot && code != exitNothing:
		return code
	case passing:
		return exitTemporary
	default:
		return exitUsage
	}
}

func (l *load) accountLabel() string {
	if l.flags.sandbox == inMemory {
		return "sandbox in memory"
	}
	if l.flags.sandbox != "" {
		return "sandbox in " + l.flags.sandbox
	}
	if l.account.Name != "" {
		return "account " + l.account.Name
	}
	return l.account.BaseURL
}

// tell writes the summary for people, or the last events for programs.
func (l *load) tell(result *pipeline.Result, code int) error {
	if l.events != nil {
		if err := l.events.Problems(result.Collector); err != nil {
			return err
		}
		if err := l.events.Summary(result.Summary, code); err != nil {
			return fmt.Errorf("write events: %w", err)
		}
		return nil
	}
	if l.flags.quiet {
		return l.tellStopped(result.Summary.Stopped, result.Summary.Resume)
	}
	return result.Summary.WriteText(l.stderr, l.width())
}

// tellStopped says, of a run that says nothing else, why it ended before its work was done.
func (l *load) tellStopped(stopped, resume string) error {
	if stopped == "" {
		return nil
	}
	if resume != "" {
		resume = "; go on with: " + resume
	}
	_, err := fmt.Fprintf(l.stderr, "bulkload: stopped: %s%s\n", stopped, resume)
	return err
}

// asFeedError marks an error of opening a feed as the feed's.
func asFeedError(path string, err error) error {
	if is[*formats.SyntaxError](err) {
		return err
	}
	if errors.Is(err, os.ErrNotExist) {
		return &feedError{fmt.Errorf("%s: there is no such file", path)}
	}
	return &feedError{err}
}
