package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"
)

// loadFlags are the flags of the commands that read a feed; each takes as many as it needs.
type loadFlags struct {
	to             string
	apiVersion     string
	config         string
	account        string
	mapFile        string
	set            []string
	sheet          string
	headerRow      int64
	noHeader       bool
	fillMerged     bool
	encoding       string
	delimiter      string
	maxErrors      []string
	expectRows     int64
	strictColumns  bool
	ignoreManifest bool
	report         string
	rejects        string
	json           bool
	quiet          bool
	noProgress     bool

	debug         string
	sandbox       string
	baseURL       string
	rate          string
	workers       int
	retries       int
	deadline      time.Duration
	createOnly    bool
	dryRun        bool
	runDir        string
	failIfNothing bool
	stateDir      string
	parallelRuns  bool
	again         bool
	batch         int
	compare       string
	output        []string
	plan          string
	publish       string
	references    bool

	deletes      bool // they are those of delete
	all          bool
	whole        bool
	noSnapshot   bool
	yesDeleteAll string
	replace      bool

	answers string // file that a lookup writes
	expand  bool
	yes     bool
}

// defaultRetries is how often a call is repeated when nothing is said.
const defaultRetries = 5

// A number is a flag's whole number that is not below the least that means something: a job whose number came
// out wrong is told so, and does not run without it.
type number[T int | int64] struct {
	value *T
	least T
}

func atLeast[T int | int64](value *T, least T) number[T] { return number[T]{value, least} }

// String writes the number; empty when it is 0, which is that of a flag that was not given.
func (n number[T]) String() string {
	if n.value == nil || *n.value == 0 && n.least > 0 {
		return ""
	}
	return strconv.FormatInt(int64(*n.value), 10)
}

// Set takes the number that a flag was given.
func (n number[T]) Set(text string) error {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || value != int64(T(value)) {
		return fmt.Errorf("%q is not a whole number", text)
	}
	if value < int64(n.least) {
		return fmt.Errorf("it must be at least %d", n.least)
	}
	*n.value = T(value)
	return nil
}

// Type is what the help calls the value.
func (n number[T]) Type() string { return "int" }

// inMemory is what --sandbox stands for when it names no folder.
const inMemory = "(memory)"

// What --compare takes.
const (
	compareVendor = "vendor"
	compareWhole  = "whole" // of what it has kept of the vendor's catalogue, nothing is taken for granted
	compareNone   = "none"
)

// addReading adds what says how to read a feed and its columns.
func (f *loadFlags) addReading(c *cobra.Command) {
	flags := c.Flags()
	to, says := "to", "vendor and resource, such as fashiontrade/products"
	if f.deletes {
		to = "from"
	}
	flags.StringVar(&f.to, to, "", says)
	flags.StringVar(&f.apiVersion, "api-version", "", "version of the vendor's resource; the account's, or the newest")
	flags.BoolVar(&f.replace, "replace", false, "load whole entities: what the vendor has under a key and the feed does not name is dropped (stock)")
	flags.StringVar(&f.mapFile, "map", "", "`FILE` (YAML) that says which column is which field")
	flags.StringArrayVar(&f.set, "set", nil, "`field=value` for every row; {COLUMN} as value takes that column; may be repeated")
	flags.StringVar(&f.sheet, "sheet", "", "sheet of a workbook")
	flags.Var(atLeast(&f.headerRow, 1), "header-row", "`ROW` that names the columns (default: found)")
	flags.BoolVar(&f.noHeader, "no-header", false, "the feed has no header; its columns are called A, B, C, …")
	flags.BoolVar(&f.fillMerged, "fill-merged", false, "give the value of merged cells to each of them")
	flags.StringVar(&f.encoding, "encoding", "", "encoding of a text feed, such as windows-1251 (default: found)")
	flags.StringVar(&f.delimiter, "delimiter", "", "what separates the cells of a CSV feed: , ; | or tab (default: found)")
}

// addCheck adds what says how to check a feed and where to write down what was found.
func (f *loadFlags) addCheck(c *cobra.Command) {
	f.addReading(c)
	flags := c.Flags()
	flags.StringVar(&f.config, "config", "", "configuration `FILE` (default bulkload.yaml here, then in your config directory)")
	flags.StringVar(&f.account, "account", "", "`NAME` of the account in the configuration")
	flags.StringSliceVar(&f.maxErrors, "max-errors", nil, "send nothing when more rows are faulty: `100`, 5%, or of one rule value.unknown=0, required=2%; may be repeated")
	flags.Var(atLeast(&f.expectRows, 1), "expect-rows", "refuse a feed that does not have exactly this many rows")
	flags.BoolVar(&f.ignoreManifest, "ignore-manifest", false, "load an export that has fewer rows than its manifest tells")
	flags.BoolVar(&f.strictColumns, "strict-columns", false, "refuse a feed with columns that match no field")
	flags.StringVar(&f.report, "report", "", "write every problem to `FILE` (.csv, .xlsx, .ndjson, .parquet)")
	flags.StringVar(&f.rejects, "rejects", "", "write the rows that do not go in to `FILE`, to be put right and loaded")
	flags.BoolVar(&f.json, "json", false, "write events as JSON lines to standard output")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no summary and no progress")
	flags.BoolVar(&f.noProgress, "no-progress", false, "no progress bar")
}

// addReferences adds whether the vendor is asked for what the feed refers to.
func (f *loadFlags) addReferences(c *cobra.Command) {
	c.Flags().BoolVar(&f.references, "check-references", false, "ask the vendor for all that the feed's rows refer to, such as the products of prices, "+
		"and warn of what it does not have; takes a call for each page of them")
}

// addPlan adds what says which account to compare with, and where to write the plan.
func (f *loadFlags) addPlan(c *cobra.Command) {
	f.addConnection(c)
	f.addReferences(c)
	c.Flags().StringArrayVarP(&f.output, "output", "o", nil, "write every change to `FILE` (.xlsx, .csv, .ndjson, .parquet), or the plan itself, "+
		"for import --plan, to FILE.plan; may be repeated")
}

// addImport adds what says where and how to send.
func (f *loadFlags) addImport(c *cobra.Command) {
	f.addConnection(c)
	f.addReferences(c)
	flags := c.Flags()
	flags.StringVar(&f.plan, "plan", "", "carry out the plan in `FILE`, unless the feed or the vendor's catalogue has moved since")
	flags.StringVar(&f.compare, "compare", compareVendor, "what is left alone as it is: `vendor` (what the vendor has so already), whole (its catalogue is read from the begin) or none")
	flags.StringVar(&f.publish, "publish", "", "`after`: make all as drafts, and publish when all of the feed went in; now: publish what was made so")
	flags.DurationVar(&f.deadline, "deadline", 0, "end the run, resumable, when it has taken so long, such as 2h30m")
	flags.BoolVar(&f.createOnly, "create-only", false, "never replace what the vendor has")
	flags.BoolVar(&f.dryRun, "dry-run", false, "check at the vendor too where it can, but store nothing")
	flags.StringVar(&f.runDir, "run-dir", "", "folder of the run's files (default bulkload-runs/RUN)")
	flags.BoolVar(&f.parallelRuns, "parallel-runs", false, "run although another run uses the account")
	flags.BoolVar(&f.again, "again", false, "send what an earlier run sent too, even where the vendor then stores it twice")
}

// addDelete adds what says what to delete, and how.
func (f *loadFlags) addDelete(c *cobra.Command) {
	f.deletes, f.compare = true, compareNone
	f.addConnection(c)
	flags := c.Flags()
	flags.BoolVar(&f.all, "all", false, "delete everything of the resource; no feed is read")
	flags.StringVar(&f.yesDeleteAll, "yes-delete-all", "", "confirm --all by naming resource and account, such as `fashiontrade/prepacks@ft-prod`")
	flags.BoolVar(&f.whole, "whole", false, "delete all stock batches of the products that the rows name, not single ones")
	flags.BoolVar(&f.noSnapshot, "no-snapshot", false, "do not keep what goes")
	flags.BoolVar(&f.dryRun, "dry-run", false, "ask the vendor what would go, but delete nothing")
	flags.StringVar(&f.runDir, "run-dir", "", "folder of the run's files (default bulkload-runs/RUN)")
	flags.BoolVar(&f.parallelRuns, "parallel-runs", false, "run although another run uses the account")
	for _, name := range []string{"batch", "replace", "ignore-manifest", "strict-columns"} { // they say nothing of a deletion
		if flag := flags.Lookup(name); flag != nil {
			flag.Hidden = true
		}
	}
}

// addConnection adds what says with which account to speak to the vendor, and how fast.
func (f *loadFlags) addConnection(c *cobra.Command) {
	f.addCheck(c)
	flags := c.Flags()
	flags.StringVar(&f.sandbox, "sandbox", "", "load into the built-in stand-in of the vendor, kept in `DIR` when one is given with =")
	flags.Lookup("sandbox").NoOptDefVal = inMemory
	flags.StringVar(&f.baseURL, "base-url", "", "address of the API, in place of the account's")
	addDebug(flags, &f.debug)
	flags.StringVar(&f.rate, "rate", "", "requests at most, such as 20/s (default: the account's)")
	flags.Var(atLeast(&f.workers, 1), "workers", "requests in flight at most (default: the account's, or 8)")
	f.retries = defaultRetries
	flags.Var(atLeast(&f.retries, 0), "retries", "how often a call that failed for a passing reason is repeated")
	flags.StringVar(&f.stateDir, "state-dir", "", "`FOLDER` of the accounts' history and learned pace (default: in your folder for program state)")
	flags.Var(atLeast(&f.batch, 1), "batch", "entities in one call at most (default: as many as the vendor takes)")
	flags.BoolVar(&f.failIfNothing, "fail-if-nothing", false, "exit with 8 when nothing was created or updated")
}
