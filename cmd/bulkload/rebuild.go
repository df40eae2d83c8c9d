package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"bulkload/pipeline/account"
	"bulkload/vendors"
	"bulkload/vendors/all"
)

// rebuildFlags are the flags of accounts rebuild.
type rebuildFlags struct {
	config, stateDir, baseURL string
}

func (p *program) rebuildCommand() *cobra.Command {
	flags := &rebuildFlags{}
	c := &cobra.Command{
		Use:   "rebuild NAME [FOLDER...]",
		Short: "Make an account's history anew from the journals of its runs",
		Long: `Make the history of an account anew from the journals of the runs in each FOLDER (default ` + runsDir + `):
when it is damaged, or was lost. Journals of other accounts are passed over.`,
		Example: "  bulkload accounts rebuild ft-prod\n  bulkload accounts rebuild ft-prod /srv/loads/bulkload-runs",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("name the account")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			folders := args[1:]
			if len(folders) == 0 {
				folders = []string{runsDir}
			}
			return p.rebuild(c.Context(), flags, args[0], folders)
		},
	}
	c.Flags().StringVar(&flags.config, "config", "", "configuration `FILE` (default bulkload.yaml here, then in your config directory)")
	c.Flags().StringVar(&flags.stateDir, "state-dir", "", "`FOLDER` of the accounts' history")
	c.Flags().StringVar(&flags.baseURL, "base-url", "", "address of the API, where runs used another than the account's")
	return c
}

func (p *program) rebuild(ctx context.Context, flags *rebuildFlags, name string, folders []string) error {
	c, err := p.loadConfig(flags.config)
	if err != nil {
		return &usageError{err}
	}
	settings, ok := c.Accounts[name]
	if !ok {
		return &usageError{fmt.Errorf("there is no account %q%s", name, c.all())}
	}
	i := slices.IndexFunc(all.Vendors, func(v *vendors.Vendor) bool { return v.Name == settings.Vendor })
	if i < 0 {
		return &usageError{fmt.Errorf("account %s: there is no vendor %q", name, settings.Vendor)}
	}
	address := strings.TrimSuffix(cmp.Or(flags.baseURL, settings.BaseURL, all.Vendors[i].BaseURL), "/")
	stateDir, err := p.stateDir(flags.stateDir)
	if err != nil {
		return err
	}
	dir, err := account.Open(stateDir, settings.Vendor, name, address)
	if err != nil {
		return err
	}
	unlock, err := dir.Lock(account.Owner{PID: os.Getpid(), Started: p.now()})
	if err != nil {
		return err
	}
	journals, err := findJournals(folders)
	if err == nil {
		err = dir.Rebuild(ctx, slices.Values(journals))
	}
	if account.OnlyMissing(err) {
		fmt.Fprintf(p.stderr, "bulkload: %v\n", err)
		err = nil
	}
	if err = errors.Join(err, unlock()); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stderr, "the history of %s was made anew; %d journals were looked at\n", name, len(journals))
	return err
}

// findJournals lists the journals of the runs in folders, and of the parts of those runs, as whole paths.
func findJournals(folders []string) (journals []string, err error) {
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, fmt.Errorf("list runs: %w", err)
		}
		for _, entry := range entries {
			run := filepath.Join(folder, entry.Name())
			if journals, err = addJournal(journals, run); err != nil {
				return nil, err
			}
			if s, err := readSettings(run); err != nil || all.Vendor(s.Target) == nil {
				continue
			}
			parts, err := os.ReadDir(run)
			if err != nil {
				return nil, fmt.Errorf("list the parts of a run: %w", err)
			}
			for _, part := range parts {
				if journals, err = addJournal(journals, filepath.Join(run, part.Name())); err != nil {
					return nil, err
				}
			}
		}
	}
	return journals, nil
}

// addJournal adds the journal of a run's folder, if there is one.
func addJournal(journals []string, run string) ([]string, error) {
	path, err := filepath.Abs(filepath.Join(run, journalFile))
	if err != nil {
		return nil, err
	}
	switch _, err := os.Stat(path); {
	case err == nil:
		return append(journals, path), nil
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return journals, nil
	default:
		return nil, err
	}
}
