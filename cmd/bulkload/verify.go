package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/spf13/cobra"

	"bulkload/pipeline"
	"bulkload/pipeline/snapshot"
	"bulkload/vendors"
	"bulkload/vendors/all"
)

func (p *program) verifyCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "verify SNAPSHOT",
		Short: "Tell whether an exported file is whole and unaltered, by the manifest beside it",
		Long: `Compare an exported file with its manifest: its bytes, its columns, its rows, and every entity by
its hash. What differs is named on standard output. The exit code is 0 when the file is the snapshot
byte by byte, and 6 when it is not.`,
		Example: "  bulkload verify catalogue.xlsx",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{errors.New("name one snapshot, such as catalogue.xlsx")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			ctx, release := p.stoppable(c.Context())
			defer release()
			verdict, err := snapshot.Verify(ctx, args[0], "")
			if err != nil {
				return snapshotError(args[0], err)
			}
			if asJSON {
				return p.verdictJSON(verdict)
			}
			return p.verdict(args[0], verdict)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write JSON")
	return c
}

// snapshotError says of what cannot be verified or compared what it is.
func snapshotError(path string, err error) error {
	var damaged *snapshot.ManifestError
	switch {
	case errors.Is(err, context.Canceled):
		return pipeline.ErrInterrupted
	case errors.Is(err, fs.ErrNotExist):
		return &feedError{fmt.Errorf("%s: no such snapshot, or no manifest beside it: %w", path, err)}
	case errors.As(err, &damaged):
		return &feedError{err}
	}
	return err
}

// stoppable is a context that the first signal ends: what only reads can be left at any time.
func (p *program) stoppable(ctx context.Context) (stopping context.Context, release func()) {
	stopping, cancel := context.WithCancel(ctx)
	var waiting sync.WaitGroup
	waiting.Go(func() {
		select {
		case <-p.stop:
			cancel()
		case <-stopping.Done():
		}
	})
	return stopping, func() {
		cancel()
		waiting.Wait()
	}
}

func (p *program) verdict(path string, v *snapshot.Verdict) error {
	m := &v.Manifest
	if v.Same() {
		noun, rows := nounOf(m), vendors.Noun{One: "row", Many: "rows"}
		fmt.Fprintf(p.stdout, "%s is whole and unaltered: %s of %s, %d %s in %d %s, exported %s\n", path, m.Resource, m.Account,
			m.Entities, noun.Of(m.Entities), m.Rows, rows.Of(m.Rows), m.To.Format("2006-01-02 15:04:05 MST"))
		return nil
	}
	fmt.Fprintf(p.stdout, "%s is not as it was exported:\n", path)
	for _, line := range v.Lines() {
		fmt.Fprintf(p.stdout, "  %s\n", line)
	}
	return &saidError{exitFeed}
}

// nounOf is what the entities of a snapshot are called.
func nounOf(m *snapshot.Manifest) vendors.Noun {
	if _, resource, err := all.Find(m.Resource, m.Version); err == nil {
		return resource.Noun
	}
	return vendors.Noun{One: "entity", Many: "entities"} // of a vendor that this program does not know
}

// verdictJSON writes the verdict as one JSON object.
func (p *program) verdictJSON(v *snapshot.Verdict) error {
	damage := ""
	if v.Damage != nil {
		damage = v.Damage.Error()
	}
	encoder := json.NewEncoder(p.stdout)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(map[string]any{"same": v.Same(), "same_content": v.SameContent(), "sha256": v.SHA256, "rows": v.Rows,
		"entities": v.Entities, "columns_gone": v.Lacking, "columns_added": v.Strange, "missing": v.Missing, "altered": v.Altered,
		"added": v.Added, "damage": damage, "manifest": v.Manifest})
	if err == nil && !v.Same() {
		err = &saidError{exitFeed}
	}
	return err
}
