package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline"
	"bulkload/pipeline/export"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
	"bulkload/vendors/all"
	"bulkload/vendors/schema"
)

// exporting is one run of export.
type exporting struct {
	*load
	output string
	keys   string
	filter []string
	fresh  bool
}

func (p *program) exportCommand() *cobra.Command {
	e := &exporting{load: &load{program: p, flags: &loadFlags{compare: compareNone}, command: "export"}}
	c := &cobra.Command{
		Use:   "export VENDOR/RESOURCE -o FILE",
		Short: "Write what a vendor has into a file, with a manifest that tells what it holds",
		Long: `Read a vendor's catalogue page by page and write it as XLSX, CSV, Parquet or NDJSON, as the
name's ending says, each also with .gz or .zst. The file has every field that the vendor answers, under
the fields' names; those that an import leaves out are marked as read-only in the manifest, which
stands beside it as FILE.manifest.json. An export that was cut is gone on with by the same command.`,
		Example: `  bulkload export fashiontrade/products -o catalogue.xlsx --account ft-prod
  bulkload verify catalogue.xlsx`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("name one resource, such as fashiontrade/products")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			e.flags.to = args[0]
			return e.execute(c.Context())
		},
	}
	e.addFlags(c)
	return c
}

func (e *exporting) addFlags(c *cobra.Command) {
	flags := c.Flags()
	flags.StringVarP(&e.output, "output", "o", "", "`FILE` to write; - for CSV on standard output, without a manifest")
	flags.StringVar(&e.keys, "keys", "", "only what the rows of `FEED` name, each asked of the vendor by itself")
	flags.StringArrayVar(&e.filter, "filter", nil, "`name=value`, by the names that describe lists; may be repeated")
	flags.BoolVar(&e.fresh, "fresh", false, "begin anew, and throw away what a cut export has brought")
	flags.StringVar(&e.flags.apiVersion, "api-version", "", "version of the vendor's resource; the account's, or the newest")
	flags.StringVar(&e.flags.config, "config", "", "configuration `FILE` (default bulkload.yaml here, then in your config directory)")
	flags.StringVar(&e.flags.account, "account", "", "`NAME` of the account in the configuration")
	flags.StringVar(&e.flags.sandbox, "sandbox", "", "read from the built-in stand-in of the vendor, kept in `DIR`")
	flags.Lookup("sandbox").NoOptDefVal = inMemory
	flags.StringVar(&e.flags.baseURL, "base-url", "", "address of the API, in place of the account's")
	addDebug(flags, &e.flags.debug)
	flags.StringVar(&e.flags.rate, "rate", "", "requests at most, such as 20/s (default: the account's)")
	e.flags.retries = defaultRetries
	flags.Var(atLeast(&e.flags.retries, 0), "retries", "how often a call that failed for a passing reason is repeated")
	flags.BoolVar(&e.flags.json, "json", false, "write the manifest, but for its list of hashes, to standard output")
	flags.BoolVarP(&e.flags.quiet, "quiet", "q", false, "no summary and no progress")
	flags.BoolVar(&e.flags.noProgress, "no-progress", false, "no progress bar")
}

// execute exports and tells what was exported.
func (e *exporting) execute(ctx context.Context) error {
	if err := e.chooseSource(); err != nil {
		return &usageError{err}
	}
	e.job = &pipeline.Job{}
	release, err := e.connect()
	if err != nil {
		return err
	}
	defer release()
	job := &export.Job{Vendor: e.vendor, Resource: e.resource, Client: e.job.Client, Account: e.accountLabel(), Path: e.output,
		Stdout: e.stdout, Fresh: e.fresh, Now: e.now, Stop: e.stop}
	if job.Listing.Query, err = filters(e.filter, e.resource); err != nil {
		return &usageError{err}
	}
	job.Ask = job.Listing.Query.Encode()
	closeKeys, err := e.readKeys(ctx, job)
	if err != nil {
		return err
	}
	defer closeKeys()
	e.progress = newProgress(e.program, !e.flags.quiet && !e.flags.noProgress)
	job.Progress = e.progress.show
	result, err := export.Run(ctx, job)
	e.progress.end()
	if err != nil {
		return err
	}
	return e.tell(result)
}

// chooseSource finds the resource, and the account that it is read with.
func (e *exporting) chooseSource() error {
	if e.output == "" {
		return errors.New("say with -o which file to write, such as -o catalogue.xlsx")
	}
	if err := errors.Join(feed.CheckName(e.output), inFolder(e.output)); err != nil {
		return err
	}
	if e.keys != "" && sameFile(e.output, e.keys) {
		return fmt.Errorf("-o would be written over %s, which --keys reads: choose another name", e.keys)
	}
	if e.output == "-" && e.flags.json {
		return errors.New("standard output cannot have both the catalogue and --json")
	}
	name, settings, err := e.settings()
	if err != nil {
		return err
	}
	version := e.flags.apiVersion
	if version == "" {
		version = settings.APIVersion.of(e.flags.to)
	}
	if e.vendor, e.resource, err = all.Find(e.flags.to, version); err != nil {
		return err
	}
	if e.resource.Pages == nil {
		return fmt.Errorf("%s cannot be exported: the vendor does not give it out", e.flags.to)
	}
	e.account, err = e.connectAs(name, settings)
	return err
}

// filters reads what --filter says of a resource; nil when it says nothing.
func filters(given []string, r *vendors.Resource) (url.Values, error) {
	var query url.Values
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return nil, fmt.Errorf("--filter %q is not name=value", text)
		}
		if !slices.ContainsFunc(r.Filters, func(f vendors.Filter) bool { return f.Name == name }) {
			return nil, unknownFilter(name, r)
		}
		if query == nil {
			query = make(url.Values)
		}
		query.Add(name, value)
	}
	for _, filter := range r.Filters {
		if filter.Required && !query.Has(filter.Name) {
			return nil, fmt.Errorf("%s are listed only with --filter %s=…: %s", r.Name, filter.Name, filter.Doc)
		}
	}
	return query, nil
}

func unknownFilter(name string, r *vendors.Resource) error {
	if len(r.Filters) == 0 {
		return fmt.Errorf("%s have no filters", r.Name)
	}
	names := make([]string, len(r.Filters))
	for i, filter := range r.Filters {
		names[i] = filter.Name
	}
	message := fmt.Sprintf("%s have no filter %q; they have %s", r.Name, name, strings.Join(names, ", "))
	if nearest := schema.Nearest(name, names); nearest != "" {
		message += fmt.Sprintf("; did you mean %s?", nearest)
	}
	return errors.New(message)
}

// readKeys makes the job ask for what a feed names.
func (e *exporting) readKeys(ctx context.Context, job *export.Job) (release func(), err error) {
	if e.keys == "" {
		return func() {}, nil
	}
	f, err := feed.Open(e.keys, e.stdin, formats.Options{Prefer: e.resource.Name})
	if err != nil {
		return nil, asFeedError(e.keys, err)
	}
	digest, err := f.Digest(ctx)
	if err != nil {
		f.Close()
		return nil, &feedError{err}
	}
	job.Ask += "keys of " + hex.EncodeToString(digest[:])
	job.Listing.Keys = func(yield func(string, error) bool) {
		err := export.ReadKeys(ctx, f, e.resource, func(key string) bool { return yield(key, nil) })
		if err != nil {
			yield("", err)
		}
	}
	return func() { f.Close() }, nil
}

// tell says what was exported, in words or as JSON.
func (e *exporting) tell(result *export.Result) error {
	m := &result.Manifest
	if e.flags.json {
		encoder := json.NewEncoder(e.stdout)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(m)
	}
	if e.flags.quiet {
		return nil
	}
	version := ""
	if m.Version != "" {
		version = ", version " + m.Version
	}
	w := e.stderr
	fmt.Fprintf(w, "%s%s of %s, from %s to %s\n", m.Resource, version, m.Account, m.From.Format("2006-01-02 15:04:05"), m.To.Format("15:04:05 MST"))
	pages := vendors.Noun{One: "page", Many: "pages"}
	fmt.Fprintf(w, "  %d %s in %d rows, read in %d %s\n", m.Entities, e.resource.Noun.Of(m.Entities), m.Rows, m.Pages, pages.Of(m.Pages))
	if result.Resumed > 0 {
		fmt.Fprintf(w, "  %d %s of them had been read by an export that was cut\n", result.Resumed, pages.Of(result.Resumed))
	}
	if result.Twice > 0 {
		fmt.Fprintf(w, "  %d %s came on two pages, since the catalogue changed meanwhile; the later one was taken\n", result.Twice, e.resource.Noun.Of(result.Twice))
	}
	if len(result.Unknown) > 0 {
		fmt.Fprintf(w, "  columns that an import leaves out, because no field carries them: %s\n", strings.Join(result.Unknown, ", "))
	}
	if e.output != "-" {
		fmt.Fprintf(w, "  written to %s, with its manifest in %s\n  SHA-256 of the catalogue: %s\n", e.output, snapshot.ManifestPath(e.output), m.Catalogue)
	}
	return nil
}
