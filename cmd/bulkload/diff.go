package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"bulkload/formats"
	"bulkload/formats/feed"
	"bulkload/pipeline/mapping"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
	"bulkload/vendors/all"
)

// differing is one run of diff.
type differing struct {
	*program
	to, version string
	mapFile     string
	key         []string
	output      string
	quiet       bool

	resource *vendors.Resource
	shown    int64
}

func (p *program) diffCommand() *cobra.Command {
	d := &differing{program: p}
	c := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Compare two exports or feeds: what was added, removed and changed, cell by cell",
		Long: `Compare two snapshots or feeds, whatever their formats. Rows are paired by the fields that name them,
which snapshots know, feeds have from --to, and --key names otherwise. Values are compared by what they
mean to their field: 28.9 is 28.90, and A|B is B|A. The exit code is 0 when nothing differs and 2 when
something does.`,
		Example: `  bulkload diff october.xlsx november.xlsx -o changes.xlsx
  bulkload diff old.csv new.ndjson --key sku`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return &usageError{errors.New("name two files, the older first")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			ctx, release := p.stoppable(c.Context())
			defer release()
			return d.execute(ctx, args[0], args[1])
		},
	}
	flags := c.Flags()
	flags.StringVar(&d.to, "to", "", "vendor and resource whose fields the columns are, such as fashiontrade/products (default: the snapshots')")
	flags.StringVar(&d.version, "api-version", "", "version of the vendor's resource")
	flags.StringVar(&d.mapFile, "map", "", "`FILE` (YAML) that says which column is which field")
	flags.StringSliceVar(&d.key, "key", nil, "`COLUMNS` that name a row, separated by commas, the first of them what rows belong to")
	flags.StringVarP(&d.output, "output", "o", "", "write every difference to `FILE`; - for CSV on standard output")
	flags.BoolVarP(&d.quiet, "quiet", "q", false, "no summary")
	return c
}

// differenceColumns are the columns of the file of differences.
var differenceColumns = []formats.Column{{Name: "change", Width: 12}, {Name: "key", Width: 20}, {Name: "row", Width: 20}, {Name: "column", Width: 24},
	{Name: "before", Width: 30}, {Name: "after", Width: 30}, {Name: "old_place"}, {Name: "new_place"}}

// shownDifferences is how many differences are shown when no file takes them.
const shownDifferences = 50

func (d *differing) execute(ctx context.Context, old, young string) error {
	if err := d.choose(old, young); err != nil {
		return err
	}
	comparison := &snapshot.Comparison{Resource: d.resource, Key: d.key}
	if d.mapFile != "" {
		var err error
		if comparison.Mapping, err = mapping.Load(d.mapFile); err != nil {
			return &usageError{err}
		}
	}
	for _, side := range []struct {
		path string
		feed **feed.Feed
	}{{old, &comparison.Old}, {young, &comparison.New}} {
		f, err := d.open(ctx, side.path)
		if err != nil {
			return err
		}
		defer f.Close()
		*side.feed = f
	}
	counts, err := d.compare(ctx, comparison)
	if err != nil {
		var unnamed *snapshot.KeyError
		if errors.As(err, &unnamed) {
			return &usageError{err}
		}
		return snapshotError(old, err)
	}
	d.tell(counts)
	if counts.Same() {
		return nil
	}
	return &saidError{exitSomeNot}
}

// choose finds the resource: the one that was named, else that of the snapshots, when it is one.
func (d *differing) choose(old, young string) (err error) {
	if d.output != "" {
		if err := errors.Join(feed.CheckName(d.output), inFolder(d.output)); err != nil {
			return &usageError{err}
		}
		if sameFile(d.output, old) || sameFile(d.output, young) {
			return &usageError{fmt.Errorf("-o would be written over %s itself: choose another name", d.output)}
		}
	}
	name, version := d.to, d.version
	if name == "" {
		if name, version, err = resourceOf(old, young); err != nil || name == "" {
			return err
		}
	}
	if _, d.resource, err = all.Find(name, version); err != nil {
		return &usageError{err}
	}
	return nil
}

// resourceOf is the resource of the manifests beside two files; empty when they name none, or two.
func resourceOf(old, young string) (name, version string, err error) {
	for _, path := range []string{old, young} {
		manifest, err := snapshot.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", "", snapshotError(path, err)
		}
		manifest.Close()
		if name != "" && name != manifest.Resource {
			return "", "", &usageError{fmt.Errorf("%s is of %s and %s of %s: say with --to or --key how to compare them", old, name, young, manifest.Resource)}
		}
		if name, version = manifest.Resource, max(version, manifest.Version); name == "" {
			break
		}
	}
	return name, version, nil
}

// open opens one side, and notes that it is not what its manifest tells of.
func (d *differing) open(ctx context.Context, path string) (*feed.Feed, error) {
	options := formats.Options{}
	if d.resource != nil {
		options.Prefer = d.resource.Name
	}
	f, err := feed.Open(path, d.stdin, options)
	if err != nil {
		return nil, asFeedError(path, err)
	}
	digest, err := f.Digest(ctx)
	if err == nil {
		err = snapshot.CheckFeed(path, digest, -1)
	}
	var altered *snapshot.AlteredError
	if errors.As(err, &altered) {
		fmt.Fprintf(d.stderr, "note: %s was altered after it was exported: %s\n", path, altered.Reason)
		err = nil
	}
	if err != nil {
		f.Close()
		return nil, snapshotError(path, err)
	}
	return f, nil
}

// compare writes the differences into the file, or shows the first of them.
func (d *differing) compare(ctx context.Context, c *snapshot.Comparison) (*snapshot.Counts, error) {
	if d.output == "" {
		c.Found = d.show
		return c.Run(ctx)
	}
	output, err := feed.Create(d.output, differenceColumns, d.stdout)
	if err != nil {
		return nil, err
	}
	defer output.Discard()
	c.Found = func(found snapshot.Difference) error {
		cells := make([][]byte, 0, len(differenceColumns))
		for _, cell := range []string{string(found.Kind), found.Key, found.Row, found.Column, found.Before, found.After,
			found.Old.String(), found.New.String()} {
			cells = append(cells, []byte(cell))
		}
		return output.Write(cells)
	}
	counts, err := c.Run(ctx)
	if err != nil {
		return nil, err
	}
	return counts, output.Close()
}

// show writes the first differences to standard output.
func (d *differing) show(found snapshot.Difference) error {
	if d.shown++; d.shown > shownDifferences {
		return nil
	}
	name := found.Key
	if found.Row != "" {
		name += " " + found.Row
	}
	text := ""
	if found.Kind == snapshot.Changed {
		text = fmt.Sprintf(" %s: %q → %q", found.Column, found.Before, found.After)
	}
	_, err := fmt.Fprintf(d.stdout, "%-11s %s%s\n", found.Kind, name, text)
	return err
}

func (d *differing) tell(c *snapshot.Counts) {
	if d.quiet {
		return
	}
	if more := d.shown - shownDifferences; more > 0 {
		fmt.Fprintf(d.stderr, "… and %d more; -o FILE takes them all\n", more)
	}
	noun := vendors.Noun{One: "entity", Many: "entities"}
	if d.resource != nil {
		noun = d.resource.Noun
	}
	fmt.Fprintf(d.stderr, "%s: %d added, %d removed, %d changed, %d the same\n", noun.Many, c.EntitiesAdded, c.EntitiesRemoved, c.EntitiesChanged, c.EntitiesSame)
	fmt.Fprintf(d.stderr, "rows: %d added, %d removed; cells: %d changed\n", c.RowsAdded, c.RowsRemoved, c.Cells)
	for _, side := range []struct {
		which   string
		columns []string
	}{{"old", c.OnlyOld}, {"new", c.OnlyNew}} {
		if len(side.columns) > 0 {
			fmt.Fprintf(d.stderr, "columns that only the %s file has were not compared: %s\n", side.which, strings.Join(side.columns, ", "))
		}
	}
}
